"""One style: colours by role, fonts, and measuring text. One unit is one CSS pixel throughout."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, lru_cache
from importlib.resources import as_file, files
from pathlib import Path

import matplotlib
from matplotlib import font_manager

from evisynth.figures.base.glyphs import FALLBACK, extra_families

PALETTE = {
    "paper": "#FFFFFF",
    "ink": "#17212B",
    "muted": "#55616E",
    "accent": "#8E1F3C",
    "series-1": "#174A8B",
    "series-2": "#B45309",
    "series-3": "#0B7D63",
    "left-text": "#646E79",
    "left-mark": "#848E99",
    "warn-text": "#8A4B00",
    "warn-line": "#C77700",
    "warn-plate": "#FFF6E0",
    "plate": "#F5F7F9",
    "hairline": "#D4DAE0",
}
PALETTE_DARK = {
    "paper": "#121212",
    "ink": "#E6EAEE",
    "muted": "#A7B1BC",
    "accent": "#F08CA3",
    "series-1": "#4F9BEB",
    "series-2": "#F0A04B",
    "series-3": "#7FE0B5",
    "left-text": "#8E99A5",
    "left-mark": "#6F7A86",
    "warn-text": "#F2B84B",
    "warn-line": "#B98A2E",
    "warn-plate": "#2B2412",
    "plate": "#1D2227",
    "hairline": "#3A424B",
}
DESKTOP, PHONE, MARGIN = 690, 358, 14
# Matplotlib measures in points of 1/72 inch; at 72 per inch a point is our pixel.
DPI = 72

# The files in fonts/ are modified copies, so the licence asks for a name of their own; SVG names
# the originals, which a page serves.
FAMILIES = {
    "sans": ("Evisynth Sans", "'Source Sans 3', system-ui, sans-serif"),
    "serif": ("Evisynth Serif", "'Source Serif 4', Georgia, serif"),
}


def palette_css(palette=None) -> str:
    """CSS declarations of the palette's variables, light unless another is given."""
    return "".join(f"--co-{role}: {hex_};" for role, hex_ in (palette or PALETTE).items())


PALETTE_CSS = f":root {{{palette_css()}}}"


@cache
def register_fonts() -> None:
    """Make the package's fonts known to Matplotlib, and DejaVu Sans as fallback in every weight."""
    manager = font_manager.fontManager
    for source in sorted(files("evisynth.figures").joinpath("fonts").iterdir(), key=str):
        if source.name.endswith(".ttf"):
            with as_file(source) as path:
                manager.addfont(path)
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    for file, weight, slant in (
        ("DejaVuSans", 400, "normal"),
        ("DejaVuSans-Bold", 600, "normal"),
        ("DejaVuSans-Bold", 700, "normal"),
        ("DejaVuSans-Oblique", 400, "italic"),
    ):
        # A name of its own: asked for weight 600, "DejaVu Sans" would complain on stderr.
        known = font_manager.ttfFontProperty(font_manager.get_font(str(folder / f"{file}.ttf")))
        manager.ttflist.append(replace(known, name=FALLBACK, weight=weight, style=slant))


@contextmanager
def matplotlib_style():
    """Matplotlib's own defaults with text kept as text and ids that do not vary between runs."""
    register_fonts()
    settings = {**matplotlib.rcParamsDefault, "svg.fonttype": "none", "svg.hashsalt": "evisynth"}
    settings = {key: value for key, value in settings.items() if not key.startswith("backend")}
    with matplotlib.rc_context(settings):
        yield


@cache
def font(family: str = "sans", weight: int = 400, italic: bool = False, extra: tuple = ()):
    """Font properties of one cut, with its fallback and ``extra`` families."""
    register_fonts()
    return font_manager.FontProperties(
        family=[FAMILIES[family][0], FALLBACK, *extra],
        weight=weight,
        style="italic" if italic else "normal",
    )


@cache
def _face(family, weight, italic, extra):
    cut = font(family, weight, italic, extra)
    found = []
    for name in cut.get_family():
        one = cut.copy()
        one.set_family(name)
        found.append(font_manager.findfont(one))
    return font_manager.get_font(found)


@lru_cache(maxsize=20_000)
def measure(text: str, size: float, weight=400, family="sans", italic=False) -> float:
    """Width of one line of text in pixels."""
    face = _face(family, weight, italic, extra_families(text))
    face.set_size(100, DPI)
    with warnings.catch_warnings():
        # A reader's system may have a glyph that our fonts lack.
        warnings.simplefilter("ignore")
        face.set_text(text, 0.0)
    return face.get_width_height()[0] / 64 * size / 100


def clean(text: str) -> str:
    """Text as one printable line, as SVG needs it."""
    return "".join(c for c in " ".join(str(text).split()) if c.isprintable())


def wrap(text: str, width: float, size: float, **cut) -> list[str]:
    """Break text into lines no wider than ``width`` pixels; a word that is too long is cut.

    Returns
    -------
    list of str
        Empty for an empty text. ``cut`` goes to `measure`.
    """
    lines: list[str] = []
    for word in clean(text).split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and measure(joined, size, **cut) <= width:
            lines[-1] = joined
        else:
            lines += _pieces(word, width, size, cut)
    return lines


def _pieces(word, width, size, cut):
    pieces = []
    while measure(word, size, **cut) > width and len(word) > 1:
        lengths = range(len(word) - 1, 1, -1)
        fits = next((n for n in lengths if measure(word[:n], size, **cut) <= width), 1)
        # A break after a slash or hyphen reads better than one inside a word.
        nice = max(word.rfind(mark, 0, fits) for mark in "/-–+,") + 1
        pieces.append(word[: nice or fits])
        word = word[nice or fits :]
    return [*pieces, word]


def pack(parts, width: float, size: float) -> list[str]:
    """Parts joined by dots into as few lines of at most ``width`` pixels as keep their order."""
    lines: list[str] = []
    for part in parts:
        joined = f"{lines[-1]} · {part}" if lines else part
        if lines and measure(joined, size) <= width:
            lines[-1] = joined
        else:
            lines.append(part)
    return lines
