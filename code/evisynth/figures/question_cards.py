"""The cards of the landing page: question, answer, small picture, what stands behind it."""

from __future__ import annotations

from html import escape

from evisynth.figures.landing import mini_forest_of
from evisynth.report.certainty import certainty_words
from evisynth.report.html import Html, tag
from evisynth.report.words import dash_range, per_hundred, plural, side_by_side, thousands


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
    return [_answer(label.lower(), analysis[pool].pooled) for pool, label in pools.items()]


def _answer(label, pooled):
    """The pooled rate of 100; cohorts that are not pooled keep their own denominators."""
    if pooled.displayed["estimate"] is not None:
        shown = pooled.displayed
        return per_hundred(shown["estimate"]), (
            f"({dash_range(shown['ci_lb'], shown['ci_ub'])}) of 100 {label}"
        )
    return side_by_side(pooled) or "–", label


def _behind(analysis):
    pools = analysis.spec.card.pools
    cohorts = {c.cohort["cohort_id"] for s in analysis.chosen(*pools) for c in s.counted}
    return (
        plural(len(cohorts), "cohort"),
        f"{thousands(analysis.patients(*pools))} patients",
        f"certainty {certainty_words(analysis, *pools)}",
    )


def _text(analysis):
    card = analysis.spec.card
    answers = " · ".join(f"{rate} {words}" for rate, words in _answers(analysis))
    return f"{card.title} {answers} {card.unit}; {', '.join(_behind(analysis))}"
