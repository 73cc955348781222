"""A question answered: its pools, the patients behind them, and contrasts within studies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from evisynth.bayes.models import bayes_normal
from evisynth.bayes.result import BayesAnalysis
from evisynth.effects.escalc import escalc
from evisynth.errors import ArgumentError
from evisynth.evidence.independent import Candidate, independent_set
from evisynth.evidence.selection import Counted, Selection
from evisynth.evidence.specs import AnalysisSpec
from evisynth.random_effects.model import rma
from evisynth.random_effects.result import MetaAnalysis
from evisynth.two_arm.pooling import mantel_haenszel


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
    bayes : BayesAnalysis or None
        Normal-normal with a half-normal prior of scale 1 for the spread; None for one stratum.
    """

    pairs: tuple[tuple[Counted, Counted], ...]
    models: tuple[MetaAnalysis, ...]
    common: tuple[float, float, float]
    bayes: BayesAnalysis | None = None

    @property
    def labels(self):
        """Names of the studies."""
        return tuple(pair[0].study["name"] for pair in self.pairs)


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

    def patients(self, *pools) -> int:
        """Patients in the denominators of some pools, or of all, nobody twice.

        A cohort that several pools count is counted with its largest denominator; of cohorts that
        share patients the larger part, as everywhere.
        """
        sizes: Counter = Counter()
        for selection in self.chosen(*pools):
            for c in selection.counted:
                cohort = c.cohort["cohort_id"]
                sizes[cohort] = max(sizes[cohort], c.row["total"])
        candidates = (Candidate(cohort, n) for cohort, n in sizes.items())
        return sum(sizes[cohort] for cohort in independent_set(candidates, self.evidence.graph))

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
        a, n1, c, n2 = ([pair[side].row[part] for pair in pairs] for side, part in _CELLS)
        yi, vi = escalc("OR", ai=a, n1i=n1, ci=c, n2i=n2)
        models = tuple(rma([y], [v], measure="OR", test="z") for y, v in zip(yi, vi, strict=True))
        common = mantel_haenszel(a, n1, c, n2).displayed
        limits = common["estimate"], common["ci_lb"], common["ci_ub"]
        labels = [pair[0].study["name"] for pair in pairs]
        bayes = None
        if len(pairs) > 1:
            bayes = bayes_normal(yi, vi, measure="OR", tau_prior="HN(1)", slab=labels)
        return OddsRatios(pairs, models, limits, bayes)


_CELLS = ((0, "events"), (0, "total"), (1, "events"), (1, "total"))
