"""Survival as printed: medians and rates with their limits and statuses, never pooled here."""

from __future__ import annotations

from evisynth.report.html import table
from evisynth.report.tables import place
from evisynth.report.words import plain

_STATUS = {"not_reached": "not reached", "not_estimable": "not estimable", "not_reported": "–"}
_HEADER = (
    "Cohort",
    "Endpoint",
    "Patients",
    "What",
    "Value",
    "Limits",
    "Kind",
    "At transplant",
    "Read from",
)


def survival(evidence, *, analysis=None, subsets=None):
    """Printed survival of some cohorts.

    Parameters
    ----------
    evidence : Evidence
    analysis : Analysis, optional
        Only cohorts that it counts or has read.
    subsets : collection of str, optional
        Only these sets of patients.

    Returns
    -------
    Html
    """
    cohorts = None if analysis is None else analysis.read_cohorts
    rows = [
        _cells(row, evidence)
        for row in evidence.rows("survival")
        if (cohorts is None or row["cohort_id"] in cohorts)
        and (subsets is None or row["subset"] in subsets)
        and row["value_status"] != "not_reported"
    ]
    return table(_HEADER, rows, numeric=("Value", "Limits"))


def _cells(row, evidence):
    rate = row["statistic"] == "rate"
    return (
        evidence.cohorts[row["cohort_id"]]["label"],
        _meaning(evidence, row["endpoint"]),
        plain(row["subset"]),
        _what(row, rate),
        _number(row, "value"),
        limits(row),
        row["interval"] if row["interval"] not in ("none", "plus_minus") else "",
        {"yes": "censored", "no": "followed on"}.get(row["censored_at_hsct"], ""),
        place(row),
    )


def _what(row, rate):
    if not rate:
        return "median, months"
    return "percent" if row["time_months"] is None else f"percent at {row['time_months']:g} months"


def _meaning(evidence, endpoint):
    field = next(
        f
        for r in evidence.codebook["resources"]
        if r["name"] == "survival"
        for f in r["schema"]["fields"]
        if f["name"] == "endpoint"
    )
    return field["meanings"][endpoint]


def _number(row, column):
    if row[f"{column}_status"] == "number":
        return f"{row[column]:g}"
    return _STATUS[row[f"{column}_status"]]


def limits(row):
    """``4.8 to 8.3``, ``± 26.4``, or a dash where nothing is printed."""
    if row["interval"] == "plus_minus":
        return f"± {row['lower']:g}"
    shown = [_number(row, column) for column in ("lower", "upper")]
    return "–" if shown == ["–", "–"] else " to ".join(shown)
