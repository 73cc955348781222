"""What every declaration is made of: models that do not change, and the kinds of their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)
from pydantic_core import PydanticCustomError

from evisynth.checks import LINK, is_link
from evisynth.evidence.schema import TEXT, TEXTS, is_text


class Declared(BaseModel):
    """A mapping with known keys, each of its own kind; it does not change once it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Every key that may be declared, as it is written in the file."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    def replaced(self, **changes):
        """The same declaration with some fields otherwise; the new values are not checked."""
        return self.model_copy(update=changes)

    def dump(self) -> dict:
        """What the file would hold: plain lists and mappings, without what is left at default."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


@dataclass(frozen=True)
class Words:
    """What a value must be, in words: for messages, also where the value is missing."""

    allowed: str


def kind(type_, allowed: str, fits: Callable[[object], bool]):
    """A type of which a value is refused as a whole, in words of the book.

    Parameters
    ----------
    type_ : type
        What a value that fits becomes.
    allowed : str
        In words.
    fits : callable of one value to bool

    Returns
    -------
    type
        Annotated for pydantic.
    """

    def checked(value):
        if not fits(value):
            raise PydanticCustomError("kind", "{allowed}", {"allowed": allowed})
        return value

    return Annotated[type_, BeforeValidator(checked), Words(allowed)]


def words_of(model: type[Declared], key: str) -> str:
    """What a key's value must be: its kind in words, or the keys of the model that it holds."""
    field = next(f for name, f in model.model_fields.items() if key in (name, f.alias))
    said = [item.allowed for item in field.metadata if isinstance(item, Words)]
    return said[0] if said else "what the file of other analyses shows"


def _is_id(value):
    return isinstance(value, str) and bool(re.fullmatch(r"[a-zA-Z0-9][\w-]*", value, re.ASCII))


def is_codes(value):
    """One or more texts, none twice."""
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(item, str) for item in value)
        and len(set(value)) == len(value)
    )


def is_values(value):
    """Texts or numbers, none twice; YAML's own dates, yes and no are neither."""
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(type(item) in (str, int, float) for item in value)
        and len(set(value)) == len(value)
    )


def is_filters(value):
    """Columns, each with a list of values."""
    return isinstance(value, Mapping) and all(
        isinstance(column, str) and is_values(allowed) for column, allowed in value.items()
    )


def entries(model, what: str):
    """One or more entries of a model, refused as a whole where it is no list of them."""
    return kind(
        tuple[model, ...], what, lambda value: isinstance(value, list | tuple) and bool(value)
    )


def part(model):
    """A model that may be left out, but not declared empty."""
    what = f"a mapping with {', '.join(model.keys())}"
    return kind(model | None, what, lambda value: isinstance(value, Mapping | model))


def _is_names(value):
    return (
        isinstance(value, Mapping) and bool(value) and all(map(is_text, (*value, *value.values())))
    )


def frozen(mapping):
    """A mapping that cannot be changed; what it was made from does not reach it."""
    return MappingProxyType(dict(mapping))


# A text that may be a row's id, a title, a sentence with numbers in braces.
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]
# It becomes an attribute of headings and links.
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Sentence = kind(str, TEXT.what, is_text)
Codes = kind(tuple[str, ...], TEXTS.what, is_codes)
# It becomes the name of a file, an anchor and part of a glue key.
Id = kind(
    str, "letters, digits, - and _, a letter or digit first, in quotes if it is a number", _is_id
)
PageLink = kind(str, LINK, lambda value: is_text(value) and is_link(value))
Filters = Annotated[
    kind(
        dict[str, tuple[str | int | float, ...]],
        "columns of cohorts, each with a list of values, such as {a: [b, c]}",
        lambda value: is_filters(value) and bool(value),
    ),
    BeforeValidator(lambda value: dict(value) if isinstance(value, Mapping) else value),
    AfterValidator(frozen),
    PlainSerializer(lambda value: {column: list(allowed) for column, allowed in value.items()}),
]
ShortNames = Annotated[
    kind(dict[str, str], "short names of pools by their ids", _is_names),
    AfterValidator(frozen),
    PlainSerializer(dict),
]
Series = kind(int, "1, 2 or 3", lambda value: type(value) is int and value in (1, 2, 3))
