"""The evidence base described by itself: sizes, families, codebook."""

from __future__ import annotations

from collections import defaultdict
from html import escape

from evisynth.evidence.schema import resource_of
from evisynth.words.html import Html, table, tag
from evisynth.words.names import family_of, family_title
from evisynth.words.phrases import thousands


def sizes(evidence):
    """Every table with its title and number of rows.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Html
    """
    rows = [
        (resource["name"], resource["title"], thousands(len(evidence.rows(resource["name"]))))
        for resource in evidence.codebook["resources"]
    ]
    return table(("Table", "What it holds", "Rows"), rows, numeric=("Rows",))


def families(evidence, *, at_least=2):
    """Families of reports that share patients, with their cohorts.

    Parameters
    ----------
    evidence : Evidence
    at_least : int
        Fewest cohorts of a family that is shown.

    Returns
    -------
    Html
    """
    found = defaultdict(list)
    for cohort in evidence.cohorts.values():
        found[family_of(evidence, cohort["cohort_id"])].append(cohort)
    rows = [
        (
            family_title(evidence, name),
            str(len(cohorts)),
            "; ".join(_with_size(c) for c in cohorts),
        )
        for name, cohorts in found.items()
        if len(cohorts) >= at_least
    ]
    return table(("Family", "Cohorts", "As counted in the reports"), rows, numeric=("Cohorts",))


def _with_size(cohort):
    return f"{cohort['label']} ({'?' if cohort['n'] is None else cohort['n']})"


def codebook(evidence, name):
    """Fields of a table: type, unit, allowed values, meaning, example.

    Parameters
    ----------
    evidence : Evidence
    name : str

    Returns
    -------
    Html
    """
    resource = resource_of(evidence.codebook, name)
    rows = [_field(field) for field in resource["schema"]["fields"]]
    return table(("Field", "Type", "Unit", "Allowed", "Meaning", "Example"), rows)


def _field(field):
    meanings = field.get("meanings", {})
    values = field.get("constraints", {}).get("enum", ())
    allowed = "; ".join(_value(str(value), meanings) for value in values)
    return (
        field["name"],
        field["type"],
        field.get("unit", ""),
        allowed,
        field["description"],
        str(field.get("example", "")),
    )


def codebooks(evidence, *, but=()):
    """Codebooks of all tables but some, each under its name.

    Parameters
    ----------
    evidence : Evidence
    but : collection of str

    Returns
    -------
    Html
    """
    names = [r["name"] for r in evidence.codebook["resources"] if r["name"] not in but]
    parts = [(name, codebook(evidence, name)) for name in names]
    html = "".join(tag("h4", escape(name)) + part.html for name, part in parts)
    return Html(html, "\n\n".join(f"{name}\n{part.text}" for name, part in parts))


def _value(value, meanings):
    return f"{value} ({meanings[value]})" if value in meanings else value
