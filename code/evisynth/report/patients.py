"""Patients printed one by one, counted by a column of their table."""

from __future__ import annotations

import numpy as np

from evisynth.effects.escalc import study_intervals
from evisynth.errors import ArgumentError
from evisynth.evidence.selection import plain
from evisynth.report.html import table
from evisynth.report.words import rate_with_interval
from evisynth.schema import field_of, resource_of


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
        Condition on the columns, in the language of `pandas.DataFrame.eval`.
    where : str
        Condition that a patient must fulfil to be in a denominator.
    caption, heading : str
        In words, above the table and its first column; made from the conditions and the codebook
        where not given.

    Returns
    -------
    Html
        Exact intervals beside each share; patients of whom ``by`` is not printed have a row too.

    Raises
    ------
    ArgumentError
        A condition that the table cannot answer.
    """
    frame = evidence.frame(name)
    kept = frame.loc[_answer(frame, where)] if where else frame
    hit = _answer(kept, event)
    value = kept[by].map(lambda shown: "not printed" if shown is None else shown)
    rows = [_cells(level, hit[value == level]) for level in sorted(set(value), key=str)]
    title = resource_of(evidence.codebook, name)["title"]
    header = (heading or _heading(evidence, name, by), "n / N", "% [95% CI]")
    said = caption or f"{title}, where {where}; counted: {event}"
    said = f"{said}. {len(kept)} of {len(frame)} rows."
    return table(header, rows, caption=said, numeric=header[1:])


def _answer(frame, condition):
    try:
        return frame.eval(condition, engine="python").fillna(False).astype(bool)
    except Exception as error:
        given = f"{condition!r} ({' '.join(str(error).split())})"
        allowed = f"a condition on {', '.join(frame.columns)}"
        raise ArgumentError("tally", "condition", given, allowed) from None


def _cells(level, hits):
    events, total = int(hits.sum()), len(hits)
    (low,), (high,) = study_intervals(np.array([events]), np.array([total]))
    shown = f"{level:g}" if isinstance(level, int | float) else plain(str(level))
    return shown, f"{events} / {total}", rate_with_interval(events / total, low, high)


def _heading(evidence, name, column):
    field = field_of(evidence.codebook, name, column)
    return field.get("title", column.replace("_", " ").capitalize())
