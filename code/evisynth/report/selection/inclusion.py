"""Which cohort is counted where, and why not elsewhere: cohorts by pools."""

from __future__ import annotations

from collections import Counter
from html import escape

from evisynth.evidence.base import answered
from evisynth.evidence.selection import CODES
from evisynth.words.html import Html, tag
from evisynth.words.names import family_of, family_title, name_of, second_name

_ALONE = "alone in their families"


def inclusion(evidence, *analyses):
    """Matrix of cohorts and pools: counted, left out with the reason's code, or not asked about.

    Parameters
    ----------
    evidence : Evidence
    *analyses : Analysis or str
        Declared analyses or their ids; all where none is named. The columns of a single one have
        its pools' titles for heads, those of several have codes with a key.

    Returns
    -------
    Html
        Rows by family; a filled mark for a counted cohort, a code in a box for one that was read
        and left out. As text one line per cohort with every reason in full.

    Raises
    ------
    ArgumentError
        An analysis that is not declared.
    """
    found = [answered(evidence, a) for a in analyses or evidence.analyses]
    selections = [selection for analysis in found for selection in analysis.selections.values()]
    cells = [_cells(selection) for selection in selections]
    groups = _families(evidence, {cohort for column in cells for cohort in column})
    coded = len(found) > 1
    heads = _heads(found) if coded else [s.spec.title for s in selections]
    body = "".join(_group(evidence, name, cohorts, cells) for name, cohorts in groups)
    top = _coded_head(found, heads, selections) if coded else _titled_head(heads)
    inside = tag("table", f"{top}{body}", class_="co-table co-matrix")
    label = "Which cohort is counted where"
    access = {"tabindex": "0", "role": "region", "aria-label": label}
    box = tag("div", inside, class_="co-scroll", **access)
    legend = _legend(cells) + (_key(found, heads) if coded else "")
    return Html(legend + box, _text(evidence, selections, cells, groups))


def _cells(selection):
    """Cohort to the code and reason of why it is left out; empty ones where it is counted."""
    cells = {c.cohort["cohort_id"]: ("", "counted") for c in selection.counted}
    return cells | {c.cohort["cohort_id"]: (c.code, c.reason) for c in selection.left_out}


def _families(evidence, read):
    """Families of several cohorts under their titles; the other cohorts together, last."""
    titles = {
        cohort: family_title(evidence, family_of(evidence, cohort))
        for cohort in evidence.cohorts
        if cohort in read
    }
    sizes = Counter(titles.values())
    groups = {name: [] for name in titles.values() if sizes[name] > 1} | {_ALONE: []}
    for cohort, name in titles.items():
        groups[name if sizes[name] > 1 else _ALONE].append(cohort)
    return [(name, cohorts) for name, cohorts in groups.items() if cohorts]


def _heads(analyses):
    """A letter for each analysis and a number for each of its pools."""
    heads, used = [], set()
    for analysis in analyses:
        name = analysis.spec.id.upper()
        letters = next(name[:n] for n in range(1, len(name) + 1) if name[:n] not in used)
        used.add(letters)
        heads += [f"{letters}{n}" for n, _ in enumerate(analysis.selections, start=1)]
    return heads


def _titled_head(heads):
    cells = "".join(tag("th", escape(head), scope="col") for head in heads)
    return tag("thead", tag("tr", tag("th", "Cohort", scope="col") + cells))


def _coded_head(analyses, heads, selections):
    over = "".join(
        tag("th", escape(name_of(a.spec)), scope="colgroup", colspan=str(len(a.selections)))
        for a in analyses
    )
    codes = "".join(
        tag("th", tag("abbr", escape(head), title=s.spec.title), scope="col")
        for head, s in zip(heads, selections, strict=True)
    )
    first = tag("th", "Cohort", scope="col", rowspan="2")
    return tag("thead", tag("tr", first + over) + tag("tr", codes))


def _group(evidence, name, cohorts, cells):
    width = str(len(cells) + 1)
    head = tag("th", tag("span", escape(name)), scope="rowgroup", colspan=width, class_="co-family")
    rows = "".join(_row(evidence, c, cells, named=name != _ALONE) for c in cohorts)
    return tag("tbody", tag("tr", head) + rows)


def _row(evidence, cohort, cells, *, named):
    """A cohort's line; under a heading that names its family a second name would repeat it."""
    name = "" if named else second_name(evidence, cohort)
    also = " " + tag("span", escape(name), class_="co-also") if name else ""
    label = tag("th", escape(evidence.cohorts[cohort]["label"]) + also, scope="row")
    marks = "".join(tag("td", _mark(column.get(cohort))) for column in cells)
    return tag("tr", label + marks)


def _mark(cell):
    if cell is None:
        return ""
    code, reason = cell
    if not code:
        return '<span class="co-in" role="img" aria-label="counted"></span>'
    return tag("abbr", escape(code), class_="co-out", title=f"{CODES[code]}: {reason}")


def _legend(cells):
    used = {code for column in cells for code, _ in column.values()}
    entries = [('<span class="co-in"></span>', "counted")] if "" in used else []
    entries += [
        (tag("span", code, class_="co-out"), meaning)
        for code, meaning in CODES.items()
        if code in used
    ]
    items = "".join(tag("li", f"{mark} {escape(meaning)}") for mark, meaning in entries)
    blank = tag("li", "blank: not of the question")
    return tag("ul", items + blank, class_="co-legend")


def _key(analyses, heads):
    """What the coded heads stand for, analysis by analysis."""
    named = iter(heads)
    lines = [
        tag("dt", escape(name_of(analysis.spec)))
        + tag("dd", "; ".join(f"{escape(next(named))} {escape(s.spec.title)}" for s in pools))
        for analysis, pools in ((a, a.selections.values()) for a in analyses)
    ]
    return tag("dl", "".join(tag("div", line) for line in lines), class_="co-key")


def _text(evidence, selections, cells, groups):
    header = " | ".join(["Cohort", *(s.spec.title for s in selections)])
    lines = [header]
    for name, cohorts in groups:
        lines.append(f"[{name}]")
        for cohort in cohorts:
            told = [" ".join(column.get(cohort, ("", ""))).strip() for column in cells]
            lines.append(" | ".join([evidence.cohorts[cohort]["label"], *told]))
    used = {code for column in cells for code, _ in column.values()}
    lines += [f"{code}: {meaning}" for code, meaning in CODES.items() if code in used]
    return "\n".join(lines)
