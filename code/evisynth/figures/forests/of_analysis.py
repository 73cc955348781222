"""Figures of a declared analysis: its results as rows, diamonds and left-out rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from evisynth.checks import shown
from evisynth.engine.effects.escalc import study_intervals
from evisynth.errors import ArgumentError
from evisynth.evidence.printed import number
from evisynth.evidence.selection import CODES, plain
from evisynth.figures.base.columns import BUILT_IN, with_names
from evisynth.figures.base.judgements import checked_judgements
from evisynth.figures.base.model_words import model_words
from evisynth.figures.base.rows import Group, LeftOutRow
from evisynth.figures.forests.of_pooled import if_pooled, pooled_diamond, study_rows
from evisynth.figures.forests.plot import forest
from evisynth.words.cells import counts
from evisynth.words.names import second_name
from evisynth.words.phrases import DESIGNS, capital, plural, prediction_words, sentence, thousands

MARKS = {"2nd": "value read in another report", "∩?": "possible overlap, kept"}
_NOTES = {
    "none": "no cohort can be counted",
    "one": "one cohort: nothing to pool",
    "two": "two cohorts: side by side, not pooled",
    "boundary": "no spread between cohorts can be estimated",
    "extreme": "nothing but 0 and 100 percent: not pooled",
}


# Columns of text by their names: the head, and what a counted cohort has there.
COLUMNS = {
    "design": ("Design", lambda c: DESIGNS.get(c.study["design"], c.study["design"])),
    "definition": ("Definition", lambda c: _plain(c.row["criterion"])),
    "denominator": ("Denominator", lambda c: _plain(c.row["denominator"])),
    "time": ("Time", lambda c: _plain(c.row["timepoint"])),
    "source": ("Source", lambda c: c.row["source_id"]),
}
USUAL = ("design", "definition", *BUILT_IN)


def forest_of(
    analysis, *pools, title, figure=1, left_out=True, columns=USUAL, rob=None, rob_domains=(),
    nonetheless=False, caption="", name="",
):  # fmt: skip
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
    columns : sequence of str
        Which of "design", "definition", "denominator", "time", "source", "rob", "n/N" and "weight"
        stand beside the plot; those of text in this order. One that is empty is not drawn.
    rob : mapping of str to str or sequence of str, optional
        Risk of bias by the ``row_id`` of the outcome, such as "low", "some concerns", "high" or
        "not assessable"; a sequence has one judgement per domain. Other rows may be among them.
    rob_domains : sequence of str
        Names of the domains, spelt out below the plot.
    nonetheless : bool
        Whether to show, for pools of which the rule does not allow pooling, what Bayes would give,
        hollow and grey.
    caption, name : str
        Only where the page gives the figure none of its own.

    Returns
    -------
    InlineFigure
    """
    chosen = analysis.chosen(*pools)
    mostly_second_hand = _share_second_hand(chosen) > 0.5
    texts, built_in = _checked_columns(columns)
    rob = _checked_rob(rob)
    groups = [
        pool_group(
            selection, badge=not mostly_second_hand, columns=texts, rob=rob,
            nonetheless=nonetheless,
        )
        for selection in chosen
    ]  # fmt: skip
    names = _second_names(analysis)
    return forest(
        with_names(groups, names),
        title=title,
        subtitle=_subtitle(chosen),
        left_out=with_names(_all_left_out(chosen), names) if left_out else (),
        columns=(*(COLUMNS[column][0] for column in texts), *built_in),
        rob_domains=rob_domains,
        codes={**CODES, **MARKS},
        footer=(
            *_hands(chosen, mostly_second_hand),
            provenance(analysis, figure, _models(chosen, nonetheless)),
        ),
        caption=caption,
        alt=_alt(title, chosen),
        name=name,
    ).at(analysis.spec.id, figure)


def _second_names(analysis):
    """The names by which cohorts are also known, by their labels."""
    evidence = analysis.evidence
    return {evidence.cohorts[c]["label"]: second_name(evidence, c) for c in analysis.read_cohorts}


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
    if len(cohorts) == 1:
        return ("The one value was read in a review, not in the study's report.",) * second
    return (f"{second} of {len(cohorts)} values were read in a review, not in the study's report.",)


def _subtitle(chosen):
    estimands = list(dict.fromkeys(s.spec.estimand for s in chosen))
    if len(estimands) > 1:
        return f"{len(estimands)} estimands, shown apart: {'; '.join(estimands)}."
    return f"{capital(estimands[0])}. {_total(chosen)}."


def _total(chosen):
    k = sum(len(s.counted) for s in chosen)
    # Each pool is independent in itself; two pools may count the same patients.
    group = " within a group" if len(chosen) > 1 else ""
    known = f", none known to share patients{group}" if k > 1 else ""
    patients = thousands(sum(sum(s.ni) for s in chosen))
    return f"{capital(plural(k, 'cohort'))}{known}, {patients} patients"


def _checked_columns(columns):
    """Names of columns of text, and of those that a forest plot has built in."""
    allowed = f"of {', '.join((*COLUMNS, *BUILT_IN))}"
    if isinstance(columns, str):
        raise ArgumentError("forest_of", "columns", repr(columns), f"a sequence {allowed}")
    columns = tuple(columns)
    for column in columns:
        if column not in COLUMNS and column not in BUILT_IN:
            raise ArgumentError("forest_of", "columns", repr(column), allowed)
    built_in = tuple(column for column in columns if column in BUILT_IN)
    return tuple(column for column in columns if column in COLUMNS), built_in


def _checked_rob(rob):
    if not isinstance(rob, Mapping | None):
        raise ArgumentError("forest_of", "rob", shown(rob), "a mapping of row ids to judgements")
    return {row: checked_judgements("forest_of", word) for row, word in (rob or {}).items()}


def pool_group(selection, *, badge, columns=("design", "definition"), rob=None, nonetheless=False):
    """A pool as a group of rows with its subtotal, or the note that says why there is none."""
    pooled, rob = selection.pooled, rob or {}
    rows = tuple(
        replace(
            row,
            label=c.cohort["label"],
            columns=tuple(COLUMNS[column][1](c) for column in columns),
            badges=("2nd",) * (badge and c.second_hand) + ("∩?",) * bool(c.possible_overlaps),
            series=selection.spec.series,
            rob=rob.get(c.row["row_id"], ""),
        )
        for c, row in zip(selection.counted, study_rows(pooled), strict=True)
    )
    note, beside = _NOTES.get(pooled.rule, ""), if_pooled(pooled) if nonetheless else None
    return Group(selection.spec.title, rows, pooled_diamond(pooled, _pooled_label(pooled)), note,
                 beside)  # fmt: skip


def _plain(code):
    return plain(code) if code else ""


def _pooled_label(pooled):
    """The model stands in the label; empty where nothing is pooled."""
    return f"Pooled rate ({model_words(pooled.headline)})" if pooled.headline else ""


def _left_out(item):
    row = item.row
    known = row["events"] is not None and row["total"] is not None
    if not known:
        # A printed percentage has its place on the scale; only its count and limits are unknown.
        percent = number(row["percent"])
        share = None if percent is None else percent / 100
        return LeftOutRow(item.cohort["label"], item.code, item.reason, counts(row), share)
    low, high = study_intervals([row["events"]], [row["total"]])
    share = row["events"] / row["total"]
    return LeftOutRow(
        item.cohort["label"], item.code, item.reason, counts(row), share, low[0], high[0]
    )


def _models(chosen, nonetheless):
    """What made the figure's numbers: a model is named only where one was fitted, each once."""

    def words(results):
        return " and ".join(dict.fromkeys(map(model_words, results)))

    pooled = words(s.pooled.headline for s in chosen if s.pooled.headline)
    unpooled = (s.pooled.bayes for s in chosen if not s.pooled.headline)
    beside = words(filter(None, unpooled)) if nonetheless else ""
    return (pooled or "exact intervals, nothing pooled") + (
        f"; if pooled nonetheless: {beside}" if beside not in ("", pooled) else ""
    )


def provenance(analysis, figure, model):
    """The last line of a figure: book, chapter, figure, data, model, licence."""
    book = analysis.evidence.codebook
    title = book["title"].partition(":")[0]
    data = f"data {book['version']} of {book['created'][:10]}"
    return f"{title} · {analysis.spec.id}, fig. {figure} · {data} · {model} · CC BY 4.0"


def _alt(title, chosen):
    parts = [f"{s.spec.title}: {sentence(s.pooled)}; {prediction_words(s.pooled)}" for s in chosen]
    return f"Forest plot. {title}. " + ". ".join(parts) + "."
