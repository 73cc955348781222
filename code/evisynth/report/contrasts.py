"""Within-study odds ratios: two pools of the same studies, stratum by stratum."""

from __future__ import annotations

from evisynth.effects import escalc, mantel_haenszel
from evisynth.model import rma
from evisynth.report.html import table
from evisynth.report.tables import counts
from evisynth.report.words import ratio_with_interval


def strata_odds_ratios(analysis, first, second):
    """Within-study odds ratios of two pools, and their common odds ratio.

    Parameters
    ----------
    analysis : Analysis
    first, second : str
        Pool ids; the odds ratio is first against second.

    Returns
    -------
    labels : tuple of str
    models : tuple of MetaAnalysis
        One per stratum, k = 1, Wald limits on the log scale.
    common : tuple of float
        Mantel-Haenszel odds ratio and limits.
    pairs : tuple of (Counted, Counted)
    """
    pairs = analysis.strata(first, second)
    a, n1, c, n2 = ([p[side].row[part] for p in pairs] for side, part in _CELLS)
    yi, vi = escalc("OR", ai=a, n1i=n1, ci=c, n2i=n2)
    models = tuple(rma([y], [v], measure="OR", test="z") for y, v in zip(yi, vi, strict=True))
    labels = tuple(p[0].study["name"] for p in pairs)
    return labels, models, mantel_haenszel(a, n1, c, n2), pairs


_CELLS = ((0, "events"), (0, "total"), (1, "events"), (1, "total"))


def odds_ratios(analysis, first, second):
    """Table of the within-study odds ratios.

    Returns
    -------
    Html
    """
    labels, models, common, pairs = strata_odds_ratios(analysis, first, second)
    titles = (analysis[first].spec.title, analysis[second].spec.title)
    rows = [
        (label, counts(a.row), counts(b.row), _ratio_of(model))
        for label, model, (a, b) in zip(labels, models, pairs, strict=True)
    ]
    rows.append(("Common odds ratio (Mantel–Haenszel)", "", "", ratio_with_interval(*common)))
    header = ("Study", *titles, "Odds ratio [95% CI]")
    return table(header, rows, numeric=header[1:])


def _ratio_of(model):
    shown = model.displayed
    return ratio_with_interval(shown["estimate"], shown["ci_lb"], shown["ci_ub"])
