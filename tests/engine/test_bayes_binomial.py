"""The binomial-normal posterior against dense sums written here, and its limits."""

from itertools import pairwise
from time import process_time

import numpy as np
import pytest
from evisynth.engine.bayes.binomial_likelihood import Grid
from evisynth.engine.bayes.binomial_posterior import integrate, margins
from evisynth.engine.bayes.models import bayes_binomial, bayes_normal
from evisynth.engine.bayes.priors import half_cauchy, half_normal
from evisynth.errors import ArgumentError
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad
from scipy.interpolate import CubicSpline
from scipy.special import expit, log_expit, logsumexp

NUMBERS = ("estimate", "mean", "se", "ci_lb", "ci_ub", "tau", "tau_lb", "tau_ub")


def dense(xi, ni, scale, mu_prior, theta, mu, tau):
    """Midpoint sums over fixed grids of tau, mu and the log odds theta: nothing adaptive.

    Returns the posterior probabilities of (tau, mu), and those of each study's theta.
    """
    kernel = [
        x * log_expit(theta) + (n - x) * log_expit(-theta) for x, n in zip(xi, ni, strict=True)
    ]
    likelihood = np.exp(np.array(kernel) - np.max(kernel, axis=1, keepdims=True))
    weights = np.zeros((tau.size, mu.size))
    studies = np.zeros((len(xi), tau.size, theta.size))
    for j, t in enumerate(tau):
        normal = stats.norm.pdf(theta[:, None], mu, t)
        each = likelihood @ normal
        weights[j] = np.log(each).sum(0) + stats.norm.logpdf(mu, *mu_prior)
        weights[j] += stats.halfnorm.logpdf(t, scale=scale)
        for i in range(len(xi)):
            cavity = np.exp(weights[j]) / each[i]
            studies[i, j] = likelihood[i] * (normal @ cavity)
    studies = studies.sum(axis=1)
    return np.exp(weights - logsumexp(weights)), studies / studies.sum(axis=1, keepdims=True)


def quantile(points, weights, p):
    """Of a density at the midpoints of cells, by a spline's integral."""
    step = points[1] - points[0]
    low, high = points[0] - step / 2, points[-1] + step / 2
    between = np.linspace(low, high, 60 * points.size)
    function = CubicSpline(points, weights / step).antiderivative()
    return np.interp(p, np.maximum.accumulate(function(between) - function(low)), between)


@pytest.mark.parametrize(
    ("xi", "ni", "scale"),
    [([3, 7, 5, 12], [10, 9, 12, 14], 1.0), ([8, 12, 20], [8, 12, 20], 0.5), ([0, 3], [6, 8], 1.0)],
)
def test_posterior_equals_dense_sums(xi, ni, scale):
    result = bayes_binomial(
        xi, ni, tau_prior=half_normal(scale), mu_prior=(0.5, 1.5), predict_minimum_k=1
    )
    mu, theta = np.arange(-6.475, 9, 0.05), np.arange(-14, 16, 0.04)
    tau = np.arange(0.02, 5.5 * scale, 0.04)
    weights, studies = dense(xi, ni, scale, (0.5, 1.5), theta, mu, tau)
    by_mu, by_tau = weights.sum(0), weights.sum(1)
    p = (0.5, 0.025, 0.975)
    # Largest differences seen: quantiles 9e-5 of mu, 1e-4 of tau, 2e-4 of the studies, all the
    # dense sums' own; mean 4e-6, sd 8e-6, probabilities of the prediction limits 3e-6.
    found = (result.estimate, result.ci_lb, result.ci_ub)
    assert found == pytest.approx(quantile(mu, by_mu, p), abs=5e-4)
    assert result.mean == pytest.approx(by_mu @ mu, abs=5e-4)
    assert result.se == pytest.approx(np.sqrt(by_mu @ (mu - by_mu @ mu) ** 2), abs=5e-4)
    found = (result.tau, result.tau_lb, result.tau_ub)
    assert found == pytest.approx(quantile(tau, by_tau, p), abs=5e-4)
    new = [
        np.sum(weights * stats.norm.cdf((limit - mu) / tau[:, None]))
        for limit in (result.pi_lb, result.pi_ub)
    ]
    assert new == pytest.approx([0.025, 0.975], abs=1e-4)
    z = np.linspace(-6, 6, 61)
    normal = stats.norm.pdf(z) / stats.norm.pdf(z).sum()
    proportions = expit(mu[:, None] + tau[:, None, None] * z) @ normal
    assert result.marginal == pytest.approx(np.sum(weights * proportions), abs=1e-4)
    for row, study in zip(result.shrinkage, studies, strict=True):
        assert row == pytest.approx(quantile(theta, study, p), abs=1e-3)


@settings(max_examples=5, deadline=None)
@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=5).flatmap(
        lambda ni: st.tuples(st.tuples(*[st.integers(0, n) for n in ni]), st.just(ni))
    ),
    st.sampled_from([half_normal(1), half_normal(0.01)]),
)
def test_more_nodes_change_nothing_and_order_does_not_matter(counts, prior):
    xi, ni = (np.array(values, float) for values in counts)
    few, many = (margins(integrate(xi, ni, prior, (0.0, 2.5), refine=r), 0.95) for r in (1, 2))
    for name in NUMBERS:
        # Largest difference seen 7e-6, of the upper limit of tau.
        assert few[name] == pytest.approx(many[name], abs=1e-5)
    base = bayes_binomial(xi, ni, tau_prior=prior)
    turned = bayes_binomial(xi[::-1], ni[::-1], tau_prior=prior)
    assert turned.estimate == base.estimate and turned.tau == base.tau
    assert turned.shrinkage[::-1] == base.shrinkage
    mirrored = bayes_binomial(ni - xi, ni, tau_prior=prior)
    assert mirrored.estimate == pytest.approx(-base.estimate, abs=1e-5)
    assert mirrored.tau == pytest.approx(base.tau, abs=1e-5)
    assert base.ci_lb < base.estimate < base.ci_ub and 0 < base.tau_lb < base.tau < base.tau_ub
    assert sum(base.weights) == pytest.approx(100)


@pytest.mark.parametrize(("xi", "ni"), [([12, 30, 8], [12, 30, 8]), ([0, 0], [9, 20])])
def test_all_events_or_none(xi, ni):
    result = bayes_binomial(xi, ni, predict_minimum_k=1)
    assert 0 < result.displayed["ci_lb"] < result.displayed["ci_ub"] < 1
    assert 0 < result.marginal < 1 and (result.marginal > 0.5) == (xi[0] > 0)


def test_large_totals_approach_the_normal_normal_model():
    ni = np.array([10**6] * 4)
    xi = np.array([400_000, 410_000, 600_000, 520_000])
    counts = bayes_binomial(xi, ni)
    effects = bayes_normal(
        np.log(xi / (ni - xi)), 1 / xi + 1 / (ni - xi), tau_prior="HN(1)", mu_prior=(0, 2.5)
    )
    for name in (*NUMBERS, "pi_lb", "pi_ub"):
        # Largest difference seen 3e-6: the likelihoods differ by O(n**-0.5) of their width.
        assert getattr(counts, name) == pytest.approx(getattr(effects, name), abs=2e-5)
    assert np.array(counts.shrinkage) == pytest.approx(np.array(effects.shrinkage), abs=2e-5)


def test_a_tiny_scale_gives_the_binomial_posterior():
    result = bayes_binomial([7, 4], [10, 9], tau_prior=half_normal(1e-6), predict_minimum_k=1)
    mu = np.linspace(-9, 9, 4_001)
    log = 11 * log_expit(mu) + 8 * log_expit(-mu) + stats.norm.logpdf(mu, 0, 2.5)
    weights = np.exp(log - logsumexp(log))
    assert result.mean == pytest.approx(weights @ mu, abs=1e-7)
    expected = quantile(mu, weights, (0.5, 0.025, 0.975))
    assert (result.estimate, result.ci_lb, result.ci_ub) == pytest.approx(expected, abs=1e-5)
    assert (result.pi_lb, result.pi_ub) == pytest.approx(expected[1:], abs=1e-5)
    assert result.shrinkage[0] == pytest.approx(expected, abs=2e-5)


def test_one_bernoulli_study_says_nothing_of_tau():
    # By symmetry the likelihood of x = n = 1 at mu = 0 is 1/2 for any tau, and the posterior of
    # tau is its prior.
    for prior in (half_normal(1), half_cauchy(0.5)):
        result = bayes_binomial([1], [1], tau_prior=prior)
        found = (result.tau, result.tau_lb, result.tau_ub)
        # Relative errors seen 1e-6, of the upper limit under the Cauchy tail.
        assert found == pytest.approx(prior.quantile([0.5, 0.025, 0.975]), rel=1e-5)
        assert result.pi_lb is None and result.notes


def test_a_stack_equals_its_data_sets():
    xi, ni = np.array([[3, 4, 9], [5, 5, 12]]), np.array([[10, 6, 12], [5, 9, 14]])
    subset = np.array([[True, True, True], [True, False, True]])
    stack = bayes_binomial(xi, ni, subset=subset)
    for row in range(2):
        one = bayes_binomial(xi[row, subset[row]], ni[row, subset[row]])
        for name in NUMBERS:
            assert getattr(stack, name)[row] == pytest.approx(getattr(one, name), abs=1e-8)
    assert np.isnan(stack.pi_lb[1]) and stack.pi_lb[0] < stack.pi_ub[0]


@pytest.mark.parametrize(
    ("xi", "ni", "more"),
    [
        ([np.nan], [1], {}),
        ([np.inf], [1], {}),
        ([2], [1], {}),
        ([-1], [1], {}),
        ([0.5], [1], {}),
        ([0], [0], {}),
        ([1], [10**10], {}),
        (["1"], [1], {}),
        ("1", "1", {}),
        ([], [], {}),
        (None, None, {}),
        ([1, 2], [3], {}),
        (np.ma.masked_array([1], [True]), [1], {}),
        ([[1, 2]], [1, 2], {}),
        ([[3, 2]], [[1, 2]], {}),
        ([1], [2], {"mu_prior": None}),
        ([1], [2], {"mu_prior": (0, 1e6)}),
        ([1], [2], {"mu_prior": (99, 1)}),
        ([1], [2], {"tau_prior": "HN(x)"}),
        ([1], [2], {"level": 0}),
        ([1], [2], {"slab": "a"}),
        ([1], [2], {"predict_minimum_k": "3"}),
    ],
)
def test_bad_input_is_refused(xi, ni, more):
    with pytest.raises(ArgumentError, match="bayes_binomial: "):
        bayes_binomial(xi, ni, **more)


# Extreme counts -----------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 10**9), st.floats(-25, 25), st.floats(2, 1e4), st.booleans())
def test_a_study_without_events_is_integrated_by_parts(n, mu, tau, mirrored):
    found = Grid(np.array([[mu, mu + 1]]), np.array([tau]), np.array([n * mirrored]), np.array([n]))
    signed = -mu if mirrored else mu

    def log_integrand(z):
        return n * log_expit(-signed - tau * z) - 0.5 * z**2

    # Around where the likelihood falls from 1 to 0, and around the peak.
    falls = (np.array([-40, -12, -4, 0, 2, 4, 8]) - np.log(n) - signed) / tau
    z = np.linspace(-40, 12, 20_001)
    z = np.sort(np.concatenate([z, falls]))
    peak = z[np.argmax(log_integrand(z))]
    places = np.concatenate([falls, peak + np.arange(-8, 9), [-40, 12]])
    breaks = np.unique(np.clip(places, -40, 12))
    top = log_integrand(peak)
    value = sum(
        quad(lambda z: np.exp(log_integrand(z) - top), low, high, epsabs=1e-13)[0]
        for low, high in pairwise(breaks)
    )
    expected = top + np.log(value) - 0.5 * np.log(2 * np.pi)
    # Largest error seen 2e-11.
    assert found.log_likelihood[0, 0, 0] == pytest.approx(expected, abs=1e-7)
    # Every second node is too few only where the likelihood is next to nothing.
    assert found.doubt[0, 0, 0] < (1e-5 if expected > -20 else 0.1)


def test_extreme_counts_take_no_longer_than_a_few_times_ordinary_ones():
    extreme = [0] * 10 + [1, 0], [10**9, 8, 51, 5, 2, 2, 74, 10**9, 10**6, 25, 10**4, 73]
    ordinary = [25, 81, 119, 33, 22, 41, 22, 8, 16, 54, 14, 11]
    totals = [36, 189, 271, 65, 32, 90, 49, 21, 45, 106, 34, 21]
    seconds = []
    for data in ((ordinary, totals), extreme):
        start = process_time()
        bayes_binomial(*data, tau_prior="HC(0.5)")
        seconds.append(process_time() - start)
    assert seconds[1] < 25 * seconds[0]  # 2 to 4 times; once 120


def test_equal_studies_have_equal_effects():
    found = bayes_binomial([0, 3, 0, 3, 0], [100, 7, 100, 7, 100])
    assert found.shrinkage[0] == found.shrinkage[2] == found.shrinkage[4]
    assert found.shrinkage[1] == found.shrinkage[3] != found.shrinkage[0]


def test_two_studies_as_far_apart_as_can_be_have_effects():
    found = bayes_binomial([10960, 0], [10960, 775])
    assert np.all(np.isfinite(found.shrinkage))
    (_, low, high), (_, lower, upper) = found.shrinkage
    assert lower < upper < 0 < low < high
