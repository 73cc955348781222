"""The binomial-normal model, x ~ Binomial(n, expit(mu + u)) with u ~ N(0, tau^2), by likelihood.

Stijnen T, Hamza TH, Ozdemir P (2010) Stat Med 29:3046, section 2.
"""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit, logit

from evisynth.checks import (
    check_choice,
    check_counts,
    check_level,
    check_number,
    check_slab,
    check_whole_number,
)
from evisynth.effects import escalc
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.intervals import prediction_limits
from evisynth.model import MetaAnalysis
from evisynth.quadrature import evaluate
from evisynth.tau2 import dersimonian_laird

NODES = 201
_BOUNDARY = 1e-4


def rma_glmm(xi, ni, *, level=0.95, slab=None, nodes=NODES, prediction="t(k-1)"):
    """Pool single-arm proportions with the exact binomial likelihood.

    Parameters
    ----------
    xi, ni : array_like of int, shape (k,)
        Events and totals.
    level : float in (0, 1)
    slab : sequence of str, optional
    nodes : int
        Quadrature nodes per study; doubling the default moves no estimate by more than 1e-6.
    prediction : {"t(k-1)", "z", "HTS"}
        Convention of the prediction interval, see `prediction_limits`.

    Returns
    -------
    MetaAnalysis
        On the log-odds scale. ``estimate`` back-transforms to the median of the studies'
        underlying proportions. Limits are Wald with t(k - 1) quantiles; the standard error comes
        from the joint information of mean and tau, or of the mean alone where tau is 0.

    Raises
    ------
    ArgumentError
        Counts that are missing, not whole, negative, above their total or above 1e9; k < 2;
        nodes not from 51 to 10000; an unknown convention.
    NotEstimable
        No study has both events and non-events: the likelihood has no finite maximum.
    """
    xi, ni = check_counts("rma_glmm", xi, ni)
    level = check_level("rma_glmm", level)
    slab = check_slab("rma_glmm", slab, xi.size)
    if xi.size < 2:
        raise ArgumentError("rma_glmm", "xi", "one study (k = 1)", "two or more studies")
    nodes = _check_nodes("rma_glmm", nodes)
    check_choice("rma_glmm", "prediction", prediction, ("t(k-1)", "z", "HTS"))
    _check_estimable(xi, ni)

    mu, tau = _maximise(xi, ni, nodes)
    se = _standard_error(mu, tau, xi, ni, nodes)
    k = xi.size
    half = float(stats.t.ppf(0.5 + level / 2, k - 1)) * se
    pi_lb, pi_ub = prediction_limits(mu, se, tau**2, k, level, convention=prediction)
    weights = 1 / (_binomial_variance(mu, ni) + tau**2)
    Q = _likelihood_ratio_q(xi, ni)
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
        Q=Q,
        Q_p=float(stats.chi2.sf(Q, k - 1)),
        weights=tuple((100 * weights / weights.sum()).tolist()),
        level=level,
        slab=slab,
        notes=("tau is estimated as 0",) if tau == 0 else (),
        prediction=prediction,
    )


def glmm_log_likelihood(mu, tau, xi, ni, *, nodes=NODES):
    """Marginal log-likelihood at ``mu`` (log odds) and ``tau``, binomial coefficients included."""
    name = "glmm_log_likelihood"
    xi, ni = check_counts(name, xi, ni)
    nodes = _check_nodes(name, nodes)
    mu, tau = (
        check_number(name, argument, value, np.isfinite, "a finite number")
        for argument, value in (("mu", mu), ("tau", tau))
    )
    saturated = float(np.sum(stats.binom.logpmf(xi, ni, xi / ni)))
    return evaluate(mu, tau, xi, ni, nodes)[0] + saturated


def _check_nodes(function, nodes):
    return check_whole_number(function, "nodes", nodes, 51, 10_000)


def _check_estimable(xi, ni):
    total, events, k = int(ni.sum()), int(xi.sum()), xi.size
    if events in (0, total):
        extent = "nothing but" if events else "no"
        which = f"{events} of {total} over {k} studies is {extent} events"
        remedy = "Use pool_proportions, which gives the exact pooled interval."
    elif no_finite_spread(xi, ni):
        which = f"each of {k} studies has no events or nothing but events"
        remedy = "Show the studies side by side, with their exact intervals."
    else:
        return
    raise NotEstimable(f"rma_glmm: {which}; the likelihood has no finite maximum. {remedy}")


def no_finite_spread(xi, ni):
    """Whether tau grows without bound: each study at 0 or 100 percent, and some of more than one.

    For any distribution of proportions P(0 of n) <= P(0 of 1) and P(n of n) <= P(1 of 1), and the
    bound is reached only as tau grows and every proportion becomes 0 or 1.
    """
    xi, ni = np.asarray(xi), np.asarray(ni)
    return bool(np.all((xi == 0) | (xi == ni)) and np.any(ni > 1))


def _maximise(xi, ni, nodes):
    """The global maximum over (mu, tau >= 0); tau is exactly 0 where the boundary is as good."""
    yi, vi = escalc("PLO", xi=xi, ni=ni)
    common = float(logit(xi.sum() / ni.sum()))
    moments = dersimonian_laird(yi, vi) ** 0.5

    def negative(parameters):
        value, gradient, _ = evaluate(*parameters, xi, ni, nodes)
        return -value, -gradient

    boundary = evaluate(common, 0.0, xi, ni, nodes)[0]
    best = (boundary, common, 0.0)
    for start in (max(moments, 0.1), 0.5, 1.5):
        found = minimize(
            negative,
            (common, start),
            jac=True,
            method="BFGS",
            options={"gtol": 1e-4, "maxiter": 500},
        )
        mu, tau = _newton(found.x, xi, ni, nodes)
        value = evaluate(mu, tau, xi, ni, nodes)[0]
        if value > best[0] + 1e-9 and abs(tau) > _BOUNDARY:
            best = (value, mu, abs(tau))
    return float(best[1]), float(best[2])


def _newton(parameters, xi, ni, nodes):
    """Polish an optimum with Newton steps."""
    current = np.asarray(parameters, dtype=float)
    for _ in range(8):
        _, gradient, information = evaluate(*current, xi, ni, nodes)
        if np.any(np.linalg.eigvalsh(information) <= 0):
            break
        step = np.linalg.solve(information, gradient)
        current = current + np.clip(step, -0.5, 0.5)
        if np.max(np.abs(step)) < 1e-11:
            break
    return current


def _standard_error(mu, tau, xi, ni, nodes):
    if tau == 0:
        return float(1 / np.sqrt(np.sum(ni) * expit(mu) * (1 - expit(mu))))
    return float(np.sqrt(np.linalg.inv(evaluate(mu, tau, xi, ni, nodes)[2])[0, 0]))


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
