"""Which cohorts share patients, and which to count: against brute force, and by hand."""

import os
import subprocess
import sys
from itertools import combinations, pairwise

import numpy as np
import pytest
from evisynth.errors import ArgumentError
from evisynth.evidence.independent import Candidate, independent_set, latest_set
from evisynth.evidence.overlap import RELATIONS, Edge, OverlapGraph
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = "abcdefgh"


@st.composite
def graphs(draw, most=9):
    pairs = st.tuples(st.sampled_from(NAMES), st.sampled_from(RELATIONS), st.sampled_from(NAMES))
    edges = draw(st.lists(pairs.filter(lambda e: e[0] != e[2]), max_size=most))
    return [Edge(*edge) for edge in edges]


@st.composite
def candidates(draw):
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=8, unique=True))
    sizes = st.integers(0, 4)  # few sizes, so that ties are common
    return [Candidate(name, draw(sizes), draw(st.booleans())) for name in names]


def subsets(items):
    for size in range(len(items) + 1):
        yield from combinations(items, size)


def brute_force(offered, graph):
    """Every subset, judged by the rule as the docstring states it."""
    free = [
        chosen
        for chosen in subsets(sorted(offered))
        if not any(graph.shares(a.cohort, b.cohort) for a, b in combinations(chosen, 2))
    ]

    def first_by_id(chosen):
        # A set that holds the smallest id in which two sets differ comes first.
        names = {c.cohort for c in chosen}
        return [candidate.cohort not in names for candidate in sorted(offered)]

    def rank(chosen):
        patients = sum(c.patients for c in chosen)
        return (-patients, -sum(c.primary for c in chosen), first_by_id(chosen))

    return tuple(c.cohort for c in min(free, key=rank))


# --- the choice ----------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(candidates(), graphs())
def test_the_set_is_the_one_that_brute_force_finds(offered, edges):
    graph = OverlapGraph(edges)
    assert independent_set(offered, graph) == brute_force(offered, graph)


@settings(max_examples=60, deadline=None)
@given(candidates(), graphs(), st.randoms(use_true_random=False))
def test_the_order_of_candidates_and_edges_does_not_matter(offered, edges, random):
    expected = independent_set(offered, OverlapGraph(edges))
    random.shuffle(offered)
    random.shuffle(edges)
    symmetric = ("same", "partly_shared", "disjoint", "possible")
    turned = [Edge(b, r, a) if r in symmetric else Edge(a, r, b) for a, r, b in edges]
    for again in (edges, turned, edges + edges):
        assert independent_set(offered, OverlapGraph(again)) == expected


@settings(max_examples=60, deadline=None)
@given(candidates(), graphs())
def test_no_patient_counts_twice_and_nothing_can_be_added(offered, edges):
    graph = OverlapGraph(edges)
    kept = independent_set(offered, graph)
    assert list(kept) == sorted(set(kept))
    assert not any(graph.shares(a, b) for a, b in combinations(kept, 2))
    for candidate in offered:
        if candidate.cohort not in kept and candidate.patients > 0:
            assert any(graph.shares(candidate.cohort, name) for name in kept)


@settings(max_examples=60, deadline=None)
@given(candidates(), graphs())
def test_the_latest_set_leaves_out_only_who_shares_with_a_report_as_late(offered, edges):
    graph = OverlapGraph(edges)
    kept = latest_set(offered, graph)
    assert list(kept) == sorted(set(kept))
    assert not any(graph.shares(a, b) for a, b in combinations(kept, 2))
    orders = {c.cohort: c.order for c in offered}
    for c in offered:
        if c.cohort not in kept:
            rivals = [name for name in kept if graph.shares(c.cohort, name)]
            assert any(orders[name] >= c.order for name in rivals)


def test_the_latest_report_goes_before_a_larger_one():
    offered = [Candidate("trial", 70, order=2016), Candidate("series", 38, order=2021)]
    shared = OverlapGraph([Edge("trial", "partly_shared", "series")])
    assert latest_set(offered, shared) == ("series",)
    assert independent_set(offered, shared) == ("trial",)
    assert latest_set(offered, OverlapGraph([])) == ("series", "trial")


def test_removing_an_edge_changes_the_set():
    offered = [Candidate("registry", 90), Candidate("trial", 60), Candidate("update", 80)]
    edges = [Edge("trial", "subset_of", "update"), Edge("trial", "partly_shared", "registry")]
    # The update contains the trial, so it shares with the registry too.
    assert independent_set(offered, OverlapGraph(edges)) == ("registry",)
    assert independent_set(offered, OverlapGraph(edges[1:])) == ("registry", "update")
    assert independent_set(offered, OverlapGraph(edges[:1])) == ("registry", "update")
    assert independent_set(offered, OverlapGraph([])) == ("registry", "trial", "update")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 50), min_size=2, max_size=6),
    st.sampled_from(("same", "subset_of", "part_of_pool", "partly_shared")),
)
def test_the_only_edge_between_two_cohorts_must_matter(sizes, relation):
    offered = [Candidate(name, size) for name, size in zip(NAMES, sizes, strict=False)]
    linked = independent_set(offered, OverlapGraph([Edge("a", relation, "b")]))
    free = independent_set(offered, OverlapGraph([]))
    assert set(free) - set(linked) == {"b" if sizes[0] >= sizes[1] else "a"}


@settings(max_examples=60, deadline=None)
@given(graphs(), st.sampled_from(("partly_shared", "same")), st.data())
def test_without_disjointness_more_edges_never_free_a_cohort(edges, relation, choose):
    plain = [edge for edge in edges if edge.relation not in ("disjoint", "part_of_pool")]
    a, b = choose.draw(st.permutations(NAMES))[:2]
    before, after = OverlapGraph(plain), OverlapGraph([*plain, Edge(a, relation, b)])
    for x, y in combinations(NAMES, 2):
        assert after.shares(x, y) >= before.shares(x, y)
    assert after.shares(a, b)


def test_ties_go_to_own_reports_then_to_the_first_id():
    graph = OverlapGraph([Edge("x", "same", "y")])
    assert independent_set([Candidate("x", 5, False), Candidate("y", 5, True)], graph) == ("y",)
    assert independent_set([Candidate("y", 5), Candidate("x", 5)], graph) == ("x",)
    # Patients come before own reports.
    assert independent_set([Candidate("x", 6, False), Candidate("y", 5, True)], graph) == ("x",)
    # One pool against its two parts, equally many patients: two own reports beat one.
    pool = OverlapGraph([Edge("x", "part_of_pool", "p"), Edge("y", "part_of_pool", "p")])
    offered = [Candidate("p", 10), Candidate("x", 4), Candidate("y", 6)]
    assert independent_set(offered, pool) == ("x", "y")


def test_patients_may_be_numpy_integers_of_any_size():
    names = [f"c{i:02d}" for i in range(70)]
    chain = [Edge(a, "partly_shared", b) for a, b in pairwise(names)]
    offered = [Candidate(name, np.int64(10**6), np.bool_(True)) for name in names]
    assert independent_set(offered, OverlapGraph(chain)) == tuple(names[::2])


def test_nothing_offered_gives_nothing():
    assert independent_set([], OverlapGraph([])) == ()


def test_the_set_does_not_depend_on_the_hash_seed():
    program = (
        "from evisynth.evidence.independent import *\nfrom evisynth.evidence.overlap import *\n"
        "edges = [Edge(f'c{i}', r, f'c{(i * 7 + 3) % 16}') for i, r in\n"
        "         zip(range(16), ('partly_shared', 'subset_of', 'same', 'part_of_pool') * 4)\n"
        "         if i != (i * 7 + 3) % 16]\n"
        "offered = [Candidate(f'c{i}', 5 + i % 3, i % 2 == 0) for i in range(16)]\n"
        "graph = OverlapGraph(edges)\n"
        "print(independent_set(offered, graph), graph.contradictions())\n"
    )
    printed = set()
    for seed in ("0", "1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        run = [sys.executable, "-c", program]
        printed.add(subprocess.run(run, env=environment, capture_output=True, check=True).stdout)
    assert len(printed) == 1 and b"c" in printed.pop()


# --- what follows from the edges -----------------------------------------------------------------


def test_same_is_symmetric_and_transitive():
    graph = OverlapGraph([Edge("a", "same", "b"), Edge("c", "same", "b")])
    assert graph.containers("a") == graph.contents("a") == {"a", "b", "c"}
    assert graph.shares("a", "c") and graph.describe("a", "c") == "same"


def test_a_chain_of_subsets_is_followed_to_its_end():
    chain = [Edge("a", "subset_of", "b"), Edge("b", "subset_of", "c"), Edge("c", "subset_of", "d")]
    graph = OverlapGraph(chain)
    assert graph.containers("a") == set("abcd") and graph.contents("d") == set("abcd")
    assert graph.contents("a") == {"a"}
    assert graph.shares("a", "d") and graph.shares("d", "a")
    assert (graph.describe("a", "d"), graph.describe("d", "a")) == ("inside", "contains")
    assert not OverlapGraph([chain[0], chain[2]]).shares("a", "d")


def test_parts_of_one_pool_are_disjoint_and_so_is_all_inside_them():
    edges = [
        Edge("a", "part_of_pool", "p"),
        Edge("b", "part_of_pool", "p"),
        Edge("a1", "subset_of", "a"),
        Edge("b1", "subset_of", "b"),
    ]
    graph = OverlapGraph(edges)
    for x, y in (("a", "b"), ("a1", "b"), ("a1", "b1")):
        assert graph.disjoint(x, y) and not graph.shares(x, y) and graph.describe(x, y) == ""
        assert not graph.possibly_shares(x, y)
    for x in ("a", "b", "a1", "b1"):
        assert graph.shares(x, "p") and not graph.disjoint(x, "p")
    # A subset of the pool that is not called a part of it may lie in either.
    loose = OverlapGraph([*edges, Edge("s", "subset_of", "p")])
    assert loose.shares("s", "a") and loose.shares("s", "b")
    offered = [Candidate(name, size) for name, size in (("p", 9), ("a", 5), ("b", 5), ("s", 3))]
    assert independent_set(offered, loose) == ("a", "b")


def test_siblings_are_presumed_to_share_unless_declared_disjoint():
    siblings = [Edge("a", "subset_of", "p"), Edge("b", "subset_of", "p")]
    assert OverlapGraph(siblings).describe("a", "b") == "shares"
    apart = OverlapGraph([*siblings, Edge("b", "disjoint", "a")])
    assert apart.disjoint("a", "b") and not apart.shares("a", "b")
    offered = [Candidate("a", 4), Candidate("b", 5), Candidate("p", 8)]
    assert independent_set(offered, OverlapGraph(siblings)) == ("p",)
    assert independent_set(offered, apart) == ("a", "b")


def test_containing_disjoint_siblings_is_not_sharing():
    edges = [
        Edge("x", "part_of_pool", "p"),
        Edge("y", "part_of_pool", "p"),
        Edge("x", "subset_of", "a"),
        Edge("y", "subset_of", "b"),
    ]
    graph = OverlapGraph(edges)
    assert not graph.shares("a", "b") and not graph.disjoint("a", "b")
    assert graph.shares("a", "p") and graph.shares("b", "p")
    offered = [Candidate("a", 4), Candidate("b", 5), Candidate("p", 8)]
    assert independent_set(offered, graph) == ("a", "b")


def test_whoever_contains_a_sharing_cohort_shares_too():
    edges = [
        Edge("a", "subset_of", "big"),
        Edge("b", "subset_of", "other"),
        Edge("a", "partly_shared", "b"),
    ]
    graph = OverlapGraph(edges)
    for x, y in (("a", "b"), ("big", "b"), ("a", "other"), ("big", "other")):
        assert graph.describe(x, y) == graph.describe(y, x) == "shares"
    # What lies elsewhere in the container is not known to share.
    inside = OverlapGraph([*edges, Edge("x", "subset_of", "a")])
    assert not inside.shares("x", "b") and inside.describe("x", "b") == "possible"


def test_possible_sharing_keeps_both_and_is_said():
    edges = [Edge("a", "possible", "b"), Edge("a1", "subset_of", "a"), Edge("b", "subset_of", "c")]
    graph = OverlapGraph(edges)
    for x, y in (("a", "b"), ("a1", "b"), ("a", "c"), ("a1", "c")):
        assert graph.describe(x, y) == "possible" and not graph.shares(x, y)
        offered = [Candidate(x, 4), Candidate(y, 5)]
        assert independent_set(offered, graph) == tuple(sorted((x, y)))
    known = OverlapGraph([*edges, Edge("a", "partly_shared", "b")])
    assert known.describe("a", "b") == "shares" and not known.possibly_shares("a", "b")
    apart = OverlapGraph([*edges, Edge("a", "disjoint", "b")])
    assert apart.describe("a1", "b") == ""


@settings(max_examples=80, deadline=None)
@given(graphs())
def test_relations_are_coherent(edges):
    graph = OverlapGraph(edges)
    for a, b in combinations(NAMES, 2):
        assert graph.shares(a, b) == graph.shares(b, a)
        assert graph.disjoint(a, b) == graph.disjoint(b, a)
        assert graph.possibly_shares(a, b) == graph.possibly_shares(b, a)
        verdicts = (graph.shares(a, b), graph.disjoint(a, b), graph.possibly_shares(a, b))
        assert sum(verdicts) <= 1
        assert (b in graph.containers(a)) == (a in graph.contents(b))
    assert all(graph.shares(a, a) and not graph.possibly_shares(a, a) for a in NAMES)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_inside_means_all_that_the_container_means(edges):
    graph = OverlapGraph(edges)
    for inner in NAMES:
        for outer in graph.containers(inner) - {inner}:
            for other in NAMES:
                if graph.disjoint(outer, other) and inner != other:
                    assert graph.disjoint(inner, other)
                if graph.shares(inner, other) and not graph.disjoint(outer, other):
                    assert graph.shares(outer, other)


# --- contradictions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "edges, pairs",
    [
        ([("a", "subset_of", "b"), ("a", "disjoint", "b")], [("a", "b")]),
        ([("a", "partly_shared", "b"), ("b", "disjoint", "a")], [("a", "b")]),
        ([("a", "same", "b"), ("a", "disjoint", "b")], [("a", "b")]),
        (
            [("a", "part_of_pool", "p"), ("b", "part_of_pool", "p"), ("a", "partly_shared", "b")],
            [("a", "b")],
        ),
        (
            [
                ("a", "part_of_pool", "p"),
                ("b", "part_of_pool", "p"),
                ("x", "subset_of", "a"),
                ("x", "subset_of", "b"),
            ],
            [("a", "b"), ("a", "x"), ("b", "x")],
        ),
        (
            [("x", "subset_of", "a"), ("a", "disjoint", "b"), ("x", "partly_shared", "b")],
            [("b", "x")],
        ),
    ],
)
def test_contradictions_are_found(edges, pairs):
    assert OverlapGraph(edges).contradictions() == pairs


@pytest.mark.parametrize(
    "edges",
    [
        [],
        [("a", "subset_of", "p"), ("b", "subset_of", "p"), ("a", "disjoint", "b")],
        [("a", "part_of_pool", "p"), ("b", "part_of_pool", "p"), ("c", "subset_of", "p")],
        [("a", "possible", "b"), ("a", "disjoint", "b")],
        [("a", "subset_of", "b"), ("b", "subset_of", "a")],
    ],
)
def test_what_holds_together_is_left_alone(edges):
    assert OverlapGraph(edges).contradictions() == []


# --- bad input -----------------------------------------------------------------------------------


def test_bad_edges_are_named():
    with pytest.raises(ArgumentError) as caught:
        OverlapGraph([("a", "same", "b"), ("a", "overlaps", "b")])
    assert str(caught.value) == (
        "OverlapGraph: relation is 'overlaps' at position 1; allowed: same, subset_of, "
        "part_of_pool, partly_shared, disjoint, possible."
    )
    with pytest.raises(ArgumentError) as caught:
        OverlapGraph([("a", "same", "a")])
    assert str(caught.value) == (
        "OverlapGraph: edge is 'a' with itself at position 0; allowed: two different cohorts."
    )


@pytest.mark.parametrize("patients", [-1, 2.5, float("nan"), None, "3"])
def test_bad_candidates_are_named(patients):
    with pytest.raises(ArgumentError) as caught:
        independent_set([Candidate("a", 3), Candidate("b", patients)], OverlapGraph([]))
    assert str(caught.value) == (
        f"independent_set: candidates is 'b' with {patients!r} patients; allowed: whole numbers "
        "from 0."
    )


def test_a_candidate_that_comes_twice_is_named():
    with pytest.raises(ArgumentError) as caught:
        independent_set([Candidate("a", 3), Candidate("a", 4)], OverlapGraph([]))
    assert str(caught.value) == (
        "independent_set: candidates is 'a' twice; allowed: each cohort once."
    )


@pytest.mark.parametrize(
    "edges, message",
    [
        (None, "edges is a NoneType; allowed: edges in a sequence."),
        (5, "edges is a int; allowed: edges in a sequence."),
        (
            [("a", "same")],
            "edges is ('a', 'same') at position 0; "
            "allowed: cohort, relation and cohort, each as text.",
        ),
        (
            [("a", "same", "b"), "abc"],
            "edges is 'abc' at position 1; allowed: cohort, relation and cohort, each as text.",
        ),
    ],
)
def test_what_is_no_edge_is_named(edges, message):
    with pytest.raises(ArgumentError) as caught:
        OverlapGraph(edges)
    assert str(caught.value) == f"OverlapGraph: {message}"
