"""The likelihood of the binomial-normal model, with its gradient and information.

The random effect is integrated out by the trapezoidal rule over the range that matters, study by
study: for such integrands it converges exponentially (Trefethen LN, Weideman JAC (2014) SIAM Rev
56:385), also where one is so skewed that Gauss-Hermite nodes miss it (tau above 2, or no events in
a large study).
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, log_expit, logsumexp, xlogy

_DROP = 36.0  # beyond the points where an integrand is exp(-36) of its peak, nothing is added


def _log_integrand(z, mu, tau, xi, ni):
    """Log-likelihood of each study at mu + tau z, less its maximum, plus log N(z; 0, 1)."""
    eta = mu + tau * z
    saturated = xlogy(xi, xi / ni) + xlogy(ni - xi, 1 - xi / ni)
    likelihood = xi * log_expit(eta) + (ni - xi) * log_expit(-eta) - saturated
    return likelihood - 0.5 * z**2 - 0.5 * np.log(2 * np.pi)


def modes(mu, tau, xi, ni):
    """Mode and curvature scale of each study's integrand in z; its log odds are mu + tau z."""
    first = tau * (xi - ni * expit(mu))
    low, high = np.minimum(first, 0), np.maximum(first, 0)
    yi, vi = np.log((xi + 0.5) / (ni - xi + 0.5)), 1 / (xi + 0.5) + 1 / (ni - xi + 0.5)
    z = np.clip(tau * (yi - mu) / (vi + tau**2), low, high)
    moved = high - low
    for _ in range(200):
        p = expit(mu + tau * z)
        gradient = tau * (xi - ni * p) - z
        low, high = np.where(gradient > 0, z, low), np.where(gradient > 0, high, z)
        newton = gradient / (1 + tau**2 * ni * p * (1 - p))
        # Newton alone goes to and fro for ever where tau or n is large: halve the bracket instead
        # where a step leaves it, or is not half of the step before.
        good = (z + newton >= low) & (z + newton <= high) & (np.abs(newton) <= 0.5 * moved)
        step = np.where(good, newton, (low + high) / 2 - z)
        z, moved = z + step, np.abs(step)
        if np.all(moved <= 1e-7 * (1 + np.abs(z))):
            break
    p = expit(mu + tau * z)
    return z, 1 / np.sqrt(1 + tau**2 * ni * p * (1 - p))


def _reach(side, centre, scale, mu, tau, xi, ni):
    """Distance from the mode, on one ``side`` (-1, 1), where an integrand has fallen by _DROP."""
    peak = _log_integrand(centre, mu, tau, xi, ni)
    widest = np.sqrt(2 * _DROP)  # no integrand is wider than the normal density of z
    width = widest * scale
    while True:
        fall = peak - _log_integrand(centre + side * width, mu, tau, xi, ni)
        short = (fall < _DROP) & (width < widest)
        if not short.any():
            return width
        width = np.where(short, np.minimum(2 * width, widest), width)


def evaluate(mu, tau, xi, ni, nodes):
    """Log-likelihood less its saturated value, gradient and information in (mu, tau).

    The information is the observed one, by Louis (1982) J R Stat Soc B 44:226.
    """
    centre, scale = modes(mu, tau, xi, ni)
    below = _reach(-1, centre, scale, mu, tau, xi, ni)
    above = _reach(1, centre, scale, mu, tau, xi, ni)
    points = _points(tau, nodes)
    step = (below + above) / (points - 1)
    z = (centre - below)[:, None] + step[:, None] * np.arange(points)
    log_terms = _log_integrand(z, mu, tau, xi[:, None], ni[:, None]) + np.log(step)[:, None]
    per_study = logsumexp(log_terms, axis=1)
    posterior = np.exp(log_terms - per_study[:, None])
    scores, complete = _complete_data(z, scale, mu, tau, xi[:, None], ni[:, None])
    means = np.sum(posterior * scores, axis=2)
    centred = scores - means[:, :, None]
    missing = np.einsum("km,ikm,jkm->ij", posterior, centred, centred, optimize=True)
    information = np.einsum("km,ijkm->ij", posterior, complete) - missing
    return float(np.sum(per_study)), means.sum(axis=1), information


def _points(tau, nodes):
    """More points where tau is large, since the integrand bends within a unit of tau z."""
    return int(nodes * min(max(1, abs(tau) / 4), 16))


def _complete_data(z, scale, mu, tau, xi, ni):
    """Scores and information in (mu, tau) as if the random effect were known, at every node.

    Of the two ways to write the model each study gets the one in which little cancels: the log odds
    as the random effect where the counts say more about it than tau does, else z.
    """
    p = expit(mu + tau * z)
    residual = xi - ni * p
    weight = ni * p * (1 - p)
    by_z = np.array([residual, residual * z])
    from_z = np.array([[weight, weight * z], [weight * z, weight * z**2]])
    spread = tau if tau != 0 else 1.0
    by_odds = np.array([z, z**2 - 1]) / spread
    from_odds = np.array([[np.ones_like(z), 2 * z], [2 * z, 3 * z**2 - 1]]) / spread**2
    counts_rule = (scale**2 < 0.5)[:, None]
    return np.where(counts_rule, by_odds, by_z), np.where(counts_rule, from_odds, from_z)
