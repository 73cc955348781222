"""A figure whose table is a DataFrame, and the head and foot that such figures share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from evisynth.checks import check_slab, shown
from evisynth.errors import ArgumentError
from evisynth.figures.base.inline import InlineFigure
from evisynth.figures.base.sheet import Sheet
from evisynth.figures.base.style import DESKTOP, PHONE, clean, matplotlib_style, measure, pack


class DataFigure(InlineFigure):
    """A desktop and a phone drawing of the same numbers.

    Attributes
    ----------
    table : pandas.DataFrame
        What was drawn, a row per mark, display scale.
    """

    _role = "img"

    def __repr__(self):
        # A figure of thousands of marks still has a text view that can be read.
        text = self.table.to_string(index=False, max_rows=60, float_format="{:.4g}".format)
        return "\n".join(part for part in (self.title, text) if part)

    @property
    def _key(self):
        full = f"{self.title}{self.table.to_csv()}"
        return self.name or hashlib.sha256(full.encode()).hexdigest()[:8]


def data_figure(draw: Callable[[Sheet], None], table: dict, **texts) -> DataFigure:
    """Both drawings of a figure.

    Parameters
    ----------
    draw : callable
        Fills a sheet of desktop or phone width.
    table : dict
        Columns of the table, in order.
    texts : str
        ``title``, ``caption``, ``alt`` and ``name``.
    """
    import pandas as pd

    sheets = []
    with matplotlib_style():
        for width in (DESKTOP, PHONE):
            sheet = Sheet(width)
            draw(sheet)
            sheets.append(sheet.finish())
    return DataFigure(*sheets, pd.DataFrame(table), **texts)


def is_phone(sheet: Sheet) -> bool:
    """Whether this is the narrow drawing."""
    return sheet.width < DESKTOP


def head(sheet: Sheet, title: str, subtitle: str) -> None:
    """Write title and subtitle."""
    pitch = (23, 17) if is_phone(sheet) else (25, 18)
    look = {"weight": 600, "family": "serif"}
    sheet.paragraph(0, title, 18, sheet.width, pitch=pitch[0], **look)
    sheet.paragraph(0, subtitle, 13, sheet.width, pitch=pitch[1], color="muted")


def foot(sheet: Sheet, *lines: str, rule: bool = True) -> None:
    """Write the footer, the provenance last; a line breaks between its parts where it can."""
    sheet.y += 8
    lines = [line for line in lines if line]
    if lines and rule:
        sheet.line([0, sheet.width], [sheet.y] * 2, "hairline")
    sheet.y += 5
    for given in lines:
        for line in pack(given.split(" · "), sheet.width, 11):
            sheet.paragraph(0, line, 11, sheet.width, pitch=15, color="muted")
    sheet.y += 4


def shorten(text: str, width: float, size: float, **cut) -> str:
    """Text on one line of at most ``width`` pixels, with an ellipsis where it was longer."""
    text = clean(text)
    if measure(text, size, **cut) <= width:
        return text
    while text and measure(f"{text}…", size, **cut) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def check_attributes(function: str, argument: str, value, names, allowed: str) -> None:
    """Refuse what is not the result that a figure reads."""
    if any(not hasattr(value, name) for name in names):
        raise ArgumentError(function, argument, shown(value), allowed)


def check_text(function: str, **texts) -> None:
    """Refuse a title, label or the like that is no text."""
    for name, value in texts.items():
        if not isinstance(value, str):
            raise ArgumentError(function, name, shown(value), "text")


def check_lines(function: str, argument: str, lines) -> tuple[str, ...]:
    """Lines of a footer and the like as a tuple; a single text is none."""
    allowed = "texts in a sequence"
    if isinstance(lines, str | bytes):
        raise ArgumentError(function, argument, shown(lines), allowed)
    try:
        lines = tuple(lines)
    except TypeError:
        raise ArgumentError(function, argument, shown(lines), allowed) from None
    for position, line in enumerate(lines):
        if not isinstance(line, str):
            given = f"{shown(line)} at position {position}"
            raise ArgumentError(function, argument, given, allowed)
    return lines


def check_instance(function: str, argument: str, value, kind) -> None:
    """Refuse what is not of the class that a figure draws."""
    if not isinstance(value, kind):
        raise ArgumentError(function, argument, shown(value), f"a {kind.__name__}")


def check_texts(function: str, **texts) -> None:
    """Refuse a title, subtitle or the like that is neither text nor left out."""
    for name, value in texts.items():
        if value is not None and not isinstance(value, str):
            raise ArgumentError(function, name, shown(value), "text")


def check_slab_of(function: str, slab, k: int) -> tuple[str, ...]:
    """Labels of a result, one per study; an empty one where it has none counts as none."""
    empty = isinstance(slab, list | tuple) and not slab
    return check_slab(function, None if empty else slab, k)
