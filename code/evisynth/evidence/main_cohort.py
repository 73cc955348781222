"""The cohort that holds most of the patients of a pool of few."""

from __future__ import annotations

from evisynth.evidence.selection import Counted, Selection

SHARE = 0.75  # of the patients of a pool


def report_name(counted: Counted) -> str:
    """What readers call the report of a cohort: its second name, else the cohort's label."""
    return counted.study.get("known_as") or counted.cohort["label"]


def main_cohort(selection: Selection) -> Counted | None:
    """The cohort whose own rate says more than the pooled one, where there is such a one.

    With few cohorts the spread between them is mostly assumed, and beside one large cohort a few
    small ones widen the interval without telling much of their own.

    Parameters
    ----------
    selection : Selection

    Returns
    -------
    Counted or None
        The largest cohort, where the rule for few studies gives a pooled rate of few and it holds
        three quarters of their patients.
    """
    if selection.pooled.rule != "few":
        return None
    largest = max(selection.counted, key=lambda c: c.row["total"])
    return largest if largest.row["total"] >= SHARE * sum(selection.ni) else None
