"""Laws narrower than the rounding of their place: 3·normal(0.1, 1e-15), normal(1, 1e-17)/3, (X - 0.1 - 1e8)·1e9.

The parameters of laws and maps are the doubles that they are, and the law is the exact one. There y = loc + scale·x in doubles
moves a point further than the law is wide, so points travel through lines with what each operation rounds (Dekker's product,
Knuth's sum), as Anchored numbers whose offset takes it in: about 106 bits. Maps that are no lines round as doubles do; how
much of the width of the law that is tells `Narrowness`, and points are then taken in as many digits as it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numpy as np

from densities.anchored import Anchored, choose, value
from densities.anchored.numbers import LARGEST, _add_offsets, is_pure, is_safe, multiply_add, two_sum
from densities.arrays import quiet
from densities.distributions.route import Route, ends_of
from densities.domains import Interval
from densities.errors import AccuracyWarning, UnsupportedOperationError, warn
from densities.foreign import Foreign
from densities.protocols import ends_beyond_doubles
from densities.transforms.base import Inverse, uninverted
from densities.transforms.linear import Line, exact_steps

EPS = float(np.finfo(float).eps)
# A law is narrow where its middle half is less than this share of its place: rounding costs it 12 of the 53 bits.
NARROW = 2.0**-12
# So many widths away doubles lose 18 of the 53 bits and 6 more where a tail leaves them, 38 widths out: as many as an answer
# without a word on its error may lack. Beyond, many digits are asked for; where there are none, an error below ROUGH is told
# with a warning, and a larger one refused. Points of fragile laws are anchored at ends, which most such laws lie beside.
BLURRED, BLURRED_BESIDE_ENDS, ROUGH = 2.0**18, 2.0**22, 1e-4
# What chains of lines may lose of two doubles, in roundings of these: digits are cheap for them.
TWICE = 2.0**10
SLIVER = 1e-3
# Where the machine has long doubles of more digits, points are pulled through curves in these, a point that they round
# themselves where log|g| is STEADY in log|x|; but not one that is told by its distance from an end, as those BESIDE it are, by
# this share of it.
LONG, STEADY, BESIDE = np.longdouble, 32.0, 2.0**-10
TINY = float(np.finfo(float).tiny)
QUARTERS = np.array([0.25, 0.75])
# Points at which maps that turn are seen.
SEEN = 9
# Digits of doubles, and points that are worth a few milliseconds each.
DIGITS, MOST = 20, 4096


def place_of(x: Any) -> Any:
    """Points as anchors with what is beyond them; those beyond the doubles, and next to none, as they are."""
    if not isinstance(x, Anchored):
        return Anchored(np.asarray(x, dtype=float), np.zeros(np.shape(x)))
    if not is_pure(x) or (x._log is not None and not np.all(is_safe(x.offset))):
        return x
    inside = np.abs(x.offset) < LARGEST
    return Anchored(np.where(inside, x.offset, 0.0), np.where(inside, 0.0, x.offset))


def stretched(x: Any, loc: Any, scale: Any) -> Anchored:
    """loc + scale·x, with what rounding takes from it."""
    x = place_of(x)
    total, rest = multiply_add(np.asarray(x.anchor, dtype=float), scale, loc)
    return _add_offsets(total, Anchored(0.0, x.offset, x._log) * scale, Anchored(0.0, _known(rest)))


def reduced(y: Any, loc: Any, scale: Any) -> Anchored:
    """(y - loc)/scale, with what rounding takes from it."""
    y = place_of(y)
    total, rest = two_sum(np.asarray(y.anchor, dtype=float), -loc)
    quotient = total / scale
    missed, error = multiply_add(quotient, -scale, total)
    beyond = _add_offsets(0.0, Anchored(0.0, y.offset, y._log), Anchored(0.0, _known(rest + (missed + error))))
    beyond = beyond / scale
    return Anchored(quotient, beyond.offset, beyond._log)


def _known(rest: Any) -> Any:
    """What rounding took; nothing where the splitting of a product has overflowed."""
    return np.where(np.isfinite(rest), rest, 0.0)


def is_line(step: Any) -> bool:
    return isinstance(uninverted(step), Line)


def carried(step: Any, x: Any) -> tuple[Any, Any]:
    """g(x) and its log-determinant for one map, without rounding where it is a line."""
    if isinstance(step, Line):
        return stretched(x, *step.coefficients), step.log_slope
    if isinstance(step, Inverse) and isinstance(step.original, Line):
        return reduced(x, *step.original.coefficients), -step.original.log_slope
    return step.forward_and_log_det(x)


def _place_after(step: Any, x: Any) -> Any:
    """g(x) for one map, as the double that it is rounded to where the map is no line."""
    return carried(step, x)[0] if is_line(step) else value(step.forward(x))


def pulled(step: Any, x: Any, before: Interval, after: Interval) -> tuple[Any, Any]:
    """The same for the step of a way back between two intervals, with the digits that long doubles have of curves."""
    if is_line(step) or not np.finfo(LONG).eps < EPS:
        return carried(step, x)
    x = _from_ends(x, before, step.domain)
    y, log_det = step.forward_and_log_det(x)
    if not isinstance(x, Anchored):
        return y, log_det
    with suppress(TypeError):  # of functions that no long doubles have
        at = np.asarray(x.anchor, dtype=LONG) + x.offset
        place, told = np.asarray(step.forward(at)), _at_end(x, before)
        if place.dtype == LONG:
            if np.any(told):
                y = _to_image(step, x, y, told)
            steady = np.abs(at) * np.exp(value(log_det)) < STEADY * np.abs(place)
            # Places that no normal double holds keep what anchored numbers know of them.
            anchor = place.astype(float)
            known = np.isfinite(anchor) & (np.abs(anchor) >= TINY) & ~(told | _at_end(y, after))
            known &= steady | (at - x.anchor == x.offset)
            y = choose(known, Anchored(anchor, np.where(known, place - anchor, 0.0).astype(float)), y)
    return y, log_det


def _to_image(step: Any, x: Anchored, y: Any, told: Any) -> Any:
    """Points told by the distance from an end go to that from its image: what the double of that misses is not theirs."""
    center = np.asarray(step.forward(np.asarray(x.anchor, dtype=LONG)))
    missed = np.where(told & (center.astype(float) == _anchor_of(y)), center - _anchor_of(y), 0.0).astype(float)
    return choose(missed != 0.0, y + Anchored(0.0, missed), y)


def _from_ends(x: Any, interval: Interval, domain: Any) -> Any:
    """Points beside ends of an interval by the distance from the doubles of these, which formulas keep.

    Not from those of the domain of a formula that are no doubles, as π/2: it takes the distance from these themselves.
    """
    own = [end for end, slack in ends_of(domain) if slack]
    for end, _ in ends_of(interval) if isinstance(x, Anchored) else ():
        near = (np.abs(x.anchor - end) <= BESIDE * np.abs(end)) & (x.anchor != end) & (end not in own)
        x = choose(near, Anchored(end, (x.anchor - end) + x.offset), x)
    return x


def _anchor_of(x: Any) -> Any:
    return x.anchor if isinstance(x, Anchored) else np.nan


def _at_end(x: Any, interval: Interval) -> Any:
    """Whether points are told by the distance from an end of an interval other than 0."""
    return np.isin(_anchor_of(x), [end for end, _ in ends_of(interval) if end])


def carried_all(steps: Sequence[Any], x: Any) -> tuple[Any, Any]:
    total: Any = 0.0
    for step in steps:
        x, log_det = carried(step, x)
        total = total + log_det
    return x, total


@dataclass(frozen=True, eq=False)
class ExactRoute(Route):
    """The way through a bijection, its lines taken without rounding.

    `beyond` is what the ends of the domain are beyond their doubles, NaN where that is not known.
    """

    beyond: tuple[float, float] = (np.nan, np.nan)

    @cached_property
    def _exact(self) -> tuple[Sequence[Any], Sequence[Any]]:
        steps = exact_steps(self.map)
        return steps, [step.inv for step in reversed(steps)]

    @cached_property
    def way_back(self) -> Sequence[tuple[Callable[[Any], Any], bool]]:
        return tuple((partial(_place_after, step), not is_line(step)) for step in self._exact[1])

    def carry(self, x: Any) -> tuple[Any, Any]:
        return self._but_at_ends(x, carried_all(self._exact[0], place_of(x)), super().carry, 0)

    @cached_property
    def _between(self) -> Sequence[tuple[Interval, Interval]]:
        """The intervals before and after each step of the way back; those of the maps where a batch has many."""
        if self.map.batch_shape or any(np.ndim(value(end)) for end in self.domain.edges):
            return [(step.domain, step.codomain) for step in self._exact[1]]
        found = [self.domain]
        with quiet():
            for step in self._exact[0]:
                found.append(step.image(found[-1]))
        return list(pairwise(found[::-1]))

    def carry_back(self, y: Any) -> tuple[Any, Any]:
        x, total = place_of(y), 0.0
        for step, (before, after) in zip(self._exact[1], self._between, strict=True):
            x, log_det = pulled(step, x, before, after)
            total = total + log_det
        return self._but_at_ends(y, (self._from_exact_ends(x), total), super().carry_back, -1)

    def _from_exact_ends(self, x: Any) -> Any:
        """Points beside ends of the domain by the distance from these themselves, as the base takes them."""
        for end, beyond in zip(map(value, self.domain.edges), self.beyond, strict=True):
            if np.isfinite(end) and end != 0.0 and np.isfinite(beyond):
                near = (np.abs(x.anchor - end) <= BESIDE * np.abs(end)) & ((x.anchor != end) | (beyond != 0.0))
                x = choose(near, Anchored(end, (x.anchor - end) - beyond + x.offset), x)
        return x

    def _but_at_ends(self, x: Any, exact: tuple[Any, Any], usual: Callable, station: int) -> tuple[Any, Any]:
        """The distance from an end, where a point has it, is that from the exact one: it is not the double in its place."""
        if not isinstance(x, Anchored) or not self._stations:
            return exact
        ends = [end for end, _ in ends_of(self._stations[station]) if end != 0.0]
        at = np.isin(x.anchor, ends)
        if not np.any(at):
            return exact
        return tuple(choose(at, there, here) for there, here in zip(usual(x), exact, strict=True))

    def pull(self, y: Any) -> tuple[Any, Any]:
        return super().pull(y) if isinstance(y, Foreign) else self.carry_back(y)

    def pull_point(self, y: Any) -> Any:
        return super().pull_point(y) if isinstance(y, Foreign) else self.carry_back(y)[0]

    def push(self, x: Any) -> Any:
        return super().push(x) if isinstance(x, Foreign) else self.carry(x)[0]


@dataclass(frozen=True)
class Narrowness:
    """How many of its widths the place of a law is, at the worst: anywhere on the way, before a map that is no line, and
    after one. The last two are what doubles round when points are pulled back, and when nodes are carried forth."""

    anywhere: float = 0.0
    pulled: float = 0.0
    carried: float = 0.0

    @property
    def lost(self) -> float:
        """What of a log-density rounding takes, in ulps of 1."""
        worst = max(self.pulled, self.carried)
        return 4.0 * worst if worst > 1.0 / NARROW else 0.0

    def blurs(self, *, fragile: bool) -> bool:
        """Whether doubles do not tell where in the law a point lies."""
        return self.pulled > (BLURRED_BESIDE_ENDS if fragile else BLURRED)

    def joined(self, other: Narrowness) -> Narrowness:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Narrowness(*(max(pair) for pair in pairs))


# That of a law whose points doubles tell apart.
WIDE = Narrowness()


def narrowness(base: Any, branches: Sequence[Any]) -> Narrowness:
    """Of the law of g(X), X of law `base`, with g by its monotone pieces; doubles tell where a law is not narrow."""
    worst = WIDE
    with suppress(ArithmeticError, TypeError):  # of parameters that are no doubles: these move, or have more digits
        shape = np.broadcast_shapes(base.batch_shape, *(branch.map.batch_shape for branch in branches))
        for quartiles in _quartiles(base, QUARTERS.reshape(2, *(1,) * len(shape))):
            for branch in branches:
                if not _is_wide(quartiles, branch):
                    worst = worst.joined(_along(quartiles, exact_steps(branch.map), branch.domain))
    return worst


def _quartiles(law: Any, levels: np.ndarray) -> Iterator[Any]:
    """The ends of the middle half of each part of a law, of all members of a batch at once."""
    if law.batch_shape:
        yield law.raw_ppf(levels)
        return
    for part in law.parts():
        if part.root.inverts_fast and part.root.log_continuous_mass > -np.inf:
            yield _middle_half(part, levels)


def _middle_half(part: Any, levels: np.ndarray) -> Any:
    """Of the image of a part; where its map turns, the ends of the root's may have one image."""
    if part.injective:
        return part.forward(part.root.raw_ppf(levels))[0]
    x = part.forward(part.root.raw_ppf(np.linspace(levels.flat[0], levels.flat[1], SEEN)))[0]
    order = np.argsort(value(x))
    return x[order[[0, -1]]]


def _is_wide(quartiles: Any, branch: Any) -> bool:
    """Whether the law is wide for its place all the way, as doubles see it; or the piece holds next to nothing of it."""
    low, high = value(branch.domain.low), value(branch.domain.high)
    whole = value(quartiles)
    x = np.minimum(np.maximum(whole, low), high)
    if np.all(np.abs(x[1] - x[0]) < SLIVER * np.abs(whole[1] - whole[0])):
        return True
    for step in (None, *branch.map.steps):
        x = x if step is None else np.asarray(value(step.forward(x)))
        width = np.abs(x[1] - x[0]) / NARROW
        if not np.all((np.abs(x) * 2.0 < width) | ~np.isfinite(width)):
            return False
    return True


def _along(quartiles: Any, steps: Sequence[Any], domain: Interval) -> Narrowness:
    """Of one piece of the map: of the part of the middle half of the law that it takes."""
    ends = [choose(x < domain.low, Anchored.at(domain.low), x) for x in (quartiles[0], quartiles[1])]
    ends = [choose(x > domain.high, Anchored.at(domain.high), x) for x in ends]
    ratios = [_ratio(*ends)]
    known = ratios[:]  # the same, but of points that are known by their distance from a limit of a map
    for step in steps:
        ends = [carried(step, x)[0] for x in ends]
        ratios.append(_ratio(*ends))
        known.append(_ratio(*(_from_limit(x, step.codomain) for x in ends)))
    # Points whose own place is coarse do not know it, nor do those that are told by the distance from a rounded end.
    whole = all(np.all(np.isinf(value(end))) for end in domain.edges)
    known = known if whole and ratios[-1] < 1.0 / NARROW else ratios
    anywhere, curved = max(ratios), [i for i, step in enumerate(steps) if not is_line(step)]
    rounded = TWICE * max(known) * EPS  # by two doubles, beside which the law may be narrow too
    pulled, carried_forth = (max((found[i + k] for i in curved), default=0.0) for found, k in ((known, 0), (ratios, 1)))
    return Narrowness(anywhere, max(pulled, rounded), max(carried_forth, rounded))


def _from_limit(x: Any, codomain: Any) -> Any:
    """The distance of points from the limit of a map that they are anchored at: it does not round as their place does."""
    limits = [end for end in codomain.edges if not isinstance(end, Anchored) and np.isfinite(end) and end != 0.0]
    if not (isinstance(x, Anchored) and limits):
        return x
    return choose(np.isin(x.anchor, limits), Anchored(0.0, x.offset, x._log), x)


def _ratio(first: Any, last: Any) -> float:
    """The place of a law in widths of its middle half; 0 where that cannot be told."""
    width, place = np.abs(value(last - first)), np.maximum(np.abs(value(first)), np.abs(value(last)))
    ratio = np.where((width > 0.0) & np.isfinite(place), place / width, 0.0)
    return float(np.max(ratio, initial=0.0))


def beyond_doubles(base: Any, domain: Interval) -> tuple[float, float]:
    """What the ends of a piece of the support of a law are beyond their doubles; NaN where that is not known."""
    if base.batch_shape or not all(type(end) is float for end in domain.edges):
        return np.nan, np.nan
    known = [0.0 if slack == 0.0 else np.nan for slack in domain.slacks]
    rounded = [np.isnan(rest) and np.isfinite(end) for rest, end in zip(known, domain.edges, strict=True)]
    if any(rounded) and domain.edges == base.support.edges:
        rests = ends_beyond_doubles(base)
        known = [rest if unknown else exact for rest, unknown, exact in zip(rests, rounded, known, strict=True)]
    return known[0], known[1]


def keeps_place(law: Any, simple: Any) -> bool:
    """Whether a law that one on a way through maps is replaced by stands where that does, to the rounding of its width."""
    if not law.narrowness.anywhere:
        return True
    base, maps = law.unfolded
    steps = [exact for step in maps for exact in exact_steps(step)]
    if not (base.location_name and simple.location_name and all(map(is_line, steps))):
        return False
    with quiet():
        place, _ = carried_all(steps, base.params[base.location_name])
    return bool(abs(value(place - simple.params[simple.location_name])) <= EPS * simple.params[simple.scale_name])


def in_digits(law: Any, formula: Callable[[Any], Any], points: np.ndarray) -> np.ndarray:
    """A raw formula of a law at points, each in as many digits as its maps round away, rounded to doubles."""
    name = formula.__name__.removeprefix("raw_")
    return _each(law, name, lambda y: getattr(law, name)(float(y), dps=DIGITS), lambda: formula(points), points)


def mass_in_digits(law: Any, usual: Callable[[], Any], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """P(a < X <= b), from the nearer tail, rounded to doubles."""

    def mass(low: Any, high: Any) -> Any:
        if not low < high:
            return 0.0
        first, last = (law.cdf(float(end), dps=2 * DIGITS) for end in (low, high))
        return last - first if last < 0.5 else law.sf(float(low), dps=2 * DIGITS) - law.sf(float(high), dps=2 * DIGITS)

    return _each(law, "prob", mass, usual, a, b)


def _each(law: Any, name: str, answer: Callable[..., Any], usual: Callable[[], Any], *points: np.ndarray) -> np.ndarray:
    """answer(*points) one by one, where it has one and they are few; the usual one, with a word on its error, elsewhere."""
    refusal = None
    if (size := np.broadcast(*points).size) <= MOST:
        try:
            return np.vectorize(lambda *at: float(answer(*at)), otypes=[float])(*points)
        except UnsupportedOperationError as error:
            refusal = error
    error = law.narrowness.pulled * EPS
    told = f"{name} of {law}: rounding on the way to {size} points is {error:.0e} of the width of the law"
    if error > ROUGH:
        raise UnsupportedOperationError(f"{told}; ask for at most {MOST} at once, or with dps=") from refusal
    warn(told, AccuracyWarning)
    return np.asarray(value(usual()))


__all__ = [
    "NARROW",
    "ExactRoute",
    "Narrowness",
    "beyond_doubles",
    "carried_all",
    "in_digits",
    "keeps_place",
    "mass_in_digits",
    "narrowness",
    "stretched",
]
