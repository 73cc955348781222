"""The forest plot of within-study odds ratios of two pools."""

from __future__ import annotations

from evisynth.evidence.selection import plain
from evisynth.figures.base.rows import RATIO, Diamond, Group, Row
from evisynth.figures.forests.of_analysis import provenance
from evisynth.figures.forests.plot import forest
from evisynth.result import estimate_and_limits
from evisynth.rounding import decimal_numbers
from evisynth.words.cells import counts
from evisynth.words.phrases import capital, plural, ratio_with_interval


def odds_ratio_forest(analysis, first, second, *, title, figure=2, caption=""):
    """Forest plot of the within-study odds ratios of two pools.

    Parameters
    ----------
    analysis : Analysis
    first, second : str
        Pool ids; above 1 the first does better.
    title, caption : str
    figure : int

    Returns
    -------
    InlineFigure
    """
    found = analysis.odds_ratios(first, second)
    rows = tuple(
        Row(
            label,
            *estimate_and_limits(model),
            None,
            f"{counts(a.row)} v {counts(b.row)}",
            (plain(a.row["derivation"]),),
        )
        for label, model, (a, b) in zip(found.labels, found.models, found.pairs, strict=True)
    )
    diamond = Diamond("Common odds ratio (Mantel–Haenszel)", *found.common)
    title_of_rows = f"{analysis[first].spec.title} v {analysis[second].spec.title.lower()}"
    return forest(
        [Group(title_of_rows, rows, diamond)],
        title=title,
        subtitle=_strata_subtitle(len(rows), analysis.spec.outcome),
        columns=("How", "n/N"),
        axis=RATIO,
        footer=(
            *_if_they_differ(found),
            provenance(analysis, figure, "log odds ratio, Wald; Mantel–Haenszel"),
        ),
        caption=caption,
        alt=_ratio_alt(title, found),
    ).at(analysis.spec.id, figure)


def _if_they_differ(found):
    """What the diamond assumes, and what it would be without."""
    if found.bayes is None:
        return ()
    apart = ratio_with_interval(*estimate_and_limits(found.bayes))
    prior = found.bayes.tau_prior
    return (
        f"Diamond: one odds ratio for all strata. If they may differ: {apart}, "
        f"Bayes, {prior} for the spread.",
    )


def _strata_subtitle(number, outcome):
    strata = plural(number, "independent stratum", "independent strata")
    return f"{capital(strata)}, odds of {outcome}."


def _ratio_alt(title, found):
    each = "; ".join(
        f"{label}: odds ratio {_told(estimate_and_limits(model))}"
        for label, model in zip(found.labels, found.models, strict=True)
    )
    pooled = f"Common odds ratio {_told(found.common)}"
    differing = " ".join(_if_they_differ(found)).partition(". ")[2]
    return f"Forest plot. {title}. {each}. {pooled}. {differing}".rstrip()


def _told(numbers):
    estimate, low, high = decimal_numbers(*numbers)
    return f"{estimate}, {low} to {high}"
