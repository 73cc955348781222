"""The Baujat plot: what each study adds to heterogeneity, and how far it moves the estimate."""

from __future__ import annotations

import numpy as np

from evisynth.checks import check_length, check_numbers
from evisynth.figures.base.data_figure import (
    DataFigure,
    check_attributes,
    check_slab_of,
    check_texts,
    data_figure,
    foot,
    head,
    is_phone,
)
from evisynth.figures.base.effect_axis import span_from_zero
from evisynth.figures.base.scatter import dots, framed, place_labels

X, Y = "Contribution to heterogeneity", "Influence on the pooled estimate"


def baujat_plot(
    result, *, title: str | None = None, subtitle: str | None = None, provenance: str = "",
    caption: str = "", alt: str = "", name: str = "",
) -> DataFigure:  # fmt: skip
    """Draw a Baujat plot for page and phone.

    Parameters
    ----------
    result : Baujat
        With ``x``, the contribution of each study to heterogeneity; ``y``, its standardised
        influence on the pooled estimate; ``slab``.
    title, subtitle, provenance, caption, alt, name : str
        Title and subtitle are made from the numbers where not given.

    Returns
    -------
    DataFigure
        Its ``table``: ``slab``, ``x``, ``y``; a label without room in the plot is in it.

    Raises
    ------
    ArgumentError
        What is not such a result, or numbers that are negative or not finite.

    References
    ----------
    Baujat B et al (2002) Stat Med 21:2641.
    """
    check_attributes(
        "baujat_plot", "result", result, ("x", "y", "slab"), "a result with x, y and slab"
    )
    texts = {"title": title, "subtitle": subtitle, "provenance": provenance}
    check_texts("baujat_plot", **texts, caption=caption, alt=alt, name=name)
    x, y = (
        check_numbers("baujat_plot", key, getattr(result, key), lower=0, allowed="numbers from 0")
        for key in ("x", "y")
    )
    check_length("baujat_plot", "y", y, "x", x)
    slab = check_slab_of("baujat_plot", result.slab, x.size)
    title = _title(x, y, slab) if title is None else title
    subtitle = _SUBTITLE if subtitle is None else subtitle

    def draw(sheet):
        head(sheet, title, subtitle)
        named = _draw(sheet, x, y, slab)
        hidden = x.size - named
        foot(sheet, f"{hidden} without room for a label: see the table" * bool(hidden), provenance)

    alt = alt or _alt(x, y, slab, title)
    texts = {"title": title, "caption": caption, "alt": alt, "name": name}
    return data_figure(draw, {"slab": slab, "x": x, "y": y}, **texts)


_SUBTITLE = (
    "Right: adds more to the heterogeneity. Up: moves the pooled estimate further when left out."
)


def _draw(sheet, x, y, slab):
    """Points and as many labels as have room; gives their number."""

    def x_of(start, end):
        return span_from_zero(float(x.max()), start, end)

    def y_of(start, end):
        return span_from_zero(float(y.max()), end, start)

    panel = framed(sheet, x_of, y_of, 260 if is_phone(sheet) else 300, Y)
    panel.grid()
    panel.label_y()
    along, up = panel.x.at(x), panel.y.at(y)
    dots(sheet, along, up, "paper", 9.4)
    dots(sheet, along, up, "series-1", 7.4)
    named = _labels(sheet, panel, along, up, slab)
    panel.axis_x(X)
    return named


def _labels(sheet, panel, along, up, slab):
    # The furthest out first, so that they find room.
    distance = np.hypot(along - panel.x.start, up - panel.y.start)
    order = np.argsort(-distance, kind="stable")
    frame = (panel.x.start + 2, panel.y.end - 4, sheet.width, panel.y.start - 2)
    widest = 110 if is_phone(sheet) else 170
    placed = place_labels([slab[i] for i in order], along[order], up[order], frame, widest=widest)
    for _, left, middle, text in placed:
        sheet.text(left, middle, text, 12)
    return len(placed)


def _title(x, y, slab):
    most, furthest = int(np.argmax(x)), int(np.argmax(y))
    if not x[most] or not y[furthest]:
        return "Heterogeneity and influence, study by study"
    if most == furthest:
        return f"{slab[most]} adds most to the heterogeneity and moves the estimate most"
    return f"{slab[most]} adds most to the heterogeneity; {slab[furthest]} moves the estimate most"


def _alt(x, y, slab, title):
    points = "; ".join(f"{s} {a:.3g}, {b:.3g}" for s, a, b in zip(slab, x, y, strict=True))
    return f"Baujat plot. {title}. Contribution to heterogeneity and influence: {points}."
