"""Laws of point masses that are given one by one: sums, products and extremes of independent countable variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial, reduce
from typing import Any

import numpy as np

from densities.arrays import quiet
from densities.distributions.branches import merged_atoms
from densities.distributions.lattice import Discrete, Strand
from densities.distributions.strands import LOG_TINY
from densities.distributions.tables import Table
from densities.errors import UnsupportedOperationError

__all__ = ["Listed", "combined", "extreme_of", "listed_strand"]

# The most pairs of atoms that are combined.
MOST = 2**22


class Listed(Discrete):
    """P(Y = places[i]) = masses[i], the law of an operation on independent laws of point masses."""

    def __init__(self, operation: str, laws: Sequence[Any], places: np.ndarray, masses: np.ndarray):
        self.operation, self.laws, self.params = operation, tuple(laws), {}
        self.places, self.listed = places, masses

    @cached_property
    def strands(self) -> Sequence[Strand]:
        return (listed_strand(self.places, Table(self.listed, partial=any(map(leaves_out, self.laws)))),)

    @property
    def operands(self) -> tuple[Any, ...]:
        """The laws whose combination this is."""
        return self.laws

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return rng.choice(self.places, size=shape, p=self.listed / np.sum(self.listed))

    def same_as(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Listed)
            and self.operation == other.operation
            and len(self.laws) == len(other.laws)
            and all(a.same_as(b) for a, b in zip(self.laws, other.laws, strict=True))
        )

    def replace(self, **changes: Any) -> Listed:
        given = {"operation": self.operation, "laws": self.laws, "places": self.places, "masses": self.listed}
        return Listed(**{**given, **changes})

    def __str__(self) -> str:
        return f"{self.operation}({', '.join(map(str, self.laws))})"

    def __repr__(self) -> str:
        return f"{self.operation}({', '.join(map(repr, self.laws))})"


def leaves_out(law: Any) -> bool:
    """Whether a list of the atoms of a law leaves some out: those that are endless, or too light for doubles."""
    with quiet():
        return any(
            strand.law.partial
            or not np.isfinite(strand.high - strand.low)
            or strand.log_mass((strand.low, strand.low)) < LOG_TINY
            or strand.log_mass((strand.high, strand.high)) < LOG_TINY
            for strand in law.strands
        )


def listed_strand(places: np.ndarray, law: Any) -> Strand:
    """The integers 0, 1, ... of a law at the listed places, which rise."""
    return Strand(law, 0.0, len(places) - 1.0, (partial(_place, places),), (partial(_index, places),), smooth=False)


def _place(places: np.ndarray, k: Any) -> Any:
    return places[np.clip(np.rint(k), 0, len(places) - 1).astype(int)]


def _index(places: np.ndarray, y: Any) -> Any:
    return np.interp(y, places, np.arange(len(places)))


def combined(operation: str, function: Callable[[Any, Any], Any], laws: Sequence[Any]) -> Listed:
    """The law of function(X, Y), and so on, for independent laws of point masses: all pairs of atoms."""

    def both(one: Any, other: Any) -> tuple[np.ndarray, np.ndarray]:
        (places, masses), (beside, weights) = one, other
        if len(places) * len(beside) > MOST:
            raise UnsupportedOperationError(
                f"{operation}({', '.join(map(str, laws))}): {len(places)} times {len(beside)} atoms are too many to "
                "combine; draw with rvs and add the draws"
            )
        found = merged_atoms(np.ravel(function(places[:, None], beside)) + 0.0, np.ravel(masses[:, None] * weights))
        return tuple(part[found[1] > 0] for part in found)  # type: ignore[return-value]

    with np.errstate(all="ignore"):
        places, masses = reduce(both, [law.atoms for law in laws])
    return Listed(operation, laws, places, masses)


def extreme_of(operation: str, laws: Sequence[Any]) -> Listed:
    """The law of the minimum or maximum of independent laws of point masses.

    With a_i = P(X_i <= y) and b_i = P(X_i < y), Π a - Π b = Σ_i b_1..b_{i-1} P(X_i = y) a_{i+1}.. has no cancellation;
    for a minimum the same with the tails above.
    """
    places = np.unique(np.concatenate([law.atoms[0] for law in laws]))
    tail = "cdf" if operation == "maximum" else "sf"
    before = np.concatenate([[-np.inf], places[:-1]])
    points = {"cdf": (places, before), "sf": (before, places)}[tail]
    wide, narrow = ([np.asarray(getattr(law, tail)(y)) for law in laws] for y in points)
    single = [np.asarray(law.pmf(places)) for law in laws]
    masses = sum(np.prod([*narrow[:i], single[i], *wide[i + 1 :]], axis=0) for i in range(len(laws)))
    kept = np.asarray(masses) > 0
    return Listed(operation, laws, places[kept], np.asarray(masses)[kept])
