"""The normal-normal model: published numbers, metafor's, and properties."""

import dataclasses
import json
from pathlib import Path

import evisynth
import numpy as np
import pytest
from evisynth.engine.effects.escalc import escalc
from evisynth.engine.effects.measures import MEASURES
from evisynth.engine.random_effects.intervals import (
    prediction_limits,
    profile_likelihood,
    q_profile,
)
from evisynth.engine.random_effects.model import rma
from evisynth.engine.random_effects.tau2 import ESTIMATORS
from evisynth.errors import ArgumentError
from evisynth.figures import forest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "reference.json").read_text())
TESTS = ("z", "knha", "adhoc")


@st.composite
def studies(draw, k_min=2, k_max=7):
    k = draw(st.integers(k_min, k_max))
    yi = draw(st.lists(st.floats(-5, 5), min_size=k, max_size=k))
    vi = draw(st.lists(st.floats(0.01, 10), min_size=k, max_size=k))
    return np.round(yi, 3), np.array(vi)


ALLOWED = "allowed: EE, DL, HE, HS, SJ, PM, EB, ML, REML"
METHODS, CHOICES = st.sampled_from(list(ESTIMATORS)), st.sampled_from(TESTS)


# --- published numbers, and metafor's ------------------------------------------------------------


def test_bcg_vaccine_trials_are_as_published():
    # Viechtbauer (2010) J Stat Softw 36(3), section 3.3, to the decimals printed there.
    bcg = next(c for c in REFERENCE["analyses"] if (c["data"], c["measure"]) == ("bcg", "RR"))
    result = rma(*escalc("RR", **bcg["counts"]), method="REML", test="z", measure="RR")
    assert round(result.estimate, 4) == -0.7145
    assert round(result.tau2, 4) == 0.3132
    assert round(result.se, 4) == 0.1798
    assert (round(result.ci_lb, 4), round(result.ci_ub, 4)) == (-1.0669, -0.3622)
    assert (round(result.I2, 2), round(result.H2, 2)) == (92.22, 12.86)
    assert round(result.Q, 4) == 152.2330
    assert result.displayed["estimate"] == pytest.approx(0.4894, abs=5e-5)
    # Stata's metan, as metafor's own tests quote it.
    equal = rma(*escalc("RR", **bcg["counts"]), method="EE", test="z")
    moments = rma(*escalc("RR", **bcg["counts"]), method="DL", test="z")
    for found, printed in (
        (equal, (-0.4303, -0.5097, -0.3509)),
        (moments, (-0.7141, -1.0644, -0.3638)),
    ):
        assert (found.estimate, found.ci_lb, found.ci_ub) == pytest.approx(printed, abs=5.1e-5)


@pytest.mark.parametrize(
    "case", REFERENCE["analyses"], ids=lambda case: f"{case['data']}-{case['measure']}"
)
def test_rma_equals_metafor(case):
    for fit in case["fits"]:
        result = rma(case["yi"], case["vi"], method=fit["method"], test=fit["test"])
        label = f"{fit['method']} {fit['test']}"
        # Largest errors seen against metafor with tightened controls: estimate 5e-13, se 6e-13,
        # limits 3e-12, tau2 3e-13, Q 9e-11 (of 1e4), its p 3e-14.
        for name in ("estimate", "se", "ci_lb", "ci_ub", "tau2", "Q", "Q_p"):
            expected = pytest.approx(fit[name], rel=1e-10, abs=1e-10)
            assert getattr(result, name) == expected, f"{label} {name}"
        # I2 8e-10 and H2 4e-7 (of 1e4); metafor lets the equal-effects H2 fall below 1.
        assert pytest.approx(fit["I2"], rel=1e-9, abs=1e-8) == result.I2, label
        h2 = max(1, fit["H2"]) if fit["method"] == "EE" else fit["H2"]
        assert pytest.approx(h2, rel=1e-9) == result.H2, label
        # 2e-10 percent.
        if "weights" in fit:
            np.testing.assert_allclose(result.weights, fit["weights"], rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    "case",
    [case for case in REFERENCE["analyses"] if case["predictions"]],
    ids=lambda case: f"{case['data']}-{case['measure']}",
)
def test_prediction_interval_equals_metafors(case):
    for reference in case["predictions"]:
        convention, test = reference["convention"], reference["test"]
        # The test "t" of metafor has the standard error of "z".
        options = {"method": reference["method"], "test": "z" if test == "t" else test}
        result = rma(case["yi"], case["vi"], prediction=convention, **options)
        # Largest error seen 9e-13 absolute, 9e-11 relative.
        limits = (reference["pi_lb"], reference["pi_ub"])
        assert (result.pi_lb, result.pi_ub) == pytest.approx(limits, rel=1e-9, abs=1e-9)
        assert result.prediction == convention


@pytest.mark.parametrize(
    "case", REFERENCE["analyses"], ids=lambda case: f"{case['data']}-{case['measure']}"
)
def test_q_profile_equals_metafor(case):
    found = q_profile(case["yi"], case["vi"])._asdict()
    # metafor's root to 1e-13 absolute. Largest errors seen: tau2 1e-10 relative, I2 8e-11 and H2
    # 8e-9 absolute.
    assert found == pytest.approx(case["q_profile"], rel=1e-6, abs=1e-8)


# --- properties ----------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(studies(k_min=1), METHODS, CHOICES, st.floats(0.5, 0.99))
def test_every_number_is_there_and_in_order(data, method, test, level):
    result = rma(*data, method=method, test=test, level=level)
    assert result.se > 0 and result.tau2 >= 0 and result.tau == result.tau2**0.5
    assert result.ci_lb < result.estimate < result.ci_ub
    assert sum(result.weights) == pytest.approx(100, abs=1e-9)
    assert all(weight >= 0 for weight in result.weights)
    values = [getattr(result, n) for n in ("I2", "H2", "Q", "Q_p", "pi_lb", "pi_ub")]
    assert all(value is None or np.isfinite(value) for value in values)
    assert data[0].min() - 1e-12 <= result.estimate <= data[0].max() + 1e-12
    predicted = result.k >= 3 and method != "EE"
    assert (result.pi_lb is not None) == (result.pi_ub is not None) == predicted
    if predicted:
        assert result.pi_lb < result.estimate < result.pi_ub


@settings(max_examples=50, deadline=None)
@given(studies(), METHODS, CHOICES, st.randoms(use_true_random=False))
def test_study_order_does_not_matter(data, method, test, random):
    yi, vi = data
    order = list(range(yi.size))
    random.shuffle(order)
    one = rma(yi, vi, method=method, test=test)
    other = rma(yi[order], vi[order], method=method, test=test)
    # Error seen 2e-13, in Q; the same after a shift or in another unit, 2e-12 at most.
    for name in ("estimate", "se", "ci_lb", "ci_ub", "tau2", "Q"):
        expected = pytest.approx(getattr(one, name), rel=1e-8, abs=1e-9)
        assert getattr(other, name) == expected, name
    np.testing.assert_allclose(np.array(one.weights)[order], other.weights, rtol=0, atol=1e-7)


@settings(max_examples=50, deadline=None)
@given(studies(), METHODS, CHOICES, st.floats(-50, 50))
def test_a_shift_moves_the_mean_and_nothing_else(data, method, test, shift):
    yi, vi = data
    one = rma(yi, vi, method=method, test=test)
    other = rma(yi + shift, vi, method=method, test=test)
    for name in ("estimate", "ci_lb", "ci_ub"):
        expected = pytest.approx(getattr(one, name) + shift, rel=1e-7, abs=1e-7)
        assert getattr(other, name) == expected, name
    for name in ("se", "tau2", "Q"):
        assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-7, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(studies(), METHODS, CHOICES, st.sampled_from([-1.0, 1e-3, 7.0, 1e3]))
def test_another_unit_scales_the_result(data, method, test, unit):
    yi, vi = data
    one = rma(yi, vi, method=method, test=test)
    other = rma(unit * yi, unit**2 * vi, method=method, test=test)
    assert other.estimate / unit == pytest.approx(one.estimate, rel=1e-7, abs=1e-9)
    assert other.se / abs(unit) == pytest.approx(one.se, rel=1e-7)
    assert other.tau2 / unit**2 == pytest.approx(one.tau2, rel=1e-7, abs=1e-10)
    assert pytest.approx(one.I2, rel=1e-7, abs=1e-6) == other.I2
    assert pytest.approx(one.Q, rel=1e-9, abs=1e-12) == other.Q


@settings(max_examples=50, deadline=None)
@given(studies(k_min=1), st.data())
def test_equal_effects_interval_shrinks_when_a_study_is_counted_twice(data, choose):
    yi, vi = data
    twice = choose.draw(st.integers(0, yi.size - 1))
    before = rma(yi, vi, method="EE", test="z")
    after = rma(np.append(yi, yi[twice]), np.append(vi, vi[twice]), method="EE", test="z")
    assert after.ci_ub - after.ci_lb < before.ci_ub - before.ci_lb
    # By exactly this much: the double counting that the book avoids. Error seen 2e-16.
    share = before.weights[twice] / 100
    assert after.se == pytest.approx(before.se / np.sqrt(1 + share), rel=1e-12)


@settings(max_examples=50, deadline=None)
@given(studies(k_min=2), METHODS)
def test_ad_hoc_knapp_hartung_is_never_narrower_than_either(data, method):
    z, knha, adhoc = (rma(*data, method=method, test=test) for test in TESTS)
    assert adhoc.se == pytest.approx(max(z.se, knha.se), rel=1e-12)
    assert z.estimate == knha.estimate == adhoc.estimate
    # Paule and Mandel's factor is 1 but for rounding, which is no news.
    raised = "Knapp-Hartung factor below 1 raised to 1" in adhoc.notes
    assert raised == (knha.se < z.se * (1 - 1e-9)) or knha.notes


@settings(max_examples=30, deadline=None)
@given(studies(k_min=2))
def test_paule_mandel_makes_the_knapp_hartung_factor_1(data):
    # Q(tau2) = k - 1 is what both say. Error seen 4e-16.
    z, knha = (rma(*data, method="PM", test=test) for test in ("z", "knha"))
    if z.tau2 > 0:
        assert knha.se == pytest.approx(z.se, rel=1e-9)


@settings(max_examples=50, deadline=None)
@given(studies(), st.floats(0.5, 0.99))
def test_q_profile_is_in_order_grows_and_covers_the_solutions_of_its_equation(data, level):
    yi, vi = data
    one, wide = q_profile(yi, vi, level=level), q_profile(yi, vi, level=0.995)
    assert 0 <= wide.tau2_lb <= one.tau2_lb <= one.tau2_ub <= wide.tau2_ub
    assert 0 <= one.I2_lb <= one.I2_ub <= 100 and 1 <= one.H2_lb <= one.H2_ub
    for tau2, tail in ((one.tau2_lb, 0.5 + level / 2), (one.tau2_ub, 0.5 - level / 2)):
        if tau2:
            # Error seen 1e-14.
            Q = np.sum((yi - np.average(yi, weights=1 / (vi + tau2))) ** 2 / (vi + tau2))
            assert stats.chi2.cdf(Q, yi.size - 1) == pytest.approx(tail, abs=1e-9)


def test_q_profile_of_effects_that_hardly_differ_is_empty():
    assert q_profile([0.5, 0.5, 0.5], [1, 1, 2]) == (0, 0, 0, 0, 1, 1)


def test_q_profile_needs_two_studies():
    with pytest.raises(ArgumentError) as caught:
        q_profile([1], [1])
    assert str(caught.value) == "q_profile: yi is one study (k = 1); allowed: two or more studies."


def test_conventions_of_the_prediction_interval_by_hand():
    yi, vi = [0.1, 0.9, 0.4, 1.5], [0.1, 0.2, 0.1, 0.3]
    base = rma(yi, vi, test="z")
    kh = np.sqrt(rma(yi, vi, test="knha").se ** 2 + base.tau2)
    quantiles = {"t(k-1)": 3.182446305284263, "z": 1.959963984540054, "HTS": 4.302652729911275}
    for convention, quantile in quantiles.items():
        for test in TESTS:
            fit = rma(yi, vi, prediction=convention, test=test)
            spread = np.sqrt(fit.se**2 + fit.tau2)
            assert fit.pi_ub - base.estimate == pytest.approx(quantile * spread, rel=1e-9)
    half = rma(yi, vi, test="z", prediction="HK").pi_ub - base.estimate
    assert half == pytest.approx(quantiles["t(k-1)"] * kh, rel=1e-9)
    assert rma(yi[:3], vi[:3], prediction="HTS").pi_lb is not None


def test_the_double_arcsine_needs_totals_to_be_displayed():
    xi, ni = [3, 5, 9], [10, 20, 40]
    result = rma(*escalc("PFT", xi=xi, ni=ni), measure="PFT", ni=ni)
    assert result.total == pytest.approx(3 / (1 / 10 + 1 / 20 + 1 / 40), rel=1e-15)
    assert 0 < result.displayed["ci_lb"] < result.displayed["estimate"] < 0.5
    assert json.loads(json.dumps(result.to_dict()))["total"] == result.total
    assert not any("shown as" in n for n in result.notes) and "cut off" not in repr(result)


def test_limits_that_the_double_arcsine_cannot_give_are_said_with_the_exact_ones():
    ni = [10, 100, 1000]
    for xi, end, exact in (([0, 0, 0], 0, "0 and 0.003318"), (ni, 1, "0.9967 and 1")):
        result = rma(*escalc("PFT", xi=xi, ni=ni), measure="PFT", ni=ni)
        shown = result.displayed
        assert shown["estimate"] == shown["ci_lb"] == shown["ci_ub"] == end
        cut, instead = result.notes[-2:]
        assert "at the harmonic mean of the totals, 27.03," in cut
        for words in (f"shown as {end}", "estimate", "lower limit", "upper limit"):
            assert words in cut
        assert f"{sum(xi)} of 1110, have the exact limits {exact} (Clopper" in instead
        assert "cut off: see notes" in repr(result)
        assert result.summary.attrs["notes"] == result.notes
        drawn = forest(result, xi=xi, ni=ni, title="T").svg()
        assert "have the exact limits" in drawn and f"shown as {end}" in drawn


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 400)), min_size=3, max_size=6),
    st.sampled_from(("PAS", "PFT", "PLO", "PR")),
    st.booleans(),
)
def test_no_back_transform_cuts_in_silence(counts, measure, all_events):
    xi, ni = [x for x, _ in counts], [max(1, x + rest) for x, rest in counts]
    if all_events:
        xi = [n - x for x, n in zip(xi, ni, strict=True)]
    more = {"ni": ni} if measure == "PFT" else {}
    fit = rma(*escalc(measure, xi=xi, ni=ni), measure=measure, **more)
    beyond = False
    if MEASURES[measure].ends:
        low, high = MEASURES[measure].ends(*([fit.total] if more else []))
        limits = (fit.estimate, fit.ci_lb, fit.ci_ub, fit.pi_lb, fit.pi_ub)
        beyond = min(limits) < low - 1e-12 or max(limits) > high + 1e-12
    assert any("and shown as" in note for note in fit.notes) == beyond


@settings(max_examples=60, deadline=None)
@given(studies(), METHODS, CHOICES, st.sampled_from((1e6, -1e12, 1e18, 1e40)))
def test_effects_that_are_large_and_alike_differ_by_what_they_differ(data, method, test, far):
    yi = far + np.round(data[0])  # exact up to 1e15, and beyond it all the same
    near = rma(yi - far, data[1], method=method, test=test)
    moved = rma(yi, data[1], method=method, test=test)
    # Error seen 2e-15 relative.
    assert (moved.Q, moved.tau2, moved.se) == pytest.approx(
        (near.Q, near.tau2, near.se), rel=1e-9, abs=1e-9
    )
    assert moved.estimate == pytest.approx(far + near.estimate, rel=1e-15)
    q_profile(yi, data[1])
    profile_likelihood(yi, data[1], level=0.999999)


# --- an interval for a new study holds that of the mean ------------------------------------------


CONVENTIONS = st.sampled_from(("t(k-1)", "HTS", "z", "HK"))
SCALES = st.sampled_from(("GEN", "PLO", "PAS", "RR", "PR"))


@st.composite
def studies_with_an_outlier(draw):
    """Effects with standard errors of very different size, of which one may lie far away."""
    k = draw(st.integers(3, 8))
    yi = np.array(draw(st.lists(st.floats(-1, 1), min_size=k, max_size=k)))
    vi = 10.0 ** np.array(draw(st.lists(st.floats(-4, 0.5), min_size=k, max_size=k)))
    yi[draw(st.integers(0, k - 1))] += draw(st.sampled_from((0, 4, 100)))
    return yi, vi


def holds(new, mean):
    return new[0] <= mean[0] and mean[1] <= new[1]


@settings(max_examples=150, deadline=None)
@given(studies_with_an_outlier(), METHODS, CHOICES, CONVENTIONS, SCALES, st.floats(0.5, 0.99))
def test_the_prediction_interval_holds_the_confidence_interval(
    data, method, test, convention, measure, level
):
    fit = rma(*data, method=method, test=test, prediction=convention, measure=measure, level=level)
    stack = rma(*np.stack([data, data], axis=1), method=method, test=test, prediction=convention)
    if method == "EE":
        assert fit.pi_lb is None
        return
    inside = not holds((fit.pi_lb, fit.pi_ub), (fit.ci_lb, fit.ci_ub))
    said = [note for note in fit.notes if "do not hold" in note]
    assert bool(said) == inside
    if convention in ("t(k-1)", "HTS") or (convention, test) == ("z", "z"):
        assert not inside
        shown = fit.displayed
        assert holds((shown["pi_lb"], shown["pi_ub"]), (shown["ci_lb"], shown["ci_ub"]))
    if level == 0.95:
        assert inside == any(
            "do not hold the limits of the mean in 2 of 2" in n for n in stack.notes
        )


def test_an_outlier_once_made_the_prediction_interval_the_narrower_one():
    one = rma([0.11, -0.14, -0.05, 0.04, 4.29, -0.11], [0.028, 0.037, 0.014, 0.489, 0.962, 0.005])
    assert (one.ci_lb, one.ci_ub) == pytest.approx((-0.352, 0.228), abs=5e-4)
    assert holds((one.pi_lb, one.pi_ub), (one.ci_lb, one.ci_ub))
    two = rma([0, 0, 0, 0, 100.0], [1e-4] * 4 + [1.0], method="DL")
    assert holds((two.pi_lb, two.pi_ub), (two.ci_lb, two.ci_ub))
    # Named conventions that do otherwise are taken at their word, and it is said.
    named = rma([0, 0, 0, 0, 100.0], [1e-4] * 4 + [1.0], method="DL", prediction="z")
    assert named.notes == (
        "the prediction limits (convention z) do not hold the limits of the mean",
    )


# --- few studies, and the edges ------------------------------------------------------------------


@pytest.mark.parametrize("method", ESTIMATORS)
@pytest.mark.parametrize("test", TESTS)
def test_one_study_is_itself(method, test):
    result = rma([0.4], [0.09], method=method, test=test)
    assert (result.estimate, result.tau2, result.k) == (0.4, 0.0, 1)
    assert result.se == pytest.approx(0.3, rel=1e-15)
    assert result.ci_ub == pytest.approx(0.4 + 1.959963984540054 * 0.3, rel=1e-14)
    assert (result.I2, result.H2, result.Q_p, result.pi_lb) == (None, None, None, None)
    assert result.Q == 0 and result.weights == (100.0,)
    # What was used is said, not what was asked for.
    assert result.test == "z"
    said = {"tau2 is taken as 0": method != "EE", f"not those of the test {test}": test != "z"}
    assert {words: words in " ".join(result.notes) for words in said} == said
    stack = rma([[0.4, 0.5], [0.2, 0.1]], [[0.09] * 2] * 2, method=method, test=test,
                subset=[[True, False], [True, True]])  # fmt: skip
    assert (stack[0].test, stack[0].ci_ub) == ("z", result.ci_ub) and stack[1].test == test
    assert any(note.startswith("one study in 1 of 2 data sets") for note in stack.notes) == any(
        said.values()
    )


def test_two_studies_have_no_prediction_interval_and_three_have():
    two = rma([0.1, 0.9], [0.1, 0.1])
    assert (two.pi_lb, two.pi_ub) == (None, None)
    assert two.displayed["pi_lb"] is None and "prediction" not in repr(two)
    # Two studies of one precision: tau2 = (y1 - y2)^2 / 2 - v, by hand.
    assert two.tau2 == pytest.approx(0.32 - 0.1, rel=1e-12)
    three = rma([0.1, 0.9, 0.4], [0.1, 0.1, 0.1])
    half = stats.t.ppf(0.975, 2) * np.sqrt(three.tau2 + 0.1 / 3 + three.tau2 / 3)
    assert three.pi_ub == pytest.approx(three.estimate + half, rel=1e-12)
    assert "prediction" in repr(three)


def test_equal_effects_predicts_nothing_but_reports_inconsistency_from_q():
    result = rma([0.0, 1.0, 2.0], [0.1, 0.1, 0.1], method="EE", test="z")
    assert result.model == "equal-effects" and result.pi_lb is None and result.tau2 == 0
    # Q = 20 on 2: I2 = (20 - 2) / 20, H2 = 20 / 2.
    assert pytest.approx((90, 10), rel=1e-12) == (result.I2, result.H2)


def test_prediction_limits_need_three_and_a_random_effect():
    assert prediction_limits(0, 1, 1, 2, 0.95) == (None, None)
    assert prediction_limits(0, 1, 1, 9, 0.95, random=False) == (None, None)
    assert prediction_limits(0, 3, 16, 3, 0.9) == pytest.approx(
        (-5 * stats.t.ppf(0.95, 2), 5 * stats.t.ppf(0.95, 2)), rel=1e-14
    )


@pytest.mark.parametrize("test", ["knha", "adhoc"])
def test_identical_effects_do_not_give_an_interval_of_no_width(test):
    result = rma([0.5, 0.5, 0.5], [0.1, 0.2, 0.3], test=test)
    assert result.ci_ub - result.ci_lb > 0.1
    assert result.notes == ("Knapp-Hartung factor below 1 raised to 1",)


def test_precisions_that_differ_by_a_million():
    result = rma([0.1, 0.2, 0.7], [1e-6, 1.0, 1.0])
    assert 0.1 <= result.estimate <= 0.7 and result.se > 0


def test_it_prints_and_leaves_as_plain_types():
    result = rma([0.1, 0.9, 0.4], [0.1, 0.1, 0.1], measure="OR", slab=["A", "B", "C"])
    plain = json.loads(json.dumps(result.to_dict()))
    assert plain["slab"] == ["A", "B", "C"] and plain["k"] == 3
    assert plain["displayed"]["estimate"] == pytest.approx(np.exp(result.estimate), rel=1e-15)
    assert all(type(weight) is float for weight in result.weights)
    assert repr(result).startswith("<normal-normal OR, REML, k = 3: ")
    assert rma([0.1], [1]).slab == ("Study 1",)


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "yi, vi, options, message",
    [
        ([1, np.nan], [1, 1], {}, "rma: yi is nan at position 1; allowed: finite numbers."),
        (
            [1, 2],
            [1, np.inf],
            {},
            "rma: vi is inf at position 1; allowed: positive finite numbers.",
        ),
        ([1, 2], [0, 1], {}, "rma: vi is 0 at position 0; allowed: positive finite numbers."),
        ([1, 2], [1, -3], {}, "rma: vi is -3 at position 1; allowed: positive finite numbers."),
        ([1, 2], [1], {}, "rma: vi is of length 1; allowed: the length of yi, 2."),
        ([], [], {}, "rma: yi is empty (k = 0); allowed: at least one study, finite numbers."),
        (None, [1], {}, "rma: yi is missing; allowed: finite numbers."),
        ([1], None, {}, "rma: vi is missing; allowed: positive finite numbers."),
        ([1, "x"], [1, 1], {}, "rma: yi is 'x' at position 1; allowed: finite numbers."),
        (
            [[[1, 2]]],
            [1, 1],
            {},
            "rma: yi is of shape (1, 1, 2); allowed: one dimension, or a stack (data sets, "
            "studies).",
        ),
        ([[1, 2]], [1, 1], {}, "rma: vi is of shape (2,); allowed: the shape of yi, (1, 2)."),
        (
            [1, 2],
            [1, 1],
            {"subset": [[True, False], [False, False]]},
            "rma: subset is empty in row 1; allowed: at least one study a row.",
        ),
        (
            [1, 2],
            [1, 1],
            {"subset": [[1, 0]]},
            "rma: subset is of type int64; allowed: true or false, of shape (B, 2).",
        ),
        (
            [1],
            [1],
            {"method": "XX"},
            f"rma: method is 'XX'; {ALLOWED}.",
        ),
        (
            [1],
            [1],
            {"method": None},
            f"rma: method is None; {ALLOWED}.",
        ),
        (
            [1],
            [1],
            {"method": ["DL"]},
            f"rma: method is ['DL']; {ALLOWED}.",
        ),
        ([1], [1], {"test": "t"}, "rma: test is 't'; allowed: z, knha, adhoc."),
        (
            [1],
            [1],
            {"measure": "HRR"},
            f"rma: measure is 'HRR'; allowed: {', '.join(MEASURES)}.",
        ),
        (
            [1],
            [1],
            {"level": 95},
            "rma: level is 95; allowed: a number between 0 and 1, such as 0.95.",
        ),
        (
            [1, 2],
            [1, 1],
            {"slab": ["A"]},
            "rma: slab is of length 1; allowed: one label per study, 2.",
        ),
        (
            [1],
            [1],
            {"prediction": "t(k-2)"},
            "rma: prediction is 't(k-2)'; allowed: t(k-1), z, HK, HTS.",
        ),
        ([1], [1], {"measure": "PFT"}, "rma: ni is missing; allowed: numbers above 0."),
        (
            [1, 2],
            [1, 1],
            {"measure": "PFT", "ni": [3]},
            "rma: ni is of length 1; allowed: the length of yi, 2.",
        ),
        ([1], [1], {"ni": [3]}, "rma: ni is given; allowed: totals only for PFT, not for GEN."),
        (
            [1, 2, 3],
            [1e-320] * 3,
            {},
            "rma: vi is 9.99988867183e-321 at position 0; allowed: positive finite numbers from "
            "1e-50.",
        ),
        (
            [1e308, -1e308],
            [1, 1],
            {},
            "rma: yi is 1e+308 at position 0; allowed: finite numbers up to 1e+50 in size.",
        ),
        ([1, 2], [1, 1], {"slab": 5}, "rma: slab is 5; allowed: one label per study, 2."),
        ([1, 2], [1, 1], {"slab": "AB"}, "rma: slab is 'AB'; allowed: one label per study, 2."),
    ],
)
def test_bad_arguments_are_named(yi, vi, options, message):
    with pytest.raises(ArgumentError) as caught:
        rma(yi, vi, **options)
    assert str(caught.value) == message


@pytest.mark.parametrize("argument", ["method", "test", "measure", "prediction"])
@pytest.mark.parametrize("value", [np.array(["DL", "z"]), {"DL"}, ["DL"], np.array(3), b"DL"])
def test_what_is_no_name_is_refused(argument, value):
    with pytest.raises(ArgumentError, match=f"^rma: {argument} is "):
        rma([1], [1], **{argument: value})


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1e50, 1e50), st.floats(1e-50, 1e50)), min_size=1, max_size=5),
    METHODS,
    CHOICES,
)
def test_numbers_within_the_bounds_never_leave_floating_point(data, method, test):
    yi, vi = zip(*data, strict=True)
    result = rma(yi, vi, method=method, test=test, prediction="HK")
    assert np.all(np.isfinite([result.estimate, result.se, result.ci_lb, result.ci_ub, result.Q]))
    assert np.isfinite(result.tau2)


# Stacks -------------------------------------------------------------------------------------------


def arrays_of(result):
    names = "estimate se ci_lb ci_ub pi_lb pi_ub tau2 I2 H2 Q Q_p".split()  # noqa: SIM905
    return [np.nan if getattr(result, name) is None else getattr(result, name) for name in names]


@pytest.mark.parametrize("method", ["EE", "DL", "PM", "REML"])
@pytest.mark.parametrize("test", ["z", "knha", "adhoc"])
def test_a_stack_gives_what_each_data_set_gives_alone(method, test):
    rng = np.random.default_rng(11)
    yi, vi = rng.normal(0, 2, (60, 7)), np.exp(rng.normal(0, 1, (60, 7)))
    subset = rng.random((60, 7)) < 0.6
    subset[:, 3] = True
    whole = rma(yi, vi, method=method, test=test)
    some = rma(yi, vi, method=method, test=test, subset=subset)
    for b in range(60):
        # The same sums in the same order; error seen 1e-13 relative.
        for result, has in ((whole, np.full(7, True)), (some, subset[b])):
            labels = [f"Study {i + 1}" for i in np.flatnonzero(has)]
            alone = rma(yi[b][has], vi[b][has], method=method, test=test, slab=labels)
            assert arrays_of(result[b]) == pytest.approx(
                arrays_of(alone), rel=1e-9, abs=1e-12, nan_ok=True
            )
            assert result[b].weights == pytest.approx(alone.weights, rel=1e-9)
            assert (result[b].k, result[b].slab) == (alone.k, alone.slab)
    assert np.isnan(some.pi_lb).tolist() == ((subset.sum(axis=1) < 3) | (method == "EE")).tolist()


def test_a_stack_of_subsets_shares_its_data():
    yi, vi = [0.1, 0.5, -0.3, 0.9], [0.1, 0.2, 0.15, 0.3]
    subset = ~np.eye(4, dtype=bool)
    found = rma(yi, vi, subset=subset, measure="OR", slab=list("ABCD"))
    assert found.k.tolist() == [3, 3, 3, 3]
    assert found[1].slab == ("A", "C", "D")
    without = rma([0.1, -0.3, 0.9], [0.1, 0.15, 0.3])
    assert found[1].estimate == pytest.approx(without.estimate, rel=1e-12)


def test_a_stack_tells_itself():
    found = rma([[0.1, 0.5, -0.3], [1.0, 1.2, 0.7]], [[0.1, 0.2, 0.15]] * 2, measure="PLO")
    assert repr(found) == "<2 x normal-normal PLO, REML, k = 3 to 3>"
    assert found.summary["term"].tolist() == ["data set 0", "data set 1"]
    assert found.displayed["estimate"].shape == (2,)
    assert len(found) == 2


def test_summary_is_tidy():
    found = rma([0.1, 0.5, -0.3], [0.1, 0.2, 0.15], measure="PLO").summary
    assert found["term"].tolist() == ["mean", "new study", "tau"]
    assert found.loc[0, "estimate"] == pytest.approx(expit(0.0692), abs=1e-3)


@pytest.mark.parametrize(
    ("measure", "yi", "said"),
    [
        ("PR", [0.97, 0.99, 0.95], "beyond 0 to 1, which PR does not keep a proportion within: up"),
        ("PR", [0.03, 0.01, 0.05], "beyond 0 to 1, which PR does not keep a proportion within: lo"),
        ("PLN", np.log([0.97, 0.99, 0.95]), "beyond 0 to 1, which PLN does not keep"),
        ("PR", [0.5, 0.6, 0.5], ""),
        ("PLN", np.log([0.5, 0.6, 0.5]), ""),
        ("GEN", [0.97, 0.99, 0.95], ""),
    ],
)
def test_a_limit_where_no_proportion_lies_is_said(measure, yi, said):
    one = rma(yi, [0.001, 0.002, 0.001], measure=measure)
    stack = rma([yi], [[0.001, 0.002, 0.001]], measure=measure)
    assert bool(said) == any("beyond" in note for note in one.notes)
    assert all(said in " ".join(found.notes) for found in (one, stack))
    assert "cut off" not in repr(one)  # it is shown as it is


@pytest.mark.parametrize(
    "make",
    [
        lambda: rma([[0.1, 0.2, 0.3]], [[0.1, 0.2, 0.3]]),
        lambda: evisynth.leave1out([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]),
        lambda: evisynth.gosh([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]),
        lambda: evisynth.multiverse([evisynth.DataSet({"D": "a"}, (1, 2, 3), (5, 6, 7))]),
    ],
)
def test_a_result_with_arrays_is_equal_to_itself_alone(make):
    one, other = make(), make()
    assert one == one and one != other and len({one, other}) == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(one, dataclasses.fields(one)[0].name, None)
