"""Every cell that was extracted is what two readings, or a third one, say that it is.

The tables are written once and used for ever; the readings are kept untouched. Whatever slips in a
table later (a digit, a row lost, a line copied under another name) no longer agrees with them.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from evisynth.errors import EvisynthError
from evisynth.evidence.readings.extraction import compare, consensus, read_pass
from evisynth.evidence.readings.registers import (
    check_registers,
    compare_registers,
    read_registers,
)
from evisynth.evidence.schema import Problem, read_records

FOLDER = "extraction"
PASSES = ("first", "second")
CORRECTIONS = "corrections.csv"
ADJUDICATIONS = "adjudications"
REPORTED = "reported"
# Fields of the form that a table writes in its own way: a repaired name, a guard of type.
_REWRITTEN = ("administration_id", "source_id")
_MENDED = "fields that a correction changed"
_ASKED = ("table", "row_id", "field", "first_pass", "second_pass")


def check_readings(folder, tables):
    """Where the tables do not hold what the readings of the sources say.

    Parameters
    ----------
    folder : path
        Of the evidence base; the readings stand in ``extraction/first`` and ``extraction/second``,
        later corrections in ``extraction/corrections.csv``.
    tables : dict of str to Table
        Without problems of form.

    Returns
    -------
    list of Problem
        Empty where a base has no readings. A broken reading is one problem.
    """
    place = Path(folder) / FOLDER
    if not all((place / name).is_dir() for name in PASSES):
        return []
    try:
        return list(_problems(place, tables))
    except EvisynthError as error:
        return [Problem(FOLDER, "-", "-", str(error), "allowed: readings that can be compared")]


def reading_disagreements(folder):
    """Every disagreement of the two readings of an evidence base.

    Parameters
    ----------
    folder : path
        Of the evidence base.

    Returns
    -------
    list of Disagreement
        Of the statements, by table and place; then of the registers.
    """
    statements, registers = _read(Path(folder) / FOLDER)
    return compare(*statements) + compare_registers(*registers)


def _read(place):
    """Both passes of the statements, and both readings of the registers."""
    return [[read(place / name) for name in PASSES] for read in (read_pass, read_registers)]


def _problems(place, tables):
    asked = tables.get(ADJUDICATIONS, ())
    passes, registers = _read(place)
    yield from _unasked(compare(*passes) + compare_registers(*registers), tables)
    corrections = _corrections(place / CORRECTIONS)
    said = {name: consensus(*passes, asked, name) for name in sorted(set(passes[0]) & set(tables))}
    for name, statements in said.items():
        yield from _correct(statements, [row for row in corrections if row["table"] == name])
    for name, statements in said.items():
        yield from _unlike(tables[name], statements)
    yield from _inferred_sizes(tables)
    yield from check_registers(*registers, asked, tables)


def _unasked(found, tables):
    """Each disagreement has its adjudication, and each adjudication its disagreement and reason."""
    found = Counter((d.table, d.row_id, d.field, d.first_pass, d.second_pass) for d in found)
    table = tables.get(ADJUDICATIONS, ())
    asked = Counter(tuple(row[column] or "" for column in _ASKED) for row in table)
    for name, row, field, *said in sorted((found - asked).elements()):
        allowed = f"an adjudication of {' or '.join(map(repr, said))}"
        yield Problem(ADJUDICATIONS, f"{name} {row}", field, "missing", allowed)
    for name, row, field, *said in sorted((asked - found).elements()):
        shown = " or ".join(map(repr, said))
        yield Problem(ADJUDICATIONS, f"{name} {row}", field, shown, "the readings do not say so")
    for row in table:
        if not (row["reason"] or "").strip():
            yield Problem(ADJUDICATIONS, table.key_of(row), "reason", "", "allowed: a reason")


def _corrections(path):
    if not path.exists():
        return []
    header, records = read_records(path)
    return [dict(zip(header, record.cells, strict=False)) for record in records]


def _correct(said, corrections):
    """Enter corrections; one is in order only while it corrects what both readings agree on."""
    for row in corrections:
        cells = said.get(row["row_id"])
        where = f"{row['table']} {row['row_id']}", row["field"]
        if cells is None:
            yield Problem(CORRECTIONS, *where, row["agreed"], "no such statement in the readings")
        elif cells.get(row["field"], "") != row["agreed"]:
            allowed = f"the readings agree on {cells.get(row['field'], '')!r}"
            yield Problem(CORRECTIONS, *where, row["agreed"], allowed)
        else:
            cells[row["field"]] = row["final"]
            cells.setdefault(_MENDED, set()).add(row["field"])


def _unlike(table, said):
    """Cells of a table that are not what was read, rows lost, and rows made up or doubled."""
    named = [(row, row.get("extraction_id")) for row in table]
    kept = Counter(name for _, name in named if name)
    for row, name in named:
        if row.get("how_known", REPORTED) != REPORTED:
            if name is not None and row["how_known"] != "outcome_row":
                yield _problem(table, row, "how_known", "no statement, or the one it rests on")
            if name in said:
                allowed = f"{REPORTED}: the readings have it as a statement of its own"
                yield _problem(table, row, "how_known", allowed)
            continue
        if name is None:
            if "how_known" in row:
                yield _problem(table, row, "extraction_id", f"{REPORTED}: a statement's name")
            continue
        if name not in said:
            yield _problem(table, row, "extraction_id", "the name of a statement of the readings")
        elif kept[name] > 1:
            yield _problem(table, row, "extraction_id", "one row for one statement")
        else:
            yield from _cells(table, row, said[name])
    for name in sorted(set(said) - set(kept)):
        yield Problem(table.name, name, "-", "missing", "the readings have this statement")


def _inferred_sizes(tables):
    """The size of a set that an outcome's row gives is the total of that row."""
    outcomes = {row["extraction_id"]: row for row in tables["outcomes"] if row["extraction_id"]}
    table = tables["analysis_sets"]
    for row in table:
        if row["how_known"] != "outcome_row" or row["extraction_id"] is None:
            continue
        known = outcomes.get(row["extraction_id"])
        if known is None:
            yield _problem(table, row, "extraction_id", "the statement of an outcome")
        elif row["n"] != known["total"] or row["cohort_id"] != known["cohort_id"]:
            yield _problem(table, row, "n", f"{known['total']} of {known['cohort_id']}")


def _cells(table, row, said):
    mended = said.get(_MENDED, ())
    for field, read in said.items():
        if field not in row or field in _REWRITTEN:
            continue
        if _computed(row, field):
            if field == "events" and read and field not in mended:
                yield _problem(table, row, "derivation", f"reported: the readings say {read}")
            continue
        cell = table.printed(row, field) or ""
        unsaid = field == "interval" and cell == "none" and not read
        if not _same(cell, read) and not unsaid:
            allowed = f"the readings say {read!r}; correct the cell, or the third reading"
            yield _problem(table, row, field, allowed)


def _computed(row, field):
    return row.get("derivation") == "computed_from_percent" and field in ("events", "total")


def _same(cell, read):
    try:
        return float(cell) == float(read)
    except ValueError:
        return cell == read


def _problem(table, row, column, allowed):
    return Problem(table.name, table.key_of(row), column, table.printed(row, column) or "", allowed)
