"""How points travel through a chain of maps: as plain doubles while these keep their digits, anchored where they do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from densities.anchored import Anchored, choose, undrowned, value
from densities.anchored.numbers import is_safe
from densities.arrays import extremes, least, quiet, some
from densities.distributions.steep import Steep, steep_places
from densities.domains import Interval
from densities.foreign import Foreign
from densities.transforms.base import Bijection, touches
from densities.transforms.linear import line_coefficients
from densities.transforms.program import follow, holds

# Plain doubles whose magnitude stays within these keep their digits (float32 has its own limits).
SAFE = {np.dtype(np.float64): (1e-290, 1e290), np.dtype(np.float32): (1e-32, 1e32)}
# Where the logarithm of a slope changes by less than TAME on the way from an end, Gauss-Legendre nodes give its mean: to all
# digits, as twice the nodes square the error, where the mean by half of them is so CLOSE. So NEAR to it, as a share of its
# place: farther plain doubles know the distance, and a turn on the way may go unseen.
TAME, CLOSE, NEAR = 0.1, 1e-9, 0.125
# Ulps that maps may be off where they put an end.
MAPS = 64.0
# Steps of Newton's method towards what an end is beyond its double; a map that then still misses its image by this share of
# what it did at first does not see such small parts.
NEWTON, BLIND = 4, 1e-3
(HALF_NODES, HALF_WEIGHTS), (NODES, WEIGHTS) = (
    (0.5 * (nodes + 1.0), 0.5 * weights) for nodes, weights in map(np.polynomial.legendre.leggauss, (5, 10))
)
EXTREMES = np.array([-1.7e308, -1e150, -1.0, -1e-150, -5e-324, 5e-324, 1e-150, 1.0, 1e150, 1.7e308])


def safe(x: Any) -> bool:
    """Whether all of x are doubles that have neither overflowed nor underflowed."""
    if isinstance(x, Foreign) or not x.size:
        return True  # the values of arrays of other libraries are not looked at
    smallest, largest = SAFE.get(x.dtype, SAFE[np.dtype(np.float64)])
    low, high = extremes(x)
    if not (-largest < low and high < largest):
        return False
    # All of one sign, as a positive variable is, the two ends tell how near 0 it comes.
    return bool(low > smallest or high < -smallest or least(np.abs(x)) > smallest)


@dataclass(frozen=True, eq=False)
class Route:
    """The way from `domain` to `image` through a bijection, and back.

    A step that no double can leave the safe range in is not watched: that is found once, by sending the extreme doubles.
    """

    map: Bijection
    domain: Interval
    image: Interval

    @cached_property
    def _back(self) -> Sequence[tuple[Bijection, bool]]:
        steps: Any = self.map.steps[::-1]
        return tuple(zip(steps, self._wild([step.inverse for step in steps], self.image), strict=True))

    @cached_property
    def _forth(self) -> Sequence[tuple[Bijection, bool]]:
        steps: Any = self.map.steps
        return tuple(zip(steps, self._wild([step.forward for step in steps], self.domain), strict=True))

    @cached_property
    def way_back(self) -> Sequence[tuple[Callable[[Any], Any], bool]]:
        """The steps of g⁻¹, and whether each rounds what it gives."""
        return tuple((step.forward, True) for step in self.map.inv.steps)

    def _wild(self, functions: Sequence[Callable[[Any], Any]], start: Interval) -> list[bool]:
        """For each step whether doubles may leave the safe range in it."""
        if self.map.batch_shape or any(np.ndim(value(end)) for end in start.edges):
            return [True] * len(functions)
        flags = []
        with quiet():
            x = EXTREMES[np.asarray(start.interior_contains(EXTREMES))]
            for function in functions:
                x, at = np.array(value(function(x)), dtype=float), x
                # 0 at a point alone, as log has it at 1, is no underflow: there is none beside it.
                if some(zero := x == 0.0):
                    x[zero] = np.asarray(value(function(np.nextafter(at[zero], np.inf))), dtype=float)
                x = x[~np.isnan(x)]
                flags.append(not safe(x))
                x = np.copysign(np.clip(np.abs(x), *SAFE[np.dtype(np.float64)]), x)
        return flags

    @cached_property
    def _stations(self) -> tuple[Interval, ...]:
        """The intervals before each step and after the last; none for a batch, nor where all ends are exact and known."""
        if self.map.batch_shape or any(np.ndim(value(end)) for end in self.domain.edges):
            return ()
        found = [self.domain]
        with quiet():
            for step in self.map.steps:
                found.append(step.image(found[-1]))  # type: ignore[attr-defined]
                found[-2:] = [settled(found[-2], step.domain), found[-1]]
        known = all(step.knows_ends for step in self.map.steps)  # type: ignore[attr-defined]
        return tuple(found) if not known or any(slack > 0 for station in found for _, slack in ends_of(station)) else ()

    @cached_property
    def _reached(self) -> tuple[Reached, Reached]:
        """The ends that are known to go to ends, on the way and on the way back."""
        return {}, {}

    def carry(self, x: Any) -> tuple[Any, Any]:
        """g(x) and its log-determinant, as the map has them, but an end on the way remains that end: no point next to it
        is thrown across by its rounding."""
        if not isinstance(x, Anchored) or not self._stations:
            return self.map.forward_and_log_det(x)
        return _carried(x, self.map.steps, self._stations, self._reached[0])

    def carry_back(self, y: Any) -> tuple[Any, Any]:
        """g⁻¹(y) and its log-determinant, ends kept as in `carry`."""
        if not isinstance(y, Anchored) or not self._stations:
            return self.map.inverse_and_log_det(y)
        return _carried(y, self.map.inv.steps, self._stations[::-1], self._reached[1])

    @cached_property
    def _steep(self) -> Steep | None:
        return steep_places(self.map, self.domain)

    def pull(self, y: Any) -> tuple[Any, Any]:
        """g⁻¹(y) and its log-determinant."""
        if self._steep is None or isinstance(y, Foreign) or holds(self._steep.keeps, y):
            return self._pulled(y)
        return self._steep.pulled(y, *self._pulled(y))

    def _pulled(self, y: Any) -> tuple[Any, Any]:
        if isinstance(y, Anchored):
            return self.carry_back(y)
        x, total = y, None
        for step, watched in self._back:
            x, log_det = follow(step.inverse_and_log_det, x)
            if watched and not holds(safe, x):
                x, total = self.carry_back(Anchored.exact(y))
                return undrowned(x), total
            total = log_det if total is None else total + log_det
        return x, total

    def pull_point(self, y: Any) -> Any:
        """g⁻¹(y)."""
        if self._steep is not None and not isinstance(y, Foreign) and not holds(self._steep.keeps, y):
            return self._steep.pulled(y, *self._pulled(y))[0]
        if isinstance(y, Anchored):
            return self.carry_back(y)[0]
        x = y
        for step, watched in self._back:
            x = follow(step.inverse, x)
            if watched and not holds(safe, x):
                return self.carry_back(Anchored.exact(y))[0]
        return x

    def push(self, x: Any) -> Any:
        """g(x); the last step may overflow or underflow, which is then the answer."""
        if isinstance(x, Anchored):
            return self.carry(x)[0]
        y = x
        last = len(self._forth) - 1
        for index, (step, watched) in enumerate(self._forth):
            y = follow(step.forward, y)
            if watched and index < last and not holds(safe, y):
                return self.carry(Anchored.exact(x))[0]
        return y


def settled(station: Interval, domain: Any) -> Interval:
    """An interval whose ends are those of the domain of the next step where rounding alone parts them."""
    low, high = station.low, station.high
    if touches(low, domain.low, station.low_slack, domain.low_slack):
        low = domain.low
    if touches(domain.high, high, station.high_slack, domain.high_slack):
        high = domain.high
    return Interval(low, high, low_slack=station.low_slack, high_slack=station.high_slack)


def ends_of(station: Interval) -> list[tuple[float, Any]]:
    """The ends that are finite numbers, and what rounding may have done to them."""
    pairs = zip(station.edges, station.slacks, strict=True)
    return [(end, slack) for end, slack in pairs if not isinstance(end, Anchored) and np.isfinite(end)]


def _carried(x: Anchored, steps: Sequence[Any], stations: Sequence[Interval], reached: Reached) -> tuple[Any, Any]:
    total: Any = 0.0
    x = _at_ends(x, stations[0])
    for index, (step, before, after) in enumerate(zip(steps, stations, stations[1:], strict=False)):
        coefficients = line_coefficients(step)
        if coefficients is None:
            y, log_det = _along_curve(step, x, before, after, reached, index)
        else:
            y, log_det = step.forward_and_log_det(x)
            y = _along_line(x, y, coefficients[1], before, after)
        x = _at_ends(y, after)
        total = total + log_det
    return x, total


def _along_curve(
    step: Any, x: Anchored, before: Interval, after: Interval, reached: Reached, index: int
) -> tuple[Any, Any]:
    """g(x) and its log-determinant, but of an end that goes to an end: there the distance is the integral of the slope.

    So it takes in nothing of how doubles round the ends.
    """
    found, place = [], x
    sides = zip(before.edges, before.slacks, _targets(after, up=bool(step.increasing)), strict=True)
    for side, (start, slack, target) in enumerate(sides):
        if isinstance(start, Anchored) or not np.isfinite(start):
            continue
        at = np.equal(x.anchor, start)
        if not np.any(at) or (start == 0.0 and step.knows_ends):  # numbers beside 0 need no anchor
            continue
        if (key := (index, side)) not in reached:
            reached[key] = end_reached(step, float(start), slack, target)
        end = reached[key]
        if end is not None and (end.start or end.stop):
            found.append((at, end))
            place = choose(at, place + end.rest, place) if end.rest else place
    y, log_det = step.forward_and_log_det(place)
    for at, end in found:
        tame, slope = at & (np.abs(value(log_det) - end.slope) < TAME), partial(log_slope, step.forward_and_log_det)
        y = from_end(end, slope, step.increasing, x, y, tame)
    return y, log_det


@dataclass(frozen=True)
class End:
    """An end `start` + `rest`, of which `start` is the double, that a map with this log-slope there sends to `stop`."""

    start: float
    rest: float
    stop: float
    slope: float


Reached = dict[tuple[int, int], End | None]  # by the index of the step and the side of the end


def _targets(after: Interval, *, up: bool) -> list[list[tuple[float, Any]]]:
    """Where the low and the high end go, if that is a finite number, and what rounding may have done to it."""
    pairs = list(zip(after.edges, after.slacks, strict=True))
    kept = [[] if isinstance(end, Anchored) or not np.isfinite(end) else [(end, slack)] for end, slack in pairs]
    return kept if up else kept[::-1]


def end_reached(step: Any, start: float, slack: float, target: Sequence[tuple[float, Any]]) -> End | None:
    """The end that goes to an end, if it does: how the map misses that from the double tells, by Newton's method, the rest."""
    y, slope = (value(part) for part in step.forward_and_log_det(Anchored(start, np.float64(0.0))))
    if not np.isfinite(y + slope):
        return None
    noise = MAPS * np.spacing(np.abs(start))
    moved = np.exp(slope) * (noise if slack < noise and (slack or not step.knows_ends) else slack)
    slack = max(slack, noise) if slack else 0.0
    stops = [end for end, own in target if np.abs(y - end) <= own + moved + 2.0 * np.spacing(np.abs(end))]
    if not stops:
        return None
    rest, missed = 0.0, np.abs(y - stops[0])
    told = moved >= np.spacing(np.abs(stops[0]))  # a map so flat that no double of the image changes tells nothing
    for _ in range(NEWTON if told else 0):
        step_back = (y - stops[0]) * np.exp(-slope)
        rest = float(np.clip(rest - step_back if step.increasing else rest + step_back, -slack, slack))
        y, slope = (value(part) for part in step.forward_and_log_det(Anchored(start, np.float64(rest))))
    blind = np.abs(y - stops[0]) > np.maximum(BLIND * missed, 2.0 * np.spacing(np.abs(stops[0])))
    return End(start, 0.0 if blind else rest, stops[0], float(slope))


def log_slope(forward: Callable[[Any], tuple[Any, Any]], x: Any) -> Any:
    return value(forward(x)[1])


def from_end(end: End, slope: Callable[[Any], Any], increasing: bool, x: Anchored, y: Any, tame: Any) -> Any:
    """y, but where the slope is tame the end it comes to and the integral of the slope from there."""
    reach = np.abs(end.start) or np.abs(end.stop) * np.exp(-end.slope)
    tame = np.array(np.broadcast_to(tame & (np.abs(x.offset) < NEAR * reach), x.shape))
    if not np.any(tame):
        return y
    offset, log_offset = (np.broadcast_to(part, x.shape)[tame] for part in (x.offset, x.log_offset))
    nodes = np.concatenate([HALF_NODES, NODES])
    between = Anchored(end.start, offset[:, None] * nodes, log_offset[:, None] + np.log(nodes)) + end.rest
    changes = np.broadcast_to(slope(between), between.shape) - end.slope
    slopes = np.split(np.exp(changes), [HALF_NODES.size], axis=-1)
    half, mean = slopes[0] @ HALF_WEIGHTS, slopes[1] @ WEIGHTS
    log, size = np.zeros(x.shape), np.zeros(x.shape)
    log[tame] = log_offset + end.slope + np.log(mean)
    size[tame] = np.where(is_safe(offset), np.abs(offset) * (np.exp(end.slope) * mean), np.exp(log[tame]))
    tame[tame] = np.all(np.abs(changes) < TAME, axis=-1) & (np.abs(half - mean) < CLOSE)
    direction = np.copysign(1.0 if increasing else -1.0, (1.0 if increasing else -1.0) * x.offset)
    return choose(tame, Anchored(end.stop, np.copysign(size, direction), log), y)


def _at_ends(x: Any, station: Interval) -> Any:
    """Points whose anchor is an end to its rounding, anchored at the end."""
    if isinstance(x, Anchored):
        for end, slack in ends_of(station):
            near = np.abs(x.anchor - end) <= slack + 2.0 * np.spacing(np.abs(end))
            x = Anchored(np.where(near, end, x.anchor), x.offset, x._log)
    return x


def _along_line(x: Anchored, y: Anchored, slope: Any, before: Interval, after: Interval) -> Anchored:
    """y = loc + slope·x, but of an end that goes to an end: there the distance is just stretched, and takes in no rounding."""
    starts, stops = before.edges, after.edges if slope > 0 else after.edges[::-1]
    stretched = Anchored(0.0, x.offset, x._log) * slope
    for start, stop in zip(starts, stops, strict=True):
        if (
            not isinstance(start, Anchored)
            and not isinstance(stop, Anchored)
            and np.isfinite(start)
            and np.isfinite(stop)
        ):
            at = np.equal(x.anchor, start) & np.not_equal(start, 0.0)
            y = choose(at, Anchored(np.full(np.shape(at), stop), stretched.offset, stretched._log), y)
    return y
