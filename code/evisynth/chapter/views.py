"""Declared figures and tables, each drawn from the analysis that its chapter answers."""

from __future__ import annotations

from evisynth.engine.survival.kaplan_meier import kaplan_meier
from evisynth.errors import ArgumentError
from evisynth.evidence.conditions import Condition
from evisynth.evidence.schema import field_of
from evisynth.evidence.selection import plain
from evisynth.evidence.specs import contrast_of
from evisynth.figures import (
    effect_forest,
    forest_of,
    kaplan_meier_plot,
    median_forest,
    odds_ratio_forest,
    swimmer,
)
from evisynth.report.certainty.judgements import rob_marks
from evisynth.report.page.arms import arms
from evisynth.report.page.contrasts import odds_ratios
from evisynth.report.page.effects import effects_of
from evisynth.report.page.medians import medians_left_out
from evisynth.report.patients.adverse_events import adverse_events
from evisynth.report.patients.case_mix import case_mix, regressions, split_by
from evisynth.report.patients.composition import composition
from evisynth.report.patients.survival import survival
from evisynth.report.patients.tally import tally
from evisynth.report.patients.with_and_without import outcomes_among, with_and_without
from evisynth.words.entries import folded, stacked
from evisynth.words.html import Html

FEW_LEFT_OUT = 8  # rows that a figure can show below the counted ones and stay one screen


def figures_in(view):
    """How many figures a declared view draws."""
    return {"forest": 1, "odds_ratios": 1, "effects": 1, "medians": 1, "courses": 2}.get(
        view.view, 0
    )


def shown_view(page, view, number):
    """A declared view as a piece of a page.

    Parameters
    ----------
    page : Page
    view : View
    number : int
        Of its first figure in the chapter.

    Returns
    -------
    Html
    """
    return _VIEWS[view.view](page, view, number)


def placed(page, figure, number, caption):
    """A figure with its number and caption, as HTML and as the text of what was drawn."""
    figure = figure.named(f"{page.analysis.spec.id}-{number}", page.caption(number, caption))
    return Html(figure._repr_html_(), f"Fig. {number}. {figure!r}")


def _forest(page, view, number):
    chosen = page.analysis.chosen(*view.pools)
    few = sum(len(s.left_out) for s in chosen) <= FEW_LEFT_OUT
    figure = forest_of(
        page.analysis, *view.pools, title=view.title, figure=number,
        rob=rob_marks(page.analysis, *view.pools),
        left_out=few if view.left_out is None else view.left_out,
    )  # fmt: skip
    return placed(page, figure, number, view.caption)


def _odds_ratios(page, view, number):
    pools = contrast_of(page.analysis.spec, view.contrast).pools
    figure = odds_ratio_forest(page.analysis, *pools, title=view.title, figure=number)
    drawn = placed(page, figure, number, view.caption)
    return stacked([drawn, _strata(page, view, number)])


def _effects(page, view, number):
    figure = effect_forest(page.analysis, *view.effects, title=view.title, figure=number)
    drawn = placed(page, figure, number, view.caption)
    return stacked([drawn, effects_of(page.analysis, *view.effects)])


def _medians(page, view, number):
    figure = median_forest(page.analysis, *view.times, title=view.title, figure=number)
    drawn = placed(page, figure, number, view.caption)
    return stacked([drawn, medians_left_out(page.analysis, *view.times)])


def _arms(page, view, number):
    about = {"first": view.arm, "second": view.against, "heads": view.heads, "but": view.but}
    return arms(page.analysis.evidence, view.study, **about)


def _strata(page, view, number):
    contrast = contrast_of(page.analysis.spec, view.contrast)
    return odds_ratios(page.analysis, *contrast.pools)


def _split(page, view, number):
    return split_by(page.analysis, view.by, *view.pools)


def _case_mix(page, view, number):
    return case_mix(page.analysis, *view.pools, columns=view.columns)


def _composition(page, view, number):
    return composition(
        page.analysis, *view.pools, column=view.column, heads=view.heads, counted=view.counted,
        untold=view.untold, caption=page.numbers.filled(view.caption),
    )  # fmt: skip


def _regressions(page, view, number):
    return regressions(page.analysis, view.first, view.second)


def _survival(page, view, number):
    source = page.analysis if view.subsets is None else page.analysis.evidence
    return survival(source, subsets=view.subsets)


def _with_and_without(page, view, number):
    return with_and_without(page.analysis.evidence, view.subset)


def _outcomes_among(page, view, number):
    return outcomes_among(page.analysis.evidence, view.outcomes)


def _adverse_events(page, view, number):
    caption = page.numbers.filled(view.caption)
    shown = adverse_events(page.analysis.evidence, view.outcomes, view.where, caption)
    return folded([(view.heading, shown)]) if view.heading else shown


def _tally(page, view, number):
    about = {"by": view.by, "event": view.event, "where": view.where}
    texts = {"caption": view.caption, "heading": view.heading}
    return tally(page.analysis.evidence, view.table, **about, **texts)


def _courses(page, view, number):
    import pandas as pd

    rows = _patients(page.analysis.evidence, view)
    bars = [
        {
            "label": view.label.format_map(_in_words(row)),
            "end": float(row[view.time]),
            "ended": view.ends[row[view.status]],
            "group": view.groups[row[view.group]],
        }
        for value in view.groups
        for row in rows
        if row[view.group] == value
    ]
    drawn = swimmer(pd.DataFrame(bars), title=view.title)
    dead = [view.ends[row[view.status]] == "dead" for row in rows]
    fitted = kaplan_meier([float(row[view.time]) for row in rows], dead)
    curve = kaplan_meier_plot(fitted, title=view.curve_title)
    return stacked(
        [
            placed(page, drawn, number, view.caption),
            placed(page, curve, number + 1, view.curve_caption),
        ]
    )


def _in_words(row):
    return {
        column: plain(value) if isinstance(value, str) else value for column, value in row.items()
    }


def _patients(evidence, view):
    """Rows of a table of patients that fulfil the condition, each with what a bar needs."""
    fields = evidence.rows(view.table)
    holds = Condition(view.where, list(fields[0])) if view.where else lambda row: True
    rows = [row for row in fields if holds(row)]
    for row in rows:
        for column, allowed in ((view.status, view.ends), (view.group, view.groups)):
            if row[column] not in allowed:
                title = field_of(evidence.codebook, view.table, column).get("title", column)
                given = f"{row[column]!r} in the column {title!r} of {view.table}"
                raise ArgumentError(
                    "courses", column, given, f"of {', '.join(allowed)}; declare it"
                )
    return rows


_VIEWS = {
    "forest": _forest,
    "odds_ratios": _odds_ratios,
    "effects": _effects,
    "medians": _medians,
    "arms": _arms,
    "strata": _strata,
    "split": _split,
    "case_mix": _case_mix,
    "composition": _composition,
    "regressions": _regressions,
    "survival": _survival,
    "with_and_without": _with_and_without,
    "outcomes_among": _outcomes_among,
    "adverse_events": _adverse_events,
    "tally": _tally,
    "courses": _courses,
}
