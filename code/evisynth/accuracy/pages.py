"""How long the pages of a book are as they open: what `read_pages` gives, as a table."""

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
