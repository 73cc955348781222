"""Prior distributions of the between-study standard deviation."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from evisynth.checks import check_number, shown
from evisynth.errors import ArgumentError

_SCALES = (1e-8, 1e8)
_ALLOWED = 'half_normal(scale), half_cauchy(scale), or their names such as "HN(0.5)", "HC(0.5)"'


@dataclass(frozen=True)
class HalfNormal:
    """Absolute value of a normal variable with mean 0 and standard deviation ``scale``."""

    scale: float

    @property
    def name(self):
        """For instance "HN(0.5)"."""
        return f"HN({self.scale:g})"

    def log_density(self, tau):
        """Logarithm of the density at ``tau`` >= 0."""
        ratio = np.asarray(tau) / self.scale
        return 0.5 * np.log(2 / np.pi) - np.log(self.scale) - 0.5 * ratio**2

    def density(self, tau):
        """Density at ``tau`` >= 0."""
        return np.exp(self.log_density(tau))

    def quantile(self, p):
        """The tau below which there is probability ``p``."""
        return self.scale * ndtri((1 + np.asarray(p)) / 2)

    def reach(self, distance):
        """A tau beyond which no posterior has mass, for data ``distance`` from one another."""
        return 10 * self.scale + 4 * np.sqrt(self.scale * distance)


@dataclass(frozen=True)
class HalfCauchy:
    """Absolute value of a Cauchy variable with median 0; ``scale`` is the prior median of tau."""

    scale: float

    @property
    def name(self):
        """For instance "HC(0.5)"."""
        return f"HC({self.scale:g})"

    def log_density(self, tau):
        """Logarithm of the density at ``tau`` >= 0."""
        ratio = np.asarray(tau) / self.scale
        return np.log(2 / np.pi) - np.log(self.scale) - np.log1p(ratio**2)

    def density(self, tau):
        """Density at ``tau`` >= 0."""
        return np.exp(self.log_density(tau))

    def quantile(self, p):
        """The tau below which there is probability ``p``."""
        return self.scale * np.tan(np.pi * np.asarray(p) / 2)

    def reach(self, distance):
        """A tau beyond which no posterior has mass, for data ``distance`` from one another."""
        return 1e9 * np.maximum(self.scale, distance)


def half_normal(scale):
    """Half-normal prior of tau.

    Parameters
    ----------
    scale : float
        From 1e-8 to 1e8, scale of the analysis; for log odds 0.5 and 1 are usual (Rover C et al
        (2021) Res Synth Methods 12:448).

    Returns
    -------
    HalfNormal

    Raises
    ------
    ArgumentError
    """
    return HalfNormal(_check_scale("half_normal", scale))


def half_cauchy(scale):
    """Half-Cauchy prior of tau, with the heavy tail; parameters as of `half_normal`."""
    return HalfCauchy(_check_scale("half_cauchy", scale))


def _check_scale(function, scale):
    low, high = _SCALES
    allowed = f"a number from {low:g} to {high:g}"
    return check_number(function, "scale", scale, lambda value: low <= value <= high, allowed)


def check_tau_prior(function, prior):
    """A prior of tau, given as itself or by its name."""
    if isinstance(prior, HalfNormal | HalfCauchy):
        return prior
    named = re.fullmatch(r"(HN|HC)\(([0-9.]+(?:e[+-]?[0-9]+)?)\)", prior) if _text(prior) else None
    try:
        kind, scale = named[1], float(named[2])
        return {"HN": half_normal, "HC": half_cauchy}[kind](scale)
    except (TypeError, ValueError):  # ArgumentError is a ValueError
        raise ArgumentError(function, "tau_prior", shown(prior), _ALLOWED) from None


def _text(prior):
    return isinstance(prior, str)


def check_mu_prior(function, prior, *, flat):
    """Mean and standard deviation of a normal prior as floats; None for a flat one if allowed."""
    allowed = "(mean, sd), two finite numbers with sd from 1e-8 to 1e8" + " or None" * flat
    if prior is None and flat:
        return None
    pair = tuple(prior) if isinstance(prior, tuple | list) else ()
    if len(pair) != 2:
        raise ArgumentError(function, "mu_prior", shown(prior), allowed)
    mean = check_number(function, "mu_prior", pair[0], lambda value: abs(value) <= 1e50, allowed)
    low, high = _SCALES
    return mean, check_number(
        function, "mu_prior", pair[1], lambda value: low <= value <= high, allowed
    )
