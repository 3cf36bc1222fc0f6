"""Order statistics of independent copies of a law, and the extremes of independent laws, through their own tails.

    P(X_(r) <= x) = I_F(x)(r, n - r + 1),   f_(r)(x) = f(x) F(x)^(r-1) S(x)^(n-r)/B(r, n - r + 1)
    P(max <= x) = Π F_i(x),   P(min > x) = Π S_i(x)

F and S = 1 - F each come from their own path, with their logarithms, so both tails are right at any depth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, choose, log_abs, value
from densities.distributions.base import Univariate
from densities.distributions.continuous.incomplete import log_beta_terms, log_incomplete_beta
from densities.distributions.continuous.unit_interval import Beta
from densities.distributions.lattice import Countable, Discrete, Strand
from densities.distributions.listed import listed_strand
from densities.distributions.tables import Table
from densities.domains import Interval
from densities.logmath import logdiffexp

__all__ = ["DiscreteOrderStatistic", "Extreme", "OrderStatistic"]

LOG_HALF = float(np.log(0.5))
# Smaller probabilities travel by their logarithms alone.
SAFE = 1e-290
# Below this share of the nearer tail a difference of tails loses digits, and the density is integrated instead.
NARROW = 0.25
NODES, WEIGHTS = (0.5 * part for part in np.polynomial.legendre.leggauss(20))
NODES = NODES + 0.5


class Ranked:
    """What continuous and countable order statistics have in common: the beta law of F(X_(r))."""

    law: Any
    rank: int
    n: int

    def _fill(self, law: Any, rank: int, n: int) -> None:
        self.law, self.rank, self.n = law, int(rank), int(n)
        self.a, self.b = float(rank), float(n - rank + 1)

    @property
    def made_of(self) -> tuple[Any, ...]:
        return (self.law,)

    def same_as(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Ranked) and (self.rank, self.n) == (other.rank, other.n) and self.law.same_as(other.law)
        )

    def replace(self, **changes: Any) -> Any:
        return type(self)(**{"law": self.law, "rank": self.rank, "n": self.n, **changes})

    def __str__(self) -> str:
        return f"order_statistic({self.law}, {self.rank}, {self.n})"

    def __repr__(self) -> str:
        return f"order_statistic({self.law!r}, {self.rank}, {self.n})"

    def log_lower(self, log_below: Any, log_above: Any) -> Any:
        """log I_u(r, n - r + 1) for log u and log(1 - u)."""
        return log_incomplete_beta(self.a, self.b, log_below, log_above, np.exp(log_below), np.exp(log_above))

    def log_upper(self, log_below: Any, log_above: Any) -> Any:
        return log_incomplete_beta(self.b, self.a, log_above, log_below, np.exp(log_above), np.exp(log_below))

    def log_density(self, log_below: Any, log_above: Any) -> Any:
        """log of the density of the beta law, with one-sided limits where u is 0 or 1."""
        terms = log_beta_terms(self.a, self.b, log_below, log_above, np.exp(log_below), np.exp(log_above))
        result = terms - log_below - log_above
        at_low, at_high = np.isneginf(log_below), np.isneginf(log_above)
        result = np.where(at_low, np.log(self.n) if self.rank == 1 else -np.inf, result)
        return np.where(at_high, np.log(self.n) if self.rank == self.n else -np.inf, result)


class OrderStatistic(Ranked, Univariate):
    """The law of the r-th smallest of n independent copies of a law with a density; 1 <= rank <= n.

    Everything is a function of the law's own cdf and sf and their logarithms: right to a few roundings of theirs.
    """

    name = "order_statistic"

    def __init__(self, law: Univariate, rank: int, n: int):
        self._fill(law, rank, n)
        self.params, self.batch_shape = {}, law.batch_shape

    @property
    def support(self) -> Interval:
        return self.law.support

    @property
    def fragile(self) -> bool:
        return self.law.fragile

    @property
    def remote_ends(self) -> tuple[Any, ...]:
        return self.law.remote_ends

    @property
    def inverts_fast(self) -> bool:  # type: ignore[override]
        return self.law.inverts_fast

    @property
    def critical_points(self) -> Sequence[float]:
        return self.law.critical_points

    def carriers(self) -> Sequence[Interval]:
        return self.law.carriers()

    def kinks(self) -> np.ndarray:
        return self.law.kinks()

    def member(self, index: tuple[int, ...], shape: tuple[int, ...]) -> Any:
        return self.replace(law=self.law.member(index, shape)) if self.batch_shape else self

    def _logs(self, x: Any) -> tuple[Any, Any]:
        return value(self.law.raw_logcdf(x)), value(self.law.raw_logsf(x))

    def raw_logpdf(self, x: Any) -> Any:
        return self.law.raw_logpdf(x) + self.log_density(*self._logs(x))

    def raw_logcdf(self, x: Any) -> Any:
        return self.log_lower(*self._logs(x))

    def raw_logsf(self, x: Any) -> Any:
        return self.log_upper(*self._logs(x))

    def raw_ppf(self, q: Any) -> Any:
        return self._at(Beta(self.a, self.b).raw_ppf(q))

    def raw_isf(self, q: Any) -> Any:
        return self._at(Beta(self.a, self.b).raw_isf(q))

    def raw_log_ppf(self, logq: Any) -> Any:
        return self._at(Beta(self.a, self.b).raw_log_ppf(logq))

    def raw_log_isf(self, logq: Any) -> Any:
        return self._at(Beta(self.a, self.b).raw_log_isf(logq))

    def _at(self, u: Any) -> Any:
        """The quantile of the law at probabilities u, on the nearer tail."""
        u = anchored(u)
        lower = np.asarray(u < 0.5)
        tail = choose(lower, u, 1.0 - u)
        size = np.asarray(value(tail))
        if np.all(size > SAFE):
            return choose(lower, self.law.raw_ppf(size), self.law.raw_isf(size))
        log = np.minimum(log_abs(tail), LOG_HALF)
        return choose(lower, self.law.raw_log_ppf(log), self.law.raw_log_isf(log))

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        """F⁻¹ of a beta variable, drawn as its distance from the nearer end."""
        if self.a > self.b:
            return self._at(Anchored(1.0, -rng.beta(self.b, self.a, shape)))
        return self._at(Anchored(0.0, rng.beta(self.a, self.b, shape)))


class RankedIntegers(Ranked, Countable):
    """The r-th smallest of n independent copies of a law on the integers."""

    smooth = False

    def __init__(self, law: Countable, rank: int, n: int):
        self._fill(law, rank, n)
        self.params = {}
        self.low, self.high = law.low, law.high
        level = Beta(self.a, self.b).median()
        self.centre = float(np.clip(law.quantile(np.asarray(level), lower=True), law.low, law.high))

    def _logs(self, k: Any) -> tuple[Any, Any]:
        return self.law.log_below(k), self.law.log_above(k)

    def log_below(self, k: Any) -> Any:
        return self.log_lower(*self._logs(k))

    def log_above(self, k: Any) -> Any:
        return self.log_upper(*self._logs(k))

    def log_pmf(self, k: Any) -> Any:
        """log of the mass of the beta law between F(k - 1) and F(k): a difference of the nearer tail, or an integral.

        The density of the beta law is a polynomial; between the two it is taken at F(k - 1) + s·P(k) and
        S(k) + (1 - s)·P(k), in which nothing cancels.
        """
        k = np.asarray(k, dtype=float)
        inside = (k >= self.low) & (k <= self.high)
        k = np.where(inside, k, self.centre)
        before = k > self.low
        below, above = self._logs(k)
        lower, upper = (
            np.where(before, log, end)
            for log, end in zip(self._logs(np.maximum(k - 1.0, self.low)), (-np.inf, 0.0), strict=True)
        )
        from_low = below < upper
        large = np.where(from_low, self.log_lower(below, above), self.log_upper(lower, upper))
        small = np.where(from_low, self.log_lower(lower, upper), self.log_upper(below, above))
        difference = logdiffexp(large, np.minimum(small, large))
        result = np.where(
            difference < large + np.log(NARROW), self._integrated(lower, above, self.law.log_pmf(k)), difference
        )
        return np.where(inside, result, -np.inf)

    def _integrated(self, lower: Any, above: Any, mass: Any) -> Any:
        u = np.logaddexp(lower[..., None], mass[..., None] + np.log(NODES))
        v = np.logaddexp(above[..., None], mass[..., None] + np.log1p(-NODES))
        return np.logaddexp.reduce(self.log_density(u, v) + np.log(WEIGHTS), axis=-1) + mass


class DiscreteOrderStatistic(Ranked, Discrete):
    """The law of the r-th smallest of n independent copies of a law of point masses."""

    name = "order_statistic"

    def __init__(self, law: Discrete, rank: int, n: int):
        self._fill(law, rank, n)
        self.params = {}

    @cached_property
    def strands(self) -> Sequence[Strand]:
        strand, *more = self.law.strands
        whole = strand.log_weight == 0.0 and (strand.low, strand.high) == (strand.law.low, strand.law.high)
        if more or not whole:
            places, masses = self.law.atoms
            strand = listed_strand(places, Table(masses))
        rank = self.rank if strand.up else self.n + 1 - self.rank
        return (strand._with(law=RankedIntegers(strand.law, rank, self.n)),)

    @property
    def support(self) -> Interval:
        return self.law.support


class Extreme(Univariate):
    """The law of the smallest or the largest of independent variables with densities, each of its own law.

    Where all must lie on one side the logarithms add up; where one must, P = P_1 + (1 - P_1) P_2 and so on, in which
    nothing cancels.
    """

    inverts_fast = False

    def __init__(self, laws: Sequence[Univariate], *, largest: bool):
        self.laws, self.largest, self.params = tuple(laws), largest, {}

    @property
    def name(self) -> str:  # type: ignore[override]
        return "maximum" if self.largest else "minimum"

    @property
    def operands(self) -> tuple[Any, ...]:
        """The laws whose extreme this is."""
        return self.laws

    @property
    def made_of(self) -> tuple[Any, ...]:
        return self.laws

    @cached_property
    def support(self) -> Interval:
        farthest: Callable = max if self.largest else min
        low, high = (farthest(float(value(getattr(law.support, end))) for law in self.laws) for end in ("low", "high"))
        return Interval(low, high)

    @cached_property
    def fragile(self) -> bool:
        return any(law.fragile for law in self.laws)

    @property
    def remote_ends(self) -> tuple[Any, ...]:
        return tuple(end for law in self.laws for end in law.remote_ends)

    @property
    def _tails(self) -> tuple[str, str]:
        """The tail on which all must lie, and the other."""
        return ("logcdf", "logsf") if self.largest else ("logsf", "logcdf")

    def raw_logpdf(self, x: Any) -> Any:
        tail = self._tails[0]
        logs = [np.asarray(value(law.anywhere(tail, x))) for law in self.laws]
        total: Any = -np.inf
        for i, law in enumerate(self.laws):
            others = sum(log for j, log in enumerate(logs) if j != i)
            density = np.asarray(value(law.logpdf_anywhere(x)))
            total = np.logaddexp(total, np.where(np.isneginf(others), -np.inf, density + others))
        return total

    def _all(self, x: Any) -> Any:
        return sum(np.asarray(value(law.anywhere(self._tails[0], x))) for law in self.laws)

    def _any(self, x: Any) -> Any:
        same, other = self._tails
        total: Any = -np.inf
        for law in self.laws:
            total = np.logaddexp(value(law.anywhere(other, x)), value(law.anywhere(same, x)) + total)
        return total

    def raw_logcdf(self, x: Any) -> Any:
        return self._all(x) if self.largest else self._any(x)

    def raw_logsf(self, x: Any) -> Any:
        return self._any(x) if self.largest else self._all(x)

    def _rough(self, points: Sequence[Any]) -> np.ndarray:
        found = np.unique(np.concatenate([np.ravel(np.asarray(part, dtype=float)) for part in points]))
        return found[np.isfinite(found) & np.asarray(self.support.interior_contains(found))]

    def kinks(self) -> np.ndarray:
        ends = [[float(value(end)) for end in law.support.edges] for law in self.laws]
        return self._rough([*ends, *(law.kinks() for law in self.laws)])

    @cached_property
    def critical_points(self) -> Sequence[float]:
        ends = [[float(value(end)) for end in law.support.edges] for law in self.laws]
        return list(self._rough([*ends, *(law.critical_points for law in self.laws)]))

    def marks(self) -> np.ndarray:
        return np.concatenate([self._rough([law.landmarks() for law in self.laws]), super().marks()])

    @property
    def draw_dimension(self) -> int:  # type: ignore[override]
        return sum(law.draw_dimension for law in self.laws)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        draws = [value(law.draw(rng, shape)) for law in self.laws]
        return (np.maximum if self.largest else np.minimum).reduce(draws)

    def draw_from(self, source: Any) -> Any:
        columns = source.uniforms(len(self.laws)).T
        draws = [value(law.raw_total_ppf(column)) for law, column in zip(self.laws, columns, strict=True)]
        return (np.maximum if self.largest else np.minimum).reduce(draws)

    def same_as(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Extreme)
            and self.largest == other.largest
            and len(self.laws) == len(other.laws)
            and all(a.same_as(b) for a, b in zip(self.laws, other.laws, strict=True))
        )

    def replace(self, **changes: Any) -> Extreme:
        return Extreme(**{"laws": self.laws, "largest": self.largest, **changes})

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.laws))})"

    def __repr__(self) -> str:
        return f"{'maximum' if self.largest else 'minimum'}({', '.join(map(repr, self.laws))})"
