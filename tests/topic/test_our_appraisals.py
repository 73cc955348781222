"""Appraisals of this book: everyone counted is appraised, and what a reason says is in the data."""

import re
from pathlib import Path

import pytest
from evisynth.evidence.between_studies import odds_ratio_across
from evisynth.evidence.flips import effective_flips, flips_that_matter
from evisynth.report import glue_agreement
from evisynth.report.certainty.ratings import level_without
from evisynth.result import estimate_and_limits

DATA = Path(__file__).resolve().parents[2] / "data"
JBI, PRINTED, GRADE = "JBI case series", "as printed", "GRADE"
JBI_ITEMS = [f"q{number:02}" for number in range(1, 11)]
RATED = (
    "salvage-line", "mrd-response", "hsct-bridging", "pediatric-vs-adult", "randomised", "safety",
)  # fmt: skip
DOMAINS = ("risk-of-bias", "inconsistency", "indirectness", "imprecision", "publication-bias")
UPGRADES = ("large-effect", "gradient", "opposing-confounding")
LEVELS = ("very low", "low", "moderate", "high")
STEPS = {"no concern": 0, "not assessable": 0, "serious": 1, "very serious": 2}
UP = {"no upgrade": 0, "upgrade one": 1, "upgrade two": 2}
RISK = {"low", "some concerns", "high", "not assessable"}
# Places of the sources in which nothing was extracted, so that no other table names them.
UNEXTRACTED = {
    "fuster2020": (
        "Methods · ¶1",
        "Methods · ¶2",
        "Methods · ¶3",
        "Affiliations",
        "Table 1",
        "Table 1 · footnotes",
    ),
    "ampatzidou2020": (
        "Introduction · ¶3",
        "Patients and methods, response assessment · ¶1",
        "Patients and methods, statistics · ¶1",
        "Table 1",
        "Table 2",
    ),
    "kantarjian2023": ("Funding · ¶1", *(f"References · {n}" for n in (41, 43, 45, 59, 61, 62))),
    "queudeville2021": ("Funding",),
    "curran2020": (
        "Introduction · ¶1",
        "Conflict of interest · ¶1",
        *(f"References · {n}" for n in (19, 20, 49)),
    ),
}


@pytest.fixture(scope="module")
def appraisals(evidence):
    return evidence.rows("appraisals")


@pytest.fixture(scope="module")
def counted(evidence):
    """Every counted study with the rows that speak for it."""
    found = {}
    for name in evidence.analyses:
        for selection in evidence.analyse(name).selections.values():
            for item in selection.counted:
                found.setdefault(item.study["study_id"], []).append(item)
    return found


@pytest.fixture(scope="module")
def pools(evidence):
    """Selections of the rated analyses, by the subject that GRADE rates."""
    analyses = [(name, evidence.analyse(name)) for name in RATED]
    return {f"{name}/{pool}": s for name, a in analyses for pool, s in a.selections.items()}


@pytest.fixture(scope="module")
def ratings(appraisals):
    """GRADE rows by subject and item."""
    found = {}
    for row in appraisals:
        if row["tool"] == GRADE:
            found.setdefault(row["subject_id"], {})[row["item"]] = row
    return found


APART = ("effect", "times")  # ratings of what is no count


@pytest.fixture(scope="module")
def of_counts(ratings):
    """Ratings of pools and of contrasts of them: what stands on counted rows of outcomes."""
    return {s: i for s, i in ratings.items() if i["start"]["subject_type"] not in APART}


@pytest.fixture(scope="module")
def effects(evidence):
    """Every declared effect by the subject that GRADE rates."""
    analyses = [evidence.analyse(name) for name in evidence.analyses]
    return {f"{a.spec.id}/{name}": found for a in analyses for name, found in a.effects.items()}


def of_tool(appraisals, tool):
    return [row for row in appraisals if row["tool"] == tool]


# Every tool ---------------------------------------------------------------------------------------


def allowed(row):
    """Judgements that the row's tool has for its item."""
    if row["tool"] == JBI:
        return RISK if row["item"] == "overall" else {"yes", "no", "unclear", "not applicable"}
    if row["tool"] == PRINTED:
        return {"not assessable"} if row["item"] == "overall" else {"printed"}
    if row["item"] in DOMAINS:
        return set(STEPS)
    return set(UP) if row["item"] in UPGRADES else set(LEVELS)


def test_each_tool_keeps_to_its_own_words(appraisals):
    wrong = [row["appraisal_id"] for row in appraisals if row["judgement"] not in allowed(row)]
    assert wrong == []


def test_ids_say_what_is_appraised(appraisals):
    short = {JBI: "jbi", PRINTED: "printed", GRADE: "grade"}
    for row in appraisals:
        parts = (row["subject_id"].replace("/", "."), short[row["tool"]], row["item"])
        assert row["appraisal_id"] == ".".join(parts)
        kinds = {"analysis", "contrast", "effect", "times"} if row["tool"] == GRADE else {"study"}
        assert row["subject_type"] in kinds


def test_an_item_is_worded_alike_wherever_it_stands(appraisals):
    worded = {}
    for row in appraisals:
        assert worded.setdefault((row["tool"], row["item"]), row["wording"]) == row["wording"]


def test_every_locator_is_a_place_that_was_read(evidence, appraisals):
    known = {source: list(places) for source, places in UNEXTRACTED.items()}
    for name in ("outcomes", "cohorts", "characteristics", "survival", "searches", "contrasts"):
        for row in evidence.rows(name):
            if row["locator"]:
                known[row["source_id"]] += row["locator"].split("; ")
    for row in appraisals:
        for place in (row["locator"] or "").split("; "):
            places = known.get(row["source_id"], [""])
            assert any(p == place or p.startswith(f"{place} ·") for p in places), (
                row["appraisal_id"],
                place,
            )


def test_a_contradiction_that_a_reason_names_is_in_the_register(evidence, appraisals):
    register = {row["discrepancy_id"]: row for row in evidence.rows("discrepancies")}
    named = [(row, d) for row in appraisals for d in re.findall(r"\bD\d{3}\b", row["reason"])]
    assert named
    for row, name in named:
        places = register[name]["where_a"] + register[name]["where_b"]
        assert row["source_id"] in places, row["appraisal_id"]


# Studies ------------------------------------------------------------------------------------------


def test_every_counted_study_has_one_overall_judgement(appraisals, counted):
    overall = [
        row["subject_id"]
        for row in appraisals
        if row["subject_type"] == "study" and row["item"] == "overall"
    ]
    assert sorted(overall) == sorted(counted)


def test_only_reports_that_we_hold_are_appraised_with_all_ten_items(evidence, appraisals, counted):
    items = {}
    for row in of_tool(appraisals, JBI):
        items.setdefault(row["subject_id"], []).append(row["item"])
    held = {study for study in counted if evidence.studies[study]["reported_in"]}
    assert set(items) == held == {"fuster2020c", "ampatzidou2020c"}
    assert all(found == [*JBI_ITEMS, "overall"] for found in items.values())


def test_items_of_a_held_report_point_into_it(evidence, appraisals):
    for row in of_tool(appraisals, JBI):
        assert row["source_id"] == evidence.studies[row["subject_id"]]["reported_in"]
        assert row["locator"]


def test_both_readings_stand_and_a_changed_mind_is_told(appraisals):
    for row in appraisals:
        readings = (row["first_judgement"], row["second_judgement"])
        if row["tool"] != JBI:
            assert readings == (None, None)
            continue
        assert row["judgement"] in readings and None not in readings
        assert row["reason"].startswith("Mind changed") == (readings[0] != readings[1])


def test_inclusion_decides_the_overall_risk(appraisals):
    found = {(r["subject_id"], r["item"]): r["judgement"] for r in of_tool(appraisals, JBI)}
    for study in {subject for subject, _ in found}:
        included = {found[study, "q04"], found[study, "q05"]}
        expected = "high" if "no" in included else "some concerns"
        assert found[study, "overall"] == ("low" if included == {"yes"} else expected)


def test_nothing_second_hand_has_a_low_risk_of_bias(appraisals, counted):
    second_hand = {
        study for study, items in counted.items() if any(item.second_hand for item in items)
    }
    assert second_hand
    for row in appraisals:
        if row["subject_id"] in second_hand:
            assert row["tool"] == PRINTED
            assert row["judgement"] in ("printed", "not assessable")


def test_what_is_printed_has_a_place_in_a_source_that_is_not_its_own(evidence, appraisals):
    for row in of_tool(appraisals, PRINTED):
        assert row["source_id"] and row["locator"], row["appraisal_id"]
        assert not evidence.studies[row["subject_id"]]["reported_in"]


@pytest.fixture(scope="module")
def telling(evidence):
    """Study to the sources that print a number of one of its cohorts."""
    found = {}
    for name in ("outcomes", "survival", "characteristics"):
        for row in evidence.rows(name):
            study = evidence.cohorts[row["cohort_id"]]["study_id"]
            found.setdefault(study, set()).add(row["source_id"])
    return found


def test_only_one_source_tells_where_a_reason_says_only(appraisals, telling):
    several = {2: "Two", 3: "Three", 4: "Four", 5: "Five"}
    for row in of_tool(appraisals, PRINTED):
        if row["item"] != "overall":
            continue
        sources = telling[row["subject_id"]]
        alone = re.match(r"Only an? [^;.]*review tells of it", row["reason"])
        assert bool(alone) == (len(sources) == 1), (row["subject_id"], sources)
        if not alone:
            told = f"{several[len(sources)]} of our documents tell of it"
            assert row["reason"].startswith(told), (row["subject_id"], sources)
        sponsored = "funded by the manufacturer" in row["reason"]
        assert sponsored == ("kantarjian2023" in sources), row["subject_id"]
        assert row["source_id"] in sources


def test_a_count_that_nobody_printed_is_told(appraisals, counted):
    told = {r["subject_id"] for r in of_tool(appraisals, PRINTED) if r["item"] == "number"}
    made = ("computed_from_percent", "differenced")
    for study, items in counted.items():
        if any(item.row["derivation"] in made for item in items):
            assert study in told, study


# Certainty ----------------------------------------------------------------------------------------


def test_every_pool_of_the_four_analyses_is_rated_in_full(pools, ratings):
    rated = {s for s, items in ratings.items() if items["start"]["subject_type"] == "analysis"}
    assert rated == set(pools)
    for subject in rated:
        assert set(ratings[subject]) == {"start", *DOMAINS, "overall"}


def test_contrasts_are_of_pools_of_one_analysis(pools, ratings):
    contrasts = {s: i for s, i in ratings.items() if i["start"]["subject_type"] == "contrast"}
    assert contrasts
    for subject, items in contrasts.items():
        assert {f"{subject.split('/')[0]}/{p}" for p in sides(subject)} <= set(pools)
        assert set(items) == {"start", *DOMAINS, *UPGRADES, "overall"}


def sides(contrast):
    return contrast.split("/")[1].split("-v-")


def test_overall_certainty_is_the_start_less_the_steps_down(ratings):
    for items in ratings.values():
        level = LEVELS.index(items["start"]["judgement"])
        level -= sum(STEPS[items[domain]["judgement"]] for domain in DOMAINS)
        level += sum(UP[items[item]["judgement"]] for item in UPGRADES if item in items)
        assert items["overall"]["judgement"] == LEVELS[min(max(level, 0), 3)]


def test_the_overall_reason_names_the_domains_that_count(ratings):
    times = {"serious": "once", "very serious": "twice"}
    for items in ratings.values():
        for domain in DOMAINS:
            said = re.search(
                rf"{items[domain]['wording'].lower()} (\w+)", items["overall"]["reason"]
            )
            expected = times.get(items[domain]["judgement"])
            assert (said[1] if said else None) == expected


def test_a_rate_that_started_low_would_be_very_low_throughout(ratings):
    for subject, items in ratings.items():
        if items["start"]["subject_type"] == "analysis":
            assert any(STEPS[items[domain]["judgement"]] for domain in DOMAINS), subject


def test_rates_start_high_and_comparisons_without_chance_start_low(pools, of_counts):
    for subject, items in of_counts.items():
        start = items["start"]
        if start["subject_type"] == "analysis":
            assert (start["judgement"], start["version"][:6]) == ("high", "Iorio "), subject
        else:
            randomised = "-v-" in subject and all(
                c.study["design"] == "randomised" for c in rows_behind(subject, pools)
            )
            assert start["judgement"] == ("high" if randomised else "low"), subject


def test_no_result_is_typed_into_a_reason(ratings):
    cited = re.compile(r"\([A-Z]\w+ \d{4}, [^()]*\)")
    for items in ratings.values():
        for row in items.values():
            assert not re.search(r"\d", cited.sub("", row["reason"])), row["appraisal_id"]


def widths(selection):
    """Width of the interval shown, in points of 100; of one or two cohorts that of each."""
    pooled = selection.pooled
    if pooled.k <= 2:
        return [100 * (high - low) for low, high in zip(pooled.lower, pooled.upper, strict=True)]
    shown = pooled.headline.displayed
    return [100 * (shown["ci_ub"] - shown["ci_lb"])]


def test_imprecision_of_a_rate_is_what_the_interval_says(pools, ratings):
    for subject, selection in pools.items():
        width, patients = max(widths(selection)), sum(selection.ni)
        precise = width < 20 and patients >= 100
        expected = "no concern" if precise else "very serious" if width > 40 else "serious"
        assert ratings[subject]["imprecision"]["judgement"] == expected, (subject, width)


def test_imprecision_of_a_contrast_is_what_the_interval_shown_says(evidence, ratings):
    """Over two strata the one that lets them differ, for two cannot tell whether they do."""
    checked = 0
    for subject, items in ratings.items():
        name, _, contrast = subject.partition("/")
        if items["start"]["subject_type"] != "contrast":
            continue
        analysis, pools = evidence.analyse(name), contrast.split("-v-")
        if not analysis.strata(*pools):
            continue
        found = analysis.odds_ratios(*pools)
        model = found.bayes
        _, low, high = found.common if model is None else estimate_and_limits(model)
        expected = "no concern"
        if low < 1 < high:
            expected = "very serious" if low < 0.5 and high > 2 else "serious"
        assert items["imprecision"]["judgement"] == expected, (subject, low, high)
        checked += 1
    assert checked >= 3


def test_every_effect_is_rated_by_what_it_shows(effects, ratings):
    """Of two trials by the interval that lets them differ, as a contrast of two strata is."""
    rated = {s for s, i in ratings.items() if i["start"]["subject_type"] == "effect"}
    assert rated == set(effects) and rated
    for subject, found in effects.items():
        items = ratings[subject]
        assert set(items) == {"start", *DOMAINS, "overall"}
        by_chance = all(effect.row["randomised"] for effect in found.counted)
        assert items["start"]["judgement"] == ("high" if by_chance else "low"), subject
        reviewed = all(
            effect.row["source_id"] != effect.study["reported_in"] for effect in found.counted
        )
        assert reviewed == (items["publication-bias"]["judgement"] == "serious"), subject
        low, high = found.counted[0].numbers[1:]
        if found.bayes is not None:
            _, low, high = estimate_and_limits(found.bayes)
        expected = "no concern"
        if low < 1 < high:
            expected = "very serious" if low < 0.5 and high > 2 else "serious"
        assert items["imprecision"]["judgement"] == expected, (subject, low, high)


def test_every_median_is_rated_by_what_it_shows(evidence, ratings):
    analyses = [evidence.analyse(name) for name in evidence.analyses]
    times = {f"{a.spec.id}/{name}": found for a in analyses for name, found in a.times.items()}
    rated = {s for s, i in ratings.items() if i["start"]["subject_type"] == "times"}
    assert rated == set(times) and rated
    for subject, found in times.items():
        items = ratings[subject]
        assert set(items) == {"start", *DOMAINS, "overall"}
        assert items["start"]["judgement"] == "high", subject
        limits = [m.limits for m in found.counted if m.limits]
        apart = len(limits) > 1 and max(x for x, _ in limits) > min(y for _, y in limits)
        expected = "serious" if apart else "no concern"
        if len(found.counted) < 3:
            expected = "not assessable"
        assert items["inconsistency"]["judgement"] == expected, subject
        sizes = [(m.n or 1, m.row["source_id"] == "kantarjian2023") for m in found.counted]
        mostly = sum(n for n, ours in sizes if ours) > sum(n for n, _ in sizes) / 2
        assert mostly == (items["publication-bias"]["judgement"] == "serious"), subject


def share_a_range(pooled):
    return max(pooled.lower) <= min(pooled.upper)


def test_inconsistency_fits_the_cohorts(pools, ratings):
    for subject, selection in pools.items():
        pooled, judgement = selection.pooled, ratings[subject]["inconsistency"]["judgement"]
        assert (judgement == "not assessable") == (pooled.k <= 2), subject
        if judgement == "no concern":
            assert share_a_range(pooled), subject
        if judgement == "very serious":
            assert not share_a_range(pooled), subject
        if pooled.headline is not None and judgement in ("serious", "very serious"):
            shown = pooled.headline.displayed
            ratio = (shown["pi_ub"] - shown["pi_lb"]) / (shown["ci_ub"] - shown["ci_lb"])
            assert ratio > 1.25, (subject, ratio)


def rows_behind(subject, pools):
    if subject in pools:
        return pools[subject].counted
    name = subject.split("/")[0]
    return [c for pool in sides(subject) for c in pools[f"{name}/{pool}"].counted]


def share(rows, chosen):
    """Which part of the patients of some rows stand in chosen ones."""
    return sum(c.row["total"] for c in rows if chosen(c)) / sum(c.row["total"] for c in rows)


def test_what_was_read_second_hand_costs_one_step_and_only_by_weight(pools, of_counts):
    for subject, items in of_counts.items():
        rows, source = rows_behind(subject, pools), items["publication-bias"]
        mostly = share(rows, lambda c: c.second_hand) > 0.5
        assert ("not in the reports themselves" in source["reason"]) == mostly, subject
        assert STEPS[source["judgement"]] == 1 or not mostly, subject
        assert (
            STEPS[source["judgement"]] == 0
            or mostly
            or "missing for that reason" in source["reason"]
        )
        if mostly and items["start"]["subject_type"] == "analysis":
            known = any(c.cohort["unit"] == "difference" for c in rows) or (
                {c.row["denominator"] for c in rows} == {"mrd_evaluable_responders"}
                and "could be judged" in items["risk-of-bias"]["reason"]
            )
            expected = "serious" if known else "not assessable"
            assert items["risk-of-bias"]["judgement"] == expected, subject


def test_a_review_that_its_manufacturer_paid_for_is_named_where_it_holds_most_patients(
    pools, of_counts
):
    for subject, items in of_counts.items():
        row, rows = items["publication-bias"], rows_behind(subject, pools)
        mostly = share(rows, lambda c: c.row["source_id"] == "kantarjian2023") > 0.5
        assert mostly == ("funded by the manufacturer" in row["reason"]), subject
        assert not mostly or row["source_id"] == "kantarjian2023"


def test_the_sponsored_review_took_up_reports_without_a_median(evidence, ratings):
    """No reason may say that it took none: its tables have rows without any median."""
    medians = {}
    for row in evidence.rows("survival"):
        if row["source_id"] == "kantarjian2023" and row["statistic"] == "median":
            known = medians.setdefault(row["cohort_id"], set())
            known.add(row["value_status"])
    without = [cohort for cohort, found in medians.items() if found == {"not_reported"}]
    assert "locatelli2021-blina" in without
    reasons = [row["reason"] for items in ratings.values() for row in items.values()]
    assert not any("median survival" in reason for reason in reasons)


def test_one_randomised_trial_has_one_judgement_of_what_was_passed_over(ratings):
    both = [s for s, i in ratings.items() if "first-relapse" in s and "-v-" in s]
    assert len(both) == 2
    assert len({ratings[s]["publication-bias"]["judgement"] for s in both}) == 1


def test_publication_bias_is_about_what_a_source_took_up_not_about_the_size_of_series(ratings):
    """A share has no null to select on: nothing is argued from small studies."""
    sizes = re.compile(
        r"\bsmall(er)? (series|stud|report|cohort)|written up|too few", re.IGNORECASE
    )
    for subject, items in ratings.items():
        assert not sizes.search(items["publication-bias"]["reason"]), subject


@pytest.mark.parametrize(("words", "k"), [("One cohort is", 1), ("Two cohorts are", 2)])
def test_cohorts_are_counted_as_the_reasons_say(pools, of_counts, words, k):
    said = {s for s, items in of_counts.items() for r in items.values() if words in r["reason"]}
    assert said == {subject for subject, selection in pools.items() if selection.pooled.k == k}


def test_the_contrast_of_lines_is_as_its_reasons_say(evidence, pools, ratings):
    ratios = evidence.analyse("salvage-line").odds_ratios("first", "later")
    estimate, lower, _ = ratios.common
    items = ratings["salvage-line/first-v-later"]
    assert len(ratios.pairs) == 2 and all(c.second_hand for pair in ratios.pairs for c in pair)
    assert 1 < lower < estimate < 2
    limits = [(model.estimate, model.ci_lb, model.ci_ub) for model in ratios.models]
    assert all(point > 0 for point, _, _ in limits)
    assert max(low for _, low, _ in limits) < min(high for _, _, high in limits)
    assert items["inconsistency"]["judgement"] == "not assessable"


def test_the_contrast_of_ages_is_as_its_reasons_say(evidence, pools, ratings):
    items = ratings["pediatric-vs-adult/children-v-adults"]
    analysis = evidence.analyse("pediatric-vs-adult")
    estimate, lower, upper = odds_ratio_across(analysis, "adults", "children").odds_ratio
    # "near one", "a third lower as well as half as high again"
    assert abs(estimate - 1) < 0.1 and lower < 2 / 3 and upper > 1.5
    assert items["imprecision"]["judgement"] == "serious"
    assert items["large-effect"]["judgement"] == "no upgrade"
    kinds = {p: [c.row for c in pools[f"pediatric-vs-adult/{p}"].counted] for p in CHILDREN_ADULTS}
    by_marrow = [
        sum(r["total"] for r in rows if r["criterion"] == "CR M1") for rows in kinds.values()
    ]
    assert 2 * by_marrow[0] > sum(r["total"] for r in kinds["children"]) and by_marrow[1] == 0


CHILDREN_ADULTS = ("children", "adults")


@pytest.mark.parametrize("side", CHILDREN_ADULTS)
def test_the_ranges_of_both_ages_cross_one_half(pools, ratings, side):
    """A threshold that is named: a prediction interval wider than that of the mean is no ground."""
    selection = pools[f"pediatric-vs-adult/{side}"]
    shown = selection.pooled.displayed
    row = ratings[f"pediatric-vs-adult/{side}"]["inconsistency"]
    assert "one half" in row["reason"] and row["judgement"] == "serious"
    assert shown["pi_lb"] < 0.4 and shown["pi_ub"] > 0.6
    lower, upper = max(selection.pooled.lower), min(selection.pooled.upper)
    assert upper - lower < 0.05  # apart, or hardly touching


@pytest.mark.parametrize(
    ("arms", "trials"),
    [
        (("mrd-response/first-relapse-blinatumomab", "mrd-response/first-relapse-chemotherapy"), 2),
        (
            (
                "hsct-bridging/planned-first-relapse",
                "hsct-bridging/planned-first-relapse-chemotherapy",
            ),
            1,
        ),
    ],
)
def test_the_contrasts_at_random_are_as_their_reasons_say(pools, ratings, arms, trials):
    one, other = (pools[arm] for arm in arms)
    assert [c.study["study_id"] for c in one.counted] == [
        c.study["study_id"] for c in other.counted
    ]
    assert [c.study["design"] for c in one.counted] == ["randomised"] * trials
    items = ratings[f"{arms[0]}-v-{arms[1].split('/')[1]}"]
    assert "stopped early" in items["risk-of-bias"]["reason"]
    assert items["inconsistency"]["judgement"] == "not assessable"


def test_odds_ratios_of_the_trials_at_random_lie_in_each_others_intervals(evidence, ratings):
    arms = ("first-relapse-blinatumomab", "first-relapse-chemotherapy")
    found = evidence.analyse("mrd-response").odds_ratios(*arms)
    one, other = found.models
    assert one.ci_lb < other.estimate < one.ci_ub and other.ci_lb < one.estimate < other.ci_ub
    reason = ratings[f"mrd-response/{'-v-'.join(arms)}"]["inconsistency"]["reason"]
    assert "inside the interval of the other" in reason


def test_transplants_on_study_alone_are_rated_down_as_narrower(pools, ratings):
    narrow = {
        subject
        for subject, selection in pools.items()
        if {c.row["criterion"][:8] for c in selection.counted if c.row["criterion"]} == {"on study"}
    }
    assert {"hsct-bridging/treated-adults", "hsct-bridging/responders-adults"} < narrow
    for subject, items in ratings.items():
        row = items["indirectness"]
        arms = {f"{subject.split('/')[0]}/{pool}" for pool in sides(subject)}
        assert ("on study" in row["reason"]) == (arms <= narrow), subject
        assert subject not in narrow or row["judgement"] == "serious"


# What costs a rate a step where most of its patients are counted so, by the outcome of its pool: a
# wider definition than asked for, a threshold or a time that is not stated.
INDIRECT = (
    ("cr", "criterion", ("CR M1", "not stated", None)),
    ("mrd_negative", "criterion", ("not stated", None)),
    ("mrd_negative", "timepoint", ("not stated", None)),
)


@pytest.mark.parametrize(("outcome", "column", "untold"), INDIRECT)
def test_what_most_patients_are_not_told_of_is_indirect(pools, ratings, outcome, column, untold):
    found = {
        subject
        for subject, selection in pools.items()
        if outcome in selection.spec.outcomes
        and selection.counted
        and share(selection.counted, lambda c: c.row[column] in untold) > 0.5
    }
    assert found
    for subject in found:
        assert STEPS[ratings[subject]["indirectness"]["judgement"]] >= 1, subject


def test_arms_with_patients_who_had_the_outcome_already_are_indirect_as_rates_alone(ratings):
    arms = [f"mrd-response/first-relapse-{arm}" for arm in ("blinatumomab", "chemotherapy")]
    for arm in arms:
        assert "before the course" in ratings[arm]["indirectness"]["reason"]
        assert ratings[arm]["indirectness"]["judgement"] == "serious"
    contrast = ratings[f"{arms[0]}-v-{arms[1].split('/')[1]}"]["indirectness"]
    assert contrast["judgement"] == "no concern" and "in both arms alike" in contrast["reason"]


CAUSAL = r"\b(lowers|raises|improves|worsens|prevents|causes|leads? to|thanks to|due to)\b"


def test_no_reason_or_note_tells_a_cause(evidence):
    """Nothing here but random allocation could; what guidance says of itself is quoted once."""
    told = {
        row[column]
        for name in ("appraisals", "comparisons", "discrepancies", "cohorts", "studies")
        for row in evidence.rows(name)
        for column in ("reason", "note", "basis", "difference")
        if row.get(column) and re.search(CAUSAL, row[column])
    }
    assert {text for text in told if "what the treatment causes" not in text} == set()


def test_ratings_differ_and_the_reading_hides_more_of_that(ratings):
    """Were the reports at hand, what is told of them would give four levels."""
    levels = {items["overall"]["judgement"] for items in ratings.values()}
    but_for = {
        level_without(list(items.values()), "publication-bias") for items in ratings.values()
    }
    assert levels == {"very low", "low", "moderate"} and but_for - {None} == set(LEVELS)


# The methods page ---------------------------------------------------------------------------------


def test_what_the_readings_agree_on_leaves_the_differences_that_were_decided(evidence):
    lines = glue_agreement(evidence).text.replace(",", "").splitlines()
    told = {name: int(number) for name, number in (line.split(" = ") for line in lines)}
    cells, agreed, alone = (told[f"extraction-{name}"] for name in ("cells", "agreed", "alone"))
    fields = {"direction", "randomised", "adjusted_for"}  # of comparisons, read as a register
    rows = evidence.rows("adjudications")
    features = [r for r in rows if r["table"] == "cohorts" or r["field"] in fields]
    pairs = [r for r in rows if r["table"] == "overlaps"]
    for name, register in (("features", features), ("pairs", pairs)):
        apart = told[f"extraction-{name}"] - told[f"extraction-{name}-agreed"]
        assert 0 < apart == sum(row["field"] != "basis_kind" for row in register)
    decided = [row for row in rows if row not in features and row not in pairs]
    assert alone == sum(row["field"] == "row" for row in decided) > 0
    assert cells - agreed == len(decided) - alone > 0
    assert agreed > 0.9 * cells


def test_contradictions_that_matter_are_those_that_change_a_pool(evidence):
    told = flips_that_matter(evidence)
    pools = [pool for spec in evidence.analyses.values() for pool in spec.pools]
    changed = {
        pool.id: {flip.label for flip, _ in effective_flips(evidence, pool)} for pool in pools
    }
    assert set(told) >= set().union(*changed.values()) and len(set(told)) == len(told)
    assert any(len(labels) < len(told) for labels in changed.values())
