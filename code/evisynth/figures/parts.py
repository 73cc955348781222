"""What the desktop and the phone drawing share."""

from __future__ import annotations

from evisynth.figures import marks
from evisynth.figures.rows import Forest
from evisynth.figures.sheet import Sheet
from evisynth.figures.style import pack


def left_out_title(count: int) -> str:
    """Head of the plate of rows that are in no total."""
    return f"Left out: {count} {'row' if count == 1 else 'rows'} read but not counted"


def rob_key(sheet: Sheet, x: float, y: float, size: float = 11.5) -> None:
    """The key of the risk-of-bias circles, about 130 pixels wide."""
    x += sheet.text(x, y, "RoB", size, color="muted") + 10
    for level in ("low", "some", "high"):
        marks.risk_of_bias(sheet, x, y, level)
        x += 6.5 + sheet.text(x + 6.5, y, level, size, color="muted") + 9.5


def footer(sheet: Sheet, plot: Forest) -> None:
    """Codes spelt out, then the footer's lines, each broken between its parts where it can be."""
    for parts in (plot.explained, *(line.split(" · ") for line in plot.footer)):
        for line in pack(parts, sheet.width, 11):
            sheet.paragraph(0, line, 11, sheet.width, pitch=15, color="muted")
    sheet.y += 4
