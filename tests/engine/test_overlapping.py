"""The simulation of reports that share patients: its data, its record and their views."""

from itertools import combinations, product

import numpy as np
import pytest
from evisynth.accuracy import glue_overlap_ways, overlap_ways
from evisynth.engine.coverage.overlap_record import read_overlap, write_overlap
from evisynth.engine.coverage.overlapping import (
    BETTER,
    CHANCE,
    CHOSEN,
    FAMILIES,
    LEAST,
    LINKS,
    MODEL,
    MOST,
    NAIVE,
    REPORTS,
    ROBUST,
    SIGMAS,
    TAUS,
    WAYS,
    OverlapDesign,
    largest_independent,
    report,
    simulate_overlap,
)
from evisynth.engine.effects.escalc import escalc
from evisynth.engine.multilevel.covariance import logit_covariance
from evisynth.engine.multilevel.model import rma_mv
from evisynth.engine.random_effects.model import rma
from evisynth.errors import ArgumentError, EvisynthError
from scipy.special import expit

SLICE = {"reports": ["whole and parts"], "families": [5], "taus": [0.7], "sigmas": [0.4]}


@pytest.fixture(scope="module")
def record():
    return read_overlap()


def some(name="whole and parts", link=CHANCE, replicates=50):
    design = OverlapDesign(name, 5, 0.7, 0.4, link)
    return design, report(design, replicates, np.random.default_rng(3))


@pytest.mark.parametrize("name", list(REPORTS))
def test_reports_share_what_their_parts_have_in_common(name):
    _, data = some(name)
    k = data.family.size
    assert np.array_equal(np.einsum("bkk->bk", data.shared), data.ni)
    assert np.all(data.xi <= data.ni) and data.ni.shape == (50, k)
    apart = ~np.equal.outer(data.family, data.family)
    assert not data.shared[:, apart].any()
    # Three families of several reports, two of one.
    assert k == 3 * len(REPORTS[name]) + 2
    parts = REPORTS[name]
    for i, j in combinations(range(len(parts)), 2):
        assert np.all((data.shared[:, i, j] > 0) == bool(set(parts[i]) & set(parts[j])))


def test_the_better_families_have_more_reports_where_that_is_the_design():
    rates = {}
    for link in LINKS:
        _, data = some(link=link, replicates=2_000)
        last = data.family >= 3
        rates[link] = data.xi[:, ~last].sum() / data.ni[:, ~last].sum()
        rates[link] -= data.xi[:, last].sum() / data.ni[:, last].sum()
    assert abs(rates[CHANCE]) < 0.01 and rates[BETTER] > 0.15


@pytest.mark.parametrize("name", list(REPORTS))
def test_the_independent_set_counts_nobody_twice_and_no_other_counts_more(name):
    design, data = some(name, replicates=30)
    chosen = largest_independent(design, data.ni)
    for keep, ni, shared in zip(chosen, data.ni, data.shared, strict=True):
        for family in range(design.families):
            own = np.flatnonzero(data.family == family)
            best = 0
            for mask in product([False, True], repeat=own.size):
                of = own[list(mask)]
                if all(shared[i, j] == 0 for i, j in combinations(of, 2)):
                    best = max(best, ni[of].sum())
            assert ni[own[keep[own]]].sum() == best
            assert all(shared[i, j] == 0 for i, j in combinations(own[keep[own]], 2))


def test_a_slice_of_the_record_comes_out_again(record):
    options = {"replicates": record.replicates, "seed": record.seed, "links": [BETTER]}
    again = simulate_overlap(**SLICE, **options)
    kept = record.where(reports="whole and parts", families=5, tau=0.7, sigma=0.4, link=BETTER)
    assert len(again.rows) == len(kept) == len(WAYS)
    for ours, theirs in zip(again.rows, kept, strict=True):
        assert (ours.way, ours.link) == (theirs.way, theirs.link)
        # Iterated to 1e-11: one of the 2,000 data sets may fall on the other side of a limit.
        assert ours.coverage == pytest.approx(theirs.coverage, abs=6e-4)
        assert ours.bias == pytest.approx(theirs.bias, abs=2e-5)
        assert ours.width == pytest.approx(theirs.width, abs=2e-4)


def test_each_way_is_what_its_function_gives_of_one_data_set_alone():
    found = simulate_overlap(**SLICE, links=[CHANCE], replicates=2, seed=9)
    design = OverlapDesign("whole and parts", 5, 0.7, 0.4, CHANCE)
    names = list(REPORTS).index(design.reports), LINKS.index(CHANCE)
    rng = np.random.default_rng([9, *names, 5, 700_000, 400_000])
    data = report(design, 2, rng)
    chosen = largest_independent(design, data.ni)
    widths = {way: [] for way in (NAIVE, CHOSEN, MODEL, ROBUST, LEAST, MOST)}
    for x, n, m, keep in zip(data.xi, data.ni, data.shared, chosen, strict=True):
        yi, vi = escalc("PLO", xi=x, ni=n)
        same = np.equal.outer(data.family, data.family)
        models = {
            MODEL: logit_covariance(x, n, m), LEAST: logit_covariance(x, n, np.diag(n)),
            MOST: logit_covariance(x, n, same * np.minimum.outer(n, n)),
        }  # fmt: skip
        fits = {way: rma_mv(c.yi, c.V, data.family.tolist()) for way, c in models.items()}
        fits |= {NAIVE: rma(yi, vi), CHOSEN: rma(yi[keep], vi[keep]), ROBUST: fits[MODEL].robust}
        for way, one in fits.items():
            widths[way].append(expit(one.ci_ub) - expit(one.ci_lb))
    for way, of in widths.items():
        (row,) = found.where(way=way)
        assert row.width == pytest.approx(np.median(of), abs=1e-4), way


def test_the_record_holds_the_whole_grid_once(record):
    rows = [(r.way, r.reports, r.families, r.tau, r.sigma, r.link) for r in record.rows]
    grid = product(WAYS, REPORTS, FAMILIES, TAUS, SIGMAS, LINKS)
    assert sorted(rows) == sorted(grid)
    assert record.designs * len(WAYS) == len(rows) and record.replicates >= 2_000
    assert set(record.made) == {"python", "numpy", "scipy"}


def test_the_record_is_written_as_it_is_read(record, tmp_path):
    path = tmp_path / "again.json"
    write_overlap(record, path)
    assert read_overlap(path).rows == record.rows
    path.write_text("{}", "utf-8")
    for wrong in (path, tmp_path / "none.json"):
        with pytest.raises(EvisynthError, match=r"evisynth\.engine\.coverage\.overlap_record"):
            read_overlap(wrong)


def test_what_the_simulation_shows(record):
    of = {cell.way: cell for cell in record.over()}
    better = {cell.way: cell for cell in record.over("link") if cell.at["link"] == BETTER}
    # Counting patients twice: too narrow, and drawn to the families with many reports.
    assert of[NAIVE].coverage < 0.86 and of[NAIVE].width < 0.7 * of[CHOSEN].width
    assert better[NAIVE].most_biased > 0.03
    # Once each, chosen or with covariance: the level holds; all reports are a little narrower.
    for way in (CHOSEN, MODEL, ROBUST):
        assert of[way].coverage > 0.94 and of[way].lowest > 0.91
        assert abs(better[way].most_biased) < 0.02
    assert 0.94 * of[CHOSEN].width < of[MODEL].width < of[CHOSEN].width


def test_the_views_show_the_record(record):
    lines = overlap_ways(record).text.splitlines()
    cell = next(c for c in record.over("link") if (c.way, c.at["link"]) == (MODEL, CHANCE))
    row = next(line for line in lines if line.startswith("Every report, with covariance |"))
    assert row.split(" | ")[3:] == [
        f"{100 * value:.1f}" for value in (cell.coverage, cell.lowest, cell.width)
    ]
    told = dict(line.split(" = ") for line in glue_overlap_ways(record).text.splitlines())
    naive = next(c for c in record.over() if c.way == NAIVE)
    assert told["overlap-naive-lowest"] == f"{100 * naive.lowest:.0f}"
    assert told["overlap-designs"] == "48" and told["overlap-replicates"] == "2,000"


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"reports": ["none"]}, "reports"),
        ({"reports": "whole and parts"}, "reports"),
        ({"families": [6]}, "families"),
        ({"taus": [0.1]}, "taus"),
        ({"sigmas": [1]}, "sigmas"),
        ({"links": ["never"]}, "links"),
        ({"replicates": 1}, "replicates"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_wrong_argument_is_named(options, argument):
    with pytest.raises(ArgumentError) as error:
        simulate_overlap(**options)
    assert (error.value.function, error.value.argument) == ("simulate_overlap", argument)
