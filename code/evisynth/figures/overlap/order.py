"""The order in which an overlap graph is drawn: what hangs together, and its arcs kept short."""

from __future__ import annotations

from collections import defaultdict

MOST_ROUNDS = 20


def components(nodes, links):
    """Cohorts that hang together, each group in the order that keeps its arcs short.

    Parameters
    ----------
    nodes : dict of str to Node
    links : sequence of Link

    Returns
    -------
    tuple of tuple of Node
        The largest group first; cohorts without a link are in none.
    """
    near = defaultdict(set)
    for link in links:
        near[link.a].add(link.b)
        near[link.b].add(link.a)
    found, seen = [], set()
    for start in nodes:
        if start in near and start not in seen:
            reached = _reach(start, near)
            seen |= reached
            found.append([node for key, node in nodes.items() if key in reached])
    found.sort(key=len, reverse=True)
    return tuple(_ordered(component, links) for component in found)


def _reach(start, near):
    reached, waiting = {start}, [start]
    while waiting:
        fresh = near[waiting.pop()] - reached
        reached |= fresh
        waiting += sorted(fresh)
    return reached


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
