"""Mantel-Haenszel sums over strata on arrays: estimate, variance and weights of each measure."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc


def stratified_odds_ratio(a, n1, c, n2):
    """Log odds ratio, its variance (Robins, Breslow and Greenland 1986), the weights."""
    strata = _strata(a, n1, c, n2)
    variance = float(strata.logodds_pooled_se) ** 2
    return float(np.log(strata.oddsratio_pooled)), variance, (n1 - a) / (n1 + n2) * c


def stratified_risk_ratio(a, n1, c, n2):
    """Log risk ratio, its variance (Greenland and Robins 1985), the weights."""
    n = n1 + n2
    above, below = np.sum(a * n2 / n), np.sum(c * n1 / n)
    # Greenland and Robins' n1 n2 (a + c) / n^2 - a c / n, as a sum in which nothing cancels.
    spread = (a * n1 * (n2 - c) + c * n2 * (n1 - a)) / n**2
    return float(np.log(above / below)), float(np.sum(spread) / (above * below)), c * n1 / n


def stratified_risk_difference(a, n1, c, n2):
    """Risk difference, its variance (Sato, Greenland and Robins 1989), the weights."""
    n = n1 + n2
    weights = n1 * n2 / n
    difference = np.sum((a * n2 - c * n1) / n) / np.sum(weights)
    p = np.sum((c * n1**2 - a * n2**2 + n1 * n2 * (n2 - n1) / 2) / n**2)
    q = np.sum((a * (n2 - c) + c * (n1 - a)) / n) / 2
    spread = difference * p + q
    if spread < 1e-12 * (abs(difference * p) + q):  # 0 but for rounding
        spread = 0.0
    return float(difference), float(spread / np.sum(weights) ** 2), weights


MANTEL_HAENSZEL = {
    "OR": stratified_odds_ratio,
    "RR": stratified_risk_ratio,
    "RD": stratified_risk_difference,
}


def _strata(a, n1, c, n2):
    from statsmodels.stats.contingency_tables import StratifiedTable

    return StratifiedTable(np.array([[a, n1 - a], [c, n2 - c]]))


def association(tables):
    """Cochran-Mantel-Haenszel statistic without continuity correction, and its p."""
    # Its own p is 1 less a distribution function, which loses what is small.
    statistic = float(_strata(*tables).test_null_odds(correction=False).statistic)
    return statistic, float(chdtrc(1, statistic))
