"""Two-arm trials pooled under one common effect: Mantel-Haenszel, Peto, inverse variance."""

from __future__ import annotations

import numpy as np

from evisynth.checks import check_choice, check_level, check_slab, check_tables
from evisynth.engine.effects.escalc import escalc, uncorrected
from evisynth.engine.effects.measures import MEASURES
from evisynth.engine.random_effects.model import rma
from evisynth.engine.two_arm.result import (
    chi_squared,
    corrected_strata,
    infinite_strata,
    silent_strata,
    strata_outside_Q,
    two_arm,
)
from evisynth.engine.two_arm.stratified import MANTEL_HAENSZEL, association
from evisynth.errors import NotEstimable, named_after

TWO_ARM_MEASURES = ("OR", "RR", "RD")


def mantel_haenszel(ai, n1i, ci, n2i, *, measure="OR", level=0.95, slab=None):
    """Common odds ratio, risk ratio or risk difference over strata, Mantel-Haenszel.

    Nothing is added to any cell. A stratum without events in both arms bears no weight on the two
    ratios, and weighs as any other on the risk difference.

    Parameters
    ----------
    ai, n1i, ci, n2i : array_like of int, shape (k,)
        Events and totals of the first and the second arm of each stratum.
    measure : {"OR", "RR", "RD"}
    level : float in (0, 1)
    slab : sequence of str, optional

    Returns
    -------
    TwoArm
        ``Q`` is Cochran's, about the common effect, over the strata whose own effect is finite and
        has a variance with nothing added.

    Raises
    ------
    ArgumentError
        Counts that are missing, not whole, negative or above their total; lengths that differ; an
        unknown measure.
    NotEstimable
        The strata bear on a ratio from one side at most, so that it would be 0, infinite or
        undefined; or every one of them leaves no variance.

    References
    ----------
    Mantel N, Haenszel W (1959) J Natl Cancer Inst 22:719. Variances: odds ratio, Robins J, Breslow
    N, Greenland S (1986) Biometrics 42:311, computed by statsmodels; risk ratio, Greenland S,
    Robins JM (1985) Biometrics 41:55; risk difference, Sato T, Greenland S, Robins JM
    (1989) Biometrics 45:1323, which holds in sparse strata too.

    Examples
    --------
    >>> from evisynth import mantel_haenszel
    >>> mantel_haenszel([12, 5, 0], [40, 30, 25], [20, 9, 2], [40, 30, 25], measure="RR")
    <Mantel-Haenszel RR, k = 3: 0.548 [0.336, 0.896]>
    """
    function = "mantel_haenszel"
    check_choice(function, "measure", measure, TWO_ARM_MEASURES)
    tables = check_tables(function, ai, n1i, ci, n2i)
    level = check_level(function, level)
    slab = check_slab(function, slab, tables[0].size)
    _refuse_one_sided(measure, tables)
    estimate, variance, weights = MANTEL_HAENSZEL[measure](*tables)
    if not variance > 0:
        raise NotEstimable(
            f"{function}: the strata leave the {MEASURES[measure].name} no variance, because in "
            "each of them an arm has no events or nothing but events; "
            f"{_instead(tables, measure)}."
        )
    Q, Q_p, used = _cochran(measure, tables, estimate)
    CMH, CMH_p = association(tables) if measure == "OR" else (None, None)
    bears = _informative(measure, *tables)
    notes = (*silent_strata(measure, bears, slab), *infinite_strata(bears, weights, slab))
    notes += strata_outside_Q(bears & ~used, slab)
    return two_arm(
        measure, "MH", estimate, np.sqrt(variance), Q=Q, Q_p=Q_p, weights=weights, level=level,
        slab=slab, notes=notes, CMH=CMH, CMH_p=CMH_p,
    )  # fmt: skip


def peto(ai, n1i, ci, n2i, *, level=0.95, slab=None):
    """Common odds ratio over strata by Peto's one-step method, for rare events.

    Nothing is added to any cell; a stratum in which nobody or everybody has the event bears no
    weight. Biased where arms differ much in size or the effect is large (Greenland and Salvan
    1990, Stat Med 9:247).

    Parameters
    ----------
    ai, n1i, ci, n2i : array_like of int, shape (k,)
        Events and totals of the first and the second arm of each stratum.
    level : float in (0, 1)
    slab : sequence of str, optional

    Returns
    -------
    TwoArm
        With ``measure`` "OR".

    Raises
    ------
    ArgumentError
        As `mantel_haenszel`.
    NotEstimable
        No stratum has both patients with and patients without the event.

    References
    ----------
    Yusuf S, Peto R, Lewis J, Collins R, Sleight P (1985) Prog Cardiovasc Dis 27:335.
    """
    tables = check_tables("peto", ai, n1i, ci, n2i)
    a, n1, c, n2 = tables
    level = check_level("peto", level)
    slab = check_slab("peto", slab, a.size)
    excess = (a * n2 - c * n1) / (n1 + n2)  # observed less expected, of the first arm
    vi = _hypergeometric(*tables)
    if not np.any(vi > 0):
        raise NotEstimable(
            f"peto: over {a.size} strata the event happened to nobody or to everybody, so no "
            f"odds ratio can be estimated; {_instead(tables, 'OR')}."
        )
    estimate = excess.sum() / vi.sum()
    used = vi > 0
    # The sum of squares about the common effect, which does not cancel.
    Q, Q_p = chi_squared(np.sum((excess[used] - estimate * vi[used]) ** 2 / vi[used]), used)
    return two_arm(
        "OR", "Peto", estimate, 1 / np.sqrt(vi.sum()), Q=Q, Q_p=Q_p, weights=vi, level=level,
        slab=slab, notes=silent_strata("OR", used, slab),
    )  # fmt: skip


def inverse_variance(ai, n1i, ci, n2i, *, measure="OR", level=0.95, slab=None, add=0.5):
    """Common odds ratio, risk ratio or risk difference over strata, weighted by precision.

    Strata that say nothing of the ratio are left out before anything is added to a cell: for the
    odds ratio those in which nobody or everybody has the event, for the risk ratio those in which
    nobody has.

    Parameters
    ----------
    ai, n1i, ci, n2i : array_like of int, shape (k,)
        Events and totals of the first and the second arm of each stratum.
    measure : {"OR", "RR", "RD"}
    level : float in (0, 1)
    slab : sequence of str, optional
    add : float
        Above 0; added to every cell of a stratum with an empty cell, see `escalc`.

    Returns
    -------
    TwoArm
        As `rma` of the effect sizes under equal effects with normal limits.

    Raises
    ------
    ArgumentError
        As `mantel_haenszel` and `escalc`.
    NotEstimable
        Every stratum is left out.

    References
    ----------
    Deeks JJ, Higgins JPT, Altman DG (eds) Cochrane Handbook for Systematic Reviews of
    Interventions, sections 10.3.1 and 10.4.4.
    """
    function = "inverse_variance"
    check_choice(function, "measure", measure, TWO_ARM_MEASURES)
    tables = check_tables(function, ai, n1i, ci, n2i)
    level = check_level(function, level)
    slab = check_slab(function, slab, tables[0].size)
    kept = _informative(measure, *tables)
    if not np.any(kept):
        raise NotEstimable(
            f"{function}: none of {kept.size} strata says anything of the "
            f"{MEASURES[measure].name}: the event happened to nobody or to everybody; "
            f"{_instead(tables, measure)}."
        )
    names = ("ai", "n1i", "ci", "n2i")
    counts = {name: array[kept] for name, array in zip(names, tables, strict=True)}
    with named_after(function):
        effects = escalc(measure, **counts, add=add)
    fit = rma(*effects, method="EE", test="z", level=level)
    weights = np.zeros(kept.size)
    weights[kept] = fit.weights
    notes = (
        *silent_strata(measure, kept, slab),
        *corrected_strata(counts, np.array(slab)[kept], add),
    )
    Q, Q_p = (fit.Q, fit.Q_p) if fit.k > 1 else (None, None)
    return two_arm(
        measure, "IV", fit.estimate, fit.se, Q=Q, Q_p=Q_p, weights=weights, level=level, slab=slab,
        notes=notes,
    )  # fmt: skip


def _refuse_one_sided(measure, tables):
    """A ratio with nothing above or nothing below its line."""
    a, n1, c, n2 = tables
    products = {"OR": (a * (n2 - c), (n1 - a) * c), "RR": (a, c)}.get(measure, ())
    if not all(np.any(product) for product in products):
        cause = {
            "OR": "a product of opposite cells is 0 in every stratum",
            "RR": "an arm has no events in any stratum",
        }
        raise NotEstimable(
            f"mantel_haenszel: the {MEASURES[measure].name} over {a.size} strata is 0, infinite or "
            f"undefined, because {cause[measure]}; {_instead(tables, measure)}."
        )


def _instead(tables, measure):
    """What these counts allow in place of what was refused; each is known to work on them."""
    arguments = "ai, n1i, ci, n2i"
    calls = []
    if measure == "OR" and np.any(_hypergeometric(*tables) > 0):
        calls.append(f"peto({arguments}) for the odds ratio")
    if measure != "RD" and MANTEL_HAENSZEL["RD"](*tables)[1] > 0:
        calls.append(f"mantel_haenszel({arguments}, measure='RD') for the risk difference")
    # Score limits of each arm exist for any counts.
    calls.append(f"newcombe({arguments}) for the risk difference of each stratum, unpooled")
    return f"what they allow: {'; or '.join(calls)}"


def _hypergeometric(a, n1, c, n2):
    """Variance of the events of the first arm where all totals of a stratum are given."""
    n, events = n1 + n2, a + c
    return events * (n - events) * (n1 / n) * (n2 / n) / (n - 1)


def _cochran(measure, tables, estimate):
    """Cochran's Q about the common effect, its p, and the strata that are in it."""
    yi, vi = uncorrected(measure, *tables)
    used = np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
    return *chi_squared(np.sum((yi[used] - estimate) ** 2 / vi[used]), used), used


def _informative(measure, a, n1, c, n2):
    """Strata that bear on the measure."""
    nobody, everybody = (a == 0) & (c == 0), (a == n1) & (c == n2)
    return {"OR": ~nobody & ~everybody, "RR": ~nobody, "RD": np.ones(a.shape, bool)}[measure]
