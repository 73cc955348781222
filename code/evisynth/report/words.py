"""Numbers as words: the one place that rounds."""

from __future__ import annotations

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


def per_hundred(proportion):
    """A proportion as a whole number of 100, halves up."""
    return f"{int(100 * proportion + 0.5)}"


def dash_range(lower, upper):
    """Two proportions as a range of percent, with an en dash."""
    return f"{per_hundred(lower)}–{per_hundred(upper)}"


def rate_with_interval(estimate, lower, upper):
    """``45 [38–53]``."""
    return f"{per_hundred(estimate)} [{dash_range(lower, upper)}]"


def ratio(value):
    """A ratio with two decimals."""
    return f"{value:.2f}"


def ratio_with_interval(estimate, lower, upper):
    """``1.60 [0.98–2.61]``."""
    return f"{ratio(estimate)} [{ratio(lower)}–{ratio(upper)}]"


def points(difference):
    """A difference of proportions as a whole number of 100, halves up, with its sign."""
    size = int(100 * abs(difference) + 0.5)
    return f"{'−' * (difference < 0 and size > 0)}{size}"


def points_range(lower, upper):
    """Limits of a difference of proportions, ``−1 to 23``."""
    return f"{points(lower)} to {points(upper)}"


def points_with_interval(estimate, lower, upper):
    """``11 [−1 to 23]``, of 100."""
    return f"{points(estimate)} [{points_range(lower, upper)}]"


def thousands(number):
    """A whole number with a comma every three digits."""
    return f"{number:,}"


def count_word(number):
    """A small number in letters, larger ones in digits."""
    return NUMBERS[number] if number < len(NUMBERS) else thousands(number)


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
    return f"{per_hundred(estimate)}%, {dash_range(lower, upper)}"


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
    shown = pooled.displayed
    interval = dash_range(shown["ci_lb"], shown["ci_ub"])
    return (
        f"about {per_hundred(shown['estimate'])} of 100 (95% interval {interval}; "
        f"{plural(pooled.k, 'cohort')}, {thousands(pooled.total)} patients)"
    )


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
        shown = pooled.displayed
        interval = dash_range(shown["ci_lb"], shown["ci_ub"])
        return f"about {per_hundred(shown['estimate'])} of 100 ({interval})"
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
    return f"{dash_range(shown['pi_lb'], shown['pi_ub'])} of 100"


def prediction_words(pooled):
    """Where a new centre's rate could lie, or why that is not said."""
    shown = pooled.displayed
    if shown["pi_lb"] is None:
        return "too few cohorts to say where a new centre's rate could lie"
    low, high = per_hundred(shown["pi_lb"]), per_hundred(shown["pi_ub"])
    return f"a new centre's rate could plausibly lie between {low} and {high} of 100"


def spread_words(pooled):
    """How much centres differ, in plain words."""
    shown = pooled.displayed
    if shown["pi_lb"] is None:
        return "How much centres differ cannot be estimated."
    if pooled.rule == "few":
        return _unknown_spread(pooled)
    low, high = pooled.tau_limits
    limits = f"95% credible interval {decimals(low)} to {decimals(high)}"
    # Of the limits as they are shown, so that a reader who subtracts them agrees.
    width, inner = (
        int(per_hundred(shown[f"{kind}_ub"])) - int(per_hundred(shown[f"{kind}_lb"]))
        for kind in ("pi", "ci")
    )
    # A posterior's limit is above 0 whatever the data; a tenth moves one half by 2.5 points.
    start = "The cohorts differ" if low > 0.1 else "Whether the cohorts differ can hardly be told"
    return (
        f"{start}: the standard deviation between them is {decimals(pooled.headline.tau)} on the "
        f"log-odds scale ({limits}). The range for a new centre spans {width} points, the interval "
        f"of the pooled rate {inner}."
    )


def _unknown_spread(pooled):
    tau = pooled.headline
    return (
        f"How much centres differ cannot be told from {plural(pooled.k, 'cohort')}: the standard "
        f"deviation between them lies around {decimals(tau.tau)} on the log-odds scale, anywhere "
        f"from {decimals(tau.tau_lb)} to {decimals(tau.tau_ub)} (95% credible interval), and much "
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
