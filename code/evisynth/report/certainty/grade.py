"""Certainty of the evidence: in a word, as circles, and domain by domain."""

from __future__ import annotations

from html import escape

from evisynth.report.certainty.judgements import circles
from evisynth.report.certainty.ratings import (
    BETWEEN,
    LEVELS,
    NOT_RATED,
    STEPS,
    anchor,
    level_of,
    ratings_of,
    starts_high,
    subjects_of,
)
from evisynth.words.entries import folded, stacked
from evisynth.words.html import Html, table, tag
from evisynth.words.phrases import capital


def certainty_words(analysis, *pools):
    """The certainty of some pools in a word or two, the highest first.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
        Pool ids; all where none is named. Contrasts are not taken in.

    Returns
    -------
    str
        Such as "very low" or "low to very low"; "not rated" where nothing was.
    """
    subjects = (selection.spec.id for selection in analysis.chosen(*pools))
    return level_words({level_of(ratings_of(analysis, subject)) for subject in subjects})


def level_words(levels):
    """Some levels in a word or two, the highest first; "not rated" of none."""
    ordered = [level for level in reversed(LEVELS) if level in levels]
    return " to ".join(dict.fromkeys((ordered[0], ordered[-1]))) if ordered else NOT_RATED


def certainty_of(analysis, subject):
    """The certainty of one pool or contrast in a word.

    Parameters
    ----------
    analysis : Analysis
    subject : str
        Pool id, or the ids of a contrast.

    Returns
    -------
    str
    """
    return level_of(ratings_of(analysis, subject)) or NOT_RATED


def certainty_rating(level):
    """A rating as four circles and the word.

    Parameters
    ----------
    level : str or None
        One of `LEVELS`; None where nothing was rated.

    Returns
    -------
    Html
    """
    if level is None:
        return Html(NOT_RATED, NOT_RATED)
    filled = LEVELS.index(level) + 1
    dots = circles([1.0] * filled + [0.0] * (4 - filled), f"{filled} of 4 circles")
    word = f'<span style="white-space:nowrap">{dots.html} {escape(level)}</span>'
    return Html(word, f"{dots.text} {level}")


def grade(analysis, *pools):
    """The GRADE profile of each pool and contrast, domain by domain, folded.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
        Pool ids; all where none is named.

    Returns
    -------
    Html
        Empty where nothing is rated.
    """
    subjects = subjects_of(analysis, *pools)
    rated = [subject for subject in subjects if ratings_of(analysis, subject)]
    return stacked(_profile(analysis, subject) for subject in rated)


def _profile(analysis, subject):
    ratings = ratings_of(analysis, subject)
    shown = certainty_rating(level_of(ratings))
    title = title_of_subject(analysis, subject)
    summary = Html(f"{escape(title)}: {shown.html}", f"{title}: {shown.text}")
    cells = [
        (
            _domain(analysis, subject, row),
            capital(row["judgement"]),
            STEPS.get(row["judgement"], ""),
            row["reason"],
        )
        for row in ratings
        if row["item"] != "start" or not starts_high(ratings)  # said once, for all, above
    ]
    return folded([(summary, table(("Domain", "Judgement", "Step", "Why"), cells))])


def title_of_subject(analysis, subject):
    """What is rated: an effect, a pool, or two pools against each other."""
    if subject in analysis.effects:
        return analysis.effect(subject).spec.title
    if subject in analysis.times:
        return analysis.median_times(subject).spec.title
    return " against ".join(analysis[pool].spec.title for pool in subject.split(BETWEEN))


def _domain(analysis, subject, row):
    anchored = tag("span", escape(row["wording"]), id=anchor(analysis, subject, row))
    return Html(anchored, row["wording"])
