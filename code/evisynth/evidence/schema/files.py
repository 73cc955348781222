"""Reading files strictly: bytes, then text, then the records of a CSV table."""

from __future__ import annotations

import codecs
import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

from evisynth.characters import VISIBLE, stray
from evisynth.evidence.schema.problems import Unreadable

# What YAML's constructors raise, beside its own errors, at values that are not what a tag or a form
# says they are (``!!bool x``, 2020-99-99), or are nested too deep.
NO_YAML_VALUE = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Record(NamedTuple):
    """Cells of one record as text, and the line of the file on which it begins."""

    line: int
    cells: tuple[str, ...]


def read_text(path) -> str:
    """Text of a file in UTF-8, without a byte order mark and characters that are not seen.

    Raises
    ------
    Unreadable
        Where the file is missing, is no file, is empty, or has a byte or a character that may
        not be there, see `evisynth.characters.stray`; the message gives its line.
    """
    data = _read_bytes(Path(path))
    if not data:
        raise Unreadable("empty: 0 bytes", "needed: a file with something in it")
    if data.startswith(codecs.BOM_UTF8):
        raise Unreadable("begins with a byte order mark", "allowed: UTF-8 without one")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(_place(data, error.start), "allowed: UTF-8") from None
    control = _CONTROL.search(data)
    if control:
        raise Unreadable(_place(data, control.start()), "allowed: text without control characters")
    _refuse_unseen(text)
    return text


def _refuse_unseen(text):
    """Characters beyond ASCII that a reader of the file would not see, named with their line."""
    for number, line in enumerate(text.split("\n"), 1):
        found = stray(line, allowed="\t\r")
        if found:
            raise Unreadable(f"{found} on line {number}", f"allowed: text {VISIBLE}")


def _read_bytes(path):
    try:
        if not path.exists():
            raise Unreadable("missing", f"needed: the file {path.name}")
        if not path.is_file():
            raise Unreadable("a folder" if path.is_dir() else "not a file", "needed: a file")
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}", "needed: a file") from None


def _place(data, offset):
    line = data.count(b"\n", 0, offset) + 1
    return f"byte 0x{data[offset]:02x} on line {line}, at offset {offset}"


def read_records(path) -> tuple[tuple[str, ...], list[Record]]:
    """Header and records of a CSV file: commas, double quotes, any line ends.

    Raises
    ------
    Unreadable
        As `read_text` does, where quotes do not pair, and where the first line tells a program how
        cells are separated.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    records, line = [], 1
    try:
        for cells in reader:
            records.append(Record(line, tuple(cells)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable(
            f"line {line}: {error}", "allowed: CSV, double quotes in pairs around a whole cell"
        ) from None
    first = records[0].cells
    if first and first[0].strip().lower().startswith("sep=") and not any(first[1:]):
        found = f"line 1 is {','.join(first)!r}, which tells a spreadsheet how cells are separated"
        raise Unreadable(found, "allowed: the names of the columns; delete that line")
    return first, records[1:]


def ragged(header, record) -> str:
    """What is wrong with the cells of a record as a whole, or nothing."""
    if not record.cells:
        return "a blank line"
    if not any(cell.strip() for cell in record.cells):
        return "an empty row, of separators alone"
    if any(sign in cell for cell in record.cells for sign in "\r\n"):
        return "a line break in a cell"
    return "" if len(record.cells) == len(header) else f"{len(record.cells)} cells"


def other_separator(header) -> str | None:
    """The sign that seems to separate the cells of a header instead of a comma."""
    if len(header) != 1:
        return None
    return next((sign for sign in (";", "\t", "|") if sign in header[0]), None)
