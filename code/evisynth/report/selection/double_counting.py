"""What counting every printed row would give, beside the cohorts counted once."""

from __future__ import annotations

from collections import Counter
from html import escape

from evisynth.evidence.countings import countings
from evisynth.report.selection.relations import KINDS
from evisynth.words.entries import grouped, strong
from evisynth.words.glue import glue_values
from evisynth.words.html import Html, tag
from evisynth.words.names import title_of
from evisynth.words.phrases import count_word, rate_or_note, thousands


def double_counting(evidence):
    """Every pool: what is printed and would come of it, and what is counted once.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        The naive numbers are muted: they are there to be compared, not to be used.
    """
    found = countings(evidence)
    groups = [
        (title, [_row(c) for c in found if title_of(c.spec) == title])
        for title in dict.fromkeys(title_of(c.spec) for c in found)
    ]
    header = ("Pool", "Rows", "Patients in them", "All rows, %", "Cohorts", "Patients", "Once, %")
    return grouped(header, groups, numeric=header[1:])


def _row(counting):
    independent = counting.independent
    naive = (str(counting.rows), thousands(counting.patients), rate_or_note(counting.naive))
    once = (str(independent.k), thousands(independent.total), rate_or_note(independent))
    return (counting.selection.spec.title, *map(_muted, naive), *map(strong, once))


def _muted(text):
    return Html(tag("span", escape(text), class_="co-naive"), text)


def glue_double_counting(evidence):
    """Glue relations, pools and the sums of the widest pool, as ``overlaps-what``.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    found = countings(evidence)
    widest = max(found, key=lambda counting: counting.rows)
    relations = Counter(row["basis_kind"] for row in evidence.rows("overlaps"))
    values = {
        "relations": thousands(len(evidence.rows("overlaps"))),
        **{kind: thousands(relations[kind]) for kind in KINDS},
        "cohorts": thousands(len(evidence.cohorts)),
        "pools": count_word(len(found)),
        "repeating": count_word(sum(counting.repeats for counting in found)),
        "rows": count_word(widest.rows),
        "printed": f"{thousands(widest.patients)} patients",
        "once": f"{thousands(widest.independent.total)} patients",
        "once-cohorts": count_word(widest.independent.k),
    }
    return glue_values("overlaps", values)
