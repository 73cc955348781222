"""Which document prints results of which report."""

from collections import Counter

from evisynth.evidence.told_by import (
    RESULTS,
    documents_in_order,
    results_by_document,
    told_by_several,
)


def test_every_printed_result_is_counted_once(evidence):
    found = results_by_document(evidence)
    printed = [
        row
        for table, _ in RESULTS
        for row in evidence.rows(table)
        if row["extraction_id"] is not None
    ]
    assert sum(counts.total() for counts in found.values()) == len(printed)
    by_document = sum(found.values(), Counter())
    assert by_document == Counter(row["source_id"] for row in printed)


def test_several_documents_are_two_or_more_and_most_come_first(evidence):
    found = results_by_document(evidence)
    several = told_by_several(found)
    assert set(several) == {study for study, counts in found.items() if len(counts) >= 2}
    sizes = [len(counts) for counts in several.values()]
    assert sizes == sorted(sizes, reverse=True)


def test_documents_stand_by_year(evidence):
    documents = documents_in_order(evidence)
    assert sorted(documents) == sorted(row["source_id"] for row in evidence.rows("sources"))
    years = [int(document[-4:]) for document in documents]
    assert years == sorted(years)
