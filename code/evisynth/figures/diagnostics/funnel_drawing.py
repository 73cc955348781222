"""The drawing of a funnel plot."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from evisynth.engine.effects.measures import MEASURES
from evisynth.figures.base.data_figure import is_phone
from evisynth.figures.base.effect_axis import Span, effect_span, span_from_zero
from evisynth.figures.base.scatter import dots, framed
from evisynth.figures.base.style import measure as width_of
from evisynth.figures.diagnostics.funnel_regions import draw_regions

LEVELS = (0.90, 0.95, 0.99)
_SIZES = tuple(n * 10**power for power in range(7) for n in (1, 2, 5))


def draw_funnel(sheet, data) -> None:
    """Regions, points, lines and axes on a sheet."""
    contours = data.axis.null is not None
    extra = [value for value in (data.pooled, data.adjusted) if value is not None]
    values = np.r_[data.x, extra, [data.axis.null] if contours else []]

    def x_of(start, end):
        return effect_span(data.axis, values, start, end)

    def y_of(start, end):
        if data.ni is not None:
            return _size_span(data.y, start, end)
        return span_from_zero(float(data.y.max()), start, end, room=1.12)

    title = f"Standard error{_scale(data)}" if data.ni is None else "Size, n"
    panel = framed(sheet, x_of, y_of, 250 if is_phone(sheet) else 290, title, above=18)
    panel.grid()
    panel.label_y()
    if contours:
        points = zip(panel.x.at(data.x), panel.y.at(data.y), strict=True)
        draw_regions(panel, data.axis.null, LEVELS, _scaled_null(data), points)
    _pooled_line(panel, data)
    _points(panel, data)
    panel.axis_x(_x_title(data))
    _key(sheet, data)


def _scale(data):
    scale = MEASURES[data.measure].scale
    return f" ({scale})" if scale else ""


def _scaled_null(data):
    """Half widths of the regions at standard errors, as display values around the null."""
    back = MEASURES[data.measure].back_transform
    null = 0.0  # of every measure that has one, analysis scale

    def limit(level, error, side):
        with np.errstate(over="ignore"):
            return float(back(null + side * float(ndtri(0.5 + level / 2)) * error))

    return limit


def _size_span(roots, start, end):
    """Largest on top, evenly in 1 / sqrt(n), which is what a standard error goes with."""
    low, high = float(roots.min()) * 0.8, float(roots.max()) * 1.1
    sizes = [n for n in _SIZES if low <= n**-0.5 <= high]
    ticks, last = [], -1.0
    for n in reversed(sizes):  # from the top, where they come close
        if n**-0.5 - last > 0.065 * (high - low):
            ticks.append((n**-0.5, f"{n:,}"))
            last = n**-0.5
    return Span(low, high, start, end, tuple(ticks))


def _pooled_line(panel, data):
    sheet, top = panel.sheet, panel.y.start - 9
    if data.pooled is None or not panel.x.holds(data.pooled):
        return
    x = float(panel.x.at(data.pooled))
    sheet.line([x, x], [panel.y.start - 2, panel.y.end], "ink", 1.1, dash=(1.2, 2), zorder=2)
    if data.adjusted is not None:
        at = float(panel.x.at(data.adjusted))
        sheet.line([at, at], [panel.y.start, panel.y.end], "muted", 1.0, dash=(5, 3), zorder=2)
    text = f"pooled {data.axis.number(data.pooled)}{'%' * (data.axis.kind == 'proportion')}"
    half = width_of(text, 12, 600) / 2
    middle = min(max(x, half), sheet.width - half)
    sheet.text(middle, top, text, 12, weight=600, align="center")


def _points(panel, data):
    x, y = panel.x.at(data.x), panel.y.at(data.y)
    for some, inner in ((~data.filled, None), (data.filled, "paper")):
        dots(panel.sheet, x[some], y[some], "paper", 9.4, zorder=3)
        dots(panel.sheet, x[some], y[some], "series-1" if inner is None else "muted", 7.4)
        if inner:
            dots(panel.sheet, x[some], y[some], inner, 4.8, zorder=4)


def _x_title(data):
    name = MEASURES[data.measure].name
    return "Rate" if data.axis.kind == "proportion" else name.capitalize()


def _key(sheet, data):
    if not data.filled.any():
        return
    y = sheet.y + 10
    dots(sheet, [5], [y], "series-1", 7.4)
    x = 14 + sheet.text(14, y, "study", 12, color="muted") + 18
    dots(sheet, [x], [y], "muted", 7.4)
    dots(sheet, [x], [y], "paper", 4.8, zorder=4)
    x += 9 + sheet.text(x + 9, y, "filled in", 12, color="muted") + 18
    if data.adjusted is not None:
        sheet.line([x, x + 16], [y, y], "muted", 1.0, dash=(5, 3))
        text = f"pooled with them {data.axis.number(data.adjusted)}"
        sheet.text(x + 22, y, text, 12, color="muted")
    sheet.y += 20
