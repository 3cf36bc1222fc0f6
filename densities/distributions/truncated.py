"""Truncation: the law of X given low < X <= high, right when almost nothing is left of X there."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, choose, value
from densities.anchored.numbers import concatenate
from densities.arrays import quiet, read_only, some
from densities.distributions.base import Univariate, register
from densities.distributions.masses import RARE, quantile_between
from densities.domains import Interval
from densities.errors import ParameterError, ShapeError, argument_error
from densities.logmath import log1mexp
from densities.parameters import as_parameter, number_text
from densities.protocols import as_distribution
from densities.transforms.base import meets

# The logarithms of probabilities that are no subnormal numbers.
COMFORTABLE = -600.0
# The logarithm of the mass of an interval in which draws of the base are waited for.
LOG_OFTEN = -1.5
# Sums with a tail that is e^3 times the mass cost a digit.
DROWNED = 3.0
# A level of e^-4 of the tail or of the mass it is added to or taken from loses six bits or more; Newton's steps that then find
# the point, and the last of them where it is found.
SWALLOWED, STEPS, SETTLED = 4.0, 6, 1e-13
# Truncations of other kinds of laws: whether a law is of that kind, and what truncates it. Filed where they are defined.
KINDS: list[tuple[Callable[[Any], bool], Callable[..., Any]]] = []


@register("truncate", examples=(), source="definition")
class Truncated(Univariate):
    """f(x)/P(low < X <= high) on the interval; its mass is held as a logarithm, so 1e-545 is as good as 1/2."""

    def __new__(cls, law: Any = None, low: float = -np.inf, high: float = np.inf) -> Any:
        for of_this_kind, kind in KINDS:
            if law is not None and of_this_kind(law):
                return kind(law, low, high)
        return super().__new__(cls)

    def __init__(self, law: Any, low: float = -np.inf, high: float = np.inf):
        self.base = as_distribution(law)
        if not isinstance(self.base, Univariate) or self.base.batch_shape:
            raise ShapeError(argument_error("law", "a scalar law on the line", law))
        whole = Interval(-np.inf, np.inf, low_closed=True, high_closed=True)
        self.low, self.high = (
            as_parameter("truncate", name, end, whole) for name, end in (("low", low), ("high", high))
        )
        if np.ndim(self.low) or np.ndim(self.high):
            raise ShapeError(argument_error("truncate: low, high", "one number each", (low, high)))
        if not self.low < self.high:
            raise ParameterError(argument_error("truncate: low, high", "low < high", (self.low, self.high)))
        self.params = {}
        if not self.log_mass > -np.inf:
            raise ParameterError(
                argument_error("truncate", f"an interval that carries mass of {self.base}", (self.low, self.high))
            )

    @property
    def made_of(self) -> tuple[Any, ...]:
        return (self.base,)

    @cached_property
    def support(self) -> Interval:
        return self.base.support.intersect(
            Interval(self.low, self.high, low_closed=np.isfinite(self.low), high_closed=np.isfinite(self.high))
        )

    @property
    def measure(self) -> str:
        return self.base.measure

    @property
    def fragile(self) -> bool:
        return self.base.fragile

    @property
    def remote_ends(self) -> tuple[Any, ...]:
        return self.base.remote_ends

    @property
    def narrowness(self) -> Any:
        return self.base.narrowness

    @property
    def inverts_fast(self) -> bool:  # type: ignore[override]
        return self.base.inverts_fast

    @cached_property
    def _ends(self) -> tuple[bool, bool]:
        """Whether the base itself ends at the low end, and at the high end."""
        inner, outer = self.support, self.base.support
        return bool(value(inner.low) == value(outer.low)), bool(value(inner.high) == value(outer.high))

    @cached_property
    def _log_kept(self) -> float:
        """log of the continuous mass of the base in the interval."""
        with quiet():
            low, high = self.support.edges
            if low >= high:
                return -np.inf
            if all(self._ends):
                return self.base.log_continuous_mass
            if self._ends[0]:
                return float(value(self.base.raw_logcdf(anchored(self.base._placed(high)))))
            if self._ends[1]:
                return float(value(self.base.raw_logsf(anchored(self.base._placed(low)))))
            return float(value(self.base.raw_log_mass(anchored(low), anchored(high))))

    @cached_property
    def _kept_atoms(self) -> tuple[np.ndarray, np.ndarray]:
        """The places of the atoms that are kept, and the logarithms of the masses that they had."""
        places, logs = self.base.log_atoms
        kept = (places > self.low) & (places <= self.high) if np.isfinite(self.low) else places <= self.high
        return read_only(places[kept], logs[kept])

    @cached_property
    def log_mass(self) -> float:
        """log P(low < X <= high)."""
        with quiet():
            return float(np.logaddexp.reduce(self._kept_atoms[1], initial=self._log_kept))

    @property
    def atoms(self) -> tuple[np.ndarray, np.ndarray]:
        places, logs = self.log_atoms
        return places, np.exp(logs)

    @property
    def log_atoms(self) -> tuple[np.ndarray, np.ndarray]:
        places, logs = self._kept_atoms
        return places, logs - self.log_mass if len(places) else logs

    @property
    def log_continuous_mass(self) -> float:
        return self._log_kept - self.log_mass

    @cached_property
    def log_lost(self) -> float:
        """Of the log-mass, and of the distances of cuts from the ends of the base, or from its middle if it has none: ulps
        move the cuts by shares of these, but for a base that takes them as they are."""
        if self.base.takes_points_as_they_are:
            return abs(self.log_mass) + self.base.log_lost
        with quiet():
            ends = [float(value(end)) for end in self.base.support.edges]
            places = [end for end in ends if np.isfinite(end)] or [float(value(self.base.raw_ppf(np.float64(0.5))))]
            cuts = [float(value(end)) for end, own in zip(self.support.edges, self._ends, strict=True) if not own]
            moved = [
                min(abs(cut - place) for place in places) * float(np.exp(value(self.raw_logpdf(np.float64(cut)))))
                for cut in cuts
            ]
        return abs(self.log_mass) + sum(size for size in moved if np.isfinite(size)) + self.base.log_lost

    @property
    def critical_points(self) -> Sequence[float]:
        return [place for place in self.base.critical_points if self.support.interior_contains(place)]

    def raw_logpdf(self, x: Any) -> Any:
        return self.base.raw_logpdf(x) - self.log_mass

    def raw_cdf(self, x: Any) -> Any:
        return self._share(self._below, self.base.raw_cdf, super().raw_cdf, x)

    def raw_sf(self, x: Any) -> Any:
        return self._share(self._above, self.base.raw_sf, super().raw_sf, x)

    def raw_logcdf(self, x: Any) -> Any:
        return self._below(x, self.base.raw_logcdf, self.base.raw_log_mass) - self.log_mass

    def raw_logsf(self, x: Any) -> Any:
        return self._above(x, self.base.raw_logsf, self.base.raw_log_mass) - self.log_mass

    def _below(self, x: Any, tail: Callable, between: Callable) -> Any:
        """What the base has from the lower cut to x."""
        return tail(x) if self._ends[0] else between(self._cut_for(self.support.low, x), anchored(x))

    def _above(self, x: Any, tail: Callable, between: Callable) -> Any:
        return tail(x) if self._ends[1] else between(anchored(x), self._cut_for(self.support.high, x))

    def _share(self, part: Callable, tail: Callable, by_logs: Callable, x: Any) -> Any:
        """A mass of the base as a share of what is kept; by logarithms where it is hardly in the doubles, or little is kept,
        the rounding of whose logarithm cancels in that of the mass."""
        if some(self.log_mass < LOG_OFTEN):
            return by_logs(x)
        mass = np.asarray(value(part(x, tail, self.base.raw_mass)))
        return by_logs(x) if some(~(mass > RARE)) else mass / np.exp(self.log_mass)

    def _placed(self, points: Any) -> Any:
        """As the base needs them, but beside a cut, as exact offsets from it.

        An end at distance D from a cut that doubles have rounded by ε takes ε/D of a mass, and the offsets of points from
        such an end, rounded to εD, lose εD/w of a width w: up to w = D² the former is less.
        """
        placed = self.base._placed(points)
        if placed is points:
            return points
        outer = np.array([value(end) for end in self.base.support.edges])
        cuts = [cut for cut, own in zip(self.support.edges, self._ends, strict=True) if not own]
        for cut in cuts:
            depth, width = np.min(np.abs(outer - cut)), np.abs(points - cut)
            nearest = np.all([width <= np.abs(points - other) for other in cuts], axis=0)
            beside = nearest & (width < 0.5 * np.abs(cut)) & (width * np.abs(cut) < depth * depth)
            placed = choose(beside, Anchored(cut, points - cut), placed)
        return placed

    def _cut_for(self, cut: Any, x: Any) -> Any:
        """A cut, anchored at itself for points that are, elsewhere as the base needs it."""
        itself = Anchored.at(cut)
        placed = self.base._placed(np.float64(cut))
        return choose(x.anchor == cut, itself, placed) if isinstance(x, Anchored) and placed is not cut else itself

    def raw_log_mass(self, a: Any, b: Any) -> Any:
        return self.base.raw_log_mass(a, b) - self.log_mass

    def raw_log_ppf(self, logq: Any) -> Any:
        return self._two_sided(logq, log1mexp(logq))

    def raw_log_isf(self, logq: Any) -> Any:
        return self._two_sided(log1mexp(logq), logq)

    def raw_ppf(self, q: Any) -> Any:
        return self._two_sided(np.log(q), np.log1p(-q))

    def raw_isf(self, q: Any) -> Any:
        return self._two_sided(np.log1p(-q), np.log(q))

    def _two_sided(self, log_below: Any, log_above: Any) -> Any:
        """The point with these masses below and above, found on the tail of the base that is smaller there."""
        if self._drowned:
            return quantile_between(self, log_below, log_above)
        lower, upper = (
            np.logaddexp(tail, log + self.log_mass)
            for tail, log in zip(self._tails, (log_below, log_above), strict=True)
        )
        nearer = np.asarray(lower < upper)
        base = self.base
        x = choose(
            nearer,
            _quantile(base.raw_ppf, base.raw_log_ppf, lower),
            _quantile(base.raw_isf, base.raw_log_isf, upper),
        )
        for side, cut, tail, log, chosen in zip(
            (1.0, -1.0), self.support.edges, self._tails, (log_below, log_above), (nearer, ~nearer), strict=True
        ):
            short = np.asarray((log < -SWALLOWED) & (~chosen | (log + self.log_mass < tail - SWALLOWED)))
            if np.any(short) and not len(self.atoms[0]):
                x = self._beside_cut(x, short, side, cut, np.broadcast_to(log + self.log_mass, short.shape))
        return x

    def _beside_cut(self, x: Any, short: np.ndarray, side: float, cut: Any, log: np.ndarray) -> Any:
        """x, but where a level is swallowed by the tail beyond a cut the point cut ± w with that mass between.

        Newton's steps for log w, which find log w + log f = log of the mass at once where the density f is level, and
        nearly so where it goes as a power of w. At a cut where it is 0 or infinite they begin at the median.
        """
        log, end = log[short], Anchored.at(value(cut))
        at_cut = value(self.base.raw_logpdf(end))
        known = np.isfinite(at_cut)
        level = (
            log - at_cut if known else np.full(log.shape, np.log(np.abs(self.raw_ppf(np.float64(0.5)) - value(cut))))
        )
        log_width = np.array(level)
        found = np.abs(value(self.base.raw_logpdf(Anchored.from_log(level, side, value(cut)))) - at_cut) < SETTLED
        for _ in range(STEPS):
            if not len(rest := np.flatnonzero(~found)):
                break
            point = Anchored.from_log(log_width[rest], side, value(cut))
            mass = value(self.base.raw_log_mass(*((end, point) if side > 0 else (point, end))))
            step = (mass - log[rest]) * np.exp(mass - log_width[rest] - value(self.base.raw_logpdf(point)))
            log_width[rest] -= step
            found[rest] = np.abs(step) < SETTLED * np.maximum(1.0, np.abs(log[rest]))
        settled, offsets = np.zeros(short.shape, dtype=bool), np.zeros(short.shape)
        settled[short], offsets[short] = found, log_width
        return choose(settled, Anchored.from_log(offsets, side, value(cut)), x)

    @cached_property
    def _tails(self) -> tuple[float, float]:
        """log P(X <= low) and log P(X > high) of the base, its atoms included."""
        if len(self.base.atoms[0]):
            return float(self.base.logcdf(self.low)), float(self.base.logsf(self.high))
        low, high = (anchored(end) for end in self.support.edges)
        return (
            -np.inf if self._ends[0] else float(value(self.base.raw_logcdf(low))),
            -np.inf if self._ends[1] else float(value(self.base.raw_logsf(high))),
        )

    @cached_property
    def _drowned(self) -> bool:
        """Whether the mass is so small beside both tails of the base that sums with them say nothing of it."""
        return min(self._tails) > self.log_mass + DROWNED

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        """Draws of the base that lie in the interval where many do, quantiles elsewhere."""
        if self.log_mass < LOG_OFTEN:
            u = rng.random(shape)
            return self.raw_ppf(np.where(u == 0.0, 2.0**-54, u))
        found: list[Any] = []
        missing = math.prod(shape)
        while missing or not found:
            x = self.base.draw(rng, (int(1.05 * missing * np.exp(-self.log_mass)) + 8,))
            found.append(x[(x > self.low) & (x <= self.high)][:missing])
            missing -= len(value(found[-1]))
        join = concatenate if any(isinstance(x, Anchored) for x in found) else np.concatenate
        return join(found).reshape(*shape) if shape else join(found)[0]

    def carriers(self) -> Sequence[Interval]:
        return tuple(
            interval.intersect(self.support) for interval in self.base.carriers() if meets(interval, self.support)
        )

    def marks(self) -> np.ndarray:
        base = self.base.landmarks()
        return np.concatenate([super().marks(), base[np.asarray(self.support.interior_contains(base))]])

    def kinks(self) -> np.ndarray:
        kinks = self.base.kinks()
        return kinks[np.asarray(self.support.interior_contains(kinks))]

    def same_as(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Truncated)
            and self.base.same_as(other.base)
            and (self.low, self.high) == (other.low, other.high)
        )

    def replace(self, **changes: Any) -> Truncated:
        return Truncated(**{"law": self.base, "low": self.low, "high": self.high, **changes})

    def __str__(self) -> str:
        return f"truncate({self.base}, {number_text(self.low)}, {number_text(self.high)})"

    def __repr__(self) -> str:
        return f"Truncated({self.base!r}, {number_text(self.low)}, {number_text(self.high)})"


def _quantile(quantile: Callable[[Any], Any], of_log: Callable[[Any], Any], log: Any) -> Any:
    """of_log(log), by the quantile itself, many times faster, where the probabilities are doubles with all their digits."""
    return quantile(np.exp(log)) if np.min(log, initial=0.0) > COMFORTABLE else of_log(log)


def truncate(law: Any, low: float = -np.inf, high: float = np.inf) -> Truncated:
    """The law of X given low < X <= high: f(x)/P(low < X <= high) there, to relative accuracy however small the mass.

    Either end may be infinite. Raises ParameterError where the interval carries no mass or low < high does not hold.
    """
    return Truncated(law, low, high)
