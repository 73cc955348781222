"""What is true of this book's own replications; a fork about another question replaces it."""

import csv
from itertools import combinations
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import pytest
from evisynth.evidence.printed import counts_that_fit
from evisynth.replication import median_time, printed_numbers, replicate, survival_at

DATA = Path(__file__).resolve().parents[2] / "data"
# Column of each table that holds a printed estimate of most kinds.
ESTIMATE = {
    "outcomes": "percent",
    "survival": "value",
    "contrasts": "value",
    "characteristics": "value",
}


# What an estimate is of, in each of them: two places that print it have these alike.
FACT = {
    "outcomes": ("cohort_id", "outcome", "denominator", "timepoint", "criterion"),
    "survival": ("cohort_id", "endpoint", "statistic", "time_months", "subset"),
    "contrasts": ("cohort_a", "set_a", "cohort_b", "set_b", "outcome", "measure"),
    "characteristics": ("cohort_id", "characteristic", "unit"),
}
COUNTS = ("xi", "ni", "ai", "n1i", "ci", "n2i")


def rows_of(table):
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def beside(evidence):
    return replicate(evidence)


REPLICATIONS = rows_of("replications")


@pytest.fixture(scope="module")
def texts():
    """Cells as they stand in the files, by table and row."""
    return {name: {row["row_id"]: row for row in rows_of(name)} for name in ESTIMATE}


def test_each_verdict_is_what_the_code_finds(beside):
    wrong = beside[beside["agrees"] != (beside["verdict"] != "differs")]
    assert wrong[["replication_id", "printed", "ours", "method"]].to_dict("records") == []


def test_there_are_enough_of_each(beside):
    assert len(printed_numbers(beside)) >= 30
    assert beside["replication_id"].is_unique
    kinds = beside["kind"].value_counts()
    assert kinds["interval of a proportion"] == 4  # all that the sources print
    assert kinds["hazard ratio"] >= 15
    # Apart from percentages and counts
    assert (~beside["kind"].isin(["rate", "count"])).sum() >= 30


# One printed number, one verdict


def printed_at(row):
    """A printed number by its place, apart from the row of the base that holds it."""
    part = {"count": "events", "half-width": "half-width", "p value": "p"}.get(row["kind"], "")
    texts = [row[f"printed_{name}"] for name in ("estimate", "p")]
    number = float(texts[0]) if texts[0] else texts[1]
    return row["source_id"], row["locator"], part, number


def inputs_of(row):
    return row["patient_rows"], row["event"], *(row[column] for column in COUNTS)


def untied(rows, texts):
    """Pairs that recompute one number at one place and are taken for two: by name, or by fact."""
    found = []
    for a, b in combinations(rows, 2):
        if printed_at(a) != printed_at(b) or a["printed_row"] == b["printed_row"]:
            continue
        table = a["printed_table"]
        facts = [
            [texts[r["printed_table"]][r["printed_row"]].get(c) for c in FACT[table]]
            for r in (a, b)
        ]
        same_fact = facts[0] == facts[1] and inputs_of(a) == inputs_of(b)
        if a["quantity"] == b["quantity"] or same_fact:
            found.append((a["replication_id"], b["replication_id"]))
    return found


def test_no_printed_number_is_taken_for_two(texts):
    assert untied(REPLICATIONS, texts) == []


def test_a_number_taken_for_two_would_be_found(texts):
    """A rate beside its count, held by one more row of the base."""
    row = next(r for r in REPLICATIONS if r["printed_table"] == "outcomes" and r["kind"] == "rate")
    copy = {"row_id": "again"}
    held = texts | {
        "outcomes": texts["outcomes"] | {"again": texts["outcomes"][row["printed_row"]] | copy}
    }
    other = row | {"replication_id": "R999", "printed_row": "again"}
    assert untied([row, other], held) == [(row["replication_id"], "R999")]
    assert untied([row, other | {"quantity": "another name"}], held) != []
    assert (
        untied([row, other | {"quantity": "another name", "xi": "1", "locator": "x"}], held) == []
    )


def test_recomputations_of_one_number_say_so_and_differ_in_what_goes_in(beside):
    rows = {row["replication_id"]: row for row in REPLICATIONS}
    for ids in printed_numbers(beside)["replication_ids"]:
        own = [rows[key] for key in ids]
        assert len({(row["quantity"], row["locator"], printed_at(row)) for row in own}) == 1
        assert len({inputs_of(row) for row in own}) == len(own)


def test_a_p_value_counts_once():
    """By itself or with its estimate, not both."""
    alone = {row["printed_row"] for row in REPLICATIONS if row["kind"] == "p value"}
    beside_estimate = {
        row["printed_row"] for row in REPLICATIONS if row["printed_estimate"] and row["printed_p"]
    }
    assert alone and beside_estimate and not alone & beside_estimate


def test_numbers_that_were_counted_twice_have_one_verdict(beside):
    numbers = printed_numbers(beside).set_index("replication_id")
    tied = {"R049": "R134", "R050": "R135", "R056": "R136", "R057": "R137", "R103": "R117",
            "R104": "R120", "R005": "R006", "R100": "R195", "R112": "R222"}  # fmt: skip
    for first, second in tied.items():
        assert numbers.loc[first, "replication_ids"] == (first, second)
    # one direction, and one of two sources, alone
    assert set(numbers.loc[["R005", "R100"], "verdict"]) == {"agrees on a condition"}
    assert numbers.loc["R112", "verdict"] == "differs"
    assert len(beside) - len(numbers) == sum(len(ids) - 1 for ids in numbers["replication_ids"])


def test_an_unusual_method_is_a_condition():
    """Digits cut off, or a death moved past the time asked for: neither is printed."""
    hidden = [r for r in REPLICATIONS if r["method"].endswith(("cut", "just before"))]
    assert hidden and {row["verdict"] for row in hidden} <= {"agrees on a condition", "differs"}
    assert {row["verdict"] for row in REPLICATIONS if row["inputs"] == "count of a percentage"} == {
        "agrees on a condition"
    }


def test_a_p_value_is_one_sided_only_where_it_is_printed_so(texts):
    for row in REPLICATIONS:
        if row["method"].endswith("one-sided"):
            assert texts["contrasts"][row["printed_row"]]["p_sided"] == "1"


@pytest.mark.parametrize("row", REPLICATIONS, ids=lambda row: row["replication_id"])
def test_printed_numbers_are_those_of_the_evidence_base(row, texts):
    printed = texts[row["printed_table"]][row["printed_row"]]
    assert printed["source_id"] == row["source_id"]
    column = ESTIMATE[row["printed_table"]]
    if row["kind"] == "count":
        column = "events"
    if row["kind"] == "half-width":
        assert printed["interval"] == "plus_minus"
        column = "lower"
    if row["printed_estimate"]:
        assert row["printed_estimate"] == printed[column]
    if row["printed_lb"] or row["printed_ub"]:
        limits = (row["printed_lb"], row["printed_ub"])
        assert limits == (printed["lower"], printed["upper"])
    if row["printed_p"]:
        assert row["printed_p"] == printed["p"]
    assert row["printed_estimate"] or row["printed_p"]
    assert row["locator"] == printed["locator"]


@pytest.mark.parametrize("row", REPLICATIONS, ids=lambda row: row["replication_id"])
def test_counts_are_those_of_the_evidence_base(row, texts):
    counts = [int(row[c]) for c in ("xi", "ni", "ai", "n1i", "ci", "n2i") if row[c]]
    if row["inputs"] != "printed counts":
        assert row["inputs"] == "count of a percentage" or not counts
        return
    ids = row["input_rows"].split(";")
    table = texts["outcomes"] | texts["characteristics"]
    held = [table[row_id] for row_id in ids]
    assert counts == [int(r[c]) for r in held for c in ("events", "total")]
    assert {r["derivation"] for r in held if "derivation" in r} <= {"reported"}  # not circular


def test_counts_of_percentages_are_the_only_ones_that_fit():
    computed = [row for row in REPLICATIONS if row["inputs"] == "count of a percentage"]
    arms = {(int(r[a]), int(r[b])) for r in computed
            for a, b in (("xi", "ni"), ("ai", "n1i"), ("ci", "n2i")) if r[a]}  # fmt: skip
    percents = {(33, 134): "24.6", (119, 271): "43.9", (79, 105): "75.0", (33, 103): "32.0"}
    assert arms == set(percents)
    for (events, total), percent in percents.items():
        assert counts_that_fit(total, percent, whole=True) == [events]
    assert 405 - 271 == 134 and 208 - 105 == 103
    assert counts_that_fit(124, "24.6") == []


def test_what_differs_or_agrees_on_a_condition_says_why():
    assert [r["replication_id"] for r in REPLICATIONS
            if r["verdict"] != "agrees" and not r["reason"]] == []  # fmt: skip


def test_what_differs_and_is_registered_names_its_discrepancy(texts):
    for row in REPLICATIONS:
        printed = texts[row["printed_table"]][row["printed_row"]]
        if row["verdict"] == "differs" and printed["discrepancy_id"]:
            assert row["discrepancy_id"], row["replication_id"]


def test_a_changed_patient_row_breaks_an_agreement(evidence):
    """The verdicts can fail: one death a year later, and the survival at 12 months is another."""

    def rows(name):
        return [
            MappingProxyType(dict(row) | {"months": 20.0})
            if name == "patients_sehop" and row["administration_id"] == "8"
            else row
            for row in evidence.rows(name)
        ]

    changed = replicate(SimpleNamespace(rows=rows))
    broken = changed[changed["agrees"] != (changed["verdict"] != "differs")]
    assert "overall survival at 12 months" in " ".join(broken["quantity"])


# What the reasons say of the Spanish series


@pytest.fixture(scope="module")
def treated(evidence):
    """Months and deaths of those given blinatumomab, by administration."""
    rows = [r for r in evidence.rows("patients_sehop") if r["agent"] == "blinatumomab"]
    return {r["administration_id"]: (r["months"], int(r["status"] == "dead")) for r in rows}


def test_the_printed_median_comes_of_one_death_a_month_later(treated):
    assert treated["5"] == (21.0, 1)
    months, dead = zip(*(treated | {"5": (22.0, 1)}).values(), strict=True)
    found = median_time(months, dead, interval="standard error")
    assert tuple(round(v) for v in found) == (22, 3, 41)


def test_the_printed_plus_minus_is_a_rounded_standard_error_times_1_96_cut(treated):
    months, dead = zip(*treated.values(), strict=True)
    product = 100 * 1.96 * round(survival_at(months, dead, 12)[1], 3)
    assert int(10 * product) / 10 == 26.4


def test_nobody_was_followed_for_the_upper_end_of_the_range(treated):
    assert max(months for months, _ in treated.values()) == 38
