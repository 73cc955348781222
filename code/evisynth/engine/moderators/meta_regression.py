"""Meta-regression: effects that differ with what is known of each study, normal-normal model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, fdtrc, ndtr, ndtri, stdtr, stdtrit

from evisynth.checks import check_choice, check_effects, check_level, check_slab
from evisynth.engine.effects.measures import MEASURES
from evisynth.engine.moderators.design import (
    INTERCEPT,
    design_matrix,
    fit_stack,
    orthogonal,
    wald_statistics,
)
from evisynth.engine.moderators.predictions import predict
from evisynth.engine.random_effects.tau2 import ESTIMATORS, estimate_tau2
from evisynth.errors import NotEstimable
from evisynth.result import Result

TESTS = ("z", "knha", "adhoc")
STUDIES_PER_COEFFICIENT = 10


@dataclass(frozen=True, repr=False)
class MetaRegression(Result):
    """A fitted meta-regression, analysis scale of ``measure``.

    Attributes
    ----------
    names : tuple of str
        Of the p coefficients, the intercept first where there is one.
    coefficients, se, ci_lb, ci_ub, statistics, p : tuple of float
        Per coefficient; the statistic is a z under test "z", else a t with ``df`` degrees.
    df : int or None
        k - p; None under "z".
    covariance : tuple of tuple of float
        Of the coefficients.
    factor : float
        Knapp and Hartung's, of the variances, before it is raised to 1.
    tau2, tau2_total : float
        Residual between-study variance, and that without moderators (same method).
    R2 : float or None
        Percent of ``tau2_total`` that the moderators account for, at least 0 (Raudenbush 2009);
        None under equal effects, without an intercept and where ``tau2_total`` is 0.
    QM, QM_p : float
        Test of all coefficients but the intercept (of all, without one): a chi-squared under "z",
        else an F; ``QM_df`` has its degrees of freedom, (m,) or (m, k - p).
    QE, QE_df, QE_p : float, int, float
        Test of residual heterogeneity.
    I2, H2 : float
        Of the residual heterogeneity, from tau2 (under equal effects from QE); I2 in percent.
    hat : tuple of float
        Leverage of each study, adding to p.
    yi, vi, X, slab
        What was fitted: effects, variances, rows of the design matrix, labels.
    """

    measure: str
    method: str
    test: str
    k: int
    names: tuple[str, ...]
    coefficients: tuple[float, ...]
    se: tuple[float, ...]
    ci_lb: tuple[float, ...]
    ci_ub: tuple[float, ...]
    statistics: tuple[float, ...]
    p: tuple[float, ...]
    df: int | None
    covariance: tuple[tuple[float, ...], ...]
    factor: float
    tau2: float
    tau2_total: float
    R2: float | None
    QM: float
    QM_df: tuple[int, ...]
    QM_p: float
    QE: float
    QE_df: int
    QE_p: float
    I2: float
    H2: float
    hat: tuple[float, ...]
    yi: tuple[float, ...]
    vi: tuple[float, ...]
    X: tuple[tuple[float, ...], ...]
    slab: tuple[str, ...]
    level: float = 0.95
    notes: tuple[str, ...] = ()

    @property
    def tau(self):
        """Residual between-study standard deviation."""
        return self.tau2**0.5

    @property
    def tested(self):
        """Positions of the coefficients that QM is about."""
        return tuple(i for i, name in enumerate(self.names) if name != INTERCEPT)

    def terms(self):
        """A row per coefficient."""
        columns = ("names", "coefficients", "ci_lb", "ci_ub", "se", "statistics", "p")
        keys = ("term", "estimate", "ci_lb", "ci_ub", "se", "statistic", "p")
        rows = zip(*(getattr(self, column) for column in columns), strict=True)
        return [dict(zip(keys, row, strict=True)) | {"scale": "analysis"} for row in rows]

    def predict(self, values, *, prediction="t(k-p)"):
        """Effects at values of the moderators; see `predictions.predict`."""
        return predict(self, values, prediction=prediction)

    def __repr__(self):
        df = ", ".join(map(str, self.QM_df))
        accounted = "" if self.R2 is None else f", R2 {self.R2:.1f} %"
        return (
            f"<meta-regression {self.measure}, {self.method}, k = {self.k}, "
            f"{' + '.join(self.names[i] for i in self.tested)}: tau2 {self.tau2:.4f}{accounted}, "
            f"{'QM' if self.df is None else 'F'}({df}) = {self.QM:.3f}, p = {self.QM_p:.4f}>"
        )


def meta_regression(
    yi, vi, mods, *, method="REML", test="adhoc", intercept=True, measure="GEN", level=0.95,
    slab=None,
):  # fmt: skip
    """Random-effects meta-regression.

    Coefficients tell of differences between studies, not between patients within a study.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effect sizes and sampling variances, analysis scale.
    mods : mapping of str to array_like of shape (k,), or array_like of shape (k,) or (k, q)
        Numbers; a grouping enters by `indicators`. Columns of an array are named x1, x2, ...
    method : {"EE", "DL", "HE", "HS", "SJ", "PM", "EB", "ML", "REML"}
        Estimator of the residual between-study variance, see `evisynth.engine.random_effects.tau2`.
    test : {"z", "knha", "adhoc"}
        Wald; Knapp and Hartung (2003), t and F with k - p degrees of freedom; the same, never
        narrower than with factor 1.
    intercept : bool
    measure : str
        For labels and the back-transform.
    level : float in (0, 1)
    slab : sequence of str, optional

    Returns
    -------
    MetaRegression

    Raises
    ------
    ArgumentError
        As `rma`; moderators that are not finite numbers, of another length, or that others
        determine.
    NotEstimable
        Not more studies than coefficients; variances too unequal for this design.

    References
    ----------
    Knapp G, Hartung J (2003) Stat Med 22:2693; Raudenbush SW (2009) in: Cooper H et al, Handbook
    of research synthesis, ch 16; Thompson SG, Higgins JPT (2002) Stat Med 21:1559.

    Examples
    --------
    >>> from evisynth import meta_regression
    >>> effects = [-0.5, -0.3, -0.2, 0.1, 0.2, 0.4]
    >>> fit = meta_regression(effects, [0.04] * 6, {"age": [20, 28, 35, 44, 51, 60]})
    >>> fit.names
    ('intercept', 'age')
    >>> [round(value, 3) for value in fit.coefficients]
    [-0.951, 0.023]
    """
    yi, vi = check_effects("meta_regression", yi, vi)
    check_choice("meta_regression", "method", method, ESTIMATORS)
    check_choice("meta_regression", "test", test, TESTS)
    check_choice("meta_regression", "measure", measure, MEASURES)
    level = check_level("meta_regression", level)
    slab = check_slab("meta_regression", slab, yi.size)
    names, X = design_matrix("meta_regression", mods, yi.size, intercept=intercept)
    return fit_moderators("meta_regression", yi, vi, names, X, method, test, measure, level, slab)


def fit_moderators(function, yi, vi, names, X, method, test, measure, level, slab):
    """`meta_regression` of arguments that are checked, X of shape (k, p)."""
    k, p = X.shape
    if k <= p:
        raise NotEstimable(
            f"{function}: {k} studies cannot carry {p} coefficients; take fewer moderators, so "
            "that studies outnumber coefficients."
        )
    basis, back = orthogonal(X)
    fit = fit_stack(function, yi, vi, basis[None], method, test)
    coefficients = back @ fit.coefficients[0]
    covariance = back @ fit.covariance[0] @ back.T
    tested = [i for i, name in enumerate(names) if name != INTERCEPT]
    each, together = wald_statistics(function, coefficients[None], covariance[None], tested, test)
    tau2, factor = float(fit.tau2[0]), float(fit.factor[0])
    df = None if test == "z" else k - p
    QM_df = (len(tested),) if test == "z" else (len(tested), k - p)
    se = np.sqrt(np.diag(covariance))
    half = se * (ndtri(0.5 + level / 2) if test == "z" else stdtrit(k - p, 0.5 + level / 2))
    QM = float(together[0])
    tau2_total = float(estimate_tau2(method, yi, vi))
    return MetaRegression(
        measure=measure, method=method, test=test, k=k, names=names,
        coefficients=_floats(coefficients), se=_floats(se), ci_lb=_floats(coefficients - half),
        ci_ub=_floats(coefficients + half), statistics=_floats(each[0]),
        p=_floats(2 * (ndtr(-abs(each[0])) if test == "z" else stdtr(k - p, -abs(each[0])))),
        df=df, covariance=tuple(map(_floats, covariance)), factor=factor, tau2=tau2,
        tau2_total=tau2_total, R2=_accounted(tau2, tau2_total, method, INTERCEPT in names),
        QM=QM, QM_df=QM_df, QM_p=float(chdtrc(*QM_df, QM) if test == "z" else fdtrc(*QM_df, QM)),
        **_residual(function, yi, vi, basis, tau2, method), hat=_floats(fit.hat[0]),
        yi=_floats(yi), vi=_floats(vi), X=tuple(map(_floats, X)), slab=slab, level=level,
        notes=_notes(k, len(tested), factor, test),
    )  # fmt: skip


def _floats(array):
    return tuple(array.tolist())


def _accounted(tau2, total, method, intercept):
    """R2 in percent, at least 0; the quotient first, which is 1 at most, whatever the rounding."""
    if method == "EE" or not intercept or total == 0:
        return None
    return 100 * max(0.0, (total - tau2) / total)


def _residual(function, yi, vi, basis, tau2, method):
    """QE and what follows from it; I2 as Higgins and Thompson (2002) Stat Med 21:1539, eq 9."""
    k, p = basis.shape
    fixed = fit_stack(function, yi, vi, basis[None], "EE", "knha")
    QE = float(fixed.factor[0] * (k - p))
    typical = (k - p) / float(np.sum((1 - fixed.hat[0]) / vi))
    if method == "EE":
        I2, H2 = max(0.0, 100 * (1 - (k - p) / QE)) if QE > 0 else 0.0, max(1.0, QE / (k - p))
    else:
        I2, H2 = 100 * tau2 / (tau2 + typical), tau2 / typical + 1
    return {"QE": QE, "QE_df": k - p, "QE_p": float(chdtrc(k - p, QE)), "I2": I2, "H2": H2}


def _notes(k, m, factor, test):
    notes = []
    if k < STUDIES_PER_COEFFICIENT * m:
        few = f"{k} studies for {m} coefficient{'s' * (m > 1)} of moderators"
        notes.append(f"{few}, fewer than {STUDIES_PER_COEFFICIENT} for each: read as description.")
    if factor < {"z": 0.0, "knha": 1e-24, "adhoc": 1 - 1e-9}[test]:
        notes.append("Knapp-Hartung factor below 1 raised to 1")
    return tuple(notes)
