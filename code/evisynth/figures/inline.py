"""A drawing in two widths as one HTML object that follows the page's light or dark colours."""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from html import escape
from pathlib import Path

from matplotlib.transforms import Bbox

from evisynth.errors import ArgumentError
from evisynth.figures.style import DPI, FALLBACK, FAMILIES, MARGIN, PALETTE, matplotlib_style

_NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))
_NO_SOFTWARE = {"Software": None}
_HEX = r"#[0-9a-fA-F]{6}\b"
_ROLES = {hex_.lower(): role for role, hex_ in PALETTE.items()}


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

        Returns
        -------
        list of Path
            ``stem.svg``, ``stem.png``, ``stem-phone.svg``, ``stem-phone.png``.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for width, tail in (("desktop", ""), ("phone", "-phone")):
            svg, png = folder / f"{stem}{tail}.svg", folder / f"{stem}{tail}.png"
            svg.write_text(_tidy(self._raw(width, margin=MARGIN)) + "\n", encoding="utf-8")
            with matplotlib_style():
                self._draw(width, png, MARGIN, format="png", dpi=2 * DPI, metadata=_NO_SOFTWARE)
            written += [svg, png]
        return written

    def _raw(self, width, margin):
        if width not in self._sheets:
            raise ArgumentError("InlineFigure.svg", "width", repr(width), "desktop, phone")
        buffer = io.StringIO()
        with matplotlib_style():
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
        return f'<figure class="co-figure"{name}>{views}{caption}</figure>'

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
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return " ".join(value) if isinstance(value, tuple) else str(value)


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
    for own in set(re.findall(r' id="([^"]*)"', svg)):
        svg = svg.replace(f' id="{own}"', f' id="{prefix}{own}"')
        svg = svg.replace(f"url(#{own})", f"url(#{prefix}{own})")
        svg = svg.replace(f'href="#{own}"', f'href="#{prefix}{own}"')
    return svg
