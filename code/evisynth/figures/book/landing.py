"""Figures of the landing page: double counting shown, and the small pictures of the cards."""

from __future__ import annotations

from dataclasses import replace

from evisynth.engine.proportions.pooling import pool_proportions
from evisynth.evidence.countings import told_once
from evisynth.evidence.doubts import undoubted
from evisynth.figures.base.rows import Group
from evisynth.figures.forests.mini import mini_forest
from evisynth.figures.forests.of_analysis import pool_group
from evisynth.figures.forests.of_pooled import pooled_diamond
from evisynth.figures.overlap.units import counted_once
from evisynth.words.phrases import (
    capital,
    count_word,
    plural,
    prediction_words,
    sentence,
    thousands,
)

FAIR = "Each cohort's row once, none chosen by outcome"


def naive_against_independent(analysis, pool, *, title, caption="", per_square=20):
    """The picture of double counting: every printed row pooled, beside each patient counted once.

    Parameters
    ----------
    analysis : Analysis
    pool : str
    title, caption : str
        ``{printed}``, ``{rows}``, ``{fair}``, ``{patients}``, ``{cohorts}`` and, of the largest set
        without a doubt, ``{sure}`` patients are filled in.
    per_square : int
        Patients to a square.

    Returns
    -------
    InlineFigure
    """
    selection = analysis[pool]
    printed = analysis.evidence.printed_rows(selection.spec)
    fair_rows = told_once(analysis.evidence, printed)
    naive, fair = _pooled_rows(printed), _pooled_rows(fair_rows)
    sure = undoubted(analysis.evidence, selection).pooled.total
    numbers = naive_numbers(selection, printed)
    numbers |= {"fair": count_word(len(fair_rows)), "sure": thousands(sure)}
    return counted_once(
        naive.total,
        selection.pooled.total,
        per_square=per_square,
        naive=_counting(pooled_diamond(naive), plural(len(printed), "row")),
        naive_label="Every printed row pooled",
        between=[(_counting(pooled_diamond(fair), plural(len(fair_rows), "row")), FAIR)],
        independent=_counting(
            pooled_diamond(selection.pooled), plural(len(selection.counted), "cohort")
        ),
        independent_label="Each patient counted once",
        title=title.format(**numbers),
        subtitle=(
            f"One square, {count_word(per_square)} patients. Filled: counted for the first time. "
            "Hollow: in rows that repeat them, or share some of them."
        ),
        axis_label=f"{capital(selection.spec.estimand)}, of 100",
        caption=caption.format(**numbers),
        alt=_naive_alt(naive, fair, selection.pooled, numbers),
        name=f"{analysis.spec.id}-{pool}-counted-once",
    )


def naive_numbers(selection, printed):
    """How many rows and patients are printed, how many cohorts and patients there are."""
    return {
        "printed": thousands(sum(row["total"] for row in printed)),
        "rows": count_word(len(printed)),
        "patients": thousands(selection.pooled.total),
        "cohorts": count_word(len(selection.counted)),
    }


def _counting(diamond, what):
    """The diamond with what it pools in place of its counts."""
    return replace(diamond, counts=what)


def _pooled_rows(rows):
    return pool_proportions([row["events"] for row in rows], [row["total"] for row in rows])


def _naive_alt(naive, fair, independent, numbers):
    return (
        f"{numbers['rows']} printed rows add up to {numbers['printed']} patients; "
        f"{numbers['cohorts']} cohorts, none known to share patients, hold {numbers['patients']}. "
        f"Every row pooled: {sentence(naive)}. {FAIR}: {sentence(fair)}. "
        f"Each patient counted once: {sentence(independent)}; "
        f"{prediction_words(independent)}."
    )


def mini_forest_of(analysis, *pools, labels=()):
    """The small picture of a question's card.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
    labels : sequence of str
        Short names; the pools' titles by default.

    Returns
    -------
    InlineFigure
    """
    chosen = analysis.side_by_side(*pools)
    names = labels or [s.spec.title for s in chosen]
    items = [_card_item(s, label) for s, label in zip(chosen, names, strict=True)]
    alt = ". ".join(f"{name}: {sentence(s.pooled)}" for s, name in zip(chosen, names, strict=True))
    return mini_forest(items, alt=f"{alt}.", name=f"{analysis.spec.id}-{'-'.join(pools)}-mini")


def _card_item(selection, label):
    """A diamond where the pool has a headline, else its cohorts one under another."""
    group = pool_group(selection, badge=False)
    return pooled_diamond(selection.pooled, label) or Group(label, group.rows)
