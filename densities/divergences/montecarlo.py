"""D(p‖q) by Monte Carlo: the mean of log dp/dq over draws of p, on pairs that are never inverted.

Control variates, fitted to the chunks, take most of the spread away: c = 1 - dq/dp, whose mean is the mass of q where p
has none and whose first order in t = log dp/dq is t itself, so that t - c is the nonnegative φ(t) of nearly equal laws;
and u, log u, log(1 - u) of the uniforms that the draws are made of, which follow a smooth t and its tails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from densities.anchored import Anchored, anchored, value
from densities.arrays import BLOCK, quiet
from densities.distributions.route import safe
from densities.divergences.numeric import log_size
from densities.divergences.ratio import Nodes, RadonNikodym
from densities.domains import Interval
from densities.estimate import Estimate, Status
from densities.executors import shared_out
from densities.expectation import EPS, from_draws, tails
from densities.numerics.exponents import Verdict
from densities.numerics.montecarlo import entropy_of, estimate_mean
from densities.numerics.nets import Source, tilt
from densities.transforms.program import follow, programs_of

# q/p may be at most this at the quantiles of q for c to be a control: where q has mass p then has draws, and c a variance.
LARGEST_RATIO = 100.0
# The tail probabilities of the quantiles of q at which that is looked at, beside its centre.
TAIL_LEVELS = np.concatenate([np.geomspace(1e-12, 1e-3, 28), np.linspace(0.002, 0.5, 250)])
# The kurtosis of what controls leave over may be this share of the draws: then a variance is known to a third.
KURTOSIS_SHARE = 0.1
# A run to a target may end with so few draws.
FEW_DRAWS = 2**12


class Run(NamedTuple):
    """Draws that come from one part of p, by its `upper` tail or by its lower one."""

    part: Any
    rows: Any
    upper: bool


class Draws:
    """The uniforms of a source, tilted toward both tails where they are not plain: u, 1 - u, weight, and the `runs` in them.

    Large t lie in the tails: tilted draws are smoother for a net, and give a finite variance to values up to (mass of the
    tail)^-3/4.
    """

    weight: Any

    def __init__(self, source: Any, parts: list[Any], dimension: int):
        v = source.uniforms(dimension)
        first = v[:, 0]
        if source.scheme == "plain":
            self.u, self.rest, self.weight = first, 1.0 - first, 1.0
        else:
            self.u, self.rest, self.weight = tilt(first)
        if dimension == 1 and np.isposinf(value(parts[0].root.support.high)):
            self.runs = list(_in_a_row(parts[0], source.size))
        else:
            self.runs = list(_scattered(parts, first > 0.5, v[:, -1]))

    def halves(self, run: Run) -> Iterator[Run]:
        """The run; one of all quantiles as the runs of both tails, where 1 - u tells what u does not."""
        if not isinstance(run.rows, slice):
            yield run
            return
        rows, upper = np.arange(*run.rows.indices(len(self.u))), self.u[run.rows] > 0.5
        yield Run(run.part, rows[~upper], False)
        yield Run(run.part, rows[upper], True)

    def drawn_otherwise(self, rows: Any) -> None:
        """These rows are plain draws of the law, not quantiles of the uniforms."""
        if np.ndim(self.weight):
            self.weight[rows] = 1.0


def _in_a_row(part: Any, size: int) -> Iterator[Run]:
    """The runs of draws of a law without an upper end, whose quantiles u tells as well as 1 - u: block by block.

    What u leaves of 1 - u is off by eps/2, which moves the mean of t by eps times its variation at most.
    """
    for first in range(0, size, BLOCK):
        yield Run(part, slice(first, first + BLOCK), False)


def _scattered(parts: list[Any], upper: np.ndarray, v: np.ndarray) -> Iterator[Run]:
    """The runs of draws in no order, v of which choose among the parts; by indices, which cost a quarter of masks."""
    weights = np.cumsum([part.weight for part in parts])
    chosen = np.searchsorted(weights[:-1], v * weights[-1], side="right")
    for index, part in enumerate(parts):
        for side, half in ((False, ~upper), (True, upper)):
            yield Run(part, np.flatnonzero((chosen == index) & half), side)


class LogRatioDraws:
    """t = log dp/dq at the draws of a source, weighted to mean D(p‖q), for `estimate_mean`; picklable."""

    def __init__(self, p: Any, q: Any):
        self.ratio = RadonNikodym(p, q)
        self.parts = [part for part in p.parts() if part.weight]
        self.smooth = p.measure == "lebesgue"
        self.dimension = 1 if len(self.parts) == 1 else 2

    def __reduce__(self) -> tuple:
        return type(self), (self.ratio.p, self.ratio.q)

    def __call__(self, source: Any) -> np.ndarray:
        t, weight, _ = self.log_ratios(source)
        return t * weight

    def log_ratios(self, source: Any) -> tuple[np.ndarray, Any, Draws | None]:
        """t at the draws of a source, their weights, and the uniforms they are made of where it is known how."""
        return self._over(source, lambda nodes: value(nodes.t), self.ratio.log, self._plain_log_ratio)

    def rounding(self, entropy: int, slope: float = 0.0) -> float:
        """What ulps of the logarithms do to the mean of t - slope·(1 - e^-t), unseen in its spread: from 2^10 draws.

        With δ = 2 eps (|log p| + |log q|) it is E_p[|1 - slope e^-t| δ + slope e^-t δ²].
        """

        def size(t: Any, *logs: Any) -> Any:
            delta = 2 * EPS * sum(np.abs(value(log)) for log in logs)
            ratio = slope * np.exp(-value(t)) if slope else 0.0
            return np.abs(1.0 - ratio) * delta + np.abs(ratio) * (delta * delta + EPS * np.abs(value(t)))

        def at_points(y: np.ndarray) -> np.ndarray:
            here, there = (np.maximum(law.logpmf(y), law.logpdf(y)) for law in (self.ratio.p, self.ratio.q))
            return size(here - there, here, there)

        sizes, weight, _ = self._over(
            self.pilot(entropy), lambda nodes: size(nodes.t, nodes.log_p, nodes.log_q), at_points
        )
        return float(np.mean(sizes * weight))

    def pilot(self, entropy: int) -> Source:
        """2^10 draws, denser in the tails, that no run takes."""
        return Source(2**10, self.dimension, "stratified", np.random.SeedSequence(entropy, spawn_key=(2**31,)))

    def _over(
        self,
        source: Any,
        at_nodes: Callable[[Nodes], Any],
        at_points: Callable[[np.ndarray], Any],
        quick: Callable[[Any, np.ndarray, bool], Any] = lambda part, tail, upper: None,
    ) -> tuple[np.ndarray, Any, Draws | None]:
        """A function of draws, their weights and their uniforms: by `quick` from tail probabilities where it has an answer."""
        with quiet():
            if not self.smooth:
                return np.asarray(at_points(np.asarray(value(self.ratio.p.draw_from(source))))), 1.0, None
            draws = Draws(source, self.parts, self.dimension)
            result = np.empty(source.size)
            for run in draws.runs:
                found = quick(run.part, (draws.rest if run.upper else draws.u)[run.rows], run.upper)
                if found is not None:
                    result[run.rows] = found
                    continue
                for part, rows, upper in draws.halves(run):
                    tail = (draws.rest if upper else draws.u)[rows]
                    if part.root.inverts_fast:
                        result[rows] = at_nodes(self.ratio.on(part, anchored(_quantile(part.root, upper, tail))))
                    else:
                        result[rows] = at_nodes(self.ratio.on(part, anchored(part.root.draw(source.generator, tail.shape))))
                        draws.drawn_otherwise(rows)
        return result, draws.weight, draws

    def _plain_log_ratio(self, part: Any, tail: np.ndarray, upper: bool) -> np.ndarray | None:
        """t at quantiles of a root in plain doubles, ten times faster; None where they leave the safe range."""
        if not (self._plain and part.root.inverts_fast and len(tail)):
            return None
        smooth = part.injective or not len(self.ratio.p.critical_points)
        if not (smooth and self._stay_safe(part, tail, upper)):
            return None

        def log_ratio(tail: Any) -> Any:
            x = follow(lambda tail: value(_quantile(part.root, upper, tail)), tail)
            y, log_det = follow(part.forward, x)
            one_to_one = part.injective
            log_p = follow(part.root.raw_logpdf, x) - log_det if one_to_one else follow(self.ratio.p.raw_logpdf, y)
            return log_p - follow(self.ratio.q.raw_logpdf, y)

        t = np.asarray(value(programs_of(self).run(f"part {id(part)} {upper}", log_ratio, tail)))
        return t if np.isfinite(t).all() else None

    def _stay_safe(self, part: Any, tail: np.ndarray, upper: bool) -> bool:
        """Whether the quantiles of a monotone part keep their digits as doubles: its ends say so, and are remembered."""
        low, high = np.minimum.reduce(tail), np.maximum.reduce(tail)
        known_low, known_high = self._known_safe.get((id(part), upper), (np.inf, -np.inf))
        if known_low <= low and high <= known_high:
            return True
        ends = np.array([min(low, known_low), max(high, known_high)])
        x = value(_quantile(part.root, upper, ends))
        y = np.asarray(value(part.forward(x)[0]))
        if not (safe(x) and safe(y) and self._held.contains(y).all()):
            return False
        self._known_safe[id(part), upper] = tuple(ends)
        return True

    @cached_property
    def _known_safe(self) -> dict[tuple[int, bool], tuple[float, float]]:
        """The tail probabilities, by part and side, between which quantiles are known to keep their digits."""
        return {}

    @cached_property
    def _held(self) -> Interval:
        """Where both laws have their densities."""
        return self.ratio.p.support.intersect(self.ratio.q.support)

    @cached_property
    def _plain(self) -> bool:
        """Whether no point comes near an end that is finite and not zero, where a double keeps no distance from it."""
        p, q = self.ratio.p, self.ratio.q
        ends = [value(end) for law in (p, q, *(part.root for part in self.parts)) for end in law.support.edges]
        return not (p.fragile or q.fragile) and all(end == 0 or np.isinf(end) for end in ends)


def _quantile(root: Any, upper: bool, tail: Any) -> Any:
    """Points of a root at tail probabilities of one side."""
    return root.raw_isf(tail) if upper else root.raw_ppf(tail)


class ControlledDraws(LogRatioDraws):
    """t and its controls, each of weighted mean zero but for c: columns for `estimate_mean(..., control=known)`.

    `balanced` says that c is one of them, `followed` that the functions of the uniforms are.
    """

    def __init__(self, p: Any, q: Any, balanced: bool, followed: bool):
        super().__init__(p, q)
        self.balanced, self.followed = balanced, followed

    def __reduce__(self) -> tuple:
        return type(self), (self.ratio.p, self.ratio.q, self.balanced, self.followed)

    def __call__(self, source: Any) -> np.ndarray:
        t, weight, draws = self.log_ratios(source)
        with quiet():
            columns = self._columns(t, draws)
            if np.ndim(weight):
                columns *= weight
        return columns.T

    def _columns(self, t: np.ndarray, draws: Draws | None) -> np.ndarray:
        """t and its controls, (1 + controls, size)."""
        columns = np.empty((1 + self.balanced + 3 * self.followed, len(t)))
        columns[0] = t
        if self.balanced:
            np.negative(t, out=columns[1])
            np.expm1(columns[1], out=columns[1])
            np.negative(columns[1], out=columns[1])
        if self.followed:
            assert draws is not None  # laws with a density are drawn through their uniforms
            middle, lower, upper = columns[-3:]
            np.subtract(draws.u, 0.5, out=middle)
            for log, tail in ((lower, draws.u), (upper, draws.rest)):
                np.log(tail, out=log)
                log += 1.0
        return columns

    @property
    def known(self) -> list[float]:
        """The means of the columns after the first."""
        outside = [RadonNikodym(self.ratio.q, self.ratio.p).singular_mass] if self.balanced else []
        return outside + ([0.0, 0.0, 0.0] if self.followed else [])

    def settled(self, n: int, scheme: str, entropy: int) -> bool:
        """Whether n draws show the spread of what the controls leave over: its kurtosis, from 2^10 others, is below n/10.

        A control may follow t wherever it is likely and leave it far out: then most runs see no spread at all.
        """
        t, weight, draws = self.log_ratios(self.pilot(entropy))
        with quiet():
            columns = self._columns(t, draws).T
            columns[:, 0] = 1.0
        if not np.isfinite(columns).all() or not np.isfinite(t).all():
            return False
        root = np.sqrt(weight)[:, None]
        scale = np.abs(t).max() or 1.0
        fitted = np.linalg.lstsq(columns * root, t / scale * root[:, 0], rcond=1e-13)[0]
        left = t / scale - columns @ fitted
        share, left = (weight, left) if scheme == "plain" else (1.0, weight * left)
        with quiet():
            return bool(np.mean(share * left**4) <= KURTOSIS_SHARE * n * np.mean(share * left**2) ** 2)


def controlled(p: Any, q: Any, n: int, scheme: str, entropy: int) -> ControlledDraws:
    """The draws with the controls that apply."""
    balanced = _balanced(LogRatioDraws(p, q))
    parts = [part for part in p.parts() if part.weight]
    followed = p.measure == "lebesgue" and all(part.root.inverts_fast for part in parts)
    values = ControlledDraws(p, q, balanced, followed)
    if followed and not values.settled(n, scheme, entropy):
        return ControlledDraws(p, q, balanced, False)
    return values


def _balanced(draws: LogRatioDraws) -> bool:
    """Whether E_p[1 - q/p] is the mass of q where p has none, and 1 - q/p moderate wherever q has mass.

    A law whose density vanishes on an unknown set, or that has hardly a draw where q has mass, gives another mean to a
    sample of any size.
    """
    p, q = draws.ratio.p, draws.ratio.q
    with quiet():
        if p.measure == q.measure == "counting":
            y = np.concatenate([q.raw_total_ppf(TAIL_LEVELS), q.raw_total_ppf(1.0 - TAIL_LEVELS)])
            return _moderate(draws.ratio.log(y))
        if not (draws.smooth and q.measure == "lebesgue" and _fills_its_support(draws)):
            return False
        back = RadonNikodym(q, p)
        ends = [
            (part, quantile(TAIL_LEVELS)) for part in q.parts() for quantile in (part.root.raw_ppf, part.root.raw_isf)
        ]
        return _moderate(np.concatenate([-value(back.on(part, anchored(x)).t) for part, x in ends]))


def _moderate(t: np.ndarray) -> bool:
    """Whether q/p = e^-t is nowhere large; what lies outside the support of p has a known mass and does not count."""
    inside = t[~np.isneginf(t)]
    return bool(len(inside)) and bool(np.min(inside) > -np.log(LARGEST_RATIO))


def _fills_its_support(draws: LogRatioDraws) -> bool:
    """Whether the density of p is positive inside its support: each part is of a family of such, and reaches both ends."""
    ends = [float(value(end)) for end in draws.ratio.p.support.edges]
    for part in draws.parts:
        if not part.root.name:
            return False
        if len(draws.parts) > 1:
            reached = [float(value(part.forward(anchored(value(end)))[0])) for end in part.root.support.edges]
            if sorted(reached) != ends:
                return False
    return True


def variance_is_infinite(ratio: RadonNikodym, *, tilted: bool) -> bool:
    """Whether the draws certainly have no variance: E_p[t²], tilted E_p[t² √(mass of the tail)] up to a factor."""

    def log_square(part: Any, x: Anchored) -> tuple[Any, Any]:
        log_integrand, noise = log_size(ratio, part, x)
        square = 2 * log_integrand - value(part.root.raw_logpdf(x))
        if tilted:
            square = square + 0.5 * np.minimum(value(part.root.raw_logcdf(x)), value(part.root.raw_logsf(x)))
        return np.where(np.isneginf(log_integrand), -np.inf, square), 3 * noise

    return any(approach.verdict is Verdict.INFINITE for approach in tails(ratio.p, log_square, ratio.q.landmarks()))


def kl_montecarlo(
    p: Any, q: Any, *, n: int = 2**16, rng: Any = None, scheme: str = "sobol", **options: Any
) -> Estimate:
    """D(p‖q) as the mean of log dp/dq over draws of p, by control variates; options are those of `estimate_mean`.

    Without an executor, 2^22 draws and more are shared out to threads, with the same bits.

    The error is the standard error and the rounding of log dp/dq, which decides between laws that are nearly identical.
    `heavy_tail` is the status where the exponents of the tails say that the draws have no variance, or the draws do.
    """
    entropy = entropy_of(rng, options.get("checkpoint"))
    values = controlled(p, q, n if options.get("target") is None else min(n, FEW_DRAWS), scheme, entropy)
    known = values.known
    if known:
        options = {"control": known, "judged": 1 + values.balanced, **options}
    options = {"dimension": values.dimension, "scheme": scheme, **options}
    large = n if options.get("target") is None else 0  # the runs that lead to a target begin small
    with shared_out(options.pop("executor", None), large) as executor:
        result = estimate_mean(values, n, rng=entropy, executor=executor, **options)
    if result.heavy_tail and result.standard_error <= values.rounding(entropy):  # the tails of rounding say nothing
        result = replace(result, heavy_tail=False)
    slope = float(result.coefficients[0]) if values.balanced else 0.0  # type: ignore[index]
    estimate = from_draws(result, "montecarlo", target=options.get("target"))
    estimate = replace(estimate, error=estimate.error + values.rounding(entropy, slope))
    if (
        estimate.status is Status.CONVERGED
        and values.smooth
        and variance_is_infinite(values.ratio, tilted=scheme != "plain")
    ):
        reason = "the exponents of the tails give log dp/dq no finite variance"
        return replace(estimate, status=Status.HEAVY_TAIL, detail={**estimate.detail, "reason": reason})
    return estimate
