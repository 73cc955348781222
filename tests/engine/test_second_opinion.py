"""A second opinion from Python: PyMARE, which fits the same models by other means.

It is an opinion alone, never a dependency: where it is not installed these tests are skipped.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from evisynth.engine.moderators.meta_regression import meta_regression
from evisynth.engine.random_effects.intervals import q_profile
from evisynth.engine.random_effects.model import rma

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "reference" / "reference.json").read_text("utf-8")
)
CORRECTIONS = {
    "z": "wald",
    "knha": "knapp-hartung",
    "adhoc": "knapp-hartung-conservative",
}
METHODS = ("DL", "HE", "ML", "REML")
# Its minimiser of the likelihoods stops within about 1e-6. Largest errors seen over reference and
# random data, relative to numbers above 0.01: of DL and HE 2e-14, of ML and REML 3e-6, of the
# Q-profile 5e-11; one data set at a time, not in a stack, 5e-6 (a tau2 of 0.014).
CLOSED, MINIMISED, PROFILED = (1e-9, 1e-11), (1e-5, 1e-7), (1e-6, 1e-8)
AT_ONCE = 10  # it warns of a Q-profile of more data sets than these


@pytest.fixture(scope="module")
def pymare():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it leaves a file open as it is imported
        return pytest.importorskip("pymare", reason="PyMARE, the second opinion, is not installed")


def reference_data():
    """Effects and variances of the reference, those of one number of studies together."""
    sets = {}
    for case in REFERENCE["analyses"] + REFERENCE["given_effects"]:
        sets.setdefault(len(case["yi"]), []).append((case["yi"], case["vi"]))
    return sets


def random_data():
    """Invented effects, with and without heterogeneity."""
    rng, sets = np.random.default_rng(20), {}
    for k in (2, 3, 4, 6, 9, 15, 24):
        for tau in (0.0, 0.1, 0.3, 1.0, 3.0):
            vi = np.exp(rng.normal(-2, 1, k))
            yi = rng.normal(0.4, np.sqrt(tau**2 + vi))
            sets.setdefault(k, []).append((yi, vi))
    return sets


def stacks(data):
    """Arrays of shape (B, k) with at most so many data sets."""
    for sets in data.values():
        for start in range(0, len(sets), AT_ONCE):
            yield tuple(np.array(part) for part in zip(*sets[start : start + AT_ONCE], strict=True))


DATA = {"reference": reference_data(), "random": random_data()}


def same(ours, theirs, tolerance, label):
    relative, absolute = tolerance
    ours = np.asarray(ours, float)
    theirs = np.asarray(theirs, float).reshape(ours.shape)
    off, may = np.abs(ours - theirs), np.maximum(relative * np.abs(ours), absolute)
    at = np.unravel_index(np.argmax(off / may), off.shape)
    assert np.all(off <= may), f"{label}: {ours[at]!r}, PyMARE {theirs[at]!r}"


@pytest.mark.parametrize("test", CORRECTIONS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("data", DATA)
def test_pymare_fits_the_same_mean_and_spread(pymare, data, method, test):
    tolerance = CLOSED if method in ("DL", "HE") else MINIMISED
    for yi, vi in stacks(DATA[data]):
        options = {"method": method, "small_sample_correction": CORRECTIONS[test]}
        theirs = pymare.meta_regression(y=yi.T, v=vi.T, **options)
        ours, label = rma(yi, vi, method=method, test=test), f"{method} {test} k={yi.shape[1]}"
        same(ours.tau2, theirs.tau2, tolerance, f"{label} tau2")
        found = theirs.get_fe_stats()
        for name, key in (("estimate", "est"), ("se", "se"), ("ci_lb", "ci_l"), ("ci_ub", "ci_u")):
            same(getattr(ours, name), found[key], tolerance, f"{label} {name}")


@pytest.mark.parametrize("data", DATA)
def test_pymare_finds_the_same_q_profile(pymare, data):
    for yi, vi in stacks(DATA[data]):
        ours = q_profile(yi, vi)
        theirs = pymare.meta_regression(y=yi.T, v=vi.T, method="DL").get_re_stats()
        for name in ("l", "u"):
            limits = getattr(ours, f"tau2_{name}b")
            same(limits, theirs[f"ci_{name}"], PROFILED, f"k={yi.shape[1]} {name}")


@pytest.mark.parametrize("case", REFERENCE["moderators"], ids=lambda case: case["data"])
def test_pymare_fits_the_same_moderators(pymare, case):
    yi, vi = np.array(case["yi"]), np.array(case["vi"])
    # About their means: with an intercept at year 0 the two agree to 4e-9 only, in a closed form.
    mods = {name: np.array(x) - np.mean(x) for name, x in case["mods"].items()}
    for method in METHODS:
        for test, correction in CORRECTIONS.items():
            theirs = pymare.meta_regression(
                y=yi, v=vi, X=np.column_stack(list(mods.values())), X_names=list(mods),
                method=method, small_sample_correction=correction,
            )  # fmt: skip
            ours = meta_regression(yi, vi, mods, method=method, test=test)
            tolerance = CLOSED if method in ("DL", "HE") else MINIMISED
            found, label = theirs.get_fe_stats(), f"{method} {test}"
            same([ours.tau2], theirs.tau2, tolerance, f"{label} tau2")
            for name, key in (
                ("coefficients", "est"), ("se", "se"), ("ci_lb", "ci_l"), ("ci_ub", "ci_u"),
                ("p", "p"),
            ):  # fmt: skip
                same(getattr(ours, name), found[key], tolerance, f"{label} {name}")
