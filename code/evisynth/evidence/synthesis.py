"""A question answered: its pools, the patients behind them, and contrasts within studies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from evisynth.bayes.models import bayes_normal
from evisynth.bayes.result import BayesAnalysis
from evisynth.effects.escalc import escalc
from evisynth.errors import ArgumentError
from evisynth.evidence.independent import Candidate, independent_set
from evisynth.evidence.selection import Counted, Selection
from evisynth.evidence.specs import AnalysisSpec
from evisynth.random_effects.model import rma
from evisynth.random_effects.result import MetaAnalysis
from evisynth.two_arm.difference import newcombe
from evisynth.two_arm.pooling import mantel_haenszel

# Ratios of odds differ less between studies than odds do: half the scale that rates are given, with
# half and twice that beside it (Rover C et al (2021) Res Synth Methods 12:448).
TAU_PRIOR = "HN(0.5)"
TAU_PRIORS = ("HN(0.25)", TAU_PRIOR, "HN(1)")


@dataclass(frozen=True)
class OddsRatios:
    """Odds ratios over independent strata.

    Attributes
    ----------
    pairs : tuple of (Counted, Counted)
        The two arms of each stratum.
    models : tuple of MetaAnalysis
        One per stratum, k = 1: log odds ratio with Wald limits.
    common : tuple of float
        Mantel-Haenszel odds ratio and its limits.
    priors : mapping of str to BayesAnalysis
        Normal-normal of the log odds ratios under each of `TAU_PRIORS`; empty for one stratum.
    """

    pairs: tuple[tuple[Counted, Counted], ...]
    models: tuple[MetaAnalysis, ...]
    common: tuple[float, float, float]
    priors: Mapping[str, BayesAnalysis] = field(default_factory=dict)

    @property
    def labels(self):
        """Names of the studies."""
        return tuple(pair[0].study["name"] for pair in self.pairs)

    @property
    def bayes(self) -> BayesAnalysis | None:
        """The analysis under the prior that leads; None for one stratum."""
        return self.priors.get(TAU_PRIOR)

    @property
    def cells(self):
        """Events and total of the first arms, events and total of the second."""
        return tuple(tuple(p[side].row[part] for p in self.pairs) for side, part in _CELLS)

    @property
    def differences(self):
        """Risk difference of each stratum with Newcombe's limits."""
        return tuple(tuple(map(float, found)) for found in zip(*newcombe(*self.cells), strict=True))

    def common_as(self, measure):
        """Mantel-Haenszel "RR" or "RD" with its limits (of "RD", by Sato's variance)."""
        return _limits(mantel_haenszel(*self.cells, measure=measure))


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

    @property
    def cohorts(self):
        """Ids of all cohorts that any pool counts."""
        found = {c.cohort["cohort_id"] for s in self.selections.values() for c in s.counted}
        return tuple(sorted(found))

    @property
    def read_cohorts(self):
        """Ids of all cohorts that any pool counts or leaves out."""
        return frozenset(
            item.cohort["cohort_id"]
            for selection in self.selections.values()
            for item in (*selection.counted, *selection.left_out)
        )

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
        """
        theirs = {c.study["study_id"]: c for c in self[second].counted}
        pairs = ((c, theirs.get(c.study["study_id"])) for c in self[first].counted)
        return tuple((a, b) for a, b in pairs if b is not None)

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

        Two pools that are contrasted within studies are read as that contrast: they keep only the
        cohorts that make it.
        """
        declared = [(contrast.first, contrast.second) for contrast in self.spec.contrasts]
        if pools in declared and self.strata(*pools):
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
        cells = OddsRatios(pairs, (), ()).cells
        yi, vi = escalc("OR", **dict(zip(("ai", "n1i", "ci", "n2i"), cells, strict=True)))
        models = tuple(rma([y], [v], measure="OR", test="z") for y, v in zip(yi, vi, strict=True))
        labels = [pair[0].study["name"] for pair in pairs]
        priors = {
            prior: bayes_normal(yi, vi, measure="OR", tau_prior=prior, slab=labels)
            for prior in TAU_PRIORS * (len(pairs) > 1)
        }
        return OddsRatios(pairs, models, _limits(mantel_haenszel(*cells)), priors)


def _limits(pooled):
    """Estimate and limits on the display scale."""
    return tuple(pooled.displayed[name] for name in ("estimate", "ci_lb", "ci_ub"))


_CELLS = ((0, "events"), (0, "total"), (1, "events"), (1, "total"))


def patients_of(selections, graph) -> int:
    """Patients in the denominators of some selections, nobody twice; see `Analysis.patients`."""
    sizes: Counter = Counter()
    for selection in selections:
        for c in selection.counted:
            cohort = c.cohort["cohort_id"]
            sizes[cohort] = max(sizes[cohort], c.row["total"])
    candidates = (Candidate(cohort, n) for cohort, n in sizes.items())
    return sum(sizes[cohort] for cohort in independent_set(candidates, graph))
