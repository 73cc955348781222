"""The normal-normal random-effects model, and the result that every model of the book returns."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from scipy.special import chdtrc, ndtri, stdtrit

from evisynth.checks import (
    check_choice,
    check_effects,
    check_length,
    check_level,
    check_slab,
    check_subset,
)
from evisynth.errors import ArgumentError
from evisynth.intervals import PREDICTIONS, inconsistency, prediction_limits
from evisynth.measures import MEASURES, harmonic_mean
from evisynth.result import Result
from evisynth.tau2 import ESTIMATORS, dersimonian_laird, in_chunks, stack_of

_NO_WIDTH = 1e-12  # a factor that is 0 but for rounding, where all effects agree
DISPLAYED = ("estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub")


@dataclass(frozen=True)
class MetaAnalysis(Result):
    """A fitted model; everything on the analysis scale of ``measure`` unless it says otherwise.

    Attributes
    ----------
    measure, model, method, test : str
        For instance "PLO", "binomial-normal", "ML", "t".
    estimate, se, ci_lb, ci_ub : float
        Pooled mean, its standard error, its limits.
    pi_lb, pi_ub : float or None
        Prediction limits of a new study's underlying effect; None below three studies.
    tau2, I2, H2, Q, Q_p : float or None
        Between-study variance; I2 (percent) and H2 from tau2 (Higgins and Thompson 2002, as
        metafor computes them; under equal effects from Q, with H2 at least 1); Cochran's Q with
        its p.
    weights : tuple of float
        Percent, one per study, adding to 100.
    k : int
    level : float
    slab : tuple of str
    notes : tuple of str
        What a reader must know beside the numbers; every view shows them.
    prediction : {"t(k-1)", "z", "HK", "HTS"}
        Convention of the prediction limits, see `prediction_limits`.
    total : float or None
        Harmonic mean of the totals, only where the back-transform needs one (PFT).
    """

    measure: str
    model: str
    method: str
    test: str
    k: int
    estimate: float
    se: float
    ci_lb: float
    ci_ub: float
    pi_lb: float | None
    pi_ub: float | None
    tau2: float
    I2: float | None
    H2: float | None
    Q: float | None
    Q_p: float | None
    weights: tuple[float, ...]
    level: float = 0.95
    slab: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    prediction: str = "t(k-1)"
    total: float | None = None

    @property
    def tau(self):
        """Between-study standard deviation, analysis scale."""
        return self.tau2**0.5

    @property
    def displayed(self):
        """Estimate, limits and prediction limits back-transformed to the display scale."""
        return displayed(self)

    def to_dict(self):
        """All fields and the displayed values, as plain Python types."""
        return super().to_dict() | {"displayed": self.displayed}

    def terms(self):
        """The mean and a new study's effect on the display scale, tau on the analysis scale."""
        shown = self.displayed
        mean = {"term": "mean"} | {name: shown[name] for name in DISPLAYED[:3]}
        rows = [mean | {"scale": MEASURES[self.measure].name}]
        if self.pi_lb is not None:
            limits = {"ci_lb": shown["pi_lb"], "ci_ub": shown["pi_ub"]}
            rows.append({"term": "new study", "estimate": shown["estimate"]} | limits | {
                "scale": MEASURES[self.measure].name
            })  # fmt: skip
        spread = {"estimate": self.tau, "ci_lb": None, "ci_ub": None, "scale": "analysis"}
        return [*rows, {"term": "tau"} | spread]

    def __repr__(self):
        """Model, estimate and limits on the display scale."""
        shown = self.displayed
        prediction = ""
        if shown["pi_lb"] is not None:
            prediction = f", prediction {shown['pi_lb']:.3f} to {shown['pi_ub']:.3f}"
        return (
            f"<{self.model} {self.measure}, {self.method}, k = {self.k}: {shown['estimate']:.3f} "
            f"[{shown['ci_lb']:.3f}, {shown['ci_ub']:.3f}]{prediction}>"
        )


def displayed(result):
    """Estimate, limits and prediction limits of a result on the display scale of its measure."""
    measure = MEASURES[result.measure]
    more = (result.total,) if measure.needs_total else ()
    with np.errstate(over="ignore"):  # a ratio beyond floating point is infinite
        return {
            name: _back(measure.back_transform, getattr(result, name), more) for name in DISPLAYED
        }


def _back(back_transform, value, more):
    if value is None:
        return None
    if not np.ndim(value):
        return float(back_transform(value, *more))
    known = np.isfinite(value)
    shown = np.full(np.shape(value), np.nan)
    shown[known] = back_transform(value[known], *more)
    return shown


@dataclass(frozen=True, eq=False)
class MetaAnalyses(Result):
    """A stack of fitted models: the fields of `MetaAnalysis` as arrays, a place per data set.

    Attributes
    ----------
    estimate, se, ci_lb, ci_ub, pi_lb, pi_ub, tau2, I2, H2, Q, Q_p : ndarray, shape (B,)
        nan where `MetaAnalysis` has None, and where ``estimable`` is false.
    k : ndarray of int, shape (B,)
    weights : ndarray, shape (B, k)
        Percent; 0 for a study that a data set does not have.
    estimable : ndarray of bool, shape (B,)
        Whether the model has a finite estimate.
    """

    measure: str
    model: str
    method: str
    test: str
    k: np.ndarray
    estimate: np.ndarray
    se: np.ndarray
    ci_lb: np.ndarray
    ci_ub: np.ndarray
    pi_lb: np.ndarray
    pi_ub: np.ndarray
    tau2: np.ndarray
    I2: np.ndarray
    H2: np.ndarray
    Q: np.ndarray
    Q_p: np.ndarray
    weights: np.ndarray
    estimable: np.ndarray
    level: float = 0.95
    slab: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    prediction: str = "t(k-1)"
    total: float | None = None

    def __len__(self):
        return len(self.estimate)

    def __getitem__(self, place):
        """The `MetaAnalysis` of one data set, of those studies that it has."""
        if not self.estimable[place]:
            raise IndexError(f"data set {place} has no finite estimate")
        has = self.weights[place] > 0
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "estimable"}
        one = {
            name: _scalar(value[place]) if isinstance(value, np.ndarray) and value.ndim == 1
            else value for name, value in values.items()
        }  # fmt: skip
        one["weights"] = tuple(self.weights[place][has].tolist())
        one["slab"] = tuple(np.array(self.slab, dtype=object)[has]) if self.slab else ()
        return MetaAnalysis(**one)

    @property
    def displayed(self):
        """Estimate, limits and prediction limits on the display scale, arrays of shape (B,)."""
        return displayed(self)

    def terms(self):
        """One row per data set, display scale."""
        columns = {name: self.displayed[name].tolist() for name in DISPLAYED}
        scale = MEASURES[self.measure].name
        return [
            {"term": f"data set {i}", "k": int(self.k[i]), "scale": scale, "tau2": self.tau2[i]}
            | {name: values[i] for name, values in columns.items()}
            for i in range(len(self))
        ]

    def __repr__(self):
        """Model, and how many data sets of how many studies."""
        sizes = f"{self.k.min()} to {self.k.max()}"
        return f"<{len(self)} x {self.model} {self.measure}, {self.method}, k = {sizes}>"


def _scalar(value):
    value = value.item()
    return None if isinstance(value, float) and np.isnan(value) else value


def rma(
    yi, vi, *, method="REML", test="adhoc", measure="GEN", level=0.95, slab=None,
    prediction="t(k-1)", ni=None, subset=None,
):  # fmt: skip
    """Random-effects meta-analysis of effect sizes, of one data set or of a stack at once.

    Parameters
    ----------
    yi, vi : array_like, shape (k,) or (B, k)
        Effect sizes and sampling variances, analysis scale.
    method : {"EE", "DL", "HE", "HS", "SJ", "PM", "EB", "ML", "REML"}
        Estimator of the between-study variance, see `evisynth.tau2`.
    test : {"z", "knha", "adhoc"}
        Wald; Knapp and Hartung (Stat Med 2003;22:2693); the same, never narrower than with
        factor 1 (Rover et al, BMC Med Res Methodol 2015;15:99).
    measure : str
        Only for labels and the back-transform.
    level : float in (0, 1)
    slab : sequence of str, optional
    prediction : {"t(k-1)", "z", "HK", "HTS"}
        Convention of the prediction interval, see `prediction_limits`; "HK" takes the standard
        error of ``test``, or that of "knha" where the test is "z".
    ni : array_like, shape (k,)
        Totals, for the measure "PFT" and no other: its back-transform takes their harmonic mean.
    subset : array_like of bool, shape (B, k), optional
        Which studies each data set of a stack has; the data may then be given once, shape (k,).

    Returns
    -------
    MetaAnalysis, or MetaAnalyses of a stack
        Its prediction interval is where a new study's underlying effect would lie, not the count
        it would observe; but for "HK" it has the Wald standard error.

    Raises
    ------
    ArgumentError
        NaN, infinite or masked values, values beyond 1e50, a variance below 1e-50, shapes that
        differ, k = 0, an unknown method, test, measure or convention.
    """
    yi, vi = check_effects("rma", yi, vi, stack=True)
    check_choice("rma", "method", method, ESTIMATORS)
    check_choice("rma", "test", test, ("z", "knha", "adhoc"))
    check_choice("rma", "measure", measure, MEASURES)
    check_choice("rma", "prediction", prediction, PREDICTIONS)
    level = check_level("rma", level)
    slab = check_slab("rma", slab, yi.shape[-1])
    total = _total(measure, ni, yi)
    single = yi.ndim == 1 and subset is None
    if subset is not None:
        subset = check_subset("rma", subset, yi.shape)
    stack = stack_of(yi, vi, subset)
    settings = {"method": method, "test": test, "prediction": prediction, "level": level}
    arrays = fit(stack, **settings)
    named = settings | {"measure": measure, "slab": slab, "total": total}
    named["model"] = "equal-effects" if method == "EE" else "normal-normal"
    raised = arrays.pop("raised")
    note = "Knapp-Hartung factor below 1 raised to 1"
    if not single:
        some = f"{note} in {raised.sum()} of {raised.size} data sets"
        notes = (some,) if raised.any() else ()
        return MetaAnalyses(**arrays, **named, notes=notes, estimable=np.full(stack.size, True))
    weights = tuple(arrays.pop("weights")[0].tolist())
    one = {name: _scalar(values[0]) for name, values in arrays.items()}
    return MetaAnalysis(**one, **named, weights=weights, notes=(note,) if raised[0] else ())


def _total(measure, ni, yi):
    """Harmonic mean of the totals where the measure needs it."""
    if not MEASURES[measure].needs_total:
        if ni is not None:
            raise ArgumentError("rma", "ni", "given", f"totals only for PFT, not for {measure}")
        return None
    total = harmonic_mean("rma", "ni", ni)
    check_length("rma", "ni", np.atleast_1d(ni), "yi", np.atleast_2d(yi)[0])
    return total


def fit(stack, *, method, test, prediction, level):
    """Everything that the model says about each data set of a stack, as arrays.

    Returns
    -------
    dict
        The fields of `MetaAnalyses` that are arrays, and ``raised``, whether the factor of Knapp
        and Hartung was raised to 1.
    """
    tau2 = in_chunks(ESTIMATORS[method], stack)
    wi = stack.weights(tau2)
    estimate = stack.model.coefficients(wi, stack.yi)[0]
    wald_se = 1 / np.sqrt(np.sum(wi, axis=0))
    df, k = np.maximum(stack.df, 1), stack.k
    # Under Paule and Mandel the factor is 1 by definition, and below it only by rounding.
    factor = np.where(k > 1, np.sqrt(stack.q(tau2) / df), 1.0)
    se = wald_se * _scale(factor, test)
    p = 0.5 + level / 2
    quantile = np.where((k == 1) | (test == "z"), ndtri(p), stdtrit(df, p))
    spread = wald_se
    if prediction == "HK":
        spread = wald_se * _scale(factor, "knha" if test == "z" else test)
    pi_lb, pi_ub = prediction_limits(
        estimate, spread, tau2, k, level, convention=prediction, random=method != "EE"
    )
    return {
        "k": k, "estimate": estimate, "se": se, "tau2": tau2,
        "ci_lb": estimate - quantile * se, "ci_ub": estimate + quantile * se,
        "pi_lb": pi_lb, "pi_ub": pi_ub, "weights": (100 * wi / np.sum(wi, axis=0)).T,
        "raised": factor < {"z": 0.0, "knha": _NO_WIDTH, "adhoc": 1 - 1e-9}[test],
    } | _heterogeneity(stack, tau2, method)  # fmt: skip


def _scale(factor, test):
    """What a test multiplies the Wald standard error with; never 0, where all effects agree."""
    if test == "z":
        return np.ones_like(factor)
    if test == "adhoc":
        return np.maximum(factor, 1.0)
    return np.where(factor < _NO_WIDTH, 1.0, factor)


def _heterogeneity(stack, tau2, method):
    """Q with its p, and I2 in percent and H2 from tau2; nan for one study."""
    known = np.where(stack.k > 1, 1.0, np.nan)
    Q = stack.q()
    # Equal effects set tau2 to 0, which says nothing about the data; with DerSimonian and Laird's
    # tau2 the two are (Q - df) / Q and Q / df.
    spread = dersimonian_laird(stack) if method == "EE" else tau2
    with np.errstate(invalid="ignore", divide="ignore"):
        I2, H2 = inconsistency(spread, stack.typical_variance())
        Q_p = chdtrc(stack.df, Q)
    return {"Q": Q, "Q_p": Q_p * known, "I2": I2 * known, "H2": H2 * known}
