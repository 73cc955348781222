"""What made a figure's numbers, in the few words that a label or a last line has room for."""

from __future__ import annotations

from math import isfinite

from evisynth.measures import MEASURES

_TESTS = {"t": "t(k − 1)", "z": "Wald", "knha": "Knapp–Hartung", "adhoc": "ad hoc Knapp–Hartung"}


def is_bayes(result) -> bool:
    """Whether a result is a posterior."""
    return str(getattr(result, "model", "")).startswith("Bayes")


def model_words(result) -> str:
    """For instance "GLMM, t(k − 1)", "Bayes, HN(1)", "REML, ad hoc Knapp–Hartung"."""
    if is_bayes(result):
        return f"Bayes, {prior_words(result.tau_prior)}"
    test = _TESTS.get(result.test, result.test)
    if result.model == "binomial-normal":
        return f"GLMM, {test}"
    return f"{'equal effects' if result.model == 'equal-effects' else result.method}, {test}"


def prior_words(prior) -> str:
    """A prior of the between-study standard deviation by its name, such as "HN(1)"."""
    return str(getattr(prior, "name", prior))


def remark(result) -> str:
    """The between-study spread with its scale, and the number of studies."""
    measure = getattr(result, "measure", "PLO")
    unit = f" ({MEASURES[measure].scale})" if MEASURES[measure].scale else ""
    if result.model == "equal-effects":
        return f"k = {result.k}"
    if is_bayes(result):
        tau = _number(getattr(result, "tau", None))
        spread = f"τ = {tau:.2f}{unit}, " if tau is not None else ""
        return f"{spread}k = {result.k}; credible intervals"
    tau2 = f"{result.tau2:.2f}" if result.tau2 >= 0.095 or not result.tau2 else f"{result.tau2:.2g}"
    return f"τ² = {tau2}{unit}, k = {result.k}"


def _number(value):
    """A plain finite number, or None where the spread is told in another form."""
    value = getattr(value, "estimate", value)
    plain = isinstance(value, int | float) and isfinite(value)
    return float(value) if plain else None
