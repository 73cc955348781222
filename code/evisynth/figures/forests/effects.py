"""The forest plot of relative effects as printed, each trial once."""

from __future__ import annotations

from evisynth.evidence.schema import printed_text
from evisynth.figures.base.effect_axis import effect_axis
from evisynth.figures.base.rows import Group, LeftOutRow, Row
from evisynth.figures.forests.of_analysis import provenance
from evisynth.figures.forests.plot import forest
from evisynth.result import estimate_and_limits
from evisynth.words.phrases import capital, plural, ratio_with_interval

_HEADS = ("Endpoint",)


def effect_forest(analysis, *names, title, figure=1, caption=""):
    """Forest plot of printed effects, a group for each declared one; nothing is pooled.

    Parameters
    ----------
    analysis : Analysis
    *names : str
        Ids of declared effects of one measure.
    title, caption : str
    figure : int

    Returns
    -------
    InlineFigure
        Other reports of the same patients stand below as left out, others with their reason.
    """
    chosen = [analysis.effect(name) for name in names]
    measure = chosen[0].spec.measures[0]
    groups = [_group(effects) for effects in chosen if effects.counted]
    others = [item for effects in chosen for item in effects.left_out if _is_other(item)]
    # Of a number printed in several places one row.
    once = {(item.effect.first["label"], item.effect.numbers): item for item in reversed(others)}
    left_out = [_left_out(item) for item in reversed(once.values())]
    return forest(
        groups,
        title=title,
        subtitle=_subtitle(chosen),
        columns=_HEADS,
        axis=effect_axis("effect_forest", measure, 0.95),
        left_out=left_out,
        footer=(*_if_they_differ(chosen), provenance(analysis, figure, "estimates as printed")),
        caption=caption,
        alt=_alt(title, chosen),
    ).at(analysis.spec.id, figure)


def _group(effects):
    rows = tuple(
        Row(effect.first["label"], *effect.numbers, None, "", (_endpoint(effect),),
            name=effect.study["known_as"] or "")
        for effect in effects.counted
    )  # fmt: skip
    return Group(effects.spec.title, rows)


def _endpoint(effect):
    return effect.row["outcome"].upper()


def _is_other(item):
    """Whether what is not counted is another number, and not the same one at another place."""
    return None not in item.effect.numbers and "report of the patients" in item.reason


def _left_out(item):
    effect = item.effect
    label = f"{effect.first['label']}, {_endpoint(effect)}"
    return LeftOutRow(label, "", item.reason, "", *effect.numbers)


def _subtitle(chosen):
    number = sum(len(effects.counted) for effects in chosen)
    trials = {effect.study["family_id"] for effects in chosen for effect in effects.counted}
    estimates = capital(plural(number, "estimate"))
    return f"{estimates} of {plural(len(trials), 'trial')}, each at one data cut."


def _if_they_differ(chosen):
    """What the trials of each group would give together, if they may differ."""
    for effects in chosen:
        if effects.bayes is not None:
            apart = ratio_with_interval(*estimate_and_limits(effects.bayes))
            yield (
                f"{effects.spec.title}: not pooled. Together, if the trials may differ: {apart}, "
                f"Bayes, {effects.bayes.tau_prior} for the spread."
            )


def _alt(title, chosen):
    told = [
        f"{effects.spec.title}: {'; '.join(map(_told, effects.counted))}"
        for effects in chosen
        if effects.counted
    ]
    return f"Forest plot. {title}. {'. '.join(told)}."


def _told(effect):
    value, low, high = map(printed_text, effect.numbers)
    return f"{effect.first['label']} {value}, {low} to {high}"
