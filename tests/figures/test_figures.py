import re
import subprocess
import sys
from types import SimpleNamespace
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from evisynth import escalc, pool_proportions, rma, rma_glmm
from evisynth.characters import stray
from evisynth.engine.bayes.models import bayes_binomial, bayes_normal
from evisynth.engine.effects.escalc import study_intervals
from evisynth.engine.effects.measures import MEASURES
from evisynth.engine.two_arm.pooling import mantel_haenszel
from evisynth.errors import ArgumentError
from evisynth.evidence.selection import Counted, Selection
from evisynth.evidence.specs import PoolSpec
from evisynth.figures import (
    PALETTE,
    PALETTE_DARK,
    PROPORTION,
    RATIO,
    Axis,
    Diamond,
    Group,
    LeftOutRow,
    Row,
    counted_once,
    forest,
    forest_of,
    mini_forest,
)
from evisynth.figures.base.marks import side
from evisynth.figures.base.scale import Scale
from evisynth.figures.base.style import font, measure, wrap
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from legible import WIDTHS, check_legible, texts
from matplotlib.colors import to_hex

LONG = "Consortium for the extremely long-named multicentre observational registry of two regions"
CODES = {"OVL": "shares patients", "2nd": "read in another report", "DEN": "other denominator"}


def row(label="Alder 2014", estimate=0.57, lower=0.48, upper=0.67, weight=50.0, **more):
    fields = {"counts": "58 / 101", "columns": ("1-arm", "CR/CRh"), "rob": "some"} | more
    return Row(label, estimate, lower, upper, weight, **fields)


def diamond(label="Subtotal", prediction=(0.4, 0.7)):
    return Diamond(label, 0.55, 0.5, 0.6, prediction, "116 / 202", "τ² = 0.12")


def group(title="First", k=2, **more):
    fields = {"subtotal": diamond()} | more
    return Group(title, tuple(row(f"Cohort {n}") for n in range(k)), **fields)


LEFT = LeftOutRow("Aspen 2016", "OVL", "⊂ Alder 2014", "21 / 36", 0.58, 0.42, 0.73)
NOT_ESTIMABLE = LeftOutRow("Willow 2018", "DEN", "counts not given", "? / 44")


def drawn_words(figure, width):
    return "".join(string for string, *_ in texts(figure, width)).replace(" ", "")


HARD = {
    "plain": ([group(), group("Second")], {"overall": diamond("All")}),
    "one group": ([group()], {}),
    "several, no overall": ([group(), group("Second", k=5)], {}),
    "empty group": ([group(k=0, subtotal=None, note="No cohort."), group("B")], {}),
    "nothing": ([Group("Alone", (), None, "No cohort can be counted here.")], {}),
    "two cohorts": ([group(k=2, subtotal=None, note="two cohorts: not pooled")], {}),
    "left out": ([group()], {"left_out": [LEFT, NOT_ESTIMABLE]}),
    "no weights": ([Group("", (row(weight=None, columns=(), rob=""),), diamond())], {}),
    "long": (
        [
            Group(
                LONG,
                (
                    row(
                        LONG,
                        badges=("2nd", "∩?", "IPD"),
                        columns=(LONG, LONG),
                        counts="1058 / 2101",
                    ),
                )
                * 2,
                Diamond(LONG, 0.5, 0.4, 0.6, (0.3, 0.7), "1058 / 2101", LONG),
            )
        ],
        {
            "left_out": [LeftOutRow(LONG, "OVL", LONG, "1058 / 2101", 0.5, 0.4, 0.6)],
            "footer": [LONG * 2],
        },
    ),
    "unbroken": ([Group("", (row("X" * 90, columns=("Y" * 60,)),), diamond())], {}),
    "extremes": (
        [Group("", (row(estimate=0, lower=0, upper=0.3), row(estimate=1, lower=0.7, upper=1)))],
        {},
    ),
    "ratio": (
        [
            Group(
                "",
                (
                    Row("Tiny", 2.5, 0.001, 900.0, 20, "1/10 v 0/12"),
                    Row("Other", 0.6, 0.3, 1.2, 80, "10/99 v 20/98"),
                    Row("None", None, None, None, None, "0/9 v 0/8"),
                ),
                Diamond("Pooled", 0.75, 0.55, 0.98, (0.2, 30), "11/118 v 20/118"),
            )
        ],
        {"axis": Axis("ratio", "Odds ratio [95% CI]", null=1.0)},
    ),
    "difference": (
        [
            Group(
                "",
                (
                    Row("Below", -0.12, -0.31, 0.02, 20, ""),
                    Row("Above", 0.4, 0.3, 1.2, 80, ""),
                    Row("None", None, None, None, None, ""),
                ),
                Diamond("Pooled", 0.075, 0.055, 0.98, (-0.2, 1.3)),
            )
        ],
        {"axis": Axis("difference", null=0.0)},
    ),
}


@pytest.mark.parametrize("case", HARD)
def test_texts_neither_overlap_nor_leave_the_sheet(case):
    groups, options = HARD[case]
    check_legible(forest(groups, title="A title", codes=CODES, **options))


@pytest.mark.parametrize("k", [1, 60])
def test_any_number_of_cohorts(k):
    figure = forest([group(k=k)], title="Many")
    assert sum(entry["kind"] == "cohort" for entry in figure.table) == k
    for width in WIDTHS:
        assert sum(s.startswith("Cohort ") for s, *_ in texts(figure, width)) == k
    check_legible(figure)


@pytest.mark.filterwarnings("ignore::evisynth.figures.base.glyphs.MissingGlyphs")
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=60), st.text(max_size=40))
def test_any_label_gives_well_formed_svg(label, column):
    # A label may hold only what is seen; any other text is drawn as far as it can be.
    shown = " ".join("".join(c for c in label if stray(c) is None).split()) or "a"
    if stray(label) or label != label.strip():
        with pytest.raises(ArgumentError, match=r"^Row: label is "):
            row(label)
    cells = (column, label)
    figure = forest([Group("", (row(shown, columns=cells),), diamond())], title=f"T {label}")
    for width in WIDTHS:
        ElementTree.fromstring(figure.svg(width))


@pytest.mark.parametrize("width", WIDTHS)
def test_long_texts_are_wrapped_not_dropped(width):
    groups, options = HARD["long"]
    assert (
        drawn_words(forest(groups, title="T", **options), width).count(LONG.replace(" ", "")) >= 4
    )


def test_duplicate_labels_are_all_drawn():
    figure = forest([Group("", (row("Same"), row("Same")), diamond())], title="T")
    assert [entry["label"] for entry in figure.table][:2] == ["Same", "Same"]
    assert sum(string == "Same" for string, *_ in texts(figure, "desktop")) == 2


def test_single_group_gets_the_pooled_diamond_and_its_prediction():
    kinds = [entry["kind"] for entry in forest([group()], title="T").table]
    assert kinds == ["cohort", "cohort", "pooled", "prediction"]


def test_several_groups_keep_subtotals_with_predictions():
    kinds = [entry["kind"] for entry in forest([group(), group("B")], title="T").table]
    assert kinds == ["cohort", "cohort", "subtotal", "prediction"] * 2


def test_subtotals_below_an_overall_have_no_prediction():
    figure = forest([group(), group("B")], overall=diamond("All"), title="T")
    kinds = [entry["kind"] for entry in figure.table]
    assert kinds == ["cohort", "cohort", "subtotal"] * 2 + ["pooled", "prediction"]


def test_columns_that_are_empty_are_not_drawn():
    figure = forest([Group("", (row(columns=("", "CR"), rob="", weight=None),))], title="T")
    words = [string for string, *_ in texts(figure, "desktop")]
    assert "Definition" in words
    assert not {"Design", "RoB", "Weight"} & set(words)


def test_only_codes_that_occur_are_spelt_out():
    words = drawn_words(forest([group()], left_out=[LEFT], codes=CODES, title="T"), "desktop")
    assert "OVLsharespatients" in words
    assert "otherdenominator" not in words


def test_svg_uses_the_variables_of_the_page_and_no_other_colour():
    figure = forest([group()], left_out=[LEFT], codes=CODES, title="T")
    for width in WIDTHS:
        svg = figure.svg(width)
        assert svg.startswith("<svg ") and "<style" not in svg and "DOCTYPE" not in svg
        bare = re.sub(r"var\(--co-[a-z0-9-]+, #[0-9A-F]{6}\)", "", svg)
        assert not re.search(r"#[0-9a-fA-F]{6}", bare)
        assert "Evisynth" not in svg and "'Source Sans 3'" in svg
        assert "Alder" in svg or "Cohort 0" in svg


def test_html_holds_both_drawings_with_alt_text():
    figure = forest([group()], title="T", caption="a < b", alt='say "so"', name="fig-1")
    html = figure._repr_html_()
    root = ElementTree.fromstring(html)
    assert root.attrib == {"class": "co-figure", "id": "fig-1"}
    assert [child.get("class") for child in root[:2]] == ["co-desktop", "co-phone"]
    assert all(child.get("aria-label") == 'say "so"' for child in root[:2])
    assert root.find("figcaption").text == "a < b"


def test_ids_are_unique_within_a_page():
    one, two = (forest([group()], title="T", name=name) for name in ("a", "b"))
    for figure in (one, two):
        # A chapter may annotate the axes; markers come with ids of their own.
        figure.axes.plot([10, 20], [10, 20], marker="o")
    page = one._repr_html_() + two._repr_html_()
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids)) > 2
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_links_lead_from_labels_and_stay_as_they_are():
    groups = [Group("", (row(href="cohorts.html#alder"), row(href="#here")), diamond())]
    html = forest(groups, title="T")._repr_html_()
    assert 'href="cohorts.html#alder"' in html and 'href="#here"' in html
    assert 'role="group"' in html and "_blank" not in html


def test_output_is_the_same_each_time(tmp_path):
    first, second = (forest([group()], left_out=[LEFT], title="T") for _ in range(2))
    assert first._repr_html_() == second._repr_html_() == first._repr_html_()
    assert repr(first) == repr(second)
    names = [path.name for path in first.save(tmp_path / "a", "f")]
    second.save(tmp_path / "b", "f")
    assert names == ["f.svg", "f.png", "f-phone.svg", "f-phone.png"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    svg = (tmp_path / "a" / "f.svg").read_text(encoding="utf-8")
    assert "var(" not in svg and "<dc:date>" not in svg


def test_the_users_settings_make_no_difference():
    plain = forest([group()], title="T")._repr_html_()
    with matplotlib.rc_context(
        {"font.size": 30, "lines.dash_capstyle": "round", "axes.grid": True}
    ):
        assert forest([group()], title="T")._repr_html_() == plain


def test_plain_text_names_every_drawn_row():
    figure = forest([group()], left_out=[LEFT], title="The title", name="x")
    lines = repr(figure).splitlines()
    assert lines[0] == "The title"
    assert len(lines) == 2 + len(figure.table)
    assert "⊂ Alder 2014" in repr(figure)


def test_alt_text_has_the_numbers():
    figure = forest([group()], title="T")
    assert "55 [50–60]" in figure.alt and "[40–70]" in figure.alt and "57 [48–67]" in figure.alt


def test_exotic_glyphs_give_no_warning(tmp_path):
    figure = forest([Group("", (row("急 ⊂ ∪ ∩ ≥ τ $x^2$"),), diamond())], title="≤ ∝ \x07")
    figure.save(tmp_path, "f")
    assert "$x^2$" in figure.svg()


@pytest.mark.parametrize(
    ("build", "argument"),
    [
        (lambda: Axis("log"), "kind"),
        (lambda: Axis("proportion", limits=(0.2, 0.8)), "limits"),
        (lambda: Axis("ratio", limits=(2, 1)), "limits"),
        (lambda: Axis("difference", limits=(1, 1)), "limits"),
        (lambda: row(rob="fine"), "rob"),
        (lambda: forest([Group("", (row(columns=("a", "b", "c")),))], title="T"), "columns"),
        (lambda: forest([Group("", (row(upper=1.2),))], title="T"), "limits"),
        (lambda: forest([Group("", (row(lower=-0.1),))], title="T"), "limits"),
        (lambda: forest([Group("", (row(estimate=float("nan")),))], title="T"), "estimate"),
        (lambda: forest([Group("", (row(lower=float("nan")),))], title="T"), "limits"),
        (lambda: forest([Group("", (), diamond(prediction=(0.4, 1.1)))], title="T"), "prediction"),
        (lambda: forest([Group("", (), diamond(prediction=(0.7, 0.4)))], title="T"), "prediction"),
        (
            lambda: forest([Group("", (row(estimate=0, lower=0),))], title="T", axis=RATIO),
            "estimate",
        ),
        (lambda: forest(5, title="T"), "groups"),
        (lambda: forest([row()], title="T"), "groups"),
        (lambda: forest([group()], title="T", xi=[1], ni=[2]), "xi"),
        (lambda: row(series=4), "series"),
        (lambda: forest([Group("", (row(lower=0.6),))], title="T"), "limits"),
        (lambda: forest([Group("", (row(estimate=57, upper=67),))], title="T"), "estimate"),
        (lambda: forest([group()], title="T").svg("tablet"), "width"),
        (lambda: units(total_rows=10), "unique"),
        (lambda: units(per_square=0), "per_square"),
    ],
)
def test_wrong_arguments_are_named(build, argument):
    with pytest.raises(ArgumentError) as caught:
        build()
    assert caught.value.argument == argument


def test_numbers_as_printed():
    number = PROPORTION.number
    assert [number(v) for v in (0, 0.004, 0.574, 1)] == ["0", "0.4", "57", "100"]
    assert [RATIO.number(v) for v in (0.5, 9.994, 9.995, 120)] == ["0.50", "9.99", "10.0", "120"]


def test_differences_as_printed():
    two, none = Axis("difference"), Axis("difference", decimals=0)
    assert [two.number(v) for v in (-0.125, -0.001, 0, 3)] == ["−0.12", "−0.001", "0.00", "3.00"]
    assert [none.number(v) for v in (-12.4, 1e7, float("-inf"))] == ["−12", "1e+07", "−∞"]
    assert two.interval(-0.2, 0.1) == "[−0.20 to 0.10]"


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (-0.13, 0.04, ["−0.15", "−0.1", "−0.05", "0", "0.05"]),
        (3, 47, ["0", "10", "20", "30", "40", "50"]),
        (0, 0, ["−1", "−0.5", "0", "0.5", "1"]),
        (-2e30, 1e30, ["−2e+30", "−1e+30", "0", "1e+30"]),
    ],
)
def test_a_difference_has_an_even_axis_that_holds_everything(low, high, labels):
    items = [Row("a", (low + high) / 2, low, high, 1, "")]
    scale = Scale.fit(Axis("difference", null=0.0), items, 0, 100)
    assert [label for _, label in scale.ticks] == labels
    assert scale.holds(low) and scale.holds(high) and scale.holds(0)


def test_scales():
    scale = Scale(PROPORTION, 0, 1, 330, 560)
    assert [scale.x(v) for v in (0, 0.5, 1)] == [330, 445, 560]
    items = [Row("a", 2.0, 0.001, 1e9, 1, ""), Row("b", 0.7, 0.5, 1.1, 1, "")]
    ratio = Scale.fit(RATIO, items, 0, 100)
    assert ratio.holds(1) and ratio.holds(2) and not ratio.holds(0.001) and not ratio.holds(1e9)
    assert 0 < ratio.x(1) < ratio.x(2) <= 100
    assert [label for _, label in ratio.ticks] == ["0.5", "1", "2"]


def test_square_area_is_proportional_to_weight():
    assert side(50, 50) == 13
    assert (side(25, 50) / side(50, 50)) ** 2 == pytest.approx(0.5)
    assert side(0.01, 50) == 3.5


def test_wrap_keeps_every_letter():
    for width in (30, 60, 200):
        lines = wrap(LONG + " CR/CRh/CRi", width, 13)
        assert "".join(lines).replace(" ", "") == (LONG + "CR/CRh/CRi").replace(" ", "")
        assert all(measure(line, 13) <= width for line in lines)


# Anybody's results --------------------------------------------------------------------------------

XI, NI = [14, 30, 9, 22, 11], [20, 35, 24, 40, 30]
NAMES = ["Alder", "Birch", "Cedar", "Elm", 2014]
TABLES = {
    "ai": [4, 6, 3, 62], "n1i": [123, 306, 231, 1359],
    "ci": [11, 29, 11, 248], "n2i": [139, 303, 220, 1286],
}  # fmt: skip


def entries(figure, kind):
    return [entry for entry in figure.table if entry["kind"] == kind]


def result_of(measure, **options):
    if measure in ("OR", "RR", "RD"):
        yi, vi = escalc(measure, **TABLES)
    elif measure in ("HR", "MS", "GEN"):
        yi, vi = [0.3, -0.1, 1.2], [0.1, 0.2, 0.3]
    else:
        yi, vi = escalc(measure, xi=XI, ni=NI)
        options |= {"ni": NI} if measure == "PFT" else {}
    return rma(yi, vi, measure=measure, **options), {"yi": yi, "vi": vi}


def test_a_binomial_model_is_drawn_with_exact_intervals():
    result = rma_glmm(XI, NI, slab=NAMES)
    figure = forest(result, xi=XI, ni=NI, title="Any counts")
    check_legible(figure)
    cohorts = entries(figure, "cohort")
    assert [entry["label"] for entry in cohorts] == list(map(str, NAMES))
    assert cohorts[0]["counts"] == "14 / 20"
    lower, upper = study_intervals(XI, NI)
    assert [entry["lower"] for entry in cohorts] == lower.tolist()
    assert [entry["upper"] for entry in cohorts] == upper.tolist()
    (pooled,), (predicted,) = entries(figure, "pooled"), entries(figure, "prediction")
    shown = result.displayed
    assert (pooled["estimate"], pooled["lower"]) == (shown["estimate"], shown["ci_lb"])
    assert (predicted["lower"], predicted["upper"]) == (shown["pi_lb"], shown["pi_ub"])
    assert pooled["counts"] == "86 / 149" and pooled["remark"].startswith("τ² = 0.61 (logit), k")


def test_a_pool_is_drawn_like_its_headline():
    pooled = pool_proportions(XI, NI, slab=NAMES)
    from_model = forest(pooled.headline, xi=XI, ni=NI, title="T")
    assert forest(pooled, title="T").table == from_model.table


@pytest.mark.parametrize(
    ("xi", "words"),
    [
        ([], "No cohort can be counted here."),
        ([7], "One cohort: its own exact interval, nothing is pooled."),
        ([7, 5], "one proportion common to all it would be 57 [34–78] of 100."),
        ([0, 0, 0], "one proportion common to all it would be 0 [0–11] of 100."),
        ([0, 11, 0], "one proportion common to all it would be 34 [19–53] of 100."),
    ],
)
def test_a_pool_without_a_headline_says_why(xi, words):
    ni = [10, 11, 11][: len(xi)]
    figure = forest(pool_proportions(xi, ni), title="T")
    check_legible(figure)
    (note,) = entries(figure, "note")
    assert note["label"].endswith(words) and not entries(figure, "pooled")
    assert len(entries(figure, "cohort")) == len(xi)


def test_the_warning_of_few_stands_below():
    figure = forest(pool_proportions(XI[:3], NI[:3]), title="T")
    assert "3cohorts:withsofew" in drawn_words(figure, "phone")


@pytest.mark.parametrize("measure", ["OR", "RR", "RD", "HR", "MS", "GEN"])
def test_comparisons_are_drawn_on_the_display_scale(measure):
    result, data = result_of(measure, level=0.9)
    figure = forest(result, **data, title="T")
    check_legible(figure)
    assert "[90%CI]" in drawn_words(figure, "desktop")
    assert "n/N" not in drawn_words(figure, "desktop")
    assert "90%prediction" in drawn_words(figure, "phone")
    shown = result.displayed
    (pooled,) = entries(figure, "pooled")
    assert (pooled["estimate"], pooled["upper"]) == (shown["estimate"], shown["ci_ub"])
    first, back = entries(figure, "cohort")[0], rma(data["yi"][:1], data["vi"][:1], measure=measure)
    assert first["estimate"] == pytest.approx(back.displayed["estimate"], rel=1e-12)
    one = rma(data["yi"][:1], data["vi"][:1], measure=measure, level=0.9).displayed
    assert (first["lower"], first["upper"]) == pytest.approx((one["ci_lb"], one["ci_ub"]))


@pytest.mark.parametrize("measure", ["PLO", "PLN", "PR", "PAS", "PFT"])
def test_proportions_of_any_scale_are_drawn(measure):
    result, data = result_of(measure)
    by_counts = forest(result, xi=XI, ni=NI, title="T")
    check_legible(by_counts)
    numbers = [entry["estimate"] for entry in entries(by_counts, "cohort")]
    assert numbers == pytest.approx([x / n for x, n in zip(XI, NI, strict=True)])
    (predicted,) = entries(by_counts, "prediction")
    assert 0 <= predicted["lower"] < predicted["upper"] <= 1
    if measure != "PFT":
        by_effects = forest(result, **data, title="T")
        numbers = [entry["estimate"] for entry in entries(by_effects, "cohort")]
        assert numbers == pytest.approx([x / n for x, n in zip(XI, NI, strict=True)])


def test_limits_that_leave_0_to_1_are_cut_and_said_to_be():
    result, _ = result_of("PR")
    assert result.displayed["pi_ub"] > 1
    figure = forest(result, xi=XI, ni=NI, title="T")
    assert entries(figure, "prediction")[0]["upper"] == 1
    assert "Limitsbeyond0or100%arecutthere." in drawn_words(figure, "desktop")


def test_equal_effects_are_a_common_effect():
    result, data = result_of("OR", method="EE", test="z")
    figure = forest(result, **data, title="T")
    (pooled,) = entries(figure, "pooled")
    assert (pooled["label"], pooled["remark"]) == ("Common effect", "k = 4")
    assert not entries(figure, "prediction")


def test_an_axis_of_the_right_kind_may_be_given():
    result, data = result_of("OR")
    figure = forest(result, **data, axis=Axis("ratio", "Odds of relief", (0.01, 10), 1), title="T")
    assert "Oddsofrelief" in drawn_words(figure, "desktop")


@pytest.mark.parametrize(
    ("measure", "options", "message"),
    [
        ("PLO", {}, "xi is missing; allowed: xi and ni, or yi and vi, of the studies."),
        ("PLO", {"xi": XI}, "ni is missing; allowed: whole numbers from 1."),
        ("PLO", {"yi": XI}, "vi is missing; allowed: positive finite numbers."),
        (
            "PLO",
            {"xi": [1], "ni": [2]},
            "xi is of length 1; allowed: one per study of the result, 5.",
        ),
        (
            "PLO",
            {"xi": XI, "ni": NI, "vi": NI},
            "vi is given; allowed: xi and ni, or yi and vi, not both.",
        ),
        ("OR", {"xi": XI, "ni": NI}, "xi is given; allowed: yi and vi for OR."),
        ("PFT", {"yi": XI, "vi": NI}, "yi is given; allowed: xi and ni for PFT."),
        (
            "PLO",
            {"xi": XI, "ni": NI, "overall": diamond()},
            "overall is given; allowed: nothing: the result has its own.",
        ),
        (
            "PLO",
            {"xi": XI, "ni": NI, "axis": RATIO},
            "axis is a ratio; allowed: a proportion, or None.",
        ),
    ],
)
def test_study_data_that_do_not_fit_the_result_are_named(measure, options, message):
    result, _ = result_of(measure)
    with pytest.raises(ArgumentError) as caught:
        forest(result, **options, title="T")
    assert str(caught.value) == f"forest: {message}"


def test_a_pool_takes_no_counts():
    with pytest.raises(ArgumentError) as caught:
        forest(pool_proportions(XI, NI), xi=XI, ni=NI, title="T")
    assert (
        str(caught.value) == "forest: xi is given; allowed: nothing: the counts are in the result."
    )


def test_labels_may_be_numbers():
    rows = (Row(2014, 0.5, 0.4, 0.6, 1, 7, (1, 2)),)
    figure = forest([Group("", rows, Diamond(2020, 0.5, 0.4, 0.6, None, 7))], title="T")
    (cohort,) = entries(figure, "cohort")
    assert (cohort["label"], cohort["counts"], cohort["Design"]) == ("2014", "7", "1")
    assert entries(figure, "pooled")[0]["label"] == "2020"
    assert LeftOutRow(7, "", "").label == "7"


# Columns, risk of bias, posteriors ----------------------------------------------------------------

CELLS = {"Design": "registry", "Definition": "CR/CRh/CRi", "Denominator": "treated", "Source": "x1"}
CHOICES = {
    "usual": ("Design", "Definition", "rob", "n/N", "weight"),
    "all": (*CELLS, "rob", "n/N", "weight"),
    "none": (),
    "reversed": ("Source", "Design", "n/N"),
    "circles alone": ("rob",),
}
ROBS = {
    "one": "some concerns",
    "strip": ("low", "some", "high", "not assessable", "") * 2,
    "no": "",
}


@pytest.mark.parametrize("rob", ROBS)
@pytest.mark.parametrize("choice", CHOICES)
def test_columns_of_choice_are_drawn_and_no_other(choice, rob):
    columns = CHOICES[choice]
    rows = tuple(row(f"{name} 2014", columns=CELLS, rob=ROBS[rob]) for name in ("Alder", "Birch"))
    figure = forest([Group("", rows, diamond())], columns=columns, title="T")
    check_legible(figure)
    heads = " · ".join(string for string, *_ in texts(figure, "desktop"))
    for name, head in {**dict(zip(CELLS, CELLS, strict=True)), "weight": "Weight"}.items():
        assert (head in heads) == (name in columns), name
    assert ("RoB" in heads) == ("rob" in columns and rob != "no")
    for width in WIDTHS:
        assert ("58/101" in drawn_words(figure, width)) == ("n/N" in columns)
    # What is not drawn is still in the table.
    assert figure.table[0]["counts"] == "58 / 101" and figure.table[0]["weight"] == 50


def test_columns_of_a_result_come_with_their_texts():
    result = rma_glmm(XI, NI, slab=NAMES)
    columns = {"Design": list("abcde"), "n/N": None}
    figure = forest(result, xi=XI, ni=NI, columns=columns, title="T")
    assert [entry["Design"] for entry in entries(figure, "cohort")] == list("abcde")
    assert "Weight" not in drawn_words(figure, "desktop")


def circles(figure, width="desktop"):
    """Faces of the risk-of-bias circles of a drawing, top to bottom; the key's come last."""
    found = [p for p in figure._sheets[width].axes.patches if getattr(p, "radius", 0) == 4]
    return [p.get_facecolor()[3] > 0 for p in found if type(p).__name__ == "Circle"]


@pytest.mark.parametrize("width", WIDTHS)
def test_risk_of_bias_is_a_filled_half_or_empty_circle_or_a_dash(width):
    judged = {"A": "low", "B": "some concerns", "C": "high", "D": "not assessable"}
    rows = tuple(row(label, rob="") for label in judged)
    figure = forest([Group("", rows, diamond())], rob=judged, title="T")
    check_legible(figure)
    assert circles(figure, width) == [True, False, False] * 2
    halves = [p for p in figure._sheets[width].axes.patches if type(p).__name__ == "Wedge"]
    assert len(halves) == 2
    assert "notassessable" in drawn_words(figure, width)
    assert [entry.get("rob") for entry in figure.table[:4]] == list(judged.values())
    plain = forest([Group("", rows[:3], diamond())], rob={"A": "low"}, title="T")
    assert "notassessable" not in drawn_words(plain, width)


def test_several_domains_are_a_strip_with_their_names_below():
    judged = {"A": ["low", "high", "low"], "B": ["high"] * 3}
    groups = [Group("", (row("A"), row("B")), diamond())]
    figure = forest(groups, rob=judged, rob_domains=["who", "what", "when"], title="T")
    for width in WIDTHS:
        assert circles(figure, width)[:6] == [True, False, True, False, False, False]
        assert "lefttoright:who,what,when" in drawn_words(figure, width)
    assert figure.table[0]["rob"] == "low, high, low"


def test_a_posterior_is_drawn_like_a_model_and_named_truly():
    result = bayes_binomial(XI, NI, tau_prior="HC(0.5)", slab=NAMES)
    figure = forest(result, xi=XI, ni=NI, title="T")
    check_legible(figure)
    (pooled,), (predicted,) = entries(figure, "pooled"), entries(figure, "prediction")
    assert pooled["label"] == "Pooled mean (GLMM by Bayes, HC(0.5))"
    assert f"τ = {result.tau:.2f}" in pooled["remark"] and "credible" in pooled["remark"]
    shown = result.displayed
    assert (pooled["estimate"], predicted["upper"]) == (shown["estimate"], shown["pi_ub"])
    assert [entry["weight"] for entry in entries(figure, "cohort")] == list(result.weights)


def test_a_pool_of_few_names_its_posterior():
    figure = forest(pool_proportions(XI[:3], NI[:3]), title="T")
    assert entries(figure, "pooled")[0]["label"] == "Pooled mean (GLMM by Bayes, HN(1))"


def test_a_posterior_of_effects_is_drawn():
    yi, vi = escalc("OR", **TABLES)
    figure = forest(bayes_normal(yi, vi, measure="OR"), yi=yi, vi=vi, title="T")
    check_legible(figure)
    assert entries(figure, "pooled")[0]["label"].startswith("Pooled mean (Bayes, H")


def test_a_common_effect_of_two_arms_is_drawn():
    result = mantel_haenszel(*TABLES.values())
    figure = forest(
        result, **dict(zip(("yi", "vi"), escalc("OR", **TABLES), strict=True)), title="T"
    )
    check_legible(figure)
    (pooled,) = entries(figure, "pooled")
    assert pooled["label"] == "Common effect"
    assert pooled["estimate"] == result.displayed["estimate"]


def test_medians_have_no_line_of_no_difference():
    result, data = result_of("MS")
    figure = forest(result, **data, title="T")
    assert "Mediansurvival" in drawn_words(figure, "desktop")
    ink = [line for line in figure.axes.lines if line.get_color() == PALETTE["ink"]]
    assert not [line for line in ink if line.get_linewidth() == 1.0]


def test_a_stack_of_results_is_refused():
    with pytest.raises(ArgumentError) as caught:
        forest(bayes_binomial([XI, XI], [NI, NI]), title="T")
    assert caught.value.argument == "groups"


@pytest.mark.parametrize(("xi", "ni"), [(XI[:2], NI[:2]), ([0, 0, 0], [9, 8, 7])])
def test_what_is_not_pooled_may_have_a_hollow_grey_diamond_beside_it(xi, ni):
    pooled = pool_proportions(xi, ni)
    assert not entries(forest(pooled, title="T"), "not pooled")
    figure = forest(pooled, nonetheless=True, title="T")
    check_legible(figure)
    (beside,) = entries(figure, "not pooled")
    assert beside["label"] == "If pooled nonetheless (GLMM by Bayes, HN(1))"
    assert beside["estimate"] == pooled.bayes.displayed["estimate"]
    assert not entries(figure, "pooled") and not entries(figure, "prediction")
    assert "weight" not in figure.table[0] and "If pooled nonetheless" in figure.alt
    for width in WIDTHS:
        patches = figure._sheets[width].axes.patches
        (shape,) = [p for p in patches if to_hex(p.get_edgecolor()) == PALETTE["left-mark"].lower()]
        assert to_hex(shape.get_facecolor()) == PALETTE["paper"].lower()
        assert not any(to_hex(p.get_facecolor()) == PALETTE["ink"].lower() for p in patches)


def test_what_is_pooled_is_not_pooled_again():
    pooled = pool_proportions(XI, NI)
    figure = forest(pooled, title="T", nonetheless=True)
    assert figure.table == forest(pooled, title="T").table


def polygons(figure, color):
    patches = [
        p for p in figure.axes.patches if to_hex(p.get_facecolor()) == PALETTE[color].lower()
    ]
    return [p.get_xy()[:-1] for p in patches]


def test_a_diamond_that_leaves_the_scale_is_cut_and_has_an_arrowhead():
    axis = Axis("ratio", limits=(0.1, 10), null=1.0)

    def shapes(lower, upper, estimate=1.0):
        pooled = Diamond("Pooled", estimate, lower, upper)
        rows = (Row("A", 1.0, 0.5, 2.0, 1, ""),)
        return polygons(forest([Group("", rows, pooled)], axis=axis, title="T"), "ink")

    (whole,) = shapes(0.2, 5)
    assert len(whole) == 4
    arrow, cut = shapes(0.2, 1000)
    assert len(arrow) == 3 and len(cut) == 5
    assert cut[:, 0].max() < arrow[:, 0].min() < arrow[:, 0].max()
    # 10 px short of the end, on the line from the middle to where 1000 would be.
    heights = {x: abs(y - whole[0][1]) for x, y in cut}
    right, middle = max(heights), max(heights, key=heights.get)
    end = arrow[:, 0].max()
    assert heights[right] == pytest.approx(7 * (1 - (right - middle) / (3 * (end - middle))))
    assert len(shapes(0, float("inf"))) == 3
    assert len(shapes(20, 50, 30)) == 1  # nothing but the arrowhead


def test_intervals_that_leave_a_ratio_axis_have_arrowheads():
    groups, options = HARD["ratio"]
    figure = forest(groups, **options, title="T")
    arrows = [p for p in polygons(figure, "series-1") if len(p) == 3]
    assert sorted(np.ptp(p[:, 0]) for p in arrows) == [8, 8]


@pytest.mark.parametrize("k", [1, 2, 3, 60])
def test_long_and_repeated_labels_at_any_number(k):
    long = "Registry of everybody, with a name of one hundred and twenty characters, which is very"
    long = f"{long} long and of which there are several"
    assert len(long) >= 120
    rows = tuple(row(long, weight=n + 1, badges=("2nd", "∩?")) for n in range(k))
    figure = forest([Group("A", rows, diamond())], left_out=[LEFT], codes=CODES, title="T")
    check_legible(figure)
    assert len(entries(figure, "cohort")) == k
    for width in WIDTHS:
        assert drawn_words(figure, width).count(long.replace(" ", "")) == k


@pytest.mark.parametrize("case", HARD)
def test_no_text_is_too_small(case):
    groups, options = HARD[case]
    figure = forest(groups, title="A title", codes=CODES, **options)
    badges = {"2nd", "∩?", "IPD", "OVL", "DEN"}
    for width in WIDTHS:
        for artist in figure._sheets[width].axes.texts:
            assert artist.get_fontsize() >= (9.5 if artist.get_text() in badges else 11)


# Declared analyses --------------------------------------------------------------------------------


class Declared:
    """A stand-in for an analysis with one pool per number of cohorts."""

    def __init__(self, *sizes):
        self.spec = SimpleNamespace(id="question")
        codebook = {"title": "Book: of tests", "version": "0.1", "created": "2026-01-02"}
        self.evidence, self.read_cohorts = SimpleNamespace(codebook=codebook), frozenset()
        self._selections = {f"pool-{k}": self._selection(k) for k in sizes}

    def chosen(self, *pools):
        return tuple(self._selections[pool] for pool in pools or self._selections)

    @staticmethod
    def _selection(k):
        counted = tuple(
            Counted(
                {"row_id": f"r{n}", "events": XI[n], "total": NI[n], "criterion": "CR_any",
                 "denominator": "treated", "timepoint": "cycle 2", "source_id": f"source-{n}",
                 "second_hand": False},
                {"cohort_id": f"c{n}", "label": f"Cohort {n}"},
                {"design": "registry"},
            )
            for n in range(k)
        )  # fmt: skip
        spec = PoolSpec(
            id=f"pool-{k}", title=f"Pool of {k}", estimand="response", outcomes=("cr",),
            where={"group": ("x",)},
        )  # fmt: skip
        return Selection(spec, counted, ())


def test_the_columns_of_an_analysis():
    figure = forest_of(Declared(5), title="T")
    check_legible(figure)
    assert {"Design", "Definition"} <= figure.table[0].keys() and "rob" not in figure.table[0]
    figure = forest_of(Declared(5), title="T", columns=("source", "denominator", "time", "n/N"))
    check_legible(figure)
    assert (figure.table[0]["Source"], figure.table[0]["Denominator"]) == ("source-0", "treated")
    assert "Design" not in figure.table[0] and "Weight" not in drawn_words(figure, "desktop")
    assert "GLMMbyBayes,HN(1)" in drawn_words(figure, "phone")


def test_risk_of_bias_of_an_analysis_goes_by_row():
    judged = {"r1": "high", "r0": ["low", "low"], "another": "low"}
    figure = forest_of(Declared(5), title="T", rob=judged)
    assert [entry.get("rob") for entry in figure.table[:3]] == ["low, low", "high", None]


def test_what_made_the_numbers_stands_in_the_last_line():
    def last(*sizes, **options):
        figure = forest_of(Declared(*sizes), title="T", **options)
        check_legible(figure)
        return drawn_words(figure, "phone").partition("2026-01-02")[2]

    assert all("GLMMbyBayes,HN(1)" in last(*sizes) for sizes in ((3,), (5,), (5, 3)))
    assert "exactintervals,nothingpooled" in last(2) and "Bayes" not in last(2)
    beside = last(2, 1, nonetheless=True)
    assert "nothingpooled;ifpoolednonetheless:GLMMbyBayes,HN(1)" in beside


def test_a_pooled_rate_by_bayes_says_so():
    for k in (3, 5):
        label = entries(forest_of(Declared(k), title="T"), "pooled")[0]["label"]
        assert label == "Pooled rate (GLMM by Bayes, HN(1))"


@pytest.mark.parametrize(
    ("build", "argument"),
    [
        (lambda: forest_of(Declared(2), title="T", columns=("colour",)), "columns"),
        (lambda: forest_of(Declared(2), title="T", columns="design"), "columns"),
        (lambda: forest_of(Declared(2), title="T", rob={"r0": "good"}), "rob"),
        (lambda: forest_of(Declared(2), title="T", rob=["low"]), "rob"),
        (lambda: forest([group()], title="T", columns="Design"), "columns"),
        (lambda: forest([group()], title="T", columns=5), "columns"),
        (lambda: forest([group()], title="T", columns=("A", "A")), "columns"),
        (lambda: forest([group()], title="T", columns={"A": ["x"]}), "columns: A"),
        (lambda: forest([group()], title="T", columns={"A": "xy"}), "columns: A"),
        (lambda: forest([group()], title="T", columns={"A": None}), "columns: A"),
        (lambda: forest([group()], title="T", rob={"Nobody": "low"}), "rob"),
        (lambda: forest([group()], title="T", rob={"Cohort 0": "good"}), "rob"),
        (lambda: forest([group()], title="T", rob="low"), "rob"),
        (lambda: forest([group()], title="T", rob_domains=("a", "b")), "rob_domains"),
        (lambda: row(rob=("low",) * 11), "rob"),
        (lambda: row(rob=("low", 5)), "rob"),
        (lambda: row(rob=None), "rob"),
        (lambda: forest([group()], title="T", nonetheless=True), "nonetheless"),
        (
            lambda: forest(rma_glmm(XI, NI), xi=XI, ni=NI, title="T", nonetheless=True),
            "nonetheless",
        ),
    ],
)
def test_wrong_choices_are_named(build, argument):
    with pytest.raises(ArgumentError) as caught:
        build()
    assert caught.value.argument == argument


# Units, cards, house style ------------------------------------------------------------------------


def units(**changes):
    arguments = {
        "total_rows": 3120,
        "unique": 1340,
        "naive": Diamond("", 0.53, 0.5, 0.57, None, "31 reports"),
        "naive_label": "Every report pooled",
        "independent": Diamond("", 0.5, 0.43, 0.57, (0.3, 0.7), "9 cohorts"),
        "independent_label": "Each patient counted once",
        "title": "Reports add up to 3,120 patients. There are 1,340.",
        "axis_label": "Remission per 100 treated",
    }
    return counted_once(**(arguments | changes))


def test_counted_once_draws_one_square_per_unit():
    figure = units(per_square=20)
    check_legible(figure)
    for width in WIDTHS:
        patches = [p for p in figure._sheets[width].axes.patches if hasattr(p, "get_xy")]
        boxes = [p for p in patches if type(p).__name__ == "Rectangle"]
        assert len(boxes) == 156
        assert sum(p.get_facecolor()[3] > 0 for p in boxes) == 67
    assert "3,120" in figure.alt and "1,340" in figure.alt


@pytest.mark.parametrize("axis", [PROPORTION, RATIO])
def test_mini_forest(axis):
    figure = mini_forest([diamond("First"), diamond(LONG, None)], axis=axis, name="card")
    check_legible(figure)
    assert [entry["kind"] for entry in figure.table] == ["pooled", "prediction", "pooled"]


def test_palette_roles_are_the_same_in_light_and_dark():
    assert PALETTE.keys() == PALETTE_DARK.keys()
    assert len(set(PALETTE.values())) == len(PALETTE)


@pytest.mark.parametrize("weight", [400, 600, 700])
def test_own_fonts_are_found(weight):
    from matplotlib.font_manager import findfont

    assert "Evisynth" in findfont(font("sans", weight), fallback_to_default=False)


def test_importing_the_package_does_not_import_matplotlib():
    code = "import evisynth, evisynth.figures, sys; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_drawing_leaves_pyplot_alone():
    code = (
        "import sys; from evisynth.figures import mini_forest, Diamond;"
        "mini_forest([Diamond('a', .5, .4, .6)])._repr_html_();"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("axis", "words", "short"),
    [
        (PROPORTION, "rate of a new centre", "New centre, 95% prediction"),
        (RATIO, "ratio of a new study", "New study, 95% prediction"),
        (Axis("difference", null=0.0), "effect of a new study", "New study, 95% prediction"),
        (Axis("ratio", noun="odds ratio"), "odds ratio of a new study", "New study"),
    ],
)
def test_a_prediction_is_of_what_is_estimated(axis, words, short):
    rows = (Row("A", 0.5, 0.4, 0.6, 50.0, ""), Row("B", 0.4, 0.3, 0.6, 50.0, ""))
    diamond = Diamond("Mean", 0.45, 0.4, 0.5, (0.3, 0.7))
    figure = forest([Group("", rows, diamond)], title="T", axis=axis)
    assert f"95% prediction: {words}" in figure.svg() and f", {words} [" in figure.alt
    assert short in figure.svg("phone") and f"95% prediction: {words}" in repr(figure)
    other = "new study" if axis.kind == "proportion" else "new centre"
    assert other not in figure.svg() + figure.svg("phone") + figure.alt + repr(figure)


@pytest.mark.parametrize("measure", [name for name, m in MEASURES.items() if m.arms != 1])
def test_no_other_measure_is_called_a_rate(measure):
    yi, vi = [0.1, 0.4, -0.2, 0.3], [0.01, 0.02, 0.01, 0.03]
    figure = forest(rma(yi, vi, measure=measure), yi=yi, vi=vi, title="T")
    assert f"{MEASURES[measure].name} of a new study" in figure.alt
    assert "rate" not in figure.alt
