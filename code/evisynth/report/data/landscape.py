"""Registered trials each once, the searches of the documents, and the reports that they share."""

from __future__ import annotations

from collections import Counter
from itertools import takewhile

from evisynth.evidence import search_flows as searches
from evisynth.evidence import trials as registered
from evisynth.evidence.told_by import documents_in_order, results_by_document, told_by_several
from evisynth.figures.landscape.flow import check_words
from evisynth.words.cells import below, place
from evisynth.words.entries import cross_table, grouped, link, wide
from evisynth.words.glue import glue_values, slug_of
from evisynth.words.html import table
from evisynth.words.names import source_name
from evisynth.words.phrases import capital, count_word, plural, thousands

YOUNG, MIDDLE = 18, 31  # highest ages, in years, by which trials are told apart
_AGES = {
    "young": f"Up to {YOUNG} years",
    "middle": f"Up to {MIDDLE} years",
    "old": "Older, or no limit",
    "unknown": "No number",
}
_ROLES = {
    searches.START: "",
    searches.KEPT: "kept",
    searches.ADDED: "added",
    searches.REMOVED: "taken away",
    searches.REACHED: "reached",
}
_DISPUTES = "discrepancies.html"


def trials_by_state(evidence):
    """How many different trials there are of each state, by the highest age that may enter.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    groups = registered.by_state(registered.different_trials(evidence))
    pairs = [(state, _age_class(trial)) for state, group in groups.items() for trial in group]
    return cross_table("State as printed", pairs, {s: capital(s) for s in groups}, _AGES)


def _age_class(trial):
    if trial.ages is None:
        return "unknown"
    highest = trial.ages.highest
    if highest is None or highest > MIDDLE:
        return "old"
    return "young" if highest <= YOUNG else "middle"


def trial_table(evidence):
    """Every trial once, under its state, in the order of the list.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        A trial that is listed again says under which title.
    """
    header = ("Trial", "Numbers", "Ages", "Phase", "Reports in this base", "Place")
    groups = registered.by_state(registered.different_trials(evidence))
    rows = [(capital(state), [_trial(t) for t in group]) for state, group in groups.items()]
    return grouped(header, rows)


def _trial(trial):
    row = trial.row
    title = wide(below(row["short_title"], _remark(trial)))
    phases = dict.fromkeys(study["phase"] for study in trial.reports if study["phase"])
    reports = [f"{study['first_author']} {study['year']}" for study in trial.reports]
    others = "; ".join((row["other_ids"] or "").split(";"))
    return (
        title,
        below(row["identifier"], others),
        row["age"],
        ", ".join(phases) or "–",
        ", ".join(reports) or "–",
        place(row),
    )


def _remark(trial):
    again = [f"listed again as “{row['short_title']}”" for row in trial.again]
    return capital("; ".join([*again, *([trial.row["note"]] if trial.row["note"] else [])]))


def search_steps(evidence):
    """Every printed number of the documents' searches, with its check and its place.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    rows = {row["row_id"]: row for row in evidence.rows(searches.TABLE)}
    groups = [
        (source_name(source), [_step(step, rows[step.row_id]) for step in flow.steps])
        for source, flow in searches.search_flows(evidence).items()
    ]
    header = ("Step", "What it does", "Number", "Check", "Contradiction", "Place")
    return grouped(header, groups, numeric=("Number",))


def _step(step, row):
    dispute = link(row["discrepancy_id"], _DISPUTES) if row["discrepancy_id"] else "–"
    words = capital(step.words)
    check = check_words(step) or "–"
    return words, _ROLES[step.role] or "–", thousands(step.count), check, dispute, place(row)


def shared_counts(evidence):
    """Of how many reports two documents both print results.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        A line and a column per document; where they are the same, all reports that it tells.
    """
    results = results_by_document(evidence)
    names = {document: source_name(document) for document in documents_in_order(evidence)}
    rows = [
        (name, *(_dash(_both(results, one, other)) for other in names))
        for one, name in names.items()
    ]
    return table(("Document", *names.values()), rows, numeric=tuple(names.values()))


def _both(results, one, other):
    return sum(counts[one] > 0 and counts[other] > 0 for counts in results.values())


def _dash(count):
    return thousands(count) if count else "–"


def glue_landscape(evidence):
    """Make the numbers of the page known under ``landscape-``.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        ``rows`` and ``trials`` (all and different ones), ``again``, ``reported`` (with a report in
        the base), ``cited`` (that the document gives a reference for) and ``cited-…`` of them by
        state, ``state-…`` and ``registry-…`` (by state, and by the letters a number begins with);
        ``sums`` and ``agree`` (that can be checked, and that add up); a document's id and the
        number of a step of its search, and ``last-…`` (where the search ends); ``told`` and
        ``several`` (reports with results, and those of two documents or more), ``most`` (documents
        that tell one report).
    """
    trials = registered.different_trials(evidence)
    values = {
        "rows": len(evidence.rows(registered.TABLE)),
        "trials": len(trials),
        "reported": sum(bool(trial.reports) for trial in trials),
    }
    values |= {f"state-{slug_of(s)}": len(g) for s, g in registered.by_state(trials).items()}
    cited = [trial for trial in trials if trial.row["ref"]]
    values["cited"] = len(cited)
    values |= {f"cited-{slug_of(s)}": len(g) for s, g in registered.by_state(cited).items()}
    begins = Counter(_registry(trial.row["identifier"]) for trial in trials)
    values |= {f"registry-{slug_of(name)}": count for name, count in begins.items()}
    values |= _of_searches(evidence)
    results = results_by_document(evidence)
    several = told_by_several(results)
    values |= {"told": len(results), "several": len(several)}
    words = {"again": plural(sum(len(trial.again) for trial in trials), "trial")}
    words["most"] = count_word(max(map(len, several.values()), default=0))
    return glue_values("landscape", {k: thousands(v) for k, v in values.items()} | words)


def _registry(identifier):
    return "".join(takewhile(str.isalpha, identifier))


def _of_searches(evidence):
    flows = searches.search_flows(evidence)
    checked = [s for f in flows.values() for s in f.steps if s.role == searches.REACHED]
    values = {"sums": len(checked), "agree": sum(step.adds_up for step in checked)}
    for source, flow in flows.items():
        values |= {f"{source}-{n}": step.count for n, step in enumerate(flow.steps, start=1)}
        values[f"last-{source}"] = sum(flow.terms)
    return values


def rows_shown(evidence):
    """Rows that the page shows.

    Parameters
    ----------
    evidence : Evidence

    Yields
    ------
    tuple of str
        Name of the table and key of the row: every trial, as a line or as listed again, and every
        step of a search. Nothing of a table that the base does not have.
    """
    names = {resource["name"] for resource in evidence.codebook["resources"]}
    if registered.TABLE in names:
        for trial in registered.different_trials(evidence):
            for row in (trial.row, *trial.again):
                yield registered.TABLE, row["trial_row"]
    if searches.TABLE in names:
        for flow in searches.search_flows(evidence).values():
            for step in flow.steps:
                yield searches.TABLE, step.row_id
