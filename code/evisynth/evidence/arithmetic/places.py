"""Locators hold together: where a statement stands agrees with where its neighbours stand.

A statement carries the line of the working text on which it was read, in ``extraction_id``, and
the place for people, in ``locator``: table, row and column, or section and paragraph. A locator
that was exchanged for another, however sound by itself, no longer fits the lines around it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import groupby
from typing import NamedTuple

from evisynth.evidence.arithmetic.rules import problem, rule
from evisynth.evidence.printed import number, numbers_in

LOCATED = ("outcomes", "survival", "contrasts", "analysis_sets", "characteristics", "searches")
SEPARATOR = " · "
_OF_A_TABLE = re.compile(r"(Table|Figure)\b")
_EXTRACTED = re.compile(r"([^:]+):([1-9][0-9]*)[:#].*")
_KINDS = ("endpoint", "outcome", "analysis_set")


class Place(NamedTuple):
    """Where a row stands: its document, the line that was read, the parts of its locator."""

    table: str
    row: dict
    source: str
    line: int
    parts: tuple[str, ...]

    @property
    def tabular(self):
        """Whether it is a cell of a table."""
        return bool(_OF_A_TABLE.match(self.parts[0]))

    @property
    def passage(self):
        """Section and paragraph, or table and row, without the column of a cell."""
        return SEPARATOR.join(self.parts[:2])


def located_rows(tables):
    """Every row of the extracted tables that knows its line and its locator.

    Parameters
    ----------
    tables : dict of str to Table

    Returns
    -------
    list of Place
    """
    found = []
    for name in LOCATED:
        for row in tables[name]:
            read = _EXTRACTED.fullmatch(row.get("extraction_id") or "")
            if read and row.get("locator") and row.get("source_id"):
                parts = tuple(row["locator"].split(SEPARATOR))
                found.append(Place(name, row, read[1], int(read[2]), parts))
    return found


def _fault(tables, place, allowed):
    return problem(tables[place.table], place.row, "locator", allowed)


def _usual(values):
    """The commonest value; of equals the first in the alphabet."""
    return min(Counter(values).items(), key=lambda item: (-item[1], item[0]))[0]


def _grouped(items, key):
    groups = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


@rule(*LOCATED)
def a_place_is_in_its_source(tables):
    """A row's source is the document that was read for it."""
    for place in located_rows(tables):
        if place.row["source_id"] != place.source:
            allowed = f"the readings have it from {place.source}"
            yield problem(tables[place.table], place.row, "source_id", allowed)


@rule(*LOCATED, "discrepancies")
def a_claim_stands_where_it_is_said_to(tables):
    """A row that makes a claim of a contradiction stands at one of the places of that claim."""
    said = {row["discrepancy_id"]: row for row in tables["discrepancies"]}
    for place in located_rows(tables):
        entry, claim = said.get(place.row["discrepancy_id"]), place.row["claim"]
        where = entry.get(f"where_{claim}") if entry and claim else None
        stands = f"{place.source}{SEPARATOR}{place.passage}"
        if where and stands not in where:
            yield problem(tables[place.table], place.row, "claim", f"claim {claim} is at {where}")


@rule(*LOCATED, "discrepancies")
def a_claim_says_what_its_rows_say(tables):
    """A row makes the claim that has its number, where the other claim has not."""
    said = {row["discrepancy_id"]: row for row in tables["discrepancies"]}
    for name in LOCATED:
        table = tables[name]
        for row in table:
            entry = said.get(row["discrepancy_id"])
            if entry and row["claim"] and entry["kind"] in _OF_NUMBERS and entry.get("claim_a"):
                shown = {number(table.printed(row, c)) for c in _SHOWN if row.get(c) is not None}
                has = {c: bool(shown & numbers_in(entry[f"claim_{c}"])) for c in ("a", "b")}
                if has["a"] != has["b"] and not has[row["claim"]]:
                    other = "b" if row["claim"] == "a" else "a"
                    yield problem(table, row, "claim", f"its number is that of claim {other}")


_OF_NUMBERS = ("text against table", "count against count", "percentage against count")
_SHOWN = ("percent", "value", "events", "n", "count")


@rule(*LOCATED)
def a_line_is_one_passage(tables):
    """What was read on one line stands in one paragraph, or in one row of a table."""
    for (_, line), found in _grouped(located_rows(tables), lambda p: (p.source, p.line)).items():
        usual = _usual(place.passage for place in found)
        for place in found:
            if place.passage != usual:
                yield _fault(tables, place, f"others that were read on line {line} say {usual}")


@rule(*LOCATED)
def a_passage_is_one_stretch(tables):
    """Paragraphs follow one another: none begins again after another has begun."""
    running = sorted(
        (p for p in located_rows(tables) if not p.tabular), key=lambda p: (p.source, p.line)
    )
    for _, found in groupby(running, key=lambda p: p.source):
        seen, last = set(), None
        for place in found:
            if place.passage != last and place.passage in seen:
                yield _fault(tables, place, f"{last} has begun on an earlier line")
            seen.add(place.passage)
            last = place.passage


@rule(*LOCATED, "cohorts", "studies")
def a_row_of_a_table_is_one_family(tables):
    """A cell of a table speaks of one family of reports: that of the row in which it stands."""
    family = {row["study_id"]: row.get("family_id") or row["study_id"] for row in tables["studies"]}
    known = {row["cohort_id"]: family.get(row["study_id"]) for row in tables["cohorts"]}

    def of(place):
        return known.get(place.row.get("cohort_id") or place.row.get("cohort_a"))

    cells = [p for p in located_rows(tables) if p.tabular and len(p.parts) > 2 and of(p)]
    for (_, passage), found in _grouped(cells, lambda p: (p.source, p.passage)).items():
        usual = _usual(map(of, found))
        for place in found:
            if of(place) != usual:
                yield _fault(tables, place, f"{passage} is of {usual}")


@rule(*LOCATED)
def a_kind_has_one_column(tables):
    """What is told of one kind stands in one column of a table."""
    cells = [p for p in located_rows(tables) if p.tabular and len(p.parts) > 2 and _kind(p)]
    kinds = _grouped(cells, lambda p: (p.source, p.parts[0], _kind(p)))
    for (*_, kind), found in kinds.items():
        usual = _usual(place.parts[-1] for place in found)
        for place in found:
            if place.parts[-1] != usual:
                yield _fault(tables, place, f"{kind} stands under {usual} in {place.parts[0]}")


def _kind(place):
    return next((place.row[column] for column in _KINDS if place.row.get(column)), None)


@rule("cohorts", "analysis_sets")
def a_size_stands_where_its_set_does(tables):
    """The place of a cohort's size is that of one of its sets of that size."""
    # A size that is worked out names the places of both numbers that it is worked out from.
    read = [row for row in tables["analysis_sets"] if row.get("extraction_id")]
    sets = _grouped(read, lambda row: (row["cohort_id"], row["n"]))
    table = tables["cohorts"]
    for row in table:
        known = [size["locator"] for size in sets[row["cohort_id"], row["n"]]]
        if row["n"] is not None and known and row["locator"] not in known:
            yield problem(table, row, "locator", f"its size stands at {' or '.join(known)}")
