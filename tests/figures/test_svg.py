"""Drawings as SVG: what a label says is drawn as it is said; names and links are data."""

from xml.etree import ElementTree

import pytest
from evisynth.errors import ArgumentError
from evisynth.figures import Diamond, Group, Row, forest

LABELS = [
    'A id="q" B',
    'xlink:href="#x" target="_blank"',
    "style=\"fill: #17212B\" #8E1F3C",
    "url(#clip) </text><script>",
    'width="690pt" transform="rotate(-0 1 2)"',
    "'Evisynth Sans', 'Evisynth Fallback'",
    "a /> b <!-- c -->",
    "d=\"M  0   1\" &amp; <defs><style>",
]  # fmt: skip


def figure(label="A", **options):
    rows = (Row(label, 0.5, 0.4, 0.6, None, "1 / 2", href=options.pop("href", "")),)
    diamond = Diamond("All", 0.45, 0.4, 0.5, None, "2 / 5")
    return forest([Group("", rows, diamond)], title="T", **options)


def texts(drawing):
    return [e.text for e in ElementTree.fromstring(drawing).iter() if e.tag.endswith("}text")]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("width", ["desktop", "phone"])
def test_a_label_is_drawn_as_it_is_given(label, width):
    shown = "".join(texts(figure(label).svg(width))).replace(" ", "")
    assert " ".join(label.split()).replace(" ", "") in shown


def test_colours_and_fonts_are_the_pages_own():
    drawing = figure().svg()
    tree = ElementTree.fromstring(drawing)
    styles = " ".join(e.get("style", "") for e in tree.iter())
    assert "var(--co-ink, #17212B)" in styles and "'Source Sans 3'" in styles
    assert "Evisynth" not in styles and "<style" not in drawing and "DOCTYPE" not in drawing
    assert drawing.startswith("<svg ") and tree.get("width") == "690"


def test_ids_of_two_figures_on_a_page_never_meet():
    drawings = [f.svg(w) for f in (figure(name="one"), figure(name="two"))
                for w in ("desktop", "phone")]  # fmt: skip
    found = [e.get("id") for d in drawings for e in ElementTree.fromstring(d).iter() if e.get("id")]
    assert len(found) == len(set(found))


def test_a_link_into_the_page_stays_as_it_is():
    drawing = figure(href="#cohort-a").svg()
    links = [e for e in ElementTree.fromstring(drawing).iter() if e.tag.endswith("}a")]
    assert [next(iter(link.attrib.values())) for link in links] == ["#cohort-a"]


@pytest.mark.parametrize("name", ["../x", "a/b", "a b", ".", "-", 'a"b', "a\\b", "x.svg"])
def test_a_name_that_no_file_can_have_is_refused(name, tmp_path):
    with pytest.raises(ArgumentError, match="InlineFigure: name is"):
        figure(name=name)
    with pytest.raises(ArgumentError, match="InlineFigure: name is"):
        figure().at(name, 1)


@pytest.mark.parametrize("stem", ["../x", "a/b", "..", "", "a\\b"])
def test_a_stem_stays_in_its_folder(stem, tmp_path):
    with pytest.raises(ArgumentError, match="stem is"):
        figure().save(tmp_path / "in", stem)
    with pytest.raises(ArgumentError, match="stem is"):
        figure().save_table(tmp_path / "in", stem)
    assert not list(tmp_path.iterdir())


def test_what_a_footer_says_makes_no_link():
    cited = figure(footer=("Smith2020, fig. 3",))
    assert cited.stem == "" and "co-downloads" not in cited._repr_html_()
    placed = cited.at("response", 2)
    assert placed.stem == "response-2" and cited.place is None
    assert 'href="results/response.json"' in placed._repr_html_()
