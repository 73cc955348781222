"""One rule for single-arm proportions, applied by one function and used by every chapter.

From three studies on the binomial-normal model leads, fitted by Bayes with a half-normal prior of
scale 1 on tau. In the record of `evisynth.coverage.record` its interval for a new study holds more
often than the likelihood's at every tau and every number of studies, and its interval of the median
rate at worst as often up to a tau of 1, and is no wider on average: there is no number of studies
from which the likelihood should take over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from evisynth.bayes.models import bayes_binomial
from evisynth.bayes.result import BayesAnalysis
from evisynth.beta_binomial.model import betabinomial
from evisynth.checks import check_counts, check_level, check_slab, shown
from evisynth.effects.escalc import escalc, study_intervals
from evisynth.errors import ArgumentError
from evisynth.glmm.model import no_finite_spread, rma_glmm
from evisynth.random_effects.model import rma
from evisynth.result import Result, plain

FEW = 5  # below this many studies a warning says that the prior bears on the answer
BAYES, BAYES_NARROW, BAYES_HEAVY = (
    f"GLMM by Bayes, {prior}" for prior in ("HN(1)", "HN(0.5)", "HC(0.5)")
)
GLMM, LOGIT, ARCSINE = "GLMM by likelihood", "logit, REML", "arcsine, REML"
BETA = "beta-binomial"
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
# The model of the headline, if the rule has one, and what always stands beside it.
HEADLINES = MappingProxyType({"few": BAYES, "many": BAYES})
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


class CommonEffect(NamedTuple):
    """One proportion for all studies: its estimate and limits, 0 to 1."""

    estimate: float
    ci_lb: float
    ci_ub: float


@dataclass(frozen=True)
class Pooled(Result):
    """Single-arm proportions, pooled as far as their number allows.

    Attributes
    ----------
    rule : {"none", "one", "two", "few", "many", "boundary", "extreme"}
        k = 0; k = 1; k = 2; k = 3 or 4; k >= 5; no events or nothing but events; each study with no
        events or nothing but events, but not all alike.
    xi, ni : tuple of int
    lower, upper : tuple of float
        Exact interval of each study, proportions.
    headline : BayesAnalysis or None
        The binomial-normal model by Bayes, HN(1), where ``rule`` is "few" or "many", else None.
    tau_limits : (float, float) or None
        Equal-tailed limits of the headline's posterior of the standard deviation between studies,
        log odds. The lower one is above 0 whatever the data.
    beside : mapping of str to Result
        What always stands beside the studies or the headline under this rule, by the names of
        `BESIDE`: other priors, the likelihood, inverse variance, the beta-binomial.
    common_effect : CommonEffect or None
        The common-effect binomial model, in which each study has the same proportion (the model of
        Stijnen et al, Stat Med 2010;29:3046, without the random effect). Events over patients of
        all studies is its maximum-likelihood estimate, and since their sum is binomial too, the
        limits are the exact ones of Clopper and Pearson (Biometrika 1934;26:404). It is the answer
        for "one" and "boundary" and stands beside the others, never displayed as theirs; None for
        "none".
    warning : str
        In plain words, empty where none is due.
    """

    rule: str
    xi: tuple[int, ...]
    ni: tuple[int, ...]
    slab: tuple[str, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    headline: BayesAnalysis | None
    common_effect: CommonEffect | None
    warning: str
    level: float = 0.95
    beside: Mapping[str, Result] = field(default_factory=dict, hash=False)
    tau_limits: tuple[float, float] | None = None

    @property
    def inverse_variance(self):
        """Logit, REML, ad hoc Knapp-Hartung; None where no model is fitted."""
        return self.beside.get(LOGIT)

    @property
    def bayes(self):
        """Bayes with the half-normal prior of scale 1; None below two studies."""
        return self.models.get(BAYES)

    @property
    def glmm(self):
        """The binomial-normal model by likelihood; None where it is not fitted."""
        return self.models.get(GLMM)

    @property
    def models(self):
        """The headline and everything beside it, by name."""
        first = {} if self.headline is None else {HEADLINES[self.rule]: self.headline}
        return first | dict(self.beside)

    @property
    def k(self):
        """Number of studies."""
        return len(self.xi)

    @property
    def events(self):
        """Events over all studies."""
        return sum(self.xi)

    @property
    def total(self):
        """Patients over all studies."""
        return sum(self.ni)

    @property
    def common(self):
        """``common_effect`` where no random-effects model is fitted, else None."""
        return None if self.headline is not None else self.common_effect

    @property
    def displayed(self):
        """What a reader is shown: proportions, None where the rule shows none."""
        if self.headline is not None:
            return self.headline.displayed
        names = ("estimate", "ci_lb", "ci_ub")
        values = dict(zip(names, self.common or (None,) * 3, strict=True))
        if self.rule in ("two", "extreme"):
            values = dict.fromkeys(names)
        return values | {"pi_lb": None, "pi_ub": None}

    @property
    def weights(self):
        """Percent per study: the headline's, else by patients."""
        if self.headline is not None:
            return self.headline.weights
        return tuple(100 * n / self.total for n in self.ni)

    def to_dict(self):
        """All fields, the sizes and what is displayed, as plain Python types."""
        more = {"k": self.k, "events": self.events, "total": self.total}
        return super().to_dict() | more | {"displayed": plain(self.displayed)}

    def terms(self):
        """A row per model, the headline first, display scale."""
        names = ("estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub")
        rows = {} if self.common_effect is None else {
            "common effect": dict(zip(names[:3], self.common_effect, strict=True))
        }  # fmt: skip
        rows = {name: result.displayed for name, result in self.models.items()} | rows
        return [
            {"term": name, "headline": name == HEADLINES.get(self.rule)}
            | {key: shown.get(key) for key in names} | {"scale": "proportion"}
            for name, shown in rows.items()
        ]  # fmt: skip

    def __repr__(self):
        """Rule, sizes and what is displayed."""
        shown = self.displayed
        rate = "" if shown["estimate"] is None else (
            f": {shown['estimate']:.3f} [{shown['ci_lb']:.3f}, {shown['ci_ub']:.3f}]"
        )  # fmt: skip
        return f"<pooled by the rule {self.rule!r}, {self.events}/{self.total}, k = {self.k}{rate}>"


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
    fitted = {name: _MODELS[name](xi, ni, more) for name in BESIDE[rule]}
    headline = _MODELS[HEADLINES[rule]](xi, ni, more) if rule in HEADLINES else None
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
        beside=MappingProxyType(fitted),
        tau_limits=None if headline is None else (headline.tau_lb, headline.tau_ub),
    )


def _common_effect(xi, ni, level):
    from statsmodels.stats.proportion import proportion_confint

    # Not `study_intervals`, which takes no total above that of one study.
    events, total = xi.sum(), ni.sum()
    lower, upper = proportion_confint(events, total, alpha=1 - level, method="beta")
    return CommonEffect(float(events / total), float(lower), float(upper))


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
