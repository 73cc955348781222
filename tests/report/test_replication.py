"""Published numbers beside ours: each method on numbers with known answers, and the rule."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.replication import (
    METHODS,
    VERDICTS,
    RecomputedRange,
    association_p,
    gap,
    median_time,
    odds_ratio,
    overall_verdict,
    printed_numbers,
    proportion_interval,
    ratio_from_limits,
    replicate,
    risk_difference,
    survival_at,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaincinv, expit, ndtri

# Known answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "n", "method", "lower", "upper"),
    [  # Newcombe 1998, Stat Med 17:857, Table I, to its four digits
        (81, 263, "wald", 0.2522, 0.3638),
        (81, 263, "wilson", 0.2553, 0.3662),
        (81, 263, "clopper-pearson", 0.2527, 0.3676),
        (15, 148, "wald", 0.0527, 0.1500),
        (15, 148, "wilson", 0.0624, 0.1605),
        (15, 148, "clopper-pearson", 0.0578, 0.1617),
        (0, 20, "wilson", 0.0000, 0.1611),
        (0, 20, "clopper-pearson", 0.0000, 0.1684),
        (1, 29, "wilson", 0.0061, 0.1718),
        (1, 29, "clopper-pearson", 0.0009, 0.1776),
    ],
)
def test_intervals_of_a_proportion_as_published(x, n, method, lower, upper):
    found = proportion_interval(x, n, method=method)
    assert found == pytest.approx((x / n, lower, upper), abs=5.1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 199), st.integers(2, 200), st.floats(0.6, 0.99))
def test_other_intervals_of_a_proportion_by_their_formulas(x, n, level):
    x = min(x, n - 1)
    z = ndtri((1 + level) / 2)
    p = (x + z**2 / 2) / (n + z**2)
    half = z * math.sqrt(p * (1 - p) / (n + z**2))
    coull = max(p - half, 0), min(p + half, 1)
    jeffreys = betaincinv(x + 0.5, n - x + 0.5, [(1 - level) / 2, (1 + level) / 2])
    log = math.log(x / (n - x))
    se = math.sqrt(1 / x + 1 / (n - x))
    logit = expit([log - z * se, log + z * se])
    for method, limits in (
        ("agresti-coull", coull),
        ("jeffreys", jeffreys),
        ("wald on the logit", logit),
    ):
        # Closed forms; the largest relative error seen is 2e-13.
        found = proportion_interval(x, n, level=level, method=method)
        assert found == pytest.approx((x / n, *limits), rel=1e-9)


def test_odds_ratio_as_metafor_has_it():
    # metafor: escalc("OR", ai=4, n1i=123, ci=11, n2i=139): yi -0.9387, vi 0.3571 (dat.bcg, trial 1)
    estimate, lower, upper, p = odds_ratio(4, 123, 11, 139)
    se = math.sqrt(0.3571)
    assert math.log(estimate) == pytest.approx(-0.9387, abs=5e-5)
    half = ndtri(0.975) * se
    assert np.log([lower, upper]) == pytest.approx([-0.9387 - half, -0.9387 + half], abs=2e-4)
    assert p == pytest.approx(math.erfc(0.9387 / se / math.sqrt(2)), abs=2e-4)


@pytest.mark.parametrize(
    ("counts", "method", "limits"),
    [  # Newcombe 1998, Stat Med 17:873, Table II, to its four digits
        ((56, 70, 48, 80), "wald", (0.0575, 0.3425)),
        ((56, 70, 48, 80), "newcombe", (0.0524, 0.3339)),
        ((9, 10, 3, 10), "wald", (0.2605, 0.9395)),
        ((9, 10, 3, 10), "newcombe", (0.1705, 0.8090)),
        # Agresti and Caffo: Wald after one success and one failure more in each arm
        ((9, 10, 3, 10), "agresti-caffo", (0.1600, 0.8400)),
    ],
)
def test_intervals_of_a_difference_as_published(counts, method, limits):
    a, n1, c, n2 = counts
    found = risk_difference(*counts, method=method)
    assert found == pytest.approx((a / n1 - c / n2, *limits), abs=5.1e-5)


def test_p_values_of_the_lady_tasting_tea():
    # Fisher's four cups of each: 3 of 4 against 1 of 4. By hand: chi-squared is 2, corrected 0.5;
    # the tables as unlikely or more have 34 of 70 choices.
    assert association_p(3, 4, 1, 4, method="fisher") == pytest.approx(34 / 70, rel=1e-9)
    assert association_p(3, 4, 1, 4) == pytest.approx(math.erfc(1), rel=1e-9)
    corrected = association_p(3, 4, 1, 4, method="chi-squared corrected")
    assert corrected == pytest.approx(math.erfc(0.5), rel=1e-9)


def test_p_from_limits_as_published():
    # Altman and Bland 2011: 0.81 (0.70 to 0.94), standard error 0.0752, z 2.80, p 0.005
    centre, p = ratio_from_limits(0.81, 0.70, 0.94)
    assert (round(centre, 2), round(p, 3)) == (0.81, 0.005)
    assert ratio_from_limits(0.81, 0.70, 0.94, sides=1)[1] == pytest.approx(p / 2, rel=1e-12)


# Collett 2003, example 2.3: time to discontinuation of an intrauterine device, weeks.
DEVICE = [10, 13, 18, 19, 23, 30, 36, 38, 54, 56, 59, 75, 93, 97, 104, 107, 107, 107]
STOPPED = [1, 0, 0, 1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 1, 0, 0]
# R's survival::aml, the maintained arm
MAINTAINED = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161]
RELAPSED = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0]


def test_median_with_its_standard_error_as_published():
    # Collett: median 93, standard error of the survival there 0.1452, of the median 17.13
    estimate, lower, upper = median_time(DEVICE, STOPPED, interval="standard error")
    assert survival_at(DEVICE, STOPPED, 93)[1] == pytest.approx(0.1452, abs=5e-5)
    assert estimate == 93
    assert upper - estimate == pytest.approx(1.96 * 17.13, abs=0.02)
    assert (round(lower), round(upper)) == (59, 127)


@pytest.mark.parametrize(
    ("interval", "limits"),
    [  # survfit(Surv(time, status) ~ 1, conf.type = interval), survival 3.5
        ("log-log", (13, math.inf)),
        ("plain", (18, 48)),
        ("log", (18, math.inf)),
        ("range", (9, 161)),
    ],
)
def test_intervals_of_a_median_as_r_has_them(interval, limits):
    assert median_time(MAINTAINED, RELAPSED, interval=interval) == (31, *limits)


def test_survival_at_a_time_as_r_has_it():
    # summary(survfit(...), times = 23): 0.6136363636, 0.1526323310
    at = survival_at(MAINTAINED, RELAPSED, 23)
    assert at == pytest.approx((0.6136363636, 0.1526323310), abs=5e-11)
    before = survival_at(MAINTAINED, RELAPSED, 23, before=True)
    assert before == pytest.approx(survival_at(MAINTAINED, RELAPSED, 22), rel=1e-12)
    assert before[0] > at[0]
    assert survival_at(MAINTAINED, RELAPSED, 1) == (1.0, 0.0)


def test_everybody_dead_has_survival_zero():
    assert survival_at([1, 2], [1, 1], 5) == (0.0, 0.0)
    assert median_time([1, 2, 3], [1, 1, 1], interval="log")[0] == 2


# What cannot be had, and bad input ----------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda: proportion_interval(0, 9, method="wald on the logit"),
        lambda: odds_ratio(0, 9, 3, 9),
        lambda: association_p(0, 9, 0, 9),
        lambda: median_time([1, 2, 3], [1, 0, 0]),
        lambda: median_time([1, 2], [0, 0]),
        lambda: median_time([5, 5], [1, 1], interval="standard error"),
        lambda: survival_at([1, 2, 3], [1, 0, 0], 4),
    ],
)
def test_what_cannot_be_had_says_so(call):
    with pytest.raises(NotEstimable):
        call()


BAD = [
    float("nan"), float("inf"), -1, 0.5, "3", None, [], [1, 2], 10**400, np.ma.masked, -(10**60),
]  # fmt: skip
CALLS = {
    "proportion_interval": (proportion_interval, {"x": 3, "n": 9, "level": 0.9}),
    "odds_ratio": (odds_ratio, {"a": 3, "n1": 9, "c": 4, "n2": 9, "level": 0.9}),
    "risk_difference": (risk_difference, {"a": 3, "n1": 9, "c": 4, "n2": 9, "level": 0.9}),
    "association_p": (association_p, {"a": 3, "n1": 9, "c": 4, "n2": 9, "method": "fisher"}),
    "ratio_from_limits": (
        ratio_from_limits,
        {"estimate": 1.5, "lower": 1.0, "upper": 2.0, "level": 0.9, "sides": 1},
    ),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad!r:.12}")
def test_bad_numbers_are_argument_errors(name, bad):
    function, good = CALLS[name]
    function(**good)
    for argument in good:
        if bad == 0.5 and argument in ("level", "estimate"):
            continue
        if name == "ratio_from_limits" and argument == "lower" and bad == 0.5:
            continue
        with pytest.raises(ArgumentError):
            function(**good | {argument: bad})


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad!r:.12}")
@pytest.mark.parametrize("function", [median_time, lambda t, e: survival_at(t, e, 2)])
def test_bad_times_and_events_are_argument_errors(function, bad):
    with pytest.raises(ArgumentError):
        function([1, 2, 3], [1, 0, bad])
    if bad != 0.5:
        with pytest.raises(ArgumentError):
            function([1, 2, bad], [1, 0, 1])
    with pytest.raises(ArgumentError):
        function([1, 2, 3], [1, 0])


def test_unknown_choices_are_argument_errors():
    for call in (
        lambda: proportion_interval(1, 2, method="exact"),
        lambda: risk_difference(1, 2, 1, 2, method="exact"),
        lambda: association_p(1, 2, 1, 2, method="exact"),
        lambda: median_time([1, 2], [1, 1], interval="exact"),
        lambda: ratio_from_limits(1.0, 2.0, 1.0),
        lambda: survival_at([1, 2], [1, 1], float("nan")),
    ):
        with pytest.raises(ArgumentError):
            call()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["clopper-pearson", "wilson", "wald", "agresti-coull", "jeffreys"]),
    st.integers(0, 300),
    st.integers(1, 300),
    st.floats(0.01, 0.999),
)
def test_an_interval_lies_within_bounds_and_opens_with_its_level(method, x, n, level):
    x = min(x, n)
    estimate, lower, upper = proportion_interval(x, n, level=level, method=method)
    wider = proportion_interval(x, n, level=(1 + level) / 2, method=method)
    assert -1e-12 <= wider[1] <= lower + 1e-12
    assert upper - 1e-12 <= wider[2] <= 1 + 1e-12
    assert estimate == x / n


# The rule -----------------------------------------------------------------------------------------


def exactly(value):
    return RecomputedRange(value, value, value)


@pytest.mark.parametrize(
    ("value", "text", "options", "agrees"),
    [
        (43.949, "43.9", {}, True),
        (43.951, "43.9", {}, False),
        (43.95, "43.9", {}, True),  # the end of the rounding, either way
        (43.95, "44.0", {}, True),
        (42.857, "43.0", {}, False),
        (42.857, "43.0", {"whole": True}, True),
        (42.4, "43.0", {"whole": True}, False),
        (42.857, "42.8", {}, False),
        (42.857, "42.8", {"cut": True}, True),
        (42.9, "42.8", {"cut": True}, False),
        (42.8, "42.8", {"cut": True}, True),
        (42.79, "42.8", {"cut": True}, False),
        (0.00099, "<0.001", {}, True),
        (0.0011, "<.001", {}, False),
        (0.0011, ">.001", {}, True),
        (0.012, ".01", {}, True),
        (0.016, "= 0.01", {}, False),
        (math.inf, "41", {}, False),
    ],
)
def test_when_a_number_agrees(value, text, options, agrees):
    assert (gap(exactly(value), text, **options) == 0) is agrees


def test_a_gap_counts_units_of_the_last_printed_digit():
    assert gap(exactly(44.2), "43.9") == pytest.approx(3)
    assert gap(exactly(44.2), "43.0", whole=True) == pytest.approx(1.2)
    assert gap(exactly(0.004), "<0.001") == pytest.approx(3)
    assert gap(exactly(math.inf), "41") == math.inf


def test_a_span_agrees_if_a_number_within_it_does():
    assert gap(RecomputedRange(0.0018, 0.0026, 0.0035), "0.002") == 0
    assert gap(RecomputedRange(0.0026, 0.0028, 0.0035), "0.002") == pytest.approx(0.6)
    assert gap(RecomputedRange(0.0004, 0.0011, 0.002), "<0.001") == 0


@pytest.mark.parametrize("text", ["", "NR", "4 3", "-3", "1e3", None, 43.9])
def test_a_text_that_is_no_number_is_refused(text):
    with pytest.raises(ArgumentError):
        gap(exactly(1.0), text)


@pytest.mark.parametrize(
    "span", [None, 1.0, (1, 2), exactly(math.nan), RecomputedRange(2, 1, 3), "123"]
)
def test_a_span_that_is_none_is_refused(span):
    with pytest.raises(ArgumentError):
        gap(span, "43.9")


# The table ----------------------------------------------------------------------------------------

COLUMNS = """replication_id source_id locator quantity kind printed_estimate printed_lb printed_ub
printed_p printed_table printed_row level inputs inputs_locator xi ni ai n1i ci n2i patient_rows
event time at method verdict reason discrepancy_id""".split()  # noqa: SIM905
PATIENTS = [
    {"arm": arm, "months": float(month), "status": status}
    for arm, month, status in zip("a" * 11, MAINTAINED, RELAPSED, strict=True)
] + [{"arm": "b", "months": 1.0, "status": 1}]


def evidence_of(*more, **row):
    given = {"replication_id": "R001", "source_id": "one", "verdict": "agrees"} | row
    tables = {
        "sources": [{"source_id": "one", "rounds_to_whole_percent": row.pop("whole", False)}],
        "replications": [dict.fromkeys(COLUMNS) | given | other for other in ({}, *more)],
        "patients_one": PATIENTS,
    }
    return SimpleNamespace(rows=tables.__getitem__)


def first(**row):
    return replicate(evidence_of(**row)).iloc[0]


INTERVAL = {
    "kind": "interval of a proportion",
    "inputs": "printed counts",
    "method": "clopper-pearson",
    "printed_estimate": "30.8",
    "printed_lb": "25.3",
    "printed_ub": "36.8",
    "xi": 81,
    "ni": 263,
}


def test_an_interval_that_agrees():
    row = first(**INTERVAL)
    assert bool(row["agrees"]) is True
    assert row["printed"] == row["ours"] == "30.8% (25.3–36.8)"
    assert (row["closest"], row["distance"], row["also"]) == ("clopper-pearson", 0, ())
    assert row["ub"] == pytest.approx(36.76219, abs=1e-5)
    assert math.isnan(row["p"])


def test_the_closest_method_is_named_where_the_declared_one_fails():
    row = first(**INTERVAL | {"printed_lb": "25.5", "printed_ub": "36.6"})
    assert bool(row["agrees"]) is False
    assert row["ours"] == "30.8% (25.3–36.8)"
    assert row["closest"] == "wilson"
    assert row["also"] == ("wilson", "agresti-coull", "jeffreys", "wald on the logit")


def test_a_source_of_whole_percentages_is_read_so():
    row = {"kind": "rate", "inputs": "printed counts", "method": "proportion", "xi": 3, "ni": 7}
    assert bool(first(**row, printed_estimate="43.0", whole=True)["agrees"])
    assert not bool(first(**row, printed_estimate="43.0")["agrees"])
    cut = first(**row | {"method": "proportion cut"}, printed_estimate="42.8")
    assert bool(cut["agrees"])
    assert cut["ours"] == "42.8%"


TIMES = {"inputs": "patient rows", "patient_rows": "patients_one: arm=a", "event": "status=1"}


def test_patient_rows_are_filtered_and_followed():
    row = first(
        **TIMES, kind="median survival", time="months", method="kaplan-meier plain",
        printed_estimate="31", printed_lb="18", printed_ub="48",
    )  # fmt: skip
    assert bool(row["agrees"])
    assert row["ours"] == "31 (18–48)"
    at = first(
        **TIMES, kind="Kaplan-Meier", time="months", method="kaplan-meier", at=23.0,
        printed_estimate="61.4",
    )  # fmt: skip
    assert bool(at["agrees"])
    assert first(**TIMES, kind="count", method="count", printed_estimate="7")["ours"] == "7"
    whole = TIMES | {"patient_rows": "patients_one:"}
    assert first(**whole, kind="count", method="count", printed_estimate="8")["agrees"]


def test_a_median_needs_no_event():
    row = first(
        inputs="patient rows", patient_rows="patients_one:", kind="median", time="months",
        method="sample median and range", printed_estimate="25.5", printed_lb="1", printed_ub="161",
    )  # fmt: skip
    assert row["ours"] == "25.5 (1–161)"
    assert bool(row["agrees"])


def test_a_limit_that_is_not_reached_is_no_number():
    row = first(
        **TIMES, kind="median survival", time="months", method="kaplan-meier log-log",
        printed_estimate="31", printed_lb="13", printed_ub="90",
    )  # fmt: skip
    assert row["ours"] == "31 (13–not reached)"
    assert bool(row["agrees"]) is False
    assert math.isfinite(row["distance"])


RATIO = {"kind": "hazard ratio", "inputs": "printed interval", "method": "wald on the log"}


def test_limits_go_in_with_their_rounding():
    row = first(**RATIO, printed_estimate="0.81", printed_lb="0.70", printed_ub="0.94",
                printed_p="0.005")  # fmt: skip
    assert bool(row["agrees"])
    assert row["ours"] == "0.81 p = 0.005"
    # 0.7 and 0.9 may be anything from 0.65 and 0.85: both p values can come of them
    for p in ("0.01", "0.0002"):
        wide = first(**RATIO, printed_estimate="0.8", printed_lb="0.7", printed_ub="0.9",
                     printed_p=p)  # fmt: skip
        assert bool(wide["agrees"])
    off = first(**RATIO, printed_estimate="0.90", printed_lb="0.70", printed_ub="0.94")
    assert bool(off["agrees"]) is False


@pytest.mark.parametrize(
    "row",
    [
        INTERVAL | {"method": "fisher"},
        INTERVAL | {"kind": "guess"},
        INTERVAL | {"ni": None},
        INTERVAL | {"printed_p": "0.05"},
        TIMES | {"kind": "count", "method": "count", "printed_estimate": "7", "patient_rows": None},
        RATIO | {"printed_estimate": "0.90"},
    ],
)
def test_a_row_that_cannot_be_followed_is_refused(row):
    with pytest.raises(ArgumentError):
        first(**row)


def test_each_kind_has_the_methods_it_is_told_to_have():
    names = [(method.kind, method.needs, method.name) for method in METHODS]
    assert len(names) == len(set(names))
    usual = {(kind, needs): name for kind, needs, name in reversed(names)}
    assert usual["interval of a proportion", "counts"] == "clopper-pearson"
    assert usual["p value", "counts"] == "chi-squared"
    assert usual["median survival", "times"] == "kaplan-meier log-log"
    assert usual["rate", "counts"] == "proportion"


# One verdict for each printed number --------------------------------------------------------------


@given(st.lists(st.sampled_from(VERDICTS), min_size=1, max_size=5))
def test_a_number_agrees_only_if_all_do_and_differs_only_if_all_do(verdicts):
    agrees, _, differs = VERDICTS
    overall = overall_verdict(verdicts)
    assert (overall == agrees) == (set(verdicts) == {agrees})
    assert (overall == differs) == (set(verdicts) == {differs})
    assert overall == overall_verdict(verdicts[::-1]) == overall_verdict(verdicts * 2)


@pytest.mark.parametrize("verdicts", [[], ["agrees", "perhaps"], [None]])
def test_a_verdict_of_nothing_is_refused(verdicts):
    with pytest.raises(ArgumentError):
        overall_verdict(verdicts)


RATE = {
    "kind": "rate",
    "inputs": "printed counts",
    "method": "proportion",
    "printed_estimate": "40",
    "xi": 4,
    "ni": 10,
    "locator": "Text",
    "quantity": "remission",
    "printed_table": "outcomes",
    "printed_row": "one.text",
}


def numbers_of(*more):
    return printed_numbers(replicate(evidence_of(*more, **RATE)))


def test_a_number_recomputed_twice_is_one_number():
    again = {"replication_id": "R002", "xi": 5, "ni": 10, "verdict": "differs"}
    (number,) = numbers_of(again).to_dict("records")
    assert number["replication_ids"] == ("R001", "R002")
    assert number["verdict"] == "agrees on a condition"
    (number,) = numbers_of(again | {"xi": 8, "ni": 20, "verdict": "agrees"}).to_dict("records")
    assert number["verdict"] == "agrees"


def test_the_parts_of_a_printed_row_are_numbers_of_their_own():
    """A rate, its count and its p value stand in one row."""
    count = {"replication_id": "R002", "kind": "count", "method": "count", "printed_estimate": "4"}
    p = {"replication_id": "R003", "kind": "p value", "method": "fisher", "printed_p": ">0.1",
         "printed_estimate": None, "ai": 4, "n1i": 10, "ci": 4, "n2i": 10,
         "xi": None, "ni": None}  # fmt: skip
    assert list(numbers_of(count, p)["repeats"]) == ["", "", ""]


def test_a_number_printed_again_is_a_number_and_told():
    table = {"replication_id": "R002", "printed_row": "one.table", "printed_estimate": "40.0"}
    other = table | {"replication_id": "R003", "printed_row": "one.other", "quantity": "relapse"}
    numbers = numbers_of(table, other)
    assert list(numbers["repeats"]) == ["", "R001", ""]
    assert [len(ids) for ids in numbers["replication_ids"]] == [1, 1, 1]


@pytest.mark.parametrize("found", [None, [], {"number": [1]}])
def test_numbers_of_what_is_no_replication_are_refused(found):
    with pytest.raises(ArgumentError):
        printed_numbers(found)
