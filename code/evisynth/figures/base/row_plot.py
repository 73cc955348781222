"""Rows of pooled estimates beside an axis, as a forest plot has them, for page and phone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from evisynth.figures.base.data_figure import is_phone
from evisynth.figures.base.rows import Axis
from evisynth.figures.base.scale import Scale
from evisynth.figures.base.style import measure, wrap

PITCH, MORE, STRIP_LEFT = 21.0, 15.0, 110.0


@dataclass(frozen=True)
class PlotRow:
    """One row: its texts, and what is drawn for it.

    Attributes
    ----------
    label, count, text : str
        Left, before the plot (muted), and right of it.
    mark : callable
        Draws on a sheet with a scale at a height.
    bold, rule : bool
        Whether the texts are bold; whether a line stands above the row.
    color : str
    height : float
        Pixels, of the row without further lines of its label.
    """

    label: str
    count: str
    text: str
    mark: Callable
    bold: bool = False
    rule: bool = False
    color: str = "ink"
    height: float = PITCH

    @property
    def weight(self) -> int:
        """Of its texts."""
        return 600 if self.bold else 400


class RowPlot:
    """One drawing in progress; `draw` adds the rows to a sheet.

    Parameters
    ----------
    sheet : Sheet
    rows : sequence of PlotRow
    axis : Axis
    items : iterable
        What must fit on the axis, with ``estimate``, ``lower``, ``upper``, ``prediction``.
    heads : tuple of str
        Of the label and the count column; how the phone says a count, such as "k = {}".
    reference : float
        Display value of the dotted line.
    """

    def __init__(self, sheet, rows, axis: Axis, items, *, heads, reference: float):
        self.sheet, self.rows, self.axis, self.heads = sheet, rows, axis, heads
        self.reference, self.phone = reference, is_phone(sheet)
        texts = [(row.text, 13, row.weight) for row in rows] + [(axis.heading, 12, 600)]
        self.wide = max(measure(text, size, weight) for text, size, weight in texts)
        counts = [measure(row.count, 13, row.weight) for row in rows]
        self.counted = max([*counts, measure(heads[1], 12, 600)])
        left, right = (STRIP_LEFT, sheet.width - 6) if self.phone else self._plot()
        self.scale = Scale.fit(axis, tuple(items), left, right)

    def _plot(self):
        """Ends of the plot between the columns of the desktop drawing."""
        right = self.sheet.width - max(self.wide + 20, 90)
        wanted = max(measure(row.label, 13, row.weight) for row in self.rows)
        left = min(max(wanted + self.counted + 34, 190), right - 230)
        return left, right

    def draw(self) -> None:
        """Heads, rows, axis."""
        sheet = self.sheet
        self._heads()
        top = sheet.y
        sheet.y += 6
        for row in self.rows:
            if row.rule:
                sheet.line([0, sheet.width], [sheet.y + 3] * 2, "hairline")
                sheet.y += 7
            (self._phone_row if self.phone else self._row)(row)
        if not self.phone:
            self._grid(top, sheet.y + 4)
        self._ticks()

    def _heads(self):
        sheet, look = self.sheet, {"weight": 600, "color": "muted"}
        y = sheet.y + 19
        sheet.text(0, y, self.heads[0], 12, **look)
        if not self.phone:
            sheet.text(self.scale.left - 16, y, self.heads[1], 12, align="right", **look)
        sheet.text(sheet.width, y, self.axis.heading, 12, align="right", **look)
        sheet.y = y + 12
        sheet.line([0, sheet.width], [sheet.y] * 2, "ink", 1.2)

    def _row(self, row):
        sheet, y, look = self.sheet, self.sheet.y + row.height / 2, {"weight": row.weight}
        count = self.scale.left - 16
        room = count - (measure(row.count, 13, row.weight) + 10 if row.count else 0)
        lines = wrap(row.label, room, 13, **look)
        more = sheet.lines(0, y, lines, pitch=MORE, color=row.color, **look)
        muted = "muted" if row.color == "ink" else row.color
        sheet.text(count, y, row.count, align="right", color=muted, **look)
        sheet.text(sheet.width, y, row.text, align="right", color=row.color, **look)
        row.mark(sheet, self.scale, y)
        sheet.y += row.height + more

    def _phone_row(self, row):
        sheet, look = self.sheet, {"weight": row.weight}
        y = sheet.y + 10
        room = sheet.width - measure(row.text, 13, row.weight) - 10
        lines = wrap(row.label, room, 13, **look)
        sheet.text(sheet.width, y, row.text, align="right", color=row.color, **look)
        sheet.y += 19 + sheet.lines(0, y, lines, pitch=MORE, color=row.color, **look)
        strip = max(row.height - 4, 17)
        y = sheet.y + strip / 2
        if row.count:
            text = self.heads[2].format(row.count)
            sheet.text(0, y, text, 12, color="muted")
        self._grid(sheet.y - 1, sheet.y + strip)
        row.mark(sheet, self.scale, y)
        sheet.y += strip + 3

    def _grid(self, top, bottom):
        sheet, null = self.sheet, self.axis.null
        for value, _ in self.scale.ticks:
            x = self.scale.x(value)
            sheet.line([x, x], [top, bottom], "hairline", 0.7, zorder=-1)
        if null is not None and self.scale.holds(null):
            sheet.line([self.scale.x(null)] * 2, [top, bottom], "ink", 1.0, zorder=0)
        x = self.scale.x(self.reference)
        sheet.line([x, x], [top, bottom], "ink", 1.1, dash=(1.2, 2), zorder=1)

    def _ticks(self):
        sheet, y = self.sheet, self.sheet.y + 4
        sheet.line([self.scale.left, self.scale.right], [y, y], "muted")
        for value, label in self.scale.ticks:
            x, width = self.scale.x(value), measure(label, 11.5)
            sheet.line([x, x], [y, y + 4], "muted")
            left = min(max(x - width / 2, 0), sheet.width - width)
            sheet.text(left, y + 12.5, label, 11.5, color="muted")
        sheet.y = y + 21
