"""Double extraction: where two independent passes differ, and what both say together.

A pass is a folder of CSV tables, one row per printed statement, each with ``source_id`` and
``line``. Rows of the two passes that stand on the same line are paired so that as few cells as
possible differ; what still differs is a disagreement, and a third reading decides it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from evisynth.checks import shown
from evisynth.errors import EvisynthError
from evisynth.evidence.schema import Unreadable, other_separator, ragged, read_records, repeated

WHERE = ("source_id", "line")
UNCOMPARED = ("note",)
ROW = "row"
KEEP, DROP = "keep", "drop"
_WHO_OR_WHAT = 4.0
_LINE = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True)
class Disagreement:
    """One cell, or one row, on which the passes differ.

    Attributes
    ----------
    table, row_id, field : str
        ``field`` is "row" where only one pass has the row.
    first_pass, second_pass : str
        As written; for a row, "present" or "absent".
    """

    table: str
    row_id: str
    field: str
    first_pass: str
    second_pass: str

    @property
    def of_writing(self):
        """Whether both passes have the same number and only write it otherwise: 6 and 6.0."""
        try:
            return float(self.first_pass) == float(self.second_pass)
        except ValueError:
            return False


def read_pass(folder):
    """Tables of one pass.

    Parameters
    ----------
    folder : path

    Returns
    -------
    dict of str to list of dict
        Cells are stripped text.

    Raises
    ------
    EvisynthError
        Where the folder is missing or has no table, or a file of it cannot be read as a table whose
        rows say on which line they stand; names the file and its line.
    """
    folder = Path(folder)
    try:
        if not folder.is_dir():
            raise EvisynthError(f"{folder} is a file" if folder.exists() else f"no folder {folder}")
        files = sorted(folder.glob("*.csv"))
    except OSError as error:
        raise EvisynthError(f"{shown(str(folder))}: {error.strerror}") from None
    if not files:
        raise EvisynthError(f"no extraction tables (*.csv) in {folder}")
    return {path.stem: _read_table(path) for path in files}


def _read_table(path):
    name = f"{path.parent.name}/{path.name}"
    try:
        header, records = read_records(path)
    except Unreadable as error:
        raise EvisynthError(f"{name}: {error}") from None
    if other_separator(header):
        given = f"cells separated by {other_separator(header)!r}?"
        raise EvisynthError(f"{name}: {given} allowed: separated by commas")
    if "line" not in header:
        raise EvisynthError(f"{name}: no column 'line'{_in_another_case('line', header)}")
    if repeated(header):
        raise EvisynthError(f"{name}: column {repeated(header)[0]!r} twice")
    return [_row(header, record, f"{name}, line {record.line}") for record in records]


def _in_another_case(column, header):
    """That a header has a column but for capitals or blanks, where it has."""
    alike = [name for name in header if name.strip().lower() == column.strip().lower()]
    return f"; write {alike[0]!r} as {column!r}" if alike and alike[0] != column else ""


def _row(header, record, where):
    if ragged(header, record):
        raise EvisynthError(f"{where}: {ragged(header, record)}; allowed: {len(header)} cells")
    row = {column: cell.strip() for column, cell in zip(header, record.cells, strict=True)}
    if not _LINE.fullmatch(row["line"]):
        raise EvisynthError(f"{where}: line is {row['line']!r}; allowed: a whole number from 1")
    return row


def pair_rows(first, second):
    """Pair the rows of two passes of one table.

    Parameters
    ----------
    first, second : list of dict

    Returns
    -------
    list of (dict or None, dict or None)
        In the order of the first pass, rows that only the second has at the end of their line.
    """
    blocks = defaultdict(lambda: ([], []))
    for side, rows in enumerate((first, second)):
        for row in rows:
            blocks[_where(row)][side].append(row)
    pairs = []
    for where in sorted(blocks):
        pairs += _pair_block(*blocks[where])
    return pairs


def _where(row):
    return row.get("source_id", ""), int(row["line"])


def _pair_block(ours, theirs):
    if not ours or not theirs:
        return [(row, None) for row in ours] + [(None, row) for row in theirs]
    cost = np.array([[_distance(a, b) for b in theirs] for a in ours])
    pairs, taken = [], set()
    matched = dict(zip(*linear_sum_assignment(cost), strict=True))
    for i, row in enumerate(ours):
        j = matched.get(i)
        if j is None or cost[i, j] >= _TOO_FAR:
            pairs.append((row, None))
        else:
            pairs.append((row, theirs[j]))
            taken.add(j)
    return pairs + [(None, row) for j, row in enumerate(theirs) if j not in taken]


IDENTITY = (
    "cohort_id",
    "cohort_a",
    "outcome",
    "endpoint",
    "characteristic",
    "analysis_set",
    "administration_id",
    "identifier",
)
NUMBERS = (
    "events",
    "total",
    "percent",
    "value",
    "lower",
    "upper",
    "n",
    "count",
    "p",
    "time_months",
)
_TOO_FAR = 8.5


def _distance(a, b):
    """How unlike two rows are: who and what weigh most, then numbers, then the rest."""
    distance = 0.0
    for field in set(a) | set(b):
        if field in UNCOMPARED or a.get(field, "") == b.get(field, ""):
            continue
        weight = _WHO_OR_WHAT if field in IDENTITY else 2.0 if field in NUMBERS else 0.5
        distance += weight
    return distance


def row_name(row):
    """Name of a statement: source, line, who and what."""
    parts = [row.get("source_id", ""), row["line"]]
    parts += [row[field] for field in IDENTITY if row.get(field)]
    return ":".join(filter(None, parts))


def _named_pairs(first, second):
    seen = defaultdict(int)
    for a, b in pair_rows(first, second):
        name = row_name(a or b)
        seen[name] += 1
        yield (name if seen[name] == 1 else f"{name}#{seen[name]}"), a, b


def compare(first, second):
    """Every disagreement between two passes.

    Parameters
    ----------
    first, second : dict of str to list of dict
        As `read_pass` returns them.

    Returns
    -------
    list of Disagreement
        By table, then by place in the document.

    Raises
    ------
    EvisynthError
        Columns of the two passes that differ in capitals or blanks alone.
    """
    found = []
    for table in sorted(set(first) | set(second)):
        _same_columns(table, first.get(table), second.get(table))
        for name, a, b in _named_pairs(first.get(table, []), second.get(table, [])):
            found += _differences(table, name, a, b)
    return found


def _same_columns(table, first, second):
    """Refuse headers that differ in capitals or blanks alone: each cell would be a disagreement."""
    if first and second:
        for column in second[0]:
            alike = _in_another_case(column, [name for name in first[0] if name not in second[0]])
            if alike:
                raise EvisynthError(f"{table}: the passes write a column in two ways{alike}")


def _differences(table, name, a, b):
    if a is None or b is None:
        present = ("absent", "present") if a is None else ("present", "absent")
        return [Disagreement(table, name, ROW, *present)]
    fields = [field for field in {**a, **b} if field not in (*UNCOMPARED, *WHERE)]
    cells = [(field, a.get(field, ""), b.get(field, "")) for field in fields]
    return [Disagreement(table, name, *cell) for cell in cells if cell[1] != cell[2]]


def consensus(first, second, adjudications, table):
    """What both passes say, with the third reading's word where they differ.

    Parameters
    ----------
    first, second : dict of str to list of dict
    adjudications : list of dict
        Rows with table, row_id, field, final.
    table : str

    Returns
    -------
    dict of str to dict
        Row name to cells (``line`` and ``note`` left out), in the order of the document.

    Raises
    ------
    EvisynthError
        A disagreement that no adjudication decides.
    """
    decide = column_decision(adjudications, table)
    rows = {}
    for name, a, b in _named_pairs(first.get(table, []), second.get(table, [])):
        alone = a is None or b is None
        if alone and decide(name, ROW) == DROP:
            continue
        row = {k: v for k, v in (a or b).items() if k not in (*UNCOMPARED, "line")}
        if alone:
            row = {field: decide(name, field, cell) for field, cell in row.items()}
        else:
            for difference in _differences(table, name, a, b):
                row[difference.field] = decide(name, difference.field)
        rows[name] = row
    return rows


_UNDECIDED = object()


def column_decision(adjudications, table):
    """The third reading's word on a cell of a table.

    Parameters
    ----------
    adjudications : iterable of mapping
        Rows with table, row_id, field, final.
    table : str

    Returns
    -------
    callable of (row_id, field, otherwise) to str
        What was decided; where nothing was, ``otherwise``, or `EvisynthError` without one.
    """
    decided = {
        (a["row_id"], a["field"]): a["final"] or "" for a in adjudications if a["table"] == table
    }

    def decide(name, field, otherwise=_UNDECIDED):
        found = decided.get((name, field), otherwise)
        if found is _UNDECIDED:
            raise EvisynthError(f"{table}: no adjudication decides {field} of {name}")
        return found

    return decide
