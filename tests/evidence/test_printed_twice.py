"""What is printed twice says the same twice: each rule finds its fault and nothing else."""

import csv
import shutil
from pathlib import Path

import pytest
from evisynth.evidence.base import read_everything

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture
def faults_of(tmp_path):
    """Problems of the base after a change of one table; the base itself has none."""

    def changed(table, change):
        target = tmp_path / "data"
        shutil.copytree(DATA, target, ignore=shutil.ignore_patterns("extraction"))
        path = target / f"{table}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        rows = change(rows)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        *_, problems = read_everything(target)
        return {(p.row, p.column) for p in problems}

    return changed


def twice(fits, **other):
    """A change: the first row that fits stands once more, with other cells."""

    def change(rows):
        row = next(row for row in rows if not row["discrepancy_id"] and fits(row))
        return [*rows, row | {"row_id": "again"} | other]

    return change


def percentage(row):
    return row["percent"] and "." in row["percent"] and not row["events"] and row["total"] == ""


def test_a_fact_has_one_number(faults_of):
    change = twice(percentage, percent="1.5", preferred="false")
    assert ("again", "percent") in faults_of("outcomes", change)


def test_a_share_has_one_grade(faults_of):
    change = twice(
        lambda row: percentage(row) and row["criterion"] == "grade >=3",
        criterion="not stated",
        preferred="true",
    )
    assert ("again", "criterion") in faults_of("outcomes", change)


def test_a_share_is_one_of_its_set(faults_of):
    def change(rows):
        row = next(
            row
            for row in rows
            if percentage(row) and row["denominator"] == "treated" and not row["discrepancy_id"]
        )
        row["percent"] = "0.01"
        change.row = row["row_id"]
        return rows

    found = faults_of("outcomes", change)
    assert (change.row, "percent") in found


def median(row):
    return row["value_status"] == row["lower_status"] == row["upper_status"] == "number"


def test_an_endpoint_has_one_number(faults_of):
    assert ("again", "value") in faults_of("survival", twice(median, value="999"))


def test_an_endpoint_may_have_intervals_of_two_kinds(faults_of):
    change = twice(lambda row: median(row) and row["interval"] == "95% CI", interval="range")
    assert ("again", "lower") not in faults_of("survival", change)


def test_a_number_has_one_set(faults_of):
    change = twice(lambda row: median(row) and row["subset"] == "cr", subset="all")
    assert ("again", "subset") in faults_of("survival", change)


def test_a_comparison_has_one_number(faults_of):
    change = twice(lambda row: row["value"] and row["measure"] == "HR", value="0.01", lower="")
    assert ("again", "value") in faults_of("contrasts", change)
