"""Relative effects on a page: what they mean of 100, what is not counted, numbers for the prose."""

from __future__ import annotations

from evisynth.evidence.schema import field_of, printed_text
from evisynth.evidence.selection import plain
from evisynth.report.certainty.ratings import level_of, ratings_of
from evisynth.result import estimate_and_limits
from evisynth.rounding import decimal_numbers, percents
from evisynth.words.cells import below, place
from evisynth.words.entries import folded, stacked
from evisynth.words.html import table
from evisynth.words.phrases import count_word, plural

ABSOLUTE = (
    "Of 100 by the ratio: the share that the other arm prints, raised to the power of the hazard "
    "ratio. It holds if hazards stay in proportion, and takes the other arm's share as certain."
)


def effects_of(analysis, *names):
    """What each printed effect means of 100, and which other estimates were read.

    Parameters
    ----------
    analysis : Analysis
    *names : str
        Ids of declared effects.

    Returns
    -------
    Html
    """
    chosen = [analysis.effect(name) for name in names]
    lines = (_line(analysis.evidence, effect) for one in chosen for effect in one.counted)
    rows = [line for line in lines if line]
    heads = ("Trial", "Ratio, 95% interval", "Other arm, of 100", "By the ratio", "As printed")
    parts = [table(heads, rows, numeric=heads[1:], caption=ABSOLUTE)] if rows else []
    out = [item for one in chosen for item in one.left_out]
    if out:
        lines = [_not_counted(item) for item in out]
        inside = table(("Trial", "Printed", "Why it is not counted", "Read from"), lines)
        parts.append(folded([(f"{plural(len(out), 'other estimate')} read, not counted", inside)]))
    return stacked(parts)


def _line(evidence, effect):
    """What a hazard ratio makes of the other arm's printed share; None where none is printed."""
    name = below(effect.first["label"], _endpoint(evidence, effect.row["outcome"]))
    base = _rate(evidence, effect.second, effect.row["outcome"])
    ratio = ratio_of(effect.row)
    if base is None or effect.row["measure"] != "HR":
        return None
    risk = float(base["value"]) / 100
    made = percents(*(risk**hr for hr in (effect.row["value"], *reversed(effect.numbers[1:]))))
    other = _rate(evidence, effect.first, effect.row["outcome"], base["time_months"])
    at = f"at {printed_text(base['time_months'])} months"
    shown = "–" if other is None else printed_text(other["value"])
    return (name, ratio, below(printed_text(base["value"]), at),
            f"{made[0]} ({made[1]}–{made[2]})", shown)  # fmt: skip


def _rate(evidence, cohort, outcome, months=None):
    """The printed share without the event of a whole arm; the earliest time where none is named."""
    found = [
        row
        for row in evidence.rows("survival")
        if row["cohort_id"] == cohort["cohort_id"]
        and (row["endpoint"], row["statistic"], row["subset"]) == (outcome, "rate", "all")
        and row["value"] is not None
        and row["time_months"] is not None
        and months in (None, row["time_months"])
        and not evidence.turned_down(row)
    ]
    return min(found, key=lambda row: row["time_months"], default=None)


def ratio_of(row):
    """``0.70 (0.47–1.03)``, as far as printed."""
    if row["value"] is None:
        return "–"
    limits = (row["lower"], row["upper"])
    between = "" if None in limits else f" ({'–'.join(map(printed_text, limits))})"
    return f"{printed_text(row['value'])}{between}"


def p_of(row):
    """``p < 0.001, one-sided``, or nothing."""
    if not row.get("p"):
        return ""
    sign = "" if row["p"].startswith("<") else "= "
    sided = _SIDED.get(str(row.get("p_sided") or ""), "")
    return f"p {sign}{row['p'].replace('<', '< ')}{sided}"


_SIDED = {"1": ", one-sided", "2": ", two-sided"}


def _endpoint(evidence, outcome):
    meanings = field_of(evidence.codebook, "contrasts", "outcome").get("meanings", {})
    return meanings.get(outcome, plain(outcome))


def _not_counted(item):
    effect = item.effect
    printed = f"{effect.row['outcome'].upper()} {ratio_of(effect.row)}"
    return effect.first["label"], printed, item.reason, place(effect.row)


def effect_values(analysis, name):
    """Words and numbers of a declared effect, for prose.

    Parameters
    ----------
    analysis : Analysis
    name : str

    Returns
    -------
    dict of str to str
        ``k``; of each trial, in order of years, ``ratio-1`` with its ``ci-1`` and what it makes of
        100 (``of-100-1`` against ``other-1`` at ``months-1``), ``p-1``; of all together if they may
        differ ``bayes`` and ``bayes-ci``; the certainty. What is not there has no name.
    """
    found, evidence = analysis.effect(name), analysis.evidence
    values = {"k": count_word(len(found.counted))}
    for i, effect in enumerate(found.counted, start=1):
        value, low, high = map(printed_text, effect.numbers)
        values |= {f"ratio-{i}": value, f"ci-{i}": f"{low} to {high}"}
        values |= {f"p-{i}": p_of(effect.row)} if effect.row.get("p") else {}
        base = _rate(evidence, effect.second, effect.row["outcome"])
        if base is not None and effect.row["measure"] == "HR":
            risk = float(base["value"]) / 100
            values[f"of-100-{i}"] = percents(risk ** effect.row["value"])[0]
            values[f"other-{i}"] = percents(risk)[0]
            values[f"months-{i}"] = printed_text(base["time_months"])
    if found.bayes is not None:
        estimate, low, high = decimal_numbers(*estimate_and_limits(found.bayes))
        values |= {"bayes": estimate, "bayes-ci": f"{low} to {high}"}
    rated = level_of(ratings_of(analysis, name))
    return values if rated is None else values | {"certainty": rated}
