"""The sections that every chapter has: who is counted, what disagrees, how sure, what certainty."""

from __future__ import annotations

from evisynth.chapter import lines
from evisynth.chapter.views import placed
from evisynth.evidence.specs import contrast_of
from evisynth.figures import (
    contrast_curve_of,
    curve_of,
    leave_one_out_of,
    overlap_graph,
    shrinkage_of,
)
from evisynth.report.certainty.findings import findings
from evisynth.report.certainty.grade import grade
from evisynth.report.certainty.judgements import risk_of_bias
from evisynth.report.certainty.published import beside_published
from evisynth.report.certainty.sensitivity import influence_of
from evisynth.report.page.boxes import badges, banner, question
from evisynth.report.selection.choices import choices
from evisynth.report.selection.counted_again import again
from evisynth.report.selection.decisions import decisions
from evisynth.report.selection.disagreements import disagreements
from evisynth.report.selection.possible_overlaps import possible_overlaps
from evisynth.report.selection.tables import counted, left_out, models
from evisynth.words.entries import folded, heading, stacked

GRAPH = "Cohorts that share patients, or may. Filled: counted. Hollow: read, not counted."
_CURVE = "{of}: every combination of the choices below, sorted by its result."
_SHRUNK = (
    "{of}: the rate of each cohort, and what the model makes of it in the light of the others."
)
_LEFT_OUT = "{of}: the pooled rate without each cohort in turn. It shows how far the rate moves."


def who(page):
    """Who is counted, who may share patients, who is not counted and why."""
    analysis, number = page.analysis, page.numbered.graph
    graph = overlap_graph(analysis)
    parts = [
        lines.line(lines.who_line(analysis)),
        question(analysis),
        badges(analysis),
        counted(analysis),
        again(analysis),
    ]
    parts += [placed(page, graph, number, GRAPH), possible_overlaps(analysis)]
    return stacked([*parts, heading("Who is not counted, and why"), left_out(analysis)])


def disputes(page):
    """Where the sources disagree, and what each other decision would do."""
    analysis, also = page.analysis, page.spec.disagreements
    return stacked(
        [
            lines.line(lines.disagreements_line(analysis, also)),
            disagreements(analysis, also=also),
            heading("What each other decision would do"),
            decisions(analysis.evidence, analysis),
        ]
    )


def sureness(page):
    """For statisticians: models, curves, shrinkage, each cohort left out, influence."""
    analysis, pools = page.analysis, tuple(page.numbered.cases)
    parts = [lines.line(lines.sureness_line(page)), banner(analysis, *pools)]
    parts += [models(analysis, *pools)] if pools else []
    parts += [heading("What each other choice would do"), choices(analysis)]
    parts += [_drawn(page, name, number) for name, number in page.numbered.curves.items()]
    parts += [_case_by_case(page, pool, number) for pool, number in page.numbered.cases.items()]
    parts += (
        [folded([("Influence of each cohort", influence_of(analysis, *pools))])] if pools else []
    )
    return stacked(parts)


def _drawn(page, name, number):
    contrast = contrast_of(page.analysis.spec, name)
    caption = _CURVE.format(of=page.short(name))
    if contrast is None:
        return placed(page, curve_of(page.analysis, name, figure=number), number, caption)
    curve = contrast_curve_of(page.analysis, *contrast.pools, figure=number)
    return placed(page, curve, number, caption)


def _case_by_case(page, pool, number):
    of = page.short(pool)
    shrunk = shrinkage_of(page.analysis, pool, figure=number)
    without = leave_one_out_of(page.analysis, pool, figure=number + 1)
    return folded(
        [
            (
                f"{of}: each cohort by the model",
                placed(page, shrunk, number, _SHRUNK.format(of=of)),
            ),
            (
                f"{of}: without each cohort in turn",
                placed(page, without, number + 1, _LEFT_OUT.format(of=of)),
            ),
        ]
    )


def certainty(page):
    """The certainty of the evidence, judgement by judgement, and published results beside ours."""
    analysis = page.analysis
    published = beside_published(analysis)
    beside = [heading("Beside published meta-analyses"), published] if published.html else []
    return stacked(
        [
            lines.line(lines.certainty_line(analysis)),
            findings(analysis),
            grade(analysis),
            risk_of_bias(analysis),
            *beside,
        ]
    )
