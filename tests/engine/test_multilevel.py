"""Overlap as covariance and the multilevel model: properties, published numbers, metafor's."""

import json
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from evisynth.accuracy import agreement, read_multilevel
from evisynth.engine.effects.escalc import escalc
from evisynth.engine.multilevel.cluster_robust import cr2
from evisynth.engine.multilevel.covariance import logit_covariance, shrinking
from evisynth.engine.multilevel.model import clusters_of, fit_levels, levels_of, rma_mv
from evisynth.engine.multilevel.sharing import SharedPatients, shared_patients
from evisynth.engine.random_effects.model import rma
from evisynth.errors import ArgumentError, NotEstimable
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logit

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "multilevel.json").read_text("utf-8")
)
RECORDS = {record["data"]: record for record in REFERENCE["multilevel"]}


@st.composite
def overlapping(draw):
    """Sets of the patients 0 to 59 as truths (k, 60), and who of them has the event."""
    k = draw(st.integers(2, 5))
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    member = rng.random((k, 60)) < rng.uniform(0.1, 0.9, (k, 1))
    for i in range(k):
        member[i, i] = True
        if rng.random() < 0.3:
            member[i] &= member[rng.integers(k)] | (np.arange(60) == i)
    return member.astype(int), (rng.random(60) < rng.uniform(0.1, 0.9)).astype(int)


def counts_of(member, event):
    return member @ event, member.sum(axis=1), member @ member.T


@st.composite
def families(draw, most=6):
    """Effects, a positive definite covariance within families, and their families."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    sizes = rng.integers(1, 4, rng.integers(2, most + 1))
    family = np.repeat(np.arange(sizes.size), sizes)
    vi = rng.uniform(0.02, 0.5, family.size)
    rho = rng.choice([0.0, 0.5, 0.9])
    V = rho * np.equal.outer(family, family) * np.sqrt(np.outer(vi, vi))
    np.fill_diagonal(V, vi)
    spread = rng.choice([0.0, 0.5]), rng.choice([0.0, 0.5])
    yi = 0.3 + spread[0] * rng.standard_normal(sizes.size)[family]
    yi = yi + spread[1] * rng.standard_normal(family.size)
    yi = yi + np.linalg.cholesky(V) @ rng.standard_normal(family.size)
    return yi, V, [f"family {f}" for f in family]


# --- covariance ----------------------------------------------------------------------------------


def test_two_sets_by_hand():
    found = logit_covariance([12, 30], [30, 80], {(0, 1): 20})
    p = 42 / 110
    expected = [[1 / 12 + 1 / 18, 20 / (30 * 80 * p * (1 - p))]] * 2
    assert found.V[0] == pytest.approx(expected[0], rel=1e-14)
    assert found.V[1, 1] == pytest.approx(1 / 30 + 1 / 50, rel=1e-14)
    assert found.V[1, 0] == found.V[0, 1] and found.reduced == () == found.notes
    assert found.yi == pytest.approx(logit([12 / 30, 30 / 80]), rel=1e-14)


@pytest.mark.parametrize(("only", "common"), [((60, 90), 150), ((0, 200), 250), ((300, 10), 40)])
def test_the_formula_is_what_simulated_patients_give(only, common):
    # Patients of the first alone, of both, of the second alone; all with one rate.
    rng, p, size = np.random.default_rng(4), 0.6, 400_000
    alone = [rng.binomial(n, p, size) for n in only]
    both = rng.binomial(common, p, size)
    n = np.array(only) + common
    x = np.array([alone[0] + both, alone[1] + both])
    shares = np.cov(x / n[:, None])
    assert shares[0, 1] == pytest.approx(common * p * (1 - p) / n.prod(), rel=0.02)
    found = logit_covariance(p * n, n, {(0, 1): common})
    # The delta method errs by some 2/n; the Monte Carlo standard error is about 0.3 percent.
    simulated = np.cov(logit(x / n[:, None]))[0, 1]
    assert found.V[0, 1] == pytest.approx(simulated, rel=0.01 + 2 / n.min())


def test_what_simulated_patients_give_where_rates_differ_is_near():
    # A subset with a rate of its own: the pooled rate of the pair stands for both.
    rng, size, n, rates = np.random.default_rng(5), 200_000, (80, 200), (0.55, 0.65)
    first = rng.binomial(n[0], rates[0], size)
    x = np.array([first, first + rng.binomial(n[1] - n[0], rates[1], size)])
    simulated = np.cov(logit(x / np.array(n)[:, None]))[0, 1]
    events = n[0] * rates[0], round(n[0] * rates[0] + (n[1] - n[0]) * rates[1])
    assert logit_covariance(events, n, {(0, 1): n[0]}).V[0, 1] == pytest.approx(simulated, rel=0.08)


@settings(max_examples=60, deadline=None)
@given(overlapping())
def test_any_sets_of_patients_give_a_positive_definite_covariance(data):
    x, n, m = counts_of(*data)
    found = logit_covariance(x, n, m)
    sd = np.sqrt(np.diag(found.V))
    assert np.array_equal(np.diag(found.V), escalc("PLO", xi=x, ni=n).vi)
    assert np.linalg.eigvalsh(found.V / np.outer(sd, sd))[0] > 0.01 - 1e-9
    assert np.array_equal(found.V == 0, m == 0)
    assert bool(found.reduced) == bool(found.notes)
    for pair in found.reduced:
        assert 0 < pair.factor < 1 and pair.a in found.notes[0] and pair.b in found.notes[0]


@settings(max_examples=40, deadline=None)
@given(overlapping())
def test_what_is_counted_and_its_order_do_not_matter(data):
    x, n, m = counts_of(*data)
    found = logit_covariance(x, n, m)
    other = logit_covariance(n - x, n, m)
    assert other.yi == pytest.approx(-found.yi) and pytest.approx(found.V) == other.V
    turned = np.arange(len(x))[::-1]
    again = logit_covariance(x[turned], n[turned], m[np.ix_(turned, turned)])
    assert pytest.approx(found.V[np.ix_(turned, turned)], rel=1e-9) == again.V


@pytest.mark.parametrize(("x", "n"), [(18, 40), (0, 12), (12, 12)])
def test_one_set_twice_is_correlated_as_far_as_the_floor_lets_it(x, n):
    found = logit_covariance([x, x], [n, n], {("a", "b"): n}, slab=["a", "b"], floor=1e-6)
    assert found.V[0, 1] / found.V[0, 0] == pytest.approx(1 - 1e-6, rel=1e-12)
    (pair,) = found.reduced
    assert (pair.a, pair.b) == ("a", "b") and pair.factor == pytest.approx(1 - 1e-6, rel=1e-9)
    assert found.notes == (
        "covariances were reduced so that they can hold together: a and b to 100%",
    )


def test_only_what_cannot_hold_is_reduced():
    # A whole and its two parts; two other sets that share some; one alone.
    found = logit_covariance(
        [10, 14, 24, 20, 18, 9], [25, 26, 51, 40, 33, 30],
        {(0, 2): 25, (1, 2): 26, (3, 4): 10}, slab=list("abcdef"),
    )  # fmt: skip
    assert {(r.a, r.b) for r in found.reduced} == {("a", "c"), ("b", "c")}
    assert len({r.factor for r in found.reduced}) == 1 and found.reduced[0].factor > 0.98
    assert [row["term"] for row in found.terms()] == ["a, c", "b, c", "d, e"]
    assert "reduced" in repr(found) and found.to_dict()["bound"] == "low"


def test_shrinking_takes_the_largest_factor_that_suffices():
    R = np.array([[1, 0.9, 0.9], [0.9, 1, 0.2], [0.9, 0.2, 1]])
    factors = shrinking(R, 0.05)
    off = ~np.eye(3, dtype=bool)
    assert len(set(factors[off])) == 1
    assert np.linalg.eigvalsh(np.where(off, R * factors, 1))[0] == pytest.approx(0.05, abs=1e-12)
    stack = shrinking(np.array([R, np.eye(3) + 0.1 * off]), 0.05)
    assert np.array_equal(stack[0], factors) and np.array_equal(stack[1], np.ones((3, 3)))


# --- what is shared ------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(overlapping(), st.data())
def test_bounds_hold_what_is_true(data, draw):
    _, n, m = counts_of(*data)
    pairs = {}
    for i, j in combinations(range(len(n)), 2):
        kind = draw.draw(st.sampled_from(["known", "some", "range"]))
        slack = draw.draw(st.integers(0, 9))
        pairs[i, j] = {
            "known": int(m[i, j]), "some": (None, None),
            "range": (max(0, m[i, j] - slack), min(n[i], n[j], m[i, j] + slack)),
        }[kind]  # fmt: skip
    found = shared_patients(n, pairs)
    assert np.all(found.low <= m) and np.all(m <= found.high)
    assert np.array_equal(np.diag(found.low), n) and np.array_equal(found.high, found.high.T)
    every = {pair: int(m[pair]) for pair in pairs}
    assert shared_patients(n, every).known


def test_bounds_by_way_of_a_third_set():
    # 40 and 30 of a trial of 50 share at least 20; who is in a set apart from it shares nobody.
    trial = shared_patients(
        [40, 30], {("a", "trial"): 40, ("b", "trial"): 30, ("a", "b"): (None, None)},
        slab=["a", "b"], beside={"trial": 50},
    )  # fmt: skip
    assert (trial.low[0, 1], trial.high[0, 1]) == (20, 30)
    apart = shared_patients([40, 30, 25], {(0, 1): (1, None), (1, 2): 20, (0, 2): 0})
    assert (apart.low[0, 1], apart.high[0, 1]) == (1, 10)
    found = logit_covariance([20, 10, 12], [40, 30, 25], apart, bound="high")
    least = logit_covariance([20, 10, 12], [40, 30, 25], apart)
    assert found.V[0, 1] == pytest.approx(10 * least.V[0, 1]) and found.shared[0, 1] == 10


def test_a_pair_may_be_named_twice_alike_and_sets_without_a_pair_share_nobody():
    found = shared_patients([5, 6, 7], [("a", "b", 2), (1, 0, 2)], slab=["a", "b", "c"])
    assert found.low.tolist() == [[5, 2, 0], [2, 6, 0], [0, 0, 7]] and found.known


@pytest.mark.parametrize(
    ("pairs", "argument", "words"),
    [
        ({("a", "b"): 31}, "shared_n", "31 for 'a' and 'b'; allowed: at most the 30 patients"),
        ({("a", "b"): -1}, "shared_n", "-1 for 'a' and 'b'"),
        ({("a", "b"): 2.5}, "shared_n", "2.5 for 'a' and 'b'"),
        ({("a", "b"): "2"}, "shared_n", "'2' for 'a' and 'b'"),
        ({("a", "b"): float("nan")}, "shared_n", "nan for 'a' and 'b'"),
        ({("a", "b"): True}, "shared_n", "True for"),
        ({("a", "b"): (5, 3)}, "shared_n", "at least 5 and at most 3 for 'a' and 'b'"),
        ({("a", "b"): (5, 3, 1)}, "shared_n", r"\(5, 3, 1\) for 'a' and 'b'"),
        ({("a", "b"): (5, 99)}, "shared_n", "at most the 30"),
        ({("a", "b"): 2, ("b", "a"): 3}, "pairs", "2 and 3 for 'b' and 'a'"),
        ([("a", "b", (1, 4)), ("a", "b", 4)], "pairs", "1 to 4 and 4 for 'a' and 'b'"),
        ({("a", "x"): 2}, "pairs", "unknown study 'x'"),
        ({("a", 3): 2}, "pairs", "unknown study 3"),
        ({("a", "a"): 2}, "pairs", "'a' with itself"),
        ({"ab": 2}, "pairs", "key 'ab'"),
        ([("a", "b")], "pairs", r"with \('a', 'b'\)"),
        (7, "pairs", "7"),
        # a lies within b and b within c, so that a lies within c.
        (
            {("a", "b"): 30, ("b", "c"): 40, ("a", "c"): 0},
            "shared_n",
            "30 for 'a' and 'b'; allowed: what the numbers that both share with 'c' leave",
        ),
    ],
)
def test_what_cannot_be_shared_is_refused_by_name(pairs, argument, words):
    with pytest.raises(ArgumentError, match=words) as error:
        logit_covariance([10, 20, 30], [30, 40, 60], pairs, slab=["a", "b", "c"])
    assert (error.value.function, error.value.argument) == ("logit_covariance", argument)


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"events": [31, 20]}, "events"),
        ({"totals": [0, 40]}, "totals"),
        ({"shared": np.array([[0, 3], [4, 0]])}, "shared"),
        ({"shared": np.array([[7, 3], [3, 0]])}, "shared"),
        ({"shared": np.zeros((3, 3))}, "shared"),
        ({"shared": shared_patients([30, 41], {})}, "shared"),
        ({"bound": "middle"}, "bound"),
        ({"floor": 0}, "floor"),
        ({"slab": ["a"]}, "slab"),
        ({"slab": ["a", "a"]}, "slab"),
    ],
)
def test_a_wrong_argument_of_the_covariance_is_named(options, argument):
    given = {"events": [10, 20], "totals": [30, 40], "shared": {}} | options
    with pytest.raises(ArgumentError) as error:
        logit_covariance(**given)
    assert (error.value.function, error.value.argument) == ("logit_covariance", argument)


@pytest.mark.parametrize("beside", [["c"], {"a": 3}, {"c": 0}, {3: 3}])
def test_wrong_further_sets_are_refused(beside):
    with pytest.raises(ArgumentError, match="beside"):
        shared_patients([5, 6], {}, slab=["a", "b"], beside=beside)


# --- the model: properties -----------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(families(), st.sampled_from(["REML", "ML"]), st.sampled_from(["z", "knha", "adhoc"]))
def test_without_covariance_and_with_families_of_one_it_is_the_usual_model(data, method, test):
    yi, V, _ = data
    vi = np.diag(V)
    ours = rma_mv(yi, vi, [f"f{i}" for i in range(yi.size)], method=method, test=test)
    usual = rma(yi, vi, method=method, test=test)
    for name in ("estimate", "se", "ci_lb", "ci_ub", "tau2", "Q", "Q_p", "weights"):
        expected = pytest.approx(getattr(usual, name), rel=1e-7, abs=1e-9)
        assert getattr(ours, name) == expected, name
    assert ours.sigma2_cohort == 0 and "one cohort" in " ".join(ours.notes)
    if test != "z":  # the prediction of rma has t(k - 1) whatever the test
        limits = pytest.approx((usual.pi_lb, usual.pi_ub), rel=1e-7) if yi.size > 2 else (None,) * 2
        assert (ours.pi_lb, ours.pi_ub) == limits


def test_a_cohort_counted_twice_adds_nothing_as_its_correlation_nears_one():
    yi, vi = np.array([0.3, 0.9, -0.2, 0.5]), np.array([0.1, 0.2, 0.15, 0.08])
    once = rma(yi, vi, test="z")
    off = []
    for rho in (0.9, 0.999, 0.999999):
        V = np.diag([*vi, vi[0]])
        V[0, 4] = V[4, 0] = rho * vi[0]
        twice = rma_mv([*yi, yi[0]], V, list("abcda"), test="z")
        assert twice.sigma2_cohort == 0
        off.append(max(abs(twice.estimate - once.estimate), abs(twice.se - once.se)))
    assert off[0] > 10 * off[1] > 100 * off[2] and off[2] < 1e-7


@settings(max_examples=30, deadline=None)
@given(families(), st.randoms(use_true_random=False))
def test_order_place_and_unit_do_not_matter(data, random):
    yi, V, family = data
    found = rma_mv(yi, V, family)
    order = list(range(yi.size))
    random.shuffle(order)
    moved = rma_mv(
        5 - 1000 * yi[order], 1e6 * V[np.ix_(order, order)], [f"x{family[i]}" for i in order]
    )
    assert moved.estimate == pytest.approx(5 - 1000 * found.estimate, rel=1e-8)
    assert moved.se == pytest.approx(1000 * found.se, rel=1e-8)
    for name in ("sigma2_family", "sigma2_cohort"):
        assert getattr(moved, name) == pytest.approx(1e6 * getattr(found, name), rel=1e-6, abs=1e-3)
    if found.robust:
        assert moved.robust.se == pytest.approx(1000 * found.robust.se, rel=1e-6)
        assert moved.robust.df == pytest.approx(found.robust.df, rel=1e-6)


def log_likelihood(yi, V, family, sigma2, restricted):
    """By the definition: of the data, or of k - 1 contrasts of them."""
    same = np.equal.outer(np.array(family), np.array(family))
    covariance = V + sigma2[0] * same + sigma2[1] * np.eye(yi.size)
    if restricted:
        # Orthonormal contrasts have the density that metafor gives its constants.
        basis = np.linalg.qr(np.column_stack([np.ones(yi.size), np.eye(yi.size)[:, 1:]]))[0][:, 1:]
        return stats.multivariate_normal(cov=basis.T @ covariance @ basis).logpdf(basis.T @ yi)
    one = np.linalg.solve(covariance, np.ones(yi.size))
    mean = np.full(yi.size, one @ yi / one.sum())
    return stats.multivariate_normal(mean, covariance).logpdf(yi)


@settings(max_examples=25, deadline=None)
@given(families(), st.booleans())
def test_no_other_variances_have_a_higher_likelihood(data, restricted):
    yi, V, family = data
    found = rma_mv(yi, V, family, method="REML" if restricted else "ML")
    best = np.array([found.sigma2_family, found.sigma2_cohort])
    value = log_likelihood(yi, V, family, best, restricted)
    assert found.log_likelihood == pytest.approx(value, rel=1e-9, abs=1e-9)
    axis = [0, *np.geomspace(1e-5, 20, 12)]
    others = [(a, b) for a in axis for b in axis]
    others += [np.maximum(best + step, 0) for step in np.diag([1e-3, -1e-3])]
    others += [np.maximum(best - step, 0) for step in np.diag([1e-3, -1e-3])]
    for sigma2 in others:
        assert log_likelihood(yi, V, family, sigma2, restricted) <= value + 1e-9


def test_a_likelihood_with_two_peaks_is_climbed_at_the_higher_one():
    # Data of reference.json on which metafor's iteration takes the lower: one effect a family.
    yi, vi = [4.7, -5.9, 0.2, -0.6, -0.1, -0.2], [3.28, 2.55, 0.02, 1.53, 0.02, 0.34]
    found = rma_mv(yi, vi, list("abcdef"), test="z")
    assert found.tau2 == pytest.approx(rma(yi, vi, test="z").tau2, rel=1e-7)


def test_effects_of_one_cohort_share_its_effect():
    # Two effects of each cohort without sampling covariance: their means have half the variance.
    rng = np.random.default_rng(2)
    yi, vi = rng.normal(0, 0.8, 8), rng.uniform(0.1, 0.3, 8)
    family, cohort = list("aabbccdd"), [1, 1, 2, 2, 3, 3, 4, 4]
    found = rma_mv(yi, vi, family, cohort=cohort, test="z")
    assert (found.cohorts, found.families, found.sigma2_cohort) == (4, 4, 0)
    wi = 1 / vi.reshape(4, 2)
    means, variances = (wi * yi.reshape(4, 2)).sum(axis=1) / wi.sum(axis=1), 1 / wi.sum(axis=1)
    usual = rma(means, variances, test="z")
    assert (found.estimate, found.se) == pytest.approx((usual.estimate, usual.se), rel=1e-7)


def test_a_stack_is_its_data_sets_one_by_one():
    rng = np.random.default_rng(8)
    family = list("aaabbcdd")
    base = np.array([rng.uniform(0.05, 0.3, 8) for _ in range(5)])
    V = np.array([np.diag(v) + 0.02 * np.equal.outer(family, family) for v in base])
    yi = rng.normal(0, 0.6, (5, 8))
    levels = levels_of(family, range(8))
    stack = fit_levels(yi, V, levels, clusters_of(V[0], levels)[0])
    for i in range(5):
        one = rma_mv(yi[i], V[i], family, test="z")
        found = (stack.estimate[i], stack.wald_se[i], stack.sigma2_family[i])
        assert found == pytest.approx((one.estimate, one.se, one.sigma2_family), rel=1e-8, abs=1e-9)
        assert stack.robust.df[i] == pytest.approx(one.robust.df, rel=1e-7)


# --- CR2 by its definition -----------------------------------------------------------------------


def cr2_by_definition(yi, covariance, clusters):
    """Pustejovsky and Tipton (2018), with explicit matrices: variance, df, and each matrix A."""
    k = yi.size
    W = np.linalg.inv(covariance)
    X = np.ones((k, 1))
    bread = np.linalg.inv(X.T @ W @ X)
    left = np.eye(k) - X @ bread @ X.T @ W
    middle, rows, matrices = 0, [], []
    for members in clusters:
        own = np.zeros((len(members), k))
        own[range(len(members)), members] = 1
        D = np.linalg.cholesky(own @ covariance @ own.T).T
        B = D @ own @ left @ covariance @ left.T @ own.T @ D.T
        values, vectors = np.linalg.eigh(B)
        power = np.where(values > 1e-10 * values.max(), np.abs(values) ** -0.5, 0)
        A = D.T @ (vectors * power) @ vectors.T @ D
        score = bread @ X.T @ W @ own.T @ A @ own @ left
        middle, rows = middle + (score @ yi) ** 2, [*rows, score]
        matrices.append((A, own))
    rows = np.vstack(rows)
    spread = rows @ covariance @ rows.T
    return float(middle[0]), np.trace(spread) ** 2 / np.sum(spread**2), matrices, left


@settings(max_examples=30, deadline=None)
@given(families())
def test_cr2_is_what_its_authors_define(data):
    yi, V, family = data
    covariance = V + 0.2 * np.equal.outer(family, family) + 0.1 * np.eye(yi.size)
    levels = levels_of(family, range(yi.size))
    clusters, _ = clusters_of(V, levels)
    variance, df, matrices, left = cr2_by_definition(yi, covariance, clusters)
    found = cr2((left @ yi)[None], covariance[None], clusters)
    assert found.variance[0] == pytest.approx(variance, rel=1e-8)
    assert found.df[0] == pytest.approx(df, rel=1e-8)
    if len(clusters) > 2:
        for A, own in matrices:  # the equation that makes the variance unbiased
            inside = A @ own @ left @ covariance @ left.T @ own.T @ A.T
            assert inside == pytest.approx(own @ covariance @ own.T, rel=1e-6, abs=1e-8)
    # Its expectation under the working covariance is the variance of the mean.
    mean = [
        cr2((left @ column)[None], covariance[None], clusters).variance[0]
        for column in np.linalg.cholesky(covariance).T
    ]
    assert sum(mean) == pytest.approx(1 / np.linalg.inv(covariance).sum(), rel=1e-8)


def test_cr2_of_alike_clusters_is_the_t_test_of_their_means():
    rng = np.random.default_rng(3)
    family, V = np.repeat(list("abcdef"), 3).tolist(), np.kron(np.eye(6), 0.1 + 0.2 * np.eye(3))
    yi = rng.normal(0, 1, 18)
    found = rma_mv(yi, V, family)
    means = yi.reshape(6, 3).mean(axis=1)
    assert found.robust.df == pytest.approx(5, rel=1e-9) and found.df == 5
    assert found.robust.se == pytest.approx(means.std(ddof=1) / 6**0.5, rel=1e-9)
    assert found.robust.clusters == 6 and "freedom" not in " ".join(found.notes)


# --- metafor's and clubSandwich's, and published numbers -----------------------------------------


@cache
def fits_of(**test):
    return tuple(fits(test))


def fits(test):
    for record in RECORDS.values():
        for theirs in record["fits"]:
            options = {"cohort": record.get("cohort"), "method": theirs["method"]}
            found = rma_mv(record["yi"], record["V"], record["family"], **options, **test)
            unit = np.sqrt(np.max(np.diag(record["V"])))
            yield f"{record['data']} {theirs['method']}", theirs, found, unit


def test_rma_mv_equals_metafors():
    # In units of the largest standard error. Largest differences seen: estimate 2e-10, se 6e-11,
    # variances 2e-10, log-likelihood 1e-9, all where the least correlation eigenvalue is 1e-6;
    # elsewhere 4e-12.
    for label, theirs, ours, unit in fits_of(test="z"):
        assert ours.estimate / unit == pytest.approx(theirs["estimate"] / unit, abs=1e-8), label
        assert ours.se / unit == pytest.approx(theirs["se"] / unit, abs=1e-8), label
        found = np.array([ours.sigma2_family, ours.sigma2_cohort])
        expected = np.array(theirs["sigma2"])
        assert found / unit**2 == pytest.approx(expected / unit**2, abs=1e-8), label
        assert np.array_equal(found == 0, expected == 0), label
        assert ours.log_likelihood == pytest.approx(theirs["log_likelihood"], abs=1e-7), label
        # Where the covariance is nearly singular Q is some 1e6, and so is its rounding.
        assert pytest.approx(theirs["Q"], rel=1e-7) == ours.Q, label
        if ours.Q_p is not None and ours.Q_p > 1e-12:
            assert ours.Q_p == pytest.approx(theirs["Q_p"], rel=1e-6, abs=1e-12), label


def test_it_is_never_below_what_metafor_finds_by_itself():
    # Its iteration leaves up to 5e-6 of the unit in a variance, and 3e-9 in the log-likelihood.
    free = [(x, y, z["found_by_rma_mv"], u) for x, z, y, u in fits_of() if "found_by_rma_mv" in z]
    assert len(free) > 50
    for label, ours, theirs, unit in free:
        assert ours.log_likelihood >= theirs["log_likelihood"] - 1e-8, label
        assert ours.estimate / unit == pytest.approx(theirs["estimate"] / unit, abs=2e-5), label


@pytest.mark.parametrize("test", ["z", "contain", "residual"])
def test_limits_equal_metafors(test):
    options = {"z": {"test": "z"}, "contain": {}, "residual": {"dfs": "residual"}}[test]
    for label, theirs, ours, unit in fits_of(**options):
        if test == "contain" and ours.families == 1:
            continue  # one degree of freedom in metafor, cohorts less 1 here
        limits = np.array([ours.ci_lb, ours.ci_ub])
        assert limits / unit == pytest.approx(np.array(theirs[test][:2]) / unit, abs=1e-7), label
        if test == "contain":
            assert ours.df == theirs["contain"][4], label
        if ours.pi_lb is not None:
            limits = np.array([ours.pi_lb, ours.pi_ub]) / unit
            assert limits == pytest.approx(np.array(theirs[test][2:4]) / unit, abs=1e-7), label


def test_cr2_equals_club_sandwichs():
    compared = 0
    for label, theirs, ours, unit in fits_of():
        assert (ours.robust is not None) == ("cr2" in theirs), label
        if ours.robust is not None:
            se, df, low, high = theirs["cr2"]
            found = np.array([ours.robust.se, ours.robust.ci_lb, ours.robust.ci_ub]) / unit
            # Largest difference seen 3e-9, of the nearly singular set.
            assert found == pytest.approx(np.array([se, low, high]) / unit, rel=1e-7), label
            assert ours.robust.df == pytest.approx(df, rel=1e-7), label
            compared += 1
    assert compared > 50


@pytest.mark.parametrize(
    "record", [r for r in RECORDS.values() if "counts" in r], ids=lambda r: r["data"]
)
def test_the_covariance_of_counts_equals_the_one_written_in_r(record):
    pairs = [(int(a), int(b), m) for a, b, m in record.get("pairs", ())]
    found = logit_covariance(record["counts"]["events"], record["counts"]["totals"], pairs)
    assert pytest.approx(np.array(record["V"]), rel=1e-12, abs=1e-15) == found.V
    assert found.yi == pytest.approx(record["yi"], rel=1e-12)


def test_the_reference_has_the_cases_that_are_hard():
    assert len(RECORDS) >= 20
    sigma2 = [tuple(s > 0 for s in fit["sigma2"]) for r in RECORDS.values() for fit in r["fits"]]
    assert set(sigma2) == {(False, False), (False, True), (True, False), (True, True)}
    least = {}
    for name, record in RECORDS.items():
        V = np.array(record["V"])
        sd = np.sqrt(np.diag(V))
        least[name] = np.linalg.eigvalsh(V / np.outer(sd, sd))[0]
    assert least["all_but_singular"] < 1e-5 and least["whole_and_parts"] == pytest.approx(0.01)


def test_schools_in_districts_are_as_published():
    # Data of Konstantopoulos (2011) Res Synth Methods 2:61; numbers as the page on that paper at
    # metafor-project.org prints them.
    data = RECORDS["konstantopoulos2011"]
    found = rma_mv(data["yi"], data["V"], data["family"], test="z")
    assert (round(found.estimate, 4), round(found.se, 4)) == (0.1847, 0.0846)
    assert (round(found.ci_lb, 4), round(found.ci_ub, 4)) == (0.0190, 0.3504)
    assert (round(found.sigma2_family, 4), round(found.sigma2_cohort, 4)) == (0.0651, 0.0327)
    assert (found.k, found.families) == (56, 11)


def test_the_page_shows_that_all_of_it_agrees():
    found = agreement(read_multilevel())
    assert {one.what for one in found} == {
        "covariance of overlap", "multilevel model", "cluster-robust error (CR2)"
    }  # fmt: skip
    assert max(one.difference for one in found) < 1e-7 and len(found) > 120
    assert all(one.difference <= one.tolerance for one in found)
    wrong = json.loads(json.dumps(RECORDS["both"]))
    wrong["fits"][0]["sigma2"][1] += 1e-5
    assert any(one.difference > one.tolerance for one in agreement({"multilevel": [wrong]}))


# --- tests, notes, result ------------------------------------------------------------------------

YI, VI, FAMILY = [0.3, 0.8, -0.4, 0.6, 1.1, 0.2], [0.1, 0.2, 0.15, 0.1, 0.3, 0.12], list("aabbcd")


def test_tests_and_degrees_of_freedom():
    of = {t: rma_mv(YI, VI, FAMILY, test=t) for t in ("z", "t", "knha", "adhoc")}
    assert (of["z"].df, of["t"].df, rma_mv(YI, VI, FAMILY, dfs="residual").df) == (None, 3, 5)
    assert of["z"].se == of["t"].se <= of["adhoc"].se
    factor = of["knha"].se / of["t"].se
    assert of["adhoc"].se == pytest.approx(of["t"].se * max(1, factor))
    assert ("raised to 1" in " ".join(of["adhoc"].notes)) == (factor < 1)
    for one in of.values():
        assert one.pi_lb <= one.ci_lb < one.estimate < one.ci_ub <= one.pi_ub
        half = one.ci_ub - one.estimate
        quantile = stats.norm.ppf(0.975) if one.df is None else stats.t.ppf(0.975, one.df)
        assert half == pytest.approx(quantile * one.se)
        spread = (one.pi_ub - one.estimate) / quantile
        assert spread**2 == pytest.approx(one.se**2 + one.sigma2_family + one.sigma2_cohort)


@pytest.mark.parametrize(
    ("family", "words"),
    [
        ("aaaaaa", ("one family", "no cluster-robust limits")),
        ("abcdef", ("each family has one cohort",)),
        ("aaaaab", ("degrees of freedom; below 4",)),
    ],
)
def test_what_cannot_be_estimated_is_said(family, words):
    notes = " ".join(rma_mv(YI, VI, list(family)).notes)
    assert all(word in notes for word in words), notes


def test_one_family_has_the_degrees_of_freedom_of_its_cohorts():
    found = rma_mv(YI, VI, ["a"] * 6, test="knha")
    usual = rma(YI, VI, test="knha")
    assert (found.sigma2_family, found.df, found.robust, found.pi_lb) == (0, 5, None, None)
    assert (found.ci_lb, found.ci_ub) == pytest.approx((usual.ci_lb, usual.ci_ub), rel=1e-8)


def test_families_that_share_patients_are_one_cluster():
    V = np.diag(VI)
    V[1, 2] = V[2, 1] = 0.05
    found = rma_mv(YI, V, FAMILY)
    assert found.robust.clusters == 3 and "4 families are 3 clusters" in " ".join(found.notes)


def test_one_study_and_one_cohort():
    alone = rma_mv([0.4], [0.09], ["a"], test="t")
    assert (alone.estimate, alone.se, alone.test, alone.tau2) == (0.4, pytest.approx(0.3), "z", 0)
    assert alone.Q_p is None and "normal" in " ".join(alone.notes)
    one = rma_mv([0.4, 0.6], [0.09, 0.16], ["a", "a"], cohort=["x", "x"])
    assert one.tau2 == 0 and one.df == 1 and "one cohort" in " ".join(one.notes)


def test_weights_may_be_below_zero_and_add_to_100():
    # A part that the whole holds already, and is less exact: the whole has more than its all.
    found = logit_covariance([9, 50, 30], [10, 100, 60], {(0, 1): 10})
    result = rma_mv(found.yi, found.V, list("aab"), measure="PLO")
    assert sum(result.weights) == pytest.approx(100)
    V = [[0.2, 0.12, 0], [0.12, 0.1, 0], [0, 0, 0.1]]
    tight = rma_mv([0.1, 0.1, 0.1], V, list("aab"))
    assert tight.weights[0] < 0 and sum(tight.weights) == pytest.approx(100)


def test_the_result_is_plain_data():
    found = rma_mv(YI, VI, FAMILY, measure="PLO")
    data = found.to_dict()
    assert data["type"] == "MultilevelAnalysis" and data["robust"]["method"] == "CR2"
    assert data["displayed"]["estimate"] == pytest.approx(expit(found.estimate))
    terms = [row["term"] for row in found.terms()]
    assert terms == ["mean", "mean, CR2", "new cohort", "sigma, family", "sigma, cohort"]
    assert found.robust_displayed["ci_lb"] == pytest.approx(expit(found.robust.ci_lb))
    assert "6 effects, 6 cohorts, 4 families" in repr(found) and len(found.summary) == 5
    assert rma_mv(YI, VI, ["a"] * 6).robust_displayed is None


SINGULAR = [[0.1, 0.1, 0], [0.1, 0.1, 0], [0, 0, 0.2]]


@pytest.mark.parametrize(
    ("options", "argument", "words"),
    [
        ({"yi": [1, float("nan"), 2]}, "yi", "position 1"),
        ({"V": None}, "V", "missing"),
        ({"V": [0.1, 0.2]}, "vi", "length"),
        ({"V": [0.1, 0.2, -0.1]}, "vi", "position 2"),
        ({"V": np.eye(2)}, "vi", "length"),
        ({"V": np.ones((3, 2))}, "V", "shape"),
        ({"V": [["a", "b"], ["c", "d"]]}, "V", "no matrix"),
        ({"V": SINGULAR}, "V", "logit_covariance makes one"),
        ({"V": [[0.1, 0.09, 0], [0.09, 0.05, 0], [0, 0, 0.2]]}, "V", "positive definite"),
        ({"V": [[0.1, 0.01, 0], [0.02, 0.1, 0], [0, 0, 0.2]]}, "V", "row 0, column 1"),
        ({"V": [[0.1, np.inf, 0], [np.inf, 0.1, 0], [0, 0, 0.2]]}, "V", "row 0, column 1"),
        ({"V": np.ma.masked_less(np.eye(3), 0.5)}, "V", "masked"),
        ({"family": list("ab")}, "family", "length"),
        ({"family": ["a", "", "b"]}, "family", "position 1"),
        ({"family": None}, "family", "None"),
        ({"cohort": list("ab")}, "cohort", "length"),
        ({"method": "DL"}, "method", "REML, ML"),
        ({"test": "hk"}, "test", "adhoc"),
        ({"dfs": 3}, "dfs", "contain"),
        ({"measure": "PFT"}, "measure", "PLO"),
        ({"level": 1}, "level", "between 0 and 1"),
        ({"slab": ["a"]}, "slab", "length"),
    ],
)
def test_a_wrong_argument_of_the_model_is_named(options, argument, words):
    given = {"yi": [0.1, 0.2, 0.3], "V": [0.1, 0.1, 0.1], "family": list("aab")} | options
    with pytest.raises(ArgumentError, match=words) as error:
        rma_mv(**given)
    assert (error.value.function, error.value.argument) == ("rma_mv", argument)


@pytest.mark.parametrize(
    ("yi", "V"), [([1e50, 3, 1], [0.1] * 3), ([1, 2, 3], [1e-50, 1, 1]), ([1, 2, 3], [1, 1, 1e50])]
)
def test_sizes_that_leave_no_digits_are_refused(yi, V):
    with pytest.raises(NotEstimable, match="Check the units"):
        rma_mv(yi, V, list("aab"))


@pytest.mark.parametrize("unit", [1e-18, 1e18])
def test_any_unit_is_good(unit):
    found = rma_mv(np.array(YI) * unit, np.array(VI) * unit**2, FAMILY)
    usual = rma_mv(YI, VI, FAMILY)
    assert found.estimate / unit == pytest.approx(usual.estimate, rel=1e-9)
    assert found.sigma2_cohort / unit**2 == pytest.approx(usual.sigma2_cohort, rel=1e-8)


@pytest.mark.parametrize("test", ["z", "t", "knha", "adhoc"])
def test_effects_that_all_agree_have_a_width(test):
    found = rma_mv([1, 1, 1, 1], [0.1, 0.2, 0.1, 0.3], list("aabc"), test=test)
    assert found.tau2 == 0 and found.ci_lb < 1 < found.ci_ub


@pytest.mark.parametrize("rho", [0.99, 1 - 1e-6, 1 - 1e-9])
@pytest.mark.parametrize("apart", [0.0, 0.3, 5.0])
def test_nearly_singular_covariances_are_fitted(rho, apart):
    V = np.diag(VI)
    V[0, 1] = V[1, 0] = rho * (VI[0] * VI[1]) ** 0.5
    found = rma_mv([0.3, 0.3 + apart, *YI[2:]], V, FAMILY)
    same = np.equal.outer(FAMILY, FAMILY)
    covariance = V + found.sigma2_family * same + found.sigma2_cohort * np.eye(6)
    weights = np.linalg.solve(covariance, np.ones(6))
    assert found.se == pytest.approx(weights.sum() ** -0.5, rel=1e-5)
    assert np.isfinite([found.ci_lb, found.ci_ub, found.log_likelihood, found.robust.se]).all()


def test_a_matrix_given_as_shared_patients_is_taken_as_it_is():
    both = np.array([[30, 5], [5, 40]])
    found = logit_covariance([10, 20], [30, 40], SharedPatients(both, both, ("a", "b")))
    assert found.slab == ("a", "b") and found.shared[0, 1] == 5
