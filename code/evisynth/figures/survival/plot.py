"""Kaplan-Meier curves with bands, medians and the numbers at risk, for page and phone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evisynth.checks import check_flag
from evisynth.figures.base.data_figure import check_lines, check_text, check_texts
from evisynth.figures.base.inline import InlineFigure
from evisynth.figures.base.parts import footer
from evisynth.figures.base.scale import time_ticks
from evisynth.figures.base.sheet import Sheet
from evisynth.figures.base.style import DESKTOP, PHONE, matplotlib_style, measure, wrap
from evisynth.figures.forests.layout import apart
from evisynth.figures.survival.curves import PLOT, Curves, LabelledCurve, checked_curves

# Dashes in multiples of the line's width: whole, long, short.
DASHES = (None, (5.0, 2.0), (1.6, 1.4))
WIDTH, TINT = 1.8, 0.13
BESIDE = 148.0  # room for labels right of the plot


def kaplan_meier_plot(
    curves,
    *,
    title: str,
    subtitle: str = "",
    labels: Sequence[str] | None = None,
    heading: str = "Surviving",
    until: float | None = None,
    times: Iterable[float] | None = None,
    band: bool = True,
    footer: Sequence[str] = (),
    caption: str = "",
    alt: str = "",
    name: str = "",
) -> InlineFigure:
    """Draw one to three Kaplan-Meier curves.

    Parameters
    ----------
    curves : KaplanMeier, sequence of KaplanMeier, or mapping of label to KaplanMeier
        Anything with tuples ``time``, ``survival`` (0 to 1), ``lower``, ``upper`` (None where
        there is no limit), ``censored`` (how many), ``median``, ``median_lb``, ``median_ub`` (None
        where not reached), ``n``, ``n_events``, ``time_unit`` and ``numbers_at_risk(times)``.
    title, subtitle : str
    labels : sequence of str, optional
        One per curve, where ``curves`` is no mapping; each curve's own ``label`` by default.
    heading : str
        What the vertical axis counts, in percent; it runs from 0 to 100 and is never cut.
    until : float, optional
        Where the axis of time ends, in the curves' unit; the longest follow-up by default. What
        comes later is not drawn, and the figure says so.
    times : iterable of float, optional
        Where the numbers at risk stand; steps of the calendar by default.
    band : bool
        Whether to shade the pointwise interval.
    footer : sequence of str
        Further lines, the provenance last.
    caption, alt, name : str
        Plain text; without ``alt`` one is made from the numbers.

    Returns
    -------
    InlineFigure
        Its table has a row per curve and, below, one per curve and time of the axis.

    Raises
    ------
    ArgumentError
        No curve or more than three, tuples that do not fit together, curves in different units,
        times that do not rise from 0.
    """
    check_text(PLOT, title=title, subtitle=subtitle, heading=heading)
    check_texts(PLOT, caption=caption, alt=alt, name=name)
    plot = checked_curves(
        curves, labels=labels, until=until, times=times, title=title, subtitle=subtitle,
        heading=heading, band=check_flag(PLOT, "band", band),
        footer=check_lines(PLOT, "footer", footer),
    )  # fmt: skip
    with matplotlib_style():
        desktop, phone = (_Drawing(plot, width).draw() for width in (DESKTOP, PHONE))
    shown = plot.times or time_ticks(plot.end, plot.unit, 8)
    texts = {"title": title, "caption": caption, "alt": alt or plot.in_words, "name": name}
    return InlineFigure(desktop, phone, plot.table(shown), **texts)


class _Drawing:
    """One drawing in progress; `draw` fills a sheet from the top."""

    def __init__(self, plot: Curves, width):
        self.plot, self.sheet, self.wide = plot, Sheet(width), width == DESKTOP
        self.named = len(plot.curves) > 1  # one curve needs no name before its numbers
        names = max(measure(curve.label, 13, 600) for curve in plot.curves)
        beside = min(max(names + 46, 74), 168) if self.named else 74.0
        self.left = beside if self.wide else 38.0
        self.right = width - BESIDE if self.wide else width - 10.0
        self.labels = self._measured() if self.wide else []
        self.height = max(300.0, sum(map(_height, self.labels))) if self.wide else 230.0
        self.ticks = plot.times or self._ticks()

    def _ticks(self):
        """As many as leave the numbers at risk apart."""
        widest = max(measure(f"{curve.result.n:,}", 12) for curve in self.plot.curves)
        room = (self.right - self.left) / (widest + 14)
        most = max(min(int(room), 9 if self.wide else 5), 1)
        return time_ticks(self.plot.end, self.plot.unit, most)

    def draw(self) -> Sheet:
        """Title, key on the phone, curves, axis of time, numbers at risk, footer."""
        sheet, pitch = self.sheet, 25 if self.wide else 23
        look = {"weight": 600, "family": "serif"}
        sheet.paragraph(0, self.plot.title, 18, sheet.width, pitch=pitch, **look)
        sheet.paragraph(0, self.plot.subtitle, 13, sheet.width, pitch=18, color="muted")
        sheet.y += 8
        if not self.wide:
            self._key()
        look = {"weight": 600, "color": "muted"}
        sheet.paragraph(0, f"{self.plot.heading}, %", 12, sheet.width, pitch=17, **look)
        self.top = sheet.y + 8
        self._frame()
        for curve in self.plot.curves:
            self._curve(curve)
        if self.wide:
            self._labels()
        sheet.y = self.top + self.height
        self._time_axis()
        self._at_risk()
        self._footer()
        return sheet.finish()

    def x(self, time):
        return self.left + min(time / self.plot.end, 1) * (self.right - self.left)

    def y(self, share):
        return self.top + (1 - share) * self.height

    def _frame(self):
        sheet = self.sheet
        for percent in (0, 25, 50, 75, 100):
            y = self.y(percent / 100)
            sheet.line([self.left, self.right], [y, y], "hairline", 0.7, zorder=-1)
            label = f"{percent}%" if percent == 100 else f"{percent}"
            sheet.text(self.left - 8, y, label, 11.5, align="right", color="muted")

    def _curve(self, curve: LabelledCurve):
        sheet, color = self.sheet, f"series-{curve.series}"
        if self.plot.band:
            for upper, lower in curve.bands(self.plot.end):
                points = [(self.x(t), self.y(s)) for t, s in (*upper, *reversed(lower))]
                sheet.polygon(points, fill=color, width=0, tint=TINT, zorder=0)
        steps = curve.steps(self.plot.end)
        xs, ys = [self.x(t) for t, _ in steps], [self.y(s) for _, s in steps]
        sheet.line(xs, ys, color, WIDTH, dash=DASHES[curve.series - 1], zorder=3)
        for time, share in curve.censorings(self.plot.end):
            x, y = self.x(time), self.y(share)
            sheet.line([x, x], [y - 4, y + 4], color, 1.2, zorder=4)
        self._median(curve, color)

    def _median(self, curve, color):
        median = curve.result.median
        if median is None or median > self.plot.end:
            return
        x, y = self.x(median), self.y(0.5)
        path = [self.left, x, x], [y, y, self.y(0)]
        self.sheet.line(*path, color, 1.0, dash=(1.2, 2), zorder=1)

    def _measured(self):
        """Each curve with the lines of its name and of its median."""
        return [
            (
                curve,
                wrap(curve.label, BESIDE - 34, 13, weight=600),
                wrap(curve.median_words(self.plot.unit), BESIDE - 34, 12),
            )
            for curve in self.plot.curves
        ]

    def _labels(self):
        """Each curve's name and median beside its end, pushed apart where they would meet."""
        ends = [(self.y(label[0].last(self.plot.end)) - 8, label) for label in self.labels]
        ends.sort(key=lambda end: end[0])
        wanted = [(edge, _height(label)) for edge, label in ends]
        left, edges = self.right + 34, apart(wanted, self.top - 8, self.y(0) + 8)
        for edge, (_, (curve, names, median)) in zip(edges, ends, strict=True):
            # Words in ink: colour alone names nothing, and the sample shows the dash.
            self._sample(curve, self.right + 8, edge + 8)
            down = edge + 8 + self.sheet.lines(left, edge + 8, names, weight=600, pitch=16)
            self.sheet.lines(left, down + 15.5, median, 12, color="muted", pitch=14.5)

    def _sample(self, curve, x, y, length=20):
        color, dash = f"series-{curve.series}", DASHES[curve.series - 1]
        self.sheet.line([x, x + length], [y, y], color, WIDTH, dash=dash, zorder=3)

    def _key(self):
        sheet = self.sheet
        for curve in self.plot.curves:
            y = sheet.y + 9
            self._sample(curve, 0, y)
            names = wrap(curve.label, PHONE - 28, 13, weight=600)
            sheet.y += 18 + sheet.lines(28, y, names, weight=600, pitch=16)
            words, used = curve.median_words(self.plot.unit), measure(names[-1], 13, 600) + 36
            if len(names) == 1 and used + measure(words, 12) <= PHONE:
                sheet.text(used, y, words, 12, color="muted")
            else:
                sheet.paragraph(28, words, 12, PHONE - 28, pitch=15, color="muted")
        sheet.y += 6

    def _time_axis(self):
        sheet, y = self.sheet, self.y(0)
        sheet.line([self.left, self.right], [y, y], "muted")
        for number, time in enumerate(self.ticks):
            x, last = self.x(time), number == len(self.ticks) - 1
            sheet.line([x, x], [y, y + 4], "muted")
            width = measure(f"{time:g}", 11.5)
            text = f"{time:g} {self.plot.unit}" if last else f"{time:g}"
            # The unit hangs from the last number, which stays below its tick where there is room.
            left = min(x - width / 2, sheet.width - measure(text, 11.5))
            sheet.text(left, y + 13, text, 11.5, color="muted")
        sheet.y = y + 25

    def _at_risk(self):
        sheet = self.sheet
        sheet.y += 4
        sheet.text(0, sheet.y + 8, "At risk", 12, weight=600, color="muted")
        # One curve has no name to stand before its numbers, but its head has room there.
        sheet.y += 0 if self.wide and not self.named else 18
        for curve in self.plot.curves:
            more = self._name_at_risk(curve) if self.named else 0
            for time, number in zip(self.ticks, curve.at_risk(self.ticks), strict=True):
                sheet.text(self.x(time), sheet.y + 8, f"{number:,}", 12, align="center")
            sheet.y += 19 + more
        sheet.y += 4

    def _name_at_risk(self, curve):
        sheet = self.sheet
        self._sample(curve, 0, sheet.y + 8)
        if self.wide:
            names = wrap(curve.label, self.left - 44, 12)
            return sheet.lines(26, sheet.y + 8, names, 12, pitch=14)
        names = wrap(curve.label, PHONE - 28, 12)
        sheet.y += 17 + sheet.lines(26, sheet.y + 8, names, 12, pitch=14)
        return 0

    def _footer(self):
        sheet = self.sheet
        sheet.line([0, sheet.width], [sheet.y] * 2, "hairline")
        sheet.y += 5
        footer(sheet, self.plot)


def _height(label):
    """Of a label beside its curve."""
    _, names, median = label
    return 16 * len(names) + 14.5 * len(median) + 5
