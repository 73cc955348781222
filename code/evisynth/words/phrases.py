"""Numbers as words; how many digits they have is decided in `evisynth.rounding`."""

from __future__ import annotations

from decimal import Decimal
from math import inf

from evisynth.rounding import decimal_numbers, percents

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

DESIGNS = {
    "single-arm": "1-arm",
    "single-arm subgroup": "1-arm",
    "randomised": "RCT arm",
    "randomised subgroup": "RCT arm",
    "expanded access": "access",
    "retrospective": "retrosp.",
    "historical comparison": "historical",
    "historical control": "historical",
    "case series": "series",
    "pooled": "pooled",
}


# Below one in a thousand a sentence tells whole patients of more, not noughts after a point; tables
# and axes stay in percent, as their heads say.
_VERY_RARE, _MANY = 0.001, 100


def per_hundred(proportion):
    """A proportion as a whole number of 100, halves up; with decimals where that would be 0."""
    return percents(proportion)[0]


def dash_range(lower, upper):
    """Two proportions as a range of percent, with an en dash."""
    return "–".join(percents(lower, upper))


def rate_with_interval(estimate, lower, upper):
    """``45 [38–53]``."""
    rate, low, high = percents(estimate, lower, upper)
    return f"{rate} [{low}–{high}]"


def ratio(value):
    """A ratio with two decimals, or more where those would be 0."""
    return decimal_numbers(value)[0]


def ratio_with_interval(estimate, lower, upper):
    """``1.60 [0.98–2.61]``."""
    value, low, high = decimal_numbers(estimate, lower, upper)
    return f"{value} [{low}–{high}]"


def points_with_interval(estimate, lower, upper):
    """``11 [−1 to 23]``, of 100."""
    difference, low, high = percents(estimate, lower, upper)
    return f"{difference} [{low} to {high}]"


def thousands(number):
    """A whole number with a comma every three digits."""
    return f"{number:,}"


def count_word(number):
    """A small number in letters, larger ones in digits."""
    return NUMBERS[number] if number < len(NUMBERS) else thousands(number)


def months(value):
    """A time in months as it stands on a page, ``7.7``; ``NR`` for one that was not reached."""
    return "NR" if value == inf else f"{value:.1f}"


def capital(text):
    """Text with its first letter large."""
    return text[:1].upper() + text[1:]


def plural(number, noun, many=None):
    """``one cohort``, ``12 cohorts``."""
    return f"{count_word(number)} {noun if number == 1 else many or noun + 's'}"


def sentence(pooled):
    """What a pool says, in words that its number of cohorts allows, without a full stop.

    Parameters
    ----------
    pooled : Pooled

    Returns
    -------
    str
    """
    return _SENTENCES[pooled.rule](pooled)


def _none(pooled):
    return "no cohort can be counted"


def percent_with_interval(estimate, lower, upper):
    """``74%, 66–80``."""
    rate, low, high = percents(estimate, lower, upper)
    return f"{rate}%, {low}–{high}"


def _one(pooled):
    return f"{pooled.xi[0]} of {pooled.ni[0]} ({percent_with_interval(*pooled.common)}; one cohort)"


def percentages(pooled):
    """``83% and 88%``: what cohorts that are not pooled have, each its own."""
    pairs = zip(pooled.xi, pooled.ni, strict=True)
    return " and ".join(f"{per_hundred(x / n)}%" for x, n in pairs)


def fractions(pooled):
    """``75 of 90 and 14 of 16``: cohorts that are not pooled keep their own denominators."""
    return " and ".join(f"{x} of {n}" for x, n in zip(pooled.xi, pooled.ni, strict=True))


def _two(pooled):
    return f"{percentages(pooled)} ({fractions(pooled)}; two cohorts, not pooled)"


def _extreme(pooled):
    return f"none or all in each of {plural(pooled.k, 'cohort')}, which are not pooled"


def _boundary(pooled):
    rate = percent_with_interval(*pooled.common)
    return (
        f"{thousands(pooled.events)} of {thousands(pooled.total)} ({rate} if all patients are "
        f"taken as one cohort; {plural(pooled.k, 'cohort')})"
    )


def _modelled(pooled):
    rate, interval, many = _rate_of_many(pooled)
    return (
        f"about {rate} of {many} (95% interval {interval}; "
        f"{plural(pooled.k, 'cohort')}, {thousands(pooled.total)} patients)"
    )


def _rate_of_many(pooled):
    """The rate, its interval, and the number of patients that both are of."""
    shown, times = pooled.displayed, _times(pooled)
    numbers = (times * shown[name] for name in ("estimate", "ci_lb", "ci_ub"))
    rate, low, high = percents(*numbers)
    return rate, f"{low}–{high}", thousands(100 * times)


def _times(pooled):
    """1 where a sentence tells a pool's rates of 100, 100 where of 10,000."""
    return _MANY if pooled.displayed["estimate"] < _VERY_RARE else 1


_SENTENCES = {
    "none": _none,
    "one": _one,
    "two": _two,
    "boundary": _boundary,
    "extreme": _extreme,
    "few": _modelled,
    "many": _modelled,
}


def short_answer(pooled):
    """The rate alone, in as few words as its number of cohorts allows.

    Parameters
    ----------
    pooled : Pooled

    Returns
    -------
    str
    """
    if pooled.headline is not None:
        rate, interval, many = _rate_of_many(pooled)
        return f"about {rate} of {many} ({interval})"
    if pooled.rule == "two":
        return f"{percentages(pooled)} ({fractions(pooled)}) in two cohorts"
    return sentence(pooled)


def rates(pooled):
    """Proportions of the cohorts, lowest first."""
    return sorted(x / n for x, n in zip(pooled.xi, pooled.ni, strict=True))


def new_centre(pooled):
    """Where a new centre's rate could lie, as a range, or that it cannot be said."""
    shown = pooled.displayed
    if shown["pi_lb"] is None:
        return "not given for so few cohorts"
    low, high, many = _new_centre_of_many(pooled)
    return f"{low}–{high} of {many}"


def _new_centre_of_many(pooled):
    times = _times(pooled)
    ends = (times * pooled.displayed[name] for name in ("pi_lb", "pi_ub"))
    return (*percents(*ends), thousands(100 * times))


def prediction_words(pooled):
    """Where a new centre's rate could lie, or why that is not said."""
    shown = pooled.displayed
    if shown["pi_lb"] is None:
        return "too few cohorts to say where a new centre's rate could lie"
    low, high, many = _new_centre_of_many(pooled)
    return f"a new centre's rate could plausibly lie between {low} and {high} of {many}"


def spread_words(pooled):
    """How much centres differ, in plain words."""
    shown = pooled.displayed
    if shown["pi_lb"] is None:
        return "How much centres differ cannot be estimated."
    if pooled.rule == "few":
        return _unknown_spread(pooled)
    low, high = pooled.tau_limits
    tau, *ends = decimal_numbers(pooled.headline.tau, low, high)
    limits = f"95% credible interval {' to '.join(ends)}"
    width, inner = (
        _points_apart(shown[f"{kind}_lb"], shown[f"{kind}_ub"]) for kind in ("pi", "ci")
    )
    # A posterior's limit is above 0 whatever the data; a tenth moves one half by 2.5 points.
    start = "The cohorts differ" if low > 0.1 else "Whether the cohorts differ can hardly be told"
    return (
        f"{start}: the standard deviation between them is {tau} on the "
        f"log-odds scale ({limits}). The range for a new centre spans {width} points, the interval "
        f"of the pooled rate {inner}."
    )


def _points_apart(lower, upper):
    """Of the limits as they are shown, so that a reader who subtracts them agrees."""
    low, high = (Decimal(end.replace("−", "-")) for end in percents(lower, upper))
    return f"{high - low}"


def _unknown_spread(pooled):
    model = pooled.headline
    tau, low, high = decimal_numbers(model.tau, model.tau_lb, model.tau_ub)
    return (
        f"How much centres differ cannot be told from {plural(pooled.k, 'cohort')}: the standard "
        f"deviation between them lies around {tau} on the log-odds scale, anywhere "
        f"from {low} to {high} (95% credible interval), and much "
        "of that is assumption."
    )


def decimals(value):
    """A number on an analysis scale, with two decimals."""
    return f"{value:.2f}"


def shown_rate(shown):
    """``45 [38–53]`` of the numbers that a result displays."""
    return rate_with_interval(shown["estimate"], shown["ci_lb"], shown["ci_ub"])


def cohorts_and_patients(selection):
    """``12 cohorts, 1,234 patients``."""
    return f"{plural(len(selection.counted), 'cohort')}, {thousands(sum(selection.ni))} patients"


def rate_or_note(pooled):
    """``45 [38–53]``, or that nothing is pooled."""
    shown = pooled.displayed
    if shown["estimate"] is None:
        return "not pooled" if pooled.k else "–"
    return shown_rate(shown)
