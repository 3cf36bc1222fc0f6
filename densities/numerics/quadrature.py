"""Double-exponential quadrature: many integrals at once, over panels, of integrands given by their logarithms.

On a finite panel x = a + (b - a)/(1 + e^(-π sinh t)), on a half line from c with scale S x = c ± S e^(½π sinh t),
and the trapezoidal rule in t. A node is an `Anchored` number: the nearer end and the logarithm of the distance from it,
so it never rounds onto the end, never overflows, and reaches distances of e^(±10⁶) where slow tails such as x^(-1.0001)
still hold mass. The maps are those of H. Takahasi and M. Mori, "Double exponential formulas for numerical integration",
Publ. RIMS 9 (1974) 721-741.

An integral converges here only where it converges: a divergent one is told by `densities.numerics.exponents`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from densities.anchored import LOG2, Anchored
from densities.errors import ParameterError, argument_error

__all__ = ["Integral", "Integrand", "integrate"]

Integrand = Callable[[Anchored, np.ndarray], tuple[Any, Any]]

EPS = float(np.finfo(float).eps)
# |t| <= 14 reaches log-distances of 9e5 on a half line and 1.9e6 on a finite panel.
REACH, SCAN_STEP = 14.0, 0.5
NEGLIGIBLE = 50.0  # in nats below the largest term of the same sum
COARSEST = 32
FIRST = np.linspace(0.0, 1.0, 2 * COARSEST + 1)
TERMS_AT_ONCE = 2**16  # 512 kB for the terms of all sums: measured best of 2**13 ... 2**18


@dataclass(frozen=True)
class Integral:
    """k sums for each of P problems; every array is (k, P) or (P,).

    `value` ± `error`. `difference` is the sum over panels of |last level - level before|, which bounded the error of
    the rule wherever it was compared with the truth. `rounding` is eps·∫|f|(1 + |log|f|| + |log jacobian|), the effect
    of an ulp of the logarithms. `magnitude` is ∫|f|, `log_magnitude` its log, right where the value itself overflows.
    `truncated` marks problems whose integrand was still above e^-50 of its largest term at the end of the reach;
    `remainder` is what lies beyond, as for a pure power of the distance: f·distance/|slope|, infinite for a slope >= 0.
    It is not part of `value`. `converged` is False for these, unless the remainder is within the tolerance. Where
    |difference| <= rtol·|value| all the same, value + remainder answers for a tail that is a power.
    """

    value: np.ndarray
    difference: np.ndarray
    rounding: np.ndarray
    magnitude: np.ndarray
    log_magnitude: np.ndarray
    remainder: np.ndarray
    truncated: np.ndarray
    evaluations: np.ndarray
    converged: np.ndarray

    @property
    def error(self) -> np.ndarray:
        """|difference| + 2 rounding + 8 eps|value| + |remainder|: what the truth was seen to stay within."""
        return self.difference + 2 * self.rounding + 8 * EPS * np.abs(self.value) + np.abs(self.remainder)


def integrate(
    integrand: Integrand,
    problem: Any,
    low: Any,
    high: Any,
    width: Any = 1.0,
    *,
    floor: Sequence[int | None] | None = None,
    rtol: float = 1e-11,
    max_nodes: int = 4096,
) -> Integral:
    """∫f_j for j < k over the panels [low, high] of each problem: (m,) panels give (k, P) sums, P = max(problem) + 1.

    `integrand(x, problem)` takes Anchored nodes (rows, n) and the problem of each row, and returns log|f|, of shape
    (k, rows, n), and the sign, broadcastable to it; log 0 is -inf. It is called with floating-point warnings off.
    A panel with one infinite end is a half line whose length scale is `width`.
    `floor[j]` says which sum bounds the rounding of sum j, in units of eps: a level difference below 2 eps·(that sum)
    is noise. `None` marks a sum that is such a bound itself: its convergence is not asked for. By default each sum is
    its own. A panel is refined from 32 to `max_nodes` intervals until its level difference is below its share of
    rtol·|total| or below rounding, for every sum asked for. NaN or +inf of the integrand where it matters: not
    converged, value NaN.
    Raises ParameterError for panels that are reversed, NaN or infinite at both ends, and where there is none.
    """
    problem = np.atleast_1d(np.asarray(problem, dtype=np.intp))
    panels = _panels(*np.broadcast_arrays(problem, low, high, width))
    order = np.argsort(panels.problem, kind="stable")
    panels = panels[order]
    parts = []
    with np.errstate(all="ignore"):
        starts = np.flatnonzero(np.diff(panels.problem, prepend=-1))
        names = panels.problem[starts]
        at_once = TERMS_AT_ONCE // (4 if floor is None else len(floor))
        for first, last in _blocks(starts, problem.size, at_once // FIRST.size):
            rows = slice(starts[first], starts[last] if last < starts.size else None)
            run = _Run(integrand, panels[rows], starts[first:last] - starts[first], floor, rtol, max_nodes, at_once)
            parts.append(run.result())
    return _gather(parts, names)


@dataclass(frozen=True)
class _Panels:
    """m panels: anchor and direction of the nodes with t < 0 (column 0) and t >= 0 (column 1), and log of the scale."""

    problem: np.ndarray
    anchor: np.ndarray
    direction: np.ndarray
    log_width: np.ndarray
    finite: np.ndarray

    def __len__(self) -> int:
        return self.problem.size

    def __getitem__(self, rows: Any) -> _Panels:
        return _Panels(*(part[rows] for part in vars(self).values()))


def _panels(problem: np.ndarray, low: Any, high: Any, width: Any) -> _Panels:
    low, high, width = (np.asarray(end, dtype=float) for end in (low, high, width))
    if not problem.size or problem.min() < 0 or not (low <= high).all() or (np.isinf(low) & np.isinf(high)).any():
        expected = "panels of problems 0, 1, ... with low <= high and at most one infinite end"
        raise ParameterError(argument_error("low, high", expected, (low, high)))
    finite = np.isfinite(low) & np.isfinite(high)
    if not (finite | ((width > 0) & (width < np.inf))).all():
        raise ParameterError(argument_error("width", "positive length scales for half lines", width))
    upward = np.isinf(high)
    anchor = np.where(finite, (low, high), np.where(upward, low, high))
    direction = np.where(finite, ([[1.0], [-1.0]]), np.where(upward, 1.0, -1.0))
    with np.errstate(all="ignore"):
        log_width = np.where(finite, np.log(0.5 * high - 0.5 * low) + LOG2, np.log(width))
    return _Panels(problem, anchor.T, direction.T, log_width, finite)


def _blocks(starts: np.ndarray, size: int, most: int) -> Iterator[tuple[int, int]]:
    """Ranges of problems with at most `most` panels together, or of one; problem i starts at panel starts[i]."""
    ends = np.append(starts[1:], size)
    first = 0
    while first < starts.size:
        last = max(first + 1, int(np.searchsorted(ends, starts[first] + most, side="right")))
        yield first, last
        first = last


def _unit_nodes(t: np.ndarray, finite: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log distance from the anchor and log jacobian at t, for panels of unit width."""
    growth = np.exp(t)
    z = (growth - 1 / growth) * (np.pi / 4)
    log_rate = np.log((growth + 1 / growth) * (np.pi / 4))
    soft = np.log1p(np.exp(-2 * np.abs(z)))
    distance = np.where(finite, -2 * np.abs(z) - soft, z)
    return distance, np.where(finite, distance - soft + log_rate + LOG2, z + log_rate)


SCAN_T = np.arange(-REACH, REACH + SCAN_STEP / 2, SCAN_STEP)
SCAN_NODES = *_unit_nodes(SCAN_T, np.array([[False], [True]])), np.array([SCAN_T >= 0, SCAN_T >= 0])


def _nodes(
    low: np.ndarray, high: np.ndarray, finite: np.ndarray, warped: np.ndarray, fractions: np.ndarray
) -> tuple[np.ndarray, ...]:
    """log distance, log jacobian and whether t >= 0, at t = low + fractions·(high - low), on panels of unit width.

    Ranges are multiples of the scan's step, so few of them are different. Where the integrand is cut off at an end of
    the range the fractions are warped, u -> ∫630 u⁴(1-u)⁴, and the trapezoidal rule keeps the order h⁶.
    """
    code = (low * 256 + high) * 8 + 2 * finite + warped
    _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
    start, stop, finite, warped = (part[first, None] for part in (low, high, finite, warped))
    u, rate = fractions, 0.0
    if warped.any():
        u = np.where(warped, u**5 * (126 + u * (-420 + u * (540 + u * (-315 + u * 70)))), u)
        rate = np.where(warped, np.log(630 * (fractions * (1 - fractions)) ** 4), 0.0)
    t = start + (stop - start) * u
    distance, jacobian = _unit_nodes(t, finite)
    return distance[inverse], (jacobian + rate)[inverse], (t >= 0)[inverse]


@dataclass(frozen=True)
class _Sample:
    """The integrand on nodes: logs and signs (k, rows, n), log distances and log jacobians (rows, n)."""

    log: np.ndarray
    sign: np.ndarray
    distance: np.ndarray
    jacobian: np.ndarray


def _trapezoid(terms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Σ of the even terms with half ends, Σ of the odd ones: the rule on half of the nodes and what doubles it."""
    return terms[..., ::2].sum(-1) - 0.5 * (terms[..., 0] + terms[..., -1]), terms[..., 1::2].sum(-1)


class _Run:
    """One block of whole problems: scan, first two levels, refinement.

    State arrays are (k, panels); `sum`, `change`, `size` and `noise` are in units of e^scale.
    """

    def __init__(
        self,
        integrand: Integrand,
        panels: _Panels,
        starts: np.ndarray,
        floor: Sequence[int | None] | None,
        rtol: float,
        max_nodes: int,
        at_once: int,
    ):
        self.integrand, self.panels, self.starts, self.rtol, self.at_once = integrand, panels, starts, rtol, at_once
        self.counts = np.diff(starts, append=len(panels))
        self.owner = np.repeat(np.arange(starts.size), self.counts)
        self.nodes = np.full(len(panels), SCAN_T.size)
        rows = self._scan(floor)
        self._start(rows)
        intervals = 2 * COARSEST
        rows = self._unsettled(rows)
        while rows.size and intervals < max_nodes:
            self._refine(rows, intervals)
            intervals *= 2
            rows = self._unsettled(rows)

    def _evaluate(self, panels: _Panels, distance: np.ndarray, jacobian: np.ndarray, right: np.ndarray) -> _Sample:
        """The integrand on nodes that are given for panels of unit width."""
        log_width = panels.log_width[:, None]
        distance, jacobian = distance + log_width, jacobian + log_width
        direction = np.where(right, panels.direction[:, 1:], panels.direction[:, :1])
        anchor = np.where(right, panels.anchor[:, 1:], panels.anchor[:, :1]) if panels.anchor.any() else 0.0
        log, sign = self.integrand(Anchored.from_log(distance, direction, anchor), panels.problem)
        return _Sample(np.asarray(log, dtype=float), np.asarray(sign, dtype=float), distance, jacobian)

    def _samples(self, rows: np.ndarray, fractions: np.ndarray) -> Iterator[tuple[np.ndarray, _Sample]]:
        self.nodes[rows] += fractions.size
        step = max(1, self.at_once // fractions.size)
        for start in range(0, rows.size, step):
            block = rows[start : start + step]
            panels = self.panels[block]
            nodes = _nodes(self.low[block], self.high[block], panels.finite, self.truncated[block], fractions)
            yield block, self._evaluate(panels, *nodes)

    def _scan(self, floor: Sequence[int | None] | None) -> np.ndarray:
        """Find the range of t that matters on each panel; the rows where there is one."""
        sample = self._evaluate(self.panels, *(table[self.panels.finite.astype(int)] for table in SCAN_NODES))
        k, m, n = sample.log.shape
        floor = range(k) if floor is None else floor
        if len(floor) != k:
            raise ParameterError(argument_error("floor", f"one entry for each of the {k} sums", floor))
        self.asked = np.array([j for j in range(k) if floor[j] is not None])
        self.floor = np.array([floor[j] for j in self.asked])
        log = sample.log if self.asked.size == k else sample.log[self.asked]
        level: np.ndarray = log + sample.jacobian
        highest = level.max(-1)
        known = None
        if not (highest < np.inf).all():  # NaN is not
            known = np.all(log < np.inf, axis=0)
            level = np.where(known, level, -np.inf)
            highest = level.max(-1)
        largest = np.maximum.reduceat(highest, self.starts, axis=-1)[:, self.owner]
        kept = np.any(level > (largest - NEGLIGIBLE)[..., None], axis=0)
        some = kept.any(-1)
        first, last = np.maximum(kept.argmax(-1) - 1, 0), np.minimum(n - kept[:, ::-1].argmax(-1), n - 1)
        self.lost = np.zeros(self.starts.size, dtype=bool)
        if known is not None:
            self.lost = np.logical_or.reduceat(_broken(known, some, first, last), self.starts)
        self.low, self.high = SCAN_T[first], SCAN_T[last]
        self.truncated = kept[:, 0] | kept[:, -1]
        self.remainder = np.zeros((k, m))
        if self.truncated.any():
            self._cut(sample, kept)
        self.scale = np.full((k, m), -np.inf)
        self.sum, self.size, self.noise, self.change = np.zeros((4, k, m))
        return np.flatnonzero(some & ~self.lost[self.owner])

    def _cut(self, sample: _Sample, kept: np.ndarray) -> None:
        """What lies beyond the ends of the reach where it counts, the slope in log distance taken as constant."""
        sign = np.broadcast_to(sample.sign, sample.log.shape)
        for end, inner in ((0, 1), (-1, -2)):
            rows = np.flatnonzero(kept[:, end])
            distance = sample.distance[rows]
            edge, before = (sample.log[:, rows, i] + distance[:, i] for i in (end, inner))
            slope = (edge - before) / np.abs(distance[:, end] - distance[:, inner])
            beyond = np.where(slope < 0, np.exp(edge - np.log(-slope)), np.inf)
            self.remainder[:, rows] += np.where(edge == -np.inf, 0.0, sign[:, rows, end] * beyond)

    def _terms(self, sample: _Sample, scale: Any) -> tuple[np.ndarray, ...]:
        """The new scale, the signed terms, Σ|terms|, and Σ|terms|(1 + |log f| + |log jacobian|) or somewhat more.

        Where a term counts, log f + log jacobian is near the scale, so |log f| <= |log jacobian| + |scale| + a few.
        """
        level = sample.log + sample.jacobian
        scale = np.maximum(level.max(-1), scale)
        level -= np.where(scale == -np.inf, 0.0, scale)[..., None]
        terms = np.exp(level, out=level)
        size = terms.sum(-1)
        # A jacobian of zero comes with terms of zero: 0·inf must not become NaN.
        logs = 1 + 2 * np.abs(np.maximum(sample.jacobian, -1e300))
        noise = np.einsum("krn,rn->kr", terms, logs)
        noise += np.where(size > 0, np.abs(scale), 0.0) * size
        terms *= sample.sign
        return scale, terms, size, noise

    def _start(self, rows: np.ndarray) -> None:
        for block, sample in self._samples(rows, FIRST):
            scale, terms, size, noise = self._terms(sample, -np.inf)
            step = (self.high - self.low)[block] / (2 * COARSEST)
            half, rest = _trapezoid(terms)
            self.scale[:, block] = scale
            self.sum[:, block] = (half + rest) * step
            self.change[:, block] = np.abs(half - rest) * step
            self.size[:, block] = size * step
            self.noise[:, block] = noise * step

    def _refine(self, rows: np.ndarray, intervals: int) -> None:
        """Double the number of intervals: T(2n) = (T(n) + M(n))/2 with M the midpoint rule."""
        for block, sample in self._samples(rows, (np.arange(intervals) + 0.5) / intervals):
            old = self.scale[:, block]
            scale, terms, size, noise = self._terms(sample, old)
            shrink = np.where(scale == -np.inf, 1.0, np.exp(old - scale))
            step = (self.high - self.low)[block] / intervals
            before, middle = self.sum[:, block] * shrink, terms.sum(-1) * step
            self.scale[:, block] = scale
            self.sum[:, block] = 0.5 * (before + middle)
            self.change[:, block] = 0.5 * np.abs(before - middle)
            self.size[:, block] = 0.5 * (self.size[:, block] * shrink + size * step)
            self.noise[:, block] = 0.5 * (self.noise[:, block] * shrink + noise * step)

    def _unsettled(self, rows: np.ndarray) -> np.ndarray:
        """Those of `rows` whose last level difference is too large; a problem that has met a NaN is lost and leaves."""
        self._sum_up()
        tolerance = np.maximum(self.relative / self.counts, self.rounding)[:, self.owner]
        self.settled = (self.change[self.asked] * self.factor[self.asked] <= tolerance).all(0)
        return rows[~(self.settled | self.lost[self.owner])[rows]]

    def _sum_up(self) -> None:
        """Each problem's scale, each panel's factor to it, the totals over panels, and what is small beside them."""
        self.top = top = np.maximum.reduceat(self.scale, self.starts, axis=-1)
        self.factor = np.where(self.scale == -np.inf, 0.0, np.exp(self.scale - top[:, self.owner]))
        self.total, size, noise = (self._over_panels(part * self.factor) for part in (self.sum, self.size, self.noise))
        self.total_size, self.total_noise = size, noise
        self.lost |= ~np.isfinite(self.total).all(0)
        # The floor has a scale of its own; where it is the sum itself, the factor is 1.
        own, other = top[self.asked], top[self.floor]
        bound = np.where(other == -np.inf, 0.0, size[self.floor] * np.exp(other - np.where(own == -np.inf, other, own)))
        self.relative = self.rtol * np.abs(self.total[self.asked])
        self.rounding = EPS * np.maximum(2 * bound, noise[self.asked])

    def _over_panels(self, parts: np.ndarray) -> np.ndarray:
        return np.add.reduceat(parts, self.starts, axis=-1)

    def result(self) -> Integral:
        # In two steps: e^scale alone may overflow where the sum does not.
        half = np.where(self.top == -np.inf, 0.0, np.exp(0.5 * self.top))
        half[:, self.lost] = np.nan

        def unscaled(sums: np.ndarray, half: np.ndarray = half) -> np.ndarray:
            return np.where((sums == 0) & ~self.lost, 0.0, sums * half * half)

        truncated = np.logical_or.reduceat(self.truncated, self.starts)
        remainder = self._over_panels(self.remainder)
        allowed = unscaled(np.maximum(self.relative, self.rounding), half[self.asked])
        complete = ~truncated | ((np.abs(remainder[self.asked]) <= allowed) & np.isfinite(allowed)).all(0)
        return Integral(
            value=unscaled(self.total),
            difference=unscaled(self._over_panels(self.change * self.factor)),
            rounding=unscaled(EPS * self.total_noise),
            magnitude=unscaled(self.total_size),
            log_magnitude=np.log(self.total_size) + self.top,
            remainder=remainder,
            truncated=truncated,
            evaluations=np.add.reduceat(self.nodes, self.starts),
            converged=np.logical_and.reduceat(self.settled, self.starts) & ~self.lost & complete,
        )


def _broken(known: np.ndarray, some: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Panels with a node that has no value, unless all such nodes lie beyond one where the integrand has died out."""
    n = known.shape[-1]
    first_known, last_known = known.argmax(-1), n - 1 - known[:, ::-1].argmax(-1)
    low = np.where(some, np.minimum(first, first_known), first_known)[:, None]
    high = np.where(some, np.maximum(last, last_known), last_known)[:, None]
    index = np.arange(n)
    return (~known & (low <= index) & (index <= high)).any(-1) | ~known.any(-1)


def _gather(parts: list[Integral], names: np.ndarray) -> Integral:
    """The blocks in one, by problem; a problem without panels is an integral over nothing: converged, 0."""
    count = int(names[-1]) + 1

    def joined(name: str) -> np.ndarray:
        array = np.concatenate([getattr(part, name) for part in parts], axis=-1)
        if names.size == count:
            return array
        empty = {"converged": True, "log_magnitude": -np.inf}.get(name, 0)
        full = np.full((*array.shape[:-1], count), empty, dtype=array.dtype)
        full[..., names] = array
        return full

    return Integral(**{field.name: joined(field.name) for field in fields(Integral)})
