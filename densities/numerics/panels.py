"""A double-exponential rule on plain doubles, for many problems of one shape: nodes, weights, sums with their errors.

Where integrands are tame this costs a dozen array operations. It says what it saw: whether terms had died out at the ends of
every panel, and what halving the nodes changes. What it cannot settle is left to `densities.numerics.quadrature`, whose
nodes keep their distance from an end in full and reach further.

The maps are those of that module: x = a + (b - a)/(1 + e^(-π sinh t)) on a finite panel, x = c ± S e^(½π sinh t) on a half
line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

__all__ = ["Block", "Panels", "Sums", "sums"]

COUNT = 97
MIDDLE = COUNT // 2
# Distances down to e^-43 of a panel, and from e^-43 to e^58 of the scale of a half line.
FINITE, OUTER = np.linspace(-3.3, 3.3, COUNT), np.linspace(-4.0, 4.3, COUNT)
STEP_FINITE, STEP_OUTER = 6.6 / (COUNT - 1), 8.3 / (COUNT - 1)
# Beyond the last landmark a tail falls by one scale after another: panels that end at these many scales take it up.
LADDER = np.array([[2.0], [8.0], [30.0]])
REACH = float(LADDER[-1, 0])


def _finite() -> tuple[np.ndarray, np.ndarray]:
    """Fractions of a panel from its nearer end, and weights."""
    fraction = 1 / (1 + np.exp(np.pi * np.sinh(np.abs(FINITE))))
    return fraction[:, None], (np.pi * np.cosh(FINITE) * fraction * (1 - fraction) * STEP_FINITE)[:, None]


def _outer() -> tuple[np.ndarray, np.ndarray]:
    """Distances on a half line of unit scale, and weights."""
    distance = np.exp(0.5 * np.pi * np.sinh(OUTER))
    return distance[:, None], (0.5 * np.pi * np.cosh(OUTER) * distance * STEP_OUTER)[:, None]


FRACTION, FINITE_WEIGHT = _finite()
DISTANCE, OUTER_WEIGHT = _outer()
# Times terms: their sum, and the difference between the sum and the one on half of the nodes.
SPLIT = np.stack([np.ones(COUNT), np.resize([1.0, -1.0], COUNT)])


# Nodes in a block, whose dozen arrays stay in the second-level cache: measured best of 2**12 ... 2**16.
AT_ONCE = 2**13


class Block(NamedTuple):
    """Nodes and weights of some panels, (panels, nodes, m), half lines last; |x| over the width of a panel, (panels, m)."""

    x: np.ndarray
    weight: np.ndarray
    blur: np.ndarray
    half_lines: int


class Panels:
    """Panels of m problems that split at `points`, (points, m), from `low` to `high`, (m,), None where the line has no end.

    `scale`, (m,), is the length scale of the tails of half lines. A finite end is one more point; points beyond it make
    empty panels. No node falls onto an end.
    """

    def __init__(self, points: np.ndarray, low: np.ndarray | None, high: np.ndarray | None, scale: np.ndarray):
        if low is not None or high is not None:
            points = np.clip(points, low, high)
        points = np.sort(points, axis=0)
        below = points[:1] - LADDER[::-1] * scale if low is None else low[None]
        above = points[-1:] + LADDER * scale if high is None else high[None]
        self.edges = np.concatenate([below, points, above])
        self.low, self.high, self.reach = low, high, REACH * scale
        self.outer = [(-self.reach, self.edges[0])] * (low is None) + [(self.reach, self.edges[-1])] * (high is None)
        self.finite = len(self.edges) - 1
        self.nodes = (self.finite + len(self.outer)) * COUNT

    def blocks(self) -> Iterator[Block]:
        """All panels in blocks of whole panels."""
        rows, m = self.nodes // COUNT, self.edges.shape[1]
        step = max(1, AT_ONCE // (COUNT * m))
        for first in range(0, rows, step):
            yield self._block(first, min(first + step, rows))

    def _block(self, first: int, last: int) -> Block:
        m = self.edges.shape[1]
        x = np.empty((last - first, COUNT, m))
        weight, blur = np.empty_like(x), np.empty((last - first, m))
        inner = max(0, min(last, self.finite) - first)
        if inner:
            a, b = self.edges[first : first + inner], self.edges[first + 1 : first + inner + 1]
            width = b - a
            steps = np.multiply(width[:, None], FRACTION, out=x[:inner])
            np.add(steps[:, :MIDDLE], a[:, None], out=x[:inner, :MIDDLE])
            np.subtract(b[:, None], steps[:, MIDDLE:], out=x[:inner, MIDDLE:])
            np.multiply(width[:, None], FINITE_WEIGHT, out=weight[:inner])
            np.divide(np.maximum(np.abs(a), np.abs(b)), np.where(width > 0, width, np.inf), out=blur[:inner])
            if self.low is not None and first == 0:
                np.maximum(x[0], np.nextafter(self.low, np.inf), out=x[0])
            if self.high is not None and first + inner == self.finite:
                np.minimum(x[inner - 1], np.nextafter(self.high, -np.inf), out=x[inner - 1])
        half_lines = self.outer[max(0, first - self.finite) : max(0, last - self.finite)]
        for row, (reach, end) in enumerate(half_lines, inner):
            np.add(DISTANCE * reach, end, out=x[row])
            np.multiply(OUTER_WEIGHT, self.reach, out=weight[row])
            np.divide(np.abs(end), self.reach, out=blur[row])
        return Block(x, weight, blur, len(half_lines))


class Sums(NamedTuple):
    """k sums of m problems over n panels: each by panel, (k, n, m); what half of the nodes change in it and the largest
    |term| at an end of a panel, (k, m).
    """

    by_panel: np.ndarray
    change: np.ndarray
    edge: np.ndarray


def sums(terms: np.ndarray) -> Sums:
    """The sums over nodes of terms (k, panels, nodes, m)."""
    k, n, _, m = terms.shape
    # One product of matrices where that is all it takes: stacks of vectors go one by one.
    split = (terms.reshape(-1, COUNT) @ SPLIT.T).reshape(k, n, 2, 1) if m == 1 else SPLIT @ terms
    edge = np.abs(terms[:, :, :: COUNT - 1]).max((1, 2))
    return Sums(split[:, :, 0], np.abs(split[:, :, 1]).sum(1), edge)
