"""The house rules, read off the text of the repository: layers, topic words, chapters, prose."""

import ast
import csv
import json
import re
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from statistics import median

import evisynth
import pytest
from evisynth.pages.images import image_faults
from evisynth.pages.prose import prose, typed_results
from evisynth.pages.reading import (
    code_of,
    code_of_markdown,
    figure_words,
    markdown_of,
    strings_of,
    tree_of,
)

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "code" / "evisynth"
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
PAGES = CHAPTERS + [page for page in [ROOT / "intro.md"] if page.exists()]
# Pages without code, too: the glossary, methods and the like.
EVERY_PAGE = PAGES + sorted((ROOT / "chapters").glob("*.md"))
DOCUMENTS = [
    ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff")
]


def name_of(path):
    return path.relative_to(ROOT).as_posix()


# Layers -------------------------------------------------------------------------------------------

# Tables and edges: they import what says errors, and what can be seen of a text, alone.
NO_STATISTICS = {"evidence.schema", "evidence.overlap"}


def declared_order():
    """The rooms as CONTRIBUTING.md orders them: ``effects (measures < escalc)`` is two of them."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    block = re.search(r"^    errors <.*?\n\n", text, re.M | re.S)[0]
    within, last = [], ""
    for sign in re.findall(r"\w+|[()]", block):
        if sign == "(":
            within.append(last)
        elif sign == ")":
            within.pop()
        else:
            last = sign
            yield ".".join([*within, sign])


NAMED = list(declared_order())
PACKAGES = {room.rpartition(".")[0] for room in NAMED} - {""}
ROOMS = [room for room in NAMED if room not in PACKAGES]


def room_of(module):
    """``evisynth.words.html`` is a room of words; what `evisynth` itself offers is at its home."""
    parts = module.split(".")[1:]
    if len(parts) == 1:
        parts = evisynth._HOMES.get(parts[0], parts[0]).split(".")
    names = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((name for name in names if name in ROOMS or name in PACKAGES), ".".join(parts[:1]))


def imported_modules(source, module):
    """Every module of the package that a source imports, inside functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (
                alias.name for alias in node.names if alias.name.split(".")[0] == "evisynth"
            )
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(module.split(".")[: -node.level]) + "." if node.level else ""
            base = f"{start}{node.module or ''}".rstrip(".")
            if base == "evisynth":
                yield from (f"evisynth.{alias.name}" for alias in node.names)
            elif base.startswith("evisynth."):
                yield from (home_of(base, alias.name) for alias in node.names)


def home_of(package, name):
    """The module that a package offers under a name, or the module of that name in it."""
    try:
        homes = getattr(sys.modules.get(package) or import_module(package), "_HOMES", {})
    except ModuleNotFoundError:
        return package
    if name in homes:
        offered = f"evisynth.{homes[name]}"
        return offered if room_of(offered) in ROOMS else f"{package}.{homes[name]}"
    inside = f"{package}.{name}"
    return inside if room_of(inside) in ROOMS and room_of(package) in PACKAGES else package


def layering_faults(source, module):
    """What a module imports from its right, or from a room without a place in the order."""
    room = room_of(module)
    if module.removesuffix(".__init__") in {f"evisynth.{package}" for package in PACKAGES}:
        found = list(imported_modules(source, module))
        return [f"{module}: it names its modules and imports none"] * bool(found)
    if room not in ROOMS:
        return [f"{module}: give the room {room!r} a place in ROOMS"]
    faults = []
    for imported in imported_modules(source, module):
        other = room_of(imported)
        if other == room:
            continue
        allowed = (
            ["errors", "characters", "output"]
            if room in NO_STATISTICS
            else ROOMS[: ROOMS.index(room)]
        )
        if other not in allowed:
            faults.append(
                f"{module} imports {imported}; allowed: {', '.join(allowed) or 'nothing'}"
            )
    return faults


def module_of(path):
    """Dotted name; a package's own file keeps its last part, for relative imports."""
    return path.relative_to(PACKAGE.parent).with_suffix("").as_posix().replace("/", ".")


MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_each_module_imports_from_its_left_only(path):
    assert not layering_faults(path.read_text("utf-8"), module_of(path))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("evisynth.engine.random_effects.tau2", "from evisynth.engine.glmm.model import rma_glmm"),
        (
            "evisynth.engine.random_effects.tau2",
            "def f():\n    import evisynth.engine.random_effects.model",
        ),
        ("evisynth.engine.effects.escalc", "from evisynth import rma"),
        ("evisynth.evidence.base", "from .report import words"),
        ("evisynth.words.phrases", "from ..figures import style"),
        ("evisynth.evidence.overlap", "from evisynth.engine.effects.escalc import escalc"),
        ("evisynth.utils", ""),
    ],
)
def test_a_wrong_import_is_found(module, source):
    assert layering_faults(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "evisynth.engine.random_effects.model",
            "import numpy\nfrom evisynth.engine.random_effects.tau2 import reml",
        ),
        (
            "evisynth.figures.forests.phone",
            "from evisynth.figures.base import marks\nfrom ...errors import ArgumentError",
        ),
        ("evisynth.report.__init__", "from importlib import import_module"),
        ("evisynth.evidence.overlap", "from evisynth.errors import ArgumentError"),
    ],
)
def test_a_right_import_passes(module, source):
    assert not layering_faults(source, module)


def test_each_room_of_the_order_exists():
    paths = {room: PACKAGE / room.replace(".", "/") for room in ROOMS}
    missing = [r for r, p in paths.items() if not (p.is_dir() or p.with_suffix(".py").is_file())]
    assert missing == []
    assert len(set(ROOMS)) == len(ROOMS)


# Names --------------------------------------------------------------------------------------------

# Names that stand for one thing in each module that has them: a command's main function, and a view
# of a chapter, called as its declaration calls it (``view: strata``).
NAMED_TWICE = {"main", "Strata"}


def public_names(source):
    """Functions and classes that a module defines for others."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    defined = (node.name for node in ast.parse(source).body if isinstance(node, kinds))
    return [name for name in defined if not name.startswith("_")]


def named_twice(sources):
    """Public names that two modules define, with those modules."""
    homes = {}
    for module, source in sources:
        for name in public_names(source):
            homes.setdefault(name, []).append(module)
    return {name: found for name, found in homes.items() if len(found) > 1}


def test_no_public_name_is_defined_twice():
    sources = [(module_of(path), path.read_text("utf-8")) for path in MODULES]
    assert named_twice(sources).keys() == NAMED_TWICE


def test_a_name_that_is_defined_twice_is_found():
    sources = [("a", "def pool(): pass\nclass Row: pass"), ("b", "def pool(): pass\nRow = 1")]
    assert named_twice(sources) == {"pool": ["a", "b"]}
    assert not named_twice([("a", "def _own(): pass"), ("b", "def _own(): pass")])


# Signatures ---------------------------------------------------------------------------------------

# What a view is about; the last two are an analysis or the evidence base.
SUBJECTS = {"analysis", "evidence", "source", "about"}
# `chapter` is called with the id of its analysis, and reads the evidence base where none is given.
OF_A_NAME = {"chapter"}
VIEWS = [
    path
    for path in MODULES
    if path.relative_to(PACKAGE).parts[0] in ("report", "figures", "chapter")
]


def misplaced_subjects(source):
    """Public functions whose subject is not their first parameter, or that have two subjects."""
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        positional = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
        first, *others = positional or [""]
        others += [a.arg for a in node.args.kwonlyargs]
        if SUBJECTS & {*others} and node.name not in OF_A_NAME:
            yield f"{node.name}({', '.join([first, *others])})"


@pytest.mark.parametrize("path", VIEWS, ids=name_of)
def test_what_a_view_is_about_comes_first(path):
    assert not list(misplaced_subjects(path.read_text("utf-8")))


def test_a_subject_out_of_place_is_found():
    for wrong in (
        "pool, analysis",
        "evidence, *, analysis=None",
        "*, evidence",
        "evidence, analysis",
    ):
        assert list(misplaced_subjects(f"def table({wrong}): pass"))
    for right in ("analysis, pool", "evidence, name", "sheet, x", "", "*pools"):
        assert not list(misplaced_subjects(f"def table({right}): pass"))
    assert not list(misplaced_subjects("def _table(pool, analysis): pass"))


# Memos --------------------------------------------------------------------------------------------


def memos_of_evidence(source):
    """Functions of the evidence base, or of what is made from it, that functools keeps for ever."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            named = {
                n.id for d in node.decorator_list for n in ast.walk(d) if isinstance(n, ast.Name)
            }
            takes = {argument.arg for argument in node.args.args}
            if named & {"cache", "lru_cache"} and takes & {
                "evidence",
                "analysis",
                "selection",
                "self",
            }:
                yield node.name


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_what_follows_from_the_evidence_is_kept_with_it(path):
    assert not list(memos_of_evidence(path.read_text("utf-8")))


def test_a_memo_of_the_evidence_is_found():
    assert list(memos_of_evidence("@lru_cache(maxsize=4)\ndef f(evidence): pass"))
    assert list(memos_of_evidence("class A:\n    @cache\n    def f(self): pass"))
    assert not list(memos_of_evidence("@cache\ndef f(text): pass\n@kept\ndef g(evidence): pass"))


# Topic words --------------------------------------------------------------------------------------

DISEASE = [
    "leukaemia",
    "leukemia",
    "lymphoblastic",
    "tisagenlecleucel",
    "ozogamicin",
    "CAR-T",
    "CAR T",
]
AGENTS = ["blinatumomab", "inotuzumab"]
GENERAL = {"mixed", "other", "not_stated"}  # of the column agent, but not an agent
SHORTEST = 5


@cache
def topic_words():
    """Words of the data's topic: lower case where any case counts, names as they are written."""
    any_case = {word.lower() for word in DISEASE + AGENTS}
    names = set()
    for row in rows_of("cohorts"):
        any_case |= {row["agent"].lower()} - GENERAL
    for row in rows_of("studies"):
        names |= {row["first_author"].split(" ")[-1], row["name"], row["study_id"]}
        names |= set(re.findall(r"\b[A-Z][A-Z0-9-]{4,}\b", row["name"]))
    return {w for w in any_case if w}, {n for n in names if len(n) >= SHORTEST}


def rows_of(table):
    path = ROOT / "data" / f"{table}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _words(words, flags=0):
    alternatives = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<![A-Za-z0-9])(?:{alternatives})(?![a-z0-9])", flags)


@cache
def _topic_patterns():
    any_case, names = topic_words()
    return (_words(any_case, re.IGNORECASE), *([_words(names)] if names else []))


def topic_words_in(text):
    return sorted({found for pattern in _topic_patterns() for found in pattern.findall(text)})


@pytest.mark.parametrize("path", sorted((ROOT / "code").rglob("*.py")), ids=name_of)
def test_code_names_no_drug_disease_or_study(path):
    assert not topic_words_in(path.read_text("utf-8"))


@pytest.mark.parametrize(
    "text", ['agent == "blinatumomab"', "# Leukaemia", "car-t", "def inotuzumab_arm"]
)
def test_a_topic_word_is_found(text):
    assert topic_words_in(text)


def test_every_first_author_of_the_data_is_a_topic_word():
    for row in rows_of("studies"):
        author = row["first_author"].split(" ")[-1]
        assert len(author) < SHORTEST or topic_words_in(f"as {author} has it")


# Chapters -----------------------------------------------------------------------------------------

USUAL_LINES, MOST_LINES = 3, 12
FORBIDDEN_CODE = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.For,
    ast.AsyncFor,
    ast.While,
)


def lines_of(cell):
    return sum(1 for line in cell.splitlines() if line.strip() and not line.strip().startswith("#"))


def cell_faults(cell):
    """Why a code cell is too much for a chapter."""
    tree = tree_of(cell)
    faults = [
        f"line {n.lineno}: {type(n).__name__}"
        for n in ast.walk(tree)
        if isinstance(n, FORBIDDEN_CODE)
    ]
    if lines_of(cell) > MOST_LINES:
        faults.append(f"{lines_of(cell)} lines, at most {MOST_LINES}")
    return faults


def usual_length_faults(cells):
    """Whether half of the cells are longer than a usual cell."""
    lengths = [lines_of(cell) for cell in cells if cell.strip()]
    if lengths and median(lengths) > USUAL_LINES:
        return [f"median {median(lengths)} lines a cell, at most {USUAL_LINES}"]
    return []


def forest_faults(cell, metadata):
    """Calls that draw a forest without a caption, in the call or in the cell's metadata.

    An alternative text may be left to the view, which makes one from the numbers; whether it did
    is read off the outputs.
    """
    for node in ast.walk(tree_of(cell)):
        if isinstance(node, ast.Call) and "forest" in _called(node):
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            empty = {name for name, value in given.items() if getattr(value, "value", "-") == ""}
            named = figure_words(metadata)
            if "caption" not in given.keys() - empty and not named.get("caption"):
                yield f"line {node.lineno}: {_called(node)} without a caption"
            if "alt" in empty:
                yield f"line {node.lineno}: {_called(node)} with an empty alt"


def _called(call):
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def figure_faults(html):
    """Figures in an output of which a view lacks its alternative text."""
    for figure in re.findall(r'<figure class="co-figure".*?</figure>', html, re.S):
        views = re.findall(r'<div class="co-(?:desktop|phone)"[^>]*>', figure)
        if not views or not all(re.search(r' aria-label="[^"]+"', view) for view in views):
            yield "a figure without alternative text"


def outputs_of(path):
    """HTML outputs of a notebook."""
    if path.suffix == ".md":
        return []
    cells = json.loads(path.read_text("utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return ["".join(output.get("data", {}).get("text/html", "")) for output in outputs]


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_code_cells_are_thin(path):
    cells = [source for source, _ in code_of(path)]
    faults = [fault for cell in cells for fault in cell_faults(cell)]
    assert not faults + usual_length_faults(cells)


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_forest_has_caption_and_alternative_text(path):
    faults = [fault for cell in code_of(path) for fault in forest_faults(*cell)]
    assert not faults + [fault for html in outputs_of(path) for fault in figure_faults(html)]


@pytest.mark.parametrize(
    "cell",
    [
        "def f():\n    pass",
        "for x in y:\n    x",
        "while True:\n    break",
        "class A: pass",
        "a = 1\n" * 13,
    ],
)
def test_a_cell_that_is_too_much_is_found(cell):
    assert cell_faults(cell)


def test_a_thin_cell_passes():
    assert not cell_faults("%matplotlib inline\nrates = [row.rate for row in rows]\n")


def test_long_cells_are_found():
    assert usual_length_faults(["a\n" * 4, "a\n" * 5, "a"])
    assert not usual_length_faults(["a\n" * 9, "a", "a"])


CAPTIONED = {"mystnb": {"figure": {"caption": "Rates", "name": "fig-rates"}}}


@pytest.mark.parametrize(
    ("cell", "metadata"),
    [
        ("forest([g], title='t')", {}),
        ("figures.forest_of(a, alt='a')", {"mystnb": {"figure": {"name": "fig"}}}),
        ("forest(g, caption='', alt='a')", {}),
        ("forest_of(a, alt='')", CAPTIONED),
    ],
)
def test_a_forest_without_words_is_found(cell, metadata):
    assert list(forest_faults(cell, metadata))


@pytest.mark.parametrize(
    ("cell", "metadata"),
    [("forest_of(a)", CAPTIONED), ("forest(g, caption='c', alt='a')", {}), ("table(a)", {})],
)
def test_a_forest_with_words_passes(cell, metadata):
    assert not list(forest_faults(cell, metadata))


def test_a_figure_without_alternative_text_is_found():
    view = '<div class="co-desktop" role="img" aria-label="45 of 100"><svg/></div>'
    bare = view.replace("45 of 100", "")
    assert not list(figure_faults(f'<figure class="co-figure">{view}</figure>'))
    assert list(figure_faults(f'<figure class="co-figure">{view}{bare}</figure>'))
    assert list(figure_faults('<figure class="co-figure"><svg/></figure>'))


def test_a_code_cell_of_a_markdown_page_is_read_with_its_options():
    options = "---\nmystnb: {figure: {caption: Rates, name: fig-rates}}\n---\n"
    text = f"Words\n\n```{{code-cell}}\n{options}forest_of(a)\n```\n"
    assert code_of_markdown(text) == [("forest_of(a)\n", CAPTIONED)]
    assert code_of_markdown("```{code-cell}\n:tags: [x]\na\n```") == [("a\n", {})]


# Images in Markdown -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EVERY_PAGE + DOCUMENTS, ids=name_of)
def test_every_image_on_a_page_has_alternative_text(path):
    texts = markdown_of(path) if path in EVERY_PAGE else [path.read_text("utf-8")]
    assert not [fault for text in texts for fault in image_faults(text)]


@pytest.mark.parametrize(
    "text",
    [
        "![](picture.png)",
        "Words ![ ](a.svg) and words",
        "![][ref]",
        '<img src="a.png">',
        '<img src="a.png" alt="">',
        "```{image} a.png\n:width: 200px\n```",
        ":::{figure} a.png\n:name: fig\n\nA caption is no alternative text.\n:::",
        "```{figure} a.png\n:alt:\n```",
    ],
)
def test_an_image_without_alternative_text_is_found(text):
    assert list(image_faults(text))


@pytest.mark.parametrize(
    "text",
    [
        "![Two curves that cross](picture.png)",
        '<img src="a.png" alt="Two curves">',
        "```{image} a.png\n:alt: Two curves\n```",
        "::::{figure} a.png\n:alt: Two curves\n\nA caption\n::::",
        "`![](a.png)` in a code span",
        "```md\n![](a.png)\n```",
        "An exclamation![^1]",
    ],
)
def test_an_image_with_words_passes(text):
    assert not list(image_faults(text))


# Prose --------------------------------------------------------------------------------------------

FORBIDDEN_WORDS = re.compile(
    r"\b(?:significant(?:ly)?|superior(?:ity)?|robust(?:ly|ness)?)\b", re.I
)
OURSELVES = re.compile(
    r"\b(?:this|the|our)\s+(?:book|site|re-?synthesis)\b|\bcounted once\b|\bwe\b", re.I
)
DENIAL = re.compile(r"\b(?:not|no|never|nor)\b|n[’']t\b", re.I)
DISCLAIMER = re.compile(r"\bnot\s+medical\s+advice\b", re.I)


def forbidden_words(markdown):
    return FORBIDDEN_WORDS.findall(prose(markdown))


def sentences(text):
    return re.split(r"(?<=[.!?:;])\s+|\n\s*\n|\n\s*[-*|]\s", text)


def claims_to_be_a_systematic_review(markdown):
    """Sentences that call the book itself a systematic review."""
    return [
        sentence.strip()
        for sentence in sentences(prose(markdown))
        if re.search(r"systematic\s+review", sentence, re.I)
        and OURSELVES.search(sentence)
        and not DENIAL.search(sentence)
    ]


def footer_disclaims():
    config = ROOT / "_config.yml"
    return config.exists() and bool(
        DISCLAIMER.search(config.read_text("utf-8").partition("extra_footer")[2])
    )


@pytest.mark.parametrize("path", EVERY_PAGE, ids=name_of)
def test_no_result_is_typed_in_prose(path):
    captions = [text for cell in code_of(path) for text in strings_of(*cell)]
    texts = markdown_of(path) + captions
    assert not [found for text in texts for found in typed_results(text)]


@pytest.mark.parametrize("path", EVERY_PAGE + DOCUMENTS, ids=name_of)
def test_prose_claims_no_more_than_it_may(path):
    text = "\n\n".join(markdown_of(path) if path in EVERY_PAGE else [path.read_text("utf-8")])
    assert not forbidden_words(text)
    assert not claims_to_be_a_systematic_review(text)


@pytest.mark.parametrize("path", EVERY_PAGE, ids=name_of)
def test_each_page_says_that_it_is_not_medical_advice(path):
    assert footer_disclaims() or DISCLAIMER.search("\n".join(markdown_of(path)))


@pytest.mark.parametrize(
    "text",
    [
        "The rate was 45 %.",
        "The rate was 45%, as before.",
        "About 44.2 percent responded.",
        "45 [38–53] of 100",
        "a new centre could see 31–67",
        "a new centre could see 31-67 of 100",
        "between [0.31, 0.67]",
        "pooled from five cohorts (k = 5)",
        "in 12 of 45 children",
        "the difference (p < 0.001)",
        "a tail <b>of</b> x < 3, 45 %, y > 2",
        "I² = 72",
        "OR 4.71",
        "an HR of 0.62 in favour",
        "the hazard ratio was 0.62",
        "odds ratios: 1.4 and 2",
        "a median of 7.7 months",
        "The median was 7 months.",
        "lived for 3 years",
        "followed up after 7.7 months",
        "81/189 responded",
        "81 / 189 responded",
        "Forty percent responded.",
        "forty-five per cent of children",
        "one hundred and twenty percent",
        "12 of the 30 children",
        "12 out of 30",
        "> A quotation with 45 % in it",
        ":::{note}\nThe rate was 45 %.\n:::",
        "```{note}\nThe rate was 45 %.\n```",
        "| cohort | 45 % |",
    ],
)
def test_a_typed_result_is_found(text):
    assert typed_results(text)


@pytest.mark.parametrize(
    "text",
    [
        "The rate was {glue:text}`salvage-line-first` of 100.",
        "An interval of `31–67` in a code span.",
        "```python\nrate = 45  # 45 %\n```",
        "```{math}\n31-67\n```",
        "the exact 95 % confidence interval, and the 95% prediction interval",
        "fewer than 5 % blasts in the marrow",
        "adverse events of grade 3–4",
        "Published 2014–2017, read on 2026-11-21.",
        "the trials MT103-206 and ITCC-059",
        "[a link](https://example.org/31-67)",
        "where $k = 5$ would do",
        "five cohorts, two of which are children's",
        "survival at 24 months, or after 2 years",
        "children under 18 years, and those aged 21 years",
        "tested within 90 days of treatment",
        "the year 2020 and months later",
        "fewer than five percent blasts in the marrow",
        "Outcomes and/or definitions, see 2026-11-21",
        "one of five reports",
        "the odds ratio of each study",
        "a hundred and more patients",
        "See chapter 2 of the book, version 0.1.0.",
    ],
)
def test_prose_without_results_passes(text):
    assert not typed_results(text)


@pytest.mark.parametrize("text", ["significantly longer", "a Superior drug", "robust results"])
def test_a_forbidden_word_is_found(text):
    assert forbidden_words(text)


def test_a_claim_to_be_a_systematic_review_is_found():
    assert claims_to_be_a_systematic_review("This book is a systematic review of five papers.")
    assert claims_to_be_a_systematic_review("Counted Once, a systematic\nreview, opens.")
    assert not claims_to_be_a_systematic_review("This book is not a systematic review.")
    assert not claims_to_be_a_systematic_review("One source is a systematic review of children.")


def test_the_disclaimer_is_found():
    assert DISCLAIMER.search("Not\nmedical advice")
    assert not DISCLAIMER.search("medical advice")
