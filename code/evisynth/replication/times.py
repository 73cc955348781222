"""Survival at a time and its median in the ways that reports print them; arrays in, numbers out."""

from __future__ import annotations

import numpy as np

from evisynth.checks import check_choice, check_level, check_number
from evisynth.engine.effects.escalc import normal_quantile
from evisynth.engine.survival.kaplan_meier import kaplan_meier
from evisynth.engine.survival.product_limit import median_with_limits
from evisynth.errors import NotEstimable


def survival_at(time, event, at, *, before=False):
    """Kaplan-Meier estimate at a time, and Greenwood's standard error.

    Parameters
    ----------
    time : array_like of float, shape (k,)
        From 0.
    event : array_like of {0, 1}, shape (k,)
    at : float
        In the unit of ``time``.
    before : bool
        Just before ``at``: what happens at that time has not happened yet.

    Returns
    -------
    estimate, se : float
        Proportions.

    Raises
    ------
    ArgumentError
        Times that are not finite or below 0; events that are not 0 or 1; lengths that differ.
    NotEstimable
        ``at`` is past the last time observed and somebody was left then.

    References
    ----------
    Kaplan EL, Meier P (1958) J Am Stat Assoc 53:457, section 2.
    """
    at = check_number("survival_at", "at", at, lambda a: 0 <= a <= 1e9, "a number from 0")
    curve = kaplan_meier(time, event)
    if at > curve.time[-1] and curve.survival[-1] > 0:
        raise NotEstimable(
            f"survival_at: nobody was followed to {at:g}, only to {curve.time[-1]:g}."
        )
    steps = int(np.searchsorted(curve.time, at, side="left" if before else "right"))
    return (curve.survival[steps - 1], float(_greenwood(curve)[steps - 1])) if steps else (1.0, 0.0)


def _greenwood(curve):
    """Standard error of the survival from each time on; 0 where nobody is left."""
    survival, risk, events = map(np.array, (curve.survival, curve.at_risk, curve.events))
    left = np.where(risk > events, risk - events, 1)
    return survival * np.sqrt(np.cumsum(events / (risk * left)))


def _plain(survival, half):
    return survival - half, survival + half


def _log(survival, half):
    some = np.where(survival > 0, survival, 1)  # where nobody is left, half is 0 too
    return survival * np.exp(-half / some), survival * np.exp(half / some)


_LIMITS = {"plain": _plain, "log": _log}
MEDIAN_INTERVALS = ("log-log", "plain", "log", "standard error", "range")


def median_time(time, event, *, level=0.95, interval="log-log"):
    """Kaplan-Meier median and an interval.

    Parameters
    ----------
    time : array_like of float, shape (k,)
        From 0.
    event : array_like of {0, 1}, shape (k,)
    level : float in (0, 1)
    interval : {"log-log", "plain", "log", "standard error", "range"}
        The first three are where pointwise limits on that scale come down to one half; ``standard
        error`` is the median plus and minus a multiple of its standard error, not below 0;
        ``range`` is the shortest and the longest time.

    Returns
    -------
    estimate, lower, upper : float
        In the unit of ``time``; a limit that is not reached is infinite.

    Raises
    ------
    ArgumentError
        Times that are not finite or below 0; events that are not 0 or 1; lengths that differ; an
        unknown interval or level.
    NotEstimable
        The median is not reached, or has no standard error.

    References
    ----------
    Brookmeyer R, Crowley J (1982) Biometrics 38:29; Collett D (2003) Modelling survival data in
    medical research, 2nd ed, section 2.4, for the standard error, with his 0.05.
    """
    check_choice("median_time", "interval", interval, MEDIAN_INTERVALS)
    level = check_level("median_time", level)
    curve = kaplan_meier(time, event, level=level)
    if curve.median is None:
        raise NotEstimable("median_time: survival stays above one half; the median is not reached.")
    if interval == "range":
        return curve.median, curve.time[0], curve.time[-1]
    if interval == "standard error":
        half = normal_quantile(level) * _median_se(curve)
        return curve.median, max(0.0, curve.median - half), curve.median + half
    limits = (curve.median_lb, curve.median_ub)
    if interval != "log-log":
        limits = _crossings(curve, _LIMITS[interval], level)
    return curve.median, *(float("inf") if limit is None else limit for limit in limits)


def _crossings(curve, limits, level):
    """Where the pointwise limits of the curve come down to one half."""
    survival = np.array(curve.survival)
    lower, upper = limits(survival, normal_quantile(level) * _greenwood(curve))
    return median_with_limits(np.array(curve.time), survival, lower, upper)[1:]


def _median_se(curve):
    """Standard error of the survival at the median over the slope of the curve around it."""
    died = np.array(curve.events) > 0
    time, survival = np.array(curve.time)[died], np.array(curve.survival)[died]
    above, below = np.flatnonzero(survival >= 0.55), np.flatnonzero(survival <= 0.45)
    if not above.size or not below.size:
        raise NotEstimable("median_time: the curve has no steps on both sides of its median.")
    first, last = above[-1], below[0]
    slope = (survival[first] - survival[last]) / (time[last] - time[first])
    at_median = np.searchsorted(curve.time, curve.median, side="right") - 1
    return float(_greenwood(curve)[at_median] / slope)
