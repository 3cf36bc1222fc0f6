"""Integrals of products f(x) g(t - x) over x that keep every distance from an end, a pole or a peak of either factor.

What lies nearer to the origin of f than to that of g is integrated in distances from the one, the rest in distances from
the other: wherever t is, however much wider one law is than the other, no node loses its place in either.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from densities.anchored import Anchored, value
from densities.arrays import quiet
from densities.distributions.frames import Frame
from densities.numerics.quadrature import integrate

__all__ = ["Overlap"]

EPS = float(np.finfo(float).eps)

# Points between two neighbouring landmarks at which the peak is looked for; its bracket then shrinks (ZOOM + 1)/2 times
# in each round. Falls in nats whose places show the width of the peak, looked for at geometric distances from it.
BETWEEN, ZOOM, ROUNDS, FALLS, DISTANCES = 5, 7, 8, (2.0, 12.0, 40.0), 2.0 ** -np.arange(0.0, 60.0, 1.5)[::-1]
# Log-distances from 0 or toward infinity beyond which plain doubles are not asked.
EXTREME = 300.0
# How far from the peak that was found the logarithm of an integral may be: e^MISSED is a double by far.
MISSED = 300.0
# Distances from the outer marks, in scales of the law, at which panels over a tail that is a power end.
RUNGS = 16.0**2.0 ** np.arange(8)


class Overlap(NamedTuple):
    """∫ f(x) g(t - x) dx, where f and g are of two laws, each their density or a mass below or above: `raw_...`."""

    first: Frame
    first_kind: str
    second: Frame
    second_kind: str

    @property
    def turned(self) -> Overlap:
        """The same integral over t - x."""
        return Overlap(self.second, self.second_kind, self.first, self.first_kind)

    def at(self, x: Any, y: Any) -> np.ndarray:
        """log f(x) + log g(y) at points of the two laws."""
        one, other = getattr(self.first.law, self.first_kind), getattr(self.second.law, self.second_kind)
        return np.asarray(value(one(x)) + value(other(y)))

    def logs(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The logarithms of the integrals and their relative errors, (P,) each."""
        (log, error), (rest, doubt) = self._nearer(t), self.turned._nearer(t)
        with quiet():
            total = np.logaddexp(log, rest)
            shares = (np.where(part > -np.inf, np.exp(part - total), 0.0) for part in (log, rest))
        return total, sum(share * part for share, part in zip(shares, (error, doubt), strict=True))

    def _nearer(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(log, relative error) of the integrals over the points x that are nearer to 0 than to t."""
        one, other, half = self.first, self.second, 0.5 * t
        low, high = np.maximum(one.low, t - other.high), np.minimum(one.high, t - other.low)
        low, high = np.where(t < 0, np.maximum(low, half), low), np.where(t < 0, high, np.minimum(high, half))
        logs, errors = np.full(t.shape, -np.inf), np.zeros(t.shape)
        some = np.flatnonzero(low < high)
        if some.size:
            logs[some], errors[some] = self._between(t[some], low[some], high[some])
        return logs, errors

    def _between(self, t: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        edges, width, top = self._edges(t, low, high)
        logs, errors = self._summed(t, edges, width, top)
        missed = np.flatnonzero((np.abs(logs - top) > MISSED) & np.isfinite(logs))
        if missed.size:
            logs[missed], errors[missed] = self._summed(t[missed], edges[missed], width[missed], logs[missed])
        return logs, errors

    def _summed(
        self, t: np.ndarray, edges: np.ndarray, width: np.ndarray, unit: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """(log, relative error) of the integrals over panels between edges, taken in units of e^unit."""
        rows, columns = np.nonzero(edges[:, 1:] > edges[:, :-1])
        # Logarithms are rounded, the more the larger they are.
        doubt = np.log1p(np.abs(unit))

        def integrand(x: Anchored, problem: np.ndarray) -> tuple[Any, Any]:
            logs = self._integrand(x.anchor, x.offset, x.log_offset, t[problem][:, None]) - unit[problem][:, None]
            return np.stack([logs, logs + doubt[problem][:, None]]), 1.0

        ends = edges[rows, columns], edges[rows, columns + 1]
        found = integrate(integrand, rows, *ends, width[rows], floor=(1, None))
        with quiet():
            error = np.where(found.value[0] == 0, 0.0, found.error[0] / found.value[0])
        return found.log_magnitude[0] + unit, error + 2.0 * EPS * np.abs(unit)

    def _integrand(self, anchor: Any, offset: Any, log: Any, t: Any) -> Any:
        """log f(x) + log g(t - x) for x = anchor + offset in the frame of the first law."""
        one, other = self.first, self.second
        rest = t - anchor
        if np.isfinite(other.high):  # an end that t - anchor has missed by a rounding
            rest = np.where(np.abs(rest - other.high) <= 4.5e-16 * np.maximum(np.abs(t), other.high), other.high, rest)
        if not (one.is_plain and other.is_plain):
            return self.at(one.point(anchor, offset, log), other.point(rest, -offset, log))
        x, y = one.sign * (anchor + offset), other.sign * (rest - offset)
        logs = self.at(x, y)
        if log is None:
            return logs
        extreme = (log > EXTREME) | ((log < -EXTREME) & ((anchor == 0.0) | (rest == 0.0))) | ~np.isfinite(logs)
        extreme |= (np.abs(x) > one.reach) | (np.abs(y) > other.reach)
        if extreme.any():
            anchor, rest = (np.broadcast_to(part, logs.shape)[extreme] for part in (anchor, rest))
            logs[extreme] = self.at(
                one.point(anchor, offset[extreme], log[extreme]),
                other.point(rest, -offset[extreme], log[extreme]),
            )
        return logs

    def _edges(self, t: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, ...]:
        """The ends of the panels of each problem (P, n), the length scale of its half lines and the peak, (P,) each."""
        one, shape = self.first, (t.size, 1)
        marks = [np.broadcast_to(one.marks, (t.size, one.marks.size)), t[:, None] - self.second.marks]
        inner = np.sort(np.concatenate(marks, axis=1), axis=1)
        bounds = [np.reshape(low, shape), np.reshape(high, shape)]
        reach = np.maximum(np.max(np.abs(inner), axis=1), np.abs(t))[:, None]
        rungs = np.minimum(RUNGS * one.scale, reach)
        inner = np.clip(inner, *bounds)
        first, last = (
            np.where(np.isfinite(bound), bound, end)
            for bound, end in zip(bounds, (inner[:, :1], inner[:, -1:]), strict=True)
        )
        knots = np.concatenate([first, inner, last], axis=1)
        peak, width, top = self._peak(knots, t)
        rungs = np.concatenate([one.marks[0] - rungs, one.marks[-1] + rungs], axis=1)
        everything = np.clip(np.concatenate([*bounds, inner, rungs, peak], axis=1), *bounds)
        return np.sort(everything, axis=1), width, top

    def _peak(self, knots: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, ...]:
        """The place of the peak with those where it has fallen off (P, n), its width and its logarithm, (P,) each."""

        def at(x: np.ndarray) -> np.ndarray:
            with quiet():
                logs = self._integrand(x, 0.0, None, t[:, None])
            return np.where(np.isnan(logs) | (logs == np.inf), -np.inf, logs)

        shares = np.arange(BETWEEN) / BETWEEN
        grid = knots[:, :-1, None] + np.diff(knots, axis=1)[..., None] * shares
        grid = np.concatenate([grid.reshape(t.size, -1), knots[:, -1:]], axis=1)
        rows = np.arange(t.size)
        fractions = np.arange(ZOOM + 2) / (ZOOM + 1.0)
        for _ in range(ROUNDS):
            heights = at(grid)
            best = np.argmax(heights, axis=1)
            left, right = grid[rows, np.maximum(best - 1, 0)], grid[rows, np.minimum(best + 1, grid.shape[1] - 1)]
            top, place = heights[rows, best][:, None], grid[rows, best][:, None]
            grid = left[:, None] + (right - left)[:, None] * fractions
        reach = knots[:, -1:] - knots[:, :1]
        found = [place]
        for side in (-1.0, 1.0):
            points = place + side * reach * DISTANCES
            fall = top - at(np.clip(points, knots[:, :1], knots[:, -1:]))
            for depth in FALLS:
                where = np.argmax(fall > depth, axis=1)
                reached = fall[rows, where] > depth
                found.append(np.where(reached, points[rows, where], place[:, 0])[:, None])
        nearby = np.concatenate(found, axis=1)
        scale = np.max(np.abs(nearby - place), axis=1)
        width = np.where(scale > 0, scale, np.maximum(reach[:, 0], 1e-300))
        return nearby, width, np.where(np.isfinite(top[:, 0]), top[:, 0], 0.0)
