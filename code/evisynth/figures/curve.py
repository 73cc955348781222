"""The specification curve: every analysis of one question, sorted, over what each one chose."""

from __future__ import annotations

import numpy as np

from evisynth.figures.curve_drawing import CurveDrawing
from evisynth.figures.data_figure import DataFigure, check_attributes, check_texts, data_figure
from evisynth.figures.effect_axis import range_words
from evisynth.figures.sorted_analyses import Curve, curve_of

_NEEDED = ("choices", "displayed", "k", "n", "protocol", "measure", "level", "axes")
BOLD = "Bold: the declared choice. Median: of all analyses that make this choice"
MATTERS = "the wider apart within a block, the more the choice matters."


def specification_curve(
    multiverse, *, title: str | None = None, subtitle: str | None = None, provenance: str = "",
    caption: str = "", alt: str = "", name: str = "",
) -> DataFigure:  # fmt: skip
    """Draw all analyses of a multiverse for page and phone; no test is made over them.

    Parameters
    ----------
    multiverse : Multiverse
        As `evisynth.multiverse` returns it.
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
    curve = curve_of(multiverse)
    title = curve_title(curve) if title is None else title

    def draw(sheet):
        drawing = CurveDrawing(sheet, curve)
        said = _subtitle(curve, strips=drawing.strips) if subtitle is None else subtitle
        drawing.draw(title, said, (f"{BOLD}; {MATTERS}", _count_words(curve), provenance))

    texts = {"title": title, "caption": caption, "alt": alt or _alt(curve, title), "name": name}
    return data_figure(draw, _table(curve, multiverse), **texts)


def curve_title(curve: Curve) -> str:
    """The range, and the axis whose medians are furthest apart."""
    low, high = curve.estimate[0], curve.estimate[-1]
    if curve.axis.number(low) == curve.axis.number(high):
        unit = "%" * (curve.axis.kind == "proportion")
        return f"Every analysis has a pooled {curve.noun} of {curve.axis.number(low)}{unit}"
    start = f"The pooled {curve.noun} runs from {range_words(curve.axis, low, high)}"
    ranked = sorted(curve.blocks, key=lambda block: -block.spread)
    if len(ranked) < 2 or ranked[0].spread <= ranked[1].spread * 1.001:
        return start
    name = ranked[0].name
    plain = name[:1].lower() + name[1:] if name[1:2].islower() else name
    return f"{start}; the {plain} moves it most"


def _subtitle(curve, *, strips):
    drawn = len(curve.order)
    count = f"All {drawn:,}" if drawn == curve.total else f"{drawn:,} of {curve.total:,}"
    start = f"{count} analyses of one question, sorted."
    if strips:
        return f"{start} Bars below: where along the curve the analyses lie that chose so."
    return f"{start} Each column is one analysis; ticks below say what was chosen."


def _count_words(curve):
    count = f"{len(curve.order):,} analyses, not independent: no test is made"
    missing = curve.total - len(curve.order)
    bare = int(np.sum(~np.isfinite(curve.lower + curve.upper)))
    return " · ".join(
        [count]
        + [f"{missing:,} of {curve.total:,} not estimable, not drawn"] * bool(missing)
        + [f"{bare:,} without an interval"] * bool(bare)
        + ["the declared analysis is not among those drawn"] * (curve.protocol is None)
    )


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


def _alt(curve, title):
    number = curve.axis.number
    parts = [f"Specification curve. {title.rstrip('.')}. Median {number(curve.median)}."]
    if curve.protocol is not None:
        at = curve.protocol
        limits = curve.axis.interval(curve.lower[at], curve.upper[at])
        parts.append(f"Protocol: {number(curve.estimate[at])} {limits}.")
    for block in curve.blocks:
        medians = "; ".join(f"{choice.label} {number(choice.median)}" for choice in block.choices)
        parts.append(f"{block.name}, medians: {medians}.")
    return " ".join(parts)
