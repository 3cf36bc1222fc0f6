"""Two rules on plain doubles, for many problems of one shape: nodes, weights, sums with their errors.

Where integrands are tame this costs a dozen array operations. It says what it saw: what leaving out half of the nodes changes,
and whether terms had died out at the ends of double-exponential panels. What it cannot settle is left to
`densities.numerics.quadrature`, whose nodes keep their distance from an end in full and reach further.

Inside, where densities are smooth between two marks, Gauss and Kronrod have the fewest nodes. Panels at a finite end, where a
density may be singular, and half lines have the maps of that module: x = a + (b - a)/(1 + e^(-π sinh t)) on a panel,
x = c ± S e^(½π sinh t) on a half line.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from densities.arrays import some

__all__ = ["EXPONENTIAL", "KRONROD", "Block", "Panels", "Rule", "Sums"]

# Beyond the last landmark a tail falls by one scale after another: panels that end at these many scales take it up.
LADDER = np.array([[2.0], [8.0], [30.0]])
REACH = float(LADDER[-1, 0])
EPS, TINY = float(np.finfo(float).eps), float(np.finfo(float).tiny)
# Nodes in a block, whose dozen arrays stay in the second-level cache: measured best of 2**12 ... 2**16.
AT_ONCE = 2**13


@dataclass(frozen=True, eq=False)
class Rule:
    """n nodes on a panel of width 1, or a half line of scale 1: distances from the nearer end, weights, (n,).

    `against`, times terms, sums to what every other node says less: the difference between the rule and the one it holds.
    Terms at `ends` must have died out.
    """

    distance: np.ndarray
    weight: np.ndarray
    against: np.ndarray
    ends: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        return len(self.weight)


def _exponential(count: int, reach: float) -> Rule:
    """Distances down to e^(-π sinh reach) of a panel."""
    t, step = np.linspace(-reach, reach, count, retstep=True)
    fraction = 1 / (1 + np.exp(np.pi * np.sinh(np.abs(t))))
    weight = np.pi * np.cosh(t) * fraction * (1 - fraction) * step
    return Rule(fraction, weight, np.resize([1.0, -1.0], count), (0, count - 1))


def _half_line(count: int, low: float, high: float) -> Rule:
    """Distances from e^(½π sinh low) to e^(½π sinh high)."""
    t, step = np.linspace(low, high, count, retstep=True)
    distance = np.exp(0.5 * np.pi * np.sinh(t))
    return Rule(distance, 0.5 * np.pi * np.cosh(t) * distance * step, np.resize([1.0, -1.0], count), (0, count - 1))


# The nodes that are not negative of the rule on [-1, 1] with 31 nodes, their weights, and those of Gauss's 15 among them: by
# Laurie (1997) in 60 digits; QUADPACK's qk31 has them too.
KRONROD_31 = (
    (0.0, 0.10133000701479154, 0.2025782419255613),
    (0.1011420669187175, 0.10076984552387559, 0.0),
    (0.20119409399743451, 0.09917359872179196, 0.19843148532711158),
    (0.29918000715316884, 0.09664272698362368, 0.0),
    (0.3941513470775634, 0.09312659817082532, 0.1861610000155622),
    (0.4850818636402397, 0.08856444305621176, 0.0),
    (0.5709721726085388, 0.08308050282313302, 0.16626920581699392),
    (0.650996741297417, 0.07684968075772038, 0.0),
    (0.7244177313601701, 0.06985412131872826, 0.13957067792615432),
    (0.790418501442466, 0.06200956780067064, 0.0),
    (0.8482065834104272, 0.05348152469092809, 0.10715922046717194),
    (0.8972645323440819, 0.04458975132476488, 0.0),
    (0.937273392400706, 0.03534636079137585, 0.07036604748810812),
    (0.9677390756791391, 0.02546084732671532, 0.0),
    (0.9879925180204854, 0.015007947329316122, 0.03075324199611727),
    (0.9980022986933971, 0.005377479872923349, 0.0),
)


def _kronrod() -> Rule:
    node, weight, gauss = np.array(KRONROD_31).T
    distance, weight, gauss = (np.concatenate([half[:0:-1], half]) / 2 for half in (1 - node, weight, gauss))
    return Rule(distance, weight, 1 - gauss / weight)


EXPONENTIAL = _exponential(97, 3.3)
HALF_LINE = _half_line(97, -4.0, 4.3)
KRONROD = _kronrod()


class Panel(NamedTuple):
    """A panel's rule, the edges that it lies between (one edge twice for a half line), and the index of its width."""

    rule: Rule
    low: int
    high: int
    width: int


class Layout:
    """What a block of panels has in common for all problems: x = edges[edge] + distance·widths[width] at each node."""

    def __init__(self, panels: tuple[Panel, ...]):
        counts = np.array([panel.rule.count for panel in panels])
        self.panels = np.array([panel.width for panel in panels])
        self.starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        self.panel_of_node = np.repeat(np.arange(len(panels)), counts)
        self.width = self.panels[self.panel_of_node]
        edges, distances = zip(*map(_from_ends, panels), strict=True)
        self.edge = np.concatenate(edges)
        self.distance = np.concatenate(distances)[:, None]
        self.weight = np.concatenate([panel.rule.weight for panel in panels])[:, None]
        self.against = np.concatenate([panel.rule.against for panel in panels])[:, None]
        self.ends = np.array(
            [start + end for start, panel in zip(self.starts, panels, strict=True) for end in panel.rule.ends],
            dtype=int,
        )
        lines = [start for start, panel in zip(self.starts, panels, strict=True) if panel.rule is HALF_LINE]
        self.outward = np.array(
            [np.arange(HALF_LINE.count // 2, HALF_LINE.count, 8) + start for start in lines], dtype=int
        )


def _from_ends(panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    """For each node of a panel the index of the edge it is near, and its distance from there in widths, with a sign."""
    rule, middle = panel.rule, panel.rule.count // 2
    if panel.low == panel.high:
        return np.full(rule.count, panel.low), rule.distance if panel.low else -rule.distance
    upper = np.arange(rule.count) >= middle
    return np.where(upper, panel.high, panel.low), np.where(upper, -rule.distance, rule.distance)


@lru_cache(maxsize=1024)
def layouts(rules: tuple[Rule, ...], below: bool, above: bool, limit: int) -> tuple[Layout, ...]:
    """Blocks of at most `limit` nodes, or of one panel, for a row of panels with these rules and the half lines beside it."""
    n = len(rules)
    panels = [Panel(rule, i, i + 1, i) for i, rule in enumerate(rules)]
    panels += [Panel(HALF_LINE, 0, 0, n)] * below + [Panel(HALF_LINE, n, n, n + 1)] * above
    blocks: list[list[Panel]] = [[]]
    for panel in panels:
        if blocks[-1] and sum(other.rule.count for other in blocks[-1]) + panel.rule.count > limit:
            blocks.append([])
        blocks[-1].append(panel)
    return tuple(Layout(tuple(block)) for block in blocks)


class Sums(NamedTuple):
    """k sums of m problems over n panels: each by panel, (k, n, m); what half of the nodes change in it and the largest
    |term| at an end of a panel, (k, m).
    """

    by_panel: np.ndarray
    change: np.ndarray
    edge: np.ndarray


class Block(NamedTuple):
    """Nodes and weights of some panels, (nodes, m); |x| over the width of a panel, at most 1/ε, (panels, m).

    `lost` is |x| over the distance from an end that is finite and not zero, (nodes, m), and at most 1/ε; None where none is.
    """

    x: np.ndarray
    weight: np.ndarray
    blur: np.ndarray
    lost: np.ndarray | None
    layout: Layout

    @property
    def half_lines(self) -> int:
        """How many of the panels are half lines."""
        return len(self.layout.outward)

    def outward(self, values: np.ndarray) -> np.ndarray:
        """Of values at the nodes, (nodes, m), some on the outer half of the half lines: (half lines, some, m)."""
        return values.take(self.layout.outward, axis=0)

    def at_nodes(self, values: np.ndarray) -> np.ndarray:
        """Values of panels, (panels, m), at their nodes, (nodes, m)."""
        return values.take(self.layout.panel_of_node, axis=0)

    def sums(self, terms: np.ndarray) -> Sums:
        """The sums over the nodes of terms (k, nodes, m)."""
        layout = self.layout
        by_panel = np.add.reduceat(terms, layout.starts, axis=1)
        change = np.abs(np.add.reduceat(terms * layout.against, layout.starts, axis=1))
        edge = np.maximum.reduce(np.abs(terms.take(layout.ends, axis=1)), axis=1, initial=0.0)
        return Sums(by_panel, change, edge)


class Panels:
    """Panels of m problems that split at `points`, (points, m), from `low` to `high`, (m,), None where the line has no end.

    `scale`, (m,), is the length scale of the tails of half lines, `inner` the rule of panels that touch no end. A finite
    end is one more point; points beyond it make empty panels. No node falls onto an end.
    """

    def __init__(
        self,
        points: np.ndarray,
        low: np.ndarray | None,
        high: np.ndarray | None,
        scale: np.ndarray,
        inner: Rule = EXPONENTIAL,
    ):
        if low is not None or high is not None:
            points = np.clip(points, low, high)
        points = np.sort(points, axis=0)
        below = points[:1] - LADDER[::-1] * scale if low is None else low[None]
        above = points[-1:] + LADDER * scale if high is None else high[None]
        self.low, self.high, self.scale = low, high, scale
        edges = np.concatenate([below, points, above])
        self._lay(edges, [inner] * (len(edges) - 1))

    def split(self, rows: np.ndarray, inner: Rule = EXPONENTIAL) -> Panels:
        """The same with some of the panels, by their rows between edges, in halves that have the rule `inner`."""
        finer, rules = copy(self), list(self.rules)
        for row in rows[::-1]:
            rules[row : row + 1] = [inner, inner]
        middle = self.edges[rows] + 0.5 * (self.edges[rows + 1] - self.edges[rows])
        finer._lay(np.insert(self.edges, rows + 1, middle, axis=0), rules)
        return finer

    def _lay(self, edges: np.ndarray, rules: list[Rule]) -> None:
        self.edges, self.rules, low, high = edges, rules, self.low, self.high
        # Of the panels, and of the half lines below and above.
        self.widths, farther = np.empty((2, len(edges) + 1, edges.shape[1]))
        np.subtract(edges[1:], edges[:-1], out=self.widths[:-2])
        np.multiply(REACH, self.scale, out=self.widths[-2:])
        size = np.abs(edges)
        np.maximum(size[1:], size[:-1], out=farther[:-2])
        farther[-2:] = size[:: len(size) - 1]
        self.blur = farther / np.maximum(self.widths, EPS * farther + TINY)
        for end, beside in ((low, edges[:-1]), (high, edges[1:])):
            if end is not None:
                for row in np.flatnonzero(np.equal(beside, end).any(1)):
                    rules[row] = EXPONENTIAL
        limit = max(1, AT_ONCE // edges.shape[1])
        self.layouts = layouts(tuple(rules), low is None, high is None, limit)
        self.nodes = sum([len(layout.edge) for layout in self.layouts])

    def blocks(self) -> Iterator[Block]:
        """All panels in blocks of whole panels."""
        for layout in self.layouts:
            width = self.widths.take(layout.width, axis=0)
            x = layout.distance * width
            near = self.edges.take(layout.edge, axis=0)
            lost = self._lost(near, x)
            x += near
            if self.low is not None:
                np.maximum(x, np.nextafter(self.low, np.inf), out=x)
            if self.high is not None:
                np.minimum(x, np.nextafter(self.high, -np.inf), out=x)
            width *= layout.weight
            yield Block(x, width, self.blur.take(layout.panels, axis=0), lost, layout)

    def _lost(self, near: np.ndarray, distance: np.ndarray) -> np.ndarray | None:
        """|near| over the distance from it, where it is an end of the line."""
        ends = [
            np.where(near == end, end, 0.0) for end in (self.low, self.high) if end is not None and some(end != 0.0)
        ]
        if not ends:
            return None
        size = np.abs(sum(ends))
        return size / np.maximum(np.abs(distance), EPS * size + TINY)
