"""Difference quotients in many digits, by which a formula is told from one that is good for doubles alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from densities.precise.context import bits, context

# A difference quotient over a step h of a length misses the derivative by about h²: at STEP of the bits that is less than what
# is asked for, and DEEPER times the bits leave as many of the difference. SLACK bits are for lengths that are too long.
STEP, DEEPER, SLACK = 0.6, 2.5, 20


def agrees(change: Any, expected: Any, noise: Any = 0) -> bool:
    """Whether a difference quotient is the derivative, to the working precision."""
    mp = context()
    return bool(abs(change - expected) <= mp.ldexp(abs(expected), SLACK - mp.prec) + noise)


def slope_of(function: Callable[[Any], Any], x: Any, length: Any) -> Any:
    """f'(x) by a central difference over a tiny part of a length on which f changes."""
    mp = context()
    step = mp.ldexp(length, -int(STEP * mp.prec))
    with bits(int(DEEPER * mp.prec) + max(0, mp.mag(x) - mp.mag(length) if x else 0)):
        return (function(x + step) - function(x - step)) / (2 * step)


__all__ = ["DEEPER", "SLACK", "STEP", "agrees", "slope_of"]
