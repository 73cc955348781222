"""Every printed rate by family of reports: how often the same patients are told."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evisynth.figures.base.glyphs import extra_families
from evisynth.figures.base.inline import InlineFigure
from evisynth.figures.base.style import DPI, PALETTE, clean, font, matplotlib_style, wrap
from evisynth.words.names import family_of, family_title

_PITCH, _HEAD, _FOOT = 21, 12, 42
_WIDTHS = {"desktop": 690, "phone": 358}


@dataclass(frozen=True)
class _Drawing:
    figure: Figure
    axes: Axes


def printed_rates(analysis, pool, *, label, caption="", name=""):
    """Draw the rate of every printed row of a pool, a line per family of reports.

    Parameters
    ----------
    analysis : Analysis
    pool : str
    label : str
        Of the axis, for instance "printed rate, percent".
    caption, name : str
        Only where the page gives the figure none of its own.

    Returns
    -------
    InlineFigure
    """
    points = _points(analysis, pool)
    with matplotlib_style():
        drawings = [_draw(points, width, label) for width in _WIDTHS.values()]
    return InlineFigure(*drawings, points, alt=_alt(points), caption=caption, name=name)


def _points(analysis, pool):
    """One dict per printed row: family, rate in percent, whether it is the one that is counted."""
    evidence, selection = analysis.evidence, analysis[pool]
    counted = {c.row["row_id"] for c in selection.counted}
    found = [
        {
            "family": _family(evidence, row),
            "rate": 100 * row["events"] / row["total"],
            "counted": "counted" if row["row_id"] in counted else "told again or left out",
            "label": evidence.cohorts[row["cohort_id"]]["label"],
            "counts": f"{row['events']} / {row['total']}",
        }
        for row in evidence.printed_rows(selection.spec)
    ]
    told = {point["family"]: 0 for point in found}
    for point in found:
        told[point["family"]] += 1
    return sorted(found, key=lambda p: (-told[p["family"]], p["family"], p["counted"], p["rate"]))


def _family(evidence, row):
    return family_title(evidence, family_of(evidence, row["cohort_id"]))


def _draw(points, width, label):
    import seaborn

    families = list(dict.fromkeys(point["family"] for point in points))
    height = _HEAD + _PITCH * len(families) + _FOOT
    figure = Figure(figsize=(width / DPI, height / DPI))
    axes = figure.add_axes(
        [118 / width, _FOOT / height, 1 - 124 / width, 1 - (_FOOT + _HEAD) / height]
    )
    columns = {key: [point[key] for point in points] for key in ("rate", "family", "counted")}
    for state, size, fill in (("told again or left out", 5.5, "none"), ("counted", 7, "ink")):
        chosen = [state == value for value in columns["counted"]]
        seaborn.stripplot(
            x=[x for x, keep in zip(columns["rate"], chosen, strict=True) if keep],
            y=[y for y, keep in zip(columns["family"], chosen, strict=True) if keep],
            order=families,
            jitter=False,
            size=size,
            marker="s" if fill == "ink" else "o",
            facecolor=PALETTE["ink"] if fill == "ink" else "none",
            edgecolor=PALETTE["ink"] if fill == "ink" else PALETTE["left-mark"],
            linewidth=1,
            ax=axes,
        )
    axes.set_yticks(range(len(families)), ["\n".join(wrap(name, 108, 9)) for name in families])
    _dress(axes, label)
    return _Drawing(figure, axes)


def _dress(axes, label):
    seaborn_frame = ("top", "right", "left", "bottom")
    axes.spines[list(seaborn_frame)].set_visible(False)
    axes.set_xlim(-2, 102)
    axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100%"])
    axes.set_ylabel("")
    look = {"fontproperties": font(extra=extra_families(label)), "color": PALETTE["muted"]}
    axes.set_xlabel(clean(label), fontsize=8.6, parse_math=False, **look)
    axes.grid(axis="x", color=PALETTE["hairline"], linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, colors=PALETTE["muted"])
    for text in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        text.set_fontproperties(font(extra=extra_families(text.get_text())))
        text.set_parse_math(False)
        text.set_fontsize(9)
        text.set_color(PALETTE["ink"])


def _alt(points):
    families = {point["family"] for point in points}
    counted = sum(point["counted"] == "counted" for point in points)
    return (
        f"{len(points)} printed rates from {len(families)} families of reports; {counted} of them, "
        "drawn as filled squares, are counted. Hollow circles are told again or left out."
    )
