"""What differs between the cohorts of some pools beside the rates, and what can be made of it."""

from __future__ import annotations

import numpy as np

from evisynth.evidence.selection import plain
from evisynth.glmm.model import rma_glmm
from evisynth.proportions.pooling import pool_proportions
from evisynth.report.glue import glue_values
from evisynth.report.html import table
from evisynth.report.words import (
    capital,
    decimals,
    ratio,
    ratio_with_interval,
    sentence,
)
from evisynth.schema import field_of

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
        Definition of the outcome, line of treatment, earlier transplant, the share with a marker,
        thresholds: whatever stands in the tables; nothing where nothing is printed.
    """
    header = ("Cohort", "Pool", "Definition", "Ph", "Line", "Earlier transplant", "Also printed")
    printed = _printed(analysis)
    rows = [
        (
            c.cohort["label"], selection.spec.title, plain(c.row["criterion"]),
            plain(c.cohort["ph_status"]), plain(c.cohort["salvage_line"]),
            plain(c.cohort["prior_hsct"]),
            "; ".join(printed.get(c.cohort["cohort_id"], ())) or "–",
        )
        for selection in analysis.chosen(*pools)
        for c in selection.counted
    ]  # fmt: skip
    return table(header, rows)


_LEFT_TO_THE_NOTES = {"other", "median_follow_up"}


def _printed(analysis):
    found: dict[str, dict] = {}
    meanings = _meanings(analysis.evidence.codebook)
    for row in analysis.evidence.rows("characteristics"):
        if row["characteristic"] not in _LEFT_TO_THE_NOTES:
            words = f"{meanings[row['characteristic']]}: {_value(row)}"
            found.setdefault(row["cohort_id"], {})[words] = None
    return {cohort: tuple(words) for cohort, words in found.items()}


def _meanings(book):
    """What each code of a characteristic stands for; a code that says it itself has no entry."""
    field = field_of(book, "characteristics", "characteristic")
    codes = field["constraints"]["enum"]
    return {code: plain(code) for code in codes} | field["meanings"]


def _value(row):
    if row["events"] is not None:
        return f"{row['events']} / {'?' if row['total'] is None else row['total']}"
    unit = {"percent": "%", None: "", "patients": ""}.get(row["unit"], f" {row['unit']}")
    return "as printed" if row["value"] is None else f"{row['value']:g}{unit}"


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
    meanings = _meanings(analysis.evidence.codebook)
    rows = [(words, str(len(xi)), *_fitted(xi, ni, len(one.xi)))]
    rows += [
        (capital(meanings[name]), str(k), f"not fitted: fewer than {NEEDED}", "–")
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
    one, other = analysis[first], analysis[second]
    xi, ni = (*one.xi, *other.xi), (*one.ni, *other.ni)
    values = {}
    if len(xi) >= 2 * NEEDED:
        (estimate, lower, upper), _ = _odds_ratio(xi, ni, len(one.xi))
        values = {"or": ratio(estimate), "or-ci": f"{ratio(lower)}–{ratio(upper)}"}
    return glue_values(f"{analysis.spec.id}-{first}-v-{second}", values)


def _cohorts_per_characteristic(analysis, *selections):
    counted = {c.cohort["cohort_id"] for s in selections for c in s.counted}
    cohorts: dict[str, set] = {}
    for row in analysis.evidence.rows("characteristics"):
        name = row["characteristic"]
        if row["cohort_id"] in counted and name not in _LEFT_TO_THE_NOTES:
            cohorts.setdefault(name, set()).add(row["cohort_id"])
    return sorted((name, len(ids)) for name, ids in cohorts.items() if len(ids) < NEEDED)


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
