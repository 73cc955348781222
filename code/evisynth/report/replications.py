"""Published numbers beside ours: how many agree, which differ and why, and the rest by document."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from html import escape

from evisynth.replication import replicate
from evisynth.report.decisions import link
from evisynth.report.glue import glue_values
from evisynth.report.html import Html, table, tag
from evisynth.report.words import capital, plural, thousands

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
    pairs = sorted({(source, kind) for source, kind, _ in found})
    body = [(*pair, *_numbers(found, *pair)) for pair in pairs]
    states = Counter(row["state"] for row in rows)
    body.append(("all", "", *(str(states[state]) for state in _STATES), str(len(rows))))
    header = ("Document", "Kind of number", *map(capital, _STATES), "All")
    return table(header, body, numeric=header[2:])


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
    """
    header = ("Id", "What", "Printed", "Ours", "Why", "Contradiction", "Read from", "By")
    rows = [
        (*_beside(row), row["reason"], _contradiction(row), _place(row), row["method"])
        for row in _compared(evidence)
        if row["state"] == _DIFFERS
    ]
    return table(header, rows, numeric=("Printed", "Ours"))


def replication_conditions(evidence):
    """Published numbers that agree with ours if something is granted, and what that is.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    header = ("Id", "What", "Printed", "Ours", "On condition", "Read from", "By")
    rows = [
        (*_beside(row), row["reason"], _place(row), row["method"])
        for row in _compared(evidence)
        if row["state"] == _ON_CONDITION
    ]
    return table(header, rows, numeric=("Printed", "Ours"))


def replications(evidence):
    """Published numbers that agree without more, folded by document.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        Each number's id is its anchor here, as in the tables of those that differ or agree on a
        condition.
    """
    rows = [row for row in _compared(evidence) if row["state"] == _AGREES]
    header = ("Id", "What", "Printed", "Ours", "By", "From", "Read from")
    parts = []
    for source in dict.fromkeys(row["source_id"] for row in rows):
        cells = [
            (*_beside(row), row["method"], row["inputs"], _place(row))
            for row in rows
            if row["source_id"] == source
        ]
        words = f"{source}: {plural(len(cells), 'number')}"
        parts.append((words, table(header, cells, numeric=("Printed", "Ours"))))
    return folded(parts)


def folded(parts):
    """Tables that open under a line each.

    Parameters
    ----------
    parts : sequence of (str, Html)

    Returns
    -------
    Html
    """
    html = "".join(
        tag("details", tag("summary", escape(words)) + part.html) for words, part in parts
    )
    return Html(html, "\n\n".join(f"{words}\n{part.text}" for words, part in parts))


def _beside(row):
    key = row["replication_id"]
    return Html(tag("span", key, id=key), key), row["quantity"], row["printed"], row["ours"]


def _contradiction(row):
    return link(row["discrepancy_id"]) if row["discrepancy_id"] else ""


def _place(row):
    text = f"{row['source_id']} · {row['locator']}"
    return Html(tag("span", escape(text), class_="co-code"), text)


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
