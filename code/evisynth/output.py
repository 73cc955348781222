"""Files written whole or not at all, and cells that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
from pathlib import Path

from evisynth.errors import EvisynthError

_BEGINS_A_FORMULA = re.compile(r"[=+@\t\r\n＝＋－＠-]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def write_text(path, text):
    """Write a text file in UTF-8: all of it, or nothing.

    The text goes to a file beside the target, which then takes the target's place in one step.
    Whoever is interrupted, or meets a full disk, leaves the old file as it was.

    Parameters
    ----------
    path : path
    text : str
        Line ends are written as they are.

    Returns
    -------
    Path

    Raises
    ------
    EvisynthError
        What the system said: no room left, no right to write. Or half a character in the text.
    """
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        found = f"U+{ord(text[error.start]):04X} at position {error.start}"
        raise EvisynthError(
            f"{path} cannot be written: {found} is half of a character; delete it."
        ) from None
    return write_bytes(path, data)


def write_bytes(path, data):
    """Write a file of bytes; as `write_text`."""
    path, new = Path(path), None
    try:
        handle, new = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(new).chmod(_mode(path))
        Path(new).replace(path)
    except OSError as error:
        _remove(new)
        raise EvisynthError(
            f"{path} cannot be written: {error.strerror or error}. It is as it was before; make "
            "room or allow writing, and run the command again."
        ) from None
    except BaseException:
        _remove(new)
        raise
    return path


def _mode(path):
    """Rights of the file that is replaced, or those that a new file gets here."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _remove(new):
    if new is not None:
        Path(new).unlink(missing_ok=True)


def write_csv(path, rows):
    """Write rows of cells as CSV that people open with spreadsheets; as `write_text`.

    Parameters
    ----------
    path : path
    rows : iterable of sequence
        The header first. Cells go through `harmless`.
    """
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(
        [harmless(cell) for cell in row] for row in rows
    )
    return write_text(path, text.getvalue())


def harmless(value):
    """A cell as text that a spreadsheet shows: an apostrophe stands before what begins a formula.

    Numbers stay numbers. Source: OWASP, CSV Injection.
    """
    return f"'{value}" if isinstance(value, str) and is_formula(value) else value


def is_formula(text):
    """Whether a spreadsheet would compute a cell instead of showing it."""
    return bool(_BEGINS_A_FORMULA.match(text)) and not _NUMBER.fullmatch(text)
