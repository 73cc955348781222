"""What a forest plot refuses to draw."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from numbers import Real

from evisynth.checks import is_number, shown
from evisynth.errors import ArgumentError
from evisynth.figures.base.rows import Diamond, Group, LeftOutRow, Row

_RANGES = {
    "proportion": (0, 1, "a proportion, 0 to 1"),
    "ratio": (0, inf, "a ratio above 0"),
    "difference": (-inf, inf, "a number"),
}


def checked_groups(groups):
    """Groups as a tuple; anything else is refused."""
    allowed = "groups, a MetaAnalysis or a Pooled"
    try:
        groups = tuple(groups)
    except TypeError:
        raise ArgumentError("forest", "groups", shown(groups), allowed) from None
    for position, group in enumerate(groups):
        if not isinstance(group, Group):
            given = f"{shown(group)} at position {position}"
            raise ArgumentError("forest", "groups", given, allowed)
        for name in ("subtotal", "nonetheless"):
            pooled = getattr(group, name)
            if not isinstance(pooled, Diamond | None):
                given = f"{shown(pooled)} at position {position}"
                raise ArgumentError("forest", f"groups: {name}", given, "a Diamond, or None")
        if not isinstance(group.rows, list | tuple):
            given = f"{shown(group.rows)} at position {position}"
            raise ArgumentError("forest", "groups: rows", given, "Rows in a sequence")
        check_kind("forest", "groups: rows", group.rows, Row)
    return groups


def check_kind(function, argument, items, kind):
    """Refuse the first item that is not of its class."""
    for position, item in enumerate(items):
        if not isinstance(item, kind):
            given = f"{shown(item)} at position {position}"
            raise ArgumentError(function, argument, given, f"{kind.__name__} objects")


def checked_left_out(left_out):
    """Rows left out as a tuple; anything else is refused."""
    try:
        left_out = tuple(left_out)
    except TypeError:
        allowed = "LeftOut objects in a sequence"
        raise ArgumentError("forest", "left_out", shown(left_out), allowed) from None
    check_kind("forest", "left_out", left_out, LeftOutRow)
    return left_out


def checked_codes(codes):
    """Codes and what they mean, both in text."""
    codes = {} if codes is None else codes
    if not isinstance(codes, Mapping) or not all(
        isinstance(text, str) for item in codes.items() for text in item
    ):
        raise ArgumentError("forest", "codes", shown(codes), "a mapping of text to text")
    return dict(codes)


def check_marks(function, argument, axis, items, kind):
    """Refuse marks of another class, and those that cannot stand on the axis."""
    check_kind(function, argument, items, kind)
    for item in items:
        _check_mark(function, axis, item)


def _check_mark(function, axis, item):
    if item.estimate is None and not isinstance(item, Diamond):
        return
    for name in ("estimate", "lower", "upper"):
        value = getattr(item, name)
        # A row may lack a limit, a diamond is drawn by all three.
        missing = value is None and name != "estimate" and not isinstance(item, Diamond)
        if not _is_real(value) and not missing:
            given = f"{shown(value)} for {item.label!r}"
            raise ArgumentError(function, name, given, "a number")
    _check_estimate(function, axis, item)
    _check_limits(function, axis, item)


def _is_real(value):
    if not is_number(value, Real):
        return False
    try:
        float(value)  # a limit may be infinite, but an integer beyond floating point is none
    except OverflowError:
        return False
    return True


def check_forest(plot):
    """Refuse estimates, limits and prediction limits that cannot be, and cells without a head."""
    for row in plot.rows:
        if len(row.columns) > len(plot.columns):
            given = f"{len(row.columns)} cells for {row.label!r}"
            raise ArgumentError(
                "forest", "columns", given, f"at most {len(plot.columns)}, as heads"
            )
        weight = row.weight
        if weight is not None and not (_is_real(weight) and 0 <= float(weight) < inf):
            given = f"{shown(weight)} for {row.label!r}"
            raise ArgumentError("forest", "weight", given, "a percentage from 0, or None")
    for item in plot.drawn:
        _check_mark("forest", plot.axis, item)


def _check_estimate(function, axis, item):
    lowest, highest, allowed = _RANGES[axis.kind]
    if not lowest <= item.estimate <= highest or (axis.kind == "ratio" and item.estimate == 0):
        given = f"{item.estimate:g} for {item.label!r}"
        raise ArgumentError(function, "estimate", given, f"{allowed}, or None")


def _check_limits(function, axis, item):
    low = item.estimate if item.lower is None else item.lower
    high = item.estimate if item.upper is None else item.upper
    given = f"{low:g} to {high:g} for {item.label!r}"
    # Wide enough for limits and estimates that were rounded before they came here.
    if not low - 0.006 <= item.estimate <= high + 0.006:
        raise ArgumentError(function, "limits", given, f"limits around {item.estimate:g}")
    lowest, highest, allowed = _RANGES[axis.kind]
    slack = 1e-9  # a limit at the end of its range is there but for rounding
    if axis.kind == "proportion" and not (lowest - slack <= low and high <= highest + slack):
        raise ArgumentError(function, "limits", given, allowed)
    if axis.kind == "ratio" and low < 0:
        raise ArgumentError(function, "limits", given, allowed)
    _check_prediction(function, axis, item)


def _check_prediction(function, axis, item):
    prediction = getattr(item, "prediction", None)
    if prediction is None:
        return
    pair = isinstance(prediction, list | tuple) and len(prediction) == 2
    if not pair or not all(map(_is_real, prediction)):
        given = f"{shown(prediction)} for {item.label!r}"
        raise ArgumentError(function, "prediction", given, "two rising limits, or None")
    low, high = prediction
    lowest, highest, allowed = _RANGES[axis.kind]
    slack = 1e-9 if axis.kind == "proportion" else 0
    if not lowest - slack <= low <= high <= highest + slack:
        given = f"{low:g} to {high:g} for {item.label!r}"
        raise ArgumentError(function, "prediction", given, f"two rising limits, {allowed}")
