"""Triangular systems for many right-hand sides, point by point the same bits however many there are.

    factor z = b,   z_j = (b_j - Σ_{i<j} factor_ji z_i)/factor_jj

The right-hand sides are columns, so that each entry of all points lies in a row of memory. What a few entries owe to those
before them is a product of matrices, taken panel by panel of one fixed size; the rest are elementwise steps.
"""

from __future__ import annotations

import numpy as np

from densities.arrays import in_panels

__all__ = ["solve_lower", "solve_upper"]

# Entries between two products of matrices: with fewer a product is mostly a call, with more the elementwise steps weigh.
GROUP = 4


def solve_lower(factor: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """factor⁻¹ columns for a lower triangular factor (n, n) and a whole number of panels of columns (n, width).

    In place, by forward substitution: the residual is at most n eps |factor||z| entry by entry, so nothing is lost to an
    ill-conditioned factor that the question itself does not lose.
    """
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


def solve_upper(factor: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """factor⁻¹ columns for an upper triangular factor: the lower one of the entries in reverse."""
    return solve_lower(factor[::-1, ::-1], columns[::-1].copy())[::-1]
