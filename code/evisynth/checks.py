"""What arguments may be: one place for every bound, and the message where one is broken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from numbers import Integral, Real

import numpy as np

from evisynth.characters import VISIBLE, look, stray, trimmed
from evisynth.errors import ArgumentError

# Beyond these, squares and products leave the range of floating point.
LARGEST, SMALLEST_VARIANCE = 1e50, 1e-50
LARGEST_COUNT = 1e9


def shown(value):
    """A value as a message quotes it: one line, at most 60 characters."""
    try:
        return f"{' '.join(repr(value).split()):.60}"
    except ValueError:  # an integer of more digits than Python prints
        return f"a very long {type(value).__name__}"


def check_numbers(
    function, argument, values, *, lower=-LARGEST, upper=LARGEST, allowed="finite numbers",
    stack=False,
):  # fmt: skip
    """Values as a float array of shape (k,), k >= 1, each finite and within the bounds.

    Parameters
    ----------
    function, argument : str
        For the message.
    values : array_like of numbers
        Nothing masked, no text, no dates.
    lower, upper : float
        What the values may be, ends included.
    allowed : str
        The same in words.
    stack : bool
        Whether a stack of data sets, shape (B, k), is allowed too.

    Returns
    -------
    ndarray of float, shape (k,) or (B, k)

    Raises
    ------
    ArgumentError
        Anything else; the message names the first position that is wrong.
    """
    if values is None:
        raise ArgumentError(function, argument, "missing", allowed)
    _refuse_masked(function, argument, values, allowed)
    array = _as_floats(function, argument, values, allowed)
    if array.ndim != 1 and not (stack and array.ndim == 2):
        shapes = "one dimension, or a stack (data sets, studies)" if stack else "one dimension"
        raise ArgumentError(function, argument, f"of shape {array.shape}", shapes)
    if array.size == 0:
        raise ArgumentError(function, argument, "empty (k = 0)", f"at least one study, {allowed}")
    least = max(lower, -upper)
    if np.all((array >= least) & (array <= upper)):  # what is not a number fails it too
        return array
    low = lower if lower > -upper else -np.inf
    _first(function, argument, array, ~np.isfinite(array) | (array < low), allowed)
    size = "" if lower >= 0 else " in size"
    _first(function, argument, array, np.abs(array) > upper, f"{allowed} up to {upper:g}{size}")
    return array


def _first(function, argument, array, wrong, allowed):
    """Refuse the first value at which ``wrong`` holds."""
    if np.any(wrong):
        position = tuple(np.argwhere(wrong)[0].tolist())
        where = position[0] if len(position) == 1 else position
        raise ArgumentError(
            function, argument, f"{array[position]:.12g} at position {where}", allowed
        )


def _refuse_masked(function, argument, values, allowed):
    """A masked value would come back as the number beneath its mask."""
    if isinstance(values, np.ma.MaskedArray):
        masked = np.flatnonzero(np.ma.getmaskarray(values))
    elif isinstance(values, list | tuple):
        masked = [i for i, value in enumerate(values) if value is np.ma.masked]
    else:
        return
    if len(masked):
        raise ArgumentError(function, argument, f"masked at position {masked[0]}", allowed)


def _as_floats(function, argument, values, allowed):
    """An array of floats; text is refused, also where it could be read as a number."""
    try:
        array = np.atleast_1d(np.asarray(values))
    except ValueError:
        raise ArgumentError(function, argument, shown(values), allowed) from None
    if array.dtype.kind in "mM":
        raise ArgumentError(function, argument, f"of type {array.dtype}", allowed)
    if array.dtype.kind in "biuf":
        with np.errstate(over="ignore"):  # a longer float becomes infinite, which is refused
            return array.astype(float)
    objects = np.atleast_1d(np.asarray(values, dtype=object))
    floats = [_as_float(function, argument, *item, allowed) for item in enumerate(objects.flat)]
    return np.reshape(floats, objects.shape)


def _as_float(function, argument, position, value, allowed):
    given = f"{shown(value)} at position {position}"
    if isinstance(value, str | bytes):
        raise ArgumentError(function, argument, given, allowed)
    try:
        return float(value)
    except OverflowError:
        given = f"beyond floating point at position {position}"
        raise ArgumentError(function, argument, given, allowed) from None
    except (TypeError, ValueError):
        raise ArgumentError(function, argument, given, allowed) from None


def check_length(function, argument, array, first_name, first):
    """Two arrays of one length, or of one shape."""
    if array.ndim > 1 or first.ndim > 1:
        if array.shape != first.shape:
            allowed = f"the shape of {first_name}, {first.shape}"
            raise ArgumentError(function, argument, f"of shape {array.shape}", allowed)
    elif array.size != first.size:
        allowed = f"the length of {first_name}, {first.size}"
        raise ArgumentError(function, argument, f"of length {array.size}", allowed)


def check_effects(function, yi, vi, *, stack=False):
    """Effect sizes and sampling variances as float arrays of one shape (k,), or (B, k)."""
    yi = check_numbers(function, "yi", yi, stack=stack)
    positive = "positive finite numbers"
    if not _positive(vi):
        vi = check_numbers(
            function, "vi", vi, lower=np.nextafter(0, 1), allowed=positive, stack=stack
        )
    small = f"{positive} from {SMALLEST_VARIANCE:g}"
    vi = check_numbers(function, "vi", vi, lower=SMALLEST_VARIANCE, allowed=small, stack=stack)
    check_length(function, "vi", vi, "yi", yi)
    return yi, vi


def _positive(vi):
    """A plain array of which the first of two checks can be spared."""
    return isinstance(vi, np.ndarray) and vi.dtype == float and bool(np.all(vi > 0))


def check_counts(function, xi, ni, *, names=("xi", "ni"), stack=False):
    """Events and totals as float arrays of shape (k,), or (B, k): whole, 0 <= xi <= ni >= 1."""
    x_name, n_name = names
    xi = _check_whole(function, x_name, xi, 0, stack)
    ni = _check_whole(function, n_name, ni, 1, stack)
    check_length(function, n_name, ni, x_name, xi)
    for name, array in ((x_name, xi), (n_name, ni)):
        _first(function, name, array, array != np.round(array), "whole numbers")
    wrong = xi > ni
    if np.any(wrong):
        allowed = f"at most its total, {ni[wrong][0]:.12g}"
        _first(function, x_name, xi, xi > ni, allowed)
    return xi, ni


def _check_whole(function, name, values, lower, stack):
    allowed = f"whole numbers from {lower}"
    return check_numbers(
        function, name, values, lower=lower, upper=LARGEST_COUNT, allowed=allowed, stack=stack
    )


def check_tables(function, ai, n1i, ci, n2i, *, stack=False):
    """Events and totals of two arms, each of shape (k,), or (B, k)."""
    ai, n1i = check_counts(function, ai, n1i, names=("ai", "n1i"), stack=stack)
    ci, n2i = check_counts(function, ci, n2i, names=("ci", "n2i"), stack=stack)
    check_length(function, "ci", ci, "ai", ai)
    return ai, n1i, ci, n2i


def check_subset(function, subset, shape):
    """Which studies of each data set count, and the shape (B, k) that follows.

    Parameters
    ----------
    subset : array_like of bool, shape (B, k)
        At least one study in each row.
    shape : tuple of int
        Of the data: (k,), used by every row, or (B, k).

    Returns
    -------
    ndarray of bool, shape (B, k)
    """
    k = shape[-1]
    allowed = f"true or false, of shape (B, {k})" if len(shape) == 1 else f"of shape {shape}"
    try:
        array = np.asarray(subset)
    except ValueError:
        raise ArgumentError(function, "subset", shown(subset), allowed) from None
    if array.dtype != bool or np.ma.isMaskedArray(subset):
        raise ArgumentError(function, "subset", f"of type {array.dtype}", allowed)
    if array.ndim != 2 or array.shape[1] != k or (len(shape) == 2 and array.shape != shape):
        raise ArgumentError(function, "subset", f"of shape {array.shape}", allowed)
    if array.shape[0] == 0:
        raise ArgumentError(function, "subset", "empty (B = 0)", "at least one row")
    if not np.all(array.any(axis=1)):
        row = int(np.flatnonzero(~array.any(axis=1))[0])
        raise ArgumentError(function, "subset", f"empty in row {row}", "at least one study a row")
    return array


def check_number(function, argument, value, holds, allowed):
    """A single real number of which ``holds`` is true, as a float.

    True and False are none: in arrays they are 1 and 0, as events and indicators are written, but
    in place of a single number they are a mistake.
    """
    try:
        number = float(value) if is_number(value, Real) else None
    except OverflowError:
        number = None
    if number is None or not holds(number):
        raise ArgumentError(function, argument, shown(value), allowed)
    return number


def check_level(function, level):
    """A confidence level strictly between 0 and 1."""
    allowed = "a number between 0 and 1, such as 0.95"
    return check_number(function, "level", level, lambda value: 0 < value < 1, allowed)


def check_whole_number(function, argument, value, low, high):
    """A single integer from ``low`` to ``high``, as Python's."""
    if not is_number(value, Integral) or not low <= value <= high:
        allowed = f"a whole number from {low} to {high}"
        raise ArgumentError(function, argument, shown(value), allowed)
    return int(value)


def is_number(value, kind):
    """A number, and neither a truth nor a span of time, which pass for integers otherwise."""
    return isinstance(value, kind) and not isinstance(value, bool | np.timedelta64)


def check_flag(function, argument, value):
    """True or False, as Python's."""
    if not isinstance(value, bool | np.bool_):
        raise ArgumentError(function, argument, shown(value), "True or False")
    return bool(value)


def check_choice(function, argument, value, allowed):
    """One of some names."""
    allowed = tuple(allowed)
    if not isinstance(value, str) or value not in allowed:
        raise ArgumentError(function, argument, shown(value), ", ".join(allowed))
    return str(value)


def check_slab(function, slab, k):
    """Study labels as strings, one per study; numbered where none are given."""
    if slab is None:
        return tuple(f"Study {i + 1}" for i in range(k))
    return check_labels(function, "slab", slab, k, f"one label per study, {k}")


def check_labels(function, argument, given, k, allowed, *, blank=False):
    """Labels as strings, ``k`` where it is given: text, numbers such as years, or truths.

    None is blank, unless ``blank``, and none differs from another in nothing that can be seen.
    """
    # A set has no order in which its labels could be those of the studies.
    if isinstance(given, str | bytes | set | frozenset | Mapping):
        raise ArgumentError(function, argument, shown(given), allowed)
    try:
        labels = tuple(given)
    except TypeError:
        raise ArgumentError(function, argument, shown(given), allowed) from None
    if k is not None and len(labels) != k:
        raise ArgumentError(function, argument, f"of length {len(labels)}", allowed)
    for position, label in enumerate(labels):
        if not _is_label(label):
            wrong = f"{shown(label)} at position {position}"
            raise ArgumentError(function, argument, wrong, allowed)
    labels = tuple(map(str, labels))
    for position, label in enumerate(labels):
        if label or not blank:
            check_label(function, argument, label, f" at position {position}")
    _refuse_alike(function, argument, labels)
    return labels


def check_label(function, argument, text, where=""):
    """One label, or name of a group: of one line, not blank, with nothing that cannot be seen.

    Raises
    ------
    ArgumentError
        A label that is blank, begins or ends with a blank, or has a character of `stray`.
    """
    character = stray(text)
    if character is not None:
        given = f"{shown(text)}{where}, with {character}"
        raise ArgumentError(function, argument, given, f"one line of text, {VISIBLE}")
    if text != trimmed(text) or not text:
        wrong = "text without blanks before and after it" if trimmed(text) else "text"
        raise ArgumentError(function, argument, f"{shown(text)}{where}", wrong)
    return text


LINK = "a place of this book, or an address that begins with https:, http: or mailto:"
_SCHEME = re.compile(r"([^/?#]*?):")
_IGNORED = re.compile(r"[\x00-\x20\x7f-\xa0]")  # what browsers drop when they read an address


def is_link(text):
    """Whether an address leads somewhere and runs nothing: a place, or a scheme that is known."""
    scheme = _SCHEME.match(_IGNORED.sub("", text))
    return scheme is None or scheme[1].lower() in ("https", "http", "mailto")


def check_link(function, argument, href):
    """An address of `is_link`; an empty one is none.

    Raises
    ------
    ArgumentError
        What is no text, or begins with another scheme, such as ``javascript:``.
    """
    if not isinstance(href, str) or not is_link(href):
        raise ArgumentError(function, argument, shown(href), LINK)
    return href


def _refuse_alike(function, argument, labels):
    """Two labels that differ in kinds or numbers of blanks, or in how a letter is composed."""
    seen = {}
    for position, label in enumerate(labels):
        first, where = seen.setdefault(look(label), (label, position))
        if first != label:
            given = f"{first!a} at position {where} and {label!a} at position {position}"
            raise ArgumentError(
                function, argument, f"{given}, which look alike", "one spelling of each label"
            )


def _is_label(value):
    if not is_number(value, Real):
        return isinstance(value, str | bool | np.bool_)
    try:
        return abs(float(value)) <= LARGEST  # NaN is no label, and neither is infinity
    except OverflowError:
        return False
