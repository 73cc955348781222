"""What a forest plot refuses to draw."""

from __future__ import annotations

from math import inf

from evisynth.checks import shown
from evisynth.errors import ArgumentError
from evisynth.figures.rows import Group

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
    return groups


def check_forest(plot):
    """Refuse estimates, limits and prediction limits that cannot be, and cells without a head."""
    for row in plot.rows:
        if len(row.columns) > len(plot.columns):
            given = f"{len(row.columns)} cells for {row.label!r}"
            raise ArgumentError(
                "forest", "columns", given, f"at most {len(plot.columns)}, as heads"
            )
    for item in plot.drawn:
        if item.estimate is not None:
            _check_estimate(plot.axis, item)
            _check_limits(plot.axis, item)


def _check_estimate(axis, item):
    lowest, highest, allowed = _RANGES[axis.kind]
    if not lowest <= item.estimate <= highest or (axis.kind == "ratio" and item.estimate == 0):
        given = f"{item.estimate:g} for {item.label!r}"
        raise ArgumentError("forest", "estimate", given, f"{allowed}, or None")


def _check_limits(axis, item):
    low = item.estimate if item.lower is None else item.lower
    high = item.estimate if item.upper is None else item.upper
    given = f"{low:g} to {high:g} for {item.label!r}"
    # Wide enough for limits and estimates that were rounded before they came here.
    if not low - 0.006 <= item.estimate <= high + 0.006:
        raise ArgumentError("forest", "limits", given, f"limits around {item.estimate:g}")
    lowest, highest, allowed = _RANGES[axis.kind]
    slack = 1e-9  # a limit at the end of its range is there but for rounding
    if axis.kind == "proportion" and not (lowest - slack <= low and high <= highest + slack):
        raise ArgumentError("forest", "limits", given, allowed)
    if axis.kind == "ratio" and low < 0:
        raise ArgumentError("forest", "limits", given, allowed)
    _check_prediction(axis, item)


def _check_prediction(axis, item):
    if not getattr(item, "prediction", None):
        return
    low, high = item.prediction
    lowest, highest, allowed = _RANGES[axis.kind]
    slack = 1e-9 if axis.kind == "proportion" else 0
    if not lowest - slack <= low <= high <= highest + slack:
        given = f"{low:g} to {high:g} for {item.label!r}"
        raise ArgumentError("forest", "prediction", given, f"two rising limits, {allowed}")
