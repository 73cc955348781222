"""The tables and their codebook: reading, and every problem of form, listed.

The codebook is a Frictionless Data Package (``datapackage.json``); frictionless checks types, keys,
foreign keys and ranges. This module turns its findings into `Problem` rows and reads the cells.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from evisynth.errors import EvidenceError, EvisynthError

CODEBOOK = "datapackage.json"


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong: where, what stands there, what is allowed.

    Attributes
    ----------
    table, row, column : str
        ``row`` is the key of the row, or the line of the file where there is none.
    value, allowed : str
    """

    table: str
    row: str
    column: str
    value: str
    allowed: str

    def __str__(self):
        return f"{self.table}, row {self.row}, {self.column}: {self.value!r}; {self.allowed}"


class Table(list):
    """Rows of a table as dicts of typed values; an empty cell is None.

    Attributes
    ----------
    name : str
    key : tuple of str
        Names of the key columns.
    """

    def __init__(self, name, key, rows=()):
        super().__init__(rows)
        self.name, self.key = name, tuple(key)

    def key_of(self, row):
        """Key of a row as one string, for messages."""
        return " ".join(str(row.get(column, "")) for column in self.key)


def find_package(start=None):
    """Folder of the nearest codebook at or above ``start``, or in a ``data`` folder beside them.

    Raises
    ------
    EvisynthError
        Where there is none; the message says where it was looked for.
    """
    start = Path.cwd() if start is None else Path(start)
    for folder in (start, *start.resolve().parents):
        for place in (folder, folder / "data"):
            if (place / CODEBOOK).is_file():
                return place
    raise EvisynthError(
        f"no {CODEBOOK} in {start.resolve()}, in a data folder of it, or above: "
        "name the folder that holds it"
    )


def read_codebook(folder):
    """The codebook as a dict.

    Raises
    ------
    EvidenceError
        Where the file is missing, is not JSON, or describes no tables.
    """
    path = Path(folder) / CODEBOOK
    if not path.is_file():
        raise EvidenceError([Problem(CODEBOOK, "-", "-", "missing", f"needed in {folder}")])
    try:
        book = json.loads(path.read_text(encoding="utf-8"))
        for resource in book["resources"]:
            resource["name"], resource["path"], resource["schema"]["fields"]
    except UnicodeDecodeError as error:
        raise EvidenceError([_bad_codebook(f"byte {error.start} is not UTF-8")]) from None
    except json.JSONDecodeError as error:
        raise EvidenceError([_bad_codebook(f"line {error.lineno}: {error.msg}")]) from None
    except (KeyError, TypeError):
        raise EvidenceError([_bad_codebook("no resources with name, path and schema")]) from None
    return book


def _bad_codebook(what):
    return Problem(CODEBOOK, "-", "-", what, "allowed: a Frictionless data package in JSON")


def read_tables(folder):
    """Read and check every table of the codebook.

    Parameters
    ----------
    folder : path

    Returns
    -------
    tables : dict of str to Table
        Empty where a file could not be read at all.
    problems : list of Problem
        Of form only; an empty list means that types, keys, foreign keys and ranges hold.
    """
    book = read_codebook(folder)
    problems = _check_with_frictionless(folder)
    if any(problem.row == "-" for problem in problems):
        return {}, problems
    tables = {}
    for resource in book["resources"]:
        schema = resource["schema"]
        with (Path(folder) / resource["path"]).open(encoding="utf-8", newline="") as file:
            rows = [_typed(row, schema["fields"]) for row in csv.DictReader(file)]
        tables[resource["name"]] = Table(resource["name"], schema.get("primaryKey", ()), rows)
        if not rows:
            problems.append(Problem(resource["name"], "-", "-", "no rows", "allowed: one or more"))
    return tables, problems


def _typed(row, fields):
    return {field["name"]: _cell(row.get(field["name"]), field["type"]) for field in fields}


def _cell(text, type_):
    if text is None or text == "":
        return None
    try:
        return _READERS[type_](text)
    except (ValueError, KeyError):
        return None


_READERS = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": {"true": True, "false": False}.__getitem__,
}


def _check_with_frictionless(folder):
    from frictionless import FrictionlessException, Package, system

    try:
        with system.use_context(trusted=True):
            report = Package(str(Path(folder) / CODEBOOK)).validate()
    except FrictionlessException as error:
        found = error.reasons or [error.error]
        return [_bad_codebook(str(reason.message)) for reason in found]
    problems = [_bad_codebook(str(error.message)) for error in report.errors]
    for task in report.tasks:
        problems += [_from_frictionless(task, error) for error in task.errors]
    return list(dict.fromkeys(problems))


def _from_frictionless(task, error):
    kind = error.type
    row = getattr(error, "row_number", None)
    column = getattr(error, "field_name", None) or getattr(error, "label", None) or "-"
    cell = getattr(error, "cell", None)
    if kind in ("encoding-error", "scheme-error", "source-error", "format-error"):
        return Problem(
            task.name, "-", "-", _shorten(error.message), f"needed: {task.place}, UTF-8 CSV"
        )
    if kind in (
        "missing-label",
        "extra-label",
        "incorrect-label",
        "duplicate-label",
        "blank-label",
    ):
        return Problem(
            task.name, "-", column, kind.replace("-", " "), "allowed: the codebook's columns"
        )
    if kind in ("foreign-key", "primary-key"):
        names = ", ".join(getattr(error, "field_names", ()) or ()) or column
        cells = ", ".join(map(str, getattr(error, "field_cells", ()) or ())) or cell
        return Problem(task.name, f"line {row}", names, _shorten(cells), _shorten(error.note))
    row = "-" if row is None else f"line {row}"
    value = "" if cell is None else str(cell)
    return Problem(
        task.name, row, column, _shorten(value), _shorten(error.note or error.message, 600)
    )


def _shorten(text, most=160):
    text = " ".join(str(text).split())
    return text if len(text) <= most else text[: most - 1] + "…"
