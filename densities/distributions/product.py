"""Vectors with independent entries."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import added, identity, quiet
from densities.distributions.base import Univariate, register
from densities.distributions.vector_base import VectorDistribution, VectorPart
from densities.domains import Product as ProductDomain
from densities.errors import ParameterError, ShapeError, argument_error
from densities.protocols import as_distribution


@register("product", source="definition", examples=())
class Product(VectorDistribution):
    """f(x) = Π f_i(x_i): entry i has the law components[i], any law on the line, independently of the others.

    Batches of the components broadcast. Where components have point masses, `pdf` is the density of the part that has
    one in every entry, and `pmf` the product of the masses. Raises ShapeError for components that are not laws on the
    line.
    """

    def __init__(self, components: Sequence[Any]):
        if is_single(components) or not len(components):
            raise ParameterError(argument_error("product: components", "a list of laws", components))
        self.components = tuple(as_distribution(component) for component in components)
        for component in self.components:
            if not isinstance(component, Univariate):
                raise ShapeError(argument_error("product: components", "laws on the line", component))
        self.params = {}
        self.event_shape = (len(self.components),)
        try:
            self.batch_shape = np.broadcast_shapes(*(component.batch_shape for component in self.components))
        except ValueError:
            shapes = [component.batch_shape for component in self.components]
            raise ShapeError(argument_error("product: components", "batches that broadcast", shapes)) from None

    @property
    def made_of(self) -> tuple[Any, ...]:
        return self.components

    @cached_property
    def support(self) -> ProductDomain:
        return ProductDomain(tuple(component.support for component in self.components))

    @property
    def measure(self) -> str:
        kinds = {component.measure for component in self.components}
        return kinds.pop() if len(kinds) == 1 else "mixed"

    @property
    def carrier(self) -> str:
        return super().carrier if self.measure == "lebesgue" else f"R^{self.n} with point masses"

    @property
    def columnwise(self) -> bool:
        return not self.batch_shape

    @property
    def columns_parallel(self) -> bool:
        return all(law.programs.has("raw_logpdf", np.dtype(float)) for law, _ in self._runs)

    @cached_property
    def _runs(self) -> Sequence[tuple[Any, slice]]:
        """The laws with the entries that each of them has: neighbours of one law go together."""
        starts = [0] + [i for i in range(1, self.n) if not self.components[i].same_as(self.components[i - 1])]
        return [(self.components[i], slice(i, j)) for i, j in pairwise([*starts, self.n])]

    def columns_anywhere(self, x: np.ndarray) -> np.ndarray:
        terms = np.empty(x.shape)
        for component, entries in self._runs:
            terms[entries] = component.logpdf(x[entries].reshape(-1)).reshape(-1, x.shape[1])
        return np.where(np.isneginf(np.fmin.reduce(terms, axis=0)), -np.inf, added(terms))

    def logpdf_anywhere(self, x: np.ndarray) -> Any:
        """Σ log f_i(x_i), -inf where any of them is."""
        if self.columnwise:
            return self._by_columns(self.columns_anywhere, x)
        terms = [np.asarray(component.logpdf(x[..., i])) for i, component in enumerate(self.components)]
        nothing = np.logical_or.reduce(np.broadcast_arrays(*(np.isneginf(term) for term in terms)))
        return np.where(nothing, -np.inf, sum(np.where(nothing, 0.0, term) for term in terms))

    raw_logpdf, columns_logpdf = logpdf_anywhere, columns_anywhere

    def raw_score(self, x: np.ndarray) -> Any:
        return np.stack([component.score(x[..., i]) for i, component in enumerate(self.components)], axis=-1)

    def pmf(self, y: Any) -> Any:
        """Π P(Y_i = y_i)."""
        points, restore = self._points(y)
        return restore(
            np.prod([component.pmf(points[..., i]) for i, component in enumerate(self.components)], axis=0).astype(
                points.dtype
            )
        )

    def loglik(self, data: Any) -> float:
        """The log-likelihood of the rows of `data`: entry by entry a density or, where there is an atom, a mass."""
        points, _ = self._points(data)
        return float(sum(component.loglik(points[..., i]) for i, component in enumerate(self.components)))

    def parts(self) -> Sequence[VectorPart]:  # type: ignore[override]
        return (VectorPart(1.0, self.components, lambda x: (x, 0.0), backward=identity),)

    @property
    def shared_draws(self) -> bool:  # type: ignore[override]
        return all(component.shared_draws for component in self.components)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        with quiet():
            columns = [np.broadcast_to(value(component.draw(rng, shape)), shape) for component in self.components]
        return np.stack(columns, axis=-1)

    def member(self, index: tuple[int, ...], shape: tuple[int, ...]) -> Any:
        return Product([component.member(index, shape) for component in self.components]) if self.batch_shape else self

    def marginal(self, i: int) -> Any:
        """Component i."""
        return self.components[i]

    def among(self, entries: Sequence[int]) -> Any:
        """The product of these components."""
        return Product([self.components[i] for i in entries])

    def rearranged(self, places: Sequence[int]) -> Any:
        """The product of the components in that order."""
        return self.among(places)

    def factors(self) -> tuple[Any, ...] | None:
        return self.components

    def closed_dependence(self) -> tuple[float, float] | None:
        return 0.0, 0.0

    def _of_each(self, name: str) -> np.ndarray:
        values = [getattr(component, name)() for component in self.components]
        return np.stack([np.broadcast_to(v, self.batch_shape) for v in values], axis=-1)

    def closed_mean(self) -> Any:
        """The mean (n,)."""
        return self._of_each("mean")

    def closed_cov(self) -> Any:
        """The covariance (n, n)."""
        variances = self._of_each("var")
        return np.where(np.eye(self.n, dtype=bool), variances[..., None], 0.0)

    def closed_entropy(self) -> Any:
        """The entropy in nats."""
        result = np.sum(self._of_each("entropy"), axis=-1)
        return result if result.ndim else float(result)

    def mode(self) -> Any:
        """The modes of the entries."""
        return self._of_each("mode")

    def simplify(self) -> Any:
        """The product of the components by their shortest names."""
        return Product([component.simplify() for component in self.components])

    def same_as(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Product)
            and self.n == other.n
            and all(a.same_as(b) for a, b in zip(self.components, other.components, strict=True))
        )

    def replace(self, **changes: Any) -> Any:
        return Product(**{"components": self.components, **changes})

    def __str__(self) -> str:
        return f"product([{', '.join(map(str, self.components))}])"

    def __repr__(self) -> str:
        return f"Product([{', '.join(map(repr, self.components))}])"


def is_single(components: Any) -> bool:
    """Whether what should be a list of laws is one object."""
    return not isinstance(components, (list, tuple, np.ndarray))
