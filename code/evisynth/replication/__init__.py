"""Published numbers beside ours, recomputed from the counts and patient rows of their own source.

A recomputed number agrees with a printed one if it rounds to it at its last printed digit, ends of
the rounding included; a method whose name ends in ``cut`` drops the further digits instead. In a
source that prints rounded whole percentages with a decimal zero, that zero is no digit. Where what
goes in is itself a rounded number (printed limits), what comes out reaches over a span, and it
agrees if a number within it rounds to the printed one. A printed bound agrees with what is on its
side. A number recomputed in several ways has one verdict.
"""

from evisynth.replication.beside import gap, replicate
from evisynth.replication.methods import METHODS, Recomputed, RecomputedRange, ReplicationMethod
from evisynth.replication.numbers import (
    association_p,
    odds_ratio,
    proportion_interval,
    ratio_from_limits,
    risk_difference,
)
from evisynth.replication.times import median_time, survival_at
from evisynth.replication.verdicts import VERDICTS, overall_verdict, printed_numbers

__all__ = [
    "METHODS",
    "VERDICTS",
    "Recomputed",
    "RecomputedRange",
    "ReplicationMethod",
    "association_p",
    "gap",
    "median_time",
    "odds_ratio",
    "overall_verdict",
    "printed_numbers",
    "proportion_interval",
    "ratio_from_limits",
    "replicate",
    "risk_difference",
    "survival_at",
]
