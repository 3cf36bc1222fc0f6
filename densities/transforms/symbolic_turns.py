"""Near a turning point: y - v = a·(x - c)^m (1 + ...) as a power series, and its inverse in powers of |y - v|^(1/m);
near a pole the same of 1/g; near any other singular end x = c ± eˢ is solved for s.

A bracketing solver knows x - c to √eps only, and so the density where it is infinite not at all. The series knows both
to the last digits, from the distance of y from v alone: as an anchored number, where doubles do not resolve it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import sympy

from densities.anchored import Anchored, anchored, choose, log_abs, pure, sign, value
from densities.numerics.newton import Known, roots_between
from densities.transforms.symbolic_analysis import Stretch, derivative, end_value, value_at
from densities.transforms.symbolic_inverse import slack
from densities.transforms.symbolic_kernels import Kernel, number, precise
from densities.transforms.symbolic_series import NoSeriesError, taylor
from densities.transforms.symbolic_text import X

__all__ = ["Edge", "FarEnd", "Pole", "TurningPoint", "far_end", "inner_turning_point", "root_points", "turning_points"]

TERMS = 24  # of a series
DIGITS = 80  # while coefficients are formed, of which reversion loses many
NOTHING = 1e-30  # below it, beside the others, a coefficient of 80 digits is zero
SMALLEST_TERM = 1e-17  # what is left out, beside the first
WIDEST = 0.25  # how far from its place a series is used at the most
SPAN, STEPS = 2250.0, 4501  # of log|x - c|: the cube roots of distances cover the doubles


class TurningPoint:
    """One side of a point c at which g' vanishes, with v = g(c): x = c + side·u, y = v + a·u^m (1 + c₁u + ...)."""

    def __init__(self, c: float, v: float, side: float, coefficients: Sequence[Any], inner: bool) -> None:
        """`coefficients` are those of (x - c)^0, (x - c)^1, ... in (y - v), in mpmath; an `inner` point has two sides."""
        from mpmath import mp

        self.c, self.v, self.side = c, v, side
        self.least = 0.0 if inner else -np.inf  # beyond an end is only what rounding puts there
        with mp.workdps(DIGITS):
            self.m, leading, *series = _both_ways(tuple(coefficients))
            ratios, back = ([a * side**k for k, a in enumerate(terms)] for terms in series)
            leading *= side**self.m
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
        slope = self._log_lead(u) + np.log(_horner(self.rise_slope, plain))
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
        slope = np.log(_horner(self.back_slope, plain)) - self._log_lead(s)
        series = self.c + offset
        series = series if isinstance(y, Anchored) else value(series)
        return choose(near, series, x), np.where(near, slope, value(log_det))

    def _log_lead(self, u: Any) -> Any:
        """log|m·a·u^(m - 1)|, the leading term of the slope; of a line it is the same at u = 0 itself."""
        return self.log_slope + (self.m - 1) * log_abs(u) if self.m > 1 else self.log_slope


class Pole:
    """One side of a point at which g is infinite and 1/g has a power series: g(x) = 1/r(x), r = a·u^m (1 + c₁u + ...)."""

    def __init__(self, reciprocal: TurningPoint) -> None:
        self.reciprocal = reciprocal

    def forward(self, x: Any, y: Any, log_det: Any) -> tuple[Any, Any]:
        """(y, log|dy/dx|), replaced by the series where x is near."""
        r, slope = self.reciprocal.forward(x, np.nan, np.nan)
        near = ~np.isnan(value(r))
        if not np.any(near):
            return y, log_det
        return choose(near, 1.0 / r, y), np.where(near, slope - 2.0 * log_abs(r), value(log_det))

    def inverse(self, y: Any, x: Any, log_det: Any) -> tuple[Any, Any]:
        """(x, log|dx/dy|), replaced by the series where y is near infinity."""
        place, slope = self.reciprocal.inverse(1.0 / anchored(y), np.nan, np.nan)
        near = ~np.isnan(value(place))
        if not np.any(near):
            return x, log_det
        place = place if isinstance(y, Anchored) else value(place)
        return choose(near, place, x), np.where(near, slope - 2.0 * log_abs(y), value(log_det))


class FarEnd:
    """One infinite end with a finite limit v that comes in powers of t = 1/|x|: g = v + a·t^m (1 + c₁t + ...)."""

    def __init__(self, side: float, series: TurningPoint) -> None:
        self.c, self.side, self.series = side * np.inf, side, series

    def forward(self, x: Any, y: Any, log_det: Any) -> tuple[Any, Any]:
        """(y, log|dy/dx|), replaced by the series where x is far out."""
        t = choose(np.asarray(x * self.side > 0), self.side / x, -1.0)
        found, slope = self.series.forward(t, np.nan, np.nan)
        near = ~np.isnan(value(found))
        if not np.any(near):
            return y, log_det
        return choose(near, found, y), np.where(near, slope - 2.0 * log_abs(x), value(log_det))

    def inverse(self, y: Any, x: Any, log_det: Any) -> tuple[Any, Any]:
        """(x, log|dx/dy|), replaced by the series where y is near the limit."""
        t, slope = self.series.inverse(anchored(y), np.nan, np.nan)
        near = ~np.isnan(value(t))
        if not np.any(near):
            return x, log_det
        place = self.side / t
        place = place if isinstance(y, Anchored) else value(place)
        return choose(near, place, x), np.where(near, slope - 2.0 * log_abs(t), value(log_det))


class Edge:
    """One side of an end c at which g is neither regular nor has a series: x = c + side·eˢ is solved for s.

    `function` and `log_slope` compute g and log|g'| for anchored numbers; v is the limit of g, 0 where that is infinite.
    """

    def __init__(
        self, c: float, limit: float, side: float, rising: bool, reach: float, function: Any, log_slope: Any
    ) -> None:
        self.c, self.side, self.function, self.log_slope = c, side, function, log_slope
        self.infinite, self.v = not np.isfinite(limit), limit if np.isfinite(limit) else 0.0
        self.sign = side if rising else -side
        self.steps = np.linspace(np.log(reach) - SPAN, np.log(reach), STEPS)

    def forward(self, x: Any, y: Any, log_det: Any) -> tuple[Any, Any]:
        """(y, log|dy/dx|) as they are: the formula itself keeps the distance from an end that is a double."""
        return y, log_det

    def inverse(self, y: Any, x: Any, log_det: Any) -> tuple[Any, Any]:
        """(x, log|dx/dy|), replaced where x is near."""
        level = self._level(anchored(y))
        s = roots_between(self._known, np.ravel(level)).reshape(np.shape(level))
        near = ~np.isnan(s)
        if not np.any(near):
            return x, log_det
        place = Anchored.from_log(np.where(near, s, self.steps[-1]), self.side, self.c)
        slope = -value(self.log_slope(place))
        return choose(near, place if isinstance(y, Anchored) else value(place), x), np.where(
            near, slope, value(log_det)
        )

    def _level(self, y: Anchored) -> np.ndarray:
        """What is solved for: y beside an infinite limit, log|y - v| beside another one; NaN on its wrong side."""
        if self.infinite:
            return np.asarray(value(y), dtype=float)
        rise = pure(y - self.v)
        return np.where(np.asarray(sign(rise)) == self.sign, log_abs(rise), np.nan)

    @cached_property
    def _known(self) -> Known:
        return Known(self._level_and_slope, self.steps, -np.inf, np.inf)

    def _level_and_slope(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = Anchored.from_log(s, self.side, self.c)
        y, log_slope = anchored(self.function(x)), value(self.log_slope(x)) + s
        return self._level(y), np.exp(log_slope if self.infinite else log_slope - log_abs(pure(y - self.v)))


def turning_points(stretch: Stretch, function: Any, log_slope: Any) -> tuple[TurningPoint | Pole | Edge, ...]:
    """The singular ends of a stretch, poles and turns among them, and both sides of the points at which it rests.

    `function` and `log_slope` compute the formula and the logarithm of its slope.
    """
    ends = [
        _turning_point(stretch, end, side, False) or _edge(stretch, end, side, function, log_slope)
        for end, side in ((stretch.low, 1.0), (stretch.high, -1.0))
        if end.is_finite
    ]
    rests = [inner_turning_point(stretch, point, side) for point in stretch.rests for side in (1.0, -1.0)]
    return tuple(point for point in (*ends, *rests) if point is not None)


def root_points(stretch: Stretch, near: float) -> tuple[TurningPoint, ...]:
    """Both sides of a root of the formula that is a double other than 0, told at `near`; none where there is none.

    Between 0 and the doubles beside 0 lie as many distances from that root, of which a plain x keeps none.
    """
    for place in (near, *np.nextafter(near, (-np.inf, np.inf))):
        if place != 0.0 and stretch.expr.xreplace({X: sympy.Rational(place)}) == 0:
            from mpmath import mp

            series = _taylor(stretch.expr, sympy.Rational(place))
            if not all(map(mp.isfinite, series)) or abs(series[1]) < NOTHING:
                return ()
            return tuple(TurningPoint(float(place), 0.0, side, [mp.zero, *series[1:]], True) for side in (1.0, -1.0))
    return ()


def _shifted(expr: Any, end: Any, c: float) -> Any:
    """The formula beside an end that is no double: in the distance from it, what cancels there is cancelled exactly."""
    kernel = Kernel(sympy.expand(expr.xreplace({X: X + end})), X)
    return lambda x: kernel(x - c)


def _edge(stretch: Stretch, end: Any, side: float, function: Any, log_slope: Any) -> Edge | None:
    """An end that has no series; None where the formula is regular."""
    from mpmath import mp

    if not end.is_finite:
        return None
    with mp.workdps(DIGITS):
        slope = precise(derivative(stretch.expr), X)(sympy.N(end, DIGITS)._to_mpmath(4 * DIGITS))
    if value_at(stretch.expr, end) is not None and mp.isfinite(slope) and slope != 0:
        return None
    c, limit = number(end), number(end_value(stretch, end)[0])
    reach = min(WIDEST, 0.25 * float(stretch.high - stretch.low), 0.5 * abs(c) if c else WIDEST)
    if slack(end):
        function, log_slope = _shifted(stretch.expr, end, c), _shifted(derivative(stretch.expr), end, c)
        return Edge(c, limit, side, stretch.slope > 0, reach, function, lambda x: log_abs(log_slope(x)))
    return Edge(c, limit, side, stretch.slope > 0, reach, function, log_slope)


def inner_turning_point(stretch: Stretch, point: Any, side: float) -> TurningPoint | Pole | None:
    """One side of a point at which a stretch rests; None where it does not, or has no series there."""
    return _turning_point(stretch, point, side, True)


def _turning_point(stretch: Stretch, end: Any, side: float, inner: bool) -> TurningPoint | Pole | None:
    """The point with its series; None where the slope does not vanish, or the formula has no series there."""
    from mpmath import mp

    v = value_at(stretch.expr, end)
    if v is None:
        return _pole(stretch, end, side)
    with mp.workdps(DIGITS):
        slope = precise(derivative(stretch.expr), X)(sympy.N(end, DIGITS)._to_mpmath(4 * DIGITS))
        if not abs(slope) < NOTHING:
            return None
        series = _taylor(stretch.expr, end)
        if not all(map(mp.isfinite, series)):
            return None
        return TurningPoint(number(end), number(v), side, [mp.zero, mp.zero, *series[2:]], inner)


@lru_cache(maxsize=512)
def _taylor(expr: Any, end: Any) -> Sequence[Any]:
    """The Taylor coefficients of a formula at a point, remembered because two stretches meet there."""
    from mpmath import mp

    with mp.workdps(DIGITS):
        function, point = precise(expr, X), sympy.N(end, DIGITS)._to_mpmath(4 * DIGITS)
        try:
            return taylor(expr, X, point, TERMS + 4)
        except NoSeriesError:
            return mp.taylor(lambda u: function(point + u), 0, TERMS + 3)


@lru_cache(maxsize=512)
def _both_ways(coefficients: Sequence[Any]) -> tuple[int, Any, Sequence[Any], Sequence[Any]]:
    """m, a, the 1, c₁, ... of a·u^m (1 + c₁u + ...) and the 1, e₁, ... of u = s (1 + e₁s + ...) in its m-th root s."""
    from mpmath import mp

    with mp.workdps(DIGITS):
        runs = zip(coefficients, coefficients[1:], coefficients[2:], strict=False)
        m = next(k for k, run in enumerate(runs) if abs(run[0]) > NOTHING * max(map(abs, run)))
        ratios = [a / coefficients[m] for a in coefficients[m:]]
        return m, coefficients[m], ratios, _reverted(_power(ratios, mp.mpf(1) / m))


def _pole(stretch: Stretch, end: Any, side: float) -> Pole | None:
    """The pole with the series of 1/g; None where that is none, as beside the singularity of a logarithm."""
    from mpmath import mp

    inverted = sympy.together(1 / stretch.expr)
    with mp.workdps(DIGITS):
        reciprocal, point = precise(inverted, X), sympy.N(end, DIGITS)._to_mpmath(4 * DIGITS)
        series = _taylor(inverted, end)
        if not all(map(mp.isfinite, series)) or abs(series[0]) > NOTHING or not any(abs(a) > NOTHING for a in series):
            return None
        found = TurningPoint(number(end), 0.0, side, [mp.zero, *series[1:]], inner=True)
        for u in (found.limit, found.limit / 16, mp.mpf(10) ** -20):
            truth = reciprocal(point + side * u)
            if not abs(mp.polyval(series[::-1], side * u) - truth) <= SMALLEST_TERM * abs(truth):
                return None
    return Pole(found)


def far_end(stretch: Stretch, end: Any) -> FarEnd | None:
    """An infinite end with the series of its limit; None where the limit is infinite, or the formula is not algebraic."""
    from mpmath import mp

    limit = end_value(stretch, end)[0]
    if not limit.is_finite or stretch.expr.has(sympy.Function):
        return None
    side = 1 if end > 0 else -1
    t = sympy.Dummy("t", positive=True)
    turned = stretch.expr.xreplace({X: side / t})
    expr = (sympy.cancel if turned.is_rational_function(t) else sympy.simplify)(turned).xreplace({t: X})
    with mp.workdps(DIGITS):
        try:
            series = [*_taylor(expr, sympy.Integer(0))]
        except (ValueError, TypeError, ZeroDivisionError):
            return None
        series[0] = mp.zero
        if not all(map(mp.isfinite, series)) or not _leads(series):
            return None
        found = TurningPoint(0.0, number(limit), 1.0, series, inner=True)
        function, v = precise(expr, X), sympy.N(limit, DIGITS)._to_mpmath(4 * DIGITS)
        for u in (found.limit, found.limit / 16, mp.mpf(10) ** -20):
            change = function(u) - v
            if not abs(mp.polyval(series[::-1], u) - change) <= SMALLEST_TERM * abs(change):
                return None
    return FarEnd(float(side), found)


def _leads(series: Sequence[Any]) -> bool:
    """Whether one of the first coefficients counts beside its neighbours, so that the change has a leading power."""
    return any(abs(a) > NOTHING for a in series[1 : len(series) - 2])


def _floats(coefficients: Sequence[Any]) -> list[float]:
    return [float(a) for a in reversed(coefficients[:TERMS])]


def _horner(coefficients: Sequence[float], u: Any) -> Any:
    total = np.zeros(np.shape(u)) + coefficients[0]
    for a in coefficients[1:]:
        total = total * u + a
    return total


def _power(series: Sequence[Any], exponent: Any) -> list[Any]:
    """(1 + c₁u + c₂u² + ...)^exponent, by J. C. P. Miller's recurrence."""
    from mpmath import mp

    result, scaled = [series[0]], [k * a for k, a in enumerate(series)]
    for n in range(1, len(series)):
        known = result[::-1]
        total = (exponent + 1) * mp.fdot(scaled[1 : n + 1], known) - n * mp.fdot(series[1 : n + 1], known)
        result.append(total / n)
    return result


def _reverted(series: Sequence[Any]) -> list[Any]:
    """The e of u = s·(1 + e₁s + ...) for s = u·(1 + d₁u + ...), by Lagrange: eₙ = [uⁿ] (1 + d₁u + ...)^(-n-1)/(n + 1)."""
    return [_power(series[: n + 1], -(n + 1))[n] / (n + 1) for n in range(len(series))]


def _radius(series: Sequence[Any]) -> float:
    """How far out the terms beyond the last one do not matter."""
    later = [(k, abs(a)) for k, a in enumerate(series) if k >= TERMS // 2 and a != 0]
    return min((float((SMALLEST_TERM / a) ** (1.0 / max(k, TERMS - 2))) for k, a in later), default=WIDEST)
