"""Plain words: sentences that a reader holds, answers of a few words, no code on a page."""

import json
import re
from pathlib import Path
from statistics import median

import pytest
import yaml
from evisynth.pages.plain_words import (
    ANSWER,
    LONGEST,
    MEDIAN,
    long_sentences,
    sentences,
    unread_tokens,
    visible,
)
from evisynth.pages.reading import code_of, markdown_of

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "intro.md", *sorted((ROOT / "chapters").glob("*.ipynb"))]
PAGES += sorted((ROOT / "chapters").glob("*.md"))
DECLARED = yaml.safe_load((ROOT / "data" / "analyses.yml").read_text("utf-8"))["analyses"]
CHAPTERS = {entry["id"]: entry["chapter"] for entry in DECLARED if "chapter" in entry}
# Pages about the tables or the code themselves show their names.
OF_TABLES = {"evidence-base", "discrepancies", "overlaps", "replication", "validation"}
MOST_CELLS = 10


def name_of(path):
    return path.stem


def texts_in(value):
    """Captions, lines and answers of a declared chapter."""
    told = ("answer", "caveat", "caption", "line", "title", "curve_caption", "curve_title")
    if isinstance(value, dict):
        for key, inside in value.items():
            if key in told and isinstance(inside, str):
                yield inside
            else:
                yield from texts_in(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from texts_in(inside)


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_no_sentence_of_a_page_is_too_long(path):
    assert [found for cell in markdown_of(path) for found in long_sentences(cell)] == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_declared_text_is_too_long(name):
    texts = (re.sub(r"\{[\w-]+\}", "9", text) for text in texts_in(CHAPTERS[name]))
    assert [found for text in texts for found in long_sentences(text)] == []


def test_the_middle_sentence_of_the_book_is_short():
    lengths = [len(s) for path in PAGES for cell in markdown_of(path) for s in sentences(cell)]
    assert len(lengths) > 300 and median(lengths) <= MEDIAN


def answer_of(path):
    cells = [cell for cell in markdown_of(path) if "co-answer" in cell]
    return re.search(r":::\{div\} co-answer\n(.*?)\n:::", cells[0], re.S)[1]


@pytest.mark.parametrize("name", CHAPTERS)
def test_an_answer_is_read_in_one_breath(name):
    found = sentences(answer_of(ROOT / "chapters" / f"{name}.ipynb"))
    words = [word for sentence in found for word in sentence]
    assert 10 < len(words) <= ANSWER


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_declared_chapter_is_ten_cells_of_a_line(name):
    cells = [source for source, _ in code_of(ROOT / "chapters" / f"{name}.ipynb")]
    assert len(cells) <= MOST_CELLS and all("\n" not in cell for cell in cells)


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_can_be_finished(name):
    """As it was measured last; `make lengths` measures again."""
    record = json.loads((ROOT / "bench" / "pages.json").read_text("utf-8"))
    found = record[f"chapters/{name}.html"]
    assert found["height_1280"] <= 3500 and 200 < found["words"] <= 1200


def outputs_of(path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    for cell in cells:
        for output in cell.get("outputs", []):
            yield "".join(output.get("data", {}).get("text/html", ""))


@pytest.mark.parametrize(
    "path", [p for p in PAGES if p.suffix == ".ipynb" and p.stem not in OF_TABLES], ids=name_of
)
def test_no_code_is_shown_to_a_reader(path):
    found = [token for html in outputs_of(path) for token in unread_tokens(visible(html))]
    assert found == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("read from kantarjian2023 · Table 1", "key of a document"),
        ("MRD below 1e-4", "threshold"),
        ("sentence ends on line 380", "line of a working text"),
        ("in patients_greece", "name of a table"),
        ("DEF: another", "reason code"),
        ("⊃ Dombret 2019 and 1 more", "count of what is not named"),
    ],
)
def test_a_token_that_nobody_should_read_is_found(text, kind):
    assert any(found.startswith(kind) for found in unread_tokens(text))


def test_a_sentence_is_counted_as_it_is_read():
    text = (
        "In {def}`remission <criterion/CR>` were **{glue:text}`x-1` of 100** {cite}`a2020`. Next."
    )
    assert [len(words) for words in sentences(text)] == [6]
    long = " ".join(["word"] * (LONGEST + 1)) + "."
    assert long_sentences(long) and not long_sentences(long.replace("word ", "", 1))
    assert long_sentences(f"One. W{long[1:]} Two.") == [f"W{long[1:-1]}"]
