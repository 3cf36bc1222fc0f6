"""What `dps=` answers: each method of a law to so many decimal digits, as numbers of mpmath.

Every number is computed at two working precisions and handed out where they agree to the digits asked for; where they do
not, both grow, and a law whose formulas stop at doubles is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cached_property
from numbers import Rational
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, value
from densities.arrays import as_points, quiet
from densities.distributions.base import Univariate
from densities.distributions.discrete.images import DiscreteMixture, DiscreteTruncated, Image
from densities.distributions.lattice import Countable, Discrete
from densities.distributions.precise import NEWTON, UNLIFTED, MapView, View, as_end, density, lift, view
from densities.distributions.product import Product
from densities.distributions.tables import Table
from densities.domains import Interval
from densities.errors import ParameterError, ShapeError, UnsupportedOperationError, argument_error
from densities.precise import RoundedError, bits, context, digits, number, precise, public
from densities.precise.quadrature import integrate
from densities.protocols import corners_beyond_doubles, ends_beyond_doubles, led_back, push_forward, to_digits
from densities.transforms.base import Bijection
from densities.transforms.linear import exact_steps
from densities.transforms.polynomial import Stretch

# Digits beyond those asked for, and those by which the second computation has more.
GUARDS, SECOND = (15, 45, 135), 10
# Digits in which the ends of supports are found that doubles have rounded.
END_DIGITS = 40
# Ulps that maps may be off where they put a corner or an end.
MAPS = 64.0
# So many masses are added one by one.
FEW = 256


class DiscreteView(View):
    """A law of point masses at the working precision, by its strands of integers."""

    def __init__(self, law: Discrete):
        super().__init__(law)
        self.low, self.high = map(as_end, law.support.edges)

    @cached_property
    def atoms(self) -> list[tuple[Any, Any]]:
        """The atoms one by one, where there are few."""
        places = [context().mpf(float(place)) for place in self.law.atoms[0]]
        return [(place, self.on(place)) for place in places]

    def on(self, y: Any) -> Any:
        """P(Y = y)."""
        place = float(y)
        return self._over(lambda strand: strand.on(np.asarray(place))) if place == y else context().mpf(0)

    def off(self, y: Any) -> Any:
        """P(Y ≠ y), for the double y."""
        return self._over(lambda strand: strand.below(np.asarray(float(y)), closed=False)) + self.above(y)

    def below(self, y: Any) -> Any:
        return self._over(lambda strand: strand.below(np.asarray(double_below(y)), closed=True))

    def above(self, y: Any) -> Any:
        return self._over(lambda strand: strand.beyond(np.asarray(double_below(y))))

    def _over(self, span: Callable[[Any], tuple[Any, Any]]) -> Any:
        with quiet():
            return sum(
                Lattice(strand.law).mass(*strand._clipped(tuple(map(float, span(strand)))))
                for strand in self.law.strands
            )


class DiscreteMixtureView(DiscreteView):
    """Σ wᵢ Pᵢ."""

    def _over(self, span: Callable[[Any], tuple[Any, Any]]) -> Any:
        return sum(context().mpf(float(w)) * view(part)._over(span) for w, part in self.law._terms)  # type: ignore[attr-defined]


class DiscreteTruncatedView(DiscreteView):
    """P given low < X <= high."""

    def _over(self, span: Callable[[Any], tuple[Any, Any]]) -> Any:
        parts = [part for part in self.law._cut if not part.is_empty]
        if any(part.log_weight for part in parts):
            raise RoundedError("a truncation of laws with weights of their own")

        def total(ends: Callable[[Any], tuple[Any, Any]]) -> Any:
            return sum(Lattice(part.law).mass(*part._clipped(tuple(map(float, ends(part))))) for part in parts)

        with quiet():
            return total(span) / total(lambda part: (part.low, part.high))


def image_view(law: Image) -> View:
    """The image of a mixture is the mixture of images; other images have strands of weight 1."""
    if isinstance(law.base, DiscreteMixture):
        images = [push_forward(part, law.transform) for _, part in law.base._terms]
        return view(DiscreteMixture([w for w, _ in law.base._terms], images))
    if any(strand.log_weight for strand in law.strands):
        raise RoundedError("the image of a law with a weight of its own")
    return DiscreteView(law)


@lift.register
def _(bijection: Stretch) -> Stretch:
    """With its critical values, which are doubles in no other."""
    mp = context()
    coefficients = [mp.mpf(c) for c in bijection.coefficients]
    known = {corner.top: _critical_value(coefficients, corner.place, corner.order) for corner in bijection.corners}
    ends = [precise(known.get(end, mp.mpf(end))) for end in bijection.codomain.edges]
    return bijection.by_formula([precise(c) for c in coefficients], Interval(*ends))


def _critical_value(coefficients: Sequence[Any], place: float, order: int) -> Any:
    """The value of a polynomial at a zero of so many of its derivatives, by Newton's method from near it."""
    mp = context()
    derived = [list(coefficients)]
    for _ in range(order):
        derived.append([k * c for k, c in enumerate(derived[-1])][1:])
    x = mp.mpf(place)
    for _ in range(mp.prec.bit_length()):
        x -= mp.polyval(derived[-2][::-1], x) / mp.polyval(derived[-1][::-1], x)
    return mp.polyval(coefficients[::-1], x)


view.register(Discrete, DiscreteView)
view.register(DiscreteMixture, DiscreteMixtureView)
view.register(DiscreteTruncated, DiscreteTruncatedView)
view.register(Image, image_view)


class Lattice:
    """The masses of a law on the integers."""

    def __init__(self, law: Countable):
        self.law = law
        self.table = isinstance(law, Table)
        self.lifted = law if self.table else type(law)(**{name: precise(p) for name, p in law.params.items()})

    def pmf(self, k: Any) -> Any:
        mp = context()
        if self.table:
            return mp.mpf(float(self.law.table[int(k - self.law.low)]))  # type: ignore[attr-defined]
        return mp.exp(number(self.lifted.log_pmf(precise(k))))

    def mass(self, first: float, last: float) -> Any:
        """P(first <= K <= last), the ends within those of the law."""
        mp = context()
        if first > last:
            return mp.mpf(0)
        if first <= self.law.low and last >= self.law.high:
            return mp.mpf(1)
        if last - first < FEW or self.table:
            return mp.fsum(self.pmf(mp.mpf(k)) for k in range(int(first), int(last) + 1))
        low = mp.mpf(0) if first <= self.law.low else self._tail("below", first - 1)
        if last < self.law.high:
            upper, rest = self._tail("above", first - 1), self._tail("above", last)
            return upper - rest if first > self.law.low and upper < 0.5 else self._tail("below", last) - low
        return self._tail("above", first - 1)

    def _tail(self, name: str, k: float) -> Any:
        """A distribution function, whose steps must be the masses."""
        mp = context()
        here, before = (number(getattr(self.lifted, name)(precise(x))) for x in (k, k - 1))
        if k > self.law.low and abs(abs(here - before) - self.pmf(mp.mpf(k))) > mp.ldexp(
            max(here, before), 12 - mp.prec
        ):
            raise RoundedError(f"{self.law}: its distribution function")
        return here


def double_below(y: Any) -> float:
    """The greatest double that is not above y."""
    near = float(y)
    return near if near <= y else float(np.nextafter(near, -np.inf))


# ---- one number at the working precision ----


def mass_on(law: View, y: Any) -> Any:
    """P(Y = y)."""
    if isinstance(law, DiscreteView):
        return law.on(y)
    return sum((mass for place, mass in law.atoms if place == y), context().mpf(0))


def cumulative(law: View, y: Any, *, lower: bool) -> Any:
    """P(Y <= y) or P(Y > y), atoms included."""
    if isinstance(law, DiscreteView):
        return law.below(y) if lower else law.above(y)
    atoms = sum((mass for place, mass in law.atoms if (place <= y) == lower), context().mpf(0))
    if law.law.log_continuous_mass == -np.inf:
        return atoms
    return atoms + (law.between(law.low, y) if lower else law.between(y, law.high))


def log_cumulative(law: View, y: Any, *, lower: bool) -> Any:
    mp = context()
    tail = cumulative(law, y, lower=lower)
    return mp.log1p(-cumulative(law, y, lower=not lower)) if tail > 0.5 else mp.log(tail) if tail > 0 else -mp.inf


def log_mass_on(law: View, y: Any) -> Any:
    """log P(Y = y): of nearly all the mass, by the rest."""
    mp = context()
    mass = mass_on(law, y)
    if mass > 0.5 and isinstance(law, DiscreteView):
        return mp.log1p(-law.off(y))
    return mp.log(mass) if mass > 0 else -mp.inf


def log_density(law: View, y: Any) -> Any:
    return -context().inf if isinstance(law, DiscreteView) else density(law, y)


METHODS: dict[str, Callable[[View, Any], Any]] = {
    "logpdf": log_density,
    "pdf": lambda law, y: context().exp(log_density(law, y)),
    "pmf": mass_on,
    "logpmf": log_mass_on,
    "cdf": lambda law, y: cumulative(law, y, lower=True),
    "sf": lambda law, y: cumulative(law, y, lower=False),
    "logcdf": lambda law, y: log_cumulative(law, y, lower=True),
    "logsf": lambda law, y: log_cumulative(law, y, lower=False),
    "ppf": lambda law, p: quantile(law, p, lower=True),
    "isf": lambda law, p: quantile(law, p, lower=False),
}


def quantile(law: View, p: Any, *, lower: bool) -> Any:
    """inf{y : F(y) >= p} or inf{y : P(Y > y) <= p}: an atom where p falls on its step, otherwise by Newton's method."""
    mp = context()
    if not 0 <= p <= 1:
        return mp.nan
    if p in (0, 1):
        return law.low if (p == 0) == lower else law.high
    if isinstance(law, DiscreteView):
        return discrete_quantile(law, p, lower=lower)
    for place, mass in law.atoms:
        tail = cumulative(law, place, lower=lower)
        if (tail - mass < p <= tail) if lower else (tail <= p < tail + mass):
            return place
    if p > 0.5:
        p, lower = 1 - p, not lower
    with quiet():
        solve = law.law.raw_log_ppf if lower else law.law.raw_log_isf
        start = anchored(solve(np.asarray(float(mp.log(p)))))
    start = Anchored(*(np.asarray(part).reshape(-1)[0] for part in (start.anchor, start.offset, start.log_offset)))
    extra = max(0.0, -float(start.log_offset) * 1.45) if start.anchor and start.log_offset > -np.inf else 0.0
    with bits(mp.prec + int(extra)):
        return solved(law, p, as_end(start, (law.low, law.high)), lower=lower)


def solved(law: View, p: Any, x: Any, *, lower: bool) -> Any:
    """The root of log(tail at x) = log p, from near it."""
    mp = context()
    for _ in range(NEWTON):
        tail = cumulative(law, x, lower=lower)
        slope = mp.exp(density(law, x)) * (1 if lower else -1)
        step = mp.log(tail / p) * tail / slope if slope else mp.nan
        target = x - step
        x = target if law.low < target < law.high else (x + (law.low if step > 0 else law.high)) / 2
        if mp.isnan(x):
            raise RoundedError("a quantile where the density is 0")
        if abs(step) <= mp.ldexp(abs(x), 10 + mp.mag(mp.log(p)) - mp.prec):  # e^log has the error of log p
            return x
    raise RoundedError("a quantile that Newton's method does not settle")


def discrete_quantile(law: DiscreteView, p: Any, *, lower: bool) -> Any:
    """From the quantile in doubles by single atoms to the first that reaches p."""
    start = float(law.law.ppf(float(p)) if lower else law.law.isf(float(p)))

    def reached(y: float) -> bool:
        tail = cumulative(law, context().mpf(y), lower=lower)
        return bool(tail >= p if lower else tail <= p)

    def beside(y: float, *, after: bool) -> float:
        """The next atom, or the one before."""
        found = []
        for strand in law.law.strands:
            first, last = strand.beyond(np.asarray(y)) if after else strand.below(np.asarray(y), closed=False)
            first, last = strand._clipped((first, last))
            if first <= last:
                found.append(float(strand.at(first if strand.up == after else last)))
        return min(found) if after else max(found, default=-np.inf)

    with quiet():
        while not reached(start):
            start = beside(start, after=True)
        while (before := beside(start, after=False)) > -np.inf and reached(before):
            start = before
    return context().mpf(start)


# ---- expectations ----


def summary(law: View, name: str) -> Any:
    """The mean, or the differential entropy."""
    if isinstance(law, DiscreteView) or (law.atoms and name == "entropy"):
        raise RoundedError(f"the {name} of a law with point masses")
    mp = context()
    if name == "entropy":
        return expectation(law, lambda y, log: -log)[0]
    atoms = sum((place * mass for place, mass in law.atoms), mp.mpf(0))
    return atoms + expectation(law, lambda y, log: y)[0]


def expectation(law: View, function: Callable[[Any, Any], Any]) -> tuple[Any, Any]:
    """∫ function(y, log f(y)) f(y) dy over the continuous part, and its error."""
    mp = context()
    inner = [mp.mpf(x) for x in law.landmarks() if law.low < x < law.high] or [law.middle(law.low, law.high)]

    def integrand(y: Any) -> tuple[Any]:
        log = law.logpdf(y)
        weight = mp.exp(log)
        return (weight * function(y, log) if weight else mp.mpf(0),)

    values, errors, _ = integrate(integrand, [law.low, *inner, law.high])
    return values[0], errors[0]


# ---- answers ----


def agreed(law: Any, what: str, dps: int, compute: Callable[[], Any], lost: int = 0) -> Any:
    """compute(), in which so many digits are known to be lost, at two working precisions, where they agree to dps digits."""
    seen = 0
    for guard in GUARDS:
        try:
            with quiet(), digits(dps + lost + guard):
                first = compute()
            with quiet(), digits(dps + lost + guard + SECOND) as mp:
                second = compute()
                gap = abs(second - first)
                if first == second or mp.isnan(second) or gap <= abs(second) * mp.mpf(10) ** -dps:
                    with digits(dps):
                        return public(+second)
                seen = max(seen, int(-mp.log10(gap / abs(second))) if second and mp.isfinite(gap) else 0)
        except UNLIFTED as error:
            raise UnsupportedOperationError(
                f"{law}: {what} to {dps} digits: {str(error) or 'its numbers are too large'}; "
                "without dps= the answer is right to those of a double"
            ) from error
    raise UnsupportedOperationError(
        f"{law}: {what} to {dps} digits: two working precisions agree to {seen} digits only"
    )


def checked(dps: Any) -> int:
    if not isinstance(dps, int | np.integer) or isinstance(dps, bool) or not 1 <= dps <= 10_000:
        raise ParameterError(argument_error("dps", "a number of decimal digits from 1 to 10000", dps))
    return int(dps)


@to_digits.register
def _(law: Univariate, method: str, dps: int, y: Any = None, *, logp: Any = None, lost: int = 0) -> Any:
    """One method of a law on the line at each point of y, an mpf for a scalar and an array of mpf for an array.

    `lost` digits are those that terms of the answer cancel by.
    """
    dps = checked(dps)
    if method in ("mean", "entropy"):
        return _each(law, np.asarray(0.0), lambda one, _: agreed(one, method, dps, lambda: summary(view(one), method)))
    if (y is None) == (logp is None):
        raise ParameterError(argument_error("q, logp" if method in ("ppf", "isf") else "y", "exactly one of them", y))
    formula = METHODS[method]

    def at(one: Any, point: Any) -> Any:
        def compute() -> Any:
            given = exactly(point)
            given = given if logp is None else context().exp(given)
            return given if context().isnan(given) else formula(view(one), given)

        return agreed(one, f"{method} at {point}", dps, compute, lost)

    name, points = ("q" if method in ("ppf", "isf") else "y", y) if logp is None else ("logp", logp)
    return _each(law, points_of(name, points), at)


def points_of(name: str, given: Any) -> np.ndarray:
    """Points as doubles, or as the exact numbers that they are given as; ShapeError for what is no real number."""
    doubles, exact = as_points(given, name)[0], np.asarray(given)
    if doubles.dtype == object:
        raise ShapeError(argument_error(name, "an array of numbers", given))
    return exact if exact.dtype == object else doubles


def exactly(point: Any) -> Any:
    """A point in the digits of the current context."""
    mp = context()
    if isinstance(point, Rational):
        return mp.mpf(int(point.numerator)) / int(point.denominator)
    return mp.mpf(str(point) if isinstance(point, Decimal) else point)


@to_digits.register
def _(law: Product, method: str, dps: int, y: Any) -> Any:
    """The log-density or the density of independent entries at each vector of y: a sum, or a product, over the entries."""
    dps, points = checked(dps), law._points(y)[0]
    shape = np.broadcast_shapes(points.shape[:-1], law.batch_shape)
    points, result = np.broadcast_to(points, (*shape, law.n)), np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        entries = list(zip(law.member(index, shape).components, map(float, points[index]), strict=True))

        def compute(entries: Sequence[tuple[Any, float]] = entries) -> Any:
            mp = context()
            if any(np.isnan(x) for _, x in entries):
                return mp.nan
            total = sum(METHODS["logpdf"](view(component), mp.mpf(x)) for component, x in entries)
            return total if method == "logpdf" else mp.exp(total)

        result[index] = agreed(law, f"{method} at {points[index]}", dps, compute)
    return result if shape else result[()]


@ends_beyond_doubles.register
def _(law: Univariate) -> tuple[float, float]:
    """Ends are looked for in many digits; no further from the doubles than these may be off by rounding."""
    ends = tuple(zip(law.support.edges, law.support.slacks, strict=True))
    try:
        with quiet(), digits(END_DIGITS):
            seen = view(law)
            rests = [
                _rest(exact, float(value(end))) for exact, (end, _) in zip((seen.low, seen.high), ends, strict=True)
            ]
    except (UnsupportedOperationError, *UNLIFTED):
        return np.nan, np.nan
    low, high = (rest if abs(rest) <= _most(*end) else np.nan for rest, end in zip(rests, ends, strict=True))
    return low, high


def _most(end: Any, slack: Any) -> float:
    """How far rounding may have taken an end, as maps that steepen the rounding of their steps do."""
    return max(float(np.max(slack)), MAPS * float(np.spacing(np.abs(value(end))))) if np.any(slack) else 0.0


@led_back.register
def _(bijection: Bijection, y: float) -> tuple[float, float]:
    try:
        with quiet(), digits(END_DIGITS) as mp:
            x, log_det = mp.mpf(y), mp.mpf(0)
            for step in reversed(exact_steps(bijection)):
                seen = MapView(step)
                x = seen.inverse(x)
                at = x in step.kinks  # where the slope may be 0
                log_det -= float(value(step.forward_and_log_det(np.float64(x))[1])) if at else seen.log_slope(x)
            return float(x), float(log_det)
    except UNLIFTED as error:
        told = f"{bijection}: beside a point where its slope is 0, {y!r} is not led back to all digits"
        raise UnsupportedOperationError(told) from error


@corners_beyond_doubles.register
def _(law: Univariate, corners: np.ndarray) -> np.ndarray:
    """The nearest of those in many digits, if it lies within the rounding of the maps."""
    try:
        with quiet(), digits(END_DIGITS) as mp:
            exact = view(law).corners()
            rests = [min((float(x - mp.mpf(float(corner))) for x in exact), key=abs, default=0.0) for corner in corners]
    except (UnsupportedOperationError, *UNLIFTED):
        return 0.0 * corners
    return np.where(np.abs(rests) <= MAPS * np.spacing(np.abs(corners)), rests, 0.0)


def _rest(exact: Any, end: float) -> float:
    return float(exact - context().mpf(end)) if np.isfinite(end) else 0.0


def _each(law: Any, points: np.ndarray, at: Callable[[Any, Any], Any]) -> Any:
    """at(member of the batch, point) over points and batch."""
    shape = np.broadcast_shapes(points.shape, law.batch_shape)
    spread = np.broadcast_to(points, shape)
    result = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        point = spread[index]
        point = float(point) if isinstance(point, np.number | np.bool_ | float) else point
        result[index] = at(law.member(index, shape), point)
    return result if shape else result[()]


__all__ = ["agreed", "checked", "cumulative", "expectation", "mass_on"]
