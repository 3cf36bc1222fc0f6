"""Means by Monte Carlo: streamed in chunks, with the same bits for any number of workers, and an interval that holds.

A run is cut into chunks of 2^m points. Chunk i is an independent replicate (a scrambled Sobol net, a stratified or a
plain sample) drawn from SeedSequence(entropy, spawn_key=(i,)), so that anyone can compute it alone; what it leaves
behind is a handful of numbers, merged in the order of the index. The chunk means themselves show the error of their
mean, whatever the scheme: (mean - truth)/SE is t-distributed with one degree of freedom less than chunks.
"""

from __future__ import annotations

import itertools
import math
import operator
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from densities.arrays import generator_of, keep_freed_memory
from densities.errors import ParameterError, ShapeError, argument_error
from densities.executors import ordered_results
from densities.numerics import checkpoints
from densities.numerics.checkpoints import refusal
from densities.numerics.controls import adjusted, convergence_rate
from densities.numerics.nets import Source
from densities.numerics.pareto_tail import tail_shape, tail_size
from densities.numerics.tally import Chunks, Plan, Tally, Values, chunks_of, largest, statistics, whole_blocks

__all__ = ["MeanResult", "Source", "check_run", "entropy_of", "estimate_mean"]

# Independent chunks: with so many the t-interval of their means is hardly wider than a normal one.
MIN_CHUNKS = 64
# Two years of one core at 60 ns a draw.
MOST_DRAWS = 1e15
# 2^16 points are 0.5 MB a column: they stay in a core's cache, and two threads do not fight for the interpreter.
MAX_BITS = 16
START_BITS = 4
# So many more draws than were asked for are made where 64 chunks of the next size take them: of 10⁶ come 2^20.
ROUNDED_UP = 1.05
# Where k̂ exceeds 1/3 a third moment is doubtful: the variance may be infinite, and where it is finite the t-interval
# closes too slowly. Tails of t(2.2) have k = 0.45; those of normal, squared normal and exponential values k = 0.
HEAVY_SHAPE = 1.0 / 3.0
# Values that stay within so many standard deviations have no heavy tail, however they are piled up inside: a power law of
# k = 1/3 leaves them a hundred draws after another.
LARGEST_BOUNDED = 6.0
CHECKPOINT_SECONDS = 5.0
# Chunks drawn together grow in number by this factor as long as that does not take longer.
GROWTH, LOOK_SECONDS = 16, 0.2


@dataclass(frozen=True)
class MeanResult:
    """What a run found; scalars, or arrays (k,) where `values` has k columns and no control.

    `standard_error` has `dof` degrees of freedom; it is inf with fewer than two chunks, and NaN where the mean is not
    finite. `khat` is the generalised Pareto shape of the heavier tail of the values, `top_share` the part of Σ|values|
    that the largest 1 % of the draws hold, `heavy_tail` whether the standard error is to be doubted. A NaN value makes
    the mean NaN, an infinite one makes it infinite; both are counted. `entropy` repeats the run; `stopped` is
    "complete", "target", "time" or "interrupted"; `n` draws made the mean, `drawn` were made in all (more than n with a
    target) and `planned` were to be; `chunk_means` is (chunks, columns), in very long runs of several chunks each;
    `coefficients` are those of the controls; `rate` is r of a standard error ∝ (points in a chunk)^-r.
    """

    mean: Any
    standard_error: Any
    dof: int
    n: int
    chunks: int
    khat: Any
    top_share: Any
    heavy_tail: Any
    nan_count: Any
    infinite_count: Any
    entropy: int
    stopped: str
    drawn: int
    planned: int
    chunk_means: np.ndarray = field(repr=False)
    coefficients: np.ndarray | None
    rate: Any

    def interval(self, level: float = 0.95) -> tuple[Any, Any]:
        """mean ± t·SE: the truth lies inside with probability `level`, where there is no heavy tail."""
        half = special.stdtrit(max(self.dof, 1), 0.5 + 0.5 * level) * self.standard_error
        return self.mean - half, self.mean + half

    def draws_for(self, target: float) -> Any:
        """About how many draws reach a standard error of `target`.

        More draws make larger chunks, whose error falls at the observed `rate`, and from 2^16 points on more chunks,
        whose error falls as that of independent draws.
        """
        wanted = np.asarray(self.standard_error / target)
        growth = max(2.0**MAX_BITS * self.chunks / self.n, 1.0)
        gained = growth**self.rate
        n = self.n * np.where(wanted <= gained, wanted ** (1.0 / self.rate), growth * (wanted / gained) ** 2)
        return np.ceil(n)[()]


class _Fit(NamedTuple):
    """What chunk means say: (k,) means and errors, replicates (chunks, k) and those of half chunks (2, chunks, k)."""

    mean: np.ndarray
    error: np.ndarray
    dof: int
    coefficients: np.ndarray | None
    whole: np.ndarray
    halves: np.ndarray


def _fit(tally: Tally, known: np.ndarray | None, shapes: Callable[[], np.ndarray]) -> _Fit:
    """The means and their standard errors, by controls where their mean is `known` and the `shapes` of tails allow."""
    means, first = np.array(tally.means), np.array(tally.halves)
    halves, coefficients, used = np.stack([first, 2.0 * means - first]), None, 0
    if known is not None:
        light = np.ones(len(known), dtype=bool)
        heavy = shapes()[1:] > HEAVY_SHAPE
        light[: len(heavy)] = ~heavy
        replicates, coefficients, used = adjusted(means, known, light)
        active = np.where(coefficients != 0, halves[..., 1:] - known, 0.0)
        halves = halves[..., :1] - np.einsum("hij,j->hi", active, coefficients)[..., None]
        means = replicates[:, None]
    count = len(means)
    scale = np.abs(means).max(axis=0)
    scale = np.where((scale > 0) & np.isfinite(scale), scale, 1.0)
    y = means / scale
    centre = y.mean(axis=0)
    spread = np.sqrt(np.square(y - centre).sum(axis=0) / max(count - 1, 1) / count)
    error = spread if count > 1 else np.full(len(scale), np.inf)
    return _Fit(centre * scale, error * scale, count - 1 - used, coefficients, means / scale, halves / scale)


def _shapes(tally: Tally, plan: Plan) -> np.ndarray:
    """k̂ of the heavier tail of each column; each side has its own, for a pile-up on one is no tail of the other."""
    size = tail_size(tally.count * plan.size) + 1
    centre = np.mean(np.array(tally.means)[:, : plan.judged], axis=0)
    spread = tally.spread * (plan.chunks / tally.count)
    sides = []
    for side, middle in ((tally.high, centre), (-tally.low, -centre)):
        shape = np.array([tail_shape(largest(tail, size)) for tail in side])
        bounded = side.max(axis=-1) - middle <= LARGEST_BOUNDED * spread
        sides.append(np.where(bounded, np.fmin(shape, 0.0), shape))
    return np.fmax(*sides)


def _result(tally: Tally, plan: Plan, known: np.ndarray | None, stopped: str, drawn: int, scalar: bool) -> MeanResult:
    chunks, n = len(tally.means), len(tally.means) * tally.block * plan.size
    with np.errstate(all="ignore"):
        khat = _shapes(tally, plan)
        fit = _fit(tally, known, lambda: khat)
        tail = np.abs(np.concatenate([tally.low, tally.high], axis=-1))
        top = tally.top if plan.large else np.sort(largest(tail, -(-n // 100)) / plan.size / plan.chunks).sum(axis=-1)
        share = top / tally.absolute
        rate = convergence_rate(fit.whole, fit.halves) if plan.size > 1 else np.full(len(fit.mean), 0.5)
    heavy, nans, infinities = khat > HEAVY_SHAPE, tally.nan_count, tally.infinite_count
    if known is not None:
        khat, heavy, share = khat[:1], heavy[:1], share[:1]
        nans, infinities = nans.sum(keepdims=True), infinities.sum(keepdims=True)

    def shaped(x: Any) -> Any:
        return np.asarray(x)[0].item() if scalar else np.asarray(x)

    return MeanResult(
        mean=shaped(fit.mean),
        standard_error=shaped(fit.error),
        dof=fit.dof,
        n=n,
        chunks=chunks,
        khat=shaped(khat),
        top_share=shaped(share),
        heavy_tail=shaped(heavy),
        nan_count=shaped(nans),
        infinite_count=shaped(infinities),
        entropy=plan.entropy,
        stopped=stopped,
        drawn=drawn,
        planned=plan.chunks * plan.size,
        chunk_means=np.array(tally.means),
        coefficients=fit.coefficients,
        rate=shaped(0.5 * np.ones_like(rate) if plan.scheme == "plain" else rate),
    )


def entropy_of(rng: Any, checkpoint: str | os.PathLike | None = None) -> int:
    """The integer that seeds a run: `rng` itself where it is one, else 128 bits drawn from it once.

    For None it is that of the checkpoint, where there is one, or fresh.
    """
    if rng is None:
        stored = checkpoints.entropy_in(checkpoint)
        if stored is not None:
            return stored
        return int(np.random.SeedSequence().entropy)  # type: ignore[arg-type]
    generator = generator_of(rng)
    try:
        return operator.index(rng)
    except TypeError:
        return int.from_bytes(generator.bytes(16), "little")


def _layouts(n: int, target: float | None) -> Iterator[tuple[int, int, int]]:
    """(points in a chunk, chunks, index of the first chunk) of the run, or of the runs that lead to a target.

    A net of twice the points errs by less than half, so a target is approached by runs of 64 chunks that double in
    size, each by itself an answer; the last one takes what is left of n.
    """
    bits = max(1, int(ROUNDED_UP * n) // MIN_CHUNKS).bit_length() - 1 if target is None else START_BITS
    left, first = n, 0
    while True:
        size = 2 ** min(bits, MAX_BITS)
        last = target is None or bits == MAX_BITS or left < 3 * MIN_CHUNKS * size
        yield size, whole_blocks(max(MIN_CHUNKS, -(-left // size))) if last else MIN_CHUNKS, first
        if last:
            return
        left, first, bits = left - MIN_CHUNKS * size, first + MIN_CHUNKS, bits + 1


def estimate_mean(
    values: Values,
    n: int,
    *,
    rng: Any = None,
    dimension: int = 1,
    scheme: str = "sobol",
    target: float | None = None,
    time_limit: float | None = None,
    executor: Any = None,
    progress: Callable[[int, int, Any], None] | None = None,
    control: Sequence[float] | None = None,
    judged: int | None = None,
    checkpoint: str | os.PathLike | None = None,
    label: str = "",
) -> MeanResult:
    """E[values] from at least `n` draws, with its standard error; memory does not grow with n.

    values      a callable that takes a `Source` (`.size`, `.uniforms(d)`, `.draws(draw)`) to a float array (size,), or
                (size, k) for k means at once, row by row; picklable where the executor has processes
    n           rounded up to whole chunks of 2^m points, at least 64 of them
    rng         whatever `numpy.random.default_rng` takes; a Generator gives 128 bits, once
    scheme      "sobol" (scrambled nets, `dimension` uniforms a point), "stratified" (a point in each cell) or "plain"
    target      stop once the standard errors are all at most this: the run restarts with doubled chunks until 64 of
                them suffice, and the last restart stops at a prefix; n bounds all draws together (to a chunk)
    time_limit  seconds, looked at between chunks; what is finished then is the answer. So it is after Ctrl-C
    executor    None, or an object with submit(function, argument); the result has the same bits
    progress    called as progress(draws done, draws planned, mean so far, before controls)
    control     the known means of the columns 1, 2, ...; the mean is that of column 0, with fitted coefficients; a
                control with a heavy tail is left out
    judged      how many of the first columns have their tails looked at, where the others are known to have none
    checkpoint  a file that holds what is finished (written every few seconds, atomically), and from which the run
                resumes to the same bits; `label` tells runs apart

    Raises ParameterError for a wrong argument or a checkpoint of another run, ShapeError for a wrong shape of `values`.
    """
    check_run(n, target=target, time_limit=time_limit, progress=progress, checkpoint=checkpoint)
    Source(1, dimension, scheme)  # refuses an unknown scheme before any work
    known = None if control is None else np.atleast_1d(np.asarray(control, dtype=float))
    path = None if checkpoint is None else Path(checkpoint)
    stored = checkpoints.read(path) if path is not None and path.exists() else None
    entropy = entropy_of(rng, checkpoint)
    plans = [
        Plan(size, chunks, dimension, scheme, entropy, target, label, judged, first)
        for size, chunks, first in _layouts(int(n), target)
    ]
    stored_plan = plans[0] if path is None or stored is None else _match(path, stored, plans)
    keep_freed_memory()
    deadline = time.monotonic() + (math.inf if time_limit is None else time_limit)
    spent, stopped = 0, "complete"
    best: _Run | None = None
    for plan in plans:
        if plan.first >= stored_plan.first:
            run = _Run(values, plan, known, path, stored if plan is stored_plan else None)
            stopped = run.finish(executor, deadline, progress)
            if best is None or run.tally.count >= MIN_CHUNKS:
                best = run
            if stopped != "complete":
                spent += run.tally.count * plan.size
                break
        spent += plan.chunks * plan.size
    assert best is not None  # the stored plan is one of the plans
    return best.result(stopped, spent)


def check_run(
    n: Any, *, target: Any = None, time_limit: Any = None, progress: Any = None, checkpoint: Any = None, **_: Any
) -> None:
    """Raises ParameterError for arguments of `estimate_mean` that it could not use, before anything is drawn."""
    if not (isinstance(n, Real) and 1 <= n <= MOST_DRAWS):  # type: ignore[operator]
        raise ParameterError(argument_error("n", "a positive number of draws, at most 10^15", n))
    if target is not None and not (isinstance(target, Real) and float(target) > 0.0):
        raise ParameterError(argument_error("target", "a positive standard error", target))
    if time_limit is not None and not (isinstance(time_limit, Real) and float(time_limit) > 0.0):
        raise ParameterError(argument_error("time_limit", "a positive number of seconds", time_limit))
    if progress is not None and not callable(progress):
        expected = "None or a function of (draws done, draws planned, mean so far)"
        raise ParameterError(argument_error("progress", expected, progress))
    if checkpoint is not None and not (isinstance(checkpoint, str | os.PathLike) and Path(checkpoint).parent.is_dir()):
        raise ParameterError(
            argument_error("checkpoint", "the name of a file in a folder that exists", str(checkpoint))
        )


class _Run:
    """The chunks of one plan: the tally so far, and when to stop."""

    def __init__(self, values: Values, plan: Plan, known: np.ndarray | None, path: Path | None, stored: Any) -> None:
        self.values, self.plan, self.known, self.path = values, plan, known, path
        first = statistics(values, plan, range(1))
        self.first = first.means[0]
        columns = len(self.first)
        if known is not None and columns != len(known) + 1:
            raise ShapeError(argument_error("control", f"{columns - 1} known means, one a further column", known))
        self.scalar = known is not None or columns == 1
        if path is not None and stored is not None:
            self.tally = _resumed(path, stored, self.first)
        else:
            self.tally = Tally.empty(columns, len(first.low))
            self.tally.add(first, plan.tail)
        self.next_check = MIN_CHUNKS
        while self.next_check < self.tally.count:
            self._schedule()

    def finish(self, executor: Any, deadline: float, progress: Callable | None) -> str:
        """Add the missing chunks until the end, the target, the deadline or Ctrl-C; which of them it was."""
        results = ordered_results(chunks_of, self._tasks(executor is not None), executor)
        try:
            return self._consume(results, deadline, progress)
        except KeyboardInterrupt:
            return "interrupted"
        finally:
            getattr(results, "close", int)()  # cancels what is in flight
            if self.path is not None:
                self._save()

    def result(self, stopped: str, drawn: int) -> MeanResult:
        return _result(self.tally, self.plan, self.known, stopped, drawn, self.scalar)

    def _tasks(self, parallel: bool) -> Iterator[tuple[Values, Plan, range]]:
        """Ranges of chunks: about 2^16 points when parallel, but at most 1/16 of the run.

        When serial they begin with one chunk, and grow as long as they take little time: the clock is looked at between.
        """
        plan, first = self.plan, self.tally.count
        step = max(1, min(2**MAX_BITS // plan.size, plan.chunks // 16)) if parallel else 1
        while first < plan.chunks:
            start = time.monotonic()
            yield self.values, plan, range(first, min(first + step, plan.chunks))
            first += step
            if not parallel and (time.monotonic() - start) * GROWTH < LOOK_SECONDS:
                step = min(GROWTH * step, plan.together)

    def _consume(self, results: Iterator[list[Chunks]], deadline: float, progress: Callable | None) -> str:
        plan, tally = self.plan, self.tally
        saved, mean = time.monotonic(), sum(np.array(tally.means) / len(tally.means))
        if self._reached():
            return "target"
        made = itertools.chain.from_iterable(results)
        for chunks in made if plan.target is None else itertools.chain.from_iterable(map(Chunks.apart, made)):
            tally.add(chunks, plan.tail)
            now = time.monotonic()
            if progress is not None:
                mean = mean + (chunks.means.sum(axis=0) - len(chunks.means) * mean) / tally.count
                progress(tally.count * plan.size, plan.chunks * plan.size, mean[0] if self.scalar else mean)
            if self.path is not None and now - saved > CHECKPOINT_SECONDS:
                self._save()
                saved = now
            if self._reached():
                return "target"
            if now > deadline and tally.count < plan.chunks:
                return "time"
        return "complete"

    def _save(self) -> None:
        assert self.path is not None  # asked by the callers
        checkpoints.write(self.path, asdict(self.plan), {**vars(self.tally), "first": self.first})

    def _reached(self) -> bool:
        """Whether the standard errors meet the target; looked at each time the prefix has grown by 2 %."""
        if self.plan.target is None or self.tally.count < self.next_check:
            return False
        self._schedule()
        with np.errstate(all="ignore"):
            fit = _fit(self.tally, self.known, lambda: _shapes(self.tally, self.plan))
        return bool(np.all(fit.error <= self.plan.target))

    def _schedule(self) -> None:
        self.next_check += max(1, self.next_check // 50)


def _match(path: Path, stored: dict[str, Any], plans: list[Plan]) -> Plan:
    """The plan that the stored chunks belong to."""
    first = stored["plan"].get("first")
    wanted = next((plan for plan in plans if plan.first == first), plans[0])
    different = sorted(name for name, value in asdict(wanted).items() if stored["plan"].get(name) != value)
    if different:
        raise refusal(path, "it was made with another " + ", ".join(different))
    return wanted


def _resumed(path: Path, stored: dict[str, Any], first: np.ndarray) -> Tally:
    """The stored tally, where its first chunk is `first`."""
    parts = {name: np.array(part) for name, part in stored["tally"].items()}
    if not np.allclose(parts.pop("first"), first, rtol=1e-9, atol=0, equal_nan=True):
        raise refusal(path, "its first chunk holds other values")
    means, halves = list(parts.pop("means")), list(parts.pop("halves"))
    count, block = (int(parts.pop(name)) for name in ("count", "block"))
    return Tally(means, halves, **parts, count=count, block=block)
