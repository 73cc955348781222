"""The posterior of the binomial-normal model for thousands of small data sets at once."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, log_expit, logit, sici

from evisynth.bayes.priors import HalfNormal

PRIOR, MU_SD = HalfNormal(1.0), 2.5  # the defaults of `bayes_binomial`
_REACH, _STEP = 7.5, 0.1  # of the posterior's nodes of mu, log odds
_UNIT, _TAU_TOP, _Z_TOP = 0.6, 4.5, 6.0
_BLOCK = 1 << 22  # numbers held while posteriors are summed up
_FINE = 10  # points between two nodes at which the distribution function is read off


class TabulatedPosterior:
    """The posterior of `bayes_binomial` for thousands of small data sets at once.

    A study's likelihood depends on its two counts alone and few pairs of counts occur, so that
    each pair is integrated once on common nodes of (mu, tau); a data set is a sum of such tables.
    All rules are trapezoidal, with steps of at most about a standard deviation of what they sum,
    where their error is about 2 exp(-2 pi^2).

    Parameters
    ----------
    xi, ni : ndarray of int
        Every pair that may occur, repeated or not, of one shape.
    rates : sequence of float
        Underlying rates, for the reach of the nodes.
    most : int
        Studies of the largest data set, for their step.
    """

    def __init__(self, xi, ni, rates, most):
        self._base = int(ni.max()) + 1
        self._keys = np.unique(ni * self._base + xi)
        information = most * np.mean(ni) * max(p * (1 - p) for p in rates)
        self._step = min(_STEP, information**-0.5)
        first, last = (
            int(np.floor((logit(rate) + reach) / self._step))
            for rate, reach in ((min(rates), -_REACH), (max(rates), _REACH))
        )
        self._first, self._last = first, last
        self.mu = self._step * np.arange(first, last + 1)
        step = np.arcsinh(_STEP / _UNIT)
        u = step * np.arange(2 + int(np.arcsinh(_TAU_TOP / _UNIT) / step))
        self.tau = _UNIT * np.sinh(u)
        of_tau = PRIOR.log_density(self.tau) + np.log(np.cosh(u))
        of_tau[0] -= np.log(2)  # the integrand is even in u: its first node counts half
        self._prior = of_tau[:, None] - 0.5 * (self.mu / MU_SD) ** 2
        self._table = self._integrate(self._keys % self._base, self._keys // self._base)

    def _integrate(self, xi, ni):
        """Log-likelihoods, shape (pairs, nodes of tau times nodes of mu)."""
        beyond = int(np.ceil(_Z_TOP * self.tau[-1] / self._step))
        theta = self._step * np.arange(self._first - beyond, self._last + beyond + 1)
        events, others = xi[:, None], (ni - xi)[:, None]
        likelihood = np.exp(events * log_expit(theta) + others * log_expit(-theta))
        distance = theta - self.mu[:, None]
        weights = [1.0 * (np.abs(distance) < 0.5 * self._step)]  # at tau = 0 nothing is integrated
        for tau in self.tau[1:]:
            height = self._step / (tau * np.sqrt(2 * np.pi))
            weights.append(height * np.exp(-0.5 * (distance / tau) ** 2))
        with np.errstate(divide="ignore"):
            return np.concatenate([np.log(likelihood @ w.T) for w in weights], axis=1)

    def limits(self, xi, ni, level):
        """Median and equal-tailed limits as proportions, shape (3, B)."""
        place = np.searchsorted(self._keys, ni * self._base + xi)
        step = max(1, _BLOCK // self._table.shape[1])
        margins = [self._margin(place[i : i + step]) for i in range(0, len(place), step)]
        return self._quantiles(np.concatenate(margins), [0.5, 0.5 - level / 2, 0.5 + level / 2])

    def _margin(self, place):
        """Probabilities of the nodes of mu, shape (b, M)."""
        total = np.tile(self._prior.ravel(), (len(place), 1))
        for column in place.T:
            total += self._table[column]
        total -= total.max(axis=1, keepdims=True)
        np.exp(total, out=total)
        margin = total.reshape(-1, *self._prior.shape).sum(axis=1)
        return margin / margin.sum(axis=1, keepdims=True)

    def _quantiles(self, margin, probabilities):
        """From the cardinal series of each margin, as in `evisynth.bayes.marginals`."""
        fine = np.linspace(self.mu[0], self.mu[-1], _FINE * (self.mu.size - 1) + 1)
        distance = (fine - self.mu[:, None]) / (self.mu[1] - self.mu[0])
        cdf = margin @ (0.5 + sici(np.pi * distance)[0] / np.pi)
        found = np.empty((len(probabilities), len(margin)))
        rows = np.arange(len(margin))
        for i, p in enumerate(probabilities):
            after = np.maximum(np.argmax(cdf >= p, axis=1), 1)
            low, high = cdf[rows, after - 1], cdf[rows, after]
            found[i] = fine[after - 1] + (p - low) / (high - low) * (fine[1] - fine[0])
        return expit(found)
