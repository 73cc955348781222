"""Every defensible analysis of one question at once: labelled data sets by labelled methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from evisynth.checks import check_counts, check_level, check_whole_number, shown
from evisynth.engine.bayes.models import bayes_binomial
from evisynth.engine.effects.escalc import escalc
from evisynth.engine.glmm.model import rma_glmm
from evisynth.engine.proportions.result import BAYES, BAYES_NARROW, GLMM
from evisynth.engine.random_effects.model import rma
from evisynth.engine.random_effects.result import displayed
from evisynth.engine.specifications.axes import crossed
from evisynth.engine.specifications.result import Multiverse
from evisynth.errors import ArgumentError


@dataclass(frozen=True)
class DataSet:
    """One way to choose the data.

    Attributes
    ----------
    choices : mapping of str to str
        Axis to level, for instance {"Definition": "as reported"}.
    xi, ni : tuple of int
        Events and totals; may be empty, where a choice leaves no study.
    """

    choices: Mapping[str, str]
    xi: tuple[int, ...]
    ni: tuple[int, ...]


@dataclass(frozen=True)
class Method:
    """One way to pool single-arm proportions.

    Attributes
    ----------
    choices : mapping of str to str
        Axis to level, for instance {"Model": "GLMM by likelihood", "Interval": "t"}.
    model : {"glmm", "bayes", "PLO", "PAS", "PR", "PLN"}
        Binomial-normal by likelihood or by Bayes, or inverse variance on that scale.
    options : mapping
        Of `rma_glmm`, `bayes_binomial` or `rma`.
    """

    choices: Mapping[str, str]
    model: str = "glmm"
    options: Mapping[str, object] = field(default_factory=dict)


MODELS = ("glmm", "bayes", "PLO", "PAS", "PR", "PLN")
OPTIONS = {
    "glmm": ("nodes", "test", "prediction"),
    "bayes": ("tau_prior", "mu_prior", "predict_minimum_k"),
}
# The first is what `pool_proportions` leads with: the planned method, unless another is named.
DEFAULT_METHODS = (
    Method({"Model": BAYES, "Interval": "posterior"}, "bayes", {"tau_prior": "HN(1)"}),
    Method({"Model": GLMM, "Interval": "t(k\u22121)"}, "glmm", {"test": "t"}),
    Method({"Model": GLMM, "Interval": "Wald z"}, "glmm", {"test": "z"}),
    Method({"Model": BAYES_NARROW, "Interval": "posterior"}, "bayes", {"tau_prior": "HN(0.5)"}),
    *(
        Method({"Model": f"{name}, {method}", "Interval": words}, model,
               {"method": method, "test": test})
        for model, name in (("PLO", "logit"), ("PAS", "arcsine"))
        for method in ("REML", "DL")
        for test, words in (("adhoc", "t(k\u22121)"), ("z", "Wald z"))
    ),
)  # fmt: skip


def multiverse(
    data_sets, methods=DEFAULT_METHODS, *, protocol=None, level=0.95, minimum_k=3, why_one=None
):
    """Pool every data set by every method, each method in one stacked call.

    Parameters
    ----------
    data_sets : sequence of DataSet
        All with the same axes.
    methods : sequence of Method
        All with the same axes, others than the data's.
    protocol : mapping of str to str, optional
        Axis to the level that was planned; the first data set and method where it is not given.
    level : float in (0, 1)
    minimum_k : int
        Data sets of fewer studies are listed, not pooled; at least 2.
    why_one : mapping of str to str, optional
        For an axis with one level, why it has no other.

    Returns
    -------
    Multiverse

    Raises
    ------
    ArgumentError
        Axes that differ; the same specification twice; counts as `rma_glmm`; a protocol that is
        none of the analyses; an unknown model.

    References
    ----------
    Steegen S et al (2016) Perspect Psychol Sci 11:702; Voracek M et al (2019) Z Psychol 227:64.

    Examples
    --------
    >>> from evisynth import DataSet, Method, multiverse
    >>> everyone = DataSet({"Centres": "all"}, (8, 15, 30, 6), (20, 25, 80, 9))
    >>> large = DataSet({"Centres": "20 patients or more"}, (8, 15, 30), (20, 25, 80))
    >>> methods = [Method({"Model": "GLMM"}), Method({"Model": "logit"}, "PLO")]
    >>> curve = multiverse([everyone, large], methods)
    >>> curve.k.tolist()
    [4, 4, 3, 3]
    >>> curve.estimate.round(2).tolist()
    [0.46, 0.47, 0.43, 0.44]
    """
    data_sets, methods, specifications, planned, axes = crossed(
        "multiverse", data_sets, methods, (DataSet, Method), protocol, why_one
    )
    level = check_level("multiverse", level)
    minimum_k = check_whole_number("multiverse", "minimum_k", minimum_k, 2, 1000)
    _check_models(methods)
    counts = [_counts(i, data) for i, data in enumerate(data_sets)]
    sizes = np.array([len(xi) for xi, _ in counts])
    columns = [_pool(method, counts, sizes >= minimum_k, level) for method in methods]
    arrays = [np.stack(parts, axis=1).ravel() for parts in zip(*columns, strict=True)]
    totals = np.array([sum(ni) for _, ni in counts], dtype=int)
    estimable = np.isfinite(arrays[0])
    return Multiverse(
        specifications, *arrays, np.repeat(sizes, len(methods)), np.repeat(totals, len(methods)),
        estimable, planned, axes, minimum_k, level=level, notes=_notes(estimable, minimum_k),
        method_axes=tuple(methods[0].choices),
    )  # fmt: skip


def _notes(estimable, minimum_k):
    dropped = int((~estimable).sum())
    if not dropped:
        return ()
    return (
        f"{dropped} of {estimable.size} analyses have fewer than {minimum_k} studies or no finite "
        "estimate and are not drawn",
    )


def _check_models(methods):
    for i, method in enumerate(methods):
        if not isinstance(method.model, str) or method.model not in MODELS:
            given = f"of the model {shown(method.model)} at position {i}"
            raise ArgumentError("multiverse", "methods", given, ", ".join(MODELS))
        allowed = OPTIONS.get(method.model, ("method", "test", "prediction"))
        if not isinstance(method.options, Mapping):
            given = f"{shown(method.options)} at position {i}"
            raise ArgumentError("multiverse", "options of methods", given, "a mapping")
        for name in method.options:
            if name not in allowed:
                given = f"{shown(name)} at position {i}"
                raise ArgumentError("multiverse", "options of methods", given, ", ".join(allowed))


def _counts(position, data):
    if _is_empty(data.xi) and _is_empty(data.ni):
        return np.array([]), np.array([])
    return check_counts(f"multiverse, data set {position}", data.xi, data.ni)


def _is_empty(values):
    if isinstance(values, np.ndarray):
        return values.shape == (0,)
    return isinstance(values, list | tuple) and not values


def _pool(method, counts, usable, level):
    """Estimate and limits of each data set, proportions; equal data sets are pooled once."""
    found = np.full((3, len(counts)), np.nan)
    places = {}
    for i in np.flatnonzero(usable):
        xi, ni = counts[i]
        places.setdefault((tuple(xi), tuple(ni)), []).append(i)
    if places:
        xi, ni, subset = _padded(list(places))
        result = _fit(method, xi, ni, subset, level)
        rates = displayed(result)
        for column, targets in enumerate(places.values()):
            for row, name in enumerate(("estimate", "ci_lb", "ci_ub")):
                found[row, targets] = rates[name][column]
    return found


def _padded(pairs):
    """Data sets of different k as one stack, filled up with a study that does not count."""
    k = max(len(xi) for xi, _ in pairs)
    xi, ni = np.zeros((len(pairs), k)), np.full((len(pairs), k), 2.0)
    subset = np.zeros((len(pairs), k), dtype=bool)
    for row, (events, totals) in enumerate(pairs):
        xi[row, : len(events)], ni[row, : len(totals)] = events, totals
        subset[row, : len(events)] = True
    return np.where(subset, xi, 1.0), ni, subset


def _fit(method, xi, ni, subset, level):
    if method.model == "glmm":
        return rma_glmm(xi, ni, subset=subset, level=level, **method.options)
    if method.model == "bayes":
        return bayes_binomial(xi, ni, subset=subset, level=level, **method.options)
    effects = escalc(method.model, xi=xi, ni=ni)
    return rma(*effects, measure=method.model, subset=subset, level=level, **method.options)
