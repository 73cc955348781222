"""Printed numbers: which counts fit a percentage, which interval was printed, who is preferred."""

from __future__ import annotations

import re

from evisynth.effects import study_intervals
from evisynth.errors import EvisynthError


def decimals(text):
    """Digits after the point of a printed number."""
    return len(text.partition(".")[2])


def fits_printed(events, total, percent, *, whole=False):
    """Whether events / total rounds to the printed percentage.

    Parameters
    ----------
    events, total : int
    percent : str
        As printed, without a sign.
    whole : bool
        The source prints rounded whole percentages with a decimal zero.
    """
    digits = 0 if whole and percent.endswith(".0") else decimals(percent)
    half = 0.5 * 10**-digits
    return abs(100 * events / total - float(percent)) <= half + 1e-9


def counts_that_fit(total, percent, *, whole=False):
    """Every count out of ``total`` that rounds to the printed percentage."""
    return [x for x in range(total + 1) if fits_printed(x, total, percent, whole=whole)]


def interval_recomputes(events, total, lower, upper):
    """Whether printed limits (percent) are the exact, Wilson or Wald limits to one digit."""
    for method in ("beta", "wilson", "normal"):
        low, high = study_intervals([events], [total], method=method)
        digits = 0.05 if lower != round(lower) or upper != round(upper) else 0.5
        if (
            abs(100 * low[0] - lower) <= digits + 1e-6
            and abs(100 * high[0] - upper) <= digits + 1e-6
        ):
            return True
    return False


_QUERY = re.compile(r"(?P<table>\w+): (?P<total>[^|]*)\| (?P<events>.+)")


def count_patients(tables, query):
    """Events and total that a query counts in a patient table.

    Parameters
    ----------
    tables : dict of str to Table
    query : str
        ``patients: agent=x, setting=y | response=CR``: filters of the denominator, then those of
        the events among them; ``column=a/b`` allows either value, ``column<=v`` and ``column>=v``
        compare numbers, ``column=`` asks for an empty cell, ``column!=`` for a filled one.

    Returns
    -------
    events, total : int
    """
    parsed = _QUERY.fullmatch(query)
    if not parsed or parsed["table"] not in tables:
        raise EvisynthError("allowed: 'patient table: column=value, ... | column=value, ...'")
    rows = [row for row in tables[parsed["table"]] if _matches(row, parsed["total"])]
    return sum(_matches(row, parsed["events"]) for row in rows), len(rows)


_FILTER = re.compile(r"\s*(\w+)\s*(!=|<=|>=|=)\s*(.*?)\s*")


def _matches(row, filters):
    for text in filter(str.strip, filters.split(",")):
        parsed = _FILTER.fullmatch(text)
        if not parsed or parsed[1] not in row:
            raise EvisynthError(f"filter {text.strip()!r} names no column of the patient table")
        if not _passes(row[parsed[1]], parsed[2], parsed[3]):
            return False
    return True


def _passes(value, operator, wanted):
    if operator in ("<=", ">="):
        if value is None:
            return False
        return value <= float(wanted) if operator == "<=" else value >= float(wanted)
    if operator == "!=":
        return value is not None if wanted == "" else _shown(value) not in wanted.split("/")
    return _shown(value) in wanted.split("/")


def _shown(value):
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


RANK = {"from_patient_rows": 0, "reported": 1, "differenced": 1, "computed_from_percent": 2}


def preference(row, rejected):
    """Sort key of the rule for one fact printed in several places; the first is preferred.

    A claim that was not rejected; patient rows before printed counts before computed counts before
    percentages; table before text; the study's own report before a review; then the row's name.
    """
    lost = (row["discrepancy_id"], row["claim"]) in rejected
    in_table = row["locator"].startswith(("Table", "patients"))
    return (
        lost,
        RANK.get(row["derivation"], 3),
        not in_table,
        bool(row["second_hand"]),
        row["row_id"],
    )


def rejected_claims(tables):
    """Pairs (discrepancy, claim) that a decision turned down."""
    rejected = set()
    for row in tables["discrepancies"]:
        lost = {"a": "b", "b": "a", "neither": "ab", "open": ""}[row["decision"]]
        rejected |= {(row["discrepancy_id"], claim) for claim in lost}
    return rejected


def fact(row):
    """What makes two outcome rows the same fact: cohort, outcome, definition, denominator, time."""
    columns = ("cohort_id", "outcome", "criterion", "denominator", "timepoint")
    return tuple(row[column] for column in columns)


def preferred_rows(tables):
    """Row ids that the rule prefers, one per fact."""
    rejected = rejected_claims(tables)
    best = {}
    for row in tables["outcomes"]:
        rank = preference(row, rejected)
        if rank[0]:
            continue
        if fact(row) not in best or rank < best[fact(row)]:
            best[fact(row)] = rank
    return {rank[-1] for rank in best.values()}
