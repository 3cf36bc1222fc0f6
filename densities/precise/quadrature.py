"""Integrals to many digits, by the double exponential rule on panels between landmarks.

    finite [a, b]   x = a + (b - a)/(1 + e^(-π sinh t))
    [a, inf)        x = a + s e^(½π sinh t), and a + s e^(t - e^-t) where the integrand falls like an exponential

Nodes run doubly exponentially fast into an end, where they are formed with as many more digits as their distance from it
asks for, so that algebraic singularities at the ends, and tails that fall like powers, cost no accuracy.
H. Takahasi and M. Mori, Publ. RIMS 9 (1974).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from densities.precise.constants import RoundedError
from densities.precise.context import bits, context

# The finest step is 2^-LEVELS; no node lies beyond |t| = REACH, where e^(½π sinh t) has 10^40 digits.
LEVELS, REACH = 9, 14.0
# No node has more than so many digits beyond those asked for.
MOST_BITS = 60_000
# Successive halvings of the step must double the digits at least this much before the next doubling is believed.
DOUBLING = 1.6
# Bits that the sum of the terms may lose.
ROUNDING = 12
# Nodes that are kept: those of a few precisions.
MANY = 2**15
Vector = tuple[Any, ...]


def integrate(function: Callable[[Any], Vector], edges: Sequence[Any]) -> tuple[list[Any], list[Any], int]:
    """∫ function(x) dx from edges[0] to edges[-1] in panels; function gives a tuple of integrands.

    Returns the values, their errors and how many points were asked for.
    """
    mp = context()
    finite = [edge for edge in edges if mp.isfinite(edge)]
    width = (finite[-1] - finite[0]) / max(len(finite) - 1, 1) or max(abs(finite[0]), mp.mpf(1))
    totals: list[Any] = []
    errors: list[Any] = []
    count = 0
    for low, high in pairwise(edges):
        panel = Panel(function, low, high, width)
        values, deviations = panel.integral()
        totals = [a + b for a, b in zip(totals, values, strict=True)] if totals else values
        errors = [a + b for a, b in zip(errors, deviations, strict=True)] if errors else deviations
        count += panel.count
    return totals, errors, count


@lru_cache(maxsize=MANY)
def tanh_sinh(prec: int, t: float) -> tuple[Any, Any]:
    """The share 1/(1 + e^(π sinh t)) of a panel, and its derivative."""
    mp = context()
    share = 1 / (1 + mp.exp(mp.pi * mp.sinh(t)))
    return share, share * (1 - share) * mp.pi * mp.cosh(t)


@lru_cache(maxsize=MANY)
def exp_sinh(prec: int, t: float) -> tuple[Any, Any]:
    """e^(½π sinh t) and its derivative."""
    mp = context()
    offset = mp.exp(mp.pi / 2 * mp.sinh(t))
    return offset, offset * mp.pi / 2 * mp.cosh(t)


@lru_cache(maxsize=MANY)
def exp_exp(prec: int, t: float) -> tuple[Any, Any]:
    """e^(t - e^-t) and its derivative."""
    mp = context()
    decay = mp.exp(-mp.mpf(t))
    offset = mp.exp(t - decay)
    return offset, offset * (1 + decay)


class Panel:
    """One integral over [low, high], either of which may be infinite; `width` is the scale of a half line."""

    def __init__(self, function: Callable[[Any], Vector], low: Any, high: Any, width: Any):
        mp = context()
        self.function, self.low, self.high, self.width, self.count = function, low, high, width, 0
        if mp.isfinite(low) and mp.isfinite(high):
            self.node = self._between
        else:
            self.end, self.side = (low, 1) if mp.isfinite(low) else (high, -1)
            self.node = self._light if self._falls_fast() else self._heavy

    def _falls_fast(self) -> bool:
        mp = context()
        near, far = (self.function(self.end + self.side * self.width * mp.mpf(10) ** k) for k in (0, 5))
        return all(b == 0 or (a != 0 and abs(b) < abs(a) * mp.mpf(10) ** -1000) for a, b in zip(near, far, strict=True))

    def _between(self, t: float) -> tuple[Any, Any, Any]:
        length = self.high - self.low
        share, weight = tanh_sinh(context().prec, abs(t))
        return (self.low, share * length, length * weight) if t < 0 else (self.high, -share * length, length * weight)

    def _heavy(self, t: float) -> tuple[Any, Any, Any]:
        offset, weight = exp_sinh(context().prec, t)
        return self.end, self.side * self.width * offset, self.width * weight

    def _light(self, t: float) -> tuple[Any, Any, Any]:
        offset, weight = exp_exp(context().prec, t)
        return self.end, self.side * self.width * offset, self.width * weight

    def term(self, t: float) -> list[Any]:
        """The weighted integrands at t; 0 where not one of them is left."""
        mp = context()
        end, offset, weight = self.node(t)
        self.count += 1
        if weight == 0 or offset == 0:
            return []
        extra = max(0, mp.mag(end) - mp.mag(offset)) if end else 0
        if extra > MOST_BITS:
            raise RoundedError("an integrand whose singularity lies beyond 10^18000 digits of an end")
        with bits(mp.prec + extra):
            return [weight * f for f in self.function(end + offset)]

    def integral(self) -> tuple[list[Any], list[Any]]:
        mp = context()
        step = 0.25
        sums, (first, last) = self._first_level(step)
        if not sums:
            raise RoundedError("an integrand of which nothing is left at any node")
        before: list[Any] = []
        digits_before = 0.0
        for _level in range(3, LEVELS + 1):
            step /= 2
            size = [s * 2 * step for s in sums]
            t = first + step
            while t < last:
                sums = self._added(sums, self.term(t))
                t += 2 * step
            values = [s * step for s in sums]
            gaps = [abs(a - b) for a, b in zip(values, size, strict=True)]
            if any(map(mp.isnan, values)):
                raise RoundedError("an integrand without a value at a node")
            scale = max([abs(v) for v in values] + [mp.ldexp(1, -(10**9))])
            digits = float(min(mp.prec, -mp.log(max(gaps) / scale + mp.eps, 2)))
            trusted = digits_before > 8 and digits > DOUBLING * digits_before
            if digits >= mp.prec - ROUNDING or (trusted and DOUBLING * digits > mp.prec):
                certain = min(DOUBLING * digits if trusted else digits, mp.prec - ROUNDING)
                error = scale * mp.mpf(2) ** -certain
                return values, [error] * len(values)
            before, digits_before = gaps, digits
        return values, before

    def _first_level(self, step: float) -> tuple[list[Any], tuple[float, float]]:
        """The sums with the first step, and the t at which both sides have run out."""
        mp = context()
        sums = self.term(0.0)
        ends = []
        for side in (-1, 1):
            t, small = 0.0, 0
            while small < 4 and abs(t) < REACH:
                t += side * step
                new = self.term(t)
                sums = self._added(sums, new)
                negligible = all(abs(a) <= abs(b) * mp.eps / 16 for a, b in zip(new, sums, strict=False)) or not new
                small = small + 1 if negligible else 0
            ends.append(t)
        return sums, (ends[0], ends[1])

    @staticmethod
    def _added(sums: list[Any], new: list[Any]) -> list[Any]:
        return [a + b for a, b in zip(sums, new, strict=True)] if sums and new else sums or new


__all__ = ["integrate"]
