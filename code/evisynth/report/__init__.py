"""Views of results: words, tables and boxes. They round; they compute nothing."""

from evisynth.report.boxes import badges, banner, question, stamp
from evisynth.report.case_mix import case_mix, regressions, split_by
from evisynth.report.certainty import certainty_words, grade
from evisynth.report.checklists import checklist
from evisynth.report.cite import cite
from evisynth.report.codebook import codebook, codebooks, families, sizes
from evisynth.report.composition import composition
from evisynth.report.contrasts import odds_ratios
from evisynth.report.decisions import decisions
from evisynth.report.definitions import definitions
from evisynth.report.disagreements import disagreements, register
from evisynth.report.discrepancies import discrepancies, discrepancy_counts, glue_register
from evisynth.report.double_counting import (
    double_counting,
    glue_double_counting,
)
from evisynth.report.entries import folded
from evisynth.report.extraction import glue_agreement
from evisynth.report.findings import findings
from evisynth.report.glue import glue_analysis, glue_base, glue_values
from evisynth.report.inclusion import inclusion
from evisynth.report.judgements import risk_of_bias, rob_marks
from evisynth.report.patients import tally
from evisynth.report.possible_overlaps import possible_overlaps
from evisynth.report.protocol import estimands, pooling_rules, specification_axes
from evisynth.report.published import beside_published
from evisynth.report.relations import overlaps, relation_counts
from evisynth.report.replications import (
    glue_replications,
    replication_conditions,
    replication_counts,
    replication_differences,
    replications,
)
from evisynth.report.sensitivity import influence
from evisynth.report.survival import survival
from evisynth.report.tables import (
    counted,
    left_out,
    models,
    pooled,
    show_rows,
)
from evisynth.report.with_and_without import outcomes_among, with_and_without

__all__ = [
    "badges",
    "banner",
    "beside_published",
    "case_mix",
    "certainty_words",
    "checklist",
    "cite",
    "codebook",
    "codebooks",
    "composition",
    "counted",
    "decisions",
    "definitions",
    "disagreements",
    "discrepancies",
    "discrepancy_counts",
    "double_counting",
    "estimands",
    "families",
    "findings",
    "folded",
    "glue_agreement",
    "glue_analysis",
    "glue_base",
    "glue_double_counting",
    "glue_register",
    "glue_replications",
    "glue_values",
    "grade",
    "inclusion",
    "influence",
    "left_out",
    "models",
    "odds_ratios",
    "outcomes_among",
    "overlaps",
    "pooled",
    "pooling_rules",
    "possible_overlaps",
    "question",
    "register",
    "regressions",
    "relation_counts",
    "replication_conditions",
    "replication_counts",
    "replication_differences",
    "replications",
    "risk_of_bias",
    "rob_marks",
    "show_rows",
    "sizes",
    "specification_axes",
    "split_by",
    "stamp",
    "survival",
    "tally",
    "with_and_without",
]
