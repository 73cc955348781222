"""The small picture of a card: diamonds and prediction bars, or cohorts that are not pooled."""

from __future__ import annotations

from collections.abc import Sequence

from evisynth.checks import shown
from evisynth.errors import ArgumentError
from evisynth.figures.base import marks
from evisynth.figures.base.data_figure import check_instance, check_texts
from evisynth.figures.base.inline import InlineFigure
from evisynth.figures.base.rows import PROPORTION, Axis, Diamond, Group, Row
from evisynth.figures.base.scale import Scale
from evisynth.figures.base.sheet import Sheet
from evisynth.figures.base.style import matplotlib_style, measure, wrap
from evisynth.figures.forests.checks import check_marks
from evisynth.figures.forests.plot import pooled_entries

DESKTOP, PHONE = 300, 324
WIDEST_LABEL = 110.0


def mini_forest(
    items: Sequence[Diamond | Group], *, alt: str = "", name: str = "", axis: Axis = PROPORTION
) -> InlineFigure:
    """Draw a card's answer: each pooled estimate, or its cohorts where they are not pooled.

    Parameters
    ----------
    items : sequence of Diamond or Group
        In order; display scale. A diamond has its prediction interval beneath, a group its rows.
    alt, name : str
        An empty ``alt`` is made from the numbers.
    axis : Axis

    Returns
    -------
    InlineFigure
    """
    check_texts("mini_forest", alt=alt, name=name)
    check_instance("mini_forest", "axis", axis, Axis)
    items = _checked(items, axis)
    with matplotlib_style():
        desktop, phone = (_draw(items, axis, width) for width in (DESKTOP, PHONE))
    table = [entry for item in items for entry in _entries(item, axis)]
    table = [{key: value for key, value in e.items() if value not in ("", ())} for e in table]
    return InlineFigure(desktop, phone, table, alt=alt or _alt(items, axis), name=name)


def _checked(items, axis):
    try:
        items = tuple(items)
    except TypeError:
        raise ArgumentError("mini_forest", "items", shown(items), "diamonds and groups") from None
    single = [item for item in items if not isinstance(item, Group)]
    check_marks("mini_forest", "items", axis, single, Diamond)
    for group in (item for item in items if isinstance(item, Group)):
        check_marks("mini_forest", "items", axis, group.rows, Row)
    return items


def _label(item):
    return item.title if isinstance(item, Group) else item.label


def _marked(item):
    return item.rows if isinstance(item, Group) else (item,)


def _entries(item, axis):
    if isinstance(item, Diamond):
        return pooled_entries("pooled", "", item, axis)
    return [
        {"kind": "cohort", "group": item.title, "label": row.label, "counts": row.counts}
        | {"estimate": row.estimate, "lower": row.lower, "upper": row.upper}
        for row in item.rows
    ]


def _draw(items, axis, width):
    sheet = Sheet(width)
    column = min(max((measure(_label(item), 13) for item in items), default=0), WIDEST_LABEL)
    marked = tuple(mark for item in items for mark in _marked(item))
    scale = Scale.fit(axis, marked, max(column + 14, 66), width - 2)
    for item in items:
        y = sheet.y + 10
        more = sheet.lines(0, y, wrap(_label(item), WIDEST_LABEL, 13), 13)
        drawn = _draw_group if isinstance(item, Group) else _draw_diamond
        sheet.y += 21 + max(more, drawn(sheet, scale, y, item))
    _axis(sheet, scale)
    return sheet.finish()


def _draw_diamond(sheet, scale, y, item):
    marks.diamond(sheet, scale, y, item, half=6)
    if not item.prediction:
        return 0
    marks.prediction_bar(sheet, scale, y + 13, item.prediction, width=1.8, end=7)
    return 9


def _draw_group(sheet, scale, y, group):
    for position, row in enumerate(group.rows):
        marks.cohort(sheet, scale, y + 12 * position, row, 7)
    return 12 * (len(group.rows) - 1)


def _axis(sheet, scale):
    ticks = scale.ticks if scale.axis.kind == "ratio" else scale.ticks[::2]
    for value, label in ticks:
        x, width = scale.x(value), measure(label, 11.5)
        null = value == scale.axis.null
        sheet.line([x, x], [0, sheet.y], "ink" if null else "hairline", 0.9, zorder=-1)
        sheet.text(min(x - width / 2, sheet.width - width), sheet.y + 9, label, 11.5, color="muted")
    sheet.y += 18


def _alt(items, axis):
    parts = []
    for item in items:
        marks_of = ", ".join(axis.estimate(mark) for mark in _marked(item))
        part = f"{_label(item)}: {marks_of}"
        if isinstance(item, Diamond) and item.prediction:
            part += f", {axis.predicted} {axis.interval(*item.prediction)}"
        parts.append(part)
    return "; ".join(parts) + "."
