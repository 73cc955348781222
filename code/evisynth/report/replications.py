"""Published numbers beside ours: how many agree, which differ and why, and the rest by document."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from html import escape

from evisynth.replication import replicate
from evisynth.report.decisions import PAGE
from evisynth.report.entries import entry, folded, grouped, link, stacked, wide
from evisynth.report.glue import glue_values
from evisynth.report.html import Html, table, tag
from evisynth.report.words import plural, thousands

_AGREES, _ON_CONDITION, _DIFFERS = "agrees", "agrees on a condition", "differs"
_STATES = (_AGREES, _ON_CONDITION, _DIFFERS)


@lru_cache(maxsize=4)
def _compared(evidence):
    """One mapping per published number, with its state and what it was recomputed from."""
    inputs = {row["replication_id"]: row["inputs"] for row in evidence.rows("replications")}
    found = replicate(evidence).to_dict("records")
    for row in found:
        agreeing = _ON_CONDITION if row["reason"] else _AGREES
        row["state"] = agreeing if row["agrees"] else _DIFFERS
        row["inputs"] = inputs[row["replication_id"]]
    return tuple(found)


def replication_counts(evidence):
    """How many published numbers of each document and kind agree with ours.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    rows = _compared(evidence)
    found = Counter((row["source_id"], row["kind"], row["state"]) for row in rows)
    groups = []
    for source in sorted({row["source_id"] for row in rows}):
        kinds = sorted({row["kind"] for row in rows if row["source_id"] == source})
        groups.append((source, [(kind, *_numbers(found, source, kind)) for kind in kinds]))
    states = Counter(row["state"] for row in rows)
    total = ("all", *(str(states[state]) for state in _STATES), str(len(rows)))
    header = ("Kind of number", "Agree", "On a condition", "Differ", "All")
    return grouped(header, [*groups, ("All documents", [total])], numeric=header[1:])


def _numbers(found, source, kind):
    counts = [found[source, kind, state] for state in _STATES]
    return (*(str(number or "–") for number in counts), str(sum(counts)))


def replication_differences(evidence):
    """Published numbers that differ from ours, each with the likely cause.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        An entry for each, with its id as anchor.
    """
    return stacked(_entry(r, "Why") for r in _compared(evidence) if r["state"] == _DIFFERS)


def replication_conditions(evidence):
    """Published numbers that agree with ours if something is granted, and what that is.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        An entry for each, with its id as anchor.
    """
    rows = (row for row in _compared(evidence) if row["state"] == _ON_CONDITION)
    return stacked(_entry(row, "Condition") for row in rows)


def _entry(row, reason):
    place = f"{row['source_id']} · {row['locator']}"
    parts = [
        ("Printed", _strong(row["printed"]), place),
        ("Ours", _with(_strong(row["ours"]), f"by {row['method']}, from {row['inputs']}"), ""),
        (reason, row["reason"], ""),
    ]
    if row["discrepancy_id"]:
        parts.append(("Registered as", link(row["discrepancy_id"], PAGE), ""))
    return entry(row["replication_id"], row["quantity"], parts)


def _strong(text):
    return Html(tag("strong", escape(text)), text)


def _with(first, second):
    return Html(f"{first.html} {escape(second)}", f"{first.text} {second}")


def replications(evidence):
    """Published numbers that agree without more, folded by document.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        Each number's id is its anchor.
    """
    rows = [row for row in _compared(evidence) if row["state"] == _AGREES]
    parts = []
    for source in dict.fromkeys(row["source_id"] for row in rows):
        cells = [_cells(row) for row in rows if row["source_id"] == source]
        words = f"{source}: {plural(len(cells), 'number')}"
        parts.append((words, table(_HEADER, cells, numeric=("Printed", "Ours"))))
    return folded(parts)


_HEADER = ("Id", "What", "Printed", "Ours", "By", "From", "Read from")


def _cells(row):
    key, place = row["replication_id"], row["locator"]
    anchor = Html(tag("span", key, id=key), key)
    where = Html(tag("span", escape(place), class_="co-code"), place)
    numbers = row["printed"], row["ours"]
    return anchor, wide(row["quantity"]), *numbers, row["method"], row["inputs"], where


def glue_replications(evidence):
    """Glue how many published numbers agree, on a condition or not, as ``replication-what``.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    rows = _compared(evidence)
    states = Counter(row["state"] for row in rows)
    inputs = Counter(row["inputs"] for row in rows)
    values = {
        "all": thousands(len(rows)),
        "agree": thousands(states[_AGREES] + states[_ON_CONDITION]),
        "conditional": thousands(states[_ON_CONDITION]),
        "differ": thousands(states[_DIFFERS]),
        "registered": thousands(
            sum(row["state"] == _DIFFERS and bool(row["discrepancy_id"]) for row in rows)
        ),
        "documents": thousands(len({row["source_id"] for row in rows})),
        "from-counts": thousands(inputs["printed counts"] + inputs["count of a percentage"]),
        "from-patients": thousands(inputs["patient rows"]),
        "from-limits": thousands(inputs["printed interval"]),
    }
    return glue_values("replication", values)
