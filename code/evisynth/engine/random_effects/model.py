"""The normal-normal random-effects model, of one data set or of a stack."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc, ndtri, stdtrit

from evisynth.checks import (
    check_choice,
    check_effects,
    check_length,
    check_level,
    check_slab,
    check_subset,
)
from evisynth.engine.effects.escalc import exact_interval
from evisynth.engine.effects.measures import (
    MEASURES,
    cut_notes,
    double_arcsine,
    harmonic_mean,
    inverse_freeman_tukey,
    shown_as,
)
from evisynth.engine.random_effects.intervals import (
    PREDICTIONS,
    inconsistency,
    narrower_notes,
    prediction_limits,
)
from evisynth.engine.random_effects.result import MetaAnalyses, MetaAnalysis, scalar
from evisynth.engine.random_effects.tau2 import ESTIMATORS, dersimonian_laird, in_chunks, stack_of
from evisynth.errors import ArgumentError

ALONE = "z"  # the test of one study alone
_NO_WIDTH = 1e-12  # a factor that is 0 but for rounding, where all effects agree


def rma(
    yi, vi, *, method="REML", test="adhoc", measure="GEN", level=0.95, slab=None,
    prediction="t(k-1)", ni=None, subset=None,
):  # fmt: skip
    """Random-effects meta-analysis of effect sizes, of one data set or of a stack at once.

    Parameters
    ----------
    yi, vi : array_like, shape (k,) or (B, k)
        Effect sizes and sampling variances, analysis scale.
    method : {"EE", "DL", "HE", "HS", "SJ", "PM", "EB", "ML", "REML"}
        Estimator of the between-study variance, see `evisynth.engine.random_effects.tau2`.
    test : {"z", "knha", "adhoc"}
        Wald; Knapp and Hartung (Stat Med 2003;22:2693); the same, never narrower than with
        factor 1 (Rover et al, BMC Med Res Methodol 2015;15:99).
    measure : str
        Only for labels and the back-transform.
    level : float in (0, 1)
    slab : sequence of str, optional
    prediction : {"t(k-1)", "z", "HK", "HTS"}
        Convention of the prediction interval, see `prediction_limits`. Each takes the standard
        error of ``test``, as metafor's predict() does; but "HK" that of "knha" where the test is
        "z". Under "t(k-1)" and "HTS" it holds the confidence interval; where another does not, a
        note says so.
    ni : array_like, shape (k,)
        Totals, for the measure "PFT" and no other: its back-transform takes their harmonic mean.
    subset : array_like of bool, shape (B, k), optional
        Which studies each data set of a stack has; the data may then be given once, shape (k,).

    Returns
    -------
    MetaAnalysis, or MetaAnalyses of a stack
        Its prediction interval is where a new study's underlying effect would lie, not the count
        it would observe. One study alone has tau2 0, the test "z" and normal limits, and a note
        says so; so does one where a limit lies beyond the range of the back-transform (PAS, PFT).

    Raises
    ------
    ArgumentError
        NaN, infinite or masked values, values beyond 1e50, a variance below 1e-50, shapes that
        differ, k = 0, an unknown method, test, measure or convention.

    Examples
    --------
    >>> from evisynth import rma
    >>> fit = rma([-0.4, -0.1, -0.6, 0.2], [0.04, 0.03, 0.09, 0.06], measure="OR")
    >>> fit
    <normal-normal OR, REML, k = 4: 0.816 [0.487, 1.365], prediction 0.352 to 1.889>
    >>> round(fit.tau2, 3), round(fit.I2, 1)
    (0.043, 47.0)
    """
    yi, vi = check_effects("rma", yi, vi, stack=True)
    check_choice("rma", "method", method, ESTIMATORS)
    check_choice("rma", "test", test, ("z", "knha", "adhoc"))
    check_choice("rma", "measure", measure, MEASURES)
    check_choice("rma", "prediction", prediction, PREDICTIONS)
    level = check_level("rma", level)
    slab = check_slab("rma", slab, yi.shape[-1])
    total = _total(measure, ni, yi)
    single = yi.ndim == 1 and subset is None
    if subset is not None:
        subset = check_subset("rma", subset, yi.shape)
    stack = stack_of(yi, vi, subset)
    settings = {"method": method, "test": test, "prediction": prediction, "level": level}
    arrays = fit(stack, **settings)
    named = settings | {"measure": measure, "slab": slab, "total": total}
    named["model"] = "equal-effects" if method == "EE" else "normal-normal"
    raised = arrays.pop("raised")
    if np.all(stack.k == 1):
        named["test"] = ALONE
    if not single:
        notes = _notes(raised, arrays, named, test)
        return MetaAnalyses(**arrays, **named, notes=notes, estimable=np.full(stack.size, True))
    weights = tuple(arrays.pop("weights")[0].tolist())
    one = {name: scalar(values[0]) for name, values in arrays.items()}
    notes = _notes(raised[0], one, named, test)
    if measure == "PFT":
        notes += _exact_instead(one, total, yi, ni, level)
    return MetaAnalysis(**one, **named, weights=weights, notes=notes)


def _notes(raised, found, named, test):
    """What must stand beside the numbers of one data set, or of a stack; ``test`` as asked for."""
    notes = _alone_notes(found["k"], named["method"], test)
    if np.any(raised):
        notes += (f"Knapp-Hartung factor below 1 raised to 1{_in_how_many(raised)}",)
    mean, new = (found["ci_lb"], found["ci_ub"]), (found["pi_lb"], found["pi_ub"])
    notes += narrower_notes(mean, new, f"convention {named['prediction']}")
    return notes + cut_notes(named["measure"], found, named["total"])


def _alone_notes(k, method, test):
    """One study has no spread to estimate, and no degrees of freedom for t."""
    alone = np.asarray(k) == 1
    what = ["tau2 is taken as 0"] * (method != "EE")
    what += [f"limits are normal, not those of the test {test}"] * (test != ALONE)
    if not what or not alone.any():
        return ()
    return (f"one study{_in_how_many(alone)}: {', '.join(what)}",)


def _in_how_many(chosen):
    return f" in {chosen.sum()} of {chosen.size} data sets" if np.ndim(chosen) else ""


def _exact_instead(found, total, yi, ni, level):
    """The exact limits of all studies as one, where the double arcsine has lost its own."""
    cut = shown_as("PFT", found, total)
    if not ({"estimate", "ci_ub"} & set(cut[0]) or {"estimate", "ci_lb"} & set(cut[1])):
        return ()
    ni = np.asarray(ni, dtype=float)
    xi = np.array([np.rint(n * inverse_freeman_tukey(y, n)) for y, n in zip(yi, ni, strict=True)])
    if not np.allclose(double_arcsine(xi, ni), yi, rtol=0, atol=1e-9):
        return ()  # effects that are not of counts
    lower, upper = exact_interval(xi.sum(), ni.sum(), level)
    return (
        f"all studies as one, {xi.sum():.0f} of {ni.sum():.0f}, have the exact limits "
        f"{lower:.4g} and {upper:.4g} (Clopper and Pearson), as pool_proportions gives them",
    )


def _total(measure, ni, yi):
    """Harmonic mean of the totals where the measure needs it."""
    if not MEASURES[measure].needs_total:
        if ni is not None:
            raise ArgumentError("rma", "ni", "given", f"totals only for PFT, not for {measure}")
        return None
    total = harmonic_mean("rma", "ni", ni)
    check_length("rma", "ni", np.atleast_1d(ni), "yi", np.atleast_2d(yi)[0])
    return total


def fit(stack, *, method, test, prediction, level):
    """Everything that the model says about each data set of a stack, as arrays.

    Returns
    -------
    dict
        The fields of `MetaAnalyses` that are arrays, and ``raised``, whether the factor of Knapp
        and Hartung was raised to 1.
    """
    tau2 = in_chunks(ESTIMATORS[method], stack)
    wi = stack.weights(tau2)
    estimate = stack.model.coefficients(wi, stack.yi)[0] + stack.shift
    total = np.add.reduce(wi, 0)
    wald_se = 1 / np.sqrt(total)
    df, k = np.maximum(stack.df, 1), stack.k
    # Under Paule and Mandel the factor is 1 by definition, and below it only by rounding.
    factor = np.where(k > 1, np.sqrt(stack.q(tau2) / df), 1.0)
    se = wald_se * _scale(factor, test)
    p = 0.5 + level / 2
    quantile = np.where((k == 1) | (test == "z"), ndtri(p), stdtrit(df, p))
    spread = wald_se * _scale(factor, "knha") if (prediction, test) == ("HK", "z") else se
    pi_lb, pi_ub = prediction_limits(
        estimate, spread, tau2, k, level, convention=prediction, random=method != "EE"
    )
    return {
        "k": k, "estimate": estimate, "se": se, "tau2": tau2,
        "ci_lb": estimate - quantile * se, "ci_ub": estimate + quantile * se,
        "pi_lb": pi_lb, "pi_ub": pi_ub, "weights": (100 * wi / total).T,
        "raised": factor < {"z": 0.0, "knha": _NO_WIDTH, "adhoc": 1 - 1e-9}[test],
    } | _heterogeneity(stack, tau2, method)  # fmt: skip


def _scale(factor, test):
    """What a test multiplies the Wald standard error with; never 0, where all effects agree."""
    if test == "z":
        return np.ones_like(factor)
    if test == "adhoc":
        return np.maximum(factor, 1.0)
    return np.where(factor < _NO_WIDTH, 1.0, factor)


def _heterogeneity(stack, tau2, method):
    """Q with its p, and I2 in percent and H2 from tau2; nan for one study."""
    known = np.where(stack.k > 1, 1.0, np.nan)
    Q = stack.q()
    # Equal effects set tau2 to 0, which says nothing about the data; with DerSimonian and Laird's
    # tau2 the two are (Q - df) / Q and Q / df.
    spread = dersimonian_laird(stack) if method == "EE" else tau2
    with np.errstate(invalid="ignore", divide="ignore"):
        I2, H2 = inconsistency(spread, stack.typical_variance())
        Q_p = chdtrc(stack.df, Q)
    return {"Q": Q, "Q_p": Q_p * known, "I2": I2 * known, "H2": H2 * known}
