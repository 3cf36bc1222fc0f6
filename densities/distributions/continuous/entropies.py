"""Entropies of ratios and shares of gamma variables, in which log Γ and ψ of large parameters do not cancel.

With K(x) = x + log Γ(x) - x ψ(x) + (log x)/2, which tends to (1 + log 2π)/2, and r(x) = log x - ψ(x), which tends to 0,
the gamma law has the entropy (log x)/2 + K(x) - r(x). All terms of the size of the parameters are inside K.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.distributions.continuous.incomplete import digamma_remainder, stirling
from densities.distributions.continuous.shared import HALF_LOG_2PI


def settled(x: Any) -> Any:
    """K(x) = x + log Γ(x) - x ψ(x) + (log x)/2, for x > 0."""
    return 0.5 + HALF_LOG_2PI + stirling(x) + x * digamma_remainder(x)


def digamma_lag(x: Any) -> Any:
    """r(x) = log x - ψ(x) > 0, for x > 0."""
    return 0.5 / x + digamma_remainder(x)


def dirichlet_entropy(alpha: Any) -> Any:
    """Entropy of the Dirichlet law of parameters alpha (..., n): Σ H(α_i) - H(s) - (n - 1) ψ(s) with s = Σ α_i and H
    that of the gamma law, because independent gamma variables have a sum that is independent of their shares.
    """
    total = np.sum(alpha, axis=-1)
    n = np.shape(alpha)[-1]
    lags = digamma_lag(alpha) - digamma_lag(total)[..., None]
    shares = 0.5 * np.log(alpha) + settled(alpha) - lags
    return np.sum(shares, axis=-1) - settled(total) - (n - 0.5) * np.log(total)


def beta_ratio_entropy(a: Any, b: Any, factor: Any) -> Any:
    """Entropy of B/((1 - B)·factor) for a beta variable B: that of B, less 2 E log(1 - B) and log factor.

    With h = ab/(a + b) it is K(a) + K(b) - K(a + b) - (log h)/2 + log(a/(b·factor)) - r(a) + r(b), the logarithms of an F
    law being one small one; r(b) - r(a) without the 1/b and 1/a of small parameters, which go out by their difference.
    """
    small, large = np.minimum(a, b), np.maximum(a, b)
    log_half = np.log(small) - np.log1p(small / large)
    tilt = 2.0 * np.log(np.sqrt(a) / np.sqrt(b * factor))
    lag = (a - b) / a / b + _bounded_lag(b) - _bounded_lag(a)
    return settled(a) + settled(b) - settled(a + b) - 0.5 * log_half + tilt + lag


def _bounded_lag(x: Any) -> Any:
    """log x - ψ(x + 1) = r(x) - 1/x, without a difference where x is small."""
    few = x < 1.0
    small, large = np.where(few, x, 1.0), np.where(few, 1.0, x)
    return np.where(few, np.log(small) - special.digamma(small + 1.0), digamma_remainder(large) - 0.5 / large)
