"""Inverses of matrices that doubles cannot resolve: made in many digits, and applied as sums of exact products.

A solution of A x = b in doubles is off by eps·cond(A). Here A⁻¹ and b are cut into slices of so few bits that the product
of two of them has no rounding (T. Ozaki, T. Ogita, S. Oishi, S. M. Rump, Numerical Algorithms 59, 2012); what cancels
between the slices then leaves a solution that is right to its own last digits, by a few products of matrices.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np

from densities.numerics.cholesky import DIGITS, LARGEST, exactly
from densities.precise.context import digits

__all__ = ["ILL", "LARGEST", "ExactInverse", "condition", "inverted"]

# Systems of this condition number, rows and columns scaled to 1, lose four digits in doubles.
ILL = 1e4
# Bits of a solution that are kept beyond those that the condition number takes.
KEPT = 64


def condition(matrix: np.ndarray) -> np.ndarray:
    """The condition number of a matrix (..., n, n) whose rows, then columns are scaled to 1; inf or NaN of a singular one."""
    with np.errstate(all="ignore"):
        scaled = matrix / np.max(np.abs(matrix), axis=-1, keepdims=True)
        scaled = scaled / np.max(np.abs(scaled), axis=-2, keepdims=True)
        finite = np.isfinite(scaled).all(axis=(-2, -1))
        return np.where(
            finite, np.linalg.cond(np.where(finite[..., None, None], scaled, np.nan_to_num(scaled))), np.inf
        )


class ExactInverse:
    """matrix⁻¹ of a regular (n, n) of doubles: `matrix` rounded, `log_det` of the given one, and a call that solves."""

    def __init__(self, matrix: np.ndarray):
        self.n = len(matrix)
        with digits(DIGITS) as mp:
            inverse, pivots = inverted(exactly(matrix))
            self.log_det = float(sum(mp.log(abs(pivot)) for pivot in pivots))
            self.matrix = inverse.astype(float)
            self._columns, self._rows = (2.0**e for e in self._exponents)
            self._slices = self._cut(inverse / exactly(self._rows)[:, None] / exactly(self._columns))

    @cached_property
    def _exponents(self) -> tuple[np.ndarray, np.ndarray]:
        """Powers of two that take the columns and then the rows of the inverse to nearly 1."""
        size = np.frexp(np.abs(self.matrix))[1].astype(float)
        size[self.matrix == 0.0] = -np.inf
        columns = np.max(size, axis=0)
        return columns, np.max(size - columns, axis=1)

    @cached_property
    def _bits(self) -> int:
        """Bits of a slice: sums of products of two are below 2^53."""
        return (50 - math.ceil(math.log2(8 * self.n))) // 2

    def _cut(self, inverse: np.ndarray) -> list[np.ndarray]:
        """Matrices of whole numbers, Σ slice_k 2^(-bits (k + 1)) = inverse, with entries of at most 1."""
        lost = math.log2(float(condition(self.matrix)))
        slices, rest = [], inverse
        for _ in range(math.ceil((lost + KEPT) / self._bits)):
            rest = rest * 2**self._bits
            whole = np.vectorize(lambda x: round(float(x)), otypes=[object])(rest)
            rest = rest - whole
            slices.append(whole.astype(float))
        return slices

    def __call__(self, right: np.ndarray, rest: Any = 0.0) -> np.ndarray:
        """matrix⁻¹ (right + rest) of columns (n, width), `rest` what was rounded away from `right`."""
        scaled = right * self._columns[:, None]
        size = 2.0 ** np.frexp(np.max(np.abs(scaled), axis=0))[1]
        left, count, base = scaled / size, len(self._slices), 2.0**self._bits
        sums = np.zeros((count, *right.shape))
        for k in range(count):
            left = left * base
            whole = np.rint(left)
            left = left - whole
            for j in range(count - k):
                sums[j + k] += self._slices[j] @ whole
        high, low = np.zeros((2, *right.shape))
        for s in range(count):
            term = sums[s] * base ** -(s + 2)
            total = high + term
            part = total - high
            low += (high - (total - part)) + (term - part)
            high = total
        return (high + low) * self._rows[:, None] * size + self.matrix @ (rest + np.zeros_like(right))


def inverted(matrix: np.ndarray) -> tuple[np.ndarray, list[Any]]:
    """(matrix⁻¹, pivots) by Gauss and Jordan with row pivots, in the precision of the entries."""
    n, work = len(matrix), matrix.copy()
    order, pivots = np.arange(n), []
    for k in range(n):
        best = k + int(np.argmax(np.abs(work[k:, k])))
        work[[k, best]], order[[k, best]] = work[[best, k]], order[[best, k]]
        pivots.append(work[k, k])
        work[k, k] = 1 + 0 * pivots[-1]
        work[k] = work[k] / pivots[-1]
        factors = work[:, k].copy()
        factors[k] = 0 * pivots[-1]
        work[:, k] = np.where(np.arange(n) == k, work[:, k], 0 * pivots[-1])
        work = work - factors[:, None] * work[k]
    inverse = np.empty_like(work)
    inverse[:, order] = work
    return inverse, pivots
