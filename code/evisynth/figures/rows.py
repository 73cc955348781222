"""What a forest plot is made of: rows, diamonds, groups, rows left out, and the axis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

from evisynth.errors import ArgumentError

RISK_OF_BIAS = {
    "": "",
    "low": "low",
    "some": "some",
    "some concerns": "some",
    "moderate": "some",
    "unclear": "some",
    "high": "high",
    "serious": "high",
    "critical": "high",
}
NOT_ESTIMABLE = "not estimable"
HEADINGS = {
    "proportion": "% [95% CI]",
    "ratio": "Ratio [95% CI]",
    "difference": "Difference [95% CI]",
}


def _as_text(item, *names):
    """Make labels and the like text, also where a year or a number was given for them."""
    for name in names:
        object.__setattr__(item, name, str(getattr(item, name)))


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
    columns : tuple of str
        One text per extra column of the plot.
    badges : tuple of str
        Short codes beside the label; one that ends in "?" is a doubt.
    series : int
        1, 2 or 3: colour, and marker where several series meet in one plot.
    rob : str
        Risk of bias, a key of `RISK_OF_BIAS`.
    href : str
        Where the label leads.
    """

    label: str
    estimate: float | None
    lower: float | None
    upper: float | None
    weight: float | None
    counts: str
    columns: tuple[str, ...] = ()
    badges: tuple[str, ...] = ()
    series: int = 1
    rob: str = ""
    href: str = ""

    def __post_init__(self):
        _as_text(self, "label", "counts")
        object.__setattr__(self, "columns", tuple(map(str, self.columns)))
        if self.rob not in RISK_OF_BIAS:
            raise ArgumentError("Row", "rob", repr(self.rob), ", ".join(map(repr, RISK_OF_BIAS)))
        if self.series not in (1, 2, 3):
            raise ArgumentError("Row", "series", repr(self.series), "1, 2 or 3")


@dataclass(frozen=True)
class Diamond:
    """A pooled estimate with its interval and, where there is one, its prediction interval.

    Attributes
    ----------
    label, counts : str
    estimate, lower, upper : float
        Display scale.
    prediction : tuple of float or None
        Limits for the mean of a new centre.
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

    @property
    def new_centre(self) -> str:
        """What its prediction interval says."""
        return f"{100 * self.level:g}% prediction: mean of a new centre"


@dataclass(frozen=True)
class Group:
    """Rows under one title, with a subtotal or a note in its place."""

    title: str
    rows: tuple[Row, ...] = ()
    subtotal: Diamond | None = None
    note: str = ""


@dataclass(frozen=True)
class LeftOut:
    """A row that was read but is in no total: its code and its plain reason."""

    label: str
    code: str
    reason: str
    counts: str = ""
    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    href: str = ""

    def __post_init__(self):
        _as_text(self, "label", "counts")


@dataclass(frozen=True)
class Axis:
    """The scale of the plot.

    Attributes
    ----------
    kind : {"proportion", "ratio", "difference"}
        A proportion runs from 0 to 100 %, linear, never cut; a ratio is logarithmic; a difference
        is linear.
    label : str
        Head of the estimate column.
    limits : tuple of float or None
        Not for a proportion; None takes them from the data.
    null : float or None
        The value that means no difference, a solid line.
    decimals : int
        Of a difference, as printed.
    """

    kind: str
    label: str = ""
    limits: tuple[float, float] | None = None
    null: float | None = None
    decimals: int = 2

    def __post_init__(self):
        if self.kind not in HEADINGS:
            raise ArgumentError("Axis", "kind", repr(self.kind), ", ".join(HEADINGS))
        if self.kind == "proportion" and self.limits not in (None, (0, 1)):
            allowed = "None, as a proportion is never cut"
            raise ArgumentError("Axis", "limits", repr(self.limits), allowed)
        if self.kind == "ratio" and self.limits and not 0 < self.limits[0] < self.limits[1]:
            raise ArgumentError("Axis", "limits", repr(self.limits), "two rising numbers above 0")
        if self.kind == "difference" and self.limits and not self.limits[0] < self.limits[1]:
            raise ArgumentError("Axis", "limits", repr(self.limits), "two rising numbers")

    def number(self, value: float | None) -> str:
        """A display-scale value as printed: whole percent, a ratio or a difference in decimals."""
        if value is None or value != value:
            return "–"
        if self.kind == "proportion":
            return f"{100 * value:.0f}"
        if not isfinite(value):
            return "−∞" if value < 0 else "∞"
        if self.kind == "difference":
            return signed(f"{value:.{self.decimals}f}" if abs(value) < 1e6 else f"{value:.3g}")
        decimals = 2 if value < 9.995 else 1 if value < 99.95 else 0
        return f"{value:.{decimals}f}" if value < 1e6 else f"{value:.3g}"

    def interval(self, lower: float, upper: float) -> str:
        """Limits as printed, ``[48–67]``, or ``[−0.2 to 0.1]`` where they have a sign."""
        dash = " to " if self.kind == "difference" else "–"
        return f"[{self.number(lower)}{dash}{self.number(upper)}]"

    def estimate(self, item) -> str:
        """Estimate and interval of a row or diamond, ``57 [48–67]``, or "not estimable"."""
        if not estimable(item):
            return NOT_ESTIMABLE
        if item.lower is None or item.upper is None:
            return self.number(item.estimate)
        return f"{self.number(item.estimate)} {self.interval(item.lower, item.upper)}"

    @property
    def heading(self) -> str:
        """Head of the estimate column."""
        return self.label or HEADINGS[self.kind]


PROPORTION = Axis("proportion")
RATIO = Axis("ratio", null=1.0)
DIFFERENCE = Axis("difference", null=0.0)


def signed(text: str) -> str:
    """A number with a true minus sign, and none before a zero."""
    if not text.strip("-0."):
        return text.removeprefix("-")
    return f"−{text[1:]}" if text.startswith("-") else text


def estimable(item) -> bool:
    """Whether a row, diamond or left-out row has an estimate to draw."""
    return item.estimate is not None and item.estimate == item.estimate


@dataclass(frozen=True)
class Forest:
    """Everything a drawing needs, checked once; made by `evisynth.figures.forest`."""

    groups: tuple[Group, ...]
    title: str
    subtitle: str = ""
    overall: Diamond | None = None
    left_out: tuple[LeftOut, ...] = ()
    columns: tuple[str, ...] = ()
    axis: Axis = PROPORTION
    codes: Mapping[str, str] = field(default_factory=dict)
    footer: Sequence[str] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """Counted rows of all groups."""
        return tuple(row for group in self.groups for row in group.rows)

    @property
    def has_weights(self) -> bool:
        """Whether any row carries a weight."""
        return any(row.weight for row in self.rows)

    @property
    def has_counts(self) -> bool:
        """Whether anything comes with its counts."""
        return any(item.counts for item in self.drawn)

    @property
    def has_rob(self) -> bool:
        """Whether any row carries a risk-of-bias judgement."""
        return any(row.rob for row in self.rows)

    @property
    def several_series(self) -> bool:
        """Whether rows of more than one series meet, so that markers must differ in shape."""
        return len({row.series for row in self.rows}) > 1

    @property
    def drawn(self) -> Iterator:
        """All that has a place on the scale: rows, diamonds, left-out rows."""
        yield from self.rows
        yield from (group.subtotal for group in self.groups if group.subtotal)
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
        if self.has_weights:
            lines.append("square area ∝ weight" if not self.several_series else "area ∝ weight")
        return lines
