"""Laws of vectors and of other arrays: points are (..., n), densities (...,); batches of parameters lead, event axes trail.

Every law of this kind is one of independent scalar roots carried through a map (a Rosenblatt transformation), or a
mixture of such. The roots and the map serve draws, (quasi-)Monte Carlo and cubature alike, and a density at a point
that was made from the roots is their density over the Jacobian: the point is never inverted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NoReturn

import numpy as np

from densities.anchored import value
from densities.arrays import as_points, in_columns, quiet
from densities.distributions import vector_moments
from densities.distributions.base import Distribution
from densities.errors import AccuracyWarning, ShapeError, UnsupportedOperationError, argument_error, warn
from densities.foreign import summed
from densities.numerics.jacobian import jacobian
from densities.parameters import nested_text
from densities.protocols import many_digits


@dataclass(frozen=True, eq=False)
class VectorPart:
    """One term of an expectation, weight · E[f(forward(x))] with the entries of x independent, entry i of law roots[i].

    `forward` takes x (..., d) to (y, log|det dy/dx|), shapes (..., event) and (...,). Where `whole`, log p(y) is Σ log
    root - log_det. `quantiles` takes uniforms (..., d) to x, where there is a faster way than the quantiles of the
    roots, which reach tails that no draw does. `backward` takes y to x, where that is known. `logs` takes x to the logarithms
    of the entries of y, where these may underflow; `factor` to the lower factor T of a matrix y = T Tᵀ, which loses digits.
    """

    weight: float
    roots: tuple[Any, ...]
    forward: Callable[[np.ndarray], tuple[Any, Any]]
    whole: bool = True
    quantiles: Callable[[np.ndarray], np.ndarray] | None = None
    backward: Callable[[np.ndarray], np.ndarray] | None = None
    logs: Callable[[np.ndarray], np.ndarray] | None = None
    factor: Callable[[np.ndarray], np.ndarray] | None = None

    def log_density(self, x: np.ndarray) -> Any:
        """The log-density of the roots at x."""
        if self.alike:
            return np.sum(self.roots[0].logpdf(x), axis=-1)
        return sum(np.sum(root.logpdf(x[..., places]), axis=-1) for root, places in self.groups)

    @cached_property
    def groups(self) -> list[tuple[Any, list[int]]]:
        """The laws among the roots, each with its places: one call serves them."""
        found: dict[int, tuple[Any, list[int]]] = {}
        for i, root in enumerate(self.roots):
            found.setdefault(id(root), (root, []))[1].append(i)
        return list(found.values())

    @property
    def alike(self) -> bool:
        """Whether all roots are one law: then one call serves all of them."""
        return all(root is self.roots[0] for root in self.roots)

    def points(self, u: np.ndarray) -> np.ndarray:
        """x at the probabilities u, (..., d)."""
        with quiet():
            if self.quantiles is not None:
                return self.quantiles(u)
            columns = [value(root.raw_total_ppf(u[..., i])) for i, root in enumerate(self.roots)]
        return np.stack(np.broadcast_arrays(*columns), axis=-1)


class ArrayDistribution(Distribution):
    """A law of arrays: a subclass gives `support`, `raw_logpdf`, `parts`, `draw`, and the closed summaries it has."""

    # How many trailing axes of a parameter belong to the event; the others are batch.
    event_axes: ClassVar[Mapping[str, int]] = {}

    @property
    def n(self) -> int:
        """The number of coordinates of a vector, of rows of a matrix."""
        return self.event_shape[0]

    def raw_logpdf(self, x: Any) -> Any:
        """The log-density at points inside the support, the formula alone: (..., event) -> (...,)."""
        raise NotImplementedError

    def parts(self) -> Sequence[VectorPart]:  # type: ignore[override]
        """The law as independent roots carried through maps, for expectations and draws; for a law without batch."""
        raise NotImplementedError

    @property
    def atoms(self) -> tuple[np.ndarray, np.ndarray]:
        """The point masses: (locations (k, event), masses (k,))."""
        return np.empty((0, *self.event_shape)), np.empty(0)

    @property
    def carrier(self) -> str:
        """The set of full dimension that densities refer to; laws of different carriers are singular to each other."""
        raise NotImplementedError

    @property
    def conditioning(self) -> float:
        """How many eps the quadratic part of the log-density errs by, relatively."""
        return 1.0

    def shares_carrier(self, other: Any) -> bool:
        """Whether both laws have densities with respect to the same measure."""
        return self.carrier == other.carrier

    def factors(self) -> tuple[Any, ...] | None:
        """The laws of the coordinates where these are independent, otherwise None."""
        return None

    def entropy_terms(self) -> tuple[Any, Sequence[tuple[float, Any]]] | None:
        """A number and laws with signs: the entropy is the number and theirs, added up. None where that is not known."""
        return None

    def closed_dependence(self) -> tuple[float, float] | None:
        """The total correlation Σ H(Yᵢ) - H(Y) in nats and its rounding error, where it is known in closed form."""
        return None

    def member(self, index: tuple[int, ...], shape: tuple[int, ...]) -> Any:
        """The law at `index` of the batch, its parameters broadcast to `shape`."""
        if not self.batch_shape:
            return self
        chosen = {}
        for name, p in self.params.items():
            own = np.shape(p)[np.ndim(p) - self.event_axes.get(name, 0) :]
            chosen[name] = np.broadcast_to(p, (*shape, *own))[index]
        return self.replace(**chosen)

    # ---- densities ----

    def logpdf_by_logs(self, logs: np.ndarray) -> Any:
        """log f where the entries are e^logs, which may underflow; NaN where the law has no such formula."""
        return np.full(logs.shape[: logs.ndim - len(self.event_shape)], np.nan)

    def logpdf_by_factor(self, factor: np.ndarray) -> Any:
        """log f of the matrix T Tᵀ, which may round to one that is not positive; NaN where the law has no such formula."""
        return np.full(factor.shape[:-2], np.nan)

    def logpdf_anywhere(self, x: np.ndarray) -> Any:
        """The log-density, -inf outside the support."""
        inside = np.asarray(self.support.contains(x))
        if inside.all():
            return self.raw_logpdf(x)
        middle = self.support.interior_point()  # type: ignore[attr-defined]
        each = inside.reshape(inside.shape + (1,) * len(self.event_shape))
        return np.where(inside, self.raw_logpdf(np.where(each, x, middle)), -np.inf)

    @many_digits
    def logpdf(self, y: Any) -> Any:
        """log density at y (nats), (..., event) -> (...,): -inf outside the support, NaN where an entry is NaN.

        Raises ShapeError where the last axes of y are not those of a point, or the others do not broadcast with the batch.
        """
        points, restore = self._points(y)
        with quiet():
            result = np.asarray(self.logpdf_anywhere(points))
            if not np.isfinite(result).all():  # a missing entry never has a density
                result = np.where(self._missing(points), np.nan, result)
        return restore(result.astype(points.dtype, copy=False))

    @many_digits
    def pdf(self, y: Any) -> Any:
        """Density at y, (..., event) -> (...,): 0 outside the support."""
        with quiet():
            result = np.exp(self.logpdf(y))
        return result if np.ndim(result) else result.dtype.type(result) if result.dtype == np.float32 else float(result)

    def pmf(self, y: Any) -> Any:
        """P(Y = y): 0 where there is no atom."""
        points, restore = self._points(y)
        return restore(np.where(self._missing(points), np.nan, 0.0).astype(points.dtype))

    def logpmf(self, y: Any) -> Any:
        """log P(Y = y): -inf where there is no atom."""
        with quiet():
            result = np.log(self.pmf(y))
        return result if np.ndim(result) else float(result)

    def loglik(self, data: Any) -> Any:
        """The log-likelihood of independent observations, along the first axis of `data`; a number of its library."""
        return summed(self.logpdf(data))

    def _missing(self, points: np.ndarray) -> np.ndarray:
        """Which points have an entry that is NaN."""
        return np.isnan(points).any(axis=tuple(range(-len(self.event_shape), 0)))

    def _points(self, y: Any) -> tuple[np.ndarray, Callable[[Any], Any]]:
        points, _ = as_points(y)
        expected = self._described_points()
        axes = len(self.event_shape)
        if points.dtype == object:
            raise ShapeError(argument_error("y", expected, y))
        if points.shape[-axes:] != self.event_shape:
            raise ShapeError(f"y: expected {expected}, got the shape {points.shape}")
        try:
            shape = np.broadcast_shapes(points.shape[:-axes], self.batch_shape)
        except ValueError:
            raise ShapeError(
                f"y: expected {expected}, the others broadcasting with the batch {self.batch_shape}, "
                f"got the shape {points.shape}"
            ) from None
        plain: Callable[[Any], Any] = points.dtype.type if points.dtype == np.float32 else float
        return points, (lambda result: result) if shape else plain

    def _described_points(self) -> str:
        """What points of the law are, in words."""
        return f"points of shape {self.event_shape} in their last axes"

    # ---- draws ----

    @property
    def draw_dimension(self) -> int:
        """How many uniforms a draw takes."""
        parts = self.parts()
        return max(len(part.roots) for part in parts) + (len(parts) > 1)

    def draw_from(self, source: Any) -> Any:
        """Draws from a source of uniforms: (size, event)."""
        result = np.empty((source.size, *self.event_shape))
        with quiet():
            for part, rows, x in chosen_points(self.parts(), source.uniforms(self.draw_dimension)):
                result[rows] = part.forward(x)[0]
        return result

    # ---- summaries ----

    def mean(self) -> Any:
        """E[Y], (batch, event): nan where it does not exist, ±inf where it is infinite."""
        return vector_moments.mean(self)

    def cov(self) -> Any:
        """The covariances of all pairs of entries, (batch, event, event)."""
        return vector_moments.covariance(self)

    def entropy(self) -> Any:
        """The differential entropy E[-log f(Y)] in nats."""
        return vector_moments.entropy(self)

    def expect(self, function: Callable[[np.ndarray], Any]) -> float:
        """E[f(Y)] as a float, for f of points (..., event) -> (...,); `dn.expect` returns it with its error."""
        return vector_moments.expectation(self, function)

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise UnsupportedOperationError(
            f"cdf, quantiles and intervals: {self} is a law of {self.of_what}, which has none here; "
            "use marginal for those of a coordinate, or the share of rvs that lies in a set"
        )

    of_what: ClassVar[str]
    cdf = sf = logcdf = logsf = ppf = isf = median = interval = prob = _refuse

    def __str__(self) -> str:
        if self.batch_shape:
            return f"<{self.name} of batch shape {self.batch_shape}>"
        return f"{self.name}({', '.join(f'{key}={nested_text(p)}' for key, p in self.params.items())})"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={nested_text(p)}' for key, p in self.params.items())})"

    def simplify(self) -> Any:
        """The same law by its shortest name where one is known."""
        return self


class VectorDistribution(ArrayDistribution):
    """A law on Rⁿ, (..., n) -> (...,): what `ArrayDistribution` asks of a subclass, and the laws of its coordinates."""

    of_what = "vectors"

    @property
    def carrier(self) -> str:
        return f"R^{self.n}"

    def marginal(self, i: int) -> Any:
        """The law of coordinate i, on the line; None where it has no name here."""
        return None

    def among(self, entries: Sequence[int]) -> Any:
        """The joint law of several coordinates, of a law without batch; None where it has no name here."""
        return None

    def rearranged(self, places: Sequence[int]) -> Any:
        """The law of the vector whose entry i is entry places[i] of this one; None where that is a map like others."""
        return None

    def var(self) -> Any:
        """The variances of the coordinates, (batch, n)."""
        return vector_moments.variances(self)

    def std(self) -> Any:
        """The square roots of the variances."""
        return vector_moments.deviations(self)

    def score(self, y: Any) -> Any:
        """The gradient of the log-density at y, (..., n) -> (..., n): NaN where y is not inside the support.

        By formula of elliptical laws, products and mixtures of these; by extrapolated differences of others, with
        AccuracyWarning where an entry is not known to 1e-8 of the largest one of its point, as beside a mode. Raises
        UnsupportedOperationError for a law that has no density on Rⁿ, as on a simplex.
        """
        if self.carrier != f"R^{self.n}":
            raise UnsupportedOperationError(
                f"score of {self}: it lives on {self.carrier}, whose entries do not move one by one; "
                "carry it onto R^n first (dn.between has the map)"
            )
        points, _ = self._points(y)
        shape = np.broadcast_shapes(points.shape[:-1], self.batch_shape)
        at = np.array(np.broadcast_to(points, (*shape, self.n)), float)
        with quiet():
            slope = self.raw_score(at)
            known = np.isfinite(self.logpdf(at))[..., None] & np.isfinite(slope)
        return np.where(known, slope, np.nan).astype(points.dtype)

    def raw_score(self, x: np.ndarray) -> Any:
        """The gradient at points inside the support, (..., n) -> (..., n), NaN where it is not known."""

        def log_density(points: np.ndarray) -> np.ndarray:
            if np.iscomplexobj(points):
                raise TypeError("log-densities take real points")
            return np.asarray(self.logpdf(points))[..., None]

        slope, error = (found[..., 0, :] for found in jacobian(log_density, x))
        known = np.isfinite(log_density(x)) & np.isfinite(slope)
        size = np.max(np.abs(slope), axis=-1, keepdims=True)
        if np.any(known & (error > 1e-8 * size)):
            warn(f"score of {self}: absolute error {np.max(error[known]):.1e}", AccuracyWarning)
        return slope

    def _described_points(self) -> str:
        return f"points with {self.n} entries in their last axis"

    # ---- many points, entry by entry ----

    @property
    def columnwise(self) -> bool:
        """Whether `columns_logpdf` is there: then many points go block by block, each entry of a block in a row."""
        return False

    @property
    def columns_parallel(self) -> bool:
        """Whether several threads may take blocks: nothing runs but steps that are known to keep no state."""
        return False

    def columns_logpdf(self, x: np.ndarray) -> np.ndarray:
        """`raw_logpdf` of columns (n, width) -> (width,), `width` a whole number of `LANES`; x may be overwritten."""
        raise NotImplementedError

    def logpdf_anywhere(self, x: np.ndarray) -> Any:
        """The log-density, -inf outside the support."""
        return self._by_columns(self.columns_anywhere, x) if self.columnwise else super().logpdf_anywhere(x)

    def columns_anywhere(self, x: np.ndarray) -> np.ndarray:
        """`logpdf_anywhere` of columns."""
        inside = np.asarray(self.support.contains(x.T))
        if inside.all():
            return self.columns_logpdf(x)
        np.copyto(x, self.support.interior_point()[:, None], where=~inside)  # type: ignore[attr-defined]
        return np.where(inside, self.columns_logpdf(x), -np.inf)

    def _by_columns(self, function: Callable[[np.ndarray], np.ndarray], x: Any) -> np.ndarray:
        """A function of columns at points (..., n)."""
        x = np.asarray(x)
        return in_columns(function, x.reshape(-1, self.n), lambda: self.columns_parallel).reshape(x.shape[:-1])


def chosen_points(parts: Sequence[VectorPart], u: np.ndarray) -> list[tuple[VectorPart, Any, np.ndarray]]:
    """(part, its rows, points of its roots): the last column of u chooses the part where there are several."""
    if len(parts) == 1:
        return [(parts[0], slice(None), parts[0].points(u))]
    weights = np.cumsum([part.weight for part in parts])
    which = np.minimum(np.searchsorted(weights, u[:, -1] * weights[-1], side="right"), len(parts) - 1)
    found = []
    for index, part in enumerate(parts):
        rows = np.flatnonzero(which == index)
        found.append((part, rows, part.points(u[rows, :-1])))
    return found
