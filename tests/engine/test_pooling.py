"""One rule for few studies: which rule, what it shows, and that it never invents a number."""

import json

import numpy as np
import pytest
from evisynth.engine.bayes.models import bayes_binomial
from evisynth.engine.beta_binomial.model import betabinomial
from evisynth.engine.coverage.few_studies import BAYES as SIMULATED_BAYES
from evisynth.engine.coverage.few_studies import GLMM as SIMULATED_GLMM
from evisynth.engine.coverage.few_studies import INTERVALS, KS, MEAN, NEW, TAUS
from evisynth.engine.coverage.record import read_few_studies
from evisynth.engine.effects.escalc import escalc, study_intervals
from evisynth.engine.glmm.model import rma_glmm
from evisynth.engine.proportions.pooling import (
    BESIDE,
    FEW,
    WARNINGS,
    pool_proportions,
    small_k_rule,
)
from evisynth.engine.proportions.result import HEADLINE
from evisynth.engine.random_effects.model import rma
from evisynth.errors import ArgumentError
from hypothesis import given, settings
from hypothesis import strategies as st

RULES = {
    "none": ([], []),
    "one": ([7], [10]),
    "two": ([7, 5], [10, 11]),
    "few": ([7, 5, 9], [10, 11, 12]),
    "many": ([7, 5, 9, 3, 6], [10, 11, 12, 9, 8]),
    "boundary": ([0, 0, 0], [10, 11, 12]),
    "extreme": ([0, 11, 12], [10, 11, 12]),
}

LABELS = ["A", "B", "C", "D", "E"]
STUDY = read_few_studies()


@st.composite
def counts(draw):
    ni = draw(st.lists(st.integers(1, 500), min_size=0, max_size=6))
    return [draw(st.integers(0, n)) for n in ni], ni


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_shows_what_it_may(rule):
    xi, ni = RULES[rule]
    pooled = pool_proportions(xi, ni)
    assert pooled.rule == rule == small_k_rule(xi, ni)
    assert pooled.warning == WARNINGS[rule].format(k=len(xi))
    assert (pooled.k, pooled.events, pooled.total) == (len(xi), sum(xi), sum(ni))
    modelled = rule in ("few", "many")
    assert (pooled.headline is not None) == (pooled.inverse_variance is not None) == modelled
    assert tuple(pooled.beside) == BESIDE[rule]
    assert (pooled.bayes is not None) == (rule not in ("none", "one"))
    assert (pooled.glmm is not None) == modelled
    assert list(pooled.models)[:1] == [HEADLINE] if modelled else not pooled.headline
    assert (pooled.common is None) == (modelled or rule == "none")
    assert (pooled.common_effect is None) == (rule == "none")
    shows_rate = rule in ("one", "few", "many", "boundary")
    assert (pooled.displayed["estimate"] is not None) == shows_rate
    assert (pooled.displayed["ci_lb"] is not None) == shows_rate
    assert (pooled.displayed["pi_lb"] is not None) == modelled


def test_the_boundaries_of_the_rule():
    assert [small_k_rule([1] * k, [3] * k) for k in range(7)] == [
        "none",
        "one",
        "two",
        "few",
        "few",
        "many",
        "many",
    ]
    assert FEW == 5
    # Below three studies their number decides, also where every patient has the event.
    assert small_k_rule([3, 3], [3, 3]) == "two" and small_k_rule([0], [3]) == "one"
    assert small_k_rule([3] * 9, [3] * 9) == "boundary"
    assert small_k_rule([3, 0, 3], [3, 3, 3]) == "extreme"


@pytest.mark.parametrize("rule", ["few", "many"])
def test_whatever_the_number_of_studies_the_headline_is_one_model(rule):
    xi, ni = RULES[rule]
    more = {"slab": LABELS[: len(xi)], "level": 0.9}
    pooled = pool_proportions(xi, ni, **more)
    for prior in ("HN(1)", "HN(0.5)", "HC(0.5)"):
        fitted = bayes_binomial(xi, ni, tau_prior=prior, **more)
        assert pooled.models[f"GLMM by Bayes, {prior}"] == fitted
    assert pooled.headline == pooled.bayes == pooled.models["GLMM by Bayes, HN(1)"]
    assert pooled.tau_limits == (pooled.headline.tau_lb, pooled.headline.tau_ub)
    assert pooled.glmm == rma_glmm(xi, ni, **more) and pooled.glmm.test == "t"
    assert pooled.level == 0.9


@pytest.mark.parametrize("k", KS)
def test_the_simulation_bears_out_who_leads(k):
    # Where this fails, the rule stands on nothing.
    cells = {(c.target, c.model, c.at["tau"]): c for c in STUDY.over("k", "tau") if c.at["k"] == k}
    assert len(cells) == len(INTERVALS) * len(TAUS)
    for tau in TAUS:
        bayes, likelihood = cells[NEW, SIMULATED_BAYES, tau], cells[NEW, SIMULATED_GLMM, tau]
        assert bayes.mean > likelihood.mean and bayes.lowest > likelihood.lowest
        if tau <= 1:
            bayes, likelihood = cells[MEAN, SIMULATED_BAYES, tau], cells[MEAN, SIMULATED_GLMM, tau]
            assert bayes.lowest >= likelihood.lowest


def longer(study):
    """By how much the interval of the rate by Bayes is longer on average, by number of studies."""
    widths = {(c.target, c.model, c.at["k"]): c.width for c in study.over("k")}
    return {k: widths[MEAN, SIMULATED_BAYES, k] - widths[MEAN, SIMULATED_GLMM, k] for k in KS}


def test_the_simulation_says_what_the_lead_costs():
    over = {(c.target, c.model, c.at["k"]): c for c in STUDY.over("k")}
    for k in KS:
        assert over[NEW, SIMULATED_BAYES, k].width > over[NEW, SIMULATED_GLMM, k].width
    # The interval of the rate, up to a tau of 1: shorter with three and four studies, a little
    # longer from five on, and more so where studies hardly differ.
    within, near = longer(STUDY.part(tau=TAUS[:-1])), longer(STUDY.part(tau=TAUS[:1]))
    assert max(TAUS[:-1]) == 1 and within[3] < -0.05 and within[4] < 0
    assert all(0 < within[k] < 0.01 for k in KS if k >= 5)
    assert all(near[k] > max(within[k], 0) for k in KS if k >= 4)
    # Beyond the prior's reach the likelihood's interval of the rate holds more often.
    far = {(c.target, c.model): c for c in STUDY.over("tau") if c.at["tau"] == max(TAUS)}
    assert far[MEAN, SIMULATED_GLMM].mean > far[MEAN, SIMULATED_BAYES].mean


def test_what_stands_beside_many_studies():
    xi, ni = RULES["many"]
    more = {"slab": LABELS, "level": 0.9}
    pooled = pool_proportions(xi, ni, **more)
    logit, arcsine = (rma(*escalc(m, xi=xi, ni=ni), measure=m, **more) for m in ("PLO", "PAS"))
    assert (pooled.beside["logit, REML"], pooled.beside["arcsine, REML"]) == (logit, arcsine)
    assert pooled.inverse_variance == logit and logit.test == "adhoc"
    assert pooled.beside["beta-binomial"] == betabinomial(xi, ni, **more)
    assert pooled.displayed == pooled.headline.displayed
    assert pooled.weights == pooled.headline.weights


def test_two_studies_have_a_posterior_beside_them_without_a_prediction():
    pooled = pool_proportions(*RULES["two"])
    assert pooled.headline is None and pooled.bayes.displayed["pi_lb"] is None
    assert 0 < pooled.bayes.displayed["ci_lb"] < pooled.bayes.displayed["ci_ub"] < 1


def test_a_result_tells_itself():
    pooled = pool_proportions(*RULES["few"])
    assert repr(pooled).startswith("<pooled by the rule 'few', 21/33, k = 3: 0.6")
    summary = pooled.summary.set_index("term")
    assert summary["headline"].tolist() == [True, False, False, False, False, False]
    assert summary.loc["common effect", "estimate"] == 21 / 33
    assert pool_proportions([], []).to_dict()["displayed"]["estimate"] is None


def test_all_patients_as_one_cohort_is_exact():
    pooled = pool_proportions(*RULES["boundary"])
    # Clopper-Pearson for 0 of 33 by hand: 1 - 0.025^(1/33).
    assert pooled.common == pytest.approx((0, 0, 1 - 0.025 ** (1 / 33)), rel=1e-12)
    assert pooled.displayed["ci_ub"] == pooled.common[2]
    one = pool_proportions(*RULES["one"])
    assert one.common[1:] == (one.lower[0], one.upper[0]) and one.common[0] == 0.7


def test_common_effect_maximises_the_likelihood_of_one_proportion():
    from evisynth.engine.glmm.model import glmm_log_likelihood
    from scipy.special import logit
    from scipy.stats import binom

    for rule in ("two", "few", "many"):
        xi, ni = RULES[rule]
        estimate, lower, upper = pool_proportions(xi, ni, level=0.9).common_effect
        top = logit(estimate)
        values = [glmm_log_likelihood(top + d, 0.0, xi, ni) for d in (-1e-3, 0, 1e-3)]
        assert max(values) == values[1]
        # Its limits leave 5 percent on either side, since the sum is binomial; error seen 1e-15.
        assert binom.sf(sum(xi) - 1, sum(ni), lower) == pytest.approx(0.05, rel=1e-9)
        assert binom.cdf(sum(xi), sum(ni), upper) == pytest.approx(0.05, rel=1e-9)


def test_common_effect_stays_out_of_what_is_displayed():
    for rule in ("two", "extreme"):
        pooled = pool_proportions(*RULES[rule])
        assert pooled.common_effect.estimate == pooled.events / pooled.total
        assert set(pooled.displayed.values()) == {None}
        assert pooled.to_dict()["common_effect"] == list(pooled.common_effect)
    assert pool_proportions(*RULES["many"]).displayed["estimate"] != 30 / 50


def test_totals_may_add_up_to_more_than_a_study_may_have():
    pooled = pool_proportions([10**9 // 2] * 2, [10**9] * 2)
    assert pooled.common_effect.estimate == 0.5
    assert 0.4999 < pooled.common_effect.ci_lb < 0.5 < pooled.common_effect.ci_ub < 0.5001


def test_two_cohorts_are_not_pooled_though_their_sum_is_kept():
    pooled = pool_proportions(*RULES["two"])
    assert set(pooled.displayed.values()) == {None}
    assert pooled.common[0] == pytest.approx(12 / 21, rel=1e-15)
    assert pooled.weights == pytest.approx((100 * 10 / 21, 100 * 11 / 21), rel=1e-15)


@settings(max_examples=25, deadline=None)
@given(counts())
def test_no_number_is_ever_nan_and_limits_are_proportions(data):
    xi, ni = data
    pooled = pool_proportions(xi, ni)
    plain = json.dumps(pooled.to_dict(), allow_nan=False)
    assert json.loads(plain)["k"] == len(xi)
    shown = [value for value in pooled.displayed.values() if value is not None]
    assert all(0 <= value <= 1 for value in (*shown, *pooled.lower, *pooled.upper))
    if xi:
        lower, upper = study_intervals(xi, ni)
        assert pooled.lower == tuple(lower) and pooled.upper == tuple(upper)
        assert sum(pooled.weights) == pytest.approx(100, abs=1e-9)
    assert list(pooled.displayed) == ["estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub"]


def test_arrays_and_series_are_taken():
    import pandas as pd

    xi, ni = RULES["few"]
    expected = pool_proportions(xi, ni)
    assert pool_proportions(np.array(xi), np.array(ni)) == expected
    frame = pd.DataFrame({"x": xi, "n": ni}, index=[5, 3, 9])
    assert pool_proportions(frame["x"], frame["n"]) == expected
    assert all(type(x) is int for x in pool_proportions(frame["x"], frame["n"]).xi)


@pytest.mark.parametrize(
    "xi, ni, options, message",
    [
        ([], [3], {}, "pool_proportions: ni is of length 1; allowed: the length of xi, 0."),
        ([], None, {}, "pool_proportions: ni is missing; allowed: the length of xi, 0."),
        ([], 5, {}, "pool_proportions: ni is 5; allowed: the length of xi, 0."),
        (
            [[1], [2, 3]],
            [3, 3],
            {},
            "pool_proportions: xi is [[1], [2, 3]]; allowed: whole numbers from 0.",
        ),
        (None, None, {}, "pool_proportions: xi is missing; allowed: whole numbers from 0."),
        (
            [1, np.nan, 2],
            [3, 3, 3],
            {},
            "pool_proportions: xi is nan at position 1; allowed: whole numbers from 0.",
        ),
        (
            [1, 2, 4],
            [3, 3, 3],
            {},
            "pool_proportions: xi is 4 at position 2; allowed: at most its total, 3.",
        ),
        (
            [1, 2],
            [3, 3, 3],
            {},
            "pool_proportions: ni is of length 3; allowed: the length of xi, 2.",
        ),
        (
            "no",
            [3],
            {},
            "pool_proportions: xi is 'no' at position 0; allowed: whole numbers from 0.",
        ),
        (
            [[1, 2]],
            [[3, 3]],
            {},
            "pool_proportions: xi is of shape (1, 2); allowed: one dimension.",
        ),
        (
            [1, 2],
            [3, 3],
            {"level": 2},
            "pool_proportions: level is 2; allowed: a number between 0 and 1, such as 0.95.",
        ),
        (
            [1, 2],
            [3, 3],
            {"slab": ["A", "B", "C"]},
            "pool_proportions: slab is of length 3; allowed: one label per study, 2.",
        ),
    ],
)
def test_bad_arguments_are_named(xi, ni, options, message):
    with pytest.raises(ArgumentError) as caught:
        pool_proportions(xi, ni, **options)
    assert str(caught.value) == message
