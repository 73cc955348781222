"""Where the numbers of a figure come from that belongs to no analysis."""

from __future__ import annotations

from evisynth.words.names import named_sources


def data_provenance(evidence, rows, figure: str) -> tuple[str, ...]:
    """Lines of a footer: the documents that were read, then book, figure and data.

    Parameters
    ----------
    evidence : Evidence
    rows : sequence of mapping
        Rows with ``source_id`` that were drawn.
    figure : str
        What the figure is called in the book.
    """
    read = dict.fromkeys(named_sources(row["source_id"]) for row in rows)
    book = evidence.codebook
    data = f"data {book['version']} of {book['created'][:10]}"
    last = f"{book['title'].partition(':')[0]} · {figure} · {data} · CC BY 4.0"
    return f"Read from {', '.join(read)}", last
