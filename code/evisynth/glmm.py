"""The binomial-normal model: x ~ Binomial(n, expit(mu + u)), u ~ N(0, tau^2), by maximum likelihood.

Stijnen T, Hamza TH, Ozdemir P (2010) Stat Med 29:3046, section 2; adaptive Gauss-Hermite
quadrature as in Pinheiro J, Bates D (1995) J Comput Graph Stat 4:12.
"""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit, gammaln, logit, logsumexp

from evisynth.effects import check_counts, check_level, escalc
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.model import MetaAnalysis, check_slab, prediction_limits
from evisynth.tau2 import dersimonian_laird

NODES = 31
_BOUNDARY = 1e-4


def rma_glmm(xi, ni, *, level=0.95, slab=None, nodes=NODES):
    """Pool single-arm proportions with the exact binomial likelihood.

    Parameters
    ----------
    xi, ni : array_like of int, shape (k,)
        Events and totals.
    level : float in (0, 1)
    slab : sequence of str, optional
    nodes : int
        Quadrature nodes per study; doubling the default moves no estimate by more than 1e-6.

    Returns
    -------
    MetaAnalysis
        On the log-odds scale. ``estimate`` back-transforms to the median of the studies'
        underlying proportions. Limits are Wald with t(k - 1) quantiles; the standard error comes
        from the joint information of mean and tau, or of the mean alone where tau is 0.

    Raises
    ------
    ArgumentError
        Counts that are missing, not whole, negative, above their total; k < 2; nodes below 5.
    NotEstimable
        No events at all, or nothing but events: the likelihood has no finite maximum.
    """
    xi, ni = check_counts("rma_glmm", xi, ni)
    level = check_level("rma_glmm", level)
    slab = check_slab("rma_glmm", slab, xi.size)
    if xi.size < 2:
        raise ArgumentError("rma_glmm", "xi", "one study (k = 1)", "two or more studies")
    if not isinstance(nodes, int) or nodes < 5:
        raise ArgumentError("rma_glmm", "nodes", repr(nodes), "a whole number from 5")
    _check_estimable(xi, ni)

    rule = np.polynomial.hermite_e.hermegauss(nodes)
    mu, tau = _maximise(xi, ni, rule)
    se = _standard_error(mu, tau, xi, ni, rule)
    k = xi.size
    half = float(stats.t.ppf(0.5 + level / 2, k - 1)) * se
    pi_lb, pi_ub = prediction_limits(mu, se, tau**2, k, level)
    yi, vi = escalc("PLO", xi=xi, ni=ni)
    typical = float(np.median(vi))
    weights = 1 / (_binomial_variance(mu, ni) + tau**2)
    return MetaAnalysis(
        measure="PLO",
        model="binomial-normal",
        method="ML",
        test="t",
        k=k,
        estimate=mu,
        se=se,
        ci_lb=mu - half,
        ci_ub=mu + half,
        pi_lb=pi_lb,
        pi_ub=pi_ub,
        tau2=tau**2,
        I2=None,
        H2=None,
        Q=_likelihood_ratio_q(xi, ni),
        Q_p=float(stats.chi2.sf(_likelihood_ratio_q(xi, ni), k - 1)),
        weights=tuple(100 * weights / weights.sum()),
        level=level,
        slab=slab,
        notes=("tau is estimated as 0",) if tau == 0 and typical > 0 else (),
    )


def glmm_log_likelihood(mu, tau, xi, ni, *, nodes=NODES):
    """Marginal log-likelihood at ``mu`` (log odds) and ``tau``, binomial coefficients included."""
    xi, ni = check_counts("glmm_log_likelihood", xi, ni)
    rule = np.polynomial.hermite_e.hermegauss(nodes)
    return _evaluate(mu, tau, xi, ni, rule)[0] + float(np.sum(_log_choose(xi, ni)))


def _check_estimable(xi, ni):
    total, events = int(ni.sum()), int(xi.sum())
    if events in (0, total):
        which = "no events" if events == 0 else "nothing but events"
        raise NotEstimable(
            f"rma_glmm: {events} of {total} over {xi.size} studies is {which}; the likelihood has "
            "no finite maximum. Use pool_proportions, which gives the exact pooled interval."
        )


def _log_choose(xi, ni):
    return gammaln(ni + 1) - gammaln(xi + 1) - gammaln(ni - xi + 1)


def _log1pexp(eta):
    return np.logaddexp(0, eta)


def _modes(mu, tau, xi, ni):
    """Mode and curvature scale of each study's integrand in z, where its log odds are mu + tau z."""
    z = np.zeros_like(xi)
    for _ in range(100):
        p = expit(mu + tau * z)
        gradient = tau * (xi - ni * p) - z
        curvature = 1 + tau**2 * ni * p * (1 - p)
        # The step is damped: undamped Newton diverges for large n far from the mode.
        step = np.clip(gradient / curvature, -2, 2)
        z = z + step
        if np.max(np.abs(step)) < 1e-10:
            break
    p = expit(mu + tau * z)
    return z, 1 / np.sqrt(1 + tau**2 * ni * p * (1 - p))


def _evaluate(mu, tau, xi, ni, rule):
    """Log-likelihood (without binomial coefficients) and its gradient in (mu, tau)."""
    nodes, node_weights = rule
    centre, scale = _modes(mu, tau, xi, ni)
    z = centre[:, None] + scale[:, None] * nodes
    eta = mu + tau * z
    log_terms = (
        xi[:, None] * eta
        - ni[:, None] * _log1pexp(eta)
        - 0.5 * z**2
        + 0.5 * nodes**2
        + np.log(node_weights)
        + np.log(scale)[:, None]
        - 0.5 * np.log(2 * np.pi)
    )
    per_study = logsumexp(log_terms, axis=1)
    posterior = np.exp(log_terms - per_study[:, None])
    residual = xi[:, None] - ni[:, None] * expit(eta)
    gradient = np.array([np.sum(posterior * residual), np.sum(posterior * residual * z)])
    return float(np.sum(per_study)), gradient


def _maximise(xi, ni, rule):
    """The global maximum over (mu, tau >= 0); tau is exactly 0 where the boundary is as good."""
    yi, vi = escalc("PLO", xi=xi, ni=ni)
    common = float(logit(xi.sum() / ni.sum()))
    moments = dersimonian_laird(yi, vi) ** 0.5

    def negative(parameters):
        value, gradient = _evaluate(*parameters, xi, ni, rule)
        return -value, -gradient

    boundary = _evaluate(common, 0.0, xi, ni, rule)[0]
    best = (boundary, common, 0.0)
    for start in (max(moments, 0.1), 0.5, 1.5):
        found = minimize(
            negative, (common, start), jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 500}
        )
        mu, tau = _newton(found.x, xi, ni, rule)
        value = _evaluate(mu, tau, xi, ni, rule)[0]
        if value > best[0] + 1e-9 and abs(tau) > _BOUNDARY:
            best = (value, mu, abs(tau))
    return float(best[1]), float(best[2])


def _newton(parameters, xi, ni, rule):
    """Polish an optimum with Newton steps on the analytic gradient."""
    current = np.asarray(parameters, dtype=float)
    for _ in range(8):
        gradient = _evaluate(*current, xi, ni, rule)[1]
        information = _information(*current, xi, ni, rule)
        if np.any(np.linalg.eigvalsh(information) <= 0):
            break
        step = np.linalg.solve(information, gradient)
        current = current + np.clip(step, -0.5, 0.5)
        if np.max(np.abs(step)) < 1e-11:
            break
    return current


def _information(mu, tau, xi, ni, rule, step=1e-5):
    """Observed information in (mu, tau), central differences of the analytic gradient."""
    columns = []
    for offset in (np.array([step, 0.0]), np.array([0.0, step])):
        above = _evaluate(mu + offset[0], tau + offset[1], xi, ni, rule)[1]
        below = _evaluate(mu - offset[0], tau - offset[1], xi, ni, rule)[1]
        columns.append(-(above - below) / (2 * step))
    information = np.array(columns)
    return (information + information.T) / 2


def _standard_error(mu, tau, xi, ni, rule):
    if tau == 0:
        return float(1 / np.sqrt(np.sum(ni) * expit(mu) * (1 - expit(mu))))
    return float(np.sqrt(np.linalg.inv(_information(mu, tau, xi, ni, rule))[0, 0]))


def _binomial_variance(mu, ni):
    p = expit(mu)
    return 1 / (ni * p * (1 - p))


def _likelihood_ratio_q(xi, ni):
    """Deviance of equal proportions against one proportion per study; chi-squared, k - 1."""
    p = xi.sum() / ni.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        events = np.where(xi > 0, xi * np.log(xi / (ni * p)), 0)
        others = np.where(ni > xi, (ni - xi) * np.log((ni - xi) / (ni * (1 - p))), 0)
    return float(2 * np.sum(events + others))
