"""Numbers of the tables stand in the text of their source, on the line on which they were read."""

from pathlib import Path

import pytest
from evisynth.cli import main
from evisynth.errors import EvisynthError
from evisynth.evidence.base import read_everything
from evisynth.evidence.readings.source_text import SOURCES, check_source_text, text_folder
from evisynth.evidence.schema import Table

DATA = Path(__file__).resolve().parents[2] / "data"
KEPT = ("outcomes", "survival", "contrasts", "analysis_sets", "characteristics", "searches")
TEXT = "A line.\nOf nine patients 66.7% or 6 responded.\n\nMedian of 1,234 days at two years.\n"


def tables(**cells):
    row = {"row_id": "r", "source_id": "s", "locator": "Results · ¶1", "extraction_id": "s:2:c:cr"}
    row |= {"events": "6", "total": "9", "percent": "66.7", "derivation": "reported"} | cells
    return {name: Table(name, ["row_id"], [row] * (name == "outcomes")) for name in KEPT}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "s.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "cells",
    [{}, {"total": "1234"}, {"percent": None, "total": "9"}, {"time_months": "24", "events": "0"}],
)
def test_what_stands_in_the_text_is_found(folder, cells):
    assert check_source_text(folder, tables(**cells)) == []


@pytest.mark.parametrize(
    ("cells", "column"),
    [({"events": "7"}, "events"), ({"total": "10"}, "total"), ({"percent": "67.6"}, "percent")],
)
def test_what_does_not_stand_there_is_named(folder, cells, column):
    (found,) = check_source_text(folder, tables(**cells))
    assert (found.row, found.column) == ("r", column)


def test_a_line_far_away_does_not_do(folder):
    (folder / "s.txt").write_text("\n" * 9 + TEXT, encoding="utf-8")
    assert {p.column for p in check_source_text(folder, tables())} == {"events", "total", "percent"}


def test_a_source_without_a_text_is_one_problem(tmp_path):
    (found,) = check_source_text(tmp_path, tables())
    assert (found.table, found.value) == ("s.txt", "missing")


def test_no_folder_is_said_and_a_wrong_one_refused(monkeypatch, capsys):
    monkeypatch.delenv(SOURCES, raising=False)
    assert text_folder() is None
    assert main(["validate", str(DATA)]) == 0
    assert f"{SOURCES} names no folder" in capsys.readouterr().out
    with pytest.raises(EvisynthError, match="no folder nowhere"):
        text_folder("nowhere")


def test_every_number_of_the_base_stands_in_its_source():
    if text_folder() is None:
        pytest.skip(f"{SOURCES} names no folder with the sources' texts")
    assert check_source_text(text_folder(), read_everything(DATA)[0]) == []
