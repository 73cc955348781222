"""A cell that is not what the readings say is named, in every table that was read twice."""

import csv
import shutil
from pathlib import Path

import pytest
from evisynth.evidence.base import read_everything
from evisynth.evidence.readings.checks import check_readings, reading_disagreements
from evisynth.evidence.readings.registers import register_graph, relation_between

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
STATEMENTS = sorted(path.stem for path in (DATA / "extraction" / "first").glob("*.csv"))
REGISTERS = sorted(path.stem for path in (DATA / "extraction/first/registers").glob("*.csv"))


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rewrite(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def tables():
    return read_everything(DATA)[0]


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(DATA, tmp_path / "data")
    return tmp_path / "data"


def found_in(folder):
    *_, problems = read_everything(folder)
    return {(p.table, p.row, p.column) for p in problems}


def test_the_tables_hold_what_the_readings_say(tables):
    assert check_readings(DATA, tables) == []


def test_a_base_without_readings_is_not_held_against_any(tables, tmp_path):
    assert check_readings(tmp_path, tables) == []


def test_every_register_was_read_twice():
    assert {"cohorts", "contrasts", "overlaps"} <= set(REGISTERS)


def test_adjudications_are_exactly_the_disagreements():
    found = [
        (d.table, d.row_id, d.field, d.first_pass, d.second_pass)
        for d in reading_disagreements(DATA)
    ]
    keys = ("table", "row_id", "field", "first_pass", "second_pass")
    rows = rows_of(DATA / "adjudications.csv")
    assert sorted(tuple(row[key] for key in keys) for row in rows) == sorted(found)


@pytest.mark.parametrize("table", STATEMENTS)
def test_a_statement_that_is_lost_or_told_twice_is_named(copy, table):
    path = copy / f"{table}.csv"
    rows = rows_of(path)
    read = [r for r in rows if r["extraction_id"] and r.get("how_known", "reported") == "reported"]
    gone = read[-1]
    key = next(iter(gone))
    twice = read[0]
    rows.remove(gone)
    rewrite(path, [*rows, twice | {key: "again"}])
    found = found_in(copy)
    assert (table, gone["extraction_id"], "-") in found
    assert any(row == "again" for name, row, _ in found if name == table)


@pytest.mark.parametrize("table", [name for name in REGISTERS if name != "overlaps"])
def test_a_feature_that_no_reading_has_is_named(copy, table):
    path = copy / f"{table}.csv"
    rows, read = rows_of(path), rows_of(DATA / "extraction/first/registers" / path.name)
    key, *features = read[0]
    changed = set()
    for feature, row in zip(features, rows, strict=False):
        other = next((r[feature] for r in rows if r[feature] != row[feature]), "else")
        row[feature] = other
        changed.add((table, row[key], feature))
    rewrite(path, rows)
    assert changed <= found_in(copy)


def edges(**wanted):
    rows = rows_of(DATA / "overlaps.csv")
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


@pytest.mark.parametrize("relation", ["same", "part_of_pool", "partly_shared", "possible"])
def test_an_edge_that_is_gone_is_missed(copy, relation):
    gone = edges(relation=relation)[0]
    rewrite(copy / "overlaps.csv", [row for row in edges() if row != gone])
    pair = " ~ ".join(sorted((gone["cohort_a"], gone["cohort_b"])))
    assert ("overlaps", pair, "relation") in found_in(copy)


def test_an_edge_that_was_never_read_is_named(copy):
    one, other = edges(relation="possible")[0], edges(relation="possible")[-1]
    new = one | {"cohort_b": other["cohort_b"], "relation": "partly_shared"}
    rewrite(copy / "overlaps.csv", [*edges(), new])
    assert any(table == "overlaps" for table, *_ in found_in(copy))


def test_what_follows_from_edges_is_told_in_words():
    graph = register_graph(
        [
            {"cohort_a": "part", "relation": "part_of_pool", "cohort_b": "pool"},
            {"cohort_a": "rest", "relation": "part_of_pool", "cohort_b": "pool"},
            {"cohort_a": "again", "relation": "same", "cohort_b": "part"},
            {"cohort_a": "far", "relation": "possible", "cohort_b": "rest"},
        ]
    )
    assert relation_between(graph, "again", "pool") == "inside"
    assert relation_between(graph, "pool", "part") == "contains"
    assert relation_between(graph, "again", "rest") == "disjoint"
    assert relation_between(graph, "far", "part") == "nobody"
    assert relation_between(graph, "far", "rest") == "possible"
    assert relation_between(graph, "part", "again") == "same"
