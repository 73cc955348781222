"""A drawing in two widths as one HTML object that follows the page's light or dark colours."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import warnings
from html import escape
from pathlib import Path

import matplotlib
from matplotlib.transforms import Bbox

from evisynth.errors import ArgumentError
from evisynth.figures.style import DPI, FALLBACK, FAMILIES, MARGIN, PALETTE, clean, matplotlib_style
from evisynth.results import DOWNLOADS, DOWNLOADS_FOLDER, RESULTS_FOLDER

_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))
_NO_SOFTWARE = {"Software": None}
_HEX = r"#[0-9a-fA-F]{6}\b"
_ROLES = {hex_.lower(): role for role, hex_ in PALETTE.items()}
# As a provenance line has it: analysis, number of the figure.
_PLACE = re.compile(r"(?:^| · )(?P<analysis>[\w-]+), fig\. (?P<number>\d+)(?= · |$)")


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
        The figure's id in the page.

    Attributes
    ----------
    axes : matplotlib.axes.Axes
        The desktop drawing's; data coordinates are pixels from the top left.

    Notes
    -----
    On a page a figure that has a title, and a name or a provenance line, is followed by links to
    its files (see `stem`). In a build of the book, which names a folder in the environment
    variable ``EVISYNTH_DOWNLOADS``, showing the figure writes them there.
    """

    def __init__(self, desktop, phone, table, *, title="", caption="", alt="", name=""):
        self._sheets = {"desktop": desktop, "phone": phone}
        self.axes = desktop.axes
        self.table = table
        self.title = title
        self.caption, self.alt, self.name = caption, alt, name

    def svg(self, width: str = "desktop") -> str:
        """SVG element for an HTML page; its colours are the page's CSS variables.

        Parameters
        ----------
        width : {"desktop", "phone"}
        """
        raw = _colour_by_role(_tidy(self._raw(width, margin=0)))
        return _own_ids(raw, f"{self._key}-{width}-")

    def save(self, folder, stem: str) -> list[Path]:
        """Write both drawings with a margin: light SVG, and PNG at twice the size.

        Letters are drawn as shapes, so that they look the same without the page's fonts.

        Returns
        -------
        list of Path
            ``stem.svg``, ``stem.png``, ``stem-phone.svg``, ``stem-phone.png``.
        """
        phone = self._save_drawing(folder, f"{stem}-phone", "phone")
        return [*self._save_drawing(folder, stem, "desktop"), *phone]

    def save_table(self, folder, stem: str) -> Path:
        """Write what was drawn as ``stem.csv``, numbers at full precision."""
        path = Path(folder) / f"{stem}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(self._records())
        return path

    @property
    def stem(self) -> str:
        """What the figure's files are called: its name, or analysis and number of its provenance.

        Empty for a figure that cannot stand alone, for it has no title, or that has neither.
        """
        place = self._place
        numbered = f"{place['analysis']}-{place['number']}" if place else ""
        return (self.name or numbered) if self.title else ""

    @property
    def _place(self):
        """Analysis and number, read off the line that the drawing itself prints."""
        lines = (artist.get_text() for artist in reversed(self.axes.texts))
        return next(filter(None, map(_PLACE.search, lines)), None)

    def _records(self):
        table = self.table if isinstance(self.table, list) else self.table.to_dict("records")
        names = list(dict.fromkeys(key for entry in table for key in entry))
        return [names, *([_plain(entry.get(name)) for name in names] for entry in table)]

    def _save_drawing(self, folder, stem, width):
        svg, png = (Path(folder) / f"{stem}.{kind}" for kind in ("svg", "png"))
        svg.parent.mkdir(parents=True, exist_ok=True)
        drawing = _with_words(_tidy(self._raw(width, margin=MARGIN, letters="path")), self)
        svg.write_text(drawing + "\n", encoding="utf-8")
        with matplotlib_style():
            self._draw(width, png, MARGIN, format="png", dpi=2 * DPI, metadata=_NO_SOFTWARE)
        return [svg, png]

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
        return f'<figure class="co-figure"{name}>{views}{caption}{self._downloads()}</figure>'

    def _downloads(self):
        """Links to the figure's files, which a build of the book gets written."""
        stem, place = self.stem, self._place
        if not stem:
            return ""
        if folder := os.environ.get(DOWNLOADS):
            self._save_drawing(folder, stem, "desktop")
            self.save_table(folder, stem)
        files = {k.upper(): f"{DOWNLOADS_FOLDER}/{stem}.{k}" for k in ("svg", "png", "csv")}
        if place:
            files["JSON of all results"] = f"{RESULTS_FOLDER}/{place['analysis']}.json"
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


def _with_words(svg, figure):
    """With title and alternative text, for a reader who does not see the drawing."""
    title, alt = (escape(clean(text), quote=False) for text in (figure.title, figure.alt))
    words = f"<title>{title}</title>\n<desc>{alt}</desc>"
    return re.sub(r"(<svg [^>]*>)", lambda start: f"{start[0]}\n{words}", svg, count=1)


def _tidy(svg):
    """Without prolog, page-wide style and ids that nothing refers to; with the page's fonts."""
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, count=1, flags=re.S)
    svg = re.sub(r' (width|height)="([\d.]+)pt"', r' \1="\2"', svg)
    svg = svg.replace("<svg ", '<svg stroke-linejoin="round" stroke-linecap="butt" ', 1)
    for own, page in FAMILIES.values():
        svg = svg.replace(f"'{own}', '{FALLBACK}'", page)
    svg = svg.replace(' target="_blank"', "")
    svg = re.sub(r' transform="rotate\(-0 [^"]*"', "", svg)
    svg = re.sub(r' d="([^"]*)"', lambda d: f' d="{" ".join(d[1].split())}"', svg)
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", svg)
    return re.sub(r"\n\s*", "\n", svg).strip()


def _colour_by_role(svg):
    """Palette colours become ``var(--co-role, #hex)``; the drawing takes the width it is given."""

    def variable(found):
        role = _ROLES.get(found[0].lower())
        return f"var(--co-{role}, {found[0].upper()})" if role else found[0]

    svg = re.sub(r' style="[^"]*"', lambda style: re.sub(_HEX, variable, style[0]), svg)
    width = re.search(r' width="([\d.]+)"', svg)[1]
    style = f'style="width:100%;max-width:{width}px;height:auto" focusable="false"'
    return svg.replace("<svg ", f"<svg {style} ", 1)


def _own_ids(svg, prefix):
    """Ids, and the references to them, under a prefix; links into the page stay as they are."""
    for own in dict.fromkeys(re.findall(r' id="([^"]*)"', svg)):
        svg = svg.replace(f' id="{own}"', f' id="{prefix}{own}"')
        svg = svg.replace(f"url(#{own})", f"url(#{prefix}{own})")
        svg = svg.replace(f'href="#{own}"', f'href="#{prefix}{own}"')
    return svg
