"""Who is counted: an independent set of cohorts for a pool, by the row that speaks for each."""

from __future__ import annotations

from dataclasses import dataclass

from evisynth.evidence.independent import Candidate, independent_set, latest_set
from evisynth.evidence.printed import OPEN_COUNTS
from evisynth.evidence.selection import CODES, Counted, LeftOut, Selection, plain

_OF_RIVALS = ("OVL", "POOL", "SEL", "SUB")
_NAMED = 3  # cohorts that a reason names; of more the first two
_SIGNS = {"inside": "⊂", "contains": "⊃", "same": "=", "shares": "∩"}
_RELATIONS = {
    "inside": "part of",
    "contains": "contains",
    "same": "the same patients as",
    "shares": "shares patients with",
}
_SAID = {
    "DEN": "another denominator: {}",
    "DEF": "another definition: {}",
    "TIM": "another time: {}",
}
_UNIT_CODES = {
    "pool": "POOL",
    "post_baseline": "SEL",
    "subgroup": "SUB",
    "part": "SUB",
    "difference": "SUB",
    "whole": "SUB",
}


@dataclass(frozen=True)
class Against:
    """What was decided against: ``row in against`` asks whether a row prints such a claim.

    Attributes
    ----------
    claims : frozenset of (str, str)
        Discrepancy and claim.
    rows : frozenset of str
        Ids of rows that print such a claim without naming the discrepancy.
    """

    claims: frozenset
    rows: frozenset = frozenset()

    def __contains__(self, row):
        """Whether this row is turned down."""
        return (row["discrepancy_id"], row["claim"]) in self.claims or row["row_id"] in self.rows


_MORE_THAN_ALL = 10**8  # patients; puts a cohort before any number of others


class Selector:
    """Chooses, for each pool, the row that speaks for a cohort and the cohorts that are counted.

    Parameters
    ----------
    cohorts, studies : mapping of id to row
    outcomes : sequence of mapping
        Rows of the table of outcomes.
    graph : OverlapGraph
    against : Against
        What was decided against.
    own_first : bool
        Whether a cohort read in its own report goes before a larger one read in another's.
    latest_first : bool
        Whether a later report goes before a larger one.
    """

    def __init__(
        self, cohorts, studies, outcomes, graph, against, *, own_first=False, latest_first=False
    ):
        self.cohorts, self.studies, self.graph = cohorts, studies, graph
        self._against, self._own_first = against, own_first
        self._independent = latest_set if latest_first else independent_set
        self._rows: dict[tuple, list] = {}
        for row in outcomes:
            self._rows.setdefault((row["cohort_id"], row["outcome"]), []).append(row)

    def select(self, spec) -> Selection:
        """The independent cohorts of a pool, and the others with their reasons."""
        best, refused = {}, {}
        for cohort_id in self.cohorts:
            rows = self._rows_of(cohort_id, spec)
            if rows:
                row, code = self._choose(rows, spec)
                (refused if code else best)[cohort_id] = (row, code)
        able = {c: row for c, (row, _) in best.items() if self.cohorts[c]["unit"] in spec.units}
        candidates = [self._candidate(c, row) for c, row in able.items()]
        kept = set(self._independent(candidates, self.graph))
        counted = tuple(self._counted(c, able[c], kept) for c in able if c in kept)
        found = best | refused
        rest = (c for c in self.cohorts if c in found and c not in kept)
        left_out = tuple(self._left_out(c, *found[c], kept, spec) for c in rest)
        return Selection(spec, counted, left_out)

    def _undecidable(self, row):
        return {(row["discrepancy_id"], claim) for claim in "ab"} <= self._against.claims

    def _candidate(self, cohort_id, row):
        """Among equals the earlier report is counted."""
        year = self.studies[self.cohorts[cohort_id]["study_id"]]["year"] or 9999
        own = not row["second_hand"]
        before = _MORE_THAN_ALL if self._own_first and own else 0
        return Candidate(cohort_id, row["total"] + before, own, year)

    def _rows_of(self, cohort_id, spec):
        cohort = self.cohorts[cohort_id]
        if not fits_where(cohort, spec) or not fits_design(self.studies, cohort, spec):
            return []
        return [row for code in spec.outcomes for row in self._rows.get((cohort_id, code), ())]

    def _choose(self, rows, spec):
        """The row that speaks for a cohort, and the code of why it cannot, or an empty code."""
        judged = [(self._refusal(row, spec), row) for row in rows]
        fitting = [row for code, row in judged if not code]
        if fitting:
            return min(fitting, key=lambda row: self._rank(row, spec)), ""
        nearest = list(CODES)
        code, row = min(
            judged, key=lambda item: (-nearest.index(item[0]), self._rank(item[1], spec))
        )
        return row, code

    def _refusal(self, row, spec):
        if row["events"] is None or row["total"] is None:
            return "NE"
        if _is_open(row) and row["derivation"] not in spec.bounds:
            return "NE"
        code = unfit(row, spec)
        if code:
            return code
        # Last, so that a claim about another denominator is not called the one that lost here.
        return "CLM" if row in self._against else ""

    def _rank(self, row, spec):
        places = [
            allowed.index(row[column] or "") if (row[column] or "") in allowed else len(allowed)
            for _, column, allowed in _conditions(spec)
        ]
        return (*places, not row["preferred"], spec.outcomes.index(row["outcome"]), row["row_id"])

    def _counted(self, cohort_id, row, kept):
        others = sorted(kept - {cohort_id})
        possible = [c for c in others if self.graph.possibly_shares(cohort_id, c)]
        cohort = self.cohorts[cohort_id]
        labels = tuple(self.cohorts[c]["label"] for c in possible)
        return Counted(row, cohort, self.studies[cohort["study_id"]], labels)

    def _left_out(self, cohort_id, row, code, kept, spec):
        cohort = self.cohorts[cohort_id]
        rivals = [c for c in self.cohorts if c in kept and self.graph.shares(cohort_id, c)]
        if cohort["unit"] not in spec.units and (rivals or not code):
            code = _UNIT_CODES[cohort["unit"]]
        elif rivals and not code:
            code = "OVL"
        reason = self._reason(cohort_id, row, code, rivals)
        return LeftOut(row, cohort, code, reason, self._words(cohort_id, code, reason, rivals))

    def _words(self, cohort_id, code, reason, rivals):
        """The reason for readers: which counted cohorts there are patients of, or what is other."""
        if code not in _OF_RIVALS or not rivals:
            return _SAID.get(code, "{}").format(reason)
        relation = _RELATIONS[self.graph.describe(cohort_id, rivals[0])]
        labels = [self.cohorts[c]["label"] for c in rivals]
        named = labels if len(labels) <= _NAMED else [*labels[: _NAMED - 1], "others"]
        told = " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))
        return f"{relation} {told}"

    def _reason(self, cohort_id, row, code, rivals):
        if code in _OF_RIVALS and rivals:
            sign = _SIGNS[self.graph.describe(cohort_id, rivals[0])]
            several = f"{len(rivals)} counted cohorts"
            return f"{sign} {several if len(rivals) > 1 else self.cohorts[rivals[0]]['label']}"
        if code == "DEN":
            return f"counted per {plain(row['denominator'])}"
        if code == "DEF":
            return plain(row["criterion"]) if row["criterion"] else "definition not stated"
        if code == "TIM":
            return row["timepoint"] or "time not stated"
        if code == "NE":
            return self._what_is_missing(row)
        if code == "CLM":
            kept = "no claim" if self._undecidable(row) else "the other claim"
            return f"sources disagree, {kept} used ({row['discrepancy_id']})"
        return CODES[code]

    def _what_is_missing(self, row):
        rows = self._rows[row["cohort_id"], row["outcome"]]
        ends = [end for end in rows if end["derived_from"] == row["row_id"] and _is_open(end)]
        if ends:
            counts = " or ".join(str(end["events"]) for end in ends)
            return f"{row['percent']}% of {ends[0]['total']}, which may be {counts}"
        if row["percent"]:
            return f"{row['percent']}% of an unprinted number"
        return "no count printed" if row["events"] is None else "total not printed"


def _is_open(row):
    return row["derivation"] in OPEN_COUNTS


def fits_where(cohort, spec):
    """Whether a cohort passes the filters of a pool."""
    return all(cohort[column] in allowed for column, allowed in spec.where.items())


def fits_design(studies, cohort, spec):
    """Whether the study of a cohort is of a design that a pool allows."""
    return not spec.designs or studies[cohort["study_id"]]["design"] in spec.designs


def unfit(row, spec):
    """The code of what a pool asks for and a row does not have; empty where it has all."""
    for code, column, allowed in _conditions(spec):
        if allowed and (row[column] or "") not in allowed:
            return code
    return ""


def _conditions(spec):
    return (
        ("DEN", "denominator", spec.denominators),
        ("DEF", "criterion", spec.criteria),
        ("TIM", "timepoint", spec.timepoints),
    )
