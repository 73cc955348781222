"""The plan of a book, read from where it is declared: estimands, the rule, choices, checklists."""

from __future__ import annotations

from html import escape
from posixpath import dirname, relpath

from evisynth.errors import ArgumentError
from evisynth.evidence.branches import (
    COHORTS,
    DECISION,
    LEFT_OUT,
    MINIMUM_K,
    OVERLAP,
    effective_flips,
    flips,
)
from evisynth.evidence.extraction import ROW, UNCOMPARED, WHERE, compare, pair_rows, read_pass
from evisynth.evidence.selection import plain
from evisynth.proportions.pooling import BESIDE, FEW, HEADLINES, WARNINGS
from evisynth.report.definitions import glossary_terms
from evisynth.report.glue import glue_values
from evisynth.report.html import Html, muted, table, tag
from evisynth.report.words import capital, count_word, thousands
from evisynth.specifications.multiverse import DEFAULT_METHODS

# When each rule of `small_k_rule` applies.
WHEN = {
    "none": "no cohort",
    "one": "one cohort",
    "two": "two cohorts",
    "few": f"three cohorts or more, fewer than {count_word(FEW)}",
    "many": f"{count_word(FEW)} cohorts or more",
    "boundary": "three cohorts or more, nobody or everybody with the outcome",
    "extreme": "three cohorts or more, each at nobody or everybody, not all alike",
}
_SHOWN_INSTEAD = {
    "one": "its exact interval",
    "two": "the two exact intervals",
    "boundary": "the exact interval of all patients as one cohort",
    "extreme": "the exact intervals",
}
_EVERY = "every pool"


def pooling_rules():
    """The rule for few studies: what leads, what stands beside it and what a reader is told.

    Returns
    -------
    Html
        From `evisynth.proportions.pooling`.
    """
    rows = [
        (
            capital(WHEN[rule]),
            HEADLINES.get(rule, _SHOWN_INSTEAD.get(rule, "nothing")),
            "; ".join(BESIDE[rule]) or "–",
            warning.format(k="So many") or "–",
        )
        for rule, warning in WARNINGS.items()
    ]
    return table(("Where there are", "Leads", "Stands beside", "Warning on the page"), rows)


def estimands(evidence, *analyses):
    """Every pool of the analyses as it is declared: whom, what, out of whom, by when.

    Parameters
    ----------
    evidence : Evidence
    *analyses : str
        Ids; all where none is named.

    Returns
    -------
    Html

    Raises
    ------
    ArgumentError
        An analysis that is not declared.
    """
    for name in analyses:
        if name not in evidence.analyses:
            allowed = ", ".join(evidence.analyses)
            raise ArgumentError("estimands", "analyses", repr(name), allowed)
    chosen = [evidence.analyses[name] for name in analyses or evidence.analyses]
    meanings = glossary_terms(evidence.codebook)
    rows = [_estimand(pool, meanings) for spec in chosen for pool in spec.pools]
    return table(("Pool and estimand", "Patients", "Taken, best first"), rows)


def _estimand(pool, meanings):
    quiet = muted(pool.estimand)
    title = Html(f"{escape(pool.title)}<br>{quiet}", f"{pool.title}: {pool.estimand}")
    patients = [(plain(name), _meant(v, meanings.get(name, {}))) for name, v in pool.where.items()]
    lists = {
        "definition": pool.criteria,
        "denominator": pool.denominators,
        "time": pool.timepoints,
        "cut": pool.units,
    }
    taken = [(name, ", ".join(map(plain, values)) or "any") for name, values in lists.items()]
    return title, _lines(patients), _lines(taken)


def _meant(values, known):
    """What the codebook says a value means, else the value as words."""
    return ", ".join(known[v].words if v in known else plain(str(v)) for v in values)


def _lines(pairs):
    """A line for each name with its value."""
    html = "<br>".join(f"{muted(name)} {escape(value)}" for name, value in pairs)
    return Html(html, "; ".join(f"{name}: {value}" for name, value in pairs))


def specification_axes(evidence):
    """The axes of the specification curves: of data, of model, and those that pools declare.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
        From `evisynth.evidence.branches`, `evisynth.specifications.multiverse` and the declared
        alternatives.
    """
    rows = [(axis, _EVERY, levels) for axis, levels in _data_axes(evidence)]
    rows += [(axis, _EVERY, "; ".join(levels)) for axis, levels in _model_axes().items()]
    rows += [
        (axis, f"{spec.id}: {pool.title}", "; ".join(levels))
        for spec in evidence.analyses.values()
        for pool in spec.pools
        for axis, levels in pool.alternatives.items()
    ]
    note = f"A choice that leaves fewer than {count_word(MINIMUM_K)} cohorts is listed, not pooled."
    return table(("Axis", "Pool", "Levels, the planned one first"), rows, caption=note)


def _data_axes(evidence):
    number, matter = len(flips(evidence)), len(flips_that_matter(evidence))
    yield COHORTS, "most patients; own report first"
    yield OVERLAP, "counted; left out"
    yield LEFT_OUT, "nothing; each source; each sponsor; second-hand rows"
    yield (
        DECISION,
        f"as decided; each of {number} others is tried, of which {matter} change a counted number",
    )


def flips_that_matter(evidence):
    """Contradictions decided the other way that change what some declared pool counts.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    tuple of str
        Labels of the flips, each once however many pools it changes.
    """
    pools = [pool for spec in evidence.analyses.values() for pool in spec.pools]
    found = {flip.label for pool in pools for flip, _ in effective_flips(evidence, pool)}
    return tuple(flip.label for flip in flips(evidence) if flip.label in found)


def _model_axes():
    """Levels by axis, in order."""
    found = {}
    for method in DEFAULT_METHODS:
        for axis, level in method.choices.items():
            found.setdefault(axis, {})[level] = None
    return found


def glue_agreement(evidence):
    """Glue how far two passes of extraction agree, as ``extraction-agreed`` and so on.

    Parameters
    ----------
    evidence : Evidence
        Its folder has ``extraction/first`` and ``extraction/second``.

    Returns
    -------
    Html
        ``cells``: cells that at least one pass filled, in rows that both have; ``agreed``: those
        of them that are alike; ``alone``: rows that one pass alone has.

    Raises
    ------
    EvisynthError
        A pass that is missing or cannot be read.
    """
    passes = [read_pass(evidence.folder / "extraction" / name) for name in ("first", "second")]
    cells = sum(_filled(*(tables.get(name, []) for tables in passes)) for name in passes[0])
    fields = [difference.field for difference in compare(*passes)]
    alone = fields.count(ROW)
    numbers = {"cells": cells, "agreed": cells - (len(fields) - alone), "alone": alone}
    return glue_values("extraction", {name: thousands(n) for name, n in numbers.items()})


def _filled(first, second):
    """Compared cells that are empty in one pass at most: two blanks are no agreement."""
    pairs = [(a, b) for a, b in pair_rows(first, second) if a and b]
    return sum(
        bool(a.get(field) or b.get(field))
        for a, b in pairs
        for field in {**a, **b}
        if field not in (*UNCOMPARED, *WHERE)
    )


def checklist(evidence, name, *, page):
    """A reporting checklist: each item, whether it applies, and where it is met.

    Parameters
    ----------
    evidence : Evidence
    name : str
        One of the checklists of the table.
    page : str
        Where the table stands, such as "chapters/protocol", so that its links lead from there.

    Returns
    -------
    Html

    Raises
    ------
    ArgumentError
        A checklist that the table does not hold.
    """
    rows = evidence.rows("checklists")
    if name not in {row["checklist"] for row in rows}:
        allowed = ", ".join(dict.fromkeys(row["checklist"] for row in rows))
        raise ArgumentError("checklist", "name", repr(name), allowed)
    cells = [
        (row["item"], row["wording"], _where(row, page), row["note"])
        for row in rows
        if row["checklist"] == name
    ]
    return table(("Item", "Asks for", "Where", "Note"), cells)


def _where(row, page):
    """Links by section: a section that several pages have is named once."""
    if row["applies"] == "no":
        return "does not apply"
    pages = {}
    for target in row["met_at"].split():
        path, _, section = target.partition("#")
        pages.setdefault(section, []).append(path)
    parts = [_links(section, paths, page) for section, paths in pages.items()]
    return Html("<br>".join(part.html for part in parts), "; ".join(part.text for part in parts))


def _links(section, paths, page):
    """``Methods: certainty``, or ``Certainty in Salvage line, MRD response``."""
    names = [capital(_words(path.rpartition("/")[2])) for path in paths]
    if len(paths) == 1:
        names, lead = [": ".join(filter(None, (names[0], _words(section))))], ""
    else:
        lead = f"{capital(_words(section))} in " if section else ""
    links = [_link(path, section, name, page) for path, name in zip(paths, names, strict=True)]
    return Html(f"{escape(lead)}{', '.join(links)}", f"{lead}{', '.join(names)}")


def _words(slug):
    """A slug as words; a longer word without a vowel is an abbreviation."""
    words = slug.split("-")
    return " ".join(w.upper() if len(w) > 2 and not set(w) & set("aeiouy") else w for w in words)


def _link(path, section, name, page):
    href = relpath(f"{path}.html", dirname(page) or ".") + (f"#{section}" if section else "")
    return tag("a", escape(name), href=href)
