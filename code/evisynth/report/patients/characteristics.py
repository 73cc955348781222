"""What is printed of the patients of a cohort: its own rows, its parts, a whole of its study."""

from __future__ import annotations

from evisynth.evidence.schema import field_of, printed_text
from evisynth.evidence.selection import plain

# Heads of columns: the column of the cohorts that says it of all, and characteristics in numbers.
COLUMNS = {
    "Ph": ("ph_status", "ph_positive", "ph_negative", "bcr_abl1"),
    "Line and relapse": (
        "salvage_line", "median_previous_lines", "two_or_more_salvage_lines",
        "salvage_3_or_later", "previous_relapses_2_or_more", "late_relapse",
    ),
    "Earlier transplant": ("prior_hsct", "prior_hsct", "prior_haplo_hsct"),
}  # fmt: skip
_LOOKED_UP = {name for _, *names in COLUMNS.values() for name in names}  # in wholes too
_NOTHING_SAID = ("mixed", "not_stated", "not stated", "any", None)
_LEFT_TO_THE_NOTES = {"other", "median_follow_up"}


class Characteristics:
    """Looks a characteristic up in a cohort, in the same patients, in its parts and its whole."""

    def __init__(self, evidence):
        self._evidence, self._meanings = evidence, meanings(evidence.codebook)
        self._rows: dict[str, list] = {}
        for row in evidence.rows("characteristics"):
            lost = evidence.turned_down(row)
            if row["characteristic"] not in _LEFT_TO_THE_NOTES and not lost:
                self._rows.setdefault(row["cohort_id"], []).append(row)

    def of(self, cohort, column, *names):
        """What is true of all, or numbers, or a dash."""
        if cohort[column] not in _NOTHING_SAID:
            return plain(cohort[column])
        # A number of the cohort's own is worth more than that of some part of it.
        own = (row["characteristic"] for row in self._rows.get(cohort["cohort_id"], ()))
        parts = {} if column in own else self._parts(cohort, column)
        numbers = [
            text
            for name, text in self._numbers(cohort, names, but=column)
            if not any(text.endswith(share) for share in parts.values())
        ]
        told = [*(f"{level} {share}" for level, share in parts.items()), *numbers]
        return "; ".join(dict.fromkeys(told)) or "–"

    def others(self, cohort):
        """The characteristics that have no column, of the cohort itself."""
        names = [name for name in self._meanings if name not in _LOOKED_UP]
        return "; ".join(dict.fromkeys(text for _, text in self._numbers(cohort, names))) or "–"

    def names(self, cohort_id):
        """Which characteristics are printed of a cohort, itself or through a whole."""
        cohort = self._evidence.cohorts[cohort_id]
        return {row["characteristic"] for _, row in self._sources(cohort)}

    def _numbers(self, cohort, names, *, but=""):
        """Names and numbers; a characteristic that says what its column's head says is unnamed."""
        own = {row["characteristic"] for row in self._rows.get(cohort["cohort_id"], ())}
        for whole, row in self._sources(cohort):
            name = row["characteristic"]
            if name in names and not (whole and name in own):
                words = "" if name == but else f"{self._meanings[name]}: "
                of = " in the whole study" if whole else ""
                dispute = f" [{row['discrepancy_id']}]" if row["discrepancy_id"] else ""
                yield name, f"{words}{_value(row)}{of}{dispute}"

    def _sources(self, cohort):
        """Rows of the cohort or of the same patients, then some of a whole of its study, marked."""
        graph, cohorts, own = self._evidence.graph, self._evidence.cohorts, cohort["cohort_id"]
        for other in sorted(graph.containers(own) | {own}, key=lambda c: (c != own, c)):
            same = other == own or graph.describe(own, other) == "same"
            if same or cohorts[other]["study_id"] == cohort["study_id"]:
                for row in self._rows.get(other, ()):
                    if same or row["characteristic"] in _LOOKED_UP:
                        yield not same, row

    def _parts(self, cohort, column):
        """``{"first": "104/271"}``: parts that differ in this column alone, the largest."""
        graph, cohorts, own = self._evidence.graph, self._evidence.cohorts, cohort["cohort_id"]
        alike = [c for c in _SPLITS if c != column]
        found: dict[str, int] = {}
        for other in graph.contents(own) - graph.containers(own) - {own}:
            part = cohorts[other]
            told = part[column] not in _NOTHING_SAID and part["n"] and cohort["n"]
            if told and part["unit"] in _PARTS and all(part[c] == cohort[c] for c in alike):
                level = plain(part[column])
                found[level] = max(part["n"], found.get(level, 0))
        return {level: f"{n}/{cohort['n']}" for level, n in sorted(found.items())}


_SPLITS = ("ph_status", "salvage_line", "prior_hsct", "tumour_burden", "age_group", "disease_state")
_PARTS = ("subgroup", "part", "whole", "difference")


def meanings(book):
    """What each code of a characteristic stands for; a code that says it itself has no entry."""
    field = field_of(book, "characteristics", "characteristic")
    codes = field["constraints"]["enum"]
    return {code: plain(code) for code in codes} | field["meanings"]


_UNITS = {"percent": "%", "patients": "", "fraction": "", None: ""}
_SIDES = {">=": "≥", "<=": "≤", ">": ">", "<": "<"}  # how the note of a limit begins


def _side(row):
    """The sign of a printed limit, so that under 5% is not read as 5%."""
    note = row["note"] or ""
    return next((sign for start, sign in _SIDES.items() if note.startswith(start)), "")


def _value(row):
    if row["events"] is not None and row["total"] is not None:
        return f"{row['events']}/{row['total']}"
    if row["value"] is not None:
        unit = _UNITS.get(row["unit"], f" {row['unit']}")
        return f"{_side(row)}{printed_text(row['value'])}{unit}"
    if row["events"] is not None:
        return f"{row['events']} (total not printed)"
    return (row["note"] or "in words").partition(";")[0]
