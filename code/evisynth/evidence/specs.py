"""What is analysed: a question, and its pools, each with one estimand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from evisynth.evidence.chapter_spec import ChapterSpec

BETWEEN = "-v-"  # between the two pools of a contrast, where it goes by their ids

COLUMNS = {
    "outcomes": "outcome",
    "criteria": "criterion",
    "denominators": "denominator",
    "timepoints": "timepoint",
}  # keys of a pool that list values of a column of the table of outcomes


@dataclass(frozen=True)
class PoolSpec:
    """What is pooled together: one estimand, declared in ``analyses.yml``.

    Attributes
    ----------
    id : str
        Of the pool.
    title : str
        Of the pool.
    estimand : str
        What is estimated.
    outcomes : tuple of str
        Codes of the table that count as this outcome, best first.
    where : mapping of cohort column to allowed values
        Columns of the cohorts with the values that are allowed.
    criteria : tuple of str
        Definitions allowed, best first; empty allows any.
    denominators : tuple of str
        Denominators allowed, best first; empty allows any.
    timepoints : tuple of str
        Times allowed, best first; empty allows any.
    units : tuple of str
        Which cuts of a cohort may be counted.
    bounds : tuple of str
        Which end is taken of a count that a percentage leaves open, by its derivation; empty takes
        none, so that such a row is never counted. Alternatives alone can declare it.
    series : int
        Which of the figure's colours and marks.
    alternatives : mapping of axis to mapping of level to the keys that it declares otherwise
        Other choices that could be defended, for the specification curve; the first level of an
        axis is what the pool itself declares, and changes nothing.
    """

    id: str
    title: str
    estimand: str
    outcomes: tuple[str, ...]
    where: Mapping[str, tuple[str | int | float, ...]]
    criteria: tuple[str, ...] = ()
    denominators: tuple[str, ...] = ()
    timepoints: tuple[str, ...] = ()
    units: tuple[str, ...] = ("whole", "part")
    bounds: tuple[str, ...] = ()
    series: int = 1
    alternatives: Mapping[str, Mapping] = field(default_factory=dict)

    def otherwise(self, overrides):
        """The same pool with some keys declared otherwise; filters replace those they name."""
        keys = dict(overrides)
        if "where" in keys:
            keys["where"] = MappingProxyType(dict(self.where) | dict(keys["where"]))
        return replace(self, **keys)


@dataclass(frozen=True)
class Unplaced:
    """Events of a stratum that the count by group misses, and of which the group is not known.

    Attributes
    ----------
    study : str
        Whose stratum it is.
    known : tuple of str
        Rows of the table of outcomes that add up to the whole stratum, by another split.
    title : str
        What they are, for an axis of the specification curve.
    """

    study: str
    known: tuple[str, ...]
    title: str


@dataclass(frozen=True)
class ContrastSpec:
    """Two pools that are compared within studies, and what is known of a stratum beside them."""

    first: str
    second: str
    unplaced: Unplaced | None = None
    name: str = ""

    @property
    def pools(self):
        """Ids of the two pools, in their order."""
        return self.first, self.second

    @property
    def subject(self):
        """What the tables of ratings and of comparisons call it, by its two pools."""
        return BETWEEN.join(self.pools)

    @property
    def id(self):
        """The name that it is declared under; of the two pools where it has none."""
        return self.name or self.subject


@dataclass(frozen=True)
class Card:
    """How a question stands on the landing page: its title, page, pools with short names, unit."""

    title: str
    page: str
    pools: Mapping[str, str]
    unit: str


@dataclass(frozen=True)
class AnalysisSpec:
    """A question of the book and its pools."""

    id: str
    question: str
    pools: tuple[PoolSpec, ...]
    patients: str = ""
    agents: str = ""
    against: str = ""
    outcome: str = ""
    card: Card | None = None
    contrasts: tuple[ContrastSpec, ...] = ()
    chapter: ChapterSpec | None = None


def contrast_of(spec, name) -> ContrastSpec | None:
    """The declared contrast of a name; None where there is none, for instance of a pool's id."""
    return next((contrast for contrast in spec.contrasts if contrast.id == name), None)
