"""What is true of this book's own replications; a fork about another question replaces it."""

import csv
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import pytest
from evisynth.evidence.base import load_evidence
from evisynth.evidence.printed import counts_that_fit
from evisynth.replication import median_time, replicate, survival_at

DATA = Path(__file__).resolve().parents[2] / "data"
# Column of each table that holds a printed estimate of most kinds.
ESTIMATE = {
    "outcomes": "percent",
    "survival": "value",
    "contrasts": "value",
    "characteristics": "value",
}


def rows_of(table):
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def evidence():
    return load_evidence(DATA)


@pytest.fixture(scope="module")
def beside(evidence):
    return replicate(evidence)


REPLICATIONS = rows_of("replications")


@pytest.fixture(scope="module")
def texts():
    """Cells as they stand in the files, by table and row."""
    return {name: {row["row_id"]: row for row in rows_of(name)} for name in ESTIMATE}


def test_each_verdict_is_what_the_code_finds(beside):
    verdict = beside["agrees"].map({True: "agrees", False: "differs"})
    wrong = beside[verdict != beside["verdict"]]
    assert wrong[["replication_id", "printed", "ours", "method"]].to_dict("records") == []


def test_there_are_enough_of_each(beside):
    assert len(beside) >= 30
    assert beside["replication_id"].is_unique
    kinds = beside["kind"].value_counts()
    assert kinds["interval of a proportion"] == 4  # all that the sources print
    assert kinds["hazard ratio"] >= 15
    # Apart from percentages and counts
    assert (~beside["kind"].isin(["rate", "count"])).sum() >= 30


@pytest.mark.parametrize("row", REPLICATIONS, ids=lambda row: row["replication_id"])
def test_printed_numbers_are_those_of_the_evidence_base(row, texts):
    for row_id in row["printed_rows"].split(";"):
        printed = texts[row["printed_table"]][row_id]
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
    first = texts[row["printed_table"]][row["printed_rows"].split(";")[0]]
    assert row["locator"] == first["locator"]


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


def test_what_differs_has_a_reason():
    assert [r["replication_id"] for r in REPLICATIONS
            if r["verdict"] == "differs" and not r["reason"]] == []  # fmt: skip
    hidden = [r for r in REPLICATIONS if r["method"] == "kaplan-meier just before"]
    assert all(row["reason"] for row in hidden)


def test_what_differs_and_is_registered_names_its_discrepancy(texts):
    for row in REPLICATIONS:
        first = texts[row["printed_table"]][row["printed_rows"].split(";")[0]]
        if row["verdict"] == "differs" and first["discrepancy_id"]:
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
    broken = changed[changed["agrees"] != (changed["verdict"] == "agrees")]
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
