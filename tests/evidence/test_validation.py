"""Validation on a small made-up evidence base: every fault is named, none ends in a traceback."""

import copy
import csv
import datetime
import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from evisynth.cli import main
from evisynth.errors import ArgumentError, EvidenceError, EvisynthError
from evisynth.evidence import branches
from evisynth.evidence.analyses import read_analyses
from evisynth.evidence.arithmetic import NEEDS
from evisynth.evidence.base import CHECKED, fingerprint, load_evidence, read_everything
from evisynth.evidence.printed import counts_that_fit, interval_recomputes
from evisynth.evidence.readings.extraction import compare, consensus, read_pass

# A made-up evidence base --------------------------------------------------------------------------

EXTRA = {
    "cohorts": {"group": {"type": "string"}},
    "outcomes": {
        "events": {"type": "integer", "constraints": {"minimum": 0, "maximum": 1000000}},
        "denominator": {
            "type": "string",
            "constraints": {"required": True, "enum": ["treated", "responders"]},
        },
    },
    "patients_unit": {
        "patient_id": {"type": "string", "constraints": {"required": True}},
        "response": {"type": "string", "constraints": {"enum": ["CR", "none"]}},
    },
}


def small_codebook():
    """A codebook that has what the rules need and little more."""
    resources = []
    for name in [*NEEDS, "patients_unit"]:
        need = NEEDS.get(name)
        fields, key, refers = {}, ["patient_id"], {}
        if need:
            key, refers = list(need.key), need.refers
            for column, type_ in {**need.filled, **need.open}.items():
                rules = {"required": True} if column in need.filled else {}
                if column in need.vocabulary:
                    rules["enum"] = list(need.vocabulary[column])
                fields[column] = {"type": type_, "constraints": rules}
        fields |= copy.deepcopy(EXTRA.get(name, {}))
        keys = [
            {"fields": [a], "reference": {"resource": b, "fields": list(NEEDS[b].key)}}
            for a, b in refers.items()
        ]
        schema = {
            "fields": [{"name": column, **field} for column, field in fields.items()],
            "primaryKey": key,
            "foreignKeys": keys,
        }
        schema = {part: value for part, value in schema.items() if value}
        resources.append({"name": name, "path": f"{name}.csv", "schema": schema})
    return {"name": "small", "version": "1", "resources": resources}


def outcome(row_id, cohort, what, events, total, percent, **more):
    usual = {
        "row_id": row_id,
        "cohort_id": cohort,
        "outcome": what,
        "events": events,
        "total": total,
        "percent": percent,
        "denominator": "treated",
        "derivation": "reported",
        "source_id": "s1",
        "locator": f"Table 1, {row_id}",
        "second_hand": "false",
        "preferred": "true",
    }
    return usual | more


def cohort(name, study, n, unit="whole"):
    return {
        "cohort_id": name,
        "study_id": study,
        "label": name.title(),
        "unit": unit,
        "source_id": "s1",
        "locator": "p 1",
        "n": n,
        "group": "x",
    }


SIZES = {"whole-a": 10, "part-1": 4, "part-2": 6, "other": 20, "series": 5, "rest": 16}
NUMBERS = dict.fromkeys(("value_status", "lower_status", "upper_status"), "number")
CLAIM = {"discrepancy_id": "D001"}
SMALL = {
    "sources": [
        {"source_id": "s1", "rounds_to_whole_percent": "false"},
        {"source_id": "s2", "rounds_to_whole_percent": "true"},
    ],
    "studies": [
        {"study_id": "study-a", "year": 2001, "reported_in": "s1"},
        {"study_id": "study-b", "year": 2002, "reported_in": "s2"},
    ],
    "cohorts": [
        cohort("whole-a", "study-a", 10),
        cohort("part-1", "study-a", 4, "part"),
        cohort("part-2", "study-a", 6, "part"),
        cohort("other", "study-b", 20),
        cohort("series", "study-a", 5),
        cohort("rest", "study-a", 16, "difference"),
    ],
    "analysis_sets": [
        {
            "row_id": f"set.{name}",
            "cohort_id": name,
            "analysis_set": "treated",
            "n": n,
            "preferred": "true",
        }
        for name, n in SIZES.items()
    ],
    "characteristics": [
        {
            "row_id": "c1",
            "cohort_id": "whole-a",
            "unit": "percent",
            "value": 40,
            "events": 4,
            "total": 10,
        }
    ],
    "overlaps": [
        {
            "cohort_a": part,
            "relation": "part_of_pool",
            "cohort_b": "whole-a",
            "basis_kind": "arithmetic",
        }
        for part in ("part-1", "part-2")
    ]
    + [
        {
            "cohort_a": "series",
            "relation": "subset_of",
            "cohort_b": "other",
            "basis_kind": "stated",
            "shared_n": 5,
        }
    ],
    "outcomes": [
        outcome("o1", "whole-a", "cr", 5, 10, "50.0", lower=18.7, upper=81.3, interval="95% CI"),
        outcome("o2", "part-1", "cr", 2, 4, "50.0"),
        outcome("o3", "part-2", "cr", 3, 6, "50.0"),
        outcome(
            "o4",
            "other",
            "cr",
            7,
            20,
            "35.0",
            derivation="computed_from_percent",
            second_hand="true",
        ),
        outcome(
            "o5",
            "series",
            "cr",
            3,
            5,
            "",
            derivation="from_patient_rows",
            derived_from="patients_unit: | response=CR",
            locator="patients_unit",
        ),
        outcome("o6", "rest", "cr", 5, 16, "", derivation="differenced", derived_from="o4;o2"),
        outcome(
            "o7",
            "whole-a",
            "cr",
            "",
            "",
            "50",
            derivation="percent_only",
            preferred="false",
            locator="Results",
        ),
        outcome("o8", "whole-a", "relapse", 3, 10, "", **CLAIM, claim="a"),
        outcome("o9", "whole-a", "relapse", 4, 10, "", **CLAIM, claim="b", preferred="false"),
    ],
    "survival": [
        {
            "row_id": "v1",
            "cohort_id": "whole-a",
            "source_id": "s1",
            **NUMBERS,
            "endpoint": "os",
            "statistic": "median",
            "subset": "all",
            "censored_at_hsct": "no",
            "value": 9,
            "lower": 5,
            "upper": 12,
            "interval": "95% CI",
            "second_hand": "false",
        }
    ],
    "contrasts": [
        {
            "row_id": "k1",
            "cohort_a": "whole-a",
            "set_a": "all",
            "cohort_b": "other",
            "set_b": "all",
            "outcome": "os",
            "measure": "HR",
            "value": 0.8,
            "lower": 0.5,
            "upper": 1.2,
        }
    ],
    "searches": [{"row_id": "q1"}],
    "discrepancies": [
        {"discrepancy_id": "D001", "kind": "count against count", "decision": "a"},
    ],
    "patients_unit": [
        {"patient_id": f"p{i}", "response": "CR" if i < 3 else "none"} for i in range(5)
    ],
}
ANALYSES = {
    "shared": ["treated", "responders"],
    "analyses": [
        {
            "id": "first",
            "question": "How many?",
            "pools": [
                {
                    "id": "all",
                    "title": "All",
                    "estimand": "cr per treated",
                    "outcomes": ["cr"],
                    "where": {"group": ["x"]},
                    "denominators": ["treated"],
                    "units": ["whole"],
                    "series": 2,
                },
                {
                    "id": "relapsed",
                    "title": "Relapsed",
                    "estimand": "relapse per treated",
                    "outcomes": ["relapse"],
                    "where": {"unit": ["whole"], "n": [10]},
                },
            ],
            "card": {"title": "How many?", "page": "a.html", "pools": {"all": "All"}, "unit": "cr"},
        }
    ],
}


def write_table(folder, book, name, rows):
    resource = next(r for r in book["resources"] if r["name"] == name)
    columns = [field["name"] for field in resource["schema"]["fields"]]
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def base(tmp_path):
    """A folder that holds the small evidence base, valid."""
    folder = tmp_path / "base"
    folder.mkdir()
    book = small_codebook()
    (folder / "datapackage.json").write_text(json.dumps(book), encoding="utf-8")
    for name, rows in SMALL.items():
        write_table(folder, book, name, rows)
    (folder / "analyses.yml").write_text(yaml.safe_dump(ANALYSES), encoding="utf-8")
    return folder


def problems_of(folder):
    """Every problem as (table, row, column, value)."""
    with pytest.raises(EvidenceError) as caught:
        load_evidence(folder)
    return [(p.table, p.row, p.column, p.value) for p in caught.value.problems]


def with_cells(folder, table, key, **cells):
    """Rewrite cells of the row whose first column is ``key``."""
    path = folder / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    row = next(row for row in rows if next(iter(row.values())) == key)
    row.update(cells)
    write_table(folder, small_codebook(), table, rows)


def test_the_small_base_is_valid(base, capsys):
    assert main(["validate", str(base)]) == 0
    assert capsys.readouterr().out == "12 tables, 38 rows, 1 analyses: no problem found\n"
    chosen = load_evidence(base).select("first", "all")
    assert sum(chosen.ni) == 30


# Cells --------------------------------------------------------------------------------------------

DIGITS = "9" * 400
CELLS = [
    ("outcomes", "o1", "events", "11"),
    ("outcomes", "o1", "events", "-3"),
    ("outcomes", "o1", "events", "many"),
    ("outcomes", "o1", "events", "5.0"),
    ("outcomes", "o1", "events", "1_0"),
    ("outcomes", "o1", "events", " 5"),
    ("outcomes", "o1", "events", "٥"),
    ("outcomes", "o1", "events", DIGITS),
    ("outcomes", "o1", "total", "0"),
    ("outcomes", "o1", "total", "12"),
    ("outcomes", "o1", "percent", "99.9"),
    ("outcomes", "o1", "percent", "120"),
    ("outcomes", "o1", "percent", "half"),
    ("outcomes", "o1", "lower", "18.8"),
    ("outcomes", "o1", "lower", "90"),
    ("outcomes", "o1", "lower", "NaN"),
    ("outcomes", "o1", "upper", "-Infinity"),
    ("outcomes", "o1", "second_hand", "TRUE"),
    ("outcomes", "o1", "second_hand", "1"),
    ("outcomes", "o1", "second_hand", "true"),
    ("outcomes", "o1", "preferred", "false"),
    ("outcomes", "o1", "locator", ""),
    ("outcomes", "o1", "locator", "   "),
    ("outcomes", "o1", "cohort_id", "nobody"),
    ("outcomes", "o1", "source_id", "s3"),
    ("outcomes", "o1", "discrepancy_id", "D999"),
    ("outcomes", "o1", "denominator", "everybody"),
    ("outcomes", "o1", "claim", "a"),
    ("outcomes", "o4", "events", "8"),
    ("outcomes", "o5", "events", "2"),
    ("outcomes", "o5", "derived_from", "patients_unit: | reply=CR"),
    ("outcomes", "o5", "derived_from", "patients_unit: response<=x | response=CR"),
    ("outcomes", "o5", "derived_from", "nonsense"),
    ("outcomes", "o6", "events", "6"),
    ("outcomes", "o6", "derived_from", "o4;o99"),
    ("outcomes", "o7", "derivation", "differenced"),
    ("survival", "v1", "value", "15"),
    ("survival", "v1", "value", "nan"),
    ("survival", "v1", "value", "1e400"),
    ("survival", "v1", "cohort_id", "nobody"),
    ("contrasts", "k1", "value", "2"),
    ("characteristics", "c1", "value", "140"),
    ("characteristics", "c1", "events", "14"),
    ("analysis_sets", "set.other", "n", ""),
    ("cohorts", "whole-a", "n", "11"),
    ("cohorts", "whole-a", "unit", "half"),
    ("cohorts", "whole-a", "locator", ""),
    ("cohorts", "whole-a", "study_id", "study-z"),
    ("discrepancies", "D001", "decision", "maybe"),
    ("patients_unit", "p3", "response", "cured"),
    ("sources", "s1", "rounds_to_whole_percent", "no"),
]


@pytest.mark.parametrize(("table", "key", "column", "value"), CELLS)
def test_a_corrupt_cell_is_named(base, table, key, column, value):
    with_cells(base, table, key, **{column: value})
    assert (table, key, column, value) in problems_of(base)


# What was changed, and the place at which it is noticed.
ELSEWHERE = {
    "a count that does not fit its percentage": (
        ("outcomes", "o1", {"events": "4"}),
        ("outcomes", "o1", "percent", "50.0"),
    ),
    "a status that is untrue": (
        ("survival", "v1", {"value_status": "not_reached"}),
        ("survival", "v1", "value", "9"),
    ),
    "a repeated key": (
        ("cohorts", "part-1", {"cohort_id": "whole-a"}),
        ("cohorts", "line 3", "cohort_id", "whole-a"),
    ),
    "an empty key": (
        ("outcomes", "o1", {"row_id": ""}),
        ("outcomes", "line 2", "row_id", ""),
    ),
    "a repeated key of several columns": (
        ("overlaps", "part-1", {"cohort_a": "part-2"}),
        (
            "overlaps",
            "line 3",
            "cohort_a, relation, cohort_b",
            "part-2, part_of_pool, whole-a",
        ),
    ),
    "an unknown relation": (
        ("overlaps", "part-1", {"relation": "cousin_of"}),
        ("overlaps", "part-1 cousin_of whole-a", "relation", "cousin_of"),
    ),
    "a cohort related to itself": (
        ("overlaps", "series", {"cohort_b": "series"}),
        ("overlaps", "series subset_of series", "cohort_b", "series"),
    ),
    "a subset larger than its whole": (
        ("overlaps", "series", {"cohort_a": "rest", "cohort_b": "whole-a"}),
        ("overlaps", "rest subset_of whole-a", "cohort_a", "rest"),
    ),
    "more shared patients than there are": (
        ("overlaps", "series", {"shared_n": "6"}),
        ("overlaps", "series subset_of other", "shared_n", "6"),
    ),
    "disjoint and sharing at once": (
        ("overlaps", "series", {"cohort_a": "part-1", "cohort_b": "part-2"}),
        ("overlaps", "part-1 part-2", "relation"),
    ),
    "parts of other sizes": (
        ("overlaps", "part-1", {"cohort_a": "series"}),
        ("overlaps", "series part_of_pool whole-a", "basis_kind", "arithmetic"),
    ),
    "events of the parts": (
        ("outcomes", "o3", {"events": "2", "percent": "33.3"}),
        ("outcomes", "o1", "events", "5"),
    ),
    "percentages of the parts": (
        ("outcomes", "o2", {"events": "", "percent": "65", "derivation": "percent_only"}),
        ("outcomes", "o1", "percent", "50.0"),
    ),
    "a claim without its other side": (
        ("outcomes", "o9", {"discrepancy_id": "", "claim": ""}),
        ("discrepancies", "D001", "discrepancy_id", "D001"),
    ),
    "the same statement twice": (
        (
            "outcomes",
            "o9",
            {"events": "3", "claim": "a", "preferred": "true", "locator": "Table 1, o8"},
        ),
        ("outcomes", "o9", "row_id", "o9"),
    ),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_corruption_is_named_where_it_shows(base, name):
    (table, key, cells), expected = ELSEWHERE[name]
    with_cells(base, table, key, **cells)
    if name == "percentages of the parts":
        with_cells(base, "outcomes", "o3", percent="66.7", events="4")
    found = [problem[: len(expected)] for problem in problems_of(base)]
    assert expected in found


def test_parts_may_differ_where_a_discrepancy_is_named(base):
    with_cells(base, "discrepancies", "D001", decision="open")
    with_cells(base, "outcomes", "o3", events="2", percent="33.3", discrepancy_id="D001", claim="b")
    assert load_evidence(base)


def test_all_problems_of_form_and_arithmetic_are_listed_together(base):
    with_cells(base, "outcomes", "o1", percent="99.9")
    with_cells(base, "patients_unit", "p1", response="cured")
    with_cells(base, "survival", "v1", value="x", lower="y")
    found = problems_of(base)
    assert ("outcomes", "o1", "percent", "99.9") in found
    assert ("patients_unit", "p1", "response", "cured") in found
    assert ("survival", "v1", "value", "x") in found
    assert ("survival", "v1", "lower", "y") in found


def test_arithmetic_that_was_not_checked_is_said_once(base):
    with_cells(base, "outcomes", "o1", events="many")
    with pytest.raises(EvidenceError) as caught:
        load_evidence(base)
    text = str(caught.value)
    assert text.count("arithmetic not checked in full") == 1
    assert "mend the form of outcomes first" in text
    assert len(caught.value.problems) == 2


# Files --------------------------------------------------------------------------------------------


def lines(change):
    return lambda data: b"\n".join(change(data.rstrip(b"\n").split(b"\n"))) + b"\n"


def reordered(rows):
    return [b",".join(row.split(b",")[::-1]) for row in rows]


TABLE_FILES = {
    "empty": (lambda b: b"", ("studies", "-", "-", "empty: 0 bytes")),
    "header only": (lines(lambda rows: rows[:1]), ("studies", "-", "-", "no rows")),
    "no header": (lines(lambda rows: rows[1:]), ("studies", "header", "study_id", "missing")),
    "column missing": (
        lambda b: b.replace(b"reported_in", b"told_in", 1),
        ("studies", "header", "reported_in", "missing"),
    ),
    "column unknown": (
        lambda b: b.replace(b"reported_in", b"told_in", 1),
        ("studies", "header", "told_in", "unknown"),
    ),
    "column twice": (
        lambda b: b.replace(b"reported_in", b"study_id", 1),
        ("studies", "header", "study_id", "2 times"),
    ),
    "columns in another order": (
        lines(reordered),
        ("studies", "header", "-", "year,reported_in,study_id"),
    ),
    "semicolons": (
        lambda b: b.replace(b",", b";"),
        ("studies", "header", "-", "study_id;reported_in;year"),
    ),
    "tabs": (
        lambda b: b.replace(b",", b"\t"),
        ("studies", "header", "-", "study_id\treported_in\tyear"),
    ),
    "stray byte": (
        lambda b: b.replace(b"study-b", b"study-\xff"),
        ("studies", "-", "-", "byte 0xff on line 3, at offset 48"),
    ),
    "null byte": (
        lambda b: b.replace(b"study-b", b"study-\x00"),
        ("studies", "-", "-", "byte 0x00 on line 3, at offset 48"),
    ),
    "turned direction": (
        lambda b: b.replace(b"study-b", "study-\u202e".encode()),
        ("studies", "-", "-", "U+202E (right-to-left override) on line 3"),
    ),
    "no width": (
        lambda b: b.replace(b"study-b", "study-\u200bb".encode()),
        ("studies", "-", "-", "U+200B (zero width space) on line 3"),
    ),
    "byte order mark": (
        lambda b: b"\xef\xbb\xbf" + b,
        ("studies", "-", "-", "begins with a byte order mark"),
    ),
    "utf-16": (
        lambda b: b.decode().encode("utf-16"),
        ("studies", "-", "-", "byte 0xff on line 1, at offset 0"),
    ),
    "quote left open": (
        lambda b: b.replace(b"study-b", b'"study-b'),
        ("studies", "-", "-", "line 3: unexpected end of data"),
    ),
    "cell too many": (
        lambda b: b.rstrip(b"\n") + b",more\n",
        ("studies", "line 3", "-", "4 cells"),
    ),
    "cell too few": (
        lines(lambda rows: [*rows[:-1], rows[-1].rsplit(b",", 1)[0]]),
        ("studies", "line 3", "-", "2 cells"),
    ),
    "blank line": (
        lines(lambda rows: [rows[0], b"", *rows[1:]]),
        ("studies", "line 2", "-", "a blank line"),
    ),
    "empty row": (
        lambda data: data + b"," * data.split(b"\n")[0].count(b",") + b"\n",
        ("studies", "line 4", "-", "an empty row, of separators alone"),
    ),
    "line break in a cell": (
        lambda data: data.replace(b"study-b", b'"study\nb"'),
        ("studies", "line 3", "-", "a line break in a cell"),
    ),
    "separator told": (
        lambda data: b"sep=,\n" + data,
        (
            "studies",
            "-",
            "-",
            "line 1 is 'sep=,', which tells a spreadsheet how cells are separated",
        ),
    ),
}


@pytest.mark.parametrize("name", TABLE_FILES)
def test_a_broken_table_is_named(base, name):
    change, expected = TABLE_FILES[name]
    path = base / "studies.csv"
    path.write_bytes(change(path.read_bytes()))
    found = problems_of(base)
    assert expected in found
    assert len(found) <= 7


def test_a_table_that_is_missing_or_a_folder_is_named(base):
    (base / "studies.csv").unlink()
    assert ("studies", "-", "-", "missing") in problems_of(base)
    (base / "studies.csv").mkdir()
    assert ("studies", "-", "-", "a folder") in problems_of(base)


def test_a_separator_is_guessed_for_the_reader(base, capsys):
    path = base / "studies.csv"
    path.write_bytes(path.read_bytes().replace(b",", b";"))
    assert main(["validate", str(base)]) == 1
    assert "separated by ';'?" in capsys.readouterr().out


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b""])
def test_any_line_ends_are_fine(base, end):
    for path in base.glob("*.csv"):
        data = path.read_bytes()
        path.write_bytes(data.replace(b"\n", end) if end else data.rstrip(b"\n"))
    assert load_evidence(base).rows("studies")[1]["reported_in"] == "s2"


# Codebook -----------------------------------------------------------------------------------------


def table_of(book, name):
    return next(r for r in book["resources"] if r["name"] == name)


def field_of(book, table, column):
    return next(f for f in table_of(book, table)["schema"]["fields"] if f["name"] == column)


def without(book, name):
    book["resources"].remove(table_of(book, name))


def without_column(book, table, column):
    table_of(book, table)["schema"]["fields"].remove(field_of(book, table, column))


BOOKS = {
    "no version": (lambda b: b.pop("version"), ("-", "version", "missing")),
    "no tables": (lambda b: b.update(resources=[]), ("-", "resources", "[]")),
    "tables not a list": (lambda b: b.update(resources="all"), ("-", "resources", "all")),
    "needed table gone": (lambda b: without(b, "outcomes"), ("-", "resources", "missing")),
    "needed column gone": (
        lambda b: without_column(b, "outcomes", "preferred"),
        ("outcomes.preferred", "type", "missing"),
    ),
    "needed column optional": (
        lambda b: field_of(b, "outcomes", "locator").update(constraints={}),
        ("outcomes.locator", "required", "missing"),
    ),
    "path not text": (
        lambda b: table_of(b, "studies").update(path=["studies.csv"]),
        ("studies", "path", "['studies.csv']"),
    ),
    "path elsewhere": (
        lambda b: table_of(b, "studies").update(path="../studies.csv"),
        ("studies", "path", "../studies.csv"),
    ),
    "table twice": (
        lambda b: table_of(b, "searches").update(name="studies"),
        ("studies", "name", "studies"),
    ),
    "no key": (
        lambda b: table_of(b, "studies")["schema"].pop("primaryKey"),
        ("studies", "primaryKey", "missing"),
    ),
    "key not a column": (
        lambda b: table_of(b, "patients_unit")["schema"].update(primaryKey=["name"]),
        ("patients_unit", "primaryKey", "name"),
    ),
    "reference to nothing": (
        lambda b: table_of(b, "cohorts")["schema"]["foreignKeys"][0]["reference"].update(
            resource="trials"
        ),
        ("cohorts", "foreignKeys", "trials"),
    ),
    "field without type": (
        lambda b: field_of(b, "studies", "year").pop("type"),
        ("studies.year", "type", "missing"),
    ),
    "unknown type": (
        lambda b: field_of(b, "studies", "year").update(type="year"),
        ("studies.year", "type", "year"),
    ),
    "another type": (
        lambda b: field_of(b, "studies", "year").update(type="number"),
        ("studies.year", "type", "number"),
    ),
    "misspelt constraints": (
        lambda b: field_of(b, "studies", "year").update(constraint={}),
        ("studies.year", "constraint", "unknown key"),
    ),
    "misspelt rule": (
        lambda b: field_of(b, "studies", "year")["constraints"].update(minimun=3),
        ("studies.year", "minimun", "unknown key"),
    ),
    "pattern that is none": (
        lambda b: field_of(b, "cohorts", "label")["constraints"].update(pattern="["),
        ("cohorts.label", "pattern", "["),
    ),
    "other words for true": (
        lambda b: field_of(b, "outcomes", "preferred").update(trueValues=["yes"]),
        ("outcomes.preferred", "trueValues", "['yes']"),
    ),
    "unknown relation allowed": (
        lambda b: field_of(b, "overlaps", "relation")["constraints"].update(enum=["cousin"]),
        ("overlaps.relation", "enum", "['cousin']"),
    ),
}


@pytest.mark.parametrize("name", BOOKS)
def test_a_broken_codebook_is_named(base, name):
    change, expected = BOOKS[name]
    book = small_codebook()
    change(book)
    (base / "datapackage.json").write_text(json.dumps(book), encoding="utf-8")
    assert ("datapackage.json", *expected) in problems_of(base)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "3", "{", '{"a": 1, "a": 2}', '{"resources": NaN}', "[" * 100000, "{}", "null"],
)
def test_a_codebook_that_is_none_is_named(base, text):
    (base / "datapackage.json").write_text(text, encoding="utf-8")
    assert all(problem[0] == "datapackage.json" for problem in problems_of(base))


# Analyses -----------------------------------------------------------------------------------------


def pool_of(declared):
    return declared["analyses"][0]["pools"][0]


def set_pool(**values):
    return lambda declared: pool_of(declared).update(values)


def axes_of(one, other):
    return {"A": {"as declared": {}, "else": one}, "B": {"as declared": {}, "else": other}}


def first(declared):
    return declared["analyses"][0]


def contrast(**values):
    entry = {"first": "all", "second": "relapsed"} | values
    return lambda declared: first(declared).update(contrasts=[entry])


DECLARED = {
    "misspelt key of a pool": (set_pool(criterea=["CR"]), "first/all", "criterea", "unknown key"),
    "misspelt key": (lambda d: first(d).update(agent="x"), "first", "agent", "unknown key"),
    "misspelt key of the card": (
        lambda d: first(d)["card"].update(units="x"),
        "first/card",
        "units",
        "unknown key",
    ),
    "key missing": (lambda d: pool_of(d).pop("estimand"), "first/all", "estimand", "missing"),
    "bare text": (set_pool(outcomes="cr"), "first/all", "outcomes", "cr"),
    "empty list": (set_pool(outcomes=[]), "first/all", "outcomes", "[]"),
    "unhashable": (set_pool(outcomes=[["cr"]]), "first/all", "outcomes", "[['cr']]"),
    "value twice": (set_pool(outcomes=["cr", "cr"]), "first/all", "outcomes", "['cr', 'cr']"),
    "unknown outcome": (set_pool(outcomes=["crr"]), "first/all", "outcomes", "crr"),
    "unknown criterion": (set_pool(criteria=["CR"]), "first/all", "criteria", "CR"),
    "unknown denominator": (set_pool(denominators=["all"]), "first/all", "denominators", "all"),
    "unknown time": (set_pool(timepoints=["later"]), "first/all", "timepoints", "later"),
    "unknown unit": (set_pool(units=["half"]), "first/all", "units", "half"),
    "unknown column": (set_pool(where={"grup": ["x"]}), "first/all", "where", "grup"),
    "unknown value": (set_pool(where={"group": ["y"]}), "first/all", "where group", "y"),
    "filter is a list": (set_pool(where=["x"]), "first/all", "where", "['x']"),
    "filter is text": (set_pool(where={"group": "x"}), "first/all", "where", "{'group': 'x'}"),
    "date": (
        set_pool(where={"group": [datetime.date(2001, 1, 1)]}),
        "first/all",
        "where",
        "{'group': [datetime.date(2001, 1, 1)]}",
    ),
    "yes or no": (set_pool(where={"group": [True]}), "first/all", "where", "{'group': [True]}"),
    "two axes of one key": (
        set_pool(alternatives=axes_of({"units": ["part"]}, {"units": ["whole", "part"]})),
        "first/all",
        "alternatives: units",
        "in 'A' and 'B'",
    ),
    "two axes of one filter": (
        set_pool(
            alternatives=axes_of(
                {"where": {"group": ["x"]}}, {"where": {"n": [10], "group": ["x"]}}
            )
        ),
        "first/all",
        "alternatives: where group",
        "in 'A' and 'B'",
    ),
    "series": (set_pool(series=4), "first/all", "series", "4"),
    "series true": (set_pool(series=True), "first/all", "series", "True"),
    "pool not a mapping": (lambda d: first(d)["pools"].append("all"), "first/number 3", "-", "all"),
    "pool twice": (set_pool(id="relapsed"), "first/relapsed", "id", "relapsed"),
    "analysis twice": (lambda d: d["analyses"].append(first(d)), "first", "id", "first"),
    "card names no pool": (
        lambda d: first(d)["card"].update(pools={"some": "Some"}),
        "first/card",
        "pools",
        "some",
    ),
    "card is text": (lambda d: first(d).update(card="x"), "first", "card", "x"),
    "contrast without a side": (
        lambda d: first(d).update(contrasts=[{"first": "all"}]),
        "first/contrast 1",
        "second",
        "missing",
    ),
    "contrast names no pool": (contrast(second="none"), "first/contrast 1", "second", "none"),
    "unplaced is text": (contrast(unplaced="x"), "first/contrast 1", "unplaced", "x"),
    "unplaced without a study": (
        contrast(unplaced={"known": ["v1"], "title": "t"}),
        "first/contrast 1/unplaced",
        "study",
        "missing",
    ),
    "unplaced of no study": (
        contrast(unplaced={"study": "none", "known": ["v1"], "title": "t"}),
        "first/all against relapsed",
        "unplaced study",
        "none",
    ),
    "unplaced of no row": (
        contrast(unplaced={"study": "none", "known": ["v1"], "title": "t"}),
        "first/all against relapsed",
        "unplaced known",
        "v1",
    ),
    "analysis is text": (lambda d: d["analyses"].append("x"), "number 2", "-", "x"),
    "no analyses": (lambda d: d.update(analyses=None), "-", "-", "no list of analyses"),
    "misspelt analyses": (lambda d: d.update(analysis=[{}]), "-", "-", "key 'analysis'"),
}


def test_axes_of_alternatives_are_combined_or_refused(base):
    declared = copy.deepcopy(ANALYSES)
    axes = axes_of({"where": {"group": ["x"]}}, {"where": {"n": [10]}, "units": ["part"]})
    pool_of(declared)["alternatives"] = axes
    (base / "analyses.yml").write_text(yaml.safe_dump(declared), encoding="utf-8")

    levels = load_evidence(base).analyses["first"].pools[0].alternatives
    changes = [{"overrides": levels[axis]["else"]} for axis in "AB"]
    # Filters of different columns hold together, whichever comes first.
    for order in (changes, changes[::-1]):
        _, overrides = branches._merged(order)
        assert dict(overrides["where"]) == {"group": ("x",), "n": (10,)}
        assert overrides["units"] == ("part",)


def test_axes_made_in_code_that_undo_each_other_are_refused(base):
    evidence = load_evidence(base)
    spec = (
        evidence.analyses["first"]
        .pools[0]
        .replaced(
            alternatives=axes_of({"units": ("part",)}, {"units": ("whole", "part")}),
        )
    )
    with pytest.raises(ArgumentError) as caught:
        branches.branches(evidence, spec)
    assert str(caught.value).startswith(
        "branches: alternatives of pool all is units in 'A' and 'B'; allowed: each key"
    )


def test_what_an_evidence_base_holds_cannot_be_changed(base):
    evidence = load_evidence(base)
    for name in ("codebook", "analyses", "folder"):
        with pytest.raises(AttributeError):
            setattr(evidence, name, {})
    book = evidence.codebook
    with pytest.raises(TypeError):
        book["version"] = "2"
    with pytest.raises(TypeError):
        book["resources"][0]["schema"]["fields"][0]["name"] = "other"
    assert isinstance(book["resources"], tuple)


ANALYSES_OF_THE_BOOK = Path(__file__).resolve().parents[2] / "data" / "analyses.yml"
OURS = read_analyses(ANALYSES_OF_THE_BOOK)[0]


@pytest.mark.parametrize("spec", OURS, ids=lambda spec: spec.id)
def test_what_is_declared_can_be_written_and_read_again(tmp_path, spec):
    """Everything that the file holds is in the model, and the model holds nothing else."""
    path = tmp_path / "analyses.yml"
    path.write_text(yaml.safe_dump({"analyses": [spec.dump()]}, sort_keys=False), encoding="utf-8")
    (again,), problems = read_analyses(path)
    assert problems == [] and again == spec


def test_every_key_of_the_file_is_a_key_of_the_model():
    declared = yaml.safe_load(
        (Path(__file__).resolve().parents[2] / "data/analyses.yml").read_text()
    )
    for entry, spec in zip(declared["analyses"], OURS, strict=True):
        assert without_empty(entry) == without_empty(spec.dump())


def without_empty(value):
    """Declared at its default, or not at all: one thing."""
    if isinstance(value, dict):
        return {k: v for k, v in ((k, without_empty(v)) for k, v in value.items()) if v != {}}
    return [without_empty(item) for item in value] if isinstance(value, list) else value


CHAPTER = {
    "answer": "{all-rate} of 100.",
    "caveat": "Small.",
    "top": {"head": "All", "rows": [{"pool": "all", "label": "All"}]},
    "evidence": {"view": "forest", "pools": ["all"], "title": "T", "caption": "C."},
    "sections": {
        "own": {
            "line": "one",
            "show": [
                {"view": "split", "pools": ["all"], "by": "criterion"},
                {
                    "view": "adverse_events",
                    "outcomes": ["cr"],
                    "where": {"group": ["x"]},
                    "caption": "C.",
                },
            ],
        }
    },
    "sure": ["all"],
    "printed": {"told": "o1"},
}
MISNAMED = {
    "pool of the table": (("top", "rows", 0, "pool"), "al", "top.rows.0.pool", "near it is all"),
    "contrast": (("top", "rows", 0, "contrast"), "x", "top.rows.0.contrast", "nothing is declared"),
    "pool of the figure": (("evidence", "pools"), ["none"], "evidence.pools.0", "allowed: all"),
    "pool of a section": (
        ("sections", "own", "show", 0, "pools"), ["relapse"],
        "sections.own.show.0.pools.0", "near it is relapsed",
    ),
    "curve": (("sure",), ["all", "none"], "sure.1", "allowed: all, relapsed"),
    "number": (("answer",), "{none-rate} of 100.", "answer", "begins with all, relapsed, told"),
    "braces": (("caveat",), "{all-rate", "caveat", "names of numbers in braces"),
    "row": (("printed", "told"), "o99", "printed.told", "a row_id of outcomes"),
    "table": (("disagreements",), ["survivals"], "disagreements", "allowed: "),
    "view": (("sections", "own", "show", 0, "view"), "plot", "sections.own.show.0", "allowed: "),
    "events": (
        ("sections", "own", "show", 1, "outcomes"), ["none"], "sections.own.outcomes", "allowed: cr"
    ),
    "events of whom": (
        ("sections", "own", "show", 1, "where"), {"grup": ["x"]}, "sections.own.where", "cohort_id"
    ),
    "key": (("top", "title"), "T", "top.title", "allowed: "),
}  # fmt: skip


@pytest.mark.parametrize("name", MISNAMED)
def test_what_a_chapter_names_and_nobody_declares_is_told_with_its_line(base, name):
    path, value, column, allowed = MISNAMED[name]
    declared = copy.deepcopy(ANALYSES)
    declared["analyses"][0]["chapter"] = copy.deepcopy(CHAPTER)
    file = base / "analyses.yml"
    file.write_text(yaml.safe_dump(declared), encoding="utf-8")
    assert load_evidence(base).analyses["first"].chapter
    change_at(declared["analyses"][0]["chapter"], path, value)
    file.write_text(yaml.safe_dump(declared), encoding="utf-8")
    *_, problems = read_everything(base)
    assert [(p.table, p.row, p.column) for p in problems] == [
        ("analyses.yml", "first/chapter", column)
    ]
    assert allowed in problems[0].allowed and problems[0].line
    # The line is of the key itself, or of the list that holds the value.
    key = next(part for part in reversed(path) if isinstance(part, str))
    key = "- by" if key == "view" else key  # of the whole view, which begins there
    text = file.read_text(encoding="utf-8").splitlines()
    assert f"{key}:" in text[int(problems[0].line) - 1]


def change_at(tree, path, value):
    for part in path[:-1]:
        tree = tree[part]
    tree[path[-1]] = value


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (set_pool(outcomes=["crr"]), "outcomes:"),
        (set_pool(where={"group": ["y"]}), "group:"),
        (set_pool(alternatives={"A": {"no": {}, "yes": {"units": ["half"]}}}), "units:"),
        (lambda d: d["analyses"].append(first(d)), "id:"),
    ],
)
def test_what_no_table_has_is_told_with_its_line(base, change, line):
    declared = copy.deepcopy(ANALYSES)
    change(declared)
    file = base / "analyses.yml"
    file.write_text(yaml.safe_dump(declared), encoding="utf-8")
    (found,) = (p for p in read_everything(base)[2] if p.table == "analyses.yml")
    assert line in file.read_text("utf-8").splitlines()[int(found.line) - 1]


@pytest.mark.parametrize("name", DECLARED)
def test_a_broken_declaration_is_named(base, name):
    change, *expected = DECLARED[name]
    declared = copy.deepcopy(ANALYSES)
    change(declared)
    (base / "analyses.yml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    assert ("analyses.yml", *expected) in problems_of(base)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("    series: 1", "    series: 9", 11),
        ("    title: P", "    titel: P", 7),  # an unknown key; what is missing has the pool's line
        ("    where: {group: [x]}", "    where: *shared", 10),  # where it is used, not declared
        ("  question: Q", "  question: yes", 4),
    ],
)
def test_a_broken_declaration_is_named_with_its_line(tmp_path, old, new, line):
    text = """\
shared: &shared [a]
analyses:
- id: first
  question: Q
  pools:
  - id: all
    title: P
    estimand: E
    outcomes: [a]
    where: {group: [x]}
    series: 1
"""
    path = tmp_path / "analyses.yml"
    path.write_text(text, encoding="utf-8")
    assert read_analyses(path)[1] == []
    path.write_text(text.replace(old, new), encoding="utf-8")
    found = read_analyses(path)[1]
    assert str(line) in {problem.line for problem in found}
    assert any(str(p).startswith(f"analyses.yml, line {line}, row first") for p in found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "analyses: [",
        "analyses: {}",
        "- a",
        "analyses: []",
        "? [a]\n: b",
        "analyses: 2020-99-99",
        "analyses: [{id: a, id: b}]",
        "analyses: &a [*a]",
        "[" * 5000,
        "\x00",
        "analyses: !!python/object:os.system x",
    ],
)
def test_analyses_that_are_none_are_named(base, text):
    (base / "analyses.yml").write_text(text, encoding="utf-8")
    assert {problem[0] for problem in problems_of(base)} == {"analyses.yml"}


def test_missing_analyses_are_named(base):
    (base / "analyses.yml").unlink()
    assert problems_of(base) == [("analyses.yml", "-", "-", "missing")]


# Nothing ends in a traceback ----------------------------------------------------------------------

ODD = [None, True, 0, -1, 2.5, 10**400, "", " ", "x", "[", [], {}, [[]], [{}], {"a": None}, ["x"]]


def places(tree, path=()):
    """Paths to every part of a tree of dicts and lists."""
    yield path
    items = tree.items() if isinstance(tree, dict) else ()
    items = enumerate(tree) if isinstance(tree, list) else items
    for key, value in items:
        yield from places(value, (*path, key))


def mutated(tree, path, value):
    if not path:
        return value
    tree = copy.deepcopy(tree)
    part = tree
    for key in path[:-1]:
        part = part[key]
    if value == "DELETE":
        del part[path[-1]]
    else:
        part[path[-1]] = value
    return tree


def mutations(tree, count, seed):
    draw = random.Random(seed)
    paths = list(places(tree))
    for _ in range(count):
        yield mutated(tree, draw.choice(paths[1:]), draw.choice([*ODD, "DELETE"]))


def said(folder, capsys):
    """What validate prints; its exit code is a plain yes or no."""
    assert main(["validate", str(folder)]) in (0, 1)
    printed = capsys.readouterr()
    assert printed.err == ""
    assert not re.search(r"Traceback|\b[A-Z]\w+(Error|Exception)\b", printed.out), printed.out
    return printed.out


def test_no_codebook_ends_in_a_traceback(base, capsys):
    for book in mutations(small_codebook(), 40, 1):
        (base / "datapackage.json").write_text(json.dumps(book), encoding="utf-8")
        assert said(base, capsys)


def test_no_declaration_ends_in_a_traceback(base, capsys):
    for declared in mutations(ANALYSES, 40, 2):
        (base / "analyses.yml").write_text(yaml.safe_dump(declared), encoding="utf-8")
        assert said(base, capsys)


def test_no_bytes_end_in_a_traceback(base, capsys):
    draw = random.Random(3)
    for _ in range(40):
        path = base / f"{draw.choice(sorted(SMALL))}.csv"
        before = path.read_bytes()
        data, at = bytearray(before), draw.randrange(len(before))
        data[at : at + draw.randrange(3)] = draw.choice(
            [b"", b'"', b",", b"\n", b"\r", b"\xff", b"0", b"-", b"9" * 30, b"e", b".", b";", b" "]
        )
        path.write_bytes(data)
        assert said(base, capsys)
        path.write_bytes(before)


def test_the_command_ends_without_a_traceback(base):
    with_cells(base, "outcomes", "o1", events=DIGITS, locator="Größe ≥ 1")
    command = [sys.executable, "-m", "evisynth.cli", "validate", str(base)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "outcomes, row o1, events" in done.stdout


# Folders ------------------------------------------------------------------------------------------


def test_a_named_folder_must_hold_the_codebook(base, monkeypatch, capsys):
    inside = base / "inside"
    inside.mkdir()
    for folder, expected in {
        base / "nowhere": "no such folder",
        base / "datapackage.json": "is a file",
        inside: "no datapackage.json in",
        base.parent: "no datapackage.json in",
    }.items():
        with pytest.raises(EvisynthError, match=re.escape(expected)):
            load_evidence(folder)
        assert main(["validate", str(folder)]) == 2
        assert expected in capsys.readouterr().err
    with pytest.raises(EvisynthError, match="folder is 3; allowed: a path"):
        load_evidence(3)
    monkeypatch.chdir(inside)
    assert main(["validate"]) == 0


def test_no_codebook_above_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EvisynthError, match=re.escape(f"no datapackage.json in {tmp_path}")):
        load_evidence()


# Printed numbers ----------------------------------------------------------------------------------


def test_limits_recompute_to_their_own_digits():
    assert interval_recomputes(5, 10, "18.7", "81.3")
    assert interval_recomputes(5, 10, "19", "81")
    assert interval_recomputes(5, 10, "19", "81.3")
    assert not interval_recomputes(5, 10, "19.0", "81.3")
    assert interval_recomputes(5, 10, "19.0", "81.0", whole=True)


def test_counts_that_fit_are_those_of_a_full_search():
    from evisynth.evidence.printed import fits_printed

    for total in (1, 7, 64, 271):
        for percent in ("0", "3", "43.9", "50.0", "99.6", "100"):
            full = [x for x in range(total + 1) if fits_printed(x, total, percent)]
            assert counts_that_fit(total, percent) == full


# Extraction passes --------------------------------------------------------------------------------

FORM = "source_id,line,cohort_id,n\ns1,3,a,10\ns1,4,b,20\n"


@pytest.fixture
def passes(tmp_path):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "sets.csv").write_text(FORM, encoding="utf-8")
    return tmp_path / "first", tmp_path / "second"


def test_equal_passes_do_not_differ(passes):
    assert compare(*map(read_pass, passes)) == []


def test_a_number_written_in_two_ways_is_told_from_a_disagreement(passes, capsys):
    text = FORM.replace("10", "10.0").replace("20", "21")
    (passes[1] / "sets.csv").write_text(text, encoding="utf-8")
    assert main(["compare", *map(str, passes)]) == 1
    written, apart, count = capsys.readouterr().out.splitlines()
    assert written == "sets, s1:3:a, n: '10' or '10.0' (the same number, written otherwise)"
    assert apart == "sets, s1:4:b, n: '20' or '21'"
    assert count == "1 disagreements, and 1 numbers written in two ways"


def test_a_header_in_another_case_is_no_disagreement(passes, capsys):
    text = FORM.replace("cohort_id", "Cohort_ID")
    (passes[1] / "sets.csv").write_text(text, encoding="utf-8")
    assert main(["compare", *map(str, passes)]) == 2
    assert "write 'cohort_id' as 'Cohort_ID'" in capsys.readouterr().err


def test_a_column_of_the_second_pass_alone_is_compared(passes):
    text = FORM.replace("n\n", "n,how\n", 1).replace("10\n", "10,said\n").replace("20\n", "20,\n")
    (passes[1] / "sets.csv").write_text(text, encoding="utf-8")
    first, second = map(read_pass, passes)
    (found,) = compare(first, second)
    assert (found.row_id, found.field, found.first_pass, found.second_pass) == (
        "s1:3:a",
        "how",
        "",
        "said",
    )
    decided = [{"table": "sets", "row_id": "s1:3:a", "field": "how", "final": "said"}]
    assert consensus(first, second, decided, "sets")["s1:3:a"]["how"] == "said"


BROKEN_PASSES = {
    "ragged": (FORM.encode() + b"s1,5,c\n", r"second/sets\.csv, line 4: 3 cells"),
    "blank line": (FORM.encode() + b"\n", r"second/sets\.csv, line 4: a blank line"),
    "line in words": (FORM.replace("4,b", "four,b").encode(), r"line 3: line is 'four'"),
    "line of a kind": (FORM.replace("4,b", "²,b").encode(), r"line 3: line is '²'"),
    "line zero": (FORM.replace("4,b", "0,b").encode(), r"line 3: line is '0'"),
    "no line": (FORM.replace("line", "row").encode(), r"second/sets\.csv: no column 'line'"),
    "column twice": (FORM.replace("cohort_id", "n").encode(), r"column 'n' twice"),
    "empty row": (FORM.encode() + b",,,\n", r"second/sets\.csv, line 4: an empty row"),
    "line break": (FORM.encode() + b's1,5,"c\nd",1\n', r"line 4: a line break in a cell"),
    "semicolons": (FORM.replace(",", ";").encode(), r"second/sets\.csv: cells separated by ';'"),
    "separator told": (b"sep=,\n" + FORM.encode(), r"second/sets\.csv: line 1 is 'sep=,'"),
    "another case": (FORM.replace("line", "Line").encode(), r"write 'Line' as 'line'"),
    "byte": (FORM.encode() + b"s1,5,\xff,1\n", r"second/sets\.csv: byte 0xff on line 4"),
    "byte order mark": (b"\xef\xbb\xbf" + FORM.encode(), "byte order mark"),
    "nothing": (b"", r"second/sets\.csv: empty"),
    "quote": (FORM.encode() + b's1,5,"c,1\n', r"second/sets\.csv: line 4"),
}


@pytest.mark.parametrize("name", BROKEN_PASSES)
def test_a_broken_pass_is_named(passes, capsys, name):
    data, expected = BROKEN_PASSES[name]
    (passes[1] / "sets.csv").write_bytes(data)
    with pytest.raises(EvisynthError, match=expected):
        read_pass(passes[1])
    assert main(["compare", *map(str, passes)]) == 2
    assert re.search(expected, capsys.readouterr().err)


def test_a_pass_that_is_no_folder_of_tables_is_named(passes):
    with pytest.raises(EvisynthError, match="no folder"):
        read_pass(passes[0] / "nowhere")
    with pytest.raises(EvisynthError, match="is a file"):
        read_pass(passes[0] / "sets.csv")
    (passes[0] / "sets.csv").unlink()
    with pytest.raises(EvisynthError, match="no extraction tables"):
        read_pass(passes[0])
    (passes[0] / "sets.csv").mkdir()
    with pytest.raises(EvisynthError, match=r"sets\.csv: a folder"):
        read_pass(passes[0])


# Counts that a percentage leaves open -------------------------------------------------------------


def with_rows(folder, table, *new):
    """Add rows to a table."""
    path = folder / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    write_table(folder, small_codebook(), table, [*rows, *new])


@pytest.fixture
def open_base(base):
    """The small base with a cohort of 300 of which 76% had it: 227 to 229, the ends as rows."""
    size = {"cohort_id": "large", "analysis_set": "treated", "n": 300, "preferred": "true"}
    with_rows(base, "cohorts", cohort("large", "study-b", 300))
    with_rows(base, "analysis_sets", {"row_id": "set.large"} | size)
    hand = {"second_hand": "true"}
    made = {"derived_from": "o10", "preferred": "false", **hand}
    with_rows(
        base,
        "outcomes",
        outcome("o10", "large", "cr", "", "", "76", derivation="percent_only", **hand),
        outcome("o11", "large", "cr", 227, 300, "76", derivation="fewest_from_percent", **made),
        outcome("o12", "large", "cr", 229, 300, "76", derivation="most_from_percent", **made),
    )
    return base


def test_an_open_count_is_counted_by_an_alternative_alone(open_base):
    evidence = load_evidence(open_base)
    usual = evidence.select("first", "all")
    assert 300 not in usual.ni
    (left,) = [item for item in usual.left_out if item.cohort["cohort_id"] == "large"]
    assert (left.code, left.reason) == ("NE", "76% of 300, which may be 227 or 229")
    assert left.row["row_id"] == "o10"
    for kind, events in (("fewest_from_percent", 227), ("most_from_percent", 229)):
        chosen = evidence.selector().select(usual.spec.otherwise({"bounds": (kind,)}))
        assert dict(zip(chosen.ni, chosen.xi, strict=True))[300] == events
    # Nobody who pools printed rows could pool it.
    assert not [r for r in evidence.printed_rows(usual.spec) if r["cohort_id"] == "large"]


@pytest.mark.parametrize(
    ("key", "cells", "column"),
    [
        ("o11", {"events": "228"}, "events"),
        ("o12", {"events": "228"}, "events"),
        ("o12", {"derived_from": "o1"}, "derived_from"),
        ("o12", {"denominator": "responders"}, "derived_from"),
        ("o12", {"derivation": "fewest_from_percent"}, "derivation"),
        ("o11", {"percent": ""}, "percent"),
        ("o11", {"total": ""}, "derivation"),
    ],
)
def test_an_open_count_is_an_end_beside_the_other_end(open_base, key, cells, column):
    with_cells(open_base, "outcomes", key, **cells)
    assert (key, column) in {problem[1:3] for problem in problems_of(open_base)}


def test_a_count_that_is_not_open_has_no_ends(open_base):
    for key in ("o10", "o11", "o12"):
        with_cells(open_base, "outcomes", key, percent="75.7")  # 227 alone
    found = problems_of(open_base)
    assert ("outcomes", "o11", "derivation", "fewest_from_percent") in found


def test_no_pool_takes_an_end_as_its_own(open_base):
    declared = json.loads(json.dumps(ANALYSES))
    declared["analyses"][0]["pools"][0]["bounds"] = ["fewest_from_percent"]
    (open_base / "analyses.yml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    assert [problem[2] for problem in problems_of(open_base)] == ["bounds"]
    pool = declared["analyses"][0]["pools"][0]
    del pool["bounds"]
    pool["alternatives"] = {"Count": {"none": {}, "some": {"bounds": ["percent_only"]}}}
    (open_base / "analyses.yml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    assert [problem[2] for problem in problems_of(open_base)] == ["alternatives"]


@pytest.mark.parametrize(("total", "fits"), [("16", True), ("17", False)])
def test_a_total_from_a_percentage_is_the_only_one_that_fits(base, total, fits):
    """7 of 20 printed as 43.8%: of all totals up to 20 only 16 fits."""
    with_cells(base, "outcomes", "o4", derivation="reported", percent="43.8", **CLAIM, claim="a")
    with_cells(base, "outcomes", "o6", events="5", total="16", derived_from="o4;o2")
    made = outcome("o10", "other", "cr", 7, total, "43.8", derivation="total_from_percent",
                   derived_from="o4", denominator="responders", preferred="false",
                   second_hand="true", **CLAIM, claim="b")  # fmt: skip
    with_rows(base, "outcomes", made)
    if fits:
        assert load_evidence(base)
    else:
        assert ("outcomes", "o10", "total", "17") in problems_of(base)


def test_a_base_that_a_build_has_checked_is_not_checked_again(base, monkeypatch):
    """By the very bytes of its files: any change is looked at in full."""
    with_cells(base, "outcomes", "o1", percent="99.9")
    assert problems_of(base)
    monkeypatch.setenv(CHECKED, fingerprint(base))
    assert load_evidence(base)
    with_cells(base, "outcomes", "o1", percent="99.8")
    assert problems_of(base)
    # What is not of the right form is refused, whoever looked at it before.
    with_cells(base, "outcomes", "o1", total="ten")
    monkeypatch.setenv(CHECKED, fingerprint(base))
    assert problems_of(base)


@pytest.mark.parametrize(
    ("key", "cells", "column"),
    [
        ("k1", {"lower": "0"}, "lower"),
        ("k1", {"value": "-0.8", "lower": "-1.2", "upper": "-0.5"}, "value"),
        ("k1", {"lower": "1.2", "upper": "0.5"}, "lower"),
    ],
)
def test_a_ratio_is_above_0_and_its_limits_are_in_order(base, key, cells, column):
    with_cells(base, "contrasts", key, **cells)
    assert ("contrasts", key, column) in {problem[:3] for problem in problems_of(base)}


def test_a_rate_of_survival_is_a_percentage(base):
    rate = {"statistic": "rate", "time_months": "12", "value": "101", "lower": "", "upper": "",
            "lower_status": "not_reported", "upper_status": "not_reported"}  # fmt: skip
    with_cells(base, "survival", "v1", **rate)
    assert ("survival", "v1", "value", "101") in problems_of(base)
