"""The matrix below a specification curve: which analyses made each choice, and what it changes."""

from __future__ import annotations

import numpy as np

from evisynth.figures.base.scatter import boxes, strokes
from evisynth.figures.base.style import wrap
from evisynth.figures.sensitivity.curve_words import change_words

HALF_TICK = 4.3


class Matrix:
    """Rows below a curve, laid out as its drawing says.

    Parameters
    ----------
    drawing : CurveDrawing
    """

    def __init__(self, drawing):
        self.at, self.sheet, self.curve = drawing, drawing.sheet, drawing.curve

    def draw(self, from_y: float) -> None:
        """Head, a block per axis, and the axes without an alternative.

        Parameters
        ----------
        from_y : float
            Where the line down from the protocol's analysis begins.
        """
        self._header(from_y)
        for number, block in enumerate(self.curve.blocks):
            self._block(block, first=number == 0)
        self._fixed()

    def _header(self, from_y):
        sheet = self.sheet
        sheet.y += 27
        look = {"align": "right", "weight": 600, "color": "muted"}
        if self.at.phone:
            sheet.text(sheet.width, sheet.y, "Change, and below it n", 12, **look)
        else:
            sheet.text(sheet.width, sheet.y, "Change", 12, **look)
            sheet.text(self._counts, sheet.y, "n", 12, **look)
        sheet.y += 12
        sheet.line([0, sheet.width], [sheet.y] * 2, "ink", 1.2)
        if self.at.protocol is not None:
            sheet.line([self.at.protocol] * 2, [from_y, sheet.y], "accent", 1.0, zorder=1)

    @property
    def _counts(self):
        """Right end of the column of analyses."""
        return self.sheet.width - (0 if self.at.phone else self.at.changes + 14)

    def _block(self, block, *, first):
        sheet = self.sheet
        if not first:
            sheet.line([0, sheet.width], [sheet.y] * 2, "hairline")
        top, tallest = sheet.y, self._tallest(block)
        sheet.y += 7
        if self.at.phone:
            sheet.paragraph(0, block.name, 13, sheet.width, pitch=17, weight=600)
            for choice in block.choices:
                self._phone_row(choice, tallest)
            sheet.y += 5
            return
        lines = wrap(block.name, self.at.names, 13, weight=600)
        bottom = sheet.y + 20 + sheet.lines(0, sheet.y + 9.5, lines, weight=600)
        for choice in block.choices:
            self._row(choice, tallest)
        sheet.y = max(sheet.y, bottom) + 6
        self._line_down(top, sheet.y)

    def _tallest(self, block):
        """What a bar of full height stands for, the same throughout a block."""
        if not self.at.strips:
            return 1.0
        return max((self._heights(choice).max() for choice in block.choices), default=0) or 1.0

    def _row(self, choice, tallest):
        sheet, y = self.sheet, self.sheet.y + 9.5
        weight = 600 if choice.protocol else 400
        look = {"weight": weight, "color": "ink" if choice.protocol else "muted"}
        lines = wrap(choice.label, self.at.levels, 13, weight=weight)
        more = sheet.lines(self.at.left - 8, y, lines, align="right", **look)
        sheet.text(self._counts, y, f"{choice.analyses:,}", align="right", **look)
        sheet.text(sheet.width, y, change_words(self.curve, choice), 12.5, align="right", **look)
        self._marks(choice, y, tallest)
        sheet.y += 19 + more

    def _phone_row(self, choice, tallest):
        sheet = self.sheet
        weight = 600 if choice.protocol else 400
        look = {"weight": weight, "color": "ink" if choice.protocol else "muted"}
        room = sheet.width - self.at.left - self.at.change_width(choice) - 10
        lines = wrap(choice.label, room, 12.5, weight=weight)
        change = change_words(self.curve, choice)
        sheet.text(sheet.width, sheet.y + 8, change, 12.5, align="right", **look)
        sheet.y += 17 + sheet.lines(self.at.left, sheet.y + 8, lines, 12.5, **look)
        y = sheet.y + 5.5
        sheet.text(sheet.width, y, f"{choice.analyses:,}", align="right", **look)
        self._marks(choice, y, tallest)
        self._line_down(y - 7, y + 7)
        sheet.y += 14

    def _line_down(self, top, bottom):
        if self.at.protocol is not None:
            self.sheet.line([self.at.protocol] * 2, [top, bottom], "accent", 1.0, zorder=1)

    def _heights(self, choice):
        """How many of the analyses at each place chose so."""
        edges = self.at.edges
        return np.add.reduceat(choice.chosen.astype(float), edges[:-1]) / np.diff(edges)

    def _marks(self, choice, y, tallest):
        if self.at.strips:
            self._bars(choice, y, tallest)
        else:
            x = self.at.x[choice.chosen]
            segments = np.column_stack([x, 0 * x + y - HALF_TICK, x, 0 * x + y + HALF_TICK])
            strokes(self.sheet, segments, "ink", min(2.2, 0.6 * self.at.pitch))
        at = self.curve.protocol
        if at is not None and choice.chosen[at]:
            half, x = max(1.7, min(2.2, 0.6 * self.at.pitch) / 2 + 0.5), self.at.protocol
            corner = (x - half, y - HALF_TICK, x + half, y + HALF_TICK)
            boxes(self.sheet, [corner], "accent", zorder=4)

    def _bars(self, choice, y, tallest):
        base, edges = y + 5, self.at.left + self.at.edges * self.at.pitch
        self.sheet.line([self.at.left, self.at.right], [base, base], "hairline", 0.7, zorder=0)
        heights = 11 * self._heights(choice) / tallest
        corners = np.column_stack([edges[:-1], base - heights, edges[1:], 0 * heights + base])
        boxes(self.sheet, corners[heights > 0], "ink", alpha=0.8)

    def _fixed(self):
        sheet, fixed = self.sheet, self.curve.fixed
        sheet.line([0, sheet.width], [sheet.y] * 2, "hairline")
        if not fixed:
            return
        sheet.y += 8
        sheet.paragraph(0, "No alternative", 12, sheet.width, pitch=16, weight=600)
        for text in fixed:
            sheet.paragraph(0, text, 12, sheet.width, pitch=16, color="muted")
