"""Every model's interval for a new study holds that of its mean, or the result says that not."""

import numpy as np
from evisynth.engine.bayes.models import bayes_binomial, bayes_normal
from evisynth.engine.beta_binomial.model import betabinomial
from evisynth.engine.glmm.model import rma_glmm
from evisynth.engine.moderators.meta_regression import meta_regression
from evisynth.engine.moderators.subgroup_analysis import subgroups
from evisynth.errors import NotEstimable
from hypothesis import assume, given, settings
from hypothesis import strategies as st

TESTS = st.sampled_from(("z", "knha", "adhoc"))
METHODS = st.sampled_from(("DL", "PM", "REML", "SJ"))


@st.composite
def effects(draw, k_min=5):
    k = draw(st.integers(k_min, 9))
    yi = np.array(draw(st.lists(st.floats(-1, 1), min_size=k, max_size=k)))
    vi = 10.0 ** np.array(draw(st.lists(st.floats(-3, 0.5), min_size=k, max_size=k)))
    yi[draw(st.integers(0, k - 1))] += draw(st.sampled_from((0, 4, 50)))
    return yi, vi


@st.composite
def counts(draw):
    k = draw(st.integers(3, 7))
    ni = draw(st.lists(st.integers(1, 200), min_size=k, max_size=k))
    return [draw(st.integers(0, n)) for n in ni], ni


def holds(result):
    if result.pi_lb is None:
        return True
    lower = np.asarray(result.pi_lb) <= np.asarray(result.ci_lb)
    return bool(np.all(lower & (np.asarray(result.pi_ub) >= np.asarray(result.ci_ub))))


def said(result):
    return any("do not hold the limits of the mean" in note for note in result.notes)


@settings(max_examples=40, deadline=None)
@given(effects(), METHODS, TESTS, st.sampled_from(("t(k-p)", "HTS", "z", "HK")))
def test_of_a_meta_regression_and_of_subgroups(data, method, test, convention):
    x = np.arange(len(data[0]), dtype=float)
    found = meta_regression(*data, x, method=method, test=test).predict(x, prediction=convention)
    assert holds(found) != said(found)
    assert holds(found) or (convention, test) not in {("t(k-p)", test), ("HTS", test), ("z", "z")}
    shown = found.displayed
    assert holds(found) == bool(np.all(np.array(shown["pi_lb"]) <= shown["ci_lb"]))
    groups = ["a", "b", *"ab" * len(x)][: len(x)]
    for tau2 in ("common", "separate"):
        for one in subgroups(*data, groups, tau2=tau2, method=method, test=test).analyses.values():
            assert holds(one) and not said(one)


@settings(max_examples=25, deadline=None)
@given(counts())
def test_of_models_of_counts(data):
    bayes = bayes_binomial(*data)
    assert holds(bayes) and not said(bayes)
    assume(any(0 < x < n for x, n in zip(*data, strict=True)))
    try:
        for convention in ("t(k-1)", "HTS", "z"):
            fit = rma_glmm(*data, prediction=convention)
            assert holds(fit) != said(fit)
            assert holds(fit) or convention == "z"
        beta = betabinomial(*data)
    except NotEstimable:
        return
    # Its own limits for a new study take mean and rho as known.
    assert holds(beta) != said(beta)


@settings(max_examples=25, deadline=None)
@given(effects(k_min=3), st.sampled_from(("HN(0.5)", "HC(0.5)")))
def test_of_bayes_on_effects(data, prior):
    alone = bayes_normal(*data, tau_prior=prior)
    assert holds(alone) != said(alone)
    stack = bayes_normal(*np.stack([data, data], axis=1), tau_prior=prior)
    assert said(stack) == said(alone)


def test_a_beta_distribution_taken_as_known_is_narrower_and_says_so():
    many = betabinomial([1, 12, 5, 20, 3, 18], [20, 14, 16, 22, 20, 20])
    assert many.notes == () and holds(many)
    few = betabinomial([14, 30, 9], [20, 35, 24])
    assert not holds(few)
    assert few.notes == (
        "the prediction limits (mean and rho taken as known) do not hold the limits of the mean",
    )
