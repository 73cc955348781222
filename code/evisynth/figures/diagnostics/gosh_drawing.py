"""The drawing of a GOSH plot: cells shaded by how many subsets they hold, and the two margins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evisynth.figures.base.data_figure import is_phone
from evisynth.figures.base.scatter import boxes, framed, strokes
from evisynth.figures.base.style import measure

SHADES = (0.16, 0.3, 0.46, 0.66, 0.9)
CELL = {"desktop": 7.0, "phone": 6.0}
TOP, BESIDE = 38.0, 46.0


@dataclass(frozen=True)
class Cells:
    """Cells of the plane that hold a subset.

    Attributes
    ----------
    corners, bounds : ndarray, shape (m, 4)
        Left, top, right, bottom in pixels; lowest and highest x, lowest and highest y.
    count, marked : ndarray of int, shape (m,)
        Subsets, and those with the highlighted study.
    columns, rows : tuple of ndarray
        Subsets, and those with the study, along each margin.
    """

    corners: np.ndarray
    bounds: np.ndarray
    count: np.ndarray
    marked: np.ndarray
    columns: tuple[np.ndarray, np.ndarray]
    rows: tuple[np.ndarray, np.ndarray]


def gosh_cells(data, x, y, size: float) -> Cells:
    """Count the subsets in cells of ``size`` pixels between two spans."""
    across, down = abs(x.end - x.start) // size, abs(y.end - y.start) // size
    edges = [np.linspace(min(s.start, s.end), max(s.start, s.end), int(n) + 1)
             for s, n in ((x, across), (y, down))]  # fmt: skip
    px, py = x.at(data.x), y.at(data.y)
    every = np.histogram2d(px, py, edges)[0].astype(int)
    marked = 0 * every
    if data.marked is not None:
        marked = np.histogram2d(px[data.marked], py[data.marked], edges)[0].astype(int)
    i, j = np.nonzero(every)
    corners = np.column_stack([edges[0][i], edges[1][j], edges[0][i + 1], edges[1][j + 1]])
    bounds = np.column_stack([_value(x, corners[:, 0]), _value(x, corners[:, 2]),
                              _value(y, corners[:, 3]), _value(y, corners[:, 1])])  # fmt: skip
    margins = [(every.sum(axis=a), marked.sum(axis=a)) for a in (1, 0)]
    return Cells(corners, bounds, every[i, j], marked[i, j], *margins)


def _value(span, pixels):
    share = (pixels - span.start) / (span.end - span.start)
    if span.log:
        return span.low * (span.high / span.low) ** share
    return span.low + share * (span.high - span.low)


def draw_gosh(sheet, data, spans, y_title) -> None:
    """Cells, margins, and the subset of all studies."""
    phone = is_phone(sheet)
    height = 240 if phone else 252
    panel = framed(sheet, *spans, height, y_title, above=TOP + 6, beside=BESIDE)
    panel.grid()
    panel.label_y()
    cells = gosh_cells(data, panel.x, panel.y, CELL["phone" if phone else "desktop"])
    _draw_cells(sheet, cells)
    _margins(panel, cells)
    if data.whole is not None:
        _whole(panel, data, cells)
    unit = {"proportion": "rate"}.get(data.axis.kind, data.noun)
    panel.axis_x(f"Pooled {unit}")


def _draw_cells(sheet, cells):
    inset = cells.corners + np.array([0.35, 0.35, -0.35, -0.35])
    most = np.log1p(cells.count.max())
    shade = np.minimum((len(SHADES) * np.log1p(cells.count) / most).astype(int), len(SHADES) - 1)
    majority = 2 * cells.marked > cells.count
    for number, alpha in enumerate(SHADES):
        for some, color in ((~majority, "ink"), (majority, "accent")):
            boxes(sheet, inset[(shade == number) & some], color, alpha=alpha)
    left, top, right, bottom = inset[majority].T
    strokes(sheet, np.column_stack([left, bottom, right, top]), "paper", 1.5, zorder=3)
    strokes(sheet, np.column_stack([left, bottom, right, top]), "accent", 0.7, zorder=3)


def _margins(panel, cells):
    sheet, x, y = panel.sheet, panel.x, panel.y
    _bars(sheet, cells.columns, (x.start, x.end), y.end - 5, -TOP, across=True)
    _bars(sheet, cells.rows, (y.end, y.start), x.end + 5, BESIDE - 8, across=False)


def _bars(sheet, counts, ends, base, reach, *, across):
    """A histogram along one margin; the part with the highlighted study is outlined."""
    every, marked = counts
    edges = np.linspace(*ends, len(every) + 1)
    share = reach / max(every.max(), 1)
    tips = base + share * every
    corners = [edges[:-1], tips, edges[1:], 0 * tips + base]
    corners = np.column_stack(corners if across else [corners[3], edges[:-1], tips, edges[1:]])
    boxes(sheet, corners[every > 0], "muted", alpha=0.45)
    if marked.any():
        first, last = np.flatnonzero(marked)[[0, -1]]
        along = np.repeat(edges[first : last + 2], 2)
        up = np.r_[base, np.repeat(base + share * marked[first : last + 1], 2), base]
        lines = (along, up) if across else (up, along)
        sheet.line(*(np.round(values, 2) for values in lines), "accent", 1.4, zorder=3)


def _whole(panel, data, cells):
    """The subset of all studies, its label where it hides fewest others."""
    sheet = panel.sheet
    x, y = float(panel.x.at(data.x[data.whole])), float(panel.y.at(data.y[data.whole]))
    points = [(x - 6.5, y), (x, y - 7.5), (x + 6.5, y), (x, y + 7.5)]
    sheet.polygon(points, fill="ink", edge="paper", width=1.8, zorder=4)
    text = f"all {data.k}"
    width = measure(text, 12, 600)
    left, middle = min(_beside(panel, x, y, width), key=lambda place: _hidden(cells, *place, width))
    boxes(sheet, [(left - 3, middle - 8, left + width + 3, middle + 8)], "paper", alpha=0.85,
          zorder=4)  # fmt: skip
    sheet.text(left, middle, text, 12, weight=600)


def _beside(panel, x, y, width):
    """Left edge and height of labels around a point that stay in the plot."""
    places = [(x + 11, y), (x - 11 - width, y), (x - width / 2, y - 17), (x - width / 2, y + 17)]
    (low, high), (top, bottom) = (panel.x.start, panel.x.end), (panel.y.end, panel.y.start)
    inside = [
        (left, middle)
        for left, middle in places
        if low + 3 < left < high - width - 3 and top + 8 < middle < bottom - 8
    ]
    return inside or places[:1]


def _hidden(cells, left, middle, width):
    """How many subsets a label would lie over."""
    a, b, c, d = cells.corners.T
    under = (a < left + width + 3) & (c > left - 3) & (b < middle + 8) & (d > middle - 8)
    return int(cells.count[under].sum())
