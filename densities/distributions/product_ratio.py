"""Products and ratios of independent variables whose law has no name, through the sums of their logarithms.

    |X Y| = exp(log|X| + log|Y|),   |X/Y| = exp(log|X| - log|Y|)

A law on both sides of 0 is split there, so the pole of f_X(x) f_Y(z/x)/|x| lies infinitely far off, and the law of the
product is a mixture over the signs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from densities.anchored import anchored, value
from densities.anchored import sign as sign_of
from densities.arrays import quiet
from densities.distributions.base import Univariate
from densities.distributions.convolution import RANKS, Convolution, by_smaller_tail
from densities.distributions.frames import NARROWER
from densities.distributions.log_abs import Half, halves
from densities.distributions.masses import log_mass
from densities.distributions.mixture import GUIDES, Mixture
from densities.protocols import push_forward
from densities.transforms import get

__all__ = ["ProductOf", "RatioOf"]


class ProductOf(Mixture):
    """The law of X·Y for independent X and Y on the line, both with densities; as exact as the sum of their logarithms.

    With z > 0, P(Z > z) = Σ P(sX > 0) ∫ f_|X|,s(x) P(sY > z/x) dx over the signs s, P(Z <= z) likewise, and -Z below 0.
    """

    name = "product_of"
    sign: float = 1.0
    operation: np.ufunc = np.multiply

    def __new__(cls, *laws: Any, **named: Any) -> Any:
        return object.__new__(cls)

    def __init__(self, first: Univariate, second: Univariate):
        self.first, self.second = first, second
        # The integral is over one of them, for a ratio the second; over the other where that is far narrower.
        laws = [halves(first, 1.0), halves(second, self.sign)][:: int(self.sign)]
        scales = [max(law, key=lambda half: half.weight).spread for law in laws]
        self._outer, self._inner = laws if scales[0] < NARROWER * scales[1] else laws[::-1]
        sums = lru_cache(maxsize=4)(Convolution)  # the halves of a symmetric law are one law
        self._pairs = [
            (one, one.sign * other.sign, one.weight * other.weight, sums(one.law, other.law))
            for one in self._outer
            for other in self._inner
        ]
        whole = sum(weight for _, _, weight, _ in self._pairs)
        weights: dict[tuple[float, Convolution], float] = {}
        for _, sign, weight, log in self._pairs:
            weights[sign, log] = weights.get((sign, log), 0.0) + weight / whole
        components = [_turned(push_forward(log, get("exp")()), sign) for sign, log in weights]
        super().__init__(list(weights.values()), components)

    # ---- densities and masses ----

    def raw_logpdf(self, x: Any) -> Any:
        points = anchored(x)
        result = np.full(points.shape, -np.inf)
        for sign in (1.0, -1.0):
            rows = np.asarray(sign_of(points) == sign)
            if rows.any():
                log_size = np.log(np.abs(points[rows]))
                result[rows] = self._summed("logpdf", sign, log_size, lambda _, weight: weight) - value(log_size)
        return result

    def _summed(self, kind: str, sign: float, log_size: Any, weigh: Callable[[Half, float], float]) -> np.ndarray:
        """log of the sum over the pairs of halves whose product has this sign."""
        weights: dict[Convolution, float] = {}
        for one, product, weight, log in self._pairs:
            if product == sign:
                weights[log] = weights.get(log, 0.0) + weigh(one, weight)
        total = np.full(np.shape(value(log_size)), -np.inf)
        for log, weight in weights.items():
            total = np.logaddexp(total, np.log(weight) + log.logs_anywhere(log_size, kind))
        return total

    def _beyond(self, sign: float, log_size: Any) -> np.ndarray:
        """log P(Z has this sign and a larger size)."""
        return self._summed("logsf", sign, log_size, lambda _, weight: weight)

    def _within(self, sign: float, log_size: Any) -> np.ndarray:
        """log P(not that): a half of the first law that meets no half of the second is wholly there."""
        signs = {other.sign for other in self._inner}
        kind = "logwithin" if len(signs) > 1 else "logcdf"
        found = self._summed(kind, sign, log_size, lambda one, _: one.weight)
        alone = sum(one.weight for one in self._outer if sign * one.sign not in signs)
        return np.logaddexp(found, np.log(alone))

    def raw_cdf(self, x: Any) -> Any:
        return np.exp(self.raw_logcdf(x))

    def raw_sf(self, x: Any) -> Any:
        return np.exp(self.raw_logsf(x))

    def raw_logcdf(self, x: Any) -> Any:
        return self._tail(x, lower=True)

    def raw_logsf(self, x: Any) -> Any:
        return self._tail(x, lower=False)

    def _tail(self, x: Any, *, lower: bool) -> np.ndarray:
        points = anchored(x)
        return by_smaller_tail(self._mass, points, np.asarray(value(points) < self._middle), lower=lower)

    def _mass(self, points: Any, *, lower: bool) -> np.ndarray:
        """log P(Z <= z) or log P(Z > z), from positive terms."""
        result = np.full(points.shape, np.nan)
        for sign in (1.0, -1.0):
            rows = np.asarray(sign_of(points) == sign)
            if rows.any():
                way = self._beyond if lower == (sign < 0) else self._within
                result[rows] = way(sign, np.log(np.abs(points[rows])))
        at_zero = sum(weight for _, sign, weight, _ in self._pairs if (sign < 0) == lower)
        return np.where(np.asarray(sign_of(points) == 0.0), np.log(at_zero), result)

    def raw_log_mass(self, a: Any, b: Any) -> Any:
        return log_mass(self, a, b)

    @cached_property
    def _middle(self) -> float:
        """About the median."""
        return float(np.median(self.operation.outer(self.first.ppf(RANKS), self.second.ppf(RANKS))))

    @cached_property
    def _guide(self) -> np.ndarray:
        """Sizes over the mass of every pair of halves, with either sign, and places where the density breaks."""
        with quiet():
            sizes = [sign * np.exp(log.guide()) for _, sign, _, log in self._pairs]
        points = np.unique(np.concatenate(sizes))
        some = points[np.unique(np.linspace(0, len(points) - 1, GUIDES).astype(int))]
        points = np.unique(np.concatenate([some, self.critical_points]))
        return points[(np.abs(points) < 1e290) & np.asarray(self.support.interior_contains(points))]

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
        return float(v1 * v2 + m2 * (m2 * v1) + m1 * (m1 * v2)) if np.isfinite([v1, v2]).all() else np.inf

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
        return f"{self.name}({self.first!r}, {self.second!r})"


class RatioOf(ProductOf):
    """The law of X/Y for independent X and Y on the line, both with densities; as exact as the law of log|X| - log|Y|."""

    name = "ratio_of"
    sign = -1.0
    operation = np.divide

    @property
    def operands(self) -> tuple[Any, ...]:
        """The numerator and the denominator."""
        return self.first, self.second

    @cached_property
    def _factors(self) -> tuple[Any, Any]:
        return self.first, push_forward(self.second, get("reciprocal")())

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return value(self.first.draw(rng, shape)) / value(self.second.draw(rng, shape))


def _turned(law: Any, sign: float) -> Any:
    return law if sign > 0 else push_forward(law, get("scale")(-1.0))


def mean_of_product(one: Any, other: Any) -> float:
    """E X · E Y; nan where a factor has none, or where an infinite one meets a factor of both signs."""
    means = float(one.mean()), float(other.mean())
    if np.isfinite(means).all():
        return means[0] * means[1]
    both_signs = [law.cdf(0.0) > 0 and law.sf(0.0) > 0 for law in (one, other)]
    wild = any(np.isinf(mean) and signs for mean, signs in zip(means, both_signs[::-1], strict=True))
    return np.nan if wild else means[0] * means[1]
