"""Figures in one style, each drawn for a page and for a phone; imported when first used."""

from importlib import import_module

_HOMES = {
    "forest": "forest_plot",
    "forest_table": "forest_plot",
    "forest_of": "of_analysis",
    "cards": "question_cards",
    "odds_ratio_forest": "odds_ratios",
    "kaplan_meier_plot": "survival_plot",
    "swimmer": "swimmer_plot",
    "naive_against_independent": "landing",
    "mini_forest_of": "landing",
    "printed_rates": "printed_rates_by_family",
    "counted_once": "units",
    "mini_forest": "mini",
    "specification_curve": "curve",
    "funnel": "funnel_plot",
    "baujat": "baujat_plot",
    "gosh": "gosh_plot",
    "cumulative": "cumulative_plot",
    "leave_one_out": "cumulative_plot",
    "shrinkage": "shrinkage_plot",
    "curve_of": "of_sensitivity",
    "contrast_curve_of": "of_sensitivity",
    "leave_one_out_of": "of_sensitivity",
    "shrinkage_of": "of_sensitivity",
    "overlap_graph": "overlap_graph_plot",
    "double_counting_forest": "double_counting_plot",
    "DataFigure": "data_figure",
    "InlineFigure": "inline",
    "Axis": "rows",
    "Diamond": "rows",
    "Group": "rows",
    "LeftOut": "rows",
    "Row": "rows",
    "DIFFERENCE": "rows",
    "PROPORTION": "rows",
    "RATIO": "rows",
    "PALETTE": "style",
    "PALETTE_CSS": "style",
    "PALETTE_DARK": "style",
    "palette_css": "style",
}
__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f"evisynth.figures.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'evisynth.figures' has no attribute {name!r}")


def __dir__():
    return __all__
