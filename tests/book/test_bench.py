"""The benchmark's own arithmetic and its record, and what the page on validation makes of them.

Nothing here is timed.
"""

import importlib.util
import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from evisynth import accuracy
from evisynth.accuracy import peers, tables
from evisynth.accuracy.agreement import agreement_of
from evisynth.engine.random_effects.model import rma
from evisynth.errors import EvisynthError

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = accuracy.read_reference()
RECORD = accuracy.read_benchmark()


@pytest.fixture(scope="module")
def run():
    """bench/run.py as a module."""
    sys.path.insert(0, str(ROOT / "bench"))
    try:
        spec = importlib.util.spec_from_file_location("bench_run", ROOT / "bench" / "run.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(ROOT / "bench"))
        sys.modules.pop("tasks", None)


# --- arithmetic of the benchmark -----------------------------------------------------------------


def test_a_ratio_is_held_to_its_aim(run):
    row = run.row("a", "what", 0.02, "peer", 1.0, 40, differs=1.23456e-10)
    assert (row["ratio"], row["met"], row["largest_difference"]) == (50.0, True, 1.2e-10)
    assert run.row("a", "what", 0.02, "peer", 1.0, 60)["met"] is False


def test_without_a_peer_there_is_no_ratio_and_a_note(run):
    ours = {id_: (0.1, 1) for id_, *_ in run.AGAINST_METAFOR}
    rows = list(run.metafor_rows(ours, None, {}))
    assert len(rows) == len(run.AGAINST_METAFOR)
    assert all(row["ratio"] is None and row["met"] is None for row in rows)
    assert all("R with metafor was not found" in row["note"] for row in rows)
    assert all("not compared" in line for line in run.printed({"rows": rows}))


def test_a_limit_is_met_from_below(run):
    assert run.limit_row("a", "what", "GiB", 0.9, 1.0)["met"] is True
    assert run.limit_row("a", "what", "GiB", 1.1, 1.0)["met"] is False


def test_work_of_another_size_is_scaled(run):
    ours = {id_: (0.5, 1_000) for id_, *_ in run.AGAINST_METAFOR}
    times = {"id": list(run.PEER_ITEMS), "seconds": ["4.0"] * len(run.PEER_ITEMS)}
    rows = {row["id"]: row for row in run.metafor_rows(ours, {"timings": times}, {})}
    # metafor fits 100 binomial models in its time, we 1,000 in ours.
    assert rows["glmm-stacked"]["theirs"] == 40.0
    assert rows["reml-stacked"]["theirs"] == 4.0


def test_differences_are_relative_or_to_a_hundredth(run):
    assert run.difference([1.0, 101.0], [1.0, 100.0]) == pytest.approx(0.01)
    assert run.difference([1e-4], [0.0]) == pytest.approx(0.01)
    assert run.largest_difference({"a": [1.0], "b": [2.2]}, {"b": [2.0], "a": [1.0]}) == (
        pytest.approx(0.1)
    )


def test_data_of_both_sides_are_one_file(run, tmp_path, monkeypatch):
    monkeypatch.setattr(run.tasks, "STACK", 3)
    data = run.tasks.write_data(tmp_path)
    columns = run.read_columns(tmp_path / "data.csv")
    assert len(columns["set"]) == 3 * run.tasks.K
    for name, values in data.items():
        assert np.array(columns[name], float).tolist() == values.ravel().tolist()
    assert np.all((data["xi"] >= 0) & (data["xi"] <= data["ni"]))


def test_default_controls_are_counted_against_converged_values(run):
    cases = REFERENCE["analyses"][:3]
    names = ("PM", "EB", "ML", "REML")
    exact = {name: [repr(run._tau2(case, name)) for case in cases] for name in names}
    exact["REML"] = [repr(float(exact["REML"][0]) * 1.01), "nan", exact["REML"][2]]
    defaults = {"analysis": ["1", "2", "3"], "upper": ["4", "4", "0.1"]} | exact
    found = run.default_controls({"analyses": cases}, {"defaults": defaults})
    assert found["estimators"]["PM"]["off"] == 0
    reml = found["estimators"]["REML"]
    assert (reml["fits"], reml["off"], reml["largest"], reml["stopped"]) == (2, 1, 0.01, 1)
    assert reml["where"] == f"{cases[0]['data']}, {cases[0]['measure']}"
    assert found["ceiling"] == []


# --- the record ----------------------------------------------------------------------------------


def test_the_record_says_when_with_what_and_on_what():
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", RECORD["date"])
    assert {"python", "numpy", "scipy", "evisynth", "pymare"} <= RECORD["versions"].keys()
    assert {"cores", "python_loop_s", "load_before", "load_after"} <= RECORD["machine"].keys()
    text = json.dumps(RECORD)
    assert not re.search(r"/(home|root|tmp|usr|Users)\b|\\\\|https?:", text)


def test_the_record_judges_itself_rightly(run):
    rows = {row["id"]: row for row in RECORD["rows"]}
    assert set(rows) == {id_ for id_, *_ in run.AGAINST_METAFOR} | {
        "reml-stacked-pymare", "bayes", "import", "memory",
    }  # fmt: skip
    for row in rows.values():
        if row["ratio"] is not None:
            # Three digits are kept of each.
            assert row["ratio"] == pytest.approx(row["theirs"] / row["ours"], rel=0.011)
            assert row["met"] == (row["ratio"] >= row["aim"])
        elif row["peer"] is None:
            assert row["met"] == (row["ours"] <= row["aim"])


def test_the_recorded_numbers_agree_with_the_peers():
    # metafor's binomial model has seven nodes, PyMARE's minimiser a tolerance of 1e-6.
    coarse = {"glmm-single": 1e-3, "glmm-stacked": 1e-3, "reml-stacked-pymare": 1e-4}
    for row in RECORD["rows"]:
        if row["largest_difference"] is not None:
            assert row["largest_difference"] < coarse.get(row["id"], 1e-8), row["id"]


# --- agreement with the reference ----------------------------------------------------------------


def test_everything_in_the_reference_agrees():
    found = accuracy.agreement(REFERENCE)
    outside = [one for one in found if not one.difference <= one.tolerance]
    assert not outside
    assert sum(one.numbers for one in found) > 15_000
    whats = {one.what for one in found}
    assert {"EE", "DL", "PM", "REML", "binomial-normal model", "Q-profile limits"} <= whats


def test_a_wrong_number_is_found():
    case = json.loads(json.dumps(REFERENCE["analyses"][0]))
    fit = next(f for f in case["fits"] if f["method"] == "DL")
    fit["se"] *= 1 + 1e-8
    wrong = [one for one in accuracy.agreement({"analyses": [case]})
             if one.difference > one.tolerance]  # fmt: skip
    assert [one.what for one in wrong] == ["DL"]
    assert wrong[0].difference == pytest.approx(1e-8, rel=1e-4)


def test_sections_that_are_not_known_are_passed_over():
    assert accuracy.agreement({"made": {}, "another": [{}]}) == ()


def test_differences_that_are_rounding_look_alike():
    assert tables.bound(0.0) == tables.bound(3e-16) == tables.bound(9e-10) == "< 1e−9"
    assert tables.bound(3e-8) == "< 1e−7"
    assert tables.bound(1.5) == "< 1e1"


def test_the_table_adds_up():
    found = accuracy.agreement({"analyses": REFERENCE["analyses"][:2]})
    for by in ("what", "measure"):
        lines = accuracy.agreement_table(found, by=by).text.splitlines()[1:]
        numbers = [int(line.split(" | ")[2].replace(",", "")) for line in lines]
        assert sum(numbers) == sum(one.numbers for one in found)
        assert all(line.endswith("yes") for line in lines)
    off = [replace(found[0], difference=1.0)]
    assert accuracy.agreement_table(off).text.endswith("no")


# --- what other packages do ----------------------------------------------------------------------


def test_a_negative_variance_of_statsmodels_is_zero_here():
    found = accuracy.combine_effects_dl(REFERENCE)
    assert found and all(b.theirs["tau2"] < 0 == b.ours["tau2"] for b in found)
    for b in found:
        case = next(c for c in REFERENCE["analyses"]
                    if (c["data"], c["measure"]) == (b.data, b.measure))  # fmt: skip
        result = rma(case["yi"], case["vi"], method="DL")
        assert result.k - 1 > result.Q
        metafor = next(f for f in case["fits"] if (f["method"], f["test"]) == ("DL", "z"))
        # 7e-13 seen.
        assert b.ours["estimate"] == pytest.approx(metafor["estimate"], rel=1e-9)


def test_paule_and_mandel_of_two_studies_by_hand():
    # Q = 2 / (v + tau2) = 1.
    theirs, ours = accuracy.combine_effects_pm()
    assert ours == pytest.approx(2 - 0.15, rel=1e-12)
    assert theirs[1e-5] == pytest.approx(ours, rel=1e-5)
    assert theirs[1e-12] == 0.0


def test_statsmodels_agrees_at_its_default_tolerance():
    assert peers.pm_failures(REFERENCE, (1e-5,)) == {1e-5: 0}


def test_inconsistency_of_pymare_is_the_one_from_q():
    found = accuracy.pymare_inconsistency({"analyses": REFERENCE["analyses"][::4]})
    for b in found:
        # 2e-14 seen.
        assert b.theirs["I2"] == pytest.approx(b.ours["from_q"], abs=1e-8)
    gaps = [abs(b.theirs["I2"] - b.ours["I2"]) for b in found]
    assert gaps == sorted(gaps, reverse=True) and gaps[0] > 1


def test_the_default_interval_of_pymare_is_knapp_and_hartungs():
    limits = accuracy.pymare_default()
    assert limits["default"] == limits["knapp-hartung"]
    # PyMARE's minimiser stops at 1e-6; 4e-9 seen.
    assert limits["default"] == pytest.approx(limits["knha"], abs=1e-5)
    assert limits["wald"] == pytest.approx(limits["z"], abs=1e-5)
    assert limits["adhoc"][0] < limits["knha"][0] < limits["z"][0]


# --- records and tables --------------------------------------------------------------------------


def test_a_record_that_is_not_there_says_how_to_get_it(tmp_path):
    with pytest.raises(EvisynthError, match=r"results\.json cannot be read.*make bench"):
        accuracy.read_benchmark(tmp_path / "results.json")
    (tmp_path / "reference.json").write_text("{", "utf-8")
    with pytest.raises(EvisynthError, match="holds no JSON"):
        accuracy.read_reference(tmp_path / "reference.json")


def test_our_maximum_is_the_higher_one():
    cases = [c for c in REFERENCE["where_metafor_differs"] if not c["mods"]]
    lines = accuracy.higher_maxima_table(REFERENCE).text.splitlines()[1:]
    assert cases and len(lines) == len(cases)
    for line, case in zip(lines, cases, strict=True):
        *_, metafor, ours, gain = line.split(" | ")
        assert float(gain) > 0
        assert float(ours) == pytest.approx(case["tau2_highest"], abs=6e-4)
        assert float(metafor) == pytest.approx(case["tau2_metafor"], abs=6e-4)


def test_tables_of_the_record_have_a_row_each():
    lines = accuracy.benchmark_table(RECORD).text.splitlines()
    assert len(lines) == 1 + len(RECORD["rows"])
    without = RECORD | {"metafor_defaults": None}
    assert len(accuracy.default_controls_table(without).text.splitlines()) == 1
    assert len(accuracy.ceiling_table(without).text.splitlines()) == 1


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.00288, "s", "2.88 ms"), (5.5, "s", "5.5 s"), (0.237, "GiB", "0.237 GiB")],
)
def test_amounts_are_short(value, unit, text):
    assert tables.amount(value, unit) == text


@pytest.mark.parametrize(("value", "text"), [(-0.04, "0.0"), (0.04, "0.0"), (1.25, "+1.2"),
                                             (-2.16, "−2.2")])  # fmt: skip
def test_a_bias_has_its_sign(value, text):
    assert tables.signed_decimal(value) == text


def test_comparing_needs_a_floor():
    one = agreement_of("w", "m", [1e-12, 2.0], [0.0, 2.0], 1e-9)
    assert one.difference == pytest.approx(1e-10)
    assert agreement_of("w", "m", [0.1 + 1e-5], [0.1], 1e-4, floor=1.0).difference == (
        pytest.approx(1e-5)
    )
