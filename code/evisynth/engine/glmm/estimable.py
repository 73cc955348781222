"""Whether counts have a finite maximum of the likelihood in a model with spread."""

from __future__ import annotations

import numpy as np

from evisynth.errors import NotEstimable


def check_estimable(function, xi, ni):
    """Refuse one data set without a finite maximum."""
    total, events, k = int(ni.sum()), int(xi.sum()), xi.size
    if events in (0, total):
        extent = "nothing but" if events else "no"
        which = f"{events} of {total} over {k} studies is {extent} events"
        remedy = "Use pool_proportions, which gives the exact pooled interval."
    elif no_finite_spread(xi, ni):
        which = f"each of {k} studies has no events or nothing but events"
        remedy = "Show the studies side by side, with their exact intervals."
    else:
        return
    raise NotEstimable(f"{function}: {which}; the likelihood has no finite maximum. {remedy}")


def no_finite_spread(xi, ni):
    """Whether tau grows without bound: each study at 0 or 100 percent, and some of more than one.

    For any distribution of proportions P(0 of n) <= P(0 of 1) and P(n of n) <= P(1 of 1), and the
    bound is reached only as tau grows and every proportion becomes 0 or 1.
    """
    xi, ni = np.asarray(xi), np.asarray(ni)
    return bool(np.all((xi == 0) | (xi == ni)) and np.any(ni > 1))


def estimable(xi, ni, counted):
    """Which data sets of a stack have a finite maximum, as `check_estimable` has it."""
    events, total = (xi * counted).sum(axis=1), (ni * counted).sum(axis=1)
    extreme = np.all((xi == 0) | (xi == ni) | ~counted, axis=1)
    spread = extreme & np.any((ni > 1) & counted, axis=1)
    return (events > 0) & (events < total) & ~spread
