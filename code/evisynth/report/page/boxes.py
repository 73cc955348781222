"""The boxes at the top of a chapter: stamp, question, badges, small-k banner."""

from __future__ import annotations

from collections import Counter
from html import escape

from evisynth.evidence.selection import plain
from evisynth.report.selection.possible_overlaps import flagged_cohorts
from evisynth.words.html import Html, tag
from evisynth.words.phrases import capital, count_word


def _flagged(chosen):
    """How many cohorts may share patients with another that is counted in the same pool."""
    return f"{len(flagged_cohorts(chosen))} of {len(_by_cohort(chosen))}"


def _by_cohort(chosen):
    return {c.cohort["cohort_id"]: c for selection in chosen for c in selection.counted}


def question(analysis):
    """The question of a chapter in full, with patients, agents, comparison and outcome.

    Parameters
    ----------
    analysis : Analysis

    Returns
    -------
    Html
    """
    spec = analysis.spec
    parts = (
        ("Patients", spec.patients),
        ("Agents", spec.agents),
        ("Against", spec.against),
        ("Outcome", spec.outcome),
    )
    shown = [(label, text) for label, text in parts if text]
    rows = "".join(tag("div", tag("dt", label) + tag("dd", escape(text))) for label, text in shown)
    lead = tag("p", escape(spec.question), class_="co-lead")
    text = "\n".join([spec.question, *(f"{label}: {words}" for label, words in shown)])
    return Html(tag("div", lead + tag("dl", rows), class_="co-question"), text)


def badges(analysis, *pools):
    """Definitions, denominators and doubts of some pools.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
        Pool ids; all where none is named.

    Returns
    -------
    Html
    """
    chosen = analysis.chosen(*pools)
    counted = [c for selection in chosen for c in selection.counted]
    cohorts = _by_cohort(chosen).values()
    facts = (
        ("definition", _values(counted, "criterion"), ""),
        ("denominator", _values(counted, "denominator"), ""),
        ("second hand", _share(sum(c.second_hand for c in cohorts), cohorts), "co-dashed"),
        ("flagged ∩?", _flagged(chosen) if flagged_cohorts(chosen) else "", "co-doubt"),
    )
    marks = "".join(_badge(name, value, kind) for name, value, kind in facts if value)
    return Html(
        tag("p", marks, class_="co-badges"),
        " · ".join(f"{name}: {value}" for name, value, _ in facts if value),
    )


def _values(counted, column):
    found = Counter(plain(c.row[column]) for c in counted if c.row[column])
    return ", ".join(name for name, _ in found.most_common())


def _share(number, counted):
    return f"{number} of {len(counted)}" if number else ""


def _badge(name, value, kind):
    inside = f"<span>{escape(name)}</span> {escape(value)}"
    return tag("span", inside, class_=f"co-badge {kind}".strip()) + " "


def banner(analysis, *pools):
    """The plain warning that few cohorts call for, once for all pools; empty where none is due.

    Parameters
    ----------
    analysis : Analysis
    *pools : str

    Returns
    -------
    Html
    """
    chosen = analysis.chosen(*pools)
    titles: dict[str, dict] = {}
    for selection in chosen:
        if selection.pooled.warning:
            words = capital(_in_letters(selection.pooled))
            titles.setdefault(words, {})[selection.spec.title] = None
    if not titles:
        return Html("", "")
    lines = [("; ".join(named), words) for words, named in titles.items()]
    inside = "".join(tag("p", f"<strong>{escape(t)}.</strong> {escape(w)}") for t, w in lines)
    return Html(tag("div", inside, class_="co-banner"), "\n".join(f"{t}. {w}" for t, w in lines))


def _in_letters(pooled):
    """The warning with its number of cohorts in letters."""
    number = str(pooled.k)
    found = pooled.warning.startswith(number)
    return count_word(pooled.k) + pooled.warning[len(number) :] if found else pooled.warning
