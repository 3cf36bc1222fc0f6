"""Where formulas such as x + sin(x) stand still, again and again: g(x + T) = g(x) + P, so one period tells of all.

Beside x = c + kT the distance from there is that from c of one period, and that of y from v + kP the one from v.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from densities.anchored import Anchored, choose, value
from densities.anchored.numbers import multiply_add, two_sum
from densities.transforms.symbolic_analysis import Stretch, derivative
from densities.transforms.symbolic_kernels import number
from densities.transforms.symbolic_text import X
from densities.transforms.symbolic_turns import TurningPoint, inner_turning_point
from densities.transforms.symbolic_zeros import PERIODIC, zeros

__all__ = ["Repeated", "repeated_rests"]

# One period is looked at from here: no formula that somebody writes stands still at it.
START = sympy.Rational(-1, 7)


class Ladder:
    """The numbers start + k·step, each as a double and what is beyond it."""

    def __init__(self, start: Any, step: Any) -> None:
        self.start, self.step = (_pair(part) for part in (start, step))

    def index(self, x: Any) -> Any:
        return np.rint((value(x) - self.start[0]) / self.step[0])

    def at(self, k: Any) -> tuple[Any, Any]:
        """start + k·step."""
        place, rest = multiply_add(k, self.step[0], self.start[0])
        return two_sum(place, rest + (k * self.step[1] + self.start[1]))


class Repeated:
    """One side of a rest of one period, and of all that are whole periods away from it."""

    def __init__(self, turn: TurningPoint, places: Ladder, values: Ladder) -> None:
        self.turn, self.places, self.values = turn, places, values

    def forward(self, x: Any, y: Any, log_det: Any) -> tuple[Any, Any]:
        """(y, log|dy/dx|), replaced by the series where x is near."""
        return _shifted(self.turn.forward, x, (y, log_det), self.turn.c, self.turn.v, self.places, self.values)

    def inverse(self, y: Any, x: Any, log_det: Any) -> tuple[Any, Any]:
        """(x, log|dx/dy|), replaced by the series where y is near."""
        return _shifted(self.turn.inverse, y, (x, log_det), self.turn.v, self.turn.c, self.values, self.places)


def _shifted(way: Any, x: Any, plain: Any, start: float, stop: float, before: Ladder, after: Ladder) -> tuple[Any, Any]:
    """The way of one period taken beside any other."""
    k = before.index(x)
    place, rest = before.at(k)
    found, slope = way(Anchored(np.full(np.shape(k), start), value(x - place) - rest), np.nan, np.nan)
    near = ~np.isnan(slope)
    if not np.any(near):
        return plain
    place, rest = after.at(k)
    moved = Anchored(place, value(found - stop) + rest)
    return choose(near, moved if isinstance(x, Anchored) else moved.value, plain[0]), np.where(
        near, slope, value(plain[1])
    )


def repeated_rests(stretch: Stretch) -> tuple[Repeated, ...]:
    """Both sides of the rests of a formula on the line whose slope is periodic; none of other formulas."""
    endless = stretch.low == -sympy.oo or stretch.high == sympy.oo
    if not (endless and stretch.expr.has(*PERIODIC)):
        return ()
    slope = derivative(stretch.expr)
    period = sympy.periodicity(slope, X)
    if not period:
        return ()
    rise = stretch.expr.subs(X, X + period) - stretch.expr
    found: list[Repeated] = []
    for point in zeros(slope, START, START + period).points:
        places, values = Ladder(point, period), Ladder(stretch.expr.subs(X, point), rise.subs(X, point))
        turns = (inner_turning_point(stretch, point, side) for side in (1.0, -1.0))
        found += [Repeated(turn, places, values) for turn in turns if isinstance(turn, TurningPoint)]
    return tuple(found)


def _pair(exact: Any) -> tuple[float, float]:
    first = number(exact)
    return first, number(exact - sympy.Rational(first))
