"""Coverage of the intervals between which the rule for few studies chooses, on a grid of designs.

Underlying log odds are normal about logit(rate) with standard deviation tau, events binomial,
totals dealt from a list of sizes. Two targets: ``rate``, the median of the underlying proportions,
and the underlying proportion of a new study.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.special import expit, logit, ndtr, stdtrit

from evisynth.checks import check_whole_number, shown
from evisynth.engine.coverage.held import LEVEL, FewStudies, Held
from evisynth.engine.coverage.simulation import Scenario
from evisynth.engine.coverage.tabulated_posterior import TabulatedPosterior
from evisynth.engine.glmm.model import rma_glmm
from evisynth.errors import ArgumentError

SIZES = {"10 to 60": tuple(range(10, 61)), "2 to 41": (2, 4, 10, 12, 41),
         "3 to 227": (3, 9, 27, 70, 227)}  # fmt: skip
KS, RATES, TAUS = (3, 4, 5, 6, 8, 12, 20), (0.5, 0.6, 0.85, 0.93), (0.2, 0.6, 1.0, 1.5)
MEAN, NEW = "mean", "new study"
GLMM, GLMM_HTS, BAYES = "GLMM, t(k \u2212 1)", "GLMM, t(k \u2212 2)", "Bayes, HN(1)"
INTERVALS = ((MEAN, GLMM), (MEAN, BAYES), (NEW, GLMM), (NEW, GLMM_HTS), (NEW, BAYES))


def simulate_few_studies(
    *, sizes=tuple(SIZES), ks=KS, rates=RATES, taus=TAUS, replicates=2_000, seed=1
):
    """Coverage and median width of every interval of `INTERVALS`.

    Parameters
    ----------
    sizes : sequence of str
        Names of `SIZES`.
    ks, rates, taus : sequence
        Parts of `KS`, `RATES` and `TAUS`. A part gives the rows that the whole would.
    replicates, seed : int

    Returns
    -------
    FewStudies

    Raises
    ------
    ArgumentError
        A value that the grid does not have; replicates below 2 or above 100,000; a seed that is
        not a whole number from 0.
    """
    function = "simulate_few_studies"
    replicates = check_whole_number(function, "replicates", replicates, 2, 100_000)
    seed = check_whole_number(function, "seed", seed, 0, 2**32 - 1)
    for name, values, allowed in (
        ("sizes", sizes, SIZES), ("ks", ks, KS), ("rates", rates, RATES), ("taus", taus, TAUS)
    ):  # fmt: skip
        if isinstance(values, str) or not set(values) <= set(allowed):
            raise ArgumentError(function, name, shown(values), f"some of {shown(list(allowed))}")
    rows = []
    for name in sizes:
        posterior = _posterior(SIZES[name])
        for k, rate, tau in product(ks, rates, taus):
            rows += _rows(name, Scenario(k, rate, tau), posterior, replicates, seed)
    return FewStudies(tuple(rows), replicates, seed, {})


def deal(sizes, k, replicates, rng):
    """Totals of shape (replicates, k), dealt as cards: each size once before any comes twice."""
    rounds = -(-k // len(sizes))
    deck = np.tile(np.asarray(sizes), (replicates, 1))
    return np.concatenate([rng.permuted(deck, axis=1) for _ in range(rounds)], axis=1)[:, :k]


def _posterior(sizes):
    """Tabulated for all counts that the sizes allow, so that no part of the grid changes it."""
    ni = np.concatenate([np.full(n + 1, n) for n in sizes])
    xi = np.concatenate([np.arange(n + 1) for n in sizes])
    return TabulatedPosterior(xi, ni, RATES, max(KS))


def _rows(name, scenario, posterior, replicates, seed):
    millionths = (round(1e6 * value) for value in (scenario.rate, scenario.tau))
    rng = np.random.default_rng([seed, *SIZES[name], scenario.k, *millionths])
    ni = deal(SIZES[name], scenario.k, replicates, rng)
    theta = logit(scenario.rate) + scenario.tau * rng.standard_normal(ni.shape)
    xi = rng.binomial(ni, expit(theta))
    fits = rma_glmm(xi, ni, level=LEVEL)
    kept = fits.estimable
    found = _limits(fits, posterior.limits_and_predictions(xi, ni, LEVEL), scenario.k)
    none = int(np.count_nonzero(~kept))
    return [
        _held(*interval, name, scenario, *found[interval][:, kept], none) for interval in INTERVALS
    ]


def _limits(fits, bayes, k):
    """Limits of each interval, proportions of shape (2, B)."""
    # One standard error serves both degrees of freedom.
    upper = 0.5 + LEVEL / 2
    half = (fits.pi_ub - fits.estimate) * stdtrit(k - 2, upper) / stdtrit(k - 1, upper)
    return {
        (MEAN, GLMM): expit([fits.ci_lb, fits.ci_ub]),
        (MEAN, BAYES): bayes[1:3],
        (NEW, GLMM): expit([fits.pi_lb, fits.pi_ub]),
        (NEW, GLMM_HTS): expit([fits.estimate - half, fits.estimate + half]),
        (NEW, BAYES): bayes[3:],
    }


def _held(target, model, name, scenario, lower, upper, none):
    if target == MEAN:
        held = (lower <= scenario.rate) & (scenario.rate <= upper)
    else:
        # Given its limits, the probability that a new study lies between them is known.
        with np.errstate(divide="ignore"):
            z = (logit([lower, upper]) - logit(scenario.rate)) / scenario.tau
        held = ndtr(z[1]) - ndtr(z[0])
    return Held(
        target, model, name, scenario.k, scenario.rate, scenario.tau,
        round(float(np.mean(held)), 5), round(float(np.std(held) / held.size**0.5), 5),
        round(float(np.median(upper - lower)), 4), none,
    )  # fmt: skip
