"""Polynomials by their coefficients, lowest first: exact ones of rational numbers, and the roots of monotone functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from math import comb
from typing import Any

import numpy as np

# Halving a bracket this often leaves neighbouring doubles, wherever it began.
MOST_STEPS = 200
FEW_STEPS, SETTLED = 8, 1e-9


def derivative(curve: Sequence[Any]) -> list[Any]:
    """The coefficients of the derivative."""
    return [j * c for j, c in enumerate(curve)][1:]


def shifted(curve: Sequence[Any], by: Any) -> list[Any]:
    """The coefficients of t -> p(by + t)."""
    powers = [by**j for j in range(len(curve))]
    return [sum(comb(i, j) * curve[i] * powers[i - j] for i in range(j, len(curve))) for j in range(len(curve))]


def has_zero(curve: Sequence[Fraction], low: Any, high: Any) -> bool:
    """Whether a polynomial of rational coefficients has a zero in [low, high], decided exactly (Sturm's theorem)."""
    ends = [_value(curve, x) for x in (low, high)]
    if ends[0] * ends[1] <= 0:
        return True
    width = Fraction(high) - Fraction(low)
    scaled = [c * width**j for j, c in enumerate(shifted(curve, Fraction(low)))]
    if min(_bernstein(scaled)) > 0 or max(_bernstein(scaled)) < 0:
        return False  # the polynomial lies between its Bernstein coefficients
    chain = _sturm_chain(curve)
    before, after = (_changes([_value(p, x) for p in chain]) for x in (low, high))
    return before != after


def _value(curve: Sequence[Any], x: Any) -> Any:
    total: Any = 0
    for c in reversed(curve):
        total = total * x + c
    return total


def _bernstein(curve: Sequence[Fraction]) -> list[Fraction]:
    """The coefficients in the Bernstein basis of [0, 1]."""
    n = len(curve) - 1
    return [sum((Fraction(comb(i, j), comb(n, j)) * curve[j] for j in range(i + 1)), Fraction(0)) for i in range(n + 1)]


def _sturm_chain(curve: Sequence[Fraction]) -> list[list[Fraction]]:
    chain = [_trimmed(curve), _trimmed(derivative(curve))]
    while chain[-1]:
        chain.append([-c for c in _remainder(chain[-2], chain[-1])])
    return chain[:-1]


def _trimmed(curve: Sequence[Fraction]) -> list[Fraction]:
    """Without leading zeros; [] for 0."""
    result = list(curve)
    while result and result[-1] == 0:
        result.pop()
    return result


def _remainder(a: Sequence[Fraction], b: Sequence[Fraction]) -> list[Fraction]:
    rest = list(a)
    while len(rest) >= len(b):
        factor = rest[-1] / b[-1]
        for j, c in enumerate(b, len(rest) - len(b)):
            rest[j] -= factor * c
        rest = _trimmed(rest[:-1])
    return rest


def _changes(values: Sequence[Any]) -> int:
    signs = [v > 0 for v in values if v != 0]
    return sum(a != b for a, b in pairwise(signs))


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
