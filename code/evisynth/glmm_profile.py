"""Profile-likelihood intervals of the binomial-normal model, and its mean proportion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, chdtri, expit, stdtrit

from evisynth.checks import check_counts, check_level, check_numbers, shown
from evisynth.errors import ArgumentError
from evisynth.glmm import NODES, check_estimable, check_nodes, offset
from evisynth.glmm_fit import FARTHEST, Data, joint, maximise, spreads
from evisynth.quadrature import MOST_POINTS
from evisynth.result import Result

_AGREE = 1e-6


@dataclass(frozen=True)
class GlmmProfile(Result):
    """Profile-likelihood intervals, log-odds scale unless said otherwise.

    Attributes
    ----------
    estimate, ci_lb, ci_ub : float or None
        Mean log odds and its profile limits; a limit that is infinite is None.
    tau, tau_lb, tau_ub : float or None
        Between-study standard deviation; ``tau_lb`` is 0 where 0 is compatible with the data.
    log_likelihood, log_likelihood_zero : float
        At the maximum, and at the maximum where tau is 0; binomial coefficients included.
    lrt, lrt_p : float
        Likelihood-ratio test of tau = 0, its p from the equal mixture of a point mass at 0 and
        chi-squared with 1 degree of freedom.
    median, mean, mean_lb, mean_ub : float
        Proportions 0 to 1: that of the median study, expit(estimate), and the mean proportion of
        all studies, E expit(estimate + tau Z). The limits of the mean are by the delta method on
        the logit of the mean, from the joint information of mean log odds and tau, with t(k - 1)
        quantiles; where tau is 0 they rest on the mean log odds alone.
    k : int
    level : float
    notes : tuple of str
    """

    estimate: float
    ci_lb: float | None
    ci_ub: float | None
    tau: float
    tau_lb: float
    tau_ub: float | None
    log_likelihood: float
    log_likelihood_zero: float
    lrt: float
    lrt_p: float
    median: float
    mean: float
    mean_lb: float
    mean_ub: float
    k: int
    level: float = 0.95
    notes: tuple[str, ...] = ()

    @property
    def displayed(self):
        """Median proportion and its profile limits, 0 to 1; None where a limit is infinite."""
        names = ("estimate", "ci_lb", "ci_ub")
        values = {name: getattr(self, name) for name in names}
        return {name: None if v is None else float(expit(v)) for name, v in values.items()}

    def terms(self):
        """Mean log odds, tau, and the two proportions."""
        shown = self.displayed
        rows = [
            ("mean", self.estimate, self.ci_lb, self.ci_ub, "log odds"),
            ("tau", self.tau, self.tau_lb, self.tau_ub, "log odds"),
            ("median proportion", shown["estimate"], shown["ci_lb"], shown["ci_ub"], "proportion"),
            ("mean proportion", self.mean, self.mean_lb, self.mean_ub, "proportion"),
        ]
        names = ("term", "estimate", "ci_lb", "ci_ub", "scale")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def __repr__(self):
        low, high = ("-inf", "inf")
        low = low if self.ci_lb is None else f"{self.ci_lb:.3f}"
        high = high if self.ci_ub is None else f"{self.ci_ub:.3f}"
        top = "inf" if self.tau_ub is None else f"{self.tau_ub:.3f}"
        return (
            f"<profile likelihood PLO, k = {self.k}: {self.estimate:.3f} [{low}, {high}], "
            f"tau {self.tau:.3f} [{self.tau_lb:.3f}, {top}]>"
        )


def glmm_profile(xi, ni, *, level=0.95, nodes=NODES):
    """Profile-likelihood intervals of the mean log odds and of tau, and the test of tau = 0.

    Parameters
    ----------
    xi, ni : array_like of int, shape (k,)
        Events and totals; k >= 2.
    level : float in (0, 1)
    nodes : int
        As in `rma_glmm`.

    Returns
    -------
    GlmmProfile
        Each limit is where twice the log-likelihood, maximised over the other parameter, has
        fallen by the quantile of chi-squared(1): the first such place on the way out from the
        estimate of the mean, and the outermost one for tau; solved to 1e-8. A limit beyond 1000
        counts as infinite.

    Raises
    ------
    ArgumentError, NotEstimable
        As `rma_glmm`.

    References
    ----------
    Hardy RJ, Thompson SG (1996) Stat Med 15:619, for the intervals; Self SG, Liang KY (1987)
    J Am Stat Assoc 82:605, for the test.
    """
    name = "glmm_profile"
    xi, ni = check_counts(name, xi, ni)
    level = check_level(name, level)
    nodes = check_nodes(name, nodes)
    if xi.size < 2:
        raise ArgumentError(name, "xi", "one study (k = 1)", "two or more studies")
    check_estimable(name, xi, ni)
    one = Data(xi[None], ni[None], np.ones((1, xi.size)), np.ones((xi.size, 1)))
    fit = maximise(one, nodes)
    mu, tau, top = float(fit.beta[0, 0]), float(fit.tau[0]), float(fit.value[0])
    floor = top - 0.5 * float(chdtri(1, 1 - level))
    of = _Profile(one, nodes, floor)
    se = float(np.sqrt(fit.covariance[0, 0, 0]))
    ci_lb, ci_ub = of.limit_of_mu(mu, tau, -se), of.limit_of_mu(mu, tau, se)
    tau_lb, tau_ub = of.limits_of_tau(mu, tau, float(fit.at_zero[0]))
    lrt = 2 * max(top - float(fit.at_zero[0]), 0.0)
    mean, mean_lb, mean_ub = of.mean_proportion(mu, tau, se, level)
    extra = offset(xi, ni)
    infinite = {"ci_lb": ci_lb, "ci_ub": ci_ub, "tau_ub": tau_ub}
    notes = [f"{limit} is infinite" for limit, value in infinite.items() if value is None]
    return GlmmProfile(
        estimate=mu, ci_lb=ci_lb, ci_ub=ci_ub, tau=tau, tau_lb=tau_lb, tau_ub=tau_ub,
        log_likelihood=top + extra, log_likelihood_zero=float(fit.at_zero[0]) + extra,
        lrt=lrt, lrt_p=0.5 * float(chdtrc(1, lrt)) if tau > 0 else 1.0,
        median=float(expit(mu)), mean=mean, mean_lb=mean_lb, mean_ub=mean_ub,
        k=xi.size, level=level,
        notes=(("tau is estimated as 0",) if tau == 0 else ()) + tuple(notes),
    )  # fmt: skip


class _Profile:
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
        stacked = Data(*(np.repeat(a, len(grid), 0) for a in self.data[:3]), self.data.design)
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
        from evisynth.quadrature import log_likelihood

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
        mean, d_mu, d_tau = (float(v) for v in _mean_with_slopes(np.array(mu), np.array(tau)))
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


def marginal_mean(mu, tau):
    """Mean proportion E[expit(mu + tau Z)], Z standard normal, of studies of median expit(mu).

    Parameters
    ----------
    mu, tau : array_like of float
        Log odds; they broadcast; tau from 0 to 100.

    Returns
    -------
    ndarray or float
        Proportions, to 1e-10 or better: by the trapezoidal rule, whose error falls exponentially
        with the number of points (Trefethen LN, Weideman JAC (2014) SIAM Rev 56:385).

    Raises
    ------
    ArgumentError
        Values that are missing, not finite or beyond these bounds; shapes that do not broadcast.
    """
    mu = _any_shape("mu", mu)
    tau = _any_shape("tau", tau, lower=0, upper=100, allowed="numbers from 0")
    try:
        mu, tau = np.broadcast_arrays(mu, tau)
    except ValueError:
        allowed = f"a shape that broadcasts with {mu.shape}"
        raise ArgumentError("marginal_mean", "tau", f"of shape {tau.shape}", allowed) from None
    return _mean_with_slopes(mu, tau)[0][()]


def _any_shape(argument, values, **bounds):
    try:
        shape = np.shape(values)
    except ValueError:
        raise ArgumentError("marginal_mean", argument, shown(values), "finite numbers") from None
    flat = values if len(shape) < 2 else np.ma.reshape(values, -1)
    if not np.ma.is_masked(flat):
        flat = np.ma.getdata(flat) if len(shape) > 1 else flat
    return check_numbers("marginal_mean", argument, flat, **bounds).reshape(shape)


def _mean_with_slopes(mu, tau):
    """The mean proportion and its derivatives in mu and tau, the latter on the logit's scale.

    The poles of the logistic function lie at pi / tau from the real line in z: steps of 0.5 / tau
    leave an error of exp(-4 pi^2).
    """
    step = min(0.5, 0.5 / max(float(np.max(tau)), 1e-3))
    z = np.arange(-np.ceil(9 / step), np.ceil(9 / step) + 1) * step
    density = np.exp(-0.5 * z**2) * step / np.sqrt(2 * np.pi)
    p = expit(mu[..., None] + tau[..., None] * z)
    slope = p * (1 - p)
    return p @ density, slope @ density, slope @ (density * z)
