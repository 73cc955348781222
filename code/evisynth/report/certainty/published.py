"""Our pooled results beside those that others have published."""

from __future__ import annotations

from html import escape

from evisynth.evidence.schema import printed_text
from evisynth.report.certainty.findings import rate_words, unbroken
from evisynth.report.certainty.ratings import BETWEEN
from evisynth.results import NO_STRATA
from evisynth.words.entries import stacked
from evisynth.words.html import Html, muted, table, tag
from evisynth.words.phrases import count_word, plural, ratio_with_interval, thousands

_NOTE = "Published numbers are as printed and are never pooled with ours."


def beside_published(analysis):
    """Pooled results of an analysis beside published ones, with the likely reasons of differences.

    Which stand beside which, and why they may differ, is declared in the table of comparisons.

    Parameters
    ----------
    analysis : Analysis

    Returns
    -------
    Html
        Empty where no published result bears on the question.
    """
    evidence = analysis.evidence
    estimates = {row["estimate_id"]: row for row in evidence.rows("external_estimates")}
    declared = [r for r in evidence.rows("comparisons") if r["analysis"] == analysis.spec.id]
    if not declared:
        return Html("", "")
    rows = [_cells(analysis, row, estimates[row["estimate_id"]]) for row in declared]
    header = ("Outcome", "Here, of 100", "Published", "Why they may differ")
    text = _note([estimates[row["estimate_id"]]["read"] for row in declared])
    note = Html(tag("p", escape(text), class_="co-provenance"), text)
    return stacked([table(header, rows), note])


def published_values(analysis):
    """The published results that stand beside an analysis, as printed, in its order.

    Parameters
    ----------
    analysis : Analysis

    Returns
    -------
    list of str
    """
    evidence = analysis.evidence
    estimates = {row["estimate_id"]: row for row in evidence.rows("external_estimates")}
    declared = [r for r in evidence.rows("comparisons") if r["analysis"] == analysis.spec.id]
    named = dict.fromkeys(row["estimate_id"] for row in declared)
    return [_printed(estimates[name]) for name in named]


def _note(read):
    """What was read of the published results decides how far the reasons go."""
    alone = read.count("abstract")
    if not alone:
        return _NOTE
    which = "Of each" if alone == len(read) else f"Of {count_word(alone)} of {len(read)}"
    return (
        f"{_NOTE} {which} the abstract alone was read: the reason is then a likely one, not "
        "checked against the cohorts that it counts."
    )


def _cells(analysis, row, estimate):
    title, ours = _ours(analysis, row["pool"])
    return title, unbroken(ours), _published(estimate), row["reason"]


def _ours(analysis, pool):
    """Title and result of a pool, or of one pool against another."""
    if BETWEEN not in pool:
        selection = analysis[pool]
        return selection.spec.title, rate_words(selection.pooled)
    first, second = pool.split(BETWEEN)
    title = f"{analysis[first].spec.title} against {analysis[second].spec.title}"
    if not analysis.strata(first, second):
        return title, NO_STRATA
    return title, f"OR {ratio_with_interval(*analysis.odds_ratios(first, second).common)}"


def _published(estimate):
    """The printed value in the form of ours, without rounding, and whose it is."""
    printed, about = f"{_printed(estimate)}, {estimate['citation']}", _about(estimate)
    return Html(f"{unbroken(printed).html}<br>{muted(about)}", f"{printed} ({about})")


def _printed(estimate):
    known = [printed_text(estimate[end]) for end in ("lower", "upper") if estimate[end] is not None]
    interval = f" [{'–'.join(known)}]" if len(known) == 2 else " (no interval)"
    kind = {"odds ratio": "OR ", "hazard ratio": "HR "}.get(estimate["scale"], "")
    return f"{kind}{printed_text(estimate['value'])}{interval}"


def _about(estimate):
    studies, patients = estimate["k"], estimate["patients"]
    sizes = [
        plural(studies, "study", "studies") if studies else "",
        f"{thousands(patients)} patients" if patients else "",
        estimate["model_as_stated"] or "",
    ]
    return "; ".join(part for part in (estimate["population"], *sizes) if part)
