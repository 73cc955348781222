"""Our numbers beside those that R printed, each with the tolerance it is held to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evisynth.engine.bayes.models import bayes_binomial, bayes_normal
from evisynth.engine.effects.escalc import escalc, study_intervals
from evisynth.engine.effects.measures import inverse_freeman_tukey
from evisynth.engine.glmm.model import rma_glmm
from evisynth.engine.multilevel.covariance import logit_covariance
from evisynth.engine.multilevel.model import rma_mv
from evisynth.engine.random_effects.intervals import q_profile
from evisynth.engine.random_effects.model import rma
from evisynth.engine.two_arm.pooling import mantel_haenszel

POSTERIOR = 5e-4
CLOSED, ITERATIVE, LME4 = 1e-9, 1e-6, 2e-4  # lme4 differentiates numerically
FLOOR = 0.01  # a difference is relative to the reference, or to this where that is smaller
_ITERATED = ("PM", "EB", "ML", "REML")
_FIT = ("estimate", "se", "ci_lb", "ci_ub", "tau2", "I2", "Q", "Q_p")


@dataclass(frozen=True)
class Agreement:
    """Numbers of one kind, of one data set, against the reference.

    Attributes
    ----------
    what, measure : str
        For instance "REML", "PLO".
    numbers : int
        How many were compared.
    difference : float
        The largest, relative to the reference or to a floor, whichever is larger: 0.01, for the
        limits on the log odds 1.
    tolerance : float
    """

    what: str
    measure: str
    numbers: int
    difference: float
    tolerance: float


def agreement_of(what, measure, ours, theirs, tolerance, *, floor=FLOOR):
    """An `Agreement` of two sequences of numbers of one length."""
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    off = np.abs(ours - theirs) / np.maximum(np.abs(theirs), floor)
    return Agreement(what, measure, off.size, float(np.max(off)), tolerance)


def agreement(reference):
    """Everything in a reference that this package computes too.

    Parameters
    ----------
    reference : mapping
        As `read_reference` returns it; sections that are not known here are passed over.

    Returns
    -------
    tuple of Agreement
    """
    return tuple(
        found
        for section, of in _SECTIONS.items()
        for case in reference.get(section, ())
        for found in of(case)
    )


def _analysis(case):
    measure = case["measure"]
    if "counts" in case:
        effects = escalc(measure, **case["counts"])
        both = np.concatenate(effects), case["yi"] + case["vi"]
        yield agreement_of("effect sizes", measure, *both, CLOSED)
    for fit in case["fits"]:
        yield _fit(case, fit)
    for limits in case.get("predictions") or ():
        yield _prediction(case, limits)
    if "q_profile" in case:
        limits = q_profile(case["yi"], case["vi"])._asdict()
        pairs = [(limits[name], value) for name, value in case["q_profile"].items()]
        yield agreement_of("Q-profile limits", measure, *zip(*pairs, strict=True), ITERATIVE)


def _tolerance(method):
    return ITERATIVE if method in _ITERATED else CLOSED


def _fit(case, fit):
    result = rma(case["yi"], case["vi"], method=fit["method"], test=fit["test"])
    ours, theirs = [getattr(result, name) for name in _FIT], [fit[name] for name in _FIT]
    if "weights" in fit:
        ours, theirs = [*ours, *result.weights], [*theirs, *fit["weights"]]
    return agreement_of(fit["method"], case["measure"], ours, theirs, _tolerance(fit["method"]))


def _prediction(case, limits):
    convention, test = limits["convention"], limits["test"]
    # metafor's test "t" has the standard error of our "z", and the quantile of the convention.
    options = {"method": limits["method"], "prediction": convention}
    options["test"] = "z" if test == "t" else test
    result = rma(case["yi"], case["vi"], **options)
    pair = (result.pi_lb, result.pi_ub), (limits["pi_lb"], limits["pi_ub"])
    what = f"prediction limits, τ² {'iterated' if limits['method'] in _ITERATED else 'closed'}"
    return agreement_of(what, case["measure"], *pair, _tolerance(limits["method"]))


def _glmm(case):
    fit, what = rma_glmm(**case["counts"]), "binomial-normal model"
    kinds = {what: (("estimate", "tau2"), ITERATIVE), f"{what}, limits": (
        ("se", "ci_lb", "ci_ub"), LME4)}  # fmt: skip
    for kind, (names, tolerance) in kinds.items():
        ours, theirs = [getattr(fit, name) for name in names], [case[name] for name in names]
        yield agreement_of(kind, "PLO", ours, theirs, tolerance, floor=1.0)


def _bayes(case):
    data = case.get("counts") or {"yi": case["yi"], "vi": case["vi"]}
    mu_prior = case.get("mu_prior")
    options = {"tau_prior": case["tau_prior"], "mu_prior": mu_prior and tuple(mu_prior)}
    found = (bayes_binomial if "counts" in case else bayes_normal)(**data, **options)
    names = ("estimate", "ci_lb", "ci_ub")
    ours, theirs = [getattr(found, name) for name in names], [case[name] for name in names]
    yield agreement_of("posterior", case["measure"], ours, theirs, POSTERIOR, floor=1.0)


def _mantel_haenszel(case):
    shown, names = mantel_haenszel(**case["counts"]).displayed, ("estimate", "ci_lb", "ci_ub")
    ours, theirs = [shown[name] for name in names], [case[name] for name in names]
    yield agreement_of("Mantel-Haenszel", "OR", ours, theirs, CLOSED)


def _multilevel(case):
    if "counts" in case:
        pairs = [(int(a), int(b), shared) for a, b, shared in case.get("pairs", ())]
        V = logit_covariance(*(case["counts"][name] for name in ("events", "totals")), pairs).V
        yield agreement_of("covariance of overlap", "PLO", np.ravel(V), np.ravel(case["V"]), CLOSED)
    measure = "PLO" if "counts" in case else "GEN"
    unit = float(np.sqrt(np.max(np.diag(case["V"]))))
    for theirs in case["fits"]:
        options = {"cohort": case.get("cohort"), "method": theirs["method"]}
        fit = rma_mv(case["yi"], case["V"], case["family"], test="z", **options)
        # In units of the largest standard error, so that one floor serves all.
        ours = [fit.estimate / unit, fit.se / unit, fit.log_likelihood,
                fit.sigma2_family / unit**2, fit.sigma2_cohort / unit**2]  # fmt: skip
        expected = [theirs["estimate"] / unit, theirs["se"] / unit, theirs["log_likelihood"],
                    *(sigma2 / unit**2 for sigma2 in theirs["sigma2"])]  # fmt: skip
        yield agreement_of("multilevel model", measure, ours, expected, ITERATIVE)
        if fit.robust is not None:
            robust = fit.robust.se / unit, fit.robust.df
            expected = theirs["cr2"][0] / unit, theirs["cr2"][1]
            yield agreement_of("cluster-robust error (CR2)", measure, robust, expected, ITERATIVE)


def _freeman_tukey(case):
    for name, options in (("miller", {"ni": case["ni"]}), ("barendregt", {"vi": case["vi"]})):
        ours = inverse_freeman_tukey(case["yi"], **options)
        yield agreement_of("inverse double arcsine", "PFT", ours, case[name], CLOSED)


def _exact(case):
    ours = np.concatenate(study_intervals(**case["counts"]))
    yield agreement_of("exact intervals", "PR", ours, case["lower"] + case["upper"], CLOSED)


_SECTIONS = {
    "analyses": _analysis,
    "given_effects": _analysis,
    "bayes_normal": _bayes,
    "bayes_binomial": _bayes,
    "glmm": _glmm,
    "mantel_haenszel": _mantel_haenszel,
    "multilevel": _multilevel,
    "freeman_tukey": _freeman_tukey,
    "exact": _exact,
}
