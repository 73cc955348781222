"""What is integrated over the random effect of one study: where it peaks, and how far it reaches.

The log odds are mu + tau z, z standard normal before the counts are known.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit, xlogy

DROP = 36.0  # beyond the points where an integrand is exp(-36) of its peak, nothing is added
WIDEST = np.sqrt(2 * DROP)  # how far in z a standard normal density falls by DROP


class Counts(NamedTuple):
    """Counts as whichever of events and non-events is rarer; ``sign`` is -1 where non-events are.

    So no power of e overflows, and what cancels is small.
    """

    sign: np.ndarray
    xi: np.ndarray
    ni: np.ndarray
    saturated: np.ndarray

    def of(self, rows):
        """Some of the data sets."""
        return Counts(*(array[rows] for array in self))


def rarer(xi, ni):
    """Counts as `marginal_of` wants them."""
    xi = np.asarray(xi, float)
    other = ni - xi
    return Counts(np.where(other < xi, -1.0, 1.0), np.minimum(xi, other), ni, saturated(xi, ni))


def saturated(xi, ni):
    """Log-likelihood of each study at its own proportion, without the binomial coefficient."""
    return xlogy(xi, xi / ni) + xlogy(ni - xi, 1 - xi / ni)


def first_guess(mu, tau, xi, ni):
    """About where in z an integrand peaks, from the normal approximation of the log odds."""
    x, f = xi + 0.5, ni - xi + 0.5
    return tau * (np.log(x / f) - mu) / (1 / x + 1 / f + tau**2)


def integrand_modes(mu, tau, xi, ni, guess, *, tolerance=0.03):
    """Where in z each study's integrand peaks, to ``tolerance`` of its width; tau above 0.

    The second derivative of the binomial log-likelihood in the log odds changes by a factor of at
    most exp(|d|) over a distance d, so that a Newton step d shortened to log(1 + |d|) never passes
    the mode: the search is monotone from anywhere, and still quadratic at its end.
    """
    z = np.array(np.broadcast_to(guess, np.shape(mu)), dtype=float)
    area = tau * tau * ni
    for _ in range(500):
        p = expit(mu + tau * z)
        curvature = 1 + area * (p * (1 - p))
        newton = (tau * (xi - ni * p) - z) / curvature
        z += shortened(newton, tau)
        newton *= newton
        newton *= curvature
        if newton.max() <= tolerance**2:
            break
    return z


def shortened(newton, tau):
    """A Newton step of z that does not pass the mode."""
    return np.copysign(np.log1p(tau * np.abs(newton)) / tau, newton)


def reach(slope, tau, ni, p, steep):
    """How far below and above its mode an integrand has fallen by DROP, or a little farther.

    From the bound on the second derivative (see `integrand_modes`) the fall over r is at least
    r^2 / 2 + w (exp(-|tau r|) - 1 + |tau r|), w the binomial information at the mode, and the
    bracket at least (tau r)^2 / (2 + tau r). A Newton step on a convex function from where it is
    too large ends where it is too large. ``slope`` is that of x (mu + tau z) - z^2 / 2 in z, at the
    mode.
    """
    w = ni * (p * (1 - p)) * (tau * tau)
    outer = np.sqrt(DROP / (0.5 + w / (2 + tau * WIDEST)))
    outer = np.sqrt(DROP / (0.5 + w / (2 + tau * outer)))
    r = np.array([-outer, outer])
    growth = tau * r
    more = p * np.expm1(np.minimum(growth, 700.0) if steep else growth)
    fall = ni * np.log1p(more) - r * (slope - 0.5 * r)
    steepness = ni * tau * (p + more) / (1 + more) - (slope - r)
    return r - np.maximum(fall - DROP, 0) / steepness
