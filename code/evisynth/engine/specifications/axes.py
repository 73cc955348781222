"""The choices of a multiverse: data sets and methods checked, their axes, the planned analysis."""

from __future__ import annotations

from collections.abc import Mapping

from evisynth.checks import check_label, shown
from evisynth.errors import ArgumentError


def crossed(function, data_sets, methods, kinds, protocol, why_one):
    """Every data set by every method, as what each analysis chooses.

    Parameters
    ----------
    function : str
        For the message.
    data_sets, methods : sequence
        Entries with ``choices``.
    kinds : (type, type)
        Of the two kinds of entries.
    protocol, why_one : mapping of str to str or None
        As of `multiverse`.

    Returns
    -------
    data_sets, methods : tuple
    specifications : tuple of dict
    planned : int
    axes : tuple
        As of `Multiverse`.
    """
    data_sets = _entries(function, "data_sets", data_sets, kinds[0])
    methods = _entries(function, "methods", methods, kinds[1])
    protocol, why_one = (
        _texts(function, name, given)
        for name, given in (("protocol", protocol), ("why_one", why_one))
    )
    _check_axes(function, "data_sets", data_sets)
    _check_axes(function, "methods", methods)
    specifications = tuple(
        dict(data.choices) | dict(method.choices) for data in data_sets for method in methods
    )
    planned = _position(function, specifications, protocol or specifications[0])
    axes = _axes(specifications, specifications[planned], why_one)
    return data_sets, methods, specifications, planned, axes


def _entries(function, argument, given, kind):
    """A tuple of at least one data set, or method."""
    allowed = f"{kind.__name__} objects in a sequence"
    try:
        entries = tuple(given)
    except TypeError:
        raise ArgumentError(function, argument, shown(given), allowed) from None
    if not entries:
        raise ArgumentError(function, argument, "empty", "at least one entry")
    for i, entry in enumerate(entries):
        if not isinstance(entry, kind):
            raise ArgumentError(function, argument, f"{shown(entry)} at position {i}", allowed)
    return entries


def _texts(function, argument, given):
    """A dict of text to text, empty where none is given."""
    given = {} if given is None else given
    _check_texts(function, argument, given)
    return dict(given)


def _check_texts(function, argument, given):
    if not isinstance(given, Mapping) or not all(
        isinstance(text, str) for item in given.items() for text in item
    ):
        raise ArgumentError(function, argument, shown(given), "a mapping of text to text")


def _check_axes(function, argument, entries):
    for i, entry in enumerate(entries):
        _check_texts(function, f"choices of {argument} at position {i}", entry.choices)
        for text in (*entry.choices, *entry.choices.values()):
            check_label(function, f"choices of {argument} at position {i}", text)
        if list(entry.choices) != list(entries[0].choices):
            given = f"with the axes {', '.join(entry.choices)} at position {i}"
            allowed = f"the axes of the first: {', '.join(entries[0].choices)}"
            raise ArgumentError(function, argument, given, allowed)
    seen = {}
    for i, entry in enumerate(entries):
        key = tuple(entry.choices.values())
        if key in seen:
            given = f"the same at positions {seen[key]} and {i}: {', '.join(key)}"
            raise ArgumentError(function, argument, given, "each combination of levels once")
        seen[key] = i


def _position(function, specifications, protocol):
    for i, choices in enumerate(specifications):
        if all(choices.get(axis) == level for axis, level in dict(protocol).items()):
            return i
    given = ", ".join(f"{axis}: {level}" for axis, level in dict(protocol).items())
    raise ArgumentError(function, "protocol", given, "levels of one of the analyses")


def _axes(specifications, planned, why_one):
    axes = []
    for axis, level in planned.items():
        levels = tuple(dict.fromkeys(choices[axis] for choices in specifications))
        axes.append((axis, levels, level, why_one.get(axis, "") if len(levels) == 1 else ""))
    return tuple(axes)
