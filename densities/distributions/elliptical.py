"""Laws whose level sets are ellipsoids: the multivariate normal and Student's t."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from scipy import special

from densities.arrays import added
from densities.distributions.base import register
from densities.distributions.continuous import Normal, StudentT
from densities.distributions.continuous.heavy import digamma_gain
from densities.distributions.vector_base import VectorDistribution, VectorPart
from densities.domains import Domain, RealVector
from densities.errors import ParameterError, ShapeError, UnsupportedOperationError, argument_error
from densities.logmath import log1p_minus_x
from densities.numerics.cholesky import factor_of
from densities.numerics.substitution import lower_solver
from densities.parameters import REQUIRED, Parameters, bind, positive, real
from densities.transforms.vector import TriangularAffine

EPS = float(np.finfo(float).eps)
LOG_2PI = float(np.log(2 * np.pi))


class Elliptical(VectorDistribution):
    """loc + L z for a spherical z, with L Lᵀ the matrix; a subclass says how |z|² is distributed."""

    shared_draws = True
    location_name: ClassVar[str]
    matrix_name: ClassVar[str]

    def __init__(self, *args: Any, **kwargs: Any):
        params = bind(self.name, self.parameters, args, kwargs)
        matrix, loc = np.asarray(params[self.matrix_name]), np.asarray(params[self.location_name])
        self._scales, self._root, self.singular = decomposed(f"{self.name}: {self.matrix_name}", matrix)
        n = matrix.shape[-1]
        if loc.ndim and loc.shape[-1] not in (1, n):
            raise ShapeError(argument_error(f"{self.name}: {self.location_name}", f"the shape (..., {n})", loc.shape))
        self.params = Parameters({**params, self.location_name: np.array(np.broadcast_to(loc, (*loc.shape[:-1], n)))})
        self.event_shape = (n,)
        shapes = [np.shape(p)[: np.ndim(p) - self.event_axes.get(name, 0)] for name, p in self.params.items()]
        try:
            self.batch_shape = np.broadcast_shapes(*shapes)
        except ValueError:
            raise ShapeError(argument_error(self.name, "batches of parameters that broadcast", shapes)) from None

    @property
    def support(self) -> Domain:
        return RealVector(self.n)

    @cached_property
    def map(self) -> TriangularAffine:
        """x = loc + L z."""
        factor = factor_of(np.asarray(self.params[self.matrix_name]), self._scales, self._root)
        return TriangularAffine(self.params[self.location_name], factor)

    @property
    def scales(self) -> Any:
        """The square roots of the diagonal of the matrix."""
        return self._scales

    @property
    def correlation(self) -> Any:
        """The matrix with its diagonal scaled to 1."""
        return self._root

    @cached_property
    def _standardised(self) -> Callable[[np.ndarray], np.ndarray]:
        """L⁻¹ times columns."""
        return lower_solver(self.map.params["matrix"])

    @cached_property
    def conditioning(self) -> float:
        """The condition number of the scaled matrix, times the distance of the centre from 0 in its own units."""
        offset = np.max(np.abs(self.params[self.location_name]) / np.where(self._scales > 0, self._scales, 1.0))
        return float(np.max(np.linalg.cond(self._root)) * (1.0 + offset))

    @property
    def columnwise(self) -> bool:
        return not self.batch_shape

    @property
    def columns_parallel(self) -> bool:
        return True

    def raw_logpdf(self, x: Any) -> Any:
        if self.columnwise:
            return self._by_columns(self.columns_logpdf, x)
        z = _forward_substitution(
            self.map.params["matrix"], np.asarray(x, dtype=float) - self.params[self.location_name]
        )
        return self._log_spherical(np.sum(z * z, axis=-1)) - self.map.log_det

    def columns_anywhere(self, x: np.ndarray) -> np.ndarray:
        # Where an entry is not finite, or the distance is more than a double can hold, the sums end in -inf or NaN.
        return np.fmax(self.columns_logpdf(x), -np.inf)

    def columns_logpdf(self, x: np.ndarray) -> np.ndarray:
        x -= self.params[self.location_name][:, None]
        z = self._standardised(x)
        return self._log_spherical(added(np.square(z, out=z))) - self.map.log_det

    def _log_spherical(self, r2: Any) -> Any:
        """The log-density of z as a function of |z|²."""
        raise NotImplementedError

    def raw_score(self, x: np.ndarray) -> Any:
        factor = self.map.params["matrix"]
        z = _forward_substitution(factor, x - self.params[self.location_name])
        return np.linalg.solve(np.swapaxes(factor, -1, -2), self._spherical_score(z)[..., None])[..., 0]

    def _spherical_score(self, z: np.ndarray) -> Any:
        """The gradient of the log-density of z, (..., n) -> (..., n)."""
        raise NotImplementedError

    def affine_image(self, loc: Any, matrix: Any) -> Any:
        """The law of loc + matrix X, of the same family, its parameters summed in more digits than they keep; None where
        rounding leaves no positive matrix.
        """
        matrix = np.asarray(matrix, dtype=np.longdouble)
        new = matrix @ self.params[self.matrix_name] @ np.swapaxes(matrix, -1, -2)
        moved = (matrix @ self.params[self.location_name][..., None])[..., 0] + loc
        new = ((new + np.swapaxes(new, -1, -2)) / 2).astype(float)
        with suppress(ParameterError):
            return self.replace(**{self.location_name: moved.astype(float), self.matrix_name: new})
        return None

    def among(self, entries: Sequence[int]) -> Any:
        """Of the same family, with the entries of the parameters that belong to them."""
        chosen = list(entries)
        loc, matrix = self.params[self.location_name], np.asarray(self.params[self.matrix_name])
        return self.replace(**{self.location_name: loc[chosen], self.matrix_name: matrix[np.ix_(chosen, chosen)]})

    def closed_mode(self) -> Any:
        return np.broadcast_to(self.params[self.location_name], self.batch_shape + self.event_shape)

    def mode(self) -> Any:
        """The centre."""
        return np.array(self.closed_mode())


def _forward_substitution(factor: np.ndarray, right: np.ndarray) -> np.ndarray:
    """factor⁻¹ right for a batch of factors (..., n, n), right (..., n)."""
    z = np.empty(np.broadcast_shapes(right.shape, factor.shape[:-1]))
    for i in range(factor.shape[-1]):
        known = np.sum(z[..., :i] * factor[..., i, :i], axis=-1)
        z[..., i] = (right[..., i] - known) / factor[..., i, i]
    return z


def decomposed(argument: str, matrix: np.ndarray) -> tuple[Any, Any, bool]:
    """Scales √diag, the matrix scaled to a unit diagonal, and whether that is singular to working precision."""
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2]:
        raise ShapeError(argument_error(argument, "the shape (..., n, n)", matrix.shape))
    diagonal = np.diagonal(matrix, axis1=-2, axis2=-1)
    if not np.all(diagonal >= 0):
        raise ParameterError(argument_error(argument, "a positive semi-definite matrix (a diagonal >= 0)", matrix))
    scales = np.sqrt(diagonal)
    divisor = np.where(scales > 0, scales, 1.0)
    scaled = matrix / divisor[..., :, None] / divisor[..., None, :]
    tolerance = 8 * EPS * matrix.shape[-1]
    if not np.all(np.abs(scaled - np.swapaxes(scaled, -1, -2)) <= tolerance):
        raise ParameterError(argument_error(argument, "a symmetric matrix", matrix))
    scaled = (scaled + np.swapaxes(scaled, -1, -2)) / 2
    smallest = np.linalg.eigvalsh(scaled)[..., 0]
    if not np.all(smallest >= -tolerance):
        raise ParameterError(argument_error(argument, "a positive semi-definite matrix", matrix))
    return scales, scaled, bool(np.any(smallest <= tolerance))


def _total_correlation(correlation: Any) -> tuple[float, float]:
    """-log det(R)/2 = Σ (e - log(1 + e))/2 over the eigenvalues e of R - 1, whose sum is zero: no term is negative.

    An eigenvalue errs by a few eps of the largest one, and its term by that times e/(1 + e).
    """
    n = correlation.shape[-1]
    e = np.linalg.eigvalsh(correlation - np.eye(n))
    total = float(np.sum(-log1p_minus_x(e)) / 2)
    return total, float(4 * n * EPS * np.max(np.abs(e)) * np.sum(np.abs(e / (1 + e)))) + 4 * EPS * total


@register(
    "multivariate_normal",
    aliases=("mvn",),
    source="definition",
    examples=[
        {"mean": [0.0, 1.0], "cov": [[1.0, 0.6], [0.6, 2.0]]},
        {"mean": [0.0, 0.0, 0.0], "cov": [[1.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 0.25]]},
    ],
)
class MultivariateNormal(Elliptical):
    """f(x) = exp(-(x - mean)ᵀ cov⁻¹ (x - mean)/2)/√det(2π cov); mean (..., n), cov (..., n, n), x (..., n) -> (...,).

    cov is symmetric and positive semi-definite, otherwise ParameterError. Where it is singular (to working precision,
    after its diagonal is scaled to 1) the law lives on a plane: it has draws and moments, but no density, and every
    law with a density is infinitely far from it. By Cholesky's factor, exact but for its
    rounding; the error of log f is about eps·√cond(cov)·|z|² (eps·cond(cov)·|z|² of more than 50 entries).
    """

    parameters = {"mean": real(REQUIRED, "loc"), "cov": real(REQUIRED, "covariance", "covariance_matrix")}
    location_name, matrix_name = "mean", "cov"
    event_axes = {"mean": 1, "cov": 2}

    def _log_spherical(self, r2: Any) -> Any:
        return -0.5 * (r2 + self.n * LOG_2PI)

    def _spherical_score(self, z: np.ndarray) -> Any:
        return -z

    @property
    def carrier(self) -> str:
        return f"a plane in R^{self.n}" if self.singular else super().carrier

    def shares_carrier(self, other: Any) -> bool:
        if not (self.singular and isinstance(other, MultivariateNormal) and other.singular):
            return super().shares_carrier(other)
        seen = self.seen_on(other)
        return seen is not None and not seen.singular

    def seen_on(self, other: Any) -> Any:
        """The law in coordinates of the plane that carries `other`, scaled to its variances; None outside it."""
        eigenvalues, vectors = np.linalg.eigh(other.correlation)
        inside = eigenvalues > 8 * EPS * self.n
        basis, normal = vectors[:, inside], vectors[:, ~inside]
        scales = np.where(other.scales > 0, other.scales, 1.0)
        cov = self.params["cov"] / scales[:, None] / scales
        shift = (self.params["mean"] - other.params["mean"]) / scales
        blur = 64 * EPS * self.n
        size = (np.abs(self.params["mean"]) + np.abs(other.params["mean"])) / scales
        if np.any(np.abs(normal.T @ cov) > blur * np.max(np.abs(cov))) or np.any(
            np.abs(normal.T @ shift) > blur * np.max(size, initial=0.0)
        ):
            return None
        return MultivariateNormal(basis.T @ shift, basis.T @ cov @ basis)

    def raw_logpdf(self, x: Any) -> Any:
        self._require_density()
        return super().raw_logpdf(x)

    def columns_logpdf(self, x: np.ndarray) -> np.ndarray:
        self._require_density()
        return super().columns_logpdf(x)

    def _require_density(self) -> None:
        if self.singular:
            raise UnsupportedOperationError(
                f"{self}: its covariance is singular, so it has no density in {self.n} dimensions; "
                "draws and moments are there, and marginal(i) has a density"
            )

    def parts(self) -> Sequence[VectorPart]:  # type: ignore[override]
        self._require_density()
        forward, backward = self.map.forward_and_log_det, self.map.inverse
        return (VectorPart(1.0, (Normal(),) * self.n, forward, quantiles=special.ndtri, backward=backward),)

    @cached_property
    def _factor(self) -> Any:
        """F with F Fᵀ = cov, for draws, whether singular or not."""
        if not self.singular:
            return self.map.params["matrix"]
        eigenvalues, vectors = np.linalg.eigh(self._root)
        return self._scales[..., :, None] * vectors * np.sqrt(np.maximum(eigenvalues, 0.0))[..., None, :]

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        z = rng.standard_normal((*shape, self.n))
        return self.params["mean"] + (self._factor @ z[..., None])[..., 0]

    def marginal(self, i: int) -> Any:
        """Coordinate i: normal."""
        if not np.all(self._scales[..., i] > 0):
            return None
        return Normal(self.params["mean"][..., i], self._scales[..., i])

    def factors(self) -> tuple[Any, ...] | None:
        if np.any(self._root[..., ~np.eye(self.n, dtype=bool)]):
            return None
        return tuple(self.marginal(i) for i in range(self.n))

    def closed_dependence(self) -> tuple[float, float] | None:
        return None if self.singular or self.batch_shape else _total_correlation(self._root)

    def closed_mean(self) -> Any:
        """The mean (n,)."""
        return np.array(np.broadcast_to(self.params["mean"], (*self.batch_shape, self.n)))

    def closed_cov(self) -> Any:
        """The covariance (n, n)."""
        return np.array(np.broadcast_to(self.params["cov"], (*self.batch_shape, self.n, self.n)))

    def closed_entropy(self) -> Any:
        """n/2 log(2πe) + log det(cov)/2; -inf for a singular covariance."""
        if self.singular:
            return -np.inf
        result = np.broadcast_to(0.5 * self.n * (1 + LOG_2PI) + self.map.log_det, self.batch_shape)
        return result if result.ndim else float(result)


@register(
    "multivariate_t",
    source="Kotz & Nadarajah, Multivariate t Distributions and Their Applications, ch. 1",
    examples=[{"df": 3.0, "loc": [0.0, 1.0], "shape": [[1.0, 0.6], [0.6, 2.0]]}],
)
class MultivariateT(Elliptical):
    """f(x) ∝ (1 + |z|²/df)^(-(df + n)/2), x = loc + L z, L Lᵀ = shape; x (..., n) -> (...,).

    df > 0, shape symmetric and positive definite, otherwise ParameterError. z has the entries z_i = c_i t_i with
    independent Student's t of df + i degrees of freedom and c_i² = (df + z_0² + ... + z_{i-1}²)/(df + i), which is
    also where the constant is from.
    """

    parameters = {
        "df": positive(REQUIRED, "nu"),
        "loc": real(REQUIRED, "mean"),
        "shape": real(REQUIRED, "scale_matrix"),
    }
    location_name, matrix_name = "loc", "shape"
    event_axes = {"loc": 1, "shape": 2}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.singular:
            raise ParameterError(
                argument_error("multivariate_t: shape", "a positive definite matrix", self.params["shape"])
            )

    @cached_property
    def _log_constant(self) -> Any:
        df = np.asarray(self.params["df"])
        return sum(StudentT(df + i).logpdf(0.0) + 0.5 * np.log1p(i / df) for i in range(self.n))

    def _log_spherical(self, r2: Any) -> Any:
        df = self.params["df"]
        return self._log_constant - 0.5 * (df + self.n) * np.log1p(r2 / df)

    def _spherical_score(self, z: np.ndarray) -> Any:
        """-(df + n) z/(df + |z|²), both divided by the largest entry, whose square may be no double."""
        df = np.asarray(self.params["df"])[..., None]
        largest = np.maximum(np.max(np.abs(z), axis=-1, keepdims=True), 1.0)
        u = z / largest
        return -(df + self.n) * u / (df / largest + largest * np.sum(u * u, axis=-1, keepdims=True))

    def raw_logpdf(self, x: Any) -> Any:
        found = super().raw_logpdf(x)
        far = np.isneginf(found)
        return np.where(far, self._log_far(np.asarray(x, dtype=float)), found) if np.any(far) else found

    def columns_logpdf(self, x: np.ndarray) -> np.ndarray:
        given = x.copy()
        found = super().columns_logpdf(x)
        far = np.flatnonzero(np.isneginf(found))
        if far.size:
            found[far] = self._log_far(given[:, far].T)
        return found

    def _log_far(self, x: np.ndarray) -> Any:
        """The log-density where |z|² has overflowed and the power law still is a double; -inf at infinity."""
        z = _forward_substitution(self.map.params["matrix"], x - self.params["loc"])
        largest = np.max(np.abs(z), axis=-1)
        log_radius = np.log(largest) + 0.5 * np.log(np.sum(np.square(z / largest[..., None]), axis=-1))
        df = self.params["df"]
        found = self._log_constant - 0.5 * (df + self.n) * (2.0 * log_radius - np.log(df)) - self.map.log_det
        return np.where(np.isfinite(log_radius), found, -np.inf)

    def parts(self) -> Sequence[VectorPart]:  # type: ignore[override]
        df = self.params["df"]

        def forward(x: np.ndarray) -> tuple[Any, Any]:
            z, log_det, r2 = np.empty_like(x), 0.0, 0.0
            for i in range(self.n):
                scale2 = (df + r2) / (df + i)
                z[..., i] = x[..., i] * np.sqrt(scale2)
                log_det = log_det + 0.5 * np.log(scale2)
                r2 = r2 + np.square(z[..., i])
            y, log_scale = self.map.forward_and_log_det(z)
            return y, log_det + log_scale

        def backward(y: np.ndarray) -> np.ndarray:
            squares = np.square(self.map.inverse(y))
            before = np.cumsum(squares, axis=-1) - squares
            return self.map.inverse(y) * np.sqrt(freedoms / (df + before))

        freedoms = df + np.arange(self.n)
        roots = tuple(StudentT(float(one)) for one in freedoms)
        return (VectorPart(1.0, roots, forward, quantiles=lambda u: special.stdtrit(freedoms, u), backward=backward),)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        df = np.asarray(self.params["df"])
        z = rng.standard_normal((*shape, self.n)) / np.sqrt(rng.chisquare(np.broadcast_to(df, shape)) / df)[..., None]
        return self.map.forward(z)

    def marginal(self, i: int) -> Any:
        """Coordinate i: Student's t of the same degrees of freedom."""
        return StudentT(self.params["df"], self.params["loc"][..., i], self._scales[..., i])

    def closed_mean(self) -> Any:
        """The mean (n,)."""
        exists = np.asarray(self.params["df"])[..., None] > 1
        return np.where(exists, np.broadcast_to(self.params["loc"], (*self.batch_shape, self.n)), np.nan)

    def closed_cov(self) -> Any:
        """shape·df/(df - 2) for df > 2; otherwise infinite variances, and covariances that do not exist."""
        df = np.asarray(self.params["df"])[..., None, None]
        finite = df > 2
        regular = self.params["shape"] * (df / np.where(finite, df - 2, 1.0))
        return np.where(finite, regular, np.where(np.eye(self.n, dtype=bool), np.inf, np.nan))

    def closed_entropy(self) -> Any:
        """Σ H(t_i) + E[log c_i] + log|L|, with E log(1 + |z_0..i|²/df) = ψ((df + i)/2) - ψ(df/2)."""
        df = np.asarray(self.params["df"])
        total = self.map.log_det
        for i in range(self.n):
            spread = digamma_gain(df / 2, i / 2)
            total = total + StudentT(df + i).entropy() + 0.5 * (spread - np.log1p(i / df))
        result = np.broadcast_to(total, self.batch_shape)
        return result if result.ndim else float(result)
