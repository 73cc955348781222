"""Survival of patients with something beside that of patients without, as printed."""

from __future__ import annotations

from evisynth.evidence.selection import plain
from evisynth.report.html import table
from evisynth.report.survival import as_printed, meaning
from evisynth.report.tables import places

_NO_VALUE = ("not_reached", "not_estimable", "not_reported")


def with_and_without(evidence, subset):
    """Survival of those in a set of patients beside those who are not, study by study.

    Parameters
    ----------
    evidence : Evidence
    subset : str
        For instance "hsct": its rows, those of responders in it, and those with "no" before it.

    Returns
    -------
    Html
        A row per study and endpoint of which both sides are printed; claims that were decided
        against are left off. The direction is that of the printed numbers: nothing is tested or
        pooled.
    """
    header = ("Study", "Endpoint", f"With {plain(subset)}", f"Without {plain(subset)}",
              "Longer as printed", "p as printed", "Note", "Read from")  # fmt: skip
    sides = _sides(evidence, subset)
    both = {key: pair for key, pair in sides.items() if len(pair) == 2}
    rows = [_cells(evidence, subset, key, pair) for key, pair in both.items()]
    caption = (
        "No landmark is named by any document; where time was counted from the transplant itself, "
        "the note says so. A side that is printed alone stands in the table below."
    )
    return table(header, rows, caption=caption)


def _sides(evidence, subset):
    """Rows by study, endpoint and statistic, then by side."""
    found: dict[tuple, dict] = {}
    for row in evidence.rows("survival"):
        side = side_of(row["subset"], subset)
        lost = (row["discrepancy_id"], row["claim"]) in evidence.rejected
        if side is None or lost or row["value_status"] == "not_reported":
            continue
        study = evidence.cohorts[row["cohort_id"]]["study_id"]
        key = (study, row["endpoint"], row["statistic"])
        found.setdefault(key, {}).setdefault(side, []).append(row)
    return found


def side_of(found, subset):
    """Whether a set of patients is with, or without, or neither."""
    base = (found or "").removeprefix("cr_")
    return {subset: "with", f"no_{subset}": "without"}.get(base)


def _cells(evidence, subset, key, pair):
    study, endpoint, _ = key
    every = pair["with"] + pair["without"]
    notes = dict.fromkeys(row["note"] for row in every if row["note"])
    return (
        evidence.studies[study]["name"], meaning(evidence, endpoint),
        *(_distinct(pair[side]) for side in ("with", "without")), _longer(pair),
        _p(evidence, study, endpoint, subset), "; ".join(notes) or "–", places(every),
    )  # fmt: skip


def _distinct(rows):
    return "; ".join(dict.fromkeys(as_printed(row) for row in rows))


def _longer(pair):
    """The side whose printed number is larger, if all that is printed says the same."""
    verdicts = {_verdict(a, b) for a in pair["with"] for b in pair["without"]}
    return verdicts.pop() if len(verdicts) == 1 else "cannot be said"


def _verdict(with_, without):
    if with_["value"] is not None and without["value"] is not None:
        gap = with_["value"] - without["value"]
        return "with" if gap > 0 else "without" if gap < 0 else "equal"
    reached = [row["value_status"] not in _NO_VALUE for row in (with_, without)]
    if with_["value_status"] == "not_reached" and reached[1]:
        return "with"
    if without["value_status"] == "not_reached" and reached[0]:
        return "without"
    return "cannot be said"


def _p(evidence, study, endpoint, subset):
    found = [
        row["p"]
        for row in evidence.rows("contrasts")
        if evidence.cohorts[row["cohort_a"]]["study_id"] == study
        and row["outcome"] == endpoint
        and row["p"]
        and _contrasted(evidence, row, subset)
    ]
    return "; ".join(dict.fromkeys(found)) or "not printed"


def _contrasted(evidence, row, subset):
    """Whether a contrast sets the two sides against each other, as sets or as cohorts."""
    sides = {side_of(row["set_a"], subset), side_of(row["set_b"], subset)}
    return sides == {"with", "without"} or row["cohort_a"] != row["cohort_b"]
