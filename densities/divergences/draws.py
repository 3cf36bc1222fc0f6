"""t = log dp/dq at draws of p, on pairs that are never inverted, and the functions of the draws that follow it.

A draw is a number that the source makes, a point of a root that the number makes, and its image. Numbers are those of the
root's stream where it has one, else uniform ones, of which quantiles are taken; nets and strata are tilted toward both
tails. Each t depends on its own draw alone, so that it is the same whatever is drawn beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property, partial, reduce
from typing import Any, NamedTuple

import numpy as np

from densities.anchored import Anchored, anchored, is_safe, value
from densities.arrays import BLOCK, all_finite, extremes, quiet
from densities.distributions.lattice import Discrete
from densities.distributions.route import safe
from densities.divergences.forms import NOTHING
from densities.divergences.ratio import Nodes, RadonNikodym
from densities.domains import Interval
from densities.errors import UnsupportedOperationError
from densities.estimate import Estimate, Status
from densities.expectation import integrate_law
from densities.numerics.nets import tilt
from densities.numerics.strata import tilted_quantiles
from densities.numerics.streams import CONTROLS
from densities.transforms.program import follow, programs_of

# Plain points nearer to an end than this share of it are left to anchored ones.
CLOSE = 2.0**-20
NONE = np.empty(0, dtype=int)
# The share of the draws that goes to rare parts of a law together, a power of two: of nets each chunk has it exactly.
TO_RARE = 2.0**-4
# What so few of all draws are expected to meet is not seen in their spread.
RARE = 8.0
# The accuracy asked for of the mean square of what is not seen.
ROUGHLY = 1e-3


class Run(NamedTuple):
    """Draws that come from one part of p: their rows, the `numbers` that they are made of, and the `point` that each makes.

    The points, of the root of the part, are a monotone function of the numbers; `kind` names it.
    """

    part: Any
    rows: Any
    numbers: np.ndarray
    point: Callable[[Any], Any]
    kind: str

    def indices(self, size: int) -> np.ndarray:
        """The rows one by one, of so many draws in all."""
        return np.arange(size)[self.rows]


def drawn_weights(weights: np.ndarray) -> np.ndarray:
    """How often parts of these weights are drawn: those that would hardly be share a part of the draws evenly."""
    rare = weights * len(weights) < TO_RARE
    if not rare.any():
        return weights
    often = weights * ((1.0 - TO_RARE) / np.sum(weights[~rare]))
    return np.where(rare, TO_RARE / np.count_nonzero(rare), often)


def explained(estimate: Estimate) -> Estimate:
    """The mean over draws, with words where its error exceeds it: it has converged to a bound, and not to a number; and without
    an error where log dp/dq at a draw, or its square, has left the doubles: that says nothing of whether it is finite."""
    if np.isfinite(estimate.value) and np.isfinite(estimate.error):
        if estimate.reason or estimate.error <= max(abs(estimate.value), NOTHING):
            return estimate
        words = f"all that the draws say is that it is hardly above {abs(estimate.value) + 2.0 * estimate.error:.1e}"
        return estimate.noting(reason=words)
    doubted = estimate.status is Status.HEAVY_TAIL and np.isfinite(estimate.value)
    detail = {
        **estimate.detail,
        "reason": estimate.reason or "log dp/dq at draws, or its square, is beyond the doubles",
    }
    status = estimate.status if doubted else Status.NOT_CONVERGED
    return replace(estimate, error=np.inf, status=status, detail=detail)


def unseen_square(ratio: RadonNikodym, function: Callable[[np.ndarray], np.ndarray], n: int) -> float:
    """Σ m f(t)² over point masses m of p that hardly any of n draws meet, and ∫ p f(t)² over the tails, of less than 1/n, of a
    density beside such; over all of one that draws hardly meet.
    """
    p, found = ratio.p, 0.0
    try:
        places, masses = p.atoms
    except UnsupportedOperationError:  # too many to list: none of them holds much
        places, masses = NONE, np.empty(0)
    with quiet():
        hidden = (masses > 0.0) & (masses * n < RARE)
        if hidden.any():
            found = float(np.sum(masses[hidden] * function(np.asarray(ratio.log(places[hidden]))) ** 2))
    if p.measure != "mixed":
        return found
    seldom = np.exp(p.log_continuous_mass) * n < RARE

    def square(part: Any, x: Anchored) -> tuple[np.ndarray, np.ndarray]:
        nodes, y = ratio.on(part, x), part.forward(x)[0]
        logs = value(nodes.log_weight) + 2.0 * np.log(np.abs(function(np.asarray(value(nodes.t)))))
        if not seldom:  # smoothly, for the sake of the integral
            tail = np.minimum(*(value(p.anywhere(name, y)) for name in ("logcdf", "logsf")))
            logs = logs - np.logaddexp(0.0, 2.0 * (np.log(n) + tail))
        known = ~np.isneginf(value(nodes.log_weight)) & ~np.asarray(nodes.lost)
        logs = np.where(known, logs, -np.inf)[None]
        return logs, np.ones_like(logs)

    return found + float(integrate_law(p, square, ratio.q.landmarks(), rtol=ROUGHLY).values[0])


class Quantiles:
    """Draws by uniform numbers: u, 1 - u and weight, tilted toward both tails where they are not plain.

    Large t lie in the tails: tilted draws are smoother for a net, and give a finite variance to values up to (mass of the
    tail)^-3/4. Rare parts are drawn more often than they come, and count less.
    """

    weight: Any
    # How many times that a draw counts where those of other parts come too.
    kept: Any = 1.0

    def __init__(self, source: Any, parts: list[Any], dimension: int):
        v, self.shares = source.uniforms(dimension), np.ones(source.size)
        self.others: dict[int, Anchored] = {}
        first = v[:, 0]
        if source.scheme == "plain":
            self.u, self.rest, self.weight = first, 1.0 - first, 1.0
        else:
            self.u, self.rest, self.weight = tilt(first)
        if dimension == 1 and np.isposinf(value(parts[0].root.support.high)):
            self.runs = list(self._in_a_row(parts[0]))
        else:
            self.runs = list(self._scattered(parts, v[:, -1]))

    def _in_a_row(self, part: Any) -> Iterator[Run]:
        """The runs of draws of a law without an upper end, whose quantiles u tells as well as 1 - u: block by block.

        What u leaves of 1 - u is off by eps/2, which moves the mean of t by eps times its variation at most.
        """
        for first in range(0, len(self.u), BLOCK):
            rows = slice(first, first + BLOCK)
            yield Run(part, rows, self.u[rows], part.root.raw_ppf, "lower")

    def _scattered(self, parts: list[Any], v: np.ndarray) -> Iterator[Run]:
        """The runs of draws in no order, v of which choose among the parts; by indices, which cost a quarter of masks."""
        weights = np.array([part.weight for part in parts])
        drawn = drawn_weights(weights / weights.sum())
        chosen = np.searchsorted(np.cumsum(drawn)[:-1], v, side="right")
        shares = weights / weights.sum() / drawn
        if np.any(shares != 1.0):
            self.shares = shares[chosen]
            self.weight = self.weight * self.shares
        upper = self.u > 0.5
        for index, part in enumerate(parts):
            here = chosen == index
            for rows, kind in ((np.flatnonzero(here & ~upper), "lower"), (np.flatnonzero(here & upper), "upper")):
                if len(rows):
                    tail, point = (self.u, part.root.raw_ppf) if kind == "lower" else (self.rest, part.root.raw_isf)
                    yield Run(part, rows, tail[rows], point, kind)

    def points(self, run: Run, rows: np.ndarray) -> Iterator[tuple[np.ndarray, Any]]:
        """Points of the root at rows of a run, each by the tail that tells it best."""
        upper = self.u[rows] > 0.5
        for side, tail, point in (
            (rows[~upper], self.u, run.part.root.raw_ppf),
            (rows[upper], self.rest, run.part.root.raw_isf),
        ):
            if len(side):
                yield side, point(tail[side])

    def drawn_otherwise(self, rows: np.ndarray) -> None:
        """These rows are plain draws of the law, not quantiles of the uniforms."""
        if np.ndim(self.weight):
            self.weight[rows] = self.shares[rows]

    def follow(self, middle: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
        """u, log u and log(1 - u) less their means, which follow a smooth t and its tails."""
        np.subtract(self.u, 0.5, out=middle)
        for log, tail in ((lower, self.u), (upper, self.rest)):
            np.log(tail, out=log)
            log += 1.0


class Streamed:
    """Draws by numbers of the root's stream, NumPy's own where they are plain; else its quantiles, tilted and weighted."""

    weight: Any
    kept: Any = 1.0
    shares: Any = 1.0

    def __init__(self, source: Any, part: Any):
        self.stream = part.root.stream
        if source.scheme == "plain":
            self.z, self.weight = source.draws(self.stream.draw), 1.0
        else:
            self.z, self.weight = tilted_quantiles(source, self.stream.quantile)
        blocks = (slice(first, first + BLOCK) for first in range(0, len(self.z), BLOCK))
        self.runs = [Run(part, rows, self.z[rows], part.root.from_stream, "stream") for rows in blocks]

    def points(self, run: Run, rows: np.ndarray) -> Iterator[tuple[np.ndarray, Any]]:
        yield rows, run.point(self.z[rows])

    def follow(self, *columns: np.ndarray) -> None:
        self.stream.follow(self.z, *columns)


class Unweighted:
    """Draws that are those of the law itself, each of which counts alike; of their numbers nothing is known."""

    weight, kept = 1.0, 1.0


class LogRatioDraws:
    """t = log dp/dq at the draws of a source, weighted to mean D(p‖q), for `estimate_mean`; picklable."""

    def __init__(self, p: Any, q: Any):
        self.ratio = RadonNikodym(p, q)
        self.parts = [part for part in p.parts() if part.weight]
        self.smooth = p.measure == "lebesgue"
        self.dimension = 1 if len(self.parts) == 1 else 2
        self.by_stream = self.dimension == 1 and self.parts[0].root.stream is not None
        self.weights = np.array([part.weight for part in self.parts])
        self.weights /= self.weights.sum()
        self.drawn = drawn_weights(self.weights)
        # The law of all that is drawn, where rare parts are drawn more often than they come.
        self.proposal = p.of_parts(self.drawn) if self.smooth and self.drawn is not self.weights else None

    def __reduce__(self) -> tuple:
        return type(self), (self.ratio.p, self.ratio.q)

    @property
    def by_numbers(self) -> bool:
        """Whether every draw is a function of a number of the source."""
        return self.smooth and all(map(self._by_numbers, self.parts))

    def __call__(self, source: Any) -> np.ndarray:
        t, weight, _ = self.log_ratios(source)
        return t * weight

    def log_ratios(self, source: Any) -> tuple[np.ndarray, Any, Any]:
        """t at the draws of a source, their weights, and the draws."""
        with quiet():
            if not self.smooth:
                return self.ratio.log(self._of_law(source)), 1.0, Unweighted()
            draws, t = self._drawn(source), np.empty(source.size)
            for run in draws.runs:
                left = self._quickly(source, draws, run, t)
                for at, nodes in self._nodes(source, draws, run, left) if len(left) else ():
                    t[at] = value(nodes.t)
            draws.kept = self._kept(source, draws)
        return t, draws.weight * draws.kept, draws

    def _kept(self, source: Any, draws: Any) -> Any:
        """How many times what a draw counts for its own part it counts where those of other parts come too: the balance
        heuristic, by which it counts as the density of p over that of all that is drawn (Veach and Guibas, 1995)."""
        if self.proposal is None:
            return 1.0
        kept = np.empty(source.size)
        for run in draws.runs:
            for at, x in self._points(source, draws, run, run.indices(source.size)):
                y = run.part.forward(x)[0]
                log = value(self.ratio.p.logpdf_anywhere(y)) - value(self.proposal.logpdf_anywhere(y))
                kept[at] = np.exp(log) / draws.shares[at]
        return np.where(np.isfinite(kept), kept, 1.0)

    def exactly(self, source: Any, beside: float = 0.0) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray], Any, Any]:
        """t and the logarithms that it is the difference of, or their sizes, the weights and the draws.

        Points of a density are moved by this share of themselves, or of their distance from what they are anchored at.
        """
        with quiet():
            if not self.smooth:
                y = self._of_law(source)
                here, there = (np.maximum(law.logpmf(y), law.logpdf(y)) for law in (self.ratio.p, self.ratio.q))
                # A mass may be a sum of masses, whose logarithms round even where its own is next to 0.
                sizes = (np.abs(here) + _summands(self.ratio.p), np.abs(there) + _summands(self.ratio.q))
                return here - there, sizes, 1.0, Unweighted()
            draws, (t, here, there) = self._drawn(source), np.empty((3, source.size))
            for run in draws.runs:
                for at, nodes in self._nodes(source, draws, run, run.indices(source.size), beside):
                    t[at], here[at], there[at] = (value(x) for x in (nodes.t, nodes.log_p, nodes.log_q))
            draws.kept = self._kept(source, draws)
        return t, (here, there), draws.weight, draws

    def _of_law(self, source: Any) -> np.ndarray:
        return np.asarray(value(self.ratio.p.draw_from(source)))

    def _drawn(self, source: Any) -> Any:
        return Streamed(source, self.parts[0]) if self.by_stream else Quantiles(source, self.parts, self.dimension)

    def image_shifts(self, source: Any, share: float) -> np.ndarray:
        """How far t at the draws of a source moves as images that travel as plain doubles move by a share of themselves."""
        draws, shifts = self._drawn(source), np.zeros(source.size)
        if not (self.smooth and self._ends):
            return shifts
        with quiet():
            for run in draws.runs if self._plain else ():
                for rows, x in self._points(source, draws, run, run.indices(source.size)):
                    part, x = run.part, value(x)
                    y = np.asarray(value(part.forward(x)[0]))
                    (t, _, log_q), (t_beside, _, log_q_beside) = (self.ratio.smooth(z) for z in (y, y * (1.0 + share)))
                    shift = log_q_beside - log_q if part.injective else t_beside - t
                    shifts[rows] = np.where(self._keep_digits(part, x), np.abs(value(shift)), 0.0)
        return shifts

    def _points(self, source: Any, draws: Any, run: Run, rows: np.ndarray) -> Iterator[tuple[np.ndarray, Anchored]]:
        """The points of the root at rows of a run: quantiles where these are fast, else draws of its own."""
        if self._by_numbers(run.part):
            for at, x in draws.points(run, rows):
                yield at, anchored(x)
        else:
            yield rows, self._drawn_otherwise(source, draws, run, rows)

    def _by_numbers(self, part: Any) -> bool:
        return self.by_stream or part.root.inverts_fast

    def _drawn_otherwise(self, source: Any, draws: Any, run: Run, rows: np.ndarray) -> Anchored:
        """Draws of the root of a run, at all its rows or at the same ones again."""
        if id(run) not in draws.others:
            x = source.draws(lambda generator, count: run.part.root.draw(generator, (count,)), rows)
            draws.drawn_otherwise(rows)
            draws.others[id(run)] = anchored(x)
        return draws.others[id(run)]

    def _nodes(
        self, source: Any, draws: Any, run: Run, rows: np.ndarray, beside: float = 0.0
    ) -> Iterator[tuple[np.ndarray, Nodes]]:
        """The pair at rows of a run, or beside them, to full accuracy."""
        for at, x in self._points(source, draws, run, rows):
            yield at, self.ratio.on(run.part, _moved(x, beside))

    def _quickly(self, source: Any, draws: Any, run: Run, t: np.ndarray) -> np.ndarray:
        """Writes t at a run in plain doubles, ten times faster; the rows that are left, where they do not keep the digits."""
        part = run.part
        if not (self._plain and (part.injective or not len(self.ratio.p.critical_points))):
            return run.indices(len(t))
        if not self._by_numbers(part):
            self._write_by_points(run, self._drawn_otherwise(source, draws, run, run.indices(len(t))), t)
        elif self._ends or _far_ends(part.root):
            self._write_by_points(run, anchored(run.point(run.numbers)), t)
        elif len(doubted := self._write_by_numbers(run, t)):
            return run.indices(len(t))[doubted]
        return NONE

    def _write_by_numbers(self, run: Run, t: np.ndarray) -> np.ndarray:
        """Writes t by a program that makes the points too; the numbers of which it is not to be trusted."""

        def log_ratio(numbers: Any) -> Any:
            return self._log_ratio(run.part, follow(lambda numbers: value(run.point(numbers)), numbers))

        t[run.rows] = found = np.asarray(value(programs_of(self).run(_name(run), log_ratio, run.numbers)))
        if all_finite(found) and self._stay_safe(run):
            return NONE
        return np.flatnonzero(~(np.isfinite(found) & self._keep_digits(run.part, value(run.point(run.numbers)))))

    def _write_by_points(self, run: Run, points: Anchored, t: np.ndarray) -> None:
        """Writes t at points, of which those beside an end go on anchored."""
        part, x = run.part, np.asarray(value(points))
        found = np.array(value(programs_of(self).run(_name(run), partial(self._log_ratio, part), x)))
        left = np.flatnonzero(~(np.isfinite(found) & self._keep_digits(part, x)))
        if len(left):
            found[left] = value(self.ratio.on(part, points[left]).t)
        t[run.rows] = found

    def _log_ratio(self, part: Any, x: Any) -> Any:
        """t at points of the root of a part, as doubles have it."""
        y, log_det = follow(part.forward, x)
        log_p = follow(part.root.raw_logpdf, x) - log_det if part.injective else follow(self.ratio.p.raw_logpdf, y)
        return log_p - follow(self.ratio.q.raw_logpdf, y)

    def _keep_digits(self, part: Any, x: np.ndarray) -> Any:
        """Whether points of a root and their images are inside and tell as plain doubles how far from the ends they are."""
        y = np.asarray(value(part.forward(x)[0]))
        inside = is_safe(x) & is_safe(y) & self._held.contains(y)
        apart = [np.abs(x - end) > CLOSE * abs(end) for end in _far_ends(part.root)]
        apart += [np.abs(y - end) > CLOSE * abs(end) for end in self._ends]
        return reduce(np.logical_and, apart, inside)

    def _stay_safe(self, run: Run) -> bool:
        """Whether the points and images keep their digits as doubles: the ends of what is monotone say so, once for all."""
        key = id(run.part), run.kind
        low, high = extremes(run.numbers)
        known_low, known_high = self._known_safe.get(key, (np.inf, -np.inf))
        if known_low <= low and high <= known_high:
            return True
        ends = np.array([min(low, known_low), max(high, known_high)])
        x = value(run.point(ends))
        y = np.asarray(value(run.part.forward(x)[0]))
        if not (safe(x) and safe(y) and self._held.contains(y).all()):
            return False
        self._known_safe[key] = tuple(ends)
        return True

    @cached_property
    def _known_safe(self) -> dict[tuple[int, str], tuple[float, float]]:
        """The numbers, by part and kind, between which points are known to keep their digits."""
        return {}

    @cached_property
    def _held(self) -> Interval:
        """Where both laws have their densities."""
        return self.ratio.p.support.intersect(self.ratio.q.support)

    @cached_property
    def _ends(self) -> list[float]:
        return sorted({*_far_ends(self.ratio.p), *_far_ends(self.ratio.q)})

    @property
    def _plain(self) -> bool:
        """Whether doubles tell most points from everything that matters to both laws."""
        return not (self.ratio.p.fragile or self.ratio.q.fragile)


def _name(run: Run) -> str:
    return f"part {id(run.part)} {run.kind}"


def _far_ends(law: Any) -> list[float]:
    """Ends of a support that are finite and not zero: near these a double keeps no distance from them."""
    ends = [float(value(end)) for end in law.support.edges]
    return [end for end in ends if end != 0.0 and np.isfinite(end)]


class ControlledDraws(LogRatioDraws):
    """t and its controls, each of weighted mean zero but for c: columns for `estimate_mean(..., control=known)`.

    `balanced` says that c is one of them, `followed` how many are functions of the numbers: none, or all `CONTROLS`; and one
    more of weighted draws, the weight itself.
    """

    def __init__(self, p: Any, q: Any, balanced: bool, followed: int):
        super().__init__(p, q)
        self.balanced, self.followed = balanced, followed

    def __reduce__(self) -> tuple:
        return type(self), (self.ratio.p, self.ratio.q, self.balanced, self.followed)

    def __call__(self, source: Any) -> np.ndarray:
        t, _, draws = self.log_ratios(source)
        with quiet():
            columns = columns_of(t, draws, self.balanced, self.followed)
            if np.ndim(draws.weight):
                columns *= draws.weight
        return columns.T

    @property
    def known(self) -> list[float]:
        """The means of the columns after the first."""
        outside = [RadonNikodym(self.ratio.q, self.ratio.p).singular_mass] if self.balanced else []
        return outside + [1.0] * (self.followed > CONTROLS) + [0.0] * min(self.followed, CONTROLS)


def _summands(law: Any) -> float:
    """The size of numbers that round on the way to a logarithm of a mass, beside itself."""
    strands = law.strands if isinstance(law, Discrete) else ()
    return 1.0 + max((strand.cancelled for strand in strands), default=0.0)


def _moved(x: Anchored, share: float) -> Anchored:
    """The points farther from their anchors by a share of the distance, or of themselves where they are plain doubles."""
    if not share:
        return x
    size = np.abs(x.offset)
    with np.errstate(all="ignore"):
        plain = np.where(size > CLOSE * np.abs(x.anchor), share * np.abs(x.anchor + x.offset) / size, share)
    plain = np.where(np.isfinite(plain), plain, share)
    return Anchored(x.anchor, x.offset * (1.0 + plain), x.log_offset + np.log1p(plain))


def columns_of(t: np.ndarray, draws: Any, balanced: bool, followed: int) -> np.ndarray:
    """t and its controls before they are weighted, (1 + controls, size); the functions of the numbers as of their own part."""
    columns = np.empty((1 + balanced + followed, len(t)))
    columns[0] = t
    if balanced:
        np.negative(t, out=columns[1])
        np.expm1(columns[1], out=columns[1])
        np.negative(columns[1], out=columns[1])
    if np.ndim(draws.kept):
        columns[: 1 + balanced] *= draws.kept
    if followed:
        columns[-followed] = 1.0  # the weight; without one it is written over
        draws.follow(*columns[-CONTROLS:])
    return columns
