"""The difference of two proportions of one study, with an interval from those of each arm."""

from __future__ import annotations

import numpy as np

from evisynth.checks import check_level, check_tables


def newcombe(ai, n1i, ci, n2i, *, level=0.95):
    """Risk difference of each stratum with Newcombe's interval, which joins two score intervals.

    It stays within -1 and 1 and needs nothing added to an empty cell.

    Parameters
    ----------
    ai, n1i, ci, n2i : array_like of int, shape (k,)
        Events and totals of the first and the second arm of each stratum.
    level : float in (0, 1)

    Returns
    -------
    estimate, lower, upper : ndarray of shape (k,)
        First proportion less the second.

    Raises
    ------
    ArgumentError
        As `mantel_haenszel`.

    References
    ----------
    Newcombe RG (1998) Stat Med 17:873, method 10; score limits by statsmodels.
    """
    from statsmodels.stats.proportion import proportion_confint

    a, n1, c, n2 = check_tables("newcombe", ai, n1i, ci, n2i)
    alpha = 1 - check_level("newcombe", level)
    p, q = a / n1, c / n2
    p_low, p_high = proportion_confint(a, n1, alpha=alpha, method="wilson")
    q_low, q_high = proportion_confint(c, n2, alpha=alpha, method="wilson")
    lower = p - q - np.hypot(p - p_low, q_high - q)
    upper = p - q + np.hypot(p_high - p, q - q_low)
    return p - q, lower, upper
