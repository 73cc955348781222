"""What single rows print, for prose that speaks of one number and not of a pool."""

from __future__ import annotations

from evisynth.errors import ArgumentError
from evisynth.report.glue import glue_values
from evisynth.schema import printed_text

TABLES = ("outcomes", "survival", "characteristics", "contrasts")


def glue_rows(evidence, prefix, rows, *, rejected=()):
    """Glue what some rows print, as ``prefix-name-what``.

    Parameters
    ----------
    evidence : Evidence
    prefix : str
    rows : mapping of str to str
        Name in the prose to the id of a row of outcomes, survival, characteristics or contrasts.
    rejected : collection of str
        Those names whose rows print a claim that was decided against, and are meant none the less:
        prose that tells of the claim itself.

    Returns
    -------
    Html
        Of each row what it has: ``count`` ("24 of 33"), ``percent``, ``value``, ``limits``
        ("31 to 55"), all digit for digit as printed, but for the decimal zero of a percentage.

    Raises
    ------
    ArgumentError
        An id that no table has; a claim decided against that is not named so.
    """
    known = {row["row_id"]: row for name in TABLES for row in evidence.rows(name)}
    values = {}
    for name, row_id in rows.items():
        if row_id not in known:
            allowed = f"a row_id of {', '.join(TABLES)}"
            raise ArgumentError("glue_rows", "rows", repr(row_id), allowed)
        if evidence.turned_down(known[row_id]) and name not in rejected:
            given = f"{row_id!r}, a claim decided against"
            raise ArgumentError("glue_rows", "rows", given, f"{name!r} in rejected, or another row")
        values |= {f"{name}-{what}": text for what, text in _printed(known[row_id]).items()}
    return glue_values(prefix, values)


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
