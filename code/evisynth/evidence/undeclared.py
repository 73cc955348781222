"""Whether what the analyses name occurs in the tables."""

from __future__ import annotations

from evisynth.evidence.analyses import ANALYSES
from evisynth.evidence.schema import Problem, field_of
from evisynth.evidence.specs import COLUMNS


def undeclared(analyses, book, tables, broken=()):
    """Values of the analyses that no row has, and units that the codebook does not know.

    Parameters
    ----------
    analyses : tuple of AnalysisSpec
    book : dict
        The codebook.
    tables : dict of str to Table
    broken : collection of str
        Tables with problems of form, against which nothing is compared.

    Yields
    ------
    Problem
    """
    known = {}
    if "outcomes" not in broken:
        known = {key: _values(tables["outcomes"], column) for key, column in COLUMNS.items()}
    cohorts = None if "cohorts" in broken else tables["cohorts"]
    for analysis in analyses:
        for pool in analysis.pools:
            wrong = []
            for spec in _every(pool):
                wrong += _unknown_values(spec, known | {"units": _units(book)})
                wrong += [] if cohorts is None else _unknown_filters(spec, cohorts)
            name = f"{analysis.id}/{pool.id}"
            yield from (Problem(ANALYSES, name, *found) for found in dict.fromkeys(wrong))
        for contrast in analysis.contrasts:
            name = f"{analysis.id}/{contrast.first} against {contrast.second}"
            found = _unknown_rows(contrast.unplaced, tables, broken)
            yield from (Problem(ANALYSES, name, *problem) for problem in found)


def _every(pool):
    """The pool and each of its alternatives."""
    yield pool
    for levels in pool.alternatives.values():
        yield from (pool.otherwise(keys) for keys in levels.values() if keys)


def _units(book):
    return field_of(book, "cohorts", "unit")["constraints"]["enum"]


def _values(rows, column):
    return sorted({row[column] for row in rows if row[column] is not None})


def _unknown_values(pool, known):
    for key, values in known.items():
        for value in getattr(pool, key):
            if value not in values:
                yield key, value, f"allowed: {', '.join(map(str, values))}"


def _unknown_filters(pool, cohorts):
    for column, values in pool.where.items():
        if column not in cohorts[0]:
            yield "where", column, f"allowed: {', '.join(cohorts[0])}"
            continue
        known = _values(cohorts, column)
        for value in values:
            if value not in known:
                yield f"where {column}", value, f"allowed: {', '.join(map(str, known))}"


def _unknown_rows(unplaced, tables, broken):
    """A study, or rows of outcomes, that no table has."""
    if unplaced is None:
        return
    for key, table, column, values in (
        ("study", "studies", "study_id", (unplaced.study,)),
        ("known", "outcomes", "row_id", unplaced.known),
    ):
        known = set() if table in broken else {row[column] for row in tables[table]}
        for value in values:
            if table not in broken and value not in known:
                yield f"unplaced {key}", value, f"allowed: a {column} of {table}"
