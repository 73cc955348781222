"""Within-study contrasts: two pools of the same studies, stratum by stratum."""

from __future__ import annotations

from evisynth.result import estimate_and_limits
from evisynth.words.cells import counts
from evisynth.words.entries import grouped
from evisynth.words.phrases import points_with_interval, ratio_with_interval


def odds_ratios(analysis, first, second):
    """Table of the within-study odds ratios and differences of rates.

    Parameters
    ----------
    analysis : Analysis
    first, second : str
        Pool ids; above 1 the first does better.

    Returns
    -------
    Html
    """
    found = analysis.odds_ratios(first, second)
    titles = (analysis[first].spec.title, analysis[second].spec.title)
    rows = [
        (label, counts(a.row), counts(b.row), _ratio_of(model), points_with_interval(*difference))
        for label, model, difference, (a, b) in zip(
            found.labels, found.models, found.differences, found.pairs, strict=True
        )
    ]
    if len(rows) > 1:
        rows += _common_rows(found)
    header = ("Study", *titles, "Odds ratio [95% CI]", "More of 100 [95% CI]")
    # Rows without a group: a phone has no room for these columns side by side.
    return grouped(header, [("", rows)], caption=_caption(found), numeric=header[1:])


def _common_rows(found):
    difference = points_with_interval(*found.common_as("RD"))
    common = ("Common effect (Mantel–Haenszel)", "", "", ratio_with_interval(*found.common))
    yield (*common, difference)
    lead, *others = sorted(found.priors.items(), key=lambda item: item[1] is not found.bayes)
    yield (f"If studies may differ: Bayes, {lead[0]}", "", "", _ratio_of(lead[1]), "")
    yield from ((f"Bayes, {name}", "", "", _ratio_of(model), "") for name, model in others)


def _caption(found):
    if len(found.pairs) == 1:
        return "Difference: Newcombe's interval."
    risk_ratio = ratio_with_interval(*found.common_as("RR"))
    return (
        f"Common risk ratio (Mantel–Haenszel): {risk_ratio}. Differences: Newcombe's interval for "
        "a study, Sato's variance for the common one."
    )


def _ratio_of(model):
    return ratio_with_interval(*estimate_and_limits(model))
