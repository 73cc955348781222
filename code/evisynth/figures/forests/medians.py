"""The forest plot of printed medians; an arrow and NR where a median or a limit was not reached."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, isfinite

from evisynth.figures.base.axis import Axis
from evisynth.figures.base.rows import Group, Row
from evisynth.figures.forests.of_analysis import provenance
from evisynth.figures.forests.plot import forest
from evisynth.words.phrases import capital, months, plural, thousands

KEY = "NR: not reached or not estimable · an arrow: later than the axis shows"
_LONGEST = 60.0  # months that the axis shows, unless every median lies below


@dataclass(frozen=True)
class TimeAxis(Axis):
    """Months, as printed; what is infinite was not reached."""

    def numbers(self, *values):
        """Times that stand together as printed."""
        return tuple("–" if v is None or v != v else months(v) for v in values)

    @property
    def dash(self):
        """Between two limits: a time is never negative."""
        return "–"


def median_forest(analysis, *names, title, figure=1, caption=""):
    """Forest plot of printed medians of survival, a group for each declared set of them.

    Parameters
    ----------
    analysis : Analysis
    *names : str
        Ids of declared medians.
    title, caption : str
    figure : int

    Returns
    -------
    InlineFigure
        Medians without 95% limits are drawn alone. Nothing is pooled; what summarises a group
        stands below.
    """
    chosen = [analysis.median_times(name) for name in names]
    groups = [_group(found) for found in chosen if found.counted]
    return forest(
        groups,
        title=title,
        subtitle=_subtitle(chosen),
        columns=("Endpoint", "Patients"),
        axis=_axis(chosen),
        footer=(*map(_summary, filter(_counted, chosen)), KEY,
                provenance(analysis, figure, "medians as printed")),
        caption=caption,
        alt=_alt(title, chosen),
    ).at(analysis.spec.id, figure)  # fmt: skip


def _counted(found):
    return found.counted


def _axis(chosen):
    seen = [m.months for found in chosen for m in found.counted]
    seen += [limit for found in chosen for m in found.counted for limit in m.limits or ()]
    longest = max((t for t in seen if isfinite(t)), default=12.0)
    top = 12.0 * ceil(min(longest, _LONGEST) / 12)
    return TimeAxis("difference", "Median, months [95% CI]", limits=(0.0, top), noun="median")


def _group(found):
    rows = tuple(
        Row(m.cohort["label"], m.months, *(m.limits or (None, None)), None,
            "", (m.row["endpoint"].upper(), thousands(m.n) if m.n else "–"),
            name=m.study["known_as"] or "")
        for m in sorted(found.counted, key=lambda m: (-(m.n or 0), m.cohort["label"]))
    )  # fmt: skip
    return Group(found.spec.title, rows)


def _subtitle(chosen):
    number = sum(len(found.counted) for found in chosen)
    patients = sum(found.patients for found in chosen)
    return f"{capital(plural(number, 'cohort'))}, {thousands(patients)} patients, each once."


def _summary(found):
    """What the medians of a group have in common, without a pooled answer."""
    middle = found.weighted_median
    told = "" if middle is None else f"half of the patients are in cohorts with {months(middle)} "
    told += "" if middle is None else "months or less" if middle < inf else "or later"
    pooled = found.inverse_variance
    if pooled is not None:
        shown = pooled.displayed
        low, high = months(shown["ci_lb"]), months(shown["ci_ub"])
        told += f"; mean of those with limits {months(shown['estimate'])} ({low}–{high})"
    return f"{found.spec.title}: {told}."


def _alt(title, chosen):
    told = [
        f"{found.spec.title}: " + "; ".join(
            f"{m.cohort['label']} {months(m.months)}" for m in found.counted
        )
        for found in chosen if found.counted
    ]  # fmt: skip
    return f"Forest plot. {title}. Medians in months. {'. '.join(told)}."
