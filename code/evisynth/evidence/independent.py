"""Which cohorts to count, so that no patient counts twice."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, pairwise
from numbers import Integral
from typing import NamedTuple

from evisynth.checks import is_number
from evisynth.errors import ArgumentError
from evisynth.evidence.overlap import OverlapGraph, quoted

MOST = 10**9  # patients of a cohort


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

    Examples
    --------
    >>> from evisynth import OverlapGraph, independent_set
    >>> from evisynth.evidence.independent import Candidate
    >>> from evisynth.evidence.overlap import Edge
    >>> graph = OverlapGraph([Edge("interim", "subset_of", "trial")])
    >>> cohorts = [Candidate("interim", 40), Candidate("trial", 90), Candidate("clinic", 25)]
    >>> independent_set(cohorts, graph)
    ('clinic', 'trial')
    """
    import networkx as nx

    candidates = _checked("independent_set", candidates, graph)
    ordered = sorted(candidates, key=lambda candidate: (candidate.order, candidate.cohort))
    names = [candidate.cohort for candidate in ordered]
    conflicts = nx.Graph()
    conflicts.add_nodes_from(range(len(ordered)))
    conflicts.add_edges_from(
        (i, j) for i, j in combinations(range(len(ordered)), 2) if graph.shares(names[i], names[j])
    )
    kept: list[str] = []
    for component in nx.connected_components(conflicts):
        kept += _best_of(sorted(component), conflicts, ordered)
    return tuple(sorted(kept))


def latest_set(candidates: Iterable[Candidate], graph: OverlapGraph) -> tuple[str, ...]:
    """The cohorts to count so that no patient counts twice, where the latest report speaks.

    One cohort after the other, the highest order first and of equals the largest: who shares no
    patient with one that is kept is kept. What is left out shares with a report as late or later.

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
        A cohort that comes twice, or whose patients or order are not whole numbers.
    """
    kept: list[str] = []
    candidates = _checked("latest_set", candidates, graph)
    for c in sorted(candidates, key=lambda c: (-c.order, -c.patients, c.cohort)):
        if not any(graph.shares(c.cohort, other) for other in kept):
            kept.append(c.cohort)
    return tuple(sorted(kept))


def _checked(function, given, graph):
    """Candidates whose names, patients and order can be compared, each cohort once."""
    candidates = _candidates(function, given)
    if not isinstance(graph, OverlapGraph):
        raise ArgumentError(function, "graph", f"a {type(graph).__name__}", "an OverlapGraph")
    names = sorted(candidate.cohort for candidate in candidates)
    for twice in (name for name, following in pairwise(names) if name == following):
        raise ArgumentError(function, "candidates", f"{twice!r} twice", "each cohort once")
    return candidates


def _candidates(function, given):
    """Candidates whose names, patients and order can be compared."""
    try:
        candidates = tuple(given)
    except TypeError:
        shown = f"a {type(given).__name__}"
        raise ArgumentError(function, "candidates", shown, "a sequence") from None
    for position, candidate in enumerate(candidates):
        if not isinstance(candidate, Candidate) or not isinstance(candidate.cohort, str):
            shown = f"a {type(candidate).__name__} at position {position}"
            allowed = "Candidates whose cohort is text"
            raise ArgumentError(function, "candidates", shown, allowed)
        for name in ("patients", "order"):
            number = getattr(candidate, name)
            lowest = 0 if name == "patients" else -MOST
            whole = is_number(number, Integral)
            if not whole or not lowest <= number <= MOST:
                value = quoted(number)
                value = f"{value} patients" if name == "patients" else f"order {value}"
                shown = f"{candidate.cohort!r} with {value}"
                allowed = "whole numbers" + " from 0" * (name == "patients")
                allowed += f" to {MOST}" * (whole and number > MOST)
                raise ArgumentError(function, "candidates", shown, allowed)
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
