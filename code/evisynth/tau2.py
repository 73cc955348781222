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


def typical_variance(vi):
    """A typical sampling variance; Higgins and Thompson (2002) Stat Med 21:1539, eq 9."""
    return float((vi.size - 1) / _moment_weight(1 / vi))


def _moment_weight(wi):
    """Sum of w less the sum of w^2 over it, by pairs: next to one huge weight nothing cancels."""
    before = np.concatenate([[0.0], np.cumsum(wi)[:-1]])
    return 2 * np.sum(wi * before) / np.sum(wi)


def dersimonian_laird(yi, vi):
    """Method of moments, truncated at 0; DerSimonian and Laird (1986) Control Clin Trials 7:177."""
    excess = generalised_q(yi, vi) - (yi.size - 1)
    return max(0.0, float(excess / _moment_weight(1 / vi)))


def hedges(yi, vi):
    """Variance of the effects less the mean sampling variance; Hedges and Olkin (1985) ch 9."""
    return max(0.0, float(np.var(yi, ddof=1) - np.mean(vi)))


def hunter_schmidt(yi, vi):
    """(Q - k) over the sum of weights, truncated at 0; Schmidt and Hunter (2015) ch 9."""
    return max(0.0, float((generalised_q(yi, vi) - yi.size) / np.sum(1 / vi)))


def sidik_jonkman(yi, vi):
    """One step from the spread of the effects; Sidik and Jonkman (2005) Appl Stat 54:367."""
    start = float(np.var(yi))
    return start * generalised_q(yi, vi, start) / (yi.size - 1)


def solve_q(yi, vi, target):
    """The tau2 at which Q(tau2) is ``target``, or 0 where Q(0) lies below: Q falls in tau2."""
    if generalised_q(yi, vi) <= target:
        return 0.0
    upper = max(np.var(yi, ddof=1), np.max(vi))
    while generalised_q(yi, vi, upper) > target:
        upper *= 2
    return _root(lambda tau2: generalised_q(yi, vi, tau2) - target, 0, upper)


def paule_mandel(yi, vi):
    """Root of Q(tau2) = k - 1, or 0 where Q(0) lies below; Paule and Mandel (1982)."""
    return solve_q(yi, vi, yi.size - 1)


def empirical_bayes(yi, vi):
    """Morris (1983) J Am Stat Assoc 78:47: the solution of the equation of Paule and Mandel."""
    return paule_mandel(yi, vi)


def _maximise(objective, yi, vi):
    """Global maximum over tau2 >= 0: there can be several local ones, so scan, then polish."""
    top = 10 * max(np.var(yi, ddof=1), np.max(vi))
    grid = np.concatenate([[0.0], np.geomspace(min(top * 1e-10, np.min(vi) * 1e-4), top, 240)])
    score = _SCORES[objective]
    slopes = np.array([score(yi, vi, tau2) for tau2 in grid])
    rises = np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
    peaks = [_root(lambda tau2: score(yi, vi, tau2), grid[i], grid[i + 1]) for i in rises]
    # 0 is a local maximum only where the score there is not above 0.
    candidates = peaks if slopes[0] > 0 else [0.0, *peaks]
    return max(candidates, key=lambda tau2: objective(yi, vi, tau2))


def _root(function, low, high):
    """Root in a bracket, to machine precision relative to itself."""
    # xtol next to nothing: an absolute tolerance would tie the accuracy to the unit of yi.
    return brentq(function, low, high, xtol=1e-300, rtol=1e-14, maxiter=2000)


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
    "HE": hedges,
    "HS": hunter_schmidt,
    "SJ": sidik_jonkman,
    "PM": paule_mandel,
    "EB": empirical_bayes,
    "ML": ml,
    "REML": reml,
}
