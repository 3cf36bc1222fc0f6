"""Near a turning point: y - v = a·(x - c)^m (1 + ...) as a power series, and its inverse in powers of |y - v|^(1/m).

A bracketing solver knows x - c to √eps only, and so the density where it is infinite not at all. The series knows both
to the last digits, from the distance of y from v alone: as an anchored number, where doubles do not resolve it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy

from densities.anchored import Anchored, anchored, choose, log_abs, pure, value
from densities.transforms.symbolic_analysis import Stretch, derivative, value_at
from densities.transforms.symbolic_kernels import number, precise
from densities.transforms.symbolic_text import X

__all__ = ["TurningPoint", "turning_points"]

TERMS = 24
DIGITS = 80
NOTHING = 1e-30  # below it, beside the others, a coefficient of 80 digits is zero
SMALLEST_TERM = 1e-17
WIDEST = 0.25


class TurningPoint:
    """One side of a point c at which g' vanishes, with v = g(c): x = c + side·u, y = v + a·u^m (1 + c₁u + ...)."""

    def __init__(self, c: float, v: float, side: float, coefficients: Sequence[Any], inner: bool) -> None:
        """`coefficients` are those of u^0, u^1, ... in (y - v), in mpmath; an `inner` point has another side too."""
        from mpmath import mp

        self.c, self.v, self.side = c, v, side
        self.least = 0.0 if inner else -np.inf  # beyond an end is only what rounding puts there
        with mp.workdps(DIGITS):
            runs = zip(coefficients, coefficients[1:], coefficients[2:], strict=False)
            self.m = next(k for k, run in enumerate(runs) if abs(run[0]) > NOTHING * max(map(abs, run)))
            leading = coefficients[self.m]
            ratios = [a / leading for a in coefficients[self.m :]]
            root = _power(ratios, mp.mpf(1) / self.m)
            back = _reverted(root)
            # Near x = 0, which is known to more digits than its distance from c, the formula itself is the better one.
            self.limit = min(_radius(ratios), _radius(back), WIDEST, 0.5 * abs(c) if c else WIDEST)
            self.log_slope = float(mp.log(self.m * abs(leading)))
            self.leading = float(leading)
            # descending, as Horner's rule takes them: y(u), its slope, x(s), its slope
            self.rise = _floats(ratios)
            self.rise_slope = _floats([a * (1 + mp.mpf(k) / self.m) for k, a in enumerate(ratios)])
            self.back = _floats(back)
            self.back_slope = _floats([a * (1 + k) for k, a in enumerate(back)])

    def forward(self, x: Any, y: Any, log_det: Any) -> tuple[Any, Any]:
        """(y, log|dy/dx|), replaced by the series where x is near."""
        u = (x - self.c) * self.side
        u = pure(u) if isinstance(u, Anchored) else u
        near = np.asarray(u <= self.limit) & np.asarray(u >= self.least)
        if not np.any(near):
            return y, log_det
        u = choose(near, u, self.limit)
        plain = value(u)
        change = anchored(u) ** float(self.m) * (self.leading * _horner(self.rise, plain))
        slope = self.log_slope + (self.m - 1) * log_abs(u) + np.log(_horner(self.rise_slope, plain))
        series = self.v + change
        series = series if isinstance(x, Anchored) else value(series)
        return choose(near, series, y), np.where(near, slope, value(log_det))

    def inverse(self, y: Any, x: Any, log_det: Any) -> tuple[Any, Any]:
        """(x, log|dx/dy|), replaced by the series where y is near."""
        rise = pure(anchored(y) - self.v) / self.leading
        s = np.abs(rise) ** (1.0 / self.m)
        near = np.asarray(s <= self.limit) & np.asarray(rise >= self.least)
        if not np.any(near):
            return x, log_det
        s = choose(near, s, self.limit)
        plain = value(s)
        offset = s * (self.side * _horner(self.back, plain))
        slope = np.log(_horner(self.back_slope, plain)) - self.log_slope - (self.m - 1) * log_abs(s)
        series = self.c + offset
        series = series if isinstance(y, Anchored) else value(series)
        return choose(near, series, x), np.where(near, slope, value(log_det))


def turning_points(stretch: Stretch) -> tuple[TurningPoint, ...]:
    """Those among the two ends of a stretch and the points at which it rests, the latter with both their sides."""
    places = [(stretch.low, 1.0, False), (stretch.high, -1.0, False)]
    places += [(point, side, True) for point in stretch.rests for side in (1.0, -1.0)]
    found = (_turning_point(stretch, *place) for place in places)
    return tuple(point for point in found if point is not None)


def _turning_point(stretch: Stretch, end: Any, side: float, inner: bool) -> TurningPoint | None:
    """The point with its series; None where the slope does not vanish, or the formula has no series there."""
    from mpmath import mp

    v = value_at(stretch.expr, end)
    if v is None:
        return None
    with mp.workdps(DIGITS):
        centre = sympy.N(end, DIGITS)
        function = precise(stretch.expr, X)
        point = centre._to_mpmath(4 * DIGITS)
        slope = precise(derivative(stretch.expr), X)(point)
        if not abs(slope) < NOTHING:
            return None
        taylor = mp.taylor(lambda u: function(point + side * u), 0, TERMS + 3)
        if not all(map(mp.isfinite, taylor)):
            return None
        return TurningPoint(number(end), number(v), side, [mp.zero, mp.zero, *taylor[2:]], inner)


def _floats(coefficients: Sequence[Any]) -> list[float]:
    return [float(a) for a in reversed(coefficients[:TERMS])]


def _horner(coefficients: Sequence[float], u: Any) -> Any:
    total = np.zeros(np.shape(u)) + coefficients[0]
    for a in coefficients[1:]:
        total = total * u + a
    return total


def _power(series: Sequence[Any], exponent: Any) -> list[Any]:
    """(1 + c₁u + c₂u² + ...)^exponent, by J. C. P. Miller's recurrence."""
    result = [series[0]]
    for n in range(1, len(series)):
        result.append(sum((exponent * k - n + k) * series[k] * result[n - k] for k in range(1, n + 1)) / n)
    return result


def _reverted(series: Sequence[Any]) -> list[Any]:
    """The e of u = s·(1 + e₁s + ...) for s = u·(1 + d₁u + ...), by Lagrange: eₙ = [uⁿ] (1 + d₁u + ...)^(-n-1)/(n + 1)."""
    return [_power(series[: n + 1], -(n + 1))[n] / (n + 1) for n in range(len(series))]


def _radius(series: Sequence[Any]) -> float:
    """How far out the terms beyond the last one do not matter."""
    later = [(k, abs(a)) for k, a in enumerate(series) if k >= TERMS // 2 and a != 0]
    return min((float((SMALLEST_TERM / a) ** (1.0 / max(k, TERMS - 2))) for k, a in later), default=WIDEST)
