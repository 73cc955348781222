"""Two pools compared across reports, which no study compares: a regression on the pool."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from evisynth.engine.glmm.model import rma_glmm

NEEDED = 10  # studies per coefficient, the least for a regression


class Across(NamedTuple):
    """An odds ratio across reports: it with its limits, and the spread left between cohorts."""

    odds_ratio: tuple[float, float, float]
    tau: float


def odds_ratio_across(analysis, first, second):
    """Odds ratio between the cohorts of two pools.

    Whatever else differs between the cohorts is in it: it describes, and is no effect.

    Parameters
    ----------
    analysis : Analysis
    first, second : str
        Pool ids.

    Returns
    -------
    Across or None
        Odds of the second pool over those of the first with limits from t(k - 2), by the
        binomial-normal model with one common standard deviation between cohorts (log odds); None
        where there are too few cohorts to fit it.
    """
    one, other = analysis[first], analysis[second]
    xi, ni = (*one.xi, *other.xi), (*one.ni, *other.ni)
    if len(xi) < 2 * NEEDED:
        return None
    group = np.repeat([0.0, 1.0], [len(one.xi), len(other.xi)])
    fit = rma_glmm(xi, ni, mods={"second": group})
    numbers = np.exp([fit.estimate[1], fit.ci_lb[1], fit.ci_ub[1]])
    return Across(tuple(map(float, numbers)), float(fit.tau2**0.5))
