"""What functions do to anchored numbers: each keeps the distance from its limits, however small."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from densities.anchored.numbers import (
    HALF_PI,
    LOG2,
    LOG_SLOPE_OF_ERF,
    ROOT2,
    Anchored,
    absolute,
    anchored,
    exp,
    is_pure,
    kept_log,
    log,
    log_abs,
    log_of,
    multiply,
    negative,
    power,
    pure,
    rule,
    sign,
    where,
)

NORMAL_PEAK = 1.0 / np.sqrt(2.0 * np.pi)
# What the double nearest to π leaves of it.
PI_REST = 1.2246467991473532e-16


# So near an anchor the mean of a slope by Gauss-Legendre nodes has all digits.
BESIDE = 2.0**-8
NODES, WEIGHTS = (0.5 * (np.polynomial.legendre.leggauss(6)[0] + 1.0), 0.5 * np.polynomial.legendre.leggauss(6)[1])


def beside_anchor(
    x: Anchored, y: Anchored, function: Callable, slope: Callable, low: float = -2.0, high: float = 2.0
) -> Anchored:
    """y = f(x), but of points beside an anchor in (low, high), where no limit is near, f(anchor) + offset·(mean slope).

    So the distance from a place remains that amid the range of a map, as it does at its ends.
    """
    near = (np.abs(x.offset) < BESIDE) & (x.anchor > low) & (x.anchor < high)
    if not np.any(near):
        return y
    anchor, offset = (np.where(near, part, 0.0) for part in (x.anchor, x.offset))
    mean = sum(w * slope(anchor + node * offset) for node, w in zip(NODES, WEIGHTS, strict=True))
    moved = offset * mean
    kept = None if x._log is None else np.where(near, x.log_offset, 0.0) + np.log(np.abs(mean))
    return where(near, Anchored(function(anchor), moved, log_of(moved, kept)), y)


def odd_saturating(
    x: Anchored, function: Callable, limit: float, log_gap: Callable, slope: Callable, log_slope: float = 0.0
) -> Anchored:
    """An odd map with f(x) ~ slope·x at 0 and limits ±`limit`: anchored at 0 inside, at the limits outside.

    `log_gap(|x|, log|x|)` is log(limit - f(|x|)), `slope` is f', `log_slope` is log f'(0).
    """
    v = x.value
    s = np.where(sign(x) < 0, -1.0, 1.0)
    inner = function(v)
    inside = Anchored(0.0, inner, log_of(inner, kept_log(x, log_slope)))
    outside = Anchored.from_log(log_gap(np.abs(v), log_abs(x)), -s, s * limit)
    result = where(np.abs(v) < 0.5, inside, outside)
    return beside_anchor(x, result, function, slope)


@rule(np.tanh)
def tanh(x: Anchored) -> Anchored:
    def gap(size: Any, _: Any) -> Any:
        return LOG2 - 2 * size - np.log1p(np.exp(-2 * size))

    return odd_saturating(x, np.tanh, 1.0, gap, lambda v: 1.0 / np.cosh(v) ** 2)


@rule(np.arctanh)
def arctanh(x: Anchored) -> Anchored:
    inner = np.arctanh(x.value)
    small = Anchored(0.0, inner, log_of(inner, kept_log(x)))
    result = where(np.abs(x.value) < 0.5, small, 0.5 * (log(x + 1.0) - log(1.0 - x)))
    return beside_anchor(x, result, np.arctanh, lambda v: 1.0 / ((1.0 - v) * (1.0 + v)), -0.9, 0.9)


@rule(np.arctan)
def arctan(x: Anchored) -> Anchored:
    def gap(size: Any, log_size: Any) -> Any:
        return np.where(size > 1e8, -log_size, np.log(np.arctan(1 / size)))

    return odd_saturating(x, np.arctan, HALF_PI, gap, lambda v: 1.0 / (1.0 + v * v))


@rule(special.erf)
def erf(x: Anchored) -> Anchored:
    def gap(size: Any, _: Any) -> Any:
        return LOG2 + special.log_ndtr(-ROOT2 * size)

    return odd_saturating(x, special.erf, 1.0, gap, lambda v: np.exp(LOG_SLOPE_OF_ERF - v * v), LOG_SLOPE_OF_ERF)


@rule(special.erfc)
def erfc(x: Anchored) -> Anchored:
    v = x.value
    near = v < 0.5
    return where(near, 1.0 - erf(x), Anchored.from_log(LOG2 + special.log_ndtr(-ROOT2 * np.where(near, 0.5, v))))


def normal_quantile(log_p: Any) -> Any:
    """x with log Φ(x) = log p: SciPy's ndtri_exp, right to 5e-13, and a step of Newton's method, Φ/φ = √(π/2)·erfcx(-x/√2)."""
    x = special.ndtri_exp(log_p)
    step = (special.log_ndtr(x) - log_p) * special.erfcx(-x / ROOT2) * np.sqrt(HALF_PI)
    return np.where((log_p < -1.0) & np.isfinite(step), x - step, x)


@rule(special.erfinv)
def erfinv(x: Anchored) -> Anchored:
    v = x.value
    inner = special.erfinv(v)
    small = Anchored(0.0, inner, log_of(inner, kept_log(x, -LOG_SLOPE_OF_ERF)))
    outer = -normal_quantile(log_abs(1.0 - absolute(x)) - LOG2) / ROOT2
    result = where(np.abs(v) < 0.5, small, Anchored(0.0, np.copysign(outer, v)))
    slope = lambda v: np.exp(special.erfinv(v) ** 2 - LOG_SLOPE_OF_ERF)  # noqa: E731
    return beside_anchor(x, result, special.erfinv, slope, -0.9, 0.9)


@rule(np.hypot)
def hypot(x: Any, y: Any) -> Anchored:
    """√(x² + y²), whose square does not overflow."""
    a, b = log_abs(x), log_abs(y)
    high = np.maximum(a, b)
    return Anchored.from_log(high + 0.5 * np.log1p(np.exp(2 * (np.minimum(a, b) - high))))


def half_angle(gap: Anchored) -> Anchored:
    """2 asin √(gap/2): the angle whose cosine is 1 - gap, for gaps up to 1."""
    root = power(multiply(gap, 0.5), 0.5)
    angle = np.arcsin(root.value)
    return multiply(Anchored(0.0, angle, log_of(angle, root._log)), 2.0)


def versine(h: Anchored) -> Anchored:
    """1 - cos h = 2 sin²(h/2)."""
    half = np.sin(0.5 * h.value)
    log_half = log_of(half, None if h._log is None else h._log - LOG2)
    return multiply(power(Anchored(0.0, half, log_half), 2.0), 2.0)


@rule(np.arcsin)
def arcsin(x: Anchored) -> Anchored:
    v = x.value
    inner = np.arcsin(v)
    small = Anchored(0.0, inner, log_of(inner, kept_log(x)))
    s = np.where(v < 0, -1.0, 1.0)
    result = where(np.abs(v) < 0.5, small, multiply(HALF_PI - half_angle(1.0 - absolute(x)), s))
    return beside_anchor(x, result, np.arcsin, lambda v: 1.0 / np.sqrt(1.0 - v * v), -0.9, 0.9)


@rule(np.arccos)
def arccos(x: Anchored) -> Anchored:
    v = x.value
    outer = half_angle(1.0 - absolute(x))
    result = where(np.abs(v) < 0.5, Anchored.exact(np.arccos(v)), where(v > 0, outer, np.pi - outer))
    return beside_anchor(x, result, np.arccos, lambda v: -1.0 / np.sqrt(1.0 - v * v), -0.9, 0.9)


def turns(anchor: Any, start: float) -> tuple[Any, Any]:
    """Whether anchors other than 0 are (start + n)π up to the rounding of n additions, and (-1)ⁿ."""
    n = np.rint(anchor / np.pi - start)
    near = np.abs(anchor - (n + start) * np.pi) <= 4 * np.spacing(np.abs(anchor))
    return near & np.not_equal(anchor, 0.0), 1.0 - 2.0 * np.mod(n, 2.0)


def near_double(x: Anchored, place: float, rest: float) -> tuple[Any, Anchored]:
    """Whether doubles lie near ±`place`, and the distance of |x| from place + rest, which is no double."""
    gap = (place - np.abs(x.value)) + rest
    return np.equal(x.anchor, 0.0) & (np.abs(gap) < 0.5), Anchored.exact(gap)


@rule(np.sin)
def sin(x: Anchored) -> Anchored:
    inner = np.sin(x.value)
    beside, gap = near_double(x, HALF_PI, 0.5 * PI_REST)
    top = multiply(1.0 - versine(gap), np.where(x.value < 0, -1.0, 1.0))
    at_crest, s = turns(x.anchor, 0.5)
    at_pi, side = turns(x.anchor, 0.0)
    crest = multiply(1.0 - versine(Anchored(0.0, x.offset, x._log)), s)
    turned = side * np.sin(x.offset)
    zero = Anchored(0.0, turned, log_of(turned, x._log))
    plain = Anchored(0.0, inner, log_of(inner, kept_log(x)))
    return where(at_crest, crest, where(at_pi, zero, where(beside, top, plain)))


@rule(np.cos)
def cos(x: Anchored) -> Anchored:
    (at_crest, s), (at_pi, side), small = turns(x.anchor, 0.5), turns(x.anchor, 0.0), np.abs(x.value) < 0.5
    turned = -s * np.sin(x.offset)
    zero = Anchored(0.0, turned, log_of(turned, x._log))
    beside, gap = near_double(x, np.pi, PI_REST)
    top = 1.0 - versine(where(at_pi, Anchored(0.0, x.offset, x._log), where(beside, gap, pure(x))))
    side = np.where(at_pi, side, np.where(beside, -1.0, 1.0))
    top = multiply(top, side)
    return where(at_crest, zero, where(at_pi | beside | small, top, Anchored.exact(np.cos(x.value))))


@rule(np.tan)
def tan(x: Anchored) -> Any:
    """tan on its principal branch; at the anchors ±π/2 it is -1/tan(offset), and beside them of the distance from ±π/2."""
    at_pole = np.abs(x.anchor) == HALF_PI
    offset = np.where(at_pole, x.offset, 1.0)
    turned = -np.tan(offset)
    flipped = power(Anchored(0.0, turned, log_of(turned, x._log)), -1.0)
    inner = np.tan(x.value)
    plain = Anchored(0.0, inner, log_of(inner, kept_log(x)))
    if not is_pure(x):
        gap = (HALF_PI - absolute(x) + 0.5 * PI_REST).value
        beside = np.not_equal(x.anchor, 0.0) & (np.abs(gap) < 0.5)
        plain = where(beside, Anchored.exact(np.copysign(1.0 / np.tan(gap), x.value)), plain)
    return where(at_pole, flipped, plain)


@rule(np.sinh)
def sinh(x: Anchored) -> Anchored:
    v = x.value
    size = np.abs(v)
    offset = np.sinh(v)
    kept = np.where(size > 1.0, size - LOG2 + np.log1p(-np.exp(-2 * size)), log_abs(x))
    result = Anchored(0.0, offset, log_of(offset, kept))
    return result if is_pure(x) else beside_anchor(x, result, np.sinh, np.cosh, -20.0, 20.0)


@rule(np.cosh)
def cosh(x: Anchored) -> Anchored:
    size = np.abs(x.value)
    offset = np.cosh(size)
    near = 1.0 + multiply(power(sinh(multiply(pure(x), 0.5)), 2.0), 2.0)
    result = where(size < 1.0, near, Anchored(0.0, offset, log_of(offset, size - LOG2 + np.log1p(np.exp(-2 * size)))))
    return result if is_pure(x) else beside_anchor(x, result, np.cosh, np.sinh, -20.0, 20.0)


@rule(np.arccosh)
def arccosh(x: Anchored) -> Anchored:
    """2 asinh √((x - 1)/2)."""
    v = x.value
    near = multiply(arcsinh(power(multiply(x - 1.0, 0.5), 0.5)), 2.0)
    result = where(v < 2.0, near, Anchored.exact(np.where(v > 1e150, log_abs(x) + LOG2, np.arccosh(v))))
    return beside_anchor(x, result, np.arccosh, lambda v: 1.0 / np.sqrt(v * v - 1.0), 1.1, 20.0)


@rule(np.arcsinh)
def arcsinh(x: Anchored) -> Anchored:
    v = x.value
    large = log_abs(x) + LOG2
    offset = np.where(np.abs(v) > 1e150, np.copysign(large, v), np.arcsinh(v))
    result = Anchored(0.0, offset, log_of(offset, kept_log(x)))
    return result if is_pure(x) else beside_anchor(x, result, np.arcsinh, lambda v: 1.0 / np.hypot(1.0, v), -20.0, 20.0)


@rule(special.expit)
def expit(x: Anchored) -> Anchored:
    v = x.value
    low, high = Anchored.from_log(-np.logaddexp(0.0, -v)), Anchored.from_log(-np.logaddexp(0.0, v), -1.0, 1.0)
    return beside_anchor(x, where(v < 0, low, high), special.expit, lambda v: special.expit(v) * special.expit(-v))


@rule(special.logit)
def logit(x: Anchored) -> Anchored:
    v = x.value
    middle = (v > 0.25) & (v < 0.75)
    result = where(middle, Anchored(0.0, special.logit(np.where(middle, v, 0.5))), log(x) - log(1.0 - x))
    return beside_anchor(x, result, special.logit, lambda v: 1.0 / (v * (1.0 - v)), 0.05, 0.95)


@rule(special.log_expit)
def log_expit(x: Anchored) -> Anchored:
    return negative(softplus(negative(x)))


def softplus(x: Anchored) -> Anchored:
    v = x.value
    low = log(exp(where(v < 0, x, 0.0)) + 1.0)
    high = x + log(exp(negative(where(v < 0, 0.0, x))) + 1.0)
    return where(v < 0, low, high)


@rule(special.ndtr)
def ndtr(x: Anchored) -> Anchored:
    v = x.value
    result = where(v < 0, Anchored.from_log(special.log_ndtr(v)), Anchored.from_log(special.log_ndtr(-v), -1.0, 1.0))
    return beside_anchor(x, result, special.ndtr, lambda v: np.exp(-0.5 * v * v) * NORMAL_PEAK)


@rule(special.ndtri)
def ndtri(x: Anchored) -> Anchored:
    upper = x > 0.5
    tail = log_abs(where(upper, 1.0 - x, x))
    quantile = normal_quantile(tail)
    result = Anchored(0.0, np.where(upper, -quantile, quantile))
    slope = lambda p: np.exp(0.5 * special.ndtri(p) ** 2) / NORMAL_PEAK  # noqa: E731
    return beside_anchor(x, result, special.ndtri, slope, 0.05, 0.95)


@rule(special.log_ndtr)
def log_ndtr(x: Anchored) -> Anchored:
    """log Φ(x); past overflow it is -x²/2, known by its logarithm."""
    v = x.value
    plain, lower = special.log_ndtr(v), Anchored(0.0, -np.inf, 2 * log_abs(x) - LOG2)
    result = where(np.isneginf(plain), lower, Anchored(0.0, plain))
    slope = lambda v: NORMAL_PEAK * np.exp(-0.5 * v * v - special.log_ndtr(v))  # noqa: E731
    return beside_anchor(x, result, special.log_ndtr, slope)


@rule(np.logaddexp)
def logaddexp(x: Any, y: Any) -> Any:
    if isinstance(y, Anchored) and not isinstance(x, Anchored) and np.ndim(x) == 0 and x == 0.0:
        return softplus(y)
    x, y = anchored(x), anchored(y)
    first = x > y
    high, low = where(first, x, y), where(first, y, x)
    gap = (low - high).value
    extra = np.where(np.isnan(gap) | np.isneginf(low.value), 0.0, np.log1p(np.exp(gap)))
    return high + extra


@rule(special.xlogy)
def xlogy(a: Any, x: Any) -> Any:
    """a·log x, and 0 where a = 0."""
    if isinstance(a, Anchored):
        return multiply(a, log(x) if isinstance(x, Anchored) else np.log(x))
    zero = np.asarray(a) == 0
    return multiply(where(zero, 0.0, log(x)), a)


@rule(special.xlog1py)
def xlog1py(a: Any, x: Any) -> Any:
    """a·log(1 + x), and 0 where a = 0."""
    return xlogy(a, x + 1.0)
