"""The drawing of an overlap graph: a row per cohort, arcs bulging to the right of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path

from evisynth.figures.data_figure import foot, head
from evisynth.figures.overlap_graph_parts import RELATION_WORDS, Node
from evisynth.figures.sheet import Sheet
from evisynth.figures.style import DESKTOP, measure, wrap

LARGEST, SMALLEST = 8.0, 2.4  # radii, pixels
PITCH, LINE, FAMILY, GAP = 20.0, 13.5, 17.0, 12.0
ROUND = 0.5523  # of a circle's quarter as a Bezier curve
BEND = 0.62  # below 1 short arcs bulge more than in proportion, which keeps them apart
_LOOKS = {
    "subset_of": ("ink", 1.1, None),
    "part_of_pool": ("ink", 1.1, None),
    "same": ("ink", 3.6, None),
    "partly_shared": ("muted", 1.1, (5, 2.5)),
    "possible": ("warn-line", 1.3, (1.6, 2.2)),
}
_ARROWED = ("subset_of", "part_of_pool")


@dataclass(frozen=True)
class Column:
    """Where a column of cohorts stands: its left and right ends, its nodes, its widest label."""

    left: float
    right: float
    node: float
    labels: float


@dataclass(frozen=True)
class Spot:
    """A drawn node: its middle and radius."""

    x: float
    y: float
    radius: float


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
    spots, family = {}, ""
    sizes = [node.family for node in component]
    for node in component:
        if node.family != family and sizes.count(node.family) > 1:
            sheet.y += 3 if family else 0
            sheet.text(column.left, sheet.y + FAMILY / 2, node.family, 11.5, color="muted")
            sheet.y += FAMILY
        elif node.family != family and family:
            sheet.y += 4
        family = node.family
        spots[node.cohort] = _node(sheet, column, node, biggest)
    inside = [link for link in links if link.a in spots]
    ys = [spot.y for spot in spots.values()]
    for link in sorted(inside, key=lambda link: -abs(spots[link.a].y - spots[link.b].y)):
        _arc(sheet, column, spots[link.a], spots[link.b], link, max(ys) - min(ys))
    sheet.y += GAP / 2
    sheet.line([column.left, column.right], [sheet.y] * 2, "hairline", 0.7, zorder=-1)
    sheet.y += GAP / 2


def _node(sheet, column, node: Node, biggest) -> Spot:
    color = "ink" if node.counted else "left-text"
    weight = 600 if node.counted else 400
    lines = wrap(node.label, column.labels, 12.5, weight=weight)
    height = max(PITCH, LINE * len(lines) + 5)
    first = sheet.y + height / 2 - LINE * (len(lines) - 1) / 2
    sheet.lines(column.left, first, lines, 12.5, pitch=LINE, color=color, weight=weight)
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


# Arcs ---------------------------------------------------------------------------------------------


def _arc(sheet, column, a: Spot, b: Spot, link, tallest):
    """An arc from the first cohort to the second, the flatter the nearer they are."""
    room = column.right - column.node - LARGEST - 10
    span = abs(a.y - b.y)
    reach = 10 + (room - 10) * (span / max(tallest, 300)) ** BEND
    apex = column.node + LARGEST + min(reach, room)
    tip = 6.5 if link.relation in _ARROWED else 0
    path = _bow((a.x + a.radius + 2, a.y), (b.x + b.radius + 2 + tip, b.y), apex)
    _stroke(sheet, path, link.relation)
    if tip:
        x = b.x + b.radius + 2
        sheet.polygon([(x, b.y), (x + 7, b.y - 3.2), (x + 7, b.y + 3.2)], fill="ink")
    _basis(sheet, apex, (a.y + b.y) / 2, link.kind)


def _bow(start, end, apex):
    """Two quarters of ellipses that meet at the apex."""
    (x1, y1), (x2, y2) = start, end
    middle = (y1 + y2) / 2
    points = [
        (x1, y1),
        (x1 + ROUND * (apex - x1), y1),
        (apex, middle + (1 - ROUND) * (y1 - middle)),
        (apex, middle),
        (apex, middle + (1 - ROUND) * (y2 - middle)),
        (x2 + ROUND * (apex - x2), y2),
        (x2, y2),
    ]
    return Path(points, [Path.MOVETO] + [Path.CURVE4] * 6)


def _stroke(sheet, path, relation):
    color, width, dash = _LOOKS[relation]
    sheet.patch(PathPatch(path, capstyle="butt"), edge=color, width=width, dash=dash, zorder=1)
    if relation == "same":
        sheet.patch(PathPatch(path, capstyle="butt"), edge="paper", width=1.5, zorder=1.1)


def _basis(sheet, x, y, kind):
    """How a relation is known: nothing where a document says so."""
    if kind == "arithmetic":
        sheet.polygon([(x - 4, y), (x, y - 4), (x + 4, y), (x, y + 4)], fill="ink", zorder=4)
    elif kind == "outside":
        sheet.patch(Circle((x, y), 3.2), fill="paper", edge="ink", width=1.1, zorder=4)


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
    relations = dict.fromkeys(_WORDS[r] for r in RELATION_WORDS if _has(graph, "relation", r))
    samples = [(words, _sample_of(words)) for words in relations]
    samples += [(words, kind) for kind, words in _KINDS.items() if _has(graph, "kind", kind)]
    x, y = 0.0, sheet.y + 8
    for words, what in samples:
        width = 34 + measure(words, 11.5)
        if x and x + width > sheet.width:
            x, y = 0.0, y + 17
        _sample(sheet, x, y, what)
        sheet.text(x + 30, y, words, 11.5, color="muted")
        x += width + 14
    sheet.y = y + 10


def _has(graph, column, value):
    return any(getattr(link, column) == value for link in graph.links)


def _sample_of(words):
    return next(relation for relation, shown in _WORDS.items() if shown == words)


def _sample(sheet, x, y, what):
    if what in _KINDS:
        _basis(sheet, x + 13, y, what)
        return
    path = Path([(x, y), (x + 25 - 6 * (what in _ARROWED), y)])
    _stroke(sheet, path, what)
    if what in _ARROWED:
        sheet.polygon([(x + 25, y), (x + 18, y - 3.2), (x + 18, y + 3.2)], fill="ink")


def _footer(graph):
    """What an arc without a mark means, and the cohorts that have none."""
    lines = ["Arc without a mark: stated in one of the documents"] if graph.links else []
    if graph.single:
        lines.append(f"No declared relation: {', '.join(node.label for node in graph.single)}")
    return lines
