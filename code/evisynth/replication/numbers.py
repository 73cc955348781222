"""Intervals, ratios and p values of one published number, from counts or from its limits."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc, ndtr

from evisynth.checks import (
    check_choice,
    check_counts,
    check_level,
    check_number,
    check_numbers,
    check_tables,
)
from evisynth.engine.effects.escalc import escalc, normal_quantile
from evisynth.errors import ArgumentError, NotEstimable

# Numbers from counts ------------------------------------------------------------------------------

PROPORTION_INTERVALS = {
    "clopper-pearson": "beta",
    "wilson": "wilson",
    "wald": "normal",
    "agresti-coull": "agresti_coull",
    "jeffreys": "jeffreys",
}
DIFFERENCE_INTERVALS = {
    "wald": "wald",
    "newcombe": "newcomb",
    "agresti-caffo": "agresti-caffo",
}


def proportion_interval(x, n, *, level=0.95, method="clopper-pearson"):
    """Proportion and its interval.

    Parameters
    ----------
    x, n : int
        Events and total.
    level : float in (0, 1)
    method : {"clopper-pearson", "wilson", "wald", "agresti-coull", "jeffreys", "wald on the logit"}

    Returns
    -------
    estimate, lower, upper : float
        Proportions.

    Raises
    ------
    ArgumentError
        Counts that are not whole or not within 0 <= x <= n; an unknown method or level.
    NotEstimable
        ``wald on the logit`` with no events or only events.

    References
    ----------
    Newcombe RG (1998) Stat Med 17:857; computed by statsmodels.
    """
    name = "proportion_interval"
    check_choice(name, "method", method, [*PROPORTION_INTERVALS, "wald on the logit"])
    x, n = (float(v[0]) for v in check_counts(name, [x], [n], names=("x", "n")))
    level = check_level(name, level)
    if method == "wald on the logit":
        return _logit_interval(x, n, level)
    from statsmodels.stats.proportion import proportion_confint

    lower, upper = proportion_confint(x, n, alpha=1 - level, method=PROPORTION_INTERVALS[method])
    return float(x / n), float(lower), float(upper)


def _logit_interval(x, n, level):
    if x in (0, n):
        raise NotEstimable(
            f"proportion_interval: the logit of {x:g}/{n:g} is infinite; use clopper-pearson."
        )
    half = normal_quantile(level) * np.sqrt(1 / x + 1 / (n - x))
    lower, upper = (1 / (1 + (n - x) / x * np.exp(side * half)) for side in (1, -1))
    return float(x / n), float(lower), float(upper)


def odds_ratio(a, n1, c, n2, *, level=0.95):
    """Odds ratio of two arms with Woolf's interval and its Wald p value.

    Parameters
    ----------
    a, n1, c, n2 : int
        Events and total of the first and of the second arm.
    level : float in (0, 1)

    Returns
    -------
    estimate, lower, upper, p : float
        Odds ratio, its limits, two-sided p.

    Raises
    ------
    ArgumentError
        Counts that are not whole or not within their totals; level.
    NotEstimable
        A cell is zero.

    References
    ----------
    Woolf B (1955) Ann Hum Genet 19:251.
    """
    cells = _cells("odds_ratio", a, n1, c, n2)
    level = check_level("odds_ratio", level)
    if 0 in cells:
        raise NotEstimable(f"odds_ratio: a cell of {cells} is zero; use a stratified or exact one.")
    effect = escalc("OR", ai=[a], n1i=[n1], ci=[c], n2i=[n2])
    log, se = float(effect.yi[0]), float(np.sqrt(effect.vi[0]))
    half = normal_quantile(level) * se
    limits = np.exp([log, log - half, log + half])
    return *limits.tolist(), float(2 * ndtr(-abs(log) / se))


def _cells(function, a, n1, c, n2):
    (a,), (n1,), (c,), (n2,) = check_tables(function, [a], [n1], [c], [n2])
    return [int(a), int(n1 - a), int(c), int(n2 - c)]


def risk_difference(a, n1, c, n2, *, level=0.95, method="wald"):
    """First proportion minus second, and the interval of the difference.

    Parameters
    ----------
    a, n1, c, n2 : int
        Events and total of the first and of the second arm.
    level : float in (0, 1)
    method : {"wald", "newcombe", "agresti-caffo"}

    Returns
    -------
    estimate, lower, upper : float
        Differences of proportions.

    Raises
    ------
    ArgumentError
        Counts that are not whole or not within their totals; an unknown method or level.
    References
    ----------
    Newcombe RG (1998) Stat Med 17:873; computed by statsmodels.
    """
    check_choice("risk_difference", "method", method, DIFFERENCE_INTERVALS)
    a, b, c, d = _cells("risk_difference", a, n1, c, n2)
    level = check_level("risk_difference", level)
    from statsmodels.stats.proportion import confint_proportions_2indep

    limits = confint_proportions_2indep(
        a, a + b, c, c + d, compare="diff", method=DIFFERENCE_INTERVALS[method], alpha=1 - level
    )
    return a / (a + b) - c / (c + d), *map(float, limits)


ASSOCIATION_TESTS = ("chi-squared", "chi-squared corrected", "fisher")


def association_p(a, n1, c, n2, *, method="chi-squared"):
    """Two-sided p value of a two by two table.

    Parameters
    ----------
    a, n1, c, n2 : int
        Events and total of the first and of the second arm.
    method : {"chi-squared", "chi-squared corrected", "fisher"}
        ``corrected`` is Yates's.

    Returns
    -------
    float

    Raises
    ------
    ArgumentError
        Counts that are not whole or not within their totals; an unknown method.
    NotEstimable
        Everybody, or nobody, has an event.
    """
    check_choice("association_p", "method", method, ASSOCIATION_TESTS)
    a, b, c, d = _cells("association_p", a, n1, c, n2)
    if a + c == 0 or b + d == 0:
        raise NotEstimable("association_p: a table with an empty column tests nothing.")
    if method == "fisher":
        from scipy.stats import fisher_exact

        return float(fisher_exact([[a, b], [c, d]])[1])
    n = a + b + c + d
    gap = abs(a * d - b * c)
    gap = max(0.0, gap - n / 2) if method == "chi-squared corrected" else gap
    return float(chdtrc(1, n * gap**2 / ((a + b) * (c + d) * (a + c) * (b + d))))


# Numbers from limits ------------------------------------------------------------------------------


def ratio_from_limits(estimate, lower, upper, *, level=0.95, sides=2):
    """What a ratio's limits say of its estimate and its p value.

    Parameters
    ----------
    estimate, lower, upper : float
        A ratio and its limits, above 0.
    level : float in (0, 1)
    sides : {1, 2}
        Of the test.

    Returns
    -------
    centre : float
        The ratio in the middle of the limits on the log scale, where Wald limits put the estimate.
    p : float
        Wald p value of the estimate, with the standard error that the limits imply; of the centre
        where the estimate lies outside its limits, as only a misprint does.

    Raises
    ------
    ArgumentError
        Numbers that are not above 0; limits that are not in order; an unknown level or sides.

    References
    ----------
    Altman DG, Bland JM (2011) BMJ 343:d2304.
    """
    name, allowed = "ratio_from_limits", "finite numbers above 0"
    given = {"estimate": estimate, "lower": lower, "upper": upper}
    values = [
        check_numbers(name, key, [value], lower=1e-9, allowed=allowed)
        for key, value in given.items()
    ]
    level = check_level(name, level)
    sides = check_number(name, "sides", sides, lambda s: s in (1, 2), "1 or 2")
    log, low, high = np.log(np.concatenate(values))
    if not low < high:
        raise ArgumentError(name, "upper", f"{upper}", f"above lower, {lower}")
    log = log if low <= log <= high else (low + high) / 2
    z = abs(log) * 2 * normal_quantile(level) / (high - low)
    return float(np.exp((low + high) / 2)), float(sides * ndtr(-z))
