"""The GOSH plot: what every subset of the studies would give, as cells with their margins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evisynth.checks import check_choice, check_labels, shown
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.figures.base.data_figure import (
    DataFigure,
    check_attributes,
    check_slab_of,
    check_texts,
    data_figure,
    foot,
    head,
)
from evisynth.figures.base.effect_axis import (
    effect_axis,
    effect_name,
    effect_span,
    even_span,
    range_words,
)
from evisynth.figures.base.rows import Axis
from evisynth.figures.diagnostics.gosh_drawing import draw_gosh, gosh_cells

AGAINST = {"I2": "I² (%)", "tau": "Between-study standard deviation, τ"}
_NEEDED = ("estimate", "tau2", "I2", "subsets", "slab", "sampled")


@dataclass(frozen=True)
class DrawnSubsets:
    """The subsets that can be drawn.

    Attributes
    ----------
    x, y : ndarray of float, shape (B,)
        Pooled estimate, display scale; I2 in percent, or tau.
    marked : ndarray of bool, shape (B,), or None
        Whether the subset holds the highlighted study.
    whole : int or None
        The subset of all studies.
    axis : Axis
    noun, against, highlight : str
    k, total : int
        Studies; subsets, with those that are not drawn.
    sampled : bool
    """

    x: np.ndarray
    y: np.ndarray
    marked: np.ndarray | None
    whole: int | None
    axis: Axis
    noun: str
    against: str
    highlight: str
    k: int
    total: int
    sampled: bool


def gosh_plot(
    result, *, against: str = "I2", highlight: str | None = None, title: str | None = None,
    subtitle: str | None = None, provenance: str = "", caption: str = "", alt: str = "",
    name: str = "",
) -> DataFigure:  # fmt: skip
    """Draw the estimates of all subsets of the studies for page and phone.

    Parameters
    ----------
    result : Gosh
        As `evisynth.gosh` returns it: ``estimate`` (display scale), ``tau2``, ``I2`` of each
        subset, ``subsets`` (B, k), ``slab``, ``sampled``, ``measure``.
    against : {"I2", "tau"}
    highlight : str, optional
        Label of a study: where subsets with it are in the majority, cells are in the accent and
        hatched.
    title, subtitle, provenance, caption, alt, name : str
        Title and subtitle are made from the numbers where not given.

    Returns
    -------
    DataFigure
        Its ``table`` has a row per drawn cell: its bounds, the subsets in it and, with
        ``highlight``, those that hold the study.

    Raises
    ------
    ArgumentError
        What is not such a result; a label that no study, or more than one, has.
    NotEstimable
        No subset has both numbers.

    References
    ----------
    Olkin I, Dahabreh IJ, Trikalinos TA (2012) Res Synth Methods 3:214.
    """
    check_attributes("gosh_plot", "result", result, _NEEDED, "a result of evisynth.gosh")
    check_choice("gosh_plot", "against", against, AGAINST)
    texts = {"title": title, "subtitle": subtitle, "provenance": provenance}
    check_texts("gosh_plot", **texts, caption=caption, alt=alt, name=name)
    data = _gosh_of(result, against, highlight)
    title = _title(data) if title is None else title
    subtitle = _subtitle(data) if subtitle is None else subtitle

    def draw(sheet):
        head(sheet, title, subtitle)
        draw_gosh(sheet, data, _spans(data), AGAINST[data.against])
        foot(sheet, _footer(data), provenance)

    texts = {"title": title, "caption": caption, "alt": alt or _alt(data, title), "name": name}
    return data_figure(draw, _table(data), **texts)


def _gosh_of(result, against, highlight):
    subsets = np.asarray(result.subsets)
    if subsets.dtype != bool or subsets.ndim != 2 or not subsets.size:
        given = f"with subsets of type {subsets.dtype}, shape {subsets.shape}"
        raise ArgumentError("gosh_plot", "result", given, "true or false, of shape (B, k)")
    measure = getattr(result, "measure", "GEN")
    axis = effect_axis("gosh_plot", measure, 0.95)
    x = _column(_displayed(result), "estimate", len(subsets))
    y = _column(result.I2 if against == "I2" else result.tau2, against, len(subsets))
    y = y if against == "I2" else np.sqrt(np.maximum(y, 0))
    drawn = np.isfinite(x) & np.isfinite(y)
    if not drawn.any():
        raise NotEstimable("gosh_plot: no subset has both numbers; remedy: at least two studies.")
    slab = check_slab_of("gosh_plot", result.slab, subsets.shape[1])
    marked = None if highlight is None else subsets[drawn, _study(slab, highlight)]
    everything = np.flatnonzero(subsets[drawn].all(axis=1))
    return DrawnSubsets(
        x[drawn], y[drawn], marked, int(everything[0]) if everything.size else None, axis,
        effect_name(measure), against, str(highlight or ""), len(slab), len(subsets),
        bool(result.sampled),
    )  # fmt: skip


def _displayed(result):
    shown_ = getattr(result, "displayed", None)
    if isinstance(shown_, dict) and "estimate" in shown_:
        return shown_["estimate"]
    return result.estimate


def _column(values, key, size):
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise ArgumentError(
            "gosh_plot", "result", f"with {key} {shown(values)}", "numbers"
        ) from None
    if array.shape != (size,):
        given = f"with {key} of shape {array.shape}"
        raise ArgumentError("gosh_plot", "result", given, f"one per subset, ({size},)")
    return array


def _study(slab, highlight):
    allowed = "the label of one study: " + ", ".join(slab[:12])
    (wanted,) = check_labels("gosh_plot", "highlight", [highlight], 1, allowed)
    found = [number for number, label in enumerate(slab) if label == wanted]
    if len(found) != 1:
        raise ArgumentError("gosh_plot", "highlight", shown(highlight), allowed)
    return found[0]


def _spans(data):
    def x_of(start, end):
        return effect_span(data.axis, [data.x.min(), data.x.max()], start, end)

    def y_of(start, end):
        ends = [0, 100] if data.against == "I2" else [0, max(float(data.y.max()), 1e-6)]
        return even_span(ends, end, start)

    return x_of, y_of


def _title(data):
    low, high = float(data.x.min()), float(data.x.max())
    return f"Over subsets the pooled {data.noun} runs from {range_words(data.axis, low, high)}"


def _subtitle(data):
    drawn = f"{len(data.x):,}"
    every = f"All {drawn}" if len(data.x) == data.total else f"{drawn} of all {data.total:,}"
    what = f"{drawn} subsets drawn at random" if data.sampled else f"{every} subsets"
    start = f"{what} of {data.k} studies. The stronger the shade, the more subsets."
    if data.marked is None:
        return start
    return f"{start} Hatched: most of the subsets there hold {data.highlight}."


def _footer(data):
    missing = data.total - len(data.x)
    return " · ".join(
        ["Subsets overlap: a cloud in two parts points to a study, it is no test"]
        + [f"{missing:,} subsets without both numbers, such as single studies"] * bool(missing)
    )


def _table(data):
    cells = gosh_cells(
        data,
        *(span(*ends) for span, ends in zip(_spans(data), ((0, 539), (0, 252)), strict=True)),
        7.0,
    )
    columns = ("estimate_from", "estimate_to", f"{data.against}_from", f"{data.against}_to")
    table = dict(zip(columns, cells.bounds.T, strict=True)) | {"subsets": cells.count}
    return table if data.marked is None else table | {"with_study": cells.marked}


def _alt(data, title):
    low, high = float(data.y.min()), float(data.y.max())
    unit = "I²" if data.against == "I2" else "τ"
    parts = [f"GOSH plot. {title}.", f"{unit} from {low:.3g} to {high:.3g}."]
    if data.marked is not None and data.marked.any() and not data.marked.all():
        median = [
            data.axis.number(float(np.median(data.x[m]))) for m in (data.marked, ~data.marked)
        ]
        parts.append(f"Median with {data.highlight} {median[0]}, without it {median[1]}.")
    return " ".join(parts)
