"""Divergences beside that of Kullback and Leibler, each by one function of t = log dp/dq.

An f-divergence is ∫ q f(dp/dq) with f convex and f(1) = f'(1) = 0, so that f >= 0. Of the measure p + q a place has the
share g(t) = f(eᵗ)/(1 + eᵗ):

    D(p‖q) = E_p g(t) + E_q g(t),

in which nothing is negative, and which needs no case of its own where one law has no mass: t is ±∞ there, and g its limit.

Those that are functions of the affinity A = ∫ p^α q^(1-α) are so of log A, which is log(1 + α(α - 1) D) for the power
divergence D of order α: it keeps its digits by D where p and q are nearly equal, by A where they are far apart.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from densities.domains import Interval
from densities.errors import ParameterError, argument_error
from densities.logmath import LOG2
from densities.parameters import as_parameter
from densities.registry import NameRegistry

__all__ = ["Generator", "LargestRatio", "OfAffinity", "SharedMass", "registry"]

registry = NameRegistry("divergence", group="densities.divergences")
# Σ u^2k/(4k(2k - 1)) for k = 1, 2, ..., by u²; where that is below 0.36 the first omitted term is 1e-17 of the sum.
SHANNON_SERIES = np.array([1.0 / (4 * k * (2 * k - 1)) for k in range(32, 0, -1)])
# |t| and order·|t| below which a power is taken by its series, with so many terms.
SMALL, TERMS = 0.5, 16
# Beyond it e^x leaves the doubles.
LARGE = 700.0


class Generator:
    """A divergence by its share g. A subclass is formulas only.

    `kinked` says that g has a corner at t = 0; `affinity` is the order α where `of` takes log ∫ p^α q^(1-α), and is None
    where it takes E_p g + E_q g; `swapped` that it is taken of q from p; `unit` is "nats" for what is a logarithm.
    `near` are a and b for which E_p g + E_q g is a·D(p‖q) + b·D(q‖p) to the third order in t, where it has such orders.
    """

    kinked = False
    affinity: float | None = None
    swapped = False
    unit = ""
    near: tuple[float, float] | None = None

    def log_share(self, t: np.ndarray) -> np.ndarray:
        """log g(t), at t = ±inf its limits."""
        raise NotImplementedError

    def of(self, number: Any) -> Any:
        """The divergence by what is integrated: E_p g + E_q g as it is."""
        return number

    def limit(self) -> Generator:
        """Itself, or the divergence that it is at an order which no integral is for."""
        return self


@registry.register("kl", aliases=("kullback_leibler",), examples=[{}], source="Kullback, Leibler (1951)")
class KullbackLeibler(Generator):
    """∫ p log(p/q), in nats."""

    unit = "nats"


@registry.register("reverse_kl", examples=[{}], source="Kullback, Leibler (1951)")
class ReverseKullbackLeibler(KullbackLeibler):
    """∫ q log(q/p), in nats."""

    swapped = True


@registry.register("jeffreys", examples=[{}], source="Jeffreys (1946)")
class Jeffreys(Generator):
    """∫ (p - q) log(p/q), in nats: the sum of Kullback and Leibler's in both directions."""

    unit = "nats"
    terms = KullbackLeibler(), ReverseKullbackLeibler()


@registry.register("total_variation", aliases=("tv",), examples=[{}], source="Levin, Peres, Wilmer (2009) 4.1")
class TotalVariation(Generator):
    """½∫|p - q| = sup |P(A) - Q(A)|, in [0, 1]."""

    kinked = True

    def log_share(self, t: np.ndarray) -> np.ndarray:
        return np.log(0.5 * np.abs(np.tanh(0.5 * t)))


@registry.register("jensen_shannon", aliases=("js",), examples=[{}], source="Lin (1991)")
class JensenShannon(Generator):
    """½D(p‖m) + ½D(q‖m) with m = ½(p + q), in nats, in [0, log 2]."""

    unit = "nats"
    near = 0.125, 0.125

    def log_share(self, t: np.ndarray) -> np.ndarray:
        # g = ¼[(1 + u) log(1 + u) + (1 - u) log(1 - u)] with u = tanh(t/2)
        u = np.tanh(0.5 * t)
        size, rest = np.abs(t), np.exp(-np.abs(t))
        lost = np.where(rest > 0.0, size * rest, 0.0) / (1.0 + rest)
        far = np.log(0.5 * (LOG2 - np.log1p(rest) - lost))
        return np.where(np.abs(u) < 0.6, 2.0 * np.log(np.abs(u)) + np.log(np.polyval(SHANNON_SERIES, u * u)), far)


@registry.register("jensen_shannon_distance", examples=[{}], source="Endres, Schindelin (2003)")
class JensenShannonDistance(JensenShannon):
    """The square root of the Jensen-Shannon divergence in nats, a metric, in [0, √log 2]."""

    unit = ""

    def of(self, number: Any) -> Any:
        return np.sqrt(np.maximum(number, 0.0))


@registry.register("triangular", aliases=("vincze_le_cam",), examples=[{}], source="Topsøe (2000)")
class Triangular(Generator):
    """∫(p - q)²/(p + q), in [0, 2]."""

    near = 0.5, 0.5

    def log_share(self, t: np.ndarray) -> np.ndarray:
        return 2.0 * np.log(np.abs(np.tanh(0.5 * t)))


class OfAffinity(Generator):
    """A function of log A, A = ∫ p^α q^(1-α), α the `order`; the share is that of the power divergence (A - 1)/(α(α - 1))."""

    order = 0.5

    @property
    def affinity(self) -> float:  # type: ignore[override]
        """The order of the affinity."""
        return self.order

    @property
    def near(self) -> tuple[float, float]:  # type: ignore[override]
        """Those of the power divergence, which log A is a function of."""
        return self.order, 1.0 - self.order

    def log_share(self, t: np.ndarray) -> np.ndarray:
        return log_power_share(t, self.order)


@registry.register("squared_hellinger", examples=[{}], source="Le Cam (1986)")
class SquaredHellinger(OfAffinity):
    """½∫(√p - √q)² = 1 - ∫√(pq), in [0, 1]."""

    def of(self, number: Any) -> Any:
        return np.maximum(-np.expm1(number), 0.0)


@registry.register("hellinger", examples=[{}], source="Le Cam (1986)")
class Hellinger(SquaredHellinger):
    """√(1 - ∫√(pq)), a metric, in [0, 1]."""

    def of(self, number: Any) -> Any:
        return np.sqrt(super().of(number))


@registry.register("bhattacharyya", examples=[{}], source="Bhattacharyya (1943)")
class Bhattacharyya(OfAffinity):
    """-log ∫√(pq), in nats: half of Rényi's divergence of order 1/2."""

    unit = "nats"

    def of(self, number: Any) -> Any:
        return np.maximum(-number, 0.0)


@registry.register("chi_squared", aliases=("chi2", "pearson"), examples=[{}], source="Pearson (1900)")
class ChiSquared(OfAffinity):
    """∫(p - q)²/q = ∫p²/q - 1, the variance of dp/dq under q."""

    order = 2.0

    def of(self, number: Any) -> Any:
        return np.maximum(np.expm1(number), 0.0)


@registry.register("neyman", examples=[{}], source="Neyman (1949)")
class Neyman(ChiSquared):
    """∫(p - q)²/p, the chi-squared divergence of q from p."""

    swapped = True


class LargestRatio(Generator):
    """log ess sup dp/dq, in nats: Rényi's divergence of infinite order, which no integral tells."""

    unit = "nats"


class SharedMass(Generator):
    """-log Q(p > 0), in nats: Rényi's divergence of order 0."""

    unit = "nats"


class OfOrder(OfAffinity):
    """One with an order of the user's, from 0 on; what it is at orders that no power of dp/dq is for stands in `limits`."""

    limits: ClassVar[dict[float, type[Generator]]] = {}

    def __init__(self, order: float):
        name = type(self).__name__
        orders = Interval(0.0, np.inf, low_closed=True, high_closed=np.inf in self.limits)
        self.order = as_parameter(name, "order", order, orders)
        if np.ndim(self.order):
            raise ParameterError(argument_error(f"{name}: order", "one number", order))

    def limit(self) -> Generator:
        return self.limits[self.order]() if self.order in self.limits else self


@registry.register("renyi", examples=[{"order": 0.5}, {"order": 3.0}], source="van Erven, Harremoës (2014)")
class Renyi(OfOrder):
    """log ∫ p^α q^(1-α) / (α - 1), in nats, for the order α >= 0, increasing in α: -log Q(p > 0) at α = 0, D(p‖q) at 1 and
    log ess sup dp/dq at inf."""

    unit = "nats"
    limits: ClassVar[dict[float, type[Generator]]] = {0.0: SharedMass, 1.0: KullbackLeibler, np.inf: LargestRatio}

    def of(self, number: Any) -> Any:
        return np.maximum(number / (self.order - 1.0), 0.0)


@registry.register(
    "power", aliases=("alpha", "cressie_read"), examples=[{"order": 0.3}, {"order": 2.5}], source="Cressie, Read (1984)"
)
class Power(OfOrder):
    """(∫ p^α q^(1-α) - 1)/(α(α - 1)) for the order α >= 0; D(p‖q) at α = 1 and D(q‖p) at α = 0."""

    limits: ClassVar[dict[float, type[Generator]]] = {0.0: ReverseKullbackLeibler, 1.0: KullbackLeibler}

    def of(self, number: Any) -> Any:
        return np.maximum(np.expm1(number) / (self.order * (self.order - 1.0)), 0.0)


def log_power_share(t: np.ndarray, order: float) -> np.ndarray:
    """log of f(eᵗ)/(1 + eᵗ) for f(r) = (r^α - αr + α - 1)/(α(α - 1)), α the `order`; to an absolute 4 eps, relative where that
    exceeds 1.

    With E(β) = expm1(βt)/β, f = [eᵗ E(α - 1) - expm1(t)]/α = [expm1(t) - E(α)]/(1 - α): the one keeps its digits for α near 1,
    the other for α near 0, and both are series near t = 0.
    """
    near = np.maximum(1.0, order) * np.abs(t) < SMALL
    small, up, down = np.where(near, t, 0.0), np.maximum(t, 0.0), np.minimum(t, 0.0)
    series = 2.0 * np.log(np.abs(small)) + np.log(np.polyval(_power_series(order), small)) - np.log1p(np.exp(small))
    above, below = (_by_low_order if order < 0.5 else _by_high_order)(up, down, order)
    far = np.where(t > 0.0, above - np.log1p(np.exp(-up)), below - np.log1p(np.exp(down)))
    return np.where(near, series, far)


def _by_low_order(up: np.ndarray, down: np.ndarray, order: float) -> tuple[np.ndarray, np.ndarray]:
    """log f(eᵗ) - t at t > 0 and log f(eᵗ) at t < 0, for orders near 0."""
    risen = np.exp(-up) * np.expm1(order * np.minimum(up, LARGE)) / order
    above = -np.expm1(-up) - np.where(up > LARGE, 0.0, risen)
    below = np.expm1(down) - np.expm1(order * down) / order
    return np.log(above) - np.log1p(-order), np.log(below) - np.log1p(-order)


def _by_high_order(up: np.ndarray, down: np.ndarray, order: float) -> tuple[np.ndarray, np.ndarray]:
    """log f(eᵗ) - t at t > 0 and log f(eᵗ) at t < 0, for orders that are not near 0."""
    b = order - 1.0
    risen = np.log(np.expm1(np.minimum(b * up, LARGE)) / b + np.expm1(-up))
    above = np.where(b * up > LARGE, b * up - np.log(np.abs(b)), risen)
    # (e^αt - eᵗ)/b, of which the larger power is taken out
    bent = np.exp(np.maximum(down, order * down)) * np.expm1(-np.abs(b * down)) / np.abs(b)
    return above - np.log(order), np.log(bent - np.expm1(down)) - np.log(order)


def _power_series(order: float) -> np.ndarray:
    """Coefficients of f(eᵗ)/t² in t, the last first: (1 + α + ... + α^(k-2))/k!."""
    sums = np.cumsum(order ** np.arange(TERMS, dtype=float))
    factorials = np.cumprod(np.arange(1.0, TERMS + 2.0))[1:]
    return (sums / factorials)[::-1]
