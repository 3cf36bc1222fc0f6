"""Means by Monte Carlo: streamed in chunks, with the same bits for any number of workers, and an interval that holds.

A run is cut into chunks of 2^m points. Chunk i is an independent replicate (a scrambled Sobol net, a stratified or a
plain sample) drawn from SeedSequence(entropy, spawn_key=(i,)), so that anyone can compute it alone; what it leaves
behind is a handful of numbers, merged in the order of the index. The chunk means themselves show the error of their
mean, whatever the scheme: (mean - truth)/SE is t-distributed with one degree of freedom less than chunks.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import operator
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

from densities.errors import ParameterError, ShapeError, argument_error
from densities.executors import ordered_results

from .nets import Source
from .tails import pareto_shape, tail_size

__all__ = ["MeanResult", "Source", "estimate_mean"]

MIN_CHUNKS = 64
# 2^16 points are 0.5 MB a column: they stay in a core's cache, and two threads do not fight for the interpreter.
MAX_BITS = 16
START_BITS = 4
# Where k̂ exceeds 1/3 a third moment is doubtful: the variance may be infinite, and where it is finite the t-interval
# closes too slowly. Tails of t(2.2) have k = 0.45; those of normal, squared normal and exponential values k = 0.
HEAVY_SHAPE = 1.0 / 3.0
CHECKPOINT_SECONDS = 5.0
Values = Callable[[Source], Any]


@dataclass(frozen=True)
class MeanResult:
    """What a run found; scalars, or arrays (k,) where `values` has k columns and no control.

    `standard_error` has `dof` degrees of freedom; it is inf with fewer than two chunks, and NaN where the mean is not
    finite. `khat` is the generalised Pareto shape of the largest |values|, `top_share` the part of Σ|values| that the
    largest 1 % of the draws hold, `heavy_tail` whether the standard error is to be doubted. A NaN value makes the mean
    NaN, an infinite one makes it infinite; both are counted. `entropy` repeats the run; `stopped` is "complete",
    "target", "time" or "interrupted"; `n` draws made the mean and `drawn` were made in all (more than n with a target);
    `chunk_means` is (chunks, columns); `coefficients` are those of the controls.
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
    chunk_means: np.ndarray = field(repr=False)
    coefficients: np.ndarray | None = None

    def interval(self, level: float = 0.95) -> tuple[Any, Any]:
        """mean ± t·SE: the truth lies inside with probability `level`, where there is no heavy tail."""
        half = special.stdtrit(max(self.dof, 1), 0.5 + 0.5 * level) * self.standard_error
        return self.mean - half, self.mean + half

    def draws_for(self, target: float) -> Any:
        """About how many draws, in chunks of the same size, reach a standard error of `target`."""
        return np.ceil(self.n * (self.standard_error / target) ** 2)


@dataclass(frozen=True)
class Plan:
    """All that decides the bits of a run, apart from `values`."""

    size: int
    chunks: int
    dimension: int
    scheme: str
    entropy: int
    target: float | None
    label: str
    first: int = 0

    @property
    def tail(self) -> int:
        """How many of the largest |values| are kept in all: enough for k̂, and for 1 % of the draws of small chunks."""
        n = self.size * self.chunks
        return tail_size(n) + 1 if self.large else max(tail_size(n) + 1, -(-n // 100))

    @property
    def large(self) -> bool:
        """Whether a chunk is large enough for a top 1 % of its own."""
        return self.size >= 1024

    @property
    def kept(self) -> int:
        """How many of the largest |values| one chunk hands over: four times its share, and some."""
        return min(self.size, 16 + 4 * (-(-self.tail // self.chunks)))


@dataclass
class Tally:
    """The merged statistics of a run's first len(means) chunks, column by column.

    `absolute` and `top` are sums over chunks of mean |value| and of the part of it in the chunk's largest 1 %, both
    over the number of planned chunks so that the sum cannot overflow.
    """

    means: list[Any]
    tail: Any
    absolute: Any
    top: Any
    nan_count: Any
    infinite_count: Any

    def add(self, other: Tally, keep: int) -> None:
        self.means += other.means
        self.tail = _largest(np.concatenate([self.tail, other.tail], axis=-1), keep)
        for name in ("absolute", "top", "nan_count", "infinite_count"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def _largest(values: np.ndarray, count: int) -> np.ndarray:
    """The `count` largest along the last axis, in no order; all of them where there are fewer."""
    size = values.shape[-1]
    return values if size <= count else np.partition(values, size - count, axis=-1)[..., size - count :]


def _safe_mean(values: np.ndarray) -> np.ndarray:
    """The mean over the last axis; a sum that overflows is taken of scaled values."""
    mean = values.mean(axis=-1)
    if np.isfinite(mean).all():
        return mean
    scale = np.abs(values).max(axis=-1)
    scaled = (values / scale[..., None]).mean(axis=-1) * scale
    return np.where(np.isfinite(mean) | ~np.isfinite(scale), mean, scaled)


def _chunk(values: Values, plan: Plan, index: int) -> Tally:
    """The statistics of chunk `index`."""
    seed = np.random.SeedSequence(plan.entropy, spawn_key=(plan.first + index,))
    source = Source(plan.size, plan.dimension, plan.scheme, seed)
    with np.errstate(all="ignore"):
        result = np.asarray(values(source), dtype=float)
        if result.ndim not in (1, 2) or result.shape[0] != plan.size:
            raise ShapeError(argument_error("values", f"shape ({plan.size},) or ({plan.size}, k)", result.shape))
        columns = np.ascontiguousarray(result.reshape(plan.size, -1).T)
        mean, size = _safe_mean(columns), np.abs(columns)
        nan_count, infinite_count = np.isnan(columns).sum(axis=-1), np.isinf(columns).sum(axis=-1)
        if nan_count.any() or infinite_count.any():
            size = np.where(np.isfinite(size), size, 0.0)
        tail = _largest(size, max(plan.kept, -(-plan.size // 100)))
        top = _largest(tail, -(-plan.size // 100)).sum(axis=-1) / plan.size / plan.chunks
        absolute = _safe_mean(size) / plan.chunks
        return Tally([mean], _largest(tail, plan.kept), absolute, top, nan_count, infinite_count)


def _chunks(task: tuple[Values, Plan, range]) -> list[Tally]:
    """The unit of work that an executor runs."""
    values, plan, indices = task
    return [_chunk(values, plan, index) for index in indices]


def _mean_and_error(means: np.ndarray, known: np.ndarray | None) -> tuple[Any, Any, int, Any]:
    """(mean, SE, dof, coefficients) of (chunks, columns) means.

    With controls: the intercept of the least-squares regression of column 0 on the others minus their known means, and
    its standard error. It is unbiased, and the interval exact, where chunk means are jointly normal; otherwise the bias
    is of order SE/chunks.
    """
    count = len(means)
    if known is not None and not np.isfinite(means).all():
        mean, error, dof, _ = _mean_and_error(means[:, :1], None)
        return mean + 0.0 * means[:, 1:].sum(), error, dof, None
    scale = np.abs(means).max(axis=0)
    scale = np.where((scale > 0) & np.isfinite(scale), scale, 1.0)
    y = means / scale
    centre = y.mean(axis=0)
    rest = y - centre
    if known is None:
        variance = np.square(rest).sum(axis=0) / max(count - 1, 1)
        error = np.sqrt(variance / count) if count > 1 else np.full(len(scale), np.inf)
        return centre * scale, error * scale, count - 1, None
    offset, controls = centre[1:] - known / scale[1:], rest[:, 1:]
    inverse = np.linalg.pinv(np.einsum("ij,ik->jk", controls, controls), rcond=1e-12, hermitian=True)
    beta = inverse @ np.einsum("ij,i->j", controls, rest[:, 0])
    dof = count - 1 - len(known)
    residual = np.square(rest[:, 0] - np.einsum("ij,j->i", controls, beta)).sum()
    error = math.sqrt(residual / dof * (1.0 / count + offset @ inverse @ offset)) if dof > 0 else math.inf
    mean = centre[0] - offset @ beta
    return np.array([mean * scale[0]]), np.array([error * scale[0]]), dof, beta * scale[0] / scale[1:]


def _result(tally: Tally, plan: Plan, known: np.ndarray | None, stopped: str, drawn: int, scalar: bool) -> MeanResult:
    means = np.array(tally.means)
    chunks, n = len(means), len(means) * plan.size
    with np.errstate(all="ignore"):
        mean, error, dof, coefficients = _mean_and_error(means, known)
        khat = np.array([pareto_shape(_largest(tail, tail_size(n) + 1)) for tail in tally.tail])
        count = -(-n // 100)
        top = tally.top if plan.large else (_largest(tally.tail, count) / plan.size / plan.chunks).sum(axis=-1)
        share = top / tally.absolute
    heavy, nans, infinities = khat > HEAVY_SHAPE, tally.nan_count, tally.infinite_count
    if known is not None:
        khat, heavy, share = khat[:1], heavy.any(keepdims=True), share[:1]
        nans, infinities = nans.sum(keepdims=True), infinities.sum(keepdims=True)

    def shaped(x: Any) -> Any:
        return np.asarray(x)[0].item() if scalar else np.asarray(x)

    return MeanResult(
        shaped(mean),
        shaped(error),
        dof,
        n,
        chunks,
        shaped(khat),
        shaped(share),
        shaped(heavy),
        shaped(nans),
        shaped(infinities),
        plan.entropy,
        stopped,
        drawn,
        means,
        coefficients,
    )


def _entropy(rng: Any) -> int:
    """The integer that seeds a run: `rng` itself where it is one, fresh where it is None, else 128 bits drawn once."""
    if rng is None:
        return int(np.random.SeedSequence().entropy)  # type: ignore[arg-type]
    try:
        return operator.index(rng)
    except TypeError:
        return int.from_bytes(np.random.default_rng(rng).bytes(16), "little")


def _layouts(n: int, target: float | None) -> Iterator[tuple[int, int, int]]:
    """(points in a chunk, chunks, index of the first chunk) of the run, or of the runs that lead to a target.

    A net of twice the points errs by less than half, so a target is approached by runs of 64 chunks that double in
    size, each by itself an answer; the last one takes what is left of n.
    """
    bits = max(1, n // MIN_CHUNKS).bit_length() - 1 if target is None else START_BITS
    left, first = n, 0
    while True:
        size = 2 ** min(bits, MAX_BITS)
        last = target is None or bits == MAX_BITS or left < 3 * MIN_CHUNKS * size
        yield size, max(MIN_CHUNKS, -(-left // size)) if last else MIN_CHUNKS, first
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
    checkpoint: str | os.PathLike | None = None,
    label: str = "",
) -> MeanResult:
    """E[values] from at least `n` draws, with its standard error; memory does not grow with n.

    values      a callable that takes a `Source` (`.size`, `.uniforms(d)`, `.generator`) to a float array (size,), or
                (size, k) for k means at once; picklable where the executor has processes
    n           rounded up to whole chunks of 2^m points, at least 64 of them
    rng         whatever `numpy.random.default_rng` takes; a Generator gives 128 bits, once
    scheme      "sobol" (scrambled nets, `dimension` uniforms a point), "stratified" (a point in each cell) or "plain"
    target      stop once the standard errors are all at most this: the run restarts with doubled chunks until 64 of
                them suffice, and the last restart stops at a prefix; n bounds all draws together (to a chunk)
    time_limit  seconds, looked at between chunks; what is finished then is the answer. So it is after Ctrl-C
    executor    None, or an object with submit(function, argument); the result has the same bits
    progress    called as progress(draws done, draws planned, mean so far)
    control     the known means of the columns 1, 2, ...; the mean is that of column 0, with fitted coefficients
    checkpoint  a file that holds what is finished (written every few seconds, atomically), and from which the run
                resumes to the same bits; `label` tells runs apart

    Raises ParameterError for a wrong argument or a checkpoint of another run, ShapeError for a wrong shape of `values`.
    """
    if not n >= 1:
        raise ParameterError(argument_error("n", "a positive number of draws", n))
    if target is not None and not target > 0:
        raise ParameterError(argument_error("target", "a positive standard error", target))
    Source(1, dimension, scheme)  # refuses an unknown scheme before any work
    known = None if control is None else np.atleast_1d(np.asarray(control, dtype=float))
    path = None if checkpoint is None else Path(checkpoint)
    stored = _read(path) if path is not None and path.exists() else None
    entropy = _entropy(rng) if rng is not None or stored is None else stored["plan"].get("entropy")
    plans = [
        Plan(size, chunks, dimension, scheme, entropy, target, label, first)
        for size, chunks, first in _layouts(int(n), target)
    ]
    stored_plan = plans[0] if path is None or stored is None else _match(path, stored, plans)
    deadline = time.monotonic() + (math.inf if time_limit is None else time_limit)
    spent, stopped = 0, "complete"
    best: _Run | None = None
    for plan in plans:
        if plan.first >= stored_plan.first:
            run = _Run(values, plan, known, path, stored if plan is stored_plan else None)
            stopped = run.finish(executor, deadline, progress)
            if best is None or len(run.tally.means) >= MIN_CHUNKS:
                best = run
            if stopped != "complete":
                spent += len(run.tally.means) * plan.size
                break
        spent += plan.chunks * plan.size
    assert best is not None  # the stored plan is one of the plans
    return best.result(stopped, spent)


class _Run:
    """The chunks of one plan: the tally so far, and when to stop."""

    def __init__(self, values: Values, plan: Plan, known: np.ndarray | None, path: Path | None, stored: Any) -> None:
        self.values, self.plan, self.known, self.path = values, plan, known, path
        self.tally = _chunk(values, plan, 0)
        columns = len(self.tally.means[0])
        if known is not None and columns != len(known) + 1:
            raise ShapeError(argument_error("control", f"{columns - 1} known means, one a further column", known))
        self.scalar = known is not None or columns == 1
        if path is not None and stored is not None:
            self.tally = _resumed(path, stored, self.tally)
        self.next_check = MIN_CHUNKS
        while self.next_check < len(self.tally.means):
            self._schedule()

    def finish(self, executor: Any, deadline: float, progress: Callable | None) -> str:
        """Add the missing chunks until the end, the target, the deadline or Ctrl-C; which of them it was."""
        results = ordered_results(_chunks, self._tasks(executor is not None), executor)
        try:
            return self._consume(results, deadline, progress)
        except KeyboardInterrupt:
            return "interrupted"
        finally:
            getattr(results, "close", int)()  # cancels what is in flight
            if self.path is not None:
                _write(self.path, self.plan, self.tally)

    def result(self, stopped: str, drawn: int) -> MeanResult:
        return _result(self.tally, self.plan, self.known, stopped, drawn, self.scalar)

    def _tasks(self, parallel: bool) -> Iterator[tuple[Values, Plan, range]]:
        """Ranges of chunks: one each when serial; when parallel about 2^16 points, but at most 1/16 of the run."""
        plan = self.plan
        step = max(1, min(2**MAX_BITS // plan.size, plan.chunks // 16)) if parallel else 1
        for first in range(len(self.tally.means), plan.chunks, step):
            yield self.values, plan, range(first, min(first + step, plan.chunks))

    def _consume(self, results: Iterator[list[Tally]], deadline: float, progress: Callable | None) -> str:
        plan, tally = self.plan, self.tally
        saved = time.monotonic()
        if self._reached():
            return "target"
        for chunk in itertools.chain.from_iterable(results):
            tally.add(chunk, plan.tail)
            now = time.monotonic()
            if progress is not None:
                progress(len(tally.means) * plan.size, plan.chunks * plan.size, self._estimate()[0])
            if self.path is not None and now - saved > CHECKPOINT_SECONDS:
                _write(self.path, plan, tally)
                saved = now
            if self._reached():
                return "target"
            if now > deadline and len(tally.means) < plan.chunks:
                return "time"
        return "complete"

    def _estimate(self) -> tuple[Any, Any]:
        with np.errstate(all="ignore"):
            mean, error, *_ = _mean_and_error(np.array(self.tally.means), self.known)
        return (mean[0], error[0]) if self.scalar else (mean, error)

    def _reached(self) -> bool:
        """Whether the standard errors meet the target; looked at each time the prefix has grown by 2 %."""
        if self.plan.target is None or len(self.tally.means) < self.next_check:
            return False
        self._schedule()
        return bool(np.all(self._estimate()[1] <= self.plan.target))

    def _schedule(self) -> None:
        self.next_check += max(1, self.next_check // 50)


def _digest(plan: Any, tally: Any) -> str:
    return hashlib.sha256(json.dumps([plan, tally], sort_keys=True).encode()).hexdigest()


def _write(path: Path, plan: Plan, tally: Tally) -> None:
    """The finished chunks, as JSON with a hash, put in place at once; a double's repr reads back to the same bits."""
    plan_data = asdict(plan)
    tally_data = {name: np.asarray(part).tolist() for name, part in vars(tally).items()}
    content = {"plan": plan_data, "tally": tally_data, "sha256": _digest(plan_data, tally_data)}
    fresh = path.with_name(f"{path.name}.{os.getpid()}.part")
    fresh.write_text(json.dumps(content))
    os.replace(fresh, path)


def _refusal(path: Path, reason: str) -> ParameterError:
    return ParameterError(argument_error("checkpoint", "a file of this run, or none", str(path)) + f": {reason}")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise _refusal(path, f"it cannot be read ({error})") from error
    if not isinstance(content, dict) or not content.keys() >= {"plan", "tally", "sha256"}:
        raise _refusal(path, "it is not a checkpoint")
    if content["sha256"] != _digest(content["plan"], content["tally"]):
        raise _refusal(path, "its content does not match its hash")
    return content


def _match(path: Path, stored: dict[str, Any], plans: list[Plan]) -> Plan:
    """The plan that the stored chunks belong to."""
    first = stored["plan"].get("first")
    wanted = next((plan for plan in plans if plan.first == first), plans[0])
    different = sorted(name for name, value in asdict(wanted).items() if stored["plan"].get(name) != value)
    if different:
        raise _refusal(path, "it was made with another " + ", ".join(different))
    return wanted


def _resumed(path: Path, stored: dict[str, Any], first: Tally) -> Tally:
    """The stored tally, where its first chunk is `first`."""
    parts = {name: np.array(part) for name, part in stored["tally"].items()}
    if not np.allclose(parts["means"][0], first.means[0], rtol=1e-9, atol=0, equal_nan=True):
        raise _refusal(path, "its first chunk holds other values")
    return Tally(list(parts.pop("means")), **parts)
