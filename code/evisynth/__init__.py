"""Evidence synthesis in which a cohort is counted once.

Array functions work on anybody's numbers; `load_evidence` reads a validated evidence base.
Everything is imported when first used, so that ``import evisynth`` is quick.
"""

from importlib import import_module

_HOMES = {
    "escalc": "effects.escalc",
    "study_intervals": "effects.escalc",
    "effect_from_interval": "effects.from_intervals",
    "inverse_freeman_tukey": "effects.measures",
    "q_profile": "random_effects.intervals",
    "profile_likelihood": "random_effects.intervals",
    "rma": "random_effects.model",
    "MetaAnalysis": "random_effects.result",
    "MetaAnalyses": "random_effects.result",
    "rma_glmm": "glmm.model",
    "glmm_profile": "glmm.profiles",
    "marginal_mean": "glmm.marginal_proportion",
    "betabinomial": "beta_binomial.model",
    "bayes_normal": "bayes.models",
    "bayes_binomial": "bayes.models",
    "BayesAnalysis": "bayes.result",
    "BayesAnalyses": "bayes.result",
    "half_normal": "bayes.priors",
    "half_cauchy": "bayes.priors",
    "mantel_haenszel": "two_arm.pooling",
    "peto": "two_arm.pooling",
    "inverse_variance": "two_arm.pooling",
    "TwoArm": "two_arm.result",
    "newcombe": "two_arm.difference",
    "pool_medians": "survival.medians",
    "PooledMedians": "survival.medians",
    "kaplan_meier": "survival.kaplan_meier",
    "KaplanMeier": "survival.kaplan_meier",
    "subgroups": "moderators.subgroup_analysis",
    "meta_regression": "moderators.meta_regression",
    "MetaRegression": "moderators.meta_regression",
    "permutest": "moderators.permutation",
    "regtest": "small_study.asymmetry_tests",
    "ranktest": "small_study.asymmetry_tests",
    "trimfill": "small_study.trim_and_fill",
    "leave1out": "diagnostics.refits",
    "cumul": "diagnostics.refits",
    "influence": "diagnostics.cases",
    "baujat": "diagnostics.cases",
    "gosh": "diagnostics.all_subsets",
    "pool_proportions": "proportions.pooling",
    "Pooled": "proportions.result",
    "multiverse": "specifications.multiverse",
    "DataSet": "specifications.multiverse",
    "Method": "specifications.multiverse",
    "Multiverse": "specifications.result",
    "contrast_multiverse": "specifications.contrasts",
    "Strata": "specifications.contrasts",
    "ContrastMethod": "specifications.contrasts",
    "OverlapGraph": "evidence.overlap",
    "independent_set": "evidence.independent",
    "load_evidence": "evidence.base",
    "Evidence": "evidence.base",
    "specification_multiverse": "evidence.branches",
    "contrast_specifications": "evidence.contrast_branches",
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
