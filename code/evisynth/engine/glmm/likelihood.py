"""The binomial-normal likelihood of a stack of data sets, with its derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.special import expit, gammaln, log_expit

from evisynth.checks import check_whole_number
from evisynth.engine.glmm.integrands import rarer, saturated
from evisynth.engine.glmm.quadrature import marginal_in_mu, marginal_of


@dataclass(frozen=True)
class Data:
    """Counts (B, k), 1 or 0 for studies that count or not (B, k), and a design (k, p)."""

    xi: np.ndarray
    ni: np.ndarray
    counted: np.ndarray
    design: np.ndarray

    @cached_property
    def rarer(self):
        """Counts as the quadrature wants them."""
        return rarer(self.xi, self.ni)

    @cached_property
    def smoothed(self):
        """Log odds with half a count added to both sides, and their variances."""
        x, f = self.xi + 0.5, self.ni - self.xi + 0.5
        return np.log(x / f), 1 / x + 1 / f

    def of(self, rows):
        """Some of the data sets."""
        part = Data(self.xi[rows], self.ni[rows], self.counted[rows], self.design)
        part.__dict__["rarer"] = self.rarer.of(rows)
        return part


class Joint(NamedTuple):
    """Value, gradient and information of each data set; the information of beta apart."""

    value: np.ndarray
    gradient: np.ndarray
    in_tau: np.ndarray
    beta_beta: np.ndarray
    beta_tau: np.ndarray
    tau_tau: np.ndarray
    rough_gradient: np.ndarray
    rough_in_tau: np.ndarray
    mode: np.ndarray


def fit_without_spread(data):
    """Binomial regression: coefficients, log-likelihood, covariance, and its slope in tau^2.

    The slope is half the sum of (x - n p)^2 - n p (1 - p).
    """
    xi, ni, design = data.xi * data.counted, data.ni * data.counted, data.design
    share = xi.sum(axis=1) / ni.sum(axis=1)
    beta = np.zeros((len(xi), design.shape[1]))
    beta[:, 0] = np.log(share / (1 - share))
    for _ in range(100 if design.shape[1] > 1 else 0):
        p = expit(beta @ design.T)
        step = solve(weighted(design, ni * p * (1 - p)), (xi - ni * p) @ design)
        beta = beta + within(step, -2, 2)
        if np.max(np.abs(step)) < 1e-12:
            break
    eta = beta @ design.T
    p = expit(eta)
    weight = ni * p * expit(-eta)
    value = xi * log_expit(eta) + (ni - xi) * log_expit(-eta)
    value -= data.counted * data.rarer.saturated
    slope = 0.5 * np.sum((xi - ni * p) ** 2 - weight, axis=1)
    return beta, value.sum(axis=1), inverse(weighted(design, weight)), slope


def weighted(design, weight):
    """Sum over studies of weight times the outer square of the design's row."""
    if design.shape[1] == 1:
        return weight.sum(axis=-1)[..., None, None]
    return np.einsum("...k,kp,kq->...pq", weight, design, design, optimize=True)


def solve(matrix, vectors):
    """Solve for one vector per matrix."""
    if matrix.shape[-1] == 1:
        return vectors / matrix[..., 0]
    return np.linalg.solve(matrix, vectors[..., None])[..., 0]


def inverse(matrix):
    """Inverse of each matrix."""
    return 1 / matrix if matrix.shape[-1] == 1 else np.linalg.inv(matrix)


def within(values, low, high):
    """Values no lower and no higher; what `numpy.clip` does, in a tenth of its time on few."""
    return np.minimum(np.maximum(values, low), high)


def joint(data, beta, tau, points, mode=None):
    """Log-likelihood of each data set with its derivatives in beta (B, p) and tau (B,)."""
    design, counted = data.design, data.counted
    of = marginal_of(data.rarer, beta @ design.T, tau[:, None], points, mode)
    rows = [of.by_mu, of.mu_tau, of.rough_by_mu, of.value, of.by_tau, of.tau_tau, of.rough_by_tau]
    rows = np.array(rows)
    rows *= counted
    value, in_tau, tau_tau, rough_in_tau = rows[3:].sum(axis=-1)
    gradient, beta_tau, rough_gradient = rows[:3] @ design
    # Positive by concavity: rounding may say 0 where tau or a proportion is next to 0.
    beta_beta = weighted(design, np.maximum(of.mu_mu, 1e-13) * counted)
    return Joint(
        value, gradient, in_tau, beta_beta, beta_tau, tau_tau, rough_gradient, rough_in_tau, of.mode
    )


def joint_in_beta(data, beta, tau, points, mode):
    """Only value, gradient and information of beta, at the T values of tau (B, T) of a scan.

    ``beta`` is (B, T, p); the mode is returned too.
    """
    counts, counted = data.rarer.of(np.s_[:, None]), data.counted[:, None]
    design = data.design
    value, by_mu, mu_mu, mode = marginal_in_mu(
        counts, beta @ design.T, tau[..., None], points, mode
    )
    information = weighted(design, np.maximum(mu_mu, 1e-13) * counted)
    return (value * counted).sum(axis=-1), (by_mu * counted) @ design, information, mode


def check_nodes(function, nodes):
    """Quadrature points to begin with, made odd."""
    return 2 * (check_whole_number(function, "nodes", nodes, 15, 10_000) // 2) + 1


def offset(xi, ni):
    """What the log-likelihoods of `evisynth.engine.glmm.fit` leave out: the saturated model's."""
    choose = gammaln(ni + 1) - gammaln(xi + 1) - gammaln(ni - xi + 1)
    return float(np.sum(choose + saturated(xi, ni)))
