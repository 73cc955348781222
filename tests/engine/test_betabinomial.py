"""The beta-binomial model against SciPy's mass function, against R, and its limits."""

import json
from pathlib import Path

import numpy as np
import pytest
from evisynth.engine.beta_binomial.likelihood import likelihood
from evisynth.engine.beta_binomial.model import betabinomial
from evisynth.engine.glmm.model import no_finite_spread
from evisynth.errors import ArgumentError, NotEstimable
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize
from scipy.special import expit, logit

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "reference.json").read_text())
DATA = {case["data"]: case["counts"] for case in REFERENCE["glmm"]}

# Own R code: minus sum(lchoose(n, x) + lbeta(x + a, n - x + b) - lbeta(a, b)) over qlogis of mean
# and rho by optim (BFGS, then Nelder-Mead with reltol = 1e-16, hessian = TRUE): log odds of the
# mean, its se, rho, its se, log-likelihood.
R = {
    "bcg_vaccinated": (-4.05735869713, 0.34230375773, 0.02373731443, 0.01115213517, -65.4026047856),
    "pritz1997": (1.23532805492, 0.24712909458, 0.09136862910, 0.05459695713, -32.50960630089),
    "three": (0.6057863935, 0.4902913463, 0.1311580383, 0.1097714786, -8.9074750601),
    "twenty": (0.28506394883, 0.20337136008, 0.16346008181, 0.05879005608, -63.98779121286),
}


@st.composite
def counts(draw, most=60):
    ni = draw(st.lists(st.integers(1, most), min_size=2, max_size=7))
    xi = [draw(st.integers(0, n)) for n in ni]
    assume(not no_finite_spread(xi, ni) and 0 < sum(xi) < sum(ni))
    return xi, ni


def mass(mu, rho, xi, ni):
    size = (1 - rho) / rho
    return stats.betabinom.logpmf(xi, ni, expit(mu) * size, expit(-mu) * size).sum()


@pytest.mark.parametrize("name", R)
def test_it_equals_r(name):
    found = betabinomial(**DATA[name])
    mu, se, rho, rho_se, value = R[name]
    # Errors seen: mean 2e-8 and rho 8e-9 (where a simplex stops), se 2e-7 relative (R differences
    # its own function), log-likelihood 1e-10.
    assert (found.estimate, found.rho) == pytest.approx((mu, rho), abs=2e-7)
    assert (found.se, found.rho_se) == pytest.approx((se, rho_se), rel=2e-6)
    assert found.log_likelihood == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("name", ["pritz1997", "three", "two", "twenty"])
def test_it_equals_a_direct_search(name):
    xi, ni = (np.array(DATA[name][key]) for key in ("xi", "ni"))
    found = betabinomial(xi, ni)

    def negative(at):
        return -mass(at[0], expit(at[1]), xi, ni)

    options = {"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000}
    best = minimize(negative, (0.3, -2.0), method="Nelder-Mead", options=options)
    # Error seen 4e-8 (a simplex finds a flat top to about the root of its tolerance),
    # log-likelihood 2e-13.
    assert found.estimate == pytest.approx(best.x[0], abs=2e-7)
    assert found.rho == pytest.approx(expit(best.x[1]), abs=2e-7)
    assert found.log_likelihood == pytest.approx(-best.fun, abs=1e-11)


@pytest.mark.parametrize("s", [-9.0, -4.0, -1.0, 2.0, 6.0])
@pytest.mark.parametrize("mu", [-3.0, 0.4])
def test_likelihood_and_derivatives(mu, s):
    xi, ni = np.array([0.0, 3, 40, 17, 900]), np.array([5.0, 9, 41, 17, 4000])
    value, gradient, hessian = likelihood(mu, s, xi, ni)
    one = likelihood(mu, s, np.zeros(1), np.ones(1))[0]
    assert one == pytest.approx(np.log(expit(-mu)), rel=1e-12)
    # Sums written out; error seen 1e-14 relative.
    theta, p = np.exp(s), expit(mu)
    direct = sum(
        np.sum(np.log(p + theta * np.arange(x))) + np.sum(np.log(1 - p + theta * np.arange(n - x)))
        - np.sum(np.log1p(theta * np.arange(n)))
        for x, n in zip(xi, ni, strict=True)
    )  # fmt: skip
    assert value == pytest.approx(direct, rel=1e-12)
    h = 1e-5
    (up, g_up, _), (down, g_down, _) = (likelihood(mu + d, s, xi, ni) for d in (h, -h))
    (more, g_more, _), (less, g_less, _) = (likelihood(mu, s + d, xi, ni) for d in (h, -h))
    # Differences over 1e-5; error seen 3e-7, relative where above 1.
    assert gradient == pytest.approx(
        [(up - down) / (2 * h), (more - less) / (2 * h)], rel=2e-6, abs=2e-6
    )
    both, alone = (g_up - g_down) / (2 * h), (g_more - g_less)[1] / (2 * h)
    assert hessian == pytest.approx([*both, alone], rel=2e-6, abs=2e-6)


@settings(max_examples=25, deadline=None)
@given(counts())
def test_the_estimate_is_a_maximum(data):
    xi, ni = data
    found = betabinomial(xi, ni)
    for rho in (0.001, 0.02, 0.1, 0.3, 0.6, 0.9, max(found.rho * 0.95, 1e-3)):
        for d in (-0.3, -0.02, 0, 0.02, 0.3):
            assert mass(found.estimate + d, rho, xi, ni) <= found.log_likelihood + 1e-7
    at_zero = stats.binom.logpmf(xi, ni, sum(xi) / sum(ni)).sum()
    assert found.log_likelihood_zero == pytest.approx(at_zero, abs=1e-9)
    assert found.log_likelihood >= found.log_likelihood_zero
    assert found.boundary == (found.rho == 0) == (found.rho_se is None)
    assert 0 <= found.rho < 1 and found.se > 0 and sum(found.weights) == pytest.approx(100)
    assert found.ci_lb < found.estimate < found.ci_ub


@settings(max_examples=15, deadline=None)
@given(counts(), st.randoms(use_true_random=False))
def test_order_does_not_matter_and_non_events_mirror(data, random):
    xi, ni = map(np.array, data)
    order = list(range(len(xi)))
    random.shuffle(order)
    one, other = betabinomial(xi, ni), betabinomial(xi[order], ni[order])
    mirror = betabinomial(ni - xi, ni)
    # Error seen 7e-14.
    for result, sign in ((other, 1), (mirror, -1)):
        assert result.estimate * sign == pytest.approx(one.estimate, abs=1e-10)
        assert result.rho == pytest.approx(one.rho, abs=1e-10)
        assert result.se == pytest.approx(one.se, rel=1e-9)


def test_limits_predictions_and_weights():
    xi, ni = (np.array(DATA["twenty"][key]) for key in ("xi", "ni"))
    found = betabinomial(xi, ni, level=0.9)
    half = stats.t.ppf(0.95, 19) * found.se
    assert found.ci_ub - found.estimate == pytest.approx(half, rel=1e-10)
    p, size = expit(found.estimate), (1 - found.rho) / found.rho
    beta = stats.beta(p * size, (1 - p) * size)
    shown = found.displayed
    assert (shown["pi_lb"], shown["pi_ub"]) == pytest.approx(beta.ppf([0.05, 0.95]), rel=1e-9)
    assert beta.var() == pytest.approx(found.rho * p * (1 - p), rel=1e-10)
    share = ni / (1 + (ni - 1) * found.rho)
    assert found.weights == pytest.approx(100 * share / share.sum(), rel=1e-12)
    assert list(found.summary["term"]) == ["mean proportion", "rho"]
    assert json.loads(found.to_json())["k"] == 20 and "beta-binomial" in repr(found)


@pytest.mark.parametrize("name", ["zero_cells", "near_one", "alike"])
def test_less_variation_than_the_binomial_has_no_correlation(name):
    found = betabinomial(**DATA[name])
    xi, ni = sum(DATA[name]["xi"]), sum(DATA[name]["ni"])
    p = xi / ni
    assert found.boundary and found.rho == 0 and found.rho_se is None
    # Closed forms; error seen 1e-15.
    assert found.estimate == pytest.approx(logit(p), rel=1e-12)
    assert found.se == pytest.approx(1 / np.sqrt(ni * p * (1 - p)), rel=1e-12)
    assert found.pi_lb is None and found.displayed["pi_ub"] is None
    assert found.notes == ("rho is estimated as 0: the model is the binomial one",)


def test_two_studies_have_no_prediction():
    assert betabinomial(**DATA["two"]).pi_lb is None


def test_large_counts():
    found = betabinomial([300_000_000, 500_000_000, 100], [10**9, 10**9, 1000])
    assert np.all(np.isfinite([found.estimate, found.se, found.rho, found.pi_lb, found.pi_ub]))
    assert 0.01 < found.rho < 0.5


def test_no_finite_maximum_is_refused():
    for xi in ([0, 0, 0], [9, 9, 9], [0, 9, 9]):
        with pytest.raises(NotEstimable, match="betabinomial"):
            betabinomial(xi, [9, 9, 9])


@pytest.mark.parametrize(
    "xi, ni, options",
    [
        (None, [9, 9], {}), ("ab", [9, 9], {}), ([], [], {}), ([np.nan, 1], [9, 9], {}),
        ([np.inf, 1], [9, 9], {}), ([[1, 2]], [[9, 9]], {}), ([1, 2], [9], {}),
        ([-1, 2], [9, 9], {}),
        ([10, 2], [9, 9], {}), ([1e300, 2], [1e300, 9], {}), ([0.5, 2], [9, 9], {}), ([3], [9], {}),
        (np.ma.masked_equal([1, 2], 2), [9, 9], {}), ([1, 2], [9, 9], {"level": 1}),
        ([1, 2], [9, 9], {"slab": ["A"]}), ([[1, 2], [3]], [9, 9], {}),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused(xi, ni, options):
    with pytest.raises(ArgumentError, match=r"^betabinomial: "):
        betabinomial(xi, ni, **options)


@pytest.mark.parametrize("level", [5e-324, 0.5, 0.999999])
def test_prediction_limits_next_to_one_mirror_those_next_to_none(level):
    # Found by fuzzing: the lower quantile rounds to 1, and its log odds were infinite.
    events = [5, 10, 3, 8014, 54, 9716, 110, 701, 0]
    total = [5, 10, 3, 8014, 54, 9716, 110, 801, 14]
    high = betabinomial(events, total, level=level)
    low = betabinomial(np.subtract(total, events), total, level=level)
    assert np.isfinite([high.pi_lb, high.pi_ub]).all() and high.pi_lb <= high.pi_ub
    # The two fits agree to 1e-7 of their log odds.
    assert (high.pi_lb, high.pi_ub) == pytest.approx((-low.pi_ub, -low.pi_lb), rel=1e-5)
