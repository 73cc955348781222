"""How long the pages of a book are as they open, and how long it takes to build, as tables."""

from __future__ import annotations

from evisynth.words.html import table
from evisynth.words.phrases import thousands

HEADS = ("Page", "Height at 1280 px", "Height at 390 px", "Words", "Kilobytes")


def page_lengths(record):
    """A line for each page: height at two widths, words that are read, weight of the HTML.

    Parameters
    ----------
    record : dict
        See `evisynth.accuracy.records.read_pages`.

    Returns
    -------
    Html
        Folded parts are not counted.
    """
    columns = ("height_1280", "height_390", "words", "kilobytes")
    rows = [(page, *(thousands(found[c]) for c in columns)) for page, found in record.items()]
    return table(HEADS, rows, numeric=HEADS[1:])


BUILDS = (
    ("cold", "From nothing: every chapter run", "stock"),
    ("unchanged", "Nothing changed", "stock_unchanged"),
    ("markdown", "The prose of one chapter changed", None),
    ("code", "The code of one chapter changed: it is run again", None),
)


def build_times(record):
    """A line for each kind of build, in seconds of the clock.

    Parameters
    ----------
    record : dict
        See `evisynth.accuracy.records.read_builds`.

    Returns
    -------
    Html
        Beside the same pages built by Jupyter Book without what this book adds to a build.
    """
    found = record["seconds"]
    heads = ("Build", "This book, s", "Jupyter Book as it comes, s")
    rows = [
        (title, f"{found[key]:.1f}", f"{found[stock]:.1f}" if stock else "–")
        for key, title, stock in BUILDS
    ]
    return table(heads, rows, numeric=heads[1:])
