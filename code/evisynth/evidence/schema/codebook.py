"""The codebook: where it is, whether it is a codebook, and whether it has what the rules need."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evisynth.characters import VISIBLE, stray_in
from evisynth.errors import EvidenceError, EvisynthError
from evisynth.evidence.schema.files import read_text
from evisynth.evidence.schema.problems import (
    TEXT,
    Kind,
    Problem,
    Unreadable,
    is_texts,
    misfits,
    repeated,
)

CODEBOOK = "datapackage.json"
TYPES = ("string", "integer", "number", "boolean")


def find_package(folder=None) -> Path:
    """Folder of the codebook: the one that is named, else the nearest at or above the working one.

    Parameters
    ----------
    folder : path, optional
        Must hold the codebook itself. Without it, each folder from the working directory upwards is
        looked at, and a folder ``data`` in it.

    Raises
    ------
    EvisynthError
        Where there is none; the message says where it was looked for.
    """
    try:
        return _nearest(Path.cwd()) if folder is None else _named(Path(folder))
    except TypeError:
        raise EvisynthError(f"folder is {folder!r}; allowed: a path") from None
    except OSError as error:
        raise EvisynthError(f"{folder or 'working directory'}: {error.strerror}") from None


def _named(folder):
    if not folder.exists():
        raise EvisynthError(f"no such folder: {folder}")
    if not folder.is_dir():
        raise EvisynthError(f"{folder} is a file: name the folder that holds {CODEBOOK}")
    if not (folder / CODEBOOK).is_file():
        raise EvisynthError(f"no {CODEBOOK} in {folder}")
    return folder


def _nearest(start):
    for folder in (start, *start.parents):
        for place in (folder, folder / "data"):
            if (place / CODEBOOK).is_file():
                return place
    raise EvisynthError(
        f"no {CODEBOOK} in {start}, in a data folder of it, or above: name the folder that holds it"
    )


@dataclass(frozen=True)
class Needs:
    """What the rules need of one table; a codebook may ask for more, not for less.

    Attributes
    ----------
    key : tuple of str
    filled, open : mapping of column to type
        Columns in which no cell is empty, and columns in which cells may be.
    vocabulary : mapping of column to tuple of str
        All the words that the column may have.
    refers : mapping of column to table
        Foreign keys, by the table that they name.
    """

    key: tuple[str, ...]
    filled: Mapping[str, str]
    open: Mapping[str, str]
    vocabulary: Mapping[str, tuple[str, ...]]
    refers: Mapping[str, str]


def read_codebook(folder, needs: Mapping[str, Needs] | None = None) -> dict:
    """The codebook as a dict, checked.

    Parameters
    ----------
    folder : path
    needs : mapping of table name to Needs, optional
        Tables and columns that must be there.

    Raises
    ------
    EvidenceError
        Where the file is missing or broken, is no codebook of tables, or lacks what is needed;
        lists every problem.
    """
    try:
        book = _parse(read_text(Path(folder) / CODEBOOK))
        if found := stray_in(book):
            raise Unreadable(found, f"allowed: text {VISIBLE}")
    except Unreadable as error:
        raise EvidenceError([error.problem(CODEBOOK)]) from None
    problems = [Problem(CODEBOOK, *found) for found in _shape_faults(book)]
    if not problems:
        problems = [Problem(CODEBOOK, *found) for found in _unmet(book, needs or {})]
    if problems:
        raise EvidenceError(sorted(problems))
    return book


def _parse(text):
    try:
        return json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise Unreadable(f"line {error.lineno}: {error.msg}", "allowed: JSON") from None
    except ValueError as error:
        raise Unreadable(str(error), "allowed: JSON") from None
    except RecursionError:
        raise Unreadable("nested too deep", "allowed: a Frictionless data package") from None


def _without_repeats(pairs):
    twice = repeated([key for key, _ in pairs])
    if twice:
        raise ValueError(f"key {twice[0]!r} twice in one object")
    return dict(pairs)


def _refuse(constant):
    raise ValueError(f"{constant} is no number")


# Shape --------------------------------------------------------------------------------------------


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def _is_pattern(value):
    try:
        return bool(re.compile(value).pattern)
    except (TypeError, re.error):
        return False


def _is_dicts(value):
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)


def _is_meanings(value):
    return isinstance(value, dict) and all(isinstance(word, str) for word in value.values())


_ANY_TEXT = Kind("text", lambda value: isinstance(value, str)).optional
_OBJECTS = Kind("a list of one or more objects", _is_dicts)
_OBJECT = Kind("an object", lambda value: isinstance(value, dict))
_NUMBER = Kind("a number", _is_number).optional
_LENGTH = Kind("a whole number", lambda value: type(value) is int and 0 <= value < 1e9).optional
_FLAG = Kind("true or false", lambda value: isinstance(value, bool)).optional
_NAMES = Kind("a list of different names of columns", is_texts)
_FILE = Kind(
    "the name of a file in the same folder",
    lambda value: isinstance(value, str) and re.fullmatch(r"[^/\\:.][^/\\:]*", value) is not None,
)
_BOOK = {"resources": _OBJECTS, "version": TEXT}
_RESOURCE = {
    **dict.fromkeys(("title", "description", "scheme", "format", "mediatype"), _ANY_TEXT),
    "name": TEXT,
    "path": _FILE,
    "encoding": Kind("utf-8", lambda value: value == "utf-8").optional,
    "schema": _OBJECT,
}
_SCHEMA = {
    "fields": _OBJECTS,
    "missingValues": Kind('[""]: only an empty cell is missing', lambda v: v == [""]).optional,
    "primaryKey": _NAMES,
    "foreignKeys": _OBJECTS.optional,
}
_FIELD = {
    **dict.fromkeys(("title", "description", "example", "unit"), _ANY_TEXT),
    "name": TEXT,
    "type": Kind(", ".join(TYPES), lambda value: value in TYPES),
    "constraints": _OBJECT.optional,
    "meanings": Kind("an object of words and their meanings", _is_meanings).optional,
    "trueValues": Kind('["true"]', lambda value: value == ["true"]).optional,
    "falseValues": Kind('["false"]', lambda value: value == ["false"]).optional,
}
_CONSTRAINTS = {
    **dict.fromkeys(("required", "unique"), _FLAG),
    **dict.fromkeys(("minimum", "maximum"), _NUMBER),
    **dict.fromkeys(("minLength", "maxLength"), _LENGTH),
    "pattern": Kind("a regular expression", _is_pattern).optional,
    "enum": Kind("a list of different words", is_texts).optional,
}
_BY_TYPE = {
    "string": ("required", "unique", "minLength", "maxLength", "pattern", "enum"),
    "integer": ("required", "unique", "minimum", "maximum"),
    "number": ("required", "unique", "minimum", "maximum"),
    "boolean": ("required", "unique"),
}
_FOREIGN = {"fields": _NAMES, "reference": _OBJECT}
_REFERENCE = {"resource": _ANY_TEXT, "fields": _NAMES}


def _shape_faults(book) -> list[tuple]:
    """Row, key, value, allowed of everything that makes the codebook none; outer faults first."""
    if not isinstance(book, dict):
        return [("-", "-", book, "allowed: a Frictionless data package with version and resources")]
    parts = {key: book[key] for key in _BOOK if key in book}
    faults = [("-", *found) for found in misfits(parts, _BOOK)]
    if faults:
        return faults
    resources = book["resources"]
    for position, resource in enumerate(resources, 1):
        faults += _resource_faults(resource, str(resource.get("name", f"number {position}")))
    for key in ("name", "path"):
        twice = repeated([resource.get(key) for resource in resources])
        faults += [(name, key, name, "allowed: each table and each file once") for name in twice]
    return faults or [fault for resource in resources for fault in _dangling(resource, resources)]


def _resource_faults(resource, name):
    faults = [(name, *found) for found in misfits(resource, _RESOURCE)]
    if faults:
        return faults
    schema = resource["schema"]
    faults = [(name, *found) for found in misfits(schema, _SCHEMA)]
    if faults:
        return faults
    for position, field in enumerate(schema["fields"], 1):
        faults += _field_faults(field, f"{name}.{field.get('name', f'number {position}')}")
    for key in schema.get("foreignKeys", ()):
        faults += _key_faults(key, name)
    twice = repeated([field.get("name") for field in schema["fields"]])
    return faults + [(name, "fields", column, "allowed: each column once") for column in twice]


def _field_faults(field, name):
    faults = [(name, *found) for found in misfits(field, _FIELD)]
    if faults:
        return faults
    known = {key: _CONSTRAINTS[key] for key in _BY_TYPE[field["type"]]}
    return [(name, *found) for found in misfits(field.get("constraints", {}), known)]


def _key_faults(key, name):
    faults = list(misfits(key, _FOREIGN)) or list(misfits(key["reference"], _REFERENCE))
    return [(name, *found) for found in faults]


def resource_of(book, table) -> dict:
    """What a codebook says of a table."""
    return next(resource for resource in book["resources"] if resource["name"] == table)


def field_of(book, table, column) -> dict:
    """What a codebook says of a column of a table."""
    fields = resource_of(book, table)["schema"]["fields"]
    return next(field for field in fields if field["name"] == column)


def columns_of(resource) -> list[str]:
    """Names of the columns of a table of the codebook, in order."""
    return [field["name"] for field in resource["schema"]["fields"]]


def _dangling(resource, resources):
    """Keys that name columns or tables that are not there."""
    name, schema = resource["name"], resource["schema"]
    for column in schema["primaryKey"]:
        if column not in columns_of(resource):
            yield name, "primaryKey", column, f"allowed: {', '.join(columns_of(resource))}"
    others = {"": resource} | {other["name"]: other for other in resources}
    for key in schema.get("foreignKeys", ()):
        other = others.get(key["reference"]["resource"])
        if other is None:
            yield name, "foreignKeys", key["reference"]["resource"], f"allowed: {', '.join(others)}"
        elif len(key["fields"]) != len(key["reference"]["fields"]):
            yield name, "foreignKeys", key["fields"], "allowed: as many columns as it refers to"
        else:
            yield from _unknown_columns(name, key["fields"], resource)
            yield from _unknown_columns(name, key["reference"]["fields"], other)


def _unknown_columns(name, columns, resource):
    known = columns_of(resource)
    for column in dict.fromkeys(column for column in columns if column not in known):
        yield name, "foreignKeys", column, f"allowed: columns of {resource['name']}"


# Needs --------------------------------------------------------------------------------------------


def _unmet(book, needs):
    resources = {resource["name"]: resource for resource in book["resources"]}
    for name, need in needs.items():
        if name in resources:
            yield from _unmet_by(resources[name]["schema"], name, need)
        else:
            yield "-", "resources", "missing", f"needed: a table {name}"


def _unmet_by(schema, name, need):
    if tuple(schema["primaryKey"]) != need.key:
        yield name, "primaryKey", schema["primaryKey"], f"needed: {list(need.key)}"
    fields = {field["name"]: field for field in schema["fields"]}
    for column, type_ in {**need.filled, **need.open}.items():
        where = f"{name}.{column}"
        field = fields.get(column, {"type": "missing"})
        constraints = field.get("constraints", {})
        if field["type"] != type_:
            yield where, "type", field["type"], f"needed: {type_}"
        if column in need.filled and not constraints.get("required"):
            yield where, "required", constraints.get("required", "missing"), "needed: true"
        words = need.vocabulary.get(column)
        if words and not set(constraints.get("enum", ("",))) <= set(words):
            yield where, "enum", constraints.get("enum", "missing"), f"allowed: {', '.join(words)}"
    referring = {(*key["fields"], key["reference"]["resource"]) for key in _simple_keys(schema)}
    for column, other in need.refers.items():
        if (column, other) not in referring:
            yield f"{name}.{column}", "foreignKeys", "missing", f"needed: refers to {other}"


def _simple_keys(schema):
    return [key for key in schema.get("foreignKeys", ()) if len(key["fields"]) == 1]
