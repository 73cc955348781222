"""Survival as printed: medians and rates with their limits and statuses, never pooled here."""

from __future__ import annotations

from html import escape

from evisynth.evidence.printed import half_unit
from evisynth.evidence.schema import field_of, printed_text
from evisynth.evidence.selection import plain
from evisynth.report.selection.decisions import PAGE
from evisynth.words.cells import below, places
from evisynth.words.entries import folded, grouped, link
from evisynth.words.html import Html
from evisynth.words.phrases import plural

NO_NUMBER = {"not_reached": "NR", "not_estimable": "NE", "not_reported": "–"}
KEY = "mo: months; NR: not reached; NE: not estimable; in brackets the 95% interval, or as named"
_SLACK = 1e-9  # of floating point, beside half a unit of a printed digit


def survival(source, *, subsets=None):
    """Printed survival of some cohorts, folded under a line that says what is inside.

    Parameters
    ----------
    source : Analysis or Evidence
        Of an analysis only the cohorts that it counts or has read.
    subsets : collection of str, optional
        Only these sets of patients.

    Returns
    -------
    Html
        By endpoint in the order of the codebook; of the same number at two places the one with
        more digits. A claim that was decided against says so.
    """
    cohorts = getattr(source, "read_cohorts", None)
    evidence = getattr(source, "evidence", source)
    rows = [
        row
        for row in evidence.rows("survival")
        if (cohorts is None or row["cohort_id"] in cohorts)
        and (subsets is None or row["subset"] in subsets)
        and row["value_status"] != "not_reported"
    ]
    groups = [(meaning(evidence, e), _lines(evidence, of)) for e, of in _by_endpoint(rows).items()]
    inside = grouped(("Cohort", "Patients", "As printed", "Read from"), groups, caption=KEY)
    number = sum(len(lines) for _, lines in groups)
    what = ", ".join(name for name, _ in groups)
    return folded([(f"Survival as printed: {plural(number, 'row')} ({what})", inside)])


def _by_endpoint(rows):
    """The endpoint of which most is printed first."""
    found: dict[str, list] = {}
    for row in rows:
        found.setdefault(row["endpoint"], []).append(row)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def _lines(evidence, rows):
    sets: dict[tuple, list] = {}
    for row in rows:
        sets.setdefault((row["cohort_id"], row["subset"]), []).append(row)
    return [
        (*_who(evidence, cohort, subset, same), shown_with_dispute(evidence, same), places(same))
        for (cohort, subset), found in sets.items()
        for same in merged(found)
    ]


def _who(evidence, cohort, subset, rows):
    row = evidence.cohorts[cohort]
    return f"{row['label']} ({plain(row['agent'])})", below(plain(subset), notes_of(rows))


def notes_of(rows):
    """What is noted of some rows, each note once."""
    return "; ".join(dict.fromkeys(row["note"] for row in rows if row["note"]))


def shown_with_dispute(evidence, same):
    """What is printed, and the contradictions that touch it with what became of the claim."""
    disputes = [dispute(evidence, row) for row in same if row["discrepancy_id"]]
    words = as_printed(same[0])
    if not disputes:
        return words
    marks = list({d.text: d for d in disputes}.values())
    html = ", ".join(d.html for d in marks)
    return Html(f"{escape(words)} [{html}]", f"{words} [{', '.join(d.text for d in marks)}]")


def dispute(evidence, row):
    """The id of a row's contradiction, linked, and whether the row lost."""
    mark = link(row["discrepancy_id"], PAGE)
    lost = evidence.turned_down(row)
    word = ", decided against" if lost else ""
    return Html(mark.html + word, mark.text + word)


def merged(rows):
    """Rows that print the same number, together; the most precise of each group first.

    Parameters
    ----------
    rows : sequence of mapping
        Of one set of patients and one endpoint.

    Returns
    -------
    list of list of mapping
    """
    groups: list[list] = []
    for row in sorted(rows, key=_digits, reverse=True):
        home = next((group for group in groups if _says_the_same(group[0], row)), None)
        if home is None:
            groups.append([row])
        else:
            home.append(row)
    return groups


def _digits(row):
    return sum(len(printed_text(row[c])) for c in ("value", "lower", "upper") if row[c] is not None)


def _says_the_same(row, coarser):
    """Whether a row prints nothing that the other does not, at as many digits or fewer."""
    same = ("statistic", "time_months", "censored_at_hsct")
    if any(row[column] != coarser[column] for column in same):
        return False
    if coarser["interval"] not in ("none", row["interval"]):
        return False
    return all(_agrees(row, coarser, column) for column in ("value", "lower", "upper"))


def _agrees(row, coarser, column):
    if coarser[column] is None:
        status = coarser[f"{column}_status"]
        return row[f"{column}_status"] == status or (column != "value" and status == "not_reported")
    if row[column] is None:
        return False
    gap = abs(row[column] - coarser[column])
    return gap <= half_unit(printed_text(coarser[column])) + _SLACK


def as_printed(row):
    """``11.1 mo (8.2–NR), censored at transplant``, ``51% at 24 mo``, or ``NR``."""
    what = _number(row, "value")
    if row["value"] is not None:
        what += "%" if row["statistic"] == "rate" else " mo"
    if row["statistic"] == "rate" and row["time_months"] is not None:
        what += f" at {printed_text(row['time_months'])} mo"
    shown = limits(row)
    censored = ", censored at transplant" if row["censored_at_hsct"] == "yes" else ""
    return f"{what}{f' ({shown})' if shown else ''}{censored}"


def meaning(evidence, endpoint):
    """What a code of an endpoint stands for, from the codebook."""
    return field_of(evidence.codebook, "survival", "endpoint")["meanings"][endpoint]


def _number(row, column):
    if row[f"{column}_status"] == "number":
        return printed_text(row[column])
    return NO_NUMBER[row[f"{column}_status"]]


def limits(row):
    """``4.8–8.3``, ``range 1.1–17.8``, ``± 26.4``, or nothing where no limit is a number."""
    if row["interval"] == "plus_minus":
        return f"± {printed_text(row['lower'])}"
    if row["lower"] is None and row["upper"] is None:
        return ""
    kind = "" if row["interval"] in ("none", "95% CI") else f"{row['interval']} "
    return kind + "–".join(_number(row, column) for column in ("lower", "upper"))
