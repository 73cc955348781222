"""The analyses of a multiverse as a specification curve draws them: sorted, by block and level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evisynth.checks import check_level, shown
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.figures.effect_axis import effect_axis, effect_name
from evisynth.figures.rows import Axis


@dataclass(frozen=True)
class Choice:
    """One level of an axis: which of the drawn analyses have it, and their median."""

    label: str
    chosen: np.ndarray
    protocol: bool
    median: float | None


@dataclass(frozen=True)
class Block:
    """An axis along which the analyses differ."""

    name: str
    choices: tuple[Choice, ...]

    @property
    def spread(self) -> float:
        """How far apart its medians are."""
        medians = [choice.median for choice in self.choices if choice.median is not None]
        return max(medians) - min(medians) if medians else 0.0


@dataclass(frozen=True)
class Curve:
    """The analyses that can be drawn, sorted by estimate.

    Attributes
    ----------
    order : ndarray of int
        Positions in the multiverse.
    estimate, lower, upper : ndarray of float
        Display scale; limits that do not exist are NaN.
    protocol : int or None
        Position of the protocol's analysis among those drawn.
    blocks : tuple of Block
    fixed : tuple of str
        Axes without an alternative, each with its reason.
    axis : Axis
    noun : str
        What is pooled.
    level : float
    total : int
        Analyses, with those that are not drawn.
    """

    order: np.ndarray
    estimate: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    protocol: int | None
    blocks: tuple[Block, ...]
    fixed: tuple[str, ...]
    axis: Axis
    noun: str
    level: float
    total: int

    @property
    def median(self) -> float:
        """Median of the drawn estimates."""
        return float(np.median(self.estimate))


def curve_of(multiverse) -> Curve:
    """What is drawn of a multiverse."""
    numbers, axes = _numbers(multiverse), _axes(multiverse)
    estimate, lower, upper = numbers.T
    drawn = np.flatnonzero(np.isfinite(estimate))
    if not drawn.size:
        raise NotEstimable(
            f"specification_curve: none of {len(estimate)} analyses has an estimate; remedy: "
            "widen the choices, or look at the analyses' notes."
        )
    order = drawn[np.argsort(estimate[drawn], kind="stable")]
    level = check_level("specification_curve", multiverse.level)
    half = float(np.nanmedian(np.r_[(upper - lower)[order] / 2, 0.1]))
    return Curve(
        order, *(np.where(np.isfinite(v), v, np.nan)[order] for v in (estimate, lower, upper)),
        protocol=_position(multiverse.protocol, order, len(estimate)),
        blocks=tuple(_block(multiverse, *axis, order) for axis in axes if len(axis[1]) > 1),
        fixed=tuple(_fixed(*axis) for axis in axes if len(axis[1]) < 2),
        axis=effect_axis("specification_curve", multiverse.measure, level, half),
        noun=effect_name(multiverse.measure), level=level, total=len(estimate),
    )  # fmt: skip


def _refuse(given, allowed):
    raise ArgumentError("specification_curve", "multiverse", given, allowed)


def _numbers(multiverse):
    """Estimate and limits, shape (analyses, 3)."""
    shown_, size = multiverse.displayed, len(multiverse.choices)
    try:
        columns = [np.asarray(shown_[key], dtype=float) for key in ("estimate", "ci_lb", "ci_ub")]
    except (KeyError, TypeError, ValueError):
        _refuse(f"with displayed {shown(shown_)}", "arrays estimate, ci_lb and ci_ub")
    for column in (*columns, multiverse.k, multiverse.n):
        if np.shape(column) != (size,):
            _refuse(f"with numbers of shape {np.shape(column)}", f"one per analysis, ({size},)")
    return np.column_stack(columns)


def _axes(multiverse):
    """Name, levels, protocol's level and note of each axis, as text."""
    axes = []
    for axis in multiverse.axes:
        try:
            name, levels, protocol, note = axis
        except (TypeError, ValueError):
            _refuse(f"with axis {shown(axis)}", "(name, levels, protocol's level, note)")
        if name not in multiverse.choices:
            _refuse(f"without choices on {shown(name)}", "a column of choices per axis")
        axes.append((str(name), tuple(map(str, levels)), str(protocol), str(note or "")))
    return axes


def _position(protocol, order, size):
    if protocol is None:
        return None
    if not isinstance(protocol, int | np.integer) or not 0 <= protocol < size:
        _refuse(f"with protocol {shown(protocol)}", f"an analysis, 0 to {size - 1}, or None")
    found = np.flatnonzero(order == protocol)
    return int(found[0]) if found.size else None


def _block(multiverse, name, levels, protocol, note, order):
    values = np.array([str(value) for value in multiverse.choices[name]], dtype=object)[order]
    estimates = np.asarray(multiverse.displayed["estimate"], dtype=float)[order]

    def choice(level):
        chosen = values == level
        median = float(np.median(estimates[chosen])) if chosen.any() else None
        return Choice(level, chosen, level == protocol, median)

    return Block(name, tuple(map(choice, levels)))


def _fixed(name, levels, protocol, note):
    level = levels[0] if levels else protocol
    return f"{name}: {level}{f' ({note})' if note else ''}"
