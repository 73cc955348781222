"""Images in Markdown that a reader who does not see them gets no words for."""

from __future__ import annotations

import re

_DIRECTIVE = re.compile(r"^(`{3,}|:{3,})\{(?:image|figure)\}(.*?)^\1[ \t]*$", re.M | re.S)
_CODE = re.compile(
    r"^(`{3,}|~{3,})(?!\{(?:image|figure)\})[^\n]*\n.*?^\1[ \t]*$|`[^`\n]+`", re.M | re.S
)


def image_faults(markdown):
    """Images in Markdown that a reader who does not see them gets no words for."""
    text = _CODE.sub(" ", markdown)
    yield from (f"{hit[0]}" for hit in re.finditer(r"!\[\s*\]\s*[(\[][^)\]]*[)\]]", text))
    for tag in re.findall(r"<img\b[^>]*>", text, re.I | re.S):
        if not re.search(r"""\balt\s*=\s*(?:"\s*[^"\s][^"]*"|'\s*[^'\s][^']*')""", tag, re.I):
            yield tag
    for found in _DIRECTIVE.finditer(text):
        if not re.search(r"^\s*:alt:[ \t]*\S|^\s*alt:[ \t]*\S", found[2], re.M):
            yield found[0]
