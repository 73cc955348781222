"""The funnel plot: effect against precision, with the regions around no difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evisynth.checks import check_counts, check_effects, check_numbers, shown
from evisynth.engine.effects.measures import MEASURES
from evisynth.errors import ArgumentError
from evisynth.figures.base.data_figure import (
    DataFigure,
    check_slab_of,
    check_texts,
    data_figure,
    foot,
    head,
)
from evisynth.figures.base.effect_axis import effect_axis
from evisynth.figures.base.rows import Axis
from evisynth.figures.diagnostics.funnel_drawing import draw_funnel

LEAST = 10
_FEW = "at least 10 studies; with fewer, chance alone makes a funnel lopsided"
_ONE_ARM = (
    "Size stands where the standard error would: that of a proportion depends on the proportion "
    "itself. No regions are shaded, as a proportion has no value that means no difference."
)


@dataclass(frozen=True)
class Funnel:
    """What is drawn.

    Attributes
    ----------
    x, y : ndarray of float, shape (k,)
        Display scale; standard error, or 1 / sqrt(n) of proportions.
    vi : ndarray of float, shape (k,)
    filled : ndarray of bool, shape (k,)
        Studies that trim and fill has put in.
    ni : ndarray of float or None
    slab : tuple of str
    axis : Axis
    measure : str
    pooled, adjusted : float or None
        Display scale; as observed, and with the studies that trim and fill has put in.
    """

    x: np.ndarray
    y: np.ndarray
    vi: np.ndarray
    filled: np.ndarray
    ni: np.ndarray | None
    slab: tuple[str, ...]
    axis: Axis
    measure: str
    pooled: float | None
    adjusted: float | None


def funnel(
    result_or_yi, vi=None, *, yi=None, ni=None, measure: str | None = None, filled=None,
    slab=None, title: str | None = None, subtitle: str | None = None, provenance: str = "",
    caption: str = "", alt: str = "", name: str = "",
) -> DataFigure:  # fmt: skip
    """Draw a funnel plot for page and phone.

    Parameters
    ----------
    result_or_yi : MetaAnalysis, TrimFill, or array_like, shape (k,)
        A result, whose pooled estimate becomes a line; or effect sizes, analysis scale.
    vi : array_like, shape (k,)
        Sampling variances, beside a result too.
    yi : array_like, shape (k,)
        Effect sizes, only beside a result.
    ni : array_like of int, shape (k,)
        Totals, for proportions and nothing else: their axis is size.
    measure : str, optional
        Of arrays, "GEN" where not given; a result has its own.
    filled : TrimFill, optional
        Its filled studies are drawn hollow, its adjusted mean as a dashed line.
    slab : sequence of str, optional
    title, subtitle, provenance, caption, alt, name : str
        Title and subtitle are made from the numbers where not given.

    Returns
    -------
    DataFigure
        Its ``table``: ``slab``, ``estimate`` (display scale), ``se`` (analysis scale), ``n`` of
        proportions, ``filled``.

    Raises
    ------
    ArgumentError
        Fewer than 10 studies; proportions without totals; data that are not effects.

    References
    ----------
    Sterne JAC et al (2011) BMJ 343:d4002; Peters JL et al (2008) J Clin Epidemiol 61:991; for
    proportions Hunter JP et al (2014) J Clin Epidemiol 67:897.
    """
    texts = {"title": title, "subtitle": subtitle, "provenance": provenance}
    check_texts("funnel", **texts, caption=caption, alt=alt, name=name)
    data = _funnel_of(result_or_yi, vi, yi, ni, measure, filled, slab)
    title = _title(data) if title is None else title
    subtitle = _subtitle(data) if subtitle is None else subtitle

    def draw(sheet):
        head(sheet, title, subtitle)
        draw_funnel(sheet, data)
        foot(sheet, _footer(data), provenance)

    texts = {"title": title, "caption": caption, "alt": alt or _alt(data, title), "name": name}
    return data_figure(draw, _table(data), **texts)


def _funnel_of(given, vi, yi, ni, measure, filled, slab):
    given, filled = _parted(given, filled)
    result = given if hasattr(given, "measure") else None
    if result is None and yi is not None:
        raise ArgumentError("funnel", "yi", "given twice", "effects first, or beside a result")
    if result is not None:
        slab = result.slab if slab is None else slab
        measure = _one_measure(result, measure)
    measure = "GEN" if measure is None else measure
    yi, vi = check_effects("funnel", given if result is None else yi, vi)
    if yi.size < LEAST:
        raise ArgumentError("funnel", "yi", f"of k = {yi.size} studies", _FEW)
    slab = check_slab_of("funnel", slab, yi.size)
    axis = effect_axis("funnel", measure, 0.95, float(np.median(np.sqrt(vi))))
    ni = _check_totals(axis, measure, ni, yi)
    added, added_vi = _filled(filled, axis)
    yi, vi = np.r_[yi, added], np.r_[vi, added_vi]
    return Funnel(
        x=_displayed(measure, yi, ni), y=np.sqrt(vi) if ni is None else 1 / np.sqrt(ni),
        vi=vi, filled=np.arange(yi.size) >= yi.size - added.size, ni=ni,
        slab=(*slab, *(f"filled {n + 1}" for n in range(added.size))), axis=axis, measure=measure,
        pooled=_pooled(result), adjusted=_pooled(getattr(filled, "adjusted", None)),
    )  # fmt: skip


def _parted(given, filled):
    """A result or effects, and trim and fill, which may come in their place."""
    if hasattr(given, "filled_vi"):
        return given.observed, given
    if filled is not None and not hasattr(filled, "filled_vi"):
        raise ArgumentError("funnel", "filled", shown(filled), "a result of trimfill, or None")
    return given, filled


def _filled(filled, axis):
    """Effects and variances that trim and fill put in, none where it put in none."""
    if filled is None:
        return np.empty(0), np.empty(0)
    if axis.kind == "proportion":
        raise ArgumentError("funnel", "filled", "given", "nothing: proportions are not filled")
    if not len(filled.filled):
        return np.empty(0), np.empty(0)
    return check_effects("funnel", filled.filled, filled.filled_vi)


def _one_measure(result, measure):
    if measure not in (None, result.measure):
        raise ArgumentError("funnel", "measure", shown(measure), f"{result.measure}, the result’s")
    return result.measure


def _check_totals(axis, measure, ni, yi):
    if axis.kind != "proportion":
        if ni is not None:
            raise ArgumentError("funnel", "ni", "given", "totals only for proportions")
        return None
    if ni is None:
        raise ArgumentError("funnel", "ni", "missing", f"the totals, as {measure} is a proportion")
    _, ni = check_counts("funnel", np.zeros(yi.size), ni, names=("yi", "ni"))
    return ni


def _displayed(measure, yi, ni):
    known = MEASURES[measure]
    if not known.needs_total:
        with np.errstate(over="ignore"):
            return np.clip(known.back_transform(yi), -1e50, 1e50)
    return np.array([
        float(known.back_transform(y, n)) for y, n in zip(yi, ni, strict=True)
    ])  # fmt: skip


def _pooled(result):
    shown_ = getattr(result, "displayed", None)
    if shown_ is None:
        return None
    value = shown_["estimate"] if isinstance(shown_, dict) else None
    return None if value is None else float(check_numbers("funnel", "result", value)[0])


def _title(data):
    against = "size" if data.ni is not None else "standard error"
    what = "Rate" if data.ni is not None else "Effect"
    return f"{what} against {against}, {int(np.sum(~data.filled))} studies"


def _subtitle(data):
    if data.ni is not None:
        return _ONE_ARM
    return (
        "Shades: outside the 90, 95 and 99% limits around no difference. A lopsided funnel can "
        "come of unpublished studies, of small studies that differ, or of chance."
    )


def _footer(data):
    parts, count = ["Precise studies stand at the top"], int(data.filled.sum())
    if count:
        parts.append(f"{count} filled in by trim and fill: a sensitivity, never a correction")
    return " · ".join(parts)


def _table(data):
    table = {"slab": data.slab, "estimate": data.x, "se": np.sqrt(data.vi)}
    return table | ({} if data.ni is None else {"n": data.ni}) | {"filled": data.filled}


def _alt(data, title):
    axis = data.axis
    low, high = axis.numbers(float(data.x.min()), float(data.x.max()))
    parts = [f"Funnel plot. {title}. Estimates from {low} to {high}."]
    parts += [] if data.pooled is None else [f"Pooled: {axis.number(data.pooled)}."]
    parts += [f"{int(data.filled.sum())} filled in by trim and fill."] if data.filled.any() else []
    return " ".join(parts)
