"""Cumulative and leave-one-out meta-analysis as rows of pooled estimates."""

from __future__ import annotations

from functools import partial

import numpy as np

from evisynth.checks import shown
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.figures.base import marks
from evisynth.figures.base.data_figure import (
    DataFigure,
    check_attributes,
    check_slab_of,
    check_texts,
    data_figure,
    foot,
    head,
)
from evisynth.figures.base.effect_axis import effect_axis, effect_name
from evisynth.figures.base.row_plot import PlotRow, RowPlot
from evisynth.figures.base.rows import Diamond

_NEEDED = ("slab", "k", "displayed", "whole")


def cumulative(
    result, *, title: str | None = None, subtitle: str | None = None, provenance: str = "",
    caption: str = "", alt: str = "", name: str = "",
) -> DataFigure:  # fmt: skip
    """Draw a cumulative meta-analysis for page and phone.

    Parameters
    ----------
    result : Refits, as `cumul` returns it
        With ``slab``, the study that each row adds; ``k``; ``displayed``, arrays ``estimate``,
        ``ci_lb`` and ``ci_ub`` of the pooled estimates, display scale; ``whole``, the analysis of
        all studies.
    title, subtitle, provenance, caption, alt, name : str
        Title and subtitle are made from the numbers where not given.

    Returns
    -------
    DataFigure
        Its ``table`` has a row per drawn row: ``label``, ``k``, ``estimate``, ``ci_lb``,
        ``ci_ub``, the last of them the whole.

    Raises
    ------
    ArgumentError
        What is not such a result, or one whose parts do not fit each other.
    NotEstimable
        No row has an estimate.

    References
    ----------
    Lau J et al (1992) N Engl J Med 327:248.
    """
    texts = {"title": title, "subtitle": subtitle, "provenance": provenance}
    more = {"caption": caption, "alt": alt, "name": name}
    return _draw_rows("cumulative", result, "+ {}", _cumulative_words, texts, more)


def leave_one_out(
    result, *, title: str | None = None, subtitle: str | None = None, provenance: str = "",
    caption: str = "", alt: str = "", name: str = "",
) -> DataFigure:  # fmt: skip
    """Draw the pooled estimate without each study in turn, for page and phone.

    Parameters
    ----------
    result : Refits, as `leave1out` returns it
        With ``slab``, the study that each row leaves out; ``k``; ``displayed`` and ``whole`` as
        for `cumulative`.
    title, subtitle, provenance, caption, alt, name : str
        Title and subtitle are made from the numbers where not given.

    Returns
    -------
    DataFigure
        Its ``table`` as that of `cumulative`.

    Raises
    ------
    ArgumentError, NotEstimable
        As `cumulative`.

    References
    ----------
    Viechtbauer W, Cheung MW (2010) Res Synth Methods 1:112.
    """
    texts = {"title": title, "subtitle": subtitle, "provenance": provenance}
    more = {"caption": caption, "alt": alt, "name": name}
    return _draw_rows("leave_one_out", result, "without {}", _without_words, texts, more)


def _draw_rows(function, result, form, words, texts, more):
    check_attributes(function, "result", result, _NEEDED, f"a result for {function}")
    check_texts(function, **texts, **more)
    wanted = ("measure", "level", "displayed", "k")
    check_attributes(function, "result", result.whole, wanted, "a result with its whole")
    numbers = _numbers(function, result)
    slab = check_slab_of(function, result.slab, len(numbers))
    whole = result.whole
    half = float(np.nanmedian((numbers[:, 2] - numbers[:, 1]) / 2))
    axis = effect_axis(function, whole.measure, whole.level, half)
    counts = _counts(function, result, len(numbers))
    items = [
        _item(form.format(label), row) for label, row in zip(slab, numbers.tolist(), strict=True)
    ]
    total = _whole(whole)
    title, subtitle = _said(axis, whole, items, slab, words, texts)
    lines = (*(_line(axis, item, k) for item, k in zip(items, counts, strict=True)),
             _last_line(axis, total, whole.k))  # fmt: skip

    def draw(sheet):
        head(sheet, title, subtitle)
        plot = RowPlot(sheet, lines, axis, (*items, total), heads=("Studies", "k", "k = {}"),
                       reference=total.estimate)  # fmt: skip
        plot.draw()
        foot(sheet, *getattr(whole, "notes", ()), texts["provenance"])

    shown_items = (*items, total)
    more = more | {"alt": more["alt"] or _alt(axis, title, shown_items), "title": title}
    return data_figure(draw, _table(shown_items, (*counts, whole.k)), **more)


def _said(axis, whole, items, slab, words, texts):
    """Title and subtitle, made where none is given."""
    made = words(axis, effect_name(whole.measure), items, slab)
    given = (texts["title"], texts["subtitle"])
    return tuple(own if text is None else text for own, text in zip(made, given, strict=True))


def _numbers(function, result):
    """Estimate and limits of each row, shape (rows, 3), NaN where there is none."""
    try:
        values = [result.displayed[key] for key in ("estimate", "ci_lb", "ci_ub")]
        table = np.array(values, dtype=float).T
    except (KeyError, TypeError, ValueError):
        given = f"with displayed {shown(result.displayed)}"
        raise ArgumentError(
            function, "result", given, "arrays estimate, ci_lb and ci_ub of one length"
        ) from None
    if table.ndim != 2 or not table.size:
        raise ArgumentError(function, "result", f"with shape {table.shape}", "one number a row")
    if not np.isfinite(table[:, 0]).any():
        raise NotEstimable(f"{function}: no row has an estimate; remedy: at least two studies.")
    return table


def _counts(function, result, size):
    counts = np.atleast_1d(np.asarray(result.k))
    if counts.size == 1:
        counts = np.repeat(counts, size)
    if counts.shape != (size,):
        given = f"with k of shape {counts.shape}"
        raise ArgumentError(function, "result", given, f"one number a row, ({size},)")
    return counts.tolist()


def _item(label, numbers):
    estimate, lower, upper = (value if np.isfinite(value) else None for value in numbers)
    return Diamond(label, estimate, lower, upper)


def _whole(whole):
    shown_ = whole.displayed
    numbers = (shown_["estimate"], shown_["ci_lb"], shown_["ci_ub"])
    return Diamond("All studies", *numbers, level=whole.level)


def _line(axis, item, k):
    return PlotRow(item.label, f"{k:g}", axis.estimate(item), partial(_mark, item))


def _last_line(axis, total, k):
    mark = partial(_mark, total, solid=True)
    return PlotRow(total.label, f"{k}", axis.estimate(total), mark, bold=True, rule=True)


def _mark(item, sheet, scale, y, *, solid=False):
    if item.estimate is None or not scale.holds(item.estimate):
        return
    if solid:
        marks.diamond(sheet, scale, y, item)
        return
    marks.interval(sheet, scale, y, item.lower, item.upper, "ink")
    x = scale.x(item.estimate)
    points = [(x - 5.5, y), (x, y - 5.0), (x + 5.5, y), (x, y + 5.0)]
    sheet.polygon(points, fill="paper", edge="ink", width=1.3)


def _cumulative_words(axis, noun, items, slab):
    first, last = (
        next(i for i in order if i.estimate is not None) for order in (items, items[::-1])
    )
    numbers = [
        axis.number(item.estimate) + "%" * (axis.kind == "proportion") for item in (first, last)
    ]
    title = f"Study by study the pooled {noun} goes from {numbers[0]} to {numbers[1]}"
    return title, "Each row pools the studies so far, in order. Dotted line: all studies."


def _without_words(axis, noun, items, slab):
    drawn = [
        (i.estimate, label) for i, label in zip(items, slab, strict=True) if i.estimate is not None
    ]
    (low, lowest), (high, highest) = min(drawn), max(drawn)
    unit = "%" * (axis.kind == "proportion")
    title = f"Without one study the pooled {noun} stays at {axis.number(low)}{unit}"
    if axis.number(low) != axis.number(high):
        title = (
            f"The pooled {noun} is {axis.number(low)}{unit} without {lowest}, "
            f"{axis.number(high)}{unit} without {highest}"
        )
    return title, "Each row leaves one study out. Dotted line: all studies."


def _table(items, counts):
    columns = {"label": [item.label for item in items], "k": list(counts)}
    for column, key in (("estimate", "estimate"), ("ci_lb", "lower"), ("ci_ub", "upper")):
        values = [getattr(item, key) for item in items]
        columns[column] = [np.nan if value is None else value for value in values]
    return columns


def _alt(axis, title, items):
    rows = "; ".join(f"{item.label} {axis.estimate(item)}" for item in items)
    return f"{title}. {rows}."
