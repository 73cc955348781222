"""What the desktop and the phone drawing share."""

from __future__ import annotations

from math import fsum, inf

from evisynth.figures.base import marks
from evisynth.figures.base.judgements import KEY
from evisynth.figures.base.sheet import Sheet
from evisynth.figures.base.style import measure, pack


def left_out_title(count: int) -> str:
    """Head of the plate of rows that are in no total."""
    return f"Left out: {count} {'row' if count == 1 else 'rows'} read but not counted"


def rob_key(sheet: Sheet, x: float, y: float, levels, size: float = 11.5, right=inf) -> float:
    """The key of the risk-of-bias marks, broken before ``right``; returns what more lines add."""
    start, more = x, 0.0
    x += sheet.text(x, y, "RoB", size, color="muted") + 10
    for level in levels:
        if x + 6.5 + measure(KEY[level], size) > right:
            x, more = start + 4.5, more + 14
        marks.risk_of_bias_mark(sheet, x, y + more, level)
        x += 6.5 + sheet.text(x + 6.5, y + more, KEY[level], size, color="muted") + 9.5
    return more


def rob_key_width(levels, size: float = 11.5) -> float:
    """Width of the unbroken key in pixels; 0 without marks."""
    if not levels:
        return 0.0
    return measure("RoB", size) + 10 + fsum(measure(KEY[v], size) + 16 for v in levels) - 9.5


def footer(sheet: Sheet, plot) -> None:
    """What a plot's marks mean, ``explained``, then the lines of its ``footer``."""
    draw_notes(sheet, [plot.explained, *(line.split(" · ") for line in plot.footer)])


def draw_notes(sheet: Sheet, lines) -> None:
    """Small lines, each a sequence of parts and broken between them where it can be."""
    for parts in lines:
        for line in pack(parts, sheet.width, 11):
            sheet.paragraph(0, line, 11, sheet.width, pitch=15, color="muted")
    sheet.y += 4


def beside_label(sheet: Sheet, left: float, y: float, lines, name: str, right: float, badges=()):
    """A second name in grey after the last line of a label, where it fits before the badges.

    Returns
    -------
    float
        Where the badges start.
    """
    x = _end_of(lines, left)
    room = right - x - fsum(marks.badge_width(text) + 5 for text in badges)
    if not name or name_width(name) > room:
        return x
    return x + sheet.text(x, y, name, 12, color="left-text") + 6


def after_label(sheet: Sheet, left, y, lines, name: str, right, badges, *, pitch) -> float:
    """A second name and badges after a label, on further lines where there is no room.

    The name goes before the badges, unless these fit on the label's line and it does not. One that
    is wider than a line is left away.

    Returns
    -------
    float
        What the further lines add.
    """
    x = _end_of(lines, left)
    named = [(name, name_width(name))] if 0 < name_width(name) <= right - left else []
    marked = [(text, marks.badge_width(text)) for text in badges]
    room = right - x - fsum(width + 5 for _, width in marked)
    before = not named or room >= named[0][1] or room < 0
    more = 0.0
    for text, width in named + marked if before else marked + named:
        if x > left and x + width > right:
            x, more = left, more + pitch
        if (text, width) in named:
            sheet.text(x, y + more, text, 12, color="left-text")
        else:
            marks.badge(sheet, x, y + more, text)
        x += width + 5
    return more


def _end_of(lines, left):
    """Where what follows a label starts."""
    return left + measure(lines[-1], 13) + 6 if lines else left


def name_width(name: str) -> float:
    """Width of a second name in pixels."""
    return measure(name, 12) if name else 0.0
