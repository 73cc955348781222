"""Covariance of log odds whose patients overlap."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

import numpy as np

from evisynth.checks import check_choice, check_counts, check_number
from evisynth.engine.effects.escalc import escalc
from evisynth.engine.multilevel.sharing import sharing_of
from evisynth.result import Result

BOUNDS = ("low", "high")
FLOOR = 0.01


class Reduced(NamedTuple):
    """A covariance made smaller: labels of its two studies, and the factor below 1."""

    a: str
    b: str
    factor: float


@dataclass(frozen=True, eq=False)
class LogitCovariance(Result):
    """Log odds with the covariance that shared patients induce.

    Attributes
    ----------
    yi : ndarray, shape (k,)
        Log odds.
    V : ndarray, shape (k, k)
        Positive definite; its diagonal is the usual sampling variances.
    shared : ndarray of int, shape (k, k)
        Patients that each pair was taken to share; totals on the diagonal.
    bound : {"low", "high"}
        At which the numbers that are not known were taken.
    reduced : tuple of Reduced
        Pairs whose covariance was made smaller so that ``V`` is positive definite.
    slab : tuple of str
    notes : tuple of str
        One that names the pairs of ``reduced``; empty where nothing was reduced.
    """

    yi: np.ndarray
    V: np.ndarray
    shared: np.ndarray
    bound: str
    reduced: tuple[Reduced, ...]
    slab: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())

    def terms(self):
        """A row per pair that shares patients: how many, and the correlation that follows."""
        sd = np.sqrt(np.diag(self.V))
        return [
            {"term": f"{self.slab[i]}, {self.slab[j]}", "shared": int(self.shared[i, j]),
             "estimate": float(self.V[i, j] / sd[i] / sd[j]), "scale": "correlation"}
            for i, j in combinations(range(len(sd)), 2) if self.shared[i, j]
        ]  # fmt: skip

    def __repr__(self):
        """How many studies and pairs, and how many were reduced."""
        pairs = len(self.terms())
        return f"<covariance of {len(self.yi)} log odds, {pairs} pairs share patients, " + (
            f"{len(self.reduced)} reduced>"
        )


def logit_covariance(events, totals, shared, *, bound="low", slab=None, floor=FLOOR):
    """Log odds of proportions that share patients, and their sampling covariance.

    Of two proportions that share m of n1 and n2 patients Cov(p1, p2) = m p (1 - p) / (n1 n2),
    since only the m are in both; the delta method divides by the derivative p (1 - p) of each, so
    that on the logit Cov = m / (n1 n2 p (1 - p)). Here p is the pooled rate of the pair,
    (x1 + x2) / (n1 + n2), in the covariance and in both derivatives. The diagonal is
    1/x + 1/(n - x), each with its own rate. Where a set has no event or nothing else, 1/2 is added
    to both of its cells, as in `escalc`; its corrected counts are then those of p and of the
    product n1 n2, and m is corrected in proportion, so that a set is correlated 1 with itself.

    Parameters
    ----------
    events, totals : array_like of int, shape (k,)
    shared : SharedPatients, ndarray of shape (k, k), mapping or iterable of pairs
        See `shared_patients`. Of a set within another it is the smaller total, of sets without
        common patients 0.
    bound : {"low", "high"}
        Which of the bounds counts where a number is not known.
    slab : sequence of str, optional
        One label per study, all different.
    floor : float
        Least eigenvalue of the correlations that is let pass, from 1e-9 to 0.5. Sets that
        determine each other (one twice, a whole and all its parts) have one of 0, and the
        approximations of the delta method one below it.

    Returns
    -------
    LogitCovariance
        Where the floor is not reached, covariances are multiplied with a factor below 1: first of
        single pairs whose correlation exceeds 1 - ``floor``, then all of a group of studies that
        share patients. So the variances, which are known, stay as they are, sets that share
        nobody stay uncorrelated, and the note can name what was changed. Cutting off eigenvalues
        would change each of these, of studies too that no overlap concerns.

    Raises
    ------
    ArgumentError
        Counts that are not counts, what `shared_patients` refuses, an unknown bound, another
        ``floor``.

    References
    ----------
    Riley RD (2009) J R Stat Soc A 172:789 for what ignoring correlations costs; Higham NJ (2002)
    IMA J Numer Anal 22:329 for the alternative, and Higham NJ, Strabic N, Sego V (2016) SIAM Rev
    58:245 for shrinking, which keeps the diagonal.
    """
    function = "logit_covariance"
    xi, ni = check_counts(function, events, totals, names=("events", "totals"))
    check_choice(function, "bound", bound, BOUNDS)
    floor = check_number(
        function, "floor", floor, lambda f: 1e-9 <= f <= 0.5, "a number from 1e-9 to 0.5"
    )
    sharing = sharing_of(function, totals, shared, slab)
    m = sharing.at(bound)
    effects = escalc("PLO", xi=xi, ni=ni)
    R = correlations(effects.vi, xi, ni, m)
    factors = shrinking(R, floor)
    sd = np.sqrt(effects.vi)
    V = R * factors * np.outer(sd, sd)
    np.fill_diagonal(V, effects.vi)
    reduced = tuple(
        Reduced(sharing.slab[i], sharing.slab[j], float(factors[i, j]))
        for i, j in combinations(range(len(xi)), 2)
        if factors[i, j] < 1
    )
    return LogitCovariance(effects.yi, V, m, bound, reduced, sharing.slab, _notes(reduced))


def correlations(vi, xi, ni, shared):
    """Correlations of log odds.

    Parameters
    ----------
    vi, xi, ni : ndarray, shape (..., k)
        Sampling variances, events, totals.
    shared : ndarray, shape (..., k, k)

    Returns
    -------
    ndarray, shape (..., k, k)
        1 on the diagonal.
    """
    empty = (xi == 0) | (xi == ni)
    x, n = xi + 0.5 * empty, ni + 1.0 * empty
    rate = _both(x, np.add) / _both(n, np.add)
    # m / sqrt(n1 n2), of the patients as they are; all else of the corrected counts.
    share = shared / np.sqrt(_both(ni, np.multiply))
    covariance = share / (np.sqrt(_both(n, np.multiply)) * rate * (1 - rate))
    R = covariance / np.sqrt(_both(vi, np.multiply))
    k = R.shape[-1]
    R[..., np.arange(k), np.arange(k)] = 1.0
    return R


def _both(values, join):
    return join(values[..., :, None], values[..., None, :])


def shrinking(R, floor):
    """Factors that lift the least eigenvalue of correlations to a floor.

    Parameters
    ----------
    R : ndarray, shape (k, k) or (B, k, k)
        Correlations, or what was meant to be; 1 on the diagonal.
    floor : float

    Returns
    -------
    ndarray, shape of ``R``
        At most 1, and 1 for what may stay: of a pair alone the largest factor that leaves its
        correlation at most 1 - ``floor``; of a group of studies linked by correlations, one more
        for all its pairs, the largest that suffices.
    """
    off = R - np.eye(R.shape[-1])
    with np.errstate(divide="ignore"):
        factors = np.where(off > 1 - floor, (1 - floor) / off, 1.0)
    for group in linked((off != 0).any(axis=tuple(range(R.ndim - 2)))):
        inside = (..., *np.ix_(group, group))
        # The least eigenvalue of the correlations is 1 + that of what stands off the diagonal.
        least = np.linalg.eigvalsh((off * factors)[inside])[..., :1, None]
        more = np.where(least < floor - 1 - 1e-12, (1 - floor) / np.maximum(-least, 1e-300), 1.0)
        factors[inside] *= np.where(off[inside] != 0, more, 1.0)
    return factors


def linked(related):
    """Groups of what is related, directly or by way of others.

    Parameters
    ----------
    related : ndarray of bool, shape (k, k)

    Returns
    -------
    list of ndarray of int
        Each position in one group, in order.
    """
    from scipy.sparse.csgraph import connected_components

    count, group = connected_components(related, directed=False)
    return [np.flatnonzero(group == i) for i in range(count)]


def _notes(reduced):
    if not reduced:
        return ()
    pairs = "; ".join(f"{r.a} and {r.b} to {100 * r.factor:.3g}%" for r in reduced)
    return (f"covariances were reduced so that they can hold together: {pairs}",)
