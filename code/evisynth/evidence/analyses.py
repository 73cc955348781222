"""Each question once, declared beside the tables: ``analyses.yml`` read, each fault by its line.

The form of a declaration is its model in `evisynth.evidence.specs`; `references` has what its parts
say of each other.
"""

from __future__ import annotations

from pydantic import ValidationError

from evisynth.characters import VISIBLE, stray_in
from evisynth.evidence.chapter_spec import ChapterSpec
from evisynth.evidence.declared import words_of
from evisynth.evidence.marked_yaml import line_of, parse
from evisynth.evidence.references import references
from evisynth.evidence.schema import Problem, Unreadable, is_text, is_texts, read_text, repeated
from evisynth.evidence.specs import (
    AnalysisSpec,
    Card,
    ContrastSpec,
    EffectSpec,
    PoolSpec,
    TimeSpec,
    Unplaced,
)

ANALYSES = "analyses.yml"
_LISTS = {"pools": PoolSpec, "contrasts": ContrastSpec, "effects": EffectSpec, "times": TimeSpec}
_PARTS = {"card": Card, "unplaced": Unplaced, "chapter": ChapterSpec}


def read_analyses(path):
    """Analyses declared in a YAML file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    analyses : tuple of AnalysisSpec
        Those whose form is right.
    problems : list of Problem
        Of form: unknown, missing and repeated keys, values of the wrong kind, ids that come twice,
        pools and contrasts that are named and not declared. Whether the values occur in the tables
        is for `undeclared` to say.
    """
    analyses, problems, _ = read_declared(path)
    return analyses, problems


def read_declared(path):
    """The same, and what the file declares of each analysis, which knows its lines.

    Returns
    -------
    analyses, problems
        As `read_analyses` has them.
    declared : dict of str to Marked
        By id, for `evisynth.evidence.marked_yaml.line_of`.
    """
    try:
        declared = parse(read_text(path))
        if found := stray_in(declared):
            raise Unreadable(found, f"allowed: text {VISIBLE}")
        entries = _entries(declared)
    except Unreadable as error:
        return (), [error.problem(ANALYSES)], {}
    analyses, problems = [], []
    for position, entry in enumerate(entries, 1):
        spec, wrong = _read(entry, position)
        problems += [Problem(ANALYSES, *found, line_of(entry, path) or "") for path, found in wrong]
        analyses += [] if wrong else [spec]
    ids = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    problems += [_twice(id_, entries) for id_ in repeated(ids)]
    marked = {spec.id: next(e for e in entries if e.get("id") == spec.id) for spec in analyses}
    return tuple(analyses), problems, marked


def _twice(id_, entries):
    second = [e for e in entries if isinstance(e, dict) and e.get("id") == id_][1]
    return Problem(ANALYSES, id_, "id", id_, "allowed: each id once", line_of(second, ["id"]) or "")


def _entries(declared):
    """The list under ``analyses``; other keys may hold lists of texts for YAML's anchors."""
    found = declared.get("analyses") if isinstance(declared, dict) else None
    if not isinstance(found, list) or not found:
        raise Unreadable("no list of analyses", "needed: analyses, each with id, question, pools")
    for key, value in declared.items():
        if key != "analyses" and not is_texts(value):
            raise Unreadable(f"key {key!r}", "allowed: analyses, and lists of texts to refer to")
    return found


def _read(entry, position):
    """One declared analysis and everything wrong with it: path, (name, key, value, allowed)."""
    name = _name(entry, position)
    try:
        spec = AnalysisSpec.model_validate(entry)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        return None, [_fault(entry, name, one) for one in found]
    return spec, [(path, _placed(entry, name, path, *rest)) for path, *rest in references(spec)]


def _name(entry, position):
    named = isinstance(entry, dict) and is_text(entry.get("id"))
    return entry["id"] if named else f"number {position}"


def _fault(entry, name, error):
    """A fault that the model found, in the words of the book."""
    path = error["loc"]
    *_, model, rest = _rooms(entry, name, path)
    key = rest[0] if rest else None
    value, allowed = error["input"], _sentence(error["msg"])
    if error["type"] in ("extra_forbidden", "invalid_key") and len(rest) == 1:
        value, allowed = "unknown key", f"allowed: keys {', '.join(model.keys())}"
    elif error["type"] == "missing":
        allowed = f"needed: {words_of(model, key)}" if len(rest) == 1 else "needed"
        value = "missing"
    elif error["type"] in ("model_type", "model_attributes_type") and not rest:
        allowed = f"allowed: keys {', '.join(model.keys())}"
    return path, _placed(entry, name, path, value, allowed)


def _sentence(text):
    return f"allowed: {text[:1].lower()}{text[1:]}"


def _placed(entry, name, path, value, allowed):
    """Name of the part of the analysis, key in it, value, allowed."""
    name, model, rest = _rooms(entry, name, path)
    if model is ChapterSpec:
        key = ".".join(map(str, rest)) or "chapter"
    else:
        key = " ".join(map(str, rest[:2])) if rest[:1] == ("alternatives",) else (*rest, "-")[0]
    return name, str(key), value, allowed


def _rooms(entry, name, path):
    """The part of an analysis that a path leads into: its name, its model, and what is left."""
    model, inside, path = AnalysisSpec, entry, tuple(path)
    while len(path) > 1:
        key, place = path[:2]
        if key in _LISTS and isinstance(place, int):
            model, inside, path = _LISTS[key], inside[key][place], path[2:]
            named = key != "contrasts"
            own = _name(inside, place + 1) if named else f"contrast {place + 1}"
            name = f"{name}/{own}"
        elif key in _PARTS:
            model, inside, path = _PARTS[key], inside[key], path[1:]
            name = f"{name}/{key}"
            if model is ChapterSpec:
                break
        else:
            break
    return name, model, path
