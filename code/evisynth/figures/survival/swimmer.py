"""The swimmer plot: a bar per patient with marks where something happened, for page and phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evisynth.checks import check_choice, shown
from evisynth.errors import ArgumentError
from evisynth.figures.base import marks
from evisynth.figures.base.data_figure import check_lines, check_text, check_texts
from evisynth.figures.base.inline import InlineFigure
from evisynth.figures.base.parts import draw_notes
from evisynth.figures.base.scale import time_ticks
from evisynth.figures.base.sheet import Sheet
from evisynth.figures.base.style import DESKTOP, PHONE, matplotlib_style, measure, wrap
from evisynth.figures.survival.patients import (
    PLOT,
    Patient,
    checked_patients,
    in_words,
    patient_row,
    shapes_of,
    time_as_printed,
)
from evisynth.rounding import signed

PITCH, TALL, BAR = 21.0, 36.0, 10.0
ARROW = "arrow"


def swimmer(
    rows,
    *,
    title: str,
    subtitle: str = "",
    events=None,
    time_unit: str = "months",
    order: str = "duration",
    shapes: Mapping[str, str] | None = None,
    footer: Sequence[str] = (),
    caption: str = "",
    alt: str = "",
    name: str = "",
) -> InlineFigure:
    """Draw one bar per patient, with marks where something happened.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row per patient. Columns: ``label``; ``end``, time at the end of follow-up; and, where
        there are any, ``start`` (0 by default), ``ended`` ("dead", "alive", "ongoing", "lost",
        "stopped", or nothing: "alive" and "ongoing" get an arrow, "dead" and "lost" a mark at
        the end), ``group`` (patients stand under it, at most three), ``id`` (see ``events``).
    events : DataFrame, sequence of str or mapping of str to str, optional
        A long table with columns ``label`` (or ``id``, where ``rows`` has it, as it must where
        labels repeat), ``time`` and ``event``; or names of columns of ``rows`` that hold the time
        of an event, missing where there was none; or such columns with the names of the events.
    time_unit : str
        Of all times.
    order : {"duration", "table"}
        The longest bar first, or as the table has them; within each group.
    shapes : mapping of event to str, optional
        Shapes of `evisynth.figures.survival.patients.SHAPES` in place of the usual ones.
    title, subtitle, caption, alt, name : str
        Plain text; without ``alt`` one is made from the numbers.
    footer : sequence of str
        Further lines, the provenance last.

    Returns
    -------
    InlineFigure
        Its table has a row per patient, with a column per event.

    Raises
    ------
    ArgumentError
        No DataFrame, columns that are missing, times that are no finite numbers, an end before its
        start, an event outside its bar or of nobody, more kinds of events than shapes.
    """
    check_text(PLOT, title=title, subtitle=subtitle, time_unit=time_unit)
    check_texts(PLOT, caption=caption, alt=alt, name=name)
    footer = check_lines(PLOT, "footer", footer)
    check_choice(PLOT, "order", order, ("duration", "table"))
    if not isinstance(shapes, Mapping | None):
        raise ArgumentError(PLOT, "shapes", shown(shapes), "a mapping of events to shapes")
    patients = checked_patients(rows, events, order)
    if len({patient.group for patient in patients}) > 3:
        raise ArgumentError(PLOT, "rows: group", "more than three groups", "at most three")
    shapes = shapes_of(patients, shapes)
    texts = (title, subtitle, time_unit, footer)
    with matplotlib_style():
        desktop, phone = (
            _Drawing(patients, shapes, texts, width).draw() for width in (DESKTOP, PHONE)
        )
    table = [patient_row(patient, shapes) for patient in patients]
    alt = alt or in_words(patients, title, time_unit)
    return InlineFigure(desktop, phone, table, title=title, caption=caption, alt=alt, name=name)


class _Drawing:
    """One drawing in progress; `draw` fills a sheet from the top."""

    def __init__(self, patients, shapes, texts, width):
        self.patients, self.shapes, self.wide = patients, shapes, width == DESKTOP
        self.title, self.subtitle, self.unit, self.footer = texts
        self.sheet = Sheet(width)
        widest = max(measure(patient.label, 13) for patient in patients)
        # Labels that would narrow the bars too much stand above them.
        self.above = not self.wide and widest > 110
        self.label = min(widest, 180 if self.wide else 110)
        self.left = 2.0 if self.above else max(self.label + 14, 30)
        numbers = max(measure(time_as_printed(patient.duration), 13) for patient in patients)
        self.numbers = max(numbers, measure(self._head, 12, 600))
        ended = max(measure(patient.ended, 12) for patient in patients) if self.wide else 0
        self.ended = ended + 10 if ended else 0.0
        self.right = width - self.numbers - self.ended - 26
        self.first = min(0.0, *(patient.start for patient in patients))
        self.last = max(0.0, *(patient.end for patient in patients))
        if self.last <= self.first:
            self.last = self.first + 1.0

    @property
    def _head(self):
        return self.unit[:1].upper() + self.unit[1:]

    def draw(self) -> Sheet:
        """Title, key, bars by group, axis, footer."""
        sheet, pitch = self.sheet, 25 if self.wide else 23
        look = {"weight": 600, "family": "serif"}
        sheet.paragraph(0, self.title, 18, sheet.width, pitch=pitch, **look)
        sheet.paragraph(0, self.subtitle, 13, sheet.width, pitch=18, color="muted")
        sheet.y += 6
        self._key()
        self._header()
        groups = list(dict.fromkeys(patient.group for patient in self.patients))
        sheet.y += 4
        for number, group in enumerate(groups):
            self._group(group, number + 1)
        self._axis()
        self._footer()
        return sheet.finish()

    def x(self, time):
        share = (time - self.first) / (self.last - self.first)
        return self.left + share * (self.right - self.left)

    def _key(self):
        """Each mark beside the name of its shape and what it means."""
        sheet, entries = self.sheet, list(self.shapes.items())
        entries += [("follow-up goes on", ARROW)] * any(p.ongoing for p in self.patients)
        x, y = 0.0, sheet.y + 9
        for event, shape in entries:
            lines = wrap(f"{shape}: {event}", sheet.width - 18, 12)
            width = 18 + max(measure(line, 12) for line in lines)
            if x and x + width > sheet.width:
                x, y = 0.0, y + 18
            if shape == ARROW:
                marks.arrowhead(sheet, x + 11, y, 1, "ink")
            else:
                marks.shape(sheet, x + 7, y, shape)
            y += sheet.lines(x + 18, y, lines, 12, color="muted")
            x += width + 16
        sheet.y = y + 12 if entries else sheet.y

    def _header(self):
        sheet, look = self.sheet, {"weight": 600, "color": "muted"}
        y = sheet.y + 9
        sheet.text(0, y, "Patient", 12, **look)
        sheet.text(sheet.width - self.ended, y, self._head, 12, align="right", **look)
        sheet.y += 20
        sheet.line([0, sheet.width], [sheet.y] * 2, width=1.2)

    def _group(self, group, series):
        sheet = self.sheet
        if group:
            sheet.y += 4
            sheet.paragraph(0, group, 13, sheet.width, pitch=20, weight=600)
        for patient in self.patients:
            if patient.group == group:
                self._patient(patient, series)

    def _patient(self, patient: Patient, series):
        sheet, first = self.sheet, self.sheet.y + PITCH / 2
        room = sheet.width - self.numbers - 10 if self.above else self.label
        lines = wrap(patient.label, room, 13)
        more = sheet.lines(0, first, lines)
        right = sheet.width - self.ended
        sheet.text(right, first, time_as_printed(patient.duration), align="right")
        sheet.text(right + 10, first, patient.ended if self.wide else "", 12, color="muted")
        y = first + more + TALL - PITCH - 1 if self.above else first
        self._grid(y, PITCH / 2 if not self.above else 8)
        self._bar(patient, y, series)
        sheet.y += (TALL if self.above else PITCH) + more

    def _grid(self, y, half):
        """Behind the bars alone, never across text."""
        for time in self.ticks:
            x = self.x(time)
            self.sheet.line([x, x], [y - half, y + half], "hairline", 0.7, zorder=-1)

    def _bar(self, patient, y, series):
        sheet, color = self.sheet, f"series-{series}"
        left, right = self.x(patient.start), self.x(patient.end)
        corners = [(left, y - BAR / 2), (right, y - BAR / 2), (right, y + BAR / 2)]
        corners.append((left, y + BAR / 2))
        sheet.polygon(corners, fill=color, tint=0.22, zorder=1)
        sheet.polygon(corners, edge=color, width=1.0, zorder=2)
        if patient.ongoing:
            marks.arrowhead(sheet, right + 10, y, 1, "ink")
        placed = []
        for time, name in patient.marks:
            x = self.x(time)
            # Those at one time stand one above the other; none is moved in time.
            near = sum(abs(x - other) < marks.MARK for other in placed)
            placed.append(x)
            marks.shape(sheet, x, y + (0, 5, -5, 9, -9)[min(near, 4)], self.shapes[name])

    @property
    def ticks(self):
        """Times of the axis, on both sides of 0 where bars begin before it."""
        ticks = time_ticks(self.last - self.first, self.unit, 9 if self.wide else 5)
        step = ticks[1] if len(ticks) > 1 else self.last
        below, above = int(-self.first / step + 1e-9), int(self.last / step + 1e-9)
        return [float(f"{number * step:.9g}") for number in range(-below, above + 1)]

    def _axis(self):
        sheet, y = self.sheet, self.sheet.y + 4
        sheet.line([self.left, self.right], [y, y], "muted")
        for number, time in enumerate(self.ticks):
            x, last = self.x(time), number == len(self.ticks) - 1
            sheet.line([x, x], [y, y + 4], "muted")
            value = signed(f"{time:g}")
            text = f"{value} {self.unit}" if last else value
            left = min(x - measure(value, 11.5) / 2, sheet.width - measure(text, 11.5))
            sheet.text(max(left, 0), y + 13, text, 11.5, color="muted")
        sheet.y = y + 27

    def _footer(self):
        sheet = self.sheet
        if self.footer:
            sheet.line([0, sheet.width], [sheet.y] * 2, "hairline")
            sheet.y += 5
        draw_notes(sheet, [line.split(" · ") for line in self.footer])
