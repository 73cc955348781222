"""Bayesian random-effects meta-analysis by deterministic quadrature: no sampling, no seed."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from evisynth.checks import (
    check_choice,
    check_counts,
    check_effects,
    check_level,
    check_slab,
    check_subset,
    check_whole_number,
)
from evisynth.engine.bayes.binomial_effects import new_study, of_each_study
from evisynth.engine.bayes.binomial_posterior import integrate, margins
from evisynth.engine.bayes.normal_posterior import posterior
from evisynth.engine.bayes.priors import check_mu_prior, check_tau_prior
from evisynth.engine.bayes.result import NUMBERS, TAUS, analyses_of, analysis_of
from evisynth.engine.effects.measures import MEASURES
from evisynth.errors import ArgumentError

_CHUNK = 2_000_000  # numbers that a pass over a stack may hold


def bayes_normal(
    yi, vi, *, tau_prior="HN(0.5)", mu_prior=None, measure="GEN", level=0.95, slab=None,
    subset=None, predict_minimum_k=3,
):  # fmt: skip
    """Bayesian normal-normal random-effects meta-analysis.

    Parameters
    ----------
    yi, vi : array_like, shape (k,) or (B, k)
        Effect sizes and sampling variances, analysis scale; a stack is B data sets.
    tau_prior : str, HalfNormal or HalfCauchy
        Prior of tau, analysis scale: "HN(0.5)", "HC(0.5)", or see `half_normal`.
    mu_prior : (mean, sd), optional
        Normal prior of the mean effect; flat by default.
    measure : str
        Only for labels and the back-transform; not "PFT".
    level : float in (0, 1)
    slab : sequence of str, optional
    subset : array_like of bool, shape (B, k), optional
        Which studies of each data set count; for a stack.
    predict_minimum_k : int
        Prediction limits are given from so many studies on.

    Returns
    -------
    BayesAnalysis, or for a stack BayesAnalyses

    Raises
    ------
    ArgumentError
        As in `rma`; one study with a flat prior; an unknown prior; "PFT".

    References
    ----------
    Rover C (2020) J Stat Softw 93(6).

    Examples
    --------
    >>> from evisynth import bayes_normal
    >>> fit = bayes_normal([-0.4, -0.1, -0.6, 0.2], [0.04, 0.03, 0.09, 0.06], tau_prior="HN(0.5)")
    >>> round(fit.estimate, 2), round(fit.ci_lb, 2), round(fit.ci_ub, 2)
    (-0.2, -0.64, 0.21)
    >>> round(fit.tau, 2)
    0.24
    """
    name = "bayes_normal"
    prior, mu_prior = check_tau_prior(name, tau_prior), check_mu_prior(name, mu_prior, flat=True)
    check_choice(name, "measure", measure, [m for m in MEASURES if not MEASURES[m].needs_total])
    level, minimum = check_level(name, level), _check_minimum(name, predict_minimum_k)
    yi, vi, used, stacked = _check_stack(name, (yi, vi), subset, check_effects)
    _check_enough(name, used, mu_prior)
    head = {
        "measure": measure, "model": "Bayes normal-normal", "tau_prior": prior.name,
        "mu_prior": mu_prior, "level": level,
    }  # fmt: skip
    if not stacked:
        slab = check_slab(name, slab, yi.shape[1])
        found = posterior(yi, vi, used, prior, mu_prior, level, shrinkage=True)
        return analysis_of({key: value[0] for key, value in found.items()}, head, slab, minimum)
    _refuse_slab(name, slab)
    size = max(1, _CHUNK // (6 * 128 * yi.shape[1]))
    parts = [
        posterior(yi[i : i + size], vi[i : i + size], used[i : i + size], prior, mu_prior, level)
        for i in range(0, len(yi), size)
    ]
    found = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    return analyses_of(found, head, used, minimum)


def bayes_binomial(
    xi, ni, *, tau_prior="HN(1)", mu_prior=(0, 2.5), level=0.95, slab=None, subset=None,
    predict_minimum_k=3,
):  # fmt: skip
    """Bayesian binomial-normal random-effects meta-analysis of single-arm proportions.

    The model of `rma_glmm`, x ~ Binomial(n, expit(theta)) with theta ~ N(mu, tau^2), with priors;
    its posterior exists also where no study, or every one, has nothing but events.

    Parameters
    ----------
    xi, ni : array_like of int, shape (k,) or (B, k)
        Events and totals; a stack is B data sets.
    tau_prior : str, HalfNormal or HalfCauchy
        Prior of tau, log odds.
    mu_prior : (mean, sd)
        Normal prior of the mean log odds; mean from -50 to 50, sd from 0.001 to 50.
    level : float in (0, 1)
    slab : sequence of str, optional
    subset : array_like of bool, shape (B, k), optional
        Which studies of each data set count; for a stack.
    predict_minimum_k : int
        Prediction limits are given from so many studies on.

    Returns
    -------
    BayesAnalysis, or for a stack BayesAnalyses
        On the log-odds scale. ``estimate`` back-transforms to the median of the studies'
        underlying proportions, ``marginal`` is the mean proportion of a new centre.

    Raises
    ------
    ArgumentError
        Counts that are missing, not whole, negative, above their total or above 1e9; an unknown
        prior.

    Examples
    --------
    >>> from evisynth import bayes_binomial
    >>> fit = bayes_binomial([4, 9, 12], [4, 15, 16], tau_prior="HN(1)")
    >>> round(fit.displayed["estimate"], 2), round(fit.marginal, 2)
    (0.73, 0.71)
    """
    name = "bayes_binomial"
    prior, mu_prior = check_tau_prior(name, tau_prior), check_mu_prior(name, mu_prior, flat=False)
    _check_log_odds(name, mu_prior)
    level, minimum = check_level(name, level), _check_minimum(name, predict_minimum_k)
    xi, ni, used, stacked = _check_stack(name, (xi, ni), subset, check_counts)
    head = {
        "measure": "PLO", "model": "Bayes binomial-normal", "tau_prior": prior.name,
        "mu_prior": mu_prior, "level": level,
    }  # fmt: skip
    if not stacked:
        slab = check_slab(name, slab, xi.shape[1])
        found = _binomial(xi[0], ni[0], prior, mu_prior, level, shrinkage=True)
        return analysis_of(found, head, slab, minimum)
    _refuse_slab(name, slab)
    rows = [
        _binomial(x[use], n[use], prior, mu_prior, level)
        for x, n, use in zip(xi, ni, used, strict=True)
    ]
    found = {key: np.array([row[key] for row in rows]) for key in NUMBERS + TAUS}
    return analyses_of(found, head, used, minimum)


def _binomial(xi, ni, prior, mu_prior, level, *, shrinkage=False):
    # In one order whatever the caller's: sums then round alike.
    order = np.lexsort((ni, xi))
    xi, ni = xi[order], ni[order]
    nodes = integrate(xi, ni, prior, mu_prior)
    found = margins(nodes, level)
    found["pi_lb"], found["pi_ub"], found["marginal"] = new_study(nodes, level)
    if shrinkage:
        back = np.argsort(order)
        found["shrinkage"] = of_each_study(nodes, xi, ni, level)[back]
        found["weights"] = _binomial_weights(nodes, ni)[back]
        found["density"] = _mu_density(nodes, found)
    return found


def _binomial_weights(nodes, ni):
    p = expit(nodes.mu)
    information = np.maximum(p * (1 - p), 1e-300)[:, :, None]
    wi = 1 / (1 / (ni * information) + nodes.tau[:, None, None] ** 2)
    share = wi / wi.sum(axis=2, keepdims=True)
    return 100 * np.sum(nodes.weights[:, :, None] * share, axis=(0, 1))


def _mu_density(nodes, found):
    """Density of mu at 101 points, twice as wide as its limits."""
    low, middle, high = found["ci_lb"], found["estimate"], found["ci_ub"]
    points = np.linspace(2 * low - middle, 2 * high - middle, 101)
    step = (nodes.mu[:, 1] - nodes.mu[:, 0])[:, None]
    series = np.sinc((points[:, None, None] - nodes.mu) / step)
    return np.stack([points, np.maximum((nodes.weights * series / step).sum((1, 2)), 0)])


def _check_stack(function, arrays, subset, check):
    """Two arrays (B, k), which of their studies count, and whether they were given as a stack."""
    first, second = check(function, *arrays, stack=True)
    if subset is not None:
        used = check_subset(function, subset, first.shape)
        return np.broadcast_to(first, used.shape), np.broadcast_to(second, used.shape), used, True
    stacked = first.ndim == 2
    first, second = np.atleast_2d(first), np.atleast_2d(second)
    return first, second, np.ones(first.shape, bool), stacked


def _check_minimum(function, value):
    return check_whole_number(function, "predict_minimum_k", value, 1, 1000)


def _check_log_odds(function, mu_prior):
    mean, sd = mu_prior
    if abs(mean) > 50 or not 1e-3 <= sd <= 50:
        allowed = "(mean, sd) in log odds, mean from -50 to 50 and sd from 0.001 to 50"
        raise ArgumentError(function, "mu_prior", repr(mu_prior), allowed)


def _check_enough(function, used, mu_prior):
    if mu_prior is None and np.any(used.sum(axis=1) < 2):
        allowed = "two or more studies, or a proper mu_prior such as (0, 2.5)"
        raise ArgumentError(function, "yi", "one study (k = 1) with a flat mu_prior", allowed)


def _refuse_slab(function, slab):
    if slab is not None:
        raise ArgumentError(function, "slab", "given", "none for a stack of shape (B, k)")
