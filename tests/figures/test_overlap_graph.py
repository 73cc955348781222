"""The overlap graph: what is drawn, in which order, and that it can be read."""

from collections import Counter
from itertools import combinations
from types import SimpleNamespace

import pytest
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.evidence.countings import countings
from evisynth.evidence.doubts import doubts, exclusions
from evisynth.evidence.overlap import RELATIONS, Edge, OverlapGraph
from evisynth.figures import PALETTE, double_counting_forest, overlap_graph
from evisynth.figures.base.style import font
from evisynth.figures.overlap.arcs import FOLLOWS, LARGEST, LOOKS
from evisynth.figures.overlap.parts import DRAWN, RELATION_WORDS, graph_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from legible import WIDTHS, check_legible
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch

KINDS = ("stated", "arithmetic", "outside")
COLUMNS = ("cohort_a", "relation", "cohort_b", "basis_kind", "basis", "shared_n")


def base(edges, cohorts=8, counted=(), sizes=None, label="Alder {}"):
    """An evidence base of numbered cohorts, three to a family."""
    keys = [f"c{n}" for n in range(cohorts)]
    sizes = sizes or {}
    return SimpleNamespace(
        graph=OverlapGraph(Edge(*edge[:3]) for edge in edges),
        families={"family-0": {"title": "First family", "short": "FIRST"}},
        cohorts={
            key: {"label": label.format(n), "study_id": key, "n": sizes.get(key, 10 * n)}
            for n, key in enumerate(keys)
        },
        studies={key: {"family_id": f"family-{n // 3}"} for n, key in enumerate(keys)},
        rows=lambda name: [
            dict(zip(COLUMNS, (*e, "so it says", None), strict=True)) for e in edges
        ],
        analyses={"one": None},
        analyse=lambda name: SimpleNamespace(cohorts=tuple(counted)),
    )


def analysis(evidence, counted, left_out, code="OVL"):
    def items(keys):
        rows = ({"cohort_id": key} for key in keys)
        return tuple(SimpleNamespace(cohort=row, row={"total": 9}, code=code) for row in rows)

    pool = SimpleNamespace(counted=items(counted), left_out=items(left_out))
    return SimpleNamespace(
        evidence=evidence, selections={"pool": pool}, chosen=lambda *pools: (pool,)
    )


FAN = [
    ("c1", "subset_of", "c0", "stated"),
    ("c2", "part_of_pool", "c0", "arithmetic"),
    ("c3", "same", "c4", "stated"),
    ("c3", "partly_shared", "c0", "outside"),
    ("c5", "possible", "c0", "outside"),
    ("c6", "disjoint", "c0", "stated"),
]


@st.composite
def bases(draw):
    cohorts = draw(st.integers(2, 14))
    pairs = list(combinations(range(cohorts), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=20))
    edges = [
        (f"c{a}", draw(st.sampled_from(RELATIONS)), f"c{b}", draw(st.sampled_from(KINDS)))
        for a, b in chosen
    ]
    counted = draw(st.lists(st.sampled_from([f"c{n}" for n in range(cohorts)]), unique=True))
    return base(edges, cohorts, counted)


@given(bases())
@settings(max_examples=40, deadline=None)
def test_every_cohort_stands_once_and_every_relation_within_one_group(evidence):
    graph = graph_of(evidence)
    shown = [node.cohort for component in graph.components for node in component]
    shown += [node.cohort for node in graph.single]
    assert sorted(shown) == sorted(evidence.cohorts)
    for link in graph.links:
        homes = [i for i, group in enumerate(graph.components)
                 if {link.a, link.b} & {node.cohort for node in group}]  # fmt: skip
        assert len(homes) == 1
    drawn = [row for row in evidence.rows("overlaps") if row["relation"] in DRAWN]
    assert len(graph.links) == len(drawn)
    assert graph == graph_of(evidence)


@given(bases())
@settings(max_examples=40, deadline=None)
def test_families_stand_together_and_the_order_is_no_longer_than_the_tables(evidence):
    graph = graph_of(evidence)
    for component in graph.components:
        families = [node.family for node in component]
        runs = [f for i, f in enumerate(families) if i == 0 or families[i - 1] != f]
        assert len(runs) == len(set(runs))
        mine = [link for link in graph.links if link.a in {n.cohort for n in component}]

        def length(order, mine=mine):
            at = {node.cohort: i for i, node in enumerate(order)}
            return sum(abs(at[link.a] - at[link.b]) for link in mine)

        # The table's order, families brought together as they first appear.
        table = sorted(component, key=lambda n: int(n.cohort[1:]))
        first = list(dict.fromkeys(node.family for node in table))
        table.sort(key=lambda n: first.index(n.family))
        assert length(component) <= length(table)


def check_drawing(figure):
    """What `check_legible` asks of every drawing, and no bow leaves the sheet."""
    check_legible(figure)
    for width in WIDTHS:
        sheet = figure._sheets[width]
        for bow in (p for p in sheet.axes.patches if isinstance(p, PathPatch)):
            assert bow.get_path().vertices.min() >= 0, width
            assert bow.get_path().vertices[:, 0].max() <= sheet.width, width


LONG = "Consortium {} for the extremely long-named multicentre observational registry, later phase"


@pytest.mark.parametrize(
    "label", ["Alder {}", LONG, "Supercalifragilisticexpialidociousregistry{}"]
)
@pytest.mark.parametrize("cohorts", [7, 40])
def test_no_label_meets_another_or_leaves_the_sheet(label, cohorts):
    edges = [*FAN, *((f"c{n}", "subset_of", f"c{n - 1}", "stated") for n in range(8, cohorts))]
    check_drawing(overlap_graph(base(edges, cohorts, ["c0"], label=label)))


@given(bases())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_graph_can_be_drawn_and_read(evidence):
    check_drawing(overlap_graph(evidence))


def test_the_table_holds_each_relation_but_the_disjoint():
    figure = overlap_graph(base(FAN, counted=["c0"]))
    assert len(figure.table) == len(FAN) - 1
    assert {entry["relation"] for entry in figure.table} == set(RELATION_WORDS.values())
    assert Counter(e["known"] for e in figure.table) == {"stated": 2, "arithmetic": 1, "outside": 2}
    assert figure.table[0] == {
        "cohort": "Alder 1", "relation": "subset of", "other": "Alder 0", "shared": None,
        "known": "stated", "basis": "so it says", "follows from": "",
    }  # fmt: skip


def patches(figure, width="desktop"):
    return figure._sheets[width].axes.patches


def nodes_of(figure):
    """Circles with their radius and whether they are filled, but for the small marks on arcs."""
    circles = [p for p in patches(figure) if type(p).__name__ == "Circle" and p.get_zorder() < 4]
    return [(round(c.radius, 3), to_hex(c.get_facecolor()) == PALETTE["ink"].lower()
             and c.get_facecolor()[3] > 0) for c in circles]  # fmt: skip


def test_counted_cohorts_are_filled_and_area_goes_by_patients():
    sizes = {"c0": 400, "c1": 100, "c2": None, "c3": 100, "c4": 100, "c5": 100}
    figure = overlap_graph(base(FAN, counted=["c1", "c3"], sizes=sizes))
    nodes = nodes_of(figure)
    assert sum(filled for _, filled in nodes) == 2 and len(nodes) == 6
    radii = sorted(radius for radius, _ in nodes)
    assert radii[-1] == LARGEST and radii[-2] == LARGEST / 2  # a quarter of the patients
    assert radii[0] < LARGEST / 2  # of a size that is not printed
    assert "?" in [artist.get_text() for artist in figure.axes.texts]


def test_relations_differ_by_more_than_colour():
    looks = {name: (width, dash) for name, (_, width, dash) in LOOKS.items()}
    solid = {looks["subset_of"], looks["part_of_pool"]}
    assert len(solid) == 1 and len(set(looks.values())) == 4
    assert set(looks) == set(DRAWN) == set(RELATIONS) - {"disjoint"}


@pytest.mark.parametrize(("kind", "marks"), [("stated", 0), ("arithmetic", 2), ("outside", 2)])
def test_how_a_relation_is_known_has_a_mark_of_its_own(kind, marks):
    figure = overlap_graph(base([("c1", "possible", "c0", kind)], 2))
    # One on the arc and one in the key.
    assert sum(p.get_zorder() == 4 for p in patches(figure)) == marks
    shapes = {type(p).__name__ for p in patches(figure) if p.get_zorder() == 4}
    assert shapes == {"stated": set(), "arithmetic": {"Polygon"}, "outside": {"Circle"}}[kind]


def test_the_arrow_points_at_the_whole():
    figure = overlap_graph(base([("c1", "subset_of", "c0", "stated")], 2, sizes={"c0": 9, "c1": 4}))
    tips = [p.get_xy() for p in patches(figure) if type(p).__name__ == "Polygon"]
    height = {c.radius: c.center[1] for c in patches(figure) if type(c).__name__ == "Circle"}
    assert {round(tip[0][1], 6) for tip in tips} >= {round(height[LARGEST], 6)}
    assert len(tips) == 2  # with the one in the key


def test_an_analysis_draws_only_whom_it_read():
    evidence = base(FAN)
    figure = overlap_graph(analysis(evidence, ["c0"], ["c1", "c7"]))
    assert [entry["cohort"] for entry in figure.table] == ["Alder 1"]
    words = " ".join(artist.get_text() for artist in figure.axes.texts)
    assert "No relation known: Alder 7" in words and "Alder 5" not in words
    assert figure.title == "2 of 3 cohorts hang together in one group"
    assert "1 subset of" in figure.alt and "known as 1 stated" in figure.alt


def test_without_a_relation_the_figure_says_so():
    figure = overlap_graph(base([("c0", "disjoint", "c1", "stated")], 3))
    assert figure.title.startswith("No relation is known") and figure.table == []
    check_drawing(figure)


def test_two_drawings_are_the_same_bytes():
    assert overlap_graph(base(FAN)).svg() == overlap_graph(base(FAN)).svg()


def test_a_drawing_follows_the_pages_colours():
    drawn = overlap_graph(base(FAN, counted=["c0"])).svg("phone")
    assert "var(--co-ink" in drawn and "var(--co-warn-line" in drawn


@pytest.mark.parametrize("source", [None, 3, "pool", [], {"a": 1}, float("nan")])
def test_what_is_no_evidence_is_refused(source):
    with pytest.raises(ArgumentError, match="overlap_graph: source is"):
        overlap_graph(source)


def test_pools_belong_to_an_analysis():
    with pytest.raises(ArgumentError, match="overlap_graph: pools"):
        overlap_graph(base(FAN), "pool")


@pytest.mark.parametrize("name", ["title", "caption", "name"])
def test_words_must_be_text(name):
    with pytest.raises(ArgumentError, match=f"overlap_graph: {name} is 3"):
        overlap_graph(base(FAN), **{name: 3})


def test_the_face_is_the_houses():
    figure = overlap_graph(base(FAN))
    family = font().get_family()
    assert family[0] in figure.axes.texts[-1].get_fontfamily()


# What follows from cohorts that are not drawn ----------------------------------------------------

UNREAD = [
    ("c1", "part_of_pool", "c0", "arithmetic"),
    ("c4", "part_of_pool", "c3", "stated"),
    ("c3", "possible", "c0", "outside"),
    ("c5", "subset_of", "c4", "stated"),
    ("c6", "subset_of", "c5", "stated"),
]


def follows(figure):
    return {(e["cohort"], e["relation"], e["other"]): e for e in figure.table if e["follows from"]}


def test_a_doubt_through_unread_parents_is_drawn_with_its_ground():
    figure = overlap_graph(analysis(base(UNREAD), ["c1", "c4"], []))
    ((pair, entry),) = follows(figure).items()
    assert pair == ("Alder 1", "may share patients with", "Alder 4")
    assert entry["follows from"] == "family-1 – FIRST" and entry["known"] == "outside"
    assert "Thin arcs follow" in " ".join(a.get_text() for a in figure.axes.texts)
    assert "No relation known" not in " ".join(a.get_text() for a in figure.axes.texts)


def test_a_cohort_inside_another_by_way_of_an_unread_one_points_at_it():
    figure = overlap_graph(analysis(base(UNREAD), ["c4"], ["c6"]))
    ((pair, entry),) = follows(figure).items()
    assert pair == ("Alder 6", "subset of", "Alder 4") and entry["follows from"] == "Alder 5"


def test_what_the_drawn_relations_imply_is_not_drawn_again():
    figure = overlap_graph(analysis(base(UNREAD), ["c1", "c4"], ["c0", "c3"]))
    assert follows(figure) == {} and len(figure.table) == 3
    assert follows(overlap_graph(base(UNREAD, counted=["c1"]))) == {}


def test_pairs_that_no_pool_weighs_are_told_of_and_not_drawn():
    edges = [*UNREAD, ("c7", "same", "c1", "stated")]
    figure = overlap_graph(analysis(base(edges), ["c1"], ["c7", "c4", "c5"], code="DEN"))
    assert follows(figure) == {}
    assert "further pair" in " ".join(a.get_text() for a in figure.axes.texts)


def test_what_follows_is_thinner_than_what_is_declared():
    assert all(FOLLOWS[0] < width and FOLLOWS[1] != dash for _, width, dash in LOOKS.values())


@given(bases(), st.data())
@settings(max_examples=40, deadline=None)
def test_every_pair_that_a_pool_weighs_is_told_by_the_arcs(evidence, data):
    keys = st.lists(st.sampled_from(sorted(evidence.cohorts)), unique=True, min_size=2)
    read = data.draw(keys)
    counted = data.draw(st.lists(st.sampled_from(read), unique=True))
    source = analysis(evidence, counted, [key for key in read if key not in counted])
    check_all_weighed_pairs_are_joined(source, evidence)


def check_all_weighed_pairs_are_joined(source, evidence):
    """Pairs left out for overlap, and pairs flagged ∩?, are related by what is drawn."""
    graph, found = graph_of(source), 0
    home = {n.cohort: i for i, group in enumerate(graph.components) for n in group}
    shown = OverlapGraph(
        [Edge(link.a, link.relation, link.b) for link in graph.links]
        + [e for e in evidence.graph.edges if e.relation == "disjoint" and {e.a, e.b} <= set(home)]
    )
    for selection in source.chosen():
        pairs = list(exclusions(evidence, selection))
        pairs += [(d.a.cohort["cohort_id"], d.b.cohort["cohort_id"])
                  for d in doubts(evidence, selection)]  # fmt: skip
        found += len(pairs)
        for a, b in pairs:
            assert shown.describe(a, b) and home[a] == home[b], (a, b)
    return found


# On our data --------------------------------------------------------------------------------------


def test_the_graph_of_all_our_cohorts_can_be_read(evidence):
    whole = overlap_graph(evidence)
    check_drawing(whole)
    drawn = [row for row in evidence.rows("overlaps") if row["relation"] != "disjoint"]
    assert len(whole.table) == len(drawn)


@pytest.mark.parametrize("name", ["salvage-line", "hsct-bridging"])
def test_the_graphs_of_our_analyses_can_be_read(evidence, name):
    figure = overlap_graph(evidence.analyse(name))
    check_drawing(figure)
    assert figure.table


def test_the_figure_of_double_counting_can_be_read(evidence):
    figure = double_counting_forest(evidence)
    check_drawing(figure)
    repeating = [counting for counting in countings(evidence) if counting.repeats]
    assert 0 < len(figure.table) <= 2 * len(repeating)
    for entry in figure.table:
        assert entry["ci_lb"] <= entry["estimate"] <= entry["ci_ub"]
        assert entry["of"] in figure.alt


def test_without_two_rates_there_is_no_figure_of_double_counting():
    nobody = type("Nobody", (), {"analyses": {}})()
    with pytest.raises(NotEstimable, match="no pool tells patients twice"):
        double_counting_forest(nobody)


def test_our_graphs_join_whom_a_pool_excludes_or_flags(evidence):
    weighed = 0
    for name in evidence.analyses:
        source = evidence.analyse(name)
        weighed += check_all_weighed_pairs_are_joined(source, evidence)
        linked = graph_of(source).linked
        for selection in source.selections.values():
            for c in selection.counted:
                assert not c.possible_overlaps or c.cohort["cohort_id"] in linked
    assert weighed > 20
