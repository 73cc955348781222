"""Views of the chapters on our own data: they say what the tables hold, and nothing else."""

import numpy as np
import pytest
from evisynth import report
from evisynth.errors import ArgumentError
from evisynth.evidence.base import load_evidence
from evisynth.glmm.model import rma_glmm
from evisynth.proportions.sensitivity import influence_pooled, leave1out_pooled
from evisynth.report.words import per_hundred, ratio


@pytest.fixture(scope="module")
def evidence():
    return load_evidence()


@pytest.fixture(scope="module")
def by_age(evidence):
    return evidence.analyse("pediatric-vs-adult")


def lines_of(view):
    return [line.split(" | ") for line in str(view).splitlines()]


def test_every_model_of_a_pool_has_its_row(by_age):
    lines = lines_of(report.models(by_age, "adults", "children"))
    for pool in ("adults", "children"):
        selection = by_age[pool]
        mine = [line for line in lines if line[0] == selection.spec.title]
        assert [line[1] for line in mine] == list(selection.pooled.models)
        assert [line[4] for line in mine] == ["headline", *[""] * (len(mine) - 1)]
        for line, model in zip(mine, selection.pooled.models.values(), strict=True):
            assert line[2].startswith(per_hundred(model.displayed["estimate"]))


def test_two_cohorts_have_models_beside_them_and_no_headline(evidence):
    analysis = evidence.analyse("salvage-line")
    lines = lines_of(report.models(analysis, "later"))[1:]
    assert [line[1] for line in lines] == ["Bayes, HN(1)", "one rate for all"]
    assert {line[4] for line in lines} == {"beside, no answer"}
    assert {line[3] for line in lines} == {"–"}


def test_patients_are_tallied_as_their_table_has_them(evidence):
    view = report.tally(
        evidence, "patients_sehop", by="previous_lines",
        where="agent == 'blinatumomab' and setting == 'overt'", event="response == 'CR'",
    )  # fmt: skip
    rows = [
        row for row in evidence.rows("patients_sehop")
        if row["agent"] == "blinatumomab" and row["setting"] == "overt"
    ]  # fmt: skip
    for level, share, _ in lines_of(view)[2:]:
        mine = [row for row in rows if row["previous_lines"] == int(level)]
        assert share == f"{sum(row['response'] == 'CR' for row in mine)} / {len(mine)}"
    assert f"{len(rows)} of {len(evidence.rows('patients_sehop'))} rows." in str(view)


def test_a_condition_that_a_table_cannot_answer_is_named(evidence):
    with pytest.raises(ArgumentError, match="tally: condition is 'nothing == 1'"):
        report.tally(evidence, "patients_sehop", by="setting", event="nothing == 1")


def test_age_is_the_one_regression_that_the_cohorts_allow(by_age):
    one, other = by_age["adults"], by_age["children"]
    group = [0] * len(one.xi) + [1] * len(other.xi)
    fit = rma_glmm(one.xi + other.xi, one.ni + other.ni, mods={"children": group})
    _, first, *others = lines_of(report.regressions(by_age, "adults", "children"))
    assert first[1] == str(len(group))
    assert first[2].startswith(ratio(np.exp(fit.estimate[1])))
    assert others and all(line[2].startswith("not fitted") for line in others)
    assert all(int(line[1]) < 10 for line in others)


def test_parts_of_a_pool_add_up_to_it(evidence):
    analysis = evidence.analyse("mrd-response")
    lines = lines_of(report.split_by(analysis, "criterion"))[1:]
    for selection in analysis.selections.values():
        mine = [int(line[2]) for line in lines if line[0] == selection.spec.title]
        titles = [s.spec.title for s in analysis.selections.values()]
        if titles.count(selection.spec.title) == 1:
            assert sum(mine) == len(selection.counted)


def test_leave_one_out_words_hold_the_headline(by_age):
    text = str(report.glue_sensitivity(by_age, "adults", "children"))
    for pool in ("adults", "children"):
        rates = leave1out_pooled(by_age[pool].pooled).displayed["estimate"]
        assert f"{pool}-without-low = {per_hundred(rates.min())}" in text
        assert rates.min() <= by_age[pool].pooled.displayed["estimate"] <= rates.max()


def test_influence_names_every_counted_cohort(by_age):
    lines = lines_of(report.influence(by_age, "children"))[2:]
    assert [line[0] for line in lines] == list(by_age["children"].slab)
    found = influence_pooled(by_age["children"].pooled)
    assert [line[-1] == "yes" for line in lines] == list(found.influential)


def test_both_sides_of_a_split_come_from_one_document(evidence):
    view = report.with_and_without(evidence, "hsct")
    wanted = ["TOWER by HSCT", "overall survival"]
    tower = next(line for line in lines_of(view) if line[:2] == wanted)
    # The claim that was decided against is left off, and the null result is told.
    assert "10.1" not in tower[3] and tower[5] == "0.69"
    assert all(line[4] in ("with", "without", "equal", "cannot be said")
               for line in lines_of(view)[2:])  # fmt: skip


def test_odds_ratios_have_their_posterior_beside_them(evidence):
    found = evidence.analyse("salvage-line").odds_ratios("first", "later")
    shown = found.bayes.displayed
    assert shown["ci_lb"] < found.common[1] < found.common[2] < shown["ci_ub"]
    assert shown["pi_lb"] is None and found.bayes.tau_prior == "HN(1)"
