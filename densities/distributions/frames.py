"""Laws seen from an end of their support, with the places between which an integral over them is split."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from densities.anchored import Anchored, value
from densities.arrays import quiet

__all__ = ["RUNG", "Frame", "end_width", "thinned"]

# Log-probabilities of quantiles between which plain doubles take panels; by how much each step beyond these is wider
# than the one before.
LEVELS, RUNG = np.log([1e-3, 0.1]), 3.0
IMAGE_REACH = 680.0
# A law this many interquartile ranges away from 0 is integrated in distances from its median.
REMOTE = 100.0
# A law so many times narrower than the other gives the coordinate of the integral, and doubles keep its points; they do
# not beside an origin so many scales away from 0, or an end this share of its own distance from 0 away.
NARROWER, ASIDE, CLOSE = 30.0, 10.0, 1e-4
# The share of a gap between edges below which it is left.
SPIKE = 0.02


@dataclass(frozen=True)
class Frame:
    """A law seen from an end of its support: x = origin + sign·x', with x' between low and high."""

    law: Any
    origin: float
    sign: float
    low: float
    high: float

    @classmethod
    def of(cls, law: Any, *, mirrored: bool) -> Frame:
        low, high = (float(value(end)) for end in law.support.edges)
        near, far = (high, low) if mirrored else (low, high)
        sign = -1.0 if mirrored else 1.0
        origin = near if np.isfinite(near) else far if np.isfinite(far) else _centre(law)
        return cls(law, origin, sign, sign * (near - origin), sign * (far - origin))

    @cached_property
    def is_plain(self) -> bool:
        """Whether doubles lose nothing near an end or pole: there is none but 0."""
        return self.origin == 0.0 and not self.law.fragile and not any(self._ends)

    @cached_property
    def reach(self) -> float:
        """How far plain doubles are asked: an image may have an exponential in it."""
        return np.inf if self.law.parts()[0].root is self.law else IMAGE_REACH

    @cached_property
    def _ends(self) -> list[float]:
        places = [self.low, self.high, *self.distances(np.asarray(self.law.critical_points, dtype=float))]
        return [place for place in places if np.isfinite(place)]

    def point(self, anchor: Any, offset: Any, log: Any = None) -> Anchored:
        """The point at a distance anchor + offset from the origin, which is its anchor unless that is an end or pole."""
        kept = np.logical_or.reduce([np.equal(anchor, place) for place in (0.0, *self._ends)])
        if not np.all(kept):
            joined = anchor + offset
            if log is not None:  # an offset beyond the doubles has a logarithm
                outer = np.abs(offset) > np.abs(anchor)
                beyond = log + np.log1p(np.where(outer, anchor / offset, 0.0))
                log = np.where(kept, log, np.where(outer, beyond, np.log(np.abs(joined))))
            anchor, offset = np.where(kept, anchor, 0.0), np.where(kept, offset, joined)
        return Anchored(self.origin + self.sign * anchor, self.sign * offset, log)

    def place(self, distance: Any) -> Any:
        """The point at a distance from the origin, as doubles where these keep it."""
        if self.origin == 0.0:
            return self.sign * distance if self.sign < 0 else distance
        if abs(self.origin) > ASIDE * self.scale or np.min(np.abs(distance), initial=np.inf) < self._too_close:
            return Anchored(self.origin, self.sign * distance)
        return self.origin + self.sign * distance

    @cached_property
    def _too_close(self) -> float:
        return CLOSE * abs(self.origin) if self.low == 0.0 else 0.0

    @property
    def starts_at_zero(self) -> bool:
        """Whether its end is 0, so that doubles keep the distance from it."""
        return self.origin == self.low == 0.0

    @cached_property
    def steps(self) -> np.ndarray:
        """The marks, with quantiles between them: between two of these most densities are smooth."""
        with quiet():
            ways = (self.law.raw_log_ppf, self.law.raw_log_isf)
            points = np.concatenate([np.ravel(value(way(LEVELS))) for way in ways])
        places = np.unique(np.concatenate([self.marks, self.distances(points[np.isfinite(points)])]))
        return graded(places[(places > self.low) & (places < self.high)])

    def ladder(self, far: float) -> np.ndarray:
        """The steps, and farther out ever wider ones until `far`: over each of these a tail changes little."""
        inside = self.steps
        gaps = inside[1] - inside[0], inside[-1] - inside[-2]
        rungs = [gap * RUNG ** np.arange(3 + max(0, int(np.ceil(np.log(far / gap) / np.log(RUNG))))) for gap in gaps]
        found = np.concatenate([inside[0] - rungs[0][::-1], inside, inside[-1] + rungs[1]])
        return found[(found > self.low) & (found < self.high) & (np.abs(found) <= max(far, self.extent))]

    @cached_property
    def breaks(self) -> np.ndarray:
        """The marks at which the density is not smooth."""
        law = self.law
        rough = self.distances(np.concatenate([law.kinks(), np.asarray(law.critical_points, dtype=float)]))
        return np.intersect1d(rough, self.marks)

    @cached_property
    def middle(self) -> float:
        """The median, as a distance."""
        return float(self.distances(np.asarray(self.law.median())))

    @cached_property
    def scale(self) -> float:
        """The distance between the outer marks."""
        return float(self.marks[-1] - self.marks[0])

    @cached_property
    def extent(self) -> float:
        """The distance of the farthest step from the origin, and between the outer steps."""
        return float(max(np.max(np.abs(self.steps)), self.steps[-1] - self.steps[0], self.scale))

    def distances(self, points: np.ndarray) -> np.ndarray:
        return self.sign * (points - self.origin)

    @cached_property
    def marks(self) -> np.ndarray:
        """Where the density shows its place and scale, and where it is not smooth, as distances in order."""
        law = self.law
        with quiet():
            points = np.concatenate([law.landmarks(), law.kinks(), np.asarray(law.critical_points, dtype=float)])
        inside = np.unique(self.distances(points[np.isfinite(points)]))
        return inside[(inside > self.low) & (inside < self.high)]


def _centre(law: Any) -> float:
    """The median of a law that lies many scales away from 0, where doubles are coarse; otherwise 0."""
    low, middle, high = (float(law.ppf(level)) for level in (0.25, 0.5, 0.75))
    return middle if abs(middle) > REMOTE * (high - low) else 0.0


def end_width(frame: Frame, marks: np.ndarray, end: np.ndarray, most: np.ndarray) -> np.ndarray:
    """How far a panel reaches from an end of one law: to its middle, or the nearest of the marks of the other law."""
    distance = np.abs(marks - end[:, None])
    nearest = np.min(np.where(distance > 0, distance, np.inf), axis=1)
    return np.minimum(np.minimum(nearest, frame.middle), most)


def graded(points: np.ndarray) -> np.ndarray:
    """Points in order and others between them, such that no gap is far wider than the next: a narrow peak has tails."""
    gaps = np.diff(points)
    found = [points]
    for left, gap, right, low, high in zip(gaps[:-2], gaps[1:-1], gaps[2:], points[1:-2], points[2:-1], strict=True):
        for step, start, side in ((left, low, 1.0), (right, high, -1.0)):
            count = int(np.floor(np.log(max(0.5 * gap / step, 1.0)) / np.log(RUNG)))
            found.append(start + side * step * RUNG ** np.arange(1, count + 1))
    for step, gap, start, side in (
        (gaps[1:2], gaps[:1], points[1:2], -1.0),
        (gaps[-2:-1], gaps[-1:], points[-2:-1], 1.0),
    ):
        if step.size and gap > RUNG * step:
            count = int(np.floor(np.log(gap[0] / step[0]) / np.log(RUNG)))
            found.append(start + side * step * RUNG ** np.arange(1, count + 1))
    return np.unique(np.concatenate(found))


def thinned(edges: np.ndarray, needed: np.ndarray, gap: float) -> np.ndarray:
    """Rows of edges in order, where those nearer than a gap to the one before are moved onto it, unless they are needed.

    Those that have a neighbour much nearer stay: they show where a law is narrow.
    """
    gaps = np.diff(edges, axis=1)
    narrow = (gaps > 0) & (gaps < SPIKE * gap)
    fixed = needed[:, 1:-1] | narrow[:, 1:] | narrow[:, :-1]
    edges = edges.copy()
    for column in range(1, edges.shape[1] - 1):
        before, here = edges[:, column - 1], edges[:, column]
        near = (here - before < gap) & ~fixed[:, column - 1]
        edges[near, column] = before[near]
    return edges
