"""What doubles lose of a map that has no rule for anchored numbers: distances from an anchor, and what leaves the doubles.

g(a + h) = g(a) + h·∫₀¹ g'(a + th) dt,      log|g(e ± eˢ)| = L, solved for s by secants in log|L|.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from densities.anchored import Anchored, choose, log_abs, value

__all__ = ["beside_anchors", "far_preimage", "leaves_doubles"]

EPS = float(np.finfo(float).eps)
Function = Callable[[Any], Any]
# Offsets that are so small a share of the distance of their anchor from every singular place are kept apart from it.
SLIGHT = 2.0**-8
# An anchor that is so near such a place is told from it by rounding: the distance from the place itself is what counts.
BLURRED = 2.0**-26
NODES, WEIGHTS = (0.5 * part for part in np.polynomial.legendre.leggauss(6))
ROUNDINGS = 256.0  # that a plain value and the one by the slope may differ by
FAR = 690.0  # logarithms beyond which a double has lost digits, or is none
STEPS = 60


def beside_anchors(
    x: Anchored, y: Any, increasing: bool, values: Function, log_slope: Function, places: Sequence[float] = (0.0,)
) -> Any:
    """`y`, near an anchor a as g(a) and the distance from it: g(a) may be the value of g at a turn far away.

    `values` and `log_slope` compute g and log|g'| at doubles; `places` are where g or g' may be singular. Where the plain
    value differs by more than rounding, as it does beyond a kink, that is the answer.
    """
    anchor = np.asarray(x.anchor, dtype=float)
    gaps = [(np.abs(anchor - place), BLURRED * abs(place)) for place in places]
    width = np.min([np.where(gap < blur, 0.0, gap) for gap, blur in gaps], axis=0)
    near = (np.abs(x.offset) < SLIGHT * width) & np.isfinite(anchor)
    if not np.any(near):
        return y
    near = np.broadcast_to(near, x.shape)
    a = np.broadcast_to(anchor, x.shape)[near]
    h = x[near]
    steps = np.multiply.outer(NODES + 0.5, h.offset)
    slope = WEIGHTS @ np.exp(value(log_slope(a + steps)))
    rise = Anchored(0.0, h.offset, h._log) * (slope if increasing else -slope)
    top = np.asarray(values(a), dtype=float)
    plain = np.broadcast_to(value(y), x.shape)[near]
    noise = ROUNDINGS * EPS * (np.abs(top) + slope * np.abs(a))
    held = np.abs(top + rise.offset - plain) <= noise
    here = np.zeros(x.shape, dtype=bool)
    here[near] = held
    parts = [np.zeros(x.shape) for _ in range(3)]
    for part, found in zip(parts, (top, rise.offset, rise.log_offset), strict=True):
        part[near] = found
    return choose(here, Anchored(*parts), y)


def leaves_doubles(y: Any) -> Any:
    """Which anchored numbers are beyond the doubles, or so near 0 that these lose digits."""
    return np.abs(log_abs(y)) > FAR


def far_preimage(y: Anchored, function: Function, edge: float, start: float) -> Anchored:
    """x with g(x) = y for numbers that leave the doubles at `edge`, an end of the domain, from a point `start` near it.

    `function` takes anchored numbers. Powers, exponentials and logarithms are all tame in log|log|g|| against s.
    """
    wanted = log_abs(y)
    end = edge if np.isfinite(edge) else 0.0
    side = np.sign(start - end)

    def excess(s: Any) -> Any:
        return np.log(log_abs(function(Anchored.from_log(s, side, end))) / wanted)

    before = np.full(np.shape(wanted), np.log(np.abs(start - end)))
    s = before + (0.01 if np.isinf(edge) else -0.01) * np.abs(before)
    old = excess(before)
    for _ in range(STEPS):
        new = excess(s)
        step = new * (s - before) / (old - new)
        step = np.where(np.isfinite(step), step, 0.0)
        before, old, s = s, new, s + step
        if np.all(np.abs(step) <= 4.0 * EPS * (1.0 + np.abs(s))):
            break
    return Anchored.from_log(s, side, end)
