"""Numbers of the page on validation, for its prose."""

from __future__ import annotations

from importlib.metadata import version

from evisynth.accuracy.tables import signed_decimal, with_minus
from evisynth.words.glue import glue_values
from evisynth.words.phrases import count_word, per_hundred, thousands


def glue_validation(*, found, reference, dl, pm, inconsistency, limits, benchmark, study):
    """Glue every number that the page's prose needs, as ``validation-what``.

    Parameters
    ----------
    found, reference, dl, pm, inconsistency, limits, benchmark, study
        Results of `agreement`, `read_reference`, `combine_effects_dl`, `combine_effects_pm`,
        `pymare_inconsistency`, `pymare_default`, `read_benchmark` and `coverage`.

    Returns
    -------
    Html
    """
    apart = [b for b in inconsistency if abs(b.theirs["I2"] - b.ours["I2"]) > 0.1]
    made = reference["made"]
    outside = sum(one.difference > one.tolerance for one in found)
    values = {
        "numbers": thousands(sum(one.numbers for one in found)),
        "outside": count_word(outside) if outside else "none",
        "data": count_word(len({case["data"] for case in reference["analyses"]})),
        "analyses": thousands(len(reference["analyses"])),
        "metafor": made["packages"]["metafor"],
        "lme4": made["packages"]["lme4"],
        "statsmodels": version("statsmodels"),
        "pymare": version("pymare"),
        "dl-negative": thousands(len(dl)),
        "pm-true": f"{pm[1]:.2f}",
        "i2-apart": thousands(len(apart)),
        "i2-all": thousands(len(inconsistency)),
        "replicates": thousands(study.replicates),
        "seed": str(study.seed),
    }
    for name in ("default", "wald", "knapp-hartung", "adhoc"):
        values[f"limits-{name}"] = " to ".join(with_minus(end, 2) for end in limits[name])
    values |= _of_benchmark(benchmark) | _of_coverage(study)
    return glue_values("validation", values)


def _of_benchmark(benchmark):
    versions, rows = benchmark["versions"], benchmark["rows"]
    pm = benchmark.get("statsmodels_pm") or {}
    worst = list(pm.values())[-1] if pm else 0
    return {
        "bench-date": benchmark["date"],
        "bench-python": versions["python"],
        "bench-numpy": versions["numpy"],
        "bench-metafor": versions.get("metafor", "not present"),
        "bench-cores": count_word(benchmark["machine"]["cores"]),
        "bench-load": f"{benchmark['machine']['load_before']:g}",
        "bench-loop": f"{benchmark['machine']['python_loop_s']:.2f}",
        "bench-verdict": _verdict(rows),
        "bench-import": next(row["note"] for row in rows if row["id"] == "import"),
        "pm-failures": count_word(worst),
    }


def _verdict(rows):
    """How many aims were missed, of those that could be judged."""
    judged = [row["met"] for row in rows if row["met"] is not None]
    missed = judged.count(False)
    if not missed:
        return f"all {count_word(len(judged))} were met"
    verb = "was" if missed == 1 else "were"
    return f"{count_word(missed)} of {count_word(len(judged))} {verb} missed"


def _of_coverage(study):
    """The lowest coverage of each method where studies differ, and its worst bias."""
    values = {}
    for key, method in zip(("dl", "reml", "arcsine", "glmm-z", "glmm-t", "bayes"), study.methods,
                           strict=True):  # fmt: skip
        every = study.where(method=method)
        rows = [row for row in every if row.tau > 0]
        worst = min(rows, key=lambda row: row.coverage)
        values[f"{key}-lowest"] = f"{100 * worst.coverage:.0f}"
        values[f"{key}-lowest-k"] = count_word(worst.k)
        values[f"{key}-lowest-rate"] = per_hundred(worst.rate)
        values[f"{key}-lowest-any"] = f"{100 * min(row.coverage for row in every):.0f}"
        bias = max((row.bias for row in every), key=abs)
        values[f"{key}-bias"] = signed_decimal(100 * bias)
    narrow = study.where(method=study.methods[4], k=3), study.where(method=study.methods[5], k=3)
    for key, rows in zip(("glmm-t", "bayes"), narrow, strict=True):
        widest = max(rows, key=lambda row: row.width)
        values[f"{key}-width"] = f"{100 * widest.width:.0f}"
    values["none"] = thousands(max(row.none for row in study.rows))
    return values
