"""Notes under a table."""

from __future__ import annotations

from html import escape

from evisynth.report.html import Html

MUTED = "color:var(--co-muted)"


class Footnotes:
    """Notes under a table, each once, with the letters that point to them.

    Parameters
    ----------
    prefix : str
        Begins their anchors, so that two tables on a page keep apart.
    """

    def __init__(self, prefix):
        self._prefix, self._letters = prefix, {}

    def mark(self, note):
        """The letter of a note, linked to it; a note that is known keeps its letter."""
        letter = self._letters.setdefault(note, _letter(len(self._letters)))
        return Html(f'<a href="#{self._prefix}-{letter}">{letter}</a>', letter)

    def shown(self):
        """The notes as a lettered list; empty where none was marked."""
        if not self._letters:
            return Html("", "")
        items = "".join(
            f'<li id="{self._prefix}-{letter}">{escape(note)}</li>'
            for note, letter in self._letters.items()
        )
        style = f"{MUTED};font-size:.875rem;line-height:1.45;padding-left:1.5rem"
        text = "\n".join(f"{letter}. {note}" for note, letter in self._letters.items())
        return Html(f'<ol type="a" style="{style}">{items}</ol>', text)


def _letter(position):
    """a to z, then aa, as lists are lettered."""
    first, last = divmod(position, 26)
    return (_letter(first - 1) if first else "") + chr(ord("a") + last)
