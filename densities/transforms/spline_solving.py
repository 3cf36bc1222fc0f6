"""Roots of increasing functions that give their slope as well: how splines without a formula for it find their inverse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

# Halving a bracket this often leaves neighbouring doubles, wherever it began.
MOST_STEPS = 200
FEW_STEPS, SETTLED = 8, 1e-9


def solve(rise: Callable[..., tuple[Any, Any]], u: Any, start: Any, low: Any, high: Any, args: Sequence[Any]) -> Any:
    """t in [low, high] with rise(t, *args)[0] = u, for rise that increases there and gives its slope as well.

    Newton's method from `start`, to the last bits, also of a t near 0 where `rise` has a relative accuracy. What has not
    converged in a few steps is bracketed.
    """
    t = start
    for _ in range(FEW_STEPS):
        y, slope = rise(t, *args)
        step = (u - y) / slope
        t = np.clip(t + step, low, high)
        waiting = np.abs(step) > SETTLED * np.abs(t)  # the next step would be a rounding error
        if not waiting.any():
            return t
    result = np.array(t)
    u, t, low, high, *args = (np.broadcast_to(a, result.shape)[waiting] for a in (u, result, low, high, *args))
    result[waiting] = bracketed(rise, u, t, low, high, args)
    return result


def bracketed(rise: Callable[..., tuple[Any, Any]], u: Any, t: Any, low: Any, high: Any, args: Sequence[Any]) -> Any:
    """The same for arrays of one axis, by a bisection wherever a step of Newton's leaves the bracket or does not shrink."""
    result, last = t.copy(), np.full(t.shape, np.inf, dtype=t.dtype)
    active, precision = np.arange(t.size), 2.0 * np.finfo(t.dtype).eps
    for _ in range(MOST_STEPS):
        y, slope = rise(t, *args)
        low, high = np.where(y < u, t, low), np.where(y > u, t, high)
        step = (u - y) / slope
        moved = t + step
        good = (moved >= low) & (moved <= high) & (2.0 * np.abs(step) <= last)
        moved = np.where(good, moved, _middle(low, high))
        size = np.abs(moved - t)
        keep = size > precision * np.abs(moved)
        result[active] = moved
        last = np.where(good, size, np.inf)
        if not keep.any():
            break
        u, t, low, high, last, active, *args = (a[keep] for a in (u, moved, low, high, last, active, *args))
    return result


def _middle(low: Any, high: Any) -> Any:
    """The middle of a bracket, the geometric one where its ends are positive and far apart."""
    apart = (low > 0) & (high > 4.0 * low)
    return np.where(apart, np.sqrt(np.where(apart, low, 1.0)) * np.sqrt(np.where(apart, high, 1.0)), 0.5 * (low + high))
