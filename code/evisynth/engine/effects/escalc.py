"""Effect sizes on the analysis scale, and exact study intervals.

Arrays in, arrays out; nothing here knows a table.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from evisynth.checks import check_choice, check_counts, check_level, check_number, check_tables
from evisynth.engine.effects.measures import double_arcsine
from evisynth.errors import ArgumentError


class EffectSizes(NamedTuple):
    """Effect sizes ``yi`` and variances ``vi``, each of shape (k,) or (B, k), analysis scale."""

    yi: np.ndarray
    vi: np.ndarray


LEAST_ADDED = 1e-9  # to a cell without anybody; its inverse is a variance


def escalc(measure, *, xi=None, ni=None, ai=None, n1i=None, ci=None, n2i=None, add=0.5):
    """Effect sizes and sampling variances from counts.

    Parameters
    ----------
    measure : {"PLO", "PLN", "PR", "PAS", "PFT", "OR", "RR", "RD"}
        Log odds, log, raw, arcsine or Freeman-Tukey double-arcsine proportion of one arm; log odds
        ratio, log risk ratio or risk difference of two arms.
    xi, ni : array_like of int, shape (k,) or (B, k)
        Events and totals, for a one-arm measure; of B data sets at once, a row each.
    ai, n1i, ci, n2i : array_like of int, shape (k,) or (B, k)
        Events and totals of the first and the second arm, for a two-arm measure.
    add : float
        From 1e-9; added to every cell of a study with a zero cell, and to no other study. The two
        arcsines need none.

    Returns
    -------
    EffectSizes
        ``yi`` on the analysis scale (natural logs for PLO, PLN, OR, RR) and ``vi``, in the shape
        of the counts.

    Raises
    ------
    ArgumentError
        Unknown measure; counts that are missing, not whole, negative, above their total or above
        1e9; counts of the other kind of measure; ``add`` below 1e-9.

    References
    ----------
    Viechtbauer W (2010) J Stat Softw 36(3), section 3; Schwarzer G et al (2019) Res Synth
    Methods 10:476 for the one-arm scales; Freeman MF, Tukey JW (1950) Ann Math Stat 21:607, here
    half of their sum.

    Examples
    --------
    >>> from evisynth import escalc
    >>> effects = escalc("OR", ai=[12, 5], n1i=[40, 30], ci=[20, 9], n2i=[40, 30])
    >>> effects.yi.round(3).tolist()
    [-0.847, -0.762]
    >>> effects.vi.round(3).tolist()
    [0.219, 0.399]
    """
    check_choice("escalc", "measure", measure, [*_ONE_ARM, *_TWO_ARM])
    add = check_number(
        "escalc", "add", add, lambda a: LEAST_ADDED <= a <= 1e9,
        f"a number from {LEAST_ADDED:g} to 1e9, such as 0.5",
    )  # fmt: skip
    one, two = {"xi": xi, "ni": ni}, {"ai": ai, "n1i": n1i, "ci": ci, "n2i": n2i}
    if measure in _ONE_ARM:
        _refuse_others(measure, one, two)
        return _ONE_ARM[measure](*check_counts("escalc", xi, ni, stack=True), add)
    _refuse_others(measure, two, one)
    return _TWO_ARM[measure](*check_tables("escalc", ai, n1i, ci, n2i, stack=True), add)


def _refuse_others(measure, wanted, others):
    for name, values in others.items():
        if values is not None:
            allowed = f"{', '.join(wanted)} for {measure}, nothing else"
            raise ArgumentError("escalc", name, "given", allowed)


def _plo(xi, ni, add):
    empty = (xi == 0) | (xi == ni)
    x, f = xi + add * empty, ni - xi + add * empty
    return EffectSizes(np.log(x / f), 1 / x + 1 / f)


def _filled(xi, ni, add):
    """Events and totals, with something added to both cells where one of them is empty."""
    empty = (xi == 0) | (xi == ni)
    return xi + add * empty, ni + 2 * add * empty


def _pln(xi, ni, add):
    x, n = _filled(xi, ni, add)
    return EffectSizes(np.log(x / n), (n - x) / (x * n))


def _pr(xi, ni, add):
    x, n = _filled(xi, ni, add)
    return EffectSizes(x / n, x / n * (1 - x / n) / n)


def _pas(xi, ni, add):
    return EffectSizes(np.arcsin(np.sqrt(xi / ni)), 1 / (4 * ni))


def _pft(xi, ni, add):
    return EffectSizes(double_arcsine(xi, ni), 1 / (4 * ni + 2))


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


def uncorrected(measure, ai, n1i, ci, n2i):
    """Two-arm effect sizes with nothing added; not finite, or without variance, at some zeros."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _TWO_ARM[measure](ai, n1i, ci, n2i, 0.0)


_ONE_ARM = {"PLO": _plo, "PLN": _pln, "PR": _pr, "PAS": _pas, "PFT": _pft}
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

    check_choice("study_intervals", "method", method, ("beta", "wilson", "normal"))
    xi, ni = check_counts("study_intervals", xi, ni)
    level = check_level("study_intervals", level)
    return proportion_confint(xi, ni, alpha=1 - level, method=method)


def exact_interval(events, total, level):
    """Clopper and Pearson's limits of one proportion, also of the sum of all studies."""
    from statsmodels.stats.proportion import proportion_confint

    # Not `study_intervals`, which takes no total above that of one study.
    return tuple(map(float, proportion_confint(events, total, alpha=1 - level, method="beta")))


def normal_quantile(level):
    """Half the width of a normal interval in standard errors; exact also for levels near 1."""
    return float(-ndtri((1 - level) / 2))
