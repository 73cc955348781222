"""A chapter's page: what its declaration makes of the results, one attribute a cell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from evisynth.chapter import sections, top
from evisynth.chapter.lines import line
from evisynth.chapter.numbers import Numbers
from evisynth.chapter.views import figures_in, shown_view
from evisynth.errors import ArgumentError
from evisynth.evidence.base import load_evidence
from evisynth.evidence.specs import contrast_of
from evisynth.words.entries import stacked
from evisynth.words.glue import glue_values
from evisynth.words.html import Html, tag


@dataclass(frozen=True)
class Numbered:
    """Numbers of a chapter's figures: they follow from the order in which it is declared.

    Attributes
    ----------
    sections : mapping of section to tuple of int
        Of the first figure of each of its views.
    graph : int
        Of who shares patients with whom.
    curves : mapping of pool or contrast to int
    cases : mapping of pool to int
        Of the first of two: each cohort by the model, the rate without each.
    """

    sections: dict[str, tuple[int, ...]]
    graph: int
    curves: dict[str, int]
    cases: dict[str, int]


class Page:
    """What a chapter's notebook shows, each in a cell of one line.

    Parameters
    ----------
    analysis : Analysis
        Of an analysis that declares a chapter.

    Attributes
    ----------
    top, evidence, who, disputes, sureness, certainty : Html
    numbers : Numbers
        What the prose places.
    """

    def __init__(self, analysis):
        self.analysis = analysis
        self.spec = analysis.spec.chapter
        self.numbers = Numbers(analysis)

    @property
    def top(self):
        """The small table, what to do next, the stamp; makes the numbers known to the prose."""
        declared = self.spec.top
        glued = glue_values("", self.numbers)
        parts = (
            top.answers(self.analysis, declared),
            top.without_doubt(self.analysis, declared),
            top.buttons(self.analysis),
            top.stamp(self.analysis),
        )
        shown = stacked(parts)
        about = {"class_": "co-top", "data-chapter": self.analysis.spec.id}
        return Html(tag("div", shown.html, **about), f"{shown.text}\n\n{glued.text}")

    @property
    def evidence(self):
        """The figure that stands open under the answer."""
        return shown_view(self, self.spec.evidence, 1)

    def section(self, name):
        """A section of the author's own, under the line that tells its result.

        Parameters
        ----------
        name : str
            As declared.

        Raises
        ------
        ArgumentError
            A name that is not declared.
        """
        if name not in self.spec.sections:
            allowed = f"a section of {self.analysis.spec.id}: {', '.join(self.spec.sections)}"
            raise ArgumentError("Page.section", "name", repr(name), allowed)
        declared = self.spec.sections[name]
        numbers = self.numbered.sections[name]
        views = zip(declared.show, numbers, strict=True)
        told = line(self.numbers.filled(declared.line))
        return stacked([told, *(shown_view(self, view, number) for view, number in views)])

    @property
    def who(self):
        """Who is counted, and who is not."""
        return sections.who(self)

    @property
    def disputes(self):
        """Where the sources disagree."""
        return sections.disputes(self)

    @property
    def sureness(self):
        """How sure: for statisticians."""
        return sections.sureness(self)

    @property
    def certainty(self):
        """Certainty, judgement by judgement, and published results beside."""
        return sections.certainty(self)

    @cached_property
    def numbered(self) -> Numbered:
        """Numbers of the figures, the one under the answer being the first."""
        number, of_sections = 1 + figures_in(self.spec.evidence), {}
        for name, section in self.spec.sections.items():
            starts = []
            for view in section.show:
                starts.append(number)
                number += figures_in(view)
            of_sections[name] = tuple(starts)
        graph, number = number, number + 1
        curves = {name: number + i for i, name in enumerate(self.spec.sure)}
        number += len(curves)
        pools = [name for name in self.spec.sure if contrast_of(self.analysis.spec, name) is None]
        cases = {pool: number + 2 * i for i, pool in enumerate(pools)}
        return Numbered(of_sections, graph, curves, cases)

    def caption(self, number, text):
        """A figure's caption with its number, and with the chapter's numbers in it."""
        return f"Fig. {number}. {self.numbers.filled(text)}"

    def short(self, name):
        """The short name of a pool or contrast, as the small table has it; else its title."""
        for row in self.spec.top.rows:
            if name in (row.pool, row.contrast):
                return row.label
        contrast = contrast_of(self.analysis.spec, name)
        if contrast is None:
            return self.analysis[name].spec.title
        return f"{self.analysis[contrast.first].spec.title} against the other"


def chapter(name, evidence=None) -> Page:
    """The page of a declared chapter.

    Parameters
    ----------
    name : str
        Id of its analysis.
    evidence : Evidence, optional
        The nearest evidence base, if it is not given.

    Raises
    ------
    ArgumentError
        An analysis that declares no chapter.
    """
    evidence = evidence or load_evidence()
    analysis = evidence.analyse(name)
    if analysis.spec.chapter is None:
        with_one = [spec.id for spec in evidence.analyses.values() if spec.chapter]
        given = f"{name!r}, which declares no chapter"
        raise ArgumentError("chapter", "name", given, f"of {', '.join(with_one)}")
    return Page(analysis)
