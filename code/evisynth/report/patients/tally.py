"""Patients printed one by one, counted by a column of their table."""

from __future__ import annotations

from evisynth.errors import ArgumentError, EvisynthError
from evisynth.evidence.conditions import Condition
from evisynth.evidence.schema import field_of, resource_of
from evisynth.evidence.selection import plain
from evisynth.words.cells import below, share
from evisynth.words.html import table


def tally(evidence, name, *, by, event, where="", caption="", heading=""):
    """How many of the printed patients had an event, at each value of a column.

    Parameters
    ----------
    evidence : Evidence
    name : str
        A table of patients.
    by : str
        Column whose values make the rows.
    event : str
        Condition on the columns; see `evisynth.evidence.conditions.Condition`.
    where : str
        Condition that a patient must fulfil to be in a denominator.
    caption, heading : str
        In words, above the table and its first column; made from the conditions and the codebook
        where not given.

    Returns
    -------
    Html
        Exact intervals beside each share. A patient of whom empty cells leave the event open is
        counted out of the denominator, and beside it; one of whom they leave ``where`` open, above
        the table. Patients of whom ``by`` is not printed have a row of their own.

    Raises
    ------
    ArgumentError
        A condition that the table cannot answer, or a column that it does not have.
    """
    rows, columns = evidence.rows(name), _columns(evidence, name)
    if by not in columns:
        raise ArgumentError("tally", "by", repr(by), f"a column of {name}: {', '.join(columns)}")
    fits = _answers(rows, where, columns) if where else [True] * len(rows)
    kept = [row for row, fit in zip(rows, fits, strict=True) if fit]
    groups: dict = {}
    for row, hit in zip(kept, _answers(kept, event, columns), strict=True):
        groups.setdefault(row[by], []).append(hit)
    lines = [_cells(level, groups[level]) for level in sorted(groups, key=_order)]
    title = resource_of(evidence.codebook, name)["title"]
    header = (heading or _heading(evidence, name, by), "n / N", "% [95% CI]")
    said = caption or f"{title}, where {where}; counted: {event}"
    said = f"{said}. {len(kept)} of {len(rows)} rows{_left_open(fits)}."
    return table(header, lines, caption=said, numeric=header[1:])


def _columns(evidence, name):
    return [field["name"] for field in resource_of(evidence.codebook, name)["schema"]["fields"]]


def _answers(rows, condition, columns):
    try:
        holds = Condition(condition, columns)
        return [holds(row) for row in rows]
    except EvisynthError as error:
        given = f"{condition!r} ({' '.join(str(error).split())})"
        allowed = f"a condition on {', '.join(columns)}"
        raise ArgumentError("tally", "condition", given, allowed) from None


def _left_open(fits):
    """How many rows do not tell whether they belong."""
    number = fits.count(None)
    return f"; {number} more not told" if number else ""


def _order(level):
    """Numbers, then words, then what is not printed."""
    return level is None, isinstance(level, str), level or 0


def _cells(level, hits):
    """The level, its count, its rate; whom the table does not tell of stands beside the count."""
    events, untold = hits.count(True), hits.count(None)
    total = len(hits) - untold
    count = below(f"{events} / {total}", f"{untold} not told" if untold else "")
    return _named(level), count, share({"events": events, "total": total}) if total else "–"


def _named(level):
    if level is None:
        return "not printed"
    return plain(level) if isinstance(level, str) else f"{level:g}"


def _heading(evidence, name, column):
    field = field_of(evidence.codebook, name, column)
    return field.get("title", column.replace("_", " ").capitalize())
