"""Each study's own estimate and its posterior, joined by a line."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import numpy as np

from evisynth.checks import check_counts, check_numbers, shown
from evisynth.engine.effects.measures import MEASURES
from evisynth.errors import ArgumentError
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

_NEEDED = ("slab", "shrinkage_displayed", "displayed", "level")
HALF = 5.0


def shrinkage(
    bayes, *, xi=None, ni=None, yi=None, title: str | None = None, subtitle: str | None = None,
    provenance: str = "", caption: str = "", alt: str = "", name: str = "",
) -> DataFigure:  # fmt: skip
    """Draw how far the studies' posteriors are drawn to the mean, for page and phone.

    Parameters
    ----------
    bayes : Bayesian meta-analysis
        With ``slab``; ``shrinkage_displayed``, estimate and limits of each study's posterior;
        ``displayed``, those of the mean and ``pi_lb``, ``pi_ub``; ``measure``; ``level``. All
        display scale.
    xi, ni : array_like of int, shape (k,), optional
        Events and totals of the studies: their own proportions are drawn.
    yi : array_like, shape (k,), optional
        In their place effect sizes, analysis scale.
    title, subtitle, provenance, caption, alt, name : str
        Title and subtitle are made from the numbers where not given.

    Returns
    -------
    DataFigure
        Its ``table``: ``label``, ``own``, ``estimate``, ``lb``, ``ub``, display scale; the last
        rows are the mean and the prediction interval of a new centre.

    Raises
    ------
    ArgumentError
        What is not such a result; study data that are missing or not as many as its studies.

    References
    ----------
    Röver C, Friede T (2020) Biom J 62:1234, of shrinkage estimates.
    """
    allowed = "a Bayesian meta-analysis with shrinkage"
    check_attributes("shrinkage", "bayes", bayes, _NEEDED, allowed)
    texts = {"title": title, "subtitle": subtitle, "provenance": provenance}
    check_texts("shrinkage", **texts, caption=caption, alt=alt, name=name)
    measure = getattr(bayes, "measure", "PLO")
    posterior = _posterior(bayes)
    slab = check_slab_of("shrinkage", bayes.slab, len(posterior))
    own = _own(measure, len(posterior), xi, ni, yi)
    half = float(np.median(posterior[:, 2] - posterior[:, 1]) / 2)
    axis = effect_axis("shrinkage", measure, bayes.level, half)
    axis = _credible(axis, bayes.level)
    mean = _mean(bayes, effect_name(measure))
    title = _title(axis, own, posterior, measure) if title is None else title
    subtitle = _SUBTITLE if subtitle is None else subtitle
    items = [_item(*row) for row in zip(slab, own.tolist(), posterior.tolist(), strict=True)]
    lines = (*(_line(axis, item) for item in items), *_last_lines(axis, mean))
    spread = (*(_extent(item) for item in items), mean)

    def draw(sheet):
        head(sheet, title, subtitle)
        RowPlot(
            sheet, lines, axis, spread, heads=("Study", "Own", "own {}"), reference=mean.estimate
        ).draw()
        foot(sheet, *getattr(bayes, "notes", ()), provenance)

    alt = alt or _alt(axis, title, items, mean)
    texts = {"title": title, "caption": caption, "alt": alt, "name": name}
    return data_figure(draw, _table(axis, items, mean), **texts)


_SUBTITLE = (
    "Hollow: the study’s own estimate. Filled, with its interval: its posterior. The line joins "
    "the two; dotted, the posterior mean."
)


def _credible(axis, level):
    from dataclasses import replace

    return replace(axis, label=axis.label.replace(f"{100 * level:g}% CI", f"{100 * level:g}% CrI"))


def _posterior(bayes):
    """Estimate and limits of each study's posterior, shape (k, 3)."""
    given = bayes.shrinkage_displayed
    if given is None:
        raise ArgumentError("shrinkage", "bayes", "without shrinkage", "one fitted with it")
    try:
        if isinstance(given, dict):
            given = list(zip(*(given[key] for key in ("estimate", "lb", "ub")), strict=True))
        table = np.array([tuple(row) for row in given], dtype=float)
    except (KeyError, TypeError, ValueError):
        table = np.empty(0)
    if table.ndim != 2 or table.shape[1] != 3 or not np.isfinite(table).all():
        allowed = "(estimate, lower, upper) of each study, finite"
        raise ArgumentError("shrinkage", "bayes", f"with {shown(given)}", allowed)
    return table


def _own(measure, k, xi, ni, yi):
    """The studies' own estimates, display scale."""
    if yi is None:
        if MEASURES[measure].arms != 1:
            raise ArgumentError(
                "shrinkage", "yi", "missing", f"effects, as {measure} has no xi, ni"
            )
        xi, ni = check_counts("shrinkage", xi, ni)
        own, name = xi / ni, "xi"
    else:
        if xi is not None or ni is not None:
            raise ArgumentError("shrinkage", "yi", "given", "xi and ni, or yi, not both")
        own = MEASURES[measure].back_transform(check_numbers("shrinkage", "yi", yi))
        name = "yi"
    if own.size != k:
        given, allowed = f"of length {own.size}", f"one per study of the result, {k}"
        raise ArgumentError("shrinkage", name, given, allowed)
    return own


def _mean(bayes, noun):
    shown_ = bayes.displayed
    if not isinstance(shown_, dict) or not {"estimate", "ci_lb", "ci_ub"} <= set(shown_):
        given = f"with displayed {shown(shown_)}"
        raise ArgumentError("shrinkage", "bayes", given, "estimate, ci_lb and ci_ub")
    limits = (shown_.get("pi_lb"), shown_.get("pi_ub"))
    prediction = None if None in limits else limits
    numbers = (shown_["estimate"], shown_["ci_lb"], shown_["ci_ub"])
    return Diamond(f"Pooled {noun}", *numbers, prediction=prediction, level=bayes.level)


def _item(label, own, posterior):
    estimate, lower, upper = posterior
    return SimpleNamespace(label=label, own=own, estimate=estimate, lower=lower, upper=upper)


def _extent(item):
    """A study with its own estimate among the values that must fit."""
    low, high = min(item.lower, item.own), max(item.upper, item.own)
    return SimpleNamespace(estimate=item.estimate, lower=low, upper=high)


def _line(axis, item):
    mark = partial(_mark, item)
    return PlotRow(item.label, axis.number(item.own), axis.estimate(item), mark, height=26.0)


def _mark(item, sheet, scale, y):
    """The own estimate above, the posterior with its interval below, and what joins them."""
    up, down = y - HALF, y + HALF
    own, posterior = scale.x(item.own), scale.x(item.estimate)
    sheet.line([own, posterior], [up, down], "muted", 1.0, zorder=2)
    marks.interval(sheet, scale, down, item.lower, item.upper, "series-1")
    marks.marker(sheet, posterior, down, 7.5, 0, "series-1")
    corners = [(-3.2, -3.2), (3.2, -3.2), (3.2, 3.2), (-3.2, 3.2)]
    sheet.polygon([(own + a, up + b) for a, b in corners], fill="paper", edge="muted", width=1.3)


def _last_lines(axis, mean):
    def diamond(sheet, scale, y):
        marks.diamond(sheet, scale, y, mean)

    yield PlotRow(mean.label, "", axis.estimate(mean), diamond, bold=True, rule=True)
    if mean.prediction is None:
        return

    def bar(sheet, scale, y):
        marks.prediction_bar(sheet, scale, y, mean.prediction)

    text = axis.interval(*mean.prediction)
    yield PlotRow(axis.prediction(mean.level), "", text, bar, bold=True, color="accent")


def _title(axis, own, posterior, measure):
    unit = "%" * (axis.kind == "proportion")
    ends = axis.numbers(own.min(), own.max())
    shrunk = axis.numbers(posterior[:, 0].min(), posterior[:, 0].max())
    noun = effect_name(measure)
    return (
        f"Own {noun}s run from {ends[0]} to {ends[1]}{unit}, their posteriors from "
        f"{shrunk[0]} to {shrunk[1]}{unit}"
    )


def _table(axis, items, mean):
    rows = [(i.label, i.own, i.estimate, i.lower, i.upper) for i in items]
    rows.append((mean.label, np.nan, mean.estimate, mean.lower, mean.upper))
    if mean.prediction is not None:
        rows.append((axis.prediction(mean.level), np.nan, np.nan, *mean.prediction))
    return dict(zip(("label", "own", "estimate", "lb", "ub"), zip(*rows, strict=True), strict=True))


def _alt(axis, title, items, mean):
    rows = "; ".join(f"{i.label} {axis.number(i.own)}, {axis.estimate(i)}" for i in items)
    parts = [f"{title}.", f"Own and posterior: {rows}.", f"{mean.label} {axis.estimate(mean)}."]
    if mean.prediction is not None:
        parts.append(f"{axis.prediction(mean.level)} {axis.interval(*mean.prediction)}.")
    return " ".join(parts)
