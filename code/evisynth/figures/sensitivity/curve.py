"""The specification curve: every analysis of one question, sorted, over what each one chose."""

from __future__ import annotations

import numpy as np

from evisynth.figures.base.data_figure import DataFigure, check_attributes, check_texts, data_figure
from evisynth.figures.sensitivity.curve_drawing import CurveDrawing
from evisynth.figures.sensitivity.curve_words import (
    curve_alt,
    curve_footer,
    curve_subtitle,
    curve_title,
)
from evisynth.figures.sensitivity.sorted_analyses import sorted_curve

_NEEDED = ("choices", "displayed", "k", "n", "protocol", "measure", "level", "axes")


def specification_curve(
    multiverse, *, title: str | None = None, subtitle: str | None = None, provenance: str = "",
    caption: str = "", alt: str = "", name: str = "",
) -> DataFigure:  # fmt: skip
    """Draw all analyses of a multiverse for page and phone; no test is made over them.

    Parameters
    ----------
    multiverse : Multiverse
        As `evisynth.multiverse` or `contrast_multiverse` returns it. Where no choice of data is
        left, the figure calls itself a comparison of models.
    title, subtitle : str, optional
        Made from the numbers where not given.
    provenance : str
        Last line of the footer.
    caption, alt, name : str
        Plain text; without ``alt`` one is made from the numbers.

    Returns
    -------
    DataFigure
        Its ``table`` has a row per drawn analysis in the order of the curve: the choices,
        ``estimate``, ``ci_lb`` and ``ci_ub`` (display scale), ``k``, ``n`` and ``protocol``.

    Raises
    ------
    ArgumentError
        What is not a multiverse, or one whose parts do not fit each other.
    NotEstimable
        No analysis has an estimate.

    References
    ----------
    Simonsohn U, Simmons JP, Nelson LD (2020) Nat Hum Behav 4:1208; Voracek M, Kossmeier M, Tran
    US (2019) Z Psychol 227:64.
    """
    allowed = "a Multiverse, as evisynth.multiverse returns it"
    check_attributes("specification_curve", "multiverse", multiverse, _NEEDED, allowed)
    texts = {"title": title, "subtitle": subtitle, "provenance": provenance}
    check_texts("specification_curve", **texts, caption=caption, alt=alt, name=name)
    curve = sorted_curve(multiverse)
    title = curve_title(curve) if title is None else title

    def draw(sheet):
        drawing = CurveDrawing(sheet, curve)
        said = curve_subtitle(curve, strips=drawing.strips) if subtitle is None else subtitle
        drawing.draw(title, said, (*curve_footer(curve), provenance))

    texts = {
        "title": title,
        "caption": caption,
        "alt": alt or curve_alt(curve, title),
        "name": name,
    }
    return data_figure(draw, _table(curve, multiverse), **texts)


def _table(curve, multiverse):
    numbers = {"estimate": curve.estimate, "ci_lb": curve.lower, "ci_ub": curve.upper}
    numbers |= {key: np.asarray(getattr(multiverse, key))[curve.order] for key in ("k", "n")}
    numbers["protocol"] = np.arange(len(curve.order)) == (
        -1 if curve.protocol is None else curve.protocol
    )
    choices = multiverse.choices
    columns = {
        f"{name} (choice)" if name in numbers else name: choices[name].to_numpy()[curve.order]
        for name in choices
    }
    return columns | numbers
