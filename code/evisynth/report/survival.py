"""Survival as printed: medians and rates with their limits and statuses, never pooled here."""

from __future__ import annotations

from evisynth.evidence.selection import plain
from evisynth.report.html import table
from evisynth.report.tables import places
from evisynth.schema import field_of

_STATUS = {"not_reached": "not reached", "not_estimable": "not estimable", "not_reported": "–"}
_HEADER = ("Cohort", "Endpoint", "Patients", "As printed", "Disputed", "Read from")


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
    found: dict[tuple, list] = {}
    for row in evidence.rows("survival"):
        if (
            (cohorts is None or row["cohort_id"] in cohorts)
            and (subsets is None or row["subset"] in subsets)
            and row["value_status"] != "not_reported"
        ):
            found.setdefault(_cells(row, evidence), []).append(row)
    rows = [(*cells, places(same)) for cells, same in found.items()]
    return table(_HEADER, rows, numeric=())


def _cells(row, evidence):
    cohort = evidence.cohorts[row["cohort_id"]]
    return (
        f"{cohort['label']} ({plain(cohort['agent'])})",
        meaning(evidence, row["endpoint"]),
        plain(row["subset"]),
        as_printed(row),
        row["discrepancy_id"] or "",
    )


def as_printed(row):
    """``median 11.1 months, 95% CI 8.2 to not reached, censored at transplant``."""
    reached = row["value_status"] not in _STATUS
    what = f"median {_number(row, 'value')}{' months' if reached else ''}"
    if row["statistic"] == "rate":
        when = "" if row["time_months"] is None else f" at {row['time_months']:g} months"
        what = f"{_number(row, 'value')}%{when}"
    kind = "" if row["interval"] in ("none", "plus_minus") else f"{row['interval']} "
    shown = limits(row)
    censored = ", censored at transplant" if row["censored_at_hsct"] == "yes" else ""
    return f"{what}{f', {kind}{shown}' if shown != '–' else ''}{censored}"


def meaning(evidence, endpoint):
    """What a code of an endpoint stands for, from the codebook."""
    return field_of(evidence.codebook, "survival", "endpoint")["meanings"][endpoint]


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
