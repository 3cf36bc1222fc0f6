"""Polynomials of x: monotone between their critical points, which are found in exact arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, choose, log_abs, value
from densities.arrays import quiet
from densities.backends import namespace
from densities.domains import Interval
from densities.errors import ParameterError, argument_error
from densities.numerics.newton import Known, roots_between
from densities.numerics.polynomials import Exact, derivative, exact, expansion, real_roots
from densities.parameters import number_text
from densities.transforms.base import EPS, Bijection, Flat, ManyToOne, Piece, register
from densities.transforms.distances import beside_anchors
from densities.transforms.solving import solve_inverse

# Beyond these logarithms the leading term is the polynomial, to far more digits than a double has.
FAR, TINY = 300.0, -300.0
# At such distances from a corner the polynomial is looked at, to find preimages from there.
DISTANCES = np.exp2(np.arange(-1000.0, 500.0, 0.125))


def horner(coefficients: Sequence[float], x: Any) -> Any:
    """c0 + c1 x + ... + cn xⁿ."""
    total: Any = coefficients[-1] + 0.0 * x if len(coefficients) == 1 else coefficients[-1]
    for c in reversed(coefficients[:-1]):
        total = total * x if c == 0.0 else c + total * x
    return total


@dataclass(frozen=True)
class Corner:
    """The polynomial beside a critical point, or 0: p(place + side·u) = top + sign·Q(u), Q(u) = q_m uᵐ + ..., u <= reach.

    The rising part is free of the constant, so it keeps its digits however near the critical point is. The critical value
    is top + rest, the first a double; numbers that are anchored there are told by their distance from the value itself.
    """

    place: float
    side: float
    top: float
    sign: float
    order: int
    rise: tuple[float, ...]
    reach: float
    rest: float

    @classmethod
    def beside(cls, polynomial: Exact, place: float, multiplicity: int, side: float, width: float) -> Corner:
        """`multiplicity` is that of the root of the derivative."""
        order = multiplicity + 1
        critical, *others = expansion(polynomial, Fraction(place))
        terms = [float(critical), *(float(t) * side**k for k, t in enumerate(others, 1))]
        sign = math.copysign(1.0, terms[order])
        rise = tuple(sign * t for t in terms[order:])
        reach = min(
            0.25 * width,
            *(0.125 * (rise[0] / abs(t)) ** (1 / k) for k, t in enumerate(rise) if k and t),
            1e200 ** (1 / order),
        )
        return cls(place, side, terms[0], sign, order, rise, reach, float(critical - Fraction(terms[0])))

    def distance(self, x: Any) -> Any:
        return (x - self.place) * self.side

    def height(self, u: Any) -> Any:
        """Q(u)."""
        return u**self.order * horner(self.rise, u)

    def value(self, u: Any) -> Any:
        """p(place + side·u)."""
        change = self.sign * self.height(u)
        return self.top + (change if isinstance(u, Anchored) else self.rest + change)

    def height_of(self, y: Any) -> Any:
        """Q(u) where p(place + side·u) = y."""
        change = y - self.top
        at = isinstance(y, Anchored) and self.top and np.equal(y.anchor, self.top)
        return choose(at, change, change - self.rest) * self.sign

    def log_slope(self, u: Any) -> Any:
        """log Q'(u), Q'(u) = u^(m-1)·(m q_m + (m+1) q_{m+1} u + ...)."""
        xp = namespace(u)
        return (self.order - 1.0) * xp.log(u) + xp.log(horner(self.slopes, u))

    @cached_property
    def slopes(self) -> tuple[float, ...]:
        """The coefficients of Q'(u)/u^(m-1)."""
        return tuple((self.order + k) * t for k, t in enumerate(self.rise))

    def at_height(self, height: Any) -> Any:
        """u with Q(u) = height: the leading term where it is all there is, elsewhere Newton's method from there.

        Within reach the leading term is Q to a seventh of it, so that u starts within 1/(7m) and five steps are enough.
        """
        leading = (anchored(height) / self.rise[0]) ** (1.0 / self.order)
        small = np.asarray(log_abs(leading) < TINY / self.order)
        plain = np.where(small, self.height(self.reach), value(height))
        u = (plain / self.rise[0]) ** (1.0 / self.order)
        slopes = self.slopes
        for _ in range(5):
            u = u - (self.height(u) - plain) / (u ** (self.order - 1) * horner(slopes, u))
        return choose(small, leading, anchored(u))


class Stretch(Bijection):
    """A polynomial between two neighbouring critical points, or beyond the last one."""

    domain: Interval
    codomain: Interval
    knows_ends = False

    def __init__(
        self, coefficients: tuple[float, ...], domain: Interval, codomain: Interval, corners: Sequence[Corner]
    ):
        super().__init__()
        self.coefficients, self.domain, self.codomain, self.corners = coefficients, domain, codomain, tuple(corners)
        self.slopes = tuple(k * c for k, c in enumerate(coefficients))[1:]
        # With a critical point the stretch rises where its height does; without one it has the sign of the last term.
        self.increasing = corners[0].sign * corners[0].side > 0 if corners else coefficients[-1] > 0

    def by_formula(self, coefficients: Sequence[Any], codomain: Interval) -> Stretch:
        """The same by its coefficients alone, as numbers of another kind: corners are at doubles."""
        alone = copy(self)
        alone.coefficients, alone.corners, alone._inverse = tuple(coefficients), (), None
        alone.codomain = codomain
        alone.slopes = tuple(k * c for k, c in enumerate(coefficients))[1:]
        return alone

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        y, log_det = horner(self.coefficients, x), self._log_slope(x)
        if isinstance(x, Anchored):
            y = beside_anchors(x, y, self.increasing, partial(horner, self.coefficients), self._log_slope, (0.0,))
        for corner in self.corners:
            u = corner.distance(x)
            near = u < corner.reach
            u = xp.where(near, u, corner.reach)
            y = xp.where(near, corner.value(u), y)
            log_det = xp.where(near, corner.log_slope(u), log_det)
        return y, log_det

    def _log_slope(self, x: Any) -> Any:
        xp = namespace(x)
        return xp.log(xp.abs(horner(self.slopes, x)))

    def forward(self, x: Any) -> Any:
        return self.forward_and_log_det(x)[0]

    def inverse(self, y: Any) -> Any:
        x = self._preimage(y)
        return x if isinstance(y, Anchored) else value(x)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        x = self._preimage(y)
        log_det = -self.forward_and_log_det(x)[1]
        return (x, log_det) if isinstance(y, Anchored) else (value(x), value(log_det))

    def _preimage(self, y: Any) -> Any:
        """x, by its distance from a critical point or 0 where it is next to one, and by the leading term far out."""
        far = np.asarray(log_abs(y) > FAR)
        elsewhere, beside = far, []
        for corner in (*self.corners, *self._beside_zero):
            height = corner.height_of(y)
            near = np.asarray(height < corner.height(corner.reach)) & np.asarray(height >= 0.0)
            if np.any(near):
                beside.append((corner, near, height))
                elsewhere = elsewhere | near
        x: Any = self._solved(np.where(elsewhere, self._inner_value, value(y)))
        if np.any(far):
            x = choose(far, self._far_out(y), x)
        for corner, near, height in beside:
            u = corner.at_height(choose(near, height, corner.height(corner.reach)))
            x = choose(near, corner.place + corner.side * u, x)
        return x

    def _far_out(self, y: Any) -> Any:
        """x with c_n xⁿ = y; roots of doubles are taken as they are, as a logarithm would cost them digits."""
        power = 1.0 / (len(self.coefficients) - 1)
        size = abs(y) ** power / abs(self.coefficients[-1]) ** power
        side = 1.0 if np.isposinf(value(self.domain.high)) else -1.0
        if np.isinf(value(self.domain.low)) and side > 0:  # all of the line
            side = np.where(np.asarray(value(y) > 0) == self.increasing, 1.0, -1.0)
        return size * side

    def _solved(self, y: np.ndarray) -> np.ndarray:
        """x with p(x) = y between known points; what these do not enclose is bracketed."""
        flat = np.ravel(y).astype(float)
        x = roots_between(self._known, flat)
        rest = np.isnan(x) & ~np.isnan(flat)
        if rest.any():
            x[rest] = solve_inverse(self, flat[rest])
        return x.reshape(y.shape).astype(y.dtype)

    @cached_property
    def _beside_zero(self) -> Sequence[Corner]:
        """The polynomial on either side of 0, where y is c0 and as little more as x is: y - c0 is exact there."""
        if not (self.coefficients[1] and self.domain.interior_contains(0.0)):
            return ()
        polynomial, width = exact(self.coefficients), float(min(-self.domain.low, self.domain.high))
        return tuple(Corner.beside(polynomial, 0.0, 0, side, width) for side in (1.0, -1.0))

    @cached_property
    def _inner_value(self) -> float:
        """p at one of the known points."""
        return float(horner(self.coefficients, self._known.points[self._known.points.size // 2]))

    @cached_property
    def _known(self) -> Known:
        """Values at points ever farther from the corners; without any, from 0 and from the mean of the roots."""
        low, high = self.domain.edges
        ways = [
            corner.place + corner.side * DISTANCES[(0.25 * corner.reach < DISTANCES) & (high - low > DISTANCES)]
            for corner in self.corners
        ]
        if not ways:
            middle = -self.coefficients[-2] / self.slopes[-1]
            ways = [start + side * DISTANCES for start in {0.0, middle} for side in (-1.0, 1.0)]
        with quiet():
            return Known(self._value_and_slope, np.unique(np.concatenate(ways)), low, high)

    def _value_and_slope(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return horner(self.coefficients, x), horner(self.slopes, x)

    def same_as(self, other: object) -> bool:
        return isinstance(other, Stretch) and self.coefficients == other.coefficients and self.domain == other.domain

    def __str__(self) -> str:
        return f"<polynomial({_listed(self.coefficients)}) on {self.domain}>"

    def __repr__(self) -> str:
        return f"Stretch({self.coefficients!r}, {self.domain!r})"


@register(
    "polynomial",
    examples=[
        {"coefficients": [0, -3, 0, 1]},
        {"coefficients": [1, 0.5, -2]},
        {"coefficients": [0.5, 1, 0, 1]},
        {"coefficients": [0.3, 4, 0, -5, 0, 1]},
        {"coefficients": [-1, 3, -3, 1]},
    ],
)
class Polynomial(ManyToOne):
    """y = c0 + c1 x + ... + cn xⁿ, on the real line; `coefficients` lowest first, as in numpy.polynomial.Polynomial.

    Monotone between its critical points, which are the doubles nearest to the true ones. Beside them and far out a point
    keeps its distance, elsewhere y is accurate to rounding beside Σ|ck xᵏ|. Raises ParameterError for coefficients that are
    not finite numbers, or a constant.
    """

    def __init__(self, coefficients: Sequence[float] = ()):
        listed = getattr(coefficients, "coef", coefficients)
        try:
            numbers = np.asarray(listed, dtype=float)
        except (TypeError, ValueError):
            numbers = np.empty(0)
        if numbers.ndim != 1 or not np.all(np.isfinite(numbers)) or not np.any(numbers[1:]):
            expected = "a list of finite numbers, lowest first, one of them beyond the first not zero"
            raise ParameterError(argument_error("polynomial: coefficients", expected, coefficients))
        self.params, self.batch_shape = {}, ()
        self.coefficients: tuple[float, ...] = tuple(np.trim_zeros(numbers, "b").tolist())

    def forward(self, x: Any) -> Any:
        xp, y = namespace(x), horner(self.coefficients, x)
        for corner in (corner for stretch in self.stretches for corner in stretch.corners):
            u = corner.distance(x)
            near = (u >= 0.0) & (u < corner.reach)
            y = xp.where(near, corner.value(xp.where(near, u, corner.reach)), y)
        return y

    @cached_property
    def pieces(self) -> Sequence[Piece | Flat]:
        return tuple(Piece(stretch.domain, stretch) for stretch in self.stretches)

    @cached_property
    def stretches(self) -> Sequence[Stretch]:
        """The polynomial between its critical points."""
        polynomial = exact(self.coefficients)
        turns = real_roots(derivative(polynomial))
        with quiet():
            return _stretches(self.coefficients, polynomial, turns)

    @cached_property
    def codomain(self) -> Interval:  # type: ignore[override]
        images = [stretch.codomain for stretch in self.stretches]
        low, high = min(images, key=lambda image: image.low), max(images, key=lambda image: image.high)
        return Interval(low.low, high.high, low_closed=low.low_closed, high_closed=high.high_closed,
                        low_slack=low.low_slack, high_slack=high.high_slack)  # fmt: skip

    @property
    def nondecreasing(self) -> bool:  # type: ignore[override]
        """Whether it never falls."""
        return all(stretch.increasing for stretch in self.stretches)

    @property
    def latex(self) -> str:  # type: ignore[override]
        """The formula in x."""
        terms = [_term(c, k) for k, c in reversed(list(enumerate(self.coefficients))) if c != 0.0]
        return " ".join(terms).removeprefix("+ ").replace("- ", "-", 1 if terms[0].startswith("-") else 0)

    def same_as(self, other: object) -> bool:
        return isinstance(other, Polynomial) and self.coefficients == other.coefficients

    def __reduce__(self) -> Any:
        return Polynomial, (list(self.coefficients),)

    def __str__(self) -> str:
        return f"polynomial({_listed(self.coefficients)})"

    def __repr__(self) -> str:
        return f"Polynomial({_listed(self.coefficients)})"


def _stretches(coefficients: tuple[float, ...], polynomial: Exact, turns: Sequence[tuple[float, int]]) -> list[Stretch]:
    ends = [(-np.inf, 0), *turns, (np.inf, 0)]
    found = []
    for low, high in pairwise(ends):
        corners = [
            Corner.beside(polynomial, place, multiplicity, side, high[0] - low[0])
            for (place, multiplicity), side in ((low, 1.0), (high, -1.0))
            if np.isfinite(place)
        ]
        bounds = [_value_at(coefficients, corners, place) for place, _ in (low, high)]
        if bounds[0] > bounds[1]:
            bounds.reverse()
        closed, slack = np.isfinite(bounds), [EPS * abs(y) if np.isfinite(y) else 0.0 for y in bounds]
        codomain = Interval(
            *bounds, low_closed=closed[0], high_closed=closed[1], low_slack=slack[0], high_slack=slack[1]
        )
        sides = np.isfinite([low[0], high[0]])
        domain = Interval(low[0], high[0], low_closed=sides[0], high_closed=sides[1])
        found.append(Stretch(coefficients, domain, codomain, corners))
    return found


def _value_at(coefficients: tuple[float, ...], corners: Sequence[Corner], place: float) -> float:
    if np.isfinite(place):
        return next(corner.top for corner in corners if corner.place == place)
    odd = len(coefficients) % 2 == 0
    return math.copysign(np.inf, coefficients[-1] * (place if odd else 1.0))


def _listed(coefficients: Sequence[float]) -> str:
    return f"[{', '.join(map(number_text, coefficients))}]"


def _term(c: float, k: int) -> str:
    power = "" if k == 0 else "x" if k == 1 else f"x^{{{k}}}"
    size = "" if abs(c) == 1.0 and k else number_text(abs(c))
    return f"{'-' if c < 0 else '+'} {size}{power}"


__all__ = ["Polynomial"]
