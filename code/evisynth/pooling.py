"""One rule for few studies, applied by one function and used by every chapter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evisynth.effects import check_counts, check_level, escalc, study_intervals
from evisynth.errors import ArgumentError
from evisynth.glmm import no_finite_spread, rma_glmm
from evisynth.model import MetaAnalysis, check_slab, rma

FEW = 5


@dataclass(frozen=True)
class Pooled:
    """Single-arm proportions, pooled as far as their number allows.

    Attributes
    ----------
    rule : {"none", "one", "two", "few", "many", "boundary", "extreme"}
        k = 0; k = 1; k = 2; k = 3 or 4; k >= 5; no events or nothing but events; each study with no
        events or nothing but events, but not all alike.
    xi, ni : tuple of int
    lower, upper : tuple of float
        Exact interval of each study, proportions.
    headline : MetaAnalysis or None
        The binomial-normal model, only where ``rule`` is "few" or "many".
    inverse_variance : MetaAnalysis or None
        Logit, REML, ad hoc Knapp-Hartung, beside the headline.
    common : tuple of float or None
        Proportion and exact limits of all patients together as if one study: the answer for "one"
        and "boundary", and kept, but not displayed, for "two" and "extreme".
    warning : str
        In plain words, empty where none is due.
    """

    rule: str
    xi: tuple[int, ...]
    ni: tuple[int, ...]
    slab: tuple[str, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    headline: MetaAnalysis | None
    inverse_variance: MetaAnalysis | None
    common: tuple[float, float, float] | None
    warning: str
    level: float = 0.95

    @property
    def k(self):
        """Number of studies."""
        return len(self.xi)

    @property
    def events(self):
        """Events over all studies."""
        return sum(self.xi)

    @property
    def total(self):
        """Patients over all studies."""
        return sum(self.ni)

    @property
    def displayed(self):
        """What a reader is shown: proportions, None where the rule shows none."""
        if self.headline is not None:
            return self.headline.displayed
        names = ("estimate", "ci_lb", "ci_ub")
        shown = dict(zip(names, self.common or (None,) * 3, strict=True))
        if self.rule in ("two", "extreme"):
            shown = dict.fromkeys(names)
        return shown | {"pi_lb": None, "pi_ub": None}

    @property
    def weights(self):
        """Percent per study: the headline's, else by patients."""
        if self.headline is not None:
            return self.headline.weights
        return tuple(100 * n / self.total for n in self.ni)

    def to_dict(self):
        """All fields as plain Python types."""
        return {
            "rule": self.rule,
            "k": self.k,
            "events": self.events,
            "total": self.total,
            "xi": list(self.xi),
            "ni": list(self.ni),
            "slab": list(self.slab),
            "lower": list(self.lower),
            "upper": list(self.upper),
            "displayed": self.displayed,
            "headline": self.headline.to_dict() if self.headline else None,
            "inverse_variance": self.inverse_variance.to_dict() if self.inverse_variance else None,
            "common": list(self.common) if self.common else None,
            "warning": self.warning,
            "level": self.level,
        }


WARNINGS = {
    "none": "No cohort can be counted here.",
    "one": "One cohort: its own exact interval, nothing is pooled.",
    "two": "Two cohorts: they stand side by side. Two cannot tell how much centres differ, so no "
    "pooled rate is given.",
    "few": "{k} cohorts: with so few, the spread between centres is hardly known, and both "
    "intervals are themselves uncertain.",
    "many": "",
    "boundary": "Every cohort has the same extreme result, so the spread between centres cannot be "
    "estimated; the exact interval treats all patients as one cohort.",
    "extreme": "Every cohort lies at 0 or at 100 percent, but not all at the same: the spread "
    "between centres has no finite estimate, so no pooled rate is given.",
}


def small_k_rule(xi, ni):
    """Name of the rule that applies to these counts; see `Pooled`."""
    k = len(xi)
    if k < 3:
        return ("none", "one", "two")[k]
    if sum(xi) in (0, sum(ni)):
        return "boundary"
    if no_finite_spread(xi, ni):
        return "extreme"
    return "few" if k < FEW else "many"


def pool_proportions(xi, ni, *, slab=None, level=0.95):
    """Pool single-arm proportions under the book's rule for few studies.

    Parameters
    ----------
    xi, ni : sequence of int, shape (k,)
        Events and totals; k = 0 is allowed and gives the rule "none".
    slab : sequence of str, optional
    level : float in (0, 1)

    Returns
    -------
    Pooled

    Raises
    ------
    ArgumentError
        As `rma_glmm`.
    """
    level = check_level("pool_proportions", level)
    if np.size(xi) == 0:
        if np.size(ni) > 0:
            given = "missing" if ni is None else f"of length {np.size(ni)}"
            raise ArgumentError("pool_proportions", "ni", given, "the length of xi, 0")
        return Pooled("none", (), (), (), (), (), None, None, None, WARNINGS["none"], level)
    xi, ni = check_counts("pool_proportions", xi, ni)
    slab = check_slab("pool_proportions", slab, xi.size)
    rule = small_k_rule(xi, ni)
    lower, upper = study_intervals(xi, ni, level=level)
    modelled = rule in ("few", "many")
    return Pooled(
        rule=rule,
        xi=tuple(int(x) for x in xi),
        ni=tuple(int(n) for n in ni),
        slab=slab,
        lower=tuple(np.atleast_1d(lower).tolist()),
        upper=tuple(np.atleast_1d(upper).tolist()),
        headline=rma_glmm(xi, ni, slab=slab, level=level) if modelled else None,
        inverse_variance=_inverse_variance(xi, ni, slab, level) if modelled else None,
        common=None if modelled else _common(xi, ni, level),
        warning=WARNINGS[rule].format(k=xi.size),
        level=level,
    )


def _inverse_variance(xi, ni, slab, level):
    return rma(*escalc("PLO", xi=xi, ni=ni), measure="PLO", slab=slab, level=level)


def _common(xi, ni, level):
    events, total = xi.sum(), ni.sum()
    lower, upper = study_intervals([events], [total], level=level)
    return float(events / total), float(lower[0]), float(upper[0])
