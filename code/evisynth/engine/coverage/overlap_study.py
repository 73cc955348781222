"""What each way with overlapping reports did in the simulation of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEVEL = 0.95


@dataclass(frozen=True)
class Way:
    """What one way did in one design.

    Attributes
    ----------
    way : str
        One of `evisynth.engine.coverage.overlapping.WAYS`.
    reports, families, tau, sigma, link
        Of the `Design`.
    bias : float
        Mean of the estimates less the true rate, as a proportion. Five decimals.
    coverage, mc_error : float
        Share of the intervals that hold the true rate, and its Monte Carlo standard error. Five
        decimals.
    width : float
        Median width of the intervals, as a proportion. Four decimals.
    """

    way: str
    reports: str
    families: int
    tau: float
    sigma: float
    link: str
    bias: float
    coverage: float
    mc_error: float
    width: float


@dataclass(frozen=True)
class WayOver:
    """One way over several designs.

    Attributes
    ----------
    way : str
    at : dict
        What the designs have in common.
    bias, coverage, width : float
        Means over them.
    most_biased : float
        The bias that is furthest from 0.
    lowest : float
        The lowest coverage.
    """

    way: str
    at: dict
    bias: float
    most_biased: float
    coverage: float
    lowest: float
    width: float


@dataclass(frozen=True)
class OverlapStudy:
    """Every way in every design.

    Attributes
    ----------
    rows : tuple of Way
    replicates, seed : int
        Data sets simulated of each design; where their streams begin.
    made : dict of str to str
        Versions with which a record was made; empty where computed now.
    """

    rows: tuple[Way, ...]
    replicates: int
    seed: int
    made: dict

    @property
    def designs(self):
        """How many there are."""
        return len({(r.reports, r.families, r.tau, r.sigma, r.link) for r in self.rows})

    def where(self, **values):
        """Rows of a way, or of a part of the designs: ``where(families=5, tau=0.7)``."""
        return tuple(
            row for row in self.rows if all(getattr(row, n) == v for n, v in values.items())
        )

    def over(self, *names):
        """Each way at each combination of ``names``, over everything else.

        Parameters
        ----------
        *names : {"reports", "families", "tau", "sigma", "link"}

        Returns
        -------
        tuple of WayOver
            In the order of the rows.
        """
        groups = {}
        for row in self.rows:
            key = row.way, *(getattr(row, name) for name in names)
            groups.setdefault(key, []).append(row)
        return tuple(_over(key, names, rows) for key, rows in groups.items())


def _over(key, names, rows):
    way, *values = key
    return WayOver(
        way, dict(zip(names, values, strict=True)), float(np.mean([r.bias for r in rows])),
        max((r.bias for r in rows), key=abs), float(np.mean([r.coverage for r in rows])),
        min(r.coverage for r in rows), float(np.mean([r.width for r in rows])),
    )  # fmt: skip
