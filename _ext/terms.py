"""A role that takes a term's meaning from the codebook: {def}`criterion/CR/CRh`.

It shows the term with its definition as a tooltip and links into the glossary; other words can be
shown with {def}`words <criterion/CR/CRh>`. A term that is not defined is a build warning that says
which terms there are.
"""

import re
from html import escape
from pathlib import Path

from docutils import nodes
from evisynth.errors import EvisynthError
from evisynth.evidence.schema import CODEBOOK, read_codebook
from evisynth.report.data.definitions import define
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

log = logging.getLogger(__name__)
DATA = "data"
# "words <field/value>"; a value may itself begin with a sign, as in criterion/<1e-4.
EXPLICIT = re.compile(r"(?s)(?P<words>.+?)\s+<(?P<term>\w+/.+)>\Z")


class Term(nodes.Inline, nodes.TextElement):
    """A defined term: ``words`` are its definition, ``anchor`` its place in the glossary."""


class DefinitionRole(SphinxRole):
    """Looks a term up when its page is read."""

    def run(self):
        explicit = EXPLICIT.match(self.text)
        term = explicit["term"] if explicit else self.text
        self.env.note_dependency(str(Path(self.env.srcdir) / DATA / CODEBOOK))
        try:
            found = define(codebook(self.env.app), term)
        except EvisynthError as problem:
            log.warning("%s", problem, location=self.get_location(), type="terms")
            return [nodes.literal(self.rawtext, term)], []
        shown = explicit["words"] if explicit else found.shown
        return [Term(self.rawtext, shown, words=found.words, anchor=found.anchor)], []


def codebook(app):
    """The codebook of the book, read once a build."""
    if not hasattr(app, "terms_codebook"):
        app.terms_codebook = read_codebook(Path(app.srcdir) / DATA)
    return app.terms_codebook


def visit_html(self, node):
    builder = self.builder
    page = builder.get_relative_uri(builder.current_docname, self.config.terms_page)
    title = escape(node["words"], quote=True)
    self.body.append(
        f'<a class="co-term" href="{page}#{node["anchor"]}" style="text-decoration-style:dotted">'
        f'<abbr title="{title}" style="text-decoration:none">'
    )


def depart_html(self, node):
    self.body.append("</abbr></a>")


def visit_plain(self, node):
    """Elsewhere the words alone are shown."""


def depart_plain(self, node):
    pass


def setup(app):
    app.add_config_value("terms_page", "chapters/glossary", "html")
    app.add_node(
        Term,
        html=(visit_html, depart_html),
        latex=(visit_plain, depart_plain),
        text=(visit_plain, depart_plain),
    )
    app.add_role("def", DefinitionRole())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
