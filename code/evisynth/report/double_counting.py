"""What counting every printed row would give, beside the cohorts counted once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from evisynth.evidence.printed import preference
from evisynth.evidence.selection import Selection
from evisynth.evidence.specs import AnalysisSpec
from evisynth.proportions.pooling import Pooled, pool_proportions
from evisynth.report.decisions import answered
from evisynth.report.entries import grouped
from evisynth.report.glue import glue_values
from evisynth.report.html import Html, tag
from evisynth.report.inclusion import name_of
from evisynth.report.relations import KINDS
from evisynth.report.words import capital, count_word, shown_rate, thousands


@dataclass(frozen=True)
class Counting:
    """A pool counted twice over: every printed row, and each patient once.

    Attributes
    ----------
    spec : AnalysisSpec
    selection : Selection
    rows, patients : int
        Printed rows, and patients summed over them.
    cohorts : int
        Different cohorts among the rows.
    naive : Pooled
    """

    spec: AnalysisSpec
    selection: Selection
    rows: int
    patients: int
    cohorts: int
    naive: Pooled

    @property
    def analysis(self) -> str:
        """The id of the analysis."""
        return self.spec.id

    @property
    def independent(self) -> Pooled:
        """The pool as the book counts it."""
        return self.selection.pooled

    @property
    def title(self) -> str:
        """The question in short, as on its card; without one the name of the analysis."""
        spec = self.spec
        return spec.card.title if spec.card else capital(name_of(spec))

    @property
    def repeats(self) -> bool:
        """Whether the printed rows hold patients more often than the independent cohorts."""
        return self.patients > self.independent.total


@lru_cache(maxsize=4)
def countings(evidence):
    """Every pool of every declared analysis in both ways of counting.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    tuple of Counting
    """
    return tuple(
        _counting(evidence, spec, selection)
        for name, spec in evidence.analyses.items()
        for selection in answered(evidence, name).selections.values()
    )


def _counting(evidence, spec, selection):
    # Another denominator would be another question, not the same patients again.
    allowed = selection.spec.denominators
    printed = [
        row
        for row in evidence.printed_rows(selection.spec)
        if not allowed or row["denominator"] in allowed
    ]
    counts = ([row[part] for row in printed] for part in ("events", "total"))
    patients = sum(row["total"] for row in printed)
    cohorts = len({row["cohort_id"] for row in printed})
    return Counting(spec, selection, len(printed), patients, cohorts, pool_proportions(*counts))


def told_once(evidence, rows):
    """Printed rows without those that restate a cohort, or hold patients chosen by what followed.

    What is left still overlaps: wholes beside their parts, and pools beside what they add up. It is
    the fairer comparison, of what somebody would pool who leaves out what is plainly no new study.

    Parameters
    ----------
    evidence : Evidence
    rows : sequence of mapping
        Rows of the table outcomes.

    Returns
    -------
    tuple of mapping
        Of each set of the same patients the row that the rule prefers; no rejected claim.
    """
    best: dict[str, tuple] = {}
    for row in rows:
        rank = preference(row, evidence.rejected)
        chosen = evidence.cohorts[row["cohort_id"]]["unit"] == "post_baseline"
        if rank[0] or chosen:  # a claim that lost stands first in the rule
            continue
        patients = _same_patients(evidence.graph, row["cohort_id"])
        if patients not in best or rank < best[patients][0]:
            best[patients] = rank, row
    return tuple(row for _, row in best.values())


def _same_patients(graph, cohort):
    """One name for all cohorts that are the same people."""
    return min(graph.containers(cohort) & graph.contents(cohort) | {cohort})


def double_counting(evidence):
    """Every pool: what is printed and would come of it, and what is counted once.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        The naive numbers are muted: they are there to be compared, not to be used.
    """
    found = countings(evidence)
    groups = [
        (title, [_row(c) for c in found if c.title == title])
        for title in dict.fromkeys(c.title for c in found)
    ]
    header = ("Pool", "Rows", "Patients in them", "All rows, %", "Cohorts", "Patients", "Once, %")
    return grouped(header, groups, numeric=header[1:])


def _row(counting):
    independent = counting.independent
    naive = (str(counting.rows), thousands(counting.patients), percent(counting.naive))
    once = (str(independent.k), thousands(independent.total), percent(independent))
    return (counting.selection.spec.title, *map(_muted, naive), *map(_strong, once))


def _strong(text):
    return Html(tag("strong", escape(text)), text)


def _muted(text):
    return Html(tag("span", escape(text), class_="co-naive"), text)


def percent(pooled):
    """``45 [38–53]``, or that nothing is pooled."""
    shown = pooled.displayed
    if shown["estimate"] is None:
        return "not pooled" if pooled.k else "–"
    return shown_rate(shown)


def glue_double_counting(evidence):
    """Glue relations, pools and the sums of the widest pool, as ``overlaps-what``.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    found = countings(evidence)
    widest = max(found, key=lambda counting: counting.rows)
    relations = Counter(row["basis_kind"] for row in evidence.rows("overlaps"))
    values = {
        "relations": thousands(len(evidence.rows("overlaps"))),
        **{kind: thousands(relations[kind]) for kind in KINDS},
        "cohorts": thousands(len(evidence.cohorts)),
        "pools": count_word(len(found)),
        "repeating": count_word(sum(counting.repeats for counting in found)),
        "rows": count_word(widest.rows),
        "printed": f"{thousands(widest.patients)} patients",
        "once": f"{thousands(widest.independent.total)} patients",
        "once-cohorts": count_word(widest.independent.k),
    }
    return glue_values("overlaps", values)
