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
from numbers import Integral
from typing import NamedTuple

from evisynth.errors import ArgumentError

MOST = 10**9  # patients of a cohort
RELATIONS = ("same", "subset_of", "part_of_pool", "partly_shared", "disjoint", "possible")


class Edge(NamedTuple):
    """Cohort ``a`` stands in ``relation`` to cohort ``b``."""

    a: str
    relation: str
    b: str


class Candidate(NamedTuple):
    """A cohort that could be counted.

    Attributes
    ----------
    cohort : str
    patients : int
    primary : bool
        Whether it was read in its own report.
    order : int
        Lower comes first among equals, for instance the year of the report.
    """

    cohort: str
    patients: int
    primary: bool = True
    order: int = 0


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
        return _reach(cohort, self._parents)

    def contents(self, cohort: str) -> frozenset[str]:
        """The cohort and every cohort that lies wholly inside it."""
        return _reach(cohort, self._children)

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
        return any(
            frozenset((x, y)) in self._pairs("possible") | self._pairs("partly_shared")
            for x in near_a
            for y in near_b
        )

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
        quoted = _quoted(given) if known else f"a {type(given).__name__}"
        allowed = "cohort, relation and cohort, each as text"
        raise ArgumentError("OverlapGraph", "edges", f"{quoted} at position {position}", allowed)
    return Edge(*parts)


def _quoted(value):
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


def independent_set(candidates: Iterable[Candidate], graph: OverlapGraph) -> tuple[str, ...]:
    """The cohorts to count so that no patient counts twice.

    Of all sets in which no two cohorts share patients, the one with the most patients; among equals
    the one with more cohorts read in their own report; among those the one that comes first by
    order, then by id.

    Parameters
    ----------
    candidates : iterable of Candidate
        Each cohort once.
    graph : OverlapGraph

    Returns
    -------
    tuple of str
        Cohort ids, sorted.

    Raises
    ------
    ArgumentError
        A cohort that comes twice, or whose patients are not a whole number from 0.
    """
    import networkx as nx

    candidates = _candidates(candidates)
    if not isinstance(graph, OverlapGraph):
        given = f"a {type(graph).__name__}"
        raise ArgumentError("independent_set", "graph", given, "an OverlapGraph")
    ordered = sorted(candidates, key=lambda candidate: (candidate.order, candidate.cohort))
    names = [candidate.cohort for candidate in ordered]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ArgumentError("independent_set", "candidates", f"{twice!r} twice", "each cohort once")
    conflicts = nx.Graph()
    conflicts.add_nodes_from(range(len(ordered)))
    conflicts.add_edges_from(
        (i, j) for i, j in combinations(range(len(ordered)), 2) if graph.shares(names[i], names[j])
    )
    kept: list[str] = []
    for component in nx.connected_components(conflicts):
        kept += _best_of(sorted(component), conflicts, ordered)
    return tuple(sorted(kept))


def _candidates(given):
    """Candidates whose names, patients and order can be compared."""
    try:
        candidates = tuple(given)
    except TypeError:
        quoted = f"a {type(given).__name__}"
        raise ArgumentError("independent_set", "candidates", quoted, "a sequence") from None
    for position, candidate in enumerate(candidates):
        if not isinstance(candidate, Candidate) or not isinstance(candidate.cohort, str):
            quoted = f"a {type(candidate).__name__} at position {position}"
            allowed = "Candidates whose cohort is text"
            raise ArgumentError("independent_set", "candidates", quoted, allowed)
        for name in ("patients", "order"):
            number = getattr(candidate, name)
            lowest = 0 if name == "patients" else -MOST
            whole = isinstance(number, Integral) and not isinstance(number, bool)
            if not whole or not lowest <= number <= MOST:
                value = _quoted(number)
                value = f"{value} patients" if name == "patients" else f"order {value}"
                quoted = f"{candidate.cohort!r} with {value}"
                allowed = "whole numbers" + " from 0" * (name == "patients")
                allowed += f" to {MOST}" * (whole and number > MOST)
                raise ArgumentError("independent_set", "candidates", quoted, allowed)
    return candidates


def _best_of(component, conflicts, ordered):
    """Heaviest independent set of one component: a heaviest clique of its complement."""
    import networkx as nx

    if len(component) == 1:
        return [ordered[component[0]].cohort]
    compatible = nx.Graph()
    scale = len(component) + 1
    order = 2 ** len(component)
    for rank, node in enumerate(component):
        candidate = ordered[node]
        # Python's integers, which do not overflow as NumPy's do.
        weight = (int(candidate.patients) * scale + bool(candidate.primary)) * order
        compatible.add_node(node, weight=weight + 2 ** (len(component) - 1 - rank))
    compatible.add_edges_from(
        (i, j) for i, j in combinations(component, 2) if not conflicts.has_edge(i, j)
    )
    chosen, _ = nx.max_weight_clique(compatible)
    return [ordered[node].cohort for node in chosen]
