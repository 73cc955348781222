"""Numbers held against the text of the sources, for whoever has it: no base contains them.

A statement was read on a line of a working text; the numbers of its row stand there, or within two
lines of it, as digits or as words. A line number that slipped, or a number from elsewhere, shows.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path

from evisynth.errors import EvisynthError
from evisynth.evidence.arithmetic.places import located_rows
from evisynth.evidence.printed import numbers_in
from evisynth.evidence.schema import Problem, Unreadable, read_text

SOURCES = "EVISYNTH_SOURCES"
NEAR = 2
_PRINTED = ("percent", "value", "lower", "upper", "events", "total", "n", "p", "time_months")
_NUMBER = re.compile(r"[<>=]*\s*(\d*\.?\d+)")
# Of a row whose count or size was worked out, what was worked out stands nowhere.
_WORKED_OUT = {"computed_from_percent": ("events", "total")}


def text_folder(folder=None):
    """The folder with the sources' working texts, ``<source_id>.txt``, where one is at hand.

    Parameters
    ----------
    folder : path, optional
        By default what the environment variable ``EVISYNTH_SOURCES`` names.

    Returns
    -------
    Path or None

    Raises
    ------
    EvisynthError
        A folder that is named and is none.
    """
    named = folder or os.environ.get(SOURCES)
    if not named:
        return None
    if not Path(named).is_dir():
        raise EvisynthError(f"no folder {named}; {SOURCES} names where the sources' texts are")
    return Path(named)


def check_source_text(folder, tables):
    """Where a number of a row does not stand at the line on which the row was read.

    Parameters
    ----------
    folder : path
        With a file ``<source_id>.txt`` for each source, line for line what was read.
    tables : dict of str to Table

    Returns
    -------
    list of Problem
        A source without a text is one problem.
    """
    texts, problems = {}, []
    for source in sorted({place.source for place in located_rows(tables)}):
        try:
            texts[source] = tuple(read_text(Path(folder) / f"{source}.txt").split("\n"))
        except Unreadable as error:
            problems.append(error.problem(f"{source}.txt"))
    for place in located_rows(tables):
        if place.source in texts:
            problems += _absent(tables[place.table], place, texts[place.source])
    return problems


def _absent(table, place, lines):
    known = _numbers(lines, place.line)
    inferred = _WORKED_OUT.get(place.row.get("derivation"), ())
    if place.row.get("how_known") == "outcome_row":
        inferred = ("n",)
    for column in _PRINTED:
        if column in inferred or (column == "total" and not _tied(place.row)):
            continue
        text = table.printed(place.row, column) if column in place.row else None
        read = _NUMBER.fullmatch(text or "")
        if read and not _stands(float(read[1]), column, known):
            allowed = f"line {place.line} of the text of {place.source}, or near it, has no {text}"
            yield Problem(table.name, table.key_of(place.row), column, text, allowed)


def _tied(row):
    """Whether the place itself ties a count to a total: it prints both, or a share."""
    return row.get("events") is not None and row.get("percent") is not None


def _stands(value, column, known):
    # None is a word, and a time may be told in years.
    return value == 0 or value in known or (column == "time_months" and value / 12 in known)


@lru_cache(maxsize=4096)
def _numbers(lines, line):
    return numbers_in(" ".join(lines[max(0, line - 1 - NEAR) : line + NEAR]))
