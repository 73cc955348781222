"""Whether the page of a declared chapter shows what it declares: each part and section, once."""

from __future__ import annotations

import ast
from collections import Counter

from evisynth.pages.reading import tree_of

PARTS = ("top", "evidence", "who", "disputes", "sureness", "certainty")
_CELL = 'a cell "page.{part}"'


def named(node, function):
    """The text that a function is called with, wherever it is called from; None elsewhere."""
    if not isinstance(node, ast.Call):
        return None
    called = getattr(node.func, "attr", getattr(node.func, "id", ""))
    given = node.args[0] if called == function and node.args else None
    return given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else None


def missing_parts(cells, declared):
    """What the page of a chapter lacks of its declaration, or shows twice, or beside it.

    Parameters
    ----------
    cells : sequence of str
        Source of its code cells.
    declared : mapping of str to AnalysisSpec
        By id. A page that calls no chapter by one of them is not looked at.

    Yields
    ------
    what, remedy : str
    """
    try:
        nodes = [node for cell in cells for node in ast.walk(tree_of(cell))]
    except SyntaxError:  # told of elsewhere
        return
    ids = [id_ for node in nodes if (id_ := named(node, "chapter")) in declared]
    if not ids:
        return
    spec = declared[ids[0]]
    if spec.chapter is None:
        yield (f"analysis {spec.id!r} declares no chapter",
               "declare 'chapter:' under it in analyses.yml, or call one that has it")  # fmt: skip
        return
    pages = set(_assigned(nodes))
    shown = Counter(
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", None) in pages
    )
    for part in _needed(spec):
        if shown[part] != 1:
            yield f"page.{part} is shown {_times(shown[part])}", _CELL.format(part=part)
    sections = Counter(id_ for node in nodes if (id_ := named(node, "section")))
    for section in spec.chapter.sections:
        if sections[section] != 1:
            cell = _CELL.format(part=f"section('{section}')")
            yield f"the section {section!r} is shown {_times(sections[section])}", cell
    for section in sections:
        if section not in spec.chapter.sections:
            allowed = ", ".join(spec.chapter.sections) or "none is declared"
            yield f"the section {section!r} is not declared", f"allowed: {allowed}"


def _needed(spec):
    """Every part; without pools nobody is counted, and without a curve nothing says how sure."""
    missing = {"who": not spec.pools, "sureness": not spec.chapter.sure}
    return [part for part in PARTS if not missing.get(part)]


def _assigned(nodes):
    """Names that hold the page: ``page`` in ``page = chapter("id")``."""
    for node in nodes:
        if isinstance(node, ast.Assign) and named(node.value, "chapter"):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _times(number):
    return {0: "nowhere", 2: "twice"}.get(number, f"{number} times")
