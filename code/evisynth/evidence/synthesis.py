"""A question answered: its pools, the patients behind them, and contrasts within studies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from evisynth.errors import ArgumentError
from evisynth.evidence.effects import Effects, select_effects
from evisynth.evidence.independent import Candidate, independent_set
from evisynth.evidence.odds_ratios import OddsRatios, pooled_strata
from evisynth.evidence.selection import Counted, Selection
from evisynth.evidence.specs import AnalysisSpec
from evisynth.evidence.times import Medians, select_medians


@dataclass(frozen=True)
class Analysis:
    """A question answered: every pool selected and pooled.

    Attributes
    ----------
    spec : AnalysisSpec
    selections : mapping of pool id to Selection
    evidence : Evidence
        What it was made from.
    """

    spec: AnalysisSpec
    selections: Mapping[str, Selection]
    evidence: object

    def __getitem__(self, pool) -> Selection:
        if pool not in self.selections:
            raise ArgumentError(
                "Analysis",
                "pool",
                repr(pool),
                f"a pool of {self.spec.id}: {', '.join(self.selections)}",
            )
        return self.selections[pool]

    def effect(self, name) -> Effects:
        """The declared effects of a name: one for each trial, and those that are not counted.

        Raises
        ------
        ArgumentError
            A name that is not declared.
        """
        if name not in self.effects:
            allowed = (
                f"an effect of {self.spec.id}: {', '.join(self.effects) or 'none is declared'}"
            )
            raise ArgumentError("Analysis.effect", "name", repr(name), allowed)
        return self.effects[name]

    @cached_property
    def effects(self) -> Mapping[str, Effects]:
        """Every declared effect by its id."""
        return {spec.id: select_effects(self.evidence, spec) for spec in self.spec.effects}

    @property
    def cohorts(self):
        """Ids of all cohorts that any pool counts."""
        found = {c.cohort["cohort_id"] for s in self.selections.values() for c in s.counted}
        return tuple(sorted(found))

    def median_times(self, name) -> Medians:
        """The declared medians of a name, each cohort once, and those that are not counted.

        Raises
        ------
        ArgumentError
            A name that is not declared.
        """
        if name not in self.times:
            known = ", ".join(self.times) or "none is declared"
            allowed = f"medians of {self.spec.id}: {known}"
            raise ArgumentError("Analysis.median_times", "name", repr(name), allowed)
        return self.times[name]

    @cached_property
    def times(self) -> Mapping[str, Medians]:
        """All declared medians by their ids."""
        return {spec.id: select_medians(self.evidence, spec) for spec in self.spec.times}

    @property
    def compared(self):
        """Ids of all cohorts whose effects are read."""
        return frozenset(
            arm["cohort_id"]
            for found in self.effects.values()
            for item in (*found.counted, *(out.effect for out in found.left_out))
            for arm in (item.first, item.second)
        )

    @property
    def read_cohorts(self):
        """Ids of all cohorts that any pool, or any declared medians, count or leave out."""
        of_pools = (
            item.cohort["cohort_id"]
            for selection in self.selections.values()
            for item in (*selection.counted, *selection.left_out)
        )
        of_times = (
            median.cohort["cohort_id"]
            for found in self.times.values()
            for median in (*found.counted, *(item.median for item in found.left_out))
        )
        return frozenset((*of_pools, *of_times))

    @property
    def sources_of_differences(self):
        """Ids of all cohorts that share patients with a counted difference of two others.

        Nobody printed the difference itself: what the sources say against each other about these
        cohorts bears on it. Chosen sets of their patients do not.
        """
        counted = {c.cohort["cohort_id"]: c for s in self.selections.values() for c in s.counted}
        made = [c for c, item in counted.items() if item.cohort["unit"] == "difference"]
        return frozenset(
            cohort
            for cohort, row in self.evidence.cohorts.items()
            if row["unit"] not in ("subgroup", "post_baseline")
            and any(self.evidence.graph.shares(c, cohort) for c in made)
        )

    def patients(self, *pools) -> int:
        """Patients in the denominators of some pools, or of all, nobody twice.

        A cohort that several pools count is counted with its largest denominator; of cohorts that
        share patients the larger part, as everywhere.
        """
        return patients_of(self.chosen(*pools), self.evidence.graph)

    def chosen(self, *pools) -> tuple[Selection, ...]:
        """Selections of the named pools, in that order; of all pools where none is named."""
        return tuple(self[pool] for pool in pools or self.selections)

    def strata(self, first, second):
        """Pairs of counted rows of the same study in two pools.

        Parameters
        ----------
        first, second : str
            Pool ids.

        Returns
        -------
        tuple of (Counted, Counted)

        Raises
        ------
        ArgumentError
            A study with two cohorts in one of the pools and any in the other: which belong
            together, or whether they are to be added up, is for a declaration to say.
        """
        ours, theirs = _by_study(self[first]), _by_study(self[second])
        for study in (study for study in ours if study in theirs):
            _check_one("first", first, ours[study])
            _check_one("second", second, theirs[study])
        return tuple((ours[s][0], theirs[s][0]) for s in ours if s in theirs)

    def matched(self, first, second) -> tuple[Selection, Selection]:
        """The two pools with only those cohorts that have one of the same study in the other.

        Parameters
        ----------
        first, second : str
            Pool ids.
        """
        pairs = self.strata(first, second)
        sides = zip(*pairs, strict=True) if pairs else ((), ())
        pools = self[first], self[second]
        return tuple(
            replace(pool, counted=tuple(side)) for pool, side in zip(pools, sides, strict=True)
        )

    def side_by_side(self, *pools) -> tuple[Selection, ...]:
        """Pools as they may stand beside each other where nothing more is said.

        Two pools that are contrasted within studies, in whichever order, are read as that contrast:
        they keep only the cohorts that make it.

        Parameters
        ----------
        *pools : str
            Pool ids; all where none is named.

        Returns
        -------
        tuple of Selection
            In the order asked for.
        """
        declared = [{contrast.first, contrast.second} for contrast in self.spec.contrasts]
        if len(pools) == 2 and set(pools) in declared and self.strata(*pools):
            return self.matched(*pools)
        return self.chosen(*pools)

    def odds_ratios(self, first, second) -> OddsRatios:
        """Within-study odds ratios of two pools, first against second.

        Parameters
        ----------
        first, second : str
            Pool ids.
        """
        pairs = self.strata(first, second)
        if not pairs:
            allowed = f"a pool with cohorts of the same studies as {first!r}"
            raise ArgumentError("Analysis.odds_ratios", "second", repr(second), allowed)
        return pooled_strata(pairs)


def _by_study(selection):
    found: dict[str, list] = {}
    for c in selection.counted:
        found.setdefault(c.study["study_id"], []).append(c)
    return found


def _check_one(argument, pool, counted):
    if len(counted) > 1:
        labels = " and ".join(c.cohort["label"] for c in counted)
        given = f"{pool!r} with {labels}, which are one study"
        raise ArgumentError("Analysis.strata", argument, given, "a cohort of each study compared")


def cohorts_once(selections, graph) -> dict[str, int]:
    """Cohorts that some selections count, none sharing patients, with their largest denominators.

    A whole that one pool counts stands here in place of its parts that others count.
    """
    sizes: Counter = Counter()
    for selection in selections:
        for c in selection.counted:
            cohort = c.cohort["cohort_id"]
            sizes[cohort] = max(sizes[cohort], c.row["total"])
    candidates = (Candidate(cohort, n) for cohort, n in sizes.items())
    return {cohort: sizes[cohort] for cohort in independent_set(candidates, graph)}


@dataclass(frozen=True)
class Again:
    """A denominator whose patients are among those of others, so that no total adds it.

    Attributes
    ----------
    selection : Selection
    counted : Counted
    among : tuple of str
        Labels of the cohorts that stand in the total instead; its own where another pool, or
        another row, has more of its patients.
    """

    selection: Selection
    counted: Counted
    among: tuple[str, ...]


def counted_again(selections, graph) -> tuple[Again, ...]:
    """What the denominators of some selections hold beyond `patients_of`: who comes again.

    Parameters
    ----------
    selections : sequence of Selection
    graph : OverlapGraph

    Returns
    -------
    tuple of Again
        Its patients and those of `patients_of` add up to all denominators.
    """
    once, labels = cohorts_once(selections, graph), {}
    for selection in selections:
        labels |= {c.cohort["cohort_id"]: c.cohort["label"] for c in selection.counted}
    found, told = [], set()
    for selection in selections:
        for c in selection.counted:
            name = c.cohort["cohort_id"]
            if name not in told and once.get(name) == c.row["total"]:
                told.add(name)
                continue
            kept = [other for other in once if other == name or graph.shares(name, other)]
            found.append(Again(selection, c, tuple(labels[other] for other in kept)))
    return tuple(found)


def patients_of(selections, graph) -> int:
    """Patients in the denominators of some selections, nobody twice; see `Analysis.patients`."""
    return sum(cohorts_once(selections, graph).values())
