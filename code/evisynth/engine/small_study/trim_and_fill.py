"""Trim and fill: how far a mean moves if the funnel were made symmetric. A sensitivity alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evisynth.checks import check_choice, check_effects, check_level, check_slab
from evisynth.engine.effects.measures import MEASURES
from evisynth.engine.moderators.design import fit_stack, orthogonal
from evisynth.engine.moderators.meta_regression import TESTS
from evisynth.engine.random_effects.model import rma
from evisynth.engine.random_effects.result import MetaAnalysis
from evisynth.engine.random_effects.tau2 import ESTIMATORS, estimate_tau2
from evisynth.engine.small_study.asymmetry import (
    MINIMUM_K,
    OTHER_CAUSES,
    refuse_few,
    refuse_single_arm,
)
from evisynth.errors import NotEstimable
from evisynth.result import Result

SENSITIVITY = "Trim and fill is a sensitivity analysis, never a corrected headline"
_MAXIMUM_ROUNDS = 100


@dataclass(frozen=True, repr=False)
class TrimFill(Result):
    """Trim and fill, a sensitivity analysis and never a corrected headline.

    Attributes
    ----------
    estimator : {"L0", "R0"}
    side : {"left", "right"}
        Where studies are taken to be missing.
    k0 : int
        Studies that were filled in.
    se_k0 : float
        Standard error of the number before it is rounded.
    p_k0 : float or None
        Of the hypothesis that none is missing; for R0 alone.
    observed : MetaAnalysis
        The k studies as they are: the result.
    adjusted : MetaAnalysis
        With the filled studies: the sensitivity.
    filled, filled_vi : tuple of float
        Effects and variances that were filled in, analysis scale.
    """

    measure: str
    estimator: str
    side: str
    k: int
    k0: int
    se_k0: float
    p_k0: float | None
    observed: MetaAnalysis
    adjusted: MetaAnalysis
    filled: tuple[float, ...]
    filled_vi: tuple[float, ...]
    level: float = 0.95
    notes: tuple[str, ...] = (SENSITIVITY, OTHER_CAUSES)

    def terms(self):
        """The observed mean, then the sensitivity; display scale."""
        scale = {"scale": MEASURES[self.measure].name}
        names = ("observed", f"sensitivity, {self.k0} filled (not a corrected result)")
        results = (self.observed, self.adjusted)
        return [
            {"term": name} | one.displayed | scale | {"k": one.k, "tau2": one.tau2}
            for name, one in zip(names, results, strict=True)
        ]

    def __repr__(self):
        observed, shown = (one.displayed["estimate"] for one in (self.observed, self.adjusted))
        return (
            f"<trim and fill {self.estimator}, sensitivity only: {self.k0} filled on the "
            f"{self.side} of k = {self.k}, {observed:.3f} would be {shown:.3f}>"
        )


def trimfill(
    yi, vi, *, measure, estimator="L0", side=None, method="REML", test="adhoc", level=0.95,
    slab=None, minimum_k=MINIMUM_K,
):  # fmt: skip
    """Trim and fill, a sensitivity analysis of comparative effects.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effect sizes and sampling variances, analysis scale; k >= 10.
    measure : str
        One that compares two arms.
    estimator : {"L0", "R0"}
        Of the number of missing studies.
    side : {"left", "right"}, optional
        Where they are taken to be missing; without it the left if effects rise with their standard
        errors, else the right.
    method, test, level, slab
        As for `rma`, of the trimmed and of the filled analyses.
    minimum_k : int, from 10

    Returns
    -------
    TrimFill

    Raises
    ------
    ArgumentError
        As `rma`; a measure that does not compare two arms.
    NotEstimable
        Fewer than ``minimum_k`` studies; no side where all variances are the same; trimming that
        does not settle, or leaves effects that are all the same.

    References
    ----------
    Duval S, Tweedie R (2000) J Am Stat Assoc 95:89; Duval S, Tweedie R (2000) Biometrics 56:455.

    Examples
    --------
    >>> from evisynth import trimfill
    >>> effects = [-0.1, -0.2, -0.1, -0.3, -0.2, -0.5, -0.4, -0.6, -0.9, -0.8]
    >>> variances = [0.01, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.10, 0.15, 0.20]
    >>> filled = trimfill(effects, variances, measure="OR")
    >>> filled.side, len(filled.filled)
    ('right', 4)
    >>> round(filled.observed.estimate, 2), round(filled.adjusted.estimate, 2)
    (-0.22, -0.17)
    """
    yi, vi = check_effects("trimfill", yi, vi)
    check_choice("trimfill", "measure", measure, MEASURES)
    check_choice("trimfill", "estimator", estimator, _COUNTS)
    check_choice("trimfill", "method", method, ESTIMATORS)
    check_choice("trimfill", "test", test, TESTS)
    level = check_level("trimfill", level)
    slab = check_slab("trimfill", slab, yi.size)
    if side is not None:
        check_choice("trimfill", "side", side, ("left", "right"))
    instead = "show pooled results of large and of small studies instead"
    refuse_single_arm("trimfill", "measure", measure, measure, instead)
    refuse_few("trimfill", yi.size, minimum_k)
    side = side or _side(yi, vi, method)
    sign = -1.0 if side == "right" else 1.0
    k0, se_k0, middle, order = _missing(sign * yi, vi, estimator, method)
    mirrored = order[yi.size - k0 :]
    filled, filled_vi = sign * middle - (yi[mirrored] - sign * middle), vi[mirrored]
    settings = {"method": method, "test": test, "measure": measure, "level": level}
    adjusted = rma(
        np.concatenate([yi, filled]), np.concatenate([vi, filled_vi]), **settings,
        slab=[*slab, *(f"Filled {i + 1}" for i in range(k0))],
    )  # fmt: skip
    return TrimFill(
        measure=measure, estimator=estimator, side=side, k=yi.size, k0=k0, se_k0=se_k0,
        p_k0=0.5 ** (k0 + 1) if estimator == "R0" else None,
        observed=rma(yi, vi, slab=slab, **settings),
        adjusted=replace(adjusted, notes=(SENSITIVITY, *adjusted.notes)),
        filled=tuple(filled.tolist()), filled_vi=tuple(filled_vi.tolist()), level=level,
    )  # fmt: skip


def _side(yi, vi, method):
    """Missing on the right where effects fall with their standard errors, else on the left."""
    sei = np.sqrt(vi)
    if np.ptp(sei) <= 1e-10 * np.max(sei):
        raise NotEstimable(
            "trimfill: the variances of all studies are the same, so the data cannot say on which "
            "side studies are missing; give the side."
        )
    basis, back = orthogonal(np.column_stack([np.ones(yi.size), sei]))
    fit = fit_stack("trimfill", yi, vi, basis[None], method, "z")
    return "right" if (back @ fit.coefficients[0])[1] < 0 else "left"


def _missing(yi, vi, estimator, method):
    """Number missing on the left, its standard error, the trimmed mean, the order of effects."""
    order, k, k0 = np.argsort(yi, kind="stable"), yi.size, 0
    yi, vi = yi[order], vi[order]
    for _ in range(_MAXIMUM_ROUNDS):
        middle = _mean(yi[: k - k0], vi[: k - k0], method)
        ranks = np.empty(k)
        ranks[np.argsort(np.abs(yi - middle), kind="stable")] = np.arange(1, k + 1)
        before = k0
        number, se = _COUNTS[estimator](np.sign(yi - middle) * ranks, k)
        k0 = max(0, int(np.rint(number)))
        if k0 == before:
            return k0, se, middle, order
    raise NotEstimable("trimfill: trimming does not settle; try the other estimator or side.")


def _mean(yi, vi, method):
    if np.ptp(yi) == 0:
        raise NotEstimable(
            "trimfill: the effects left after trimming are all the same, so nothing tells their "
            "two sides apart."
        )
    wi = 1 / (vi + estimate_tau2(method, yi, vi))
    return float(np.sum(wi * yi) / np.sum(wi))


def _by_l0(signed, k):
    """Estimator L0 from the signed ranks; Duval and Tweedie (2000) J Am Stat Assoc 95:89."""
    right = np.sum(signed[signed > 0])
    k0 = (4 * right - k * (k + 1)) / (2 * k - 1)
    variance = k * (k + 1) * (2 * k + 1) + 10 * k0**3 + 27 * k0**2 + 17 * k0
    variance += 6 * k**2 * k0 - 18 * k * k0**2 - 18 * k * k0
    return k0, float(4 * np.sqrt(max(0.0, variance / 24)) / (2 * k - 1))


def _by_r0(signed, k):
    """Estimator R0 from the run of largest ranks on the right; the same source."""
    k0 = k - np.max(-signed[signed < 0], initial=0.0) - 1
    return k0, float(np.sqrt(2 * max(0.0, k0) + 2))


_COUNTS = {"L0": _by_l0, "R0": _by_r0}
