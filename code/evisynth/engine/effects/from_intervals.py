"""Effect sizes on the log scale from what reports print: an estimate and its interval."""

from __future__ import annotations

import numpy as np

from evisynth.checks import (
    check_choice,
    check_length,
    check_level,
    check_numbers,
    check_whole_number,
)
from evisynth.engine.effects.escalc import EffectSizes, normal_quantile
from evisynth.errors import ArgumentError

RATIOS = ("HR", "OR", "RR", "MS")


def effect_from_interval(measure, estimate, ci_lb, ci_ub, *, level=0.95, digits=2):
    """Effect sizes and sampling variances from printed estimates and intervals.

    The variance is that of a Wald interval on the log scale: half its width over the normal
    quantile, squared. Its middle must be the estimate, as far as rounding lets one see.

    Parameters
    ----------
    measure : {"HR", "OR", "RR", "MS"}
        Hazard, odds or risk ratio; median survival time.
    estimate, ci_lb, ci_ub : float or array_like, shape (k,) or (B, k)
        As printed, display scale: ratios, or times in any one unit; above 0.
    level : float in (0, 1)
        Of the printed intervals.
    digits : int or None
        Decimals to which estimate and limits are printed, 0 to 15. None takes the width as it is,
        for limits that are not symmetric on the log scale by their making (exact, profile).

    Returns
    -------
    EffectSizes
        ``yi``, the log of the estimate, and ``vi``; a single number as shape (1,).

    Raises
    ------
    ArgumentError
        Numbers that are not above 0, an estimate outside its limits, limits that are equal, or an
        estimate that is not near the geometric mean of its limits beyond what rounding explains.

    References
    ----------
    Parmar MKB, Torri V, Stewart L (1998) Stat Med 17:2815; Higgins JPT et al,
    Cochrane Handbook for Systematic Reviews of Interventions, section 6.3.2.

    Examples
    --------
    >>> from evisynth import effect_from_interval
    >>> effects = effect_from_interval("HR", [0.71, 0.80], [0.55, 0.62], [0.92, 1.03])
    >>> effects.yi.round(3).tolist()
    [-0.342, -0.223]
    >>> effects.vi.round(4).tolist()
    [0.0172, 0.0168]
    """
    function = "effect_from_interval"
    check_choice(function, "measure", measure, RATIOS)
    printed = _printed_intervals(function, estimate, ci_lb, ci_ub)
    level = check_level(function, level)
    if digits is not None:
        digits = check_whole_number(function, "digits", digits, 0, 15)
        _refuse_off_centre(function, *printed, digits)
    return EffectSizes(np.log(printed[0]), interval_variance(function, *printed[1:], level))


def interval_variance(function, ci_lb, ci_ub, level):
    """Variance on the log scale that a symmetric interval of this level implies."""
    quantile = normal_quantile(level)
    if quantile < 1e-9:
        allowed = "a level of which the width of an interval tells a variance, such as 0.95"
        raise ArgumentError(function, "level", f"{level:g}", allowed)
    return (np.log(ci_ub / ci_lb) / (2 * quantile)) ** 2


def _printed_intervals(function, estimate, ci_lb, ci_ub):
    arrays = []
    for name, values in (("estimate", estimate), ("ci_lb", ci_lb), ("ci_ub", ci_ub)):
        values = check_numbers(
            function, name, values, lower=1e-50, allowed="numbers above 0", stack=True
        )
        if arrays:
            check_length(function, name, values, "estimate", arrays[0])
        arrays.append(values)
    estimate, ci_lb, ci_ub = arrays
    _refuse_where(ci_lb > estimate, function, "ci_lb", "at most the estimate", *arrays)
    _refuse_where(ci_ub < estimate, function, "ci_ub", "at least the estimate", *arrays)
    _refuse_where(ci_ub == ci_lb, function, "ci_ub", "above ci_lb", *arrays)
    return estimate, ci_lb, ci_ub


def _refuse_where(wrong, function, argument, allowed, *printed):
    """Refuse the first interval at which ``wrong`` holds, with its numbers."""
    if np.any(wrong):
        position = tuple(np.argwhere(wrong)[0].tolist())
        estimate, ci_lb, ci_ub = (array[position] for array in printed)
        where = position[0] if len(position) == 1 else position
        given = f"{estimate:.6g} [{ci_lb:.6g}, {ci_ub:.6g}] at position {where}"
        raise ArgumentError(function, argument, f"that of {given}", allowed)


def off_centre(estimate, ci_lb, ci_ub, digits):
    """Where an estimate cannot be the middle of its limits on the log scale.

    Each printed number stands for all that round to it; the middle of the limits and the estimate
    must have one in common.
    """
    # The second term is for numbers that are exact in decimals and not in floating point.
    half = 0.5 * 10.0**-digits + 1e-9 * np.array([estimate, ci_lb, ci_ub])
    numbers = np.array([estimate, ci_lb, ci_ub])
    with np.errstate(divide="ignore"):  # what may be 0 before rounding has any logarithm below
        low = np.log(np.maximum(numbers - half, 0))
    high = np.log(numbers + half)
    return (low[0] > (high[1] + high[2]) / 2) | (high[0] < (low[1] + low[2]) / 2)


def _refuse_off_centre(function, estimate, ci_lb, ci_ub, digits):
    wrong = off_centre(estimate, ci_lb, ci_ub, digits)
    if np.any(wrong):
        i = tuple(np.argwhere(wrong)[0].tolist())
        middle = np.sqrt(ci_lb[i]) * np.sqrt(ci_ub[i])
        allowed = (
            f"near the middle of its interval on the log scale, {middle:.6g}, within rounding to "
            f"{digits} decimals; or digits=None to take the interval as it is"
        )
        _refuse_where(wrong, function, "estimate", allowed, estimate, ci_lb, ci_ub)
