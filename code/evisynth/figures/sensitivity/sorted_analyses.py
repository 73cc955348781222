"""The analyses of a multiverse as a specification curve draws them: sorted, by block and level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evisynth.checks import check_level, shown
from evisynth.engine.specifications.paired import Change, paired_changes
from evisynth.engine.specifications.result import different
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.figures.base.effect_axis import effect_axis, effect_name
from evisynth.figures.base.rows import Axis


@dataclass(frozen=True)
class Choice:
    """One level of an axis: which of the drawn analyses have it, and what it changes alone.

    Attributes
    ----------
    label : str
    chosen : ndarray of bool
    protocol : bool
    change : Change
        Against the declared level, all else equal; ratios as differences of their logarithms.
    """

    label: str
    chosen: np.ndarray
    protocol: bool
    change: Change

    @property
    def analyses(self) -> int:
        """How many of the drawn analyses make this choice."""
        return int(np.sum(self.chosen))


@dataclass(frozen=True)
class Block:
    """An axis along which the analyses differ.

    Attributes
    ----------
    name : str
    choices : tuple of Choice
    apart : bool
        Whether its other levels leave something out, as a check.
    """

    name: str
    choices: tuple[Choice, ...]
    apart: bool = False

    @property
    def moves(self) -> float:
        """The largest median change that one of its other levels makes."""
        return max((abs(choice.change.median or 0.0) for choice in self.choices), default=0.0)


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
    distinct : int
        How many of the drawn analyses give different numbers.
    apart : ndarray of bool
        Analyses with something left out one at a time: drawn, but in neither range nor median.
    methods_alone : bool
        Whether no choice of data is left, so that only models are compared.
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
    distinct: int
    apart: np.ndarray
    methods_alone: bool

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest estimate of those not set apart."""
        whole = self.estimate[~self.apart]
        return float(whole[0]), float(whole[-1])

    @property
    def median(self) -> float:
        """Median of the drawn estimates, without those set apart."""
        return float(np.median(self.estimate[~self.apart]))


def sorted_curve(multiverse) -> Curve:
    """What is drawn of a multiverse."""
    numbers, axes = _numbers(multiverse), _axes(multiverse)
    estimate, lower, upper = numbers.T
    drawn = np.flatnonzero(np.isfinite(estimate))
    if not drawn.size:
        raise NotEstimable(
            f"specification_curve: none of {len(estimate)} analyses has an estimate; remedy: "
            "widen the choices, or look at the analyses' notes."
        )
    varied = [axis for axis in axes if len(axis[1]) > 1]
    order = drawn[np.argsort(estimate[drawn], kind="stable")]
    level = check_level("specification_curve", multiverse.level)
    kind = effect_axis("specification_curve", multiverse.measure, level).kind
    changes = _changes(multiverse, axes, estimate, logs=kind == "ratio")
    half = float(np.nanmedian(np.r_[(upper - lower)[order] / 2, 0.1]))
    return Curve(
        order, *(np.where(np.isfinite(v), v, np.nan)[order] for v in (estimate, lower, upper)),
        protocol=_position(multiverse.protocol, order, len(estimate)),
        blocks=tuple(_block(multiverse, *axis, order, changes) for axis in varied),
        fixed=tuple(_fixed(*axis) for axis in axes if len(axis[1]) < 2),
        axis=effect_axis("specification_curve", multiverse.measure, level, half),
        noun=effect_name(multiverse.measure), level=level, total=len(estimate),
        distinct=different(numbers[order]), apart=_apart(multiverse, axes, order),
        methods_alone=bool(varied) and {a[0] for a in varied} <= _names(multiverse, "method_axes"),
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


def _block(multiverse, name, levels, protocol, note, order, changes):
    values = np.array([str(value) for value in multiverse.choices[name]], dtype=object)[order]
    choices = (
        Choice(level, values == level, level == protocol, changes[name, level]) for level in levels
    )
    return Block(name, tuple(choices), name in _names(multiverse, "apart"))


def _changes(multiverse, axes, estimate, *, logs):
    """Change by axis and level; what is set apart is compared on its own axis alone."""
    if logs:
        with np.errstate(divide="ignore", invalid="ignore"):
            estimate = np.log(estimate)
    apart = _apart(multiverse, axes, np.arange(len(estimate)))
    whole = paired_changes(multiverse.choices, np.where(apart, np.nan, estimate), axes)
    every = paired_changes(multiverse.choices, estimate, axes)
    names = _names(multiverse, "apart")
    return {
        (one.axis, one.level): other if one.axis in names else one
        for one, other in zip(whole, every, strict=True)
    }


def _names(multiverse, attribute):
    """Names of axes of some kind; an object that is only like a multiverse may have none."""
    return {str(name) for name in getattr(multiverse, attribute, ())}


def _apart(multiverse, axes, order):
    """Which of the drawn analyses leave something out on an axis that is a check."""
    apart = np.zeros(len(order), dtype=bool)
    for name, _, protocol, _ in axes:
        if name in _names(multiverse, "apart"):
            apart |= multiverse.choices[name].astype(str).to_numpy()[order] != protocol
    return apart if not apart.all() else np.zeros_like(apart)


def _fixed(name, levels, protocol, note):
    level = levels[0] if levels else protocol
    return f"{name}: {level}{f' ({note})' if note else ''}"
