"""Posterior of the binomial-normal model, on a grid of (mu, tau) that adapts to the data.

Nodes of tau are even in u, tau = a sinh(u), with a the smallest of the studies' standard errors and
the prior's scale; for each tau nodes of mu are even over the range in which mu has mass. Both rules
are trapezoidal and converge exponentially; leaving out every second node says how far they have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from evisynth.engine.bayes.binomial_likelihood import NODES, Grid, laplace
from evisynth.engine.bayes.marginals import DROP, node_quantiles, solve_cdf, spread
from evisynth.engine.bayes.normal_posterior import tau_nodes

TOLERANCE = 1e-4  # of the rule with half of the nodes; with all of them its square
_MU_NODES, _TAU_NODES = 33, 25
_MOST_NODES = 400


@dataclass(frozen=True)
class Posterior:
    """Nodes and probabilities: u, tau (T,), mu (T, M), weights (T, M), and the likelihoods."""

    u: np.ndarray
    tau: np.ndarray
    mu: np.ndarray
    weights: np.ndarray
    log_weights: np.ndarray
    grid: Grid
    mirrored: bool
    unit: float


def integrate(xi, ni, prior, mu_prior, *, refine=1):
    """The posterior of one data set, refined until it holds still.

    ``refine`` multiplies the nodes of all three rules; it is for tests.
    """
    counts = np.array([_TAU_NODES, _MU_NODES, NODES]) * refine
    u, unit = _tau_range(xi, ni, prior, mu_prior)
    for _ in range(12):
        found = _evaluate(xi, ni, prior, mu_prior, u, unit, counts)
        margin = found.log_weights.max(axis=1)
        moved = _adjusted(u, found.u, margin - margin.max())
        if moved is not None:
            u = moved
            continue
        short = _shortfall(found) > TOLERANCE
        if not short.any() or np.any(counts >= _MOST_NODES * refine):
            break
        counts = np.where(short, 2 * counts, counts)
    return found


def _tau_range(xi, ni, prior, mu_prior):
    """Range of u from the normal-normal posterior, which is near enough to start from."""
    yi = np.log((xi + 0.5) / (ni - xi + 0.5))[None]
    vi = (1 / (xi + 0.5) + 1 / (ni - xi + 0.5))[None]
    u, _, _, unit, _ = tau_nodes(yi, vi, np.ones_like(yi, bool), prior, mu_prior, 48)
    return (float(u[0, 0]), float(u[0, -1])), float(unit[0])


def _adjusted(u, nodes, fall):
    """A range of u that fits better, or None where it fits."""
    kept = np.flatnonzero(fall > -DROP)
    first, last, end = kept[0], kept[-1], nodes.size - 1
    low, high = nodes[max(first - 1, 0)], nodes[min(last + 1, end)]
    if first == 0 and u[0] > 0:
        low = max(0.0, u[0] - (u[1] - u[0]) / 2)
    if last == end and fall[-1] > 0.6 * -DROP and nodes[-1] < 30:
        high = u[1] + _extension(u, nodes, fall)
    fits = low == u[0] or low > u[0]
    if fits and high <= u[1] and high - low >= 0.6 * (u[1] - u[0]):
        return None
    return float(low), float(high)


def _extension(u, nodes, fall):
    """How much further u must go: half as far again, or as its last fall foretells.

    Under a prior with a long tail the fall is about a straight line in u.
    """
    slope = (fall[-2] - fall[-1]) / (nodes[-1] - nodes[-2])
    needed = (0.6 * DROP + fall[-1]) / slope if slope > 0 else np.inf
    return (u[1] - u[0]) * float(np.clip(1.05 * needed / (u[1] - u[0]), 0.5, 1.5))


def _evaluate(xi, ni, prior, mu_prior, u, unit, counts):
    tau_count, mu_count, nodes = map(int, counts)
    tau_count = max(tau_count, 2 * int(2.5 * (u[1] - u[0])) + 1)
    u = np.linspace(*u, tau_count)
    tau = unit * np.sinh(u)
    mu = spread(*_mu_ranges(tau, xi, ni, mu_prior), mu_count)
    grid = Grid(mu, tau, xi, ni, nodes)
    log_weights = (
        grid.log_likelihood.sum(axis=2)
        + _log_normal(mu, mu_prior)
        + (prior.log_density(tau) + np.log(np.cosh(u)) + np.log(mu[:, 1] - mu[:, 0]))[:, None]
    )
    mirrored = u[0] == 0
    log_weights[0] -= np.log(2) * mirrored
    log_weights -= logsumexp(log_weights)
    return Posterior(u, tau, mu, np.exp(log_weights), log_weights, grid, mirrored, unit)


def _log_normal(mu, mu_prior):
    return -0.5 * ((mu - mu_prior[0]) / mu_prior[1]) ** 2


def _mu_ranges(tau, xi, ni, mu_prior, nodes=15):
    """For each tau the range of mu with mass, by Laplace's approximation."""
    events = np.sum(xi + 0.5) / np.sum(ni - xi + 0.5)
    centres = np.array([mu_prior[0], np.log(events)])
    margin = 8 * mu_prior[1]
    lower = np.full(tau.size, centres.min() - margin)
    upper = np.full(tau.size, centres.max() + margin)
    rows = np.arange(tau.size)
    for _ in range(60):
        mu = spread(lower, upper, nodes)
        value = laplace(mu[:, :, None], tau[:, None, None], xi, ni).sum(2)
        value = value + _log_normal(mu, mu_prior)
        kept = value > value.max(axis=1, keepdims=True) - DROP
        first = np.maximum(kept.argmax(axis=1) - 1, 0)
        last = np.minimum(nodes - kept[:, ::-1].argmax(axis=1), nodes - 1)
        if np.all(last - first >= 0.6 * (nodes - 1)):
            break
        lower, upper = mu[rows, first], mu[rows, last]
    return lower, upper


def _shortfall(found):
    """How much the rules over tau, mu and z change with half of their nodes."""
    w, mu, tau = found.weights, found.mu, found.tau[:, None]
    mean, deviation = np.sum(w * mu), np.sqrt(np.sum(w * mu**2) - np.sum(w * mu) ** 2)
    z, t2 = (mu - mean) / deviation, (tau / np.sum(w * tau)) ** 2
    # Even functions of tau, and bounded: the second moment of tau need not exist.
    moments = np.stack(np.broadcast_arrays(1.0, z, z**2, t2 / (1 + t2)))
    full = np.sum(moments * w, axis=(1, 2))
    half_tau = 2 * np.sum((moments * w)[:, ::2], axis=(1, 2))
    half_mu = 2 * np.sum((moments * w)[:, :, ::2], axis=(1, 2))
    in_z = np.sum(w[:, :, None] * found.grid.doubt)
    return np.array([np.abs(half_tau - full).max(), np.abs(half_mu - full).max(), in_z])


def margins(found, level):
    """Medians and equal-tailed limits of mu and tau, with mean and standard deviation of mu."""
    tails = np.array([0.5, 0.5 - level / 2, 0.5 + level / 2])
    w, mu = found.weights, found.mu
    mean = np.sum(w * mu)
    by_tau = w.sum(axis=1)
    # Far from the mass of tau the weights may be nothing but zeros, which have no quantiles.
    kept = by_tau > 1e-13
    conditional = node_quantiles(w[kept] / by_tau[kept, None], mu[kept], tails)
    quantiles = _mixed_quantiles(w[kept], mu[kept], conditional, tails)
    mirrored = np.array([found.mirrored])
    u = node_quantiles(by_tau[None], found.u[None], tails, mirrored=mirrored)[0]
    result = {"mean": mean, "se": np.sqrt(np.sum(w * (mu - mean) ** 2))}
    result |= dict(zip(("estimate", "ci_lb", "ci_ub"), quantiles, strict=True))
    return result | dict(zip(("tau", "tau_lb", "tau_ub"), found.unit * np.sinh(u), strict=True))


def _mixed_quantiles(weights, nodes, conditional, probabilities):
    """Quantiles of the mixture over tau, each part a cardinal series on nodes of its own."""
    from scipy.special import sici

    step = (nodes[:, 1] - nodes[:, 0])[:, None]

    def cdf(x):
        distance = (x[:, None, None] - nodes) / step
        value = weights * (0.5 + sici(np.pi * distance)[0] / np.pi)
        return value.sum((1, 2)), (weights * np.sinc(distance) / step).sum((1, 2))

    low, high = conditional.min(axis=0), conditional.max(axis=0)
    slack = 1e-9 * (high - low) + 1e-15
    start = weights.sum(1) @ conditional
    return solve_cdf(cdf, probabilities, start, low - slack, high + slack)
