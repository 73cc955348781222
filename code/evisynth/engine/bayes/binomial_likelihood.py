"""Likelihood of the binomial-normal model on a grid of (mu, tau), study by study.

Each study's log odds are mu + tau z with z standard normal. The integrand in z is log-concave; it
is found by bracketed Newton steps and summed by the trapezoidal rule from where it has fallen by
exp(-DROP) on one side to where it has on the other.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, ndtr, xlogy

DROP = 26.0
NODES = 36  # with 32 every third fit falls short by a little, and is done again with 64
_PIECE = 200_000  # numbers of one pass, so that they stay in the processor's cache
_MOST = 24
_WIDE = 2.0  # tau from which studies without events, or without others, are integrated by parts
# Errors exp(-pi^2 / 0.25), and its root of every second node: the density falls as Gumbel's.
_STEP = 0.25
_OVERFLOW = 700.0  # log odds whose exponential is still a number


def log_kernel(theta, xi, ni):
    """Log-likelihood of counts at log odds ``theta``, without the binomial coefficient."""
    return xi * theta - ni * (np.maximum(theta, 0) + np.log1p(np.exp(-np.abs(theta))))


def _log_integrand(z, mu, tau, xi, ni):
    return log_kernel(mu + tau * z, xi, ni) - 0.5 * z**2


def modes(mu, tau, xi, ni):
    """Mode of each integrand in z, to a tenth of its width, and the curvature there.

    ``mu``, ``tau``, ``xi`` and ``ni`` broadcast to one shape.
    """
    first = tau * (xi - ni * expit(mu))
    yi, vi = np.log((xi + 0.5) / (ni - xi + 0.5)), 1 / (xi + 0.5) + 1 / (ni - xi + 0.5)
    # The integrand is no lower at its mode than at yi, where the likelihood is nearly at its top.
    top = xlogy(xi, xi / ni) + xlogy(ni - xi, 1 - xi / ni)
    lost = np.maximum(top - log_kernel(yi, xi, ni), 0) + 1e-3
    with np.errstate(over="ignore"):
        reach = np.hypot((yi - mu) / np.maximum(tau, 1e-300), np.sqrt(2 * lost))
    low, high = np.maximum(np.minimum(first, 0), -reach), np.minimum(np.maximum(first, 0), reach)
    z = np.clip(tau * (yi - mu) / (vi + tau**2), low, high)
    moved = high - low
    for _ in range(100):
        p = expit(mu + tau * z)
        gradient = tau * (xi - ni * p) - z
        curvature = 1 + tau**2 * ni * p * (1 - p)
        newton = gradient / curvature
        low, high = np.where(gradient > 0, z, low), np.where(gradient > 0, high, z)
        inside = (z + newton >= low) & (z + newton <= high) & (np.abs(newton) <= 0.5 * moved)
        near = np.abs(newton) * np.sqrt(curvature) < 0.1
        step = np.where(inside | near, newton, (low + high) / 2 - z)
        z, moved = np.clip(z + step, low, high), np.abs(step)
        if np.all(near):
            break
    p = expit(mu + tau * z)
    return z, 1 + tau**2 * ni * p * (1 - p)


def laplace(mu, tau, xi, ni):
    """Laplace's approximation to the log-likelihood of each study; only to find a grid."""
    z, curvature = modes(mu, tau, xi, ni)
    return _log_integrand(z, mu, tau, xi, ni) - 0.5 * np.log(curvature)


def _reach(side, centre, peak, curvature, arguments):
    """Distance from the mode at which an integrand has fallen by DROP."""
    widest = np.sqrt(2 * DROP)
    width = widest / np.sqrt(curvature)
    while True:
        short = peak - _log_integrand(centre + side * width, *arguments) < DROP
        short &= width < widest
        if not short.any():
            break
        width = np.where(short, np.minimum(1.5 * width, widest), width)
    return width


class Grid:
    """Log-likelihoods on nodes mu (T, M) and tau (T,), for k studies.

    Attributes
    ----------
    log_likelihood : ndarray, shape (T, M, k)
    doubt : ndarray, shape (T, M, k)
        Change of it when every second node of the random effect is left out.
    theta, half_width : ndarray, shape (T, M, k)
        Mode and half the reach of each study's log odds.
    """

    def __init__(self, mu, tau, xi, ni, nodes=NODES):
        # Studies of equal counts have one likelihood.
        (xi, ni), places = np.unique([xi, ni], axis=1, return_inverse=True)
        shape = (*mu.shape, xi.size)
        mu, tau = mu[:, :, None], tau[:, None, None]
        centre, curvature = modes(mu, tau, xi, ni)
        peak = _log_integrand(centre, mu, tau, xi, ni)
        below, above = (
            _reach(side, centre, peak, curvature, (mu, tau, xi, ni)) for side in (-1, 1)
        )
        self.theta = np.broadcast_to(mu + tau * centre, shape)
        self.half_width = np.broadcast_to(tau * (below + above) / 2, shape)
        self.log_likelihood, self.doubt = np.empty(shape), np.empty(shape)
        bounds = (centre - below, below + above, peak)
        wide, edge = tau[:, 0, 0] >= _WIDE, (xi == 0) | (xi == ni)
        for rows, columns in ((~wide, edge | ~edge), (wide, ~edge)):
            if rows.any() and columns.any():
                self._by_effects(mu, tau, xi, ni, bounds, nodes, rows, columns)
        for column in np.flatnonzero(edge) if wide.any() else ():
            sign = 1.0 if xi[column] == 0 else -1.0
            total, half = _by_parts(sign * mu[wide, :, 0], tau[wide, :, 0], ni[column])
            self.log_likelihood[wide, :, column] = np.log(total)
            self.doubt[wide, :, column] = np.abs(np.log(half / total))
        for name in ("theta", "half_width", "log_likelihood", "doubt"):
            setattr(self, name, getattr(self, name)[:, :, places.ravel()])

    def _by_effects(self, mu, tau, xi, ni, bounds, nodes, rows, columns):
        """Sums over the effects of studies: some values of tau, some studies."""
        start, width, peak = (array[:, :, columns] for array in bounds)
        counts = _counts(tau[:, 0, 0], width, nodes)
        for count in np.unique(counts[rows]):
            chosen = np.flatnonzero(rows & (counts == count))
            for at in _pieces(chosen, count * width[0].size):
                place = (mu[at], tau[at], xi[columns], ni[columns])
                total, half = _sums(start[at], width[at], peak[at], place, count)
                self.log_likelihood[np.ix_(at, range(mu.shape[1]), columns)] = peak[at] + np.log(
                    total
                )
                self.doubt[np.ix_(at, range(mu.shape[1]), columns)] = np.abs(np.log(half / total))


def _counts(tau, width, nodes):
    """Nodes per integral: more where the log odds run over many units, since it bends in one."""
    units = tau * width.reshape(tau.size, -1).max(axis=1)
    factor = np.clip(units / 20, 1, _MOST)
    return (nodes * 2 ** np.ceil(np.log2(factor))).astype(int) + 1


def _pieces(rows, size_of_row):
    return np.array_split(rows, max(1, min(rows.size, round(rows.size * size_of_row / _PIECE))))


def _by_parts(mu, tau, n):
    """Likelihood of no event among n where log odds are normal; with all nodes, with every second.

    Integrated by parts it is the mean of ndtr((theta - mu) / tau) over theta = logit(p), p of
    Beta(1, n): a density on the scale of one log odds, whatever tau. Sums over the effect would
    need the more nodes the larger tau is, since the likelihood falls from 1 to 0 within that one.
    """
    theta = np.arange(-30 - np.log(n), _last(n), _STEP)
    density = np.exp(np.log(n) + theta - (n + 1) * np.logaddexp(0, theta)) * _STEP
    total, half = np.zeros(mu.shape), np.zeros(mu.shape)
    for i, (at, weight) in enumerate(zip(theta, density, strict=True)):
        term = weight * ndtr((at - mu) / tau)
        total += term
        if i % 2 == 0:
            half += 2 * term
    least = np.finfo(float).tiny  # a likelihood that is 0 in floating point bears no weight
    return np.maximum(total, least), np.maximum(half, least)


def _last(n):
    """Where that density is beyond all that matters: n log(1 + exp(theta)) is 60."""
    return float(np.log(np.expm1(60 / n)))


def _terms(z, mu, tau, xi, ni, peak):
    """The integrand over its peak: ``exp(_log_integrand(...) - peak)``, in place, in half the time.

    ``z`` is used up. Where exp(theta) would overflow it is what its definition says.
    """
    theta = tau * z
    theta += mu
    if max(theta.max(), -theta.min()) > _OVERFLOW:
        return np.exp(_log_integrand(z, mu, tau, xi, ni) - peak)
    free = np.exp(theta)
    np.log1p(free, out=free)
    free *= ni
    theta *= xi
    theta -= free
    z *= z
    z *= 0.5
    theta -= z
    theta -= peak
    return np.exp(theta, out=theta)


def _sums(start, width, peak, place, count):
    """Trapezoidal sums over all the nodes, and over every second."""
    fractions = np.linspace(0, 1, count)[:, None, None, None]
    # Nodes first: the sums then run over contiguous blocks.
    terms = _terms(start + width * fractions, *place, peak)
    step = width / (count - 1) / np.sqrt(2 * np.pi)
    return step * terms.sum(axis=0), 2 * step * terms[::2].sum(axis=0)
