"""Labelled data sets by labelled methods: each analysis is the one it says it is."""

import json

import numpy as np
import pytest
from evisynth.effects.escalc import escalc
from evisynth.errors import ArgumentError
from evisynth.glmm.model import rma_glmm
from evisynth.proportions.pooling import pool_proportions
from evisynth.random_effects.model import rma
from evisynth.specifications.multiverse import DEFAULT_METHODS, DataSet, Method, multiverse

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
    assert axes["Model"][1] == "binomial-normal" and len(axes["Model"][0]) > 4


def test_the_protocol_is_found_by_its_levels():
    found = multiverse(SETS, protocol={"Data": "some", "Rule": "b", "Model": "Bayes, HN(1)"})
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


def test_all_or_none_has_no_likelihood_but_a_posterior():
    every = DataSet({"Data": "every"}, (3, 4, 5), (3, 4, 5))
    found = multiverse([every])
    by_model = dict(zip((s["Model"] for s in found.specifications), found.estimable, strict=True))
    assert not by_model["binomial-normal"] and by_model["Bayes, HN(1)"]


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
