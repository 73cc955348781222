"""Pages of method: links that lead somewhere, checklists that are whole, comparisons that hold."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
import yaml
from docutils.nodes import make_id
from evisynth.report import beside_published, findings, risk_of_bias, rob_marks
from evisynth.report.data.checklists import targets
from evisynth.report.data.definitions import define, glossary_terms

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("methods", "protocol", "glossary")
ITEMS = {"PRISMA 2020": 42, "PRISMA-IPD": 31, "MOOSE": 35}
RATED = ("salvage-line", "mrd-response", "hsct-bridging", "pediatric-vs-adult")
BETWEEN = "-v-"


@pytest.fixture(scope="module")
def house():
    """The house rules, to be held by these pages too."""
    spec = importlib.util.spec_from_file_location(
        "house", ROOT / "tests" / "book" / "test_house.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pages_of_the_book():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    return [toc["root"], *(c["file"] for part in toc["parts"] for c in part["chapters"])]


def markdown_of(page):
    path = ROOT / f"{page}.ipynb"
    if not path.exists():
        return (ROOT / f"{page}.md").read_text("utf-8")
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def sections_of(page):
    headings = re.findall(r"^#+ (.+)$", markdown_of(page), re.M)
    return {make_id(heading) for heading in headings}


# Pages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_method_keep_the_house_rules(house, page):
    path = ROOT / "chapters" / f"{page}.md"
    text, cells = path.read_text("utf-8"), house.code_of(path)
    assert not house.typed_results(text)
    assert not house.forbidden_words(text)
    assert not house.claims_to_be_a_systematic_review(text)
    assert house.DISCLAIMER.search(text)
    assert not [fault for cell, _ in cells for fault in house.cell_faults(cell)]
    assert not house.usual_length_faults([cell for cell, _ in cells])


def test_the_words_systematic_review_stand_only_with_not(house):
    for page in PAGES:
        for sentence in house.sentences(house.prose(markdown_of(f"chapters/{page}"))):
            if re.search(r"systematic\s+review", sentence, re.I):
                assert house.DENIAL.search(sentence), sentence


@pytest.mark.parametrize("page", pages_of_the_book())
def test_every_term_of_a_page_is_defined(evidence, page):
    for text in re.findall(r"\{def\}`([^`]+)`", markdown_of(page)):
        explicit = re.fullmatch(r".+?\s+<(\w+/.+)>", text)
        define(evidence.codebook, explicit[1] if explicit else text)


def test_the_glossary_shows_every_definition(evidence):
    shown = set(re.findall(r'"(\w+)"', markdown_of("chapters/glossary")))
    known = glossary_terms(evidence.codebook)
    words = {name: [d.words for d in terms.values()] for name, terms in known.items()}
    assert shown - {"analysis_set"} <= known.keys()
    for name in known.keys() - shown:  # such as the same words under another name
        assert words[name] in [words[other] for other in shown], name


def test_the_protocol_shows_every_question(evidence):
    assert "report.estimands(evidence)" in markdown_of("chapters/protocol")


# Checklists ---------------------------------------------------------------------------------------


def test_checklists_are_whole(evidence):
    items = [row["checklist"] for row in evidence.rows("checklists")]
    assert {name: items.count(name) for name in dict.fromkeys(items)} == ITEMS


def test_an_item_is_met_somewhere_or_has_a_reason(evidence):
    for row in evidence.rows("checklists"):
        if row["applies"] == "yes":
            assert row["met_at"], row["item"]
        else:
            assert row["note"] and not row["met_at"], row["item"]


def test_links_of_the_checklists_resolve(evidence):
    pages, found = pages_of_the_book(), set()
    for row in evidence.rows("checklists"):
        found |= set(targets(evidence, row))
    sections = {page: sections_of(page) for page in pages}
    broken = [
        target
        for target in sorted(found)
        for page, _, section in [target.partition("#")]
        if page not in pages or (section and section not in sections[page])
    ]
    assert broken == []


# Comparisons --------------------------------------------------------------------------------------


def test_comparisons_name_pools_and_estimates_of_one_kind(evidence, house):
    estimates = {row["estimate_id"]: row for row in evidence.rows("external_estimates")}
    for row in evidence.rows("comparisons"):
        declared = {pool.id for pool in evidence.analyses[row["analysis"]].pools}
        parts = row["pool"].split(BETWEEN)
        assert set(parts) <= declared, row["pool"]
        scale = "odds ratio" if len(parts) == 2 else "percent"
        assert estimates[row["estimate_id"]]["scale"] == scale
        assert not house.typed_results(row["reason"]) + house.forbidden_words(row["reason"])


def test_every_estimate_meant_for_a_chapter_of_rates_is_compared_or_has_another_scale(evidence):
    compared = {row["estimate_id"] for row in evidence.rows("comparisons")}
    left = [
        row["estimate_id"]
        for row in evidence.rows("external_estimates")
        if row["compare_with"] and row["scale"] == "percent" and row["estimate_id"] not in compared
    ]
    assert left == ["xu2021.trm"]  # deaths after a transplant, which no pool counts


@pytest.mark.parametrize("name", RATED)
def test_views_of_a_chapter_are_complete(evidence, name):
    analysis = evidence.analyse(name)
    overall = [
        row["judgement"]
        for row in evidence.rows("appraisals")
        if row["item"] == "overall" and row["subject_id"].startswith(f"{name}/")
    ]
    rows = findings(analysis).text.split("\n\n")[0].splitlines()[1:]
    assert len(rows) == len(overall)
    assert "not rated" not in "\n".join(rows)
    counted = {c.row["row_id"] for s in analysis.selections.values() for c in s.counted}
    assert rob_marks(analysis).keys() == counted
    assert "not judged" not in risk_of_bias(analysis).text
    assert beside_published(analysis).html
