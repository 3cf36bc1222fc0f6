"""Laws of matrices: points are (..., n, n), densities (...,); batches of parameters lead, the two event axes trail.

Like laws of vectors they are independent roots carried through a map, so that draws, Monte Carlo and cubature are theirs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.distributions.vector_base import ArrayDistribution
from densities.transforms.base import Transform


class MatrixDistribution(ArrayDistribution):
    """A law of matrices, (..., n, n) -> (...,): a subclass gives what `ArrayDistribution` asks, and all closed summaries."""

    of_what = "matrices"

    def marginal(self, i: int, j: int) -> Any:
        """The law of entry (i, j), on the line; None where it has no name here."""
        return None

    def multiple(self, factor: Transform) -> Any:
        """The law of a positive multiple of X, the factor as a map; None where it has no name here."""
        return None

    def image_by_name(self, step: Transform) -> Any:
        """The law of step(X) where it has a name and doubles hold its parameters; otherwise None."""
        return None

    def closed_var(self) -> Any:
        """The variances of the entries, (batch, n, n)."""
        raise NotImplementedError

    def var(self) -> Any:
        """The variances of the entries, (batch, n, n): inf where they are infinite."""
        return self.closed_var()

    def std(self) -> Any:
        """The square roots of the variances."""
        return np.sqrt(self.closed_var())
