"""The shaded regions of a contour-enhanced funnel, cut at the edges of the plot."""

from __future__ import annotations

from matplotlib.patches import Polygon

from evisynth.figures.base.style import measure

SHADES = (0.28, 0.55, 0.85)


def draw_regions(panel, null, levels, limit, points=()) -> None:
    """Shade what lies outside each level around the null, and label where each begins.

    Parameters
    ----------
    panel : Panel
    null : float
        Display scale.
    levels : sequence of float
        Rising.
    limit : callable
        Level, standard error and side (-1 or 1) to a display value.
    points : iterable of (float, float)
        Pixels that labels keep clear of.
    """
    sheet, apex = panel.sheet, float(panel.x.at(null))
    top, bottom = panel.y.start, panel.y.end
    sheet.line([apex, apex], [top, bottom], "ink", 1.0, zorder=1)
    for side in (-1, 1):
        ends = [_end(panel, level, side, limit, apex) for level in levels]
        edge = panel.x.end if side > 0 else panel.x.start
        outer = [*ends[1:], None]
        for start, stop, shade in zip(ends, outer, SHADES, strict=True):
            _shade(sheet, (apex, top, bottom, edge), start, stop, shade)
    _label(panel, levels, ends, apex, points)


def _end(panel, level, side, limit, apex):
    """Pixels from the null at the bottom of the plot, without a cut at its edge."""
    # A straight line in pixels: taken where it is still inside, then drawn out.
    error = panel.y.high
    while not panel.x.holds(limit(level, error, side)) and error > panel.y.high * 1e-9:
        error /= 2
    reach = float(panel.x.at(limit(level, error, side))) - apex
    return reach * panel.y.high / error


def _shade(sheet, frame, start, stop, shade):
    apex, top, bottom, edge = frame
    points = [(apex, top), (apex + start, bottom)]
    points += [(apex + stop, bottom)] if stop is not None else [(edge, bottom), (edge, top)]
    points = _cut(points, edge, 1 if edge > apex else -1)
    if len(points) > 2:
        patch = Polygon(points, closed=True)
        sheet.patch(patch, fill="hairline", zorder=-2)
        patch.set_alpha(shade)


def _cut(points, edge, side):
    """The part of a polygon on the inner side of an upright edge (Sutherland and Hodgman 1974)."""
    kept = []
    for one, other in zip(points, points[1:] + points[:1], strict=True):
        if side * (edge - one[0]) >= 0:
            kept.append(one)
        if (one[0] - edge) * (other[0] - edge) < 0:
            share = (edge - one[0]) / (other[0] - one[0])
            kept.append((edge, one[1] + share * (other[1] - one[1])))
    return kept


def _label(panel, levels, ends, apex, points):
    """The levels beside their lines on the right, as far down as each has room."""
    sheet, taken = panel.sheet, [(x - 5, y, 10.0) for x, y in points]
    for level, reach in zip(levels, ends, strict=True):
        text = f"{100 * level:g}%"
        box = next(_places(panel, measure(text, 11), reach, apex, taken), None)
        if box:
            taken.append(box)
            sheet.text(box[0], box[1], text, 11, color="muted")


def _places(panel, wide, reach, apex, taken):
    """Left edge and height of a label at ever higher places along its line."""
    top, bottom = panel.y.start, panel.y.end
    y = bottom - 8
    while y > top + 30:
        # Right of the line at the text's upper edge, so that the line does not cross it.
        x = apex + reach * (y + 5 - top) / (bottom - top) + 4
        clear = all(abs(y - b) > 11 or x > a + w + 3 or a > x + wide + 3 for a, b, w in taken)
        if clear and x + wide < panel.x.end - 2:
            yield x, y, wide
        y -= 6
