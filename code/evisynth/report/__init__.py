"""Views of results: words, tables and boxes. They round and back-transform; they compute nothing else."""

from evisynth.report.boxes import badges, banner, question, stamp
from evisynth.report.codebook import codebook, families, sizes
from evisynth.report.glue import glue_analysis, glue_contrast, glue_values
from evisynth.report.tables import (
    counted,
    disagreements,
    left_out,
    odds_ratios,
    pooled,
    register,
    show_rows,
)

__all__ = [
    "badges",
    "banner",
    "codebook",
    "counted",
    "disagreements",
    "families",
    "glue_analysis",
    "glue_contrast",
    "glue_values",
    "left_out",
    "odds_ratios",
    "pooled",
    "question",
    "register",
    "show_rows",
    "sizes",
    "stamp",
]
