"""Registered trials, each once: what a list of them prints of ages and states, and its reports."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from evisynth.checks import shown
from evisynth.errors import ArgumentError, EvisynthError

TABLE = "trials"
_AGE = r"(\d+(?:\.\d+)?)\s*(years?|months?)?"
_BETWEEN = re.compile(rf"{_AGE}\s*(?:to|–|-)\s*{_AGE}")
_UP_TO = re.compile(rf"(?:up to|<|under|below)\s*{_AGE}", re.I)
_FROM = re.compile(rf"{_AGE}\s*(?:and|or) older", re.I)
_MONTHS = 12


@dataclass(frozen=True)
class AgeRange:
    """Ages that may enter a trial.

    Attributes
    ----------
    lowest : float
        Years; 0 where none is printed.
    highest : float or None
        Years; None where there is no upper limit.
    """

    lowest: float
    highest: float | None


@dataclass(frozen=True)
class Trial:
    """One trial of a list.

    Attributes
    ----------
    row : mapping
        Its row of the table of trials, the first where it is listed again.
    again : tuple of mapping
        Rows that list it again.
    shared_row : bool
        Whether its document prints it in one row with another trial, so that age and state may
        belong to either.
    ages : AgeRange or None
        None where no age is printed in numbers.
    state : str
        As printed, but for capitals.
    reports : tuple of mapping
        Rows of the table of studies with its registry number.
    """

    row: dict
    again: tuple
    shared_row: bool
    ages: AgeRange | None
    state: str
    reports: tuple


def age_range(text: str) -> AgeRange | None:
    """Read the ages that a registry prints.

    Parameters
    ----------
    text : str
        Such as ``Up to 17 years``, ``6 months to 21 years``, ``14 years and older``.

    Returns
    -------
    AgeRange or None
        None where the text has no age in numbers.

    Raises
    ------
    ArgumentError
        A lowest age above the highest.

    Examples
    --------
    >>> age_range("6 months to 21 years")
    AgeRange(lowest=0.5, highest=21.0)
    >>> age_range("Child, adult") is None
    True
    """
    if found := _BETWEEN.search(text):
        # Of "1 to 18 years" the unit stands once, after the second number.
        lowest = _years(found[1], found[2] or found[4])
        highest = _years(found[3], found[4])
        if lowest > highest:
            raise ArgumentError(
                "age_range", "text", shown(text), "the lowest age before the highest"
            )
        return AgeRange(lowest, highest)
    if found := _UP_TO.search(text):
        return AgeRange(0.0, _years(*found.groups()))
    if found := _FROM.search(text):
        return AgeRange(_years(*found.groups()), None)
    return None


def _years(number, unit):
    return float(number) / (_MONTHS if (unit or "").startswith("month") else 1)


def different_trials(evidence) -> tuple[Trial, ...]:
    """Every trial of the table once, in the order of their first rows.

    Parameters
    ----------
    evidence : Evidence
        A row with ``duplicate_of`` lists a trial again; rows that are no duplicates and have one
        locator are printed as one row.

    Returns
    -------
    tuple of Trial

    Raises
    ------
    EvisynthError
        A row that repeats itself, or a row that is itself a repetition.
    """
    rows = evidence.rows(TABLE)
    firsts = {row["trial_row"]: row for row in rows if row["duplicate_of"] is None}
    again: dict[str, list] = {key: [] for key in firsts}
    for row in rows:
        if (first := row["duplicate_of"]) is not None:
            if first not in firsts:
                raise EvisynthError(
                    f"{TABLE}, row {row['trial_row']}, duplicate_of: {first} is no first listing; "
                    "needed: the row that lists the trial first"
                )
            again[first].append(row)
    printed = Counter((row["source_id"], row["locator"]) for row in firsts.values())
    return tuple(
        Trial(
            row,
            tuple(again[key]),
            printed[row["source_id"], row["locator"]] > 1,
            age_range(row["age"]),
            " ".join(row["status"].split()).lower(),
            _reports(evidence, row),
        )
        for key, row in firsts.items()
    )


def _reports(evidence, row):
    studies = evidence.studies.values()
    return tuple(study for study in studies if study["registry_id"] == row["identifier"])


def by_state(trials) -> dict[str, list[Trial]]:
    """Trials by their state, the commonest state first, of equals the first named."""
    many = Counter(trial.state for trial in trials)
    return {
        state: [trial for trial in trials if trial.state == state]
        for state, _ in many.most_common()
    }
