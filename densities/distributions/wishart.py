"""Laws of positive definite matrices: Wishart's and its inverse, both by Bartlett's decomposition.

With scale = L Lᵀ the matrix is X = T Tᵀ, where T = L A for Wishart's law and T = L A⁻¹ for its inverse. The lower triangle
A has independent entries, chi variables on the diagonal and standard normal ones below it. These are the roots: the density
at X is theirs at A, over the Jacobian of the way from A to X, and no term of it has the size of the degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property, singledispatch
from typing import Any, ClassVar

import numpy as np
from scipy import special

from densities.anchored import value
from densities.arrays import quiet
from densities.distributions.base import register
from densities.distributions.continuous import Chi, Gamma, InverseGamma, Normal
from densities.distributions.elliptical import LOG_2PI, decomposed
from densities.distributions.matrix_base import MatrixDistribution
from densities.distributions.vector_base import VectorPart
from densities.domains import SPD
from densities.errors import ParameterError, UnsupportedOperationError, argument_error
from densities.numerics import doubled
from densities.numerics.cholesky import cholesky, forward
from densities.numerics.inverses import ILL, LARGEST, ExactInverse
from densities.parameters import REQUIRED, Parameters, bind, joint_shape, positive, real
from densities.transforms.base import Transform
from densities.transforms.matrices import Congruence, MatrixInverse

# What rounding may leave of a pivot.
BLURRED = 1e-8


class Bartlett(MatrixDistribution):
    """X = T Tᵀ with T made of L and A; a subclass says how, and with which degrees of freedom and Jacobian."""

    parameters = {"df": positive(REQUIRED, "nu"), "scale": real(REQUIRED, "scale_matrix", "covariance_matrix")}
    event_axes: ClassVar = {"scale": 2}

    def __init__(self, *args: Any, **kwargs: Any):
        given = bind(self.name, self.parameters, args, kwargs)
        df, scale = (np.asarray(p) for p in given.values())
        _, self._root, singular = decomposed(f"{self.name}: scale", scale)
        if singular:
            raise ParameterError(argument_error(f"{self.name}: scale", "a positive definite matrix", scale))
        # What reads one triangle and what reads both see one matrix.
        self.params = Parameters({**given, "scale": 0.5 * (scale + np.swapaxes(scale, -1, -2))})
        self.event_shape = scale.shape[-2:]
        if not np.all(df > self.n - 1):
            raise ParameterError(
                argument_error(f"{self.name}: df", f"more than {self.n - 1} for matrices of {self.n} rows", df)
            )
        self.batch_shape = joint_shape(self.name, "parameters", {"df": df.shape, "scale": scale.shape[:-2]})

    # ---- what a subclass says ----

    @property
    def _order(self) -> np.ndarray:
        """By how much the degrees of freedom of the diagonal of A are fewer than df."""
        raise NotImplementedError

    @property
    def _exponents(self) -> np.ndarray:
        """The powers of the diagonal of A in the Jacobian of A -> X, whose constant is 2ⁿ|L|^(n+1)."""
        raise NotImplementedError

    def _image(self, a: np.ndarray) -> np.ndarray:
        """T of A."""
        raise NotImplementedError

    def _back(self, factor: Any, of_scale: Any, solve: Callable[[Any, Any], Any]) -> Any:
        """A of the factors of X and of the scale, by `solve` of triangular systems."""
        raise NotImplementedError

    # ---- the law ----

    @property
    def support(self) -> SPD:
        return SPD(self.n)

    @property
    def carrier(self) -> str:
        return self.support.carrier(self.n)

    @cached_property
    def conditioning(self) -> float:
        """The condition number of the scale, its diagonal scaled to 1."""
        return float(np.max(np.linalg.cond(self._root)))

    @cached_property
    def _seen(self) -> tuple[np.ndarray, np.ndarray]:
        """The scale in units of its own."""
        return doubled.in_units(np.asarray(self.params["scale"]))

    @property
    def _units(self) -> np.ndarray:
        return self._seen[1]

    @cached_property
    def _doubled(self) -> doubled.Doubled:
        """The factor of the scale in these units."""
        with quiet():
            return doubled.cholesky(self._seen[0])

    @cached_property
    def _factor(self) -> np.ndarray:
        """L."""
        return self._units[..., :, None] * self._doubled[0]

    @cached_property
    def _log_det(self) -> Any:
        """log|L|."""
        return np.sum(np.log(self._units) + np.log(_diagonal(self._doubled[0])), axis=-1)

    @cached_property
    def _diagonal_law(self) -> Chi:
        """The laws of the diagonal of A, a batch (batch, n)."""
        return Chi(np.asarray(self.params["df"])[..., None] - self._order)

    def _log_jacobian(self, logs: np.ndarray) -> Any:
        """log|det dX/dA| of the logarithms of the diagonal of A, (..., n)."""
        return (self.n + 1) * self._log_det + self.n * np.log(2.0) + np.sum(self._exponents * logs, axis=-1)

    def logpdf_anywhere(self, x: np.ndarray) -> Any:
        """The log-density, -inf outside the support; where rounding blurs whether X is positive, its factor tells."""
        pivots = self.support.pivots(x)
        # After the first pivot that is noise all are.
        clear = np.logical_and.accumulate(pivots > BLURRED, axis=-1)
        seen = np.all((pivots > -BLURRED) | ~np.roll(clear, 1, axis=-1), axis=-1) & (pivots[..., 0] > 0.0)
        return np.where(
            seen, self.raw_logpdf(np.where(seen[..., None, None], x, self.support.interior_point())), -np.inf
        )

    def raw_logpdf(self, x: Any) -> Any:
        """The log-density of A less the logarithm of the Jacobian; -inf where only A shows that X is not positive."""
        return self._log_density(*self._whitened(x))

    def logpdf_by_factor(self, factor: np.ndarray) -> Any:
        a = self._back(factor / self._units[..., :, None], self._doubled[0], forward)
        return self._log_density(a, np.zeros(a.shape))

    def _log_density(self, a: np.ndarray, rest: np.ndarray) -> Any:
        """log f at the point that A and what it rounds away make."""
        diagonal, below = _diagonal(a), np.tril(a, -1)
        df = self._diagonal_law.params["df"]
        # What A rounds away, to the first order.
        moved = _diagonal(rest) * ((df - 1.0) / diagonal - diagonal)
        of_roots = np.sum(value(self._diagonal_law.raw_logpdf(diagonal)) + moved, axis=-1) - 0.5 * (
            np.sum(np.square(below), axis=(-2, -1)) + self.n * (self.n - 1) / 2 * LOG_2PI
        )
        found = of_roots - self._log_jacobian(np.log(diagonal))
        return np.where(np.isnan(found), -np.inf, found)

    def _whitened(self, x: Any) -> doubled.Doubled:
        """A at points, and what it rounds away: NaN where one is not positive."""
        x, units = doubled.in_units(np.asarray(x, dtype=float))
        stretch = (units / self._units)[..., None]  # a power of two, which rounds nothing
        factor = cholesky(np.tril(x))
        a = self._back(stretch * factor, self._doubled[0], forward)
        rest = np.zeros(a.shape)
        ill = ~(np.maximum(doubled.lost(x, factor), self._lost) * np.sqrt(self.params["df"]) <= doubled.ILL)
        if np.any(ill):
            ill = np.broadcast_to(ill, a.shape[:-2])
            chosen, scale, lower = (np.broadcast_to(y, a.shape)[ill] for y in (x, *self._doubled))
            stretch = np.broadcast_to(stretch, a.shape)[ill]
            of_points = tuple(stretch * part for part in doubled.cholesky(chosen))
            a[ill], rest[ill] = self._back(of_points, (scale, lower), doubled.forward)
        return a, rest

    @cached_property
    def _lost(self) -> Any:
        return doubled.lost(self._seen[0], self._doubled[0])

    def parts(self) -> Sequence[VectorPart]:  # type: ignore[override]
        n = self.n
        below = np.tril_indices(n, -1)
        diagonal = [Chi(float(df)) for df in self._diagonal_law.params["df"]]

        def forward(x: np.ndarray) -> tuple[Any, Any]:
            return _squared(factor(x)), self._log_jacobian(np.log(x[..., :n]))

        def factor(x: np.ndarray) -> np.ndarray:
            return self._image(_triangle(x[..., :n], x[..., n:]))

        def backward(y: np.ndarray) -> np.ndarray:
            a, _ = self._whitened(y)
            return np.concatenate([_diagonal(a), a[..., *below]], axis=-1)

        def quantiles(u: np.ndarray) -> np.ndarray:
            chi = value(self._diagonal_law.raw_ppf(u[..., :n]))
            return np.concatenate([chi, special.ndtri(u[..., n:])], axis=-1)

        roots = (*diagonal, *[Normal()] * len(below[0]))
        return (VectorPart(1.0, roots, forward, quantiles=quantiles, backward=backward, factor=factor),)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        diagonal = np.sqrt(rng.chisquare(self._diagonal_law.params["df"], (*shape, self.n)))
        return _squared(self._image(_triangle(diagonal, rng.standard_normal((*shape, self.n * (self.n - 1) // 2)))))

    def multiple(self, factor: Transform) -> Any:
        """The same law with a multiple of the scale."""
        return self.replace(scale=factor.forward(self.params["scale"]))

    def image_by_name(self, step: Transform) -> Any:
        """The law of matrix X matrixᵀ, and that of X⁻¹."""
        with suppress(ParameterError):  # a scale that rounding keeps from being positive
            return image_of_scale(step, self)
        return None

    def closed_entropy(self) -> Any:
        """The entropies of the entries of A, and E log of the Jacobian, with E log A_ii² = ψ(df_i/2) + log 2."""
        law, n = self._diagonal_law, self.n
        logs = 0.5 * (special.psi(law.params["df"] / 2.0) + np.log(2.0))
        of_roots = np.sum(law.entropy(), axis=-1) + n * (n - 1) / 4 * (1.0 + LOG_2PI)
        result = np.broadcast_to(of_roots + self._log_jacobian(logs), self.batch_shape)
        return result if result.ndim else float(result)

    @property
    def _df(self) -> np.ndarray:
        """df beside matrices."""
        return np.asarray(self.params["df"])[..., None, None]

    @property
    def _diagonal_products(self) -> np.ndarray:
        """√(V_ii V_jj)."""
        scales = np.sqrt(_diagonal(np.asarray(self.params["scale"])))
        return scales[..., :, None] * scales[..., None, :]

    def _crossed(self) -> np.ndarray:
        """V_ik V_jl + V_il V_jk, (batch, n, n, n, n)."""
        scale = np.asarray(self.params["scale"])
        return np.einsum("...ik,...jl->...ijkl", scale, scale) + np.einsum("...il,...jk->...ijkl", scale, scale)


@singledispatch
def image_of_scale(step: Any, law: Any) -> Any:
    """The law with the scale that a map of matrices makes of it; None where doubles do not hold that."""
    return None


@image_of_scale.register
def _(step: Congruence, law: Any) -> Any:
    if step.line.condition > ILL:
        return None
    matrix = np.asarray(step.params["matrix"], dtype=np.longdouble)
    return law.replace(scale=(matrix @ law.params["scale"] @ np.swapaxes(matrix, -1, -2)).astype(float))


@image_of_scale.register
def _(step: MatrixInverse, law: Any) -> Any:
    if law.n > LARGEST:
        return None
    scale = np.array(law.params["scale"])
    for member in np.ndindex(scale.shape[:-2]):
        inverse = ExactInverse(scale[member]).matrix
        scale[member] = 0.5 * (inverse + inverse.T)
    return INVERSES[type(law)](law.params["df"], scale)


def _diagonal(x: np.ndarray) -> np.ndarray:
    return np.diagonal(x, axis1=-2, axis2=-1)


def _squared(t: np.ndarray) -> np.ndarray:
    """T Tᵀ, both triangles alike."""
    x = t @ np.swapaxes(t, -1, -2)
    return 0.5 * (x + np.swapaxes(x, -1, -2))


def _triangle(diagonal: np.ndarray, below: np.ndarray) -> np.ndarray:
    """The lower triangles with these entries, those below the diagonal row by row."""
    n = diagonal.shape[-1]
    a = np.zeros((*diagonal.shape, n))
    a[..., range(n), range(n)] = diagonal
    a[..., *np.tril_indices(n, -1)] = below
    return a


@register(
    "wishart",
    source="M. L. Eaton, Multivariate Statistics (1983), ch. 8; M. S. Bartlett, Proc. R. Soc. Edinburgh 53 (1933)",
    examples=[
        {"df": 5.0, "scale": [[2.0, 0.5], [0.5, 1.0]]},
        {"df": 4.5, "scale": [[1.0, 0.3, 0.0], [0.3, 2.0, -0.5], [0.0, -0.5, 0.5]]},
    ],
)
class Wishart(Bartlett):
    """f(X) = |X|^((df-n-1)/2) exp(-tr(scale⁻¹X)/2)/(2^(df n/2) |scale|^(df/2) Γ_n(df/2)); X (..., n, n) -> (...,).

    The law of Σ zzᵀ over df independent normal vectors z of covariance scale; df > n - 1 is any real number. X is symmetric
    and positive definite, and its density refers to the volume of its lower triangle. scale (..., n, n) is symmetric and
    positive definite, otherwise ParameterError. log f is right to some eps·√df·(1 + |log f|), whatever the condition
    number of scale and X.
    """

    @property
    def _order(self) -> np.ndarray:
        return np.arange(self.n)

    @property
    def _exponents(self) -> np.ndarray:
        return self.n - np.arange(self.n)

    def _image(self, a: np.ndarray) -> np.ndarray:
        return self._factor @ a

    def _back(self, factor: Any, of_scale: Any, solve: Callable[[Any, Any], Any]) -> Any:
        return solve(of_scale, factor)

    def marginal(self, i: int, j: int) -> Any:
        """Entry (i, i): scale_ii times a chi-squared variable; None for the others."""
        if i != j:
            return None
        return Gamma(np.asarray(self.params["df"])[()] / 2.0, 2.0 * np.asarray(self.params["scale"])[..., i, i])

    def closed_mean(self) -> Any:
        """df·scale."""
        return self._df * self.params["scale"]

    def closed_var(self) -> Any:
        return np.square(self.std())

    def std(self) -> Any:
        """√(df (V_ij² + V_ii V_jj)), also where the doubles hold it and not its square."""
        return np.sqrt(self._df) * np.hypot(self.params["scale"], self._diagonal_products)

    def closed_cov(self) -> Any:
        """Cov(X_ij, X_kl) = df (V_ik V_jl + V_il V_jk), (batch, n, n, n, n)."""
        return self._df[..., None, None] * self._crossed()

    def mode(self) -> Any:
        """(df - n - 1)·scale for df > n + 1, otherwise UnsupportedOperationError: the density has no inner maximum."""
        excess = self._df - self.n - 1
        if not np.all(excess > 0):
            raise UnsupportedOperationError(f"mode: {self} has no maximum inside, which takes df > {self.n + 1}")
        return excess * self.params["scale"]


@register(
    "inverse_wishart",
    aliases=("invwishart",),
    source="M. L. Eaton, Multivariate Statistics (1983), ch. 8; D. von Rosen, Scand. J. Statist. 15 (1988)",
    examples=[
        {"df": 6.0, "scale": [[2.0, 0.5], [0.5, 1.0]]},
        {"df": 5.5, "scale": [[1.0, 0.3, 0.0], [0.3, 2.0, -0.5], [0.0, -0.5, 0.5]]},
    ],
)
class InverseWishart(Bartlett):
    """f(X) = |scale|^(df/2) exp(-tr(scale X⁻¹)/2)/(2^(df n/2) |X|^((df+n+1)/2) Γ_n(df/2)); X (..., n, n) -> (...,).

    The law of X for which X⁻¹ has Wishart's law with df degrees of freedom and the inverse of scale; what holds there for
    points, parameters and accuracy holds here.
    """

    @property
    def _order(self) -> np.ndarray:
        return np.arange(self.n)[::-1]

    @property
    def _exponents(self) -> np.ndarray:
        """X⁻¹ = L⁻ᵀ AᵀA L⁻¹: i + 1 of A -> AᵀA, and the inverse of that, |AᵀA|^-(n+1)."""
        return np.arange(self.n) - (2.0 * self.n + 1.0)

    def _image(self, a: np.ndarray) -> np.ndarray:
        return self._factor @ forward(a, np.eye(self.n))

    def _back(self, factor: Any, of_scale: Any, solve: Callable[[Any, Any], Any]) -> Any:
        return solve(factor, of_scale)

    def marginal(self, i: int, j: int) -> Any:
        """Entry (i, i): inverse gamma; None for the others."""
        if i != j:
            return None
        return InverseGamma(
            (np.asarray(self.params["df"])[()] - (self.n - 1)) / 2.0, self.params["scale"][..., i, i] / 2.0
        )

    @property
    def _excess(self) -> np.ndarray:
        """df - n + 1, which is twice the order of the first moment of the diagonal that is infinite."""
        return self._df - (self.n - 1)

    def closed_mean(self) -> Any:
        """scale/(df - n - 1) for df > n + 1; otherwise inf on the diagonal, and nan beside it."""
        spare = self._excess - 2.0
        regular = self.params["scale"] / np.where(spare > 0.0, spare, np.nan)
        return np.where(spare > 0.0, regular, np.where(np.eye(self.n, dtype=bool), np.inf, np.nan))

    def closed_var(self) -> Any:
        return np.square(self.std())

    def std(self) -> Any:
        """√(((m + 1) V_ij² + (m - 1) V_ii V_jj)/(m (m - 1)² (m - 3))), m = df - n > 3, otherwise inf."""
        m = self._excess - 1.0
        finite = m > 3.0
        m = np.where(finite, m, 4.0)
        entries = np.sqrt(m + 1.0) * np.asarray(self.params["scale"])
        size = np.hypot(entries, np.sqrt(m - 1.0) * self._diagonal_products)
        return np.where(finite, size / ((m - 1.0) * np.sqrt(m * (m - 3.0))), np.inf)

    def closed_cov(self) -> Any:
        """Cov(X_ij, X_kl) = (2 V_ij V_kl + (m - 1) (V_ik V_jl + V_il V_jk))/(m (m - 1)² (m - 3)), m = df - n > 3.

        Otherwise the variances are infinite and the covariances do not exist.
        """
        m = (self._excess - 1.0)[..., None, None]
        finite = m > 3.0
        m = np.where(finite, m, 4.0)
        scale = np.asarray(self.params["scale"])
        products = 2.0 * np.einsum("...ij,...kl->...ijkl", scale, scale) + (m - 1.0) * self._crossed()
        one = np.eye(self.n, dtype=bool)
        alike = np.einsum("ik,jl->ijkl", one, one) | np.einsum("il,jk->ijkl", one, one)
        return np.where(finite, products / (m * np.square(m - 1.0) * (m - 3.0)), np.where(alike, np.inf, np.nan))

    def mode(self) -> Any:
        """scale/(df + n + 1)."""
        return self.params["scale"] / (self._df + self.n + 1)


# What the inverse of X has.
INVERSES = {Wishart: InverseWishart, InverseWishart: Wishart}
