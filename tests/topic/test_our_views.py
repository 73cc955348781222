"""Views of the chapters on our own data: they say what the tables hold, and nothing else."""

import sys

import numpy as np
import pytest
from evisynth import report
from evisynth.chapter import cards
from evisynth.engine.glmm.model import rma_glmm
from evisynth.engine.proportions.sensitivity import influence_pooled, leave1out_pooled
from evisynth.errors import ArgumentError
from evisynth.evidence.countings import told_once
from evisynth.evidence.odds_ratios import TAU_PRIOR
from evisynth.figures import forest_of
from evisynth.report.certainty.sensitivity import sensitivity_values
from evisynth.report.patients.characteristics import Characteristics
from evisynth.report.patients.survival import as_printed, merged
from evisynth.words.names import readable, source_name
from evisynth.words.phrases import per_hundred, ratio, sentence, short_answer


@pytest.fixture(scope="module")
def by_age(evidence):
    return evidence.analyse("pediatric-vs-adult")


def lines_of(view):
    return [line.split(" | ") for line in str(view).splitlines()]


def grouped_lines(view):
    """Lines of a grouped table by the group that they stand under."""
    found, name = {}, ""
    for line in str(view).splitlines():
        if line.startswith("[") and line.endswith("]"):
            name = line[1:-1]
        elif name:
            found.setdefault(name, []).append(line.split(" | "))
    return found


def test_every_model_of_a_pool_has_its_row(by_age):
    groups = grouped_lines(report.models(by_age, "adults", "children"))
    for pool in ("adults", "children"):
        selection = by_age[pool]
        mine = groups[selection.spec.title]
        assert [line[0] for line in mine] == list(selection.pooled.models)
        assert [line[3] for line in mine] == ["headline", *[""] * (len(mine) - 1)]
        for line, model in zip(mine, selection.pooled.models.values(), strict=True):
            assert line[1].startswith(per_hundred(model.displayed["estimate"]))


def test_two_cohorts_have_models_beside_them_and_no_headline(evidence):
    analysis = evidence.analyse("salvage-line")
    (lines,) = grouped_lines(report.models(analysis, "later")).values()
    assert [line[0] for line in lines] == ["GLMM by Bayes, HN(1)", "one rate for all"]
    assert {line[3] for line in lines} == {"beside, no answer"}
    assert {line[2] for line in lines} == {"–"}


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
    for pool in ("adults", "children"):
        told = sensitivity_values(by_age, pool)
        rates = leave1out_pooled(by_age[pool].pooled).displayed["estimate"]
        assert told["without-low"] == per_hundred(rates.min())
        assert rates.min() <= by_age[pool].pooled.displayed["estimate"] <= rates.max()


def test_influence_names_every_counted_cohort(by_age):
    (lines,) = grouped_lines(report.influence_of(by_age, "children")).values()
    assert [line[0] for line in lines] == list(by_age["children"].slab)
    found = influence_pooled(by_age["children"].pooled)
    assert [line[-1] == "yes" for line in lines] == list(found.influential)


# Who is counted, and who is not -------------------------------------------------------------------


def test_counted_cohorts_stand_under_their_pools(by_age):
    groups = grouped_lines(report.counted(by_age))
    for selection in by_age.selections.values():
        lines = groups.get(selection.spec.title, [])
        assert [line[0] for line in lines] == list(selection.slab)
        for line, c in zip(lines, selection.counted, strict=True):
            assert line[1] == f"{c.row['events']} / {c.row['total']}"
            assert readable(c.row["locator"]) in line[4]
            assert source_name(c.row["source_id"]) in line[4]


def test_a_printed_percentage_is_shown_and_makes_no_count(evidence):
    for name in evidence.analyses:
        analysis = evidence.analyse(name)
        groups = grouped_lines(report.left_out(analysis))
        for selection in analysis.selections.values():
            lines = groups.get(selection.spec.title, [])
            for item in selection.left_out:
                if item.row["percent"] and item.row["events"] is None:
                    start = [item.cohort["label"], "no count", item.row["percent"]]
                    assert start in [line[:3] for line in lines]


PIVOTAL = {"topp2015": 82, "kantarjian2017-blina": 76, "kantarjian2019-ino": 78.4}


def test_the_pivotal_percentages_have_a_mark_without_limits(evidence):
    pools = ("responders-blinatumomab-adults", "responders-inotuzumab")
    figure = forest_of(evidence.analyse("mrd-response"), *pools, title="T")
    shown = {entry["label"]: entry for entry in figure.table if entry["kind"] == "left out"}
    for cohort, percent in PIVOTAL.items():
        entry = shown[evidence.cohorts[cohort]["label"]]
        assert entry["estimate"] == pytest.approx(percent / 100, abs=1e-12)
        assert entry["counts"] == "no count" and entry.get("lower") is entry.get("upper") is None


def test_one_warning_stands_once_for_all_its_pools(evidence):
    for name in evidence.analyses:
        analysis = evidence.analyse(name)
        lines = str(report.banner(analysis)).splitlines()
        warnings = [line.partition(". ")[2] for line in lines]
        assert len(set(warnings)) == len(warnings)
        for selection in analysis.selections.values():
            named = [line for line in lines if selection.spec.title in line]
            assert bool(named) >= bool(selection.pooled.warning)


# Survival, and what came with and without ---------------------------------------------------------


def test_both_sides_of_a_split_come_from_one_document(evidence):
    groups = grouped_lines(report.with_and_without(evidence, "hsct"))
    told = {line[0].partition(" (")[0]: line for line in groups["TOWER by HSCT"]}
    overall, relapse_free = told["overall survival"], told["relapse-free survival"]
    # The claim that was decided against is left off, and the null result is told.
    assert overall[1] == "NR" and overall[2].startswith("16") and "10.1" not in " ".join(overall)
    assert (
        overall[3].replace("\u00a0", " ")
        == "no difference by the report, p = 0.69; OR 1.17 (0.5–2.5)"
    )
    assert "longer" not in relapse_free[3]
    # One number at two precisions is one number, and both places are named.
    assert relapse_free[1:3] == ["8.8 mo (5.46–12.05)", "6.7 mo (5.28–8.09)"]
    assert "Table 1" in relapse_free[4] and "¶4" in relapse_free[4]


def test_a_doubtful_pair_of_medians_is_flagged(evidence):
    (reason,) = [
        row for row in evidence.rows("discrepancies") if "after a transplant both be" in row["what"]
    ]
    lines = grouped_lines(report.with_and_without(evidence, "hsct"))["Korean patients"]
    assert all(reason["discrepancy_id"] in line[1] for line in lines)
    assert reason["decision"] == "open"


SPELLINGS = [
    (("8.8", "5.46", "12.05"), ("8.8", "5.5", "12.1"), 1),
    (("8.8", "5.46", "12.05"), ("8.8", None, None), 1),
    (("8.8", "5.46", "12.05"), ("8.8", "5.4", "12.1"), 2),
    (("7.55", None, None), ("7.7", None, None), 2),
]


@pytest.mark.parametrize(("one", "other", "numbers"), SPELLINGS)
def test_a_number_at_two_precisions_is_one(one, other, numbers):
    rows = [survival_row(*one), survival_row(*other)]
    for order in (rows, rows[::-1]):
        groups = merged(order)
        assert len(groups) == numbers and sum(map(len, groups)) == 2
        assert groups[0][0] == rows[0]


def survival_row(value, lower, upper):
    row = {"statistic": "median", "time_months": None, "censored_at_hsct": "no",
           "interval": "none" if lower is None else "95% CI"}  # fmt: skip
    for name, text in (("value", value), ("lower", lower), ("upper", upper)):
        row[name] = None if text is None else float(text)
        row[f"{name}_status"] = "not_reported" if text is None else "number"
    return row


def test_rejected_survival_never_shows_unflagged(evidence):
    text = str(report.survival(evidence))
    lost = [
        row for row in evidence.rows("survival")
        if (row["discrepancy_id"], row["claim"]) in evidence.rejected
        and row["value_status"] != "not_reported"
    ]  # fmt: skip
    assert lost
    for row in lost:
        label = evidence.cohorts[row["cohort_id"]]["label"]
        mine = [x for x in text.splitlines() if x.startswith(f"{label} (") and as_printed(row) in x]
        assert any(f"{row['discrepancy_id']}, decided against" in line for line in mine)


def test_the_fold_says_how_many_rows_are_inside(evidence):
    view = report.survival(evidence, subsets=("hsct", "no_hsct", "cr_hsct", "cr_no_hsct"))
    rows = sum(map(len, grouped_lines(view).values()))
    assert f"{rows} rows" in str(view).splitlines()[0]
    assert view.html.startswith("<details>")


def test_death_without_relapse_comes_before_the_medians(evidence):
    both = ("transplanted", "not_transplanted")
    among = {"nonrelapse_mortality": both, "relapse": both, "alive_in_remission": both,
             "ongoing_remission": ("not_transplanted", "responders")}  # fmt: skip
    lines = [x for found in grouped_lines(report.outcomes_among(evidence, among)).values()
             for x in found]  # fmt: skip
    assert lines[0][2:4] == ["no count", "36.5"]
    told = [(line[1].partition(" [")[0], line[2]) for line in lines]
    assert {("transplanted", "30 / 74"), ("not transplanted", "12 / 36"), ("responders", "29 / 65")
            } <= set(told)  # fmt: skip
    assert ("not transplanted", "no count") in told


# Case mix -----------------------------------------------------------------------------------------


def test_earlier_transplants_stand_beside_the_rates(evidence):
    analysis = evidence.analyse("hsct-bridging")
    pools = ("treated-children", "treated-adults", "treated-inotuzumab")
    view = report.case_mix(analysis, *pools, columns=["Earlier transplant"])
    told = {line[0]: line[1:] for lines in grouped_lines(view).values() for line in lines}
    assert told["Kantarjian 2017"] == ["50 / 271", "18 [14–24]", "35% in the whole study"]
    # Counted in the table of patients: neither the share of both states nor that of a part.
    for label, share in (("blinatumomab", "7/10"), ("inotuzumab", "7/11")):
        earlier = told[f"Fuster 2020 ({label}, overt)"][2]
        assert earlier.startswith(f"{share};") and "%" not in earlier and "yes" not in earlier


def test_an_earlier_transplant_by_state_adds_up_to_the_printed_share(evidence):
    rows = [r for r in evidence.rows("characteristics") if r["characteristic"] == "prior_hsct"]
    found = {r["cohort_id"]: r for r in rows}
    for agent in ("blina", "ino"):
        parts = [found[f"fuster2020c-{agent}-{state}"] for state in ("overt", "remission")]
        whole = found[f"fuster2020c-{agent}"]
        assert sum(r["events"] for r in parts) == whole["events"]
        assert 100 * whole["events"] / sum(r["total"] for r in parts) == pytest.approx(
            whole["value"], abs=0.1  # cut, not rounded: 43.75 is printed as 43.7
        )  # fmt: skip


def test_a_characteristic_that_enough_cohorts_print_is_named_as_not_planned(by_age, monkeypatch):
    _, _, *usual = lines_of(report.regressions(by_age, "adults", "children"))
    assert usual and {why for _, _, why, _ in usual} == {"not fitted: fewer than 10"}
    most = max(int(printed) for _, printed, *_ in usual)
    monkeypatch.setattr(sys.modules["evisynth.report.patients.case_mix"], "NEEDED", most)
    _, _, *lines = lines_of(report.regressions(by_age, "adults", "children"))
    assert len(lines) == len(usual)
    for _, printed, why, _ in lines:
        assert (why == "not fitted: not planned") == (int(printed) >= most)


def test_case_mix_is_found_in_parts_and_in_the_whole_trial(by_age):
    groups = grouped_lines(report.case_mix(by_age, "adults", "children"))
    lines = {line[0]: line for found in groups.values() for line in found}
    pivotal, tower, consortium = (
        lines[by_age.evidence.cohorts[cohort]["label"]]
        for cohort in ("topp2015", "kantarjian2017-blina", "badar2020-rr")
    )
    assert "64/189" in pivotal[4]
    assert "first 104/271" in tower[3] and "late relapse: 0% in the whole study" in tower[3]
    assert tower[4] == "35% in the whole study"
    assert "166" not in consortium[2]
    assert "172/227" in consortium[2] and "55/227" in consortium[2]


def test_a_rejected_characteristic_never_shows(evidence):
    printed = Characteristics(evidence)
    lost = [
        row for row in evidence.rows("characteristics")
        if (row["discrepancy_id"], row["claim"]) in evidence.rejected
    ]  # fmt: skip
    assert lost
    kept = {row["row_id"] for cohort in evidence.cohorts.values()
            for _, row in printed._sources(cohort)}  # fmt: skip
    assert not kept & {row["row_id"] for row in lost}


# Two cohorts, and the first page ------------------------------------------------------------------


def test_two_cohorts_are_told_in_percent_with_their_fractions(evidence):
    pooled = evidence.analyse("salvage-line")["later"].pooled
    assert pooled.rule == "two"
    for x, n in zip(pooled.xi, pooled.ni, strict=True):
        for words in (sentence(pooled), short_answer(pooled)):
            assert f"{per_hundred(x / n)}%" in words and f"{x} of {n}" in words
        assert f"{per_hundred(x / n)}%" in str(cards(evidence))


def test_the_fair_row_repeats_no_cohort_and_holds_none_chosen_by_outcome(evidence):
    spec = evidence.analyse("counted-once")["remission"].spec
    printed = evidence.printed_rows(spec)
    fair = told_once(evidence, printed)
    ids = [row["cohort_id"] for row in fair]
    assert len(set(ids)) == len(ids) < len(printed)
    assert all(evidence.cohorts[c]["unit"] != "post_baseline" for c in ids)
    assert not any((r["discrepancy_id"], r["claim"]) in evidence.rejected for r in fair)
    pairs = [(a, b) for a in ids for b in ids if a < b]
    assert not any(evidence.graph.describe(a, b) == "same" for a, b in pairs)
    # Nobody is lost who was printed, not chosen, and not claimed wrongly.
    for row in printed:
        lost = (row["discrepancy_id"], row["claim"]) in evidence.rejected
        if evidence.cohorts[row["cohort_id"]]["unit"] != "post_baseline" and not lost:
            assert any(
                row["cohort_id"] == c or evidence.graph.describe(row["cohort_id"], c) == "same"
                for c in ids
            )


def test_odds_ratios_have_their_posterior_beside_them(evidence):
    found = evidence.analyse("salvage-line").odds_ratios("first", "later")
    shown = found.bayes.displayed
    assert shown["ci_lb"] < found.common[1] < found.common[2] < shown["ci_ub"]
    assert shown["pi_lb"] is None and found.bayes.tau_prior == TAU_PRIOR


def test_no_cell_says_what_no_table_holds(evidence):
    view = report.with_and_without(evidence, "hsct")
    caption, *lines = view.text.splitlines()
    assert "landmark" in caption and not any("landmark" in line for line in lines)
    fields = [f["name"] for r in evidence.codebook["resources"] for f in r["schema"]["fields"]]
    assert not any("landmark" in name for name in fields)
