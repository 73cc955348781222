"""The numbers and words of a chapter by name, made when they are first asked for."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cached_property, partial
from string import Formatter

from evisynth.errors import ArgumentError
from evisynth.evidence.specs import contrast_of
from evisynth.report.certainty.sensitivity import choice_values, curve_values, sensitivity_values
from evisynth.report.page.effects import effect_values
from evisynth.report.page.medians import median_values
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
        self._kept = {}

    def __getitem__(self, name):
        for prefix, values in self._that_may_have(name):
            found = self._made(prefix, values)
            if name in found:
                return found[name]
        near = difflib.get_close_matches(name, self, 3)
        hint = f", such as {', '.join(near)}" if near else ""
        raise ArgumentError(
            "chapter",
            "number",
            f"{name!r} in the text of {self.analysis.spec.id!r}",
            f"one of its {len(self)} numbers{hint}",
        )

    def __iter__(self):
        yield from dict.fromkeys(
            name for group in (*self._quick, *self._slow) for name in self._made(*group)
        )

    def __len__(self):
        return len(list(iter(self)))

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

    def _that_may_have(self, name):
        """Groups whose prefix a name begins with: what is quickly made first, the nearest first."""
        for groups in (self._quick, self._slow):
            fitting = (g for g in groups if not g[0] or name.startswith(f"{g[0]}-"))
            yield from sorted(fitting, key=lambda group: -len(group[0]))

    def _made(self, prefix, values):
        if values not in self._kept:
            self._kept[values] = _named(prefix, values())
        return self._kept[values]

    @cached_property
    def _quick(self):
        """Prefix of the names of each group, and what makes it; numbers of all have none."""
        analysis = self.analysis
        groups = [(p, partial(pool_values, s)) for p, s in analysis.selections.items()]
        for contrast in analysis.spec.contrasts:
            groups.append((contrast.id, partial(contrast_values, analysis, contrast)))
        for effect in analysis.spec.effects:
            groups.append((effect.id, partial(effect_values, analysis, effect.id)))
        for times in analysis.spec.times:
            groups.append((times.id, partial(median_values, analysis, times.id)))
        for name, printed in self.spec.printed.items():
            about = {"rejected": printed.rejected}
            groups.append((name, partial(row_values, analysis.evidence, printed.row, **about)))
        if self.spec.across:
            groups.append(("across", partial(regression_values, analysis, *self.spec.across)))
        return (*groups, ("", self._of_all))

    def _of_all(self):
        return {
            "k": count_word(len(self.analysis.cohorts)),
            "patients": thousands(self.analysis.patients()),
            "flagged": count_word(len(flagged_cohorts(self.analysis.chosen()))),
        }

    @cached_property
    def _slow(self):
        """The same of what other choices and other cohorts give, which takes many fits."""
        analysis = self.analysis
        groups = [(p, partial(choice_values, analysis, p)) for p in analysis.selections]
        for contrast in analysis.spec.contrasts:
            groups.append((contrast.id, partial(contrast_choice_values, analysis, contrast)))
        for name in self.spec.sure:
            if contrast_of(analysis.spec, name) is None:
                groups.append((name, partial(sensitivity_values, analysis, name)))
                groups.append((name, partial(curve_values, analysis, name)))
        return tuple(groups)


def _named(prefix, values):
    return {f"{prefix}-{name}" if prefix else name: value for name, value in values.items()}
