"""From display values to pixels."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf, isfinite, log10

from evisynth.figures.base.rows import Axis, has_estimate
from evisynth.rounding import signed

LADDER = [n * 10.0**power for power in range(-4, 5) for n in (1, 2, 5)]
FAR = 1e4  # widths of the scale
CALENDAR = {
    "days": (1, 2, 7, 14, 28, 56, 91, 182, 364),
    "weeks": (1, 2, 4, 8, 13, 26, 52, 104),
    "months": (1, 2, 3, 6, 12, 24, 36, 60, 120),
}
QUARTERS = ((0, "0"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1, "100%"))


@dataclass(frozen=True)
class Scale:
    """An axis laid between two pixel positions.

    Attributes
    ----------
    axis : Axis
    low, high : float
        Display values at the ends.
    left, right : float
        Pixels.
    """

    axis: Axis
    low: float
    high: float
    left: float
    right: float

    @classmethod
    def fit(cls, axis: Axis, items, left: float, right: float) -> Scale:
        """Scale for the items' values; a proportion's always runs from 0 to 100 %."""
        if axis.kind == "proportion":
            return cls(axis, 0.0, 1.0, left, right)
        from_data = ratio_limits if axis.kind == "ratio" else difference_limits
        return cls(axis, *(axis.limits or from_data(axis, items)), left, right)

    def x(self, value: float) -> float:
        """Pixel of a value; values off the scale land on its end."""
        return self.place(min(max(value, self.low), self.high))

    def place(self, value: float) -> float:
        """Pixel of a value as if the scale went on beyond its ends, though not for ever."""
        share = (value - self.low) / (self.high - self.low)
        if self.axis.kind == "ratio":
            share = log10(max(value, 1e-300) / self.low) / log10(self.high / self.low)
        return self.left + min(max(share, -FAR), FAR) * (self.right - self.left)

    def holds(self, value: float) -> bool:
        """Whether a value lies on the scale."""
        return self.low <= value <= self.high

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Values and their labels: quarters, or steps of 1, 2, 5, or of 10 where those are many."""
        if self.axis.kind == "proportion":
            return list(QUARTERS)
        if self.axis.kind == "difference":
            return _even_ticks(self.low, self.high)
        steps = [value for value in LADDER if self.low * 0.999 <= value <= self.high * 1.001]
        if len(steps) > 5:
            steps = [value for value in steps if "1" in f"{value:g}"]
        if len(steps) < 2:
            steps = [self.low, self.high]
        return [(value, f"{value:g}") for value in steps]


FAR = 25  # fold of the null


def ratio_limits(axis: Axis, items) -> tuple[float, float]:
    """Round limits that hold every estimate and, unless far from the null, every interval.

    What lies further out ends in an arrow, so that one wide interval does not flatten the others.
    """
    null = axis.null or 1.0
    centres, ends = [null], []
    for item in items:
        if has_estimate(item):
            centres.append(item.estimate)
            ends += [item.lower, item.upper, *(getattr(item, "prediction", None) or ())]
    centres = [value for value in centres if 0 < value < inf]
    ends = [end for end in ends if end is not None and null / FAR <= end <= null * FAR]
    low, high = min(centres + ends), max(centres + ends)
    below = max((step for step in LADDER if step <= low), default=LADDER[0])
    above = min((step for step in LADDER if step >= high), default=LADDER[-1])
    return (below, above) if below < above else (below / 2, above * 2)


def difference_limits(axis: Axis, items) -> tuple[float, float]:
    """Round limits that hold every estimate and every interval."""
    values = [axis.null or 0.0]
    for item in items:
        if has_estimate(item):
            limits = (item.lower, item.upper, *(getattr(item, "prediction", None) or ()))
            values += [item.estimate, *(limit for limit in limits if limit is not None)]
    values = [value for value in values if isfinite(value)]
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 1, high + 1
    step = _even_step(low, high)
    # No further in than the data, which a product may miss by its last digit.
    below, above = _steps(low, step, floor) * step, _steps(high, step, ceil) * step
    return min(below, low), max(above, high)


def _even_step(low, high):
    """The least of 1, 2 and 5 times a power of ten of which five hold the range, whole steps."""
    power = 10.0 ** floor(log10((high - low) / 5))
    steps = (n * power for n in (1, 2, 5, 10, 20, 50))
    return next(step for step in steps if _steps(high, step, ceil) - _steps(low, step, floor) <= 5)


def _steps(value, step, rounded):
    """How many steps a value is from 0, rounded outwards but for floating point."""
    return rounded(value / step + (1e-9 if rounded is floor else -1e-9))


def _even_ticks(low, high):
    step = _even_step(low, high)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    values = [float(f"{number * step:.9g}") for number in range(first, last + 1)]
    return [(value, signed(f"{value:g}")) for value in values]


def time_ticks(end: float, unit: str, most: int) -> list[float]:
    """Times from 0 to ``end`` in the steps of a calendar, or of 1, 2, 5: ``most`` steps at most.

    Parameters
    ----------
    end : float
        Above 0, in ``unit``.
    unit : str
        One of `CALENDAR`; of any other the steps are decimal.
    """
    power = 10.0 ** floor(log10(end / most))
    decimal = [n * power for n in (1, 2, 5, 10, 20)]
    whole = [step for step in CALENDAR.get(unit, ()) if end >= 2]
    # A last step that misses the end by rounding is still a step.
    step = next(step for step in (*whole, *decimal) if end / step <= most + 1e-9)
    return [float(f"{n * step:.9g}") for n in range(int(end / step + 1e-9) + 1)]
