"""The whole register of contradictions, by document and kind, with what each decision changes."""

from __future__ import annotations

from collections import Counter
from html import escape

from evisynth.evidence.base import answered
from evisynth.report.selection.decisions import condition, decided_short, effects_of_flips
from evisynth.words.entries import cross_table, entry
from evisynth.words.glue import glue_values
from evisynth.words.html import Html, tag
from evisynth.words.names import title_of
from evisynth.words.phrases import capital, count_word, sentence, thousands

_BETWEEN = "between documents"
_DECISIONS = {"a": "First used", "b": "Second used", "neither": "Neither", "open": "Open"}


def discrepancy_counts(evidence):
    """How many contradictions there are of each kind, and how they were decided.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    pairs = [(row["kind"], row["decision"]) for row in evidence.rows("discrepancies")]
    kinds, made = Counter(kind for kind, _ in pairs), {decision for _, decision in pairs}
    ordered = sorted(kinds, key=lambda kind: (-kinds[kind], kind))
    used = {decision: words for decision, words in _DECISIONS.items() if decision in made}
    return cross_table("Kind", pairs, {kind: kind for kind in ordered}, used)


def discrepancies(evidence):
    """Every contradiction with both claims, the decision, the reason, and what it changes.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        By document, those between documents last, then by kind. Each entry's id is its anchor.
    """
    changes = effects_by_discrepancy(evidence)
    groups = _grouped(evidence.rows("discrepancies"))
    html, lines = [], []
    for source, kinds in groups.items():
        name = capital(source) if source == _BETWEEN else source
        html.append(tag("h3", escape(name)))
        lines.append(name)
        for kind, rows in kinds.items():
            html.append(tag("h4", escape(capital(kind))))
            entries = [_entry(row, changes.get(row["discrepancy_id"], ())) for row in rows]
            html += [entry.html for entry in entries]
            lines += [f"{kind}:", *(entry.text for entry in entries)]
    return Html("".join(html), "\n".join(lines))


def effects_by_discrepancy(evidence):
    """Id of each contradiction that matters to what another decision does to each pool.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    dict of str to list of (str, Selection, Flip, Selection)
        Title of the analysis, pool as decided, the other decision, pool as it would be.
    """
    found = {}
    for name in evidence.analyses:
        analysis = answered(evidence, name)
        for pool, selection in analysis.selections.items():
            for flip, other in effects_of_flips(analysis, pool):
                key = flip.discrepancy["discrepancy_id"]
                found.setdefault(key, []).append((title_of(analysis.spec), selection, flip, other))
    return found


def _grouped(rows):
    """Source to kind to rows; what stands in more than one document comes last."""
    groups = {}
    for row in sorted(rows, key=lambda row: _source(row) == _BETWEEN):
        groups.setdefault(_source(row), {}).setdefault(row["kind"], []).append(row)
    return groups


def _source(row):
    """The document that contradicts itself, or that it is more than one."""
    places = f"{row['where_a']}; {row['where_b']}".split("; ")
    sources = dict.fromkeys(place.partition(" · ")[0] for place in places if " · " in place)
    return next(iter(sources)) if len(sources) == 1 else _BETWEEN


def _entry(row, changes):
    parts = [
        ("First claim", row["claim_a"], row["where_a"]),
        ("Second claim", row["claim_b"], row["where_b"]),
        ("Decision", f"{capital(decided_short(row))}. {row['reason']}", ""),
    ]
    parts += [("Otherwise", _change(*change), "") for change in changes]
    parts += [] if changes else [("Otherwise", "No headline changes.", "")]
    return entry(row["discrepancy_id"], row["what"], parts)


def _change(title, selection, flip, other):
    lead, follow = condition(flip, selection, other)
    return (
        f"{lead}{selection.spec.title} ({title.rstrip('?')}) would go from "
        f"{sentence(selection.pooled)} to {sentence(other.pooled)}{follow}."
    )


def glue_register(evidence):
    """Glue how many contradictions there are, open, and of consequence, as ``register-what``.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    rows = evidence.rows("discrepancies")
    changes = effects_by_discrepancy(evidence)
    between = sum(_source(row) == _BETWEEN for row in rows)
    pools = {(name, s.spec.id) for found in changes.values() for name, s, _, _ in found}
    values = {
        "all": thousands(len(rows)),
        "open": count_word(sum(row["decision"] == "open" for row in rows)),
        "between": count_word(between),
        "within": thousands(len(rows) - between),
        "mattering": count_word(len(changes)),
        "pools": count_word(len(pools)),
    }
    return glue_values("register", values)
