"""Intervals beside the mean: for the between-study variance, and for a new study's effect."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import chdtri, ndtri, stdtrit

from evisynth.checks import check_choice, check_effects, check_level, check_subset
from evisynth.engine.random_effects.tau2 import (
    RESTRICTED,
    UNRESTRICTED,
    maximise_tau2,
    scan,
    solve_q,
    stack_of,
)
from evisynth.errors import ArgumentError

PREDICTION_MINIMUM_K = 3
PREDICTIONS = ("t(k-1)", "z", "HK", "HTS")


class HeterogeneityLimits(NamedTuple):
    """Limits of the between-study variance, and of I2 (percent) and H2 that follow from it.

    Numbers for one data set, arrays of shape (B,) for a stack.
    """

    tau2_lb: float
    tau2_ub: float
    I2_lb: float
    I2_ub: float
    H2_lb: float
    H2_ub: float


def q_profile(yi, vi, *, level=0.95, subset=None):
    """Interval of the between-study variance by the Q-profile.

    Parameters
    ----------
    yi, vi : array_like, shape (k,) or (B, k)
        Effect sizes and sampling variances, analysis scale; k >= 2.
    level : float in (0, 1)
    subset : array_like of bool, shape (B, k), optional
        Which studies each data set of a stack has; two or more.

    Returns
    -------
    HeterogeneityLimits
        Whatever estimates the variance itself. All 0 (H2: 1) where the effects differ so little
        that no variance is compatible with them.

    Raises
    ------
    ArgumentError
        As `rma`; k < 2.

    References
    ----------
    Viechtbauer W (2007) Stat Med 26:37; Higgins JPT, Thompson SG (2002) Stat Med 21:1539.
    """
    stack, level = _stack("q_profile", yi, vi, level, subset)
    tail = 0.5 - level / 2
    limits = [solve_q(stack, chdtri(stack.df, p)) for p in (tail, 1 - tail)]
    return _limits(limits, stack, np.ndim(yi) == 1 and subset is None)


def profile_likelihood(yi, vi, *, method="REML", level=0.95, subset=None):
    """Interval of the between-study variance by the profile likelihood.

    Parameters
    ----------
    yi, vi, level, subset
        As `q_profile`.
    method : {"REML", "ML"}
        Restricted or full likelihood.

    Returns
    -------
    HeterogeneityLimits
        The least and the greatest variance whose log-likelihood lies less than half a quantile of
        chi-squared(1) below its maximum; 0 where that holds at 0. Where the likelihood has two
        peaks the limits enclose both, if both are as high.

    Raises
    ------
    ArgumentError
        As `q_profile`; an unknown method.

    References
    ----------
    Hardy RJ, Thompson SG (1996) Stat Med 15:619; Viechtbauer W (2007) Stat Med 26:37.
    """
    check_choice("profile_likelihood", "method", method, ("REML", "ML"))
    stack, level = _stack("profile_likelihood", yi, vi, level, subset)
    likelihood = RESTRICTED if method == "REML" else UNRESTRICTED
    best = maximise_tau2(likelihood, stack)
    floor = likelihood.value(stack, best) - 0.5 * chdtri(1, 1 - level)
    limits = _outermost(likelihood, stack, best, floor)
    return _limits(limits, stack, np.ndim(yi) == 1 and subset is None)


def _stack(function, yi, vi, level, subset):
    yi, vi = check_effects(function, yi, vi, stack=True)
    level = check_level(function, level)
    if subset is not None:
        subset = check_subset(function, subset, yi.shape)
    stack = stack_of(yi, vi, subset)
    if np.any(stack.k < 2):
        given = "one study (k = 1)" if stack.size == 1 else "of a stack with a set of one study"
        raise ArgumentError(function, "yi", given, "two or more studies")
    return stack, level


def _limits(limits, stack, single):
    typical = stack.typical_variance()
    I2, H2 = zip(*(inconsistency(tau2, typical) for tau2 in limits), strict=True)
    every = (*limits, *I2, *H2)
    return HeterogeneityLimits(*((float(a[0]) for a in every) if single else every))


def _outermost(likelihood, stack, best, floor):
    """First and last crossing of the floor, between points of a scan that ends below it."""
    grid = np.sort(np.concatenate([scan(stack), best[None]]), axis=0)
    high = 2 * np.maximum(grid[-1], stack.largest(stack.vi))
    while np.any(likelihood.value(stack, high) >= floor):
        high = high * 2
    grid = np.concatenate([grid, high[None]])
    inside = likelihood.value(stack.spread(), grid) >= floor
    inside |= grid == best
    columns = np.arange(stack.size)
    first, last = np.argmax(inside, axis=0), len(grid) - 1 - np.argmax(inside[::-1], axis=0)
    below = grid[np.maximum(first - 1, 0), columns]
    lower = _crossing(likelihood, stack, floor, below, grid[first, columns])
    upper = _crossing(likelihood, stack, floor, grid[last + 1, columns], grid[last, columns])
    return np.where(first == 0, 0.0, lower), upper


def _crossing(likelihood, stack, floor, outside, within):
    """Where the likelihood passes the floor, by halving, to machine precision."""
    for _ in range(120):
        middle = 0.5 * (outside + within)
        above = likelihood.value(stack, middle) >= floor
        outside, within = np.where(above, outside, middle), np.where(above, middle, within)
        if np.all(np.abs(within - outside) <= 1e-15 * np.abs(within)):
            break
    return 0.5 * (outside + within)


def inconsistency(tau2, typical):
    """I2 in percent and H2, from tau2 and a typical sampling variance."""
    return 100 * tau2 / (tau2 + typical), tau2 / typical + 1


def prediction_limits(estimate, se, tau2, k, level, *, convention="t(k-1)", random=True):
    """Limits of a new study's underlying effect, analysis scale.

    Parameters
    ----------
    estimate, se, tau2 : float or ndarray, shape (B,)
        Pooled mean, its standard error as the test of the mean takes it, the between-study
        variance.
    k : int or ndarray of int, shape (B,)
    level : float in (0, 1)
    convention : {"t(k-1)", "z", "HK", "HTS"}
        Quantiles of t(k - 1) (Veroniki et al, Res Synth Methods 2019;10:23), of the normal
        distribution, of t(k - 1) with ``se`` after Knapp and Hartung whatever the test (Partlett
        and Riley, Stat Med 2017;36:301), or of t(k - 2) (Higgins, Thompson and Spiegelhalter, J R
        Stat Soc A 2009;172:137).
    random : bool
        Whether the model lets effects differ.

    Returns
    -------
    lower, upper : float or None, or ndarray of shape (B,)
        estimate -/+ quantile times sqrt(se^2 + tau2); below three studies None, in an array nan.
        With the quantile and the standard error of the test of the mean, as under "t(k-1)" and
        "HTS", they hold the limits of the mean.

    Examples
    --------
    >>> from evisynth.engine.random_effects.intervals import prediction_limits
    >>> limits = prediction_limits(estimate=-0.2, se=0.16, tau2=0.04, k=4, level=0.95)
    >>> [round(limit, 2) for limit in limits]
    [-1.02, 0.62]
    """
    limits = np.where(np.asarray(k) >= PREDICTION_MINIMUM_K, 1.0, np.nan)
    if not random:
        limits = limits * np.nan
    df = np.maximum(np.asarray(k) - (2 if convention == "HTS" else 1), 1)
    p = 0.5 + level / 2
    quantile = ndtri(p) if convention == "z" else stdtrit(df, p)
    half = limits * quantile * new_study_sd(se, tau2)
    if np.ndim(estimate):
        return estimate - half, estimate + half
    if np.isnan(half):
        return None, None
    return float(estimate - half), float(estimate + half)


def new_study_sd(se, tau2):
    """Of a new study's effect about the estimate; never below ``se``, also by rounding."""
    return np.hypot(se, np.sqrt(tau2))


def narrower_notes(mean, new, what):
    """Says where limits of a new study's effect do not hold those of the mean.

    Parameters
    ----------
    mean, new : (lower, upper)
        Limits of the mean and of a new study's effect: floats, or None; or arrays of shape (B,),
        nan where there are none.
    what : str
        Where the limits of the new study come from.

    Returns
    -------
    tuple of str
        Empty, or one note.
    """
    if new[0] is None:
        return ()
    with np.errstate(invalid="ignore"):
        out = np.atleast_1d((np.asarray(new[0]) > mean[0]) | (np.asarray(new[1]) < mean[1]))
    if not out.any():
        return ()
    where = f" in {out.sum()} of {out.size} data sets" if np.ndim(new[0]) else ""
    return (f"the prediction limits ({what}) do not hold the limits of the mean{where}",)
