"""The model fitted to every subset of the studies: graphical display of study heterogeneity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evisynth.checks import check_choice, check_whole_number
from evisynth.engine.diagnostics.refits import check_studies
from evisynth.engine.effects.measures import MEASURES
from evisynth.engine.random_effects.model import rma
from evisynth.engine.random_effects.result import MetaAnalysis
from evisynth.engine.random_effects.tau2 import ESTIMATORS, stack_of
from evisynth.errors import ArgumentError
from evisynth.result import Result

ALL_SUBSETS_K = 20
_CHUNK = 1 << 15


@dataclass(frozen=True, eq=False)
class Gosh(Result):
    """A fit of every subset of the studies, or of a sample of them.

    Attributes
    ----------
    estimate, tau2, I2 : ndarray, shape (B,)
        Mean on the display scale of ``measure``; tau2 on the analysis scale; I2 in percent, nan
        for subsets of one study.
    k : ndarray of int, shape (B,)
    subsets : ndarray of bool, shape (B, k)
    sampled : bool
        Whether the subsets are a sample.
    whole : MetaAnalysis
    """

    measure: str
    method: str
    slab: tuple[str, ...]
    estimate: np.ndarray
    tau2: np.ndarray
    I2: np.ndarray
    k: np.ndarray
    subsets: np.ndarray
    sampled: bool
    whole: MetaAnalysis
    notes: tuple[str, ...] = ()

    def terms(self):
        """Quartiles of the estimates with and without each study."""
        rows = []
        for i, label in enumerate(self.slab):
            for word, has in (("with", self.subsets[:, i]), ("without", ~self.subsets[:, i])):
                low, middle, high = np.quantile(self.estimate[has], [0.25, 0.5, 0.75])
                rows.append({
                    "term": f"{word} {label}", "estimate": middle, "lower_quartile": low,
                    "upper_quartile": high, "scale": MEASURES[self.measure].name,
                })  # fmt: skip
        return rows

    def __repr__(self):
        """How many subsets, and the range of their estimates."""
        what = "sampled subsets" if self.sampled else "subsets"
        low, high = self.estimate.min(), self.estimate.max()
        return f"<GOSH, {len(self.estimate)} {what}: {low:.3f} to {high:.3f}>"


def gosh(yi, vi, *, slab=None, method="REML", measure="GEN", samples=100_000, seed=1):
    """Fit a model to all subsets of the studies: graphical display of study heterogeneity.

    Parameters
    ----------
    yi, vi, slab, method, measure
        Of `rma`, 2 <= k.
    samples : int
        How many subsets are drawn, each study in or out by a fair coin, where k is above 20;
        up to there all 2^k - 1 are taken.
    seed : int

    Returns
    -------
    Gosh

    Raises
    ------
    ArgumentError
        As `rma`; k < 2; the measure PFT, whose back-transform is another one for each subset.

    References
    ----------
    Olkin I, Dahabreh IJ, Trikalinos TA (2012) Res Synth Methods 3:214.

    Examples
    --------
    >>> from evisynth import gosh
    >>> subsets = gosh([-0.4, -0.1, -0.6, 0.9], [0.04, 0.03, 0.09, 0.06])
    >>> len(subsets.estimate), subsets.sampled
    (15, False)
    >>> round(float(subsets.estimate.min()), 2), round(float(subsets.estimate.max()), 2)
    (-0.6, 0.9)
    """
    yi, vi, slab = check_studies("gosh", yi, vi, slab, 2)
    check_choice("gosh", "method", method, ESTIMATORS)
    check_choice("gosh", "measure", measure, [m for m in MEASURES if m != "PFT"])
    samples = check_whole_number("gosh", "samples", samples, 1, 10_000_000)
    seed = check_whole_number("gosh", "seed", seed, 0, 2**32 - 1)
    sampled = yi.size > ALL_SUBSETS_K
    subsets = _sample(yi.size, samples, seed) if sampled else _all_subsets(yi.size)
    parts = [
        _fit_subsets(method, yi, vi, subsets[start : start + _CHUNK])
        for start in range(0, len(subsets), _CHUNK)
    ]
    estimate, tau2, I2 = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    with np.errstate(over="ignore"):
        shown = MEASURES[measure].back_transform(estimate)
    if not np.all(np.isfinite(shown)):
        given = f"so large that an {MEASURES[measure].name} is beyond floating point"
        raise ArgumentError("gosh", "yi", given, "smaller effects, or the measure GEN")
    return Gosh(
        measure, method, slab, shown, tau2, I2,
        subsets.sum(axis=1), subsets, sampled,
        rma(yi, vi, method=method, measure=measure, slab=slab),
    )  # fmt: skip


def _fit_subsets(method, yi, vi, subset):
    stack = stack_of(yi, vi, subset)
    tau2 = ESTIMATORS[method](stack)
    estimate = stack.model.coefficients(stack.weights(tau2), stack.yi)[0] + stack.shift
    spread = ESTIMATORS["DL"](stack) if method == "EE" else tau2
    with np.errstate(invalid="ignore", divide="ignore"):
        I2 = 100 * spread / (spread + stack.typical_variance())
    return estimate, tau2, np.where(stack.k > 1, I2, np.nan)


def _all_subsets(k):
    numbers = np.arange(1, 2**k)
    return (numbers[:, None] >> np.arange(k) & 1).astype(bool)


def _sample(k, samples, seed):
    rng = np.random.default_rng(seed)
    subsets = rng.random((samples, k)) < 0.5
    empty = ~subsets.any(axis=1)
    subsets[empty, rng.integers(0, k, empty.sum())] = True
    return subsets
