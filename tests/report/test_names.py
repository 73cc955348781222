"""Second names of cohorts, and titles of families: in the tables, in figures and on pages."""

import re
from dataclasses import replace

import pytest
from evisynth import report
from evisynth.figures import forest, forest_of, overlap_graph
from evisynth.figures.base.parts import after_label
from evisynth.figures.base.rows import Group, LeftOutRow, Row
from evisynth.figures.base.sheet import Sheet
from evisynth.words.names import family_title, second_name

ROW = Row("Alder 2014", 0.5, 0.3, 0.7, 50.0, "5 / 10", ("series", "any"), badges=("∩?",))
COLUMNS = ("Design", "Definition", "n/N", "weight")


def drawn(rows, **more):
    return forest([Group("", rows)], title="Response", columns=COLUMNS, **more)


def words(figure, width):
    return [artist.get_text() for artist in figure._sheets[width].axes.texts]


@pytest.mark.parametrize("width", ["desktop", "phone"])
def test_a_second_name_stands_beside_its_label(width):
    rows = (replace(ROW, name="NORTH"), replace(ROW, label="Birch 2015"))
    assert words(drawn(rows), width).count("NORTH") == 1


@pytest.mark.parametrize("width", ["desktop", "phone"])
def test_a_name_without_room_is_left_away_and_nothing_else_is(width):
    long = "a name that is far too long for any column of labels whatever their width may be"
    with_name, without = (drawn((replace(ROW, name=name),)) for name in (long, ""))
    assert words(with_name, width) == words(without, width)
    assert with_name.table[0]["name"] == long


def placed(name, right):
    """Where name and badge stand after a label, and what further lines add."""
    sheet = Sheet(400)
    more = after_label(sheet, 10, 0, ["Alder 2014"], name, right, ("∩?",), pitch=16)
    at = {a.get_text(): a.get_position() for a in sheet.axes.texts}
    return at.get(name), at["∩?"], more


def test_name_and_badge_share_the_labels_line_where_both_fit():
    (x, y), badge, more = placed("NORTH", 300)
    assert x < badge[0] and abs(y - badge[1]) < 8 and more == 0


def test_where_only_the_badge_fits_it_stays_with_the_label():
    name, badge, more = placed("Consortium", 104)
    assert name[0] == 10 and name[1] - badge[1] > 8 and more == 16


def test_where_neither_fits_the_name_leads_the_next_line():
    name, badge, more = placed("NORTH", 80)
    assert name[0] == 10 and badge[0] > name[0] and abs(name[1] - badge[1]) < 8 and more == 16


def test_a_row_left_out_has_its_second_name_too():
    out = LeftOutRow("Cedar 2016", "OVL", "⊂ Alder 2014", "3 / 9", 0.33, 0.1, 0.7, name="SOUTH")
    figure = drawn((ROW,), left_out=[out])
    assert "SOUTH" in words(figure, "phone") and figure.table[-1]["name"] == "SOUTH"


# On our data --------------------------------------------------------------------------------------


def test_each_family_has_a_title_and_each_title_one_family(evidence):
    used = {study["family_id"] for study in evidence.studies.values()}
    assert set(evidence.families) == used
    titles = [family_title(evidence, family) for family in used]
    assert len(set(titles)) == len(titles)


def test_a_second_name_is_what_a_source_calls_it_unless_its_label_says_so(evidence):
    studies = {c: evidence.studies[row["study_id"]] for c, row in evidence.cohorts.items()}
    known = {c: study["known_as"] for c, study in studies.items()}
    said = {c for c, name in known.items() if name and name in evidence.cohorts[c]["label"]}
    shown = {c: second_name(evidence, c) for c in evidence.cohorts}
    assert {c for c, name in shown.items() if name} == {c for c, n in known.items() if n} - said
    assert all(name == known[c] for c, name in shown.items() if name)
    assert said and any(shown.values())


def test_each_second_name_says_who_prints_it_and_where(evidence):
    """What a source does not call a report, no figure calls it: a name of ours is a title."""
    named = [s for s in evidence.studies.values() if s["known_as"]]
    assert len(named) > 40
    assert [s["study_id"] for s in named if not (s["named_by"] and s["named_at"])] == []
    unnamed = [s for s in evidence.studies.values() if not s["known_as"]]
    assert [s["study_id"] for s in unnamed if s["named_by"] or s["named_at"]] == []


def test_a_report_of_a_named_family_may_have_no_name_itself(evidence):
    """A name stands beside the reports that it is printed for, not beside all of a family."""
    by_family = {}
    for study in evidence.studies.values():
        by_family.setdefault(study["family_id"], set()).add(study["known_as"] is None)
    assert {True, False} in by_family.values()


def test_a_base_without_families_shows_its_codes():
    bare = type("Bare", (), {"families": {}, "cohorts": {"a": {"study_id": "s", "label": "A"}}})()
    bare.studies = {"s": {"family_id": "north"}}
    assert family_title(bare, "north") == "north" and second_name(bare, "a") == ""


def codes_that_are_no_words(evidence):
    """Ids of families that no title, label or short name would print by itself."""
    printed = {row[column] or "" for row in evidence.families.values() for column in row}
    printed -= set(evidence.families)
    return [family for family in evidence.families if "-" in family and family not in printed]


def test_no_view_shows_a_familys_code(evidence):
    codes = codes_that_are_no_words(evidence)
    assert len(codes) > 20
    shown = [str(report.inclusion(evidence)), str(report.families(evidence))]
    for name in evidence.analyses:
        figure = overlap_graph(evidence.analyse(name))
        shown += [figure.alt, *words(figure, "desktop"), *words(figure, "phone")]
    text = "\n".join(shown)
    assert [c for c in codes if re.search(rf"(?<![\w-]){re.escape(c)}(?![\w-])", text)] == []


# A phone has no second line for a name: labels that fill theirs stay without.
@pytest.mark.parametrize(("width", "share"), [("desktop", 1), ("phone", 0.5)])
def test_the_forest_of_each_chapter_names_trials(evidence, width, share):
    for name in (spec.id for spec in evidence.analyses.values() if spec.pools):
        analysis = evidence.analyse(name)
        named = {second_name(evidence, cohort) for cohort in analysis.cohorts} - {""}
        found = named & set(words(forest_of(analysis, title="Response"), width))
        assert len(found) >= share * len(named), (name, named - found)
