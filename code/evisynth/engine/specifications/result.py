"""What a multiverse returns: all analyses of one question, with what each of them chose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evisynth.engine.effects.measures import MEASURES
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


def different(numbers):
    """How many rows of an array are different to nine decimals, which equal data pooled twice keep.

    Fits that move by less than that for another reason count as equal.
    """
    return len(np.unique(np.round(numbers, 9), axis=0))


def _number(value):
    return None if np.isnan(value) else float(value)
