"""Registered contradictions decided the other way, one at a time, and what a pool then counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evisynth.evidence.kept import kept
from evisynth.evidence.selector import fits_design, fits_where

CLAIMS = {"a": "first", "b": "second"}


@dataclass(frozen=True)
class Flip:
    """A contradiction decided the other way.

    Attributes
    ----------
    discrepancy : mapping
        Its row in the register.
    claim : {"a", "b"}
        The claim that is taken in place of the decision.
    rejected : frozenset of (str, str)
        Every claim decided against, with this one decision changed.
    withdrawn : frozenset of str
        Rows that print the claim now turned down once more, without naming the contradiction.
    """

    discrepancy: Mapping
    claim: str
    rejected: frozenset
    withdrawn: frozenset = frozenset()

    @property
    def label(self):
        """Such as "D012: second claim"."""
        return f"{self.discrepancy['discrepancy_id']}: {CLAIMS[self.claim]} claim"

    @property
    def settings(self):
        """What it asks of `Evidence.selector`."""
        return {"rejected": self.rejected, "withdrawn": self.withdrawn}


@kept
def flips(evidence):
    """Every other way to decide a registered contradiction, one at a time.

    An open one is decided for either claim; of one decided for neither, either is taken. Kept,
    since every pool asks for them.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    tuple of Flip
    """
    found = []
    for row in evidence.rows("discrepancies"):
        key, decision = row["discrepancy_id"], row["decision"]
        others = [claim for claim in "ab" if claim != decision]
        rest = {pair for pair in evidence.rejected if pair[0] != key}
        for claim in others:
            loser = "a" if claim == "b" else "b"
            again = _printed_again(evidence, (key, loser), (key, claim))
            found.append(Flip(row, claim, frozenset(rest | {(key, loser)}), again))
    return tuple(found)


_SAME_STATEMENT = ("cohort_id", "outcome", "denominator", "criterion", "events", "total")


def _printed_again(evidence, loser, winner):
    """Rows that say the same of the same patients as a row of the loser, and are not the winner."""
    rows = evidence.rows("outcomes")
    said = {_statement(row) for row in rows if _claim(row) == loser and row["events"] is not None}
    return frozenset(
        row["row_id"]
        for row in rows
        if _claim(row) not in (loser, winner) and _statement(row) in said
    )


def _claim(row):
    return row["discrepancy_id"], row["claim"]


def _statement(row):
    return tuple(row[column] for column in _SAME_STATEMENT)


def effective_flips(evidence, spec):
    """Those flips that change what a pool counts.

    Parameters
    ----------
    evidence : Evidence
    spec : PoolSpec

    Returns
    -------
    tuple of (Flip, Selection)
    """
    usual, bearing = counts_of(evidence.selector().select(spec)), _bearing(evidence, spec)
    found = []
    for flip in flips(evidence):
        if flip.discrepancy["discrepancy_id"] not in bearing:
            continue
        selection = evidence.selector(**flip.settings).select(spec)
        if counts_of(selection) != usual:
            found.append((flip, selection))
    return tuple(found)


def flips_that_matter(evidence):
    """Contradictions decided the other way that change what some declared pool counts.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    tuple of str
        Labels of the flips, each once however many pools it changes.
    """
    pools = [pool for spec in evidence.analyses.values() for pool in spec.pools]
    found = {flip.label for pool in pools for flip, _ in effective_flips(evidence, pool)}
    return tuple(flip.label for flip in flips(evidence) if flip.label in found)


def gives_count(flip, usual, other):
    """Whether the claim that a flip prefers puts another count in place of the usual one.

    A claim without a count, such as a bare percentage, only takes its cohort out of the pool, and
    perhaps lets in another report of the same patients: that is no other claim about them.

    Parameters
    ----------
    flip : Flip
    usual, other : Selection
        The pool as decided, and as `effective_flips` pairs it with the flip.

    Returns
    -------
    bool
    """
    before = {c.row["row_id"] for c in usual.counted}
    cohorts = {c.row["cohort_id"] for c in usual.counted}
    key = flip.discrepancy["discrepancy_id"]
    new = [c.row for c in other.counted if c.row["row_id"] not in before]
    return any(row["discrepancy_id"] == key or row["cohort_id"] in cohorts for row in new)


def _bearing(evidence, spec):
    """Contradictions that a row of the pool's outcomes takes part in: no other can matter."""
    return {
        row["discrepancy_id"]
        for row in evidence.rows("outcomes")
        if row["outcome"] in spec.outcomes
        and fits_where(evidence.cohorts[row["cohort_id"]], spec)
        and fits_design(evidence.studies, evidence.cohorts[row["cohort_id"]], spec)
    }


def counts_of(selection):
    """What any model sees of a selection: the counts, whoever's and in whatever order."""
    return sorted(zip(selection.xi, selection.ni, strict=True))
