"""Small-study tests and trim and fill: metafor's numbers, refusals, properties."""

import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
from evisynth.engine.effects.escalc import escalc
from evisynth.engine.small_study.asymmetry import SmallStudyTest
from evisynth.engine.small_study.asymmetry_tests import ranktest, regtest
from evisynth.engine.small_study.trim_and_fill import trimfill
from evisynth.errors import ArgumentError, NotEstimable
from hypothesis import given, settings
from hypothesis import strategies as st

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "reference.json").read_text())
# metadat's dat.egger2001 and dat.hackshaw1998 (its effects).
EGGER = {
    "ai": [1, 9, 2, 1, 10, 1, 1, 0, 6, 1, 2, 5, 4, 90, 4, 2216],
    "n1i": [40, 135, 200, 48, 150, 59, 25, 22, 76, 27, 89, 23, 130, 1159, 107, 29011],
    "ci": [2, 23, 7, 1, 8, 9, 3, 1, 11, 7, 12, 13, 8, 118, 17, 2103],
    "n2i": [36, 135, 200, 46, 148, 56, 23, 21, 75, 27, 80, 33, 122, 1157, 108, 29039],
}
HACKSHAW_YI = [
    0.165514438477573, 0.371563556432483, 0.703097511413113, 0.182321556793955,
    -0.287682072451781, 0.727548607277278, 0.756121979721334, -0.22314355131421,
    -0.23572233352107, 0.698134722070984, 0.207014169384326, 0.182321556793955, 0.418710334858185,
    0.0295588022415444, 0.438254930931155, 0.0295588022415444, 0.85015092936961,
    0.500775287912489, 0.173953307123438, 0.418710334858185, 0.770108221696074,
    0.0769610411361284, 0.936093359170335, 0.482426149244293, 0.0582689081239758,
    -0.23572233352107, -0.301105092783922, 0.819779831493311, -0.0304592074847086,
    0.470003629245736, 0.173953307123438, 0.506817602368452, 0.231111720963387,
    0.0953101798043249, 0.506817602368452, 0.148420005118273, 0.104360015324243,
]  # fmt: skip
HACKSHAW_VI = [
    0.0187768854850681, 0.033044038905788, 0.540195865342449, 0.0312676144886663,
    0.0796556541020111, 0.227320591670482, 0.0889215627069803, 0.192679603117081,
    0.339016347538589, 0.0980662024387636, 0.0455555485775347, 0.231749969641464,
    0.0796429220192453, 0.217395024672567, 0.0769579740386881, 0.0715017635257731,
    0.292565772065689, 0.0324375074298712, 0.0362733466418536, 0.483851241822467,
    0.123816201921842, 0.071085191722119, 0.398195433354185, 0.089623124068944,
    0.0337198883325506, 0.0161294909173902, 0.180233473435612, 0.317147722864399,
    0.0125468451490273, 0.113696292350967, 0.0893367804165667, 0.175985594791832,
    0.0100290474315282, 0.0862143558865863, 0.0398749675436979, 0.0363997555696295,
    0.0664195066219777,
]  # fmt: skip


def comparison(name):
    """Effects, variances and totals of a public data set."""
    if name == "hackshaw":
        return np.array(HACKSHAW_YI), np.array(HACKSHAW_VI), None
    counts = EGGER
    if name == "bcg":
        counts = next(
            c["counts"] for c in REFERENCE["analyses"] if (c["data"], c["measure"]) == ("bcg", "RR")
        )
    yi, vi = escalc("RR" if name == "bcg" else "OR", **counts)
    return yi, vi, np.add(counts["n1i"], counts["n2i"]).astype(float)


# --- metafor 3.8 ---------------------------------------------------------------------------------

# regtest(fit, ni = ni, predictor = ...) of fit = rma(yi, vi, method = ..., test = ..., control =
# list(threshold = 1e-13, maxiter = 100000, stepadj = 0.5)); regtest(yi, vi, model = "lm", ...):
# data, predictor, model, method, test, statistic, p, limit, its lower bound.
REGRESSIONS = [
    ("bcg", "sei", "lm", "", "", -1.40128200229, 0.188706995082, -0.19092864236, -0.675332350276),
    ("bcg", "sei", "rma", "REML", "z", -0.803329193091, 0.421784488855, -0.510431874103,
     -1.11822398901),
    ("bcg", "sei", "rma", "DL", "knha", -0.793638127847, 0.444189278382, -0.506349038745,
     -1.20426859569),
    ("bcg", "vi", "lm", "", "", -0.856813965044, 0.409825812146, -0.379953506428, -0.726070069767),
    ("bcg", "vi", "rma", "REML", "z", -0.426781126452, 0.669538754517, -0.655359443949,
     -1.10726559842),
    ("bcg", "vi", "rma", "DL", "knha", -0.429364255723, 0.675947161397, -0.651835675841,
     -1.17063430682),
    ("bcg", "ni", "lm", "", "", 4.41122166112, 0.0010435896839, None, None),
    ("bcg", "ni", "rma", "REML", "z", 2.04875455599, 0.0404861215166, None, None),
    ("bcg", "ni", "rma", "DL", "knha", 2.07613437135, 0.0621115390745, None, None),
    ("bcg", "ninv", "lm", "", "", -1.44846956062, 0.175384365445, -0.34906642733, -0.677056098125),
    ("bcg", "ninv", "rma", "REML", "z", -1.25656282547, 0.208911982987, -0.59719325762,
     -0.982541006024),
    ("bcg", "ninv", "rma", "DL", "knha", -1.23933025751, 0.241014054065, -0.596626607997,
     -1.03391180599),
    ("bcg", "sqrtni", "lm", "", "", 4.27871652484, 0.00130151718819, None, None),
    ("bcg", "sqrtni", "rma", "REML", "z", 2.35724495874, 0.0184110973926, None, None),
    ("bcg", "sqrtni", "rma", "DL", "knha", 2.36207503748, 0.0376755721343, None, None),
    ("bcg", "sqrtninv", "lm", "", "", -2.62597608193, 0.0235759074535, -0.127142514903,
     -0.490662215884),
    ("bcg", "sqrtninv", "rma", "REML", "z", -1.83606240429, 0.066348427776, -0.409776828845,
     -0.858247845886),
    ("bcg", "sqrtninv", "rma", "DL", "knha", -1.81454569605, 0.0969317921464, -0.409360239409,
     -0.918368615621),
    ("egger", "sei", "lm", "", "", -5.78462135512, 4.72866354338e-05, 0.0996171438181,
     0.0272528481774),
    ("egger", "sei", "rma", "REML", "z", -4.66863563047, 3.03206580313e-06, 0.0419173327116,
     -0.160446928964),
    ("egger", "sei", "rma", "DL", "knha", -5.78462135512, 4.72866354338e-05, 0.0996171438181,
     0.0272528481774),
    ("egger", "vi", "lm", "", "", -3.34728766714, 0.00478974394904, 0.0336419877099,
     -0.056597000331),
    ("egger", "vi", "rma", "REML", "z", -2.09135698294, 0.036496075274, -0.400076615495,
     -0.809619422665),
    ("egger", "vi", "rma", "DL", "knha", -2.37499219309, 0.0323815895608, -0.351099196496,
     -0.744329117826),
    ("egger", "ni", "lm", "", "", 4.28218679054, 0.000759275770507, None, None),
    ("egger", "ni", "rma", "REML", "z", 2.01173789062, 0.0442475741766, None, None),
    ("egger", "ni", "rma", "DL", "knha", 2.38612353494, 0.0316997837521, None, None),
    ("egger", "ninv", "lm", "", "", -3.6161708213, 0.00280697175298, 0.0371727278712,
     -0.050122407454),
    ("egger", "ninv", "rma", "REML", "z", -2.11245258182, 0.0346476490236, -0.359102397922,
     -0.791541975069),
    ("egger", "ninv", "rma", "DL", "knha", -2.47864535653, 0.026538337543, -0.296472325226,
     -0.694471863321),
    ("egger", "sqrtni", "lm", "", "", 4.6410431231, 0.000381513599269, None, None),
    ("egger", "sqrtni", "rma", "REML", "z", 2.34599208883, 0.0189765102506, None, None),
    ("egger", "sqrtni", "rma", "DL", "knha", 2.84307923766, 0.013026511916, None, None),
    ("egger", "sqrtninv", "lm", "", "", -5.60829147557, 6.45087415373e-05, 0.105014580179,
     0.0300095534408),
    ("egger", "sqrtninv", "rma", "REML", "z", -4.97708718099, 6.45482536771e-07, 0.0735009547674,
     -0.0867358895534),
    ("egger", "sqrtninv", "rma", "DL", "knha", -5.06516288037, 0.000172421397528, 0.0775287556409,
     -0.0868118033777),
]  # fmt: skip
# trimfill(rma(yi, vi, method = ...), estimator = ...), same control: data, estimator, method, side,
# k0, se of k0, mean of the filled set, its tau2.
TRIMMED = [
    ("egger", "L0", "REML", "right", 7.0, 2.44521762135, -0.391533369766, 0.482905392823),
    ("egger", "L0", "EE", "right", 8.0, 2.24342897347, 0.0352058443158, 0.0),
    ("egger", "R0", "REML", "right", 3.0, 2.82842712475, -0.586888735553, 0.318186626612),
    ("egger", "R0", "EE", "right", 12.0, 5.09901951359, 0.0423762407289, 0.0),
    ("bcg", "L0", "REML", "right", 1.0, 2.45279864318, -0.657082783488, 0.33128763344),
    ("bcg", "L0", "EE", "right", 4.0, 2.38532559119, -0.291025992106, 0.0),
    ("bcg", "R0", "EE", "right", 4.0, 3.16227766017, -0.291025992106, 0.0),
    ("hackshaw", "L0", "REML", "left", 7.0, 4.03993726005, 0.174471110412, 0.0244557604381),
    ("hackshaw", "L0", "EE", "left", 7.0, 4.04049584827, 0.1555995779, 0.0),
    ("hackshaw", "R0", "REML", "left", 7.0, 4.0, 0.174471110412, 0.0244557604381),
    ("hackshaw", "R0", "EE", "left", 7.0, 4.0, 0.1555995779, 0.0),
]  # fmt: skip


@pytest.mark.parametrize("row", REGRESSIONS, ids=lambda row: "-".join(row[:5]))
def test_regression_tests_equal_metafor(row):
    name, predictor, model, method, test, statistic, p, limit, limit_lb = row
    yi, vi, ni = comparison(name)
    more = {"method": method, "test": test} if model == "rma" else {"weights": 1 / vi}
    found = regtest(yi, vi, predictor=predictor, ni=ni, measure="OR", model=model, **more)
    # Seen over nine estimators and five data sets: 8e-11 and less; the constants have 12 digits.
    assert (found.statistic, found.p) == pytest.approx((statistic, p), rel=1e-9)
    if limit is None:
        assert found.limit is None and len(found.terms()) == 1
    else:
        assert (found.limit, found.limit_lb) == pytest.approx((limit, limit_lb), rel=1e-9)


def test_maximum_likelihood_is_the_global_maximum():
    # metafor 3.8 stops at tau2 = 0, log-likelihood -19.65; at 0.0835 it is -17.76.
    yi, vi, _ = comparison("egger")
    found = regtest(yi, vi, predictor="vi", measure="OR", method="ML", test="z")
    assert found.tau2 == pytest.approx(0.0834172287666, rel=1e-9)


def test_egger_is_ordinary_least_squares_of_standard_normal_deviates():
    # Egger et al (1997): y / se on 1 / se; its intercept is the slope here, its p the same.
    from scipy.stats import linregress

    yi, vi, _ = comparison("bcg")
    plain = linregress(1 / np.sqrt(vi), yi / np.sqrt(vi))
    found = regtest(yi, vi, predictor="sei", measure="RR", model="lm")
    assert found.coefficient == pytest.approx(plain.intercept, rel=1e-9)
    assert found.se == pytest.approx(plain.intercept_stderr, rel=1e-9)
    assert found.limit == pytest.approx(plain.slope, rel=1e-9)


# ranktest(yi, vi) and ranktest(yi, 1 / ni): data, tau, p, tau by totals, p by totals.
RANKS = [
    ("bcg", 0.025641025641, 0.952361907961, -0.102564102564, 0.675433399548),
    ("egger", 0.15, 0.450284886272, 0.0333333333333, 0.89435125997),
]


@pytest.mark.parametrize("row", RANKS, ids=lambda row: row[0])
def test_rank_tests_equal_metafor(row):
    name, tau, p, tau_n, p_n = row
    yi, vi, ni = comparison(name)
    found = ranktest(yi, vi, measure="OR")
    assert (found.coefficient, found.p) == pytest.approx((tau, p), rel=1e-9)
    by_totals = ranktest(yi, vi, measure="PLO", ni=ni)
    assert (by_totals.coefficient, by_totals.p) == pytest.approx((tau_n, p_n), rel=1e-9)
    assert "p is exact" in found.notes


def test_rank_test_with_ties_is_approximate():
    yi, vi, _ = comparison("bcg")
    found = ranktest(np.round(yi), np.round(vi, 1) + 0.1, measure="OR")
    assert any("normal approximation" in note for note in found.notes)
    assert 0 < found.p < 1


@pytest.mark.parametrize("row", TRIMMED, ids=lambda row: "-".join(row[:3]))
def test_trim_and_fill_equals_metafor(row):
    name, estimator, method, side, k0, se, estimate, tau2 = row
    yi, vi, _ = comparison(name)
    found = trimfill(yi, vi, measure="OR", estimator=estimator, method=method)
    assert (found.side, found.k0) == (side, int(k0))
    assert (found.se_k0, found.adjusted.estimate) == pytest.approx((se, estimate), rel=1e-9)
    assert found.adjusted.tau2 == pytest.approx(tau2, rel=1e-9, abs=1e-12)
    assert found.adjusted.k == yi.size + found.k0
    assert len(found.filled) == found.k0
    assert found.p_k0 == (0.5 ** (found.k0 + 1) if estimator == "R0" else None)


# --- a sensitivity, never a headline -------------------------------------------------------------


def test_trim_and_fill_says_everywhere_that_it_is_no_result():
    yi, vi, _ = comparison("egger")
    found = trimfill(yi, vi, measure="OR", slab=[f"S{i}" for i in range(16)])
    assert "sensitivity" in repr(found)
    assert found.terms()[0]["term"] == "observed"
    assert "not a corrected result" in found.terms()[1]["term"]
    assert "never a corrected headline" in found.notes[0] == found.adjusted.notes[0]
    assert "never" not in " ".join(found.observed.notes)
    assert found.adjusted.slab[-1] == f"Filled {found.k0}"
    assert json.loads(found.to_json())["adjusted"]["estimate"] == found.adjusted.estimate


# --- refusals ------------------------------------------------------------------------------------


PROPORTIONS = ("PLO", "PLN", "PR", "PAS", "PFT")


def proportions(k):
    ni = np.arange(k) * 7 + 12.0
    return *escalc("PLO", xi=np.round(ni * 0.7), ni=ni), ni


@pytest.mark.parametrize("measure", PROPORTIONS)
@pytest.mark.parametrize("k", [3, 12])
def test_egger_is_refused_for_proportions_at_any_k(measure, k):
    yi, vi, ni = proportions(k)
    for predictor in ("sei", "vi"):
        with pytest.raises(ArgumentError, match=r"function of the proportion itself.*built in"):
            regtest(yi, vi, predictor=predictor, measure=measure, ni=ni)
    for function in (ranktest, trimfill):
        with pytest.raises(ArgumentError, match="no null hypothesis of no effect"):
            function(yi, vi, measure=measure)


def test_a_measure_that_may_compare_nothing_is_refused():
    yi, vi, _ = comparison("bcg")
    for call in (
        lambda: regtest(yi, vi, predictor="sei", measure="GEN"),
        lambda: ranktest(yi, vi, measure="GEN"),
        lambda: trimfill(yi, vi, measure="GEN"),
    ):
        with pytest.raises(ArgumentError, match="compare two arms"):
            call()


def test_proportions_are_tested_on_their_totals():
    yi, vi, ni = proportions(12)
    found = regtest(yi, vi, predictor="ninv", measure="PLO", ni=ni, model="lm")
    # Peters-like: the weights are the totals, as lm(yi ~ I(1 / ni), weights = ni) has them.
    X = np.column_stack([np.ones(12), 1 / ni]) * np.sqrt(ni)[:, None]
    limit, slope = np.linalg.lstsq(X, yi * np.sqrt(ni), rcond=None)[0]
    assert (found.limit, found.coefficient) == pytest.approx((limit, slope), rel=1e-9)
    assert "Weighted by the totals" in found.notes
    assert any("Small-study effects" in note for note in found.notes)
    by_rma = regtest(yi, vi, predictor="ninv", measure="PLO", ni=ni)
    assert any("Weights depend on the proportions" in note for note in by_rma.notes)


@pytest.mark.parametrize("k", [1, 2, 9])
def test_few_studies_are_refused(k):
    yi, vi, ni = (array[:k] for array in comparison("bcg"))
    for call in (
        lambda **more: regtest(yi, vi, predictor="ni", ni=ni, measure="PLO", **more),
        lambda **more: regtest(yi, vi, predictor="sei", measure="RR", model="lm", **more),
        lambda **more: ranktest(yi, vi, measure="RR", **more),
        lambda **more: trimfill(yi, vi, measure="RR", **more),
    ):
        with pytest.raises(NotEstimable, match=rf"{k} stud.*below 10"):
            call()
        for minimum_k in (k, 9, 0, -1, 9.5, "10", None):
            with pytest.raises(ArgumentError, match="minimum_k"):
                call(minimum_k=minimum_k)


def test_the_minimum_can_be_raised():
    yi, vi, _ = comparison("bcg")
    assert ranktest(yi, vi, measure="RR", minimum_k=13).k == 13
    with pytest.raises(NotEstimable, match="below 14"):
        ranktest(yi, vi, measure="RR", minimum_k=14)


def test_equal_sizes_are_refused_with_the_reason():
    yi = np.linspace(-1, 1, 12)
    vi, ni = np.full(12, 0.3), np.full(12, 40)
    for predictor, model in (("ni", "rma"), ("sqrtninv", "lm"), ("sei", "rma"), ("vi", "lm")):
        with pytest.raises(NotEstimable, match="same in every study"):
            regtest(yi, vi, predictor=predictor, measure="OR", ni=ni, model=model)
    for function in (ranktest, trimfill):
        with pytest.raises(NotEstimable, match="same"):
            function(yi, vi, measure="OR")
    assert trimfill(yi, vi, measure="OR", side="left").k0 == 0


def test_fits_without_residuals_are_refused():
    sei = np.linspace(0.1, 1, 12)
    with pytest.raises(NotEstimable, match="line"):
        regtest(2 * sei, sei**2, predictor="sei", measure="OR", model="lm")
    with pytest.raises(NotEstimable, match="all the same"):
        trimfill(np.ones(12), sei**2, measure="OR")
    with pytest.raises(NotEstimable, match="same"):
        ranktest(np.ones(12), sei**2, measure="OR")


# --- properties ----------------------------------------------------------------------------------


@st.composite
def comparisons(draw, k_max=14):
    k = draw(st.integers(10, k_max))
    yi = draw(st.lists(st.floats(-3, 3), min_size=k, max_size=k))
    vi = draw(st.lists(st.floats(0.01, 4), min_size=k, max_size=k, unique=True))
    return np.round(yi, 3), np.round(vi, 4)


@settings(max_examples=25, deadline=None)
@given(comparisons(), st.sampled_from(["L0", "R0"]), st.sampled_from(["left", "right"]))
def test_trim_and_fill_of_the_mirror_image(data, estimator, side):
    yi, vi = data
    other = {"left": "right", "right": "left"}[side]
    try:
        found = trimfill(yi, vi, measure="OR", estimator=estimator, side=side, method="DL")
    except NotEstimable:
        return
    mirrored = trimfill(-yi, vi, measure="OR", estimator=estimator, side=other, method="DL")
    assert mirrored.k0 == found.k0
    assert mirrored.adjusted.estimate == pytest.approx(-found.adjusted.estimate, abs=1e-12)
    # Each filled effect mirrors one of the k0 outermost about one and the same middle.
    outermost = np.sort(yi if side == "left" else -yi)[yi.size - found.k0 :]
    sums = np.array(found.filled) + (outermost if side == "left" else -outermost)
    assert np.ptp(sums, axis=0) <= 1e-9 if found.k0 else found.adjusted.k == yi.size


@settings(max_examples=25, deadline=None)
@given(comparisons(), st.floats(-5, 5), st.sampled_from(["rma", "lm"]))
def test_a_shift_of_all_effects_moves_the_limit_alone(data, shift, model):
    yi, vi = data
    try:
        before = regtest(yi, vi, predictor="sei", measure="OR", model=model)
        after = regtest(yi + shift, vi, predictor="sei", measure="OR", model=model)
    except NotEstimable:
        return
    assert after.p == pytest.approx(before.p, rel=1e-6, abs=1e-9)
    assert after.limit == pytest.approx(before.limit + shift, rel=1e-7, abs=1e-7)


@settings(max_examples=25, deadline=None)
@given(comparisons())
def test_the_rank_test_of_the_mirror_image(data):
    yi, vi = data
    try:
        found = ranktest(yi, vi, measure="OR")
    except NotEstimable:
        return
    mirrored = ranktest(-yi, vi, measure="OR")
    assert (mirrored.coefficient, mirrored.p) == pytest.approx((-found.coefficient, found.p))
    assert -1 <= found.coefficient <= 1 and 0 <= found.p <= 1


# --- results and bad input -----------------------------------------------------------------------


def test_results_are_frozen_and_say_what_they_are():
    yi, vi, _ = comparison("bcg")
    found = regtest(yi, vi, predictor="sei", measure="RR")
    assert isinstance(found, SmallStudyTest)
    assert "Egger" in repr(found) and "\n" not in repr(found)
    with pytest.raises(FrozenInstanceError):
        found.p = 0
    assert json.loads(found.to_json())["df"] == 11
    assert list(found.summary["term"])[1] == "limit of a large study"


BAD = [
    None, "text", [], [np.nan] * 12, [np.inf] * 12, ["a"] * 12, [[1.0] * 12] * 2, [1e60] * 12,
    np.ma.masked_array([0.5] * 12, mask=[True] + [False] * 11), [1.0] * 11, object(), [-1.0] * 12,
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_bad_input_is_refused(bad):
    yi, vi, ni = (array[:12] for array in comparison("bcg"))
    calls = [
        lambda: regtest(yi, bad, predictor="ninv", ni=ni, measure="PLO"),
        lambda: ranktest(yi, bad, measure="OR"),
        lambda: trimfill(yi, bad, measure="OR"),
        lambda: regtest(yi, vi, predictor="ninv", ni=bad, measure="OR"),
        lambda: regtest(yi, vi, predictor="ninv", ni=bad, measure="PLO", model="lm"),
        lambda: ranktest(yi, vi, ni=bad, measure="PLO"),
    ]
    if bad is not None:
        calls.append(
            lambda: regtest(yi, vi, predictor="sei", measure="OR", model="lm", weights=bad)
        )
    for call in calls:
        with pytest.raises(ArgumentError):
            call()
    if not (isinstance(bad, list) and bad[:1] == [-1.0]):
        for call in (
            lambda: regtest(bad, vi, predictor="ninv", ni=ni, measure="PLO"),
            lambda: ranktest(bad, vi, measure="OR"),
            lambda: trimfill(bad, vi, measure="OR"),
        ):
            with pytest.raises(ArgumentError):
                call()


@pytest.mark.parametrize(
    "more",
    [
        {"predictor": "size"}, {"predictor": None}, {"measure": "XX"}, {"model": "glm"},
        {"method": "XX"}, {"test": "t"}, {"level": 1}, {"weights": [1.0] * 13},
    ],
)  # fmt: skip
def test_bad_choices_are_refused(more):
    yi, vi, ni = comparison("bcg")
    with pytest.raises(ArgumentError):
        regtest(yi, vi, **({"predictor": "sei", "measure": "RR", "ni": ni} | more))


@pytest.mark.parametrize(
    "more", [{"estimator": "Q0"}, {"side": "up"}, {"slab": ["a"]}, {"method": None}, {"level": "a"}]
)
def test_bad_choices_of_trimming_are_refused(more):
    yi, vi, _ = comparison("bcg")
    with pytest.raises(ArgumentError):
        trimfill(yi, vi, **({"measure": "RR"} | more))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(-40, 40), st.floats(0, 12))
def test_wild_scales_give_numbers_or_reasons(seed, unit, spread):
    rng = np.random.default_rng(seed)
    yi = rng.normal(size=12) * 10**unit
    vi = 10 ** np.clip(rng.uniform(-spread, spread, 12) + unit, -49, 49)
    for call in (
        lambda: regtest(yi, vi, predictor="sei", measure="OR"),
        lambda: regtest(yi, vi, predictor="sei", measure="OR", model="lm"),
        lambda: ranktest(yi, vi, measure="OR"),
        lambda: trimfill(yi, vi, measure="OR"),
    ):
        try:
            found = call()
        except (ArgumentError, NotEstimable):
            continue
        plain = (found.adjusted if hasattr(found, "adjusted") else found).to_dict()
        plain.pop("displayed", None)  # a ratio beyond floating point is infinite
        numbers = [value for value in vars(found).values() if isinstance(value, float)]
        assert np.all(np.isfinite(numbers))
        assert plain.get("estimate", 0.0) is not None


@pytest.mark.parametrize(
    ("measure", "model", "said"),
    [("OR", "rma", False), ("OR", "lm", False), ("PLO", "rma", True), ("PAS", "rma", False)],
)
def test_only_weights_that_depend_on_proportions_are_warned_of(measure, model, said):
    ni = np.arange(20, 31)
    xi = np.arange(5, 16)
    data = escalc("PLO", xi=xi, ni=ni)
    notes = regtest(*data, predictor="ninv", measure=measure, ni=ni, model=model).notes
    assert any("Weights depend on the proportions" in note for note in notes) == said


@pytest.mark.parametrize("measure", ["PLO", "PLN", "PR", "PAS", "PFT"])
def test_every_measure_of_one_arm_is_refused_a_predictor_that_depends_on_its_size(measure):
    yi, vi = np.linspace(0.2, 0.6, 11), np.linspace(0.01, 0.05, 11)
    with pytest.raises(ArgumentError, match=f"for the measure {measure}; allowed: a comparison"):
        regtest(yi, vi, predictor="sei", measure=measure, ni=np.arange(20, 31))


@pytest.mark.parametrize("measure", ["OR", "RR", "RD", "HR"])
def test_every_measure_of_two_arms_has_a_test_by_its_standard_error(measure):
    yi, vi = np.linspace(0.2, 0.6, 11) ** 2, np.linspace(0.01, 0.05, 11)
    assert regtest(yi, vi, predictor="sei", measure=measure).k == 11
