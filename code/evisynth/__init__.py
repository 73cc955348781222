"""Evidence synthesis in which a cohort is counted once.

Array functions work on anybody's numbers; `load_evidence` reads a validated evidence base.
Everything is imported when first used, so that ``import evisynth`` is quick.
"""

from importlib import import_module

_HOMES = {
    "escalc": "effects",
    "study_intervals": "effects",
    "effect_from_interval": "interval_effects",
    "mantel_haenszel": "two_arm",
    "peto": "two_arm",
    "inverse_variance": "two_arm",
    "TwoArm": "two_arm_result",
    "pool_medians": "medians",
    "PooledMedians": "medians",
    "kaplan_meier": "survival",
    "KaplanMeier": "survival",
    "inverse_freeman_tukey": "measures",
    "q_profile": "intervals",
    "rma": "model",
    "MetaAnalysis": "model",
    "rma_glmm": "glmm",
    "pool_proportions": "pooling",
    "Pooled": "pooling",
    "OverlapGraph": "overlap",
    "independent_set": "overlap",
    "load_evidence": "evidence",
    "Evidence": "evidence",
    "forest": "figures",
    "ArgumentError": "errors",
    "EvidenceError": "errors",
    "EvisynthError": "errors",
    "NotEstimable": "errors",
}
__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f"evisynth.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'evisynth' has no attribute {name!r}")


def __dir__():
    return __all__
