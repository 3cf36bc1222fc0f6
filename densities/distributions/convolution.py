"""Sums of independent variables whose law has no name: the density is an integral, taken for many points at once.

    f(z) = ∫ f_X(x) f_Y(z - x) dx,   P(X + Y <= z) = ∫ f_X(x) F_Y(z - x) dx

The points x and z - x travel as distances from ends of the supports, and the integral over x is split at the landmarks
of both laws and at the peak of the integrand, wherever the far tail of the sum has moved it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, value
from densities.anchored.numbers import two_sum
from densities.arrays import quiet
from densities.distributions.base import Univariate
from densities.distributions.frames import NARROWER, Frame
from densities.distributions.ladders import Problems
from densities.distributions.masses import spread
from densities.distributions.overlap import Overlap
from densities.domains import Interval
from densities.errors import AccuracyWarning, warn
from densities.logmath import log1mexp

__all__ = ["RANKS", "Convolution", "by_smaller_tail"]

LOG_HALF = float(np.log(0.5))
# Distances from an end, or from 0, at which the integral is last taken. Nearer to an end its logarithm goes on as a line
# in the logarithm of the distance, with the slope between the last point and one ten binades before it; farther out as
# the two terms f_X(z) + f_Y(z) that are left of it where a tail is a power.
NEAREST, FARTHEST, BINADES = 1e-290, 1e290, 2.0**10
# An answer is given silently only when its relative error is below this.
SILENT = 1e-8
# Logarithms of the one size are of doubles that underflow: they are as good as their own rounding. Those of the other
# have no digit behind the point.
UNDERFLOW, COARSE = 700.0, 1e15
# How far plain doubles are asked, in scales of the narrower law, and in groups of points so many scales of the wider one away.
FAR, DISTANT = 1e13, (0.0, 30.0, 1e4, 1e7)
PROBLEMS_AT_ONCE = 4096
# Ranks at which quantiles of both laws are joined for a guess of the median.
RANKS = (np.arange(16) + 0.5) / 16


def by_smaller_tail(mass: Callable[..., np.ndarray], points: Any, below: np.ndarray, *, lower: bool) -> np.ndarray:
    """log P(Z <= z) or log P(Z > z), from the one of the two, as mass(points, lower=...) gives it, that is at most a half.

    `below` guesses which: the points at which it is the lower one.
    """
    result = np.empty(points.shape)
    for side in (True, False):
        rows = np.asarray(below == side)
        if not rows.any():
            continue
        logs = mass(points[rows], lower=side)
        result[rows] = logs if side == lower else log1mexp(np.minimum(logs, 0.0))
        large = rows.copy()
        large[rows] = logs > LOG_HALF
        if large.any():
            logs = np.minimum(mass(points[large], lower=not side), 0.0)
            result[large] = log1mexp(logs) if side == lower else logs
    return result


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
    def made_of(self) -> tuple[Any, ...]:
        return self.first, self.second

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
        return f"sum_of({self.first!r}, {self.second!r})"

    # ---- the integrals ----

    @cached_property
    def _frames(self) -> dict[bool, tuple[Frame, Frame]]:
        laws = (self.first, self.second)
        found = {mirrored: tuple(Frame.of(law, mirrored=mirrored) for law in laws) for mirrored in (False, True)}
        if found[False][1].scale * NARROWER < found[False][0].scale:
            found = {mirrored: pair[::-1] for mirrored, pair in found.items()}
        return found  # type: ignore[return-value]

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
        origin, lost = two_sum(one.origin, other.origin)
        distance = anchored(anchored(points - origin) - float(lost))
        t = one.sign * value(distance)
        ended = np.isfinite(one.low) and np.isfinite(other.low)
        smallest = NEAREST if ended else 0.0
        inner = np.copysign(np.clip(np.abs(t), smallest, FARTHEST), 1.0 if ended else t)
        result = self._blocks_of(inner, kind, mirrored=mirrored)
        near, far = np.abs(t) < smallest, np.abs(t) > FARTHEST
        if near.any():
            ends = inner[near]
            rise = self._blocks_of(BINADES * ends, kind, mirrored=mirrored) - result[near]
            further = (np.broadcast_to(distance.log_offset, points.shape)[near] - np.log(ends)) / np.log(BINADES)
            result[near] += np.where(np.isfinite(rise), rise * further, 0.0)
        if far.any():
            last = one.point(inner[far], 0.0)
            change = self._apart(points[far], kind) - self._apart(last, kind)
            result[far] += np.where(np.isnan(change), 0.0, change)
        return result

    def _apart(self, points: Any, kind: str) -> Any:
        """log(f_X(z) + f_Y(z)), or of the masses below or above z."""
        way = "logpdf_anywhere" if kind == "logpdf" else ""
        logs = [getattr(law, way)(points) if way else law.anywhere(kind, points) for law in (self.first, self.second)]
        return np.logaddexp(*map(value, logs))

    def logs_anywhere(self, z: Any, kind: str) -> np.ndarray:
        """The same at any point."""
        points, support = anchored(z), self.support
        below, above = (np.asarray(side) for side in (points <= support.low, points >= support.high))
        ends = {"logpdf": (-np.inf, -np.inf), "logsf": (0.0, -np.inf)}.get(kind, (-np.inf, 0.0))
        result = np.where(below, *ends)
        inside = ~(below | above)
        if inside.any():
            result[inside] = self._logs(points[inside], kind)
        return result

    def _blocks_of(self, t: np.ndarray, kind: str, *, mirrored: bool) -> np.ndarray:
        different, back = np.unique(t, return_inverse=True)  # far out in a tail many points are one double
        result = np.empty(different.shape)
        for start in range(0, different.size, PROBLEMS_AT_ONCE):
            block = slice(start, start + PROBLEMS_AT_ONCE)
            result[block] = self._integrals(different[block], kind, mirrored=mirrored)
        return result[back]

    def _integrals(self, t: np.ndarray, kind: str, *, mirrored: bool) -> np.ndarray:
        one, other = self._frames[mirrored]
        low, high = np.maximum(one.low, t - other.high), np.minimum(one.high, t - other.low)
        overlap = Overlap(one, "raw_logpdf", other, f"raw_{kind}")
        logs = self._quick(t, low, high, overlap)
        rest = np.flatnonzero(np.isnan(logs))
        if rest.size:
            logs[rest] = self._thorough(t[rest], overlap)
        if kind == "logpdf":
            return logs
        # Where the second law is wholly on the right side, the first alone decides.
        inner = kind != "logsf"
        end = other.high if inner != mirrored else other.low
        if not np.isfinite(end):
            return logs
        rest = t - end
        within = (rest > one.low) & (rest < one.high)
        alone = np.full(t.shape, -np.inf)
        if within.any():
            place = one.point(np.where(within, rest, 0.0), 0.0)
            mass = one.law.raw_logcdf if inner else one.law.raw_logsf
            alone[within] = np.asarray(value(mass(place)))[within]
        everything = rest >= one.high if inner != mirrored else rest <= one.low
        return np.logaddexp(logs, np.where(everything, 0.0, alone))

    def _quick(self, t: np.ndarray, low: np.ndarray, high: np.ndarray, overlap: Overlap) -> np.ndarray:
        """The logarithms of the integrals that plain doubles settle; NaN for others."""
        one, other = overlap.first, overlap.second
        logs, size = np.full(t.size, np.nan), np.abs(t)
        least, most = min(one.scale, other.scale), max(one.extent, other.extent)
        for nearest, farthest in pairwise(DISTANT):
            some = (size >= nearest * most) & (size < farthest * most) & (size + most < min(one.reach, other.reach))
            if some.any() and farthest * most < FAR * least:
                logs[some] = Problems(overlap, t[some], low[some], high[some], farthest * most).logs()
        return logs

    def _thorough(self, t: np.ndarray, overlap: Overlap) -> np.ndarray:
        """The logarithms of the integrals, with nodes that keep their distances from ends and poles."""
        logs, error = overlap.logs(t)
        poor = ~(error <= SILENT * np.maximum(1.0, np.abs(logs) / UNDERFLOW)) & ~(np.abs(logs) > COARSE)
        if poor.any():
            worst = float(np.max(error[poor]))
            warn(f"{self}: relative error {worst:.1e} of an integral", AccuracyWarning)
        return logs

    # ---- the law ----

    def raw_logpdf(self, x: Any) -> Any:
        return self._logs(x, "logpdf")

    def raw_logcdf(self, x: Any) -> Any:
        return self._tail(x, lower=True)

    def raw_logsf(self, x: Any) -> Any:
        return self._tail(x, lower=False)

    def _tail(self, x: Any, *, lower: bool) -> np.ndarray:
        points = anchored(x)

        def mass(points: Anchored, *, lower: bool) -> np.ndarray:
            return self._logs(points, "logcdf" if lower else "logsf")

        return by_smaller_tail(mass, points, np.asarray(value(points) < self._middle), lower=lower)

    @cached_property
    def _middle(self) -> float:
        """About the median."""
        with quiet():
            return float(np.median(np.add.outer(*(value(law.raw_ppf(RANKS)) for law in (self.first, self.second)))))

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
            softened = self._softened()
        around = [centre - np.sqrt(spread[0]), [centre], centre + np.sqrt(spread[1])]
        return np.concatenate([*around, self.kinks(), softened])

    def _rough(self) -> list[np.ndarray]:
        """The finite ends, kinks and critical points of each law."""
        rough = [
            np.concatenate(
                [np.array([float(value(end)) for end in law.support.edges]), law.kinks(), law.critical_points]
            )
            for law in (self.first, self.second)
        ]
        return [points[np.isfinite(points)] for points in rough]

    def _softened(self) -> np.ndarray:
        """Where a law that is far narrower than the other makes a steep but smooth passage of an end or kink of that one."""
        laws = self.first, self.second
        widths = [float(value(law.raw_isf(np.asarray(0.25)) - law.raw_ppf(np.asarray(0.25)))) for law in laws]
        narrow = int(np.argmin(widths))
        if widths[narrow] * NARROWER > widths[1 - narrow]:
            return np.empty(0)
        levels = np.array([1e-3, 0.1, 0.5])
        steps = np.concatenate([value(getattr(laws[narrow], way)(levels)) for way in ("raw_ppf", "raw_isf")])
        points = np.unique(np.add.outer(self._rough()[1 - narrow], steps))
        return points[np.asarray(self.support.interior_contains(points))]

    @cached_property
    def _kinks(self) -> np.ndarray:
        sums = np.unique(np.add.outer(*self._rough()))
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
