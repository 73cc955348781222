"""The mean of logit-normal proportions, beside their median."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from evisynth.checks import check_numbers, shown
from evisynth.errors import ArgumentError


def marginal_mean(mu, tau):
    """Mean proportion E[expit(mu + tau Z)], Z standard normal, of studies of median expit(mu).

    Parameters
    ----------
    mu, tau : array_like of float
        Log odds; they broadcast; tau from 0 to 100.

    Returns
    -------
    ndarray or float
        Proportions, to 1e-10 or better: by the trapezoidal rule, whose error falls exponentially
        with the number of points (Trefethen LN, Weideman JAC (2014) SIAM Rev 56:385).

    Raises
    ------
    ArgumentError
        Values that are missing, not finite or beyond these bounds; shapes that do not broadcast.
    """
    mu = _any_shape("mu", mu)
    tau = _any_shape("tau", tau, lower=0, upper=100, allowed="numbers from 0")
    try:
        mu, tau = np.broadcast_arrays(mu, tau)
    except ValueError:
        allowed = f"a shape that broadcasts with {mu.shape}"
        raise ArgumentError("marginal_mean", "tau", f"of shape {tau.shape}", allowed) from None
    return mean_with_slopes(mu, tau)[0][()]


def _any_shape(argument, values, **bounds):
    if isinstance(values, list | tuple) and any(value is np.ma.masked for value in values):
        return check_numbers("marginal_mean", argument, values, **bounds)
    try:
        shape = np.shape(values)
    except ValueError:
        raise ArgumentError("marginal_mean", argument, shown(values), "finite numbers") from None
    flat = values if len(shape) < 2 else np.ma.reshape(values, -1)
    if not np.ma.is_masked(flat):
        flat = np.ma.getdata(flat) if len(shape) > 1 else flat
    return check_numbers("marginal_mean", argument, flat, **bounds).reshape(shape)


def mean_with_slopes(mu, tau):
    """The mean proportion and its derivatives in mu and tau, the latter on the logit's scale.

    The poles of the logistic function lie at pi / tau from the real line in z: steps of 0.5 / tau
    leave an error of exp(-4 pi^2).
    """
    step = min(0.5, 0.5 / max(float(np.max(tau)), 1e-3))
    z = np.arange(-np.ceil(9 / step), np.ceil(9 / step) + 1) * step
    density = np.exp(-0.5 * z**2) * step / np.sqrt(2 * np.pi)
    p = expit(mu[..., None] + tau[..., None] * z)
    slope = p * (1 - p)
    return p @ density, slope @ density, slope @ (density * z)
