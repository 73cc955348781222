"""The marginal likelihood of one study under the binomial-normal model, with its derivatives.

The random effect is integrated out by the trapezoidal rule over the range that matters, study by
study: for such integrands it converges exponentially (Trefethen LN, Weideman JAC (2014) SIAM Rev
56:385), also where one is so skewed that Gauss-Hermite nodes miss it (tau above 2, or no events in
a large study). Halving the step squares the error, so that the same points tell the error: what
every second one of them gives differs from what all give by about the root of what all are wrong
by.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import expit, log_expit

from evisynth.engine.glmm.integrands import (
    WIDEST,
    first_guess,
    integrand_modes,
    rarer,
    reach,
    saturated,
)

MOST_POINTS = 40_001
_LOG_ROOT_2_PI = 0.5 * np.log(2 * np.pi)


class Marginal(NamedTuple):
    """Per study, in arrays of one shape, at mean log odds ``mu`` and spread ``tau``.

    ``value`` is the log-likelihood less its saturated value; ``by_mu``, ``by_tau`` its
    derivatives; ``mu_mu``, ``mu_tau``, ``tau_tau`` the observed information (Louis TA (1982)
    J R Stat Soc B 44:226); ``mode`` where in z the integrand peaks, log odds being mu + tau z. The
    ``rough`` ones come from every second point.
    """

    value: np.ndarray
    by_mu: np.ndarray
    by_tau: np.ndarray
    mu_mu: np.ndarray
    mu_tau: np.ndarray
    tau_tau: np.ndarray
    mode: np.ndarray
    rough_value: np.ndarray
    rough_by_mu: np.ndarray
    rough_by_tau: np.ndarray


@lru_cache(maxsize=32)
def _powers(points):
    """Powers 0 to 2 of points from -1 to 1 in columns, and rows whose products are moments.

    Moments 0 to 4 from all points, then 0 to 2 from every second one, at twice the step.
    """
    t = np.linspace(-1, 1, points)
    every_second = np.where(np.arange(points) % 2 == 0, 2.0, 0.0)
    rows = [t**0, t, t**2, t**3, t**4, every_second, every_second * t, every_second * t**2]
    return np.ascontiguousarray(np.array(rows[:3]).T), np.array(rows)


class _Moments(NamedTuple):
    """Sums of weights times powers of t, z being ``centre`` + ``half`` t; log of the peak; mode."""

    sums: np.ndarray
    peak: np.ndarray
    centre: np.ndarray
    half: np.ndarray
    mode: np.ndarray


def _moments(counts, mu, tau, points, guess, rows):
    """Integrate the first ``rows`` rows of `_powers` for each study.

    The axis of the points is the first: what varies fastest are the studies, of which there are
    more.
    """
    _, xi, ni, saturated_ = counts
    guess = first_guess(mu, tau, xi, ni) if guess is None else guess
    mode = integrand_modes(mu, tau, xi, ni, guess)
    eta = mu + tau * mode
    # Next to 1 the proportion is held below it: no integrand reaches where that would be felt.
    p = np.minimum(expit(eta), 1 - 2.0**-53)
    slope = xi * tau - mode
    steep = np.max(tau) * WIDEST > 700
    low, high = reach(slope, tau, ni, p, steep)
    centre, half = (low + high) / 2, (high - low) / 2
    columns, powers = _powers(points)
    growth = columns[:, :2] @ np.array([tau * centre, tau * half]).reshape(2, -1)
    if steep:
        np.minimum(growth, 700.0, out=growth)
    np.expm1(growth, out=growth)
    growth = growth.reshape(points, *p.shape)
    growth *= p
    np.log1p(growth, out=growth)
    growth *= ni
    # With r = centre + half t from the mode on: slope r - r^2 / 2, in powers of t.
    parabola = [centre * (slope - 0.5 * centre), half * (slope - centre), -0.5 * half * half]
    weights = columns @ np.array(parabola).reshape(3, -1)
    weights -= growth.reshape(points, -1)
    np.exp(weights, out=weights)
    sums = (powers[:rows] @ weights).reshape(rows, *p.shape)
    peak = ni * log_expit(-eta) + xi * eta - saturated_ - 0.5 * mode * mode
    peak += np.log(half * (2 / (points - 1))) - _LOG_ROOT_2_PI
    return _Moments(sums, peak, mode + centre, half, mode)


def marginal(mu, tau, xi, ni, points, guess=None):
    """Integrate the random effect out of the likelihood of each study.

    Parameters
    ----------
    mu, tau : ndarray of float
        Mean log odds and spread, tau above 0; they broadcast against the counts.
    xi, ni : ndarray of float
        Events and totals.
    points : int
        Odd: points per study.
    guess : ndarray, optional
        About where in z the integrands peak.

    Returns
    -------
    Marginal
    """
    return marginal_of(rarer(xi, ni), mu, tau, points, guess)


def marginal_of(counts, mu, tau, points, guess=None):
    """The same from `Counts`."""
    sign, tau2 = counts.sign, tau * tau
    guess = None if guess is None else sign * guess
    sums, peak, centre, half, mode = _moments(counts, sign * mu, tau, points, guess, 8)
    total, rough = sums[0], sums[5]
    m1, m2, m3, m4 = sums[1:5] / total
    r1, r2 = sums[6:] / rough
    # Of z given the counts, as if the log odds were known (see `Marginal`).
    square, area = m1 * m1, half * half
    mean = centre + half * m1
    variance = area * (m2 - square)
    third = half * area * (m3 + m1 * (2 * square - 3 * m2))
    fourth = area * area * (m4 - m1 * (4 * m3 - 3 * m1 * (2 * m2 - square)))
    second = variance + mean * mean
    cross = third + 2 * mean * variance
    spread = fourth + 4 * mean * (third + mean * variance) - variance * variance
    rough_mean = centre + half * r1
    rough_second = area * (r2 - r1 * r1) + rough_mean * rough_mean
    outward = sign / tau
    return Marginal(
        value=peak + np.log(total),
        by_mu=outward * mean,
        by_tau=(second - 1) / tau,
        mu_mu=(1 - variance) / tau2,
        mu_tau=sign * (2 * mean - cross) / tau2,
        tau_tau=(3 * second - 1 - spread) / tau2,
        mode=sign * mode,
        rough_value=peak + np.log(rough),
        rough_by_mu=outward * rough_mean,
        rough_by_tau=(rough_second - 1) / tau,
    )


def marginal_in_mu(counts, mu, tau, points, guess):
    """Only ``value``, ``by_mu``, ``mu_mu`` and ``mode`` of `marginal_of`."""
    sign = counts.sign
    sums, peak, centre, half, mode = _moments(counts, sign * mu, tau, points, sign * guess, 3)
    m1, m2 = sums[1:] / sums[0]
    mu_mu = (1 - half * half * (m2 - m1 * m1)) / (tau * tau)
    return peak + np.log(sums[0]), sign / tau * (centre + half * m1), mu_mu, sign * mode


def log_likelihood(mu, tau, xi, ni, points):
    """Log-likelihood of each study less its saturated value, points doubled until it stands.

    Arrays broadcast; tau is 0 or above. Halving the step squares the error: where all points and
    every second one agree to 1e-6, all are good to about 1e-12.
    """
    mu, tau, xi, ni = np.broadcast_arrays(*(np.asarray(a, float) for a in (mu, tau, xi, ni)))
    alone = xi * log_expit(mu) + (ni - xi) * log_expit(-mu) - saturated(xi, ni)
    value = np.array(alone)
    open_ = tau > 0
    points = 2 * (int(points) // 2) + 1
    while open_.any():
        found = marginal(mu[open_], tau[open_], xi[open_], ni[open_], points)
        value[open_] = found.value
        moved = np.abs(found.rough_value - found.value) > 1e-6
        points = 2 * points - 1
        if points > MOST_POINTS:
            break
        open_[open_] = moved
    return value
