"""Names of rows say what the rows are: a row that was changed no longer fits its name."""

import re
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "data"
WHAT = {
    "outcomes": ("outcome",),
    "survival": ("endpoint", "subset"),
    "contrasts": ("outcome", "measure"),
    "analysis_sets": ("analysis_set",),
    "characteristics": ("characteristic",),
}


def spelled(value):
    """A value as names of rows spell it."""
    return value.replace(" ", "-").replace("<=", "le").replace(">", "gt")


@pytest.mark.parametrize("table", WHAT)
def test_a_row_is_named_by_source_place_cohort_and_what_it_tells(evidence, table):
    astray = []
    for row in evidence.rows(table):
        cohort = row.get("cohort_id") or row["cohort_a"]
        source, *_, rest = re.split(rf"\.(?={re.escape(cohort)}\.)", row["row_id"], maxsplit=1)
        told = rest.removeprefix(f"{cohort}.").removeprefix("set-").split(".")
        wanted = [spelled(row[column]) for column in WHAT[table]]
        if not source.startswith(row["source_id"] + ".") or told[: len(wanted)] != wanted:
            astray.append(row["row_id"])
    assert astray == []


def test_a_cohort_is_named_by_its_study(evidence):
    # What is left of a pool when one trial is taken out has a name of its own.
    astray = {
        name: row["study_id"]
        for name, row in evidence.cohorts.items()
        if not name.startswith(row["study_id"])
    }
    assert set(astray.values()) <= {"topp2021salvage-less-tower"}


def test_a_study_is_named_by_its_year(evidence):
    years = {
        row["study_id"]: (re.search(r"\d{4}", row["study_id"]), row["year"])
        for row in evidence.rows("studies")
    }
    assert [name for name, (said, year) in years.items() if said and int(said[0]) != year] == []


def test_contradictions_are_numbered_without_a_gap(evidence):
    ids = [row["discrepancy_id"] for row in evidence.rows("discrepancies")]
    assert ids == [f"D{number:03d}" for number in range(1, len(ids) + 1)]
