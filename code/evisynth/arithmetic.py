"""Does the evidence base add up? One small check per rule; each yields every row that breaks it."""

from __future__ import annotations

from collections import defaultdict

from evisynth.effects import study_intervals
from evisynth.errors import EvisynthError
from evisynth.overlap import Edge, OverlapGraph
from evisynth.printed import (
    count_patients,
    counts_that_fit,
    fits_printed,
    interval_recomputes,
    preferred_rows,
)
from evisynth.schema import Problem

LIMITS = ("value", "lower", "upper")


def check_arithmetic(tables):
    """Every problem that the arithmetic of the tables shows.

    Parameters
    ----------
    tables : dict of str to Table

    Returns
    -------
    list of Problem
    """
    return [problem for check in CHECKS for problem in check(tables)]


def _whole_habit(tables):
    return {row["source_id"]: row["rounds_to_whole_percent"] for row in tables["sources"]}


def _problem(table, row, column, allowed):
    return Problem(table.name, table.key_of(row), column, str(row.get(column)), allowed)


def events_within_total(tables):
    """No more events than patients."""
    for name in ("outcomes", "characteristics"):
        for row in tables[name]:
            if (
                row["events"] is not None
                and row["total"] is not None
                and row["events"] > row["total"]
            ):
                yield _problem(tables[name], row, "events", f"at most its total, {row['total']}")


def percent_agrees(tables):
    """A printed percentage is events / total to its digits, or a discrepancy says why not."""
    whole = _whole_habit(tables)
    table = tables["outcomes"]
    for row in table:
        if None in (row["events"], row["total"], row["percent"]) or row["discrepancy_id"]:
            continue
        if not fits_printed(
            row["events"], row["total"], row["percent"], whole=whole[row["source_id"]]
        ):
            share = 100 * row["events"] / row["total"]
            yield _problem(
                table,
                row,
                "percent",
                f"{row['events']}/{row['total']} is {share:.2f}; or name a discrepancy",
            )


def percent_in_range(tables):
    """A percentage lies between 0 and 100."""
    for row in tables["outcomes"]:
        if row["percent"] is not None and not 0 <= float(row["percent"]) <= 100:
            yield _problem(tables["outcomes"], row, "percent", "allowed: 0 to 100")


def derivation_holds(tables):
    """A count has the standing that its derivation claims."""
    whole = _whole_habit(tables)
    table = tables["outcomes"]
    for row in table:
        kind = row["derivation"]
        counted = row["events"] is not None and row["total"] is not None
        if kind == "percent_only" and row["events"] is not None and row["total"] is not None:
            yield _problem(table, row, "derivation", "percent_only has no count of events")
        if kind in ("computed_from_percent", "from_patient_rows", "differenced") and not counted:
            yield _problem(table, row, "derivation", "needs events and total")
        if kind == "computed_from_percent" and counted and row["percent"]:
            fitting = counts_that_fit(row["total"], row["percent"], whole=whole[row["source_id"]])
            if fitting != [row["events"]]:
                yield _problem(
                    table,
                    row,
                    "events",
                    f"counts that fit {row['percent']}% of {row['total']}: {fitting}",
                )
        if kind == "computed_from_percent" and not row["percent"]:
            yield _problem(table, row, "percent", "a computed count needs its printed percentage")


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


def interval_contains(tables):
    """An estimate lies inside its interval, or a discrepancy says why not."""
    for name in ("survival", "contrasts", "characteristics", "outcomes"):
        for row in tables[name]:
            value = row.get("value") if name != "outcomes" else _number(row["percent"])
            lower, upper = row["lower"], row["upper"]
            if row.get("interval") == "plus_minus" or row["discrepancy_id"] or value is None:
                continue
            below = lower is not None and value < lower
            above = upper is not None and value > upper
            if below or above:
                shown = "percent" if name == "outcomes" else "value"
                yield _problem(
                    tables[name], row, shown, f"inside {lower} to {upper}; or name a discrepancy"
                )


def limits_in_order(tables):
    """A lower limit is not above its upper limit."""
    for name in ("survival", "contrasts", "characteristics", "outcomes"):
        for row in tables[name]:
            if None not in (row["lower"], row["upper"]) and row["lower"] > row["upper"]:
                yield _problem(
                    tables[name], row, "lower", f"at most the upper limit, {row['upper']}"
                )


def _number(text):
    return None if text is None else float(text)


def printed_intervals_recompute(tables):
    """A printed 95% interval of a count is exact, Wilson or Wald to its printed digits."""
    table = tables["outcomes"]
    for row in table:
        if row["interval"] != "95% CI" or row["discrepancy_id"]:
            continue
        if None in (row["events"], row["total"], row["lower"], row["upper"]):
            continue
        if not interval_recomputes(row["events"], row["total"], row["lower"], row["upper"]):
            lower, upper = study_intervals([row["events"]], [row["total"]])
            allowed = (
                f"exact is {100 * lower[0]:.1f} to {100 * upper[0]:.1f}; or name a discrepancy"
            )
            yield _problem(table, row, "lower", allowed)


def differences_recompute(tables):
    """A differenced row is its first parent minus its second."""
    table = tables["outcomes"]
    by_id = {row["row_id"]: row for row in table}
    for row in table:
        if row["derivation"] != "differenced":
            continue
        names = (row["derived_from"] or "").split(";")
        if len(names) != 2 or not all(name in by_id for name in names):
            yield _problem(table, row, "derived_from", "two row_ids of this table, separated by ;")
            continue
        whole, part = (by_id[name] for name in names)
        for column in ("events", "total"):
            if None in (whole[column], part[column]) or row[column] != whole[column] - part[column]:
                expected = f"{whole[column]} minus {part[column]}"
                yield _problem(table, row, column, f"differenced: {expected}")


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


def parts_add_up(tables):
    """Parts that are said to add up to a pool do."""
    sizes = {row["cohort_id"]: row["n"] for row in tables["cohorts"]}
    table = tables["overlaps"]
    parts = defaultdict(list)
    for row in table:
        if row["relation"] == "part_of_pool" and row["basis_kind"] == "arithmetic":
            parts[row["cohort_b"]].append(row)
    for pool, rows in parts.items():
        numbers = [sizes.get(row["cohort_a"]) for row in rows]
        if None in numbers or sizes.get(pool) is None or sum(numbers) != sizes[pool]:
            shown = f"{' + '.join(map(str, numbers))} is not {sizes.get(pool)}"
            yield _problem(table, rows[0], "basis_kind", f"the parts of {pool}: {shown}")


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


def edges_agree(tables):
    """No two cohorts are declared disjoint and sharing at once."""
    edges = [Edge(row["cohort_a"], row["relation"], row["cohort_b"]) for row in tables["overlaps"]]
    for a, b in OverlapGraph(edges).contradictions():
        yield Problem(
            "overlaps", f"{a} {b}", "relation", "disjoint", "but the other edges make them share"
        )


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


def claims_are_rows(tables):
    """A discrepancy between printed numbers has at least one row, and rows name known claims."""
    claims = defaultdict(set)
    for name in (
        "outcomes",
        "survival",
        "contrasts",
        "analysis_sets",
        "characteristics",
        "searches",
    ):
        for row in tables[name]:
            if bool(row["discrepancy_id"]) != bool(row["claim"]):
                yield _problem(
                    tables[name], row, "claim", "a discrepancy and a claim come together"
                )
            claims[row["discrepancy_id"]].add(row["claim"])
    table = tables["discrepancies"]
    for row in table:
        missing = {"a", "b"} - claims[row["discrepancy_id"]]
        if missing and row["kind"] in _BOTH_CLAIMS_ARE_ROWS:
            yield _problem(
                table, row, "discrepancy_id", f"no row is claim {' or '.join(sorted(missing))}"
            )


_BOTH_CLAIMS_ARE_ROWS = ("text against table", "count against count", "between documents")


def second_hand_is_true(tables):
    """A row is second hand exactly where the source is not the study's own report."""
    own = {row["study_id"]: row["reported_in"] for row in tables["studies"]}
    study = {row["cohort_id"]: row["study_id"] for row in tables["cohorts"]}
    for name in ("outcomes", "survival"):
        for row in tables[name]:
            first_hand = own.get(study.get(row["cohort_id"])) == row["source_id"]
            if row["second_hand"] == first_hand:
                allowed = "false only where the source is the study's own report"
                yield _problem(tables[name], row, "second_hand", allowed)


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


def preference_holds(tables):
    """The column ``preferred`` is what the rule gives."""
    chosen = preferred_rows(tables)
    for row in tables["outcomes"]:
        if row["preferred"] != (row["row_id"] in chosen):
            yield _problem(tables["outcomes"], row, "preferred", "the rule gives the opposite")


CHECKS = (
    events_within_total,
    percent_in_range,
    percent_agrees,
    derivation_holds,
    total_is_its_set,
    interval_contains,
    limits_in_order,
    printed_intervals_recompute,
    differences_recompute,
    patient_counts_recompute,
    parts_add_up,
    subsets_fit,
    edges_agree,
    cohort_sizes_agree,
    statuses_agree,
    claims_are_rows,
    second_hand_is_true,
    one_row_per_statement,
    preference_holds,
)
