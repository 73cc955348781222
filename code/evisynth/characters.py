"""What can be seen of a text: characters without a width, turned directions, blanks."""

from __future__ import annotations

import re
import unicodedata

VISIBLE = "without control characters and characters of no width or that turn its direction"
# Of what Python's strip() takes for blank, and of letters that are drawn as nothing.
_BLANKS = "".join(map(chr, (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x2800, 0x3000)))
_FILLERS = frozenset(map(chr, (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0)))
_JOINERS, _VIRAMA = "\u200c\u200d", 9
_UNPLAIN = re.compile(r"[^ -~]")
# Formats that are drawn: Arabic and other signs above or before a number.
_DRAWN = frozenset(map(chr, (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD)))
_AS_BLANK = dict.fromkeys(map(ord, _BLANKS), " ")


def stray(text, *, allowed=""):
    """The first character that cannot be seen, or that turns the direction of what stands beside.

    Letters written from right to left are none, and neither is a joiner where a script needs it.

    Parameters
    ----------
    text : str
    allowed : str
        Characters that may be there nonetheless, such as line ends.

    Returns
    -------
    str or None
        Code point and name, such as "U+202E (right-to-left override)".
    """
    for found in _UNPLAIN.finditer(text):
        character, before = found[0], text[max(found.start() - 1, 0) : found.start()]
        if character not in allowed and _is_stray(before, character):
            name = unicodedata.name(character, "control character").lower()
            return f"U+{ord(character):04X} ({name})"
    return None


def stray_in(value):
    """As `stray`, of any text in what was read from JSON or YAML, whose escapes hide characters.

    Parameters
    ----------
    value : object
        Mappings, lists and texts, however deep; keys too. Line ends and tabs are allowed.

    Returns
    -------
    str or None
        The character, and the text that it stands in.
    """
    waiting, seen = [value], set()  # YAML may have a list within itself
    while waiting:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, dict):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str) and (found := stray(item, allowed="\n\t")):
            return f"{found} in {item:.40}"
    return None


def _is_stray(before, character):
    if character in _JOINERS and before:
        right = unicodedata.bidirectional(before) == "AL"
        return not (right or unicodedata.combining(before) == _VIRAMA)
    kind = unicodedata.category(character)
    hidden = kind in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in _DRAWN
    return hidden or character in _FILLERS


def trimmed(text):
    """Text without blanks of any kind before and after it."""
    return text.strip().strip(_BLANKS + " ")


def look(text):
    """What tells one label from another: neither kinds and numbers of blanks, nor composed letters.

    An accent may be part of its letter or a character of its own, with nothing to be seen of it.
    """
    return " ".join(unicodedata.normalize("NFC", text).translate(_AS_BLANK).split())
