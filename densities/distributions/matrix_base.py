"""Laws of matrices: points are (..., n, n), densities (...,); batches of parameters lead, the two event axes trail.

Like laws of vectors they are independent roots carried through a map, so that draws, Monte Carlo and cubature are theirs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.distributions.vector_base import ArrayDistribution
from densities.errors import UnsupportedOperationError
from densities.protocols import push_forward
from densities.transforms.base import Transform, is_identity, uninverted
from densities.transforms.linear import Scale


class MatrixDistribution(ArrayDistribution):
    """A law of matrices, (..., n, n) -> (...,): a subclass gives what `ArrayDistribution` asks, and all closed summaries."""

    of_what = "matrices"

    def marginal(self, i: int, j: int) -> Any:
        """The law of entry (i, j), on the line; None where it has no name here."""
        return None

    def multiple(self, factor: Transform) -> Any:
        """The law of a positive multiple of X, the factor as a map; None where it has no name here."""
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


@push_forward.register
def matrix_pushforward(law: MatrixDistribution, transform: Transform) -> Any:
    """The law of c·X for a number c > 0, where it has a name; UnsupportedOperationError for all other maps."""
    result: Any = law
    for step in transform.steps:
        if is_identity(step):
            continue
        number = not step.batch_shape and isinstance(uninverted(step), Scale)
        image = result.multiple(step) if number and step.forward(1.0) > 0 else None
        if image is None:
            raise UnsupportedOperationError(
                f"{step}: expected a map that {result.name} laws have images under, such as a positive number times X "
                "of a Wishart law; for others map the draws of rvs"
            )
        result = image
    return result
