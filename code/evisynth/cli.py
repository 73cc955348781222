"""``evisynth``: validate an evidence base, compare two extraction passes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from evisynth.command import run
from evisynth.errors import EvidenceError, EvisynthError, printable


def main(arguments=None):
    """Run the command; returns the exit code: 0 fine, 1 problems found, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="evisynth", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    validate = commands.add_parser("validate", help="check the tables: types, keys, arithmetic")
    validate.add_argument(
        "folder", nargs="?", help="where datapackage.json is; default: the nearest"
    )
    validate.add_argument(
        "--sources", help="folder with the sources' texts; default: what EVISYNTH_SOURCES names"
    )
    validate.set_defaults(run=_validate)
    compare = commands.add_parser("compare", help="list where two extraction passes differ")
    compare.add_argument("first", type=Path)
    compare.add_argument("second", type=Path)
    compare.set_defaults(run=_compare)
    chosen = parser.parse_args(arguments)
    _print_anything()
    try:
        return chosen.run(chosen)
    except EvidenceError as error:
        print(error)
        return 1
    except EvisynthError as error:
        print(f"evisynth {chosen.command}: {error}", file=sys.stderr)
        return 2


def _print_anything():
    """A terminal that lacks a letter shows its code instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _validate(chosen):
    from evisynth.evidence.base import read_everything
    from evisynth.evidence.readings.checks import FOLDER
    from evisynth.evidence.readings.source_text import SOURCES, check_source_text, text_folder
    from evisynth.evidence.schema import find_package

    folder, texts = find_package(chosen.folder), text_folder(chosen.sources)
    tables, analyses, problems = read_everything(folder)
    if texts and not problems:
        problems = check_source_text(texts, tables)
    if problems:
        raise EvidenceError(problems)
    rows = sum(len(table) for table in tables.values())
    print(f"{len(tables)} tables, {rows} rows, {len(analyses)} analyses: no problem found")
    if texts is None and (folder / FOLDER).is_dir():
        print(f"Not held against the sources' texts: {SOURCES} names no folder that has them.")
    return 0


def _compare(chosen):
    from evisynth.evidence.readings.extraction import compare, read_pass

    found = compare(read_pass(chosen.first), read_pass(chosen.second))
    for d in found:
        alike = " (the same number, written otherwise)" if d.of_writing else ""
        where = printable(f"{d.table}, {d.row_id}, {d.field}")
        print(f"{where}: {d.first_pass!r} or {d.second_pass!r}{alike}")
    written = sum(d.of_writing for d in found)
    print(f"{len(found) - written} disagreements, and {written} numbers written in two ways")
    return 1 if found else 0


def command():
    """The command as it is installed."""
    sys.exit(run(main, "evisynth", left="It writes nothing."))


if __name__ == "__main__":
    command()
