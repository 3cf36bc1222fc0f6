"""Laws of point masses that are given one by one: sums, products and extremes of independent countable variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial, reduce
from typing import Any

import numpy as np

from densities.arrays import quiet
from densities.distributions.branches import merged_atoms
from densities.distributions.lattice import LISTED, Discrete, Strand, silently
from densities.distributions.strands import LOG_TINY
from densities.distributions.tables import NOTHING, LogTable, Table
from densities.errors import UnsupportedOperationError, show

__all__ = ["Listed", "combined", "extreme_of", "listed_strand"]

# The most pairs of atoms that are combined: in any order, in a convolution, and in one of logarithms.
MOST, MOST_ON_LATTICE, MOST_IN_LOGS = 2**22, 2**28, 2**26
# Entries of one block of a convolution of logarithms.
BLOCK = 2**20
# Another law is followed to where no more than e^-230 of it is left, or e^-100 where that is too far.
DEPTHS = (NOTHING, -100.0)


class Listed(Discrete):
    """P(Y = places[i]) = masses[i], the law of an operation on independent laws of point masses."""

    def __init__(self, operation: str, laws: Sequence[Any], places: np.ndarray, masses: np.ndarray):
        self.operation, self.laws, self.params = operation, tuple(laws), {}
        self.places, self.listed = places, masses

    @cached_property
    def strands(self) -> Sequence[Strand]:
        return (listed_strand(self.places, Table(self.listed, partial=self._leaves_out, endless=self._leaves_out)),)

    @cached_property
    def true_ends(self) -> tuple[float, float]:
        """The ends of the law itself, beyond which its list never goes."""
        return tuple(map(float, _ENDS[self.operation](np.array([_true_ends(law) for law in self.laws]))))  # type: ignore[return-value]

    @cached_property
    def _leaves_out(self) -> bool:
        return any(map(leaves_out, self.laws))

    def unlisted(self, y: Any) -> Any:
        if not self._leaves_out:
            return super().unlisted(y)
        low, high = self.true_ends
        whole = all(np.all(law.atoms[0] % 1.0 == 0.0) for law in self.laws)
        return (y >= low) & (y <= high) & ~np.isin(y, self.places) & ((np.asarray(y) % 1.0 == 0.0) | (not whole))

    @silently
    def reaching(self, other: Any) -> Discrete:
        """The law by logarithms of its masses, as far out as `other` has atoms that count, where that can be listed."""
        if not self._leaves_out or self.operation not in _REACHED or self.true_ends[0] == -np.inf:
            return self
        for depth in DEPTHS:
            high = float(other.quantile(np.asarray(depth), lower=False, logs=True))
            found = _REACHED[self.operation](self.laws, high) if np.isfinite(high) else None
            if found is not None:
                places, logs = found
                return Reached(self, places, logs, depth)
        return self

    @property
    def operands(self) -> tuple[Any, ...]:
        """The laws whose combination this is."""
        return self.laws

    @property
    def made_of(self) -> tuple[Any, ...]:
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


class Reached(Listed):
    """A law whose atoms are listed farther out than doubles hold their masses, to where `depth` says that no more count."""

    def __init__(self, law: Listed, places: np.ndarray, logs: np.ndarray, depth: float):
        super().__init__(law.operation, law.laws, places, np.exp(logs))
        self.logs, self.depth = logs, depth

    @cached_property
    def strands(self) -> Sequence[Strand]:
        return (listed_strand(self.places, LogTable(self.logs, partial=True, endless=True, least=self.depth)),)


def _true_ends(law: Any) -> tuple[float, float]:
    return law.true_ends if isinstance(law, Listed) else (float(law.support.low), float(law.support.high))


def _product_ends(ends: np.ndarray) -> tuple[float, float]:
    low, high = 1.0, 1.0
    for pair in ends:
        corners = [0.0 if 0.0 in (a, b) else a * b for a in (low, high) for b in pair]
        low, high = min(corners), max(corners)
    return low, high


_ENDS: dict[str, Callable[[np.ndarray], Any]] = {
    "sum_of": lambda ends: np.sum(ends, axis=0),
    "product_of": _product_ends,
    "maximum": lambda ends: np.max(ends, axis=0),
    "minimum": lambda ends: np.min(ends, axis=0),
}


def _atoms_below(law: Any, high: float) -> tuple[np.ndarray, np.ndarray] | None:
    """Places up to `high` with the logarithms of their masses; None where there are too many."""
    places = []
    for strand in law.strands:
        first, last = (float(k) for k in strand.below(np.asarray(high), closed=True))
        if not last - first < LISTED or strand.law.partial:
            return None
        places.append(strand.at(np.arange(first, last + 1.0)))
    points = np.unique(np.concatenate(places))
    logs = np.asarray(law.logpmf(points))
    return points[logs > -np.inf], logs[logs > -np.inf]


def _log_sum(laws: Sequence[Any], high: float) -> tuple[np.ndarray, np.ndarray] | None:
    """Places and log-masses of a sum of whole numbers up to `high`; None where places are others, or too many."""
    ends = [_true_ends(law)[0] for law in laws]
    start, total = 0.0, np.zeros(1)
    for law, low in zip(laws, ends, strict=True):
        found = _atoms_below(law, high - (sum(ends) - low))
        logs = None if found is None else _on_lattice(*found, nothing=-np.inf)
        if found is None or logs is None or len(total) * len(logs) > MOST_IN_LOGS:
            return None
        start, total = start + found[0][0], _log_convolved(total, logs)
    places = start + np.arange(len(total), dtype=float)
    kept = (places <= high) & (total > -np.inf)
    return places[kept], total[kept]


def _log_extreme(operation: str, laws: Sequence[Any], high: float) -> tuple[np.ndarray, np.ndarray] | None:
    """Places and log-masses of an extreme up to `high`: as `extreme_of` has them, by logarithms."""
    found = [_atoms_below(law, high) for law in laws]
    if any(atoms is None for atoms in found):
        return None
    places = np.unique(np.concatenate([atoms[0] for atoms in found if atoms is not None]))
    places = places[places >= _ENDS[operation](np.array([_true_ends(law) for law in laws]))[0]]
    before = np.nextafter(places, -np.inf)
    wide, narrow = ("logcdf", places, before), ("logsf", before, places)
    tail, outer, inner = wide if operation == "maximum" else narrow
    beyond, within = ([np.asarray(getattr(law, tail)(y)) for law in laws] for y in (outer, inner))
    single = [np.asarray(law.logpmf(places)) for law in laws]
    terms = [np.sum([*within[:i], single[i], *beyond[i + 1 :]], axis=0) for i in range(len(laws))]
    logs = np.logaddexp.reduce(terms, axis=0)
    return places[logs > -np.inf], logs[logs > -np.inf]


_REACHED: dict[str, Callable[[Sequence[Any], float], Any]] = {
    "sum_of": _log_sum,
    "maximum": partial(_log_extreme, "maximum"),
    "minimum": partial(_log_extreme, "minimum"),
}


def _on_lattice(places: np.ndarray, masses: np.ndarray, nothing: float = 0.0) -> np.ndarray | None:
    """Masses of all whole numbers from the first place to the last, which doubles add exactly; None for other places."""
    if not len(places) or not np.all((places % 1.0 == 0.0) & (np.abs(places) < 2.0**52)):
        return None
    if not places[-1] - places[0] < 8 * len(places):
        return None
    dense = np.full(int(places[-1] - places[0]) + 1, nothing)
    dense[(places - places[0]).astype(int)] = masses
    return dense


def _log_convolved(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """log Σ_j e^(a_j + b_(k-j)) for every k, the shorter one inside."""
    short, long = sorted((a, b), key=len)
    edge = np.full(len(short) - 1, -np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([edge, long, edge]), len(short))
    rows = max(1, BLOCK // len(short))
    blocks = [
        np.logaddexp.reduce(windows[start : start + rows] + short[::-1], axis=1)
        for start in range(0, len(windows), rows)
    ]
    return np.concatenate(blocks)


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
        pairs = len(places) * len(beside)
        if operation == "sum_of" and pairs <= MOST_ON_LATTICE:
            first, second = _on_lattice(places, masses), _on_lattice(beside, weights)
            if first is not None and second is not None:
                joined = np.convolve(first, second)
                found = places[0] + beside[0] + np.arange(len(joined), dtype=float), joined
                return tuple(part[joined > 0] for part in found)  # type: ignore[return-value]
        if pairs > MOST:
            raise UnsupportedOperationError(
                f"{operation}({', '.join(map(show, laws))}): {len(places)} times {len(beside)} atoms are too many to "
                "combine; draw with rvs and combine the draws"
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
