"""Each question once, declared beside the tables: the form of ``analyses.yml``, and its reading."""

from __future__ import annotations

import re
from types import MappingProxyType

from evisynth.characters import VISIBLE, stray_in
from evisynth.checks import LINK, is_link
from evisynth.evidence.chapter_spec import ChapterSpec, chapter_faults
from evisynth.evidence.contrast_specs import contrast_faults, contrast_spec
from evisynth.evidence.marked_yaml import line_of, parse
from evisynth.evidence.printed import OPEN_COUNTS
from evisynth.evidence.schema import (
    TEXT,
    TEXTS,
    Kind,
    Problem,
    Unreadable,
    is_text,
    is_texts,
    misfits,
    read_text,
    repeated,
)
from evisynth.evidence.specs import COLUMNS, AnalysisSpec, Card, PoolSpec

ANALYSES = "analyses.yml"


def _is_id(value):
    return isinstance(value, str) and bool(re.fullmatch(r"[a-zA-Z0-9][\w-]*", value, re.ASCII))


def _is_filters(value):
    return isinstance(value, dict) and bool(value) and all(map(_is_values, value.values()))


def _is_values(value):
    """Texts or numbers, none twice; YAML's own dates, yes and no are neither."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(type(item) in (str, int, float) for item in value)
        and len(set(value)) == len(value)
    )


def _is_names(value):
    return isinstance(value, dict) and bool(value) and all(map(is_text, value.values()))


def _is_entries(value):
    return isinstance(value, list) and bool(value)


def _is_alternatives(value):
    """Axes with levels; the first level of each is empty, the others declare keys otherwise."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(is_text(axis) and _is_levels(levels) for axis, levels in value.items())
    )


def _is_levels(levels):
    if not isinstance(levels, dict) or len(levels) < 2 or not all(map(is_text, levels)):
        return False
    first, *others = levels.values()
    return first == {} and all(map(_is_override, others))


def _is_override(value):
    return (
        isinstance(value, dict)
        and bool(value)
        and set(value) <= {*COLUMNS, "units", "where", "bounds"}
        and all(_is_filters(v) if key == "where" else is_texts(v) for key, v in value.items())
        and set(value.get("bounds", ())) <= set(OPEN_COUNTS)
    )


_ALTERNATIVES = Kind(
    "axes with two or more levels each: the first {}, each other with lists of outcomes, criteria, "
    "denominators, timepoints or units, with filters under where, or with bounds from "
    + " and ".join(OPEN_COUNTS),
    _is_alternatives,
)
_ENTRIES = Kind("a list of one or more entries", _is_entries)
# It becomes the name of a file, an anchor and part of a glue key.
_ID = Kind("letters, digits, - and _, a letter or digit first, in quotes if it is a number", _is_id)
_PAGE = Kind(LINK, lambda value: is_text(value) and is_link(value))
_FILTERS = Kind("columns of cohorts, each with a list of values, such as {a: [b, c]}", _is_filters)
_NAMES = Kind("short names of pools by their ids", _is_names)
_SERIES = Kind("1, 2 or 3", lambda value: type(value) is int and value in (1, 2, 3))
_KEYS = {
    "id": _ID,
    "question": TEXT,
    **dict.fromkeys(("patients", "agents", "against", "outcome"), TEXT.optional),
    "card": Kind("a card with title, page, pools, unit", lambda v: isinstance(v, dict)).optional,
    "pools": _ENTRIES,
    "contrasts": _ENTRIES.optional,
    "chapter": Kind("the anatomy of a chapter", lambda v: isinstance(v, dict)).optional,
}
_POOL_KEYS = {
    "id": _ID,
    **dict.fromkeys(("title", "estimand"), TEXT),
    "outcomes": TEXTS,
    "where": _FILTERS,
    **dict.fromkeys(("criteria", "denominators", "timepoints", "units"), TEXTS.optional),
    "series": _SERIES.optional,
    "alternatives": _ALTERNATIVES.optional,
}
_CARD_KEYS = {"title": TEXT, "page": _PAGE, "pools": _NAMES, "unit": TEXT}


def read_analyses(path):
    """Analyses declared in a YAML file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    analyses : tuple of AnalysisSpec
        Those whose form is right.
    problems : list of Problem
        Of form: unknown, missing and repeated keys, values of the wrong kind, ids that come twice.
        Whether the values occur in the tables is for `undeclared` to say.
    """
    try:
        declared = parse(read_text(path))
        if found := stray_in(declared):
            raise Unreadable(found, f"allowed: text {VISIBLE}")
        entries = _entries(declared)
    except Unreadable as error:
        return (), [error.problem(ANALYSES)]
    analyses, problems = [], []
    for position, entry in enumerate(entries, 1):
        wrong = list(_faults(entry, position))
        problems += [Problem(ANALYSES, *found, line or "") for *found, line in wrong]
        analyses += [] if wrong else [_analysis_spec(entry)]
    ids = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    problems += [Problem(ANALYSES, x, "id", x, "allowed: each id once") for x in repeated(ids)]
    return tuple(analyses), problems


def _entries(declared):
    """The list under ``analyses``; other keys may hold lists of texts for YAML's anchors."""
    if not isinstance(declared, dict) or not _is_entries(declared.get("analyses")):
        raise Unreadable("no list of analyses", "needed: analyses, each with id, question, pools")
    for key, value in declared.items():
        if key != "analyses" and not is_texts(value):
            raise Unreadable(f"key {key!r}", "allowed: analyses, and lists of texts to refer to")
    return declared["analyses"]


def _faults(entry, position):
    """Name, key, value, allowed of everything wrong with one declared analysis, and its line."""
    name = _name(entry, position)
    for path, found in _found(entry, name):
        yield (*found, line_of(entry, path))


def _found(entry, name):
    """Path from the analysis to each thing that is wrong; name, key, value, allowed."""
    yield from _at((), ((name, *found) for found in misfits(entry, _KEYS)))
    if not isinstance(entry, dict):
        return
    pools = entry["pools"] if _is_entries(entry.get("pools")) else []
    for place, pool in enumerate(pools):
        own = f"{name}/{_name(pool, place + 1)}"
        yield from _at(("pools", place), ((own, *f) for f in misfits(pool, _POOL_KEYS)))
        yield from ((("pools", place, "alternatives"), found) for found in _clashing(pool, own))
    ids = [pool.get("id") for pool in pools if isinstance(pool, dict)]
    for twice in repeated(ids):
        yield ("pools",), (f"{name}/{twice}", "id", twice, "allowed: each id once")
    if isinstance(entry.get("card"), dict):
        yield from _at(("card",), _card_faults(entry["card"], ids, f"{name}/card"))
    contrasts = entry["contrasts"] if _is_entries(entry.get("contrasts")) else []
    for place, contrast in enumerate(contrasts):
        own = f"{name}/contrast {place + 1}"
        for found in contrast_faults(contrast, ids, own):
            inside = ("unplaced",) if found[0] != own else ()
            yield ("contrasts", place, *inside, found[1]), found
    if isinstance(entry.get("chapter"), dict):
        for where, *found in chapter_faults(entry["chapter"]):
            parts = (int(part) if part.isdigit() else part for part in where.split("."))
            yield ("chapter", *parts), (f"{name}/chapter", where, *found)


def _at(path, faults):
    """Each fault with the path to its key."""
    yield from (((*path, found[1]), found) for found in faults)


ONE_AXIS = "each key, and each column under where, in one axis: their levels are combined"


def clashes(axes):
    """Keys of a pool that two axes declare otherwise, so that one would undo the other.

    Parameters
    ----------
    axes : mapping of axis to iterable of mapping
        What each level declares; filters under ``where`` as a mapping, or as pairs.

    Yields
    ------
    key, both axes in words : str
        A column under ``where`` is a key of its own.
    """
    seen = {}
    for axis, levels in axes.items():
        for key in dict.fromkeys(key for level in levels for key in _keys_of(level)):
            first = seen.setdefault(key, axis)
            if first != axis:
                yield key, f"{first!r} and {axis!r}"


def _keys_of(level):
    for key, value in level.items():
        yield from (f"where {column}" for column in dict(value)) if key == "where" else (key,)


def _clashing(pool, name):
    axes = pool.get("alternatives") if isinstance(pool, dict) else None
    if axes and _is_alternatives(axes):
        for key, both in clashes({axis: levels.values() for axis, levels in axes.items()}):
            yield name, f"alternatives: {key}", f"in {both}", f"allowed: {ONE_AXIS}"


def _name(entry, position):
    named = isinstance(entry, dict) and is_text(entry.get("id"))
    return entry["id"] if named else f"number {position}"


def _card_faults(card, ids, name):
    faults = list(misfits(card, _CARD_KEYS))
    yield from ((name, *found) for found in faults)
    for pool in card["pools"] if not faults else ():
        if pool not in ids:
            yield name, "pools", pool, f"allowed: {', '.join(map(str, ids))}"


def _analysis_spec(entry):
    pools = tuple(_pool_spec(pool) for pool in entry["pools"])
    about = {key: entry.get(key, "") for key in ("patients", "agents", "against", "outcome")}
    card = entry.get("card")
    contrasts = tuple(map(contrast_spec, entry.get("contrasts", ())))
    chapter = ChapterSpec(**entry["chapter"]) if "chapter" in entry else None
    return AnalysisSpec(
        entry["id"], entry["question"], pools, **about, card=Card(**card) if card else None,
        contrasts=contrasts, chapter=chapter,
    )  # fmt: skip


def _pool_spec(pool):
    lists = {k: tuple(pool[k]) for k in (*COLUMNS, "units") if k in pool and k != "outcomes"}
    where = {column: tuple(allowed) for column, allowed in pool["where"].items()}
    return PoolSpec(
        pool["id"],
        pool["title"],
        pool["estimand"],
        tuple(pool["outcomes"]),
        MappingProxyType(where),
        series=pool.get("series", 1),
        alternatives=_alternatives(pool.get("alternatives", {})),
        **lists,
    )


def _frozen(values):
    """Lists as tuples, filters as pairs, so that a level can be compared and looked up."""
    if isinstance(values, dict):
        return tuple((column, tuple(allowed)) for column, allowed in values.items())
    return tuple(values)


def _alternatives(axes):
    return MappingProxyType(
        {
            axis: MappingProxyType(
                {
                    level: {key: _frozen(values) for key, values in keys.items()}
                    for level, keys in levels.items()
                }
            )
            for axis, levels in axes.items()
        }
    )
