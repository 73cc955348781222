"""A pool counted twice over: every printed row that fits it, and each patient once."""

from __future__ import annotations

from dataclasses import dataclass

from evisynth.engine.proportions.pooling import pool_proportions
from evisynth.engine.proportions.result import Pooled
from evisynth.evidence.base import answered
from evisynth.evidence.kept import kept
from evisynth.evidence.printed import preference
from evisynth.evidence.selection import Selection
from evisynth.evidence.specs import AnalysisSpec


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
    def repeats(self) -> bool:
        """Whether the printed rows hold patients more often than the independent cohorts."""
        return self.patients > self.independent.total


@kept
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
    printed = evidence.printed_rows(selection.spec)
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
        chosen = evidence.cohorts[row["cohort_id"]]["unit"] == "post_baseline"
        if chosen or evidence.turned_down(row):
            continue
        rank = preference(row, evidence.rejected)
        patients = _same_patients(evidence.graph, row["cohort_id"])
        if patients not in best or rank < best[patients][0]:
            best[patients] = rank, row
    return tuple(row for _, row in best.values())


def _same_patients(graph, cohort):
    """One name for all cohorts that are the same people."""
    return min(graph.containers(cohort) & graph.contents(cohort) | {cohort})
