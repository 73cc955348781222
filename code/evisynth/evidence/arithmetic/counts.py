"""Counts, percentages and intervals of one row agree with each other."""

from __future__ import annotations

from collections import defaultdict

from evisynth.engine.effects.escalc import study_intervals
from evisynth.engine.effects.from_intervals import RATIOS
from evisynth.errors import EvisynthError
from evisynth.evidence.arithmetic.rules import (
    LIMITS,
    WITH_INTERVALS,
    has_count,
    problem,
    rule,
    rule_of_each,
    whole_habit,
)
from evisynth.evidence.printed import (
    OPEN_COUNTS,
    count_patients,
    counts_that_fit,
    fits_printed,
    interval_recomputes,
    number,
)


@rule_of_each("outcomes", "characteristics")
def events_within_total(tables, name):
    """No fewer events than none, no more than patients."""
    for row in tables[name]:
        if row["total"] is not None and row["total"] < 1:
            yield problem(tables[name], row, "total", "allowed: from 1")
        elif None not in (row["events"], row["total"]) and not has_count(row):
            yield problem(
                tables[name], row, "events", f"allowed: 0 to at most its total, {row['total']}"
            )


@rule("outcomes", "sources")
def percent_agrees(tables):
    """A printed percentage is events / total to its digits, or a discrepancy says why not."""
    whole = whole_habit(tables)
    table = tables["outcomes"]
    for row in table:
        events, total, percent = row["events"], row["total"], row["percent"]
        if not has_count(row) or number(percent) is None or row["discrepancy_id"]:
            continue
        if not fits_printed(events, total, percent, whole=whole[row["source_id"]]):
            share = f"{events}/{total} is {100 * events / total:.2f}; or name a discrepancy"
            yield problem(table, row, "percent", share)


@rule("outcomes")
def percentages_are_numbers(tables):
    """A printed percentage is a number from 0 to 100."""
    for row in tables["outcomes"]:
        value = number(row["percent"])
        if row["percent"] is not None and (value is None or not 0 <= value <= 100):
            yield problem(tables["outcomes"], row, "percent", "allowed: 0 to 100")


@rule_of_each("characteristics", "survival")
def shares_in_range(tables, name):
    """A value in percent lies between 0 and 100, and its limits too."""
    for row in tables[name]:
        if row.get("unit") == "percent" or row.get("statistic") == "rate":
            for column in LIMITS:
                if row[column] is not None and not 0 <= row[column] <= 100:
                    yield problem(tables[name], row, column, "allowed: 0 to 100, in percent")


_FROM_PERCENT = ("computed_from_percent", "total_from_percent", *OPEN_COUNTS)
COUNTED_KINDS = ("from_patient_rows", "differenced", *_FROM_PERCENT)


@rule("outcomes")
def derivation_holds(tables):
    """A row has the count and the percentage that its derivation claims."""
    table = tables["outcomes"]
    for row in table:
        kind = row["derivation"]
        counted = None not in (row["events"], row["total"])
        if kind == "reported" and row["events"] is None:
            yield problem(table, row, "derivation", "reported needs events; or percent_only")
        if kind == "percent_only" and counted:
            yield problem(table, row, "derivation", "percent_only has no count of events")
        if "|" in (row["derived_from"] or "") and kind != "from_patient_rows":
            yield problem(table, row, "derivation", "from_patient_rows, as its query says")
        if kind in COUNTED_KINDS and not counted:
            yield problem(table, row, "derivation", "needs events and total")
        if kind in _FROM_PERCENT and row["percent"] is None:
            yield problem(table, row, "percent", "a computed count needs its printed percentage")


@rule("outcomes", "sources")
def computed_counts_recompute(tables):
    """A computed count is the one whole number that fits the printed percentage."""
    whole = whole_habit(tables)
    table = tables["outcomes"]
    for row in table:
        percent = row["percent"]
        if row["derivation"] != "computed_from_percent" or not has_count(row):
            continue
        if number(percent) is not None:
            fitting = counts_that_fit(row["total"], percent, whole=whole[row["source_id"]])
            if fitting != [row["events"]]:
                allowed = f"counts that fit {percent}% of {row['total']}: {fitting}"
                yield problem(table, row, "events", allowed)


@rule("outcomes", "sources")
def open_counts_are_the_ends(tables):
    """Of a count that a percentage leaves open, the fewest and the most that fit stand as rows."""
    whole, table = whole_habit(tables), tables["outcomes"]
    ends = [row for row in table if row["derivation"] in OPEN_COUNTS and has_count(row)]
    told = {(row["derived_from"], row["derivation"], row["total"]) for row in ends}
    parents = {r["row_id"]: r for r in table if r["derivation"] == "percent_only"}
    for row in ends:
        parent = parents.get(row["derived_from"])
        if parent is None or any(parent[c] != row[c] for c in _SAME_FACT):
            allowed = "a row of percent_only with the same " + ", ".join(_SAME_FACT)
            yield problem(table, row, "derived_from", allowed)
            continue
        fewest, most = OPEN_COUNTS
        other = most if row["derivation"] == fewest else fewest
        if (row["derived_from"], other, row["total"]) not in told:
            yield problem(table, row, "derivation", f"beside a row of {other} of the same total")
        fitting = counts_that_fit(row["total"], row["percent"], whole=whole[row["source_id"]])
        if len(fitting) < 2:
            yield problem(table, row, "derivation", f"several counts that fit; here: {fitting}")
        elif row["events"] != fitting[0 if row["derivation"] == fewest else -1]:
            yield problem(table, row, "events", f"{fitting[0]} the fewest, {fitting[-1]} the most")


_SAME_FACT = ("cohort_id", "outcome", "percent", "denominator", "timepoint", "criterion")


@rule("outcomes", "sources")
def totals_from_percent_recompute(tables):
    """A total worked out from a count and its percentage is the only one that fits.

    It is no larger than the total that the row which it is derived from has.
    """
    whole, table = whole_habit(tables), tables["outcomes"]
    by_id = {row["row_id"]: row for row in table}
    for row in table:
        if row["derivation"] != "total_from_percent" or not has_count(row):
            continue
        parent = by_id.get(row["derived_from"])
        if parent is None or parent["events"] != row["events"] or not has_count(parent):
            yield problem(table, row, "derived_from", "a row with the same events and a total")
            continue
        percent, habit = row["percent"], whole[row["source_id"]]
        possible = range(max(row["events"], 1), parent["total"] + 1)
        fit = [n for n in possible if fits_printed(row["events"], n, percent, whole=habit)]
        if fit != [row["total"]]:
            yield problem(table, row, "total", f"the only total that fits; here: {fit}")


@rule("outcomes", "analysis_sets")
def total_is_its_set(tables):
    """A total is the size of the analysis set that its denominator names, or was worked out."""
    sizes = defaultdict(set)
    for row in tables["analysis_sets"]:
        sizes[row["cohort_id"], row["analysis_set"]].add(row["n"])
    table = tables["outcomes"]
    for row in table:
        known = sizes[row["cohort_id"], row["denominator"]]
        made = row["derivation"] == "total_from_percent"
        if row["total"] is not None and row["total"] not in known and not made:
            found = sorted(known) or "no size"
            sets = f"analysis set {row['denominator']!r} of {row['cohort_id']} has {found}"
            yield problem(table, row, "total", sets)


@rule_of_each(*WITH_INTERVALS)
def interval_contains(tables, name):
    """An estimate lies inside its interval, or a discrepancy says why not."""
    column = "percent" if name == "outcomes" else "value"
    for row in tables[name]:
        value, lower, upper = number(row[column]), row["lower"], row["upper"]
        if row.get("interval") == "plus_minus" or row["discrepancy_id"] or value is None:
            continue
        if (lower is not None and value < lower) or (upper is not None and value > upper):
            allowed = f"inside {lower} to {upper}; or name a discrepancy"
            yield problem(tables[name], row, column, allowed)


@rule_of_each("outcomes", "characteristics")
def intervals_have_limits(tables, name):
    """A kind of interval is named where a limit is printed, and only there."""
    for row in tables[name]:
        limits = row["lower"] is not None or row["upper"] is not None
        if limits == (row["interval"] in (None, "none")):
            yield problem(tables[name], row, "interval", "a kind goes with a limit")


@rule_of_each(*WITH_INTERVALS)
def limits_in_order(tables, name):
    """A lower limit is not above its upper limit."""
    for row in tables[name]:
        if None not in (row["lower"], row["upper"]) and row["lower"] > row["upper"]:
            yield problem(tables[name], row, "lower", f"at most the upper limit, {row['upper']}")


@rule("contrasts")
def ratios_are_above_zero(tables):
    """A ratio and its limits are above 0, where their logarithms are."""
    table = tables["contrasts"]
    for row in table:
        for column in LIMITS if row["measure"] in RATIOS else ():
            if row[column] is not None and row[column] <= 0:
                yield problem(table, row, column, f"above 0, as every {row['measure']} is")


@rule("survival")
def rates_are_shares(tables):
    """A rate is a percentage, and its limits are."""
    table = tables["survival"]
    for row in table:
        for column in LIMITS if row["statistic"] == "rate" else ():
            if row[column] is not None and not 0 <= row[column] <= 100:
                yield problem(table, row, column, "a percentage, 0 to 100")


@rule("outcomes", "sources")
def printed_intervals_recompute(tables):
    """A printed 95% interval of a count is exact, Wilson or Wald to its printed digits."""
    whole = whole_habit(tables)
    table = tables["outcomes"]
    for row in table:
        limits = table.printed(row, "lower"), table.printed(row, "upper")
        if row["interval"] != "95% CI" or row["discrepancy_id"] or not has_count(row):
            continue
        if None in limits or interval_recomputes(
            row["events"], row["total"], *limits, whole=whole[row["source_id"]]
        ):
            continue
        lower, upper = study_intervals([row["events"]], [row["total"]])
        exact = f"exact is {100 * lower[0]:.1f} to {100 * upper[0]:.1f}; or name a discrepancy"
        yield problem(table, row, "lower", exact)


@rule("outcomes")
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
            yield problem(table, row, "derived_from", "two row_ids of this table, separated by ;")


def _difference_faults(table, row, whole, part):
    for column in ("events", "total"):
        if None in (whole[column], part[column]) or row[column] != whole[column] - part[column]:
            allowed = f"differenced: {whole[column]} minus {part[column]}"
            yield problem(table, row, column, allowed)


@rule("outcomes", "patients_*")
def patient_counts_recompute(tables):
    """A row from patient rows is what those rows count, and names them as its place.

    See `count_patients`.
    """
    table = tables["outcomes"]
    for row in table:
        if row["derivation"] != "from_patient_rows":
            continue
        try:
            events, total = count_patients(tables, row["derived_from"] or "")
        except EvisynthError as error:
            yield problem(table, row, "derived_from", str(error))
            continue
        for column, expected in (("events", events), ("total", total)):
            if row[column] != expected:
                yield problem(table, row, column, f"the patient rows count {expected}")
        patients = row["derived_from"].partition(":")[0].strip()
        if not (row["locator"] or "").startswith(patients):
            yield problem(table, row, "locator", f"a place that begins with {patients}")
