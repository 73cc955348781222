"""The tables and their codebook: reading them strictly, and every problem of form, listed.

The codebook is a Frictionless Data Package (``datapackage.json``). Files are read as bytes, then as
text, then as cells of the codebook's types; then constraints, keys and foreign keys are checked.
"""

from evisynth.evidence.schema.codebook import (
    CODEBOOK,
    Needs,
    field_of,
    find_package,
    read_codebook,
    resource_of,
)
from evisynth.evidence.schema.files import (
    NO_YAML_VALUE,
    other_separator,
    ragged,
    read_records,
    read_text,
)
from evisynth.evidence.schema.numbers import PrintedNumber, printed_text
from evisynth.evidence.schema.problems import (
    TEXT,
    TEXTS,
    Kind,
    Problem,
    Unreadable,
    is_text,
    is_texts,
    misfits,
    repeated,
)
from evisynth.evidence.schema.tables import Table, read_tables

__all__ = [
    "CODEBOOK",
    "NO_YAML_VALUE",
    "TEXT",
    "TEXTS",
    "Kind",
    "Needs",
    "PrintedNumber",
    "Problem",
    "Table",
    "Unreadable",
    "field_of",
    "find_package",
    "is_text",
    "is_texts",
    "misfits",
    "other_separator",
    "printed_text",
    "ragged",
    "read_codebook",
    "read_records",
    "read_tables",
    "read_text",
    "repeated",
    "resource_of",
]
