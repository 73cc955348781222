"""Profile-likelihood intervals of the binomial-normal model, and its mean proportion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, chdtri, expit

from evisynth.checks import check_counts, check_level
from evisynth.engine.glmm.estimable import check_estimable
from evisynth.engine.glmm.fit import maximise
from evisynth.engine.glmm.likelihood import Data, check_nodes, offset
from evisynth.engine.glmm.limits import Profile
from evisynth.engine.glmm.model import NODES
from evisynth.errors import ArgumentError
from evisynth.result import Result


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
    of = Profile(one, nodes, floor)
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
