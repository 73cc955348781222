"""Every headline of the book against the same recomputed in R, from the same counts.

`reference/recompute_headlines.R` knows nothing of the package: it has the row ids, the table of
outcomes and code of its own. Run as a script, this file writes the row ids anew.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from evisynth import report
from evisynth.engine.glmm.model import rma_glmm
from evisynth.evidence.base import load_evidence
from evisynth.words.phrases import ratio_with_interval

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "tests" / "reference"
ROWS = REFERENCE / "headline_rows.csv"
FOUND = json.loads((REFERENCE / "headlines.json").read_text("utf-8"))
AGAIN = (
    "what is counted has changed: run `python tests/topic/test_our_headlines.py`, then "
    "`Rscript recompute_headlines.R` in tests/reference"
)
POOLS = [pytest.param(pool, id=f"{pool['analysis']}/{pool['pool']}") for pool in FOUND["pools"]]
LIMITS = ("estimate", "ci_lb", "ci_ub")

# Absolute, in proportions (tau in log odds, or radians for arcsine). Beside each the largest
# difference seen. Sums and optimisers of the script bear most of those above 1e-9.
TOLERANCES = {
    "GLMM by Bayes, HN(1)": 5e-4,  # 5e-8; tau 3e-6
    "GLMM by Bayes, HN(0.5)": 5e-4,  # 3e-8; tau 1e-6
    "GLMM by Bayes, HC(0.5)": 5e-4,  # 2e-8; tau 4e-7
    "GLMM by likelihood": 1e-4,  # 7e-8; tau 1e-8
    "logit, REML": 1e-6,  # 2e-13
    "arcsine, REML": 1e-6,  # 8e-15
    "beta-binomial": 1e-5,  # 4e-7, of a standard error by differences
}


@pytest.fixture(scope="module")
def analyses(evidence):
    return {name: evidence.analyse(name) for name in evidence.analyses}


def counted_rows(evidence):
    """Analysis, pool and row id of everything that any pool counts."""
    return [
        (analysis, pool, counted.row["row_id"])
        for analysis in evidence.analyses
        for pool, selection in evidence.analyse(analysis).selections.items()
        for counted in selection.counted
    ]


def close(ours, theirs, tolerance):
    assert ours == pytest.approx(theirs, rel=0, abs=tolerance)


def test_what_r_read_is_what_the_book_counts(evidence, analyses):
    with ROWS.open(encoding="utf-8", newline="") as file:
        _, *rows = map(tuple, csv.reader(file))
    assert rows == counted_rows(evidence), AGAIN
    read = {(pool["analysis"], pool["pool"]): pool for pool in FOUND["pools"]}
    declared = {(a, p): s for a, one in analyses.items() for p, s in one.selections.items()}
    assert set(read) == {key for key, s in declared.items() if s.counted}, AGAIN
    for key, pool in read.items():
        ids = [counted.row["row_id"] for counted in declared[key].counted]
        assert ids == pool["row_ids"], AGAIN
        assert declared[key].xi == tuple(pool["xi"]), AGAIN
        assert declared[key].ni == tuple(pool["ni"]), AGAIN


@pytest.mark.parametrize("theirs", POOLS)
def test_rule_and_exact_intervals(analyses, theirs):
    pooled = analyses[theirs["analysis"]][theirs["pool"]].pooled
    assert pooled.rule == theirs["rule"]
    close(pooled.lower, theirs["lower"], 1e-9)  # 1e-15
    close(pooled.upper, theirs["upper"], 1e-9)  # 1e-15
    close(pooled.common_effect._asdict(), theirs["common_effect"], 1e-9)  # 2e-15


@pytest.mark.parametrize("theirs", POOLS)
def test_headline_and_every_model_beside_it(analyses, theirs):
    pooled = analyses[theirs["analysis"]][theirs["pool"]].pooled
    assert set(pooled.models) == set(theirs["models"])
    if theirs["headline"] is None:
        assert pooled.headline is None
    else:
        assert pooled.models[theirs["headline"]] is pooled.headline
    for name, numbers in theirs["models"].items():
        model = pooled.models[name]
        ours = {n: model.displayed[n] for n in model.displayed if model.displayed[n] is not None}
        assert set(ours) <= set(numbers), f"{name}: R has no {set(ours) - set(numbers)}"
        ours |= {n: getattr(model, n) for n in numbers if n not in ours}
        close(ours, numbers, TOLERANCES[name])


def test_odds_ratios_within_studies(analyses):
    theirs = FOUND["odds_ratios"]
    ours = analyses[theirs["analysis"]].odds_ratios(theirs["first"], theirs["second"])
    assert [a.study["study_id"] for a, _ in ours.pairs] == theirs["studies"], AGAIN
    assert {
        "a": [a.row["events"] for a, _ in ours.pairs],
        "n1": [a.row["total"] for a, _ in ours.pairs],
        "c": [b.row["events"] for _, b in ours.pairs],
        "n2": [b.row["total"] for _, b in ours.pairs],
    } == theirs["cells"], AGAIN
    for model, stratum in zip(ours.models, theirs["strata"], strict=True):
        close({n: model.displayed[n] for n in LIMITS}, stratum, 1e-9)  # 1e-14
    close(dict(zip(LIMITS, ours.common, strict=True)), theirs["mantel_haenszel"], 1e-9)  # 5e-15
    close({n: ours.bayes.displayed[n] for n in LIMITS}, theirs["bayes"], 5e-4)  # 3e-14


def test_odds_ratio_between_ages(analyses):
    theirs = FOUND["regression"]
    analysis = analyses[theirs["analysis"]]
    one, other = (analysis[theirs[side]] for side in ("first", "second"))
    group = [0] * len(one.xi) + [1] * len(other.xi)
    fit = rma_glmm(one.xi + other.xi, one.ni + other.ni, mods={"second": group})
    ours = [float(np.exp(getattr(fit, name)[1])) for name in LIMITS]
    assert len(group) == theirs["k"], AGAIN
    close(ours, [theirs[name] for name in LIMITS], 1e-4)  # 4e-8
    close(fit.tau2**0.5, theirs["tau"], 1e-4)  # 8e-9
    # The page prints these and no others.
    _, first, *_ = str(report.regressions(analysis, theirs["first"], theirs["second"])).splitlines()
    assert ratio_with_interval(*(theirs[name] for name in LIMITS)) in first


if __name__ == "__main__":
    with ROWS.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("analysis", "pool", "row_id"))
        rows.writerows(counted_rows(load_evidence(ROOT / "data")))
