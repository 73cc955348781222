"""The real tables: valid, traceable to both extraction passes, and broken in many ways."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from evisynth.cli import main
from evisynth.errors import EvidenceError, EvisynthError
from evisynth.evidence import load_evidence
from evisynth.extraction import compare, consensus, read_pass

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
EXTRACTED = (
    "analysis_sets",
    "characteristics",
    "outcomes",
    "survival",
    "contrasts",
    "searches",
    "trials",
    "patients_sehop",
    "patients_greece",
)
# Fields of the form that a table writes in its own way: a repaired name, a person, a guard of type.
REWRITTEN = {"administration_id", "source_id"}


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [{k: v or "" for k, v in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def passes():
    return read_pass(DATA / "extraction" / "first"), read_pass(DATA / "extraction" / "second")


@pytest.fixture(scope="module")
def adjudications():
    return rows_of(DATA / "adjudications.csv")


def test_the_real_tables_are_valid(capsys):
    assert main(["validate", str(DATA)]) == 0
    assert "no problem found" in capsys.readouterr().out


def test_adjudications_are_exactly_the_disagreements(passes, adjudications):
    found = [(d.table, d.row_id, d.field, d.first_pass, d.second_pass) for d in compare(*passes)]
    keys = ("table", "row_id", "field", "first_pass", "second_pass")
    assert [tuple(row[key] for key in keys) for row in adjudications] == found


def test_every_adjudication_has_a_reason(adjudications):
    assert [row["row_id"] for row in adjudications if not row["reason"].strip()] == []


def corrections():
    return rows_of(DATA / "extraction" / "corrections.csv")


def settled(passes, adjudications, table):
    """Both passes, the third reading, and the corrections, each guarded by what it corrects."""
    rows = consensus(*passes, adjudications, table)
    for row in corrections():
        if row["table"] == table:
            assert rows[row["row_id"]].get(row["field"], "") == row["agreed"], row
            assert row["reason"], row
            rows[row["row_id"]][row["field"]] = row["final"]
    return rows


def same(a, b):
    try:
        return float(a) == float(b)
    except ValueError:
        return a == b


@pytest.mark.parametrize("table", EXTRACTED)
def test_every_extracted_cell_is_what_the_readings_say(passes, adjudications, table):
    said = settled(passes, adjudications, table)
    kept = {
        row["extraction_id"]: row for row in rows_of(DATA / f"{table}.csv") if row["extraction_id"]
    }
    differing = [
        (name, field, row[field], said[name][field])
        for name, row in kept.items()
        if name in said and row.get("how_known", "reported") == "reported"
        for field in row
        if field in said[name]
        and field not in REWRITTEN
        and not same(row[field], said[name][field])
        and not _computed(row, field)
        and not (field == "interval" and row[field] == "none" and not said[name][field])
    ]
    assert differing == []


def _computed(row, field):
    return row.get("derivation") == "computed_from_percent" and field in ("events", "total")


@pytest.mark.parametrize("table", EXTRACTED)
def test_no_statement_of_the_passes_is_lost(passes, adjudications, table):
    said = settled(passes, adjudications, table)
    kept = {row["extraction_id"] for row in rows_of(DATA / f"{table}.csv")}
    assert sorted(set(said) - kept) == []


def test_fields_of_the_same_name_are_defined_once():
    book = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
    seen = {}
    for resource in book["resources"]:
        for field in resource["schema"]["fields"]:
            meaning = (field["type"], field["description"])
            if field["name"] not in ("unit", "row_id"):
                assert seen.setdefault(field["name"], meaning) == meaning, field["name"]
            assert field["description"].strip()


def test_sources_are_the_five():
    names = {row["source_id"] for row in rows_of(DATA / "sources.csv")}
    assert names == {
        "fuster2020",
        "curran2020",
        "queudeville2021",
        "kantarjian2023",
        "ampatzidou2020",
    }


def test_patient_tables_have_their_people():
    spain, greece = (load_evidence(DATA).rows(f"patients_{n}") for n in ("sehop", "greece"))
    assert (len(spain), len({row["person_id"] for row in spain})) == (31, 29)
    assert len({row["person_id"] for row in greece}) == len(greece) == 9


def test_external_estimates_are_never_pooled():
    assert "external_estimates" not in (DATA / "analyses.yml").read_text(encoding="utf-8")


# --- corruption -----------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path):
    target = tmp_path / "data"
    shutil.copytree(DATA, target, ignore=shutil.ignore_patterns("extraction"))
    return target


def change(folder, table, wanted, column, value):
    """Set one cell of the first row that fits; returns the row's key."""
    path = folder / f"{table}.csv"
    rows = rows_of(path)
    row = next(row for row in rows if wanted(row))
    row[column] = value(row) if callable(value) else value
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return next(iter(row.values()))


def complaint(folder):
    with pytest.raises(EvidenceError) as caught:
        load_evidence(folder)
    return str(caught.value)


def counted(row):
    return (
        row["events"]
        and row["total"]
        and row["percent"]
        and not row["discrepancy_id"]
        and row["derivation"] == "reported"
    )


CELLS = {
    "events above total": ("outcomes", counted, "events", lambda r: str(int(r["total"]) + 1)),
    "count against percentage": (
        "outcomes",
        counted,
        "events",
        lambda r: str(int(r["events"]) // 2),
    ),
    "percentage against count": ("outcomes", counted, "percent", "99.9"),
    "total not its set": ("outcomes", counted, "total", lambda r: str(int(r["total"]) + 7)),
    "negative count": ("outcomes", counted, "events", "-3"),
    "word for a number": ("outcomes", counted, "events", "many"),
    "unknown cohort": ("outcomes", counted, "cohort_id", "nobody2020"),
    "unknown source": ("outcomes", counted, "source_id", "smith1999"),
    "unknown discrepancy": ("outcomes", counted, "discrepancy_id", "D999"),
    "locator missing": ("outcomes", counted, "locator", ""),
    "second hand untrue": (
        "outcomes",
        counted,
        "second_hand",
        lambda r: "true" if r["second_hand"] == "false" else "false",
    ),
    "preferred untrue": (
        "outcomes",
        counted,
        "preferred",
        lambda r: "true" if r["preferred"] == "false" else "false",
    ),
    "difference wrong": (
        "outcomes",
        lambda r: r["derivation"] == "differenced",
        "events",
        lambda r: str(int(r["events"]) + 1),
    ),
    "patient count wrong": (
        "outcomes",
        lambda r: r["derivation"] == "from_patient_rows",
        "events",
        "0",
    ),
    "computed count wrong": (
        "outcomes",
        lambda r: r["derivation"] == "computed_from_percent",
        "events",
        "1",
    ),
    "denominator unknown": ("outcomes", counted, "denominator", "everybody"),
    "estimate outside interval": (
        "survival",
        lambda r: (
            r["upper_status"] == "number"
            and r["value_status"] == "number"
            and not r["discrepancy_id"]
            and r["interval"] == "95% CI"
        ),
        "value",
        lambda r: str(float(r["upper"]) + 5),
    ),
    "status untrue": (
        "survival",
        lambda r: r["value_status"] == "number",
        "value_status",
        "not_reached",
    ),
    "size of a cohort": ("cohorts", lambda r: r["cohort_id"] == "topp2015", "n", "190"),
    "relation unknown": ("overlaps", lambda r: True, "relation", "cousin_of"),
    "subset larger than whole": (
        "overlaps",
        lambda r: r["cohort_a"] == "topp2015",
        "cohort_a",
        "kantarjian2017-blina",
    ),
    "decision unknown": ("discrepancies", lambda r: True, "decision", "maybe"),
    "patient cell": ("patients_sehop", lambda r: True, "response", "cured"),
    "duplicate key": ("cohorts", lambda r: True, "cohort_id", "topp2015"),
}


# These are noticed in another column of the same row, or as a whole row.
SAID_ELSEWHERE = (
    "count against percentage",
    "duplicate key",
    "subset larger than whole",
    "unknown discrepancy",
)


@pytest.mark.parametrize("name", CELLS)
def test_a_corrupt_cell_is_named(copy, name):
    table, wanted, column, value = CELLS[name]
    change(copy, table, wanted, column, value)
    text = complaint(copy)
    assert table in text
    assert column in text or name in SAID_ELSEWHERE
    assert "Traceback" not in text


def test_all_problems_are_listed_at_once(copy):
    change(copy, "outcomes", counted, "percent", "99.9")
    change(copy, "survival", lambda r: r["value_status"] == "number", "value_status", "not_reached")
    change(copy, "patients_sehop", lambda r: True, "response", "cured")
    text = complaint(copy)
    assert all(table in text for table in ("outcomes", "survival", "patients_sehop"))


def rewrite(path, alter):
    path.write_bytes(alter(path.read_bytes()))


FILES = {
    "missing table": ("trials.csv", None, "trials"),
    "empty table": ("trials.csv", lambda b: b.split(b"\n")[0] + b"\n", "no rows"),
    "nothing in the file": ("trials.csv", lambda b: b"", "trials"),
    "missing column": (
        "studies.csv",
        lambda b: b.replace(b"family_id", b"clan_id", 1),
        "family_id",
    ),
    "stray byte": ("cohorts.csv", lambda b: b + b"\xff\xfe\n", "cohorts"),
    "extra cell": ("studies.csv", lambda b: b.replace(b"\n", b",extra\n", 2), "studies"),
    "codebook cut off": ("datapackage.json", lambda b: b[: len(b) // 2], "datapackage.json"),
    "codebook missing table": (
        "datapackage.json",
        lambda b: b.replace(b'"path": "trials.csv"', b'"path": "tribunals.csv"'),
        "trials",
    ),
    "codebook not a package": ("datapackage.json", lambda b: b"[]", "datapackage.json"),
    "analyses missing": ("analyses.yml", None, "analyses.yml"),
    "analyses broken": ("analyses.yml", lambda b: b"analyses: [", "analyses.yml"),
    "analysis filters nothing": (
        "analyses.yml",
        lambda b: b.replace(b"age_group: [adult]", b"age_group: [elderly]", 1),
        "elderly",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_is_named(copy, name, capsys):
    file, alter, expected = FILES[name]
    if alter is None:
        (copy / file).unlink()
    else:
        rewrite(copy / file, alter)
    assert main(["validate", str(copy)]) == 1
    printed = capsys.readouterr()
    assert expected in printed.out
    assert "Traceback" not in printed.out + printed.err


def test_no_codebook_says_where_it_was_looked_for(tmp_path, capsys):
    with pytest.raises(EvisynthError, match=r"no datapackage\.json in"):
        load_evidence(tmp_path)
    assert main(["validate", str(tmp_path)]) == 2
    assert "no datapackage.json" in capsys.readouterr().err


def test_validate_finds_the_nearest_codebook(monkeypatch, capsys):
    monkeypatch.chdir(ROOT / "chapters")
    assert main(["validate"]) == 0
    assert "tables" in capsys.readouterr().out
