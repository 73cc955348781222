"""Quantiles of posterior margins that are known at the nodes of a trapezoidal rule.

For functions that are smooth and vanish at both ends the rule converges exponentially (Trefethen
LN, Weideman JAC (2014) SIAM Rev 56:385), and so does its cardinal (sinc) series, whose integral is
a sum of sine integrals: F(x) = sum_j w_j (1/2 + Si(pi (x - x_j) / h) / pi).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri, sici

DROP = 30.0  # a density exp(-30) of its peak adds nothing
_INVERSE_ROOT = 1 / np.sqrt(2 * np.pi)


def locate(log_density, upper, nodes):
    """Where each of B densities on [0, ``upper``] lives.

    Parameters
    ----------
    log_density : callable
        From points of shape (B, nodes) to logarithms of densities of that shape.
    upper : ndarray, shape (B,)
    nodes : int

    Returns
    -------
    lower, upper : ndarray, shape (B,)
        Outside of them every density is below exp(-DROP) of its peak; ``lower`` is 0 where the
        density is not.
    """
    lower = np.zeros_like(upper)
    for _ in range(60):
        points = spread(lower, upper, nodes)
        values = log_density(points)
        kept = values > values.max(axis=1, keepdims=True) - DROP
        first = np.maximum(kept.argmax(axis=1) - 1, 0)
        last = np.minimum(nodes - kept[:, ::-1].argmax(axis=1), nodes - 1)
        if np.all(last - first >= 0.6 * (nodes - 1)):
            break
        rows = np.arange(upper.size)
        narrower = points[rows, first], points[rows, last]
        if np.all((narrower[1] - narrower[0]) <= 1e-14 * narrower[1]):
            break
        lower, upper = narrower
    return lower, upper


def spread(lower, upper, nodes):
    """Evenly spaced nodes from ``lower`` to ``upper``, both of shape (B,): shape (B, nodes)."""
    return lower[..., None] + (upper - lower)[..., None] * np.linspace(0, 1, nodes)


def solve_cdf(cdf, probabilities, start, lower, upper):
    """Points at which distribution functions reach ``probabilities``, by bracketed Newton steps.

    ``cdf`` returns the function and its density at points of the shape of ``start``.
    """
    x, moved = np.clip(start, lower, upper), upper - lower
    tolerance = 1e-11 * np.maximum(np.abs(upper - lower), np.abs(x) * 1e-3)
    for _ in range(200):
        value, density = cdf(x)
        excess = value - probabilities
        lower, upper = np.where(excess < 0, x, lower), np.where(excess > 0, x, upper)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = x - excess / density
        good = (newton >= lower) & (newton <= upper) & (np.abs(newton - x) <= 0.5 * moved)
        # At rounding level the bracket's other end may be far away: stay, do not halve.
        done = (np.abs(excess) < 1e-13) | (upper - lower <= tolerance)
        new = np.where(done, x, np.where(good, newton, (lower + upper) / 2))
        moved, x = np.abs(new - x), new
        if np.all(done | (good & (moved <= tolerance))):
            break
    return x


def mixture_quantiles(weights, means, sds, probabilities):
    """Quantiles of mixtures of normals.

    Parameters
    ----------
    weights, means, sds : ndarray, shapes that broadcast to (..., J)
    probabilities : ndarray, shape (P,)

    Returns
    -------
    ndarray, shape (..., P)
    """
    weights, means, sds = (array[..., None, :] for array in (weights, means, sds))
    parts = means + sds * ndtri(probabilities)[:, None]
    kept = weights > 1e-12 * weights.max(axis=-1, keepdims=True)
    low = np.where(kept, parts, np.inf).min(axis=-1)
    high = np.where(kept, parts, -np.inf).max(axis=-1)
    slack = 1e-9 * (high - low)

    def cdf(x):
        z = (x[..., None] - means) / sds
        density = np.exp(-0.5 * z**2) / sds
        return (weights * ndtr(z)).sum(-1), _INVERSE_ROOT * (weights * density).sum(-1)

    start = (weights * parts).sum(axis=-1)
    return solve_cdf(cdf, probabilities, start, low - slack, high + slack)


def node_quantiles(weights, nodes, probabilities, *, mirrored=None):
    """Quantiles of densities known at the nodes of a trapezoidal rule.

    Parameters
    ----------
    weights, nodes : ndarray, shape (B, G)
        Probabilities of evenly spaced nodes, adding to 1 in each row.
    probabilities : ndarray, shape (P,)
    mirrored : ndarray of bool, shape (B,), optional
        Rows in which the first node is 0 and the density an even function; its weight there is
        half of what the density says.

    Returns
    -------
    ndarray, shape (B, P)
    """
    mirrored = np.zeros(len(nodes), bool) if mirrored is None else mirrored
    step = (nodes[:, 1] - nodes[:, 0])[:, None, None]
    weights, nodes = weights[:, None, :], nodes[:, None, :]
    even = mirrored[:, None, None]

    def cdf(x):
        near, far = (x[..., None] - nodes) / step, (x[..., None] + nodes) / step
        beyond = np.where(even, sici(np.pi * far)[0] / np.pi if even.any() else 0.5, 0.5)
        value = (weights * (sici(np.pi * near)[0] / np.pi + beyond)).sum(-1)
        mirror = np.where(even, np.sinc(far) if even.any() else 0.0, 0.0)
        return value, (weights * (np.sinc(near) + mirror)).sum(-1) / step[..., 0]

    low, high = nodes[..., 0], nodes[..., -1]
    cumulative = np.cumsum(weights, axis=-1) - weights / 2
    index = np.argmin(np.abs(cumulative - np.reshape(probabilities, (-1, 1))), axis=-1)
    start = np.take_along_axis(nodes[:, 0], index, axis=1)
    shape = start.shape
    bounds = np.broadcast_to(low, shape), np.broadcast_to(high, shape)
    return solve_cdf(cdf, probabilities, start, *bounds)
