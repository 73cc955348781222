"""The marks of the house style, each drawn on a sheet at pixel positions."""

from __future__ import annotations

from math import cos, pi, sin, sqrt

from matplotlib.patches import Circle, FancyBboxPatch, Wedge

from evisynth.figures.base.style import measure

SQUARE, SMALLEST = 13.0, 3.5
POOLED, SUBTOTAL = 7.0, 5.0
BADGE_TEXT, BADGE_HEIGHT = 9.5, 14.0
MARK, DOMAIN = 8.5, 11.0


def side(weight: float | None, heaviest: float) -> float:
    """Side of a square whose area is proportional to weight, pixels."""
    if not heaviest or not weight:
        return 7.0 if not heaviest else SMALLEST
    return max(SQUARE * sqrt(weight / heaviest), SMALLEST)


def cohort(sheet, scale, y, row, size, *, shaped=False) -> None:
    """A counted cohort: its interval and a filled mark of ``size`` pixels."""
    color = f"series-{row.series}"
    interval(sheet, scale, y, row.lower, row.upper, color)
    if scale.holds(row.estimate):
        marker(sheet, scale.x(row.estimate), y, size, row.series if shaped else 0, color)


def marker(sheet, x, y, size, shape, color) -> None:
    """A filled mark of area ``size`` squared: 0 square, 1 circle, 2 cross, 3 triangle."""
    if shape == 1:
        sheet.patch(Circle((x, y), size / sqrt(pi)), fill=color)
        return
    sheet.polygon([(x + size * dx, y + size * dy) for dx, dy in _SHAPES[shape]], fill=color)


def _cross():
    """Unit area: four arms of width a and length a around a square, turned by 45 degrees."""
    a = 1 / sqrt(5)
    quarter = [(a / 2, a / 2), (1.5 * a, a / 2), (1.5 * a, -a / 2)]
    turns = [pi / 4 - n * pi / 2 for n in range(4)]
    return [(x * cos(t) - y * sin(t), x * sin(t) + y * cos(t)) for t in turns for x, y in quarter]


def _triangle():
    """Unit area, centre of mass in the middle, pointing up."""
    radius = 2 / 3**0.25 / sqrt(3)
    return [(radius * sin(turn), -radius * cos(turn)) for turn in (0, 2 * pi / 3, 4 * pi / 3)]


_SHAPES = {
    0: [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)],
    2: _cross(),
    3: _triangle(),
}


def interval(sheet, scale, y, lower, upper, color, width=1.4) -> None:
    """A confidence interval, with an arrowhead where it leaves the scale."""
    if lower is None or upper is None:
        return
    left, right = scale.x(lower), scale.x(upper)
    cut_left, cut_right = lower < scale.low, upper > scale.high
    sheet.line([left + 7 * cut_left, right - 7 * cut_right], [y, y], color, width)
    if cut_left:
        arrowhead(sheet, scale.left, y, -1, color)
    if cut_right:
        arrowhead(sheet, scale.right, y, 1, color)


def arrowhead(sheet, x, y, direction, color) -> None:
    """An arrowhead 8 by 7 pixels with its tip at ``x``."""
    base = x - 8 * direction
    sheet.polygon([(base, y - 3.5), (x, y), (base, y + 3.5)], fill=color)


def diamond(sheet, scale, y, item, *, solid=True, color="ink", ground="paper", half=None) -> None:
    """A pooled estimate: its tips are the interval, its height the estimate's place.

    Where the interval leaves the scale, the diamond is cut off and an arrowhead stands there.
    """
    half = half or (POOLED if solid else SUBTOTAL)
    left, centre, right = (scale.place(v) for v in (item.lower, item.estimate, item.upper))
    ends = _scale_ends(sheet, scale, y, item, color)
    points = _cut_diamond(left, centre, right, half, ends)
    points = [(x, y + dy) for x, dy in points]
    if not points:
        return
    if solid:
        sheet.polygon(points, fill=color)
    else:
        sheet.polygon(points, fill=ground, edge=color, width=1.3)


def _scale_ends(sheet, scale, y, item, color):
    """How far a diamond may reach on either side, with the arrowheads drawn beyond."""
    left, right = scale.left, scale.right
    if item.lower < scale.low:
        arrowhead(sheet, left, y, -1, color)
        left += 10
    if item.upper > scale.high:
        arrowhead(sheet, right, y, 1, color)
        right -= 10
    return left, right


def _cut_diamond(left, centre, right, half, ends):
    """Corners (x, distance from the middle) of a diamond that is cut off at two ends."""
    low, high = max(left, ends[0]), min(right, ends[1])
    if low > high:
        return []

    def height(x):
        reach = (centre - left) if x < centre else (right - centre)
        return half * (1 - abs(x - centre) / reach) if reach else half * (x == centre)

    xs = sorted({low, high} | ({centre} if low <= centre <= high else set()))
    upper = [(x, -height(x)) for x in xs]
    return [*upper, *((x, -dy) for x, dy in reversed(upper) if dy)]


def prediction_bar(sheet, scale, y, limits, *, width=2.4, end=9.0) -> None:
    """A prediction interval: a bar with upright ends, or an arrowhead off the scale."""
    left, right = (scale.x(limit) for limit in limits)
    sheet.line([left, right], [y, y], "accent", width, zorder=3)
    for value, x, direction in ((limits[0], left, -1), (limits[1], right, 1)):
        if scale.holds(value):
            sheet.line([x, x], [y - end / 2, y + end / 2], "accent", min(width, 1.6), zorder=3)
        else:
            arrowhead(sheet, x + 3 * direction, y, direction, "accent")


def left_out_mark(sheet, scale, y, item) -> None:
    """A row in no total: thin line and a hollow square, or an upright bar without any limits."""
    interval(sheet, scale, y, item.lower, item.upper, "left-mark", 1.1)
    x = scale.x(item.estimate)
    wide, high = (1.5, 6) if item.without_limits else (3, 3)
    points = [(x + wide * dx, y + high * dy) for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    if scale.holds(item.estimate):
        sheet.polygon(points, fill="plate", edge="left-mark", width=1.2)


def risk_of_bias_mark(sheet, x, y, level) -> None:
    """A mark centred on ``x``: filled circle low, half some, empty high, dash not assessable."""
    if level == "none":
        sheet.line([x - 4, x + 4], [y, y], "muted", 1.3)
    if level not in ("low", "some", "high"):
        return
    fill = "muted" if level == "low" else None
    sheet.patch(Circle((x, y), 4.0), edge="muted", width=1.1, fill=fill)
    if level == "some":
        sheet.patch(Wedge((x, y), 4.0, 90, 270), fill="muted")


def domains(sheet, x, y, levels) -> None:
    """A strip of risk-of-bias marks, one per domain, its middle at ``x``."""
    for number, level in enumerate(levels):
        risk_of_bias_mark(sheet, x + (number - (len(levels) - 1) / 2) * DOMAIN, y, level)


def badge_width(text: str) -> float:
    """Width of a badge in pixels."""
    return measure(text, BADGE_TEXT, 600) + 8


def badge(sheet, x, y, text, *, left_out=False) -> float:
    """A short code in a frame, left edge at ``x``; dashed where it is a doubt. Gives its width."""
    width = badge_width(text)
    text_color, edge, dash = _badge_look(text, left_out)
    frame = FancyBboxPatch(
        (x, y - BADGE_HEIGHT / 2),
        width,
        BADGE_HEIGHT,
        boxstyle="round,pad=0,rounding_size=2.5",
    )
    sheet.patch(frame, edge=edge, width=1.0, dash=dash)
    sheet.text(x + 4, y, text, BADGE_TEXT, weight=600, color=text_color)
    return width


def _badge_look(text, left_out):
    if left_out:
        return "left-text", "left-mark", None
    if text.endswith("?"):
        return "warn-text", "warn-line", (2, 1.6)
    return "muted", "muted", (2, 1.6) if text == "2nd" else None


def shape(sheet, x, y, name: str) -> None:
    """A mark told by its shape alone, such as "filled circle" or "cross", set off from below."""
    hollow, kind = name.startswith("hollow"), name.rpartition(" ")[2]
    look = {"fill": "paper" if hollow else "ink", "edge": "ink" if hollow else "paper"}
    look |= {"width": 1.4 if hollow else 0.8, "zorder": 4}
    if kind == "cross":
        for width, color in ((4.2, "paper"), (2.0, "ink")):
            for turn in (1, -1):
                sheet.line([x - 4, x + 4], [y - 4 * turn, y + 4 * turn], color, width, zorder=4)
    elif kind == "circle":
        sheet.patch(Circle((x, y), MARK / 2), **look)
    else:
        sheet.polygon([(x + dx, y + dy) for dx, dy in _CORNERS[kind]], **look)


_CORNERS = {
    "triangle": [(0, -4.75), (4.75, 3.75), (-4.75, 3.75)],
    "diamond": [(0, -5.25), (5.25, 0), (0, 5.25), (-5.25, 0)],
    "square": [(-4, -4), (4, -4), (4, 4), (-4, 4)],
}
