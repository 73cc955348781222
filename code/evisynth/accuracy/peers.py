"""What other Python packages do with the same data, run here and now."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from evisynth.engine.random_effects.model import rma

TOLERANCES = (1e-5, 1e-8, 1e-10, 1e-12)
# Two studies of equal variance: 1 / Q is linear, and every sum is exact in any order, so that
# rounding is the same on every machine.
TWO_STUDIES = {"yi": (-1.0, 1.0), "vi": (0.15, 0.15)}
DEFAULT_EXAMPLE = {"yi": (0.10, 0.30, 0.35, 0.65, 0.45), "vi": (0.03, 0.03, 0.05, 0.01, 0.05)}


@dataclass(frozen=True)
class Beside:
    """One number of a peer beside ours for one data set."""

    data: str
    measure: str
    k: int
    theirs: dict
    ours: dict


def _combine(yi, vi, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.stats.meta_analysis import combine_effects

        return combine_effects(np.asarray(yi, float), np.asarray(vi, float), **options)


def combine_effects_dl(reference):
    """statsmodels' DerSimonian-Laird estimate where Q is below its degrees of freedom.

    Parameters
    ----------
    reference : mapping
        Of `read_reference`.

    Returns
    -------
    tuple of Beside
        Only data sets with a negative tau2, the furthest apart first; ``tau2`` and ``estimate``,
        analysis scale. Ours is truncated at 0 (DerSimonian R, Laird N (1986) Control Clin Trials
        7:177, equation 8).
    """
    found = []
    for case in reference["analyses"]:
        theirs = _combine(case["yi"], case["vi"], method_re="dl")
        if theirs.tau2 < 0:
            ours = rma(case["yi"], case["vi"], method="DL", test="z")
            theirs = {"tau2": float(theirs.tau2), "estimate": float(theirs.mean_effect_re)}
            ours = {"tau2": ours.tau2, "estimate": ours.estimate}
            found.append(Beside(case["data"], case["measure"], len(case["yi"]), theirs, ours))
    return tuple(sorted(found, key=lambda b: -abs(b.theirs["estimate"] - b.ours["estimate"])))


def combine_effects_pm(tolerances=TOLERANCES, data=None):
    """statsmodels' Paule-Mandel estimate at several tolerances of its iteration.

    Parameters
    ----------
    tolerances : sequence of float
    data : mapping, optional
        ``yi`` and ``vi``; two studies whose solution is known where none is given.

    Returns
    -------
    theirs : dict of float to float
        tau2 by tolerance.
    ours : float
    """
    data = data or TWO_STUDIES
    theirs = {atol: float(_combine(**data, method_re="pm", atol=atol).tau2) for atol in tolerances}
    return theirs, rma(data["yi"], data["vi"], method="PM").tau2


def pm_failures(reference, tolerances=TOLERANCES):
    """In how many of a reference's data sets that estimate is 0 though ours is not.

    Rounding decides, so that the counts may differ between machines.

    Returns
    -------
    dict of float to int
    """
    counts = dict.fromkeys(tolerances, 0)
    for case in reference["analyses"]:
        theirs, ours = combine_effects_pm(tolerances, {"yi": case["yi"], "vi": case["vi"]})
        for atol, tau2 in theirs.items():
            counts[atol] += tau2 == 0 and ours > 1e-8
    return counts


def _meta_regression(yi, vi, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pymare import meta_regression

        return meta_regression(
            y=np.asarray(yi, float), v=np.asarray(vi, float), method="REML", **options
        )


def pymare_inconsistency(reference):
    """PyMARE's I2 after REML beside ours.

    Parameters
    ----------
    reference : mapping

    Returns
    -------
    tuple of Beside
        Every data set of three studies or more, the furthest apart first; ``I2`` in percent, ours
        from tau2, theirs from Q; for ours also ``from_q``, 100 (Q - df) / Q and at least 0.
    """
    found = []
    for case in reference["analyses"]:
        if len(case["yi"]) < 3:
            continue
        theirs = _meta_regression(case["yi"], case["vi"]).get_heterogeneity_stats()["I^2"]
        ours = rma(case["yi"], case["vi"], method="REML")
        from_q = max(0.0, 100 * (ours.Q - ours.k + 1) / ours.Q)
        theirs, ours = {"I2": np.ravel(theirs)[0].item()}, {"I2": ours.I2, "from_q": from_q}
        found.append(Beside(case["data"], case["measure"], len(case["yi"]), theirs, ours))
    return tuple(sorted(found, key=lambda b: -abs(b.theirs["I2"] - b.ours["I2"])))


def pymare_default(data=None):
    """PyMARE's interval as it comes, and with the correction named, beside ours by test.

    Returns
    -------
    dict of str to (float, float)
        "default", "wald", "knapp-hartung"; and ours as "z", "knha", "adhoc".
    """
    data = data or DEFAULT_EXAMPLE
    named = {name: {"small_sample_correction": name} for name in ("wald", "knapp-hartung")}
    limits = {}
    for name, options in ({"default": {}} | named).items():
        stats = _meta_regression(**data, **options).get_fe_stats()
        limits[name] = tuple(np.ravel(stats[end])[0].item() for end in ("ci_l", "ci_u"))
    for test in ("z", "knha", "adhoc"):
        ours = rma(data["yi"], data["vi"], method="REML", test=test)
        limits[test] = (ours.ci_lb, ours.ci_ub)
    return limits
