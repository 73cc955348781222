"""The specification curves of our own pools: what they must contain."""

import numpy as np
import pytest
from evisynth.evidence.base import load_evidence
from evisynth.evidence.branches import branches, effective_flips, flips, specification_multiverse


@pytest.fixture(scope="module")
def evidence():
    return load_evidence()


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
    for _, selection in effective_flips(evidence, spec):
        assert (selection.slab, selection.xi, selection.ni) != (usual.slab, usual.xi, usual.ni)


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
