"""What the formulas of several families share: evaluation where needed, complements, polished quantiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from densities.anchored import Anchored, anchored, choose, is_pure, log_abs, value
from densities.logmath import log1mexp, log1p_minus_x
from densities.precise import precisely

LOG2 = float(np.log(2.0))
LOG_PI = float(np.log(np.pi))
HALF_LOG_2PI = 0.5 * float(np.log(2.0 * np.pi))
MINUS_SQRT_HALF = -float(np.sqrt(0.5))
EULER = 0.5772156649015329  # Euler's constant, -ψ(1)
# Below this a tail is taken from its logarithm: a double keeps few digits near underflow.
DEEP = 1e-280
# SciPy's inverses are right to a few ulp for tails above this, and parameters as each caller bounds them.
ORDINARY = 1e-14


def either(condition: Any, first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    """`first()` where a condition on parameters holds, `second()` elsewhere; only what is needed is evaluated."""
    if np.all(condition):
        return first()
    if not np.any(condition):
        return second()
    return np.where(condition, first(), second())


def branched(
    condition: Any, first: Callable[..., Any], second: Callable[..., Any], safe: float, *arguments: Any
) -> Any:
    """first(*arguments) where a condition holds, second(*arguments) elsewhere; where both are evaluated, each sees `safe`
    in the places of the other, so that no derivative meets what is not taken.
    """
    if np.all(condition):
        return first(*arguments)
    if not np.any(condition):
        return second(*arguments)
    own = first(*(choose(condition, x, safe) for x in arguments))
    return np.where(condition, own, second(*(choose(condition, safe, x) for x in arguments)))


def patched(result: Any, where: Any, formula: Callable[..., Any], *arguments: Any) -> Any:
    """`result` with formula(*arguments) at the elements where `where` holds, evaluated at those alone."""
    if all(type(x) is np.ndarray and x.ndim == 1 and x.size == result.size for x in (result, where, *arguments)):
        places = where.nonzero()[0]
        if not places.size:
            return result
        full = result.copy()
        full[places] = formula(*(x[places] for x in arguments))
        return full
    if not np.any(where):
        return result
    if any(isinstance(x, Anchored) for x in (result, *arguments)):
        return _patched_anchored(result, where, formula, *arguments)
    shape = np.broadcast_shapes(np.shape(where), np.shape(result), *(np.shape(x) for x in arguments))
    where = np.nonzero(np.broadcast_to(where, shape)) if shape else np.broadcast_to(where, shape)
    full = np.array(np.broadcast_to(result, shape))
    full[where] = formula(*(np.broadcast_to(x, shape)[where] if np.ndim(x) else x for x in arguments))
    return full


def _patched_anchored(result: Any, where: Any, formula: Callable[..., Any], *arguments: Any) -> Any:
    """The same for anchored numbers, which are not written to: what the formula gives is spread over all elements."""
    shape = np.broadcast_shapes(np.shape(where), *(np.shape(x) for x in arguments))
    where = np.broadcast_to(where, shape)
    found = formula(*(_elements(x, where) if np.ndim(x) else x for x in arguments))
    return np.where(where, found[np.cumsum(where).reshape(shape) - 1] if np.ndim(found) else found, result)


def _elements(x: Any, where: np.ndarray) -> Any:
    """The elements of x, broadcast to the shape of a mask, where it holds."""
    if isinstance(x, Anchored):
        return choose(np.ones(where.shape, dtype=bool), x, 0.0)[where]
    return np.broadcast_to(x, where.shape)[where]


def by_need(ordinary: Any, fast: Callable[..., Any], careful: Callable[..., Any], *arguments: Any) -> Any:
    """fast(*arguments) where `ordinary` holds, careful(*arguments) at the other elements alone."""
    if np.all(ordinary):
        return fast(*arguments)
    if not np.any(ordinary):
        return careful(*arguments)
    shape = np.broadcast_shapes(np.shape(ordinary), *(np.shape(x) for x in arguments))
    chosen = np.broadcast_to(ordinary, shape)
    parts = (
        formula(*(_elements(x, where) for x in arguments)) for formula, where in ((fast, chosen), (careful, ~chosen))
    )
    return _interleaved(chosen, *parts)


def _interleaved(chosen: Any, first: Any, second: Any) -> Any:
    """An array with the elements of `first` where `chosen` holds and those of `second` elsewhere, in their order."""

    def filled(a: Any, b: Any) -> Any:
        full = np.empty(chosen.shape)
        full[chosen], full[~chosen] = a, b
        return full

    if not (isinstance(first, Anchored) or isinstance(second, Anchored)):
        return filled(first, second)
    a, b = anchored(first), anchored(second)
    anchor = 0.0 if is_pure(a) and is_pure(b) else filled(a.anchor, b.anchor)
    return Anchored(anchor, filled(a.offset, b.offset), filled(a.log_offset, b.log_offset))


@precisely(lambda x, exponent, factor: x**exponent * factor)
def power_of(x: Any, exponent: Any, factor: Any) -> Any:
    """factor·x^exponent, with its logarithm kept where a power of the doubles x has lost digits to underflow."""
    result = x**exponent * factor
    if isinstance(x, Anchored) or not np.any(np.abs(result) < DEEP):
        return result
    return Anchored.exact(x) ** exponent * factor


@precisely(special.ndtr)
def normal_cdf(z: Any) -> Any:
    """Φ(z) to a few ulp; SciPy's loses z² of them in the lower tail, where it rounds z/√2 before squaring it."""
    z = value(z)
    return patched(special.ndtr(z), z < -2.0, _lower_normal, z)


def _lower_normal(z: Any) -> Any:
    """e^(-z²/2) erfcx(-z/√2)/2, z² from a leading part of 22 bits whose square is exact; 0 below -40."""
    z = np.maximum(np.asarray(z, dtype=float), -40.0)
    high = np.rint(z * 65536.0) / 65536.0
    low = z - high
    return np.exp(-0.5 * high * high) * np.exp(-low * (high + 0.5 * low)) * (0.5 * special.erfcx(z * MINUS_SQRT_HALF))


def log_of_tail(tail: Any, other: Any) -> Any:
    """log of a probability known with its complement."""
    return np.where(tail < 0.5, np.log(tail), np.log1p(-other))


def complement(log: Any) -> Any:
    """log(1 - e^log) for log <= 0; for an Anchored log near 0 from the logarithm of its offset."""
    if not isinstance(log, Anchored):
        return log1mexp(log)
    size = log_abs(log)
    return np.where(size < -40.0, size, log1mexp(value(log)))


@precisely(log1mexp)
def log_rest(log: Any) -> Any:
    """log(1 - e^log) for log <= 0, its own logarithm kept where e^log is small."""
    return np.where(log < -40.0, Anchored.from_log(value(log), -1.0), complement(log))


def where_finite(condition: Any, numerator: Any, denominator: Any) -> Any:
    """numerator/denominator where a moment is finite, inf elsewhere."""
    return np.where(condition, numerator / np.where(condition, denominator, 1.0), np.inf)


def log_length(a: Any, b: Any) -> Any:
    """log(b - a), right where the difference underflows or a is -inf."""
    return log_abs(b - a)


def near_one(offset: Any, log: Any = None) -> Any:
    """1 - offset, not rounded."""
    return Anchored(1.0, -np.asarray(offset), log)


def one_minus_exp(log: Any) -> Any:
    """1 - e^log as an anchored number: anchored at 1 for log < -log 2, at 0 above."""
    return np.where(log < -LOG2, Anchored.from_log(log, -1.0, 1.0), Anchored.from_log(log1mexp(np.minimum(log, 0.0))))


def deviance(x: Any, centre: Any) -> Any:
    """log r - r + 1 <= 0 for r = x/centre, by a series near r = 1."""
    difference = value((x - centre) / centre)
    near = np.abs(difference) < 0.5
    ratio = x / centre
    return np.where(near, log1p_minus_x(np.where(near, difference, 0.0)), np.log(ratio) - ratio + 1.0)


def by_log_newton(
    start: Any,
    target: Any,
    log_tail: Callable[[Any], Any],
    log_density: Callable[[Any], Any],
    *,
    upper: Any,
    ceiling: float = np.inf,
    steps: int = 60,
) -> Any:
    """The x in (0, ceiling) with log_tail(x) = target, by Newton's method on log x; `upper` where the tail falls
    with x.

    `log_density` is the log of |d tail/dx|. A step is at most a factor e⁴, and one that leaves the two points known to lie
    on either side goes to their middle; it ends where steps are rounding. Where a tail has no number, neither has x.
    """
    x = np.array(np.broadcast_to(start, np.broadcast_shapes(np.shape(start), np.shape(target))), dtype=float)
    direction = np.where(upper, 1.0, -1.0)
    low, high, last = np.zeros(x.shape), np.full(x.shape, np.inf), np.inf
    for _ in range(steps):
        tail = log_tail(x)
        excess = direction * (tail - target)
        step = excess * np.exp(tail - log_density(x) - np.log(x))
        blind = ~np.isfinite(step) & np.isfinite(target) & ~np.isnan(excess)
        step = np.where(np.isfinite(step), np.clip(step, -4.0, 4.0), np.where(blind, 4.0 * np.sign(excess), 0.0))
        low, high = np.where(step > 0.0, x, low), np.where(step < 0.0, x, high)
        reached = x * np.exp(step)
        middle = np.sqrt(low) * np.sqrt(np.where(np.isfinite(high), high, x))
        reached = np.where((reached < low) | (reached > high), middle, reached)
        x = np.where(np.isnan(tail), np.nan, np.minimum(reached, ceiling))
        size = np.max(np.abs(step), initial=0.0)
        if size < 4e-16 or (size < 1e-10 and size >= last):
            break
        last = size
    return x


class ByBothTails:
    """Quantiles by one formula, `_quantile_of(log F, log(1 - F), *shapes)`: of either tail, however small, with all digits."""

    _quantile_of: Callable[..., Any]

    def _ppf(self, q: Any, *shapes: Any) -> Any:
        return self._quantile_of(np.log(q), np.log1p(-q), *shapes)

    def _isf(self, q: Any, *shapes: Any) -> Any:
        return self._quantile_of(np.log1p(-q), np.log(q), *shapes)

    def _log_ppf(self, logq: Any, *shapes: Any) -> Any:
        return self._quantile_of(logq, log1mexp(logq), *shapes)

    def _log_isf(self, logq: Any, *shapes: Any) -> Any:
        return self._quantile_of(log1mexp(logq), logq, *shapes)


class Centred:
    """The mean, median and mode of a law that is symmetric about 0."""

    def _mean(self, *shapes: Any) -> Any:
        return 0.0

    def _median(self, *shapes: Any) -> Any:
        return 0.0

    def _mode(self, *shapes: Any) -> Any:
        return 0.0


class Symmetric(Centred):
    """Formulas of a law that is symmetric about 0: the upper tail is the lower one mirrored."""

    def _sf(self, z: Any, *shapes: Any) -> Any:
        return self._cdf(-z, *shapes)  # type: ignore[attr-defined]

    def _logsf(self, z: Any, *shapes: Any) -> Any:
        return self._logcdf(-z, *shapes)  # type: ignore[attr-defined]

    def _isf(self, q: Any, *shapes: Any) -> Any:
        return -self._ppf(q, *shapes)  # type: ignore[attr-defined]

    def _log_isf(self, logq: Any, *shapes: Any) -> Any:
        return -self._log_ppf(logq, *shapes)  # type: ignore[attr-defined]
