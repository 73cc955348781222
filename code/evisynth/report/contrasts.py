"""Within-study odds ratios: two pools of the same studies, stratum by stratum."""

from __future__ import annotations

from evisynth.report.html import table
from evisynth.report.tables import counts
from evisynth.report.words import ratio_with_interval


def odds_ratios(analysis, first, second):
    """Table of the within-study odds ratios.

    Returns
    -------
    Html
    """
    found = analysis.odds_ratios(first, second)
    titles = (analysis[first].spec.title, analysis[second].spec.title)
    rows = [
        (label, counts(a.row), counts(b.row), _ratio_of(model))
        for label, model, (a, b) in zip(found.labels, found.models, found.pairs, strict=True)
    ]
    rows.append(("Common odds ratio (Mantel–Haenszel)", "", "", ratio_with_interval(*found.common)))
    if found.bayes is not None:
        rows.append((f"Bayes, {found.bayes.tau_prior}", "", "", _ratio_of(found.bayes)))
    header = ("Study", *titles, "Odds ratio [95% CI]")
    return table(header, rows, numeric=header[1:])


def _ratio_of(model):
    shown = model.displayed
    return ratio_with_interval(shown["estimate"], shown["ci_lb"], shown["ci_ub"])
