"""The plan of a book, read from where it is declared: estimands, the rule, choices."""

from __future__ import annotations

from html import escape

from evisynth.engine.proportions.pooling import BESIDE, FEW, MODELLED, WARNINGS
from evisynth.engine.proportions.result import HEADLINE
from evisynth.engine.specifications.multiverse import DEFAULT_METHODS
from evisynth.errors import ArgumentError
from evisynth.evidence.branches import DECISION, LEFT_OUT, MINIMUM_K, OF_OVERLAP
from evisynth.evidence.flips import flips, flips_that_matter
from evisynth.evidence.selection import plain
from evisynth.report.data.definitions import glossary_terms
from evisynth.words.entries import grouped
from evisynth.words.html import Html, muted, table
from evisynth.words.names import title_of
from evisynth.words.phrases import capital, count_word

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
        From `evisynth.engine.proportions.pooling`.
    """
    rows = [
        (
            capital(WHEN[rule]),
            HEADLINE if rule in MODELLED else _SHOWN_INSTEAD.get(rule, "nothing"),
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
    groups = [
        (title_of(spec), [_estimand(pool, meanings) for pool in spec.pools]) for spec in chosen
    ]
    return grouped(("Pool and estimand", "Patients", "Taken, best first"), groups)


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
        From `evidence.branches`, `engine.specifications.multiverse` and the declared
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
    return table(("Axis", "Pool", "Levels, the declared one first"), rows, caption=note)


def _data_axes(evidence):
    number, matter = len(flips(evidence)), len(flips_that_matter(evidence))
    for axis, levels in OF_OVERLAP.items():
        yield axis, "; ".join(levels)
    yield LEFT_OUT, "nothing; each source; each sponsor; second-hand rows"
    yield (
        DECISION,
        f"as decided; each of {number} others is tried, of which {matter} change a counted number",
    )


def _model_axes():
    """Levels by axis, in order."""
    found = {}
    for method in DEFAULT_METHODS:
        for axis, level in method.choices.items():
            found.setdefault(axis, {})[level] = None
    return found
