"""A build ends in one message for each fault, that says where it is and what to do."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from evisynth.book import LOCK, inputs_of, is_built, main, only_build, said_faults, site_of
from evisynth.pages.anatomy import missing_parts
from evisynth.pages.checks import faults

ROOT = Path(__file__).resolve().parents[2]
TOC = "format: jb-book\nroot: intro\nchapters:\n  - file: chapters/a\n  - file: chapters/b\n"
CONFIG = "title: T\nbibtex_bibfiles: [references.bib]\n"
BIB = "@article{doe2020,\n  title = {T},\n}\n@book{roe2021, title = {U}}\n"
INTRO = "# Book\n\nWords {cite}`doe2020`, [b](chapters/b.md), [a](chapters/a.html#x), [site](https://x.org).\n"


def notebook(*cells):
    made = [
        {"cell_type": kind, "source": source, "metadata": {}, "id": f"c{n}"}
        | ({"outputs": [], "execution_count": None} if kind == "code" else {})
        for n, (kind, source) in enumerate(cells)
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


GOOD = notebook(("markdown", "# A\n\n[up](../intro.md)"), ("code", 'evidence.analyse("first")'))
FILES = {
    "_toc.yml": TOC,
    "_config.yml": CONFIG,
    "references.bib": BIB,
    "intro.md": INTRO,
    "chapters/a.ipynb": GOOD,
    "chapters/b.md": "# B\n\n![Two curves](picture.png)\n",
    "chapters/picture.png": "x",
}


@pytest.fixture
def book(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def test_a_book_without_a_fault_has_none(book):
    assert faults(book) == []


def test_our_own_book_has_none():
    assert [str(fault) for fault in faults(ROOT)] == []


class Spec:
    """Of an analysis, as much as a page is held against."""

    def __init__(self, id, sections=None, pools=("all",)):
        self.id, self.chapter, self.pools = id, None, pools
        if sections is not None:
            about = {"sections": dict.fromkeys(sections), "sure": pools}
            self.chapter = type("Chapter", (), about)


PARTS_OF_A_PAGE = [
    'from evisynth.chapter import chapter; page = chapter("first"); page.top',
    "page.evidence",
    'page.section("own")',
    *(f"page.{part}" for part in ("who", "disputes", "sureness", "certainty")),
]


def missing(cells, sections=("own",)):
    declared = {"first": Spec("first", sections), "second": Spec("second")}
    return [what for what, _ in missing_parts(cells, declared)]


def test_a_chapter_shows_each_declared_part_once():
    assert missing(PARTS_OF_A_PAGE) == []
    assert missing(PARTS_OF_A_PAGE[:-1]) == ["page.certainty is shown nowhere"]
    assert missing([*PARTS_OF_A_PAGE, "page.who"]) == ["page.who is shown twice"]
    # Another object's attribute of the same name is none of the page's parts.
    assert missing([*PARTS_OF_A_PAGE, "page.analysis.evidence.who"]) == []
    assert missing(PARTS_OF_A_PAGE, ("own", "more")) == ["the section 'more' is shown nowhere"]
    assert missing(PARTS_OF_A_PAGE, ()) == ["the section 'own' is not declared"]
    assert missing(['page = chapter("second")']) == ["analysis 'second' declares no chapter"]
    assert missing(['page = chapter("third")']) == []  # told of where its cell stands
    assert missing(["x = = 1"]) == []
    # Without pools there is nobody to list, and without a curve nothing to be sure of.
    few = [cell for cell in PARTS_OF_A_PAGE if cell not in ("page.who", "page.sureness")]
    declared = {"first": Spec("first", ("own",), pools=())}
    assert list(missing_parts(few, declared)) == []


PAGE = "chapters/b.md"
TABLE = [
    ("_toc.yml", TOC + "  - file: chapters/bb\n", "_toc.yml, entry 'chapters/bb'", "chapters/b"),
    ("_toc.yml", "format: [jb", "_toc.yml, line 1", "mend the YAML"),
    ("_toc.yml", None, "_toc.yml", "no such file"),
    ("_config.yml", "title: 'T\n", "_config.yml, line", "mend the YAML"),
    ("_config.yml", "- a\n", "_config.yml", "holds no settings"),
    ("_config.yml", "a: 2020-99-99", "_config.yml", "a value that YAML cannot read"),
    ("_config.yml", "a: !!bool x", "_config.yml", "a value that YAML cannot read"),
    ("_config.yml", "bibtex_bibfiles: [3]", "_config.yml, bibtex_bibfiles", "3 cannot be read"),
    ("_toc.yml", f"{TOC}  - file: {'x' * 3000}\n", "_toc.yml, entry", "there is no xxx"),
    ("_toc.yml", f"{TOC}  - file: ../x\n", "_toc.yml, entry '../x'", "there is no ../x.md"),
    (PAGE, f"# B\n\n[x]({'y' * 3000}.md)\n", f"{PAGE}, line 3", "leads nowhere"),
    (PAGE, "# B\n\n[x](/)\n", f"{PAGE}, line 3", "leads nowhere"),
    (PAGE, "# B\n\n[x](a\0/b.md)\n", f"{PAGE}, line 3", "leads nowhere"),
    (PAGE, "# B\n\n```{code-cell}\n---\na: [\n---\nx\n```\n", PAGE, "are no YAML"),
    (PAGE, "# B\n\n```{code-cell}\n---\n- a\n---\nx\n```\n", PAGE, "no names with values"),
    ("_config.yml", CONFIG.replace("references", "refs"), "_config.yml", "refs.bib"),
    (PAGE, "# B\n\nSee {cite}`doe2020,doe2021`.\n", f"{PAGE}, line 3", "'doe2021'"),
    (PAGE, "# B\n\n\n[x](none.md)\n", f"{PAGE}, line 4", "leads nowhere"),
    (PAGE, '# B\n\n<a href="c.html#x">c</a>\n', f"{PAGE}, line 3", "leads nowhere"),
    (PAGE, "# B\n\n![](picture.png)\n", f"{PAGE}, line 3", "say in words"),
    (PAGE, "# B\n\nThe HR of 0.62 held.\n", f"{PAGE}, line 3", "{glue:text}"),
    (PAGE, b"# B\n\n\xe9\n", PAGE, "UTF-8"),
    ("_toc.yml", b"\xff", "_toc.yml", "UTF-8"),
    ("chapters/a.ipynb", "{", "chapters/a.ipynb", "no notebook"),
    ("chapters/a.ipynb", "[" * 9999, "chapters/a.ipynb", "no notebook"),
    ("chapters/a.ipynb", '{"cells": 3}', "chapters/a.ipynb", "another form"),
    ("chapters/a.ipynb", GOOD.replace('"metadata": {}, "id"', '"metadata": 3, "id"'),
     "chapters/a.ipynb", "another form"),
    ("chapters/a.ipynb", notebook(("markdown", "# A"), ("markdown", "in 12 of 45")),
     "chapters/a.ipynb, cell 2", "12 of 45"),
    ("chapters/a.ipynb", notebook(("code", "x = = 1")), "chapters/a.ipynb", "no Python"),
    ("chapters/a.ipynb", notebook(("code", 'draw(title="The rate was 45 % in children")')),
     "chapters/a.ipynb, the text", "45 %"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "where", "told"), TABLE)
def test_a_fault_is_one_message_with_its_place_and_what_to_do(book, name, text, where, told):
    path = book / name
    path.unlink()
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = [str(fault) for fault in faults(book)]
    mine = [fault for fault in found if fault.startswith(where)]
    assert len(mine) == 1 and told in mine[0] and "Traceback" not in mine[0]
    # A table of contents or a configuration that cannot be read says nothing of the rest.
    assert found == mine


def test_a_figure_whose_words_have_another_form_has_none(book):
    text = GOOD.replace('"metadata": {}, "id"', '"metadata": {"mystnb": [3]}, "id"')
    (book / "chapters/a.ipynb").write_text(text, "utf-8")
    assert faults(book) == []


@pytest.mark.parametrize("folder", ["nowhere", "x" * 3000, "a\0b", "_toc.yml"])
@pytest.mark.parametrize("more", [[], ["--check"]])
def test_a_folder_that_is_none_is_said(book, monkeypatch, capsys, folder, more):
    monkeypatch.chdir(book)
    assert main([folder, *more]) == 1
    assert "name the folder of a book" in capsys.readouterr().err


def test_all_faults_are_listed_at_once(book, capsys):
    (book / PAGE).write_text("[x](none.md) and {cite}`nobody` in 12 of 45\n", "utf-8")
    (book / "intro.md").write_text("![](none.png)", "utf-8")
    assert main([str(book), "--check"]) == 1
    said = capsys.readouterr().err
    assert all(word in said for word in ("none.md", "nobody", "12 of 45", "none.png", "5 faults"))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Our tables, one copy for all that follows; each test leaves them as they were."""
    folder = tmp_path_factory.mktemp("with_data")
    shutil.copytree(ROOT / "data", folder / "data")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize(
    ("change", "where", "told"),
    [
        (lambda d: (d / "studies.csv").unlink(), "data, studies", ""),
        (lambda d: (d / "studies.csv").write_bytes(b"\xff\xfe"), "data, studies", "UTF-8"),
        (lambda d: (d / "families.csv").write_text(
            (d / "families.csv").read_text("utf-8").splitlines()[0] + "\n", "utf-8"),
         "data, families", "no rows"),
        (lambda d: (d / "analyses.yml").write_text("- id: [x", "utf-8"), "data, analyses", ""),
        (lambda d: None, "chapters/a.ipynb, the cell", "'first' is not declared"),
    ],
)  # fmt: skip
def test_tables_and_analyses_are_among_the_faults(data, tmp_path, change, where, told):
    kept = tmp_path / "kept"
    shutil.copytree(data / "data", kept)
    try:
        change(data / "data")
        found = [str(fault) for fault in faults(data)]
    finally:
        shutil.rmtree(data / "data")
        shutil.move(kept, data / "data")
    mine = [fault for fault in found if fault.startswith(where)]
    assert mine and told in mine[0]


# What Jupyter Book says --------------------------------------------------------------------------

SAID = """Running Jupyter-Book v1.0
[IPKernelApp] WARNING | Kernel is running over TCP without encryption.
\x1b[91m{0}/chapters/a.ipynb: WARNING: Executing notebook failed: Cell [mystnb.exec]\x1b[39m
\x1b[91m{0}/chapters/a.ipynb:10004: WARNING: No key 'a-x' found in glue data [mystnb.glue]\x1b[39m
{0}/chapters/a.ipynb: WARNING: Notebook exception traceback saved in: {0}/x.err.log [mystnb.exec]
{0}/chapters/b.md:3: WARNING: No key 'b-x' found in glue data for this document. [mystnb.glue]
{0}/chapters/c.ipynb:20003: WARNING: undefined label: 'nolabel'
{0}/chapters/c.ipynb:20003: WARNING: undefined label: 'nolabel'
"""
REPORT = """Traceback (most recent call last):
nbclient.exceptions.CellExecutionError: An error occurred while executing the following cell:
------------------
x = 1/0
------------------

ZeroDivisionError                         Traceback (most recent call last)
\x1b[31mZeroDivisionError\x1b[39m: division by zero

"""


def test_a_chapter_that_raises_is_one_fault_and_hides_no_other(book):
    reports = book / "_build/html/reports/chapters"
    reports.mkdir(parents=True)
    (reports / "a.err.log").write_text(REPORT, "utf-8")
    cells = notebook(("markdown", "# A"), ("code", "x = 1/0"))
    (book / "chapters/a.ipynb").write_text(cells, "utf-8")
    found = [str(fault) for fault in said_faults(SAID.format(book), book)]
    assert len(found) == 3
    assert found[0].startswith("chapters/a.ipynb, cell 2: ZeroDivisionError: division by zero; ")
    assert found[1].startswith("chapters/b.md, line 3: No key 'b-x'") and "glue it" in found[1]
    assert found[2].startswith("chapters/c.ipynb, cell 2: undefined label")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Extension error (results):\nsphinx.errors.ExtensionError: x links to y\nRuntimeError: z",
         "ExtensionError: x links to y"),
        ("Exception occurred:\n  File x\nKeyError: 'a'\n", "KeyError: 'a'"),
        ("", "it failed"),
    ],
)  # fmt: skip
def test_a_build_that_breaks_off_says_its_last_error(book, said, told):
    (found,) = said_faults(said, book)
    assert told in str(found) and "_build/build.log" in str(found)


# One build at a time -----------------------------------------------------------------------------

HOLD = """
import sys, time
from evisynth.book import only_build
with only_build(sys.argv[1]):
    print("building", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def holder(folder, seconds):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "building\n"
    return process


def test_a_second_build_says_so_and_waits(tmp_path, capsys):
    first = holder(tmp_path, 0.5)
    started = time.monotonic()
    with only_build(tmp_path):
        assert time.monotonic() - started > 0.2
        assert (tmp_path / LOCK).read_text("utf-8") == f"{os.getpid()}\n"
    said = capsys.readouterr().out
    assert f"process {first.pid}" in said and "waiting" in said
    assert first.wait(5) == 0
    first.stdout.close()


def test_a_killed_build_lets_go(tmp_path, capsys):
    first = holder(tmp_path, 60)
    first.send_signal(signal.SIGKILL)
    first.wait(5)
    first.stdout.close()
    with only_build(tmp_path):
        pass
    assert capsys.readouterr().out == ""


# A build that would change nothing ----------------------------------------------------------------


@pytest.fixture
def built(book):
    """As a build leaves it: a site, and what it was made of."""
    site = book / "_build/html"
    site.mkdir(parents=True)
    (site / "index.html").write_text("page", "utf-8")
    inputs = inputs_of(book)
    (book / "_build/.built").write_text(f"{inputs}\n{site_of(book)}\n", "utf-8")
    assert is_built(book, inputs)
    return book


@pytest.mark.parametrize(
    ("name", "text"),
    [("chapters/b.md", "# C\n"), ("data/new.csv", "a\n"), ("_ext/a.py", "x = 1\n"), ("a", "b")],
)
def test_any_file_that_changes_is_built(built, name, text):
    (built / name).parent.mkdir(exist_ok=True)
    (built / name).write_text(text, "utf-8")
    assert not is_built(built, inputs_of(built))


def test_a_file_that_is_renamed_is_built(built):
    (built / "chapters/b.md").rename(built / "chapters/c.md")
    assert not is_built(built, inputs_of(built))


def test_what_tools_keep_beside_the_book_is_no_change(built):
    for name in (".git", ".venv", ".pytest_cache", "code/evisynth.egg-info", "code/__pycache__"):
        (built / name).mkdir(parents=True)
        (built / name / "x").write_text("x", "utf-8")
    assert is_built(built, inputs_of(built))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda book: (book / "_build/html/index.html").unlink(),
        lambda book: (book / "_build/html/index.html").write_text("pag", "utf-8"),
        lambda book: (book / "_build/html/more.html").write_text("x", "utf-8"),
        lambda book: (book / "_build/.unfinished").write_text("x", "utf-8"),
        lambda book: (book / "_build/.built").unlink(),
    ],
)
def test_a_site_that_is_not_as_it_was_made_is_built(built, spoil):
    spoil(built)
    assert not is_built(built, inputs_of(built))


def test_another_package_builds_again(built, monkeypatch):
    before = inputs_of(built)
    monkeypatch.setattr("evisynth.book.distributions", lambda: ())
    assert inputs_of(built) != before


# Progress -----------------------------------------------------------------------------------------


def extension(name):
    spec = importlib.util.spec_from_file_location(f"_ext_{name}", ROOT / "_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def told(monkeypatch, names, write):
    """What is written of some chapters, to a file that is no terminal."""
    bookcache = extension("bookcache")
    reader, writer = os.pipe()
    monkeypatch.setenv(bookcache.PROGRESS, str(writer))
    write(bookcache.Progress(names))
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as file:
        return file.read()


def test_each_chapter_that_ends_is_a_line(monkeypatch):
    def write(said):
        for name in ("one", "two"):
            said.began(name)
        for name in ("two", "one"):
            said.ended(name)

    assert told(monkeypatch, ["one", "two"], write) == "1 of 2: two, 0 s\n2 of 2: one, 0 s\n"


def test_progress_that_nobody_reads_stops_no_build(monkeypatch):
    bookcache = extension("bookcache")
    reader, writer = os.pipe()
    os.close(reader)
    monkeypatch.setenv(bookcache.PROGRESS, str(writer))
    said = bookcache.Progress(["one"])
    said.began("one")
    said.ended("one")
    os.close(writer)
    monkeypatch.delenv(bookcache.PROGRESS)
    said = bookcache.Progress(["one"])
    said.began("one")
    said.ended("one")
