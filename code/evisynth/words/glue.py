"""Numbers into prose: computed by a cell, placed by the page with a glue role."""

from __future__ import annotations

import re
import warnings
from ast import literal_eval

from evisynth.words.html import Html


class _Text:
    """A string that prints without quotes, but for what the page would change."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text if _kept(self.text) else repr(self.text)


def _kept(text):
    """Whether a page shows a text as it is: it evaluates what it can as Python.

    1,224 would become (1, 224), and 1.60 would become 1.6.
    """
    if "," in text or not text.isprintable():
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python, on what only looks like it
            return str(literal_eval(text)) == text
    except (SyntaxError, ValueError):
        return True
    except (TypeError, MemoryError, RecursionError):  # at which the page would fail
        return False


def slug_of(words):
    """Words as part of a name that the prose can place: ``below 0.01%`` as ``below-0-01``."""
    return "-".join(re.findall(r"[a-z0-9]+", words.lower()))


def glue_values(prefix, values):
    """Make values available to the prose as ``prefix-name``.

    Parameters
    ----------
    prefix : str
    values : mapping of str to str

    Returns
    -------
    Html
        Nothing to show on the page; as text the names with their values.
    """
    from myst_nb import glue

    named = {f"{prefix}-{name}" if prefix else name: value for name, value in values.items()}
    for name, value in named.items():
        glue(name, _Text(str(value)), display=False)
    text = "\n".join(f"{name} = {value}" for name, value in named.items())
    return Html("", text)
