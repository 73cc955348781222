"""What a selection holds: who is counted for a pool, and a reason for everyone left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from evisynth.engine.proportions.pooling import pool_proportions
from evisynth.engine.proportions.result import Pooled
from evisynth.evidence.specs import PoolSpec

CODES = MappingProxyType(
    {
        "OVL": "shares patients with a counted cohort",
        "POOL": "adds up cohorts that are counted singly",
        "SEL": "patients chosen by what happened after treatment began",
        "SUB": "a part of a report, where whole reports are counted",
        "DEN": "other denominator",
        "DEF": "other definition",
        "TIM": "other time",
        "NE": "no count can be had",
        "CLM": "a claim that was decided against",
    }
)


@dataclass(frozen=True)
class Counted:
    """A cohort that is counted: its row of outcomes, its cohort, its study, and its flags.

    Attributes
    ----------
    row, cohort, study : mapping
        Rows of the tables outcomes, cohorts and studies.
    possible_overlaps : tuple of str
        Labels of other counted cohorts that may share patients with it.
    """

    row: Mapping
    cohort: Mapping
    study: Mapping
    possible_overlaps: tuple[str, ...] = ()

    @property
    def second_hand(self):
        """Whether the number was read in another group's report."""
        return bool(self.row["second_hand"])


@dataclass(frozen=True)
class LeftOut:
    """A cohort that was read but is not counted here, and why.

    Attributes
    ----------
    row, cohort : mapping
    code : str
        One of `CODES`.
    reason : str
        In short, with the cohort it overlaps where that is the reason.
    words : str
        The same for readers, without a sign.
    """

    row: Mapping
    cohort: Mapping
    code: str
    reason: str
    words: str = ""


@dataclass(frozen=True)
class Selection:
    """An independent set of cohorts for one pool, and what was left out with the reason.

    Attributes
    ----------
    spec : PoolSpec
    counted : tuple of Counted
    left_out : tuple of LeftOut
    """

    spec: PoolSpec
    counted: tuple[Counted, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def xi(self):
        """Events, one per counted cohort."""
        return tuple(c.row["events"] for c in self.counted)

    @property
    def ni(self):
        """Patients, one per counted cohort."""
        return tuple(c.row["total"] for c in self.counted)

    @property
    def slab(self):
        """Labels, one per counted cohort."""
        return tuple(c.cohort["label"] for c in self.counted)

    @cached_property
    def pooled(self) -> Pooled:
        """The counts under the book's rule for few studies."""
        return pool_proportions(self.xi, self.ni, slab=self.slab)


def plain(code):
    """A code of the tables as words.

    A token without a vowel is an abbreviation; a threshold such as <1e-4 becomes a percentage, and
    >=3 is 3 or more.
    """
    words = (code or "not stated").split("_")
    shown = " ".join(w.upper() if _is_abbreviation(w) else w for w in words)
    shown = _THRESHOLD.sub(lambda found: f"<{100 * float(found[1]):g}%", shown)
    return _AT_LEAST.sub(r"\1 or more", shown)


def _is_abbreviation(word):
    return word.isalnum() and word[0].isalpha() and not set(word) & set("aeiouy")


_THRESHOLD = re.compile(r"<(1e-\d+)")
_AT_LEAST = re.compile(r">=(\d+)")
