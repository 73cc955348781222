"""Whether the numbers can be trusted: against other software, and against simulated truth.

For the book's own checkout: it reads ``tests/reference/reference.json`` and ``bench/results.json``.
"""

from evisynth.accuracy.agreement import Agreement, agreement
from evisynth.accuracy.coverage_plot import coverage_plot
from evisynth.accuracy.faults import (
    glue_faults,
    missed_table,
    mutants_table,
    robustness_table,
    slips_table,
)
from evisynth.accuracy.few_studies import few_studies_table, glue_few_studies
from evisynth.accuracy.few_studies_plot import few_studies_plot
from evisynth.accuracy.overlap_ways import glue_overlap_ways, overlap_ways
from evisynth.accuracy.pages import build_times, page_lengths
from evisynth.accuracy.peers import (
    combine_effects_dl,
    combine_effects_pm,
    pymare_default,
    pymare_inconsistency,
)
from evisynth.accuracy.records import (
    read_benchmark,
    read_builds,
    read_faults,
    read_multilevel,
    read_pages,
    read_reasons,
    read_reference,
)
from evisynth.accuracy.tables import (
    agreement_table,
    benchmark_table,
    ceiling_table,
    coverage_table,
    default_controls_table,
    dl_table,
    higher_maxima_table,
    inconsistency_table,
    pm_table,
)
from evisynth.accuracy.words import glue_validation

__all__ = [
    "Agreement",
    "agreement",
    "agreement_table",
    "benchmark_table",
    "build_times",
    "ceiling_table",
    "combine_effects_dl",
    "combine_effects_pm",
    "coverage_plot",
    "coverage_table",
    "default_controls_table",
    "dl_table",
    "few_studies_plot",
    "few_studies_table",
    "glue_faults",
    "glue_few_studies",
    "glue_overlap_ways",
    "glue_validation",
    "higher_maxima_table",
    "inconsistency_table",
    "missed_table",
    "mutants_table",
    "overlap_ways",
    "page_lengths",
    "pm_table",
    "pymare_default",
    "pymare_inconsistency",
    "read_benchmark",
    "read_builds",
    "read_faults",
    "read_multilevel",
    "read_pages",
    "read_reasons",
    "read_reference",
    "robustness_table",
    "slips_table",
]
