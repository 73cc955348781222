"""Bayesian random-effects meta-analysis by deterministic quadrature: no sampling, no seed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit

from evisynth.binomial_effects import new_study, of_each_study
from evisynth.binomial_posterior import integrate, margins
from evisynth.checks import (
    check_choice,
    check_counts,
    check_effects,
    check_level,
    check_slab,
    check_whole_number,
)
from evisynth.errors import ArgumentError
from evisynth.measures import MEASURES
from evisynth.normal_posterior import posterior
from evisynth.priors import check_mu_prior, check_tau_prior
from evisynth.result import Result

_NUMBERS = ("mean", "se", "estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub")
_TAUS = ("tau", "tau_lb", "tau_ub")
_CHUNK = 2_000_000  # numbers that a pass over a stack may hold


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
        more = {"displayed": self.displayed, "shrinkage_displayed": self.shrinkage_displayed}
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


def bayes_normal(
    yi, vi, *, tau_prior="HN(0.5)", mu_prior=None, measure="GEN", level=0.95, slab=None,
    subset=None, predict_minimum_k=3,
):  # fmt: skip
    """Bayesian normal-normal random-effects meta-analysis.

    Parameters
    ----------
    yi, vi : array_like, shape (k,) or (B, k)
        Effect sizes and sampling variances, analysis scale; a stack is B data sets.
    tau_prior : str, HalfNormal or HalfCauchy
        Prior of tau, analysis scale: "HN(0.5)", "HC(0.5)", or see `half_normal`.
    mu_prior : (mean, sd), optional
        Normal prior of the mean effect; flat by default.
    measure : str
        Only for labels and the back-transform; not "PFT".
    level : float in (0, 1)
    slab : sequence of str, optional
    subset : array_like of bool, shape (B, k), optional
        Which studies of each data set count; for a stack.
    predict_minimum_k : int
        Prediction limits are given from so many studies on.

    Returns
    -------
    BayesAnalysis, or for a stack BayesAnalyses

    Raises
    ------
    ArgumentError
        As in `rma`; one study with a flat prior; an unknown prior; "PFT".

    References
    ----------
    Rover C (2020) J Stat Softw 93(6).
    """
    name = "bayes_normal"
    prior, mu_prior = check_tau_prior(name, tau_prior), check_mu_prior(name, mu_prior, flat=True)
    check_choice(name, "measure", measure, [m for m in MEASURES if not MEASURES[m].needs_total])
    level, minimum = check_level(name, level), _check_minimum(name, predict_minimum_k)
    yi, vi, used, stacked = _check_stack(name, (yi, vi), ("yi", "vi"), subset, check_effects)
    _check_enough(name, used, mu_prior)
    head = {
        "measure": measure, "model": "Bayes normal-normal", "tau_prior": prior.name,
        "mu_prior": mu_prior, "level": level,
    }  # fmt: skip
    if not stacked:
        slab = check_slab(name, slab, yi.shape[1])
        found = posterior(yi, vi, used, prior, mu_prior, level, shrinkage=True)
        return _analysis({key: value[0] for key, value in found.items()}, head, slab, minimum)
    _refuse_slab(name, slab)
    size = max(1, _CHUNK // (6 * 128 * yi.shape[1]))
    parts = [
        posterior(yi[i : i + size], vi[i : i + size], used[i : i + size], prior, mu_prior, level)
        for i in range(0, len(yi), size)
    ]
    found = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    return _analyses(found, head, used, minimum)


def bayes_binomial(
    xi, ni, *, tau_prior="HN(1)", mu_prior=(0, 2.5), level=0.95, slab=None, subset=None,
    predict_minimum_k=3,
):  # fmt: skip
    """Bayesian binomial-normal random-effects meta-analysis of single-arm proportions.

    The model of `rma_glmm`, x ~ Binomial(n, expit(theta)) with theta ~ N(mu, tau^2), with priors;
    its posterior exists also where no study, or every one, has nothing but events.

    Parameters
    ----------
    xi, ni : array_like of int, shape (k,) or (B, k)
        Events and totals; a stack is B data sets.
    tau_prior : str, HalfNormal or HalfCauchy
        Prior of tau, log odds.
    mu_prior : (mean, sd)
        Normal prior of the mean log odds.
    level : float in (0, 1)
    slab : sequence of str, optional
    subset : array_like of bool, shape (B, k), optional
        Which studies of each data set count; for a stack.
    predict_minimum_k : int
        Prediction limits are given from so many studies on.

    Returns
    -------
    BayesAnalysis, or for a stack BayesAnalyses
        On the log-odds scale. ``estimate`` back-transforms to the median of the studies'
        underlying proportions, ``marginal`` is the mean proportion of a new centre.

    Raises
    ------
    ArgumentError
        Counts that are missing, not whole, negative, above their total or above 1e9; an unknown
        prior.
    """
    name = "bayes_binomial"
    prior, mu_prior = check_tau_prior(name, tau_prior), check_mu_prior(name, mu_prior, flat=False)
    level, minimum = check_level(name, level), _check_minimum(name, predict_minimum_k)
    xi, ni, used, stacked = _check_stack(name, (xi, ni), ("xi", "ni"), subset, check_counts)
    head = {
        "measure": "PLO", "model": "Bayes binomial-normal", "tau_prior": prior.name,
        "mu_prior": mu_prior, "level": level,
    }  # fmt: skip
    if not stacked:
        slab = check_slab(name, slab, xi.shape[1])
        found = _binomial(xi[0], ni[0], prior, mu_prior, level, shrinkage=True)
        return _analysis(found, head, slab, minimum)
    _refuse_slab(name, slab)
    rows = [
        _binomial(x[use], n[use], prior, mu_prior, level)
        for x, n, use in zip(xi, ni, used, strict=True)
    ]
    found = {key: np.array([row[key] for row in rows]) for key in _NUMBERS + _TAUS}
    return _analyses(found, head, used, minimum)


def _binomial(xi, ni, prior, mu_prior, level, *, shrinkage=False):
    # In one order whatever the caller's: sums then round alike.
    order = np.lexsort((ni, xi))
    xi, ni = xi[order], ni[order]
    nodes = integrate(xi, ni, prior, mu_prior)
    found = margins(nodes, level)
    found["pi_lb"], found["pi_ub"], found["marginal"] = new_study(nodes, level)
    if shrinkage:
        back = np.argsort(order)
        found["shrinkage"] = of_each_study(nodes, xi, ni, level)[back]
        found["weights"] = _binomial_weights(nodes, ni)[back]
        found["density"] = mu_density(nodes, found)
    return found


def _binomial_weights(nodes, ni):
    p = expit(nodes.mu)
    information = np.maximum(p * (1 - p), 1e-300)[:, :, None]
    wi = 1 / (1 / (ni * information) + nodes.tau[:, None, None] ** 2)
    share = wi / wi.sum(axis=2, keepdims=True)
    return 100 * np.sum(nodes.weights[:, :, None] * share, axis=(0, 1))


def mu_density(nodes, found):
    """Density of mu at 101 points, twice as wide as its limits."""
    low, middle, high = found["ci_lb"], found["estimate"], found["ci_ub"]
    points = np.linspace(2 * low - middle, 2 * high - middle, 101)
    step = (nodes.mu[:, 1] - nodes.mu[:, 0])[:, None]
    series = np.sinc((points[:, None, None] - nodes.mu) / step)
    return np.stack([points, np.maximum((nodes.weights * series / step).sum((1, 2)), 0)])


def _analysis(found, head, slab, minimum):
    values = {name: float(found[name]) for name in _NUMBERS + _TAUS}
    notes = []
    if not np.isfinite(values["se"]):
        values["se"] = None
        notes.append("the posterior variance of the mean is infinite under this prior of tau")
    if len(slab) < minimum:
        values["pi_lb"] = values["pi_ub"] = None
        notes.append(f"no prediction interval below {minimum} studies")
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


def _analyses(found, head, used, minimum):
    k = used.sum(axis=1)
    found = {name: found[name] for name in _NUMBERS + _TAUS}
    notes = ()
    if np.any(k < minimum):
        notes = (f"no prediction interval below {minimum} studies",)
        for name in ("pi_lb", "pi_ub"):
            found[name] = np.where(k < minimum, np.nan, found[name])
    return BayesAnalyses(**head, **found, k=k, notes=notes)


def _check_stack(function, arrays, names, subset, check):
    """Two arrays (B, k) with a mask; what is masked is replaced by the first study that counts."""
    dimensions = [np.ndim(array) if _is_array(array) else 1 for array in arrays]
    if max(dimensions) < 2:
        if subset is not None:
            raise ArgumentError(function, "subset", "given", "only for a stack of shape (B, k)")
        first, second = check(function, *arrays)
        return first[None], second[None], np.ones((1, first.size), bool), False
    shapes = [np.shape(array) for array in arrays]
    for name, shape in zip(names, shapes, strict=True):
        if len(shape) != 2 or 0 in shape or shape != shapes[0]:
            allowed = f"one shape (k,) or (B, k) for {names[0]} and {names[1]}"
            raise ArgumentError(function, name, f"of shape {shape}", allowed)
    used = _check_subset(function, subset, shapes[0])
    flat = check(function, *(np.ma.asanyarray(array).ravel() if np.ma.isMA(array)
                             else np.asarray(array).ravel() for array in arrays))  # fmt: skip
    first, second = (array.reshape(shapes[0]) for array in flat)
    return first, second, used, True


def _is_array(values):
    """Whether the values have a shape; ragged lists and text have none worth asking for."""
    try:
        np.shape(values)
    except ValueError:
        return False
    return not isinstance(values, str | bytes)


def _check_subset(function, subset, shape):
    allowed = f"booleans of shape {shape}, with a study in each row"
    if subset is None:
        return np.ones(shape, bool)
    mask = np.asarray(subset) if _is_array(subset) else np.asarray(0)
    if mask.dtype != bool or mask.shape != shape:
        given = f"of type {mask.dtype} and shape {mask.shape}"
        raise ArgumentError(function, "subset", given, allowed)
    empty = np.flatnonzero(~mask.any(axis=1))
    if empty.size:
        raise ArgumentError(function, "subset", f"empty in row {empty[0]}", allowed)
    return mask


def _check_minimum(function, value):
    return check_whole_number(function, "predict_minimum_k", value, 1, 1000)


def _check_enough(function, used, mu_prior):
    if mu_prior is None and np.any(used.sum(axis=1) < 2):
        allowed = "two or more studies, or a proper mu_prior such as (0, 2.5)"
        raise ArgumentError(function, "yi", "one study (k = 1) with a flat mu_prior", allowed)


def _refuse_slab(function, slab):
    if slab is not None:
        raise ArgumentError(function, "slab", "given", "none for a stack of shape (B, k)")
