"""Figures of sensitivity: drawn from stand-ins with the attributes that the results have."""

import re
from dataclasses import dataclass, field
from itertools import combinations, product
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from evisynth import rma
from evisynth.characters import look, stray
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.figures import (
    baujat_plot,
    cumulative,
    funnel,
    gosh_plot,
    leave_one_out,
    shrinkage,
    specification_curve,
)
from evisynth.figures.base.effect_axis import effect_axis, effect_span, even_span
from evisynth.figures.base.scatter import place_labels
from evisynth.figures.base.sheet import Sheet
from evisynth.figures.base.style import measure
from evisynth.figures.diagnostics.funnel_regions import _cut
from evisynth.figures.diagnostics.gosh_drawing import gosh_cells
from hypothesis import given, settings
from hypothesis import strategies as st
from legible import WIDTHS, check_legible, texts

LONG = "Consortium for the extremely long-named multicentre observational registry of two regions"


# Reading a drawing --------------------------------------------------------------------------------


def check_drawing(figure):
    """What `check_legible` asks of every drawing, and no mark leaves the sheet."""
    check_legible(figure)
    for width in WIDTHS:
        sheet = figure._sheets[width]
        bottom = sheet.axes.get_ylim()[0]
        for points in [p.get_path().vertices for p in sheet.axes.patches if p.get_zorder() < 9]:
            if (
                len(points) > 1 and np.ptp(points) > 1.01
            ):  # a unit circle is placed by its transform
                assert points.min() >= -5 and points[:, 0].max() <= sheet.width + 5, width
                assert points[:, 1].max() <= bottom + 1, width


def words(figure, width="desktop"):
    return " ".join(string for string, *_ in texts(figure, width))


def paths(figure, color, width="desktop"):
    """Vertices of the compound paths drawn in a palette colour."""
    from evisynth.figures import PALETTE
    from matplotlib.colors import to_hex

    found = []
    for patch in figure._sheets[width].axes.patches:
        shades = [to_hex(c).lower() for c in (patch.get_edgecolor(), patch.get_facecolor()) if c[3]]
        if PALETTE[color].lower() in shades:
            found.append(patch.get_path().vertices)
    return found


# Stand-ins ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Multiverse:
    choices: pd.DataFrame
    displayed: dict
    k: np.ndarray
    n: np.ndarray
    protocol: int | None
    axes: tuple
    measure: str = "PLO"
    level: float = 0.95
    notes: tuple = ()
    method_axes: tuple = ()
    apart: tuple = ()


BACK = {"PLO": lambda v: 1 / (1 + np.exp(-v)), "OR": np.exp, "RD": lambda v: v / 4}
AXES = (
    ("Definition", ("CR", "CR/CRh", "CR/CRh/CRi", "as reported"), "as reported", ""),
    ("Denominator", ("all treated", "evaluable"), "all treated", ""),
    ("Overlap", ("strict", "allow ∩?"), "strict", ""),
    ("Model", ("GLMM, mKH", "logit REML", "Freeman–Tukey"), "GLMM, mKH", ""),
    ("Timing", ("after cycle 2",), "after cycle 2", "no report gives another"),
)


def multiverse(axes=AXES, measure="PLO", missing=0, protocol=None, seed=1):
    r = np.random.default_rng(seed)
    rows = list(product(*(levels for _, levels, *_ in axes)))
    choices = pd.DataFrame(rows, columns=[name for name, *_ in axes])
    effect = r.normal(0, 0.05, len(rows))
    for name, levels, *_ in axes:
        effect += choices[name].map(dict(zip(levels, r.normal(0, 0.2, len(levels)), strict=True)))
    se = r.uniform(0.1, 0.2, len(rows))
    columns = [np.array(BACK[measure](effect + z * se)) for z in (0, -1.96, 1.96)]
    for column in columns:
        column[:missing] = np.nan
    planned = rows.index(tuple(level for _, _, level, _ in axes)) if protocol is None else protocol
    return Multiverse(
        choices, dict(zip(("estimate", "ci_lb", "ci_ub"), columns, strict=True)),
        r.integers(3, 12, len(rows)), r.integers(99, 999, len(rows)), planned, axes, measure,
    )  # fmt: skip


@dataclass(frozen=True)
class Points:
    x: tuple
    y: tuple
    slab: tuple


@dataclass(frozen=True)
class Gosh:
    estimate: np.ndarray
    tau2: np.ndarray
    I2: np.ndarray
    subsets: np.ndarray
    slab: tuple
    measure: str = "OR"
    sampled: bool = False


def gosh_result(k=7, outlier=2, **more):
    r = np.random.default_rng(3)
    subsets = np.array(list(product([False, True], repeat=k)))[1:]
    yi, wi = r.normal(0, 0.2, k), r.uniform(4, 30, k)
    yi[outlier] += 1.5
    total = subsets @ wi
    mean = subsets @ (wi * yi) / total
    q, size = subsets @ (wi * yi**2) - total * mean**2, subsets.sum(axis=1)
    excess = np.clip(q - size + 1, 0, None)
    with np.errstate(invalid="ignore", divide="ignore"):
        i2 = np.where(size > 1, 100 * excess / np.maximum(q, 1e-9), np.nan)
    return Gosh(np.exp(mean), excess / total, i2, subsets, names(k), **more)


@dataclass(frozen=True)
class Refits:
    slab: tuple
    k: np.ndarray
    displayed: dict
    whole: object
    notes: tuple = ()


@dataclass(frozen=True)
class Bayes:
    slab: tuple
    shrinkage_displayed: tuple
    displayed: dict = field(
        default_factory=lambda: {
            "estimate": 0.52, "ci_lb": 0.43, "ci_ub": 0.61, "pi_lb": 0.3, "pi_ub": 0.74
        }
    )  # fmt: skip
    measure: str = "PLO"
    level: float = 0.95
    notes: tuple = ("Prior of tau: half-normal, 0.5",)


XI, NI = (14, 30, 9, 22, 11), (20, 35, 24, 40, 30)


def names(k):
    return tuple(f"Cohort {n}" for n in range(k))


def effects(k=14, seed=2):
    r = np.random.default_rng(seed)
    vi = r.uniform(0.02, 0.4, k)
    return r.normal(-0.3, np.sqrt(vi)), vi


def refits(measure="OR", drop=True, slab=None, k=6):
    yi, vi = effects(k)
    keep = [np.arange(k) != i if drop else np.arange(k) <= i for i in range(k)]
    fits = [rma(yi[rows], vi[rows], measure=measure) for rows in keep]
    shown = {
        key: np.array([fit.displayed[key] for fit in fits])
        for key in ("estimate", "ci_lb", "ci_ub")
    }
    whole = rma(yi, vi, measure=measure)
    return Refits(slab or names(k), np.array([fit.k for fit in fits]), shown, whole)


def bayes(slab=None, **more):
    own = np.array(XI) / NI
    rows = tuple((0.5 * v + 0.26, 0.5 * v + 0.1, 0.5 * v + 0.4) for v in own)
    return Bayes(slab or names(5), rows, **more)


def trimmed(yi, vi, measure="OR"):
    more = np.r_[yi, 0.9, 1.1], np.r_[vi, 0.3, 0.4]
    return SimpleNamespace(
        observed=rma(yi, vi, measure=measure), adjusted=rma(*more, measure=measure),
        filled=(0.9, 1.1), filled_vi=(0.3, 0.4), measure=measure,
    )  # fmt: skip


def sizes(k=12):
    ni = np.random.default_rng(5).integers(9, 400, k)
    rate = np.random.default_rng(6).uniform(0.3, 0.8, k)
    return np.log(rate / (1 - rate)), 1 / (ni * rate * (1 - rate)), ni


# The specification curve --------------------------------------------------------------------------

MANY = (*AXES, ("Estimator", tuple("ABCDEFGH"), "A", ""),
        ("Test", tuple("ijk"), "i", ""), ("Read", ("keep", "drop"), "keep", ""))  # fmt: skip
LENGTHY = (
    (LONG, (LONG, LONG + " too", "short"), LONG, ""),
    ("X" * 60, ("Y" * 70, "b"), "b", ""),
    ("One", (LONG,), LONG, LONG),
)
TINY = (("A", ("a1", "a2"), "a1", ""), ("B", ("b1", "b2"), "b2", ""))
CURVES = {
    "as the mock": multiverse(),
    "four": multiverse(TINY),
    "one": multiverse((("A", ("a1",), "a1", "none"),)),
    "ratio": multiverse(measure="OR"),
    "difference": multiverse(measure="RD"),
    "thin": multiverse((*AXES, ("Estimator", ("REML", "DL", "PM", "ML", "HE"), "REML", ""))),
    "long": multiverse(LENGTHY),
    "protocol lowest": multiverse(protocol=0),
    "no protocol": multiverse(missing=9, protocol=3),
}


@pytest.mark.parametrize("case", CURVES)
def test_a_curve_is_legible_at_both_widths(case):
    check_drawing(specification_curve(CURVES[case], provenance="Book · data 1.0 · " + LONG))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("at", [0.0, 0.05, 0.95, 1.0])
def test_the_labels_of_the_curve_keep_clear_wherever_the_protocol_is(at, seed):
    given = multiverse(TINY if seed == 1 else AXES[1:4], seed=seed)
    order = np.argsort(given.displayed["estimate"])
    planned = int(order[round(at * (len(order) - 1))])
    figure = specification_curve(Multiverse(**{**given.__dict__, "protocol": planned}))
    check_drawing(figure)
    for width in WIDTHS:
        for label in ("lowest", "highest", "median", "declared"):
            assert label in words(figure, width)
        curved = {s: box for s, *box in texts(figure, width)}
        x = np.mean(next(b for s, b in curved.items() if s == "declared")[:2])
        drawn = [line for line in figure._sheets[width].axes.lines if line.get_color() == "#8E1F3C"]
        (line, *_) = {float(line.get_xdata()[0]) for line in drawn}
        for label, box in curved.items():
            if label.startswith(("lowest", "highest")):
                assert not box[0] - 1 < line < box[1] + 1, (label, x)


def test_the_largest_curve_is_small_enough_for_a_page():
    given = multiverse(MANY)
    figure = specification_curve(given)
    check_drawing(figure)
    assert len(figure.table) == len(given.k) == 2304
    assert len(figure.svg("desktop")) < 300_000
    assert len(figure._sheets["desktop"].axes.patches) < 120


def test_the_table_of_a_curve_is_what_is_drawn():
    given = multiverse(missing=4)
    figure = specification_curve(given)
    table = figure.table
    order = np.argsort(given.displayed["estimate"], kind="stable")[:-4]
    assert list(table["estimate"]) == given.displayed["estimate"][order].tolist()
    assert list(table["ci_ub"]) == given.displayed["ci_ub"][order].tolist()
    assert list(table["Model"]) == given.choices["Model"].to_numpy()[order].tolist()
    assert list(table["k"]) == given.k[order].tolist()
    assert table["protocol"].sum() == 1 and not np.isnan(table["estimate"]).any()
    # Each analysis has one tick in each block of the matrix.
    ticks = [
        v for v in paths(figure, "ink") if len(v) and np.allclose(np.ptp(v[:2], axis=0), [0, 8.6])
    ]
    assert sum(len(v) // 2 for v in ticks) == 4 * len(table)


def test_ticks_stand_under_the_analyses_that_made_the_choice():
    figure = specification_curve(multiverse())
    points = next(v for v in paths(figure, "ink") if np.allclose(v[1] - v[0], [0.01, 0]))[::2]
    rows = [v for v in paths(figure, "ink") if np.allclose(np.ptp(v[:2], axis=0), [0, 8.6])]
    chosen = (figure.table["Definition"] == "CR").to_numpy()
    assert rows[0][::2, 0] == pytest.approx(points[chosen, 0])


def test_points_are_as_high_as_their_numbers():
    figure = specification_curve(multiverse())
    y = next(v for v in paths(figure, "ink") if np.allclose(v[1] - v[0], [0.01, 0]))[::2, 1]
    slope = np.diff(y) / np.diff(figure.table["estimate"])
    # Positions are rounded to 0.01 pixel.
    assert y == pytest.approx(
        np.poly1d(np.polyfit(figure.table["estimate"], y, 1))(figure.table["estimate"]), abs=0.011
    )
    assert np.median(slope) < 0


def test_what_one_choice_changes_is_printed_beside_it():
    given = multiverse()
    figure = specification_curve(given)
    drawn, phone = words(figure), words(figure, "phone")
    names = [name for name, *_ in AXES]
    estimates = given.choices.assign(y=100 * given.displayed["estimate"]).set_index(names)["y"]
    for name, levels, planned, _ in AXES[:4]:
        for level in levels:
            assert f"{(given.choices[name] == level).sum()}" in drawn.split()
            if level == planned:
                continue
            pairs = estimates.xs(level, level=name) - estimates.xs(planned, level=name)
            numbers = (pairs.median(), pairs.min(), pairs.max())
            middle, low, high = (f"{round(v) or 0}".replace("-", "−") for v in numbers)
            told = f"{'+' * (middle[0] not in '−0')}{middle} ({low} to {high})"
            assert told in drawn and told in phone and told in figure.alt


def test_a_factor_is_told_of_a_ratio():
    given = multiverse((("A", ("a", "b"), "a", ""),), measure="OR")
    one, other = given.displayed["estimate"]
    assert f"×{other / one:.2f}" in words(specification_curve(given))


def test_a_comparison_of_models_is_not_called_a_curve():
    given = multiverse((AXES[3],))
    figure = specification_curve(changed(given, method_axes=("Model",)))
    assert figure.title.endswith(", model by model")
    assert figure.alt.startswith("Comparison of models.")
    assert "not a specification curve" in words(figure)
    assert specification_curve(given).alt.startswith("Specification curve.")


def test_different_answers_are_counted():
    given = multiverse()
    for column in given.displayed.values():
        column[1::2] = column[::2]
    assert "48 analyses of one question, 24 different answers" in words(specification_curve(given))


def test_a_choice_that_hardly_moves_anything_is_no_title():
    given = multiverse(TINY)
    given.displayed["estimate"][:] = 0.501, 0.503, 0.505, 0.508
    title = specification_curve(given).title
    assert title.startswith("The pooled rate runs from 50 to 51%; one choice alone mostly moves it")


def test_what_leaves_something_out_is_drawn_apart():
    given = changed(multiverse(TINY), apart=("B",))
    figure = specification_curve(given)
    whole = given.choices["B"].to_numpy() == "b2"
    low, high = (f"{100 * f(given.displayed['estimate'][whole]):.0f}" for f in (np.min, np.max))
    assert f"from {low} to {high}%" in figure.title and "the B moves" not in figure.title
    assert "Hollow: one left out" in words(figure)
    hollow = next(v for v in paths(figure, "paper") if np.allclose(v[1] - v[0], [0.01, 0]))
    assert len(hollow) // 2 == 2 and len(figure.table) == 4


def test_the_protocols_choices_are_bold():
    figure = specification_curve(multiverse())
    for width in WIDTHS:
        bold = {t.get_text() for t in figure._sheets[width].axes.texts
                if t.get_fontproperties().get_weight() == 600}  # fmt: skip
        assert {"as reported", "strict", "GLMM, mKH"} <= bold
        assert not {"CR", "allow ∩?", "logit REML"} & bold


def test_what_is_not_drawn_is_said():
    drawn = words(specification_curve(multiverse(missing=9, protocol=3)), "phone")
    assert "9 of 48 not estimable, not drawn" in drawn
    assert "the declared analysis is not among those drawn" in drawn
    assert "39 of 48 analyses" in drawn
    assert "Timing: after cycle 2 (no report gives another)" in drawn


def test_a_curve_has_a_finding_for_title_and_no_test():
    figure = specification_curve(multiverse())
    low, high = 100 * figure.table["estimate"].iloc[[0, -1]]
    finding = f"The pooled rate runs from {low:.0f} to {high:.0f}%; what moves it most: "
    assert figure.title.startswith(finding)
    assert "no test is made" in words(figure)
    assert not re.search(r"\bp\s*[=<]", words(figure))
    assert specification_curve(multiverse(), title="T", subtitle="S").title == "T"


def test_an_axis_may_be_named_like_a_number():
    figure = specification_curve(
        multiverse((("estimate", ("a", "b"), "a", ""), ("k", ("c", "d"), "c", "")))
    )
    assert {"estimate (choice)", "k (choice)", "estimate", "k"} <= set(figure.table)


def test_infinite_limits_are_left_out_and_counted():
    given = multiverse()
    given.displayed["ci_ub"][5] = np.inf
    figure = specification_curve(given)
    check_drawing(figure)
    assert "1 without an interval" in words(figure)


# Funnel -------------------------------------------------------------------------------------------


def odds_ratio_funnel(k=14, **more):
    yi, vi = effects(k)
    return funnel(rma(yi, vi, measure="OR", slab=names(k)), yi=yi, vi=vi, **more)


def test_a_funnel_of_ratios_has_its_regions():
    figure = odds_ratio_funnel(provenance="Book · data 1.0")
    check_drawing(figure)
    yi, vi = effects()
    assert list(figure.table["estimate"]) == pytest.approx(np.exp(yi))
    assert list(figure.table["se"]) == pytest.approx(np.sqrt(vi))
    for width in WIDTHS:
        assert {"90%", "95%", "99%"} <= {s for s, *_ in texts(figure, width)}
        assert f"pooled {rma(yi, vi, measure='OR').displayed['estimate']:.2f}" in words(
            figure, width
        )


def test_the_regions_begin_where_the_limits_are():
    """At the bottom, log odds ratios of z times the standard error; 1.645 of 99% is inside."""
    figure = odds_ratio_funnel()
    ticks = {s: (a + b) / 2 for s, a, b, *_ in texts(figure, "desktop") if s in ("0.5", "1", "2")}
    per_log = (ticks["2"] - ticks["0.5"]) / np.log(4)
    apex = ticks["1"]
    corners = np.vstack(paths(figure, "hairline"))
    bottom = corners[:, 1].max()
    reach = 1.6448536269514722 * 1.12 * figure.table["se"].max() * per_log
    on_bottom = corners[np.isclose(corners[:, 1], bottom), 0]
    # The right one leaves the plot at its edge.
    assert np.min(np.abs(on_bottom - (apex - reach))) < 0.02


def test_a_funnel_of_arrays_of_no_known_measure():
    yi, vi = effects(10)
    figure = funnel(yi, vi, slab=[LONG] * 10)
    check_drawing(figure)
    assert list(figure.table["slab"]) == [LONG] * 10
    assert "pooled" not in words(figure)


def test_a_funnel_of_proportions_has_size_and_no_regions():
    yi, vi, ni = sizes()
    figure = funnel(rma(yi, vi, measure="PLO"), yi=yi, vi=vi, ni=ni)
    check_drawing(figure)
    assert list(figure.table["n"]) == ni.tolist()
    assert "depends on the proportion itself" in words(figure)
    assert "95%" not in {s for s, *_ in texts(figure, "desktop")} and not paths(figure, "hairline")
    order = np.argsort(ni)
    dots = next(v for v in paths(figure, "series-1"))[::2, 1]
    assert np.all(np.diff(dots[order]) <= 0)  # the larger, the higher


def test_a_funnel_of_double_arcsines_is_turned_back_study_by_study():
    from evisynth import escalc

    xi, ni = np.arange(1, 13) * 3, np.full(12, 40)
    yi, vi = escalc("PFT", xi=xi, ni=ni)
    figure = funnel(yi, vi, ni=ni, measure="PFT")
    assert list(figure.table["estimate"]) == pytest.approx(xi / ni, abs=1e-9)


def test_filled_studies_are_hollow_and_said_to_be_a_sensitivity():
    yi, vi = effects()
    given = trimmed(yi, vi)
    figure = funnel(given, yi=yi, vi=vi)
    check_drawing(figure)
    assert figure.table["filled"].tolist() == [False] * 14 + [True] * 2
    hollow = [v for v in paths(figure, "paper") if len(v) == 4]
    assert hollow and "never a correction" in words(figure)
    assert f"pooled with them {given.adjusted.displayed['estimate']:.2f}" in words(figure)
    by_name = funnel(yi, vi, measure="OR", filled=given)
    assert by_name.table["estimate"].tolist() == figure.table["estimate"].tolist()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), min_size=3, max_size=3),
    st.floats(-40, 40),
)
def test_a_cut_polygon_stays_on_its_side(points, edge):
    assert all(x <= edge + 1e-9 for x, _ in _cut(points, edge, 1))
    assert all(x >= edge - 1e-9 for x, _ in _cut(points, edge, -1))


# Baujat -------------------------------------------------------------------------------------------


def points(k=16, label="Cohort {}"):
    r = np.random.default_rng(4)
    x, y = r.exponential(1, k), r.exponential(0.1, k)
    return Points(tuple(x.tolist()), tuple(y.tolist()), tuple(label.format(n) for n in range(k)))


FLAT = Points((0.0, 0.0), (0.0, 0.0), ("a", "b"))


@pytest.mark.parametrize(
    "given", [points(), points(60), points(20, LONG + " {}"), points(9, "Same"), FLAT]
)
def test_baujat_is_legible(given):
    figure = baujat_plot(given, provenance="Book")
    check_drawing(figure)
    assert figure.table["x"].tolist() == list(given.x)
    assert figure.table["slab"].tolist() == list(given.slab)


def test_the_extremes_are_labelled():
    given = points(60)
    figure = baujat_plot(given)
    for width in WIDTHS:
        drawn = {s for s, *_ in texts(figure, width)}
        assert given.slab[int(np.argmax(given.x))] in drawn
        assert given.slab[int(np.argmax(given.y))] in drawn
        assert "without room for a label" in words(figure, width)
    assert figure.title.startswith(given.slab[int(np.argmax(given.x))])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 300), st.floats(0, 200)), min_size=1, max_size=25))
def test_placed_labels_meet_no_point_and_no_other(places):
    xs, ys = np.array(places).T
    found = place_labels([f"Cohort {n}" for n in range(len(xs))], xs, ys, (0, 0, 300, 200))
    boxes = [(x, y - 6, x + measure(t, 12), y + 6) for _, x, y, t in found]
    boxes += [(x, y, x, y) for x, y in places]
    for one, other in combinations(boxes, 2):
        across = min(one[2], other[2]) - max(one[0], other[0])
        assert across <= 1e-9 or min(one[3], other[3]) - max(one[1], other[1]) <= 1e-9
    assert all(b[0] >= 0 and b[2] <= 300 and b[1] >= 0 and b[3] <= 200 for b in boxes)


# GOSH ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("against", ["I2", "tau"])
@pytest.mark.parametrize("highlight", [None, "Cohort 2"])
def test_gosh_is_legible_and_its_cells_hold_every_subset(against, highlight):
    given = gosh_result()
    figure = gosh_plot(given, against=against, highlight=highlight, provenance="Book")
    check_drawing(figure)
    drawn = np.isfinite(given.I2) if against == "I2" else np.ones(len(given.I2), dtype=bool)
    assert figure.table["subsets"].sum() == drawn.sum()
    if highlight:
        assert figure.table["with_study"].sum() == given.subsets[drawn, 2].sum()
    assert "all 7" in words(figure)


def test_cells_hold_what_lies_between_their_bounds():
    given = gosh_result()
    drawn = np.isfinite(given.I2)
    table = gosh_plot(given).table
    for cell in table.sample(5, random_state=1).to_dict("records"):
        inside = (given.estimate[drawn] >= cell["estimate_from"] - 1e-9) & (
            given.estimate[drawn] <= cell["estimate_to"] + 1e-9
        )
        inside &= (given.I2[drawn] >= cell["I2_from"] - 1e-9) & (
            given.I2[drawn] <= cell["I2_to"] + 1e-9
        )
        assert inside.sum() >= cell["subsets"] > 0


def test_a_million_subsets_are_few_shapes():
    r = np.random.default_rng(8)
    b = 200_000
    given = Gosh(np.exp(r.normal(0, 0.3, b)), r.exponential(0.1, b), r.uniform(0, 99, b),
                 np.ones((b, 3), dtype=bool), names(3), sampled=True)  # fmt: skip
    figure = gosh_plot(given, highlight="Cohort 1")
    assert len(figure.table) <= 3000 and figure.table["subsets"].sum() == b
    assert "200,000 subsets drawn at random" in words(figure)


def test_the_highlighted_study_is_hatched_not_only_coloured():
    figure = gosh_plot(gosh_result(), highlight="Cohort 2")
    cells = [v for v in paths(figure, "accent") if len(v) % 5 == 0 and len(v)]
    hatches = [
        v for v in paths(figure, "accent") if len(v) % 2 == 0 and np.all(np.diff(v[:2], axis=0))
    ]
    assert sum(len(v) // 5 for v in cells) == sum(len(v) // 2 for v in hatches) > 0
    assert "Hatched" in words(figure) and not paths(gosh_plot(gosh_result()), "accent")


def test_rare_shapes_of_gosh():
    one = gosh_result(k=2, outlier=0)
    check_drawing(gosh_plot(one))
    same = Gosh(np.full(7, 0.8), np.zeros(7), np.zeros(7), np.ones((7, 3), dtype=bool), names(3))
    check_drawing(gosh_plot(same, against="tau"))
    check_drawing(
        gosh_plot(Gosh(**{**gosh_result().__dict__, "slab": (LONG,) * 6 + ("b",)}), highlight="b")
    )


def test_the_cells_of_a_span_know_their_values():
    axis = effect_axis("t", "OR", 0.95)
    data = SimpleNamespace(x=np.array([0.5, 2.0]), y=np.array([0.0, 100.0]), marked=None)
    x, y = effect_span(axis, data.x, 0, 70), even_span([0, 100], 70, 0)
    cells = gosh_cells(data, x, y, 7.0)
    assert cells.bounds[0] == pytest.approx([0.5, 0.5 * 4**0.1, 0, 10])
    assert cells.count.tolist() == [1, 1]


# Cumulative and leave-one-out ---------------------------------------------------------------------


@pytest.mark.parametrize("draw", [cumulative, leave_one_out])
@pytest.mark.parametrize("measure", ["OR", "PLO", "RD", "GEN"])
def test_refits_are_drawn_row_by_row(draw, measure):
    given = refits(measure, drop=draw is leave_one_out)
    figure = draw(given, provenance="Book · data 1.0")
    check_drawing(figure)
    form = "without {}" if draw is leave_one_out else "+ {}"
    table = figure.table
    assert table["label"].tolist() == [form.format(s) for s in given.slab] + ["All studies"]
    assert table["estimate"].tolist()[:-1] == given.displayed["estimate"].tolist()
    assert table["estimate"].iloc[-1] == given.whole.displayed["estimate"]
    assert table["k"].tolist() == [*given.k.tolist(), given.whole.k]
    for width in WIDTHS:
        drawn = [s for s, *_ in texts(figure, width)]
        assert all(drawn.count(form.format(label)) == 1 for label in given.slab)


def test_rows_with_long_same_or_missing_values():
    given = refits(slab=(LONG, LONG, "Same", "Same", "X" * 90, "b"))
    given.displayed["estimate"][1] = np.nan
    figure = leave_one_out(given)
    check_drawing(figure)
    assert "not estimable" in words(figure) and "not estimable" in words(figure, "phone")
    assert words(figure).count("Same") >= 2


def test_the_title_names_the_studies_that_move_most():
    figure = leave_one_out(refits())
    rows = figure.table.iloc[:-1]
    for place in (rows["estimate"].idxmin(), rows["estimate"].idxmax()):
        assert f"{rows['estimate'][place]:.2f} {rows['label'][place]}" in figure.title


# Shrinkage ----------------------------------------------------------------------------------------


def test_shrinkage_joins_own_estimate_and_posterior():
    figure = shrinkage(bayes(), xi=XI, ni=NI, provenance="Book")
    check_drawing(figure)
    table = figure.table
    assert table["own"].tolist()[:5] == pytest.approx(np.array(XI) / NI)
    assert table["estimate"].tolist()[:6] == [row[0] for row in bayes().shrinkage_displayed] + [
        0.52
    ]
    assert tuple(table.iloc[-1][["lb", "ub"]]) == (0.3, 0.74)
    joins = [line for line in figure.axes.lines
             if line.get_color() == "#55616E" and np.ptp(line.get_ydata()) == 10]  # fmt: skip
    assert len(joins) == 5
    assert "95% prediction: rate of a new centre" in words(figure)


def test_shrinkage_from_effects_and_from_arrays():
    by_counts = shrinkage(bayes(), xi=XI, ni=NI)
    logits = np.log(np.array(XI) / (np.array(NI) - XI))
    assert shrinkage(bayes(), yi=logits).table["own"].tolist()[:5] == pytest.approx(
        by_counts.table["own"].tolist()[:5]
    )
    columns = dict(
        zip(("estimate", "lb", "ub"), zip(*bayes().shrinkage_displayed, strict=True), strict=True)
    )
    again = shrinkage(Bayes(names(5), columns), xi=XI, ni=NI)
    assert again.table.equals(by_counts.table)
    check_drawing(shrinkage(bayes((LONG, LONG, "a", "a", "b")), xi=XI, ni=NI))


# All ----------------------------------------------------------------------------------------------

ALL = {
    "curve": lambda **more: specification_curve(multiverse(TINY), **more),
    "funnel": odds_ratio_funnel,
    "baujat": lambda **more: baujat_plot(points(5), **more),
    "gosh": lambda **more: gosh_plot(gosh_result(4), **more),
    "cumulative": lambda **more: cumulative(refits(drop=False, k=3), **more),
    "leave one out": lambda **more: leave_one_out(refits(k=3), **more),
    "shrinkage": lambda **more: shrinkage(bayes(), xi=XI, ni=NI, **more),
}


@pytest.mark.parametrize("name", ALL)
def test_every_figure_follows_the_page(name):
    figure = ALL[name](title="Own title", subtitle="Own subtitle", provenance="Own provenance",
                       caption="a < b", alt='say "so"', name="fig-1")  # fmt: skip
    html = figure._repr_html_()
    bare = re.sub(r"var\(--co-[a-z0-9-]+, #[0-9A-F]{6}\)", "", html)
    assert not re.search(r"#[0-9a-fA-F]{6}\b", bare)
    for width in WIDTHS:
        for text in ("Own title", "Own subtitle", "Own provenance"):
            assert text in words(figure, width)
    root = ElementTree.fromstring(html)
    assert root.attrib == {"class": "co-figure", "id": "fig-1"}
    assert root[0].get("aria-label") == 'say "so"' and root[0].get("role") == "img"
    assert repr(figure).startswith("Own title\n") and isinstance(figure.table, pd.DataFrame)


def test_files_and_page_are_the_same_each_time(tmp_path):
    first, second = (ALL["gosh"](highlight="Cohort 2") for _ in range(2))
    assert first._repr_html_() == second._repr_html_()
    for figure, folder in ((first, "a"), (second, "b")):
        figure.save(tmp_path / folder, "f")
    for name in ("f.svg", "f.png", "f-phone.svg", "f-phone.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("name", ALL)
def test_every_figure_has_title_and_alt_text_of_its_own(name):
    figure = ALL[name]()
    assert figure.title and figure.alt and re.search(r"\d", figure.alt)
    assert not re.search("significant|superior|robust", words(figure) + figure.alt)


def changed(given, **fields):
    return type(given)(**{**given.__dict__, **fields})


def one_arm_filled():
    yi, vi, ni = sizes()
    funnel(yi, vi, ni=ni, measure="PLO", filled=trimmed(*effects()))


LIMITS = ("estimate", "ci_lb", "ci_ub")
UNEVEN = {"estimate": [1], "ci_lb": [1, 2], "ci_ub": [1]}
STRANGE = changed(multiverse(), axes=(("No", ("a",), "a", ""),))
RATIOS = rma(*effects(), measure="OR")
WRONG = [
    (lambda: specification_curve(5), "multiverse"),
    (lambda: specification_curve(None), "multiverse"),
    (lambda: specification_curve(changed(multiverse(), protocol=999)), "multiverse"),
    (lambda: specification_curve(changed(multiverse(), protocol="a")), "multiverse"),
    (lambda: specification_curve(changed(multiverse(), displayed={})), "multiverse"),
    (lambda: specification_curve(changed(multiverse(), displayed=None)), "multiverse"),
    (lambda: specification_curve(changed(multiverse(), k=np.ones(3))), "multiverse"),
    (lambda: specification_curve(STRANGE), "multiverse"),
    (lambda: specification_curve(changed(multiverse(), axes=(1,))), "multiverse"),
    (lambda: specification_curve(changed(multiverse(), measure="XX")), "measure"),
    (lambda: specification_curve(changed(multiverse(), level=95)), "level"),
    (lambda: specification_curve(multiverse(), title=5), "title"),
    (lambda: odds_ratio_funnel(9), "yi"),
    (lambda: funnel(rma(*effects(), measure="OR"), vi=effects()[1]), "yi"),
    (lambda: funnel(*effects(), yi=[1]), "yi"),
    (lambda: funnel("text", [1]), "yi"),
    (lambda: funnel([np.nan] * 12, [1] * 12), "yi"),
    (lambda: funnel([[1] * 12], [1] * 12), "yi"),
    (lambda: funnel([1] * 12, [-1] * 12), "vi"),
    (lambda: funnel([1] * 12, [1] * 11), "vi"),
    (lambda: funnel(*effects(), measure="XX"), "measure"),
    (lambda: funnel(*effects(), measure="PLO"), "ni"),
    (lambda: funnel(*effects(), ni=[5] * 14), "ni"),
    (lambda: funnel(*sizes()[:2], ni=[5] * 11, measure="PLO"), "ni"),
    (lambda: funnel(*effects(), slab=["a"]), "slab"),
    (lambda: funnel(*effects(), filled=[True]), "filled"),
    (lambda: one_arm_filled(), "filled"),
    (lambda: funnel(RATIOS, [1] * 14, yi=[1] * 14, measure="RR"), "measure"),
    (lambda: baujat_plot(1), "result"),
    (lambda: baujat_plot(Points((1, np.nan), (1, 2), names(2))), "x"),
    (lambda: baujat_plot(Points((1, 2), (-1, 2), names(2))), "y"),
    (lambda: baujat_plot(Points((1, 2), (1, 2, 3), names(2))), "y"),
    (lambda: baujat_plot(Points((1, 2), (1, 2), names(3))), "slab"),
    (lambda: baujat_plot(Points((), (), ())), "x"),
    (lambda: gosh_plot([1, 2]), "result"),
    (lambda: gosh_plot(gosh_result(), against="Q"), "against"),
    (lambda: gosh_plot(gosh_result(), highlight="nobody"), "highlight"),
    (lambda: gosh_plot(changed(gosh_result(), slab=("a",) * 7), highlight="a"), "highlight"),
    (lambda: gosh_plot(changed(gosh_result(), estimate=[1, 2])), "result"),
    (lambda: gosh_plot(changed(gosh_result(), estimate=["a"] * 127)), "result"),
    (lambda: gosh_plot(changed(gosh_result(), subsets=np.ones((127, 7)))), "result"),
    (lambda: cumulative("x"), "result"),
    (lambda: cumulative(changed(refits(), displayed={})), "result"),
    (lambda: cumulative(changed(refits(), displayed=UNEVEN)), "result"),
    (lambda: leave_one_out(changed(refits(), k=[1, 2])), "result"),
    (lambda: leave_one_out(changed(refits(), slab=("a",))), "slab"),
    (lambda: leave_one_out(changed(refits(), whole=5)), "result"),
    (lambda: shrinkage(5, xi=XI, ni=NI), "bayes"),
    (lambda: shrinkage(bayes()), "xi"),
    (lambda: shrinkage(bayes(), xi=XI, ni=NI, yi=[1] * 5), "yi"),
    (lambda: shrinkage(bayes(), xi=XI[:4], ni=NI[:4]), "xi"),
    (lambda: shrinkage(bayes(), yi=[np.inf] * 5), "yi"),
    (lambda: shrinkage(changed(bayes(), shrinkage_displayed=None), xi=XI, ni=NI), "bayes"),
    (lambda: shrinkage(changed(bayes(), shrinkage_displayed=((1, 2),)), xi=XI, ni=NI), "bayes"),
    (lambda: shrinkage(changed(bayes(), measure="OR"), xi=XI, ni=NI), "yi"),
    (lambda: shrinkage(changed(bayes(), displayed={}), xi=XI, ni=NI), "bayes"),
]  # fmt: skip


@pytest.mark.parametrize(("build", "argument"), WRONG)
def test_wrong_arguments_are_named(build, argument):
    with pytest.raises(ArgumentError) as caught:
        build()
    assert caught.value.argument == argument


@pytest.mark.parametrize(
    "build",
    [
        lambda: specification_curve(multiverse(TINY, missing=4)),
        lambda: gosh_plot(changed(gosh_result(), I2=np.full(127, np.nan))),
        lambda: cumulative(changed(refits(), displayed=dict.fromkeys(LIMITS, [np.nan] * 6))),
    ],
)  # fmt: skip
def test_nothing_to_draw_has_a_remedy(build):
    with pytest.raises(NotEstimable, match="remedy"):
        build()


@pytest.mark.filterwarnings("ignore::evisynth.figures.base.glyphs.MissingGlyphs")
@settings(max_examples=3, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_label_gives_well_formed_svg(one, other):
    # Labels of studies may hold only what is seen.
    slab = tuple(look("".join(c for c in text if stray(c) is None)) or "a" for text in (one, other))
    for figure in (
        specification_curve(multiverse(((one or "A", ("a", other + "b"), "a", ""),), protocol=0)),
        baujat_plot(Points((1.0, 2.0), (1.0, 3.0), slab)),
        leave_one_out(refits(k=2, slab=slab)),
    ):
        for width in WIDTHS:
            ElementTree.fromstring(figure.svg(width))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["PLO", "OR", "RD", "GEN", "MS"]),
    st.lists(st.floats(0.001, 0.999), min_size=1, max_size=6),
)
def test_a_span_holds_what_it_must(measure, values):
    span = effect_span(effect_axis("t", measure, 0.95), values, 10, 200)
    inside = [v for v in values if measure != "OR" or v >= 0.1]
    assert all(span.low <= v * (1 + 1e-12) and v <= span.high * (1 + 1e-12) for v in inside)
    assert len(span.ticks) >= 2 and all(
        10 - 1e-6 <= span.at(v) <= 200 + 1e-6 for v, _ in span.ticks
    )
    labels = [label for _, label in span.ticks]
    assert len(set(labels)) == len(labels)


def test_a_sheet_has_no_empty_path():
    from evisynth.figures.base.scatter import boxes, strokes

    sheet = Sheet(100)
    boxes(sheet, np.empty((0, 4)), "ink")
    strokes(sheet, [], "ink", 1)
    assert not sheet.axes.patches
