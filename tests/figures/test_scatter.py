"""Dots as they come out in the saved PNG, which another renderer draws than the page's SVG."""

import numpy as np
import pytest
from evisynth import DataSet, Method, multiverse
from evisynth.figures import specification_curve
from evisynth.figures.base.inline import InlineFigure
from evisynth.figures.base.scatter import dots
from evisynth.figures.base.sheet import Sheet
from matplotlib.image import imread


def dark(path, box=slice(None)):
    """How many pixels of a PNG are nearer to ink than to paper."""
    return int((imread(path)[box, :, :3].mean(axis=2) < 0.5).sum())


@pytest.mark.parametrize("size", [4.0, 8.0])
def test_dots_of_a_saved_png_have_their_area(size, tmp_path):
    def drawing(width):
        sheet = Sheet(width)
        dots(sheet, [20.0, 40.0, 60.0, 80.0], [20.0, 20.5, 21.0, 21.3], "ink", size)
        sheet.y = 40
        return sheet.finish()

    figure = InlineFigure(
        drawing(100), drawing(100), [], title="Dots", caption="", alt="", name="d"
    )
    figure.save(tmp_path, "dots")
    area = 4 * np.pi * size**2  # four circles, at twice the size
    for name in ("dots.png", "dots-phone.png"):
        assert dark(tmp_path / name) == pytest.approx(area, rel=0.25)


def test_a_saved_curve_has_its_dots(tmp_path, monkeypatch):
    data = [
        DataSet({"Centres": str(n)}, tuple(range(3, 3 + n)), tuple(range(20, 20 + n)))
        for n in range(3, 12)
    ]
    found = multiverse(data, [Method({"Model": name}, name) for name in ("PLO", "PAS")])
    specification_curve(found).save(tmp_path, "with")
    monkeypatch.setattr(
        "evisynth.figures.sensitivity.curve_drawing.dots", lambda *given, **more: None
    )
    specification_curve(found).save(tmp_path, "without")
    for width in ("", "-phone"):
        more = dark(tmp_path / f"with{width}.png") - dark(tmp_path / f"without{width}.png")
        assert more > 20 * len(found.estimate)
