"""Relative effects as printed: each trial once, at its latest report, and why not the others."""

import math
from types import MappingProxyType, SimpleNamespace

import pytest
from evisynth.evidence.effects import AGAIN, NO_LIMITS, REFUSED, select_effects, size_of_arm
from evisynth.evidence.overlap import Edge, OverlapGraph
from evisynth.evidence.specs import EffectSpec

SPEC = EffectSpec(
    id="events", title="Events", estimand="hazard of an event", outcomes=("efs", "dfs"),
    first={"agent": ["new"]}, second={"agent": ["old"]}, randomised=True,
)  # fmt: skip
YEARS = {"north": 2019, "north-later": 2022, "south": 2020}


def cohort(study, agent, n=50):
    return MappingProxyType(
        {"cohort_id": f"{study}-{agent}", "study_id": study, "agent": agent, "n": n,
         "label": f"{study.title()}, {agent}"}
    )  # fmt: skip


def row(key, study, outcome, value, lower=None, upper=None, **more):
    return MappingProxyType(
        {"row_id": key, "cohort_a": f"{study}-new", "cohort_b": f"{study}-old", "set_a": "all",
         "set_b": "all", "outcome": outcome, "measure": "HR", "value": value, "lower": lower,
         "upper": upper, "randomised": True, "discrepancy_id": "", **more}
    )  # fmt: skip


class Base:
    """As much of an evidence base as a selection of effects asks."""

    def __init__(self, rows, refused=()):
        self._rows, self._refused = rows, refused
        self.cohorts = {
            c["cohort_id"]: c for s in YEARS for c in (cohort(s, "new"), cohort(s, "old"))
        }
        self.studies = {s: {"study_id": s, "year": y, "family_id": s} for s, y in YEARS.items()}
        edges = [Edge(f"north-later-{arm}", "same", f"north-{arm}") for arm in ("new", "old")]
        self.graph = OverlapGraph(edges)

    def rows(self, name):
        assert name == "contrasts"
        return self._rows

    def turned_down(self, found):
        return found["row_id"] in self._refused


NORTH = row("a", "north", "efs", 0.5, 0.3, 0.83)
LATER = row("b", "north-later", "efs", 0.6, 0.4, 0.9)
SOUTH = row("c", "south", "dfs", 0.7, 0.47, 1.03)


def ids(found):
    return [e.row["row_id"] for e in found.counted], {
        i.effect.row["row_id"]: i.reason for i in found.left_out
    }


def test_of_one_trial_the_latest_report_is_counted_and_the_other_told():
    counted, out = ids(select_effects(Base([NORTH, LATER, SOUTH]), SPEC))
    assert counted == ["c", "b"]  # in the order of years
    assert out == {"a": "another report of the patients of North-Later, new"}
    first = SPEC.replaced(cut="earliest")
    counted, out = ids(select_effects(Base([NORTH, LATER, SOUTH]), first))
    assert counted == ["a", "c"] and set(out) == {"b"}


def test_a_number_at_two_places_is_one():
    again = row("d", "south", "dfs", 0.7, 0.47, 1.03)
    counted, out = ids(select_effects(Base([SOUTH, again]), SPEC))
    assert (counted, out) == (["c"], {"d": AGAIN})


def test_the_outcome_that_fits_best_speaks_for_a_trial():
    other = row("d", "south", "efs", 0.9, 0.6, 1.35)
    counted, out = ids(select_effects(Base([SOUTH, other]), SPEC))
    assert counted == ["d"] and out == {"c": "another estimate of South, new"}


@pytest.mark.parametrize(
    ("rows", "refused", "reason"),
    [
        ([row("d", "south", "dfs", 0.7)], (), NO_LIMITS),
        ([SOUTH], ("c",), REFUSED),
        ([row("d", "south", "dfs", 0.5, 0.47, 1.03)], (), "does not hold together"),
    ],
)
def test_what_cannot_be_counted_says_why(rows, refused, reason):
    found = select_effects(Base(rows, refused), SPEC)
    assert not found.counted and found.bayes is None
    assert reason in found.left_out[0].reason


@pytest.mark.parametrize(
    "other",
    [{"randomised": False}, {"set_a": "responders"}, {"outcome": "os"}, {"measure": "RR"}],
)
def test_another_estimand_is_not_read(other):
    found = select_effects(Base([MappingProxyType({**SOUTH, **other})]), SPEC)
    assert not found.counted and not found.left_out


def test_the_log_effect_is_that_of_the_printed_limits():
    found = select_effects(Base([SOUTH, LATER]), SPEC)
    (y, _), (v, _) = found.log_effects
    assert y == pytest.approx(math.log(0.7))
    # Half the width over 1.96, Parmar 1998: 0.2002.
    assert math.sqrt(v) == pytest.approx((math.log(1.03) - math.log(0.47)) / 2 / 1.959964, rel=1e-6)


def test_two_trials_together_are_wider_than_each_and_lie_between_them():
    found = select_effects(Base([SOUTH, LATER]), SPEC)
    shown = found.bayes.displayed
    assert 0.6 < shown["estimate"] < 0.7
    assert shown["ci_lb"] < 0.47 and shown["ci_ub"] > 1.03


def test_the_size_of_an_arm_may_stand_in_another_report():
    base = Base([NORTH])
    base.cohorts["north-later-old"] = cohort("north-later", "old", n=None)
    assert size_of_arm(base, base.cohorts["north-later-old"]) == 50
    alone = SimpleNamespace(cohorts={"x": {"cohort_id": "x", "n": None}}, graph=OverlapGraph([]))
    assert size_of_arm(alone, alone.cohorts["x"]) is None
