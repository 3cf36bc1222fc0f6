"""Laws to many digits: what `dps=` asks for, by the formulas of the library on precise numbers, checked as they run.

A law is looked at through a `View`, made anew at each working precision: its ends, its atoms, its log-density and the mass on
either side of a point, all in numbers of mpmath. Densities of families and maps are the library's own formulas, lifted with
their parameters. A distribution function or an inverse that is a formula of the library counts only where its derivative is
the density there, to all digits asked for (which unmasks a branch that is good for doubles alone); otherwise the density is
integrated and the map inverted by Newton's method. Every answer is computed at two working precisions and must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial, singledispatch
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, value
from densities.arrays import quiet
from densities.distributions.continuous.image import Image
from densities.distributions.family import Family
from densities.distributions.from_density import FromDensity
from densities.distributions.mixture import Mixture
from densities.distributions.pushforward import FEW, Pushforward
from densities.distributions.truncated import Truncated
from densities.errors import UnsupportedOperationError
from densities.precise import RoundedError, bits, context, literal, number, precise
from densities.precise.quadrature import MOST_BITS, integrate
from densities.precise.slopes import DEEPER, SLACK, STEP, agrees, slope_of
from densities.protocols import push_forward
from densities.transforms.base import Bijection, Flat, Inverse, Piece, Transform
from densities.transforms.chains import Chain
from densities.transforms.linear import exact_steps
from densities.transforms.manytoone import Endless, Restricted, Turn
from densities.transforms.numeric import FunctionTransform
from densities.transforms.power import LeftHalf

# A map is checked at each of its first uses, and then at every so many.
OFTEN, SELDOM = 8, 16
# What a lifted formula may fail with: it is then no formula for many digits.
UNLIFTED = (
    *(RoundedError, TypeError, ValueError, ZeroDivisionError, AttributeError, NotImplementedError),
    *(OverflowError, MemoryError),  # an exponential of 10²⁰ and its like
)
NEWTON = 60
# What a map derives from its parameters has so many times the digits: next to an end more are needed than elsewhere.
SPARE = 4


def as_end(end: Any, known: Sequence[Any] = ()) -> Any:
    """The end of a support as an mpf: a double there is exact, or stands for a constant, or for one of those `known`."""
    if isinstance(end, Anchored):
        mp = context()
        offset = mp.mpf(float(np.copysign(1.0, end.offset))) * mp.exp(mp.mpf(float(end.log_offset)))
        anchor = float(end.anchor)
        return next((exact for exact in known if float(exact) == anchor), mp.mpf(anchor)) + offset
    try:
        return number(end)
    except RoundedError:
        return context().mpf(float(np.asarray(end)))


class View:
    """A law at the working precision: everything about its continuous part, and its atoms."""

    low: Any
    high: Any

    def __init__(self, law: Any):
        self.law = law

    @property
    def atoms(self) -> list[tuple[Any, Any]]:
        """The point masses: (place, mass)."""
        return []

    def logpdf(self, x: Any) -> Any:
        """log density of the continuous part at a point between the ends."""
        raise NotImplementedError

    def below(self, x: Any) -> Any:
        """The continuous mass at or below x; by default the density is integrated, on the side of x that has no centre."""
        return self.integral(self.low, x) if x <= self.centre else self.mass - self.integral(x, self.high)

    def above(self, x: Any) -> Any:
        """The continuous mass above x."""
        return self.integral(x, self.high) if x > self.centre else self.mass - self.integral(self.low, x)

    @cached_property
    def centre(self) -> Any:
        """Some point amid the mass."""
        points = self.landmarks()
        return context().mpf(points[len(points) // 2]) if points else self.middle(self.low, self.high)

    def between(self, a: Any, b: Any) -> Any:
        """The continuous mass from a to b, from the nearer tail."""
        a, b = max(a, self.low), min(b, self.high)
        if not a < b:
            return context().mpf(0)
        if a == self.low:
            return self.below(b) if b < self.high else self.mass
        if b == self.high:
            return self.above(a)
        low, high = self.below(b), self.above(a)
        return low - self.below(a) if low < high else high - self.above(b)

    @cached_property
    def mass(self) -> Any:
        """The mass of the continuous part."""
        return context().mpf(1) - sum(mass for _, mass in self.atoms)

    def integral(self, a: Any, b: Any) -> Any:
        mp = context()
        inner = [mp.mpf(float(x)) for x in self.landmarks() if a < x < b]
        middle = inner or [self.middle(a, b)]
        values, errors, _ = integrate(lambda x: (mp.exp(self.logpdf(x)),), [a, *middle, b])
        if errors[0] > mp.ldexp(values[0], 3 * SLACK - mp.prec):
            raise RoundedError(f"the integral of the density from {mp.nstr(a, 17)} to {mp.nstr(b, 17)} does not settle")
        return values[0]

    def middle(self, a: Any, b: Any) -> Any:
        mp = context()
        if mp.isfinite(a) and mp.isfinite(b):
            return (a + b) / 2
        unit = self.scale(a if mp.isfinite(a) else b)
        return a + unit if mp.isfinite(a) else b - unit

    def scale(self, x: Any) -> Any:
        """A length on which the density changes near x, no longer than the distance to an end."""
        mp = context()
        points = [mp.mpf(float(y)) for y in self.landmarks()] or [x]
        spread = (points[-1] - points[0]) / len(points) or abs(x) or mp.mpf(1)
        reach = max(spread, min(abs(x - y) for y in points))
        reach = min([reach, *(abs(x - end) for end in (self.low, self.high) if mp.isfinite(end) and x != end)])
        near = [y for y in (x + mp.ldexp(reach, -20), x - mp.ldexp(reach, -20)) if self.low < y < self.high]
        if len(near) < 2:
            return reach
        fall = abs(self.logpdf(near[0]) - self.logpdf(near[1]))
        return min(reach, mp.ldexp(reach, -19) / fall) if fall > 0 and mp.isfinite(fall) else reach

    def corners(self) -> list[Any]:
        """Where the density is not smooth between its ends."""
        return [context().mpf(float(x)) for x in (*self.law.kinks(), *self.law.critical_points)]

    def landmarks(self) -> list[float]:
        with quiet():
            return [float(x) for x in self.law.landmarks() if np.isfinite(x)]


class FormulaView(View):
    """A law whose density is a formula; `lifted`, as `made` anew where more bits are asked for, has precise parameters."""

    def __init__(self, law: Any, made: Callable[[], Any] | None = None):
        super().__init__(law)
        self.made, self.bits = made or partial(lift, law), 0
        self.low, self.high = map(as_end, self.lifted.support.edges)

    @property
    def lifted(self) -> Any:
        if context().prec > self.bits:
            self.bits, self._lifted = context().prec, self.made()
        return self._lifted

    def logpdf(self, x: Any) -> Any:
        return number(self.lifted.raw_logpdf(precise(x)))

    def below(self, x: Any) -> Any:
        return self._tail(self.lifted.raw_cdf, x, 1)

    def above(self, x: Any) -> Any:
        return self._tail(self.lifted.raw_sf, x, -1)

    def _tail(self, formula: Callable[[Any], Any], x: Any, sign: int) -> Any:
        """The formula where its derivative is the density, the integral elsewhere."""
        mp = context()
        try:
            found = number(formula(precise(x)))
            length = self.scale(x)
            slope = sign * slope_of(lambda z: number(formula(precise(z))), x, length)
            log = self.logpdf(x)
            noise = mp.ldexp(found / length, SLACK - int((DEEPER - STEP) * mp.prec))
            noise += mp.ldexp(mp.exp(log), SLACK - mp.prec + max(0, mp.mag(log)))
            good = 0 <= found <= 1 + mp.ldexp(1, 8 - mp.prec) and agrees(slope, mp.exp(log), noise)
        except UNLIFTED:
            good = False
        return found if good else super().below(x) if sign > 0 else super().above(x)


class GivenView(View):
    """A law given by a function of the user: numbers in it are the doubles they are."""

    def __init__(self, law: FromDensity):
        super().__init__(law)
        self.low, self.high = map(as_end, law.support.edges)
        self._log_mass = context().mpf(0)
        if law._log_mass:
            self._log_mass = context().log(self.integral(self.low, self.high))

    def logpdf(self, x: Any) -> Any:
        with literal():
            return number(self.law.function(precise(x))) - self._log_mass


class MixtureView(View):
    """Σ wᵢ fᵢ, with the weights as they were given."""

    def __init__(self, law: Mixture):
        super().__init__(law)
        self.terms = [(context().mpf(float(weight)), view(component)) for weight, component in law._terms]
        self.smooth = [term for term in self.terms if term[1].law.log_continuous_mass > -np.inf]
        self.low = min(part.low for _, part in self.terms)
        self.high = max(part.high for _, part in self.terms)

    @cached_property
    def atoms(self) -> list[tuple[Any, Any]]:
        return joined([(place, weight * mass) for weight, part in self.terms for place, mass in part.atoms])

    @cached_property
    def mass(self) -> Any:
        return sum(weight * part.mass for weight, part in self.smooth)

    def corners(self) -> list[Any]:
        return [x for _, part in self.smooth for x in (part.low, part.high, *part.corners())]

    def logpdf(self, x: Any) -> Any:
        mp = context()
        return mp.log(sum(weight * mp.exp(density(part, x)) for weight, part in self.smooth))

    def below(self, x: Any) -> Any:
        return sum(weight * part.between(part.low, x) for weight, part in self.smooth)

    def above(self, x: Any) -> Any:
        return sum(weight * part.between(x, part.high) for weight, part in self.smooth)


class TruncatedView(View):
    """f/P(low < X <= high)."""

    def __init__(self, law: Truncated):
        super().__init__(law)
        mp = context()
        self.base = view(law.base)
        self.cut_low, self.cut_high = mp.mpf(float(law.low)), mp.mpf(float(law.high))
        self.low, self.high = max(self.base.low, self.cut_low), min(self.base.high, self.cut_high)
        self.kept = [(x, m) for x, m in self.base.atoms if self.cut_low < x <= self.cut_high]
        self.total = self.base.between(self.low, self.high) + sum(mass for _, mass in self.kept)

    @property
    def atoms(self) -> list[tuple[Any, Any]]:
        return [(place, mass / self.total) for place, mass in self.kept]

    def corners(self) -> list[Any]:
        return self.base.corners()

    def logpdf(self, x: Any) -> Any:
        return self.base.logpdf(x) - context().log(self.total)

    def below(self, x: Any) -> Any:
        return self.base.between(self.low, x) / self.total

    def above(self, x: Any) -> Any:
        return self.base.between(x, self.high) / self.total


def lost_bits(x: Any, ends: Sequence[Any]) -> Any:
    """The bits of x that tell its distance from an end nothing: none beside 0, all of them at an end."""
    mp = context()
    finite = [end for end in ends if mp.isfinite(end) and end]
    return max((mp.inf if x == end else mp.mag(end) - mp.mag(x - end) for end in finite), default=0)


@dataclass
class Strip:
    """A monotone piece of a map: [low, high] onto [first, last] (in increasing order), rising or falling."""

    low: Any
    high: Any
    first: Any
    last: Any
    map: MapView
    up: bool

    def pulled(self, y: Any, function: Callable[[Any], Any]) -> Any:
        """function(x) at the preimage x of y, with as many more bits as x needs to keep its distance from an end."""
        mp = context()
        prec = asked = mp.prec
        while prec <= MOST_BITS:
            lost = mp.inf
            with bits(prec):
                with suppress(RoundedError):
                    x = self.map.inverse(y)
                    lost = lost_bits(x, (self.low, self.high))
                if lost <= prec - asked + SLACK:
                    return function(x)
            prec = 2 * prec if lost == mp.inf else asked + lost
        raise RoundedError(f"{self.map.bijection} is not inverted at {mp.nstr(y, 17)}")


class PushedView(View):
    """The law of g(X) for one elementary map g, by the same sums over pieces as the law itself."""

    def __init__(self, base: View, step: Transform, law: Any):
        super().__init__(law)
        self.base, self.step = base, step
        self.strips: list[Strip] = []
        self.flats: list[tuple[Any, Any]] = []
        for piece in self._pieces():
            with bits(SPARE * context().prec):  # points beside an irrational end are pulled with more than asked for
                low, high = (max(as_end(piece.domain.low), base.low), min(as_end(piece.domain.high), base.high))
                strip = [self._strip(piece, low, high)] if isinstance(piece, Piece) and low < high else []
            self.strips += strip
            if isinstance(piece, Flat):
                self.flats.append((context().mpf(piece.value), base.between(low, high)))
        ends = [end for strip in self.strips for end in (strip.first, strip.last)]
        self.low, self.high = (min(ends), max(ends)) if ends else (context().mpf(0),) * 2

    def _pieces(self) -> Sequence[Piece | Flat]:
        if not isinstance(self.step, Endless):
            return self.step.pieces_within(self.base.law.support)
        with quiet():
            low, high = self.base.law.support.edges
            # A value that is taken on nowhere before the cut is taken on within a period of it.
            depth, period = np.asarray(-0.75 * context().prec), self.step.period
            low = low if np.isfinite(low) else float(value(self.base.law.raw_log_ppf(depth))) - period
            high = high if np.isfinite(high) else float(value(self.base.law.raw_log_isf(depth))) + period
        pieces = self.step.pieces_within(type(self.base.law.support)(low, high, low_closed=True, high_closed=True))
        if len(pieces) > 4 * FEW:
            raise RoundedError(f"{len(pieces)} pieces of {self.step}")
        return pieces

    def _strip(self, piece: Piece, low: Any, high: Any) -> Strip:
        found = MapView(piece.map)
        up = bool(piece.map.increasing)
        images = [self._image(piece.map, found, end, first == up) for end, first in ((low, True), (high, False))]
        first, last = sorted(images)
        return Strip(low, high, first, last, found, up)

    @staticmethod
    def _image(bijection: Any, found: MapView, end: Any, at_low: bool) -> Any:
        """The image of an end; a limit where the map itself ends there."""
        domain, up = bijection.domain, bool(bijection.increasing)
        if not (end == as_end(domain.low) or end == as_end(domain.high)):
            return found.forward(end)
        first = (end == as_end(domain.low)) == up
        rounded, exact = (
            as_end(codomain.low if first else codomain.high) for codomain in (bijection.codomain, found.lifted.codomain)
        )
        return exact if float(exact) == rounded else rounded  # a part of a map has ends of its own

    @cached_property
    def atoms(self) -> list[tuple[Any, Any]]:
        places = [
            (context().mpf(float(value(self.step.forward(np.asarray(float(place)))))), mass)
            for place, mass in self.base.atoms
        ]
        return joined([*places, *((place, mass) for place, mass in self.flats if mass > 0)])

    @cached_property
    def mass(self) -> Any:
        return self.base.mass - sum(mass for _, mass in self.flats) if self.strips else context().mpf(0)

    def logpdf(self, y: Any) -> Any:
        mp = context()
        terms = [self._term(strip, y) for strip in self.strips if strip.first < y < strip.last]
        return terms[0] if len(terms) == 1 else mp.log(sum(map(mp.exp, terms)))

    def _term(self, strip: Strip, y: Any) -> Any:
        return strip.pulled(y, lambda x: self.base.logpdf(x) - strip.map.log_slope(x))

    def below(self, y: Any) -> Any:
        return sum(self._side(strip, y, lower=True) for strip in self.strips)

    def above(self, y: Any) -> Any:
        return sum(self._side(strip, y, lower=False) for strip in self.strips)

    def _side(self, strip: Strip, y: Any, *, lower: bool) -> Any:
        if strip.last <= y or y <= strip.first:
            whole = (strip.last <= y) == lower
            return self.base.between(strip.low, strip.high) if whole else context().mpf(0)
        if strip.up == lower:
            return strip.pulled(y, lambda x: self.base.between(strip.low, x))
        return strip.pulled(y, lambda x: self.base.between(x, strip.high))

    def forward(self, x: Any) -> tuple[Any, Any, float]:
        """g(x) and log|g'(x)| for a point of the base, and the bits lost where g(x) comes close to an end that is not 0."""
        mp = context()
        for strip in self.strips:
            if strip.low <= x <= strip.high:
                y = strip.map.forward(x)
                return y, strip.map.log_slope(x), lost_bits(y, (strip.first, strip.last))
        raise RoundedError(f"{mp.nstr(x, 17)} lies on no piece of {self.step}")

    def corners(self) -> list[Any]:
        """The ends of the images of pieces, and the images of corners and of the kinks of the map."""
        found, inner = [], self.base.corners()
        for strip in self.strips:
            places = [x for x in (*inner, *map(as_end, strip.map.bijection.kinks)) if strip.low < x < strip.high]
            found += [strip.first, strip.last, *map(strip.map.forward, places)]
        return found

    def preimages(self, y: Any) -> list[Any]:
        """The points of the base that g sends to y."""
        return [strip.map.inverse(y) for strip in self.strips if strip.first < y < strip.last]


class MapView:
    """A bijection at the working precision."""

    def __init__(self, bijection: Bijection):
        self.bijection, self.uses = bijection, 0
        self.free = any(isinstance(step, FunctionTransform) for step in innermost(bijection))
        try:
            with bits(SPARE * context().prec):
                self.lifted = lift(bijection)
        except UNLIFTED:
            self.lifted = bijection

    def forward(self, x: Any) -> Any:
        if self.free:
            with literal():
                return number(self.lifted.forward(precise(x)))
        return number(self.lifted.forward(precise(x)))

    def inverse(self, y: Any) -> Any:
        """The formula where it leads back to y, as well as the digits of y or those of x let it; Newton's method elsewhere."""
        mp = context()
        try:
            x = number(self.lifted.inverse(precise(y)))
            miss = mp.ldexp(abs(self.forward(x) - y), mp.prec - SLACK)
            if miss <= abs(y) or (mp.isfinite(miss) and miss <= abs(x) * mp.exp(self.log_slope(x))):
                return x
        except UNLIFTED:
            pass
        return self._solved(y)

    def _solved(self, y: Any) -> Any:
        mp = context()
        with quiet():
            start = self.bijection.inverse(anchored(np.asarray(float(y))))
        x = as_end(start if isinstance(start, Anchored) else float(value(start)))
        for _ in range(NEWTON):
            step = (self.forward(x) - y) / self._slope(x)
            x -= step
            if abs(step) <= abs(x) * mp.ldexp(1, -(mp.prec - 8)):
                return x
        raise RoundedError(f"{self.bijection} is not inverted at {mp.nstr(y, 17)}")

    def _slope(self, x: Any) -> Any:
        return slope_of(self.forward, x, abs(x) or context().mpf(1))

    def log_slope(self, x: Any) -> Any:
        """log|g'(x)|: the formula where a difference quotient agrees, otherwise that quotient at more digits."""
        mp = context()
        try:
            found = number(self.lifted.forward_and_log_det(precise(x))[1])
            self.uses += 1
            if self.uses > OFTEN and self.uses % SELDOM:
                return found
            if agrees(abs(self._slope(x)), mp.exp(found)):
                return found
        except UNLIFTED:
            pass
        with bits(4 * mp.prec):
            return mp.log(abs(self._slope(x)))


def innermost(transform: Any) -> Sequence[Any]:
    """The maps that a map is made of."""
    if len(transform.steps) > 1:
        return transform.steps
    inner = [part for part in transform.made_of if isinstance(part, Transform)]
    return innermost(inner[0]) if len(inner) == 1 else (transform,)


@singledispatch
def lift(bijection: Any) -> Any:
    """The map, or the family, with its parameters as precise numbers."""
    if not bijection.params:
        return bijection
    return type(bijection)(**{name: precise(p) for name, p in bijection.params.items()})


@lift.register
def _(bijection: Inverse) -> Any:
    return lift(bijection.original).inv


@lift.register
def _(bijection: Chain) -> Any:
    return Chain([lift(step) for step in bijection.steps])


@lift.register
def _(bijection: Restricted) -> Any:
    return lift(bijection.whole)


@lift.register
def _(bijection: LeftHalf) -> Any:
    return LeftHalf(lift(bijection.right), odd=bijection.odd)


@lift.register
def _(bijection: Turn) -> Any:
    return bijection


@lift.register
def _(bijection: FunctionTransform) -> Any:
    return bijection


@singledispatch
def view(law: Any) -> View:
    """The law at the working precision."""
    raise UnsupportedOperationError(f"{law}: it has no formula that runs to more digits than a double has")


view.register(Family, FormulaView)
view.register(FromDensity, GivenView)
view.register(Mixture, MixtureView)
view.register(Truncated, TruncatedView)


@view.register
def _(law: Pushforward) -> View:
    """One elementary map after another, so that the ends of their pieces are exact."""
    found, so_far = view(law.base), law.base
    for step in exact_steps(law.transform):
        so_far = push_forward(so_far, step)
        found = PushedView(found, step, so_far)
    found.law = law
    return found


@view.register
def _(law: Image) -> View:
    """The maps are built of precise parameters, so that what they derive from them, such as 1/k, is no rounded double."""
    with bits(SPARE * context().prec):
        (base, *maps), (_, *exact_maps) = law.stages, lift(law).stages
    found, so_far = FormulaView(base, lambda: lift(law).stages[0]), base
    for step, exact_step in zip(maps, exact_maps, strict=True):
        so_far = push_forward(so_far, step)
        found = PushedView(found, exact_step, so_far)
    found.law = law
    return found


def joined(atoms: Sequence[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Atoms in increasing order, those at one place added up."""
    total: dict[Any, Any] = {}
    for place, mass in atoms:
        total[place] = total.get(place, 0) + mass
    return sorted(total.items())


def density(part: View, x: Any) -> Any:
    """The log-density at any point: -inf outside, the one-sided limit at an end."""
    mp = context()
    if x < part.low or x > part.high or mp.isinf(x) or part.law.log_continuous_mass == -np.inf:
        return -mp.inf
    if part.low < x < part.high:
        found = _inside(part, x)
        if not mp.isnan(found):
            return found
    return max(limit(part, x, side) for side, end in ((1, part.high), (-1, part.low)) if side * (end - x) > 0)


def _inside(part: View, x: Any) -> Any:
    critical = any(float(place) == x for place in part.law.critical_points)
    return context().nan if critical else part.logpdf(x)


def limit(part: View, x: Any, side: int) -> Any:
    """lim log f(x ± h) as h falls: ±inf where it keeps its trend."""
    mp = context()
    asked = mp.prec
    logs = []
    for k in (2, 4, 8):
        with bits((k + 2) * asked):
            logs.append(part.logpdf(x + side * mp.ldexp(part.scale(x), -k * asked)))
    if abs(logs[2] - logs[1]) <= mp.ldexp(1 + abs(logs[2]), -asked + 8):
        return logs[2]
    return mp.inf if logs[2] > logs[1] else -mp.inf


__all__ = ["View", "density", "limit", "view"]
