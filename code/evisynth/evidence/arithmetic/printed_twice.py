"""What is printed twice says the same twice, and a share is a share of its own set."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

from evisynth.evidence.arithmetic.rules import has_count, problem, rule, whole_habit
from evisynth.evidence.printed import (
    OPEN_COUNTS,
    counts_that_fit,
    half_unit,
    number,
    rejected_claims,
)

_ROUNDING = 1e-9
GRADE = "grade"
EVERYBODY = "all"


def _same_report(tables):
    """A name for each cohort that reports of the same patients have in common."""
    name = {}
    for row in tables["overlaps"]:
        if row["relation"] == "same":
            a, b = (name.get(row[column], row[column]) for column in ("cohort_a", "cohort_b"))
            kept, gone = min(a, b), max(a, b)
            name.update({cohort: kept for cohort, common in name.items() if common == gone})
            name.update({a: kept, b: kept, row["cohort_a"]: kept, row["cohort_b"]: kept})
    return lambda cohort: name.get(cohort, cohort)


def _pairs(rows, key):
    """Pairs of rows with one key, neither of which stands under a discrepancy."""
    groups = defaultdict(list)
    for row in rows:
        if not row["discrepancy_id"]:
            groups[key(row)].append(row)
    for group in groups.values():
        yield from combinations(group, 2)


def _near(first, second):
    """Whether two printed numbers agree to the digits of the coarser one."""
    a, b = number(first), number(second)
    if a is None or b is None:
        return first == second or None in (first, second)
    # A decimal zero may be a habit of the source, so that 43.0 says no more than 43.
    reach = half_unit(first, whole=True) + half_unit(second, whole=True)
    return abs(a - b) <= reach + _ROUNDING


def _share(table, row):
    """Percentage as printed, or to a decimal from a count."""
    if row["percent"] is not None or not has_count(row):
        return table.printed(row, "percent")
    return f"{100 * row['events'] / row['total']:.1f}"


def _other(table, row, column):
    return f"{table.printed(row, column)} in {table.key_of(row)}; or name a discrepancy"


@rule("outcomes", "overlaps")
def facts_have_one_number(tables):
    """Rows of one fact, also in two reports of the same patients, print one number."""
    table, who = tables["outcomes"], _same_report(tables)
    fact = ("outcome", "criterion", "denominator", "timepoint")
    for a, b in _pairs(table, lambda row: (who(row["cohort_id"]), *(row[c] for c in fact))):
        if {a["derivation"], b["derivation"]} == set(OPEN_COUNTS):
            continue  # the two ends of one open count
        for column in ("events", "total"):
            if None not in (a[column], b[column]) and a[column] != b[column]:
                yield problem(table, b, column, _other(table, a, column))
        if not _near(_share(table, a), _share(table, b)):
            yield problem(table, b, "percent", _other(table, a, "percent"))


@rule("outcomes", "overlaps")
def shares_have_one_grade(tables):
    """A share that two places print under two grades, or with and without one, is in dispute."""
    table, who = tables["outcomes"], _same_report(tables)
    for a, b in _pairs(table, lambda row: (who(row["cohort_id"]), row["outcome"])):
        shares = [number(_share(table, row)) for row in (a, b)]
        graded = any(GRADE in (row["criterion"] or "") for row in (a, b))
        apart = graded and a["criterion"] != b["criterion"] and None not in shares
        if apart and 0 < shares[0] < 100 and _near(_share(table, a), _share(table, b)):
            yield problem(table, b, "criterion", _other(table, a, "criterion"))


@rule("outcomes", "analysis_sets", "sources", "discrepancies")
def shares_fit_their_set(tables):
    """A percentage without a count is that of a whole number of its set, where that has a size."""
    rejected, whole, sizes = rejected_claims(tables), whole_habit(tables), defaultdict(set)
    for row in tables["analysis_sets"]:
        if (row["discrepancy_id"], row["claim"]) not in rejected:
            sizes[row["cohort_id"], row["analysis_set"]].add(row["n"])
    table = tables["outcomes"]
    for row in table:
        known = {row["total"]} if row["total"] else sizes[row["cohort_id"], row["denominator"]]
        open_ = row["derivation"] == "percent_only" and not row["discrepancy_id"]
        if not open_ or not known or number(row["percent"]) is None:
            continue
        percent, habit = table.printed(row, "percent"), whole[row["source_id"]]
        if not any(counts_that_fit(n, percent, whole=habit) for n in known):
            sets = f"no whole number of {' or '.join(map(str, sorted(known)))} gives it"
            yield problem(table, row, "percent", f"{sets}; or name a discrepancy")


def _moment(row):
    names = ("cohort_id", "endpoint", "statistic", "time_months", "censored_at_hsct")
    return tuple(row[column] for column in names)


@rule("survival")
def times_have_one_number(tables):
    """Rows of one endpoint of one set print one estimate, and one interval of each kind."""
    table = tables["survival"]
    for a, b in _pairs(table, lambda row: (*_moment(row), row["subset"])):
        columns = ("value",) if a["interval"] != b["interval"] else ("value", "lower", "upper")
        for column in columns:
            if not _same_time(table, a, b, column):
                yield problem(table, b, column, _other(table, a, column))


def _same_time(table, a, b, column):
    """Whether two cells print the same; what is not reported contradicts nothing."""
    statuses = {row[f"{column}_status"] for row in (a, b)}
    if "not_reported" in statuses:
        return True
    # Not reached and not estimable are two words of the trade for one thing.
    if "number" not in statuses:
        return True
    return len(statuses) == 1 and _near(table.printed(a, column), table.printed(b, column))


@rule("survival")
def times_have_one_set(tables):
    """One number is not printed of everybody and of those chosen by what happened later."""
    table = tables["survival"]
    for a, b in _pairs(table, _moment):
        everybody = [row for row in (a, b) if row["subset"] == EVERYBODY]
        if len(everybody) == 1 and _one_estimate(table, a, b):
            other = b if everybody[0] is a else a
            yield problem(table, everybody[0], "subset", _other(table, other, "subset"))


def _one_estimate(table, a, b):
    """Whether two rows print the same number, with the same limits where both print any."""
    if {a["value_status"], b["value_status"]} != {"number"}:
        return False
    same = [_near(table.printed(a, c), table.printed(b, c)) for c in ("value", "lower", "upper")]
    return all(same)


@rule("contrasts")
def contrasts_have_one_number(tables):
    """Rows of one comparison by one measure print one estimate and one interval."""
    table = tables["contrasts"]
    what = ("cohort_a", "set_a", "cohort_b", "set_b", "outcome", "measure")
    for a, b in _pairs(table, lambda row: tuple(row[column] for column in what)):
        for column in ("value", "lower", "upper"):
            if not _near(table.printed(a, column), table.printed(b, column)):
                yield problem(table, b, column, _other(table, a, column))
