"""What a multiverse returns: all analyses of one question, with what each of them chose."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evisynth.engine.effects.measures import MEASURES
from evisynth.errors import ArgumentError
from evisynth.result import Result


@dataclass(frozen=True, eq=False)
class Multiverse(Result):
    """All analyses, in the order of the data sets and, within each, of the methods.

    Attributes
    ----------
    specifications : tuple of dict
        Axis to level, one per analysis.
    estimate, ci_lb, ci_ub : ndarray, shape (B,)
        Display scale of the measure; nan where ``estimable`` is false.
    k, n : ndarray of int, shape (B,)
        Studies and patients.
    estimable : ndarray of bool, shape (B,)
        False where there are fewer than ``minimum_k`` studies, or no finite estimate.
    protocol : int
        Position of the analysis that was planned.
    axes : tuple of (str, tuple of str, str, str)
        Axis, its levels, the protocol's, and why there is no other where there is one alone.
    minimum_k : int
        Data sets of fewer studies are not pooled.
    measure : str
    level : float
    notes : tuple of str
    method_axes : tuple of str
        Axes that say how to pool; the others say what.
    apart : tuple of str
        Axes of which the other levels leave something out one at a time: a check of the answer, not
        another answer.
    """

    specifications: tuple[dict, ...]
    estimate: np.ndarray
    ci_lb: np.ndarray
    ci_ub: np.ndarray
    k: np.ndarray
    n: np.ndarray
    estimable: np.ndarray
    protocol: int
    axes: tuple[tuple[str, tuple[str, ...], str, str], ...]
    minimum_k: int = 3
    measure: str = "PLO"
    level: float = 0.95
    notes: tuple[str, ...] = ()
    method_axes: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()

    def __len__(self):
        return len(self.specifications)

    @property
    def choices(self):
        """What each analysis chose.

        Returns
        -------
        pandas.DataFrame
            A row per analysis, a column per axis.
        """
        import pandas as pd

        return pd.DataFrame(list(self.specifications))

    @property
    def displayed(self):
        """Estimates and limits, display scale."""
        return {name: getattr(self, name) for name in ("estimate", "ci_lb", "ci_ub")}

    @property
    def distinct(self):
        """How many of the estimable analyses give different numbers."""
        numbers = np.stack([self.estimate, self.ci_lb, self.ci_ub], axis=1)
        return different(numbers[self.estimable])

    @property
    def range(self):
        """Lowest, median and highest estimate, display scale; nan where nothing is estimable."""
        found = self.estimate[self.estimable]
        if not found.size:
            return (float("nan"),) * 3
        return float(found.min()), float(np.median(found)), float(found.max())

    def with_more(self, specifications, numbers, k, n):
        """The same analyses and some more, of models that are none of the crossed methods.

        Parameters
        ----------
        specifications : sequence of mapping of axis to level
            On the axes of the others, at levels that may be new.
        numbers : sequence of (estimate, ci_lb, ci_ub)
            Display scale, one per specification.
        k, n : int
            Studies and patients of each of them.

        Returns
        -------
        Multiverse

        Raises
        ------
        ArgumentError
            Other axes, or an analysis that is there already.
        """
        names = [axis for axis, *_ in self.axes]
        for choices in specifications:
            if set(choices) != set(names):
                allowed = f"the axes {', '.join(names)}"
                raise ArgumentError("with_more", "specifications", ", ".join(choices), allowed)
            if dict(choices) in self.specifications:
                given = ", ".join(f"{axis} {level}" for axis, level in choices.items())
                raise ArgumentError("with_more", "specifications", given, "analyses not yet there")
        added = np.array(numbers, dtype=float).reshape(-1, 3).T
        columns = ("estimate", "ci_lb", "ci_ub")
        arrays = {
            name: np.concatenate([getattr(self, name), column])
            for name, column in zip(columns, added, strict=True)
        }
        count = len(specifications)
        sizes = {
            name: np.concatenate([getattr(self, name), np.full(count, size)])
            for name, size in (("k", k), ("n", n))
        }
        return replace(
            self, specifications=(*self.specifications, *map(dict, specifications)), **arrays,
            **sizes, estimable=np.concatenate([self.estimable, np.isfinite(added[0])]),
            axes=tuple(_with_levels(axis, specifications) for axis in self.axes),
        )  # fmt: skip

    def terms(self):
        """One row per analysis."""
        scale = MEASURES[self.measure].name
        rows = []
        for i, choices in enumerate(self.specifications):
            numbers = {
                name: _number(getattr(self, name)[i]) for name in ("estimate", "ci_lb", "ci_ub")
            }
            sizes = {"k": int(self.k[i]), "n": int(self.n[i]), "protocol": i == self.protocol}
            rows.append(
                {"term": f"analysis {i + 1}"} | numbers | {"scale": scale} | sizes | choices
            )
        return rows

    def __repr__(self):
        """Number of analyses and, if there are estimates, their range."""
        sizes = f"<multiverse of {len(self)} analyses, {int(self.estimable.sum())} estimable"
        if not self.estimable.any():
            return f"{sizes}>"
        low, middle, high = self.range
        return f"{sizes}: {low:.3f} to {high:.3f}, median {middle:.3f}>"


def _with_levels(axis, specifications):
    """An axis with the levels that are new to it; with them there is another choice."""
    name, levels, planned, why = axis
    new = dict.fromkeys(s[name] for s in specifications if s[name] not in levels)
    return (name, (*levels, *new), planned, "" if new else why)


def different(numbers):
    """How many rows of an array are different to nine decimals, which equal data pooled twice keep.

    Fits that move by less than that for another reason count as equal.
    """
    return len(np.unique(np.round(numbers, 9), axis=0))


def _number(value):
    return None if np.isnan(value) else float(value)
