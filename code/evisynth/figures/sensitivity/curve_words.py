"""What a specification curve says in words: its finding, its counts, what one choice changes."""

from __future__ import annotations

import numpy as np

from evisynth.figures.base.effect_axis import range_words
from evisynth.figures.sensitivity.sorted_analyses import Curve
from evisynth.rounding import decimal_numbers, signed

BOLD = "Bold: the declared choice. n: analyses that make this choice"
HOLLOW = "Hollow: one left out at a time, not in the range that the title names"
# Below this a change is not worth a title.
_LEAST = {"proportion": (0.01, "a point"), "ratio": (np.log(1.05), "a twentieth")}


def curve_title(curve: Curve) -> str:
    """The range, and the axis of which one level changes most with all other choices equal."""
    low, high = curve.range
    start, words = f"The pooled {curve.noun}", range_words(curve.axis, low, high)
    if curve.axis.number(low) == curve.axis.number(high):
        unit = "%" * (curve.axis.kind == "proportion")
        return f"Every analysis has a pooled {curve.noun} of {curve.axis.number(low)}{unit}"
    if curve.methods_alone:
        return f"{start} is {words}, model by model"
    ranked = sorted((b for b in curve.blocks if not b.apart), key=lambda block: -block.moves)
    if len(ranked) < 2:
        return f"{start} runs from {words}"
    least, name = _LEAST.get(curve.axis.kind, (0.0, ""))
    if ranked[0].moves < least:
        return f"{start} runs from {words}; one choice alone mostly moves it by less than {name}"
    if ranked[0].moves <= ranked[1].moves * 1.001:
        return f"{start} runs from {words}"
    return f"{start} runs from {words}; what moves it most: {_plain(ranked[0].name)}"


def _plain(name):
    return name[:1].lower() + name[1:] if name[1:2].islower() else name


def curve_subtitle(curve: Curve, *, strips: bool) -> str:
    """How many analyses there are, how many of them differ, and what the marks below are."""
    drawn = len(curve.order)
    count = f"{drawn:,}" if drawn == curve.total else f"{drawn:,} of {curve.total:,}"
    answers = "" if curve.distinct == drawn else f", {curve.distinct:,} different answers"
    if curve.methods_alone:
        return (
            f"A comparison of models, not a specification curve: no choice of data changes what is "
            f"counted. {count} analyses{answers}."
        )
    count = f"All {count}" if drawn == curve.total and not answers else count
    start = f"{count} analyses of one question{answers}, sorted."
    if strips:
        return f"{start} Bars below: where along the curve the analyses lie that chose so."
    return f"{start} Each column is one analysis; ticks below say what was chosen."


def change_unit(curve: Curve) -> str:
    """In what a change is told."""
    units = {"proportion": "in points", "ratio": "as a factor"}
    return units.get(curve.axis.kind, "")


def curve_footer(curve: Curve) -> tuple[str, ...]:
    """How to read the figure, and how many analyses are drawn."""
    unit = f" {change_unit(curve)}".rstrip()
    changes = (
        f"Change: what this choice alone does, all others equal, against the declared one{unit}, "
        "median of the pairs (range); a dash where there is no pair."
    )
    branches = ", ".join(f"{b.name} {len(b.choices)}" for b in curve.blocks)
    return (
        f"{BOLD}. {changes}",
        HOLLOW * bool(curve.apart.any()),
        f"Branches: {branches}" if branches else "",
        _count_words(curve),
    )


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


def change_words(curve: Curve, choice) -> str:
    """``+3 (−1 to 6)``, ``×1.05 (0.98–1.12)``, a dash without a pair; empty where declared."""
    change = choice.change
    if choice.protocol:
        return ""
    if change.median is None:
        return "–"
    if curve.axis.kind == "ratio":
        middle, low, high = _texts(np.exp([change.median, change.low, change.high]), 2)
        return f"×{middle}" if low == high else f"×{middle} ({low}–{high})"
    times, decimals = (100, 0) if curve.axis.kind == "proportion" else (1, curve.axis.decimals)
    middle, low, high = _texts(times * np.array([change.median, change.low, change.high]), decimals)
    plus = "+" * (middle[:1] not in "−-0")
    return f"{plus}{middle}" if low == high else f"{plus}{middle} ({low} to {high})"


def _texts(changes, decimals):
    """Changes as printed; more digits only where all of them would be nothing.

    That one of several changes rounds to nothing is what it says.
    """
    texts = [signed(f"{value:.{decimals}f}") for value in changes]
    return decimal_numbers(*changes, decimals=decimals) if len(set(texts)) == 1 else texts


def curve_alt(curve: Curve, title: str) -> str:
    """Title, median, declared analysis, and the changes of each axis."""
    number = curve.axis.number
    kind = "Comparison of models" if curve.methods_alone else "Specification curve"
    parts = [f"{kind}. {title.rstrip('.')}. Median {number(curve.median)}."]
    if curve.protocol is not None:
        at = curve.protocol
        limits = curve.axis.interval(curve.lower[at], curve.upper[at])
        parts.append(f"Declared: {number(curve.estimate[at])} {limits}.")
    for block in curve.blocks:
        told = "; ".join(
            f"{c.label}, n {c.analyses:,}"
            + (f", change {change_words(curve, c)}" if c.change.median is not None else "")
            for c in block.choices
        )
        parts.append(f"{block.name}: {told}.")
    return " ".join(parts)
