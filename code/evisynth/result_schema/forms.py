"""The JSON form of a Python type, as `evisynth.result.plain` writes it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from evisynth.result import Result
from evisynth.result_schema.attributes import attributes, summary

NUMBER, WHOLE, TEXT = {"type": "number"}, {"type": "integer"}, {"type": "string"}
TRUTH, NULL = {"type": "boolean"}, {"type": "null"}
NUMBER_OR_NULL = {"type": ["number", "null"]}
_SIMPLE = {float: NUMBER, int: WHOLE, str: TEXT, bool: TRUTH, NoneType: NULL}
_ELEMENTS = {"int": WHOLE, "bool": TRUTH}
_CHOICES = re.compile(r'\{("[^"]*"(?:, "[^"]*")*)\}')
_ARRAY = re.compile(r"ndarray(?: of (?P<kind>\w+))?, shape \((?P<shape>[^)]*)\)")


def ref(name):
    """A reference to one of the schema's definitions."""
    return {"$ref": f"#/$defs/{name}"}


def form_of(hint, documented=""):
    """Schema of a type.

    Parameters
    ----------
    hint : type
        As a field is annotated.
    documented : str
        The type in the docstring, which may list the choices of a text, or say the kind and shape
        of an array.

    Returns
    -------
    dict

    Raises
    ------
    TypeError
        A type that no result should have.
    """
    if hint is str and (choices := _CHOICES.fullmatch(documented)):
        return {"enum": [choice.strip(' "') for choice in choices[1].split(",")]}
    if get_origin(hint) is Literal:
        return {"enum": list(get_args(hint))}
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if hint is np.ndarray:
        return _array(documented)
    origin = get_origin(hint) or hint
    if origin in (Union, UnionType):
        return _any(form_of(one, documented) for one in get_args(hint))
    if origin in (tuple, list) and get_args(hint):
        return _sequence(get_args(hint))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        values = get_args(hint)
        return {"type": "object"} | ({"additionalProperties": form_of(values[1])} if values else {})
    return _of_class(hint)


def _array(documented):
    found = _ARRAY.search(documented)
    form = _ELEMENTS.get(found["kind"], NUMBER_OR_NULL) if found else NUMBER_OR_NULL
    for _ in filter(None, found["shape"].split(",")) if found else "1":
        form = {"type": "array", "items": form}
    return form


def _any(forms):
    """One of some forms; those that are plain types are put together."""
    forms = list(forms)
    plain = [form["type"] for form in forms if set(form) == {"type"} and form["type"] != "object"]
    others = [form for form in forms if set(form) != {"type"} or form["type"] == "object"]
    together = {"type": plain[0] if len(plain) == 1 else plain}
    return {"anyOf": [*others, *([together] if plain else [])]} if others else together


def _sequence(items):
    if items[-1] is Ellipsis:
        return {"type": "array", "items": form_of(items[0])}
    return _exactly([form_of(item) for item in items])


def _exactly(forms):
    return {"type": "array", "prefixItems": forms, "minItems": len(forms), "maxItems": len(forms)}


def _of_class(cls):
    """A result by reference, a named tuple as an array, a dataclass as an object."""
    if isinstance(cls, type) and issubclass(cls, Result):
        return ref(cls.__name__)
    if hasattr(cls, "_fields"):
        hints = get_type_hints(cls)
        named = [form_of(hints[name]) | {"title": name} for name in cls._fields]
        return _exactly(named) | {"description": summary(cls)}
    if dataclasses.is_dataclass(cls):
        return object_of(cls)
    raise TypeError(f"no JSON form for {cls!r}")


def _field_names(cls):
    """Of a dataclass, or of a model that is declared."""
    return list(getattr(cls, "model_fields", None) or (f.name for f in dataclasses.fields(cls)))


def object_of(cls, *, more=None, described=None):
    """A dataclass or a declared model as an object with exactly its fields.

    Parameters
    ----------
    cls : type
    more : dict of str to dict, optional
        Further properties, first; those with a "const" are needed.
    described : callable, optional
        Description of a field by its name, where the docstring has none.
    """
    known, hints = attributes(cls), get_type_hints(cls)
    names = _field_names(cls)
    properties = dict(more or {})
    for name in names:
        entry = known.get(name)
        description = (entry.description if entry else "") or (described(name) if described else "")
        properties[name] = form_of(hints[name], entry.type if entry else "") | (
            {"description": description} if description else {}
        )
    needed = [name for name, form in (more or {}).items() if "const" in form]
    return {
        "title": cls.__name__, "description": summary(cls), "type": "object",
        "properties": properties, "required": [*needed, *names], "additionalProperties": False,
    }  # fmt: skip
