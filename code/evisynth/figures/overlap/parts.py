"""Cohorts and the relations between them that an overlap graph draws."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from evisynth.errors import ArgumentError
from evisynth.evidence.doubts import doubts, exclusions, ground_of
from evisynth.evidence.grounds import sideways
from evisynth.evidence.overlap import Edge, OverlapGraph
from evisynth.figures.overlap.order import components
from evisynth.words.names import family_of, family_title, second_name

DRAWN = ("subset_of", "part_of_pool", "same", "partly_shared", "possible")
RELATION_WORDS = {
    "subset_of": "subset of",
    "part_of_pool": "part of the pool",
    "same": "same as",
    "partly_shared": "shares patients with",
    "possible": "may share patients with",
}


@dataclass(frozen=True)
class Node:
    """A cohort: its size, its family with the title, a second name, and whether it is counted."""

    cohort: str
    label: str
    family: str
    patients: int | None
    counted: bool
    title: str
    name: str = ""


@dataclass(frozen=True)
class Link:
    """Cohort ``a`` stands in ``relation`` to cohort ``b``; ``kind`` is how that is known.

    ``follows`` names the cohorts from which an undeclared relation follows.
    """

    a: str
    relation: str
    b: str
    kind: str
    basis: str
    shared: int | None = None
    follows: str = ""


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
    undrawn : int
        Pairs that may share patients through cohorts that are not here, but are weighed against
        each other in no pool.
    """

    components: tuple[tuple[Node, ...], ...]
    links: tuple[Link, ...]
    single: tuple[Node, ...]
    undrawn: int = 0

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
    undrawn = 0
    if hasattr(source, "selections"):
        further, undrawn = derived(evidence, source.chosen(*pools), nodes, links)
        links += further
    linked = {end for link in links for end in (link.a, link.b)}
    single = tuple(node for key, node in nodes.items() if key not in linked)
    return Graph(components(nodes, links), links, single, undrawn)


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
    cohort, family = evidence.cohorts[key], family_of(evidence, key)
    names = family_title(evidence, family), second_name(evidence, key)
    return Node(key, cohort["label"], family, cohort["n"], counted, *names)


# What follows -------------------------------------------------------------------------------------

_AS_LINK = {"inside": "subset_of", "same": "same", "shares": "partly_shared"}


def derived(evidence, chosen, nodes, links):
    """Relations of the cohorts drawn that follow only from cohorts that are not.

    Drawn are those on which a decision rests (a cohort is left out for overlap, or flagged ∩?),
    and those of a cohort that would otherwise stand alone; not what the drawn ones imply.

    Parameters
    ----------
    evidence : Evidence
    chosen : sequence of Selection
    nodes : dict of str to Node
    links : sequence of Link
        Declared.

    Returns
    -------
    links : tuple of Link
    undrawn : int
        Related pairs that neither the declared nor these links tell of.
    """
    told = [edge for edge in evidence.graph.edges if edge.a in nodes and edge.b in nodes]
    found = []

    def tell(pairs):
        for a, b in pairs:
            if not _is_told(OverlapGraph(told), evidence.graph, a, b):
                link = _derived_link(evidence, a, b)
                found.append(link)
                told.append(Edge(link.a, link.relation, link.b))

    tell(_weighed(evidence, chosen))
    tell(_of_the_unlinked(evidence, nodes, (*links, *found)))
    shown, pairs = OverlapGraph(told), combinations(nodes, 2)
    return tuple(found), sum(not _is_told(shown, evidence.graph, a, b) for a, b in pairs)


def _weighed(evidence, chosen):
    """Pairs on which a decision rests, those known to share patients first."""
    apart = [pair for selection in chosen for pair in exclusions(evidence, selection)]
    doubtful = [doubt for selection in chosen for doubt in doubts(evidence, selection)]
    return apart + [tuple(c.cohort["cohort_id"] for c in (d.a, d.b)) for d in doubtful]


def _of_the_unlinked(evidence, nodes, links):
    """Related pairs of cohorts that no link reaches: with counted ones, if there are any."""
    linked = {end for link in links for end in (link.a, link.b)}
    for alone in (key for key in nodes if key not in linked):
        near = [key for key in nodes if key != alone and evidence.graph.describe(alone, key)]
        yield from ((alone, key) for key in [k for k in near if nodes[k].counted] or near)


def _is_told(shown, whole, a, b):
    """Whether one graph tells as much of a pair as the other, or there is nothing to tell."""
    relation, seen = whole.describe(a, b), shown.describe(a, b)
    return not relation or (seen != "" and (seen != "possible" or relation == "possible"))


def _derived_link(evidence, a, b):
    relation, why = evidence.graph.describe(a, b), ground_of(evidence, a, b)
    if relation == "contains":
        a, b, relation = b, a, "inside"
    row = why.deciding
    named = _as_named(evidence, why)
    return Link(a, _AS_LINK.get(relation, relation), b, why.kind, row["basis"], follows=named)


def _as_named(evidence, why):
    """The two cohorts of the deciding relation by their families' names, or those in between."""
    edge = sideways(why.edges)
    if edge is None:
        ends = [end for edge in why.edges for end in (edge.a, edge.b)]
        between = dict.fromkeys(end for end in ends if ends.count(end) > 1)
        return ", ".join(evidence.cohorts[end]["label"] for end in between)
    families = [family_of(evidence, end) for end in (edge.a, edge.b)]
    if families[0] == families[1]:
        return " – ".join(evidence.cohorts[end]["label"] for end in (edge.a, edge.b))
    rows = [evidence.families.get(family, {}) for family in families]
    shorts = [
        row.get("short") or family_title(evidence, f) for row, f in zip(rows, families, strict=True)
    ]
    return " – ".join(shorts)
