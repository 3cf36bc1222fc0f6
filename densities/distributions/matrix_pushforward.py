"""The law of g(X) where X or g(X) is a matrix, for a bijection g of vectors or matrices."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from operator import itemgetter
from typing import Any

import numpy as np

from densities.distributions import vector_moments
from densities.distributions.array_pushforward import ArrayPushforward, joined, pushed
from densities.distributions.matrix_base import MatrixDistribution
from densities.domains import REAL, SPD, CorrelationCholesky, RealVector
from densities.errors import UnsupportedOperationError
from densities.protocols import push_forward
from densities.transforms.base import Bijection, Transform, uninverted
from densities.transforms.chains import compose
from densities.transforms.linear import Scale
from densities.transforms.matrices import Congruence
from densities.transforms.vector import Each


class MatrixPushforward(ArrayPushforward, MatrixDistribution, axes=2):
    """The law of transform(X), X of law `base`, for a bijection onto a set of matrices.

    Means and covariances are integrals, with an AccuracyWarning where eight digits are not sure. Raises SupportError where the
    base does not live on the set that the map is defined on, ShapeError where its points have another shape.
    """

    @cached_property
    def support(self) -> Any:
        """The whole set that the last step maps onto, where each step takes and fills a whole one; otherwise an image."""
        sets = [
            self.base.support,
            *(domain for step in self.transform.steps for domain in (step.domain, step.codomain)),
        ]
        return type(self.region)(self.n) if all(map(is_whole, sets)) else super().support  # type: ignore[call-arg]

    def mean(self) -> Any:
        """E[Y], (batch, n, n)."""
        return vector_moments.summary(self, "mean", lambda law: law._of_entries(_entry, "mean"))

    def var(self) -> Any:
        return np.einsum("...ijij->...ij", self.cov())

    def std(self) -> Any:
        return np.sqrt(self.var())

    def cov(self) -> Any:
        """The covariances of all pairs of entries, (batch, n, n, n, n)."""
        return vector_moments.summary(self, "cov", lambda law: law._covariances())

    def entropy(self) -> Any:
        """The differential entropy E[-log f(Y)] in nats; UnsupportedOperationError where it refers to no volume."""
        self._check_volume("entropy")
        return super().entropy()

    @property
    def _places(self) -> np.ndarray:
        """The number of each entry among those of the lower triangle; above it that of its mirror image, or -1 for a zero."""
        n = self.n
        lower = np.full((n, n), -1)
        lower[np.tril_indices(n)] = np.arange(n * (n + 1) // 2)
        return np.maximum(lower, lower.T) if self.region.measure == "symmetric" else lower

    def _of_entries(self, function_of: Callable[[Any, Any], Any], what: str) -> np.ndarray:
        """Expectations by the entries of the lower triangle, as matrices."""
        functions = [function_of(i, j) for i, j in zip(*np.tril_indices(self.n), strict=True)]
        return np.append(vector_moments.expectations(self, functions, what), 0.0)[self._places]

    def _covariances(self) -> np.ndarray:
        centre, lower = self.mean(), list(zip(*np.tril_indices(self.n), strict=True))
        pairs = [(a, b) for a in range(len(lower)) for b in range(a + 1)]
        found = vector_moments.expectations(self, [_product(lower[a], lower[b], centre) for a, b in pairs], "cov")
        result = np.zeros((len(lower) + 1,) * 2)
        for (a, b), covariance in zip(pairs, found, strict=True):
            result[a, b] = result[b, a] = covariance
        return result[self._places[:, :, None, None], self._places]

    def multiple(self, factor: Transform) -> Any:
        """c·X as √c X √c."""
        root = np.sqrt(factor.forward(1.0))
        return push_forward(self, Congruence(root * np.eye(self.n))) if self.region.measure == "symmetric" else None

    def simplify(self) -> Any:
        """Steps absorbed into the parameters of a law with a name, where doubles hold these."""
        base, steps = self.base.simplify(), list(self.transform.steps)
        while steps and isinstance(base, MatrixDistribution) and (image := base.image_by_name(steps[0])) is not None:
            base = image
            del steps[0]
        return push_forward(base, compose(*steps)) if steps else base


def is_whole(domain: Any) -> bool:
    """Whether a set is bounded by nothing but what makes its points vectors, positive definite matrices or factors."""
    return isinstance(domain, RealVector | SPD | CorrelationCholesky) or domain == Each(REAL, 1)


def _entry(i: Any, j: Any) -> Callable[[np.ndarray], Any]:
    return itemgetter((..., i, j))


def _product(a: tuple[Any, Any], b: tuple[Any, Any], centre: np.ndarray) -> Callable[[np.ndarray], Any]:
    return lambda y: (y[..., *a] - centre[a]) * (y[..., *b] - centre[b])


@pushed.register
def _(law: MatrixDistribution, step: Transform) -> Any:
    """A positive number times X where that has a name, and bijections of matrices."""
    if step.event_ndim == 2 and isinstance(step, Bijection):
        return joined(law, step)
    number = not step.batch_shape and isinstance(uninverted(step), Scale)
    image = law.multiple(step) if number and step.forward(1.0) > 0 else None
    if image is None:
        raise UnsupportedOperationError(
            f"{step}: expected a map of matrices such as matrix_inverse or congruence, or one that {law.name or 'image'} laws "
            "have images under, such as a positive number times X of a Wishart law; for others map the draws of rvs"
        )
    return image
