"""Evidence synthesis in which a cohort is counted once.

Array functions work on anybody's numbers; `load_evidence` reads a validated evidence base.
Everything is imported when first used, so that ``import evisynth`` is quick.
"""

from importlib import import_module

_HOMES = {
    "escalc": "effects",
    "study_intervals": "effects",
    "effect_from_interval": "interval_effects",
    "inverse_freeman_tukey": "measures",
    "q_profile": "intervals",
    "profile_likelihood": "intervals",
    "rma": "model",
    "MetaAnalysis": "meta_analysis",
    "MetaAnalyses": "meta_analysis",
    "rma_glmm": "glmm",
    "glmm_profile": "glmm_profiles",
    "marginal_mean": "marginal_proportion",
    "betabinomial": "beta_binomial",
    "bayes_normal": "bayes",
    "bayes_binomial": "bayes",
    "BayesAnalysis": "bayes_result",
    "BayesAnalyses": "bayes_result",
    "half_normal": "priors",
    "half_cauchy": "priors",
    "mantel_haenszel": "two_arm",
    "peto": "two_arm",
    "inverse_variance": "two_arm",
    "TwoArm": "two_arm_result",
    "pool_medians": "medians",
    "PooledMedians": "medians",
    "kaplan_meier": "survival",
    "KaplanMeier": "survival",
    "subgroups": "subgroup_analysis",
    "meta_regression": "moderators",
    "MetaRegression": "moderators",
    "permutest": "permutation",
    "regtest": "small_study",
    "ranktest": "small_study",
    "trimfill": "trim_and_fill",
    "leave1out": "refits",
    "cumul": "refits",
    "influence": "case_diagnostics",
    "baujat": "case_diagnostics",
    "gosh": "all_subsets",
    "pool_proportions": "pooling",
    "Pooled": "pooling",
    "multiverse": "specifications",
    "DataSet": "specifications",
    "Method": "specifications",
    "Multiverse": "multiverse_result",
    "OverlapGraph": "overlap",
    "independent_set": "overlap",
    "load_evidence": "evidence",
    "Evidence": "evidence",
    "specification_multiverse": "branches",
    "replicate": "replication",
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
