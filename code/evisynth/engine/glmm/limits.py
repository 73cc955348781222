"""Where the profile likelihood of the binomial-normal model has fallen by a given amount."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, stdtrit

from evisynth.engine.glmm.fit import FARTHEST
from evisynth.engine.glmm.likelihood import joint
from evisynth.engine.glmm.marginal_proportion import mean_with_slopes
from evisynth.engine.glmm.quadrature import MOST_POINTS, log_likelihood
from evisynth.engine.glmm.scan import spreads

_AGREE = 1e-6


class Profile:
    """The log-likelihood of one data set along one parameter, best over the other."""

    def __init__(self, data, points, floor):
        self.data, self.points, self.floor = data, points, floor

    def at(self, mu, tau):
        """Log-likelihood with derivatives at one place, points doubled until it stands."""
        points = self.points
        while True:
            at = joint(self.data, np.array([[mu]]), np.array([tau]), points)
            # The rough score of both parameters, in units of their own precision.
            off = abs(at.rough_gradient - at.gradient)[0, 0], abs(at.rough_in_tau - at.in_tau)[0]
            if max(off) < _AGREE or 2 * points > MOST_POINTS:
                return at
            points = self.points = 2 * points - 1

    def best_mu(self, tau, mu):
        """The mean that is best at a tau above 0; log-likelihood and its slope in tau there."""
        for _ in range(100):
            at = self.at(mu, tau)
            step = float(at.gradient[0, 0] / at.beta_beta[0, 0, 0])
            mu += float(np.clip(step, -1 - tau, 1 + tau))
            if abs(step) < 1e-9:
                break
        return mu, float(at.value[0]), float(at.in_tau[0])

    def best_tau(self, mu, tau):
        """The tau that is best at a mean; log-likelihood and its slope in the mean there."""
        grid = np.unique(np.append(spreads(self.data)[0], [tau, 2 * tau, tau + abs(mu) / 2]))
        grid = grid[grid > 0][:, None]
        stacked = self.data.of(np.zeros(len(grid), int))
        means = np.full((len(grid), 1), mu)
        values = joint(stacked, means, grid[:, 0], self.points).value
        best = int(np.argmax(values))
        ends = np.concatenate([[0.0], grid[:, 0], [np.inf]])
        tau = self._climb(mu, grid[best, 0], ends[best], ends[best + 2])
        zero_value, zero_slope = self._without_spread(mu)
        at = self.at(mu, tau) if tau > 0 else None
        if at is None or zero_value >= at.value[0]:
            return 0.0, zero_value, zero_slope
        return tau, float(at.value[0]), float(at.gradient[0, 0])

    def _climb(self, mu, tau, low, high):
        """Newton on tau at a fixed mean; 0 where it vanishes."""
        smallest = 1e-3 * spreads(self.data)[0, 0]
        for _ in range(200):
            at = self.at(mu, tau)
            slope, curvature = float(at.in_tau[0]), float(at.tau_tau[0])
            low, high = (tau, high) if slope > 0 else (low, tau)
            new = tau + slope / curvature if curvature > 0 else (2 * tau if slope > 0 else 0.0)
            new = min(max(new, tau / 4), 4 * tau)
            if not low <= new <= high:
                new = (tau + (min(high, 4 * tau) if slope > 0 else low)) / 2
            if new < smallest:
                return 0.0
            if abs(new - tau) <= 1e-8 * (1 + tau) or new > 10 * FARTHEST:
                return new
            tau = new
        return tau

    def _without_spread(self, mu):
        xi, ni = self.data.xi[0], self.data.ni[0]
        return float(log_likelihood(mu, 0.0, xi, ni, 3).sum()), float(np.sum(xi - ni * expit(mu)))

    def limit_of_mu(self, mu, tau, step):
        """Where the profile of the mean crosses the floor, on the side of ``step``."""
        inside, outside = mu, mu + 2 * step
        while True:
            tau, value, _ = self.best_tau(outside, tau)
            if value < self.floor:
                break
            inside, outside = outside, outside + 2 * (outside - mu)
            if abs(outside) > FARTHEST:
                return None

        def height(at):
            nonlocal tau
            tau, value, slope = self.best_tau(at, tau)
            return value - self.floor, slope

        return _root(height, inside, outside)

    def limits_of_tau(self, mu, tau, at_zero):
        """The outermost places where the profile of tau crosses the floor."""
        grid = spreads(self.data)[0]
        grid = np.unique(np.concatenate([grid, grid * np.sqrt(grid[1] / grid[0])]))

        def height(at):
            nonlocal mu
            mu, value, slope = self.best_mu(at, mu)
            return value - self.floor, slope

        low = 0.0
        if at_zero < self.floor:
            below, above = 0.0, tau
            for at in grid[grid < tau]:
                if height(at)[0] >= 0:
                    above = at
                    break
                below = at
            low = _root(height, above, below)
        inside, outside = tau, max(grid[-1], 2 * tau)
        while height(outside)[0] >= 0:
            inside, outside = outside, 2 * outside
            if outside > FARTHEST:
                return low, None
        for at in grid[grid > inside][::-1]:
            if height(at)[0] >= 0:
                inside = at
                break
            outside = at
        return low, _root(height, inside, outside)

    def mean_proportion(self, mu, tau, se, level):
        """Mean proportion and its limits by the delta method on its logit."""
        mean, d_mu, d_tau = (float(v) for v in mean_with_slopes(np.array(mu), np.array(tau)))
        variance = (d_mu * se) ** 2
        if tau > 0:
            at = self.at(mu, tau)
            mixed = float(at.beta_tau[0, 0])
            joint_ = np.array([[at.beta_beta[0, 0, 0], mixed], [mixed, at.tau_tau[0]]])
            slopes = np.array([d_mu, d_tau])
            variance = float(slopes @ np.linalg.solve(joint_, slopes))
        half = float(stdtrit(self.data.xi.shape[1] - 1, 0.5 + level / 2)) * np.sqrt(variance)
        rest = mean * (1 - mean)
        centre = np.log(mean / (1 - mean))
        return mean, *(float(expit(centre + side * half / rest)) for side in (-1, 1))


def _root(height, inside, outside):
    """Where a function falls through 0 between two places, by Newton steps within the bracket."""
    at = (inside + outside) / 2
    for _ in range(200):
        value, slope = height(at)
        inside, outside = (at, outside) if value >= 0 else (inside, at)
        new = at - value / slope if slope else np.inf
        if not min(inside, outside) < new < max(inside, outside):
            new = (inside + outside) / 2
        if abs(new - at) <= 1e-9 * (1 + abs(at)):
            return float(new)
        at = new
    return float(at)
