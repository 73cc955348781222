"""The cards of the landing page: question, answer, small picture, what stands behind it."""

from __future__ import annotations

from html import escape

from evisynth.evidence.synthesis import patients_of
from evisynth.figures.book.landing import mini_forest_of
from evisynth.report.certainty.grade import certainty_words
from evisynth.rounding import percents
from evisynth.words.html import Html, tag
from evisynth.words.phrases import fractions, percentages, plural, thousands


def cards(evidence):
    """One card per analysis that declares one.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    analyses = [evidence.analyse(spec.id) for spec in evidence.analyses.values() if spec.card]
    html = "".join(_card(analysis) for analysis in analyses)
    return Html(tag("div", html, class_="co-cards"), "\n".join(map(_text, analyses)))


def _card(analysis):
    card = analysis.spec.card
    picture = mini_forest_of(analysis, *card.pools, labels=tuple(card.pools.values()))
    title = tag("h3", tag("a", escape(card.title), href=card.page))
    parts = (
        f"{tag('span', rate, class_='co-card-number')} {escape(words)}"
        for rate, words in _answers(analysis)
    )
    answer = tag("p", f"{' · '.join(parts)} {escape(card.unit)}")
    behind = "".join(tag("span", escape(part)) for part in _behind(analysis))
    foot = tag("p", behind, class_="co-card-foot")
    return tag("div", title + answer + picture._repr_html_() + foot, class_="co-card")


def _answers(analysis):
    """What each pool of the card says, as a number and the words after it."""
    pools = analysis.spec.card.pools
    shown = zip(pools.values(), analysis.side_by_side(*pools), strict=True)
    return [_answer(label.lower(), selection.pooled) for label, selection in shown]


def _answer(label, pooled):
    """The pooled rate; cohorts that are not pooled have a rate each, with its fraction."""
    shown = pooled.displayed
    if shown["estimate"] is not None:
        rate, low, high = percents(shown["estimate"], shown["ci_lb"], shown["ci_ub"])
        return f"{rate}%", f"({low}–{high}) {label}"
    if not pooled.k:
        return "–", label
    return percentages(pooled), f"({fractions(pooled)}) {label}"


def _behind(analysis):
    pools = analysis.spec.card.pools
    beside = analysis.side_by_side(*pools)
    return (
        plural(len({c.cohort["cohort_id"] for s in beside for c in s.counted}), "cohort"),
        f"{thousands(patients_of(beside, analysis.evidence.graph))} patients",
        f"certainty {certainty_words(analysis, *pools)}",
    )


def _text(analysis):
    card = analysis.spec.card
    answers = " · ".join(f"{rate} {words}" for rate, words in _answers(analysis))
    return f"{card.title} {answers} {card.unit}; {', '.join(_behind(analysis))}"
