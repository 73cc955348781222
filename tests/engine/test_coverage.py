"""The simulation of coverage: its data, its methods one by one, its figure."""

from itertools import product

import numpy as np
import pytest
from evisynth.accuracy import (
    coverage_plot,
    coverage_table,
    few_studies_plot,
    few_studies_table,
    glue_few_studies,
)
from evisynth.engine.bayes.models import bayes_binomial
from evisynth.engine.coverage import METHODS, SCENARIOS, Coverage, Scenario, coverage, simulate
from evisynth.engine.coverage.few_studies import (
    BAYES,
    GLMM,
    GLMM_HTS,
    INTERVALS,
    KS,
    MEAN,
    NEW,
    RATES,
    SIZES,
    TAUS,
    _posterior,
    deal,
    simulate_few_studies,
)
from evisynth.engine.coverage.record import read_few_studies, write_few_studies
from evisynth.engine.coverage.simulation import _row, limits_of
from evisynth.engine.coverage.tabulated_posterior import TabulatedPosterior
from evisynth.engine.effects.escalc import escalc
from evisynth.engine.glmm.model import rma_glmm
from evisynth.engine.random_effects.model import rma
from evisynth.engine.random_effects.result import displayed
from evisynth.errors import ArgumentError, EvisynthError, NotEstimable
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


# --- few studies: the grid, its record and its views ---------------------------------------------

SLICE = {"sizes": ["2 to 41"], "ks": [3, 5], "rates": [0.93], "taus": [0.6, 1.5]}


@pytest.fixture(scope="module")
def record():
    return read_few_studies()


@pytest.fixture(scope="module")
def again(record):
    """A slice of the record, simulated now: small studies, a high rate, some without a model."""
    return simulate_few_studies(**SLICE, replicates=record.replicates, seed=record.seed)


def test_a_slice_of_the_record_comes_out_the_same_to_every_digit(record, again):
    kept = [
        row for row in record.rows
        if row.sizes in SLICE["sizes"] and row.k in SLICE["ks"] and row.rate in SLICE["rates"]
        and row.tau in SLICE["taus"]
    ]  # fmt: skip
    assert list(again.rows) == kept and len(kept) == 4 * len(INTERVALS)


def test_the_record_holds_the_whole_grid_once(record):
    rows = [(r.target, r.model, r.sizes, r.k, r.rate, r.tau) for r in record.rows]
    grid = product(INTERVALS, SIZES, KS, RATES, TAUS)
    assert sorted(rows) == sorted((*interval, *rest) for interval, *rest in grid)
    assert record.scenarios * len(INTERVALS) == len(rows)
    assert set(record.made) == {"python", "numpy", "scipy"} and record.replicates >= 2000
    assert all(0 <= row.mc_error < 0.011 and 0 <= row.none < record.replicates / 5
               for row in record.rows)  # fmt: skip


def test_the_record_is_written_as_it_is_read(record, tmp_path):
    path = tmp_path / "again.json"
    write_few_studies(record, path)
    assert read_few_studies(path).rows == record.rows
    path.write_text("{}", "utf-8")
    for wrong in (path, tmp_path / "none.json"):
        with pytest.raises(EvisynthError, match=r"evisynth\.engine\.coverage\.record"):
            read_few_studies(wrong)


def test_totals_are_dealt_each_once_before_any_twice():
    ni = deal((2, 4, 10, 12, 41), 8, 500, np.random.default_rng(1))
    assert ni.shape == (500, 8)
    assert (np.sort(ni[:, :5], axis=1) == [2, 4, 10, 12, 41]).all()
    assert all(len(set(row)) == 3 for row in ni[:, 5:].tolist())
    assert len(set(map(tuple, ni.tolist()))) > 400


def test_wider_limits_hold_at_least_as_much(record):
    # The same fits, t(k - 2) beside t(k - 1): no scenario may come out the other way.
    narrow = record.where(target=NEW, model=GLMM)
    wide = record.where(target=NEW, model=GLMM_HTS)
    assert all(b.coverage >= a.coverage and b.width >= a.width
               for a, b in zip(narrow, wide, strict=True))  # fmt: skip


def test_a_posterior_keeps_its_level_over_its_own_prior():
    # With mu and tau drawn from the priors the level is exact, whatever the sizes: 6,000 data sets
    # have a Monte Carlo standard error of 0.3 points.
    rng, replicates = np.random.default_rng(6), 6_000
    ni = deal(SIZES["2 to 41"], 4, replicates, rng)
    mu, tau = 2.5 * rng.standard_normal(replicates), np.abs(rng.standard_normal(replicates))
    xi = rng.binomial(ni, expit(mu[:, None] + tau[:, None] * rng.standard_normal(ni.shape)))
    found = _posterior(SIZES["2 to 41"]).limits_and_predictions(xi, ni, 0.95)
    held = (found[1] <= expit(mu)) & (expit(mu) <= found[2])
    assert held.mean() == pytest.approx(0.95, abs=0.01)
    new = expit(mu + tau * rng.standard_normal(replicates))
    assert ((found[3] <= new) & (new <= found[4])).mean() == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize("name", ["2 to 41", "3 to 227"])
def test_the_tabulated_range_for_a_new_study_equals_the_adaptive_one(name):
    rng = np.random.default_rng(3)
    posterior = _posterior(SIZES[name])
    for k, rate, tau in ((3, 0.5, 1.5), (5, 0.93, 0.2), (12, 0.6, 1.0)):
        ni = deal(SIZES[name], k, 2, rng)
        xi = rng.binomial(ni, expit(np.log(rate / (1 - rate)) + tau * rng.standard_normal((2, k))))
        found = posterior.limits_and_predictions(xi, ni, 0.95)
        for i in range(2):
            one = bayes_binomial(xi[i], ni[i])
            expected = [one.estimate, one.ci_lb, one.ci_ub, one.pi_lb, one.pi_ub]
            # Largest error seen 7e-5 in proportion.
            assert found[:, i] == pytest.approx(expit(expected), abs=2e-4)


def test_what_the_simulation_holds_is_what_a_plain_count_holds():
    # The two targets again without the code under test: new studies drawn, limits one by one.
    rng = np.random.default_rng(12)
    scenario, replicates = Scenario(5, 0.85, 1.0), 400
    row = {
        (r.target, r.model): r
        for r in read_few_studies().where(sizes="10 to 60", k=5, rate=0.85, tau=1.0)
    }
    xi, ni = simulate(scenario, replicates, rng)
    held = {interval: [] for interval in INTERVALS}
    posteriors = displayed(bayes_binomial(xi, ni))
    for i, (x, n) in enumerate(zip(xi, ni, strict=True)):
        new = expit(np.log(0.85 / 0.15) + rng.standard_normal())
        hts = rma_glmm(x, n, prediction="HTS").displayed
        posterior = {end: values[i] for end, values in posteriors.items()}
        fits = {GLMM: rma_glmm(x, n).displayed, GLMM_HTS: hts, BAYES: posterior}
        for target, model in INTERVALS:
            ends = ("pi_lb", "pi_ub") if target == NEW else ("ci_lb", "ci_ub")
            low, high = (fits[model][end] for end in ends)
            held[target, model].append(low <= (new if target == NEW else 0.85) <= high)
    for interval, found in held.items():
        # Monte Carlo standard error at most 2 points; three of them.
        assert np.mean(found) == pytest.approx(row[interval].coverage, abs=0.055)


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"sizes": ["1 to 2"]}, "sizes"),
        ({"sizes": "2 to 41"}, "sizes"),
        ({"ks": [7]}, "ks"),
        ({"rates": [0.1]}, "rates"),
        ({"taus": [0.0]}, "taus"),
        ({"replicates": 1}, "replicates"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_wrong_argument_of_the_grid_is_named(options, argument):
    with pytest.raises(ArgumentError) as error:
        simulate_few_studies(**options)
    assert (error.value.function, error.value.argument) == ("simulate_few_studies", argument)


def test_over_sums_up_what_it_says(again):
    cells = again.over("k")
    assert [c.at["k"] for c in cells] == [3] * len(INTERVALS) + [5] * len(INTERVALS)
    for cell in cells:
        rows = again.where(target=cell.target, model=cell.model, k=cell.at["k"])
        shares = [row.coverage for row in rows]
        assert (cell.lowest, cell.highest) == (min(shares), max(shares))
        assert cell.mean == pytest.approx(sum(shares) / 2)
        assert cell.worst in rows and cell.worst.coverage == cell.lowest
        assert cell.width == pytest.approx(sum(row.width for row in rows) / 2)
    assert len(again.over()) == len(INTERVALS)


def test_the_views_of_the_record_show_it(record):
    figure = few_studies_plot(record, title="Few")
    cells = record.over("tau", "k")
    assert list(figure.table["mean"]) == [cell.mean for cell in cells]
    for width in ("desktop", "phone"):
        svg = figure.svg(width)
        assert all(model in svg for model in (GLMM, GLMM_HTS)) and f"τ = {max(TAUS):g}" in svg
    assert figure.svg() == few_studies_plot(record, title="Few").svg()
    worst = min(record.where(target=NEW, model=GLMM), key=lambda row: row.coverage)
    assert f"lowest {100 * worst.coverage:.0f} ({worst.k} studies" in figure.alt
    assert f"{record.replicates:,} simulated data sets in each of" in figure.svg()
    with pytest.raises(ArgumentError, match="study"):
        few_studies_plot(None, title="Few")
    lines = few_studies_table(record).text.splitlines()
    cell = next(c for c in record.over("k") if (c.target, c.model, c.at["k"]) == (*INTERVALS[0], 3))
    row = next(line for line in lines if line.startswith(INTERVALS[0][1]))
    assert row.split(" | ")[2] == f"{100 * cell.mean:.1f}"
    assert sum("lowest coverage" in line for line in lines) == len(INTERVALS)


def test_the_words_of_the_record_are_its_numbers(record):
    told = dict(line.split(" = ") for line in glue_few_studies(record).text.splitlines())
    rows = record.where(target=NEW, model=GLMM)
    assert told["few-new-glmm-short"] == str(sum(row.coverage < 0.94 for row in rows))
    within = min(row.coverage for row in rows if row.tau <= 1)
    assert told["few-new-glmm-within"] == f"{100 * within:.0f}"
    assert told["few-scenarios"] == str(record.scenarios)
    widths = [row.width for row in record.where(target=MEAN, model=BAYES, k=5) if row.tau <= 1]
    assert told["few-bayes-5-width-within"] == f"{100 * np.mean(widths):.1f}"
    near = [row.coverage for row in record.where(target=NEW, model=BAYES, tau=min(TAUS))]
    assert told["few-new-bayes-near"] == f"{100 * np.mean(near):.1f}"
    assert (
        told["few-taus"] == "0.2, 0.6, 1 and 1.5" and told["few-sizes-2"] == "2, 4, 10, 12 and 41"
    )
