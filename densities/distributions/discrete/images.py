"""Images, mixtures and truncations of laws of point masses: their strands mapped, weighed and cut."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, singledispatch
from itertools import zip_longest
from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import identity, quiet
from densities.distributions import truncated
from densities.distributions.lattice import LISTED, Discrete, Strand
from densities.distributions.mixture import KINDS, Mixture
from densities.distributions.pushforward import Pushforward
from densities.distributions.strands import LOG_TINY
from densities.distributions.supports import on_poles, shared_batch
from densities.distributions.tables import LogTable, Table
from densities.distributions.truncated import Truncated
from densities.domains import Interval
from densities.errors import SupportError, UnsupportedOperationError
from densities.numerics.sums import FARTHEST
from densities.protocols import as_distribution, push_forward
from densities.transforms.base import Bijection, Piece, Transform, is_identity
from densities.transforms.chains import Chain
from densities.transforms.linear import line_coefficients
from densities.transforms.manytoone import Endless, Rounding


class Lookup:
    """The map from an index to the place of that index."""

    def __init__(self, places: np.ndarray):
        self.places = places

    def forward(self, k: Any) -> Any:
        return self.places[np.clip(np.asarray(k), 0, len(self.places) - 1).astype(int)]

    def inverse(self, y: Any) -> Any:
        return np.searchsorted(self.places, y).astype(float)


def listed(places: np.ndarray, logs: np.ndarray, *, partial: bool = False) -> tuple[Strand, ...]:
    """The strand of point masses given one by one by their logarithms, equal places added up."""
    unique, inverse = np.unique(places + 0.0, return_inverse=True)
    joined = np.full(unique.shape, -np.inf)
    np.logaddexp.at(joined, inverse, logs)
    lookup, table = Lookup(unique), LogTable(joined, partial=partial)
    return (Strand(table, table.low, table.high, (lookup.forward,), (lookup.inverse,), smooth=False),)


@singledispatch
def pushed(step: Transform, strand: Strand) -> list[Strand]:
    """The strand through one map, in as many pieces as the map has directions."""
    if step.nondecreasing:
        return raised(step, strand)
    low, high = strand.hull
    if low == high:
        return [strand.through(step.forward, identity, up=True, smooth=False)]
    pieces = step.pieces_within(Interval(low, high, low_closed=True, high_closed=True))
    found = []
    for piece, following in zip_longest(pieces, pieces[1:]):
        part = strand
        if following is not None:
            end = float(value(piece.domain.high))
            here, there = piece.domain.high_closed, following.domain.low_closed
            first, last = strand.below(np.asarray(end), closed=here or not there)
            part = strand.cut(float(first), float(last))
            strand = strand.cut(float(last) + 1.0, np.inf) if strand.up else strand.cut(-np.inf, float(first) - 1.0)
        up = bool(piece.map.increasing) if isinstance(piece, Piece) else True
        back = piece.map.inverse if isinstance(piece, Piece) else identity
        found.append(part.through(step.forward, back, up=up, smooth=isinstance(piece, Piece)))
    return [_lumped(part) for part in found if not part.is_empty]


@pushed.register
def _(step: Bijection, strand: Strand) -> list[Strand]:
    return [strand.through(step.forward, step.inverse, up=bool(step.increasing), smooth=True)]


@pushed.register(Rounding)
def raised(step: Transform, strand: Strand) -> list[Strand]:
    """The strand through a map that never falls, and may be constant."""
    return _without_flat_ends(strand.through(step.forward, identity, up=True, smooth=False))


def _without_flat_ends(strand: Strand) -> list[Strand]:
    """The strand, but one point mass each for endlessly many integers at one place."""
    found = []
    with quiet():
        for end in {float(end) for end in strand.hull if np.isfinite(end)}:
            first, last = map(float, strand.on(np.asarray(end)))
            if first <= last and np.isinf(last - first):
                found.append(_lumped(strand.cut(first, last)))
                strand = strand.cut(-np.inf, first - 1.0) if np.isinf(last) else strand.cut(last + 1.0, np.inf)
    return [part for part in (strand, *found) if not part.is_empty]


def _lumped(strand: Strand) -> Strand:
    """One point mass for a long strand with a single place, or for integers beyond those that are looked at."""
    low, high = strand.hull
    beyond = strand.low > FARTHEST or strand.high < -FARTHEST
    if not beyond and not (low == high and strand.is_long):
        return strand
    lookup = Lookup(np.array([float(low)]))
    weight = float(strand.log_mass((strand.low, strand.high)))
    return Strand(Table(np.ones(1)), 0.0, 0.0, (lookup.forward,), (lookup.inverse,), smooth=False, log_weight=weight)


@pushed.register
def _(step: Endless, strand: Strand) -> list[Strand]:
    """The image under a map with endlessly many pieces: as many atoms as are listed, all that carry mass among them.

    Where another law has mass on an atom that carries none, its logarithm still tells how far apart the two are.
    """
    low, high = strand.effective
    if not high - low < LISTED:
        raise UnsupportedOperationError(
            f"{step}: it turns infinitely often, and the law has more than {LISTED} atoms; truncate the law first"
        )
    low, high = max(float(strand.low), high - LISTED + 1.0), min(float(strand.high), low + LISTED - 1.0)
    k = np.arange(low, high + 1.0)
    places, logs = step.forward(strand.at(k)), strand.law.log_pmf(k)
    known = ~np.isnan(places)
    if np.any(~known & (logs + strand.log_weight > LOG_TINY)):
        lost = np.exp(np.logaddexp.reduce(logs[~known]) + strand.log_weight)
        raise UnsupportedOperationError(
            f"{step}: {lost:.6g} of the mass lies beyond the largest double, where it has no value; "
            "rescale or truncate the law first"
        )
    places, logs = places[known], logs[known]
    whole = float(np.logaddexp.reduce(logs))  # a table holds the whole of a law, and the strand a share of it
    partial = strand.law.partial or low > strand.low or high < strand.high or not np.all(known)
    return [part.weighed(strand.log_weight + whole) for part in listed(places, logs - whole, partial=partial)]


def check_atoms(law: Discrete, strands: Sequence[Strand], step: Transform) -> None:
    """SupportError where point masses lie outside the domain of a map, or on its poles."""
    domain = step.domain
    if not isinstance(domain, Interval):
        return
    lost = []
    for strand in strands:
        low, high = (np.asarray(value(end), dtype=float) for end in domain.edges)
        if low > -np.inf:
            lost.append(
                (
                    f"P(X {'<' if domain.low_closed else '<='} {low:.6g})",
                    strand.log_mass(strand.below(low, closed=not domain.low_closed)),
                )
            )
        if high < np.inf:
            first, last = strand.below(high, closed=domain.high_closed)
            outside = (last + 1.0, strand.high) if strand.up else (strand.low, first - 1.0)
            lost.append((f"P(X {'>' if domain.high_closed else '>='} {high:.6g})", strand.log_mass(outside)))
        lost += [(f"P(X in {gap})", strand.log_mass(_indices(strand, gap))) for gap in domain.gaps]
        for place in _poles(step, strand):
            lost.append((f"P(X = {place:.6g})", strand.log_mass(strand.on(np.asarray(place)))))
    lost = [(what, float(mass)) for what, mass in lost if mass > -np.inf]
    if lost:
        what, log_mass = max(lost, key=lambda item: item[1])
        amount = f"{np.exp(log_mass):.6g}" if log_mass > -700 else f"10^{log_mass / np.log(10):.6g}"
        raise SupportError(
            f"{step}: {what} = {amount} of {law} lies outside its domain; restrict the law with truncate(...) "
            "or choose a map defined there",
            lost_mass=float(np.exp(log_mass)),
            log_lost_mass=log_mass,
        )


def _indices(strand: Strand, interval: Interval) -> tuple[Any, Any]:
    """The first and the last index of the strand in an interval."""
    part = strand.cut(*map(float, strand.below(np.asarray(interval.high), closed=interval.high_closed)))
    first, last = part.below(np.asarray(interval.low), closed=not interval.low_closed)
    return (last + 1.0, part.high) if part.up else (part.low, first - 1.0)


def _poles(step: Transform, strand: Strand) -> list[float]:
    """Ends of pieces of the map, or of the strand, where the map has no finite value, but has one on either side."""
    if isinstance(step, Bijection | Endless) or step.nondecreasing:
        return []
    low, high = strand.hull
    pieces = step.pieces_within(Interval(low, high, low_closed=True, high_closed=True))
    ends = {float(value(end)) for piece in pieces for end in piece.domain.edges} | {float(low), float(high)}
    return on_poles(step, np.array([end for end in ends if np.isfinite(end)])).tolist()


class Image(Discrete, Pushforward):
    """The law of transform(X) for X of point masses: at fl(g(k)), with the masses of all k that round there."""

    base: Any

    def __init__(self, base: Any, transform: Transform):
        self.base, self.transform = base, transform
        self.params = {}
        self.batch_shape = shared_batch(base, transform)
        self.broadcasts = False
        with quiet():
            _ = self.support if self.batch_shape else self.strands

    @cached_property
    def strands(self) -> Sequence[Strand]:
        strands = list(self.base.strands)
        for step in self.transform.steps:
            check_atoms(self.base, strands, step)
            strands = [part for strand in strands for part in pushed(step, strand)]
        return tuple(strands)

    @cached_property
    def support(self) -> Interval:
        if not self.batch_shape:
            return Discrete.support.func(self)  # type: ignore[attr-defined]
        members = [self.member(index, self.batch_shape).support for index in np.ndindex(self.batch_shape)]
        low, high = (
            np.reshape([float(getattr(member, end)) for member in members], self.batch_shape) for end in ("low", "high")
        )
        return Interval(low, high, low_closed=True, high_closed=True)

    @property
    def narrowness(self) -> Any:
        """That of the base: an atom lies where the doubles put it."""
        return self.base.narrowness

    def member(self, index: tuple[int, ...], shape: tuple[int, ...]) -> Any:
        return Image(self.base.member(index, shape), self.transform.member(index, shape)) if self.batch_shape else self

    def replace(self, **changes: Any) -> Any:
        return Image(self.base.replace(**changes), self.transform)

    def _push(self, x: Any) -> Any:
        return self.transform.forward(x) + 0.0  # an atom at -0 is one at 0

    def draw_from(self, source: Any) -> Any:
        return self.transform.forward(self.base.draw_from(source)) + 0.0

    def _affine_image(self, name: str, image: Any) -> Any:
        """A summary of an image under lines alone, from that of the base."""
        lines = [line_coefficients(step) for step in self.transform.steps]
        if any(line is None for line in lines):
            return None
        result = getattr(self.base, name)()
        for loc, scale in lines:  # type: ignore[misc]
            result = image(result, loc, scale)
        return result

    def closed_entropy(self) -> Any:
        """A bijection keeps the masses."""
        return self.base.entropy() if isinstance(self.transform, Bijection) else None

    def closed_mode(self) -> Any:
        if isinstance(self.transform, Bijection):
            return self.transform(self.base.mode())
        return Discrete.closed_mode(self)


@push_forward.register
def image(law: Discrete, transform: Transform) -> Any:
    """The law of transform(X). Bijections stay apart as they were applied: 0.1·k/0.1 is not k in doubles."""
    result: Any = law
    for step in transform.steps:
        if is_identity(step):
            continue
        if isinstance(result, Image) and isinstance(result.transform, Bijection) and isinstance(step, Bijection):
            result = Image(result.base, Chain((*result.transform.steps, step)))  # type: ignore[arg-type]
        else:
            result = Image(result, step)
    return result


class DiscreteMixture(Discrete, Mixture):
    """Σ wᵢ Pᵢ of laws of point masses: masses at equal places add up."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return object.__new__(cls)

    @cached_property
    def strands(self) -> Sequence[Strand]:
        return tuple(
            strand.weighed(float(np.log(weight))) for weight, component in self._terms for strand in component.strands
        )

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return Mixture.draw(self, rng, shape)


def _only_atoms(components: Sequence[Any]) -> bool:
    return bool(len(components)) and all(as_distribution(component).measure == "counting" for component in components)


KINDS.append((_only_atoms, DiscreteMixture))


class DiscreteTruncated(Discrete, Truncated):
    """A law of point masses given low < X <= high."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return object.__new__(cls)

    @cached_property
    def _cut(self) -> list[Strand]:
        with quiet():
            return [part for strand in self.base.strands for part in [self._between_ends(strand)] if not part.is_empty]

    def _between_ends(self, strand: Strand) -> Strand:
        (low_first, low_last), (high_first, high_last) = (
            strand.below(np.asarray(end), closed=True) for end in (self.low, self.high)
        )
        if strand.up:
            low, high = float(low_last) + 1.0 if self.low > -np.inf else strand.low, float(high_last)
        else:
            low, high = float(high_first), float(low_first) - 1.0 if self.low > -np.inf else strand.high
        return strand.cut(low, high)

    @cached_property
    def log_mass(self) -> float:
        with quiet():
            return float(
                np.logaddexp.reduce(
                    [strand.log_mass((strand.low, strand.high)) for strand in self._cut], initial=-np.inf
                )
            )

    @cached_property
    def strands(self) -> Sequence[Strand]:
        return tuple(strand.weighed(-self.log_mass) for strand in self._cut)


truncated.KINDS.append((lambda law: as_distribution(law).measure == "counting", DiscreteTruncated))


__all__ = ["DiscreteMixture", "DiscreteTruncated", "Image", "Lookup", "image", "listed"]
