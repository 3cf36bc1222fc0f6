"""Triangular systems for many right-hand sides, point by point the same bits however many there are.

    factor z = b,   z_j = (b_j - Σ_{i<j} factor_ji z_i)/factor_jj

The right-hand sides are columns, so that each entry of all points lies in a row of memory. Products of matrices are taken
panel by panel of one fixed size; the rest are elementwise steps. By substitution or by an inverse made with more digits,
the error is the same: at most (n + 1) eps C|z| entry by entry, C = |factor⁻¹||factor| (N. J. Higham, Accuracy and Stability
of Numerical Algorithms, 2nd ed., theorem 8.5 and section 14.1).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from densities.arrays import in_panels

__all__ = ["lower_solver", "solve_lower", "upper_solver"]

# Entries between two products of matrices: with fewer a product is mostly a call, with more the elementwise steps weigh.
GROUP = 4
# The largest factor that is inverted: beyond, substitution is mostly products of matrices itself.
LARGEST = 64
EPS, WIDE_EPS = float(np.finfo(np.float64).eps), float(np.finfo(np.longdouble).eps)


def lower_solver(factor: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The function that takes columns (n, width), a whole number of panels, to factor⁻¹ columns, perhaps in place.

    For a lower triangular factor (n, n). By a product with the inverse where that is as accurate.
    """
    inverse = _inverse(factor)
    return partial(solve_lower, factor) if inverse is None else partial(_product, inverse)


def upper_solver(factor: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The same for an upper triangular factor: the lower one of the entries in reverse."""
    solve = lower_solver(factor[::-1, ::-1])
    return lambda columns: solve(columns[::-1].copy())[::-1]


def solve_lower(factor: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """factor⁻¹ columns by forward substitution, in place."""
    spare = np.empty((GROUP, columns.shape[1]))
    panels, spare_panels = in_panels(columns), in_panels(spare)
    for first in range(0, len(factor), GROUP):
        rows = factor[first : first + GROUP]
        own, count = columns[first : first + GROUP], len(rows)
        if first:
            np.matmul(rows[:, :first], panels[:, :first], out=spare_panels[:, :count])
            own -= spare[:count]
        for i in range(count):
            own[i] /= rows[i, first + i]
            if i + 1 < count:
                own[i + 1 :] -= np.multiply(rows[i + 1 :, first + i, None], own[i], out=spare[: count - i - 1])
    return columns


def _product(matrix: np.ndarray, columns: np.ndarray) -> np.ndarray:
    result = np.empty_like(columns)
    np.matmul(matrix, in_panels(columns), out=in_panels(result))
    return result


def _inverse(factor: np.ndarray) -> np.ndarray | None:
    """factor⁻¹ by arithmetic of more digits, None where those are too few.

    An inverse X by substitution errs by n wide |X||factor||X|, wide the eps of that arithmetic: in X b by n wide C²|z|,
    which is to be a quarter of eps C|z|. The rounding of X to doubles adds half of it, and the product itself n times.
    """
    n = len(factor)
    if n > LARGEST:
        return None
    wide, inverse = factor.astype(np.longdouble), np.eye(n, dtype=np.longdouble)
    with np.errstate(all="ignore"):
        for i in range(n):
            inverse[i] -= wide[i, :i] @ inverse[:i]
            inverse[i] /= wide[i, i]
        growth, result = np.abs(inverse) @ np.abs(wide), inverse.astype(float)
        right = n * WIDE_EPS * (growth @ growth) <= 0.25 * EPS * growth
        normal = (np.abs(result) >= np.finfo(float).tiny) | (inverse == 0)
    return result if np.all(right & normal & np.isfinite(result)) else None
