"""Where a function that is known by its values stands still, or jumps: an image has an atom there, or a gap.

In doubles every bounded function stands still somewhere, as tanh does beyond 19, and every sum does beside a zero of its
derivative. What tells the two apart is how a function leaves a level. From a corner it moves as a power of the distance, from
the first double on; from where it saturates like an exponential, or a power far out, it takes distances of one size to come
away by any amount.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from densities.errors import NotMonotoneError
from densities.numerics.roots import from_ordinal, to_ordinal

__all__ = ["refuse_jump", "refuse_plateau"]

EPS = float(np.finfo(float).eps)
# Roundings that a function may have, times which it has left a level, for the first and the second look: corners of powers up
# to the third have 2³ times the distance between them.
ROUNDINGS, LEFT = 64.0, np.array([[2.0**10], [2.0**20]])
APART = 3
# Narrower levels may be those of rounding; the widest are looked at.
NARROWEST, LEVELS = 2.0**-20, 4
# Places looked at for a jump, where the slope is so many times that beside it; a jump is as many times the next steps.
PLACES, STEEPER, JUMP = 8, 1.2, 2.0**10

Function = Callable[[np.ndarray], np.ndarray]


def refuse_plateau(owner: Any, function: Function, x: np.ndarray, y: np.ndarray) -> None:
    """NotMonotoneError where the function y of points x in order, that a map of the line has, is constant on a stretch."""
    found = _plateau(function, x, y)
    if found is not None:
        first, last = (f"f({x[i]:.17g}) = {y[i]:.17g}" for i in found)
        raise NotMonotoneError(
            f"{owner}: expected a strictly monotone function on {owner.domain}, got one that is constant from {first} to "
            f"{last}; there its image has an atom, which np.maximum, np.clip, np.sign and Piecewise know of"
        )


def _plateau(function: Function, x: np.ndarray, y: np.ndarray) -> tuple[int, int] | None:
    """First and last index of points, in order, between which the function y of x is constant; None where it is nowhere."""
    level = np.concatenate([[False], (y[1:] == y[:-1]) & np.isfinite(y[1:]), [False]])
    first, last = np.flatnonzero(~level[:-1] & level[1:]), np.flatnonzero(level[:-1] & ~level[1:])
    width = x[last] - x[first]
    typical = min(1.0, float(np.median(np.abs(y)))) if len(y) else 0.0
    for i in np.argsort(-width)[:LEVELS]:
        noise = ROUNDINGS * EPS * max(abs(float(y[first[i]])), typical)
        if width[i] > NARROWEST and any(
            _is_corner(function, x[inner], x[outer], x[end], noise, float(width[i]))
            for inner, outer, end in ((last[i], last[i] + 1, -1), (first[i], first[i] - 1, 0))
            if 0 <= outer < len(x)
        ):
            return int(first[i]), int(last[i])
    return None


def _is_corner(function: Function, inner: float, outer: float, end: float, noise: float, width: float) -> bool:
    """Whether the function leaves its level at `inner`, which it has left at `outer`, as from a corner."""
    level = function(np.array([inner]))[0]
    still, moved = int(to_ordinal(inner)), int(to_ordinal(outer))
    while abs(moved - still) > 1:
        middle = (still + moved) // 2
        if function(from_ordinal(np.array([middle])))[0] == level:
            still = middle
        else:
            moved = middle
    edge = float(from_ordinal(np.array([moved]))[0])
    distance = np.append(0.0, np.spacing(abs(edge)) * 2.0 ** np.arange(2100))
    distance = distance[distance <= abs(end - edge)]
    left = np.abs(function(edge + np.copysign(distance, end - edge)) - level) > LEFT * noise
    if not left.any(axis=1).all():
        return False
    sooner, later = np.argmax(left, axis=1)
    return (sooner == 0 or later - sooner >= APART) and float(distance[later]) * LEFT[0, 0] < width


def refuse_jump(owner: Any, function: Function, x: np.ndarray, y: np.ndarray) -> None:
    """NotMonotoneError where the function y of points x in order leaps from a double to the next."""
    slope = np.abs(np.diff(y)) / np.diff(x)
    padded = np.concatenate([[np.inf], slope, [np.inf]])
    steeper = slope / np.maximum(padded[:-2], padded[2:])
    steeper = np.where(np.isfinite(steeper), steeper, 0.0)
    for i in np.argsort(-steeper)[:PLACES]:
        if steeper[i] > STEEPER and (found := _jump(function, x[i], x[i + 1])) is not None:
            (a, b), (low, high) = found
            raise NotMonotoneError(
                f"{owner}: expected a continuous function on {owner.domain}, got one that jumps from f({a:.17g}) = {low:.17g} "
                f"to f({b:.17g}) = {high:.17g}; its image has a gap, which Piecewise knows of"
            )


def _jump(function: Function, below: float, above: float) -> tuple[np.ndarray, np.ndarray] | None:
    """The neighbouring doubles between which the function leaps, and its values, found by the larger half of each step."""
    a, b = int(to_ordinal(below)), int(to_ordinal(above))
    while b - a > 1:
        middle = (a + b) // 2
        low, here, high = function(from_ordinal(np.array([a, middle, b])))
        a, b = (middle, b) if abs(high - here) > abs(here - low) else (a, middle)
    points = from_ordinal(np.array([a - 1, a, b, b + 1]))
    values = function(points)
    before, leap, after = np.abs(np.diff(values))
    noise = ROUNDINGS * EPS * max(1.0, *np.abs(values[1:3])) * LEFT[1, 0]
    return (points[1:3], values[1:3]) if leap > max(noise, JUMP * before, JUMP * after) else None
