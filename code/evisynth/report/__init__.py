"""Views of results: words, tables and boxes, imported when first used. They round; they compute
nothing.
"""

from importlib import import_module

_HOMES = {
    "adverse_events": "report.patients.adverse_events",
    "again": "report.selection.counted_again",
    "badges": "report.page.boxes",
    "banner": "report.page.boxes",
    "beside_published": "report.certainty.published",
    "case_mix": "report.patients.case_mix",
    "certainty_words": "report.certainty.grade",
    "checklist": "report.data.checklists",
    "cite": "report.page.cite",
    "choices": "report.selection.choices",
    "codebook": "report.data.codebook",
    "codebooks": "report.data.codebook",
    "composition": "report.patients.composition",
    "counted": "report.selection.tables",
    "decisions": "report.selection.decisions",
    "definitions": "report.data.definitions",
    "disagreements": "report.selection.disagreements",
    "discrepancies": "report.selection.discrepancies",
    "discrepancy_counts": "report.selection.discrepancies",
    "double_counting": "report.selection.double_counting",
    "estimands": "report.data.protocol",
    "families": "report.data.codebook",
    "findings": "report.certainty.findings",
    "folded": "words.entries",
    "glue_agreement": "report.data.extraction",
    "glue_base": "report.page.values",
    "glue_double_counting": "report.selection.double_counting",
    "glue_landscape": "report.data.landscape",
    "glue_register": "report.selection.discrepancies",
    "glue_replications": "report.data.replications",
    "glue_values": "words.glue",
    "grade": "report.certainty.grade",
    "inclusion": "report.selection.inclusion",
    "influence_of": "report.certainty.sensitivity",
    "left_out": "report.selection.tables",
    "models": "report.selection.tables",
    "odds_ratios": "report.page.contrasts",
    "outcomes_among": "report.patients.with_and_without",
    "overlaps": "report.selection.relations",
    "pooled": "report.selection.tables",
    "pooling_rules": "report.data.protocol",
    "possible_overlaps": "report.selection.possible_overlaps",
    "question": "report.page.boxes",
    "register": "report.selection.disagreements",
    "regressions": "report.patients.case_mix",
    "relation_counts": "report.selection.relations",
    "replication_conditions": "report.data.replications",
    "replication_counts": "report.data.replications",
    "replication_differences": "report.data.replications",
    "replications": "report.data.replications",
    "risk_of_bias": "report.certainty.judgements",
    "rob_marks": "report.certainty.judgements",
    "search_steps": "report.data.landscape",
    "shared_counts": "report.data.landscape",
    "show_rows": "report.selection.tables",
    "sizes": "report.data.codebook",
    "specification_axes": "report.data.protocol",
    "split_by": "report.patients.case_mix",
    "survival": "report.patients.survival",
    "tally": "report.patients.tally",
    "trial_table": "report.data.landscape",
    "trials_by_state": "report.data.landscape",
    "with_and_without": "report.patients.with_and_without",
}
__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f"evisynth.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'evisynth.report' has no attribute {name!r}")


def __dir__():
    return __all__
