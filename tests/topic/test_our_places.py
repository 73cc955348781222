"""Every extracted row has a place: counted, left out, shown, checked, or a reason for none."""

import pytest
from evisynth.chapter.places import COUNTED, EXTRACTED, KINDS, NOT_USED, row_places
from evisynth.errors import EvisynthError
from evisynth.evidence.base import Evidence


@pytest.fixture(scope="module")
def found(evidence):
    return row_places(evidence)


def test_every_extracted_row_has_a_place(evidence, found):
    rows = {(name, str(next(iter(r.values())))) for name in EXTRACTED for r in evidence.rows(name)}
    assert set(found) == rows and len(rows) > 1200
    assert {place.kind for place in found.values()} <= set(KINDS)


def test_a_row_that_is_not_used_has_a_reason_that_can_be_read(found):
    for key, place in found.items():
        assert bool(place.reason) == (place.kind == NOT_USED), key
        if place.reason:
            assert place.reason.endswith(".") and "_" not in place.reason, key


def test_what_a_pool_counts_is_counted(evidence, found):
    for name in evidence.analyses:
        for selection in evidence.analyse(name).selections.values():
            for item in selection.counted:
                assert found["outcomes", item.row["row_id"]].kind == COUNTED


def without_reason(evidence, drop=(), add=()):
    """The base with other reasons in its table of unused rows."""
    tables = {r["name"]: evidence.rows(r["name"]) for r in evidence.codebook["resources"]}
    tables["unused"] = [*(r for r in tables["unused"] if r["rule_id"] not in drop), *add]
    return Evidence(tables, evidence.codebook, tuple(evidence.analyses.values()), evidence.folder)


def test_a_row_without_a_place_and_a_reason_without_rows_are_named(evidence):
    first = evidence.rows("unused")[0]
    with pytest.raises(EvisynthError) as caught:
        row_places(without_reason(evidence, drop=[r["rule_id"] for r in evidence.rows("unused")]))
    assert "in no analysis, on no page" in str(caught.value)
    idle = dict(first) | {"rule_id": "U99", "condition": "row_id == 'nothing'"}
    with pytest.raises(EvisynthError, match="unused, row U99, condition: 'no unused row'"):
        row_places(without_reason(evidence, add=[idle]))


def test_a_condition_that_cannot_be_read_is_named(evidence):
    first = evidence.rows("unused")[0]
    wrong = dict(first) | {"rule_id": "U98", "condition": "outcomes == 'cr'"}
    with pytest.raises(EvisynthError, match=r"U98.*no column"):
        row_places(without_reason(evidence, add=[wrong]))
