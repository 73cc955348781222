"""Simulated coverage of two kinds of interval against the number of studies, a panel per tau."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from matplotlib.patches import Circle

from evisynth.checks import shown
from evisynth.engine.coverage import FewStudies
from evisynth.engine.coverage.few_studies import BAYES, GLMM, GLMM_HTS, MEAN, NEW, TAUS
from evisynth.engine.coverage.held import LEVEL
from evisynth.errors import ArgumentError
from evisynth.figures.base.data_figure import DataFigure, data_figure, foot, head, is_phone
from evisynth.figures.base.style import measure
from evisynth.words.phrases import count_word, per_hundred

TARGETS = {MEAN: "Interval of the typical rate", NEW: "Range for a new centre's rate"}
# Colour, size of a filled dot, and place beside the others; a ring where the size is 0.
_LOOKS = {BAYES: ("ink", 3.4, 1), GLMM: ("series-2", 0, 0), GLMM_HTS: ("left-mark", 2.0, -1)}
_HEIGHT, _GAP, _LEFT = 118.0, 12.0, 30.0


@dataclass(frozen=True)
class _Panel:
    """A panel on the sheet: its edges, the numbers of studies, and the lowest coverage."""

    left: float
    top: float
    width: float
    ks: tuple[int, ...]
    low: float

    def x(self, k, place=0):
        """Pixel of a number of studies; they stand evenly."""
        pitch = self.width / len(self.ks)
        return self.left + pitch * (self.ks.index(k) + 0.5) + 0.27 * pitch * place

    def y(self, share):
        """Pixel of a coverage."""
        return self.top + _HEIGHT * (1 - share) / (1 - self.low)


def few_studies_plot(study, *, title, caption="", alt="", name="") -> DataFigure:
    """Draw how often intervals of few studies hold their target, for page and phone.

    Parameters
    ----------
    study : FewStudies
    title : str
    caption, alt, name : str
        An alternative text is made from the numbers where none is given.

    Returns
    -------
    DataFigure
        Its ``table`` has a row per interval, tau and number of studies.

    Raises
    ------
    ArgumentError
        What is not a `FewStudies`.
    """
    if not isinstance(study, FewStudies) or not study.rows:
        allowed = "a result of evisynth.engine.coverage.simulate_few_studies"
        raise ArgumentError("few_studies_plot", "study", shown(study), allowed)
    cells = study.over("tau", "k")

    def draw(sheet):
        head(sheet, title, _subtitle(study))
        _key(sheet)
        for target, words in TARGETS.items():
            _block(sheet, words, [cell for cell in cells if cell.target == target], _low(cells))
        foot(sheet, _footer(study))

    texts = {"title": title, "caption": caption, "alt": alt or _alt(study), "name": name}
    return data_figure(draw, _table(cells), **texts)


def _table(cells):
    columns = {name: [getattr(cell, name) for cell in cells] for name in ("target", "model")}
    columns |= {name: [cell.at[name] for cell in cells] for name in ("tau", "k")}
    numbers = ("mean", "lowest", "highest", "width")
    return columns | {name: [getattr(cell, name) for cell in cells] for name in numbers}


def _low(cells):
    return floor(20 * min(cell.lowest for cell in cells)) / 20


def _subtitle(study):
    *rates, last = (per_hundred(rate) for rate in dict.fromkeys(r.rate for r in study.rows))
    sizes = count_word(len({row.sizes for row in study.rows}))
    return (
        f"Share of 95% intervals that hold their target, of 100. Dot: mean over true rates of "
        f"{', '.join(rates)} and {last} of 100 and {sizes} sets of study sizes; bar: lowest to "
        "highest of them. Dotted line: 95. The axis does not begin at 0."
    )


def _footer(study):
    error = max(row.mc_error for row in study.rows)
    return (
        f"{study.replicates:,} simulated data sets in each of {study.scenarios} scenarios · Monte "
        f"Carlo standard error at most {100 * error:.1f} · seed {study.seed}"
    )


def _key(sheet):
    """What the marks stand for, on as many lines as they need."""
    sheet.y += 12
    x = 6.0
    for model in _LOOKS:
        words = f"{model}, range alone" if model == GLMM_HTS else model
        needed = measure(words, 12) + 12
        if x + needed > sheet.width:
            x, sheet.y = 6.0, sheet.y + 17
        _mark(sheet, x, sheet.y, model)
        x += 10 + sheet.text(x + 9, sheet.y, words, 12) + 18
    sheet.y += 8


def _mark(sheet, x, y, model):
    color, size, _ = _LOOKS[model]
    look = {"fill": color} if size else {"fill": "paper", "edge": color, "width": 1.6}
    sheet.patch(Circle((x, y), size or 3.0), **look, zorder=4)


def _block(sheet, words, cells, low):
    """One target: its panels side by side, two to a row on a phone."""
    sheet.y += 14
    sheet.text(0, sheet.y, words, 13, weight=600)
    sheet.y += 10
    sheet.line([0, sheet.width], [sheet.y] * 2, "ink", 1.2)
    taus = sorted({cell.at["tau"] for cell in cells})
    columns = 2 if is_phone(sheet) else len(taus)
    width = (sheet.width - _LEFT - 4 - _GAP * (columns - 1)) / columns
    ks = tuple(sorted({cell.at["k"] for cell in cells}))
    for i in range(0, len(taus), columns):
        sheet.y += 24
        for j, tau in enumerate(taus[i : i + columns]):
            panel = _Panel(_LEFT + j * (width + _GAP), sheet.y, width, ks, low)
            _axes(sheet, panel, tau, labels=j == 0)
            for cell in cells:
                if cell.at["tau"] == tau:
                    _cell(sheet, panel, cell)
        sheet.y += _HEIGHT + 20
    sheet.y += 6
    sheet.text(_LEFT, sheet.y, "Number of studies", 11.5, color="muted")
    sheet.y += 8


def _axes(sheet, panel, tau, *, labels):
    right = panel.left + panel.width
    sheet.text(panel.left, panel.top - 10, f"τ = {tau:g}", 12, weight=600, color="muted")
    ticks = [panel.low + 0.05 * n for n in range(round((1 - panel.low) / 0.05) + 1)]
    for share in ticks:
        if round(100 * share) % 10 == 0:
            y = panel.y(share)
            sheet.line([panel.left, right], [y, y], "hairline", 0.7, zorder=-1)
            if labels:
                sheet.text(_LEFT - 5, y, per_hundred(share), 11.5, color="muted", align="right")
    y = panel.y(LEVEL)
    sheet.line([panel.left, right], [y, y], "ink", 1.1, dash=(1.2, 2), zorder=1)
    for k in panel.ks:
        at = panel.x(k), panel.top + _HEIGHT + 9
        sheet.text(*at, f"{k}", 11.5, color="muted", align="center")


def _cell(sheet, panel, cell):
    color, _, place = _LOOKS[cell.model]
    x = panel.x(cell.at["k"], place)
    width = 0.9 if cell.model == GLMM_HTS else 1.3
    sheet.line([x, x], [panel.y(cell.lowest), panel.y(cell.highest)], color, width, zorder=2)
    _mark(sheet, x, panel.y(cell.mean), cell.model)


def _alt(study):
    """Mean and lowest coverage of each interval, with where the lowest is."""
    parts = []
    for one in study.over():
        worst = one.worst
        parts.append(
            f"{TARGETS[one.target]}, {one.model}: mean {100 * one.mean:.0f} of 100, lowest "
            f"{100 * one.lowest:.0f} ({worst.k} studies, tau {worst.tau:g})"
        )
    ends = f"tau from {min(TAUS):g} to {max(TAUS):g}"
    return f"Coverage in {study.scenarios} scenarios, {ends}. " + "; ".join(parts) + "."
