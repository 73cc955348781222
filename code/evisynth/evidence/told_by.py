"""Which document prints results of which report."""

from __future__ import annotations

import re
from collections import Counter

# Tables of results, with the column that names the group of patients.
RESULTS = (("outcomes", "cohort_id"), ("survival", "cohort_id"), ("contrasts", "cohort_a"))


def results_by_document(evidence) -> dict[str, Counter]:
    """How many results of each report each document prints.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    dict of str to Counter
        By id of the report, in the order of the table of studies: printed outcomes, survival times
        and comparisons by id of the document. Rows that were worked out are no print.
    """
    found: dict[str, Counter] = {study: Counter() for study in evidence.studies}
    for table, column in RESULTS:
        for row in evidence.rows(table):
            if row["extraction_id"] is not None:
                study = evidence.cohorts[row[column]]["study_id"]
                found[study][row["source_id"]] += 1
    return {study: counts for study, counts in found.items() if counts}


def documents_in_order(evidence) -> list[str]:
    """Ids of the documents by year of their key, then as their table has them."""
    ids = [source["source_id"] for source in evidence.rows("sources")]
    return sorted(ids, key=lambda source: re.findall(r"\d{4}", source)[-1:])


def told_by_several(results) -> dict[str, Counter]:
    """Reports of which two documents or more print results, those of most documents first."""
    several = {study: counts for study, counts in results.items() if len(counts) > 1}
    return dict(sorted(several.items(), key=lambda item: (-len(item[1]), -item[1].total())))
