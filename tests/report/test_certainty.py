"""Certainty, risk of bias and published results as a reader sees them."""

import re
from dataclasses import replace

import pytest
from evisynth.engine.proportions.pooling import pool_proportions
from evisynth.evidence.base import Evidence
from evisynth.evidence.specs import AnalysisSpec, PoolSpec
from evisynth.figures.base.judgements import checked_judgements
from evisynth.report import (
    beside_published,
    certainty_words,
    findings,
    grade,
    risk_of_bias,
    rob_marks,
)
from evisynth.report.certainty.findings import rate_words
from evisynth.report.certainty.grade import certainty_rating
from evisynth.report.certainty.judgements import circles
from evisynth.report.certainty.ratings import LEVELS, level_without
from evisynth.result import estimate_and_limits
from evisynth.words.phrases import (
    points_with_interval,
    rate_with_interval,
    ratio_with_interval,
)
from hypothesis import given, settings
from hypothesis import strategies as st

COUNTS = {"young": ((9, 20), (14, 30), (5, 11), (22, 41), (7, 19)), "old": ((3, 18), (6, 33))}
DOMAINS = {"risk-of-bias": "serious", "imprecision": "very serious", "inconsistency": "no concern"}
REASON = "Read second-hand & <told> again."


def outcome(study, pool, events, total):
    return {
        "row_id": f"{study}-{pool}", "cohort_id": f"{study}-{pool}", "outcome": "cr",
        "events": events, "total": total, "percent": None, "criterion": "CR",
        "denominator": "treated", "timepoint": None, "second_hand": False, "preferred": True,
        "discrepancy_id": None, "claim": None, "source_id": "s", "derivation": "reported",
    }  # fmt: skip


def rating(subject, item, judgement, kind="analysis", tool="GRADE", reason=REASON):
    return {
        "appraisal_id": f"{subject}.{item}", "subject_type": kind, "subject_id": subject,
        "tool": tool, "version": "Somebody 2015", "item": item, "wording": item.capitalize(),
        "judgement": judgement, "reason": reason, "source_id": None, "locator": None,
    }  # fmt: skip


def ratings(subject, overall, kind="analysis"):
    items = {"start": "high"} | DOMAINS | {"overall": overall}
    return [rating(subject, item, judgement, kind) for item, judgement in items.items()]


def evidence(appraisals, comparisons=(), estimates=()):
    """Studies a to e with young patients, of which a and b have old ones too."""
    tables = dict.fromkeys(("overlaps", "discrepancies"), ()) | {"appraisals": appraisals}
    named = [(s, p, *n) for p, ns in COUNTS.items() for s, n in zip("abcde", ns, strict=False)]
    tables["outcomes"] = [outcome(*row) for row in named]
    tables["cohorts"] = [
        {"cohort_id": f"{s}-{p}", "study_id": s, "label": f"{s.upper()} 2014 {p}", "unit": "whole",
         "group": p}
        for s, p, *_ in named
    ]  # fmt: skip
    tables["studies"] = [{"study_id": s, "name": s, "year": 2014, "sponsor": None} for s in "abcde"]
    tables |= {"comparisons": comparisons, "external_estimates": estimates}
    shared = {"estimand": "response", "outcomes": ("cr",)}
    pools = tuple(PoolSpec(id=p, title=p.title(), where={"group": (p,)}, **shared) for p in COUNTS)
    book = {"version": "0", "resources": [{"name": name} for name in tables]}
    return Evidence(tables, book, (AnalysisSpec(id="age", question="Whose?", pools=pools),), ".")


RATED = [
    *ratings("age/young", "low"),
    *ratings("age/old", "very low"),
    *ratings("age/young-v-old", "very low", "contrast"),
]


@pytest.fixture(scope="module")
def analysis():
    return evidence(RATED).analyse("age")


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(LEVELS), min_size=1, max_size=2))
def test_certainty_in_words_goes_from_the_highest_to_the_lowest(levels):
    rows = [rating(f"age/{p}", "overall", v) for p, v in zip(COUNTS, levels, strict=False)]
    ordered = sorted(set(levels), key=LEVELS.index, reverse=True)
    assert certainty_words(evidence(rows).analyse("age")) == " to ".join(ordered)


def test_certainty_of_one_pool_does_not_hang_on_another(analysis):
    assert certainty_words(analysis, "young") == "low"
    assert certainty_words(analysis) == "low to very low"
    assert certainty_words(evidence([]).analyse("age")) == "not rated"


@pytest.mark.parametrize("level", LEVELS)
def test_filled_circles_count_the_steps_of_certainty(level):
    shown = certainty_rating(level)
    assert shown.text == f"{'●' * (LEVELS.index(level) + 1):○<4} {level}"
    assert shown.html.count('fill="currentColor"') == LEVELS.index(level) + 1
    assert f'aria-label="{LEVELS.index(level) + 1} of 4 circles"' in shown.html


def test_the_level_without_a_domain_takes_its_steps_back():
    rows = ratings("age/young", "very low")  # high, down once and twice
    assert level_without(rows, "imprecision") == "moderate"
    assert level_without(rows, "risk-of-bias") == "low"
    assert level_without(rows, "inconsistency") is None  # it moved nothing
    assert level_without([], "imprecision") is None


def test_findings_tell_what_the_reading_alone_cost():
    rows = [
        *ratings("age/young", "very low"),
        rating("age/young", "publication-bias", "serious"),
        *ratings("age/old", "very low"),
    ]
    text = findings(evidence(rows).analyse("age")).text
    # Very low either way for the young: more was taken than there is.
    assert "but for" not in text
    rows = [rating("age/young", "start", "high"), rating("age/young", "overall", "moderate"),
            rating("age/young", "publication-bias", "serious")]  # fmt: skip
    assert "moderate; high but for publication-bias" in findings(evidence(rows).analyse("age")).text


def test_an_empty_a_half_and_a_full_circle_differ():
    assert circles((0.0, 0.5, 1.0), "each").text == "○◐●"
    assert len({circles((fill,), "x").html for fill in (0.0, 0.5, 1.0)}) == 3


def test_findings_print_the_results_and_nothing_else(analysis):
    text = findings(analysis).text
    young = analysis["young"].pooled.displayed
    assert rate_with_interval(young["estimate"], young["ci_lb"], young["ci_ub"]) in text
    assert ratio_with_interval(*analysis.odds_ratios("young", "old").common) in text
    assert "two strata, 101 patients" in text
    assert text.count("new centre") == 1  # the pool of two cohorts has no range


def test_of_two_strata_the_odds_ratio_that_lets_them_differ_leads(analysis):
    found = analysis.odds_ratios("young", "old")
    line = next(row for row in findings(analysis).text.splitlines() if "against" in row)
    apart = ratio_with_interval(*estimate_and_limits(found.bayes))
    assert line.index(f"{apart} if studies may differ") < line.index(
        f"{ratio_with_interval(*found.common)} if they do not"
    )
    assert " and ".join(points_with_interval(*d) for d in found.differences) in line
    assert points_with_interval(*found.common_as("RD")) not in line


def test_every_step_down_leads_to_its_reason_in_the_profile(analysis):
    html = findings(analysis).html
    targets = re.findall(r'href="#([^"]+)"', html)
    reasons = re.findall(r'<span id="([^"]+)"', grade(analysis).html)
    assert len(set(targets)) == len(targets) == 6  # two domains of two pools and a contrast
    assert set(targets) <= set(reasons) and len(set(reasons)) == len(reasons)
    assert "no concern" not in html
    assert "Read second-hand &amp; &lt;told&gt; again." in grade(analysis).html
    assert 'href="methods.html#certainty"' in html


def test_a_contrast_is_shown_where_both_pools_are(analysis):
    assert "against" in findings(analysis).text
    assert "against" not in findings(analysis, "young").text


def test_what_is_not_rated_says_so():
    shown = findings(evidence([]).analyse("age"))
    assert shown.text.count("not rated") == 2
    assert "GRADE" not in shown.text
    assert grade(evidence([]).analyse("age")).html == ""


def test_the_profile_has_every_domain_with_its_step(analysis):
    shown = grade(analysis, "young")
    assert shown.html.count("<details>") == 1
    for item, judgement in DOMAINS.items():
        assert f"{item.capitalize()} | {judgement.capitalize()}" in shown.text
    assert "| −1 |" in shown.text and "| −2 |" in shown.text


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((), "–"),
        (((3, 4),), "75 [19–99]"),
        (((1, 2), (1, 4)), "25 and 50, not pooled"),
        (((0, 4), (5, 5), (0, 9)), "0 to 100, not pooled"),
    ],
)
def test_a_rate_says_what_its_rule_allows(counts, words):
    xi, ni = zip(*counts, strict=True) if counts else ((), ())
    assert rate_words(pool_proportions(xi, ni)) == words


# Risk of bias -------------------------------------------------------------------------------------

JUDGED = [
    rating("a", "q01", "no", "study", "JBI case series"),
    rating("a", "overall", "high", "study", "JBI case series"),
    rating("b", "design", "printed", "study", "as printed", "One arm."),
    rating("b", "overall", "not assessable", "study", "as printed", "Only a review tells of it."),
    rating("c", "overall", "not assessable", "study", "as printed", "Only a review tells of it."),
]


def test_forests_take_the_marks_of_counted_rows():
    marks = rob_marks(evidence(JUDGED).analyse("age"), "young")
    assert marks == {"a-young": "high", "b-young": "not assessable", "c-young": "not assessable"}
    assert all(checked_judgements("forest_of", word) == word for word in marks.values())


def test_risk_of_bias_tells_judgements_from_facts():
    shown = risk_of_bias(evidence(JUDGED).analyse("age"), "young")
    assert "A 2014 young | ○ high" in shown.text
    together = "B 2014 young; C 2014 young | – not assessable from a secondary source"
    assert together in shown.text
    assert "Q01 | no | Read second-hand & <told> again." in shown.text
    assert "B 2014 young | Design | One arm." in shown.text
    assert "D 2014 young | not judged" in shown.text
    assert shown.html.count("<details>") == 2


# Beside published ---------------------------------------------------------------------------------


def estimate(**more):
    usual = {
        "estimate_id": "x", "citation": "Elm 2020", "population": "All", "scale": "percent",
        "value": 70.5, "lower": 58.6, "upper": 82.5, "k": 3, "patients": 1068,
        "model_as_stated": None, "read": "abstract",
    }  # fmt: skip
    return usual | more


@pytest.mark.parametrize(
    ("more", "printed"),
    [
        ({}, "70.5 [58.6–82.5], Elm 2020 (All; three studies; 1,068 patients)"),
        ({"lower": None}, "70.5 (no interval), Elm 2020"),
        ({"k": None, "patients": None}, "Elm 2020 (All)"),
        ({"scale": "odds ratio", "value": 0.6}, "OR 0.6 [58.6–82.5]"),
    ],
)
def test_published_numbers_stand_as_printed(more, printed):
    row = {"analysis": "age", "pool": "young", "estimate_id": "x", "reason": "Other people."}
    shown = beside_published(evidence([], [row], [estimate(**more)]).analyse("age"))
    assert printed in shown.text
    assert "Other people." in shown.text


def test_ours_stands_beside_it_in_the_direction_asked_for():
    row = {"analysis": "age", "pool": "old-v-young", "estimate_id": "x", "reason": "r"}
    analysis = evidence([], [row], [estimate(scale="odds ratio")]).analyse("age")
    ours = ratio_with_interval(*analysis.odds_ratios("old", "young").common)
    assert f"Old against Young | OR {ours}" in beside_published(analysis).text


def test_where_no_study_has_both_there_is_nothing_of_ours_beside_it():
    row = {"analysis": "age", "pool": "old-v-none", "estimate_id": "x", "reason": "r"}
    analysis = evidence([], [row], [estimate(scale="odds ratio")]).analyse("age")
    nobody = replace(analysis["young"], counted=())
    pools = {"old": analysis["old"], "none": nobody}
    text = beside_published(replace(analysis, selections=pools)).text
    assert "Old against Young | no study has both" in text


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (("abstract", "abstract"), "Of each the abstract alone was read"),
        (("full text", "abstract"), "Of one of 2 the abstract alone was read"),
        (("full text", "full text"), "never pooled with ours."),
    ],
)
def test_what_was_read_of_the_published_results_is_said(read, said):
    estimates = [estimate(estimate_id=str(i), read=what) for i, what in enumerate(read)]
    rows = [{"analysis": "age", "pool": "young", "estimate_id": str(i), "reason": "r"}
            for i in range(len(read))]  # fmt: skip
    text = beside_published(evidence([], rows, estimates).analyse("age")).text
    assert said in text and ("abstract" in text) == ("abstract" in read)


def test_nothing_published_leaves_nothing():
    assert beside_published(evidence([]).analyse("age")).html == ""
