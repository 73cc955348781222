"""Variance components at the highest maximum of their likelihood.

A scan of the whole range, zeros included, finds where to begin; Newton's method with the bounds
at 0 climbs from every local maximum of the scan, and the highest end is taken.
"""

from __future__ import annotations

import numpy as np

from evisynth.engine.multilevel.likelihood import scan_values, slope_at

_PER_DECADE = 1.5
_STEPS = 200
_HALVINGS = 40
_FLAT = 1e-11  # of a gradient in standard deviations of the component
_ROUNDING = 1e-7  # of a log-likelihood
_CHUNK = 2_000_000  # numbers in one array of the scan


def maximise_components(stack):
    """Components at which the likelihood of each data set is highest.

    Parameters
    ----------
    stack : Stack
        Effects of a size near 1: see `rma_mv`, which subtracts their middle.

    Returns
    -------
    ndarray, shape (B, q)
        At least 0, and exactly 0 where the likelihood falls from there.
    """
    B, q = len(stack.yi), len(stack.S)
    if q == 0:
        return np.zeros((B, 0))
    places, starts = _starts(stack)
    ends, values = climb(stack.take(places), starts)
    best = np.full(B, -np.inf)
    np.maximum.at(best, places, values)
    # Of ends that are as high, the first: the smaller components, by the order of the scan.
    high = np.flatnonzero(values >= best[places] - 1e-12 * np.maximum(1, np.abs(best[places])))
    _, first = np.unique(places[high], return_index=True)
    return ends[high[first]]


def _starts(stack):
    """Local maxima of the scan: places of data sets (m,), and components (m, q)."""
    axis = _axis(stack)
    values = _scanned(stack, axis)
    # A place is a local maximum if none of its neighbours, across corners too, is higher.
    padded = np.pad(values, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    rows, columns = values.shape[1:]
    peak = np.ones(values.shape, dtype=bool)
    for down in range(3):
        for right in range(3):
            peak &= values >= padded[:, down : down + rows, right : right + columns]
    places, *at = np.nonzero(peak)
    at = at[-len(stack.S) :]
    return places, np.stack([axis[places, i] for i in at], axis=1)


def _scanned(stack, axis):
    B, k = stack.yi.shape
    size = max(1, _CHUNK // (axis.shape[1] * k * max(k, axis.shape[1])))
    return np.concatenate([
        scan_values(stack.take(slice(i, i + size)), axis[i : i + size], axis[i : i + size])
        for i in range(0, B, size)
    ])  # fmt: skip


def _axis(stack):
    """0, and values from far below the least sampling variance to beyond the spread, (B, G)."""
    least = np.maximum(np.linalg.eigvalsh(stack.V)[:, 0], 0)
    largest = np.einsum("bii->bi", stack.V).max(axis=1)
    high = 10 * (largest + np.ptp(stack.yi, axis=1) ** 2)
    low = np.maximum(least / 10, 1e-12 * high)
    decades = np.log10(high / low)
    points = np.linspace(0, 1, int(np.ceil(_PER_DECADE * decades.max())) + 1)
    grid = low[:, None] * 10 ** (decades[:, None] * points)
    return np.concatenate([np.zeros((len(grid), 1)), grid], axis=1)


def climb(stack, starts):
    """Newton's method from one start each, with every component at least 0.

    Parameters
    ----------
    stack : Stack
    starts : ndarray, shape (B, q)

    Returns
    -------
    ends : ndarray, shape (B, q)
    values : ndarray, shape (B,)
        Log-likelihoods there.
    """
    at, value = starts.copy(), np.empty(len(starts))
    left = np.arange(len(starts))
    for _ in range(_STEPS):
        some = stack.take(left)
        slope = slope_at(some, at[left])
        value[left] = slope.value
        free = (at[left] > 0) | (slope.gradient > 0)
        scale = np.sqrt(np.einsum("bqq->bq", slope.information))
        moving = (free & (np.abs(slope.gradient) > _FLAT * scale)).any(axis=1)
        left, some = left[moving], some.take(moving)
        if not left.size:
            break
        slope, free = type(slope)(*(a[moving] for a in slope)), free[moving]
        new, moved = _stepped(some, at[left], slope, free)
        at[left[moved]] = new[moved]
        left = left[moved]
        if not left.size:
            break
    return at, value


def _stepped(stack, at, slope, free):
    """One step uphill, and where there was one; along Newton's direction, else along a sure one."""
    new, moved = at.copy(), np.zeros(len(at), dtype=bool)
    for direction in (_newton(slope, free), _diagonal(slope, free)):
        rest = np.flatnonzero(~moved)
        length = np.ones(len(at))
        for _ in range(_HALVINGS):
            if not rest.size:
                return new, moved
            tried = np.maximum(at[rest] + length[rest, None] * direction[rest], 0)
            there = slope_at(stack.take(rest), tried)
            up = _is_uphill(slope, rest, there, tried, at[rest])
            new[rest[up]], moved[rest[up]] = tried[up], True
            rest = rest[~up]
            length[rest] /= 2
    return new, moved


def _is_uphill(slope, rest, there, tried, before):
    """Higher; or flatter, and as high but for the rounding of a nearly singular covariance."""
    old = slope.value[rest]
    steep = _steepness(slope.gradient[rest], slope.information[rest], before)
    flatter = _steepness(there.gradient, there.information, tried) < 0.9 * steep
    gained = there.value > old + 1e-13 * np.maximum(1, np.abs(old))
    level = there.value > old - _ROUNDING
    return np.any(tried != before, axis=1) & (gained | (level & flatter))


def _steepness(gradient, information, at):
    """The largest slope that is not against a bound, in standard deviations."""
    free = (at > 0) | (gradient > 0)
    scale = np.sqrt(np.einsum("bqq->bq", information))
    return np.max(np.where(free, np.abs(gradient) / scale, 0), axis=1)


def _newton(slope, free):
    """By the Hessian where that bends down, else by the expected information."""
    least = np.linalg.eigvalsh(-_among(slope.hessian, free, -1.0))[:, 0]
    down = least > 1e-8 * np.linalg.eigvalsh(slope.information)[:, -1]
    matrix = np.where(down[:, None, None], -slope.hessian, slope.information)
    ridge = 1e-12 * np.einsum("bqq->b", matrix)[:, None, None] * np.eye(free.shape[1])
    gradient = np.where(free, slope.gradient, 0)
    return np.linalg.solve(_among(matrix, free, 1.0) + ridge, gradient[:, :, None])[:, :, 0]


def _diagonal(slope, free):
    return np.where(free, slope.gradient, 0) / np.einsum("bqq->bq", slope.information)


def _among(matrix, free, held):
    """The matrix of free components; of those held at a bound, a diagonal without effect."""
    both = free[:, :, None] & free[:, None, :]
    return np.where(both, matrix, held * ~free[:, :, None] * np.eye(free.shape[1]))
