"""What single rows print, for prose that speaks of one number and not of a pool."""

from __future__ import annotations

from evisynth.errors import ArgumentError
from evisynth.evidence.schema import printed_text

TABLES = ("outcomes", "survival", "characteristics", "contrasts")


def row_values(evidence, row_id, *, rejected=False):
    """What a row prints, for prose that tells of it.

    Parameters
    ----------
    evidence : Evidence
    row_id : str
        Of a row of outcomes, survival, characteristics or contrasts.
    rejected : bool
        Whether the row prints a claim that was decided against, and is meant none the less: prose
        that tells of the claim itself.

    Returns
    -------
    dict of str to str
        What it has: ``count`` ("24 of 33"), ``percent``, ``value``, ``limits`` ("31 to 55"), all
        digit for digit as printed, but for the decimal zero of a percentage.

    Raises
    ------
    ArgumentError
        An id that no table has; a claim decided against that is not said to be one.
    """
    row = next((r for name in TABLES for r in evidence.rows(name) if r["row_id"] == row_id), None)
    if row is None:
        raise ArgumentError(
            "row_values", "row_id", repr(row_id), f"a row_id of {', '.join(TABLES)}"
        )
    if evidence.turned_down(row) and not rejected:
        given = f"{row_id!r}, a claim decided against"
        raise ArgumentError("row_values", "row_id", given, "rejected: true, or another row")
    return _printed(row)


def _printed(row):
    told = {}
    if None not in (row.get("events"), row.get("total")):
        told["count"] = f"{row['events']} of {row['total']}"
    if row.get("percent") is not None:
        told["percent"] = row["percent"].removesuffix(".0")
    if row.get("value") is not None:
        told["value"] = printed_text(row["value"])
    if None not in (row.get("lower"), row.get("upper")):
        limits = (printed_text(row["lower"]), printed_text(row["upper"]))
        percent = row.get("percent") is not None
        told["limits"] = " to ".join(s.removesuffix(".0") if percent else s for s in limits)
    return told
