"""Where each extracted row has its place: counted, left out, shown, checked, or not used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from evisynth.errors import EvisynthError
from evisynth.evidence.base import answered
from evisynth.evidence.conditions import Condition
from evisynth.evidence.schema import Problem
from evisynth.report.data.landscape import rows_shown
from evisynth.report.page.arms import shown_rows
from evisynth.report.patients.with_and_without import side_of

UNUSED = "unused"  # the table of reasons
EXTRACTED = ("outcomes", "survival", "contrasts", "characteristics", "analysis_sets", "searches",
             "trials")  # fmt: skip
# From the firmest: of several places of a row the first is told.
COUNTED, LEFT_OUT, COMPARED, SHOWN, SOURCE, RECOMPUTED, BESIDE, REFUSED, SIZE, NOT_USED = (
    "counted in a pool",
    "listed as left out of a pool, with the reason",
    "read as an effect or a median: counted, or listed with the reason",
    "shown or quoted in a chapter",
    "the source of a row that was worked out",
    "recomputed or used on the replication page",
    "another row of a cohort that is counted or left out",
    "a claim that was decided against",
    "the size of a set that a row refers to",
    "not used",
)
KINDS = (COUNTED, LEFT_OUT, COMPARED, SHOWN, SOURCE, RECOMPUTED, BESIDE, REFUSED, SIZE, NOT_USED)


class RowPlace(NamedTuple):
    """What becomes of a row: one of `KINDS`, and the reason where it is not used."""

    kind: str
    reason: str = ""


def row_places(evidence) -> Mapping[tuple[str, str], RowPlace]:
    """The place of every extracted row.

    Parameters
    ----------
    evidence : Evidence
        Its table ``unused`` says of rows by a condition on their columns why nothing uses them; of
        several conditions the first that holds speaks.

    Returns
    -------
    mapping of (table, key) to RowPlace
        In the order of the tables.

    Raises
    ------
    EvisynthError
        Rows that have no place and no reason; reasons that no row has, or conditions that cannot
        be read.
    """
    used = _used(evidence)
    found, lost, spoken = {}, [], set()
    rules = _rules(evidence)
    for table in _tables(evidence):
        for row in evidence.rows(table):
            key = table, _key(row)
            if key in used:
                found[key] = RowPlace(used[key])
                continue
            rule = next((r for r in rules if r.table == table and r.holds(row)), None)
            if rule is None:
                lost.append(Problem(table, key[1], "-", "in no analysis, on no page", _NEEDED))
            else:
                spoken.add(rule.id)
                found[key] = RowPlace(NOT_USED, rule.reason)
    idle = [r.id for r in rules if r.id not in spoken]
    lost += [Problem(UNUSED, id_, "condition", "no unused row", "remove it") for id_ in idle]
    if lost:
        raise EvisynthError("\n".join(map(str, lost)))
    return found


_NEEDED = f"needed: an analysis or a view that takes it, or a reason in the table {UNUSED}"


class _Rule(NamedTuple):
    id: str
    table: str
    condition: Condition
    reason: str

    def holds(self, row):
        return self.condition(row) is True


def _rules(evidence):
    names = {resource["name"] for resource in evidence.codebook["resources"]}
    return [
        _Rule(row["rule_id"], row["of_table"], _condition(evidence, row), row["why"])
        for row in (evidence.rows(UNUSED) if UNUSED in names else ())
    ]


def _condition(evidence, row):
    columns = list(evidence.rows(row["of_table"])[0])
    try:
        return Condition(row["condition"], columns)
    except EvisynthError as error:
        raise EvisynthError(f"{UNUSED}, row {row['rule_id']}, condition: {error}") from None


def _tables(evidence):
    names = {resource["name"] for resource in evidence.codebook["resources"]}
    return [table for table in EXTRACTED if table in names]


def _key(row):
    return str(next(iter(row.values())))


def _used(evidence):
    """The firmest place of each row that has one."""
    found: dict[tuple[str, str], str] = {}
    for kind, key in _every_use(evidence):
        if key not in found or KINDS.index(kind) < KINDS.index(found[key]):
            found[key] = kind
    return found


def _every_use(evidence):
    for name in evidence.analyses:
        analysis = answered(evidence, name)
        yield from _of_pools(evidence, analysis)
        yield from _of_effects(analysis)
        yield from _of_times(analysis)
        if analysis.spec.chapter:
            yield from _of_chapter(evidence, analysis)
    yield from _of_other_tables(evidence)


def _of_pools(evidence, analysis):
    read, outcomes = set(), set()
    for selection in analysis.selections.values():
        outcomes.update(selection.spec.outcomes)
        for kind, items in ((COUNTED, selection.counted), (LEFT_OUT, selection.left_out)):
            for item in items:
                yield kind, ("outcomes", item.row["row_id"])
                read.add((item.cohort["cohort_id"], item.row["outcome"]))
    for row in evidence.rows("outcomes"):
        if (row["cohort_id"], row["outcome"]) in read:
            yield BESIDE, ("outcomes", row["row_id"])


def _of_effects(analysis):
    for found in analysis.effects.values():
        for effect in (*found.counted, *(item.effect for item in found.left_out)):
            yield COMPARED, ("contrasts", effect.row["row_id"])


def _of_times(analysis):
    for found in analysis.times.values():
        for median in (*found.counted, *(item.median for item in found.left_out)):
            yield COMPARED, ("survival", median.row["row_id"])


def _of_chapter(evidence, analysis):
    """Rows that the views of a chapter show, and rows that its prose quotes."""
    chapter = analysis.spec.chapter
    ids = {p.row for p in chapter.printed.values()}
    for contrast in analysis.spec.contrasts:
        ids.update(contrast.unplaced.known if contrast.unplaced else ())
    for section in chapter.sections.values():
        for view in section.show:
            ids.update(_ROWS.get(view.view, _none)(evidence, analysis, view))
    for table in _tables(evidence):
        for row in evidence.rows(table):
            if _key(row) in ids:
                yield SHOWN, (table, _key(row))


def _none(evidence, analysis, view):
    return ()


def _survival(evidence, analysis, view):
    cohorts = analysis.read_cohorts if view.subsets is None else None
    return [
        row["row_id"]
        for row in evidence.rows("survival")
        if (cohorts is None or row["cohort_id"] in cohorts)
        and (view.subsets is None or row["subset"] in view.subsets)
    ]


def _with_and_without(evidence, analysis, view):
    rows = evidence.rows("survival")
    yield from (row["row_id"] for row in rows if side_of(row["subset"], view.subset))
    for row in evidence.rows("contrasts"):
        if {side_of(row[name], view.subset) for name in ("set_a", "set_b")} == {"with", "without"}:
            yield row["row_id"]


def _outcomes_among(evidence, analysis, view):
    for row in evidence.rows("outcomes"):
        if row["denominator"] in view.outcomes.get(row["outcome"], ()):
            yield row["row_id"]


def _adverse_events(evidence, analysis, view):
    """Rows of the outcomes in the cohorts; one that is not preferred stands in another place."""
    for row in evidence.rows("outcomes"):
        cohort = evidence.cohorts[row["cohort_id"]]
        inside = all(cohort[column] in allowed for column, allowed in view.where.items())
        if inside and row["outcome"] in view.outcomes:
            yield row["row_id"]


def _arms(evidence, analysis, view):
    return shown_rows(evidence, view.study, first=view.arm, second=view.against, but=view.but)


def _case_mix(evidence, analysis, view):
    """Of the counted cohorts, and of parts and wholes in the same study, which stand beside."""
    chosen = analysis.chosen(*view.pools)
    studies = {c.study["study_id"] for selection in chosen for c in selection.counted}
    for row in evidence.rows("characteristics"):
        if evidence.cohorts[row["cohort_id"]]["study_id"] in studies:
            yield row["row_id"]


_ROWS = {
    "survival": _survival,
    "with_and_without": _with_and_without,
    "outcomes_among": _outcomes_among,
    "adverse_events": _adverse_events,
    "arms": _arms,
    "case_mix": _case_mix,
}


def _of_other_tables(evidence):
    """Parents of rows that were worked out, what is replicated, what was decided against, sizes."""
    for row in evidence.rows("outcomes"):
        for name in (row["derived_from"] or "").split(";"):
            yield SOURCE, ("outcomes", name)
    names = {resource["name"] for resource in evidence.codebook["resources"]}
    for row in evidence.rows("replications") if "replications" in names else ():
        for name in (row["printed_row"] or "", *(row["input_rows"] or "").split(";")):
            for table in _tables(evidence):
                yield RECOMPUTED, (table, name)
    for table in _tables(evidence):
        for row in evidence.rows(table):
            if row.get("discrepancy_id") and evidence.turned_down(row):
                yield REFUSED, (table, _key(row))
    for key in rows_shown(evidence):
        yield SHOWN, key
    yield from _sizes(evidence)


def _sizes(evidence):
    asked = {(row["cohort_id"], row["denominator"]) for row in evidence.rows("outcomes")}
    asked |= {(row["cohort_id"], row["subset"]) for row in evidence.rows("survival")}
    for row in evidence.rows("analysis_sets"):
        if (row["cohort_id"], row["analysis_set"]) in asked:
            yield SIZE, ("analysis_sets", row["row_id"])
