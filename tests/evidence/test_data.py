"""The tables in data/, whatever they hold: valid, and every column guarded."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from evisynth.cli import main
from evisynth.errors import EvidenceError
from evisynth.evidence.base import load_evidence

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [{k: v or "" for k, v in row.items()} for row in csv.DictReader(file)]


def test_the_real_tables_are_valid(capsys):
    assert main(["validate", str(DATA)]) == 0
    assert "no problem found" in capsys.readouterr().out


def test_fields_of_the_same_name_are_defined_once():
    book = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
    seen = {}
    for resource in book["resources"]:
        for field in resource["schema"]["fields"]:
            meaning = (field["type"], field["description"])
            if field["name"] not in ("unit", "row_id"):
                assert seen.setdefault(field["name"], meaning) == meaning, field["name"]
            assert field["description"].strip()


def test_external_estimates_are_never_pooled():
    assert "external_estimates" not in (DATA / "analyses.yml").read_text(encoding="utf-8")


def test_words_with_a_meaning_are_allowed_words():
    book = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
    for resource in book["resources"]:
        for field in resource["schema"]["fields"]:
            allowed = field.get("constraints", {}).get("enum", ())
            assert set(field.get("meanings", ())) <= set(allowed), field["name"]


def test_validate_finds_the_nearest_codebook(monkeypatch, capsys):
    monkeypatch.chdir(ROOT / "chapters")
    assert main(["validate"]) == 0
    assert "tables" in capsys.readouterr().out


# Every table is broken at once; each cell must be named.


@pytest.fixture
def copy(tmp_path):
    target = tmp_path / "data"
    shutil.copytree(DATA, target, ignore=shutil.ignore_patterns("extraction"))
    return target


def rewrite(folder, table, rows):
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def found_in(folder):
    with pytest.raises(EvidenceError) as caught:
        load_evidence(folder)
    return {(p.table, p.row, p.column, p.value) for p in caught.value.problems}


def impossible(field):
    """Text that a field cannot hold: no column holds blanks alone."""
    rules = field.get("constraints", {})
    if field["type"] != "string" or "enum" in rules:
        return "§"
    return "" if rules.get("required") else " "


def corruptible():
    """Table, key columns, column and impossible text of every column outside the keys."""
    book = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
    for resource in book["resources"]:
        key = resource["schema"]["primaryKey"]
        for field in resource["schema"]["fields"]:
            if field["name"] not in key:
                yield resource["name"], key, field["name"], impossible(field)


def test_every_column_names_a_corrupt_cell(copy):
    expected, tables = set(), {}
    for table, keys, column, value in corruptible():
        rows = tables.setdefault(table, rows_of(copy / f"{table}.csv"))
        row = rows[len(expected) % len(rows)]
        row[column] = value
        expected.add((table, " ".join(row[key] for key in keys), column, value))
    for table, rows in tables.items():
        rewrite(copy, table, rows)
    assert len(expected) > 100
    assert expected - found_in(copy) == set()


def counted(row):
    return (
        row["events"]
        and row["total"]
        and row["percent"]
        and not row["discrepancy_id"]
        and row["derivation"] == "reported"
    )


ARITHMETIC = {
    "events": (counted, lambda row: str(int(row["total"]) + 1)),
    "total": (counted, lambda row: str(int(row["total"]) + 7)),
    "percent": (counted, lambda row: "1.23"),
    "second_hand": (counted, lambda row: "true" if row["second_hand"] == "false" else "false"),
    "preferred": (counted, lambda row: "true" if row["preferred"] == "false" else "false"),
    "derived_from": (lambda row: row["derivation"] == "differenced", lambda row: "x;y"),
    "derivation": (lambda row: row["derivation"] == "percent_only", lambda row: "differenced"),
}


def test_arithmetic_names_each_corrupt_cell(copy):
    rows, expected = rows_of(copy / "outcomes.csv"), set()
    untouched = iter(rows)
    for column, (fits, value) in ARITHMETIC.items():
        row = next(filter(fits, untouched if fits is counted else iter(rows)))
        row[column] = value(row)
        expected.add(("outcomes", row["row_id"], column, row[column]))
    rewrite(copy, "outcomes", rows)
    assert expected - found_in(copy) == set()
