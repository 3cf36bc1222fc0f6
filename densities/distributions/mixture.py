"""Mixtures: f = Σ wᵢ fᵢ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, reduce
from typing import Any

import numpy as np

from densities.anchored import Anchored, choose, is_pure, value
from densities.arrays import quiet, read_only
from densities.distributions.base import Part, Univariate, register
from densities.distributions.branches import merged_atoms, merged_log_atoms
from densities.distributions.continuous.shared import patched
from densities.distributions.family import Family
from densities.distributions.masses import spread
from densities.distributions.moments import closed
from densities.distributions.narrow import Narrowness
from densities.domains import Interval, hull, union
from densities.errors import ParameterError, ShapeError, UnsupportedOperationError, argument_error
from densities.parameters import array_of, checked_shares, number_text
from densities.protocols import as_distribution

# A density whose log is of this size adds nothing to any sum.
FAR = 1e3
# So many points of all those over the mass of the components are known before quantiles are looked for.
GUIDES = 96
# A family so many widths from 0 may still be integrated in the coordinate of the mixture.
NARROWEST = 2.0**22
# From so many components on that have both ends, each is asked only at the points between its own.
CROWD = 16
# Means no further from 0 than so many standard deviations lose next to nothing of their differences.
NEAR = 16.0
# Mixtures of other kinds of laws, filed where they are defined: whether components are of that kind, and what makes it.
KINDS: list[tuple[Callable[[Sequence[Any]], bool], Callable[..., Any]]] = []


class Weighted:
    """What mixtures of every kind of laws have in common: weights and components."""

    params: Any
    weights: Any
    components: tuple[Any, ...]
    _terms: list[tuple[float, Any]]

    def _weigh(self, weights: Sequence[float], components: Sequence[Any]) -> None:
        self.weights = checked_weights(weights, len(components))
        self.components = tuple(as_distribution(component) for component in components)
        self.params = {}
        self._terms = [
            (weight, component) for weight, component in zip(self.weights, self.components, strict=True) if weight > 0
        ]

    @property
    def made_of(self) -> tuple[Any, ...]:
        return self.components

    @property
    def terms(self) -> Sequence[tuple[float, Any]]:
        """The weights that are not zero, each with its component."""
        return self._terms

    @property
    def measure(self) -> str:
        kinds = {component.measure for _, component in self._terms}
        return kinds.pop() if len(kinds) == 1 else "mixed"

    def of_parts(self, weights: Any) -> Any:
        """The mixture of the components with other weights of their parts."""
        last = np.cumsum([len(component.parts()) for _, component in self._terms])
        own = np.split(np.asarray(weights), last[:-1])
        sums = [np.sum(part) for part in own]
        shared = zip(self._terms, own, sums, strict=True)
        return Mixture(sums, [component.of_parts(part / total) for (_, component), part, total in shared])

    def same_as(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Weighted)
            and np.array_equal(self.weights, other.weights)
            and all(a.same_as(b) for a, b in zip(self.components, other.components, strict=True))
        )

    def _text(self, name: str, of: Callable[[Any], str]) -> str:
        return f"{name}([{', '.join(map(number_text, self.weights))}], [{', '.join(map(of, self.components))}])"

    def __str__(self) -> str:
        return self._text("mixture", str)


@register("mixture", examples=(), source="definition")
class Mixture(Weighted, Univariate):
    """f(x) = Σ wᵢ fᵢ(x): component i with probability wᵢ. Components may have atoms (spike and slab).

    weights     numbers >= 0 that sum to 1, one for each component
    components  a list of laws, of this library or any that `as_distribution` takes

    Raises ParameterError for other weights, ShapeError for another number of them.
    Of components that are laws of vectors, `Mixture(weights, components)` makes a `VectorMixture`.
    """

    def __new__(cls, weights: Sequence[float] = (), components: Sequence[Any] = ()) -> Any:
        if not np.iterable(components):
            raise ParameterError(argument_error("components", "a list of laws", components))
        for of_this_kind, kind in KINDS:
            if of_this_kind(components):
                return kind(weights, components)
        return super().__new__(cls)

    def __init__(self, weights: Sequence[float], components: Sequence[Any]):
        self._weigh(weights, components)
        for component in self.components:
            if not isinstance(component, Univariate) or component.batch_shape:
                raise ShapeError(argument_error("components", "scalar laws on the line", component))

    @cached_property
    def support(self) -> Interval:
        return hull([component.support for _, component in self._terms])

    @cached_property
    def atoms(self) -> tuple[np.ndarray, np.ndarray]:
        places, masses = self._listed("atoms", np.multiply)
        return read_only(*merged_atoms(places, masses))

    @cached_property
    def log_atoms(self) -> tuple[np.ndarray, np.ndarray]:
        with quiet():
            places, logs = self._listed("log_atoms", lambda weight, logs: np.log(weight) + logs)
        return read_only(*merged_log_atoms(places, logs))

    def _listed(self, atoms: str, weighted: Callable[[float, np.ndarray], np.ndarray]) -> tuple[np.ndarray, ...]:
        """The places and the weighted masses of all atoms of the components."""
        found = [
            (places, weighted(weight, masses))
            for weight, (places, masses) in (self._of(term, atoms) for term in self._terms)
        ]
        return tuple(map(np.concatenate, zip(*found, strict=True)))

    @staticmethod
    def _of(term: tuple[float, Any], atoms: str) -> tuple[float, tuple[np.ndarray, np.ndarray]]:
        """The weight and the atoms of a component."""
        weight, component = term
        try:
            return weight, getattr(component, atoms)
        except UnsupportedOperationError as error:
            raise UnsupportedOperationError(
                f"a mixture with a density: expected components whose point masses can be listed, got {component}, which has "
                f"too many to list; cut its tail, as in truncate({component}, -inf, 100000), or ask the components and add up "
                "weight times answer"
            ) from error

    def logpmf(self, y: Any) -> Any:
        """log Σ wᵢ P(Xᵢ = y), where the masses underflow too."""
        with quiet():
            logs = [np.log(weight) + component.logpmf(y) for weight, component in self._terms]
            result = np.maximum(super().logpmf(y), np.logaddexp.reduce(logs))
        return result if np.ndim(result) else float(result)

    @cached_property
    def log_continuous_mass(self) -> float:
        if not len(self.atoms[0]):
            return 0.0
        return float(
            np.logaddexp.reduce(
                [np.log(weight) + component.log_continuous_mass for weight, component in self._continuous],
                initial=-np.inf,
            )
        )

    @cached_property
    def _continuous(self) -> list[tuple[float, Any]]:
        return [(weight, component) for weight, component in self._terms if component.log_continuous_mass > -np.inf]

    @cached_property
    def narrowness(self) -> Narrowness:
        return reduce(Narrowness.joined, (component.narrowness for _, component in self._terms))

    @cached_property
    def critical_points(self) -> Sequence[float]:
        ends = [
            float(value(end))
            for _, component in self._terms
            for end in (*component.support.edges, *component.critical_points)
        ]
        return sorted({end for end in ends if np.isfinite(end) and end not in self.support.edges})

    def _log_sum(self, terms: Sequence[Any], x: Any) -> Any:
        plain = reduce(np.logaddexp, map(value, terms), np.full(np.shape(x), -np.inf))
        if not any(isinstance(term, Anchored) for term in terms):
            return plain
        # Far out, where ratios of densities go to their limits, anchored numbers tell the terms apart to the last digit.
        return patched(plain, ~(np.abs(plain) < FAR), lambda *parts: reduce(np.logaddexp, parts), *terms)

    def raw_logpdf(self, x: Any) -> Any:
        bounded = np.count_nonzero(np.all(np.isfinite(self._spans), axis=0))
        if bounded >= CROWD and np.ndim(x) and isinstance(x, np.ndarray | Anchored):
            return self._logpdf_within(x.reshape(-1)).reshape(np.shape(x))
        return self._logpdf_of_all(x)

    def _logpdf_of_all(self, x: Any) -> Any:
        return self._log_sum(
            [component.logpdf_anywhere(x) + np.log(weight) for weight, component in self._continuous], x
        )

    @cached_property
    def _spans(self) -> np.ndarray:
        """(2, components): the doubles at the ends of what has a density."""
        return np.array([[value(end) for end in component.support.edges] for _, component in self._continuous]).T

    def _logpdf_within(self, x: Any) -> Any:
        """The same at a vector of points, each component asked only at those between its ends."""
        order = np.argsort(value(x))
        places = np.asarray(value(x))[order]
        total, anchored_terms = np.full(order.shape, -np.inf), False
        starts = np.searchsorted(places, self._spans[0], side="left")
        stops = np.searchsorted(places, self._spans[1], side="right")
        for (weight, component), start, stop in zip(self._continuous, starts, stops, strict=True):
            if start < stop:
                rows = order[start:stop]
                term = component.logpdf_anywhere(x[rows]) + np.log(weight)
                anchored_terms |= isinstance(term, Anchored)
                total[rows] = np.logaddexp(total[rows], value(term))
        return patched(total, anchored_terms & ~(np.abs(total) < FAR), self._logpdf_of_all, x)

    def raw_cdf(self, x: Any) -> Any:
        return sum(component.anywhere("cdf", x) * weight for weight, component in self._continuous)

    def raw_sf(self, x: Any) -> Any:
        return sum(component.anywhere("sf", x) * weight for weight, component in self._continuous)

    def raw_logcdf(self, x: Any) -> Any:
        return self._log_sum(
            [component.anywhere("logcdf", x) + np.log(weight) for weight, component in self._continuous], x
        )

    def raw_logsf(self, x: Any) -> Any:
        return self._log_sum(
            [component.anywhere("logsf", x) + np.log(weight) for weight, component in self._continuous], x
        )

    def raw_log_mass(self, a: Any, b: Any) -> Any:
        logs = [np.log(weight) + _log_mass_within(component, a, b) for weight, component in self._continuous]
        return self._log_sum(logs, value(b - a))

    def _closed_of_all(self, name: str) -> np.ndarray | None:
        """A summary of every component, where all have it in closed form."""
        found = [closed(component, name) for _, component in self._terms]
        return None if any(one is None for one in found) else np.array(found, dtype=float)

    def closed_mean(self) -> Any:
        means = self._closed_of_all("mean")
        return None if means is None else float(np.dot([weight for weight, _ in self._terms], means))

    def closed_var(self) -> Any:
        """Σ wᵢ(vᵢ + (mᵢ - m)²), where the means are not so far from 0 that their rounding shows."""
        means, variances, mean = self._closed_of_all("mean"), self._closed_of_all("var"), self.closed_mean()
        if means is None or variances is None or not np.isfinite(mean):
            return None
        var = float(np.dot([weight for weight, _ in self._terms], variances + (means - mean) ** 2))
        return var if np.max(np.abs(means)) <= NEAR * np.sqrt(var) else None

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        which = rng.choice(
            len(self._terms), size=shape, p=np.array([w for w, _ in self._terms]) / sum(w for w, _ in self._terms)
        )
        draws = np.empty(shape)
        for index, (_, component) in enumerate(self._terms):
            chosen = which == index
            draws[chosen] = component.rvs(int(np.count_nonzero(chosen)), rng=rng)
        return draws

    def parts(self) -> Sequence[Part]:
        return self._parts_of(self._terms)

    def joined_parts(self) -> Sequence[Part]:
        (whole,) = super().parts()
        own = [term for term in self._continuous if _is_own_root(term[1])]
        if len(own) == len(self._continuous):
            return (whole,)
        if len(own) < 2:
            return self.parts()
        total = sum(weight for weight, _ in own)
        joined = Mixture([weight / total for weight, _ in own], [component for _, component in own])
        others = [term for term in self._continuous if not _is_own_root(term[1])]
        return (replace(whole, weight=total, root=joined, injective=False), *self._parts_of(others))

    @staticmethod
    def _parts_of(terms: Sequence[tuple[float, Any]]) -> tuple[Part, ...]:
        return tuple(
            replace(part, weight=weight * part.weight, injective=False)
            for weight, component in terms
            for part in component.parts()
        )

    def carriers(self) -> Sequence[Interval]:
        return union([interval for _, component in self._continuous for interval in component.carriers()])

    def marks(self) -> np.ndarray:
        return np.concatenate([*(component.landmarks() for _, component in self._terms), self.kinks()])

    def guide(self) -> np.ndarray:
        return self._guide

    @cached_property
    def _guide(self) -> np.ndarray:
        """Some of the points over the mass of all components, and all places where the density breaks."""
        points = np.unique(np.concatenate([spread(component) for _, component in self._continuous]))
        some = points[np.unique(np.linspace(0, len(points) - 1, GUIDES).astype(int))]
        points = np.unique(np.concatenate([some, self.critical_points]))
        return points[(np.abs(points) < 1e290) & np.asarray(self.support.interior_contains(points))]

    def kinks(self) -> np.ndarray:
        ends = [np.asarray(component.support.edges, dtype=float) for _, component in self._terms]
        return np.unique(
            np.concatenate(
                [component.kinks() for _, component in self._terms] + [end[np.isfinite(end)] for end in ends]
            )
        )

    def replace(self, **changes: Any) -> Mixture:
        return Mixture(**{"weights": self.weights, "components": self.components, **changes})

    def __repr__(self) -> str:
        return self._text("Mixture", repr)


def _is_own_root(law: Any) -> bool:
    """Whether expectations over the law are taken in its own coordinate, or may be: doubles tell its points apart."""
    return law.parts()[0].root is law or (isinstance(law, Family) and law.narrowness.anywhere < NARROWEST)


def _log_mass_within(law: Any, a: Any, b: Any) -> Any:
    """log of the mass of the law between a and b, which need not lie in its support."""
    a, b = (law._placed(x.offset) if isinstance(x, Anchored) and is_pure(x) and x._log is None else x for x in (a, b))
    low, high = law.support.edges
    below, above = np.asarray(a <= low), np.asarray(b >= high)
    apart = np.asarray(b <= low) | np.asarray(a >= high)
    inside = law.support.interior_point()
    start, stop = choose(below | apart, inside, a), choose(above | apart, inside, b)
    inner = value(law.raw_log_mass(start, choose(above & ~below, start, stop)))
    whole = np.where(below & above, law.log_continuous_mass, inner)
    whole = np.where(below & ~above, value(law.anywhere("logcdf", b)), whole)
    whole = np.where(above & ~below, value(law.anywhere("logsf", a)), whole)
    return np.where(apart, -np.inf, whole)


def checked_weights(weights: Sequence[float], n: int) -> np.ndarray:
    array = array_of(weights)
    if array.ndim != 1 or len(array) != n or n == 0:
        raise ShapeError(argument_error("weights", f"one weight for each of the {n} components", weights))
    return checked_shares(array, "weights", weights)
