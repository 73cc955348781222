"""Double reading of the registers: what each row is, and which cohorts share patients.

Statements are paired by the line on which they stand; see `evisynth.evidence.readings.extraction`.
Registers are paired by what their rows are about: the first column of a reading is its key. Two
readings of the overlaps seldom draw the same edges, and need not: they are held against each other
by what follows from the edges.
"""

from __future__ import annotations

from functools import partial
from itertools import combinations
from pathlib import Path

from evisynth.evidence.overlap import RELATIONS, Edge, OverlapGraph
from evisynth.evidence.readings.extraction import ROW, Disagreement, column_decision
from evisynth.evidence.schema import Problem, read_records

REGISTERS = "registers"
COHORTS, OVERLAPS = "cohorts", "overlaps"
NOBODY = "nobody"
_WORDS = {"shares": "partly_shared", "": NOBODY}
_INSIDE = ("subset_of", "part_of_pool")
_FOLLOWS = dict.fromkeys(_INSIDE, "inside")


def read_registers(folder):
    """Registers of one reading.

    Parameters
    ----------
    folder : path
        Of the reading; its registers stand in ``registers/``.

    Returns
    -------
    dict of str to list of dict
        Empty where the reading has none.

    Raises
    ------
    Unreadable
        A file that is no table.
    """
    return {path.stem: _rows(path) for path in sorted((Path(folder) / REGISTERS).glob("*.csv"))}


def _rows(path):
    header, records = read_records(path)
    return [dict(zip(header, record.cells, strict=False)) for record in records]


def compare_registers(first, second):
    """Every disagreement of two readings of the registers.

    Parameters
    ----------
    first, second : dict of str to list of dict
        As `read_registers` returns them.

    Returns
    -------
    list of Disagreement
        Cohorts in their order, then pairs of cohorts in the order of the alphabet.
    """
    found = []
    for register in sorted(set(first) & set(second)):
        apart = _relations_apart if register == OVERLAPS else partial(_features_apart, register)
        found += apart(first[register], second[register])
    return found


def register_sizes(first, second):
    """How much two readings of the registers could disagree on.

    Parameters
    ----------
    first, second : dict of str to list of dict

    Returns
    -------
    dict of str to int
        ``features``: cells that both readings filled; ``pairs``: pairs of cohorts between which
        either draws an edge.
    """
    features = [name for name in set(first) & set(second) if name != OVERLAPS]
    edges = (*first.get(OVERLAPS, ()), *second.get(OVERLAPS, ()))
    return {
        "features": sum(len(first[name]) * len(_features(first[name])[1]) for name in features),
        "pairs": len(set(map(_pair, edges))),
    }


# Features -----------------------------------------------------------------------------------------


def _features(rows):
    """Columns that a reading fills for every row, outside its key and its notes."""
    key, *others = rows[0]
    return key, [name for name in others if name not in ("line", "note")]


def _features_apart(register, first, second):
    key, fields = _features(first)
    other = {row[key]: row for row in second}
    for row in first:
        theirs = other.get(row[key])
        if theirs is None:
            yield Disagreement(register, row[key], ROW, "present", "absent")
            continue
        for field in fields:
            if row[field] != theirs[field]:
                yield Disagreement(register, row[key], field, row[field], theirs[field])


# Overlaps -----------------------------------------------------------------------------------------


def register_graph(rows):
    """The graph of a register's edges.

    Parameters
    ----------
    rows : iterable of mapping
        With ``cohort_a``, ``relation`` and ``cohort_b``.

    Raises
    ------
    ArgumentError
        A relation that does not exist, or a cohort with itself.
    """
    return OverlapGraph(map(_edge, rows))


def _edge(row):
    return Edge(row["cohort_a"], row["relation"], row["cohort_b"])


def _pair(row):
    return tuple(sorted((row["cohort_a"], row["cohort_b"])))


def _name(pair):
    return " ~ ".join(pair)


def relation_between(graph, a, b):
    """What the first cohort is to the second by all that follows from the edges.

    Parameters
    ----------
    graph : OverlapGraph
    a, b : str

    Returns
    -------
    str
        "same", "inside", "contains", "partly_shared", "possible", "disjoint" or "nobody": no edge
        makes them share a patient, and none shows that they do not.
    """
    known = graph.describe(a, b)
    if known in _WORDS:
        return "disjoint" if not known and graph.disjoint(a, b) else _WORDS[known]
    return known


def _relations_apart(first, second):
    ours, theirs = register_graph(first), register_graph(second)
    for pair in sorted({_pair(row) for row in (*first, *second)}):
        said = [relation_between(graph, *pair) for graph in (ours, theirs)]
        if said[0] != said[1]:
            yield Disagreement(OVERLAPS, _name(pair), "relation", *said)
    yield from _columns_apart(first, second)


def _columns_apart(first, second):
    """Where both draw an edge between two cohorts: the number shared, and whence it is known."""
    other = {_pair(row): row for row in second}
    for row in sorted(first, key=_pair):
        theirs = other.get(_pair(row))
        if theirs is None:
            continue
        if row["shared_n"] and theirs["shared_n"] and row["shared_n"] != theirs["shared_n"]:
            numbers = row["shared_n"], theirs["shared_n"]
            yield Disagreement(OVERLAPS, _name(_pair(row)), "shared_n", *numbers)
        if (row["basis_kind"] == "outside") != (theirs["basis_kind"] == "outside"):
            kinds = row["basis_kind"], theirs["basis_kind"]
            yield Disagreement(OVERLAPS, _name(_pair(row)), "basis_kind", *kinds)


# What the tables must hold ------------------------------------------------------------------------


def check_registers(first, second, adjudications, tables):
    """Where a register does not hold what its two readings and the third one say.

    Parameters
    ----------
    first, second : dict of str to list of dict
    adjudications : list of mapping
    tables : dict of str to Table

    Returns
    -------
    list of Problem
    """
    problems = []
    for register in sorted(set(first) & set(second) & set(tables)):
        check = _overlap_problems if register == OVERLAPS else partial(_feature_problems, register)
        problems += check(first[register], second[register], adjudications, tables)
    return problems


def _feature_problems(register, first, second, adjudications, tables):
    decide, table = column_decision(adjudications, register), tables[register]
    key, fields = _features(first)
    ours, theirs = ({row[key]: row for row in rows} for rows in (first, second))
    for row in table:
        name = row[key]
        if name not in ours or name not in theirs:
            yield Problem(register, name, key, name, f"in both readings of the {register}")
            continue
        for field in fields:
            said = ours[name][field], theirs[name][field]
            expected = said[0] if said[0] == said[1] else decide(name, field)
            if (table.printed(row, field) or "") != expected:
                yield _unlike(table, row, field, expected)
    for name in sorted(set(ours) - {row[key] for row in table}):
        yield Problem(register, name, "-", "missing", f"the readings of the {register} have it")


def _unlike(table, row, field, expected):
    allowed = f"the readings say {expected!r}; correct the cell, or the third reading"
    return Problem(table.name, table.key_of(row), field, table.printed(row, field) or "", allowed)


def _overlap_problems(first, second, adjudications, tables):
    kept = [dict(row) for row in tables[OVERLAPS]]
    if any(row["relation"] not in RELATIONS or row["cohort_a"] == row["cohort_b"] for row in kept):
        return
    decide = column_decision(adjudications, OVERLAPS)
    graphs = [register_graph(rows) for rows in (first, second, kept)]
    explicit = {_pair(row) for rows in (first, second, kept) for row in rows}
    for pair in _related(explicit):
        ours, theirs, ends = (relation_between(graph, *pair) for graph in graphs)
        if pair not in explicit:
            # What merely follows is held only as to whether patients are shared.
            if ours == theirs and _sharing(ends) != _sharing(ours):
                yield _unlike_pair(pair, ends, ours)
            continue
        # Where neither reading draws an edge that is kept, no third one may have been asked.
        undecided = f"{ours} and {theirs}"
        said = ours if ours == theirs else decide(_name(pair), "relation", undecided)
        if said != ends:
            yield _unlike_pair(pair, ends, said)
    yield from _edges_lost(first, graphs[2], kept)
    yield from _edge_problems(first, second, decide, tables)


def _edges_lost(first, graph, kept):
    """An edge that was read, and still holds, stays in the register though others imply it."""
    drawn = set(map(_edge, kept))
    for a, relation, b in map(_edge, first):
        holds = relation_between(graph, a, b) == _FOLLOWS.get(relation, relation)
        if holds and (a, relation, b) not in drawn:
            name = _name(sorted((a, b)))
            yield Problem(OVERLAPS, name, "relation", "no edge", f"{a} {relation} {b}")


def _related(explicit):
    """Pairs of cohorts that edges join, however many: between others no reading says anything."""
    import networkx as nx

    for together in nx.connected_components(nx.Graph(explicit)):
        yield from combinations(sorted(together), 2)


def _sharing(relation):
    return {"disjoint": NOBODY}.get(relation, relation)


def _unlike_pair(pair, ends, said):
    allowed = f"the readings say {said}; correct the edges, or let a third reading decide"
    return Problem(OVERLAPS, _name(pair), "relation", ends, allowed)


def _edge_problems(first, second, decide, tables):
    """An edge that was read and is kept has its basis and its shared number; the first one's go."""
    ours, of_first = {_edge(row): row for row in (*second, *first)}, set(map(_edge, first))
    sizes = {row["cohort_id"]: row["n"] for row in tables[COHORTS]}
    table = tables[OVERLAPS]
    for row in table:
        read = ours.get(_edge(row))
        if read:
            columns = ("basis_kind", "shared_n") if _edge(row) in of_first else ("basis_kind",)
            for column in columns:
                said = decide(_name(_pair(row)), column, read[column])
                if (table.printed(row, column) or "") != said:
                    yield _unlike(table, row, column, said)
        if row["relation"] in ("disjoint", "same", *_INSIDE):
            most = 0 if row["relation"] == "disjoint" else sizes.get(row["cohort_a"])
            if row["shared_n"] not in (None, most):
                yield _unlike(table, row, "shared_n", "" if most is None else str(most))
