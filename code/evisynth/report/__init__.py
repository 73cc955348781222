"""Views of results: words, tables and boxes. They round; they compute nothing."""

from evisynth.report.boxes import badges, banner, question, stamp
from evisynth.report.codebook import codebook, codebooks, families, sizes
from evisynth.report.contrasts import odds_ratios
from evisynth.report.glue import glue_analysis, glue_base, glue_contrast, glue_values
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
    "codebook",
    "codebooks",
    "counted",
    "disagreements",
    "families",
    "glue_analysis",
    "glue_base",
    "glue_contrast",
    "glue_values",
    "left_out",
    "models",
    "odds_ratios",
    "pooled",
    "question",
    "register",
    "show_rows",
    "sizes",
    "stamp",
    "survival",
]
