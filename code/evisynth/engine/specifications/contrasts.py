"""Every defensible analysis of a contrast within studies: two-arm strata by labelled methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from evisynth.checks import check_choice, check_level, check_tables, check_whole_number, shown
from evisynth.engine.bayes.models import bayes_normal
from evisynth.engine.effects.escalc import escalc
from evisynth.engine.specifications.axes import crossed
from evisynth.engine.specifications.result import Multiverse
from evisynth.engine.two_arm.pooling import (
    TWO_ARM_MEASURES,
    inverse_variance,
    mantel_haenszel,
    peto,
)
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.result import estimate_and_limits


@dataclass(frozen=True)
class Strata:
    """One way to choose the strata.

    Attributes
    ----------
    choices : mapping of str to str
        Axis to level.
    ai, n1i, ci, n2i : tuple of int
        Events and totals of the first and the second arm of each stratum.
    """

    choices: Mapping[str, str]
    ai: tuple[int, ...]
    n1i: tuple[int, ...]
    ci: tuple[int, ...]
    n2i: tuple[int, ...]

    @property
    def tables(self):
        """The four columns."""
        return self.ai, self.n1i, self.ci, self.n2i


@dataclass(frozen=True)
class ContrastMethod:
    """One way to pool strata.

    Attributes
    ----------
    choices : mapping of str to str
    model : {"MH", "Peto", "IV", "bayes"}
        Peto's method is for odds ratios alone.
    options : mapping
        Of `inverse_variance` or `bayes_normal`.
    """

    choices: Mapping[str, str]
    model: str = "MH"
    options: Mapping[str, object] = field(default_factory=dict)


_OPTIONS = {"MH": (), "Peto": (), "IV": ("add",), "bayes": ("tau_prior", "mu_prior")}
CONTRAST_METHODS = (
    ContrastMethod({"Model": "Mantel–Haenszel"}),
    ContrastMethod({"Model": "Peto"}, "Peto"),
    ContrastMethod({"Model": "inverse variance"}, "IV"),
    *(
        ContrastMethod({"Model": f"Bayes, HN({scale})"}, "bayes", {"tau_prior": f"HN({scale})"})
        for scale in ("0.25", "0.5", "1")
    ),
)


def contrast_multiverse(
    data_sets, methods=CONTRAST_METHODS, *, measure="OR", protocol=None, level=0.95, minimum_k=1,
    why_one=None, apart=(),
):  # fmt: skip
    """Pool all strata of every data set by every method.

    Parameters
    ----------
    data_sets : sequence of Strata
    methods : sequence of ContrastMethod
    measure : {"OR", "RR", "RD"}
    protocol, level, why_one
        As of `multiverse`.
    minimum_k : int
        Data sets of fewer strata are not listed; nor are, for one, the Bayesian models.
    apart : sequence of str
        Axes of which the other levels leave a stratum out, as a check.

    Returns
    -------
    Multiverse
        On the display scale of the measure; what a method cannot estimate is nan.

    Raises
    ------
    ArgumentError
        As `multiverse` and `mantel_haenszel`; Peto's method with another measure than "OR"; no axis
        of the data or the methods in ``apart``.
    """
    name = "contrast_multiverse"
    data_sets, methods, specifications, planned, axes = crossed(
        name, data_sets, methods, (Strata, ContrastMethod), protocol, why_one
    )
    check_choice(name, "measure", measure, TWO_ARM_MEASURES)
    level = check_level(name, level)
    minimum_k = check_whole_number(name, "minimum_k", minimum_k, 1, 1000)
    _check_methods(name, methods, measure)
    apart = _checked_apart(name, apart, [axis for axis, *_ in axes])
    tables = [check_tables(f"{name}, data set {i}", *d.tables) for i, d in enumerate(data_sets)]
    runs = [(cells, method) for cells in tables for method in methods]
    kept = [i for i, run in enumerate(runs) if i == planned or _applies(*run, minimum_k)]
    numbers = np.array([_pooled(*runs[i], measure, level, minimum_k) for i in kept])
    return Multiverse(
        tuple(specifications[i] for i in kept), *numbers.T,
        np.array([runs[i][0][0].size for i in kept]),
        np.array([int(runs[i][0][1].sum() + runs[i][0][3].sum()) for i in kept]),
        np.isfinite(numbers[:, 0]), kept.index(planned), axes, minimum_k, measure, level,
        method_axes=tuple(methods[0].choices), apart=apart,
    )  # fmt: skip


def _applies(cells, method, minimum_k):
    """Whether there are strata enough; a spread cannot be asked of one."""
    return cells[0].size >= (2 if method.model == "bayes" else minimum_k)


def _checked_apart(function, apart, axes):
    if not isinstance(apart, list | tuple) or not all(
        isinstance(axis, str) and axis in axes for axis in apart
    ):
        allowed = f"a sequence of axes: {', '.join(axes)}"
        raise ArgumentError(function, "apart", shown(apart), allowed)
    return tuple(apart)


def _check_methods(function, methods, measure):
    for i, method in enumerate(methods):
        if not isinstance(method.model, str) or method.model not in _OPTIONS:
            given = f"of the model {shown(method.model)} at position {i}"
            raise ArgumentError(function, "methods", given, ", ".join(_OPTIONS))
        if method.model == "Peto" and measure != "OR":
            raise ArgumentError(function, "measure", repr(measure), '"OR" with Peto\'s method')
        if not isinstance(method.options, Mapping) or not set(method.options) <= set(
            _OPTIONS[method.model]
        ):
            given = f"{shown(method.options)} at position {i}"
            allowed = f"a mapping of {', '.join(_OPTIONS[method.model]) or 'nothing'}"
            raise ArgumentError(function, "options of methods", given, allowed)


def _pooled(cells, method, measure, level, minimum_k):
    """Estimate and limits, display scale; nan where the method has none."""
    if not _applies(cells, method, minimum_k):
        return (np.nan,) * 3
    try:
        found = estimate_and_limits(_fit(method, cells, measure, level))
    except NotEstimable:
        return (np.nan,) * 3
    return found if np.all(np.isfinite(found)) else (np.nan,) * 3  # a ratio beyond floating point


def _fit(method, cells, measure, level):
    if method.model == "Peto":
        return peto(*cells, level=level)
    if method.model == "bayes":
        effects = escalc(measure, **dict(zip(("ai", "n1i", "ci", "n2i"), cells, strict=True)))
        return bayes_normal(*effects, measure=measure, level=level, **method.options)
    pool = {"MH": mantel_haenszel, "IV": inverse_variance}[method.model]
    return pool(*cells, measure=measure, level=level, **method.options)
