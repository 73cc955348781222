"""What is analysed: a question, and its pools, each with one estimand, as ``analyses.yml`` has it.

These models are the one list of what may be declared: `evisynth.evidence.analyses` reads with them,
results are written by them, and `Declared.dump` gives back what the file holds.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from evisynth.evidence.chapter_spec import ChapterSpec
from evisynth.evidence.declared import (
    Codes,
    Declared,
    Filters,
    Id,
    PageLink,
    Sentence,
    Series,
    ShortNames,
    entries,
    frozen,
    is_codes,
    is_filters,
    kind,
    part,
)
from evisynth.evidence.printed import OPEN_COUNTS
from evisynth.evidence.schema import is_text

BETWEEN = "-v-"  # between the two pools of a contrast, where it goes by their ids

COLUMNS = {
    "outcomes": "outcome",
    "criteria": "criterion",
    "denominators": "denominator",
    "timepoints": "timepoint",
}  # keys of a pool that list values of a column of the table of outcomes


def _is_override(value):
    return (
        isinstance(value, Mapping)
        and bool(value)
        and set(value) <= {*COLUMNS, "units", "where", "bounds"}
        and all(
            isinstance(v, Mapping) and bool(v) and is_filters(v) if key == "where" else is_codes(v)
            for key, v in value.items()
        )
        and set(value.get("bounds", ())) <= set(OPEN_COUNTS)
    )


def _is_alternatives(value):
    """Axes with levels; the first level of each is empty, the others declare keys otherwise."""
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(is_text(axis) and _is_levels(levels) for axis, levels in value.items())
    )


def _is_levels(levels):
    if not isinstance(levels, Mapping) or len(levels) < 2 or not all(map(is_text, levels)):
        return False
    first, *others = levels.values()
    return first == {} and all(map(_is_override, others))


def _level(keys):
    """Lists as tuples, filters as pairs, so that a level can be compared and looked up."""
    return {
        key: tuple((column, tuple(allowed)) for column, allowed in dict(value).items())
        if key == "where"
        else tuple(value)
        for key, value in keys.items()
    }


def _axes(axes):
    return frozen(
        {a: frozen({level: _level(keys) for level, keys in of.items()}) for a, of in axes.items()}
    )


def _dumped(axes):
    return {
        axis: {
            level: {
                key: {column: list(allowed) for column, allowed in value}
                if key == "where"
                else list(value)
                for key, value in keys.items()
            }
            for level, keys in levels.items()
        }
        for axis, levels in axes.items()
    }


Alternatives = Annotated[
    kind(
        Mapping[str, Mapping[str, Mapping]],
        "axes with two or more levels each: the first {}, each other with lists of outcomes, "
        "criteria, denominators, timepoints or units, with filters under where, or with bounds "
        "from " + " and ".join(OPEN_COUNTS),
        _is_alternatives,
    ),
    AfterValidator(_axes),
    PlainSerializer(_dumped),
]


def _no_bounds(value):
    """Which of the counts that fit is taken is for an alternative alone to say."""
    raise PydanticCustomError("extra_forbidden", "declared by alternatives alone")


class PoolSpec(Declared):
    """What is pooled together: one estimand.

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
    designs : tuple of str
        Designs of the studies allowed; empty allows any.
    bounds : tuple of str
        Which end is taken of a count that a percentage leaves open, by its derivation; empty takes
        none, so that such a row is never counted. Alternatives alone can declare it.
    series : int
        Which of the figure's colours and marks.
    alternatives : mapping of axis to mapping of level to the keys that it declares otherwise
        Other choices that could be defended, for the specification curve; the first level of an
        axis is what the pool itself declares, and changes nothing.
    """

    id: Id
    title: Sentence
    estimand: Sentence
    outcomes: Codes
    where: Filters
    criteria: Codes = ()
    denominators: Codes = ()
    timepoints: Codes = ()
    units: Codes = ("whole", "part")
    designs: Codes = ()
    bounds: Annotated[tuple[str, ...], BeforeValidator(_no_bounds)] = ()
    series: Series = 1
    alternatives: Alternatives = Field(default_factory=lambda: frozen({}))

    def otherwise(self, overrides):
        """The same pool with some keys declared otherwise; filters replace those they name."""
        keys = dict(overrides)
        if "where" in keys:
            keys["where"] = frozen(dict(self.where) | dict(keys["where"]))
        return self.replaced(**keys)


class Unplaced(Declared):
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

    study: Sentence
    known: Codes
    title: Sentence


class ContrastSpec(Declared):
    """Two pools that are compared within studies, and what is known of a stratum beside them.

    Attributes
    ----------
    first, second : str
        Ids of the pools.
    unplaced : Unplaced, optional
    name : str
        Declared as ``id``.
    """

    first: Sentence
    second: Sentence
    unplaced: part(Unplaced) = None
    name: Annotated[Sentence, Field(alias="id")] = ""

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


class EffectSpec(Declared):
    """Relative effects as printed: what one arm is against another of the same trial.

    Attributes
    ----------
    id : str
        Of the effect; no pool or contrast has the same.
    title : str
    estimand : str
        What the ratio is of, and of whom.
    outcomes : tuple of str
        Codes of the table of contrasts that count as this outcome, best first.
    measures : tuple of str
        Such as HR; one scale.
    first, second : mapping of cohort column to allowed values
        Of the arm that is compared, and of the one that it is compared with.
    sets : tuple of str
        Which patients of both arms; "all" are those treated or randomised.
    randomised : bool, optional
        Whether the comparison is by random allocation; either where it is not said.
    cut : {"latest", "earliest"}
        Which report of the same patients is counted where several print the effect.
    """

    id: Id
    title: Sentence
    estimand: Sentence
    outcomes: Codes
    measures: Codes = ("HR",)
    first: Filters
    second: Filters
    sets: Codes = ("all",)
    randomised: bool | None = None
    cut: Literal["latest", "earliest"] = "latest"


class TimeSpec(Declared):
    """Medians of survival as printed: one endpoint, one set of patients.

    Attributes
    ----------
    id : str
        Of the medians; no pool, contrast or effect has the same.
    title : str
    estimand : str
        From when, until what, and of whom.
    endpoints : tuple of str
        Codes of the table of survival that count as this endpoint, best first.
    subsets : tuple of str
        Which patients are followed, best first: "all" are those treated, "cr" those in remission.
    where : mapping of cohort column to allowed values
    units : tuple of str
        Which cuts of a cohort may be counted.
    designs : tuple of str
        Designs of the studies allowed; empty allows any.
    """

    id: Id
    title: Sentence
    estimand: Sentence
    endpoints: Codes
    subsets: Codes = ("all",)
    where: Filters
    units: Codes = ("whole", "part")
    designs: Codes = ()


class Card(Declared):
    """How a question stands on the landing page: its title, page, pools with short names, unit."""

    title: Sentence
    page: PageLink
    pools: ShortNames = Field(default_factory=lambda: frozen({}))
    unit: Sentence


class AnalysisSpec(Declared):
    """A question of the book, its pools, contrasts and effects."""

    id: Id
    question: Sentence
    pools: entries(PoolSpec, "a list of one or more pools") = ()
    patients: Sentence = ""
    agents: Sentence = ""
    against: Sentence = ""
    outcome: Sentence = ""
    card: part(Card) = None
    contrasts: entries(ContrastSpec, "a list of one or more contrasts") = ()
    effects: entries(EffectSpec, "a list of one or more effects") = ()
    times: entries(TimeSpec, "a list of one or more medians") = ()
    chapter: part(ChapterSpec) = None


def contrast_of(spec, name):
    """The declared contrast of a name; None where there is none, for instance of a pool's id."""
    return next((contrast for contrast in spec.contrasts if contrast.id == name), None)


def effect_of(spec, name):
    """The declared effect of a name; None where there is none."""
    return next((effect for effect in spec.effects if effect.id == name), None)
