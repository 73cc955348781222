"""What differs between the cohorts of some pools beside the rates, and what can be made of it."""

from __future__ import annotations

from collections import Counter

from evisynth.engine.proportions.pooling import pool_proportions
from evisynth.evidence.between_studies import NEEDED, odds_ratio_across
from evisynth.evidence.selection import plain
from evisynth.report.patients.characteristics import COLUMNS, Characteristics, meanings
from evisynth.words.cells import by_pool, counts, share
from evisynth.words.entries import grouped
from evisynth.words.html import table
from evisynth.words.phrases import (
    capital,
    decimals,
    ratio,
    ratio_with_interval,
    sentence,
)

_RATE = ("n / N", "% [95% CI]")


def case_mix(analysis, *pools, columns=None):
    """What the documents print of the patients of each counted cohort.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
    columns : sequence of str, optional
        Heads of `evisynth.report.patients.characteristics.COLUMNS`: these alone, beside the rates.

    Returns
    -------
    Html
        Definition of the outcome, then disease, line of treatment, earlier transplant, and
        whatever else stands in the tables: the cohort's own numbers, those of its parts as shares
        of it, and those of a whole of the same study, marked as such. A dash where nothing is
        printed. Claims that were decided against are left off, open ones carry their id.
    """
    before, after = (("Definition",), ("Also printed",)) if columns is None else (_RATE, ())
    header = ("Cohort", *before, *(columns or COLUMNS), *after)
    printed = Characteristics(analysis.evidence)

    def rows_of(selection):
        for c in selection.counted:
            told = [printed.of(c.cohort, *COLUMNS[head]) for head in columns or COLUMNS]
            if columns is None:
                yield c.cohort["label"], plain(c.row["criterion"]), *told, printed.others(c.cohort)
            else:
                yield c.cohort["label"], counts(c.row), share(c.row), *told

    caption = (
        "In the whole study: of a larger group of the same report, such as both arms of a trial. "
        "A dash: nothing is printed beyond what the cohort's name says."
    )
    return grouped(header, by_pool(analysis, pools, rows_of), caption=caption, numeric=_RATE)


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
        The binomial-normal model with one common spread, limits from t(k - 2). Each characteristic
        is named with the number of cohorts that print it and why it is not fitted: fewer than ten,
        or not planned.
    """
    one, other = analysis[first], analysis[second]
    cohorts = str(len(one.counted) + len(other.counted))
    header = ("What", "Cohorts that print it", "Odds ratio [95% CI]", "Spread left (τ)")
    words = f"{other.spec.title} against {one.spec.title[:1].lower()}{one.spec.title[1:]}"
    names = meanings(analysis.evidence.codebook)
    rows = [(words, cohorts, *_fitted(odds_ratio_across(analysis, first, second)))]
    rows += [
        (capital(names[name]), str(k), f"not fitted: {_why_not(k)}", "–")
        for name, k in _cohorts_per_characteristic(analysis, one, other)
    ]
    return table(header, rows, numeric=header[1:])


def _fitted(found):
    if found is None:
        return f"not fitted: fewer than {2 * NEEDED}", "–"
    return ratio_with_interval(*found.odds_ratio), decimals(found.tau)


def regression_values(analysis, first, second):
    """The odds ratio between two pools across reports, as ``or`` and ``or-ci``.

    Parameters
    ----------
    analysis : Analysis
    first, second : str
        As `regressions`.

    Returns
    -------
    dict of str to str
        Empty where there are too few cohorts to fit it.
    """
    found = odds_ratio_across(analysis, first, second)
    if found is None:
        return {}
    estimate, low, high = map(ratio, found.odds_ratio)
    return {"or": estimate, "or-ci": f"{low}–{high}"}


def _cohorts_per_characteristic(analysis, *selections):
    counted = {c.cohort["cohort_id"] for s in selections for c in s.counted}
    printed = Characteristics(analysis.evidence)
    found = Counter(name for cohort in counted for name in printed.names(cohort))
    return sorted(found.items())


def _why_not(k):
    return f"fewer than {NEEDED}" if k < NEEDED else "not planned"


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
