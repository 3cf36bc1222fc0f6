"""Maps onto and between sets of matrices: positive definite ones, and the factors of those of correlations.

Log-determinants refer to the entries that densities on these sets refer to: the lower triangle of a symmetric matrix, row by
row, and what lies below the diagonal of the factor of a correlation matrix.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from densities.domains import REAL, SPD, CorrelationCholesky
from densities.errors import ShapeError, argument_error
from densities.numerics.doubled import resolved
from densities.parameters import bind, real
from densities.transforms.base import Bijection, register
from densities.transforms.vector import Each, MatrixAffine

__all__ = ["Congruence", "CorrelationFactor", "LogCholesky", "MatrixInverse"]

LOG_2 = math.log(2.0)


@register(
    "log_cholesky",
    source="J. C. Pinheiro, D. M. Bates, Unconstrained parametrizations for variance-covariance matrices (1996)",
)
class LogCholesky(Bijection):
    """y = L Lᵀ, L_ii = exp(x_ii), L_ij = x_ij below the diagonal: from Rᵈ, d = n(n + 1)/2, onto positive definite matrices.

    (..., d) -> (..., n, n), x the lower triangle row by row; log|det| = n log 2 + Σ (n + 2 - i) x_ii. Raises ShapeError where
    x fills no triangle.
    """

    domain, codomain = Each(REAL, 1), SPD()
    latex = r"L\,L^{\top},\quad L_{ii} = e^{x_{ii}},\ L_{ij} = x_{ij}"

    def image_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (rows_of(shape[0], 1),) * 2

    def preimage_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0] * (shape[0] + 1) // 2,)

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return squared(self.factor(x)), self._log_det([row[..., -1] for row in triangle(x, rows_of(x.shape[-1], 1), 1)])

    @staticmethod
    def factor(x: Any) -> Any:
        """L, which loses no digits: (..., d) -> (..., n, n)."""
        n = rows_of(x.shape[-1], 1)
        rows = [np.concatenate([row[..., :-1], np.exp(row[..., -1:])], axis=-1) for row in triangle(x, n, 1)]
        return stacked(rows, n)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        n = y.shape[-1]
        columns = resolved(y)
        logs = [np.log(columns[i][..., 0]) for i in range(n)]
        entries = [logs[i] if i == j else columns[j][..., i - j] for i in range(n) for j in range(i + 1)]
        return np.stack(entries, axis=-1), -self._log_det(logs)

    @staticmethod
    def _log_det(logs: list[Any]) -> Any:
        n = len(logs)
        return n * LOG_2 + sum((n + 1 - i) * log for i, log in enumerate(logs))


@register(
    "correlation_factor",
    aliases=("corr_cholesky",),
    source="D. Lewandowski, D. Kurowicka, H. Joe, J. Multivariate Anal. 100 (2009); Stan Reference Manual, Cholesky factors of "
    "correlation matrices",
)
class CorrelationFactor(Bijection):
    """y_ij = tanh(x_ij) s_ij, y_ii = s_ii, s_ij = Π_{k<j} 1/cosh(x_ik): from Rᵈ, d = n(n - 1)/2, onto factors of correlations.

    (..., d) -> (..., n, n), x what lies below the diagonal, row by row; y has rows of length 1, so that y yᵀ is a correlation
    matrix with the partial correlations tanh(x_ij) of a vine. log|det| = Σ log s_ij - 2 log cosh(x_ij). Raises ShapeError
    where x fills no triangle.
    """

    domain, codomain = Each(REAL, 1), CorrelationCholesky()
    latex = r"y_{ij} = \tanh\left(x_{ij}\right) \prod_{k<j} \frac{1}{\cosh x_{ik}}"

    def image_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (rows_of(shape[0], -1),) * 2

    def preimage_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0] * (shape[0] - 1) // 2,)

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        n = rows_of(x.shape[-1], -1)
        zero = np.zeros((*x.shape[:-1], 1), x.dtype)
        rows, log_det = [np.exp(zero)], 0.0
        for row in triangle(x, n, 0)[1:]:
            log_sech = LOG_2 - np.abs(row) - np.log1p(np.exp(-2.0 * np.abs(row)))
            log_s = np.cumsum(np.concatenate([zero, log_sech], axis=-1), axis=-1)
            rows.append(np.concatenate([np.tanh(row), np.exp(zero)], axis=-1) * np.exp(log_s))
            log_det = log_det + np.sum(log_s[..., :-1] + 2.0 * log_sech, axis=-1)
        return stacked(rows, n), log_det

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        """x_ij = arsinh(y_ij/|(y_i,j+1, ..., y_ii)|)."""
        n, found = y.shape[-1], [y[..., 0, :0]]
        for i in range(1, n):
            after = np.sqrt(np.flip(np.cumsum(np.flip(np.square(y[..., i, 1 : i + 1]), axis=-1), axis=-1), axis=-1))
            found.append(np.arcsinh(y[..., i, :i] / after))
        x = np.concatenate(found, axis=-1)
        return x, -self.forward_and_log_det(x)[1]


@register(
    "matrix_inverse", source="T. W. Anderson, An Introduction to Multivariate Statistical Analysis (2003), th. A.4.3"
)
class MatrixInverse(Bijection):
    """y = x⁻¹, from the positive definite matrices onto themselves; (..., n, n) -> (..., n, n).

    log|det| = -(n + 1) log|x|.
    """

    domain = codomain = SPD()
    latex = r"x^{-1}"

    @property
    def inv(self) -> Bijection:
        return self

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        n = x.shape[-1]
        columns = resolved(x)
        rows: list[Any] = []
        one = np.eye(n)
        for i in range(n):
            known = sum(columns[j][..., i - j, None] * rows[j] for j in range(i))
            rows.append((one[i] - known) / columns[i][..., 0, None])
        root = np.swapaxes(np.stack(rows, axis=-2), -1, -2)
        logs = sum(np.log(columns[i][..., 0]) for i in range(n))
        return squared(root).astype(x.dtype), -2.0 * (n + 1) * logs

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return self.forward_and_log_det(y)


@register("congruence", examples=[{"matrix": [[2.0, 1.0], [0.5, 3.0]]}])
class Congruence(Bijection):
    """y = matrix x matrixᵀ, from the positive definite matrices onto themselves; (..., n, n) -> (..., n, n).

    log|det| = (n + 1) log|det matrix|. Raises ParameterError for a matrix that is singular to working precision.
    """

    parameters = {"matrix": real()}
    latex = r"matrix\,x\,matrix^{\top}"

    def __init__(self, *args: Any, **kwargs: Any):
        self.params = bind(self.name, self.parameters, args, kwargs)
        self.line = MatrixAffine(0.0, self.params["matrix"])
        self.batch_shape = self.line.batch_shape
        self.domain = self.codomain = SPD(self.line.domain.n)  # type: ignore[attr-defined]

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.forward(x), (self.domain.n + 1) * self.line.log_det  # type: ignore[attr-defined]

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return self._moved(y, self.line.inverse_matrix), -(self.domain.n + 1) * self.line.log_det  # type: ignore[attr-defined]

    def forward(self, x: Any) -> Any:
        return self._moved(x, self.params["matrix"])

    @staticmethod
    def _moved(x: Any, matrix: np.ndarray) -> Any:
        y = matrix @ x @ np.swapaxes(matrix, -1, -2)
        return (0.5 * (y + np.swapaxes(y, -1, -2))).astype(x.dtype)


def rows_of(d: int, more: int) -> int:
    """n of d = n(n + more)/2 free entries, `more` 1 or -1."""
    n = (math.isqrt(8 * d + 1) - more) // 2
    if n * (n + more) != 2 * d or n == 0:
        raise ShapeError(argument_error("x", f"n(n {'+' if more > 0 else '-'} 1)/2 entries for matrices of n rows", d))
    return n


def triangle(x: Any, n: int, k: int) -> list[Any]:
    """The rows of a lower triangle, row i = 0, 1, ... of i + k entries."""
    ends = [i * (i - 1) // 2 + i * k for i in range(n + 1)]
    return [x[..., start:stop] for start, stop in itertools.pairwise(ends)]


def stacked(rows: list[Any], n: int) -> Any:
    """Lower triangular matrices of n rows, of their rows as far as the diagonal."""
    return np.stack(
        [np.concatenate([row, np.zeros((*row.shape[:-1], n - row.shape[-1]), row.dtype)], axis=-1) for row in rows],
        axis=-2,
    )


def squared(factor: Any) -> Any:
    """factor factorᵀ, both triangles alike."""
    y = factor @ np.swapaxes(factor, -1, -2)
    return 0.5 * (y + np.swapaxes(y, -1, -2))
