"""Odds ratios within studies: stratum by stratum, in common, and under priors of their spread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evisynth.engine.bayes.models import bayes_normal
from evisynth.engine.bayes.result import BayesAnalysis
from evisynth.engine.effects.escalc import escalc
from evisynth.engine.random_effects.model import rma
from evisynth.engine.random_effects.result import MetaAnalysis
from evisynth.engine.two_arm.difference import newcombe
from evisynth.engine.two_arm.pooling import mantel_haenszel
from evisynth.evidence.selection import Counted
from evisynth.result import estimate_and_limits

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
        return cells_of(self.pairs)

    @property
    def differences(self):
        """Risk difference of each stratum with Newcombe's limits."""
        return tuple(tuple(map(float, found)) for found in zip(*newcombe(*self.cells), strict=True))

    def common_as(self, measure):
        """Mantel-Haenszel "RR" or "RD" with its limits (of "RD", by Sato's variance)."""
        return estimate_and_limits(mantel_haenszel(*self.cells, measure=measure))


def pooled_strata(pairs) -> OddsRatios:
    """Odds ratios of some strata, first arms against second.

    Parameters
    ----------
    pairs : sequence of (Counted, Counted)
        One or more.
    """
    cells = cells_of(pairs)
    yi, vi = escalc("OR", **dict(zip(("ai", "n1i", "ci", "n2i"), cells, strict=True)))
    models = tuple(rma([y], [v], measure="OR", test="z") for y, v in zip(yi, vi, strict=True))
    labels = [pair[0].study["name"] for pair in pairs]
    priors = {
        prior: bayes_normal(yi, vi, measure="OR", tau_prior=prior, slab=labels)
        for prior in TAU_PRIORS * (len(pairs) > 1)
    }
    return OddsRatios(pairs, models, estimate_and_limits(mantel_haenszel(*cells)), priors)


def cells_of(pairs):
    """Events and total of the first arms, events and total of the second, a place per stratum."""
    return tuple(tuple(pair[side].row[part] for pair in pairs) for side, part in _CELLS)


_CELLS = ((0, "events"), (0, "total"), (1, "events"), (1, "total"))
