"""Products and ratios of independent variables whose law has no name, through the sums of their logarithms.

    |X Y| = exp(log|X| + log|Y|),   |X/Y| = exp(log|X| - log|Y|)

A law on both sides of 0 is split there, so the pole of f_X(x) f_Y(z/x)/|x| lies infinitely far off, and the law of the
product is a mixture over the signs.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from densities.anchored import value
from densities.distributions.base import Univariate
from densities.distributions.convolution import Convolution
from densities.distributions.mixture import Mixture
from densities.distributions.truncated import truncate
from densities.protocols import push_forward
from densities.transforms import get

__all__ = ["ProductOf", "RatioOf"]


class ProductOf(Mixture):
    """The law of X·Y for independent X and Y on the line, both with densities; as exact as the sum of their logarithms."""

    name = "product_of"
    sign = 1.0

    def __new__(cls, *laws: Any, **named: Any) -> Any:
        return object.__new__(cls)

    def __init__(self, first: Univariate, second: Univariate):
        self.first, self.second = first, second
        pairs = [(one, other) for one in halves(first) for other in halves(second)]
        weights = [one[0] * other[0] for one, other in pairs]
        components = [self._component(one[1:], other[1:]) for one, other in pairs]
        super().__init__([weight / sum(weights) for weight in weights], components)

    def _component(self, one: tuple[float, Any], other: tuple[float, Any]) -> Any:
        log = Convolution(one[1], other[1] if self.sign > 0 else push_forward(other[1], get("scale")(-1.0)))
        size = push_forward(log, get("exp")())
        return size if one[0] * other[0] > 0 else push_forward(size, get("scale")(-1.0))

    def raw_log_ppf(self, logq: Any) -> Any:
        return self._only.raw_log_ppf(logq) if self._only else super().raw_log_ppf(logq)

    def raw_log_isf(self, logq: Any) -> Any:
        return self._only.raw_log_isf(logq) if self._only else super().raw_log_isf(logq)

    @property
    def _only(self) -> Any:
        """The one component of laws that do not change their sign."""
        return self.components[0] if len(self.components) == 1 else None

    @property
    def operands(self) -> tuple[Any, ...]:
        """The laws whose product this is."""
        laws = (self.first, self.second)
        return tuple(term for law in laws for term in (law.operands if type(law) is ProductOf else (law,)))

    @cached_property
    def _factors(self) -> tuple[Any, Any]:
        return self.first, self.second

    def closed_mean(self) -> Any:
        return mean_of_product(*self._factors)

    def closed_var(self) -> Any:
        """E[X²] E[Y²] - (E X E Y)² = var X var Y + var X (E Y)² + var Y (E X)²; inf where the mean is not finite."""
        mean = self.closed_mean()
        if not np.isfinite(mean):
            return np.inf
        (m1, v1), (m2, v2) = ((law.mean(), law.var()) for law in self._factors)
        return float(v1 * v2 + v1 * m2**2 + v2 * m1**2) if np.isfinite([v1, v2]).all() else np.inf

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return value(self.first.draw(rng, shape)) * value(self.second.draw(rng, shape))

    def same_as(self, other: object) -> bool:
        return self is other or (
            type(self) is type(other) and self.first.same_as(other.first) and self.second.same_as(other.second)
        )

    def replace(self, **changes: Any) -> Any:
        return type(self)(**{"first": self.first, "second": self.second, **changes})

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.operands))})"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.first!r}, {self.second!r})"


class RatioOf(ProductOf):
    """The law of X/Y for independent X and Y on the line, both with densities; as exact as the law of log|X| - log|Y|."""

    name = "ratio_of"
    sign = -1.0

    @property
    def operands(self) -> tuple[Any, ...]:
        """The numerator and the denominator."""
        return self.first, self.second

    @cached_property
    def _factors(self) -> tuple[Any, Any]:
        return self.first, push_forward(self.second, get("reciprocal")())

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return value(self.first.draw(rng, shape)) / value(self.second.draw(rng, shape))


def halves(law: Any) -> list[tuple[float, float, Any]]:
    """(probability, sign, law of log|X|) for the part of the law above 0 and the part below."""
    found = []
    for probability, sign, low, high in ((law.sf(0.0), 1.0, 0.0, np.inf), (law.cdf(0.0), -1.0, -np.inf, 0.0)):
        if probability > 0:
            inside = law.support.low >= low and law.support.high <= high
            part = law if inside else truncate(law, low, high)
            size = part if sign > 0 else push_forward(part, get("scale")(-1.0))
            found.append((float(probability), sign, push_forward(size, get("log")())))
    return found


def mean_of_product(one: Any, other: Any) -> float:
    """E X · E Y; nan where a factor has none, or where an infinite one meets a factor of both signs."""
    means = float(one.mean()), float(other.mean())
    if np.isfinite(means).all():
        return means[0] * means[1]
    both_signs = [law.cdf(0.0) > 0 and law.sf(0.0) > 0 for law in (one, other)]
    wild = any(np.isinf(mean) and signs for mean, signs in zip(means, both_signs[::-1], strict=True))
    return np.nan if wild else means[0] * means[1]
