"""Maps of vectors whose later entries are moved and stretched by functions of earlier ones: log|det| is a sum.

A function is given entries that come before those that it moves, and nothing else: the matrix of slopes is triangular
whatever the function does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from densities.arrays import quiet
from densities.domains import RealVector
from densities.errors import ParameterError, ShapeError, argument_error
from densities.foreign import Foreign, ForeignError, wrapped
from densities.foreign.derivatives import hosted
from densities.transforms.base import EPS, Bijection

__all__ = ["AffineAutoregressive", "AffineCoupling"]

# What a function makes of earlier entries: the shift and the logarithm of the stretch of later ones.
Function = Callable[[Any], tuple[Any, Any]]
# A function that takes points one by one gives the same for several at once, to so many roundings.
ROUNDINGS = 2.0**10


class Conditioned(Bijection):
    """Blocks of entries, each y = loc + exp(log_scale)·x with (loc, log_scale) = function(the entries of x before it)."""

    expected: ClassVar[str]

    def __init__(self, n: int, starts: range, function: Function):
        self.n, self.starts = n, starts
        if not callable(function):
            raise ParameterError(argument_error(f"{type(self).__name__}: function", "a function of an array", function))
        self.given, self.params = function, {}
        self.domain = self.codomain = RealVector(n)
        points = np.random.default_rng(0).standard_normal((2, 3, n))
        expected = f"{type(self).__name__}: {self.expected}"
        try:
            self.function = hosted(function, points[..., : starts[-1]])
            with quiet():
                alone = all(self._takes_each(points[..., :start], stop - start) for start, stop in self._blocks)
        except (TypeError, ValueError, IndexError) as error:
            raise ShapeError(f"{expected}, got {type(error).__name__}: {error}") from error
        if not alone:
            raise ShapeError(f"{expected}, got one whose values at a point depend on the points beside it")

    @property
    def _blocks(self) -> list[tuple[int, int]]:
        """Where each block starts and ends."""
        return list(zip(self.starts, [*self.starts[1:], self.n], strict=True))

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        parts, logs = [x[..., : self.starts[0]]], []
        for start, stop in self._blocks:
            loc, log_scale = self._found(x[..., :start])
            parts.append(loc + np.exp(log_scale) * x[..., start:stop])
            logs.append(np.broadcast_to(log_scale, np.shape(parts[-1])))
        return _joined(parts, x), np.sum(_joined(logs, x), axis=-1)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        x, logs = y[..., : self.starts[0]], []
        for start, stop in self._blocks:
            loc, log_scale = self._found(x)
            part = (y[..., start:stop] - loc) * np.exp(-log_scale)
            logs.append(np.broadcast_to(-log_scale, np.shape(part)))
            x = _joined([x, part], y)
        return x, np.sum(_joined(logs, y), axis=-1)

    def _found(self, before: Any) -> tuple[Any, Any]:
        """(loc, log_scale) of the entries after those given: (..., k) -> (..., width) both, or what broadcasts to that."""
        try:
            loc, log_scale = self.function(before)
        except (TypeError, ForeignError):
            if not isinstance(before, Foreign):
                raise
            loc, log_scale = self.function(before.array)  # by functions of that library alone
        taken = wrapped if isinstance(before, Foreign) else np.asarray
        return self._shaped(taken(loc)), self._shaped(taken(log_scale))

    def _shaped(self, found: Any) -> Any:
        return found

    def _takes_each(self, before: np.ndarray, width: int) -> bool:
        """Whether the function takes points one by one, along whatever axes lead."""

        def values(points: np.ndarray) -> np.ndarray:
            shape = (*points.shape[:-1], width)
            return np.stack([np.broadcast_to(np.asarray(one, dtype=float), shape) for one in self._found(points)])

        alone = [values(before[index]) for index in np.ndindex(before.shape[:-1])]
        apart = np.moveaxis(np.reshape(alone, (*before.shape[:-1], 2, width)), -2, 0)
        return np.allclose(values(before), apart, rtol=ROUNDINGS * EPS, atol=ROUNDINGS * EPS, equal_nan=True)

    def same_as(self, other: object) -> bool:
        """Whether both have the same function, and as many entries."""
        return (
            type(self) is type(other)
            and isinstance(other, Conditioned)
            and (self.n, self.starts) == (other.n, other.starts)
            and bool(self.given == other.given)
        )


def _joined(parts: list[Any], like: Any) -> Any:
    return np.concatenate(parts, axis=-1).astype(like.dtype)


class AffineCoupling(Conditioned):
    """y_i = x_i for i <= kept, y_i = loc_i + exp(log_scale_i)·x_i beyond, from Rⁿ onto itself; (..., n) -> (..., n).

    (loc, log_scale) = function(x_1 .. x_kept), (..., kept) -> two arrays that broadcast to (..., n - kept), by functions of
    NumPy, which arrays of torch and JAX go through too, or of torch. log|det| = Σ log_scale_i. `Permute` between two
    couplings lets all entries take part. Two are the same map where they have the same function.

    Raises ParameterError unless 0 < kept < n, ShapeError where the function does not take each point by itself.
    Source: L. Dinh, J. Sohl-Dickstein, S. Bengio, Density estimation using Real NVP (2017), eq. 7.
    """

    expected = "function: expected one of points (..., kept) to two arrays that broadcast to (..., n - kept)"

    def __init__(self, n: int, kept: int, function: Function):
        for name, given, high in (("n", n, np.inf), ("kept", kept, n)):
            if not (isinstance(given, int | np.integer) and 0 < given < high):
                words = "a positive integer" + (f" below {n}" if name == "kept" else "")
                raise ParameterError(argument_error(f"AffineCoupling: {name}", words, given))
        super().__init__(int(n), range(kept, kept + 1), function)

    def __repr__(self) -> str:
        return f"AffineCoupling({self.n}, {self.starts[0]}, {self.given!r})"


class AffineAutoregressive(Conditioned):
    """y_i = loc_i + exp(log_scale_i)·x_i, (loc_i, log_scale_i) = function(x_1 .. x_{i-1}), from Rⁿ onto itself.

    (..., n) -> (..., n). The function takes (..., i - 1) to two arrays that broadcast to (...,), for i = 1 an array without
    entries; it tells i by the length. log|det| = Σ log_scale_i. Two are the same map where they have the same function.

    Raises ParameterError for an n that is no positive integer, ShapeError where the function does not take each point by
    itself. Source: G. Papamakarios, T. Pavlakou, I. Murray, Masked autoregressive flow (2017), eq. 3.
    """

    expected = "function: expected one of points (..., k) to two arrays that broadcast to (...,), for each k < n"

    def __init__(self, n: int, function: Function):
        if not (isinstance(n, int | np.integer) and n > 0):
            raise ParameterError(argument_error("AffineAutoregressive: n", "a positive integer", n))
        super().__init__(int(n), range(n), function)

    def _shaped(self, found: Any) -> Any:
        return (found if isinstance(found, Foreign) else np.asarray(found))[..., None]

    def __repr__(self) -> str:
        return f"AffineAutoregressive({self.n}, {self.given!r})"
