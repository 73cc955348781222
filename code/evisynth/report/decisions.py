"""What each other decision on a contradiction would do to the answers."""

from __future__ import annotations

from functools import lru_cache
from html import escape

from evisynth.branches import effective_flips
from evisynth.report.html import Html, table, tag
from evisynth.report.words import capital, plural, sentence

PAGE = "discrepancies.html"
_UNDECIDED = {"neither": "neither claim is used", "open": "left open: no claim is turned down"}
_TABLES = ("outcomes", "analysis_sets")


def decisions(evidence, *analyses):
    """Contradictions of which another decision would change what a pool counts, and how.

    Parameters
    ----------
    evidence : Evidence
    *analyses : Analysis or str
        Declared analyses or their ids; all where none is named.

    Returns
    -------
    Html
        A row per decision that matters, with the pool as decided and as it would be; below it, the
        contradictions that touch a cohort of these analyses and change nothing.

    Raises
    ------
    ArgumentError
        An analysis that is not declared.
    """
    found = [
        a if hasattr(a, "selections") else evidence.analyse(a)
        for a in analyses or evidence.analyses
    ]
    changes = [change for analysis in found for change in _changes(evidence, analysis)]
    mattering = {change[1].discrepancy["discrepancy_id"] for change in changes}
    touched = {key for a in found for s in a.selections.values() for key in _touching(evidence, s)}
    idle = [key for key in _ids(evidence) if key in touched - mattering]
    if not changes:
        return _paragraph("No other decision would change a pooled number.", _idle(idle))
    header = ("Contradiction", "Pool", "As decided", "Otherwise", "Why decided so")
    several = len(found) > 1
    rows = [_change_row(*change, several=several) for change in changes]
    shown = table(header, rows)
    line = _idle(idle)
    return Html(shown.html + line.html, "\n".join(t for t in (shown.text, line.text) if t))


def _ids(evidence):
    return [row["discrepancy_id"] for row in evidence.rows("discrepancies")]


def _changes(evidence, analysis):
    """Selection as decided, flip, selection otherwise, of every flip that matters."""
    for pool, selection in analysis.selections.items():
        for flip, other in effects(evidence, analysis.spec.id, pool):
            yield selection, flip, other, analysis


@lru_cache(maxsize=256)
def effects(evidence, analysis, pool):
    """Flips that change what a pool counts; kept, since a page asks for them more than once.

    Parameters
    ----------
    evidence : Evidence
    analysis, pool : str

    Returns
    -------
    tuple of (Flip, Selection)
    """
    return effective_flips(evidence, evidence.select(analysis, pool).spec)


def _touching(evidence, selection):
    """Ids of the contradictions about a cohort that the pool has read, for its outcomes."""
    read = {c.cohort["cohort_id"] for c in (*selection.counted, *selection.left_out)}
    allowed = (*selection.spec.outcomes, None)
    return {
        row["discrepancy_id"]
        for name in _TABLES
        for row in evidence.rows(name)
        if row["discrepancy_id"]
        and row["cohort_id"] in read
        and row.get("outcome", None) in allowed
    }


def _change_row(selection, flip, other, analysis, *, several):
    row = flip.discrepancy
    where = f"{selection.spec.title} ({analysis.spec.id})" if several else selection.spec.title
    return (
        _stacked(link(row["discrepancy_id"]), row["what"]),
        where,
        _stacked(f"{capital(decided(row))}.", _result(selection)),
        _stacked(f"{capital(claim_of(flip))}.", _result(other)),
        row["reason"],
    )


def decided_short(row):
    """``the first claim is used``, or that none is."""
    decision = row["decision"]
    return _UNDECIDED.get(decision) or f"the {_NAMES[decision]} claim is used"


def decided(row):
    """``the first claim is used: 81 of 189``, or that none is."""
    claim = row.get(f"claim_{row['decision']}")
    return f"{decided_short(row)}: {claim}" if claim else decided_short(row)


def claim_of(flip):
    """``the second claim: 90 responders``."""
    claim = "a" if flip.label.endswith("first claim") else "b"
    return f"the {_NAMES[claim]} claim: {flip.discrepancy['claim_' + claim]}"


_NAMES = {"a": "first", "b": "second"}


def _result(selection):
    return f"{capital(sentence(selection.pooled))}."


def _stacked(*parts):
    """Pieces one under another in a cell."""
    shown = [part if isinstance(part, Html) else Html(escape(part), part) for part in parts]
    return Html("<br>".join(part.html for part in shown), " ".join(part.text for part in shown))


def link(discrepancy, page=PAGE):
    """A contradiction's id that leads to it in the register."""
    return Html(tag("a", discrepancy, href=f"{page}#{discrepancy}"), discrepancy)


def _idle(ids):
    if not ids:
        return Html("", "")
    number = plural(len(ids), "more contradiction touches", "more contradictions touch")
    verb = "changes" if len(ids) == 1 else "change"
    text = f"{capital(number)} a cohort that was read here and {verb} no pooled number: "
    links = ", ".join(link(key).html for key in ids)
    return Html(tag("p", text + links + ".", class_="co-note"), f"{text}{', '.join(ids)}.")


def _paragraph(text, after):
    return Html(tag("p", text) + after.html, "\n".join(t for t in (text, after.text) if t))
