"""What is known of each measure: its name, its scale, and the way back to what is displayed."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from evisynth.checks import LARGEST, SMALLEST_VARIANCE, check_number, check_numbers
from evisynth.errors import ArgumentError


class Measure(NamedTuple):
    """What the registry knows about a measure.

    Attributes
    ----------
    name : str
        In words, for axes and tables.
    back_transform : callable
        From the analysis scale to the display scale; where ``needs_total`` is true its second
        argument is a total.
    arms : int
        1 for a single-arm proportion, 2 for a comparison, 0 for neither.
    null : float or None
        The display-scale value that means "no difference".
    scale : str
        The transformation in a word, empty where there is none.
    needs_total : bool
    ends : callable or None
        Of a total where ``needs_total`` is true: the analysis-scale values of 0 and of 1, beyond
        which the back-transform has nothing to give and stays there.
    """

    name: str
    back_transform: Callable
    arms: int
    null: float | None
    scale: str = ""
    needs_total: bool = False
    ends: Callable | None = None


def _identity(value):
    return value


def inverse_arcsine(yi):
    """Proportion of an arcsine; beyond the range of arcsines 0 or 1."""
    return np.sin(np.clip(yi, 0, np.pi / 2)) ** 2


def inverse_freeman_tukey(yi, ni=None, *, vi=None):
    """Proportion of a double arcsine, which depends on the total that it came from.

    Parameters
    ----------
    yi : float or array_like, shape (m,)
        Half the sum of the two arcsines, of a study or of a pooled mean.
    ni : array_like, optional
        Totals; of several the harmonic mean is taken, after Miller.
    vi : float, optional
        In place of ``ni`` the variance of ``yi``: the total is 1 / (4 vi), after Barendregt.

    Returns
    -------
    ndarray or float
        Proportions, shape of ``yi``; 0 or 1 beyond the double arcsine of no event or of all.

    Raises
    ------
    ArgumentError
        Both or neither of ``ni`` and ``vi``, or numbers that are not above 0.

    References
    ----------
    Miller JJ (1978) Am Stat 32:138; Barendregt JJ et al (2013) J Epidemiol Community Health
    67:974.
    """
    if (ni is None) == (vi is None):
        given = "missing" if ni is None else "given beside vi"
        raise ArgumentError("inverse_freeman_tukey", "ni", given, "totals ni, or else vi")
    n = harmonic_mean("inverse_freeman_tukey", "ni", ni) if vi is None else _effective_total(vi)
    none, every = _double_arcsine_ends(n)
    yi = check_numbers("inverse_freeman_tukey", "yi", yi).reshape(np.shape(yi))
    y = np.clip(yi, none, every)
    sine = np.sin(2 * y)
    inner = sine + (sine - 1 / sine) / n
    # (1 - sqrt(1 - inner^2)) / 2 without the cancellation where the proportion is small.
    inner = np.clip(inner, -1, 1)  # beyond it only by rounding, or for totals below 1
    share = inner**2 / (2 * (1 + np.sqrt(1 - inner**2)))
    proportion = np.where(np.cos(2 * y) >= 0, share, 1 - share)
    return np.where(yi <= none, 0.0, np.where(yi >= every, 1.0, proportion))[()]


def harmonic_mean(function, argument, values):
    """Harmonic mean of totals above 0."""
    allowed = "numbers above 0"
    array = check_numbers(function, argument, values, lower=SMALLEST_VARIANCE, allowed=allowed)
    return float(1 / np.mean(1 / array))


def _is_variance(value):
    return SMALLEST_VARIANCE <= value <= LARGEST


def _effective_total(vi):
    check_number("inverse_freeman_tukey", "vi", vi, _is_variance, "a number above 0")
    return 1 / (4 * float(vi))


def double_arcsine(xi, ni):
    """Half the sum of the two arcsines; Freeman and Tukey (1950) Ann Math Stat 21:607."""
    return (np.arcsin(np.sqrt(xi / (ni + 1))) + np.arcsin(np.sqrt((xi + 1) / (ni + 1)))) / 2


def _double_arcsine_ends(n):
    return tuple(float(double_arcsine(x, n)) for x in (0.0, n))


def _arcsine_ends():
    return 0.0, np.pi / 2


MEASURES = {
    "PLO": Measure("proportion (log odds)", expit, 1, None, "logit"),
    "PLN": Measure("proportion (log)", np.exp, 1, None, "log"),
    "PR": Measure("proportion", _identity, 1, None),
    "PAS": Measure("proportion (arcsine)", inverse_arcsine, 1, None, "arcsine", ends=_arcsine_ends),
    "PFT": Measure(
        "proportion (double arcsine)",
        inverse_freeman_tukey,
        1,
        None,
        "double arcsine",
        True,
        _double_arcsine_ends,
    ),
    "OR": Measure("odds ratio", np.exp, 2, 1.0, "log"),
    "RR": Measure("risk ratio", np.exp, 2, 1.0, "log"),
    "RD": Measure("risk difference", _identity, 2, 0.0),
    "HR": Measure("hazard ratio", np.exp, 2, 1.0, "log"),
    "MS": Measure("median survival", np.exp, 0, None, "log"),
    "GEN": Measure("effect", _identity, 0, None),
}

_WORDS = {
    "estimate": "estimate", "ci_lb": "lower limit", "ci_ub": "upper limit",
    "pi_lb": "lower prediction limit", "pi_ub": "upper prediction limit",
}  # fmt: skip
_ROUNDING = 1e-12


def shown_as(measure, values, total=None):
    """Which values lie beyond the ends of a measure, and so are displayed as 0 or as 1.

    Parameters
    ----------
    measure : str
    values : mapping of str to float, ndarray or None
        Analysis scale.
    total : float, optional
        Where the back-transform needs one.

    Returns
    -------
    dict of {0, 1} to dict of str to ndarray of bool
        Names of which some value is cut off, with the places.
    """
    ends = MEASURES[measure].ends
    if ends is None:
        return {}
    low, high = ends(*((total,) if MEASURES[measure].needs_total else ()))
    known = {n: np.atleast_1d(v) for n, v in values.items() if v is not None and n in _WORDS}
    beyond = {
        0: {n: v < low - _ROUNDING for n, v in known.items()},
        1: {n: v > high + _ROUNDING for n, v in known.items()},
    }
    return {end: {n: b for n, b in of.items() if b.any()} for end, of in beyond.items()}


def cut_notes(measure, values, total=None, *, places="data sets"):
    """Says which displayed numbers a back-transform cut off; as `shown_as`, empty if none.

    Limits on the scale of PR or PLN can lie where no proportion does, and are shown as they are;
    what does is named too.
    """
    scale = MEASURES[measure].scale
    if MEASURES[measure].needs_total:
        scale += f" at the harmonic mean of the totals, {total:.4g},"
    cut = tuple(
        f"beyond the range of the {scale} and shown as {end}: "
        + _which(beyond, values, places)
        for end, beyond in shown_as(measure, values, total).items() if beyond
    )  # fmt: skip
    return cut + _impossible_notes(measure, values, places)


_PROPORTIONS = {"PR": (0.0, 1.0), "PLN": (-np.inf, 0.0)}  # analysis scale


def _impossible_notes(measure, values, places):
    if measure not in _PROPORTIONS:
        return ()
    low, high = _PROPORTIONS[measure]
    known = {n: np.atleast_1d(v) for n, v in values.items() if v is not None and n in _WORDS}
    outside = {n: (v < low - _ROUNDING) | (v > high + _ROUNDING) for n, v in known.items()}
    which = _which({n: b for n, b in outside.items() if b.any()}, values, places)
    said = f"beyond 0 to 1, which {measure} does not keep a proportion within: {which}"
    return (said,) if which else ()


def _which(beyond, values, places):
    return ", ".join(_WORDS[n] + _where(b, values[n], places) for n, b in beyond.items())


def _where(beyond, value, places):
    return f" in {beyond.sum()} of {beyond.size} {places}" if np.ndim(value) else ""
