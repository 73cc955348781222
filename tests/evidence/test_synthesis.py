"""Two pools within studies: which cohorts are a stratum, and what is said where none is."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from evisynth.errors import ArgumentError
from evisynth.evidence.overlap import OverlapGraph
from evisynth.evidence.selection import Counted, Selection
from evisynth.evidence.specs import AnalysisSpec, ContrastSpec, PoolSpec
from evisynth.evidence.synthesis import Analysis
from evisynth.results import analysis_results

BOOK = {"title": "Trees", "version": "1", "created": "2026-01-01", "licenses": ()}
ABOUT = ("criterion", "denominator", "timepoint", "source_id", "locator", "derivation")


def counted(pool, study, events, total, part=""):
    key = f"{study}-{pool}{part}"
    row = {"row_id": key, "outcome": "cr", "events": events, "total": total, "second_hand": False}
    cohort = {"cohort_id": key, "study_id": study, "label": key.title()}
    return Counted(row | dict.fromkeys(ABOUT), cohort, {"study_id": study, "name": study})


def analysis(young, old):
    """Two contrasted pools; each cohort is (study, events, total) and perhaps a part."""
    pools = {"young": young, "old": old}
    shared = {"estimand": "response", "outcomes": ("cr",), "where": {"group": ("x",)}}
    specs = {p: PoolSpec(id=p, title=p.title(), **shared) for p in pools}
    selections = {
        p: Selection(specs[p], tuple(counted(p, *cohort) for cohort in cohorts), ())
        for p, cohorts in pools.items()
    }
    contrasts = (ContrastSpec(first="young", second="old"),)
    spec = AnalysisSpec(
        id="age", question="Whose?", pools=tuple(specs.values()), contrasts=contrasts
    )
    evidence = SimpleNamespace(graph=OverlapGraph([]), codebook=BOOK)
    return Analysis(spec, selections, evidence)


PLAIN = analysis(
    [("alder", 9, 20), ("birch", 14, 30), ("cedar", 5, 11)], [("birch", 6, 33), ("alder", 3, 18)]
)


def names(pairs):
    return [tuple(c.cohort["cohort_id"] for c in pair) for pair in pairs]


def test_a_stratum_is_one_cohort_of_a_study_in_each_pool():
    expected = [("alder-young", "alder-old"), ("birch-young", "birch-old")]
    assert names(PLAIN.strata("young", "old")) == expected
    back = {pair[::-1] for pair in names(PLAIN.strata("old", "young"))}
    assert back == set(expected)


@pytest.mark.parametrize(
    ("pools", "argument"), [(("young", "old"), "second"), (("old", "young"), "first")]
)
def test_two_cohorts_of_one_study_are_no_stratum(pools, argument):
    twice = analysis([("alder", 9, 20)], [("alder", 3, 18, "-a"), ("alder", 4, 9, "-b")])
    with pytest.raises(ArgumentError, match="'old' with Alder-Old-A and Alder-Old-B") as error:
        twice.strata(*pools)
    assert error.value.argument == argument


def test_of_two_studies_with_two_cohorts_the_first_is_named():
    # Of many, so that the order of a set would show.
    studies = [f"study{i}" for i in range(12)]
    young = [(name, 9, 20, part) for name in studies for part in ("-a", "-b")]
    twice = analysis(young, [(name, 3, 9) for name in reversed(studies)])
    with pytest.raises(ArgumentError, match="with Study0-Young-A and Study0-Young-B"):
        twice.strata("young", "old")


def test_two_cohorts_of_a_study_that_one_pool_has_alone_do_no_harm():
    alone = analysis(
        [("alder", 9, 20), ("elm", 1, 5, "-a"), ("elm", 2, 5, "-b")], [("alder", 3, 9)]
    )
    assert names(alone.strata("young", "old")) == [("alder-young", "alder-old")]


@pytest.mark.parametrize("pools", [("young", "old"), ("old", "young")])
def test_contrasted_pools_stand_beside_each_other_matched_in_the_order_asked_for(pools):
    shown = PLAIN.side_by_side(*pools)
    assert tuple(s.spec.id for s in shown) == pools
    assert [{c.study["study_id"] for c in s.counted} for s in shown] == [{"alder", "birch"}] * 2


def test_pools_that_are_not_contrasted_stand_beside_each_other_whole():
    free = replace(PLAIN, spec=PLAIN.spec.replaced(contrasts=()))
    assert [len(s.counted) for s in free.side_by_side("young", "old")] == [3, 2]
    assert len(PLAIN.side_by_side("young")[0].counted) == 3


def test_a_declared_contrast_without_strata_is_told_and_breaks_nothing():
    apart = analysis([("alder", 9, 20)], [("birch", 3, 18)])
    (found,) = analysis_results(apart)["contrasts"]
    assert found == {
        "first": "young", "second": "old", "measure": "OR", "not_estimable": "no study has both"
    }  # fmt: skip
    (found,) = analysis_results(PLAIN)["contrasts"]
    assert len(found["strata"]) == 2 and found["common"]["estimate"] > 1
