"""Constraints, keys and foreign keys of the codebook (Frictionless Table Schema, v1).

The rules are few and `read_codebook` lets no others through. The whole base is checked at every
load, which a general validator makes three times as long.
"""

from __future__ import annotations

import re
from collections import Counter

from evisynth.evidence.schema.problems import Problem

_NO_KEY = "allowed: a key that no other row has, and no empty cell in it"


def broken_constraints(table, field):
    """Rows of a table whose cell breaks a constraint of its field.

    Parameters
    ----------
    table : Table
        Cells of the field's type, or None.
    field : dict
        Of the codebook.

    Returns
    -------
    list of dict
    """
    name, rules = field["name"], field.get("constraints", {})
    kept = [_RULES[rule](value) for rule, value in rules.items() if rule in _RULES]
    required = rules.get("required", False)
    broken = [
        row
        for row in table
        if (required if row[name] is None else not all(keeps(row[name]) for keeps in kept))
    ]
    return broken + (_again(table, name) if rules.get("unique") else [])


_RULES = {
    "enum": lambda words: lambda value: value in words,
    "pattern": lambda form: lambda value, form=re.compile(form): form.fullmatch(value) is not None,
    "minimum": lambda least: lambda value: value >= least,
    "maximum": lambda most: lambda value: value <= most,
    "minLength": lambda least: lambda value: len(value) >= least,
    "maxLength": lambda most: lambda value: len(value) <= most,
}


def _again(table, name):
    """Rows whose cell stands in an earlier row already."""
    seen, again = set(), []
    for row in table:
        if row[name] in seen:
            again.append(row)
        elif row[name] is not None:
            seen.add(row[name])
    return again


def broken_keys(table):
    """A problem for each row whose primary key is empty in part, or stands in an earlier row."""
    seen = Counter()
    for row in table:
        key = tuple(row[column] for column in table.key)
        seen[key] += 1
        if None in key or seen[key] > 1:
            shown = ", ".join(map(str, key))
            yield Problem(table.name, table.key_of(row), ", ".join(table.key), shown, _NO_KEY)


def broken_references(table, schema, tables):
    """A problem for each row that refers to a row which is not there.

    Parameters
    ----------
    table : Table
    schema : dict
        Of the table; a foreign key to ``""`` refers to the table itself.
    tables : dict of str to Table
        Those that were read whole: references to others are not judged.
    """
    for key in schema.get("foreignKeys", ()):
        other = tables.get(key["reference"]["resource"] or table.name)
        if other is None:
            continue
        fields, referred = key["fields"], key["reference"]["fields"]
        known = {tuple(row[column] for column in referred) for row in other}
        allowed = f"allowed: {', '.join(referred)} of a row of {other.name}"
        for row in table:
            cells = tuple(row[column] for column in fields)
            if cells not in known and any(cell is not None for cell in cells):
                shown = ", ".join(map(str, cells))
                yield Problem(table.name, table.key_of(row), ", ".join(fields), shown, allowed)
