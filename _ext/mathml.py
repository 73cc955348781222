"""Equations as native MathML: no script, no font download, and bad LaTeX is a build warning."""

from html import escape

from docutils import nodes
from docutils.utils.math import latex2mathml
from sphinx.util import logging

log = logging.getLogger(__name__)


def mathml(node, *, block):
    source = node.astext().strip()
    if block and "\\\\" in source and "\\begin" not in source:
        source = rf"\begin{{aligned}}{source}\end{{aligned}}"
    try:
        markup = latex2mathml.tex2mathml(source, as_block=block)
    except Exception as problem:
        log.warning("math not converted: %s (%s)", source[:60], problem, location=node, type="math")
        return f"<code>{escape(source)}</code>"
    return markup.replace("<math ", f'<math alttext="{escape(source, quote=True)}" ', 1)


def visit_inline(self, node):
    self.body.append(f'<span class="math notranslate">{mathml(node, block=False)}</span>')
    raise nodes.SkipNode


def visit_block(self, node):
    anchor = f' id="{node["ids"][0]}"' if node.get("ids") else ""
    self.body.append(f'<div class="math notranslate"{anchor}>')
    if node.get("number"):
        self.body.append(f'<span class="eqno">({node["number"]})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(mathml(node, block=True) + "</div>")
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
