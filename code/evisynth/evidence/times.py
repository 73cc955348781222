"""Medians of survival as printed: independent cohorts, one median each, and a reason for the rest.

Nothing is pooled for an answer. Medians that were not reached stay among the others, as later than
any time that was observed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf

from evisynth.engine.survival.medians import pool_medians
from evisynth.errors import NotEstimable
from evisynth.evidence.independent import Candidate, independent_set
from evisynth.evidence.printed import OPEN_COUNTS
from evisynth.evidence.selector import fits_design, fits_where
from evisynth.evidence.specs import TimeSpec

INTERVAL = "95% CI"
CENSORED = "counted until transplant only"
REFUSED = "a claim that was decided against"
SILENT = "no median printed"
UNIT = {
    "subgroup": "a part of a report",
    "post_baseline": "chosen by what happened after treatment began",
    "pool": "adds up other cohorts",
    "difference": "worked out from two others",
    "part": "a part of a report",
    "whole": "a whole report, where parts are counted",
}


@dataclass(frozen=True)
class Median:
    """A cohort's median: its row, cohort and study, and the patients behind it.

    Attributes
    ----------
    row, cohort, study : mapping
    n : int or None
        As the row prints it, else as the cohort has it.
    """

    row: Mapping
    cohort: Mapping
    study: Mapping
    n: int | None

    @property
    def months(self):
        """The median; infinite where it was not reached or cannot be estimated."""
        return inf if self.row["value"] is None else float(self.row["value"])

    @property
    def limits(self):
        """95% limits, the upper one infinite where it was not reached; None where none is printed.

        A range, an interquartile range or plus and minus are no limits of the median.
        """
        row = self.row
        if row["interval"] != INTERVAL or row["lower"] is None:
            return None
        if row["upper"] is None and row["upper_status"] == "not_reported":
            return None
        return float(row["lower"]), inf if row["upper"] is None else float(row["upper"])


@dataclass(frozen=True)
class MedianLeftOut:
    """A cohort whose median was read and is not among the independent ones, and why, in words."""

    median: Median
    reason: str


@dataclass(frozen=True)
class Medians:
    """Medians of independent cohorts.

    Attributes
    ----------
    spec : TimeSpec
    counted : tuple of Median
    left_out : tuple of MedianLeftOut
    """

    spec: TimeSpec
    counted: tuple[Median, ...]
    left_out: tuple[MedianLeftOut, ...]

    @property
    def patients(self):
        """Behind those cohorts of which the number is known."""
        return sum(median.n or 0 for median in self.counted)

    @property
    def weighted_median(self):
        """The time that half of the patients' cohorts lie below: medians weighted by patients.

        Months; infinite where it falls on medians that were not reached. None without a size.
        """
        known = sorted((m for m in self.counted if m.n), key=lambda m: m.months)
        half, below = sum(m.n for m in known) / 2, 0
        for median in known:
            below += median.n
            if below >= half:
                return median.months
        return None

    @cached_property
    def inverse_variance(self):
        """`PooledMedians` of those with both limits, three or more; else None."""
        able = [m for m in self.counted if m.limits and m.limits[1] < inf and m.months < inf]
        if len(able) < 3:
            return None
        times, limits = [m.months for m in able], [m.limits for m in able]
        labels = [m.cohort["label"] for m in able]
        try:
            return pool_medians(times, *map(list, zip(*limits, strict=True)), slab=labels)
        except NotEstimable:
            return None


def select_medians(evidence, spec) -> Medians:
    """The medians of a declaration, nobody counted twice.

    Of cohorts that share patients the set with the most patients is counted, as everywhere; of
    several reports of the same patients the latest, which followed them longest.

    Parameters
    ----------
    evidence : Evidence
    spec : TimeSpec

    Returns
    -------
    Medians
        In the order of the table of cohorts.
    """
    best, why = {}, {}
    for name, rows in _read(evidence, spec).items():
        fitting = [row for row in rows if not _refusal(evidence, row)]
        row = min(fitting or rows, key=lambda row: _rank(row, spec))
        best[name] = _median(evidence, row)
        reason = "" if fitting else _refusal(evidence, row)
        unit = best[name].cohort["unit"]
        if not reason and unit not in spec.units:
            reason = UNIT[unit]
        if reason:
            why[name] = reason
    able = {name: median for name, median in best.items() if name not in why}
    candidates = [Candidate(n, m.n or 0, True, -(m.study["year"] or 0)) for n, m in able.items()]
    kept = set(independent_set(candidates, evidence.graph))
    for name in able:
        if name not in kept:
            others = (evidence.cohorts[k]["label"] for k in kept if evidence.graph.shares(name, k))
            why[name] = f"shares patients with {', '.join(sorted(others))}"
    counted = tuple(median for name, median in best.items() if name in kept)
    left_out = tuple(MedianLeftOut(best[name], why[name]) for name in best if name in why)
    return Medians(spec, counted, left_out)


def _read(evidence, spec):
    """Rows of medians by cohort, in the order of the cohorts."""
    found: dict[str, list] = {}
    for row in evidence.rows("survival"):
        cohort = evidence.cohorts[row["cohort_id"]]
        if (
            row["statistic"] == "median"
            and row["endpoint"] in spec.endpoints
            and row["subset"] in spec.subsets
            and fits_where(cohort, spec)
            and fits_design(evidence.studies, cohort, spec)
        ):
            found.setdefault(row["cohort_id"], []).append(row)
    return {name: found[name] for name in evidence.cohorts if name in found}


def _refusal(evidence, row):
    if row["value_status"] == "not_reported":
        return SILENT
    if evidence.turned_down(row):
        return f"{REFUSED} ({row['discrepancy_id']})"
    return CENSORED if row["censored_at_hsct"] == "yes" else ""


def _rank(row, spec):
    """The set and the endpoint that fit best, then what is printed most fully."""
    limits = row["interval"] == INTERVAL and row["lower"] is not None
    return (spec.subsets.index(row["subset"]), spec.endpoints.index(row["endpoint"]), not limits,
            row["value"] is None, row["lower"] is None)  # fmt: skip


def _median(evidence, row):
    cohort = evidence.cohorts[row["cohort_id"]]
    size = row.get("n") if row.get("n") is not None else cohort["n"]
    whole = size if row["subset"] == "all" or row.get("n") is not None else None
    if whole is None and row["subset"] != "all":
        whole = _size_of_set(evidence, row)
    return Median(row, cohort, evidence.studies[cohort["study_id"]], whole)


def _size_of_set(evidence, row):
    """Patients of the set that is followed, where the base has one number for it."""
    sizes = {
        found["n"]
        for found in evidence.rows("analysis_sets")
        if found["cohort_id"] == row["cohort_id"] and found["analysis_set"] == row["subset"]
    }
    # Those with an outcome are as many as its count says.
    counts = {
        found["events"]
        for found in evidence.rows("outcomes")
        if (found["cohort_id"], found["outcome"]) == (row["cohort_id"], row["subset"])
        and found["events"] is not None
        and found["preferred"]
        and found["derivation"] not in OPEN_COUNTS
        and not evidence.turned_down(found)
    }
    known = sizes or counts
    return known.pop() if len(known) == 1 else None
