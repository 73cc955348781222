"""Why cohorts are related, who is flagged ∩?, and that every page counts them alike."""

import re
from itertools import combinations
from types import SimpleNamespace

import pytest
from evisynth import report
from evisynth.chapter.top import stamp
from evisynth.evidence.doubts import KINDS, doubts, exclusions, ground_of, undoubted
from evisynth.evidence.grounds import ground, sideways
from evisynth.evidence.overlap import RELATIONS, Edge, OverlapGraph
from evisynth.figures import forest_of
from evisynth.report.page.values import pool_values
from evisynth.report.selection.possible_overlaps import flagged_cohorts
from evisynth.words.phrases import count_word
from hypothesis import given, settings
from hypothesis import strategies as st


@st.composite
def graphs(draw):
    nodes = [f"c{n}" for n in range(draw(st.integers(2, 9)))]
    pairs = draw(st.lists(st.sampled_from(list(combinations(nodes, 2))), unique=True, max_size=12))
    edges = [Edge(a, draw(st.sampled_from(RELATIONS)), b) for a, b in pairs]
    return nodes, OverlapGraph(edges)


@given(graphs())
@settings(max_examples=200, deadline=None)
def test_a_ground_is_enough_to_tell_the_relation_and_none_where_there_is_none(drawn):
    nodes, graph = drawn
    disjoint = [edge for edge in graph.edges if edge.relation == "disjoint"]
    for a, b in combinations(nodes, 2):
        chain = ground(graph, a, b)
        assert bool(chain) == bool(graph.describe(a, b))
        assert set(chain) <= set(graph.edges)
        if chain:
            alone = OverlapGraph([*chain, *disjoint])
            assert alone.describe(a, b), (a, b, chain)


@given(graphs())
@settings(max_examples=100, deadline=None)
def test_a_declared_relation_is_its_own_ground(drawn):
    _, graph = drawn
    for edge in graph.edges:
        told = OverlapGraph([edge]).describe(edge.a, edge.b)
        if told and told == graph.describe(edge.a, edge.b):
            assert len(ground(graph, edge.a, edge.b)) == 1


def test_the_shortest_chain_is_given_and_its_deciding_edge():
    edges = [
        Edge("part", "subset_of", "whole"), Edge("whole", "possible", "other"),
        Edge("rest", "part_of_pool", "other"), Edge("part", "possible", "other"),
    ]  # fmt: skip
    chain = ground(OverlapGraph(edges), "part", "rest")
    assert chain == (edges[3], edges[2]) and sideways(chain) == edges[3]
    assert ground(OverlapGraph(edges), "part", "whole") == (edges[0],)
    assert sideways((edges[0],)) is None


def base(*edges):
    """An evidence base of edges alone, each with how it is known."""
    columns = ("cohort_a", "relation", "cohort_b", "basis_kind")
    rows = [dict(zip(columns, edge, strict=True)) for edge in edges]
    graph = OverlapGraph(Edge(*edge[:3]) for edge in edges)
    return SimpleNamespace(graph=graph, rows=lambda name: rows)


@pytest.mark.parametrize("inside", KINDS)
@pytest.mark.parametrize("across", KINDS)
def test_a_chain_is_known_as_well_as_its_least_firm_edge(inside, across):
    found = ground_of(base(("part", "subset_of", "whole", inside),
                           ("whole", "possible", "other", across)), "part", "other")  # fmt: skip
    assert len(found.edges) == 2 and found.deciding["relation"] == "possible"
    assert found.kind == max(inside, across, key=("stated", "arithmetic", "outside").index)


# On our data --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def analyses(evidence):
    return [evidence.analyse(name) for name in evidence.analyses]


def test_who_is_flagged_is_who_is_in_a_doubt(evidence, analyses):
    for analysis in analyses:
        for selection in analysis.selections.values():
            found = doubts(evidence, selection)
            ends = {c.cohort["cohort_id"] for d in found for c in (d.a, d.b)}
            assert ends == flagged_cohorts([selection])
            for doubt in found:
                assert 0 < doubt.most <= min(doubt.a.row["total"], doubt.b.row["total"])
                assert doubt.ground.kind in KINDS and doubt.ground.deciding["basis"]


def test_nobody_is_doubted_in_the_largest_set_without_a_doubt(evidence, analyses):
    for analysis in analyses:
        for selection in analysis.selections.values():
            kept = undoubted(evidence, selection)
            assert doubts(evidence, kept) == ()
            assert sum(kept.ni) <= sum(selection.ni)
            assert doubts(evidence, selection) or kept.slab == selection.slab


def test_one_number_of_flagged_cohorts_on_every_part_of_a_page(analyses):
    for analysis in (a for a in analyses if a.selections):
        flagged = len(flagged_cohorts(analysis.chosen()))
        expected = f"{flagged} of {len(analysis.cohorts)}"
        assert f"{flagged or 'none'} may share patients" in str(stamp(analysis))
        shown = re.findall(r"flagged ∩\?: (.*)$", str(report.badges(analysis)))
        assert shown == ([expected] if flagged else [])
        figure = forest_of(analysis, title="Response", left_out=False)
        drawn = [row["label"] for row in figure.table if "∩?" in row.get("badges", ())]
        assert len(set(drawn)) == flagged
        for selection in analysis.selections.values():
            said = pool_values(selection)["flagged"]
            assert said == count_word(len(flagged_cohorts([selection])))


def test_the_table_of_pairs_has_a_line_for_each_and_names_its_ground(evidence, analyses):
    for analysis in analyses:
        found = [d for s in analysis.selections.values() for d in doubts(evidence, s)]
        text = str(report.possible_overlaps(analysis))
        for doubt in found:
            a, b = doubt.a.cohort["label"], doubt.b.cohort["label"]
            line = next(x for x in text.split("\n") if x.startswith(f"{a} | {b} |"))
            assert f"| {doubt.most} |" in line and f"| {doubt.ground.kind} |" in line
            assert doubt.ground.declared or "Follows from" in line
        assert len(re.findall(r"\| (?:stated|arithmetic|outside) \|", text)) == len(found)


def test_without_a_doubt_the_page_says_so(evidence):
    none = [
        (analysis, pool)
        for analysis in map(evidence.analyse, evidence.analyses)
        for pool, selection in analysis.selections.items()
        if not doubts(evidence, selection)
    ]
    assert none and all(
        "No counted cohort is flagged" in str(report.possible_overlaps(a, p)) for a, p in none
    )


def test_an_exclusion_for_overlap_has_a_ground(evidence, analyses):
    pairs = [p for a in analyses for s in a.selections.values() for p in exclusions(evidence, s)]
    assert len(pairs) > 20
    assert all(ground_of(evidence, a, b).edges for a, b in pairs)
