"""Adverse events as printed: grades apart, nobody counted as an upper limit, nothing made up."""

import pytest
from evisynth.evidence.base import Evidence
from evisynth.report import adverse_events
from evisynth.words.cells import at_most

STATES = ["overt", "remission"]
BOOK = {
    "version": "0",
    "resources": [
        {
            "name": "outcomes",
            "schema": {"fields": [{"name": "outcome", "meanings": {"storm": "storm of proteins"}}]},
        },
        {
            "name": "cohorts",
            "schema": {"fields": [{"name": "disease_state", "constraints": {"enum": STATES}}]},
        },
    ],
}


def cohort(name, age="old", state="overt", n=50):
    return {"cohort_id": name, "study_id": name, "label": name.title(), "age_group": age,
            "disease_state": state, "n": n}  # fmt: skip


def row(name, cohort_id, events=None, total=None, percent=None, **others):
    usual = {"row_id": name, "cohort_id": cohort_id, "outcome": "storm", "events": events,
             "total": total, "percent": percent, "denominator": "treated", "timepoint": None,
             "criterion": "grade >=3", "derivation": "reported", "source_id": "paper",
             "locator": "Table 1", "discrepancy_id": None, "claim": None, "preferred": True,
             "note": None}  # fmt: skip
    return usual | others


ROWS = [
    row("some", "birch", 3, 50, "6"),
    row("none", "alder", 0, 54),
    row("share", "birch", percent="9.4", criterion="any grade"),
    row("small", "cedar", 1, None),  # its size stands in another place
    row("twice", "birch", 3, 50, preferred=False),
    row("lost", "birch", 9, 50, discrepancy_id="D001", claim="a"),
    row("open", "birch", 2, 50, "5", derivation="fewest_from_percent"),
    row("young", "dogwood", 4, 9),
    row("other", "birch", 5, 50, outcome="fever", criterion="not stated", timepoint="cycle 1"),
]


@pytest.fixture
def evidence():
    cohorts = [cohort("alder", state="remission", n=54), cohort("birch"), cohort("cedar", n=12),
               cohort("dogwood", age="young")]  # fmt: skip
    studies = [{"study_id": c["cohort_id"], "name": c["label"], "known_as": None} for c in cohorts]
    tables = {
        "outcomes": ROWS, "cohorts": cohorts, "studies": studies, "overlaps": [],
        "families": [], "sources": [],
        "analysis_sets": [{"cohort_id": "cedar", "analysis_set": "treated", "n": 12}],
        "discrepancies": [{"discrepancy_id": "D001", "decision": "b"}],
    }  # fmt: skip
    return Evidence(tables, BOOK, (), ".")


def lines(evidence, outcomes=("storm",), ages=("old",), **options):
    shown = adverse_events(evidence, outcomes, {"age_group": ages}, **options).text
    return [line.split(" | ") for line in shown.splitlines()]


def test_each_printed_fact_is_a_line_and_grades_stay_apart(evidence):
    found = [line[:1] + line[2:5] for line in lines(evidence) if len(line) == 6][1:]
    assert found == [
        ["Birch", "any grade, treated", "no count", "9.4"],
        ["Birch", "grade 3 or more, treated", "3 / 50", "6 [1–17]"],
        ["Cedar", "grade 3 or more, treated", "1 / 12", "8 [0.2–38]"],
        ["Alder", "grade 3 or more, treated", "0 / 54", "0: at most 7"],
    ]


def test_the_upper_limit_of_nobody_is_the_exact_one():
    """1 - 0.025 ** (1 / n), as Clopper and Pearson have it."""
    for total in (1, 9, 54, 300):
        exact = 100 * (1 - 0.025 ** (1 / total))
        assert float(at_most(total)) == pytest.approx(exact, abs=0.5)


def test_other_ages_and_outcomes_stand_in_tables_of_their_own(evidence):
    assert [line[0] for line in lines(evidence, ages=("young",)) if len(line) == 6][1:] == [
        "Dogwood"
    ]
    assert "grade not stated, treated, cycle 1" in [
        line[2] for line in lines(evidence, outcomes=("fever",)) if len(line) == 6
    ]


def test_an_outcome_that_nobody_prints_has_no_heading(evidence):
    heads = [line[0] for line in lines(evidence, outcomes=("storm", "never"))]
    assert "[Storm of proteins]" in heads and "[Never]" not in heads
