"""The forest plot at the width of a page: one line per cohort, columns beside the plot."""

from __future__ import annotations

from math import fsum

from evisynth.figures.base import marks
from evisynth.figures.base.parts import (
    after_label,
    beside_label,
    footer,
    left_out_title,
    rob_key,
    rob_key_width,
)
from evisynth.figures.base.rows import ForestPlot, Group, LeftOutRow, Row, has_estimate
from evisynth.figures.base.scale import Scale
from evisynth.figures.base.sheet import Sheet
from evisynth.figures.base.style import DESKTOP, measure, wrap
from evisynth.figures.forests.layout import GAP, INDENT, column_text, fit_layout, stacked_text
from evisynth.rounding import decimal_numbers

PITCH, MORE = 21.0, 15.0


class Desktop:
    """One drawing in progress; `draw` fills a sheet from the top."""

    def __init__(self, plot: ForestPlot):
        self.plot, self.sheet, self.at = plot, Sheet(DESKTOP), fit_layout(plot)
        self.scale = Scale.fit(plot.axis, plot.drawn, *self.at.plot)

    def draw(self) -> Sheet:
        """Title, header, groups, pooled estimate, axis, rows left out, footer."""
        self._title()
        top = self._header()
        for number, group in enumerate(self.plot.groups):
            self._group(group, first=number == 0)
        if self.plot.overall:
            self._overall(top)
        self._axis(top)
        if self.plot.left_out:
            self._left_out()
        self._footer()
        return self.sheet.finish()

    def _title(self):
        look = {"weight": 600, "family": "serif"}
        self.sheet.paragraph(0, self.plot.title, 18, DESKTOP, pitch=25, **look)
        self.sheet.paragraph(0, self.plot.subtitle, 13, DESKTOP, pitch=18, color="muted")

    def _header(self):
        sheet, at = self.sheet, self.at
        y = sheet.y + 19
        look = {"weight": 600, "color": "muted"}
        sheet.text(0, y, "Cohort", 12, **look)
        deepest = 0.0
        if at.stacked:
            lines = wrap(" · ".join(self.plot.columns), at.label - INDENT, 12)
            deepest = MORE + sheet.lines(INDENT, y + MORE, lines, 12, color="muted")
        for (left, width), head in zip(at.columns, self._heads, strict=True):
            lines = wrap(head, width, 12, weight=600)
            deepest = max(deepest, sheet.lines(left, y, lines, 12, **look))
        if self.plot.has_rob:
            sheet.text(at.rob, y, "RoB", 12, align="center", **look)
        if self.plot.has_counts:
            sheet.text(at.counts, y, "n / N", 12, align="right", **look)
        sheet.text(at.estimate, y, self.plot.axis.heading, 12, align="right", **look)
        if self.plot.has_weights:
            sheet.text(at.weight, y, "Weight", 12, align="right", **look)
        sheet.y = y + deepest + 12
        sheet.line([0, DESKTOP], [sheet.y, sheet.y], width=1.2)
        return sheet.y

    @property
    def _heads(self):
        """Heads of columns that stand apart."""
        return () if self.at.stacked else self.plot.columns

    def _group(self, group: Group, *, first):
        sheet = self.sheet
        sheet.y += 7 if first else 6
        if group.title:
            y, lines = sheet.y + PITCH / 2, wrap(group.title, self.at.plot[0] - 16, 13, weight=600)
            sheet.y += PITCH + sheet.lines(0, y, lines, weight=600, pitch=MORE + 1)
        for row in group.rows:
            self._row(row, marks.side(row.weight, self.plot.heaviest(group)))
        if group.subtotal:
            self._subtotal(group)
        if group.note:
            width = self.at.plot[0] - 16 - INDENT
            sheet.paragraph(INDENT, group.note, 13, width, pitch=PITCH, color="muted", italic=True)
        if group.nonetheless:
            self._nonetheless(group.nonetheless)

    def _nonetheless(self, item):
        """Hollow and grey: an answer that is not given."""
        sheet, at, y = self.sheet, self.at, self.sheet.y + PITCH / 2
        look = {"color": "left-text"}
        room = at.counts - measure(item.counts, 13) - GAP - INDENT
        more = sheet.lines(INDENT, y, wrap(item.label, room, 13), **look)
        sheet.text(at.counts, y, item.counts, align="right", **look)
        marks.diamond(sheet, self.scale, y, item, solid=False, color="left-mark")
        self._estimate(item, y, "left-text")
        sheet.y += PITCH + more
        sheet.paragraph(INDENT, item.text, 12, at.counts - INDENT, pitch=17, **look)

    def _row(self, row: Row, size):
        sheet, at, y = self.sheet, self.at, self.sheet.y + PITCH / 2
        more = self._label(row, y)
        for number, (left, width) in enumerate(at.columns):
            lines = wrap(column_text(row, number), width, 13)
            more = max(more, sheet.lines(left, y, lines, color="muted", pitch=MORE))
        if at.stacked:
            lines = wrap(stacked_text(row), at.label - INDENT, 12)
            # The label's lines above, and one more for the first of these.
            more += MORE * bool(lines) + sheet.lines(
                INDENT, y + more + MORE, lines, 12, color="muted"
            )
        marks.domains(sheet, at.rob, y, row.judgements)
        sheet.text(at.counts, y, row.counts, align="right")
        if has_estimate(row):
            marks.cohort(sheet, self.scale, y, row, size, shaped=self.plot.several_series)
        self._estimate(row, y)
        if self.plot.has_weights:
            text = decimal_numbers(row.weight, decimals=1)[0] if row.weight else "–"
            sheet.text(at.weight, y, text, align="right", color="muted")
        sheet.y += PITCH + more

    def _label(self, row: Row, y):
        lines = wrap(row.label, self.at.label - INDENT, 13)
        more = self.sheet.lines(INDENT, y, lines, pitch=MORE, href=row.href)
        tail = (lines, row.name, self.at.label + 4, row.badges)
        return more + after_label(self.sheet, INDENT, y + more, *tail, pitch=MORE + 1)

    def _estimate(self, item, y, color="ink"):
        look = {"align": "right", "color": color, "italic": not has_estimate(item)}
        self.sheet.text(self.at.estimate, y, self.plot.axis.estimate(item), **look)

    def _subtotal(self, group: Group):
        weight = fsum(row.weight or 0 for row in group.rows)
        self._pooled(group.subtotal, INDENT, solid=False, weight=weight)
        if group.subtotal.prediction and not self.plot.overall:
            self._prediction(group.subtotal, INDENT, width=1.6)
        if group.subtotal.text:
            look = {"pitch": 17, "color": "muted"}
            self.sheet.paragraph(INDENT, group.subtotal.text, 12, self.at.counts - INDENT, **look)

    def _pooled(self, item, x, *, solid, weight):
        sheet, at, y = self.sheet, self.at, self.sheet.y + PITCH / 2
        size = 13.5 if solid else 13
        room = at.counts - measure(item.counts, size, 600) - GAP - x
        more = sheet.lines(x, y, wrap(item.label, room, size, weight=600), size, weight=600)
        sheet.text(at.counts, y, item.counts, size, align="right", weight=600)
        marks.diamond(sheet, self.scale, y, item, solid=solid)
        text = self.plot.axis.estimate(item)
        sheet.text(at.estimate, y, text, size, align="right", weight=600)
        if self.plot.has_weights and weight:
            text = "100" if abs(weight - 100) < 0.5 else decimal_numbers(weight, decimals=1)[0]
            sheet.text(at.weight, y, text, align="right", color="muted")
        sheet.y += PITCH + more

    def _prediction(self, item, x, *, width=2.4):
        sheet, y = self.sheet, self.sheet.y + PITCH / 2
        weight = 600 if width > 2 else 400
        sheet.text(x, y, self.plot.axis.prediction(item.level), color="accent", weight=weight)
        marks.prediction_bar(sheet, self.scale, y, item.prediction, width=width)
        text = self.plot.axis.interval(*item.prediction)
        sheet.text(self.at.estimate, y, text, align="right", color="accent", weight=weight)
        sheet.y += PITCH

    def _overall(self, top):
        sheet, item = self.sheet, self.plot.overall
        sheet.y += 3
        sheet.line([0, DESKTOP], [sheet.y, sheet.y], "hairline")
        sheet.y += 6
        middle = self.scale.x(item.estimate)
        sheet.line([middle] * 2, [top + 4, sheet.y + 4], width=1.1, dash=(1.2, 2), zorder=1)
        self._pooled(item, 0, solid=True, weight=fsum(row.weight or 0 for row in self.plot.rows))
        if item.prediction:
            self._prediction(item, 0)

    def _axis(self, top):
        sheet, y = self.sheet, self.sheet.y + 4
        self._grid(top, y)
        sheet.line(self.at.plot, [y, y], "muted")
        for value, label in self.scale.ticks:
            x = self.scale.x(value)
            sheet.line([x, x], [y, y + 4], "muted")
            sheet.text(x, y + 12.5, label, 11.5, align="center", color="muted")
        sheet.y = y + self._remarks(y + 10) + 21

    def _grid(self, top, bottom):
        for value, _ in self.scale.ticks:
            x = self.scale.x(value)
            self.sheet.line([x, x], [top, bottom], "hairline", 0.7, zorder=-1)
        null = self.plot.axis.null
        if null is not None and self.scale.holds(null):
            self.sheet.line([self.scale.x(null)] * 2, [top, bottom], "ink", 1.0, zorder=0)

    def _remarks(self, y):
        """Text of the pooled estimate and the key of the circles, left of the axis labels."""
        sheet, text = self.sheet, self.plot.overall.text if self.plot.overall else ""
        key = rob_key_width(self.plot.rob_levels)
        lines = wrap(text, self.at.plot[0] - 24, 12)
        more = sheet.lines(0, y, lines, 12, color="muted")
        x = measure(lines[-1], 12) + 12 if lines else 0
        if key and x + key > self.at.plot[0] - 12:
            x, more = 0, more + 16
        if key:
            rob_key(sheet, x, y + more, self.plot.rob_levels)
        return more

    def _left_out(self):
        sheet, count = self.sheet, len(self.plot.left_out)
        sheet.y += 13
        top, y = sheet.y, sheet.y + 12.5
        look = {"color": "left-text"}
        sheet.text(6, y, left_out_title(count), weight=600, **look)
        sheet.text(DESKTOP - 6, y, "not in any total", align="right", italic=True, **look)
        sheet.y += 23
        start = sheet.y
        for item in self.plot.left_out:
            self._left_out_row(item)
        sheet.plate(0, top, DESKTOP, sheet.y + 5 - top)
        self._grid(start, sheet.y)
        sheet.y += 5

    def _left_out_row(self, item: LeftOutRow):
        sheet, at, y = self.sheet, self.at, self.sheet.y + PITCH / 2
        look, (label, code) = {"color": "left-text"}, self.at.left_out
        lines = wrap(item.label, label - INDENT, 13)
        more = sheet.lines(INDENT, y, lines, href=item.href, **look)
        beside_label(sheet, INDENT, y + more, lines, item.name, label)
        if item.code:
            marks.badge(sheet, label + GAP, y, item.code, left_out=True)
        left = label + GAP + code + 8
        room = at.counts - measure(item.counts, 13) - GAP - left
        more = max(more, sheet.lines(left, y, wrap(item.reason, max(room, 60), 13), **look))
        sheet.text(at.counts, y, item.counts, align="right", **look)
        if has_estimate(item):
            marks.left_out_mark(sheet, self.scale, y, item)
        self._estimate(item, y, "left-text")
        if self.plot.has_weights:
            sheet.text(DESKTOP - 6, y, "–", align="right", **look)
        sheet.y += PITCH + more

    def _footer(self):
        sheet = self.sheet
        sheet.y += 12
        if self.plot.explained or self.plot.footer:
            sheet.line([0, DESKTOP], [sheet.y, sheet.y], "hairline")
            sheet.y += 5
        footer(sheet, self.plot)
