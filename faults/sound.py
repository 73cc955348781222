"""What is wrong with a result, if anything: numbers that are none, limits in no order."""

from __future__ import annotations

import dataclasses
import re

import numpy as np

# NaN stands for None in the arrays of these results, as their docstrings say.
NAN_MEANS_NONE = {
    "MetaAnalyses": {"pi_lb", "pi_ub", "I2", "H2", "Q", "Q_p"},
    "BayesAnalyses": {"pi_lb", "pi_ub", "se"},
    "Gosh": {"I2"},
}
ORDERED = (
    ("estimate", "ci_lb", "ci_ub"), ("tau", "tau_lb", "tau_ub"), ("tau2", "tau2_lb", "tau2_ub"),
    ("median", "median_lb", "median_ub"),
)  # fmt: skip
PROPORTIONS = ("PLO", "PAS", "PFT", "PR", "PLN")
SAID = re.compile(r"predict|prediction|new study", re.I)
WORDLESS = re.compile(r"\b(?:nan|inf|None)\b")


def not_finite(value, path="result"):
    """Places in a result at which a number is promised and none is."""
    if isinstance(value, float | np.floating):
        yield from [path] * (not np.isfinite(value))
    elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
        yield from [path] * (not np.all(np.isfinite(value)))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from _not_finite_fields(value, path)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from not_finite(item, f"{path}[{key!r}]")
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            yield from not_finite(item, f"{path}[{position}]")


def _not_finite_fields(value, path):
    excused = NAN_MEANS_NONE.get(type(value).__name__, ())
    estimable = getattr(value, "estimable", None)
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if isinstance(item, np.ndarray) and isinstance(estimable, np.ndarray):
            item = item[estimable] if len(item) == len(estimable) else item
        if field.name not in excused:
            yield from not_finite(item, f"{path}.{field.name}")


def disorder(value, path="result"):
    """Places at which limits do not hold their estimate, or those of a new study the mean's."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from _disorder_of(value, path)
        for field in dataclasses.fields(value):
            yield from disorder(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            yield from disorder(item, f"{path}[{position}]")


def _disorder_of(value, path):
    names = [name for names in (*ORDERED, ("pi_lb", "pi_ub")) for name in names]
    numbers = {name: getattr(value, name, None) for name in names}
    numbers = {
        n: np.asarray(v, float) for n, v in numbers.items() if v is not None and _is_number(v)
    }
    for names in ORDERED:
        middle, low, high = (numbers.get(name, np.nan) for name in names)
        for one, other in ((low, middle), (middle, high)):
            if np.any(_above(one, other)):
                yield f"{path}: {names[1]}, {names[0]}, {names[2]} are {low}, {middle}, {high}"
    yield from _narrower(value, numbers, path)
    yield from _no_proportions(value, path)


def _is_number(value):
    return isinstance(value, int | float | np.number) or (
        isinstance(value, np.ndarray) and value.dtype.kind in "fi"
    )


def _above(one, other):
    """Beyond rounding; False where either is missing."""
    with np.errstate(invalid="ignore"):
        slack = 1e-9 * (1 + np.abs(other))
        return np.asarray(one > other + slack) & np.isfinite(one) & np.isfinite(other)


def _narrower(value, numbers, path):
    if any(SAID.search(note) for note in getattr(value, "notes", ())):
        return
    low, high = (numbers.get(f"ci_{end}", np.nan) for end in ("lb", "ub"))
    wide_low, wide_high = (numbers.get(f"pi_{end}", np.nan) for end in ("lb", "ub"))
    if np.any(_above(wide_low, low)) or np.any(_above(high, wide_high)):
        yield f"{path}: prediction limits do not hold those of the mean, and no note says so"


def _no_proportions(value, path):
    shown = getattr(value, "displayed", None)
    if any("beyond" in note for note in getattr(value, "notes", ())):
        return
    if not isinstance(shown, dict) or getattr(value, "measure", None) not in PROPORTIONS:
        return
    for name in ("estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub"):
        number = shown.get(name)
        if number is not None and np.any((np.asarray(number) < 0) | (np.asarray(number) > 1)):
            yield f"{path}.displayed[{name!r}] is {number}"


def unsound(result):
    """Everything that is wrong with a result, as text."""
    if hasattr(result, "alt") and hasattr(result, "title"):
        words = f"{result.title} {result.alt} {result.caption or ''}"
        return [f"says {word}" for word in WORDLESS.findall(words)]
    found = [f"{path} is no finite number" for path in not_finite(result)]
    return found + list(disorder(result))


def ask_everything(result):
    """What a result answers, asked once: its words, its plain data, its table."""
    repr(result)
    for name in ("to_json", "terms"):
        if hasattr(result, name):
            getattr(result, name)()
    for name in ("displayed", "summary", "_repr_html_"):
        found = getattr(result, name, None)
        if callable(found):
            found()
