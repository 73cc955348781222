"""HTML objects that also print as plain text, so that numbers can be compared exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from evisynth.checks import check_link


@dataclass(frozen=True, repr=False)
class Html:
    """A piece of a page.

    Attributes
    ----------
    html, text : str
        What a page shows, and the same as plain text.
    """

    html: str
    text: str

    def _repr_html_(self):
        return untypeset(self.html)

    def __repr__(self):
        return self.text


_TYPESET = re.compile(r"\$|\\[(\[]|\\begin\{")


def untypeset(html):
    """HTML in which a notebook typesets nothing, where something in it looks like an equation."""
    ignored = '<div class="mathjax_ignore tex2jax_ignore">'  # of MathJax 3, and of MathJax 2
    return f"{ignored}{html}</div>" if _TYPESET.search(html) else html


def tag(name, content, **attributes):
    """An element around HTML content; ``class_`` stands for class, and a link runs nothing."""
    if "href" in attributes:
        check_link("tag", "href", attributes["href"])
    shown = "".join(
        f' {k.rstrip("_")}="{escape(str(v), quote=True)}"' for k, v in attributes.items() if v
    )
    return f"<{name}{shown}>{content}</{name}>"


def table(header, rows, *, caption="", numeric=(), kind=""):
    """A table with column heads in scope and numbers to the right.

    Parameters
    ----------
    header : sequence of str
    rows : sequence of sequence
        Cells; an `Html` cell is taken as it is, anything else is escaped.
    caption : str
    numeric : collection of str
        Names of columns whose cells are numbers.
    kind : str
        A class of its own in the style sheet.

    Returns
    -------
    Html
    """
    kinds = ["co-num" if name in numeric else "" for name in header]
    head = "".join(
        tag("th", escape(name), scope="col", class_=kind)
        for name, kind in zip(header, kinds, strict=True)
    )
    body = "".join(_row(row, header, kinds) for row in rows)
    top = tag("caption", escape(caption)) if caption else ""
    inside = tag(
        "table",
        f"{top}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>",
        class_=f"co-table {kind}".strip(),
    )
    return Html(
        tag("div", inside, class_="co-scroll", tabindex="0"), _as_text(header, rows, caption)
    )


def _row(row, header, kinds):
    first, *others = zip(row, header, kinds, strict=True)
    cells = [tag("th", _content(first[0]), class_=first[2], scope="row")]
    # The name of a column goes with each cell, for a page too narrow to show columns.
    cells += [
        tag("td", _content(value), class_=_kind(value, kind), **{"data-head": name})
        for value, name, kind in others
    ]
    return tag("tr", "".join(cells))


def _kind(value, kind):
    """A cell with nothing to say can be left out where there is no room for it."""
    return f"{kind} co-none".strip() if value is None or str(value) in ("–", "") else kind


def _content(value):
    return value.html if isinstance(value, Html) else escape("" if value is None else str(value))


def _as_text(header, rows, caption):
    cells = [
        [str(value) if value is not None else "" for value in row] for row in [list(header), *rows]
    ]
    lines = [" | ".join(row) for row in cells]
    return "\n".join([caption, *lines] if caption else lines)


def muted(text):
    """Plain text in the quieter colour, as HTML."""
    return f'<span style="color:var(--co-muted)">{escape(text)}</span>'
