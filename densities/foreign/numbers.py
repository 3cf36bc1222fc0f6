"""An array of another library in the place of one of NumPy: it answers ufuncs and functions by those of its own library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from densities.errors import ShapeError
from densities.foreign.kinds import ForeignError, array_namespace, is_foreign, library_of, like, numpy_dtype, size_of
from densities.precise import Lifted, precisely

RULES: dict[Any, Callable[..., Any]] = {}


class Foreign(Lifted):
    """The array `array` of torch, JAX or CuPy. Its values are never looked at: they may not be there yet."""

    __slots__ = ("array",)
    __array_priority__ = 3000.0
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, array: Any):
        self.array = array

    @classmethod
    def through(cls, function: Callable, twin: Callable, slopes: tuple[Callable, ...], arguments: tuple) -> Any:
        """The formula where it is as good as the helper, or the helper where it runs; otherwise that on the host."""
        name = getattr(function, "__name__", None)
        own = RULES.get(name) or (twin if name in EXACT_TWINS else function if name in RUNNING else None)
        return own(*arguments) if own else RULES["host"](precisely(twin, *slopes)(function), arguments)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.array.shape)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return size_of(self.shape)

    @property
    def dtype(self) -> np.dtype:
        return numpy_dtype(self.array)

    def __repr__(self) -> str:
        return f"Foreign({self.array!r})"

    def __str__(self) -> str:
        return f"<array of {library_of(self.array)}>"

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Foreign:
        parts = index if isinstance(index, tuple) else (index,)
        if not all(part is None or part is Ellipsis or isinstance(part, int | np.integer | slice) for part in parts):
            raise ForeignError("points chosen by their values")
        return Foreign(self.array[tuple(int(part) if isinstance(part, np.integer) else part for part in parts)])

    def astype(self, dtype: Any, copy: bool = True) -> Foreign:
        """The same numbers: an array of another library keeps its precision."""
        return self if np.dtype(dtype).kind == "f" else Foreign(array_namespace(self.array).astype(self.array, dtype))

    def reshape(self, *shape: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)

    def __float__(self) -> float:
        raise ForeignError("a formula that needs numbers of Python")

    __int__ = __index__ = __float__

    def __bool__(self) -> bool:
        raise ForeignError("a formula that branches on values")

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise ForeignError(
            f"a place that takes plain numbers: expected an array of NumPy, got one of {library_of(self.array)}"
        )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(option is not None for option in kwargs.values()) and method == "__call__":
            raise ForeignError(f"options of {ufunc.__name__}")
        return RULES["ufunc"](ufunc, inputs) if method == "__call__" else RULES["method"](ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: tuple, kwargs: dict) -> Any:
        return RULES["function"](function, args, kwargs)

    def __add__(self, other: Any) -> Any:
        return np.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return np.add(other, self)

    def __sub__(self, other: Any) -> Any:
        return np.subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        return np.subtract(other, self)

    def __mul__(self, other: Any) -> Any:
        return np.multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return np.multiply(other, self)

    def __truediv__(self, other: Any) -> Any:
        return np.divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return np.divide(other, self)

    def __pow__(self, other: Any) -> Any:
        return np.power(self, other)

    def __rpow__(self, other: Any) -> Any:
        return np.power(other, self)

    def __mod__(self, other: Any) -> Any:
        return np.mod(self, other)

    def __matmul__(self, other: Any) -> Any:
        return np.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return np.matmul(other, self)

    def __neg__(self) -> Any:
        return np.negative(self)

    def __abs__(self) -> Any:
        return np.absolute(self)

    def __and__(self, other: Any) -> Any:
        return np.logical_and(self, other)

    __rand__ = __and__

    def __or__(self, other: Any) -> Any:
        return np.logical_or(self, other)

    __ror__ = __or__

    def __xor__(self, other: Any) -> Any:
        return np.logical_xor(self, other)

    __rxor__ = __xor__

    def __invert__(self) -> Any:
        return np.logical_not(self)

    def __lt__(self, other: Any) -> Any:
        return np.less(self, other)

    def __le__(self, other: Any) -> Any:
        return np.less_equal(self, other)

    def __gt__(self, other: Any) -> Any:
        return np.greater(self, other)

    def __ge__(self, other: Any) -> Any:
        return np.greater_equal(self, other)

    def __eq__(self, other: object) -> Any:
        return np.equal(self, other)  # type: ignore[call-overload]

    def __ne__(self, other: object) -> Any:
        return np.not_equal(self, other)  # type: ignore[call-overload]


class Equality(Foreign):
    """x == c elementwise; as one truth value it is False: a number that may vary equals no constant, no shortcut is taken."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False


class Inequality(Foreign):
    """x != c elementwise; as one truth value it is True."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return True


# Helpers whose formula for numbers of many digits is as good for doubles.
EXACT_TWINS = frozenset({"constant", "log1mexp", "logdiffexp"})
# Helpers that select by `where` alone, so that they run on arrays of other libraries as they stand.
RUNNING = frozenset({"digamma_remainder", "log_gamma_terms", "stirling"})


def wrapped(x: Any) -> Any:
    """`x` as a Foreign where it is an array of another library; a formula takes it then. Integers become the default float."""
    if not is_foreign(x):
        return x
    xp = array_namespace(x)
    return Foreign(x if xp.isdtype(x.dtype, "real floating") else floating(xp, x))


def floating(xp: Any, x: Any) -> Any:
    """Integers as the library's default floating numbers."""
    if not xp.isdtype(x.dtype, ("integral", "bool")):
        raise ShapeError(f"points: expected real numbers, got an array of {x.dtype}")
    return xp.astype(x, xp.asarray(0.0).dtype)


def unwrapped(x: Any, points: Any) -> Any:
    """What a formula gave, as an array of the library of the array `points`: a plain number for all of them is repeated."""
    if isinstance(x, Foreign):
        return x.array
    return like(np.broadcast_to(np.asarray(x, dtype=float), np.broadcast_shapes(np.shape(x), points.shape)), points)


__all__ = ["RULES", "Equality", "Foreign", "ForeignError", "Inequality", "unwrapped", "wrapped"]
