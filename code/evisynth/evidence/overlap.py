"""Which cohorts share patients: reasoned from declared relations, never listed per analysis.

A relation is an edge between two cohorts. What follows from the edges:

* a cohort contains what is ``same`` as it, ``subset_of`` it or ``part_of_pool`` of it, and theirs;
* parts of one pool are disjoint, and so is everything inside them;
* two cohorts inside one parent are taken to share patients unless shown to be disjoint;
* whoever contains a sharing cohort shares its patients too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

from evisynth.errors import ArgumentError

RELATIONS = ("same", "subset_of", "part_of_pool", "partly_shared", "disjoint", "possible")


class Edge(NamedTuple):
    """Cohort ``a`` stands in ``relation`` to cohort ``b``."""

    a: str
    relation: str
    b: str


class OverlapGraph:
    """Relations between cohorts, and what follows from them.

    Parameters
    ----------
    edges : iterable of Edge

    Raises
    ------
    ArgumentError
        What is no edge, an unknown relation, or an edge from a cohort to itself.
    """

    def __init__(self, edges: Iterable[Edge]):
        """Keep the edges; refuse those that cannot be."""
        try:
            edges = tuple(edges)
        except TypeError:
            given = f"a {type(edges).__name__}"
            raise ArgumentError("OverlapGraph", "edges", given, "edges in a sequence") from None
        self.edges = tuple(_edge(*item) for item in enumerate(edges))
        for position, edge in enumerate(self.edges):
            if edge.relation not in RELATIONS:
                given = f"{edge.relation!r} at position {position}"
                raise ArgumentError("OverlapGraph", "relation", given, ", ".join(RELATIONS))
            if edge.a == edge.b:
                given = f"{edge.a!r} with itself at position {position}"
                raise ArgumentError("OverlapGraph", "edge", given, "two different cohorts")

    @cached_property
    def _parents(self):
        parents: dict[str, set[str]] = {}
        for a, relation, b in self.edges:
            if relation in ("same", "subset_of", "part_of_pool"):
                parents.setdefault(a, set()).add(b)
            if relation == "same":
                parents.setdefault(b, set()).add(a)
        return parents

    @cached_property
    def _children(self):
        children: dict[str, set[str]] = {}
        for child, parents in self._parents.items():
            for parent in parents:
                children.setdefault(parent, set()).add(child)
        return children

    @cached_property
    def _declared_disjoint(self):
        pairs = {frozenset((a, b)) for a, relation, b in self.edges if relation == "disjoint"}
        parts: dict[str, set[str]] = {}
        for a, relation, b in self.edges:
            if relation == "part_of_pool":
                parts.setdefault(b, set()).add(a)
        for pool in parts.values():
            pairs |= {frozenset(pair) for pair in combinations(sorted(pool), 2)}
        return pairs

    def containers(self, cohort: str) -> frozenset[str]:
        """The cohort and every cohort that contains all of it."""
        if cohort not in self._above:
            self._above[cohort] = _reach(cohort, self._parents)
        return self._above[cohort]

    def contents(self, cohort: str) -> frozenset[str]:
        """The cohort and every cohort that lies wholly inside it."""
        if cohort not in self._below:
            self._below[cohort] = _reach(cohort, self._children)
        return self._below[cohort]

    @cached_property
    def _above(self) -> dict[str, frozenset[str]]:
        """Answers of `containers`, which all that follows from the edges asks again and again."""
        return {}

    @cached_property
    def _below(self) -> dict[str, frozenset[str]]:
        """Answers of `contents`."""
        return {}

    def disjoint(self, a: str, b: str) -> bool:
        """Whether the edges show that no patient is in both."""
        return any(
            frozenset((x, y)) in self._declared_disjoint
            for x in self.containers(a)
            for y in self.containers(b)
            if x != y
        )

    def shares(self, a: str, b: str) -> bool:
        """Whether patients are in both, shown by the edges or presumed from a common parent."""
        pair = frozenset((a, b))
        if pair not in self._known:
            self._known[pair] = self._shares(a, b)
        return self._known[pair]

    @cached_property
    def _known(self) -> dict[frozenset[str], bool]:
        """Answers of `shares`, which the branches of an analysis ask again and again."""
        return {}

    def _shares(self, a: str, b: str) -> bool:
        if a == b:
            return True
        if self.disjoint(a, b):
            return False
        return any(self._linked(x, y) for x in self.contents(a) for y in self.contents(b))

    def possibly_shares(self, a: str, b: str) -> bool:
        """Whether patients may be in both, without being known to be."""
        if self.shares(a, b) or self.disjoint(a, b):
            return False
        near_a = self.contents(a) | self.containers(a)
        near_b = self.contents(b) | self.containers(b)
        doubtful = self._pairs("possible") | self._pairs("partly_shared")
        return any(frozenset((x, y)) in doubtful for x in near_a for y in near_b)

    def _linked(self, x: str, y: str) -> bool:
        if x == y or frozenset((x, y)) in self._pairs("partly_shared"):
            return True
        return bool(self.containers(x) & self.containers(y)) and not self.disjoint(x, y)

    def _pairs(self, relation: str) -> frozenset[frozenset[str]]:
        return self._pairs_by_relation.get(relation, frozenset())

    @cached_property
    def _pairs_by_relation(self):
        found: dict[str, set[frozenset[str]]] = {}
        for a, relation, b in self.edges:
            found.setdefault(relation, set()).add(frozenset((a, b)))
        return {relation: frozenset(pairs) for relation, pairs in found.items()}

    def cautious(self) -> CautiousGraph:
        """The same cohorts, with those that may share patients taken to share them."""
        return CautiousGraph(self)

    def describe(self, a: str, b: str) -> str:
        """How ``a`` relates to ``b``: "same", "inside", "contains", "shares", "possible" or ""."""
        if b in self.containers(a):
            return "same" if a in self.containers(b) else "inside"
        if a in self.containers(b):
            return "contains"
        if self.shares(a, b):
            return "shares"
        return "possible" if self.possibly_shares(a, b) else ""

    def contradictions(self) -> list[tuple[str, str]]:
        """Pairs that the edges show to be disjoint and to share patients at once."""
        nodes = sorted({node for a, _, b in self.edges for node in (a, b)})
        return [
            (a, b)
            for a, b in combinations(nodes, 2)
            if self.disjoint(a, b)
            and (
                self.contents(a) & self.contents(b)
                or frozenset((a, b)) in self._pairs("partly_shared") | self._pairs("same")
            )
        ]


class CautiousGraph(OverlapGraph):
    """A graph in which cohorts that may share patients are taken to share them.

    Parameters
    ----------
    graph : OverlapGraph
        What is known, and what is possible.
    """

    def __init__(self, graph: OverlapGraph):
        """Keep the graph, whose own answers are needed to know what is merely possible."""
        super().__init__(graph.edges)
        self._graph = graph

    def _shares(self, a: str, b: str) -> bool:
        return self._graph.shares(a, b) or self._graph.possibly_shares(a, b)

    def possibly_shares(self, a: str, b: str) -> bool:
        """Never: what is possible is taken for certain."""
        return False


def _edge(position, given):
    """An edge of three names."""
    parts = given if isinstance(given, tuple | list) else ()
    if len(parts) != 3 or not all(isinstance(part, str) for part in parts):
        known = isinstance(given, tuple | list | str)
        shown = quoted(given) if known else f"a {type(given).__name__}"
        allowed = "cohort, relation and cohort, each as text"
        raise ArgumentError("OverlapGraph", "edges", f"{shown} at position {position}", allowed)
    return Edge(*parts)


def quoted(value):
    """A value as an error shows it."""
    try:
        return f"{value!r:.60}"
    except ValueError:  # an integer of more digits than Python prints
        return f"a {type(value).__name__}"


def _reach(start: str, steps: Mapping[str, set[str]]) -> frozenset[str]:
    seen, waiting = {start}, [start]
    while waiting:
        for node in steps.get(waiting.pop(), ()):
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return frozenset(seen)
