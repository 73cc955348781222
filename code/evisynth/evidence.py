"""The evidence base, loaded whole or not at all, and the selection that counts a cohort once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from evisynth.arithmetic import CHECKS, rejected_claims
from evisynth.errors import ArgumentError, EvidenceError
from evisynth.overlap import Candidate, Edge, OverlapGraph, independent_set
from evisynth.pooling import Pooled, pool_proportions
from evisynth.schema import Problem, find_package, read_codebook, read_tables

ANALYSES = "analyses.yml"

CODES = MappingProxyType(
    {
        "OVL": "shares patients with a counted cohort",
        "POOL": "adds up cohorts that are counted singly",
        "SEL": "chosen by what happened after treatment began",
        "SUB": "a subgroup",
        "DEN": "other denominator",
        "DEF": "other definition",
        "TIM": "other time",
        "NE": "no count can be had",
        "CLM": "a claim that was decided against",
    }
)
_UNIT_CODES = {"pool": "POOL", "post_baseline": "SEL", "subgroup": "SUB", "part": "SUB", "whole": "SUB"}


@dataclass(frozen=True)
class PoolSpec:
    """What is pooled together: one estimand, declared in ``analyses.yml``.

    Attributes
    ----------
    id, title, estimand, outcome : str
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
    outcome: str
    where: Mapping[str, tuple]
    criteria: tuple[str, ...] = ()
    denominators: tuple[str, ...] = ()
    timepoints: tuple[str, ...] = ()
    units: tuple[str, ...] = ("whole", "part")
    series: int = 1


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


@dataclass(frozen=True)
class Counted:
    """A cohort that is counted: its row of outcomes, its cohort, its study, and its flags.

    Attributes
    ----------
    row, cohort, study : mapping
        Rows of the tables outcomes, cohorts and studies.
    possible_overlaps : tuple of str
        Labels of other counted cohorts that may share patients with it.
    """

    row: Mapping
    cohort: Mapping
    study: Mapping
    possible_overlaps: tuple[str, ...] = ()

    @property
    def second_hand(self):
        """Whether the number was read in another group's report."""
        return bool(self.row["second_hand"])


@dataclass(frozen=True)
class LeftOut:
    """A cohort that was read but is not counted here, and why.

    Attributes
    ----------
    row, cohort : mapping
    code : str
        One of `CODES`.
    reason : str
        In plain words, with the cohort it overlaps where that is the reason.
    """

    row: Mapping
    cohort: Mapping
    code: str
    reason: str


@dataclass(frozen=True)
class Selection:
    """An independent set of cohorts for one pool, and what was left out with the reason.

    Attributes
    ----------
    spec : PoolSpec
    counted : tuple of Counted
    left_out : tuple of LeftOut
    """

    spec: PoolSpec
    counted: tuple[Counted, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def xi(self):
        """Events, one per counted cohort."""
        return tuple(c.row["events"] for c in self.counted)

    @property
    def ni(self):
        """Patients, one per counted cohort."""
        return tuple(c.row["total"] for c in self.counted)

    @property
    def slab(self):
        """Labels, one per counted cohort."""
        return tuple(c.cohort["label"] for c in self.counted)

    @cached_property
    def pooled(self) -> Pooled:
        """The counts under the book's rule for few studies."""
        return pool_proportions(self.xi, self.ni, slab=self.slab)


@dataclass(frozen=True)
class Analysis:
    """A question answered: every pool selected and pooled."""

    spec: AnalysisSpec
    selections: Mapping[str, Selection]
    evidence: Evidence

    def __getitem__(self, pool) -> Selection:
        if pool not in self.selections:
            raise ArgumentError(
                "Analysis", "pool", repr(pool), f"a pool of {self.spec.id}: {', '.join(self.selections)}"
            )
        return self.selections[pool]

    @property
    def cohorts(self):
        """Ids of all cohorts that any pool counts."""
        found = {c.cohort["cohort_id"] for s in self.selections.values() for c in s.counted}
        return tuple(sorted(found))

    def strata(self, first, second):
        """Pairs of counted rows of the same study in two pools.

        Parameters
        ----------
        first, second : str
            Pool ids.

        Returns
        -------
        tuple of (Counted, Counted)
        """
        theirs = {c.study["study_id"]: c for c in self[second].counted}
        pairs = ((c, theirs.get(c.study["study_id"])) for c in self[first].counted)
        return tuple((a, b) for a, b in pairs if b is not None)


class Evidence:
    """Validated tables, their codebook, the overlap graph and the declared analyses.

    Use `load_evidence`; this class does not validate.
    """

    def __init__(self, tables, codebook, analyses, folder):
        self._tables = MappingProxyType(tables)
        self.codebook = codebook
        self.analyses = MappingProxyType({spec.id: spec for spec in analyses})
        self.folder = Path(folder)

    def __repr__(self):
        sizes = ", ".join(f"{name} {len(table)}" for name, table in self._tables.items())
        return f"<Evidence {self.version}: {sizes}>"

    @property
    def version(self):
        """Version of the data."""
        return self.codebook["version"]

    def rows(self, name) -> Sequence[Mapping]:
        """Rows of a table as mappings; empty cells are None."""
        if name not in self._tables:
            raise ArgumentError("Evidence.rows", "name", repr(name), ", ".join(self._tables))
        return self._tables[name]

    def frame(self, name):
        """A table as a pandas DataFrame."""
        import pandas as pd

        fields = next(r for r in self.codebook["resources"] if r["name"] == name)["schema"]["fields"]
        return pd.DataFrame(self.rows(name), columns=[field["name"] for field in fields])

    @cached_property
    def cohorts(self):
        """Cohort rows by id, in the order of the table."""
        return {row["cohort_id"]: row for row in self.rows("cohorts")}

    @cached_property
    def studies(self):
        """Study rows by id."""
        return {row["study_id"]: row for row in self.rows("studies")}

    @cached_property
    def graph(self):
        """The overlap graph of all cohorts."""
        edges = (Edge(r["cohort_a"], r["relation"], r["cohort_b"]) for r in self.rows("overlaps"))
        return OverlapGraph(edges)

    def analyse(self, analysis) -> Analysis:
        """Select and pool every pool of a declared analysis.

        Raises
        ------
        ArgumentError
            An analysis that is not declared.
        """
        if analysis not in self.analyses:
            raise ArgumentError("Evidence.analyse", "analysis", repr(analysis), ", ".join(self.analyses))
        spec = self.analyses[analysis]
        selections = {pool.id: self._select(pool) for pool in spec.pools}
        return Analysis(spec, MappingProxyType(selections), self)

    def select(self, analysis, pool) -> Selection:
        """The independent cohorts of one pool of a declared analysis."""
        return self.analyse(analysis)[pool]

    def printed_rows(self, spec: PoolSpec):
        """Every printed row with a count that fits a pool's outcome and cohorts, overlaps and all."""
        return tuple(
            row
            for row in self.rows("outcomes")
            if row["outcome"] == spec.outcome
            and self._fits_where(row, spec)
            and row["events"] is not None
            and row["total"] is not None
            and row["derivation"] != "differenced"
        )

    def _fits_where(self, row, spec):
        cohort = self.cohorts[row["cohort_id"]]
        return all(cohort[column] in allowed for column, allowed in spec.where.items())

    def _select(self, spec):
        best, refused = {}, {}
        for cohort_id in self.cohorts:
            rows = self._rows_of(cohort_id, spec)
            if rows:
                row, code = self._choose(rows, spec)
                (refused if code else best)[cohort_id] = (row, code)
        able = {c: row for c, (row, _) in best.items() if self.cohorts[c]["unit"] in spec.units}
        candidates = [Candidate(c, row["total"], not row["second_hand"]) for c, row in able.items()]
        kept = set(independent_set(candidates, self.graph))
        counted = tuple(self._counted(c, able[c], kept) for c in able if c in kept)
        rest = [(c, *found) for c, found in (best | refused).items() if c not in kept]
        order = {cohort_id: i for i, cohort_id in enumerate(self.cohorts)}
        rest.sort(key=lambda item: order[item[0]])
        left_out = tuple(self._left_out(c, row, code, kept) for c, row, code in rest)
        return Selection(spec, counted, left_out)

    @cached_property
    def _outcome_rows(self):
        found: dict[tuple, list] = {}
        for row in self.rows("outcomes"):
            found.setdefault((row["cohort_id"], row["outcome"]), []).append(row)
        return found

    def _rows_of(self, cohort_id, spec):
        cohort = self.cohorts[cohort_id]
        if any(cohort[column] not in allowed for column, allowed in spec.where.items()):
            return []
        return self._outcome_rows.get((cohort_id, spec.outcome), [])

    @cached_property
    def _rejected(self):
        return rejected_claims(self._tables)

    def _choose(self, rows, spec):
        """The row that speaks for a cohort, and the code of why it cannot, or an empty code."""
        judged = [(self._refusal(row, spec), row) for row in rows]
        fitting = [row for code, row in judged if not code]
        if fitting:
            return min(fitting, key=lambda row: self._rank(row, spec)), ""
        nearest = list(CODES)
        code, row = min(judged, key=lambda item: (-nearest.index(item[0]), self._rank(item[1], spec)))
        return row, code

    def _refusal(self, row, spec):
        if (row["discrepancy_id"], row["claim"]) in self._rejected:
            return "CLM"
        if row["events"] is None or row["total"] is None:
            return "NE"
        for code, column, allowed in _conditions(spec):
            if allowed and (row[column] or "") not in allowed:
                return code
        return ""

    def _rank(self, row, spec):
        places = [
            allowed.index(row[column] or "") if (row[column] or "") in allowed else len(allowed)
            for _, column, allowed in _conditions(spec)
        ]
        return (*places, not row["preferred"], row["row_id"])

    def _counted(self, cohort_id, row, kept):
        others = sorted(kept - {cohort_id})
        possible = [c for c in others if self.graph.possibly_shares(cohort_id, c)]
        cohort = self.cohorts[cohort_id]
        labels = tuple(self.cohorts[c]["label"] for c in possible)
        return Counted(row, cohort, self.studies[cohort["study_id"]], labels)

    def _left_out(self, cohort_id, row, code, kept):
        cohort = self.cohorts[cohort_id]
        rivals = [c for c in self.cohorts if c in kept and self.graph.shares(cohort_id, c)]
        if not code:
            shared = "POOL" if cohort["unit"] == "pool" else "OVL"
            code = shared if rivals else _UNIT_CODES[cohort["unit"]]
        return LeftOut(row, cohort, code, self._reason(cohort_id, row, code, rivals))

    def _reason(self, cohort_id, row, code, rivals):
        if code in ("OVL", "POOL") and rivals:
            words = {"inside": "⊂", "contains": "⊃", "same": "=", "shares": "∩"}
            sign = words[self.graph.describe(cohort_id, rivals[0])]
            others = f" and {len(rivals) - 1} more" if len(rivals) > 1 else ""
            return f"{sign} {self.cohorts[rivals[0]]['label']}{others}"
        if code == "DEN":
            return f"per {(row['denominator'] or 'not stated').replace('_', ' ')}"
        if code == "DEF":
            return row["criterion"] or "definition not stated"
        if code == "TIM":
            return row["timepoint"] or "time not stated"
        if code == "NE":
            shown = f"{row['percent']}% of an unprinted number" if row["percent"] else "no rate printed"
            return shown
        if code == "CLM":
            return f"decided against ({row['discrepancy_id']})"
        return CODES[code]


def _conditions(spec):
    return (
        ("DEN", "denominator", spec.denominators),
        ("DEF", "criterion", spec.criteria),
        ("TIM", "timepoint", spec.timepoints),
    )


def load_evidence(folder=None) -> Evidence:
    """Read, validate and return the evidence base: whole, or not at all.

    Parameters
    ----------
    folder : path, optional
        Where ``datapackage.json`` is; the nearest one at or above the working directory by default.

    Returns
    -------
    Evidence

    Raises
    ------
    EvidenceError
        Lists every problem with table, row, column, value and what is allowed.
    EvisynthError
        No codebook was found.
    """
    folder = find_package(folder)
    tables, analyses, problems = read_everything(folder)
    if problems:
        raise EvidenceError(sorted(problems))
    return Evidence(tables, read_codebook(folder), analyses, folder)


def read_everything(folder):
    """Tables, analyses and every problem of form, arithmetic and declaration.

    Returns
    -------
    tables : dict of str to Table
    analyses : tuple of AnalysisSpec
    problems : list of Problem
    """
    tables, problems = read_tables(folder)
    analyses, wrong = read_analyses(Path(folder) / ANALYSES)
    problems = problems + wrong
    if tables:
        problems += [*_arithmetic(tables), *_undeclared(analyses, tables)]
    return tables, analyses, problems


def _arithmetic(tables):
    """Arithmetic findings; where form is broken a check may not run, and says so."""
    for check in CHECKS:
        try:
            yield from check(tables)
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
            problem = f"{type(error).__name__}: {error}"
            yield Problem("-", "-", check.__name__, problem, "not checked: mend the other problems first")


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
        return (), [Problem(path.name, "-", "-", f"{error!s:.120}", "allowed: analyses with id, question, pools")]


def _analysis_spec(entry):
    pools = tuple(_pool_spec(pool) for pool in entry["pools"])
    about = {key: entry.get(key, "") for key in ("patients", "agents", "against", "outcome")}
    return AnalysisSpec(entry["id"], entry["question"], pools, **about)


def _pool_spec(pool):
    lists = {k: tuple(pool[k]) for k in ("criteria", "denominators", "timepoints", "units") if k in pool}
    where = {column: tuple(allowed) for column, allowed in pool["where"].items()}
    return PoolSpec(
        pool["id"],
        pool["title"],
        pool["estimand"],
        pool["outcome"],
        MappingProxyType(where),
        series=pool.get("series", 1),
        **lists,
    )


def _undeclared(analyses, tables):
    """Filters that name no column, or values that no row has."""
    known = {
        "criteria": {row["criterion"] or "" for row in tables["outcomes"]},
        "denominators": {row["denominator"] for row in tables["outcomes"]},
        "timepoints": {row["timepoint"] or "" for row in tables["outcomes"]},
        "units": {row["unit"] for row in tables["cohorts"]},
    }
    columns = set(tables["cohorts"][0]) if tables["cohorts"] else set()
    outcomes = {row["outcome"] for row in tables["outcomes"]}
    for analysis in analyses:
        for pool in analysis.pools:
            name = f"{analysis.id}/{pool.id}"
            if pool.outcome not in outcomes:
                yield Problem(ANALYSES, name, "outcome", pool.outcome, "allowed: an outcome of the table")
            for column, allowed in pool.where.items():
                values = {row.get(column) for row in tables["cohorts"]}
                unknown = "" if column in columns else column
                unknown = unknown or next((str(v) for v in allowed if v not in values), "")
                if unknown:
                    yield Problem(ANALYSES, name, column, unknown, "allowed: a cohort column and its values")
            for part, values in known.items():
                if part != "units":
                    for value in getattr(pool, part):
                        if value not in values:
                            yield Problem(ANALYSES, name, part, value, f"allowed: {sorted(values)}")
