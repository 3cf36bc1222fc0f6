"""Shapes, dtypes and blocks: how what a user passes becomes points, and how results go back."""

from __future__ import annotations

import contextvars
import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import islice
from numbers import Real
from typing import Any

import numpy as np

from densities.errors import ParameterError, ShapeError, argument_error

# Doubles in a block whose buffers stay in the second-level cache (measured: a product of two blocks that are in cache takes
# 7 us at 16k and 40 us at 32k, where three of them meet other tenants of the cache).
BLOCK = 16_384
# Points that are worth a thread: with fewer, starting it costs what it saves. The interpreter lock changes hands at every
# ufunc, which more threads than these feel.
SHARE = 250_000
MOST_THREADS = 4
# Draws of one stream: seeding it takes a fiftieth of the time of so many.
PART = 65_536
# Doubles in a block of vectors, stored column by column: with a spare one of its size it stays in cache, and what a call
# costs is spread over enough of them.
COLUMNS = 65_536
# Points that a product of matrices takes at once. It is always so many, whatever the size of a block, so that each of them
# meets the same instructions wherever it stands.
LANES = 64
# Numbers that are added one after another: their roundings add up to so many half ulp at most.
FEW = 32


def _quiet_state() -> tuple[Any, Any]:
    """The context variable that holds NumPy's error state, and the state in which nothing is reported."""
    with np.errstate(all="ignore"):
        inside = contextvars.copy_context()
    with np.errstate(all="warn"):
        outside = contextvars.copy_context()
    return next((variable, state) for variable, state in inside.items() if outside[variable] is not state)


class Quiet:
    """`np.errstate(all="ignore")` with its state made once: 0.2 us instead of 2.4."""

    __slots__ = ("token",)
    variable, state = _quiet_state()

    def __enter__(self) -> None:
        self.token = self.variable.set(self.state)

    def __exit__(self, *_: Any) -> None:
        self.variable.reset(self.token)


def read_only(*arrays: np.ndarray) -> Any:
    """Arrays that a law keeps and hands out."""
    for array in arrays:
        array.flags.writeable = False
    return arrays


def quiet() -> Quiet:
    """The floating-point state in which formulas run: no warning escapes."""
    return Quiet()


def identity(x: Any) -> Any:
    return x


def rules_in(table: dict[Any, Any]) -> Callable[..., Callable[[Callable], Callable]]:
    """The decorator `@rule(np.exp, ...)` of a kind of number: it files in the table what these functions do to such numbers."""

    def rule(*functions: Any) -> Callable[[Callable], Callable]:
        def filed(formula: Callable) -> Callable:
            table.update(dict.fromkeys(functions, formula))
            return formula

        return filed

    return rule


def some(condition: Any) -> bool:
    """Whether a condition holds anywhere; for a scalar without the cost of an array."""
    return bool(condition if isinstance(condition, (bool, np.bool_)) else np.any(condition))


def as_points(x: Any, name: str = "x") -> tuple[np.ndarray, Callable[[Any], Any]]:
    """`x` as a float array, and the function that gives a result the kind of `x`: a scalar for a scalar.

    float32 stays float32; integers, booleans, fractions, decimals and numbers of mpmath and SymPy become float64; complex,
    text, masked and ragged input is refused.
    """
    if isinstance(x, float):
        return np.asarray(x, dtype=float), float
    if type(x) is np.ndarray and x.dtype in (np.float64, np.float32):
        return x, identity if x.ndim else x.dtype.type
    try:
        points = np.asarray(x)
    except ValueError:
        raise ShapeError(argument_error(name, "an array of numbers", x)) from None
    if isinstance(x, np.ma.MaskedArray):
        raise ShapeError(argument_error(name, "an array without a mask (its `filled(np.nan)` is one)", x))
    points = doubles_of(points)
    if points.dtype == object:
        return points, identity
    if points.dtype.kind not in "iufb":
        raise ShapeError(argument_error(name, "real numbers", x))
    if points.dtype not in (np.float32, np.float64):
        points = points.astype(float)
    return points, identity if points.ndim else points.dtype.type


def doubles_of(given: np.ndarray) -> np.ndarray:
    """An array of real numbers of any kind as doubles; as it is where an entry is none, or lies beyond the doubles."""
    entries = given.ravel().tolist() if given.dtype == object else ()
    if given.dtype != object or not all(map(_is_number, entries)):
        return given
    try:
        return np.array([float(entry) for entry in entries], dtype=float).reshape(given.shape)
    except (OverflowError, TypeError, ValueError):  # as of SymPy's I
        return given


def _is_number(entry: Any) -> bool:
    """Whether it is a real number of Python's tower, a Decimal, or an expression of SymPy without symbols."""
    return isinstance(entry, Real | Decimal) or getattr(entry, "is_number", False)


def generator_of(rng: Any) -> np.random.Generator:
    """NumPy's generator for a seed, a generator or None; ParameterError for what seeds none."""
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise ParameterError(
            argument_error("rng", "a seed that is a whole number >= 0, a Generator or None", rng)
        ) from None


def least(x: np.ndarray) -> float:
    """The least of numbers, NaN if one is, inf of none: by its place, in a third of the time of a reduction."""
    return x.item(x.argmin()) if x.size else math.inf


def greatest(x: np.ndarray) -> float:
    """The greatest of numbers, NaN if one is, -inf of none."""
    return x.item(x.argmax()) if x.size else -math.inf


def extremes(x: np.ndarray) -> tuple[float, float]:
    """The least and the greatest of numbers."""
    return least(x), greatest(x)


def all_finite(x: np.ndarray) -> bool:
    """Whether every number is finite: their squares do not add up to a number where one is not, and else hardly ever.

    Or they themselves, of so many that a product would be shared out among threads.
    """
    total = x.dot(x) if x.ndim == 1 and x.size <= BLOCK // 2 else np.add.reduce(x, axis=None)
    return math.isfinite(total) or bool(np.isfinite(x).all())


def in_blocks(
    function: Callable[[np.ndarray], Any], x: np.ndarray, parallel: Callable[[], bool] = lambda: False
) -> np.ndarray:
    """function(x), of the dtype of x, for an elementwise function of vectors: a large array goes block by block.

    With several threads where there is much to do and `parallel()` says, after the first block, that others may join.
    The blocks are the same for any number of threads. Runs in a quiet state.
    """
    if x.ndim == 1 and x.size <= 2 * BLOCK and x.flags.c_contiguous:
        return np.asarray(function(x), dtype=x.dtype)
    flat = np.ascontiguousarray(x).reshape(-1)
    if flat.size <= 2 * BLOCK:
        return np.asarray(function(flat), dtype=x.dtype).reshape(x.shape)
    result = np.empty_like(flat)

    def run(start: int) -> None:
        result[start : start + BLOCK] = function(flat[start : start + BLOCK])

    _run_each(run, range(0, flat.size, BLOCK), lambda: threads_for(flat.size) if parallel() else 1)
    return result.reshape(x.shape)


def all_in_blocks(function: Callable[[np.ndarray], tuple[Any, ...]], x: np.ndarray) -> tuple[np.ndarray, ...]:
    """The arrays that an elementwise function of vectors gives, each of its own dtype: as `in_blocks`, with threads."""
    flat = np.ascontiguousarray(x).reshape(-1)
    if x.size <= 2 * BLOCK:
        return tuple(np.asarray(part).reshape(x.shape) for part in function(flat))
    results: tuple[np.ndarray, ...] = ()

    def run(start: int) -> None:
        nonlocal results
        found = function(flat[start : start + BLOCK])
        results = results or tuple(np.empty(flat.size, np.asarray(part).dtype) for part in found)
        for result, part in zip(results, found, strict=True):
            result[start : start + BLOCK] = part

    _run_each(run, range(0, flat.size, BLOCK), lambda: threads_for(flat.size))
    return tuple(result.reshape(x.shape) for result in results)


def in_parts(
    draw: Callable[[np.random.Generator, int], Any],
    shape: tuple[int, ...],
    rng: np.random.Generator,
    event_shape: tuple[int, ...] = (),
    *,
    parallel: Callable[[], bool] = lambda: True,
) -> np.ndarray:
    """draw(generator, count), (count,) + event_shape, of shape + event_shape: many are drawn part by part.

    Each part has a stream of its own that `rng` seeds. So threads may share them, where there is much to do and
    `parallel()` says so after the first part, and the numbers are the same for any number of threads. Runs in a quiet
    state.
    """
    count, numbers = math.prod(shape), math.prod(shape + event_shape)
    most = max(1, PART * count // max(numbers, 1))
    if count <= most:
        return np.asarray(draw(rng, count)).reshape(shape + event_shape)
    result, entropy = np.empty((count, *event_shape)), int.from_bytes(rng.bytes(16), "little")

    def run(start: int) -> None:
        generator = np.random.Generator(np.random.SFC64(np.random.SeedSequence(entropy, spawn_key=(start // most,))))
        result[start : start + most] = draw(generator, min(most, count - start))

    _run_each(run, range(0, count, most), lambda: threads_for(numbers) if parallel() else 1)
    return result.reshape(shape + event_shape)


def in_columns(
    function: Callable[[np.ndarray], np.ndarray], points: np.ndarray, parallel: Callable[[], bool] = lambda: False
) -> np.ndarray:
    """function of vectors, the rows of `points`, given to it as columns: (n, width) -> (width,) in double precision.

    Block by block, by several threads where there is much to do and `parallel()` says so after the first one; `width` is
    a whole number of `LANES`, the last point repeated. The function may overwrite its block. Runs in a quiet state.
    """
    size, n = points.shape
    step = _whole_lanes(max(COLUMNS // n, 1))
    result = np.empty(size)

    def run(start: int) -> None:
        block = points[start : start + step]
        count = len(block)
        columns = np.array(block.T, dtype=float, order="C")
        if count % LANES:
            columns = np.concatenate([columns, np.repeat(columns[:, -1:], -count % LANES, axis=1)], axis=1)
        result[start : start + count] = function(columns)[:count]

    _run_each(run, range(0, size, step), lambda: threads_for(points.size) if parallel() else 1)
    return result


def in_panels(columns: np.ndarray) -> np.ndarray:
    """Columns (k, width) as panels of `LANES` of them, (panels, k, LANES), the same memory."""
    return columns.reshape(len(columns), -1, LANES).transpose(1, 0, 2)


def _whole_lanes(count: int) -> int:
    return -(-count // LANES) * LANES


def added(rows: np.ndarray) -> np.ndarray:
    """The sum of rows of whole panels, each point on its own: by halves while they are many, then one after another."""
    while len(rows) > FEW:
        half = len(rows) // 2
        rest = rows[2 * half :]
        rows = rows[:half] + rows[half : 2 * half]
        rows[: len(rest)] += rest
    return np.add.reduce(rows, axis=0)


def _run_each(run: Callable[[int], None], starts: range, threads: Callable[[], int]) -> None:
    """run(start) for each start: the first one alone, the others by so many threads, each taking the next."""
    waiting = iter(starts)

    def work(limit: int | None = None) -> None:
        with quiet():
            for start in islice(waiting, limit):
                run(start)

    work(1)
    helpers = threads() - 1 if len(starts) > 1 else 0
    if not helpers:
        work()
        return
    with ThreadPoolExecutor(helpers) as pool:
        others = [pool.submit(work) for _ in range(helpers)]
        work()
        for other in others:
            other.result()


def keep_freed_memory() -> None:
    """Make the C library keep what is freed for the next array, where it learns: a page handed back costs a fault.

    glibc maps blocks above a threshold, hands them back when they are freed, and raises the threshold to the largest
    such block it has seen. This one of 8 MB is never touched.
    """
    np.empty(2**20)


def threads_for(size: int) -> int:
    """How many threads share the blocks of an array: one for every `SHARE` points, as far as there are processors."""
    if size < 2 * SHARE:
        return 1
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(available, size // SHARE, MOST_THREADS)
