"""Whether what the analyses name occurs in the tables."""

from __future__ import annotations

import difflib

from evisynth.errors import EvisynthError
from evisynth.evidence.analyses import ANALYSES
from evisynth.evidence.conditions import Condition
from evisynth.evidence.marked_yaml import line_of
from evisynth.evidence.printed import ROW_TABLES
from evisynth.evidence.schema import Problem, field_of
from evisynth.evidence.specs import COLUMNS


def undeclared(analyses, book, tables, broken=(), declared=None):
    """Values of the analyses that no row has, and units that the codebook does not know.

    Parameters
    ----------
    analyses : tuple of AnalysisSpec
    book : dict
        The codebook.
    tables : dict of str to Table
    broken : collection of str
        Tables with problems of form, against which nothing is compared.
    declared : mapping of analysis to Marked, optional
        As read, for the line of each problem.

    Yields
    ------
    Problem
    """
    known = {}
    if "outcomes" not in broken:
        known = {key: _values(tables["outcomes"], column) for key, column in COLUMNS.items()}
    known["units"] = field_of(book, "cohorts", "unit")["constraints"]["enum"]
    if "studies" not in broken:
        known["designs"] = sorted({row.get("design") for row in tables["studies"]} - {None})
    sound = {name: rows for name, rows in tables.items() if name not in broken}
    for analysis in analyses:
        marked = (declared or {}).get(analysis.id)
        found = [*_of_pools(analysis, known, sound), *_of_contrasts(analysis, sound)]
        found += [*_of_effects(analysis, sound), *_of_times(analysis, known, sound)]
        found += _of_chapter(analysis, sound, tables) if analysis.chapter else []
        for path, name, *told in dict.fromkeys(found):
            yield Problem(ANALYSES, name, *told, line_of(marked, path) or "")


# Pools --------------------------------------------------------------------------------------------


def _of_pools(analysis, known, tables):
    for place, pool in enumerate(analysis.pools):
        name, path = f"{analysis.id}/{pool.id}", ("pools", place)
        for inside, spec in _every(pool):
            found = [
                *_unknown_values(spec, known),
                *_unknown_in(spec.where, tables.get("cohorts"), "where"),
            ]
            for key, value, allowed in found:
                yield (*path, *inside, *key.split()), name, key, value, allowed


def _every(pool):
    """The pool and each of its alternatives, with the path into it."""
    yield (), pool
    for axis, levels in pool.alternatives.items():
        for level, keys in levels.items():
            if keys:
                yield ("alternatives", axis, level), pool.otherwise(keys)


def _values(rows, column):
    return sorted({row[column] for row in rows if row[column] is not None})


def _unknown_values(pool, known):
    for key, values in known.items():
        for value in getattr(pool, key):
            if value not in values:
                yield key, value, f"allowed: {', '.join(map(str, values))}"


def _unknown_in(filters, cohorts, key):
    """Columns that cohorts do not have, and values that no cohort has."""
    for column, values in filters.items() if cohorts else ():
        if column not in cohorts[0]:
            yield key, column, f"allowed: {', '.join(cohorts[0])}"
            continue
        known = _values(cohorts, column)
        for value in values:
            if value not in known:
                yield f"{key} {column}", value, f"allowed: {', '.join(map(str, known))}"


# Contrasts ----------------------------------------------------------------------------------------


def _of_contrasts(analysis, tables):
    """A study, or rows of outcomes, that no table has."""
    for place, contrast in enumerate(analysis.contrasts):
        if (unplaced := contrast.unplaced) is None:
            continue
        name = f"{analysis.id}/{contrast.first} against {contrast.second}"
        for key, table, column, values in (
            ("study", "studies", "study_id", (unplaced.study,)),
            ("known", "outcomes", "row_id", unplaced.known),
        ):
            known = {row[column] for row in tables.get(table, ())}
            for value in values:
                if table in tables and value not in known:
                    path = ("contrasts", place, "unplaced", key)
                    yield path, name, f"unplaced {key}", value, f"allowed: a {column} of {table}"


# Effects ------------------------------------------------------------------------------------------

_OF_EFFECTS = {"outcomes": ("outcome",), "measures": ("measure",), "sets": ("set_a", "set_b")}


def _of_effects(analysis, tables):
    """Outcomes, measures and sets of no contrast, filters of no cohort."""
    rows = tables.get("contrasts", ())
    known = {
        key: sorted({row[column] for column in columns for row in rows} - {None})
        for key, columns in _OF_EFFECTS.items()
    }
    for place, effect in enumerate(analysis.effects):
        name, path = f"{analysis.id}/{effect.id}", ("effects", place)
        found = list(_unknown_values(effect, known)) if "contrasts" in tables else []
        for side in ("first", "second"):
            about = _unknown_in(getattr(effect, side), tables.get("cohorts"), side)
            found += list(about)
        for key, value, allowed in found:
            yield (*path, *key.split()), name, key, value, allowed


# Times --------------------------------------------------------------------------------------------


def _of_times(analysis, known, tables):
    """Endpoints and sets of no row of survival, filters of no cohort."""
    rows = tables.get("survival", ())
    named = {
        "endpoints": sorted({row["endpoint"] for row in rows}),
        "subsets": sorted({row["subset"] for row in rows}),
    }
    shared = {key: known[key] for key in ("units", "designs") if key in known}
    for place, spec in enumerate(analysis.times):
        name, path = f"{analysis.id}/{spec.id}", ("times", place)
        found = list(_unknown_values(spec, (named if rows else {}) | shared))
        found += _unknown_in(spec.where, tables.get("cohorts"), "where")
        for key, value, allowed in found:
            yield (*path, *key.split()), name, key, value, allowed


# Chapters -----------------------------------------------------------------------------------------


def _of_chapter(analysis, tables, every):
    """Rows, tables and columns that a chapter names and the base does not have."""
    chapter, name = analysis.chapter, f"{analysis.id}/chapter"
    for table in chapter.disagreements:
        if table not in every:
            yield (("chapter", "disagreements"), name, "disagreements", table,
                   f"allowed: {', '.join(every)}")  # fmt: skip
    whole = all(table in tables for table in ROW_TABLES if table in every)
    rows = {row["row_id"] for table in ROW_TABLES for row in tables.get(table, ())}
    for key, printed in chapter.printed.items() if whole else ():
        if printed.row not in rows:
            near = difflib.get_close_matches(printed.row, rows, 1)
            hint = f"; near it is {near[0]}" if near else ""
            allowed = f"allowed: a row_id of {', '.join(ROW_TABLES)}{hint}"
            yield ("chapter", "printed", key), name, f"printed.{key}", printed.row, allowed
    for section, declared in chapter.sections.items():
        for place, view in enumerate(declared.show):
            path = ("chapter", "sections", section, "show", place)
            for key, value, allowed in _of_view(view, tables, every):
                yield (*path, key), name, f"sections.{section}.{key}", value, allowed


def _of_view(view, tables, every):
    """A study, filters or events that nothing has; a table of patients, its columns."""
    if view.view == "adverse_events":
        yield from _of_events(view, tables)
    if view.view == "arms":
        studies = _values(tables["studies"], "study_id") if "studies" in tables else [view.study]
        if view.study not in studies:
            near = difflib.get_close_matches(view.study, studies, 3)
            yield "study", view.study, f"allowed: a study_id of studies, such as {', '.join(near)}"
        for side in ("arm", "against"):
            yield from _unknown_in(getattr(view, side), tables.get("cohorts"), side)
    table = getattr(view, "table", None)
    if table is None:
        return
    if table not in every:
        yield "table", table, f"allowed: {', '.join(every)}"
        return
    if not tables.get(table):
        return
    columns = list(tables[table][0])
    for key in ("by", "time", "status", "group"):
        column = getattr(view, key, None)
        if column is not None and column not in columns:
            yield key, column, f"allowed: {', '.join(columns)}"
    for key in ("where", "event"):
        condition = getattr(view, key, "")
        try:
            Condition(condition, columns) if condition else None
        except EvisynthError as error:
            yield key, condition, f"allowed: a condition on the columns; {error}"


def _of_events(view, tables):
    """Outcomes, or columns and values of cohorts, that the base does not have."""
    if tables.get("outcomes"):
        known = _values(tables["outcomes"], "outcome")
        for code in view.outcomes:
            if code not in known:
                yield "outcomes", code, f"allowed: {', '.join(known)}"
    for key, value, allowed in _unknown_in(view.where, tables.get("cohorts"), "where"):
        yield key.split()[0], value, allowed
