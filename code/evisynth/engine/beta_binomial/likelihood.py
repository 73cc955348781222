"""The likelihood of the beta-binomial model, with its derivatives."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, expit, gammaln, polygamma

_LARGE = 100.0  # from here on asymptotic series of the gamma function are exact to rounding


def likelihood(mu, s, xi, ni):
    """Log-likelihood, gradient (2) and second derivatives (3) in (mu, s = log theta).

    ``mu`` and ``s`` may be arrays of one shape. With n factors rising from p by theta, events add
    log p + log(p + theta) + ..., non-events the same from 1 - p, less that of all from 1.
    """
    mu, s = np.asarray(mu)[..., None], np.asarray(s)[..., None]
    p, q, theta = expit(mu), expit(-mu), np.exp(s)
    events, others, all_ = (
        _rising(base, theta, count) for base, count in ((p, xi), (q, ni - xi), (np.ones(1), ni))
    )
    total = [(e + o - a).sum(-1) for e, o, a in zip(events, others, all_, strict=True)]
    by_p = (events[1] - others[1]).sum(-1)
    p_p = -(events[3] + others[3]).sum(-1)
    p_theta = (others[4] - events[4]).sum(-1)
    p, q, theta = p[..., 0], q[..., 0], theta[..., 0]
    slope = p * q
    gradient = np.array([by_p * slope, total[2] * theta])
    hessian = np.array([
        p_p * slope**2 + by_p * slope * (q - p),
        p_theta * slope * theta,
        -total[5] * theta**2 + total[2] * theta,
    ])  # fmt: skip
    return total[0], gradient, hessian


def _rising(base, theta, count):
    """Sums over j < count of log t, 1/t, j/t, 1/t^2, j/t^2 and j^2/t^2, t = base + j theta."""
    a = base / theta
    log_sum = np.where(a < _LARGE, _log_by_gamma(a, theta, count), _log_by_series(a, base, count))
    first = np.where(a < _LARGE, digamma(a + count) - digamma(a), _digamma_ratio(a, count))
    first = first / theta
    second = (polygamma(1, a) - polygamma(1, a + count)) / theta**2
    j_first = (count - base * first) / theta
    j_second = (first - base * second) / theta
    return log_sum, first, j_first, second, j_second, (j_first - base * j_second) / theta


def _log_by_gamma(a, theta, count):
    return gammaln(a + count) - gammaln(a) + count * np.log(theta)


def _log_by_series(a, base, count):
    """Stirling's series of both gamma functions, subtracted before anything is large."""

    def rest(z):
        return (1 / 12 - (1 / 360 - 1 / (1260 * z * z)) / (z * z)) / z

    whole = a + count
    bulk = (whole - 0.5) * np.log1p(count / a) - count
    return count * np.log(base) + bulk + rest(whole) - rest(a)


def _digamma_ratio(a, count):
    """digamma(a + count) - digamma(a) by the asymptotic series."""

    def rest(z):
        return (0.5 + (1 / 12 - (1 / 120 - 1 / (252 * z * z)) / (z * z)) / z) / z

    return np.log1p(count / a) - rest(a + count) + rest(a)
