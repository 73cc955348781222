"""What stands on a page: its Markdown and its code, cell by cell."""

from __future__ import annotations

import ast
import json
import re

import yaml

from evisynth.evidence.schema import NO_YAML_VALUE


def markdown_of(path):
    """Markdown of a page, cell by cell.

    Parameters
    ----------
    path : Path
        A notebook or a page in Markdown.

    Returns
    -------
    list of str
    """
    if path.suffix == ".md":
        return [path.read_text("utf-8")]
    return [source for kind, source, _ in notebook_cells(path) if kind == "markdown"]


def code_of(path):
    """Source and metadata of a page's code cells."""
    if path.suffix == ".md":
        return code_of_markdown(path.read_text("utf-8"))
    return [(source, data) for kind, source, data in notebook_cells(path) if kind == "code"]


def notebook_cells(path):
    """Kind, source and metadata of each cell of a notebook.

    Raises
    ------
    ValueError
        The file is no notebook; `UnicodeDecodeError` where it is no UTF-8.
    """
    text = path.read_text("utf-8")
    try:
        return [_cell(cell) for cell in json.loads(text)["cells"]]
    except (ValueError, RecursionError):
        raise ValueError("it is no notebook: its JSON is broken") from None
    except (KeyError, TypeError):
        raise ValueError("it is no notebook: its cells have another form") from None


def _cell(cell):
    metadata, kind = cell["metadata"], cell["cell_type"]
    if not isinstance(metadata, dict) or not isinstance(kind, str):
        raise TypeError
    return kind, "".join(cell["source"]), metadata


def code_of_markdown(text):
    """Code cells of a MyST page; their options in YAML are their metadata."""
    fences = re.findall(r"^```\{code-cell\}[^\n]*\n(.*?)^```", text, re.S | re.M)
    return [_without_options(fence) for fence in fences]


def _without_options(fence):
    block = re.match(r"---\n(.*?)^---\n", fence, re.S | re.M)
    if block:
        return fence[block.end() :], _options(block[1])
    return re.sub(r"\A(?::[^\n]*\n)+", "", fence), {}


def _options(text):
    try:
        found = yaml.safe_load(text) or {}
    except (yaml.YAMLError, *NO_YAML_VALUE) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"the options of a code cell are no YAML: {reason}") from None
    if not isinstance(found, dict):
        raise ValueError("the options of a code cell are no names with values")
    return found


def tree_of(cell):
    """Syntax tree of a code cell without its magics.

    Raises
    ------
    SyntaxError
    """
    return ast.parse(re.sub(r"^\s*[%!].*$", "", cell, flags=re.M))


def figure_words(metadata):
    """Caption and name that a code cell's metadata give its figure."""
    named = metadata
    for key in ("mystnb", "figure"):
        named = named.get(key)
        if not isinstance(named, dict):
            return {}
    return named


def strings_of(cell, metadata):
    """Texts in a code cell that a reader reads: captions, titles, footers."""
    values = [n.value for n in ast.walk(tree_of(cell)) if isinstance(n, ast.Constant)]
    values.append(figure_words(metadata).get("caption"))
    return [value for value in values if isinstance(value, str) and len(value.split()) > 3]
