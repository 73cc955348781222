"""The form of a contrast declared in ``analyses.yml``, and its reading."""

from __future__ import annotations

from evisynth.evidence.schema import TEXT, TEXTS, Kind, misfits
from evisynth.evidence.specs import ContrastSpec, Unplaced

_CONTRAST_KEYS = {
    "first": TEXT,
    "second": TEXT,
    "unplaced": Kind(
        "events of no known group with study, known, title", lambda v: isinstance(v, dict)
    ).optional,
    "id": TEXT.optional,
}
_UNPLACED_KEYS = {"study": TEXT, "known": TEXTS, "title": TEXT}


def contrast_faults(contrast, ids, name):
    """Everything wrong with one declared contrast.

    Parameters
    ----------
    contrast : object
        As read.
    ids : sequence
        Of the pools of its analysis.
    name : str
        For the problem.

    Yields
    ------
    name, key, value, allowed : str
    """
    faults = list(misfits(contrast, _CONTRAST_KEYS))
    yield from ((name, *found) for found in faults)
    if faults:
        return
    for side in ("first", "second"):
        if contrast[side] not in ids:
            yield name, side, contrast[side], f"allowed: {', '.join(map(str, ids))}"
    if "unplaced" in contrast:
        wrong = misfits(contrast["unplaced"], _UNPLACED_KEYS)
        yield from ((f"{name}/unplaced", *found) for found in wrong)


def contrast_spec(entry):
    """A declared contrast without faults."""
    unplaced = entry.get("unplaced")
    if unplaced:
        unplaced = Unplaced(**unplaced | {"known": tuple(unplaced["known"])})
    return ContrastSpec(entry["first"], entry["second"], unplaced, entry.get("id", ""))
