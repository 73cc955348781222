"""One verdict for each printed number, however many ways it was recomputed."""

from __future__ import annotations

from evisynth.checks import check_choice, shown
from evisynth.errors import ArgumentError

AGREES, ON_CONDITION, DIFFERS = "agrees", "agrees on a condition", "differs"
VERDICTS = (AGREES, ON_CONDITION, DIFFERS)
_NEEDED = {"number", "replication_id", "source_id", "quantity", "printed_estimate", "verdict"}


def overall_verdict(verdicts) -> str:
    """The verdict on a number of which each recomputation has one.

    Parameters
    ----------
    verdicts : sequence of str
        ``agrees``, ``agrees on a condition`` or ``differs``; at least one.

    Returns
    -------
    str
        ``agrees`` or ``differs`` where all say so. Otherwise the number follows from some of what
        was tried and not from the rest, or only if something is granted: it agrees on a condition.

    Raises
    ------
    ArgumentError
        No verdict, or an unknown one.
    """
    verdicts = tuple(verdicts)
    for verdict in verdicts or (None,):
        check_choice("overall_verdict", "verdicts", verdict, VERDICTS)
    return verdicts[0] if len(set(verdicts)) == 1 else ON_CONDITION


def printed_numbers(found):
    """What `replicate` returns, gathered by printed number: one verdict each.

    A number printed at another place is another number here, for it is judged by what stands
    beside it; such repetitions within a document are told.

    Parameters
    ----------
    found : DataFrame
        From `replicate`, one row per recomputation.

    Returns
    -------
    DataFrame
        One row per printed number, in the order of its first recomputation: the columns of that
        one, but for ``verdict``, which is that of all its recomputations; ``replication_ids``, a
        tuple of them; ``repeats``, the first recomputation of the same number at an earlier place
        of the same document (empty text for the first place).

    Raises
    ------
    ArgumentError
        A table without the columns that `replicate` gives.
    """
    import pandas as pd

    if _NEEDED - set(getattr(found, "columns", ())):
        raise ArgumentError("printed_numbers", "found", shown(found), "what replicate returns")
    numbers, first = [], {}
    for _, rows in found.groupby("number", sort=False):
        head = rows.iloc[0].to_dict()
        ids = tuple(rows["replication_id"])
        earlier = first.setdefault(_what(head), ids[0])
        told = {"replication_ids": ids, "repeats": "" if earlier == ids[0] else earlier}
        numbers.append(head | told | {"verdict": overall_verdict(rows["verdict"])})
    return pd.DataFrame(numbers)


def _what(row):
    """A number apart from where it stands: 39 and 39.0 are one, a p value is known by its text."""
    part = row["number"].rpartition(": ")[2]
    estimate = row["printed_estimate"]
    value = float(estimate) if estimate else row["printed_p"]
    return row["source_id"], row["quantity"], part, value
