"""Labels in any script: drawn where an installed font has the letters, and said where none has."""

import re
import warnings
from xml.etree import ElementTree

import numpy as np
import pytest
from evisynth.figures import Group, Row, forest
from evisynth.figures.base.glyphs import MissingGlyphs, extra_families, lacking, undrawn
from evisynth.figures.base.style import measure
from matplotlib.image import imread

FOREIGN = ("東京", "日本語", "北京", "서울", "กรุงเทพ")


def figure(label):
    return forest([Group("", (Row(label, 0.5, 0.4, 0.6, None, "1 / 2"),))], title="T")


def absent():
    """A letter that no installed font has, of cuneiform, Bamum or Nushu."""
    return next((c for c in ("\U00012000", "\U00016800", "\U0001b170") if undrawn(c)), None)


def foreign():
    return next((text for text in FOREIGN if lacking(text) and not undrawn(text)), None)


def test_our_own_letters_need_no_other_font():
    for text in ("Łódź ≥ 5 µg", "τ² − ∞ ∩?", "Ж α β", "a\u200db\u00a0c"):
        assert extra_families(text) == () and undrawn(text) == ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure("Łódź 2020")


def test_a_letter_that_no_font_has_is_named_with_its_label(tmp_path):
    letter = absent()
    if letter is None:
        pytest.skip("a font for everything is installed")
    label = f"Ur {letter} 2020"
    with pytest.warns(MissingGlyphs) as caught:
        drawn = figure(label)
    assert len(caught) == 1
    assert f"U+{ord(letter):04X}" in str(caught[0].message) and label in str(caught[0].message)
    svg = drawn.save(tmp_path, "f")[0].read_text("utf-8")
    texts = [e.text for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("}text")]
    assert label in texts  # as text, for a reader whose fonts have it
    assert label in drawn.svg() and "Evisynth" not in svg


def test_a_letter_that_an_installed_font_has_is_drawn(tmp_path):
    text = foreign()
    if text is None:
        pytest.skip("no font of another script is installed")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = figure(f"{text} 2020")
        paths = drawn.save(tmp_path, "f")
    box = figure("\u25a1" * len(text) + " 2020").save(tmp_path, "box")
    assert not np.array_equal(*(imread(p[1]) for p in (paths, box)))
    assert f"{text} 2020" in drawn.svg() and not re.search("Evisynth", drawn.svg())
    tags = {e.tag.rpartition("}")[2] for e in ElementTree.parse(paths[0]).iter()}
    assert "text" not in tags  # shapes, as for any other label


def test_room_is_measured_with_the_font_that_is_used():
    text = foreign()
    if text is None:
        pytest.skip("no font of another script is installed")
    assert measure(text * 4, 13) == pytest.approx(4 * measure(text, 13), rel=0.1)
    assert measure(text, 13, 600) > 0
