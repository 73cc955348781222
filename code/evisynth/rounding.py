"""How many digits a number is shown with: the one place that rounds for readers.

A number that is not 0 is never shown as 0, unless its interval has 0 inside, and limits that differ
are shown to differ; beyond that a percentage is whole and a ratio has two decimals.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor, inf, isfinite, log10

RARE = 0.01  # a rate is rare where even its upper limit lies below this
_MOST_DECIMALS = 6  # beyond them a power of ten
_FINEST = 17  # digits of a float
_DIVIDED = 4e-16  # error of a quotient of two counts, or of a difference of two such
_NOISE = 1e-9  # beside the largest of some numbers, what cancelled


def exact(proportion) -> Fraction:
    """The fraction that a proportion stands for: x/n where it is the quotient of two counts.

    Parameters
    ----------
    proportion : float or Fraction
        A quotient x/n with n up to a million is found again, so that 23/40 lies at a half and not
        a rounding error below it.
    """
    if isinstance(proportion, Fraction):
        return proportion
    given = Fraction(float(proportion))
    near = given.limit_denominator(10**6)
    return near if abs(near - given) <= _DIVIDED else given


def percents(*proportions) -> tuple[str, ...]:
    """Proportions, or differences of proportions, as percentages, halves away from 0.

    Parameters
    ----------
    *proportions : float or Fraction
        Numbers that stand together; of two or more the last two are limits.

    Returns
    -------
    tuple of str
        Whole numbers; to the first digit that is not 0 where a whole number would be 0 or where
        all are below one percent; with more decimals where they keep the limits apart.
    """
    fractions = [100 * exact(value) for value in proportions]
    rare = len(fractions) > 1 and max(map(abs, fractions)) < 100 * RARE
    decimals = [_first_digit(value) if rare and value else 0 for value in fractions]
    return _apart(fractions, decimals, _fixed, whole=(0, 100))


def decimal_numbers(*values, decimals: int = 2) -> tuple[str, ...]:
    """Numbers that stand together with so many decimals, and more where those say nothing.

    Parameters
    ----------
    *values : float
        Of two or more the last two are limits.
    decimals : int

    Returns
    -------
    tuple of str
        What is no more than an error of floating point beside the others is 0.
    """
    values = [float(value) for value in values]
    largest = max((abs(value) for value in values if isfinite(value)), default=0.0)
    values = [0.0 if abs(value) <= _NOISE * largest else value for value in values]
    if any(value and _says_nothing(_formatted(value, decimals)) for value in values):
        decimals = max(decimals, _deserved(values))
    return _apart(values, [decimals] * len(values), _formatted)


def ratios(*values) -> tuple[str, ...]:
    """Ratios that stand together, in a column: three digits or two decimals, and more where needed.

    Parameters
    ----------
    *values : float
        Not negative; of two or more the last two are limits.
    """
    values = [float(value) for value in values]
    return _apart(values, [_ratio_decimals(value) for value in values], _formatted)


def _ratio_decimals(value):
    return 2 if value < 9.995 else 1 if value < 99.95 else 0


def _apart(values, decimals, text, whole=()):
    """Texts with at least these decimals in which nothing is lost.

    ``whole`` are values that need no decimals whatever the others have.
    """
    decimals = [_not_nothing(v, d, text) for v, d in zip(values, decimals, strict=True)]
    if len(values) > 2 and values[-2] < 0 < values[-1]:
        # Nothing is what such an interval says: its estimate needs no digits beyond the limits'.
        decimals[:-2] = [min(d, max(decimals[-2:])) for d in decimals[:-2]]
    texts = [text(value, d) for value, d in zip(values, decimals, strict=True)]
    if len(values) < 2 or values[-2] == values[-1]:
        return tuple(texts)
    more = min(decimals[-2:])
    while texts[-2] == texts[-1] and more < _FINEST:
        more += 1
        decimals = [
            d if value in whole else max(d, more) for value, d in zip(values, decimals, strict=True)
        ]
        texts = [text(value, d) for value, d in zip(values, decimals, strict=True)]
    return tuple(texts)


def _says_nothing(text):
    return not text.strip("−0.")


def _deserved(values):
    """Decimals of the second digit of half an interval's width; of a number alone of its first."""
    width = values[-1] - values[-2] if len(values) > 1 else 0.0
    if not 0 < width < inf:
        return 0
    return min(1 - floor(log10(width / 2)), _MOST_DECIMALS)


def _not_nothing(value, decimals, text):
    """These decimals, or those of the first digit where a number that is not 0 would show none."""
    if not value or not isfinite(value) or not _says_nothing(text(value, decimals)):
        return decimals
    return _first_digit(value)


def _first_digit(value):
    """Decimals that reach the first digit of a number below 1."""
    return -int(f"{abs(float(value)):.0e}".partition("e")[2])


def _fixed(value: Fraction, decimals: int) -> str:
    """A fraction with so many decimals, halves away from 0."""
    if decimals > _MOST_DECIMALS:
        return _formatted(float(value), decimals)
    unit = 10**decimals
    whole, rest = divmod(floor(abs(value) * unit + Fraction(1, 2)), unit)
    sign = "−" * (value < 0 and bool(whole or rest))
    return f"{sign}{whole}.{rest:0{decimals}}" if decimals else f"{sign}{whole}"


def _formatted(value: float, decimals: int) -> str:
    if value != value:
        return "–"
    if not isfinite(value):
        return "−∞" if value < 0 else "∞"
    if abs(value) >= 1e6:
        return signed(f"{value:.{max(3, decimals)}g}")
    if decimals > _MOST_DECIMALS and 0 < abs(value) < 10.0**-_MOST_DECIMALS:
        return _power(value, decimals)
    return signed(f"{value:.{decimals}f}")


def _power(value, decimals):
    """``3e−9``, with as many digits as ``decimals`` reach."""
    digits = max(decimals + floor(log10(abs(value))), 0)
    number, _, exponent = f"{value:.{digits}e}".partition("e")
    return f"{signed(number)}e{signed(str(int(exponent)))}"


def signed(text: str) -> str:
    """A number with a true minus sign, and none before a zero."""
    if not text.strip("-0."):
        return text.removeprefix("-")
    return f"−{text[1:]}" if text.startswith("-") else text
