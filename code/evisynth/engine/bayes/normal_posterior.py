"""Posterior of the normal-normal model: for each tau all is normal, so only tau is integrated.

Rover C (2020) J Stat Softw 93(6), sections 2.2 to 2.7. Nodes are even in u, where
tau = a sinh(u) and a is the smallest of the standard errors and the prior's scale: the integrand
is an even and analytic function of u, for which the trapezoidal rule converges exponentially.
"""

from __future__ import annotations

import numpy as np

from evisynth.engine.bayes.marginals import locate, mixture_quantiles, node_quantiles, spread

NODES = 128


def conditional(tau, yi, vi, used, mu_prior):
    """Mean and variance of mu given tau, and the logarithm of the likelihood of tau.

    Parameters
    ----------
    tau : ndarray, shape (B, T)
    yi, vi : ndarray, shape (B, k)
    used : ndarray of bool, shape (B, k)
    mu_prior : (mean, sd) or None

    Returns
    -------
    mean, variance, log_likelihood : ndarray, shape (B, T)
    """
    mean0, precision0 = (0.0, 0.0) if mu_prior is None else (mu_prior[0], mu_prior[1] ** -2)
    wi = used[:, None, :] / (vi[:, None, :] + tau[:, :, None] ** 2)
    precision = wi.sum(-1) + precision0
    mean = ((wi * yi[:, None, :]).sum(-1) + precision0 * mean0) / precision
    squares = (wi * (yi[:, None, :] - mean[:, :, None]) ** 2).sum(-1)
    logs = np.log(np.where(used[:, None, :], wi, 1.0)).sum(-1)
    fall = squares + precision0 * (mean - mean0) ** 2
    return mean, 1 / precision, 0.5 * (logs - np.log(precision) - fall)


def tau_nodes(yi, vi, used, prior, mu_prior, nodes=NODES):
    """Nodes of tau and their posterior probabilities.

    Returns
    -------
    u, tau, weights : ndarray, shape (B, T)
    unit : ndarray, shape (B,)
        The ``a`` of tau = a sinh(u).
    mirrored : ndarray of bool, shape (B,)
        Whether the nodes begin at tau = 0.
    """
    unit = np.minimum(np.sqrt(np.where(used, vi, np.inf).min(axis=1)), prior.scale)

    def log_density(u, moments):
        tau = unit[:, None] * np.sinh(u)
        _, variance, log_likelihood = conditional(tau, yi, vi, used, mu_prior)
        value = log_likelihood + prior.log_density(tau) + np.log(np.cosh(u))
        # Where the variance of mu grows with tau, its mean needs tails that tau itself does not.
        return value + moments * np.log1p(variance / variance[:, :1])

    distance = _distance(yi, used, mu_prior)
    upper = np.arcsinh(prior.reach(distance) / unit)
    lower, upper = locate(lambda u: log_density(u, 1), upper, nodes)
    count = max(nodes, int(8 * np.max(upper - lower)))
    u = spread(lower, upper, count)
    log_weights = log_density(u, 0)
    weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
    mirrored = lower == 0
    weights[mirrored, 0] /= 2
    return u, unit[:, None] * np.sinh(u), weights / weights.sum(1, keepdims=True), unit, mirrored


def _distance(yi, used, mu_prior):
    """Root of the sum of squared distances of the effects from their mean, or the prior's."""
    centre = (yi * used).sum(1) / used.sum(1)
    distance = np.sqrt(((yi - centre[:, None]) ** 2 * used).sum(1))
    if mu_prior is not None:
        distance = distance + np.sqrt(used.sum(1)) * np.abs(centre - mu_prior[0])
    return distance


def posterior(yi, vi, used, prior, mu_prior, level, *, nodes=NODES, shrinkage=False):
    """Margins of the posterior, for B data sets.

    Returns
    -------
    dict of ndarray
        estimate, mean, se, ci_lb, ci_ub, pi_lb, pi_ub, tau, tau_lb, tau_ub of shape (B,); with
        ``shrinkage`` also shrinkage (B, k, 3), weights (B, k) and density (B, 2, 101).
    """
    tails = np.array([0.5, 0.5 - level / 2, 0.5 + level / 2])
    u, tau, weights, unit, mirrored = tau_nodes(yi, vi, used, prior, mu_prior, nodes)
    mean, variance, _ = conditional(tau, yi, vi, used, mu_prior)
    mu = mixture_quantiles(weights, mean, np.sqrt(variance), tails)
    new = mixture_quantiles(weights, mean, np.sqrt(variance + tau**2), tails[1:])
    margin = unit[:, None] * np.sinh(node_quantiles(weights, u, tails, mirrored=mirrored))
    average = (weights * mean).sum(1)
    spread_ = (weights * (variance + (mean - average[:, None]) ** 2)).sum(1)
    # A half-Cauchy tail with two studies and a flat mean: the integral of the variance diverges.
    endless = (prior.name[:2] == "HC") & (mu_prior is None) & (used.sum(1) < 3)
    found = {"mean": average, "se": np.where(endless, np.inf, np.sqrt(spread_))}
    found |= dict(zip(("estimate", "ci_lb", "ci_ub"), mu.T, strict=True))
    found |= dict(zip(("pi_lb", "pi_ub"), new.T, strict=True))
    found |= dict(zip(("tau", "tau_lb", "tau_ub"), margin.T, strict=True))
    if shrinkage:
        found |= _of_each_study(tau, weights, mean, variance, yi, vi, tails)
        found["density"] = _density(weights, mean, np.sqrt(variance), mu)
    return found


def _of_each_study(tau, weights, mean, variance, yi, vi, tails):
    """Underlying effects and posterior means of the relative weights."""
    tau2 = tau[:, None, :] ** 2
    own = tau2 / (tau2 + vi[:, :, None])  # share of the study's own estimate
    mean_i = own * yi[:, :, None] + (1 - own) * mean[:, None, :]
    variance_i = own * vi[:, :, None] + (1 - own) ** 2 * variance[:, None, :]
    effects = mixture_quantiles(weights[:, None, :], mean_i, np.sqrt(variance_i), tails)
    wi = 1 / (vi[:, :, None] + tau2)
    share = (weights[:, None, :] * wi / wi.sum(1, keepdims=True)).sum(-1)
    return {"shrinkage": effects, "weights": 100 * share}


def _density(weights, mean, sd, mu):
    """Density of mu at 101 points, twice as wide as its limits."""
    points = spread(2 * mu[:, 1] - mu[:, 0], 2 * mu[:, 2] - mu[:, 0], 101)
    z = (points[:, :, None] - mean[:, None, :]) / sd[:, None, :]
    terms = weights[:, None, :] * np.exp(-0.5 * z**2) / sd[:, None, :]
    return np.stack([points, terms.sum(-1) / np.sqrt(2 * np.pi)], axis=1)
