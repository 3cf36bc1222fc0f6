"""Integrals over the overlap of two densities on plain doubles, between the rungs of the ladders of both laws.

∫ f_X(x) f_Y(t - x) dx   from low to high, or with a distribution function of Y in the place of its density
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from densities.distributions.frames import RUNG, end_width, thinned
from densities.distributions.overlap import Overlap
from densities.numerics.kronrod import End, Integrand, integrals

__all__ = ["Problems"]

# What plain doubles must settle an integral to, and a fall in nats below which nothing of it is left.
QUICK, NOTHING = 1e-12, 60.0
# How far apart the edges of panels may be, in scales of the narrower law.
GAP = 0.2


@dataclass(frozen=True, eq=False)
class Problems:
    """The integrals for several t, (P,), all of them within `far` of the origin."""

    overlap: Overlap
    t: np.ndarray
    low: np.ndarray
    high: np.ndarray
    far: float

    def logs(self) -> np.ndarray:
        """The logarithms of the integrals; NaN of those that are not settled."""
        edges = self._edges()
        ends = list(self._ends(edges))
        found, _, settled = integrals(self._inside, edges, ends, QUICK)
        first, last = self._bounds
        with np.errstate(all="ignore"):
            for cut, bound in ((first > self.low[:, None], first), (last < self.high[:, None], last)):
                rows = np.flatnonzero(cut)
                settled[rows] &= self._inside(bound[rows], rows)[:, 0] < found[rows] - NOTHING
        return np.where(settled, found, np.nan)

    @cached_property
    def _reach(self) -> float:
        """How far from the origin both densities are known."""
        return min(self.overlap.first.reach, self.overlap.second.reach)

    @cached_property
    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Where x begins and ends, (P, 1): at the ends of the overlap, and no farther than both densities are known."""
        first = np.maximum(self.low, np.maximum(self.t, 0.0) - self._reach)
        last = np.minimum(self.high, np.minimum(self.t, 0.0) + self._reach)
        return first[:, None], last[:, None]

    @cached_property
    def _rungs(self) -> tuple[np.ndarray, np.ndarray]:
        """The rungs of both laws as places of x, (P, rungs)."""
        own, turned = (frame.ladder(self.far) for frame in (self.overlap.first, self.overlap.second))
        return np.broadcast_to(own, (self.t.size, own.size)), self.t[:, None] - turned

    def _edges(self) -> np.ndarray:
        """The rungs between the bounds, and finite bounds, in order; rungs that stand closer than they need to are left out."""
        one, other = self.overlap.first, self.overlap.second
        inner = np.concatenate(self._rungs, axis=1)
        whole = [bound for bound in self._bounds if np.isfinite(bound).all()]
        edges = np.concatenate([np.clip(inner, *self._bounds), *whole], axis=1)
        needed = np.ones(edges.shape[1], dtype=bool)
        needed[: inner.shape[1]] = [
            *np.isin(self._rungs[0][0], one.breaks),
            *np.isin(other.ladder(self.far), other.breaks),
        ]
        order = np.argsort(edges, axis=1, kind="stable")
        return thinned(np.take_along_axis(edges, order, axis=1), needed[order], GAP * min(one.scale, other.scale))

    def _ends(self, edges: np.ndarray) -> Iterator[End]:
        """Half lines, and panels at ends where a density may be singular, which the edges are moved to leave out."""
        one, other = self.overlap.first, self.overlap.second
        for side, bound, frame, marks in (
            (1.0, self.low, one, self._rungs[1]),
            (-1.0, self.high, other, self._rungs[0]),
        ):
            if not (np.isfinite(bound).all() or np.isfinite(self._reach)):
                scale = np.full(self.t.size, RUNG**3 * max(one.scale, other.scale))
                edge = edges[:, 0] if side > 0 else edges[:, -1]
                yield End(self._outward(edge, side), np.arange(self.t.size), scale, np.inf)
            elif frame.starts_at_zero:
                own = np.flatnonzero(bound == (0.0 if side > 0 else self.t))
                width = end_width(frame, marks[own], bound[own], 0.5 * (self.high - self.low)[own])
                yield End(self._inside if side > 0 else self._from_other_end, own, width, 1.0)
                limit = (bound[own] + side * width)[:, None]
                edges[own] = np.maximum(edges[own], limit) if side > 0 else np.minimum(edges[own], limit)

    # ---- the logarithm of the integrand, (m, k) for nodes (m, k) and the problem of each row ----

    def _inside(self, x: np.ndarray, problem: np.ndarray) -> np.ndarray:
        return self._at(x, self.t[problem][:, None] - x)

    def _from_other_end(self, d: np.ndarray, problem: np.ndarray) -> np.ndarray:
        """At distances from the end of the second law."""
        return self._at(self.t[problem][:, None] - d, d)

    def _outward(self, edge: np.ndarray, side: float) -> Integrand:
        """At distances beyond an edge of each problem."""
        return lambda d, problem: self._inside(edge[problem][:, None] - side * d, problem)

    def _at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return self.overlap.at(self.overlap.first.place(x), self.overlap.second.place(y))
