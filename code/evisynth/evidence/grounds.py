"""From which declared edges a relation between two cohorts follows."""

from __future__ import annotations

from collections.abc import Iterator

from evisynth.evidence.overlap import Edge, OverlapGraph

_CONTAINED = ("same", "subset_of", "part_of_pool")
_SIDEWAYS = ("partly_shared", "possible")


def ground(graph: OverlapGraph, a: str, b: str) -> tuple[Edge, ...]:
    """The shortest chain of declared edges that makes two cohorts share patients, or perhaps share.

    Parameters
    ----------
    graph : OverlapGraph
    a, b : str

    Returns
    -------
    tuple of Edge
        One edge where the relation is declared; empty where the cohorts are not related. Among
        chains of one length the one whose edges were declared first.
    """
    relation = graph.describe(a, b)
    if not relation or a == b:
        return ()
    if relation in ("same", "inside"):
        return _climb(graph, a, b)
    if relation == "contains":
        return _climb(graph, b, a)
    chains = _possible(graph, a, b) if relation == "possible" else _shared(graph, a, b)
    place = {edge: number for number, edge in enumerate(graph.edges)}
    return min(chains, key=lambda chain: (len(chain), [place[edge] for edge in chain]))


def sideways(chain: tuple[Edge, ...]) -> Edge | None:
    """The edge of a chain that joins two cohorts of which neither holds the other, if there is."""
    return next((edge for edge in chain if edge.relation in _SIDEWAYS), None)


def _possible(graph, a, b) -> Iterator[tuple[Edge, ...]]:
    """Chains over an edge between what holds or is held by ``a`` and by ``b``."""
    near_a, near_b = (graph.contents(c) | graph.containers(c) for c in (a, b))
    for edge, x, y in _edges(graph, _SIDEWAYS):
        if x in near_a and y in near_b:
            yield (*_between(graph, a, x), edge, *_between(graph, y, b))


def _shared(graph, a, b) -> Iterator[tuple[Edge, ...]]:
    """Chains through a cohort inside both, an edge between their parts, or a common parent."""
    inside_a, inside_b = graph.contents(a), graph.contents(b)
    # Sorted, since of chains of one length the first is told.
    for part in sorted(inside_a & inside_b):
        yield (*_climb(graph, part, a), *_climb(graph, part, b))
    for edge, x, y in _edges(graph, ("partly_shared",)):
        if x in inside_a and y in inside_b:
            yield (*_climb(graph, x, a), edge, *_climb(graph, y, b))
    for x in sorted(inside_a):
        for y in sorted(inside_b):
            for parent in sorted(graph.containers(x) & graph.containers(y)):
                if not graph.disjoint(x, y):
                    ways = (x, a), (x, parent), (y, parent), (y, b)
                    yield tuple(edge for way in ways for edge in _climb(graph, *way))


def _edges(graph, relations):
    """Edges of some relations, each from both of its ends."""
    for edge in graph.edges:
        if edge.relation in relations:
            yield edge, edge.a, edge.b
            yield edge, edge.b, edge.a


def _between(graph, a, b):
    """Edges from the cohort inside to the one that holds it, whichever it is."""
    return _climb(graph, a, b) if b in graph.containers(a) else _climb(graph, b, a)


def _climb(graph, start, end):
    """The shortest way up from a cohort to one that holds all of it."""
    ways = {start: ()}
    waiting = [start]
    while waiting and end not in ways:
        here = waiting.pop(0)
        for edge, low, high in _edges(graph, _CONTAINED):
            upwards = low == edge.a or edge.relation == "same"
            if low == here and upwards and high not in ways:
                ways[high] = (*ways[here], edge)
                waiting.append(high)
    return ways[end]
