"""All that is printed of the two arms of a trial, side by side."""

from __future__ import annotations

from evisynth.evidence.printed import OPEN_COUNTS
from evisynth.evidence.schema import field_of
from evisynth.evidence.selection import plain
from evisynth.report.page.effects import p_of, ratio_of
from evisynth.report.patients.survival import as_printed, meaning
from evisynth.words.cells import below, counts, places
from evisynth.words.entries import folded, grouped
from evisynth.words.phrases import capital, plural

_VERDICTS = {"a": "better in the first", "b": "better in the second", "neither": "no difference"}


def arms(evidence, study, *, first, second, heads, but=()):
    """What reports of a trial print of each arm: responses, harms, survival, and by the report.

    Parameters
    ----------
    evidence : Evidence
    study : str
        A ``study_id``; further reports of the same patients are taken in.
    first, second : mapping of cohort column to allowed values
    heads : (str, str)
        What the arms are called.
    but : collection of str
        Outcomes that stand elsewhere.

    Returns
    -------
    Html
        Folded. Claims that were decided against are left off; a percentage stays a percentage.
    """
    sides = [_cohorts(evidence, study, where) for where in (first, second)]
    groups = [
        ("Responses and harms", _outcome_lines(evidence, sides, but)),
        ("Survival", _survival_lines(evidence, sides, but)),
        ("Compared by the report", _contrast_lines(evidence, sides, but)),
    ]
    shown = [(title, lines) for title, lines in groups if lines]
    number = sum(len(lines) for _, lines in shown)
    header = ("What", *heads, "Read from")
    family = evidence.studies[study]
    title = f"{family['known_as'] or family['name']}: {plural(number, 'printed line')}, arm by arm"
    return folded([(title, grouped(header, shown, numeric=header[1:3]))])


def _cohorts(evidence, study, where):
    """Cohorts of an arm, in whichever report of the study's family."""
    family = evidence.studies[study]["family_id"]
    return {
        name: row
        for name, row in evidence.cohorts.items()
        if evidence.studies[row["study_id"]]["family_id"] == family
        and row["unit"] == "whole"
        and all(row[column] in allowed for column, allowed in where.items())
    }


def _pairs(rows, sides, key):
    """Rows of both arms by what they tell of: a list for each arm."""
    found: dict[tuple, tuple[list, list]] = {}
    for row in rows:
        for number, side in enumerate(sides):
            if row["cohort_id"] in side:
                found.setdefault(key(row), ([], []))[number].append(row)
    return found


def _outcome_lines(evidence, sides, but):
    rows = [
        row
        for row in evidence.rows("outcomes")
        if not evidence.turned_down(row)
        and row["outcome"] not in but
        and row["derivation"] not in OPEN_COUNTS
    ]
    pairs = _pairs(rows, sides, lambda row: (row["outcome"], row["criterion"]))
    return [
        (
            below(_outcome(evidence, outcome), _about(criterion, pair)),
            *(_each(_without_repeats(rows), _count) for rows in pair),
            places([row for rows in pair for row in rows]),
        )
        for (outcome, criterion), pair in pairs.items()
    ]


def _outcome(evidence, outcome):
    """What a code stands for, without what is said of its criterion, which stands below it."""
    meanings = field_of(evidence.codebook, "outcomes", "outcome")["meanings"]
    words = meanings.get(outcome, plain(outcome)).partition(";")[0]
    return capital(words.removesuffix(", by the criterion"))


def _about(criterion, pair):
    """Definition and times of a line."""
    times = {row["timepoint"] for rows in pair for row in rows}
    told = (plain(part) for part in (criterion, *sorted(times - {None, ""})))
    shown = dict.fromkeys(part for part in told if part not in ("", "not stated"))
    return ", ".join(shown).replace(">=", "≥ ")


def _without_repeats(rows):
    """Rows without those that print no more than the percentage of another's count."""
    counted = {row["percent"] for row in rows if row["events"] is not None}
    return [row for row in rows if row["events"] is not None or row["percent"] not in counted]


_OF_ALL = ("treated", "randomised", "enrolled", "not stated", "not_stated", None, "")


def _count(row):
    base = row["denominator"]
    of = "" if base in _OF_ALL else f" of {plain(base)}"
    if row["events"] is None:
        return f"{row['percent'].removesuffix('.0')}%{of}"
    return f"{counts(row) if row['total'] is not None else row['events']}{of}"


def _survival_lines(evidence, sides, but):
    rows = [
        row
        for row in evidence.rows("survival")
        if not evidence.turned_down(row)
        and row["value_status"] != "not_reported"
        and row["endpoint"] not in but
    ]
    pairs = _pairs(rows, sides, lambda row: (row["endpoint"], row["subset"], row["statistic"]))
    return [
        (
            below(meaning(evidence, endpoint), "" if subset == "all" else plain(subset)),
            *(_each(rows, as_printed) for rows in pair),
            places([row for rows in pair for row in rows]),
        )
        for (endpoint, subset, _), pair in pairs.items()
    ]


def _each(rows, shown):
    """Each number once; – where the arm prints none."""
    told = dict.fromkeys(shown(row) for row in rows)
    return "; ".join(told) or "–"


def _contrast_lines(evidence, sides, but):
    first, second = sides
    found: dict[tuple, list] = {}
    for row in evidence.rows("contrasts"):
        ours = row["cohort_a"] in first and row["cohort_b"] in second
        if ours and row["outcome"] not in but and not evidence.turned_down(row):
            key = row["outcome"], row["measure"], row["value"], row.get("direction")
            found.setdefault(key, []).append(row)
    return [_compared(evidence, rows) for rows in found.values()]


def _compared(evidence, rows):
    row = rows[0]
    known = field_of(evidence.codebook, "contrasts", "outcome").get("meanings", {})
    name = known.get(row["outcome"], plain(row["outcome"]))
    ratio = "" if row["value"] is None else f"{row['measure']} {ratio_of(row)}"
    told = [p_of(one) for one in rows if one.get("p")]
    numbers = "; ".join(dict.fromkeys(filter(None, (ratio, *told)))) or "no number printed"
    verdict = _VERDICTS.get(row.get("direction"), "no verdict")
    return capital(name), numbers, verdict, places(rows)


def shown_rows(evidence, study, *, first, second, but=()):
    """Ids of the rows that `arms` shows or leaves off as decided against."""
    sides = [_cohorts(evidence, study, where) for where in (first, second)]
    ids = set(sides[0]) | set(sides[1])
    for table, column, what in (
        ("outcomes", "cohort_id", "outcome"),
        ("survival", "cohort_id", "endpoint"),
        ("contrasts", "cohort_a", "outcome"),
    ):
        for row in evidence.rows(table):
            if row[column] in ids and row[what] not in but:
                yield row["row_id"]
