"""Mixtures of laws of vectors: f = Σ wᵢ fᵢ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from densities.arrays import quiet
from densities.distributions.mixture import KINDS, Mixture, Weighted
from densities.distributions.vector_base import VectorDistribution, VectorPart
from densities.domains import Domain, RealVector, hull
from densities.errors import ShapeError, UnsupportedOperationError, argument_error
from densities.protocols import as_distribution


@dataclass(frozen=True, slots=True, eq=False)
class Union(Domain):
    """The points that lie in any of several sets of vectors."""

    members: tuple[Any, ...]

    event_ndim = 1

    @property
    def sides(self) -> tuple[Any, ...]:
        """The range of each coordinate."""
        return tuple(hull(list(each)) for each in zip(*(member.sides for member in self.members), strict=True))

    def contains(self, x: Any) -> Any:
        return np.logical_or.reduce([member.contains(x) for member in self.members])

    def interior_point(self) -> Any:
        return self.members[0].interior_point()

    def __str__(self) -> str:
        return " or ".join(str(member) for member in self.members)


class VectorMixture(Weighted, VectorDistribution):
    """f(x) = Σ wᵢ fᵢ(x): component i, a law of vectors, with probability wᵢ; x (..., n) -> (...,).

    `mixture(weights, components)` makes it of components that are laws of vectors, all of the same n and without batch.
    """

    name = "mixture"

    def __init__(self, weights: Sequence[float], components: Sequence[Any]):
        self._weigh(weights, components)
        self.event_shape = self.components[0].event_shape
        for component in self.components:
            if (
                not isinstance(component, VectorDistribution)
                or component.batch_shape
                or component.event_shape != self.event_shape
            ):
                expected = f"laws of vectors with {self.event_shape} entries, without a batch"
                raise ShapeError(argument_error("mixture: components", expected, component))
        self._carriers = {component.carrier for _, component in self._terms}

    @property
    def support(self) -> Any:
        supports = [component.support for _, component in self._terms]
        whole = any(isinstance(support, RealVector) for support in supports)
        return RealVector(self.n) if whole else supports[0] if len(supports) == 1 else Union(tuple(supports))

    @property
    def conditioning(self) -> float:
        return max(component.conditioning for _, component in self._terms)

    @property
    def carrier(self) -> str:
        return " and ".join(sorted(self._carriers))

    def logpdf_anywhere(self, x: np.ndarray) -> Any:
        """log Σ wᵢ fᵢ(x)."""
        if len(self._carriers) > 1:
            raise UnsupportedOperationError(
                f"{self}: its components live on sets of different dimension, so it has no one density"
            )
        with quiet():
            return np.logaddexp.reduce(
                [np.log(weight) + component.logpdf_anywhere(x) for weight, component in self._terms], axis=0
            )

    raw_logpdf = logpdf_anywhere

    def raw_score(self, x: np.ndarray) -> Any:
        """The scores of the components, each by its share of the density."""
        logs = [np.log(weight) + component.logpdf_anywhere(x) for weight, component in self._terms]
        shares = [np.exp(log - np.logaddexp.reduce(logs, axis=0))[..., None] for log in logs]
        slopes = [component.raw_score(x) for _, component in self._terms]
        return sum(np.where(share == 0.0, 0.0, share * slope) for share, slope in zip(shares, slopes, strict=True))

    def logpdf_by_logs(self, logs: np.ndarray) -> Any:
        return np.logaddexp.reduce(
            [np.log(weight) + component.logpdf_by_logs(logs) for weight, component in self._terms], axis=0
        )

    def parts(self) -> Sequence[VectorPart]:  # type: ignore[override]
        single = len(self._terms) == 1
        return tuple(
            replace(part, weight=weight * part.weight, whole=part.whole and single)
            for weight, component in self._terms
            for part in component.parts()
        )

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        probabilities = np.array([weight for weight, _ in self._terms])
        which = rng.choice(len(self._terms), size=shape, p=probabilities / probabilities.sum())
        draws = np.empty((*shape, self.n))
        for index, (_, component) in enumerate(self._terms):
            chosen = which == index
            draws[chosen] = component.rvs(int(np.count_nonzero(chosen)), rng=rng)
        return draws

    def marginal(self, i: int) -> Any:
        """The mixture of the marginals."""
        laws = [component.marginal(i) for _, component in self._terms]
        return None if any(law is None for law in laws) else Mixture([weight for weight, _ in self._terms], laws)

    def among(self, entries: Sequence[int]) -> Any:
        """The mixture of the laws of these entries."""
        laws = [component.among(entries) for _, component in self._terms]
        return None if any(law is None for law in laws) else VectorMixture([weight for weight, _ in self._terms], laws)

    def closed_mean(self) -> Any:
        """The mean (n,)."""
        return sum(weight * component.mean() for weight, component in self._terms)

    def closed_cov(self) -> Any:
        """Σ wᵢ (Cᵢ + (mᵢ - m)(mᵢ - m)ᵀ)."""
        centre = self.closed_mean()
        total = np.zeros((self.n, self.n))
        for weight, component in self._terms:
            shift = component.mean() - centre
            total = total + weight * (component.cov() + np.outer(shift, shift))
        return total

    def simplify(self) -> Any:
        """The same mixture of the components by their shortest names; one component alone."""
        if len(self._terms) == 1:
            return self._terms[0][1].simplify()
        return VectorMixture(
            [weight for weight, _ in self._terms], [component.simplify() for _, component in self._terms]
        )

    def replace(self, **changes: Any) -> Any:
        return VectorMixture(**{"weights": self.weights, "components": self.components, **changes})

    def __repr__(self) -> str:
        return self._text("VectorMixture", repr)


KINDS.append((lambda components: any(as_distribution(one).event_shape for one in components), VectorMixture))
