"""What a section holds, in a line that stands above it while it is closed."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from html import escape

import numpy as np

from evisynth.evidence.branches import specification_multiverse
from evisynth.evidence.contrast_branches import contrast_specifications
from evisynth.evidence.specs import contrast_of
from evisynth.evidence.synthesis import cohorts_once
from evisynth.report.certainty.grade import level_words
from evisynth.report.certainty.published import published_values
from evisynth.report.certainty.ratings import level_of, ratings_of, steps_of, subjects_of
from evisynth.report.selection.decisions import effects_of_flips
from evisynth.report.selection.disagreements import touching
from evisynth.report.selection.possible_overlaps import flagged_cohorts
from evisynth.rounding import decimal_numbers, percents
from evisynth.words.html import Html, tag
from evisynth.words.phrases import capital, count_word, per_hundred, plural, thousands

# What the reasons for leaving a row out say, several of one kind together.
_KINDS = {
    "OVL": "repeated", "POOL": "repeated", "SUB": "repeated", "SEL": "chosen", "DEN": "other",
    "DEF": "other", "TIM": "other", "NE": "uncounted", "CLM": "refused",
}  # fmt: skip
_WORDS = {
    "repeated": ("1 repeats or is", "{n} repeat or are", "part of a counted study"),
    "chosen": ("1 was", "{n} were", "chosen by what happened later"),
    "other": ("1 counts", "{n} count", "another outcome or other patients"),
    "uncounted": ("1 prints", "{n} print", "no count"),
    "refused": ("1 was", "{n} were", "decided against"),
}


def line(text):
    """A result line: the page's extension moves it under the heading and folds the section."""
    shown = capital(text.rstrip("."))
    return Html(tag("p", escape(shown), class_="co-result"), f"→ {shown}")


def who_line(analysis):
    """How many are counted, how many may share patients, how many rows are not, and why."""
    chosen = analysis.chosen()
    flagged = len(flagged_cohorts(chosen))
    once = cohorts_once(chosen, analysis.evidence.graph)
    counted = plural(len(once), "cohort")
    doubt = f"; {count_word(flagged)} may share patients" if flagged else ""
    out = {i.row["row_id"]: _KINDS[i.code] for s in chosen for i in s.left_out}
    told = f"{counted}, {thousands(sum(once.values()))} patients, each counted once{doubt}"
    if not out:
        return f"{told}; none left out"
    kinds = (_of_kind(kind, n) for kind, n in Counter(out.values()).most_common(2))
    return f"{told}; {plural(len(out), 'row')} left out: {', '.join(kinds)}"


def _of_kind(kind, n):
    one, several, what = _WORDS[kind]
    return f"{one if n == 1 else several.format(n=n)} {what}"


def disagreements_line(analysis, also=()):
    """How many contradictions there are, and by how much deciding them otherwise moves a rate."""
    number = len(touching(analysis, also))
    if not number:
        return "no contradiction touches a cohort of this chapter"
    moved = [
        _moved(selection, other)
        for pool, selection in analysis.selections.items()
        for _, other in effects_of_flips(analysis, pool)
    ]
    told = plural(number, "contradiction")
    if not analysis.selections:
        return told
    if not moved:
        return f"{told}; no other decision changes a pooled number"
    known = [by for by in moved if by is not None]
    if not known:
        return f"{told}; {count_word(len(moved))} would change who is counted, none a pooled rate"
    most = max(known)
    points = count_word(int(most)) if most == int(most) else f"{most}"
    return f"{told}; the largest effect on a pooled rate is {points} of 100"


def _moved(selection, other):
    """By how many of 100 a pooled rate moves, as shown; None where one of the two has none."""
    rates = [s.pooled.displayed["estimate"] for s in (selection, other) if s.pooled.headline]
    if len(rates) < 2:
        return None
    first, second = (Decimal(per_hundred(rate)) for rate in rates)
    return abs(first - second)


def sureness_line(page):
    """How many analyses could be defended, and what they give."""
    return "; ".join(_curve(page.analysis, name, page.short(name)) for name in page.spec.sure)


def _curve(analysis, name, short):
    contrast = contrast_of(analysis.spec, name)
    if contrast is not None:
        found = contrast_specifications(analysis, *contrast.pools)
        low, high = decimal_numbers(*_ends(found))
        return f"{short}: {_many(found)} give an odds ratio of {low} to {high}"
    found = specification_multiverse(analysis.evidence, analysis.spec.id, name)
    low, high = percents(*_ends(found))
    return f"{short}: {_many(found)} give {low} to {high} of 100"


def _ends(found):
    return float(np.nanmin(found.estimate)), float(np.nanmax(found.estimate))


def _many(found):
    return plural(int(found.estimable.sum()), "defensible analysis", "defensible analyses")


def certainty_line(analysis):
    """How sure the pools are by GRADE, what lowered the ratings most, and published results."""
    steps, levels = Counter(), set()
    for subject in subjects_of(analysis):
        ratings = ratings_of(analysis, subject)
        levels.add(level_of(ratings))
        steps.update(row["wording"].lower() for row in steps_of(ratings))
    most = " and ".join(domain for domain, _ in steps.most_common(2))
    told = f"{capital(level_words(levels))}{f', most often for {most}' if most else ''}"
    values = published_values(analysis)
    if not values:
        return f"{told}; no published meta-analysis beside it"
    return f"{told}; {plural(len(values), 'published estimate')} beside it: {', '.join(values)}"
