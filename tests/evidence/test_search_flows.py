"""Searches: the running total, what does not add up, steps in no order."""

import pytest
from evisynth.errors import EvisynthError
from evisynth.evidence.search_flows import search_flow
from hypothesis import given
from hypothesis import strategies as st

COUNTS = st.integers(0, 10_000)


def steps(*pairs):
    return [
        {"row_id": f"r{n}", "step": role, "count": count, "flow_step": n, "flow_role": role}
        for n, (role, count) in enumerate(pairs, start=1)
    ]


@given(COUNTS, st.lists(st.tuples(st.sampled_from(["added", "removed"]), COUNTS), max_size=6))
def test_a_number_that_is_reached_is_the_sum_of_the_steps_before(start, moves):
    total = start + sum(count if role == "added" else -count for role, count in moves)
    if total < 0:
        moves, total = [*moves, ("added", -total)], 0
    right = search_flow("a", steps(("start", start), *moves, ("reached", total)))
    assert right.steps[-1].adds_up and sum(right.steps[-1].terms) == total
    assert right.terms == (total,)
    wrong = search_flow("a", steps(("start", start), *moves, ("reached", total + 1)))
    assert not wrong.steps[-1].adds_up and not wrong.adds_up


@given(COUNTS, COUNTS)
def test_so_many_of_those_before_leave_the_others_out(before, kept):
    flow = search_flow("a", steps(("start", before), ("kept", kept), ("added", 3)))
    assert flow.steps[1].left_out == before - kept
    assert flow.adds_up == (kept <= before) and flow.terms == (kept, 3)


def test_more_taken_away_than_there_was_does_not_add_up():
    assert not search_flow("a", steps(("start", 3), ("removed", 4))).adds_up


def test_a_reached_number_goes_on_as_printed():
    flow = search_flow("a", steps(("start", 1), ("reached", 5), ("added", 2), ("reached", 7)))
    assert [step.adds_up for step in flow.steps] == [True, False, True, True]


def test_the_order_of_the_rows_does_not_matter():
    rows = steps(("start", 9), ("kept", 4), ("added", 2))
    assert search_flow("a", rows[::-1]) == search_flow("a", rows)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"flow_step": 3}, "step 3"),
        ({"flow_step": 1}, "step 1"),
        ({"flow_step": None}, "step None"),
        ({"flow_role": "lost"}, "role lost"),
        ({"flow_role": None}, "role None"),
        ({"flow_role": "start"}, "role start"),
    ],
)
def test_a_step_without_its_place_is_named(change, told):
    first, second = steps(("start", 9), ("kept", 4))
    with pytest.raises(EvisynthError, match=rf"searches, row r\d: .*{told}.*needed: flow_step"):
        search_flow("a", [first, second | change])


def test_a_search_begins_with_a_start():
    with pytest.raises(EvisynthError, match="role kept"):
        search_flow("a", steps(("kept", 4)))
