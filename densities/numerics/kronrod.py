"""Adaptive Gauss-Kronrod quadrature on plain doubles: many integrals of positive functions, in cache-sized blocks.

Integrands are given by their logarithms, so that an integral may be as small as it likes. Panels that a first look, at
three nodes of each, finds to hold nothing beside the others are left out. For integrands that are smooth inside of their
panels this costs a tenth of `densities.numerics.quadrature`, which keeps distances from an end in full and takes singular
ends: what is not settled here is left to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["End", "Integrand", "integrals"]

EPS = float(np.finfo(float).eps)
# Nodes in (-1, 1) that are not negative, with the weights of Kronrod's 21 and of Gauss's 10: QUADPACK, qk21.
TABLE = (
    (0.0, 0.149445554002916905664936468389821, 0.0),
    (0.148874338981631210884826001129720, 0.147739104901338491374841515972068, 0.295524224714752870173892994651338),
    (0.294392862701460198131126603103866, 0.142775938577060080797094273138717, 0.0),
    (0.433395394129247190799265943165784, 0.134709217311473325928054001771707, 0.269266719309996355091226921569469),
    (0.562757134668604683339000099272694, 0.123491976262065851077958109831074, 0.0),
    (0.679409568299024406234327365114874, 0.109387158802297641899210590325805, 0.219086362515982043995534934228163),
    (0.780817726586416897063717578345042, 0.093125454583697605535065465083366, 0.0),
    (0.865063366688984510732096688423493, 0.075039674810919952767043140916190, 0.149451349150580593145776339657697),
    (0.930157491355708226001207180059508, 0.054755896574351996031381300244580, 0.0),
    (0.973906528517171720077964012084452, 0.032558162307964727478818972459390, 0.066671344308688137593568809893332),
    (0.995657163025808080735527280689003, 0.011694638867371874278064396062192, 0.0),
)
POSITIVE = np.array(TABLE).T
NODES, KRONROD, GAUSS = (
    np.concatenate([sign * part[:0:-1], part]) for sign, part in zip((-1, 1, 1), POSITIVE, strict=True)
)
WEIGHTS = np.stack([KRONROD, GAUSS], axis=1)
# Distances from an end, for panels of width 1 and for half lines of scale 1, with the factors of terms; every other node
# of the trapezoidal rule checks it.
T, STEP = np.linspace(-4.2, 4.2, 85, retstep=True)
Z = 0.5 * np.pi * np.sinh(T)
RATE = 0.5 * np.pi * np.cosh(T)
OUTWARD, INWARD = np.exp(Z), 1 / (1 + np.exp(-2 * Z))
FACTORS = {np.inf: RATE * OUTWARD, 1.0: 2 * RATE * INWARD / (1 + np.exp(2 * Z))}
DISTANCES = {np.inf: OUTWARD, 1.0: INWARD}
CHECKED = np.stack([np.ones(T.size), np.resize([2.0, 0.0], T.size)], axis=1) * STEP
LOG_FACTORS = {reach: np.log(factor) for reach, factor in FACTORS.items()}
# The first look: nodes of a panel, and every so many of those at an end; what lies so many nats below the best of a
# problem is left out.
LOOK, EVERY, NOTHING = np.array([NODES[0], 0.0, NODES[-1]]), 6, 50.0
ROUNDS = 14
# Logarithms of this size are of doubles that underflow.
UNDERFLOW = 700.0
# Nodes whose arrays stay in the second-level cache; panels in doubt beyond which a problem is given up.
AT_ONCE, MOST = 2**14, 12

Integrand = Callable[[np.ndarray, np.ndarray], Any]


class End(NamedTuple):
    """Panels of some problems that end where the integrand may be singular, `reach` 1, or half lines, `reach` inf.

    integrand(distance, problem) takes distances from the end; `width` is that of the panel or scale of the half line.
    """

    integrand: Integrand
    problem: np.ndarray
    width: np.ndarray
    reach: float

    def part(self, rows: Any) -> End:
        return End(self.integrand, self.problem[rows], self.width[rows], self.reach)


class _Totals:
    """Value and error of each problem, in units of e^top, the largest term that has been met."""

    def __init__(self, count: int) -> None:
        self.top, self.value, self.error = np.full(count, -np.inf), np.zeros(count), np.zeros(count)

    def units(self, problem: np.ndarray, log: np.ndarray) -> np.ndarray:
        """e^log of terms of some problems in the units of these, which rise to the largest of them."""
        top = self.top.copy()
        np.fmax.at(top, problem, log)
        fall = np.where(top > self.top, np.exp(self.top - top), 1.0)
        self.value, self.error, self.top = self.value * fall, self.error * fall, top
        return np.where(log > -np.inf, np.exp(log - top[problem]), 0.0)

    def add(self, problem: np.ndarray, value: np.ndarray, error: np.ndarray) -> None:
        self.value += np.bincount(problem, value, self.value.size)
        self.error += np.bincount(problem, error, self.value.size)


def integrals(
    integrand: Integrand, edges: np.ndarray, ends: Sequence[End], rtol: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(log of the value, relative error, settled), each (P,), of integrals over panels between `edges`, (P, n), and at ends.

    e^integrand(x, problem) is integrated, for nodes (m, k) and the problem of each row; the edges are in order. A panel
    between edges is halved until what QUADPACK makes of the difference between Gauss and Kronrod is its share of rtol;
    panels at ends are not refined. Of an integral that no double holds rtol is the error of the logarithm beside its size.
    """
    count = edges.shape[0]
    totals, settled = _Totals(count), np.ones(count, dtype=bool)
    with np.errstate(all="ignore"):
        rows, columns = np.nonzero(edges[:, 1:] > edges[:, :-1])
        low, high = edges[rows, columns], edges[rows, columns + 1]
        seen, most = _look(integrand, rows, low, high)
        looks = [_look_beside(end) for end in ends]
        best = np.full(count, -np.inf)
        for problem, held in zip([rows, *(end.problem for end in ends)], [seen, *looks], strict=True):
            np.fmax.at(best, problem, held)
        for end, held in zip(ends, looks, strict=True):
            for problem, top, sums, change in _beside(end.part(~(held < best[end.problem] - NOTHING))):
                unit = totals.units(problem, top)
                totals.add(problem, sums * unit, change * unit)
        kept = ~(most < best[rows] - NOTHING)
        rows, low, high = rows[kept], low[kept], high[kept]
        for turn in range(ROUNDS):
            top, sums, change = _panels(integrand, rows, low, high)
            unit = totals.units(rows, top)
            sums, change = sums * unit, change * unit
            total = totals.value + np.bincount(rows, sums, count)
            share = 0.1 * rtol * (1.0 + np.maximum(np.abs(totals.top) - UNDERFLOW, 0.0)) * total
            doubt = ~(change <= share[rows]) & (turn < ROUNDS - 1)
            done = ~doubt
            totals.add(rows[done], sums[done], change[done])
            settled &= np.bincount(rows[doubt], minlength=count) <= MOST
            doubt &= settled[rows]
            if not doubt.any():
                break
            middle = 0.5 * (low[doubt] + high[doubt])
            low, high = (np.stack(pair, 1).ravel() for pair in ((low[doubt], middle), (middle, high[doubt])))
            rows = np.repeat(rows[doubt], 2)
        missed = (edges.shape[1] + len(ends)) * np.exp(best - NOTHING - totals.top)
        error = (totals.error + missed) / totals.value + EPS * (8.0 + 2.0 * np.abs(totals.top))
        most = rtol * (1.0 + np.maximum(np.abs(totals.top) - UNDERFLOW, 0.0))
        return totals.top + np.log(totals.value), error, settled & (error <= most)


def _look(integrand: Integrand, rows: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Logs of what each panel holds and of the most it may hold: its width, times the largest of three values.

    For the most, the top of a parabola through their logarithms, which overestimates where these fall ever faster.
    """
    result = np.empty((2, rows.size))
    step = AT_ONCE // LOOK.size
    for start in range(0, rows.size, step):
        part = slice(start, start + step)
        half = 0.5 * (high[part] - low[part])
        logs = np.asarray(integrand(half[:, None] * LOOK + (low[part] + half)[:, None], rows[part]))
        highest = logs.max(axis=1)
        left, middle, right = np.maximum(logs, (highest - 1e4)[:, None]).T
        slope, bend = 0.5 * (right - left), middle - 0.5 * (left + right)
        inside = np.abs(slope) < 2.0 * bend
        rise = np.where(inside, middle + slope**2 / (4.0 * np.where(inside, bend, 1.0)), highest)
        result[:, part] = np.stack([highest, np.where(highest > -np.inf, rise, highest)]) + np.log(2.0 * half)
    return result


def _look_beside(end: End) -> np.ndarray:
    """The log of about the most that each panel at an end may hold."""
    distance, factor = DISTANCES[end.reach][::EVERY], LOG_FACTORS[end.reach][::EVERY]
    logs = np.asarray(end.integrand(end.width[:, None] * distance, end.problem)) + factor
    return np.fmax.reduce(logs, axis=1, initial=-np.inf) + np.log(10.0 * end.width)


def _terms(logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(top, e^(logs - top)) with the largest of each row."""
    top = np.fmax.reduce(logs, axis=1, initial=-np.inf)
    return top, np.exp(logs - np.where(np.isfinite(top), top, 0.0)[:, None])


def _panels(integrand: Integrand, rows: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, ...]:
    """(log of a unit, integral, error) of each panel; the error is QUADPACK's."""
    top, sums, change = np.empty((3, rows.size))
    step = AT_ONCE // NODES.size
    for start in range(0, rows.size, step):
        part = slice(start, start + step)
        half = 0.5 * (high[part] - low[part])
        x = half[:, None] * NODES + 0.5 * (high[part] + low[part])[:, None]
        top[part], terms = _terms(np.asarray(integrand(x, rows[part])))
        kronrod, gauss = (terms @ WEIGHTS).T
        spread = np.abs(terms - 0.5 * kronrod[:, None]) @ KRONROD
        apart = np.abs(kronrod - gauss)
        sums[part] = kronrod * half
        change[part] = half * np.where(spread > 0, spread * np.minimum(1.0, (200.0 * apart / spread) ** 1.5), apart)
        # Nodes are rounded, each its own way.
        change[part] += sums[part] * 0.25 * EPS * np.abs(high[part] + low[part]) / half
    return top, sums, change


def _beside(end: End) -> Iterator[tuple[np.ndarray, ...]]:
    """(problems, logs of units, integrals, errors), by blocks.

    Halving the step all but squares the relative error; what lies beyond the nodes, or where the integrand
    is NaN, is a few of the terms beside it.
    """
    distance, factor = DISTANCES[end.reach], LOG_FACTORS[end.reach]
    step = AT_ONCE // T.size
    for start in range(0, end.problem.size, step):
        part = slice(start, start + step)
        problem, width = end.problem[part], end.width[part]
        top, terms = _terms(np.asarray(end.integrand(width[:, None] * distance, problem)) + factor)
        beyond = np.maximum(terms[:, 0], terms[:, -1])
        lost = np.isnan(terms)
        if lost.any():
            terms[lost] = 0.0
            last = np.where(lost[:, 1:] != lost[:, :-1], np.maximum(terms[:, 1:], terms[:, :-1]), 0.0)
            beyond = np.fmax(beyond, last.max(axis=1))
        fine, coarse = (terms @ CHECKED).T * width
        apart = np.where(fine > 0, np.abs(fine - coarse) / fine, 0.0)
        yield problem, top, fine, fine * np.minimum(apart, 10.0 * apart**1.75) + 10.0 * beyond * width
