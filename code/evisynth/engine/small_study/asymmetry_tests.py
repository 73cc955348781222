"""Small-study effects: tests whether small studies differ from large ones."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtr, stdtrit

from evisynth.checks import (
    LARGEST,
    check_choice,
    check_effects,
    check_length,
    check_level,
    check_numbers,
)
from evisynth.engine.effects.measures import MEASURES
from evisynth.engine.moderators.design import INTERCEPT
from evisynth.engine.moderators.meta_regression import TESTS, fit_moderators
from evisynth.engine.random_effects.tau2 import ESTIMATORS
from evisynth.engine.small_study.asymmetry import (
    MINIMUM_K,
    OF_PRECISION,
    OTHER_CAUSES,
    PREDICTORS,
    VANISHING,
    SmallStudyTest,
    check_totals,
    predictor_of,
    refuse_few,
    refuse_single_arm,
)
from evisynth.errors import ArgumentError, NotEstimable

_EXACT_K = 170


# --- regression tests ----------------------------------------------------------------------------


def regtest(
    yi, vi, *, predictor, measure, ni=None, model="rma", method="REML", test="adhoc",
    weights=None, level=0.95, minimum_k=MINIMUM_K,
):  # fmt: skip
    """Regression test of small-study effects.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effect sizes and sampling variances, analysis scale; k >= 10.
    predictor : {"sei", "vi", "ni", "ninv", "sqrtni", "sqrtninv"}
        The standard error (Egger et al 1997; Sterne and Egger 2005) or its square, for comparisons
        alone; the total (Macaskill et al 2001), its inverse (Peters et al 2006), their roots.
    measure : str
        A name in `engine.effects.measures.MEASURES`: for single-arm proportions only predictors
        from ``ni`` are allowed, whatever k is.
    ni : array_like, shape (k,), optional
        Totals; for the predictors that are made of them, and for the weights below.
    model : {"rma", "lm"}
        Meta-regression, or weighted least squares with multiplicative dispersion and t(k - 2).
    method, test : str
        Of model "rma", as for `meta_regression`. metafor's default test is "z".
    weights : array_like, shape (k,), optional
        Of model "lm", above 0. Without them 1 / vi for comparisons and ``ni`` for proportions: then
        a study's weight does not depend on its proportion, as in Peters' test.
    level : float in (0, 1)
    minimum_k : int, from 10

    Returns
    -------
    SmallStudyTest

    Raises
    ------
    ArgumentError
        Effects, totals or weights out of range; "sei" or "vi" for a measure that does not compare
        two arms; weights for model "rma".
    NotEstimable
        Fewer than ``minimum_k`` studies; a predictor with one value; a fit without residuals.

    References
    ----------
    Egger M et al (1997) BMJ 315:629; Sterne JAC, Egger M (2005) in: Rothstein HR et al, Publication
    bias in meta-analysis, ch 6; Macaskill P et al (2001) Stat Med 20:641; Peters JL et al (2006)
    JAMA 295:676.

    Examples
    --------
    >>> from evisynth import regtest
    >>> effects = [-0.1, -0.2, -0.1, -0.3, -0.2, -0.5, -0.4, -0.6, -0.9, -0.8]
    >>> variances = [0.01, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.10, 0.15, 0.20]
    >>> test = regtest(effects, variances, predictor="sei", measure="OR")
    >>> round(test.statistic, 2), test.df, round(test.p, 3)
    (-2.87, 8, 0.021)
    """
    yi, vi = check_effects("regtest", yi, vi)
    check_choice("regtest", "predictor", predictor, PREDICTORS)
    check_choice("regtest", "measure", measure, MEASURES)
    check_choice("regtest", "model", model, ("rma", "lm"))
    check_choice("regtest", "method", method, ESTIMATORS)
    check_choice("regtest", "test", test, TESTS)
    level = check_level("regtest", level)
    if predictor in OF_PRECISION:
        instead = "take predictor 'sqrtninv' or 'ninv' with the totals ni"
        given = f"{predictor!r} for the measure {measure}"
        refuse_single_arm("regtest", "predictor", given, measure, instead)
    refuse_few("regtest", yi.size, minimum_k)
    single_arm = MEASURES[measure].arms == 1
    needs_totals = predictor not in OF_PRECISION or (single_arm and model == "lm")
    totals = check_totals("regtest", ni, yi) if needs_totals or ni is not None else None
    x = predictor_of(predictor, vi, totals)
    if model == "rma":
        if weights is not None:
            raise ArgumentError("regtest", "weights", "given", "weights for model 'lm' alone")
        found = _by_rma(yi, vi, x, predictor, method, test, measure, level)
    else:
        wi = _weights(weights, yi, totals if single_arm else 1 / vi)
        found = _by_lm(yi, wi, x, level)
    if predictor not in VANISHING:
        found |= dict.fromkeys(("limit", "limit_lb", "limit_ub"))
    return SmallStudyTest(
        name="Egger's regression test" if predictor in OF_PRECISION else "regression on size",
        model=model, predictor=predictor, measure=measure, k=yi.size, level=level,
        notes=_notes(measure, predictor, model, weights is not None), **found,
    )  # fmt: skip


def _by_rma(yi, vi, x, predictor, method, test, measure, level):
    X, names = np.column_stack([np.ones(yi.size), x]), (INTERCEPT, predictor)
    slab = tuple(map(str, range(yi.size)))
    fit = fit_moderators("regtest", yi, vi, names, X, method, test, measure, level, slab)
    return {
        "statistic": fit.statistics[1], "df": fit.df, "p": fit.p[1],
        "coefficient": fit.coefficients[1], "se": fit.se[1],
        "ci_lb": fit.ci_lb[1], "ci_ub": fit.ci_ub[1],
        "limit": fit.coefficients[0], "limit_lb": fit.ci_lb[0], "limit_ub": fit.ci_ub[0],
        "tau2": fit.tau2,
    }  # fmt: skip


def _weights(weights, yi, otherwise):
    if weights is None:
        return otherwise
    allowed = f"weights from {1 / LARGEST:g}"
    weights = check_numbers("regtest", "weights", weights, lower=1 / LARGEST, allowed=allowed)
    check_length("regtest", "weights", weights, "yi", yi)
    return weights


def _by_lm(yi, wi, x, level):
    """Weighted least squares about the weighted means, where slope and mean are uncorrelated."""
    share, df = wi / np.sum(wi), yi.size - 2
    middle, mean = np.sum(share * x), np.sum(share * yi)
    width = np.sum(share * (x - middle) ** 2)
    if width <= 1e-20 * middle**2:
        raise NotEstimable("regtest: one study has all the weight; look at vi or the weights.")
    slope = np.sum(share * (x - middle) * (yi - mean)) / width
    left = np.sum(share * (yi - mean - slope * (x - middle)) ** 2)
    if left <= 1e-24 * np.sum(share * yi**2):
        raise NotEstimable(
            "regtest: the effects lie on a line, so their dispersion is 0 and no test exists; "
            "take model 'rma'."
        )
    se, limit = np.sqrt(left / df / width), mean - slope * middle
    limit_se = np.sqrt(left / df * (1 + middle**2 / width))
    t, quantile = slope / se, stdtrit(df, 0.5 + level / 2)
    found = {
        "statistic": t, "p": 2 * stdtr(df, -abs(t)), "coefficient": slope, "se": se,
        "ci_lb": slope - quantile * se, "ci_ub": slope + quantile * se, "limit": limit,
        "limit_lb": limit - quantile * limit_se, "limit_ub": limit + quantile * limit_se,
        "dispersion": left * np.sum(wi) / df,
    }  # fmt: skip
    return {name: float(value) for name, value in found.items()} | {"df": df}


def _notes(measure, predictor, model, weights):
    notes = [OTHER_CAUSES]
    if predictor in OF_PRECISION:
        notes.append(
            f"Standard errors of this measure ({MEASURES[measure].name}) depend on its size too, "
            "which alone gives some asymmetry: compare a predictor made of the totals"
        )
    if MEASURES[measure].arms == 1 and model == "rma" and measure not in ("PAS", "PFT"):
        notes.append("Weights depend on the proportions here; under model 'lm' on totals alone")
    if MEASURES[measure].arms == 1 and model == "lm" and not weights:
        notes.append("Weighted by the totals")
    return tuple(notes)


# --- rank test -----------------------------------------------------------------------------------


def ranktest(yi, vi, *, measure, ni=None, minimum_k=MINIMUM_K):
    """Rank correlation of standardised effects and their variances.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effect sizes and sampling variances, analysis scale; k >= 10.
    measure : str
        For single-arm proportions ``ni`` is needed: their variances move with the effects, so the
        test would find what is built in.
    ni : array_like, shape (k,), optional
        Totals: 1 / ni then takes the place of vi throughout, in the mean, in the standardised
        effects and in the ranks, as if the variance of all studies were one constant over ni.
    minimum_k : int, from 10

    Returns
    -------
    SmallStudyTest
        Kendall's tau-b; p exact without ties (to k = 170), else by the normal approximation without
        continuity correction.

    Raises
    ------
    ArgumentError
        Effects or totals out of range; no ``ni`` for a measure that does not compare two arms.
    NotEstimable
        Fewer than ``minimum_k`` studies; effects or variances that are all the same.

    References
    ----------
    Begg CB, Mazumdar M (1994) Biometrics 50:1088.
    """
    yi, vi = check_effects("ranktest", yi, vi)
    check_choice("ranktest", "measure", measure, MEASURES)
    if ni is None:
        instead = "give the totals ni, and 1 / ni takes the place of vi"
        refuse_single_arm("ranktest", "measure", measure, measure, instead)
    refuse_few("ranktest", yi.size, minimum_k)
    spread = vi if ni is None else 1 / check_totals("ranktest", ni, yi)
    if np.ptp(yi) == 0 or np.ptp(spread) <= 1e-10 * np.max(spread):
        what = "effects" if np.ptp(yi) == 0 else "variances (or totals)"
        raise NotEstimable(f"ranktest: the {what} of all studies are the same; ranks need two.")
    tau, p, exact = _kendall(_standardised(yi, spread), spread)
    how = "p is exact" if exact else "Ties or many studies: p by a normal approximation"
    return SmallStudyTest(
        name="Begg and Mazumdar's rank test", model="rank", measure=measure, k=yi.size,
        predictor="vi" if ni is None else "ninv", statistic=tau, df=None, p=p, coefficient=tau,
        notes=(OTHER_CAUSES, how),
    )  # fmt: skip


def _standardised(yi, vi):
    """Deviations from the weighted mean over their standard errors."""
    wi = 1 / vi
    rest = 1 - wi / np.sum(wi)  # of the variance of a deviation, over vi
    if np.min(rest) < 1e-12:
        raise NotEstimable("ranktest: one study has all the weight, look at vi.")
    return (yi - np.sum(wi * yi) / np.sum(wi)) / np.sqrt(vi * rest)


def _kendall(one, other):
    from scipy.stats import kendalltau

    untied = all(np.unique(array).size == array.size for array in (one, other))
    exact = untied and one.size <= _EXACT_K
    found = kendalltau(one, other, method="exact" if exact else "asymptotic")
    return float(found.statistic), float(found.pvalue), exact
