"""Every pool in which rows tell of the same patients: all rows pooled, and each patient once."""

from __future__ import annotations

from evisynth.errors import NotEstimable
from evisynth.evidence.countings import countings
from evisynth.figures.base import marks
from evisynth.figures.base.data_figure import check_texts, foot, head, is_phone
from evisynth.figures.base.inline import InlineFigure
from evisynth.figures.base.rows import PROPORTION, Diamond
from evisynth.figures.base.scale import Scale
from evisynth.figures.base.sheet import Sheet
from evisynth.figures.base.style import DESKTOP, PHONE, matplotlib_style, wrap
from evisynth.figures.forests.of_pooled import pooled_diamond
from evisynth.words.names import title_of
from evisynth.words.phrases import rate_or_note, thousands

TITLE = "What every printed row would say, and what each patient counted once says"
SUBTITLE = (
    "Hollow diamond: all printed rows pooled, overlaps and all. Solid: independent cohorts. "
    "Width: 95% interval."
)
_PITCH = 18.0


def double_counting_forest(evidence, *, title=TITLE, caption="", name=""):
    """Draw both ways of counting under one another, a pair of diamonds for each pool.

    Parameters
    ----------
    evidence : Evidence
    title, caption, name : str

    Returns
    -------
    InlineFigure
        Of the pools in which patients are printed more than once and both ways give a rate; its
        ``table`` holds their numbers.

    Raises
    ------
    NotEstimable
        No pool has two rates to show.
    """
    check_texts("double_counting_forest", title=title, caption=caption, name=name)
    shown = [
        c for c in countings(evidence) if c.repeats and _rate(c.naive) and _rate(c.independent)
    ]
    if not shown:
        message = (
            "double_counting_forest: no pool tells patients twice and has two rates to compare"
        )
        raise NotEstimable(f"{message}; show report.double_counting instead.")
    with matplotlib_style():
        drawings = [_draw(shown, width, title) for width in (DESKTOP, PHONE)]
    texts = {"title": title, "caption": caption, "alt": _alt(shown), "name": name}
    return InlineFigure(*drawings, [e for c in shown for e in _entries(c)], **texts)


def _rate(pooled):
    return pooled.displayed["estimate"] is not None


def _draw(shown, width, title):
    sheet = Sheet(width)
    head(sheet, title, SUBTITLE)
    sheet.y += 10
    left, right = (16, PHONE - 110) if is_phone(sheet) else (318, 560)
    scale = Scale(PROPORTION, 0, 1, left, right)
    analysis = ""
    for counting in shown:
        if counting.analysis != analysis:
            analysis = counting.analysis
            lines = wrap(title_of(counting.spec), sheet.width, 12, weight=600)
            sheet.y += sheet.lines(0, sheet.y + 9, lines, 12, color="muted", weight=600) + 20
        _pair(sheet, scale, counting)
    sheet.y += 4
    for value, label in scale.ticks:
        sheet.text(scale.x(value), sheet.y + 6, label, 11.5, color="muted", align="center")
    sheet.y += 14
    foot(
        sheet,
        "Of 100 patients · pools without a repeat, or without a rate to give, are in the table",
    )
    return sheet.finish()


def _pair(sheet, scale, counting):
    """Title and what is counted on the left, diamonds and rates on the same two lines."""
    pools = (
        (counting.naive, _naive_words(counting)),
        (counting.independent, _once_words(counting)),
    )
    if is_phone(sheet):
        sheet.text(0, sheet.y + 9, counting.selection.spec.title, 13, weight=600)
        sheet.y += 19
    else:
        title = wrap(counting.selection.spec.title, 158, 13, weight=600)
        sheet.lines(0, sheet.y + 9, title, 13, weight=600)
    for (pooled, words), naive in zip(pools, (True, False), strict=True):
        _line(sheet, scale, pooled, words, naive=naive)
    sheet.y += 7


def _line(sheet, scale, pooled, words, *, naive):
    look = {"color": "left-text"} if naive else {"weight": 600}
    if is_phone(sheet):
        sheet.text(scale.left, sheet.y + 8, words, 11.5, color="left-text" if naive else "muted")
        sheet.y += 15
    else:
        color = "left-text" if naive else "muted"
        sheet.text(scale.left - 10, sheet.y + 9, words, 11.5, align="right", color=color)
    y = sheet.y + 9
    for value, _ in scale.ticks:
        ends = [sheet.y, sheet.y + _PITCH]
        sheet.line([scale.x(value)] * 2, ends, "hairline", 0.7, zorder=-1)
    marks.diamond(sheet, scale, y, _diamond(pooled), solid=not naive,
                  color="left-mark" if naive else "ink", half=6)  # fmt: skip
    sheet.text(sheet.width, y, rate_or_note(pooled), 13, align="right", **look)
    sheet.y += _PITCH


def _diamond(pooled) -> Diamond:
    """The diamond of a pool; of a single cohort its exact interval."""
    shown = pooled.displayed
    found = pooled_diamond(pooled)
    return found or Diamond("", shown["estimate"], shown["ci_lb"], shown["ci_ub"])


def _naive_words(counting):
    return _people(counting.rows, "row", counting.patients)


def _once_words(counting):
    return _people(counting.independent.k, "cohort", counting.independent.total)


def _people(number, noun, patients):
    return f"{number} {noun}{'s' * (number != 1)}, {thousands(patients)} patients"


def _entries(counting):
    for words, pooled, how in (
        (_naive_words(counting), counting.naive, "every printed row"),
        (_once_words(counting), counting.independent, "each patient once"),
    ):
        shown = pooled.displayed
        numbers = {key: shown[key] for key in ("estimate", "ci_lb", "ci_ub")}
        pool = {"question": counting.analysis, "pool": counting.selection.spec.title}
        yield pool | {"counting": how, "of": words} | numbers


def _alt(shown):
    parts = [
        f"{c.selection.spec.title} ({c.analysis}): {_naive_words(c)}, {rate_or_note(c.naive)}; "
        f"{_once_words(c)}, {rate_or_note(c.independent)}"
        for c in shown
    ]
    return f"All printed rows pooled against each patient once, of 100. {'. '.join(parts)}."
