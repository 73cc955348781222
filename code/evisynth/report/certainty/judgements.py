"""Judgements about studies: marks, risk of bias item by item, and the marks of a forest."""

from __future__ import annotations

from collections import defaultdict
from html import escape

from evisynth.words.cells import place
from evisynth.words.entries import folded, stacked
from evisynth.words.html import Html, table

JBI, PRINTED, GRADE = "JBI case series", "as printed", "GRADE"
SECOND_HAND = "not assessable from a secondary source"
# How full the circle is that stands for an overall judgement; a dash where there is none.
_FILLS = {"low": 1.0, "some concerns": 0.5, "high": 0.0}
_GLYPHS = {1.0: "●", 0.5: "◐", 0.0: "○"}
_RADIUS, _PITCH = 4.25, 11


def appraised(evidence, **where):
    """Rows of the table of appraisals with some values; none where a base has no such table.

    Parameters
    ----------
    evidence : Evidence
    **where
        Column and the value that a row must have.

    Returns
    -------
    tuple of mapping
    """
    names = {resource["name"] for resource in evidence.codebook["resources"]}
    rows = evidence.rows("appraisals") if "appraisals" in names else ()
    return tuple(row for row in rows if all(row[key] == value for key, value in where.items()))


def circles(fills, label):
    """A row of circles, each empty, half or wholly filled, in the colour of the text.

    Parameters
    ----------
    fills : sequence of {0.0, 0.5, 1.0}
    label : str
        What they say, for those who do not see them.

    Returns
    -------
    Html
    """
    shapes = "".join(_circle(6 + _PITCH * i, fill) for i, fill in enumerate(fills))
    width = _PITCH * len(fills) + 1
    svg = (
        f'<svg role="img" aria-label="{escape(label, quote=True)}" viewBox="0 0 {width} 12" '
        f'width="{width}" height="12" style="display:inline-block;vertical-align:-.0625em">'
        f"{shapes}</svg>"
    )
    return Html(svg, "".join(_GLYPHS[fill] for fill in fills))


def _circle(x, fill):
    inside, r = "currentColor" if fill == 1 else "none", _RADIUS
    ring = f'<circle cx="{x}" cy="6" r="{r}" fill="{inside}" stroke="currentColor"'
    half = f'<path d="M{x} {6 - r}A{r} {r} 0 0 0 {x} {6 + r}Z" fill="currentColor"/>'
    return f'{ring} stroke-width="1.5"/>{half if fill == 0.5 else ""}'


def rob_marks(analysis, *pools):
    """Overall risk of bias of every counted row, as `forest_of` takes it.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
        Pool ids; all where none is named.

    Returns
    -------
    dict of str to str
        Row id to the judgement on its study: "low", "some concerns", "high" or "not assessable".
        Studies without a judgement have no entry.
    """
    overall = _overall(analysis.evidence)
    return {
        c.row["row_id"]: overall[c.study["study_id"]]["judgement"]
        for selection in analysis.chosen(*pools)
        for c in selection.counted
        if c.study["study_id"] in overall
    }


def _overall(evidence):
    rows = appraised(evidence, subject_type="study", item="overall")
    return {row["subject_id"]: row for row in rows}


def risk_of_bias(analysis, *pools):
    """Risk of bias of the counted studies: the overall judgement, then what it rests on, folded.

    Parameters
    ----------
    analysis : Analysis
    *pools : str
        Pool ids; all where none is named.

    Returns
    -------
    Html
    """
    studies = _studies(analysis, pools)
    rows = [
        row
        for study in studies
        for row in appraised(analysis.evidence, subject_type="study", subject_id=study)
    ]
    held = {row["subject_id"] for row in rows if row["tool"] == JBI}
    items = folded(
        (_items_of(studies[study], rows, study), _items(rows, study))
        for study in studies
        if study in held
    )
    facts = [row for row in rows if row["tool"] == PRINTED and row["item"] != "overall"]
    return stacked([_summary(studies, rows), items, _facts(studies, facts)])


def _studies(analysis, pools):
    """Labels of the counted cohorts by the id of their study, in the order of the pools."""
    found = defaultdict(dict)
    for selection in analysis.chosen(*pools):
        for c in selection.counted:
            found[c.study["study_id"]][c.cohort["label"]] = None
    return {study: "; ".join(labels) for study, labels in found.items()}


def _summary(studies, rows):
    """A line for each study that was judged, and one for all that cannot be for the same reason."""
    overall = {row["subject_id"]: row for row in rows if row["item"] == "overall"}
    judged = [row for row in overall.values() if row["judgement"] in _FILLS]
    cells = [
        (studies[row["subject_id"]], _marked(row["judgement"]), f"{row['tool']}. {row['reason']}")
        for row in judged
    ]
    rest = defaultdict(list)
    for row in overall.values():
        if row not in judged:
            rest[row["reason"]].append(studies[row["subject_id"]])
    cells += [("; ".join(names), f"– {SECOND_HAND}", why) for why, names in rest.items()]
    cells += [(name, "not judged", "") for study, name in studies.items() if study not in overall]
    return table(("Counted cohorts", "Risk of bias", "Why"), cells)


def _marked(judgement):
    mark = circles((_FILLS[judgement],), judgement)
    return Html(f"{mark.html} {escape(judgement)}", f"{mark.text} {judgement}")


def _items_of(name, rows, study):
    version = next(r["version"] for r in rows if r["subject_id"] == study and r["tool"] == JBI)
    return f"{name}, item by item ({JBI}; {version})"


def _items(rows, study):
    cells = [
        (row["wording"], _answer(row), row["reason"], place(row))
        for row in rows
        if row["subject_id"] == study and row["tool"] == JBI
    ]
    return table(("Item", "Judgement", "Why", "Read from"), cells)


def _answer(row):
    """The judgement; that of the overall item with its circle."""
    return _marked(row["judgement"]) if row["judgement"] in _FILLS else row["judgement"]


def _facts(studies, rows):
    """What secondary sources print about design and conduct, folded."""
    if not rows:
        return Html("", "")
    cells = [(studies[r["subject_id"]], r["wording"], r["reason"], place(r)) for r in rows]
    summary = "What the sources print about reports that we do not hold (facts, no judgements)"
    inside = table(("Counted cohort", "Asked", "As printed", "Read from"), cells)
    return folded([(summary, inside)])
