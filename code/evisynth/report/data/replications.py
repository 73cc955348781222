"""Printed numbers beside ours: how many agree, which differ and why, and the rest in folds."""

from __future__ import annotations

import re
from collections import Counter
from html import escape

from evisynth.evidence.kept import kept
from evisynth.replication import VERDICTS, printed_numbers, replicate
from evisynth.report.selection.decisions import PAGE
from evisynth.words.entries import entry, folded, link, stacked, strong, wide
from evisynth.words.glue import glue_values
from evisynth.words.html import Html, table, tag
from evisynth.words.names import source_name
from evisynth.words.phrases import capital, plural, thousands

_AGREES, _ON_CONDITION, _DIFFERS = VERDICTS
_PEOPLE = (
    "clopper pearson wilson wald agresti coull jeffreys newcombe caffo woolf fisher kaplan meier"
)
_CAPITALS = re.compile(rf"\b({'|'.join([*_PEOPLE.split(), 'greenwood'])})\b")


@kept
def _numbers(evidence):
    """One mapping per printed number, with its recomputations under ``ways``."""
    found = replicate(evidence)
    ways = {row["replication_id"]: row for row in found.to_dict("records")}
    numbers = printed_numbers(found).to_dict("records")
    for number in numbers:
        number["ways"] = [ways[key] for key in number["replication_ids"]]
    return tuple(numbers)


def _of(evidence, verdict):
    return [n for n in _numbers(evidence) if n["verdict"] == verdict]


# Counts -------------------------------------------------------------------------------------------


def replication_counts(evidence):
    """How many printed numbers agree with ours, by document and by kind.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        Each printed number is counted once in each table, under its one verdict; the one by kind
        is folded.
    """
    numbers = _numbers(evidence)
    header = ("", "Numbers", "Agree", "Condition", "Differ")
    total = ("All", *_line([number["verdict"] for number in numbers]))
    tables = [
        table(header, [*_counts(numbers, column), total], numeric=header[1:])
        for column in ("source_id", "kind")
    ]
    return stacked([tables[0], folded([("By kind of number", tables[1])])])


def _counts(numbers, column):
    lines = []
    for name in sorted({number[column] for number in numbers}, key=str.lower):
        verdicts = [number["verdict"] for number in numbers if number[column] == name]
        shown = source_name(name) if column == "source_id" else capital(name)
        lines.append((shown, *_line(verdicts)))
    return lines


def _line(verdicts):
    found = Counter(verdicts)
    return str(len(verdicts)), *(str(found[verdict] or "–") for verdict in VERDICTS)


# Entries ------------------------------------------------------------------------------------------


def replication_differences(evidence):
    """Printed numbers that differ from ours, each with the likely cause.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        An entry for each, with its id as anchor; repetitions stand in the entry of the first.
    """
    return stacked(_entries(_of(evidence, _DIFFERS)))


def replication_conditions(evidence):
    """Printed numbers that agree with ours on a condition, folded by document.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        An entry for each, with its id as anchor; repetitions stand in the entry of the first.
    """
    numbers = _of(evidence, _ON_CONDITION)
    parts = []
    for source in dict.fromkeys(number["source_id"] for number in numbers):
        own = [number for number in numbers if number["source_id"] == source]
        line = f"{source_name(source)}: {plural(len(own), 'number')}"
        parts.append((line, stacked(_entries(own))))
    return folded(parts)


def _again(numbers):
    """Those that repeat another of them at a further place of the same document."""
    first = {number["replication_id"] for number in numbers}
    return [number for number in numbers if number["repeats"] in first]


def _entries(numbers):
    again = _again(numbers)
    for number in numbers:
        if number not in again:
            key = number["replication_id"]
            yield _entry(number, [other for other in again if other["repeats"] == key])


def _entry(number, again):
    place = f"{source_name(number['source_id'])} · {number['locator']}"
    parts = [("Printed", strong(number["printed"]), place)]
    parts += [("Again", _anchor(o["replication_id"]), o["locator"]) for o in again]
    for i, way in enumerate(number["ways"]):
        parts += _way(way, alone=len(number["ways"]) == 1, first=i == 0)
    for key in sorted({way["discrepancy_id"] for way in number["ways"]} - {""}):
        parts.append(("Registered as", link(key, PAGE), ""))
    return entry(number["replication_id"], number["quantity"], parts)


def _way(way, *, alone, first):
    """What one recomputation found, and why; its verdict and id where the number has others."""
    told = f"{_method(way)}, from {way['inputs']}"
    found = _after(strong(way["ours"]), told if alone else f"{told}: {way['verdict']}")
    if not first:  # the first has the anchor of the entry
        key = _anchor(way["replication_id"])
        found = Html(f"{found.html} {key.html}", f"{found.text} {key.text}")
    beside = way["inputs_locator"] == way["locator"]
    yield "Ours", found, "" if beside else way["inputs_locator"]
    if way["reason"]:
        yield "Why" if way["verdict"] == _DIFFERS else "Condition", way["reason"], ""


def _method(way):
    return _CAPITALS.sub(lambda name: capital(name[0]), way["method"])


def _after(first, second):
    return Html(f"{first.html} {escape(second)}", f"{first.text} {second}")


def _anchor(key):
    return Html(tag("span", escape(key), id=key, class_="co-code"), key)


# Tables -------------------------------------------------------------------------------------------


def replications(evidence):
    """Printed numbers that agree without more, folded by document and kind.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        A line for each, with the ids of its recomputations as anchors.
    """
    numbers = _of(evidence, _AGREES)
    groups = sorted({(number["source_id"], number["kind"]) for number in numbers})
    parts = []
    for group in groups:
        own = [n for n in numbers if (n["source_id"], n["kind"]) == group]
        words = f"{', '.join(group)}: {plural(len(own), 'number')}"
        lines = [_cells(number) for number in own]
        parts.append((words, table(_HEADER, lines, numeric=("Printed", "Ours"))))
    return folded(parts)


_HEADER = ("What, where it is printed, and how it was recomputed", "Printed", "Ours")


def _cells(number):
    ways = number["ways"]
    keys = [_anchor(key) for key in number["replication_ids"]]
    ids = " ".join(key.html for key in keys)
    told = [number["quantity"], *(way["reason"] for way in ways if way["reason"])]
    words, place = ". ".join(told), number["locator"]
    how = "; ".join(f"{_method(way)}, from {way['inputs']}" for way in ways)
    where = tag("span", escape(place), class_="co-code")
    below = tag("div", tag("small", escape(how)))  # its own line: three columns fit a phone
    text = f"{' '.join(number['replication_ids'])} {words} ({place}) {how}"
    what = wide(Html(f"{ids} {escape(words)} {where}{below}", text))
    ours = "; ".join(dict.fromkeys(way["ours"] for way in ways))
    return what, number["printed"], ours


# Prose --------------------------------------------------------------------------------------------


def glue_replications(evidence):
    """Glue how many printed numbers agree, on a condition or not, as ``replication-what``.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    numbers = _numbers(evidence)
    ways = [way for number in numbers for way in number["ways"]]
    verdicts = Counter(number["verdict"] for number in numbers)
    inputs = Counter(way["inputs"] for way in ways)
    differing = _of(evidence, _DIFFERS)
    values = {
        "all": len(ways),
        "numbers": len(numbers),
        "in-several-ways": sum(len(number["ways"]) > 1 for number in numbers),
        "mixed": sum(len({w["verdict"] for w in n["ways"]}) > 1 for n in numbers),
        "repeats": sum(bool(number["repeats"]) for number in numbers),
        "agree": verdicts[_AGREES],
        "conditional": verdicts[_ON_CONDITION],
        "differ": verdicts[_DIFFERS],
        "differ-again": len(_again(differing)),
        "registered": sum(any(w["discrepancy_id"] for w in n["ways"]) for n in differing),
        "documents": len({number["source_id"] for number in numbers}),
        "from-counts": inputs["printed counts"] + inputs["count of a percentage"],
        "from-patients": inputs["patient rows"],
        "from-limits": inputs["printed interval"],
    }
    return glue_values("replication", {name: thousands(n) for name, n in values.items()})
