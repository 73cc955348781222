"""The simulation of reports that share patients, as a table and as numbers for the prose."""

from __future__ import annotations

from evisynth.accuracy.tables import signed_decimal
from evisynth.engine.coverage.overlapping import (
    CHOSEN,
    FAMILIES,
    LEAST,
    LEAST_ROBUST,
    LINKS,
    MODEL,
    MOST,
    NAIVE,
    RATE,
    REPORTS,
    ROBUST,
    SIGMAS,
    SIZES,
    TAUS,
)
from evisynth.words.entries import grouped
from evisynth.words.glue import glue_values
from evisynth.words.phrases import per_hundred, thousands

_GROUPS = dict(
    zip(LINKS, ("Families have several reports by chance",
                "The better a family's results, the more reports it has"), strict=True)
)  # fmt: skip
_SHORT = {
    NAIVE: "naive", CHOSEN: "chosen", MODEL: "model", ROBUST: "cr2", LEAST: "least",
    LEAST_ROBUST: "least-cr2", MOST: "most",
}  # fmt: skip


def overlap_ways(study):
    """Bias, coverage and width of each way, by why families have several reports.

    Parameters
    ----------
    study : OverlapStudy

    Returns
    -------
    Html
    """
    header = ("Way", "Bias", "Furthest", "Coverage", "Lowest", "Width")
    cells = study.over("link")
    groups = [
        (words, [_row(cell) for cell in cells if cell.at["link"] == link])
        for link, words in _GROUPS.items()
    ]
    caption = (
        f"Of 100 patients, at a true rate of {per_hundred(RATE)}. Bias, coverage and width are "
        "means over the designs; beside the first two, the bias furthest from 0 and the lowest "
        "coverage."
    )
    return grouped(header, groups, numeric=header[1:], caption=caption)


def _row(cell):
    shares = (f"{100 * share:.1f}" for share in (cell.coverage, cell.lowest, cell.width))
    biases = signed_decimal(100 * cell.bias), signed_decimal(100 * cell.most_biased)
    return (cell.way[0].upper() + cell.way[1:], *biases, *shares)


def glue_overlap_ways(study):
    """Glue what the prose says of the simulation, as ``overlap-what``.

    Parameters
    ----------
    study : OverlapStudy

    Returns
    -------
    Html
        Of ``naive``, ``chosen``, ``model``, ``cr2``, ``least``, ``least-cr2`` and ``most``, over
        all designs: ``-bias``, the mean, and ``-furthest``, points; ``-mean`` and ``-lowest``
        coverage of 100; ``-width``, points. ``least`` and ``most`` are the model where the numbers
        shared are not known.
    """
    values = {
        "designs": thousands(study.designs),
        "replicates": thousands(study.replicates),
        "seed": str(study.seed),
        "rate": per_hundred(RATE),
        "families": " and ".join(f"{k}" for k in FAMILIES),
        "taus": " and ".join(f"{tau:g}" for tau in TAUS),
        "sigmas": " and ".join(f"{sigma:g}" for sigma in SIGMAS),
        "sizes": " to ".join(f"{size}" for size in SIZES),
        "patterns": f"{len(REPORTS)}",
        "error": f"{100 * max(row.mc_error for row in study.rows):.1f}",
        **{f"made-{name}": version for name, version in study.made.items()},
    }
    for one in study.over():
        name = _SHORT[one.way]
        values[f"{name}-bias"] = signed_decimal(100 * one.bias)
        values[f"{name}-furthest"] = signed_decimal(100 * one.most_biased)
        values[f"{name}-mean"] = f"{100 * one.coverage:.1f}"
        values[f"{name}-lowest"] = per_hundred(one.lowest)
        values[f"{name}-width"] = f"{100 * one.width:.1f}"
    return glue_values("overlap", values)
