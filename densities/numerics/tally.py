"""What chunks of a Monte Carlo run leave behind, and how it is merged: in the order of the index, and in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from densities.arrays import all_finite, quiet
from densities.errors import ShapeError, argument_error
from densities.numerics.nets import Source
from densities.numerics.pareto_tail import tail_size

__all__ = ["MOST_MEANS", "Chunks", "Plan", "Tally", "Values", "chunks_of", "largest", "statistics", "whole_blocks"]

# Small chunks are drawn together, up to as many points as a large one has: each call has its price.
TOGETHER = 2**16
# Values that lie nearer together than this have no spread.
TINY = float(np.finfo(float).tiny)
# The largest of many values are looked for among those above the mark that one in so many sets for so many times them.
SAMPLED, SPARE = 16, 3
# Twice so many means of chunks are merged by pairs: more would say nothing more of their spread, and a run has no end.
MOST_MEANS = 2**10
Values = Callable[[Source], Any]


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
    judged: int | None
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
        """How many of the largest |values| a chunk hands over: four times its share, and some; all of a small one."""
        return min(self.size, 16 + 4 * (-(-self.tail // self.chunks))) if self.large else self.size

    @property
    def together(self) -> int:
        """How many chunks are drawn in one call."""
        return max(1, TOGETHER // self.size)


class Chunks(NamedTuple):
    """What is known of neighbouring chunks, column by column.

    `means` and `halves` are (chunks, columns) means of chunks and of their first halves; `low` and `high`, (judged, k) with
    as many of each chunk, hold the smallest and largest values; `absolute`, `spread` and `top` are (judged, chunks):
    mean |value|, the standard deviation and the part of mean |value| in the chunk's largest 1 %, over the number of
    planned chunks, so that no sum overflows; `nan_count` and `infinite_count` are (columns, chunks).
    """

    means: np.ndarray
    halves: np.ndarray
    low: np.ndarray
    high: np.ndarray
    absolute: np.ndarray
    spread: np.ndarray
    top: np.ndarray
    nan_count: np.ndarray
    infinite_count: np.ndarray

    def apart(self) -> Iterator[Chunks]:
        """The chunks one by one."""
        count = len(self.means)
        rows = [np.split(part, count) for part in self[:2]]
        columns = [np.split(part, count, axis=1) for part in self[2:]]
        return (Chunks(*parts) for parts in zip(*rows, *columns, strict=True))


@dataclass
class Tally:
    """The merged statistics of a run's first `count` chunks.

    `means` and `halves` are over blocks of `block` neighbours, at most 2·`MOST_MEANS` of them however long the run;
    `open` is what the last block has so far. The others are those of `Chunks`, summed or picked out.
    """

    means: list[Any]
    halves: list[Any]
    low: Any
    high: Any
    absolute: Any
    spread: Any
    top: Any
    nan_count: Any
    infinite_count: Any
    count: int = 0
    block: int = 1
    open: Any = 0.0

    @classmethod
    def empty(cls, columns: int, judged: int) -> Tally:
        none, zeros, counts = np.empty((judged, 0)), np.zeros(judged), np.zeros(columns, dtype=int)
        return cls([], [], none, none, zeros, zeros, zeros, counts, counts)

    def add(self, chunks: Chunks, keep: int) -> None:
        """Take in the next chunks, all or, where Ctrl-C comes between, none; one after another, however many come at once."""
        merged: dict[str, Any] = {
            name: np.add.accumulate(np.column_stack([getattr(self, name), getattr(chunks, name)]), axis=-1)[:, -1]
            for name in ("absolute", "spread", "top", "nan_count", "infinite_count")
        }
        merged["low"] = -largest(-np.concatenate([self.low, chunks.low], axis=-1), keep)
        merged["high"] = largest(np.concatenate([self.high, chunks.high], axis=-1), keep)
        means, halves, count, block, gathered = [*self.means], [*self.halves], self.count, self.block, self.open
        for pair in zip(chunks.means, chunks.halves, strict=True):
            gathered, count = gathered + np.array(pair) / block, count + 1
            if count % block == 0:
                means.append(gathered[0])
                halves.append(gathered[1])
                gathered = 0.0
                if len(means) == 2 * MOST_MEANS:
                    means, halves, block = _by_pairs(means), _by_pairs(halves), 2 * block
        vars(self).update(merged, means=means, halves=halves, count=count, block=block, open=gathered)


def whole_blocks(chunks: int) -> int:
    """So many chunks, or a few more, that their means are merged without a rest."""
    block = 1
    while chunks >= 2 * MOST_MEANS * block:
        block *= 2
    return -(-chunks // block) * block


def _by_pairs(means: list[Any]) -> list[Any]:
    return [0.5 * a + 0.5 * b for a, b in zip(means[::2], means[1::2], strict=True)]


def largest(values: np.ndarray, count: int) -> np.ndarray:
    """The `count` largest along the last axis, in no order; all of them where there are fewer."""
    size = values.shape[-1]
    return values if size <= count else np.partition(values, size - count, axis=-1)[..., size - count :]


def _both_tails(rows: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` smallest and the `count` largest of each row; to part once for both takes six times as long."""
    if count >= rows.shape[-1]:
        return rows, rows
    low, high = zip(*((-_top(-row, count), _top(row, count)) for row in rows), strict=True)
    return np.array(low), np.array(high)


def _top(row: np.ndarray, count: int) -> np.ndarray:
    """The `count` largest, of those above a mark that a sixteenth of them sets, where that leaves enough."""
    sample = row[::SAMPLED]
    rank = 1 + SPARE * count // SAMPLED
    if rank < len(sample):
        above = row.compress(row >= np.partition(sample, len(sample) - rank)[len(sample) - rank])
        if len(above) >= count:
            return largest(above, count)
    return largest(row, count)


def _safe_mean(values: np.ndarray) -> np.ndarray:
    """The mean over the last axis; a sum that overflows is taken of scaled values."""
    mean = np.add.reduce(values, axis=-1) / values.shape[-1]  # np.mean, in a third of the time for a few values
    if all_finite(mean):
        return mean
    scale = np.abs(values).max(axis=-1)
    scaled = (values / scale[..., None]).mean(axis=-1) * scale
    return np.where(np.isfinite(mean) | ~np.isfinite(scale), mean, scaled)


def _spread(rows: np.ndarray, mean: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """The standard deviation of each row, of values no further than `reach` from its mean; 0 where it is not finite."""
    unit = np.where((reach > TINY) & np.isfinite(reach), reach, 1.0)
    rest = rows - mean[:, None]
    rest *= (1.0 / unit)[:, None]
    spread = unit * np.sqrt(np.einsum("ij,ij->i", rest, rest) / rows.shape[-1])
    return np.where(np.isfinite(spread), spread, 0.0)


def statistics(values: Values, plan: Plan, indices: range) -> Chunks:
    """Chunks drawn in one call: they have the bits of each chunk alone."""
    count, size = len(indices), plan.size
    seeds = tuple(np.random.SeedSequence(plan.entropy, spawn_key=(plan.first + index,)) for index in indices)
    source = Source(size, plan.dimension, plan.scheme, seeds)
    with quiet():
        result = np.asarray(values(source), dtype=float)
        if result.ndim not in (1, 2) or result.shape[0] != source.size:
            raise ShapeError(argument_error("values", f"shape ({source.size},) or ({source.size}, k)", result.shape))
        rows = np.ascontiguousarray(result.reshape(source.size, -1).T).reshape(-1, size)  # of a chunk, column by column
        columns = len(rows) // count
        halves = _safe_mean(rows.reshape(len(rows), min(2, size), -1))
        mean = _safe_mean(halves)
        nans = infinities = np.zeros((columns, count), dtype=int)
        if not all_finite(mean):
            nans, infinities = (f(rows).reshape(columns, count, size).sum(axis=-1) for f in (np.isnan, np.isinf))
            rows = np.where(np.isfinite(rows), rows, 0.0)
        judged = columns if plan.judged is None else min(plan.judged, columns)
        rows, centre, share = rows[: judged * count], mean[: judged * count], -(-size // 100)
        low, high = _both_tails(rows, max(plan.kept, share))
        top = largest(np.abs(np.concatenate([low, high], axis=-1)), share).sum(axis=-1) / size
        spread = _spread(rows, centre, np.maximum(high.max(axis=-1) - centre, centre - low.min(axis=-1)))
        low, high = -largest(-low, plan.kept), largest(high, plan.kept)
        means, first = (x.reshape(columns, count).T for x in (mean, halves[:, 0]))
        absolute, spread, top = (
            x.reshape(judged, count) / plan.chunks for x in (_safe_mean(np.abs(rows)), spread, top)
        )
        return Chunks(
            means, first, low.reshape(judged, -1), high.reshape(judged, -1), absolute, spread, top, nans, infinities
        )


def chunks_of(task: tuple[Values, Plan, range]) -> list[Chunks]:
    """The unit of work that an executor runs."""
    values, plan, indices = task
    return [
        statistics(values, plan, indices[first : first + plan.together])
        for first in range(0, len(indices), plan.together)
    ]
