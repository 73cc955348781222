"""Patients printed one by one: what an empty cell leaves open is counted neither way."""

from types import SimpleNamespace

import pytest
from evisynth.errors import ArgumentError, EvisynthError
from evisynth.evidence.conditions import Condition, every, some
from evisynth.evidence.printed import count_patients
from evisynth.report import tally
from hypothesis import given
from hypothesis import strategies as st

COLUMNS = ("arm", "first", "second", "lines")
ROWS = [
    {"arm": "alder", "first": 0.2, "second": 0.001, "lines": 2},
    {"arm": "alder", "first": 0.2, "second": None, "lines": 10},
    {"arm": "birch", "first": None, "second": None, "lines": None},
    {"arm": "birch", "first": 0.001, "second": None, "lines": 2},
    {"arm": None, "first": 0.3, "second": 0.3, "lines": 1},
]
CODEBOOK = {
    "resources": [
        {"name": "patients_a", "title": "Patients",
         "schema": {"fields": [{"name": c} for c in COLUMNS]}},
    ]
}  # fmt: skip
EVIDENCE = SimpleNamespace(rows=lambda name: ROWS, codebook=CODEBOOK)
THREE = st.sampled_from([True, False, None])


def lines(**options):
    return tally(EVIDENCE, "patients_a", **options).text.splitlines()


def test_an_unknown_event_is_in_no_denominator_and_is_said():
    found = lines(by="arm", event="first < 0.01 or second < 0.01")
    assert found[2:] == [
        "alder | 1 / 1 (1 not told) | 100 [3–100]",
        "birch | 1 / 1 (1 not told) | 100 [3–100]",
        "not printed | 0 / 1 | 0 [0–98]",
    ]


def test_an_unknown_membership_is_said_above():
    title = lines(by="arm", where="first >= 0.1", event="lines > 5")[0]
    assert title.endswith("3 of 5 rows; 1 more not told.")


@pytest.mark.parametrize("by", COLUMNS)
def test_every_column_can_make_the_rows_numbers_in_their_order(by):
    levels = [line.split(" | ")[0] for line in lines(by=by, event="lines > 5")[2:]]
    assert levels[-1] == "not printed" and len(levels) == len({row[by] for row in ROWS})
    if by == "lines":
        assert levels == ["1", "2", "10", "not printed"]


def test_a_level_of_which_nothing_is_told_has_no_rate():
    found = lines(by="arm", where="second is None", event="second < 1")
    assert found[2:] == ["alder | 0 / 0 (1 not told) | –", "birch | 0 / 0 (2 not told) | –"]


@given(THREE, THREE, THREE)
def test_three_valued_logic_agrees_with_both_answers_of_what_is_not_known(a, b, c):
    def answers(value):
        return (True, False) if value is None else (value,)

    for combined, plain in ((every, all), (some, any)):
        possible = {plain([x, y, z]) for x in answers(a) for y in answers(b) for z in answers(c)}
        assert combined([a, b, c]) == (possible.pop() if len(possible) == 1 else None)


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("arm == 'alder'", [True, True, False, False, None]),
        ("arm != 'alder'", [False, False, True, True, None]),
        ("arm in ['alder', 'z']", [True, True, False, False, None]),
        ("arm not in ['alder']", [False, False, True, True, None]),
        ("not first < 0.1", [True, True, None, False, True]),
        ("0.1 < first <= 0.2", [True, True, None, False, False]),
        ("second is None", [False, True, True, True, False]),
        ("second is not None and second < 0.1", [True, False, False, False, False]),
        ("lines == 2 or arm == 'birch'", [True, False, True, True, None]),
    ],
)
def test_conditions(text, answers):
    holds = Condition(text, COLUMNS)
    assert [holds(row) for row in ROWS] == answers


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("nothing == 1", "no column"),
        ("arm == 1", "text with a number"),
        ("arm == ", "allowed"),
        ("first", "no comparison"),
        ("__import__('os').getcwd() == 'alder'", "allowed"),
        ("arm in 'alder'", "needs a list"),
    ],
)
def test_a_condition_that_cannot_be_answered_is_named(condition, said):
    with pytest.raises(ArgumentError, match="tally: condition is") as caught:
        lines(by="arm", event=condition)
    assert said in str(caught.value)


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(ArgumentError, match="tally: by is 'age'"):
        lines(by="age", event="lines > 5")


@pytest.mark.parametrize(
    ("query", "counts"),
    [
        ("patients_a: arm=alder | second<=0.01", (1, 1)),
        ("patients_a: arm=alder | second!=0.3", (1, 1)),
        ("patients_a: arm=alder | second<=0.01, second!=", (1, 2)),
        ("patients_a: | first<=0.01", (1, 4)),
        ("patients_a: first>=0.1 | lines>=2", (2, 3)),
        ("patients_a: second= | arm=birch", (2, 3)),
        ("patients_a: arm!=alder | lines<=2", (1, 1)),
        ("patients_a: | lines=2/", (3, 5)),
    ],
)
def test_counts_from_patient_rows_leave_out_what_is_not_told(query, counts):
    assert count_patients({"patients_a": ROWS}, query) == counts


def test_a_filter_without_a_column_is_named():
    with pytest.raises(EvisynthError, match="names no column"):
        count_patients({"patients_a": ROWS}, "patients_a: age=2 | arm=alder")
