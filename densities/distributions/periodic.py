"""The law of a periodic map of X, however wide X is: sine, cosine and tangent through all their branches.

Where many periods carry mass, X is first wrapped onto one of them,

    f_Θ(θ) = Σ_k f(θ + kP),

term by term near the landmarks of f, and between them, where f changes little from one period to the next, by differences
of the distribution function over whole ranges of k, which telescope.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, choose, value
from densities.arrays import quiet
from densities.distributions.base import Univariate
from densities.distributions.masses import toward_ends
from densities.distributions.pushforward import FEW, Pushforward, stepped
from densities.domains import Interval
from densities.errors import UnsupportedOperationError
from densities.transforms.manytoone import Periodic

# P·f(x) = Σ a_j [F(x + (j + 1/2)P) - F(x - (j + 1/2)P)] to eighth order in P (staggered central differences); summed
# over consecutive periods only sums of the a_j are left, beside both ends of the range.
STAGGERED = np.array([1225 / 1024, -245 / 3072, 49 / 5120, -5 / 7168])
SHIFTS = np.arange(-3, 4)
FILTER = np.cumsum(STAGGERED[::-1])[::-1][np.abs(SHIFTS)]
# A mass that is no less than this share of all tails that it is a difference of keeps its digits; and what lies in the other
# periods is nothing beside it where that is less than VOID.
SHARE, VOID = 1 / 50, 1e-20
# So many periods on either side of a landmark are taken one by one.
BESIDE = 40
# Nodes of the integral over what changes little within a period.
NODES, WEIGHTS = np.polynomial.legendre.leggauss(4)


class Wrapped(Univariate):
    """The law of X modulo `period`, on [start, start + period]."""

    def __init__(self, law: Univariate, start: float, period: float):
        self.law, self.start, self.period = law, start, period
        self.params = {}
        self._support = Interval(start, start + period, low_closed=True, high_closed=True)

    @property
    def made_of(self) -> tuple[Any, ...]:
        return (self.law,)

    @property
    def support(self) -> Interval:
        return self._support

    def same_as(self, other: object) -> bool:
        return (
            isinstance(other, Wrapped)
            and (self.start, self.period) == (other.start, other.period)
            and self.law.same_as(other.law)
        )

    def _turns(self, x: Any) -> np.ndarray:
        return np.floor((np.asarray(x, dtype=float) - self.start) / self.period)

    @cached_property
    def _marks(self) -> np.ndarray:
        ends = np.array([value(end) for end in self.law.support.edges], dtype=float)
        return np.unique(np.concatenate([self.law.landmarks(), self.law.kinks(), ends[np.isfinite(ends)]]))

    @cached_property
    def _singly(self) -> np.ndarray:
        """The numbers of the periods that are taken one by one."""
        near = np.unique(self._turns(self._marks))[:, None] + np.arange(-BESIDE, BESIDE + 1)
        first, last = (self._turns(value(end)) for end in self.law.support.edges)
        return np.unique(near[(near >= first) & (near <= last)])

    @cached_property
    def _ranges(self) -> Sequence[tuple[float, float]]:
        """The ranges (first, last) of the other periods; without end where the support has none."""
        low, high = (np.isinf(value(end)) for end in self.law.support.edges)
        edges = np.concatenate([[-np.inf] * int(low), self._singly, [np.inf] * int(high)])
        return [(a + 1.0, b - 1.0) for a, b in pairwise(edges) if b - a > 1.0]

    def _smooth(self, theta: np.ndarray) -> np.ndarray:
        """Σ f(θ + kP) over the ranges."""
        total = np.zeros(theta.shape)
        for first, last in self._ranges:
            for shift, factor in zip(SHIFTS, FILTER, strict=True):
                low, high = theta + (first + shift - 0.5) * self.period, theta + (last + shift + 0.5) * self.period
                total = total + factor * self._law_mass(Anchored.exact(low), Anchored.exact(high))
        return total / self.period

    def _law_mass(self, low: Any, high: Any) -> np.ndarray:
        """P(low < X <= high), both of one shape, an end of all of them possibly infinite."""
        if np.all(np.isneginf(value(low))):
            return np.asarray(value(self.law.anywhere("cdf", high)))
        if np.all(np.isposinf(value(high))):
            return np.asarray(value(self.law.anywhere("sf", low)))
        first, last = self.law.support.edges
        low, high = choose(low < first, first, low), choose(high > last, last, high)
        empty = np.asarray(low >= high)
        inner = self.law.support.interior_point()
        mass = self.law.raw_mass(anchored(choose(empty, inner, low)), anchored(choose(empty, inner, high)))
        return np.where(empty, 0.0, value(mass))

    def raw_logpdf(self, x: Any) -> Any:
        theta = np.asarray(value(x), dtype=float)
        with quiet():
            singly = self.law.logpdf_anywhere(theta[..., None] + self._singly * self.period)
            return np.log(np.sum(np.exp(value(singly)), axis=-1) + self._smooth(theta))

    @cached_property
    def _compact(self) -> bool:
        """Whether all periods that are not taken one by one are empty, to rounding."""
        ends = np.add(np.reshape(self._ranges, (-1, 2)), [0.0, 1.0])
        low, high = (float(value(end)) for end in self.law.support.edges)
        places = np.clip(self.start + ends * self.period, low, high)
        with quiet():
            return sum(float(self._law_mass(*map(Anchored.exact, pair[:, None]))[0]) for pair in places) < VOID

    def _tails(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Σ F(x + kP) - Σ P(X > x + kP), k below the median and k above it, and the sum of all these tails."""
        points, back = np.unique(x, return_inverse=True)  # masses from one end have it for all of them
        shifts = self._singly * self.period
        low = self.start + shifts < self._median
        below = np.sum(value(self.law.anywhere("cdf", points[:, None] + shifts[low])), axis=-1)
        above = np.sum(value(self.law.anywhere("sf", points[:, None] + shifts[~low])), axis=-1)
        return (below - above)[back], (below + above)[back]

    @cached_property
    def _median(self) -> float:
        return float(value(self.law.raw_ppf(np.asarray(0.5))))

    def raw_mass(self, a: Any, b: Any) -> Any:
        """By differences of sums of tails where these are hardly larger, otherwise period by period."""
        a, b = _shaped(a, b), _shaped(b, a)
        start, stop = a.reshape(-1), b.reshape(-1)
        with quiet():
            (low, most), (high, more) = self._tails(start.value), self._tails(stop.value)
            result = high - low
            poor = ~(result >= SHARE * (most + more))
            if poor.any():
                result[poor] = self._mass_by_periods(start[poor], stop[poor])
            if not self._compact:
                result = result + self._smooth_mass(start, stop)
        return result.reshape(a.shape)

    def _mass_by_periods(self, a: Anchored, b: Anchored) -> Any:
        """What the periods hold that are taken one by one."""
        shift = self._singly * self.period
        return np.sum(self._law_mass(_moved(a, shift), _moved(b, shift)), axis=-1)

    def _smooth_mass(self, a: Anchored, b: Anchored) -> Any:
        """What the others hold."""
        width, start = np.asarray(value(b - a)), np.asarray(value(a))
        nodes = start[..., None] + 0.5 * width[..., None] * (1.0 + NODES)
        return 0.5 * width * np.sum(WEIGHTS * self._smooth(nodes), axis=-1)

    def raw_log_mass(self, a: Any, b: Any) -> Any:
        return np.log(self.raw_mass(a, b))

    def raw_cdf(self, x: Any) -> Any:
        return self.raw_mass(_beside(x, self.start), x)

    def raw_sf(self, x: Any) -> Any:
        return self.raw_mass(x, _beside(x, self.start + self.period))

    def raw_logcdf(self, x: Any) -> Any:
        return np.log(self.raw_cdf(x))

    def raw_logsf(self, x: Any) -> Any:
        return np.log(self.raw_sf(x))

    def kinks(self) -> np.ndarray:
        ends = np.array([value(end) for end in self.law.support.edges], dtype=float)
        places = np.concatenate([self.law.kinks(), ends[np.isfinite(ends)]])
        return np.unique(places - self._turns(places) * self.period)

    def landmarks(self) -> np.ndarray:
        return np.unique(np.append(self.kinks(), self.start + self.period * np.array([0.25, 0.5, 0.75])))

    @cached_property
    def _guide(self) -> np.ndarray:
        end = self.start + self.period
        points = np.append(np.linspace(self.start, end, 257), toward_ends(self.start, end, self.period))
        return np.unique(points[(points > self.start) & (points < end)])

    def guide(self) -> np.ndarray:
        return self._guide

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        x = np.asarray(value(self.law.draw(rng, shape)))
        return self.start + np.mod(x - self.start, self.period)

    def __str__(self) -> str:
        return f"<{self.law} modulo {self.period:.6g}>"

    def __repr__(self) -> str:
        return f"Wrapped({self.law!r}, {self.start!r}, {self.period!r})"


def _moved(x: Anchored, shift: np.ndarray) -> Anchored:
    """x + shift, anchors rounded alike: what a shift rounds moves both ends of an interval at one anchor together."""
    spread = x[..., None]
    return Anchored(
        spread.anchor + shift, spread.offset + np.zeros(shift.shape), spread.log_offset + np.zeros(shift.shape)
    )


def _beside(x: Any, end: float) -> Anchored:
    """The end, as an anchor where x has it for one."""
    at_end = np.equal(anchored(x).anchor, end)
    return Anchored(np.where(at_end, end, 0.0), np.where(at_end, 0.0, end))


def _shaped(x: Any, other: Any) -> Anchored:
    shape = np.broadcast_shapes(np.shape(value(x)), np.shape(value(other)))
    return anchored(x) + np.zeros(shape) if np.shape(value(x)) != shape else anchored(x)


class PeriodicImage(Pushforward):
    """The law of g(X), g periodic, X of law `law`; `base` is X itself, or X wrapped where it spans many periods."""

    def __init__(self, law: Univariate, transform: Periodic):
        self.law = law
        super().__init__(
            law if self._few(law, transform) else Wrapped(law, transform.start, transform.period), transform
        )

    @property
    def unfolded(self) -> tuple[Any, tuple[Any, ...]]:
        """Of X itself, and not of what it is wrapped to."""
        root, steps = self.law.unfolded
        return root, (*steps, *self.transform.steps)

    def __str__(self) -> str:
        return f"{self.law} >> {self.transform}"

    def __repr__(self) -> str:
        return f"{self.law!r} >> {self.transform!r}"

    @staticmethod
    def _few(law: Univariate, transform: Periodic) -> bool:
        if np.isinf(value(law.support.low)) or np.isinf(value(law.support.high)):
            with quiet():
                ends = [law.raw_log_ppf(np.asarray(-80.0)), law.raw_log_isf(np.asarray(-80.0))]
        else:
            ends = list(law.support.edges)
        span = float(np.max(value(ends[1]))) - float(np.min(value(ends[0])))
        few = span < 0.5 * FEW * transform.period
        if not few and (law.batch_shape or law.measure != "lebesgue"):
            kind = "a batch of laws" if law.batch_shape else "a law with atoms"
            raise UnsupportedOperationError(f"{transform}: expected fewer periods in the range of {kind}, got {law}")
        return few

    @property
    def fragile(self) -> bool:
        """Poles at doubles other than 0: a double next to one has lost its distance."""
        return super().fragile or any(np.isinf(value(branch.image.high)) for branch in self.branches)

    @property
    def _direction(self) -> Any:
        """A wrapped angle next to a pole has no digits left, so quantiles are solved for in y."""
        return None if isinstance(self.base, Wrapped) else super()._direction

    def replace(self, **changes: Any) -> Any:
        return PeriodicImage(self.law.replace(**changes), self.transform)  # type: ignore[arg-type]

    def member(self, index: tuple[int, ...], shape: tuple[int, ...]) -> Any:
        if not self.batch_shape:
            return self
        return PeriodicImage(self.law.member(index, shape), self.transform.member(index, shape))  # type: ignore[arg-type]

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return self.transform.forward(value(self.law.draw(rng, shape)))


@stepped.register
def periodic_image(transform: Periodic, law: Univariate) -> PeriodicImage:
    return PeriodicImage(law, transform)
