"""The evidence base, loaded whole or not at all, and its analyses."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from evisynth.errors import ArgumentError, EvidenceError
from evisynth.evidence.analyses import ANALYSES, read_declared
from evisynth.evidence.arithmetic import NEEDS, check_arithmetic
from evisynth.evidence.kept import kept
from evisynth.evidence.overlap import Edge, OverlapGraph
from evisynth.evidence.printed import WORKED_OUT_OTHERWISE, rejected_claims
from evisynth.evidence.readings.checks import check_readings
from evisynth.evidence.schema import find_package, read_codebook, read_tables, resource_of
from evisynth.evidence.selection import Selection
from evisynth.evidence.selector import Against, Selector, fits_design, fits_where, unfit
from evisynth.evidence.specs import PoolSpec
from evisynth.evidence.synthesis import Analysis
from evisynth.evidence.undeclared import undeclared

# A build that has checked an evidence base names its fingerprint in this variable.
CHECKED = "EVISYNTH_CHECKED"


def deeply_frozen(value):
    """Mappings and lists, however deep, as mappings that cannot be changed and tuples."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: deeply_frozen(item) for key, item in value.items()})
    return tuple(map(deeply_frozen, value)) if isinstance(value, list | tuple) else value


class Evidence:
    """Validated tables, their codebook, the overlap graph and the declared analyses.

    Use `load_evidence`; this class does not validate.
    """

    def __init__(self, tables, codebook, analyses, folder):
        self._tables = MappingProxyType(
            {name: tuple(map(MappingProxyType, rows)) for name, rows in tables.items()}
        )
        self._codebook = deeply_frozen(codebook)
        self._analyses = MappingProxyType({spec.id: spec for spec in analyses})
        self._folder = Path(folder)

    def __repr__(self):
        sizes = ", ".join(f"{name} {len(table)}" for name, table in self._tables.items())
        return f"<Evidence {self.version}: {sizes}>"

    @property
    def codebook(self) -> Mapping:
        """The codebook, its objects as mappings and its lists as tuples: nothing can be changed."""
        return self._codebook

    @property
    def analyses(self) -> Mapping:
        """Declared analyses by id."""
        return self._analyses

    @property
    def folder(self) -> Path:
        """Where the tables are."""
        return self._folder

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

        fields = resource_of(self.codebook, name)["schema"]["fields"]
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
    def families(self):
        """Family rows by id; empty for an evidence base without such a table."""
        return {row["family_id"]: row for row in self._tables.get("families", ())}

    @cached_property
    def graph(self):
        """The overlap graph of all cohorts."""
        edges = (Edge(r["cohort_a"], r["relation"], r["cohort_b"]) for r in self.rows("overlaps"))
        return OverlapGraph(edges)

    @cached_property
    def rejected(self):
        """Pairs (discrepancy, claim) that a decision turned down."""
        return frozenset(rejected_claims(self._tables))

    def turned_down(self, row):
        """Whether a row prints a claim that a decision turned down."""
        return (row["discrepancy_id"], row["claim"]) in self.rejected

    def size_of(self, row):
        """How many patients a row of the outcomes counts of, if that is known.

        Parameters
        ----------
        row : mapping

        Returns
        -------
        int or None
            Its total; where the place prints none, the one size that the base has of that set of
            its cohort. None where it has no size, or several.
        """
        if row["total"] is not None:
            return row["total"]
        sizes = self._sizes.get((row["cohort_id"], row["denominator"]), ())
        return next(iter(sizes)) if len(sizes) == 1 else None

    @cached_property
    def _sizes(self):
        found: dict[tuple, set] = {}
        for row in self.rows("analysis_sets"):
            found.setdefault((row["cohort_id"], row["analysis_set"]), set()).add(row["n"])
        return found

    @cached_property
    def _cautious_graph(self):
        return self.graph.cautious()

    def selector(
        self, *, own_first=False, latest_first=False, cautious=False, without=(), rejected=None,
        withdrawn=(),
    ):  # fmt: skip
        """Chooses cohorts as the book does, or with some choices made otherwise.

        Parameters
        ----------
        own_first : bool
            Whether a cohort read in its own report goes before a larger one read in another's.
        latest_first : bool
            Whether a later report goes before a larger one of the same patients.
        cautious : bool
            Whether cohorts that may share patients are taken to share them.
        without : collection of (str, str)
            Columns of the outcomes, or of the studies, with a value whose rows are left out.
        rejected : set of (str, str), optional
            Discrepancy and claim of every claim decided against, in place of the register's.
        withdrawn : collection of str
            Rows of the outcomes that are treated as claims decided against.

        Returns
        -------
        Selector
        """
        rejected = self.rejected if rejected is None else frozenset(rejected)
        first = (own_first, latest_first)
        return self._selector(first, cautious, tuple(without), rejected, frozenset(withdrawn))

    @kept  # the branches of an analysis ask for the same ones again
    def _selector(self, first, cautious, without, rejected, withdrawn):
        rows = [row for row in self.rows("outcomes") if not self._has_any(row, without)]
        graph = self._cautious_graph if cautious else self.graph
        against = Against(rejected, withdrawn)
        own, latest = first
        return Selector(
            self.cohorts, self.studies, rows, graph, against, own_first=own, latest_first=latest
        )

    def _has_any(self, row, pairs):
        study = self.studies[self.cohorts[row["cohort_id"]]["study_id"]]
        return any(row.get(column, study.get(column)) == value for column, value in pairs)

    def analyse(self, analysis) -> Analysis:
        """Select and pool every pool of a declared analysis.

        Raises
        ------
        ArgumentError
            An analysis that is not declared.
        """
        spec = self._declared("Evidence.analyse", analysis)
        selections = {pool.id: self.selector().select(pool) for pool in spec.pools}
        return Analysis(spec, MappingProxyType(selections), self)

    def select(self, analysis, pool) -> Selection:
        """The independent cohorts of one pool of a declared analysis."""
        spec = self._declared("Evidence.select", analysis)
        pools = {declared.id: declared for declared in spec.pools}
        if pool not in pools:
            raise ArgumentError("Evidence.select", "pool", repr(pool), ", ".join(pools))
        return self.selector().select(pools[pool])

    def _declared(self, function, analysis):
        if analysis not in self.analyses:
            raise ArgumentError(function, "analysis", repr(analysis), ", ".join(self.analyses))
        return self.analyses[analysis]

    def printed_rows(self, spec: PoolSpec):
        """Every printed row that a pool could take, overlaps and all.

        It has a count of the pool's outcome, under a definition, denominator and time that the pool
        accepts, of a cohort that passes its filters.
        """
        return tuple(
            row
            for row in self.rows("outcomes")
            if row["outcome"] in spec.outcomes
            and fits_where(self.cohorts[row["cohort_id"]], spec)
            and fits_design(self.studies, self.cohorts[row["cohort_id"]], spec)
            and row["events"] is not None
            and row["total"] is not None
            and row["derivation"] not in WORKED_OUT_OTHERWISE
            and not unfit(row, spec)
        )


def answered(evidence, analysis):
    """A declared analysis by its id, pooled once for all that a page says of it.

    Parameters
    ----------
    evidence : Evidence
    analysis : Analysis or str
        One that is answered already is returned as it is.

    Returns
    -------
    Analysis
    """
    return analysis if hasattr(analysis, "selections") else _answered(evidence, analysis)


@kept
def _answered(evidence, name):
    return evidence.analyse(name)


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

    Examples
    --------
    >>> from evisynth import load_evidence
    >>> evidence = load_evidence()
    >>> name = next(iter(evidence.analyses))  # the first that is declared
    >>> evidence.analyse(name).spec.id == name
    True
    """
    folder = find_package(folder)
    known = os.environ.get(CHECKED) == fingerprint(folder)
    tables, analyses, problems = read_everything(folder, checked=known)
    if problems:
        raise EvidenceError(problems)
    return Evidence(tables, read_codebook(folder), analyses, folder)


def fingerprint(folder) -> str:
    """Of every file of an evidence base, names and contents."""
    digest = hashlib.sha256()
    for path in sorted(p for p in Path(folder).rglob("*") if p.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def read_everything(folder, *, checked=False):
    """Tables, analyses and every problem of form, arithmetic, declaration and reading.

    Where the codebook itself is broken nothing else can be checked but the analyses' own form.

    Parameters
    ----------
    folder : path
        Holds the codebook, its tables and the analyses.
    checked : bool
        Whether these very files are known to be without problems, so that nothing but their form
        is looked at again.

    Returns
    -------
    tables : dict of str to Table
    analyses : tuple of AnalysisSpec
    problems : list of Problem
        Sorted.
    """
    declared, problems, marked = read_declared(Path(folder) / ANALYSES)
    try:
        book = read_codebook(folder, NEEDS)
    except EvidenceError as error:
        return {}, declared, sorted([*problems, *error.problems])
    tables, wrong = read_tables(folder, book)
    if checked:
        return tables, declared, sorted([*problems, *wrong])
    broken = {problem.table for problem in wrong}
    problems += [*wrong, *check_arithmetic(tables, broken)]
    problems += undeclared(declared, book, tables, broken, marked)
    if not broken:
        problems += check_readings(folder, tables)
    return tables, declared, sorted(problems)
