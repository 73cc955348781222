"""What pooling two-arm trials under one common effect returns, and what it says beside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from evisynth.engine.effects.escalc import normal_quantile
from evisynth.engine.effects.measures import MEASURES
from evisynth.result import Result, json_value

_METHODS = {"MH": "Mantel-Haenszel", "Peto": "Peto", "IV": "inverse variance"}


@dataclass(frozen=True)
class TwoArm(Result):
    """A common effect over strata; on the analysis scale unless it says otherwise.

    Attributes
    ----------
    measure : {"OR", "RR", "RD"}
        Natural logs are the analysis scale of the two ratios.
    method : {"MH", "Peto", "IV"}
        Mantel-Haenszel, Peto, inverse variance.
    k : int
        Strata given, with those that bear no weight.
    estimate, se, ci_lb, ci_ub : float
        Common effect, its standard error, its normal limits.
    Q, Q_p : float or None
        Heterogeneity over the strata that have an effect of their own, and its p from chi-squared
        with one degree of freedom less; None where fewer than two have one.
    weights : tuple of float
        Percent, one per stratum, adding to 100; 0 for a stratum that says nothing.
    level : float
    slab : tuple of str
    notes : tuple of str
        What happened to strata with empty cells, by name.
    CMH, CMH_p : float or None
        Cochran-Mantel-Haenszel statistic without continuity correction and its p from chi-squared
        with one degree of freedom; only for the Mantel-Haenszel odds ratio.
    """

    measure: str
    method: str
    k: int
    estimate: float
    se: float
    ci_lb: float
    ci_ub: float
    Q: float | None
    Q_p: float | None
    weights: tuple[float, ...]
    level: float = 0.95
    slab: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    CMH: float | None = None
    CMH_p: float | None = None

    model = "equal-effects"

    @property
    def displayed(self):
        """Estimate and limits on the display scale; a common effect has no prediction limits."""
        back = MEASURES[self.measure].back_transform
        with np.errstate(over="ignore"):  # a ratio beyond floating point is infinite
            values = {n: float(back(getattr(self, n))) for n in ("estimate", "ci_lb", "ci_ub")}
        return values | {"pi_lb": None, "pi_ub": None}

    def to_dict(self):
        """All fields and the displayed values, as plain Python types."""
        return super().to_dict() | {"displayed": json_value(self.displayed)}

    def terms(self):
        """The common effect on the display scale."""
        shown = {name: self.displayed[name] for name in ("estimate", "ci_lb", "ci_ub")}
        scale = MEASURES[self.measure].name
        term = f"common effect ({_METHODS[self.method]})"
        return [{"term": term} | shown | {"scale": scale, "k": self.k, "level": self.level}]

    def __repr__(self):
        """Method, estimate and limits on the display scale."""
        shown = self.displayed
        return (
            f"<{_METHODS[self.method]} {self.measure}, k = {self.k}: {shown['estimate']:.3f} "
            f"[{shown['ci_lb']:.3f}, {shown['ci_ub']:.3f}]>"
        )


def two_arm(measure, method, estimate, se, *, weights, level, **more):
    """The result, with normal limits and weights in percent."""
    half = normal_quantile(level) * se
    return TwoArm(
        measure=measure,
        method=method,
        k=len(weights),
        estimate=float(estimate),
        se=float(se),
        ci_lb=float(estimate - half),
        ci_ub=float(estimate + half),
        weights=tuple((100 * weights / np.sum(weights)).tolist()),
        level=level,
        **more,
    )


def chi_squared(Q, used):
    """Q and its p over the strata used; None of fewer than two."""
    k = int(np.sum(used))
    return (float(Q), float(chdtrc(k - 1, Q))) if k > 1 else (None, None)


def _labels(chosen, slab):
    return ", ".join(label for label, wanted in zip(slab, chosen, strict=True) if wanted)


def silent_strata(measure, bears, slab):
    """The note on strata that bear no weight."""
    if np.all(bears):
        return ()
    who = "nobody has the event" + (", or everybody," if measure == "OR" else "")
    return (
        f"Strata in which {who} say nothing of the {MEASURES[measure].name} and bear no weight: "
        f"{_labels(~bears, slab)}.",
    )


def infinite_strata(bears, weights, slab):
    """The weights belong to the ratios of the strata, and some have an infinite one."""
    infinite = bears & (weights == 0)
    if not np.any(infinite):
        return ()
    return (
        "Weight 0 because the ratio of the stratum itself is infinite; its events count in the "
        f"numerator: {_labels(infinite, slab)}.",
    )


def strata_outside_Q(outside, slab):
    """The note on strata that weigh, but have no effect of their own."""
    if not np.any(outside):
        return ()
    return (
        "Nothing is added to empty cells; without an effect or a variance of its own, and so not "
        f"in Q: {_labels(outside, slab)}.",
    )


def corrected_strata(counts, slab, add):
    """The note on the continuity correction."""
    a, n1, c, n2 = counts.values()
    empty = (a == 0) | (a == n1) | (c == 0) | (c == n2)
    if not np.any(empty):
        return ()
    return (f"{add:g} was added to every cell, because one is empty: {', '.join(slab[empty])}.",)
