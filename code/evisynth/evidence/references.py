"""What the parts of one declared analysis say of each other: pools, contrasts, names of numbers."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from string import Formatter

from evisynth.evidence.declared import Declared
from evisynth.evidence.schema import repeated

ONE_AXIS = "each key, and each column under where, in one axis: their levels are combined"
# Names of numbers that belong to no pool, contrast or printed row.
OF_ALL = ("k", "patients", "flagged")
_TOLD = ("answer", "caveat", "caption", "curve_caption", "line")


def references(spec):
    """Everything that a declared analysis names and does not declare, or declares twice.

    Parameters
    ----------
    spec : AnalysisSpec
        Of the right form.

    Yields
    ------
    path : tuple of str or int
        To the place, for its line.
    value, allowed : str
    """
    if not (spec.pools or spec.effects or spec.times):
        yield ("pools",), "missing", "needed: pools, effects or times"
    ids = [pool.id for pool in spec.pools]
    for twice in repeated(ids):
        place = len(ids) - 1 - ids[::-1].index(twice)
        yield ("pools", place, "id"), twice, "allowed: each id once"
    for place, pool in enumerate(spec.pools):
        axes = {axis: levels.values() for axis, levels in pool.alternatives.items()}
        for key, both in clashes(axes):
            yield ("pools", place, f"alternatives: {key}"), f"in {both}", f"allowed: {ONE_AXIS}"
    for pool in spec.card.pools if spec.card else ():
        if pool not in ids:
            yield ("card", "pools"), pool, _one_of(pool, ids)
    for place, contrast in enumerate(spec.contrasts):
        for side in ("first", "second"):
            if (pool := getattr(contrast, side)) not in ids:
                yield ("contrasts", place, side), pool, _one_of(pool, ids)
    names = [contrast.id for contrast in spec.contrasts]
    for twice in repeated(names):
        yield ("contrasts",), twice, "allowed: each contrast once, by an id of its own"
    effects = [effect.id for effect in spec.effects]
    for place, effect in enumerate(effects):
        if effect in (*ids, *names, *effects[:place]):
            yield ("effects", place, "id"), effect, "allowed: an id that nothing else has"
    times = [one.id for one in spec.times]
    for place, one in enumerate(times):
        if one in (*ids, *names, *effects, *times[:place]):
            yield ("times", place, "id"), one, "allowed: an id that nothing else has"
    if spec.chapter:
        yield from _of_chapter(spec.chapter, ids, names, effects, times)


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


# Of a chapter -------------------------------------------------------------------------------------


def _of_chapter(chapter, pools, contrasts, effects, times):
    """Pools, contrasts and numbers that a chapter names and its analysis does not have."""
    known = {
        "pool": pools, "pools": pools, "first": pools, "second": pools, "across": pools,
        "contrast": contrasts,
        "within": contrasts, "sure": [*pools, *contrasts],
        "effect": effects, "effects": effects, "times": times,
    }  # fmt: skip
    prefixes = [*pools, *contrasts, *effects, *times, *chapter.printed]
    prefixes += ["across"] if chapter.across else []
    for path, key, value in _leaves(chapter):
        if key in known and value and value not in known[key]:
            yield ("chapter", *path), value, _one_of(value, known[key])
        if key in _TOLD:
            yield from ((("chapter", *path), *f) for f in _numbers(value, prefixes))


def _leaves(value, path=(), key=""):
    """Every text of a declaration: the keys and positions that lead to it, and its model's key."""
    if isinstance(value, Declared):
        for name in type(value).model_fields:
            yield from _leaves(getattr(value, name), (*path, name), name)
    elif isinstance(value, Mapping):
        for name, inside in value.items():
            yield from _leaves(inside, (*path, name), key)
    elif isinstance(value, tuple):
        for place, inside in enumerate(value):
            yield from _leaves(inside, (*path, place), key)
    elif isinstance(value, str):
        yield path, key, value


def _numbers(text, prefixes):
    """Names in braces that no pool, contrast or printed row of the chapter can have."""
    try:
        names = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError as error:
        yield text, f"allowed: names of numbers in braces ({error})"
        return
    for name in names:
        if name not in OF_ALL and not any(name.startswith(f"{p}-") for p in prefixes):
            allowed = f"allowed: {', '.join(OF_ALL)}, or what begins with {', '.join(prefixes)}"
            yield f"{{{name}}}", allowed


def _one_of(value, known):
    near = difflib.get_close_matches(value, known, 1)
    hint = f"; near it is {near[0]}" if near else ""
    return f"allowed: {', '.join(known) or 'nothing is declared'}{hint}"
