"""Contradictions of the sources as a table: those of a chapter, or the whole register."""

from __future__ import annotations

from html import escape

from evisynth.report.selection.decisions import PAGE
from evisynth.words.cells import below
from evisynth.words.entries import grouped, link
from evisynth.words.html import Html
from evisynth.words.names import named_sources


def disagreements(analysis, *, also=()):
    """Contradictions of the sources that touch a cohort of this analysis.

    Parameters
    ----------
    analysis : Analysis
    also : collection of str
        Tables beside the outcomes and the sizes of sets, for instance "survival".

    Returns
    -------
    Html
    """
    return _register(touching(analysis, also))


def touching(analysis, also=()):
    """Rows of the register about a cohort of an analysis: of its outcomes, and of other tables.

    Parameters
    ----------
    analysis, also
        As `disagreements`.

    Returns
    -------
    list of mapping
    """
    touched = _touched(analysis, also)
    rows = analysis.evidence.rows("discrepancies")
    return [row for row in rows if row["discrepancy_id"] in touched]


def _touched(analysis, also):
    """Discrepancies of the pools' outcomes, of the effects, and of all rows of the other tables."""
    outcomes = {o for selection in analysis.selections.values() for o in selection.spec.outcomes}
    cohorts = analysis.read_cohorts | analysis.sources_of_differences | analysis.compared
    effects = (
        item.row["discrepancy_id"]
        for found in analysis.effects.values()
        for item in (*found.counted, *(out.effect for out in found.left_out))
    )
    return set(filter(None, effects)) | {
        row["discrepancy_id"]
        for name in ("outcomes", "analysis_sets", *also)
        for row in analysis.evidence.rows(name)
        if row["discrepancy_id"]
        and row["cohort_id"] in cohorts
        and row.get("outcome", None) in (*outcomes, None)
    }


def register(evidence):
    """The whole register of contradictions.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    return _register(evidence.rows("discrepancies"))


def _register(rows):
    """Question, both claims with their places, and what is kept with the reason."""
    header = ("What", "Claims", "Kept, and why")
    return grouped(header, [("", [_line(row) for row in rows])])


_KEPT = {"a": "The first", "b": "The second", "neither": "Neither", "open": "Left open"}


def _line(row):
    key = link(row["discrepancy_id"], PAGE)
    what = Html(f"{key.html} {escape(row['what'])}", f"{key.text} {row['what']}")
    claims = [below(row[f"claim_{side}"], row[f"where_{side}"]) for side in "ab"]
    both = Html("".join(c.html for c in claims), "; against: ".join(c.text for c in claims))
    return what, both, f"{_KEPT[row['decision']]}. {named_sources(row['reason'])}"
