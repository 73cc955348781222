"""Plain words: how long the sentences of a page are, and what no reader should have to read."""

from __future__ import annotations

import re
from html import unescape

LONGEST = 32  # words of a sentence
MEDIAN = 17  # words of the middle one
ANSWER = 45  # words

_UNREAD = [
    r"\A---\n.*?\n---\n",  # front matter
    r"^(`{3,}|~{3,}).*?^\1[ \t]*$",  # code and equations
    r"\$\$.*?\$\$",
    r"<!--.*?-->",
    r"</?[a-zA-Z][^>]*>",
    r"\{cite(?::\w+)?\}`[^`]*`",
    r"^\s*:[\w-]+:.*$",  # options of directives
    r"^\s*\|.*$",  # tables
    r"^\([\w-]+\)=$",
]
_ROLE = re.compile(r"\{(?:glue:\w+|def|math)\}`([^`]*)`")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)|\[([^\]]*)\]\{[^}]*\}")
_END = re.compile(
    r"(?<=[.?!:])[\"”*)]*\s+(?=[\"“*(]*[A-Z0-9•])|\n\s*\n|^\s*[-*] |^#+ .*$|^:::.*$", re.M
)
_ABBREVIATED = re.compile(r"\b(?:et al|e\.g|i\.e|v|vs|Fig|No)\.")
_WORD = re.compile(r"[^\W_]+(?:[-’'.,/][^\W_]+)*")
# What stands in tables, notebooks and code, and means nothing to a reader.
TOKENS = {
    "key of a document": r"\b[a-z]{3,}(?:19|20)\d\d[a-z]?\b(?!\.)",
    "threshold in program notation": r"\b\d?e-\d\b",
    "line of a working text": r"\bline \d+\b",
    "name of a table or column": r"\b[a-z]{2,}_[a-z_]+\b",
    "reason code without its words": r"\b(?:OVL|POOL|SUB|SEL|DEN|DEF|CLM):",
    "count of what is not named": r"\band \d+ more\b",
}
_UNSEEN = re.compile(r"<(style|script|pre|svg)\b.*?</\1>|<[^>]*>", re.S)


def sentences(markdown):
    """Sentences of a page's own prose, each as its words.

    Parameters
    ----------
    markdown : str
        A placed number counts as one word, a citation as none. Headings, tables and code are left
        out.

    Returns
    -------
    list of list of str
    """
    for pattern in _UNREAD:
        markdown = re.sub(pattern, "", markdown, flags=re.S | re.M)
    text = _ROLE.sub(_read, markdown)
    text = _LINK.sub(lambda found: found[1] or found[2] or "", text)
    text = _ABBREVIATED.sub(lambda found: found[0].replace(".", ""), text)
    found = (_WORD.findall(part) for part in _END.split(text) if part)
    return [words for words in found if len(words) > 1]


def _read(role):
    """What a reader sees of a role: a number, or the words of a term."""
    return "9" if role[0].startswith(("{glue", "{math")) else role[1].partition(" <")[0]


def long_sentences(markdown, most=LONGEST):
    """Sentences with more words than a reader holds, as text."""
    return [" ".join(words) for words in sentences(markdown) if len(words) > most]


def visible(html):
    """Text of an output that a reader sees: no tags, drawings, styles or records to copy."""
    return unescape(_UNSEEN.sub(" ", html))


def unread_tokens(text, kinds=tuple(TOKENS)):
    """Codes, keys and working notes in a text that a reader meets.

    Returns
    -------
    list of str
        Each with its kind.
    """
    return [f"{kind}: {found[0]!r}" for kind in kinds for found in re.finditer(TOKENS[kind], text)]
