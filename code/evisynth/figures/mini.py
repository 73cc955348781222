"""The small picture of a card: diamonds and prediction bars, no table."""

from __future__ import annotations

from collections.abc import Sequence

from evisynth.figures import marks
from evisynth.figures.forest_plot import pooled_entries
from evisynth.figures.inline import InlineFigure
from evisynth.figures.rows import PROPORTION, Axis, Diamond
from evisynth.figures.scale import Scale
from evisynth.figures.sheet import Sheet
from evisynth.figures.style import matplotlib_style, measure, wrap

DESKTOP, PHONE = 300, 324
WIDEST_LABEL = 110.0


def mini_forest(
    diamonds: Sequence[Diamond], *, alt: str = "", name: str = "", axis: Axis = PROPORTION
) -> InlineFigure:
    """Draw a card's answer: each pooled estimate with its prediction interval beneath.

    Parameters
    ----------
    diamonds : sequence of Diamond
        In order; display scale.
    alt, name : str
        An empty ``alt`` is made from the numbers.
    axis : Axis

    Returns
    -------
    InlineFigure
    """
    diamonds = tuple(diamonds)
    with matplotlib_style():
        desktop, phone = (_draw(diamonds, axis, width) for width in (DESKTOP, PHONE))
    table = [entry for item in diamonds for entry in pooled_entries("pooled", "", item)]
    table = [{key: value for key, value in e.items() if value not in ("", ())} for e in table]
    return InlineFigure(desktop, phone, table, alt=alt or _alt(diamonds, axis), name=name)


def _draw(diamonds, axis, width):
    sheet = Sheet(width)
    column = min(max((measure(item.label, 13) for item in diamonds), default=0), WIDEST_LABEL)
    scale = Scale.fit(axis, diamonds, max(column + 14, 66), width - 2)
    for item in diamonds:
        y = sheet.y + 10
        more = sheet.lines(0, y, wrap(item.label, WIDEST_LABEL, 13), 13)
        marks.diamond(sheet, scale, y, item, half=6)
        if item.prediction:
            marks.prediction_bar(sheet, scale, y + 13, item.prediction, width=1.8, end=7)
            more = max(more, 9)
        sheet.y += 21 + more
    _axis(sheet, scale)
    return sheet.finish()


def _axis(sheet, scale):
    ticks = scale.ticks if scale.axis.kind == "ratio" else scale.ticks[::2]
    for value, label in ticks:
        x, width = scale.x(value), measure(label, 11.5)
        null = value == scale.axis.null
        sheet.line([x, x], [0, sheet.y], "ink" if null else "hairline", 0.9, zorder=-1)
        sheet.text(min(x - width / 2, sheet.width - width), sheet.y + 9, label, 11.5, color="muted")
    sheet.y += 18


def _alt(diamonds, axis):
    parts = []
    for item in diamonds:
        part = f"{item.label}: {axis.estimate(item)}"
        if item.prediction:
            part += f", mean of a new centre {axis.interval(*item.prediction)}"
        parts.append(part)
    return "; ".join(parts) + "."
