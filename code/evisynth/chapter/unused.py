"""What becomes of the extracted rows, as a page shows it: their places, and why some have none."""

from __future__ import annotations

from collections import Counter

from evisynth.chapter.places import KINDS, NOT_USED, row_places
from evisynth.evidence.schema import field_of, printed_text, resource_of
from evisynth.evidence.selection import plain
from evisynth.report.patients.survival import as_printed
from evisynth.words.cells import counts, place
from evisynth.words.entries import folded, stacked
from evisynth.words.glue import glue_values
from evisynth.words.html import table
from evisynth.words.phrases import capital, plural, thousands

# The column that says what a row is about, and the codebook's words for it.
_WHAT = {
    "outcomes": "outcome", "survival": "endpoint", "contrasts": "outcome",
    "characteristics": "characteristic", "analysis_sets": "analysis_set",
    "searches": "step", "trials": "short_title",
}  # fmt: skip


def glue_unused(evidence):
    """Make the numbers of the page known: ``unused-rows``, ``unused-used``, ``unused-not``."""
    found = row_places(evidence)
    idle = sum(p.kind == NOT_USED for p in found.values())
    numbers = {"rows": len(found), "used": len(found) - idle, "not": idle}
    return glue_values("unused", {name: thousands(n) for name, n in numbers.items()})


def places_of_rows(evidence):
    """How many rows of each table have which place.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        A line per place, from the firmest, and a column per table.
    """
    found = Counter((name, p.kind) for (name, _), p in row_places(evidence).items())
    names = list(dict.fromkeys(name for name, _ in found))
    titles = [resource_of(evidence.codebook, name)["title"] for name in names]
    rows = [
        (capital(kind), *(thousands(found[name, kind]) if found[name, kind] else "–"
                          for name in names))
        for kind in KINDS
        if any(found[name, kind] for name in names)
    ]  # fmt: skip
    sums = (thousands(sum(n for (t, _), n in found.items() if t == name)) for name in names)
    return table(("Place", *titles), [*rows, ("All rows", *sums)], numeric=titles)


def not_used(evidence):
    """The reasons why rows are not used, most rows first, each with its rows folded below.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    groups: dict[str, list] = {}
    for (name, key), found in row_places(evidence).items():
        if found.kind == NOT_USED:
            groups.setdefault(found.reason, []).append((name, key))
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    return stacked(folded([_group(evidence, reason, keys)]) for reason, keys in ordered)


def _group(evidence, reason, keys):
    lines = [_line(evidence, name, row) for name, row in _rows(evidence, keys)]
    return f"{capital(plural(len(keys), 'row'))}. {reason}", table(
        ("Whose", "What", "As printed", "Read from"), lines
    )


def _rows(evidence, keys):
    wanted = set(keys)
    for name in dict.fromkeys(name for name, _ in keys):
        for row in evidence.rows(name):
            if (name, str(next(iter(row.values())))) in wanted:
                yield name, row


def _line(evidence, name, row):
    cohort = evidence.cohorts.get(row.get("cohort_id") or row.get("cohort_a"))
    whose = cohort["label"] if cohort else ""
    return whose, _what(evidence, name, row[_WHAT[name]]), _printed(name, row), place(row)


def _what(evidence, name, code):
    meanings = field_of(evidence.codebook, name, _WHAT[name]).get("meanings", {})
    return capital(meanings.get(code, plain(code)).partition(";")[0])


def _printed(name, row):
    if name == "survival":
        return as_printed(row)
    if name == "outcomes":
        return counts(row) if row["events"] is not None else f"{row['percent']}%"
    for column in ("value", "n", "count", "events", "age"):
        if row.get(column) is not None:
            return printed_text(row[column]) if column != "age" else row[column]
    return "–"
