"""Numbers into prose: computed here, placed there with a glue role."""

from __future__ import annotations

from evisynth.report.html import Html
from evisynth.report.words import (
    cohorts_and_patients,
    count_word,
    dash_range,
    new_centre,
    per_hundred,
    prediction_words,
    rates,
    ratio,
    sentence,
    short_answer,
    spread_words,
    thousands,
)


class _Text:
    """A string that prints without quotes, but for what the page would read as a tuple."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        # The page evaluates what it can as Python: 1,224 would become (1, 224).
        return repr(self.text) if "," in self.text else self.text


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

    for name, value in values.items():
        glue(f"{prefix}-{name}", _Text(str(value)), display=False)
    text = "\n".join(f"{prefix}-{name} = {value}" for name, value in values.items())
    return Html("", text)


def glue_analysis(analysis):
    """Glue every number that a chapter's prose needs, as ``analysis-pool-what``.

    Parameters
    ----------
    analysis : Analysis

    Returns
    -------
    Html
    """
    values = {}
    for pool, selection in analysis.selections.items():
        found = pool_values(selection)
        values |= {f"{pool}-{name}": value for name, value in found.items()}
    values |= {
        "k": count_word(len(analysis.cohorts)),
        "patients": thousands(analysis.patients()),
    }
    return glue_values(analysis.spec.id, values)


def pool_values(selection):
    """Words and numbers of one pool.

    Returns
    -------
    dict of str to str
        words, prediction, spread, k, n, events, who; rate, ci, pi where the rule allows them;
        left-out.
    """
    pooled = selection.pooled
    shown = pooled.displayed
    values = {
        "words": sentence(pooled),
        "short": short_answer(pooled),
        "new-centre": new_centre(pooled),
        "prediction": prediction_words(pooled),
        "spread": spread_words(pooled),
        "k": count_word(pooled.k),
        "n": thousands(pooled.total),
        "events": thousands(pooled.events),
        "who": cohorts_and_patients(selection),
        "total": thousands(pooled.total),
        "left-out": count_word(len(selection.left_out)),
        "warning": pooled.warning,
    }
    if shown["estimate"] is not None:
        values["rate"] = per_hundred(shown["estimate"])
        values["ci"] = dash_range(shown["ci_lb"], shown["ci_ub"])
    if shown["pi_lb"] is not None:
        values["pi"] = dash_range(shown["pi_lb"], shown["pi_ub"])
    if pooled.k:
        found = rates(pooled)
        values["lowest"], values["highest"] = per_hundred(found[0]), per_hundred(found[-1])
    return values


def glue_contrast(analysis, first, second):
    """Glue the within-study odds ratios of two pools, as ``analysis-first-v-second-what``.

    Returns
    -------
    Html
    """
    found = analysis.odds_ratios(first, second)
    common = found.common
    values = {"strata": count_word(len(found.models)), "or": ratio(common[0])}
    values["or-ci"] = f"{ratio(common[1])}–{ratio(common[2])}"
    if found.bayes is not None:
        shown = found.bayes.displayed
        values["bayes"] = ratio(shown["estimate"])
        values["bayes-lb"], values["bayes-ub"] = ratio(shown["ci_lb"]), ratio(shown["ci_ub"])
        values["bayes-ci"] = f"{values['bayes-lb']}–{values['bayes-ub']}"
    for position, (a, b) in enumerate(found.pairs, start=1):
        one, other = (c.row["events"] / c.row["total"] for c in (a, b))
        values[f"more-{position}"] = per_hundred(one - other) if one >= other else (
            f"−{per_hundred(other - one)}"
        )  # fmt: skip
        values[f"rates-{position}"] = f"{per_hundred(one)} against {per_hundred(other)}"
    for position, model in enumerate(found.models, start=1):
        shown = model.displayed
        values[f"or-{position}"] = ratio(shown["estimate"])
        values[f"or-{position}-ci"] = f"{ratio(shown['ci_lb'])}–{ratio(shown['ci_ub'])}"
    return glue_values(f"{analysis.spec.id}-{first}-v-{second}", values)


def glue_base(evidence):
    """Glue the sizes of the evidence base, as ``evidence-base-table``.

    Returns
    -------
    Html
    """
    tables = [resource["name"] for resource in evidence.codebook["resources"]]
    values = {name: thousands(len(evidence.rows(name))) for name in tables}
    families = {study["family_id"] for study in evidence.studies.values()}
    return glue_values("evidence-base", values | {"families": thousands(len(families))})
