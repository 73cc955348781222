"""The normal-normal random-effects model, and the result that every model of the book returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import numpy as np
from scipy import stats

from evisynth.checks import check_choice, check_effects, check_length, check_level, check_slab
from evisynth.errors import ArgumentError
from evisynth.intervals import PREDICTIONS, inconsistency, prediction_limits
from evisynth.measures import MEASURES, harmonic_mean
from evisynth.tau2 import ESTIMATORS, dersimonian_laird, generalised_q, typical_variance


@dataclass(frozen=True)
class MetaAnalysis:
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
        measure = MEASURES[self.measure]
        more = (self.total,) if measure.needs_total else ()
        names = ("estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub")
        values = {name: getattr(self, name) for name in names}
        with np.errstate(over="ignore"):  # a ratio beyond floating point is infinite
            return {
                name: None if value is None else float(measure.back_transform(value, *more))
                for name, value in values.items()
            }

    def to_dict(self):
        """All fields and the displayed values, as plain Python types."""
        plain = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        return plain | {"displayed": self.displayed}

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


def rma(
    yi, vi, *, method="REML", test="adhoc", measure="GEN", level=0.95, slab=None,
    prediction="t(k-1)", ni=None,
):  # fmt: skip
    """Random-effects meta-analysis of effect sizes.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
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

    Returns
    -------
    MetaAnalysis
        Its prediction interval is where a new study's underlying effect would lie, not the count
        it would observe; but for "HK" it has the Wald standard error.

    Raises
    ------
    ArgumentError
        NaN, infinite or masked values, values beyond 1e50, a variance below 1e-50, lengths that
        differ, k = 0, an unknown method, test, measure or convention.
    """
    yi, vi = check_effects("rma", yi, vi)
    check_choice("rma", "method", method, ESTIMATORS)
    check_choice("rma", "test", test, ("z", "knha", "adhoc"))
    check_choice("rma", "measure", measure, MEASURES)
    check_choice("rma", "prediction", prediction, PREDICTIONS)
    level = check_level("rma", level)
    slab = check_slab("rma", slab, yi.size)
    total = _total(measure, ni, yi)

    k = yi.size
    tau2 = ESTIMATORS[method](yi, vi) if k > 1 else 0.0
    wi = 1 / (vi + tau2)
    estimate = float(np.sum(wi * yi) / np.sum(wi))
    wald_se = float(np.sqrt(1 / np.sum(wi)))
    se, notes = _scaled_se(yi, wi, estimate, wald_se, test)
    quantile = _quantile(test, k, level)
    spread_se = wald_se
    if prediction == "HK":
        spread_se, _ = _scaled_se(yi, wi, estimate, wald_se, "knha" if test == "z" else test)
    pi_lb, pi_ub = prediction_limits(
        estimate, spread_se, tau2, k, level, convention=prediction, random=method != "EE"
    )
    Q = generalised_q(yi, vi)
    I2, H2 = _inconsistency(yi, vi, tau2, method)
    return MetaAnalysis(
        measure=measure,
        model="equal-effects" if method == "EE" else "normal-normal",
        method=method,
        test=test,
        k=k,
        estimate=estimate,
        se=se,
        ci_lb=estimate - quantile * se,
        ci_ub=estimate + quantile * se,
        pi_lb=pi_lb,
        pi_ub=pi_ub,
        tau2=float(tau2),
        I2=I2,
        H2=H2,
        Q=Q,
        Q_p=float(stats.chi2.sf(Q, k - 1)) if k > 1 else None,
        weights=tuple((100 * wi / np.sum(wi)).tolist()),
        level=level,
        slab=slab,
        notes=notes,
        prediction=prediction,
        total=total,
    )


def _total(measure, ni, yi):
    """Harmonic mean of the totals where the measure needs it."""
    if not MEASURES[measure].needs_total:
        if ni is not None:
            raise ArgumentError("rma", "ni", "given", f"totals only for PFT, not for {measure}")
        return None
    total = harmonic_mean("rma", "ni", ni)
    check_length("rma", "ni", np.atleast_1d(ni), "yi", yi)
    return total


def _scaled_se(yi, wi, estimate, wald_se, test):
    if test == "z" or yi.size == 1:
        return wald_se, ()
    factor = float(np.sqrt(np.sum(wi * (yi - estimate) ** 2) / (yi.size - 1)))
    if test == "adhoc" or factor < 1e-12:
        # Under Paule and Mandel the factor is 1 by definition, and below it only by rounding.
        note = "Knapp-Hartung factor below 1 raised to 1" if factor < 1 - 1e-9 else ""
        return max(factor, 1.0) * wald_se, (note,) if note else ()
    return factor * wald_se, ()


def _quantile(test, k, level):
    p = 0.5 + level / 2
    return float(stats.norm.ppf(p) if test == "z" or k == 1 else stats.t.ppf(p, k - 1))


def _inconsistency(yi, vi, tau2, method):
    """I2 in percent and H2; None for one study."""
    if yi.size == 1:
        return None, None
    # Equal effects set tau2 to 0, which says nothing about the data; with DerSimonian and Laird's
    # tau2 the two are (Q - df) / Q and Q / df.
    spread = dersimonian_laird(yi, vi) if method == "EE" else tau2
    return inconsistency(spread, typical_variance(vi))
