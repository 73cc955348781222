"""Survival: R's curves, a product limit by hand, medians with and without limits, bad input."""

import json

import numpy as np
import pytest
from evisynth.engine.effects.from_intervals import effect_from_interval
from evisynth.engine.random_effects.model import rma
from evisynth.engine.survival.kaplan_meier import kaplan_meier
from evisynth.engine.survival.medians import pool_medians
from evisynth.engine.survival.product_limit import log_log_limits, median_with_limits
from evisynth.errors import ArgumentError, NotEstimable
from hypothesis import given, settings
from hypothesis import strategies as st

# survfit(Surv(time, status) ~ 1, conf.type = "log-log") of survival 3.5-3 on its aml, by arm:
# time, status, then surv, lower, upper at the distinct times, quantile(f, .5) with its limits.
AML = {
    "Maintained": (
        [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161],
        [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0],
        [0.909090909090909, 0.818181818181818, 0.715909090909091, 0.613636363636364,
         0.613636363636364, 0.490909090909091, 0.368181818181818, 0.368181818181818,
         0.184090909090909, 0.184090909090909],
        [0.50808020576993, 0.447428614682181, 0.350190385907938, 0.265752040001286,
         0.265752040001286, 0.167330909776851, 0.0928295749369852, 0.0928295749369852,
         0.0117384801231896, 0.0117384801231896],
        [0.986673822667823, 0.951162228582492, 0.899023974191053, 0.835299243250221,
         0.835299243250221, 0.753399790370811, 0.657040832398164, 0.657040832398164,
         0.525014842726641, 0.525014842726641],
        [11, 10, 8, 7, 6, 5, 4, 3, 2, 1],
        (31, 13, None),
    ),
    "Nonmaintained": (
        [5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45],
        [1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1],
        [0.833333333333333, 0.666666666666667, 0.583333333333333, 0.583333333333333,
         0.486111111111111, 0.388888888888889, 0.291666666666667, 0.194444444444444,
         0.0972222222222222, 0],
        [0.481714942195379, 0.337018932541402, 0.270138924085497, 0.270138924085497,
         0.191876619618728, 0.126272012195394, 0.0724016089077718, 0.0311986429312119,
         0.00574630569586383, None],
        [0.955509365728065, 0.85971179908444, 0.800940192333387, 0.800940192333387,
         0.729671569779485, 0.649817408289315, 0.560886052671409, 0.461429476238114,
         0.34890386111075, None],
        [12, 10, 8, 7, 6, 5, 4, 3, 2, 1],
        (23, 5, 33),
    ),
}  # fmt: skip


@pytest.mark.parametrize("arm", AML)
def test_the_curve_equals_survfit(arm):
    time, status, survival, lower, upper, at_risk, median = AML[arm]
    found = kaplan_meier(time, status, slab=arm, time_unit="weeks")
    # Largest error seen 2e-14, the digits that were pasted.
    assert found.survival == pytest.approx(survival, rel=1e-12, abs=1e-15)
    for values, expected in ((found.lower, lower), (found.upper, upper)):
        assert [v is None for v in values] == [v is None for v in expected]
        known = [(v, e) for v, e in zip(values, expected, strict=True) if e is not None]
        assert [v for v, _ in known] == pytest.approx([e for _, e in known], rel=1e-11)
    assert found.at_risk == tuple(at_risk)
    assert (found.median, found.median_lb, found.median_ub) == median


def test_the_follow_up_equals_prodlims():
    # quantile(prodlim(Hist(time, status) ~ 1, reverse = TRUE), aml, maintained): 45.
    assert kaplan_meier(*AML["Maintained"][:2]).median_follow_up == 45
    # prodlim's reverse curve is 1, 0.8, 0.5333, 0.2667, 0.2667: of an event and a censoring at
    # time 2 the event leaves first. Counting it among those at risk would give 0.8333 and 0.625.
    found = kaplan_meier([1, 2, 2, 3, 3, 4, 5], [1, 1, 0, 1, 0, 0, 1])
    assert found.median_follow_up == 4
    tied = kaplan_meier([1, 1, 1, 2, 2], [1, 1, 0, 0, 0])
    # By hand: 1 of 3 left is censored at 1, so the reverse curve is 2/3 there and 0 at 2; with the
    # two events at risk it would be 4/5.
    assert (tied.median_follow_up, tied.follow_up_lb) == (2, 1)


@pytest.mark.parametrize(
    "time, event, median",
    [
        # R's quantile(survfit(...), .5) with its limits: the middle of the flat half.
        ([1, 2, 3, 4], [1, 1, 0, 1], (3, 1, None)),
        ([1, 2, 3, 4], [1, 1, 0, 0], (3, 1, None)),
        ([0, 2, 2, 3], [1, 1, 0, 0], (2.5, 0, None)),
        ([5], [1], (5, None, None)),
        ([5, 6], [0, 0], (None, None, None)),
        ([2, 2, 2], [1, 1, 1], (2, None, None)),
    ],
)
def test_medians_at_the_edge_equal_survfits(time, event, median):
    found = kaplan_meier(time, event)
    assert (found.median, found.median_lb, found.median_ub) == median


# --- properties ----------------------------------------------------------------------------------


@st.composite
def patients(draw):
    n = draw(st.integers(1, 25))
    time = draw(st.lists(st.integers(0, 12), min_size=n, max_size=n))
    return time, draw(st.lists(st.booleans(), min_size=n, max_size=n))


def by_hand(time, event):
    """Product limit and Greenwood's sum, patient by patient."""
    survival, greenwood, rows = 1.0, 0.0, []
    for t in sorted(set(time)):
        at_risk = sum(s >= t for s in time)
        events = sum(s == t and e for s, e in zip(time, event, strict=True))
        survival *= 1 - events / at_risk
        if events and events < at_risk:
            greenwood += events / (at_risk * (at_risk - events))
        rows.append((t, survival, greenwood**0.5 * survival, at_risk, events))
    return zip(*rows, strict=True)


@settings(max_examples=80, deadline=None)
@given(patients(), st.sampled_from([0.5, 0.9, 0.95]))
def test_the_curve_is_the_product_limit(data, level):
    found = kaplan_meier(*data, level=level)
    time, survival, se, at_risk, events = by_hand(*data)
    assert (found.time, found.at_risk, found.events) == (time, at_risk, events)
    # Error seen 2e-16 of survival, which statsmodels takes from a sum of logs.
    assert found.survival == pytest.approx(survival, abs=1e-13)
    assert sum(found.events) == found.n_events and sum(found.censored) + found.n_events == found.n
    exact = np.array(survival)
    lower, upper = log_log_limits(np.where(exact < 1e-13, 0, exact), np.array(se), level)
    for values, expected in ((found.lower, lower), (found.upper, upper)):
        assert [v is None for v in values] == np.isnan(expected).tolist()
        filled = [np.nan if v is None else v for v in values]
        np.testing.assert_allclose(filled, expected, rtol=1e-9)
    for s, low, high in zip(found.survival, found.lower, found.upper, strict=True):
        assert low is None or 0 <= low < s < high <= 1
    json.loads(found.to_json())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=30))
def test_without_censoring_it_is_the_share_that_lives_longer(time):
    found = kaplan_meier(time, [True] * len(time))
    expected = [np.mean(np.array(time) > t) for t in found.time]
    assert found.survival == pytest.approx(expected, abs=1e-13)
    # The middle of the flat half is the median of an even number.
    assert found.median == pytest.approx(np.median(time), rel=1e-12)
    assert found.median_follow_up is None


@settings(max_examples=40, deadline=None)
@given(patients(), st.integers(2, 4))
def test_twice_the_patients_are_the_same_curve_known_better(data, times):
    one = kaplan_meier(*data)
    more = kaplan_meier(*(list(part) * times for part in data))
    assert more.survival == pytest.approx(one.survival, abs=1e-13)
    assert (more.median, more.median_follow_up) == (one.median, one.median_follow_up)
    for low, high, lower, upper in zip(one.lower, one.upper, more.lower, more.upper, strict=True):
        if low is not None:
            # Greenwood's variance goes with 1 / n exactly: log(-log) widths with its root.
            width, less = (np.log(np.log(a) / np.log(b)) for a, b in ((low, high), (lower, upper)))
            assert less == pytest.approx(width / times**0.5, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(patients(), st.randoms(use_true_random=False), st.floats(0.1, 100))
def test_order_and_unit_do_not_matter(data, random, unit):
    pairs = list(zip(*data, strict=True))
    random.shuffle(pairs)
    time, event = zip(*pairs, strict=True)
    one, again = kaplan_meier(*data), kaplan_meier(np.array(time) * unit, event)
    assert again.survival == one.survival and again.lower == one.lower
    assert again.median == (None if one.median is None else pytest.approx(one.median * unit))


@settings(max_examples=40, deadline=None)
@given(patients(), st.lists(st.floats(0, 15), min_size=1, max_size=5))
def test_survival_and_numbers_at_given_times(data, times):
    found = kaplan_meier(*data)
    time = np.array(data[0])
    assert found.numbers_at_risk(times) == tuple(int(np.sum(time >= t)) for t in times)
    for at, t in zip(found.at(times), times, strict=True):
        past = [s for s, when in zip(found.survival, found.time, strict=True) if when <= t]
        beyond = t > time.max() and found.survival[-1] > 0
        assert at.time == t and at.survival == (None if beyond else [1.0, *past][-1])
        assert at.lower is None or at.lower < at.survival < at.upper


# --- edges ---------------------------------------------------------------------------------------


def test_all_censored():
    found = kaplan_meier([3, 5], [0, 0], time_unit="years", slab="arm")
    assert found.survival == (1.0, 1.0) and found.lower == (None, None)
    assert found.notes == ("No event was observed: survival is 1 as far as the follow-up goes.",)
    assert repr(found) == "<Kaplan-Meier arm, n = 2, 0 events: median not reached>"
    assert found.at([4, 6])[0].survival == 1 and found.at([6])[0].survival is None
    assert kaplan_meier([3], [0]).median_follow_up == 3


def test_all_events_at_one_time_and_at_0():
    found = kaplan_meier([0, 0], [1, 1])
    assert (found.survival, found.median, found.at_risk) == ((0.0,), 0, (2,))
    assert found.at([0, 9]) == ((0, 0, None, None), (9, 0, None, None))
    assert found.numbers_at_risk([0, 1]) == (2, 0)
    assert any("ends at 0" in note for note in found.notes)


def test_an_event_comes_before_a_censoring_at_its_time():
    found = kaplan_meier([4, 4], [0, 1])
    assert (found.survival, found.at_risk, found.events, found.censored) == (
        (0.5,), (2,), (1,), (1,),
    )  # fmt: skip


def test_the_summary_is_tidy():
    found = kaplan_meier(*AML["Maintained"][:2], time_unit="weeks")
    rows = found.summary
    assert rows["term"].tolist() == ["median survival", "median follow-up"]
    assert set(rows["scale"]) == {"time (weeks)"} and rows["estimate"].tolist() == [31, 45]
    assert "log-log" in found.notes[-1]


def test_limits_of_median_need_their_curves():
    time, curve = np.array([1.0, 2.0, 3.0]), np.array([0.8, 0.5, 0.2])
    low, high = np.array([0.5, 0.3, np.nan]), np.array([0.9, 0.8, np.nan])
    assert median_with_limits(time, curve, low, high) == (2.5, 1.5, None)


# --- medians -------------------------------------------------------------------------------------

MEDIANS = ([8.0, 11.5, 6.2, 20.0], [5.0, 8.1, 4.0, 12.0], [12.8, 16.3, 9.6, 33.3])


def test_medians_are_pooled_on_the_log_scale():
    found = pool_medians(*MEDIANS, slab=list("ABCD"))
    yi, vi = effect_from_interval("MS", *MEDIANS, digits=1)
    model = rma(yi, vi, measure="MS", slab=list("ABCD"))
    assert (found.model.estimate, found.model.ci_lb, found.model.tau2) == pytest.approx(
        (model.estimate, model.ci_lb, model.tau2), rel=1e-12
    )
    assert found.displayed["estimate"] == pytest.approx(np.exp(model.estimate), rel=1e-15)
    assert (found.k, found.left_out, found.medians) == (4, (), tuple(MEDIANS[0]))
    terms = found.terms()
    assert [row["term"] for row in terms] == ["pooled median", "prediction interval"]
    assert terms[0]["scale"] == "median survival (months)"
    plain = json.loads(found.to_json())
    assert plain["model"]["measure"] == "MS"
    assert plain["displayed"]["ci_ub"] == pytest.approx(found.displayed["ci_ub"])
    assert repr(found).startswith("<Median survival, k = 4: ")


@settings(max_examples=15, deadline=None)
@given(st.floats(0.05, 50))
def test_the_unit_of_time_does_not_matter(factor):
    found = pool_medians(*MEDIANS, digits=0)
    scaled = pool_medians(*(np.array(part) * factor for part in MEDIANS), digits=0, unit="days")
    for name, value in found.displayed.items():
        # REML's tau2 stops within its own tolerance: error seen 1e-9.
        assert scaled.displayed[name] == pytest.approx(value * factor, rel=1e-6)


def test_what_is_not_reached_is_left_out_with_its_reason():
    marked = ([8.0, 11.5, "NR", 20.0, 9.0], [5.0, 8.1, 10.0, 12.0, None],
              [12.8, 16.3, "ne", None, " nr "])  # fmt: skip
    found = pool_medians(*marked, slab=list("ABCDE"))
    assert found.left_out == (
        ("C", "median not reached, upper limit not estimable"),
        ("D", "upper limit not given"),
        ("E", "lower limit not given, upper limit not reached"),
    )
    two = pool_medians(*(part[:2] for part in MEDIANS), slab=list("AB"))
    assert found.displayed == two.displayed and found.model.slab == ("A", "B")
    assert any("too short" in note and "D (upper limit not given)" in note for note in found.notes)
    assert two.terms()[1:] == []


def test_asymmetry_beyond_rounding_is_noted():
    found = pool_medians([8, 11.5], [5, 8.1], [30, 16.3], slab=list("AB"))
    assert [n for n in found.notes if "asymmetric" in n and n.endswith(": A.")]
    assert not any("asymmetric" in note for note in pool_medians(*MEDIANS).notes)


@pytest.mark.parametrize("upper", [["NR", "NR", "NR"], [12, None, "NE"]])
def test_fewer_than_two_are_not_pooled(upper):
    with pytest.raises(NotEstimable, match=r"^pool_medians: of 3 studies . have"):
        pool_medians([8, 9, 10], [5, 6, 7], upper)


# --- bad input -----------------------------------------------------------------------------------

TIMES = [
    None, "12", 5, {"a": 1}, [1, np.nan], [1, np.inf], [1, -1], [1, "x"], [1, 2, 3], [[1, 2]],
    [1, 1e60], [1, 10**400], [1, 1j], np.array([[1]]), np.ma.array([1, 2], mask=[0, 1]), object(),
]  # fmt: skip


@pytest.mark.parametrize("bad", TIMES, ids=lambda bad: f"{bad!r:.20}")
def test_bad_times_are_named(bad):
    with pytest.raises(ArgumentError, match=r"^kaplan_meier: (time|event) is "):
        kaplan_meier(bad, [1, 0])
    with pytest.raises(ArgumentError, match=r"^kaplan_meier: event is "):
        kaplan_meier([1, 2], bad)
    for position in range(3):
        columns = [[2, 2], [1, 1], [4, 4]]
        columns[position] = bad
        with pytest.raises((ArgumentError, NotEstimable), match=r"^pool_medians: "):
            pool_medians(*columns)


@pytest.mark.parametrize("bad", [None, [], "1", [np.nan], [-1], [[1]], [np.inf]])
def test_bad_times_to_look_up_are_named(bad):
    found = kaplan_meier([1], [1])
    for name in ("at", "numbers_at_risk"):
        with pytest.raises(ArgumentError, match=rf"^KaplanMeier.{name}: times is "):
            getattr(found, name)(bad)


@pytest.mark.parametrize("bad", [[], [2, 0], [0.5, 1], ["1", "0"]])
def test_bad_events_are_named(bad):
    with pytest.raises(ArgumentError, match=r"^kaplan_meier: event is "):
        kaplan_meier([1, 2], bad)


@pytest.mark.parametrize(
    "more, name",
    [
        ({"level": 95}, "level"), ({"slab": 0}, "slab"), ({"slab": ["a", "b"]}, "slab"),
        ({"time_unit": None}, "time_unit"),
    ],
)  # fmt: skip
def test_bad_options_of_the_curve_are_named(more, name):
    with pytest.raises(ArgumentError, match=rf"^kaplan_meier: {name} is "):
        kaplan_meier([1, 2], [1, 0], **more)


@pytest.mark.parametrize(
    "columns, message",
    [
        (([8, 9], [9, 5], [12, 12]), "medians is 8 [9, 12] at position 0"),
        (([8, 13], [5, 5], [12, 12]), "medians is 13 [5, 12] at position 1"),
        (([8, 9], [5, 9], [12, 9]), "ci_ub is 9 [9, 9] at position 1"),
        (([8, "NR"], [5, 12], [12, 9]), "medians is not reached [12, 9] at position 1"),
        (([8, 0], [5, 5], [12, 12]), "medians is 0 at position 1"),
        (([8, True], [5, 1], [12, 2]), "medians is True at position 1"),
        (([8, 9], [5, 5], [12]), "ci_ub is of length 1"),
    ],
)
def test_impossible_medians_are_named(columns, message):
    with pytest.raises(ArgumentError) as caught:
        pool_medians(*columns)
    assert str(caught.value).startswith(f"pool_medians: {message}; allowed: ")


@pytest.mark.parametrize(
    "more, name",
    [
        ({"level": 95}, "level"), ({"level": 1e-17}, "level"), ({"slab": "ABC"}, "slab"),
        ({"method": "XX"}, "method"), ({"test": 3}, "test"), ({"unit": 1}, "unit"),
        ({"digits": None}, "digits"),
    ],
)  # fmt: skip
def test_bad_options_of_medians_are_named(more, name):
    with pytest.raises(ArgumentError, match=rf": {name} is "):
        pool_medians(*MEDIANS, **more)


@pytest.mark.parametrize(
    ("event", "ends"), [([1, 0, 1], True), ([1, 1, 0], False), ([0, 0, 1], True)]
)
def test_a_curve_that_ends_at_none_says_so(event, ends):
    found = kaplan_meier([1.0, 2.0, 3.0], event)
    assert (found.survival[-1] == 0) == ends
    assert any("The curve ends at 0" in note for note in found.notes) == ends
