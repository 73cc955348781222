"""Pools and their parts add up, and relations between cohorts hold."""

from __future__ import annotations

from collections import Counter, defaultdict

from evisynth.evidence.arithmetic.rules import has_count, problem, rule
from evisynth.evidence.overlap import Edge, OverlapGraph
from evisynth.evidence.printed import best_rows, half_unit, number, rejected_claims
from evisynth.evidence.schema import Problem


@rule("overlaps", "cohorts")
def parts_add_up(tables):
    """Parts that are said to add up to a pool do."""
    sizes = {row["cohort_id"]: row["n"] for row in tables["cohorts"]}
    table = tables["overlaps"]
    for pool, rows in _arithmetic_parts(tables).items():
        numbers = [sizes.get(row["cohort_a"]) for row in rows]
        if None in numbers or sizes.get(pool) is None or sum(numbers) != sizes[pool]:
            shown = f"{' + '.join(map(str, numbers))} is not {sizes.get(pool)}"
            yield problem(table, rows[0], "basis_kind", f"the parts of {pool}: {shown}")


def _arithmetic_parts(tables):
    """Edges to the parts of each pool whose parts are said to add up to it."""
    parts = defaultdict(list)
    for row in tables["overlaps"]:
        if row["relation"] == "part_of_pool" and row["basis_kind"] == "arithmetic":
            parts[row["cohort_b"]].append(row)
    return parts


def _wholes_and_parts(tables, usable):
    """Rows of one outcome in a pool and in all of its parts, none of which names a discrepancy.

    Yields
    ------
    whole : dict
    parts : list of dict
        Each the row that is preferred among those that are usable.
    """
    rows = filter(usable, tables["outcomes"])
    best = best_rows(rows, rejected_claims(tables))
    pools = _arithmetic_parts(tables)
    for (cohort, *rest), whole in best.items():
        parts = [best.get((edge["cohort_a"], *rest)) for edge in pools.get(cohort, ())]
        if not parts or None in parts:
            continue
        if not any(row["discrepancy_id"] for row in (whole, *parts)):
            yield whole, parts


@rule("outcomes", "overlaps", "discrepancies")
def counts_of_parts_add_up(tables):
    """Events and totals of the parts add up to those of the pool, or a discrepancy says why not."""
    table = tables["outcomes"]
    for whole, parts in _wholes_and_parts(tables, has_count):
        for column in ("events", "total"):
            if sum(part[column] for part in parts) != whole[column]:
                shown = " + ".join(f"{part[column]} ({table.key_of(part)})" for part in parts)
                yield problem(table, whole, column, f"its parts: {shown}; or name a discrepancy")


@rule("outcomes", "overlaps", "discrepancies")
def percentages_of_parts_enclose(tables):
    """A pool's percentage lies between those of its parts, or a discrepancy says why not."""
    table = tables["outcomes"]
    printed = _wholes_and_parts(tables, lambda row: number(row["percent"]) is not None)
    for whole, parts in printed:
        rounding = sum(half_unit(row["percent"]) for row in (whole, parts[0]))
        values = [number(part["percent"]) for part in parts]
        inside = min(values) - rounding <= number(whole["percent"]) <= max(values) + rounding
        if not inside:
            allowed = f"its parts: {min(values)} to {max(values)}; or name a discrepancy"
            yield problem(table, whole, "percent", allowed)


@rule("overlaps", "cohorts")
def subsets_fit(tables):
    """A subset is no larger than its parent, and shares no more than the smaller has."""
    sizes = {row["cohort_id"]: row["n"] for row in tables["cohorts"]}
    table = tables["overlaps"]
    for row in table:
        a, b = sizes.get(row["cohort_a"]), sizes.get(row["cohort_b"])
        if None not in (a, b) and row["relation"] in ("subset_of", "part_of_pool") and a > b:
            yield problem(
                table, row, "cohort_a", f"{a} patients inside {b}; set the relation right"
            )
        if None not in (a, b, row["shared_n"]) and row["shared_n"] > min(a, b):
            yield problem(table, row, "shared_n", f"at most {min(a, b)}")


@rule("overlaps")
def edges_join_two_cohorts(tables):
    """No cohort stands in a relation to itself."""
    for row in tables["overlaps"]:
        if row["cohort_a"] == row["cohort_b"]:
            yield problem(tables["overlaps"], row, "cohort_b", "allowed: another cohort")


@rule("overlaps")
def edges_agree(tables):
    """No two cohorts are declared disjoint and sharing at once."""
    table = tables["overlaps"]
    edges = [Edge(row["cohort_a"], row["relation"], row["cohort_b"]) for row in table]
    disjoint = {frozenset((e.a, e.b)) for e in edges if e.relation == "disjoint"}
    graph = OverlapGraph(edge for edge in edges if edge.a != edge.b)
    for a, b in graph.contradictions():
        how = "declared" if frozenset((a, b)) in disjoint else "as parts of one pool"
        shown = f"{a} and {b} are disjoint ({how})"
        yield Problem(table.name, f"{a} {b}", "relation", shown, "other edges make them share")


@rule("studies", "cohorts", "overlaps")
def families_hold_together(tables):
    """Reports of one family are joined by edges, and only a pool reaches into another family."""
    table = tables["studies"]
    if not all("family_id" in row for row in table):
        return  # a base may do without families
    family = {row["study_id"]: row["family_id"] or row["study_id"] for row in table}
    study = {row["cohort_id"]: row["study_id"] for row in tables["cohorts"]}
    unit = {row["cohort_id"]: row["unit"] for row in tables["cohorts"]}
    joined, astray = defaultdict(set), {}
    for edge in tables["overlaps"]:
        ours, theirs = (study.get(edge[column]) for column in ("cohort_a", "cohort_b"))
        homes = family.get(ours), family.get(theirs)
        if homes[0] == homes[1]:
            joined[ours].add(theirs)
            joined[theirs].add(ours)
        elif edge["relation"] == "same" or (
            edge["relation"] in ("subset_of", "part_of_pool")
            and unit.get(edge["cohort_b"]) not in ("pool", "difference")
        ):
            astray[ours] = (
                f"{edge['cohort_a']} {edge['relation']} {edge['cohort_b']}, of {homes[1]}"
            )
    members = Counter(family.values())
    for row in table:
        name = row["study_id"]
        alone = members[family[name]] > 1 and not joined[name] - {name}
        # A report of two trials has one family and may reach into the other.
        if alone or (name in astray and not joined[name] - {name}):
            allowed = astray.get(name, "an edge to another report of the family")
            yield Problem(table.name, name, "family_id", str(family[name]), allowed)
