"""The anatomy of a chapter as ``analyses.yml`` declares it, under ``chapter:`` of an analysis.

What is declared is what only an author knows: which pools lead, which figures the page has and what
they are called, what a section is about. Numbers, names and alternative texts follow from it; see
`evisynth.chapter`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_serializer, model_validator

from evisynth.evidence.declared import Declared, Filters, Name, Text, Texts


class TopRow(Declared):
    """A line of the small table under the answer.

    Attributes
    ----------
    label : str
    pool, contrast, effect, times : str
        Id of the pool, the contrast, the effect or the medians of which the line tells; one of
        them.
    within : str
        Id of a contrast: of the pool only the cohorts that make it.
    """

    label: Text
    pool: str = ""
    contrast: str = ""
    effect: str = ""
    times: str = ""
    within: str = ""


class TopTable(Declared):
    """The small table under the answer: whom it is about, and its lines."""

    head: Text
    rows: Annotated[tuple[TopRow, ...], Field(min_length=1)]


class Forest(Declared):
    """A forest plot of some pools.

    Attributes
    ----------
    left_out : bool, optional
        Whether cohorts that are not counted stand below; where they are few, if it is not said.
    """

    view: Literal["forest"]
    pools: Texts
    title: Text
    caption: Text
    left_out: bool | None = None


class OddsRatioForest(Declared):
    """A forest plot of the odds ratios of a contrast, with the table of its strata."""

    view: Literal["odds_ratios"]
    contrast: Text
    title: Text
    caption: Text


class EffectForest(Declared):
    """A forest plot of printed effects, with what they mean of 100 and what is not counted."""

    view: Literal["effects"]
    effects: Texts
    title: Text
    caption: Text


class MedianForest(Declared):
    """A forest plot of printed medians, with what is not counted."""

    view: Literal["medians"]
    times: Texts
    title: Text
    caption: Text


class Arms(Declared):
    """All that is printed of the two arms of a trial, side by side.

    Attributes
    ----------
    study : str
        Its ``study_id``; reports of the same arms come with it.
    arm, against : mapping of cohort column to allowed values
        Of the arm that is compared, and of the other.
    heads : (str, str)
        What the arms are called.
    but : tuple of str
        Outcomes that stand elsewhere.
    """

    view: Literal["arms"]
    study: Text
    arm: Filters
    against: Filters
    heads: tuple[Text, Text]
    but: tuple[Text, ...] = ()


class Strata(Declared):
    """The table of a contrast alone: what a plot of one stratum would not add to."""

    view: Literal["strata"]
    contrast: Text


class Split(Declared):
    """The rates of some pools at each level of a column of the rows."""

    view: Literal["split"]
    pools: Texts
    by: Text


class CaseMix(Declared):
    """What is printed of the patients of each counted cohort."""

    view: Literal["case_mix"]
    pools: Texts
    columns: Texts | None = None


class Composition(Declared):
    """Patients of each report by a column of its cohorts."""

    view: Literal["composition"]
    pools: Texts
    column: Text
    heads: dict[Text, Texts]
    counted: Text
    untold: tuple[Text, ...] = ()
    caption: Text


class Regressions(Declared):
    """The regression across cohorts that tells two pools apart."""

    view: Literal["regressions"]
    first: Text
    second: Text


class Survival(Declared):
    """Survival as printed: of the cohorts of the chapter, or of some sets of patients."""

    view: Literal["survival"]
    subsets: Texts | None = None


class WithAndWithout(Declared):
    """Survival of those in a set of patients beside those who are not."""

    view: Literal["with_and_without"]
    subset: Text


class OutcomesAmong(Declared):
    """Printed counts of some outcomes in certain sets of patients."""

    view: Literal["outcomes_among"]
    outcomes: dict[Text, Texts]


class AdverseEvents(Declared):
    """What is printed of some outcomes of some cohorts, with grade and denominator.

    Attributes
    ----------
    outcomes : tuple of str
        Codes of the table of outcomes, each a group of lines.
    where : mapping of cohort column to allowed values
    caption : str
    heading : str, optional
        Under which a long table is folded.
    """

    view: Literal["adverse_events"]
    outcomes: Texts
    where: Filters
    caption: Text
    heading: Text = ""


class Tally(Declared):
    """Patients printed one by one, counted by a column of their table."""

    view: Literal["tally"]
    table: Text
    by: Text
    event: Text
    where: Text = ""
    caption: Text
    heading: Text


class Courses(Declared):
    """The course of each printed patient as a bar, and the survival of all as a curve.

    Attributes
    ----------
    table, where : str
        Of patients, and a condition that they fulfil.
    time, status : str
        Columns: months of observation, and how it ended.
    ends : mapping of str to str
        What each value of the status is called in the drawing: dead, alive or lost.
    group : str
        Column by which the bars stand apart.
    groups : mapping of str to str
        Heading of each of its values, the first on top.
    label : str
        Text with columns in braces.
    title, caption : str
        Of the bars.
    curve_title, curve_caption : str
        Of the curve.
    """

    view: Literal["courses"]
    table: Text
    where: Text = ""
    time: Text
    status: Text
    ends: dict[Text, Text]
    group: Text
    groups: dict[Text, Text]
    label: Text
    title: Text
    caption: Text
    curve_title: Text
    curve_caption: Text


View = Annotated[
    Forest | OddsRatioForest | EffectForest | MedianForest | Arms | Strata | Split | CaseMix
    | Composition | Regressions | Survival | WithAndWithout | OutcomesAmong | AdverseEvents
    | Tally | Courses,
    Field(discriminator="view"),
]  # fmt: skip


class Section(Declared):
    """A section of the author's own, folded under a line that tells its result.

    Attributes
    ----------
    line : str
        With numbers in braces, such as ``{first-rate}``.
    show : tuple of View
        Tables and figures, in order.
    """

    line: Text
    show: tuple[View, ...] = ()


class Printed(Declared):
    """A row whose printed number the prose quotes.

    Attributes
    ----------
    row : str
        Its ``row_id``.
    rejected : bool
        Whether the row prints a claim that was decided against, and is meant none the less.
    """

    row: Text
    rejected: bool = False

    @model_validator(mode="before")
    @classmethod
    def _of_id(cls, declared):
        """The id of a row alone declares the row."""
        return {"row": declared} if isinstance(declared, str) else declared

    @model_serializer(mode="wrap")
    def _as_declared(self, dumped):
        return dumped(self) if self.rejected else self.row


class ChapterSpec(Declared):
    """What a chapter shows, in order.

    Attributes
    ----------
    answer : str
        The answer on the landing page, in a few words with numbers in braces.
    caveat : str
        The one caveat beside it.
    top : TopTable
    evidence : Forest, OddsRatioForest or EffectForest
        The figure that stands open under the answer.
    sections : mapping of str to Section
        Sections of the author's own.
    sure : tuple of str
        Pools and contrasts of which "How sure" shows the curves.
    across : tuple of (str, str), optional
        Two pools that a regression across cohorts sets against each other.
    disagreements : tuple of str
        Tables beside the outcomes whose contradictions belong to the chapter.
    printed : mapping of str to Printed
        Rows that the prose quotes, by the names that it gives them; declared by their ids alone, or
        with ``rejected``.
    """

    answer: Text
    caveat: Text
    top: TopTable
    evidence: Annotated[
        Forest | OddsRatioForest | EffectForest | MedianForest, Field(discriminator="view")
    ]
    sections: dict[Name, Section] = Field(default_factory=dict)
    sure: tuple[Text, ...] = ()
    across: tuple[Text, Text] | None = None
    disagreements: tuple[Text, ...] = ()
    printed: dict[Name, Printed] = Field(default_factory=dict)
