"""Weighted least squares on a stack of data sets, the arithmetic under every normal model.

Arrays here have studies first: shape (k, ...) with any trailing shape, one data set for each of its
places, so that sums over studies run along contiguous memory. A study that does not count in a data
set has weight 0 there.
"""

from __future__ import annotations

import numpy as np


def dot(one, other):
    """Sum of products over studies."""
    return np.einsum("k...,k...->...", one, other)


class Mean:
    """The model with an intercept alone."""

    p = 1

    def take(self, columns):
        """The same model for some of the data sets."""
        return self

    def spread(self):
        """The same model with an axis more, for several values of tau2 at once."""
        return self

    def coefficients(self, wi, yi):
        """Weighted mean, shape (1, ...)."""
        return (np.add.reduce(wi * yi, 0) / np.add.reduce(wi, 0))[None]

    def residuals(self, wi, yi):
        """What the weighted mean leaves, shape (k, ...)."""
        return yi - np.add.reduce(wi * yi, 0) / np.add.reduce(wi, 0)

    def trace(self, wi):
        """Trace of P = W - W X (X'WX)^-1 X'W; by pairs, so that one huge weight hides no other."""
        before = np.cumsum(wi, axis=0)
        return 2 * np.add.reduce(wi[1:] * before[:-1], 0) / before[-1]

    def pulls(self, wi, yi, total=None):
        """P yi, the weighted residuals, shape (k, ...); and the sum of the weights."""
        weighted = wi * yi
        total = np.add.reduce(wi, 0) if total is None else total
        weighted -= wi * (np.add.reduce(weighted, 0) / total)
        return weighted, total

    def lost(self, wi, squares, total):
        """Traces of H W, H W^2 and (H W)^2, H the hat matrix.

        ``squares`` is wi squared, ``total`` the sum of wi.
        """
        first = np.add.reduce(squares, 0) / total
        return first, np.add.reduce(squares * wi, 0) / total, first * first

    def explained(self, wi, factor):
        """Trace of (X'WX)^-1 X'W F X, F the diagonal matrix of ``factor``."""
        return dot(wi, factor) / np.add.reduce(wi, 0)

    def explained_square(self, wi):
        """Trace of the square of (X'WX)^-1 X'W^2 X."""
        return self.explained(wi, wi) ** 2

    def log_determinant(self, wi):
        """Of X'WX."""
        return np.log(np.add.reduce(wi, 0))

    def covariance(self, wi):
        """(X'WX)^-1, shape (..., 1, 1)."""
        return (1 / np.add.reduce(wi, 0))[..., None, None]

    def hat(self, wi):
        """Diagonal of the hat matrix, shape (k, ...)."""
        return wi / np.add.reduce(wi, 0)


class Design:
    """A model with several columns, which may differ between the data sets.

    Parameters
    ----------
    X : ndarray, shape (k, p, ...)
        Studies, coefficients, data sets.
    """

    def __init__(self, X):
        """Keep the columns."""
        self.X, self.p = X, X.shape[1]

    def take(self, columns):
        """The same model for some of the data sets."""
        return self if self.X.shape[-1] == 1 else Design(self.X[..., columns])

    def spread(self):
        """The same model with an axis more, for several values of tau2 at once."""
        return Design(self.X[:, :, None])

    def _cross(self, wi):
        return np.einsum("kp...,k...,kq...->...pq", self.X, wi, self.X)

    def coefficients(self, wi, yi):
        """Weighted least squares, shape (p, ...)."""
        right = np.einsum("kp...,k...->...p", self.X, wi * yi)
        return np.moveaxis(np.linalg.solve(self._cross(wi), right[..., None])[..., 0], -1, 0)

    def residuals(self, wi, yi):
        """What the fit leaves, shape (k, ...)."""
        return yi - np.einsum("kp...,p...->k...", self.X, self.coefficients(wi, yi))

    def trace(self, wi):
        """Trace of P = W - W X (X'WX)^-1 X'W."""
        return np.add.reduce(wi * (1 - self.hat(wi)), 0)

    def pulls(self, wi, yi, total=None):
        """P yi, the weighted residuals, shape (k, ...); and the sum of the weights."""
        return wi * self.residuals(wi, yi), np.add.reduce(wi, 0)

    def _ratio(self, wi, factor):
        return np.linalg.solve(self._cross(wi), self._cross(wi * factor))

    def explained(self, wi, factor):
        """Trace of (X'WX)^-1 X'W F X, F the diagonal matrix of ``factor``."""
        return np.trace(self._ratio(wi, factor), axis1=-2, axis2=-1)

    def explained_square(self, wi):
        """Trace of the square of (X'WX)^-1 X'W^2 X."""
        ratio = self._ratio(wi, wi)
        return np.einsum("...pq,...qp->...", ratio, ratio)

    def lost(self, wi, squares, total):
        """Traces of H W, H W^2 and (H W)^2, H the hat matrix; ``squares`` is wi squared."""
        return self.explained(wi, wi), self.explained(wi, squares), self.explained_square(wi)

    def log_determinant(self, wi):
        """Of X'WX."""
        return np.linalg.slogdet(self._cross(wi))[1]

    def covariance(self, wi):
        """(X'WX)^-1, shape (..., p, p)."""
        return np.linalg.inv(self._cross(wi))

    def hat(self, wi):
        """Diagonal of the hat matrix, shape (k, ...)."""
        return wi * np.einsum(
            "kp...,...pq,kq...->k...", self.X, self.covariance(wi), self.X, optimize=True
        )


class Stack:
    """A stack of data sets under one model; every method takes tau2 of shape (B,) or (G, B).

    Parameters
    ----------
    yi, vi : ndarray, shape (k, B)
        Effect sizes and sampling variances, analysis scale.
    counted : ndarray of bool, shape (k, B), or None
        Which studies each data set has; None for all.
    model : Mean or Design
    shift : ndarray, shape (B,), or float
        What was taken from the effects, and belongs to the mean.

    Attributes
    ----------
    k, df : ndarray of int, shape (B,)
        Number of studies of each data set; the same less the number of coefficients.
    """

    def __init__(self, yi, vi, counted=None, model=None, shift=0.0):
        """Keep the arrays."""
        self.yi, self.vi, self.counted, self.shift = yi, vi, counted, shift
        self.model = model or Mean()
        if counted is None:
            self.k = np.full(yi.shape[1:], yi.shape[0])
        else:
            self.k = np.add.reduce(counted, 0)
        self.df = self.k - self.model.p

    @property
    def size(self):
        """Number of data sets."""
        return self.yi.shape[-1]

    def take(self, columns):
        """Some of the data sets."""
        counted = None if self.counted is None else self.counted[:, columns]
        return Stack(self.yi[:, columns], self.vi[:, columns], counted, self.model.take(columns))

    def spread(self):
        """The same with an axis more, for several values of tau2 at once."""
        counted = None if self.counted is None else self.counted[:, None]
        return Stack(self.yi[:, None], self.vi[:, None], counted, self.model.spread())

    def weights(self, tau2):
        """1 / (vi + tau2), shape (k, ...)."""
        wi = 1 / (self.vi + tau2)
        return wi if self.counted is None else wi * self.counted

    def largest(self, values):
        """Largest of the counted, shape (B,)."""
        return np.maximum.reduce(self._or(values, -np.inf), 0)

    def smallest(self, values):
        """Smallest of the counted, shape (B,)."""
        return np.minimum.reduce(self._or(values, np.inf), 0)

    def _or(self, values, other):
        return values if self.counted is None else np.where(self.counted, values, other)

    def total(self, values):
        """Sum over the counted, shape (B,)."""
        return np.add.reduce(values if self.counted is None else values * self.counted, 0)

    def squares(self):
        """Sum of squares of the effects about their plain mean, shape (B,)."""
        mean = self.total(self.yi) / self.k
        return self.total((self.yi - mean) ** 2)

    def q(self, tau2=0.0):
        """Cochran's Q generalised to weights 1 / (vi + tau2); DerSimonian and Kacker (2007) eq 6.

        DerSimonian R, Kacker R (2007) Contemp Clin Trials 28:105.
        """
        wi = self.weights(tau2)
        return np.add.reduce(wi * self.model.residuals(wi, self.yi) ** 2, 0)

    def typical_variance(self):
        """A typical sampling variance; Higgins and Thompson (2002) Stat Med 21:1539, eq 9."""
        return self.df / self.model.trace(self.weights(0.0))
