"""What counting every printed row would give, beside the cohorts counted once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from evisynth.evidence.selection import Selection
from evisynth.evidence.specs import AnalysisSpec
from evisynth.proportions.pooling import Pooled, pool_proportions
from evisynth.report.decisions import answered
from evisynth.report.entries import folded, grouped, wide
from evisynth.report.glue import glue_values
from evisynth.report.html import Html, table, tag
from evisynth.report.inclusion import name_of
from evisynth.report.words import capital, count_word, plural, shown_rate, thousands

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


@dataclass(frozen=True)
class Counting:
    """A pool counted twice over: every printed row, and each patient once.

    Attributes
    ----------
    spec : AnalysisSpec
    selection : Selection
    rows, patients : int
        Printed rows, and patients summed over them.
    cohorts : int
        Different cohorts among the rows.
    naive : Pooled
    """

    spec: AnalysisSpec
    selection: Selection
    rows: int
    patients: int
    cohorts: int
    naive: Pooled

    @property
    def analysis(self) -> str:
        """The id of the analysis."""
        return self.spec.id

    @property
    def independent(self) -> Pooled:
        """The pool as the book counts it."""
        return self.selection.pooled

    @property
    def title(self) -> str:
        """The question in short, as on its card; without one the name of the analysis."""
        spec = self.spec
        return spec.card.title if spec.card else capital(name_of(spec))

    @property
    def repeats(self) -> bool:
        """Whether the printed rows hold patients more often than the independent cohorts."""
        return self.patients > self.independent.total


@lru_cache(maxsize=4)
def countings(evidence):
    """Every pool of every declared analysis in both ways of counting.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    tuple of Counting
    """
    return tuple(
        _counting(evidence, spec, selection)
        for name, spec in evidence.analyses.items()
        for selection in answered(evidence, name).selections.values()
    )


def _counting(evidence, spec, selection):
    # Another denominator would be another question, not the same patients again.
    allowed = selection.spec.denominators
    printed = [
        row
        for row in evidence.printed_rows(selection.spec)
        if not allowed or row["denominator"] in allowed
    ]
    counts = ([row[part] for row in printed] for part in ("events", "total"))
    patients = sum(row["total"] for row in printed)
    cohorts = len({row["cohort_id"] for row in printed})
    return Counting(spec, selection, len(printed), patients, cohorts, pool_proportions(*counts))


def double_counting(evidence):
    """Every pool: what is printed and would come of it, and what is counted once.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        The naive numbers are muted: they are there to be compared, not to be used.
    """
    found = countings(evidence)
    groups = [
        (title, [_row(c) for c in found if c.title == title])
        for title in dict.fromkeys(c.title for c in found)
    ]
    header = ("Pool", "Rows", "Patients in them", "All rows, %", "Cohorts", "Patients", "Once, %")
    return grouped(header, groups, numeric=header[1:])


def _row(counting):
    independent = counting.independent
    naive = (str(counting.rows), thousands(counting.patients), percent(counting.naive))
    once = (str(independent.k), thousands(independent.total), percent(independent))
    return (counting.selection.spec.title, *map(_muted, naive), *map(_strong, once))


def _strong(text):
    return Html(tag("strong", escape(text)), text)


def _muted(text):
    return Html(tag("span", escape(text), class_="co-naive"), text)


def percent(pooled):
    """``45 [38–53]``, or that nothing is pooled."""
    shown = pooled.displayed
    if shown["estimate"] is None:
        return "not pooled" if pooled.k else "–"
    return shown_rate(shown)


def overlaps(evidence):
    """Every declared relation, folded by how it is known.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    header = ("Cohort", "Relation", "Other cohort", "Shared", "Because", "Note")
    parts = []
    for kind, words in KINDS.items():
        rows = [row for row in evidence.rows("overlaps") if row["basis_kind"] == kind]
        if rows:
            cells = [_relation(evidence, row) for row in rows]
            title = f"{capital(words)}: {plural(len(rows), 'relation')}"
            parts.append((title, table(header, cells, numeric=("Shared",))))
    return folded(parts)


def _relation(evidence, row):
    labels = [evidence.cohorts[row[end]]["label"] for end in ("cohort_a", "cohort_b")]
    shared = "" if row["shared_n"] is None else str(row["shared_n"])
    told = (shared, wide(row["basis"]), wide(row["note"]) if row["note"] else "")
    return (labels[0], RELATIONS[row["relation"]], labels[1], *told)


def relation_counts(evidence):
    """How many relations of each kind are declared, and how they are known.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    rows = evidence.rows("overlaps")
    found = Counter((row["relation"], row["basis_kind"]) for row in rows)
    header = ("Relation", *map(capital, KINDS.values()), "All")
    body = []
    for relation, words in RELATIONS.items():
        counts = [found[relation, kind] for kind in KINDS]
        body.append((words, *(str(n or "–") for n in counts), str(sum(counts))))
    totals = [sum(row["basis_kind"] == kind for row in rows) for kind in KINDS]
    body.append(("all", *map(str, totals), str(len(rows))))
    return table(header, body, numeric=header[1:])


def glue_double_counting(evidence):
    """Glue relations, pools and the sums of the widest pool, as ``overlaps-what``.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    found = countings(evidence)
    widest = max(found, key=lambda counting: counting.rows)
    relations = Counter(row["basis_kind"] for row in evidence.rows("overlaps"))
    values = {
        "relations": thousands(len(evidence.rows("overlaps"))),
        **{kind: thousands(relations[kind]) for kind in KINDS},
        "cohorts": thousands(len(evidence.cohorts)),
        "pools": count_word(len(found)),
        "repeating": count_word(sum(counting.repeats for counting in found)),
        "rows": count_word(widest.rows),
        "printed": f"{thousands(widest.patients)} patients",
        "once": f"{thousands(widest.independent.total)} patients",
        "once-cohorts": count_word(widest.independent.k),
    }
    return glue_values("overlaps", values)
