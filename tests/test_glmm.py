"""The binomial-normal model against lme4, against an integration written here, and its limits."""

import json
from pathlib import Path

import numpy as np
import pytest
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.glmm import NODES, glmm_log_likelihood, no_finite_spread, rma_glmm
from evisynth.quadrature import evaluate, modes
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit, gammaln, log_expit, logit, logsumexp

REFERENCE = json.loads((Path(__file__).parent / "reference" / "reference.json").read_text())
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
    assert result.se == pytest.approx(se, rel=2e-5)


@pytest.mark.parametrize("tau", [0.0, 0.2, 1.0, 3.0, 6.0, -1.0])
@pytest.mark.parametrize("mu", [-4.0, 0.0, 2.5])
def test_log_likelihood_equals_dense_integration(mu, tau):
    xi, ni = [0, 1, 7, 25, 199, 200], [30, 9, 7, 50, 200, 200]
    # A reach of 60, because data far from mu and a small tau put the mode of z beyond 30.
    dense = dense_log_likelihood(mu, tau, xi, ni, points=60_001, reach=60)
    # Error seen 5e-13 relative.
    found = glmm_log_likelihood(mu, tau, xi, ni)
    assert found == pytest.approx(dense, rel=1e-9, abs=1e-8)


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
            once = evaluate(mu, tau, xi, ni, NODES)
            twice = evaluate(mu, tau, xi, ni, 2 * NODES)
            # Error seen 4e-10 relative, at tau = 3.
            assert once[0] == pytest.approx(twice[0], rel=1e-8, abs=1e-8)
            centre, _ = modes(mu, tau, xi, ni)
            slope = tau * (xi - ni * expit(mu + tau * centre)) - centre
            curvature = 1 + tau**2 * ni * expit(mu + tau * centre) * expit(-mu - tau * centre)
            assert abs(slope / curvature)[0] < 1e-5 * (1 + abs(centre[0]))


@pytest.mark.parametrize("n", [2_000, 1_000_000])
def test_large_studies_approach_the_normal_model(n):
    from evisynth.effects import escalc
    from evisynth.model import rma

    share = np.array([0.05, 0.2, 0.4, 0.45, 0.7, 0.9])
    xi, ni = np.round(share * n), np.full(6, n)
    exact = rma_glmm(xi, ni)
    normal = rma(*escalc("PLO", xi=xi, ni=ni), method="ML", test="z")
    # The two differ by terms of order 1 / n: seen 1.1 / n, tau2 13 / n
    # and se 2.5 / n relative.
    assert exact.estimate == pytest.approx(normal.estimate, abs=5 / n)
    assert exact.tau2 == pytest.approx(normal.tau2, abs=20 / n)
    assert exact.se == pytest.approx(normal.se, rel=20 / n)


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
    # Error seen 1e-13.
    for attribute in ("estimate", "se", "tau", "ci_lb", "pi_ub"):
        expected = pytest.approx(getattr(twice, attribute), rel=1e-10, abs=1e-10)
        assert getattr(once, attribute) == expected, attribute


@settings(max_examples=25, deadline=None, derandomize=True)
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


@settings(max_examples=12, deadline=None, derandomize=True)
@given(counts(), st.randoms(use_true_random=False))
def test_order_does_not_matter_and_non_events_mirror(data, random):
    xi, ni = map(np.array, data)
    order = list(range(len(xi)))
    random.shuffle(order)
    one = rma_glmm(xi, ni)
    other = rma_glmm(xi[order], ni[order])
    mirror = rma_glmm(ni - xi, ni)
    # Error seen 3e-15 relative.
    for result, sign in ((other, 1), (mirror, -1)):
        assert result.estimate * sign == pytest.approx(one.estimate, abs=1e-8)
        assert result.tau2 == pytest.approx(one.tau2, rel=1e-7, abs=1e-8)
        assert result.se == pytest.approx(one.se, rel=1e-5)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(1, 19), st.integers(2, 6), st.integers(1, 50_000))
def test_identical_studies_have_no_spread(events, k, times):
    result = rma_glmm([events * times] * k, [20 * times] * k)
    p = events / 20
    assert result.tau2 == 0.0 and result.notes == ("tau is estimated as 0",)
    # Closed forms; error seen 1e-15 relative, 5e-10 in Q (of a likelihood of 1e6).
    assert result.estimate == pytest.approx(logit(p), abs=1e-12)
    assert result.se == pytest.approx(1 / np.sqrt(20 * times * k * p * (1 - p)), rel=1e-12)
    assert pytest.approx(0, abs=1e-6) == result.Q


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
        ([[3, 4]], [9, 9], {}, "rma_glmm: xi is of shape (1, 2); allowed: one dimension."),
        (
            [3, 4],
            [9, 9],
            {"nodes": 7},
            "rma_glmm: nodes is 7; allowed: a whole number from 51 to 10000.",
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
            "rma_glmm: nodes is 99.0; allowed: a whole number from 51 to 10000.",
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
