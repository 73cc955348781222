"""Between-study variance: closed forms, published numbers, definitions, several maxima."""

import numpy as np
import pytest
from evisynth.engine.effects.escalc import escalc
from evisynth.engine.random_effects import tau2 as tau2_module
from evisynth.engine.random_effects.intervals import profile_likelihood, q_profile
from evisynth.engine.random_effects.tau2 import RESTRICTED, UNRESTRICTED, estimate_tau2, stack_of
from evisynth.engine.random_effects.tau2 import solve_q as solve_q_of_stack
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, multivariate_normal


def estimator_of(method):
    return lambda yi, vi: estimate_tau2(method, yi, vi)


ESTIMATORS = {method: estimator_of(method) for method in tau2_module.ESTIMATORS}
dersimonian_laird, empirical_bayes, hedges = (ESTIMATORS[name] for name in ("DL", "EB", "HE"))
hunter_schmidt, ml, paule_mandel, reml, sidik_jonkman = (
    ESTIMATORS[name] for name in ("HS", "ML", "PM", "REML", "SJ")
)


def generalised_q(yi, vi, tau2=0.0):
    return float(stack_of(yi, vi).q(np.array([tau2]))[0])


def restricted_log_likelihood(yi, vi, tau2):
    return float(RESTRICTED.value(stack_of(yi, vi), np.array([tau2]))[0])


def log_likelihood(yi, vi, tau2):
    return float(UNRESTRICTED.value(stack_of(yi, vi), np.array([tau2]))[0])


def solve_q(yi, vi, target):
    return float(solve_q_of_stack(stack_of(yi, vi), target)[0])


def typical_variance(vi):
    return float(stack_of(np.zeros_like(vi), vi).typical_variance()[0])


BCG = {
    "ai": [4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27],
    "n1i": [123, 306, 231, 13598, 5069, 1541, 2545, 88391, 7499, 1716, 50634, 2498, 16913],
    "ci": [11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29],
    "n2i": [139, 303, 220, 12867, 5808, 1451, 629, 88391, 7277, 1665, 27338, 2341, 17854],
}


@st.composite
def studies(draw, k_min=2, k_max=8):
    k = draw(st.integers(k_min, k_max))
    yi = draw(st.lists(st.floats(-5, 5), min_size=k, max_size=k))
    vi = draw(st.lists(st.floats(0.01, 10), min_size=k, max_size=k))
    # Away from subnormal spreads, of which no estimator keeps the digits.
    yi, vi = np.round(yi, 3), np.array(vi)
    return yi, vi


def test_bcg_is_as_published():
    # Viechtbauer (2010) J Stat Softw 36(3), section 3.3: 0.3132 under REML.
    yi, vi = escalc("RR", **BCG)
    assert reml(yi, vi) == pytest.approx(0.3132, abs=5e-5)
    assert generalised_q(yi, vi) == pytest.approx(152.2330, abs=5e-5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-4, 4), min_size=2, max_size=9), st.floats(0.01, 5))
def test_with_equal_variances_every_estimator_has_a_closed_form(yi, v):
    yi = np.round(yi, 3)
    vi = np.full(yi.size, v)
    spread = np.var(yi, ddof=1)
    # Error seen 1e-14, 4e-14 relative.
    for estimator in (dersimonian_laird, hedges, paule_mandel, empirical_bayes, reml):
        assert estimator(yi, vi) == pytest.approx(max(0.0, spread - v), rel=1e-9, abs=1e-11)
    k, start = yi.size, np.var(yi)
    assert hunter_schmidt(yi, vi) == pytest.approx(max(0, spread * (k - 1) / k - v), abs=1e-11)
    assert sidik_jonkman(yi, vi) == pytest.approx(start * spread / (v + start), abs=1e-11)
    expected = max(0.0, np.var(yi) - v)
    assert ml(yi, vi) == pytest.approx(expected, rel=1e-9, abs=1e-11)


@settings(max_examples=60, deadline=None)
@given(studies())
def test_reml_and_ml_are_global_maxima(data):
    yi, vi = data
    dense = np.concatenate([[0.0], np.geomspace(1e-8, 200, 300)])
    for estimator, objective in ((reml, restricted_log_likelihood), (ml, log_likelihood)):
        found = objective(yi, vi, estimator(yi, vi))
        # No point of the grid is better, but for rounding.
        assert found >= max(objective(yi, vi, tau2) for tau2 in dense) - 1e-12


@settings(max_examples=60, deadline=None)
@given(studies())
def test_paule_mandel_solves_its_equation_or_is_exactly_0(data):
    yi, vi = data
    tau2, df = paule_mandel(yi, vi), yi.size - 1
    if generalised_q(yi, vi) <= df:
        assert tau2 == 0.0
    else:
        # Error seen 1e-15 relative.
        assert generalised_q(yi, vi, tau2) == pytest.approx(df, rel=1e-10)


@settings(max_examples=60, deadline=None)
@given(studies(), st.floats(-100, 100), st.sampled_from([1e-4, 1e-2, 3.0, 1e4]))
def test_tau2_ignores_a_shift_and_follows_the_unit(data, shift, unit):
    yi, vi = data
    for name, estimator in ESTIMATORS.items():
        tau2 = estimator(yi, vi)
        assume(tau2 == 0 or tau2 > 1e-6)
        # Error seen 2e-13 relative (a shift of 100 costs digits of yi), 2e-14 for the unit.
        assert estimator(yi + shift, vi) == pytest.approx(tau2, rel=1e-7, abs=1e-9), name
        scaled = estimator(unit * yi, unit**2 * vi) / unit**2
        assert scaled == pytest.approx(tau2, rel=1e-8, abs=1e-12), name


@settings(max_examples=40, deadline=None)
@given(studies(), st.randoms(use_true_random=False))
def test_study_order_does_not_matter(data, random):
    yi, vi = data
    order = list(range(yi.size))
    random.shuffle(order)
    for name, estimator in ESTIMATORS.items():
        # Sums in another order: error seen 2e-13 relative.
        expected = pytest.approx(estimator(yi, vi), rel=1e-8, abs=1e-11)
        assert estimator(yi[order], vi[order]) == expected, name


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.01, 10), min_size=2, max_size=8), st.floats(0, 0.5))
def test_exactly_0_where_effects_differ_less_than_chance_would_make_them(vi, share):
    vi = np.array(vi)
    # Deviations that are a share of the smallest standard error leave every Q below k - 1.
    yi = share * np.sqrt(vi.min()) * np.array([(-1) ** i for i in range(vi.size)])
    for name, estimator in ESTIMATORS.items():
        if name == "SJ":  # positive by construction, but for identical effects
            continue
        assert estimator(yi, vi) == 0.0, name


def test_identical_effects_give_exactly_0():
    yi, vi = np.full(4, 0.3), np.array([0.1, 0.2, 0.3, 1e-6])
    assert all(estimator(yi, vi) == 0.0 for estimator in ESTIMATORS.values())


TWO_MAXIMA = {
    # Found by a random search; the two local maxima of the restricted likelihood, the higher first.
    "lower one wins": (
        [0.0, -0.3, 0.3, 3.1, -6.1, -3.2],
        [0.3, 0.03, 0.03, 2.18, 4.98, 7.59],
        (0.1367, 2.6454),
    ),
    "upper one wins": (
        [4.7, -5.9, 0.2, -0.6, -0.1, -0.2],
        [3.28, 2.55, 0.02, 1.53, 0.02, 0.34],
        (6.4485, 0.0367),
    ),
    "boundary wins": ([0.3, 0.0, 2.7, 1.0, -2.1], [0.03, 0.16, 2.49, 0.28, 1.01], (0.0, 0.4074)),
    "boundary loses": ([1.3, 0.2, 0.1, 1.5], [0.51, 0.04, 0.03, 0.44], (0.1928, 0.0)),
}


@pytest.mark.parametrize("name", TWO_MAXIMA)
def test_reml_takes_the_higher_of_two_maxima(name):
    yi, vi, (higher, lower) = TWO_MAXIMA[name]
    yi, vi = np.array(yi), np.array(vi)
    for peak in (higher, lower):
        near = [restricted_log_likelihood(yi, vi, max(peak * f, 0)) for f in (0.9, 1, 1.1)]
        assert near[1] == max(near)
    # The places are known to the grid of the search, 0.4 percent.
    assert reml(yi, vi) == pytest.approx(higher, rel=5e-3)
    gap = restricted_log_likelihood(yi, vi, higher) - restricted_log_likelihood(yi, vi, lower)
    assert gap > 1e-3
    if higher == 0:
        assert reml(yi, vi) == 0.0


@settings(max_examples=30, deadline=None)
@given(studies(), st.floats(0, 5), st.floats(0, 5))
def test_likelihoods_are_those_of_the_normal_model(data, one, other):
    yi, vi = data

    def dense(tau2, restricted):
        covariance = np.diag(vi + tau2)
        precision = np.linalg.inv(covariance)
        mu = precision.sum(axis=1) @ yi / precision.sum()
        value = multivariate_normal(np.full(yi.size, mu), covariance).logpdf(yi)
        return value - 0.5 * np.log(precision.sum()) * restricted

    for objective, restricted in ((restricted_log_likelihood, True), (log_likelihood, False)):
        found = objective(yi, vi, one) - objective(yi, vi, other)
        # Up to a constant, hence differences; error seen 6e-14.
        expected = dense(one, restricted) - dense(other, restricted)
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-8)


@pytest.mark.parametrize("ratio", [1e-10, 1e-5, 1.0, 1e5, 1e10])
def test_variances_of_very_different_size(ratio):
    yi, vi = np.array([0.0, 1.0, 3.0, 2.0]), np.array([1.0, 1.0, 1.0, 1.0]) * ratio
    vi[0] = 1.0
    for name, estimator in ESTIMATORS.items():
        assert np.isfinite(estimator(yi, vi)) and estimator(yi, vi) >= 0, name
    for estimator, objective in ((reml, restricted_log_likelihood), (ml, log_likelihood)):
        dense = np.concatenate([[0.0], np.geomspace(1e-12, 1e12, 2000)])
        best = max(objective(yi, vi, tau2) for tau2 in dense)
        assert objective(yi, vi, estimator(yi, vi)) >= best - 1e-10


@settings(max_examples=40, deadline=None)
@given(studies(), st.floats(0.01, 20))
def test_solve_q_solves_its_equation(data, target):
    yi, vi = data
    tau2 = solve_q(yi, vi, target)
    if tau2:
        # Error seen 1e-15 relative.
        assert generalised_q(yi, vi, tau2) == pytest.approx(target, rel=1e-10)
    else:
        assert generalised_q(yi, vi) <= target


def test_typical_variance_next_to_one_huge_weight():
    # (k - 1) sum(w) / (sum(w)^2 - sum(w^2)) by hand, of weights 1e40 and 1: 0 over 0 if done so.
    assert typical_variance(np.array([1e-40, 1.0])) == pytest.approx(0.5, rel=1e-14)
    assert typical_variance(np.array([2.0, 2.0, 2.0])) == pytest.approx(2.0, rel=1e-14)


def test_two_studies_far_apart_need_a_wide_bracket():
    yi, vi = np.array([-8.0, 9.0]), np.array([2.1, 2.1])
    # Equal variances: the closed form 17^2 / 2 - 2.1. Error seen 0.
    for estimator in (dersimonian_laird, paule_mandel, reml):
        assert estimator(yi, vi) == pytest.approx(142.4, rel=1e-12)


# Stacks -------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(2, 9), st.integers(0, 2**32 - 1), st.sampled_from([1, 3]))
def test_a_stack_gives_what_each_data_set_gives_alone(sets, k, seed, spread):
    rng = np.random.default_rng(seed)
    vi = np.exp(rng.normal(0, spread, (sets, k)))
    yi = rng.standard_t(2, (sets, k))
    counted = rng.random((sets, k)) < 0.7
    counted[:, 0] = True
    for method in ESTIMATORS:
        # Sums in one order, hence next to nothing; error seen 1e-14 relative.
        alone = [estimate_tau2(method, y, v) for y, v in zip(yi, vi, strict=True)]
        assert estimate_tau2(method, yi, vi) == pytest.approx(alone, rel=1e-10, abs=1e-13), method
        found = tau2_module.ESTIMATORS[method](stack_of(yi, vi, counted))
        some = [estimate_tau2(method, y[c], v[c]) for y, v, c in zip(yi, vi, counted, strict=True)]
        assert found == pytest.approx(some, rel=1e-10, abs=1e-13), method


def test_the_scan_is_fine_enough(monkeypatch):
    # Heavy tails and variances over many orders: where the likelihood has several maxima.
    rng = np.random.default_rng(20261121)
    for k in (2, 3, 4, 6, 10):
        vi = np.exp(rng.normal(0, 3, (4000, k)))
        yi = rng.standard_t(1.5, (4000, k)) * np.where(rng.random((4000, k)) < 0.5, 1, vi**0.5)
        stack = stack_of(yi, vi)
        for likelihood in (RESTRICTED, UNRESTRICTED):
            usual = tau2_module.maximise_tau2(likelihood, stack)
            with monkeypatch.context() as patch:
                patch.setattr(tau2_module, "_RATIO", 1.05)
                finer = tau2_module.maximise_tau2(likelihood, stack)
            gain = likelihood.value(stack, finer) - likelihood.value(stack, usual)
            assert np.max(gain) < 1e-10  # seen: 1e-14
            # Beyond the end of the scan both likelihoods fall.
            assert np.all(likelihood.score(stack, tau2_module.scan(stack)[-1] * 1.000001) <= 0)


def test_a_large_stack_is_worked_out_in_chunks(monkeypatch):
    rng = np.random.default_rng(5)
    yi, vi = rng.normal(size=(300, 5)), np.exp(rng.normal(size=(300, 5)))
    whole = estimate_tau2("REML", yi, vi)
    monkeypatch.setattr(tau2_module, "_MEMORY", 64)
    assert estimate_tau2("REML", yi, vi) == pytest.approx(whole, rel=1e-12, abs=1e-14)


@settings(max_examples=30, deadline=None)
@given(studies(k_min=3))
def test_a_design_of_one_constant_is_the_mean(data):
    yi, vi = data
    for method in ESTIMATORS:
        # Error seen 1e-12.
        expected = pytest.approx(estimate_tau2(method, yi, vi), rel=1e-8, abs=1e-10)
        assert estimate_tau2(method, yi, vi, np.ones((yi.size, 1))) == expected, method


def test_with_moderators_as_metafor():
    # metafor 3.8, rma(yi, vi, mods = ~ ablat + year, data = BCG as log RR), tightened controls.
    yi, vi = escalc("RR", **BCG)
    ablat = [44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33]
    year = [1948, 1949, 1960, 1977, 1973, 1953, 1973, 1980, 1968, 1961, 1974, 1969, 1976]
    X = np.column_stack([np.ones(13), ablat, year])
    for method, tau2 in MODERATED.items():
        assert estimate_tau2(method, yi, vi, X) == pytest.approx(tau2, rel=1e-6), method


MODERATED = {
    "DL": 0.0790389578091,
    "HE": 0.235610760817,
    "HS": 0.025135517359,
    "SJ": 0.253226123182,
    "PM": 0.171637115725,
    "EB": 0.171637115725,
    "ML": 0.0268731993145,
    "REML": 0.110784696948,
}


# Profile likelihood -------------------------------------------------------------------------------


def test_profile_likelihood_as_metafor():
    # metafor 3.8, confint(rma(yi, vi, method = m), type = "PL"), log RR of BCG.
    yi, vi = escalc("RR", **BCG)
    for method, lower, upper in (
        ("ML", 0.105077380809, 0.833912476824),
        ("REML", 0.115266105748, 0.964695326514),
    ):
        found = profile_likelihood(yi, vi, method=method)
        assert (found.tau2_lb, found.tau2_ub) == pytest.approx((lower, upper), rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(studies(), st.sampled_from(["ML", "REML"]))
def test_profile_limits_lie_where_the_likelihood_has_fallen(data, method):
    yi, vi = data
    value = {"ML": log_likelihood, "REML": restricted_log_likelihood}[method]
    best = value(yi, vi, estimate_tau2(method, yi, vi))
    found = profile_likelihood(yi, vi, method=method)
    drop = chi2.ppf(0.95, 1) / 2
    # Error seen 2e-13.
    assert value(yi, vi, found.tau2_ub) == pytest.approx(best - drop, abs=1e-9)
    if found.tau2_lb > 0:
        assert value(yi, vi, found.tau2_lb) == pytest.approx(best - drop, abs=1e-9)
    else:
        assert value(yi, vi, 0.0) >= best - drop - 1e-12
    below = np.linspace(0, found.tau2_lb, 20)[:-1] if found.tau2_lb > 0 else []
    beyond = [*below, *found.tau2_ub * 1.1 ** np.arange(1, 40)]
    assert not any(value(yi, vi, tau2) >= best - drop + 1e-9 for tau2 in beyond)


def test_both_intervals_of_a_stack_are_those_of_its_data_sets():
    rng = np.random.default_rng(3)
    yi, vi = rng.normal(0, 1.5, (30, 6)), np.exp(rng.normal(size=(30, 6)))
    subset = rng.random((30, 6)) < 0.7
    subset[:, :2] = True
    for interval in (q_profile, profile_likelihood):
        found = np.array(interval(yi, vi, subset=subset)).T
        alone = [interval(yi[b][subset[b]], vi[b][subset[b]]) for b in range(30)]
        assert found == pytest.approx(np.array(alone), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("vi", [[1.0, 1e-20], [1e-20, 1.0], [1.0, 1e-40, 2.0]])
def test_one_huge_weight_hides_no_other(vi):
    # By hand: (Q - df) / trace, where the trace tends to the sum of the other weights.
    yi, vi = np.arange(len(vi), dtype=float), np.array(vi)
    others = np.sum(np.sort(1 / vi)[:-1])
    q = generalised_q(yi, vi)
    expected = max(0.0, (q - (len(vi) - 1)) / others)
    assert dersimonian_laird(yi, vi) == pytest.approx(expected, rel=1e-9, abs=1e-12)
