"""Log-space functions that neither NumPy nor SciPy has, to full relative accuracy and without a warning.

All of them are elementwise, broadcast, keep float32, send NaN to NaN and scalars to scalars.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from densities.precise import precisely

__all__ = ["NEAR_ONE", "by_the_rest", "log1mexp", "log1p_minus_x", "log_phi", "logdiffexp", "phi"]

LOG2 = math.log(2.0)
# A sum of probabilities whose logarithm is above this is known better by what it lacks to 1.
NEAR_ONE = -1e-3
# phi(t) = t² Σ (-t)^k/(k+2)!; for |t| < 0.5 the first omitted term is 6e-18 of the sum.
PHI_SERIES = tuple((-1.0) ** k / math.factorial(k + 2) for k in range(14))
# (atanh(r) - r)/r³ = Σ r^2k/(2k+3); for |r| <= 1/3 the first omitted term is 1e-18 of the sum.
ATANH_SERIES = tuple(1.0 / (2 * k + 3) for k in range(18))


def _quiet(function: Callable) -> Callable:
    """Floating arguments in, no warning out, scalars for scalars."""

    @functools.wraps(function)
    def wrapped(*arguments: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*(_floating(x) for x in arguments))[()]

    return wrapped


def _floating(x: Any) -> np.ndarray:
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(float)


def _polynomial(coefficients: Sequence[float], x: Any) -> Any:
    """Σ coefficients[k] x^k by Horner's rule."""
    total = np.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total *= x
        total += coefficient
    return total


@precisely(lambda x: np.where(x > -LOG2, np.log(-np.expm1(x)), np.log1p(-np.exp(x))))
@_quiet
def log1mexp(x: Any) -> Any:
    """log(1 - e^x) for x <= 0, in nats; -inf at 0, NaN for x > 0: a log-probability in, its complement's out.

    Two branches at -log 2: M. Mächler, "Accurately computing log(1 - exp(-|a|))" (2012). Relative accuracy 3 eps.
    """
    return np.where(x > -LOG2, np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


def by_the_rest(logs: Any, rest: Any) -> Any:
    """log P, but log(1 - rest) where P is close to 1 and its rounding all that the logarithm holds; `rest` is 1 - P."""
    near = np.asarray(logs) > NEAR_ONE
    return np.where(near, np.log1p(-np.where(near, rest, 0.0)) + 0.0, logs) if np.any(near) else logs


@precisely(lambda a, b: a + log1mexp(b - a))
@_quiet
def logdiffexp(a: Any, b: Any) -> Any:
    """log(e^a - e^b) for a >= b: -inf where a = b < inf, a where b = -inf, NaN where a < b.

    Absolute error a few eps of |a| and of the result; e^a and e^b may overflow or underflow.
    """
    difference = a + log1mexp(np.where(a == b, 0.0, b - a).astype(np.result_type(a, b)))
    return np.where(np.isneginf(b), a, np.where((a == b) & np.isposinf(a), np.nan, difference))


@precisely(lambda t: t + np.expm1(-t))
@_quiet
def phi(t: Any) -> Any:
    """φ(t) = t + expm1(-t) >= 0, the integrand of Kullback-Leibler: E_p[φ(log p/q)] = D(p‖q) where q ≪ p; inf at ±inf.

    By its series for |t| < 0.5, where the formula cancels (18 % off at 1e-15). Relative accuracy 6 eps.
    """
    result = np.where(np.isneginf(t), np.inf, t + np.expm1(-t))
    near = np.abs(t) < 0.5
    small = t[near]
    result[near] = small * small * _polynomial(PHI_SERIES, small)
    return result


@precisely(lambda t: np.log(t + np.expm1(-t)))
@_quiet
def log_phi(t: Any) -> Any:
    """log φ(t) = log(t + expm1(-t)): 2 log|t| - log 2 near 0, -t toward -inf, log t toward inf; -inf at 0.

    Neither t² = 1e-400 nor e^-t = e^1000 is formed. Absolute error 6 eps, relative to |result| where that exceeds 1.
    """
    far = np.where(t < 0, -t + np.log1p((t - 1.0) * np.exp(t)), np.log(t + np.expm1(-t)))
    result = np.where(np.isneginf(t), np.inf, far)
    near = np.abs(t) < 0.5
    small = t[near]
    result[near] = 2.0 * np.log(np.abs(small)) + np.log(_polynomial(PHI_SERIES, small))
    return result


@precisely(lambda x: np.log1p(x) - x, lambda _, x: -x / (1.0 + x))
@_quiet
def log1p_minus_x(x: Any) -> Any:
    """log(1 + x) - x <= 0 for x >= -1: -x²/2 near 0, -inf at -1 and at inf, NaN for x < -1. Relative accuracy 6 eps.

    For -1/2 <= x <= 1 with r = x/(2 + x): log1p(x) = 2 atanh r and x = 2r/(1 - r), so that
    log1p(x) - x = r (2 r² (1/3 + r²/5 + r⁴/7 + ...) - x), in which nothing cancels.
    """
    result = np.where(np.isposinf(x), -np.inf, np.log1p(x) - x)
    near = (x >= -0.5) & (x <= 1.0)
    small = x[near]
    r = small / (2.0 + small)
    result[near] = r * (2.0 * r * r * _polynomial(ATANH_SERIES, r * r) - small)
    return result
