"""The cards of the landing page: question, answer, small picture, what stands behind it."""

from __future__ import annotations

from html import escape

from evisynth.figures.landing import mini_forest_of
from evisynth.report.html import Html, tag
from evisynth.report.words import per_hundred, plural, thousands


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
    number = tag("span", _answer(analysis), class_="co-card-number")
    answer = tag("p", f"{number} of 100 {escape(card.unit)}")
    foot = tag(
        "p", "".join(tag("span", escape(part)) for part in _behind(analysis)), class_="co-card-foot"
    )
    return tag("div", title + answer + picture._repr_html_() + foot, class_="co-card")


def _answer(analysis):
    return " v ".join(_rate(analysis[pool].pooled) for pool in analysis.spec.card.pools)


def _rate(pooled):
    """The pooled rate, or the range of two cohorts, or a dash."""
    if pooled.displayed["estimate"] is not None:
        return per_hundred(pooled.displayed["estimate"])
    rates = sorted(x / n for x, n in zip(pooled.xi, pooled.ni, strict=True))
    return f"{per_hundred(rates[0])}–{per_hundred(rates[-1])}" if rates else "–"


def _behind(analysis):
    cohorts = {c.cohort["cohort_id"] for p in analysis.spec.card.pools for c in analysis[p].counted}
    patients = f"{thousands(analysis.patients)} patients in the chapter"
    return plural(len(cohorts), "cohort"), patients


def _text(analysis):
    card = analysis.spec.card
    return f"{card.title} {_answer(analysis)} of 100 {card.unit}; {', '.join(_behind(analysis))}"
