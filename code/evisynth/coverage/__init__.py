"""Simulated coverage of intervals of a pooled proportion."""

from evisynth.coverage.simulation import (
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
    "Scenario",
    "coverage",
    "simulate",
]
