"""Between-study variance of the normal-normal model: estimators on stacks, analysis scale.

Each takes a `Stack` of B data sets and gives tau2 of shape (B,).
"""

from __future__ import annotations

import numpy as np

from evisynth.engine.random_effects.weighted import Design, Stack, dot

_RATIO = 1.5  # between neighbours of the scan, in vi + tau2; tests look with a far finer one
_BLOCK = 1 << 16  # numbers worked on at once, so that they stay in the cache
_SETTLED = 1e-8  # a Newton step, relative, after which the next would be lost in rounding
_MEMORY = 1 << 22  # numbers held per chunk of a large stack: 32 MiB each


def estimate_tau2(method, yi, vi, X=None):
    """Between-study variance of one data set or of a stack.

    Parameters
    ----------
    method : str
        One of `ESTIMATORS`.
    yi, vi : ndarray, shape (k,) or (B, k)
    X : ndarray, shape (k, p) or (B, k, p), optional
        Design matrix, an intercept alone where none is given.

    Returns
    -------
    float or ndarray of shape (B,)
        At least 0; exactly 0 at the boundary, and where k is not above the number of coefficients.
    """
    stack = stack_of(yi, vi, X=X)
    found = in_chunks(ESTIMATORS[method], stack)
    return float(found[0]) if np.ndim(yi) == 1 and np.ndim(X) < 3 else found


def stack_of(yi, vi, subset=None, X=None):
    """A `Stack` of arrays that have data sets first, as the public functions take them.

    Parameters
    ----------
    yi, vi : ndarray, shape (k,) or (B, k)
    subset : ndarray of bool, shape (B, k), optional
    X : ndarray, shape (k, p) or (B, k, p), optional

    Returns
    -------
    Stack
        Without ``X`` its effects are less that of the most precise study of each data set, its
        ``shift``: of effects that are large and alike, sums would lose what tells them apart.
    """
    model = None
    if X is not None:
        model = Design(np.moveaxis(X, 0, -1) if np.ndim(X) == 3 else np.asarray(X)[:, :, None])
    columns = max(
        1 if np.ndim(yi) == 1 else len(yi),
        0 if subset is None else len(subset),
        X.shape[0] if np.ndim(X) == 3 else 1,
    )
    yi, vi = (_in_columns(array, columns) for array in (yi, vi))
    counted = None if subset is None else np.ascontiguousarray(subset.T)
    if model is not None:
        return Stack(yi, vi, counted, model)
    weighed = vi if counted is None else np.where(counted, vi, np.inf)
    shift = np.take_along_axis(yi, weighed.argmin(axis=0)[None], axis=0)
    return Stack(yi - shift, vi, counted, shift=shift[0])


def _in_columns(array, columns):
    """Studies first, contiguous, the same data in each column where one set is given."""
    if array.ndim == 1:
        array = array[:, None]
        return array if columns == 1 else np.repeat(array, columns, axis=1)
    return np.ascontiguousarray(array.T)


def in_chunks(function, stack):
    """A function of a stack, worked out so that a large one never takes much memory."""
    step = max(1, _MEMORY // (stack.yi.shape[0] * stack.model.p**2))
    if stack.size <= step:
        return function(stack)
    parts = [
        function(stack.take(slice(start, start + step))) for start in range(0, stack.size, step)
    ]
    return np.concatenate(parts)


def equal_effects(stack):
    """No between-study variance by assumption."""
    return np.zeros(stack.size)


def dersimonian_laird(stack):
    """Method of moments, truncated at 0; DerSimonian and Laird (1986) Control Clin Trials 7:177."""
    moment = stack.model.trace(stack.weights(0.0))
    return _estimable(stack, (stack.q() - stack.df) / np.where(stack.df > 0, moment, 1))


def hedges(stack):
    """Spread of the effects less the mean sampling variance; Hedges and Olkin (1985) ch 9."""
    ones = np.ones_like(stack.yi) if stack.counted is None else stack.counted.astype(float)
    left = np.sum(ones * stack.model.residuals(ones, stack.yi) ** 2, axis=0)
    expected = np.sum(ones * (1 - stack.model.hat(ones)) * stack.vi, axis=0)
    return _estimable(stack, (left - expected) / np.maximum(stack.df, 1))


def hunter_schmidt(stack):
    """(Q - k) over the sum of weights, truncated at 0; Schmidt and Hunter (2015) ch 9."""
    return _estimable(stack, (stack.q() - stack.k) / np.sum(stack.weights(0.0), axis=0))


def sidik_jonkman(stack):
    """One step from the spread of the effects; Sidik and Jonkman (2005) Appl Stat 54:367."""
    start = stack.squares() / stack.k
    return _estimable(stack, start * stack.q(start) / np.maximum(stack.df, 1))


def _estimable(stack, tau2):
    """At least 0, and 0 where no degree of freedom is left."""
    return np.where(stack.df > 0, np.maximum(tau2, 0.0), 0.0)


def solve_q(stack, target):
    """The tau2 at which Q(tau2) is ``target``, or 0 where Q(0) lies below.

    1 / Q is concave and rises with tau2, so Newton's steps from 0 on it never pass the root.
    """
    target = np.broadcast_to(np.asarray(target, dtype=float), (stack.size,))
    tau2, open_ = np.zeros(stack.size), np.flatnonzero(stack.df > 0)
    for _ in range(500):
        if not open_.size:
            break
        part = stack if open_.size == stack.size else stack.take(open_)
        wi = part.weights(tau2[open_])
        ri = part.model.residuals(wi, part.yi)
        ui = wi * ri
        q, fall = dot(ui, ri), dot(ui, ui)
        above = q > target[open_]
        step = np.where(above, q / np.where(above, fall, 1) * (q / target[open_] - 1), 0.0)
        tau2[open_] += step
        open_ = open_[step > 1e-15 * tau2[open_]]
    return tau2


def paule_mandel(stack):
    """Root of Q(tau2) = k - p, or 0 where Q(0) lies below; Paule and Mandel (1982)."""
    return solve_q(stack, np.maximum(stack.df, 1))


def empirical_bayes(stack):
    """Morris (1983) J Am Stat Assoc 78:47: the solution of the equation of Paule and Mandel."""
    return paule_mandel(stack)


class Likelihood:
    """Log-likelihood of tau2 with the coefficients at their best, up to a constant.

    Restricted: Viechtbauer (2005) J Educ Behav Stat 30:261; with moderators Raudenbush (2009).
    """

    def __init__(self, restricted):
        """Say which of the two."""
        self.restricted = restricted

    def value(self, stack, tau2):
        """Log-likelihood, shape of tau2."""
        wi = stack.weights(tau2)
        logs = np.log(wi) if stack.counted is None else np.log(np.where(stack.counted, wi, 1.0))
        q = np.sum(wi * stack.model.residuals(wi, stack.yi) ** 2, axis=0)
        lost = stack.model.log_determinant(wi) if self.restricted else 0.0
        return 0.5 * (np.sum(logs, axis=0) - lost - q)

    def score(self, stack, tau2):
        """Its slope in tau2."""
        wi = stack.weights(tau2)
        ui, expected = stack.model.pulls(wi, stack.yi)
        if self.restricted:
            expected = expected - stack.model.explained(wi, wi)
        return 0.5 * (dot(ui, ui) - expected)

    def score_and_slope(self, stack, tau2):
        """The slope and its own slope."""
        wi = stack.weights(tau2)
        ui, total = stack.model.pulls(wi, stack.yi)
        again, _ = stack.model.pulls(wi, ui, total)
        squares = wi * wi
        expected, bend = total, np.add.reduce(squares, 0)
        if self.restricted:
            first, second, square = stack.model.lost(wi, squares, total)
            expected, bend = expected - first, bend - 2 * second + square
        lean, curve = np.add.reduce(ui * ui, 0), np.add.reduce(ui * again, 0)
        return 0.5 * (lean - expected), 0.5 * bend - curve


RESTRICTED, UNRESTRICTED = Likelihood(True), Likelihood(False)


def scan(stack):
    """Values of tau2 from 0 to where both likelihoods fall for certain, shape (G, B).

    With orthogonal contrasts z of the effects the restricted score is half a sum of k - p terms
    (z^2 - l - tau2) / (l + tau2)^2, each l between the smallest and the largest vi. From
    (k - p) (smallest + tau2)^2 = (sum of squares) (largest + tau2) on, that sum is below 0. Each
    term bends on the scale of l + tau2, so points in constant ratio miss no wave.
    """
    low, high = stack.smallest(stack.vi), stack.largest(stack.vi)
    mean_square = stack.squares() / np.maximum(stack.df, 1)
    top = 0.5 * (mean_square + np.sqrt(mean_square * (mean_square + 4 * (high - low))))
    reach = np.log(np.maximum(top / low, 1.0)) * (1 + 1e-12)
    steps = max(1, int(np.ceil(np.max(reach) / np.log(_RATIO))))
    return low * np.expm1(np.arange(steps + 1)[:, None] / steps * reach)


def _scores(likelihood, stack, grid):
    """Score at each point of a scan, in blocks."""
    block = max(1, _BLOCK // stack.yi.size)
    spread = stack.spread()
    return np.concatenate(
        [
            likelihood.score(spread, grid[start : start + block])
            for start in range(0, len(grid), block)
        ]
    )


def maximise_tau2(likelihood, stack):
    """Global maximum over tau2 >= 0: there can be several local ones, so scan, then polish."""
    grid = scan(stack)
    slopes = _scores(likelihood, stack, grid)
    point, column = np.nonzero((slopes[:-1] > 0) & (slopes[1:] <= 0))
    ends = (grid[point, column], grid[point + 1, column])
    heights = (slopes[point, column], slopes[point + 1, column])
    peaks = _root(likelihood, stack.take(column), *ends, *heights)
    found = np.zeros(stack.size)
    # 0 is a local maximum only where the score there is not above 0.
    at_zero = slopes[0] <= 0
    if np.all(np.bincount(column, minlength=stack.size) + at_zero == 1):
        found[column] = peaks
        return np.where(stack.df > 0, found, 0.0)
    best = np.where(at_zero, likelihood.value(stack, found), -np.inf)
    values = likelihood.value(stack.take(column), peaks)
    for which in np.argsort(values, kind="stable"):
        if values[which] > best[column[which]]:
            best[column[which]], found[column[which]] = values[which], peaks[which]
    return np.where(stack.df > 0, found, 0.0)


def _root(likelihood, stack, low, high, above, below):
    """Where a score falls through 0 between two points: Newton, with a bracket that never opens.

    It starts where the line through the scores at both ends, ``above`` and ``below`` 0, crosses it.

    A data set is left alone as soon as it stands: after a Newton step below the root of rounding
    the next would be about its square.
    """
    tau2, open_ = low + (high - low) * above / (above - below), np.arange(low.size)
    with np.errstate(divide="ignore", invalid="ignore"):
        for _ in range(100):
            part = stack if open_.size == tau2.size else stack.take(open_)
            here = tau2[open_]
            score, slope = likelihood.score_and_slope(part, here)
            first = np.where(score > 0, here, low[open_])
            last = np.where(score > 0, high[open_], here)
            newton = here - score / slope
            inside = (slope < 0) & (newton >= first) & (newton <= last)
            after = np.where(inside, newton, 0.5 * (first + last))
            tau2[open_], low[open_], high[open_] = after, first, last
            open_ = open_[np.abs(after - here) > np.where(inside, _SETTLED, 1e-13) * after]
            if not open_.size:
                break
    return tau2


def reml(stack):
    """Restricted maximum likelihood, the global maximum, exactly 0 at the boundary."""
    return maximise_tau2(RESTRICTED, stack)


def ml(stack):
    """Maximum likelihood, the global maximum, exactly 0 at the boundary."""
    return maximise_tau2(UNRESTRICTED, stack)


ESTIMATORS = {
    "EE": equal_effects,
    "DL": dersimonian_laird,
    "HE": hedges,
    "HS": hunter_schmidt,
    "SJ": sidik_jonkman,
    "PM": paule_mandel,
    "EB": empirical_bayes,
    "ML": ml,
    "REML": reml,
}
