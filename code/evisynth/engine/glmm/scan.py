"""The scan of the profile likelihood over tau: where its local maxima are, about."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from evisynth.engine.glmm.integrands import first_guess, shortened
from evisynth.engine.glmm.likelihood import joint_in_beta, solve, weighted, within

SCANNED, SCAN_POINTS = 12, 17
_STEPS = np.linspace(0, 1, SCANNED)
_LAPLACE_STEPS = 2
_NEAR = 0.05  # gain in log-likelihood that a Newton step may promise at the end of the scan


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
    yi, vi = data.smoothed
    counted = data.counted > 0
    low = 0.35 * np.sqrt(np.where(counted, vi, np.inf).min(axis=1))
    top = np.where(counted, yi, -np.inf).max(axis=1)
    bottom = np.where(counted, yi, np.inf).min(axis=1)
    high = np.maximum(1.2 * (top - bottom), 8 * low)
    return low[:, None] * (high / low)[:, None] ** _STEPS


def profile_over(data, taus):
    """Profile log-likelihood (B, T) at each tau, and the coefficients (B, T, p) there.

    Newton steps from where Laplace's approximation is best; what the last would gain is added.
    """
    beta, mode = _laplace(data, taus)
    profile, beta, mode, open_ = _step(data, beta, taus, mode)
    for _ in range(20):
        if not open_.any():
            break
        # The few that are not near are handled as data sets of their own, of one tau each.
        at = np.nonzero(open_)
        found = _step(data.of(at[0]), beta[at][:, None], taus[at][:, None], mode[at][:, None])
        profile[at], beta[at], mode[at], open_[at] = (array[:, 0] for array in found)
    return profile, beta


def _step(data, beta, taus, mode):
    """Newton steps of beta; log-likelihood that they promise, and which promise too much."""
    value, gradient, information, mode = joint_in_beta(data, beta, taus, SCAN_POINTS, mode)
    step = solve(information, gradient)
    gain = (step * gradient).sum(axis=-1)
    limit = 1 + taus[..., None]
    return value + 0.5 * gain, beta + within(step, -limit, limit), mode, gain > _NEAR


def _laplace(data, taus):
    """Coefficients and modes by Newton's method on Laplace's approximation of the likelihood.

    Both at once: a step of the coefficients carries the modes along. From the inverse-variance
    estimate, with the derivative of log(1 + tau^2 w) / 2, w the binomial information at the mode.
    """
    xi, ni, counted = data.xi[:, None], data.ni[:, None], data.counted[:, None]
    (yi, vi), design, tau = (a[:, None] for a in data.smoothed), data.design, taus[..., None]
    weight, tau2, limit = counted / (vi + tau * tau), tau * tau, 1 + tau
    beta = solve(weighted(design, weight), (weight * yi) @ design)
    mu = beta @ design.T
    z = first_guess(mu, tau, xi, ni)
    for _ in range(_LAPLACE_STEPS):
        p = expit(mu + tau * z)
        rest = xi - ni * p
        w = ni * (p * (1 - p))
        narrow = 1 / (1 + tau2 * w)
        newton = (tau * rest - z) * narrow
        w_narrow = w * narrow
        score = rest - tau * w * newton - (0.5 - p) * tau2 * w_narrow * narrow
        step = solve(weighted(design, w_narrow * counted + 1e-13), (score * counted) @ design)
        step = within(step, -limit, limit)
        shift = step @ design.T
        beta = beta + step
        mu = mu + shift
        z += shortened(newton, tau) - tau * w_narrow * shift
    return beta, z


def tops(data, value, slope):
    """Every local maximum of the scanned profile, to be polished.

    ``value`` is that where tau is 0, ``slope`` the slope there in tau^2.
    """
    taus = spreads(data)
    profile, beta = profile_over(data, taus)
    ends = np.empty((len(value), SCANNED + 2))
    ends[:, 0], ends[:, 1:-1], ends[:, -1] = value, profile, -np.inf
    top = (profile >= ends[:, :-2]) & (profile > ends[:, 2:])
    # Between 0 and the first spread the profile is about quadratic in tau^2.
    top[:, 0] |= (slope > 0) & (profile[:, 0] > profile[:, 1])
    # Of studies of one patient each the proportion is all that can be known: tau changes nothing.
    top &= np.max(data.ni * data.counted, axis=1, keepdims=True) > 1
    row, column = np.nonzero(top)
    ends[:, 0], ends[:, 1:-1], ends[:, -1] = 0.0, taus, np.inf
    tau, start = _vertex(taus, profile, beta, row, column)
    first = column == 0
    if first.any():
        at = row[first]
        gain = profile[at, 0] - value[at]
        tau[first] = _vertex_near_zero(taus[at, 0], gain, slope[at])
    p = start.shape[1]
    return Tops(
        row=row,
        low=ends[row, column],
        tau=tau,
        high=ends[row, column + 2],
        beta=start,
        value=np.full(row.size, -np.inf),
        covariance=np.full((row.size, p, p), np.nan),
        smallest=taus[row, 0],
    )


def _vertex(taus, profile, beta, row, column):
    """Top of the parabola in log tau through a scanned maximum and its neighbours; beta there."""
    inner = (column > 0) & (column < SCANNED - 1)
    before, after = column - inner, column + inner
    below, at, above = profile[row, before], profile[row, column], profile[row, after]
    with np.errstate(invalid="ignore"):
        shift = 0.5 * (above - below) / (2 * at - below - above)
    shift = np.where(np.abs(shift) < 1, shift, 0.0)
    ratio = taus[row, 1] / taus[row, 0]
    tau, shift = taus[row, column] * ratio**shift, shift[:, None]
    below, at, above = beta[row, before], beta[row, column], beta[row, after]
    return tau, at + 0.5 * shift * (above - below + shift * (above + below - 2 * at))


def _vertex_near_zero(tau, gain, slope):
    """Top of the parabola in tau^2 that has ``slope`` at 0 and ``gain`` at tau; else tau."""
    bend = slope - gain / tau**2
    with np.errstate(divide="ignore", invalid="ignore"):
        guess = np.sqrt(np.maximum(slope, 0) * tau**2 / (2 * bend))
    return np.where((guess > 0) & (guess < tau), guess, tau)
