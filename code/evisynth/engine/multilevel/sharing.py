"""How many patients two sets share: what is declared, and what the sizes of others leave of it.

Numbers in, numbers out; who declares them, and where, is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from evisynth.checks import check_counts, check_slab, check_whole_number, is_number, shown
from evisynth.errors import ArgumentError

_VALUE = "a whole number, or (least, most) with None where that is not known"


@dataclass(frozen=True, eq=False)
class SharedPatients:
    """Bounds of the patients that each two of k sets share.

    Attributes
    ----------
    low, high : ndarray of int, shape (k, k)
        Symmetric; the diagonal is the totals. They agree where the number is known.
    slab : tuple of str
        Labels of the sets.
    """

    low: np.ndarray
    high: np.ndarray
    slab: tuple[str, ...]

    @property
    def known(self):
        """Whether every number is known, so that both bounds are the same."""
        return bool(np.array_equal(self.low, self.high))

    def at(self, bound):
        """The matrix at one bound, ``"low"`` or ``"high"``."""
        return self.low if bound == "low" else self.high


def shared_patients(totals, pairs, *, slab=None, beside=None, function="shared_patients"):
    """Bounds of what each two sets share, from what is declared and from arithmetic.

    Parameters
    ----------
    totals : array_like of int, shape (k,)
        Patients of each set.
    pairs : mapping of (a, b) to number, or iterable of (a, b, number)
        ``a`` and ``b`` are labels of ``slab`` or of ``beside``, or positions. A number is whole,
        or ``(least, most)``: None as least is 0, as most what arithmetic allows. Sets of which no
        pair is named share nobody. Of a subset the number is the smaller total, of disjoint sets
        0; "some" is ``(1, None)``, "perhaps some" ``(0, None)``.
    slab : sequence of str, optional
        One label per set, all different; else sets are named by position.
    beside : mapping of str to int, optional
        Totals of further sets, such as a trial of which two of the sets are parts: they bound what
        is shared and are no rows of the result.
    function : str
        For messages.

    Returns
    -------
    SharedPatients
        Of sets a, b and any c: a and b share at least what their shares in c have in common,
        ``m_ac + m_bc - n_c``, and of a at most those outside c and those that b shares with c,
        ``n_a - m_ac + m_bc``. Applied until nothing changes.

    Raises
    ------
    ArgumentError
        A number above either set, negative or not whole; a least above the most; a pair named
        twice with different numbers; a set that is not known; a set with itself; numbers that
        cannot hold together.
    """
    ni = _totals(function, totals)
    slab = _labels(function, slab, len(ni))
    names, ni = _with_others(function, slab, ni, beside)
    low, high = np.diag(ni), np.diag(ni)
    places = {name: i for i, name in enumerate(names)}
    seen = {}
    for given in _entries(function, pairs):
        a, b = (_place(function, name, places, len(slab)) for name in given[:2])
        _check_two(function, a, b, names)
        bounds = _bounds(function, given[2], (names[a], names[b]), (ni[a], ni[b]))
        first = seen.setdefault((min(a, b), max(a, b)), bounds)
        if first != bounds:
            both = f"{_told(first)} and {_told(bounds)} for {names[a]!r} and {names[b]!r}"
            raise ArgumentError(function, "pairs", both, "one number for each pair")
        low[a, b] = low[b, a] = bounds[0]
        high[a, b] = high[b, a] = bounds[1]
    low, high = _closed(function, names, ni, low, high)
    k = len(slab)
    return SharedPatients(low[:k, :k], high[:k, :k], slab)


def sharing_of(function, totals, shared, slab):
    """`SharedPatients` of what a caller gave: itself, a matrix, or pairs.

    Parameters
    ----------
    function : str
        For messages.
    totals : array_like of int, shape (k,)
    shared : SharedPatients, ndarray of shape (k, k), mapping or iterable of pairs
        A matrix is symmetric; its diagonal is the totals, or 0.
    slab : sequence of str or None

    Returns
    -------
    SharedPatients
    """
    ni = _totals(function, totals)
    if isinstance(shared, SharedPatients):
        if not np.array_equal(np.diag(shared.low), ni):
            given = f"of sets of {shown(np.diag(shared.low).tolist())}"
            raise ArgumentError(function, "shared", given, f"of totals {shown(ni.tolist())}")
        return shared
    if isinstance(shared, np.ndarray):
        shared = _pairs_of_matrix(function, ni, shared)
    return shared_patients(totals, shared, slab=slab, function=function)


def _pairs_of_matrix(function, ni, shared):
    k = len(ni)
    if shared.shape != (k, k):
        given = f"of shape {shared.shape}"
        raise ArgumentError(function, "shared", given, f"of shape {(k, k)}, a row per study")
    for i, j in combinations(range(k), 2):
        if shared[i, j] != shared[j, i]:
            given = f"{shared[i, j]} in row {i}, column {j} and {shared[j, i]} across"
            raise ArgumentError(function, "shared", given, "a symmetric matrix")
    for i, own in enumerate(np.diag(shared)):
        if own not in (0, ni[i]):
            allowed = f"the total {ni[i]}, or 0"
            raise ArgumentError(function, "shared", f"{own} on the diagonal, row {i}", allowed)
    return [(i, j, shared[i, j].item()) for i, j in combinations(range(k), 2)]


def _totals(function, totals):
    ni, _ = check_counts(function, totals, totals, names=("totals", "totals"))
    if np.any(ni < 1):
        position = int(np.flatnonzero(ni < 1)[0])
        given = f"0 at position {position}"
        raise ArgumentError(function, "totals", given, "whole numbers from 1")
    return ni.astype(int)


def _labels(function, slab, k):
    slab = check_slab(function, slab, k)
    for position, label in enumerate(slab):
        if label in slab[:position]:
            given = f"{label!r} at positions {slab.index(label)} and {position}"
            raise ArgumentError(function, "slab", given, "a label of its own for each study")
    return slab


def _with_others(function, slab, ni, beside):
    if beside is None:
        return slab, ni
    if not isinstance(beside, Mapping):
        raise ArgumentError(function, "beside", shown(beside), "a mapping of names to totals")
    for name, total in beside.items():
        if not isinstance(name, str) or name in slab:
            given = f"{shown(name)} as a name"
            raise ArgumentError(function, "beside", given, "text that is no label of slab")
        check_whole_number(function, f"beside, {name!r},", total, 1, 10**9)
    return (*slab, *beside), np.array([*ni, *beside.values()], dtype=int)


def _entries(function, pairs):
    """Triples of a, b and what they share."""
    allowed = "a mapping of (a, b) to a number, or an iterable of (a, b, number)"
    if isinstance(pairs, Mapping):
        pairs = [(*_pair(function, key, allowed), value) for key, value in pairs.items()]
    try:
        found = [tuple(item) for item in pairs]
    except TypeError:
        raise ArgumentError(function, "pairs", shown(pairs), allowed) from None
    for item in found:
        if len(item) != 3:
            raise ArgumentError(function, "pairs", f"with {shown(item)}", allowed)
    return found


def _pair(function, key, allowed):
    if not isinstance(key, tuple) or len(key) != 2:
        raise ArgumentError(function, "pairs", f"with the key {shown(key)}", allowed)
    return key


def _place(function, name, places, k):
    """Position of a set that is named by its label, or by its position."""
    if isinstance(name, str) and name in places:
        return places[name]
    if is_number(name, int | np.integer) and 0 <= name < k:
        return int(name)
    allowed = f"one of {shown(list(places))}, or a position from 0 to {k - 1}"
    raise ArgumentError(function, "pairs", f"of the unknown study {shown(name)}", allowed)


def _check_two(function, a, b, names):
    if a == b:
        given = f"of {names[a]!r} with itself"
        raise ArgumentError(function, "pairs", given, "two different studies")


def _bounds(function, value, names, totals):
    """Least and most of one pair, as whole numbers within both sets."""
    most = int(min(totals))
    both = f"{names[0]!r} and {names[1]!r}"
    if not isinstance(value, tuple | list):
        return (_whole(function, value, both, names, totals),) * 2
    if len(value) != 2:
        raise ArgumentError(function, "shared_n", f"{shown(value)} for {both}", _VALUE)
    low = 0 if value[0] is None else _whole(function, value[0], both, names, totals)
    high = most if value[1] is None else _whole(function, value[1], both, names, totals)
    if low > high:
        given = f"at least {low} and at most {high} for {both}"
        raise ArgumentError(function, "shared_n", given, "a least that is not above the most")
    return low, high


def _whole(function, value, both, names, totals):
    whole = is_number(value, int | float | np.integer | np.floating) and value == np.rint(value)
    if not whole or value < 0:
        given = f"{shown(value)} for {both}"
        raise ArgumentError(function, "shared_n", given, f"{_VALUE}; none below 0")
    for name, total in zip(names, totals, strict=True):
        if value > total:
            given = f"{value:g} for {both}"
            allowed = f"at most the {total} patients of {name!r}"
            raise ArgumentError(function, "shared_n", given, allowed)
    return int(value)


def _told(bounds):
    low, high = bounds
    return f"{low}" if low == high else f"{low} to {high}"


def _closed(function, names, ni, low, high):
    """Bounds tightened by every third set until none changes."""
    while True:
        # Axes a, c, b: from a by way of c to b.
        least = low[:, :, None] + low[None, :, :] - ni[None, :, None]
        outside = ni[:, None, None] - low[:, :, None] + high[None, :, :]
        most = np.minimum(outside, outside.T)
        new_low = np.maximum(low, least.max(axis=1))
        new_high = np.minimum(high, most.min(axis=1))
        crossed = np.argwhere(new_low > new_high)
        if len(crossed):
            a, b = crossed[0]
            thirds = [names[c] for c in (least[a, :, b].argmax(), most[a, :, b].argmin())]
            bounds = (low[a, b], high[a, b]), (new_low[a, b], new_high[a, b])
            _refuse_crossed(function, (names[a], names[b]), thirds, *bounds)
        if np.array_equal(new_low, low) and np.array_equal(new_high, high):
            return low, high
        low, high = new_low, new_high


def _refuse_crossed(function, pair, thirds, given, left):
    by = " and ".join(f"{name!r}" for name in dict.fromkeys(thirds) if name not in pair)
    raise ArgumentError(
        function, "shared_n", f"{_told(given)} for {pair[0]!r} and {pair[1]!r}",
        f"what the numbers that both share with {by} leave, at least {left[0]} and at most "
        f"{left[1]}; correct one of these",
    )  # fmt: skip
