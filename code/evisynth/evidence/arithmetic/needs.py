"""What the arithmetic needs of each table: columns, kinds, keys, words."""

from __future__ import annotations

from evisynth.evidence.overlap import RELATIONS
from evisynth.evidence.schema import Needs

UNITS = ("whole", "part", "difference", "subgroup", "post_baseline", "pool")
DECISIONS = ("a", "b", "neither", "open")


def _needs(
    key, filled="", numbers="", words="", *, whole="", counts="", flags="", refers="", **vocabulary
):
    """Needs of a table from lists of columns.

    Text that must be filled, numbers and words that may be empty, whole numbers that may be empty,
    counts that must be filled, flags; ``refers`` is ``column>table`` of each foreign key; the words
    that a column may have come by its name.
    """
    return Needs(
        key=tuple(key.split()),
        filled=dict.fromkeys((*key.split(), *filled.split()), "string")
        | dict.fromkeys(counts.split(), "integer")
        | dict.fromkeys(flags.split(), "boolean"),
        open=dict.fromkeys(words.split(), "string")
        | dict.fromkeys(numbers.split(), "number")
        | dict.fromkeys(whole.split(), "integer"),
        vocabulary=vocabulary,
        refers=dict(pair.split(">") for pair in refers.split()),
    )


NEEDS = {
    "sources": _needs("source_id", flags="rounds_to_whole_percent"),
    "studies": _needs("study_id", words="reported_in", whole="year"),
    "cohorts": _needs(
        "cohort_id",
        "study_id label unit",
        words="source_id locator",
        whole="n",
        refers="study_id>studies",
        unit=UNITS,
    ),
    "analysis_sets": _needs(
        "row_id",
        "cohort_id analysis_set",
        words="discrepancy_id claim",
        counts="n",
        flags="preferred",
        refers="cohort_id>cohorts",
    ),
    "characteristics": _needs(
        "row_id",
        "cohort_id unit",
        "value lower upper",
        "interval discrepancy_id claim",
        whole="events total",
        refers="cohort_id>cohorts",
    ),
    "overlaps": _needs(
        "cohort_a relation cohort_b",
        "basis_kind",
        whole="shared_n",
        refers="cohort_a>cohorts cohort_b>cohorts",
        relation=RELATIONS,
    ),
    "outcomes": _needs(
        "row_id",
        "cohort_id outcome denominator derivation source_id locator",
        "lower upper",
        "percent interval timepoint criterion derived_from discrepancy_id claim",
        whole="events total",
        flags="second_hand preferred",
        refers="cohort_id>cohorts source_id>sources discrepancy_id>discrepancies",
    ),
    "survival": _needs(
        "row_id",
        "cohort_id source_id endpoint statistic subset censored_at_hsct value_status lower_status"
        " upper_status",
        "time_months value lower upper",
        "interval discrepancy_id claim",
        flags="second_hand",
        refers="cohort_id>cohorts",
    ),
    "contrasts": _needs(
        "row_id",
        "cohort_a set_a cohort_b set_b outcome measure",
        "value lower upper",
        "discrepancy_id claim",
    ),
    "searches": _needs("row_id", words="discrepancy_id claim"),
    "discrepancies": _needs("discrepancy_id", "kind decision", decision=DECISIONS),
}
