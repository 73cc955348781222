"""Margins of underlying effects in the binomial-normal model: of each study, and of a new one."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import expit, ndtr, ndtri, sici

from evisynth.engine.bayes.binomial_likelihood import log_kernel
from evisynth.engine.bayes.marginals import node_quantiles, solve_cdf

_HERMITE = np.polynomial.hermite_e.hermegauss(9)
_NEGLIGIBLE = 1e-10
_LONG = 10.0


def new_study(found, level):
    """Limits of a new study's log odds, and the mean of its proportion."""
    step = found.mu[:, 1] - found.mu[:, 0]
    wide = found.tau >= step
    kept = wide[:, None] & (found.weights > 1e-14)
    weights, mu = found.weights[kept], found.mu[kept]
    tau = np.broadcast_to(found.tau[:, None], found.mu.shape)[kept]
    # Where tau is below the step of mu the normal kernel would fall between the nodes: there its
    # own nodes move the cardinal series.
    nodes, shares = _HERMITE[0], _HERMITE[1] / _HERMITE[1].sum()
    moved = found.mu[~wide][:, :, None] + found.tau[~wide, None, None] * nodes
    parts = found.weights[~wide][:, :, None] * shares
    step = step[~wide, None, None]

    def cdf(x):
        z = (x[:, None] - mu) / tau
        value = ndtr(z) @ weights
        density = np.exp(-0.5 * z**2) @ (weights / tau) / np.sqrt(2 * np.pi)
        far = (x[:, None, None, None] - moved) / step
        value += np.sum(parts * (0.5 + sici(np.pi * far)[0] / np.pi), axis=(1, 2, 3))
        return value, density + np.sum(parts * np.sinc(far) / step, axis=(1, 2, 3))

    tails = np.array([0.5 - level / 2, 0.5 + level / 2])
    reach = -ndtri(1e-14) * found.tau[:, None]
    low, high = np.min(found.mu - reach), np.max(found.mu + reach)
    mean = np.sum(found.weights * found.mu)
    spread = np.sqrt(np.sum(found.weights * (found.mu - mean) ** 2))
    limits = solve_cdf(cdf, tails, mean + 2 * spread * ndtri(tails), low, high)
    z = np.linspace(-6.5, 6.5, 81)
    normal = np.exp(-0.5 * z**2) / np.exp(-0.5 * z**2).sum()
    proportions = expit(found.mu[:, :, None] + found.tau[:, None, None] * z) @ normal
    return *limits, float(np.sum(found.weights * proportions))


def of_each_study(found, xi, ni, level):
    """Medians and limits of the studies' log odds, shape (k, 3)."""
    tails = np.array([0.5, 0.5 - level / 2, 0.5 + level / 2])
    _, first, places = np.unique([xi, ni], axis=1, return_index=True, return_inverse=True)
    one_of_each = np.array([_one(found, i, xi[i], ni[i], tails) for i in first])
    return one_of_each[places.ravel()]


def _one(found, i, x, n, tails):
    theta, reach = found.grid.theta[:, :, i], 2 * found.grid.half_width[:, :, i]
    points, jacobian = _nodes(found, theta, reach)
    cavity = found.log_weights - found.grid.log_likelihood[:, :, i]
    weights = jacobian * _density(found, cavity, points, lambda value: log_kernel(value, x, n))
    return _quantiles(weights / weights.sum(), points, tails)


def _nodes(found, theta, reach):
    """Nodes centre + unit sinh(w), even in w, over all that has mass; with their Jacobian.

    The unit is near the smallest width that matters: with little heterogeneity the density is a
    narrow peak, with much a wide one, and the margin is a mixture of them.
    """
    weights = found.weights
    kept = weights > _NEGLIGIBLE * weights.max()
    # Far from the mass of tau the weights may be nothing but zeros: they add none to the unit.
    by_tau = np.maximum(weights.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    centres = (weights * theta).sum(axis=1, keepdims=True) / by_tau
    within = (weights * (theta - centres) ** 2).sum(axis=1, keepdims=True) / by_tau
    width = np.sqrt(within + (reach / 14) ** 2)
    # Where tau and the weights are 0 there is no width either.
    unit = 1 / np.sum(weights[kept] / width[kept])
    order = np.argsort(theta, axis=None)
    middle = np.searchsorted(np.cumsum(weights.flat[order]), 0.5)
    centre = theta.flat[order[min(middle, order.size - 1)]]
    low = np.arcsinh(((theta - reach)[kept].min() - centre) / unit)
    high = np.arcsinh(((theta + reach)[kept].max() - centre) / unit)
    # Far from its centre a density with long tails still bends within one log odds.
    dense = 10 if high - low < _LONG else 20
    w = np.linspace(low, high, 61 + int(dense * (high - low)))
    return (centre, unit, w), np.cosh(w)


def _density(found, cavity, points, log_likelihood):
    """Density, but for a constant, of log odds theta ~ N(mu, tau^2) with a likelihood of its own.

    ``cavity`` is the logarithm of the nodes' probabilities given the other studies.
    """
    theta = points[0] + points[1] * np.sinh(points[2])
    own = log_likelihood(theta)
    step = found.mu[:, 1] - found.mu[:, 0]
    wide = found.tau >= step
    kept = wide[:, None] & (found.weights > _NEGLIGIBLE * found.weights.max())
    tau = np.broadcast_to(found.tau[:, None], found.mu.shape)[kept]
    z = (theta[:, None] - found.mu[kept]) / tau
    terms = cavity[kept] - np.log(tau) - 0.5 * z**2 - 0.5 * np.log(2 * np.pi) + own[:, None]
    total = np.exp(terms).sum(axis=1)
    # Where tau is below the step of mu the kernel would fall between the nodes: integrate over z.
    for j in np.flatnonzero(~wide & (found.weights.sum(1) > _NEGLIGIBLE)):
        total += _narrow(found.mu[j], cavity[j] - np.log(step[j]), found.tau[j], theta, own)
    return total


def _narrow(mu, log_cavity, tau, theta, own):
    nodes, weights = _HERMITE
    at = theta[:, None] - tau * nodes
    inside = (at >= mu[0]) & (at <= mu[-1])
    value = CubicSpline(mu, log_cavity)(np.clip(at, mu[0], mu[-1])) + own[:, None]
    return np.exp(np.where(inside, value, -np.inf)) @ (weights / weights.sum())


def _quantiles(weights, points, tails):
    centre, unit, w = points
    return centre + unit * np.sinh(node_quantiles(weights[None], w[None], tails)[0])
