"""Axes of effects and of plain numbers: limits, ticks, and the way to pixels in any direction."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from types import SimpleNamespace

import numpy as np

from evisynth.checks import check_choice
from evisynth.engine.effects.measures import MEASURES
from evisynth.figures.base.rows import Axis
from evisynth.figures.base.scale import Scale, difference_limits, ratio_limits

_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25)


@dataclass(frozen=True)
class Span:
    """An axis between two pixel positions; ``start`` may lie above or below ``end``.

    Attributes
    ----------
    low, high : float
        Values at ``start`` and ``end``.
    start, end : float
        Pixels.
    ticks : tuple of (float, str)
    log : bool
    """

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[tuple[float, str], ...] = ()
    log: bool = False

    def at(self, values):
        """Pixels of values, of their shape; values off the axis land on its end."""
        values = np.clip(np.asarray(values, dtype=float), self.low, self.high)
        if self.log:
            share = np.log10(values / self.low) / np.log10(self.high / self.low)
        else:
            share = (values - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def holds(self, value) -> bool:
        """Whether a value lies on the axis."""
        return self.low <= value <= self.high


def effect_axis(function: str, measure: str, level: float, half: float = 0.1) -> Axis:
    """How values of a measure are printed.

    Parameters
    ----------
    function : str
        For the message.
    measure : str
    level : float
    half : float
        Half the width of a usual interval, for the decimals of a difference.

    Raises
    ------
    ArgumentError
        A measure that is not known.
    """
    check_choice(function, "measure", measure, MEASURES)
    known, interval = MEASURES[measure], f"[{100 * level:g}% CI]"
    if known.arms == 1:
        return Axis("proportion", f"% {interval}")
    label = f"{known.name.capitalize()} {interval}"
    if known.null == 1:
        return Axis("ratio", label, null=1.0, noun=known.name)
    half = min(max(half, 1e-6), 1e6) if np.isfinite(half) else 1.0
    # An effect of no known measure is taken for a difference; a time has no null.
    null = 0.0 if measure == "GEN" else known.null
    decimals = min(max(1 - floor(log10(half)), 0), 6)
    return Axis("difference", label, null=null, decimals=decimals, noun=known.name)


def effect_name(measure: str) -> str:
    """What is pooled, in words."""
    return "rate" if MEASURES[measure].arms == 1 else MEASURES[measure].name


def range_words(axis: Axis, low: float, high: float) -> str:
    """``41 to 61%``, or the same without a unit."""
    return f"{' to '.join(axis.numbers(low, high))}{'%' * (axis.kind == 'proportion')}"


def effect_span(axis: Axis, values, start: float, end: float) -> Span:
    """Span that holds display values; of a ratio those within tenfold of its null or estimates.

    Parameters
    ----------
    axis : Axis
    values : array_like
        What must fit, beginning with the estimates; what is not finite is passed over.
    """
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    if axis.kind == "proportion":
        return _percent_span(low, high, start, end)
    if axis.kind == "ratio":
        return _ratio_span(axis, values[values > 0], start, end)
    return even_span([low, high], start, end)


def _percent_span(low, high, start, end):
    low, high = max(low, 0.0), min(high, 1.0)
    step = _percent_step(low, high)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    if first >= last:
        first, last = max(first - 1, 0), min(last + 1, round(1 / step))
    ticks = [(n * step, f"{float(f'{100 * n * step:.9g}'):g}") for n in range(first, last + 1)]
    ticks[-1] = (ticks[-1][0], f"{ticks[-1][1]}%")
    return Span(first * step, max(last * step, high), start, end, tuple(ticks))


def _percent_step(low, high):
    """Whole percents but for a range that lies within one of them."""
    if floor(high / _STEPS[0]) == floor(low / _STEPS[0]) and high > low:
        fine = 10.0 ** floor(log10(high - low))
        return next(n * fine for n in (1, 2, 5) if (high - low) / (n * fine) <= 5)
    return next(s for s in _STEPS if ceil(high / s) - floor(low / s) <= 6)


def _ratio_span(axis, values, start, end):
    items = [SimpleNamespace(estimate=v, lower=v, upper=v) for v in _bounded(values)]
    low, high = ratio_limits(axis, items)
    ticks = Scale(axis, low, high, 0, 1).ticks
    return Span(low, high, start, end, tuple(ticks), log=True)


def _bounded(values):
    """The extremes that are within tenfold of no difference; all extremes where none is."""
    near = values[(values >= 0.1) & (values <= 10)]
    kept = near if near.size else values
    return (float(kept.min()), float(kept.max())) if kept.size else (0.5, 2.0)


def span_from_zero(high: float, start: float, end: float, *, room: float = 1.06) -> Span:
    """Span from 0 to a little beyond ``high``, with even ticks."""
    high = high if high > 0 else 1.0
    ticks = even_span([0.0, high], start, end).ticks
    return Span(0.0, room * high, start, end, tuple(t for t in ticks if t[0] <= room * high))


def even_span(values, start: float, end: float) -> Span:
    """Span of plain numbers with even ticks, no wider than the steps that hold them."""
    values = np.asarray(values, dtype=float)
    low, high = float(values.min()), float(values.max())
    axis = Axis("difference", null=low)
    items = [SimpleNamespace(estimate=v, lower=v, upper=v) for v in (low, high)]
    low, high = difference_limits(axis, items)
    return Span(low, high, start, end, tuple(Scale(axis, low, high, 0, 1).ticks))
