"""The specification curves of our own pools: what they must contain."""

from dataclasses import replace

import numpy as np
import pytest
from evisynth import report
from evisynth.errors import ArgumentError
from evisynth.evidence import contrast_branches
from evisynth.evidence.branches import (
    DECISION,
    branches,
    other_choices,
    specification_multiverse,
)
from evisynth.evidence.flips import effective_flips, flips, gives_count
from evisynth.report.page.values import contrast_choice_values
from evisynth.report.selection.choices import NONE


def test_each_contradiction_can_be_decided_otherwise(evidence):
    register = evidence.rows("discrepancies")
    found = flips(evidence)
    decided = sum(row["decision"] in "ab" for row in register)
    assert len(found) == decided + 2 * (len(register) - decided)
    for flip in found:
        key = flip.discrepancy["discrepancy_id"]
        assert len([pair for pair in flip.rejected if pair[0] == key]) == 1
        assert flip.rejected - {(key, "a"), (key, "b")} == {
            pair for pair in evidence.rejected if pair[0] != key
        }


def test_the_first_branch_is_the_declared_analysis(evidence):
    for analysis in evidence.analyses.values():
        if analysis.card is None:
            continue
        for spec in analysis.pools:
            first, *others = branches(evidence, spec)
            selection = evidence.select(analysis.id, spec.id)
            assert (first.xi, first.ni) == (selection.xi, selection.ni)
            assert all(len(other.choices) == len(first.choices) for other in others)


def test_deciding_otherwise_changes_what_is_counted(evidence):
    spec = evidence.select("pediatric-vs-adult", "children").spec
    usual = evidence.select("pediatric-vs-adult", "children")
    found = effective_flips(evidence, spec)
    assert found
    for _, selection in found:
        assert sorted(zip(selection.xi, selection.ni, strict=True)) != sorted(
            zip(usual.xi, usual.ni, strict=True)
        )


def test_a_claim_turned_down_takes_every_printing_of_it_along(evidence):
    usual = evidence.select("mrd-response", "responders-complete-children")
    found = {flip.label: other for flip, other in effective_flips(evidence, usual.spec)}
    # Another document prints the same 14 of 27, under another contradiction.
    other = found["D070: second claim"]
    assert (14, 27) in zip(usual.xi, usual.ni, strict=True)
    assert (14, 27) not in zip(other.xi, other.ni, strict=True)
    assert (16, 27) in zip(other.xi, other.ni, strict=True)
    assert len(other.counted) == len(usual.counted)


def test_a_claim_without_a_count_is_no_branch(evidence):
    for analysis in evidence.analyses.values():
        for spec in analysis.pools:
            usual = evidence.select(analysis.id, spec.id)
            found = effective_flips(evidence, spec)
            deleting = {flip.label for flip, o in found if not gives_count(flip, usual, o)}
            used = {
                choice for data in branches(evidence, spec) for choice in [data.choices[DECISION]]
            }
            assert not deleting & used
    spec = evidence.select("mrd-response", "conversion-children").spec
    usual = evidence.select("mrd-response", "conversion-children")
    found = {f.label: gives_count(f, usual, o) for f, o in effective_flips(evidence, spec)}
    # 73.1 percent beside 30 of 41: a digit cut off, and no count of its own.
    assert found["D090: second claim"] is False and found["D091: first claim"] is True


def test_the_protocol_of_a_curve_is_the_headline(evidence):
    for analysis, pool in (
        ("salvage-line", "first"),
        ("mrd-response", "conversion-children"),
        ("pediatric-vs-adult", "children"),
    ):
        found = specification_multiverse(evidence, analysis, pool)
        shown = evidence.select(analysis, pool).pooled.displayed
        # The stacked fit against the single one: error seen 1e-8.
        assert found.estimate[found.protocol] == pytest.approx(shown["estimate"], abs=1e-5)
        assert found.ci_lb[found.protocol] == pytest.approx(shown["ci_lb"], abs=1e-5)
        assert np.isfinite(found.estimate[found.estimable]).all()
        assert all(why for _, levels, _, why in found.axes if len(levels) == 1)


def test_unplaced_remissions_bound_the_odds_ratio(evidence):
    """By hand from the tables: 124 of 261 by age, 36 + 84 of 261 by line."""
    analysis = evidence.analyse("salvage-line")
    found = contrast_branches.allocation_bounds(analysis, "first", "later")
    assert found.events == 20 + 104 - (36 + 84)
    low, high = (36 / 25) / (88 / 112), (40 / 21) / (84 / 116)
    assert found.stratum == pytest.approx((low, high))
    # Seen by a reader's own computation, to two decimals.
    assert [round(x, 2) for x in found.lowest] == [1.69, 1.16, 2.46]
    assert [round(x, 2) for x in found.highest] == [1.96, 1.34, 2.86]


def test_where_no_event_is_unplaced_there_is_no_bound(evidence):
    pools = "first-relapse-blinatumomab", "first-relapse-chemotherapy"
    analysis = evidence.analyse("mrd-response")
    assert contrast_branches.allocation_bounds(analysis, *pools) is None
    (only,) = contrast_branches.allocations(analysis, *pools)
    assert only == "none added"


def declared_otherwise(analysis, **changes):
    """The analysis with its unplaced events declared otherwise."""
    (contrast,) = analysis.spec.contrasts
    unplaced = contrast.unplaced.replaced(**changes)
    spec = analysis.spec.replaced(contrasts=(contrast.replaced(unplaced=unplaced),))
    return replace(analysis, spec=spec)


def test_unplaced_events_of_no_stratum_are_refused(evidence):
    analysis = declared_otherwise(evidence.analyse("salvage-line"), study="elm2020")
    with pytest.raises(ArgumentError, match="study is 'elm2020'; allowed: a study with a cohort"):
        contrast_branches.unplaced_events(analysis, "first", "later")


def test_unplaced_events_are_found_in_either_direction(evidence):
    analysis = evidence.analyse("salvage-line")
    there, back = (
        contrast_branches.allocation_bounds(analysis, *pools)
        for pools in (("first", "later"), ("later", "first"))
    )
    assert back.events == there.events
    assert back.lowest[0] == pytest.approx(1 / there.highest[0], rel=1e-12)


def test_a_contradiction_that_changes_the_counts_goes_without_unplaced_events(
    evidence, monkeypatch
):
    analysis = evidence.analyse("salvage-line")
    (contrast,) = analysis.spec.contrasts
    counted = tuple(
        replace(c, row={**c.row, "events": c.row["events"] + 10})
        if c.study["study_id"] == contrast.unplaced.study else c
        for c in analysis["first"].counted
    )  # fmt: skip
    changed = {"first": replace(analysis["first"], counted=counted), "later": analysis["later"]}
    other = replace(analysis, selections=changed)
    with pytest.raises(ArgumentError):  # the rows that tell of them fit the counts as decided
        contrast_branches.allocations(other, "first", "later")
    monkeypatch.setattr(
        contrast_branches, "_readings", lambda *_: {"as decided": analysis, "other": other}
    )
    found = contrast_branches.contrast_specifications(analysis, "first", "later")
    placed = {c[contrast.unplaced.title] for c in found.specifications
              if c[DECISION] == "other"}  # fmt: skip
    assert placed == {"none added"}


def test_rows_that_do_not_add_up_to_the_stratum_are_refused(evidence):
    analysis = evidence.analyse("salvage-line")
    known = analysis.spec.contrasts[0].unplaced.known
    with pytest.raises(ArgumentError, match="rows of 261 patients in all, with 120 events"):
        contrast_branches.unplaced_events(
            declared_otherwise(analysis, known=known[:1]), "first", "later"
        )


def test_the_curve_of_a_contrast_has_every_branch(evidence):
    analysis = evidence.analyse("salvage-line")
    found = contrast_branches.contrast_specifications(analysis, "first", "later")
    ratios = analysis.odds_ratios("first", "later")
    assert (found.estimate[found.protocol], found.ci_lb[found.protocol]) == ratios.common[:2]
    # Six ways to place by six models; one stratum alone by the three without a spread: the one
    # with unplaced events in six ways, the other, which does not hear of them, once.
    assert len(found) == found.estimable.sum() == 6 * 6 + 3 * (6 + 1)
    assert found.apart == (contrast_branches.LEFT_OUT,)
    alone = (found.choices[contrast_branches.LEFT_OUT] != "none").to_numpy()
    assert (found.k == np.where(alone, 1, 2)).all()
    assert set(found.n[alone]) == {104 + 167, 61 + 200} and set(found.n[~alone]) == {532}


# Choices of what is counted -----------------------------------------------------------------------


def made_otherwise(evidence, analysis, pool):
    spec = evidence.select(analysis, pool).spec
    found = other_choices(evidence, spec)
    return {
        (axis, level): dict(zip(s.slab, zip(s.xi, s.ni, strict=True), strict=True))
        for axis, level, s in found
    }


def test_the_largest_trial_of_adults_in_remission_is_a_branch_with_both_counts(evidence):
    """76% of 119 is 90 or 91; the headline keeps to 75 of 90, and nothing else counts either."""
    usual = evidence.select("mrd-response", "responders-blinatumomab-adults")
    assert (usual.xi, usual.ni) == ((75,), (90,))
    found = made_otherwise(evidence, "mrd-response", "responders-blinatumomab-adults")
    assert {
        level: counts["Kantarjian 2017"]
        for (axis, level), counts in found.items()
        if axis == "Largest trial"
    } == {"fewest that fit": (90, 119), "most that fit": (91, 119)}
    for name in evidence.analyses:
        for selection in evidence.analyse(name).selections.values():
            assert not {c.row["derivation"] for c in selection.counted} & {
                "fewest_from_percent", "most_from_percent", "total_from_percent",
            }  # fmt: skip


def test_either_denominator_of_the_real_world_series_is_another_decision(evidence):
    spec = evidence.select("mrd-response", "conversion-adults").spec
    found = {flip.label: sorted(zip(s.xi, s.ni, strict=True))
             for flip, s in effective_flips(evidence, spec)}  # fmt: skip
    assert found["D063: first claim"] == [(9, 12), (66, 109)]
    assert found["D063: second claim"] == [(9, 12), (66, 80)]


def test_whoever_had_no_mrd_result_can_count_as_positive_in_both_arms(evidence):
    pools = "first-relapse-blinatumomab", "first-relapse-chemotherapy"
    found = contrast_branches.contrast_specifications(evidence.analyse("mrd-response"), *pools)
    common = (found.choices["Model"] == "Mantel–Haenszel").to_numpy()
    both = (found.choices[contrast_branches.LEFT_OUT] == "none").to_numpy()
    decided = (found.choices[DECISION] == "as decided").to_numpy()
    ratios = dict(
        zip(
            found.choices["Without an MRD result"][common & both & decided],
            found.estimate[common & both & decided],
            strict=True,
        )
    )
    # By hand: 79 of 105 against 33 of 103, and 44 of 54 against 26 of 54.
    terms = ((79 * 70 / 208, 26 * 33 / 208), (44 * 28 / 108, 10 * 26 / 108))
    above, below = map(sum, zip(*terms, strict=True))
    assert ratios["counted as MRD-positive"] == pytest.approx(above / below)
    assert ratios["left out where told"] == pytest.approx(6.69, abs=0.005)


def test_first_salvage_by_the_title_alone_can_be_left_out(evidence):
    found = made_otherwise(evidence, "salvage-line", "first")
    without = found["First salvage by the title alone", "not counted"]
    assert sorted(without.values()) == [(36, 61), (53, 104)]


def test_the_latest_report_of_the_same_patients_can_speak(evidence):
    adults = made_otherwise(evidence, "pediatric-vs-adult", "adults")
    children = made_otherwise(evidence, "pediatric-vs-adult", "children")
    latest = ("Report counted", "latest report first")
    assert adults[latest]["Badar 2021"] == (128, 221)
    assert children[latest]["Queudeville 2021"] == (13, 38)
    usual = evidence.select("pediatric-vs-adult", "adults")
    assert (149, 227) in zip(usual.xi, usual.ni, strict=True)


def test_choices_that_leave_too_few_for_a_curve_are_told(evidence):
    view = str(report.choices(evidence.analyse("hsct-bridging"), "treated-adults"))
    assert "50 of 271" in view and "65 of 271" in view
    assert str(report.choices(evidence.analyse("hsct-bridging"), "randomised-adults")) == NONE


def test_alternatives_of_one_pool_alone_are_no_axis_of_a_contrast(evidence):
    lines = [evidence.select("salvage-line", pool).spec for pool in ("first", "later")]
    assert lines[0].alternatives and contrast_branches.shared_alternatives(*lines) == {}


def test_prose_can_place_what_a_contrast_gives_otherwise(evidence):
    analysis = evidence.analyse("mrd-response")
    (contrast,) = analysis.spec.contrasts
    found = contrast_choice_values(analysis, contrast)
    assert found["if-counted-as-mrd-positive-rates-2"] == "81 against 48"
    assert found["if-counted-as-mrd-positive-rates-1"] == "75 against 32"
    assert found["if-counted-as-mrd-positive-or"] == "5.82"
    lines = evidence.analyse("salvage-line")
    assert contrast_choice_values(lines, lines.spec.contrasts[0]) == {}


def test_the_arms_of_the_randomised_trial_of_adults_can_be_compared(evidence):
    """No chapter declares it yet: 119 of 271 against the derived 33 of 134."""
    spec = evidence.select("pediatric-vs-adult", "adults").spec
    arms = {}
    for agent in ("blinatumomab", "chemotherapy"):
        chosen = evidence.selector().select(spec.otherwise({"where": {"agent": (agent,)}}))
        (arm,) = [c.row for c in chosen.counted if c.study["known_as"] == "TOWER"]
        arms[agent] = arm["events"], arm["total"]
    assert arms == {"blinatumomab": (119, 271), "chemotherapy": (33, 134)}
