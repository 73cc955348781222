"""A fault of a book, as a build tells it."""

from __future__ import annotations

from typing import NamedTuple

from evisynth.errors import printable


class Fault(NamedTuple):
    """Where something is wrong, what it is, and what to do."""

    where: str
    what: str
    remedy: str

    def __str__(self):
        return printable(f"{self.where}: {self.what}; {self.remedy}")
