"""Views of the trial landscape: each trial and each step once, sums that agree."""

import re
from types import SimpleNamespace

import pytest
from evisynth.evidence.told_by import results_by_document
from evisynth.report import (
    glue_landscape,
    search_steps,
    shared_counts,
    trial_table,
    trials_by_state,
)
from evisynth.report.data.landscape import rows_shown


@pytest.fixture(scope="module")
def glued(evidence):
    lines = (line.partition(" = ") for line in glue_landscape(evidence).text.split("\n"))
    return {name.removeprefix("landscape-"): value for name, _, value in lines}


def test_the_page_shows_every_trial_and_every_step_once(evidence):
    shown = list(rows_shown(evidence))
    rows = {("trials", row["trial_row"]) for row in evidence.rows("trials")}
    rows |= {("searches", row["row_id"]) for row in evidence.rows("searches")}
    assert len(shown) == len(set(shown)) and set(shown) == rows


def test_a_base_without_these_tables_shows_none_of_them():
    assert list(rows_shown(SimpleNamespace(codebook={"resources": []}))) == []


def test_states_and_ages_add_up(evidence):
    *body, total = [line.split(" | ") for line in trials_by_state(evidence).text.split("\n")[1:]]
    numbers = [[0 if cell == "–" else int(cell) for cell in line[1:]] for line in (*body, total)]
    assert all(sum(line[:-1]) == line[-1] for line in numbers)
    assert [sum(column) for column in zip(*numbers[:-1], strict=True)] == numbers[-1]
    assert numbers[-1][-1] == len({row["identifier"] for row in evidence.rows("trials")})


def test_a_trial_is_in_the_table_once_and_says_its_other_title(evidence):
    text = trial_table(evidence).text
    lines = [line for line in text.split("\n") if " | " in line][1:]
    again = [row for row in evidence.rows("trials") if row["duplicate_of"]]
    assert len(lines) == len(evidence.rows("trials")) - len(again)
    for row in again:
        assert f"Listed again as “{row['short_title']}”" in text


def test_a_step_has_its_number_and_its_check(evidence):
    lines = [line for line in search_steps(evidence).text.split("\n") if " | " in line][1:]
    assert len(lines) == len(evidence.rows("searches"))
    assert sum("adds up" in line for line in lines) == 2
    assert "D092" in search_steps(evidence).html


def test_shared_counts_are_symmetric_and_have_all_reports_on_the_diagonal(evidence):
    lines = [line.split(" | ") for line in shared_counts(evidence).text.split("\n")[1:]]
    grid = [[0 if cell == "–" else int(cell) for cell in line[1:]] for line in lines]
    assert grid == [list(column) for column in zip(*grid, strict=True)]
    told = [document for counts in results_by_document(evidence).values() for document in counts]
    assert sum(grid[i][i] for i in range(len(grid))) == len(told)


def test_numbers_of_the_page_add_up(glued):
    states = sum(int(value) for name, value in glued.items() if name.startswith("state-"))
    registries = sum(int(value) for name, value in glued.items() if name.startswith("registry-"))
    cited = sum(int(value) for name, value in glued.items() if name.startswith("cited-"))
    assert states == registries == int(glued["trials"]) < int(glued["rows"])
    assert cited == int(glued["cited"]) and int(glued["agree"]) <= int(glued["sums"])


def test_no_working_note_reaches_a_reader(evidence):
    shown = trial_table(evidence).text + search_steps(evidence).text
    assert not re.search(r"\bline \d+|_", shown)
