"""Which columns a forest plot has, and what stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from evisynth.checks import check_labels, shown
from evisynth.errors import ArgumentError
from evisynth.figures.base.data_figure import check_lines
from evisynth.figures.base.judgements import checked_judgements
from evisynth.figures.base.rows import ForestPlot, Group

# Drawn from the rows themselves, in places of their own; all others are texts.
BUILT_IN = ("rob", "n/N", "weight")
USUAL = ("Design", "Definition", *BUILT_IN)


@dataclass(frozen=True)
class ColumnChoice:
    """Heads of the columns of text, the built-in columns, and texts where those came with them."""

    heads: tuple[str, ...]
    built_in: frozenset[str]
    texts: Mapping[str, tuple[str, ...]]


def chosen_columns(columns) -> ColumnChoice:
    """What ``columns`` of `forest` asks for."""
    allowed = f"heads of columns, and of {', '.join(BUILT_IN)} those that are wanted"
    if isinstance(columns, str | bytes):
        raise ArgumentError("forest", "columns", shown(columns), allowed)
    heads = tuple(columns) if isinstance(columns, Mapping) else columns
    names = check_labels("forest", "columns", heads, None, allowed)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ArgumentError("forest", "columns", f"{twice!r} twice", "each once")
    heads = tuple(name for name in names if name not in BUILT_IN)
    texts = {}
    if isinstance(columns, Mapping):
        texts = {head: _texts(head, columns[head]) for head in heads}
    return ColumnChoice(heads, frozenset(names) & frozenset(BUILT_IN), texts)


def _texts(head, texts):
    allowed = "one text per row"
    if isinstance(texts, str | bytes):
        raise ArgumentError("forest", f"columns: {head}", shown(texts), allowed)
    try:
        return tuple(map(str, texts))
    except TypeError:
        raise ArgumentError("forest", f"columns: {head}", shown(texts), allowed) from None


def with_cells(groups: tuple[Group, ...], choice: ColumnChoice) -> tuple[Group, ...]:
    """Groups whose rows have one text per head, as far as they have any."""
    number = sum(len(group.rows) for group in groups)
    for head, texts in choice.texts.items():
        if len(texts) != number:
            given = f"{len(texts)} texts"
            raise ArgumentError("forest", f"columns: {head}", given, f"one per row, {number}")
    positions = iter(range(number))

    def cells(row):
        position = next(positions)
        if choice.texts:
            return tuple(choice.texts[head][position] for head in choice.heads)
        if isinstance(row.columns, Mapping):
            return tuple(row.columns.get(head, "") for head in choice.heads)
        return row.columns

    return tuple(
        replace(group, rows=tuple(replace(row, columns=cells(row)) for row in group.rows))
        for group in groups
    )


def with_judgements(groups: tuple[Group, ...], rob) -> tuple[Group, ...]:
    """Groups with the risk of bias that ``rob`` gives by labels."""
    if rob is None:
        return groups
    if not isinstance(rob, Mapping):
        raise ArgumentError("forest", "rob", shown(rob), "a mapping of labels to judgements")
    judged = {str(label): checked_judgements("forest", word) for label, word in rob.items()}
    labels = {row.label for group in groups for row in group.rows}
    unknown = next((label for label in judged if label not in labels), None)
    if unknown is not None:
        raise ArgumentError("forest", "rob", f"for {unknown!r}", "labels of rows")
    return tuple(
        replace(
            group,
            rows=tuple(replace(row, rob=judged.get(row.label, row.rob)) for row in group.rows),
        )
        for group in groups
    )


def with_names(items, names: Mapping[str, str]) -> tuple:
    """Groups, or rows left out, with the second names that ``names`` gives by labels."""
    return tuple(
        replace(item, rows=with_names(item.rows, names))
        if isinstance(item, Group)
        else replace(item, name=names.get(item.label, item.name))
        for item in items
    )


def checked_domains(domains, groups: tuple[Group, ...]) -> tuple[str, ...]:
    """Names of the domains, as many as every strip has."""
    domains = check_lines("forest", "rob_domains", domains)
    for row in (row for group in groups for row in group.rows):
        if domains and row.judgements and len(row.judgements) != len(domains):
            given = f"{len(domains)} for {len(row.judgements)} of {row.label!r}"
            raise ArgumentError("forest", "rob_domains", given, "as many as judgements")
    return domains


def without_empty_columns(plot: ForestPlot) -> ForestPlot:
    """The plot without columns of text that are empty throughout."""

    def cells(row):
        return row.columns + ("",) * (len(plot.columns) - len(row.columns))

    kept = [n for n in range(len(plot.columns)) if any(cells(row)[n] for row in plot.rows)]
    groups = tuple(
        replace(
            group,
            rows=tuple(replace(r, columns=tuple(cells(r)[n] for n in kept)) for r in group.rows),
        )
        for group in plot.groups
    )
    return replace(plot, groups=groups, columns=tuple(plot.columns[n] for n in kept))


def as_drawn(plot: ForestPlot, built_in: frozenset[str]) -> ForestPlot:
    """The plot without built-in columns that were not asked for; its table keeps them."""
    bare = {} if "n/N" in built_in else {"counts": ""}

    def pooled(item):
        return replace(item, **bare) if item else item

    def group(item):
        more = bare if "rob" in built_in else {**bare, "rob": ""}
        rows = tuple(replace(row, **more) for row in item.rows)
        pools = {name: pooled(getattr(item, name)) for name in ("subtotal", "nonetheless")}
        return replace(item, rows=rows, **pools)

    return replace(
        plot,
        groups=tuple(map(group, plot.groups)),
        overall=pooled(plot.overall),
        left_out=tuple(replace(item, **bare) for item in plot.left_out),
        weight_column="weight" in built_in,
    )
