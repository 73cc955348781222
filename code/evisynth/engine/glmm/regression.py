"""The binomial-normal model with moderators: log odds = X beta + u, u ~ N(0, tau^2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri, stdtr, stdtrit

from evisynth.checks import check_length, check_numbers, shown
from evisynth.engine.glmm.estimable import check_estimable
from evisynth.engine.glmm.fit import maximise
from evisynth.engine.glmm.likelihood import Data, offset
from evisynth.errors import ArgumentError, NotEstimable
from evisynth.result import Result

_PER_COEFFICIENT = 10
_INTERCEPT = "intercept"


@dataclass(frozen=True)
class GlmmRegression(Result):
    """A binomial-normal model with moderators, log-odds scale.

    Attributes
    ----------
    names : tuple of str
        Of the coefficients: "intercept", then the moderators.
    estimate, se, ci_lb, ci_ub, p : tuple of float
        Coefficients per unit of their moderator, with limits and p by ``test``.
    z_lb, z_ub : tuple of float
        Limits by normal quantiles, whatever ``test`` is.
    tau2, tau2_without : float
        Between-study variance with the moderators, and without them.
    log_likelihood, log_likelihood_without : float
        At the maximum, binomial coefficients included.
    lrt, lrt_df, lrt_p : float, int, float
        Likelihood-ratio test of all moderators against the model with an intercept only.
    k : int
    test : {"t", "z"}
        t(k - p), p the number of coefficients, or normal.
    level : float
    slab : tuple of str
    notes : tuple of str
    """

    names: tuple[str, ...]
    estimate: tuple[float, ...]
    se: tuple[float, ...]
    ci_lb: tuple[float, ...]
    ci_ub: tuple[float, ...]
    p: tuple[float, ...]
    z_lb: tuple[float, ...]
    z_ub: tuple[float, ...]
    tau2: float
    tau2_without: float
    log_likelihood: float
    log_likelihood_without: float
    lrt: float
    lrt_df: int
    lrt_p: float
    k: int
    test: str = "t"
    level: float = 0.95
    slab: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def terms(self):
        """A row per coefficient."""
        columns = (self.names, self.estimate, self.ci_lb, self.ci_ub, self.se, self.p)
        names = ("term", "estimate", "ci_lb", "ci_ub", "se", "p")
        rows = zip(*columns, strict=True)
        return [dict(zip(names, row, strict=True)) | {"scale": "log odds"} for row in rows]

    def __repr__(self):
        shown_ = ", ".join(
            f"{name} {b:.3f}" for name, b in zip(self.names, self.estimate, strict=True)
        )
        return (
            f"<binomial-normal PLO, ML, k = {self.k}: {shown_}; tau2 {self.tau2:.3f}, "
            f"moderators p = {self.lrt_p:.3f}>"
        )


def glmm_regression(xi, ni, mods, *, slab, level, nodes, test):
    """The model of one data set with moderators; `rma_glmm` says what goes in and out."""
    names, columns = _moderators(mods, xi)
    k, p = xi.size, len(names)
    if k < p + 1:
        allowed = f"at least {p + 1} studies for {p} coefficients, or fewer moderators"
        raise ArgumentError("rma_glmm", "mods", f"given for {k} studies", allowed)
    mean, spread = columns.mean(axis=0), columns.std(axis=0)
    _refuse_rank(columns, mean, spread)
    design = np.column_stack([np.ones(k), (columns - mean) / spread])
    check_estimable("rma_glmm", xi, ni)
    _refuse_separated(xi, ni, design)
    counts = (xi[None], ni[None], np.ones((1, k)))
    fit, plain = _maxima(counts, design, nodes)
    # Back from standard deviations about the mean to the moderators' own units.
    back = np.diag(np.append(1.0, 1 / spread))
    back[0, 1:] = -mean / spread
    beta = back @ fit.beta[0]
    se = np.sqrt(_variances(back @ fit.covariance[0] @ back.T))
    normal = ndtri(0.5 + level / 2)
    half = se * (normal if test == "z" else stdtrit(k - p, 0.5 + level / 2))
    ratio = np.abs(beta / se)
    tails = 2 * (ndtr(-ratio) if test == "z" else stdtr(k - p, -ratio))
    lrt = max(2 * float(fit.value[0] - plain.value[0]), 0.0)
    extra = offset(xi, ni)
    return GlmmRegression(
        names=names, estimate=_tuple(beta), se=_tuple(se), p=_tuple(tails),
        ci_lb=_tuple(beta - half), ci_ub=_tuple(beta + half),
        z_lb=_tuple(beta - normal * se), z_ub=_tuple(beta + normal * se),
        tau2=float(fit.tau[0] ** 2), tau2_without=float(plain.tau[0] ** 2),
        log_likelihood=float(fit.value[0]) + extra,
        log_likelihood_without=float(plain.value[0]) + extra,
        lrt=lrt, lrt_df=p - 1, lrt_p=float(chdtrc(p - 1, lrt)),
        k=k, test=test, level=level, slab=slab, notes=_notes(k, p, fit.tau[0]),
    )  # fmt: skip


def _maxima(counts, design, nodes):
    """With the moderators and without them.

    Moderators that almost separate the studies, as those of very different sizes can, send the
    coefficients to where no proportion moves any more and the information is singular.
    """
    try:
        fit, plain = (maximise(Data(*counts, X), nodes) for X in (design, design[:, :1]))
    except np.linalg.LinAlgError:
        fit = None
    if fit is None or not np.all(np.isfinite([fit.value[0], *fit.beta[0]])):
        raise NotEstimable(_NO_MAXIMUM)
    return fit, plain


def _variances(covariance):
    """Of the coefficients; none is positive where the information is singular but for rounding."""
    found = np.diag(covariance)
    if not np.all(found > 0):
        raise NotEstimable(_NO_MAXIMUM)
    return found


_NO_MAXIMUM = (
    "rma_glmm: with these moderators no finite maximum of the likelihood was found. Use fewer, or "
    "on other scales."
)


def _tuple(array):
    return tuple(array.tolist())


def _notes(k, p, tau):
    notes = ["tau is estimated as 0"] if tau == 0 else []
    if k < _PER_COEFFICIENT * p:
        notes.append(f"fewer than {_PER_COEFFICIENT} studies per coefficient: {k} for {p}")
    return tuple(notes)


def _moderators(mods, xi):
    """Names of the coefficients, and the moderators as columns (k, p - 1)."""
    if isinstance(mods, Mapping):
        named = {str(name): values for name, values in mods.items()}
        if not named or _INTERCEPT in named or len(named) < len(mods):
            allowed = f"one or more names of their own, none of them {_INTERCEPT}"
            raise ArgumentError("rma_glmm", "mods", shown(list(mods)), allowed)
    else:
        named = _unnamed(mods)
    columns = []
    for name, values in named.items():
        argument = name if name == "mods" else f"mods {name}"
        column = check_numbers("rma_glmm", argument, values)
        check_length("rma_glmm", argument, column, "xi", xi)
        columns.append(column)
    return (_INTERCEPT, *named), np.column_stack(columns)


def _unnamed(mods):
    """Columns of an array by number, or the only one as "mods"."""
    listed = isinstance(mods, list | tuple)
    if listed and any(item is np.ma.masked for item in mods):
        return {"mods": mods}  # the check of numbers names the place
    try:
        shape = np.shape(mods)
    except ValueError:
        shape = (0,)
    if len(shape) != 2:
        return {"mods": mods}
    if shape[1] == 0:
        raise ArgumentError("rma_glmm", "mods", f"of shape {shape}", "one moderator or more")
    array = mods if isinstance(mods, np.ndarray) else np.asarray(mods, dtype=object)
    return {f"mods {i + 1}": array[:, i] for i in range(shape[1])}


def _refuse_rank(columns, mean, spread):
    scale = np.maximum(np.abs(mean), np.max(np.abs(columns), axis=0))
    constant = spread <= 1e-10 * scale
    if constant.any():
        given = f"the same for every study in column {int(np.flatnonzero(constant)[0])}"
        raise ArgumentError("rma_glmm", "mods", given, "moderators that differ between studies")
    if np.linalg.matrix_rank((columns - mean) / spread, tol=1e-8) < columns.shape[1]:
        allowed = "moderators none of which is a combination of the others"
        raise ArgumentError("rma_glmm", "mods", "rank-deficient", allowed)


def _refuse_separated(xi, ni, design):
    """Albert A, Anderson JA (1984) Biometrika 71:1: separation, found by linear programming."""
    side = np.where(xi == ni, 1.0, np.where(xi == 0, -1.0, 0.0))
    if not side.any():
        return
    from scipy.optimize import linprog

    ends, inner = side[:, None] * design, design[side == 0]
    found = linprog(
        -ends.sum(axis=0), A_ub=-ends[side != 0], b_ub=np.zeros(np.count_nonzero(side)),
        A_eq=inner if inner.size else None, b_eq=np.zeros(len(inner)) if inner.size else None,
        bounds=[(-1, 1)] * design.shape[1],
    )  # fmt: skip
    if found.status == 0 and -found.fun > 1e-7:
        raise NotEstimable(
            "rma_glmm: the moderators separate studies without events from studies with nothing "
            "but events; the likelihood has no finite maximum. Leave out the moderator that does."
        )
