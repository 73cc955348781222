"""What each other choice about the patients would do to the answers."""

from __future__ import annotations

from evisynth.evidence.branches import other_choices
from evisynth.words.cells import by_pool
from evisynth.words.entries import grouped
from evisynth.words.html import Html, tag
from evisynth.words.phrases import capital, sentence

NONE = "No other choice would change what is counted."


def choices(analysis, *pools):
    """Each other choice that changes what a pool counts, one at a time, with what it gives.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
        Pool ids; all where none is named.

    Returns
    -------
    Html
        A row per choice, also where it leaves too few cohorts for a specification curve.
    """
    groups = by_pool(analysis, pools, lambda selection: _rows(analysis.evidence, selection))
    if not groups:
        return Html(tag("p", NONE), NONE)
    return grouped(("Choice", "Made otherwise", "As declared", "Otherwise"), groups)


def _rows(evidence, selection):
    usual = capital(sentence(selection.pooled))
    for axis, level, other in other_choices(evidence, selection.spec):
        yield axis, level, usual, capital(sentence(other.pooled))
