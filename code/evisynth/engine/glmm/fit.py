"""The global maximum of the binomial-normal likelihood, for a stack of data sets at once.

For a fixed tau the log-likelihood is concave in the coefficients, because counts and random effects
have a log-concave density together (Prekopa A (1973) Acta Sci Math 34:335). What may have several
maxima is the profile over tau: it is scanned, every local maximum of the scan is polished by Newton
steps with the observed information, and the best is compared with tau = 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from evisynth.engine.glmm.likelihood import (
    fit_without_spread,
    inverse,
    joint,
    solve,
    within,
)
from evisynth.engine.glmm.quadrature import MOST_POINTS
from evisynth.engine.glmm.scan import tops

FARTHEST = 1e3  # log odds or tau beyond which a maximum is taken not to exist
_AGREE = 1e-6  # points are doubled until every second one gives the estimate to this
_SETTLED = 2e-8
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
    top = tops(data, value, slope)
    _polish(data.of(top.row), top, points)
    # Below a gain that rounding could feign, the simpler model stands.
    floor = value + 1e-9 + 1e-15 * data.ni.sum(axis=1)
    order = np.argsort(top.value, kind="stable")
    best = order[top.value[order] > floor[top.row[order]]]
    # Of several of one data set the last, which is the highest, stays.
    at = top.row[best]
    beta[at], tau[at], value[at] = top.beta[best], top.tau[best], top.value[best]
    covariance[at] = top.covariance[best]
    return Fit(beta, tau, value, covariance, at_zero)


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
    data = data.of(active)
    for _ in range(200):
        beta, tau = top.beta[active], top.tau[active]
        at = joint(data, beta, tau, points, mode)
        newton = _newton(at)
        top.value[active], error[active] = at.value, newton.error
        top.covariance[active] = newton.covariance
        new = _next_tau(top, active, tau, newton)
        d_beta = newton.d_beta - newton.along * (new - tau)[:, None]
        top.beta[active] = beta + within(d_beta, -(1 + tau)[:, None], (1 + tau)[:, None])
        top.tau[active] = new
        moved = np.maximum(np.abs(newton.wanted) / (1 + tau), np.abs(d_beta).max(axis=1))
        far = (new > FARTHEST) | (np.abs(beta).max(axis=1) > FARTHEST)
        vanishing = new < 1e-2 * top.smallest[active]
        ended = far | vanishing
        if ended.any():
            top.beta[active[far]], top.value[active[vanishing]] = np.nan, -np.inf
            error[active[ended]] = 0
        keep = (moved > _SETTLED) & ~ended
        mode = at.mode
        if not keep.all():
            active, mode, data = active[keep], mode[keep], data.of(keep)
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
    slope = at.in_tau - (at.beta_tau * d_beta).sum(axis=-1)
    curvature = at.tau_tau - (at.beta_tau * along).sum(axis=-1)
    curvature = np.where(np.abs(curvature) < 1e-12, -1e-12, curvature)
    rough = solve(at.beta_beta, at.gradient - at.rough_gradient)
    in_tau = (at.in_tau - at.rough_in_tau) - (at.beta_tau * rough).sum(axis=-1)
    d_tau = np.abs(in_tau / curvature)
    error = np.maximum(d_tau, (np.abs(rough) + np.abs(along) * d_tau[:, None]).max(axis=1))
    outer = along[:, :, None] * along[:, None, :] / curvature[:, None, None]
    return _Newton(d_beta, along, slope, curvature, inverse(at.beta_beta) + outer, error)


def _next_tau(top, active, tau, newton):
    """Newton's next tau where the profile is concave, else uphill; within the bracket."""
    # On which side of the maximum tau lies is known once beta is nearly best there.
    gain = (newton.d_beta**2 / newton.covariance.diagonal(0, 1, 2)).sum(axis=1)
    near = (newton.curvature > 0) & (gain < 0.1 * np.minimum(tau * np.abs(newton.slope), 0.1))
    rises = newton.slope > 0
    low, high = top.low[active], top.high[active]
    low = np.where(near & rises, np.maximum(low, tau), low)
    high = np.where(near & ~rises, np.minimum(high, tau), high)
    # The scan, or too few points, may have shut out the maximum: a bracket that has closed reopens.
    shut = high - low < 1e-4 * tau
    low, high = np.where(shut, tau / 4, low), np.where(shut, 4 * tau, high)
    top.low[active], top.high[active] = low, high
    uphill = np.where(rises, 2 * tau, tau / 2)
    new = np.where(newton.curvature > 0, tau + newton.wanted, uphill)
    new = within(new, tau / 4, 4 * tau)
    half_way = (tau + np.where(rises, np.minimum(high, 4 * tau), low)) / 2
    return np.where((new < low) | (new > high), half_way, new)
