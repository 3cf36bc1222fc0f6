"""Small functions without cancellation, and numbers that carry a bound on their own error.

Every divergence here is a sum of convex remainders: r - 1 - log r, e^t - 1 - t, x log(x/y) - x + y. Each is
nonnegative and vanishes to second order, so each is computed from the *difference* of its arguments.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

EPS = float(np.finfo(float).eps)
TINY = float(np.finfo(float).tiny)
# B_2, B_4, ..., B_26 exactly rounded (scipy.special.bernoulli is right to 1e-14 only)
BERNOULLI = [
    1 / 6,
    -1 / 30,
    1 / 42,
    -1 / 30,
    5 / 66,
    -691 / 2730,
    7 / 6,
    -3617 / 510,
    43867 / 798,
    -174611 / 330,
    854513 / 138,
    -236364091 / 2730,
    8553103 / 6,
]
SAFETY = 16.0  # ulps granted to one term: a handful of roundings and a special function


class Bounded(NamedTuple):
    """A value and a bound on |value - truth|; both broadcast together."""

    value: Any
    bound: Any


def as_bounded(term: Any) -> Bounded:
    """A plain number is a term right to SAFETY ulps, or to the spacing of the subnormals where it underflows."""
    if isinstance(term, Bounded):
        return term
    return Bounded(term, SAFETY * EPS * np.abs(term) + TINY)


def total(*terms: Any) -> Bounded:
    """sum of terms, each a plain number or Bounded; the bound adds the roundings of the sum itself."""
    parts = [as_bounded(term) for term in terms]
    value = sum(part.value for part in parts)
    size = sum(np.abs(part.value) for part in parts)
    return Bounded(value, sum(part.bound for part in parts) + 2 * EPS * size)


def times(factor: Any, term: Any) -> Bounded:
    """factor * term, the factor known to a few ulps; 0 * inf is 0, since an absent term counts for nothing."""
    value, bound = as_bounded(term)
    factor = np.asarray(factor, dtype=float)
    absent = factor == 0
    product = np.where(absent, 0.0, factor * np.where(absent, 0.0, value))
    spread = np.where(absent, 0.0, np.abs(factor) * np.where(absent, 0.0, bound))
    return Bounded(product, spread + SAFETY * EPS * np.abs(product) + TINY)


def exp_of(*terms: Any) -> Bounded:
    """exp(sum of terms); an absolute error in the exponent is a relative one in the value."""
    exponent = total(*terms)
    value = np.exp(exponent.value)
    spread = np.where(exponent.bound < 1, np.expm1(np.minimum(exponent.bound, 1.0)), np.exp(exponent.bound))
    return Bounded(value, np.where(value == 0, TINY, value * (spread + SAFETY * EPS)))


def square_of(term: Any) -> Bounded:
    """term ** 2."""
    value, bound = as_bounded(term)
    return Bounded(value * value, (2 * np.abs(value) + bound) * bound + 2 * EPS * value * value + TINY)


def near(x: Any, radius: float = 0.5) -> tuple[Any, Any]:
    """(mask |x| < radius, x where the mask holds and 0 elsewhere): the guarded argument of a series."""
    inside = np.abs(x) < radius
    return inside, np.where(inside, x, 0.0)


def horner(x: Any, coefficients: Any) -> Any:
    """sum_k coefficients[k] x^k."""
    result = np.zeros_like(np.asarray(x, dtype=float))
    for coefficient in reversed(coefficients):
        result = result * x + coefficient
    return result


ATANH_SERIES = [1.0 / (2 * k + 3) for k in range(19)]  # (atanh r - r) / r^3 in powers of r^2; |r| <= 1/3 needs 17
EXPM1_SERIES = [1.0 / np.prod(np.arange(1.0, k + 3)) for k in range(15)]  # (e^t - 1 - t) / t^2, for |t| < 0.5


def log_excess(x: Any) -> Any:
    """x - log(1 + x) >= 0, to a few ulps for every x > -1.

    For |x| < 1/2, with r = x/(2 + x): log(1 + x) = 2 atanh(r) and x - log(1 + x) = r (x - 2 r^2 (1/3 + r^2/5 + ...)).
    """
    inside, small = near(x)
    r = small / (2 + small)
    series = r * (small - 2 * r * r * horner(r * r, ATANH_SERIES))
    return np.where(inside, series, x - np.log1p(np.where(inside, 0.0, x)))


def exp_excess(t: Any) -> Any:
    """e^t - 1 - t >= 0, to a few ulps (and |t| ulps where e^t is large)."""
    inside, small = near(t)
    return np.where(inside, small * small * horner(small, EXPM1_SERIES), np.expm1(np.where(inside, 0.0, t)) - t)


def relative_difference(a: Any, b: Any) -> Any:
    """(a - b)/b, right to an ulp or two also where a - b is a subnormal number."""
    return np.where(np.abs(b) < 1e-150, (a * 2.0**512 - b * 2.0**512) / (b * 2.0**512), (a - b) / b)


def log_ratio(a: Any, b: Any) -> Any:
    """log(a/b) for a, b > 0, to a few ulps near a = b and where a/b overflows."""
    inside, small = near(relative_difference(a, b))
    ratio = np.where(inside, 1.0, a / b)
    normal = (ratio > 1e-290) & (ratio < 1e290)
    far = np.where(normal, np.log(np.where(normal, ratio, 1.0)), np.log(a) - np.log(b))
    return np.where(inside, np.log1p(small), far)


def power_excess(a: Any, b: Any, k: float = 1.0) -> Bounded:
    """(a/b)^k - 1 - log (a/b)^k >= 0 (Itakura-Saito for k = 1), without loss at a = b; a, b > 0."""
    t = times(k, as_bounded(log_ratio(a, b)))
    whole = np.where(np.abs(t.value) < 0.3, 0.0, (a / b) ** k)
    usable = np.isfinite(whole) & (whole > 0)
    power = np.where(usable, whole, np.exp(t.value))
    value = np.where(
        np.abs(t.value) < 0.3, exp_excess(np.where(np.abs(t.value) < 0.3, t.value, 0.0)), power - 1 - t.value
    )
    spread = np.abs(np.expm1(np.where(np.abs(t.value) < 0.3, t.value, 0.0))) * t.bound
    far = t.bound + power * np.where(usable, SAFETY * EPS * (1 + np.abs(k)), np.expm1(np.minimum(t.bound, 1.0)))
    return Bounded(value, np.where(np.abs(t.value) < 0.3, spread, far) + SAFETY * EPS * np.abs(value) + TINY)


def exp_excess_term(t: Bounded) -> Bounded:
    """e^t - 1 - t with the error of t passed on: |d/dt| = |expm1 t|."""
    value = exp_excess(t.value)
    slope = np.abs(np.expm1(t.value)) + np.exp(np.minimum(t.value, 700.0)) * np.minimum(t.bound, 1.0) * 2
    return Bounded(value, slope * t.bound + SAFETY * EPS * np.abs(value) + TINY)


def relative_entropy(x: Any, y: Any, difference: Any) -> Any:
    """x log(x/y) - x + y >= 0 from x, y and the exact y - x; y at x = 0, inf at y = 0 < x."""
    safe_x, safe_y = np.where(x > 0, x, 1.0), np.where(y > 0, y, 1.0)
    inside, small = near(difference / safe_x)
    far = difference - x * log_ratio(safe_y, safe_x)
    value = np.where(inside, x * log_excess(small), far)
    return np.where(x > 0, np.where(y > 0, value, np.inf), y)
