"""Tables of a chapter: who is counted, who is not and why, what was pooled, what disagrees."""

from __future__ import annotations

from html import escape

from evisynth.evidence.selection import CODES, plain
from evisynth.proportions.pooling import BETA, HEADLINES
from evisynth.report.html import Html, table, tag
from evisynth.report.words import dash_range, decimals, rate_with_interval, shown_rate, thousands


def counted(analysis, *pools):
    """Every counted cohort with its numbers, definition, denominator and place in the source.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
        Pool ids; all where none is named.

    Returns
    -------
    Html
    """
    header = (
        "Cohort",
        "Pool",
        "n / N",
        "% [95% CI]",
        "Definition",
        "Denominator",
        "When",
        "Read from",
        "How",
    )
    rows = [row for selection in analysis.chosen(*pools) for row in _counted_rows(selection)]
    return table(header, rows, numeric=("n / N", "% [95% CI]"))


def _counted_rows(selection):
    pooled = selection.pooled
    for c, x, n, low, high in zip(
        selection.counted, pooled.xi, pooled.ni, pooled.lower, pooled.upper, strict=True
    ):
        yield (
            c.cohort["label"],
            selection.spec.title,
            f"{x} / {n}",
            rate_with_interval(x / n, low, high),
            plain(c.row["criterion"]),
            plain(c.row["denominator"]),
            plain(c.row["timepoint"]),
            place(c.row),
            _how(c.row),
        )


def place(row):
    """Where a row was read, in monospace."""
    text = f"{row['source_id']} · {row['locator']}"
    return Html(tag("span", escape(text), class_="co-code"), text)


def places(rows):
    """Where some rows were read, each place once, one below the other."""
    found = {shown.text: shown for shown in map(place, rows)}.values()
    return Html("<br>".join(p.html for p in found), "; ".join(p.text for p in found))


def _how(row):
    hand = ", second hand" if row["second_hand"] else ""
    return plain(row["derivation"]) + hand


def left_out(analysis, *pools):
    """Every cohort that was read and not counted, with the reason.

    Parameters
    ----------
    analysis : Analysis
    *pools : str

    Returns
    -------
    Html
    """
    header = ("Cohort", "Pool", "n / N", "Code", "Reason", "Read from")
    rows = [
        (
            item.cohort["label"],
            selection.spec.title,
            counts(item.row),
            item.code,
            item.reason,
            place(item.row),
        )
        for selection in analysis.chosen(*pools)
        for item in selection.left_out
    ]
    return table(header, rows, numeric=("n / N",), caption=_spelt_out(rows))


def _spelt_out(rows):
    used = dict.fromkeys(row[3] for row in rows)
    return "; ".join(f"{code}: {CODES[code]}" for code in used)


def counts(row):
    """``81 / 189``; a question mark for what is not printed."""
    shown = ("?" if row[part] is None else str(row[part]) for part in ("events", "total"))
    return " / ".join(shown)


def pooled(analysis, *pools):
    """The pooled results side by side, each by the model that the rule for few studies names.

    Parameters
    ----------
    analysis : Analysis
    *pools : str

    Returns
    -------
    Html
    """
    header = ("Pool", "Cohorts", "n / N", "% [95% CI]", "New centre", "Model", "τ", "I² (REML)")
    rows = [_pooled_row(selection) for selection in analysis.chosen(*pools)]
    return table(header, rows, numeric=set(header) - {"Pool", "Model"})


def _pooled_row(selection):
    result = selection.pooled
    shown, model, other = result.displayed, result.headline, result.inverse_variance
    return (
        selection.spec.title,
        str(result.k),
        f"{thousands(result.events)} / {thousands(result.total)}" if result.k else "–",
        _rate(shown),
        dash_range(shown["pi_lb"], shown["pi_ub"]) if shown["pi_lb"] is not None else "–",
        (_WITHOUT_MODEL | HEADLINES)[result.rule],
        decimals(model.tau) if model else "–",
        f"{other.I2:.0f}%" if other else "–",
    )


_WITHOUT_MODEL = {
    "none": "–",
    "one": "exact, one cohort",
    "two": "not pooled",
    "boundary": "exact, as one cohort",
    "extreme": "not pooled",
}


def _rate(shown):
    if shown["estimate"] is None:
        return "–"
    return shown_rate(shown)


def models(analysis, *pools):
    """Every model of each pool: the headline's and those that stand beside it.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
        Pools of fewer than two cohorts have no model and no row.

    Returns
    -------
    Html
    """
    header = ("Pool", "Model", "% [95% interval]", "New centre", "")
    rows = [row for selection in analysis.chosen(*pools) for row in _model_rows(selection)]
    return table(header, rows, numeric=("% [95% interval]", "New centre"))


def _model_rows(selection):
    result = selection.pooled
    if result.k < 2:
        return
    for name, model in result.models.items():
        shown = model.displayed
        # A beta distribution with its two numbers taken for known says too little of a new study.
        known = shown["pi_lb"] is not None and name != BETA
        range_ = dash_range(shown["pi_lb"], shown["pi_ub"]) if known else "–"
        word = "headline" if model is result.headline else _remark(result, model)
        yield selection.spec.title, name, _rate(shown), range_, word
    if result.headline is None:
        rate = rate_with_interval(*result.common_effect)
        yield selection.spec.title, "one rate for all", rate, "–", _BESIDE


_BESIDE = "beside, no answer"


def _remark(result, model):
    if result.headline is None:
        return _BESIDE
    return "τ estimated as 0" if getattr(model, "tau2", None) == 0 else ""


def disagreements(analysis, *, also=()):
    """Contradictions of the sources that touch a cohort of this analysis.

    Parameters
    ----------
    analysis : Analysis
    also : collection of str
        Tables beside the outcomes and the sizes of sets, for instance "survival".

    Returns
    -------
    Html
    """
    touched = _touched(analysis, also)
    rows = [
        row for row in analysis.evidence.rows("discrepancies") if row["discrepancy_id"] in touched
    ]
    return _register(rows, analysis.evidence)


def _touched(analysis, also):
    """Discrepancies of the pools' outcomes, and of all rows of the other tables."""
    outcomes = {o for selection in analysis.selections.values() for o in selection.spec.outcomes}
    return {
        row["discrepancy_id"]
        for name in ("outcomes", "analysis_sets", *also)
        for row in analysis.evidence.rows(name)
        if row["discrepancy_id"]
        and row["cohort_id"] in analysis.read_cohorts
        and row.get("outcome", None) in (*outcomes, None)
    }


def register(evidence):
    """The whole register of contradictions.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    return _register(evidence.rows("discrepancies"), evidence)


def _register(rows, evidence):
    header = ("Id", "What", "One place", "Another place", "Kept", "Why")
    kept = {"a": "first", "b": "second", "neither": "neither", "open": "open"}
    cells = [
        (
            row["discrepancy_id"],
            row["what"],
            f"{row['claim_a']} ({row['where_a']})",
            f"{row['claim_b']} ({row['where_b']})",
            kept[row["decision"]],
            row["reason"],
        )
        for row in rows
    ]
    return table(header, cells)


def show_rows(evidence, name, columns, *, limit=None, **where):
    """Some columns of a table's rows.

    Parameters
    ----------
    evidence : Evidence
    name : str
    columns : mapping of column to heading
    limit : int, optional
    **where
        Column and value, or values, that a row must have.

    Returns
    -------
    Html
    """
    rows = [row for row in evidence.rows(name) if all(_has(row, k, v) for k, v in where.items())]
    cells = [[_shown(row[column]) for column in columns] for row in rows[:limit]]
    numeric = [heading for column, heading in columns.items() if _is_numeric(rows, column)]
    return table(tuple(columns.values()), cells, numeric=numeric)


def _has(row, column, wanted):
    return (
        row[column] in wanted if isinstance(wanted, tuple | list | set) else row[column] == wanted
    )


def _is_numeric(rows, column):
    return bool(rows) and all(isinstance(row[column], int | float | None) for row in rows)


def _shown(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
