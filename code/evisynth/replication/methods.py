"""Which methods may have made a published number of a kind, the usual one first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np

from evisynth.engine.effects.escalc import normal_quantile
from evisynth.evidence.printed import half_unit
from evisynth.replication.numbers import (
    ASSOCIATION_TESTS,
    DIFFERENCE_INTERVALS,
    PROPORTION_INTERVALS,
    association_p,
    odds_ratio,
    proportion_interval,
    ratio_from_limits,
    risk_difference,
)
from evisynth.replication.times import MEDIAN_INTERVALS, median_time, survival_at


@dataclass(frozen=True)
class Case:
    """What a published number is recomputed from.

    Counts are (x, n) or (a, n1, c, n2); times come with their events, and with the time of the
    estimate; limits are the printed texts of a ratio and of its two limits.
    """

    counts: tuple[int, ...] = ()
    time: tuple[float, ...] = ()
    event: tuple[int, ...] = ()
    at: float | None = None
    limits: tuple[str, ...] = ()
    level: float = 0.95


class RecomputedRange(NamedTuple):
    """A recomputed number, and how far the rounding of what went in lets it reach."""

    low: float
    value: float
    high: float


class Recomputed(NamedTuple):
    """Numbers beside the printed ones, each a `RecomputedRange`; None where the method has none."""

    estimate: RecomputedRange | None = None
    lb: RecomputedRange | None = None
    ub: RecomputedRange | None = None
    p: RecomputedRange | None = None


class ReplicationMethod(NamedTuple):
    """A way to recompute the numbers of a kind from counts, times or limits."""

    kind: str
    needs: str
    name: str
    recompute: Callable


def _exact(estimate=None, lb=None, ub=None, p=None):
    numbers = (estimate, lb, ub, p)
    return Recomputed(*(None if v is None else RecomputedRange(v, v, v) for v in numbers))


def _count(case):
    return _exact(case.counts[0])


def _rate(case):
    return _exact(100 * case.counts[0] / case.counts[1])


def _interval(case, method):
    numbers = proportion_interval(*case.counts, level=case.level, method=method)
    return _exact(*(100 * v for v in numbers))


def _difference(case, method):
    numbers = risk_difference(*case.counts, level=case.level, method=method)
    return _exact(*(100 * v for v in numbers))


def _odds_ratio(case):
    return _exact(*odds_ratio(*case.counts, level=case.level))


def _wald_p(case):
    return _exact(p=odds_ratio(*case.counts)[3])


def _association(case, method):
    return _exact(p=association_p(*case.counts, method=method))


def _from_limits(case, sides):
    """The estimate and the p value of printed limits, over the rounding of the three numbers."""
    ends = [
        (float(text), float(text) - half_unit(text), float(text) + half_unit(text))
        for text in case.limits
    ]
    found = [ratio_from_limits(*at, level=case.level, sides=sides) for at in product(*ends)]
    centre, p = (RecomputedRange(min(v), v[0], max(v)) for v in zip(*found, strict=True))
    return Recomputed(estimate=centre, p=p)


def _survival(case, before):
    return _exact(100 * survival_at(case.time, case.event, case.at, before=before)[0])


def _half_width(case, before, multiple):
    se = survival_at(case.time, case.event, case.at, before=before)[1]
    return _exact(100 * se * (normal_quantile(case.level) if multiple else 1))


def _median_survival(case, interval):
    return _exact(*median_time(case.time, case.event, level=case.level, interval=interval))


def _sample_median(case):
    return _exact(*(float(f(case.time)) for f in (np.median, np.min, np.max)))


def _family(kind, needs, recompute, **options):
    """One method per name of the only option."""
    ((option, names),) = options.items()
    return [
        ReplicationMethod(kind, needs, name, partial(recompute, **{option: name})) for name in names
    ]


_SIDES = {"wald on the log": 2, "wald on the log one-sided": 1}

METHODS = (
    ReplicationMethod("count", "counts", "count", _count),
    ReplicationMethod("rate", "counts", "proportion", _rate),
    ReplicationMethod("rate", "counts", "proportion cut", _rate),
    *_family(
        "interval of a proportion",
        "counts",
        _interval,
        method=(*PROPORTION_INTERVALS, "wald on the logit"),
    ),
    *_family("difference", "counts", _difference, method=DIFFERENCE_INTERVALS),
    ReplicationMethod("odds ratio", "counts", "woolf", _odds_ratio),
    *_family("p value", "counts", _association, method=ASSOCIATION_TESTS),
    ReplicationMethod("p value", "counts", "wald on the log", _wald_p),
    *(
        ReplicationMethod(kind, "limits", name, partial(_from_limits, sides=sides))
        for kind in ("odds ratio", "hazard ratio")
        for name, sides in _SIDES.items()
    ),
    ReplicationMethod("Kaplan-Meier", "times", "kaplan-meier", partial(_survival, before=False)),
    ReplicationMethod(
        "Kaplan-Meier", "times", "kaplan-meier just before", partial(_survival, before=True)
    ),
    *(
        ReplicationMethod(
            "half-width", "times", name, partial(_half_width, before=before, multiple=multiple)
        )
        for name, before, multiple in (
            ("greenwood", False, True),
            ("greenwood just before", True, True),
            ("standard error", False, False),
        )
    ),
    *(
        ReplicationMethod(
            "median survival",
            "times",
            f"kaplan-meier {interval}",
            partial(_median_survival, interval=interval),
        )
        for interval in MEDIAN_INTERVALS
    ),
    ReplicationMethod("median", "times", "sample median and range", _sample_median),
)


def candidates(kind, needs):
    """Methods for a kind of number that start from counts, times or limits, by name."""
    found = (m for m in METHODS if (m.kind, m.needs) == (kind, needs))
    return {method.name: method for method in found}
