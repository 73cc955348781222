"""Slips put into the tables are found: a slice of ``make mutate``, and its record."""

import csv
import json
import sys
from pathlib import Path

import pytest
from evisynth import accuracy
from evisynth.accuracy.faults import caught_share

ROOT = Path(__file__).resolve().parents[2]
FAULTS = ROOT / "faults"
SLICE = [
    ("outcomes", "events one off"),
    ("outcomes", "locator"),
    ("survival", "row doubled"),
    ("contrasts", "allocation"),
    ("cohorts", "state"),
    ("overlaps", "relation"),
    ("overlaps", "edge removed"),
]


@pytest.fixture(scope="module")
def data():
    sys.path.insert(0, str(FAULTS))
    try:
        import data
    finally:
        sys.path.remove(str(FAULTS))
    return data


@pytest.fixture(scope="module")
def record():
    return accuracy.read_faults()


@pytest.mark.parametrize(("table", "kind"), SLICE)
def test_a_slip_is_found_by_validation(data, table, kind):
    (drawn,) = [k for k in data.KINDS if (k.table, k.name) == (table, kind)]
    for slip in data.slips(each=1, kinds=[drawn]):
        assert data.caught_by_validate(slip), f"{slip.row}: {slip.was} became {slip.now}"


def test_slips_are_the_same_for_the_same_seed(data):
    kinds = data.KINDS[:3]
    one, other = (data.slips(each=2, kinds=kinds) for _ in range(2))
    assert one == other
    assert len({(slip.kind, slip.row, slip.now) for slip in one}) == len(one) == 9


def test_the_record_reaches_what_was_aimed_at(record):
    found = record["data"]
    assert found["tried"] >= 400
    assert found["caught"] / found["tried"] >= 0.95
    counted = found["counted_rows"]
    assert counted["caught"] / counted["tried"] >= 0.98
    overlaps = [kind for kind in found["kinds"] if kind["table"] == "overlaps"]
    assert sum(k["caught"] for k in overlaps) >= 0.95 * sum(k["tried"] for k in overlaps)


def test_every_kind_of_slip_that_goes_unseen_has_its_reason(record):
    with (FAULTS / "unseen.csv").open(encoding="utf-8", newline="") as file:
        known = {(row["table"], row["kind"]) for row in csv.DictReader(file)}
    missed = {(slip["table"], slip["kind"]) for slip in record["data"]["missed"]}
    assert missed <= known


def test_the_record_is_of_the_kinds_that_there_are(record, data):
    assert {(k["table"], k["kind"]) for k in record["data"]["kinds"]} == {
        (kind.table, kind.name) for kind in data.KINDS
    }


def test_less_than_all_is_never_all():
    assert (caught_share(999, 1000), caught_share(1000, 1000), caught_share(0, 4)) == (
        "99%",
        "100%",
        "0%",
    )


def test_the_record_is_json_with_a_part_for_each_command(record):
    assert json.loads((FAULTS / "results.json").read_text("utf-8")) == record
