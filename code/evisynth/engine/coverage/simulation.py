"""How often the intervals of several methods hold the truth, for single-arm proportions.

Underlying log odds are normal about logit(rate) with standard deviation tau, totals even between
two sizes, events binomial. What is covered is ``rate``, the median of the underlying proportions.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy.special import expit, logit

from evisynth.checks import check_level, check_whole_number, shown
from evisynth.engine.coverage.tabulated_posterior import TabulatedPosterior
from evisynth.engine.effects.escalc import escalc, normal_quantile
from evisynth.engine.glmm.model import rma_glmm
from evisynth.engine.random_effects.model import rma
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.result import Result

SIZES = (10, 60)
TWO_STEP = {
    "logit, DL, Wald": ("PLO", "DL", "z"),
    "logit, REML, ad hoc KH": ("PLO", "REML", "adhoc"),
    "arcsine, REML, ad hoc KH": ("PAS", "REML", "adhoc"),
}
METHODS = (*TWO_STEP, "GLMM, z", "GLMM, t(k − 1)", "Bayes, HN(1)")
_MOST = 100_000


@dataclass(frozen=True)
class Scenario:
    """``k`` studies of a common median proportion ``rate``; ``tau`` on the log odds."""

    k: int
    rate: float
    tau: float


SCENARIOS = tuple(
    Scenario(k, rate, tau) for rate in (0.8, 0.93) for tau in (0.0, 0.6) for k in (3, 5, 10, 20)
)


@dataclass(frozen=True)
class Coverage:
    """What one method did in one scenario.

    Attributes
    ----------
    method : str
    k, rate, tau
        Of the `Scenario`.
    coverage, mc_error : float
        Share of the intervals that hold ``rate``, and its Monte Carlo standard error.
    mc_lb, mc_ub : float
        Wilson's 95 percent interval of that share.
    width, bias : float
        Mean width of the intervals and mean of estimate less ``rate``, as proportions.
    replicates, none : int
        Data sets simulated; those of them without an estimate, which the rest leaves out.
    """

    method: str
    k: int
    rate: float
    tau: float
    coverage: float
    mc_error: float
    mc_lb: float
    mc_ub: float
    width: float
    bias: float
    replicates: int
    none: int


@dataclass(frozen=True)
class CoverageStudy(Result):
    """Every method in every scenario; ``rows`` has the methods of a scenario together."""

    rows: tuple[Coverage, ...]
    level: float
    replicates: int
    seed: int
    sizes: tuple[int, int]
    notes: tuple[str, ...] = ()

    @property
    def methods(self):
        """Names, in the order of `METHODS`."""
        return tuple(dict.fromkeys(row.method for row in self.rows))

    def terms(self):
        """A row per method and scenario."""
        return [{f.name: getattr(row, f.name) for f in fields(row)} for row in self.rows]

    def where(self, **values):
        """Rows of a method, or of a part of the scenarios: ``where(k=5, tau=0.6)``."""
        return tuple(
            row for row in self.rows if all(getattr(row, n) == v for n, v in values.items())
        )

    def __repr__(self):
        """How many methods, scenarios and data sets."""
        scenarios = len(self.rows) // len(self.methods)
        sets = f"{self.replicates} data sets each"
        return f"<coverage of {len(self.methods)} methods, {scenarios} scenarios, {sets}>"


def simulate(scenario, replicates, rng, *, sizes=SIZES):
    """Counts of ``replicates`` data sets.

    Parameters
    ----------
    scenario : Scenario
    replicates : int
    rng : numpy.random.Generator
    sizes : (int, int)
        Least and largest total.

    Returns
    -------
    xi, ni : ndarray of int, shape (replicates, k)
    """
    shape = (replicates, scenario.k)
    ni = rng.integers(sizes[0], sizes[1], shape, endpoint=True)
    theta = logit(scenario.rate) + scenario.tau * rng.standard_normal(shape)
    return rng.binomial(ni, expit(theta)), ni


def coverage(*, scenarios=SCENARIOS, replicates=1_000, seed=1, level=0.95, sizes=SIZES):
    """Coverage, width and bias of every method of `METHODS`.

    Parameters
    ----------
    scenarios : sequence of Scenario
        k from 2 to 20, rate from 0.02 to 0.98, tau from 0 to 2.
    replicates : int
        Data sets of each scenario.
    seed : int
        Each scenario has a stream of its own, so that leaving one out changes no other.
    level : float in (0, 1)
    sizes : (int, int)
        Totals of the studies, even between the two; from 2 to 100.

    Returns
    -------
    CoverageStudy

    Raises
    ------
    ArgumentError
        An argument that is not as said.
    """
    scenarios = _check_scenarios(scenarios)
    replicates = check_whole_number("coverage", "replicates", replicates, 2, _MOST)
    seed = check_whole_number("coverage", "seed", seed, 0, 2**32 - 1)
    level, sizes = check_level("coverage", level), _check_sizes(sizes)
    data = [
        simulate(s, replicates, np.random.default_rng(_stream(seed, s)), sizes=sizes)
        for s in scenarios
    ]
    every = (
        np.concatenate([counts.ravel() for counts in arrays]) for arrays in zip(*data, strict=True)
    )
    posterior = TabulatedPosterior(*every, [s.rate for s in scenarios], max(s.k for s in scenarios))
    rows = [
        _row(method, scenario, limits)
        for scenario, counts in zip(scenarios, data, strict=True)
        for method, limits in limits_of(*counts, level, posterior).items()
    ]
    return CoverageStudy(tuple(rows), level, replicates, seed, sizes)


def _stream(seed, scenario):
    return [seed, scenario.k, round(1e6 * scenario.rate), round(1e6 * scenario.tau)]


def _check_scenarios(scenarios):
    allowed = "scenarios with k from 2 to 20, rate from 0.02 to 0.98 and tau from 0 to 2"
    try:
        found = tuple(scenarios)
        good = [s.k in range(2, 21) and 0.02 <= s.rate <= 0.98 and 0 <= s.tau <= 2 for s in found]
    except (AttributeError, TypeError):
        raise ArgumentError("coverage", "scenarios", shown(scenarios), allowed) from None
    if not found or not all(good):
        raise ArgumentError("coverage", "scenarios", shown(scenarios), allowed)
    return found


def _check_sizes(sizes):
    try:
        low, high = sizes
    except (TypeError, ValueError):
        raise ArgumentError("coverage", "sizes", shown(sizes), "two whole numbers") from None
    low = check_whole_number("coverage", "sizes", low, 2, 100)
    return low, check_whole_number("coverage", "sizes", high, low, 100)


def limits_of(xi, ni, level, posterior):
    """Estimate and limits of each method, proportions of shape (3, B), nan where it has none."""
    found = {
        name: _two_step(xi, ni, level, measure, method, test)
        for name, (measure, method, test) in TWO_STEP.items()
    }
    # One fit serves both quantiles.
    fits = rma_glmm(xi, ni, level=level)
    z = normal_quantile(level) * fits.se
    found["GLMM, z"] = expit([fits.estimate, fits.estimate - z, fits.estimate + z])
    found["GLMM, t(k − 1)"] = expit([fits.estimate, fits.ci_lb, fits.ci_ub])
    found["Bayes, HN(1)"] = posterior.limits(xi, ni, level)
    return found


def _two_step(xi, ni, level, measure, method, test):
    effects = escalc(measure, xi=xi, ni=ni)
    shown_ = rma(*effects, method=method, test=test, measure=measure, level=level).displayed
    return np.array([shown_[name] for name in ("estimate", "ci_lb", "ci_ub")])


def _row(method, scenario, limits):
    """What a method's limits of shape (3, B) come to."""
    replicates = limits.shape[1]
    estimate, lower, upper = limits[:, np.isfinite(limits).all(axis=0)]
    m = estimate.size
    if m == 0:
        raise NotEstimable(
            f"coverage: {method} has no estimate in any data set of {scenario}; "
            "remedy: larger studies, or a rate further from 0 and 1."
        )
    share = float(np.mean((lower <= scenario.rate) & (scenario.rate <= upper)))
    low, high = _wilson(share, m)
    return Coverage(
        method, scenario.k, scenario.rate, scenario.tau, share, (share * (1 - share) / m) ** 0.5,
        low, high, float(np.mean(upper - lower)), float(np.mean(estimate) - scenario.rate),
        replicates, replicates - m,
    )  # fmt: skip


def _wilson(share, m):
    """Wilson's 95 percent interval of a share; it has a width also where that is 1."""
    z2 = normal_quantile(0.95) ** 2
    middle = (share + z2 / (2 * m)) / (1 + z2 / m)
    half = (z2 * (share * (1 - share) / m + z2 / (4 * m**2))) ** 0.5 / (1 + z2 / m)
    return middle - half, min(middle + half, 1.0)
