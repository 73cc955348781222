"""Passes over the SVG that Matplotlib writes, on its parsed tree: no label is ever rewritten."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from evisynth.figures.base.glyphs import FALLBACK
from evisynth.figures.base.style import FAMILIES, PALETTE, clean

_SVG, _LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_HREF = "xlink:href"
_HEX = re.compile(r"#[0-9a-fA-F]{6}\b")
_URL = re.compile(r"url\(#([^)]+)\)")
_ROLES = {hex_.lower(): role for role, hex_ in PALETTE.items()}
# A page finds letters that its fonts lack by itself.
_FAMILIES = [
    (re.compile(rf"'{own}', '{FALLBACK}'(, '{FALLBACK} [0-9]+')*"), page)
    for own, page in FAMILIES.values()
]
_UNTURNED = re.compile(r"rotate\(-0 ")
_KEPT = ("text", "tspan", "title", "desc")  # their blanks are what they say


def parse_svg(raw: str) -> ElementTree.Element:
    """The tree of a drawing as Matplotlib writes it, tidied.

    Parameters
    ----------
    raw : str
        A whole SVG file.

    Returns
    -------
    Element
        Without prolog, page-wide style and ids that nothing refers to; with the page's fonts and
        plain names, ``xlink:href`` and the like, in place of names with their namespaces.
    """
    builder = ElementTree.TreeBuilder(insert_comments=True)
    root = ElementTree.XML(raw, ElementTree.XMLParser(target=builder))
    for element in root.iter():
        if isinstance(element.tag, str):
            _plain_names(element)
    _without_style(root)
    _root_attributes(root)
    for element in _elements(root):
        _tidy(element)
    used = set(_references(root))
    for element in _elements(root):
        if element.get("id") not in used:
            element.attrib.pop("id", None)
    _lines(root)
    return root


def _elements(root):
    """All but comments."""
    return [element for element in root.iter() if isinstance(element.tag, str)]


def _plain_names(element):
    element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
    names = [(name.replace(f"{{{_LINK}}}", "xlink:"), v) for name, v in element.attrib.items()]
    element.attrib.clear()
    element.attrib.update(names)


def _without_style(root):
    for position, child in enumerate(root):
        if child.tag == "defs" and child.find("style") is not None:
            del root[position]
            return


def _root_attributes(root):
    """The names of the file's vocabularies, and sizes without their unit."""
    given = dict(root.attrib)
    root.attrib.clear()
    root.attrib.update({"stroke-linejoin": "round", "stroke-linecap": "butt"})
    root.attrib["xmlns:xlink"] = _LINK
    for name in ("width", "height", "viewBox"):
        root.attrib[name] = given.pop(name).removesuffix("pt")
    root.attrib["xmlns"] = _SVG
    root.attrib.update(given)


def _tidy(element):
    at = element.attrib
    at.pop("target", None)
    if _UNTURNED.match(at.get("transform", "")):
        del at["transform"]
    if "d" in at:
        at["d"] = " ".join(at["d"].split())
    if "style" in at:
        for own, page in _FAMILIES:
            at["style"] = own.sub(page, at["style"])


def _references(root):
    """Ids that something drawn refers to; where a link leads is no reference."""
    for element in _elements(root):
        for name, value in element.attrib.items():
            yield from _URL.findall(value)
            if name == _HREF and element.tag != "a" and value.startswith("#"):
                yield value[1:]


def _lines(root):
    """A line per element, whatever its depth."""
    for element in root.iter():
        if element.tag not in _KEPT and not (element.text or "").strip() and element.text:
            element.text = "\n"
        if element.tail:
            element.tail = "\n"


def colour_by_role(root) -> None:
    """Make palette colours ``var(--co-role, #hex)``; the drawing takes the width it is given."""
    for element in _elements(root):
        if "style" in element.attrib:
            element.attrib["style"] = _HEX.sub(_variable, element.attrib["style"])
    given = dict(root.attrib)
    root.attrib.clear()
    root.attrib["style"] = f"width:100%;max-width:{given['width']}px;height:auto"
    root.attrib["focusable"] = "false"
    root.attrib.update(given)


def _variable(found):
    role = _ROLES.get(found[0].lower())
    return f"var(--co-{role}, {found[0].upper()})" if role else found[0]


def own_ids(root, prefix: str) -> None:
    """Put ids and the references to them under a prefix; links into the page stay as they are."""
    for element in _elements(root):
        at = element.attrib
        for name, value in at.items():
            at[name] = _URL.sub(rf"url(#{prefix}\1)", value)
        if "id" in at:
            at["id"] = prefix + at["id"]
        if element.tag != "a" and at.get(_HREF, "").startswith("#"):
            at[_HREF] = f"#{prefix}{at[_HREF][1:]}"


def with_words(root, title: str, description: str) -> None:
    """Put title and alternative text first, for a reader who does not see the drawing."""
    for position, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ElementTree.Element(tag)
        element.text, element.tail = clean(text), "\n"
        root.insert(position, element)


def to_text(root) -> str:
    """The tree as text, to stand in a page or in a file."""
    # What a label says has no bare ">", so that this end is an element's own.
    return ElementTree.tostring(root, encoding="unicode").replace(" />", "/>").strip()
