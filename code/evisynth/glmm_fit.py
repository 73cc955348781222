"""The global maximum of the binomial-normal likelihood, for a stack of data sets at once.

For a fixed tau the log-likelihood is concave in the coefficients, because counts and random effects
have a log-concave density together (Prekopa A (1973) Acta Sci Math 34:335). What may have several
maxima is the profile over tau: it is scanned, every local maximum of the scan is polished by Newton
steps with the observed information, and the best is compared with tau = 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from evisynth.glmm_likelihood import (
    fit_without_spread,
    inverse,
    joint,
    smoothed,
    solve,
    weighted,
)
from evisynth.quadrature import MOST_POINTS

SCANNED, SCAN_POINTS = 12, 17
FARTHEST = 1e3  # log odds or tau beyond which a maximum is taken not to exist
_AGREE = 1e-6  # points are doubled until every second one gives the estimate to this
_SETTLED = 1e-8
_CHUNK = 1_000  # studies handled at once, which bounds memory and keeps it near the processor


class Fit(NamedTuple):
    """Maximum per data set: ``beta`` (B, p), ``tau``, ``value`` (B,), ``covariance`` (B, p, p).

    ``value`` and ``at_zero``, the maximum where tau is 0, are log-likelihoods less the saturated
    one. ``covariance`` is that of beta, from the joint information with tau, or of beta alone where
    tau is 0. nan where there is no finite maximum.
    """

    beta: np.ndarray
    tau: np.ndarray
    value: np.ndarray
    covariance: np.ndarray
    at_zero: np.ndarray


def maximise(data, points):
    """Global maximum over (beta, tau >= 0) of each data set; tau is exactly 0 at the boundary."""
    size = max(1, _CHUNK // data.xi.shape[1])
    chunks = range(0, data.xi.shape[0], size)
    parts = [_maximise(data.of(slice(at, at + size)), points) for at in chunks]
    return parts[0] if len(parts) == 1 else Fit(*map(np.concatenate, zip(*parts, strict=True)))


def _maximise(data, points):
    beta, value, covariance, slope = fit_without_spread(data)
    tau = np.zeros(len(value))
    at_zero = value.copy()
    top = _tops(data, value, slope)
    _polish(data.of(top.row), top, points)
    # Below a gain that rounding could feign, the simpler model stands.
    floor = value + 1e-9 + 1e-15 * data.ni.sum(axis=1)
    for i in np.argsort(top.value, kind="stable"):
        b = top.row[i]
        if top.value[i] > floor[b]:
            beta[b], tau[b], value[b] = top.beta[i], top.tau[i], top.value[i]
            covariance[b] = top.covariance[i]
    return Fit(beta, tau, value, covariance, at_zero)


class Tops(NamedTuple):
    """Local maxima: data set of each, bracket and value of tau, coefficients, and what is there."""

    row: np.ndarray
    low: np.ndarray
    tau: np.ndarray
    high: np.ndarray
    beta: np.ndarray
    value: np.ndarray
    covariance: np.ndarray
    smallest: np.ndarray


def spreads(data):
    """Values of tau (B, T) over which the profile likelihood can bend."""
    yi, vi = smoothed(data)
    counted = data.counted > 0
    low = 0.35 * np.sqrt(np.min(np.where(counted, vi, np.inf), axis=1))
    top = np.max(np.where(counted, yi, -np.inf), axis=1)
    bottom = np.min(np.where(counted, yi, np.inf), axis=1)
    high = np.maximum(1.2 * (top - bottom), 8 * low)
    steps = np.linspace(0, 1, SCANNED)
    return low[:, None] * (high / low)[:, None] ** steps


def profile_over(data, taus):
    """Profile log-likelihood (B, T) at each tau, and the coefficients (B, T, p) there.

    Newton steps from the inverse-variance estimate; what the last would gain is added.
    """
    yi, vi = smoothed(data)
    weight = data.counted[:, None] / (vi[:, None] + taus[..., None] ** 2)
    beta = solve(weighted(data.design, weight), (weight * yi[:, None]) @ data.design)
    mode = None
    for _ in range(20):
        at = joint(data, beta, taus, SCAN_POINTS, mode)
        step = solve(at.beta_beta, at.gradient)
        gain = np.sum(step * at.gradient, axis=-1)
        limit = 1 + taus[..., None]
        beta, mode = beta + np.clip(step, -limit, limit), at.mode
        if np.max(gain) < 0.05:
            break
    return at.value + 0.5 * gain, beta


def _tops(data, value, slope):
    """Every local maximum of the scanned profile, to be polished."""
    taus = spreads(data)
    profile, beta = profile_over(data, taus)
    left = np.concatenate([value[:, None], profile[:, :-1]], axis=1)
    right = np.concatenate([profile[:, 1:], np.full((len(value), 1), -np.inf)], axis=1)
    top = (profile >= left) & (profile > right)
    # Between 0 and the first spread the profile is about quadratic in tau^2.
    top[:, 0] |= (slope > 0) & (profile[:, 0] > right[:, 0])
    # Of studies of one patient each the proportion is all that can be known: tau changes nothing.
    top &= np.max(data.ni * data.counted, axis=1, keepdims=True) > 1
    row, column = np.nonzero(top)
    below = np.where(column > 0, taus[row, column - 1], 0.0)
    last = column == taus.shape[1] - 1
    above = np.where(last, np.inf, taus[row, np.minimum(column + 1, taus.shape[1] - 1)])
    start = taus[row, column]
    bend = (value[row] - profile[row, column]) / start**2 + slope[row]
    with np.errstate(divide="ignore", invalid="ignore"):
        guess = np.sqrt(np.maximum(slope[row], 0) * start**2 / (2 * bend))
    use = (column == 0) & (guess > 0) & (guess < start)
    start = np.where(use, guess, _vertex(taus, profile, row, column))
    p = beta.shape[2]
    return Tops(
        row=row,
        low=below,
        tau=start,
        high=above,
        beta=beta[row, column],
        value=np.full(row.size, -np.inf),
        covariance=np.full((row.size, p, p), np.nan),
        smallest=taus[row, 0],
    )


def _vertex(taus, profile, row, column):
    """Top of the parabola in log tau through a scanned maximum and its two neighbours."""
    middle = np.clip(column, 1, taus.shape[1] - 2)
    below, at, above = (profile[row, middle + i] for i in (-1, 0, 1))
    bend = 2 * at - below - above
    shift = np.where(bend > 0, 0.5 * (above - below) / np.where(bend > 0, bend, 1), 0.0)
    ratio = taus[row, 1] / taus[row, 0]
    inside = (column == middle) & (np.abs(shift) < 1)
    return taus[row, column] * np.where(inside, ratio**shift, 1.0)


def _polish(data, top, points):
    """Climb to each maximum, with more points wherever they are too few; changes ``top``."""
    todo = np.arange(len(top.tau))
    while todo.size and points < MOST_POINTS:
        error = _climb(data, top, todo, points)
        todo = todo[error > _AGREE]
        points = 2 * points - 1
        # What few points took for the side of the maximum may be wrong by their error.
        top.low[todo] *= 0.9
        top.high[todo] *= 1.1
    return top


def _climb(data, top, active, points):
    """Newton steps until each maximum stands; the error that the points leave in it."""
    error, every, mode = np.zeros(len(top.tau)), active, None
    for _ in range(200):
        beta, tau = top.beta[active], top.tau[active]
        at = joint(data.of(active), beta, tau, points, mode)
        newton = _newton(at)
        top.value[active], error[active] = at.value, newton.error
        top.covariance[active] = newton.covariance
        new = _next_tau(top, active, newton)
        d_beta = newton.d_beta - newton.along * (new - tau)[:, None]
        limit = (1 + tau)[:, None]
        top.beta[active] = beta + np.clip(d_beta, -limit, limit)
        top.tau[active] = new
        moved = np.maximum(np.abs(newton.wanted) / (1 + tau), np.max(np.abs(d_beta), axis=1))
        far = (new > FARTHEST) | (np.max(np.abs(beta), axis=1) > FARTHEST)
        vanishing = new < 1e-2 * top.smallest[active]
        top.beta[active[far]], top.value[active[vanishing]] = np.nan, -np.inf
        error[active[far | vanishing]] = 0
        keep = (moved > _SETTLED) & ~far & ~vanishing
        active, mode = active[keep], at.mode[keep]
        if not active.size:
            break
    return error[every]


class _Newton(NamedTuple):
    """Step of beta at a fixed tau, the same per unit of tau, and what is known of tau's step."""

    d_beta: np.ndarray
    along: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray
    covariance: np.ndarray
    error: np.ndarray

    @property
    def wanted(self):
        """Newton's step of tau."""
        return self.slope / self.curvature


def _newton(at):
    d_beta, along = solve(at.beta_beta, at.gradient), solve(at.beta_beta, at.beta_tau)
    slope = at.in_tau - np.sum(at.beta_tau * d_beta, axis=-1)
    curvature = at.tau_tau - np.sum(at.beta_tau * along, axis=-1)
    curvature = np.where(np.abs(curvature) < 1e-12, -1e-12, curvature)
    rough = solve(at.beta_beta, at.gradient - at.rough_gradient)
    in_tau = (at.in_tau - at.rough_in_tau) - np.sum(at.beta_tau * rough, axis=-1)
    d_tau = np.abs(in_tau / curvature)
    error = np.maximum(d_tau, np.max(np.abs(rough) + np.abs(along) * d_tau[:, None], axis=1))
    outer = along[:, :, None] * along[:, None, :] / curvature[:, None, None]
    return _Newton(d_beta, along, slope, curvature, inverse(at.beta_beta) + outer, error)


def _next_tau(top, active, newton):
    """Newton's next tau where the profile is concave, else uphill; within the bracket."""
    tau = top.tau[active]
    # On which side of the maximum tau lies is known once beta is nearly best there.
    gain = np.sum(newton.d_beta**2 / np.diagonal(newton.covariance, 0, 1, 2), axis=1)
    near = (newton.curvature > 0) & (gain < 0.1 * np.minimum(tau * np.abs(newton.slope), 0.1))
    rises = newton.slope > 0
    low = np.where(near & rises, np.maximum(top.low[active], tau), top.low[active])
    high = np.where(near & ~rises, np.minimum(top.high[active], tau), top.high[active])
    # The scan, or too few points, may have shut out the maximum: a bracket that has closed reopens.
    shut = high - low < 1e-4 * tau
    low, high = np.where(shut, tau / 4, low), np.where(shut, 4 * tau, high)
    top.low[active], top.high[active] = low, high
    uphill = np.where(rises, 2 * tau, tau / 2)
    new = np.where(newton.curvature > 0, tau + newton.wanted, uphill)
    new = np.clip(new, tau / 4, 4 * tau)
    half_way = (tau + np.where(rises, np.minimum(high, 4 * tau), low)) / 2
    return np.where((new < low) | (new > high), half_way, new)
