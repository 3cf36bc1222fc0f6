"""Numbers of many digits that answer the ufuncs of NumPy and SciPy, so that formulas written for doubles run on them.

A `Precise` is one real number of mpmath. A formula that meets one and a double keeps all digits where the double is exact or
stands for a known constant, and raises `RoundedError` otherwise (see `constants`): a formula either runs at full precision
or says that it cannot. Comparisons and selections (`where`, `maximum`) take doubles as they are.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from densities.arrays import rules_in
from densities.precise.constants import RoundedError, exact
from densities.precise.context import context

RULES: dict[Any, Callable[..., Any]] = {}
rule = rules_in(RULES)
Numbers = int | np.integer | bool | np.bool_


class Through:
    """What helpers made for doubles do not compute with: they ask its kind for the answer."""

    __slots__ = ()

    @classmethod
    def through(cls, function: Callable, twin: Callable, slopes: tuple[Callable, ...], arguments: tuple) -> Any:
        """What the helper `function` gives, by `twin`, its formula without cuts, by its derivatives, or by itself."""
        raise NotImplementedError


class Lifted(Through):
    """A number that formulas take in the place of a double: parameters and ends of supports may be such numbers."""

    __slots__ = ()


class Precise(Lifted):
    """One real number with the digits of the current context."""

    __slots__ = ("mpf",)
    __array_priority__ = 2000.0
    __hash__ = None  # type: ignore[assignment]
    shape: tuple[int, ...] = ()
    ndim = 0
    size = 1
    dtype = np.dtype(float)

    def __init__(self, mpf: Any):
        self.mpf = mpf

    @classmethod
    def through(cls, function: Callable, twin: Callable, slopes: tuple[Callable, ...], arguments: tuple) -> Any:
        return twin(*(cls(operand(x)) for x in arguments))

    def __repr__(self) -> str:
        return f"Precise({self.mpf})"

    def __getitem__(self, index: Any) -> Precise:
        if index in ((), Ellipsis):
            return self
        raise RoundedError("a formula on arrays of nodes")

    def __float__(self) -> float:
        number = float(self.mpf)
        if number == self.mpf or self.mpf != self.mpf:
            return number
        raise RoundedError("a formula rounds to doubles on its way")

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        if dtype is not None and np.dtype(dtype) != object:
            return np.asarray(float(self), dtype=dtype)
        array = np.empty((), dtype=object)
        array[()] = self
        return array

    def __bool__(self) -> bool:
        return bool(self.mpf != 0)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        rule = RULES.get(ufunc)
        if rule is None or method != "__call__" or any(option is not None for option in kwargs.values()):
            raise RoundedError(f"{ufunc.__name__} is known to doubles alone")
        return rule(*inputs)

    def __array_function__(self, function: Any, types: Any, args: tuple, kwargs: dict) -> Any:
        rule = RULES.get(function)
        if rule is None:
            raise RoundedError(f"{function.__name__} is known to doubles alone")
        return rule(*args, **kwargs)

    def __add__(self, other: Any) -> Any:
        return Precise(self.mpf + operand(other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return Precise(self.mpf - operand(other))

    def __rsub__(self, other: Any) -> Any:
        return Precise(operand(other) - self.mpf)

    def __mul__(self, other: Any) -> Any:
        return Precise(self.mpf * operand(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return divide(other, self)

    def __pow__(self, exponent: Any) -> Any:
        return power(self, exponent)

    def __rpow__(self, base: Any) -> Any:
        return power(base, self)

    def __mod__(self, other: Any) -> Any:
        return mod(self, other)

    def __neg__(self) -> Precise:
        return Precise(-self.mpf)

    def __abs__(self) -> Precise:
        return Precise(abs(self.mpf))

    def __lt__(self, other: Any) -> Any:
        return np.bool_(self.mpf < plain(other))

    def __le__(self, other: Any) -> Any:
        return np.bool_(self.mpf <= plain(other))

    def __gt__(self, other: Any) -> Any:
        return np.bool_(self.mpf > plain(other))

    def __ge__(self, other: Any) -> Any:
        return np.bool_(self.mpf >= plain(other))

    def __eq__(self, other: object) -> Any:
        return np.bool_(self.mpf == plain(other))

    def __ne__(self, other: object) -> Any:
        return np.bool_(self.mpf != plain(other))


def scalar(x: Any) -> Any:
    """What a formula passes on, out of its array of no axes."""
    if isinstance(x, np.ndarray):
        if x.ndim:
            raise RoundedError("a formula on arrays of nodes")
        return x[()]
    return x


def operand(x: Any) -> Any:
    """`x` as an mpf that may enter a computation."""
    x = scalar(x)
    if isinstance(x, Precise):
        return x.mpf
    if isinstance(x, Numbers):
        return context().mpf(int(x))
    if isinstance(x, float | np.floating):
        return exact(float(x), context())
    raise RoundedError(f"{type(x).__name__} is no number of many digits")


def plain(x: Any) -> Any:
    """`x` as an mpf to compare with: a double is what it is."""
    x = scalar(x)
    if isinstance(x, Precise):
        return x.mpf
    if isinstance(x, float | Numbers | np.floating):
        return context().mpf(float(x))
    raise RoundedError(f"{type(x).__name__} is no number of many digits")


def real(x: Any) -> Any:
    """An mpf, NaN where a function has left the real line."""
    return context().nan if hasattr(x, "_mpc_") else x


def on_precise(formula: Callable) -> Callable[..., Precise]:
    """formula(mp, *mpfs) as a function of precise numbers."""

    def evaluate(*inputs: Any) -> Precise:
        mp = context()
        try:
            return Precise(real(formula(mp, *map(operand, inputs))))
        except mp.NoConvergence:
            raise RoundedError("a series of mpmath does not converge") from None

    return evaluate


def elementwise(*functions: Any) -> Callable[[Callable], Callable]:
    """Files formula(mp, *mpfs) for functions that take and give numbers."""

    def file(formula: Callable) -> Callable:
        rule(*functions)(on_precise(formula))
        return formula

    return file


def precisely(twin: Callable[..., Any], *slopes: Callable[..., Any]) -> Callable[[Callable], Callable]:
    """Decorates a helper made for doubles: where an argument is `Lifted`, `twin` answers, the same formula without its cuts.

    `slopes` are the partial derivatives, each a function of the value and of the arguments, where they are needed to more
    digits than differentiating the twin leaves.
    """

    def decorate(function: Callable) -> Callable:
        @functools.wraps(function)
        def either(*arguments: Any) -> Any:
            for x in arguments:
                if isinstance(x, Through):
                    return type(x).through(function, twin, slopes, arguments)
            return function(*arguments)

        return either

    return decorate


def divide(a: Any, b: Any) -> Precise:
    a, b = operand(a), operand(b)
    if b == 0:
        return Precise(context().nan if a == 0 or a != a else context().sign(a) * context().inf)
    return Precise(a / b)


def power(base: Any, exponent: Any) -> Precise:
    """base^exponent: inf where 0 has a negative exponent, NaN for a negative base unless the exponent is whole."""
    mp = context()
    x, a = operand(base), operand(exponent)
    if x == 0:
        return Precise(mp.inf if a < 0 else mp.mpf(1 if a == 0 else 0))
    return Precise(real(x**a))


def mod(a: Any, b: Any) -> Precise:
    a, b = operand(a), operand(b)
    return Precise(a - b * context().floor(a / b))


__all__ = [
    "RULES",
    "Lifted",
    "Precise",
    "Through",
    "elementwise",
    "on_precise",
    "operand",
    "plain",
    "precisely",
    "rule",
]
