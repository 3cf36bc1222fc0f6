"""NumPy arithmetic on laws: `np.exp(2*X + 1)` pushes X forward; what would need a second random variable is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from densities.errors import ParameterError, ShapeError, UnsupportedOperationError, argument_error
from densities.foreign import is_foreign, is_traced
from densities.protocols import push_forward
from densities.transforms import get
from densities.transforms import registry as transforms
from densities.transforms.base import Transform

TWO_LAWS = (
    "the sum, product or comparison of two random variables needs their joint law; for one variable write 2*X or X**2, "
    "for independent ones sum_of(X, Y), difference_of, product_of, ratio_of, minimum or maximum"
)


def _constant(c: Any, operation: str) -> Any:
    if isinstance(c, Arithmetic):
        raise UnsupportedOperationError(f"{operation}: {TWO_LAWS}")
    if is_foreign(c) and is_traced(c):
        expected = (
            "a number whose value is there; a traced one may be a parameter of a family, as in Normal(loc, scale)"
        )
        raise UnsupportedOperationError(argument_error(operation, expected, c))
    try:
        np.shape(c)
    except ValueError:
        raise ShapeError(argument_error(operation, "a number or an array of numbers", c)) from None
    return c


def _factor(c: Any, operation: str, told: str) -> Any:
    if np.ndim(c) == 0 and c == 0:
        raise ParameterError(f"{argument_error(operation, 'a number other than 0', c)}; {told}")
    return c


def _power(law: Any, exponent: Any) -> Any:
    if np.ndim(exponent):
        raise UnsupportedOperationError("X ** array: one exponent at a time; build a list of laws instead")
    return push_forward(law, get("power")(exponent))


def _exponential(base: Any, law: Any) -> Any:
    """base ** X = exp(log(base)·X)."""
    if np.ndim(base) or not float(base) > 0:
        raise UnsupportedOperationError(f"c ** X: expected one positive number c, got {base!r}")
    return push_forward(push_forward(law, get("scale")(float(np.log(base)))), get("exp")())


def _affine(law: Any, loc: Any, scale: Any) -> Any:
    if np.ndim(scale) == 0 and scale == 1.0:
        return law if np.ndim(loc) == 0 and loc == 0.0 else push_forward(law, get("shift")(loc))
    if np.ndim(loc) == 0 and loc == 0.0:
        return push_forward(law, get("scale")(scale))
    return push_forward(law, get("affine")(loc, scale))


def _times(c: Any, law: Any) -> Any:
    return _affine(law, 0.0, _factor(c, "c * X", "0*X is a point mass, Delta(0)"))


def _clip(law: Any, low: Any = None, high: Any = None) -> Any:
    return push_forward(law, get("clip")(-np.inf if low is None else low, np.inf if high is None else high))


BINARY: dict[Any, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    # ufunc: (law op c, c op law)
    np.add: (lambda law, c: _affine(law, c, 1.0), lambda c, law: _affine(law, c, 1.0)),
    np.subtract: (lambda law, c: _affine(law, np.negative(c), 1.0), lambda c, law: _affine(law, c, -1.0)),
    np.multiply: (lambda law, c: _times(c, law), _times),
    np.divide: (
        lambda law, c: push_forward(law, get("scale")(_factor(c, "X / c", "X/0 has no law")).inv),
        lambda c, law: _times(c, push_forward(law, get("reciprocal")())),
    ),
    np.floor_divide: (lambda law, c: np.floor(law / c), lambda c, law: np.floor(c / law)),
    np.power: (_power, _exponential),
    np.float_power: (_power, _exponential),
    np.maximum: (lambda law, c: _clip(law, low=c), lambda c, law: _clip(law, low=c)),
    np.minimum: (lambda law, c: _clip(law, high=c), lambda c, law: _clip(law, high=c)),
}
UNARY: dict[Any, Callable[[Any], Any]] = {
    np.negative: lambda law: _affine(law, 0.0, -1.0),
    np.positive: lambda law: law,
}
NAMES: dict[Any, str] = {np.absolute: "abs", np.reciprocal: "reciprocal", np.square: "square", np.rint: "round"}


class Arithmetic:
    """The operators of a law. An operation with a number pushes the law through a registered transform."""

    __array_priority__ = 2000.0

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        name = ufunc.__name__
        if method != "__call__":
            raise UnsupportedOperationError(
                f"np.{name}.{method} of a law: a law is not an array; use expect, mean or rvs"
            )
        if kwargs:
            raise UnsupportedOperationError(f"np.{name}(..., {', '.join(kwargs)}=): a law takes no such argument")
        if len(inputs) == 1:
            return _unary(ufunc, self)
        if ufunc not in BINARY or len(inputs) != 2:
            raise UnsupportedOperationError(
                f"np.{name} of a law: no transform of that name is registered; use dn.push(X, function)"
            )
        left, right = inputs
        law_first, law_second = BINARY[ufunc]
        if isinstance(left, Arithmetic):
            return law_first(left, _constant(right, name))
        return law_second(_constant(left, name), right)

    def __array_function__(self, function: Callable, types: Any, args: tuple, kwargs: dict) -> Any:
        if function is np.clip:
            return _clip(
                *args,
                **{
                    {"a_min": "low", "a_max": "high", "min": "low", "max": "high"}.get(key, key): v
                    for key, v in kwargs.items()
                },
            )
        if function is np.round:
            return push_forward(args[0], get("round")())
        raise UnsupportedOperationError(
            f"np.{function.__name__} of a law: a law is not an array; use its methods or rvs"
        )

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise UnsupportedOperationError("a law is not an array: use rvs(size) for draws")

    def __add__(self, c: Any) -> Any:
        return np.add(self, c)

    def __radd__(self, c: Any) -> Any:
        return np.add(c, self)

    def __sub__(self, c: Any) -> Any:
        return np.subtract(self, c)

    def __rsub__(self, c: Any) -> Any:
        return np.subtract(c, self)

    def __mul__(self, c: Any) -> Any:
        return np.multiply(self, c)

    def __rmul__(self, c: Any) -> Any:
        return np.multiply(c, self)

    def __truediv__(self, c: Any) -> Any:
        return np.divide(self, c)

    def __rtruediv__(self, c: Any) -> Any:
        return np.divide(c, self)

    def __floordiv__(self, c: Any) -> Any:
        return np.floor_divide(self, c)

    def __rfloordiv__(self, c: Any) -> Any:
        return np.floor_divide(c, self)

    def __mod__(self, c: Any) -> Any:
        return np.remainder(self, c)

    def __pow__(self, exponent: Any) -> Any:
        return np.power(self, exponent)

    def __rpow__(self, base: Any) -> Any:
        return np.power(base, self)

    def __neg__(self) -> Any:
        return np.negative(self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return np.absolute(self)

    def __round__(self, digits: int = 0) -> Any:
        if digits:
            raise UnsupportedOperationError(
                "round(X, digits): round to integers, or round(X * 10**digits) / 10**digits"
            )
        return push_forward(self, get("round")())

    def __rmatmul__(self, matrix: Any) -> Any:
        return np.matmul(matrix, self)

    def __rshift__(self, transform: Any) -> Any:
        if not isinstance(transform, Transform):
            told = argument_error("X >> g", "a transform, or dn.push(X, function)", transform)
            called = isinstance(transform, type) and issubclass(transform, Transform)
            raise UnsupportedOperationError(f"{told}; {transform.__name__}(...) is one" if called else told)
        return push_forward(self, transform)

    def _refuse_comparison(self, other: Any) -> NoReturn:
        raise UnsupportedOperationError("comparing a law: its probability is cdf or prob; same_as compares two laws")

    __lt__ = __le__ = __gt__ = __ge__ = _refuse_comparison

    def __bool__(self) -> bool:
        return True


def _matmul(matrix: Any, law: Any) -> Any:
    matrix = np.asarray(matrix, dtype=float)
    return push_forward(law, get("matrix_affine")(np.zeros(matrix.shape[0]), matrix))


BINARY[np.matmul] = (lambda law, c: _refuse_right_product(), _matmul)


def _refuse_right_product() -> NoReturn:
    raise UnsupportedOperationError("X @ A: write A.T @ X")


def _unary(ufunc: np.ufunc, law: Any) -> Any:
    if ufunc in UNARY:
        return UNARY[ufunc](law)
    name = NAMES.get(ufunc) or next((entry.name for entry in transforms if entry.metadata.get("ufunc") is ufunc), None)
    if name is None:
        raise UnsupportedOperationError(
            f"np.{ufunc.__name__} of a law: no transform of that name is registered; use dn.push(X, function)"
        )
    return push_forward(law, get(name)())
