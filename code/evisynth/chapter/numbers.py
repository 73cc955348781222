"""The numbers and words of a chapter by name, made when they are first asked for."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cached_property
from string import Formatter

from evisynth.errors import ArgumentError
from evisynth.evidence.specs import contrast_of
from evisynth.report.certainty.sensitivity import choice_values, curve_values, sensitivity_values
from evisynth.report.page.printed_rows import row_values
from evisynth.report.page.values import contrast_choice_values, contrast_values, pool_values
from evisynth.report.patients.case_mix import regression_values
from evisynth.report.selection.possible_overlaps import flagged_cohorts
from evisynth.words.phrases import count_word, thousands


class Numbers(Mapping):
    """Every number that the prose of a chapter can place.

    Parameters
    ----------
    analysis : Analysis
        Of an analysis that declares a chapter.

    Notes
    -----
    As ``pool-what`` those of each pool (`pool_values`), as ``contrast-what`` those of each contrast
    (`contrast_values`), as ``name-what`` what the declared rows print (`row_values`). Of each pool
    also what its alternatives and the largest set without a doubt give (`choice_values`), and of
    those under ``sure`` what leaving out gives. Each group is computed when one of its names is
    asked for.
    """

    def __init__(self, analysis):
        self.analysis = analysis
        self.spec = analysis.spec.chapter

    def __getitem__(self, name):
        for group in (self._quick, self._slow):
            if name in group:
                return group[name]
        near = difflib.get_close_matches(name, self, 3)
        hint = f", such as {', '.join(near)}" if near else ""
        raise ArgumentError(
            "chapter",
            "number",
            f"{name!r} in the text of {self.analysis.spec.id!r}",
            f"one of its {len(self)} numbers{hint}",
        )

    def __iter__(self):
        yield from self._quick
        yield from self._slow

    def __len__(self):
        return len(self._quick) + len(self._slow)

    def filled(self, text):
        """A declared text with its numbers in place of the names in braces.

        Raises
        ------
        ArgumentError
            A name that the chapter has no number for; braces that do not close.
        """
        try:
            names = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
        except ValueError as error:
            raise ArgumentError(
                "chapter", "text", repr(text), f"names in braces: {error}"
            ) from None
        return text.format_map({name: self[name] for name in names})

    @cached_property
    def _quick(self):
        analysis = self.analysis
        found = {}
        for pool, selection in analysis.selections.items():
            found |= _named(pool, pool_values(selection))
        for contrast in analysis.spec.contrasts:
            found |= _named(contrast.id, contrast_values(analysis, contrast))
        for name, printed in self.spec.printed.items():
            values = row_values(analysis.evidence, printed.row, rejected=printed.rejected)
            found |= _named(name, values)
        if self.spec.across:
            found |= _named("across", regression_values(analysis, *self.spec.across))
        return found | {
            "k": count_word(len(analysis.cohorts)),
            "patients": thousands(analysis.patients()),
            "flagged": count_word(len(flagged_cohorts(analysis.chosen()))),
        }

    @cached_property
    def _slow(self):
        found = {}
        for pool in self.analysis.selections:
            found |= _named(pool, choice_values(self.analysis, pool))
        for contrast in self.analysis.spec.contrasts:
            found |= _named(contrast.id, contrast_choice_values(self.analysis, contrast))
        for name in self.spec.sure:
            if contrast_of(self.analysis.spec, name) is None:
                found |= _named(name, sensitivity_values(self.analysis, name))
                found |= _named(name, curve_values(self.analysis, name))
        return found


def _named(prefix, values):
    return {f"{prefix}-{name}": value for name, value in values.items()}
