"""Forms of the files that `evisynth.results` writes."""

from __future__ import annotations

from evisynth.evidence.specs import EffectSpec, PoolSpec, TimeSpec
from evisynth.result import FORM
from evisynth.result_schema.forms import NUMBER, NUMBER_OR_NULL, TEXT, WHOLE, object_of, ref

_TEXTS = {"type": "array", "items": TEXT}
_TEXT_OR_NULL, _COUNT_OR_NULL = {"type": ["string", "null"]}, {"type": ["integer", "null"]}


def _record(description, optional=(), **properties):
    """An object of exactly these properties, each a form and what it means."""
    return {
        "description": description,
        "type": "object",
        "properties": {k: form | {"description": said} for k, (form, said) in properties.items()},
        "required": [key for key in properties if key not in optional],
        "additionalProperties": False,
    }


def _list_of(form):
    return {"type": "array", "items": form}


_HEAD = {
    "$schema": (TEXT, "Where this schema is, from the file."),
    "form": ({"const": FORM}, "Version of the form."),
    "package": (
        _record("", name=(TEXT, "Of the package."), version=(TEXT, "Of the package.")),
        "What computed the results.",
    ),
    "data": (
        _record(
            "",
            title=(TEXT, "Of the data."),
            version=(TEXT, "Of the data."),
            date=({"type": "string", "format": "date"}, "Of that version."),
            licence=(_TEXTS, "Licences of the data."),
        ),
        "What they were computed from.",
    ),
}
_PICO = _record(
    "",
    patients=(TEXT, "Who."),
    agents=(TEXT, "What they were given."),
    against=(TEXT, "What it is compared with."),
    outcome=(TEXT, "What is counted."),
)
_READ = {
    "cohort_id": (TEXT, "Id of the cohort."),
    "label": (TEXT, "Its name in tables and figures."),
    "study_id": (TEXT, "Id of its study."),
    "row_id": (TEXT, "Id of the row of the table of outcomes."),
    "outcome": (TEXT, "Code of the outcome."),
    "events": (_COUNT_OR_NULL, "Patients with the outcome."),
    "total": (_COUNT_OR_NULL, "Patients in the denominator."),
    "criterion": (_TEXT_OR_NULL, "Definition of the outcome."),
    "denominator": (_TEXT_OR_NULL, "Who is in the denominator."),
    "timepoint": (_TEXT_OR_NULL, "When it was assessed."),
    "source_id": (TEXT, "Document it was read in."),
    "locator": (TEXT, "Place in that document."),
    "second_hand": ({"type": "boolean"}, "Whether it was read in another group's report."),
    "derivation": (TEXT, "How the numbers came from what is printed."),
}
_COUNTED = _record(
    "A cohort that is counted.",
    **_READ,
    study=(TEXT, "Name of the study."),
    possible_overlaps=(_TEXTS, "Labels of other counted cohorts that may share patients with it."),
)
_LEFT_OUT = _record(
    "A cohort that was read and is not counted here.",
    **_READ,
    code=(TEXT, "Code of the reason."),
    reason=(TEXT, "The reason in words."),
)
_POOL = _record(
    "Cohorts that are pooled together.",
    id=(TEXT, "Of the pool."),
    specification=(object_of(PoolSpec), "What may be counted."),
    counted=(_list_of(_COUNTED), "In the order of the studies of `pooled`."),
    left_out=(_list_of(_LEFT_OUT), "Sorted by row."),
    pooled=(ref("Pooled"), "The result."),
)


def _limits(description):
    numbers = dict.fromkeys(("estimate", "ci_lb", "ci_ub"), (NUMBER, description))
    return _record("", **numbers)


_ARM = _record(
    "",
    cohort_id=(TEXT, "Id of the cohort."),
    row_id=(TEXT, "Id of the row of the table of outcomes."),
    events=(WHOLE, "Patients with the outcome."),
    total=(WHOLE, "Patients in the denominator."),
)
_STRATUM = _record(
    "Two arms of one study.",
    study=(TEXT, "Name of the study."),
    first=(_ARM, "Its arm in the first pool."),
    second=(_ARM, "Its arm in the second pool."),
    odds_ratio=(ref("MetaAnalysis"), "First against second."),
    risk_difference=(_limits("First less second, with Newcombe's interval."), "Of proportions."),
)
_RATIO = _limits("A ratio, not its logarithm.")
_CONTRAST = _record(
    "Odds ratios of two pools within the studies that they share.",
    (
        "strata",
        "common",
        "common_risk_ratio",
        "common_risk_difference",
        "bayes",
        "priors",
        "not_estimable",
    ),
    first=(TEXT, "Id of a pool; above 1 it does better."),
    second=(TEXT, "Id of the other pool."),
    measure=({"const": "OR"}, "Odds ratio."),
    strata=(_list_of(_STRATUM), "Independent of each other."),
    common=(_RATIO, "Common odds ratio of Mantel and Haenszel."),
    common_risk_ratio=(_RATIO, "Common risk ratio of Mantel and Haenszel."),
    common_risk_difference=(_limits("First less second, with Sato's variance."), "Common."),
    bayes=({"anyOf": [ref("BayesAnalysis"), {"type": "null"}]}, "None of a single stratum."),
    priors=(
        {"type": "object", "additionalProperties": _RATIO},
        "The odds ratio under each prior of the spread; empty for a single stratum.",
    ),
    not_estimable=(TEXT, "Why there is no estimate, where there is none."),
)
_EFFECT = {
    "first": (TEXT, "Id of the cohort that is compared."),
    "second": (TEXT, "Id of the cohort that it is compared with."),
    "study": (TEXT, "Name of the study."),
    "row_id": (TEXT, "Id of the row of the table of contrasts."),
    "outcome": (TEXT, "Code of the outcome."),
    "measure": (TEXT, "Such as HR."),
    "value": (NUMBER_OR_NULL, "As printed."),
    "lower": (NUMBER_OR_NULL, "Lower limit, as printed."),
    "upper": (NUMBER_OR_NULL, "Upper limit, as printed."),
    "source_id": (TEXT, "Document it was read in."),
    "locator": (TEXT, "Place in that document."),
}
_EFFECTS = _record(
    "Relative effects as printed.",
    id=(TEXT, "Of the effect."),
    specification=(object_of(EffectSpec), "Which effects."),
    counted=(_list_of(_record("An effect, each trial once.", **_EFFECT)), "In order of years."),
    left_out=(
        _list_of(_record("An effect that is not counted.", **_EFFECT, reason=(TEXT, "Why."))),
        "In the order of the table.",
    ),
    bayes=(
        {"anyOf": [ref("BayesAnalysis"), {"type": "null"}]},
        "Of all together, if the trials may differ; none of a single one.",
    ),
)
_MEDIAN = {
    "cohort_id": (TEXT, "Id of the cohort."),
    "study": (TEXT, "Name of the study."),
    "patients": (_COUNT_OR_NULL, "Followed, where the number is known."),
    "row_id": (TEXT, "Id of the row of the table of survival."),
    "endpoint": (TEXT, "Code of the endpoint."),
    "subset": (TEXT, "Which patients are followed."),
    "value": (NUMBER_OR_NULL, "Months, as printed; null where there is no number."),
    "value_status": (TEXT, "Whether it is a number, not reached, not estimable."),
    "lower": (NUMBER_OR_NULL, "Lower limit, as printed."),
    "lower_status": (TEXT, "As of the value."),
    "upper": (NUMBER_OR_NULL, "Upper limit, as printed."),
    "upper_status": (TEXT, "As of the value."),
    "interval": (_TEXT_OR_NULL, "What the limits are."),
    "source_id": (TEXT, "Document it was read in."),
    "locator": (TEXT, "Place in that document."),
}
_TIMES = _record(
    "Medians of survival as printed.",
    id=(TEXT, "Of the medians."),
    specification=(object_of(TimeSpec), "Which medians."),
    counted=(_list_of(_record("A cohort that is counted.", **_MEDIAN)), "None sharing patients."),
    left_out=(
        _list_of(_record("A cohort that is not counted.", **_MEDIAN, reason=(TEXT, "Why."))),
        "In the order of the cohorts.",
    ),
    weighted_median=(NUMBER_OR_NULL, "Of the medians, by patients; null where not reached."),
    inverse_variance=(
        {"anyOf": [ref("PooledMedians"), {"type": "null"}]},
        "Of three or more with both limits.",
    ),
)
_ENTRY = _record(
    "An analysis.",
    analysis=(TEXT, "Its id."),
    question=(TEXT, "What it asks."),
    path=(TEXT, "File of its results, from this one."),
    pools=(
        _list_of(
            _record(
                "A pool's headline.",
                id=(TEXT, "Of the pool."),
                title=(TEXT, "Of the pool."),
                estimand=(TEXT, "What is estimated."),
                rule=(TEXT, "Which rule for few studies applies."),
                k=(WHOLE, "Cohorts."),
                events=(WHOLE, "Patients with the outcome."),
                total=(WHOLE, "Patients."),
                displayed=(
                    {"type": "object", "additionalProperties": NUMBER_OR_NULL},
                    "What a reader is shown: proportions.",
                ),
            )
        ),
        "Its pools.",
    ),
)
FILES = {
    "AnalysisFile": _record(
        "Results of one declared analysis.",
        **_HEAD,
        analysis=(TEXT, "Id of the analysis."),
        question=(TEXT, "What it asks."),
        pico=(_PICO, "The question in parts."),
        cohorts=(_TEXTS, "Ids of all cohorts that any pool counts."),
        patients=(WHOLE, "Patients behind all pools, nobody twice."),
        pools=(_list_of(_POOL), "In the order of declaration."),
        effects=(_list_of(_EFFECTS), "In the order of declaration."),
        times=(_list_of(_TIMES), "In the order of declaration."),
        contrasts=(_list_of(_CONTRAST), "Of pools of one estimand with arms of the same studies."),
    ),
    "IndexFile": _record(
        "The analyses and their headlines.",
        **_HEAD,
        analyses=(_list_of(_ENTRY), "In the order of declaration."),
    ),
}
