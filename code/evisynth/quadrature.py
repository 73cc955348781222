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
from scipy.special import expit, log_expit, xlogy

DROP = 36.0  # beyond the points where an integrand is exp(-36) of its peak, nothing is added
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


def saturated(xi, ni):
    """Log-likelihood of each study at its own proportion, without the binomial coefficient."""
    return xlogy(xi, xi / ni) + xlogy(ni - xi, 1 - xi / ni)


def first_guess(mu, tau, xi, ni):
    """About where in z an integrand peaks, from the normal approximation of the log odds."""
    x, f = xi + 0.5, ni - xi + 0.5
    return tau * (np.log(x / f) - mu) / (1 / x + 1 / f + tau**2)


def modes(mu, tau, xi, ni, guess, *, tolerance=0.03):
    """Where in z each study's integrand peaks, to ``tolerance`` of its width; tau above 0.

    The second derivative of the binomial log-likelihood in the log odds changes by a factor of at
    most exp(|d|) over a distance d, so that a Newton step d shortened to log(1 + |d|) never passes
    the mode: the search is monotone from anywhere, and still quadratic at its end.
    """
    z = np.array(np.broadcast_to(guess, np.shape(mu)), dtype=float)
    for _ in range(500):
        p = expit(mu + tau * z)
        curvature = 1 + tau**2 * ni * p * (1 - p)
        newton = (tau * (xi - ni * p) - z) / curvature
        z += np.copysign(np.log1p(tau * np.abs(newton)) / tau, newton)
        if np.max(newton * newton * curvature) <= tolerance**2:
            break
    return z


def _log_ratio(r, mode, tau, xi, ni, p):
    """Log of an integrand at mode + r, less that at its mode, where the proportion is ``p``."""
    growth = np.multiply(r, tau)
    np.minimum(growth, 700.0, out=growth)
    np.expm1(growth, out=growth)
    growth *= p
    np.log1p(growth, out=growth)
    growth *= ni
    ratio = r * -0.5
    ratio += xi * tau - mode
    ratio *= r
    ratio -= growth
    return ratio


def _reach(mode, tau, xi, ni, p):
    """How far below and above its mode an integrand has fallen by DROP, or a little farther.

    From the bound on the second derivative (see `modes`) the fall over r is at least
    r^2 / 2 + w (exp(-|tau r|) - 1 + |tau r|), w the binomial information at the mode, and the
    bracket at least (tau r)^2 / (2 + tau r). A Newton step on a convex function from where it is
    too large ends where it is too large.
    """
    w = ni * p * (1 - p) * tau**2
    widest = np.sqrt(2 * DROP)
    outer = np.minimum(widest, np.sqrt(DROP / (0.5 + w / (2 + tau * widest))))
    outer = np.sqrt(DROP / (0.5 + w / (2 + tau * outer)))
    r = np.array([-outer, outer])
    more = p * np.expm1(np.minimum(tau * r, 700.0))
    fall = ni * np.log1p(more) - r * (xi * tau - mode - 0.5 * r)
    slope = ni * tau * (p + more) / (1 + more) - (xi * tau - mode - r)
    return r - np.maximum(fall - DROP, 0) / slope


@lru_cache(maxsize=32)
def _powers(points):
    """Points from -1 to 1, and columns whose sums of weights are the moments of such points.

    Moments 0 to 4 from all points, then 0 to 2 from every second one, at twice the step.
    """
    t = np.linspace(-1, 1, points)
    every_second = np.where(np.arange(points) % 2 == 0, 2.0, 0.0)
    columns = [t**0, t, t**2, t**3, t**4, every_second, every_second * t, every_second * t**2]
    return t, np.ascontiguousarray(np.array(columns).T)


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
    # Counted as whichever of events and non-events is rarer, no power of e overflows.
    sign = np.where(2 * xi > ni, -1.0, 1.0)
    mu, xi = sign * mu, np.where(sign < 0, ni - xi, xi)
    guess = first_guess(mu, tau, xi, ni) if guess is None else sign * guess
    mode = modes(mu, tau, xi, ni, guess)
    eta = mu + tau * mode
    # Next to 1 the proportion is held below it: no integrand reaches where that would be felt.
    p = np.minimum(expit(eta), 1 - 2.0**-53)
    low, high = _reach(mode, tau, xi, ni, p)
    centre, half = (low + high) / 2, (high - low) / 2
    t, powers = _powers(points)
    tall = (array[..., None] for array in (mode, tau, xi, ni, p))
    r = half[..., None] * t
    r += centre[..., None]
    weights = np.exp(_log_ratio(r, *tall))
    sums = weights @ powers
    peak = xi * log_expit(eta) + (ni - xi) * log_expit(-eta) - saturated(xi, ni)
    peak += np.log(half * (2 / (points - 1))) - 0.5 * mode**2 - _LOG_ROOT_2_PI
    return _derivatives(sums, peak, mode + centre, half, tau, sign, mode)


def _derivatives(sums, peak, centre, half, tau, sign, mode):
    """From moments of z given the counts, as if the log odds were known (see `Marginal`)."""
    total, rough = sums[..., 0], sums[..., 5]
    m1, m2, m3, m4 = (sums[..., i] / total for i in range(1, 5))
    square, area = m1 * m1, half * half
    mean = centre + half * m1
    variance = area * (m2 - square)
    third = half * area * (m3 + m1 * (2 * square - 3 * m2))
    fourth = area * area * (m4 - m1 * (4 * m3 - 3 * m1 * (2 * m2 - square)))
    second = variance + mean * mean
    cross = third + 2 * mean * variance
    spread = fourth + 4 * mean * (third + mean * variance) - variance * variance
    r1, r2 = sums[..., 6] / rough, sums[..., 7] / rough
    rough_mean = centre + half * r1
    rough_second = area * (r2 - r1 * r1) + rough_mean * rough_mean
    tau2 = tau * tau
    return Marginal(
        value=peak + np.log(total),
        by_mu=sign * mean / tau,
        by_tau=(second - 1) / tau,
        mu_mu=(1 - variance) / tau2,
        mu_tau=sign * (2 * mean - cross) / tau2,
        tau_tau=(3 * second - 1 - spread) / tau2,
        mode=sign * mode,
        rough_value=peak + np.log(rough),
        rough_by_mu=sign * rough_mean / tau,
        rough_by_tau=(rough_second - 1) / tau,
    )


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
