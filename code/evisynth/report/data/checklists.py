"""Reporting checklists: each item, whether it applies, and links to where it is met."""

from __future__ import annotations

from html import escape
from posixpath import dirname, relpath

from evisynth.errors import ArgumentError
from evisynth.words.html import Html, table, tag
from evisynth.words.phrases import capital

EVERY = "chapters/*"


def checklist(evidence, name, *, page):
    """A reporting checklist: each item, whether it applies, and where it is met.

    Parameters
    ----------
    evidence : Evidence
    name : str
        One of the checklists of the table.
    page : str
        Where the table stands, such as "chapters/protocol", so that its links lead from there.

    Returns
    -------
    Html

    Raises
    ------
    ArgumentError
        A checklist that the table does not hold.
    """
    rows = evidence.rows("checklists")
    if name not in {row["checklist"] for row in rows}:
        allowed = ", ".join(dict.fromkeys(row["checklist"] for row in rows))
        raise ArgumentError("checklist", "name", repr(name), allowed)
    cells = [
        (row["item"], row["wording"], _where(evidence, row, page), row["note"])
        for row in rows
        if row["checklist"] == name
    ]
    return table(("Item", "Asks for", "Where", "Note"), cells)


def targets(evidence, row):
    """Where an item is met, as page and section; ``chapters/*`` is every declared chapter.

    Parameters
    ----------
    evidence : Evidence
    row : mapping
        Of the table of checklists.

    Returns
    -------
    list of str
        Such as "chapters/methods#certainty".
    """
    # A chapter without pools has neither who is counted nor how sure; it shows medians as printed.
    declared = (spec for spec in evidence.analyses.values() if spec.chapter and spec.pools)
    cards = [spec.card for spec in declared if spec.card]
    found = []
    for target in (row["met_at"] or "").split():
        page, mark, section = target.partition("#")
        pages = [card.page.removesuffix(".html") for card in cards] if page == EVERY else [page]
        found += [f"{page}{mark}{section}" for page in pages]
    return found


def _where(evidence, row, page):
    """Links by section: a section that several pages have is named once."""
    if row["applies"] == "no":
        return "does not apply"
    pages = {}
    for target in targets(evidence, row):
        path, _, section = target.partition("#")
        pages.setdefault(section, []).append(path)
    parts = [_links(section, paths, page) for section, paths in pages.items()]
    return Html("<br>".join(part.html for part in parts), "; ".join(part.text for part in parts))


def _links(section, paths, page):
    """``Methods: certainty``, or ``Certainty in Salvage line, MRD response``."""
    names = [capital(_words(path.rpartition("/")[2])) for path in paths]
    if len(paths) == 1:
        names, lead = [": ".join(filter(None, (names[0], _words(section))))], ""
    else:
        lead = f"{capital(_words(section))} in " if section else ""
    links = [_link(path, section, name, page) for path, name in zip(paths, names, strict=True)]
    return Html(f"{escape(lead)}{', '.join(links)}", f"{lead}{', '.join(names)}")


def _words(slug):
    """A slug as words; a longer word without a vowel is an abbreviation."""
    words = slug.split("-")
    return " ".join(w.upper() if len(w) > 2 and not set(w) & set("aeiouy") else w for w in words)


def _link(path, section, name, page):
    href = relpath(f"{path}.html", dirname(page) or ".") + (f"#{section}" if section else "")
    return tag("a", escape(name), href=href)
