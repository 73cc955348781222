"""The records that the page reads: what R printed, what was timed, what became of faults."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from evisynth.errors import EvisynthError

_ROOT = Path(__file__).resolve().parents[3]


def read_reference(path=_ROOT / "tests" / "reference" / "reference.json"):
    """Numbers that R printed, with their data and how they were made.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        ``made`` and a list of cases per section.

    Raises
    ------
    EvisynthError
        If there is no such file, or it holds no JSON.
    """
    return _read(path, "It is in the repository, not in an installed copy of the package.")


def read_multilevel(path=_ROOT / "tests" / "reference" / "multilevel.json"):
    """What metafor and clubSandwich say of the multilevel model; as `read_reference`."""
    return _read(path, "It is in the repository, not in an installed copy of the package.")


def read_benchmark(path=_ROOT / "bench" / "results.json"):
    """What ``make bench`` wrote; as `read_reference`."""
    return _read(path, "`make bench` writes it.")


def read_pages(path=_ROOT / "bench" / "pages.json"):
    """What ``make lengths`` wrote of each page; as `read_reference`."""
    return _read(path, "`make lengths` writes it.")


def read_builds(path=_ROOT / "bench" / "builds.json"):
    """What ``make bench`` wrote of builds of the book; as `read_reference`."""
    return _read(path, "`make bench` writes it.")


def read_faults(path=_ROOT / "faults" / "results.json"):
    """What the commands of ``faults/`` wrote, a part for each; as `read_reference`."""
    return _read(path, "`make mutate` and the commands beside it write it.")


def read_reasons(path=_ROOT / "faults" / "unseen.csv"):
    """Why slips of some kinds cannot be known, by table and kind.

    Raises
    ------
    EvisynthError
        If there is no such file.
    """
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            return {(r["table"], r["kind"]): r["reason"] for r in csv.DictReader(file)}
    except OSError:
        raise EvisynthError(f"{Path(path).name} cannot be read. It is in the repository.") from None


def _read(path, remedy):
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except OSError:
        raise EvisynthError(f"{Path(path).name} cannot be read. {remedy}") from None
    except ValueError:
        raise EvisynthError(f"{Path(path).name} holds no JSON. {remedy}") from None
