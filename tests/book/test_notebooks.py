"""A notebook that is run again is one, and what is written is text; else the file is named."""

import json

import pytest
from evisynth import notebooks
from evisynth.errors import EvisynthError
from evisynth.evidence.readings.extraction import read_pass
from evisynth.output import write_text

CELL = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "A"}
GOOD = {"cells": [CELL], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch):
    monkeypatch.setattr(notebooks, "_execute", lambda *given: None)


def write(folder, notebook):
    path = folder / "page.ipynb"
    path.write_bytes(notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode())
    return path


def test_a_notebook_is_tidied_once(tmp_path):
    path = write(tmp_path, GOOD)
    assert notebooks.run_notebook(path) and not notebooks.run_notebook(path)
    assert json.loads(path.read_text("utf-8"))["cells"][0]["id"] == "c000"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "it holds no JSON"),
        (b"\xff", "byte 0 is no UTF-8"),
        (b"3", "that Jupyter would write"),
        ({}, "that Jupyter would write"),
        (GOOD | {"cells": 3}, "that Jupyter would write"),
        (GOOD | {"cells": [CELL, CELL]}, "that Jupyter would write"),  # of one id
        (GOOD | {"cells": [CELL | {"source": [True]}]}, "that Jupyter would write"),
        (GOOD | {"cells": [CELL | {"metadata": None}]}, "that Jupyter would write"),
        (GOOD | {"cells": [CELL | {"source": "\ud800"}]}, "U\\+D800 at position"),
    ],
)
def test_what_is_no_notebook_is_named_and_left_as_it_was(tmp_path, content, told):
    path = write(tmp_path, content)
    before = path.read_bytes()
    with pytest.raises(EvisynthError, match=f"page.ipynb .*{told}"):
        notebooks.run_notebook(path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["{}", "-n", "0"], "0 notebooks at the same time; allowed: 1 or more"),
        (["{}/none"], "holds no notebook"),
        (["x" * 3000], "cannot be looked into: File name too long"),
    ],
)
def test_the_command_says_what_it_cannot_do(tmp_path, capsys, arguments, told):
    write(tmp_path, GOOD)
    assert notebooks.main([argument.format(tmp_path) for argument in arguments]) == 1
    assert told in capsys.readouterr().err


def test_half_a_character_is_not_written(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old", "utf-8")
    with pytest.raises(EvisynthError, match=r"U\+DC80 at position 1 is half of a character"):
        write_text(path, "a\udc80")
    assert path.read_text("utf-8") == "old"


def test_a_pass_whose_name_no_folder_can_have_is_named():
    with pytest.raises(EvisynthError, match=r"xxx.*: File name too long"):
        read_pass("x" * 3000)
