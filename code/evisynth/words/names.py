"""What a family of reports is called in headings, and beside a cohort's label."""

from __future__ import annotations

import re

from evisynth.evidence.selection import plain
from evisynth.words.phrases import capital

# A key of a document: a name and a year, as citations have it.
_KEY = re.compile(r"\b([a-z]{3,})((?:19|20)\d\d)\b(?!-)")
_ROWS = re.compile(r"\b[a-z]+_[a-z]+ \(([^)]*)\)")


def family_of(evidence, cohort) -> str:
    """Id of the family that a cohort's report belongs to.

    Parameters
    ----------
    evidence : Evidence
    cohort : str
        Its id.
    """
    return evidence.studies[evidence.cohorts[cohort]["study_id"]]["family_id"]


def family_title(evidence, family) -> str:
    """The title of a family; its id where no table of families names it.

    Parameters
    ----------
    evidence : Evidence
    family : str
        Its id.
    """
    return evidence.families[family]["title"] if family in evidence.families else family


def second_name(evidence, cohort) -> str:
    """The name that a source gives to a cohort's report; empty where its label says it already.

    Parameters
    ----------
    evidence : Evidence
    cohort : str
        Its id.
    """
    row = evidence.cohorts[cohort]
    name = evidence.studies[row["study_id"]].get("known_as") or ""
    return "" if name in row["label"] else name


def name_of(spec):
    """The id of an analysis as words."""
    return plain(spec.id.replace("-", "_")).replace(" VS ", " vs ")


def title_of(spec):
    """A question in short, as on its card; without one the name of the analysis."""
    return spec.card.title if spec.card else capital(name_of(spec))


def source_name(source_id):
    """The key of a document as readers cite it: its author and year."""
    author, year = _KEY.fullmatch(source_id).groups() if _KEY.fullmatch(source_id) else ("", "")
    return f"{author.capitalize()} {year}" if author else source_id


def readable(locator):
    """A place with the table of patients by its name in the document, not by that of our file."""
    return _ROWS.sub(r"\1, patient by patient", locator or "")


def named_sources(text):
    """A place or a reason in words, with documents by author and year in place of their keys."""
    return _KEY.sub(lambda found: source_name(found[0]), text)
