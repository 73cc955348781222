"""Leave-one-out, cumulative, influence, Baujat, GOSH: against metafor and refits by hand."""

import json

import numpy as np
import pytest
from evisynth.engine.diagnostics import all_subsets
from evisynth.engine.diagnostics.all_subsets import gosh
from evisynth.engine.diagnostics.cases import baujat, influence
from evisynth.engine.diagnostics.refits import cumul, leave1out
from evisynth.engine.effects.escalc import escalc
from evisynth.engine.random_effects.model import rma
from evisynth.errors import ArgumentError
from hypothesis import given, settings
from hypothesis import strategies as st

BCG = {
    "ai": [4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27],
    "n1i": [123, 306, 231, 13598, 5069, 1541, 2545, 88391, 7499, 1716, 50634, 2498, 16913],
    "ci": [11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29],
    "n2i": [139, 303, 220, 12867, 5808, 1451, 629, 88391, 7277, 1665, 27338, 2341, 17854],
}
YI, VI = escalc("RR", **BCG)

# metafor 3.8, influence(rma(yi, vi, method, test)) of the first study, log RR, tightened controls:
# rstudent, dffits, cook.d, cov.r, tau2.del, QE.del, hat, dfbetas, then Baujat's x and y.
FIRST = {
    ("DL", "z"): (-0.2247335204, -0.05017253143, 0.002530819781, 1.062580031, 0.312171499,
                  151.5825727, 0.05036491683, -0.05008544072, 0.0483853037, 0.002381768627),
    ("DL", "knha"): (-0.2141403532, -0.04780757043, 0.00247636572, 1.14512763, 0.312171499,
                     151.5825727, 0.05036491683, -0.04772458487, 0.0483853037, 0.002162523771),
    ("REML", "z"): (-0.2181424857, -0.0407075475, 0.001716541342, 1.116448986, 0.3361567018,
                    151.5825727, 0.05059482734, -0.04026588917, 0.04781834055, 0.001537500918),
    ("REML", "adhoc"): (-0.2135978504, -0.03985947356, 0.001697411561, 1.151485654, 0.3361567018,
                        151.5825727, 0.05059482734, -0.03942701644, 0.04781834055, 0.001474105695),
}  # fmt: skip
NAMES = ("rstudent", "dffits", "cook_d", "cov_r", "tau2_del", "QE_del", "hat", "dfbetas")


@pytest.mark.parametrize("method, test", FIRST)
def test_influence_and_baujat_as_metafor(method, test):
    found = influence(YI, VI, method=method, test=test)
    place = baujat(YI, VI, method=method, test=test)
    first = [*(getattr(found, name)[0] for name in NAMES), place.x[0], place.y[0]]
    # Ten digits of metafor; error seen 5e-10.
    assert first == pytest.approx(FIRST[method, test], rel=1e-8)


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 8), st.integers(0, 2**32 - 1), st.sampled_from(["EE", "DL", "REML"]))
def test_every_refit_is_the_fit_of_those_studies(k, seed, method):
    rng = np.random.default_rng(seed)
    yi, vi = rng.normal(0, 1, k), rng.uniform(0.05, 2, k)
    order = rng.permutation(k)
    left, added = leave1out(yi, vi, method=method), cumul(yi, vi, order=order, method=method)
    for i in range(k):
        without = rma(np.delete(yi, i), np.delete(vi, i), method=method)
        # The same sums but for their order; error seen 1e-13.
        assert left.fits[i].estimate == pytest.approx(without.estimate, rel=1e-9, abs=1e-11)
        assert left.fits[i].ci_lb == pytest.approx(without.ci_lb, rel=1e-9, abs=1e-11)
        some = np.flatnonzero(order <= i)
        upto = rma(yi[some], vi[some], method=method)
        assert added.fits[i].estimate == pytest.approx(upto.estimate, rel=1e-9, abs=1e-11)
    assert added.fits[k - 1].ci_ub == pytest.approx(added.whole.ci_ub, rel=1e-9)
    assert added.slab[0] == f"Study {int(np.argmin(order)) + 1}"


@pytest.mark.parametrize("method", ["EE", "DL", "REML"])
def test_gosh_fits_every_subset(method):
    yi, vi = YI[:6], VI[:6]
    found = gosh(yi, vi, method=method, measure="RR")
    assert len(found.estimate) == 2**6 - 1 == len({tuple(row) for row in found.subsets})
    for row in (0, 17, 40, 62):
        has = found.subsets[row]
        alone = rma(yi[has], vi[has], method=method, measure="RR")
        # Error seen 1e-14.
        assert found.estimate[row] == pytest.approx(alone.displayed["estimate"], rel=1e-10)
        assert found.tau2[row] == pytest.approx(alone.tau2, rel=1e-9, abs=1e-12)
        if alone.I2 is not None:
            assert found.I2[row] == pytest.approx(alone.I2, rel=1e-9, abs=1e-9)
        assert found.k[row] == has.sum()
    assert not found.sampled


def test_gosh_in_chunks_and_sampled(monkeypatch):
    whole = gosh(YI[:8], VI[:8])
    monkeypatch.setattr(all_subsets, "_CHUNK", 50)
    # Another width of the scan; error seen 4e-16.
    assert gosh(YI[:8], VI[:8]).estimate == pytest.approx(whole.estimate, rel=1e-12)
    monkeypatch.setattr(all_subsets, "ALL_SUBSETS_K", 5)
    some = gosh(YI[:8], VI[:8], samples=400, seed=3)
    assert some.sampled and len(some.estimate) == 400 and some.k.min() >= 1
    assert set(np.round(some.estimate, 12)) <= set(np.round(whole.estimate, 12))
    assert np.array_equal(some.estimate, gosh(YI[:8], VI[:8], samples=400, seed=3).estimate)


def test_an_outlier_is_found():
    yi, vi = np.array([0.1, 0.2, 0.0, 0.15, 3.0]), np.full(5, 0.05)
    found = influence(yi, vi, slab=["A", "B", "C", "D", "far"])
    assert found.influential == (False, False, False, False, True)
    assert repr(found) == "<influence, k = 5: far beyond the bounds>"
    assert "far adds most" in repr(baujat(yi, vi, slab=["A", "B", "C", "D", "far"]))


def test_results_leave_as_json_and_tables():
    results = (leave1out(YI, VI), cumul(YI, VI), influence(YI, VI), baujat(YI, VI))
    for result in (*results, gosh(YI[:4], VI[:4])):
        assert json.loads(result.to_json())["type"] == type(result).__name__
        assert len(result.summary) >= 4
    assert leave1out(YI, VI).summary["term"][0] == "without Study 1"


@pytest.mark.parametrize("function, least", [
    (leave1out, 2), (cumul, 1), (influence, 3), (baujat, 3), (gosh, 2),
])  # fmt: skip
@pytest.mark.parametrize("bad", [[np.nan, 1, 1], ["a", 1, 1], [], [[1, 2, 3]], None, [1e99, 1, 1]])
def test_bad_data_are_named(function, least, bad):
    with pytest.raises(ArgumentError, match=f"{function.__name__}: yi is"):
        function(bad, [1, 1, 1])
    with pytest.raises(ArgumentError, match=f"{function.__name__}: vi is"):
        function([1, 1, 1], [1, -1, 1])
    if least > 1:
        with pytest.raises(ArgumentError, match=f"allowed: at least {least} studies"):
            function([1] * (least - 1), [1] * (least - 1))


def test_bad_options_are_named():
    with pytest.raises(ArgumentError, match="cumul: order is of length 2; allowed: the length"):
        cumul([1, 2, 3], [1, 1, 1], order=[1, 2])
    with pytest.raises(ArgumentError, match="gosh: measure is 'PFT'"):
        gosh([1, 2, 3], [1, 1, 1], measure="PFT")
    with pytest.raises(ArgumentError, match="gosh: samples is 0"):
        gosh([1, 2, 3], [1, 1, 1], samples=0)
