"""Which document prints how many results of which report: a map of cells."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from evisynth.evidence.told_by import documents_in_order, results_by_document, told_by_several
from evisynth.figures.base.glyphs import extra_families
from evisynth.figures.base.inline import InlineFigure
from evisynth.figures.base.style import (
    DESKTOP,
    DPI,
    PALETTE,
    PHONE,
    font,
    matplotlib_style,
    measure,
    pack,
    wrap,
)
from evisynth.figures.landscape.provenance import data_provenance
from evisynth.words.names import source_name
from evisynth.words.phrases import count_word

TITLE = "Reports that several documents tell"
_HEAD = 34
_LINE = 15  # of the foot
_PITCH = {DESKTOP: 23, PHONE: 28}
_LABEL = {DESKTOP: 250, PHONE: 104}
_STEPS = (1, 5, 20)  # fewest results of each shade
_SHADES = (0.12, 0.3, 0.75)
_KEY = "Framed: the document's own patients · Darker: more results"
_DARK = 0.5  # above it, figures in a cell are drawn in the colour of the ground


@dataclass(frozen=True)
class _Drawing:
    figure: Figure
    axes: Axes


def shared_reports(evidence, *, name: str = "shared-reports"):
    """Draw the reports of which several documents print results, a column per document.

    Parameters
    ----------
    evidence : Evidence
    name : str
        The figure's id in its page.

    Returns
    -------
    InlineFigure
        A framed cell is a document's report of its own patients.
    """
    several = told_by_several(results_by_document(evidence))
    documents = documents_in_order(evidence)
    table = [
        {
            "report": label_of(evidence, study),
            **{source_name(d): counts[d] for d in documents},
            "own": source_name(own) if (own := evidence.studies[study]["reported_in"]) else "",
        }
        for study, counts in several.items()
    ]
    names = [source_name(document) for document in documents]
    told = data_provenance(evidence, [{"source_id": document} for document in documents], name)
    with matplotlib_style():
        drawings = [_draw(table, names, width, [_KEY, *told]) for width in (DESKTOP, PHONE)]
    return InlineFigure(*drawings, table, title=TITLE, alt=_alt(table, names), name=name)


def label_of(evidence, study) -> str:
    """A report by author and year, with the name of its trial where it has one."""
    row = evidence.studies[study]
    label = " ".join(str(part) for part in (row["first_author"], row["year"]) if part)
    known = row["known_as"] or ""
    return f"{label}, {known}" if label and known else label or row["name"]


def _shade(count):
    """The index of a number of results among the shades; −1 for none."""
    return sum(count >= least for least in _STEPS) - 1


def _draw(table, names, width, told):
    import seaborn

    lines = [line for given in told for part in pack(given.split(" · "), width, 11)
             for line in wrap(part, width, 11)]  # fmt: skip
    foot = 12 + _LINE * len(lines)
    height = _HEAD + _PITCH[width] * len(table) + foot
    figure = Figure(figsize=(width / DPI, height / DPI))
    label = _LABEL[width]
    axes = figure.add_axes(
        [label / width, foot / height, 1 - (label + 2) / width, 1 - (foot + _HEAD) / height]
    )
    shades = np.array([[_shade(row[name]) for name in names] for row in table])
    ink = matplotlib.colors.to_rgb(PALETTE["ink"])
    seaborn.heatmap(
        shades,
        cmap=matplotlib.colors.ListedColormap([(*ink, alpha) for alpha in _SHADES]),
        mask=shades < 0,
        vmin=-0.5,
        vmax=len(_SHADES) - 0.5,
        cbar=False,
        linewidths=2,
        linecolor=PALETTE["paper"],
        ax=axes,
    )
    _dress(axes, table, names, width)
    for number, line in enumerate(lines):
        y = (foot - 12 - _LINE * number - 8) / height
        text = axes.text(0, y, line, transform=figure.transFigure, va="center")
        _type(text, 11, "muted")
    return _Drawing(figure, axes)


def _dress(axes, table, names, width):
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    size = 12.5 if width == DESKTOP else 9.5
    heads = [name.replace(" ", "\n") for name in names]
    axes.set_xticks([i + 0.5 for i in range(len(names))], heads)
    labels = ["\n".join(_label_lines(row["report"], _LABEL[width] - 10, size)) for row in table]
    axes.set_yticks([i + 0.5 for i in range(len(table))], labels)
    for text in axes.get_xticklabels():
        _type(text, size, "muted")
        text.set_rotation(0)
    for text in axes.get_yticklabels():
        _type(text, size, "ink")
        text.set(rotation=0, linespacing=1.05)
    for down, row in enumerate(table):
        for along, name in enumerate(names):
            _cell(axes, along, down, row[name], own=row["own"] == name)


def _label_lines(label, width, size):
    """A label on one line, or else author and year above the name of the trial."""
    if measure(label, size) <= width:
        return [label]
    return [line for part in label.split(", ") for line in wrap(part, width, size)]


def _cell(axes, along, down, count, *, own):
    if count:
        color = "paper" if _SHADES[_shade(count)] > _DARK else "ink"
        text = axes.text(along + 0.5, down + 0.5, str(count), ha="center", va="center")
        _type(text, 12.5, color)
    if own:
        frame = Rectangle((along + 0.02, down + 0.06), 0.96, 0.88, facecolor="none", zorder=4)
        frame.set(edgecolor=PALETTE["accent"], linewidth=2)
        axes.add_patch(frame)


def _type(text, size, color):
    text.set_fontproperties(font(extra=extra_families(text.get_text())))
    text.set_parse_math(False)
    text.set_fontsize(size)
    text.set_color(PALETTE[color])


def _alt(table, names):
    most = max(table, key=lambda row: sum(row[name] > 0 for name in names), default=None)
    if most is None:
        return "No report of which two documents print results."
    told = count_word(sum(most[name] > 0 for name in names))
    each = "; ".join(f"{n} {sum(row[n] > 0 for row in table)}" for n in names)
    return (
        f"{len(table)} reports of which two documents or more print results. {most['report']} is "
        f"told by {told}. Of these reports each document prints results of: {each}."
    )
