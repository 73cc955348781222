"""Between-study variance of the normal-normal model: estimators on arrays, analysis scale."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq


def generalised_q(yi, vi, tau2=0.0):
    """Cochran's Q generalised to weights 1 / (vi + tau2); DerSimonian and Kacker (2007) eq 6."""
    wi = 1 / (vi + tau2)
    return float(np.sum(wi * (yi - np.sum(wi * yi) / np.sum(wi)) ** 2))


def restricted_log_likelihood(yi, vi, tau2):
    """Restricted log-likelihood up to a constant; Viechtbauer (2005) J Educ Behav Stat 30:261."""
    wi = 1 / (vi + tau2)
    mu = np.sum(wi * yi) / np.sum(wi)
    return float(0.5 * (np.sum(np.log(wi)) - np.log(np.sum(wi)) - np.sum(wi * (yi - mu) ** 2)))


def log_likelihood(yi, vi, tau2):
    """Profile log-likelihood of tau2 up to a constant (the mean at its weighted average)."""
    wi = 1 / (vi + tau2)
    mu = np.sum(wi * yi) / np.sum(wi)
    return float(0.5 * (np.sum(np.log(wi)) - np.sum(wi * (yi - mu) ** 2)))


def equal_effects(yi, vi):
    """No between-study variance by assumption."""
    return 0.0


def dersimonian_laird(yi, vi):
    """Method of moments, truncated at 0; DerSimonian and Laird (1986) Control Clin Trials 7:177."""
    wi = 1 / vi
    excess = generalised_q(yi, vi) - (yi.size - 1)
    return max(0.0, excess / (np.sum(wi) - np.sum(wi**2) / np.sum(wi)))


def paule_mandel(yi, vi):
    """Root of Q(tau2) = k - 1, or 0 where Q(0) lies below; Paule and Mandel (1982)."""
    df = yi.size - 1
    if generalised_q(yi, vi) <= df:
        return 0.0
    upper = max(np.var(yi, ddof=1), np.max(vi))
    while generalised_q(yi, vi, upper) > df:
        upper *= 2
    # xtol next to nothing: an absolute tolerance would tie the accuracy to the unit of yi.
    return brentq(lambda tau2: generalised_q(yi, vi, tau2) - df, 0, upper, xtol=1e-300, rtol=1e-14)


def _maximise(objective, yi, vi):
    """Global maximum over tau2 >= 0: there can be several local ones, so scan, then polish."""
    top = 10 * max(np.var(yi, ddof=1), np.max(vi))
    grid = np.concatenate([[0.0], np.geomspace(min(top * 1e-10, np.min(vi) * 1e-4), top, 240)])
    score = _SCORES[objective]
    slopes = np.array([score(yi, vi, tau2) for tau2 in grid])
    rises = np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
    peaks = [_root(score, yi, vi, grid[i], grid[i + 1]) for i in rises]
    # 0 is a local maximum only where the score there is not above 0.
    candidates = peaks if slopes[0] > 0 else [0.0, *peaks]
    return max(candidates, key=lambda tau2: objective(yi, vi, tau2))


def _root(score, yi, vi, low, high):
    """Root of the score in a grid cell, to machine precision relative to itself."""
    return brentq(lambda tau2: score(yi, vi, tau2), low, high, xtol=1e-300, rtol=1e-14)


def _restricted_score(yi, vi, tau2):
    wi = 1 / (vi + tau2)
    total = np.sum(wi)
    mu = np.sum(wi * yi) / total
    return 0.5 * (np.sum(wi**2 * (yi - mu) ** 2) - total + np.sum(wi**2) / total)


def _score(yi, vi, tau2):
    wi = 1 / (vi + tau2)
    mu = np.sum(wi * yi) / np.sum(wi)
    return 0.5 * (np.sum(wi**2 * (yi - mu) ** 2) - np.sum(wi))


_SCORES = {restricted_log_likelihood: _restricted_score, log_likelihood: _score}


def reml(yi, vi):
    """Restricted maximum likelihood, the global maximum, exactly 0 at the boundary."""
    return _maximise(restricted_log_likelihood, yi, vi)


def ml(yi, vi):
    """Maximum likelihood, the global maximum, exactly 0 at the boundary."""
    return _maximise(log_likelihood, yi, vi)


ESTIMATORS = {
    "EE": equal_effects,
    "DL": dersimonian_laird,
    "PM": paule_mandel,
    "ML": ml,
    "REML": reml,
}
