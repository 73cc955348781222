"""Figures in one style, each drawn for a page and for a phone; imported when first used."""

from importlib import import_module

_HOMES = {
    "forest": "forests.plot",
    "forest_table": "forests.plot",
    "forest_of": "forests.of_analysis",
    "effect_forest": "forests.effects",
    "median_forest": "forests.medians",
    "odds_ratio_forest": "forests.odds_ratios",
    "kaplan_meier_plot": "survival.plot",
    "swimmer": "survival.swimmer",
    "naive_against_independent": "book.landing",
    "mini_forest_of": "book.landing",
    "printed_rates": "book.printed_rates",
    "search_flow_plot": "landscape.flow",
    "shared_reports": "landscape.shared_reports",
    "trial_ages": "landscape.ages",
    "counted_once": "overlap.units",
    "mini_forest": "forests.mini",
    "specification_curve": "sensitivity.curve",
    "funnel": "diagnostics.funnel",
    "baujat_plot": "diagnostics.baujat",
    "gosh_plot": "diagnostics.gosh",
    "cumulative": "sensitivity.cumulative",
    "leave_one_out": "sensitivity.cumulative",
    "shrinkage": "sensitivity.shrinkage",
    "curve_of": "sensitivity.of_sensitivity",
    "contrast_curve_of": "sensitivity.of_sensitivity",
    "leave_one_out_of": "sensitivity.of_sensitivity",
    "shrinkage_of": "sensitivity.of_sensitivity",
    "overlap_graph": "overlap.graph",
    "double_counting_forest": "overlap.double_counting",
    "DataFigure": "base.data_figure",
    "InlineFigure": "base.inline",
    "Axis": "base.rows",
    "Diamond": "base.rows",
    "Group": "base.rows",
    "LeftOutRow": "base.rows",
    "Row": "base.rows",
    "DIFFERENCE": "base.rows",
    "PROPORTION": "base.rows",
    "RATIO": "base.rows",
    "PALETTE": "base.style",
    "PALETTE_CSS": "base.style",
    "PALETTE_DARK": "base.style",
    "palette_css": "base.style",
}
__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f"evisynth.figures.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'evisynth.figures' has no attribute {name!r}")


def __dir__():
    return __all__
