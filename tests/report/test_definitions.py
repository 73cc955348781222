"""The glossary, the role that reads it, and the views of the plan."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from evisynth.engine.proportions.pooling import BESIDE, MODELLED, WARNINGS, small_k_rule
from evisynth.engine.proportions.result import HEADLINE
from evisynth.engine.specifications.multiverse import DEFAULT_METHODS
from evisynth.errors import ArgumentError
from evisynth.evidence import branches
from evisynth.evidence.flips import flips
from evisynth.evidence.selection import CODES
from evisynth.report import (
    checklist,
    definitions,
    estimands,
    pooling_rules,
    specification_axes,
)
from evisynth.report.data.definitions import STATISTICS, define, glossary_terms
from evisynth.report.data.protocol import WHEN

ROOT = Path(__file__).resolve().parents[2]
FIELD = {"name": "kind", "constraints": {"enum": ["a/b", "<1e-4", ">1e-4"]}}
MEANINGS = {"a/b": "one or the other", "<1e-4": "less", ">1e-4": "more"}
BOOK = {"resources": [{"schema": {"fields": [FIELD | {"meanings": MEANINGS}, {"name": "n"}]}}]}


def test_a_term_is_a_field_and_one_of_its_words():
    assert define(BOOK, "kind/a/b").words == "one or the other"
    assert define(BOOK, "code/OVL").words == CODES["OVL"]
    assert define(BOOK, "statistics/tau").words == STATISTICS["tau"]


@pytest.mark.parametrize(
    ("term", "allowed"),
    [
        ("kind/c", "allowed: kind/a/b, kind/<1e-4, kind/>1e-4."),
        ("n/3", "allowed: code, kind, statistics; then /value."),
        ("", "allowed: code, kind, statistics; then /value."),
        ("kind", "allowed: kind/a/b"),
    ],
)
def test_an_unknown_term_says_which_there_are(term, allowed):
    with pytest.raises(ArgumentError, match=re.escape(allowed)) as caught:
        define(BOOK, term)
    assert repr(term) in str(caught.value)


def test_anchors_are_plain_and_never_shared(evidence):
    for book in (BOOK, evidence.codebook):
        terms = [d for values in glossary_terms(book).values() for d in values.values()]
        anchors = [d.anchor for d in terms]
        assert len(set(anchors)) == len(anchors)
        assert all(re.fullmatch(r"[a-z][a-z0-9-]*[a-z0-9]", anchor) for anchor in anchors)


def test_definitions_are_those_of_the_codebook(evidence):
    shown = definitions(evidence, "criterion")
    field = next(
        field
        for resource in json.loads((ROOT / "data" / "datapackage.json").read_text())["resources"]
        for field in resource["schema"]["fields"]
        if field["name"] == "criterion"
    )
    rows = shown.text.splitlines()[1:]
    assert [row.partition(" | ")[2] for row in rows] == list(field["meanings"].values())
    with pytest.raises(ArgumentError, match="criterion"):
        definitions(evidence, "no such field")


# The role -----------------------------------------------------------------------------------------

PAGE = """Page
====

:def:`kind/a/b` and :def:`fewer <kind/<1e-4>` and :def:`kind/<1e-4`

:def:`kind/nothing`
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Pages and warnings of a small book."""
    source = tmp_path_factory.mktemp("book")
    (source / "data").mkdir()
    (source / "chapters").mkdir()
    field = FIELD | {"type": "string", "description": "Kind.", "meanings": MEANINGS}
    schema = {"fields": [field], "primaryKey": ["kind"]}
    book = {"version": "0", "resources": [{"name": "t", "path": "t.csv", "schema": schema}]}
    (source / "data" / "datapackage.json").write_text(json.dumps(book))
    (source / "conf.py").write_text("extensions = ['terms']\nexclude_patterns = ['out']\n")
    (source / "index.rst").write_text(".. toctree::\n\n   chapters/page\n   chapters/glossary\n")
    (source / "chapters" / "glossary.rst").write_text("Glossary\n========\n")
    (source / "chapters" / "page.rst").write_text(PAGE)
    run = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-b", "html", source, source / "out"],
        env=os.environ | {"PYTHONPATH": f"{ROOT / '_ext'}{os.pathsep}{ROOT / 'code'}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return (source / "out" / "chapters" / "page.html").read_text(), run.stderr


def test_a_term_shows_its_meaning_and_leads_to_the_glossary(built):
    html, _ = built
    found = re.findall(
        r'href="(glossary\.html#[^"]+)"[^>]*><abbr title="([^"]+)"[^>]*>(.+?)</abbr>', html
    )
    assert found == [
        ("glossary.html#kind-a-b", "one or the other", "a/b"),
        ("glossary.html#kind-under-1e-4", "less", "fewer"),
        ("glossary.html#kind-under-1e-4", "less", "&lt;0.01%"),
    ]


def test_a_term_that_is_not_defined_is_a_warning_that_says_what_is(built):
    _, warnings = built
    assert warnings.count("WARNING") == 1
    assert "page.rst:6" in warnings
    assert "'kind/nothing'" in warnings and "kind/<1e-4" in warnings


# The plan -----------------------------------------------------------------------------------------

EXAMPLES = {
    "none": ([], []),
    "one": ([1], [2]),
    "two": ([1, 1], [2, 2]),
    "few": ([1, 1, 1, 1], [2, 2, 2, 3]),
    "many": ([1, 1, 1, 2, 1], [2, 2, 2, 3, 3]),
    "boundary": ([2, 2, 2], [2, 2, 2]),
    "extreme": ([0, 2, 2], [2, 2, 2]),
}


def test_the_rule_is_told_as_it_is_applied():
    assert {rule: small_k_rule(*counts) for rule, counts in EXAMPLES.items()} == {
        rule: rule for rule in WARNINGS
    }
    assert WHEN.keys() == WARNINGS.keys() == BESIDE.keys()
    rows = dict(zip(WARNINGS, pooling_rules().text.splitlines()[1:], strict=True))
    for rule, row in rows.items():
        assert row.split(" | ")[1].startswith(HEADLINE) == (rule in MODELLED)
        assert all(name in row for name in BESIDE[rule])
    assert WHEN["few"].endswith("fewer than five") and WHEN["many"].startswith("five")


def test_axes_of_the_curve_are_those_of_the_code(evidence):
    text = specification_axes(evidence).text
    for axis in (branches.COHORTS, branches.OVERLAP, branches.LEFT_OUT, branches.DECISION):
        assert f"\n{axis} | every pool | " in text
    for name in (branches._LARGEST, branches._OWN, branches._COUNTED, branches._AS_DECIDED):
        assert name in text
    levels = {level for method in DEFAULT_METHODS for level in method.choices.values()}
    assert all(level in text for level in levels)
    assert f"each of {len(flips(evidence))} others" in text
    for spec in evidence.analyses.values():
        for pool in spec.pools:
            assert all(
                f"\n{axis} | {spec.id}: {pool.title} | " in text for axis in pool.alternatives
            )


def test_every_pool_has_its_estimand(evidence):
    text = estimands(evidence).text
    pools = [pool for spec in evidence.analyses.values() for pool in spec.pools]
    assert len(text.splitlines()) == 1 + len(evidence.analyses) + len(pools)
    assert all(f"{pool.title}: {pool.estimand} | " in text for pool in pools)
    with pytest.raises(ArgumentError, match="nothing"):
        estimands(evidence, "nothing")


@pytest.mark.parametrize(
    ("page", "href"),
    [("chapters/protocol", "methods.html#sensitivity"), ("intro", "chapters/methods.html#")],
)
def test_a_checklist_links_from_the_page_it_stands_on(evidence, page, href):
    assert f'href="{href}' in checklist(evidence, "MOOSE", page=page).html
    with pytest.raises(ArgumentError, match="PRISMA 2020, PRISMA-IPD, MOOSE"):
        checklist(evidence, "CONSORT", page=page)
