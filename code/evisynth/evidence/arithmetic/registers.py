"""Sizes, statuses, claims and preferences say the same in every table."""

from __future__ import annotations

from collections import defaultdict

from evisynth.evidence.arithmetic.rules import (
    LIMITS,
    WITH_CLAIMS,
    problem,
    rule,
    rule_of_each,
)
from evisynth.evidence.printed import preferred_rows


@rule("cohorts", "analysis_sets")
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
            yield problem(table, row, "n", f"preferred analysis sets have {known}")
        if row["n"] is not None and not (row["locator"] and row["source_id"]):
            yield problem(table, row, "locator", "a size needs its source and place")


@rule("survival")
def statuses_agree(tables):
    """A survival cell has a number exactly where its status says so."""
    table = tables["survival"]
    for row in table:
        for column in LIMITS:
            if (row[column] is not None) != (row[f"{column}_status"] == "number"):
                status = f"{column}_status is {row[f'{column}_status']!r}"
                if row["interval"] == "plus_minus" and column != "value":
                    continue
                yield problem(table, row, column, status)


@rule_of_each(*WITH_CLAIMS)
def claims_name_discrepancies(tables, name):
    """A discrepancy and a claim come together."""
    for row in tables[name]:
        if bool(row["discrepancy_id"]) != bool(row["claim"]):
            yield problem(tables[name], row, "claim", "a discrepancy and a claim come together")


BOTH_CLAIMS_ARE_ROWS = ("text against table", "count against count", "between documents")


@rule("discrepancies", *WITH_CLAIMS)
def claims_are_rows(tables):
    """Both claims of a discrepancy between printed numbers are rows."""
    rows = [row for name in WITH_CLAIMS for row in tables[name]]
    claims = {(row["discrepancy_id"], row["claim"]) for row in rows}
    table = tables["discrepancies"]
    for row in table:
        missing = [c for c in ("a", "b") if (row["discrepancy_id"], c) not in claims]
        if missing and row["kind"] in BOTH_CLAIMS_ARE_ROWS:
            yield problem(table, row, "discrepancy_id", f"no row is claim {' or '.join(missing)}")


@rule_of_each("outcomes", "survival", also=("studies", "cohorts"))
def second_hand_is_true(tables, name):
    """A row is second hand exactly where the source is not the study's own report."""
    own = {row["study_id"]: row["reported_in"] for row in tables["studies"]}
    study = {row["cohort_id"]: row["study_id"] for row in tables["cohorts"]}
    for row in tables[name]:
        first_hand = own.get(study.get(row["cohort_id"])) == row["source_id"]
        if row["second_hand"] == first_hand:
            allowed = "false only where the source is the study's own report"
            yield problem(tables[name], row, "second_hand", allowed)


@rule_of_each("outcomes", "survival", "contrasts", "analysis_sets", "characteristics")
def one_row_per_statement(tables, name):
    """No statement stands twice."""
    table = tables[name]
    seen = {}
    for row in table:
        statement = tuple(
            value for column, value in row.items() if column not in ("row_id", "note")
        )
        if statement in seen:
            yield problem(table, row, "row_id", f"says the same as {seen[statement]}")
        seen[statement] = row["row_id"]


@rule("outcomes", "discrepancies")
def preference_holds(tables):
    """The column ``preferred`` is what the rule gives."""
    chosen = preferred_rows(tables)
    for row in tables["outcomes"]:
        if row["preferred"] != (row["row_id"] in chosen):
            yield problem(tables["outcomes"], row, "preferred", "the rule gives the opposite")
