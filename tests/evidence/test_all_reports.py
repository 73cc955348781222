"""Every report of a pool, with the covariance of shared patients: a branch, not the answer."""

import numpy as np
import pytest
from evisynth.evidence.all_reports import OF_OVERLAP, all_reports
from evisynth.evidence.branches import (
    COHORTS,
    EVERYBODY,
    MULTILEVEL,
    branches,
    specification_multiverse,
)

POOL = ("pediatric-vs-adult", "adults")


@pytest.fixture(scope="module")
def reports(evidence):
    return all_reports(evidence, evidence.select(*POOL))


def test_whoever_is_counted_is_among_the_reports_and_more_besides(evidence, reports):
    counted = [c.cohort["cohort_id"] for c in reports.selection.counted]
    assert list(reports.labels[: len(counted)]) == counted and reports.more > 5
    left_out = {i.cohort["cohort_id"]: i.code for i in reports.selection.left_out}
    assert {left_out[name] for name in reports.labels[len(counted) :]} <= set(OF_OVERLAP)


def test_a_report_inside_another_shares_all_its_patients_and_strangers_none(evidence, reports):
    shared = reports.covariance.shared
    at = {name: i for i, name in enumerate(reports.labels)}
    inside, whole = at["dombret2019-first"], at["kantarjian2017-blina"]
    assert shared[inside, whole] == reports.ni[inside] == 104
    assert shared[at["topp2014"], whole] == 0
    for i, a in enumerate(reports.labels):
        for j, b in enumerate(reports.labels[:i]):
            if evidence.graph.disjoint(a, b):
                assert shared[i, j] == 0, (a, b)


def test_of_reports_of_the_same_patients_one_stays(evidence, reports):
    for i, a in enumerate(reports.labels):
        assert not any(evidence.graph.describe(a, b) == "same" for b in reports.labels[:i])


def test_the_covariance_is_positive_definite_and_the_answer_stays_near(reports):
    assert np.linalg.eigvalsh(reports.covariance.V).min() > 0
    headline = reports.selection.pooled.displayed
    shown = reports.model.displayed
    # Most of what comes in repeats what is there: the centre moves by less than the interval.
    assert headline["ci_lb"] < shown["estimate"] < headline["ci_ub"]
    assert shown["ci_lb"] < headline["estimate"] < shown["ci_ub"]


def test_where_nobody_was_left_out_there_is_no_such_branch(evidence):
    alone = evidence.select("randomised", "remission-chemotherapy")
    assert all_reports(evidence, alone) is None


def test_the_curve_has_it_as_a_branch_and_the_protocol_is_another(evidence, reports):
    found = specification_multiverse(evidence, *POOL)
    planned = found.specifications[found.protocol]
    assert planned[COHORTS] != EVERYBODY and planned["Model"] != MULTILEVEL
    ours = [i for i, s in enumerate(found.specifications) if s[COHORTS] == EVERYBODY]
    assert [found.specifications[i]["Interval"] for i in ours] == ["t of families", "CR2"]
    for i in ours:
        assert found.estimate[i] == pytest.approx(reports.model.displayed["estimate"])
        others = {k: v for k, v in found.specifications[i].items() if k in planned}
        assert {k for k in planned if others[k] != planned[k]} == {COHORTS, "Model", "Interval"}
    levels = {axis: levels for axis, levels, *_ in found.axes}
    assert EVERYBODY in levels[COHORTS] and MULTILEVEL in levels["Model"]
    data_sets = branches(evidence, evidence.select(*POOL).spec)
    assert all(data.choices[COHORTS] != EVERYBODY for data in data_sets)
