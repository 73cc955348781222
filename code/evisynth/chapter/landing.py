"""The landing page's table of all questions, and its cards: question, answer, small picture."""

from __future__ import annotations

from html import escape

from evisynth.chapter.numbers import Numbers
from evisynth.evidence.base import answered
from evisynth.evidence.specs import contrast_of
from evisynth.evidence.synthesis import cohorts_once
from evisynth.figures.book.landing import mini_forest_of
from evisynth.report.certainty.grade import certainty_of, certainty_words, level_words
from evisynth.report.certainty.ratings import level_of, ratings_of
from evisynth.report.page.medians import median_values
from evisynth.rounding import percents
from evisynth.words.html import Html, table, tag
from evisynth.words.phrases import dash_range, percentages, plural, thousands

HEADS = ("Question", "Answer", "A new centre", "Patients in studies", "Certainty", "Keep in mind")


def questions(evidence):
    """Every declared chapter in a line: its question, answer, patients, certainty, one caveat.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        Made from the results; each line leads to its chapter.
    """
    rows = [_line(analysis) for analysis in _declared(evidence)]
    return table(HEADS, rows, kind="co-questions")


def _declared(evidence):
    specs = [spec for spec in evidence.analyses.values() if spec.chapter and spec.card]
    return [answered(evidence, spec.id) for spec in specs]


def _line(analysis):
    card, chapter = analysis.spec.card, analysis.spec.chapter
    question = Html(tag("a", escape(card.title), href=card.page), card.title)
    patients, cohorts = _sizes(analysis)
    return (
        question,
        Numbers(analysis).filled(chapter.answer),
        _new_centre(_behind_the_answer(analysis)),
        f"{thousands(patients)} in {cohorts}",
        _certainty(analysis),
        chapter.caveat,
    )


def _sizes(analysis):
    """Patients and cohorts behind the answer, nobody twice."""
    medians = _leading_medians(analysis)
    if medians is not None:
        return medians.patients, len(medians.counted)
    once = cohorts_once(_behind_the_answer(analysis), analysis.evidence.graph)
    contrast = _leading(analysis)
    # Two arms are one study.
    studies = len(analysis.strata(*contrast.pools)) if contrast else len(once)
    return sum(once.values()), studies


def _leading_medians(analysis):
    """The medians that a chapter's table leads with; None where it leads with something else."""
    first = analysis.spec.chapter.top.rows[0]
    return analysis.median_times(first.times) if first.times else None


def _pools_of_table(analysis):
    return [row.pool for row in analysis.spec.chapter.top.rows if row.pool]


def _behind_the_answer(analysis):
    """Selections of the contrast that the chapter's table leads with, or of all its lines."""
    contrast = _leading(analysis)
    if contrast is None:
        pools = _pools_of_table(analysis)
        return analysis.chosen(*pools) if pools else ()
    return analysis.matched(*contrast.pools)


def _leading(analysis):
    """The first contrast of the chapter's table; None where it has none."""
    named = (row.contrast for row in analysis.spec.chapter.top.rows if row.contrast)
    return next((contrast_of(analysis.spec, name) for name in named), None)


def _new_centre(chosen):
    """The range of a new centre where the rule gives one for each pool."""
    shown = [selection.pooled.displayed for selection in chosen]
    if not shown or any(found["pi_lb"] is None for found in shown):
        return "–"
    ranges = [dash_range(found["pi_lb"], found["pi_ub"]) for found in shown]
    return Html(
        "<br>".join(tag("span", escape(r), class_="co-prediction") for r in ranges),
        ", ".join(ranges),
    )


def _certainty(analysis):
    contrast = _leading(analysis)
    if contrast is not None:
        effects = [row.effect for row in analysis.spec.chapter.top.rows if row.effect]
        subjects = [contrast.subject, *effects]
        return level_words({level_of(ratings_of(analysis, subject)) for subject in subjects})
    if _leading_medians(analysis) is not None:
        return certainty_of(analysis, analysis.spec.chapter.top.rows[0].times)
    return certainty_words(analysis, *_pools_of_table(analysis))


def cards(evidence):
    """One card for each declared chapter.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    analyses = _declared(evidence)
    html = "".join(_card(analysis) for analysis in analyses)
    return Html(tag("div", html, class_="co-cards"), "\n".join(map(_text, analyses)))


def _card(analysis):
    card = analysis.spec.card
    picture = _picture(analysis)
    title = tag("h3", tag("a", escape(card.title), href=card.page))
    parts = (
        f"{tag('span', rate, class_='co-card-number')} {escape(label)}"
        for rate, label in _answers(analysis)
    )
    answer = tag("p", f"{' · '.join(parts)} {escape(card.unit)}")
    behind = "".join(tag("span", escape(part)) for part in _behind(analysis))
    foot = tag("p", behind, class_="co-card-foot")
    return tag("div", title + answer + picture + foot, class_="co-card")


def _picture(analysis):
    """The pools of the card in small; nothing where it has none."""
    card = analysis.spec.card
    if not card.pools:
        return ""
    drawn = mini_forest_of(analysis, *card.pools, labels=tuple(card.pools.values()))
    return drawn._repr_html_()


def _answers(analysis):
    """What each pool of the card says: its rate, and what it is of."""
    medians = _leading_medians(analysis)
    if medians is not None:
        values = median_values(analysis, medians.spec.id)
        return [(f"{values['lowest']}–{values['longest']}", "months,")]
    pools = analysis.spec.card.pools
    shown = zip(pools.values(), analysis.side_by_side(*pools), strict=True)
    return [(_rate(selection.pooled), label) for label, selection in shown]


def _rate(pooled):
    """The pooled rate; cohorts that are not pooled have a rate each."""
    shown = pooled.displayed
    if shown["estimate"] is not None:
        return f"{percents(shown['estimate'])[0]}%"
    return percentages(pooled) if pooled.k else "–"


def _behind(analysis):
    patients, cohorts = _of_card(analysis)
    return (
        plural(cohorts, "cohort"),
        f"{thousands(patients)} patients",
        f"certainty {_certainty(analysis)}",
    )


def _of_card(analysis):
    if not analysis.spec.card.pools:
        return _sizes(analysis)
    chosen = analysis.side_by_side(*analysis.spec.card.pools)
    once = cohorts_once(chosen, analysis.evidence.graph)
    return sum(once.values()), len(once)


def _text(analysis):
    card = analysis.spec.card
    answers = " · ".join(f"{rate} {label}" for rate, label in _answers(analysis))
    return f"{card.title} {answers} {card.unit}; {', '.join(_behind(analysis))}"
