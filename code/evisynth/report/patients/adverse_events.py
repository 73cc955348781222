"""Adverse events as printed: each with its grade, its denominator and an exact interval."""

from __future__ import annotations

from evisynth.evidence.printed import OPEN_COUNTS
from evisynth.evidence.schema import field_of
from evisynth.evidence.selection import plain
from evisynth.report.patients.with_and_without import flagged, outcome_words, sized
from evisynth.words.cells import at_most, below, counts, places, share
from evisynth.words.entries import grouped
from evisynth.words.names import second_name
from evisynth.words.phrases import capital

KNOWN = (
    "Of 100, with exact (Clopper–Pearson) 95% limits; where nobody had the event, the upper limit. "
    "A percentage without limits is printed without a count. Lines may share patients."
)
_HEADER = ("Report", "Patients", "Grade, denominator", "n / N", "Of 100", "Read from")


def adverse_events(evidence, outcomes, where, caption=""):
    """What is printed of some outcomes of some cohorts, outcome by outcome.

    Parameters
    ----------
    evidence : Evidence
    outcomes : sequence of str
        Codes, in the order of their groups.
    where : mapping of str to sequence
        Columns of the cohorts with the values that are shown.
    caption : str
        What comes before how to read the numbers.

    Returns
    -------
    Html
        A group per outcome, with a line per printed fact: of one that stands in several places the
        preferred row. Claims that were decided against, and counts that a percentage leaves open,
        are left off. Nothing is pooled, and grades stay apart.
    """
    groups = [
        (outcome_words(evidence, outcome), _lines(evidence, outcome, where)) for outcome in outcomes
    ]
    shown = [(name, lines) for name, lines in groups if lines]
    return grouped(_HEADER, shown, numeric=_HEADER[3:5], caption=f"{caption} {KNOWN}".strip())


def _lines(evidence, outcome, where):
    return [_cells(evidence, row) for row in _rows(evidence, outcome, where)]


def _rows(evidence, outcome, where):
    """Preferred rows: by state of the cohort as the codebook orders it, the largest first."""
    found = [
        row
        for row in evidence.rows("outcomes")
        if row["outcome"] == outcome
        and row["preferred"]
        and row["derivation"] not in OPEN_COUNTS
        and not evidence.turned_down(row)
        and _among(evidence.cohorts[row["cohort_id"]], where)
    ]
    states = _order(evidence, "disease_state")
    return sorted(found, key=lambda row: _place_in_table(evidence, row, states))


def _among(cohort, where):
    return all(cohort[column] in allowed for column, allowed in where.items())


def _order(evidence, column):
    return field_of(evidence.codebook, "cohorts", column)["constraints"]["enum"]


def _place_in_table(evidence, row, states):
    cohort = evidence.cohorts[row["cohort_id"]]
    return states.index(cohort["disease_state"]), -(cohort["n"] or 0), row["row_id"]


def _cells(evidence, row):
    cohort, with_size = evidence.cohorts[row["cohort_id"]], sized(evidence, row)
    known_as = second_name(evidence, row["cohort_id"])
    remark = "; ".join(part for part in (known_as, row["note"]) if part)
    return (
        below(cohort["label"], remark),
        _patients(evidence, cohort),
        flagged(evidence, _grade(row), row),
        counts(with_size), of_100(with_size), places([row]),
    )  # fmt: skip


def _patients(evidence, cohort):
    meanings = field_of(evidence.codebook, "cohorts", "disease_state").get("meanings", {})
    return capital(meanings.get(cohort["disease_state"], plain(cohort["disease_state"])))


def _grade(row):
    told = (plain(row["criterion"]), plain(row["denominator"]), row["timepoint"])
    graded, denominator, time = told
    graded = "grade not stated" if graded == "not stated" else graded
    denominator = "denominator not stated" if denominator == "not stated" else denominator
    time = "" if time in (None, "not stated") else f", {time}"
    return f"{graded}, {denominator}{time}"


def of_100(row):
    """``6 [2–14]``; of nobody ``0: at most 7``; the percentage alone where no count is known."""
    if row["events"] != 0 or not row["total"]:
        return share(row)
    return f"0: at most {at_most(row['total'])}"
