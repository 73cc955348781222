"""The two records that are compared with: what R printed, and what was timed."""

from __future__ import annotations

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


def read_benchmark(path=_ROOT / "bench" / "results.json"):
    """What ``make bench`` wrote; as `read_reference`."""
    return _read(path, "`make bench` writes it.")


def _read(path, remedy):
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except OSError:
        raise EvisynthError(f"{Path(path).name} cannot be read. {remedy}") from None
    except ValueError:
        raise EvisynthError(f"{Path(path).name} holds no JSON. {remedy}") from None
