"""Risk of bias: the words for it, and the four marks that they become."""

from __future__ import annotations

from collections.abc import Sequence

from evisynth.checks import shown
from evisynth.errors import ArgumentError

RISK_OF_BIAS = {
    "": "",
    "low": "low",
    "some": "some",
    "some concerns": "some",
    "moderate": "some",
    "unclear": "some",
    "high": "high",
    "serious": "high",
    "critical": "high",
    "not assessable": "none",
    "no information": "none",
}
MOST_DOMAINS = 10
# Meaning of each mark in the key: filled, half and empty circle, dash.
KEY = {"low": "low", "some": "some", "high": "high", "none": "not assessable"}


def checked_judgements(function: str, given) -> str | tuple[str, ...]:
    """One judgement, or a tuple with one per domain; words that are not known are refused."""
    allowed = ", ".join(map(repr, RISK_OF_BIAS))
    several = isinstance(given, Sequence) and not isinstance(given, str)
    each = tuple(given) if several else (given,)
    for word in each:
        if not isinstance(word, str) or word not in RISK_OF_BIAS:
            raise ArgumentError(function, "rob", shown(word), allowed)
    if len(each) > MOST_DOMAINS:
        raise ArgumentError(function, "rob", f"{len(each)} domains", f"at most {MOST_DOMAINS}")
    return each if several else given


def levels(given: str | Sequence[str]) -> tuple[str, ...]:
    """What to draw for judgements: "low", "some", "high", "none"; nothing where not judged."""
    words = (given,) if isinstance(given, str) else given
    found = tuple(RISK_OF_BIAS[word] for word in words)
    return found if any(found) else ()
