"""The likelihood of a mean with known sampling covariance and variance components.

yi ~ N(mu, V + sum of s_i S_i): full or restricted likelihood with derivatives by the s_i, of a
stack of data sets, and its values along a scan of two components.
"""

from __future__ import annotations

from math import log, pi
from typing import NamedTuple

import numpy as np


class EffectStack(NamedTuple):
    """Data sets of one structure.

    Attributes
    ----------
    yi : ndarray, shape (B, k)
        Effect sizes.
    V : ndarray, shape (B, k, k)
        Their sampling covariance, positive definite.
    S : ndarray, shape (q, k, k)
        Of each component which effects share a draw: 1, else 0; q from 0 to 2.
    restricted : bool
    """

    yi: np.ndarray
    V: np.ndarray
    S: np.ndarray
    restricted: bool

    def take(self, which):
        """The data sets at some places."""
        return self._replace(yi=self.yi[which], V=self.V[which])


class GeneralisedMean(NamedTuple):
    """What follows for the mean at given components, of each data set.

    ``W`` (B, k, k) is the inverse of the total covariance, ``weights`` (B, k) its row sums,
    ``rss`` the squared residuals in its metric.
    """

    estimate: np.ndarray
    total: np.ndarray
    weights: np.ndarray
    W: np.ndarray
    residuals: np.ndarray
    rss: np.ndarray
    log_determinant: np.ndarray


class Slope(NamedTuple):
    """Value (B,), gradient (B, q), Hessian and expected information (B, q, q)."""

    value: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray
    information: np.ndarray


def mean_at(stack, sigma2):
    """The generalised least-squares mean at components ``sigma2`` of shape (B, q)."""
    covariance = stack.V + np.einsum("bq,qij->bij", sigma2, stack.S)
    lower = np.linalg.cholesky(covariance)
    root = np.linalg.inv(lower)
    W = np.swapaxes(root, 1, 2) @ root
    weights = W.sum(axis=2)
    total = weights.sum(axis=1)
    estimate = np.einsum("bk,bk->b", weights, stack.yi) / total
    left = stack.yi - estimate[:, None]
    residuals = np.einsum("bij,bj->bi", W, left)
    rss = np.einsum("bi,bi->b", residuals, left)
    diagonal = np.einsum("bii->bi", lower)
    return GeneralisedMean(
        estimate, total, weights, W, residuals, rss, 2 * np.log(diagonal).sum(axis=1)
    )


def multilevel_likelihood(stack, log_determinant, total, rss):
    """Log-likelihood with its constants, restricted as metafor has it (with log X'X / 2)."""
    k = stack.yi.shape[1]
    if not stack.restricted:
        return -0.5 * (k * log(2 * pi) + log_determinant + rss)
    return -0.5 * ((k - 1) * log(2 * pi) - log(k) + log_determinant + np.log(total) + rss)


def slope_at(stack, sigma2):
    """Log-likelihood with its derivatives at components ``sigma2`` of shape (B, q).

    References
    ----------
    Harville DA (1977) J Am Stat Assoc 72:320, equations for the derivatives.
    """
    m = mean_at(stack, sigma2)
    value = multilevel_likelihood(stack, m.log_determinant, m.total, m.rss)
    outer = m.weights[:, :, None] * m.weights[:, None, :] / m.total[:, None, None]
    P = m.W - outer
    PS = P[:, None] @ stack.S
    # Of the full likelihood the determinant has the whole inverse, of the restricted one P.
    WS = PS if stack.restricted else m.W[:, None] @ stack.S
    Sr = np.einsum("qij,bj->bqi", stack.S, m.residuals)
    gradient = -0.5 * np.einsum("bqii->bq", WS) + 0.5 * np.einsum("bi,bqi->bq", m.residuals, Sr)
    information = 0.5 * np.einsum("bqij,brji->bqr", WS, WS)
    curved = np.einsum("bqi,bij,brj->bqr", Sr, P, Sr)
    return Slope(value, gradient, information - curved, information)


def scan_values(stack, first, last):
    """Log-likelihoods on a grid, of which the last component costs next to nothing.

    Parameters
    ----------
    stack : EffectStack
        Of one component, or of two.
    first, last : ndarray, shape (B, G) and (B, H)
        Values of the first and of the last component; of one component ``first`` is not used.

    Returns
    -------
    ndarray, shape (B, G, H), or (B, 1, H) of one component
    """
    fixed = stack.V[:, None]
    if len(stack.S) == 2:
        fixed = fixed + first[:, :, None, None] * stack.S[0]
    lower = np.linalg.cholesky(fixed)
    root = np.linalg.inv(lower)
    spread, basis = np.linalg.eigh(root @ stack.S[-1] @ np.swapaxes(root, 2, 3))
    turned = np.swapaxes(basis, 2, 3) @ root
    one, y = turned.sum(axis=3), np.einsum("bgij,bj->bgi", turned, stack.yi)
    inflated = 1 + last[:, None, :, None] * np.maximum(spread, 0)[:, :, None, :]
    squares = [(values[:, :, None, :] / inflated).sum(axis=3) for values in (one**2, one * y, y**2)]
    total, cross, whole = squares
    diagonal = np.log(np.einsum("bgii->bgi", lower)).sum(axis=2)
    determinant = 2 * diagonal[:, :, None] + np.log(inflated).sum(axis=3)
    return multilevel_likelihood(stack, determinant, total, whole - cross**2 / total)
