"""Triangular factors and systems in twice the digits of doubles: numbers are sums of a double and a rest that it rounds.

Products and sums leave their rounding errors exactly (T. J. Dekker, Numerische Mathematik 18, 1971), so that the factor of any
positive matrix that doubles tell from a singular one is right to its last digits, for many matrices at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.anchored import multiply_add

__all__ = ["ILL", "Doubled", "cholesky", "forward", "in_units", "lost", "resolved"]

# Matrices that lose more than six bits in doubles are factored in twice as many digits.
ILL = 64.0

# Numbers and what they round away.
Doubled = tuple[np.ndarray, np.ndarray]


def cholesky(matrix: np.ndarray) -> Doubled:
    """The lower factors of matrices (..., n, n), from their lower triangles; NaN of those that are not positive."""
    factor, rest = np.zeros((2, *matrix.shape))
    for j in range(matrix.shape[-1]):
        column = matrix[..., j:, j], np.zeros(matrix[..., j:, j].shape)
        for k in range(j):
            first = factor[..., j, k, None], rest[..., j, k, None]
            column = _less_product(column, (factor[..., j:, k], rest[..., j:, k]), first)
        pivot, lost = _told_apart(*(part[..., :1] for part in column))
        root = np.sqrt(pivot)
        total, error = multiply_add(-root, root, pivot)
        column = _quotient(column, (root, 0.5 * (total + error + lost) / root))
        factor[..., j:, j], rest[..., j:, j] = column
    return factor, rest


def forward(lower: Doubled, right: Doubled) -> Doubled:
    """lower⁻¹ right, (..., n, k), by forward substitution."""
    shape = np.broadcast_shapes(lower[0].shape[:-2], right[0].shape[:-2]) + right[0].shape[-2:]
    solution, rest = np.zeros((2, *shape))
    for i in range(shape[-2]):
        row = right[0][..., i, :], right[1][..., i, :]
        for k in range(i):
            known = lower[0][..., i, k, None], lower[1][..., i, k, None]
            row = _less_product(row, (solution[..., k, :], rest[..., k, :]), known)
        solution[..., i, :], rest[..., i, :] = _quotient(row, (lower[0][..., i, i, None], lower[1][..., i, i, None]))
    return solution, rest


def in_units(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matrices with rows and columns divided by powers of two, their diagonal then between 1/2 and 2, and these powers."""
    units = np.exp2(np.rint(np.log2(np.diagonal(matrix, axis1=-2, axis2=-1)) / 2.0))
    return matrix / units[..., :, None] / units[..., None, :], units


def lost(matrix: np.ndarray, factor: np.ndarray) -> Any:
    """By what factor rounding of matrices is larger in the pivots of their factors."""
    pivots = np.square(np.diagonal(factor, axis1=-2, axis2=-1))
    return np.max(np.diagonal(matrix, axis1=-2, axis2=-1) / pivots, axis=-1)


def resolved(matrix: Any) -> list[Any]:
    """The columns of the lower factors, column j = 0, 1, ... from its diagonal on: (..., n - j).

    Of doubles also where these lose digits on the way; arrays of other libraries and of single precision go by the formula.
    NaN of matrices that are not positive.
    """
    n = matrix.shape[-1]
    columns: list[Any] = []
    for j in range(n):
        column = matrix[..., j:, j]
        for k in range(j):
            column = column - columns[k][..., j - k :] * columns[k][..., j - k, None]
        columns.append(column / np.sqrt(column[..., :1]))
    if type(matrix) is not np.ndarray or matrix.dtype != np.float64:
        return columns
    sizes = np.stack([matrix[..., i, i] / np.square(columns[i][..., 0]) for i in range(n)], axis=-1)
    ill = ~(np.max(sizes, axis=-1) <= ILL)
    if not np.any(ill):
        return columns
    within, units = in_units(matrix[ill])
    factor = units[..., None] * cholesky(within)[0]
    for j, column in enumerate(columns):
        column[ill] = factor[..., j:, j]
    return columns


def _less_product(c: Doubled, a: Doubled, b: Doubled) -> Doubled:
    """c - a b."""
    total, error = multiply_add(-a[0], b[0], c[0])
    return total, c[1] + (error - (a[0] * b[1] + a[1] * b[0]))


def _quotient(a: Doubled, b: Doubled) -> Doubled:
    """a/b, its first part the nearest double."""
    quotient = (a[0] + a[1]) / b[0]
    total, error = multiply_add(-quotient, b[0], a[0])
    return _told_apart(quotient, (total + (error + a[1] - quotient * b[1])) / b[0])


def _told_apart(number: np.ndarray, rest: np.ndarray) -> Doubled:
    """The sum as its nearest double and the rest: after a cancellation the two parts may be of one size."""
    total = number + rest
    return total, rest - (total - number)
