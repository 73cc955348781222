"""The binomial-normal model, x ~ Binomial(n, expit(mu + u)) with u ~ N(0, tau^2), by likelihood.

Stijnen T, Hamza TH, Ozdemir P (2010) Stat Med 29:3046, section 2. The random effect is integrated
out by the trapezoidal rule over the range that matters, study by study: for such integrands it
converges exponentially (Trefethen LN, Weideman JAC (2014) SIAM Rev 56:385), also where one is so
skewed that Gauss-Hermite nodes miss it (tau above 2, or no events in a large study).
"""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logit, logsumexp, xlogy

from evisynth.effects import check_counts, check_level, escalc
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.model import MetaAnalysis, check_slab, prediction_limits
from evisynth.tau2 import dersimonian_laird

NODES = 201
_BOUNDARY = 1e-4
_DROP = 36.0  # beyond the points where an integrand is exp(-36) of its peak, nothing is added


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
        Counts that are missing, not whole, negative, above their total; k < 2; nodes below 51.
    NotEstimable
        No study has both events and non-events: the likelihood has no finite maximum.
    """
    xi, ni = check_counts("rma_glmm", xi, ni)
    level = check_level("rma_glmm", level)
    slab = check_slab("rma_glmm", slab, xi.size)
    if xi.size < 2:
        raise ArgumentError("rma_glmm", "xi", "one study (k = 1)", "two or more studies")
    _check_nodes("rma_glmm", nodes)
    _check_estimable(xi, ni)

    mu, tau = _maximise(xi, ni, nodes)
    se = _standard_error(mu, tau, xi, ni, nodes)
    k = xi.size
    half = float(stats.t.ppf(0.5 + level / 2, k - 1)) * se
    pi_lb, pi_ub = prediction_limits(mu, se, tau**2, k, level)
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
    )


def glmm_log_likelihood(mu, tau, xi, ni, *, nodes=NODES):
    """Marginal log-likelihood at ``mu`` (log odds) and ``tau``, binomial coefficients included."""
    name = "glmm_log_likelihood"
    xi, ni = check_counts(name, xi, ni)
    _check_nodes(name, nodes)
    for argument, value in (("mu", mu), ("tau", tau)):
        if not isinstance(value, int | float) or not np.isfinite(value):
            raise ArgumentError(name, argument, repr(value), "a finite number")
    saturated = float(np.sum(stats.binom.logpmf(xi, ni, xi / ni)))
    return _evaluate(mu, tau, xi, ni, nodes)[0] + saturated


def _check_nodes(function, nodes):
    if not isinstance(nodes, int) or nodes < 51:
        raise ArgumentError(function, "nodes", repr(nodes), "a whole number from 51")


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


def _log_integrand(z, mu, tau, xi, ni):
    """Log-likelihood of each study at mu + tau z, less its maximum, plus log N(z; 0, 1)."""
    eta = mu + tau * z
    saturated = xlogy(xi, xi / ni) + xlogy(ni - xi, 1 - xi / ni)
    likelihood = xi * log_expit(eta) + (ni - xi) * log_expit(-eta) - saturated
    return likelihood - 0.5 * z**2 - 0.5 * np.log(2 * np.pi)


def _modes(mu, tau, xi, ni):
    """Mode and curvature scale of each study's integrand in z; its log odds are mu + tau z."""
    first = tau * (xi - ni * expit(mu))
    low, high = np.minimum(first, 0), np.maximum(first, 0)
    yi, vi = np.log((xi + 0.5) / (ni - xi + 0.5)), 1 / (xi + 0.5) + 1 / (ni - xi + 0.5)
    z = np.clip(tau * (yi - mu) / (vi + tau**2), low, high)
    moved = high - low
    for _ in range(200):
        p = expit(mu + tau * z)
        gradient = tau * (xi - ni * p) - z
        low, high = np.where(gradient > 0, z, low), np.where(gradient > 0, high, z)
        newton = gradient / (1 + tau**2 * ni * p * (1 - p))
        # Newton alone goes to and fro for ever where tau or n is large: halve the bracket instead
        # where a step leaves it, or is not half of the step before.
        good = (z + newton >= low) & (z + newton <= high) & (np.abs(newton) <= 0.5 * moved)
        step = np.where(good, newton, (low + high) / 2 - z)
        z, moved = z + step, np.abs(step)
        if np.all(moved <= 1e-7 * (1 + np.abs(z))):
            break
    p = expit(mu + tau * z)
    return z, 1 / np.sqrt(1 + tau**2 * ni * p * (1 - p))


def _reach(side, centre, scale, mu, tau, xi, ni):
    """Distance from the mode, on one ``side`` (-1, 1), where an integrand has fallen by _DROP."""
    peak = _log_integrand(centre, mu, tau, xi, ni)
    widest = np.sqrt(2 * _DROP)  # no integrand is wider than the normal density of z
    width = widest * scale
    while True:
        fall = peak - _log_integrand(centre + side * width, mu, tau, xi, ni)
        short = (fall < _DROP) & (width < widest)
        if not short.any():
            return width
        width = np.where(short, np.minimum(2 * width, widest), width)


def _evaluate(mu, tau, xi, ni, nodes):
    """Log-likelihood less its saturated value, gradient and information in (mu, tau).

    The information is the observed one, by Louis (1982) J R Stat Soc B 44:226.
    """
    centre, scale = _modes(mu, tau, xi, ni)
    below = _reach(-1, centre, scale, mu, tau, xi, ni)
    above = _reach(1, centre, scale, mu, tau, xi, ni)
    points = _points(tau, nodes)
    step = (below + above) / (points - 1)
    z = (centre - below)[:, None] + step[:, None] * np.arange(points)
    log_terms = _log_integrand(z, mu, tau, xi[:, None], ni[:, None]) + np.log(step)[:, None]
    per_study = logsumexp(log_terms, axis=1)
    posterior = np.exp(log_terms - per_study[:, None])
    scores, complete = _complete_data(z, scale, mu, tau, xi[:, None], ni[:, None])
    means = np.sum(posterior * scores, axis=2)
    centred = scores - means[:, :, None]
    missing = np.einsum("km,ikm,jkm->ij", posterior, centred, centred, optimize=True)
    information = np.einsum("km,ijkm->ij", posterior, complete) - missing
    return float(np.sum(per_study)), means.sum(axis=1), information


def _points(tau, nodes):
    """More points where tau is large, since the integrand bends within a unit of tau z."""
    return int(nodes * min(max(1, abs(tau) / 4), 16))


def _complete_data(z, scale, mu, tau, xi, ni):
    """Scores and information in (mu, tau) as if the random effect were known, at every node.

    Of the two ways to write the model each study gets the one in which little cancels: the log odds
    as the random effect where the counts say more about it than tau does, else z.
    """
    p = expit(mu + tau * z)
    residual = xi - ni * p
    weight = ni * p * (1 - p)
    by_z = np.array([residual, residual * z])
    from_z = np.array([[weight, weight * z], [weight * z, weight * z**2]])
    spread = tau if tau != 0 else 1.0
    by_odds = np.array([z, z**2 - 1]) / spread
    from_odds = np.array([[np.ones_like(z), 2 * z], [2 * z, 3 * z**2 - 1]]) / spread**2
    counts_rule = (scale**2 < 0.5)[:, None]
    return np.where(counts_rule, by_odds, by_z), np.where(counts_rule, from_odds, from_z)


def _maximise(xi, ni, nodes):
    """The global maximum over (mu, tau >= 0); tau is exactly 0 where the boundary is as good."""
    yi, vi = escalc("PLO", xi=xi, ni=ni)
    common = float(logit(xi.sum() / ni.sum()))
    moments = dersimonian_laird(yi, vi) ** 0.5

    def negative(parameters):
        value, gradient, _ = _evaluate(*parameters, xi, ni, nodes)
        return -value, -gradient

    boundary = _evaluate(common, 0.0, xi, ni, nodes)[0]
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
        value = _evaluate(mu, tau, xi, ni, nodes)[0]
        if value > best[0] + 1e-9 and abs(tau) > _BOUNDARY:
            best = (value, mu, abs(tau))
    return float(best[1]), float(best[2])


def _newton(parameters, xi, ni, nodes):
    """Polish an optimum with Newton steps."""
    current = np.asarray(parameters, dtype=float)
    for _ in range(8):
        _, gradient, information = _evaluate(*current, xi, ni, nodes)
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
    return float(np.sqrt(np.linalg.inv(_evaluate(mu, tau, xi, ni, nodes)[2])[0, 0]))


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
