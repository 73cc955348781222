"""A blank sheet measured in CSS pixels, origin at the top left; text and lines go on it."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle

from evisynth.figures.base.glyphs import extra_families
from evisynth.figures.base.style import DPI, PALETTE, clean, font, measure, wrap

# Capitals and digits stand 0.66 em high in the text face: this centres them on a line.
RISE = 0.33


class Sheet:
    """A Matplotlib figure of fixed width that grows downwards.

    Parameters
    ----------
    width : float
        Pixels.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    axes : matplotlib.axes.Axes
        Covers the whole sheet; data coordinates are pixels.
    y : float
        How far down the sheet is filled; drawings advance it.
    """

    def __init__(self, width: float):
        self.width, self.y = width, 0.0
        self.figure = Figure(figsize=(width / DPI, 1), dpi=DPI)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()
        self.axes.set_xlim(0, width)

    def finish(self) -> Sheet:
        """Fix the height at what has been filled."""
        height = max(self.y, 1)
        self.figure.set_size_inches(self.width / DPI, height / DPI)
        self.axes.set_ylim(height, 0)
        return self

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 13,
        *,
        color: str = "ink",
        weight: int = 400,
        align: str = "left",
        family: str = "sans",
        italic: bool = False,
        href: str = "",
    ) -> float:
        """Write one line centred on height ``y``; returns its width."""
        text = clean(text)
        if not text:
            return 0.0
        artist = self.axes.text(
            x,
            y + RISE * size,
            text,
            fontproperties=font(family, weight, italic, extra_families(text)),
            fontsize=size,
            color=PALETTE[color],
            ha=align,
            va="baseline",
            parse_math=False,
            zorder=5,
        )
        if href:
            artist.set_url(href)
        return measure(text, size, weight, family, italic)

    def lines(self, x: float, y: float, lines, size: float = 13, *, pitch: float = 15, **look):
        """Write lines below each other, the first centred on ``y``; returns what the others add."""
        for number, line in enumerate(lines):
            self.text(x, y + number * pitch, line, size, **look)
        return max(len(lines) - 1, 0) * pitch

    def paragraph(self, x: float, text: str, size: float, width: float, *, pitch: float, **look):
        """Write wrapped text from ``self.y`` downwards and move on below it."""
        cut = {key: look[key] for key in ("weight", "family", "italic") if key in look}
        for line in wrap(text, width, size, **cut):
            self.text(x, self.y + pitch / 2, line, size, **look)
            self.y += pitch

    def line(self, xs, ys, color="ink", width=1.0, *, dash=None, zorder=2) -> None:
        """Draw a line through the points."""
        style = "-" if dash is None else (0, dash)
        self.axes.add_line(
            Line2D(
                xs,
                ys,
                color=PALETTE[color],
                linewidth=width,
                linestyle=style,
                solid_capstyle="butt",
                clip_on=False,
                zorder=zorder,
            )
        )

    def plate(self, x: float, y: float, width: float, height: float) -> None:
        """Lay a tinted plate behind everything."""
        self.patch(Rectangle((x, y), width, height), fill="plate", zorder=-2)

    def polygon(self, points, *, fill=None, edge=None, width=1.2, tint=None, zorder=3) -> None:
        """Draw a closed shape."""
        look = {"fill": fill, "edge": edge, "width": width, "tint": tint, "zorder": zorder}
        self.patch(Polygon(points, closed=True), **look)

    def patch(
        self, patch, *, fill=None, edge=None, width=1.0, dash=None, tint=None, zorder=3
    ) -> None:
        """Add a Matplotlib patch in the palette's colours; ``tint`` is how much of them, 0 to 1."""
        patch.set_facecolor(PALETTE[fill] if fill else "none")
        patch.set_edgecolor(PALETTE[edge] if edge else "none")
        patch.set_linewidth(width if edge else 0)
        if dash:
            patch.set_linestyle((0, dash))
        patch.set(clip_on=False, zorder=zorder, alpha=tint)
        self.axes.add_patch(patch)
