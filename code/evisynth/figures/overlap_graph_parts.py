"""Cohorts and the relations between them, grouped into families and put in an order to draw."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from evisynth.errors import ArgumentError

DRAWN = ("subset_of", "part_of_pool", "same", "partly_shared", "possible")
RELATION_WORDS = {
    "subset_of": "subset of",
    "part_of_pool": "part of the pool",
    "same": "same as",
    "partly_shared": "shares patients with",
    "possible": "may share patients with",
}
MOST_ROUNDS = 20


@dataclass(frozen=True)
class Node:
    """A cohort: its size, its family, and whether it is counted."""

    cohort: str
    label: str
    family: str
    patients: int | None
    counted: bool


@dataclass(frozen=True)
class Link:
    """Cohort ``a`` stands in ``relation`` to cohort ``b``; ``kind`` is how that is known."""

    a: str
    relation: str
    b: str
    kind: str
    basis: str
    shared: int | None = None


@dataclass(frozen=True)
class Graph:
    """What is drawn.

    Attributes
    ----------
    components : tuple of tuple of Node
        Cohorts that hang together, in the order in which they are drawn; the largest first.
    links : tuple of Link
    single : tuple of Node
        Cohorts without a relation to another.
    """

    components: tuple[tuple[Node, ...], ...]
    links: tuple[Link, ...]
    single: tuple[Node, ...]

    @property
    def linked(self) -> dict[str, Node]:
        """Cohorts with a relation, by id."""
        return {node.cohort: node for component in self.components for node in component}


def graph_of(source, pools=()) -> Graph:
    """The cohorts of an analysis or of the whole evidence base, and their declared relations.

    Parameters
    ----------
    source : Analysis or Evidence
    pools : sequence of str
        Of an analysis; all where none is named.
    """
    evidence, cohorts, counted = _cohorts(source, pools)
    nodes = {
        key: _node(evidence, key, key in counted) for key in evidence.cohorts if key in cohorts
    }
    links = tuple(
        _link(row)
        for row in evidence.rows("overlaps")
        if row["relation"] in DRAWN and row["cohort_a"] in nodes and row["cohort_b"] in nodes
    )
    linked = {end for link in links for end in (link.a, link.b)}
    single = tuple(node for key, node in nodes.items() if key not in linked)
    return Graph(tuple(_components(nodes, links, linked)), links, single)


def _link(row):
    ends = row["cohort_a"], row["relation"], row["cohort_b"]
    return Link(*ends, row["basis_kind"], row["basis"], row["shared_n"])


def _cohorts(source, pools):
    """The evidence, the cohorts to draw, and those of them that are counted."""
    if hasattr(source, "selections"):
        chosen = source.chosen(*pools)
        counted = {c.cohort["cohort_id"] for s in chosen for c in s.counted}
        read = counted | {c.cohort["cohort_id"] for s in chosen for c in s.left_out}
        return source.evidence, read, counted
    if not hasattr(source, "analyse"):
        given = f"a {type(source).__name__}"
        raise ArgumentError("overlap_graph", "source", given, "an Analysis or an Evidence")
    if pools:
        allowed = "an analysis for its pools, or no pools"
        raise ArgumentError("overlap_graph", "pools", repr(pools), allowed)
    counted = {cohort for spec in source.analyses for cohort in source.analyse(spec).cohorts}
    return source, set(source.cohorts), counted


def _node(evidence, key, counted):
    cohort = evidence.cohorts[key]
    family = evidence.studies[cohort["study_id"]]["family_id"]
    return Node(key, cohort["label"], family, cohort["n"], counted)


def _components(nodes, links, linked):
    """Cohorts that hang together, each group in the order that keeps its arcs short."""
    near = defaultdict(set)
    for link in links:
        near[link.a].add(link.b)
        near[link.b].add(link.a)
    found, seen = [], set()
    for start in nodes:
        if start in linked and start not in seen:
            reached = _reach(start, near)
            seen |= reached
            found.append([node for key, node in nodes.items() if key in reached])
    found.sort(key=len, reverse=True)
    return [_ordered(component, links) for component in found]


def _reach(start, near):
    reached, waiting = {start}, [start]
    while waiting:
        fresh = near[waiting.pop()] - reached
        reached |= fresh
        waiting += sorted(fresh)
    return reached


# Order --------------------------------------------------------------------------------------------


def _ordered(component, links):
    """The cohorts of a component, families together, so that related ones stand near each other.

    Families, and the cohorts within each, change places as long as that shortens the arcs.
    """
    members = {node.cohort for node in component}
    pairs = [(link.a, link.b) for link in links if link.a in members]
    families = defaultdict(list)
    for node in component:
        families[node.family].append(node)
    order = list(families.values())
    best = _length(order, pairs)
    for _ in range(MOST_ROUNDS):
        before = best
        order, best = _improved(order, pairs, best, lambda o: _moves(o))
        for position in range(len(order)):
            order, best = _improved(order, pairs, best, lambda o, p=position: _inner(o, p))
        if best == before:
            break
    return tuple(node for family in order for node in family)


def _length(order, pairs):
    """Rows that the arcs span together."""
    at = {node.cohort: i for i, node in enumerate(n for family in order for n in family)}
    return sum(abs(at[a] - at[b]) for a, b in pairs)


def _improved(order, pairs, best, moves):
    for moved in moves(order):
        length = _length(moved, pairs)
        if length < best:
            order, best = moved, length
    return order, best


def _moves(items):
    """The items with each of them put in each other place."""
    for start in range(len(items)):
        rest = items[:start] + items[start + 1 :]
        for end in range(len(items)):
            if end != start:
                yield [*rest[:end], items[start], *rest[end:]]


def _inner(order, position):
    for moved in _moves(order[position]):
        yield [*order[:position], moved, *order[position + 1 :]]
