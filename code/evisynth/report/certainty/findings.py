"""The summary of findings: numbers from the results, what lowered each rating, the certainty."""

from __future__ import annotations

import re
from collections import Counter
from html import escape

from evisynth.evidence.between_studies import odds_ratio_across
from evisynth.evidence.schema import printed_text
from evisynth.evidence.selection import plain
from evisynth.report.certainty.grade import certainty_rating
from evisynth.report.certainty.judgements import GRADE
from evisynth.report.certainty.ratings import (
    BETWEEN,
    STEPS,
    anchor,
    level_of,
    level_without,
    ratings_of,
    steps_of,
    subjects_of,
)
from evisynth.result import estimate_and_limits
from evisynth.rounding import percents
from evisynth.words.entries import stacked
from evisynth.words.html import Html, muted, table, tag
from evisynth.words.phrases import (
    cohorts_and_patients,
    dash_range,
    months,
    per_hundred,
    plural,
    points_with_interval,
    rates,
    ratio_with_interval,
    shown_rate,
    thousands,
)

RULES = "methods.html#certainty"  # where a book says them once
# The domain that GRADE calls publication bias; its step is of the sources, not of the studies.
SELECTION = "publication-bias"
FEW_STRATA = 2  # of which differences stand side by side


def findings(analysis, *pools):
    """Summary of findings: each pool and contrast with its numbers and its certainty.

    The form is that of GRADE's tables (Guyatt et al, J Clin Epidemiol 2013;66:158): numbers from
    the results, judgements from the table of appraisals, each domain that lowered a rating with a
    link to its reason in the profile (`grade`), which stands below on the page.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
        Pool ids; all where none is named. A contrast is shown where both of its pools are.

    Returns
    -------
    Html
    """
    subjects = subjects_of(analysis, *pools)
    rows = [_finding(analysis, subject) for subject in subjects]
    header = ("Outcome", "Of 100 [95% interval]", "Rated down for", "Certainty")
    return stacked([table(header, rows), _guidance(analysis, subjects)])


def _finding(analysis, subject):
    ratings = ratings_of(analysis, subject)
    cells = _contrast_cells if BETWEEN in subject else _pool_cells
    cells = _effect_cells if subject in analysis.effects else cells
    cells = _median_cells if subject in analysis.times else cells
    return (
        *cells(analysis, subject),
        _lowered(analysis, subject, ratings),
        _level(ratings),
    )


def _level(ratings):
    """The certainty, and what it would be without the step that the reading second-hand costs."""
    shown, other = certainty_rating(level_of(ratings)), level_without(ratings, SELECTION)
    if other in (None, level_of(ratings)):
        return shown
    wording = next(row["wording"] for row in ratings if row["item"] == SELECTION)
    words = f"{other} but for {wording.lower()}"
    return Html(f"{shown.html}<br>{muted(words)}", f"{shown.text}; {words}")


def _lowered(analysis, subject, ratings):
    """Domains that moved the rating, each with its step and a link to the reason."""
    steps = [(anchor(analysis, subject, row), row) for row in steps_of(ratings)]
    shown = [
        tag("a", escape(f"{row['wording'].lower()} {STEPS[row['judgement']]}"), href=f"#{anchor}")
        for anchor, row in steps
    ]
    text = ", ".join(f"{row['wording'].lower()} {STEPS[row['judgement']]}" for _, row in steps)
    return Html("<br>".join(shown), text) if steps else "–"


def _titled(title, *about):
    lines = "".join(f"<br>{muted(line)}" for line in about)
    return Html(f"<strong>{escape(title)}</strong>{lines}", "; ".join((title, *about)))


def _pool_cells(analysis, pool):
    selection = analysis[pool]
    found = Counter(plain(c.row["criterion"]) for c in selection.counted)
    kinds = [kind for kind, _ in found.most_common()]
    counted_as = f", counted as {', '.join(kinds)}" if set(kinds) - {"not stated"} else ""
    about = (f"{selection.spec.estimand}{counted_as}", cohorts_and_patients(selection))
    return _titled(selection.spec.title, *about), _rate_cell(selection.pooled)


def _effect_cells(analysis, name):
    """Ratios of each trial, side by side."""
    found = analysis.effect(name)
    trials = ", ".join(effect.first["label"] for effect in found.counted)
    lines = [_ratio_line(effect) for effect in found.counted]
    cell = Html("<br>".join(unbroken(line).html for line in lines), "; ".join(lines))
    return _titled(found.spec.title, found.spec.estimand, trials or "none"), cell


def _median_cells(analysis, name):
    """The median of the largest cohort, and where the others lie."""
    found = analysis.median_times(name)
    size = f"{plural(len(found.counted), 'cohort')}, {thousands(found.patients)} patients"
    if not found.counted:
        return _titled(found.spec.title, found.spec.estimand, size), "–"
    main, times = max(found.counted, key=lambda m: m.n or 0), [m.months for m in found.counted]
    limits = f" [{'–'.join(map(months, main.limits))}]" if main.limits else ""
    line = f"{months(main.months)}{limits} months, {main.cohort['label']}"
    if len(times) > 1:
        line += f"; all {months(min(times))} to {months(max(times))}"
    return _titled(found.spec.title, found.spec.estimand, size), unbroken(line)


def _ratio_line(effect):
    value, low, high = map(printed_text, effect.numbers)
    return f"{effect.row['measure']} {value} [{low}–{high}]"


def unbroken(words):
    """Words whose interval stays on one line."""
    whole = r'<span style="white-space:nowrap">\g<0></span>'
    return Html(re.sub(r"\S+ \[[^\]]*\]", whole, escape(words)), words)


def _rate_cell(pooled):
    """The rate, and under it where a new centre could lie, if the rule gives that."""
    rate, shown = rate_words(pooled), pooled.displayed
    if shown["pi_lb"] is None:
        return unbroken(rate)
    new = f"new centre {dash_range(shown['pi_lb'], shown['pi_ub'])}"
    style = "color:var(--co-accent);white-space:nowrap"
    return Html(f'{unbroken(rate).html}<br><span style="{style}">{new}</span>', f"{rate}; {new}")


def rate_words(pooled):
    """A pooled rate of 100 with its interval, or what stands for it where none is given."""
    shown = pooled.displayed
    if shown["estimate"] is not None:
        return shown_rate(shown)
    if pooled.k == 0:
        return "–"
    found = rates(pooled)
    if pooled.k == 2:
        return f"{' and '.join(map(per_hundred, found))}, not pooled"
    return f"{' to '.join(percents(found[0], found[-1]))}, not pooled"


def _contrast_cells(analysis, contrast):
    first, second = contrast.split(BETWEEN)
    title = f"{analysis[first].spec.title} against {analysis[second].spec.title}"
    pairs = analysis.strata(first, second)
    if not pairs:
        evidence = (cohorts_and_patients(analysis[pool]) for pool in (first, second))
        about = ("between cohorts only, no study compares them", " against ".join(evidence))
        return _titled(title, *about), _ratio_across(analysis, first, second)
    patients = sum(arm.row["total"] for pair in pairs for arm in pair)
    size = f"{plural(len(pairs), 'stratum', 'strata')}, {thousands(patients)} patients"
    return _titled(title, "within the same studies", size), _contrast_cell(analysis, first, second)


def _contrast_cell(analysis, first, second):
    """How many more of 100, and the odds ratio; over several strata first if they may differ.

    Differences of one or two strata are their own, with Newcombe's limits: two cannot tell whether
    they differ. Of more it is the common one.
    """
    found = analysis.odds_ratios(first, second)
    few = len(found.pairs) <= FEW_STRATA
    differences = found.differences if few else (found.common_as("RD"),)
    lines = [f"{' and '.join(points_with_interval(*d) for d in differences)} more"]
    ratio = f"odds ratio {ratio_with_interval(*found.common)}"
    if found.bayes is not None:
        apart = ratio_with_interval(*estimate_and_limits(found.bayes))
        lines.append(f"odds ratio {apart} if studies may differ")
        ratio = f"{ratio_with_interval(*found.common)} if they do not"
    lines.append(ratio)
    return Html("<br>".join(unbroken(line).html for line in lines), "; ".join(lines))


def _ratio_across(analysis, first, second):
    """What the regression across cohorts gives, with everything else that differs between them."""
    found = odds_ratio_across(analysis, second, first)
    if found is None:
        return "not estimated"
    return unbroken(f"odds ratio {ratio_with_interval(*found.odds_ratio)}, confounded")


def _guidance(analysis, subjects):
    """Which guidance the ratings follow, and where the book's rules for them stand."""
    if not any(ratings_of(analysis, subject) for subject in subjects):
        return Html("", "")
    rules = tag("a", "under the rules of this book", href=RULES)
    words = f"Certainty by {GRADE}, {{}}. The reason for each step stands in the profiles below."
    shown = tag("p", words.format(rules), class_="co-provenance")
    return Html(shown, words.format("under the rules of this book"))
