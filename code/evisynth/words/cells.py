"""Cells of tables: a place, a count, a rate, a remark under them; and rows grouped by pool."""

from __future__ import annotations

from html import escape

from evisynth.engine.effects.escalc import study_intervals
from evisynth.rounding import percents
from evisynth.words.html import Html, tag
from evisynth.words.names import named_sources, readable, source_name
from evisynth.words.phrases import rate_with_interval


def by_pool(analysis, pools, rows_of):
    """Rows of each pool under its title; a pool without rows has no title."""
    found = [(s.spec.title, list(rows_of(s))) for s in analysis.chosen(*pools)]
    return [(title, rows) for title, rows in found if rows]


def place(row):
    """Where a row was read, in monospace; nothing where it names no document."""
    if not row["source_id"]:
        return ""
    text = " · ".join(
        part for part in (source_name(row["source_id"]), readable(row["locator"])) if part
    )
    return Html(tag("span", escape(text), class_="co-code"), text)


def places(rows):
    """Where some rows were read: the documents, each with its tables and paragraphs in short.

    The full locator of each row shows when the place is pointed at.
    """
    found: dict[str, dict] = {}
    for row in rows:
        found.setdefault(row["source_id"], {}).setdefault(_short(row["locator"]), []).append(row)
    marks = [_places_in(source, short) for source, short in found.items()]
    return Html("<br>".join(m.html for m in marks), "; ".join(m.text for m in marks))


def _places_in(source, found):
    of_all = (readable(row["locator"]) for rows in found.values() for row in rows)
    full = "; ".join(dict.fromkeys(of_all))
    text = f"{source_name(source)} · {', '.join(found)}"
    return Html(tag("span", escape(text), class_="co-code", title=full), text)


def _short(locator):
    """``Table 1`` of a cell, ``¶4`` of a paragraph with its heading cut to a few words."""
    head, _, rest = locator.partition(" · ")
    if head.startswith("Table") or not rest.startswith("¶"):
        return head
    words = head.split()
    return f"{' '.join(words[:4])}{'…' if len(words) > 4 else ''} {rest}"


def below(cell, note):
    """A cell with a muted remark under it."""
    shown = cell if isinstance(cell, Html) else Html(escape(cell), cell)
    if not note:
        return shown
    note = named_sources(note)
    under = tag("div", escape(note), class_="co-note")
    return Html(shown.html + under, f"{shown.text} ({note})")


def counts(row):
    """``81 / 189``, or ``no count``; a question mark for the one number that is not printed."""
    if row["events"] is None and row["total"] is None:
        return "no count"
    shown = ("?" if row[part] is None else str(row[part]) for part in ("events", "total"))
    return " / ".join(shown)


def share(row):
    """The rate with its exact interval; the percentage alone where only that is printed."""
    if row["events"] is None or row["total"] is None:
        return row["percent"] or "–"
    (low,), (high,) = study_intervals([row["events"]], [row["total"]])
    return rate_with_interval(row["events"] / row["total"], low, high)


def at_most(total):
    """Of 100, the exact upper 95% limit where none of some patients had an event: ``7`` of 54."""
    _, (high,) = study_intervals([0], [total])
    return percents(high)[0]
