"""The log-ratio of two laws of vectors, and where it exists."""

from __future__ import annotations

from functools import cached_property, singledispatch
from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import quiet
from densities.distributions.vector_base import ArrayDistribution
from densities.distributions.vector_mixture import Union
from densities.distributions.vector_moments import log_density_at, log_density_on
from densities.divergences.ratio import Nodes, RadonNikodym, ratio_of
from densities.domains import SPD, Ball, CorrelationCholesky, Product, RealVector, Simplex

EPS = float(np.finfo(float).eps)
# A point that rounding has carried onto the border of a set lies inside after a step of this share toward its middle.
INWARD = 1e-6
# p·|x| below e^-780: times the largest double, for t, that is nothing. Where both tails are so heavy that it is not,
# the integrand is alive along each axis too, and is cut there in plain view.
HOPELESS = -780.0
# Where y has underflown onto a pole of q, log q is in the thousands at most: with this weight of p that is nothing.
UNDERFLOWN = -60.0


class VectorRatio:
    """dp/dq of vectors and other arrays. `log(x)` is log dp/dq in nats, (..., event) -> (...,): -inf where only q has mass,
    +inf where only p has.

    `absolutely_continuous` is judged from the sets that carry the laws, and from their coordinates where those
    decide; where neither does (an image of a bounded set, say) it is True, and a numeric method that meets a point
    without q says so. A point beside the border of q lies outside where a step `inward`, a share of the way to its
    middle, leads to none that lies inside.
    """

    def __init__(self, p: Any, q: Any, inward: float = INWARD):
        self.p, self.q, self.inward = p, q, inward

    def log(self, x: Any) -> Any:
        """log dp/dq at points x."""
        with quiet():
            log_p, log_q = self.p.logpdf(x), self.q.logpdf(x)
            result = np.where(np.isneginf(log_p) & np.isneginf(log_q), 0.0, np.subtract(log_p, log_q))
        return result if result.ndim else float(result)

    def on(self, part: Any, x: np.ndarray) -> Nodes:
        """The pair at points x (m, d) of the roots of a part of p; NaN where rounding has put y on the border of q."""
        y, log_det, log_weight, log_p = log_density_on(self.p, part, x)
        log_q = log_density_at(self.q, part, x, y)
        doubtful = np.isneginf(log_q) & (log_weight > -np.inf)
        if doubtful.any():
            log_q[doubtful] = np.where(self.outside(y[doubtful]), -np.inf, np.nan)
        t = np.where(np.isneginf(log_p) & np.isneginf(log_q), 0.0, log_p - log_q)
        # In a far corner t may overflow.
        dead = ~(np.isfinite(t) & np.isfinite(log_det)) & (log_weight + np.sum(np.log1p(np.abs(x)), axis=-1) < HOPELESS)
        dead |= np.isposinf(log_q) & (log_weight < UNDERFLOWN)
        t, log_p, log_q = (np.where(dead, 0.0, part_of) for part_of in (t, log_p, log_q))
        # Where p has several parts, q is shared out among them as p is.
        share = log_det if part.whole else np.where(np.isneginf(log_weight), -np.inf, log_weight - log_p)
        return Nodes(t, log_weight, log_p, log_q, np.where(dead, -np.inf, log_q + share))

    def outside(self, y: np.ndarray) -> np.ndarray:
        """Whether points lie outside the support of q, and not only by rounding."""
        if self._covered:
            return np.zeros(len(y), dtype=bool)
        support = self.q.support
        middle = np.asarray(support.interior_point(), dtype=float)
        return ~np.asarray(support.contains(y + self.inward * (middle - y))) & ~np.asarray(support.contains(y))

    @cached_property
    def _covered(self) -> bool:
        """Whether q lives wherever p does: what rounding carries out of such a set tells nothing."""
        return self.p.carrier == self.q.carrier and covers(self.q.support, self.p.support) is True

    @property
    def absolutely_continuous(self) -> bool:
        return not self.reason

    @property
    def log_singular_mass(self) -> float:
        """log of the mass of p where q has none; NaN where there is some and its size is not known."""
        return self._singular[0]

    @property
    def singular_mass(self) -> float:
        """The mass of p where q has none."""
        return float(np.exp(self.log_singular_mass))

    @property
    def reason(self) -> str:
        """Why p is not absolutely continuous with respect to q; empty where it is, or where nothing here decides."""
        return self._singular[1]

    @cached_property
    def _singular(self) -> tuple[float, str]:
        p, q = self.p, self.q
        factors = q.factors()
        marginals = [p.marginal(i) for i in range(p.n)] if factors is not None else []
        # Where both have point masses, these may be the same ones although the sets that carry the laws are not.
        by_sets = "lebesgue" in (p.measure, q.measure)
        if by_sets and factors is not None and p.carrier != f"R^{p.n}" and p.factors() is None:
            return 0.0, f"p lives on {p.carrier}, where q has no mass"
        if factors is not None and all(marginal is not None for marginal in marginals):
            return self._of_coordinates(marginals, factors)
        if by_sets and not p.shares_carrier(q):
            other = "another" if p.carrier == q.carrier else q.carrier
            return 0.0, f"p lives on {p.carrier} and q on {other}: q has no mass where p lives"
        if p.carrier == q.carrier == f"R^{p.n}" and covers(q.support, p.support) is False:
            return np.nan, f"p has mass on {p.support} outside {q.support}, where q has none"
        return -np.inf, ""

    def _of_coordinates(self, marginals: list[Any], factors: tuple[Any, ...]) -> tuple[float, str]:
        """Where q is a product, p has mass beside it exactly where a marginal of p has mass beside a factor of q."""
        ratios = [RadonNikodym(a, b) for a, b in zip(marginals, factors, strict=True)]
        lost = [
            (ratio.log_singular_mass, f"entry {i}: {ratio.reason}")
            for i, ratio in enumerate(ratios)
            if ratio.log_singular_mass > -np.inf
        ]
        if not lost:
            return -np.inf, ""
        reason = "; ".join(text for _, text in lost)
        if len(lost) == 1:
            return lost[0][0], reason
        if self.p.factors() is None:
            return np.nan, reason
        with quiet():
            return float(np.log(-np.expm1(sum(np.log1p(-np.exp(log_mass)) for log_mass, _ in lost)))), reason


@ratio_of.register
def _(p: ArrayDistribution, q: Any) -> VectorRatio:
    return VectorRatio(p, q)


@singledispatch
def covers(outer: Any, inner: Any) -> bool | None:
    """Whether the set `outer` holds `inner` up to a null set; None where that is not known."""
    return None


@covers.register(RealVector)
@covers.register(Simplex)
@covers.register(SPD)
@covers.register(CorrelationCholesky)
def _(outer: Any, inner: Any) -> bool | None:
    return True


@covers.register
def _(outer: Product, inner: Any) -> bool | None:
    with quiet():
        held = all(
            np.all(value(a.low - b.low) >= -_slack(a, b)) and np.all(value(b.high - a.high) >= -_slack(a, b))
            for a, b in zip(inner.sides, outer.sides, strict=True)
        )
    return True if held else False if _has_exact_sides(inner) else None


@covers.register
def _(outer: Ball, inner: Any) -> bool | None:
    members = inner.members if isinstance(inner, Union) else (inner,)
    distances = [member.farthest(outer.center) for member in members]
    return None if None in distances else all(d <= outer.radius * (1 + 8 * EPS) for d in distances)


@covers.register
def _(outer: Union, inner: Any) -> bool | None:
    parts = inner.members if isinstance(inner, Union) else (inner,)
    return True if all(any(covers(member, part) for member in outer.members) for part in parts) else None


def _has_exact_sides(region: Any) -> bool:
    """Whether the ranges of the coordinates are those of the set itself, and not only wide enough."""
    members = region.members if isinstance(region, Union) else (region,)
    return all(isinstance(member, RealVector | Product | Ball) for member in members)


def _slack(a: Any, b: Any) -> float:
    return float(np.max(np.asarray(a.low_slack) + a.high_slack + b.low_slack + b.high_slack))
