"""Patients as unit squares, filled once and hollow when counted again, over what pooling gives."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import ceil

from matplotlib.patches import Rectangle

from evisynth.checks import check_whole_number, shown
from evisynth.errors import ArgumentError
from evisynth.figures.base import marks
from evisynth.figures.base.data_figure import check_text, check_texts
from evisynth.figures.base.inline import InlineFigure
from evisynth.figures.base.rows import PROPORTION, Diamond
from evisynth.figures.base.scale import Scale
from evisynth.figures.base.sheet import Sheet
from evisynth.figures.base.style import DESKTOP, PHONE, matplotlib_style, measure, wrap
from evisynth.figures.forests.checks import check_marks
from evisynth.figures.forests.plot import pooled_entries

NEW_CENTRE = "…and in a new centre"
MOST_SQUARES, MOST_PATIENTS = 2000, 10**9
PLOT = "counted_once"


def counted_once(
    total_rows: int,
    unique: int,
    *,
    per_square: int = 20,
    naive: Diamond,
    naive_label: str,
    independent: Diamond,
    independent_label: str,
    between: Sequence[tuple[Diamond, str]] = (),
    title: str,
    subtitle: str = "",
    axis_label: str = "",
    caption: str = "",
    alt: str = "",
    name: str = "",
) -> InlineFigure:
    """Draw how often patients are reported, and what pooling every report would give.

    Parameters
    ----------
    total_rows, unique : int
        Patients summed over all reports; patients once each.
    per_square : int
        Patients in one square.
    naive, independent : Diamond
        Proportions pooled over all reports, and over independent cohorts; ``counts`` is printed
        beside each, ``prediction`` drawn for the second.
    between : sequence of (Diamond, str)
        Other ways of counting with their labels, drawn hollow between the two.
    naive_label, independent_label, title, subtitle, axis_label, caption, alt, name : str
        Plain text. An empty ``subtitle`` or ``alt`` is made from the numbers.

    Returns
    -------
    InlineFigure

    Raises
    ------
    ArgumentError
        Counts out of order, or more squares than can be told apart.
    """
    texts = {"title": title, "subtitle": subtitle, "axis_label": axis_label}
    check_text(PLOT, naive_label=naive_label, independent_label=independent_label, **texts)
    check_texts(PLOT, caption=caption, alt=alt, name=name)
    check_marks(PLOT, "naive", PROPORTION, [naive], Diamond)
    check_marks(PLOT, "independent", PROPORTION, [independent], Diamond)
    between = _checked_between(between)
    total_rows = check_whole_number(PLOT, "total_rows", total_rows, 1, MOST_PATIENTS)
    unique = check_whole_number(PLOT, "unique", unique, 1, MOST_PATIENTS)
    per_square = check_whole_number(PLOT, "per_square", per_square, 1, MOST_PATIENTS)
    if unique > total_rows:
        raise ArgumentError(PLOT, "unique", f"{unique}", f"1 to total_rows, {total_rows}")
    if total_rows / per_square > MOST_SQUARES:
        allowed = f"at least {ceil(total_rows / MOST_SQUARES)}"
        raise ArgumentError(PLOT, "per_square", f"{per_square}", allowed)
    squares = (round(unique / per_square) or 1, round(total_rows / per_square) or 1)
    pools = ((naive, naive_label), *between, (independent, independent_label))
    title_lines = (title, subtitle or _legend(per_square))
    with matplotlib_style():
        desktop = _desktop(squares, pools, title_lines, axis_label)
        phone = _phone(squares, pools, title_lines, axis_label)
    table = _table(total_rows, unique, pools)
    alt = alt or _alt(total_rows, unique, pools)
    texts = {"title": title, "caption": caption, "alt": alt, "name": name}
    return InlineFigure(desktop, phone, table, **texts)


def _checked_between(between):
    """Pairs of a diamond and its label; anything else is refused."""
    allowed = "pairs of a Diamond and its label"
    if not isinstance(between, list | tuple):
        raise ArgumentError(PLOT, "between", shown(between), allowed)
    for pair in between:
        if not (isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[1], str)):
            raise ArgumentError(PLOT, "between", shown(pair), allowed)
    check_marks(PLOT, "between", PROPORTION, [item for item, _ in between], Diamond)
    return tuple(map(tuple, between))


def _legend(per_square):
    return (
        f"One square, {per_square} patients. Filled: counted for the first time. "
        "Hollow: the same people, counted again in another report."
    )


def _head(sheet, title_lines):
    title, subtitle = title_lines
    sheet.paragraph(0, title, 15, sheet.width, pitch=21, weight=600)
    sheet.paragraph(0, subtitle, 13, sheet.width, pitch=18, color="muted")
    sheet.y += 7


def _squares(sheet, squares, across):
    filled, total = squares
    pitch = sheet.width / across
    size = pitch - 3
    for number in range(total):
        down, along = divmod(number, across)
        box = Rectangle((along * pitch + 0.5, sheet.y + down * pitch), size - 1, size - 1)
        if number < filled:
            sheet.patch(box, fill="ink", edge="ink")
        else:
            sheet.patch(box, edge="left-mark", width=1.0)
    sheet.y += ceil(total / across) * pitch + 9
    sheet.line([0, sheet.width], [sheet.y] * 2, "hairline")
    sheet.y += 9


def _entries(pools):
    """Label, remark, text, drawing of a mark, and look of each line below the squares."""
    *others, (pooled, pooled_label) = pools

    def hollow(item, sheet, scale, y):
        marks.diamond(sheet, scale, y, item, solid=False, color="left-mark", half=6.5)

    def solid(sheet, scale, y):
        marks.diamond(sheet, scale, y, pooled)

    def bar(sheet, scale, y):
        marks.prediction_bar(sheet, scale, y, pooled.prediction)

    number = PROPORTION.estimate
    for item, label in others:
        yield label, item.counts, number(item), partial(hollow, item), {"color": "left-text"}
    yield pooled_label, pooled.counts, number(pooled), solid, {"weight": 600}
    if pooled.prediction:
        span = PROPORTION.interval(*pooled.prediction).strip("[]")
        yield NEW_CENTRE, "", f"plausibly {span}", bar, {"color": "accent", "weight": 600}


def _grid(sheet, scale, top, bottom):
    for value, _ in scale.ticks:
        sheet.line([scale.x(value)] * 2, [top, bottom], "hairline", 0.7, zorder=-1)


def _tick_labels(sheet, scale, y):
    for value, label in scale.ticks:
        width = measure(label, 11.5)
        left = min(max(scale.x(value) - width / 2, 0), sheet.width - width)
        sheet.text(left, y, label, 11.5, color="muted")


def _desktop(squares, pools, title_lines, axis_label):
    sheet = Sheet(DESKTOP)
    _head(sheet, title_lines)
    _squares(sheet, squares, 53)
    scale, top = Scale(PROPORTION, 0, 1, 260, 560), sheet.y
    for label, remark, text, draw, look in _entries(pools):
        y, weight = sheet.y + 15, look.get("weight", 400)
        room = 236 - measure(remark, 13)
        more = sheet.lines(0, y, wrap(label, room, 13.5, weight=weight), 13.5, **look)
        sheet.text(248, y, remark, align="right", color=look.get("color", "muted"))
        draw(sheet, scale, y)
        sheet.text(DESKTOP, y, text, 13.5, align="right", **look)
        sheet.y += 30 + more
    _grid(sheet, scale, top, sheet.y + 2)
    sheet.y += 12
    _tick_labels(sheet, scale, sheet.y)
    lines = wrap(axis_label, 236, 12)
    sheet.y += 11 + sheet.lines(0, sheet.y, lines, 12, color="muted")
    return sheet.finish()


def _phone(squares, pools, title_lines, axis_label):
    sheet = Sheet(PHONE)
    _head(sheet, title_lines)
    _squares(sheet, squares, 26)
    scale = Scale(PROPORTION, 0, 1, 136, 356)
    for label, remark, text, draw, look in _entries(pools):
        weight, y = look.get("weight", 400), sheet.y + 10
        room = PHONE - measure(text, 13.5, weight) - 10
        lines = wrap(label, room, 13.5, weight=weight)
        sheet.text(PHONE, y, text, 13.5, align="right", **look)
        sheet.y += 20 + sheet.lines(0, y, lines, 13.5, **look)
        lines = wrap(remark, 124, 12)
        more = sheet.lines(0, sheet.y + 9, lines, 12, color=look.get("color", "muted"))
        draw(sheet, scale, sheet.y + 9)
        _grid(sheet, scale, sheet.y, sheet.y + 18)
        sheet.y += 23 + more
    _tick_labels(sheet, scale, sheet.y + 6)
    lines = wrap(axis_label, 124, 12)
    sheet.y += 16 + sheet.lines(0, sheet.y + 6, lines, 12, color="muted")
    return sheet.finish()


def _table(total_rows, unique, pools):
    table = [
        {"kind": "count", "label": "patients summed over reports", "counts": f"{total_rows:,}"},
        {"kind": "count", "label": "patients, each once", "counts": f"{unique:,}"},
    ]
    for item, label in pools:
        shown = pooled_entries("pooled", "", item, PROPORTION)
        shown[0]["label"] = label
        # Only the independent cohorts' prediction is drawn.
        table += shown if item is pools[-1][0] else shown[:1]
    return [{key: value for key, value in e.items() if value not in ("", ())} for e in table]


def _alt(total_rows, unique, pools):
    parts = [f"Reports add up to {total_rows:,} patients; each counted once, {unique:,}."]
    parts += [f"{label}: {PROPORTION.estimate(item)} of 100." for item, label in pools]
    if pools[-1][0].prediction:
        parts.append(f"In a new centre: {PROPORTION.interval(*pools[-1][0].prediction)}.")
    return " ".join(parts)
