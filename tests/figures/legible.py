"""What every drawing must hold: its words stand on the sheet and do not meet."""

from itertools import combinations
from xml.etree import ElementTree

from evisynth.figures.base.style import measure
from matplotlib.text import Text

WIDTHS = ("desktop", "phone")


def texts(figure, width):
    """Every text of a drawing: words, left, right, top of its capitals, base line, size; pixels."""
    found = []
    for artist in figure._sheets[width].axes.findobj(Text):
        if not artist.get_text():
            continue
        cut = artist.get_fontproperties()
        family = "serif" if "Serif" in cut.get_family()[0] else "sans"
        size, string = artist.get_fontsize(), artist.get_text()
        wide = measure(string, size, cut.get_weight(), family, cut.get_style() == "italic")
        x, y = artist.get_position()
        left = x - wide * {"left": 0, "center": 0.5, "right": 1}[artist.get_ha()]
        found.append((string, left, left + wide, y - 0.66 * size, y, size))
    return found


def check_legible(figure):
    """No text leaves the sheet or meets another; the drawing is well-formed."""
    for width in WIDTHS:
        sheet, boxes = figure._sheets[width], texts(figure, width)
        bottom = sheet.axes.get_ylim()[0]
        for string, left, right, top, base, _ in boxes:
            assert left >= -0.5 and right <= sheet.width + 1, (width, string)
            assert top >= 0 and base <= bottom, (width, string)
        for one, other in combinations(boxes, 2):
            across = min(one[2], other[2]) - max(one[1], other[1])
            down = min(one[4], other[4]) - max(one[3], other[3])
            assert across <= 0.5 or down <= 0.5, (width, one, other)
        ElementTree.fromstring(figure.svg(width))
