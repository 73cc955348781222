"""The forest plot: checks, the two drawings, and the table of what was drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from evisynth.checks import check_flag
from evisynth.engine.proportions.result import Pooled
from evisynth.engine.random_effects.result import MetaAnalysis
from evisynth.errors import ArgumentError
from evisynth.figures.base.columns import (
    USUAL,
    as_drawn,
    checked_domains,
    chosen_columns,
    with_cells,
    with_judgements,
    without_empty_columns,
)
from evisynth.figures.base.data_figure import check_instance, check_lines, check_text, check_texts
from evisynth.figures.base.inline import InlineFigure
from evisynth.figures.base.rows import (
    PROPORTION,
    Axis,
    Diamond,
    ForestPlot,
    Group,
    LeftOutRow,
)
from evisynth.figures.base.style import matplotlib_style
from evisynth.figures.forests.checks import (
    check_forest,
    checked_codes,
    checked_groups,
    checked_left_out,
)
from evisynth.figures.forests.desktop import Desktop
from evisynth.figures.forests.of_result import is_result, of_result
from evisynth.figures.forests.phone import Phone


def forest(
    groups: Iterable[Group] | MetaAnalysis | Pooled,
    *,
    xi=None,
    ni=None,
    yi=None,
    vi=None,
    title: str,
    subtitle: str = "",
    overall: Diamond | None = None,
    left_out: Iterable[LeftOutRow] = (),
    columns: Sequence[str] | Mapping[str, Sequence[str] | None] = USUAL,
    rob: Mapping[str, str | Sequence[str]] | None = None,
    rob_domains: Sequence[str] = (),
    nonetheless: bool = False,
    axis: Axis | None = None,
    codes: Mapping[str, str] | None = None,
    footer: Sequence[str] = (),
    caption: str = "",
    alt: str = "",
    name: str = "",
) -> InlineFigure:
    """Draw a forest plot for page and phone.

    Parameters
    ----------
    groups : iterable of Group, MetaAnalysis, BayesAnalysis or Pooled
        A result, drawn as `figures.forests.of_result` says; or groups, in order. A single group
        without ``overall`` has its subtotal drawn as the pooled estimate; several without it keep
        a subtotal and a prediction interval each.
    xi, ni or yi, vi : array_like, shape (k,)
        Only beside a result that is no `Pooled`: its studies, for the rows.
    title, subtitle : str
    overall : Diamond, optional
        Only where all groups estimate the same thing; a result has its own.
    left_out : iterable of LeftOut
        Rows read but in no total.
    columns : sequence of str, or mapping of str to sequence of str
        What stands beside the plot: heads of the rows' ``columns``, and of "rob" (risk of bias),
        "n/N" and "weight" those that are wanted. A mapping brings the texts, one per row, and None
        for those three. A column that is empty throughout is not drawn; where there is no room for
        columns of text, theirs stands below the labels.
    rob : mapping of label to str or sequence of str, optional
        Risk of bias, words of `figures.base.judgements`, one or one per domain, in place of
        the rows' own.
    rob_domains : sequence of str
        Names of the domains, spelt out below the plot.
    nonetheless : bool
        Beside a `Pooled` whose rule does not pool its studies: whether to show what Bayes would
        give, hollow and grey.
    axis : Axis, optional
        Proportions, or what the measure of a result asks for.
    codes : mapping of str to str
        What codes and badges mean; those that occur are spelt out below the plot.
    footer : sequence of str
        Further lines, the provenance last.
    caption, alt : str
        Plain text; without ``alt`` one is made from the numbers.
    name : str
        Id of the figure in the page.

    Returns
    -------
    InlineFigure

    Raises
    ------
    ArgumentError
        Limits that do not hold their estimate, a proportion beyond 0 or 1, a ratio that is not
        above 0, NaN, more cells in a row than heads; study data without a result or not its own;
        risk of bias of a label that no row has.

    Examples
    --------
    >>> from evisynth import forest, pool_proportions
    >>> events, totals, centres = [8, 15, 30, 6], [20, 25, 80, 9], ["A", "B", "C", "D"]
    >>> figure = forest(pool_proportions(events, totals, slab=centres), title="Response by centre")
    >>> figure.alt.partition(",")[0]
    'Forest plot. Response by centre. Pooled mean (GLMM by Bayes'
    """
    check_text("forest", title=title, subtitle=subtitle)
    check_texts("forest", caption=caption, alt=alt, name=name)
    footer = check_lines("forest", "footer", footer)
    nonetheless = check_flag("forest", "nonetheless", nonetheless)
    for argument, value, kind in (("overall", overall, Diamond), ("axis", axis, Axis)):
        if value is not None:
            check_instance("forest", argument, value, kind)
    studies = {"xi": xi, "ni": ni, "yi": yi, "vi": vi}
    if is_result(groups):
        groups, axis, notes = _of_result(groups, studies, axis, overall, nonetheless)
        footer = (*notes, *footer)
    else:
        groups = checked_groups(groups)
        _refuse_studies({**studies, "nonetheless": nonetheless or None})
    choice = chosen_columns(columns)
    groups = with_judgements(with_cells(groups, choice), rob)
    plot = ForestPlot(
        groups, title, subtitle, overall, checked_left_out(left_out), choice.heads,
        axis or PROPORTION, checked_codes(codes), footer,
        rob_domains=checked_domains(rob_domains, groups),
    )  # fmt: skip
    check_forest(plot)
    plot = without_empty_columns(_single_group(plot))
    drawn = as_drawn(plot, choice.built_in)
    with matplotlib_style():
        desktop, phone = Desktop(drawn).draw(), Phone(drawn).draw()
    texts = {"title": title, "caption": caption, "alt": alt or _alt(plot), "name": name}
    return InlineFigure(desktop, phone, forest_table(plot), **texts)


def _of_result(result, studies, axis, overall, nonetheless):
    """Groups, axis and notes of a result; an axis that was given keeps its label and limits."""
    if overall is not None:
        raise ArgumentError("forest", "overall", "given", "nothing: the result has its own")
    drawn = of_result(result, **studies, nonetheless=nonetheless)
    if axis is not None and axis.kind != drawn.axis.kind:
        raise ArgumentError("forest", "axis", f"a {axis.kind}", f"a {drawn.axis.kind}, or None")
    return (drawn.group,), axis or drawn.axis, drawn.footer


def _refuse_studies(studies):
    for name, values in studies.items():
        if values is not None:
            raise ArgumentError("forest", name, "given", "nothing, unless beside a result")


def _single_group(plot):
    """One group and no overall: the group's subtotal is the pooled estimate."""
    if len(plot.groups) != 1 or plot.overall:
        return plot
    group = plot.groups[0]
    return replace(plot, overall=group.subtotal, groups=(replace(group, subtotal=None),))


def forest_table(plot: ForestPlot) -> list[dict]:
    """One dict per drawn row, in order: what it is, its label, counts, numbers and remarks."""
    entries = []
    for group in plot.groups:
        for row in group.rows:
            extra = dict(zip(plot.columns, row.columns, strict=True))
            judged = row.rob if isinstance(row.rob, str) else ", ".join(row.rob)
            extra |= {
                "rob": judged,
                "badges": tuple(row.badges),
                "href": row.href,
                "name": row.name,
            }
            entries.append(_entry("cohort", group.title, row, row.weight) | extra)
        if group.subtotal:
            shown = replace(group.subtotal, prediction=None) if plot.overall else group.subtotal
            entries += pooled_entries("subtotal", group.title, shown, plot.axis)
        if group.note:
            entries.append({"kind": "note", "group": group.title, "label": group.note})
        if group.nonetheless:
            entries += pooled_entries("not pooled", group.title, group.nonetheless, plot.axis)
    if plot.overall:
        entries += pooled_entries("pooled", "", plot.overall, plot.axis)
    for item in plot.left_out:
        extra = {"code": item.code, "reason": item.reason, "href": item.href, "name": item.name}
        entries.append(_entry("left out", "", item) | extra)
    return [{key: value for key, value in e.items() if value not in ("", ())} for e in entries]


def _entry(kind, group, item, weight=None):
    numbers = {key: getattr(item, key) for key in ("estimate", "lower", "upper")}
    numbers = {key: None if value is None else float(value) for key, value in numbers.items()}
    entry = {"kind": kind, "group": group, "label": item.label, "counts": item.counts}
    return entry | numbers | ({"weight": float(weight)} if weight else {})


def pooled_entries(kind: str, group: str, item: Diamond, axis: Axis) -> list[dict]:
    """Table entries of a pooled estimate and of its prediction interval, if it has one."""
    entries = [_entry(kind, group, item) | {"remark": item.text}]
    if item.prediction:
        low, high = map(float, item.prediction)
        entries.append(
            {"kind": "prediction", "group": group, "label": axis.prediction(item.level)}
            | {"lower": low, "upper": high}
        )
    return entries


def _alt(plot):
    """The numbers in a sentence each, for a reader who does not see the drawing."""
    number = plot.axis.estimate
    unit = " %" if plot.axis.kind == "proportion" else ""
    parts = [f"Forest plot. {plot.title.rstrip('.')}."]
    pooled = [(g.title, g.subtotal) for g in plot.groups if g.subtotal]
    pooled += [("", plot.overall)] if plot.overall else []
    pooled += [(g.title, g.nonetheless) for g in plot.groups if g.nonetheless]
    for title, item in pooled:
        label = f"{title}, {item.label}" if title else item.label
        parts.append(f"{label}: {number(item)}{unit}{_new_centre(plot, item)}.")
    for group in plot.groups:
        parts.append("; ".join(f"{row.label} {number(row)}" for row in group.rows) + ".")
    if plot.left_out:
        parts.append(f"Left out: {len(plot.left_out)}.")
    return " ".join(part for part in parts if part != ".")


def _new_centre(plot, item):
    if not item.prediction:
        return ""
    return f", {plot.axis.predicted} {plot.axis.interval(*item.prediction)}"
