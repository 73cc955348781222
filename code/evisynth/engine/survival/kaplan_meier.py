"""Survival of one group of patients: the Kaplan-Meier curve, its limits, its median."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from evisynth.checks import LARGEST, check_label, check_length, check_level, check_numbers, shown
from evisynth.engine.survival.product_limit import log_log_limits, median_with_limits, product_limit
from evisynth.errors import ArgumentError
from evisynth.result import Result

INTERVALS = "pointwise, log-log transformed, Greenwood's variance"


class SurvivalAt(NamedTuple):
    """Survival at a time with its limits, proportions; None where the data do not tell."""

    time: float
    survival: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True)
class KaplanMeier(Result):
    """A Kaplan-Meier curve. Times are in ``time_unit``, survival and its limits are proportions.

    Attributes
    ----------
    time : tuple of float
        Distinct times of events and of censoring, ascending.
    survival, lower, upper : tuple of float or None
        From each time until the next. The limits are pointwise, on the log(-log) scale, with
        Greenwood's variance; None where survival is still 1 or already 0, for there this variance
        says nothing.
    at_risk, events, censored : tuple of int
        Patients at risk just before each time; events and censored at it, events first.
    n, n_events : int
    median, median_lb, median_ub : float or None
        Median survival and Brookmeyer and Crowley's limits on the log(-log) scale; None where the
        curve, or its limit, does not come down to one half.
    median_follow_up, follow_up_lb, follow_up_ub : float or None
        Reverse Kaplan-Meier: the same of the time to censoring, where an event censors.
    level : float
    label : str
        Name of the group.
    time_unit : str
    intervals : str
        How the limits were made.
    notes : tuple of str
    """

    time: tuple[float, ...]
    survival: tuple[float, ...]
    lower: tuple[float | None, ...]
    upper: tuple[float | None, ...]
    at_risk: tuple[int, ...]
    events: tuple[int, ...]
    censored: tuple[int, ...]
    n: int
    n_events: int
    median: float | None
    median_lb: float | None
    median_ub: float | None
    median_follow_up: float | None
    follow_up_lb: float | None
    follow_up_ub: float | None
    level: float
    label: str
    time_unit: str
    intervals: str
    notes: tuple[str, ...]

    def at(self, times):
        """Survival at given times.

        Parameters
        ----------
        times : array_like, shape (m,)
            From 0, in the unit of the curve.

        Returns
        -------
        tuple of SurvivalAt
            Survival 1 without limits before the first event; None after the last time observed,
            unless nobody was left then: survival stays 0.

        Raises
        ------
        ArgumentError
            Times that are not numbers from 0.
        """
        return tuple(self._at(t) for t in _check_times("KaplanMeier.at", "times", times).tolist())

    def _at(self, time):
        i = int(np.searchsorted(self.time, time, side="right")) - 1
        if i < 0:
            return SurvivalAt(time, 1.0, None, None)
        if time > self.time[-1] and self.survival[-1] > 0:
            return SurvivalAt(time, None, None, None)
        return SurvivalAt(time, self.survival[i], self.lower[i], self.upper[i])

    def numbers_at_risk(self, times):
        """Patients under observation just before given times, for the table below the curve.

        Parameters
        ----------
        times : array_like, shape (m,)
            From 0, in the unit of the curve.

        Returns
        -------
        tuple of int
            Those whose own time is not before it: at an event's time the patient still counts.

        Raises
        ------
        ArgumentError
            Times that are not numbers from 0.
        """
        times = _check_times("KaplanMeier.numbers_at_risk", "times", times)
        at_risk = np.append(self.at_risk, 0)
        return tuple(at_risk[np.searchsorted(self.time, times, side="left")].tolist())

    def terms(self):
        """Median survival and median follow-up."""
        more = {"scale": f"time ({self.time_unit})", "n": self.n, "level": self.level}
        rows = (
            ("median survival", self.median, self.median_lb, self.median_ub),
            ("median follow-up", self.median_follow_up, self.follow_up_lb, self.follow_up_ub),
        )
        names = ("term", "estimate", "ci_lb", "ci_ub")
        return [dict(zip(names, row, strict=True)) | more for row in rows]

    def __repr__(self):
        """Patients, events and the median."""
        median = "not reached" if self.median is None else f"{self.median:g} {self.time_unit}"
        label = f" {self.label}" if self.label else ""
        return f"<Kaplan-Meier{label}, n = {self.n}, {self.n_events} events: median {median}>"


def kaplan_meier(time, event, *, level=0.95, slab=None, time_unit="months"):
    """Kaplan-Meier curve of one group of patients.

    Parameters
    ----------
    time : array_like, shape (n,)
        From 0: time to the event or to censoring, one per patient, in ``time_unit``.
    event : array_like of bool or 0 / 1, shape (n,)
        Whether the event was observed; who is not 1 is censored. Of an event and a censoring at
        the same time the event comes first.
    level : float in (0, 1)
    slab, time_unit : str, optional
        Name of the group; unit of the times; for display.

    Returns
    -------
    KaplanMeier
        Where the curve lies at exactly one half for a while, the median is the middle of it, as in
        R's survival package and in SAS.

    Raises
    ------
    ArgumentError
        Times that are not numbers from 0, events that are neither 0 nor 1, lengths that differ, no
        patient.

    References
    ----------
    Kaplan EL, Meier P (1958) J Am Stat Assoc 53:457, computed by statsmodels; Greenwood M (1926)
    Rep Public Health Med Subj 33; limits on the log(-log) scale: Kalbfleisch JD, Prentice RL
    (1980) The Statistical Analysis of Failure Time Data, section 1.3; Brookmeyer R, Crowley J
    (1982) Biometrics 38:29; Schemper M, Smith TL (1996) Control Clin Trials 17:343 for the median
    follow-up.

    Examples
    --------
    >>> from evisynth import kaplan_meier
    >>> curve = kaplan_meier([2, 3, 3, 5, 8, 11], [1, 1, 0, 1, 0, 1])
    >>> [round(value, 3) for value in curve.survival]
    [0.833, 0.667, 0.444, 0.444, 0.0]
    >>> curve.median
    5.0
    """
    function = "kaplan_meier"
    time = _check_times(function, "time", time)
    event = _check_events(event, time)
    level = check_level(function, level)
    label, unit = (
        _check_text("slab", "" if slab is None else slab),
        _check_text("time_unit", time_unit),
    )
    times, rank = np.unique(time, return_inverse=True)
    survival, se, at_risk, events = product_limit(rank, event, times.size)
    lower, upper = log_log_limits(survival, se, level)
    # Ranks that put the events first, so that nobody who had one can be censored at that time.
    follow_up, follow_up_se, _, _ = product_limit(2 * rank + ~event, ~event, 2 * times.size)
    follow_up, follow_up_se = follow_up[1::2], follow_up_se[1::2]
    censored = np.bincount(rank, minlength=times.size) - events
    median = median_with_limits(times, survival, lower, upper)
    reverse = median_with_limits(times, follow_up, *log_log_limits(follow_up, follow_up_se, level))
    return KaplanMeier(
        time=tuple(times.tolist()),
        survival=tuple(survival.tolist()),
        lower=_without_nan(lower),
        upper=_without_nan(upper),
        at_risk=tuple(at_risk.tolist()),
        events=tuple(events.tolist()),
        censored=tuple(censored.tolist()),
        n=int(time.size),
        n_events=int(event.sum()),
        **dict(zip(("median", "median_lb", "median_ub"), median, strict=True)),
        **dict(zip(("median_follow_up", "follow_up_lb", "follow_up_ub"), reverse, strict=True)),
        level=level,
        label=label,
        time_unit=unit,
        intervals=INTERVALS,
        notes=tuple(_notes(event, survival, median)),
    )


def _notes(event, survival, median):
    if not np.any(event):
        yield "No event was observed: survival is 1 as far as the follow-up goes."
    elif median[0] is None:
        yield "Median survival was not reached."
    if np.any(event):
        yield f"Limits are {INTERVALS}."
    if survival[-1] == 0:
        yield "The curve ends at 0, because the last patient observed had the event."


def _without_nan(values):
    return tuple(None if np.isnan(value) else value for value in values.tolist())


def _check_times(function, argument, values):
    allowed = "numbers from 0"
    return check_numbers(function, argument, values, lower=0, upper=LARGEST, allowed=allowed)


def _check_events(event, time):
    allowed = "0 or 1 (censored or event)"
    event = check_numbers("kaplan_meier", "event", event, lower=0, allowed=allowed)
    check_length("kaplan_meier", "event", event, "time", time)
    wrong = np.flatnonzero((event != 0) & (event != 1))
    if wrong.size:
        given = f"{event[wrong[0]]:.12g} at position {wrong[0]}"
        raise ArgumentError("kaplan_meier", "event", given, allowed)
    return event == 1


def _check_text(argument, value):
    if not isinstance(value, str):
        raise ArgumentError("kaplan_meier", argument, shown(value), "text")
    return check_label("kaplan_meier", argument, value) if value else value
