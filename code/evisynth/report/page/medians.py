"""Medians of survival on a page: which were read and are not counted, numbers for the prose."""

from __future__ import annotations

from math import inf

from evisynth.evidence.selection import plain
from evisynth.report.certainty.ratings import level_of, ratings_of
from evisynth.report.patients.survival import as_printed
from evisynth.words.cells import place
from evisynth.words.entries import folded
from evisynth.words.html import Html, table
from evisynth.words.phrases import count_word, months, plural, thousands


def medians_left_out(analysis, *names):
    """Medians that were read and are not among the independent ones, with the reason, folded.

    Parameters
    ----------
    analysis : Analysis
    *names : str
        Ids of declared medians.

    Returns
    -------
    Html
        Empty where none was left out.
    """
    out = [item for name in names for item in analysis.median_times(name).left_out]
    if not out:
        return Html("", "")
    rows = [
        (item.median.cohort["label"], plain(item.median.row["subset"]),
         as_printed(item.median.row), item.reason, place(item.median.row))
        for item in out
    ]  # fmt: skip
    inside = table(("Cohort", "Followed", "As printed", "Why it is not counted", "Read from"), rows)
    return folded([(f"{plural(len(out), 'other median')} read, not counted", inside)])


def median_values(analysis, name):
    """Words and numbers of declared medians, for prose.

    Parameters
    ----------
    analysis : Analysis
    name : str

    Returns
    -------
    dict of str to str
        ``k``, ``patients``, ``lowest`` and ``highest`` median in months ("NR" where not reached),
        the ``longest`` that was reached, in how many cohorts it was not (``unreached``),
        ``middle`` (weighted by patients), ``main`` of the largest cohort with its ``main-name`` and
        ``main-ci``, the certainty. What is not there has no name.
    """
    found = analysis.median_times(name)
    values = {"k": count_word(len(found.counted)), "patients": thousands(found.patients)}
    if not found.counted:
        return values
    times = [m.months for m in found.counted]
    values |= {"lowest": months(min(times)), "highest": months(max(times))}
    reached = [t for t in times if t < inf]
    values["unreached"] = count_word(len(times) - len(reached))
    values |= {"longest": months(max(reached))} if reached else {}
    if found.weighted_median is not None:
        values["middle"] = months(found.weighted_median)
    main = max(found.counted, key=lambda m: m.n or 0)
    values |= {
        "main": months(main.months),
        "main-name": main.study["known_as"] or main.cohort["label"],
    }
    if main.limits:
        values["main-ci"] = "–".join(map(months, main.limits))
    rated = level_of(ratings_of(analysis, name))
    return values if rated is None else values | {"certainty": rated}
