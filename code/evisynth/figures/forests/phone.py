"""The forest plot on a phone: the answer first, then two lines per cohort."""

from __future__ import annotations

from evisynth.figures.base import marks
from evisynth.figures.base.parts import beside_label, footer, left_out_title, rob_key
from evisynth.figures.base.rows import (
    NOT_ESTIMABLE,
    ForestPlot,
    Group,
    LeftOutRow,
    Row,
    has_estimate,
)
from evisynth.figures.base.scale import Scale
from evisynth.figures.base.sheet import Sheet
from evisynth.figures.base.style import PHONE, measure, wrap
from evisynth.figures.forests.layout import stacked_text

STRIP = (136.0, 356.0)
INSET, LINE, MORE, STRIP_HEIGHT = 8.0, 20.0, 15.0, 17.0


class Phone:
    """One drawing in progress; `draw` fills a sheet from the top."""

    def __init__(self, plot: ForestPlot):
        self.plot, self.sheet = plot, Sheet(PHONE)
        self.scale = Scale.fit(plot.axis, plot.drawn, *STRIP)
        texts = [plot.axis.estimate(item) for item in plot.drawn if has_estimate(item)]
        widest = max((measure(text, 13, 600) for text in texts), default=0)
        self.counts = min(276.0, PHONE - INSET - widest - 12)

    def draw(self) -> Sheet:
        """Title, answer plate, groups, axis, rows left out, footer."""
        sheet = self.sheet
        sheet.paragraph(0, self.plot.title, 18, PHONE, pitch=23, weight=600, family="serif")
        sheet.paragraph(0, self.plot.subtitle, 13, PHONE, pitch=17, color="muted")
        self._answers()
        for group in self.plot.groups:
            self._group(group)
        self._axis()
        if self.plot.left_out:
            self._left_out()
        sheet.y += 8
        footer(sheet, self.plot)
        return sheet.finish()

    def _answers(self):
        plot, sheet = self.plot, self.sheet
        answers = [(plot.overall.label, plot.overall, len(plot.rows))] if plot.overall else []
        answers = answers or [
            (group.title or group.subtotal.label, group.subtotal, len(group.rows))
            for group in plot.groups
            if group.subtotal
        ]
        if not answers:
            return
        sheet.y += 9
        top = sheet.y
        sheet.y += 5
        for number, (label, item, k) in enumerate(answers):
            if number:
                sheet.y += 3
                sheet.line([INSET, PHONE - INSET], [sheet.y] * 2, "hairline")
                sheet.y += 2
            self._answer(label, item, k)
        sheet.y += 5
        sheet.plate(0, top, PHONE, sheet.y - top)

    def _answer(self, label, item, k):
        sheet, right = self.sheet, PHONE - INSET
        number = self.plot.axis.estimate(item)
        if self.plot.axis.kind == "proportion":
            number = number.replace(" ", "% ", 1)
        width = measure(number, 13.5, 600)
        self._line(label, 13.5, right - INSET - width - 10, weight=600, x=INSET)
        sheet.text(right, self.line_y, number, 13.5, align="right", weight=600)
        remark = f"{item.counts}, k = {k}" if item.counts else f"k = {k}"
        self._strip(wrap(remark, STRIP[0] - INSET - 6, 12), x=INSET)
        solid = item is self.plot.overall
        marks.diamond(sheet, self.scale, self.strip_y, item, solid=solid, ground="plate")
        if item.prediction:
            self._prediction(item, INSET)

    def _prediction(self, item, x):
        sheet, limits = self.sheet, item.prediction
        text = self.plot.axis.interval(*limits)
        look = {"color": "accent", "weight": 600}
        new = self.plot.axis.predicted.rpartition(" of a ")[2].capitalize()
        self._line(f"{new}, {100 * item.level:g}% prediction", 13, PHONE, x=x, **look)
        sheet.text(PHONE - x, self.line_y, text, align="right", **look)
        self._strip([], x=x)
        marks.prediction_bar(sheet, self.scale, self.strip_y, limits)

    def _line(self, text, size, width, *, x=0.0, **look):
        """Write a wrapped first line; ``line_y`` is the height of its first line."""
        cut = {"weight": look.get("weight", 400)}
        self.line_y = self.sheet.y + LINE / 2 + 1
        lines = wrap(text, width, size, **cut)
        self.sheet.y += LINE + self.sheet.lines(x, self.line_y, lines, size, pitch=MORE, **look)
        return lines

    def _strip(self, lines, *, x=0.0, color="muted", indent=0.0, reference=True):
        """Write second lines beside a strip of the scale; ``strip_y`` is the strip's height."""
        sheet = self.sheet
        self.strip_y = sheet.y + STRIP_HEIGHT / 2
        more = sheet.lines(x + indent, self.strip_y, lines, 12, color=color, pitch=14)
        self._grid(sheet.y - 1, sheet.y + STRIP_HEIGHT, reference)
        sheet.y += STRIP_HEIGHT + more

    def _grid(self, top, bottom, reference):
        sheet, null = self.sheet, self.plot.axis.null
        for value, _ in self.scale.ticks:
            x = self.scale.x(value)
            sheet.line([x, x], [top, bottom], "hairline", 0.7, zorder=-1)
        if null is not None and self.scale.holds(null):
            sheet.line([self.scale.x(null)] * 2, [top, bottom], "ink", 1.0, zorder=0)
        if reference and self.plot.overall:
            x = self.scale.x(self.plot.overall.estimate)
            sheet.line([x, x], [top, bottom], "ink", 1.1, dash=(1.2, 2), zorder=1)

    def _rule(self, color="hairline", width=1.0):
        self.sheet.line([0, PHONE], [self.sheet.y] * 2, color, width)

    def _group(self, group: Group):
        sheet = self.sheet
        sheet.y += 9
        sheet.paragraph(0, group.title, 13.5, PHONE, pitch=17, weight=600)
        sheet.y += 3
        self._rule("ink", 1.2)
        heaviest = self.plot.heaviest(group)
        for row in group.rows:
            self._row(row, marks.side(row.weight, heaviest))
        if group.subtotal:
            self._subtotal(group.subtotal)
        if group.note:
            sheet.y += 5
            sheet.paragraph(0, group.note, 13, PHONE, pitch=18, color="muted", italic=True)
        if group.nonetheless:
            self._nonetheless(group.nonetheless)

    def _nonetheless(self, item):
        """Hollow and grey: an answer that is not given."""
        sheet, look = self.sheet, {"color": "left-text"}
        sheet.y += 4
        right = self.counts - (measure(item.counts, 13) + 10 if item.counts else 0)
        self._line(item.label, 13, right, **look)
        sheet.text(self.counts, self.line_y, item.counts, align="right", **look)
        self._number(item, PHONE, "left-text")
        self._strip(wrap(item.text, STRIP[0] - 6, 12), **look)
        marks.diamond(sheet, self.scale, self.strip_y, item, solid=False, color="left-mark")

    def _row(self, row: Row, size):
        sheet = self.sheet
        sheet.y += 1.5
        right = self._right_text(row)
        self._label(row.label, row.badges, right, href=row.href, name=row.name)
        sheet.text(self.counts, self.line_y, row.counts, align="right", color="muted")
        self._number(row, PHONE)
        judged = row.judgements
        strip = len(judged) > 1
        # Several circles take the line beside the scale, and the texts follow below.
        indent = 12.0 if len(judged) == 1 else 0.0
        lines = wrap(stacked_text(row), STRIP[0] - 6 - indent, 12)
        self._strip([""] * strip + lines, indent=indent)
        middle = 4.5 + (len(judged) - 1) * marks.DOMAIN / 2
        marks.domains(sheet, middle, self.strip_y, judged)
        if has_estimate(row):
            shaped = self.plot.several_series
            marks.cohort(sheet, self.scale, self.strip_y, row, size, shaped=shaped)
        sheet.y += 1.5
        self._rule()

    def _right_text(self, item):
        """Where the label column ends: left of the counts."""
        counts = self.counts - measure(item.counts, 13) if item.counts else self.counts
        if has_estimate(item):
            return counts - 10
        return min(counts, PHONE - measure(NOT_ESTIMABLE, 13, italic=True)) - 10

    def _number(self, item, right, color="ink"):
        look = {"align": "right", "color": color, "italic": not has_estimate(item)}
        self.sheet.text(right, self.line_y, self.plot.axis.estimate(item), **look)

    def _label(self, label, badges, right, *, x=0.0, left_out=False, name="", **look):
        """First line with its badges, which go to a line of their own where there is no room."""
        sheet = self.sheet
        lines = self._line(label, 13, right - x, x=x, **look)
        y = self.line_y + MORE * max(len(lines) - 1, 0)
        at = beside_label(sheet, x, y, lines, name, right, badges)
        for text in badges:
            width = marks.badge_width(text)
            if at > x and at + width > right:
                at, y = x, y + MORE + 2
                sheet.y += MORE + 2
            marks.badge(sheet, at, y, text, left_out=left_out)
            at += width + 5

    def _subtotal(self, item):
        sheet = self.sheet
        sheet.y += 4
        number = self.plot.axis.estimate(item)
        right = self.counts - measure(item.counts, 13, 600) - 10
        self._line(item.label, 13, right, weight=600)
        sheet.text(self.counts, self.line_y, item.counts, align="right", weight=600)
        sheet.text(PHONE, self.line_y, number, align="right", weight=600)
        self._strip(wrap(item.text, STRIP[0] - 6, 12))
        marks.diamond(sheet, self.scale, self.strip_y, item, solid=False)

    def _axis(self):
        sheet, y = self.sheet, self.sheet.y + 3
        sheet.line(STRIP, [y, y], "muted")
        for value, label in self.scale.ticks:
            x = self.scale.x(value)
            sheet.line([x, x], [y, y + 4], "muted")
            # Within the strip, so that the first keeps clear of the key and the last of the edge.
            width = measure(label, 11.5)
            x = min(max(x - width / 2, STRIP[0]), PHONE - width)
            sheet.text(x, y + 12, label, 11.5, color="muted")
        sheet.y = y + 21
        if self.plot.has_rob:
            sheet.y += rob_key(sheet, 0, y + 12, self.plot.rob_levels, 11, right=STRIP[0])
        remark = self.plot.overall.text if self.plot.overall else ""
        sheet.paragraph(0, remark, 12, PHONE, pitch=16, color="muted")

    def _left_out(self):
        sheet, count = self.sheet, len(self.plot.left_out)
        sheet.y += 8
        top = sheet.y
        title = left_out_title(count)
        sheet.text(INSET, top + 14, title, weight=600, color="left-text")
        sheet.y += 25
        for item in self.plot.left_out:
            self._left_out_row(item)
        sheet.y += 5
        sheet.plate(0, top, PHONE, sheet.y - top)

    def _left_out_row(self, item: LeftOutRow):
        sheet, look = self.sheet, {"color": "left-text"}
        codes = (item.code,) if item.code else ()
        right, shift = self._right_text(item) - INSET, INSET
        more = {"x": INSET, "left_out": True, "href": item.href, "name": item.name}
        self._label(item.label, codes, right, **more, **look)
        if has_estimate(item):
            sheet.text(self.counts - shift, self.line_y, item.counts, align="right", **look)
        self._number(item, PHONE - INSET, "left-text")
        if not has_estimate(item):
            text = " · ".join(part for part in (item.counts, item.reason) if part)
            lines = wrap(text, PHONE - 2 * INSET, 12)
            sheet.y += 1 + sheet.lines(INSET, sheet.y + 7, lines, 12, pitch=14, **look)
            sheet.y += STRIP_HEIGHT
            return
        reason = wrap(item.reason, STRIP[0] - INSET - 6, 12)
        self._strip(reason, x=INSET, color="left-text", reference=False)
        marks.left_out_mark(sheet, self.scale, self.strip_y, item)
