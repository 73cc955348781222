"""A slice of what ``make fuzz`` tries, and what it found before; what ``make mutants`` rests on."""

import csv
import importlib
import json
import sys
from pathlib import Path

import evisynth
import numpy as np
import pytest
from evisynth import figures

FAULTS = Path(__file__).resolve().parents[2] / "faults"
SLOW = {"bayes_binomial": 2, "pool_proportions": 3, "gosh": 8, "forest": 5}
# Whole bases are read by test_validation, and drawings made by test_bad_input.
READ = ("table", "extraction passes", "book", "notebook", "record", "analyses")
RUN = ("evisynth compare", "evisynth.notebooks")


@pytest.fixture(scope="module")
def load():
    sys.path.insert(0, str(FAULTS))
    yield importlib.import_module
    sys.path.remove(str(FAULTS))


@pytest.fixture(scope="module")
def fuzz(load):
    return load("fuzz")


def test_every_exported_function_and_drawing_is_tried(fuzz):
    calls = fuzz.calls
    made = {name for name in evisynth.__all__ if name[0].islower()}
    of_evidence = {
        "load_evidence", "replicate", "specification_multiverse", "contrast_specifications",
    }  # fmt: skip
    assert made - {name.split()[0] for name in calls.FUNCTIONS} == of_evidence
    drawn = {name for name in figures.__all__ if name[0].islower()}
    of_analyses = {
        "contrast_curve_of", "curve_of", "double_counting_forest", "effect_forest", "forest_of",
        "median_forest", "forest_table", "leave_one_out_of", "mini_forest_of",
        "naive_against_independent", "odds_ratio_forest", "overlap_graph", "palette_css",
        "printed_rates", "search_flow_plot", "shared_reports", "shrinkage_of", "trial_ages",
    }  # fmt: skip
    assert drawn - set(calls.DRAWN) == of_analyses


def test_an_input_comes_of_its_seed_and_number_alone(fuzz):
    first, second = (fuzz.trial("escalc", "function", 17)[0]() for _ in range(2))
    assert first == second != fuzz.trial("escalc", "function", 18)[0]()


@pytest.mark.parametrize("kind", ["function", "reader", "command"])
def test_a_slice_of_the_inputs_gives_a_result_or_an_error_of_ours(fuzz, kind):
    chosen = {"function": fuzz.calls.FUNCTIONS, "reader": READ, "command": RUN}[kind]
    failed = [
        failure
        for name in chosen
        for failure in fuzz.try_part(name, kind, SLOW.get(name, 20), seed="slice")[1]
    ]
    assert failed == []


@pytest.mark.parametrize(
    ("work", "fault"),
    [
        (lambda: [1.0, float("nan")], "result[1] is no finite number"),
        (lambda: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda: np.log(0.0), "RuntimeWarning: divide by zero"),
        (lambda: exec("while True: pass"), "took longer than 0.05 s"),
    ],
)
def test_what_goes_wrong_is_a_fault(load, work, fault):
    assert load("trial").tried(work, 0.05).fault.startswith(fault)


def test_an_error_of_ours_is_none(load):
    assert load("trial").tried(lambda: evisynth.rma([], [])) == ("", True)


@pytest.mark.parametrize(
    ("limits", "measure", "notes", "words"),
    [
        ((0.5, 0.4), "GEN", (), "ci_lb, estimate, ci_ub are"),
        ((-1.0, 1.2), "GEN", (), "do not hold those of the mean"),
        ((-1.0, 1.2), "GEN", ("prediction limits are narrower",), ""),
        ((-1.0, 1.0), "PR", (), "displayed['ci_lb'] is -1.0"),
        ((0.1, 0.9), "PR", (), ""),
    ],
)
def test_limits_in_no_order_are_unsound(load, limits, measure, notes, words):
    from dataclasses import replace

    fit = evisynth.rma([0.2, 0.2, 0.2], [0.01, 0.01, 0.01], test="z")
    wrong = replace(
        fit, ci_lb=limits[0], ci_ub=limits[1], pi_lb=min(limits[0], -1.0), pi_ub=1.0,
        measure=measure, notes=notes,
    )  # fmt: skip
    if measure == "PR":
        wrong = replace(wrong, pi_lb=limits[0], pi_ub=limits[1])
    found = "; ".join(load("sound").unsound(wrong))
    assert words in found and bool(words) == bool(found)


# Faults of the engine -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "otherwise"),
    [
        ("def f(x: int | None = 2) -> str: return x + 1", True),
        ("def f(x: int & None = 1) -> bytes: return x + 1", False),
        ("def f(x: int | None = 1) -> str: return (x + 1)", False),
        ("def f(x: int | None = 1) -> str: return x +", False),
    ],
)
def test_a_change_of_an_annotation_alone_is_none(load, after, otherwise):
    before = "def f(x: int | None = 1) -> str: return x + 1"
    assert load("mutants").runs_otherwise(before, after) == otherwise


def test_each_package_that_is_mutated_has_modules(load):
    mutants = load("mutants")
    assert {package for package, _ in mutants.modules()} == set(mutants.PACKAGES)
    selecting = {path.stem for package, path in mutants.modules() if package == "evidence"}
    assert selecting == set(mutants.OF_EVIDENCE)


def test_a_line_belongs_to_the_innermost_function(load, tmp_path):
    path = tmp_path / "m.py"
    path.write_text("A = 1\n\n\ndef f(x):\n    def g():\n        return x\n\n    return g\n")
    found = load("engine").functions(path)
    assert {line: found[line] for line in (1, 6, 8)} == {1: 0, 6: 5, 8: 4}


# Modules that went after the recorded run; empty again after the next `make mutants`.
GONE = {"engine/glmm/limits.py", "engine/glmm/marginal_proportion.py"}


def test_each_surviving_fault_has_a_reason_and_its_line_still_stands(load):
    library = load("mutants").LIBRARY
    with (FAULTS / "survivors.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["reason"].strip() for row in rows)
    recorded = json.loads((FAULTS / "results.json").read_text("utf-8"))["engine"]["survivors"]
    assert {row["module"] for row in recorded if not (library / row["module"]).is_file()} == GONE
    for row in rows:
        lines = (library / row["module"]).read_text("utf-8").splitlines()
        assert row["mutation"].split(" -> ")[0] in {" ".join(line.split()) for line in lines}, row
