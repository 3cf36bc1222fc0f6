"""Integrals over boxes of two or three dimensions, of integrands given by their logarithms.

Each axis is cut into panels at the points where the integrand is not smooth, and each panel is stretched by a double
exponential map, t -> x. What is then smooth and falls off fast in every t is summed by the trapezoidal rule, whose
error falls geometrically with the number of nodes; what still has an edge in its interior is left to boxes that are
halved where their Gauss and Kronrod rules differ.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from densities.errors import ParameterError, argument_error

__all__ = ["Axis", "Cubature", "cubature"]

EPS = float(np.finfo(float).eps)
HALF_PI = float(np.pi / 2)
# At |t| = 6 distances reach e^(±317): the doubles end a little further out.
REACH, SCAN_NODES = 6.0, 25
NEGLIGIBLE = 45.0  # in nats below the largest term of the same sum
COARSEST = 16
AT_ONCE = 2**16
FAST = 1e-2  # a difference of levels that falls by more than this is on its way down geometrically
# Nodes and weights of the Kronrod rule of 15 points on (-1, 1), and of the Gauss rule of 7 points inside it:
# QUADPACK, dqk15.
KRONROD = np.array(
    [
        0.991455371120812639206854697526329,
        0.949107912342758524526189684047851,
        0.864864423359769072789712788640926,
        0.741531185599394439863864773280788,
        0.586087235467691130294144838258730,
        0.405845151377397166906606412076961,
        0.207784955007898467600689403773245,
        0.0,
    ]
)
KRONROD_WEIGHTS = np.array(
    [
        0.022935322010529224963732008058970,
        0.063092092629978553290700663189204,
        0.104790010322250183839876322541518,
        0.140653259715525918745189590510238,
        0.169004726639267902826583426598550,
        0.190350578064785409913256402421014,
        0.204432940075298892414161999234649,
        0.209482141084727828012999174891714,
    ]
)
GAUSS_WEIGHTS = np.array(
    [
        0.0,
        0.129484966168869693270611432679082,
        0.0,
        0.279705391489276667901467771423780,
        0.0,
        0.381830050505118944950369775488975,
        0.0,
        0.417959183673469387755102040816327,
    ]
)

Integrand = Callable[[np.ndarray], tuple[Any, Any]]


@dataclass(frozen=True)
class Axis:
    """One coordinate: from `edges[0]` to `edges[-1]`, which may be infinite, not smooth at the edges between.

    `center` and `width` say where an unbounded panel has its mass.
    """

    edges: Sequence[float]
    center: float = 0.0
    width: float = 1.0

    def panels(self) -> list[tuple[float, float]]:
        edges = [float(edge) for edge in self.edges]
        if len(edges) < 2 or not all(a < b for a, b in itertools.pairwise(edges)) or not 0 < self.width < np.inf:
            raise ParameterError(argument_error("axis", "increasing edges and a positive width", self))
        return list(itertools.pairwise(edges))

    def stretch(self, panel: tuple[float, float], t: np.ndarray, *, heavy: bool) -> tuple[np.ndarray, np.ndarray]:
        """(x, log dx/dt) on a panel; `heavy` reaches tails that are powers, otherwise x grows only like e^t."""
        low, high = panel
        z, log_rate = HALF_PI * np.sinh(t), np.log(HALF_PI * np.cosh(t))
        if np.isfinite(low) and np.isfinite(high):  # x = low + (high - low)/(1 + e^-2z), from the nearer end
            soft = np.log1p(np.exp(-2 * np.abs(z)))
            distance = np.exp(-2 * np.abs(z) - soft) * (high - low)
            return np.where(t < 0, low + distance, high - distance), np.log(2 * (high - low)) - 2 * np.abs(
                z
            ) - 2 * soft + log_rate
        if not heavy:
            z, log_rate = t, np.zeros_like(t)
        if np.isinf(low) and np.isinf(high):
            return self.center + self.width * np.sinh(z), np.log(self.width) + np.log(np.cosh(z)) + log_rate
        if not heavy:  # toward the finite end the distance still falls doubly exponentially
            z, log_rate = t - np.exp(-t), np.log1p(np.exp(-t))
        distance = self.width * np.exp(z)
        return (low + distance if np.isinf(high) else high - distance), np.log(self.width) + z + log_rate


@dataclass(frozen=True)
class Cubature:
    """k sums: `value` ± `error`.

    `truncated`: an integrand that has not died out where the doubles end; `lost`: a NaN on the way.
    """

    value: np.ndarray
    error: np.ndarray
    converged: bool
    truncated: bool
    lost: bool
    evaluations: int
    rule: str


def cubature(
    integrand: Integrand,
    axes: Sequence[Axis],
    *,
    floor: Sequence[int | None] | None = None,
    rtol: float = 1e-11,
    max_nodes: int = 2_000_000,
) -> Cubature:
    """∫f_j for j < k over the box of the axes.

    `integrand(x)` takes points (m, d) and returns log|f| and the sign, both (k, m) or broadcastable to it; log 0 is
    -inf. It is called with floating-point warnings off. `floor[j]` is the sum that bounds the rounding of sum j, in
    units of eps; None marks a sum that is such a bound itself, whose convergence is not asked for. By default each is
    its own.

    The error is the difference of the last two levels of the trapezoidal rule (less where levels converge
    geometrically), or the sum over boxes of what QUADPACK makes of the difference of its rules, plus 8 eps of the
    floor: an estimate, not a bound. Raises ParameterError for a bad axis.
    """
    panels = list(itertools.product(*(axis.panels() for axis in axes)))
    with np.errstate(all="ignore"):
        run = _Run(integrand, axes, panels, floor, heavy=False)
        if run.truncated:
            run = _Run(integrand, axes, panels, floor, heavy=True)
        smooth = run.trapezoid(rtol, max_nodes)
        if smooth.converged or smooth.lost:
            return smooth
        boxes = run.adaptive(rtol, max_nodes)
        return (
            boxes
            if boxes.lost or boxes.converged or np.sum(boxes.error[run.asked]) < np.sum(smooth.error[run.asked])
            else smooth
        )


class _Run:
    def __init__(
        self,
        integrand: Integrand,
        axes: Sequence[Axis],
        panels: list,
        floor: Sequence[int | None] | None,
        *,
        heavy: bool,
    ):
        self.integrand, self.axes, self.heavy = integrand, axes, heavy
        self.evaluations, self.lost, self.truncated = 0, False, False
        t = np.linspace(-REACH, REACH, SCAN_NODES)
        scans = [
            np.concatenate([self._levels(*block) for block in self._grid(panel, [t] * len(axes))], axis=-1)
            for panel in panels
        ]
        top = np.max([np.max(levels, axis=-1) for levels in scans], axis=0)
        self.top = np.where(np.isfinite(top), top, 0.0)
        floor = range(len(top)) if floor is None else floor
        self.asked = np.array([j for j in range(len(top)) if floor[j] is not None])
        self.floor = np.array([floor[j] for j in self.asked])
        self.boxes = [
            (panel, box)
            for panel, levels in zip(panels, scans, strict=True)
            if (box := self._live(levels, t)) is not None
        ]
        self.evaluations = SCAN_NODES ** len(axes) * len(panels)

    def _live(self, levels: np.ndarray, t: np.ndarray) -> list[tuple[float, float]] | None:
        """The ranges of t that matter on a panel; None where nothing does."""
        d = len(self.axes)
        kept = np.any(levels[self.asked] > self.top[self.asked, None] - NEGLIGIBLE, axis=0).reshape((t.size,) * d)
        if not kept.any():
            return None
        ranges = []
        for i in range(d):
            along = np.flatnonzero(kept.any(axis=tuple(j for j in range(d) if j != i)))
            self.truncated |= bool(along[0] == 0 or along[-1] == t.size - 1)
            ranges.append((float(t[max(along[0] - 1, 0)]), float(t[min(along[-1] + 1, t.size - 1)])))
        return ranges

    def _levels(self, x: np.ndarray, log_jacobian: np.ndarray) -> np.ndarray:
        """What the scan sees; a value that is not known counts where it is met again, inside the range that matters."""
        levels = self._evaluate(x, log_jacobian)[0]
        return np.where(levels < np.inf, levels, -np.inf)

    def _evaluate(self, x: np.ndarray, log_jacobian: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logs, signs = self.integrand(x)
        levels = np.asarray(logs, dtype=float) + log_jacobian
        # Where the map ends in 0 or inf the integrand may be 0·inf: beyond all doubles there is nothing to add.
        gone = np.isneginf(log_jacobian) | ~np.all(np.isfinite(x), axis=-1)
        return np.where(gone, -np.inf, levels), np.broadcast_to(signs, levels.shape)

    def _terms(self, x: np.ndarray, log_jacobian: np.ndarray) -> np.ndarray:
        levels, signs = self._evaluate(x, log_jacobian)
        terms = np.where(np.isneginf(levels), 0.0, signs * np.exp(levels - self.top[:, None]))
        self.evaluations += len(x)
        self.lost |= not np.all(np.isfinite(terms))
        return terms

    # ---- the trapezoidal rule ----

    def trapezoid(self, rtol: float, max_nodes: int) -> Cubature:
        d, n = len(self.axes), COARSEST
        before, change = self._level(n), np.full(len(self.top), np.inf)
        while True:
            n *= 2
            value = self._level(n)
            gap, change = change, np.abs(value - before)
            # Geometric convergence squares the error with each doubling: e(2n) = change²/(change before).
            error = np.where(
                (change < FAST * gap) & np.isfinite(gap),
                np.maximum(10 * change * (change / gap), EPS * np.abs(value)),
                change,
            )
            settled = self._settled(value, error, rtol)
            if settled or self.lost or (2 * n + 1) ** d * len(self.boxes) > max_nodes:
                return self._result(value, error, settled, f"trapezoidal, {n} intervals")
            before = value

    def _level(self, n: int) -> np.ndarray:
        total = np.zeros(len(self.top))
        for panel, box in self.boxes:
            for x, log_jacobian in self._grid(panel, [np.linspace(low, high, n + 1) for low, high in box]):
                total += self._terms(x, log_jacobian).sum(axis=-1) * np.prod([(high - low) / n for low, high in box])
        return total

    def _grid(
        self, panel: Sequence[tuple[float, float]], ts: Sequence[np.ndarray]
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Points (m, d) and log jacobians of a grid, some layers of the first axis at a time."""
        (x0, log0), *rest = (
            axis.stretch(ends, t, heavy=self.heavy) for axis, ends, t in zip(self.axes, panel, ts, strict=True)
        )
        layer = int(np.prod([x.size for x, _ in rest]))
        step = max(1, AT_ONCE // layer)
        for start in range(0, x0.size, step):
            rows = slice(start, start + step)
            grid = np.meshgrid(x0[rows], *(x for x, _ in rest), indexing="ij")
            logs = np.meshgrid(log0[rows], *(log for _, log in rest), indexing="ij")
            yield np.stack([x.ravel() for x in grid], axis=-1), np.ravel(sum(logs))

    # ---- boxes ----

    def adaptive(self, rtol: float, max_nodes: int) -> Cubature:
        d = len(self.axes)
        panel = np.arange(len(self.boxes))
        ends = np.array([box for _, box in self.boxes])  # (boxes, d, 2)
        sums, errors, axis = self._rules(panel, ends)
        budget = self.evaluations + max_nodes
        while True:
            value, error = sums.sum(axis=-1), errors.sum(axis=-1)
            settled = self._settled(value, error, rtol)
            if settled or self.lost or self.evaluations >= budget:
                return self._result(value, error, settled, f"adaptive, {len(panel)} boxes")
            share = np.max(errors[self.asked] / np.maximum(self._tolerance(value, rtol), 1e-300)[:, None], axis=0)
            most = max(1, min((budget - self.evaluations) // (2 * 15**d), AT_ONCE // 15**d))
            split = np.argsort(-share, kind="stable")[:most]
            split = split[share[split] >= 0.1 * share[split[0]]]
            halves = np.repeat(ends[split], 2, axis=0)
            rows, along = np.arange(len(halves)), np.repeat(axis[split], 2)
            halves[rows, along, 1 - rows % 2] = np.repeat(ends[split, axis[split]].mean(axis=-1), 2)
            new = self._rules(np.repeat(panel[split], 2), halves)
            keep = np.delete(np.arange(len(panel)), split)
            panel = np.concatenate([panel[keep], np.repeat(panel[split], 2)])
            ends = np.concatenate([ends[keep], halves])
            sums, errors, axis = (
                np.concatenate([old[..., keep], fresh], axis=-1)
                for old, fresh in zip((sums, errors, axis), new, strict=True)
            )

    def _rules(self, panel: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For each box: the sums (k, boxes), their errors, and the axis along which the two rules differ most."""
        k, d = len(self.top), len(self.axes)
        sums, errors, axis = np.empty((k, len(panel))), np.empty((k, len(panel))), np.empty(len(panel), dtype=int)
        step = max(1, AT_ONCE // 15**d)
        for index in np.unique(panel):
            rows = np.flatnonzero(panel == index)
            for start in range(0, rows.size, step):
                block = rows[start : start + step]
                sums[:, block], errors[:, block], axis[block] = self._both(self.boxes[index][0], ends[block])
        return sums, errors, axis

    def _both(
        self, panel: Sequence[tuple[float, float]], ends: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of boxes of one panel: the Kronrod sums, the errors QUADPACK makes of the Gauss sums, and the worst axis."""
        d, m = len(self.axes), len(ends)
        half = 0.5 * (ends[..., 1] - ends[..., 0])
        points, log_jacobian = [], np.zeros((m,) + (15,) * d)
        for i, (axis, side) in enumerate(zip(self.axes, panel, strict=True)):
            shape = (m, *(15 if j == i else 1 for j in range(d)))
            x, log = axis.stretch(side, ends[:, i].mean(axis=-1)[:, None] + half[:, i, None] * NODES, heavy=self.heavy)
            points.append(np.broadcast_to(x.reshape(shape), log_jacobian.shape).ravel())
            log_jacobian = log_jacobian + log.reshape(shape)
        terms = self._terms(np.stack(points, axis=-1), log_jacobian.ravel()).reshape(-1, m, *(15,) * d)
        total = _contracted(terms, [WEIGHTS] * d)
        mean = total.reshape(*total.shape, *(1,) * d) / 2.0**d
        spread = _contracted(np.abs(terms - mean), [WEIGHTS] * d)
        gaps = np.stack(
            [np.abs(_contracted(terms, [DIFFERENCE if j == i else WEIGHTS for j in range(d)])) for i in range(d)]
        )
        gap = gaps.sum(axis=0)
        scaled = (200 * gap / np.where(spread > 0, spread, 1.0)) ** 1.5
        error = np.maximum(np.where(spread > 0, spread * np.minimum(1.0, scaled), gap), EPS * np.abs(total))
        worst = np.argmax(np.max(gaps[:, self.asked] / np.maximum(np.abs(total[self.asked]), 1e-300), axis=1), axis=0)
        volume = np.prod(half, axis=-1)
        return total * volume, error * volume, worst

    # ---- judgement ----

    def _tolerance(self, value: np.ndarray, rtol: float) -> np.ndarray:
        bound = np.abs(value[self.floor]) * np.exp(self.top[self.floor] - self.top[self.asked])
        return np.maximum(rtol * np.abs(value[self.asked]), 4 * EPS * bound)

    def _settled(self, value: np.ndarray, error: np.ndarray, rtol: float) -> bool:
        return bool(np.all(error[self.asked] <= self._tolerance(value, rtol)))

    def _result(self, value: np.ndarray, error: np.ndarray, settled: bool, rule: str) -> Cubature:
        scale = np.exp(self.top)
        rounding = np.zeros(len(value))
        rounding[self.asked] = 8 * EPS * np.abs(value[self.floor]) * scale[self.floor]
        return Cubature(
            value * scale,
            error * scale + rounding,
            settled and not self.lost and not self.truncated,
            self.truncated,
            self.lost,
            self.evaluations,
            rule,
        )


def _contracted(terms: np.ndarray, weights: Sequence[np.ndarray]) -> np.ndarray:
    """Σ terms·w1·w2..., over all axes but the first."""
    for weight in reversed(weights):
        terms = terms @ weight
    return terms


NODES = np.concatenate([-KRONROD, KRONROD[-2::-1]])
WEIGHTS = np.concatenate([KRONROD_WEIGHTS, KRONROD_WEIGHTS[-2::-1]])
DIFFERENCE = WEIGHTS - np.concatenate([GAUSS_WEIGHTS, GAUSS_WEIGHTS[-2::-1]])
