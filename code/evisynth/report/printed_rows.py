"""What single rows print, for prose that speaks of one number and not of a pool."""

from __future__ import annotations

from evisynth.errors import ArgumentError
from evisynth.report.glue import glue_values

TABLES = ("outcomes", "survival", "characteristics", "contrasts")


def glue_rows(evidence, prefix, rows):
    """Glue what some rows print, as ``prefix-name-what``.

    Parameters
    ----------
    evidence : Evidence
    prefix : str
    rows : mapping of str to str
        Name in the prose to the id of a row of outcomes, survival, characteristics or contrasts.

    Returns
    -------
    Html
        Of each row what it has: ``count`` ("24 of 33"), ``percent``, ``value``, ``limits``
        ("31 to 55"), all as printed but for a decimal zero.

    Raises
    ------
    ArgumentError
        An id that no table has.
    """
    known = {row["row_id"]: row for name in TABLES for row in evidence.rows(name)}
    values = {}
    for name, row_id in rows.items():
        if row_id not in known:
            allowed = f"a row_id of {', '.join(TABLES)}"
            raise ArgumentError("glue_rows", "rows", repr(row_id), allowed)
        values |= {f"{name}-{what}": text for what, text in _printed(known[row_id]).items()}
    return glue_values(prefix, values)


def _printed(row):
    told = {}
    if None not in (row.get("events"), row.get("total")):
        told["count"] = f"{row['events']} of {row['total']}"
    if row.get("percent") is not None:
        told["percent"] = row["percent"].removesuffix(".0")
    if row.get("value") is not None:
        told["value"] = f"{row['value']:g}"
    if None not in (row.get("lower"), row.get("upper")):
        told["limits"] = f"{row['lower']:g} to {row['upper']:g}"
    return told
