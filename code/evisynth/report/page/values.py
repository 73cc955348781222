"""Words and numbers of pools and contrasts, for prose that places them."""

from __future__ import annotations

import re
from dataclasses import replace

from evisynth.evidence.contrast_branches import allocation_bounds, declared_otherwise
from evisynth.evidence.main_cohort import main_cohort, report_name
from evisynth.evidence.selection import plain
from evisynth.report.certainty.ratings import level_of, ratings_of
from evisynth.report.selection.possible_overlaps import flagged_cohorts
from evisynth.result import estimate_and_limits
from evisynth.rounding import decimal_numbers, percents
from evisynth.words.glue import glue_values, slug_of
from evisynth.words.phrases import (
    cohorts_and_patients,
    count_word,
    new_centre,
    per_hundred,
    rates,
    sentence,
    short_answer,
    spread_words,
    thousands,
)


def pool_values(selection):
    """Words and numbers of one pool.

    Returns
    -------
    dict of str to str
        ``words`` and ``short``, what the rule lets be said of the rate, ``new-centre`` and
        ``spread``; ``k``, ``events``, ``total``, ``who`` (cohorts and patients), ``criterion`` (the
        first definition), ``flagged`` (cohorts that may share patients); ``rate`` and ``ci`` where
        the rule gives a rate, ``pi`` where it gives a range for a new centre; ``lowest`` and
        ``highest`` of the cohorts' own rates, unless there is none. All rates of 100.
    """
    pooled = selection.pooled
    shown = pooled.displayed
    values = {
        "words": sentence(pooled),
        "short": short_answer(pooled),
        "new-centre": new_centre(pooled),
        "spread": spread_words(pooled),
        "k": count_word(pooled.k),
        "events": thousands(pooled.events),
        "who": cohorts_and_patients(selection),
        "total": thousands(pooled.total),
        "criterion": plain(selection.spec.criteria[0]) if selection.spec.criteria else "any",
        "flagged": count_word(len(flagged_cohorts([selection]))),
    }
    if shown["estimate"] is not None:
        rate, low, high = percents(shown["estimate"], shown["ci_lb"], shown["ci_ub"])
        values |= {"rate": rate, "ci": f"{low}–{high}"}
    if shown["pi_lb"] is not None:
        values["pi"] = "–".join(percents(shown["pi_lb"], shown["pi_ub"]))
    if pooled.k:
        found = rates(pooled)
        values["lowest"], values["highest"] = percents(found[0], found[-1])
    return values | _of_main(selection)


def _of_main(selection):
    """The cohort that holds most of the patients of a few: its name, count, rate and interval."""
    main = main_cohort(selection)
    if main is None:
        return {}
    at = selection.counted.index(main)
    pooled = selection.pooled
    x, n = pooled.xi[at], pooled.ni[at]
    rate, low, high = percents(x / n, pooled.lower[at], pooled.upper[at])
    return {
        "main-name": report_name(main),
        "main-count": f"{x} of {n}",
        "main-rate": rate,
        "main-ci": f"{low}–{high}",
    }


def contrast_values(analysis, contrast):
    """Words and numbers of a within-study contrast.

    Parameters
    ----------
    analysis : Analysis
    contrast : ContrastSpec

    Returns
    -------
    dict of str to str
        Common odds ratio, risk ratio and difference; the Bayesian odds ratio under each prior; of
        each stratum its rates, difference and odds ratio; what unplaced events could do; the
        certainty.
    """
    found = analysis.odds_ratios(*contrast.pools)
    values = {"strata": count_word(len(found.models))} | _ratio_values("or", found.common)
    values |= _ratio_values("rr", found.common_as("RR"))
    values |= _difference_values("difference", found.common_as("RD"))
    values |= _prior_values(found)
    for i, (a, b) in enumerate(found.pairs, start=1):
        one, other = (per_hundred(c.row["events"] / c.row["total"]) for c in (a, b))
        values |= {f"rates-{i}": f"{one} against {other}", f"first-{i}": one, f"second-{i}": other}
        values |= _difference_values(f"more-{i}", found.differences[i - 1])
        values |= _ratio_values(f"or-{i}", estimate_and_limits(found.models[i - 1]))
    values |= _unplaced_values(allocation_bounds(analysis, *contrast.pools))
    rated = level_of(ratings_of(analysis, contrast.subject))
    return values if rated is None else values | {"certainty": rated}


def contrast_choice_values(analysis, contrast):
    """What a contrast gives where both of its pools make another declared choice.

    Parameters
    ----------
    analysis : Analysis
    contrast : ContrastSpec

    Returns
    -------
    dict of str to str
        As ``if-level-what``: the common odds ratio, the Bayesian one, and of each stratum its
        rates and difference. Empty where the pools declare no alternative alike.
    """
    values = {}
    usual, *others = declared_otherwise(analysis, *contrast.pools).items()
    for levels, other in others:
        slug = "-".join(slug_of(level) for axis, level in levels if (axis, level) not in usual[0])
        found = contrast_values(replace(other, spec=_without_unplaced(other.spec)), contrast)
        kept = re.compile(r"(or|bayes|rates|first|second|more)(-|$)")
        values |= {f"if-{slug}-{name}": v for name, v in found.items() if kept.match(name)}
    return values


def _without_unplaced(spec):
    """The question with no events of unknown group, which are known for declared counts alone."""
    return spec.replaced(contrasts=tuple(c.replaced(unplaced=None) for c in spec.contrasts))


def _ratio_values(name, found):
    value, low, high = decimal_numbers(*found)
    return {name: value, f"{name}-ci": f"{low}–{high}"}


def _difference_values(name, found):
    difference, low, high = percents(*found)
    return {name: difference, f"{name}-ci": f"{low} to {high}"}


def _prior_values(found):
    """The odds ratio under each prior; under the leading one as ``bayes``."""
    if found.bayes is None:
        return {}
    values = _ratio_values("bayes", estimate_and_limits(found.bayes))
    values["bayes-lb"], values["bayes-ub"] = values["bayes-ci"].split("–")
    values["scale"] = found.bayes.tau_prior[3:-1]
    for name, model in found.priors.items():
        values |= _ratio_values(f"bayes-{name[3:-1].replace('.', '-')}", estimate_and_limits(model))
    return values


def _unplaced_values(bounds):
    if bounds is None:
        return {}
    values = {"unplaced": count_word(bounds.events)}
    values |= _ratio_values("unplaced-low", bounds.lowest)
    values |= _ratio_values("unplaced-high", bounds.highest)
    return values | {"unplaced-stratum": " to ".join(decimal_numbers(*bounds.stratum))}


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
