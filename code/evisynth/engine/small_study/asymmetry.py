"""What tests of small-study effects share: their result, and who may be tested.

Asymmetry of a funnel has many causes: studies that were not published, but also patients, doses and
settings that differ with size, and chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evisynth.checks import (
    LARGEST_COUNT,
    SMALLEST_VARIANCE,
    check_length,
    check_numbers,
    check_whole_number,
)
from evisynth.engine.effects.measures import MEASURES
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.result import Result

MINIMUM_K = 10
PREDICTORS = {
    "sei": lambda vi, ni: np.sqrt(vi),
    "vi": lambda vi, ni: vi,
    "ni": lambda vi, ni: ni,
    "ninv": lambda vi, ni: 1 / ni,
    "sqrtni": lambda vi, ni: np.sqrt(ni),
    "sqrtninv": lambda vi, ni: 1 / np.sqrt(ni),
}
OF_PRECISION = ("sei", "vi")
VANISHING = ("sei", "vi", "ninv", "sqrtninv")  # 0 for a study without end
OTHER_CAUSES = (
    "Small-study effects have more causes than unpublished studies: other patients, doses or "
    "settings in small studies, and chance"
)
SINGLE_ARM = (
    "a comparison of two arms: the standard error of a proportion is a function of the proportion "
    "itself (or, for arcsines, of the total alone), so asymmetry is built in, and a single-arm "
    "study has no null hypothesis of no effect to be selected on; {instead}"
)


@dataclass(frozen=True, repr=False)
class SmallStudyTest(Result):
    """A test of small-study effects.

    Attributes
    ----------
    name, model, predictor : str
        For instance "Egger's regression test", "lm", "sei".
    statistic : float
        z or t of the slope; Kendall's tau for the rank test.
    df : int or None
        Of a t; None else.
    p : float
        Two-sided.
    coefficient, se, ci_lb, ci_ub : float
        Slope on the predictor, analysis scale; for the rank test Kendall's tau, and no limits.
    limit, limit_lb, limit_ub : float or None
        Mean effect towards a study without end (predictor 0), where the predictor has that value.
    tau2 : float or None
        Residual between-study variance of model "rma".
    dispersion : float or None
        Multiplicative dispersion of model "lm".
    """

    name: str
    model: str
    predictor: str
    measure: str
    k: int
    statistic: float
    df: int | None
    p: float
    coefficient: float
    se: float | None = None
    ci_lb: float | None = None
    ci_ub: float | None = None
    limit: float | None = None
    limit_lb: float | None = None
    limit_ub: float | None = None
    tau2: float | None = None
    dispersion: float | None = None
    level: float = 0.95
    notes: tuple[str, ...] = (OTHER_CAUSES,)

    def terms(self):
        """The slope or tau, and the limit where there is one; analysis scale."""
        row = {"estimate": self.coefficient, "ci_lb": self.ci_lb, "ci_ub": self.ci_ub}
        more = {"scale": "analysis", "statistic": self.statistic, "p": self.p}
        rows = [{"term": f"{self.name}: {self.predictor}"} | row | more]
        if self.limit is not None:
            limits = {"estimate": self.limit, "ci_lb": self.limit_lb, "ci_ub": self.limit_ub}
            rows.append({"term": "limit of a large study"} | limits | {"scale": "analysis"})
        return rows

    def __repr__(self):
        what = "tau" if self.model == "rank" else "z" if self.df is None else f"t({self.df})"
        return (
            f"<{self.name}, {self.model}, predictor {self.predictor}, k = {self.k}: "
            f"{what} = {self.statistic:.3f}, p = {self.p:.4f}>"
        )


# --- who may be tested ---------------------------------------------------------------------------


def refuse_single_arm(function, argument, given, measure, instead):
    """Refuse what needs a comparison of two arms where ``measure`` is none."""
    arms = MEASURES[measure].arms
    if arms == 1:
        raise ArgumentError(function, argument, given, SINGLE_ARM.format(instead=instead))
    if arms != 2:
        allowed = (
            f"a measure known to compare two arms; {measure} does not say, so name the measure"
        )
        raise ArgumentError(function, argument, given, allowed)


def refuse_few(function, k, minimum_k):
    """Refuse fewer than ``minimum_k`` studies, which may be raised and not lowered."""
    minimum_k = check_whole_number(function, "minimum_k", minimum_k, MINIMUM_K, int(LARGEST_COUNT))
    if k < minimum_k:
        raise NotEstimable(
            f"{function}: {k} stud{'ies' if k != 1 else 'y'}; below {minimum_k} such a test has "
            "hardly any power and chance looks like asymmetry (Sterne et al, BMJ 2011;343:d4002). "
            "Show the studies by size instead."
        )


def check_totals(function, ni, yi):
    """Totals as a float array, one per effect."""
    allowed = "totals above 0"
    ni = check_numbers(function, "ni", ni, lower=SMALLEST_VARIANCE, allowed=allowed)
    check_length(function, "ni", ni, "yi", yi)
    return ni


def predictor_of(predictor, vi, ni):
    """Values of a predictor, refused where it has one value alone."""
    x = PREDICTORS[predictor](vi, ni)
    if np.ptp(x) <= 1e-10 * np.max(x):
        what = "vi" if predictor in OF_PRECISION else "ni"
        raise NotEstimable(
            f"regtest: {what} is the same in every study, so the predictor {predictor!r} cannot be "
            "told from the intercept and no effect of size can be seen in these studies."
        )
    return x
