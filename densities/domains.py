"""Supports, domains and codomains: where a law lives and where a map is defined.

An end of an interval is a double, an array of doubles (a batch), or an `Anchored` number where the end has rounded onto
another one (the image of 40 under the sigmoid is not 1). Each end is open or closed, and exact or known to a `slack`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import numpy as np

from densities.anchored import Anchored, log_abs, value
from densities.arrays import extremes, greatest, least
from densities.errors import ShapeError
from densities.precise import Lifted

__all__ = [
    "CONSTRAINED",
    "POSITIVE",
    "REAL",
    "SPD",
    "UNIT",
    "Ball",
    "CorrelationCholesky",
    "Domain",
    "Integers",
    "Interval",
    "Ordered",
    "Product",
    "Real",
    "RealVector",
    "Simplex",
]


class Domain:
    """A set of points: its dimension, its membership test and the measure that densities on it refer to."""

    event_ndim: int = 0
    measure: str = "lebesgue"

    def contains(self, x: Any) -> Any:
        """Whether each point lies in the set: (..., event) -> (...,) of bool; NaN never does."""
        raise NotImplementedError

    def __contains__(self, x: Any) -> bool:
        return bool(np.all(self.contains(np.asarray(x, float))))

    def holds_all(self, x: np.ndarray) -> bool:
        """Whether every point lies in the set."""
        return bool(np.all(self.contains(x)))

    def farthest(self, point: Any) -> float | None:
        """The supremum of the distance from `point`; None where it is not known."""
        return None

    def carrier(self, n: int) -> str:
        """The set of full dimension that the densities of vectors of n entries on this set refer to."""
        return f"R^{n}"

    def ranges(self, n: int) -> tuple[Interval, ...]:
        """Intervals that hold the entries of the vectors of n entries on this set."""
        return (REAL,) * n

    def free_entries(self, x: Any) -> Any:
        """The entries that volumes on the set refer to: (..., event) -> (..., d)."""
        return x

    def from_free(self, entries: Any) -> Any:
        """The points with these free entries: (..., d) -> (..., event)."""
        return entries


def _number(x: Any) -> str:
    return f"{float(x) + 0.0:.15g}"  # -0 is 0


def _as_end(x: Any) -> Any:
    if isinstance(x, Anchored | Lifted):
        return x
    array = np.asarray(x, dtype=float)
    return float(array) if array.ndim == 0 else array


def _array(x: Any) -> Any:
    return x if isinstance(x, Lifted) else np.asarray(value(x))


def lies_above(x: Any, y: Any) -> Any:
    """x > y; an anchored number is finite, however large, and no end at infinity bounds it."""
    if isinstance(x, Anchored) and np.ndim(y) == 0 and y == -np.inf:
        return log_abs(x) < np.inf
    if isinstance(y, Anchored) and np.ndim(x) == 0 and x == np.inf:
        return log_abs(y) < np.inf
    return x > y


def _joint_slack(a: Any, b: Any, a_slack: Any, b_slack: Any, kept: Any) -> Any:
    """The rounding of the inner one of two ends: where they touch, either may be it, and the larger one counts."""
    if isinstance(a_slack, float) and isinstance(b_slack, float) and a_slack == b_slack == 0.0:
        return kept
    with np.errstate(all="ignore"):
        touching = np.abs(value(a) - value(b)) <= np.add(a_slack, b_slack)
    return np.where(touching, np.maximum(a_slack, b_slack), kept)[()]


def _inner(
    first: Any, ends: tuple[Any, Any], closed: tuple[bool, bool], slacks: tuple[Any, Any]
) -> tuple[Any, bool, Any]:
    """The inner one of two ends, `first` where that is the first of them; where members differ, closed if both are."""
    joint = _joint_slack(*ends, *slacks, np.where(first, *slacks)[()])
    if np.all(first):
        return ends[0], closed[0], joint
    if np.any(first):
        return np.where(first, *map(value, ends)), all(closed), joint
    return ends[1], closed[1] and (closed[0] or not same_end(*ends)), joint


class Interval(Domain):
    """The points between `low` and `high`, each end open unless said to be closed.

    `low_slack` and `high_slack` are absolute rounding errors of ends that were computed.
    """

    __slots__ = ("high", "high_closed", "high_slack", "low", "low_closed", "low_slack")

    def __init__(
        self,
        low: Any = -np.inf,
        high: Any = np.inf,
        *,
        low_closed: bool = False,
        high_closed: bool = False,
        low_slack: Any = 0.0,
        high_slack: Any = 0.0,
    ):
        self.low, self.high = _as_end(low), _as_end(high)
        self.low_closed, self.high_closed = bool(low_closed), bool(high_closed)
        self.low_slack, self.high_slack = low_slack, high_slack

    def contains(self, x: Any) -> Any:
        above = x >= self.low if self.low_closed else lies_above(x, self.low)
        below = x <= self.high if self.high_closed else lies_above(self.high, x)
        return above & below

    def holds_all(self, x: np.ndarray) -> bool:
        """Whether every point lies inside: of numbers between two ends, whether the least and the greatest do."""
        if not x.size or np.ndim(value(self.low)) or np.ndim(value(self.high)):
            return super().holds_all(x)
        return super().holds_all(np.array(extremes(x)))

    def interior_contains(self, x: Any) -> Any:
        """Whether each point lies strictly between the ends."""
        return lies_above(x, self.low) & lies_above(self.high, x)

    def surrounds(self, x: np.ndarray) -> bool:
        """Whether every point lies strictly between the ends: whether the least and the greatest do."""
        if type(self.low) is float and type(self.high) is float and x.size:
            return bool(self.low < least(x) and greatest(x) < self.high)
        return bool(np.all(self.interior_contains(x)))

    @property
    def edges(self) -> tuple[Any, Any]:
        """Both ends."""
        return self.low, self.high

    @property
    def gaps(self) -> Sequence[Interval]:
        """What the domain leaves out between its ends: nothing, of an interval."""
        return ()

    @property
    def slacks(self) -> tuple[Any, Any]:
        """The absolute rounding errors of both ends."""
        return self.low_slack, self.high_slack

    @property
    def is_real_line(self) -> bool:
        """Whether neither end bounds anything."""
        return (
            isinstance(self.low, float) and isinstance(self.high, float) and self.low == -np.inf and self.high == np.inf
        )

    @property
    def length(self) -> Any:
        """high - low."""
        return value(self.high - self.low)

    @property
    def is_empty(self) -> Any:
        """Whether the ends have crossed."""
        return value(self.high) < value(self.low)

    def interior_point(self) -> Any:
        """Some point well inside."""
        low, high = value(self.low), value(self.high)
        with np.errstate(all="ignore"):
            middle = np.where(np.isfinite(high - low), low + 0.5 * (high - low), 0.0)
            half = np.where(
                np.isfinite(low),
                low + np.maximum(1.0, np.abs(low) * 2.0**-20),
                np.where(np.isfinite(high), high - np.maximum(1.0, np.abs(high) * 2.0**-20), 0.0),
            )
        return np.where(np.isfinite(low) & np.isfinite(high), middle, half)

    def intersect(self, other: Interval) -> Interval:
        """The common part, member by member of a batch; of two equal ends the open one is kept."""
        low, low_closed, low_slack = _inner(
            value(self.low) > value(other.low), *zip(self._end(0), other._end(0), strict=True)
        )
        high, high_closed, high_slack = _inner(
            value(self.high) < value(other.high), *zip(self._end(1), other._end(1), strict=True)
        )
        return Interval(
            low, high, low_closed=low_closed, high_closed=high_closed, low_slack=low_slack, high_slack=high_slack
        )

    def _end(self, side: int) -> tuple[Any, bool, Any]:
        """The low or the high end, whether it is closed, and its slack."""
        return self.edges[side], (self.low_closed, self.high_closed)[side], self.slacks[side]

    def same_as(self, other: object) -> bool:
        """Whether both have the same ends; open or closed does not matter."""
        return (
            isinstance(other, Interval)
            and np.array_equal(value(self.low), value(other.low))
            and np.array_equal(value(self.high), value(other.high))
        )

    def __eq__(self, other: object) -> bool:
        return (
            self.same_as(other)
            and isinstance(other, Interval)
            and ((self.low_closed, self.high_closed) == (other.low_closed, other.high_closed))
        )

    def __hash__(self) -> int:
        return hash((Interval, self.low_closed, self.high_closed))

    def __repr__(self) -> str:
        ends = (_number(end) if np.ndim(end) == 0 else repr(end) for end in map(value, self.edges))
        closed = [f"{name}=True" for name in ("low_closed", "high_closed") if getattr(self, name)]
        return f"{type(self).__name__}({', '.join([*ends, *closed])})"

    def __str__(self) -> str:
        if np.ndim(value(self.low)) or np.ndim(value(self.high)):
            return f"batch of intervals {value(self.low)} .. {value(self.high)}"
        left = "[" if self.low_closed else "("
        right = "]" if self.high_closed else ")"
        return f"{left}{_number(value(self.low))}, {_number(value(self.high))}{right}"


def same_end(a: Any, b: Any) -> bool:
    return bool(np.all(value(a) == value(b)))


def hull(intervals: Sequence[Interval]) -> Interval:
    """The smallest interval that holds them all, member by member of a batch."""
    low, low_closed, low_slack = reduce(partial(_outer, np.less), (interval._end(0) for interval in intervals))
    high, high_closed, high_slack = reduce(partial(_outer, np.greater), (interval._end(1) for interval in intervals))
    return Interval(
        low, high, low_closed=low_closed, high_closed=high_closed, low_slack=low_slack, high_slack=high_slack
    )


def _outer(beyond: Callable[[Any, Any], Any], kept: tuple[Any, bool, Any], new: tuple[Any, bool, Any]) -> Any:
    """The outer one of two ends, each with whether it is closed and its slack; where members differ, closed if one is."""
    further = beyond(value(new[0]), value(kept[0]))
    if np.all(further) or (same_end(new[0], kept[0]) and new[1]):
        return new
    if not np.any(further):
        return kept
    return np.where(further, value(new[0]), value(kept[0])), new[1] or kept[1], np.where(further, new[2], kept[2])


def union(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    """The union of intervals with number ends, as disjoint ones from left to right; those that touch are joined."""
    joined: list[Interval] = []
    for interval in sorted(intervals, key=lambda interval: (float(value(interval.low)), float(value(interval.high)))):
        last = joined[-1] if joined else None
        if last is None or value(interval.low - last.high) > last.high_slack + interval.low_slack:
            joined.append(interval)
        elif value(interval.high - last.high) > 0:
            joined[-1] = Interval(
                last.low,
                interval.high,
                low_closed=last.low_closed,
                high_closed=interval.high_closed,
                low_slack=last.low_slack,
                high_slack=interval.high_slack,
            )
    return tuple(joined)


def Real() -> Interval:
    """The real line."""
    return Interval(-np.inf, np.inf)


REAL = Interval(-np.inf, np.inf)
POSITIVE = Interval(0.0, np.inf)
UNIT = Interval(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Integers(Domain):
    """The integers from `low` to `high` inclusive, with counting measure."""

    low: Any = -np.inf
    high: Any = np.inf

    measure = "counting"

    def contains(self, x: Any) -> Any:
        x = value(x)
        return (x >= self.low) & (x <= self.high) & (x == np.floor(x)) & np.isfinite(x)

    def __str__(self) -> str:
        return f"integers {_number(self.low)} .. {_number(self.high)}"


@dataclass(frozen=True, slots=True)
class RealVector(Domain):
    """Rⁿ."""

    n: int

    event_ndim = 1

    def contains(self, x: Any) -> Any:
        x = _array(x)
        return np.all(np.isfinite(x), axis=-1) & (x.shape[-1] == self.n)

    @property
    def sides(self) -> tuple[Interval, ...]:
        """The range of each coordinate."""
        return (REAL,) * self.n

    def farthest(self, point: Any) -> float:
        return np.inf

    def interior_point(self) -> Any:
        """Some point well inside."""
        return np.zeros(self.n)

    def __str__(self) -> str:
        return f"R^{self.n}"


@dataclass(frozen=True, slots=True)
class Product(Domain):
    """The Cartesian product of one-dimensional sets, one for each coordinate of the last axis."""

    factors: tuple[Any, ...]

    event_ndim = 1

    @property
    def n(self) -> int:
        return len(self.factors)

    def contains(self, x: Any) -> Any:
        inside = [factor.contains(x[..., i]) for i, factor in enumerate(self.factors)]
        return np.logical_and.reduce(inside)

    @property
    def sides(self) -> tuple[Any, ...]:
        """The range of each coordinate."""
        return self.factors

    def farthest(self, point: Any) -> float:
        """That of a corner."""
        ends = np.array([[value(end) for end in factor.edges] for factor in self.factors])
        return float(np.sqrt(np.sum(np.max(np.square(ends - np.asarray(point)[:, None]), axis=-1))))

    def interior_point(self) -> Any:
        """Some point well inside."""
        return np.stack([np.asarray(factor.interior_point()) for factor in self.factors], axis=-1)

    def __str__(self) -> str:
        return " x ".join(str(factor) for factor in self.factors)


@dataclass(frozen=True, slots=True, eq=False)
class Ball(Domain):
    """The points within `radius` of `center`, a vector; both may be batches."""

    center: Any
    radius: Any

    event_ndim = 1

    @property
    def n(self) -> int:
        return np.shape(self.center)[-1]

    def contains(self, x: Any) -> Any:
        return np.sum(np.square(x - self.center), axis=-1) <= np.square(self.radius)

    @property
    def sides(self) -> tuple[Interval, ...]:
        """The range of each coordinate."""
        lows, highs = (self.center + sign * np.asarray(self.radius)[..., None] for sign in (-1.0, 1.0))
        return tuple(Interval(lows[..., i], highs[..., i], low_closed=True, high_closed=True) for i in range(self.n))

    def farthest(self, point: Any) -> float:
        return float(np.linalg.norm(np.asarray(self.center) - point) + self.radius)

    def interior_point(self) -> Any:
        """Some point well inside."""
        return self.center

    def __str__(self) -> str:
        return f"ball of radius {self.radius:.15g} around {np.asarray(self.center).tolist()}"


@dataclass(frozen=True, slots=True)
class Ordered(Domain):
    """The vectors of n entries, or of any number, each of which is larger than the one before it."""

    n: int | None = None

    event_ndim = 1

    def contains(self, x: Any) -> Any:
        x = _array(x)
        ascending = np.all(x[..., 1:] > x[..., :-1], axis=-1) & np.all(np.isfinite(x), axis=-1)
        return ascending & (self.n in (None, x.shape[-1]))

    @property
    def sides(self) -> tuple[Interval, ...]:
        """The range of each coordinate."""
        return self.ranges(_known(self))

    def interior_point(self) -> Any:
        """Some point well inside."""
        return np.arange(_known(self), dtype=float)

    def __str__(self) -> str:
        return "ascending vectors" if self.n is None else f"ascending vectors of {self.n} entries"


@dataclass(frozen=True, slots=True)
class Simplex(Domain):
    """The vectors of n entries, or of any number, that are >= 0 and whose sum is 1, to 1e-9 or to 64 n ulp of their precision,
    whichever is wider.

    Densities refer to Lebesgue measure in the first n - 1 entries.
    """

    n: int | None = None

    event_ndim = 1
    measure = "simplex"

    def contains(self, x: Any) -> Any:
        x = _array(x)
        gap = np.abs(np.sum(x, axis=-1) - 1.0)
        shares = np.all(x >= 0, axis=-1) & (gap <= max(1e-9, 64 * x.shape[-1] * np.finfo(x.dtype).eps))
        return shares & (self.n in (None, x.shape[-1]))

    def carrier(self, n: int) -> str:
        return f"the simplex of {n} entries"

    def free_entries(self, x: Any) -> Any:
        return x[..., :-1]

    def from_free(self, entries: Any) -> Any:
        return np.concatenate([entries, 1.0 - np.sum(entries, axis=-1, keepdims=True)], axis=-1)

    def ranges(self, n: int) -> tuple[Interval, ...]:
        return (Interval(0.0, 1.0, low_closed=True, high_closed=True),) * n

    @property
    def sides(self) -> tuple[Interval, ...]:
        """The range of each coordinate."""
        return self.ranges(_known(self))

    def interior_point(self) -> Any:
        """Some point well inside."""
        n = _known(self)
        return np.full(n, 1.0 / n)

    def __str__(self) -> str:
        return "simplex" if self.n is None else f"simplex of {self.n} entries"


def _known(domain: Any) -> int:
    """The number of entries of a set that is not one of vectors of any length."""
    if domain.n is None:
        raise ShapeError(
            f"{domain}: expected a set of vectors of one length; name it, as in {type(domain).__name__}(3)"
        )
    return domain.n


def lower_triangles(entries: Any, k: int) -> np.ndarray:
    """Square matrices with these entries row by row up to diagonal k, which is 0 or -1, and zeros elsewhere."""
    n = (math.isqrt(8 * entries.shape[-1] + 1) - 1) // 2 - k
    found = np.zeros((*entries.shape[:-1], n, n), entries.dtype)
    found[..., *np.tril_indices(n, k)] = entries
    return found


@dataclass(frozen=True, slots=True)
class SPD(Domain):
    """The symmetric positive definite matrices of n rows, or of any number, symmetric to 1e-9 of √(x_ii x_jj) or to 64 n ulp of
    their precision.

    Densities refer to Lebesgue measure in the lower triangle, diagonal included, and read no other entry.
    """

    n: int | None = None

    event_ndim = 2
    measure = "symmetric"

    def contains(self, x: Any) -> Any:
        return np.all(self.pivots(x) > 0.0, axis=-1) & (self.n in (None, np.shape(x)[-1]))

    def pivots(self, x: Any) -> Any:
        """The pivots of elimination, the diagonal scaled to 1, (..., n): eps of one is noise. NaN where x is not symmetric."""
        x = _array(x) * 1.0
        n = x.shape[-1]
        with np.errstate(all="ignore"):
            size = np.sqrt(np.stack([x[..., i, i] for i in range(n)], axis=-1))
            rest = x / size[..., :, None] / size[..., None, :]
            slack = max(1e-9, 64 * n * float(np.finfo(x.dtype).eps))
            symmetric = np.all(np.abs(rest - np.swapaxes(rest, -1, -2)) <= slack, axis=(-2, -1))
            found = [rest[..., 0, 0]]
            while rest.shape[-1] > 1:
                rest = rest[..., 1:, 1:] - rest[..., 1:, :1] * (rest[..., :1, 1:] / rest[..., :1, :1])
                found.append(rest[..., 0, 0])
            return np.where(symmetric[..., None], np.stack(found, axis=-1), np.nan)

    def carrier(self, n: int) -> str:
        return f"the symmetric matrices of {n} rows"

    def free_entries(self, x: Any) -> Any:
        return x[..., *np.tril_indices(x.shape[-1])]

    def from_free(self, entries: Any) -> Any:
        lower = lower_triangles(entries, 0)
        return lower + np.swapaxes(np.tril(lower, -1), -1, -2)

    def interior_point(self) -> Any:
        """The unit matrix."""
        return np.eye(_known(self))

    def __str__(self) -> str:
        return "symmetric positive definite matrices" + ("" if self.n is None else f" of {self.n} rows")


@dataclass(frozen=True, slots=True)
class CorrelationCholesky(Domain):
    """The lower triangular matrices of n rows, or of any number, with a positive diagonal and rows of length 1, as the sums of
    an n-simplex.

    They are the factors of correlation matrices; densities refer to Lebesgue measure below the diagonal.
    """

    n: int | None = None

    event_ndim = 2
    measure = "correlation"

    def contains(self, x: Any) -> Any:
        x = _array(x) * 1.0
        n = x.shape[-1]
        gap = np.abs(np.sum(x * x, axis=-1) - 1.0)
        long_one = np.all(gap <= max(1e-9, 64 * n * np.finfo(x.dtype).eps), axis=-1)
        lower = np.all(np.equal(x, 0.0) | np.tri(n, dtype=bool), axis=(-2, -1))
        inside = long_one & lower & np.all(np.stack([x[..., i, i] for i in range(n)], axis=-1) > 0.0, axis=-1)
        return inside & (self.n in (None, n))

    def carrier(self, n: int) -> str:
        return f"the factors of correlation matrices of {n} rows"

    def free_entries(self, x: Any) -> Any:
        return x[..., *np.tril_indices(x.shape[-1], -1)]

    def from_free(self, entries: Any) -> Any:
        lower = lower_triangles(entries, -1)
        return lower + np.sqrt(1.0 - np.sum(np.square(lower), axis=-1))[..., None] * np.eye(lower.shape[-1])

    def interior_point(self) -> Any:
        """The unit matrix."""
        return np.eye(_known(self))

    def __str__(self) -> str:
        return "Cholesky factors of correlation matrices" + ("" if self.n is None else f" of {self.n} rows")


# Sets of arrays with fewer dimensions than entries, or with corners.
CONSTRAINED = (Simplex, Ordered, SPD, CorrelationCholesky)
