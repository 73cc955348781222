"""Kaplan-Meier results made ready to draw: checked, cut at the end of the axis, in words."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite

import numpy as np

from evisynth.checks import check_labels, check_number, check_numbers, shown
from evisynth.errors import ArgumentError
from evisynth.figures.base.style import clean

PLOT = "kaplan_meier_plot"
MOST = 3
_TUPLES = ("time", "survival", "lower", "upper", "censored")
_NEEDED = (*_TUPLES, "median", "median_lb", "median_ub", "n", "n_events", "time_unit",
           "numbers_at_risk")  # fmt: skip


@dataclass(frozen=True)
class LabelledCurve:
    """One result with its label and its number, 1 to 3."""

    label: str
    series: int
    result: object

    @property
    def _points(self):
        """Time, survival and limits after each time, from (0, 1) on."""
        result = self.result
        found = zip(result.time, result.survival, result.lower, result.upper, strict=True)
        return [(0.0, 1.0, None, None), *found]

    def _corners(self, column, end):
        """Corners of a step function up to ``end``; a value that does not exist is None."""
        points = [point for point in self._points if point[0] <= end]
        corners = []
        for before, after in pairwise(points):
            corners += [(before[0], before[column]), (after[0], before[column])]
        stop = min(end, self._points[-1][0])
        return [*corners, (points[-1][0], points[-1][column]), (stop, points[-1][column])]

    def steps(self, end):
        """Corners of the curve, (time, survival), from (0, 1) to the end of follow-up."""
        return self._corners(1, end)

    def bands(self, end):
        """Pieces of the band that have both limits: corners of the upper, of the lower edge."""
        lower, upper = self._corners(2, end), self._corners(3, end)
        pieces, piece = [], ([], [])
        for low, high in zip(lower, upper, strict=True):
            if _exists(low[1]) and _exists(high[1]):
                piece[0].append(high)
                piece[1].append(low)
            elif piece[0]:
                pieces.append(piece)
                piece = ([], [])
        pieces.append(piece)
        return [piece for piece in pieces if len(piece[0]) > 1]

    def censorings(self, end):
        """Time and survival where anybody was censored."""
        found = zip(self.result.time, self.result.survival, self.result.censored, strict=True)
        return [(time, share) for time, share, number in found if number and time <= end]

    def at(self, time):
        """Survival and its limits at a time; None after the end of follow-up, unless all died."""
        points = self._points
        if time > points[-1][0] and points[-1][1] > 0:
            return None, None, None
        values = points[bisect_right([point[0] for point in points], time) - 1][1:]
        return tuple(float(v) if _exists(v) else None for v in values)

    def at_risk(self, times):
        """Numbers at risk, whole numbers."""
        return tuple(int(number) for number in self.result.numbers_at_risk(times))

    def last(self, end):
        """Survival where the drawn curve ends."""
        return self.steps(end)[-1][1]

    def median_words(self, unit):
        """The median with its limits."""
        result = self.result
        low, high = _time(result.median_lb), _time(result.median_ub)
        if result.median is None:
            return f"median not reached (from {low})" if low else "median not reached"
        limits = f" ({low or 'not known'}–{high or 'not reached'})" if low or high else ""
        return f"median {_time(result.median)} {unit}{limits}"


@dataclass(frozen=True)
class Curves:
    """Everything a drawing needs, checked once; made by `checked_curves`."""

    curves: tuple[LabelledCurve, ...]
    unit: str
    end: float
    times: tuple[float, ...]
    title: str
    subtitle: str
    heading: str
    band: bool
    footer: tuple[str, ...]

    @property
    def explained(self):
        """What the marks mean, in the order in which a reader meets them."""
        level = f"{100 * getattr(self.curves[0].result, 'level', 0.95):g}%"
        lines = [f"shaded: pointwise {level} interval"] if self.band else []
        if any(curve.censorings(self.end) for curve in self.curves):
            lines.append("upright stroke: censored")
        medians = [curve.result.median for curve in self.curves]
        if any(median is not None and median <= self.end for median in medians):
            lines.append("dotted: median")
        if any(curve.result.time[-1] > self.end for curve in self.curves):
            lines.append(f"follow-up after {self.end:g} {self.unit} is not drawn")
        return lines

    def table(self, times):
        """One dict per curve, then one per curve and time of the axis."""
        entries = [
            {"kind": "curve", "label": c.label, "n": c.result.n, "events": c.result.n_events}
            | {"median": c.result.median, "lower": c.result.median_lb, "upper": c.result.median_ub}
            for c in self.curves
        ]
        for curve in self.curves:
            for time, number in zip(times, curve.at_risk(times), strict=True):
                survival, lower, upper = curve.at(time)
                entries.append(
                    {"kind": "time", "label": curve.label, "time": float(time), "at risk": number}
                    | {"survival": survival, "lower": lower, "upper": upper}
                )
        return entries

    @property
    def in_words(self):
        """The numbers in a sentence each, for a reader who does not see the drawing."""
        parts = [f"Kaplan–Meier {'curves' if len(self.curves) > 1 else 'curve'}."]
        parts.append(f"{self.title.rstrip('.')}.")
        for curve in self.curves:
            name = f"{curve.label}: " if curve.label else ""
            counts = f"{curve.result.n:,} patients, {curve.result.n_events:,} events"
            parts.append(f"{name}{counts}, {curve.median_words(self.unit)}.")
        return " ".join(parts)


def _exists(value):
    return value is not None and value == value


def _time(value):
    """A time as printed, empty where there is none."""
    if not _exists(value) or not isfinite(value):
        return ""
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 0.95 else f"{value:.2g}"


def checked_curves(curves, *, labels, until, times, **texts):
    """Results, labels and times as `Curves`; anything that cannot be drawn is refused."""
    results, labels = _named(curves, labels)
    for position, result in enumerate(results):
        _check_result(result, position)
    units = list(dict.fromkeys(str(result.time_unit) for result in results))
    if len(units) > 1:
        raise ArgumentError(PLOT, "curves", f"in {' and in '.join(units)}", "one unit of time")
    follow_up = max(float(result.time[-1]) for result in results)
    times = _checked_times(times)
    end = max(follow_up, *times, 0.0) if until is None else _checked_until(until)
    drawn = tuple(
        LabelledCurve(str(label), number, result)
        for number, (label, result) in enumerate(zip(labels, results, strict=True), start=1)
    )
    notes = (str(note) for result in results for note in getattr(result, "notes", ()))
    texts["footer"] = (*dict.fromkeys(notes), *texts["footer"])
    return Curves(drawn, units[0], end or 1.0, tuple(t for t in times if t <= end), **texts)


def _named(curves, labels):
    if isinstance(curves, Mapping):
        if labels is not None:
            raise ArgumentError(PLOT, "labels", "given", "nothing beside a mapping")
        curves, labels = tuple(curves.values()), tuple(curves)
    elif hasattr(curves, "numbers_at_risk"):
        curves = (curves,)
    try:
        curves = tuple(curves)
    except TypeError:
        raise ArgumentError(PLOT, "curves", shown(curves), "Kaplan-Meier results") from None
    if not 1 <= len(curves) <= MOST:
        allowed = f"1 to {MOST}, as more cannot be told apart"
        raise ArgumentError(PLOT, "curves", f"{len(curves)} results", allowed)
    if labels is None:
        labels = tuple(getattr(curve, "label", "") for curve in curves)
    return curves, _checked_labels(labels, len(curves))


def _checked_labels(labels, number):
    allowed = f"one per curve, {number}"
    labels = (labels,) if isinstance(labels, str) and number == 1 else labels
    labels = check_labels(PLOT, "labels", labels, number, allowed, blank=True)
    names = ("All",) if number == 1 else tuple(f"Curve {n + 1}" for n in range(number))
    return tuple(clean(label) or name for label, name in zip(labels, names, strict=True))


def _check_result(result, position):
    missing = [name for name in _NEEDED if not hasattr(result, name)]
    if missing:
        given = f"{shown(result)} at position {position}, without {missing[0]}"
        raise ArgumentError(PLOT, "curves", given, "Kaplan-Meier results")
    lengths = {len(getattr(result, name)) for name in _TUPLES}
    where = f"at position {position}"
    if len(lengths) > 1 or lengths == {0}:
        given = f"of lengths {sorted(lengths)} {where}"
        raise ArgumentError(PLOT, "curves", given, "tuples of one length, from 1")
    pairs = pairwise(result.time)
    if not result.time[0] >= 0 or any(not a < b for a, b in pairs):
        raise ArgumentError(PLOT, "curves", f"with times out of order {where}", "rising times")
    if not isfinite(result.time[-1]):
        raise ArgumentError(PLOT, "curves", f"with an infinite time {where}", "finite times")
    falls = zip((1.0, *result.survival), result.survival, strict=False)
    if any(not 0 <= after <= before + 1e-12 for before, after in falls):
        raise ArgumentError(PLOT, "curves", f"with rising survival {where}", "from 1 down to 0")


def _checked_until(until):
    return check_number(PLOT, "until", until, lambda v: 0 < v < float("inf"), "a time above 0")


def _checked_times(times):
    if times is None:
        return ()
    allowed = "rising times from 0"
    if isinstance(times, Iterable) and not isinstance(times, str | bytes | Mapping | np.ndarray):
        times = list(times)
    times = tuple(check_numbers(PLOT, "times", times, lower=0, allowed=allowed).tolist())
    if any(not a < b for a, b in pairwise(times)):
        raise ArgumentError(PLOT, "times", shown(times), allowed)
    return times
