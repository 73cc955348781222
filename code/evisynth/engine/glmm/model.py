"""The binomial-normal model, x ~ Binomial(n, expit(mu + u)) with u ~ N(0, tau^2), by likelihood.

Stijnen T, Hamza TH, Ozdemir P (2010) Stat Med 29:3046, section 2.
"""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc, expit, ndtri, stdtrit, xlogy

from evisynth.checks import (
    check_choice,
    check_counts,
    check_level,
    check_number,
    check_slab,
    check_subset,
)
from evisynth.engine.glmm.estimable import check_estimable, estimable, no_finite_spread
from evisynth.engine.glmm.fit import maximise
from evisynth.engine.glmm.likelihood import Data, check_nodes, offset
from evisynth.engine.glmm.quadrature import log_likelihood
from evisynth.engine.random_effects.intervals import (
    PREDICTION_MINIMUM_K,
    narrower_notes,
    new_study_sd,
)
from evisynth.engine.random_effects.result import MetaAnalysis
from evisynth.errors import ArgumentError

__all__ = ["NODES", "glmm_log_likelihood", "no_finite_spread", "rma_glmm"]

NODES = 41
_AT_ZERO = "tau is estimated as 0"


def rma_glmm(
    xi, ni, *, mods=None, level=0.95, slab=None, nodes=NODES, prediction="t(k-1)", test="t",
    subset=None,
):  # fmt: skip
    """Pool single-arm proportions with the exact binomial likelihood.

    Parameters
    ----------
    xi, ni : array_like of int, shape (k,) or (B, k)
        Events and totals of one data set, or of a stack of data sets.
    mods : array_like, shape (k,) or (k, p - 1), or mapping of name to values, optional
        Moderators of the log odds, for one data set; an intercept is added.
    level : float in (0, 1)
    slab : sequence of str, optional
        Labels, for one data set.
    nodes : int
        Quadrature points per study to begin with. They are doubled wherever the estimate would
        move by more than about 1e-8.
    prediction : {"t(k-1)", "z", "HTS"}
        Convention of the prediction interval, see `prediction_limits`; a note says where it does
        not hold the confidence interval.
    test : {"t", "z"}
        Quantiles of the limits: t(k - 1), or with moderators t(k - p); or normal.
    subset : array_like of bool, shape (B, k), optional
        Which studies count in each data set of a stack; ``xi`` and ``ni`` of shape (k,) are then
        shared by all.

    Returns
    -------
    MetaAnalysis, MetaAnalyses or GlmmRegression
        For one data set, for a stack (also where ``subset`` is given), or with moderators. On the
        log-odds scale. ``estimate`` back-transforms to the median of the studies' underlying
        proportions. Limits are Wald; the standard error comes from
        the joint information of mean and tau, or of the mean alone where tau is 0. In a stack a
        data set with no finite maximum, or of one study, has ``estimable`` False and nan.

    Raises
    ------
    ArgumentError
        Counts that are missing, not whole, negative, above their total or above 1e9; k < 2; nodes
        not from 15 to 10000; an unknown convention; moderators that are not finite, of another
        length, constant or combinations of each other; no more studies than coefficients;
        moderators, or labels, with a stack.
    NotEstimable
        For one data set. No study has both events and non-events, or moderators separate events
        from non-events: the likelihood has no finite maximum.

    Examples
    --------
    >>> from evisynth import rma_glmm
    >>> fit = rma_glmm([8, 15, 30, 6], [20, 25, 80, 9])
    >>> fit
    <binomial-normal PLO, ML, k = 4: 0.463 [0.270, 0.668], prediction 0.207 to 0.740>
    """
    name = "rma_glmm"
    xi, ni = check_counts(name, xi, ni, stack=True)
    level = check_level(name, level)
    nodes = check_nodes(name, nodes)
    check_choice(name, "prediction", prediction, ("t(k-1)", "z", "HTS"))
    check_choice(name, "test", test, ("t", "z"))
    options = {"level": level, "nodes": nodes, "test": test}
    if xi.ndim == 2 or subset is not None:
        _refuse_for_stack(slab=slab, mods=mods)
        return _stack(xi, ni, subset, prediction, **options)
    slab = check_slab(name, slab, xi.size)
    if xi.size < 2:
        raise ArgumentError(name, "xi", "one study (k = 1)", "two or more studies")
    if mods is not None:
        from evisynth.engine.glmm.regression import glmm_regression

        return glmm_regression(xi, ni, mods, slab=slab, **options)
    check_estimable(name, xi, ni)
    return _one(xi, ni, slab, prediction, **options)


def _refuse_for_stack(**given):
    for name, value in given.items():
        if value is not None:
            raise ArgumentError("rma_glmm", name, "given", f"no {name} for a stack of data sets")


def _one(xi, ni, slab, prediction, *, level, nodes, test):
    """The model of one data set."""
    numbers = _fit(xi[None], ni[None], np.ones((1, xi.size)), prediction, level, nodes, test)
    weights = tuple(numbers.pop("weights")[0].tolist())
    values = {name: value[0].item() for name, value in numbers.items()}
    for name in ("I2", "H2", "pi_lb", "pi_ub"):
        values[name] = None if np.isnan(values[name]) else values[name]
    return MetaAnalysis(
        **_what(level, prediction, test),
        **values,
        weights=weights,
        slab=slab,
        notes=(*((_AT_ZERO,) if values["tau2"] == 0 else ()), *_narrower(values, prediction)),
    )


def _narrower(found, prediction):
    mean, new = (found["ci_lb"], found["ci_ub"]), (found["pi_lb"], found["pi_ub"])
    return narrower_notes(mean, new, f"convention {prediction}")


def _what(level, prediction, test):
    return {
        "measure": "PLO", "model": "binomial-normal", "method": "ML", "test": test,
        "level": level, "prediction": prediction,
    }  # fmt: skip


def _stack(xi, ni, subset, prediction, *, level, nodes, test):
    """The model of each data set of a stack."""
    from evisynth.engine.random_effects.result import MetaAnalyses

    counted = np.ones(xi.shape, bool)
    if subset is not None:
        counted = check_subset("rma_glmm", subset, xi.shape)
        xi, ni = np.broadcast_to(xi, counted.shape), np.broadcast_to(ni, counted.shape)
    k = counted.sum(axis=1)
    ok = estimable(xi, ni, counted) & (k > 1)
    found = {}
    if ok.any():
        found = _fit(xi[ok], ni[ok], counted[ok] * 1.0, prediction, level, nodes, test)
    numbers = {name: np.full(xi.shape[:1], np.nan) for name in _NUMBERS}
    numbers["weights"] = np.full(xi.shape, np.nan)
    for name in numbers:
        if found:
            numbers[name][ok] = found[name]
    finite = np.isfinite(numbers["se"])
    notes = _stack_notes(k, finite, numbers["tau2"] == 0) + _narrower(numbers, prediction)
    what = _what(level, prediction, test)
    return MetaAnalyses(**what, **numbers, k=k, estimable=finite, notes=notes)


_NUMBERS = (
    "estimate", "se", "ci_lb", "ci_ub", "pi_lb", "pi_ub", "tau2", "I2", "H2", "Q", "Q_p",
)  # fmt: skip


def _stack_notes(k, finite, at_zero):
    notes = ["the binomial-normal model has no I2 and H2"]
    if not finite.all():
        notes.append(f"{(~finite).sum()} of {k.size} data sets have no finite maximum: nan")
    if np.any(k < PREDICTION_MINIMUM_K):
        notes.append("below three studies there is no prediction interval: nan")
    if at_zero.any():
        notes.append(f"tau is estimated as 0 in {at_zero.sum()} of {k.size} data sets")
    return tuple(notes)


def _fit(xi, ni, counted, prediction, level, nodes, test):
    """Numbers of each data set, in arrays of shape (B,), and weights (B, k)."""
    fit = maximise(Data(xi, ni, counted, np.ones((xi.shape[1], 1))), nodes)
    mu, se, tau2 = fit.beta[:, 0], np.sqrt(fit.covariance[:, 0, 0]), fit.tau**2
    k = np.count_nonzero(counted, axis=1)
    upper = 0.5 + level / 2
    half = se * (ndtri(upper) if test == "z" else stdtrit(k - 1, upper))
    wide = _prediction_half(se, tau2, k, upper, prediction)
    # 1 - expit(mu) would be 0 where nearly everybody has the event.
    spread = np.maximum(expit(mu) * expit(-mu), np.finfo(float).tiny)[:, None]
    weights = counted / (1 / (ni * spread) + tau2[:, None])
    Q = np.maximum(_likelihood_ratio_q(xi, ni, counted), 0.0)  # below 0 only by rounding
    none = np.full(k.shape, np.nan)
    return {
        "k": k, "estimate": mu, "se": se, "ci_lb": mu - half, "ci_ub": mu + half,
        "pi_lb": mu - wide, "pi_ub": mu + wide, "tau2": tau2, "I2": none, "H2": none,
        "Q": Q, "Q_p": chdtrc(k - 1, Q),
        "weights": 100 * weights / weights.sum(axis=1, keepdims=True),
    }  # fmt: skip


def _prediction_half(se, tau2, k, upper, prediction):
    """Half of each prediction interval; nan below three studies."""
    df = np.maximum(k - (2 if prediction == "HTS" else 1), 1)
    quantile = ndtri(upper) if prediction == "z" else stdtrit(df, upper)
    return np.where(k < PREDICTION_MINIMUM_K, np.nan, quantile * new_study_sd(se, tau2))


def _likelihood_ratio_q(xi, ni, counted):
    """Deviance of equal proportions against one proportion per study; chi-squared, k - 1."""
    xi, ni = xi * counted, np.where(counted > 0, ni, 1)
    p = (xi.sum(axis=1) / (ni * counted).sum(axis=1))[:, None]
    others = (ni - xi) * counted
    deviance = xlogy(xi, xi / (ni * p)) + xlogy(others, others / (ni * (1 - p)))
    return 2 * deviance.sum(axis=1)


def glmm_log_likelihood(mu, tau, xi, ni, *, nodes=NODES):
    """Marginal log-likelihood at ``mu`` (log odds) and ``tau``, binomial coefficients included."""
    name = "glmm_log_likelihood"
    xi, ni = check_counts(name, xi, ni)
    nodes = check_nodes(name, nodes)
    mu, tau = (
        check_number(name, argument, value, np.isfinite, "a finite number")
        for argument, value in (("mu", mu), ("tau", tau))
    )
    return float(np.sum(log_likelihood(mu, abs(tau), xi, ni, nodes))) + offset(xi, ni)
