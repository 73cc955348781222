"""Searches as their documents print them: steps in order, and whether their numbers add up."""

from __future__ import annotations

from dataclasses import dataclass

from evisynth.errors import EvisynthError

TABLE = "searches"
START, KEPT, ADDED, REMOVED, REACHED = "start", "kept", "added", "removed", "reached"
_NEEDED = "needed: flow_step and flow_role together, steps 1, 2, 3 …, of which the first is a start"


@dataclass(frozen=True)
class FlowStep:
    """One printed number of a search.

    Attributes
    ----------
    row_id, words : str
    count : int
    role : str
        ``start``; ``kept``, so many of those before; ``added``; ``removed``; ``reached``, what is
        left after the steps before.
    after : int
        How many there are after this step, as printed numbers give it.
    left_out : int or None
        Of a step that keeps some: how many it leaves out, worked out.
    terms : tuple of int
        Of a number that is reached: what it has to be the sum of.
    """

    row_id: str
    words: str
    count: int
    role: str
    after: int
    left_out: int | None = None
    terms: tuple[int, ...] = ()

    @property
    def adds_up(self) -> bool:
        """Whether the number can follow from the steps before."""
        if self.role == REACHED:
            return sum(self.terms) == self.count
        return self.after >= 0 and (self.left_out is None or self.left_out >= 0)


@dataclass(frozen=True)
class SearchFlow:
    """The search of one document.

    Attributes
    ----------
    source_id : str
    steps : tuple of FlowStep
    terms : tuple of int
        What came after the last printed total; its sum is where the search ends.
    """

    source_id: str
    steps: tuple[FlowStep, ...]
    terms: tuple[int, ...]

    @property
    def adds_up(self) -> bool:
        """Whether every step does."""
        return all(step.adds_up for step in self.steps)


def search_flow(source_id: str, rows) -> SearchFlow:
    """The steps of a search with its running total.

    Parameters
    ----------
    source_id : str
    rows : sequence of mapping
        With ``row_id``, ``step``, ``count``, ``flow_step`` and ``flow_role``, in any order.

    Returns
    -------
    SearchFlow

    Raises
    ------
    EvisynthError
        Steps that are not numbered from 1 without a gap, a role that is not known, a first step
        that is no start, or a later one that is.
    """
    ordered = sorted(rows, key=lambda row: (row["flow_step"] is None, row["flow_step"]))
    steps: list[FlowStep] = []
    terms: tuple[int, ...] = ()
    for number, row in enumerate(ordered, start=1):
        role, count = row["flow_role"], row["count"]
        if row["flow_step"] != number or role not in _ROLES or (role == START) != (number == 1):
            raise EvisynthError(
                f"{TABLE}, row {row['row_id']}: step {row['flow_step']}, role {role}; {_NEEDED}"
            )
        step, terms = _ROLES[role](row, count, terms)
        steps.append(step)
    return SearchFlow(source_id, tuple(steps), terms)


def _total(row, count, terms):
    return _step(row, count, after=count), (count,)


def _kept(row, count, terms):
    return _step(row, count, after=count, left_out=sum(terms) - count), (count,)


def _added(row, count, terms):
    return _moved(row, count, (*terms, count))


def _removed(row, count, terms):
    return _moved(row, count, (*terms, -count))


def _moved(row, count, terms):
    return _step(row, count, after=sum(terms)), terms


def _reached(row, count, terms):
    return _step(row, count, after=count, terms=terms), (count,)


def _step(row, count, **more):
    return FlowStep(row["row_id"], row["step"], count, row["flow_role"], **more)


_ROLES = {START: _total, KEPT: _kept, ADDED: _added, REMOVED: _removed, REACHED: _reached}


def search_flows(evidence) -> dict[str, SearchFlow]:
    """The search of each document that prints one, in the order of the documents.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    dict of str to SearchFlow
        By the document's id.

    Raises
    ------
    EvisynthError
        See `search_flow`.
    """
    rows = evidence.rows(TABLE)
    sources = [source["source_id"] for source in evidence.rows("sources")]
    printed = {row["source_id"] for row in rows}
    return {
        source: search_flow(source, [row for row in rows if row["source_id"] == source])
        for source in sources
        if source in printed
    }
