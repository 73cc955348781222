"""The arcs of an overlap graph: their looks, their course, and the marks on them."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path

LARGEST = 8.0  # radius of a cohort, pixels
ROUND = 0.5523  # of a circle's quarter as a Bezier curve
BEND = 0.62  # below 1 short arcs bulge more than in proportion, which keeps them apart
LOOKS = {
    "subset_of": ("ink", 1.1, None),
    "part_of_pool": ("ink", 1.1, None),
    "same": ("ink", 3.6, None),
    "partly_shared": ("muted", 1.1, (5, 2.5)),
    "possible": ("warn-line", 1.3, (1.6, 2.2)),
}
FOLLOWS = 0.9, (1, 3)  # thin dots, in the colour of the relation
ARROWED = ("subset_of", "part_of_pool")


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


def arc(sheet, column, a: Spot, b: Spot, link, tallest):
    """An arc from the first cohort to the second, the flatter the nearer they are."""
    room = column.right - column.node - LARGEST - 10
    span = abs(a.y - b.y)
    reach = 10 + (room - 10) * (span / max(tallest, 300)) ** BEND
    apex = column.node + LARGEST + min(reach, room)
    room_of_tip = 6.5 if link.relation in ARROWED else 0
    path = _bow((a.x + a.radius + 2, a.y), (b.x + b.radius + 2 + room_of_tip, b.y), apex)
    stroke(sheet, path, link.relation, follows=bool(link.follows))
    if room_of_tip:
        tip(sheet, b.x + b.radius + 2, b.y)
    mark_of_basis(sheet, apex, (a.y + b.y) / 2, link.kind)


def tip(sheet, x, y):
    """The head of an arrow whose point is at ``x``."""
    sheet.polygon([(x, y), (x + 7, y - 3.2), (x + 7, y + 3.2)], fill="ink")


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


def stroke(sheet, path, relation, *, follows=False):
    """A line that looks like its relation, thin where the relation only follows."""
    color, width, dash = LOOKS[relation]
    width, dash = FOLLOWS if follows else (width, dash)
    sheet.patch(PathPatch(path, capstyle="butt"), edge=color, width=width, dash=dash, zorder=1)
    if relation == "same" and not follows:
        sheet.patch(PathPatch(path, capstyle="butt"), edge="paper", width=1.5, zorder=1.1)


def mark_of_basis(sheet, x, y, kind):
    """How a relation is known: nothing where a document says so."""
    if kind == "arithmetic":
        sheet.polygon([(x - 4, y), (x, y - 4), (x + 4, y), (x, y + 4)], fill="ink", zorder=4)
    elif kind == "outside":
        sheet.patch(Circle((x, y), 3.2), fill="paper", edge="ink", width=1.1, zorder=4)
