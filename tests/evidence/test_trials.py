"""Trials each once: ages as registries print them, rows that list a trial again."""

from types import SimpleNamespace

import pytest
from evisynth.errors import ArgumentError, EvisynthError
from evisynth.evidence.trials import AgeRange, age_range, by_state, different_trials
from hypothesis import given
from hypothesis import strategies as st

YEARS = st.integers(0, 99)


def row(key, number="N1", again=None, **more):
    fields = {
        "trial_row": key, "identifier": number, "duplicate_of": again, "status": "recruiting",
        "age": "Up to 17 years", "source_id": "a", "locator": f"Table 2 · {key}", "ref": None,
        "short_title": "Title", "other_ids": None, "note": None,
    }  # fmt: skip
    return fields | more


def base(*rows, studies=()):
    return SimpleNamespace(
        rows=lambda name: {"trials": rows}[name],
        studies={study["study_id"]: study for study in studies},
    )


@given(
    YEARS, YEARS, st.sampled_from(["{} to {} years", "{}–{} years", "{} years to {} years (all)"])
)
def test_a_range_is_read_as_it_is_written(one, other, form):
    low, high = sorted((one, other))
    assert age_range(form.format(low, high)) == AgeRange(low, high)
    if low < high:
        with pytest.raises(ArgumentError, match="the lowest age before the highest"):
            age_range(form.format(high, low))


@given(YEARS)
def test_a_limit_on_one_side_leaves_the_other_open(years):
    assert age_range(f"{years} years and older") == AgeRange(years, None)
    assert age_range(f"Up to {years} years (child)") == AgeRange(0, years)
    assert age_range(f"<{years} years for some") == AgeRange(0, years)


@given(st.integers(1, 400))
def test_months_are_parts_of_years(months):
    found = age_range(f"{months} months to 40 years")
    assert found.lowest * 12 == pytest.approx(months) and found.highest == 40


@pytest.mark.parametrize("text", ["Child, adult", "", "any age", "older adults"])
def test_an_age_without_a_number_is_none(text):
    assert age_range(text) is None


def test_a_trial_that_is_listed_again_is_one_trial():
    rows = row("T1", "N2"), row("T2", "N1"), row("T3", "N2", again="T1", short_title="Other")
    first, second = different_trials(base(*rows))
    assert (first.row["trial_row"], second.row["trial_row"]) == ("T1", "T2")
    assert [r["short_title"] for r in first.again] == ["Other"] and second.again == ()
    assert not first.shared_row and not second.shared_row


@pytest.mark.parametrize("again", ["T1", "T2"])
def test_a_repetition_of_a_repetition_is_refused(again):
    rows = row("T0"), row("T1", again="T1" if again == "T1" else "T0"), row("T2", again="T1")
    with pytest.raises(EvisynthError, match=r"trials, row T\d, duplicate_of: T1 is no first"):
        different_trials(base(*rows))


def test_two_trials_of_one_printed_row_are_marked():
    rows = row("T1", "N1", locator="x"), row("T2", "N2", locator="x"), row("T3", "N3")
    assert [t.shared_row for t in different_trials(base(*rows))] == [True, True, False]
    # A repetition shares its row's place and is no second trial.
    rows = row("T1", "N1", locator="x"), row("T2", "N1", again="T1", locator="x")
    assert [t.shared_row for t in different_trials(base(*rows))] == [False]


def test_states_differ_by_words_and_not_by_capitals():
    rows = row("T1", status="Active,  not recruiting"), row("T2", status="active, not recruiting")
    groups = by_state(different_trials(base(*rows, row("T3", status="completed"))))
    assert {state: len(group) for state, group in groups.items()} == {
        "active, not recruiting": 2,
        "completed": 1,
    }


def test_a_report_belongs_to_the_trial_of_its_number():
    studies = [{"study_id": "s", "registry_id": "N1"}, {"study_id": "u", "registry_id": None}]
    one, two = different_trials(base(row("T1", "N1"), row("T2", "N2"), studies=studies))
    assert [study["study_id"] for study in one.reports] == ["s"] and two.reports == ()
