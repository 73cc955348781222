"""Two arms under a common effect: metafor's numbers, properties, zeros, bad input."""

import json
import re

import numpy as np
import pytest
from evisynth.engine.effects.escalc import escalc
from evisynth.engine.random_effects.model import rma
from evisynth.engine.two_arm.difference import newcombe
from evisynth.engine.two_arm.pooling import inverse_variance, mantel_haenszel, peto
from evisynth.errors import ArgumentError, EvisynthError, NotEstimable
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

# metafor 3.8-1, options(digits = 16), zeros left as they are:
#   MH: rma.mh(measure, ..., add = 0, to = "none", correct = FALSE, level = 90), also CMH below
#   Peto: rma.peto(..., add = 0, to = "none")
#   IV: rma(yi, vi, method = "EE") of escalc(measure, ...), for OR without the strata in which
#       nobody or everybody has the event, for RR without those in which nobody has
COUNTS = {
    "bcg": {
        "ai": [4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27],
        "n1i": [123, 306, 231, 13598, 5069, 1541, 2545, 88391, 7499, 1716, 50634, 2498, 16913],
        "ci": [11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29],
        "n2i": [139, 303, 220, 12867, 5808, 1451, 629, 88391, 7277, 1665, 27338, 2341, 17854],
    },
    "nielweise2007": {
        "ai": [0, 1, 2, 0, 5, 1, 1, 1, 1, 1, 0, 0, 3, 6, 0, 0, 1, 4],
        "n1i": [116, 44, 208, 130, 151, 98, 174, 74, 97, 113, 66, 70, 188, 187, 118, 252, 345, 64],
        "ci": [3, 3, 9, 7, 6, 4, 3, 2, 19, 2, 7, 1, 5, 11, 0, 1, 3, 1],
        "n2i": [
            117,
            35,
            195,
            136,
            157,
            139,
            177,
            39,
            103,
            122,
            64,
            58,
            175,
            180,
            105,
            262,
            362,
            69,
        ],
    },
    "made_up": {
        "ai": [0, 4, 10, 2, 7, 0, 9],
        "n1i": [15, 20, 10, 33, 28, 12, 9],
        "ci": [3, 9, 8, 0, 12, 0, 11],
        "n2i": [14, 22, 11, 30, 26, 10, 11],
    },
}
# (estimate, se, ci_lb, ci_ub, QE, QEp)
METAFOR = {
    ("bcg", "MH", "OR"): (
        -0.473410988388585,
        0.0410077784042314,
        -0.540862781430008,
        -0.405959195347163,
        163.942579569193,
        8.24945255100163e-29,
    ),
    ("bcg", "MH", "RR"): (
        -0.453709604683754,
        0.0393373668712944,
        -0.518413815256723,
        -0.389005394110785,
        152.567553586657,
        1.70758753151519e-26,
    ),
    ("bcg", "MH", "RD"): (
        -0.003288181832613,
        0.000286656748527374,
        -0.00375969022511837,
        -0.00281667344010763,
        386.77594183656,
        2.3820625650551e-75,
    ),
    ("bcg", "IV", "OR"): (
        -0.43613907613641,
        0.042265456992996,
        -0.518977849632808,
        -0.353300302640011,
        163.1649151808,
        1.18877259111069e-28,
    ),
    ("bcg", "IV", "RR"): (
        -0.430285163654091,
        0.0404987517108638,
        -0.509661258426214,
        -0.350909068881968,
        152.233008082373,
        1.99676459084597e-26,
    ),
    ("bcg", "IV", "RD"): (
        -0.00091426346845626,
        0.000226033929656083,
        -0.00135728182986624,
        -0.000471245107046277,
        276.473712704485,
        4.02080597221378e-52,
    ),
    ("bcg", "Peto", "OR"): (
        -0.474446310940636,
        0.0406590807446483,
        -0.554136644844653,
        -0.39475597703662,
        167.730167511489,
        1.38975434718433e-29,
    ),
    ("nielweise2007", "MH", "OR"): (
        -1.20870483273377,
        0.222445421341601,
        -1.57459499082625,
        -0.842814674641286,
        14.2992496475864,
        0.216874803779493,
    ),
    ("nielweise2007", "MH", "RR"): (
        -1.17777194418453,
        0.218167943895619,
        -1.53662627798578,
        -0.818917610383274,
        13.9245733597011,
        0.237195286818986,
    ),
    ("nielweise2007", "MH", "RD"): (
        -0.0242621874447245,
        0.00422430915666536,
        -0.0312105576824298,
        -0.0173138172070192,
        71.7080512274804,
        5.00148157311429e-09,
    ),
    ("nielweise2007", "IV", "OR"): (
        -0.966427319603269,
        0.236242155793738,
        -1.4294534365891,
        -0.503401202617442,
        15.8119099561732,
        0.46616354413365,
    ),
    ("nielweise2007", "IV", "RR"): (
        -0.925694355976711,
        0.230318892347552,
        -1.37711108993707,
        -0.474277622016351,
        15.190279149094,
        0.510748807652641,
    ),
    ("nielweise2007", "IV", "RD"): (
        -0.0100271705281211,
        0.0029109334263013,
        -0.0157324952050655,
        -0.0043218458511768,
        39.435205177354,
        0.00155378247949652,
    ),
    ("nielweise2007", "Peto", "OR"): (
        -1.10574494676301,
        0.191587337011734,
        -1.48124922719995,
        -0.730240666326074,
        18.7345092861252,
        0.282670779392964,
    ),
    ("made_up", "MH", "OR"): (
        -0.573992876433547,
        0.372149709322624,
        -1.1861246755818,
        0.0381389227147066,
        0.792418288564374,
        0.373369888427511,
    ),
    ("made_up", "MH", "RR"): (
        -0.226105717460463,
        0.147303574912029,
        -0.468398536917431,
        0.0161871019965058,
        10.5858818923475,
        0.00502695449629441,
    ),
    ("made_up", "MH", "RD"): (
        -0.0673492758949278,
        0.0436809330978291,
        -0.139198017129517,
        0.00449946533966103,
        20.0362576668226,
        0.000491235534544186,
    ),
    ("made_up", "IV", "OR"): (
        -0.685391226585052,
        0.404533293873027,
        -1.47826191312354,
        0.107479459953438,
        6.72459141671568,
        0.151178011718293,
    ),
    ("made_up", "IV", "RR"): (
        -0.00182633670002062,
        0.0817466646529679,
        -0.162046855276111,
        0.15839418187607,
        9.57008903683061,
        0.088374345425902,
    ),
    ("made_up", "IV", "RD"): (
        -0.00693460142877574,
        0.0332882880616224,
        -0.0721784471365502,
        0.0583092442789988,
        12.1577152056015,
        0.0585414511443559,
    ),
    ("made_up", "Peto", "OR"): (
        -0.578250109006738,
        0.370473363489191,
        -1.30436455867697,
        0.147864340663493,
        10.5919787529371,
        0.0315533172560021,
    ),
}
CMH = {
    "bcg": (136.162976744635, 1.83807338632165e-31),
    "nielweise2007": (33.3101297808173, 7.85722910688574e-09),
    "made_up": (2.43622541820536, 0.118561211160283),
}
WEIGHTS = {  # of made_up
    ("MH", "OR"): [16.0851063829787, 35.5404255319149, 0, 0, 48.3744680851064, 0, 0],
    ("MH", "RR"): [
        7.45333776765304,
        20.5854090725655,
        18.298141397836,
        0,
        29.8869642831322,
        0,
        23.7761474788132,
    ],
    ("MH", "RD"): [
        11.5758390796366,
        16.7469055165718,
        8.37345275828589,
        25.1203582748577,
        21.5510683112247,
        8.71946320284316,
        7.91291285658017,
    ],
    ("Peto", "OR"): [
        9.54715221607274,
        31.4793361893182,
        9.24340189962207,
        6.73652946089542,
        42.9935802340916,
        0,
        0,
    ],
}
MEASURES = ("OR", "RR", "RD")
FIELDS = ("estimate", "se", "ci_lb", "ci_ub", "Q", "Q_p")


def mh(measure):
    return lambda *counts, **more: mantel_haenszel(*counts, measure=measure, **more)


def iv(measure):
    return lambda *counts, **more: inverse_variance(*counts, measure=measure, **more)


METHODS = {("MH", m): mh(m) for m in MEASURES} | {("IV", m): iv(m) for m in MEASURES}
METHODS |= {("Peto", "OR"): peto}
each_method = pytest.mark.parametrize("name", METHODS, ids="-".join)


@st.composite
def tables(draw, most=300, k_max=6):
    k = draw(st.integers(1, k_max))
    n1i, n2i = (draw(st.lists(st.integers(1, most), min_size=k, max_size=k)) for _ in "12")
    ai, ci = ([draw(st.integers(0, n)) for n in totals] for totals in (n1i, n2i))
    return ai, n1i, ci, n2i


def pooled(method, counts, **more):
    try:
        return method(*counts, **more)
    except NotEstimable:
        return None


# --- metafor and Cochrane ------------------------------------------------------------------------


@pytest.mark.parametrize("case", METAFOR, ids="-".join)
def test_it_equals_metafor(case):
    data, method, measure = case
    level = 0.9 if method == "MH" else 0.95
    found = METHODS[method, measure](**COUNTS[data], level=level)
    assert (found.method, found.measure, found.k) == (method, measure, len(COUNTS[data]["ai"]))
    # Largest error seen 2.1e-12 relative: Q_p of 3e-60.
    expected = METAFOR[case]
    assert [getattr(found, name) for name in FIELDS] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("case", WEIGHTS, ids="-".join)
def test_weights_equal_metafors(case):
    found = METHODS[case](**COUNTS["made_up"]).weights
    assert found == pytest.approx(WEIGHTS[case], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("data", CMH)
def test_the_test_of_association_equals_metafors(data):
    found = mantel_haenszel(**COUNTS[data])
    assert (found.CMH, found.CMH_p) == pytest.approx(CMH[data], rel=1e-9)
    assert mantel_haenszel(**COUNTS[data], measure="RR").CMH is None


@pytest.mark.parametrize("measure", MEASURES)
def test_inverse_variance_is_the_equal_effects_model(measure):
    data = COUNTS["bcg"]
    found = inverse_variance(**data, measure=measure)
    model = rma(*escalc(measure, **data), method="EE", test="z", measure=measure)
    for name in (*FIELDS, "weights"):
        assert getattr(found, name) == pytest.approx(getattr(model, name), rel=1e-12)


def test_one_stratum_is_its_own_effect():
    found = mantel_haenszel([4], [123], [11], [139])
    yi, vi = escalc("OR", ai=[4], n1i=[123], ci=[11], n2i=[139])
    # The Robins-Breslow-Greenland variance of one stratum is the sum of the reciprocal cells.
    assert (found.estimate, found.se**2) == pytest.approx((yi[0], vi[0]), rel=1e-12)
    assert (found.Q, found.Q_p, found.weights) == (None, None, (100.0,))


# --- properties ----------------------------------------------------------------------------------


@each_method
@settings(max_examples=25, deadline=None)
@given(counts=tables(), random=st.randoms(use_true_random=False))
def test_the_order_of_strata_does_not_matter(name, counts, random):
    found = pooled(METHODS[name], counts)
    order = list(range(len(counts[0])))
    random.shuffle(order)
    again = pooled(METHODS[name], [[part[i] for i in order] for part in counts])
    assert (found is None) == (again is None)
    if found is not None:
        # Error seen 4e-14, of an estimate near 0.
        for field in FIELDS:
            assert getattr(again, field) == pytest.approx(getattr(found, field), abs=1e-10)
        turned = [found.weights[i] for i in order]
        assert again.weights == pytest.approx(turned, abs=1e-10)
        assert sum(found.weights) == pytest.approx(100, rel=1e-12)


@each_method
@settings(max_examples=25, deadline=None)
@given(counts=tables())
@example(([5, 0], [5, 4], [0, 0], [7, 3]))
def test_exchanging_the_arms_turns_the_sign(name, counts):
    found = pooled(METHODS[name], counts)
    turned = pooled(METHODS[name], (*counts[2:], *counts[:2]))
    assert (found is None) == (turned is None)
    if found is not None:
        assert turned.estimate == pytest.approx(-found.estimate, abs=1e-10)
        assert (turned.ci_lb, turned.ci_ub) == pytest.approx(
            (-found.ci_ub, -found.ci_lb), abs=1e-10
        )
        assert (turned.Q is None) == (found.Q is None)
        assert turned.Q is None or pytest.approx(found.Q, rel=1e-9, abs=1e-9) == turned.Q


@each_method
@settings(max_examples=20, deadline=None)
@given(counts=tables())
def test_identical_arms_do_not_differ(name, counts):
    ai, n1i, *_ = counts
    found = pooled(METHODS[name], (ai, n1i, ai, n1i))
    assume(found is not None)
    assert found.estimate == pytest.approx(0, abs=1e-12)
    if name[0] == "Peto":
        assert found.estimate == 0
    assert found.ci_lb < 0 < found.ci_ub
    null = 0 if found.measure == "RD" else 1
    assert found.displayed["estimate"] == pytest.approx(null, abs=1e-12)


@each_method
@settings(max_examples=20, deadline=None)
@given(counts=tables(), times=st.integers(2, 5))
def test_doubling_every_stratum_shrinks_the_standard_error(name, counts, times):
    found = pooled(METHODS[name], counts)
    assume(found is not None)
    again = METHODS[name](*(list(part) * times for part in counts))
    assert again.estimate == pytest.approx(found.estimate, abs=1e-10)
    assert again.se == pytest.approx(found.se / times**0.5, rel=1e-6)


@each_method
@settings(max_examples=25, deadline=None)
@given(counts=tables(most=10**9, k_max=3))
def test_numbers_are_finite_or_refused(name, counts):
    found = pooled(METHODS[name], counts)
    if found is not None:
        assert np.all(np.isfinite([found.estimate, found.se, found.ci_lb, found.ci_ub]))
        assert found.se > 0 and found.ci_lb < found.ci_ub
        assert (found.Q is None) == (found.Q_p is None)
        assert found.Q is None or (0 <= found.Q < np.inf and 0 <= found.Q_p <= 1)
        assert min(found.weights) >= 0
        json.loads(found.to_json())


# --- zeros ---------------------------------------------------------------------------------------

NOBODY = ([0, 3], [9, 10], [0, 5], [8, 11])
SLAB = ("Empty", "Full")


@pytest.mark.parametrize("name", [n for n in METHODS if n[1] != "RD"], ids="-".join)
def test_a_stratum_without_events_bears_no_weight_on_ratios(name):
    found = METHODS[name](*NOBODY, slab=SLAB)
    alone = METHODS[name](*([part[1]] for part in NOBODY))
    assert found.weights == pytest.approx((0, 100)) and found.k == 2
    # Error seen 0.
    assert (found.estimate, found.se) == pytest.approx((alone.estimate, alone.se), rel=1e-12)
    assert any("nobody has the event" in n and "Empty" in n for n in found.notes)
    assert not any("Full" in note for note in found.notes) and alone.notes == ()


def test_a_stratum_without_events_counts_for_the_risk_difference():
    found = mantel_haenszel(*NOBODY, measure="RD", slab=SLAB)
    w = np.array([9 * 8 / 17, 10 * 11 / 21])
    assert found.weights == pytest.approx(100 * w / w.sum(), rel=1e-12)
    assert found.estimate == pytest.approx(w[1] * (3 / 10 - 5 / 11) / w.sum(), rel=1e-12)
    assert len(found.notes) == 1 and "not in Q: Empty." in found.notes[0]
    assert "0.5 was added" in inverse_variance(*NOBODY, measure="RD").notes[0]


def test_no_correction_is_added_to_a_single_empty_cell():
    # R = 3 * 8 / 18 + 0, S = 5 * 2 / 18 + 4 * 1 / 20, by hand.
    found = mantel_haenszel([3, 0], [8, 10], [2, 1], [10, 10], slab=SLAB)
    above, below = 3 * 8 / 18, 5 * 2 / 18 + 10 * 1 / 20
    assert found.displayed["estimate"] == pytest.approx(above / below, rel=1e-12)
    assert (found.Q, found.Q_p) == (None, None)
    assert "not in Q: Full." in found.notes[0]
    other = mantel_haenszel([2, 1], [10, 10], [3, 0], [8, 10], slab=SLAB)
    assert other.weights[1] == 0 and "infinite" in other.notes[0]
    corrected = inverse_variance([3, 0], [8, 10], [2, 1], [10, 10], slab=SLAB)
    assert corrected.notes == ("0.5 was added to every cell, because one is empty: Full.",)


@pytest.mark.parametrize(
    "name, counts",
    [
        (("MH", "OR"), ([0, 0], [5, 5], [1, 2], [5, 5])),
        (("MH", "OR"), ([5], [5], [5], [5])),
        (("MH", "RR"), ([0, 0], [5, 5], [1, 2], [5, 5])),
        (("MH", "RR"), ([5, 4], [5, 4], [3, 2], [3, 2])),
        (("MH", "RD"), ([0, 0], [5, 5], [0, 0], [5, 5])),
        (("MH", "RD"), ([5], [5], [0], [7])),
        (("MH", "RD"), ([7], [7], [0], [3])),
        (("Peto", "OR"), ([0, 5], [5, 5], [0, 4], [5, 4])),
        (("IV", "OR"), ([0, 5], [5, 5], [0, 4], [5, 4])),
        (("IV", "RR"), ([0], [5], [0], [5])),
    ],
)
def test_what_has_no_finite_estimate_is_refused(name, counts):
    with pytest.raises(NotEstimable) as caught:
        METHODS[name](*counts)
    function = {"MH": "mantel_haenszel", "Peto": "peto", "IV": "inverse_variance"}[name[0]]
    assert str(caught.value).startswith(f"{function}: ") and "nan" not in str(caught.value)


ADVISED = {"peto": peto, "mantel_haenszel": mantel_haenszel, "newcombe": newcombe}


def check_advice(refusal, counts):
    """Every call that a refusal names works on the counts that were refused."""
    calls = re.findall(r"(\w+)\(ai, n1i, ci, n2i(?:, measure='(\w+)')?\)", refusal)
    assert calls and all(words not in refusal for words in ("can still", "add strata"))
    for name, measure in calls:
        found = ADVISED[name](*counts, **({"measure": measure} if measure else {}))
        numbers = found if name == "newcombe" else (found.estimate, found.ci_lb, found.ci_ub)
        assert np.all(np.isfinite(numbers))


@st.composite
def sparse_tables(draw):
    k = draw(st.integers(1, 3))
    share, total = st.sampled_from((0, 0.5, 1)), st.integers(1, 4)
    arm = st.tuples(share, total).map(lambda found: (int(found[0] * found[1]), found[1]))
    arms = draw(st.lists(st.tuples(arm, arm), min_size=k, max_size=k))
    return tuple([pair[i][j] for pair in arms] for i in (0, 1) for j in (0, 1))


@each_method
@settings(max_examples=60, deadline=None)
@given(counts=sparse_tables())
def test_what_a_refusal_advises_works_on_the_same_counts(name, counts):
    try:
        METHODS[name](*counts)
    except NotEstimable as refusal:
        check_advice(str(refusal), counts)


def test_no_events_at_all_leave_the_difference_of_each_stratum():
    with pytest.raises(NotEstimable) as caught:
        mantel_haenszel([0], [105], [0], [101])
    assert "measure='RD'" not in str(caught.value) and "newcombe(" in str(caught.value)
    check_advice(str(caught.value), ([0], [105], [0], [101]))
    with pytest.raises(NotEstimable) as caught:
        mantel_haenszel([0, 0], [5, 5], [1, 2], [5, 5])
    assert "peto(" in str(caught.value) and "measure='RD'" in str(caught.value)


# --- the result ----------------------------------------------------------------------------------


def test_the_result_is_plain_and_shown():
    found = mantel_haenszel(**COUNTS["bcg"], slab=[f"T{i}" for i in range(13)])
    again = json.loads(found.to_json())
    assert again["type"] == "TwoArm" and again["slab"][2] == "T2"
    assert again["displayed"]["ci_ub"] == pytest.approx(np.exp(found.ci_ub), rel=1e-15)
    row = found.summary.iloc[0]
    assert (row["term"], row["scale"]) == ("common effect (Mantel-Haenszel)", "odds ratio")
    assert row["ci_lb"] == found.displayed["ci_lb"] and found.displayed["pi_lb"] is None
    assert repr(found) == "<Mantel-Haenszel OR, k = 13: 0.623 [0.575, 0.675]>"
    with pytest.raises(AttributeError):
        found.k = 3


# --- bad input -----------------------------------------------------------------------------------

GOOD = {"ai": [1, 2], "n1i": [8, 8], "ci": [1, 3], "n2i": [8, 8]}
BAD = [
    None, [], "12", ["1", "2"], [1, np.nan], [1, np.inf], [1, -1], [1, 0.5], [1, 10**12],
    [[1, 2]], [1, 2, 3], np.ma.array([1, 2], mask=[0, 1]), [1, None], {"a": 1}, object(),
]  # fmt: skip


@each_method
@pytest.mark.parametrize("argument", GOOD)
def test_bad_counts_are_named(name, argument):
    for bad in BAD:
        with pytest.raises(ArgumentError):
            METHODS[name](**GOOD | {argument: bad})


@each_method
@pytest.mark.parametrize(
    "more", [{"level": 95}, {"level": None}, {"slab": ["A"]}, {"slab": "AB"}], ids=str
)
def test_bad_options_are_named(name, more):
    with pytest.raises(ArgumentError, match=next(iter(more))):
        METHODS[name](**GOOD, **more)


@pytest.mark.parametrize("method", [mantel_haenszel, inverse_variance])
@pytest.mark.parametrize("measure", ["HR", "PLO", None, 3, ["OR"], np.array(["OR", "RR"])])
def test_an_unknown_measure_is_named(method, measure):
    with pytest.raises(ArgumentError, match=f"^{method.__name__}: measure is "):
        method(**GOOD, measure=measure)


@pytest.mark.parametrize("add", [0, -1, np.nan, "x", None])
def test_an_impossible_addend_is_named(add):
    with pytest.raises(EvisynthError, match="add is "):
        inverse_variance(**GOOD, add=add)


def test_a_ratio_beyond_floating_point_leaves_json_as_nothing():
    found = peto([1], [1], [0], [659])
    # By hand: (1 - 1/660) over the hypergeometric variance 659 / 660^2.
    assert found.estimate == pytest.approx(660, rel=1e-12)
    assert np.isinf(found.displayed["ci_ub"])
    assert json.loads(found.to_json())["displayed"]["ci_ub"] is None


# Differences --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "limits"),
    [  # Newcombe RG (1998) Stat Med 17:873, table II, method 10; four decimals are printed.
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
        ((10, 10, 0, 10), (0.6075, 1.0)),
    ],
)
def test_newcombes_interval_is_as_published(cells, limits):
    _, (lower,), (upper,) = newcombe(*([x] for x in cells))
    assert (lower, upper) == pytest.approx(limits, abs=5e-5)


@given(st.lists(st.tuples(*[st.integers(1, 60)] * 2, st.floats(0, 1), st.floats(0, 1)), min_size=1))
def test_newcombes_interval_holds_the_difference_and_turns_round(rows):
    n1, n2 = ([row[i] for row in rows] for i in (0, 1))
    a, c = ([round(row[0 + i] * row[2 + i]) for row in rows] for i in (0, 1))
    estimate, lower, upper = newcombe(a, n1, c, n2)
    # 0 and 1 but for rounding: 2e-16 seen.
    assert np.all(lower <= estimate + 1e-12) and np.all(estimate <= upper + 1e-12)
    assert np.all(lower >= -1 - 1e-12) and np.all(upper <= 1 + 1e-12)
    other = newcombe(c, n2, a, n1)
    assert np.allclose(-other[2], lower) and np.allclose(-other[1], upper)
