"""A search as its document prints it: boxes from the first number to the last."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.patches import Rectangle

from evisynth.checks import shown
from evisynth.errors import ArgumentError
from evisynth.evidence.search_flows import (
    ADDED,
    KEPT,
    REACHED,
    REMOVED,
    START,
    FlowStep,
    SearchFlow,
    search_flows,
)
from evisynth.figures.base.data_figure import data_figure, foot, head, is_phone
from evisynth.figures.base.sheet import Sheet
from evisynth.figures.base.style import wrap
from evisynth.figures.landscape.provenance import data_provenance
from evisynth.words.names import source_name
from evisynth.words.phrases import capital, thousands

KEY = ("Dashed box: worked out, not printed",)
_PAD, _LINE, _GAP = 8, 16, 16
_MAIN = (START, KEPT, REACHED)  # on the main line; what joins or leaves stands beside it
OTHERS = "others"


@dataclass(frozen=True)
class _Box:
    """A number with its words, the remark below, and whether it was printed."""

    count: int
    words: str
    remark: str = ""
    wrong: bool = False
    printed: bool = True
    sign: str = ""


@dataclass(frozen=True)
class _Columns:
    """Left edge and width in pixels: the main line, what joins it, what leaves it."""

    main: tuple[float, float]
    joins: tuple[float, float]
    leaves: tuple[float, float]


_DESKTOP = _Columns((225, 240), (0, 190), (500, 190))
_PHONE = _Columns((0, 190), (218, 140), (218, 140))


def search_flow_plot(evidence, document: str, *, name: str = ""):
    """Draw the search of one document with its arithmetic.

    Parameters
    ----------
    evidence : Evidence
        With a table of searches.
    document : str
        Id of the document.
    name : str
        The figure's id in its page.

    Returns
    -------
    DataFigure
        A step that does not follow from those before says so.

    Raises
    ------
    ArgumentError
        A document without a search.
    EvisynthError
        See `evisynth.evidence.search_flows`.
    """
    flows = search_flows(evidence)
    if document not in flows:
        raise ArgumentError(
            "search_flow_plot", "document", shown(document), ", ".join(flows) or "none"
        )
    flow = flows[document]
    name = name or f"search-{document}"
    title = f"The search of {source_name(document)}"
    told = data_provenance(evidence, [{"source_id": document}], name)

    def draw(sheet):
        head(sheet, title, "Numbers as printed; what has to add up is added up.")
        sheet.y += 10
        _draw(sheet, flow)
        foot(sheet, " · ".join(KEY), *told)

    return data_figure(draw, _table(flow), title=title, alt=_alt(flow), name=name)


def sum_words(terms) -> str:
    """``25 + 127 − 4 − 87``."""
    first, *others = terms
    signed = (f"{'−' if term < 0 else '+'} {thousands(abs(term))}" for term in others)
    return " ".join([thousands(first), *signed])


def check_words(step: FlowStep) -> str:
    """Whether a number follows from those before; empty where nothing can be checked."""
    if step.role == REACHED:
        total = sum(step.terms)
        if step.adds_up:
            return f"{sum_words(step.terms)} = {thousands(total)}: adds up"
        return f"{sum_words(step.terms)} = {thousands(total)}, not {thousands(step.count)}"
    return "" if step.adds_up else "more than there were before"


def _draw(sheet: Sheet, flow: SearchFlow):
    columns = _PHONE if is_phone(sheet) else _DESKTOP
    centre = columns.main[0] + columns.main[1] / 2
    # Where the line comes from: the foot of the last box on it.
    start = sheet.y
    for step in flow.steps:
        if step.left_out is not None and step.left_out > 0:
            _aside(sheet, _Box(step.left_out, OTHERS, printed=False), columns, leaves=True)
        if step.role in _MAIN:
            if step.role != START:
                _arrow(sheet, centre, start, sheet.y)
            remark = check_words(step)
            _box(sheet, _Box(step.count, step.words, remark, not step.adds_up), columns.main)
            start = sheet.y
            sheet.y += _GAP
        else:
            sign = "+" if step.role == ADDED else "−"
            remark = check_words(step)
            box = _Box(step.count, step.words, remark, not step.adds_up, sign=sign)
            _aside(sheet, box, columns, leaves=step.role == REMOVED)
    if len(flow.terms) > 1:
        _arrow(sheet, centre, start, sheet.y)
        left = f"together: {sum_words(flow.terms)}"
        _box(sheet, _Box(sum(flow.terms), left, printed=False), columns.main)
    sheet.y += 4


def _aside(sheet: Sheet, box, columns, *, leaves):
    """A box beside the main line, with an arrow from it or to it."""
    place = columns.leaves if leaves else columns.joins
    top = sheet.y
    _box(sheet, box, place)
    centre = columns.main[0] + columns.main[1] / 2
    edge = place[0] if place[0] > centre else place[0] + place[1]
    ends = (centre, edge) if leaves else (edge, centre)
    y = (top + sheet.y) / 2
    sheet.line(ends, [y, y], "ink", 1.0)
    _head(sheet, ends[1], y, 1 if ends[1] > ends[0] else -1)
    sheet.y += 10


def _arrow(sheet, x, top, bottom):
    sheet.line([x, x], [top, bottom], "ink", 1.0)
    sheet.polygon([(x - 4, bottom - 7), (x + 4, bottom - 7), (x, bottom)], fill="ink")


def _head(sheet, x, y, direction):
    back = x - 7 * direction
    sheet.polygon([(back, y - 4), (back, y + 4), (x, y)], fill="ink")


def _box(sheet: Sheet, box, place):
    """Draw a box from ``sheet.y`` downwards and move to its foot."""
    left, width = place
    inner = width - 2 * _PAD
    sign = f"{box.sign} " if box.sign else ""
    lines = wrap(capital(box.words) if not box.sign and box.printed else box.words, inner, 12.5)
    remark = wrap(box.remark, inner, 12)
    height = 2 * _PAD + 18 + _LINE * (len(lines) + len(remark)) - 2
    shape = Rectangle((left, sheet.y), width, height)
    edge, dash = ("ink", None) if box.printed else ("left-mark", (4, 3))
    sheet.patch(shape, fill="paper", edge="warn-line" if box.wrong else edge, dash=dash)
    y = sheet.y + _PAD + 8
    sheet.text(left + _PAD, y, f"{sign}{thousands(box.count)}", 15, weight=600)
    y += 19
    y += sheet.lines(left + _PAD, y, lines, 12.5, pitch=_LINE) + _LINE
    color = "warn-text" if box.wrong else "muted"
    sheet.lines(left + _PAD, y, remark, 12, pitch=_LINE, color=color)
    sheet.y += height


def _table(flow):
    columns = {"step": [], "count": [], "role": [], "after": [], "check": []}
    for step in flow.steps:
        row = (step.words, step.count, step.role, step.after, check_words(step))
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
    return columns


def _alt(flow):
    parts = []
    for step in flow.steps:
        said = check_words(step)
        parts.append(f"{step.words}: {thousands(step.count)}{f' ({said})' if said else ''}")
    if len(flow.terms) > 1:
        parts.append(f"together: {thousands(sum(flow.terms))}, worked out")
    return f"{source_name(flow.source_id)}, steps as printed. " + "; ".join(parts) + "."
