"""How sure a pool is, as a table and as words for the prose."""

from __future__ import annotations

import numpy as np

from evisynth.engine.proportions.sensitivity import influence_pooled, leave1out_pooled
from evisynth.errors import ArgumentError
from evisynth.evidence.branches import specification_multiverse
from evisynth.evidence.doubts import undoubted
from evisynth.rounding import decimal_numbers, percents
from evisynth.words.cells import by_pool
from evisynth.words.entries import grouped
from evisynth.words.glue import slug_of
from evisynth.words.phrases import (
    cohorts_and_patients,
    dash_range,
    decimals,
    sentence,
    short_answer,
)


def influence_of(analysis, *pools):
    """Case diagnostics of each cohort, under the inverse-variance model beside the headline.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
        Pools of three cohorts or more.

    Returns
    -------
    Html
    """
    header = ("Cohort", "Studentised residual", "Cook's distance", "Covariance ratio",
              "τ² without it", "Weight", "Beyond the bounds")  # fmt: skip
    caption = (
        "Logit, REML, ad hoc Knapp–Hartung. Bounds: |DFFITS| above three times the root of "
        "1 / (k − 1), Cook's distance beyond the median of chi-squared, leverage above 3 / k, or "
        "|DFBETAS| above 1."
    )
    groups = by_pool(analysis, pools, _influence_rows)
    return grouped(header, groups, caption=caption, numeric=header[1:6])


def _influence_rows(selection):
    found = influence_pooled(selection.pooled)
    for i, label in enumerate(found.slab):
        numbers = (found.rstudent[i], found.cook_d[i], found.cov_r[i], found.tau2_del[i])
        yield (
            label, *(decimals(number) for number in numbers),
            f"{decimal_numbers(found.weight[i], decimals=0)[0]}%",
            "yes" if found.influential[i] else "no",
        )  # fmt: skip


def sensitivity_values(analysis, pool):
    """The range of the leave-one-out rates of a pool.

    Parameters
    ----------
    analysis : Analysis
    pool : str
        With a headline.

    Returns
    -------
    dict of str to str
        ``without-low`` and ``without-high``.
    """
    rates = leave1out_pooled(analysis[pool].pooled).displayed["estimate"]
    low, high = percents(np.nanmin(rates), np.nanmax(rates))
    return {"without-low": low, "without-high": high}


def choice_values(analysis, pool):
    """What each declared alternative of a pool gives, and the largest set without a doubt.

    Parameters
    ----------
    analysis : Analysis
    pool : str
        Also of one or two cohorts, or of none.

    Returns
    -------
    dict of str to str
        ``if-level`` of each level that is declared; ``certain``, in a sentence, and
        ``certain-short`` and ``certain-who``, its rate and its cohorts with their patients.
    """
    selection = analysis[pool]
    certain = undoubted(analysis.evidence, selection)
    return _otherwise(analysis.evidence, selection) | {
        "certain": sentence(certain.pooled),
        "certain-short": short_answer(certain.pooled),
        "certain-who": cohorts_and_patients(certain),
    }


def _otherwise(evidence, selection):
    """The short answer at each level of each axis that the pool declares."""
    select = evidence.selector().select
    return {
        f"if-{slug}": short_answer(select(selection.spec.otherwise(keys)).pooled)
        for slug, keys in _by_slug(selection.spec).items()
    }


def _by_slug(spec):
    """Keys of each level that is not the declared one, by what the prose calls the level.

    Raises
    ------
    ArgumentError
        Two levels that the prose could not tell apart, or one without a letter or digit.
    """
    names: dict[str, str] = {}
    found = {}
    for axis, levels in spec.alternatives.items():
        for level, keys in levels.items():
            if keys:
                slug, name = slug_of(level), f"{axis}: {level}"
                if slug in names or not slug:
                    other = f" and {names[slug]!r}" if slug else ""
                    given = f"{name!r}{other} of pool {spec.id!r}, glued as 'if-{slug}'"
                    allowed = "levels that differ in a letter a to z or a digit; rename one"
                    raise ArgumentError("sensitivity_values", "alternatives", given, allowed)
                names[slug], found[slug] = name, keys
    return found


def curve_values(analysis, pool):
    """The lowest and the highest rate of a pool's specification curve, as ``curve``.

    Parameters
    ----------
    analysis : Analysis
    pool : str
        With a headline.

    Returns
    -------
    dict of str to str
    """
    found = specification_multiverse(analysis.evidence, analysis.spec.id, pool).estimate
    return {"curve": dash_range(np.nanmin(found), np.nanmax(found))}
