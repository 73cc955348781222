"""How often the intervals of the simulation of few studies held what they should."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

LEVEL = 0.95


@dataclass(frozen=True)
class Held:
    """What one interval did in one scenario.

    Attributes
    ----------
    target, model : str
        A pair of `evisynth.engine.coverage.few_studies.INTERVALS`.
    sizes : str
        A name of `evisynth.engine.coverage.few_studies.SIZES`.
    k, rate, tau
        Of the `Scenario`.
    coverage, mc_error : float
        Share of the intervals that hold ``rate``, or mean probability with which they hold a new
        study's proportion, and its Monte Carlo standard error. Five decimals.
    width : float
        Median width of the intervals, as a proportion. Four decimals.
    none : int
        Data sets, of those simulated, without a finite maximum of the likelihood, to which the
        rule gives no model; the rest leaves them out.
    """

    target: str
    model: str
    sizes: str
    k: int
    rate: float
    tau: float
    coverage: float
    mc_error: float
    width: float
    none: int


@dataclass(frozen=True)
class Over:
    """One interval over several scenarios.

    Attributes
    ----------
    target, model : str
    at : dict
        What the scenarios have in common, for instance ``{"k": 5}``.
    mean, lowest, highest : float
        Of their coverages.
    width : float
        Mean of their median widths, as a proportion.
    worst : Held
        The scenario of the lowest coverage.
    short : int
        Scenarios with a coverage more than one point below the level.
    """

    target: str
    model: str
    at: dict
    mean: float
    lowest: float
    highest: float
    width: float
    worst: Held
    short: int


@dataclass(frozen=True)
class FewStudies:
    """Every interval in every scenario.

    Attributes
    ----------
    rows : tuple of Held
    replicates, seed : int
        Data sets simulated in each scenario; where their streams begin.
    made : dict of str to str
        Versions with which a record was made; empty where computed now.
    """

    rows: tuple[Held, ...]
    replicates: int
    seed: int
    made: dict

    @property
    def scenarios(self):
        """How many there are."""
        return len({(row.sizes, row.k, row.rate, row.tau) for row in self.rows})

    def over(self, *names):
        """Each interval at each combination of ``names``, over everything else.

        Parameters
        ----------
        *names : {"sizes", "k", "rate", "tau"}

        Returns
        -------
        tuple of Over
            In the order of the rows.
        """
        groups = {}
        for row in self.rows:
            key = row.target, row.model, *(getattr(row, name) for name in names)
            groups.setdefault(key, []).append(row)
        return tuple(_over(key, names, rows) for key, rows in groups.items())

    def where(self, **values):
        """Rows of an interval, or of a part of the scenarios: ``where(k=5, tau=0.6)``."""
        return tuple(
            row for row in self.rows if all(getattr(row, n) == v for n, v in values.items())
        )

    def part(self, **values):
        """The study of some scenarios alone.

        Parameters
        ----------
        **values : collection
            Of ``sizes``, ``k``, ``rate`` or ``tau``, what is kept: ``part(tau=(0.2, 0.6))``.

        Returns
        -------
        FewStudies
        """
        kept = (r for r in self.rows if all(getattr(r, n) in v for n, v in values.items()))
        return replace(self, rows=tuple(kept))

    def apart(self, name):
        """How far an interval's mean coverages by one part of the scenarios lie apart, at most.

        Parameters
        ----------
        name : {"sizes", "k", "rate", "tau"}

        Returns
        -------
        float
            A share.
        """
        means = {}
        for one in self.over(name):
            means.setdefault((one.target, one.model), []).append(one.mean)
        return max(max(group) - min(group) for group in means.values())


def _over(key, names, rows):
    target, model, *values = key
    shares = [row.coverage for row in rows]
    return Over(
        target, model, dict(zip(names, values, strict=True)), float(np.mean(shares)), min(shares),
        max(shares), float(np.mean([row.width for row in rows])),
        min(rows, key=lambda row: row.coverage), sum(share < LEVEL - 0.01 for share in shares),
    )  # fmt: skip
