"""What one choice changes with all others equal: paired differences over a multiverse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

UNMOVED = 1e-9  # what equal data pooled twice, in another stack, differ by at most


@dataclass(frozen=True)
class Change:
    """What a level changes against the planned one of its axis, all other choices equal.

    Attributes
    ----------
    axis, level : str
    analyses : int
        Estimable analyses that make the choice.
    pairs : int
        Of those, how many have a partner that differs in this choice alone; analyses that differ
        only in an axis that moves no estimate count once.
    median, low, high : float or None
        Of the differences, in the unit of the estimates given; None for the planned level and
        where there is no pair.
    """

    axis: str
    level: str
    analyses: int
    pairs: int
    median: float | None
    low: float | None
    high: float | None


def paired_changes(choices, estimates, axes):
    """Paired differences of every level of every axis.

    Parameters
    ----------
    choices : pandas.DataFrame
        A row per analysis, a column per axis.
    estimates : array_like, shape (B,)
        On the scale on which differences are to be taken; nan where there is none.
    axes : sequence of (axis, levels, planned level, ...)

    Returns
    -------
    tuple of Change
        In the order of the axes and of their levels. An axis that moves no estimate (such as how an
        interval is made) is no part of what must be equal for the others.
    """
    rows = [tuple(row) for row in choices.astype(str).to_numpy()]
    names, estimates = [str(name) for name in choices.columns], np.asarray(estimates, dtype=float)
    whole = {row: y for row, y in zip(rows, estimates, strict=True) if np.isfinite(y)}
    idle = {place for place in range(len(names)) if _moves_nothing(whole, place)}
    found = []
    for axis, levels, planned, *_ in axes:
        place = names.index(axis)
        pairs = _differences(_once(whole, idle - {place}), place, planned)
        found += [_change(axis, level, whole, place, pairs.get(level, [])) for level in levels]
    return tuple(found)


def _moves_nothing(whole, place):
    """Whether analyses that differ in this axis alone exist, and all have the same estimate."""
    groups = {}
    for row, y in whole.items():
        groups.setdefault((*row[:place], *row[place + 1 :]), []).append(y)
    several = [values for values in groups.values() if len(values) > 1]
    return bool(several) and all(max(v) - min(v) <= UNMOVED for v in several)


def _once(whole, idle):
    """Each estimate once, whatever was chosen on the idle axes."""
    found = {}
    for row, y in whole.items():
        found.setdefault(tuple("" if i in idle else v for i, v in enumerate(row)), y)
    return found


def _differences(whole, place, planned):
    """Level to its differences from the planned level, over pairs equal in everything else."""
    found = {}
    for row, y in whole.items():
        partner = whole.get((*row[:place], planned, *row[place + 1 :]))
        if row[place] != planned and partner is not None:
            found.setdefault(row[place], []).append(y - partner)
    return found


def _change(axis, level, whole, place, differences):
    analyses = sum(row[place] == level for row in whole)
    if not differences:
        return Change(axis, level, analyses, 0, None, None, None)
    numbers = float(np.median(differences)), min(differences), max(differences)
    return Change(axis, level, analyses, len(differences), *map(float, numbers))
