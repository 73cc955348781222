"""The simulation of coverage: its data, its methods one by one, its figure."""

import numpy as np
import pytest
from evisynth.bayes.models import bayes_binomial
from evisynth.coverage import METHODS, SCENARIOS, Coverage, Scenario, coverage, simulate
from evisynth.coverage.simulation import _row, limits_of
from evisynth.coverage.tabulated_posterior import TabulatedPosterior
from evisynth.effects.escalc import escalc
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.glmm.model import rma_glmm
from evisynth.random_effects.model import rma
from evisynth.validation import coverage_plot, coverage_table
from scipy.special import expit
from statsmodels.stats.proportion import proportion_confint

FEW = (Scenario(3, 0.8, 0.6), Scenario(5, 0.93, 0.6))


@pytest.fixture(scope="module")
def study():
    return coverage(scenarios=FEW, replicates=150, seed=4)


@pytest.fixture(scope="module")
def drawn():
    """Counts of every scenario, four data sets each, and the posterior on nodes common to all."""
    rng = np.random.default_rng(8)
    data = [simulate(scenario, 4, rng) for scenario in SCENARIOS]
    every = (np.concatenate([counts.ravel() for counts in arrays]) for arrays in zip(*data))  # noqa: B905
    return data, TabulatedPosterior(*every, [0.8, 0.93], 20)


# --- data ----------------------------------------------------------------------------------------


def test_simulated_counts_have_the_sizes_and_rates_asked_for():
    scenario = Scenario(5, 0.93, 0.6)
    xi, ni = simulate(scenario, 4000, np.random.default_rng(2))
    assert xi.shape == ni.shape == (4000, 5)
    assert (ni.min(), ni.max()) == (10, 60)
    assert np.all((xi >= 0) & (xi <= ni))
    # A mean rate of 20,000 studies; its Monte Carlo standard error is 0.0005, the integral by a
    # sum over the normal quantiles.
    points = (np.arange(2000) + 0.5) / 2000
    from scipy.special import logit, ndtri

    expected = expit(logit(0.93) + 0.6 * ndtri(points)).mean()
    assert (xi / ni).mean() == pytest.approx(expected, abs=0.003)
    # Beyond binomial variance there is that of the rates.
    one_rate = simulate(Scenario(5, 0.93, 0.0), 4000, np.random.default_rng(2))
    assert (xi / ni).var() > 1.5 * (one_rate[0] / one_rate[1]).var()


def test_a_scenario_has_its_own_stream(study):
    alone = coverage(scenarios=FEW[1:], replicates=150, seed=4)
    # The posterior's nodes depend on the scenarios, its limits in the fourth digit only.
    for one, other in zip(alone.rows, study.where(k=5), strict=True):
        assert (one.method, one.coverage) == (other.method, other.coverage)
        assert (one.width, one.bias) == pytest.approx((other.width, other.bias), abs=1e-4)


def test_one_seed_gives_one_result_and_another_another(study):
    assert coverage(scenarios=FEW, replicates=150, seed=4) == study
    assert coverage(scenarios=FEW, replicates=150, seed=5).rows != study.rows


# --- methods -------------------------------------------------------------------------------------


def test_stacked_methods_equal_each_data_set_on_its_own(drawn):
    data, posterior = drawn
    for xi, ni in data[::5]:
        found = limits_of(xi, ni, 0.9, posterior)
        assert tuple(found) == METHODS
        for i in range(len(xi)):
            for name, measure, method, test in (
                ("logit, DL, Wald", "PLO", "DL", "z"),
                ("logit, REML, ad hoc KH", "PLO", "REML", "adhoc"),
                ("arcsine, REML, ad hoc KH", "PAS", "REML", "adhoc"),
            ):
                effects = escalc(measure, xi=xi[i], ni=ni[i])
                one = rma(*effects, method=method, test=test, measure=measure, level=0.9).displayed
                expected = [one[part] for part in ("estimate", "ci_lb", "ci_ub")]
                # Errors seen 3e-16.
                assert found[name][:, i] == pytest.approx(expected, rel=1e-10)
            for name, test in (("GLMM, z", "z"), ("GLMM, t(k − 1)", "t")):
                one = rma_glmm(xi[i], ni[i], test=test, level=0.9).displayed
                expected = [one[part] for part in ("estimate", "ci_lb", "ci_ub")]
                # Errors seen 1e-9: the stack polishes all data sets together.
                assert found[name][:, i] == pytest.approx(expected, abs=1e-6)


def test_the_tabulated_posterior_equals_the_adaptive_one(drawn):
    data, posterior = drawn
    for xi, ni in data[::3]:
        for i in range(2):
            one = bayes_binomial(xi[i], ni[i])
            expected = expit([one.estimate, one.ci_lb, one.ci_ub])
            # Largest error seen over all scenarios 9e-5 in proportion.
            assert posterior.limits(xi[i : i + 1], ni[i : i + 1], 0.95)[:, 0] == pytest.approx(
                expected, abs=2e-4
            )


def test_a_row_counts_what_the_limits_hold():
    limits = np.array([[0.8, 0.7, np.nan, 0.9], [0.7, 0.6, np.nan, 0.85], [0.9, 0.79, np.nan, 1.0]])
    row = _row("m", Scenario(3, 0.8, 0.0), limits)
    assert (row.coverage, row.replicates, row.none) == (1 / 3, 4, 1)
    assert row.mc_error == pytest.approx((1 / 3 * 2 / 3 / 3) ** 0.5)
    assert row.width == pytest.approx((0.2 + 0.19 + 0.15) / 3)
    assert row.bias == pytest.approx(0.8 - 0.8)
    wilson = proportion_confint(1, 3, method="wilson")
    assert (row.mc_lb, row.mc_ub) == pytest.approx(wilson, rel=1e-9)


def test_no_estimate_at_all_is_said():
    with pytest.raises(NotEstimable, match=r"GLMM.*no estimate.*remedy"):
        _row("GLMM, z", FEW[0], np.full((3, 5), np.nan))


def test_normal_limits_cover_as_they_say_where_all_is_large():
    # Twenty studies of 100 at one half, one rate: nothing is small or skewed. 400 data sets have a
    # Monte Carlo standard error of 1.1 points; the interval is a little wide, as tau is not 0.
    found = coverage(scenarios=[Scenario(20, 0.5, 0.0)], replicates=400, sizes=(100, 100))
    assert all(0.92 <= row.coverage <= 1 for row in found.rows)
    assert all(abs(row.bias) < 0.005 for row in found.rows)


def test_pooled_log_odds_lose_the_truth_as_studies_are_added():
    scenarios = [Scenario(k, 0.93, 0.6) for k in (3, 20)]
    found = coverage(scenarios=scenarios, replicates=200)
    few, many = found.where(method="logit, REML, ad hoc KH")
    assert few.coverage - many.coverage > 0.2  # about 1.00 and 0.66
    assert many.bias < -0.015 < found.where(method="GLMM, t(k − 1)", k=20)[0].bias
    assert found.where(method="GLMM, t(k − 1)", k=20)[0].coverage > 0.9


# --- arguments, result, views --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"replicates": 1}, "replicates"),
        ({"replicates": 2.0}, "replicates"),
        ({"seed": -1}, "seed"),
        ({"seed": None}, "seed"),
        ({"level": 1}, "level"),
        ({"scenarios": ()}, "scenarios"),
        ({"scenarios": 3}, "scenarios"),
        ({"scenarios": [3]}, "scenarios"),
        ({"scenarios": [Scenario(1, 0.8, 0.0)]}, "scenarios"),
        ({"scenarios": [Scenario(3, float("nan"), 0.0)]}, "scenarios"),
        ({"scenarios": [Scenario(3, 0.8, -0.1)]}, "scenarios"),
        ({"scenarios": [Scenario(3, "0.8", 0.0)]}, "scenarios"),
        ({"scenarios": [Scenario(2.5, 0.8, 0.0)]}, "scenarios"),
        ({"sizes": (10,)}, "sizes"),
        ({"sizes": (20, 10)}, "sizes"),
        ({"sizes": (0, 10)}, "sizes"),
        ({"sizes": (10, 10**6)}, "sizes"),
        ({"sizes": "ab"}, "sizes"),
    ],
)
def test_a_wrong_argument_is_named(options, argument):
    with pytest.raises(ArgumentError) as error:
        coverage(**options)
    assert (error.value.function, error.value.argument) == ("coverage", argument)


def test_the_result_is_plain_data(study):
    data = study.to_dict()
    assert data["type"] == "CoverageStudy" and data["replicates"] == 150
    assert len(study.summary) == len(study.rows) == len(FEW) * len(METHODS)
    assert study.methods == METHODS
    assert repr(study) == "<coverage of 6 methods, 2 scenarios, 150 data sets each>"
    assert "Coverage" in repr(study.rows[0]) and isinstance(study.rows[0], Coverage)


def test_the_figure_has_every_row_both_widths_and_words(study):
    figure = coverage_plot(study, title="Coverage")
    assert len(figure.table) == len(study.rows)
    assert list(figure.table["coverage"]) == [row.coverage for row in study.rows]
    for width in ("desktop", "phone"):
        svg = figure.svg(width)
        assert all(method in svg for method in METHODS)
    worst = min(study.where(method=METHODS[0]), key=lambda row: row.coverage)
    assert f"{METHODS[0]}: lowest coverage {100 * worst.coverage:.1f}%" in figure.alt
    assert figure.svg() == coverage_plot(study, title="Coverage").svg()
    with pytest.raises(ArgumentError, match="study"):
        coverage_plot(None, title="Coverage")


def test_the_table_shows_what_was_asked_for(study):
    text = coverage_table(study, k=5).text
    assert text.count("\n") == len(METHODS)
    row = study.where(k=5, method="GLMM, z")[0]
    assert f"GLMM, z | 5 | 93% | 0.6 | {100 * row.coverage:.1f}% (" in text
