"""Effect sizes, exact intervals and argument checks: published numbers and properties first."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from evisynth.checks import check_level, check_numbers, check_slab
from evisynth.engine.effects.escalc import escalc, normal_quantile, study_intervals
from evisynth.engine.effects.from_intervals import effect_from_interval
from evisynth.engine.effects.measures import MEASURES, inverse_freeman_tukey
from evisynth.engine.two_arm.pooling import mantel_haenszel
from evisynth.errors import ArgumentError, EvisynthError, NotEstimable
from hypothesis import given, settings
from hypothesis import strategies as st

ALL = "PLO, PLN, PR, PAS, PFT, OR, RR, RD"
REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "reference.json").read_text())


@st.composite
def counts(draw, most=1_000_000, k_max=8):
    ni = draw(st.lists(st.integers(1, most), min_size=1, max_size=k_max))
    return [draw(st.integers(0, n)) for n in ni], ni


@st.composite
def tables(draw, most=1_000_000):
    ai, n1i = draw(counts(most))
    n2i = draw(st.lists(st.integers(1, most), min_size=len(ai), max_size=len(ai)))
    return {"ai": ai, "n1i": n1i, "ci": [draw(st.integers(0, n)) for n in n2i], "n2i": n2i}


# --- published numbers ---------------------------------------------------------------------------


def test_first_bcg_trial_is_as_published():
    # Viechtbauer (2010) J Stat Softw 36(3), section 3.2: printed with four decimals.
    yi, vi = escalc("RR", ai=[4], n1i=[123], ci=[11], n2i=[139])
    assert yi[0] == pytest.approx(-0.8893, abs=5e-5)
    assert vi[0] == pytest.approx(0.3256, abs=5e-5)


@pytest.mark.parametrize(
    "x, n, exact, wilson",
    [
        (81, 263, (0.2527, 0.3676), (0.2553, 0.3662)),
        (15, 148, (0.0578, 0.1617), (0.0624, 0.1605)),
        (0, 20, (0.0000, 0.1684), (0.0000, 0.1611)),
        (1, 29, (0.0009, 0.1776), (0.0061, 0.1718)),
    ],
)
def test_intervals_are_as_published(x, n, exact, wilson):
    # The four examples of Newcombe (1998) Stat Med 17:857: printed with four decimals.
    for method, published in (("beta", exact), ("wilson", wilson)):
        lower, upper = study_intervals([x], [n], method=method)
        assert (lower[0], upper[0]) == pytest.approx(published, abs=5.1e-5)


@pytest.mark.parametrize(
    "case", REFERENCE["analyses"], ids=lambda case: f"{case['data']}-{case['measure']}"
)
def test_escalc_equals_metafor(case):
    yi, vi = escalc(case["measure"], **case["counts"])
    # Largest error seen 5e-15, the digits of the file.
    np.testing.assert_allclose(yi, case["yi"], rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(vi, case["vi"], rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("case", REFERENCE["exact"], ids=lambda case: case["data"])
def test_exact_interval_equals_binom_test(case):
    lower, upper = study_intervals(**case["counts"])
    # Largest error seen 5.2e-15 (n = 1,000,000).
    np.testing.assert_allclose(lower, case["lower"], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(upper, case["upper"], rtol=1e-12, atol=1e-14)


def test_bcg_mantel_haenszel_is_as_stata_prints_it():
    # Stata's metan, as metafor's own tests quote it: log odds ratio -0.4734, lower limit -0.5538.
    case = next(c for c in REFERENCE["mantel_haenszel"] if c["data"] == "bcg")
    found = mantel_haenszel(**case["counts"])
    assert (found.estimate, found.ci_lb) == pytest.approx((-0.4734, -0.5538), abs=5e-5)


@pytest.mark.parametrize("case", REFERENCE["mantel_haenszel"], ids=lambda case: case["data"])
def test_mantel_haenszel_equals_metafor(case):
    # Largest error seen 2e-15.
    found = mantel_haenszel(**case["counts"]).displayed
    expected = {name: case[name] for name in ("estimate", "ci_lb", "ci_ub")}
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)


# --- properties ----------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(counts())
def test_one_arm_effects_are_finite_ordered_and_go_back(data):
    xi, ni = map(np.array, data)
    for measure in ("PLO", "PLN", "PR", "PAS"):
        yi, vi = escalc(measure, xi=xi, ni=ni)
        assert np.all(np.isfinite(yi)) and np.all(np.isfinite(vi)) and np.all(vi > 0)
        middle = (xi > 0) & (xi < ni)
        back = MEASURES[measure].back_transform(yi)
        # Error seen 2e-16 relative to 1.
        np.testing.assert_allclose(back[middle], (xi / ni)[middle], rtol=0, atol=1e-14)
        assert np.all((back >= 0) & (back <= 1))


@settings(max_examples=40, deadline=None)
@given(counts())
def test_counting_non_events_mirrors_the_effects(data):
    xi, ni = map(np.array, data)
    for measure, centre in (("PLO", 0), ("PR", 1), ("PAS", np.pi / 2), ("PFT", np.pi / 2)):
        yi, vi = escalc(measure, xi=xi, ni=ni)
        mirrored, same = escalc(measure, xi=ni - xi, ni=ni)
        # Error seen 2e-14 on yi of size 14; 2e-11 relative on vi of PR, where 1 - p cancels.
        np.testing.assert_allclose(mirrored, centre - yi, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(same, vi, rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(tables())
def test_exchanging_the_arms_turns_the_sign(data):
    exchanged = {
        "ai": data["ci"],
        "n1i": data["n2i"],
        "ci": data["ai"],
        "n2i": data["n1i"],
    }
    for measure in ("OR", "RR", "RD"):
        yi, vi = escalc(measure, **data)
        turned, same = escalc(measure, **exchanged)
        assert np.all(np.isfinite(yi)) and np.all(np.isfinite(vi)) and np.all(vi >= 0)
        # Error seen 0 in yi and 7e-16 relative in vi: the same sums in another order.
        np.testing.assert_allclose(turned, -yi, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(same, vi, rtol=1e-9, atol=1e-15)


@settings(max_examples=40, deadline=None)
@given(counts(), st.randoms(use_true_random=False))
def test_study_order_does_not_matter(data, random):
    xi, ni = map(np.array, data)
    order = list(range(len(xi)))
    random.shuffle(order)
    for measure in ("PLO", "PLN", "PR", "PAS", "PFT"):
        yi, vi = escalc(measure, xi=xi, ni=ni)
        again = escalc(measure, xi=xi[order], ni=ni[order])
        # NumPy's vector loops may differ from the scalar tail by one unit in the last place.
        np.testing.assert_allclose(again.yi, yi[order], rtol=1e-15)
        np.testing.assert_allclose(again.vi, vi[order], rtol=1e-15)


def test_only_the_study_with_an_empty_cell_is_corrected():
    yi, vi = escalc("PLO", xi=[0, 3, 8], ni=[10, 10, 8])
    np.testing.assert_allclose(yi, np.log([0.5 / 10.5, 3 / 7, 8.5 / 0.5]), rtol=1e-15)
    np.testing.assert_allclose(vi, [1 / 0.5 + 1 / 10.5, 1 / 3 + 1 / 7, 1 / 8.5 + 2], rtol=1e-15)
    yi, _ = escalc("RD", ai=[0, 3], n1i=[10, 10], ci=[2, 4], n2i=[10, 10])
    np.testing.assert_allclose(yi, [0.5 / 11 - 2.5 / 11, -0.1], rtol=1e-14)


@settings(max_examples=60, deadline=None)
@given(counts(), st.floats(0.5, 0.99))
def test_intervals_hold_the_proportion_and_grow_with_the_level(data, level):
    xi, ni = map(np.array, data)
    for method in ("beta", "wilson", "normal"):
        lower, upper = study_intervals(xi, ni, level=level, method=method)
        wide_lower, wide_upper = study_intervals(xi, ni, level=0.995, method=method)
        p = xi / ni
        slack = 1e-12  # Wilson's limit at 0 of n is 0 up to rounding: seen 3e-17.
        assert np.all((lower >= -slack) & (upper <= 1 + slack))
        assert np.all((lower <= p + slack) & (p <= upper + slack))
        assert np.all((wide_lower <= lower + slack) & (upper <= wide_upper + slack))


@settings(max_examples=30, deadline=None)
@given(counts(most=10_000))
def test_exact_interval_inverts_the_binomial_tails(data):
    from scipy.stats import binom

    xi, ni = map(np.array, data)
    lower, upper = study_intervals(xi, ni, level=0.9)
    has_lower, has_upper = xi > 0, xi < ni
    assert np.all(lower[~has_lower] == 0) and np.all(upper[~has_upper] == 1)
    # Error seen 7e-14 in the tail probability.
    above = binom.sf(xi[has_lower] - 1, ni[has_lower], lower[has_lower])
    below = binom.cdf(xi[has_upper], ni[has_upper], upper[has_upper])
    np.testing.assert_allclose(above, 0.05, rtol=0, atol=1e-11)
    np.testing.assert_allclose(below, 0.05, rtol=0, atol=1e-11)


@settings(max_examples=60, deadline=None)
@given(counts())
def test_the_double_arcsine_goes_back_with_its_own_total(data):
    xi, ni = map(np.array, data)
    yi, vi = escalc("PFT", xi=xi, ni=ni)
    assert np.all((yi > 0) & (yi < np.pi / 2)) and np.all(vi > 0)
    for x, n, y, v in zip(xi, ni, yi, vi, strict=True):
        # Error seen 6e-11, where n is a million: the arcsine keeps half of the digits there.
        assert inverse_freeman_tukey(y, n) == pytest.approx(x / n, abs=1e-9)
        # By its variance the total is n + 1 / 2.
        assert inverse_freeman_tukey(y, vi=v) == pytest.approx(inverse_freeman_tukey(y, n + 0.5))


@pytest.mark.parametrize("case", REFERENCE["freeman_tukey"], ids=lambda case: case["data"])
def test_the_way_back_from_the_double_arcsine_equals_metafors(case):
    # Largest error seen 6e-16.
    found = inverse_freeman_tukey(case["yi"], case["ni"])
    np.testing.assert_allclose(found, case["miller"], rtol=1e-9, atol=1e-14)
    found = inverse_freeman_tukey(case["yi"], vi=case["vi"])
    np.testing.assert_allclose(found, case["barendregt"], rtol=1e-9, atol=1e-14)


def test_beyond_the_range_of_double_arcsines_are_0_and_1():
    assert inverse_freeman_tukey([-1, 0, 0.01, 1.57, 2], [10, 12]).tolist() == [0, 0, 0, 1, 1]
    assert inverse_freeman_tukey(np.pi / 4, 10) == pytest.approx(0.5, rel=1e-15)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({}, "ni is missing; allowed: totals ni, or else vi."),
        ({"ni": 3, "vi": 0.1}, "ni is given beside vi; allowed: totals ni, or else vi."),
        ({"ni": 0}, "ni is 0 at position 0; allowed: numbers above 0."),
        ({"vi": -1}, "vi is -1; allowed: a number above 0."),
    ],
)
def test_bad_totals_are_named(arguments, message):
    with pytest.raises(ArgumentError) as caught:
        inverse_freeman_tukey(0.3, **arguments)
    assert str(caught.value) == f"inverse_freeman_tukey: {message}"


@settings(max_examples=40, deadline=None)
@given(tables(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_a_stack_is_its_rows(data, rows, random):
    stacks = {name: [] for name in data}
    for _ in range(rows):
        order = random.sample(range(len(data["ai"])), len(data["ai"]))
        for name, values in data.items():
            stacks[name].append([values[i] for i in order])
    one_arm = {"xi": stacks["ai"], "ni": stacks["n1i"]}
    for measure in ALL.split(", "):
        counts = stacks if measure in ("OR", "RR", "RD") else one_arm
        yi, vi = escalc(measure, **counts)
        assert yi.shape == vi.shape == (rows, len(data["ai"]))
        for row in range(rows):
            alone = escalc(measure, **{name: values[row] for name, values in counts.items()})
            # NumPy's vector loops may differ from the scalar tail by one unit in the last place.
            np.testing.assert_allclose(yi[row], alone.yi, rtol=1e-15, atol=1e-15)
            np.testing.assert_allclose(vi[row], alone.vi, rtol=1e-15)


# --- printed intervals ---------------------------------------------------------------------------


def test_a_printed_hazard_ratio_gives_its_standard_error():
    # The rule of the Cochrane Handbook, section 6.3.2: width of the log interval over 3.92, where
    # 3.92 is rounded from 3.919928.
    yi, vi = effect_from_interval("HR", 0.48, 0.31, 0.75)
    assert yi[0] == pytest.approx(np.log(0.48), rel=1e-15)
    assert np.sqrt(vi[0]) == pytest.approx((np.log(0.75) - np.log(0.31)) / 3.92, rel=5e-5)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999999])
@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-4, 4), st.floats(0.02, 2)), min_size=1, max_size=6),
    st.sampled_from(["HR", "OR", "RR", "MS"]),
)
def test_the_way_there_and_back(level, effects, measure):
    yi, se = np.array(effects).T
    half = normal_quantile(level) * se
    printed = np.exp([yi, yi - half, yi + half])
    found = effect_from_interval(measure, *printed, level=level, digits=15)
    # Largest error seen 2e-13, where the interval is narrow.
    np.testing.assert_allclose(found.yi, yi, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.vi, se**2, rtol=1e-9)
    turned = effect_from_interval(measure, *(1 / printed[[0, 2, 1]]), level=level, digits=15)
    np.testing.assert_allclose(turned.yi, -yi, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(turned.vi, se**2, rtol=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.floats(-2, 3), st.floats(0.02, 0.8), st.integers(1, 4))
def test_rounding_is_never_refused(yi, se, digits):
    half = normal_quantile(0.95) * se
    estimate, lower, upper = (round(float(np.exp(v)), digits) for v in (yi, yi - half, yi + half))
    if 0 < lower <= estimate <= upper and lower < upper:
        effect_from_interval("HR", estimate, lower, upper, digits=digits)


def test_an_estimate_off_the_middle_is_refused_with_the_numbers():
    with pytest.raises(ArgumentError) as caught:
        effect_from_interval("HR", [0.7, 0.9], [0.5, 0.4], [0.98, 1.1])
    assert str(caught.value) == (
        "effect_from_interval: estimate is that of 0.9 [0.4, 1.1] at position 1; allowed: near the "
        "middle of its interval on the log scale, 0.663325, within rounding to 2 decimals; or "
        "digits=None to take the interval as it is."
    )
    found = effect_from_interval("HR", [0.7, 0.9], [0.5, 0.4], [0.98, 1.1], digits=None)
    assert found.yi[1] == np.log(0.9)
    # With one decimal the same numbers could be 0.6 [0.5, 0.9] of many intervals.
    assert effect_from_interval("OR", 0.6, 0.4, 1.0, digits=1).yi.shape == (1,)
    with pytest.raises(ArgumentError):
        effect_from_interval("OR", 0.6, 0.4, 1.0, digits=2)


def test_intervals_come_as_a_stack_too():
    found = effect_from_interval("RR", [[2.0], [4.0]], [[1.0], [2.0]], [[4.0], [8.0]])
    np.testing.assert_array_equal(found.yi, np.log([[2.0], [4.0]]))
    assert found.vi[0] == found.vi[1]


@pytest.mark.parametrize(
    "arguments, name",
    [
        (("HR", 0, 0.5, 2), "estimate"),
        (("HR", 1, 0.0, 2), "ci_lb"),
        (("HR", 1, 1.5, 2), "ci_lb"),
        (("HR", 3, 1.5, 2), "ci_ub"),
        (("HR", 1, 1, 1), "ci_ub"),
        (("HR", [1, np.nan], [0.5, 0.5], [2, 2]), "estimate"),
        (("HR", [1, 1], [0.5, np.inf], [2, 2]), "ci_lb"),
        (("HR", [1, 1], [0.5], [2, 2]), "ci_lb"),
        (("HR", 1, "0.5", 2), "ci_lb"),
        (("HR", 1, 0.5, None), "ci_ub"),
        (("HR", [], [], []), "estimate"),
        (("HR", 1, 0.5, 1e60), "ci_ub"),
        (("HR", np.ma.array([1.0], mask=[1]), 0.5, 2), "estimate"),
        (("RD", 1, 0.5, 2), "measure"),
        ((None, 1, 0.5, 2), "measure"),
    ],
)
def test_bad_intervals_are_named(arguments, name):
    with pytest.raises(ArgumentError, match=rf"^effect_from_interval: {name} is "):
        effect_from_interval(*arguments)


@pytest.mark.parametrize(
    "more, name",
    [
        ({"level": 95}, "level"), ({"level": 1e-17}, "level"), ({"digits": -1}, "digits"),
        ({"digits": 1.5}, "digits"), ({"digits": "2"}, "digits"), ({"digits": 16}, "digits"),
    ],
)  # fmt: skip
def test_bad_options_of_intervals_are_named(more, name):
    with pytest.raises(ArgumentError, match=rf"^effect_from_interval: {name} is "):
        effect_from_interval("HR", 1, 0.5, 2, **more)


@pytest.mark.parametrize(
    "measure, arms, null, shown",
    [("HR", 2, 1.0, 2.0), ("MS", 0, None, 2.0)],
)
def test_logs_are_displayed_as_ratios_and_times(measure, arms, null, shown):
    known = MEASURES[measure]
    assert (known.arms, known.null, known.scale) == (arms, null, "log")
    assert known.back_transform(np.log(2.0)) == pytest.approx(shown, rel=1e-15)


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "xi, ni, message",
    [
        (
            [1, np.nan],
            [5, 5],
            "escalc: xi is nan at position 1; allowed: whole numbers from 0.",
        ),
        ([1, 2], [5, np.inf], "escalc: ni is inf at position 1; allowed: whole numbers from 1."),
        ([1, -2], [5, 5], "escalc: xi is -2 at position 1; allowed: whole numbers from 0."),
        ([1, 0], [5, 0], "escalc: ni is 0 at position 1; allowed: whole numbers from 1."),
        ([1, 6], [5, 5], "escalc: xi is 6 at position 1; allowed: at most its total, 5."),
        (
            [1_234_568],
            [1_234_567],
            "escalc: xi is 1234568 at position 0; allowed: at most its total, 1234567.",
        ),
        ([1, 2.5], [5, 5], "escalc: xi is 2.5 at position 1; allowed: whole numbers."),
        ([1, 2], [5.5, 5], "escalc: ni is 5.5 at position 0; allowed: whole numbers."),
        (
            [1, 1],
            [5, 2e9],
            "escalc: ni is 2000000000 at position 1; allowed: whole numbers from 1 up to 1e+09.",
        ),
        ([1], [5, 5], "escalc: ni is of length 2; allowed: the length of xi, 1."),
        ([], [], "escalc: xi is empty (k = 0); allowed: at least one study, whole numbers from 0."),
        (None, [5], "escalc: xi is missing; allowed: whole numbers from 0."),
        ([1, 2], None, "escalc: ni is missing; allowed: whole numbers from 1."),
        ([1, None], [5, 5], "escalc: xi is None at position 1; allowed: whole numbers from 0."),
        (["1", "2"], [5, 5], "escalc: xi is '1' at position 0; allowed: whole numbers from 0."),
        ("12", [5], "escalc: xi is '12' at position 0; allowed: whole numbers from 0."),
        ([1, "two"], [5, 5], "escalc: xi is 'two' at position 1; allowed: whole numbers from 0."),
        ([1 + 2j], [5], "escalc: xi is (1+2j) at position 0; allowed: whole numbers from 0."),
        (
            [[[1, 2]]],
            [[[5, 5]]],
            "escalc: xi is of shape (1, 1, 2); allowed: one dimension, or a stack (data sets, "
            "studies).",
        ),
        ([[1, 2]], [5, 5], "escalc: ni is of shape (2,); allowed: the shape of xi, (1, 2)."),
        (
            [[1, 2], [3, 9]],
            [[5, 5], [5, 5]],
            "escalc: xi is 9 at position (1, 1); allowed: at most its total, 5.",
        ),
        ([[1, 2], [3]], [5, 5], "escalc: xi is [[1, 2], [3]]; allowed: whole numbers from 0."),
    ],
)
def test_bad_counts_are_named(xi, ni, message):
    with pytest.raises(ArgumentError) as caught:
        escalc("PLO", xi=xi, ni=ni)
    assert str(caught.value) == message


@pytest.mark.parametrize("measure", ["XX", "GEN", "plo", None, 3, [], ["PLO"], np.nan])
def test_an_unknown_measure_is_named(measure):
    with pytest.raises(ArgumentError) as caught:
        escalc(measure, xi=[1], ni=[2])
    expected = f"escalc: measure is {measure!r}; allowed: {ALL}."
    assert str(caught.value) == expected


def test_an_array_is_no_name():
    # Comparing an array with a name gives an array: no error of NumPy's may come out.
    for call in (
        lambda: escalc(np.array(["PLO", "OR"]), xi=[1], ni=[2]),
        lambda: escalc({"PLO"}, xi=[1], ni=[2]),
        lambda: study_intervals([1], [2], method=np.array(["beta", "beta"])),
    ):
        with pytest.raises(ArgumentError, match=r"^(escalc: measure|study_intervals: method) is "):
            call()


@pytest.mark.parametrize(
    "measure, counts, message",
    [
        ("PLO", {"xi": [1], "ni": [2], "ai": [1]}, "ai is given; allowed: xi, ni for PLO"),
        ("PFT", {"xi": [1], "ni": [2], "n2i": []}, "n2i is given; allowed: xi, ni for PFT"),
        (
            "OR",
            {"ai": [1], "n1i": [2], "ci": [1], "n2i": [2], "ni": [4]},
            "ni is given; allowed: ai, n1i, ci, n2i for OR",
        ),
    ],
)
def test_counts_of_the_other_kind_are_refused(measure, counts, message):
    with pytest.raises(ArgumentError) as caught:
        escalc(measure, **counts)
    assert str(caught.value) == f"escalc: {message}, nothing else."


@pytest.mark.parametrize("add", [0, -0.5, np.nan, np.inf, "0.5", None])
def test_an_impossible_addend_is_named(add):
    with pytest.raises(ArgumentError) as caught:
        escalc("PLO", xi=[0], ni=[2], add=add)
    assert str(caught.value) == (
        f"escalc: add is {add!r}; allowed: a number from 1e-09 to 1e9, such as 0.5."
    )


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"ai": [9, 2]}, "{}: ai is 9 at position 0; allowed: at most its total, 8."),
        ({"ci": [1, -1]}, "{}: ci is -1 at position 1; allowed: whole numbers from 0."),
        ({"n2i": [8]}, "{}: n2i is of length 1; allowed: the length of ci, 2."),
        ({"ci": [1], "n2i": [8]}, "{}: ci is of length 1; allowed: the length of ai, 2."),
        ({"n1i": None}, "{}: n1i is missing; allowed: whole numbers from 1."),
    ],
)
def test_bad_tables_are_named(changed, message):
    table = {"ai": [1, 2], "n1i": [8, 8], "ci": [1, 2], "n2i": [8, 8]} | changed
    with pytest.raises(ArgumentError) as caught:
        escalc("OR", **table)
    assert str(caught.value) == message.format("escalc")
    with pytest.raises(ArgumentError) as caught:
        mantel_haenszel(**table)
    assert str(caught.value) == message.format("mantel_haenszel")


@pytest.mark.parametrize("ai, ci", [([0, 0], [1, 2]), ([1, 2], [0, 0]), ([0], [0]), ([5], [5])])
def test_an_odds_ratio_that_does_not_exist_is_refused(ai, ci):
    total = [5] * len(ai)
    with pytest.raises(NotEstimable, match=r"^mantel_haenszel: the odds ratio over . strata is 0,"):
        mantel_haenszel(ai, total, ci, total)


@pytest.mark.parametrize("level", [0, 1, -0.1, 95, np.nan, "0.95", None, True])
def test_an_impossible_level_is_named(level):
    with pytest.raises(ArgumentError) as caught:
        check_level("some_function", level)
    assert str(caught.value) == (
        f"some_function: level is {level!r}; allowed: a number between 0 and 1, such as 0.95."
    )
    with pytest.raises(ArgumentError, match=r"^study_intervals: level is "):
        study_intervals([1], [2], level=level)


def test_an_unknown_interval_method_is_named():
    with pytest.raises(ArgumentError) as caught:
        study_intervals([1], [2], method="exact")
    assert str(caught.value) == (
        "study_intervals: method is 'exact'; allowed: beta, wilson, normal."
    )


def test_checks_accept_what_is_a_number():
    from decimal import Decimal

    import pandas as pd

    for values in (3, (3,), np.array([3], dtype="int8"), pd.Series([3]), [Decimal(3)]):
        assert check_numbers("f", "x", values).tolist() == [3.0]
    assert check_numbers("f", "x", pd.Series([1, 2], dtype="Int64")).tolist() == [1.0, 2.0]
    with pytest.raises(ArgumentError, match=r"^f: x is (nan|<NA>) at position 1; allowed: fin"):
        check_numbers("f", "x", pd.Series([1, None], dtype="Int64"))


@pytest.mark.parametrize("level", [np.float32(0.9), np.float64(0.9), Fraction(9, 10)])
def test_any_real_number_is_a_level(level):
    assert check_level("f", level) == pytest.approx(0.9, rel=1e-7)


@pytest.mark.parametrize(
    "values, message",
    [
        ([10**400, 1], "f: x is beyond floating point at position 0; allowed: finite numbers."),
        ([1, -(10**5000)], "f: x is beyond floating point at position 1; allowed: finite numbers."),
        ([1, 2e50], "f: x is 2e+50 at position 1; allowed: finite numbers up to 1e+50 in size."),
        ([1, -2e50], "f: x is -2e+50 at position 1; allowed: finite numbers up to 1e+50 in size."),
        (
            np.ma.array([1, 2], mask=[0, 1]),
            "f: x is masked at position 1; allowed: finite numbers.",
        ),
        ([np.ma.masked], "f: x is masked at position 0; allowed: finite numbers."),
        (np.array([1], "m8[s]"), "f: x is of type timedelta64[s]; allowed: finite numbers."),
    ],
)
def test_what_is_beyond_the_bounds_is_named(values, message):
    with pytest.raises(ArgumentError) as caught:
        check_numbers("f", "x", values)
    assert str(caught.value) == message


def test_a_masked_array_without_masked_values_is_an_array():
    assert check_numbers("f", "x", np.ma.array([1, 2], mask=[0, 0])).tolist() == [1, 2]


@pytest.mark.parametrize("slab", [5, b"AB", np.array(3), [10**5000, "B"]])
def test_labels_that_are_none_are_named(slab):
    with pytest.raises(ArgumentError, match=r"^f: slab is .*; allowed: one label per study, 2\.$"):
        check_slab("f", slab, 2)


def test_errors_are_value_errors_with_their_parts():
    with pytest.raises(ValueError) as caught:
        escalc("PLO", xi=[3], ni=[2])
    assert isinstance(caught.value, EvisynthError)
    assert (caught.value.function, caught.value.argument) == ("escalc", "xi")


def test_the_reference_says_how_it_was_made():
    made = REFERENCE["made"]
    assert made["R"].startswith("R version") and made["date"]
    assert {"metafor", "lme4"} <= set(made["packages"])
    assert {"fits", "glmm"} <= set(made["calls"])
