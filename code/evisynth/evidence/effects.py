"""Relative effects as printed: one for each trial, at one data cut, and a reason for every other.

Nothing is counted from the patients of a trial twice: of several reports of the same arms one is
taken, by the declared rule, and the others stand beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from evisynth.engine.bayes.models import bayes_normal
from evisynth.engine.bayes.result import BayesAnalysis
from evisynth.engine.effects.from_intervals import RATIOS, effect_from_interval
from evisynth.errors import EvisynthError
from evisynth.evidence.odds_ratios import TAU_PRIOR
from evisynth.evidence.schema import printed_text
from evisynth.evidence.specs import EffectSpec

NO_LIMITS = "printed without limits"
AGAIN = "the same estimate at another place"
REFUSED = "a claim that was decided against"


@dataclass(frozen=True)
class Effect:
    """One printed effect, with the two arms and their study.

    Attributes
    ----------
    row, first, second, study : mapping
        Rows of the tables contrasts, cohorts (twice) and studies.
    """

    row: Mapping
    first: Mapping
    second: Mapping
    study: Mapping

    @property
    def numbers(self):
        """Estimate and limits as printed, display scale."""
        return self.row["value"], self.row["lower"], self.row["upper"]


@dataclass(frozen=True)
class NotCounted:
    """A printed effect that is not counted, and why, in words."""

    effect: Effect
    reason: str


@dataclass(frozen=True)
class Effects:
    """Effects of independent trials, and those that are not counted.

    Attributes
    ----------
    spec : EffectSpec
    counted : tuple of Effect
    left_out : tuple of NotCounted
    """

    spec: EffectSpec
    counted: tuple[Effect, ...]
    left_out: tuple[NotCounted, ...]

    @cached_property
    def log_effects(self):
        """Log ratios and their variances, shape (k,), from estimates and limits as printed."""
        pairs = [_log_effect(effect.row) for effect in self.counted]
        return tuple(y for y, _ in pairs), tuple(v for _, v in pairs)

    @cached_property
    def bayes(self) -> BayesAnalysis | None:
        """If the trials may differ: normal-normal, `TAU_PRIOR`; None for fewer than two."""
        if len(self.counted) < 2:
            return None
        yi, vi = self.log_effects
        labels = [effect.first["label"] for effect in self.counted]
        return bayes_normal(yi, vi, measure=self.spec.measures[0], tau_prior=TAU_PRIOR, slab=labels)


def select_effects(evidence, spec) -> Effects:
    """The effects of a declaration, each trial once.

    Parameters
    ----------
    evidence : Evidence
    spec : EffectSpec

    Returns
    -------
    Effects
        In the order of their years; what is not counted by the order of the table.
    """
    fitting = [effect for effect in _read(evidence) if _fits(effect, spec)]
    refused = {id(e): r for e in fitting if (r := _refusal(evidence, e, spec))}
    able = sorted((e for e in fitting if id(e) not in refused), key=lambda e: _rank(e, spec))
    counted, reasons = [], {}
    for effect in able:
        reason = _reason(evidence.graph, effect, counted)
        if reason:
            reasons[id(effect)] = reason
        else:
            counted.append(effect)
    why = refused | reasons
    left_out = tuple(NotCounted(e, why[id(e)]) for e in fitting if id(e) in why)
    return Effects(spec, tuple(sorted(counted, key=lambda e: e.study["year"] or 9999)), left_out)


def _read(evidence):
    for row in evidence.rows("contrasts"):
        first, second = evidence.cohorts[row["cohort_a"]], evidence.cohorts[row["cohort_b"]]
        yield Effect(row, first, second, evidence.studies[first["study_id"]])


def _fits(effect, spec):
    row = effect.row
    return (
        row["outcome"] in spec.outcomes
        and row["measure"] in spec.measures
        and {row["set_a"], row["set_b"]} <= set(spec.sets)
        and spec.randomised in (None, row.get("randomised"))
        and all(effect.first[column] in allowed for column, allowed in spec.first.items())
        and all(effect.second[column] in allowed for column, allowed in spec.second.items())
    )


def _refusal(evidence, effect, spec):
    if evidence.turned_down(effect.row):
        return f"{REFUSED} ({effect.row['discrepancy_id']})"
    if None in effect.numbers:
        return NO_LIMITS
    try:
        _log_effect(effect.row)
    except EvisynthError as error:
        return f"its interval does not hold together: {error}"
    return ""


def _log_effect(row):
    """Log ratio and variance of a row, at as many digits as it prints."""
    numbers = row["value"], row["lower"], row["upper"]
    digits = max(len(printed_text(number).partition(".")[2]) for number in numbers)
    if row["measure"] not in RATIOS:
        raise EvisynthError(f"{row['measure']} is no ratio; allowed: {', '.join(RATIOS)}")
    (yi,), (vi,) = effect_from_interval(row["measure"], *numbers, digits=digits)
    return float(yi), float(vi)


def _rank(effect, spec):
    """The declared cut first; then the outcome that fits best, then the order of the table."""
    year = effect.study["year"] or 9999
    cut = -year if spec.cut == "latest" else year
    return cut, spec.outcomes.index(effect.row["outcome"])


def _reason(graph, effect, counted):
    """Why an effect is not counted beside those that are; empty where it may be."""
    ours = effect.row["cohort_a"], effect.row["cohort_b"]
    for other in counted:
        theirs = other.row["cohort_a"], other.row["cohort_b"]
        if ours == theirs:
            if effect.numbers == other.numbers:
                return AGAIN
            return f"another estimate of {other.first['label']}"
        if any(graph.shares(a, b) for a in ours for b in theirs):
            return f"another report of the patients of {other.first['label']}"
    return ""


def size_of_arm(evidence, cohort):
    """Patients of an arm, of whichever report of the same patients prints them; None of none."""
    if cohort["n"] is not None:
        return cohort["n"]
    same = (
        other
        for name, other in evidence.cohorts.items()
        if other["n"] is not None and evidence.graph.describe(cohort["cohort_id"], name) == "same"
    )
    return next((other["n"] for other in same), None)
