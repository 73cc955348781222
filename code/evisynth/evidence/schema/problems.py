"""Problems: where something is wrong, what stands there, what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from evisynth.errors import EvisynthError

_LONGEST = 600


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong: where, what stands there, what is allowed.

    Every part is kept as text, shortened, so that problems of all kinds can be sorted and printed.

    Attributes
    ----------
    table, row, column : str
        ``row`` is the key of the row, or its line in the file where the key itself is broken;
        "-" where the problem is the whole table's or file's.
    value, allowed : str
    line : str
        Of the file, where it is known; else empty.
    """

    table: str
    row: str
    column: str
    value: str
    allowed: str
    line: str = ""

    def __post_init__(self):
        for part in fields(self):
            object.__setattr__(self, part.name, _shorten(str(getattr(self, part.name))))

    def __str__(self):
        line = f" line {self.line}," if self.line else ""
        where = " ".join(f"{self.table},{line} row {self.row}, {self.column}".split())
        return f"{where}: {self.value!r}; {self.allowed}"


def _shorten(text):
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


class Unreadable(EvisynthError):
    """A file that cannot be read as what it should be.

    Parameters
    ----------
    value, allowed : str
        What is there, and what is allowed.
    """

    def __init__(self, value, allowed):
        self.value, self.allowed = value, allowed
        super().__init__(f"{value}; {allowed}")

    def problem(self, table):
        """The same as a `Problem` of a table or file."""
        return Problem(table, "-", "-", self.value, self.allowed)


@dataclass(frozen=True)
class Kind:
    """What the value of a key must be.

    Attributes
    ----------
    what : str
        In words, for messages.
    fits : callable of one value to bool
    needed : bool
        Whether the key may not be left out.
    """

    what: str
    fits: Callable[[object], bool]
    needed: bool = True

    @property
    def optional(self):
        """The same kind, of a key that may be left out."""
        return replace(self, needed=False)


def is_text(value):
    """Whether a value is text with something in it."""
    return isinstance(value, str) and bool(value.strip())


def is_texts(value):
    """Whether a value is a list of one or more texts, none of them twice."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, str) for item in value)
        and len(set(value)) == len(value)
    )


TEXT = Kind("text (in quotes if it looks like a number, a date, yes or no)", is_text)
TEXTS = Kind("a list of different texts, such as [one, other]", is_texts)


class Misfit(NamedTuple):
    """A key of a declaration that is unknown, missing or of the wrong kind."""

    key: object
    value: object
    allowed: str


def misfits(given, kinds: Mapping[str, Kind]) -> Iterator[Misfit]:
    """Compare a declaration, as read from YAML or JSON, with the keys that it may have.

    Parameters
    ----------
    given : object
    kinds : mapping of key to Kind

    Yields
    ------
    Misfit
    """
    known = f"allowed: keys {', '.join(kinds)}"
    if not isinstance(given, dict):
        yield Misfit("-", given, known)
        return
    for key in given:
        if key not in kinds:
            yield Misfit(key, "unknown key", known)
    for key, kind in kinds.items():
        if key not in given and kind.needed:
            yield Misfit(key, "missing", f"needed: {kind.what}")
        elif key in given and not kind.fits(given[key]):
            yield Misfit(key, given[key], f"allowed: {kind.what}")


def repeated(values) -> list:
    """Values that come more than once, in order."""
    return [value for i, value in enumerate(values) if value in values[:i]]
