"""The normal-normal posterior against bayesmeta, quadrature written here, and closed forms."""

import json

import numpy as np
import pytest
from evisynth.engine.bayes.marginals import mixture_quantiles, node_quantiles
from evisynth.engine.bayes.models import bayes_normal
from evisynth.engine.bayes.normal_posterior import posterior
from evisynth.engine.bayes.priors import half_cauchy, half_normal
from evisynth.engine.bayes.result import BayesAnalysis
from evisynth.errors import ArgumentError
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import brentq

# Rubin (1981), as printed in the vignette of bayesmeta.
SCHOOLS_Y = [28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16]
SCHOOLS_V = np.square([14.9, 10.2, 16.3, 11.0, 9.4, 11.4, 10.4, 17.6])
NUMBERS = ("estimate", "mean", "se", "ci_lb", "ci_ub", "pi_lb", "pi_ub", "tau", "tau_lb", "tau_ub")


def numbers(result):
    return np.array([getattr(result, name) for name in NUMBERS])


def dense(yi, vi, prior, mu_prior, level=0.95, points=40_001, top=None):
    """Simpson's rule on even nodes of tau: nothing transformed, nothing adaptive."""
    yi, vi = np.asarray(yi, float), np.asarray(vi, float)
    tau = np.linspace(0, top, points)
    precision0 = 0 if mu_prior is None else mu_prior[1] ** -2
    mean0 = 0 if mu_prior is None else mu_prior[0]
    wi = 1 / (vi[:, None] + tau**2)
    precision = wi.sum(0) + precision0
    mean = (wi.T @ yi + precision0 * mean0) / precision
    log = stats.norm.logpdf(yi[:, None], mean, wi**-0.5).sum(0) - 0.5 * np.log(precision)
    log = log - 0.5 * precision0 * (mean - mean0) ** 2 + np.log(prior.pdf(tau))
    weights = np.full(points, 2.0)
    weights[1::2], weights[[0, -1]] = 4.0, 1.0
    weights = weights * np.exp(log - log.max())
    weights = weights / weights.sum()
    half = 0.5 - level / 2

    def root(spread, p):
        keep = weights > 1e-14
        m, s, w = mean[keep], spread[keep], weights[keep]
        low, high = m.min() - 9 * s.max(), m.max() + 9 * s.max()
        return brentq(lambda x: w @ stats.norm.cdf((x - m) / s) - p, low, high, xtol=1e-11)

    sd = precision**-0.5
    new = np.sqrt(sd**2 + tau**2)
    average = weights @ mean
    se = np.sqrt(weights @ (sd**2 + (mean - average) ** 2))
    density = np.exp(log - log.max())
    cdf = np.append(0, np.cumsum((density[1:] + density[:-1]) / 2))
    taus = [np.interp(p * cdf[-1], cdf, tau) for p in (0.5, half, 1 - half)]
    mus = [root(sd, p) for p in (0.5, half, 1 - half)]
    return np.array([mus[0], average, se, *mus[1:], root(new, half), root(new, 1 - half), *taus])


def test_eight_schools_equals_bayesmeta():
    result = bayes_normal(SCHOOLS_Y, SCHOOLS_V, tau_prior="HC(25)", mu_prior=(0, 50))
    # Vignette of bayesmeta, "A simple example"; its tau is integrated by quad, its mu over a grid
    # with delta = 0.01: largest differences seen tau 3e-7, mu 5e-4 (of a posterior sd of 5).
    assert result.tau == pytest.approx(4.758539, abs=1e-6)
    assert result.estimate == pytest.approx(7.962961, abs=1e-3)
    assert result.mean == pytest.approx(7.985729, abs=1e-3)
    assert result.se == pytest.approx(4.995762, abs=1e-3)
    one_sided = bayes_normal(SCHOOLS_Y, SCHOOLS_V, tau_prior="HC(25)", mu_prior=(0, 50), level=0.9)
    # Its shortest interval of tau begins at 0, so ends at the quantile of 95 percent.
    assert one_sided.tau_ub == pytest.approx(15.165894, abs=1e-5)


@pytest.mark.parametrize(
    ("yi", "vi", "name", "mu_prior", "top"),
    [
        (SCHOOLS_Y, SCHOOLS_V, "HN(10)", None, 90),
        (SCHOOLS_Y, SCHOOLS_V, "HN(5)", (0, 10), 50),
        ([-2.31, -0.46, -2.30, -1.76, -1.26, -2.42], [0.36, 0.31, 0.78, 0.21, 0.41, 2.34],
         "HN(0.5)", None, 5),
        ([1.2, -0.3, 0.4], [0.04, 0.5, 1e-4], "HN(1)", None, 9),
        ([0.3, 0.9], [0.1, 0.2], "HN(0.5)", None, 5),
        ([0.7], [0.2], "HN(1)", (0, 2.5), 9),
        ([0, 5, 10.0], [0.01, 0.01, 0.01], "HN(0.5)", (0, 1), 9),
    ],
)  # fmt: skip
def test_posterior_equals_dense_quadrature(yi, vi, name, mu_prior, top):
    prior = stats.halfnorm(scale=float(name[3:-1]))
    result = bayes_normal(yi, vi, tau_prior=name, mu_prior=mu_prior, predict_minimum_k=1)
    expected = dense(yi, vi, prior, mu_prior, top=top)
    # Largest differences seen are those of the dense rule: 1e-7.
    assert numbers(result) == pytest.approx(expected, abs=2e-6, rel=1e-6)


def test_shrinkage_equals_dense_quadrature_over_mu_and_tau():
    yi, vi = np.array([0.2, 1.1, -0.4]), np.array([0.1, 0.3, 0.05])
    result = bayes_normal(yi, vi, tau_prior="HN(0.5)")
    tau = np.linspace(1e-4, 4, 800)[:, None, None]
    mu = np.linspace(-8, 9, 700)[:, None]
    sds = np.sqrt(vi + tau**2)
    log = stats.norm.logpdf(yi, mu, sds).sum(2) + stats.halfnorm.logpdf(tau[..., 0], scale=0.5)
    weights = np.exp(log - log.max())
    weights[0] /= 2
    weights /= weights.sum()
    share = tau[..., 0] ** 2 / (tau[..., 0] ** 2 + vi[1])
    centre, sd = share * yi[1] + (1 - share) * mu[:, 0], np.sqrt(share * vi[1])
    for p, found in zip((0.5, 0.025, 0.975), result.shrinkage[1], strict=True):
        # Largest difference seen 3e-5, of these sums.
        assert np.sum(weights * stats.norm.cdf((found - centre) / sd)) == pytest.approx(p, abs=5e-4)
    wi = 1 / (vi + tau**2)
    expected = np.sum(weights[:, :, None] * wi / wi.sum(2, keepdims=True), axis=(0, 1))
    assert result.weights == pytest.approx(100 * expected, abs=0.05)


def test_a_tiny_scale_gives_equal_effects():
    yi, vi = np.array([0.2, 1.1, -0.4]), np.array([0.1, 0.3, 0.05])
    result = bayes_normal(yi, vi, tau_prior=half_normal(1e-7))
    wi = 1 / vi
    assert result.estimate == pytest.approx(np.sum(wi * yi) / wi.sum(), rel=1e-10)
    assert result.se == pytest.approx(wi.sum() ** -0.5, rel=1e-10)
    proper = bayes_normal(yi, vi, tau_prior=half_normal(1e-7), mu_prior=(1, 0.2))
    precision = wi.sum() + 25
    assert proper.estimate == pytest.approx((np.sum(wi * yi) + 25) / precision, rel=1e-10)
    assert proper.se == pytest.approx(precision**-0.5, rel=1e-10)


EFFECTS = st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 4)), min_size=2, max_size=8).map(
    lambda pairs: tuple(map(list, zip(*pairs, strict=True)))
)


@settings(max_examples=25, deadline=None)
@given(EFFECTS, st.floats(-3, 3), st.sampled_from(["HN(0.5)", "HN(1)", "HC(0.5)"]))
def test_order_shift_and_scale(data, shift, prior):
    yi, vi = map(np.array, data)
    base = bayes_normal(yi, vi, tau_prior=prior, predict_minimum_k=1)
    turned = bayes_normal(yi[::-1], vi[::-1], tau_prior=prior, predict_minimum_k=1)
    moved = bayes_normal(yi + shift, vi, tau_prior=prior, predict_minimum_k=1)
    fields = [name for name in NUMBERS if name != "se"]
    located = np.array([name[:3] != "tau" for name in fields])
    values = np.array([getattr(base, name) for name in fields])
    assert np.array([getattr(turned, n) for n in fields]) == pytest.approx(values, abs=1e-7)
    assert turned.shrinkage[::-1] == pytest.approx(np.array(base.shrinkage), abs=1e-7)
    expected = values + shift * located
    assert np.array([getattr(moved, n) for n in fields]) == pytest.approx(expected, abs=1e-6)
    assert base.ci_lb < base.estimate < base.ci_ub
    assert base.pi_lb <= base.ci_lb + 1e-9 and base.pi_ub >= base.ci_ub - 1e-9
    assert 0 <= base.tau_lb < base.tau < base.tau_ub
    assert sum(base.weights) == pytest.approx(100)


@settings(max_examples=25, deadline=None)
@given(EFFECTS, st.sampled_from([half_normal(0.5), half_normal(0.01), half_cauchy(0.5)]))
def test_more_nodes_change_nothing(data, prior):
    yi, vi = (np.array(values)[None] for values in data)
    used = np.ones_like(yi, bool)
    few, many = (posterior(yi, vi, used, prior, None, 0.95, nodes=n) for n in (128, 300))
    for name in NUMBERS:
        if np.isfinite(few[name]).all():
            assert few[name] == pytest.approx(many[name], abs=1e-7, rel=1e-7)


def test_a_stack_equals_its_data_sets():
    rng = np.random.default_rng(7)
    yi, vi = rng.normal(0, 1, (6, 5)), rng.uniform(0.02, 1, (6, 5))
    subset = rng.random((6, 5)) < 0.7
    subset[:, :2] = True
    stack = bayes_normal(yi, vi, subset=subset, measure="OR")
    for row in range(6):
        use = subset[row]
        one = bayes_normal(yi[row, use], vi[row, use])
        assert stack.k[row] == one.k
        for name in NUMBERS:
            value = getattr(one, name)
            expected = np.nan if value is None else value
            assert getattr(stack, name)[row] == pytest.approx(expected, abs=1e-8, nan_ok=True)
    assert len(stack.summary) == 6
    json.loads(stack.to_json())


def test_what_does_not_exist_is_none_and_noted():
    two = bayes_normal([0.1, 0.9], [0.1, 0.1], tau_prior="HC(0.5)")
    assert two.se is None and two.pi_lb is None and len(two.notes) == 2
    assert np.isfinite([two.estimate, two.mean, two.ci_lb, two.ci_ub, two.tau_ub]).all()
    three = bayes_normal([0.1, 0.9, 0.5], [0.1, 0.1, 0.1], tau_prior="HC(0.5)")
    assert three.se > 0 and three.pi_lb is not None and not three.notes


def test_display_summary_and_json():
    result = bayes_normal([0.1, 0.9, 0.5], [0.1, 0.1, 0.1], measure="OR", slab=list("abc"))
    assert isinstance(result, BayesAnalysis)
    assert result.displayed["ci_lb"] == pytest.approx(np.exp(result.ci_lb))
    assert result.shrinkage_displayed[2][0] == pytest.approx(np.exp(result.shrinkage[2][0]))
    assert list(result.summary["term"][:3]) == ["mean effect", "new study", "tau"]
    assert json.loads(result.to_json())["displayed"]["estimate"] == result.displayed["estimate"]
    assert result.tau2 == result.tau**2
    assert "HN(0.5)" in repr(result)
    mu, density = map(np.array, result.density)
    assert np.trapezoid(density, mu) == pytest.approx(1, abs=0.01)
    assert quad(lambda t: half_cauchy(2).density(t), 0, half_cauchy(2).quantile(0.9))[0] == (
        pytest.approx(0.9)
    )
    assert quad(lambda t: half_normal(2).density(t), 0, half_normal(2).quantile(0.9))[0] == (
        pytest.approx(0.9)
    )


def test_quantiles_of_known_distributions():
    p = np.array([0.001, 0.3, 0.5, 0.999])
    one = mixture_quantiles(np.ones(1), np.array([2.0]), np.array([3.0]), p)
    assert one == pytest.approx(stats.norm.ppf(p, 2, 3), abs=1e-9)
    x = np.linspace(-9, 9, 37)
    weights = stats.norm.pdf(x)
    found = node_quantiles((weights / weights.sum())[None], x[None], p)
    # The series ends at the frequency pi / h: 4e-9 seen.
    assert found[0] == pytest.approx(stats.norm.ppf(p), abs=2e-8)


GOOD = ([0.1, 0.9, 0.5], [0.1, 0.1, 0.1])


@pytest.mark.parametrize(
    ("yi", "vi", "more"),
    [
        ([np.nan, 1], [1, 1], {}),
        ([np.inf, 1], [1, 1], {}),
        ([1e60, 1], [1, 1], {}),
        (np.ma.masked_array([1, 2], [True, False]), [1, 1], {}),
        (["a", "b"], [1, 1], {}),
        ("ab", [1, 1], {}),
        ([], [], {}),
        (None, [1], {}),
        (1.0, 1.0, {}),
        ([1, 2], [1], {}),
        ([1, 2], [1, -1], {}),
        ([1, 2], [1, 0], {}),
        ([[1, 2]], [1, 2], {}),
        ([[1, 2], [3]], [1, 2], {}),
        ([[[1, 2]]], [[[1, 2]]], {}),
        ([[1, np.nan]], [[1, 2]], {}),
        (np.ma.masked_array([[1, 2]], [[True, False]]), [[1, 1]], {}),
        (np.empty((0, 2)), np.empty((0, 2)), {}),
        ([1], [1], {}),
        *[(*GOOD, {"tau_prior": p}) for p in ("HN", "HN(0)", "HN(-1)", "U(1)", "HN(..)", 1, None,
                                              "HN(1e99)", "HN(nan)", [])],
        *[(*GOOD, {"mu_prior": p}) for p in (1, "ab", (0,), (0, 0), (0, np.nan), (np.inf, 1),
                                             ("a", 1), (0, 1, 2), (None, 1))],
        (*GOOD, {"measure": "PFT"}),
        (*GOOD, {"measure": "XX"}),
        (*GOOD, {"level": 1}),
        (*GOOD, {"level": np.nan}),
        (*GOOD, {"slab": ["a"]}),
        (*GOOD, {"subset": [[True, True]]}),
        (*GOOD, {"predict_minimum_k": 0}),
        (*GOOD, {"predict_minimum_k": 2.5}),
        ([GOOD[0]], [GOOD[1]], {"subset": [[True, False, False]]}),
        ([GOOD[0]], [GOOD[1]], {"subset": [[False] * 3]}),
        ([GOOD[0]], [GOOD[1]], {"subset": [[1, 1, 1]]}),
        ([GOOD[0]], [GOOD[1]], {"subset": "abc"}),
        ([GOOD[0]], [GOOD[1]], {"slab": ["a", "b", "c"]}),
    ],
)  # fmt: skip
def test_bad_input_is_refused(yi, vi, more):
    with pytest.raises(ArgumentError, match="bayes_normal: "):
        bayes_normal(yi, vi, **more)


@pytest.mark.parametrize("scale", [0, -1, np.nan, np.inf, "1", None, 1e99])
def test_bad_scales_are_refused(scale):
    for prior in (half_normal, half_cauchy):
        with pytest.raises(ArgumentError, match="scale"):
            prior(scale)


@pytest.mark.parametrize(
    ("yi", "vi"),
    [
        ([1e50, -1e50, 0], [1e-50, 1e50, 1]),
        ([0, 0, 0], [1e-50] * 3),
        ([1e50] * 2, [1e50] * 2),
        ([0, 1e6], [1e-12, 1e-12]),
    ],
)
@pytest.mark.parametrize("prior", ["HN(0.5)", "HC(0.5)"])
def test_extremes_stay_finite(yi, vi, prior):
    result = bayes_normal(yi, vi, tau_prior=prior)
    names = set(NUMBERS) - {"pi_lb", "pi_ub", "se"}
    assert np.isfinite([getattr(result, name) for name in names]).all()
    assert np.isfinite(result.shrinkage).all() and np.isfinite(result.weights).all()
