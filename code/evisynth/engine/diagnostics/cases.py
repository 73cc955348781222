"""How much each study bears on a random-effects mean, as one stacked fit."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy.special import chdtr

from evisynth.engine.diagnostics.refits import check_studies
from evisynth.engine.random_effects.model import rma
from evisynth.errors import named_after
from evisynth.result import Result


@dataclass(frozen=True)
class Influence(Result):
    """Case diagnostics, one value per study.

    Attributes
    ----------
    rstudent, dffits, cook_d, cov_r, tau2_del, QE_del, hat, weight, dfbetas : tuple of float
        Externally standardised residual; standardised change of the fitted value; Cook's distance;
        ratio of the variances of the mean; tau2 and Q without the study; leverage; weight in
        percent; standardised change of the mean.
    influential : tuple of bool
        By the conventional bounds: |dffits| > 3 sqrt(1 / (k - 1)), chi-squared(1) of Cook's
        distance above its median, hat > 3 / k, or |dfbetas| > 1.
    """

    slab: tuple[str, ...]
    k: int
    rstudent: tuple[float, ...]
    dffits: tuple[float, ...]
    cook_d: tuple[float, ...]
    cov_r: tuple[float, ...]
    tau2_del: tuple[float, ...]
    QE_del: tuple[float, ...]
    hat: tuple[float, ...]
    weight: tuple[float, ...]
    dfbetas: tuple[float, ...]
    influential: tuple[bool, ...]
    notes: tuple[str, ...] = ()

    def terms(self):
        """One row per study, analysis scale."""
        skipped = {"slab", "k", "notes"}
        names = [field.name for field in fields(self) if field.name not in skipped]
        return [
            {"term": label} | {name: getattr(self, name)[i] for name in names}
            for i, label in enumerate(self.slab)
        ]

    def __repr__(self):
        """How many studies are influential, and which."""
        which = [label for label, is_so in zip(self.slab, self.influential, strict=True) if is_so]
        return f"<influence, k = {self.k}: {', '.join(which) or 'no study'} beyond the bounds>"


def influence(yi, vi, *, slab=None, method="REML", test="adhoc", level=0.95):
    """Case diagnostics of a random-effects mean.

    Parameters
    ----------
    yi, vi, slab
        As `leave1out`; k >= 3.
    method, test, level
        Of `rma`.

    Returns
    -------
    Influence

    Raises
    ------
    ArgumentError
        As `rma`; k < 3.

    References
    ----------
    Viechtbauer W, Cheung MWL (2010) Res Synth Methods 1:112.

    Examples
    --------
    >>> from evisynth import influence
    >>> cases = influence([-0.4, -0.1, -0.6, 0.9], [0.04, 0.03, 0.09, 0.06], slab=list("ABCD"))
    >>> [round(value, 2) for value in cases.cook_d]
    [0.14, 0.0, 0.26, 0.62]
    >>> cases.influential
    (False, False, False, True)
    """
    yi, vi, slab = check_studies("influence", yi, vi, slab, 3)
    options = {"method": method, "test": test, "level": level}
    with named_after("influence"):
        whole = rma(yi, vi, slab=slab, **options)
        fits = rma(yi, vi, subset=~np.eye(yi.size, dtype=bool), **options)
    k, hat = yi.size, np.array(whole.weights) / 100
    total = vi + fits.tau2
    moved = whole.estimate - fits.estimate
    # The factor of the test without the study, which scales every variance.
    factor = _factor(vi, fits)
    rstudent = (yi - fits.estimate) / np.sqrt(factor * total + fits.se**2)
    dffits = moved / np.sqrt(factor * hat * total)
    every = np.sum(1 / (vi[:, None] + fits.tau2), axis=0)
    dfbetas = moved / np.sqrt(factor / every)
    cook_d = (moved / whole.se) ** 2
    beyond = (
        (np.abs(dffits) > 3 * np.sqrt(1 / (k - 1)))
        | (chdtr(1, cook_d) > 0.5)
        | (hat > 3 / k)
        | (np.abs(dfbetas) > 1)
    )
    arrays = {
        "rstudent": rstudent, "dffits": dffits, "cook_d": cook_d,
        "cov_r": (fits.se / whole.se) ** 2, "tau2_del": fits.tau2, "QE_del": fits.Q, "hat": hat,
        "weight": 100 * hat, "dfbetas": dfbetas, "influential": beyond,
    }  # fmt: skip
    return Influence(slab, k, **{name: tuple(a.tolist()) for name, a in arrays.items()})


def _factor(vi, fits):
    """What the test multiplies the variance of each mean with."""
    wi = (fits.weights > 0) / (vi + fits.tau2[:, None])
    return fits.se**2 * np.sum(wi, axis=1)


@dataclass(frozen=True)
class Baujat(Result):
    """Where each study stands in the plot of Baujat.

    Attributes
    ----------
    x : tuple of float
        Squared Pearson residual: what the study adds to the overall heterogeneity.
    y : tuple of float
        Squared change of the mean without the study, over its variance then.
    """

    slab: tuple[str, ...]
    k: int
    x: tuple[float, ...]
    y: tuple[float, ...]
    notes: tuple[str, ...] = ()

    def terms(self):
        """One row per study."""
        return [
            {"term": label, "heterogeneity": x, "influence": y}
            for label, x, y in zip(self.slab, self.x, self.y, strict=True)
        ]

    def __repr__(self):
        """The study that adds most to the heterogeneity."""
        most = self.slab[int(np.argmax(self.x))]
        return f"<Baujat, k = {self.k}: {most} adds most to the heterogeneity>"


def baujat(yi, vi, *, slab=None, method="REML", test="adhoc"):
    """Contribution of each study to the heterogeneity and to the mean.

    Parameters
    ----------
    yi, vi, slab, method, test
        As `influence`; k >= 3.

    Returns
    -------
    Baujat

    References
    ----------
    Baujat B et al (2002) Stat Med 21:2641.
    """
    yi, vi, slab = check_studies("baujat", yi, vi, slab, 3)
    with named_after("baujat"):
        whole = rma(yi, vi, method=method, test=test)
        fits = rma(yi, vi, subset=~np.eye(yi.size, dtype=bool), method=method, test=test)
    x = (yi - whole.estimate) ** 2 / (vi + whole.tau2)
    y = ((fits.estimate - whole.estimate) / fits.se) ** 2
    return Baujat(slab, yi.size, tuple(x.tolist()), tuple(y.tolist()))
