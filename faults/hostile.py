"""Whether text from the tables stays text: ``make hostile``.

Cells, titles and labels with HTML, scripts, links that run something, LaTeX, Markdown, formulas of
spreadsheets and the like go through the views, figures and files of the library. Each view is made
twice, with hostile words and with harmless ones in their places: what a parser finds in the two
must be the same elements, attributes and addresses, and every hostile text must stand wherever the
harmless one does, letter by letter. A page of Jupyter Book with all of it is loaded by Chromium,
where there is one, to see that nothing runs. Results go to ``results.json`` beside this file.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

from evisynth import figures, kaplan_meier, pool_proportions, report
from evisynth.book import COMMAND
from evisynth.chapter import cards
from evisynth.evidence.base import Evidence, read_everything
from evisynth.evidence.schema import read_codebook
from evisynth.evidence.specs import Card, ContrastSpec, EffectSpec, PoolSpec, TimeSpec, Unplaced
from evisynth.figures.base.glyphs import MissingGlyphs
from evisynth.output import harmless, is_formula, write_csv
from evisynth.report.page.arms import arms
from evisynth.report.page.effects import effects_of
from evisynth.report.page.medians import medians_left_out
from evisynth.results import analysis_results, as_json, results_index
from evisynth.words.entries import folded, grouped
from evisynth.words.glue import _Text
from evisynth.words.html import table, tag
from records import write

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
NO_ROOM = 2  # seen: one second name in each of two overlap graphs
RUNS = "document.title='ran'"
STRINGS = (
    f"<script>{RUNS}</script>",
    f"</td></table><script>{RUNS}</script>",
    f"<img src=x onerror={RUNS}>",
    f'"><svg onload="{RUNS}">',
    f"' onmouseover='{RUNS}' x='",
    f'" autofocus onfocus="{RUNS}" tabindex="1',
    f"<a href='javascript:{RUNS}'>a</a>",
    f"javascript:{RUNS}",
    "data:text/html,<script>1</script>",
    f"<iframe srcdoc='<script>{RUNS}</script>'>",
    "<style>body{display:none}</style>",
    f"</style><script>{RUNS}</script>",
    f"</title><script>{RUNS}</script>",
    f"</textarea></pre></code><script>{RUNS}</script>",
    f"<!-- a --><script>{RUNS}</script><!-- --!> -->",
    "--><b>b</b><!--",
    f"]]><script>{RUNS}</script><![CDATA[",
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e "f">]>&e;',
    "&lt;b&gt; &amp;amp; &#60; &nbsp; &copy &notin;",
    "<b>bold</b> <br> <h1>head</h1>",
    "<math><mtext></mtext><script>1</script></math>",
    f"</svg><script>{RUNS}</script><svg>",
    f"<set attributeName=onload to={RUNS}>",
    "$x^2$ $$\\int_0^1$$ \\(a\\) \\[b\\]",
    "\\begin{align} a &= b \\\\ \\end{align} \\href{javascript:1}{a}",
    "$\\frac{1}{$ \\unknown{ ^_",
    "**bold** _em_ `code` # head ~~~",
    f"[click](javascript:{RUNS}) ![i](x)",
    "{glue:text}`x` {math}`x` ```{raw} html```",
    "{{ x }} {% raw %} ${x} #{x} {0} {x!r} %s %(x)s %d",
    '=HYPERLINK("http://a.example","b")',
    "+cmd|' /C calc'!A0",
    "-1+1",
    "@SUM(1+1)",
    "＝1+1",
    "a,b;c|d\t".strip() + ' ""e"" ',
    "\"double\" 'single' “typographic” ‹›",
    "C:\\temp\\new \\x1b[31m \\u202e",
    "שלום עולם مرحبا بالعالم",
    "é e\u0301 ﬁ 漢字 🙂 Ω≈ç√",
    "1.60",
    "007",
    "1_000",
    "{[]: 1}",
    "None",
    "x" * 300,
    "a b " * 60 + "end",
)
STRINGS = tuple(text.strip() for text in STRINGS)


# What a page holds --------------------------------------------------------------------------------

_ADDRESSES = ("href", "src", "xlink:href", "action", "formaction", "data", "srcset", "style", "id")
_OF_SVG = (
    "svg", "defs", "clippath", "rect", "g", "path", "text", "tspan", "use", "a", "title", "desc",
    "circle",
)  # fmt: skip
_ATTRIBUTES = re.compile(
    r"(?:style|focusable|stroke[a-z-]*|width|height|viewbox|version|transform|clip-path|id|"
    r"x|y|d|xlink:href|xmlns(?::xlink)?|fill[a-z-]*|r|c[xy]|font-[a-z]+|text-anchor)"
)


class Page(HTMLParser):
    """What a parser finds: elements with attributes and addresses, and every text."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.foreign = [], []
        self.texts, self.values, self.drawn = [], [], []
        self._within = []
        self.feed(html)
        self.close()

    def handle_starttag(self, name, attributes):
        """An element, and the texts in its attributes."""
        found = tuple((n, v if n in _ADDRESSES else "") for n, v in attributes)
        drawing = name == "svg" or "svg" in self._within
        if drawing:
            self._check_drawing(name, attributes)
        else:
            self.elements.append((name, found))
        self.values += [value for _, value in attributes if value]
        if not self.get_starttag_text().endswith("/>") and name not in ("br", "img", "hr"):
            self._within.append(name)

    def _check_drawing(self, name, attributes):
        if name not in _OF_SVG:
            self.foreign.append(name)
        for key, value in attributes:
            known = key in ("role", "aria-label") or _ATTRIBUTES.fullmatch(key)
            leads = key.endswith("href") and not value.startswith("#")
            if not known or leads or "url(" in (value or "").replace("url(#", ""):
                self.foreign.append(f"{name} {key}={value}")

    def handle_endtag(self, name):
        """Up to the element that ends."""
        if name in self._within:
            while self._within.pop() != name:
                pass

    def handle_data(self, data):
        """Text between elements."""
        (self.drawn if "svg" in self._within else self.texts).append(data)

    def unknown_decl(self, data):
        """CDATA and the like."""
        self.foreign.append(data)

    def handle_decl(self, decl):
        """No piece of a page has one."""
        self.foreign.append(decl)

    handle_pi = handle_decl

    def says(self, text):
        """Whether a text stands on the page, letter by letter; a drawing may break its lines."""
        whole = _plain("\n".join([*self.texts, *self.values]))
        return _plain(text) in whole or _close(text) in _close("".join(self.drawn))

    def cuts(self, text):
        """Whether a drawing begins a text and ends it with an ellipsis, for want of room."""
        text, drawn = _close(text), _close("".join(self.drawn))
        return any(f"{text[:length]}…" in drawn for length in range(1, len(text)))


def _plain(text):
    return " ".join(text.split()).casefold()


def _close(text):
    return "".join(text.split()).casefold()


# The tables, spoilt -------------------------------------------------------------------------------

# Columns that the library reads as a code, a number or a reference.
_READ = {
    "subset", "percent", "derived_from", "event", "time", "input_rows", "patient_rows", "item",
    "met_at", "analysis", "pool", "compare_with", "table", "field", "set_a", "set_b", "quantity",
    "printed_estimate", "printed_lb", "printed_ub", "printed_p", "printed_row", "p",
    "citation_key", "year",
}  # fmt: skip


class Words(NamedTuple):
    """Hostile or harmless words, put after what stands in a cell, in turn."""

    texts: tuple[str, ...]

    def after(self, value, number):
        """A cell's text with words after it."""
        return f"{value} {self.texts[number % len(self.texts)]}"


HOSTILE = Words(STRINGS)
# As many blanks, so that what is cut to some words is cut alike.
HARMLESS = Words(tuple(f"zq{n:02d}x" for n in range(len(STRINGS))))


def free_columns(resource):
    """Columns of a table that hold text of any kind."""
    schema = resource["schema"]
    keys = {*schema["primaryKey"], *(n for k in schema.get("foreignKeys", ()) for n in k["fields"])}
    for field in schema["fields"]:
        coded = "enum" in field.get("constraints", {}) or field["name"].endswith("_id")
        if field["type"] == "string" and not coded and field["name"] not in keys | _READ:
            yield field["name"]


def spoilt_rows(rows, columns, words, start):
    """Rows with words after the text of some columns."""
    made = []
    for number, row in enumerate(rows, start):
        cells = {c: words.after(row[c], number + i) for i, c in enumerate(columns) if row[c]}
        made.append(dict(row) | cells)
    return made


_DECLARED = ("question", "patients", "agents", "against", "outcome", "title", "estimand", "unit")


_NAMED = PoolSpec | ContrastSpec | EffectSpec | TimeSpec


def spoilt_spec(spec, words, number=0):
    """A declared analysis with words after what a reader reads of it."""
    changed = {}
    for position, name in enumerate(type(spec).model_fields):
        value, at = getattr(spec, name), number * 7 + position
        if name in _DECLARED and isinstance(value, str) and value:
            changed[name] = words.after(value, at)
        elif isinstance(value, Unplaced | Card):
            changed[name] = spoilt_spec(value, words, at)
        elif isinstance(value, tuple) and value and isinstance(value[0], _NAMED):
            changed[name] = tuple(spoilt_spec(v, words, at + i) for i, v in enumerate(value))
        elif isinstance(spec, Card) and name == "pools":
            named = enumerate(value.items(), at)
            changed[name] = {key: words.after(title, i) for i, (key, title) in named}
    return spec.replaced(**changed)


def spoilt_codebook(book, words):
    """A codebook with words after titles, descriptions and meanings."""
    book, number = json.loads(json.dumps(book)), 0
    book["title"] = words.after(book["title"], 0)
    for resource in book["resources"]:
        for item in (resource, *resource["schema"]["fields"]):
            for key in ("title", "description"):
                if key in item:
                    number += 1
                    item[key] = words.after(item[key], number)
            for code, meaning in item.get("meanings", {}).items():
                number += 1
                item["meanings"][code] = words.after(meaning, number)
    return book


@cache
def _read():
    tables, analyses, problems = read_everything(DATA)
    assert not problems
    return tables, analyses


def spoilt_base(words, folder):
    """The evidence base of this book with words in every cell of free text."""
    tables, analyses = _read()
    book, spoilt = read_codebook(DATA), {}
    for number, resource in enumerate(book["resources"]):
        columns = list(free_columns(resource))
        spoilt[resource["name"]] = spoilt_rows(tables[resource["name"]], columns, words, number)
    analyses = [spoilt_spec(spec, words, n) for n, spec in enumerate(analyses)]
    (Path(folder) / "data").mkdir(parents=True)
    cited = {
        "title": words.after("A book", 3),
        "authors": [{"family-names": words.after("Roe", 0), "given-names": words.after("R", 4)}],
    }
    (Path(folder) / "CITATION.cff").write_text(json.dumps(cited), "utf-8")
    return Evidence(spoilt, spoilt_codebook(book, words), analyses, Path(folder) / "data")


# Views --------------------------------------------------------------------------------------------


def of_base(evidence):
    """Views of an evidence base by their names, each to be made when it is asked for."""
    for name in (
        "discrepancies", "discrepancy_counts", "sizes", "families", "register", "overlaps",
        "relation_counts", "double_counting", "inclusion", "decisions", "replications",
        "replication_counts", "replication_differences", "replication_conditions", "codebooks",
        "definitions", "survival", "cite", "trials_by_state", "trial_table", "search_steps",
        "shared_counts",
    ):  # fmt: skip
        yield name, lambda name=name: getattr(report, name)(evidence)
    columns = {"citation": "Report", "population": "Of", "note": "Note"}
    yield "show_rows", lambda: report.show_rows(evidence, "external_estimates", columns)
    yield "checklist", lambda: _checklists(evidence)
    yield "cards", lambda: cards(evidence)
    yield "overlap graph of all", lambda: figures.overlap_graph(evidence, name="all")
    yield "trials drawn", lambda: figures.trial_ages(evidence, state="state", name="trials")
    source = evidence.rows("searches")[0]["source_id"]
    yield "search drawn", lambda: figures.search_flow_plot(evidence, source, name="search")
    yield "reports drawn", lambda: figures.shared_reports(evidence, name="reports")
    yield "double counting drawn", lambda: figures.double_counting_forest(evidence, name="twice")


def _checklists(evidence):
    name = evidence.rows("checklists")[0]["checklist"]
    return report.checklist(evidence, name, page="chapters/protocol")


def of_analysis(analysis, words):
    """Views of an analysis by their names."""
    for name in (
        "stamp", "question", "badges", "banner", "pooled", "models", "case_mix", "counted",
        "left_out", "possible_overlaps", "disagreements", "findings", "grade", "risk_of_bias",
        "beside_published", "cite",
    ):  # fmt: skip
        yield name, lambda name=name: getattr(report, name)(analysis)
    pool = max(analysis.selections, key=lambda p: len(analysis[p].counted))
    title, name = words.after("Rates", 5), analysis.spec.id
    marks = report.rob_marks(analysis)
    yield "influence", lambda: report.influence_of(analysis, pool)
    yield "split_by", lambda: report.split_by(analysis, "criterion", pool)
    yield "forest", lambda: figures.forest_of(analysis, title=title, caption=title, rob=marks)
    yield "overlap graph", lambda: figures.overlap_graph(analysis, title=title, name=name)
    yield "leave one out", lambda: figures.leave_one_out_of(analysis, pool, figure=2)
    yield "shrinkage", lambda: figures.shrinkage_of(analysis, pool, figure=3)
    yield "curve", lambda: figures.curve_of(analysis, pool, figure=4)
    yield "printed rates", lambda: figures.printed_rates(analysis, pool, label=title, name=name)
    for contrast in analysis.spec.contrasts:
        pair = contrast.first, contrast.second
        if analysis.strata(*pair):
            yield "odds ratios", lambda pair=pair: report.odds_ratios(analysis, *pair)
            yield (
                "odds ratios drawn",
                lambda pair=pair: figures.odds_ratio_forest(analysis, *pair, title=title),
            )

    for effect in analysis.effects:
        yield "effects", lambda effect=effect: effects_of(analysis, effect)
        yield (
            "effects drawn",
            lambda effect=effect: figures.effect_forest(analysis, effect, title=title),
        )
    for times in analysis.times:
        yield "medians", lambda times=times: medians_left_out(analysis, times)
        yield (
            "medians drawn",
            lambda times=times: figures.median_forest(analysis, times, title=title),
        )
    for view in _arms_of(analysis.spec.chapter):
        yield "arms", lambda view=view: shown_arms(analysis.evidence, view, words)


def _arms_of(chapter):
    """Declared tables of the arms of a trial."""
    sections = chapter.sections.values() if chapter else ()
    return [view for section in sections for view in section.show if view.view == "arms"]


def shown_arms(evidence, view, words):
    """One of them; the heads of its arms are a stranger's."""
    heads = tuple(words.after(head, number) for number, head in enumerate(view.heads))
    return arms(evidence, view.study, first=view.arm, second=view.against, heads=heads)


def direct(words):
    """Figures and tables of a stranger's own labels: each text stands first in its cell."""
    texts = words.texts
    k = len(texts)
    rows = [figures.Row(t, 0.4, 0.3, 0.5, 1.0, "4 / 10", columns=(t,), badges=(f"{i}?",), name=t)
            for i, t in enumerate(texts)]  # fmt: skip
    body = [texts[i : i + 5] for i in range(k - 4)]
    yield "table", lambda: table(texts[:5], body, caption=texts[0])
    yield "grouped", lambda: grouped(("a", texts[1]), [(t, [(t, t)]) for t in texts])
    yield "folded", lambda: folded([(t, table((t,), [(t,)])) for t in texts])
    yield (
        "tag",
        lambda: SimpleNamespace(
            html="".join(tag("abbr", "x", title=t, class_=t, data_note=t) for t in texts), text=""
        ),
    )
    for i, text in enumerate(texts):
        yield f"forest {i}", lambda i=i, text=text: figures.forest(
            [figures.Group(text, rows[i : i + 2], note=text)],
            title=text, subtitle=text, caption=text, alt=text, footer=(text,),
            columns=("Head", "n/N"), left_out=[figures.LeftOutRow(text, "no", text)],
            codes={"no": text}, name="f",
        )  # fmt: skip
    yield (
        "forest of a result",
        lambda: figures.forest(
            pool_proportions(range(5, 5 + k), [60] * k, slab=texts), title="Pooled"
        ),
    )
    yield "swimmer", lambda: _swimmer(texts)
    yield "Kaplan-Meier", lambda: _kaplan_meier(texts)
    yield (
        "mini forest",
        lambda: figures.mini_forest(
            [figures.Diamond(t, 0.4, 0.3, 0.5, counts=t) for t in texts], alt=texts[2]
        ),
    )


def _swimmer(texts):
    import pandas as pd

    rows = pd.DataFrame({"label": texts, "end": range(3, 3 + len(texts)), "group": texts[0]})
    events = pd.DataFrame({"label": texts, "time": 1.0, "event": texts[3]})
    return figures.swimmer(rows, events=events, title=texts[1], time_unit=texts[8])


def _kaplan_meier(texts):
    curves = {t: kaplan_meier([1, 2, 3, 4], [1, 0, 1, 1]) for t in texts[:3]}
    return figures.kaplan_meier_plot(curves, title=texts[4], heading=texts[5], caption=texts[6])


# What is asked of them ----------------------------------------------------------------------------


@dataclass
class Found:
    """What was looked at, and what was wrong."""

    views: int = 0
    shown: int = 0
    failures: list = None

    def __post_init__(self):
        self.failures = []

    def fail(self, view, what):
        """Note what is wrong with a view, once."""
        line = f"{view}: {what:.300}"
        if line not in self.failures:
            self.failures.append(line)


def html_of(shown):
    """The HTML of a view or a figure, without what keeps a notebook from typesetting it."""
    html = shown.html if hasattr(shown, "html") else shown._repr_html_()
    ignored = '<div class="mathjax_ignore tex2jax_ignore">'
    return html.removeprefix(ignored).removesuffix("</div>") if html.startswith(ignored) else html


def _in_table(shown):
    """What a figure's table says, where a drawing has no room for a name in full."""
    rows = getattr(shown, "table", [])
    rows = rows if isinstance(rows, list) else rows.to_dict("records")
    return _close(" ".join(str(value) for row in rows for value in row.values()))


def compare(name, hostile, harmless_twin, found):
    """A view with hostile words against the same with harmless ones."""
    found.views += 1
    one, other = Page(html_of(hostile)), Page(html_of(harmless_twin))
    told = _in_table(hostile)
    for foreign in one.foreign:
        found.fail(name, f"in a drawing: {foreign}")
    if one.elements != other.elements:
        pairs = zip(one.elements, other.elements, strict=False)
        first = next((a for a, b in pairs if a != b), one.elements[-1:])
        found.fail(name, f"other elements than with harmless words, from {first}")
    missing = []
    for text, twin in zip(HOSTILE.texts, HARMLESS.texts, strict=True):
        if other.says(twin):
            said = one.says(text) or _close(text) in told or one.cuts(text)
            found.shown += said
            missing += [] if said else [text]
    # A second name stands beside a label of a drawing only where there is room for it.
    if not (one.drawn and len(missing) <= NO_ROOM):
        for text in missing:
            found.fail(name, f"not shown as it is: {text}")


def check_views(views, twins, found, where=""):
    """Every view against its twin; returns the hostile HTML."""
    made = []
    for (name, view), (_, twin) in zip(views, twins, strict=True):
        hostile = view()
        compare(f"{where} {name}".strip(), hostile, twin(), found)
        made.append(hostile)
    return made


def check_files(drawings, folder, found):
    """SVG, PNG and CSV files of figures, and CSV of any rows."""
    from xml.etree import ElementTree

    for number, figure in enumerate(drawings):
        for path in figure.save(folder, f"f{number}"):
            found.views += 1
            if path.suffix == ".png" and not path.read_bytes().startswith(b"\x89PNG"):
                found.fail(path.name, "no PNG")
            if path.suffix == ".svg":
                ElementTree.parse(path)
                for foreign in Page(path.read_text("utf-8")).foreign:
                    found.fail(path.name, f"in a file: {foreign}")
        _check_csv(figure.save_table(folder, f"f{number}"), found)
    path = write_csv(Path(folder) / "all.csv", [("text",), *((text,) for text in STRINGS)])
    _check_csv(path, found)
    cells = [row[0] for row in csv.reader(io.StringIO(path.read_text("utf-8"), newline=""))]
    for text, cell in zip(STRINGS, cells[1:], strict=True):
        found.shown += cell == harmless(text)
        if cell != harmless(text):
            found.fail("CSV", f"not kept: {text}")


def _check_csv(path, found):
    found.views += 1
    for row in csv.reader(io.StringIO(path.read_text("utf-8"), newline="")):
        for cell in filter(is_formula, row):
            found.fail(path.name, f"a formula: {cell}")


def check_json(evidence, found):
    """The published results: what is read back is what stands in the tables."""
    analyses = [evidence.analyse(name) for name in evidence.analyses]
    for made in (*map(analysis_results, analyses), results_index(analyses)):
        found.views += 1
        text = as_json(made)
        if json.loads(text) != json.loads(json.dumps(made)):
            found.fail("JSON", "read back otherwise")
        labels = [analysis.spec.question for analysis in analyses]
        if not any(json.dumps(label, ensure_ascii=False) in text for label in labels):
            found.fail("JSON", "a question is not there as it is")


def check_glue(found):
    """Glued texts through the function by which a page shows them."""
    from myst_nb.core.variables import format_plain_text

    found.views += 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        for text in STRINGS:
            shown = format_plain_text(repr(_Text(text)), "")
            found.shown += shown == text
            if shown != text:
                found.fail("glue", f"{text} becomes {shown}")


@contextmanager
def bases():
    """The hostile evidence base and its harmless twin."""
    with tempfile.TemporaryDirectory() as place:
        yield spoilt_base(HOSTILE, f"{place}/a"), spoilt_base(HARMLESS, f"{place}/b")


def library(found, *, analyses=None):
    """All views, figures and files; returns pieces of HTML for a page."""
    with (
        warnings.catch_warnings(),
        bases() as (evil, calm),
        tempfile.TemporaryDirectory() as folder,
    ):
        warnings.simplefilter("ignore", MissingGlyphs)
        made = check_views(direct(HOSTILE), direct(HARMLESS), found)
        made += check_views(of_base(evil), of_base(calm), found)
        for name in analyses or evil.analyses:
            pair = ((b.analyse(name), words) for b, words in ((evil, HOSTILE), (calm, HARMLESS)))
            made += check_views(*(of_analysis(*given) for given in pair), found, name)
        drawings = [view for view in made if hasattr(view, "save")]
        check_files(drawings[:: max(1, len(drawings) // 12)], folder, found)
        check_json(evil, found)
        check_glue(found)
        return [html_of(view) for view in made]


# In a browser -------------------------------------------------------------------------------------

CELLS = """import json, sys
from pathlib import Path
sys.path.insert(0, {faults!r})
from IPython.display import display
from evisynth.words.html import Html
from evisynth.report import glue_values
from hostile import STRINGS
pieces = json.loads(Path("pieces.json").read_text("utf-8"))
glue_values("h", {{str(n): text for n, text in enumerate(STRINGS)}})
for piece in pieces:
    display(Html(piece, ""))
"""
CONFIG = """title: T
execute: {execute_notebooks: force, timeout: 120}
only_build_toc_files: true
sphinx:
  local_extensions: {mathml: _ext, lean: _ext}
  config: {html_math_renderer: mathml}
"""


def built_page(pieces, folder):
    """A page of Jupyter Book with pieces of HTML and every text glued."""
    import nbformat.v4 as nb

    folder = Path(folder)
    shutil.copytree(ROOT / "_ext", folder / "_ext")
    (folder / "_config.yml").write_text(CONFIG, "utf-8")
    (folder / "_toc.yml").write_text("format: jb-book\nroot: page\n", "utf-8")
    (folder / "pieces.json").write_text(json.dumps(pieces), "utf-8")
    code = CELLS.format(faults=str(Path(__file__).parent))
    placed = [f"{n} {{glue:text}}`h-{n}`" for n in range(len(STRINGS))]
    cells = [nb.new_markdown_cell("# Harmless"), nb.new_code_cell(code)]
    cells.append(nb.new_markdown_cell("\n\n".join(placed)))
    book = nb.new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "P"}}
    )
    (folder / "page.ipynb").write_text(json.dumps(book), "utf-8")
    command = [sys.executable, "-c", COMMAND, "build", str(folder), "-W", "-q"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    page = folder / "_build/html/page.html"
    if done.returncode or not page.exists():
        raise RuntimeError(f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return page


def check_built(page, found):
    """Whether every glued text is on the built page as it is."""
    found.views += 1
    parsed = Page(page.read_text("utf-8"))
    whole = _typeset("\n".join(parsed.texts))
    for n, text in enumerate(STRINGS):
        said = _typeset(f"{n} {text}") in whole
        found.shown += said
        if not said:
            found.fail("glue on a page", f"not shown as it is: {text}")


def _typeset(text):
    """A text but for what Sphinx makes of quotes, of several hyphens and of two backslashes."""
    text = re.sub('[‘’“”"]', "'", _plain(text)).replace(r"\\", "\\")
    return re.sub("-{2,3}|[–—]", "-", text)


def loaded(page, folder):
    """How many things ran, and what the console said, when Chromium loaded a page; None without."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        return None
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update",
        f"--user-data-dir={folder}/c", "--virtual-time-budget=4000", "--enable-logging=stderr",
        "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.S)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    said = [line for line in console if re.search("uncaught|refused|error|failed", line, re.I)]
    ran = title is None or not title[1].startswith("Harmless")
    return int(ran), said


def sentinel(folder):
    """A page on which a script does run, so that a browser that sees nothing is found out."""
    path = Path(folder) / "runs.html"
    path.write_text(f"<title>Harmless</title><script>{RUNS}</script>", "utf-8")
    return path


def browser(pieces, found):
    """The part with Jupyter Book and Chromium; how many things ran."""
    with tempfile.TemporaryDirectory() as folder:
        page = built_page(pieces, folder)
        check_built(page, found)
        result = loaded(page, folder)
        if result is None:
            return None
        if not loaded(sentinel(folder), folder)[0]:
            found.fail("browser", "it does not see what runs")
        for line in result[1]:
            found.fail("console", line)
        return result[0]


def run():
    """Everything; what is recorded."""
    found = Found()
    pieces = library(found)
    ran = browser(pieces, found)
    return {"strings": len(STRINGS), "views": found.views, "shown": found.shown, "ran": ran,
            "failures": found.failures}  # fmt: skip


if __name__ == "__main__":
    made = run()
    write("hostile", made)
    print(*made["failures"], sep="\n")
    print("{strings} texts, {views} views and files: {shown} times as they are".format(**made))
    print(f"{len(made['failures'])} failures; ran in a browser: {made['ran']}")
    sys.exit(bool(made["failures"]) or bool(made["ran"]))
