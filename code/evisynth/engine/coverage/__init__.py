"""Simulated coverage of intervals of a pooled proportion."""

from evisynth.engine.coverage.few_studies import simulate_few_studies
from evisynth.engine.coverage.held import FewStudies, Held, Over
from evisynth.engine.coverage.simulation import (
    METHODS,
    SCENARIOS,
    Coverage,
    CoverageStudy,
    Scenario,
    coverage,
    simulate,
)

__all__ = [
    "METHODS",
    "SCENARIOS",
    "Coverage",
    "CoverageStudy",
    "FewStudies",
    "Held",
    "Over",
    "Scenario",
    "coverage",
    "simulate",
    "simulate_few_studies",
]
