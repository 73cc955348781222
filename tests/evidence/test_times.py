"""Medians of survival as printed: each patient once, what was not reached among the others."""

from math import inf, isinf
from types import MappingProxyType

import pytest
from evisynth.evidence.overlap import Edge, OverlapGraph
from evisynth.evidence.specs import TimeSpec
from evisynth.evidence.times import CENSORED, REFUSED, SILENT, UNIT, select_medians

SPEC = TimeSpec(
    id="os", title="Survival", estimand="overall survival", endpoints=("os",),
    where={"agent": ["new"]},
)  # fmt: skip
SIZES = {"a": (2015, 100, "whole"), "b": (2018, 100, "whole"), "c": (2020, 40, "whole"),
         "part": (2019, 30, "subgroup"), "d": (2021, 60, "whole")}  # fmt: skip


def row(cohort, value, lower=None, upper=None, *, interval="95% CI", censored="not stated", **more):
    status = {True: "not_reached", False: "number"}
    return MappingProxyType(
        {"row_id": f"{cohort}.{value}.{censored}", "cohort_id": cohort, "endpoint": "os",
         "statistic": "median", "subset": "all", "value": value, "lower": lower, "upper": upper,
         "value_status": status[value is None],
         "lower_status": "number" if lower is not None else "not_reported",
         "upper_status": "number" if upper is not None else "not_reported",
         "interval": interval, "censored_at_hsct": censored, "discrepancy_id": "", **more}
    )  # fmt: skip


class Base:
    """As much of an evidence base as a selection of medians asks."""

    def __init__(self, rows, edges=(), refused=()):
        self._rows, self._refused, self.graph = rows, refused, OverlapGraph(edges)
        self.cohorts = {
            name: {"cohort_id": name, "study_id": name, "agent": "new", "n": n, "unit": unit,
                   "label": name.upper()}
            for name, (_, n, unit) in SIZES.items()
        }  # fmt: skip
        self.studies = {s: {"study_id": s, "year": y} for s, (y, *_) in SIZES.items()}

    def rows(self, name):
        return self._rows if name == "survival" else ()

    def turned_down(self, found):
        return found["row_id"] in self._refused


def chosen(*rows, **more):
    found = select_medians(Base(rows, **more), SPEC)
    return (
        {m.cohort["cohort_id"]: m for m in found.counted},
        {item.median.cohort["cohort_id"]: item.reason for item in found.left_out},
        found,
    )


def test_of_two_reports_of_the_same_patients_the_later_is_counted():
    same = [Edge("b", "same", "a")]
    counted, out, _ = chosen(row("a", 7.0), row("b", 8.0), edges=same)
    assert set(counted) == {"b"} and out == {"a": "shares patients with B"}


def test_the_number_that_runs_on_after_a_transplant_goes_before_the_other():
    counted, _, _ = chosen(row("a", 6.9, 5.3, 8.8, censored="yes"), row("a", 7.7, censored="no"))
    assert counted["a"].months == 7.7
    _, out, _ = chosen(row("a", 6.9, 5.3, 8.8, censored="yes"))
    assert out == {"a": CENSORED}


def test_what_is_printed_most_fully_speaks_for_a_cohort():
    counted, _, _ = chosen(row("a", 7.7), row("a", 7.7, 5.6, 9.6), row("a", None))
    assert counted["a"].limits == (5.6, 9.6)


@pytest.mark.parametrize(
    ("lower", "upper", "interval", "status", "limits"),
    [
        (5.6, 9.6, "95% CI", "number", (5.6, 9.6)),
        (5.6, None, "95% CI", "not_reached", (5.6, inf)),
        (5.6, None, "95% CI", "not_estimable", (5.6, inf)),
        (5.6, None, "95% CI", "not_reported", None),
        (0.2, 47.1, "range", "number", None),
        (4.6, 20.0, "IQR", "number", None),
    ],
)
def test_limits_are_those_of_the_median_alone(lower, upper, interval, status, limits):
    counted, _, _ = chosen(row("a", 7.7, lower, upper, interval=interval, upper_status=status))
    assert counted["a"].limits == limits


def test_why_a_median_is_not_counted():
    rows = [row("part", 5.0), row("a", None, value_status="not_reported"), row("c", 9.0)]
    _, out, _ = chosen(*rows, refused=("c.9.0.not stated",))
    assert out == {"part": UNIT["subgroup"], "a": SILENT, "c": f"{REFUSED} ()"}


def test_a_median_that_was_not_reached_is_later_than_all_others():
    """By hand: of 100, 100, 40 and 60 patients the half is 150, which the second cohort holds."""
    _, _, found = chosen(row("a", 5.0), row("b", 9.0), row("c", None), row("d", 20.0))
    assert found.weighted_median == 9.0 and found.patients == 300
    # Where the half falls on what was not reached, so does the middle.
    _, _, late = chosen(row("a", None), row("c", 9.0))
    assert isinf(late.weighted_median)


def test_those_with_limits_are_summarised_from_three_on():
    two = [row("a", 5.0, 3.0, 8.0), row("b", 9.0, 6.0, 14.0), row("c", None)]
    assert chosen(*two)[2].inverse_variance is None
    pooled = chosen(*two, row("d", 7.0, 5.0, 10.0))[2].inverse_variance
    assert pooled.k == 3 and 5.0 < pooled.displayed["estimate"] < 9.0
