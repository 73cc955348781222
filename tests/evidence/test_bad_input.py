"""Every public function refuses what it cannot use, by name, and is never silently wrong.

Each argument of a valid call is replaced in turn by each of many bad values. What follows must be
a result without NaN, where the value is in fact allowed, or an error that names the function and
the argument; never another exception, never a warning (pytest makes errors of them).
"""

import importlib.util
import inspect
import re
from functools import cache
from pathlib import Path

import evisynth
import numpy as np
import pandas as pd
import pytest
from evisynth import figures
from evisynth.engine.moderators.design import indicators
from evisynth.engine.specifications.contrasts import ContrastMethod, Strata
from evisynth.engine.specifications.multiverse import DataSet, Method
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.evidence.independent import Candidate
from evisynth.evidence.overlap import Edge, OverlapGraph
from evisynth.figures import Diamond, Group, LeftOutRow, Row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# Valid calls --------------------------------------------------------------------------------------

XI, NI = [3, 5, 2, 6], [10, 12, 9, 20]
YI, VI = [0.1, 0.4, -0.2, 0.6], [0.04, 0.06, 0.1, 0.05]
SLAB = ["a", "b", "c", "d"]
SUBSET = [[True, True, True, True], [True, True, False, True]]
TABLES = {"ai": XI, "n1i": NI, "ci": [4, 2, 3, 1], "n2i": [11, 12, 10, 18]}
MANY_N = [10, 12, 9, 20, 15, 18, 11, 25, 16, 30, 14]
MANY_Y = [0.1, 0.4, -0.2, 0.6, 0.3, 0.5, -0.1, 0.2, 0.7, 0.25, 0.05]
MANY_V = [0.04, 0.06, 0.1, 0.05, 0.03, 0.08, 0.12, 0.02, 0.07, 0.09, 0.11]
MANY = {"yi": MANY_Y, "vi": MANY_V}
EFFECTS, COUNTS = {"yi": YI, "vi": VI}, {"xi": XI, "ni": NI}
LEVEL = {"level": 0.9}
RMA = {"method": "DL", "test": "z", **LEVEL}
TEXTS = {"title": "t", "caption": "c", "alt": "a", "name": "n"}
NOTES = {"subtitle": "s", **TEXTS}
METHODS = [Method({"M": "logit"}, "PLO"), Method({"M": "arcsine"}, "PAS", {"method": "DL"})]
DATA = [
    DataSet({"D": "one"}, (3, 5, 2), (10, 12, 9)),
    DataSet({"D": "two"}, tuple(XI), tuple(NI)),
]
STRATA = [
    Strata({"S": "one"}, *(tuple(TABLES[key][:3]) for key in TABLES)),
    Strata({"S": "two"}, *(tuple(TABLES[key]) for key in TABLES)),
]
CONTRASTS = [ContrastMethod({"M": "MH"}), ContrastMethod({"M": "IV"}, "IV", {"add": 0.5})]
DIAMOND = Diamond("d", 0.5, 0.4, 0.6, (0.2, 0.8))
GROUP = Group("g", (Row("r", 0.5, 0.4, 0.6, 50.0, "1 / 2", ("x", "y")),) * 2, DIAMOND)
PATIENTS = pd.DataFrame({"label": ["a", "b"], "end": [3.0, 4.0], "pr": [1.0, np.nan]})


@cache
def made(name):
    """Results that figures draw, made once."""
    return {
        "rma": lambda: evisynth.rma(YI, VI, slab=SLAB),
        "bayes": lambda: evisynth.bayes_binomial(XI, NI, slab=SLAB),
        "pooled": lambda: evisynth.pool_proportions(XI, NI, slab=SLAB),
        "baujat": lambda: evisynth.baujat(YI, VI, slab=SLAB),
        "gosh": lambda: evisynth.gosh(YI, VI, slab=SLAB),
        "cumul": lambda: evisynth.cumul(YI, VI, slab=SLAB),
        "leave1out": lambda: evisynth.leave1out(YI, VI, slab=SLAB),
        "multiverse": lambda: evisynth.multiverse(DATA, METHODS),
        "trimfill": lambda: evisynth.trimfill(MANY_Y, MANY_V, measure="OR"),
        "regression": lambda: evisynth.meta_regression(YI, VI, [1.0, 2.0, 3.0, 5.0]),
        "curve": lambda: evisynth.kaplan_meier([2.0, 5.0, 9.0, 12.0], [1, 1, 0, 1]),
    }[name]()


def multiverse_of(choices, xi, ni):
    return evisynth.multiverse([DataSet(choices, xi, ni), DATA[1]], METHODS)


def multiverse_by(choices, model, options):
    return evisynth.multiverse(DATA, [Method(choices, model, options), METHODS[1]])


def set_of(cohort, patients, order):
    return evisynth.independent_set([Candidate(cohort, patients, True, order)], OverlapGraph(()))


def graph_of(a, relation, b):
    return OverlapGraph([Edge(a, relation, b)])


def forest_of_row(estimate, lower, upper, weight):
    row = Row("r", estimate, lower, upper, weight, "1 / 2")
    return figures.forest([Group("g", (row, row))], title="t")


def forest_of_diamond(estimate, lower, upper, prediction):
    diamond = Diamond("d", estimate, lower, upper, prediction)
    return figures.forest([Group("g", GROUP.rows)], columns=("A", "B"), overall=diamond, title="t")


def forest_left_out(estimate, lower, upper):
    left_out = [LeftOutRow("l", "OVL", "r", "", estimate, lower, upper)]
    return figures.forest([GROUP], title="t", columns=("A", "B"), left_out=left_out)


# Function (a word after the space tells calls of one function apart), and its arguments.
CALLS = {
    "escalc": {"measure": "PLO", **COUNTS, "add": 0.5},
    "escalc two": {"measure": "OR", **TABLES},
    "study_intervals": {**COUNTS, "level": 0.9, "method": "wilson"},
    "effect_from_interval": {
        "measure": "OR", "estimate": [2.0, 1.5], "ci_lb": [1.0, 0.75], "ci_ub": [4.0, 3.0],
        "level": 0.9, "digits": 2,
    },
    "inverse_freeman_tukey": {"yi": [0.5, 0.6], "ni": [10, 20]},
    "inverse_freeman_tukey vi": {"yi": [0.5, 0.6], "vi": 0.01},
    "q_profile": {**EFFECTS, **LEVEL, "subset": SUBSET},
    "profile_likelihood": {**EFFECTS, "method": "ML", **LEVEL, "subset": SUBSET},
    "rma": {**EFFECTS, **RMA, "measure": "GEN", "slab": SLAB, "prediction": "HK"},
    "rma PFT": {**EFFECTS, "ni": NI, "measure": "PFT"},
    "rma stack": {"yi": [YI, YI], "vi": [VI, VI], "subset": SUBSET},
    "rma_glmm": {**COUNTS, **LEVEL, "slab": SLAB, "nodes": 31, "prediction": "z", "test": "z"},
    "rma_glmm mods": {**COUNTS, "mods": [1.0, 2.0, 3.0, 5.0]},
    "rma_glmm stack": {**COUNTS, "subset": SUBSET},
    "betabinomial": {**COUNTS, **LEVEL, "slab": SLAB},
    "bayes_normal": {
        **EFFECTS, "tau_prior": "HN(1)", "mu_prior": (0, 2), "measure": "GEN", **LEVEL,
        "slab": SLAB, "predict_minimum_k": 3,
    },
    "bayes_normal stack": {**EFFECTS, "subset": SUBSET},
    "bayes_binomial": {
        **COUNTS, "tau_prior": "HN(1)", "mu_prior": (0, 2), **LEVEL, "slab": SLAB,
        "predict_minimum_k": 3,
    },
    "bayes_binomial stack": {**COUNTS, "subset": SUBSET},
    "half_normal": {"scale": 0.5},
    "half_cauchy": {"scale": 0.5},
    "mantel_haenszel": {**TABLES, "measure": "RR", **LEVEL, "slab": SLAB},
    "peto": {**TABLES, **LEVEL, "slab": SLAB},
    "inverse_variance": {**TABLES, "measure": "RR", **LEVEL, "slab": SLAB, "add": 0.5},
    "newcombe": {**TABLES, **LEVEL},
    "pool_medians": {
        "medians": [5.0, 6.0, 7.0], "ci_lb": [4.0, 5.0, 6.0], "ci_ub": [6.25, 7.2, 8.17], **RMA,
        "slab": SLAB[:3], "unit": "months", "digits": 1,
    },
    "kaplan_meier": {
        "time": [2.0, 5.0, 9.0, 12.0], "event": [1, 1, 0, 1], **LEVEL, "slab": "g",
        "time_unit": "months",
    },
    "subgroups": {
        **EFFECTS, "groups": ["p", "p", "q", "q"], "tau2": "separate", **RMA, "measure": "GEN",
        "slab": SLAB,
    },
    "subgroups PFT": {**EFFECTS, "groups": ["p", "p", "q", "q"], "ni": NI, "measure": "PFT"},
    "meta_regression": {
        **EFFECTS, "mods": [1.0, 2.0, 3.0, 5.0], **RMA, "intercept": True, "measure": "GEN",
        "slab": SLAB,
    },
    "meta_regression named": {**EFFECTS, "mods": {"dose": [1.0, 2.0, 3.0, 5.0]}},
    "permutest": {"fit": "regression", "permutations": 100, "seed": 1, "limit": 100},
    "regtest": {
        **MANY, "predictor": "ninv", "measure": "GEN", "ni": MANY_N, "model": "rma", **RMA,
        "minimum_k": 10,
    },
    "regtest lm": {**MANY, "predictor": "sei", "measure": "OR", "model": "lm", "weights": MANY_N},
    "ranktest": {**MANY, "measure": "PLO", "ni": MANY_N, "minimum_k": 10},
    "trimfill": {
        **MANY, "measure": "OR", "estimator": "L0", "side": "left", **RMA, "minimum_k": 10,
        "slab": list("abcdefghijk"),
    },
    "leave1out": {**EFFECTS, **RMA, "slab": SLAB, "measure": "GEN"},
    "cumul": {**EFFECTS, **RMA, "slab": SLAB, "order": [4, 3, 2, 1], "measure": "GEN"},
    "influence": {**EFFECTS, **RMA, "slab": SLAB},
    "baujat": {**EFFECTS, "method": "DL", "test": "z", "slab": SLAB},
    "gosh": {**EFFECTS, "slab": SLAB, "method": "DL", "measure": "GEN", "samples": 9, "seed": 1},
    "pool_proportions": {**COUNTS, "slab": SLAB, **LEVEL},
    "multiverse": {
        "data_sets": DATA, "methods": METHODS, "protocol": {"D": "two"}, **LEVEL, "minimum_k": 3,
        "why_one": {"D": "it is so"},
    },
    "multiverse DataSet": {"choices": {"D": "one"}, "xi": (3, 5, 2), "ni": (10, 12, 9)},
    "multiverse Method": {"choices": {"M": "logit"}, "model": "PLO", "options": {"test": "z"}},
    "contrast_multiverse": {
        "data_sets": STRATA, "methods": CONTRASTS, "measure": "RR", "protocol": {"S": "two"},
        **LEVEL, "minimum_k": 1, "why_one": {"S": "it is so"}, "apart": ("S",),
    },
    "OverlapGraph": {"edges": [Edge("a", "subset_of", "b"), Edge("c", "subset_of", "b")]},
    "OverlapGraph Edge": {"a": "a", "relation": "subset_of", "b": "b"},
    "independent_set": {
        "candidates": [Candidate("a", 10), Candidate("b", 20)],
        "graph": OverlapGraph([Edge("a", "subset_of", "b")]),
    },
    "independent_set Candidate": {"cohort": "a", "patients": 10, "order": 2001},
    "replicate": {"evidence": None},
    "specification_multiverse": {"evidence": None},
}  # fmt: skip
DRAWN = {
    "forest": {
        "groups": "rma", **EFFECTS, **NOTES, "columns": ("n/N", "weight"), "rob": {"a": "low"},
        "rob_domains": (), "nonetheless": False, "axis": figures.DIFFERENCE, "codes": {"x": "y"},
        "footer": ("f", "g"),
    },
    "forest counts": {"groups": "bayes", **COUNTS, "title": "t"},
    "forest groups": {
        "groups": [GROUP, GROUP], "title": "t", "columns": ("A", "B"), "overall": DIAMOND,
        "left_out": [LeftOutRow("l", "OVL", "r", "", 0.5, 0.4, 0.6)] * 2,
    },
    "forest pooled": {"groups": "pooled", "title": "t", "nonetheless": True},
    "forest Row": {"estimate": 0.5, "lower": 0.4, "upper": 0.6, "weight": 50.0},
    "forest Diamond": {"estimate": 0.5, "lower": 0.4, "upper": 0.6, "prediction": (0.2, 0.8)},
    "forest LeftOut": {"estimate": 0.5, "lower": 0.4, "upper": 0.6},
    "mini_forest": {
        "items": [DIAMOND, GROUP], "alt": "a", "name": "n", "axis": figures.PROPORTION
    },
    "counted_once": {
        "total_rows": 100, "unique": 60, "per_square": 20, "naive": DIAMOND, "naive_label": "n",
        "independent": DIAMOND, "independent_label": "i", "axis_label": "x",
        "between": [(DIAMOND, "b")], **NOTES,
    },
    "baujat_plot": {"result": "baujat", "provenance": "p", **NOTES},
    "gosh_plot": {"result": "gosh", "against": "tau", "highlight": "a", "provenance": "p", **NOTES},
    "cumulative": {"result": "cumul", "provenance": "p", **NOTES},
    "leave_one_out": {"result": "leave1out", "provenance": "p", **NOTES},
    "shrinkage": {"bayes": "bayes", **COUNTS, "provenance": "p", **NOTES},
    "specification_curve": {"multiverse": "multiverse", "provenance": "p", **NOTES},
    "funnel": {
        "result_or_yi": MANY_Y, "vi": MANY_V, "ni": MANY_N, "measure": "PLO",
        "slab": list("abcdefghijk"), "provenance": "p", **NOTES,
    },
    "funnel filled": {
        "result_or_yi": MANY_Y, "vi": MANY_V, "measure": "OR", "filled": "trimfill"
    },
    "kaplan_meier_plot": {
        "curves": "curve", **NOTES, "labels": ["a"], "heading": "h", "until": 20.0,
        "times": [0.0, 5.0, 10.0], "band": True, "footer": ("f", "g"),
    },
    "swimmer": {
        "rows": PATIENTS, **NOTES, "events": ["pr"], "time_unit": "m", "order": "table",
        "shapes": {"pr": "cross"}, "footer": ("f", "g"),
    },
}  # fmt: skip
BUILT = {
    "specification_multiverse": lambda evidence: evisynth.specification_multiverse(
        evidence, "analysis", "pool"
    ),
    "multiverse DataSet": multiverse_of,
    "multiverse Method": multiverse_by,
    "independent_set Candidate": set_of,
    "OverlapGraph Edge": graph_of,
    "forest Row": forest_of_row,
    "forest Diamond": forest_of_diamond,
    "forest LeftOut": forest_left_out,
}
FREE_TEXT = {*NOTES, "provenance", "heading", "axis_label", "naive_label", "independent_label"}
RESULTS_OF = ("result", "fit", "groups", "bayes", "multiverse", "filled", "curves")

# Exported, and in no table above, with the reason.
NO_NUMBERS = {
    "errors": {"ArgumentError", "EvidenceError", "EvisynthError", "NotEstimable"},
    "results, which functions make": {
        "BayesAnalyses", "BayesAnalysis", "KaplanMeier", "MetaAnalyses", "MetaAnalysis",
        "MetaRegression", "Multiverse", "Pooled", "PooledMedians", "TwoArm", "DataFigure",
        "InlineFigure",
    },
    "parts, checked by the function that uses them": {
        "Axis", "ContrastMethod", "DataSet", "Method", "Strata",
        "Diamond", "Group", "LeftOutRow", "Row",
    },
    "files, checked row by row in test_data and test_validation": {"Evidence", "load_evidence"},
    "take a declared analysis or the evidence base, never numbers": {
        "contrast_curve_of", "contrast_specifications", "effect_forest", "median_forest",
        "search_flow_plot", "shared_reports", "trial_ages",
        "curve_of", "double_counting_forest", "forest_of",
        "leave_one_out_of", "mini_forest_of", "naive_against_independent", "odds_ratio_forest",
        "overlap_graph", "printed_rates", "shrinkage_of",
    },
    "constants and words": {
        "DIFFERENCE", "PROPORTION", "RATIO", "PALETTE", "PALETTE_CSS", "PALETTE_DARK",
        "palette_css", "forest_table",
    },
}  # fmt: skip


def test_every_exported_function_is_in_a_table():
    left = set().union(*NO_NUMBERS.values())
    for module, calls in ((evisynth, CALLS), (figures, DRAWN)):
        tested = {key.split()[0] for key in calls}
        missing = set(module.__all__) - tested - left
        assert missing <= {"forest"} and not tested - set(module.__all__), missing
    exported = set(evisynth.__all__) | set(figures.__all__)
    assert left <= exported, left - exported


@pytest.mark.parametrize("calls", [CALLS, DRAWN], ids=["engine", "figures"])
def test_every_argument_is_in_the_table(calls):
    home = evisynth if calls is CALLS else figures
    for name in {key.split()[0] for key in calls}:
        asked = {p.name for p in inspect.signature(getattr(home, name)).parameters.values()}
        given_ = {arg for key in calls if key.split()[0] == name for arg in calls[key]}
        # Options that are handed on, names that are looked up, effects in place of counts.
        handed_on = {"options", "analysis", "pool"}
        assert asked - given_ <= handed_on | ({"yi"} if name in ("funnel", "shrinkage") else set())


# Bad values ---------------------------------------------------------------------------------------


class Unknown:
    """Of no use to anybody."""


def numbers():
    yield from (1, 2, 3, 4)


def recursive():
    endless = []
    endless.append(endless)
    return endless


# Never of any use, whatever the argument.
NEVER = {
    "nan": lambda: float("nan"),
    "NumPy's nan": lambda: np.float64("nan"),
    "inf": lambda: float("inf"),
    "-inf": lambda: np.float32("-inf"),
    "bytes": lambda: b"3",
    "masked": lambda: np.ma.masked,
    "masked array": lambda: np.ma.array([1.0, 2, 3, 4], mask=[0, 1, 0, 0]),
    "complex": lambda: 1 + 2j,
    "date": lambda: np.datetime64("2020-01-01"),
    "span": lambda: np.timedelta64(3, "D"),
    "dates": lambda: np.array(["2020-01-01"] * 4, dtype="datetime64[D]"),
    "object": Unknown,
    "type": lambda: int,
    "NA": lambda: pd.NA,
    "NaT": lambda: pd.NaT,
    "long integer": lambda: 10**5000,
    "long float": lambda: np.longdouble("1e4000"),
    "ragged": lambda: [[1], [1, 2]],
    "rather ragged": lambda: [1, [2, 3], 4, 5],
    "record": lambda: np.zeros(4, dtype=[("a", float)]),
    "recursive": recursive,
    "Nones": lambda: [None] * 4,
}
# Of use somewhere: a generator is a sequence, 1 is a number, a dict may name columns.
MAYBE = {
    "none": lambda: None,
    "text": lambda: "three",
    "digits": lambda: "3",
    "texts": lambda: np.array(["1", "2"]),
    "empty": lambda: [],
    "empty array": lambda: np.array([]),
    "0-d": lambda: np.array(3.0),
    "2-D": lambda: [[1.0, 2.0, 3.0, 4.0]],
    "3-D": lambda: np.ones((2, 2, 2)),
    "true": lambda: True,
    "NumPy's true": lambda: np.True_,
    "negative": lambda: -1,
    "zero": lambda: 0,
    "huge": lambda: 1e300,
    "-huge": lambda: -1e300,
    "longish integer": lambda: 10**30,
    "dict": lambda: {},
    "another dict": lambda: {"a": 1},
    "generator": numbers,
    "set": lambda: {1, 2},
    "frame": lambda: pd.DataFrame({"a": [1, 2]}),
}
IN_A_SEQUENCE = (
    "nan", "inf", "-inf", "bytes", "masked", "complex", "date", "span", "object", "NA", "NaT",
    "long integer", "long float", "ragged", "none", "text", "digits", "empty", "2-D", "negative",
    "huge", "-huge", "dict",
)  # fmt: skip


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def bad_values(value):
    """Bad values for an argument: name, value, whether it must be refused."""
    sequence = isinstance(value, list | tuple)
    numeric = is_number(value) or (sequence and len(value) > 0 and is_number(value[0]))
    for name, make in (NEVER | MAYBE).items():
        wrong = name in NEVER or (numeric and name in ("text", "digits", "texts", "dict", "empty"))
        # A single number is no truth, though an array may be one of ones and zeros.
        yield name, make(), wrong or (is_number(value) and "true" in name)
    if sequence and len(value) > 1:
        yield from bad_sequences(value, numeric)


def bad_sequences(value, numeric):
    for name in IN_A_SEQUENCE:
        changed = list(value)
        changed[1] = (NEVER | MAYBE)[name]()
        wrong = name in NEVER or (numeric and name in ("text", "digits", "dict", "empty", "2-D"))
        yield f"{name} within", changed, wrong
    if numeric:
        array = np.array(value, float)
        yield "nan in an array", np.where(np.arange(array.size) == 1, np.nan, array), True
        yield "masked in an array", np.ma.array(array, mask=np.arange(array.size) == 1), True
        yield "nan in a series", pd.Series(array).where(np.arange(array.size) != 1), True
        yield "as text", list(map(str, value)), True
        yield "complex array", array + 0j, True
        yield "a column", array[:, None], False
        yield "halves", array + 0.5, False
        yield "all the same", [value[0]] * len(value), False
        yield "zeros", [0] * len(value), False
        yield "large", [1e9] * len(value), False
        yield "tiny", [1e-49] * len(value), False
    yield "too short", value[:-1], False
    yield "one", value[:1], False
    yield "too long", [*value, value[-1]], False
    yield "thrice", list(value) * 3, False


# What is judged -----------------------------------------------------------------------------------


# NaN stands for None in the arrays of these results, as their docstrings say.
def _what_is_sound():
    """The module beside ``make fuzz`` that says what is wrong with a result."""
    path = Path(__file__).resolve().parents[2] / "faults" / "sound.py"
    spec = importlib.util.spec_from_file_location("sound", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


not_finite = _what_is_sound().not_finite


def unsound(result):
    """What is wrong with a result, or with a figure's words."""
    if isinstance(result, figures.InlineFigure):
        words = f"{result.title} {result.alt} {result.caption or ''}"
        return re.findall(r"\b(?:nan|inf|None)\b", words)
    return list(not_finite(result))


# Under which other name an argument is told of.
SAID = {
    "mods": ["moderator"], "lower": ["limits"], "upper": ["limits"], "result_or_yi": ["yi"],
    "model": ["methods"], "a": ["edges"], "b": ["edges"], "relation": ["edges"],
    "cohort": ["candidates"], "patients": ["candidates"], "order": ["candidates"],
}  # fmt: skip


def verdict(function, name, arguments, argument, wrong):
    """Nothing, or what is wrong with the way a call went."""
    try:
        result = function(**arguments)
    except ArgumentError as error:
        named = str(error).startswith(name) and error.given and error.allowed
        # What is wrong in itself is named; of two that do not fit each other either may be.
        words = (argument, *SAID.get(argument, ()))
        lengths = "of length" in error.given or "of shape" in error.given
        told = not wrong or lengths or any(word in error.argument for word in words)
        return None if named and told else f"says: {error}"
    except NotEstimable as error:
        return None if not wrong and str(error).startswith(name) else f"says: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if wrong:
        return f"accepted: {result!r:.60}"
    return unsound(result) or None


def check_call(home, key, call):
    name = key.split()[0]
    function = BUILT.get(key) or getattr(home, name)
    call = {
        argument: made(value) if argument in RESULTS_OF and isinstance(value, str) else value
        for argument, value in call.items()
    }
    if call.get("evidence", 0) is not None:
        assert unsound(function(**call)) == []
    faults = []
    for argument, value in call.items():
        for bad, given_, wrong in bad_values(value):
            if argument in FREE_TEXT and bad in ("text", "digits", "none"):
                continue  # drawn as any other
            if argument in ("slab", "columns") and bad.endswith("within") and not wrong:
                continue  # a label as any other, or one label too few
            if home is figures and bad in ("halves", "all the same", "tiny"):
                continue  # allowed, and slow to draw
            fault = verdict(function, name, call | {argument: given_}, argument, wrong)
            if fault:
                faults.append(f"{argument}, {bad}: {fault}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("key", CALLS)
def test_bad_arguments_of_the_engine(key):
    check_call(evisynth, key, CALLS[key])


@pytest.mark.parametrize("key", DRAWN)
def test_bad_arguments_of_the_figures(key):
    check_call(figures, key, DRAWN[key])


# Valid and nearly valid data, of any size and any extremes ----------------------------------------

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
FEWER = settings(FEW, max_examples=10)
METHODS_OF_TAU2 = ("EE", "DL", "HE", "HS", "SJ", "PM", "EB", "ML", "REML")


def study_counts(lowest=0, highest=4):
    """Events and totals of up to four studies, from 1 to a million patients, often extreme."""
    total = st.one_of(st.integers(1, 30), st.integers(1, 10**6))
    share = st.one_of(st.sampled_from([0.0, 1.0, 1e-6, 0.5]), st.floats(0, 1))
    study = st.tuples(share, total).map(lambda pair: (round(pair[0] * pair[1]), pair[1]))
    studies = st.lists(study, min_size=lowest, max_size=highest)
    same = st.tuples(study, st.integers(lowest, highest)).map(lambda pair: [pair[0]] * pair[1])
    return st.one_of(studies, same).map(lambda rows: [[row[i] for row in rows] for i in (0, 1)])


def study_effects(lowest=0, highest=4):
    """Effects and variances, often the same, tiny or huge."""
    effect = st.one_of(st.sampled_from([0.0, 1.0, -1e6]), st.floats(-5, 5), st.floats(-1e9, 1e9))
    variance = st.one_of(st.sampled_from([1e-12, 1.0, 1e12]), st.floats(1e-3, 10))
    study = st.tuples(effect, variance)
    studies = st.lists(study, min_size=lowest, max_size=highest)
    same = st.tuples(study, st.integers(lowest, highest)).map(lambda pair: [pair[0]] * pair[1])
    return st.one_of(studies, same).map(lambda rows: [[row[i] for row in rows] for i in (0, 1)])


def tried(function, *data, **options):
    """A result that holds together, or None where the data were refused by name."""
    try:
        result = function(*data, **options)
    except (ArgumentError, NotEstimable) as error:
        assert str(error).startswith(function.__name__)
        return None
    assert unsound(result) == []
    check_order(result)
    return result


def check_order(result):
    """Limits hold their estimate, and weights add to 100."""
    if isinstance(getattr(result, "estimate", None), np.ndarray):
        return
    for middle, low, high in (
        ("estimate", "ci_lb", "ci_ub"),
        ("estimate", "pi_lb", "pi_ub"),
        ("tau", "tau_lb", "tau_ub"),
        ("median", "median_lb", "median_ub"),
    ):
        low, middle, high = (getattr(result, name, None) for name in (low, middle, high))
        slack = 1e-9 * (1 + abs(middle)) if middle is not None else 0
        assert low is None or middle is None or low <= middle + slack
        assert high is None or middle is None or middle <= high + slack
    weights = getattr(result, "weights", None)
    if weights:
        assert sum(weights) == pytest.approx(100, rel=1e-9) and min(weights) >= 0


@FEW
@given(study_effects(), st.sampled_from(METHODS_OF_TAU2), st.sampled_from(["z", "knha", "adhoc"]))
def test_any_effects_are_pooled_or_refused(data, method, test):
    result = tried(evisynth.rma, *data, method=method, test=test)
    if data[0] and method in ("EE", "DL", "HE"):  # closed forms, which exist for any effects
        assert result is not None
    tried(evisynth.leave1out, *data, method=method, test=test)
    tried(evisynth.cumul, *data, method=method, test=test)
    tried(evisynth.influence, *data, method=method, test=test)
    tried(evisynth.baujat, *data, method=method, test=test)


@FEWER
@given(study_effects(), st.sampled_from(["DL", "REML"]))
def test_any_effects_have_limits_of_heterogeneity_and_subsets(data, method):
    for function in (evisynth.q_profile, evisynth.profile_likelihood):
        limits = tried(function, *data)
        assert limits is None or limits.tau2_lb <= limits.tau2_ub
    tried(evisynth.gosh, *data, method=method, samples=10)


@FEWER
@given(study_effects(), st.sampled_from(["HN(0.5)", "HN(1)", "HC(0.5)"]))
def test_any_effects_have_a_posterior_or_are_refused(data, prior):
    tried(evisynth.bayes_normal, *data, tau_prior=prior)


@FEW
@given(study_effects(3), st.data())
def test_any_effects_are_grouped_and_regressed_or_refused(data, draw):
    k = len(data[0])
    groups = draw.draw(st.lists(st.sampled_from("ab"), min_size=k, max_size=k))
    slopes = draw.draw(st.lists(st.sampled_from([0.0, 1.0, 2.5, 1e6]), min_size=k, max_size=k))
    tau2 = draw.draw(st.sampled_from(["common", "separate"]))
    tried(evisynth.subgroups, *data, groups, tau2=tau2)
    tried(evisynth.meta_regression, *data, slopes)


@FEW
@given(study_effects(9, 12), st.sampled_from(["L0", "R0"]))
def test_any_effects_are_tested_for_small_studies_or_refused(data, estimator):
    tried(evisynth.regtest, *data, predictor="sei", measure="OR")
    tried(evisynth.regtest, *data, predictor="sei", measure="OR", model="lm")
    tried(evisynth.ranktest, *data, measure="OR")
    tried(evisynth.trimfill, *data, measure="OR", estimator=estimator)


@FEWER
@given(study_counts())
def test_any_counts_are_pooled_or_refused(counts):
    for function in (evisynth.rma_glmm, evisynth.betabinomial):
        tried(function, *counts)
    assert tried(evisynth.pool_proportions, *counts) is not None


@settings(FEW, max_examples=5)
@given(study_counts(), st.sampled_from(["HN(0.5)", "HN(0.01)", "HC(1)"]))
def test_any_counts_have_a_posterior(counts, prior):
    assert (tried(evisynth.bayes_binomial, *counts, tau_prior=prior) is None) == (not counts[0])


@FEW
@given(study_counts(1), st.sampled_from(["beta", "wilson", "normal"]))
def test_any_counts_have_effects_and_intervals(counts, method):
    for measure in ("PLO", "PLN", "PR", "PAS", "PFT"):
        effects = evisynth.escalc(measure, xi=counts[0], ni=counts[1])
        assert unsound(tuple(effects)) == [] and np.all(effects.vi > 0)
    low, high = evisynth.study_intervals(*counts, method=method)
    rate = np.array(counts[0]) / counts[1]
    assert np.all(low <= rate + 1e-12) and np.all(rate <= high + 1e-12)
    back = evisynth.inverse_freeman_tukey(effects.yi[0], counts[1][0])
    assert back == pytest.approx(rate[0], abs=1e-6)  # seen 4e-9, where all events are one short


@FEW
@given(study_counts(1), st.data())
def test_any_tables_are_pooled_or_refused(first, draw):
    k = len(first[0])
    second = draw.draw(study_counts(k, k))
    for measure in ("OR", "RR", "RD"):
        tried(evisynth.mantel_haenszel, *first, *second, measure=measure)
        tried(evisynth.inverse_variance, *first, *second, measure=measure)
    tried(evisynth.peto, *first, *second)


def printed_median():
    """A median with limits about it, some of them not reached, some not in order."""
    number = st.floats(1e-3, 1e3)
    about = st.tuples(number, st.floats(1.01, 50)).map(lambda t: (t[0], t[0] / t[1], t[0] * t[1]))
    mark = st.sampled_from([None, "NR", "NE", 0.0, 1.0])
    open_ended = st.tuples(about, mark).map(lambda t: (*t[0][:2], t[1]))
    return st.one_of(about, about, about, open_ended, st.tuples(number, number, number))


@FEW
@given(st.lists(printed_median(), max_size=4))
def test_any_medians_are_pooled_or_refused(rows):
    columns = [[row[i] for row in rows] for i in range(3)]
    tried(evisynth.pool_medians, *columns)
    tried(evisynth.effect_from_interval, "MS", *columns)


@FEW
@given(
    st.lists(st.tuples(st.floats(0, 1e6) | st.sampled_from([0.0, 1.0]), st.booleans()), max_size=8)
)
def test_any_times_have_a_curve_or_are_refused(patients):
    curve = tried(evisynth.kaplan_meier, [t for t, _ in patients], [e for _, e in patients])
    assert (curve is None) == (not patients)
    assert curve is None or all(0 <= share <= 1 for share in curve.survival)


@FEWER
@given(st.lists(study_counts(), min_size=1, max_size=3))
def test_any_data_sets_make_a_multiverse(several):
    data = [DataSet({"D": str(i)}, *map(tuple, counts)) for i, counts in enumerate(several)]
    found = tried(evisynth.multiverse, data, METHODS)
    drawn = found.estimable
    assert np.all(found.ci_lb[drawn] <= found.estimate[drawn] + 1e-9)
    assert np.all(found.estimate[drawn] <= found.ci_ub[drawn] + 1e-9)
    assert np.all(np.isnan(found.estimate[~drawn])) and not np.any(drawn & (found.k < 3))


# Labels -------------------------------------------------------------------------------------------

# Everything that takes labels of studies or groups, given four of them.
LABELLED = {
    "rma": lambda labels: evisynth.rma(YI, VI, slab=labels),
    "rma_glmm": lambda labels: evisynth.rma_glmm(XI, NI, slab=labels),
    "betabinomial": lambda labels: evisynth.betabinomial(XI, NI, slab=labels),
    "bayes_normal": lambda labels: evisynth.bayes_normal(YI, VI, slab=labels),
    "pool_proportions": lambda labels: evisynth.pool_proportions(XI, NI, slab=labels),
    "mantel_haenszel": lambda labels: evisynth.mantel_haenszel(XI, NI, XI, NI, slab=labels),
    "subgroups": lambda labels: evisynth.subgroups(YI, VI, labels),
    "indicators": indicators,
    "meta_regression": lambda labels: evisynth.meta_regression(YI, VI, {labels[-1]: [1, 2, 4, 5]}),
    "Row": lambda labels: Row(labels[-1], 0.5, 0.4, 0.6, None, ""),
    "kaplan_meier": lambda labels: evisynth.kaplan_meier([1, 2], [1, 0], slab=labels[-1]),
    "multiverse": lambda labels: evisynth.multiverse([DataSet({"Set": labels[-1]}, XI, NI)]),
    "swimmer": lambda labels: figures.swimmer(
        pd.DataFrame({"label": list("abcd"), "end": [1, 2, 3, 4], "group": labels}), title="T"
    ),
}  # fmt: skip
UNSEEN = {
    "\x00": "U+0000 (control character)", "\n": "U+000A", "\x85": "U+0085",
    "\u202e": "U+202E (right-to-left override)", "\u2066": "U+2066", "\u200f": "U+200F",
    "\u200b": "U+200B (zero width space)", "\u200d": "U+200D", "\ufeff": "U+FEFF",
    "\u2028": "U+2028", "\u00ad": "U+00AD (soft hyphen)", "\u3164": "U+3164", "\ud800": "U+D800",
}  # fmt: skip


@pytest.mark.parametrize("name", LABELLED)
def test_a_label_with_what_cannot_be_seen_is_refused_by_name(name):
    for character, words in UNSEEN.items():
        with pytest.raises(ArgumentError) as caught:
            LABELLED[name](["a", "b", "b", f"a{character}c"])
        assert words in str(caught.value) and str(caught.value).isprintable()
    for blank in (" ", "a ", " a", "a\u00a0", "\u2003", "\u2800"):
        with pytest.raises(ArgumentError):
            LABELLED[name](["a", "b", "b", blank])
    LABELLED[name](["a", "b", "b", "מחקר"])
    LABELLED[name](["a", "b", "a", "می\u200cخواهم"])  # a joiner that Persian spelling asks for


@pytest.mark.parametrize("name", ["rma", "subgroups", "pool_proportions"])
def test_an_empty_label_and_labels_that_look_alike_are_refused(name):
    with pytest.raises(ArgumentError, match="'' at position 3; allowed: text"):
        LABELLED[name](["a", "b", "b", ""])
    for one, other in (("a b", "a  b"), ("a b", "a\u00a0b"), ("\u00e9", "e\u0301")):
        with pytest.raises(ArgumentError, match="which look alike"):
            LABELLED[name]([one, "c", "c", other])


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=6))
def test_a_label_that_is_taken_is_seen_as_it_is(text):
    try:
        (label,) = evisynth.rma([1], [1], slab=[text]).slab
    except ArgumentError as error:
        assert str(error).startswith("rma: slab is ")
    else:
        assert label == text == text.strip() and len(label.splitlines()) == 1
