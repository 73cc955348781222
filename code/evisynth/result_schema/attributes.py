"""What a numpydoc section ``Attributes`` says of each attribute."""

from __future__ import annotations

import inspect
import re
from typing import NamedTuple


class Attribute(NamedTuple):
    """Type and description as the docstring has them, empty where it has none.

    ``names`` are those that share the description.
    """

    type: str
    text: str
    names: tuple[str, ...]

    @property
    def description(self):
        """The description, after all names where it tells of several in their order."""
        shared = len(self.names) > 1 and self.text
        return f"{', '.join(self.names)}: {self.text}" if shared else self.text


_SECTION = re.compile(r"^Attributes\n-{3,}\n(?P<entries>.*?)(?=^\S[^\n]*\n-{3,}$|\Z)", re.S | re.M)
_ENTRY = re.compile(r"^(?P<head>\S.*)\n?(?P<text>(?:(?:[ \t]+.*|)\n?)*)", re.M)


def attributes(cls) -> dict[str, Attribute]:
    """Attributes by name; several that share an entry have it each."""
    section = _SECTION.search(inspect.getdoc(cls) or "")
    found = {}
    for entry in _ENTRY.finditer(section["entries"]) if section else ():
        names, _, type_ = entry["head"].partition(" : ")
        names = tuple(name.strip() for name in names.split(","))
        one = Attribute(type_.strip(), _words(entry["text"]), names)
        found |= dict.fromkeys(names, one)
    return found


def summary(described) -> str:
    """The first paragraph of a docstring as one line; empty where there is none."""
    return _words((inspect.getdoc(described) or "").partition("\n\n")[0])


def _words(text):
    return " ".join(text.replace("``", "`").split())
