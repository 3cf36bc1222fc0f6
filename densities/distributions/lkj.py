"""Cholesky's factors of random correlation matrices: the law of Lewandowski, Kurowicka and Joe."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from densities.distributions.base import register
from densities.distributions.continuous import Beta
from densities.distributions.continuous.heavy import digamma_gain
from densities.distributions.continuous.incomplete import digamma_remainder, gamma_ratio_remainder
from densities.distributions.dirichlet import LogitBeta, log_beta_quantile
from densities.distributions.discrete import Delta
from densities.distributions.matrix_base import MatrixDistribution
from densities.distributions.vector_base import VectorPart
from densities.domains import CorrelationCholesky
from densities.errors import ShapeError, UnsupportedOperationError, argument_error
from densities.logmath import log1p_minus_x
from densities.parameters import REQUIRED, bind, count, positive
from densities.protocols import push_forward
from densities.transforms.linear import Affine
from densities.transforms.power import Sqrt

LOG_2 = float(np.log(2.0))
NODES, WEIGHTS = np.polynomial.legendre.leggauss(20)


@register(
    "lkj_cholesky",
    source="Lewandowski, Kurowicka, Joe, J. Multivariate Anal. 100 (2009); Stan Functions Reference, lkj_corr_cholesky",
    examples=[{"n": 2, "concentration": 1.5}, {"n": 3, "concentration": 0.7}, {"n": 4, "concentration": 2.0}],
)
class LKJCholesky(MatrixDistribution):
    """f(L) ∝ Π_i L_ii^(2 concentration - 2 + n - i), i = 2, ..., n; L (..., n, n) -> (...,), per volume below its diagonal.

    L is the lower factor of a correlation matrix R = LLᵀ of density ∝ |R|^(concentration - 1): rows of length 1 with a
    diagonal > 0 and zeros above it, the lengths to 1e-9. n >= 2 is one whole number, concentration > 0. Row i is made of
    i - 1 independent normal variables and a chi variable of 2β_i degrees of freedom, over their length, with
    β_i = concentration + (n - i)/2. Every entry below the diagonal, like every correlation, is 2B - 1 with B of law
    beta(c, c), c = concentration + n/2 - 1. The roots are log (1 + z)/(1 - z) of the partial correlations z of the vine.
    """

    parameters = {"n": count(2, REQUIRED, "dim", "dimension"), "concentration": positive(REQUIRED, "eta", "shape")}

    def __init__(self, *args: Any, **kwargs: Any):
        self.params = bind(self.name, self.parameters, args, kwargs)
        n, concentration = self.params.values()
        if np.ndim(n):
            raise ShapeError(argument_error("lkj_cholesky: n", "one whole number", n))
        self.event_shape, self.batch_shape = (int(n), int(n)), np.shape(concentration)

    @property
    def support(self) -> CorrelationCholesky:
        return CorrelationCholesky(self.n)

    @property
    def carrier(self) -> str:
        return self.support.carrier(self.n)

    @property
    def _halves(self) -> np.ndarray:
        """Half the number of entries below the diagonal, of the rows after the first."""
        return 0.5 * np.arange(1, self.n)

    @property
    def _betas(self) -> np.ndarray:
        """β of these rows, (batch, n - 1): L_ii² is Beta(β, half)."""
        return np.asarray(self.params["concentration"])[..., None] + (self._halves[::-1] - 0.5)

    @cached_property
    def _log_constant(self) -> Any:
        """Σ log Γ(β + h)/(Γ(β) π^h) over the rows."""
        beta, half = self._betas, self._halves
        return np.sum(gamma_ratio_remainder(beta, half) + half * np.log(beta / np.pi), axis=-1)

    def raw_logpdf(self, x: Any) -> Any:
        """Entries of the diagonal near 1 are known better by the rest of their rows."""
        rows = range(1, self.n)
        diagonal = np.stack([x[..., i, i] for i in rows], axis=-1)
        rest = np.stack([np.sum(x[..., i, :i] * x[..., i, :i], axis=-1) for i in rows], axis=-1)
        small = diagonal < 0.5
        logs = np.where(small, np.log(diagonal), 0.5 * np.log1p(-np.where(small, 0.0, rest)))
        return np.sum(2.0 * (self._betas - 1.0) * logs, axis=-1) + self._log_constant

    def parts(self) -> Sequence[VectorPart]:  # type: ignore[override]
        n = self.n
        rows, columns = np.tril_indices(n, -1)
        shapes = self.params["concentration"] + 0.5 * np.arange(n - 1)[::-1]
        laws = [LogitBeta(float(b), float(b)) for b in shapes]

        def forward(x: np.ndarray) -> tuple[Any, Any]:
            w = np.zeros((*x.shape[:-1], n, n))
            w[..., rows, columns] = x
            # log(1 - z²)/2 of z = tanh(w/2), and its sums before an entry.
            logs = LOG_2 - 0.5 * np.abs(w) - np.log1p(np.exp(-np.abs(w)))
            lengths = np.cumsum(logs, axis=-1) - logs
            y = np.tril(np.tanh(0.5 * w) * np.exp(lengths), -1)
            y[..., range(n), range(n)] = np.exp(np.diagonal(lengths, axis1=-2, axis2=-1))
            slopes = lengths + 2.0 * logs - LOG_2
            return y, np.sum(slopes[..., rows, columns], axis=-1)

        def backward(y: np.ndarray) -> np.ndarray:
            squares = np.square(y)
            after = np.sqrt(np.cumsum(squares[..., ::-1], axis=-1)[..., ::-1][..., 1:])
            return 2.0 * np.arcsinh(y[..., rows, columns] / after[..., rows, columns])

        def quantiles(u: np.ndarray) -> np.ndarray:
            b, upper = shapes[columns], u > 0.5
            log_v = log_beta_quantile(b, b, np.where(upper, 1.0 - u, u))
            return np.where(upper, -1.0, 1.0) * (log_v - np.log1p(-np.exp(log_v)))

        return (VectorPart(1.0, tuple(laws[j] for j in columns), forward, quantiles=quantiles, backward=backward),)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        """The squares of the chi variables by logarithms: log Γ(β) = log Γ(β + 1) + log(U)/β does not underflow."""
        n, beta = self.n, np.broadcast_to(self._betas, (*shape, self.n - 1))
        logs = np.log(rng.standard_gamma(beta + 1.0)) - rng.standard_exponential(beta.shape) / beta
        y = np.tril(rng.standard_normal((*shape, n, n)), -1)
        y[..., 0, 0] = 1.0
        y[..., range(1, n), range(1, n)] = np.exp(0.5 * (LOG_2 + logs))
        return y / np.sqrt(np.sum(np.square(y), axis=-1, keepdims=True))

    def marginal(self, i: int, j: int) -> Any:
        """Entry (i, j): 0 above the diagonal, 2B - 1 with a beta variable B below it, on it the root of one."""
        if i < j:
            return Delta(0.0)
        if i > j:
            c = np.asarray(self.params["concentration"])[()] + (0.5 * self.n - 1.0)
            return push_forward(Beta(c, c), Affine(-1.0, 2.0))
        return push_forward(Beta(self._betas[..., i - 1], self._halves[i - 1]), Sqrt()) if i else Delta(1.0)

    @property
    def _shrinkage(self) -> np.ndarray:
        """log (E L_ii)²/E L_ii² < 0, by r(β) - r(β + h), r(a) = log Γ(a + 1/2) - log Γ(a) - log(a)/2, or the integral of r'."""
        beta, half = self._betas, self._halves
        a = beta[..., None] + half[:, None] * 0.5 * (NODES + 1.0)
        slope = log1p_minus_x(0.5 / a) + 0.25 / (a * (a + 0.5)) + digamma_remainder(a) - digamma_remainder(a + 0.5)
        whole = gamma_ratio_remainder(beta, 0.5) - gamma_ratio_remainder(beta + half, 0.5)
        return 2.0 * np.where(half <= beta, -0.5 * half * np.sum(WEIGHTS * slope, axis=-1), whole)

    @property
    def _squares(self) -> np.ndarray:
        """E L_ii² of the rows after the first."""
        return self._betas / (self._betas + self._halves)

    def closed_mean(self) -> Any:
        """0, but on the diagonal Γ(β + 1/2) Γ(β + h)/(Γ(β) Γ(β + h + 1/2)) with h = (i - 1)/2."""
        result = np.zeros((*self.batch_shape, self.n, self.n))
        result[..., 0, 0] = 1.0
        result[..., range(1, self.n), range(1, self.n)] = np.sqrt(self._squares) * np.exp(0.5 * self._shrinkage)
        return result

    def closed_var(self) -> Any:
        """1/(2c + 1) below the diagonal."""
        spread = 1.0 / (2.0 * np.asarray(self.params["concentration"]) + (self.n - 1.0))
        result = spread[..., None, None] * np.tri(self.n, k=-1)
        result[..., range(1, self.n), range(1, self.n)] = -self._squares * np.expm1(self._shrinkage)
        return result

    def closed_cov(self) -> Any:
        """The variances: entries of a row change their signs alone, and rows are independent, (batch, n, n, n, n)."""
        one = np.eye(self.n)
        return np.einsum("...ij,ik,jl->...ijkl", self.closed_var(), one, one)

    def closed_entropy(self) -> Any:
        """-log of the constant + Σ (β - 1) (ψ(β + h) - ψ(β))."""
        beta = self._betas
        result = np.sum((beta - 1.0) * digamma_gain(beta, self._halves), axis=-1) - self._log_constant
        return result if np.ndim(result) else float(result)

    def mode(self) -> Any:
        """The unit matrix for concentration > 1, otherwise UnsupportedOperationError: the density has no one maximum."""
        if not np.all(np.greater(self.params["concentration"], 1.0)):
            raise UnsupportedOperationError(f"mode: {self} has no one maximum, which takes concentration > 1")
        return np.array(np.broadcast_to(np.eye(self.n), self.batch_shape + self.event_shape))
