"""Pairs of cohorts that a pool counts with a doubt, or parts for overlap, and on what ground."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from evisynth.evidence.grounds import ground, sideways
from evisynth.evidence.overlap import Edge
from evisynth.evidence.selection import Counted, Selection

KINDS = ("stated", "arithmetic", "outside")  # from the firmest


@dataclass(frozen=True)
class Ground:
    """Why two cohorts are related.

    Attributes
    ----------
    edges : tuple of Edge
        The chain of declared edges from which the relation follows.
    rows : tuple of mapping
        The row of the overlaps of each edge.
    """

    edges: tuple[Edge, ...]
    rows: tuple[Mapping, ...]

    @property
    def deciding(self) -> Mapping:
        """The row of the edge without which nothing would follow."""
        edge = sideways(self.edges) or self.edges[-1]
        return self.rows[self.edges.index(edge)]

    @property
    def kind(self) -> str:
        """How the relation is known: as the least firm edge is, since all of them must hold."""
        return max((row["basis_kind"] for row in self.rows), key=KINDS.index)

    @property
    def declared(self) -> bool:
        """Whether the relation itself is declared, and nothing has to follow."""
        return len(self.edges) == 1


@dataclass(frozen=True)
class Doubt:
    """Two cohorts, counted in one pool, that may share patients.

    Attributes
    ----------
    a, b : Counted
    most : int
        No more patients than this can be in both: those in the smaller denominator.
    ground : Ground
    """

    a: Counted
    b: Counted
    most: int
    ground: Ground


def ground_of(evidence, a, b) -> Ground:
    """On what ground two cohorts of an evidence base are related.

    Parameters
    ----------
    evidence : Evidence
    a, b : str
        Cohort ids.
    """
    edges = ground(evidence.graph, a, b)
    rows = {
        (row["cohort_a"], row["relation"], row["cohort_b"]): row
        for row in evidence.rows("overlaps")
    }
    return Ground(edges, tuple(rows[edge] for edge in edges))


def doubts(evidence, selection: Selection) -> tuple[Doubt, ...]:
    """Pairs of cohorts that one pool counts although they may share patients.

    Parameters
    ----------
    evidence : Evidence
    selection : Selection

    Returns
    -------
    tuple of Doubt
        In the order of the counted cohorts. Whoever is in one is flagged ∩? in the figures.
    """
    return tuple(
        Doubt(a, b, min(a.row["total"], b.row["total"]), ground_of(evidence, *_ids(a, b)))
        for a, b in combinations(selection.counted, 2)
        if evidence.graph.possibly_shares(*_ids(a, b))
    )


def undoubted(evidence, selection: Selection) -> Selection:
    """The largest set without a doubt: as the pool, with whoever may share taken to share.

    Parameters
    ----------
    evidence : Evidence
    selection : Selection
    """
    return evidence.selector(cautious=True).select(selection.spec)


def exclusions(evidence, selection: Selection) -> tuple[tuple[str, str], ...]:
    """Ids of each cohort that is left out for overlap, with each counted one that it shares with.

    Parameters
    ----------
    evidence : Evidence
    selection : Selection

    Returns
    -------
    tuple of (str, str)
        The cohort left out, the counted one.
    """
    return tuple(
        _ids(item, c)
        for item in selection.left_out
        if item.code in ("OVL", "POOL", "SEL", "SUB")
        for c in selection.counted
        if evidence.graph.shares(*_ids(item, c))
    )


def _ids(*items):
    return tuple(item.cohort["cohort_id"] for item in items)
