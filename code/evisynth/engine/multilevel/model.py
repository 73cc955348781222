"""The multilevel model: cohorts within families, sampling covariance known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc, ndtri, stdtrit

from evisynth.checks import (
    LARGEST,
    check_choice,
    check_effects,
    check_labels,
    check_level,
    check_slab,
)
from evisynth.engine.effects.measures import MEASURES
from evisynth.engine.multilevel.cluster_robust import cr2
from evisynth.engine.multilevel.covariance import linked
from evisynth.engine.multilevel.fit import maximise_components
from evisynth.engine.multilevel.likelihood import EffectStack, mean_at, multilevel_likelihood
from evisynth.engine.multilevel.result import ClusterRobust, MultilevelAnalysis
from evisynth.engine.random_effects.intervals import PREDICTION_MINIMUM_K
from evisynth.errors import ArgumentError, NotEstimable

METHODS, TESTS, DFS = ("REML", "ML"), ("z", "t", "knha", "adhoc"), ("contain", "residual")
_LEAST_EIGENVALUE = 1e-10  # of the sampling correlations; below it their inverse has no digits
_FEW_DF = 4  # below it Tipton (2015) found limits from CR2 too short
_NO_WIDTH = 1e-12
_RANGE = 1e6


class Levels(NamedTuple):
    """Which effects belong to one family and to one cohort, as numbers from 0, shape (k,).

    ``estimated`` names the components that can be told apart, ``notes`` says what became of the
    others.
    """

    family: np.ndarray
    cohort: np.ndarray
    estimated: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def families(self):
        """How many."""
        return int(self.family.max()) + 1

    @property
    def cohorts(self):
        """How many."""
        return int(self.cohort.max()) + 1

    @property
    def structure(self):
        """Of each estimated component which effects share a draw, shape (q, k, k)."""
        k = len(self.family)
        same = [np.equal.outer(getattr(self, name), getattr(self, name)) for name in self.estimated]
        return np.array(same, dtype=float).reshape(len(same), k, k)


class Fits(NamedTuple):
    """A stack of fits, each of shape (B,); ``weights`` (B, k) in percent.

    ``factor`` is that of Knapp and Hartung, of the standard error, before the test; ``robust``
    has variance and degrees of freedom, or is None.
    """

    estimate: np.ndarray
    wald_se: np.ndarray
    factor: np.ndarray
    sigma2_family: np.ndarray
    sigma2_cohort: np.ndarray
    log_likelihood: np.ndarray
    weights: np.ndarray
    robust: object


def rma_mv(
    yi, V, family, *, cohort=None, method="REML", test="t", dfs="contain", measure="GEN",
    level=0.95, slab=None,
):  # fmt: skip
    """Random-effects meta-analysis of effects with known covariance, cohorts within families.

    yi = mu + family + cohort within family + sampling error, as metafor's
    ``rma.mv(yi, V, random = ~ 1 | family/cohort)``.

    Parameters
    ----------
    yi : array_like, shape (k,)
        Effect sizes, analysis scale.
    V : array_like, shape (k, k)
        Their sampling covariance, symmetric and positive definite, see `logit_covariance`; or the
        variances alone, shape (k,).
    family : sequence of str, length k
    cohort : sequence of str, length k, optional
        Labels within a family; by default each effect is of a cohort of its own.
    method : {"REML", "ML"}
    test : {"z", "t", "knha", "adhoc"}
        Normal limits; t, with the same standard error; t with the standard error times Knapp and
        Hartung's factor, the root of the residual sum of squares in the metric of the total
        covariance over k - 1; the same, never below 1. ``rma.mv`` has the first two.
    dfs : {"contain", "residual"}
        Degrees of freedom of t: families less 1, the containment rule of ``rma.mv`` for a mean
        that is the same in every family; or k - 1. Of one family cohorts less 1 in place of the
        first, where metafor takes 1.
    measure : str
        Only for labels and the back-transform; not "PFT".
    level : float in (0, 1)
    slab : sequence of str, optional

    Returns
    -------
    MultilevelAnalysis
        Components are at the highest maximum of the likelihood, exactly 0 where it falls from
        there. Of one family its variance is taken as 0; where each family has one cohort the sum
        of both components stands as that of families; a note says so. Prediction limits are
        estimate -/+ quantile times sqrt(se^2 + both components), as those of metafor's predict.
        Beside the limits of the model are those of CR2 by families; families whose effects are
        correlated are one cluster.

    Raises
    ------
    ArgumentError
        What `rma` refuses; a ``V`` of another shape, not symmetric or not positive definite;
        labels of another number.
    NotEstimable
        Effects or variances of which the largest is more than 1e6 times the least standard error.

    References
    ----------
    Konstantopoulos S (2011) Res Synth Methods 2:61; Riley RD (2009) J R Stat Soc A 172:789;
    Viechtbauer W (2010) J Stat Softw 36(3); Pustejovsky JE, Tipton E (2018) J Bus Econ Stat 36:672.
    """
    yi, V = _check_data(yi, V)
    check_choice("rma_mv", "method", method, METHODS)
    check_choice("rma_mv", "test", test, TESTS)
    check_choice("rma_mv", "dfs", dfs, DFS)
    check_choice("rma_mv", "measure", measure, [m for m in MEASURES if m != "PFT"])
    level = check_level("rma_mv", level)
    slab = check_slab("rma_mv", slab, yi.size)
    _refuse_unequal(yi, V)
    levels, family = _check_levels(yi.size, family, cohort)
    clusters, merged = clusters_of(V, levels)
    found = fit_levels(yi[None], V[None], levels, clusters, method=method)
    test, df, alone = _degrees_of_freedom(levels, yi.size, test, dfs)
    one = {name: value[0] for name, value in found._asdict().items() if name != "robust"}
    limits, raised = _limits(one, test, df, level, levels.families)
    robust, weak = _robust(found, level, len(clusters))
    sizes = {"k": yi.size, "families": levels.families, "cohorts": levels.cohorts}
    components = {name: float(one[name]) for name in ("sigma2_family", "sigma2_cohort")}
    return MultilevelAnalysis(
        **sizes, **limits, **components, **_heterogeneity(yi, V), measure=measure,
        model="multilevel normal", method=method, test=test, dfs=dfs, df=df, robust=robust,
        log_likelihood=float(one["log_likelihood"]), weights=tuple(one["weights"].tolist()),
        level=level, slab=slab, family=family,
        notes=levels.notes + alone + raised + merged + weak,
    )  # fmt: skip


# --- arguments -----------------------------------------------------------------------------------


def _check_data(yi, V):
    if V is None:
        raise ArgumentError("rma_mv", "V", "missing", "a covariance matrix, or variances")
    if np.ndim(V) < 2:
        yi, vi = check_effects("rma_mv", yi, V)
        return yi, np.diag(vi)
    V = _as_matrix(V)
    yi, _ = check_effects("rma_mv", yi, np.diag(V))
    apart = np.abs(V - V.T) > 1e-12 * np.sqrt(np.outer(np.diag(V), np.diag(V)))
    if apart.any():
        i, j = np.argwhere(apart)[0]
        given = f"{V[i, j]:.6g} in row {i}, column {j} and {V[j, i]:.6g} across"
        raise ArgumentError("rma_mv", "V", given, "a symmetric matrix")
    sd = np.sqrt(np.diag(V))
    least = np.linalg.eigvalsh((V + V.T) / 2 / np.outer(sd, sd))[0]
    if least < _LEAST_EIGENVALUE:
        given = f"of correlations with the least eigenvalue {least:.3g}"
        allowed = (
            f"a positive definite matrix, eigenvalues from {_LEAST_EIGENVALUE:g}; "
            "logit_covariance makes one, and says which pairs it reduced"
        )
        raise ArgumentError("rma_mv", "V", given, allowed)
    return yi, (V + V.T) / 2


def _refuse_unequal(yi, V):
    """Sums of numbers of such different sizes would lose the smaller ones."""
    largest = max(np.ptp(yi), np.max(np.diag(V)) ** 0.5)
    least = max(np.linalg.eigvalsh(V)[0], 0) ** 0.5
    if largest > _RANGE * least:
        raise NotEstimable(
            f"rma_mv: effects or standard errors differ by up to {largest:.3g}, and the least "
            f"standard error of any contrast of them is {least:.3g}; their ratio may be up to "
            f"{_RANGE:g}. Check the units of yi and V."
        )


def _as_matrix(V):
    allowed = "finite numbers, a row and a column per study"
    if np.ma.isMaskedArray(V):
        raise ArgumentError("rma_mv", "V", "masked", allowed)
    try:
        matrix = np.asarray(V, dtype=float)
    except (TypeError, ValueError):
        raise ArgumentError("rma_mv", "V", "no matrix of numbers", allowed) from None
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ArgumentError("rma_mv", "V", f"of shape {matrix.shape}", allowed)
    wrong = ~(np.abs(matrix) <= LARGEST)
    if wrong.any():
        i, j = np.argwhere(wrong)[0]
        given = f"{matrix[i, j]:.6g} in row {i}, column {j}"
        raise ArgumentError("rma_mv", "V", given, allowed)
    return matrix


def _check_levels(k, family, cohort):
    labels = check_labels("rma_mv", "family", family, k, f"a label per study, {k}")
    within = range(k)
    if cohort is not None:
        within = check_labels("rma_mv", "cohort", cohort, k, f"a label per study, {k}")
    return levels_of(labels, list(zip(labels, within, strict=True))), labels


def levels_of(family, cohort):
    """`Levels` of labels; cohorts are told apart by what ``cohort`` has for them, not by family."""
    f, c = _numbered(family), _numbered(cohort)
    families, cohorts = f.max() + 1, c.max() + 1
    if cohorts == 1:
        return Levels(f, c, (), ("one cohort: both variance components are taken as 0",))
    if families == 1:
        note = "one family: its variance is taken as 0, and the limits are about that family alone"
        return Levels(f, c, ("cohort",), (note,))
    if families == cohorts:
        note = "each family has one cohort: the sum of both components stands as that of families"
        return Levels(f, c, ("family",), (note,))
    return Levels(f, c, ("family", "cohort"), ())


def _numbered(labels):
    places = {}
    return np.array([places.setdefault(label, len(places)) for label in labels])


def clusters_of(V, levels):
    """Positions of the effects of each cluster, and a note where families were joined.

    Parameters
    ----------
    V : ndarray, shape (k, k)
        Families with a covariance that is not 0 are one cluster.
    levels : Levels
    """
    clusters = linked((V != 0) | np.equal.outer(levels.family, levels.family))
    if len(clusters) == levels.families:
        return clusters, ()
    return clusters, (
        f"{levels.families} families are {len(clusters)} clusters, since some share patients",
    )


# --- fit -----------------------------------------------------------------------------------------


def fit_levels(yi, V, levels, clusters, *, method="REML"):
    """Fits of a stack of data sets of one structure.

    Parameters
    ----------
    yi : ndarray, shape (B, k)
    V : ndarray, shape (B, k, k)
        Positive definite.
    levels : Levels
    clusters : sequence of ndarray of int
        One alone: no cluster-robust variance.
    method : {"REML", "ML"}

    Returns
    -------
    Fits
    """
    middle = np.median(yi, axis=1)
    # Without its middle, and in units of its errors, no size of the effects costs digits.
    unit = np.sqrt(np.median(np.einsum("bii->bi", V), axis=1))
    scaled = (yi - middle[:, None]) / unit[:, None]
    stack = EffectStack(scaled, V / unit[:, None, None] ** 2, levels.structure, method == "REML")
    sigma2 = maximise_components(stack)
    mean = mean_at(stack, sigma2)
    free = yi.shape[1] - stack.restricted
    likelihood = multilevel_likelihood(stack, mean.log_determinant, mean.total, mean.rss)
    robust = None
    if len(clusters) > 1:
        covariance = stack.V + np.einsum("bq,qij->bij", sigma2, stack.S)
        robust = cr2(scaled - mean.estimate[:, None], covariance, clusters)
        robust = robust._replace(variance=robust.variance * unit**2)
    by_name = dict(zip(levels.estimated, (sigma2 * unit[:, None] ** 2).T, strict=True))
    zero, df = np.zeros(len(yi)), max(yi.shape[1] - 1, 1)
    return Fits(
        middle + unit * mean.estimate, unit / np.sqrt(mean.total), np.sqrt(mean.rss / df),
        by_name.get("family", zero), by_name.get("cohort", zero),
        likelihood - free * np.log(unit), 100 * mean.weights / mean.total[:, None], robust,
    )  # fmt: skip


def _degrees_of_freedom(levels, k, test, dfs):
    """The test as it can be, its degrees of freedom, and a note where it is another."""
    if test == "z":
        return test, None, ()
    if k == 1:
        note = f"one study: limits are normal, not those of the test {test}"
        return "z", None, (note,)
    if dfs == "residual" or levels.cohorts == 1:
        return test, k - 1, ()
    groups = levels.families if levels.families > 1 else levels.cohorts
    return test, groups - 1, ()


def _limits(one, test, df, level, families):
    """Limits of the mean and of a new cohort, and a note where a factor was raised."""
    factor = one["factor"]
    used = {"adhoc": max(factor, 1.0), "knha": factor if factor >= _NO_WIDTH else 1.0}
    estimate, se = one["estimate"], one["wald_se"] * used.get(test, 1.0)
    p = 0.5 + level / 2
    quantile = ndtri(p) if df is None else stdtrit(df, p)
    limits = {"estimate": estimate, "se": se}
    limits |= {"ci_lb": estimate - quantile * se, "ci_ub": estimate + quantile * se}
    limits = {name: float(value) for name, value in limits.items()} | {"pi_lb": None, "pi_ub": None}
    if families >= PREDICTION_MINIMUM_K:
        half = quantile * np.sqrt(se**2 + one["sigma2_family"] + one["sigma2_cohort"])
        limits |= {"pi_lb": float(estimate - half), "pi_ub": float(estimate + half)}
    raised = bool(test == "adhoc" and factor < 1 - 1e-9)
    return limits, ("Knapp-Hartung factor below 1 raised to 1",) * raised


def _robust(found, level, clusters):
    """Limits of CR2, and a note where they are not to be relied on."""
    if found.robust is None:
        return None, ("one cluster: no cluster-robust limits",)
    se, df = (float(values[0]) for values in (found.robust.variance**0.5, found.robust.df))
    half = stdtrit(df, 0.5 + level / 2) * se
    estimate = float(found.estimate[0])
    robust = ClusterRobust(se, df, float(estimate - half), float(estimate + half), clusters)
    if df >= _FEW_DF:
        return robust, ()
    return robust, (
        f"cluster-robust limits rest on {df:.1f} degrees of freedom; below {_FEW_DF} they are "
        "often too narrow",
    )


def _heterogeneity(yi, V):
    """Cochran's Q with the whole sampling covariance, its degrees of freedom and its p."""
    mean = mean_at(
        EffectStack(yi[None], V[None], np.zeros((0, yi.size, yi.size)), True), np.zeros((1, 0))
    )
    df = yi.size - 1
    Q = float(mean.rss[0])
    return {"Q": Q, "Q_df": df, "Q_p": float(chdtrc(df, Q)) if df else None}
