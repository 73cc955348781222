"""The defensible ways to choose the data of one pool, as labelled data sets for `multiverse`."""

from __future__ import annotations

import re
from itertools import product
from types import MappingProxyType

from evisynth.checks import shown
from evisynth.engine.specifications.multiverse import DataSet, multiverse
from evisynth.errors import ArgumentError
from evisynth.evidence.all_reports import all_reports
from evisynth.evidence.flips import counts_of, effective_flips, gives_count
from evisynth.evidence.kept import kept
from evisynth.evidence.references import ONE_AXIS, clashes

COHORTS, OVERLAP, LEFT_OUT, DECISION = (
    "Report counted", "Possible overlap", "Source left out", "Contested claim",
)  # fmt: skip
EVERYBODY, MULTILEVEL, OF_FAMILIES = "nobody left out", "multilevel, REML", "t of families"
_METHOD_AXES = ("Model", "Interval")
_LARGEST, _OWN, _LATEST = "most patients", "own report first", "latest report first"
_COUNTED, _OUT = "counted", "left out"
_NOTHING, _AS_DECIDED = "nothing", "as decided"
MINIMUM_K = 3
_SAME = "every other choice counts the same cohorts"
_TOO_FEW = f"every other choice that changes anything leaves fewer than {MINIMUM_K} cohorts"
_NONE = "there is no other choice"


def branches(evidence, spec):
    """Every combination of choices about the data, the declared one first.

    The axes are which of overlapping reports is counted, whether cohorts that may share
    patients are, which source, sponsor or kind of reading is left out, each contradiction that
    matters decided otherwise where the other claim has a count (one without would only drop its
    cohort, which `leave1out` shows), and what the pool declares as alternatives. An axis of which
    no level changes what is counted keeps one level.

    Parameters
    ----------
    evidence : Evidence
    spec : PoolSpec

    Returns
    -------
    tuple of DataSet
    """
    return _combined(evidence, spec, _axes(evidence, spec)[0])


def _combined(evidence, spec, axes):
    data_sets, seen = [], {}
    for combination in product(*(levels.items() for levels in axes.values())):
        choices = dict(zip(axes, (level for level, _ in combination), strict=True))
        settings, overrides = _merged(change for _, change in combination)
        key = tuple(sorted(settings.items())), tuple(sorted(overrides.items()))
        if key not in seen:
            selection = evidence.selector(**settings).select(spec.otherwise(overrides))
            seen[key] = (selection.xi, selection.ni)
        data_sets.append(DataSet(choices, *seen[key]))
    return tuple(data_sets)


def _merged(changes):
    """What the choices say together: settings of the selector, keys of the pool.

    No key is declared by two axes, see `clashes`; filters of different columns hold together.
    """
    settings, overrides = {}, {}
    for change in changes:
        settings |= change.get("settings", {})
        own = change.get("overrides", {})
        where = dict(overrides.get("where", ())) | dict(own.get("where", ()))
        overrides |= own | ({"where": tuple(where.items())} if where else {})
    return settings, overrides


def _axes(evidence, spec):
    """Axis to level to what it changes; and for an axis left with one level, why it has no other.

    Levels that change nothing, or leave too few cohorts to pool, are left off.
    """
    levels_of = {axis: levels.values() for axis, levels in spec.alternatives.items()}
    for key, both in clashes(levels_of):
        given = f"{key} in {both}"
        raise ArgumentError("branches", f"alternatives of pool {spec.id}", given, ONE_AXIS)
    usually = evidence.selector().select(spec)
    found = {
        **OF_OVERLAP,
        LEFT_OUT: {_NOTHING: {}} | _omissions(evidence, spec),
        DECISION: {_AS_DECIDED: {}} | {
            flip.label: {"settings": flip.settings}
            for flip, other in effective_flips(evidence, spec)
            if gives_count(flip, usually, other)
        },
    } | _declared(spec)  # fmt: skip
    usual = counts_of(usually)
    kept, why = {}, {}
    for axis, levels in found.items():
        kept[axis], why[axis] = _that_matter(evidence, spec, levels, usual)
    return kept, why


OF_OVERLAP = MappingProxyType(
    {
        COHORTS: {
            _LARGEST: {},
            _OWN: {"settings": {"own_first": True}},
            _LATEST: {"settings": {"latest_first": True}},
        },
        OVERLAP: {_COUNTED: {}, _OUT: {"settings": {"cautious": True}}},
    }
)


def _declared(spec):
    """The alternatives of a pool as axes: level to what it changes."""
    return {
        axis: {level: {"overrides": keys} for level, keys in levels.items()}
        for axis, levels in spec.alternatives.items()
    }


def other_choices(evidence, spec):
    """What a pool counts by each choice of its own, one at a time, however few cohorts are left.

    The choices are which of overlapping reports is counted, whether cohorts that may share
    patients are, and the alternatives that the pool declares. Contradictions are not among them;
    see `effective_flips`.

    Parameters
    ----------
    evidence : Evidence
    spec : PoolSpec

    Returns
    -------
    tuple of (str, str, Selection)
        Axis and level, the declared levels left off, and what is then counted, if it is other.
    """
    usual = counts_of(evidence.selector().select(spec))
    found = []
    for axis, levels in (dict(OF_OVERLAP) | _declared(spec)).items():
        for level, change in list(levels.items())[1:]:
            settings, overrides = _merged([change])
            selection = evidence.selector(**settings).select(spec.otherwise(overrides))
            if counts_of(selection) != usual:
                found.append((axis, level, selection))
    return tuple(found)


def _that_matter(evidence, spec, levels, usual):
    """The first level and those others that matter and leave enough; why, where there is none."""
    first, *others = levels.items()
    kept, reason = [first], _SAME if others else _NONE
    for level, change in others:
        settings, overrides = _merged([change])
        selection = evidence.selector(**settings).select(spec.otherwise(overrides))
        if counts_of(selection) == usual:
            continue
        if len(selection.counted) < MINIMUM_K:
            reason = _TOO_FEW
            continue
        kept.append((level, change))
    return dict(kept), reason


def _omissions(evidence, spec):
    """Leaving out each source and each sponsor of a counted row, and all that is second-hand."""
    counted = evidence.selector().select(spec).counted
    sources = sorted({c.row["source_id"] for c in counted})
    sponsors = sorted({c.study["sponsor"] for c in counted if c.study["sponsor"]})
    pairs = [(_as_words(source), ("source_id", source)) for source in sources]
    pairs += [(f"sponsor: {sponsor}", ("sponsor", sponsor)) for sponsor in sponsors]
    if {c.second_hand for c in counted} == {True, False}:
        pairs.append(("second-hand rows", ("second_hand", True)))
    return {level: {"settings": {"without": (pair,)}} for level, pair in pairs}


def _as_words(source):
    """``author2020`` as ``Author 2020``."""
    return re.sub(r"^([a-z]+)(\d{4})$", lambda m: f"{m[1].capitalize()} {m[2]}", source)


def specification_multiverse(evidence, analysis, pool, **options):
    """All defensible analyses of one pool of a declared analysis.

    Parameters
    ----------
    evidence : Evidence
    analysis, pool : str
    **options
        Of `multiverse`.

    Returns
    -------
    Multiverse
        Its protocol is the declared data pooled by the first method, which is the book's headline
        unless ``methods`` are given.
    """
    if not hasattr(evidence, "selector"):
        allowed = "what load_evidence returns"
        raise ArgumentError("specification_multiverse", "evidence", shown(evidence), allowed)
    if options:
        return _made(evidence, analysis, pool, options)
    return _usual(evidence, analysis, pool)


@kept
def _usual(evidence, analysis, pool):
    """The curve without options, which a page asks for in its words and in its figure."""
    return _made(evidence, analysis, pool, {})


def _made(evidence, analysis, pool, options):
    selection = evidence.select(analysis, pool)
    axes, why_one = _axes(evidence, selection.spec)
    data_sets = _combined(evidence, selection.spec, axes)
    options = {"protocol": dict(data_sets[0].choices)} | options
    found = multiverse(data_sets, why_one=why_one, minimum_k=MINIMUM_K, **options)
    return _with_nobody_left_out(evidence, selection, found)


def _with_nobody_left_out(evidence, selection, found):
    """Also every report with the covariance that shared patients bring, where any was left out."""
    reports = all_reports(evidence, selection) if found.method_axes == _METHOD_AXES else None
    if reports is None:
        return found
    planned = found.specifications[found.protocol] | {COHORTS: EVERYBODY, "Model": MULTILEVEL}
    model = reports.model
    shown, robust = model.displayed, model.robust_displayed
    estimate = shown["estimate"]
    more = [(OF_FAMILIES, (estimate, shown["ci_lb"], shown["ci_ub"]))]
    more += [("CR2", (estimate, robust["ci_lb"], robust["ci_ub"]))] if robust else []
    specifications = [planned | {"Interval": interval} for interval, _ in more]
    size = int(found.n[found.protocol])  # nobody twice
    return found.with_more(specifications, [numbers for _, numbers in more], model.k, size)
