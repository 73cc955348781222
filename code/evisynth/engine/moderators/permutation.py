"""Permutation tests of a meta-regression: which p-values come from the moderators' order alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial, prod

import numpy as np

from evisynth.checks import check_whole_number
from evisynth.engine.moderators.design import INTERCEPT, fit_stack, orthogonal, wald_statistics
from evisynth.engine.moderators.meta_regression import MetaRegression
from evisynth.errors import ArgumentError
from evisynth.result import Result

EXACT_LIMIT = 10_000
_MOST = 1_000_000
_COUNTED = 10**15
_CHUNK = 1 << 21  # numbers of the designs that are fitted at once
# Statistics of permutations that are the same but for rounding count as equal.
_SAME = 1e-8


@dataclass(frozen=True, repr=False)
class PermutationTest(Result):
    """p-values of a meta-regression from permutations of the moderators over the studies.

    Attributes
    ----------
    names : tuple of str
        Of the coefficients.
    coefficients, statistics : tuple of float
        Observed; z or t as in the fit.
    p : tuple of float
        Two-sided, per coefficient: the share of permutations with a statistic at least as far
        from 0.
    QM, QM_p : float
        Observed test of all moderators, and the share of permutations at least as large.
    permutations : int
        Fitted, the observed order among them.
    distinct : int or None
        Different orders that there are, None from 1e15 on; all are fitted where ``exact``.
    exact : bool
    seed : int or None
    """

    names: tuple[str, ...]
    coefficients: tuple[float, ...]
    statistics: tuple[float, ...]
    p: tuple[float, ...]
    QM: float
    QM_df: tuple[int, ...]
    QM_p: float
    k: int
    permutations: int
    distinct: int | None
    exact: bool
    seed: int | None
    notes: tuple[str, ...] = ()

    def terms(self):
        """A row per coefficient; a permutation test gives no limits."""
        rows = zip(self.names, self.coefficients, self.statistics, self.p, strict=True)
        empty = {"ci_lb": None, "ci_ub": None, "scale": "analysis"}
        return [
            {"term": n, "estimate": b} | empty | {"statistic": s, "p": p} for n, b, s, p in rows
        ]

    def __repr__(self):
        how = "exact" if self.exact else "sampled"
        return (
            f"<permutation test, {how}, {self.permutations} orders of k = {self.k}: "
            f"{'F' if len(self.QM_df) > 1 else 'QM'} = {self.QM:.3f}, p = {self.QM_p:.4f}>"
        )


def permutest(fit, *, permutations=5_000, seed=1, limit=EXACT_LIMIT):
    """Permutation test of the moderators of a meta-regression.

    The rows of the design matrix change places over the studies, effects and variances stay; each
    order is fitted anew, its between-study variance with it.

    Parameters
    ----------
    fit : MetaRegression
        Its method and test are those of every permutation.
    permutations : int, from 100
        Orders drawn where there are too many for all of them, the observed one counted in.
    seed : int, from 0
        Of the draw.
    limit : int
        Up to so many distinct orders all are taken: the test is exact.

    Returns
    -------
    PermutationTest

    Raises
    ------
    ArgumentError
        Something that is no MetaRegression, or numbers out of range.
    NotEstimable
        Variances so unequal that some order cannot be fitted.

    References
    ----------
    Higgins JPT, Thompson SG (2004) Stat Med 23:1663; two-sided as in Viechtbauer W et al (2015)
    Psychol Methods 20:360.
    """
    if not isinstance(fit, MetaRegression):
        given = f"a {type(fit).__name__}"
        raise ArgumentError("permutest", "fit", given, "a result of meta_regression")
    check_whole_number("permutest", "permutations", permutations, 100, _MOST)
    check_whole_number("permutest", "seed", seed, 0, 2**32 - 1)
    check_whole_number("permutest", "limit", limit, 0, _MOST)
    X = np.array(fit.X)
    _, kind, sizes = np.unique(X, axis=0, return_inverse=True, return_counts=True)
    distinct = distinct_orders(sizes)
    exact = distinct <= limit
    rows = np.array([np.flatnonzero(kind.ravel() == i)[0] for i in range(sizes.size)])
    orders = rows[all_orders(sizes)] if exact else _drawn(fit.k, permutations, seed)
    each, together = _statistics(fit, X, orders)
    # A rounding error must not put the observed order outside its own distribution.
    observed = np.abs(fit.statistics)
    p = np.mean(np.abs(each) >= observed - _SAME * (1 + observed), axis=0)
    QM_p = float(np.mean(together >= fit.QM - _SAME * (1 + fit.QM)))
    return PermutationTest(
        names=fit.names, coefficients=fit.coefficients, statistics=fit.statistics,
        p=tuple(p.tolist()), QM=fit.QM, QM_df=fit.QM_df, QM_p=QM_p, k=fit.k,
        permutations=len(orders), distinct=distinct if distinct < _COUNTED else None,
        exact=exact, seed=None if exact else int(seed),
        notes=_notes(fit, len(orders), exact),
    )  # fmt: skip


def distinct_orders(sizes):
    """Number of different orders of things of which some are alike.

    Parameters
    ----------
    sizes : sequence of int
        How many there are of each kind.

    Returns
    -------
    int
    """
    sizes = [int(size) for size in sizes]
    return factorial(sum(sizes)) // prod(map(factorial, sizes))


def all_orders(sizes):
    """Every different order of things of which some are alike.

    Parameters
    ----------
    sizes : sequence of int
        How many there are of each kind.

    Returns
    -------
    ndarray of int, shape (`distinct_orders`, sum of sizes)
        The kind at each place.
    """
    left = np.array([sizes], dtype=np.int64)
    orders = np.empty((1, 0), dtype=np.int64)
    for _ in range(int(np.sum(sizes))):
        before, kind = np.nonzero(left)
        orders = np.column_stack([orders[before], kind])
        left = left[before]
        left[np.arange(kind.size), kind] -= 1
    return orders


def _drawn(k, permutations, seed):
    """Random orders, the observed one first."""
    orders = np.tile(np.arange(k), (permutations, 1))
    orders[1:] = np.random.default_rng(seed).permuted(orders[1:], axis=1)
    return orders


def _statistics(fit, X, orders):
    """Statistics of each coefficient (B, p) and of the moderators together (B,), in chunks."""
    basis, back = orthogonal(X)
    yi, vi = np.array(fit.yi), np.array(fit.vi)
    step = max(1, _CHUNK // basis.size)
    parts = []
    for start in range(0, len(orders), step):
        designs = basis[orders[start : start + step]]
        found = fit_stack("permutest", yi, vi, designs, fit.method, fit.test)
        coefficients = found.coefficients @ back.T
        covariance = back @ found.covariance @ back.T
        parts.append(
            wald_statistics("permutest", coefficients, covariance, list(fit.tested), fit.test)
        )
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def _notes(fit, permutations, exact):
    notes = [f"The smallest p that {permutations} orders can give is {1 / permutations:.2g}"]
    if not exact:
        notes.append("Orders were drawn: another seed gives somewhat other p-values")
    if INTERCEPT in fit.names:
        notes.append("The p of the intercept asks about its statistic under other orders, not 0")
    return tuple(notes)
