"""Subgroups of studies: an analysis of each, and a test whether they differ."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import chdtrc, stdtrit

from evisynth.checks import (
    check_choice,
    check_effects,
    check_length,
    check_level,
    check_numbers,
    check_slab,
)
from evisynth.engine.effects.measures import MEASURES, cut_notes
from evisynth.engine.moderators.design import INTERCEPT, check_groups
from evisynth.engine.moderators.meta_regression import TESTS, fit_moderators
from evisynth.engine.random_effects.intervals import inconsistency, new_study_sd
from evisynth.engine.random_effects.model import rma
from evisynth.engine.random_effects.result import MetaAnalysis
from evisynth.engine.random_effects.tau2 import ESTIMATORS, stack_of
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.result import Result


@dataclass(frozen=True, repr=False)
class Subgroups(Result):
    """Analyses of groups of studies, and the test between them.

    Attributes
    ----------
    analyses : dict of str to MetaAnalysis
        One per group, in order of appearance.
    Q_between, Q_p : float
        Test that all groups have one mean: a chi-squared, or an F where ``Q_df`` has two numbers.
    Q_df : tuple of int
        (groups - 1,), or (groups - 1, k - groups).
    shared : bool
        Whether the groups have one between-study variance.
    tau2 : dict of str to float
        Of each group; all the same where it is shared.
    tau2_total : float or None
        Without groups, where tau2 is shared.
    R2 : float or None
        Percent of ``tau2_total`` that the groups account for, at least 0.
    groups : tuple of str
        Of each study.
    """

    measure: str
    method: str
    test: str
    k: int
    shared: bool
    analyses: dict[str, MetaAnalysis]
    Q_between: float
    Q_df: tuple[int, ...]
    Q_p: float
    tau2: dict[str, float]
    tau2_total: float | None
    R2: float | None
    groups: tuple[str, ...]
    level: float = 0.95
    notes: tuple[str, ...] = ()

    def terms(self):
        """A row per group, display scale."""
        scale = MEASURES[self.measure].name
        return [
            {"term": group} | one.displayed | {"scale": scale, "k": one.k, "tau2": one.tau2}
            for group, one in self.analyses.items()
        ]

    def __repr__(self):
        df = ", ".join(map(str, self.Q_df))
        tau2 = "one tau2" if self.shared else "a tau2 each"
        return (
            f"<{len(self.analyses)} subgroups {self.measure}, {self.method}, {tau2}, k = {self.k}: "
            f"{'F' if len(self.Q_df) > 1 else 'Q'}({df}) = {self.Q_between:.3f}, "
            f"p = {self.Q_p:.4f}>"
        )


def subgroups(
    yi, vi, groups, *, tau2="common", method="REML", test="adhoc", measure="GEN", level=0.95,
    slab=None, ni=None,
):  # fmt: skip
    """Analyse groups of studies and test whether their means differ.

    Groups of single-arm studies are compared across trials that nobody randomised.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effect sizes and sampling variances, analysis scale.
    groups : sequence of str, length k
    tau2 : {"common", "separate"}
        One model with one residual between-study variance (a meta-regression on the groups), or a
        model for each group, whose means are then compared by Cochran's Q.
    method, test, measure, level, slab
        As for `meta_regression`.
    ni : array_like, shape (k,)
        Totals, for the measure "PFT" and no other.

    Returns
    -------
    Subgroups

    Raises
    ------
    ArgumentError
        As `rma`; labels that are missing, or one group alone.
    NotEstimable
        No group has more than one study.

    References
    ----------
    Borenstein M et al (2009) Introduction to meta-analysis, ch 19; Rubio-Aparicio M et al (2017) Br
    J Math Stat Psychol 70:439.

    Examples
    --------
    >>> from evisynth import subgroups
    >>> effects = [-0.5, -0.3, -0.4, 0.1, 0.2, 0.4]
    >>> fit = subgroups(effects, [0.04] * 6, ["oral"] * 3 + ["infusion"] * 3)
    >>> {group: round(one.estimate, 2) for group, one in fit.analyses.items()}
    {'oral': -0.4, 'infusion': 0.23}
    >>> round(fit.Q_between, 2), fit.Q_df, round(fit.Q_p, 3)
    (15.04, (1, 4), 0.018)
    """
    yi, vi = check_effects("subgroups", yi, vi)
    labels = check_groups("subgroups", groups, yi.size)
    check_choice("subgroups", "tau2", tau2, ("common", "separate"))
    check_choice("subgroups", "method", method, ESTIMATORS)
    check_choice("subgroups", "test", test, TESTS)
    check_choice("subgroups", "measure", measure, MEASURES)
    level = check_level("subgroups", level)
    slab = check_slab("subgroups", slab, yi.size)
    if len(set(labels)) == yi.size:
        raise NotEstimable("subgroups: every group has one study; take groups of several studies.")
    ni = _totals(measure, ni, yi)
    each = _separate(yi, vi, labels, method, test, measure, level, slab, ni)
    if tau2 == "separate":
        return _compare(each, labels, method, test, measure, level)
    return _share(each, yi, vi, labels, method, test, measure, level, slab)


def _totals(measure, ni, yi):
    """Totals for the back-transform of the double arcsine, None for other measures."""
    if not MEASURES[measure].needs_total:
        if ni is not None:
            allowed = f"totals only for PFT, not for {measure}"
            raise ArgumentError("subgroups", "ni", "given", allowed)
        return None
    ni = check_numbers("subgroups", "ni", ni, lower=1, allowed="totals from 1")
    check_length("subgroups", "ni", ni, "yi", yi)
    return ni


def _separate(yi, vi, labels, method, test, measure, level, slab, ni):
    """An analysis of each group on its own."""
    analyses = {}
    for group in dict.fromkeys(labels):
        own = [i for i, label in enumerate(labels) if label == group]
        analyses[group] = rma(
            yi[own], vi[own], method=method, test=test, measure=measure, level=level,
            slab=[slab[i] for i in own], ni=None if ni is None else ni[own],
        )  # fmt: skip
    return analyses


def _compare(each, labels, method, test, measure, level):
    estimates = np.array([one.estimate for one in each.values()])
    wi = np.array([one.se for one in each.values()]) ** -2.0
    Q = float(np.sum(wi * (estimates - np.sum(wi * estimates) / np.sum(wi)) ** 2))
    df = len(each) - 1
    notes = _alone(each, "its between-study variance is taken as 0")
    if test != "z":
        notes += ("Q between groups: a chi-squared takes the groups' standard errors as known",)
    return Subgroups(
        measure=measure, method=method, test=test, k=len(labels), shared=False, analyses=each,
        Q_between=Q, Q_df=(df,), Q_p=float(chdtrc(df, Q)),
        tau2={group: float(one.tau2) for group, one in each.items()}, tau2_total=None, R2=None,
        groups=labels, level=level, notes=notes,
    )  # fmt: skip


def _share(each, yi, vi, labels, method, test, measure, level, slab):
    array = np.array(labels)
    columns = np.column_stack([array == group for group in each]).astype(float)
    rest = (measure, level, slab)
    means = fit_moderators("subgroups", yi, vi, tuple(each), columns, method, test, *rest)
    contrasts = np.column_stack([np.ones(yi.size), columns[:, 1:]])
    names = (INTERCEPT, *list(each)[1:])
    between = fit_moderators("subgroups", yi, vi, names, contrasts, method, test, *rest)
    analyses = {
        group: _with_shared(one, means, i, vi[array == group])
        for i, (group, one) in enumerate(each.items())
    }
    raised = tuple(note for note in between.notes if "Knapp-Hartung" in note)
    return Subgroups(
        measure=measure, method=method, test=test, k=yi.size, shared=True, analyses=analyses,
        Q_between=between.QM, Q_df=between.QM_df, Q_p=between.QM_p,
        tau2=dict.fromkeys(each, means.tau2), tau2_total=between.tau2_total, R2=between.R2,
        groups=labels, level=level,
        notes=_alone(each, "its between-study variance is that of the others") + raised,
    )  # fmt: skip


def _with_shared(one, means, place, vi):
    """The analysis of a group under the between-study variance of all groups.

    Limits and prediction limits have the degrees of freedom of the whole model, k - groups, and its
    standard error.
    """
    wi = 1 / (vi + means.tau2)
    I2, H2 = one.I2, one.H2
    if vi.size > 1 and means.method != "EE":
        I2, H2 = map(float, inconsistency(means.tau2, stack_of(vi, vi).typical_variance()[0]))
    tail, df, estimate = 0.5 + means.level / 2, means.QE_df, means.coefficients[place]
    low = high = None
    if means.method != "EE" and df > 1:
        half = float(stdtrit(df, tail) * new_study_sd(means.se[place], means.tau2))
        low, high = estimate - half, estimate + half
    limits = {"ci_lb": means.ci_lb[place], "ci_ub": means.ci_ub[place], "pi_lb": low, "pi_ub": high}
    shared = f"Shares tau2 with the other groups, and their {df} degrees of freedom"
    return replace(
        one, test=means.test, estimate=estimate, se=means.se[place], **limits, tau2=means.tau2,
        I2=I2, H2=H2, weights=tuple((100 * wi / np.sum(wi)).tolist()),
        notes=(shared, *cut_notes(one.measure, {"estimate": estimate} | limits, one.total)),
    )  # fmt: skip


def _alone(each, meaning):
    """A note on the groups of one study."""
    names = [group for group, one in each.items() if one.k == 1]
    return (f"One study alone in {', '.join(names)}: {meaning}",) if names else ()
