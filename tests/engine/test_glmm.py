"""The binomial-normal model against lme4, against an integration written here, and its limits."""

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest
from evisynth.engine.glmm.fit import maximise
from evisynth.engine.glmm.integrands import integrand_modes
from evisynth.engine.glmm.likelihood import Data
from evisynth.engine.glmm.model import NODES, glmm_log_likelihood, no_finite_spread, rma_glmm
from evisynth.engine.glmm.quadrature import log_likelihood, marginal
from evisynth.errors import ArgumentError, NotEstimable
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit, gammaln, log_expit, logit, logsumexp

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "reference.json").read_text())
PRITZ = next(case["counts"] for case in REFERENCE["glmm"] if case["data"] == "pritz1997")


@st.composite
def counts(draw, k_min=2, k_max=6, most=200):
    ni = draw(st.lists(st.integers(1, most), min_size=k_min, max_size=k_max))
    xi = [draw(st.integers(0, n)) for n in ni]
    assume(not no_finite_spread(xi, ni) and 0 < sum(xi) < sum(ni))
    return xi, ni


def dense_log_likelihood(mu, tau, xi, ni, points=6001, reach=10):
    """Plain sums over a fixed grid of the random effect: nothing adaptive, nothing shared."""
    u = np.linspace(-reach, reach, points)
    total = 0.0
    for x, n in zip(xi, ni, strict=True):
        eta = mu + tau * u
        terms = x * log_expit(eta) + (n - x) * log_expit(-eta) + stats.norm.logpdf(u)
        choose = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
        total += choose + logsumexp(terms) + np.log(u[1] - u[0])
    return total


def dense_fit(xi, ni):
    """Maximum by a simplex over (mu, log tau), restarted from its own end."""

    def negative(parameters):
        return -dense_log_likelihood(parameters[0], np.exp(parameters[1]), xi, ni, 601)

    at = np.array([logit(sum(xi) / sum(ni)), -0.5])
    for _ in range(2):
        options = {"xatol": 1e-9, "fatol": 1e-13, "maxiter": 2000}
        at = minimize(negative, at, method="Nelder-Mead", options=options).x
    return at[0], np.exp(at[1])


# --- against others ------------------------------------------------------------------------------


@pytest.mark.parametrize("case", REFERENCE["glmm"], ids=lambda case: case["data"])
def test_glmm_equals_metafor_with_lme4(case):
    result = rma_glmm(**case["counts"])
    # metafor on lme4, 25 nodes. Largest errors seen: estimate 1e-7, tau2 9e-8, limits 5e-5; se 7e-5
    # relative, because lme4 differentiates numerically (3e-7 against the integration below).
    assert result.estimate == pytest.approx(case["estimate"], abs=1e-6)
    assert result.tau2 == pytest.approx(case["tau2"], abs=1e-6)
    assert result.se == pytest.approx(case["se"], rel=2e-4)
    assert (result.ci_lb, result.ci_ub) == pytest.approx((case["ci_lb"], case["ci_ub"]), abs=2e-4)
    # Closed form; error seen 5e-10 (of 1e4).
    assert pytest.approx(case["Q_lrt"], rel=1e-8, abs=1e-8) == result.Q


@pytest.mark.parametrize(
    "xi, ni",
    [
        (PRITZ["xi"], PRITZ["ni"]),
        ([14, 30, 9], [20, 35, 24]),
        ([7, 22], [15, 30]),
        ([0, 9, 40, 60], [40, 41, 45, 60]),
        ([1, 0, 0, 12, 3], [50, 20, 80, 30, 45]),
    ],
)
def test_glmm_equals_dense_integration(xi, ni):
    result = rma_glmm(xi, ni)
    mu, tau = dense_fit(xi, ni)
    # Error seen 7e-8: a simplex finds a flat top to about the root of its tolerance.
    assert (result.estimate, result.tau) == pytest.approx((mu, tau), abs=1e-6)
    # Standard error from second differences of the dense likelihood; error seen 3e-7 relative.
    h = 1e-3

    def at(a, b):
        return dense_log_likelihood(result.estimate + a * h, result.tau + b * h, xi, ni)

    mixed = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / 4
    hessian = np.array(
        [[at(1, 0) - 2 * at(0, 0) + at(-1, 0), mixed], [mixed, at(0, 1) - 2 * at(0, 0) + at(0, -1)]]
    )
    se = np.sqrt(np.linalg.inv(-hessian / h**2)[0, 0])
    assert result.se == pytest.approx(se, rel=2e-6)


@pytest.mark.parametrize("tau", [0.0, 0.2, 1.0, 3.0, 6.0, -1.0])
@pytest.mark.parametrize("mu", [-4.0, 0.0, 2.5])
def test_log_likelihood_equals_dense_integration(mu, tau):
    xi, ni = [0, 1, 7, 25, 199, 200], [30, 9, 7, 50, 200, 200]
    # A reach of 60, because data far from mu and a small tau put the mode of z beyond 30.
    dense = dense_log_likelihood(mu, tau, xi, ni, points=60_001, reach=60)
    # Error seen 5e-13 relative.
    found = glmm_log_likelihood(mu, tau, xi, ni)
    assert found == pytest.approx(dense, rel=1e-11, abs=1e-10)


def test_log_likelihood_without_spread_is_binomial():
    xi, ni = [3, 999_000, 0], [10, 1_000_000, 7]
    expected = stats.binom.logpmf(xi, ni, expit(0.3)).sum()
    assert glmm_log_likelihood(0.3, 0.0, xi, ni) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("tau", [1e-3, 0.3, 1.0, 3.0, 8.0])
@pytest.mark.parametrize("n", [1, 20, 1_000, 1_000_000])
def test_one_integral_over_the_whole_range(n, tau):
    # x, n and tau for which Newton's method alone goes to and fro, and 31 Gauss-Hermite nodes miss
    # by up to 1e2 in the log-likelihood.
    for x in {0, 1, n // 2, n - 1, n}:
        for mu in (-5.0, 0.0, 3.0):
            xi, ni = np.array([float(x)]), np.array([float(n)])
            means, spreads = np.array([mu]), np.array([tau])
            found = log_likelihood(means, spreads, xi, ni, NODES)
            dense = marginal(means, spreads, xi, ni, 4001)
            # Error seen 3e-11, relative where the value is above 1.
            assert found == pytest.approx(dense.value, rel=1e-10, abs=1e-10)
            centre = integrand_modes(means, spreads, xi, ni, np.zeros(1), tolerance=1e-6)
            p = expit(mu + tau * centre)
            slope = tau * (xi - ni * p) - centre
            curvature = 1 + tau**2 * ni * p * (1 - p)
            assert abs(slope / np.sqrt(curvature))[0] < 1e-5


@pytest.mark.parametrize("tau", [0.05, 0.7, 2.5])
@pytest.mark.parametrize("x, n", [(0, 3), (4, 9), (30, 31), (900, 1_000)])
def test_derivatives_are_those_of_the_likelihood(tau, x, n):
    xi, ni = np.array([float(x)]), np.array([float(n)])

    def at(mu, tau):
        return marginal(np.array([mu]), np.array([tau]), xi, ni, 401)

    h, middle = 1e-5, at(0.4, tau)
    up, down, more, less = at(0.4 + h, tau), at(0.4 - h, tau), at(0.4, tau + h), at(0.4, tau - h)
    for name, high, low, derivative in (
        ("value", up, down, middle.by_mu),
        ("value", more, less, middle.by_tau),
        ("by_mu", up, down, -middle.mu_mu),
        ("by_mu", more, less, -middle.mu_tau),
        ("by_tau", more, less, -middle.tau_tau),
    ):
        slope = (getattr(high, name) - getattr(low, name)) / (2 * h)
        # Error seen 9e-8, of differences over 1e-5.
        assert slope == pytest.approx(derivative, rel=1e-6, abs=1e-6), name
    # What every second point tells differs by the root of the rule's error; seen 7e-15.
    assert middle.rough_value == pytest.approx(middle.value, abs=1e-12)
    assert middle.rough_by_mu == pytest.approx(middle.by_mu, abs=1e-12)
    assert middle.rough_by_tau == pytest.approx(middle.by_tau, abs=1e-12)


@pytest.mark.parametrize("n", [2_000, 1_000_000])
def test_large_studies_approach_the_normal_model(n):
    from evisynth.engine.effects.escalc import escalc
    from evisynth.engine.random_effects.model import rma

    share = np.array([0.05, 0.2, 0.4, 0.45, 0.7, 0.9])
    xi, ni = np.round(share * n), np.full(6, n)
    exact = rma_glmm(xi, ni)
    normal = rma(*escalc("PLO", xi=xi, ni=ni), method="ML", test="z")
    # The two differ by terms of order 1 / n: seen 1.1 / n, tau2 13 / n and se 2.5 / n relative.
    assert exact.estimate == pytest.approx(normal.estimate, abs=2 / n)
    assert exact.tau2 == pytest.approx(normal.tau2, abs=20 / n)
    assert exact.se == pytest.approx(normal.se, rel=4 / n)


# --- the quadrature and the optimiser ------------------------------------------------------------

HARD = {
    "large n": ([420_000, 610, 51, 98_000], [1_000_000, 2_000, 120, 180_000]),
    "large n, large tau": ([100, 999_900, 500_000, 3_000], [1_000_000] * 3 + [1_000_000]),
    "large n, small tau": ([500_500, 499_200, 501_900], [1_000_000] * 3),
    "large tau": ([0, 0, 0, 60, 60, 25], [50, 40, 45, 60, 60, 50]),
    "none in a large study": ([0, 900, 30], [100_000, 1_000, 40]),
    "one of each": ([0, 1_000_000, 1], [1_000_000, 1_000_000, 2]),
}


@pytest.mark.parametrize("name", HARD)
def test_doubling_the_nodes_changes_nothing(name):
    xi, ni = HARD[name]
    once, twice = rma_glmm(xi, ni), rma_glmm(xi, ni, nodes=2 * NODES)
    # Error seen 1e-14 in the estimate, 1e-13 in tau, 1e-9 relative in se, which is that of the last
    # step but one of the search, and 3e-10 in the prediction limit that has it.
    for attribute, error in (("estimate", 1e-11), ("tau", 1e-11), ("se", 1e-7), ("pi_lb", 1e-7)):
        expected = pytest.approx(getattr(twice, attribute), rel=error, abs=error)
        assert getattr(once, attribute) == expected, attribute


def nasty(random, k):
    """Few or many patients, small or large spread, and outlying studies."""
    while True:
        ni = [int(10 ** random.uniform(0, random.choice([1.2, 2.5, 6]))) for _ in range(k)]
        tau, mu = random.choice([0, 0.3, 1, 2, 4]), random.uniform(-4, 4)
        shift = random.choice([0, 0, 6, -6])
        odds = [mu + tau * random.gauss(0, 1) + shift * (random.random() < 0.3) for _ in ni]
        xi = [
            min(n, max(0, round(n * expit(u) + random.gauss(0, 0.5))))
            for n, u in zip(ni, odds, strict=True)
        ]
        if 0 < sum(xi) < sum(ni) and not no_finite_spread(xi, ni):
            return xi, ni


def test_doubling_the_nodes_changes_nothing_on_any_data():
    random = Random(5)
    for k in (2, 4, 9):
        xi, ni = map(np.array, zip(*(nasty(random, k) for _ in range(60)), strict=True))
        once, twice = rma_glmm(xi, ni), rma_glmm(xi, ni, nodes=2 * NODES)
        assert once.estimable.all()
        # Error seen 4e-12, tau2 3e-11, se 2e-8 relative.
        assert np.allclose(once.estimate, twice.estimate, rtol=1e-10, atol=1e-10)
        assert np.allclose(once.tau2, twice.tau2, rtol=1e-9, atol=1e-9)
        assert np.allclose(once.se, twice.se, rtol=2e-7, atol=0)


def test_the_maximum_is_global():
    random = Random(11)
    several = 0
    for k in (3, 6, 10):
        xi, ni = (
            np.array(a, float) for a in zip(*(nasty(random, k) for _ in range(25)), strict=True)
        )
        fit = maximise(Data(xi, ni, np.ones_like(xi), np.ones((k, 1))), NODES)
        for b in range(len(xi)):
            # A dense profile: every tau of a grid, the mean by bisection of its concave profile.
            taus = np.geomspace(0.01, 60, 40)[:, None]
            low, high = np.full((40, 1), -60.0), np.full((40, 1), 60.0)
            for _ in range(18):
                mu = (low + high) / 2
                rises = marginal(mu, taus, xi[b], ni[b], 65).by_mu.sum(axis=1, keepdims=True) > 0
                low, high = np.where(rises, mu, low), np.where(rises, high, mu)
            values = log_likelihood((low + high) / 2, taus, xi[b], ni[b], 65).sum(axis=1)
            # Seen: the grid's best is lower by 2e-5 or more, since no grid meets a maximum.
            assert values.max() <= fit.value[b] + 1e-9, (xi[b], ni[b])
            rising = np.diff(np.append(fit.at_zero[b], values)) > 1e-9
            several += np.count_nonzero(rising[:-1] & ~rising[1:]) + (not rising[0]) > 1
    assert several > 0  # else it would not have been hard


def test_two_maxima_are_told_apart():
    # tau = 0 is a local maximum of each; an interior one is higher in the second only.
    ni = np.array([[40] * 12] * 2)
    xi = np.array([[20] * 11 + [33], [20] * 11 + [40]])
    found = rma_glmm(xi, ni)
    fit = maximise(Data(xi * 1.0, ni * 1.0, np.ones_like(xi), np.ones((12, 1))), NODES)
    assert np.all(fit.value >= fit.at_zero)
    for b in range(2):
        for tau in np.linspace(0.05, 2, 40):
            top = glmm_log_likelihood(found.estimate[b], found.tau2[b] ** 0.5, xi[b], ni[b])
            assert glmm_log_likelihood(found.estimate[b], tau, xi[b], ni[b]) <= top + 1e-9


@settings(max_examples=25, deadline=None)
@given(counts(most=5_000))
def test_the_estimate_is_a_maximum_and_every_number_is_there(data):
    xi, ni = data
    result = rma_glmm(xi, ni)
    top = glmm_log_likelihood(result.estimate, result.tau, xi, ni)
    for d_mu in (-0.05, 0, 0.05):
        for tau in (0.0, result.tau * 0.95, result.tau * 1.05 + 0.02, 0.3, 1.0, 3.0):
            # Nothing near or far is better, but for the 1e-9 by which tau > 0 must win.
            assert glmm_log_likelihood(result.estimate + d_mu, tau, xi, ni) <= top + 1e-7
    numbers = [result.estimate, result.se, result.tau2, result.Q, result.Q_p]
    assert np.all(np.isfinite(numbers)) and result.se > 0 and result.tau2 >= 0
    assert result.ci_lb < result.estimate < result.ci_ub
    assert sum(result.weights) == pytest.approx(100, abs=1e-9)
    assert (result.pi_lb is None) == (result.k < 3)


@settings(max_examples=12, deadline=None)
@given(counts(), st.randoms(use_true_random=False))
def test_order_does_not_matter_and_non_events_mirror(data, random):
    xi, ni = map(np.array, data)
    order = list(range(len(xi)))
    random.shuffle(order)
    one = rma_glmm(xi, ni)
    other = rma_glmm(xi[order], ni[order])
    mirror = rma_glmm(ni - xi, ni)
    # Error seen 4e-15.
    for result, sign in ((other, 1), (mirror, -1)):
        assert result.estimate * sign == pytest.approx(one.estimate, abs=1e-11)
        assert result.tau2 == pytest.approx(one.tau2, rel=1e-11, abs=1e-11)
        assert result.se == pytest.approx(one.se, rel=1e-8)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 19), st.integers(2, 6), st.integers(1, 50_000))
def test_identical_studies_have_no_spread(events, k, times):
    result = rma_glmm([events * times] * k, [20 * times] * k)
    p = events / 20
    assert result.tau2 == 0.0 and result.notes == ("tau is estimated as 0",)
    # Closed forms; error seen 1e-15 relative, 5e-10 in Q (of a likelihood of 1e6).
    assert result.estimate == pytest.approx(logit(p), abs=1e-12)
    assert result.se == pytest.approx(1 / np.sqrt(20 * times * k * p * (1 - p)), rel=1e-12)
    assert pytest.approx(0, abs=1e-8) == result.Q


def test_limits_are_t_and_the_prediction_adds_the_spread():
    result = rma_glmm(**PRITZ, level=0.9)
    quantile = stats.t.ppf(0.95, len(PRITZ["xi"]) - 1)
    assert result.ci_ub - result.estimate == pytest.approx(quantile * result.se, rel=1e-12)
    half = quantile * np.sqrt(result.se**2 + result.tau2)
    assert result.pi_ub - result.estimate == pytest.approx(half, rel=1e-12)
    assert 0 < result.displayed["pi_lb"] < result.displayed["ci_lb"] < 1
    assert (result.method, result.test, result.model) == ("ML", "t", "binomial-normal")
    assert (result.I2, result.H2) == (None, None)


def test_the_prediction_interval_follows_its_convention():
    half = {c: _half(rma_glmm(**PRITZ, prediction=c)) for c in ("z", "t(k-1)", "HTS")}
    k = len(PRITZ["xi"])
    quantiles = [stats.norm.ppf(0.975), stats.t.ppf(0.975, k - 1), stats.t.ppf(0.975, k - 2)]
    for (convention, found), quantile in zip(half.items(), quantiles, strict=True):
        assert found / half["z"] == pytest.approx(quantile / quantiles[0], rel=1e-9), convention


def _half(result):
    return result.pi_ub - result.estimate


def test_numbers_of_numpy_are_numbers():
    xi, ni = [3, 5, 9], [10, 10, 10]
    assert rma_glmm(xi, ni, nodes=np.int64(NODES), level=np.float64(0.95)) == rma_glmm(xi, ni)


@pytest.mark.parametrize("n", [10**7, 10**9])
def test_the_largest_counts_have_finite_limits(n):
    for xi in ([n // 3, n // 2, n // 5], [1, 0, n // 2], [n // 2, n // 2, n // 2 + 1]):
        result = rma_glmm(xi, [n] * 3)
        assert np.all(np.isfinite([result.estimate, result.se, result.ci_lb, result.ci_ub]))
        assert result.se > 0


def test_it_leaves_as_plain_types():
    plain = json.loads(
        json.dumps(rma_glmm([3, 5, 9], [10, 10, 10], slab=["A", "B", "C"]).to_dict())
    )
    assert plain["slab"] == ["A", "B", "C"] and plain["k"] == 3


# --- where there is no estimate ------------------------------------------------------------------


@pytest.mark.parametrize("k", [2, 3, 10])
def test_no_events_and_nothing_but_events_are_refused(k):
    with pytest.raises(NotEstimable) as caught:
        rma_glmm([0] * k, [5] * k)
    assert str(caught.value) == (
        f"rma_glmm: 0 of {5 * k} over {k} studies is no events; the likelihood has no finite "
        "maximum. Use pool_proportions, which gives the exact pooled interval."
    )
    with pytest.raises(NotEstimable, match="is nothing but events; the likelihood has no finite"):
        rma_glmm([5] * k, [5] * k)


@pytest.mark.parametrize("xi, ni", [([0, 10], [10, 10]), ([0, 1, 30, 30], [9, 1, 30, 30])])
def test_a_spread_without_bound_is_refused(xi, ni):
    assert no_finite_spread(xi, ni)
    with pytest.raises(NotEstimable) as caught:
        rma_glmm(xi, ni)
    assert str(caught.value) == (
        f"rma_glmm: each of {len(xi)} studies has no events or nothing but events; the likelihood "
        "has no finite maximum. Show the studies side by side, with their exact intervals."
    )
    # It is right to refuse: the likelihood still grows where tau is already absurd.
    along = [glmm_log_likelihood(0.0, tau, xi, ni) for tau in (2.0, 8.0, 32.0, 128.0)]
    assert along == sorted(along) and along[-1] - along[0] > 0.1


def test_single_patients_have_an_estimate():
    assert not no_finite_spread([0, 1, 1], [1, 1, 1])
    result = rma_glmm([0, 1, 1], [1, 1, 1])
    assert result.tau2 == 0 and result.estimate == pytest.approx(np.log(2), abs=1e-12)


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "xi, ni, options, message",
    [
        ([3], [9], {}, "rma_glmm: xi is one study (k = 1); allowed: two or more studies."),
        (
            [],
            [],
            {},
            "rma_glmm: xi is empty (k = 0); allowed: at least one study, whole numbers from 0.",
        ),
        ([3, -1], [9, 9], {}, "rma_glmm: xi is -1 at position 1; allowed: whole numbers from 0."),
        ([3, 10], [9, 9], {}, "rma_glmm: xi is 10 at position 1; allowed: at most its total, 9."),
        ([3, 0.5], [9, 9], {}, "rma_glmm: xi is 0.5 at position 1; allowed: whole numbers."),
        (
            [3, 4],
            [9, np.nan],
            {},
            "rma_glmm: ni is nan at position 1; allowed: whole numbers from 1.",
        ),
        ([3, 4], [9], {}, "rma_glmm: ni is of length 1; allowed: the length of xi, 2."),
        ([3, 4], None, {}, "rma_glmm: ni is missing; allowed: whole numbers from 1."),
        ("ab", [9, 9], {}, "rma_glmm: xi is 'ab' at position 0; allowed: whole numbers from 0."),
        ([[3, 4]], [9, 9], {}, "rma_glmm: ni is of shape (2,); allowed: the shape of xi, (1, 2)."),
        (
            [3, 4],
            [9, 9],
            {"nodes": 7},
            "rma_glmm: nodes is 7; allowed: a whole number from 15 to 10000.",
        ),
        (
            [10**400, 1],
            [9, 9],
            {},
            "rma_glmm: xi is beyond floating point at position 0; allowed: whole numbers from 0.",
        ),
        (
            [1e300, 1e299],
            [1e300, 1e300],
            {},
            "rma_glmm: xi is 1e+300 at position 0; allowed: whole numbers from 0 up to 1e+09.",
        ),
        (
            [3, 4],
            [9, 9],
            {"prediction": "HK"},
            "rma_glmm: prediction is 'HK'; allowed: t(k-1), z, HTS.",
        ),
        (
            [3, 4],
            [9, 9],
            {"nodes": 99.0},
            "rma_glmm: nodes is 99.0; allowed: a whole number from 15 to 10000.",
        ),
        (
            [3, 4],
            [9, 9],
            {"level": None},
            "rma_glmm: level is None; allowed: a number between 0 and 1, such as 0.95.",
        ),
        (
            [3, 4],
            [9, 9],
            {"slab": ["A"]},
            "rma_glmm: slab is of length 1; allowed: one label per study, 2.",
        ),
    ],
)
def test_bad_arguments_are_named(xi, ni, options, message):
    with pytest.raises(ArgumentError) as caught:
        rma_glmm(xi, ni, **options)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "mu, tau, message",
    [
        (np.nan, 1.0, "glmm_log_likelihood: mu is nan; allowed: a finite number."),
        (0.0, np.inf, "glmm_log_likelihood: tau is inf; allowed: a finite number."),
        ("0", 1.0, "glmm_log_likelihood: mu is '0'; allowed: a finite number."),
    ],
)
def test_bad_parameters_are_named(mu, tau, message):
    with pytest.raises(ArgumentError) as caught:
        glmm_log_likelihood(mu, tau, [1], [2])
    assert str(caught.value) == message


# --- stacks --------------------------------------------------------------------------------------

ARRAYS = ("estimate", "se", "ci_lb", "ci_ub", "pi_lb", "pi_ub", "tau2", "Q", "Q_p")


def assert_same(stack, place, single):
    """One data set of a stack against the same alone; error seen 4e-13."""
    for name in ARRAYS:
        alone = getattr(single, name)
        alone = np.nan if alone is None else alone
        found = getattr(stack, name)[place]
        assert found == pytest.approx(alone, rel=1e-10, abs=1e-10, nan_ok=True), name
    assert stack.k[place] == single.k and stack.estimable[place]


@pytest.mark.parametrize("test, prediction", [("t", "t(k-1)"), ("z", "HTS"), ("t", "z")])
def test_a_stack_is_its_data_sets(test, prediction):
    random = Random(3)
    xi, ni = map(np.array, zip(*(nasty(random, 5) for _ in range(20)), strict=True))
    options = {"test": test, "prediction": prediction, "level": 0.9}
    stack = rma_glmm(xi, ni, **options)
    for b in range(20):
        single = rma_glmm(xi[b], ni[b], **options)
        assert_same(stack, b, single)
        assert stack.weights[b] == pytest.approx(single.weights, rel=1e-9)
    assert (stack.model, stack.test, stack.level) == ("binomial-normal", test, 0.9)
    assert np.isnan(stack.I2).all() and "no I2" in stack.notes[0]


def test_a_subset_is_the_studies_that_are_left():
    xi, ni = (np.array(PRITZ[name]) for name in ("xi", "ni"))
    random = np.random.default_rng(2)
    subset = random.random((12, xi.size)) < 0.6
    subset[:3, :4] = True
    subset[11] = False
    subset[11, :2] = True
    for counts_ in ((xi, ni), (np.tile(xi, (12, 1)), np.tile(ni, (12, 1)))):
        stack = rma_glmm(*counts_, subset=subset)
        for b in range(12):
            single = rma_glmm(xi[subset[b]], ni[subset[b]])
            assert_same(stack, b, single)
            assert stack.weights[b, subset[b]] == pytest.approx(single.weights, rel=1e-9)
            assert np.all(stack.weights[b, ~subset[b]] == 0)
    assert np.isnan(stack.pi_lb[11]) and any("prediction" in note for note in stack.notes)


def test_what_is_not_estimable_in_a_stack_is_flagged():
    xi = [[3, 5, 9], [0, 0, 0], [10, 10, 10], [0, 10, 10], [1, 2, 3]]
    ni = [[10, 10, 10]] * 5
    subset = np.array([[True] * 3] * 4 + [[True, False, False]])
    stack = rma_glmm(xi, ni, subset=subset)
    assert stack.estimable.tolist() == [True, False, False, False, False]
    for name in (*ARRAYS, "weights"):
        assert np.isnan(getattr(stack, name)[1:]).all(), name
    assert "4 of 5 data sets have no finite maximum: nan" in stack.notes
    assert not rma_glmm(np.zeros((2, 3)), np.ones((2, 3))).estimable.any()


def test_z_limits_are_normal():
    result = rma_glmm(**PRITZ, test="z")
    half = stats.norm.ppf(0.975) * result.se
    assert result.ci_ub - result.estimate == pytest.approx(half, rel=1e-12)
    assert result.test == "z"


# --- moderators ----------------------------------------------------------------------------------

TWENTY = next(case["counts"] for case in REFERENCE["glmm"] if case["data"] == "twenty")
MODS = {"m": np.arange(20) / 19, "q": np.sin(np.arange(20))}


def test_moderators_equal_lme4_and_metafor():
    result = rma_glmm(**TWENTY, mods=MODS)
    # metafor 3.8: rma.glmm(measure="PLO", xi, ni, mods=~m+q, nAGQ=25), m = (0:19)/19, q = sin(0:19)
    metafor = (-0.0201149356603, 0.7009141619002, -0.3198716825534)
    se = (0.478968544682, 0.816967913538, 0.357715622463)
    # lme4: glmer(cbind(x, n - x) ~ m + q + (1 | id), binomial, nAGQ = 25, bobyqa, rhoend = 1e-9),
    # twice the difference of logLik to the same with ~ 1.
    lme4 = (-0.02009879895043, 0.70088961612642, -0.31986645286196)
    # Errors seen: metafor's coefficients 3e-5, lme4's 4e-8, se 4e-6 relative, variances 4e-8, LRT
    # 1e-13.
    assert result.estimate == pytest.approx(metafor, abs=1e-4)
    assert result.estimate == pytest.approx(lme4, abs=1e-6)
    assert result.se == pytest.approx(se, rel=2e-5)
    assert result.tau2 == pytest.approx(0.8774740585832, abs=1e-6)
    assert result.tau2_without == pytest.approx(0.9365847453932, abs=1e-6)
    assert result.lrt == pytest.approx(1.935633291495, abs=1e-11)
    assert result.lrt_p == pytest.approx(stats.chi2.sf(result.lrt, 2), rel=1e-10)
    quantile = stats.t.ppf(0.975, 17)
    for i in range(3):
        assert result.ci_ub[i] - result.estimate[i] == pytest.approx(quantile * result.se[i])
        assert result.z_ub[i] - result.estimate[i] == pytest.approx(1.959963985 * result.se[i])
        ratio = abs(result.estimate[i] / result.se[i])
        assert result.p[i] == pytest.approx(2 * stats.t.sf(ratio, 17), rel=1e-9)
    assert result.names == ("intercept", "m", "q") and result.lrt_df == 2
    assert result.notes == ("fewer than 10 studies per coefficient: 20 for 3",)
    assert list(result.summary["term"]) == ["intercept", "m", "q"]
    json.loads(result.to_json())


def test_moderators_change_with_their_units_only():
    one = rma_glmm(**TWENTY, mods=MODS["m"])
    other = rma_glmm(**TWENTY, mods=2000 + 19 * MODS["m"][:, None])
    # Error seen 1e-14.
    assert other.estimate[1] * 19 == pytest.approx(one.estimate[1], rel=1e-10)
    assert other.estimate[0] + 2000 * other.estimate[1] == pytest.approx(one.estimate[0], abs=1e-10)
    assert other.se[1] * 19 == pytest.approx(one.se[1], rel=1e-9)
    assert other.lrt == pytest.approx(one.lrt, abs=1e-10)
    assert one.names == ("intercept", "mods") and other.names == ("intercept", "mods 1")
    assert one.lrt > 0


def test_a_moderator_that_divides_the_studies_fits_each_part():
    # Both parts have identical studies: tau is 0 and each part has its own proportion.
    result = rma_glmm([4, 8, 6, 12], [10, 20, 10, 20], mods=[0, 0, 1, 1], test="z")
    assert result.tau2 == 0
    # Closed form; error seen 1e-15.
    assert result.estimate == pytest.approx((logit(0.4), logit(0.6) - logit(0.4)), abs=1e-12)
    assert result.se[0] == pytest.approx(1 / np.sqrt(30 * 0.24), rel=1e-12)


def test_log_likelihood_of_moderators_is_that_of_the_data():
    result = rma_glmm(**TWENTY, mods=MODS["m"])
    tau = result.tau2**0.5
    mu = result.estimate[0] + result.estimate[1] * MODS["m"]
    each = [
        glmm_log_likelihood(m, tau, [x], [n])
        for m, x, n in zip(mu, TWENTY["xi"], TWENTY["ni"], strict=True)
    ]
    assert result.log_likelihood == pytest.approx(sum(each), abs=1e-11)
    assert result.lrt == pytest.approx(
        2 * (result.log_likelihood - result.log_likelihood_without), abs=1e-9
    )


@pytest.mark.parametrize(
    "mods, message",
    [
        ([1] * 20, "the same for every study in column 0"),
        (np.column_stack([MODS["m"], 1 - MODS["m"]]), "rank-deficient"),
        (np.eye(20)[:, :19], "given for 20 studies"),
        ([1, 2], "of length 2"),
        ([np.nan] * 20, "nan at position 0"),
        ("ab", "'ab'"),
        ({"m": ["a"] * 20}, "mods m is 'a' at position 0"),
        ({}, "allowed: one or more names"),
        ({"intercept": MODS["m"]}, "allowed: one or more names"),
        (np.zeros((20, 0)), "of shape (20, 0)"),
        (np.zeros((2, 2, 2)), "of shape (2, 2, 2)"),
        ([[1, 2], [3]], "mods"),
        (np.ma.masked_equal(np.arange(20), 3), "masked at position 3"),
        (3, "of length 1"),
    ],
)
def test_bad_moderators_are_named(mods, message):
    with pytest.raises(ArgumentError) as caught:
        rma_glmm(**TWENTY, mods=mods)
    assert message in str(caught.value)


def test_moderators_that_separate_are_refused():
    with pytest.raises(NotEstimable, match="separate"):
        rma_glmm([0, 0, 0, 4, 6, 3], [9, 8, 7, 9, 12, 6], mods=[1, 1, 1, 0, 0, 0])


@pytest.mark.parametrize("name", ["mods", "slab"])
def test_a_stack_takes_no_moderators_and_labels(name):
    with pytest.raises(ArgumentError, match=f"{name} is given; allowed: no {name} for a stack"):
        rma_glmm([[3, 4]], [[9, 9]], **{name: [1, 2]})


@pytest.mark.parametrize("subset", [[[1, 0]], [[True]], [True, True], "ab", [[False, False]]])
def test_bad_subsets_are_named(subset):
    with pytest.raises(ArgumentError, match="rma_glmm: subset is"):
        rma_glmm([3, 4], [9, 9], subset=subset)


# --- bad input -----------------------------------------------------------------------------------


BAD = [
    None, "ab", [], [np.nan], [np.inf], [[1, 2], [3]], np.ma.masked_equal([1, 2], 2), ["1"],
    {"a": 1}, [1e300], np.array("2020-01-01", dtype="M8[D]"),
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_bad_values_are_refused_by_all(bad):
    for call in (
        lambda: rma_glmm(bad, [9, 9]),
        lambda: rma_glmm([3, 4], bad),
        lambda: rma_glmm(**TWENTY, mods={"m": bad}),
        lambda: rma_glmm([[3, 4]], [[9, 9]], subset=bad if bad is not None else "none"),
    ):
        with pytest.raises(ArgumentError):
            call()


def test_an_unknown_test_is_refused():
    with pytest.raises(ArgumentError, match="test is 'w'; allowed: t, z"):
        rma_glmm([3, 4], [9, 9], test="w")


@pytest.mark.parametrize(
    ("xi", "ni", "mods"),
    [
        # Found by fuzzing. Moderators of very different sizes almost separate the studies: the
        # information was singular, or a variance below 0 by rounding.
        (
            [769, 0, 544, 0, 2, 0, 901, 0], [769, 801, 544, 5, 10, 60, 901, 4],
            {"a": [1.0, 0.0, 4.567334505360649, 1.0, -1.5789443781444865, 0.0, 1e6, 1e6],
             "b": [1e6, 1e6, 1e6, 1.0, 1e6, 1.0, 1.0, 1.0]},
        ),
        (
            [0, 33, 0, 0, 3232, 26], [95, 33, 1, 654, 3232, 85],
            [1e6, 0.0, -1.0723599475323708, 1.0, 0.0, -0.20707619681022515],
        ),
    ],
)  # fmt: skip
def test_moderators_that_almost_separate_are_refused(xi, ni, mods):
    with pytest.raises(
        NotEstimable, match=r"no finite maximum .* was found. Use fewer, or on other"
    ):
        rma_glmm(xi, ni, mods=mods, nodes=15)


@pytest.mark.parametrize(("counted", "said"), [([1, 1, 1, 1], False), ([0, 1, 0, 1], True)])
def test_only_a_stack_with_few_studies_says_what_they_lack(counted, said):
    found = rma_glmm([3, 5, 2, 6], [10, 12, 9, 20], subset=[[True] * 4, [bool(c) for c in counted]])
    assert any("below three studies" in note for note in found.notes) == said
    assert np.isnan(found.pi_lb).tolist() == [False, said]
