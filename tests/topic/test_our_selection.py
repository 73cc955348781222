"""Selection on the real evidence base: nobody twice, reasons for everyone left out, rules kept."""

from itertools import combinations
from pathlib import Path

import pytest
from evisynth.errors import ArgumentError
from evisynth.evidence.base import Evidence, load_evidence
from evisynth.evidence.overlap import Edge, OverlapGraph
from evisynth.evidence.selection import CODES
from evisynth.proportions.pooling import FEW

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture(scope="module")
def evidence():
    return load_evidence(DATA)


@pytest.fixture(scope="module")
def selections(evidence):
    return [s for a in evidence.analyses for s in evidence.analyse(a).selections.values()]


def test_no_two_counted_cohorts_share_patients(evidence, selections):
    for selection in selections:
        cohorts = [c.cohort["cohort_id"] for c in selection.counted]
        assert not [pair for pair in combinations(cohorts, 2) if evidence.graph.shares(*pair)]


def test_every_cohort_with_the_outcome_is_counted_or_left_out_once(evidence, selections):
    for selection in selections:
        spec = selection.spec
        expected = {
            row["cohort_id"]
            for row in evidence.rows("outcomes")
            if row["outcome"] in spec.outcomes
            and all(evidence.cohorts[row["cohort_id"]][k] in v for k, v in spec.where.items())
        }
        listed = [item.cohort["cohort_id"] for item in (*selection.counted, *selection.left_out)]
        assert sorted(listed) == sorted(expected)


def test_every_left_out_cohort_has_a_code_and_a_reason(selections):
    for selection in selections:
        for item in selection.left_out:
            assert item.code in CODES
            assert item.reason


def test_counted_rows_have_counts_of_one_estimand(selections):
    for selection in selections:
        for counted in selection.counted:
            row, spec = counted.row, selection.spec
            assert 0 <= row["events"] <= row["total"]
            assert row["derivation"] != "percent_only"
            assert not spec.denominators or row["denominator"] in spec.denominators
            assert not spec.criteria or row["criterion"] in spec.criteria


def test_a_rejected_claim_is_never_counted(evidence, selections):
    from evisynth.evidence.printed import rejected_claims

    lost = rejected_claims({"discrepancies": evidence.rows("discrepancies")})
    assert lost
    used = {(c.row["discrepancy_id"], c.row["claim"]) for s in selections for c in s.counted}
    assert not used & lost


def test_the_small_k_rule_holds_everywhere(selections):
    for selection in selections:
        pooled = selection.pooled
        assert (pooled.headline is not None) == (pooled.rule in ("few", "many"))
        assert (pooled.rule == "many") == (pooled.k >= FEW and 0 < pooled.events < pooled.total)
        assert bool(pooled.warning) == (pooled.rule != "many")


def without(evidence, dropped):
    tables = {r["name"]: evidence.rows(r["name"]) for r in evidence.codebook["resources"]}
    clone = Evidence(tables, evidence.codebook, evidence.analyses.values(), evidence.folder)
    clone.graph = OverlapGraph(edge for edge in evidence.graph.edges if not dropped(edge))
    return clone


def test_without_the_edges_patients_are_counted_again(evidence):
    naive = without(evidence, lambda edge: True)
    for analysis in evidence.analyses:
        for pool, selection in evidence.analyse(analysis).selections.items():
            assert len(naive.analyse(analysis)[pool].counted) >= len(selection.counted)
    total = sum(evidence.select("pediatric-vs-adult", "adults").ni)
    assert sum(naive.select("pediatric-vs-adult", "adults").ni) > total


def test_removing_one_edge_changes_the_set(evidence):
    pool = "pediatric-vs-adult", "children"
    before = evidence.select(*pool).slab
    inside = Edge("handgretinger2011", "subset_of", "schlegel2014")
    assert inside in evidence.graph.edges
    after = without(evidence, lambda edge: edge == inside).select(*pool).slab
    assert set(after) != set(before)
    assert len(after) == len(before) + 1


def test_possible_overlaps_stay_in_and_are_flagged(evidence, selections):
    flagged = [c for s in selections for c in s.counted if c.possible_overlaps]
    assert flagged
    for counted in flagged:
        assert counted.cohort["label"] not in counted.possible_overlaps


def test_strata_pair_rows_of_one_study(evidence):
    analysis = evidence.analyse("salvage-line")
    pairs = analysis.strata("first", "later")
    assert len(pairs) == 2
    for first, later in pairs:
        assert first.study == later.study
        assert not evidence.graph.shares(first.cohort["cohort_id"], later.cohort["cohort_id"])


def test_unknown_names_say_what_is_allowed(evidence):
    with pytest.raises(
        ArgumentError, match=r"Evidence.analyse: analysis is 'nothing'; allowed: .*salvage-line"
    ):
        evidence.analyse("nothing")
    with pytest.raises(ArgumentError, match="pool is 'x'; allowed: first, later"):
        evidence.select("salvage-line", "x")
    with pytest.raises(ArgumentError, match="name is 'drugs'; allowed: sources, "):
        evidence.rows("drugs")


def test_loading_is_all_or_nothing_and_repeats(evidence):
    again = load_evidence(DATA)
    assert repr(again) == repr(evidence)
    assert (
        again.select("hsct-bridging", "treated-children").slab
        == evidence.select("hsct-bridging", "treated-children").slab
    )


def test_a_series_of_mixed_disease_is_listed_but_never_counted_for_residual_disease(selections):
    (selection,) = [s for s in selections if s.spec.id == "conversion-children"]
    assert {c.cohort["disease_state"] for c in selection.counted} == {"mrd_positive"}
    assert ("clesham2020", "SEL") in [(o.cohort["cohort_id"], o.code) for o in selection.left_out]


def test_children_who_were_all_transplanted_are_not_counted_for_transplant(evidence):
    selection = evidence.select("hsct-bridging", "treated-children")
    assert "post_baseline" not in {c.cohort["unit"] for c in selection.counted}
    assert ("clesham2020", "SEL") in [(o.cohort["cohort_id"], o.code) for o in selection.left_out]


def test_a_percentage_without_a_count_is_listed(evidence):
    left = evidence.select("pediatric-vs-adult", "children-cart").left_out
    shown = {o.cohort["cohort_id"]: (o.code, o.row["percent"]) for o in left}
    assert shown["maude2018"] == ("NE", "81")


def test_transplants_of_responders_are_put_together_from_two_printed_rows(evidence):
    rows = {row["row_id"]: row for row in evidence.rows("outcomes")}
    (counted,) = evidence.select("hsct-bridging", "responders-adults").counted
    some, all_of_them = (rows[name] for name in counted.row["derived_from"].split(";"))
    assert (counted.row["events"], counted.row["total"]) == (some["events"], all_of_them["events"])
    assert some["criterion"] == all_of_them["criterion"]
    inside = some["cohort_id"], all_of_them["cohort_id"]
    assert evidence.graph.describe(*inside) == "inside"
