"""Design matrices and weighted fits with moderators, for one data set and a stack of designs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from evisynth.checks import check_choice, check_flag, check_labels, check_numbers, shown
from evisynth.engine.random_effects.tau2 import estimate_tau2
from evisynth.errors import ArgumentError, NotEstimable

INTERCEPT = "intercept"
# Singular values of a weighted design further apart than this leave no digits in its squares.
_CONDITION = 1e-6


def design_matrix(function, mods, k, *, intercept=True):
    """Names and columns of a design matrix.

    Parameters
    ----------
    function : str
        For messages.
    mods : mapping of str to array_like of shape (k,), or array_like of shape (k,) or (k, p)
        Columns of an array are named x1, x2, ...
    k : int
        Number of studies.
    intercept : bool

    Returns
    -------
    names : tuple of str
    X : ndarray, shape (k, p)

    Raises
    ------
    ArgumentError
        Text, masked, missing or infinite values, wrong lengths, a column that the columns before
        it determine (a constant, where there is an intercept).
    """
    intercept = check_flag(function, "intercept", intercept)
    columns = moderator_columns(function, mods)
    if not columns:
        raise ArgumentError(function, "mods", "empty", "at least one moderator")
    if intercept and INTERCEPT in columns:
        raise ArgumentError(
            function, "mods", "named 'intercept'", "other names, or intercept=False"
        )
    checked = {INTERCEPT: np.ones(k)} if intercept else {}
    for name, values in columns.items():
        checked[name] = check_numbers(function, f"moderator {name!r}", values)
        if checked[name].size != k:
            given = f"of length {checked[name].size}"
            raise ArgumentError(function, f"moderator {name!r}", given, f"one value per study, {k}")
    X = np.column_stack(list(checked.values()))
    _refuse_dependent(function, tuple(checked), X)
    return tuple(checked), X


def moderator_columns(function, mods):
    """Mapping of names to values, neither of them checked but for their form."""
    allowed = "a mapping of names to values, or an array of shape (k,) or (k, p)"
    if isinstance(mods, Mapping):
        for name in mods:
            if not isinstance(name, str):
                raise ArgumentError(function, "mods", f"named {shown(name)}", "names in text")
        check_labels(function, "names of mods", tuple(mods), None, "names in text")
        return dict(mods)
    if mods is None or isinstance(mods, str | bytes):
        raise ArgumentError(function, "mods", shown(mods), allowed)
    return {f"x{i + 1}": column for i, column in enumerate(_split(function, mods, allowed))}


def _split(function, mods, allowed):
    """Columns of an array or of rows; a masked value keeps its mask."""
    if isinstance(mods, list | tuple) and mods and all(isinstance(r, list | tuple) for r in mods):
        try:
            return list(zip(*mods, strict=True))
        except ValueError:
            raise ArgumentError(function, "mods", "of uneven rows", allowed) from None
    if isinstance(mods, list | tuple) and any(value is np.ma.masked for value in mods):
        return [mods]
    try:
        shape = np.shape(mods)
    except ValueError:
        raise ArgumentError(function, "mods", shown(mods), allowed) from None
    if len(shape) == 2:
        array = mods if isinstance(mods, np.ma.MaskedArray) else np.asarray(mods)
        return [array[:, j] for j in range(shape[1])]
    if len(shape) == 1:
        return [mods] if shape[0] else []
    raise ArgumentError(function, "mods", f"of shape {shape}", allowed)


def _refuse_dependent(function, names, X):
    lengths = np.max(np.abs(X), axis=0)
    left = np.abs(np.diag(np.linalg.qr(X / np.where(lengths > 0, lengths, 1), mode="r")))
    wrong = np.flatnonzero(left < 1e-10) if X.shape[0] >= X.shape[1] else []
    if len(wrong):
        given = "determined by the columns before it (or the same in every study)"
        allowed = "moderators that each add something"
        raise ArgumentError(function, f"moderator {names[wrong[0]]!r}", given, allowed)


def indicators(groups, *, reference=None):
    """A grouping as moderators: for each group but one, 1 for its studies and 0 for the others.

    Parameters
    ----------
    groups : sequence of str, length k
    reference : str, optional
        The group left out, which the intercept then describes; by default the first.

    Returns
    -------
    dict of str to ndarray of shape (k,)
        In order of appearance.

    Raises
    ------
    ArgumentError
        A label that is missing or empty, one group alone, a reference that no study has.
    """
    labels = check_groups("indicators", groups)
    found = tuple(dict.fromkeys(labels))
    reference = found[0] if reference is None else reference
    check_choice("indicators", "reference", reference, found)
    array = np.array(labels)
    return {group: (array == group).astype(float) for group in found if group != reference}


def check_groups(function, groups, k=None):
    """Labels as text, of at least two groups; ``k`` of them where it is given."""
    allowed = "a sequence of labels" + ("" if k is None else f", one per study, {k}")
    labels = check_labels(function, "groups", groups, k, allowed)
    if len(set(labels)) < 2:
        given = f"of {len(set(labels))} group{'s' * (not labels)}"
        raise ArgumentError(function, "groups", given, "two or more groups")
    return labels


class RegressionFit(NamedTuple):
    """Coefficients (B, p), their covariance (B, p, p), tau2 (B,), hat values (B, k), factor (B,).

    The factor is Knapp and Hartung's, of the variances, before it is raised to 1.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    tau2: np.ndarray
    hat: np.ndarray
    factor: np.ndarray


def fit_stack(function, yi, vi, X, method, test):
    """Weighted fits of one set of effects to B designs.

    Parameters
    ----------
    function : str
        For messages.
    yi, vi : ndarray, shape (k,)
    X : ndarray, shape (B, k, p)
        Well-conditioned columns (see `orthogonal`).
    method, test : str

    Returns
    -------
    Fit

    References
    ----------
    Knapp G, Hartung J (2003) Stat Med 22:2693; never below 1: Rover C et al (2015) BMC Med Res
    Methodol 15:99.
    """
    _refuse_unequal(function, vi, X)
    B, k, p = X.shape
    try:
        tau2 = estimate_tau2(method, *(np.broadcast_to(a, (B, k)) for a in (yi, vi)), X)
    except np.linalg.LinAlgError:
        raise NotEstimable(_unequal(function)) from None
    root = 1 / np.sqrt(vi + tau2[:, None])
    basis, triangle = np.linalg.qr(root[:, :, None] * X)
    inverse = np.linalg.inv(triangle)
    projected = np.einsum("bkp,bk->bp", basis, root * yi)
    left = root * yi - np.einsum("bkp,bp->bk", basis, projected)
    factor = np.sum(left**2, axis=1) / (k - p)
    scale = variance_factor(factor, test)[:, None, None]
    coefficients = np.einsum("bpq,bq->bp", inverse, projected)
    covariance = scale * np.einsum("bpr,bqr->bpq", inverse, inverse)
    return RegressionFit(coefficients, covariance, tau2, np.sum(basis**2, axis=2), factor)


def variance_factor(factor, test):
    """What multiplies the Wald variances, given Knapp and Hartung's factor."""
    if test == "z":
        return np.ones_like(factor)
    # Of a fit without residuals a factor of 0 would make every interval a point.
    return np.maximum(factor, 1.0) if test == "adhoc" else np.where(factor < 1e-24, 1.0, factor)


def _unequal(function):
    return (
        f"{function}: the sampling variances are so unequal that a few studies determine some "
        "coefficients alone; check vi, or leave moderators out."
    )


def _refuse_unequal(function, vi, X):
    root = np.sqrt(np.min(vi) / vi)
    values = np.linalg.svd(root[None, :, None] * X, compute_uv=False)
    if np.any(values[:, -1] < _CONDITION * values[:, 0]):
        raise NotEstimable(_unequal(function))


def orthogonal(X):
    """An orthonormal basis of the columns, and the matrix that leads back to coefficients of X."""
    lengths = np.max(np.abs(X), axis=0)
    basis, triangle = np.linalg.qr(X / lengths)
    return basis, np.linalg.inv(triangle) / lengths[:, None]


def wald_statistics(function, coefficients, covariance, tested, test):
    """Statistic of each coefficient, (B, p), and of those ``tested`` together, (B,).

    The second is a chi-squared under "z", else an F.
    """
    se = np.sqrt(np.einsum("bpp->bp", covariance))
    each = coefficients / se
    some, z = np.ix_(tested, tested), each[:, tested]
    correlation = (covariance / (se[:, :, None] * se[:, None, :]))[:, some[0], some[1]]
    try:
        solved = np.linalg.solve(correlation, z[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        raise NotEstimable(
            f"{function}: the moderators are so alike, or of such different sizes, that their "
            "coefficients cannot be told apart; leave one out, or give them other scales."
        ) from None
    together = np.einsum("bp,bp->b", z, solved)
    return each, together / (1 if test == "z" else len(tested))
