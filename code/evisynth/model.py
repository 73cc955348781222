"""The normal-normal random-effects model, and the result that every model of the book returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import numpy as np
from scipy import stats

from evisynth.effects import MEASURES, check_level, check_numbers
from evisynth.errors import ArgumentError
from evisynth.tau2 import ESTIMATORS, dersimonian_laird, generalised_q

PREDICTION_MINIMUM_K = 3


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

    @property
    def tau(self):
        """Between-study standard deviation, analysis scale."""
        return self.tau2**0.5

    @property
    def displayed(self):
        """Estimate, limits and prediction limits back-transformed to the display scale."""
        back = MEASURES[self.measure].back_transform
        names = ("estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub")
        values = {name: getattr(self, name) for name in names}
        return {
            name: None if value is None else float(back(value)) for name, value in values.items()
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


def rma(yi, vi, *, method="REML", test="adhoc", measure="GEN", level=0.95, slab=None):
    """Random-effects meta-analysis of effect sizes.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effect sizes and sampling variances, analysis scale.
    method : {"EE", "DL", "PM", "ML", "REML"}
        Estimator of the between-study variance.
    test : {"z", "knha", "adhoc"}
        Wald; Knapp and Hartung (Stat Med 2003;22:2693); the same, never narrower than with
        factor 1 (Rover et al, BMC Med Res Methodol 2015;15:99).
    measure : str
        Only for labels and the back-transform.
    level : float in (0, 1)
    slab : sequence of str, optional

    Returns
    -------
    MetaAnalysis
        Its prediction interval has t(k - 1) limits on sqrt(se^2 + tau2) with the Wald se
        (Higgins, Thompson and Spiegelhalter 2009, with k - 1 degrees of freedom): where a new
        study's underlying effect would lie, not the count it would observe.

    Raises
    ------
    ArgumentError
        NaN or infinite values, a variance that is not positive, lengths that differ, k = 0,
        an unknown method, test or measure.
    """
    yi = check_numbers("rma", "yi", yi)
    vi = check_numbers("rma", "vi", vi, lower=np.nextafter(0, 1), allowed="positive finite numbers")
    if yi.size != vi.size:
        raise ArgumentError("rma", "vi", f"of length {vi.size}", f"the length of yi, {yi.size}")
    _check_choice("method", method, ESTIMATORS)
    _check_choice("test", test, ("z", "knha", "adhoc"))
    _check_choice("measure", measure, MEASURES)
    level = check_level("rma", level)
    slab = check_slab("rma", slab, yi.size)

    k = yi.size
    tau2 = ESTIMATORS[method](yi, vi) if k > 1 else 0.0
    wi = 1 / (vi + tau2)
    estimate = float(np.sum(wi * yi) / np.sum(wi))
    wald_se = float(np.sqrt(1 / np.sum(wi)))
    se, notes = _scaled_se(yi, wi, estimate, wald_se, test)
    quantile = _quantile(test, k, level)
    pi_lb, pi_ub = prediction_limits(estimate, wald_se, tau2, k, level, random=method != "EE")
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
    )


def prediction_limits(estimate, se, tau2, k, level, *, random=True):
    """Limits of a new study's effect: t(k - 1) on sqrt(se^2 + tau2); None below k = 3."""
    if not random or k < PREDICTION_MINIMUM_K:
        return None, None
    half = float(stats.t.ppf(0.5 + level / 2, k - 1) * np.sqrt(se**2 + tau2))
    return estimate - half, estimate + half


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
    typical = _typical_variance(vi)
    return float(100 * spread / (spread + typical)), float(spread / typical + 1)


def _typical_variance(vi):
    """Higgins and Thompson (2002) Stat Med 21:1539, eq 9."""
    wi = 1 / vi
    return (vi.size - 1) * np.sum(wi) / (np.sum(wi) ** 2 - np.sum(wi**2))


def check_slab(function, slab, k):
    """Study labels as strings, one per study; numbered where none are given."""
    if isinstance(slab, str):
        raise ArgumentError(function, "slab", repr(slab), f"one label per study, {k}")
    labels = tuple(f"Study {i + 1}" for i in range(k)) if slab is None else tuple(map(str, slab))
    if len(labels) != k:
        raise ArgumentError(
            function, "slab", f"of length {len(labels)}", f"one label per study, {k}"
        )
    return labels


def _check_choice(argument, value, allowed):
    if value not in tuple(allowed):
        raise ArgumentError("rma", argument, repr(value), ", ".join(allowed))
