"""What the functions of NumPy and SciPy are on arrays of other libraries.

A function with a counterpart of the same meaning is that counterpart; a few are composed of others; a ufunc that the
library lacks, or whose derivative it lacks, is computed on the host. `np.any` is True and `np.all` False: of values that
are not looked at, some may and some may not, and a formula that asks takes the branch that serves both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np
from scipy import special

from densities.arrays import rules_in
from densities.foreign.kinds import array_namespace, library_of, like, special_of
from densities.foreign.maps import foreign_within
from densities.foreign.numbers import RULES, Equality, Foreign, ForeignError, Inequality
from densities.foreign.smooth import on_host
from densities.logmath import ATANH_SERIES

# The array-API name of each ufunc of NumPy that has one.
STANDARD: dict[Any, str] = {ufunc: ufunc.__name__ for ufunc in (
    np.exp, np.expm1, np.log, np.log1p, np.log2, np.log10, np.sqrt, np.square, np.sin, np.cos, np.tan, np.sinh, np.cosh,
    np.tanh, np.add, np.subtract, np.multiply, np.divide, np.negative, np.positive, np.floor, np.ceil, np.sign,
    np.minimum, np.maximum, np.hypot, np.isnan, np.isfinite, np.isinf, np.less, np.less_equal, np.greater,
    np.greater_equal, np.equal, np.not_equal, np.logical_and, np.logical_or, np.logical_not, np.logical_xor, np.signbit,
    np.copysign, np.reciprocal, np.trunc, np.matmul, np.remainder,
)}  # fmt: skip
STANDARD |= {
    np.arcsin: "asin", np.arccos: "acos", np.arctan: "atan", np.arctan2: "atan2", np.arcsinh: "asinh",
    np.arccosh: "acosh", np.arctanh: "atanh", np.power: "pow", np.rint: "round",
    np.bitwise_and: "logical_and", np.bitwise_or: "logical_or", np.invert: "logical_not",
}  # fmt: skip
# Functions of SciPy that each library has with full precision and with its derivatives in all real arguments.
COMMON = ("expit", "erf", "erfc", "erfcx", "ndtri", "gammaln", "digamma", "i0e", "i1e")
NATIVE = {"torch": (*COMMON, "xlogy", "xlog1py"), "jax": COMMON, "cupy": (*COMMON, "xlogy", "xlog1py")}
# What SciPy calls by another name than it goes by.
ALIASES = {"psi": "digamma"}
SQRT_HALF, HALF_ROOT_PI = math.sqrt(0.5), 0.5 * math.sqrt(math.pi)
# Where the Euler-Maclaurin sum of the zeta function starts, and its B_2j/(2j)!.
FIRST = 16.0
BERNOULLI = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600)
# Names of NumPy's functions in the array-API standard, where they differ.
RENAMED = {"concatenate": "concat", "cumsum": "cumulative_sum", "amax": "max", "amin": "min", "around": "round"}


def arrays(inputs: tuple) -> tuple[Any, list[Any]]:
    """An array among the inputs, and all inputs as arrays of its library."""
    found = next(x.array for x in inputs if isinstance(x, Foreign))
    floats = [x.array for x in inputs if isinstance(x, Foreign) and x.dtype.kind == "f"]
    anchor = floats[0] if floats else found
    if isinstance(anchor, Foreign):
        raise ForeignError("an array of another library inside another")
    return found, [x.array if isinstance(x, Foreign) else constant_like(x, anchor) for x in inputs]


def constant_like(x: Any, array: Any) -> Any:
    values = np.asarray(x)
    if values.dtype.kind not in "fiub":
        raise ForeignError(f"arrays of {values.dtype}")
    return like(values.astype(float) if values.dtype.kind in "iu" else values, array)


def of_ufunc(ufunc: Any, inputs: tuple) -> Any:
    """ufunc(*inputs) by the library of the arrays among them."""
    rule = RULES.get(ufunc)
    if rule is not None:
        return rule(*inputs)
    found, values = arrays(inputs)
    name = STANDARD.get(ufunc)
    if name is not None:
        return Foreign(getattr(array_namespace(found), name)(*values))
    library, name = library_of(found), ALIASES.get(ufunc.__name__, ufunc.__name__)
    if library is not None and name in NATIVE[library] and hasattr(special_of(library), name):
        return Foreign(getattr(special_of(library), name)(*values))
    return of_host(ufunc, inputs)


def of_host(function: Callable, inputs: tuple) -> Foreign:
    """function(*inputs) by NumPy on the host; what is no Foreign is constant there, and may have the larger shape."""
    places = [i for i, x in enumerate(inputs) if isinstance(x, Foreign)]
    shape = np.broadcast_shapes(*map(np.shape, inputs))

    def of_values(*values: Any) -> Any:
        filled = list(inputs)
        for place, x in zip(places, values, strict=True):
            filled[place] = x
        return function(*filled)

    whole: list[Any] = [x if x.shape == shape else np.broadcast_to(x, shape) for x in (inputs[i] for i in places)]
    return Foreign(on_host(of_values, *(x.array for x in whole)))


def of_function(function: Any, args: tuple, kwargs: dict) -> Any:
    """A function of NumPy: one of the rules here, or the library's function of that name."""
    rule = RULES.get(function)
    if rule is not None:
        return rule(*args, **kwargs)
    found = foreign_within(args)
    if found is None:
        raise ForeignError(function.__name__)
    named = getattr(array_namespace(found.array), RENAMED.get(function.__name__, function.__name__), None)
    if named is None:
        raise ForeignError(function.__name__)
    given = [bare(x, found.array) for x in args], {key: bare(x, found.array) for key, x in kwargs.items()}
    result = named(*given[0], **given[1])
    return tuple(map(Foreign, result)) if isinstance(result, list | tuple) else Foreign(result)


@singledispatch
def bare(x: Any, array: Any) -> Any:
    """An argument of a function of another library, with its arrays beside `array`; axes and shapes as they are."""
    return x


@bare.register
def _(x: Foreign, array: Any) -> Any:
    return x.array


@bare.register
def _(x: np.ndarray, array: Any) -> Any:
    return like(x, array)


@bare.register(list)
@bare.register(tuple)
def _(x: Any, array: Any) -> Any:
    return x if foreign_within(x) is None else [bare(part, array) for part in x]


def of_method(ufunc: Any, method: str, inputs: tuple, kwargs: dict) -> Any:
    """Reductions of sums, extremes, truths and sums of exponentials."""
    axis = kwargs.get("axis", 0)
    x: Any = inputs[0] if isinstance(inputs[0], Foreign) else np.stack(list(inputs[0]), axis=0)
    if method == "reduce" and ufunc is np.logaddexp:
        top = np.max(x, axis=axis, keepdims=True)
        shift = np.where(np.isfinite(top), top, 0.0)
        return np.squeeze(np.log(np.sum(np.exp(x - shift), axis=axis, keepdims=True)) + shift, axis=axis)
    name = {np.add: "sum", np.logical_and: "all", np.logical_or: "any", np.maximum: "max", np.minimum: "min"}.get(ufunc)
    if method != "reduce" or name is None:
        raise ForeignError(f"{ufunc.__name__}.{method}")
    return Foreign(getattr(array_namespace(x.array), name)(x.array, axis=axis))


RULES.update({"ufunc": of_ufunc, "host": of_host, "function": of_function, "method": of_method})
rule = rules_in(RULES)


# ---- arithmetic with Python's numbers, which take the type of the array ----

for ufunc, operation in {
    np.add: "__add__", np.subtract: "__sub__", np.multiply: "__mul__", np.divide: "__truediv__",
}.items():  # fmt: skip

    def _arithmetic(x: Any, y: Any, ufunc: Any = ufunc, operation: str = operation) -> Foreign:
        if isinstance(x, Foreign) and type(y) is float:
            return Foreign(getattr(x.array, operation)(y))
        found, values = arrays((x, y))
        return Foreign(getattr(array_namespace(found), STANDARD[ufunc])(*values))

    rule(ufunc)(_arithmetic)


@rule(np.equal)
def equal(x: Any, y: Any) -> Any:
    found, values = arrays((x, y))
    return Equality(array_namespace(found).equal(*values))


@rule(np.not_equal)
def not_equal(x: Any, y: Any) -> Any:
    found, values = arrays((x, y))
    return Inequality(array_namespace(found).not_equal(*values))


# ---- composed of others ----


@rule(np.logaddexp)
def logaddexp(x: Any, y: Any) -> Any:
    """max + log1p(e^-|x - y|), the difference never of equal infinities."""
    high, low = np.maximum(x, y), np.minimum(x, y)
    apart = np.isfinite(high) & np.isfinite(low)
    gap = np.where(apart, high, 0.0) - np.where(apart, low, 0.0)
    return np.where(np.isnan(x) | np.isnan(y), np.nan, high + np.where(apart, np.log1p(np.exp(-gap)), 0.0))


@rule(np.absolute)
def absolute(x: Any) -> Any:
    """|x| with the slope 1 at 0, from the right: where a formula has one branch for x < 0, the other holds at 0."""
    return np.where(x < 0.0, -x, x) + 0.0


@rule(special.log_expit)
def log_expit(x: Any) -> Any:
    return np.where(x < 0.0, x, 0.0) - np.log1p(np.exp(-np.abs(x)))


@rule(special.ndtr)
def ndtr(x: Any) -> Any:
    """By erfc: torch's own is 0 below -8."""
    return 0.5 * special.erfc(x * -SQRT_HALF)


@rule(special.log_ndtr)
def log_ndtr(x: Any) -> Any:
    """By the tail that is small: JAX's own is off by 7 % at 8."""
    low = x < -1.0
    z = np.where(low, x, -1.0)
    lower = np.log(0.5 * special.erfcx(z * -SQRT_HALF)) - 0.5 * z * z
    return np.where(low, lower, np.log1p(-special.ndtr(-np.where(low, 0.0, x))))


@rule(special.erfinv)
def erfinv(y: Any) -> Any:
    """The library's own, with a step of Newton's method on the complement beside the ends: JAX's is off by 1e-10 there."""
    x = Foreign(special_of(str(library_of(y.array))).erfinv(y.array))
    size = np.abs(y)
    far = (size > 0.5) & (size < 1.0)
    z = np.where(far, np.abs(x), 1.0)
    step = (special.erfc(z) - (1.0 - np.where(far, size, 0.0))) * np.exp(z * z) * HALF_ROOT_PI
    return np.where(far, np.sign(y) * (z + step), x)


@rule(special.logit)
def logit(x: Any) -> Any:
    return np.log(x) - np.log1p(-x)


@rule(np.exp2)
def exp2(x: Any) -> Any:
    return np.power(like_constant(2.0, x), x)


@rule(np.cbrt)
def cbrt(x: Any) -> Any:
    """The root of the size, once polished by Newton's method: a power with a rounded 1/3 is some ulp off."""
    zero = np.equal(x, 0.0)
    size = np.where(zero, 1.0, np.abs(x))
    root = np.power(size, 1.0 / 3.0)
    root = np.where(np.isfinite(size), root - (root - size / (root * root)) / 3.0, size)
    return np.where(zero, x, np.sign(x) * root)


@rule(special.xlogy)
def xlogy(a: Any, x: Any) -> Any:
    """Its slope in `a` is log x at a = 0 too, unless that is infinite."""
    idle = np.equal(a, 0.0) & ~((x > 0.0) & (x < np.inf)) & ~np.isnan(x)
    return np.where(idle, 0.0, a * np.log(np.where(idle, 1.0, x)))


@rule(special.xlog1py)
def xlog1py(a: Any, x: Any) -> Any:
    idle = np.equal(a, 0.0) & ~((x > -1.0) & (x < np.inf)) & ~np.isnan(x)
    return np.where(idle, 0.0, a * np.log1p(np.where(idle, 0.0, x)))


@rule(special.zetac)
def zetac(a: Any) -> Any:
    """ζ(a) - 1 for a > 1: 14 terms and the Euler-Maclaurin sum of the rest (NIST DLMF 25.2.9)."""
    total, term = FIRST / (a - 1.0) + 0.5, a / FIRST
    for j, coefficient in enumerate(BERNOULLI):
        total = total + coefficient * term
        term = term * (a + (2.0 * j + 1.0)) * (a + (2.0 * j + 2.0)) / FIRST**2
    return sum(np.exp(-math.log(k) * a) for k in range(2, int(FIRST))) + np.exp(-math.log(FIRST) * a) * total


@rule(special.betaln)
def betaln(a: Any, b: Any) -> Any:
    return special.gammaln(a) + special.gammaln(b) - special.gammaln(a + b)


@rule(np.isneginf)
def isneginf(x: Any) -> Any:
    return x < -LARGEST[x.dtype.name]


@rule(np.isposinf)
def isposinf(x: Any) -> Any:
    return x > LARGEST[x.dtype.name]


LARGEST = {name: float(np.finfo(name).max) for name in ("float16", "float32", "float64")} | {"bfloat16": 3.3e38}


@rule(np.fmax)
def fmax(x: Any, y: Any) -> Any:
    return np.where(np.isnan(x), y, np.where(np.isnan(y), x, np.maximum(x, y)))


@rule(np.fmin)
def fmin(x: Any, y: Any) -> Any:
    return np.where(np.isnan(x), y, np.where(np.isnan(y), x, np.minimum(x, y)))


def half_log1p_square(x: Any) -> Any:
    """log(1 + x²)/2, also where x² overflows: the helper of that name."""
    size = np.abs(x)
    far = size > 1e16
    near = np.where(far, 1.0, size)
    return np.where(far, np.log(np.where(far, size, 1.0)), 0.5 * np.log1p(near * near))


def log1p_minus_x(x: Any) -> Any:
    """log(1 + x) - x: the helper of that name, its series in the same places."""
    near = (x >= -0.5) & (x <= 1.0)
    small, large = np.where(near, x, 0.0), np.where(near, 1.0, x)
    r = small / (2.0 + small)
    series = np.polynomial.polynomial.polyval(r * r, ATANH_SERIES, tensor=False)
    return np.where(near, r * (2.0 * r * r * series - small), np.log1p(large) - large)


RULES |= {"_half_log1p_square": half_log1p_square, "log1p_minus_x": log1p_minus_x}


# ---- selection and shapes ----


@rule(np.where)
def where(condition: Any, x: Any, y: Any) -> Any:
    if not any(isinstance(part, Foreign) for part in (x, y)):
        x, y = like_constant(x, condition), like_constant(y, condition)
    found, (x, y) = arrays((x, y))
    if isinstance(condition, Foreign):
        condition = condition.array
    else:
        condition = like(np.asarray(condition, dtype=bool), found)
    return Foreign(array_namespace(found).where(condition, x, y))


def like_constant(x: Any, points: Foreign) -> Any:
    """A constant as an array beside `points`; beside truth values a double, which later steps do not round."""
    if points.dtype.kind == "f":
        return Foreign(like(np.asarray(x, dtype=float), points.array))
    xp = array_namespace(points.array)
    return Foreign(like(np.asarray(x), xp.astype(points.array, xp.asarray(np.zeros(())).dtype)))


@rule(np.clip)
def clip(x: Any, low: Any, high: Any) -> Any:
    return np.minimum(np.maximum(x, low), high)


@rule(np.zeros_like)
def zeros_like(x: Any, dtype: Any = None) -> Any:
    return full_like(x, 0.0)


@rule(np.ones_like)
def ones_like(x: Any, dtype: Any = None) -> Any:
    return full_like(x, 1.0)


@rule(np.full_like)
def full_like(x: Any, fill: Any, dtype: Any = None) -> Any:
    return np.broadcast_to(fill if isinstance(fill, Foreign) else like_constant(fill, x), x.shape)


@rule(np.shape)
def shape(x: Any) -> tuple[int, ...]:
    return x.shape


@rule(np.ndim)
def ndim(x: Any) -> int:
    return x.ndim


@rule(np.size)
def size(x: Any) -> int:
    return math.prod(x.shape)


@rule(np.any)
def some(x: Any, axis: Any = None, **_: Any) -> Any:
    return True if axis is None else Foreign(array_namespace(x.array).any(x.array, axis=axis))


@rule(np.all)
def every(x: Any, axis: Any = None, **_: Any) -> Any:
    return False if axis is None else Foreign(array_namespace(x.array).all(x.array, axis=axis))


@rule(np.broadcast_to)
def broadcast_to(x: Any, shape: Any) -> Any:
    return Foreign(array_namespace(x.array).broadcast_to(x.array, shape))


@rule(np.broadcast_arrays)
def broadcast_arrays(*inputs: Any) -> tuple[Any, ...]:
    shape = np.broadcast_shapes(*(np.shape(x) for x in inputs))
    return tuple(np.broadcast_to(x, shape) for x in inputs)


__all__ = ["of_host"]
