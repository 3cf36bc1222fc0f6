"""Triangular factors and systems in twice the digits of doubles: numbers are sums of a double and a rest that it rounds.

Products and sums leave their rounding errors exactly (T. J. Dekker, Numerische Mathematik 18, 1971), so that the factor of any
positive matrix that doubles tell from a singular one is right to its last digits, for many matrices at once.
"""

from __future__ import annotations

import numpy as np

from densities.anchored import multiply_add

__all__ = ["Doubled", "cholesky", "forward"]

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
