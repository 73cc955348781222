"""Calls of every public function with generated arguments: each argument by how it is made."""

from __future__ import annotations

from functools import cache
from math import exp

import evisynth
import inputs
import pandas as pd
from evisynth import figures
from evisynth.engine.specifications.contrasts import ContrastMethod, Strata
from evisynth.engine.specifications.multiverse import DataSet, Method
from evisynth.evidence.independent import Candidate
from evisynth.evidence.overlap import Edge

TAU2 = ("EE", "DL", "HE", "HS", "SJ", "PM", "EB", "ML", "REML")
RELATIONS = ("same", "subset_of", "part_of_pool", "partly_shared", "disjoint", "possible")


def one_of(*values):
    """An argument that is one of some values."""
    return lambda rng, k: rng.choice(values)


def priors(rng, k):
    """A prior of tau, as text or made."""
    scale = 10 ** rng.uniform(-3, 2)
    made = (evisynth.half_normal, evisynth.half_cauchy)
    return rng.choice((f"HN({scale:.3g})", f"HC({scale:.3g})", rng.choice(made)(scale)))


def means(rng, k):
    """A prior of the mean, or none."""
    return rng.choice((None, (0, 2), (rng.gauss(0, 3), 10 ** rng.uniform(-2, 2))))


OPTIONS = {
    "method": one_of(*TAU2),
    "test": one_of("z", "knha", "adhoc"),
    "level": lambda rng, k: inputs.level(rng),
    "slab": inputs.slab,
    "prediction": one_of("t(k-1)", "z", "HK", "HTS"),
    "subset": inputs.subset,
    "measure": one_of("GEN", "PLO", "PAS", "OR", "RR", "RD", "PR", "PLN"),
    "tau_prior": priors,
    "mu_prior": means,
    "predict_minimum_k": one_of(1, 2, 3, 5),
    "mods": inputs.moderators,
    "groups": inputs.groups,
    "seed": one_of(1, 0, 2**31),
}
LEVEL, RMA = ("level",), ("method", "test", "level")
ARMS = {"measure": one_of("OR", "RR", "RD")}
MINIMUM = {"minimum_k": one_of(10, 11, 12)}
# Name: how the data are made, what is always given beside them, what is given at times.
FUNCTIONS = {
    "escalc": (
        "counts",
        {"measure": one_of("PLO", "PLN", "PR", "PAS", "PFT")},
        {"add": one_of(0.1, 0.5, 1e-9)},
    ),
    "escalc two": ("tables", ARMS, {"add": one_of(0.5, 1e-6)}),
    "study_intervals": (
        "counts",
        {},
        {"level": None, "method": one_of("beta", "wilson", "normal")},
    ),
    "effect_from_interval": (
        "ratios",
        {"measure": one_of("OR", "RR", "MS", "HR")},
        {"level": None, "digits": one_of(0, 1, 2, 9)},
    ),
    "inverse_freeman_tukey": ("counts of effects", {}, {}),
    "q_profile": ("effects", {}, {"level": None, "subset": None}),
    "profile_likelihood": (
        "effects",
        {},
        {"method": one_of("ML", "REML"), "level": None, "subset": None},
    ),
    "rma": ("effects", {}, dict.fromkeys((*RMA, "measure", "slab", "prediction", "subset"))),
    "rma PFT": ("effects with ni", {"measure": one_of("PFT")}, dict.fromkeys(RMA)),
    "rma_glmm": (
        "counts",
        {},
        {
            **dict.fromkeys(("level", "slab", "subset", "mods")),
            "nodes": one_of(15, 41, 200),
            "prediction": one_of("t(k-1)", "z", "HTS"),
            "test": one_of("t", "z"),
        },
    ),
    "betabinomial": ("counts", {}, dict.fromkeys(("level", "slab"))),
    "bayes_normal": (
        "effects",
        {"tau_prior": None},
        dict.fromkeys(("mu_prior", "measure", "level", "slab", "predict_minimum_k", "subset")),
    ),
    "bayes_binomial": (
        "counts",
        {"tau_prior": None},
        dict.fromkeys(("mu_prior", "level", "slab", "predict_minimum_k", "subset")),
    ),
    "half_normal": ("nothing", {"scale": lambda rng, k: 10 ** rng.uniform(-60, 60)}, {}),
    "half_cauchy": ("nothing", {"scale": lambda rng, k: 10 ** rng.uniform(-60, 60)}, {}),
    "mantel_haenszel": ("tables", ARMS, dict.fromkeys(("level", "slab"))),
    "peto": ("tables", {}, dict.fromkeys(("level", "slab"))),
    "inverse_variance": (
        "tables",
        ARMS,
        {**dict.fromkeys(("level", "slab")), "add": one_of(0.1, 0.5, 2)},
    ),
    "newcombe": ("tables", {}, dict.fromkeys(LEVEL)),
    "pool_medians": (
        "medians",
        {},
        {
            **dict.fromkeys((*RMA, "slab")),
            "digits": one_of(0, 1, 2),
            "unit": one_of("months", "days"),
        },
    ),
    "kaplan_meier": (
        "times",
        {},
        {"level": None, "slab": one_of("g", "two words"), "time_unit": one_of("months", "d")},
    ),
    "subgroups": (
        "effects",
        {"groups": None},
        {**dict.fromkeys((*RMA, "measure", "slab")), "tau2": one_of("common", "separate")},
    ),
    "meta_regression": (
        "effects",
        {"mods": None},
        {**dict.fromkeys((*RMA, "measure", "slab")), "intercept": one_of(True, False)},
    ),
    "permutest": (
        "regression",
        {"permutations": one_of(100, 101)},
        {"seed": None, "limit": one_of(1, 100)},
    ),
    "regtest": (
        "many effects",
        {
            "predictor": one_of("sei", "vi", "ninv", "sqrtninv"),
            "measure": one_of("OR", "RR", "HR", "RD"),
        },
        {**dict.fromkeys(RMA), "model": one_of("rma", "lm"), **MINIMUM},
    ),
    "ranktest": ("many without", {"measure": one_of("OR", "RD", "HR")}, MINIMUM),
    "trimfill": (
        "many without",
        {"measure": one_of("OR", "RR", "RD")},
        {
            **dict.fromkeys((*RMA, "slab")),
            "estimator": one_of("L0", "R0"),
            "side": one_of("left", "right"),
            **MINIMUM,
        },
    ),
    "leave1out": ("effects", {}, dict.fromkeys((*RMA, "slab", "measure"))),
    "cumul": (
        "effects",
        {},
        {
            **dict.fromkeys((*RMA, "slab", "measure")),
            "order": lambda rng, k: [rng.randint(1990, 2024) for _ in range(k)],
        },
    ),
    "influence": ("effects", {}, dict.fromkeys((*RMA, "slab"))),
    "baujat": ("effects", {}, dict.fromkeys(("method", "test", "slab"))),
    "gosh": (
        "effects",
        {},
        {**dict.fromkeys(("method", "slab", "measure", "seed")), "samples": one_of(1, 9, 100)},
    ),
    "pool_proportions": ("counts", {}, dict.fromkeys(("level", "slab"))),
    "multiverse": ("data sets", {}, {"level": None, "minimum_k": one_of(1, 3, 10)}),
    "contrast_multiverse": ("strata", ARMS, {"level": None, "minimum_k": one_of(1, 3)}),
    "OverlapGraph": ("edges", {}, {}),
    "independent_set": ("candidates", {}, {}),
    "forest": ("drawn effects", {}, {}),
}
DRAWN = {
    "forest": {"groups": "rma bayes pooled", "title": "T"},
    "funnel": {"result_or_yi": "rma", "title": "T"},
    "baujat_plot": {"result": "baujat", "title": "T"},
    "gosh_plot": {"result": "gosh", "title": "T"},
    "cumulative": {"result": "cumul", "title": "T"},
    "leave_one_out": {"result": "leave1out", "title": "T"},
    "shrinkage": {"bayes": "bayes", "title": "T"},
    "specification_curve": {"multiverse": "multiverse", "title": "T"},
    "kaplan_meier_plot": {"curves": "curve", "title": "T"},
    "swimmer": {"rows": "patients", "title": "T"},
    "mini_forest": {"items": "diamonds", "alt": "A", "name": "n"},
    "counted_once": {
        "total_rows": "number", "unique": "number", "naive": "diamond", "naive_label": "N",
        "independent": "diamond", "independent_label": "I", "axis_label": "X", "title": "T",
    },
}  # fmt: skip


# Data of a call -----------------------------------------------------------------------------------


def ratios(rng, k):
    """Printed ratios with their limits, some of them off the middle."""
    log = [rng.gauss(0, 2) for _ in range(k)]
    wide = [10 ** rng.uniform(-2, 1) for _ in range(k)]
    off = rng.choice((1.0, 1.0, 1.0, 1.01, 1.5))
    low, high = ([exp(x + s * w) for x, w in zip(log, wide, strict=True)] for s in (-1, off))
    return {"estimate": list(map(exp, log)), "ci_lb": low, "ci_ub": high}


def with_totals(rng, k):
    """Effects with the totals of their studies."""
    return inputs.effects(rng, k) | {"ni": [inputs.total(rng) for _ in range(k)]}


def many_effects(rng, k):
    """Effects of enough studies for a test, with their totals."""
    return with_totals(rng, rng.choice((9, 10, 11, 11, 14, 20)))


def many_without(rng, k):
    """The same without their totals."""
    found = many_effects(rng, k)
    return {"yi": found["yi"], "vi": found["vi"]}


def regression(rng, k):
    """A meta-regression, where the data allow one."""
    data, mods = inputs.effects(rng, max(k, 4)), inputs.moderators(rng, max(k, 4))
    return {"fit": evisynth.meta_regression(**data, mods=mods, method="DL")}


def data_sets(rng, k):
    """Branches of a multiverse."""
    made = [inputs.counts(rng, inputs.size(rng)) for _ in range(rng.randint(1, 3))]
    data = [DataSet({"D": str(i)}, tuple(c["xi"]), tuple(c["ni"])) for i, c in enumerate(made)]
    methods = [
        Method({"M": "logit"}, "PLO"),
        Method({"M": "arcsine"}, "PAS", {"method": rng.choice(TAU2)}),
        Method({"M": "exact"}, rng.choice(("GLMM", "BB", "PLO"))),
    ]
    return {"data_sets": data, "methods": methods[: rng.randint(1, 3)]}


def strata(rng, k):
    """Branches of a multiverse of contrasts."""
    made = [inputs.tables(rng, inputs.size(rng)) for _ in range(rng.randint(1, 3))]
    data = [Strata({"S": str(i)}, *map(tuple, t.values())) for i, t in enumerate(made)]
    methods = [ContrastMethod({"M": "MH"}), ContrastMethod({"M": "IV"}, "IV", {"add": 0.5})]
    return {"data_sets": data, "methods": methods[: rng.randint(1, 2)]}


def edges(rng, k):
    """Edges of a few cohorts, at times contradicting each other."""
    names = "abcdef"
    return [
        Edge(rng.choice(names), rng.choice(RELATIONS), rng.choice(names))
        for _ in range(rng.randint(0, 6))
    ]


def candidates(rng, k):
    """Cohorts to choose from, and how they overlap."""
    names = rng.sample("abcdefgh", rng.randint(0, 6))
    made = [
        Candidate(name, inputs.total(rng), rng.random() < 0.5, rng.randint(1990, 2024))
        for name in names
    ]
    return {"candidates": made, "graph": evisynth.OverlapGraph(edges(rng, k))}


def half_of(rng, k):
    """Transformed proportions, with totals or a variance."""
    yi = [rng.uniform(-0.1, 1.7) for _ in range(k)]
    total = {"ni": [inputs.total(rng) for _ in range(k)]}
    return {"yi": yi} | rng.choice((total, {"vi": 10 ** rng.uniform(-6, 1)}))


def drawn_effects(rng, k):
    """A small fit, for its plot."""
    return {"groups": evisynth.rma(**inputs.effects(rng, k), method="DL"), "title": "T"}


DATA = {
    "nothing": lambda rng, k: {}, "counts": inputs.counts, "effects": inputs.effects,
    "tables": inputs.tables, "ratios": ratios, "counts of effects": half_of,
    "effects with ni": with_totals, "many effects": many_effects, "many without": many_without,
    "medians": inputs.medians,
    "times": inputs.times, "regression": regression, "data sets": data_sets, "strata": strata,
    "edges": lambda rng, k: {"edges": edges(rng, k)}, "candidates": candidates,
    "drawn effects": drawn_effects,
}  # fmt: skip


def call(rng, key):
    """Arguments of one call: half of them as they should be, half with something wrong.

    Raises
    ------
    EvisynthError
        Where a part of the call could not be made already.
    """
    kind, always, at_times = FUNCTIONS[key]
    k = inputs.size(rng)
    given = dict(DATA[kind](rng, k))
    k = next((len(v) for v in given.values() if isinstance(v, list)), k)
    wanted = [*always.items(), *(item for item in at_times.items() if rng.random() < 0.35)]
    given |= {name: (make or OPTIONS[name])(rng, k) for name, make in wanted}
    return spoilt(rng, given, always | at_times)


def spoilt(rng, given, known):
    """Half of the calls with one or two arguments bent or replaced, or one lost."""
    if rng.random() < 0.5 or not given:
        return given
    for _ in range(rng.choice((1, 1, 2))):
        name = rng.choice([*given, *known])
        value = given.get(name)
        given[name] = inputs.bent(rng, value) if rng.random() < 0.6 else inputs.hostile(rng)
    return given


# Figures ------------------------------------------------------------------------------------------


@cache
def samples():
    """Evidence of nothing: what each figure draws, made of fresh data at every call."""
    fits = {
        "rma": lambda d, c: evisynth.rma(**d, method="DL", measure="OR"),
        "baujat": lambda d, c: evisynth.baujat(**d, method="DL"),
        "gosh": lambda d, c: evisynth.gosh(**d, method="DL", samples=30),
        "cumul": lambda d, c: evisynth.cumul(**d, method="DL"),
        "leave1out": lambda d, c: evisynth.leave1out(**d, method="DL"),
        "bayes": lambda d, c: evisynth.bayes_binomial(**c, tau_prior="HN(1)"),
        "pooled": lambda d, c: evisynth.pool_proportions(**c),
    }
    return fits


def drawing(rng, name):
    """Arguments of one drawing."""
    given = {}
    for argument, what in DRAWN[name].items():
        given[argument] = _drawn(rng, rng.choice(what.split()))
    if rng.random() < 0.4:
        given["subtitle" if name not in ("mini_forest",) else "alt"] = rng.choice(
            ("", "A subtitle", "$x$ & <b>", "x " * 200, "李")
        )
    if rng.random() < 0.25:
        argument = rng.choice([*given])
        given[argument] = inputs.hostile(rng)
    return given


def _drawn(rng, what):
    k = inputs.size(rng)
    if what in samples():
        return samples()[what](inputs.effects(rng, k), inputs.counts(rng, k))
    if what == "multiverse":
        return evisynth.multiverse(**data_sets(rng, k))
    if what == "curve":
        return evisynth.kaplan_meier(**inputs.times(rng, k))
    if what == "patients":
        end = [round(10 ** rng.uniform(-1, 2), 1) for _ in range(k)]
        return pd.DataFrame({"label": inputs.slab(rng, k), "end": end})
    if what == "number":
        return rng.randint(1, 300)
    if what in ("diamond", "diamonds"):
        made = [_diamond(rng) for _ in range(3)]
        return made if what == "diamonds" else made[0]
    return what


def _diamond(rng):
    low, middle, high = sorted(rng.random() for _ in range(3))
    return figures.Diamond("d", middle, low, high, rng.choice((None, (low / 2, (1 + high) / 2))))
