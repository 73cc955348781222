"""Views of results: words, tables and boxes. They round; they compute nothing."""

from evisynth.report.boxes import badges, banner, question, stamp
from evisynth.report.case_mix import case_mix, regressions, split_by, with_and_without
from evisynth.report.codebook import codebook, codebooks, families, sizes
from evisynth.report.contrasts import odds_ratios
from evisynth.report.decisions import decisions
from evisynth.report.discrepancies import discrepancies, discrepancy_counts, glue_register
from evisynth.report.double_counting import (
    double_counting,
    glue_double_counting,
    overlaps,
    relation_counts,
)
from evisynth.report.glue import glue_analysis, glue_base, glue_contrast, glue_values
from evisynth.report.inclusion import inclusion
from evisynth.report.patients import tally
from evisynth.report.replications import (
    glue_replications,
    replication_conditions,
    replication_counts,
    replication_differences,
    replications,
)
from evisynth.report.sensitivity import glue_sensitivity, influence
from evisynth.report.survival import survival
from evisynth.report.tables import (
    counted,
    disagreements,
    left_out,
    models,
    pooled,
    register,
    show_rows,
)

__all__ = [
    "badges",
    "banner",
    "case_mix",
    "codebook",
    "codebooks",
    "counted",
    "decisions",
    "disagreements",
    "discrepancies",
    "discrepancy_counts",
    "double_counting",
    "families",
    "glue_analysis",
    "glue_base",
    "glue_contrast",
    "glue_double_counting",
    "glue_register",
    "glue_replications",
    "glue_sensitivity",
    "glue_values",
    "inclusion",
    "influence",
    "left_out",
    "models",
    "odds_ratios",
    "overlaps",
    "pooled",
    "question",
    "register",
    "regressions",
    "relation_counts",
    "replication_conditions",
    "replication_counts",
    "replication_differences",
    "replications",
    "show_rows",
    "sizes",
    "split_by",
    "stamp",
    "survival",
    "tally",
    "with_and_without",
]
