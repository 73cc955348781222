"""What the documents print of trials and searches."""

from evisynth.evidence.search_flows import search_flows
from evisynth.evidence.trials import by_state, different_trials


def test_the_list_has_24_trials_in_25_rows(evidence):
    trials = different_trials(evidence)
    assert len(evidence.rows("trials")) == 25 and len(trials) == 24
    again = [trial.row["identifier"] for trial in trials if trial.again]
    assert again == ["NCT02877303"]
    assert sum(t.row["identifier"].startswith("NCT") for t in trials) == 23
    shared = {t.row["identifier"] for t in trials if t.shared_row}
    assert shared == {"NCT04604691", "EudraCT 2016-004674-17"}


def test_states_are_those_of_table_2(evidence):
    groups = by_state(different_trials(evidence))
    assert {state: len(group) for state, group in groups.items()} == {
        "recruiting": 15,
        "active, not recruiting": 3,
        "completed": 3,
        "not yet recruiting": 2,
        "suspended, slow recruitment, amendment pending": 1,
    }


def test_ages_are_those_of_table_2(evidence):
    ages = {t.row["trial_row"]: t.ages for t in different_trials(evidence)}
    assert [key for key, found in ages.items() if found is None] == ["T03"]
    open_ended = {key for key, found in ages.items() if found and found.highest is None}
    assert open_ended == {"T04", "T09", "T24"}
    assert (ages["T25"].lowest, ages["T25"].highest) == (0.5, 21)
    assert (ages["T18"].lowest, ages["T18"].highest) == (1, 18)


def test_trials_with_reports_in_the_base(evidence):
    reported = {t.row["identifier"] for t in different_trials(evidence) if t.reports}
    assert reported == {
        "NCT01471782", "NCT02187354", "NCT02393859", "NCT02101853", "NCT02412306",
    }  # fmt: skip


def test_the_searches_add_up_as_printed(evidence):
    flows = search_flows(evidence)
    review, other = flows["queudeville2021"], flows["kantarjian2023"]
    assert review.adds_up and other.adds_up
    assert [step.count for step in review.steps] == [78, 24, 1, 25, 127, 4, 87, 61]
    assert review.steps[1].left_out == 54 and review.steps[3].terms == (24, 1)
    assert review.steps[-1].terms == (25, 127, -4, -87)
    assert [step.count for step in other.steps] == [257, 38, 9]
    assert other.steps[1].left_out == 219 and sum(other.terms) == 47
