"""How far two passes of extraction agree, for the prose."""

from __future__ import annotations

from evisynth.evidence.readings.extraction import (
    ROW,
    UNCOMPARED,
    WHERE,
    compare,
    pair_rows,
    read_pass,
)
from evisynth.evidence.readings.registers import (
    OVERLAPS,
    compare_registers,
    read_registers,
    register_sizes,
)
from evisynth.words.glue import glue_values
from evisynth.words.phrases import thousands


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
        of them that are alike; ``alone``: rows that one pass alone has; ``features``, ``pairs`` and
        ``-agreed`` of each: the same of what each cohort is and of who shares patients.

    Raises
    ------
    EvisynthError
        A pass that is missing or cannot be read.
    """
    folders = [evidence.folder / "extraction" / name for name in ("first", "second")]
    passes = [read_pass(folder) for folder in folders]
    cells = sum(_filled(*(tables.get(name, []) for tables in passes)) for name in passes[0])
    fields = [difference.field for difference in compare(*passes)]
    alone = fields.count(ROW)
    numbers = {"cells": cells, "agreed": cells - (len(fields) - alone), "alone": alone}
    numbers |= _of_registers(*map(read_registers, folders))
    return glue_values("extraction", {name: thousands(n) for name, n in numbers.items()})


def _of_registers(first, second):
    """Features of cohorts, and pairs of cohorts, that were read twice, and that read alike."""
    sizes, apart = register_sizes(first, second), compare_registers(first, second)
    pairs = sum(d.table == OVERLAPS and d.field == "relation" for d in apart)
    features = sum(d.table != OVERLAPS for d in apart)
    return sizes | {
        "features-agreed": sizes["features"] - features,
        "pairs-agreed": sizes["pairs"] - pairs,
    }


def _filled(first, second):
    """Compared cells that are empty in one pass at most: two blanks are no agreement."""
    pairs = [(a, b) for a, b in pair_rows(first, second) if a and b]
    return sum(
        bool(a.get(field) or b.get(field))
        for a, b in pairs
        for field in {**a, **b}
        if field not in (*UNCOMPARED, *WHERE)
    )
