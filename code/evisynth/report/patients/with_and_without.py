"""Outcomes of patients with something beside those of patients without, as printed."""

from __future__ import annotations

from html import escape

from evisynth.evidence.printed import OPEN_COUNTS
from evisynth.evidence.schema import field_of, printed_text
from evisynth.evidence.selection import plain
from evisynth.report.patients.survival import (
    KEY,
    dispute,
    meaning,
    merged,
    notes_of,
    shown_with_dispute,
)
from evisynth.words.cells import below, counts, place, places, share
from evisynth.words.entries import grouped
from evisynth.words.html import Html
from evisynth.words.phrases import capital


def with_and_without(evidence, subset):
    """Survival of those in a set of patients beside those who are not, study by study.

    Parameters
    ----------
    evidence : Evidence
    subset : str
        For instance "hsct": its rows, those of responders in it, and those with "no" before it.

    Returns
    -------
    Html
        A line per endpoint of which both sides are printed, under its study; claims that were
        decided against are left off. A direction stands only where the report finds one: two
        numbers that it calls no different have none. Nothing is tested or pooled.
    """
    header = ("Endpoint", f"With {plain(subset)}", f"Without {plain(subset)}",
              "By the report", "Read from")  # fmt: skip
    both = {key: pair for key, pair in _sides(evidence, subset).items() if len(pair) == 2}
    groups: dict[str, list] = {}
    for key, pair in both.items():
        name = evidence.studies[key[0]]["name"]
        groups.setdefault(name, []).append(_cells(evidence, subset, key, pair))
    caption = (
        f"{KEY}. By the report: whether it finds a difference. No column of our tables tells "
        "whether time was counted from a landmark; what a note tells stands with its row. "
        "A side that is printed alone stands in the folded table."
    )
    return grouped(header, groups.items(), caption=caption, numeric=header[1:3])


def _sides(evidence, subset):
    """Rows by study, endpoint, statistic and time, then by side."""
    found: dict[tuple, dict] = {}
    for row in evidence.rows("survival"):
        side = side_of(row["subset"], subset)
        lost = evidence.turned_down(row)
        if side is None or lost or row["value_status"] == "not_reported":
            continue
        study = evidence.cohorts[row["cohort_id"]]["study_id"]
        key = (study, row["endpoint"], row["statistic"], row["time_months"])
        found.setdefault(key, {}).setdefault(side, []).append(row)
    return found


def side_of(found, subset):
    """Whether a set of patients is with, or without, or neither."""
    base = (found or "").removeprefix("cr_")
    return {subset: "with", f"no_{subset}": "without"}.get(base)


def _cells(evidence, subset, key, pair):
    every = pair["with"] + pair["without"]
    return (
        below(meaning(evidence, key[1]), notes_of(every)),
        *(_distinct(evidence, pair[side]) for side in ("with", "without")),
        _told(evidence, subset, key), places(every),
    )  # fmt: skip


def _distinct(evidence, rows):
    """Each number once; that none was reached is said once, in whichever words."""
    groups = merged(rows)
    reached = [group for group in groups if group[0]["value_status"] == "number"]
    shown = [shown_with_dispute(evidence, group) for group in reached or groups[-1:]]
    parts = [cell if isinstance(cell, Html) else Html(escape(cell), cell) for cell in shown]
    return Html("; ".join(p.html for p in parts), "; ".join(p.text for p in parts))


def _told(evidence, subset, key):
    """``no difference by the report, p = 0.69; OR 1.17 (0.5–2.5)``."""
    study, endpoint, *_ = key
    found = _contrasts(evidence, study, endpoint, subset)
    if not found:
        return "the report compares nothing"
    verdicts = "; ".join(dict.fromkeys(_direction(row, subset) for row in found))
    numbers = "; ".join(dict.fromkeys(_numbers(row) for row in found))
    return ", ".join((verdicts, numbers or "p not printed"))


def _direction(row, subset):
    """What the report makes of the two sides, in its direction."""
    better = {"a": "set_a", "b": "set_b"}.get(row["direction"])
    if better is None:
        neither = row["direction"] == "neither"
        return "no difference by the report" if neither else "no verdict by the report"
    return f"longer {side_of(row[better], subset)}"


def _numbers(row):
    """``p = 0.69; OR 1.17 (0.5–2.5)``, as far as printed; p stays on one line."""
    parts = []
    if row["p"]:
        sign = "" if row["p"].startswith("<") else "= "
        parts.append(f"p {sign}{row['p'].replace('<', '< ')}".replace(" ", "\u00a0"))
    if row["value"] is not None:
        limits = (row["lower"], row["upper"])
        between = "" if None in limits else f" ({'–'.join(map(printed_text, limits))})"
        parts.append(f"{row['measure']} {printed_text(row['value'])}{between}")
    return "; ".join(parts)


def _contrasts(evidence, study, endpoint, subset):
    return [
        row
        for row in evidence.rows("contrasts")
        if evidence.cohorts[row["cohort_a"]]["study_id"] == study
        and row["outcome"] == endpoint
        and not evidence.turned_down(row)
        and _contrasted(row, subset)
    ]


def _contrasted(row, subset):
    """Whether a contrast sets the two sides against each other."""
    return {side_of(row[name], subset) for name in ("set_a", "set_b")} == {"with", "without"}


KNOWN = "Where a count stands without its N, the N is the size of the set, printed elsewhere."


def outcomes_among(evidence, among):
    """Printed counts and percentages of some outcomes in certain sets of patients.

    Parameters
    ----------
    evidence : Evidence
    among : mapping of str to sequence of str
        Codes of outcomes, each with the denominators of which it is shown, both in this order.

    Returns
    -------
    Html
        A group per outcome. Counts with exact intervals; where only a percentage is printed it
        stands alone and makes no count. Claims that were decided against are left off.
    """
    header = ("Study", "Among", "n / N", "% [95% CI]", "Read from")
    groups = [
        (outcome_words(evidence, outcome), _among_rows(evidence, outcome, denominators))
        for outcome, denominators in among.items()
    ]
    shown = [(name, rows) for name, rows in groups if rows]
    return grouped(header, shown, numeric=header[2:4], caption=KNOWN)


def outcome_words(evidence, outcome):
    """What a code of an outcome stands for; one that says it itself has no entry."""
    meanings = field_of(evidence.codebook, "outcomes", "outcome")["meanings"]
    return capital(meanings.get(outcome, plain(outcome)))


def _among_rows(evidence, outcome, denominators):
    rows = [
        row
        for denominator in denominators
        for row in evidence.rows("outcomes")
        if (row["outcome"], row["denominator"]) == (outcome, denominator)
        and not evidence.turned_down(row)
        and row["derivation"] not in OPEN_COUNTS
    ]
    return [
        (
            below(evidence.cohorts[row["cohort_id"]]["label"], row["note"]),
            flagged(evidence, plain(row["denominator"]), row),
            counts(whole), share(whole), place(row),
        )
        for row, whole in ((row, sized(evidence, row)) for row in rows)
    ]  # fmt: skip


def sized(evidence, row):
    """The row with the size that the base knows, where it prints a count alone."""
    if row["events"] is None:
        return row
    return dict(row) | {"total": evidence.size_of(row)}


def flagged(evidence, words, row):
    """Words with the contradiction that a row belongs to."""
    if not row["discrepancy_id"]:
        return words
    mark = dispute(evidence, row)
    return Html(f"{escape(words)} [{mark.html}]", f"{words} [{mark.text}]")
