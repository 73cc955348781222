"""What a Bayesian analysis returns: one posterior, or those of a stack of data sets."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from evisynth.engine.effects.measures import MEASURES, cut_notes
from evisynth.engine.random_effects.intervals import narrower_notes
from evisynth.result import Result, json_value

NUMBERS = ("mean", "se", "estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub")
TAUS = ("tau", "tau_lb", "tau_ub")


def _displayed(measure, value):
    with np.errstate(over="ignore"):
        return None if value is None else float(MEASURES[measure].back_transform(value))


@dataclass(frozen=True)
class BayesAnalysis(Result):
    """A posterior; everything on the analysis scale of ``measure`` unless it says otherwise.

    Attributes
    ----------
    measure, model : str
    tau_prior : str
        For instance "HN(1)".
    mu_prior : (mean, sd) or None
        None is flat.
    k : int
    estimate, ci_lb, ci_ub : float
        Posterior median and equal-tailed limits of the mean effect: back-transforms keep them.
    mean, se : float
        Posterior mean and standard deviation; ``se`` is None where it is infinite.
    pi_lb, pi_ub : float or None
        Equal-tailed limits of a new study's underlying effect.
    tau, tau_lb, tau_ub : float
        Posterior median and equal-tailed limits of the between-study standard deviation.
    shrinkage : tuple of (estimate, lb, ub)
        Posterior median and limits of each study's underlying effect.
    weights : tuple of float
        Percent: posterior means of 1 / (v_i + tau^2) over their sum (Rover and Friede (2021) Res
        Synth Methods 12:441, without the share of the prior); with counts
        v_i = 1 / (n_i p (1 - p)) at p of each mu.
    marginal : float or None
        Posterior mean of a new study's proportion; None unless counts were pooled.
    density : tuple
        Values of mu, and its posterior density there.
    level, slab, notes
        As in `MetaAnalysis`.
    """

    measure: str
    model: str
    tau_prior: str
    mu_prior: tuple[float, float] | None
    k: int
    estimate: float
    mean: float
    se: float | None
    ci_lb: float
    ci_ub: float
    pi_lb: float | None
    pi_ub: float | None
    tau: float
    tau_lb: float
    tau_ub: float
    shrinkage: tuple[tuple[float, float, float], ...]
    weights: tuple[float, ...]
    marginal: float | None = None
    level: float = 0.95
    slab: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    density: tuple[tuple[float, ...], tuple[float, ...]] = field(default=((), ()), repr=False)

    @property
    def tau2(self):
        """Square of the median of tau, which is the median of tau squared."""
        return self.tau**2

    @property
    def displayed(self):
        """Estimate, limits and prediction limits back-transformed to the display scale."""
        names = ("estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub")
        return {name: _displayed(self.measure, getattr(self, name)) for name in names}

    @property
    def shrinkage_displayed(self):
        """The studies' underlying effects back-transformed, as tuples of three."""
        return tuple(tuple(_displayed(self.measure, v) for v in row) for row in self.shrinkage)

    def to_dict(self):
        """All fields and the displayed values, as plain Python types."""
        more = {
            "displayed": json_value(self.displayed),
            "shrinkage_displayed": json_value(self.shrinkage_displayed),
        }
        return super().to_dict() | {
            name: [list(row) for row in value] if isinstance(value, tuple) else value
            for name, value in more.items()
        }

    def terms(self):
        """Mean effect, new study, tau, and each study's underlying effect."""
        scale = MEASURES[self.measure].scale or "identity"
        rows = [("mean effect", self.estimate, self.ci_lb, self.ci_ub)]
        if self.pi_lb is not None:
            rows.append(("new study", self.estimate, self.pi_lb, self.pi_ub))
        rows.append(("tau", self.tau, self.tau_lb, self.tau_ub))
        rows += [(name, *row) for name, row in zip(self.slab, self.shrinkage, strict=True)]
        names = ("term", "estimate", "ci_lb", "ci_ub")
        return [dict(zip(names, row, strict=True)) | {"scale": scale} for row in rows]

    def __repr__(self):
        """Model, prior, estimate and limits on the display scale."""
        shown = self.displayed
        prediction = ""
        if shown["pi_lb"] is not None:
            prediction = f", prediction {shown['pi_lb']:.3f} to {shown['pi_ub']:.3f}"
        return (
            f"<{self.model} {self.measure}, {self.tau_prior}, k = {self.k}: "
            f"{shown['estimate']:.3f} [{shown['ci_lb']:.3f}, {shown['ci_ub']:.3f}]{prediction}>"
        )


@dataclass(frozen=True)
class BayesAnalyses(Result):
    """Posteriors of B data sets; arrays of shape (B,), named as in `BayesAnalysis`.

    A prediction limit that is not given, for few studies, is NaN; ``se`` may be infinite.
    """

    measure: str
    model: str
    tau_prior: str
    mu_prior: tuple[float, float] | None
    k: np.ndarray
    estimate: np.ndarray
    mean: np.ndarray
    se: np.ndarray
    ci_lb: np.ndarray
    ci_ub: np.ndarray
    pi_lb: np.ndarray
    pi_ub: np.ndarray
    tau: np.ndarray
    tau_lb: np.ndarray
    tau_ub: np.ndarray
    level: float = 0.95
    notes: tuple[str, ...] = field(default=())

    def terms(self):
        """A row per data set."""
        scale = MEASURES[self.measure].scale or "identity"
        names = ("estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub", "tau", "k")
        columns = [getattr(self, name).tolist() for name in names]
        rows = enumerate(zip(*columns, strict=True))
        return [
            {"term": i} | dict(zip(names, row, strict=True)) | {"scale": scale} for i, row in rows
        ]

    def __repr__(self):
        """Model, prior and number of data sets."""
        return f"<{self.model} {self.measure}, {self.tau_prior}: {self.k.size} data sets>"


def analysis_of(found, head, slab, minimum):
    """A `BayesAnalysis` of the margins that were found."""
    values = {name: float(found[name]) for name in NUMBERS + TAUS}
    notes = []
    if not np.isfinite(values["se"]):
        values["se"] = None
        notes.append("the posterior variance of the mean is infinite under this prior of tau")
    if len(slab) < minimum:
        values["pi_lb"] = values["pi_ub"] = None
        notes.append(f"no prediction interval below {minimum} studies")
    if len(slab) == 1:
        notes.append("one study: what is known of tau rests on the priors")
    notes += _narrower(values) + cut_notes(head["measure"], values)
    return BayesAnalysis(
        **head,
        **values,
        k=len(slab),
        shrinkage=tuple(map(tuple, found["shrinkage"].tolist())),
        weights=tuple(found["weights"].tolist()),
        marginal=float(found["marginal"]) if "marginal" in found else None,
        slab=slab,
        notes=tuple(notes),
        density=tuple(map(tuple, found["density"].tolist())),
    )


def analyses_of(found, head, used, minimum):
    """`BayesAnalyses` of the margins that were found."""
    k = used.sum(axis=1)
    found = {name: found[name] for name in NUMBERS + TAUS}
    notes = ()
    if np.any(k < minimum):
        notes = (f"no prediction interval below {minimum} studies",)
        for name in ("pi_lb", "pi_ub"):
            found[name] = np.where(k < minimum, np.nan, found[name])
    return BayesAnalyses(
        **head, **found, k=k, notes=notes + _narrower(found) + cut_notes(head["measure"], found)
    )


def _narrower(found):
    mean, new = (found["ci_lb"], found["ci_ub"]), (found["pi_lb"], found["pi_ub"])
    return narrower_notes(mean, new, "quantiles of the posterior")
