"""Trials by age, searches as flows, reports by document: what is drawn is what is in the tables."""

from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from evisynth.errors import ArgumentError
from evisynth.evidence.search_flows import search_flow as flow_of
from evisynth.evidence.trials import different_trials
from evisynth.figures import search_flow_plot as flow_plot
from evisynth.figures import shared_reports, trial_ages
from evisynth.figures.landscape.flow import check_words, sum_words
from evisynth.figures.landscape.shared_reports import label_of
from hypothesis import given
from hypothesis import strategies as st
from legible import WIDTHS, check_legible, texts
from matplotlib.collections import QuadMesh
from matplotlib.patches import Rectangle

STATE = "state as printed"


@pytest.fixture(scope="module")
def ages(evidence):
    return trial_ages(evidence, state=STATE, name="ages")


@pytest.fixture(scope="module")
def shared(evidence):
    return shared_reports(evidence, name="shared")


def searched(*steps):
    """A base with one search."""
    rows = [
        {"row_id": f"r{n}", "source_id": "smith2020", "step": words, "count": count,
         "flow_step": n, "flow_role": role}
        for n, (role, count, words) in enumerate(steps, start=1)
    ]  # fmt: skip
    tables = {"searches": rows, "sources": [{"source_id": "smith2020"}]}
    codebook = {"title": "Book: of tests", "version": "1", "created": "2020-01-01T00:00:00Z"}
    return SimpleNamespace(rows=tables.__getitem__, codebook=codebook)


def words(figure, width):
    return " ".join(string for string, *_ in texts(figure, width))


def boxes(figure, width):
    return [p for p in figure._sheets[width].axes.patches if isinstance(p, Rectangle)]


def test_every_trial_has_one_line_and_a_bar_where_ages_are_numbers(evidence, ages):
    trials = different_trials(evidence)
    for width in WIDTHS:
        drawn = words(ages, width).replace(" ", "")
        for trial in trials:
            assert drawn.count(trial.row["identifier"].replace(" ", "")) == 1
        assert len(boxes(ages, width)) == sum(trial.ages is not None for trial in trials)
    assert list(ages.table["identifier"]).count(trials[0].row["identifier"]) == 1


def test_filled_are_those_with_reports_and_dashed_those_of_one_row(evidence, ages):
    trials = [trial for trial in different_trials(evidence) if trial.ages]
    for width in WIDTHS:
        bars = boxes(ages, width)
        filled = [bar for bar in bars if bar.get_facecolor()[:3] == bar.get_edgecolor()[:3]]
        assert len(filled) == sum(bool(trial.reports) for trial in trials)
        dashed = [bar for bar in bars if bar.get_linestyle() not in ("-", "solid")]
        assert len(dashed) == sum(trial.shared_row and not trial.reports for trial in trials)


def test_a_bar_is_as_long_as_its_ages(evidence, ages):
    trials = [t for t in different_trials(evidence) if t.ages and t.ages.highest]
    spans = sorted(trial.ages.highest - trial.ages.lowest for trial in trials)
    for width in WIDTHS:
        ends = max(bar.get_x() + bar.get_width() for bar in boxes(ages, width))
        closed = [b for b in boxes(ages, width) if b.get_x() + b.get_width() < ends - 0.01]
        lengths = sorted(bar.get_width() for bar in closed)
        ratios = [length / span for length, span in zip(lengths, spans, strict=True)]
        assert max(ratios) == pytest.approx(min(ratios))


def test_the_alternative_text_of_trials_adds_up(evidence, ages):
    assert ages.alt.startswith(f"{len(different_trials(evidence))} trials") and STATE in ages.alt


@pytest.mark.parametrize("source", ["queudeville2021", "kantarjian2023"])
def test_a_search_shows_each_of_its_numbers(evidence, source):
    figure = flow_plot(evidence, source)
    rows = [row for row in evidence.rows("searches") if row["source_id"] == source]
    check_legible(figure)
    for width in WIDTHS:
        drawn = words(figure, width)
        for row in rows:
            assert f"{row['count']}" in drawn
        for step in rows:
            assert step["step"][1:] in drawn.replace("  ", " ")


def test_every_figure_is_legible(ages, shared):
    check_legible(ages)
    for width in WIDTHS:
        ElementTree.fromstring(shared.svg(width))


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ((("start", 3, "a"), ("added", 2, "b"), ("reached", 6, "c")), "3 + 2 = 5, not 6"),
        ((("start", 3, "a"), ("kept", 4, "b")), "more than there were before"),
        ((("start", 3, "a"), ("removed", 4, "b")), "more than there were before"),
    ],
)
def test_a_step_that_does_not_add_up_says_so(steps, told):
    figure = flow_plot(searched(*steps), "smith2020", name="wrong")
    assert told in figure.alt
    for width in WIDTHS:
        assert told in words(figure, width)
    right = flow_plot(searched(("start", 3, "a"), ("kept", 2, "b")), "smith2020", name="right")
    assert "more than" not in right.alt and "1 others" in words(right, "desktop")


@given(st.lists(st.integers(-5000, 5000), min_size=1, max_size=6).filter(lambda t: t[0] >= 0))
def test_a_sum_in_words_is_the_sum(terms):
    said = sum_words(terms).replace(",", "").replace("−", "-")
    assert sum(int(part) for part in said.replace("- ", "-").replace("+ ", "").split()) == sum(
        terms
    )


def test_a_number_that_is_not_reached_is_not_checked():
    flow = flow_of("a", [{"row_id": "r", "step": "s", "count": 4, "flow_step": 1,
                          "flow_role": "start"}])  # fmt: skip
    assert check_words(flow.steps[0]) == ""


def test_a_document_without_a_search_is_refused(evidence):
    with pytest.raises(
        ArgumentError, match="search_flow_plot: document is 'fuster2020'; allowed: "
    ):
        flow_plot(evidence, "fuster2020")


def test_long_words_stay_in_their_boxes():
    long = "records of a registry with a very long name that nobody can abbreviate at all"
    steps = ("start", 5000, long), ("kept", 400, long), ("added", 30, long), ("removed", 2, long)
    check_legible(flow_plot(searched(*steps, ("reached", 428, long)), "smith2020", name="long"))


def test_the_map_has_a_cell_per_report_and_document(evidence, shared):
    documents = len(evidence.rows("sources"))
    for width in WIDTHS:
        (cells,) = shared._sheets[width].axes.findobj(QuadMesh)
        assert cells.get_array().size == len(shared.table) * documents
        numbers = [t.get_text() for t in shared._sheets[width].axes.texts]
        numbers = [int(number) for number in numbers if number.isdigit()]
        told = [v for row in shared.table for v in row.values() if isinstance(v, int) and v]
        assert sorted(numbers) == sorted(told)


def test_a_report_of_own_patients_is_framed_once(evidence, shared):
    own = [row for row in shared.table if row["own"]]
    assert own and all(row[row["own"]] > 0 for row in own)
    for width in WIDTHS:
        assert len(boxes(shared, width)) == len(own)


def test_colours_of_the_map_are_the_pages_own(shared):
    assert "var(--co-ink" in shared.svg() and "fill-opacity" in shared.svg()


def test_a_report_has_a_label(evidence):
    labels = [label_of(evidence, study) for study in evidence.studies]
    assert all(labels)
