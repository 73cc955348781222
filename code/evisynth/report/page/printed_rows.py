"""What single rows print, for prose that speaks of one number and not of a pool."""

from __future__ import annotations

from evisynth.errors import ArgumentError
from evisynth.evidence.printed import ROW_TABLES, counts_that_fit, number
from evisynth.evidence.schema import printed_text
from evisynth.words.cells import at_most


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
        What it has: ``count`` ("24 of 33"), or ``of`` where the size of its set is known from
        another place, ``at-most`` where nobody had the event (the exact upper limit, of 100),
        ``percent``, ``value``, ``limits`` ("31 to 55"), all
        digit for digit as printed, but for the decimal zero of a percentage. Of a percentage
        without a count also ``fits``, every count that it can be of the printed size of its set
        ("90 or 91 of 119"), where one size is known.

    Raises
    ------
    ArgumentError
        An id that no table has; a claim decided against that is not said to be one.
    """
    row = next(
        (r for name in ROW_TABLES for r in evidence.rows(name) if r["row_id"] == row_id), None
    )
    if row is None:
        raise ArgumentError(
            "row_values", "row_id", repr(row_id), f"a row_id of {', '.join(ROW_TABLES)}"
        )
    if evidence.turned_down(row) and not rejected:
        given = f"{row_id!r}, a claim decided against"
        raise ArgumentError("row_values", "row_id", given, "rejected: true, or another row")
    return _printed(row) | _of_known(evidence, row) | _fitting(evidence, row)


def _of_known(evidence, row):
    """A count printed without its total, of the size that the base knows of its set."""
    if row.get("events") is None or row["total"] is not None or "denominator" not in row:
        return {}
    size = evidence.size_of(row)
    return {} if size is None else {"of": f"{row['events']} of {size}"}


def _fitting(evidence, row):
    """Every count that a percentage can be, of the one known size of its set; nothing else."""
    if row.get("percent") is None or row.get("events") is not None:
        return {}
    size = evidence.size_of(row)
    if size is None or number(row["percent"]) is None:
        return {}
    whole = {s["source_id"]: s["rounds_to_whole_percent"] for s in evidence.rows("sources")}
    found = counts_that_fit(size, row["percent"], whole=bool(whole.get(row["source_id"])))
    return {"fits": f"{' or '.join(map(str, found))} of {size}"} if found else {}


def _printed(row):
    told = {}
    if None not in (row.get("events"), row.get("total")):
        told["count"] = f"{row['events']} of {row['total']}"
        if row["events"] == 0:
            told["at-most"] = at_most(row["total"])
    if row.get("percent") is not None:
        told["percent"] = row["percent"].removesuffix(".0")
    if row.get("value") is not None:
        told["value"] = printed_text(row["value"])
    if None not in (row.get("lower"), row.get("upper")):
        limits = (printed_text(row["lower"]), printed_text(row["upper"]))
        percent = row.get("percent") is not None
        told["limits"] = " to ".join(s.removesuffix(".0") if percent else s for s in limits)
    return told
