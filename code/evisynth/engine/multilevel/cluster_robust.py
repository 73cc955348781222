"""Standard error of a generalised least-squares mean that holds if the covariance is wrong."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_NOTHING = 1e-10  # an eigenvalue that is 0 but for rounding, relative to the largest


class RobustVariance(NamedTuple):
    """Variance of the mean and its degrees of freedom, shape (B,)."""

    variance: np.ndarray
    df: np.ndarray


def cr2(residuals, covariance, clusters):
    """Cluster-robust variance with the bias-reduced linearisation CR2, for a mean.

    Residuals of a cluster are multiplied with the matrix that makes the estimate unbiased if the
    working covariance is right; independence between clusters is all that is needed otherwise.

    Parameters
    ----------
    residuals : ndarray, shape (B, k)
        Effects less their generalised least-squares mean.
    covariance : ndarray, shape (B, k, k)
        Working covariance, the one of the mean; 0 between clusters.
    clusters : sequence of ndarray of int
        Positions of each cluster, two or more clusters.

    Returns
    -------
    RobustVariance
        With Satterthwaite's degrees of freedom under the working covariance.

    References
    ----------
    Pustejovsky JE, Tipton E (2018) J Bus Econ Stat 36:672, equations for CR2 and for the degrees
    of freedom; Hedges LV, Tipton E, Johnson MC (2010) Res Synth Methods 1:39; Tipton E (2015)
    Psychol Methods 20:375.
    """
    ones = np.ones(covariance.shape[-1])
    weights = np.linalg.solve(covariance, np.broadcast_to(ones, residuals.shape)[:, :, None])
    weights = weights[:, :, 0]
    total = weights.sum(axis=1)
    scores, rows = [], []
    for members in clusters:
        block = covariance[:, members[:, None], members]
        adjusted = _adjustment(block, total) @ weights[:, members, None] / total[:, None, None]
        scores.append(np.einsum("bi,bi->b", adjusted[:, :, 0], residuals[:, members]))
        # The score as a linear function of all effects: adjusted' (I - H) of the cluster's rows.
        row = -adjusted[:, :, 0].sum(axis=1)[:, None] * weights / total[:, None]
        row[:, members] += adjusted[:, :, 0]
        rows.append(row)
    rows = np.stack(rows, axis=1)
    spread = rows @ covariance @ np.swapaxes(rows, 1, 2)
    trace = np.einsum("bjj->b", spread)
    df = trace**2 / np.einsum("bij,bij->b", spread, spread)
    return RobustVariance(np.sum(np.square(scores), axis=0), df)


def _adjustment(block, total):
    """The transpose of CR2's matrix of one cluster; symmetric as the root that it is made with."""
    upper = np.swapaxes(np.linalg.cholesky(block), 1, 2)
    hidden = block - 1 / total[:, None, None]
    inner = upper @ hidden @ np.swapaxes(upper, 1, 2)
    values, vectors = np.linalg.eigh(inner)
    kept = values > _NOTHING * values[:, -1:]
    root = np.where(kept, 1 / np.sqrt(np.where(kept, values, 1)), 0)
    middle = (vectors * root[:, None, :]) @ np.swapaxes(vectors, 1, 2)
    return np.swapaxes(upper, 1, 2) @ middle @ upper
