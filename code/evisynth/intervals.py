"""Intervals beside the mean: for the between-study variance, and for a new study's effect."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from evisynth.checks import check_effects, check_level
from evisynth.errors import ArgumentError
from evisynth.tau2 import solve_q, typical_variance

PREDICTION_MINIMUM_K = 3
PREDICTIONS = ("t(k-1)", "z", "HK", "HTS")


class HeterogeneityLimits(NamedTuple):
    """Limits of the between-study variance, and of I2 (percent) and H2 that follow from it."""

    tau2_lb: float
    tau2_ub: float
    I2_lb: float
    I2_ub: float
    H2_lb: float
    H2_ub: float


def q_profile(yi, vi, *, level=0.95):
    """Interval of the between-study variance by the Q-profile.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effect sizes and sampling variances, analysis scale; k >= 2.
    level : float in (0, 1)

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
    yi, vi = check_effects("q_profile", yi, vi)
    level = check_level("q_profile", level)
    if yi.size < 2:
        raise ArgumentError("q_profile", "yi", "one study (k = 1)", "two or more studies")
    quantiles = stats.chi2.ppf([0.5 + level / 2, 0.5 - level / 2], yi.size - 1)
    low, high = (solve_q(yi, vi, float(quantile)) for quantile in quantiles)
    typical = typical_variance(vi)
    return HeterogeneityLimits(
        low, high, *(inconsistency(t, typical)[0] for t in (low, high)),
        *(inconsistency(t, typical)[1] for t in (low, high)),
    )  # fmt: skip


def inconsistency(tau2, typical):
    """I2 in percent and H2, from tau2 and a typical sampling variance."""
    return float(100 * tau2 / (tau2 + typical)), float(tau2 / typical + 1)


def prediction_limits(estimate, se, tau2, k, level, *, convention="t(k-1)", random=True):
    """Limits of a new study's underlying effect, analysis scale.

    Parameters
    ----------
    estimate, se, tau2 : float
        Pooled mean, its standard error, the between-study variance.
    k : int
    level : float in (0, 1)
    convention : {"t(k-1)", "z", "HK", "HTS"}
        Quantiles of t(k - 1) (Veroniki et al, Res Synth Methods 2019;10:23), of the normal
        distribution, of t(k - 1) with ``se`` after Knapp and Hartung (Partlett and Riley, Stat Med
        2017;36:301), or of t(k - 2) (Higgins, Thompson and Spiegelhalter, J R Stat Soc A
        2009;172:137).
    random : bool
        Whether the model lets effects differ.

    Returns
    -------
    lower, upper : float or None
        estimate -/+ quantile times sqrt(se^2 + tau2); None below three studies.
    """
    if not random or k < PREDICTION_MINIMUM_K:
        return None, None
    p = 0.5 + level / 2
    df = k - 2 if convention == "HTS" else k - 1
    quantile = stats.norm.ppf(p) if convention == "z" else stats.t.ppf(p, df)
    half = float(quantile * np.sqrt(se**2 + tau2))
    return estimate - half, estimate + half
