"""Declared relations between cohorts: each with its reason, and how many there are of each kind."""

from __future__ import annotations

from evisynth.words.cells import below
from evisynth.words.entries import cross_table, folded, grouped, wide
from evisynth.words.names import named_sources
from evisynth.words.phrases import capital, plural

RELATIONS = {
    "subset_of": "inside",
    "part_of_pool": "part of the pool",
    "same": "same patients as",
    "partly_shared": "shares some with",
    "possible": "may share some with",
    "disjoint": "shares none with",
}
KINDS = {
    "stated": "stated in a document",
    "arithmetic": "the numbers add up",
    "outside": "known from outside the documents",
}


def overlaps(evidence):
    """Every declared relation, folded by how it is known.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    header = ("Cohort", "Relation", "Other cohort", "Shared", "Because")
    parts = []
    for kind, words in KINDS.items():
        rows = [row for row in evidence.rows("overlaps") if row["basis_kind"] == kind]
        if rows:
            cells = [_relation(evidence, row) for row in rows]
            title = f"{capital(words)}: {plural(len(rows), 'relation')}"
            parts.append((title, grouped(header, [("", cells)], numeric=("Shared",))))
    return folded(parts)


def _relation(evidence, row):
    labels = [evidence.cohorts[row[end]]["label"] for end in ("cohort_a", "cohort_b")]
    shared = "" if row["shared_n"] is None else str(row["shared_n"])
    because = wide(below(named_sources(row["basis"]), row["note"]))
    return labels[0], RELATIONS[row["relation"]], labels[1], shared, because


def relation_counts(evidence):
    """How many relations of each kind are declared, and how they are known.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    pairs = [(row["relation"], row["basis_kind"]) for row in evidence.rows("overlaps")]
    kinds = {kind: capital(words) for kind, words in KINDS.items()}
    return cross_table("Relation", pairs, RELATIONS, kinds)
