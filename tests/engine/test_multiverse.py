"""Labelled data sets by labelled methods: each analysis is the one it says it is."""

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest
from evisynth.engine.bayes.models import bayes_normal
from evisynth.engine.effects.escalc import escalc
from evisynth.engine.glmm.model import rma_glmm
from evisynth.engine.proportions.pooling import pool_proportions
from evisynth.engine.proportions.result import HEADLINE
from evisynth.engine.random_effects.model import rma
from evisynth.engine.specifications.contrasts import (
    CONTRAST_METHODS,
    ContrastMethod,
    Strata,
    contrast_multiverse,
)
from evisynth.engine.specifications.multiverse import DEFAULT_METHODS, DataSet, Method, multiverse
from evisynth.engine.specifications.paired import paired_changes
from evisynth.engine.two_arm.pooling import inverse_variance, mantel_haenszel, peto
from evisynth.errors import ArgumentError

ALL = DataSet({"Data": "all", "Rule": "a"}, (7, 5, 9, 3, 6), (10, 11, 12, 9, 8))
SOME = DataSet({"Data": "some", "Rule": "a"}, (7, 5, 9), (10, 11, 12))
AGAIN = DataSet({"Data": "some", "Rule": "b"}, (7, 5, 9), (10, 11, 12))
FEW = DataSet({"Data": "few", "Rule": "a"}, (7, 5), (10, 11))
NONE = DataSet({"Data": "none", "Rule": "a"}, (), ())
SETS = (ALL, SOME, AGAIN, FEW, NONE)


def test_every_analysis_is_the_one_that_its_labels_name():
    found = multiverse(SETS)
    assert len(found) == len(SETS) * len(DEFAULT_METHODS)
    for i, choices in enumerate(found.specifications):
        data = next(d for d in SETS if choices.items() >= d.choices.items())
        method = next(m for m in DEFAULT_METHODS if choices.items() >= m.choices.items())
        assert (found.k[i], found.n[i]) == (len(data.xi), sum(data.ni))
        if found.k[i] < 3:
            assert not found.estimable[i] and np.isnan(found.estimate[i])
            continue
        if method.model == "glmm":
            alone = rma_glmm(data.xi, data.ni, **method.options)
        elif method.model == "bayes":
            alone = pool_proportions(data.xi, data.ni).models.get(choices["Model"])
            if alone is None:
                continue
        else:
            effects = escalc(method.model, xi=data.xi, ni=data.ni)
            alone = rma(*effects, measure=method.model, **method.options)
        shown = alone.displayed
        expected = [shown[name] for name in ("estimate", "ci_lb", "ci_ub")]
        # Inverse variance seen 1e-16; the likelihood and the posterior of a stack 1e-8.
        assert [found.estimate[i], found.ci_lb[i], found.ci_ub[i]] == pytest.approx(
            expected, abs=1e-6
        )


def test_axes_say_their_levels_and_why_there_is_one():
    found = multiverse(SETS[:2], why_one={"Rule": "there is no other"})
    axes = {axis: (levels, planned, why) for axis, levels, planned, why in found.axes}
    assert axes["Data"] == (("all", "some"), "all", "")
    assert axes["Rule"] == (("a",), "a", "there is no other")
    assert axes["Model"][1] == HEADLINE and len(axes["Model"][0]) > 4


def test_the_protocol_is_found_by_its_levels():
    wanted = {"Data": "some", "Rule": "b", "Model": "GLMM by Bayes, HN(1)"}
    found = multiverse(SETS, protocol=wanted)
    assert found.specifications[found.protocol]["Rule"] == "b"
    assert multiverse(SETS).protocol == 0


def test_it_leaves_as_table_and_json():
    found = multiverse(SETS)
    assert found.choices.shape == (len(found), 4)
    assert len(found.summary) == len(found) == len(json.loads(found.to_json())["specifications"])
    assert found.notes == (
        f"{2 * len(DEFAULT_METHODS)} of {len(found)} analyses have fewer than 3 studies or no "
        "finite estimate and are not drawn",
    )
    low, middle, high = found.range
    assert 0 < low <= middle <= high < 1 and f"{low:.3f} to {high:.3f}" in repr(found)


def test_where_nothing_is_estimable_there_is_no_range():
    found = multiverse([FEW, NONE])
    assert not found.estimable.any() and np.isnan(found.range).all()
    assert repr(found) == f"<multiverse of {2 * len(DEFAULT_METHODS)} analyses, 0 estimable>"


def test_all_or_none_has_no_likelihood_but_a_posterior():
    every = DataSet({"Data": "every"}, (3, 4, 5), (3, 4, 5))
    found = multiverse([every])
    by_model = dict(zip((s["Model"] for s in found.specifications), found.estimable, strict=True))
    assert not by_model["GLMM by likelihood"] and by_model["GLMM by Bayes, HN(1)"]


def test_axes_that_say_how_to_pool_are_named():
    assert multiverse(SETS).method_axes == ("Model", "Interval")


def test_a_change_is_the_difference_of_pairs_equal_in_all_else():
    choices = pd.DataFrame(product("ab", "xyz", "st"), columns=["A", "B", "How"])
    effect = {"a": 0.0, "b": 2.0, "x": 0.0, "y": 1.0, "z": -3.0}
    y = np.array([effect[a] + effect[b] + (a + b == "bz") for a, b, _ in choices.to_numpy()])
    axes = (("A", ("a", "b"), "a"), ("B", ("x", "y", "z"), "x"), ("How", ("s", "t"), "s"))
    found = {(c.axis, c.level): c for c in paired_changes(choices, y, axes)}
    numbers = {key: (c.pairs, c.median, c.low, c.high) for key, c in found.items()}
    # Each pair once, although the axis "How", which moves nothing, doubles the analyses.
    assert numbers["A", "b"] == (3, 2.0, 2.0, 3.0)
    assert numbers["B", "y"] == (2, 1.0, 1.0, 1.0)
    assert numbers["B", "z"] == (2, -2.5, -3.0, -2.0)
    assert numbers["How", "t"] == (6, 0.0, 0.0, 0.0)
    assert numbers["A", "a"] == (0, None, None, None) and found["A", "a"].analyses == 6


def test_a_change_does_not_see_unequal_branches():
    """A choice that changes nothing, but is made where rates are high, has a higher median."""
    rows = [("x", str(i)) for i in range(10)] + [("y", "8"), ("y", "9")]
    choices = pd.DataFrame(rows, columns=["A", "B"])
    axes = (("A", ("x", "y"), "x"), ("B", tuple("0123456789"), "0"))
    rates = choices["B"].astype(float) / 10
    change = next(c for c in paired_changes(choices, rates, axes) if c.level == "y")
    assert (change.analyses, change.median, change.low, change.high) == (2, 0.0, 0.0, 0.0)


def test_models_are_compared_although_each_has_its_own_interval():
    """A posterior has no Wald limits: what moves no estimate need not be equal."""
    found = multiverse([ALL], protocol={"Model": "GLMM by Bayes, HN(1)"})
    changes = {c.level: c for c in paired_changes(found.choices, found.estimate, found.axes)}
    for level in ("GLMM by likelihood", "GLMM by Bayes, HN(0.5)", "logit, REML"):
        first = next(i for i, s in enumerate(found.specifications) if s["Model"] == level)
        expected = found.estimate[first] - found.estimate[found.protocol]
        assert changes[level].pairs == 1 and changes[level].median == pytest.approx(expected)


def test_without_an_estimate_there_is_no_pair():
    choices = pd.DataFrame({"A": ["x", "y"]})
    one, other = paired_changes(choices, [0.5, np.nan], (("A", ("x", "y"), "x"),))
    assert (one.analyses, other.analyses, other.pairs, other.median) == (1, 0, 0, None)


BOTH = Strata({"Strata": "both"}, (53, 36), (104, 61), (66, 84), (167, 200))
ONE = Strata({"Strata": "one"}, (53,), (104,), (66,), (167,))


def test_a_contrast_is_pooled_by_each_method():
    found = contrast_multiverse([BOTH, ONE])
    by = {tuple(s.values()): i for i, s in enumerate(found.specifications)}
    for name, pool in (("Mantel–Haenszel", mantel_haenszel), ("Peto", peto),
                       ("inverse variance", inverse_variance)):  # fmt: skip
        for data in (BOTH, ONE):
            i = by[data.choices["Strata"], name]
            shown = pool(*data.tables).displayed
            assert (found.estimate[i], found.ci_lb[i]) == (shown["estimate"], shown["ci_lb"])
            assert found.k[i] == len(data.ai) and found.n[i] == sum(data.n1i + data.n2i)
    effects = escalc("OR", **dict(zip(("ai", "n1i", "ci", "n2i"), BOTH.tables, strict=True)))
    shown = bayes_normal(*effects, tau_prior="HN(0.5)", measure="OR").displayed
    assert found.ci_ub[by["both", "Bayes, HN(0.5)"]] == shown["ci_ub"]
    assert ("one", "Bayes, HN(0.5)") not in by and len(found) == 9 and found.protocol == 0


@pytest.mark.parametrize("measure", ["RR", "RD"])
def test_a_contrast_is_pooled_on_the_scale_asked_for(measure):
    methods = [m for m in CONTRAST_METHODS if m.model != "Peto"]
    found = contrast_multiverse([BOTH], methods, measure=measure)
    shown = mantel_haenszel(*BOTH.tables, measure=measure).displayed
    assert found.measure == measure and found.ci_lb[0] == shown["ci_lb"]
    with pytest.raises(ArgumentError, match="Peto's method"):
        contrast_multiverse([BOTH], measure=measure)


def test_a_contrast_that_cannot_be_estimated_is_nan():
    none = Strata({"Strata": "none"}, (0, 0), (9, 8), (3, 2), (9, 9))
    found = contrast_multiverse([BOTH, none], CONTRAST_METHODS[:1])
    assert found.estimable.tolist() == [True, False] and found.n[1] == 35


@pytest.mark.parametrize(
    "data_sets, methods, message",
    [
        ([], CONTRAST_METHODS, "data_sets is empty"),
        ([ALL], CONTRAST_METHODS, "allowed: Strata"),
        ([Strata({"a": "b"}, (4,), (3,), (1,), (2,))], CONTRAST_METHODS, "data set 0: ai is 4"),
        ([BOTH], [ContrastMethod({"Model": "m"}, "magic")], "of the model 'magic' at position 0"),
        ([BOTH], [ContrastMethod({"Model": "m"}, "MH", {"add": 1})], "a mapping of nothing"),
    ],
)
def test_a_bad_contrast_is_named(data_sets, methods, message):
    with pytest.raises(ArgumentError) as caught:
        contrast_multiverse(data_sets, methods)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "data_sets, methods, options, message",
    [
        ([], DEFAULT_METHODS, {}, "data_sets is empty; allowed: at least one entry"),
        ([ALL], [], {}, "methods is empty; allowed: at least one entry"),
        ([ALL, "x"], DEFAULT_METHODS, {}, "data_sets is 'x' at position 1; allowed: DataSet"),
        ([ALL, ALL], DEFAULT_METHODS, {}, "the same at positions 0 and 1: all, a"),
        ([ALL, DataSet({"Data": "x"}, (1,), (2,))], DEFAULT_METHODS, {}, "axes of the first"),
        ([ALL], [Method({"Model": "m"}, "magic")], {}, "of the model 'magic' at position 0"),
        ([ALL], DEFAULT_METHODS, {"protocol": {"Data": "no"}}, "protocol is Data: no; allowed"),
        ([ALL], DEFAULT_METHODS, {"level": 2}, "level is 2"),
        ([ALL], DEFAULT_METHODS, {"minimum_k": 1}, "minimum_k is 1"),
        ([DataSet({"D": "x"}, (4, 1), (3, 3))], DEFAULT_METHODS, {}, "data set 0: xi is 4"),
    ],
)
def test_bad_input_is_named(data_sets, methods, options, message):
    with pytest.raises(ArgumentError) as caught:
        multiverse(data_sets, methods, **options)
    assert message in str(caught.value)


def test_a_ratio_beyond_floating_point_is_no_estimate():
    # Found by fuzzing: an upper limit of infinity, of a stratum where hardly anybody has the event.
    tables = ((93, 7, 491, 10, 1902, 0, 0, 0), (93, 7, 491, 10, 1902, 209, 1000000, 85),
              (0, 1000, 0, 0, 0, 0, 0, 0), (21, 1000000000, 83, 5, 96, 5, 9695, 98))  # fmt: skip
    found = contrast_multiverse(
        [Strata({"S": "0"}, *tables)], [ContrastMethod({"M": "MH"})], measure="RR",
        level=1 - 1e-9, minimum_k=1,
    )  # fmt: skip
    numbers = np.array([found.estimate, found.ci_lb, found.ci_ub])
    assert np.all(np.isfinite(numbers)) == found.estimable[0]
    assert np.all(np.isnan(numbers)) or found.estimable[0]
