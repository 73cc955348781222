"""Sections that fold under the line that tells their result.

A section that holds a result line, a paragraph of the class ``co-result`` made by a cell or written
as ``:::{div} co-result``, is closed when the page opens: its heading and that line are what one
chooses by. The heading stays in the contents and in the search index, and its address opens it.
"""

import re

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

RESULT = re.compile(r'\s*<p class="co-result">(.*?)</p>', re.S)
CHAPTER = re.compile(r'<div class="co-top" data-chapter="([\w-]+)"')
CLASS = "co-result"
SCRIPT = "layers.js"


class Fold(SphinxPostTransform):
    """Puts the content of each such section into ``details``; runs when cells have their output."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs):
        for section in list(self.document.findall(nodes.section)):
            told = take_result(section)
            if told is not None:
                fold(section, told)


def take_result(section):
    """The result line of a section as nodes, taken out of it; None where it has none."""
    for node in own_nodes(section):
        if isinstance(node, nodes.raw) and (found := RESULT.match(node.astext())):
            rest = RESULT.sub("", node.astext(), count=1)
            node.replace_self(nodes.raw("", rest, format="html"))
            return [nodes.raw("", found[1], format="html")]
        if isinstance(node, nodes.Element) and CLASS in node.get("classes", ()):
            node.parent.remove(node)
            return [child for paragraph in node.children for child in paragraph.children]
    return None


def own_nodes(section):
    """Nodes of a section that are in none of the sections within it, in order."""
    for child in section.children:
        if not isinstance(child, nodes.section):
            yield from child.findall()


def fold(section, told):
    """Title and result line become the summary, all else what it opens."""
    title, *body = section.children
    line = nodes.inline("", "", *told, classes=[CLASS])
    section["classes"].append("co-layer")
    section.children = []
    section += [
        nodes.raw("", '<details class="co-fold"><summary>', format="html"),
        title,
        line,
        nodes.raw("", '</summary><div class="co-inside">', format="html"),
        *body,
        nodes.raw("", "</div></details>", format="html"),
    ]


def name_chapter(app, pagename, templatename, context, doctree):
    """Tell the margin's templates which declared chapter a page is, if it is one."""
    found = CHAPTER.search(context.get("body") or "")
    context["chapter_id"] = found[1] if found else ""


def setup(app):
    app.connect("html-page-context", name_chapter)
    app.add_post_transform(Fold)
    app.add_js_file(SCRIPT)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
