"""Where the columns of the desktop forest plot stand."""

from __future__ import annotations

import re
from dataclasses import dataclass

from evisynth.figures import marks
from evisynth.figures.rows import NOT_ESTIMABLE, Forest, Row
from evisynth.figures.style import DESKTOP, measure

INDENT, GAP = 10.0, 8.0
PLOT, WIDEST_PLOT = 230.0, 300.0


@dataclass(frozen=True)
class Layout:
    """Horizontal positions in pixels.

    Attributes
    ----------
    label : float
        Width of the label column, from 0.
    columns : tuple of (float, float)
        Left edge and width of each extra column.
    rob : float
        Centre of the risk-of-bias circles.
    counts, estimate, weight : float
        Right edges.
    plot : tuple of float
        Left and right edge.
    """

    label: float
    columns: tuple[tuple[float, float], ...]
    rob: float
    counts: float
    plot: tuple[float, float]
    estimate: float
    weight: float


def label_width(row: Row) -> float:
    """Room that a cohort's label and badges want on one line."""
    badges = sum(marks.badge_width(text) + 5 for text in row.badges)
    return INDENT + measure(row.label, 13) + badges


def fit_layout(plot: Forest) -> Layout:
    """Columns as wide as their texts want, narrowed until the plot keeps its least width."""
    estimate = DESKTOP - (52 if plot.has_weights else 0)
    right = estimate - max(_estimate_width(plot) + 21, 78)
    # A subtotal's bold counts may reach into the columns on their left, which are empty there.
    counted = [measure(item.counts, 13) for item in (*plot.rows, *plot.left_out)]
    counts = max([*counted, measure("n / N", 12, 600)])
    rob = 22.0 if plot.has_rob else 0.0
    beside = counts + rob + GAP + 16
    wanted, number = _wanted_widths(plot), len(plot.columns)
    widths = narrowed(wanted, _least_widths(plot), right - PLOT - beside - GAP * number)
    spare = right - PLOT - beside - sum(widths) - GAP * number
    gap = GAP + min(max(spare, 0) / (number + 1), 14)
    lefts = [sum(widths[:n]) + gap * n for n in range(number + 1)]
    left = max(lefts[-1] + widths[-1] + gap + beside - GAP, right - WIDEST_PLOT)
    left = max(left, min(_prediction_width(plot), right - PLOT))
    return Layout(
        label=widths[0],
        columns=tuple(zip(lefts[1:], widths[1:], strict=True)),
        rob=left - 16 - counts - GAP - rob / 2 + 4,
        counts=left - 16,
        plot=(left, right),
        estimate=estimate,
        weight=DESKTOP,
    )


def _estimate_width(plot: Forest) -> float:
    """Width of the column of estimates."""
    texts = [plot.axis.estimate(item) for item in plot.drawn]
    # Words may come closer to the plot than numbers.
    words = [
        measure(NOT_ESTIMABLE, 13, italic=True) - 10 for text in texts if text == NOT_ESTIMABLE
    ]
    numbers = [measure(text, 13, 600) for text in texts if text != NOT_ESTIMABLE]
    return max([measure(plot.axis.heading, 12, 600), *words, *numbers])


def _prediction_width(plot: Forest) -> float:
    """Room that the words before a prediction interval want, left of the plot."""
    subtotals = () if plot.overall else tuple(group.subtotal for group in plot.groups)
    pooled = [item for item in (plot.overall, *subtotals) if item and item.prediction]
    words = [measure(item.new_centre, 13, 600) for item in pooled]
    return max(words, default=0.0) + INDENT * (not plot.overall) + GAP


def _wanted_widths(plot: Forest) -> list[float]:
    """Widths that the label column and the extra columns would have with room for all."""
    wanted = [max([96, *(label_width(row) for row in plot.rows)])]
    for number, head in enumerate(plot.columns):
        cells = [measure(column_text(row, number), 13) for row in plot.rows]
        wanted.append(max([*cells, measure(head, 12, 600)]))
    return wanted


def _least_widths(plot):
    """Widths that hold each column's longest unbroken part, up to what the plot can spare."""
    most = 160 / max(len(plot.columns), 1)
    least = [max([60.0, *(min(_longest(row.label) + INDENT, 110) for row in plot.rows)])]
    for number, head in enumerate(plot.columns):
        cells = [min(_longest(column_text(row, number)), most) for row in plot.rows]
        least.append(max([*cells, measure(head, 12, 600)]))
    return least


def _longest(text):
    return max((measure(part, 13) for part in re.split(r"(?<=[/\-–+,])|\s", text)), default=0)


def narrowed(wanted: list[float], least: list[float], room: float) -> list[float]:
    """Widths that fit in ``room``: the widest give way first, none below its least.

    The first, the labels, keeps half as much again as the others may have.
    """

    def held(limit):
        limits = [1.5 * limit, *(limit for _ in wanted[1:])]
        return [max(min(w, n), m) for w, n, m in zip(wanted, limits, least, strict=True)]

    limit = max(wanted)
    while sum(held(limit)) > room and limit > 1:
        limit -= 1
    return held(limit)


def column_text(row: Row, number: int) -> str:
    """Text of an extra column, empty where the row has none."""
    return row.columns[number] if number < len(row.columns) else ""
