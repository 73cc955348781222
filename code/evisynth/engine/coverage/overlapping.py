"""What to do with reports that share patients: bias, coverage and width, on a grid of designs.

A family has three parts, such as centres or periods of recruitment. The log odds of a part are
logit(rate) + family + part, both normal; its events are binomial. A report counts the patients of
one or more parts. Half of the families have one report of all their patients, the others several
that overlap. What is covered is ``rate``, the median of the underlying proportions.
"""

from __future__ import annotations

from itertools import combinations, product
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit, stdtrit

from evisynth.checks import check_whole_number, shown
from evisynth.engine.coverage.overlap_study import LEVEL, OverlapStudy, Way
from evisynth.engine.effects.escalc import escalc
from evisynth.engine.multilevel.covariance import FLOOR, correlations, shrinking
from evisynth.engine.multilevel.model import clusters_of, fit_levels, levels_of
from evisynth.engine.random_effects.model import rma
from evisynth.errors import ArgumentError

RATE, SIZES = 0.7, (10, 30)  # of a part
REPORTS = {
    "interim and final": ((0,), (0, 1), (0, 1, 2)),
    "one part in common": ((0, 1), (1, 2)),
    "whole and parts": ((0,), (1,), (2,), (0, 1, 2)),
}
FAMILIES, TAUS, SIGMAS = (5, 12), (0.2, 0.7), (0.0, 0.4)
CHANCE, BETTER = "by chance", "the better, the more"
LINKS = (CHANCE, BETTER)
NAIVE, CHOSEN = "every report, as if independent", "one independent set, the largest"
MODEL, ROBUST = "every report, with covariance", "every report, with covariance, CR2"
# Where it is not known how many patients reports share: no covariance within families, or the most.
LEAST, LEAST_ROBUST = "every report, covariance unknown", "every report, covariance unknown, CR2"
MOST = "every report, covariance at its most"
WAYS = (NAIVE, CHOSEN, MODEL, ROBUST, LEAST, LEAST_ROBUST, MOST)
_WHOLE = ((0, 1, 2),)


class OverlapDesign(NamedTuple):
    """One scenario.

    ``reports`` is a name of `REPORTS`, ``families`` their number, ``tau`` the standard deviation
    between families and ``sigma`` between parts on the log odds, ``link`` which families have
    several reports.
    """

    reports: str
    families: int
    tau: float
    sigma: float
    link: str


class Reported(NamedTuple):
    """Reports of B data sets: events and totals (B, k), shared (B, k, k), family (k,) of each."""

    xi: np.ndarray
    ni: np.ndarray
    shared: np.ndarray
    family: np.ndarray


def simulate_overlap(
    *, reports=tuple(REPORTS), families=FAMILIES, taus=TAUS, sigmas=SIGMAS, links=LINKS,
    replicates=1_000, seed=1,
):  # fmt: skip
    """Bias, coverage and width of every way of `WAYS`.

    Parameters
    ----------
    reports, families, taus, sigmas, links : sequence
        Parts of `REPORTS`, `FAMILIES`, `TAUS`, `SIGMAS` and `LINKS`. A part gives the rows that
        the whole would.
    replicates, seed : int

    Returns
    -------
    OverlapStudy

    Raises
    ------
    ArgumentError
        A value that the grid does not have; replicates below 2 or above 100,000; a seed that is
        not a whole number from 0.
    """
    function = "simulate_overlap"
    replicates = check_whole_number(function, "replicates", replicates, 2, 100_000)
    seed = check_whole_number(function, "seed", seed, 0, 2**32 - 1)
    for name, values, allowed in (
        ("reports", reports, REPORTS), ("families", families, FAMILIES), ("taus", taus, TAUS),
        ("sigmas", sigmas, SIGMAS), ("links", links, LINKS),
    ):  # fmt: skip
        if isinstance(values, str) or not set(values) <= set(allowed):
            raise ArgumentError(function, name, shown(values), f"some of {shown(list(allowed))}")
    designs = [OverlapDesign(*values) for values in product(reports, families, taus, sigmas, links)]
    rows = [row for design in designs for row in _rows(design, replicates, seed)]
    return OverlapStudy(tuple(rows), replicates, seed, {})


def report(design, replicates, rng):
    """Reports of ``replicates`` data sets of one design.

    Parameters
    ----------
    design : OverlapDesign
    replicates : int
    rng : numpy.random.Generator

    Returns
    -------
    Reported
        Families with several reports first.
    """
    shape = (replicates, design.families, 3)
    ni = rng.integers(SIZES[0], SIZES[1], shape, endpoint=True)
    effects = design.tau * rng.standard_normal(shape[:2])
    if design.link == BETTER:
        effects = -np.sort(-effects, axis=1)
    parts = design.sigma * rng.standard_normal(shape)
    xi = rng.binomial(ni, expit(logit(RATE) + effects[:, :, None] + parts))
    member, family = _membership(design)
    in_reports = np.einsum("bfp,kfp->bk", xi, member), np.einsum("bfp,kfp->bk", ni, member)
    shared = np.einsum("kfp,bfp,lfp->bkl", member, ni, member, optimize=True)
    return Reported(*in_reports, shared, family)


def _reports_of(design):
    """Of each family its reports, as the parts that they count."""
    several = -(-design.families // 2)
    return [REPORTS[design.reports] if f < several else _WHOLE for f in range(design.families)]


def _membership(design):
    """Which parts of which family each report counts, (k, families, 3), and its family, (k,)."""
    places = [(f, parts) for f, of in enumerate(_reports_of(design)) for parts in of]
    member = np.zeros((len(places), design.families, 3), dtype=int)
    for i, (f, parts) in enumerate(places):
        member[i, f, list(parts)] = 1
    return member, np.array([f for f, _ in places])


def largest_independent(design, ni):
    """Reports that count most patients with none of them twice; of equal sets the fewest reports.

    Parameters
    ----------
    design : OverlapDesign
    ni : ndarray, shape (B, k)

    Returns
    -------
    ndarray of bool, shape (B, k)
    """
    chosen, start = np.zeros(ni.shape, dtype=bool), 0
    for reports in _reports_of(design):
        stop = start + len(reports)
        sets = np.array(list(_independent_sets(reports)))
        chosen[:, start:stop] = sets[np.argmax(ni[:, start:stop] @ sets.T, axis=1)]
        start = stop
    return chosen


def _independent_sets(reports):
    """Sets of reports without a common part, the smallest first, as 0 and 1."""
    for size in range(1, len(reports) + 1):
        for some in combinations(range(len(reports)), size):
            parts = [part for i in some for part in reports[i]]
            if len(parts) == len(set(parts)):
                yield [int(i in some) for i in range(len(reports))]


def _rows(design, replicates, seed):
    rng = np.random.default_rng([seed, *_stream(design)])
    data = report(design, replicates, rng)
    yi, vi = escalc("PLO", xi=data.xi, ni=data.ni)
    chosen = largest_independent(design, data.ni)
    found = {
        NAIVE: _pooled(yi, vi, np.ones_like(chosen)),
        CHOSEN: _pooled(yi, vi, chosen),
    } | _with_bounds(data, yi, vi)
    return [_way(way, design, *found[way]) for way in WAYS]


def _stream(design):
    """Numbers of a design, so that leaving one out changes no other."""
    names = list(REPORTS).index(design.reports), LINKS.index(design.link)
    return *names, design.families, round(1e6 * design.tau), round(1e6 * design.sigma)


def _pooled(yi, vi, subset):
    result = rma(yi, vi, measure="PLO", level=LEVEL, subset=subset)
    return expit([result.estimate, result.ci_lb, result.ci_ub])


def _with_bounds(data, yi, vi):
    """Estimates and limits, (3, B), with the true numbers shared and with either bound of them."""
    same = np.equal.outer(data.family, data.family)
    most = same * np.minimum(data.ni[:, :, None], data.ni[:, None, :])
    none = most * np.eye(len(data.family), dtype=int)
    found = {
        (MODEL, ROBUST): data.shared,
        (LEAST, LEAST_ROBUST): none,
        (MOST, None): most,
    }
    return {
        way: limits
        for names, shared in found.items()
        for way, limits in _with_covariance(names, data._replace(shared=shared), yi, vi).items()
    }


def _with_covariance(names, data, yi, vi):
    """Of the multilevel model and of CR2 beside it, under two names."""
    R = correlations(vi, data.xi, data.ni, data.shared)
    V = R * shrinking(R, FLOOR) * np.sqrt(vi[:, :, None] * vi[:, None, :])
    levels = levels_of(data.family.tolist(), range(len(data.family)))
    clusters, _ = clusters_of(V[0], levels)
    found = fit_levels(yi, V, levels, clusters)
    upper, mean = 0.5 + LEVEL / 2, found.estimate
    model = found.wald_se * stdtrit(levels.families - 1, upper)
    robust = found.robust.variance**0.5 * stdtrit(found.robust.df, upper)
    halves = dict(zip(names, (model, robust), strict=True))
    return {way: expit([mean, mean - half, mean + half]) for way, half in halves.items()}


def _way(way, design, estimate, lower, upper):
    held = (lower <= RATE) & (upper >= RATE)
    share = float(np.mean(held))
    return Way(
        way, *design, round(float(np.mean(estimate)) - RATE, 5), round(share, 5),
        round((share * (1 - share) / held.size) ** 0.5, 5),
        round(float(np.median(upper - lower)), 4),
    )  # fmt: skip
