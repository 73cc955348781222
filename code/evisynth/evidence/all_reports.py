"""Counting without choosing: every report of a pool, with the covariance of shared patients.

The book's answer counts independent cohorts and leaves the others out. Here all of them stay, and
what they share is told to the model: a branch of the specification curve, never the headline.
"""

from __future__ import annotations

from dataclasses import dataclass

from evisynth.engine.multilevel.covariance import LogitCovariance, logit_covariance
from evisynth.engine.multilevel.model import rma_mv
from evisynth.engine.multilevel.result import MultilevelAnalysis
from evisynth.engine.multilevel.sharing import shared_patients
from evisynth.errors import EvisynthError
from evisynth.evidence.selection import Selection
from evisynth.evidence.selector import unfit

# What keeps a report out of a pool although it has the outcome as it is asked for.
OF_OVERLAP = ("OVL", "POOL", "SUB")
MINIMUM_K, MINIMUM_FAMILIES = 3, 2


@dataclass(frozen=True)
class AllReports:
    """Every report of a pool and the model of all of them.

    Attributes
    ----------
    selection : Selection
        The pool; its counted cohorts are among the reports.
    labels : tuple of str
    xi, ni : tuple of int
    covariance : LogitCovariance
        Where only "some" shared patients are known, with as few as follow from what is printed.
    model : MultilevelAnalysis
        Cohorts within families (trial, registry, centre), REML, limits by t and by CR2.
    """

    selection: Selection
    labels: tuple[str, ...]
    xi: tuple[int, ...]
    ni: tuple[int, ...]
    covariance: LogitCovariance
    model: MultilevelAnalysis

    @property
    def more(self):
        """How many reports there are beside those that are counted."""
        return len(self.labels) - len(self.selection.counted)


def all_reports(evidence, selection) -> AllReports | None:
    """Every report that a pool reads, under the model for reports that share patients.

    Parameters
    ----------
    evidence : Evidence
    selection : Selection

    Returns
    -------
    AllReports or None
        None where nothing is left out for overlap, where there are too few reports or families, or
        where what is printed of shared patients cannot hold together.
    """
    reports = [*((c.row, c.cohort) for c in selection.counted), *_left_out(evidence, selection)]
    families = [evidence.studies[cohort["study_id"]]["family_id"] for _, cohort in reports]
    enough = len(reports) >= MINIMUM_K and len(set(families)) >= MINIMUM_FAMILIES
    if len(reports) == len(selection.counted) or not enough:
        return None
    labels = tuple(cohort["cohort_id"] for _, cohort in reports)
    xi, ni = (tuple(row[part] for row, _ in reports) for part in ("events", "total"))
    try:
        shared = shared_patients(ni, _pairs(evidence, labels, ni), slab=labels)
        covariance = logit_covariance(xi, ni, shared, slab=labels)
        about = {"cohort": labels, "measure": "PLO", "slab": labels}
        model = rma_mv(covariance.yi, covariance.V, families, **about)
    except EvisynthError:
        return None
    return AllReports(selection, labels, xi, ni, covariance, model)


def _left_out(evidence, selection):
    """Reports kept out for overlap alone; of several reports of the same patients the first."""
    taken = [c.cohort["cohort_id"] for c in selection.counted]
    for item in selection.left_out:
        row, name = item.row, item.cohort["cohort_id"]
        has_count = None not in (row["events"], row["total"])
        if item.code not in OF_OVERLAP or not has_count or unfit(row, selection.spec):
            continue
        if evidence.turned_down(row) or row["derivation"] in ("differenced",):
            continue
        if any(evidence.graph.describe(name, other) == "same" for other in taken):
            continue
        taken.append(name)
        yield row, item.cohort


def _pairs(evidence, labels, totals):
    """What each two reports share: all of the smaller, a printed number, some, or perhaps some."""
    printed = {
        frozenset((row["cohort_a"], row["cohort_b"])): row["shared_n"]
        for row in evidence.rows("overlaps")
        if row["shared_n"] is not None
    }
    for i, a in enumerate(labels):
        for j in range(i):
            relation = evidence.graph.describe(a, labels[j])
            smaller = min(totals[i], totals[j])
            if relation in ("inside", "contains"):
                yield a, labels[j], smaller
            elif relation == "shares":
                known = printed.get(frozenset((a, labels[j])))
                yield a, labels[j], (1, None) if known is None else min(known, smaller)
            elif relation == "possible":
                yield a, labels[j], (0, None)
