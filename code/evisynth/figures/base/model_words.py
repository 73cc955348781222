"""What made a figure's numbers, in the few words that a label or a last line has room for."""

from __future__ import annotations

from evisynth.engine.effects.measures import MEASURES
from evisynth.rounding import decimal_numbers

_TESTS = {"t": "t(k − 1)", "z": "Wald", "knha": "Knapp–Hartung", "adhoc": "ad hoc Knapp–Hartung"}


def is_bayes(result) -> bool:
    """Whether a result is a posterior."""
    return str(getattr(result, "model", "")).startswith("Bayes")


def model_words(result) -> str:
    """For instance "GLMM by Bayes, HN(1)", "GLMM, t(k − 1)", "REML, ad hoc Knapp–Hartung"."""
    if is_bayes(result):
        kind = "GLMM by Bayes" if result.model.endswith("binomial-normal") else "Bayes"
        return f"{kind}, {result.tau_prior}"
    test = _TESTS.get(result.test, result.test)
    if result.model == "binomial-normal":
        return f"GLMM, {test}"
    return f"{'equal effects' if result.model == 'equal-effects' else result.method}, {test}"


def remark(result) -> str:
    """The between-study spread with its scale, and the number of studies."""
    scale = MEASURES[result.measure].scale
    unit = f" ({scale})" if scale else ""
    if result.model == "equal-effects":
        return f"k = {result.k}"
    if is_bayes(result):
        tau, low, high = decimal_numbers(result.tau, result.tau_lb, result.tau_ub)
        spread = f"τ = {tau} [{low}–{high}]{unit}"
        return f"{spread}, k = {result.k}; credible intervals"
    tau2 = f"{result.tau2:.2f}" if result.tau2 >= 0.095 or not result.tau2 else f"{result.tau2:.2g}"
    return f"τ² = {tau2}{unit}, k = {result.k}"
