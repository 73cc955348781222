"""Does the evidence base add up? One small rule for each way in which it might not."""

from __future__ import annotations

from fnmatch import filter as matching

from evisynth.evidence.arithmetic import (  # noqa: F401  (they enter their rules)
    counts,
    parts,
    places,
    printed_twice,
    registers,
)
from evisynth.evidence.arithmetic.needs import NEEDS
from evisynth.evidence.arithmetic.rules import CHECKS
from evisynth.evidence.schema import Problem

__all__ = ["NEEDS", "check_arithmetic"]


def check_arithmetic(tables, broken=()):
    """Every problem that the arithmetic of the tables shows.

    Parameters
    ----------
    tables : dict of str to Table
    broken : collection of str
        Tables with problems of form. A rule that needs one of them is not run, because what it
        finds would be an echo; one problem names the tables that were not checked.

    Returns
    -------
    list of Problem
    """
    problems, unchecked, because = [], set(), set()
    for check in CHECKS:
        missing = {name for pattern in check.tables for name in matching(broken, pattern)}
        if missing:
            unchecked.add(check.tables[0])
            because |= missing
        else:
            problems += check.rule(tables)
    if unchecked:
        names, reasons = (", ".join(sorted(part)) for part in (unchecked, because))
        allowed = f"mend the form of {reasons} first"
        problems.append(Problem(names, "-", "-", "arithmetic not checked in full", allowed))
    return problems
