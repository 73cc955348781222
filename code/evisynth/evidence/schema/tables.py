"""Tables of the codebook: cells of its types, and every problem of form with the key of its row."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from evisynth.evidence.schema.codebook import columns_of
from evisynth.evidence.schema.constraints import broken_constraints, broken_keys, broken_references
from evisynth.evidence.schema.files import other_separator, ragged, read_records
from evisynth.evidence.schema.numbers import PrintedNumber
from evisynth.evidence.schema.problems import Problem, Unreadable
from evisynth.output import is_formula

MOST_DIGITS = 15


class Table(list):
    """Rows of a table as dicts of typed values; an empty cell is None.

    Parameters
    ----------
    name : str
    key : sequence of str
        Names of the key columns.
    rows : sequence of dict
    printed : sequence of dict, optional
        The same rows as text; what `printed` gives back.
    lines : sequence of int, optional
        Where each row begins in its file.
    """

    def __init__(self, name, key, rows=(), printed=(), lines=()):
        super().__init__(rows)
        self.name, self.key = name, tuple(key)
        self._printed = {id(row): cells for row, cells in zip(self, printed, strict=False)}
        self._lines = {id(row): line for row, line in zip(self, lines, strict=False)}
        self._keys = Counter(map(self._key, self))

    def _key(self, row):
        return tuple(row.get(column) for column in self.key)

    def key_of(self, row) -> str:
        """Key of a row for messages; its line where the key is empty or another row has it too."""
        key = self._key(row)
        broken = None in key or self._keys[key] > 1
        if broken and id(row) in self._lines:
            return f"line {self._lines[id(row)]}"
        return " ".join(map(str, key))

    def printed(self, row, column) -> str | None:
        """A cell as it stands in the file, with all its digits; None where it is empty."""
        text = self._printed.get(id(row), row)[column]
        return None if text in (None, "") else str(text)


def read_tables(folder, book):
    """Read and check every table of the codebook.

    Parameters
    ----------
    folder : path
    book : dict
        As `read_codebook` returns it.

    Returns
    -------
    tables : dict of str to Table
        Without those that could not be read at all.
    problems : list of Problem
        Of form only; an empty list means that types, constraints, keys and foreign keys hold.
    """
    tables, problems, whole = {}, [], set()
    for resource in book["resources"]:
        table, wrong = _read_table(Path(folder) / resource["path"], resource)
        problems += wrong
        if table is not None:
            tables[resource["name"]] = table
            whole |= set() if any(p.column == "-" for p in wrong) else {resource["name"]}
    seen = {(p.table, p.row, p.column) for p in problems}
    for problem in _constraint_problems(book, tables, whole):
        place = (problem.table, problem.row, problem.column)
        if place not in seen:
            seen.add(place)
            problems.append(problem)
    return tables, problems


def _read_table(path, resource):
    """A table and its problems; None where there is nothing to read rows from."""
    name, columns = resource["name"], columns_of(resource)
    try:
        header, records = read_records(path)
    except Unreadable as error:
        return None, [error.problem(name)]
    if list(header) != columns:
        return None, _header_problems(name, header, columns)
    if not records:
        return None, [Problem(name, "-", "-", "no rows", "needed: one or more")]
    problems = [
        Problem(name, f"line {record.line}", "-", found, f"allowed: a row of {len(columns)} cells")
        for record in records
        if (found := ragged(header, record))
    ]
    records = [record for record in records if not ragged(header, record)]
    printed = [dict(zip(columns, record.cells, strict=True)) for record in records]
    rows = [_typed(cells, resource["schema"]["fields"]) for cells in printed]
    lines = [record.line for record in records]
    table = Table(name, resource["schema"]["primaryKey"], rows, printed, lines)
    fields = resource["schema"]["fields"]
    return table, [*problems, *_type_problems(table, fields), *_formulas(table, fields)]


def _header_problems(name, header, columns):
    allowed = f"allowed: {','.join(columns)}"
    other = other_separator(header)
    if other:
        return [Problem(name, "header", "-", header[0], f"separated by {other!r}? {allowed}")]
    problems = [Problem(name, "header", c, "missing", allowed) for c in columns if c not in header]
    for column, count in Counter(header).items():
        if column not in columns:
            problems.append(Problem(name, "header", column or "(no name)", "unknown", allowed))
        elif count > 1:
            problems.append(Problem(name, "header", column, f"{count} times", allowed))
    return problems or [Problem(name, "header", "-", ",".join(header), f"in this order; {allowed}")]


# Cells --------------------------------------------------------------------------------------------


_DIGITS = rf"[0-9]{{1,{MOST_DIGITS}}}"
_WHOLE_NUMBER = re.compile(f"-?{_DIGITS}")
_NUMBER = re.compile(rf"-?{_DIGITS}(\.{_DIGITS})?(e-?[0-9])?")


def _whole_number(text):
    if not _WHOLE_NUMBER.fullmatch(text):
        raise ValueError
    return int(text)


def _number(text):
    if not _NUMBER.fullmatch(text):
        raise ValueError
    return PrintedNumber(text)


def _true_or_false(text):
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"


_READERS = {"string": str, "integer": _whole_number, "number": _number, "boolean": _true_or_false}
_WORDS = {
    "string": "text that is not only blanks",
    "integer": f"a whole number of at most {MOST_DIGITS} digits",
    "number": f"a number in digits, at most {MOST_DIGITS} of them",
    "boolean": "true or false",
}


class _Misread:
    """Stands in a row for a cell that is not of its type, until its problem is written."""


def _typed(cells, fields):
    return {field["name"]: _cell(cells[field["name"]], field["type"]) for field in fields}


def _cell(text, type_):
    if text == "":
        return None
    try:
        return _READERS[type_](text) if text.strip() else _Misread
    except ValueError:
        return _Misread


def _type_problems(table, fields):
    """A problem per cell that is not of its type; the cell is empty afterwards."""
    for row in table:
        misread = [field for field in fields if row[field["name"]] is _Misread]
        row.update((field["name"], None) for field in misread)
        for field in misread:
            column = field["name"]
            yield Problem(
                table.name, table.key_of(row), column, table.printed(row, column), _allowed(field)
            )


def _formulas(table, fields):
    """A problem per cell that a spreadsheet would compute: the tables are there to be opened."""
    texts = [field["name"] for field in fields if field["type"] == "string"]
    for row in table:
        for column in texts:
            if row[column] is not None and is_formula(row[column]):
                yield Problem(table.name, table.key_of(row), column, row[column], _NO_FORMULA)


_NO_FORMULA = "a spreadsheet takes it for a formula; allowed: not to begin with =, +, - or @"


def _allowed(field):
    """What a field of the codebook may hold, in words."""
    rules = field.get("constraints", {})
    words = [] if "enum" in rules else [_WORDS[field["type"]]]
    words += [f"one of: {', '.join(rules['enum'])}"] if "enum" in rules else []
    words += [f"from {rules['minimum']}"] if "minimum" in rules else []
    words += [f"to {rules['maximum']}"] if "maximum" in rules else []
    words += [f"of the form {rules['pattern']}"] if "pattern" in rules else []
    words += [f"of length {rules['minLength']} or more"] if "minLength" in rules else []
    words += [f"of length {rules['maxLength']} or less"] if "maxLength" in rules else []
    words += ["not twice"] if rules.get("unique") else []
    words += ["not empty"] if rules.get("required") else ["or empty"]
    return f"allowed: {', '.join(words)}"


# Constraints and keys -----------------------------------------------------------------------------


def _constraint_problems(book, tables, whole):
    """Constraints of every cell, keys of every row, and references between whole tables."""
    complete = {name: table for name, table in tables.items() if name in whole}
    for resource in book["resources"]:
        table, schema = tables.get(resource["name"]), resource["schema"]
        if not table:
            continue
        for field in schema["fields"]:
            for row in broken_constraints(table, field):
                value = table.printed(row, field["name"]) or ""
                yield Problem(table.name, table.key_of(row), field["name"], value, _allowed(field))
        yield from broken_keys(table)
        yield from broken_references(table, schema, complete)
