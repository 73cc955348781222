"""What each other decision on a contradiction would do to the answers."""

from __future__ import annotations

from html import escape

from evisynth.engine.proportions.result import HEADLINE
from evisynth.evidence.base import answered
from evisynth.evidence.flips import CLAIMS, effective_flips, gives_count
from evisynth.evidence.kept import kept
from evisynth.words.entries import grouped, link, wide
from evisynth.words.html import Html, tag
from evisynth.words.names import title_of
from evisynth.words.phrases import capital, plural, sentence, shown_rate

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
    found = [answered(evidence, a) for a in analyses or evidence.analyses]
    changes = [change for analysis in found for change in _changes(analysis)]
    mattering = {flip.discrepancy["discrepancy_id"] for _, _, flip, _ in changes}
    touched = {key for a in found for s in a.selections.values() for key in _touching(evidence, s)}
    ids = (row["discrepancy_id"] for row in evidence.rows("discrepancies"))
    idle = _idle([key for key in ids if key in touched - mattering])
    shown = _table(changes, several=len(found) > 1)
    return Html(shown.html + idle.html, "\n".join(t for t in (shown.text, idle.text) if t))


def _changes(analysis):
    """Analysis, pool as decided, flip, pool otherwise, of every flip that matters."""
    for pool, selection in analysis.selections.items():
        for flip, other in effects_of_flips(analysis, pool):
            yield title_of(analysis.spec), selection, flip, other


def effects_of_flips(analysis, pool):
    """Flips that change what a pool counts; kept, since a page asks for them more than once.

    Parameters
    ----------
    analysis : Analysis
    pool : str

    Returns
    -------
    tuple of (Flip, Selection)
    """
    return _effects(analysis.evidence, analysis.spec.id, pool)


@kept
def _effects(evidence, name, pool):
    return effective_flips(evidence, evidence.select(name, pool).spec)


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


def _table(changes, *, several):
    if not changes:
        text = "No other decision would change a pooled number."
        return Html(tag("p", text), text)
    groups = {}
    for name, selection, flip, other in changes:
        where = f"{selection.spec.title} · {name}" if several else selection.spec.title
        groups.setdefault(where, []).append(_row(selection, flip, other))
    return grouped(("Contradiction", "As decided", "Otherwise"), groups.items())


def _row(selection, flip, other):
    row = flip.discrepancy
    what, key = row["what"], link(row["discrepancy_id"], PAGE)
    reason = f"{capital(decided(row))}. {row['reason']}"
    note = tag("div", escape(reason), class_="co-note")
    told = Html(f"{key.html} {escape(what)}{note}", f"{key.text} {what} {reason}")
    after = _result(other)
    lead, follow = condition(flip, selection, other)
    after = Html(f"{escape(lead)}{after.html}{escape(follow)}", f"{lead}{after.text}{follow}")
    return wide(told), _narrow(_result(selection)), _narrow(after)


def condition(flip, usual, other):
    """What stands before and after the other rate: whose claim it is, or who leaves the pool.

    Parameters
    ----------
    flip : Flip
    usual, other : Selection

    Returns
    -------
    lead, follow : str
    """
    if gives_count(flip, usual, other):
        return "", f", with {claim_of(flip)}"
    kept = {c.row["row_id"] for c in other.counted}
    lost = [c.cohort["label"] for c in usual.counted if c.row["row_id"] not in kept]
    before = {c.row["row_id"] for c in usual.counted}
    new = [c.cohort["label"] for c in other.counted if c.row["row_id"] not in before]
    instead = f", and {', '.join(new)} would take its place" if new else ""
    gone = f"{', '.join(lost)} would leave the pool{instead}"
    return f"No count here follows from {claim_of(flip)}. {gone}: ", ""


def _narrow(cell):
    return Html(tag("div", cell.html, class_="co-rate"), cell.text)


def _result(selection):
    """The rate with its interval and cohorts, or what the rule for few studies says instead."""
    pooled = selection.pooled
    if pooled.headline is None:
        return Html(escape(capital(sentence(pooled))), capital(sentence(pooled)))
    rate = f"{shown_rate(pooled.displayed)} of 100"
    behind = f"; {pooled.k} cohorts, {HEADLINE}"
    return Html(tag("strong", rate) + escape(behind), rate + behind)


def decided(row):
    """``the first claim is used: 81 of 189``, or that none is."""
    decision = row["decision"]
    if decision in _UNDECIDED:
        return _UNDECIDED[decision]
    return f"the {CLAIMS[decision]} claim is used: {row['claim_' + decision]}"


def decided_short(row):
    """``the first claim is used``, or that none is."""
    return decided(row) if row["decision"] in _UNDECIDED else decided(row).partition(": ")[0]


def claim_of(flip):
    """``the second claim: 90 responders``."""
    return f"the {CLAIMS[flip.claim]} claim: {flip.discrepancy[f'claim_{flip.claim}']}"


def _idle(ids):
    if not ids:
        return Html("", "")
    number = plural(len(ids), "more contradiction touches", "more contradictions touch")
    verb = "changes" if len(ids) == 1 else "change"
    text = f"{capital(number)} a cohort that was read here and {verb} no pooled number: "
    links = ", ".join(link(key, PAGE).html for key in ids)
    return Html(tag("p", text + links + ".", class_="co-note"), f"{text}{', '.join(ids)}.")
