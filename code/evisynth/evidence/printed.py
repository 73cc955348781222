"""Printed numbers: which counts fit a percentage, which interval was printed, who is preferred."""

from __future__ import annotations

import re

from evisynth.engine.effects.escalc import study_intervals
from evisynth.errors import EvisynthError
from evisynth.evidence.conditions import every


def number(value):
    """A number, or the text of one, as a float; None for an empty cell or for other text."""
    if isinstance(value, str):
        return float(value) if re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", value) else None
    return None if value is None else float(value)


_WORDS = {
    word: float(number)
    for number, word in enumerate(
        (
            *(
                "zero",
                "one",
                "two",
                "three",
                "four",
                "five",
                "six",
                "seven",
                "eight",
                "nine",
                "ten",
            ),
            *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
            *("eighteen", "nineteen", "twenty"),
        )
    )
}


def numbers_in(text):
    """Every number that a reader finds in a text, in digits or as a word up to twenty.

    Parameters
    ----------
    text : str

    Returns
    -------
    set of float
        A number that lost its decimal point (``0-12``) is among them with one.
    """
    text = text.lower()
    found = {float(number) for number in re.findall(r"\d+(?:\.\d+)?|(?<!\d)\.\d+", text)}
    found |= {_WORDS[word] for word in re.findall(r"[a-z]+", text) if word in _WORDS}
    found |= {float(f"{a}.{b}") for a, b in re.findall(r"(\d+)[-·‐ ](\d+)", text)}
    return found | {float(n.replace(",", "")) for n in re.findall(r"\d{1,3}(?:,\d{3})+", text)}


def half_unit(text, *, whole=False):
    """Half a unit of the last printed digit: 0.05 for 43.2, and 0.5 for 43.

    Parameters
    ----------
    text : str
        A printed number.
    whole : bool
        The source prints rounded whole numbers with a decimal zero: 43.0 counts as 43.
    """
    digits = 0 if whole and text.endswith(".0") else len(text.partition(".")[2])
    return 0.5 * 10**-digits


_ROUNDING = 1e-9


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
    return _rounds_to(100 * events / total, percent, whole)


def _rounds_to(value, text, whole):
    return abs(value - float(text)) <= half_unit(text, whole=whole) + _ROUNDING


def counts_that_fit(total, percent, *, whole=False):
    """Every count out of ``total`` that rounds to the printed percentage."""
    middle = float(percent) / 100 * total
    reach = half_unit(percent, whole=whole) / 100 * total + 1
    near = range(max(0, int(middle - reach)), min(total, int(middle + reach) + 1) + 1)
    return [x for x in near if fits_printed(x, total, percent, whole=whole)]


def interval_recomputes(events, total, lower, upper, *, whole=False):
    """Whether printed limits are the exact, Wilson or Wald limits, each to its own digits.

    Parameters
    ----------
    events, total : int
    lower, upper : str
        Limits in percent, as printed.
    whole : bool
        The source prints rounded whole percentages with a decimal zero.
    """
    for method in ("beta", "wilson", "normal"):
        low, high = study_intervals([events], [total], method=method)
        if _rounds_to(100 * low[0], lower, whole) and _rounds_to(100 * high[0], upper, whole):
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
        A row whose empty cells leave open whether it is among them, or whether it had the event,
        is in neither.
    """
    parsed = _QUERY.fullmatch(query)
    if not parsed or parsed["table"] not in tables:
        raise EvisynthError("allowed: 'patient table: column=value, ... | column=value, ...'")
    rows = [row for row in tables[parsed["table"]] if _matches(row, parsed["total"])]
    answers = [_matches(row, parsed["events"]) for row in rows]
    return answers.count(True), len(answers) - answers.count(None)


_FILTER = re.compile(r"\s*(\w+)\s*(!=|<=|>=|=)\s*(.*?)\s*")


def _matches(row, filters):
    """Whether a row passes every filter; None where that is not known."""
    return every([_filtered(row, text) for text in filter(str.strip, filters.split(","))])


def _filtered(row, text):
    parsed = _FILTER.fullmatch(text)
    if not parsed or parsed[1] not in row:
        raise EvisynthError(f"filter {text.strip()!r} names no column of the patient table")
    return _passes(row[parsed[1]], parsed[2], parsed[3])


def _passes(value, operator, wanted):
    """Whether a cell passes a filter; an empty one only where the filter asks for empty cells."""
    if operator in ("<=", ">="):
        value, limit = number(value), number(wanted)
        if limit is None:
            raise EvisynthError(f"{wanted!r} after {operator} is no number")
        if value is None:
            return None
        return value <= limit if operator == "<=" else value >= limit
    wanted = wanted.split("/")
    if value is None and "" not in wanted:
        return None
    if operator == "!=" and wanted == [""]:
        return value is not None
    return (_shown(value) in wanted) == (operator == "=")


def _shown(value):
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


# A percentage that several counts fit: its fewest and its most events. Nothing counts such a row
# unless a pool's alternative asks for it.
# Tables of printed numbers, one to a row.
ROW_TABLES = ("outcomes", "survival", "characteristics", "contrasts")
OPEN_COUNTS = ("fewest_from_percent", "most_from_percent")
# Derivations of rows that no place prints as one statement: nobody could pool them as printed.
WORKED_OUT_OTHERWISE = ("differenced", "from_patient_rows", "total_from_percent", *OPEN_COUNTS)
RANK = {"from_patient_rows": 0, "reported": 1, "differenced": 1, "computed_from_percent": 2}


def preference(row, rejected):
    """Sort key of the rule for one fact printed in several places; the first is preferred.

    A claim that was not rejected; a count with its total before any other; patient rows before
    printed counts before computed counts before percentages; table before text; the study's own
    report before a review; then the row's name.
    """
    lost = (row["discrepancy_id"], row["claim"]) in rejected
    sure = row["derivation"] not in OPEN_COUNTS
    counted = bool(row["events"] not in (None, "") and row["total"]) and sure
    in_table = row["locator"].startswith(("Table", "patients"))
    return (
        lost,
        not counted,
        RANK.get(row["derivation"], 3),
        not sure,
        not in_table,
        bool(row["second_hand"]),
        row["row_id"],
    )


_LOST = {"a": "b", "b": "a", "neither": "ab", "open": ""}


def rejected_claims(tables):
    """Pairs (discrepancy, claim) that a decision turned down."""
    rejected = set()
    for row in tables["discrepancies"]:
        lost = _LOST[row["decision"]]
        rejected |= {(row["discrepancy_id"], claim) for claim in lost}
    return rejected


def fact(row):
    """What makes two outcome rows the same fact: cohort, outcome, definition, denominator, time."""
    columns = ("cohort_id", "outcome", "criterion", "denominator", "timepoint")
    return tuple(row[column] for column in columns)


def best_rows(rows, rejected):
    """The row of each fact that the rule prefers; facts of which every claim was rejected are out.

    Parameters
    ----------
    rows : iterable of dict
        Rows of the table outcomes.
    rejected : set of (str, str)
        As `rejected_claims` returns it.

    Returns
    -------
    dict of fact to row
    """
    best = {}
    for row in rows:
        rank = preference(row, rejected)
        if not rank[0] and (fact(row) not in best or rank < best[fact(row)][0]):
            best[fact(row)] = rank, row
    return {name: row for name, (_, row) in best.items()}


def preferred_rows(tables):
    """Row ids that the rule prefers, one per fact."""
    best = best_rows(tables["outcomes"], rejected_claims(tables))
    return {row["row_id"] for row in best.values()}
