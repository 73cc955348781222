"""What differs between the cohorts of some pools beside the rates, and what can be made of it."""

from __future__ import annotations

from collections import Counter

import numpy as np

from evisynth.evidence.selection import plain
from evisynth.glmm.model import rma_glmm
from evisynth.proportions.pooling import pool_proportions
from evisynth.report.cells import by_pool
from evisynth.report.characteristics import COLUMNS, Characteristics, meanings
from evisynth.report.entries import grouped
from evisynth.report.glue import glue_values
from evisynth.report.html import table
from evisynth.report.words import (
    capital,
    decimals,
    ratio,
    ratio_with_interval,
    sentence,
)

NEEDED = 10  # studies per coefficient, the book's least for a regression


def case_mix(analysis, *pools):
    """What the documents print of the patients of each counted cohort.

    Parameters
    ----------
    analysis : Analysis
    *pools : str

    Returns
    -------
    Html
        Definition of the outcome, then disease, line of treatment, earlier transplant, and
        whatever else stands in the tables: the cohort's own numbers, those of its parts as shares
        of it, and those of a whole of the same study, marked as such. A dash where nothing is
        printed. Claims that were decided against are left off, open ones carry their id.
    """
    header = ("Cohort", "Definition", *COLUMNS, "Also printed")
    printed = Characteristics(analysis.evidence)

    def rows_of(selection):
        for c in selection.counted:
            told = (printed.of(c.cohort, *about) for about in COLUMNS.values())
            rest = printed.others(c.cohort)
            yield c.cohort["label"], plain(c.row["criterion"]), *told, rest

    caption = (
        "In the whole study: of a larger group of the same report, such as both arms of a trial. "
        "A dash: nothing is printed beyond what the cohort's name says."
    )
    return grouped(header, by_pool(analysis, pools, rows_of), caption=caption)


def regressions(analysis, first, second):
    """Regression on what tells two pools apart, and of what else too little is printed.

    Parameters
    ----------
    analysis : Analysis
    first, second : str
        Pool ids; the odds of the second against those of the first.

    Returns
    -------
    Html
        The binomial-normal model with one common spread, limits from t(k - 2); a characteristic
        that fewer than ten cohorts print is named with its number of cohorts and not fitted.
    """
    one, other = analysis[first], analysis[second]
    xi, ni = (*one.xi, *other.xi), (*one.ni, *other.ni)
    header = ("What", "Cohorts that print it", "Odds ratio [95% CI]", "Spread left (τ)")
    words = f"{other.spec.title} against {one.spec.title[:1].lower()}{one.spec.title[1:]}"
    names = meanings(analysis.evidence.codebook)
    rows = [(words, str(len(xi)), *_fitted(xi, ni, len(one.xi)))]
    rows += [
        (capital(names[name]), str(k), f"not fitted: fewer than {NEEDED}", "–")
        for name, k in _cohorts_per_characteristic(analysis, one, other)
    ]
    return table(header, rows, numeric=header[1:])


def _fitted(xi, ni, of_first):
    if len(xi) < 2 * NEEDED:
        return f"not fitted: fewer than {2 * NEEDED}", "–"
    numbers, tau2 = _odds_ratio(xi, ni, of_first)
    return ratio_with_interval(*numbers), decimals(tau2**0.5)


def _odds_ratio(xi, ni, of_first):
    """Odds ratio of the later studies against the first ones with its limits, and tau2."""
    group = np.repeat([0.0, 1.0], [of_first, len(xi) - of_first])
    fit = rma_glmm(xi, ni, mods={"second": group})
    return np.exp([fit.estimate[1], fit.ci_lb[1], fit.ci_ub[1]]), fit.tau2


def glue_regression(analysis, first, second):
    """Glue the odds ratio between two pools across reports, as ``analysis-first-v-second-or``.

    Parameters
    ----------
    analysis : Analysis
    first, second : str
        As `regressions`.

    Returns
    -------
    Html
        Nothing is glued where there are too few cohorts to fit it.
    """
    found = odds_ratio_across(analysis, first, second)
    values = {}
    if found is not None:
        values = {"or": ratio(found[0]), "or-ci": f"{ratio(found[1])}–{ratio(found[2])}"}
    return glue_values(f"{analysis.spec.id}-{first}-v-{second}", values)


def odds_ratio_across(analysis, first, second):
    """Odds ratio between the cohorts of two pools, which no study compares.

    Parameters
    ----------
    analysis : Analysis
    first, second : str
        As `regressions`.

    Returns
    -------
    tuple of float or None
        Odds of the second pool over those of the first, with its limits; None where there are too
        few cohorts to fit it.
    """
    one, other = analysis[first], analysis[second]
    xi, ni = (*one.xi, *other.xi), (*one.ni, *other.ni)
    return tuple(_odds_ratio(xi, ni, len(one.xi))[0]) if len(xi) >= 2 * NEEDED else None


def _cohorts_per_characteristic(analysis, *selections):
    counted = {c.cohort["cohort_id"] for s in selections for c in s.counted}
    printed = Characteristics(analysis.evidence)
    found = Counter(name for cohort in counted for name in printed.names(cohort))
    return sorted((name, k) for name, k in found.items() if k < NEEDED)


def split_by(analysis, column, *pools):
    """Each pool split by a column of the outcomes, every part under the rule for few studies.

    Parameters
    ----------
    analysis : Analysis
    column : str
        For instance "criterion" or "timepoint".
    *pools : str

    Returns
    -------
    Html
        Nothing is tested between the parts.
    """
    header = ("Pool", capital(plain(column)), "Cohorts", "What they say")
    rows = [row for selection in analysis.chosen(*pools) for row in _parts(selection, column)]
    return table(header, rows, numeric=("Cohorts",))


def _parts(selection, column):
    levels: dict[str, list] = {}
    for c in selection.counted:
        levels.setdefault(plain(c.row[column]), []).append(c)
    for level, cohorts in levels.items():
        xi, ni = zip(*((c.row["events"], c.row["total"]) for c in cohorts), strict=True)
        pooled = pool_proportions(xi, ni)
        yield selection.spec.title, level, str(pooled.k), capital(sentence(pooled))
