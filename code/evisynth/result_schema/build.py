"""The whole schema: every class of results in the package, and the files made of them."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from importlib import import_module
from pkgutil import walk_packages

from evisynth.result import FORM, Result
from evisynth.result_schema.attributes import summary
from evisynth.result_schema.files import FILES
from evisynth.result_schema.forms import NUMBER_OR_NULL, WHOLE, object_of, ref

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# What these mean wherever they occur; a docstring that says more goes before.
COMMON = {
    "ci_lb": "Lower limit of the interval of the estimate.",
    "ci_ub": "Upper limit of the interval of the estimate.",
    "estimate": "The mean effect.",
    "estimator": "How what is missing was estimated.",
    "exact": "Whether every order was fitted, not a sample of them.",
    "groups": "The group of each study.",
    "k": "Number of studies.",
    "kind": "What was done to the studies.",
    "level": "Level of the intervals, between 0 and 1.",
    "mean": "Posterior mean of the mean effect.",
    "measure": "Effect measure, such as PLO (log odds) or OR (log odds ratio).",
    "method": "Estimator of the between-study variance, or of the common effect.",
    "minimum_k": "Studies below which nothing is estimated.",
    "model": "Name of the model.",
    "mu_prior": "Mean and standard deviation of the prior of the mean effect; null is flat.",
    "n": "Number of patients.",
    "n_events": "Number of patients with the event.",
    "ni": "Patients of each study.",
    "notes": "What a reader must know beside the numbers.",
    "pi_lb": "Lower prediction limit.",
    "pi_ub": "Upper prediction limit.",
    "prediction": "Convention of the prediction limits.",
    "QM_df": "Degrees of freedom of the test of the moderators.",
    "replicates": "Data sets simulated in each scenario.",
    "rows": "One per method and scenario.",
    "se": "Standard error, or posterior standard deviation, of the estimate.",
    "seed": "Of the random numbers.",
    "sizes": "Fewest and most patients of a study.",
    "slab": "Labels of the studies.",
    "subsets": "Which studies are in each subset.",
    "tau": "Between-study standard deviation.",
    "tau_lb": "Lower limit of the between-study standard deviation.",
    "tau_prior": "Prior of the between-study standard deviation, for instance HN(1).",
    "tau_ub": "Upper limit of the between-study standard deviation.",
    "test": "How limits and p are made.",
    "time_unit": "Unit of the times.",
    "total": "Harmonic mean of the totals, where the back-transform needs one.",
    "whole": "The fit to all studies.",
    "xi": "Events of each study.",
}
# What a class may add to its fields when it makes a dictionary of itself.
ADDED = {
    "displayed": {"type": "object", "additionalProperties": NUMBER_OR_NULL},
    "shrinkage_displayed": {"type": "array", "items": {"type": "array", "items": NUMBER_OR_NULL}},
    **dict.fromkeys(("k", "events", "total"), WHOLE),
}


@cache
def result_classes() -> tuple[type, ...]:
    """Every class of results in the package, by name."""
    package = import_module(__name__.partition(".")[0])
    for module in walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    return tuple(sorted(_below(Result), key=lambda cls: cls.__name__))


def _below(cls):
    for one in cls.__subclasses__():
        if one.__module__.startswith("evisynth."):
            yield one
        yield from _below(one)


def result_schema() -> dict:
    """The schema of a result, of an analysis's results and of their index."""
    names = [cls.__name__ for cls in result_classes()]
    any_result = {
        "title": "Result",
        "description": summary(Result),
        "anyOf": [ref(name) for name in names],
    }
    return {
        "$schema": DIALECT,
        "title": "Results of evisynth",
        "description": "Numbers are on the analysis scale of their measure unless it is said "
        "otherwise; `displayed` is back-transformed. What does not exist is null.",
        "anyOf": [ref("Result"), *map(ref, FILES)],
        "$defs": {"Result": any_result} | {c.__name__: _definition(c) for c in result_classes()}
        | FILES,
    }  # fmt: skip


def _definition(cls):
    head = {
        "type": {"const": cls.__name__, "description": "Name of the class."},
        "form": {"const": FORM, "description": "Version of this form."},
    }
    return object_of(cls, more=head | _added(cls), described=lambda name: COMMON.get(name, ""))


def _added(cls):
    if cls.to_dict is Result.to_dict:
        return {}
    own = {field.name for field in fields(cls)}
    named = ((name, getattr(cls, name, None)) for name in ADDED if name not in own)
    return {n: ADDED[n] | {"description": summary(p)} for n, p in named if isinstance(p, property)}
