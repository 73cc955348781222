"""The same model fitted again: without each study in turn, and adding one after another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evisynth.checks import check_effects, check_length, check_numbers, check_slab
from evisynth.engine.random_effects.model import rma
from evisynth.engine.random_effects.result import MetaAnalyses, MetaAnalysis, displayed
from evisynth.errors import ArgumentError, named_after
from evisynth.result import Result


@dataclass(frozen=True, eq=False)
class Refits(Result):
    """The same model fitted again to some of its studies.

    Attributes
    ----------
    kind : {"leave1out", "cumul"}
    slab : tuple of str
        The study that each fit leaves out, or adds.
    fits : MetaAnalyses
        One data set per label.
    whole : MetaAnalysis
        Of all studies.
    """

    kind: str
    slab: tuple[str, ...]
    fits: MetaAnalyses
    whole: MetaAnalysis
    notes: tuple[str, ...] = ()

    @property
    def k(self):
        """Number of studies of each fit."""
        return self.fits.k

    @property
    def displayed(self):
        """Of each fit, display scale: arrays of estimate, limits and prediction limits."""
        return displayed(self.fits)

    def terms(self):
        """One row per fit, display scale."""
        word = "without" if self.kind == "leave1out" else "with"
        shown = {name: values.tolist() for name, values in self.displayed.items()}
        return [
            {"term": f"{word} {label}", "k": int(self.k[i])}
            | {name: values[i] for name, values in shown.items()}
            for i, label in enumerate(self.slab)
        ]

    def __repr__(self):
        """Range of the estimates."""
        shown = self.displayed["estimate"]
        return f"<{self.kind}, k = {self.whole.k}: {shown.min():.3f} to {shown.max():.3f}>"


def check_studies(function, yi, vi, slab, minimum):
    """Effect sizes, variances and labels of at least so many studies."""
    yi, vi = check_effects(function, yi, vi)
    slab = check_slab(function, slab, yi.size)
    if yi.size < minimum:
        given = f"of length {yi.size} (k = {yi.size})"
        raise ArgumentError(function, "yi", given, f"at least {minimum} studies")
    return yi, vi, slab


def leave1out(yi, vi, *, slab=None, **options):
    """Leave each study out in turn.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effect sizes and sampling variances, analysis scale; k >= 2.
    slab : sequence of str, optional
    **options
        Of `rma`.

    Returns
    -------
    Refits

    Raises
    ------
    ArgumentError
        As `rma`; k < 2.

    Examples
    --------
    >>> from evisynth import leave1out
    >>> refits = leave1out([-0.4, -0.1, -0.6, 0.9], [0.04, 0.03, 0.09, 0.06], slab=list("ABCD"))
    >>> dict(zip(refits.slab, refits.fits.estimate.round(2).tolist(), strict=True))
    {'A': 0.07, 'B': -0.03, 'C': 0.12, 'D': -0.3}
    """
    yi, vi, slab = check_studies("leave1out", yi, vi, slab, 2)
    with named_after("leave1out"):
        whole = rma(yi, vi, slab=slab, **options)
        fits = rma(yi, vi, slab=slab, subset=~np.eye(yi.size, dtype=bool), **options)
    return Refits("leave1out", slab, fits, whole)


def cumul(yi, vi, *, order=None, slab=None, **options):
    """Add one study after another.

    Parameters
    ----------
    yi, vi, slab, **options
        As `leave1out`; k >= 1.
    order : array_like of number, shape (k,), optional
        Studies are added from the smallest value on, those of one value as they stand; as they
        stand where none is given.

    Returns
    -------
    Refits
        Labels in that order.

    References
    ----------
    Lau J et al (1992) N Engl J Med 327:248.
    """
    yi, vi, slab = check_studies("cumul", yi, vi, slab, 1)
    place = np.arange(yi.size)
    if order is not None:
        order = check_numbers("cumul", "order", order)
        check_length("cumul", "order", order, "yi", yi)
        place = np.argsort(order, kind="stable")
    subset = np.zeros((yi.size, yi.size), dtype=bool)
    for row in range(yi.size):
        subset[row, place[: row + 1]] = True
    with named_after("cumul"):
        whole = rma(yi, vi, slab=slab, **options)
        fits = rma(yi, vi, slab=slab, subset=subset, **options)
    return Refits("cumul", tuple(slab[i] for i in place), fits, whole)
