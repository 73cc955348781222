"""Figures of a declared analysis: its results as rows, diamonds and left-out rows."""

from __future__ import annotations

from evisynth.effects import study_intervals
from evisynth.figures.forest_plot import forest
from evisynth.figures.rows import RATIO, Diamond, Group, LeftOut, Row
from evisynth.report.tables import counts
from evisynth.report.words import DESIGNS, capital, plural, prediction_words, sentence, thousands
from evisynth.selection import CODES, plain

MARKS = {"2nd": "value read in another report", "∩?": "possible overlap, kept"}
_NOTES = {
    "none": "no cohort can be counted",
    "one": "one cohort: nothing to pool",
    "two": "two cohorts: side by side, not pooled",
    "boundary": "no spread between cohorts can be estimated",
    "extreme": "nothing but 0 and 100 percent: not pooled",
}


def forest_of(analysis, *pools, title, figure=1, left_out=True, caption="", name=""):
    """Forest plot of some pools, each under its own title and never added up.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
        Pool ids; all where none is named.
    title : str
    figure : int
        Number of the figure in its chapter, for the provenance line.
    left_out : bool
        Whether to show the cohorts that were read but not counted.
    caption, name : str
        Only where the page gives the figure none of its own.

    Returns
    -------
    InlineFigure
    """
    chosen = analysis.chosen(*pools)
    mostly_second_hand = _share_second_hand(chosen) > 0.5
    return forest(
        [pool_group(selection, badge=not mostly_second_hand) for selection in chosen],
        title=title,
        subtitle=_subtitle(chosen),
        left_out=_all_left_out(chosen) if left_out else (),
        columns=("Design", "Definition"),
        codes={**CODES, **MARKS},
        footer=(*_hands(chosen, mostly_second_hand), provenance(analysis, figure, _model(chosen))),
        caption=caption,
        alt=_alt(title, chosen),
        name=name,
    )


def _all_left_out(chosen):
    """Left-out rows of all pools, each once, without rows that the figure draws as counted."""
    drawn = {c.row["row_id"] for s in chosen for c in s.counted}
    items = {item.row["row_id"]: item for s in chosen for item in s.left_out}
    return [_left_out(item) for row_id, item in items.items() if row_id not in drawn]


def _share_second_hand(chosen):
    hands = [c.second_hand for selection in chosen for c in selection.counted]
    return sum(hands) / len(hands) if hands else 0.0


def _hands(chosen, mostly_second_hand):
    if not mostly_second_hand:
        return ()
    cohorts = [c for selection in chosen for c in selection.counted]
    second = sum(c.second_hand for c in cohorts)
    return (f"{second} of {len(cohorts)} values were read in a review, not in the study's report.",)


def _subtitle(chosen):
    estimands = list(dict.fromkeys(s.spec.estimand for s in chosen))
    if len(estimands) > 1:
        return f"{len(estimands)} estimands, shown apart: {'; '.join(estimands)}."
    return f"{capital(estimands[0])}. {_total(chosen)}."


def _total(chosen):
    cohorts = capital(plural(sum(len(s.counted) for s in chosen), "independent cohort"))
    return f"{cohorts}, {thousands(sum(sum(s.ni) for s in chosen))} patients"


def pool_group(selection, *, badge):
    """A pool as a group of rows with its subtotal, or the note that says why there is none."""
    pooled = selection.pooled
    weights = pooled.weights if pooled.headline else (None,) * pooled.k
    rows = [
        _row(c, x, n, low, high, weight, selection.spec.series, badge)
        for c, x, n, low, high, weight in zip(
            selection.counted,
            pooled.xi,
            pooled.ni,
            pooled.lower,
            pooled.upper,
            weights,
            strict=True,
        )
    ]
    note = _NOTES.get(pooled.rule, "")
    return Group(selection.spec.title, tuple(rows), pooled_diamond(pooled), note)


def _row(c, x, n, low, high, weight, series, badge):
    badges = ("2nd",) * (badge and c.second_hand) + ("∩?",) * bool(c.possible_overlaps)
    criterion = plain(c.row["criterion"]) if c.row["criterion"] else ""
    columns = (DESIGNS.get(c.study["design"], c.study["design"]), criterion)
    return Row(c.cohort["label"], x / n, low, high, weight, f"{x} / {n}", columns, badges, series)


def pooled_diamond(pooled, label="Pooled rate"):
    """A pool's headline as a diamond; None where the rule for few studies gives none."""
    if pooled.headline is None:
        return None
    shown = pooled.displayed
    prediction = None if shown["pi_lb"] is None else (shown["pi_lb"], shown["pi_ub"])
    text = f"τ² = {pooled.headline.tau2:.2f} (logit), k = {pooled.k}"
    total = f"{thousands(pooled.events)} / {thousands(pooled.total)}"
    return Diamond(
        label, shown["estimate"], shown["ci_lb"], shown["ci_ub"], prediction, total, text
    )


def _left_out(item):
    row = item.row
    known = row["events"] is not None and row["total"] is not None
    if not known:
        return LeftOut(item.cohort["label"], item.code, item.reason, counts(row))
    low, high = study_intervals([row["events"]], [row["total"]])
    share = row["events"] / row["total"]
    return LeftOut(
        item.cohort["label"], item.code, item.reason, counts(row), share, low[0], high[0]
    )


def _model(chosen):
    """What made the figure's numbers: a model is named only where one was fitted."""
    if any(selection.pooled.headline for selection in chosen):
        return "GLMM, t(k − 1)"
    return "exact intervals, nothing pooled"


def provenance(analysis, figure, model):
    """The last line of a figure: book, chapter, figure, data, model, licence."""
    book = analysis.evidence.codebook
    title = book["title"].partition(":")[0]
    data = f"data {book['version']} of {book['created'][:10]}"
    return f"{title} · {analysis.spec.id}, fig. {figure} · {data} · {model} · CC BY 4.0"


def _alt(title, chosen):
    parts = [f"{s.spec.title}: {sentence(s.pooled)}; {prediction_words(s.pooled)}" for s in chosen]
    return f"Forest plot. {title}. " + ". ".join(parts) + "."


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
            *_shown(model),
            None,
            f"{counts(a.row)} v {counts(b.row)}",
            (plain(a.row["derivation"]),),
        )
        for label, model, (a, b) in zip(found.labels, found.models, found.pairs, strict=True)
    )
    diamond = Diamond("Common odds ratio (Mantel–Haenszel)", *found.common)
    modest = len(rows) < 3
    return forest(
        [
            Group(
                f"{analysis[first].spec.title} v {analysis[second].spec.title.lower()}",
                rows,
                diamond,
            )
        ],
        title=title,
        subtitle=_strata_subtitle(len(rows), analysis.spec.outcome),
        columns=("How",),
        axis=RATIO,
        footer=(
            *(("With so few strata no random-effects interval is given.",) if modest else ()),
            provenance(analysis, figure, "log odds ratio, Wald; Mantel–Haenszel"),
        ),
        caption=caption,
        alt=_ratio_alt(title, found),
    )


def _shown(model):
    shown = model.displayed
    return shown["estimate"], shown["ci_lb"], shown["ci_ub"]


def _strata_subtitle(number, outcome):
    strata = plural(number, "independent stratum", "independent strata")
    return f"{capital(strata)}, odds of {outcome}."


def _ratio_alt(title, found):
    each = "; ".join(
        f"{label}: odds ratio {estimate:.2f}, {low:.2f} to {high:.2f}"
        for label, (estimate, low, high) in zip(
            found.labels, map(_shown, found.models), strict=True
        )
    )
    common = found.common
    pooled = f"Common odds ratio {common[0]:.2f}, {common[1]:.2f} to {common[2]:.2f}"
    return f"Forest plot. {title}. {each}. {pooled}."
