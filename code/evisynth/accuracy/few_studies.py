"""The simulation of few studies as a table and as numbers for the prose."""

from __future__ import annotations

from evisynth.accuracy.few_studies_plot import TARGETS
from evisynth.engine.coverage.few_studies import INTERVALS, SIZES, TAUS
from evisynth.words.entries import grouped
from evisynth.words.glue import glue_values
from evisynth.words.phrases import count_word, per_hundred, thousands

_SHORT = dict(zip(INTERVALS, ("glmm", "bayes", "new-glmm", "new-glmm-2", "new-bayes"), strict=True))
_MOST = max(TAUS)
_TAUS_WITHIN = tuple(tau for tau in TAUS if tau < _MOST)


def few_studies_table(study):
    """Mean and lowest coverage and median width by number of studies.

    Parameters
    ----------
    study : FewStudies

    Returns
    -------
    Html
    """
    cells = {(c.target, c.model, c.at["k"]): c for c in study.over("k")}
    ks = sorted({k for *_, k in cells})
    header = ("Interval", "Of 100", *(f"{k} studies" for k in ks))
    groups = [
        (words, [row for t, model in INTERVALS if t == target
                 for row in _rows(model, [cells[t, model, k] for k in ks])])
        for target, words in TARGETS.items()
    ]  # fmt: skip
    caption = (
        "Coverage is the mean, and the lowest, over all rates, sizes and τ; width is the mean of "
        "the median widths of the same scenarios, in points."
    )
    return grouped(header, groups, numeric=header[2:], caption=caption)


def _rows(model, cells):
    yield model, "mean coverage", *(f"{100 * cell.mean:.1f}" for cell in cells)
    yield "", "lowest coverage", *(f"{100 * cell.lowest:.1f}" for cell in cells)
    yield "", "width", *(f"{100 * cell.width:.0f}" for cell in cells)


def glue_few_studies(study):
    """Glue what the prose says of the simulation, as ``few-what``.

    Parameters
    ----------
    study : FewStudies

    Returns
    -------
    Html
        ``glmm`` and ``bayes`` are intervals of the typical rate, ``new-glmm`` (t(k - 1)),
        ``new-glmm-2`` (t(k - 2)) and ``new-bayes`` ranges for a new study. Of each ``-mean``,
        ``-lowest`` and ``-short``, the scenarios of a coverage below 94 of 100, everywhere;
        ``-within`` and ``-beyond``, the lowest for tau up to the last but one and at the last;
        ``-near``, the mean at the first tau; and ``-k-mean``, ``-k-lowest`` and ``-k-width`` at k
        studies, with ``-k-width-within`` for tau up to the last but one and ``-k-width-near`` at
        the first.
    """
    values = {
        "scenarios": thousands(study.scenarios),
        "replicates": thousands(study.replicates),
        "seed": str(study.seed),
        "ks": _listed(row.k for row in study.rows),
        "rates": _listed(round(100 * row.rate) for row in study.rows),
        "taus": _listed(row.tau for row in study.rows),
        "most-tau": f"{_MOST:g}",
        **{f"sizes-{i}": _sizes(name) for i, name in enumerate(SIZES, 1)},
        "error": f"{100 * max(row.mc_error for row in study.rows):.1f}",
        "rates-apart": f"{100 * study.apart('rate'):.1f}",
        "none": thousands(max(row.none for row in study.rows)),
        **{f"made-{name}": version for name, version in study.made.items()},
    }
    within = study.part(tau=_TAUS_WITHIN)
    for name, part in (("within", within), ("beyond", study.part(tau=(_MOST,)))):
        for one in part.over():
            values[f"{_name(one)}-{name}"] = per_hundred(one.lowest)
    near = study.part(tau=(min(TAUS),))
    for one in near.over():
        values[f"{_name(one)}-near"] = f"{100 * one.mean:.1f}"
    for one in study.over():
        values |= _of_one(one)
    for cell in study.over("k"):
        name = f"{_name(cell)}-{cell.at['k']}"
        values[f"{name}-mean"] = per_hundred(cell.mean)
        values[f"{name}-lowest"] = per_hundred(cell.lowest)
        values[f"{name}-width"] = per_hundred(cell.width)
    for cell in within.over("k"):
        values[f"{_name(cell)}-{cell.at['k']}-width-within"] = f"{100 * cell.width:.1f}"
    for cell in near.over("k"):
        values[f"{_name(cell)}-{cell.at['k']}-width-near"] = f"{100 * cell.width:.1f}"
    return glue_values("few", values)


def _name(cell):
    return _SHORT[cell.target, cell.model]


def _listed(values):
    """``3, 4 and 5``: each value once."""
    *others, last = (f"{value:g}" for value in dict.fromkeys(values))
    return f"{', '.join(others)} and {last}"


def _sizes(name):
    """A short list as it is, a long one by its ends."""
    return name if len(SIZES[name]) > 9 else _listed(SIZES[name])


def _of_one(one):
    name = _name(one)
    return {
        f"{name}-mean": per_hundred(one.mean),
        f"{name}-lowest": per_hundred(one.lowest),
        f"{name}-lowest-k": count_word(one.worst.k),
        f"{name}-short": thousands(one.short),
    }
