"""Kaplan-Meier curves and swimmer plots: what stands where, and what is refused."""

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from evisynth.characters import stray
from evisynth.engine.survival.kaplan_meier import kaplan_meier
from evisynth.errors import ArgumentError
from evisynth.figures import kaplan_meier_plot, swimmer
from evisynth.figures.base.scale import time_ticks
from evisynth.figures.forests.layout import apart
from evisynth.figures.survival.patients import SHAPES
from hypothesis import given, settings
from hypothesis import strategies as st
from legible import WIDTHS, check_legible, texts

LONG = "Consortium for the extremely long-named multicentre observational registry of two regions"


@dataclass(frozen=True)
class Stand:
    """A stand-in with the attributes that the drawing reads."""

    time: tuple
    survival: tuple
    lower: tuple
    upper: tuple
    events: tuple
    censored: tuple
    median: float | None
    median_lb: float | None
    median_ub: float | None
    n: int
    n_events: int
    time_unit: str = "months"

    def numbers_at_risk(self, times):
        gone = zip(self.time, self.events, self.censored, strict=True)
        gone = [(time, d + c) for time, d, c in gone]
        return tuple(self.n - sum(g for t, g in gone if t < time) for time in times)


def stand(times=(2, 5, 5, 9, 12, 20), events=(1, 1, 0, 1, 0, 0), **changes):
    """Product-limit curve of a few times, with limits 0.1 around it where they exist."""
    times, events = np.asarray(times, float), np.asarray(events, bool)
    share, rows = 1.0, []
    for time in np.unique(times):
        here = times == time
        died = int(np.sum(events & here))
        share *= 1 - died / int(np.sum(times >= time))
        limits = (max(share - 0.1, 0), min(share + 0.1, 1)) if share else (None, None)
        rows.append((float(time), share, *limits, died, int(np.sum(~events & here))))
    columns = list(zip(*rows, strict=True))
    median = next((row[0] for row in rows if row[1] <= 0.5), None)
    numbers = (median, 1.5, None, len(times), int(events.sum()))
    return replace(Stand(*columns, *numbers), **changes)


def words(figure, width):
    return [text[0] for text in texts(figure, width)]


def check_drawing(figure):
    """What `check_legible` asks of every drawing, of the usual width, and no word is small."""
    check_legible(figure)
    for width, pixels in {"desktop": 690, "phone": 358}.items():
        assert figure._sheets[width].width == pixels
        assert all(size >= 11 for *_, size in texts(figure, width)), width


def lines_of(figure, color, width="desktop"):
    from evisynth.figures import PALETTE

    return [line for line in figure._sheets[width].axes.lines if line.get_color() == PALETTE[color]]


def curve_of(figure, color="series-1", width="desktop"):
    """Points of the longest line of a colour."""
    line = max(lines_of(figure, color, width), key=lambda line: len(line.get_xdata()))
    return list(zip(line.get_xdata(), line.get_ydata(), strict=True))


# Kaplan-Meier -------------------------------------------------------------------------------------

EVEN = stand([3] * 10 + [24] * 10, [1] * 10 + [0] * 10)
CURVES = {
    "one": stand(),
    "all censored": stand([4, 8], [0, 0]),
    "all dead": stand([4, 8], [1, 1]),
    "at time 0": stand([0, 0], [1, 0]),
    "one patient": stand([7], [1]),
    "two alike": {"A": EVEN, "B": EVEN},
    "three, long": {LONG: stand(), f"{LONG} 2": EVEN, "X" * 60: stand([40, 41], [0, 0])},
    "same names": [stand(), EVEN],
    "many": stand(range(1, 400), [1, 0, 0] * 133, n=1_234_567),
    "years": stand([0.2, 0.5, 0.9], [1, 0, 1], time_unit="years"),
    "ends alike": {"A": EVEN, "B": EVEN, "C": EVEN},
}


@pytest.mark.parametrize("case", CURVES)
def test_curves_are_legible(case):
    check_drawing(kaplan_meier_plot(CURVES[case], title=LONG, subtitle=LONG, footer=[LONG * 2]))


def test_a_real_curve_is_drawn_with_its_own_label():
    curve = kaplan_meier([2, 5, 5, 9, 12, 20], [1, 1, 0, 1, 0, 0], slab="Alder")
    figure = kaplan_meier_plot(curve, title="T", times=(0, 5, 10, 20))
    check_drawing(figure)
    # By hand: 5/6, then 5/6 * 4/5, then of 3 left at 9 months one dies.
    survival = [entry["survival"] for entry in figure.table[1:]]
    assert survival == pytest.approx([1, 2 / 3, 2 / 3 * 2 / 3, 2 / 3 * 2 / 3])
    assert [entry["at risk"] for entry in figure.table[1:]] == [6, 5, 2, 1]
    assert figure.table[0]["label"] == "Alder" and figure.table[0]["median"] == curve.median


@pytest.mark.parametrize("width", WIDTHS)
def test_the_axis_of_survival_is_never_cut(width):
    figure = kaplan_meier_plot(stand([4, 8], [0, 0]), title="T")
    assert {"0", "25", "50", "75", "100%"} <= set(words(figure, width))


def test_the_curve_steps_where_the_events_are():
    figure = kaplan_meier_plot(EVEN, title="T")
    points = curve_of(figure)
    (left, top), (right, low) = points[0], points[-1]
    zero = next(y for text, *_, y, _ in texts(figure, "desktop") if text == "0") - 0.33 * 11.5
    assert low == pytest.approx((top + zero) / 2)
    steps = {round((x - left) / (right - left), 9) for x, _ in points}
    assert steps == {0, 0.125, 1}  # 3 of 24 months
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(points))


def test_series_differ_in_dash_as_well_as_in_colour():
    figure = kaplan_meier_plot({"A": stand(), "B": EVEN, "C": stand([40, 41], [0, 0])}, title="T")
    styles = set()
    for color in ("series-1", "series-2", "series-3"):
        (_, _, line) = max(
            (len(line.get_xdata()), n, line) for n, line in enumerate(lines_of(figure, color))
        )
        styles.add(str(line._unscaled_dash_pattern))
    assert len(styles) == 3


def test_every_censored_time_has_its_stroke():
    def strokes(curve):
        lines = lines_of(kaplan_meier_plot(curve, title="T"), "series-1")
        upright = [line for line in lines if len(set(line.get_xdata())) == 1]
        return sum(abs(np.ptp(line.get_ydata()) - 8) < 1e-9 for line in upright)

    assert strokes(stand()) == 3
    assert strokes(stand([4, 8], [1, 1])) == 0


@pytest.mark.parametrize("width", WIDTHS)
def test_numbers_at_risk_stand_under_their_ticks(width):
    figure = kaplan_meier_plot(stand(), title="T", times=(0, 5, 10, 20))
    boxes = {}
    for text, left, right, top, *_ in texts(figure, width):
        boxes.setdefault(text, []).append(((left + right) / 2, top))
    ticks = dict(zip((0, 5, 10), (boxes[t] for t in ("0", "5", "10")), strict=True))
    below = {"6": 0, "5": 5, "2": 10}
    for number, time in below.items():
        x = max(boxes[number], key=lambda place: place[1])[0]
        assert any(abs(x - tick) < 0.6 for tick, _ in ticks[time])


def test_the_table_has_each_curve_and_each_time():
    figure = kaplan_meier_plot({"A": stand(), "B": EVEN}, title="T", times=(0, 3, 24))
    assert [e["kind"] for e in figure.table] == ["curve"] * 2 + ["time"] * 6
    first = figure.table[0]
    assert (first["n"], first["events"], first["median"], first["upper"]) == (6, 3, 9.0, None)
    of_b = figure.table[5:]
    assert [e["survival"] for e in of_b] == [1.0, 0.5, 0.5]
    assert [e["at risk"] for e in of_b] == [20, 20, 10]
    assert figure.table[4]["survival"] is None  # A is followed to 20 months only


def test_medians_in_words():
    def median(curve):
        return " ".join(words(kaplan_meier_plot(curve, title="T"), "phone"))

    assert "median 9.0 months (1.5–not reached)" in median(stand())
    assert "median not reached (from 1.5)" in median(stand([4, 8], [0, 0]))
    assert "median not reached" in median(replace(stand([4, 8], [0, 0]), median_lb=None))
    figure = kaplan_meier_plot(stand(), title="T")
    assert "6 patients, 3 events, median 9.0 months" in figure.alt


def test_medians_have_their_drop_lines():
    def dotted(curve, **options):
        lines = lines_of(kaplan_meier_plot(curve, title="T", **options), "series-1")
        return [line for line in lines if len(line.get_xdata()) == 3 and line.get_linewidth() == 1]

    (line,) = dotted(stand())
    assert len(set(line.get_xdata())) == 2 and len(set(line.get_ydata())) == 2
    assert not dotted(stand([4, 8], [0, 0])) and not dotted(stand(), until=6)


def test_what_is_cut_is_said():
    figure = kaplan_meier_plot(stand(), title="T", until=10)
    assert "follow-up after 10 months is not drawn" in " ".join(words(figure, "desktop"))
    right = curve_of(figure)[-1][0]
    assert right == max(line.get_xdata()[-1] for line in lines_of(figure, "hairline")[:5])
    assert "not drawn" not in " ".join(words(kaplan_meier_plot(stand(), title="T"), "desktop"))


def test_the_band_can_be_left_out_and_breaks_where_it_does_not_exist():
    def bands(curve, **options):
        patches = kaplan_meier_plot(curve, title="T", **options).axes.patches
        return [patch for patch in patches if patch.get_alpha()]

    assert len(bands(stand())) == 1 and not bands(stand(), band=False)
    gap = replace(stand(), lower=(0.7, None, 0.2, 0.2, 0.2))
    assert len(bands(gap)) == 2


def test_colours_of_the_page_and_no_other():
    svg = kaplan_meier_plot({"A": stand(), "B": EVEN}, title="T").svg()
    bare = re.sub(r"var\(--co-[a-z0-9-]+, #[0-9A-F]{6}\)", "", svg)
    assert not re.search(r"#[0-9a-fA-F]{6}", bare)


def test_saving(tmp_path):
    names = [path.name for path in kaplan_meier_plot(stand(), title="T").save(tmp_path, "km")]
    assert names == ["km.svg", "km.png", "km-phone.svg", "km-phone.png"]


@pytest.mark.parametrize(
    ("curves", "options", "argument"),
    [
        (5, {}, "curves"),
        ([], {}, "curves"),
        ("curves", {}, "curves"),
        ([stand()] * 4, {}, "curves"),
        ([stand(), stand(time_unit="years")], {}, "curves"),
        (stand(survival=(1, 1)), {}, "curves"),
        (stand(time=(2, 5, 5, 9, 20)), {}, "curves"),
        (stand(time=(2, 5, 9, 12, float("inf"))), {}, "curves"),
        (stand(time=(2, 5, 9, 12, float("nan"))), {}, "curves"),
        (stand(time=(-1, 5, 9, 12, 13)), {}, "curves"),
        (stand(survival=(0.8, 0.9, 0.5, 0.5, 0.5)), {}, "curves"),
        (stand(survival=(0.8, float("nan"), 0.5, 0.5, 0.5)), {}, "curves"),
        ({"A": stand()}, {"labels": ["A"]}, "labels"),
        (stand(), {"labels": ["A", "B"]}, "labels"),
        ([stand()] * 2, {"labels": 5}, "labels"),
        (stand(), {"until": 0}, "until"),
        (stand(), {"until": "12"}, "until"),
        (stand(), {"until": float("nan")}, "until"),
        (stand(), {"times": (0, 0)}, "times"),
        (stand(), {"times": (-1, 2)}, "times"),
        (stand(), {"times": ()}, "times"),
        (stand(), {"times": "abc"}, "times"),
        (stand(), {"times": (0, float("inf"))}, "times"),
    ],
)
def test_wrong_curves_are_named(curves, options, argument):
    with pytest.raises(ArgumentError) as caught:
        kaplan_meier_plot(curves, title="T", **options)
    assert (caught.value.function, caught.value.argument) == ("kaplan_meier_plot", argument)


@given(
    st.lists(st.tuples(st.floats(0, 300), st.floats(10, 60)), min_size=1, max_size=3).map(sorted)
)
def test_labels_are_pushedapart(wanted):
    edges = apart(wanted, 0, 320)
    for edge, below, (_, height) in zip(edges, edges[1:], wanted, strict=False):
        assert edge + height <= below + 1e-9
    assert edges[0] >= 0 and edges[-1] + wanted[-1][1] <= 320 + 1e-9


@given(st.floats(1e-4, 1e5), st.integers(1, 9), st.sampled_from(["months", "days", "years", "?"]))
def test_ticks_of_time_reach_as_far_as_they_can(end, most, unit):
    ticks = time_ticks(end, unit, most)
    assert ticks[0] == 0 and len(ticks) <= most + 1
    step = ticks[1] - ticks[0] if len(ticks) > 1 else np.inf
    assert ticks[-1] <= end * (1 + 1e-8) and (step == np.inf or ticks[-1] + step > end)


@pytest.mark.parametrize(
    ("end", "unit", "most", "ticks"),
    [
        (36, "months", 6, [0, 6, 12, 18, 24, 30, 36]),
        (60, "months", 5, [0, 12, 24, 36, 48, 60]),
        (0.7, "months", 4, [0, 0.2, 0.4, 0.6]),
        (10, "years", 5, [0, 2, 4, 6, 8, 10]),
        (100, "days", 4, [0, 28, 56, 84]),
    ],
)
def test_ticks_of_time(end, unit, most, ticks):
    assert time_ticks(end, unit, most) == ticks


# Swimmer ------------------------------------------------------------------------------------------

PEOPLE = pd.DataFrame(
    {
        "label": ["P1", "P2", "P3", "P4"],
        "end": [5.0, 20.0, 11.0, 0.0],
        "ended": ["dead", "alive", "lost", None],
        "response": [1.0, 2.0, np.nan, np.nan],
        "relapse": [4.0, np.nan, 11.0, np.nan],
    }
)
EVENTS = pd.DataFrame(
    {"label": ["P1", "P2", "P2"], "time": [1, 3, 9], "event": ["response", "response", "relapse"]}
)


def groups_of_one(labels):
    return PEOPLE.assign(group=labels)


SWIMMERS = {
    "columns": (PEOPLE, {"events": ["response", "relapse"]}),
    "long table": (PEOPLE, {"events": EVENTS}),
    "nothing happened": (PEOPLE[["label", "end"]], {}),
    "one": (PEOPLE.head(1), {}),
    "sixty": (pd.DataFrame({"label": [f"P{n}" for n in range(60)], "end": range(60)}), {}),
    "long labels": (PEOPLE.assign(label=[f"{LONG} {n}" for n in range(4)]), {}),
    "unbroken labels": (PEOPLE.assign(label=[f"{'X' * 118}{n}" for n in range(4)]), {}),
    "same labels": (PEOPLE.assign(label="Same"), {"events": ["response"]}),
    "groups": (groups_of_one(["A", LONG, "A", "C"]), {"events": ["relapse"]}),
    "before 0": (PEOPLE.assign(start=[-3, -400, 0, -1]), {}),
    "long names": (PEOPLE, {"events": {"response": LONG, "relapse": f"{LONG} again"}}),
    "no time": (PEOPLE.assign(end=0, response=np.nan, relapse=np.nan), {}),
}


@pytest.mark.parametrize("case", SWIMMERS)
def test_swimmers_are_legible(case):
    rows, options = SWIMMERS[case]
    check_drawing(swimmer(rows, title=LONG, subtitle=LONG, footer=[LONG * 2], **options))


def test_no_bar_of_which_the_end_is_known_is_without_a_sign():
    """An arrow, or a mark with a name in the key, which a phone shows as well."""
    figure = swimmer(PEOPLE, title="T")
    ended = {e["label"]: e for e in figure.table}
    assert ended["P1"]["death"] == ("5",) and ended["P3"]["lost to follow-up"] == ("11",)
    assert "lost to follow-up in 1" in figure.alt and "follow-up going on in 1" in figure.alt


def test_the_longest_bar_comes_first():
    assert [e["label"] for e in swimmer(PEOPLE, title="T").table] == ["P2", "P3", "P1", "P4"]
    kept = swimmer(PEOPLE, title="T", order="table").table
    assert [e["label"] for e in kept] == ["P1", "P2", "P3", "P4"]
    started = PEOPLE.assign(start=[0, 19, 0, 0])
    assert [e["label"] for e in swimmer(started, title="T").table] == ["P3", "P1", "P2", "P4"]


def test_groups_stay_together():
    figure = swimmer(groups_of_one(["B", "A", "B", "A"]), title="T")
    assert [(e["group"], e["label"]) for e in figure.table] == [
        ("B", "P3"),
        ("B", "P1"),
        ("A", "P2"),
        ("A", "P4"),
    ]


def test_both_forms_of_events_draw_the_same():
    wide = PEOPLE.assign(relapse=[np.nan, 9, np.nan, np.nan], response=[1, 3, np.nan, np.nan])
    one = swimmer(wide, events=["response", "relapse"], title="T")
    two = swimmer(PEOPLE[["label", "end", "ended"]], events=EVENTS, title="T")
    assert one.table == two.table and one.svg() == two.svg()


def test_labels_that_repeat_are_told_apart_by_id():
    rows = PEOPLE.assign(label="Same", id=range(4))
    events = pd.DataFrame({"id": [1], "time": [9], "event": ["transplant"]})
    figure = swimmer(rows, events=events, title="T")
    assert figure.table[0]["transplant"] == ("9",) and words(figure, "phone").count("Same") == 4


def test_bars_are_as_long_as_follow_up():
    figure = swimmer(PEOPLE, title="T", order="table")
    bars = [p for p in figure.axes.patches if p.get_alpha()]
    widths = [np.ptp(bar.get_xy()[:, 0]) for bar in bars]
    assert [w / widths[1] for w in widths] == pytest.approx([0.25, 1, 0.55, 0])


def test_the_end_of_the_dead_is_a_death_once():
    assert swimmer(PEOPLE, title="T").table[2]["death"] == ("5",)
    rows = PEOPLE.assign(died=[4.5, np.nan, np.nan, np.nan])
    assert swimmer(rows, events={"died": "death"}, title="T").table[2]["death"] == ("4.5",)


def test_an_event_may_happen_twice():
    events = pd.DataFrame({"label": ["P2"] * 2, "time": [3, 3.1], "event": ["response"] * 2})
    figure = swimmer(PEOPLE, events=events, title="T")
    assert figure.table[0]["response"] == ("3", "3.1")


def test_the_key_names_shapes():
    for width in WIDTHS:
        key = " ".join(words(swimmer(PEOPLE, events=["response"], title="T"), width))
        assert "filled circle: response" in key and "cross: death" in key
        assert "arrow: follow-up goes on" in key
    assert "arrow" not in " ".join(words(swimmer(PEOPLE.iloc[[0]], title="T"), "desktop"))
    chosen = swimmer(PEOPLE, events=["response"], shapes={"response": "hollow square"}, title="T")
    assert "hollow square: response" in words(chosen, "desktop")


def test_every_shape_can_be_drawn():
    names = [f"event {n}" for n in range(len(SHAPES))]
    events = pd.DataFrame({"label": "P2", "time": range(len(SHAPES)), "event": names})
    figure = swimmer(PEOPLE.iloc[[1]], events=events, title="T")
    check_drawing(figure)
    assert [f"{shape}: {name}" in words(figure, "desktop") for shape, name in
            zip(SHAPES, names, strict=True)] == [True] * len(SHAPES)  # fmt: skip


def test_the_table_in_words():
    figure = swimmer(PEOPLE, events=["response"], title="Four people")
    assert "4 bars, a patient each, of 0.0 to 20.0 months" in figure.alt
    assert "response in 2" in figure.alt and "going on in 1" in figure.alt


@pytest.mark.parametrize(
    ("rows", "options", "argument"),
    [
        ([1, 2], {}, "rows"),
        (None, {}, "rows"),
        (PEOPLE.head(0), {}, "rows"),
        (PEOPLE[["label"]], {}, "rows"),
        (PEOPLE.assign(end=[1, 2, np.nan, 4]), {}, "rows: end"),
        (PEOPLE.assign(end=[1, 2, np.inf, 4]), {}, "rows: end"),
        (PEOPLE.assign(end=[1, 2, 1e9, 4]), {}, "rows: end"),
        (PEOPLE.assign(end=["1", "2", "3", "4"]), {}, "rows: end"),
        (PEOPLE.assign(start=6), {}, "rows: end"),
        (PEOPLE.assign(ended="gone"), {}, "rows: ended"),
        (groups_of_one(list("abcd")), {}, "rows: group"),
        (PEOPLE, {"events": ["nothing"]}, "events"),
        (PEOPLE, {"events": "response"}, "events"),
        (PEOPLE, {"events": 5}, "events"),
        (PEOPLE.assign(response=6.0), {"events": ["response"]}, "events"),
        (PEOPLE.assign(response="x"), {"events": ["response"]}, "rows: response"),
        (PEOPLE, {"events": EVENTS.assign(label="P9")}, "events: label"),
        (PEOPLE, {"events": EVENTS.assign(time=np.nan)}, "events: time"),
        (PEOPLE, {"events": EVENTS[["label", "time"]]}, "events"),
        (PEOPLE.assign(label="Same"), {"events": EVENTS}, "rows: label"),
        (PEOPLE, {"order": "colour"}, "order"),
        (PEOPLE, {"shapes": {"response": "star"}}, "shapes"),
        (PEOPLE, {"shapes": "star"}, "shapes"),
        (
            PEOPLE.iloc[[1]],
            {
                "events": pd.DataFrame(
                    {"label": "P2", "time": 1, "event": [f"e{n}" for n in range(10)]}
                )
            },
            "events",
        ),
    ],
)
def test_wrong_tables_are_named(rows, options, argument):
    with pytest.raises(ArgumentError) as caught:
        swimmer(rows, title="T", **options)
    assert (caught.value.function, caught.value.argument) == ("swimmer", argument)


@pytest.mark.filterwarnings("ignore::evisynth.figures.base.glyphs.MissingGlyphs")
@settings(max_examples=5, deadline=None)
@given(st.text(max_size=40), st.text(max_size=20))
def test_any_text_gives_well_formed_svg(label, event):
    title, label = label, " ".join("".join(c for c in label if stray(c) is None).split())
    rows = pd.DataFrame({"label": [label, label], "end": [4.0, 3.0], "x": [1.0, np.nan]})
    figure = swimmer(rows, events={"x": event}, title=title)
    curve = kaplan_meier_plot(stand(), labels=[label], title=event)
    for width in WIDTHS:
        ElementTree.fromstring(figure.svg(width))
        ElementTree.fromstring(curve.svg(width))
