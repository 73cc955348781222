"""The product-limit estimate on arrays: survival, its limits, where they come down to one half."""

from __future__ import annotations

import numpy as np

from evisynth.engine.effects.escalc import normal_quantile

SAME = 1e-9  # survival that differs by less is the same but for rounding


def product_limit(rank, event, size):
    """Survival, its Greenwood standard error, patients at risk and events at each rank.

    Parameters
    ----------
    rank : ndarray of int, shape (n,)
        0 to ``size`` - 1, in the order of time.
    event : ndarray of bool, shape (n,)
    size : int

    Returns
    -------
    survival, se : ndarray of float, shape (size,)
        ``se`` is NaN where survival is 0.
    at_risk, events : ndarray of int, shape (size,)
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    events = np.bincount(rank, weights=event, minlength=size).astype(int)
    at_risk = rank.size - np.concatenate([[0], np.cumsum(np.bincount(rank, minlength=size))[:-1]])
    if not np.any(event):  # SurvfuncRight keeps the times of events only
        return np.ones(size), np.zeros(size), at_risk, events
    curve = SurvfuncRight(rank, event.astype(float))
    step = np.searchsorted(curve.surv_times, np.arange(size), side="right")
    survival = np.concatenate([[1.0], curve.surv_prob])[step]
    se = np.concatenate([[0.0], curve.surv_prob_se])[step]
    return survival, se, at_risk, events


def log_log_limits(survival, se, level):
    """Limits on the log(-log) scale; NaN where survival is 0 or 1."""
    lower, upper = np.full((2, survival.size), np.nan)
    inside = (survival > 0) & (survival < 1)
    s = survival[inside]
    half = normal_quantile(level) * se[inside] / (s * -np.log(s))
    with np.errstate(over="ignore"):  # a limit that is 0 for any purpose
        lower[inside] = s ** np.exp(half)
    upper[inside] = s ** np.exp(-half)
    return lower, upper


def median_with_limits(time, survival, lower, upper):
    """Where the curve and its limits come down to one half; None where they do not."""
    return tuple(_crossing(time, curve) for curve in (survival, lower, upper))


def _crossing(time, curve):
    """First time at or below one half; the middle of the while in which it is exactly that."""
    reached = np.flatnonzero(curve <= 0.5 + SAME)  # of NaN this is false
    if reached.size == 0:
        return None
    first = reached[0]
    below = np.flatnonzero(curve < 0.5 - SAME)
    if curve[first] < 0.5 - SAME:
        return float(time[first])
    last = below[0] if below.size else time.size - 1
    return float(time[first] / 2 + time[last] / 2)
