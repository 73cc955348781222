"""Effect sizes on the analysis scale, their back-transforms, and exact study intervals.

Arrays in, arrays out; nothing here knows a table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit

from evisynth.errors import ArgumentError, NotEstimable


class EffectSizes(NamedTuple):
    """Effect sizes ``yi`` and sampling variances ``vi``, each of shape (k,), analysis scale."""

    yi: np.ndarray
    vi: np.ndarray


class Measure(NamedTuple):
    """What the registry knows about a measure.

    Attributes
    ----------
    name : str
        In words, for axes and tables.
    back_transform : callable
        From the analysis scale to the display scale.
    arms : int
        1 for a single-arm proportion, 2 for a comparison.
    null : float or None
        The display-scale value that means "no difference".
    """

    name: str
    back_transform: Callable
    arms: int
    null: float | None


def _identity(value):
    return value


MEASURES = {
    "PLO": Measure("proportion (log odds)", expit, 1, None),
    "PR": Measure("proportion", _identity, 1, None),
    "PAS": Measure(
        "proportion (arcsine)", lambda y: np.sin(np.clip(y, 0, np.pi / 2)) ** 2, 1, None
    ),
    "OR": Measure("odds ratio", np.exp, 2, 1.0),
    "RR": Measure("risk ratio", np.exp, 2, 1.0),
    "RD": Measure("risk difference", _identity, 2, 0.0),
    "GEN": Measure("effect", _identity, 0, None),
}


def escalc(measure, *, xi=None, ni=None, ai=None, n1i=None, ci=None, n2i=None, add=0.5):
    """Effect sizes and sampling variances from counts.

    Parameters
    ----------
    measure : {"PLO", "PR", "PAS", "OR", "RR", "RD"}
        Log odds, raw or arcsine proportion of one arm; log odds ratio, log risk ratio or risk
        difference of two arms.
    xi, ni : array_like of int, shape (k,)
        Events and totals, for a one-arm measure.
    ai, n1i, ci, n2i : array_like of int, shape (k,)
        Events and totals of the first and the second arm, for a two-arm measure.
    add : float
        Above 0; added to every cell of a study with a zero cell, and to no other study. The arcsine
        proportion needs none.

    Returns
    -------
    EffectSizes
        ``yi`` on the analysis scale (natural logs for PLO, OR, RR) and ``vi``.

    Raises
    ------
    ArgumentError
        Unknown measure; counts that are missing, not whole, negative or above their total;
        ``add`` not above 0.

    References
    ----------
    Viechtbauer W (2010) J Stat Softw 36(3), section 3; Schwarzer G et al (2019) Res Synth
    Methods 10:476 for the one-arm scales.
    """
    allowed = [name for name in MEASURES if name != "GEN"]
    if measure not in allowed:
        raise ArgumentError("escalc", "measure", repr(measure), ", ".join(allowed))
    if not isinstance(add, int | float) or not 0 < add < np.inf:
        raise ArgumentError("escalc", "add", repr(add), "a number above 0, such as 0.5")
    if MEASURES[measure].arms == 1:
        xi, ni = check_counts("escalc", xi, ni)
        return _ONE_ARM[measure](xi, ni, add)
    ai, n1i = check_counts("escalc", ai, n1i, names=("ai", "n1i"))
    ci, n2i = check_counts("escalc", ci, n2i, names=("ci", "n2i"))
    if ai.size != ci.size:
        raise ArgumentError("escalc", "ci", f"of length {ci.size}", f"the length of ai, {ai.size}")
    return _TWO_ARM[measure](ai, n1i, ci, n2i, add)


def _plo(xi, ni, add):
    empty = (xi == 0) | (xi == ni)
    x, f = xi + add * empty, ni - xi + add * empty
    return EffectSizes(np.log(x / f), 1 / x + 1 / f)


def _pr(xi, ni, add):
    empty = (xi == 0) | (xi == ni)
    p = (xi + add * empty) / (ni + 2 * add * empty)
    return EffectSizes(p, p * (1 - p) / (ni + 2 * add * empty))


def _pas(xi, ni, add):
    return EffectSizes(np.arcsin(np.sqrt(xi / ni)), 1 / (4 * ni))


def _table_cells(ai, n1i, ci, n2i, add):
    cells = np.array([ai, n1i - ai, ci, n2i - ci], dtype=float)
    return cells + add * (cells == 0).any(axis=0)


def _or(ai, n1i, ci, n2i, add):
    a, b, c, d = _table_cells(ai, n1i, ci, n2i, add)
    return EffectSizes(np.log(a / b) - np.log(c / d), 1 / a + 1 / b + 1 / c + 1 / d)


def _rr(ai, n1i, ci, n2i, add):
    a, b, c, d = _table_cells(ai, n1i, ci, n2i, add)
    m, n = a + b, c + d
    return EffectSizes(np.log(a / m) - np.log(c / n), 1 / a - 1 / m + 1 / c - 1 / n)


def _rd(ai, n1i, ci, n2i, add):
    cells = _table_cells(ai, n1i, ci, n2i, add)
    a, b, c, d = cells
    m, n = a + b, c + d
    return EffectSizes(a / m - c / n, a * b / m**3 + c * d / n**3)


_ONE_ARM = {"PLO": _plo, "PR": _pr, "PAS": _pas}
_TWO_ARM = {"OR": _or, "RR": _rr, "RD": _rd}


def study_intervals(xi, ni, *, level=0.95, method="beta"):
    """Interval of each study's proportion.

    Parameters
    ----------
    xi, ni : array_like of int, shape (k,)
        Events and totals.
    level : float in (0, 1)
    method : {"beta", "wilson", "normal"}
        ``beta`` is Clopper and Pearson's exact interval (Biometrika 1934;26:404).

    Returns
    -------
    lower, upper : ndarray of shape (k,)
        Proportions.
    """
    from statsmodels.stats.proportion import proportion_confint

    if method not in ("beta", "wilson", "normal"):
        raise ArgumentError("study_intervals", "method", repr(method), "beta, wilson, normal")
    xi, ni = check_counts("study_intervals", xi, ni)
    check_level("study_intervals", level)
    return proportion_confint(xi, ni, alpha=1 - level, method=method)


def mantel_haenszel(ai, n1i, ci, n2i, *, level=0.95):
    """Common odds ratio over strata, Mantel-Haenszel, with the Robins-Breslow-Greenland variance.

    Parameters
    ----------
    ai, n1i, ci, n2i : array_like of int, shape (k,)
        Events and totals of the first and the second arm of each stratum.
    level : float in (0, 1)

    Returns
    -------
    estimate, lower, upper : float
        Odds ratio and its limits.

    Raises
    ------
    ArgumentError
        Counts that are missing, not whole, negative or above their total; lengths that differ.
    NotEstimable
        No stratum bears on the odds ratio from one side: it would be 0, infinite or undefined.

    References
    ----------
    Robins J, Breslow N, Greenland S (1986) Biometrics 42:311; computed by statsmodels.
    """
    from statsmodels.stats.contingency_tables import StratifiedTable

    ai, n1i = check_counts("mantel_haenszel", ai, n1i, names=("ai", "n1i"))
    ci, n2i = check_counts("mantel_haenszel", ci, n2i, names=("ci", "n2i"))
    if ai.size != ci.size:
        allowed = f"the length of ai, {ai.size}"
        raise ArgumentError("mantel_haenszel", "ci", f"of length {ci.size}", allowed)
    check_level("mantel_haenszel", level)
    if not np.any(ai * (n2i - ci)) or not np.any((n1i - ai) * ci):
        raise NotEstimable(
            f"mantel_haenszel: the odds ratio over {ai.size} strata is 0, infinite or undefined, "
            "because a product of opposite cells is 0 in every stratum."
        )
    tables = [
        np.array([[a, m - a], [c, n - c]]) for a, m, c, n in zip(ai, n1i, ci, n2i, strict=True)
    ]
    strata = StratifiedTable(tables)
    lower, upper = strata.oddsratio_pooled_confint(alpha=1 - level)
    return float(strata.oddsratio_pooled), float(lower), float(upper)


def check_numbers(function, argument, values, *, lower=-np.inf, allowed="finite numbers"):
    """Values as a float array of shape (k,), k >= 1, each finite and at least ``lower``."""
    if values is None:
        raise ArgumentError(function, argument, "missing", allowed)
    array = _as_floats(function, argument, values, allowed)
    if array.ndim != 1:
        raise ArgumentError(function, argument, f"of shape {array.shape}", "one dimension")
    if array.size == 0:
        raise ArgumentError(function, argument, "empty (k = 0)", f"at least one study, {allowed}")
    wrong = np.flatnonzero(~np.isfinite(array) | (array < lower))
    if wrong.size:
        given = f"{array[wrong[0]]:.12g} at position {wrong[0]}"
        raise ArgumentError(function, argument, given, allowed)
    return array


def _as_floats(function, argument, values, allowed):
    """An array of floats; text is refused, also where it could be read as a number."""
    try:
        array = np.atleast_1d(np.asarray(values))
    except ValueError:
        raise ArgumentError(function, argument, f"{values!r:.60}", allowed) from None
    if array.dtype.kind in "biuf":
        return array.astype(float)
    objects = np.atleast_1d(np.asarray(values, dtype=object))
    for position, value in enumerate(objects.flat):
        try:
            accepted = not isinstance(value, str | bytes) and float(value) is not None
        except (TypeError, ValueError):
            accepted = False
        if not accepted:
            given = f"{value!r:.60} at position {position}"
            raise ArgumentError(function, argument, given, allowed)
    return objects.astype(float)


def check_counts(function, xi, ni, *, names=("xi", "ni")):
    """Events and totals as float arrays of shape (k,): whole, 0 <= events <= total, total >= 1."""
    x_name, n_name = names
    xi = check_numbers(function, x_name, xi, lower=0, allowed="whole numbers from 0")
    ni = check_numbers(function, n_name, ni, lower=1, allowed="whole numbers from 1")
    if xi.size != ni.size:
        raise ArgumentError(
            function, n_name, f"of length {ni.size}", f"the length of {x_name}, {xi.size}"
        )
    for name, array in ((x_name, xi), (n_name, ni)):
        wrong = np.flatnonzero(array != np.round(array))
        if wrong.size:
            given = f"{array[wrong[0]]:.12g} at position {wrong[0]}"
            raise ArgumentError(function, name, given, "whole numbers")
    wrong = np.flatnonzero(xi > ni)
    if wrong.size:
        i = wrong[0]
        given = f"{xi[i]:.12g} at position {i}"
        raise ArgumentError(function, x_name, given, f"at most its total, {ni[i]:.12g}")
    return xi, ni


def check_level(function, level):
    """A confidence level strictly between 0 and 1."""
    if not isinstance(level, int | float) or not 0 < level < 1:
        raise ArgumentError(
            function, "level", repr(level), "a number between 0 and 1, such as 0.95"
        )
    return float(level)


def log_odds(proportion):
    """Log odds of a proportion, as the GLMM's scale."""
    return logit(proportion)
