"""Cholesky's factor of matrices that doubles cannot resolve: in the precision of the entries, whatever they are.

In doubles the factor of C is off by eps·cond(C); rounded from the exact one, it leaves eps in log det C and eps·√cond(C)
in L⁻¹x.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from densities.precise.context import context, digits

__all__ = ["DIGITS", "LARGEST", "cholesky", "exactly", "factor_of", "forward"]

# Decimal digits that outlast any cancellation in matrices of doubles, up to so many rows.
DIGITS, LARGEST = 100, 50
# Matrices of this condition number, their diagonal scaled to 1, lose three digits in doubles.
ILL = 1e3


def cholesky(matrix: Any) -> Any:
    """The lower factor by columns, (..., n, n), in the precision of its argument (LAPACK's is double only)."""
    factor = np.zeros_like(matrix)
    for j in range(matrix.shape[-1]):
        column = matrix[..., j:, j] - (factor[..., j:, :j] @ factor[..., j, :j, None])[..., 0]
        factor[..., j:, j] = column / np.sqrt(column[..., :1])
    return factor


def forward(factor: Any, right: Any) -> Any:
    """factor⁻¹ right, (..., n, k), by forward substitution."""
    solution = np.zeros(np.broadcast_shapes(factor.shape[:-2], right.shape[:-2]) + right.shape[-2:], dtype=right.dtype)
    for i in range(factor.shape[-1]):
        known = factor[..., i : i + 1, :i] @ solution[..., :i, :]
        solution[..., i, :] = (right[..., i, :] - known[..., 0, :]) / factor[..., i, i, None]
    return solution


def exactly(x: np.ndarray) -> np.ndarray:
    """Doubles as numbers of mpmath, in the digits at work."""
    return np.vectorize(context().mpf, otypes=[object])(x)


def factor_of(matrix: np.ndarray, scales: Any, scaled: np.ndarray) -> np.ndarray:
    """The lower factor of diag(scales)·scaled·diag(scales) = matrix, (..., n, n); of ill-conditioned ones the exact one."""
    factor = np.asarray(scales)[..., :, None] * np.linalg.cholesky(scaled)
    if matrix.shape[-1] > LARGEST:
        return factor
    ill = np.linalg.cond(scaled) > ILL
    with digits(DIGITS):
        for member in map(tuple, np.argwhere(ill)):
            lower = np.tril(matrix[member])
            with suppress(TypeError):  # roots of negative numbers: positive to the rounding of doubles only
                factor[member] = cholesky(exactly(lower + np.tril(lower, -1).T)).astype(float)
    return factor
