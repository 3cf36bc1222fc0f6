"""Sums over integers: term by term where there are few, by Gauss rules of the counting measure where there are many.

A sum over N consecutive integers of a function that is smooth on the scale of N needs 16 terms, however large N is: the
nodes and weights of the Gauss rule for the measure Σ δ_i, whose orthogonal polynomials are those of Chebyshev (Gram).
Blocks that double in length reach the end of the doubles in a thousand steps, so Σ k^-1.1 is summed like any other.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from densities.arrays import quiet

__all__ = ["FARTHEST", "IntegerSum", "first_true", "gram_rule", "sum_integers"]

EPS, LARGEST = float(np.finfo(float).eps), float(np.finfo(float).max)
NODES = 16  # of the Gauss rule of a panel, however many integers that has
# Panels of at most this many integers, and cores of at most CORE in all, are summed term by term.
EXACT, CORE = 64, 2**12
# Integers beyond this are not looked at; blocks that double end there.
FARTHEST = 1e300
# A block that holds less than this share of the sum is the last one looked at.
NEGLIGIBLE = 1e-18
# Sums that others are measured by are known to this share of themselves: sizes have kinks where differences have none.
ROUGH = 0.1
MAX_TERMS, CHUNK = 2**22, 2**18
# logs and signs of m terms at the points k: two arrays (m, n)
Terms = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def first_true(holds: Callable[[np.ndarray], Any], low: Any, high: Any, start: Any) -> np.ndarray:
    """The least integer k in [low, high] with holds(k), and high + 1 where there is none; ±inf stands for no bound.

    `holds` is false, then true as k grows, elementwise over the broadcast arrays. Growing steps from `start`, then
    bisection, of the logarithm while that is wide: 2 log2 of the distance in calls, 100 at most.
    """
    low, high, start = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (low, high, start)))
    floor, ceiling = np.maximum(low, -LARGEST), np.minimum(high, LARGEST)
    x = np.clip(np.where(np.isfinite(start), np.rint(start), 0.0), floor, ceiling)
    false, true = low - 1.0, high + 1.0
    falling = np.asarray(holds(x), dtype=bool)
    true, false = np.where(falling, x, true), np.where(falling, false, x)
    open_, step = low <= high, 1.0
    while open_.any():
        trial = np.clip(np.where(falling, x - step, x + step), floor, ceiling)
        held = np.asarray(holds(trial), dtype=bool)
        true = np.where(open_ & held & (trial < true), trial, true)
        false = np.where(open_ & ~held & (trial > false), trial, false)
        open_ = open_ & (held == falling) & (trial > floor) & (trial < ceiling)
        step = 2.0 * step if step < 1e6 else step**1.5 if step < 1e200 else np.inf
    true = np.where((false >= ceiling) & ~(true <= ceiling), high + 1.0, true)
    true = np.where((true <= floor) & np.isneginf(low), low, true)
    while True:
        with quiet():  # inf - inf, where there is nothing to halve
            middle = np.floor(false + 0.5 * (true - false))
            middle = np.where((false >= 1.0) & (true > 4.0 * false), np.floor(np.sqrt(false) * np.sqrt(true)), middle)
            middle = np.where(
                (true <= -1.0) & (false < 4.0 * true), -np.floor(np.sqrt(-false) * np.sqrt(-true)), middle
            )
        open_ = (middle > false) & (middle < true) & np.isfinite(false) & np.isfinite(true)
        if not open_.any():
            break
        held = np.asarray(holds(np.where(open_, middle, x)), dtype=bool)
        true, false = np.where(open_ & held, middle, true), np.where(open_ & ~held, middle, false)
    return np.where(low > high, high + 1.0, true)


def gram_rule(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes in (-1, 1) and weights that sum to 1 of the Gauss rules over `counts` > 16 equidistant points: (P, 16) each.

    The points are i = 0 ... N - 1 at x = (2i - N + 1)/N. Three-term coefficients n²(1 - n²/N²)/(4n² - 1) (NIST DLMF
    18.19-18.22, Hahn polynomials with α = β = 0), nodes and weights from the eigenvectors (Golub and Welsch 1969).
    """
    n = np.arange(1.0, NODES)
    off = np.sqrt(n * n * (1.0 - np.square(n / counts[:, None])) / (4.0 * n * n - 1.0))
    matrix = np.zeros((len(counts), NODES, NODES))
    rows = np.arange(NODES - 1)
    matrix[:, rows, rows + 1] = matrix[:, rows + 1, rows] = off
    nodes, vectors = np.linalg.eigh(matrix)
    return nodes, np.square(vectors[:, 0, :])


def _slopes(nodes: np.ndarray, weights: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """c with Σ w_i lost_i f'(x_i) = Σ c_j w_j f(x_j) for polynomials f through the nodes, by barycentric weights."""
    gaps = nodes[:, :, None] - nodes[:, None, :] + np.eye(NODES)
    heights = 1.0 / np.prod(gaps, axis=-1)
    slopes = heights[:, None, :] / heights[:, :, None] / gaps * (1.0 - np.eye(NODES))
    slopes -= np.sum(slopes, axis=-1)[..., None] * np.eye(NODES)
    return np.einsum("pi,pij->pj", weights * lost, slopes) / weights


@dataclass(frozen=True)
class IntegerSum:
    """m sums: values, what truncation, the rule and rounding may have done to them, and how many terms were evaluated.

    `exact` says that every integer of a bounded range was visited.
    """

    value: np.ndarray
    error: np.ndarray
    converged: bool
    exact: bool
    terms: int


class _Summation:
    """The running sums: value and error of each panel, and Σ|terms|, against which panels are judged."""

    def __init__(self, terms: Terms, smooth: bool, tolerance: float, rough: tuple[float, float], floors: Any):
        self.terms, self.smooth, self.tolerance, self.rough = terms, smooth, tolerance, rough
        self.noisy, self.floors = [pair[0] for pair in floors], [pair[1] for pair in floors]
        self.size: Any = 0.0
        self.rounding: Any = 0.0
        self.evaluated = 0
        self.every_integer, self.gave_up, self.width = True, False, 1

    def _evaluate(self, k: np.ndarray, log_weight: Any) -> np.ndarray:
        """The weighted terms at k, (m, n)."""
        logs, signs = self.terms(k)
        self.width = len(logs)
        self.evaluated += k.size
        absolute = np.exp(logs + log_weight)
        self._sizes = absolute
        self._roundings = np.where(absolute > 0, absolute * (2.0 + np.abs(logs)), 0.0) * EPS
        return np.where(absolute > 0, signs * absolute, 0.0)

    def _settle(self) -> None:
        self.size = self.size + np.sum(self._sizes, axis=-1)
        self.rounding = self.rounding + np.sum(self._roundings, axis=-1)

    def _every(self, start: float, count: float) -> np.ndarray:
        """The sum of one panel term by term: (m,)."""
        total: Any = np.zeros(self.width)
        for first in range(0, int(min(count, 2.0**62)), CHUNK):
            if self.evaluated > MAX_TERMS:
                self.gave_up = True
                break
            k = start + np.arange(first, min(first + CHUNK, int(count)), dtype=float)
            total = total + np.sum(self._evaluate(k, 0.0), axis=-1)
            self._settle()
        return total

    def _each(self, starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """The sums of small panels term by term, in one call: (m, P)."""
        owner = np.repeat(np.arange(len(counts)), counts.astype(int))
        within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts.astype(int))
        values = self._evaluate(starts[owner] + within, 0.0)
        self._settle()
        return np.stack([np.bincount(owner, weights=row, minlength=len(counts)) for row in values])

    def _gauss(self, starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """The sums of large panels by the Gauss rule: (m, P)."""
        nodes, weights = gram_rule(counts)
        offsets = 0.5 * (counts[:, None] * (1.0 + nodes) - 1.0)
        k = starts[:, None] + offsets
        values = self._evaluate(k.ravel(), np.log(weights * counts[:, None]).ravel()).reshape(-1, *k.shape)
        self._sizes, self._roundings = (part.reshape(-1, *k.shape).sum(-1) for part in (self._sizes, self._roundings))
        lost = offsets - (k - starts[:, None])  # of a node, when it was rounded to a double
        return np.sum(values + values * _slopes(nodes, weights, 2.0 * lost / counts[:, None]), axis=-1)

    def panels(self, starts: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The sum of each panel and the error of its rule: (m, P) twice."""
        if not self.smooth or np.sum(counts) <= CORE:
            if np.sum(counts) <= CORE:
                values = self._each(starts, counts)
            else:
                values = np.stack(
                    [self._every(start, count) for start, count in zip(starts, counts, strict=True)], axis=-1
                )
            return values, np.zeros_like(values)
        self.every_integer = False
        owner = np.arange(len(counts))
        coarse: Any = None
        total: Any = None
        while len(owner):
            small = (counts <= EXACT) | ((starts >= self.rough[0]) & (starts + counts <= self.rough[1] + 1.0))
            if small.any():
                total = self._added(total, owner[small], self._each(starts[small], counts[small]), 0.0)
            owner, starts, counts = owner[~small], starts[~small], counts[~small]
            if not len(owner):
                break
            coarse = self._gauss(starts, counts) if coarse is None else coarse[:, ~small]
            left = np.floor(counts / 2.0)
            halves = np.concatenate([starts, starts + left]), np.concatenate([left, counts - left])
            fine = self._gauss(*halves)
            sizes, roundings = self._sizes, self._roundings
            n = len(owner)
            gap = np.abs(fine[:, :n] + fine[:, n:] - coarse)
            reference = self.size + np.sum(sizes, axis=-1)
            noise = roundings[:, :n] + roundings[:, n:]
            noise[self.noisy] += 2.0 * EPS * np.abs(fine[self.floors, :n] + fine[self.floors, n:])
            noise[self.floors] += ROUGH * np.abs(fine[self.floors, :n] + fine[self.floors, n:])
            good = np.all(gap <= self.tolerance * np.reshape(reference, (-1, 1)) + noise, axis=0)
            good |= (self.evaluated > MAX_TERMS) | ~np.all(np.isfinite(gap), axis=0)  # what is infinite stays so
            both = np.concatenate([good, good])
            self.size = self.size + np.sum(sizes[:, both], axis=-1)
            self.rounding = self.rounding + np.sum(roundings[:, both], axis=-1)
            total = self._added(total, owner[good], (fine[:, :n] + fine[:, n:])[:, good], gap[:, good])
            owner, coarse = np.concatenate([owner[~good]] * 2), fine[:, ~both]
            starts, counts = halves[0][~both], halves[1][~both]
        return total

    def _added(self, total: Any, owner: np.ndarray, values: np.ndarray, errors: Any) -> Any:
        if total is None:
            total = np.zeros((len(values), self.n_panels)), np.zeros((len(values), self.n_panels))
        for row, (value, error) in enumerate(zip(values, np.broadcast_to(errors, values.shape), strict=True)):
            total[0][row] += np.bincount(owner, weights=value, minlength=self.n_panels)
            total[1][row] += np.bincount(owner, weights=error, minlength=self.n_panels)
        return total

    def run(self, starts: Any, counts: Any) -> tuple[np.ndarray, np.ndarray]:
        self.n_panels = len(starts)
        return self.panels(np.asarray(starts, dtype=float), np.asarray(counts, dtype=float))


def sum_integers(
    terms: Terms,
    low: float,
    high: float,
    landmarks: Any,
    *,
    rough: tuple[float, float] | None = (np.inf, -np.inf),
    tolerance: float = 1e-15,
    floors: Sequence[tuple[int, int]] = (),
) -> IntegerSum:
    """Σ terms(k) over the integers low <= k <= high, either of which may be infinite.

    `terms(k)` gives logs and signs of m terms, (m, n) each, at integers k, and at the reals between them, where it must
    continue the terms analytically on the scale of the distance from the landmarks; but not between the two integers
    `rough`, which are visited one by one, and nowhere where that is None. `landmarks` are integers that show the bulk
    of the terms: from each of them the range is cut into blocks that double, and beyond the last ones until one holds
    less than 1e-18 of the sum. What lies beyond is bounded by the ratio of the last two blocks. Where the terms of one sum
    are differences of larger ones, `floors` pairs its index with that of a sum of their sizes: digits below 2·eps of that
    are not looked for, and the caller adds it to the error.
    """
    with quiet():
        smooth = rough is not None and rough[1] - rough[0] < MAX_TERMS
        first, last = (
            np.clip(rough, low, high) if smooth and rough is not None and rough[0] <= rough[1] else (np.inf, -np.inf)
        )
        points = np.unique(np.rint(np.concatenate([np.asarray(landmarks, dtype=float), [first, last]])))
        points = points[(points >= low) & (points <= high) & (np.abs(points) < FARTHEST)]
        if not len(points):
            points = np.clip(np.zeros(1), low, high)
        total = _Summation(terms, smooth, tolerance, (float(first), float(last)), floors)
        first, last = float(points[0]), float(points[-1])
        ends = _graded(np.append(points, last + 1.0))
        values, errors = total.run(ends[:-1], np.diff(ends))
        value, error = values.sum(-1), errors.sum(-1)
        converged = total.evaluated <= MAX_TERMS
        for outward, start, end in ((1.0, last + 1.0, high), (-1.0, first - 1.0, low)):
            if (end - start) * outward >= 0:
                more, doubt, good = _tail(total, _Doubling(outward, start, end, float(EXACT // 2)), value)
                value, error, converged = value + more, error + doubt, converged and good
        if total.gave_up:
            return IntegerSum(value, np.full_like(value, np.inf), False, False, total.evaluated)
        bounded = np.isfinite(low) and np.isfinite(high)
        return IntegerSum(
            value, error + total.rounding, converged, bool(total.every_integer and bounded), total.evaluated
        )


def _graded(ends: np.ndarray) -> np.ndarray:
    """The ends with more between them: blocks that double in length away from both neighbours."""
    steps = np.cumsum(EXACT // 2 * 2.0 ** np.arange(64))
    found = [ends]
    for low, high in itertools.pairwise(ends):
        inner = steps[steps < 0.5 * (high - low)]
        found += [low + inner, high - inner]
    return np.unique(np.concatenate(found))


class _Doubling:
    """Blocks of integers from `start` outward to `end`, each twice as long as the one before."""

    def __init__(self, outward: float, start: float, end: float, width: float):
        self.outward, self.start, self.width = outward, start, width
        self.left, self.done = abs(end - start) + 1.0, 0.0

    @property
    def finished(self) -> bool:
        return self.left - self.done <= 0

    def take(self, n: int) -> tuple[list[float], list[float]]:
        """The lowest integers of the next n blocks and how many each has; fewer blocks at the end or too far out."""
        firsts: list[float] = []
        counts: list[float] = []
        while len(counts) < n and not self.finished and abs(self.start) + self.done <= FARTHEST:
            count = min(self.width, self.left - self.done)
            firsts.append(self.start + self.done if self.outward > 0 else self.start - self.done - count + 1.0)
            counts.append(count)
            self.done, self.width = self.done + count, 2.0 * self.width
        return firsts, counts


def _tail(total: _Summation, blocks: _Doubling, so_far: Any) -> tuple[Any, Any, bool]:
    """The sum over the blocks, its error, and whether it came to an end."""
    value: Any = 0.0
    error: Any = 0.0
    previous: Any = None
    batch = 4 if total.smooth else 2
    while True:
        firsts, counts = blocks.take(batch)
        if not firsts:
            rest = 0.0 if blocks.finished or previous is None else _beyond(*previous)
            enough = blocks.finished or bool(np.all(rest <= 1e-10 * np.abs(so_far + value) + 1e-300))
            return value, error + rest, enough
        before = total.size
        values, errors = total.run(firsts, counts)
        value, error = value + values.sum(-1), error + errors.sum(-1)
        if not np.all(np.isfinite(value)):
            return value, np.full_like(value, np.inf), False
        sizes = np.abs(values)
        if previous is not None:
            sizes = np.concatenate([previous[1][:, None], sizes], axis=-1)
        if sizes.shape[-1] > 1:
            previous = sizes[:, -2], sizes[:, -1]
            rest = _beyond(*previous)
            small = total.size - before <= NEGLIGIBLE * total.size
            if np.all(small & (rest <= EPS * total.size)) and len(counts) > 1:  # one that still grows is not the last
                total.every_integer = False
                return value, error + rest, True
        else:
            previous = np.full(len(sizes), np.inf), sizes[:, -1]
        if total.evaluated > MAX_TERMS:
            return value, error + _beyond(*previous), False
        batch = min(2 * batch, 64) if total.smooth else 2


def _beyond(before: np.ndarray, last: np.ndarray) -> np.ndarray:
    """A bound on all blocks after the last one: they fall at least by the ratio of the last two."""
    ratio = np.where(before > 0, last / before, 0.0)
    return np.where(
        last == 0,
        0.0,
        np.where(ratio < 1, last * np.maximum(1.0, ratio / (1.0 - np.minimum(ratio, 1.0 - EPS))), np.inf),
    )
