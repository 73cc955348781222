"""The results of a declared analysis as plain data: what was asked, who was counted, what it gave.

A site offers them as files: ``results/<analysis>.json``, ``results/index.json``, and the files of
its figures under ``downloads/``.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from importlib.resources import files
from math import isinf
from pathlib import Path

from evisynth.errors import NotEstimable
from evisynth.output import write_text
from evisynth.result import FORM, json_value

RESULTS_FOLDER, DOWNLOADS_FOLDER = "results", "downloads"  # of a site
# A build of the book names in this variable the folder that its figures' files go to.
DOWNLOADS = "EVISYNTH_DOWNLOADS"
SCHEMA = "result.schema.json"


def analysis_results(analysis):
    """Everything that a chapter's numbers come from, and the numbers.

    Parameters
    ----------
    analysis : Analysis

    Returns
    -------
    dict
        Plain Python types, numbers at full precision, None for what does not exist: the form, the
        versions, the question; per pool its specification, every counted row and every row left
        out with code and reason, and what was pooled (`Pooled.to_dict`); the declared contrasts of
        two pools within studies. Pools and counted rows keep the book's order, rows left out are
        sorted by their id.
    """
    spec = analysis.spec
    about = ("patients", "agents", "against", "outcome")
    found = {
        **_head(analysis.evidence),
        "analysis": spec.id,
        "question": spec.question,
        "pico": {part: getattr(spec, part) for part in about},
        "cohorts": list(analysis.cohorts),
        "patients": analysis.patients(),
        "pools": [_pool(selection) for selection in analysis.selections.values()],
        "contrasts": [_contrast(analysis, c.first, c.second) for c in analysis.spec.contrasts],
        "effects": [_effects(found) for found in analysis.effects.values()],
        "times": [_times(found) for found in analysis.times.values()],
    }
    return json_value(found)


def results_index(analyses):
    """What analyses there are, with the headline of each of their pools.

    Parameters
    ----------
    analyses : sequence of Analysis
        One or more of the same evidence.

    Returns
    -------
    dict
        Plain Python types.
    """
    entries = [_entry(analysis) for analysis in analyses]
    return json_value({**_head(analyses[0].evidence), "analyses": entries})


def write_results(evidence, folder):
    """Write the results of every declared analysis, their index and the schema they refer to.

    Parameters
    ----------
    evidence : Evidence
    folder : path
        Made where it is missing; the same evidence gives the same bytes.

    Returns
    -------
    list of Path
        ``<analysis>.json`` for each, ``index.json``, ``result.schema.json``.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    analyses = [evidence.analyse(name) for name in evidence.analyses]
    texts = {f"{a.spec.id}.json": as_json(analysis_results(a)) for a in analyses}
    texts["index.json"] = as_json(results_index(analyses))
    texts[SCHEMA] = files("evisynth").joinpath(SCHEMA).read_text("utf-8")
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def as_json(values):
    """JSON text that ends with a line break; refuses NaN."""
    return json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _head(evidence):
    book = evidence.codebook
    return {
        "$schema": SCHEMA,
        "form": FORM,
        "package": {"name": "evisynth", "version": version("evisynth")},
        "data": {
            "title": book["title"],
            "version": book["version"],
            "date": book["created"][:10],
            "licence": [licence["name"] for licence in book.get("licenses", ())],
        },
    }


def _entry(analysis):
    spec = analysis.spec
    return {
        "analysis": spec.id,
        "question": spec.question,
        "path": f"{spec.id}.json",
        "pools": [_headline(selection) for selection in analysis.selections.values()],
    }


def _headline(selection):
    spec, pooled = selection.spec, selection.pooled
    about = {"id": spec.id, "title": spec.title, "estimand": spec.estimand, "rule": pooled.rule}
    sizes = {"k": pooled.k, "events": pooled.events, "total": pooled.total}
    return about | sizes | {"displayed": pooled.displayed}


# Pools --------------------------------------------------------------------------------------------


def _pool(selection):
    left_out = sorted(selection.left_out, key=lambda item: item.row["row_id"])
    return {
        "id": selection.spec.id,
        "specification": _specification(selection.spec),
        "counted": [_counted(item) for item in selection.counted],
        "left_out": [_left_out(item) for item in left_out],
        "pooled": selection.pooled.to_dict(),
    }


def _specification(spec):
    """A pool as ``analyses.yml`` declares it: every field of it, so that none is forgotten."""
    declared = spec.model_dump(mode="json")
    return declared | {
        "where": _sorted(declared["where"]),
        "alternatives": {
            axis: {level: _override(keys) for level, keys in levels.items()}
            for axis, levels in declared["alternatives"].items()
        },
    }


def _override(keys):
    return {key: _sorted(value) if key == "where" else value for key, value in keys.items()}


def _sorted(where):
    """Columns with their allowed values; the order of columns means nothing."""
    return dict(sorted(where.items()))


_ROW = (
    "row_id", "outcome", "events", "total", "criterion", "denominator", "timepoint",
    "source_id", "locator", "second_hand", "derivation",
)  # fmt: skip


def _read(row, cohort):
    """Whose row it is, what it says, and where it was read."""
    whose = {"cohort_id": cohort["cohort_id"], "label": cohort["label"]}
    return whose | {"study_id": cohort["study_id"]} | {name: row[name] for name in _ROW}


def _counted(item):
    more = {"study": item.study["name"], "possible_overlaps": sorted(item.possible_overlaps)}
    return _read(item.row, item.cohort) | more


def _left_out(item):
    return _read(item.row, item.cohort) | {"code": item.code, "reason": item.reason}


# Contrasts ----------------------------------------------------------------------------------------


def _contrast(analysis, first, second):
    """Within-study odds ratios and differences, or why they have no estimate."""
    found = {"first": first, "second": second, "measure": "OR"}
    if not analysis.strata(first, second):
        return found | {"not_estimable": NO_STRATA}
    try:
        ratios = analysis.odds_ratios(first, second)
        more = {name: _limits(ratios.common_as(key)) for key, name in _COMMON.items()}
    except NotEstimable as reason:
        return found | {"not_estimable": str(reason)}
    strata = [
        {"study": label, "first": _arm(a), "second": _arm(b), "odds_ratio": model.to_dict()}
        | {"risk_difference": _limits(difference)}
        for label, (a, b), model, difference in zip(
            ratios.labels, ratios.pairs, ratios.models, ratios.differences, strict=True
        )
    ]
    priors = {n: {key: m.displayed[key] for key in _LIMITS} for n, m in ratios.priors.items()}
    more |= {"bayes": ratios.bayes and ratios.bayes.to_dict(), "priors": priors}
    return found | {"strata": strata, "common": _limits(ratios.common)} | more


NO_STRATA = "no study has both"
_LIMITS = ("estimate", "ci_lb", "ci_ub")
_COMMON = {"RR": "common_risk_ratio", "RD": "common_risk_difference"}


def _limits(numbers):
    return dict(zip(_LIMITS, numbers, strict=True))


def _arm(counted):
    return {"cohort_id": counted.cohort["cohort_id"]} | {
        name: counted.row[name] for name in ("row_id", "events", "total")
    }


# Effects ------------------------------------------------------------------------------------------


def _effects(found):
    """Effects as printed, each trial once, and why the others are not counted."""
    return {
        "id": found.spec.id,
        "specification": found.spec.model_dump(mode="json"),
        "counted": [_effect(effect) for effect in found.counted],
        "left_out": [_effect(item.effect) | {"reason": item.reason} for item in found.left_out],
        "bayes": found.bayes and found.bayes.to_dict(),
    }


_OF_EFFECT = ("row_id", "outcome", "measure", "value", "lower", "upper", "source_id", "locator")


def _effect(effect):
    arms = {"first": effect.first["cohort_id"], "second": effect.second["cohort_id"]}
    return arms | {"study": effect.study["name"]} | {name: effect.row[name] for name in _OF_EFFECT}


# Times --------------------------------------------------------------------------------------------


def _times(found):
    """Medians of independent cohorts, and why the others are not counted."""
    middle, pooled = found.weighted_median, found.inverse_variance
    return {
        "id": found.spec.id,
        "specification": found.spec.model_dump(mode="json"),
        "counted": [_median(median) for median in found.counted],
        "left_out": [_median(item.median) | {"reason": item.reason} for item in found.left_out],
        "weighted_median": None if middle is None or isinf(middle) else middle,
        "inverse_variance": pooled and pooled.to_dict(),
    }


_OF_MEDIAN = ("row_id", "endpoint", "subset", "value", "value_status", "lower", "lower_status",
              "upper", "upper_status", "interval", "source_id", "locator")  # fmt: skip


def _median(median):
    about = {"cohort_id": median.cohort["cohort_id"], "study": median.study["name"]}
    return about | {"patients": median.n} | {name: median.row[name] for name in _OF_MEDIAN}
