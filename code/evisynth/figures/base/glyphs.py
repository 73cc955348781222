"""Letters that our fonts lack, looked up in the fonts that are installed."""

from __future__ import annotations

import unicodedata
import warnings
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

import matplotlib
from matplotlib import font_manager

FALLBACK = "Evisynth Fallback"
_CUTS = ((400, "normal"), (600, "normal"), (700, "normal"), (400, "italic"))
# They map every character to a box that says so.
_BOXES = ("last resort", "lastresort", "adobe blank")
_UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp")  # controls, joiners and blanks draw nothing


class MissingGlyphs(UserWarning):
    """A label has letters that no installed font can draw."""


def extra_families(text: str) -> tuple[str, ...]:
    """Families beside ours that the letters of a text need, known to Matplotlib in every weight."""
    return tuple(dict.fromkeys(filter(None, map(_family, lacking(text)))))


def undrawn(text: str) -> str:
    """The letters of a text that no installed font has, each once."""
    return "".join(letter for letter in lacking(text) if not _family(letter))


def warn_of_missing(labels) -> None:
    """Say once of all labels which letters will be boxes in a picture file."""
    found = {label: letters for label in dict.fromkeys(labels) if (letters := undrawn(label))}
    if not found:
        return
    told = "; ".join(
        f"{_codes(letters)} of the label {label!r}" for label, letters in found.items()
    )
    warnings.warn(
        f"no installed font has {told}: a PNG shows boxes for them; an SVG and a page keep them as "
        "text. Install a font that has them and draw again.",
        MissingGlyphs,
        stacklevel=2,
    )


def _codes(letters):
    return ", ".join(f"{letter} (U+{ord(letter):04X})" for letter in letters)


@lru_cache(maxsize=20_000)
def lacking(text: str) -> str:
    """The letters of a text that neither our text face nor DejaVu Sans has, each once."""
    return "".join(letter for letter in dict.fromkeys(text) if not _ours(letter))


@cache
def _ours(letter):
    if letter.isascii() or unicodedata.category(letter) in _UNSEEN:
        return True
    return any(_has(file, letter) for file in _own_files())


@cache
def _own_files():
    own = Path(__file__).parents[1] / "fonts" / "EvisynthSans-Regular.ttf"
    return str(own), str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"))


def _has(file, letter):
    try:
        return font_manager.get_font(file).get_char_index(ord(letter)) != 0
    except (OSError, RuntimeError):  # a file that went, or that is no outline font
        return False


_chosen: dict[str, str] = {}  # files by the family that we gave them


@cache
def _family(letter):
    """The family of an installed font that has a letter, one that is in use before others."""
    for name, file in _chosen.items():
        if _has(file, letter):
            return name
    for entry in _installed():
        if _has(entry.fname, letter):
            return _registered(entry)
    return ""


@cache
def _installed():
    """Installed fonts, each file once: upright and of usual weight first, and without serifs."""
    files = {entry.fname: entry for entry in font_manager.fontManager.ttflist}
    kept = [e for e in files.values() if not any(word in e.name.lower() for word in _BOXES)]
    return sorted(kept, key=_unlike_text)


def _unlike_text(entry):
    usual = entry.style == "normal" and entry.weight in (400, "normal", "regular", "book")
    return not usual, "serif" in entry.name.lower(), entry.name, entry.fname


def _registered(entry):
    """A name of its own in every cut: asked for another weight, Matplotlib would complain."""
    name = f"{FALLBACK} {len(_chosen) + 1}"
    for weight, style in _CUTS:
        cut = replace(entry, name=name, weight=weight, style=style)
        font_manager.fontManager.ttflist.append(cut)
    _chosen[name] = entry.fname
    return name
