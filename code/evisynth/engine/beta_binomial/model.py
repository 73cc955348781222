"""The beta-binomial model: proportions of studies are beta distributed about a mean proportion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, expit, gammaln, logit, stdtrit

from evisynth.checks import check_counts, check_level, check_slab
from evisynth.engine.beta_binomial.likelihood import likelihood
from evisynth.engine.glmm.estimable import check_estimable
from evisynth.engine.random_effects.intervals import PREDICTION_MINIMUM_K, narrower_notes
from evisynth.errors import ArgumentError
from evisynth.result import Result
from evisynth.rounding import decimal_numbers

_NO_GAIN = 1e-9


@dataclass(frozen=True)
class BetaBinomial(Result):
    """A fitted beta-binomial model.

    Attributes
    ----------
    estimate, se, ci_lb, ci_ub : float
        Log odds of the mean proportion, its standard error from the joint information with rho (of
        the mean alone where rho is 0), Wald limits with t(k - 1) quantiles.
    rho, rho_se : float, float or None
        Intraclass correlation, 0 to 1, by which two counts of one study agree more than chance:
        the variance of the studies' proportions is rho p (1 - p). No standard error where it is 0.
    pi_lb, pi_ub : float or None
        Log odds of the quantiles of the fitted beta distribution, mean and rho plugged in as if
        known; None below three studies and where rho is 0, since there all studies are alike. A
        note says where they do not hold the limits of the mean.
    log_likelihood, log_likelihood_zero : float
        At the maximum, and at that of the binomial model; binomial coefficients included.
    boundary : bool
        Whether rho is estimated as 0.
    weights : tuple of float
        Percent, in proportion to n / (1 + (n - 1) rho), the inverse variance of a proportion.
    k : int
    level : float
    slab, notes : tuple of str
    """

    estimate: float
    se: float
    ci_lb: float
    ci_ub: float
    rho: float
    rho_se: float | None
    pi_lb: float | None
    pi_ub: float | None
    log_likelihood: float
    log_likelihood_zero: float
    boundary: bool
    weights: tuple[float, ...]
    k: int
    level: float = 0.95
    slab: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def displayed(self):
        """Mean proportion, its limits and the prediction limits, 0 to 1."""
        names = ("estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub")
        values = {name: getattr(self, name) for name in names}
        return {name: None if v is None else float(expit(v)) for name, v in values.items()}

    def terms(self):
        """Mean proportion and intraclass correlation."""
        shown = self.displayed
        rows = [
            ("mean proportion", shown["estimate"], shown["ci_lb"], shown["ci_ub"], "proportion"),
            ("rho", self.rho, None, None, "correlation"),
        ]
        names = ("term", "estimate", "ci_lb", "ci_ub", "scale")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def __repr__(self):
        shown = self.displayed
        numbers = (shown["estimate"], shown["ci_lb"], shown["ci_ub"])
        estimate, low, high = decimal_numbers(*numbers, decimals=3)
        return f"<beta-binomial, ML, k = {self.k}: {estimate} [{low}, {high}], rho {self.rho:.3f}>"


def betabinomial(xi, ni, *, level=0.95, slab=None):
    """Mean proportion over studies by the beta-binomial model, maximum likelihood.

    Parameters
    ----------
    xi, ni : array_like of int, shape (k,)
        Events and totals; k >= 2.
    level : float in (0, 1)
    slab : sequence of str, optional

    Returns
    -------
    BetaBinomial
        Its mean proportion is that of all studies, not of the median study as in `rma_glmm`. rho is
        0 where less variation than the binomial fits best.

    Raises
    ------
    ArgumentError
        Counts that are missing, not whole, negative, above their total or above 1e9; k < 2.
    NotEstimable
        No study has both events and non-events (and some has more than one patient): rho would be
        1, or the mean 0 or 1.

    References
    ----------
    Griffiths DA (1973) Biometrics 29:637; for meta-analysis Ma Y, Chu H, Mazumdar M (2016) Commun
    Stat Simul Comput 45:3036.
    """
    name = "betabinomial"
    xi, ni = check_counts(name, xi, ni)
    level = check_level(name, level)
    slab = check_slab(name, slab, xi.size)
    k = xi.size
    if k < 2:
        raise ArgumentError(name, "xi", "one study (k = 1)", "two or more studies")
    check_estimable(name, xi, ni)
    mu, rho, se, rho_se, value, at_zero = _fit(xi, ni)
    half = float(stdtrit(k - 1, 0.5 + level / 2)) * se
    pi_lb, pi_ub = _prediction(mu, rho, k, level)
    weights = ni / (1 + (ni - 1) * rho)
    choose = float(np.sum(gammaln(ni + 1) - gammaln(xi + 1) - gammaln(ni - xi + 1)))
    return BetaBinomial(
        estimate=mu, se=se, ci_lb=mu - half, ci_ub=mu + half, rho=rho, rho_se=rho_se,
        pi_lb=pi_lb, pi_ub=pi_ub,
        log_likelihood=value + choose, log_likelihood_zero=at_zero + choose,
        boundary=rho == 0, weights=tuple((100 * weights / weights.sum()).tolist()),
        k=k, level=level, slab=slab,
        notes=_notes(rho, (mu - half, mu + half), (pi_lb, pi_ub)),
    )  # fmt: skip


def _notes(rho, mean, new):
    at_zero = ("rho is estimated as 0: the model is the binomial one",) if rho == 0 else ()
    return at_zero + narrower_notes(mean, new, "mean and rho taken as known")


def _prediction(mu, rho, k, level):
    """Log odds of the beta distribution's quantiles."""
    if rho == 0 or k < PREDICTION_MINIMUM_K:
        return None, None
    size = (1 - rho) / rho
    a, b, tail = size * expit(mu), size * expit(-mu), 0.5 - level / 2
    return _logit_quantile(a, b, tail), -_logit_quantile(b, a, tail)


def _logit_quantile(a, b, p):
    """Log odds of a beta distribution's quantile, taken from the end to which it is next."""
    smallest = np.finfo(float).tiny
    low = betaincinv(a, b, p)
    if low > 0.5:
        return float(-logit(max(betaincinv(b, a, 1 - p), smallest)))
    return float(logit(max(low, smallest)))


def _fit(xi, ni):
    """Log odds of the mean, rho, their standard errors, log-likelihood, and that where rho is 0."""
    common = float(logit(xi.sum() / ni.sum()))
    p = expit(common)
    at_zero = float(np.sum(xi) * np.log(p) + np.sum(ni - xi) * np.log1p(-p))
    best = (at_zero + _NO_GAIN, common, None, None)
    # theta = rho / (1 - rho), scanned from where it does not matter to where rho is almost 1.
    scan = np.linspace(np.log(1e-3 / ni.max()), 9, 40)
    mu = np.full(scan.size, common)
    for _ in range(12):
        _, gradient, hessian = likelihood(mu, scan, xi, ni)
        step = gradient[0] / np.maximum(np.abs(hessian[0]), 1e-300)
        mu = mu + np.clip(step, -1, 1)
    values = likelihood(mu, scan, xi, ni)[0]
    padded = np.concatenate([[-np.inf], values, [-np.inf]])
    for i in np.flatnonzero((values >= padded[:-2]) & (values > padded[2:])):
        found = _polish(mu[i], scan[i], xi, ni)
        if found is not None and found[0] > best[0]:
            best = found
    value, mu, s, covariance = best
    if s is None:
        return common, 0.0, float(1 / np.sqrt(ni.sum() * p * (1 - p))), None, at_zero, at_zero
    rho = float(expit(s))
    rho_se = float(rho * (1 - rho) * np.sqrt(covariance[1, 1]))
    return float(mu), rho, float(np.sqrt(covariance[0, 0])), rho_se, float(value), at_zero


def _polish(mu, s, xi, ni):
    """Newton steps in (mu, log theta), halved until uphill; None where they end at no maximum."""
    at = np.array([mu, s])
    value, gradient, hessian = likelihood(*at, xi, ni)
    for _ in range(200):
        matrix = -np.array([[hessian[0], hessian[1]], [hessian[1], hessian[2]]])
        eigen, axes = np.linalg.eigh(matrix)
        # Where it is not concave, as far along that axis as if it were.
        step = axes @ ((axes.T @ gradient) / np.maximum(np.abs(eigen), 1e-12))
        step *= 2.0 / max(2.0, np.max(np.abs(step)))
        for _ in range(40):
            new = likelihood(*(at + step), xi, ni)
            if new[0] >= value - 1e-12 * abs(value):
                break
            step = step / 2
        at, (value, gradient, hessian) = at + step, new
        if np.max(np.abs(step)) < 1e-10:
            break
    matrix = -np.array([[hessian[0], hessian[1]], [hessian[1], hessian[2]]])
    if np.linalg.eigvalsh(matrix)[0] <= 0:
        return None
    return float(value), at[0], at[1], np.linalg.inv(matrix)
