"""What the models of the book return: one fitted model, or those of a stack of data sets."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from math import isnan

import numpy as np

from evisynth.engine.effects.measures import MEASURES, shown_as
from evisynth.result import Result, json_value

DISPLAYED = ("estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub")


@dataclass(frozen=True)
class MetaAnalysis(Result):
    """A fitted model; everything on the analysis scale of ``measure`` unless it says otherwise.

    Attributes
    ----------
    measure, model, method, test : str
        For instance "PLO", "binomial-normal", "ML", "t"; the test is the one that was used: one
        study alone has normal limits, "z".
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
        return super().to_dict() | {"displayed": json_value(self.displayed)}

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
            f"[{shown['ci_lb']:.3f}, {shown['ci_ub']:.3f}]{prediction}{self._cut()}>"
        )

    def _cut(self):
        cut = shown_as(self.measure, {n: getattr(self, n) for n in DISPLAYED}, self.total)
        return ", cut off: see notes" if any(cut.values()) else ""


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
            name: scalar(value[place]) if isinstance(value, np.ndarray) and value.ndim == 1
            else value for name, value in values.items()
        }  # fmt: skip
        one["test"] = "z" if one["k"] == 1 else self.test
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


def scalar(value):
    """A number of NumPy's as Python's; nan is None."""
    value = value.item()
    return None if isinstance(value, float) and isnan(value) else value
