"""What the multilevel model returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from evisynth.engine.effects.measures import MEASURES
from evisynth.engine.random_effects.result import DISPLAYED, displayed
from evisynth.result import Result, json_value


@dataclass(frozen=True)
class ClusterRobust:
    """The mean's standard error and limits that hold whatever the covariance within clusters.

    Attributes
    ----------
    se, ci_lb, ci_ub : float
        Analysis scale; limits from t with ``df`` degrees of freedom.
    df : float
        Satterthwaite's.
    clusters : int
        Families, or groups of families that share patients.
    method : str
        "CR2".
    """

    se: float
    df: float
    ci_lb: float
    ci_ub: float
    clusters: int
    method: str = "CR2"


@dataclass(frozen=True)
class MultilevelAnalysis(Result):
    """A fitted model of cohorts within families; analysis scale of ``measure`` throughout.

    Attributes
    ----------
    measure, model, method : str
    test : {"z", "t", "knha", "adhoc"}
        As it was used: one effect alone has normal limits.
    dfs : {"contain", "residual"}
        Rule for the degrees of freedom of t.
    k, families, cohorts : int
        Effects, families and cohorts.
    estimate, se, ci_lb, ci_ub : float
        Mean, its standard error, its limits.
    df : float or None
        Degrees of freedom of the limits; None for the normal ones.
    pi_lb, pi_ub : float or None
        Prediction limits of the underlying effect of a new cohort of a new family; None below
        three families.
    sigma2_family, sigma2_cohort : float
        Variance between families, and between cohorts of a family.
    log_likelihood : float
        Restricted under REML, with metafor's constants.
    Q, Q_df, Q_p : float or None
        Heterogeneity given the sampling covariance, without variance components.
    robust : ClusterRobust or None
        None of one cluster alone.
    weights : tuple of float
        Percent, one per effect, adding to 100. An effect whose patients are in others may have
        a weight below 0.
    level : float
    slab : tuple of str
    family : tuple of str
        Label of each effect's family.
    notes : tuple of str
    """

    measure: str
    model: str
    method: str
    test: str
    dfs: str
    k: int
    families: int
    cohorts: int
    estimate: float
    se: float
    df: float | None
    ci_lb: float
    ci_ub: float
    pi_lb: float | None
    pi_ub: float | None
    sigma2_family: float
    sigma2_cohort: float
    log_likelihood: float
    Q: float
    Q_df: int
    Q_p: float | None
    robust: ClusterRobust | None
    weights: tuple[float, ...]
    level: float = 0.95
    slab: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def tau2(self):
        """Total variance of underlying effects, as a new cohort of a new family has it."""
        return self.sigma2_family + self.sigma2_cohort

    @property
    def displayed(self):
        """Estimate, limits and prediction limits on the display scale."""
        return displayed(self)

    @property
    def robust_displayed(self):
        """Limits of ``robust`` on the display scale; None where there are none."""
        if self.robust is None:
            return None
        back = MEASURES[self.measure].back_transform
        return {name: float(back(getattr(self.robust, name))) for name in ("ci_lb", "ci_ub")}

    def to_dict(self):
        """All fields and the displayed values, as plain Python types."""
        return super().to_dict() | {"displayed": json_value(self.displayed)}

    def terms(self):
        """The mean by model and by CR2, a new cohort's effect, and the standard deviations."""
        shown, scale = self.displayed, {"scale": MEASURES[self.measure].name}
        mean = {name: shown[name] for name in DISPLAYED[:3]}
        rows = [{"term": "mean"} | mean | scale]
        if self.robust is not None:
            rows.append({"term": "mean, CR2"} | mean | self.robust_displayed | scale)
        if self.pi_lb is not None:
            limits = {"ci_lb": shown["pi_lb"], "ci_ub": shown["pi_ub"]}
            rows.append({"term": "new cohort"} | mean | limits | scale)
        for name in ("family", "cohort"):
            sigma = getattr(self, f"sigma2_{name}") ** 0.5
            spread = {"estimate": sigma, "ci_lb": None, "ci_ub": None, "scale": "analysis"}
            rows.append({"term": f"sigma, {name}"} | spread)
        return rows

    def __repr__(self):
        """Model, sizes, estimate and limits on the display scale."""
        shown = self.displayed
        sizes = f"{self.k} effects, {self.cohorts} cohorts, {self.families} families"
        limits = f"[{shown['ci_lb']:.3f}, {shown['ci_ub']:.3f}]"
        return (
            f"<{self.model} {self.measure}, {self.method}, {sizes}: "
            f"{shown['estimate']:.3f} {limits}>"
        )
