"""Numbers that do not saturate: a value as an anchor and an offset, with the logarithm of the offset.

x = c + h, and log|h| is kept apart from h, so that

* 1 - e⁻¹⁰⁰⁰ is (anchor 1, log|h| = -1000): a sigmoid does not round to 1, and its logit is 1000 again;
* e^(10⁶) is (anchor 0, log|h| = 10⁶): it overflows to no double, and its logarithm is 10⁶ again;
* 10⁶ + 10⁻²⁰ is (anchor 10⁶, h = 10⁻²⁰): its distance from 10⁶ is exact.

An `Anchored` array answers the ufuncs that formulas use (`np.exp`, `np.log1p`, `scipy.special.expit`, ...) with rules that
keep this knowledge, so the same formula runs on plain arrays, fast, and on anchored ones, without loss. A ufunc that has
no rule sees the rounded value and returns a plain array. The rules expect floating-point warnings to be switched off.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from densities.arrays import rules_in

LOG2 = float(np.log(2.0))
HALF_PI, ROOT2 = float(np.pi / 2), float(np.sqrt(2.0))
# Between these magnitudes log|h| is read from h itself; outside, h may be subnormal or infinite and the kept log decides.
SMALLEST, LARGEST = 1e-290, 1e290
SPLITTER = 2.0**27 + 1.0
SLIGHT, FINER = 2.0**-10, 2.0**-52
LOG_SLOPE_OF_ERF = float(np.log(2.0 / np.sqrt(np.pi)))


class Anchored:
    """The array anchor + offset, with log|offset| wherever the offset itself has left the doubles."""

    __slots__ = ("_log", "anchor", "offset")
    __array_priority__ = 1000.0
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, anchor: Any, offset: Any, log: Any = None):
        self.anchor, self.offset, self._log = anchor, offset, log

    @classmethod
    def exact(cls, x: Any) -> Anchored:
        """The doubles `x`, taken as exact numbers."""
        return cls(0.0, np.asarray(x, dtype=float))

    @classmethod
    def at(cls, x: Any) -> Anchored:
        """Ends as anchors of their own: the difference from a point that is anchored there is its offset."""
        if isinstance(x, Anchored):
            return x
        finite = np.isfinite(x)
        return cls(np.where(finite, x, 0.0), np.where(finite, 0.0, x))

    @classmethod
    def from_log(cls, log: Any, sign: Any = 1.0, anchor: Any = 0.0) -> Anchored:
        """anchor + sign·e^log; sign is ±1."""
        size = np.exp(log)  # nothing else of most numbers, so that the formulas of draws are traced
        return cls(anchor, size if isinstance(sign, float) and sign == 1.0 else np.copysign(size, sign), log)

    @property
    def value(self) -> Any:
        """The nearest double; a zero keeps the sign of what has underflowed."""
        if is_pure(self):
            return self.offset
        return np.where(self.anchor == 0.0, self.offset, self.anchor + self.offset)[()]

    @property
    def log_offset(self) -> Any:
        if self._log is None:
            self._log = np.log(np.abs(self.offset))
        return self._log

    @property
    def shape(self) -> tuple[int, ...]:
        return np.broadcast_shapes(np.shape(self.anchor), np.shape(self.offset))

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def dtype(self) -> Any:
        return np.dtype(float)

    def __getitem__(self, index: Any) -> Anchored:
        if is_pure(self) and self._log is None:
            return Anchored(self.anchor, self.offset[index])
        anchor, offset, log = (
            None if part is None else np.broadcast_to(part, self.shape)[index]
            for part in (self.anchor, self.offset, self._log)
        )
        return Anchored(anchor, offset, log)

    def reshape(self, *shape: int) -> Anchored:
        if is_pure(self) and self._log is None:
            return Anchored(self.anchor, np.reshape(self.offset, shape))
        parts = (
            None if part is None else np.broadcast_to(part, self.shape).reshape(*shape)
            for part in (self.anchor, self.offset, self._log)
        )
        return Anchored(*parts)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.asarray(self.value, dtype=dtype)

    def __repr__(self) -> str:
        return f"Anchored({self.anchor!r} + {self.offset!r})"

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            return NotImplemented
        rule = RULES.get(ufunc)
        return rule(*inputs) if rule else ufunc(*(value(x) for x in inputs))

    def __array_function__(self, function: Any, types: Any, args: tuple, kwargs: dict) -> Any:
        if function is np.where and len(args) == 3 and not kwargs:
            return where(*args)
        if function is np.concatenate and len(args) == 1 and not kwargs:
            return concatenate(*args)
        if function in (np.shape, np.ndim):
            return function(np.broadcast_to(0.0, args[0].shape))
        return NotImplemented

    def __add__(self, other: Any) -> Any:
        return add(self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return add(self, -other)

    def __rsub__(self, other: Any) -> Any:
        return add(negative(self), other)

    def __mul__(self, other: Any) -> Any:
        return multiply(self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return multiply(power(self, -1.0), other)

    def __pow__(self, exponent: Any) -> Any:
        return power(self, exponent)

    def __neg__(self) -> Anchored:
        return negative(self)

    def __abs__(self) -> Anchored:
        return absolute(self)

    def __lt__(self, other: Any) -> Any:
        return compared(self, other) < 0

    def __le__(self, other: Any) -> Any:
        return compared(self, other) <= 0

    def __gt__(self, other: Any) -> Any:
        return compared(self, other) > 0

    def __ge__(self, other: Any) -> Any:
        return compared(self, other) >= 0

    def __eq__(self, other: object) -> Any:
        return compared(self, other) == 0

    def __ne__(self, other: object) -> Any:
        return compared(self, other) != 0


def value(x: Any) -> Any:
    """The nearest doubles of `x`, anchored or not."""
    return x.value if isinstance(x, Anchored) else x


def anchored(x: Any) -> Anchored:
    """`x` as an Anchored; a plain array is taken as exact."""
    return x if isinstance(x, Anchored) else Anchored.exact(x)


def is_pure(x: Anchored) -> bool:
    """Whether every anchor is zero: then the offset is the number."""
    return isinstance(x.anchor, float) and x.anchor == 0.0


def log_of(offset: Any, kept: Any) -> Any:
    """log|offset|, from the kept logarithm where the offset has left the safe range; None where there is none."""
    if kept is None:
        return None
    size = np.abs(offset)
    return np.where((size > SMALLEST) & (size < LARGEST), np.log(size), kept)


def log_growth(growth: Any, kept: Any) -> Any:
    """log|e^g - 1|, from the kept log|g| where g has left the safe range: of a tiny centre even a large change has."""
    return np.where(is_safe(growth), np.log(np.abs(np.expm1(growth))), kept)


def is_safe(offset: Any) -> Any:
    size = np.abs(offset)
    return (size > SMALLEST) & (size < LARGEST)


def product(offset: Any, log: Any, negated: Any, *sources: Any) -> Anchored:
    """A product of `sources` with anchor 0: `offset` where they were doubles with all their digits, e^log where not."""
    trusted = reduce(np.logical_and, map(is_safe, sources))  # sources of any shapes that broadcast
    offset = np.where(trusted, offset, np.copysign(np.exp(log), np.where(negated, -1.0, 1.0)))
    return Anchored(0.0, offset, np.where(trusted & is_safe(offset), np.log(np.abs(offset)), log))


def kept_log(x: Anchored, log_slope: float = 0.0) -> Any:
    """The logarithm of slope·|x|, for a map that is so near 0; None where x keeps none, and is the image."""
    return None if x._log is None and not log_slope else log_abs(x) + log_slope


def log_abs(x: Any) -> Any:
    """log|x| as plain doubles, right past overflow and underflow."""
    if not isinstance(x, Anchored):
        return np.log(np.abs(x))
    if is_pure(x):
        return x.log_offset
    anchor, offset = x.anchor, x.offset
    near = np.abs(offset) < 0.5 * np.abs(anchor)
    result = np.where(
        near, np.log(np.abs(anchor)) + np.log1p(np.where(near, offset / anchor, 0.0)), np.log(np.abs(anchor + offset))
    )
    return np.where((anchor == 0.0) | np.isinf(offset), x.log_offset, result)


def sign(x: Any) -> Any:
    """The sign of x, right where x has underflowed."""
    if not isinstance(x, Anchored):
        return np.sign(x)
    result = np.sign(x.value)
    if x._log is None:
        return result
    underflown = (result == 0) & np.equal(x.anchor, 0.0) & (x.log_offset > -np.inf)
    return np.where(underflown, np.copysign(1.0, x.offset), result)


def compared(x: Any, y: Any) -> Any:
    """The sign of x - y; of infinities, and of what has overflowed, that of the difference of their logarithms."""
    result = sign(add(x, -y))
    if not np.any(np.isnan(result)):
        return result
    ours, theirs = log_abs(x), log_abs(y)
    farther = np.where(ours == theirs, 0.0, np.sign(ours - theirs))
    alike = np.isinf(value(x)) & (value(x) == value(y))
    return np.where(np.isnan(result) & alike, farther * np.sign(value(x)), result)


def pure(x: Anchored) -> Anchored:
    """The same numbers with anchor 0: relative accuracy, no memory of an edge."""
    return x if is_pure(x) else Anchored(0.0, np.copysign(np.abs(x.value), sign(x)), log_abs(x))


def negative(x: Anchored) -> Anchored:
    return Anchored(-x.anchor, -x.offset, x._log)


def absolute(x: Anchored) -> Anchored:
    if is_pure(x):
        return Anchored(0.0, np.abs(x.offset), x._log)
    s = np.where(sign(x) < 0, -1.0, 1.0)
    return Anchored(x.anchor * s, x.offset * s, x._log)


def add(x: Any, y: Any) -> Any:
    if not isinstance(x, Anchored):
        x, y = y, x
    if not isinstance(y, Anchored):
        if is_pure(x):
            return undrowned(Anchored(y if isinstance(y, np.ndarray) else float(y), x.offset, x._log))
        total, rest = two_sum(x.anchor, y)
        return undrowned(
            _add_offsets(total, x, Anchored(0.0, rest)) if np.any(rest) else Anchored(total, x.offset, x._log)
        )
    if is_pure(x) and is_pure(y):
        return _add_offsets(0.0, x, y)
    if is_pure(x) or is_pure(y):
        return undrowned(_add_offsets(x.anchor + y.anchor, x, y))
    total, rest = two_sum(x.anchor, y.anchor)
    result = _add_offsets(total, x, y)
    return undrowned(_add_offsets(total, result, Anchored(0.0, rest)) if np.any(rest) else result)


def undrowned(x: Any) -> Any:
    """Points without an anchor that nearly cancels: 5.1 - 5 is exact (P. H. Sterbenz), and 5 would drown what comes.

    A factor, or a function that is small with its argument, would round the two parts each by itself.
    """
    if not isinstance(x, Anchored) or is_pure(x):
        return x
    total, half = x.anchor + x.offset, 0.5 * np.abs(x.anchor)
    cancels = (np.abs(total) <= half) & (np.abs(x.offset) > SMALLEST)
    return where(cancels, Anchored.exact(total), x) if np.any(cancels) else x


def two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """The rounded sum and what rounding took from it, exactly (D. E. Knuth); nothing is taken from an infinite one."""
    total = a + b
    part = total - a
    rest = (a - (total - part)) + (b - part)
    return total, np.where(np.isfinite(total), rest, 0.0)


def multiply_add(a: Any, b: Any, c: Any) -> tuple[Any, Any]:
    """a·b + c and its rounding error (Dekker's product and Knuth's sum, both error-free below 1e300)."""
    product = a * b
    high_a, high_b = ((SPLITTER * x) - ((SPLITTER * x) - x) for x in (a, b))
    low_a, low_b = a - high_a, b - high_b
    product_error = low_a * low_b - (((product - high_a * high_b) - low_a * high_b) - high_a * low_b)
    total = product + c
    part = total - product
    return total, product_error + ((product - (total - part)) + (c - part))


def _add_offsets(anchor: Any, x: Anchored, y: Anchored) -> Anchored:
    """anchor + the offsets of x and of y."""
    offset = x.offset + y.offset
    if x._log is None and y._log is None:
        return Anchored(anchor, offset)
    a, b = x.log_offset, y.log_offset
    high, low = np.maximum(a, b), np.minimum(a, b)
    leading = np.where(a >= b, x.offset, y.offset)
    same = np.signbit(x.offset) == np.signbit(y.offset)
    ratio = np.where(np.isneginf(low), 0.0, np.exp(low - high))
    log = np.where(np.isinf(high), high, high + np.where(same, np.log1p(ratio), np.log1p(-ratio)))
    log = log_of(offset, log)
    # A zero that has underflowed keeps its sign: -0 + 0 would be 0.
    lost = np.isnan(offset) & ~np.isnan(leading) & (low < np.inf) | (offset == 0) & (log > -np.inf)
    return Anchored(anchor, np.where(lost, np.copysign(np.exp(log), leading), offset), log)


def multiply(x: Any, y: Any) -> Any:
    if not isinstance(x, Anchored):
        x, y = y, x
    if isinstance(y, Anchored):
        if x is y:
            return power(x, 2.0)
        first, second = pure(x), pure(y)
        far = product(
            first.offset * second.offset,
            first.log_offset + second.log_offset,
            np.signbit(first.offset) != np.signbit(second.offset),
            first.offset,
            second.offset,
        )
        return far if is_pure(x) or is_pure(y) else _beside_product(x, y, far)
    factor = np.asarray(y, dtype=float)
    log = x.log_offset + np.log(np.abs(factor))
    log = np.where(factor == 0, -np.inf, log)
    moved = product(x.offset * factor, log, np.signbit(x.offset) != np.signbit(factor), x.offset)
    return moved if is_pure(x) else Anchored(x.anchor * y, moved.offset, moved._log)


def _beside_product(x: Anchored, y: Anchored, far: Anchored) -> Anchored:
    """far = x·y, but (a + h)(b + k) = ab + (h(b + k) + ak) of two that are beside their anchors."""
    near = (np.abs(x.offset) < 0.5 * np.abs(x.anchor)) & (np.abs(y.offset) < 0.5 * np.abs(y.anchor))
    if not np.any(near):
        return far
    moved = multiply(Anchored(0.0, x.offset, x._log), np.where(near, y.value, 1.0))
    return where(
        near, _add_offsets(x.anchor * y.anchor, moved, multiply(Anchored(0.0, y.offset, y._log), x.anchor)), far
    )


def divide(x: Any, y: Any) -> Any:
    if isinstance(y, Anchored):
        return multiply(power(y, -1.0), x)
    quotient = product(x.offset / y, x.log_offset - np.log(np.abs(y)), np.signbit(x.offset) != np.signbit(y), x.offset)
    return quotient if is_pure(x) else Anchored(x.anchor / y, quotient.offset, quotient._log)


def power(x: Any, exponent: Any) -> Any:
    """sign(x)·|x|^a for odd integers a, |x|^a for even ones, x^a for x > 0 otherwise (NaN for x < 0)."""
    if isinstance(exponent, Anchored):
        return exp(multiply(log(anchored(x)), exponent))
    base = anchored(x)
    odd = np.where(
        sign(base) < 0, np.where(np.mod(exponent, 2) == 1, -1.0, np.where(np.mod(exponent, 2) == 0, 1.0, np.nan)), 1.0
    )
    size = absolute(base)
    plain, log_size = pure(size).offset, log_abs(size)
    log_power = np.where(np.equal(exponent, 0), 0.0, log_size * exponent)
    far = product(odd * plain**exponent, log_power, odd < 0, plain)
    far = Anchored(0.0, np.where(np.isnan(odd), np.nan, far.offset), far._log)
    if is_pure(base):
        return far
    centre = np.abs(base.anchor) ** exponent
    near = (np.abs(base.offset) < 0.5 * np.abs(base.anchor)) & (centre > 0) & (centre < np.inf)
    ratio = np.where(near, size.offset / size.anchor, 0.0)
    growth = exponent * np.log1p(ratio)
    near = near & (np.abs(growth) < 1.0)  # beyond, centre and change would cancel
    change = centre * np.expm1(growth)
    log_anchor = np.log(np.abs(base.anchor))
    kept = None if base._log is None else log_growth(growth, np.log(np.abs(exponent)) + base._log - log_anchor)
    kept = None if kept is None else kept + exponent * log_anchor
    return where(near, Anchored(odd * centre, odd * change, log_of(change, kept)), far)


def log(x: Anchored) -> Anchored:
    if is_pure(x):
        return Anchored(0.0, np.where(np.signbit(x.offset) & (x.log_offset > -np.inf), np.nan, x.log_offset))
    far = np.where(sign(x) < 0, np.nan, log_abs(x))
    near = (np.abs(x.offset) < 0.5 * np.abs(x.anchor)) & (x.anchor > 0)
    centre = np.where(near, x.anchor, 1.0)
    ratio = np.where(near, x.offset / centre, 0.0)
    change = np.log1p(ratio)
    kept = None if x._log is None else x._log - np.log(centre)
    return where(near, Anchored(np.log(centre), change, log_of(change, kept)), Anchored(0.0, far))


def exp(x: Anchored) -> Anchored:
    # Beside 1 the distance from 1 counts, but where that from the image of the anchor is finer than doubles.
    slight = np.not_equal(x.anchor, 0.0) & (np.abs(x.anchor) < SLIGHT)
    if np.any(slight):
        finer = np.not_equal(x.offset, 0.0) & (np.abs(x.offset) < FINER * np.abs(x.anchor))
        x = where(slight & ~finer, pure(x), x)
    v = x.value
    far = Anchored(0.0, np.exp(v), v)
    near = (np.abs(x.offset) < 0.5) & (np.abs(x.anchor) < 700.0)
    centre = np.exp(np.where(near, x.anchor, 0.0))
    change = centre * np.expm1(np.where(near, x.offset, 0.0))
    kept = None if x._log is None else log_growth(x.offset, x._log) + np.where(near, x.anchor, 0.0)
    return where(near, Anchored(centre, change, log_of(change, kept)), far)


def expm1(x: Anchored) -> Anchored:
    """e^x - 1; near an anchor c it is (e^c - 1) + e^c(e^h - 1), in which nothing that is near 1 is rounded.

    Below -1/2 the distance from the limit -1 is what counts.
    """
    near = (np.abs(x.offset) < 0.5) & (x.anchor > -0.5) & (x.anchor < 700.0)
    centre, change = (
        np.where(near, x.anchor, 0.0),
        np.exp(np.where(near, x.anchor, 0.0)) * np.expm1(np.where(near, x.offset, 0.0)),
    )
    kept = None if x._log is None else log_growth(x.offset, x._log) + centre
    return where(near, Anchored(np.expm1(centre), change, log_of(change, kept)), exp(x) - 1.0)


def where(condition: Any, x: Any, y: Any) -> Anchored:
    x, y = anchored(x), anchored(y)
    log = None if x._log is None and y._log is None else np.where(condition, x.log_offset, y.log_offset)
    anchor = x.anchor if is_pure(x) and is_pure(y) else np.where(condition, x.anchor, y.anchor)
    return Anchored(anchor, np.where(condition, x.offset, y.offset), log)


def concatenate(vectors: Any) -> Anchored:
    vectors = [anchored(x) for x in vectors]
    logs = None if all(x._log is None for x in vectors) else np.concatenate([x.log_offset for x in vectors])
    anchor = (
        0.0 if all(map(is_pure, vectors)) else np.concatenate([np.broadcast_to(x.anchor, x.shape) for x in vectors])
    )
    return Anchored(anchor, np.concatenate([np.broadcast_to(x.offset, x.shape) for x in vectors]), logs)


def choose(condition: Any, x: Any, y: Any) -> Any:
    """np.where, plain unless one of the two is anchored."""
    return where(condition, x, y) if isinstance(x, Anchored) or isinstance(y, Anchored) else np.where(condition, x, y)


RULES: dict[np.ufunc, Callable] = {
    np.add: add,
    np.subtract: lambda x, y: add(x, -y),
    np.multiply: multiply,
    np.divide: divide,
    np.power: power,
    np.negative: negative,
    np.positive: lambda x: x,
    np.absolute: absolute,
    np.sign: sign,
    np.reciprocal: lambda x: power(x, -1.0),
    np.square: lambda x: power(x, 2.0),
    np.sqrt: lambda x: power(x, 0.5),
    np.cbrt: lambda x: multiply(power(absolute(x), 1.0 / 3.0), np.where(sign(x) < 0, -1.0, 1.0)),
    np.exp: exp,
    np.expm1: expm1,
    np.exp2: lambda x: exp(x * LOG2),
    np.log: log,
    np.log1p: lambda x: log(x + 1.0),
    np.log2: lambda x: log(x) / LOG2,
    np.log10: lambda x: log(x) / np.log(10.0),
    np.less: lambda x, y: compared(x, y) < 0,
    np.less_equal: lambda x, y: compared(x, y) <= 0,
    np.greater: lambda x, y: compared(x, y) > 0,
    np.greater_equal: lambda x, y: compared(x, y) >= 0,
    np.equal: lambda x, y: compared(x, y) == 0,
    np.maximum: lambda x, y: where(anchored(x) > y, x, y),
    np.minimum: lambda x, y: where(anchored(x) < y, x, y),
}

rule = rules_in(RULES)
