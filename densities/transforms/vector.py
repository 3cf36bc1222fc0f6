"""Maps of vectors: an elementwise map over event axes, and affine maps with a matrix."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from densities.anchored import value
from densities.domains import Domain, Integers, RealVector
from densities.errors import ParameterError, ShapeError, argument_error
from densities.foreign import Foreign, ForeignError
from densities.numerics.inverses import ILL, LARGEST, ExactInverse, condition
from densities.parameters import Parameter, bind, real
from densities.protocols import lift
from densities.transforms.base import EPS, Bijection, Transform, constant, register
from densities.transforms.chains import compose


class Each(Domain):
    """The arrays of `ndim` axes whose entries all lie in one set."""

    def __init__(self, entry: Domain, ndim: int):
        self.entry, self.event_ndim = entry, ndim

    def contains(self, x: Any) -> Any:
        return np.all(self.entry.contains(x), axis=tuple(range(-self.event_ndim, 0)))

    def holds_all(self, x: np.ndarray) -> bool:
        return self.entry.holds_all(x)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Each) and (self.entry, self.event_ndim) == (other.entry, other.event_ndim)

    def __hash__(self) -> int:
        return hash((Each, self.entry, self.event_ndim))

    def __str__(self) -> str:
        kind = "vectors" if self.event_ndim == 1 else f"arrays of {self.event_ndim} axes"
        return f"{kind} with entries in {self.entry}"


class Independent(Bijection):
    """y_i = g(x_i): an elementwise map over the last `n_axes` axes; log|det| is the sum over them.

    Where the parameters of g are arrays, their last axes run along the event axes.
    """

    def __init__(self, elementwise: Bijection, n_axes: int = 1):
        if not (isinstance(elementwise, Bijection) and elementwise.event_ndim == 0):
            raise ParameterError(argument_error("elementwise", "an invertible map of the line", elementwise))
        if not (isinstance(n_axes, int) and n_axes > 0):
            raise ParameterError(argument_error("n_axes", "a positive integer", n_axes))
        self.elementwise, self.n_axes = elementwise, n_axes
        self.params = elementwise.params
        self.batch_shape = elementwise.batch_shape[:-n_axes]
        self.domain, self.codomain = Each(elementwise.domain, n_axes), Each(elementwise.codomain, n_axes)

    @property
    def made_of(self) -> tuple[Any, ...]:
        return (self.elementwise,)

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        y, log_det = self.elementwise.forward_and_log_det(x)
        return y, self._sum(log_det, y)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        x, log_det = self.elementwise.inverse_and_log_det(y)
        return x, self._sum(log_det, x)

    def forward(self, x: Any) -> Any:
        return self.elementwise.forward(x)

    def inverse(self, y: Any) -> Any:
        return self.elementwise.inverse(y)

    def _sum(self, log_det: Any, points: Any) -> Any:
        known = value(points)
        spread = np.broadcast_to(value(log_det), np.shape(known))
        return np.sum(spread, axis=tuple(range(-self.n_axes, 0))).astype(known.dtype, copy=False)

    @property
    def inv(self) -> Bijection:
        if self._inverse is None:
            self._inverse = Independent(self.elementwise.inv, self.n_axes)
            self._inverse._inverse = self
        return self._inverse

    def jacobian(self, x: Any) -> Any:
        """The diagonal matrix of the slopes, over the flattened event axes: (..., n) -> (..., n, n)."""
        slopes = self.elementwise.jacobian(x)[..., 0, 0]
        slopes = slopes.reshape(*slopes.shape[: slopes.ndim - self.n_axes], -1)
        return slopes[..., None] * np.eye(slopes.shape[-1])

    def merge(self, after: Transform) -> Transform | None:
        if not (isinstance(after, Independent) and after.n_axes == self.n_axes):
            return None
        merged = compose(self.elementwise, after.elementwise)
        return Independent(merged, self.n_axes) if isinstance(merged, Bijection) else None

    def same_as(self, other: object) -> bool:
        return (
            isinstance(other, Independent)
            and self.n_axes == other.n_axes
            and self.elementwise.same_as(other.elementwise)
        )

    def __str__(self) -> str:
        return str(self.elementwise)

    def __repr__(self) -> str:
        return f"Independent({self.elementwise!r}, {self.n_axes})"


@lift.register
def _(elementwise: Transform, n_axes: int) -> Independent:
    return Independent(elementwise, n_axes)  # type: ignore[arg-type]


class Linear(Bijection):
    """y = loc + matrix x, whichever way the matrix is inverted."""

    def __init__(self, *args: Any, **kwargs: Any):
        self.params = bind(self.name, self.parameters, args, kwargs)
        matrix = np.asarray(self.params["matrix"])
        if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2]:
            raise ShapeError(argument_error(f"{self.name}: matrix", "the shape (..., n, n)", matrix.shape))
        n = matrix.shape[-1]
        loc = np.asarray(self.params["loc"])
        if loc.ndim and loc.shape[-1] not in (1, n):
            raise ShapeError(argument_error(f"{self.name}: loc", f"the shape (..., {n})", loc.shape))
        try:
            self.batch_shape = np.broadcast_shapes(loc.shape[:-1], matrix.shape[:-2])
        except ValueError:
            raise ShapeError(
                argument_error(self.name, "batches of loc and matrix that broadcast", (loc.shape, matrix.shape))
            ) from None
        self.domain = self.codomain = RealVector(n)
        self.check_matrix(matrix)

    def check_matrix(self, matrix: np.ndarray) -> None:
        """ParameterError for a singular matrix."""
        raise NotImplementedError

    @cached_property
    def log_det(self) -> Any:
        """log|det| of the matrix."""
        raise NotImplementedError

    def solve(self, right: Any) -> Any:
        """The solution of matrix x = right: (..., n) -> (..., n), as doubles have it."""
        raise NotImplementedError

    @cached_property
    def condition(self) -> float:
        """The condition number of the matrix, its rows and columns scaled; the largest one of a batch."""
        return float(np.max(condition(np.asarray(self.params["matrix"]))))

    @cached_property
    def resolved(self) -> Mapping[tuple[int, ...], ExactInverse]:
        """Inverses in more digits of the members whose systems doubles do not resolve."""
        matrix = np.asarray(self.params["matrix"], dtype=float)
        if matrix.shape[-1] > LARGEST or self.condition <= ILL:
            return {}
        return {member: ExactInverse(matrix[member]) for member in map(tuple, np.argwhere(condition(matrix) > ILL))}

    @property
    def inverse_matrix(self) -> np.ndarray:
        """The inverse of the matrix, rounded."""
        result = np.array(np.linalg.inv(self.params["matrix"]))
        for member, inverse in self.resolved.items():
            result[member] = inverse.matrix
        return result

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.forward(x), self.log_det

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return self.inverse(y), -self.log_det

    def forward(self, x: Any) -> Any:
        matrix = self.params["matrix"]
        product = x @ matrix.T if matrix.ndim == 2 else np.matmul(matrix, x[..., None])[..., 0]
        return (self.params["loc"] + product).astype(x.dtype, copy=False)

    def inverse(self, y: Any) -> Any:
        right = y - self.params["loc"]
        if isinstance(y, Foreign):
            return self._solved_elsewhere(right)
        x = np.asarray(self.solve(right), dtype=y.dtype)
        if self.resolved:
            # What is rounded away from y - loc, an ulp of either, is carried along.
            taken = right - y
            rest = (y - (right - taken)) - (self.params["loc"] + taken)
            for member, inverse in self.resolved.items():
                at: Any = (..., *member, slice(None))
                points, left = (np.broadcast_to(z, x.shape)[at] for z in (right, rest))
                found = inverse(points.reshape(-1, inverse.n).T, left.reshape(-1, inverse.n).T)
                x[at] = found.T.reshape(points.shape)
        return x

    def _solved_elsewhere(self, right: Foreign) -> Any:
        """By the inverse matrix, on arrays of another library."""
        if not self.condition <= ILL:
            raise ForeignError("a matrix whose systems doubles do not resolve")
        return np.matmul(self.inverse_matrix, right[..., None])[..., 0]

    def jacobian(self, x: Any) -> Any:
        """The matrix itself, for every point: (..., n) -> (..., n, n)."""
        matrix = self.params["matrix"]
        batch = np.broadcast_shapes(np.shape(x)[:-1], matrix.shape[:-2])
        return np.broadcast_to(matrix, (*batch, *matrix.shape[-2:]))

    def _solve_columns(self, solve_one: Any, solve_batch: Any, right: Any) -> Any:
        """One factorisation for all points where there is one matrix."""
        if self.params["matrix"].ndim == 2:
            return solve_one(right.reshape(-1, right.shape[-1]).T).T.reshape(right.shape)
        return solve_batch(right[..., None])[..., 0]


@register("matrix_affine", examples=[{"loc": [0.0, 1.0], "matrix": [[2.0, 1.0], [0.5, 3.0]]}])
class MatrixAffine(Linear):
    """y = loc + matrix x, from Rⁿ onto itself, by an LU decomposition; (..., n) -> (..., n).

    Raises ParameterError for a matrix that is singular to working precision after its rows and columns are scaled.
    """

    parameters = {"loc": real(0.0), "matrix": real()}
    latex = r"loc + matrix\,x"

    def check_matrix(self, matrix: np.ndarray) -> None:
        if not self.condition < 1 / (matrix.shape[-1] * EPS):
            raise ParameterError(argument_error("matrix_affine: matrix", "a matrix that is not singular", matrix))

    @cached_property
    def log_det(self) -> Any:
        """log|det| of the matrix."""
        found = np.array(np.linalg.slogdet(self.params["matrix"])[1])
        for member, inverse in self.resolved.items():
            found[member] = inverse.log_det
        return constant(found)

    @cached_property
    def _factors(self) -> Any:
        from scipy.linalg import lu_factor

        return lu_factor(self.params["matrix"])

    def solve(self, right: Any) -> Any:
        from scipy.linalg import lu_solve

        # SciPy counts the pivots from 1 while it solves, in place: each thread needs its own.
        factors, pivots = self._factors
        return self._solve_columns(
            lambda b: lu_solve((factors, pivots.copy()), b, check_finite=False),
            lambda b: np.linalg.solve(self.params["matrix"], b),
            right,
        )


@register(
    "triangular_affine",
    examples=[
        {"loc": [0.0, -1.0], "matrix": [[2.0, 0.0], [1.5, -0.5]]},
        {"loc": [0.0, -1.0], "matrix": [[2.0, 1.0], [0.0, 0.5]], "lower": False},
    ],
)
class TriangularAffine(Linear):
    """y = loc + matrix x with a triangular matrix, from Rⁿ onto itself; (..., n) -> (..., n).

    log|det| is the sum of the logarithms of the diagonal. Raises ParameterError for a zero on the diagonal, and for any
    other entry on the wrong side of it.
    """

    parameters = {"loc": real(0.0), "matrix": real(), "lower": Parameter(Integers(0, 1), 1)}
    latex = r"loc + matrix\,x"

    def __init__(self, loc: Any = 0.0, matrix: Any = None, lower: Any = True):
        super().__init__(loc, matrix, int(lower))

    def check_matrix(self, matrix: np.ndarray) -> None:
        triangle = np.tril(matrix) if self.params["lower"] else np.triu(matrix)
        diagonal = np.diagonal(matrix, axis1=-2, axis2=-1)
        if not (np.array_equal(triangle, matrix) and np.all(diagonal != 0)):
            side = "lower" if self.params["lower"] else "upper"
            raise ParameterError(
                argument_error(
                    "triangular_affine: matrix", f"a {side} triangular matrix without zeros on its diagonal", matrix
                )
            )

    @cached_property
    def log_det(self) -> Any:
        """log|det| of the matrix."""
        return constant(np.sum(np.log(np.abs(np.diagonal(self.params["matrix"], axis1=-2, axis2=-1))), axis=-1))

    def solve(self, right: Any) -> Any:
        from scipy.linalg import solve_triangular

        matrix, lower = self.params["matrix"], bool(self.params["lower"])
        return self._solve_columns(
            lambda b: solve_triangular(matrix, b, lower=lower, check_finite=False),
            lambda b: np.linalg.solve(matrix, b),
            right,
        )


@register(
    "banana",
    examples=[{"b": 0.5}, {"b": -2.0}],
    source="H. Haario, E. Saksman, J. Tamminen, Adaptive proposal distribution, Computational Statistics 14 (1999)",
)
class Banana(Bijection):
    """y = (x₁, x₂ + b x₁²), from R² onto itself; volume is preserved; (..., 2) -> (..., 2)."""

    parameters = {"b": real()}
    domain = codomain = RealVector(2)
    latex = r"\left(x_{1},\ x_{2} + b\,x_{1}^{2}\right)"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.forward(x), 0.0

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return self.inverse(y), 0.0

    def forward(self, x: Any) -> Any:
        return self._sheared(x, self.params["b"])

    def inverse(self, y: Any) -> Any:
        return self._sheared(y, -self.params["b"])

    @staticmethod
    def _sheared(x: Any, b: Any) -> Any:
        first, second = x[..., 0], x[..., 1]
        moved = second + b * (first * first)
        return np.stack(np.broadcast_arrays(first, moved), axis=-1).astype(x.dtype, copy=False)

    def jacobian(self, x: Any) -> Any:
        """[[1, 0], [2 b x₁, 1]]: (..., 2) -> (..., 2, 2)."""
        slope = 2.0 * self.params["b"] * np.asarray(x, dtype=float)[..., 0]
        return np.eye(2) + slope[..., None, None] * np.array([[0.0, 0.0], [1.0, 0.0]])
