"""Numbers with a first-order change, (v, s) standing for v + s·ε: formulas of doubles give derivatives.

A `Dual` answers the ufuncs of NumPy and SciPy, so the formulas of families and maps run on parameters that move:
log f(x; θ + ε δ) comes back as log f and its derivative along δ, each to the accuracy of one evaluation, however small δ is.
A function without a rule raises `DualError`; nothing is ever differentiated by differences. Comparisons and selections look
at the values, but a number that moves equals no constant, so a shortcut for a special value (a location of 0) is never taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from densities.arrays import rules_in
from densities.precise import Lifted

RULES: dict[Any, Callable[..., Any]] = {}
rule = rules_in(RULES)
LOG2, HALF_LOG_2PI = math.log(2.0), 0.5 * math.log(2.0 * math.pi)
SLOPE_OF_ERF = 2.0 / math.sqrt(math.pi)


class DualError(ArithmeticError):
    """A formula used a function whose derivative is not known here."""


# What a formula may fail with where it does not run on numbers that move.
UNMOVED = (DualError, TypeError, ValueError, AttributeError, NotImplementedError, AssertionError)


class Dual(Lifted):
    """The array value + slope·ε, ε² = 0."""

    __slots__ = ("slope", "value")
    __array_priority__ = 2000.0
    __hash__ = None  # type: ignore[assignment]
    dtype = np.dtype(float)

    def __init__(self, value: Any, slope: Any):
        self.value, self.slope = value, slope

    @classmethod
    def through(cls, function: Callable, twin: Callable, slopes: tuple[Callable, ...], arguments: tuple) -> Any:
        return chained(function, slopes, arguments) if slopes else twin(*arguments)

    @property
    def shape(self) -> tuple[int, ...]:
        return np.broadcast_shapes(np.shape(self.value), np.shape(self.slope))

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def __repr__(self) -> str:
        return f"Dual({self.value!r}, {self.slope!r})"

    def __getitem__(self, index: Any) -> Dual:
        return Dual(*(np.broadcast_to(part, self.shape)[index] for part in (self.value, self.slope)))

    def argmin(self) -> Any:
        return np.broadcast_to(self.value, self.shape).argmin()

    def argmax(self) -> Any:
        return np.broadcast_to(self.value, self.shape).argmax()

    def item(self, place: int) -> float:
        """The value at a place of the flat array: for a look at the reach of points, as comparisons are."""
        return float(np.broadcast_to(self.value, self.shape).flat[place])

    def __float__(self) -> float:
        raise DualError("a formula rounds to doubles on its way")

    def __bool__(self) -> bool:
        return bool(self != 0.0)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        if self.ndim or (dtype is not None and np.dtype(dtype) != object):
            raise DualError("a formula rounds to doubles on its way")
        array = np.empty((), dtype=object)
        array[()] = self
        return array

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        rule = RULES.get(ufunc)
        if rule is None or method != "__call__" or any(option is not None for option in kwargs.values()):
            raise DualError(f"no derivative of {ufunc.__name__} is known")
        return rule(*map(scalar, inputs))

    def __array_function__(self, function: Any, types: Any, args: tuple, kwargs: dict) -> Any:
        rule = RULES.get(function)
        if rule is None:
            raise DualError(f"no derivative of {function.__name__} is known")
        return rule(*map(scalar, args), **kwargs)

    def __add__(self, other: Any) -> Any:
        return RULES[np.add](self, scalar(other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return RULES[np.subtract](self, scalar(other))

    def __rsub__(self, other: Any) -> Any:
        return RULES[np.subtract](scalar(other), self)

    def __mul__(self, other: Any) -> Any:
        return RULES[np.multiply](self, scalar(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return RULES[np.divide](self, scalar(other))

    def __rtruediv__(self, other: Any) -> Any:
        return RULES[np.divide](scalar(other), self)

    def __pow__(self, exponent: Any) -> Any:
        return RULES[np.power](self, scalar(exponent))

    def __rpow__(self, base: Any) -> Any:
        return RULES[np.power](scalar(base), self)

    def __mod__(self, other: Any) -> Any:
        return RULES[np.mod](self, scalar(other))

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.slope)

    def __abs__(self) -> Dual:
        return RULES[np.absolute](self)

    def __lt__(self, other: Any) -> Any:
        return self.value < plain(other)

    def __le__(self, other: Any) -> Any:
        return self.value <= plain(other)

    def __gt__(self, other: Any) -> Any:
        return self.value > plain(other)

    def __ge__(self, other: Any) -> Any:
        return self.value >= plain(other)

    def __eq__(self, other: object) -> Any:
        return equal(self, other)

    def __ne__(self, other: object) -> Any:
        return np.logical_not(equal(self, other))


def scalar(x: Any) -> Any:
    """`x`, out of the array without axes that a formula may have put it into."""
    return x[()] if isinstance(x, np.ndarray) and x.dtype == object and not x.ndim else x


def plain(x: Any) -> Any:
    """The value of a number that may move."""
    x = scalar(x)
    return x.value if isinstance(x, Dual) else x


def slope_of(x: Any) -> Any:
    """The change of a number that may move."""
    return x.slope if isinstance(x, Dual) else 0.0


def product(partial: Any, slope: Any) -> Any:
    """partial·slope, 0 where nothing moves, whatever the partial derivative is there."""
    if np.ndim(slope) == 0:
        return partial * slope if slope else 0.0
    return np.where(slope == 0.0, 0.0, partial * slope)


def chained(function: Callable, partials: tuple[Callable, ...], arguments: tuple) -> Dual:
    """function(*arguments) by the chain rule, from its partial derivatives: functions of the value and the arguments."""
    values = [plain(x) for x in arguments]
    result = function(*values)
    slope: Any = 0.0
    for partial, x in zip(partials, arguments, strict=True):
        if isinstance(x, Dual):
            slope = slope + product(partial(result, *values), x.slope)
    return Dual(result, slope)


def smooth(function: Any, *partials: Callable) -> None:
    """Files the chain rule for a function."""
    RULES[function] = lambda *arguments: chained(function, partials, arguments)


def unknown(*_: Any) -> Any:
    raise DualError("a derivative with respect to a parameter of a special function is not known")


def _power_of_base(r: Any, x: Any, a: Any) -> Any:
    return a * x ** (a - 1.0)


def _power_of_exponent(r: Any, x: Any, a: Any) -> Any:
    return np.where(r == 0.0, 0.0, r * np.log(np.where(np.equal(x, 0.0), 1.0, np.abs(x))))


def _log_density(x: Any) -> Any:
    """log φ(x) of the normal law."""
    return -0.5 * x * x - HALF_LOG_2PI


def _bessel(order: Any, x: Any) -> Any:
    return 0.5 * (special.ive(order - 1, x) + special.ive(order + 1, x)) - special.ive(order, x) * np.sign(x)


DERIVATIVES: dict[Any, tuple[Callable, ...]] = {
    np.add: (lambda r, x, y: 1.0, lambda r, x, y: 1.0),
    np.subtract: (lambda r, x, y: 1.0, lambda r, x, y: -1.0),
    np.multiply: (lambda r, x, y: y, lambda r, x, y: x),
    np.divide: (lambda r, x, y: 1.0 / y, lambda r, x, y: -r / y),
    np.power: (_power_of_base, _power_of_exponent),
    np.mod: (lambda r, x, y: 1.0, unknown),
    np.negative: (lambda r, x: -1.0,),
    np.positive: (lambda r, x: 1.0,),
    np.absolute: (lambda r, x: np.sign(x),),
    np.square: (lambda r, x: 2.0 * x,),
    np.reciprocal: (lambda r, x: -r * r,),
    np.sqrt: (lambda r, x: 0.5 / r,),
    np.cbrt: (lambda r, x: 1.0 / (3.0 * r * r),),
    np.hypot: (lambda r, x, y: x / r, lambda r, x, y: y / r),
    np.exp: (lambda r, x: r,),
    np.expm1: (lambda r, x: np.exp(x),),
    np.exp2: (lambda r, x: r * LOG2,),
    np.log: (lambda r, x: 1.0 / x,),
    np.log1p: (lambda r, x: 1.0 / (1.0 + x),),
    np.log2: (lambda r, x: 1.0 / (x * LOG2),),
    np.log10: (lambda r, x: 1.0 / (x * math.log(10.0)),),
    np.logaddexp: (
        lambda r, x, y: np.where(np.isneginf(x), 0.0, np.exp(x - r)),
        lambda r, x, y: np.where(np.isneginf(y), 0.0, np.exp(y - r)),
    ),
    np.sin: (lambda r, x: np.cos(x),),
    np.cos: (lambda r, x: -np.sin(x),),
    np.tan: (lambda r, x: 1.0 + r * r,),
    np.sinh: (lambda r, x: np.cosh(x),),
    np.cosh: (lambda r, x: np.sinh(x),),
    np.tanh: (lambda r, x: 1.0 / np.cosh(x) ** 2,),
    np.arcsin: (lambda r, x: 1.0 / np.sqrt((1.0 - x) * (1.0 + x)),),
    np.arccos: (lambda r, x: -1.0 / np.sqrt((1.0 - x) * (1.0 + x)),),
    np.arctan: (lambda r, x: 1.0 / (1.0 + x * x),),
    np.arctan2: (lambda r, y, x: x / (x * x + y * y), lambda r, y, x: -y / (x * x + y * y)),
    np.arcsinh: (lambda r, x: 1.0 / np.hypot(1.0, x),),
    np.arccosh: (lambda r, x: 1.0 / np.sqrt((x - 1.0) * (x + 1.0)),),
    np.arctanh: (lambda r, x: 1.0 / ((1.0 - x) * (1.0 + x)),),
    np.copysign: (lambda r, x, y: np.copysign(1.0, x) * np.copysign(1.0, y), lambda r, x, y: 0.0),
    special.xlogy: (lambda r, a, x: np.log(x), lambda r, a, x: a / x),
    special.xlog1py: (lambda r, a, x: np.log1p(x), lambda r, a, x: a / (1.0 + x)),
    special.expit: (lambda r, x: r * special.expit(-x),),
    special.logit: (lambda r, x: 1.0 / (x * (1.0 - x)),),
    special.log_expit: (lambda r, x: special.expit(-x),),
    special.erf: (lambda r, x: SLOPE_OF_ERF * np.exp(-x * x),),
    special.erfc: (lambda r, x: -SLOPE_OF_ERF * np.exp(-x * x),),
    special.erfcx: (lambda r, x: 2.0 * x * r - SLOPE_OF_ERF,),
    special.erfinv: (lambda r, x: np.exp(r * r) / SLOPE_OF_ERF,),
    special.ndtr: (lambda r, x: np.exp(_log_density(x)),),
    special.ndtri: (lambda r, x: np.exp(-_log_density(r)),),
    special.log_ndtr: (lambda r, x: np.exp(_log_density(x) - r),),
    special.ndtri_exp: (lambda r, x: np.exp(x - _log_density(r)),),
    special.gammaln: (lambda r, x: special.digamma(x),),
    special.loggamma: (lambda r, x: special.digamma(x),),
    special.gamma: (lambda r, x: r * special.digamma(x),),
    special.digamma: (lambda r, x: special.polygamma(1, x),),
    special.betaln: (
        lambda r, a, b: special.digamma(a) - special.digamma(a + b),
        lambda r, a, b: special.digamma(b) - special.digamma(a + b),
    ),
    special.ive: (unknown, lambda r, order, x: _bessel(order, x)),
    special.i0e: (lambda r, x: special.i1e(x) - r * np.sign(x),),
    special.gammainc: (unknown, lambda r, a, x: np.exp(special.xlogy(a - 1.0, x) - x - special.gammaln(a))),
    special.gammaincc: (unknown, lambda r, a, x: -np.exp(special.xlogy(a - 1.0, x) - x - special.gammaln(a))),
    special.wrightomega: (lambda r, x: r / (1.0 + r),),
}
for function, partials in DERIVATIVES.items():
    smooth(function, *partials)


# ---- comparisons, and what looks at values alone ----

for function in (
    np.less, np.less_equal, np.greater, np.greater_equal, np.isnan, np.isfinite, np.isinf, np.isneginf, np.isposinf,
    np.signbit, np.sign, np.floor, np.ceil, np.rint, np.round,
):  # fmt: skip
    RULES[function] = lambda *x, function=function: function(*map(plain, x))


@rule(np.equal)
def equal(x: Any, y: Any) -> Any:
    x, y = scalar(x), scalar(y)
    return np.logical_and(np.equal(plain(x), plain(y)), np.equal(slope_of(x), slope_of(y)))


@rule(np.not_equal)
def not_equal(x: Any, y: Any) -> Any:
    return np.logical_not(equal(x, y))


# ---- selection and shapes ----


@rule(np.where)
def where(condition: Any, x: Any, y: Any) -> Any:
    x, y = scalar(x), scalar(y)
    return Dual(np.where(condition, plain(x), plain(y)), np.where(condition, slope_of(x), slope_of(y)))


@rule(np.maximum, np.fmax)
def maximum(x: Any, y: Any) -> Any:
    return where(plain(x) >= plain(y), x, y)


@rule(np.minimum, np.fmin)
def minimum(x: Any, y: Any) -> Any:
    return where(plain(x) <= plain(y), x, y)


@rule(np.clip)
def clip(x: Any, low: Any, high: Any) -> Any:
    return minimum(maximum(x, low), high)


@rule(np.zeros_like)
def zeros_like(x: Any, dtype: Any = None) -> Any:
    return np.zeros(x.shape)


@rule(np.ones_like)
def ones_like(x: Any, dtype: Any = None) -> Any:
    return np.ones(x.shape)


@rule(np.shape)
def shape(x: Any) -> tuple[int, ...]:
    return x.shape


@rule(np.ndim)
def ndim(x: Any) -> int:
    return x.ndim


@rule(np.broadcast_to)
def broadcast_to(x: Any, shape: Any) -> Any:
    return Dual(*(np.broadcast_to(part, shape) for part in (x.value, x.slope)))


@rule(np.any, np.all)
def truth(x: Any) -> Any:
    raise DualError("a formula asks for the truth of numbers")


__all__ = ["UNMOVED", "Dual", "DualError", "chained", "plain", "slope_of"]
