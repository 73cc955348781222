"""Examples in docstrings are run; what a reader meets first has one."""

import doctest
from importlib import import_module
from pathlib import Path

import evisynth
import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "code" / "evisynth"

MET_FIRST = (
    "bayes_binomial",
    "bayes_normal",
    "effect_from_interval",
    "escalc",
    "forest",
    "gosh",
    "independent_set",
    "influence",
    "kaplan_meier",
    "leave1out",
    "load_evidence",
    "mantel_haenszel",
    "meta_regression",
    "multiverse",
    "pool_medians",
    "pool_proportions",
    "regtest",
    "rma",
    "rma_glmm",
    "subgroups",
    "trimfill",
)


def module_of(path):
    """The dotted name under which a file is imported."""
    name = path.relative_to(PACKAGE.parent).with_suffix("").as_posix().replace("/", ".")
    return name.removesuffix(".__init__")


WITH_EXAMPLES = [
    module_of(path) for path in sorted(PACKAGE.rglob("*.py")) if ">>> " in path.read_text("utf-8")
]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_a_module_print_what_they_say(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testmod(import_module(name))
    plt.close("all")
    assert tried > 0
    assert failed == 0


@pytest.mark.parametrize("name", MET_FIRST)
def test_a_function_that_a_reader_meets_first_has_an_example(name):
    found = doctest.DocTestFinder(recurse=False).find(getattr(evisynth, name), name)
    assert any(test.examples for test in found)


def test_an_example_that_prints_another_number_fails():
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, None)
    assert doctest.DocTestRunner(verbose=False).run(wrong, out=lambda text: None).failed == 1
