"""A drawing in two widths as one HTML object that follows the page's light or dark colours."""

from __future__ import annotations

import hashlib
import io
import os
import re
import warnings
from copy import copy
from html import escape
from pathlib import Path
from typing import NamedTuple

import matplotlib
from matplotlib.transforms import Bbox

from evisynth.errors import ArgumentError
from evisynth.figures.base import svg
from evisynth.figures.base.glyphs import undrawn, warn_of_missing
from evisynth.figures.base.style import DPI, MARGIN, PALETTE, matplotlib_style
from evisynth.output import write_bytes, write_csv, write_text
from evisynth.results import DOWNLOADS, DOWNLOADS_FOLDER, RESULTS_FOLDER
from evisynth.words.html import untypeset

_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))
_NO_SOFTWARE = {"Software": None}
# What an id in a page, a file and a link can all be called.
_NAME = re.compile(r"\w[\w-]*")


class FigurePlace(NamedTuple):
    """Where a figure stands: the id of its analysis, and its number in the chapter."""

    analysis: str
    number: int


class InlineFigure:
    """A desktop and a phone drawing of the same table.

    Parameters
    ----------
    desktop, phone : Sheet
        Finished drawings.
    table : list of dict
        What was drawn, one entry per row, in order.
    title, caption, alt : str
        Plain text; the title heads the text view.
    name : str
        The figure's id in the page, and what its files are called: letters, digits, - and _.

    Attributes
    ----------
    axes : matplotlib.axes.Axes
        The desktop drawing's; data coordinates are pixels from the top left.
    place : Place or None
        Where it stands, if it is a figure of an analysis; see `at`.

    Raises
    ------
    ArgumentError
        A name that no file or link can have.

    Notes
    -----
    On a page a figure that has a title, and a name or a place, is followed by links to its files
    (see `stem`). In a build of the book, which names a folder in the environment variable
    ``EVISYNTH_DOWNLOADS``, showing the figure writes them there.
    """

    def __init__(self, desktop, phone, table, *, title="", caption="", alt="", name=""):
        self._sheets = {"desktop": desktop, "phone": phone}
        self.axes = desktop.axes
        self.table = table
        self.title = title
        self.caption, self.alt, self.name = caption, alt, _checked_name(name)
        self.place = None
        warn_of_missing(label for width in self._sheets for label in self._labels(width))

    def at(self, analysis: str, number: int) -> InlineFigure:
        """The same figure as figure ``number`` of an analysis, with its links to results."""
        placed = copy(self)
        placed.place = FigurePlace(_checked_name(analysis), int(number))
        return placed

    def named(self, name: str, caption: str) -> InlineFigure:
        """The same figure with an id in its page and a caption below."""
        named = copy(self)
        named.name, named.caption = _checked_name(name), caption
        return named

    def svg(self, width: str = "desktop") -> str:
        """SVG element for an HTML page; its colours are the page's CSS variables.

        Parameters
        ----------
        width : {"desktop", "phone"}
        """
        drawing = svg.parse_svg(self._raw(width, margin=0))
        svg.colour_by_role(drawing)
        svg.own_ids(drawing, f"{self._key}-{width}-")
        return svg.to_text(drawing)

    def save(self, folder, stem: str) -> list[Path]:
        """Write both drawings with a margin: light SVG, and PNG at twice the size.

        Letters are drawn as shapes, so that they look the same without the page's fonts; as text
        where no installed font has some of them.

        Returns
        -------
        list of Path
            ``stem.svg``, ``stem.png``, ``stem-phone.svg``, ``stem-phone.png``.
        """
        desktop = self._save_drawing(folder, stem, "desktop")
        return [*desktop, *self._save_drawing(folder, f"{stem}-phone", "phone")]

    def save_table(self, folder, stem: str) -> Path:
        """Write what was drawn as ``stem.csv``, numbers at full precision."""
        return write_csv(_file(folder, stem, "csv"), self._records())

    @property
    def stem(self) -> str:
        """What the figure's files are called: its name, or analysis and number of its place.

        Empty for a figure that cannot stand alone, for it has no title, or that has neither.
        """
        numbered = f"{self.place.analysis}-{self.place.number}" if self.place else ""
        return (self.name or numbered) if self.title else ""

    def _records(self):
        table = self.table if isinstance(self.table, list) else self.table.to_dict("records")
        names = list(dict.fromkeys(key for entry in table for key in entry))
        return [names, *([_plain(entry.get(name)) for name in names] for entry in table)]

    def _save_drawing(self, folder, stem, width):
        shapes, png = (_file(folder, stem, kind) for kind in ("svg", "png"))
        # What no font can draw is left to the fonts of whoever opens the file.
        letters = "none" if self._lacks_letters(width) else "path"
        drawing = svg.parse_svg(self._raw(width, margin=MARGIN, letters=letters))
        svg.with_words(drawing, self.title, self.alt)
        write_text(shapes, svg.to_text(drawing) + "\n")
        with matplotlib_style():
            drawn = io.BytesIO()
            self._draw(width, drawn, MARGIN, format="png", dpi=2 * DPI, metadata=_NO_SOFTWARE)
        write_bytes(png, drawn.getvalue())
        return [shapes, png]

    def _lacks_letters(self, width):
        return any(map(undrawn, self._labels(width)))

    def _labels(self, width):
        return [artist.get_text() for artist in self._sheets[width].axes.texts]

    def _raw(self, width, margin, letters="none"):
        if width not in self._sheets:
            raise ArgumentError("InlineFigure.svg", "width", repr(width), "desktop, phone")
        buffer = io.StringIO()
        with matplotlib_style(), matplotlib.rc_context({"svg.fonttype": letters}):
            self._draw(width, buffer, margin, format="svg", metadata=_NO_METADATA)
        return buffer.getvalue()

    def _draw(self, width, target, margin, **options):
        figure = self._sheets[width].figure
        across, down = figure.get_size_inches()
        edge = margin / DPI
        options["bbox_inches"] = Bbox([[-edge, -edge], [across + edge, down + edge]])
        options["facecolor"] = PALETTE["paper"] if margin else "none"
        with warnings.catch_warnings():
            # A reader's system may have a glyph that our fonts lack.
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            figure.savefig(target, **options)

    @property
    def _key(self):
        """Distinguishes this figure's ids from those of others on the page."""
        return self.name or hashlib.sha256(repr(self).encode()).hexdigest()[:8]

    def _repr_html_(self):
        views = "".join(
            f'<div class="co-{width}" role="{self._role}" aria-label="{escape(self.alt)}">'
            f"{self.svg(width)}</div>"
            for width in self._sheets
        )
        name = f' id="{escape(self.name)}"' if self.name else ""
        caption = f"<figcaption>{escape(self.caption)}</figcaption>" if self.caption else ""
        inside = f"{views}{caption}{self._downloads()}"
        return untypeset(f'<figure class="co-figure"{name}>{inside}</figure>')

    def _downloads(self):
        """Links to the figure's files, which a build of the book gets written."""
        stem, place = self.stem, self.place
        if not stem:
            return ""
        if folder := os.environ.get(DOWNLOADS):
            self._save_drawing(folder, stem, "desktop")
            self.save_table(folder, stem)
        files = {k.upper(): f"{DOWNLOADS_FOLDER}/{stem}.{k}" for k in ("svg", "png", "csv")}
        if place:
            files["JSON of all results"] = f"{RESULTS_FOLDER}/{place.analysis}.json"
        links = (f'<a href="{escape(f)}" download="">{kind}</a>' for kind, f in files.items())
        return f'<p class="co-downloads">Download {" · ".join(links)}</p>'

    @property
    def _role(self):
        """An image hides what is in it; links must stay within reach."""
        return "group" if any(entry.get("href") for entry in self.table) else "img"

    def __repr__(self):
        return plain_table(self.table, self.title)


def plain_table(table, title="") -> str:
    """The entries as aligned plain text; a column that is empty throughout is left out."""
    names = list(dict.fromkeys(key for entry in table for key in entry))
    grid = [names, *([_cell(entry.get(name)) for name in names] for entry in table)]
    kept = [i for i in range(len(names)) if any(line[i] for line in grid[1:])]
    widths = {i: max(len(line[i]) for line in grid) for i in kept}
    lines = ["  ".join(line[i].ljust(widths[i]) for i in kept).rstrip() for line in grid]
    return "\n".join([title, *lines] if title else lines)


def _cell(value):
    return f"{value:.4g}" if isinstance(value, float) else str(_plain(value))


def _plain(value):
    if value is None or value != value:  # NaN in a table says that there is no value
        return ""
    return " ".join(value) if isinstance(value, tuple) else value


def _file(folder, stem, kind):
    """Path of a file in a folder, which is made; a stem that leads out of it is refused."""
    if not isinstance(stem, str) or not stem.strip(". ") or {"/", "\\"} & set(stem):
        allowed = "the name of a file, without a folder and without an ending"
        raise ArgumentError("InlineFigure.save", "stem", repr(stem), allowed)
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder) / f"{stem}.{kind}"


def _checked_name(name):
    if name and not _NAME.fullmatch(name):
        allowed = "letters, digits, - and _, such as 'response-by-age'"
        raise ArgumentError("InlineFigure", "name", repr(name), allowed)
    return name
