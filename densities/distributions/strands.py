"""Strands: integers on a chain of maps that never turns back, of which laws of point masses are made.

The points fl(g(k)) rise or fall with k, so that P(Y <= y) is the mass of a range of integers, found by asking where fl(g(k))
passes y. The masses are those of the integers: no Jacobian exists, and the atoms live where the doubles put them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from densities.anchored import Anchored, anchored, choose, value
from densities.arrays import quiet
from densities.numerics.sums import FARTHEST, first_true
from densities.transforms.base import Transform

if TYPE_CHECKING:
    from densities.distributions.lattice import Countable

# log of the smallest double: atoms below it carry no mass that a double can hold.
LOG_TINY = -745.0
# A strand of at most so many integers is summed one by one.
SHORT = 2**14
# Probabilities at which a sum over a law is cut into panels.
LEVELS = np.array([1e-12, 1e-3, 0.1, 0.5])


@dataclass(frozen=True, eq=False)
class Strand:
    """Mass e^log_weight · P(K = k) at fl(g(k)), low <= k <= high, K of law `law`, g = `steps` one after another.

    `backs` lead from a point back to its k, exactly where `smooth`, otherwise nearly; `up` says whether g rises.
    """

    law: Countable
    low: Any
    high: Any
    steps: tuple[Callable[[Any], Any], ...] = ()
    backs: tuple[Callable[[Any], Any], ...] = ()
    up: bool = True
    smooth: bool = True
    log_weight: float = 0.0

    def at(self, k: Any) -> Any:
        """The double fl(g(k))."""
        for step in self.steps:
            k = value(step(k)) + 0.0  # no negative zero
        return k

    def beginning(self, q: Any, batch_shape: tuple[int, ...], *, lower: bool, logs: bool) -> Any:
        """Where a search for a quantile begins: a number near its k, or near -k where g falls; of the shape of its answer."""
        with quiet():
            score = (special.ndtri_exp if logs else special.ndtri)(q)
        turn = 1.0 if self.up else -1.0
        start = turn * self.law.near(score if lower == self.up else -score)
        return np.broadcast_to(start, np.broadcast_shapes(np.shape(q), batch_shape))

    def point(self, k: Any) -> Anchored:
        """fl(g(k)), or g(k) where that overflows: e^1000 has a logarithm."""
        y = np.asarray(self.at(k), dtype=float)
        lost = np.isinf(y) & np.isfinite(k)
        if not lost.any() or not self.smooth:
            return Anchored.exact(y)
        far: Any = Anchored.exact(np.where(lost, k, self.law.centre))
        for step in self.steps:
            far = anchored(step(far))
        return choose(lost, far, Anchored.exact(y))

    def back(self, y: Any) -> Any:
        """About the k with g(k) = y, as a real number."""
        for back in reversed(self.backs):
            y = value(back(y))
        return y

    def below(self, y: Any, *, closed: bool) -> tuple[Any, Any]:
        """The range of k with fl(g(k)) <= y, or < y where not `closed`."""
        if not self.steps:
            last = np.floor(y) if closed else np.ceil(y) - 1.0
            return self.low, np.minimum(last, self.high)

        def passed(k: Any) -> Any:
            return self.at(k) > y if closed else self.at(k) >= y

        if self.up:
            return self.low, first_true(passed, self.low, self.high, self.back(y)) - 1.0
        return first_true(lambda k: ~passed(k), self.low, self.high, self.back(y)), self.high

    def beyond(self, y: Any) -> tuple[Any, Any]:
        """The range of k with fl(g(k)) > y."""
        first, last = self.below(y, closed=True)
        return (last + 1.0, self.high) if self.up else (self.low, first - 1.0)

    def on(self, y: Any) -> tuple[Any, Any]:
        """The range of k with fl(g(k)) = y."""
        (first, last), (inner_first, inner_last) = self.below(y, closed=True), self.below(y, closed=False)
        return (inner_last + 1.0, last) if self.up else (first, inner_first - 1.0)

    def log_mass(self, span: tuple[Any, Any]) -> Any:
        return self.law.log_range(*self._clipped(span)) + self.log_weight

    def mass(self, span: tuple[Any, Any]) -> Any:
        if self.log_weight > 0.0:  # what a truncation has left may be less than a double can hold
            return np.exp(self.log_mass(span))
        return self.law.range(*self._clipped(span)) * np.exp(self.log_weight)

    def _clipped(self, span: tuple[Any, Any]) -> tuple[Any, Any]:
        return np.maximum(span[0], self.low), np.minimum(span[1], self.high)

    def cut(self, low: Any, high: Any) -> Strand:
        """The strand on the integers from `low` to `high` alone."""
        return self._with(low=np.maximum(self.low, low), high=np.minimum(self.high, high))

    def through(self, step: Callable[[Any], Any], back: Callable[[Any], Any], *, up: bool, smooth: bool) -> Strand:
        """The strand mapped once more."""
        return self._with(
            steps=(*self.steps, step), backs=(*self.backs, back), up=self.up == up, smooth=self.smooth and smooth
        )

    def weighed(self, log_weight: float) -> Strand:
        return self._with(log_weight=self.log_weight + log_weight)

    def _with(self, **changes: Any) -> Strand:
        return replace(self, **changes)

    @property
    def cancelled(self) -> float:
        """What a truncation to a tail takes from the logarithms of masses: so much larger are the numbers that round."""
        return max(self.log_weight, 0.0)

    @property
    def is_empty(self) -> bool:
        return bool(np.all(self.low > self.high)) or self.log_weight == -np.inf

    @property
    def hull(self) -> tuple[Any, Any]:
        """The least and the greatest point; limits where the integers have no end."""
        with quiet():
            ends = [self._limit(end, side) for end, side in ((self.low, -1.0), (self.high, 1.0))]
        return (ends[0], ends[1]) if self.up else (ends[1], ends[0])

    def _limit(self, end: Any, side: float) -> Any:
        if not self.steps:
            return end
        if np.all(np.isfinite(end)):
            return self.at(end)
        limit = self.at(np.asarray(end, dtype=float))
        # A finite number that a limit jumps to is no limit: ceil(1/k) is 1 for every k.
        known = ~np.isnan(limit) if self.smooth else np.isinf(limit)
        return np.where(known, limit, self.at(side * FARTHEST))[()]

    @property
    def ends(self) -> tuple[float, float]:
        """The first and the last k."""
        return float(self.low), float(self.high)

    @cached_property
    def effective(self) -> tuple[float, float]:
        """The range of k outside which no mass is left that a double can hold."""
        law, (low, high), tiny = self.law, self.ends, LOG_TINY - self.cancelled
        with quiet():
            if not np.isfinite(low):
                low = float(first_true(lambda k: law.log_below(k) > tiny, low, high, law.centre))
            if not np.isfinite(high):
                high = float(first_true(lambda k: law.log_above(k) <= tiny, low, high, law.centre))
        return low, high

    @property
    def is_long(self) -> bool:
        """Whether there are more integers than one would visit one by one."""
        return not self.high - self.low < SHORT

    def _found_on(self, path: Strand) -> np.ndarray:
        """At which of some integers of a path this strand has an atom."""
        if id(path) not in self._found:
            k = np.clip(path.law.centre + np.arange(-32.0, 33.0), path.low, path.high)
            k = np.unique(np.concatenate([k, k + 1000.0]))
            with quiet():
                y = path.at(k[(k >= path.low) & (k <= path.high)])
                low, high = self.hull
                first, last = self.on(y)
            inside = (y > low) & (y < high)
            self._found[id(path)] = path, np.broadcast_to(np.asarray(first <= last), y.shape)[inside]
        return self._found[id(path)][1]

    @cached_property
    def _found(self) -> dict[int, tuple[Strand, np.ndarray]]:
        return {}

    def meets(self, path: Strand) -> bool | None:
        """Whether this strand has an atom at every integer of a path (within its ends), so that its mass there is smooth.

        False where it is short, or has none; None where it is long and has some and not others.
        """
        if not self.is_long:
            return False
        found = self._found_on(path)
        if found.all() and len(found):
            return True if self.smooth and self.law.smooth else None
        return None if found.any() else False

    def same_way(self, path: Strand) -> bool:
        """Whether both go through the same maps, and back through the same of their pieces."""
        here, there = (self.steps + self.backs, path.steps + path.backs)
        return len(here) == len(there) and all(map(_same_step, here, there))

    def ends_on(self, path: Strand) -> np.ndarray:
        """Where this strand begins and ends, in the integers of a path."""
        if self.same_way(path):
            return np.array([self.low, self.high], dtype=float)
        return np.asarray(path.back(np.asarray(self.hull, dtype=float)))

    def avoids(self, path: Strand) -> bool:
        """Whether this strand is long and has no atom on a path."""
        return self.is_long and not self._found_on(path).any()

    def landmarks(self, points: Any = ()) -> np.ndarray:
        """Integers that show where the mass is, and those that lead to `points`."""
        law = self.law
        with quiet():
            found = [
                law.quantile(LEVELS, lower=True),
                law.quantile(LEVELS, lower=False),
                np.ravel(self.back(np.asarray(points, dtype=float))),
            ]
            found += [np.array([self.low, self.high], dtype=float), law.marks()]
        marks = np.concatenate([np.ravel(part) for part in found])
        marks = np.rint(marks[np.isfinite(marks) & (np.abs(marks) < 1e18)])
        return np.unique(np.clip(marks, self.low, self.high))


def _same_step(one: Callable[[Any], Any], other: Callable[[Any], Any]) -> bool:
    """Whether two methods are those of equal maps; what is listed is the same only in one list."""
    mine, other_one = getattr(one, "__self__", None), getattr(other, "__self__", None)
    return one == other or (isinstance(mine, Transform) and mine.same_as(other_one))


__all__ = ["LEVELS", "LOG_TINY", "SHORT", "Strand"]
