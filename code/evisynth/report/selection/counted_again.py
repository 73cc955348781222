"""Why the denominators of a chapter add up to more than the patients behind it."""

from __future__ import annotations

from html import escape

from evisynth.evidence.synthesis import counted_again
from evisynth.words.html import Html, tag
from evisynth.words.phrases import thousands


def again(analysis, *pools):
    """Denominators and people of a chapter, and which groups make the difference.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
        Pool ids; all where none is named.

    Returns
    -------
    Html
        Empty where the denominators add up to the people.
    """
    chosen = analysis.chosen(*pools)
    found = counted_again(chosen, analysis.evidence.graph)
    if not found:
        return Html("", "")
    total = sum(sum(selection.ni) for selection in chosen)
    people = analysis.patients(*pools)
    told = "; ".join(map(_told, found))
    text = (
        f"The denominators of all groups add up to {thousands(total)}; "
        f"{thousands(people)} patients stand behind them. Not added again: {told}."
    )
    return Html(tag("p", escape(text), class_="co-note"), text)


def _told(item):
    label, among = item.counted.cohort["label"], ", ".join(item.among)
    where = item.selection.spec.title
    inside = "" if among == label else f", which shares patients with {among}"
    return f"{item.counted.row['total']} of {label} in “{where}”{inside}"
