"""Figures of a result: anybody's meta-analysis as rows, a diamond and the axis that fits them."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10

import numpy as np
from scipy import stats

from evisynth.checks import check_counts, check_effects
from evisynth.engine.effects.escalc import study_intervals
from evisynth.engine.effects.measures import MEASURES
from evisynth.engine.proportions.result import Pooled
from evisynth.errors import ArgumentError
from evisynth.figures.base.model_words import is_bayes, model_words, remark
from evisynth.figures.base.rows import PROPORTION, Axis, Diamond, Group, Row
from evisynth.figures.forests.of_pooled import (
    events_of_total,
    if_pooled,
    pooled_diamond,
    study_rows,
)

CUT = "Limits beyond 0 or 100 % are cut there."


@dataclass(frozen=True)
class Drawn:
    """What a result becomes: one group, its axis, and the lines that must stand below."""

    group: Group
    axis: Axis
    footer: tuple[str, ...] = ()


def is_result(item) -> bool:
    """Whether `of_result` can draw it: a pool, or anything that displays one estimate."""
    if isinstance(item, Pooled):
        return True
    parts = ("displayed", "weights", "slab", "model")
    # A stack of results has as many numbers of studies as data sets.
    if not all(hasattr(item, name) for name in parts) or not isinstance(item.model, str):
        return False
    return isinstance(getattr(item, "k", None), int)


def of_result(result, *, xi=None, ni=None, yi=None, vi=None, nonetheless=False) -> Drawn:
    """Rows, diamond and axis of a result.

    Parameters
    ----------
    result : MetaAnalysis, BayesAnalysis or Pooled
    xi, ni : array_like of int, shape (k,), optional
        Events and totals of the studies of a one-arm result, in its order: rows are proportions
        with exact intervals. A `Pooled` has its own.
    yi, vi : array_like, shape (k,), optional
        In their place effect sizes and sampling variances, analysis scale: rows are
        back-transformed with Wald intervals.
    nonetheless : bool
        Whether to show, where the rule for few studies does not pool, what Bayes would give.

    Returns
    -------
    Drawn
        Proportions on their axis, odds and risk ratios on a logarithmic one, risk differences and
        effects of no known measure on a linear one with a line at 0; at the level of the result.

    Raises
    ------
    ArgumentError
        Data of the studies that are missing, of another number than the result's, or of the wrong
        kind for its measure.
    """
    given = {"xi": xi, "ni": ni, "yi": yi, "vi": vi}
    given = {name: values for name, values in given.items() if values is not None}
    if isinstance(result, Pooled):
        if given:
            name = next(iter(given))
            raise ArgumentError("forest", name, "given", "nothing: the counts are in the result")
        return _of_pooled(result, nonetheless)
    if nonetheless:
        raise ArgumentError("forest", "nonetheless", "given", "False, unless beside a Pooled")
    axis = axis_of(result)
    studies, counts, total = _studies(result, given)
    rows, cut = _rows(result, axis, studies, counts)
    diamond, cut_too = _diamond(result, axis, total)
    footer = (*result.notes, *((CUT,) if cut or cut_too else ()))
    return Drawn(Group("", rows, diamond), axis, footer)


def axis_of(result) -> Axis:
    """The axis of a result's measure."""
    measure, interval = MEASURES[result.measure], f"[{100 * result.level:g}% CI]"
    if measure.arms == 1:
        return Axis("proportion", f"% {interval}")
    label = f"{measure.name.capitalize()} {interval}"
    if measure.null == 1:
        return Axis("ratio", label, null=1.0, noun=measure.name)
    # As many decimals as the limits of the mean deserve.
    shown = result.displayed
    half = max(shown["ci_ub"] - shown["estimate"], 1e-300)
    decimals = min(max(1 - floor(log10(half)), 0), 6)
    # On a log scale without a ratio, such as a median in months, no value means "no difference".
    null = None if measure.scale else 0.0
    return Axis("difference", label, null=null, decimals=decimals, noun=measure.name)


def _studies(result, given):
    """Estimate and limits of each study (k, 3), display scale; counts as printed; their sum."""
    names = set(given)
    if names & {"xi", "ni"}:
        return _of_counts(result, given)
    if not names:
        raise ArgumentError("forest", "xi", "missing", "xi and ni, or yi and vi, of the studies")
    yi, vi = check_effects("forest", given.get("yi"), given.get("vi"))
    _check_k(result, "yi", yi)
    measure = MEASURES[result.measure]
    if measure.needs_total:
        raise ArgumentError("forest", "yi", "given", f"xi and ni for {result.measure}")
    half = stats.norm.ppf(0.5 + result.level / 2) * np.sqrt(vi)
    with np.errstate(over="ignore"):
        shown = measure.back_transform(np.array([yi, yi - half, yi + half]))
    return shown.T, [""] * result.k, ""


def _of_counts(result, given):
    if MEASURES[result.measure].arms != 1:
        name = next(iter(given))
        raise ArgumentError("forest", name, "given", f"yi and vi for {result.measure}")
    for name in ("yi", "vi"):
        if name in given:
            raise ArgumentError("forest", name, "given", "xi and ni, or yi and vi, not both")
    xi, ni = check_counts("forest", given.get("xi"), given.get("ni"))
    _check_k(result, "xi", xi)
    shown = np.array([xi / ni, *study_intervals(xi, ni, level=result.level)])
    return (
        shown.T,
        [events_of_total(x, n) for x, n in zip(xi, ni, strict=True)],
        events_of_total(*_sums(xi, ni)),
    )


def _check_k(result, name, array):
    if array.size != result.k:
        allowed = f"one per study of the result, {result.k}"
        raise ArgumentError("forest", name, f"of length {array.size}", allowed)


def _sums(xi, ni):
    return sum(xi), sum(ni)


def _rows(result, axis, studies, counts):
    rows, cut = [], False
    for label, numbers, weight, count in zip(
        result.slab, studies.tolist(), _weights(result), counts, strict=True
    ):
        estimate, *limits = numbers
        kept = _within(axis, limits)
        cut |= kept != limits
        rows.append(Row(label, estimate, *kept, weight, count))
    return tuple(rows), cut


def _weights(result):
    return result.weights or (None,) * result.k


def _within(axis, limits):
    """Limits of a proportion no further than 0 and 1, where some scales do not stop."""
    return [min(max(v, 0.0), 1.0) for v in limits] if axis.kind == "proportion" else limits


def _diamond(result, axis, counts=""):
    shown = result.displayed
    limits = [shown["ci_lb"], shown["ci_ub"]]
    limits += [] if shown.get("pi_lb") is None else [shown["pi_lb"], shown["pi_ub"]]
    lower, upper, *prediction = kept = _within(axis, limits)
    label = "Common effect" if result.model == "equal-effects" else "Pooled mean"
    if is_bayes(result):
        label = f"{label} ({model_words(result)})"
    diamond = Diamond(
        label, shown["estimate"], lower, upper, tuple(prediction) or None, counts, remark(result),
        result.level,
    )  # fmt: skip
    return diamond, kept != limits


def _of_pooled(pooled, nonetheless):
    """A pool under the rule for few studies: its headline, or the note that says why not."""
    axis, rows = Axis("proportion", f"% [{100 * pooled.level:g}% CI]"), study_rows(pooled)
    if pooled.headline is None:
        beside = if_pooled(pooled) if nonetheless else None
        return Drawn(Group("", rows, None, _note(pooled), beside), axis)
    diamond = pooled_diamond(pooled, f"Pooled mean ({model_words(pooled.headline)})")
    warning = (pooled.warning,) if pooled.warning else ()
    return Drawn(Group("", rows, diamond), axis, (*warning, *pooled.headline.notes))


def _note(pooled):
    if pooled.k < 2:
        return pooled.warning
    estimate, *limits = pooled.common_effect
    rate = f"{PROPORTION.number(estimate)} {PROPORTION.interval(*limits)}"
    return f"{pooled.warning} With one proportion common to all it would be {rate} of 100."
