"""The defensible ways to choose the strata of a contrast, for `contrast_multiverse`."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from evisynth.engine.specifications.contrasts import Strata, contrast_multiverse
from evisynth.engine.two_arm.pooling import mantel_haenszel
from evisynth.errors import ArgumentError
from evisynth.evidence.branches import DECISION
from evisynth.evidence.flips import effective_flips
from evisynth.evidence.odds_ratios import cells_of
from evisynth.evidence.synthesis import Analysis
from evisynth.result import estimate_and_limits

LEFT_OUT = "Stratum left out"
_AS_COUNTED, _NOTHING, _AS_DECIDED = "none added", "none", "as decided"
_SAME = "every other decision gives the same counts"
_NONE_UNPLACED = "the groups add up to every count of the whole"


def unplaced_events(analysis, first, second):
    """How many events of a stratum belong to one of its groups, and it is not known to which.

    Parameters
    ----------
    analysis : Analysis
    first, second : str
        Pool ids.

    Returns
    -------
    (Unplaced, int) or None
        None where the analysis declares none for these pools, in whichever order.

    Raises
    ------
    ArgumentError
        Events declared for a study that is no stratum of the two pools; rows that do not add up to
        the patients of the stratum, or to fewer events than it has.
    """
    unplaced = _declared(analysis, first, second)
    if unplaced is None:
        return None
    pairs = {pair[0].study["study_id"]: pair for pair in analysis.strata(first, second)}
    if unplaced.study not in pairs:
        allowed = f"a study with a cohort in both pools: {', '.join(pairs) or 'there is none'}"
        raise ArgumentError("unplaced_events", "study", repr(unplaced.study), allowed)
    pair = pairs[unplaced.study]
    events, total = (sum(arm.row[part] for arm in pair) for part in ("events", "total"))
    rows = [r for r in analysis.evidence.rows("outcomes") if r["row_id"] in unplaced.known]
    more = sum(row["events"] for row in rows) - events
    if sum(row["total"] for row in rows) != total or more < 0:
        allowed = f"rows of {total} patients in all, with {events} events or more"
        raise ArgumentError("unplaced_events", "known", repr(unplaced.known), allowed)
    return unplaced, more


def _declared(analysis, first, second):
    for contrast in analysis.spec.contrasts:
        if {contrast.first, contrast.second} == {first, second}:
            return contrast.unplaced
    return None


def allocations(analysis, first, second):
    """The strata with the unplaced events given to the two groups in every way.

    Parameters
    ----------
    analysis : Analysis
    first, second : str
        Pool ids.

    Returns
    -------
    dict of str to tuple of (int, int, int, int)
        Level to the cells of each stratum; the first is the strata as counted. One level where no
        event is unplaced.
    """
    strata = _strata(analysis, first, second)
    levels, found = {_AS_COUNTED: strata}, unplaced_events(analysis, first, second)
    if found is None:
        return levels
    unplaced, more = found
    at = [a.study["study_id"] for a, _ in analysis.strata(first, second)].index(unplaced.study)
    card = analysis.spec.card
    short = card.pools if card else {}
    titles = [short.get(p, analysis[p].spec.title).lower() for p in (first, second)]
    for to_first in range(more + 1):
        a, n1, c, n2 = strata[at]
        cells = a + to_first, n1, c + more - to_first, n2
        if cells[0] <= n1 and cells[2] <= n2:
            label = f"{to_first} {titles[0]}, {more - to_first} {titles[1]}"
            levels[label] = (*strata[:at], cells, *strata[at + 1 :])
    return levels


@dataclass(frozen=True)
class Bounds:
    """Within what odds ratios lie, wherever the unplaced events belong.

    Attributes
    ----------
    events : int
    study : str
        Name of the study whose stratum it is.
    stratum : tuple of float
        Lowest and highest odds ratio of that stratum.
    lowest, highest : tuple of float
        Common odds ratio (Mantel-Haenszel) with its limits at the ends.
    """

    events: int
    study: str
    stratum: tuple[float, float]
    lowest: tuple[float, float, float]
    highest: tuple[float, float, float]


def allocation_bounds(analysis, first, second):
    """Odds ratios over every way to give the unplaced events to the two groups.

    Parameters
    ----------
    analysis : Analysis
    first, second : str
        Pool ids.

    Returns
    -------
    Bounds or None
        None where no event is unplaced.
    """
    found = unplaced_events(analysis, first, second)
    if found is None or not found[1]:
        return None
    names = {a.study["study_id"]: a.study["name"] for a, _ in analysis.strata(first, second)}
    at = list(names).index(found[0].study)
    given = list(allocations(analysis, first, second).values())[1:]
    common = sorted(_common(*zip(*strata, strict=True)) for strata in given)
    single = sorted(_common(*zip(strata[at], strict=True))[0] for strata in given)
    study = names[found[0].study]
    return Bounds(found[1], study, (single[0], single[-1]), common[0], common[-1])


def _common(*cells):
    return estimate_and_limits(mantel_haenszel(*cells))


def contrast_specifications(analysis, first, second, *, measure="OR", **options):
    """All defensible analyses of two pools compared within studies.

    The axes are where the unplaced events belong, each contradiction that matters decided
    otherwise, what both pools declare as alternatives with the same levels, and, apart from the
    others, which stratum is left out. A contradiction decided otherwise, and an alternative, is
    taken without unplaced events, which were found for the counts as decided and declared.

    Parameters
    ----------
    analysis : Analysis
    first, second : str
        Pool ids; above 1 the first does better.
    measure : {"OR", "RR", "RD"}
    **options
        Of `contrast_multiverse`.

    Returns
    -------
    Multiverse
        Its protocol is Mantel-Haenszel over the strata as counted.
    """
    unplaced = _declared(analysis, first, second)
    axis = unplaced.title if unplaced else "Events of unknown group"
    data_sets, seen = [], set()
    declared = declared_otherwise(analysis, first, second)
    for levels, decision, reading in _every_reading(declared, first, second):
        names = [a.study["name"] for a, _ in reading.strata(first, second)]
        for level, strata in _levels(reading, first, second, decision, levels).items():
            for without in (None, *names * (len(names) > 1)):
                kept = [cells for cells, name in zip(strata, names, strict=True) if name != without]
                if without and (without, *kept) in seen:  # the same stratum, nothing else chosen
                    continue
                seen.add((without, *kept))
                choices = {axis: level, DECISION: decision} | dict(levels)
                choices |= {LEFT_OUT: without or _NOTHING}
                data_sets.append(Strata(choices, *zip(*kept, strict=True)))
    options = {"why_one": {DECISION: _SAME, axis: _NONE_UNPLACED}, "apart": (LEFT_OUT,)} | options
    return contrast_multiverse(data_sets, measure=measure, **options)


def shared_alternatives(one, other):
    """Axes that two pools declare with the same levels, so that both can choose alike.

    Parameters
    ----------
    one, other : PoolSpec

    Returns
    -------
    dict of str to tuple of str
        Axis to its levels, the declared one first.
    """
    theirs = {axis: tuple(levels) for axis, levels in other.alternatives.items()}
    ours = {axis: tuple(levels) for axis, levels in one.alternatives.items()}
    return {axis: levels for axis, levels in ours.items() if theirs.get(axis) == levels}


def declared_otherwise(analysis, first, second):
    """The analysis with what both pools declare as alternatives, by the levels that are taken.

    Parameters
    ----------
    analysis : Analysis
    first, second : str
        Pool ids.

    Returns
    -------
    dict of tuple of (str, str) to Analysis
        Pairs of axis and level; first the declared ones, with the analysis itself. Levels that
        change no stratum, or leave none, are left off, and so is an axis of one level.
    """
    pools = [analysis[pool].spec for pool in (first, second)]
    axes = shared_alternatives(*pools)
    usual, found = _strata(analysis, first, second), {}
    for combination in product(*axes.values()):
        levels = tuple(zip(axes, combination, strict=True))
        select = analysis.evidence.selector().select
        selections = {pool.id: select(_otherwise(pool, levels)) for pool in pools}
        other = Analysis(analysis.spec, selections, analysis.evidence)
        strata = _strata(other, first, second)
        if not found or strata not in ((), usual):
            found[levels] = analysis if not found else other
    kept = {pair for levels in found for pair in levels}
    single = [axis for axis, (_, *rest) in axes.items() if not {(axis, x) for x in rest} & kept]
    return {
        tuple(pair for pair in levels if pair[0] not in single): reading
        for levels, reading in found.items()
    }


def _otherwise(pool, levels):
    for axis, level in levels:
        pool = pool.otherwise(dict(pool.alternatives[axis][level]))
    return pool


def _every_reading(declared, first, second):
    """Levels, decision and analysis of every combination."""
    for levels, analysis in declared.items():
        for decision, reading in _readings(analysis, first, second).items():
            yield levels, decision, reading


def _levels(reading, first, second, decision, levels):
    """The ways to place events, which are known for the counts as decided and for no others."""
    usual = all(level == next(iter(reading[first].spec.alternatives[a])) for a, level in levels)
    if decision == _AS_DECIDED and usual:
        return allocations(reading, first, second)
    return {_AS_COUNTED: _strata(reading, first, second)}


def _strata(analysis, first, second):
    """The cells of each stratum."""
    return tuple(zip(*cells_of(analysis.strata(first, second)), strict=True))


def _readings(analysis, first, second):
    """The analysis as decided, and with each contradiction otherwise that changes a stratum."""
    evidence, pools = analysis.evidence, (analysis[first].spec, analysis[second].spec)
    usual = _strata(analysis, first, second)
    found = {_AS_DECIDED: analysis}
    flips = {flip.label: flip for pool in pools for flip, _ in effective_flips(evidence, pool)}
    for label, flip in flips.items():
        selector = evidence.selector(**flip.settings)
        other = Analysis(analysis.spec, {p.id: selector.select(p) for p in pools}, evidence)
        if _strata(other, first, second) not in ((), usual):
            found[label] = other
    return found
