"""What is analysed: each question once, declared beside the tables, and its pools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from evisynth.schema import Problem

ANALYSES = "analyses.yml"


@dataclass(frozen=True)
class PoolSpec:
    """What is pooled together: one estimand, declared in ``analyses.yml``.

    Attributes
    ----------
    id, title, estimand : str
    outcomes : tuple of str
        Codes of the table that count as this outcome, best first.
    where : mapping of cohort column to allowed values
    criteria, denominators, timepoints : tuple of str
        Allowed values, best first; empty allows any.
    units : tuple of str
        Which cuts of a cohort may be counted.
    series : int
        Which of the figure's colours and marks.
    """

    id: str
    title: str
    estimand: str
    outcomes: tuple[str, ...]
    where: Mapping[str, tuple]
    criteria: tuple[str, ...] = ()
    denominators: tuple[str, ...] = ()
    timepoints: tuple[str, ...] = ()
    units: tuple[str, ...] = ("whole", "part")
    series: int = 1


@dataclass(frozen=True)
class Card:
    """How a question stands on the landing page: its title, page, pools with short names, unit."""

    title: str
    page: str
    pools: Mapping[str, str]
    unit: str


@dataclass(frozen=True)
class AnalysisSpec:
    """A question of the book and its pools."""

    id: str
    question: str
    pools: tuple[PoolSpec, ...]
    patients: str = ""
    agents: str = ""
    against: str = ""
    outcome: str = ""
    card: Card | None = None


def read_analyses(path):
    """Analyses declared in a YAML file.

    Returns
    -------
    analyses : tuple of AnalysisSpec
    problems : list of Problem
    """
    import yaml

    if not path.is_file():
        return (), [Problem(path.name, "-", "-", "missing", f"needed beside {path.parent.name}")]
    try:
        declared = yaml.safe_load(path.read_text(encoding="utf-8"))["analyses"]
        return tuple(_analysis_spec(entry) for entry in declared), []
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return (), [Problem(path.name, "-", "-", f"{error!s:.120}", "allowed: YAML in UTF-8")]
    except (KeyError, TypeError) as error:
        return (), [
            Problem(
                path.name, "-", "-", f"{error!s:.120}", "allowed: analyses with id, question, pools"
            )
        ]


def _analysis_spec(entry):
    pools = tuple(_pool_spec(pool) for pool in entry["pools"])
    about = {key: entry.get(key, "") for key in ("patients", "agents", "against", "outcome")}
    card = entry.get("card")
    return AnalysisSpec(
        entry["id"], entry["question"], pools, **about, card=Card(**card) if card else None
    )


def _pool_spec(pool):
    lists = {
        k: tuple(pool[k]) for k in ("criteria", "denominators", "timepoints", "units") if k in pool
    }
    where = {column: tuple(allowed) for column, allowed in pool["where"].items()}
    return PoolSpec(
        pool["id"],
        pool["title"],
        pool["estimand"],
        tuple(pool["outcomes"]),
        MappingProxyType(where),
        series=pool.get("series", 1),
        **lists,
    )
