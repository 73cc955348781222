import csv
import importlib.util
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from xml.etree import ElementTree

import evisynth as ev
import jsonschema
import numpy as np
import pytest
from evisynth.errors import EvisynthError
from evisynth.evidence.analyses import read_analyses
from evisynth.figures import DataFigure, forest, forest_of, odds_ratio_forest, specification_curve
from evisynth.figures.base.rows import Diamond, Group, Row
from evisynth.report.page.cite import bibtex, citation, cite, ris
from evisynth.report.page.values import pool_values
from evisynth.result import Result
from evisynth.result_schema import result_classes, result_schema
from evisynth.result_schema.attributes import attributes
from evisynth.result_schema.forms import form_of, object_of
from evisynth.results import DOWNLOADS, SCHEMA, analysis_results, as_json, write_results
from evisynth.words.phrases import count_word, per_hundred, ratio, thousands

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "code" / "evisynth" / SCHEMA


@cache
def evidence():
    return ev.load_evidence(ROOT / "data")


@cache
def analysis(name):
    return evidence().analyse(name)


@cache
def results(name):
    return json.loads(as_json(analysis_results(analysis(name))))


def pools_of(name):
    """Pools as the file has them, each with what it was made from."""
    return zip(results(name)["pools"], analysis(name).selections.values(), strict=True)


def quick_evidence(folder=None):
    """The evidence, whose analyses are made once for all tests."""
    found = evidence()
    return SimpleNamespace(
        analyses=found.analyses, analyse=analysis, codebook=found.codebook, folder=found.folder
    )


DECLARED = read_analyses(ROOT / "data" / "analyses.yml")[0]
NAMES = [spec.id for spec in DECLARED]
WITH_POOLS = [spec.id for spec in DECLARED if spec.pools]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    return {path.name: path for path in write_results(quick_evidence(), folder)}


# Files --------------------------------------------------------------------------------------------


def test_each_analysis_has_a_file_and_the_index_names_it(written):
    index = json.loads(written["index.json"].read_text("utf-8"))
    assert [entry["analysis"] for entry in index["analyses"]] == NAMES
    assert {entry["path"] for entry in index["analyses"]} | {"index.json", SCHEMA} == set(written)
    for entry in index["analyses"]:
        full = json.loads(written[entry["path"]].read_text("utf-8"))
        assert [pool["id"] for pool in entry["pools"]] == [pool["id"] for pool in full["pools"]]
        for short, pool in zip(entry["pools"], full["pools"], strict=True):
            same = ("rule", "k", "events", "total", "displayed")
            assert {key: short[key] for key in same} == {key: pool["pooled"][key] for key in same}


def test_the_same_evidence_gives_the_same_bytes(written):
    again = evidence().analyse(NAMES[1])
    assert as_json(analysis_results(again)) == written[f"{NAMES[1]}.json"].read_text("utf-8")


def test_files_follow_the_schema_that_stands_beside_them(written):
    schema = json.loads(written[SCHEMA].read_text("utf-8"))
    for name, path in written.items():
        if name != SCHEMA:
            found = json.loads(path.read_text("utf-8"))
            assert found["$schema"] == SCHEMA
            kind = "IndexFile" if name == "index.json" else "AnalysisFile"
            validator(schema, kind).validate(found)


def test_no_time_of_day_and_no_value_that_json_lacks(written):
    for path in written.values():
        text = path.read_text("utf-8")
        assert not re.search(r"\b(NaN|Infinity)\b|\d\dT\d\d:\d\d", text)
        assert str(ROOT) not in text


def test_json_refuses_nan():
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json({"estimate": float("nan")})


@pytest.mark.parametrize("name", NAMES)
def test_numbers_lose_nothing_on_the_way(name):
    for pool, selection in pools_of(name):
        assert pool["pooled"]["displayed"] == dict(selection.pooled.displayed)
        assert tuple(pool["pooled"]["lower"]) == selection.pooled.lower


@pytest.mark.parametrize("name", WITH_POOLS)
def test_specifications_are_those_that_are_declared(name):
    import yaml

    declared = yaml.safe_load((ROOT / "data" / "analyses.yml").read_text("utf-8"))["analyses"]
    pools = next(entry for entry in declared if entry["id"] == name)["pools"]
    for pool, found in zip(pools, results(name)["pools"], strict=True):
        assert found["id"] == pool["id"]
        assert found["specification"] | pool == found["specification"]


@pytest.mark.parametrize("name", NAMES)
def test_every_row_stands_there_once_with_place_or_reason(name):
    for pool, selection in pools_of(name):
        counted, left_out = pool["counted"], pool["left_out"]
        assert [row["events"] for row in counted] == pool["pooled"]["xi"]
        assert [row["label"] for row in counted] == pool["pooled"]["slab"]
        ids = [row["row_id"] for row in counted + left_out]
        assert len(set(ids)) == len(ids) == len(selection.counted) + len(selection.left_out)
        assert all(row["source_id"] and row["locator"] for row in counted + left_out)
        assert all(row["code"] and row["reason"] for row in left_out)
        assert left_out == sorted(left_out, key=lambda row: row["row_id"])


# What chapters print ------------------------------------------------------------------------------

NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
WORDS = {count_word(n): str(n) for n in range(11)}


def printed_numbers(text):
    """Numbers of a text, in digits and in letters."""
    letters = [WORDS[word] for word in re.findall(r"[a-z]+", text.lower()) if word in WORDS]
    return {*NUMBER.findall(text), *letters}


def numbers_in(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from numbers_in(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def as_printed(value):
    """Every way in which a chapter prints a number of the results."""
    yield thousands(value) if isinstance(value, int) else f"{value:.2f}"
    if isinstance(value, float) and 0 <= value <= 1:
        yield per_hundred(value)


def shown_in(pool):
    """What the numbers of a pool look like: sizes, displayed values, studies, spread, widths."""
    found, displayed = pool["pooled"], pool["pooled"]["displayed"]
    headline = found["headline"] or {}
    values = [len(pool["counted"]), len(pool["left_out"]), found["k"], found["events"]]
    values += [sum(bool(c["possible_overlaps"]) for c in pool["counted"])]
    values += [found["total"], *found["xi"], *found["ni"], *displayed.values()]
    values += [x / n for x, n in zip(found["xi"], found["ni"], strict=True)]
    values += [headline[name] for name in ("tau", "tau_lb", "tau_ub") if name in headline]
    values += [headline["tau2"] ** 0.5] if "tau2" in headline else []
    values += [tau for tau in pool["pooled"]["tau_limits"] or () if tau is not None]
    values += [*(found["common_effect"] or ()), *found["lower"], *found["upper"]]
    widths = set()
    if displayed["pi_lb"] is not None:
        ends = ((displayed[f"{kind}_ub"], displayed[f"{kind}_lb"]) for kind in ("ci", "pi"))
        widths = {str(int(per_hundred(high)) - int(per_hundred(low))) for high, low in ends}
    return {text for value in numbers_in(values) for text in as_printed(value)} | widths


# Numbers of the words themselves, not of the results: shares of 100, the 95 percent interval,
# and words such as "no range" and "one cohort" that a sentence may hold.
ALWAYS = {"100", "95", "0", "1", "2"}


@pytest.mark.parametrize("name", WITH_POOLS)
def test_what_chapters_print_of_a_pool_is_in_the_file(name):
    checked = 0
    for pool, selection in pools_of(name):
        there = shown_in(pool) | ALWAYS
        values = pool_values(selection)
        for name_of in ("criterion", "main-name"):  # words of the tables, and no result
            values.pop(name_of, None)
        for value in values.values():
            numbers = printed_numbers(value)
            checked += len(numbers)
            assert numbers <= there, (pool["id"], value)
    assert checked > 10


def test_a_number_that_is_not_in_the_file_would_be_found():
    pool = results(NAMES[0])["pools"][0] | {"counted": [], "left_out": []}
    pool["pooled"] = pool["pooled"] | {key: [] for key in ("xi", "ni", "lower", "upper")}
    rate, there = per_hundred(pool["pooled"]["displayed"]["estimate"]), shown_in(pool) | ALWAYS
    assert rate in there
    wrong = [n for n in range(3, 100) if str(n) not in there]
    assert len(wrong) > 80 and not printed_numbers(f"{wrong[0]} of 100") <= there


def contrasted():
    found = ((name, contrast) for name in NAMES for contrast in results(name)["contrasts"])
    return [(name, contrast) for name, contrast in found if "strata" in contrast]


def test_contrasts_that_chapters_declare_are_in_the_file():
    there = {(name, contrast["first"], contrast["second"]) for name, contrast in contrasted()}
    declared = {(n, c.first, c.second) for n in NAMES for c in analysis(n).spec.contrasts}
    assert declared and declared <= there


def test_contrasts_are_those_of_the_analysis():
    assert contrasted()
    for name, contrast in contrasted():
        found = analysis(name).odds_ratios(contrast["first"], contrast["second"])
        assert tuple(contrast["common"].values()) == tuple(found.common)
        assert ratio(contrast["common"]["estimate"]) == ratio(found.common[0])
        assert [stratum["study"] for stratum in contrast["strata"]] == list(found.labels)
        for stratum, model in zip(contrast["strata"], found.models, strict=True):
            assert stratum["odds_ratio"] == json.loads(model.to_json())
        for stratum, difference in zip(contrast["strata"], found.differences, strict=True):
            assert tuple(stratum["risk_difference"].values()) == difference
        for name, measure in (("common_risk_ratio", "RR"), ("common_risk_difference", "RD")):
            assert tuple(contrast[name].values()) == found.common_as(measure)
        assert list(contrast["priors"]) == list(found.priors)


def test_arms_of_a_contrast_share_no_patient():
    for _, contrast in contrasted():
        for stratum in contrast["strata"]:
            ids = [stratum[side]["cohort_id"] for side in ("first", "second")]
            assert ids[0] != ids[1] and not evidence().graph.shares(*ids)


# Schema -------------------------------------------------------------------------------------------


def validator(schema, kind):
    return jsonschema.Draft202012Validator({**schema, "anyOf": [{"$ref": f"#/$defs/{kind}"}]})


@cache
def committed():
    return json.loads(COMMITTED.read_text("utf-8"))


def test_the_committed_schema_is_what_the_classes_say():
    again = "run python -m evisynth.result_schema > code/evisynth/result.schema.json"
    assert COMMITTED.read_text("utf-8") == as_json(result_schema()), again


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(committed())


def test_every_class_and_every_property_is_described():
    assert len(result_classes()) > 20
    assert {cls.__name__ for cls in result_classes()} <= set(committed()["$defs"])
    bare = []
    for name, form in committed()["$defs"].items():
        bare += [] if form.get("description") else [name]
        properties = form.get("properties", {}).items()
        bare += [f"{name}.{key}" for key, value in properties if not value.get("description")]
    assert not bare


XI, NI = (9, 40, 3, 30, 12, 20), (30, 61, 25, 50, 48, 47)
LABELS = tuple("ABCDEF")
EFFECTS = ev.escalc("PLO", xi=XI, ni=NI)
YEARS = np.arange(6.0)
ELEVEN = np.linspace(-0.5, 1, 11) ** 2, np.linspace(0.05, 0.4, 11)


def regression():
    return ev.meta_regression(*EFFECTS, {"year": YEARS}, measure="PLO")


def curves():
    data = [ev.DataSet({"cohorts": "all"}, XI, NI), ev.DataSet({"cohorts": "some"}, XI[:4], NI[:4])]
    methods = [ev.Method({"model": "logit"}, "PLO", {"method": "REML"})]
    return ev.multiverse(data, methods)


def stacked():
    return [np.tile(values, (2, 1)) for values in EFFECTS]


INSTANCES = {
    "MetaAnalysis": lambda: [ev.rma(*EFFECTS, measure="PLO", slab=LABELS), ev.rma([0.5], [0.1]),
                             ev.rma_glmm(XI, NI), ev.rma(*EFFECTS, method="EE", test="z")],
    "MetaAnalyses": lambda: [ev.leave1out(*EFFECTS).fits],
    "Refits": lambda: [ev.leave1out(*EFFECTS, slab=LABELS), ev.cumul(*EFFECTS)],
    "Influence": lambda: [ev.influence(*EFFECTS)],
    "Baujat": lambda: [ev.baujat(*EFFECTS)],
    "Gosh": lambda: [ev.gosh(*EFFECTS, measure="PLO")],
    "BayesAnalysis": lambda: [ev.bayes_normal(*EFFECTS, measure="PLO"),
                              ev.bayes_normal([0.5, 0.1], [0.1, 0.2], mu_prior=(0, 2)),
                              ev.bayes_binomial(XI, NI)],
    "BayesAnalyses": lambda: [ev.bayes_normal(*stacked())],
    "BetaBinomial": lambda: [ev.betabinomial(XI, NI)],
    "GlmmRegression": lambda: [ev.rma_glmm(XI, NI, mods={"year": YEARS})],
    "MetaRegression": lambda: [regression()],
    "PermutationTest": lambda: [ev.permutest(regression(), permutations=100)],
    "Predictions": lambda: [predictions()],
    "Subgroups": lambda: [ev.subgroups(*EFFECTS, list("aaabbb"), measure="PLO")],
    "SmallStudyTest": lambda: [
        ev.regtest(*ELEVEN, predictor="sei", measure="OR"),
        ev.regtest(*ELEVEN, predictor="sei", measure="OR", model="lm"),
        ev.ranktest(*ELEVEN, measure="OR"),
    ],
    "TrimFill": lambda: [
        ev.trimfill(*ELEVEN, measure="OR", estimator=name) for name in ("L0", "R0")
    ],
    "TwoArm": lambda: [ev.mantel_haenszel([4, 7], [20, 30], [2, 9], [20, 31]),
                       ev.peto([4, 7], [20, 30], [0, 9], [20, 31])],
    "PooledMedians": lambda: [ev.pool_medians([7.7, 6.1, 5.0], [5.6, 4.0, 3.9], [9.6, 9.0, 7.0])],
    "KaplanMeier": lambda: [ev.kaplan_meier([1, 2, 3, 3, 5], [1, 0, 1, 1, 0]),
                            ev.kaplan_meier([1, 2], [0, 0])],
    "Multiverse": lambda: [curves()],
    "Pooled": lambda: [ev.pool_proportions(XI[:k], NI[:k]) for k in (0, 1, 2, 4, 6)]
    + [ev.pool_proportions([0, 0, 0], [5, 6, 7]), ev.pool_proportions([0, 6, 0], [5, 6, 7])],
    "CoverageStudy": lambda: [coverage_study()],
    "LogitCovariance": lambda: [covariance({(0, 1): 5}), covariance({(2, 3): int(NI[2])})],
    "MultilevelAnalysis": lambda: [multilevel("aabbcd"), multilevel("aaaaaa")],
}  # fmt: skip


def covariance(pairs):
    from evisynth.engine.multilevel.covariance import logit_covariance

    return logit_covariance(XI, NI, pairs)


def multilevel(families):
    from evisynth.engine.multilevel.model import rma_mv

    found = covariance({(0, 1): 5})
    return rma_mv(found.yi, found.V, list(families), measure="PLO")


def predictions():
    from evisynth.engine.moderators.predictions import predict

    return predict(regression(), {"year": [1.0, 2.0]})


def coverage_study():
    from evisynth.engine.coverage.simulation import SCENARIOS, coverage

    return coverage(scenarios=SCENARIOS[:1], replicates=20, seed=1)


@pytest.mark.parametrize("name", sorted(cls.__name__ for cls in result_classes()))
def test_results_follow_the_schema(name):
    assert name in INSTANCES, f"give {name} an instance in INSTANCES"
    for one in INSTANCES[name]():
        assert type(one).__name__ == name
        validator(committed(), name).validate(json.loads(one.to_json()))


def test_a_result_of_another_form_is_refused():
    found = ev.rma(*EFFECTS, measure="PLO").to_dict()
    wrong = [
        found | {"form": "0"},
        found | {"estimate": "0.5"},
        found | {"estimate": None},
        found | {"more": 1},
        found | {"type": "TwoArm"},
        {key: value for key, value in found.items() if key != "tau2"},
        found | {"weights": [[1.0]]},
        found | {"prediction": "none of them"},
    ]
    check = validator(committed(), "MetaAnalysis")
    assert check.is_valid(found)
    assert not [values for values in wrong if check.is_valid(values)]


class Pair(NamedTuple):
    """Two numbers."""

    low: float
    high: float | None


@dataclass(frozen=True)
class Plain:
    """One line.

    More.

    Attributes
    ----------
    a, b : int
        First; second.
    c : {"x", "y"}
    d : ndarray of bool, shape (B, k)
        Over
        two lines.

    Notes
    -----
    e : int
        Not an attribute.
    """

    a: int
    b: int
    c: str
    d: np.ndarray


def test_attributes_are_read_from_the_docstring():
    found = attributes(Plain)
    assert list(found) == ["a", "b", "c", "d"]
    assert found["b"].description == "a, b: First; second."
    assert (found["c"].type, found["c"].description) == ('{"x", "y"}', "")
    assert found["d"].description == "Over two lines."


def test_forms_of_types():
    assert form_of(float | None) == {"type": ["number", "null"]}
    assert form_of(tuple[int, ...]) == {"type": "array", "items": {"type": "integer"}}
    assert form_of(dict[str, float])["additionalProperties"] == {"type": "number"}
    assert form_of(Result) == {"$ref": "#/$defs/Result"}
    pair = jsonschema.Draft202012Validator(form_of(Pair | None))
    assert pair.is_valid([1.5, None]) and pair.is_valid(None)
    assert not pair.is_valid([None, 1.5]) and not pair.is_valid([1.5])
    plain = object_of(Plain)
    assert plain["description"] == "One line." and plain["required"] == ["a", "b", "c", "d"]
    check = jsonschema.Draft202012Validator(plain)
    assert check.is_valid({"a": 1, "b": 2, "c": "x", "d": [[True], [False]]})
    assert not check.is_valid({"a": 1, "b": 2, "c": "z", "d": [[True]]})
    assert not check.is_valid({"a": 1, "b": 2, "c": "x", "d": [True]})
    with pytest.raises(TypeError, match="no JSON form"):
        form_of(complex)


# Downloads of figures -----------------------------------------------------------------------------


def drawing(title="T", placed=True, footer=("Smith2020, fig. 3",), name=""):
    rows = (Row("A <b>", 0.5, 0.4, 0.6, 50.0, "1 / 2"), Row("B", 1 / 3, 0.2, 0.5, 50.0, "1 / 3"))
    diamond = Diamond("All", 0.45, 0.4, 0.5, None, "2 / 5")
    figure = forest([Group("", rows, diamond)], title=title, footer=footer, name=name)
    return figure.at("some-analysis", 3) if placed else figure


def links_of(html):
    line = re.search(r'<p class="co-downloads">.*?</p>', html)
    return re.findall(r'href="([^"]+)"', line[0]) if line else []


def test_links_are_named_after_the_place_of_the_figure():
    files = [f"downloads/some-analysis-3.{kind}" for kind in ("svg", "png", "csv")]
    assert links_of(drawing()._repr_html_()) == [*files, "results/some-analysis.json"]
    named = links_of(drawing(name="own")._repr_html_())
    assert named[:3] == [f"downloads/own.{kind}" for kind in ("svg", "png", "csv")]


@pytest.mark.parametrize("figure", [drawing(title=""), drawing(placed=False)])
def test_a_figure_without_title_or_name_has_no_links(figure):
    assert figure.stem == "" and "co-downloads" not in figure._repr_html_()


def test_the_page_is_the_same_whether_files_are_written_or_not(tmp_path, monkeypatch):
    monkeypatch.delenv(DOWNLOADS, raising=False)
    before = drawing()._repr_html_()
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv(DOWNLOADS, str(tmp_path / "made"))
    assert drawing()._repr_html_() == before
    made = sorted(path.name for path in (tmp_path / "made").iterdir())
    assert made == sorted(Path(link).name for link in links_of(before)[:3])


def test_the_file_stands_alone(tmp_path):
    figure = drawing(title="Rates < 1")
    svg, png = figure.save(tmp_path, "f")[:2]
    root = ElementTree.fromstring(svg.read_text("utf-8"))
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert "text" not in tags and "path" in tags  # letters as shapes
    assert root[0].text == "Rates < 1" and root[1].text == figure.alt
    assert "var(" not in svg.read_text("utf-8") and "font-family" not in svg.read_text("utf-8")
    assert float(root.get("width")) == 690 + 2 * 14
    from matplotlib.image import imread

    assert imread(png).shape[1] == 2 * (690 + 2 * 14)


def test_the_table_is_written_at_full_precision(tmp_path):
    path = drawing().save_table(tmp_path / "new", "f")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows[:2]] == ["A <b>", "B"]
    assert float(rows[1]["estimate"]) == 1 / 3
    curve = specification_curve(curves(), title="T")
    assert isinstance(curve, DataFigure)
    with curve.save_table(tmp_path, "curve").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(curve.table)


@pytest.mark.parametrize("name", NAMES[1:2])
def test_figures_of_an_analysis_link_to_its_results(name):
    pool = next(iter(analysis(name).selections))
    figure = forest_of(analysis(name), pool, title="T", figure=7)
    assert figure.stem == f"{name}-7"
    assert links_of(figure._repr_html_())[-1] == f"results/{name}.json"


def test_each_kind_of_figure_knows_its_place():
    name, contrast = contrasted()[0]
    pair = contrast["first"], contrast["second"]
    assert odds_ratio_forest(analysis(name), *pair, title="T", figure=4).stem == f"{name}-4"


# The built site -----------------------------------------------------------------------------------


def extension(name):
    spec = importlib.util.spec_from_file_location(f"_ext_{name}", ROOT / "_ext" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LINE = drawing()._downloads()


def site(tmp_path, pages, files=()):
    for name, body in pages.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(body, encoding="utf-8")
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    return tmp_path


def test_links_are_made_relative_to_their_page():
    def pathto(target, resource):
        assert resource
        return f"../{target}"

    context = {"pathto": pathto, "body": f'<a href="downloads/x">Keep</a>{LINE}'}
    extension("results").lead_to_root(None, "chapters/a", "page.html", context, None)
    assert '<a href="downloads/x">Keep</a>' in context["body"]
    assert all(link.startswith("../") for link in links_of(context["body"]))
    assert extension("results").lead_to_root(None, "search", "", {"pathto": pathto}, None) is None


def test_a_link_without_its_file_is_found(tmp_path):
    results_ = extension("results")
    line = LINE.replace('href="', 'href="../')
    files = [f"downloads/some-analysis-3.{kind}" for kind in ("svg", "png", "csv")]
    built = site(tmp_path, {"chapters/a.html": line}, [*files, "results/some-analysis.json"])
    linked = list(results_.linked_files(built))
    assert len(linked) == 4 and not list(results_.missing_files(linked, built))
    (built / files[1]).unlink()
    assert [files[1] in fault for fault in results_.missing_files(linked, built)] == [True]


def test_two_figures_of_one_name_are_found(tmp_path):
    results_ = extension("results")
    built = site(tmp_path, {"a.html": LINE, "b.html": LINE})
    faults = list(results_.shared_names(list(results_.linked_files(built))))
    assert len(faults) == 1 and "a.html, b.html" in faults[0]
    assert not list(results_.shared_names([("downloads/x.svg", "a.html")]))


def test_the_site_gets_results_and_linked_files_alone(tmp_path, monkeypatch):
    results_, outdir, made = extension("results"), tmp_path / "html", tmp_path / "made"
    line = LINE.replace("some-analysis", NAMES[0])
    files = [f"{NAMES[0]}-3.{kind}" for kind in ("svg", "png", "csv")]
    site(made, {}, [*files, "old.svg"])
    site(outdir, {"index.html": line}, ["results/gone.json"])
    app = SimpleNamespace(
        builder=SimpleNamespace(format="html"), outdir=str(outdir), confdir=str(ROOT),
        config=SimpleNamespace(book_downloads=str(made)),
    )  # fmt: skip
    monkeypatch.setattr(results_, "load_evidence", quick_evidence)
    results_.offer_files(app, None)
    assert sorted(path.name for path in (outdir / "downloads").iterdir()) == sorted(files)
    names = {path.stem for path in (outdir / "results").glob("*.json")}
    assert names == {*NAMES, "index", "result.schema"}
    (made / files[0]).unlink()
    from sphinx.errors import ExtensionError

    with pytest.raises(ExtensionError, match=re.escape(files[0])):
        results_.offer_files(app, None)


def test_a_cache_without_the_figures_files_is_not_used(tmp_path):
    bookcache, cache = extension("bookcache"), tmp_path / "key"
    downloads = bookcache.downloads_beside(cache)
    (cache / "executed").mkdir()
    assert bookcache.downloads_beside(cache) == downloads and (cache / "executed").is_dir()
    downloads.rmdir()
    assert bookcache.downloads_beside(cache).is_dir() and not (cache / "executed").exists()


# How to cite --------------------------------------------------------------------------------------


def a_book(tmp_path, text):
    (tmp_path / "data").mkdir()
    if text is not None:
        (tmp_path / "CITATION.cff").write_text(text, "utf-8", errors="surrogateescape")
    codebook = {"name": "book", "version": "1.2", "created": "2030-04-05T00:00:00Z"}
    return SimpleNamespace(codebook=codebook, folder=tmp_path / "data")


CFF = """
title: "A & B"
authors:
  - {family-names: Doe, given-names: Ann, name-particle: van}
  - {name: The group}
"""


def test_what_is_cited_is_what_the_citation_file_says(tmp_path):
    found = citation(a_book(tmp_path, CFF))
    assert found["authors"] == (("van Doe", "Ann"), ("The group", ""))
    assert (found["title"], found["version"], found["date"]) == ("A & B", "1.2", "2030-04-05")
    assert bibtex(found).startswith("@book{book-1.2,\n  author = {van Doe, Ann and {The group}},")
    assert "title = {{A \\& B}}" in bibtex(found) and "year = {2030}" in bibtex(found)
    assert ris(found).splitlines()[:3] == ["TY  - BOOK", "AU  - van Doe, Ann", "AU  - The group"]
    assert ris(found).splitlines()[-1] == "ER  - "


def test_a_doi_is_never_invented(tmp_path):
    bare = cite(a_book(tmp_path, CFF))
    assert not re.search("doi", f"{bare.html}{bare}", re.I)
    (tmp_path / "CITATION.cff").write_text(f"{CFF}doi: 10.1/x_y\n", encoding="utf-8")
    with_doi = cite(SimpleNamespace(codebook=a_codebook(), folder=tmp_path / "data"))
    assert "doi = {10.1/x_y}" in str(with_doi) and "DO  - 10.1/x_y" in str(with_doi)


def a_codebook():
    return {"name": "book", "version": "1.2", "created": "2030-04-05T00:00:00Z"}


@pytest.mark.parametrize(
    "text",
    [None, "", "title: T", "authors: [{name: N}]", "title: T\nauthors: []", "title: [", "- a",
     "title: T\nauthors: N", "title: T\nauthors: [N]", "title: T\nauthors: [{alias: N}]",
     "title: T\nauthors: [{name: [N]}]", "title: T\nauthors: [{name: N, given-names: 3}]",
     "title: 2020-99-99", "title: !!bool x", "title: \udcff"],
)  # fmt: skip
def test_a_citation_file_that_does_not_do_is_said(tmp_path, text):
    with pytest.raises(EvisynthError, match=r"CITATION\.cff"):
        cite(a_book(tmp_path, text))


@pytest.mark.parametrize("name", NAMES)
def test_a_chapter_is_cited_with_its_question_and_the_version_of_the_data(name):
    box = cite(analysis(name))
    spec = analysis(name).spec
    question = spec.card.title if spec.card else spec.question
    assert question[1:] in str(box) and evidence().version in str(box)
    assert links_of(box.html) == [f"results/{name}.json"]
    assert "@incollection{" in str(box) and "TY  - CHAP" in str(box)
    assert "Not medical advice" in str(box) and "Not medical advice" in box.html
    root = ElementTree.fromstring(box.html)
    assert [element.tag for element in root] == ["p", "p", "details", "p"]
    assert cite(analysis(name)) == box and "DOI" not in str(box)
