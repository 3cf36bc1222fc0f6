"""D(p‖q) of tame pairs, scalar or a whole batch at once, by quadrature on plain doubles.

The sums are k1 = ∫p log(p/q), ∫p and ∫q on the same nodes. An answer is given only where all of these hold: every sum has
settled when the nodes are doubled, its terms had died out at the ends of every panel, p log(p/q) falls steeply into every
infinite end, both masses are there, and what all this and rounding may have done is small against the value. Anything else is
for `densities.divergences.quadrature`: near-identical laws, borders between finite and infinite, points that need anchors.
"""

from __future__ import annotations

from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from densities.anchored import Anchored, value
from densities.arrays import quiet, some
from densities.divergences.rewrites import pulled_to_base
from densities.numerics.panels import EXPONENTIAL, KRONROD, Block, Panels

EPS = float(np.finfo(float).eps)
# What is left of p|t|·distance at the end of a half line, in nats; and where -log q overflows on the way there.
GONE, LONG_GONE = -50.0, -1000.0
# Of the largest term at an end, what may lie beyond it: falling terms of a density that is a power down to x^-0.97.
BEYOND = 10.0
# Rules of inner panels, and how often these are looked at: those that have not settled are halved each time. Few nodes do
# where densities are smooth; where one is singular at a mark, halving does not end.
LOOKS = ((KRONROD, 3), (EXPONENTIAL, 8))
K, P, Q, SIZE = range(4)


class Plain(NamedTuple):
    """For m pairs: values, errors, the masses ∫p and ∫q that were seen, which pairs are answered; nodes of each."""

    value: np.ndarray
    error: np.ndarray
    mass_p: np.ndarray
    mass_q: np.ndarray
    answered: np.ndarray
    evaluations: int


def kl_plain(p: Any, q: Any, *, rtol: float = 1e-11) -> Plain | None:
    """D(p‖q) for laws without batch or with one batch axis, the support of p within that of q.

    Answered are the pairs whose error is below 10 rtol·|value|. None where the laws are not of a kind that is tried.
    """
    pair = pulled_to_base(p, q)
    if pair is not None:
        p, q = pair.p, pair.q
    if p.measure != "lebesgue" or q.measure != "lebesgue":
        return None
    ends, outer = p.support.edges, q.support.edges
    if any(isinstance(end, Anchored) for end in (*ends, *outer)):
        return None
    m = (p.batch_shape or q.batch_shape or (1,))[0]
    with quiet():
        columns = [_columns(law.marks(), m) for law in (p, q)]
        points, starts = np.concatenate(columns), (0, len(columns[0]))
        spread = np.maximum.reduceat(points, starts) - np.minimum.reduceat(points, starts)
        low, high = (np.full(m, end) if some(np.isfinite(end)) else None for end in ends)
        beside = 0.0
        if low is not None and some(outer[0] < ends[0]):
            beside = beside + value(q.anywhere("cdf", low))
        if high is not None and some(outer[1] > ends[1]):
            beside = beside + value(q.anywhere("sf", high))
        scale = 0.25 * np.maximum.reduce(spread)
        found: Plain | None = None
        for inner, halvings in LOOKS:
            panels = Panels(points, low, high, scale, inner)
            for _ in range(halvings):
                answer, seen = _judge(p, q, panels, beside, 10 * rtol)
                found = answer if found is None else _first_answers(found, answer)
                if everywhere(found.answered):
                    return found
                if not len(rows := _to_halve(seen, found, 10 * rtol)):
                    break
                panels = panels.split(rows, KRONROD)
        return found


def _to_halve(seen: Seen, found: Plain, share: float) -> np.ndarray:
    """Rows of panels whose sums have not settled for a pair that is not answered; none where no halving would help."""
    magnitude = np.abs(found.value)
    allowed = share * np.stack([magnitude, np.ones_like(magnitude), np.ones_like(magnitude)])
    loose = np.any(seen.change[:SIZE] > allowed[:, None] / seen.change.shape[1], axis=0) & ~found.answered
    inner = len(loose) - seen.half_lines
    hopeless = np.any(loose[inner:], axis=0) | ~seen.ended | (seen.floor(magnitude) > allowed[K])
    return np.flatnonzero(np.any(loose[:inner] & ~hopeless, axis=1))


def _first_answers(first: Plain, second: Plain) -> Plain:
    """The answers of the first look, and where it has none those of the second."""

    def chosen(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.where(first.answered, a, b)

    return Plain(
        chosen(first.value, second.value),
        chosen(first.error, second.error),
        chosen(first.mass_p, second.mass_p),
        chosen(first.mass_q, second.mass_q),
        first.answered | second.answered,
        first.evaluations + second.evaluations,
    )


def _columns(points: np.ndarray, m: int) -> np.ndarray:
    """Marks of m problems side by side."""
    return points if points.ndim == 2 else points[:, None] if m == 1 else np.repeat(points[:, None], m, axis=1)


def _judge(p: Any, q: Any, panels: Panels, beside: Any, share: float) -> tuple[Plain, Seen]:
    """The sums, with the mass of q `beside` the support of p, and whether each can be trusted."""
    seen = reduce(Seen.merged, (_seen(p, q, block) for block in panels.blocks()))
    seen.total[Q] += beside
    k, mass_p, mass_q, _ = seen.total
    # A mass that is off shows log-densities that are: by a constant, D changes by that of log q and 1 + D times that of log p.
    (gap_p, gap_q), magnitude = np.abs(seen.total[P : Q + 1] - 1.0), np.abs(k)
    change = np.add.reduce(seen.change, axis=1)
    error = change[K] + seen.floor(magnitude) + 2 * (gap_p + gap_q + gap_p * magnitude)
    answered = seen.ended & (error <= share * magnitude) & (change[P] + change[Q] <= share)
    return Plain(k, error, mass_p, mass_q, answered, panels.nodes), seen


class Seen(NamedTuple):
    """What blocks of n panels show of m problems: sums, (4, m), and what half of the nodes change in each panel, (4, n, m);
    of p log(p/q) the largest term at an end and the ulps of the logarithms and of x; whether it dies out on the half
    lines, which are the last of the panels.
    """

    total: np.ndarray
    change: np.ndarray
    edge: np.ndarray
    rounding: np.ndarray
    ended: Any
    half_lines: int

    def floor(self, magnitude: np.ndarray) -> np.ndarray:
        """The error that smaller panels would leave: what lies beyond the nodes, and rounding."""
        return BEYOND * self.edge + EPS * (2 * self.rounding + 8 * magnitude)

    def merged(self, other: Seen) -> Seen:
        return Seen(
            self.total + other.total,
            np.concatenate([self.change, other.change], axis=1),
            np.maximum(self.edge, other.edge),
            self.rounding + other.rounding,
            self.ended & other.ended,
            self.half_lines + other.half_lines,
        )


def _seen(p: Any, q: Any, block: Block) -> Seen:
    log_p, log_q = np.asarray(value(p.raw_logpdf(block.x))), np.asarray(value(q.raw_logpdf(block.x)))
    t = log_p - log_q
    ended: Any = np.True_
    if block.half_lines:
        size = np.abs(block.outward(t)) * block.outward(block.weight)
        ended = dies_out(block.outward(log_p), np.log(size))
    terms = np.empty((4, *t.shape))
    np.exp(log_p, out=terms[P])
    np.exp(log_q, out=terms[Q])
    terms[P : Q + 1] *= block.weight
    np.multiply(terms[P], t, out=terms[K])
    np.add(np.abs(log_p, out=log_p), np.abs(log_q, out=log_q), out=terms[SIZE])
    terms[SIZE] *= terms[P]
    np.copyto(terms[K::SIZE], 0.0, where=terms[P] == 0.0)
    found = block.sums(terms)
    rounding = np.add.reduce((2.0 + block.blur) * found.by_panel[SIZE])
    if block.lost is not None:
        rounding += np.add.reduce(block.lost * terms[SIZE])
    return Seen(np.add.reduce(found.by_panel, axis=1), found.change, found.edge[K], rounding, ended, block.half_lines)


def everywhere(condition: np.ndarray) -> bool:
    """np.all, in a third of the time for a few numbers."""
    return np.count_nonzero(condition) == condition.size


def dies_out(log_p: np.ndarray, log_size: np.ndarray) -> Any:
    """Whether p·size falls all along the outer half of each half line to below e^-50, told from logarithms.

    Nodes where log p or its factor overflows are not known; before them it must be below e^-1000.
    """
    level = log_p + log_size
    if (
        everywhere(level[:, 1:] < level[:, :-1])
        and everywhere(level[:, -1] <= GONE)
        and everywhere(level[:, 0] < np.inf)
    ):
        return np.True_
    level = np.where(log_p == -np.inf, -np.inf, level)
    known = level < np.inf
    falling = ~known[:, 1:] | (level[:, 1:] < level[:, :-1]) | (level[:, 1:] == -np.inf)
    lowest = np.where(known, level, np.inf).min(1)
    enough = lowest <= np.where(known[:, -1], GONE, LONG_GONE)
    return (falling.all(1) & known[:, 0] & enough).all(0)


__all__ = ["Plain", "dies_out", "kl_plain"]
