"""What is shown of a number: never nothing, never two limits alike, halves up."""

from fractions import Fraction
from types import SimpleNamespace

import pytest
from evisynth import forest, pool_proportions, rma
from evisynth.figures.base.axis import DIFFERENCE, PROPORTION, RATIO, Axis
from evisynth.figures.base.effect_axis import effect_span
from evisynth.rounding import decimal_numbers, exact, percents, ratios
from evisynth.words.phrases import (
    per_hundred,
    points_with_interval,
    prediction_words,
    rate_with_interval,
    ratio_with_interval,
    sentence,
    short_answer,
)
from hypothesis import assume, given
from hypothesis import strategies as st

SHARES = st.floats(0, 1, allow_subnormal=False).filter(lambda v: v == 0 or v > 1e-12)
SIZES = st.floats(1e-9, 1e9)
VIEWS = [
    percents,
    lambda *numbers: PROPORTION.numbers(*numbers),
    lambda *numbers: rate_with_interval(*numbers).replace("]", "").replace(" [", "–").split("–"),
]
WIDE = [ratios, decimal_numbers, lambda *v: decimal_numbers(*v, decimals=0), RATIO.numbers]


def nothing(text):
    return not text.strip("0.−-")


def check(view, numbers):
    """Limits apart by more than floating point are shown apart, and none is nothing."""
    texts = view(*numbers)
    assert texts[1] != texts[2]
    for value, text in zip(numbers, texts, strict=True):
        assert nothing(text) == (value == 0), (value, text)


@pytest.mark.parametrize("view", VIEWS)
@given(st.tuples(SHARES, SHARES, SHARES))
def test_a_rate_above_nothing_is_shown_as_something(view, numbers):
    lower, estimate, upper = sorted(numbers)
    assume(upper - lower > 1e-9 * upper)
    check(view, (estimate, lower, upper))


@pytest.mark.parametrize("view", WIDE)
@given(st.tuples(SIZES, SIZES, SIZES))
def test_a_ratio_above_nothing_is_shown_as_something(view, numbers):
    lower, estimate, upper = sorted(numbers)
    # What is a billionth of the others is taken for an error of floating point.
    assume(upper - lower > 1e-6 * upper and lower > 1e-8 * upper)
    check(view, (estimate, lower, upper))


@given(st.tuples(*[st.floats(-1e5, 1e5)] * 3), st.integers(0, 4))
def test_a_difference_is_shown_on_its_side_of_0(numbers, decimals):
    lower, estimate, upper = sorted(numbers)
    size = max(map(abs, numbers))
    assume(upper - lower > 1e-6 * size and all(abs(v) > 1e-8 * size for v in numbers))
    assume(size > 1e-6)
    texts = Axis("difference", decimals=decimals).numbers(estimate, lower, upper)
    assert texts[1] != texts[2]
    for value, text in zip((estimate, lower, upper), texts, strict=True):
        assert text.startswith("−") == (value < 0) and not nothing(text)


def test_halves_go_up_whatever_the_binary_fraction_makes_of_them():
    assert (per_hundred(23 / 40), per_hundred(57 / 200)) == ("58", "29")
    halves = [(x, n) for n in range(1, 1001) for x in range(n + 1) if 200 * x % n == 0]
    small = [(x, n) for n in range(1, 81) for x in range(n + 1)]
    for x, n in [*halves, *small]:
        wanted = (200 * x + n) // (2 * n)
        if 0 < 200 * x < n:
            continue  # told with a decimal
        assert per_hundred(x / n) == f"{wanted}", (x, n)
    # The others lie 1 / 2000 of a percent from a half or more, which no float misses.
    apart = (abs(Fraction(100 * x, n) % 1 - Fraction(1, 2)) for x, n in [(1, 999), (7, 997)])
    assert min(apart) > Fraction(1, 4000)


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_the_fraction_of_two_counts_is_found_again(total, events):
    events = events % (total + 1)
    assert exact(events / total) == Fraction(events, total)


def test_differences_of_two_fractions_are_exact():
    assert points_with_interval(23 / 40 - 3 / 20, -0.085, 0.285) == "43 [−9 to 29]"


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ((0.45, 0.38, 0.53), ("45", "38", "53")),
        ((0, 0, 0.00409), ("0", "0", "0.4")),
        ((0.00005, 0.0000013, 0.00028), ("0.005", "0.0001", "0.03")),
        ((0.05, 0.0012, 0.25), ("5", "0.1", "25")),
        ((0.0022, 0.00027, 0.008), ("0.2", "0.03", "0.8")),
        ((0.4321, 0.4311, 0.4329), ("43.2", "43.1", "43.3")),
        ((1, 0.996, 1), ("100", "99.6", "100")),
        ((0.99, 0.95, 0.9997), ("99", "95", "100")),
        ((0.004, -0.09, 0.1), ("0", "−9", "10")),
        ((-0.00003, -0.0022, 0.0021), ("0.0", "−0.2", "0.2")),
    ],
)
def test_percents(numbers, shown):
    assert percents(*numbers) == shown


def test_numbers_of_an_analysis_scale():
    assert ratio_with_interval(1.6, 0.98, 2.61) == "1.60 [0.98–2.61]"
    assert ratio_with_interval(0.02, 0.0004, 1.2) == "0.02 [0.0004–1.20]"
    assert ratios(12.3, 3.4, 101.0) == ("12.3", "3.40", "101")
    assert decimal_numbers(0.1, -0.096, 0.296, decimals=0) == ("0.10", "−0.10", "0.30")
    assert decimal_numbers(25, 21, 29, decimals=0) == ("25", "21", "29")
    assert decimal_numbers(1e-17, -0.3, 0.3) == ("0.00", "−0.30", "0.30")
    assert DIFFERENCE.interval(-0.2, 0.1) == "[−0.20 to 0.10]"


def drawn(figure, width):
    return figure.svg(width)


@pytest.mark.parametrize("width", ["desktop", "phone"])
def test_no_limit_of_a_forest_is_nothing(width):
    none = forest(pool_proportions([0, 0, 0], [3, 50, 900]), title="None")
    assert "0 [0–0.4]" in none.svg(width) and "[0–0]" not in none.svg(width) + none.alt
    yi, vi = [0.1, 0.2, 0.15, 25.0], [0.01, 0.02, 0.015, 4]
    wide = forest(rma(yi, vi), yi=yi, vi=vi, title="One far out")
    assert "0.10 [−0.10 to 0.30]" in wide.svg(width) and "0.10 [−0.10 to 0.30]" in wide.alt
    rare = pool_proportions([1, 3, 0, 2], [20000, 50000, 3000, 30000])
    figure = forest(rare, title="Rare")
    assert "0.005 [0.0001–0.03]" in figure.svg(width) and "[0–0]" not in figure.svg(width)
    assert "0.008 [0.003–0.03]" in figure.alt


def test_sentences_tell_very_rare_events_of_ten_thousand():
    rare = pool_proportions([1, 3, 0, 2], [20000, 50000, 3000, 30000])
    assert sentence(rare).startswith("about 1 of 10,000 (95% interval 0.3–3;")
    assert "[0.000," not in repr(rare)
    assert short_answer(rare) == "about 1 of 10,000 (0.3–3)"
    assert prediction_words(rare).endswith("between 0.2 and 7 of 10,000")
    usual = pool_proportions([8, 12, 5, 20], [20, 25, 14, 46])
    assert " of 100 (" in sentence(usual) and prediction_words(usual).endswith("of 100")


@pytest.mark.parametrize(("low", "high"), [(0.00001, 0.0004), (0.4311, 0.4329), (0.2, 0.7)])
def test_ticks_of_percentages_differ(low, high):
    item = SimpleNamespace(ticks=effect_span(PROPORTION, [low, high], 0, 100).ticks)
    labels = [label for _, label in item.ticks]
    assert len(set(labels)) == len(labels) > 1
