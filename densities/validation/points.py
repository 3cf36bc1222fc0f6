"""Where laws are tried: points of a domain at every magnitude, and what rounding leaves of a point.

A double y stands for all numbers that round to it. The *ball* of y is [y - k ulp, y + k ulp], with k what an elementary
formula may lose: a few roundings, and as many more as the logarithms of x and y have units, since a power or a product
of powers goes through them (x^p = e^(p log x) rounds p log x first). Carried through the other direction of a map, a
ball shows what the conditioning of the map forces, without asking for a derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import quiet
from densities.domains import Interval
from densities.transforms import Transform

__all__ = ["ends_of", "points_of", "pulled_ball", "pushed_ball", "ulps", "widened"]

DECADES = 10.0 ** np.array([-300, -200, -100, -50, -30, -20, -16, -14, -12, -10, -8, -6, -5, -4, -3, -2, -1, 0,
                            1, 2, 2.5, 2.8, 3, 4, 6, 8, 10, 12, 16, 20, 30, 50, 100, 200, 300])  # fmt: skip
MODERATE = np.linspace(-7.31, 7.93, 63)
FRACTIONS = (np.arange(31) + 0.4567) / 31
LARGEST = float(np.finfo(float).max)
ROUNDINGS = 8  # of an elementary formula whose numbers are near 1


def ends_of(domain: Interval) -> tuple[float, float]:
    """The ends as doubles."""
    low, high = domain.edges
    return float(value(low)), float(value(high))


def points_of(domain: Interval) -> np.ndarray:
    """Points inside an interval: of every magnitude, at every distance from its ends, and the doubles beside these."""
    low, high = ends_of(domain)
    found: list[Any] = [DECADES * 1.234, -DECADES * 1.234, DECADES, -DECADES, MODERATE, [0.0]]
    with quiet():
        for end, inward in ((low, 1.0), (high, -1.0)):
            if np.isfinite(end):
                found += [end + inward * DECADES, end + inward * np.abs(MODERATE), [np.nextafter(end, inward * np.inf)]]
        if np.isfinite(high - low):
            found.append(low + (high - low) * FRACTIONS)
    points = np.unique(np.concatenate(found))
    return points[np.isfinite(points) & (points > low) & (points < high)]


def ulps(*arrays: Any) -> Any:
    """How many roundings an elementary formula between these numbers may lose."""
    sizes = [np.abs(np.asarray(value(a), dtype=float)) for a in arrays]
    with quiet():
        logs = [
            np.where((size > 0) & np.isfinite(size), np.abs(np.log(size)), 745.0 * (size == 0) + 0.0) for size in sizes
        ]
    return ROUNDINGS + 2 * np.max(np.broadcast_arrays(*logs), axis=0)


def widened(low: Any, high: Any, roundings: Any) -> tuple[Any, Any]:
    """[low, high] with so many units in the last place added at each end; what has overflowed may be any large number."""
    with quiet():
        down = np.clip(low, -LARGEST, LARGEST)
        up = np.clip(high, -LARGEST, LARGEST)
        below = down - roundings * np.spacing(np.abs(down))
        above = up + roundings * np.spacing(np.abs(up))
    return np.where(np.isneginf(low), low, below), np.where(np.isposinf(high), high, above)


def pushed_ball(t: Transform, low: Any, high: Any) -> tuple[Any, Any]:
    """The image of [low, high] under a bijection of the line, widened by the rounding of each step."""
    for step in t.steps:
        low, high = _moved(step.forward, step, step.domain, step.codomain, low, high)  # type: ignore[arg-type]
    return low, high


def pulled_ball(t: Transform, low: Any, high: Any) -> tuple[Any, Any]:
    """The preimage of [low, high] under a bijection of the line, widened by the rounding of each step."""
    for step in reversed(t.steps):
        low, high = _moved(step.inverse, step, step.codomain, step.domain, low, high)  # type: ignore[attr-defined, arg-type]
    return low, high


def _moved(formula: Any, step: Any, source: Interval, target: Interval, low: Any, high: Any) -> tuple[Any, Any]:
    """Both ends through one formula; an end that reaches the end of the source goes to the end of the target."""
    first, last = ends_of(source)
    at_first, at_last = ends_of(target) if step.increasing else ends_of(target)[::-1]
    inside = np.where(np.isfinite(first + last), 0.5 * (first + last), source.interior_point())
    moved = []
    for end in (low, high):
        outside = (end <= first) | (end >= last)
        image = value(formula(np.where(outside, inside, end)))
        moved.append(np.where(end <= first, at_first, np.where(end >= last, at_last, image)))
    roundings = np.maximum(*(ulps(end, image) for end, image in zip((low, high), moved, strict=True)))
    return widened(np.minimum(*moved), np.maximum(*moved), roundings)
