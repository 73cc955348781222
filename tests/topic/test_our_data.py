"""What is true of this book's own evidence base; a fork about another question replaces it."""

from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "data"


def test_sources_are_the_five(evidence):
    assert {row["source_id"] for row in evidence.rows("sources")} == {
        "fuster2020",
        "curran2020",
        "queudeville2021",
        "kantarjian2023",
        "ampatzidou2020",
    }


def test_patient_tables_have_their_people(evidence):
    spain, greece = (evidence.rows(f"patients_{name}") for name in ("sehop", "greece"))
    assert (len(spain), len({row["person_id"] for row in spain})) == (31, 29)
    assert len({row["person_id"] for row in greece}) == len(greece) == 9


def test_a_pivotal_trial_has_the_size_that_its_report_prints(evidence):
    assert evidence.cohorts["topp2015"]["n"] == 189
    assert evidence.cohorts["kantarjian2017-blina"]["n"] == 271


def test_a_pivotal_trial_contains_its_parts(evidence):
    for part in ("stein2019", "stein2019-nohsct"):
        assert evidence.graph.describe(part, "topp2015") == "inside"
