"""Text from tables, labels and messages is shown, and never run, typeset, computed or obeyed."""

import csv
import io
import sys
import warnings
from pathlib import Path

import pytest
from evisynth import figures, report
from evisynth.characters import stray_in
from evisynth.checks import is_link
from evisynth.cli import main
from evisynth.errors import ArgumentError, EvidenceError, EvisynthError, printable
from evisynth.evidence.analyses import read_analyses
from evisynth.evidence.schema import Problem, read_codebook
from evisynth.figures.base.glyphs import MissingGlyphs
from evisynth.output import write_csv
from evisynth.pages.checks import Fault
from evisynth.words.entries import link
from evisynth.words.glue import _Text
from evisynth.words.html import Html, table, tag

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "faults"))
import hostile  # noqa: E402

sys.path.pop(0)


@pytest.fixture(scope="module")
def pair():
    """The evidence base of this book with hostile words in its cells, and with harmless ones."""
    with hostile.bases() as both:
        yield both


def failures(views, twins):
    found = hostile.Found()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingGlyphs)
        hostile.check_views(views, twins, found)
    assert found.views and found.shown
    return found.failures


def chosen(views, *names):
    return [(name, view) for name, view in views if name in names]


def test_a_strangers_labels_stay_text():
    names = ("table", "grouped", "folded", "tag", "forest 0", "forest 11", "Kaplan-Meier")
    given = (hostile.HOSTILE, hostile.HARMLESS)
    assert failures(*(chosen(hostile.direct(words), *names) for words in given)) == []


def test_cells_of_the_tables_stay_text(pair):
    names = ("families", "overlaps", "cite", "survival", "show_rows", "checklist")
    names += ("trial_table", "search_steps", "trials drawn", "search drawn", "reports drawn")
    assert failures(*(chosen(hostile.of_base(base), *names) for base in pair)) == []


def test_an_analysis_stays_text(pair):
    names = ("question", "counted", "left_out", "risk_of_bias", "printed rates")
    given = zip(pair, (hostile.HOSTILE, hostile.HARMLESS), strict=True)
    one = "pediatric-vs-adult"
    views = (chosen(hostile.of_analysis(base.analyse(one), words), *names) for base, words in given)
    assert failures(*views) == []


def test_a_page_that_runs_something_is_found():
    found = hostile.Found()
    for name, view in (("bold", "<p>{}</p>"), ("lost", "<p></p>"), ("cut", "<p>{:.2}</p>")):
        hostile.compare(
            name, *(Html("".join(map(view.format, w.texts)), "")
                    for w in (hostile.HOSTILE, hostile.HARMLESS)), found,
        )  # fmt: skip
    assert any(line.startswith("bold: other elements") for line in found.failures)
    drawing = Html('<svg><a xlink:href="javascript:1"><g onload="1"/></a></svg>', "")
    hostile.compare("drawing", drawing, Html("<svg></svg>", ""), found)
    assert sum(line.startswith("drawing: in a drawing") for line in found.failures) == 2


def test_glued_text_is_what_the_page_shows():
    found = hostile.Found()
    hostile.check_glue(found)
    assert found.failures == []
    # "15.50" and "+1.0" once lost their last nought and their sign on a page.
    assert [repr(_Text(text)) for text in ("15.50", "+1.0", "15.5", "two cohorts")] == [
        "'15.50'", "'+1.0'", "15.5", "two cohorts"]  # fmt: skip


def test_no_cell_of_a_download_is_a_formula(tmp_path):
    path = write_csv(tmp_path / "a.csv", [(text, -1.5, "-1.5") for text in hostile.STRINGS])
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))
    assert all(row[1:] == ["-1.5", "-1.5"] for row in rows)
    assert sum(row[0].startswith("'") for row in rows) == 7  # one of them its own
    assert not [row[0] for row in rows if row[0][0] in "=+-@＝"]


@pytest.mark.parametrize(
    "href",
    ["javascript:1", "JaVaScript:1", " javascript:1", "java\tscript:1", "java\nscript:1",
     "\x01javascript:1", "data:text/html,x", "vbscript:x", "blob:x", "x-y:z", ":x"],
)  # fmt: skip
def test_a_link_that_may_run_something_is_refused(href):
    assert not is_link(href)
    for make in (
        lambda: figures.Row("a", 0.4, 0.3, 0.5, 1, "", href=href),
        lambda: figures.LeftOutRow("a", "no", "why", href=href),
        lambda: tag("a", "x", href=href),
    ):
        with pytest.raises(ArgumentError, match=r"href is .*; allowed: .*https:"):
            make()


@pytest.mark.parametrize(
    "href",
    ["", "#a", "a.html#b:c", "../a/b.html", "https://a.example/x:y", "mailto:a@b.example",
     "HTTP://a", "a?b=c:d", "/a:b", "./a:b"],
)  # fmt: skip
def test_a_link_that_leads_somewhere_passes(href):
    assert is_link(href)


def test_ids_and_pages_of_an_analysis_cannot_lead_out(tmp_path):
    text = (ROOT / "data/analyses.yml").read_text("utf-8")
    path = tmp_path / "analyses.yml"
    for before, after, key in (
        ("- id: salvage-line", "- id: ../../salvage", "id"),
        ("- id: salvage-line", "- id: '<b>'", "id"),
        ("page: chapters/salvage-line.html", "page: 'javascript:1'", "page"),
    ):
        assert before in text
        path.write_text(text.replace(before, after, 1), "utf-8")
        assert key in {problem.column for problem in read_analyses(path)[1]}


def test_an_id_is_text_too():
    shown = link("<b>", "page.html").html
    assert shown == '<a href="page.html#&lt;b&gt;">&lt;b&gt;</a>'


def test_a_notebook_typesets_no_text():
    dear = table(("a", "b"), [("$x$", "y"), ("a", "b")])
    assert dear._repr_html_().startswith('<div class="mathjax_ignore tex2jax_ignore"><div')
    assert table(("a", "b"), [("x", "y")])._repr_html_().startswith('<div class="co-scroll"')
    drawn = figures.forest([figures.Group("$x$", ())], title="t")
    assert "mathjax_ignore" in drawn._repr_html_()


def test_only_what_is_missing_is_left_out_on_a_phone():
    cells = table(("a", "b"), [("x", "None"), ("y", None)]).html
    assert cells.count("co-none") == 1


# Terminals ----------------------------------------------------------------------------------------

ESCAPE = "\x1b[31mred\x1b]0;title\x07\x9b2J\r\u202egnp.exe"
ESCAPED = r"\x1b[31mred\x1b]0;title\x07\x9b2J\r\u202egnp.exe"


def test_no_message_commands_a_terminal(tmp_path, capsys):
    assert printable(ESCAPE) == ESCAPED and printable("a\n\tb é שלום") == "a\n\tb é שלום"
    assert str(EvisynthError(f"{ESCAPE}\nmore")) == f"{ESCAPED}\nmore"
    assert str(Fault(ESCAPE, "a", "b")) == f"{ESCAPED}: a; b"
    assert main(["validate", str(tmp_path / ESCAPE)]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_a_cell_with_a_terminals_commands_is_named_and_not_obeyed(tmp_path, capsys):
    import shutil

    shutil.copytree(ROOT / "data", tmp_path / "data")
    path = tmp_path / "data/sources.csv"
    path.write_text(path.read_text("utf-8") + f"{ESCAPE},b,c,d,e,f,g,h\n", "utf-8")
    assert main(["validate", str(tmp_path / "data")]) == 1
    told = capsys.readouterr().out
    assert "sources" in told and "0x1b" in told and "\x1b" not in told
    assert len(told.splitlines()) < 40


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("datapackage.json", '"version": "', '"version": "\\u001b[31m'),
        ("datapackage.json", '"title": "', '"title": "\\u202e'),
        ("analyses.yml", "- id: salvage-line\n", '- id: salvage-line\n    "\\e[31m": x\n'),
    ],
)
def test_characters_that_escapes_hide_are_found(tmp_path, capsys, name, before, after):
    import shutil

    shutil.copytree(ROOT / "data", tmp_path / "data")
    path = tmp_path / "data" / name
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")
    with pytest.raises(EvidenceError) as found:
        read(tmp_path / "data")
    assert name in str(found.value) and "U+" in str(found.value)
    assert stray_in([str(found.value)]) is None


def test_a_list_within_itself_comes_to_an_end():
    endless = ["a"]
    endless.append({"b": endless})
    assert stray_in(endless) is None
    assert stray_in({"\x07": 1}).startswith("U+0007")


def read(folder):
    """The two files that are not tables, without the time that tables take."""
    read_codebook(folder)
    problems = read_analyses(folder / "analyses.yml")[1]
    if problems:
        raise EvidenceError(problems)


def test_a_problem_is_short_whatever_the_cell_holds():
    told = str(EvisynthError(Problem("t", "r", "c", "x" * 10**6, ESCAPE)))
    assert len(told) < 2000 and "\x1b" not in told


def test_the_report_is_text_as_well(pair):
    assert "<script>" in repr(report.families(pair[0]))
