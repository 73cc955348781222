"""A rule of the evidence base: a small check that yields every row that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from evisynth.evidence.schema import Problem

LIMITS = ("value", "lower", "upper")
WITH_INTERVALS = ("survival", "contrasts", "characteristics", "outcomes")
WITH_CLAIMS = ("outcomes", "survival", "contrasts", "analysis_sets", "characteristics", "searches")


class Check(NamedTuple):
    """A rule, and the tables that it needs: the first is the one whose rows it judges.

    A name may end in ``*``: every table that begins so.
    """

    rule: Callable
    tables: tuple[str, ...]


CHECKS: list[Check] = []


def rule(*tables):
    """Enter a rule, with the tables that it needs, among `CHECKS`."""

    def enter(check):
        CHECKS.append(Check(check, tables))
        return check

    return enter


def rule_of_each(*names, also=()):
    """Enter a rule of one table once for each of several."""

    def enter(check):
        for name in names:
            CHECKS.append(Check(partial(check, name=name), (name, *also)))
        return check

    return enter


def whole_habit(tables):
    """Which sources print whole percentages, with or without a decimal zero."""
    return {row["source_id"]: row["rounds_to_whole_percent"] for row in tables["sources"]}


def problem(table, row, column, allowed):
    """A cell that breaks a rule, as it was printed, and what is allowed."""
    value = table.printed(row, column) or ""
    return Problem(table.name, table.key_of(row), column, value, allowed)


def has_count(row):
    """Whether a row has a count that can be: events from 0 to a total of 1 or more."""
    events, total = row["events"], row["total"]
    return None not in (events, total) and 0 <= events <= total and total > 0
