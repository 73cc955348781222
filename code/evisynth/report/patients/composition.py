"""How many of a report's patients stand at each level of a column of its cohorts."""

from __future__ import annotations

from evisynth.words.cells import counts
from evisynth.words.html import table

NOT_REPORTED = "not reported"


def composition(analysis, *pools, column, heads, counted="Counted", untold=(), caption=""):
    """Patients of each counted report by a column of its cohorts, beside its count.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
        Of a report that several of them count, the row with the most patients is shown.
    column : str
        Of the cohorts, for instance their state.
    heads : mapping of str to collection of str
        Head of a column of the table to the levels that it adds up. The first head is what a
        report calls its patients where it tells no more.
    counted : str
        Head of the column with the counts.
    untold : collection of str
        Reports that do not say which of the levels their patients are at, by their ids.
    caption : str

    Returns
    -------
    Html
    """
    found = {}
    for c in (c for selection in analysis.chosen(*pools) for c in selection.counted):
        kept = found.setdefault(c.study["study_id"], c)
        found[c.study["study_id"]] = max(kept, c, key=lambda item: item.row["total"])
    sizes = {study: _sizes(analysis.evidence, c, column, heads) for study, c in found.items()}
    order = sorted(found, key=lambda study: [n or 0 for n in sizes[study][1:]])
    rows = [
        (
            found[study].study["name"],
            counts(found[study].row),
            _told(sizes[study][0]),
            *(NOT_REPORTED if study in untold else _told(n) for n in sizes[study][1:]),
        )
        for study in order
    ]
    header = ("Report", counted, *heads)
    return table(header, rows, caption=caption, numeric=header[1:])


def _sizes(evidence, counted, column, heads):
    """Patients of the whole cohorts of a report that were given the same, None where unknown.

    Nobody stands at a level without a cohort, where cohorts at other levels make up the report.
    """
    whole = [
        row
        for row in evidence.cohorts.values()
        if row["study_id"] == counted.cohort["study_id"]
        and row["agent"] == counted.cohort["agent"]
        and row["unit"] == "whole"
    ]
    sizes = [[row["n"] for row in whole if row[column] in kept] for kept in heads.values()]
    return [None if None in found or not any(sizes) else sum(found) for found in sizes]


def _told(number):
    return NOT_REPORTED if number is None else str(number)
