"""Which counted cohorts may share patients, with whom, how many, and on what ground."""

from __future__ import annotations

from html import escape

from evisynth.evidence.doubts import doubts, undoubted
from evisynth.words.entries import folded, grouped, wide
from evisynth.words.html import Html, tag
from evisynth.words.names import named_sources
from evisynth.words.phrases import capital, plural

_HEADER = ("Cohort", "May share with", "Patients at most", "Ground", "Known", "Read in")
_NONE = "No counted cohort is flagged ∩?: none may share patients with another of its pool."


def possible_overlaps(analysis, *pools):
    """The pairs behind the sign ∩?, folded: cohorts, patients at most, ground and its source.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
        Pool ids; all where none is named.

    Returns
    -------
    Html
        Pairs by pool, under how many cohorts are flagged and how many are in the largest set
        without a doubt.
    """
    chosen = analysis.chosen(*pools)
    found = [(selection, doubts(analysis.evidence, selection)) for selection in chosen]
    pairs = sum(len(doubtful) for _, doubtful in found)
    if not pairs:
        return Html(tag("p", escape(_NONE), class_="co-provenance"), _NONE)
    groups = [
        (_head(analysis.evidence, selection), [_row(analysis.evidence, d) for d in doubtful])
        for selection, doubtful in found
        if doubtful
    ]
    body = grouped(_HEADER, groups, numeric=("Patients at most",))
    flagged = plural(len(flagged_cohorts(chosen)), "counted cohort")
    title = f"Who may share patients with whom: {flagged} flagged ∩?, {plural(pairs, 'pair')}"
    return folded([(title, body)])


def flagged_cohorts(chosen):
    """Ids of the cohorts that may share patients with another one counted in the same pool.

    Parameters
    ----------
    chosen : sequence of Selection

    Returns
    -------
    set of str
    """
    return {c.cohort["cohort_id"] for s in chosen for c in s.counted if c.possible_overlaps}


def _head(evidence, selection):
    all_, kept = len(selection.counted), len(undoubted(evidence, selection).counted)
    return (
        f"{selection.spec.title}: {len(flagged_cohorts([selection]))} of {all_} cohorts flagged; "
        f"largest set without a doubt: {plural(kept, 'cohort')}"
    )


def _row(evidence, doubt):
    ground = doubt.ground
    source, words = _told(evidence, ground.deciding["basis"])
    if not ground.declared:
        ends = (ground.deciding[end] for end in ("cohort_a", "cohort_b"))
        labels = " – ".join(evidence.cohorts[end]["label"] for end in ends)
        words = f"Follows from {labels}: {words}"
    a, b = doubt.a.cohort["label"], doubt.b.cohort["label"]
    source = named_sources(source)
    read = Html(tag("span", escape(source), class_="co-code"), source) if source else "no document"
    return a, b, str(doubt.most), wide(capital(words)), ground.kind, read


def _told(evidence, basis):
    """Where a ground was read, if in a document, and what it says."""
    place, mark, words = basis.partition(": ")
    sources = (row["source_id"] for row in evidence.rows("sources"))
    if mark and any(place.startswith(source) for source in sources):
        return place, words
    return "", words if mark else basis
