"""Views that read single rows: the composition of a report, and rows placed in the prose."""

from types import SimpleNamespace

import pytest
from evisynth.errors import ArgumentError
from evisynth.evidence.base import Evidence
from evisynth.evidence.selection import Counted
from evisynth.report import composition
from evisynth.report.certainty.sensitivity import _by_slug
from evisynth.report.data.definitions import glossary_terms
from evisynth.report.page.printed_rows import row_values

HEADS = {"Overt": ("overt",), "In remission": ("remission", "early"), "Other": ("else",)}


def cohort(key, study, level, n, unit="whole", agent="x"):
    return {"cohort_id": key, "study_id": study, "unit": unit, "agent": agent, "n": n,
            "level": level}  # fmt: skip


COHORTS = [
    cohort("alder-a", "alder", "overt", 12),
    cohort("alder-b", "alder", "remission", 3),
    cohort("alder-c", "alder", "early", 4),
    cohort("alder-part", "alder", "overt", 5, unit="subgroup"),
    cohort("alder-else", "alder", "overt", 50, agent="y"),
    cohort("birch-a", "birch", "overt", None),
    cohort("birch-b", "birch", "remission", 6),
    cohort("cedar-a", "cedar", "not_stated", 9),
    cohort("elm-a", "elm", "overt", 7),
]


def composed(**options):
    rows = {row["cohort_id"]: row for row in COHORTS}
    counted = [
        Counted({"events": 1, "total": total}, rows[key],
                {"study_id": rows[key]["study_id"], "name": rows[key]["study_id"].title()})
        for key, total in (("alder-a", 12), ("alder-b", 15), ("birch-b", 6), ("cedar-a", 9),
                           ("elm-a", 7))
    ]  # fmt: skip
    analysis = SimpleNamespace(
        evidence=SimpleNamespace(cohorts=rows),
        chosen=lambda *pools: [SimpleNamespace(counted=counted)],
    )
    text = composition(analysis, column="level", heads=HEADS, **options).text
    return {line.split(" | ")[0]: line.split(" | ")[1:] for line in text.splitlines()}


def test_a_report_is_made_up_of_its_whole_cohorts_that_were_given_the_same():
    found = composed()
    assert found["Report"] == ["Counted", *HEADS]
    assert found["Alder"] == ["1 / 15", "12", "7", "0"]  # its largest counted row
    assert found["Elm"] == ["1 / 7", "7", "0", "0"]


def test_a_size_that_is_not_printed_is_no_zero():
    assert composed()["Birch"] == ["1 / 6", "not reported", "6", "0"]
    # None of its cohorts is at a level that the table shows: nothing is known of it.
    assert composed()["Cedar"] == ["1 / 9", *["not reported"] * 3]


def test_levels_that_a_report_does_not_tell_apart_are_not_counted():
    assert composed(untold=["alder"])["Alder"] == ["1 / 15", "12", *["not reported"] * 2]


# Rows in the prose --------------------------------------------------------------------------------


def printed(row_id, claim=None, **values):
    about = {"cohort_id": "a", "denominator": "treated", "source_id": "s"}
    return {"row_id": row_id, "discrepancy_id": claim and "D001", "claim": claim} | about | values


@pytest.fixture
def evidence():
    tables = {
        "outcomes": [
            printed("one", events=24, total=33, percent="73.0"),
            printed("lost", "a", events=None, total=33, percent="71.5"),
            printed("won", "b", events=23, total=33, percent=None),
            printed("rate", events=None, total=None, percent="76", cohort_id="c", denominator="d"),
        ],
        "analysis_sets": [{"cohort_id": "c", "analysis_set": "d", "n": 119}],
        "sources": [{"source_id": "s", "rounds_to_whole_percent": False}],
        "survival": [printed("time", value=7.70, lower=5.6, upper=9)],
        "characteristics": [], "contrasts": [],
        "discrepancies": [{"discrepancy_id": "D001", "decision": "b"}],
    }  # fmt: skip
    return Evidence(tables, {"version": "0", "resources": ()}, (), ".")


def test_a_row_is_placed_as_it_is_printed(evidence):
    assert row_values(evidence, "one") == {"count": "24 of 33", "percent": "73"}
    assert row_values(evidence, "time") == {"value": "7.7", "limits": "5.6 to 9"}
    assert row_values(evidence, "won") == {"count": "23 of 33"}


def test_a_percentage_tells_every_count_that_it_can_be(evidence):
    """90 of 119 are 75.6 percent, 91 are 76.5: both round to 76 with halves up or to even."""
    told = row_values(evidence, "rate")
    assert told == {"percent": "76", "fits": "90 or 91 of 119"}


def test_a_row_that_no_table_has_is_refused(evidence):
    with pytest.raises(ArgumentError, match="row_id is 'none'; allowed: a row_id of outcomes"):
        row_values(evidence, "none")


def test_a_claim_decided_against_is_placed_only_where_it_is_meant(evidence):
    with pytest.raises(ArgumentError, match="'lost', a claim decided against; allowed: rejected"):
        row_values(evidence, "lost")
    assert row_values(evidence, "lost", rejected=True) == {"percent": "71.5"}


# Levels of alternatives ---------------------------------------------------------------------------


def levels(*names):
    return SimpleNamespace(
        id="first", alternatives={"Threshold": {"declared": {}} | {n: {"k": n} for n in names}}
    )


def test_levels_are_glued_by_their_letters_and_digits():
    assert _by_slug(levels("below 0.01%", "any")) == {
        "below-0-01": {"k": "below 0.01%"},
        "any": {"k": "any"},
    }


@pytest.mark.parametrize("names", [("below 0.01%", "below 0 01"), ("≥ %",), ("Any", "any")])
def test_levels_that_prose_cannot_tell_apart_are_refused(names):
    with pytest.raises(ArgumentError, match="pool 'first', glued as 'if-"):
        _by_slug(levels(*names))


def test_terms_at_one_place_of_the_glossary_are_refused():
    meanings = {"cr": "one", "CR ": "other"}
    book = {"resources": [{"schema": {"fields": [{"name": "outcome", "meanings": meanings}]}}]}
    with pytest.raises(ArgumentError, match="outcome 'CR ' beside outcome 'cr'"):
        glossary_terms(book)
