"""Evidence synthesis in which a cohort is counted once.

Array functions work on anybody's numbers; `load_evidence` reads a validated evidence base.
Everything is imported when first used, so that ``import evisynth`` is quick.
"""

from importlib import import_module

_HOMES = {
    "escalc": "engine.effects.escalc",
    "study_intervals": "engine.effects.escalc",
    "effect_from_interval": "engine.effects.from_intervals",
    "inverse_freeman_tukey": "engine.effects.measures",
    "q_profile": "engine.random_effects.intervals",
    "profile_likelihood": "engine.random_effects.intervals",
    "rma": "engine.random_effects.model",
    "MetaAnalysis": "engine.random_effects.result",
    "MetaAnalyses": "engine.random_effects.result",
    "rma_glmm": "engine.glmm.model",
    "betabinomial": "engine.beta_binomial.model",
    "bayes_normal": "engine.bayes.models",
    "bayes_binomial": "engine.bayes.models",
    "BayesAnalysis": "engine.bayes.result",
    "BayesAnalyses": "engine.bayes.result",
    "half_normal": "engine.bayes.priors",
    "half_cauchy": "engine.bayes.priors",
    "mantel_haenszel": "engine.two_arm.pooling",
    "peto": "engine.two_arm.pooling",
    "inverse_variance": "engine.two_arm.pooling",
    "TwoArm": "engine.two_arm.result",
    "newcombe": "engine.two_arm.difference",
    "pool_medians": "engine.survival.medians",
    "PooledMedians": "engine.survival.medians",
    "kaplan_meier": "engine.survival.kaplan_meier",
    "KaplanMeier": "engine.survival.kaplan_meier",
    "subgroups": "engine.moderators.subgroup_analysis",
    "meta_regression": "engine.moderators.meta_regression",
    "MetaRegression": "engine.moderators.meta_regression",
    "permutest": "engine.moderators.permutation",
    "regtest": "engine.small_study.asymmetry_tests",
    "ranktest": "engine.small_study.asymmetry_tests",
    "trimfill": "engine.small_study.trim_and_fill",
    "leave1out": "engine.diagnostics.refits",
    "cumul": "engine.diagnostics.refits",
    "influence": "engine.diagnostics.cases",
    "baujat": "engine.diagnostics.cases",
    "gosh": "engine.diagnostics.all_subsets",
    "pool_proportions": "engine.proportions.pooling",
    "Pooled": "engine.proportions.result",
    "multiverse": "engine.specifications.multiverse",
    "DataSet": "engine.specifications.multiverse",
    "Method": "engine.specifications.multiverse",
    "Multiverse": "engine.specifications.result",
    "contrast_multiverse": "engine.specifications.contrasts",
    "Strata": "engine.specifications.contrasts",
    "ContrastMethod": "engine.specifications.contrasts",
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
