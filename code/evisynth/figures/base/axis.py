"""The axis of a figure of estimates: its kind, its numbers as printed."""

from __future__ import annotations

from dataclasses import dataclass

from evisynth.errors import ArgumentError
from evisynth.rounding import decimal_numbers, percents, ratios

NOT_ESTIMABLE = "not estimable"
HEADINGS = {
    "proportion": "% [95% CI]",
    "ratio": "Ratio [95% CI]",
    "difference": "Difference [95% CI]",
}
_NOUNS = {"ratio": "ratio", "difference": "effect"}


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
    noun : str
        What is estimated, for words of a prediction; a rate, a ratio or an effect by default.
    """

    kind: str
    label: str = ""
    limits: tuple[float, float] | None = None
    null: float | None = None
    decimals: int = 2
    noun: str = ""

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
        return self.numbers(value)[0]

    def numbers(self, *values: float | None) -> tuple[str, ...]:
        """Values that stand together as printed; of two or more the last two are limits."""
        if any(value is None or value != value for value in values):
            return tuple(
                "–" if value is None or value != value else self.number(value) for value in values
            )
        if self.kind == "proportion":
            return percents(*values)
        if self.kind == "difference":
            return decimal_numbers(*values, decimals=self.decimals)
        return ratios(*values)

    def interval(self, lower: float, upper: float) -> str:
        """Limits as printed, ``[48–67]``, or ``[−0.2 to 0.1]`` where they have a sign."""
        return f"[{self.dash.join(self.numbers(lower, upper))}]"

    @property
    def dash(self) -> str:
        """Between two limits."""
        return " to " if self.kind == "difference" else "–"

    def estimate(self, item) -> str:
        """Estimate and interval of a row or diamond, ``57 [48–67]``, or "not estimable"."""
        if not has_estimate(item):
            return NOT_ESTIMABLE
        if item.lower is None or item.upper is None:
            return self.number(item.estimate)
        value, *limits = self.numbers(item.estimate, item.lower, item.upper)
        return f"{value} [{self.dash.join(limits)}]"

    @property
    def predicted(self) -> str:
        """What a prediction interval is of: ``rate of a new centre``, ``effect of a new study``."""
        if self.kind == "proportion":
            return f"{self.noun or 'rate'} of a new centre"
        return f"{self.noun or _NOUNS[self.kind]} of a new study"

    def prediction(self, level: float) -> str:
        """Words before a prediction interval, ``95% prediction: rate of a new centre``."""
        return f"{100 * level:g}% prediction: {self.predicted}"

    @property
    def heading(self) -> str:
        """Head of the estimate column."""
        return self.label or HEADINGS[self.kind]


PROPORTION = Axis("proportion")
RATIO = Axis("ratio", null=1.0)
DIFFERENCE = Axis("difference", null=0.0)


def has_estimate(item) -> bool:
    """Whether a row, diamond or left-out row has an estimate to draw."""
    return item.estimate is not None and item.estimate == item.estimate
