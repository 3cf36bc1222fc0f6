"""Sums of independent variables whose law has no name: the density is an integral, taken for many points at once.

    f(z) = ∫ f_X(x) f_Y(z - x) dx,   P(X + Y <= z) = ∫ f_X(x) F_Y(z - x) dx

The points x and z - x travel as distances from ends of the supports, and the integral over x is split at the landmarks
of both laws and at the peak of the integrand, wherever the far tail of the sum has moved it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, value
from densities.arrays import quiet
from densities.distributions.base import Univariate
from densities.distributions.masses import spread
from densities.domains import Interval
from densities.errors import AccuracyWarning
from densities.logmath import log1mexp
from densities.numerics.kronrod import End, Integrand, integrals
from densities.numerics.quadrature import integrate
from densities.numerics.roots import bracketed_root

__all__ = ["Convolution"]

LOG2, LOG_HALF = float(np.log(2.0)), float(np.log(0.5))
# Distances from an end, or from 0, at which the integral is last taken; beyond, its logarithm goes on as a line in the
# logarithm of the distance, with the slope between the last point and one ten binades before it.
NEAREST, FARTHEST, BINADES = 1e-100, 1e100, 2.0**10
# Points between two neighbouring landmarks at which the peak is looked for; its bracket then shrinks (ZOOM + 1)/2 times
# in each round. Falls in nats whose places show the width of the peak, looked for at geometric distances from it.
BETWEEN, ZOOM, ROUNDS, FALLS, DISTANCES = 5, 7, 8, (2.0, 12.0, 40.0), 2.0 ** -np.arange(0.0, 60.0, 1.5)[::-1]
# An answer is given silently only when its relative error is below this.
SILENT = 1e-8
# What plain doubles must settle an integral to, and log-probabilities of quantiles between which they take panels.
QUICK, LEVELS = 1e-12, np.log([1e-3, 0.1])
# Steps beyond the outer marks, and the width of a panel in which a tail at one end goes unseen, in distances between
# these.
LADDER, UNSEEN = (3.0, 30.0), 1e4
PROBLEMS_AT_ONCE = 4096
# Log-distances from 0 or toward infinity beyond which plain doubles are not asked.
EXTREME = 300.0
IMAGE_REACH = 600.0
# A law this many interquartile ranges away from 0 is integrated in distances from its median.
REMOTE = 100.0


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
            log = None if log is None else np.where(kept, log, np.log(np.abs(joined)))
            anchor, offset = np.where(kept, anchor, 0.0), np.where(kept, offset, joined)
        return Anchored(self.origin + self.sign * anchor, self.sign * offset, log)

    def place(self, distance: Any) -> Any:
        """The point at a distance from the origin, as doubles."""
        return self.origin + self.sign * distance

    @property
    def starts_at_zero(self) -> bool:
        """Whether its end is 0, so that doubles keep the distance from it."""
        return self.origin == self.low == 0.0

    @cached_property
    def steps(self) -> np.ndarray:
        """The marks, with quantiles between and beyond them: between two of these most densities are smooth."""
        with quiet():
            ways = (self.law.raw_log_ppf, self.law.raw_log_isf)
            points = np.concatenate([np.ravel(value(way(LEVELS))) for way in ways])
        inside = np.unique(np.concatenate([self.marks, self.distances(points[np.isfinite(points)])]))
        reach = np.multiply(LADDER, inside[-1] - inside[0])
        inside = np.concatenate([inside[0] - reach, inside, inside[-1] + reach])
        return np.unique(inside[(inside > self.low) & (inside < self.high)])

    @cached_property
    def middle(self) -> float:
        """The median, as a distance."""
        return float(self.distances(np.asarray(self.law.median())))

    @cached_property
    def scale(self) -> float:
        """The distance between the outer marks."""
        return float(self.marks[-1] - self.marks[0])

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


def _end_width(frame: Frame, marks: np.ndarray, end: np.ndarray, most: np.ndarray) -> np.ndarray:
    """How far a panel reaches from an end of one law: to its middle, or the nearest of the marks of the other law."""
    distance = np.abs(marks - end[:, None])
    nearest = np.min(np.where(distance > 0, distance, np.inf), axis=1)
    return np.minimum(np.minimum(nearest, frame.middle), most)


class Convolution(Univariate):
    """The law of X + Y for independent X and Y on the line, both with densities.

    Density, distribution functions and their logarithms are double-exponential quadratures to about 1e-12 relative, in
    both tails at any depth; AccuracyWarning where the error of one exceeds 1e-8 relative. Quantiles solve for them.
    The mean and the variance add up.
    """

    name = "sum_of"
    inverts_fast = False

    def __init__(self, first: Univariate, second: Univariate):
        self.first, self.second, self.params = first, second, {}

    # ---- structure ----

    @property
    def operands(self) -> tuple[Any, ...]:
        """The laws whose independent sum this is."""
        return tuple(
            term
            for law in (self.first, self.second)
            for term in (law.operands if isinstance(law, Convolution) else (law,))
        )

    @cached_property
    def support(self) -> Interval:
        one, other = self.first.support, self.second.support
        return Interval(
            float(value(one.low)) + float(value(other.low)), float(value(one.high)) + float(value(other.high))
        )

    @cached_property
    def fragile(self) -> bool:
        return any(np.isfinite(end) and end != 0.0 for end in self.support.edges)

    def same_as(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Convolution) and self.first.same_as(other.first) and self.second.same_as(other.second)
        )

    def replace(self, **changes: Any) -> Convolution:
        return Convolution(**{"first": self.first, "second": self.second, **changes})

    def __str__(self) -> str:
        return f"sum_of({', '.join(map(str, self.operands))})"

    def __repr__(self) -> str:
        return f"Convolution({self.first!r}, {self.second!r})"

    # ---- the integrals ----

    @cached_property
    def _frames(self) -> dict[bool, tuple[Frame, Frame]]:
        return {
            mirrored: (Frame.of(self.first, mirrored=mirrored), Frame.of(self.second, mirrored=mirrored))
            for mirrored in (False, True)
        }

    def _logs(self, z: Any, kind: str) -> np.ndarray:
        """log of the density, or of the mass below or above z: `kind` is logpdf, logcdf or logsf."""
        points = anchored(z)
        low, high = self.support.edges
        below, above = (np.broadcast_to(value(side), points.shape) for side in (points - low, high - points))
        mirrored = np.isfinite(high) & ((above < below) | ~np.isfinite(low))
        result = np.empty(points.shape)
        for turned in (False, True):
            some = np.broadcast_to(mirrored, points.shape) == turned
            if some.any():
                result[some] = self._from_end(points[some], kind, mirrored=turned)
        return result

    def _from_end(self, points: Anchored, kind: str, *, mirrored: bool) -> np.ndarray:
        one, other = self._frames[mirrored]
        distance = anchored(points - (one.origin + other.origin))
        t = one.sign * value(distance)
        ended = np.isfinite(one.low) and np.isfinite(other.low)
        smallest = NEAREST if ended else 0.0
        inner = np.copysign(np.clip(np.abs(t), smallest, FARTHEST), 1.0 if ended else t)
        result = self._blocks_of(inner, kind, mirrored=mirrored)
        beyond = (np.abs(t) < smallest) | (np.abs(t) > FARTHEST)
        if beyond.any():
            ends = inner[beyond]
            back = np.where(np.abs(ends) < 1.0, BINADES, 1.0 / BINADES) * ends
            rise = (result[beyond] - self._blocks_of(back, kind, mirrored=mirrored)) / np.log(ends / back)
            further = np.broadcast_to(distance.log_offset, points.shape)[beyond] - np.log(np.abs(ends))
            result[beyond] += np.where(np.isfinite(rise), rise * further, 0.0)
        return result

    def _blocks_of(self, t: np.ndarray, kind: str, *, mirrored: bool) -> np.ndarray:
        result = np.empty(t.shape)
        for start in range(0, t.size, PROBLEMS_AT_ONCE):
            block = slice(start, start + PROBLEMS_AT_ONCE)
            result[block] = self._integrals(t[block], kind, mirrored=mirrored)
        return result

    def _integrals(self, t: np.ndarray, kind: str, *, mirrored: bool) -> np.ndarray:
        one, other = self._frames[mirrored]
        low, high = np.maximum(one.low, t - other.high), np.minimum(one.high, t - other.low)
        logs = self._quick(t, low, high, kind, one, other)
        rest = np.flatnonzero(np.isnan(logs))
        if rest.size:
            logs[rest] = self._thorough(t[rest], low[rest], high[rest], kind, one, other)
        if kind == "logpdf":
            return logs
        # Where the second law is wholly on the right side, the first alone decides.
        end = other.high if (kind == "logcdf") != mirrored else other.low
        if not np.isfinite(end):
            return logs
        rest = t - end
        within = (rest > one.low) & (rest < one.high)
        place = one.point(np.where(within, rest, 0.0), 0.0) if within.any() else None
        alone = np.full(t.shape, -np.inf)
        if place is not None:
            alone[within] = np.asarray(value(getattr(self.first, f"raw_{kind}")(place)))[within]
        everything = rest >= one.high if (kind == "logcdf") != mirrored else rest <= one.low
        return np.logaddexp(logs, np.where(everything, 0.0, alone))

    def _quick(
        self, t: np.ndarray, low: np.ndarray, high: np.ndarray, kind: str, one: Frame, other: Frame
    ) -> np.ndarray:
        """The logarithms of the integrals that plain doubles settle; NaN for others."""
        bounds = low[:, None], high[:, None]
        steps = [np.broadcast_to(one.steps, (t.size, one.steps.size)), t[:, None] - other.steps]
        inner = np.clip(np.concatenate(steps, axis=1), *bounds)
        everything = [bound for bound in bounds if np.isfinite(bound).all()]
        edges = np.sort(np.concatenate([*everything, inner], axis=1), axis=1)

        def at(x: np.ndarray, y: np.ndarray) -> np.ndarray:
            terms = np.exp(self._product_at(one.place(x), other.place(y), kind))
            if np.isfinite(min(one.reach, other.reach)):
                terms[(np.abs(x) > one.reach) | (np.abs(y) > other.reach)] = np.nan
            return terms

        def inside(x: np.ndarray, problem: np.ndarray) -> np.ndarray:
            return at(x, t[problem][:, None] - x)

        def beside_one(d: np.ndarray, problem: np.ndarray) -> np.ndarray:
            return at(d, t[problem][:, None] - d)

        def beside_other(d: np.ndarray, problem: np.ndarray) -> np.ndarray:
            return at(t[problem][:, None] - d, d)

        def outward(edge: np.ndarray, side: float) -> Integrand:
            return lambda d, problem: inside(edge[problem][:, None] - side * d, problem)

        ends, rows = [], np.arange(t.size)
        beside = {1.0: beside_one, -1.0: beside_other}
        for side, bound, frame, marks in ((1.0, low, one, steps[1]), (-1.0, high, other, steps[0])):
            if not np.isfinite(bound).all():
                scale = np.full(t.size, LADDER[-1] * max(one.scale, other.scale))
                ends.append(End(outward(edges[:, 0] if side > 0 else edges[:, -1], side), rows, scale, np.inf))
            elif frame.starts_at_zero:
                own = np.flatnonzero(bound == (0.0 if side > 0 else t))
                width = _end_width(frame, marks[own], bound[own], 0.5 * (high - low)[own])
                ends.append(End(beside[side], own, width, 1.0))
                limit = (bound[own] + side * width)[:, None]
                edges[own] = np.maximum(edges[own], limit) if side > 0 else np.minimum(edges[own], limit)
        logs = np.full(t.size, np.nan)
        found, _, settled = integrals(inside, edges, ends, QUICK)
        settled &= np.max(np.diff(edges, axis=1), axis=1) < UNSEEN * min(one.scale, other.scale)
        logs[settled] = np.log(found[settled])
        return logs

    def _thorough(
        self, t: np.ndarray, low: np.ndarray, high: np.ndarray, kind: str, one: Frame, other: Frame
    ) -> np.ndarray:
        """The logarithms of the integrals, with nodes that keep their distances from ends and poles."""
        edges, width = self._edges(t, low, high, kind, one, other)
        rows, columns = np.nonzero(edges[:, 1:] > edges[:, :-1])

        def integrand(x: Anchored, problem: np.ndarray) -> tuple[Any, Any]:
            return self._integrand(x.anchor, x.offset, x.log_offset, t[problem][:, None], kind, one, other)[None], 1.0

        found = integrate(integrand, rows, edges[rows, columns], edges[rows, columns + 1], width[rows])
        logs = np.full(t.shape, -np.inf)
        logs[: found.log_magnitude.shape[1]] = found.log_magnitude[0]
        self._watch(found)
        return logs

    def _integrand(self, anchor: Any, offset: Any, log: Any, t: Any, kind: str, one: Frame, other: Frame) -> Any:
        """log f_X(x) + log of the second function at z - x, for x = anchor + offset in the frame of the first law."""
        rest = t - anchor
        if np.isfinite(other.high):  # an end that t - anchor has missed by a rounding
            rest = np.where(np.abs(rest - other.high) <= 4.5e-16 * np.maximum(np.abs(t), other.high), other.high, rest)
        if not (one.is_plain and other.is_plain):
            return self._product_at(one.point(anchor, offset, log), other.point(rest, -offset, log), kind)
        x, y = one.sign * (anchor + offset), other.sign * (rest - offset)
        logs = self._product_at(x, y, kind)
        if log is None:
            return logs
        extreme = (log > EXTREME) | ((log < -EXTREME) & ((anchor == 0.0) | (rest == 0.0))) | ~np.isfinite(logs)
        extreme |= (np.abs(x) > one.reach) | (np.abs(y) > other.reach)
        if extreme.any():
            anchor, rest = (np.broadcast_to(part, logs.shape)[extreme] for part in (anchor, rest))
            points = (
                one.point(anchor, offset[extreme], log[extreme]),
                other.point(rest, -offset[extreme], log[extreme]),
            )
            logs[extreme] = self._product_at(*points, kind)
        return logs

    def _product_at(self, x: Any, y: Any, kind: str) -> Any:
        return np.asarray(value(self.first.raw_logpdf(x)) + value(getattr(self.second, f"raw_{kind}")(y)))

    def _watch(self, found: Any) -> None:
        """AccuracyWarning where an integral of a size that matters is not known to 1e-8."""
        with quiet():
            poor = found.error[0] > SILENT * np.abs(found.value[0])
        poor &= found.log_magnitude[0] > -700.0
        if poor.any():
            worst = float(np.max(found.error[0][poor] / np.abs(found.value[0][poor])))
            warnings.warn(f"{self}: relative error {worst:.1e} of an integral", AccuracyWarning, stacklevel=4)

    def _edges(
        self, t: np.ndarray, low: np.ndarray, high: np.ndarray, kind: str, one: Frame, other: Frame
    ) -> tuple[np.ndarray, np.ndarray]:
        """The ends of the panels of each problem (P, n), and the length scale of its half lines (P,)."""
        shape = (t.size, 1)
        marks = [np.broadcast_to(one.marks, (t.size, one.marks.size)), t[:, None] - other.marks]
        bounds = [np.reshape(low, shape), np.reshape(high, shape)]
        inner = np.sort(np.concatenate(marks, axis=1), axis=1)
        inner = np.clip(inner, *bounds)
        first, last = (
            np.where(np.isfinite(bound), bound, end)
            for bound, end in zip(bounds, (inner[:, :1], inner[:, -1:]), strict=True)
        )
        knots = np.concatenate([first, inner, last], axis=1)
        peak, width = self._peak(knots, t, kind, one, other)
        everything = np.clip(np.concatenate([*bounds, inner, peak], axis=1), *bounds)
        return np.sort(everything, axis=1), width

    def _peak(self, knots: np.ndarray, t: np.ndarray, kind: str, one: Frame, other: Frame) -> tuple[Any, Any]:
        """The largest of the integrand with the places where it has fallen off (P, n), and its width (P,)."""

        def at(x: np.ndarray) -> np.ndarray:
            with quiet():
                logs = self._integrand(x, 0.0, None, t[:, None], kind, one, other)
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
        return nearby, np.where(scale > 0, scale, np.maximum(reach[:, 0], 1e-300))

    # ---- the law ----

    def raw_logpdf(self, x: Any) -> Any:
        return self._logs(x, "logpdf")

    def raw_logcdf(self, x: Any) -> Any:
        return self._tail(x, "logcdf", "logsf")

    def raw_logsf(self, x: Any) -> Any:
        return self._tail(x, "logsf", "logcdf")

    def _tail(self, x: Any, kind: str, opposite: str) -> Any:
        """The log of a mass; beyond one half it is that of the complement of the other."""
        points = anchored(x)
        result = self._logs(points, kind)
        most = np.asarray(result > LOG_HALF)
        if most.any():
            result[most] = log1mexp(np.minimum(self._logs(points[most], opposite), 0.0))
        return result

    def raw_log_ppf(self, logq: Any) -> Any:
        return self._quantile_of(logq, lower=True)

    def raw_log_isf(self, logq: Any) -> Any:
        return self._quantile_of(logq, lower=False)

    def _quantile_of(self, logq: Any, *, lower: bool) -> Any:
        """The quantile, solved on the tail of smaller probability."""
        logq = np.asarray(logq, dtype=float)
        result = np.full(logq.shape, np.nan)
        near, far = logq <= LOG_HALF, logq > LOG_HALF
        if near.any():
            result[near] = self._solved(logq[near], lower=lower)
        if far.any():
            result[far] = self._solved(log1mexp(logq[far]), lower=not lower)
        return result

    def _solved(self, logq: np.ndarray, *, lower: bool) -> np.ndarray:
        """Within bounds that hold whatever the laws are.

        P(X + Y <= x + y) is at most P(X <= x) + P(Y <= y) and at least P(X <= x)·P(Y <= y), so that the quantile of
        probability p lies between the sums of the quantiles of p/2 and of those of √p, and so from above.
        """
        log_below, log_above = (logq, log1mexp(logq)) if lower else (log1mexp(logq), logq)

        def sums(way: str, log: np.ndarray) -> np.ndarray:
            return sum(np.asarray(value(getattr(law, way)(log))) for law in (self.first, self.second))  # type: ignore[return-value]

        low = np.fmax(sums("raw_log_ppf", log_below - LOG2), sums("raw_log_isf", 0.5 * log_above))
        high = np.fmin(sums("raw_log_isf", log_above - LOG2), sums("raw_log_ppf", 0.5 * log_below))
        slack = 1e-14 * np.maximum(np.abs(low), np.abs(high))
        room = high - low + 2.0 * slack
        # Where the law ends at 0 the bracket is halved among the doubles there, otherwise in a coordinate without zeros.
        at_zero = 0.0 in self.support.edges
        base = np.zeros(low.shape) if at_zero else low - slack - room
        kind = "logcdf" if lower else "logsf"

        def excess(point: np.ndarray, start: np.ndarray, target: np.ndarray) -> np.ndarray:
            return self._logs(start + point, kind) - target

        ends = (low - slack, high + slack) if at_zero else (room, 2.0 * room)
        found = bracketed_root(excess, *ends, args=(base, logq), increasing=lower)
        # A quantile nearer to an end than any double is the end.
        first, last = map(float, self.support.edges)
        unseen = np.isnan(found.x) & ~np.isnan(logq)
        return np.where(unseen, first if lower else last, np.clip(base + found.x, first, last))

    @cached_property
    def _guide(self) -> np.ndarray:
        """Sums of points over the mass of both laws, rank by rank."""
        parts = [np.sort(spread(law)) for law in (self.first, self.second)]
        count = min(part.size for part in parts)
        points = np.unique(sum(part[np.linspace(0, part.size - 1, count).astype(int)] for part in parts))
        return points[(np.abs(points) < 1e290) & np.asarray(self.support.interior_contains(points))]

    def guide(self) -> np.ndarray:
        return self._guide

    def marks(self) -> np.ndarray:
        """The middle, and points as far from it as those of both laws at once; sums of ends and kinks."""
        with quiet():
            centre = sum(float(law.median()) for law in (self.first, self.second))
            levels = np.array([0.02, 0.25])
            spread = [
                sum(np.square(value(getattr(law, way)(levels)) - law.median()) for law in (self.first, self.second))
                for way in ("raw_ppf", "raw_isf")
            ]
        return np.concatenate([centre - np.sqrt(spread[0]), [centre], centre + np.sqrt(spread[1]), self.kinks()])

    @cached_property
    def _kinks(self) -> np.ndarray:
        rough = [
            np.concatenate(
                [np.array([float(value(end)) for end in law.support.edges]), law.kinks(), law.critical_points]
            )
            for law in (self.first, self.second)
        ]
        one, other = (points[np.isfinite(points)] for points in rough)
        sums = np.unique(np.add.outer(one, other))
        return sums[np.asarray(self.support.interior_contains(sums))]

    def kinks(self) -> np.ndarray:
        return self._kinks

    def closed_mean(self) -> Any:
        return self.first.mean() + self.second.mean()

    def closed_var(self) -> Any:
        return self.first.var() + self.second.var()

    # ---- draws ----

    @property
    def draw_dimension(self) -> int:  # type: ignore[override]
        return self.first.draw_dimension + self.second.draw_dimension

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return value(self.first.draw(rng, shape)) + value(self.second.draw(rng, shape))

    def draw_from(self, source: Any) -> Any:
        uniforms = source.uniforms(self.draw_dimension)
        columns = iter(uniforms.T)
        return sum(value(law.raw_total_ppf(next(columns))) for law in self.operands)
