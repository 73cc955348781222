"""Tables of a chapter: who is counted, who is not and why, what was pooled."""

from __future__ import annotations

from evisynth.engine.proportions.result import BETA, HEADLINE
from evisynth.evidence.selection import plain
from evisynth.rounding import decimal_numbers
from evisynth.words.cells import below, by_pool, counts, place, share
from evisynth.words.entries import grouped
from evisynth.words.html import table
from evisynth.words.names import named_sources
from evisynth.words.phrases import (
    capital,
    dash_range,
    decimals,
    rate_with_interval,
    shown_rate,
    thousands,
)


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
    header = ("Cohort", "n / N", "% [95% CI]", _COUNTED_AS, "Read from")
    groups = by_pool(analysis, pools, _counted_rows)
    return grouped(header, groups, numeric=header[1:3], caption=_UNSTATED)


_COUNTED_AS = "Definition; denominator; time"
_UNSTATED = "A definition or a time that is missing is not stated in the place that was read."


def _counted_rows(selection):
    pooled = selection.pooled
    for c, x, n, low, high in zip(
        selection.counted, pooled.xi, pooled.ni, pooled.lower, pooled.upper, strict=True
    ):
        yield (
            c.cohort["label"],
            f"{x} / {n}",
            rate_with_interval(x / n, low, high),
            _what_is_counted(c.row),
            below(place(c.row), _how(c.row)),
        )


def _what_is_counted(row):
    """Definition, denominator and time, as far as they are stated."""
    told = (plain(row[column]) for column in ("criterion", "denominator", "timepoint"))
    return "; ".join(words for words in told if words != "not stated") or "not stated"


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
    header = ("Cohort", "n / N", "%", "Why", "Read from")
    groups = by_pool(analysis, pools, _left_out_rows)
    return grouped(header, groups, numeric=header[1:3])


def _left_out_rows(selection):
    for item in selection.left_out:
        why = capital(item.words)
        yield item.cohort["label"], counts(item.row), share(item.row), why, place(item.row)


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
    caption = "τ is of the model named; I² is of the inverse-variance model (logit, REML)."
    numeric = set(header) - {"Pool", "Model"}
    return grouped(header, [("", rows)], numeric=numeric, caption=caption)


def _pooled_row(selection):
    result = selection.pooled
    shown, model, other = result.displayed, result.headline, result.inverse_variance
    return (
        selection.spec.title,
        str(result.k),
        f"{thousands(result.events)} / {thousands(result.total)}" if result.k else "–",
        _rate(shown),
        dash_range(shown["pi_lb"], shown["pi_ub"]) if shown["pi_lb"] is not None else "–",
        _WITHOUT_MODEL.get(result.rule, HEADLINE),
        decimals(model.tau) if model else "–",
        f"{decimal_numbers(other.I2, decimals=0)[0]}%" if other else "–",
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
    header = ("Model", "% [95% interval]", "New centre", "")
    return grouped(header, by_pool(analysis, pools, _model_rows), numeric=header[1:3])


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
        yield name, _rate(shown), range_, word
    if result.headline is None:
        rate = rate_with_interval(*result.common_effect)
        yield "one rate for all", rate, "–", _BESIDE


_BESIDE = "beside, no answer"


def _remark(result, model):
    if result.headline is None:
        return _BESIDE
    return "τ estimated as 0" if getattr(model, "tau2", None) == 0 else ""


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
    return f"{value:g}" if isinstance(value, float) else named_sources(str(value))
