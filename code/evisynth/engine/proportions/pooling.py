"""One rule for single-arm proportions, applied by one function and used by every chapter.

From three studies on the binomial-normal model leads, fitted by Bayes with a half-normal prior of
scale 1 on tau. In the record of `engine.coverage.record` its interval for a new study holds more
often than the likelihood's at every tau and every number of studies. Its interval of the median
rate, up to a tau of 1, holds at worst at least as often as the likelihood's at every number of
studies; on average it is much shorter with three, and from five on a little longer, more so where
studies hardly differ. There is no number of studies from which the likelihood should take over.
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType

import numpy as np

from evisynth.checks import check_counts, check_level, check_slab, shown
from evisynth.engine.bayes.models import bayes_binomial
from evisynth.engine.beta_binomial.model import betabinomial
from evisynth.engine.effects.escalc import escalc, exact_interval, study_intervals
from evisynth.engine.glmm.model import no_finite_spread, rma_glmm
from evisynth.engine.proportions.result import (
    ARCSINE,
    BAYES,
    BAYES_HEAVY,
    BAYES_NARROW,
    BETA,
    GLMM,
    HEADLINE,
    LOGIT,
    CommonEffect,
    ModelsOnDemand,
    Pooled,
)
from evisynth.engine.random_effects.model import rma
from evisynth.errors import ArgumentError

FEW = 5  # below this many studies a warning says that the prior bears on the answer
_MODELS = MappingProxyType(
    {
        BAYES: lambda xi, ni, more: bayes_binomial(xi, ni, tau_prior="HN(1)", **more),
        BAYES_NARROW: lambda xi, ni, more: bayes_binomial(xi, ni, tau_prior="HN(0.5)", **more),
        BAYES_HEAVY: lambda xi, ni, more: bayes_binomial(xi, ni, tau_prior="HC(0.5)", **more),
        GLMM: lambda xi, ni, more: rma_glmm(xi, ni, **more),
        LOGIT: lambda xi, ni, more: rma(*escalc("PLO", xi=xi, ni=ni), measure="PLO", **more),
        ARCSINE: lambda xi, ni, more: rma(*escalc("PAS", xi=xi, ni=ni), measure="PAS", **more),
        BETA: lambda xi, ni, more: betabinomial(xi, ni, **more),
    }
)
MODELLED = ("few", "many")  # the rules under which `HEADLINE` leads
# What always stands beside the studies or the headline.
BESIDE = MappingProxyType(
    {
        "none": (),
        "one": (),
        "two": (BAYES,),
        "few": (BAYES_NARROW, BAYES_HEAVY, GLMM, LOGIT),
        "many": (BAYES_NARROW, BAYES_HEAVY, GLMM, LOGIT, ARCSINE, BETA),
        "boundary": (BAYES,),
        "extreme": (BAYES,),
    }
)


WARNINGS = {
    "none": "No cohort can be counted here.",
    "one": "One cohort: its own exact interval, nothing is pooled.",
    "two": "Two cohorts: they stand side by side. Two cannot tell how much centres differ, so no "
    "pooled rate is given as an answer.",
    "few": "{k} cohorts: with so few, the spread between centres is hardly known, and what is "
    "assumed of it bears on both intervals.",
    "many": "",
    "boundary": "Every cohort has the same extreme result, so the spread between centres cannot be "
    "estimated; the exact interval treats all patients as one cohort.",
    "extreme": "Every cohort lies at 0 or at 100 percent, but not all at the same: the spread "
    "between centres has no finite estimate, so no pooled rate is given.",
}


def small_k_rule(xi, ni):
    """Name of the rule that applies to these counts; see `Pooled`."""
    k = len(xi)
    if k < 3:
        return ("none", "one", "two")[k]
    if sum(xi) in (0, sum(ni)):
        return "boundary"
    if no_finite_spread(xi, ni):
        return "extreme"
    return "few" if k < FEW else "many"


def pool_proportions(xi, ni, *, slab=None, level=0.95):
    """Pool single-arm proportions under the book's rule for few studies.

    Parameters
    ----------
    xi, ni : sequence of int, shape (k,)
        Events and totals; k = 0 is allowed and gives the rule "none".
    slab : sequence of str, optional
    level : float in (0, 1)

    Returns
    -------
    Pooled

    Raises
    ------
    ArgumentError
        As `rma_glmm`.

    Examples
    --------
    >>> from evisynth import pool_proportions
    >>> pooled = pool_proportions([8, 15, 30, 6], [20, 25, 80, 9])
    >>> pooled.rule
    'few'
    >>> shown = pooled.headline.displayed
    >>> [round(shown[name], 2) for name in ("estimate", "ci_lb", "ci_ub")]
    [0.47, 0.31, 0.69]
    """
    level = check_level("pool_proportions", level)
    if _length(xi) == 0:
        _check_none("ni", ni)
        _check_none("slab", () if slab is None else slab)
        return Pooled("none", (), (), (), (), (), None, None, WARNINGS["none"], level)
    xi, ni = check_counts("pool_proportions", xi, ni)
    slab = check_slab("pool_proportions", slab, xi.size)
    rule = small_k_rule(xi, ni)
    lower, upper = study_intervals(xi, ni, level=level)
    more = {"slab": slab, "level": level}
    fitted = {name: partial(_MODELS[name], xi, ni, more) for name in BESIDE[rule]}
    headline = _MODELS[HEADLINE](xi, ni, more) if rule in MODELLED else None
    return Pooled(
        rule=rule,
        xi=tuple(int(x) for x in xi),
        ni=tuple(int(n) for n in ni),
        slab=slab,
        lower=tuple(np.atleast_1d(lower).tolist()),
        upper=tuple(np.atleast_1d(upper).tolist()),
        headline=headline,
        common_effect=_common_effect(xi, ni, level),
        warning=WARNINGS[rule].format(k=xi.size),
        level=level,
        beside=ModelsOnDemand(fitted),
        tau_limits=None if headline is None else (headline.tau_lb, headline.tau_ub),
    )


def _common_effect(xi, ni, level):
    events, total = xi.sum(), ni.sum()
    return CommonEffect(float(events / total), *exact_interval(events, total, level))


def _check_none(argument, values):
    """Nothing may come with no studies."""
    if _length(values) != 0:
        length = _length(values)
        given = "missing" if values is None else shown(values)
        given = given if length is None else f"of length {length}"
        raise ArgumentError("pool_proportions", argument, given, "the length of xi, 0")


def _length(values):
    try:
        return None if isinstance(values, str) else len(values)
    except TypeError:
        return None
