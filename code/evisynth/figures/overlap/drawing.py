"""The drawing of an overlap graph: a row per cohort, arcs bulging to the right of them."""

from __future__ import annotations

from math import sqrt

from matplotlib.patches import Circle
from matplotlib.path import Path

from evisynth.figures.base.data_figure import foot, head
from evisynth.figures.base.parts import beside_label
from evisynth.figures.base.sheet import Sheet
from evisynth.figures.base.style import DESKTOP, measure, wrap
from evisynth.figures.overlap.arcs import (
    ARROWED,
    LARGEST,
    Column,
    Spot,
    arc,
    mark_of_basis,
    stroke,
    tip,
)
from evisynth.figures.overlap.parts import RELATION_WORDS, Node
from evisynth.words.phrases import capital, plural

SMALLEST = 2.4  # radius, pixels
PITCH, LINE, FAMILY, GAP = 20.0, 13.5, 17.0, 12.0


def draw(graph, width, title, *, columns=1, several=False) -> Sheet:
    """One drawing of a graph.

    Parameters
    ----------
    graph : Graph
    width : float
        Pixels.
    title : str
    columns : int
        Beside each other.
    several : bool
        Whether cohorts of several questions are shown.

    Returns
    -------
    Sheet
    """
    sheet = Sheet(width)
    head(sheet, title, _subtitle(several))
    sheet.y += 8
    biggest = max((n.patients or 0 for n in graph.linked.values()), default=1) or 1
    top, lowest = sheet.y, sheet.y
    for column, components in zip(
        _columns(width, columns), _shared_out(graph.components, columns), strict=True
    ):
        sheet.y = top
        for component in components:
            _component(sheet, column, component, graph.links, biggest)
        lowest = max(lowest, sheet.y)
    sheet.y = lowest
    _key(sheet, graph)
    foot(sheet, *_footer(graph), rule=False)
    return sheet.finish()


def _subtitle(several):
    where = "in at least one pool" if several else "here"
    return (
        f"Circle: a cohort, area by patients; filled if it is counted {where}, hollow if not. "
        "Cohorts of one family stand together."
    )


def _columns(width, columns):
    room = (width - 26 * (columns - 1)) / columns
    labels = 250 if columns == 1 and width == DESKTOP else 142
    for number in range(columns):
        left = number * (room + 26)
        yield Column(left, left + room, left + labels + 44 + LARGEST, labels)


def _shared_out(components, columns):
    """Components in as many stacks, each put on the one that is shortest so far."""
    stacks = [[] for _ in range(columns)]
    for component in components:
        min(stacks, key=lambda stack: sum(map(len, stack))).append(component)
    return stacks


def _component(sheet, column, component, links, biggest):
    """The cohorts one below another, under the names of their families, then their arcs."""
    spots, family, named = {}, "", False
    sizes = [node.family for node in component]
    for node in component:
        if node.family != family and sizes.count(node.family) > 1:
            sheet.y += 3 if family else 0
            sheet.y += FAMILY * _heading(sheet, column, node.title)
            named = True
        elif node.family != family:
            sheet.y += 4 if family else 0
            named = False
        family = node.family
        spots[node.cohort] = _node(sheet, column, node, biggest, named=named)
    inside = [link for link in links if link.a in spots]
    ys = [spot.y for spot in spots.values()]
    for link in sorted(inside, key=lambda link: -abs(spots[link.a].y - spots[link.b].y)):
        arc(sheet, column, spots[link.a], spots[link.b], link, max(ys) - min(ys))
    sheet.y += GAP / 2
    sheet.line([column.left, column.right], [sheet.y] * 2, "hairline", 0.7, zorder=-1)
    sheet.y += GAP / 2


def _heading(sheet, column, title):
    """The name of a family; returns its lines."""
    lines = wrap(title, column.node - column.left, 11.5)
    sheet.lines(column.left, sheet.y + FAMILY / 2, lines, 11.5, pitch=FAMILY, color="muted")
    return len(lines)


def _node(sheet, column, node: Node, biggest, *, named) -> Spot:
    color = "ink" if node.counted else "left-text"
    weight = 600 if node.counted else 400
    lines = wrap(node.label, column.labels, 12.5, weight=weight)
    height = max(PITCH, LINE * len(lines) + 5)
    first = sheet.y + height / 2 - LINE * (len(lines) - 1) / 2
    sheet.lines(column.left, first, lines, 12.5, pitch=LINE, color=color, weight=weight)
    if lines and not named:
        # Under a heading that names the family a second name would say it again.
        start = column.left + measure(lines[-1], 12.5, weight) + 8
        last = first + LINE * (len(lines) - 1)
        beside_label(sheet, start, last, (), node.name, column.left + column.labels)
    y = sheet.y + height / 2
    size = "?" if node.patients is None else f"{node.patients:,}"
    sheet.text(column.node - LARGEST - 6, y, size, 12.5, align="right", color="muted")
    radius = max(LARGEST * sqrt((node.patients or 0) / biggest), SMALLEST)
    _circle(sheet, column.node, y, radius, counted=node.counted)
    sheet.y += height
    return Spot(column.node, y, radius)


def _circle(sheet, x, y, radius, *, counted):
    if counted:
        sheet.patch(Circle((x, y), radius), fill="ink")
    else:
        sheet.patch(Circle((x, y), radius), edge="left-mark", width=1.2)


# Key ----------------------------------------------------------------------------------------------

_KINDS = {
    "arithmetic": "the numbers add up",
    "outside": "known from outside the documents",
}
_WORDS = {"subset_of": "inside", "part_of_pool": "inside"} | {
    "same": "same patients",
    "partly_shared": "share some",
    "possible": "may share some",
}


def _key(sheet, graph):
    """Samples of the lines and marks that are used, broken where the sheet ends."""
    samples = [(_WORDS[r], r, False) for r in RELATION_WORDS if _has(graph, "relation", r)]
    samples += [(words, kind, False) for kind, words in _KINDS.items() if _has(graph, "kind", kind)]
    follows = {link.relation for link in graph.links if link.follows}
    samples += [(f"{_WORDS[r]}: follows", r, True) for r in RELATION_WORDS if r in follows]
    x, y = 0.0, sheet.y + 8
    for words, what, thin in {sample[0]: sample for sample in samples}.values():
        width = 34 + measure(words, 11.5)
        if x and x + width > sheet.width:
            x, y = 0.0, y + 17
        _sample(sheet, x, y, what, thin)
        sheet.text(x + 30, y, words, 11.5, color="muted")
        x += width + 14
    sheet.y = y + 10


def _has(graph, column, value):
    """Whether an arc shows it: a relation that follows has a sample of its own."""
    found = (link for link in graph.links if column == "kind" or not link.follows)
    return any(getattr(link, column) == value for link in found)


def _sample(sheet, x, y, what, follows):
    if what in _KINDS:
        mark_of_basis(sheet, x + 13, y, what)
        return
    path = Path([(x, y), (x + 25 - 6 * (what in ARROWED), y)])
    stroke(sheet, path, what, follows=follows)
    if what in ARROWED:
        tip(sheet, x + 18, y)


def _footer(graph):
    """What an arc without a mark means, what the thin ones follow from, and who has none."""
    lines = ["Arc without a mark: stated in one of the documents"] if graph.links else []
    grounds = list(dict.fromkeys(link.follows for link in graph.links if link.follows))
    if grounds:
        lines.append(f"Thin arcs follow from cohorts not read here: {' · '.join(grounds)}")
    if graph.undrawn:
        pairs = plural(graph.undrawn, "further pair")
        lines.append(f"{capital(pairs)} may share patients; no pool weighs them against each other")
    if graph.single:
        lines.append(f"No relation known: {', '.join(node.label for node in graph.single)}")
    return lines
