"""The posterior of the binomial-normal model for thousands of small data sets at once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy.special import expit, log_expit, logit, sici

from evisynth.engine.bayes.priors import HalfNormal

PRIOR, MU_SD = HalfNormal(1.0), 2.5  # the defaults of `bayes_binomial`
_REACH, _STEP = 7.5, 0.1  # of the posterior's nodes of mu, log odds
_UNIT, _TAU_TOP, _Z_TOP = 0.6, 4.5, 6.0
_BLOCK = 1 << 22  # numbers held while posteriors are summed up
_FINE, _FINE_NEW = 10, 4  # points between two nodes at which a distribution function is read off
_BEYOND = 6.0  # of the nodes of a new study's log odds beyond those of mu


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
        weights = [_kernel(distance, tau, self._step) for tau in self.tau]
        with np.errstate(divide="ignore"):
            return np.concatenate([np.log(likelihood @ w.T) for w in weights], axis=1)

    def limits(self, xi, ni, level):
        """Median and equal-tailed limits as proportions, shape (3, B)."""
        margins = [found.sum(axis=1) for found in self._posteriors(xi, ni)]
        return self._of_mu(np.concatenate(margins), level)

    def limits_and_predictions(self, xi, ni, level):
        """As `limits`, and the limits of a new study's underlying proportion: shape (5, B)."""
        kernels, theta, cdf = self._new_study
        margins, news = [], []
        for found in self._posteriors(xi, ni):
            margins.append(found.sum(axis=1))
            news.append(found.reshape(len(found), -1) @ kernels)
        ends = [0.5 - level / 2, 0.5 + level / 2]
        predicted = _quantiles(np.concatenate(news), theta, cdf, ends)
        return np.concatenate([self._of_mu(np.concatenate(margins), level), predicted])

    def _posteriors(self, xi, ni):
        """Probabilities of the nodes, shape (b, T, M), in blocks of data sets."""
        place = np.searchsorted(self._keys, ni * self._base + xi)
        step = max(1, _BLOCK // self._table.shape[1])
        for i in range(0, len(place), step):
            total = np.tile(self._prior.ravel(), (len(place[i : i + step]), 1))
            for column in place[i : i + step].T:
                total += self._table[column]
            total -= total.max(axis=1, keepdims=True)
            np.exp(total, out=total)
            total /= total.sum(axis=1, keepdims=True)
            yield total.reshape(-1, *self._prior.shape)

    def _of_mu(self, margin, level):
        probabilities = [0.5, 0.5 - level / 2, 0.5 + level / 2]
        return _quantiles(margin, self.mu, self._cdf, probabilities)

    @cached_property
    def _cdf(self):
        return _distribution(self.mu, _FINE)

    @cached_property
    def _new_study(self):
        """Probabilities of a new study's nodes from those of (tau, mu); the nodes; `_cdf`."""
        beyond = int(np.ceil(_BEYOND / self._step))
        theta = self._step * np.arange(self._first - beyond, self._last + beyond + 1)
        distance = theta - self.mu[:, None]
        kernels = np.concatenate([_kernel(distance, tau, self._step) for tau in self.tau])
        return kernels, theta, _distribution(theta, _FINE_NEW)


def _kernel(distance, tau, step):
    """Weights of a normal distribution's nodes; all in one node where tau is 0."""
    if tau == 0:
        return 1.0 * (np.abs(distance) < 0.5 * step)
    return step / (tau * np.sqrt(2 * np.pi)) * np.exp(-0.5 * (distance / tau) ** 2)


def _distribution(nodes, between):
    """Distribution functions, at points between nodes, of the cardinal series of each node.

    As in `evisynth.engine.bayes.marginals`. Shape (nodes, points).
    """
    fine = np.linspace(nodes[0], nodes[-1], between * (nodes.size - 1) + 1)
    return 0.5 + sici(np.pi * (fine - nodes[:, None]) / (nodes[1] - nodes[0]))[0] / np.pi


def _quantiles(margin, nodes, distribution, probabilities):
    """Quantiles, as proportions, of margins of shape (B, nodes)."""
    cdf = margin @ distribution
    fine = np.linspace(nodes[0], nodes[-1], cdf.shape[1])
    found, rows = np.empty((len(probabilities), len(margin))), np.arange(len(margin))
    for i, p in enumerate(probabilities):
        after = np.maximum(np.argmax(cdf >= p, axis=1), 1)
        low, high = cdf[rows, after - 1], cdf[rows, after]
        found[i] = fine[after - 1] + (p - low) / (high - low) * (fine[1] - fine[0])
    return expit(found)
