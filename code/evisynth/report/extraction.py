"""How far two passes of extraction agree, for the prose."""

from __future__ import annotations

from evisynth.evidence.extraction import ROW, UNCOMPARED, WHERE, compare, pair_rows, read_pass
from evisynth.report.glue import glue_values
from evisynth.report.words import thousands


def glue_agreement(evidence):
    """Glue how far two passes of extraction agree, as ``extraction-agreed`` and so on.

    Parameters
    ----------
    evidence : Evidence
        Its folder has ``extraction/first`` and ``extraction/second``.

    Returns
    -------
    Html
        ``cells``: cells that at least one pass filled, in rows that both have; ``agreed``: those
        of them that are alike; ``alone``: rows that one pass alone has.

    Raises
    ------
    EvisynthError
        A pass that is missing or cannot be read.
    """
    passes = [read_pass(evidence.folder / "extraction" / name) for name in ("first", "second")]
    cells = sum(_filled(*(tables.get(name, []) for tables in passes)) for name in passes[0])
    fields = [difference.field for difference in compare(*passes)]
    alone = fields.count(ROW)
    numbers = {"cells": cells, "agreed": cells - (len(fields) - alone), "alone": alone}
    return glue_values("extraction", {name: thousands(n) for name, n in numbers.items()})


def _filled(first, second):
    """Compared cells that are empty in one pass at most: two blanks are no agreement."""
    pairs = [(a, b) for a, b in pair_rows(first, second) if a and b]
    return sum(
        bool(a.get(field) or b.get(field))
        for a, b in pairs
        for field in {**a, **b}
        if field not in (*UNCOMPARED, *WHERE)
    )
