"""Points in a plane: grid and axes, many marks in one path, labels clear of each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from evisynth.figures.base.data_figure import shorten
from evisynth.figures.base.effect_axis import Span
from evisynth.figures.base.sheet import Sheet
from evisynth.figures.base.style import measure


@dataclass(frozen=True)
class Panel:
    """A plot on a sheet between two axes."""

    sheet: Sheet
    x: Span
    y: Span

    def grid(self, *, across: bool = True, down: bool = True) -> None:
        """Hairlines behind everything."""
        for value, _ in self.y.ticks if across else ():
            y = float(self.y.at(value))
            self.sheet.line([self.x.start, self.x.end], [y, y], "hairline", 0.7, zorder=-1)
        for value, _ in self.x.ticks if down else ():
            x = float(self.x.at(value))
            self.sheet.line([x, x], [self.y.start, self.y.end], "hairline", 0.7, zorder=-1)

    def label_y(self) -> None:
        """Tick labels left of the plot."""
        for value, label in self.y.ticks:
            y = float(self.y.at(value))
            self.sheet.text(self.x.start - 7, y, label, 11.5, align="right", color="muted")

    def axis_x(self, title: str = "") -> None:
        """Axis line with labelled ticks below the plot, and its title under them."""
        sheet, y = self.sheet, max(self.y.start, self.y.end)
        sheet.line([self.x.start, self.x.end], [y, y], "muted")
        for value, label in self.x.ticks:
            x, width = float(self.x.at(value)), measure(label, 11.5)
            sheet.line([x, x], [y, y + 4], "muted")
            left = min(max(x - width / 2, 0), sheet.width - width)
            sheet.text(left, y + 12.5, label, 11.5, color="muted")
        sheet.y = y + 22
        if title:
            middle = (self.x.start + self.x.end) / 2
            room = 2 * min(middle, sheet.width - middle)
            text = shorten(title, room, 12, weight=600)
            sheet.text(middle, sheet.y + 7, text, 12, align="center", weight=600, color="muted")
            sheet.y += 16


def strokes(sheet, segments, color, width, *, cap="butt", alpha=None, zorder=2) -> None:
    """Draw separate lines, shape (m, 4) of x, y, x, y, as one path."""
    ends = np.asarray(segments, dtype=float).reshape(-1, 2)
    if not len(ends):
        return
    codes = np.tile([Path.MOVETO, Path.LINETO], len(ends) // 2)
    patch = PathPatch(_kept(ends, codes), capstyle=cap)
    sheet.patch(patch, edge=color, width=width, zorder=zorder)
    patch.set_alpha(alpha)
    if cap == "round":
        # Agg, which draws the PNGs, would move the ends of a dot to one pixel and leave it out.
        patch.set_snap(False)


def dots(sheet, xs, ys, color, size, *, alpha=None, zorder=3) -> None:
    """Draw round points ``size`` pixels wide as one path."""
    # The cap of a line as good as without length is a circle in the fewest bytes.
    segments = np.column_stack([xs, ys, np.asarray(xs) + 0.01, ys])
    strokes(sheet, segments, color, size, cap="round", alpha=alpha, zorder=zorder)


def boxes(sheet, corners, color, *, alpha=None, zorder=2) -> None:
    """Fill rectangles, shape (m, 4) of left, top, right, bottom, as one path."""
    corners = np.asarray(corners, dtype=float).reshape(-1, 4)
    if not len(corners):
        return
    points = corners[:, [0, 1, 2, 1, 2, 3, 0, 3, 0, 1]].reshape(-1, 2)
    codes = np.tile([Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY], len(corners))
    patch = PathPatch(_kept(points, codes))
    sheet.patch(patch, fill=color, zorder=zorder)
    patch.set_alpha(alpha)


def _kept(points, codes):
    """A path of which Matplotlib leaves nothing out to save space."""
    path = Path(np.round(points, 2), codes)
    path.should_simplify = False
    return path


def place_labels(labels, xs, ys, frame, *, size=12.0, radius=4.0, widest=130.0):
    """Where labels go beside their points, the first having the first choice.

    Parameters
    ----------
    labels : sequence of str
        Most important first; one without a free place is left out.
    xs, ys : array_like
        Pixels of all points; those beyond the labels' number are kept clear of too.
    frame : tuple of float
        Left, top, right, bottom that labels stay within.

    Returns
    -------
    list of (int, float, float, str)
        Number of the label, left edge, height of its middle, text.
    """
    taken = [(x - radius, y - radius, x + radius, y + radius) for x, y in zip(xs, ys, strict=True)]
    placed = []
    for number, label in enumerate(labels):
        text = shorten(label, widest, size)
        for box in _places(xs[number], ys[number], measure(text, size), size, radius):
            if _within(box, frame) and not any(_meet(box, other) for other in taken):
                taken.append(box)
                placed.append((number, box[0], (box[1] + box[3]) / 2, text))
                break
    return placed


def _places(x, y, width, size, radius):
    """Boxes right, left, above and below a point, then at its corners."""
    half, gap = size * 0.5, radius + 2.0
    sides = [(x + gap, y), (x - gap - width, y)]
    sides += [(x - width / 2, y - gap - half), (x - width / 2, y + gap + half)]
    near, far = x + radius * 0.6, x - radius * 0.6 - width
    sides += [(left, y + up * (gap + half - 1)) for up in (-1, 1) for left in (near, far)]
    return [(left, middle - half, left + width, middle + half) for left, middle in sides]


def _within(box, frame):
    left, top, right, bottom = frame
    return box[0] >= left and box[1] >= top and box[2] <= right and box[3] <= bottom


def _meet(one, other):
    across = min(one[2], other[2]) - max(one[0], other[0])
    return across > 0 and min(one[3], other[3]) - max(one[1], other[1]) > 0


def framed(sheet, x_of, y_of, height, y_title, *, above=0.0, beside=0.0):
    """A panel below what the sheet holds, its vertical axis named above it.

    Parameters
    ----------
    sheet : Sheet
    x_of, y_of : callable
        From two pixel positions, left and right or top and bottom, to a `Span`.
    height : float
        Of the plot, pixels.
    y_title : str
    above, beside : float
        Room kept free above the plot and right of it.

    Returns
    -------
    Panel
    """
    sheet.y += 8
    sheet.paragraph(0, y_title, 12, sheet.width, pitch=16, weight=600, color="muted")
    top = sheet.y + 7 + above
    y = y_of(top, top + height)
    left = max([26.0, *(measure(label, 11.5) + 9 for _, label in y.ticks)])
    sheet.y = top + height
    return Panel(sheet, x_of(left, sheet.width - 12 - beside), y)
