"""Laws on countable sets: point masses at the images of integers under maps that never turn back.

Every such law is a finite list of *strands*. A strand is a law on the integers, a range of them, and a chain of maps g
under which the points fl(g(k)) rise or fall with k. Maps push strands, truncation shortens them, mixtures weigh them. The
masses are those of the integers: no Jacobian exists, and the atoms live where the doubles put them (0.1·k/0.1 is not k).
P(Y <= y) is the mass of a range of integers on each strand, found by asking where fl(g(k)) passes y.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property, partial, wraps
from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import quiet, read_only
from densities.distributions.base import Univariate
from densities.distributions.strands import LEVELS, LOG_TINY, Strand
from densities.domains import Interval
from densities.errors import UnsupportedOperationError
from densities.estimate import ErrorKind, Estimate, Status, infinite
from densities.logmath import NEAR_ONE, by_the_rest, logdiffexp
from densities.numerics.exponents import Verdict, tail_verdict
from densities.numerics.sums import FARTHEST, IntegerSum, first_true, gram_rule, sum_integers
from densities.protocols import many_digits
from densities.transforms.base import EPS

# The most atoms that a law lists one by one.
LISTED = 2**17
# So many masses are summed one by one.
FEW = 20
# Below this share of the nearer tail a difference of tails has lost digits, and the masses are summed instead.
NARROW = 0.05
# What a mass shows of errors in its terms is their mean, and another sum over these may feel them a few times as much.
SHOWN = 4.0
# A logarithm of a mass is a sum of terms, so many times as large at most where it is not small.
TERMS = 4.0
# Nowhere rough: the terms are smooth between all integers.
SMOOTH = (np.inf, -np.inf)
Function = Callable[[Any], tuple[Any, Any]]


class IntegersBetween(Interval):
    """The integers from `low` to `high`, with counting measure."""

    measure = "counting"

    def contains(self, x: Any) -> Any:
        points = value(x)
        return super().contains(x) & (points == np.floor(points)) & np.isfinite(points)

    def interior_point(self) -> Any:
        return np.floor(super().interior_point())

    def __str__(self) -> str:
        return f"integers in {super().__str__()}"


def membered(method: Callable) -> Callable:
    """A method that answers for a batch one member at a time, unless the law broadcasts by itself."""

    def wrapped(self: Any, y: Any, **options: Any) -> Any:
        if not self.batch_shape or self.broadcasts:
            return method(self, y, **options)
        shape = np.broadcast_shapes(np.shape(y), self.batch_shape)
        points = np.broadcast_to(y, shape)
        answers = [method(self.member(index, shape), points[index], **options) for index in np.ndindex(shape)]
        return np.reshape(np.asarray(answers, dtype=float), shape)

    return wrapped


def silently(method: Callable) -> Callable:
    """A method during which no floating-point warning is raised."""

    @wraps(method)
    def wrapped(*arguments: Any) -> Any:
        with quiet():
            return method(*arguments)

    return wrapped


def _side(strand: Strand, y: Any, lower: bool) -> tuple[Any, Any]:
    """The range of integers of a strand whose points are at most y, or above it."""
    return strand.below(y, closed=True) if lower else strand.beyond(y)


class Discrete(Univariate):
    """A law of point masses only: `pmf` is everything, `pdf` is 0, and every expectation is a sum over strands."""

    broadcasts = False
    parts = Univariate.parts  # those of a map of numbers take the law for one with a density

    @property
    def strands(self) -> Sequence[Strand]:
        """The law as integers on maps that never turn back."""
        raise NotImplementedError

    @property
    def measure(self) -> str:
        return "counting"

    @property
    def log_continuous_mass(self) -> float:
        return -np.inf

    @cached_property
    def support(self) -> Interval:
        lows, highs = zip(*(strand.hull for strand in self.strands), strict=True)
        low, high = np.minimum.reduce(lows), np.maximum.reduce(highs)
        return Interval(
            low, high, low_closed=bool(np.all(np.isfinite(low))), high_closed=bool(np.all(np.isfinite(high)))
        )

    def unlisted(self, y: Any) -> Any:
        """Where the law may have an atom, though its strands have none: beyond lists that end where doubles do."""
        hulls = [strand.hull for strand in self.strands if strand.law.endless]
        return np.any([(y < low) | (y > high) for low, high in hulls], axis=0) | np.zeros(np.shape(y), dtype=bool)

    def reaching(self, other: Any) -> Discrete:
        """The law with its atoms known as far out as `other` has some that count, where that can be had."""
        return self

    @cached_property
    def atoms(self) -> tuple[np.ndarray, np.ndarray]:
        """The point masses that a double can hold; UnsupportedOperationError where there are too many to list."""
        places = []
        for strand in self.strands:
            low, high = strand.effective
            if not high - low < LISTED:
                raise UnsupportedOperationError(
                    f"{self}: it has more than {LISTED} atoms that carry mass, too many to list; "
                    "pmf, cdf and the moments need no list"
                )
            with quiet():
                places.append(strand.at(np.arange(low, high + 1.0)))
        points = np.unique(np.concatenate(places))
        masses = np.asarray(self.pmf(points))
        return read_only(points[masses > 0], masses[masses > 0])

    # ---- masses ----

    @membered
    def log_masses(self, y: Any, *, side: str) -> Any:
        """log P(Y <= y), P(Y > y) or P(Y = y), for `side` "below", "above" or "on"."""
        if side == "on":
            return self._over(y, lambda strand: strand.log_mass(strand.on(y)), np.logaddexp, -np.inf)
        lower = side == "below"
        result = self._over(y, lambda strand: strand.log_mass(_side(strand, y, lower)), np.logaddexp, -np.inf)
        if not np.any(np.asarray(result) > NEAR_ONE):
            return result
        return by_the_rest(result, self.masses(y, side="above" if lower else "below"))

    @membered
    def masses(self, y: Any, *, side: str) -> Any:
        """P(Y <= y) or P(Y > y), for `side` "below" or "above"."""
        total = self._over(y, lambda strand: strand.mass(_side(strand, y, side == "below")), np.add, 0.0)
        return np.minimum(total, 1.0)

    def _over(self, y: Any, term: Callable[[Strand], Any], join: Callable, nothing: float) -> Any:
        total: Any = np.full(np.shape(y), nothing)
        for strand in self.strands:
            total = join(total, term(strand)) if len(self.strands) > 1 else term(strand)
        return total

    def log_along(self, path: Strand, k: Any) -> Any:
        """log P(Y = g(k)) along a strand g, of this law or another; between integers the continuation of the masses."""
        y = path.at(k)
        total: Any = np.full(np.shape(k), -np.inf)
        for strand in self.strands:
            total = np.logaddexp(total, self._strand_along(strand, path, k, y))
        return total

    def _strand_along(self, strand: Strand, path: Strand, k: Any, y: Any) -> Any:
        if not strand.smooth or (strand is not path and strand.meets(path) is not True):
            return np.where(k == np.floor(k), strand.log_mass(strand.on(y)), -np.inf)
        own = k if strand is path or strand.same_way(path) else strand.back(y)
        inside = (own >= strand.low) & (own <= strand.high)
        return np.where(
            inside, strand.law.log_pmf(np.where(inside, own, strand.law.centre)) + strand.log_weight, -np.inf
        )

    @silently
    def roughness(self, path: Strand) -> tuple[float, float] | None:
        """The integers of a path outside which `log_along` is smooth, (inf, -inf) for none; None where it is nowhere."""
        low, high = np.inf, -np.inf
        for strand in self.strands:
            meets = strand is path or strand.meets(path)
            if not (path.smooth and path.law.smooth) or meets is None:
                return None
            if meets is False and not strand.avoids(path):
                ends = strand.ends_on(path)
                low, high = min(low, np.floor(np.min(ends)) - 1.0), max(high, np.ceil(np.max(ends)) + 1.0)
            if meets and strand is not path and np.isfinite(strand.low):  # its first atom lies somewhere on the path
                ends = strand.ends_on(path)
                ends = np.rint(ends[np.isfinite(ends)])
                if strand.same_way(path):  # what ends where the path does, or beyond, is smooth all along it
                    ends = ends[(ends > path.low) & (ends < path.high)]
                low, high = min([low, *ends]), max([high, *ends])
        return low, high

    # ---- the public methods ----

    def raw_logpdf(self, x: Any) -> Any:
        return np.full(np.shape(value(x)), -np.inf)

    def logpdf_anywhere(self, x: Any) -> Any:
        return self.raw_logpdf(x)

    def anywhere(self, method: str, x: Any) -> Any:
        nothing = -np.inf if method.startswith("log") else 0.0
        return np.full(np.shape(value(x)), nothing)  # the continuous part, of which there is none

    @many_digits
    def logpdf(self, y: Any) -> Any:
        """-inf: there is no density; `logpmf` has the masses."""
        return self._by(y, lambda points: np.full(np.broadcast_shapes(points.shape, self.batch_shape), -np.inf))

    @many_digits
    def pdf(self, y: Any) -> Any:
        """0: there is no density; `pmf` has the masses."""
        return self._by(y, lambda points: np.zeros(np.broadcast_shapes(points.shape, self.batch_shape)))

    @many_digits
    def logpmf(self, y: Any) -> Any:
        """log P(Y = y) in nats, -inf off the atoms."""
        return self._by(y, lambda points: self.log_masses(points, side="on"))

    @many_digits
    def pmf(self, y: Any) -> Any:
        """P(Y = y), 0 off the atoms: the sum of the masses of all k with fl(g(k)) = y."""
        return self._by(y, lambda points: np.exp(self.log_masses(points, side="on")))

    @many_digits
    def cdf(self, y: Any) -> Any:
        """P(Y <= y)."""
        return self._by(y, lambda points: self.masses(points, side="below"))

    @many_digits
    def sf(self, y: Any) -> Any:
        """P(Y > y), by its own path: never 1 - cdf."""
        return self._by(y, lambda points: self.masses(points, side="above"))

    @many_digits
    def logcdf(self, y: Any) -> Any:
        """log P(Y <= y)."""
        return self._by(y, lambda points: self.log_masses(points, side="below"))

    @many_digits
    def logsf(self, y: Any) -> Any:
        """log P(Y > y)."""
        return self._by(y, lambda points: self.log_masses(points, side="above"))

    def prob(self, a: Any, b: Any) -> Any:
        """P(a < Y <= b), to relative accuracy however small; 0 for b <= a."""
        a, b = np.broadcast_arrays(*self._ends_of(a, b))
        with quiet():
            result = self._prob(np.stack([a, b], axis=-1)) if not self.batch_shape else self._prob_of_members(a, b)
        result = np.where(np.isnan(a) | np.isnan(b), np.nan, np.where(a < b, result, 0.0))
        return float(result) if result.ndim == 0 else result

    def _prob(self, ends: Any) -> Any:
        total: Any = 0.0
        for strand in self.strands:
            (_, low_last), (_, high_last) = (
                strand.below(ends[..., 0], closed=True),
                strand.below(ends[..., 1], closed=True),
            )
            (low_first, _), (high_first, _) = (
                strand.below(ends[..., 0], closed=True),
                strand.below(ends[..., 1], closed=True),
            )
            total = total + strand.mass((low_last + 1.0, high_last) if strand.up else (high_first, low_first - 1.0))
        return total

    def _prob_of_members(self, a: Any, b: Any) -> Any:
        shape = np.broadcast_shapes(a.shape, self.batch_shape)
        ends = np.stack(np.broadcast_arrays(np.broadcast_to(a, shape), np.broadcast_to(b, shape)), axis=-1)
        return np.reshape([self.member(index, shape)._prob(ends[index]) for index in np.ndindex(shape)], shape)

    def _by(self, y: Any, formula: Callable[[np.ndarray], Any]) -> Any:
        points, restore = self._points(y)
        with quiet():
            known = np.where(np.isnan(points), 0.0, points).astype(float)
            result = np.where(np.isnan(points), np.nan, formula(known))
        return restore(np.asarray(result).astype(points.dtype, copy=False))

    # ---- quantiles and draws ----

    @membered
    def quantile(self, q: Any, *, lower: bool, logs: bool = False) -> Any:
        """inf{y : F(y) >= q}, or inf{y : P(Y > y) <= q}, of q or of its logarithm: the least of the strands' answers."""
        measure = self.log_masses if logs else self.masses

        def reached(y: Any) -> Any:
            return measure(y, side="below") >= q if lower else measure(y, side="above") <= q

        answers = []
        for strand in self.strands:
            turn = 1.0 if strand.up else -1.0
            low, high = (strand.low, strand.high) if strand.up else (-strand.high, -strand.low)
            start = strand.beginning(q, self.batch_shape, lower=lower, logs=logs)
            j = first_true(lambda j, strand=strand, turn=turn: reached(strand.at(turn * j)), low, high, start)  # type: ignore[misc]
            inner = np.where(np.isneginf(j), strand.hull[0], strand.at(turn * np.minimum(j, high)))
            answers.append(np.where(j > high, np.inf, inner))
        return np.minimum(np.minimum.reduce(answers), self.support.high)

    def raw_ppf(self, q: Any) -> Any:
        return self.quantile(np.asarray(value(q), dtype=float), lower=True)

    def raw_isf(self, q: Any) -> Any:
        return self.quantile(np.asarray(value(q), dtype=float), lower=False)

    def raw_log_ppf(self, logq: Any) -> Any:
        return self.quantile(np.asarray(value(logq), dtype=float), lower=True, logs=True)

    def raw_log_isf(self, logq: Any) -> Any:
        return self.quantile(np.asarray(value(logq), dtype=float), lower=False, logs=True)

    def raw_total_ppf(self, q: Any) -> Any:
        return self.raw_ppf(q)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        u = rng.random(shape)
        return self.raw_ppf(np.where(u == 0.0, 2.0**-54, u))

    @cached_property
    def _table(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Places and the masses up to each, where quantiles are searches within searches and all atoms can be listed."""
        if any(strand.steps for strand in self.strands):
            with suppress(UnsupportedOperationError):
                places, masses = self.atoms
                return places, np.cumsum(masses)
        return None

    def draw_from(self, source: Any) -> Any:
        if self._table is None:
            return super().draw_from(source)
        places, up = self._table
        return places[np.minimum(np.searchsorted(up, source.uniforms(1)[:, 0]), len(places) - 1)]

    # ---- sums ----

    def summed(
        self,
        terms: Callable[[Strand, np.ndarray], tuple[np.ndarray, np.ndarray]],
        rough: Callable[[Strand], tuple[float, float] | None],
        landmarks: Any = (),
        floors: Sequence[tuple[int, int]] = (),
        bounds: Callable[[Strand], tuple[float, float]] = lambda strand: strand.ends,
    ) -> IntegerSum:
        """Σ over strands and integers of terms(strand, k): m sums at once, logs and signs (m, n), by `sum_integers`.

        Between and beyond the integers `rough(strand)` the terms are smooth; None where they are not; `floors` as there.
        """
        parts = [
            sum_integers(
                partial(terms, strand),
                *bounds(strand),
                strand.landmarks(landmarks),
                rough=rough(strand),
                floors=floors,
            )
            for strand in self.strands
        ]
        with quiet():  # 0 times inf
            blurs = [2.0 * EPS * s.cancelled * np.abs(part.value) for s, part in zip(self.strands, parts, strict=True)]
        return IntegerSum(
            np.sum([part.value for part in parts], axis=0),
            np.sum([part.error + np.nan_to_num(blur) for part, blur in zip(parts, blurs, strict=True)], axis=0),
            all(part.converged for part in parts),
            all(part.exact for part in parts),
            sum(part.terms for part in parts),
        )

    def expect_logs(self, function: Function, *, smooth: bool = True) -> Estimate:
        """E[f(Y)] = Σ f(y) P(Y = y) for f given as (log|f|, sign) on `Anchored` points; `smooth` where f is."""

        def terms(strand: Strand, k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            logs, signs = function(strand.point(k))
            mass = strand.law.log_pmf(k) + strand.log_weight
            logs = np.where(np.isneginf(mass), -np.inf, mass + logs)
            return np.stack([logs, mass]), np.stack([np.broadcast_to(signs, logs.shape), np.ones_like(mass)])

        endless, undecided = self.tails(lambda strand, k: terms(strand, k)[0][0])
        if endless:
            with quiet():
                signs = {float(function(strand.point(np.asarray(k)))[1]) for strand, k in endless}
            number = signs.pop() * np.inf if len(signs) == 1 else np.nan
            return infinite("tails", "the sum of |f| P diverges", value=number)
        rough = (
            (lambda strand: SMOOTH if strand.smooth and strand.law.smooth else None)
            if smooth
            else (lambda strand: None)
        )
        return estimate_of(self.summed(terms, rough), undecided)

    def entropy_sum(self) -> Estimate:
        """-Σ m log m over the point masses m."""

        def terms(strand: Strand, k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            mass = strand.law.log_pmf(k) + strand.log_weight
            own = self.log_along(strand, k)
            logs = np.where(np.isneginf(mass), -np.inf, mass + np.log(np.abs(own)))
            return np.stack([logs, mass]), np.stack([-np.sign(own), np.ones_like(mass)])

        endless, undecided = self.tails(lambda strand, k: terms(strand, k)[0][0])
        if endless:
            return infinite("tails", "the sum of m log m diverges")
        return estimate_of(self.summed(terms, self.roughness), undecided, felt=1.0)

    def tails(self, log_terms: Callable[[Strand, np.ndarray], Any]) -> tuple[list[tuple[Strand, float]], bool]:
        """(strands with a far integer toward which Σ e^log_terms diverges, whether some end is undecided)."""
        endless, undecided = [], False
        for strand in self.strands:
            for end, side in ((strand.low, -1.0), (strand.high, 1.0)):
                if not np.isfinite(end):
                    verdict = self._verdict(partial(log_terms, strand), strand, side)
                    if verdict is Verdict.INFINITE:
                        endless.append((strand, side * 1e15))
                    undecided |= verdict is Verdict.UNDECIDED
        return endless, undecided

    @staticmethod
    def _verdict(log_terms: Callable[[np.ndarray], Any], strand: Strand, side: float) -> Verdict:
        def toward(logs: np.ndarray) -> np.ndarray:
            with quiet():
                k = np.exp(logs)
                result = np.asarray(log_terms(side * np.minimum(k, FARTHEST)), dtype=float) + logs
            # Beyond the doubles nothing is known, unless the terms have vanished before.
            return np.where((k > FARTHEST) & (result > -1e6), np.nan, np.where(k > FARTHEST, -np.inf, result))

        scale = np.log(max(2.0, float(np.max(np.abs(strand.landmarks())))))
        return Verdict(int(tail_verdict(toward, log_scale=scale).verdict))

    def closed_mode(self) -> Any:
        places, masses = self.atoms
        return float(places[np.argmax(masses)])

    def landmarks(self) -> np.ndarray:
        points = np.concatenate([np.ravel(self.ppf(LEVELS[1:])), np.ravel(self.isf(LEVELS[1:]))])
        return np.unique(points[np.isfinite(points)])


def estimate_of(total: IntegerSum, undecided: bool, *, felt: float = 0.0) -> Estimate:
    """The Estimate of the first of two sums, the second being that of the masses, which shows how far these are off.

    What moves all logarithms of masses by a number moves the sum by that share of itself, and by `felt` times the number.
    """
    (number, mass), (error, doubt) = map(float, total.value[:2]), map(float, total.error[:2])
    gap = abs(mass - 1.0)
    error += (SHOWN * gap + TERMS * EPS) * abs(number) + felt * (doubt + SHOWN * gap)
    detail: dict[str, Any] = {"mass": mass}
    if undecided:
        detail["reason"] = "the terms fall so slowly that the sum may be infinite"
    good = total.converged and gap < 1e-8
    status = (
        Status.UNDECIDED
        if undecided
        else Status.NOT_CONVERGED
        if not good
        else Status.EXACT
        if total.exact
        else Status.CONVERGED
    )
    kind = ErrorKind.BOUND if total.exact else ErrorKind.HEURISTIC
    return Estimate(number, error, kind, status, "sum", total.terms, detail)


class Countable(Discrete):
    """A law on the integers: formulas in k, and, where `smooth`, on the reals between them.

    A subclass gives `low`, `high`, `centre`, `log_pmf`, and `log_below(k)` = log P(K <= k), `log_above(k)` = log P(K > k)
    with `below` and `above`, each to relative accuracy.
    """

    low: Any = 0.0
    high: Any = np.inf
    centre: Any = 0.0
    smooth = True
    partial = endless = False  # whether masses that no double can hold were left out; the tails of a law among them
    broadcasts = True

    @property
    def least(self) -> float:
        """log of the mass on a place without any of this law's that may be one whose mass was left out."""
        return LOG_TINY if self.partial else -np.inf

    def near(self, score: Any) -> Any:
        """A number near the quantile of the standard normal score: a search for that begins there."""
        return self.centre

    def marks(self) -> np.ndarray:
        """Integers where the masses change their course."""
        return np.empty(0)

    def log_pmf(self, k: Any) -> Any:
        raise NotImplementedError

    def log_below(self, k: Any) -> Any:
        raise NotImplementedError

    def log_above(self, k: Any) -> Any:
        raise NotImplementedError

    def below(self, k: Any) -> Any:
        return np.exp(self.log_below(k))

    def above(self, k: Any) -> Any:
        return np.exp(self.log_above(k))

    @cached_property
    def strands(self) -> Sequence[Strand]:
        return (Strand(self, self.low, self.high),)

    @cached_property
    def support(self) -> Interval:
        return IntegersBetween(
            self.low,
            self.high,
            low_closed=bool(np.all(np.isfinite(self.low))),
            high_closed=bool(np.all(np.isfinite(self.high))),
        )

    def log_range(self, a: Any, b: Any) -> Any:
        """log P(a <= K <= b) for integers a and b."""
        return self._range(a, b, self.log_below, self.log_above, -np.inf, 0.0)

    def range(self, a: Any, b: Any) -> Any:
        """P(a <= K <= b) for integers a and b."""
        return self._range(a, b, self.below, self.above, 0.0, 1.0)

    def _range(self, a: Any, b: Any, below: Callable, above: Callable, nothing: float, everything: float) -> Any:
        a, b = np.maximum(a, self.low), np.minimum(b, self.high)
        from_low, to_high = np.asarray(a <= self.low), np.asarray(b >= self.high)
        empty = np.asarray(a > b) | np.isposinf(a) | np.isneginf(b)
        single = np.asarray(a == b) & ~empty
        inner = ~(from_low | to_high | single | empty)
        safe_a, safe_b = (np.where(empty | ~np.isfinite(end), self.centre, end) for end in (a, b))
        to_mass: Callable = np.exp if everything else lambda log: log
        result: Any = np.where(empty, nothing, everything)
        for mask, formula in (
            (from_low & ~to_high & ~single & ~empty, lambda: below(safe_b)),
            (to_high & ~from_low & ~single & ~empty, lambda: above(safe_a - 1.0)),
            (single, lambda: to_mass(self.log_pmf(safe_a))),
            (inner, lambda: to_mass(self._log_inner(safe_a, safe_b))),
        ):
            if mask.any():
                result = np.where(mask, formula(), result)
        return result

    def _log_inner(self, a: Any, b: Any) -> Any:
        """log P(a <= K <= b): a sum where all are short, else a difference of the nearer tail, or a sum where that cancels."""
        a, b = np.broadcast_arrays(a, b)
        counts = np.maximum(b - a + 1.0, 0.0)
        if np.all(counts <= FEW):
            i = np.arange(np.max(counts, initial=1.0))
            return self._log_added(a, np.broadcast_to(i, (*counts.shape, len(i))), i < counts[..., None])
        below_b, below_a, above_a, above_b = (
            self.log_below(b),
            self.log_below(a - 1.0),
            self.log_above(a - 1.0),
            self.log_above(b),
        )
        by_low = np.asarray(below_b < above_a)
        large, small = np.where(by_low, below_b, above_a), np.where(by_low, below_a, above_b)
        difference = logdiffexp(large, np.minimum(small, large))
        narrow = np.asarray(difference < large + np.log(NARROW)) & np.isfinite(large)
        return np.where(narrow, self._log_summed(a, counts), difference) if narrow.any() else difference

    def _log_summed(self, a: Any, counts: Any) -> Any:
        """log Σ P(K = k) over counts integers from a, term by term up to FEW, by one Gauss rule beyond: the range is narrow."""
        few = counts <= FEW
        i = np.arange(FEW)
        nodes, weights = gram_rule(np.ravel(np.where(few, FEW + 1.0, counts)))
        nodes, weights = (part.reshape(*counts.shape, -1) for part in (nodes, weights))
        gauss = 0.5 * (counts[..., None] * (1.0 + nodes) - 1.0)
        pad = np.zeros((*counts.shape, len(i) - nodes.shape[-1]))
        offsets = np.where(few[..., None], i, np.concatenate([gauss, pad], axis=-1))
        shares = np.where(
            few[..., None], i < counts[..., None], np.concatenate([weights, pad], axis=-1) * counts[..., None]
        )
        return self._log_added(a, offsets, shares)

    def _log_added(self, a: Any, offsets: Any, shares: Any) -> Any:
        """log Σ shares · P(K = a + offset) over the last axis of offsets and shares."""
        logs = np.stack([self.log_pmf(a + offsets[..., j]) for j in range(offsets.shape[-1])], axis=-1)
        logs = np.where(shares > 0, logs + np.log(shares), -np.inf)
        return np.logaddexp.reduce(logs, axis=-1)


__all__ = ["Countable", "Discrete", "IntegersBetween", "Strand", "estimate_of", "silently"]
