"""What a forest plot is made of: rows, diamonds, groups, and rows left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from evisynth.checks import check_label, check_link
from evisynth.errors import ArgumentError
from evisynth.figures.base.axis import (
    DIFFERENCE,
    HEADINGS,
    NOT_ESTIMABLE,
    PROPORTION,
    RATIO,
    Axis,
    has_estimate,
)
from evisynth.figures.base.judgements import RISK_OF_BIAS, checked_judgements, levels

__all__ = [
    "DIFFERENCE", "HEADINGS", "NOT_ESTIMABLE", "PROPORTION", "RATIO", "RISK_OF_BIAS", "Axis",
    "Diamond", "ForestPlot", "Group", "LeftOutRow", "Row", "has_estimate",
]  # fmt: skip


def _as_text(item, *names):
    """Make labels and the like text, also where a year or a number was given for them."""
    for name in names:
        object.__setattr__(item, name, str(getattr(item, name)))
    if item.label:
        check_label(type(item).__name__, "label", item.label)


@dataclass(frozen=True)
class Row:
    """One counted cohort.

    Attributes
    ----------
    label : str
    estimate, lower, upper : float or None
        Display scale: proportions 0 to 1, or ratios. None where nothing can be estimated.
    weight : float or None
        Percent; None or 0 for all rows leaves the weight column out.
    counts : str
        As printed, for instance "58 / 101".
    columns : tuple of str, or mapping of str to str
        One text per extra column of the plot, in their order, or texts by heads.
    badges : tuple of str
        Short codes beside the label; one that ends in "?" is a doubt.
    series : int
        1, 2 or 3: colour, and marker where several series meet in one plot.
    rob : str or sequence of str
        Risk of bias, a key of `RISK_OF_BIAS`, or one per domain: a strip of circles.
    href : str
        Where the label leads.
    name : str
        A second name, in grey after the label where there is room.
    """

    label: str
    estimate: float | None
    lower: float | None
    upper: float | None
    weight: float | None
    counts: str
    columns: tuple[str, ...] | Mapping[str, str] = ()
    badges: tuple[str, ...] = ()
    series: int = 1
    rob: str | tuple[str, ...] = ""
    href: str = ""
    name: str = ""

    def __post_init__(self):
        _as_text(self, "label", "counts", "name")
        check_link("Row", "href", self.href)
        if isinstance(self.columns, Mapping):
            cells = {str(head): str(text) for head, text in self.columns.items()}
        else:
            cells = tuple(map(str, self.columns))
        object.__setattr__(self, "columns", cells)
        object.__setattr__(self, "rob", checked_judgements("Row", self.rob))
        if self.series not in (1, 2, 3):
            raise ArgumentError("Row", "series", repr(self.series), "1, 2 or 3")

    @property
    def judgements(self) -> tuple[str, ...]:
        """One mark of risk of bias per domain; empty where it was not judged."""
        return levels(self.rob)


@dataclass(frozen=True)
class Diamond:
    """A pooled estimate with its interval and, where there is one, its prediction interval.

    Attributes
    ----------
    label, counts : str
    estimate, lower, upper : float
        Display scale.
    prediction : tuple of float or None
        Limits for a new centre or study; the axis says of what.
    text : str
        A muted remark, for instance the between-study variance.
    level : float
        Of both intervals.
    """

    label: str
    estimate: float
    lower: float
    upper: float
    prediction: tuple[float, float] | None = None
    counts: str = ""
    text: str = ""
    level: float = 0.95

    def __post_init__(self):
        _as_text(self, "label", "counts")


@dataclass(frozen=True)
class Group:
    """Rows under one title, with a subtotal or a note in its place.

    Attributes
    ----------
    nonetheless : Diamond or None
        What pooling would give where the rule is not to pool: drawn hollow and grey below the
        note, never as a subtotal, and in no answer.
    """

    title: str
    rows: tuple[Row, ...] = ()
    subtotal: Diamond | None = None
    note: str = ""
    nonetheless: Diamond | None = None


@dataclass(frozen=True)
class LeftOutRow:
    """A row that was read but is in no total: its code, its plain reason, a second name."""

    label: str
    code: str
    reason: str
    counts: str = ""
    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    href: str = ""
    name: str = ""

    def __post_init__(self):
        _as_text(self, "label", "counts", "name")
        check_link("LeftOutRow", "href", self.href)

    @property
    def without_limits(self) -> bool:
        """Whether only an estimate is known, as where a percentage is printed and no count."""
        return has_estimate(self) and self.lower is None and self.upper is None


@dataclass(frozen=True)
class ForestPlot:
    """Everything a drawing needs, checked once; made by `evisynth.figures.forest`."""

    groups: tuple[Group, ...]
    title: str
    subtitle: str = ""
    overall: Diamond | None = None
    left_out: tuple[LeftOutRow, ...] = ()
    columns: tuple[str, ...] = ()
    axis: Axis = PROPORTION
    codes: Mapping[str, str] = field(default_factory=dict)
    footer: Sequence[str] = ()
    weight_column: bool = True
    rob_domains: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """Counted rows of all groups."""
        return tuple(row for group in self.groups for row in group.rows)

    @property
    def has_weights(self) -> bool:
        """Whether weights stand in a column of their own."""
        return self.weight_column and any(row.weight for row in self.rows)

    @property
    def has_counts(self) -> bool:
        """Whether anything comes with its counts."""
        return any(item.counts for item in self.drawn)

    @property
    def has_rob(self) -> bool:
        """Whether any row carries a risk-of-bias judgement."""
        return bool(self.rob_levels)

    @property
    def rob_levels(self) -> tuple[str, ...]:
        """What the key shows: the three circles, and the dash where it occurs."""
        found = {level for row in self.rows for level in row.judgements}
        return (("low", "some", "high", "none") if "none" in found else
                ("low", "some", "high") if found else ())  # fmt: skip

    @property
    def most_domains(self) -> int:
        """Circles in the longest strip."""
        return max((len(row.judgements) for row in self.rows), default=0)

    @property
    def several_series(self) -> bool:
        """Whether rows of more than one series meet, so that markers must differ in shape."""
        return len({row.series for row in self.rows}) > 1

    @property
    def drawn(self) -> Iterator:
        """All that has a place on the scale: rows, diamonds, rows left out."""
        yield from self.rows
        yield from (group.subtotal for group in self.groups if group.subtotal)
        yield from (group.nonetheless for group in self.groups if group.nonetheless)
        if self.overall:
            yield self.overall
        yield from self.left_out

    def heaviest(self, group: Group) -> float:
        """The weight that gets the full square: of all rows, or of the group if pooled alone."""
        rows = self.rows if self.overall else group.rows
        return max((row.weight or 0 for row in rows), default=0)

    @property
    def explained(self) -> list[str]:
        """Codes and badges that occur, each spelt out, in the order of ``codes``."""
        used = {item.code for item in self.left_out} | {b for row in self.rows for b in row.badges}
        lines = [f"{code} {meaning}" for code, meaning in self.codes.items() if code in used]
        if self.rob_domains and self.has_rob:
            lines.append(f"RoB, left to right: {', '.join(self.rob_domains)}")
        if any(item.without_limits for item in self.left_out):
            lines.append("hollow bar: percentage printed without a count")
        if any(row.weight for row in self.rows):
            lines.append("square area ∝ weight" if not self.several_series else "area ∝ weight")
        return lines
