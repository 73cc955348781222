"""What a pool of proportions returns: the studies, the headline, and what stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from evisynth.engine.bayes.result import BayesAnalysis
from evisynth.result import Result, json_value
from evisynth.rounding import decimal_numbers

BAYES, BAYES_NARROW, BAYES_HEAVY = (
    f"GLMM by Bayes, {prior}" for prior in ("HN(1)", "HN(0.5)", "HC(0.5)")
)
GLMM, LOGIT, ARCSINE = "GLMM by likelihood", "logit, REML", "arcsine, REML"
BETA = "beta-binomial"
HEADLINE = BAYES  # the model that leads wherever one is fitted


class CommonEffect(NamedTuple):
    """One proportion for all studies: its estimate and limits, 0 to 1."""

    estimate: float
    ci_lb: float
    ci_ub: float


class ModelsOnDemand(Mapping):
    """Models by name, each fitted when it is first asked for.

    Most of what reads a pool reads its headline alone, and five models more take six times as long.

    Parameters
    ----------
    fits : mapping of str to callable
        Without arguments, each giving a Result.
    """

    def __init__(self, fits):
        self._fits, self._fitted = dict(fits), {}

    def __getitem__(self, name):
        if name not in self._fitted:
            self._fitted[name] = self._fits[name]()
        return self._fitted[name]

    def __iter__(self):
        return iter(self._fits)

    def __len__(self):
        return len(self._fits)

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(self)})"


@dataclass(frozen=True)
class Pooled(Result):
    """Single-arm proportions, pooled as far as their number allows.

    Attributes
    ----------
    rule : {"none", "one", "two", "few", "many", "boundary", "extreme"}
        k = 0; k = 1; k = 2; k = 3 or 4; k >= 5; no events or nothing but events; each study with no
        events or nothing but events, but not all alike.
    xi, ni : tuple of int
    lower, upper : tuple of float
        Exact interval of each study, proportions.
    headline : BayesAnalysis or None
        The binomial-normal model by Bayes, HN(1), where ``rule`` is "few" or "many", else None.
    tau_limits : (float, float) or None
        Equal-tailed limits of the headline's posterior of the standard deviation between studies,
        log odds. The lower one is above 0 whatever the data.
    beside : mapping of str to Result
        What always stands beside the studies or the headline under this rule, by the names of
        `BESIDE`: other priors, the likelihood, inverse variance, the beta-binomial.
    common_effect : CommonEffect or None
        The common-effect binomial model, in which each study has the same proportion (the model of
        Stijnen et al, Stat Med 2010;29:3046, without the random effect). Events over patients of
        all studies is its maximum-likelihood estimate, and since their sum is binomial too, the
        limits are the exact ones of Clopper and Pearson (Biometrika 1934;26:404). It is the answer
        for "one" and "boundary" and stands beside the others, never displayed as theirs; None for
        "none".
    warning : str
        In plain words, empty where none is due.
    """

    rule: str
    xi: tuple[int, ...]
    ni: tuple[int, ...]
    slab: tuple[str, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    headline: BayesAnalysis | None
    common_effect: CommonEffect | None
    warning: str
    level: float = 0.95
    beside: Mapping[str, Result] = field(default_factory=dict, hash=False)
    tau_limits: tuple[float, float] | None = None

    @property
    def inverse_variance(self):
        """Logit, REML, ad hoc Knapp-Hartung; None where no model is fitted."""
        return self.beside.get(LOGIT)

    @property
    def bayes(self):
        """Bayes with the half-normal prior of scale 1; None below two studies."""
        return self.headline or self.beside.get(BAYES)

    @property
    def glmm(self):
        """The binomial-normal model by likelihood; None where it is not fitted."""
        return self.beside.get(GLMM)

    @property
    def models(self):
        """The headline and everything beside it, by name."""
        first = {} if self.headline is None else {HEADLINE: self.headline}
        return first | dict(self.beside)

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
    def common(self):
        """``common_effect`` where no random-effects model is fitted, else None."""
        return None if self.headline is not None else self.common_effect

    @property
    def displayed(self):
        """What a reader is shown: proportions, None where the rule shows none."""
        if self.headline is not None:
            return self.headline.displayed
        names = ("estimate", "ci_lb", "ci_ub")
        values = dict(zip(names, self.common or (None,) * 3, strict=True))
        if self.rule in ("two", "extreme"):
            values = dict.fromkeys(names)
        return values | {"pi_lb": None, "pi_ub": None}

    @property
    def weights(self):
        """Percent per study: the headline's, else by patients."""
        if self.headline is not None:
            return self.headline.weights
        return tuple(100 * n / self.total for n in self.ni)

    def to_dict(self):
        """All fields, the sizes and what is displayed, as plain Python types."""
        more = {"k": self.k, "events": self.events, "total": self.total}
        return super().to_dict() | more | {"displayed": json_value(self.displayed)}

    def terms(self):
        """A row per model, the headline first, display scale."""
        names = ("estimate", "ci_lb", "ci_ub", "pi_lb", "pi_ub")
        rows = {} if self.common_effect is None else {
            "common effect": dict(zip(names[:3], self.common_effect, strict=True))
        }  # fmt: skip
        rows = {name: result.displayed for name, result in self.models.items()} | rows
        leads = None if self.headline is None else HEADLINE
        return [
            {"term": name, "headline": name == leads}
            | {key: shown.get(key) for key in names} | {"scale": "proportion"}
            for name, shown in rows.items()
        ]  # fmt: skip

    def __repr__(self):
        """Rule, sizes and what is displayed."""
        shown = self.displayed
        rate = ""
        if shown["estimate"] is not None:
            numbers = (shown["estimate"], shown["ci_lb"], shown["ci_ub"])
            estimate, low, high = decimal_numbers(*numbers, decimals=3)
            rate = f": {estimate} [{low}, {high}]"
        return f"<pooled by the rule {self.rule!r}, {self.events}/{self.total}, k = {self.k}{rate}>"
