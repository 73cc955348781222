"""Simulated coverage as dots with Monte Carlo intervals: a row per method, a panel per k."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from matplotlib.patches import Circle

from evisynth.checks import shown
from evisynth.engine.coverage import CoverageStudy
from evisynth.errors import ArgumentError
from evisynth.figures.base.data_figure import DataFigure, data_figure, foot, head, is_phone
from evisynth.figures.base.style import measure
from evisynth.words.phrases import per_hundred

_ROW, _PHONE_ROW, _GAP = 21.0, 36.0, 14.0
_COLUMNS = ("method", "k", "rate", "tau", "coverage", "mc_lb", "mc_ub", "width", "bias", "none")


@dataclass(frozen=True)
class _Panels:
    """Horizontal positions: of each k its left edge; the width of all; the lowest coverage."""

    lefts: dict
    width: float
    low: float

    def x(self, k, share):
        """Pixel of a coverage in the panel of ``k``."""
        return self.lefts[k] + self.width * (max(share, self.low) - self.low) / (1 - self.low)


def coverage_plot(study, *, title, subtitle=None, caption="", alt="", name="") -> DataFigure:
    """Draw a simulation's coverage for page and phone.

    Parameters
    ----------
    study : CoverageStudy
    title : str
    subtitle : str, optional
        What dots and lines mean, where not given.
    caption, alt, name : str
        An alternative text is made from the numbers where none is given.

    Returns
    -------
    DataFigure
        Its ``table`` has a row per method and scenario.

    Raises
    ------
    ArgumentError
        What is not a `CoverageStudy`.
    """
    if not isinstance(study, CoverageStudy):
        allowed = "a result of evisynth.engine.coverage.coverage"
        raise ArgumentError("coverage_plot", "study", shown(study), allowed)

    def draw(sheet):
        head(sheet, title, _subtitle(study) if subtitle is None else subtitle)
        panels = _panels(sheet, study)
        for rate in dict.fromkeys(row.rate for row in study.rows):
            _block(sheet, study, rate, panels)
        _axis(sheet, panels, study.level)
        foot(sheet, _footer(study))

    table = {column: [getattr(row, column) for row in study.rows] for column in _COLUMNS}
    texts = {"title": title, "caption": caption, "alt": alt or _alt(study), "name": name}
    return data_figure(draw, table, **texts)


def _taus(study):
    return sorted({row.tau for row in study.rows})


def _subtitle(study):
    hollow, *_, solid = (*_taus(study), _taus(study)[-1])
    level = f"{100 * study.level:g}%"
    return (
        f"Share of {level} intervals that hold the true rate. Solid dot: studies differ (τ = "
        f"{solid:g}); ring: τ = {hollow:g}. Bar: Monte Carlo error. Dotted line: {level}. "
        "The axis does not begin at 0."
    )


def _footer(study):
    low, high = study.sizes
    return (
        f"{study.replicates:,} simulated data sets per dot · {low} to {high} patients a study · "
        f"seed {study.seed} · Wilson intervals of the coverage"
    )


def _panels(sheet, study):
    """A panel per number of studies, beside the labels or, on a phone, below them."""
    sizes = sorted({row.k for row in study.rows})
    left = 8.0 if is_phone(sheet) else max(measure(m, 13) for m in study.methods) + 26
    width = (sheet.width - 8 - left - _GAP * (len(sizes) - 1)) / len(sizes)
    lefts = {k: left + i * (width + _GAP) for i, k in enumerate(sizes)}
    lowest = min(row.mc_lb for row in study.rows)
    return _Panels(lefts, width, floor(10 * min(lowest, 0.85)) / 10)


def _block(sheet, study, rate, panels):
    """All methods at one rate, under its own head."""
    sheet.y += 14
    sheet.text(0, sheet.y, f"True rate {per_hundred(rate)}%", 12, weight=600, color="muted")
    sheet.y += 17 if is_phone(sheet) else 0
    for k, left in panels.lefts.items():
        sheet.text(left, sheet.y, f"{k} studies", 12, weight=600, color="muted")
    sheet.y += 11
    sheet.line([0, sheet.width], [sheet.y] * 2, "ink", 1.2)
    sheet.y += 3
    for method in study.methods:
        _row(sheet, study.where(method=method, rate=rate), method, panels, study.level)


def _row(sheet, rows, method, panels, level):
    phone = is_phone(sheet)
    height = _PHONE_ROW if phone else _ROW
    sheet.text(0, sheet.y + (9 if phone else height / 2), method, 13)
    top = sheet.y + (18 if phone else 0)
    y = (top + sheet.y + height) / 2
    for k in panels.lefts:
        for share in (panels.low, 1.0):
            x = panels.x(k, share)
            sheet.line([x, x], [top, sheet.y + height], "hairline", 0.7, zorder=-1)
        x = panels.x(k, level)
        sheet.line([x, x], [top, sheet.y + height], "ink", 1.1, dash=(1.2, 2), zorder=1)
    taus = sorted({row.tau for row in rows})
    for row in rows:
        solid = row.tau == taus[-1]
        _dot(sheet, panels, row, y + (3.6 if solid and len(taus) > 1 else -3.6), solid=solid)
    sheet.y += height


def _dot(sheet, panels, row, y, *, solid):
    ends = [panels.x(row.k, share) for share in (row.mc_lb, row.mc_ub)]
    sheet.line(ends, [y, y], "ink" if solid else "muted", 1.4)
    centre = panels.x(row.k, row.coverage), y
    look = {"fill": "ink"} if solid else {"fill": "paper", "edge": "muted", "width": 1.3}
    sheet.patch(Circle(centre, 2.7 if is_phone(sheet) else 3.3), **look, zorder=4)


def _axis(sheet, panels, level):
    """The ends and the nominal level under each panel."""
    sheet.y += 3
    for k, left in panels.lefts.items():
        sheet.line([left, left + panels.width], [sheet.y] * 2, "muted")
        for share in (panels.low, 1.0):
            x, text = panels.x(k, share), f"{100 * share:.0f}"
            sheet.line([x, x], [sheet.y, sheet.y + 4], "muted")
            align = "left" if share < level else "right"
            label = f"{text}%" if share == 1.0 else text
            sheet.text(x, sheet.y + 12.5, label, 11.5, color="muted", align=align)
    sheet.y += 22


def _alt(study):
    """The lowest coverage of each method, with where it is."""
    parts = []
    for method in study.methods:
        worst = min(study.where(method=method), key=lambda row: row.coverage)
        where = f"{worst.k} studies, rate {per_hundred(worst.rate)}%, tau {worst.tau:g}"
        parts.append(f"{method}: lowest coverage {100 * worst.coverage:.1f}% ({where})")
    scenarios = len(study.rows) // len(study.methods)
    return f"Coverage in {scenarios} scenarios. " + "; ".join(parts) + "."
