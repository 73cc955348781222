"""Median survival times of several studies, pooled on the log scale."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np

from evisynth.checks import check_level, check_slab, check_whole_number, is_number, shown
from evisynth.engine.effects.from_intervals import interval_variance, off_centre
from evisynth.engine.random_effects.model import rma
from evisynth.engine.random_effects.result import MetaAnalysis
from evisynth.errors import ArgumentError, NotEstimable, named_after
from evisynth.result import Result, json_value

NOT_ESTIMABLE = ("NR", "NE")  # not reached, not estimable
_NAMES = {"medians": "median", "ci_lb": "lower limit", "ci_ub": "upper limit"}
_ALLOWED = "a time above 0, or None, 'NR' or 'NE' where there is none"


@dataclass(frozen=True)
class PooledMedians(Result):
    """Median survival times and the model that pools them.

    Attributes
    ----------
    model : MetaAnalysis
        Measure "MS": logs of the medians; only the studies that are in it, with their labels.
    medians, ci_lb, ci_ub : tuple of float
        Of the studies in the model, in its order, in ``unit``.
    left_out : tuple of (str, str)
        Label and reason of each study that is not in the model.
    unit : str
        Of the times.
    level : float
    notes : tuple of str
        What a reader must know beside the numbers.
    """

    model: MetaAnalysis
    medians: tuple[float, ...]
    ci_lb: tuple[float, ...]
    ci_ub: tuple[float, ...]
    left_out: tuple[tuple[str, str], ...]
    unit: str
    level: float
    notes: tuple[str, ...]

    @property
    def k(self):
        """Number of studies in the model."""
        return self.model.k

    @property
    def displayed(self):
        """Pooled median, its limits and prediction limits, in ``unit``."""
        return self.model.displayed

    def to_dict(self):
        """All fields and the displayed values, as plain Python types."""
        return super().to_dict() | {
            "model": self.model.to_dict(),
            "displayed": json_value(self.displayed),
        }

    def terms(self):
        """The pooled median and, where there is one, the prediction interval."""
        shown, scale = self.displayed, f"median survival ({self.unit})"
        more = {"scale": scale, "k": self.k, "level": self.level}
        names = ("estimate", "ci_lb", "ci_ub")
        rows = [{"term": "pooled median"} | {name: shown[name] for name in names} | more]
        if shown["pi_lb"] is not None:
            limits = {"estimate": None, "ci_lb": shown["pi_lb"], "ci_ub": shown["pi_ub"]}
            rows.append({"term": "prediction interval"} | limits | more)
        return rows

    def __repr__(self):
        """Pooled median and limits, and how many are left out."""
        shown = self.displayed
        out = f", {len(self.left_out)} left out" if self.left_out else ""
        return (
            f"<Median survival, k = {self.k}{out}: {shown['estimate']:.3g} "
            f"[{shown['ci_lb']:.3g}, {shown['ci_ub']:.3g}] {self.unit}>"
        )


def pool_medians(
    medians, ci_lb, ci_ub, *, level=0.95, slab=None, method="REML", test="adhoc", unit="months",
    digits=1,
):  # fmt: skip
    """Pool median survival times with intervals, by inverse variance on the log scale.

    The standard error of a log median is the width of its log limits over twice the normal
    quantile. The result is a mean of medians (a geometric one), not the median of all patients.

    Parameters
    ----------
    medians, ci_lb, ci_ub : sequence, shape (k,)
        Times above 0, all in one unit; None or the text "NR" (not reached) or "NE" (not estimable)
        where there is none: such a study is left out, with the reason.
    level : float in (0, 1)
        Of the intervals, and of the pooled one.
    slab : sequence of str, optional
    method, test : str
        As in `rma`.
    unit : str
        Of the times, for display.
    digits : int
        Decimals to which the times are printed, 0 to 15; asymmetry of an interval on the log scale
        beyond what this rounding explains is noted.

    Returns
    -------
    PooledMedians

    Raises
    ------
    ArgumentError
        Anything that is neither a time above 0 nor one of the three marks; a median outside its
        limits; limits that are equal; lengths that differ.
    NotEstimable
        Fewer than two studies have a median with both limits.

    References
    ----------
    McGrath S et al (2026) Stat Med 45:e70533, inverse-variance pooling of median survival times;
    intervals: Brookmeyer R, Crowley J (1982) Biometrics 38:29.

    Examples
    --------
    >>> from evisynth import pool_medians
    >>> pooled = pool_medians([7.7, 6.1, "NR"], [5.6, 4.2, 9.0], [9.6, 7.5, "NR"], slab=list("ABC"))
    >>> round(pooled.model.displayed["estimate"], 1)
    6.9
    >>> pooled.left_out
    (('C', 'median not reached, upper limit not reached'),)
    """
    function = "pool_medians"
    columns = {"medians": medians, "ci_lb": ci_lb, "ci_ub": ci_ub}
    columns = {name: _times(name, values) for name, values in columns.items()}
    level = check_level(function, level)
    digits = check_whole_number(function, "digits", digits, 0, 15)
    if not isinstance(unit, str):
        raise ArgumentError(function, "unit", shown(unit), "text, such as 'months'")
    k = _one_length(columns)
    slab = check_slab(function, slab, k)
    _refuse_disorder(columns)
    kept, left_out = _sorted_out(columns, slab)
    estimate, lower, upper = (np.array([c[i] for i in kept], float) for c in columns.values())
    vi = interval_variance(function, lower, upper, level)
    labels = tuple(slab[i] for i in kept)
    with named_after(function):
        model = rma(
            np.log(estimate), vi, method=method, test=test, measure="MS", level=level, slab=labels
        )
    skewed = off_centre(estimate, lower, upper, digits)
    return PooledMedians(
        model=model,
        medians=tuple(estimate.tolist()),
        ci_lb=tuple(lower.tolist()),
        ci_ub=tuple(upper.tolist()),
        left_out=left_out,
        unit=unit,
        level=level,
        notes=(*model.notes, *_asymmetry(skewed, labels), *_omissions(left_out)),
    )


def _times(name, values):
    """A list of floats and, where there is no time, the reason in a word."""
    if values is None or isinstance(values, str | bytes | dict):
        given = "missing" if values is None else shown(values)
        raise ArgumentError("pool_medians", name, given, f"one per study: {_ALLOWED}")
    try:
        items = list(values)
    except TypeError:
        raise ArgumentError(
            "pool_medians", name, shown(values), f"one per study: {_ALLOWED}"
        ) from None
    return [_time(name, i, value) for i, value in enumerate(items)]


def _time(name, position, value):
    if value is None:
        return "not given"
    if isinstance(value, str) and value.strip().upper() in NOT_ESTIMABLE:
        return {"NR": "not reached", "NE": "not estimable"}[value.strip().upper()]
    try:
        number = float(value) if is_number(value, Real) else None
    except OverflowError:
        number = None
    if number is None or not 1e-50 <= number <= 1e50:
        given = f"{shown(value)} at position {position}"
        raise ArgumentError("pool_medians", name, given, _ALLOWED)
    return number


def _one_length(columns):
    k = len(columns["medians"])
    for name, times in columns.items():
        if len(times) != k:
            allowed = f"the length of medians, {k}"
            raise ArgumentError("pool_medians", name, f"of length {len(times)}", allowed)
    return k


def _refuse_disorder(columns):
    """Medians outside their limits, as far as these are known; limits that are equal."""
    for i, (median, low, high) in enumerate(zip(*columns.values(), strict=True)):
        known = [t for t in (low, median, high) if not isinstance(t, str)]
        if known != sorted(known) or (low == high and not isinstance(low, str)):
            name = "medians" if low != high else "ci_ub"
            given = f"{_shown(median)} [{_shown(low)}, {_shown(high)}] at position {i}"
            allowed = "a median within its limits, ci_lb below ci_ub"
            raise ArgumentError("pool_medians", name, given, allowed)


def _shown(time):
    return time if isinstance(time, str) else f"{time:.6g}"


def _sorted_out(columns, slab):
    """Positions of the studies with a median and both limits; label and reason of the others."""
    missing = [_missing(columns, i) for i in range(len(slab))]
    kept = [i for i, reasons in enumerate(missing) if not reasons]
    left_out = tuple((slab[i], ", ".join(reasons)) for i, reasons in enumerate(missing) if reasons)
    if len(kept) < 2:
        raise NotEstimable(
            f"pool_medians: of {len(slab)} studies {len(kept)} have a median with both limits, and "
            "pooling takes two; show the medians side by side, or compare survival at a fixed "
            "time, which every curve that reaches it has."
        )
    return kept, left_out


def _missing(columns, i):
    """What of a study has no time, and why."""
    times = ((_NAMES[name], times[i]) for name, times in columns.items())
    return [f"{name} {reason}" for name, reason in times if isinstance(reason, str)]


def _asymmetry(skewed, labels):
    names = ", ".join(label for label, is_so in zip(labels, skewed, strict=True) if is_so)
    if not names:
        return ()
    return (
        "Intervals that are asymmetric on the log scale beyond rounding, so that their width gives "
        f"the standard error only roughly: {names}.",
    )


def _omissions(left_out):
    if not left_out:
        return ()
    reasons = "; ".join(f"{label} ({reason})" for label, reason in left_out)
    return (
        f"Left out: {reasons}. Medians that are not reached are the long ones, so leaving them out "
        "makes the pooled median too short.",
    )
