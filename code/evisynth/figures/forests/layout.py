"""Where the columns of the desktop forest plot stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import fsum

from evisynth.figures.base import marks
from evisynth.figures.base.parts import name_width
from evisynth.figures.base.rows import NOT_ESTIMABLE, ForestPlot, Row
from evisynth.figures.base.style import DESKTOP, measure

INDENT, GAP = 10.0, 8.0
PLOT, WIDEST_PLOT, NARROWEST_PLOT = 230.0, 300.0, 170.0


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
    stacked : bool
        Whether the texts of the extra columns stand below the labels, as there is no room.
    left_out : tuple of float
        Widths of the labels and of the codes of rows left out.
    """

    label: float
    columns: tuple[tuple[float, float], ...]
    rob: float
    counts: float
    plot: tuple[float, float]
    estimate: float
    weight: float
    stacked: bool = False
    left_out: tuple[float, float] = (0.0, 0.0)


def label_width(row: Row) -> float:
    """Room that a cohort's label and badges want on one line."""
    badges = fsum(marks.badge_width(text) + 5 for text in row.badges)
    return INDENT + measure(row.label, 13) + badges


def fit_layout(plot: ForestPlot) -> Layout:
    """Columns as wide as their texts want, narrowed until the plot keeps its least width."""
    estimate = DESKTOP - (52 if plot.has_weights else 0)
    right = estimate - max(_estimate_width(plot) + 21, 78)
    # A subtotal's bold counts may reach into the columns on their left, which are empty there.
    counted = [measure(item.counts, 13) for item in (*plot.rows, *plot.left_out) if item.counts]
    counts = max([*counted, measure("n / N", 12, 600) if plot.has_counts else 0])
    rob = max(22.0, plot.most_domains * marks.DOMAIN + 4) if plot.has_rob else 0.0
    beside = counts + rob + GAP + 16
    widths, least_plot = _columns(plot, right - beside)
    stacked, number = len(widths) <= len(plot.columns), len(widths) - 1
    spare = right - least_plot - beside - fsum(widths) - GAP * number
    names = _room_for_names(plot, widths[0], spare)
    widths, spare = [widths[0] + names, *widths[1:]], spare - names
    gap = GAP + min(max(spare, 0) / (number + 1), 14)
    lefts = [fsum(widths[:n]) + gap * n for n in range(number + 1)]
    left = max(lefts[-1] + widths[-1] + gap + beside - GAP, right - WIDEST_PLOT)
    left = max(left, min(_prediction_width(plot), right - least_plot))
    return Layout(
        label=widths[0],
        columns=tuple(zip(lefts[1:], widths[1:], strict=True)),
        rob=left - 16 - counts - GAP - rob / 2 + 4,
        counts=left - 16,
        plot=(left, right),
        estimate=estimate,
        weight=DESKTOP,
        stacked=stacked,
        left_out=_left_out_widths(plot, left - 16),
    )


def _room_for_names(plot, label, spare):
    """What to add to the labels so that as many second names as possible fit on their lines."""
    wanted = [label_width(row) + 6 + name_width(row.name) - label for row in plot.rows if row.name]
    return max((width for width in wanted if 0 < width <= spare), default=0.0)


def _with_name(item) -> float:
    """Room that a left-out row's label and second name want on one line."""
    return INDENT + measure(item.label, 13) + (6 + name_width(item.name) if item.name else 0)


def _left_out_widths(plot, counts):
    """Widths of labels and codes, where the counts end at ``counts``."""
    plain = max((measure(item.label, 13) + INDENT for item in plot.left_out), default=0)
    named = max((_with_name(item) for item in plot.left_out), default=0)
    wanted = named if named <= counts * 0.42 else plain
    codes = max((marks.badge_width(item.code) for item in plot.left_out), default=0)
    return min(max(wanted, 96), max(counts * 0.42, 96)), codes


def _columns(plot, room):
    """Widths of the label and extra columns, the latter left out where they do not fit; and the
    least width that the plot keeps beside them.
    """
    gaps, wanted = GAP * len(plot.columns), _wanted_widths(plot)
    for least, kept in _bounds(plot):
        if fsum(least) + gaps <= room - kept:
            return narrowed(wanted, least, room - kept - gaps), kept
    below = [measure(stacked_text(row), 12) + INDENT for row in plot.rows]
    return narrowed([max([wanted[0], *below])], [60.0], room - PLOT), PLOT


def _estimate_width(plot: ForestPlot) -> float:
    """Width of the column of estimates."""
    texts = [plot.axis.estimate(item) for item in plot.drawn]
    # Words may come closer to the plot than numbers.
    words = [
        measure(NOT_ESTIMABLE, 13, italic=True) - 10 for text in texts if text == NOT_ESTIMABLE
    ]
    numbers = [measure(text, 13, 600) for text in texts if text != NOT_ESTIMABLE]
    return max([measure(plot.axis.heading, 12, 600), *words, *numbers])


def _prediction_width(plot: ForestPlot) -> float:
    """Room that the words before a prediction interval want, left of the plot."""
    subtotals = () if plot.overall else tuple(group.subtotal for group in plot.groups)
    pooled = [item for item in (plot.overall, *subtotals) if item and item.prediction]
    words = [measure(plot.axis.prediction(item.level), 13, 600) for item in pooled]
    return max(words, default=0.0) + INDENT * (not plot.overall) + GAP


def _wanted_widths(plot: ForestPlot) -> list[float]:
    """Widths that the label column and the extra columns would have with room for all."""
    wanted = [max([96, *(label_width(row) for row in plot.rows)])]
    for number, head in enumerate(plot.columns):
        cells = [measure(column_text(row, number), 13) for row in plot.rows]
        wanted.append(max([*cells, measure(head, 12, 600)]))
    return wanted


def _bounds(plot):
    """Least widths of the columns, and of the plot, from the most to the least pleasing."""
    label = _wanted_widths(plot)[0]
    if len(plot.columns) > 2 or plot.most_domains > 1:
        # So many columns would break words; better that their texts stand below the labels.
        return [(_least_widths(plot, min(label, 120)), kept) for kept in (PLOT, NARROWEST_PLOT)]
    most = 160 / max(len(plot.columns), 1)
    label = max([60.0, *(min(_longest(row.label) + INDENT, 110) for row in plot.rows)])
    capped = _least_widths(plot, label, most)
    return [(_least_widths(plot, label), PLOT), (capped, PLOT), (capped, NARROWEST_PLOT)]


def _least_widths(plot, label, most=DESKTOP):
    """Widths that hold each column's longest unbroken part, as far as ``most`` of them."""
    least = [label]
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
    while fsum(held(limit)) > room and limit > 1:
        limit -= 1
    return held(limit)


def stacked_text(row: Row) -> str:
    """Texts of the extra columns on one line."""
    return " · ".join(text for text in row.columns if text)


def column_text(row: Row, number: int) -> str:
    """Text of an extra column, empty where the row has none."""
    return row.columns[number] if number < len(row.columns) else ""


def apart(wanted, top, bottom):
    """Upper edges of boxes near where they want to be, in order, without touching each other.

    Parameters
    ----------
    wanted : list of (float, float)
        Upper edge and height of each, sorted.
    """
    edges, floor = [], top
    for edge, height in wanted:
        edges.append(max(edge, floor))
        floor = edges[-1] + height
    ceiling = bottom
    for number in range(len(edges) - 1, -1, -1):
        edges[number] = max(min(edges[number], ceiling - wanted[number][1]), top)
        ceiling = edges[number]
    return edges
