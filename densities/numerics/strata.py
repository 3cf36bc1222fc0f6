"""Quantiles at tilted points of a net on a line, where there is one jittered point in each of many cells.

Over two neighbouring cells a quantile function is a polynomial to the last digits, except beside its ends: made once for
all chunks, polynomials take a fifth of the time of quantiles.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from densities.arrays import quiet
from densities.numerics.nets import Source, inside, jittered_pairs, middles_of, tilt, tilted_weight
from densities.numerics.streams import Quantile

__all__ = ["tilted_quantiles"]

# Points of a chunk from which on most pairs of cells lie far enough from the ends.
LARGE = 2**12
# With 6 coefficients some 50 pairs at each end are left over.
NODES = np.cos((np.arange(6) + 0.5) * (np.pi / 6))
BETWEEN = np.cos(np.arange(7) * (np.pi / 6)) * (1.0 - 2.0**-20)
# Ulps that a polynomial may be off: quantiles themselves are off by a few.
ULPS = 8 * np.finfo(float).eps
# The share of pairs for which quantiles may be taken; with more, polynomials save nothing.
MOST_LEFT = 0.25


def tilted_quantiles(source: Source, quantile: Quantile) -> tuple[np.ndarray, np.ndarray]:
    """quantile(u, 1 - u) at the points of a net on a line, tilted as by `tilt`, and their weights."""
    cells = _cells_of(quantile, source.points) if source.points >= LARGE else None
    if cells is None:
        u, rest, weight = tilt(source.uniforms(1)[:, 0])
        return quantile(u, rest), weight
    z, weight = np.empty((2, len(source.generators), 2, source.points // 2))
    for generator, points, weights in zip(source.generators, z, weight, strict=True):
        cells.fill(jittered_pairs(generator, source.points), points, weights)
    return z.reshape(-1), weight.reshape(-1)


class _Cells:
    """Polynomials in w, the place within a pair of cells, -1 <= w < 1; `left` are the pairs that have none."""

    def __init__(self, quantile: Quantile, size: int):
        self.quantile, self.size, self.middles = quantile, size, middles_of(size)
        at_nodes, between = (self._exactly((self.middles[:, None] + w) / size) for w in (NODES, BETWEEN))
        self.coefficients = np.linalg.solve(np.vander(NODES), at_nodes.T)
        off = np.abs(np.vander(BETWEEN, len(NODES)) @ self.coefficients - between.T).max(axis=0)
        inner = np.minimum(self.middles, size - self.middles)  # an ulp of u or 1 - u moves z by inner·dz/dw ulps
        size_of_z = np.abs(between).max(axis=1) + inner * np.ptp(between, axis=1)
        self.left = np.flatnonzero(~(off <= ULPS * size_of_z))

    def _exactly(self, v: np.ndarray) -> np.ndarray:
        u, rest, _ = tilt(v.reshape(-1))
        return self.quantile(u, rest).reshape(v.shape)

    def fill(self, w: np.ndarray, z: np.ndarray, weight: np.ndarray) -> None:
        """Writes z and the weights at the points w, (2, pairs), and over w."""
        for v, point, here in zip(w, z, weight, strict=True):
            np.multiply(self.coefficients[0], v, out=point)
            for coefficient in self.coefficients[1:-1]:
                point += coefficient
                point *= v
            point += self.coefficients[-1]
            v += self.middles
            v *= 1.0 / self.size
            v[self.left] = inside(v[self.left])
            point[self.left] = self._exactly(v[self.left])
            tilted_weight(v, here)


@lru_cache(maxsize=16)
def _cells_of(quantile: Quantile, size: int) -> _Cells | None:
    with quiet():
        cells = _Cells(quantile, size)
    return cells if len(cells.left) <= MOST_LEFT * size / 2 else None
