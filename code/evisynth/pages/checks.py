"""Everything on the pages of a book that would fail its build, listed before it is built."""

from __future__ import annotations

import ast
import difflib
import re
from pathlib import Path

import yaml

from evisynth.errors import EvisynthError
from evisynth.evidence.base import read_everything
from evisynth.evidence.schema import CODEBOOK, NO_YAML_VALUE
from evisynth.pages.anatomy import missing_parts, named
from evisynth.pages.faults import Fault
from evisynth.pages.images import image_faults
from evisynth.pages.prose import typed_results
from evisynth.pages.reading import code_of, markdown_of, notebook_cells, strings_of, tree_of

TOC, CONFIG, DATA = "_toc.yml", "_config.yml", "data"
SUFFIXES = (".ipynb", ".md")
_LONGEST = 200  # characters of a name in a message
MADE = ("results/", "downloads/", "_static/", "_sources/", "genindex", "search", "index.html")
_CITED = re.compile(r"\{cite(?::\w+)?\}`([^`]+)`")
_ENTRY = re.compile(r"^\s*@\w+\s*\{\s*([^\s,]+)\s*,", re.M)
_LINK = re.compile(r"""(?<!!)\]\(\s*<?([^)\s>]+)|\bhref\s*=\s*["']([^"']+)["']""")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#|//", re.I)
_CODE = re.compile(r"^(`{3,}|~{3,}).*?^\1[ \t]*$|(`+)(?!`).+?(?<!`)\2(?!`)", re.M | re.S)


def faults(root) -> list[Fault]:
    """What would fail a build of the book in a folder.

    Parameters
    ----------
    root : Path
        With ``_toc.yml``, ``_config.yml``, the pages and, if it has tables, ``data/``.

    Returns
    -------
    list of Fault
        Settings first, then tables, then page by page; empty where nothing was found. Chapters
        are not run, so a fault of their code, or a key that no cell glues, shows in the build.
    """
    root = Path(root)
    toc, of_toc = _settings(root, TOC)
    config, of_config = _settings(root, CONFIG)
    pages, missing = _pages(root, toc)
    declared, of_data = _tables(root)
    keys, of_bibliography = _bibliography(root, config)
    found = [*of_toc, *of_config, *missing, *of_data, *of_bibliography]
    for path in pages:
        found += _page_faults(root, path, keys, declared, pages)
    return found


def _settings(root, name):
    """A file of settings and what is wrong with its form."""
    path = root / name
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}, [Fault(name, "there is no such file", f"a book needs {name}")]
    except UnicodeDecodeError as error:
        return {}, [Fault(name, f"byte {error.start} is no UTF-8", "save the file as UTF-8")]
    except yaml.YAMLError as error:
        return {}, [Fault(f"{name}{_mark(error)}", _problem(error), "mend the YAML there")]
    except OSError as error:
        return {}, [Fault(name, f"it cannot be read: {error.strerror}", f"a book needs {name}")]
    except NO_YAML_VALUE as error:
        return {}, [Fault(name, f"a value that YAML cannot read: {error}", "mend the YAML there")]
    if not isinstance(found, dict):
        return {}, [Fault(name, "it holds no settings", "names with values, 'name: value'")]
    return found, []


def _mark(error):
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _problem(error):
    said = (getattr(error, "context", None), getattr(error, "problem", None))
    return ": ".join(part for part in said if part) or "it is no YAML"


def _entries(toc):
    """Every page that the table of contents names, at any depth, without the root first."""
    if isinstance(toc, dict):
        for name in ("root", "file"):
            if isinstance(toc.get(name), str):
                yield toc[name]
        for value in toc.values():
            yield from _entries(value) if not isinstance(value, str) else ()
    elif isinstance(toc, list):
        for value in toc:
            yield from _entries(value)


def _pages(root, toc):
    pages, missing = [], []
    for entry in dict.fromkeys(_entries(toc)):
        stem = entry.removesuffix(".md").removesuffix(".ipynb")
        path = next((p for s in SUFFIXES if _is_within(p := root / f"{stem}{s}", root)), None)
        if path is None:
            missing.append(Fault(f"{TOC}, entry {entry!r}", _no_page(root, stem), _NAME_IT))
        else:
            pages.append(path)
    return pages, missing


def _is_within(path, root):
    """Whether a file is there, in the folder of the book; a name that no file can have is not."""
    try:
        return path.is_file() and path.is_relative_to(root)
    except OSError:
        return False


_NAME_IT = "name a file that is there, or add it"


def _no_page(root, stem):
    folder = (root / stem).parent
    there = [p.relative_to(root).with_suffix("").as_posix() for s in SUFFIXES
             for p in folder.glob(f"*{s}") if folder.is_relative_to(root)]  # fmt: skip
    near = difflib.get_close_matches(stem, there, 1)
    hint = f"; near it is {near[0]}" if near else ""
    name = stem if len(stem) <= _LONGEST else f"{stem[:_LONGEST]}…"
    return f"there is no {name}.md and no {name}.ipynb{hint}"


def _tables(root):
    """The declared analyses by id, and the problems of the tables; None without tables."""
    folder = root / DATA
    if not (folder / CODEBOOK).is_file():
        return None, []
    try:
        _, analyses, problems = read_everything(folder)
    except EvisynthError as error:
        return None, [Fault(DATA, str(error), "see CONTRIBUTING.md")]
    found = [
        Fault(f"{DATA}, {p.table}, row {p.row}, {p.column}", repr(p.value), p.allowed)
        for p in problems
    ]
    return {spec.id: spec for spec in analyses} if not problems else None, found


def _bibliography(root, config):
    """Keys that may be cited; None where the book has no bibliography."""
    names = config.get("bibtex_bibfiles") or []
    keys, found = set(), []
    for name in names:
        try:
            keys |= set(_ENTRY.findall((root / name).read_text("utf-8")))
        except (OSError, TypeError, ValueError):
            what = f"{name} cannot be read as UTF-8 text"
            found.append(Fault(f"{CONFIG}, bibtex_bibfiles", what, _NAME_IT))
    return keys if names and not found else None, found


def _chapter_faults(name, cells, declared):
    """What a chapter's page lacks of its declaration, and shows beside it."""
    for what, remedy in missing_parts(cells, declared):
        yield Fault(name, what, remedy)


# Pages --------------------------------------------------------------------------------------------


def _page_faults(root, path, keys, declared, pages):
    name = path.relative_to(root).as_posix()
    try:
        pieces, cells = _pieces(path), code_of(path)
    except UnicodeDecodeError as error:
        return [Fault(name, f"byte {error.start} is no UTF-8", "save the file as UTF-8")]
    except OSError as error:
        return [Fault(name, f"it cannot be read: {error.strerror}", "allow reading it")]
    except ValueError as error:
        return [Fault(name, str(error), "take it from git, or mend it")]
    found = []
    for where, text in pieces:
        found += _text_faults(f"{name}{where}", text, root, path, keys, pages)
    for cell, metadata in cells:
        found += _cell_faults(name, cell, metadata, declared)
    return [*found, *_chapter_faults(name, [cell for cell, _ in cells], declared or {})]


def _pieces(path):
    """Markdown of a page with its place: by cell in a notebook, by paragraph elsewhere."""
    if path.suffix == ".ipynb":
        cells = enumerate(notebook_cells(path), start=1)
        return [(f", cell {n}", source) for n, (kind, source, _) in cells if kind == "markdown"]
    return [("", text) for text in markdown_of(path)]


def _text_faults(where, text, root, path, keys, pages):
    for key in _cited(text) if keys is not None else ():
        if key not in keys:
            near = difflib.get_close_matches(key, keys, 1)
            hint = f"near it is {near[0]!r}" if near else "add its entry"
            yield Fault(
                _line(where, text, key), f"citation key {key!r} is in no bibliography", hint
            )
    for target in _links(text):
        if not _leads_somewhere(target, root, path, pages):
            remedy = "link to a page of the table of contents, or to a file that is there"
            yield Fault(_line(where, text, target), f"the link to {target!r} leads nowhere", remedy)
    for image in image_faults(text):
        remedy = "say in words what it shows: ![words](file), alt=, or :alt:"
        first = image.splitlines()[0]
        yield Fault(_line(where, text, first), f"{first!r} has no alternative text", remedy)
    for result in typed_results(text):
        yield Fault(
            _line(where, text, result.partition(": ")[2][1:-1]), f"typed {result}", _PLACE_IT
        )


_PLACE_IT = "place it with {glue:text}, from a cell that computes it"


def _line(where, text, found):
    """With the line of a page without cells on which something first stands."""
    at = text.find(found)
    if ", cell" in where or at < 0:
        return where
    line = text.count("\n", 0, at) + 1
    return f"{where}, line {line}"


def _cited(text):
    for group in _CITED.findall(text):
        yield from (key.strip() for key in group.split(",") if key.strip())


def _links(text):
    for markdown, html in _LINK.findall(_CODE.sub(" ", text)):
        target = markdown or html
        # A word alone is a label, which the build looks up.
        if not _ELSEWHERE.match(target) and set(target) & set("./"):
            yield target


def _leads_somewhere(target, root, path, pages):
    try:
        return _leads_to_a_file(target, root, path, pages)
    except (OSError, ValueError):  # a name that no file can have
        return False


def _leads_to_a_file(target, root, path, pages):
    file = target.partition("#")[0].partition("?")[0]
    if file.removeprefix("../").removeprefix("./").startswith(MADE):
        return True
    aim = (path.parent / file).resolve()
    if aim.suffix in (".html", ""):
        aims = [aim.with_suffix(suffix) for suffix in SUFFIXES]
        if any(page.resolve() in aims for page in pages):
            return True
    return aim.is_file() or (root / "_extra" / file).is_file()


def _cell_faults(name, cell, metadata, declared):
    try:
        tree = tree_of(cell)
        texts = strings_of(cell, metadata)
    except SyntaxError as error:
        first = next(iter(cell.strip().splitlines()), "")
        yield Fault(name, f"the cell {first!r} is no Python: {error.msg}", "mend the cell")
        return
    for text in texts:
        for result in typed_results(text):
            yield Fault(f"{name}, the text {text[:40]!r}", f"typed {result}", _PLACE_IT)
    for node in ast.walk(tree) if declared else ():
        id_ = _analysed(node)
        if id_ is not None and id_ not in declared:
            near = difflib.get_close_matches(id_, declared, 1) or [", ".join(sorted(declared))]
            what = f"analysis {id_!r} is not declared"
            yield Fault(f"{name}, the cell {cell.splitlines()[0]!r}", what, f"allowed: {near[0]}")


def _analysed(node):
    """The id in ``evidence.analyse("id")`` and in ``chapter("id")``."""
    return named(node, "analyse") or named(node, "chapter")
