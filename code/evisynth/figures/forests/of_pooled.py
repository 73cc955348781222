"""A pool of proportions as rows and diamonds: the one place where a `Pooled` is made drawable."""

from __future__ import annotations

from evisynth.engine.proportions.result import Pooled
from evisynth.figures.base.model_words import model_words, remark
from evisynth.figures.base.rows import Diamond, Row
from evisynth.words.phrases import thousands


def events_of_total(events, total) -> str:
    """Events and total as they stand in a column: ``1,012 / 2,000``."""
    return f"{thousands(int(events))} / {thousands(int(total))}"


def study_rows(pooled: Pooled) -> tuple[Row, ...]:
    """A row for each study: its rate, exact limits, counts; a weight where something is pooled."""
    weights = (pooled.weights if pooled.headline else None) or (None,) * pooled.k
    columns = pooled.slab, pooled.xi, pooled.ni, pooled.lower, pooled.upper, weights
    return tuple(
        Row(label, x / n, low, high, weight, events_of_total(x, n))
        for label, x, n, low, high, weight in zip(*columns, strict=True)
    )


def pooled_diamond(pooled: Pooled, label="Pooled rate") -> Diamond | None:
    """A pool's headline as a diamond; None where the rule for few studies gives none."""
    if pooled.headline is None:
        return None
    shown = pooled.displayed
    prediction = None if shown["pi_lb"] is None else (shown["pi_lb"], shown["pi_ub"])
    return _diamond(pooled, pooled.headline, label, prediction, remark(pooled.headline))


def if_pooled(pooled: Pooled) -> Diamond | None:
    """What Bayes would give where the rule does not pool, without a prediction interval."""
    result = pooled.bayes
    if pooled.headline is not None or result is None:
        return None
    return _diamond(pooled, result, f"If pooled nonetheless ({model_words(result)})", None, "")


def _diamond(pooled, result, label, prediction, remarked):
    shown, counts = result.displayed, events_of_total(pooled.events, pooled.total)
    return Diamond(
        label, shown["estimate"], shown["ci_lb"], shown["ci_ub"], prediction, counts, remarked,
        result.level,
    )  # fmt: skip
