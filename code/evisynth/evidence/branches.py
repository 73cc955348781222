"""The defensible ways to choose the data of one pool, as labelled data sets for `multiverse`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product

from evisynth.checks import shown
from evisynth.errors import ArgumentError
from evisynth.evidence.selection import fits_where
from evisynth.proportions.pooling import GLMM, HEADLINES
from evisynth.specifications.multiverse import DEFAULT_METHODS, DataSet, multiverse

COHORTS, OVERLAP, LEFT_OUT, DECISION = (
    "Report counted", "Possible overlap", "Source left out", "Contested claim",
)  # fmt: skip
_LARGEST, _OWN = "most patients", "own report first"
_COUNTED, _OUT = "counted", "left out"
_NOTHING, _AS_DECIDED = "nothing", "as decided"
MINIMUM_K = 3
_SAME = "every other choice counts the same cohorts"
_TOO_FEW = f"every other choice that changes anything leaves fewer than {MINIMUM_K} cohorts"
_NONE = "there is no other choice"


@dataclass(frozen=True)
class Flip:
    """A contradiction decided the other way.

    Attributes
    ----------
    discrepancy : mapping
        Its row in the register.
    label : str
        Such as "D012: b".
    rejected : frozenset of (str, str)
        Every claim decided against, with this one decision changed.
    withdrawn : frozenset of str
        Rows that print the claim now turned down once more, without naming the contradiction.
    """

    discrepancy: dict
    label: str
    rejected: frozenset
    withdrawn: frozenset = frozenset()

    @property
    def settings(self):
        """What it asks of `Evidence.selector`."""
        return {"rejected": self.rejected, "withdrawn": self.withdrawn}


def flips(evidence):
    """Every other way to decide a registered contradiction, one at a time.

    An open one is decided for either claim; of one decided for neither, either is taken.

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
            label = f"{key}: {'first' if claim == 'a' else 'second'} claim"
            again = _printed_again(evidence, (key, loser), (key, claim))
            found.append(Flip(row, label, frozenset(rest | {(key, loser)}), again))
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
    usual, bearing = _counts(evidence.selector().select(spec)), _bearing(evidence, spec)
    found = []
    for flip in flips(evidence):
        if flip.discrepancy["discrepancy_id"] not in bearing:
            continue
        selection = evidence.selector(**flip.settings).select(spec)
        if _counts(selection) != usual:
            found.append((flip, selection))
    return tuple(found)


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
        if row["outcome"] in spec.outcomes and fits_where(evidence.cohorts[row["cohort_id"]], spec)
    }


def _counts(selection):
    """What any model sees: the counts, whoever's and in whatever order."""
    return sorted(zip(selection.xi, selection.ni, strict=True))


def branches(evidence, spec):
    """Every combination of choices about the data, the declared one first.

    The axes are which of two overlapping reports is counted, whether cohorts that may share
    patients are, which source, sponsor or kind of reading is left out, each contradiction that
    matters decided otherwise where the other claim has a count (one without would only drop its
    cohort, which `leave1out` shows), and what the pool declares as alternatives. An axis of which
    no level changes what is counted keeps one level.

    Parameters
    ----------
    evidence : Evidence
    spec : PoolSpec

    Returns
    -------
    tuple of DataSet
    """
    return _combined(evidence, spec, _axes(evidence, spec)[0])


def _combined(evidence, spec, axes):
    data_sets, seen = [], {}
    for combination in product(*(levels.items() for levels in axes.values())):
        choices = dict(zip(axes, (level for level, _ in combination), strict=True))
        settings, overrides = _merged(change for _, change in combination)
        key = tuple(sorted(settings.items())), tuple(sorted(overrides.items()))
        if key not in seen:
            selection = evidence.selector(**settings).select(spec.otherwise(overrides))
            seen[key] = (selection.xi, selection.ni)
        data_sets.append(DataSet(choices, *seen[key]))
    return tuple(data_sets)


def _merged(changes):
    """What the choices say together: settings of the selector, keys of the pool."""
    settings, overrides = {}, {}
    for change in changes:
        settings |= change.get("settings", {})
        overrides |= change.get("overrides", {})
    return settings, overrides


def _axes(evidence, spec):
    """Axis to level to what it changes; and for an axis left with one level, why it has no other.

    Levels that change nothing, or leave too few cohorts to pool, are left off.
    """
    declared = {
        axis: {level: {"overrides": keys} for level, keys in levels.items()}
        for axis, levels in spec.alternatives.items()
    }
    usually = evidence.selector().select(spec)
    found = {
        COHORTS: {_LARGEST: {}, _OWN: {"settings": {"own_first": True}}},
        OVERLAP: {_COUNTED: {}, _OUT: {"settings": {"cautious": True}}},
        LEFT_OUT: {_NOTHING: {}} | _omissions(evidence, spec),
        DECISION: {_AS_DECIDED: {}} | {
            flip.label: {"settings": flip.settings}
            for flip, other in effective_flips(evidence, spec)
            if gives_count(flip, usually, other)
        },
    } | declared  # fmt: skip
    usual = _counts(usually)
    kept, why = {}, {}
    for axis, levels in found.items():
        kept[axis], why[axis] = _that_matter(evidence, spec, levels, usual)
    return kept, why


def _that_matter(evidence, spec, levels, usual):
    """The first level and those others that matter and leave enough; why, where there is none."""
    first, *others = levels.items()
    kept, reason = [first], _SAME if others else _NONE
    for level, change in others:
        settings, overrides = _merged([change])
        selection = evidence.selector(**settings).select(spec.otherwise(overrides))
        if _counts(selection) == usual:
            continue
        if len(selection.counted) < MINIMUM_K:
            reason = _TOO_FEW
            continue
        kept.append((level, change))
    return dict(kept), reason


def _omissions(evidence, spec):
    """Leaving out each source and each sponsor of a counted row, and all that is second-hand."""
    counted = evidence.selector().select(spec).counted
    sources = sorted({c.row["source_id"] for c in counted})
    sponsors = sorted({c.study["sponsor"] for c in counted if c.study["sponsor"]})
    pairs = [(_as_words(source), ("source_id", source)) for source in sources]
    pairs += [(f"sponsor: {sponsor}", ("sponsor", sponsor)) for sponsor in sponsors]
    if {c.second_hand for c in counted} == {True, False}:
        pairs.append(("second-hand rows", ("second_hand", True)))
    return {level: {"settings": {"without": (pair,)}} for level, pair in pairs}


def _as_words(source):
    """``author2020`` as ``Author 2020``."""
    return re.sub(r"^([a-z]+)(\d{4})$", lambda m: f"{m[1].capitalize()} {m[2]}", source)


def specification_multiverse(evidence, analysis, pool, **options):
    """All defensible analyses of one pool of a declared analysis.

    Parameters
    ----------
    evidence : Evidence
    analysis, pool : str
    **options
        Of `multiverse`.

    Returns
    -------
    Multiverse
        Its protocol is the declared data pooled by the model of the book's headline.
    """
    if not hasattr(evidence, "selector"):
        allowed = "what load_evidence returns"
        raise ArgumentError("specification_multiverse", "evidence", shown(evidence), allowed)
    selection = evidence.select(analysis, pool)
    axes, why_one = _axes(evidence, selection.spec)
    data_sets = _combined(evidence, selection.spec, axes)
    headline = HEADLINES.get(selection.pooled.rule, GLMM)
    planned = next(m.choices for m in DEFAULT_METHODS if m.choices["Model"] == headline)
    options = {"protocol": dict(data_sets[0].choices) | dict(planned)} | options
    return multiverse(data_sets, why_one=why_one, minimum_k=MINIMUM_K, **options)
