"""The drawing of a specification curve: sorted points with their intervals, over the matrix."""

from __future__ import annotations

import numpy as np

from evisynth.figures.base.data_figure import foot, head, is_phone
from evisynth.figures.base.effect_axis import Span, effect_span
from evisynth.figures.base.scatter import Panel, boxes, dots, strokes
from evisynth.figures.base.style import measure, wrap
from evisynth.figures.sensitivity.curve_matrix import Matrix
from evisynth.figures.sensitivity.curve_words import change_words

HEIGHT, BIN = 150.0, 3.0
# Below this many pixels per analysis, ticks would run into each other.
LEAST_PITCH = 1.1
BESIDE = {"desktop": 68.0, "phone": 46.0}


class CurveDrawing:
    """One drawing in progress; `draw` fills a sheet from the top."""

    def __init__(self, sheet, curve):
        self.sheet, self.curve, self.phone = sheet, curve, is_phone(sheet)
        beside = BESIDE["phone" if self.phone else "desktop"]
        y = effect_span(curve.axis, np.r_[curve.estimate, curve.lower, curve.upper], HEIGHT, 0)
        tick = max(measure(label, 11.5) for _, label in y.ticks) + 9
        self.names, self.levels = (0.0, 0.0) if self.phone else self._columns()
        self.left = max(34.0, tick) if self.phone else self.names + self.levels + 22
        self.left = self.left if self.phone else max(self.left, 150.0, tick + 70)
        choices = [choice for block in curve.blocks for choice in block.choices]
        self.changes = max([measure("Change", 12, 600), *(self.change_width(c) for c in choices)])
        counts = max([measure(f"{c.analyses:,}", 13, 600) for c in choices], default=0)
        widest = counts if self.phone else counts + 14 + self.changes
        self.right = sheet.width - max(beside, widest + 8)
        self.pitch = (self.right - self.left) / len(curve.order)
        self.x = self.left + (np.arange(len(curve.order)) + 0.5) * self.pitch
        self.from_y = 0.0
        self.protocol = None if curve.protocol is None else float(self.x[curve.protocol])

    @property
    def strips(self) -> bool:
        """Whether there are too many analyses for a tick each."""
        return self.pitch < LEAST_PITCH

    def change_width(self, choice) -> float:
        """Pixels that a choice's change takes."""
        return measure(change_words(self.curve, choice), 12.5, 600)

    def _columns(self):
        """Widths of the names of the axes and of their levels."""
        blocks = self.curve.blocks
        names = [measure(block.name, 13, 600) for block in blocks]
        levels = [measure(c.label, 13, 600) for block in blocks for c in block.choices]
        name, level = max(names, default=0), max(levels, default=0)
        if name + level > 230:
            name = min(name, max(100, 230 - level))
        return name, min(level, 230 - name)

    def draw(self, title, subtitle, footer) -> None:
        """Title, curve, matrix, axes without an alternative, footer."""
        head(self.sheet, title, subtitle)
        self.sheet.y += 8
        self._curve()
        Matrix(self).draw(self.from_y)
        foot(self.sheet, *footer, rule=False)

    def _curve(self):
        sheet, curve = self.sheet, self.curve
        interval = f"with {100 * curve.level:g}% CI"
        if self.phone:
            text = f"Pooled {curve.noun} {interval}"
            sheet.paragraph(0, text, 12, sheet.width, pitch=16, color="muted", weight=600)
        sheet.y += 51 if self.protocol is not None else 24
        top = sheet.y
        values = np.r_[curve.estimate, curve.lower, curve.upper]
        self.y = effect_span(curve.axis, values, top + HEIGHT, top)
        self._panel(interval)
        self._intervals()
        self._points()
        self._extremes()
        self._median()
        if self.protocol is not None:
            self._protocol()
        sheet.y = top + HEIGHT

    def _panel(self, interval):
        panel = Panel(self.sheet, Span(0, 1, self.left, self.right), self.y)
        panel.grid(down=False)
        panel.label_y()
        null = self.curve.axis.null
        if null is not None and self.y.holds(null):
            y = float(self.y.at(null))
            self.sheet.line([self.left, self.right], [y, y], "muted", 1.0, zorder=0)
        if not self.phone:
            middle, room = (self.y.start + self.y.end) / 2 - 8, self.left - 44
            lines = wrap(f"Pooled {self.curve.noun}", room, 13, weight=600)
            more = self.sheet.lines(0, middle, lines, weight=600)
            self.sheet.text(0, middle + more + 16, interval, 12.5, color="muted")

    def _intervals(self):
        lower, upper = self.y.at(self.curve.lower), self.y.at(self.curve.upper)
        if self.strips:
            edges = self.edges
            low, high = self._binned(lower, edges), self._binned(upper, edges)
            left, right = (
                (self.left + edges * self.pitch)[:-1],
                (self.left + edges * self.pitch)[1:],
            )
            whole = np.isfinite(low + high)
            band = np.column_stack([left, high, right, low])[whole]
            boxes(self.sheet, band, "left-mark", alpha=0.35, zorder=1)
            return
        whole = np.isfinite(lower + upper)
        if self.curve.protocol is not None:
            whole[self.curve.protocol] = False
        segments = np.column_stack([self.x, lower, self.x, upper])[whole]
        width = min(1.4, 0.45 * self.pitch)
        strokes(self.sheet, segments, "left-mark", width, alpha=0.55, zorder=1)

    @property
    def edges(self) -> np.ndarray:
        """Bounds of the places along the curve that bars stand for, as positions."""
        bins = round((self.right - self.left) / BIN)
        return np.unique(np.round(np.linspace(0, len(self.x), bins + 1)).astype(int))

    def _binned(self, values, edges):
        """Median of each place, NaN where nothing is finite."""
        parts = (part[np.isfinite(part)] for part in np.split(values, edges[1:-1]))
        return np.array([np.median(part) if part.size else np.nan for part in parts])

    def _points(self):
        y = self.y.at(self.curve.estimate)
        if self.strips:
            self.sheet.line(np.round(self.x, 2), np.round(y, 2), "ink", 2.0, zorder=3)
            return
        size, apart = min(4.0, max(1.7, 0.85 * self.pitch)), self.curve.apart
        dots(self.sheet, self.x, y, "ink", size)
        if apart.any():
            dots(self.sheet, self.x[apart], y[apart], "paper", 0.55 * size, zorder=4)

    def _extremes(self):
        number = self.curve.axis.number
        low, high = self.curve.estimate[[0, -1]]
        self._extreme(f"lowest {number(low)}", self.curve.lower, self.left, down=True)
        self._extreme(f"highest {number(high)}", self.curve.upper, self.right, down=False)

    def _extreme(self, text, limits, edge, *, down):
        """Label an end of the curve just beyond the intervals there, clear of grid and line."""
        width, sign = measure(text, 12), 1 if down else -1
        left = edge if down else edge - width
        if self.protocol is not None and left - 7 < self.protocol < left + width + 7:
            left = self.protocol + 7 if down else self.protocol - 7 - width
        near = (self.x > left - 3) & (self.x < left + width + 3)
        ends = self.y.at(np.where(np.isfinite(limits), limits, self.curve.estimate))[near]
        y = float(np.max(sign * ends) * sign if ends.size else self.y.at(limits[0])) + 10 * sign
        for value, _ in self.y.ticks:
            line = float(self.y.at(value))
            if abs(y - line) < 8:
                y = line + 9 * sign
                break
        self.sheet.text(left, y, text, 12, color="muted")

    def _median(self):
        curve, sheet = self.curve, self.sheet
        y, number = float(self.y.at(curve.median)), curve.axis.number(curve.median)
        sheet.line([self.left, self.right], [y, y], "ink", 1.1, dash=(1.2, 2), zorder=2)
        room = sheet.width - self.right - 6
        lines = wrap(f"median {number}", room, 12)
        sheet.lines(self.right + 6, y - 7 * (len(lines) - 1), lines, 12, pitch=14)

    def _protocol(self):
        curve, sheet, x, at = self.curve, self.sheet, self.protocol, self.curve.protocol
        low, high = curve.lower[at], curve.upper[at]
        number = curve.axis.number(curve.estimate[at])
        whole = np.isfinite(low + high)
        second = f"{number} {curve.axis.interval(low, high)}" if whole else number
        top = self.y.end - 43
        for line, text in enumerate(("declared", second)):
            half = measure(text, 12.5, 600) / 2
            middle = min(max(x, self.left + half), sheet.width - half)
            sheet.text(middle, top + 15 * line, text, 12.5, align="center", weight=600)
        y = float(self.y.at(curve.estimate[at]))
        ends = (float(self.y.at(high)), float(self.y.at(low))) if whole else (y, y)
        sheet.line([x, x], [top + 24, ends[0]], "ink", 1.0, zorder=3)
        if whole:
            sheet.line([x, x], ends, "paper", 4.6, zorder=3)
            sheet.line([x, x], ends, "ink", 2.4, zorder=4)
        points = [(x - 5.8, y), (x, y - 6.8), (x + 5.8, y), (x, y + 6.8)]
        sheet.polygon(points, fill="ink", edge="paper", width=1.4, zorder=5)
        self.from_y = ends[1]
