"""Does the evidence base add up? One small check per rule; each yields every row that breaks it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from fnmatch import filter as matching
from functools import partial
from typing import NamedTuple

from evisynth.effects import study_intervals
from evisynth.errors import EvisynthError
from evisynth.overlap import RELATIONS, Edge, OverlapGraph
from evisynth.printed import (
    best_rows,
    count_patients,
    counts_that_fit,
    fits_printed,
    half_unit,
    interval_recomputes,
    number,
    preferred_rows,
    rejected_claims,
)
from evisynth.schema import Needs, Problem

LIMITS = ("value", "lower", "upper")
WITH_INTERVALS = ("survival", "contrasts", "characteristics", "outcomes")
WITH_CLAIMS = ("outcomes", "survival", "contrasts", "analysis_sets", "characteristics", "searches")
UNITS = ("whole", "part", "difference", "subgroup", "post_baseline", "pool")
DECISIONS = ("a", "b", "neither", "open")


def _needs(
    key, filled="", numbers="", words="", *, whole="", counts="", flags="", refers="", **vocabulary
):
    """Needs of a table from lists of columns.

    Text that must be filled, numbers and words that may be empty, whole numbers that may be empty,
    counts that must be filled, flags; ``refers`` is ``column>table`` of each foreign key; the words
    that a column may have come by its name.
    """
    return Needs(
        key=tuple(key.split()),
        filled=dict.fromkeys((*key.split(), *filled.split()), "string")
        | dict.fromkeys(counts.split(), "integer")
        | dict.fromkeys(flags.split(), "boolean"),
        open=dict.fromkeys(words.split(), "string")
        | dict.fromkeys(numbers.split(), "number")
        | dict.fromkeys(whole.split(), "integer"),
        vocabulary=vocabulary,
        refers=dict(pair.split(">") for pair in refers.split()),
    )


NEEDS = {
    "sources": _needs("source_id", flags="rounds_to_whole_percent"),
    "studies": _needs("study_id", words="reported_in", whole="year"),
    "cohorts": _needs(
        "cohort_id",
        "study_id label unit",
        words="source_id locator",
        whole="n",
        refers="study_id>studies",
        unit=UNITS,
    ),
    "analysis_sets": _needs(
        "row_id",
        "cohort_id analysis_set",
        words="discrepancy_id claim",
        counts="n",
        flags="preferred",
        refers="cohort_id>cohorts",
    ),
    "characteristics": _needs(
        "row_id",
        "cohort_id unit",
        "value lower upper",
        "interval discrepancy_id claim",
        whole="events total",
        refers="cohort_id>cohorts",
    ),
    "overlaps": _needs(
        "cohort_a relation cohort_b",
        "basis_kind",
        whole="shared_n",
        refers="cohort_a>cohorts cohort_b>cohorts",
        relation=RELATIONS,
    ),
    "outcomes": _needs(
        "row_id",
        "cohort_id outcome denominator derivation source_id locator",
        "lower upper",
        "percent interval timepoint criterion derived_from discrepancy_id claim",
        whole="events total",
        flags="second_hand preferred",
        refers="cohort_id>cohorts source_id>sources discrepancy_id>discrepancies",
    ),
    "survival": _needs(
        "row_id",
        "cohort_id source_id value_status lower_status upper_status statistic",
        "value lower upper",
        "interval discrepancy_id claim",
        flags="second_hand",
        refers="cohort_id>cohorts",
    ),
    "contrasts": _needs("row_id", "", "value lower upper", "discrepancy_id claim"),
    "searches": _needs("row_id", words="discrepancy_id claim"),
    "discrepancies": _needs("discrepancy_id", "kind decision", decision=DECISIONS),
}


class Check(NamedTuple):
    """A rule, and the tables that it needs: the first is the one whose rows it judges.

    A name may end in ``*``: every table that begins so.
    """

    rule: Callable
    tables: tuple[str, ...]


CHECKS: list[Check] = []


def _check(*tables):
    """Enter a rule, with the tables that it needs, among `CHECKS`."""

    def enter(rule):
        CHECKS.append(Check(rule, tables))
        return rule

    return enter


def _check_each(*names, also=()):
    """Enter a rule of one table once for each of several."""

    def enter(rule):
        for name in names:
            CHECKS.append(Check(partial(rule, name=name), (name, *also)))
        return rule

    return enter


def check_arithmetic(tables, broken=()):
    """Every problem that the arithmetic of the tables shows.

    Parameters
    ----------
    tables : dict of str to Table
    broken : collection of str
        Tables with problems of form. A rule that needs one of them is not run, because what it
        finds would be an echo; one problem names the tables that were not checked.

    Returns
    -------
    list of Problem
    """
    problems, unchecked, because = [], set(), set()
    for check in CHECKS:
        missing = {name for pattern in check.tables for name in matching(broken, pattern)}
        if missing:
            unchecked.add(check.tables[0])
            because |= missing
        else:
            problems += check.rule(tables)
    if unchecked:
        names, reasons = (", ".join(sorted(part)) for part in (unchecked, because))
        allowed = f"mend the form of {reasons} first"
        problems.append(Problem(names, "-", "-", "arithmetic not checked in full", allowed))
    return problems


def _whole_habit(tables):
    return {row["source_id"]: row["rounds_to_whole_percent"] for row in tables["sources"]}


def _problem(table, row, column, allowed):
    value = table.printed(row, column) or ""
    return Problem(table.name, table.key_of(row), column, value, allowed)


def _counted(row):
    """Whether a row has a count that can be: events from 0 to a total of 1 or more."""
    events, total = row["events"], row["total"]
    return None not in (events, total) and 0 <= events <= total and total > 0


@_check_each("outcomes", "characteristics")
def events_within_total(tables, name):
    """No fewer events than none, no more than patients."""
    for row in tables[name]:
        if row["total"] is not None and row["total"] < 1:
            yield _problem(tables[name], row, "total", "allowed: from 1")
        elif None not in (row["events"], row["total"]) and not _counted(row):
            yield _problem(
                tables[name], row, "events", f"allowed: 0 to at most its total, {row['total']}"
            )


@_check("outcomes", "sources")
def percent_agrees(tables):
    """A printed percentage is events / total to its digits, or a discrepancy says why not."""
    whole = _whole_habit(tables)
    table = tables["outcomes"]
    for row in table:
        events, total, percent = row["events"], row["total"], row["percent"]
        if not _counted(row) or number(percent) is None or row["discrepancy_id"]:
            continue
        if not fits_printed(events, total, percent, whole=whole[row["source_id"]]):
            share = f"{events}/{total} is {100 * events / total:.2f}; or name a discrepancy"
            yield _problem(table, row, "percent", share)


@_check("outcomes")
def percentages_are_numbers(tables):
    """A printed percentage is a number from 0 to 100."""
    for row in tables["outcomes"]:
        value = number(row["percent"])
        if row["percent"] is not None and (value is None or not 0 <= value <= 100):
            yield _problem(tables["outcomes"], row, "percent", "allowed: 0 to 100")


@_check_each("characteristics", "survival")
def shares_in_range(tables, name):
    """A value in percent lies between 0 and 100, and its limits too."""
    for row in tables[name]:
        if row.get("unit") == "percent" or row.get("statistic") == "rate":
            for column in LIMITS:
                if row[column] is not None and not 0 <= row[column] <= 100:
                    yield _problem(tables[name], row, column, "allowed: 0 to 100, in percent")


COUNTED_KINDS = ("computed_from_percent", "from_patient_rows", "differenced")


@_check("outcomes")
def derivation_holds(tables):
    """A row has the count and the percentage that its derivation claims."""
    table = tables["outcomes"]
    for row in table:
        kind = row["derivation"]
        counted = None not in (row["events"], row["total"])
        if kind == "percent_only" and counted:
            yield _problem(table, row, "derivation", "percent_only has no count of events")
        if kind in COUNTED_KINDS and not counted:
            yield _problem(table, row, "derivation", "needs events and total")
        if kind == "computed_from_percent" and row["percent"] is None:
            yield _problem(table, row, "percent", "a computed count needs its printed percentage")


@_check("outcomes", "sources")
def computed_counts_recompute(tables):
    """A computed count is the one whole number that fits the printed percentage."""
    whole = _whole_habit(tables)
    table = tables["outcomes"]
    for row in table:
        percent = row["percent"]
        if row["derivation"] != "computed_from_percent" or not _counted(row):
            continue
        if number(percent) is not None:
            fitting = counts_that_fit(row["total"], percent, whole=whole[row["source_id"]])
            if fitting != [row["events"]]:
                allowed = f"counts that fit {percent}% of {row['total']}: {fitting}"
                yield _problem(table, row, "events", allowed)


@_check("outcomes", "analysis_sets")
def total_is_its_set(tables):
    """A total is the size of the analysis set that its denominator names."""
    sizes = defaultdict(set)
    for row in tables["analysis_sets"]:
        sizes[row["cohort_id"], row["analysis_set"]].add(row["n"])
    table = tables["outcomes"]
    for row in table:
        known = sizes[row["cohort_id"], row["denominator"]]
        if row["total"] is not None and row["total"] not in known:
            found = sorted(known) or "no size"
            sets = f"analysis set {row['denominator']!r} of {row['cohort_id']} has {found}"
            yield _problem(table, row, "total", sets)


@_check_each(*WITH_INTERVALS)
def interval_contains(tables, name):
    """An estimate lies inside its interval, or a discrepancy says why not."""
    column = "percent" if name == "outcomes" else "value"
    for row in tables[name]:
        value, lower, upper = number(row[column]), row["lower"], row["upper"]
        if row.get("interval") == "plus_minus" or row["discrepancy_id"] or value is None:
            continue
        if (lower is not None and value < lower) or (upper is not None and value > upper):
            allowed = f"inside {lower} to {upper}; or name a discrepancy"
            yield _problem(tables[name], row, column, allowed)


@_check_each(*WITH_INTERVALS)
def limits_in_order(tables, name):
    """A lower limit is not above its upper limit."""
    for row in tables[name]:
        if None not in (row["lower"], row["upper"]) and row["lower"] > row["upper"]:
            yield _problem(tables[name], row, "lower", f"at most the upper limit, {row['upper']}")


@_check("outcomes", "sources")
def printed_intervals_recompute(tables):
    """A printed 95% interval of a count is exact, Wilson or Wald to its printed digits."""
    whole = _whole_habit(tables)
    table = tables["outcomes"]
    for row in table:
        limits = table.printed(row, "lower"), table.printed(row, "upper")
        if row["interval"] != "95% CI" or row["discrepancy_id"] or not _counted(row):
            continue
        if None in limits or interval_recomputes(
            row["events"], row["total"], *limits, whole=whole[row["source_id"]]
        ):
            continue
        lower, upper = study_intervals([row["events"]], [row["total"]])
        exact = f"exact is {100 * lower[0]:.1f} to {100 * upper[0]:.1f}; or name a discrepancy"
        yield _problem(table, row, "lower", exact)


@_check("outcomes")
def differences_recompute(tables):
    """A differenced row is its first parent minus its second."""
    table = tables["outcomes"]
    by_id = {row["row_id"]: row for row in table}
    for row in table:
        if row["derivation"] != "differenced":
            continue
        names = (row["derived_from"] or "").split(";")
        if len(names) == 2 and all(name in by_id for name in names):
            yield from _difference_faults(table, row, *(by_id[name] for name in names))
        else:
            yield _problem(table, row, "derived_from", "two row_ids of this table, separated by ;")


def _difference_faults(table, row, whole, part):
    for column in ("events", "total"):
        if None in (whole[column], part[column]) or row[column] != whole[column] - part[column]:
            allowed = f"differenced: {whole[column]} minus {part[column]}"
            yield _problem(table, row, column, allowed)


@_check("outcomes", "patients_*")
def patient_counts_recompute(tables):
    """A row from patient rows is what those rows count; see `count_patients`."""
    table = tables["outcomes"]
    for row in table:
        if row["derivation"] != "from_patient_rows":
            continue
        try:
            events, total = count_patients(tables, row["derived_from"] or "")
        except EvisynthError as error:
            yield _problem(table, row, "derived_from", str(error))
            continue
        for column, expected in (("events", events), ("total", total)):
            if row[column] != expected:
                yield _problem(table, row, column, f"the patient rows count {expected}")


@_check("overlaps", "cohorts")
def parts_add_up(tables):
    """Parts that are said to add up to a pool do."""
    sizes = {row["cohort_id"]: row["n"] for row in tables["cohorts"]}
    table = tables["overlaps"]
    for pool, rows in _arithmetic_parts(tables).items():
        numbers = [sizes.get(row["cohort_a"]) for row in rows]
        if None in numbers or sizes.get(pool) is None or sum(numbers) != sizes[pool]:
            shown = f"{' + '.join(map(str, numbers))} is not {sizes.get(pool)}"
            yield _problem(table, rows[0], "basis_kind", f"the parts of {pool}: {shown}")


def _arithmetic_parts(tables):
    """Edges to the parts of each pool whose parts are said to add up to it."""
    parts = defaultdict(list)
    for row in tables["overlaps"]:
        if row["relation"] == "part_of_pool" and row["basis_kind"] == "arithmetic":
            parts[row["cohort_b"]].append(row)
    return parts


def _wholes_and_parts(tables, usable):
    """Rows of one outcome in a pool and in all of its parts, none of which names a discrepancy.

    Yields
    ------
    whole : dict
    parts : list of dict
        Each the row that is preferred among those that are usable.
    """
    rows = filter(usable, tables["outcomes"])
    best = best_rows(rows, rejected_claims(tables))
    pools = _arithmetic_parts(tables)
    for (cohort, *rest), whole in best.items():
        parts = [best.get((edge["cohort_a"], *rest)) for edge in pools.get(cohort, ())]
        if not parts or None in parts:
            continue
        if not any(row["discrepancy_id"] for row in (whole, *parts)):
            yield whole, parts


@_check("outcomes", "overlaps", "discrepancies")
def counts_of_parts_add_up(tables):
    """Events and totals of the parts add up to those of the pool, or a discrepancy says why not."""
    table = tables["outcomes"]
    for whole, parts in _wholes_and_parts(tables, _counted):
        for column in ("events", "total"):
            if sum(part[column] for part in parts) != whole[column]:
                shown = " + ".join(f"{part[column]} ({table.key_of(part)})" for part in parts)
                yield _problem(table, whole, column, f"its parts: {shown}; or name a discrepancy")


@_check("outcomes", "overlaps", "discrepancies")
def percentages_of_parts_enclose(tables):
    """A pool's percentage lies between those of its parts, or a discrepancy says why not."""
    table = tables["outcomes"]
    printed = _wholes_and_parts(tables, lambda row: number(row["percent"]) is not None)
    for whole, parts in printed:
        rounding = sum(half_unit(row["percent"]) for row in (whole, parts[0]))
        values = [number(part["percent"]) for part in parts]
        inside = min(values) - rounding <= number(whole["percent"]) <= max(values) + rounding
        if not inside:
            allowed = f"its parts: {min(values)} to {max(values)}; or name a discrepancy"
            yield _problem(table, whole, "percent", allowed)


@_check("overlaps", "cohorts")
def subsets_fit(tables):
    """A subset is no larger than its parent, and shares no more than the smaller has."""
    sizes = {row["cohort_id"]: row["n"] for row in tables["cohorts"]}
    table = tables["overlaps"]
    for row in table:
        a, b = sizes.get(row["cohort_a"]), sizes.get(row["cohort_b"])
        if None not in (a, b) and row["relation"] in ("subset_of", "part_of_pool") and a > b:
            yield _problem(
                table, row, "cohort_a", f"{a} patients inside {b}; set the relation right"
            )
        if None not in (a, b, row["shared_n"]) and row["shared_n"] > min(a, b):
            yield _problem(table, row, "shared_n", f"at most {min(a, b)}")


@_check("overlaps")
def edges_join_two_cohorts(tables):
    """No cohort stands in a relation to itself."""
    for row in tables["overlaps"]:
        if row["cohort_a"] == row["cohort_b"]:
            yield _problem(tables["overlaps"], row, "cohort_b", "allowed: another cohort")


@_check("overlaps")
def edges_agree(tables):
    """No two cohorts are declared disjoint and sharing at once."""
    table = tables["overlaps"]
    edges = [Edge(row["cohort_a"], row["relation"], row["cohort_b"]) for row in table]
    disjoint = {frozenset((e.a, e.b)) for e in edges if e.relation == "disjoint"}
    graph = OverlapGraph(edge for edge in edges if edge.a != edge.b)
    for a, b in graph.contradictions():
        how = "declared" if frozenset((a, b)) in disjoint else "as parts of one pool"
        shown = f"{a} and {b} are disjoint ({how})"
        yield Problem(table.name, f"{a} {b}", "relation", shown, "other edges make them share")


@_check("cohorts", "analysis_sets")
def cohort_sizes_agree(tables):
    """A cohort's n is the preferred size of its treated (or only) set."""
    preferred = defaultdict(set)
    for row in tables["analysis_sets"]:
        if row["preferred"]:
            preferred[row["cohort_id"]].add(row["n"])
    table = tables["cohorts"]
    for row in table:
        if row["n"] is not None and row["n"] not in preferred[row["cohort_id"]]:
            known = sorted(preferred[row["cohort_id"]])
            yield _problem(table, row, "n", f"preferred analysis sets have {known}")
        if row["n"] is not None and not (row["locator"] and row["source_id"]):
            yield _problem(table, row, "locator", "a size needs its source and place")


@_check("survival")
def statuses_agree(tables):
    """A survival cell has a number exactly where its status says so."""
    table = tables["survival"]
    for row in table:
        for column in LIMITS:
            if (row[column] is not None) != (row[f"{column}_status"] == "number"):
                status = f"{column}_status is {row[f'{column}_status']!r}"
                if row["interval"] == "plus_minus" and column != "value":
                    continue
                yield _problem(table, row, column, status)


@_check_each(*WITH_CLAIMS)
def claims_name_discrepancies(tables, name):
    """A discrepancy and a claim come together."""
    for row in tables[name]:
        if bool(row["discrepancy_id"]) != bool(row["claim"]):
            yield _problem(tables[name], row, "claim", "a discrepancy and a claim come together")


BOTH_CLAIMS_ARE_ROWS = ("text against table", "count against count", "between documents")


@_check("discrepancies", *WITH_CLAIMS)
def claims_are_rows(tables):
    """Both claims of a discrepancy between printed numbers are rows."""
    rows = [row for name in WITH_CLAIMS for row in tables[name]]
    claims = {(row["discrepancy_id"], row["claim"]) for row in rows}
    table = tables["discrepancies"]
    for row in table:
        missing = [c for c in ("a", "b") if (row["discrepancy_id"], c) not in claims]
        if missing and row["kind"] in BOTH_CLAIMS_ARE_ROWS:
            yield _problem(table, row, "discrepancy_id", f"no row is claim {' or '.join(missing)}")


@_check_each("outcomes", "survival", also=("studies", "cohorts"))
def second_hand_is_true(tables, name):
    """A row is second hand exactly where the source is not the study's own report."""
    own = {row["study_id"]: row["reported_in"] for row in tables["studies"]}
    study = {row["cohort_id"]: row["study_id"] for row in tables["cohorts"]}
    for row in tables[name]:
        first_hand = own.get(study.get(row["cohort_id"])) == row["source_id"]
        if row["second_hand"] == first_hand:
            allowed = "false only where the source is the study's own report"
            yield _problem(tables[name], row, "second_hand", allowed)


@_check("outcomes")
def one_row_per_statement(tables):
    """No statement stands twice."""
    table = tables["outcomes"]
    seen = {}
    for row in table:
        statement = tuple(
            value for column, value in row.items() if column not in ("row_id", "note")
        )
        if statement in seen:
            yield _problem(table, row, "row_id", f"says the same as {seen[statement]}")
        seen[statement] = row["row_id"]


@_check("outcomes", "discrepancies")
def preference_holds(tables):
    """The column ``preferred`` is what the rule gives."""
    chosen = preferred_rows(tables)
    for row in tables["outcomes"]:
        if row["preferred"] != (row["row_id"] in chosen):
            yield _problem(tables["outcomes"], row, "preferred", "the rule gives the opposite")
