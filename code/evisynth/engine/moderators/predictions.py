"""What a meta-regression says of studies with given values of the moderators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from evisynth.checks import check_choice, check_numbers
from evisynth.engine.effects.measures import MEASURES, cut_notes
from evisynth.engine.moderators.design import INTERCEPT, moderator_columns, variance_factor
from evisynth.engine.random_effects.intervals import narrower_notes, new_study_sd
from evisynth.errors import ArgumentError
from evisynth.result import Result

DISPLAYED = ("estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub")
PREDICTIONS = ("t(k-p)", "z", "HK", "HTS")


@dataclass(frozen=True, repr=False)
class Predictions(Result):
    """Mean effects at given values of the moderators, analysis scale; tuples of m floats.

    Attributes
    ----------
    estimate, se, ci_lb, ci_ub : tuple of float
    pi_lb, pi_ub : tuple of float, or None
        Prediction limits of a new study's underlying effect; None under equal effects and where
        fewer than 2 studies are left over (k - p < 2).
    displayed : dict of str to tuple of float, or None
        Estimates and limits on the display scale; None where the back-transform needs a total.
    prediction : str
        Convention of the prediction limits.
    """

    measure: str
    estimate: tuple[float, ...]
    se: tuple[float, ...]
    ci_lb: tuple[float, ...]
    ci_ub: tuple[float, ...]
    pi_lb: tuple[float, ...] | None
    pi_ub: tuple[float, ...] | None
    displayed: dict | None
    prediction: str
    level: float
    notes: tuple[str, ...] = ()

    def terms(self):
        """A row for each set of values, display scale where there is a way back to it."""
        values = self.displayed or {name: getattr(self, name) for name in DISPLAYED}
        scale = MEASURES[self.measure].name if self.displayed else "analysis"
        columns = {n: v or (None,) * len(self.estimate) for n, v in values.items()}
        return [
            {"term": f"prediction {i + 1}"} | {n: v[i] for n, v in columns.items()}
            | {"scale": scale} for i in range(len(self.estimate))
        ]  # fmt: skip

    def __repr__(self):
        return f"<predictions {self.measure} at {len(self.estimate)} sets of values>"


def predict(fit, values, *, prediction="t(k-p)"):
    """Mean effects, their limits and prediction limits at values of the moderators.

    Parameters
    ----------
    fit : MetaRegression
    values : mapping of str to array_like of shape (m,), or array_like of shape (m,) or (m, q)
        The q moderators as they were given to `meta_regression`; the intercept is added.
    prediction : {"t(k-p)", "z", "HK", "HTS"}
        As for `rma`, with p coefficients: quantiles of t(k - p), of the normal distribution, of
        t(k - p), of t(k - p - 1), with the standard errors of the test; but "HK" has those of
        "knha" where the test is "z". A note says where the limits do not hold those of the mean.

    Returns
    -------
    Predictions

    Raises
    ------
    ArgumentError
        Names or a number of columns that the model does not have; values that are not finite.
    """
    check_choice("predict", "prediction", prediction, PREDICTIONS)
    rows = _rows(fit, values)
    estimate = rows @ np.array(fit.coefficients)
    variance = np.einsum("mp,pq,mq->m", rows, np.array(fit.covariance), rows)
    se = np.sqrt(variance)
    tail = 0.5 + fit.level / 2
    half = (ndtri(tail) if fit.df is None else stdtrit(fit.df, tail)) * se
    limits = {"estimate": estimate, "ci_lb": estimate - half, "ci_ub": estimate + half}
    limits |= _prediction_limits(fit, estimate, variance, prediction)
    plain = {name: None if v is None else tuple(v.tolist()) for name, v in limits.items()}
    return Predictions(
        measure=fit.measure,
        se=tuple(se.tolist()),
        displayed=_displayed(fit.measure, limits),
        prediction=prediction,
        level=fit.level,
        notes=(
            *_extrapolated(fit, rows),
            *_narrower(limits, prediction),
            *_cut(fit.measure, limits),
        ),
        **plain,
    )


def _rows(fit, values):
    """Rows of a design matrix; a number stands for an array of one."""
    names = [name for name in fit.names if name != INTERCEPT]
    columns = moderator_columns("predict", values)
    if len(columns) != len(names) or not (set(columns) == set(names) or _unnamed(columns)):
        raise ArgumentError("predict", "values", f"of {', '.join(columns)}", ", ".join(names))
    order = columns.values() if _unnamed(columns) else [columns[name] for name in names]
    checked = [
        check_numbers("predict", f"moderator {n!r}", v) for n, v in zip(names, order, strict=True)
    ]
    sizes = {column.size for column in checked}
    if len(sizes) > 1:
        raise ArgumentError("predict", "values", f"of lengths {sorted(sizes)}", "one length")
    ones = [np.ones(sizes.pop())] if len(names) < len(fit.names) else []
    return np.column_stack([*ones, *checked])


def _unnamed(columns):
    return list(columns) == [f"x{i + 1}" for i in range(len(columns))]


def _prediction_limits(fit, estimate, variance, prediction):
    df = fit.k - len(fit.names)
    if fit.method == "EE" or df < 2:
        return {"pi_lb": None, "pi_ub": None}
    if (prediction, fit.test) == ("HK", "z"):
        variance = variance * variance_factor(np.array(fit.factor), "knha")
    tail = 0.5 + fit.level / 2
    quantile = ndtri(tail) if prediction == "z" else stdtrit(df - (prediction == "HTS"), tail)
    half = quantile * new_study_sd(np.sqrt(variance), fit.tau2)
    return {"pi_lb": estimate - half, "pi_ub": estimate + half}


def _narrower(limits, prediction):
    mean, new = (limits["ci_lb"], limits["ci_ub"]), (limits["pi_lb"], limits["pi_ub"])
    return narrower_notes(mean, new, f"convention {prediction}")


def _displayed(measure, limits):
    if MEASURES[measure].needs_total:
        return None
    back = MEASURES[measure].back_transform
    with np.errstate(over="ignore"):  # a ratio beyond floating point is infinite
        return {n: None if v is None else tuple(back(v).tolist()) for n, v in limits.items()}


def _cut(measure, limits):
    if MEASURES[measure].needs_total:  # nothing is displayed
        return ()
    return cut_notes(measure, limits, places="sets of values")


def _extrapolated(fit, rows):
    """A note for each moderator that is asked for outside what was observed."""
    observed = np.array(fit.X)
    outside = np.any((rows < observed.min(axis=0)) | (rows > observed.max(axis=0)), axis=0)
    return tuple(
        f"Values of {name} outside those of the studies: extrapolated."
        for name, beyond in zip(fit.names, outside, strict=True)
        if beyond
    )
