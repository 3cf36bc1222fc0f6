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

__all__ = ["Axis", "Cubature", "Feature", "cubature"]

EPS = float(np.finfo(float).eps)
HALF_PI = float(np.pi / 2)
# At |t| = 6 distances reach e^(±317): the doubles end a little further out.
REACH, SCAN_NODES = 6.0, 25
NEGLIGIBLE = 45.0  # in nats below the largest term of the same sum
LARGEST = 709.0  # in nats: a term beyond it makes a sum that is no double
COARSEST = 16
AT_ONCE = 2**16
# Where a scan looks at a feature, in units of its reach, and where boxes are cut beside it.
AROUND = np.array([-6.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 6.0])
BESIDE = np.array([-9.0, 0.0, 9.0])  # e^-40 of a normal feature is beyond: its tail hides in no corner of the next box
TABLE = 4001
# A box is cut at this share of its side to see whether its rules have told the truth: no node is met again.
OFF_CENTER = 0.4367
HOPELESS = 8  # times fewer nodes are spent on what cannot converge
SAFETY = 4.0  # times what that changes: over random mixtures of normals the error was up to twice it
SMOOTH = (
    1 / 16
)  # with twice the nodes along each axis the difference of levels falls by 4 at the most where there are kinks
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


@dataclass(frozen=True, eq=False)
class Feature:
    """Where the integrand changes faster than the axes say: around `center`, for `reach` along each axis, (d,) both.

    `thin` is the least width, in any direction, of what changes there.
    """

    center: np.ndarray
    reach: np.ndarray
    thin: float


@dataclass(frozen=True)
class Cubature:
    """k sums: `value` ± `error`.

    `truncated`: an integrand that has not died out where the doubles end; `lost`: a NaN on the way, or a term beyond these.
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
    features: Sequence[Feature] = (),
    blur: float = 4.0,
    analytic: bool = True,
) -> Cubature:
    """∫f_j for j < k over the box of the axes.

    `integrand(x)` takes points (m, d) and returns log|f| and the sign, both (k, m) or broadcastable to it; log 0 is
    -inf. It is called with floating-point warnings off. `floor[j]` is the sum that bounds the rounding of sum j, in
    units of eps, and no digits below `blur` of these are looked for; None marks a sum that is such a bound itself, whose
    convergence is not asked for. By default each is its own.

    Where the integrand is not `analytic`, it may break on surfaces inside the panels, which the levels of the trapezoidal rule
    may all miss by the same: boxes alone close in on them.

    The error is the difference of the last two levels of the trapezoidal rule (less where levels converge
    geometrically), or the sum over boxes of what QUADPACK makes of the difference of its rules and what cutting every
    box once more changes, plus the rounding of the floor and of the nodes: an estimate, not a bound. A feature much
    narrower than its axis must be named in `features`, or no node may ever meet it; a jump along an axis must be an
    edge of it, for a box whose face runs within 0.4 % of its side beside a jump does not see it.

    Raises ParameterError for a bad axis, and for a floor of another length than the sums.
    """
    panels = list(itertools.product(*(axis.panels() for axis in axes)))
    with np.errstate(all="ignore"):
        run = _Run(integrand, axes, panels, floor, features, blur, heavy=False)
        if run.truncated:
            run = _Run(integrand, axes, panels, floor, features, blur, heavy=True)
        if run.truncated:  # no number of nodes makes up for what lies beyond the doubles
            max_nodes //= HOPELESS
        smooth = run.trapezoid(rtol, max_nodes) if analytic else None
        if smooth is not None and (smooth.converged or smooth.lost or run.smooth):
            return smooth
        rival = np.inf if smooth is None else run.total_error(smooth.error)
        boxes = run.adaptive(rtol, max_nodes, rival)
        if smooth is None or boxes.lost or boxes.converged:
            return boxes
        return min(boxes, smooth, key=lambda found: run.total_error(found.error))


class _Run:
    def __init__(
        self,
        integrand: Integrand,
        axes: Sequence[Axis],
        panels: list,
        floor: Sequence[int | None] | None,
        features: Sequence[Feature],
        blur: float,
        *,
        heavy: bool,
    ):
        self.blur = blur
        self.integrand, self.axes, self.heavy, self.features = integrand, axes, heavy, features
        self.evaluations, self.lost, self.truncated = 0, False, False
        # Whether the differences of every sum that is asked for fell twice as only those of smooth integrands do: boxes do no
        # better then.
        self.smooth = False
        nodes = [[self._scan_nodes(i, ends) for i, ends in enumerate(panel)] for panel in panels]
        scans = [
            np.concatenate([self._levels(*block) for block in self._grid(panel, ts)], axis=-1)
            for panel, ts in zip(panels, nodes, strict=True)
        ]
        top = np.max([np.max(levels, axis=-1) for levels in scans], axis=0)
        self.top = np.where(np.isfinite(top), top, 0.0)
        floor = range(len(top)) if floor is None else floor
        if len(floor) != len(top):
            raise ParameterError(argument_error("floor", f"one entry for each of the {len(top)} sums", floor))
        self.asked = np.array([j for j in range(len(top)) if floor[j] is not None])
        self.lost |= bool(np.any(top[self.asked] > LARGEST))
        self.floor = np.array([floor[j] for j in self.asked])
        self.boxes = [
            (panel, box)
            for panel, levels, ts in zip(panels, scans, nodes, strict=True)
            if (box := self._live(levels, ts)) is not None
        ]
        self.evaluations = sum(levels.shape[-1] for levels in scans)

    def _scan_nodes(self, i: int, ends: tuple[float, float]) -> np.ndarray:
        """The t of the scan along axis i: evenly over the whole reach, and closely around the features."""
        around = [self._t_of(i, ends, one.center[i] + one.reach[i] * AROUND) for one in self.features]
        return np.unique(np.concatenate([np.linspace(-REACH, REACH, SCAN_NODES), *around]))

    def _t_of(self, i: int, ends: tuple[float, float], x: np.ndarray) -> np.ndarray:
        """The t at which axis i passes the points x, those on the panel."""
        t = np.linspace(-REACH, REACH, TABLE)
        table, _ = self.axes[i].stretch(ends, t, heavy=self.heavy)
        forward = table[0] < table[-1]
        found = np.interp(x, table, t) if forward else np.interp(x, table[::-1], t[::-1])
        return found[(x > ends[0]) & (x < ends[1]) & (np.abs(found) < REACH)]

    def _live(self, levels: np.ndarray, ts: Sequence[np.ndarray]) -> list[tuple[float, float]] | None:
        """The ranges of t that matter on a panel; None where nothing does."""
        d = len(self.axes)
        alive = np.any(levels[self.asked] > self.top[self.asked, None] - NEGLIGIBLE, axis=0)
        kept = alive.reshape([t.size for t in ts])
        if not kept.any():
            return None
        ranges = []
        for i, t in enumerate(ts):
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

    def trapezoid(self, rtol: float, max_nodes: int) -> Cubature | None:
        """The sums over ever finer grids; None where a grid that shows every feature has too many nodes."""
        d, n, finest = len(self.axes), COARSEST, self._finest()
        while n < finest:
            n *= 2
        if (2 * n + 1) ** d * len(self.boxes) > max_nodes:
            return None
        before, change = self._level(n), np.full(len(self.top), np.inf)
        gap = change
        while True:
            n *= 2
            value = self._level(n)
            earlier, gap, change = gap, change, np.abs(value - before)
            # Geometric convergence squares the error with each doubling: e(2n) = change²/(change before).
            falling = (change < FAST * gap) & np.isfinite(gap)
            error = np.where(falling, np.maximum(10 * change * (change / gap), EPS * np.abs(value)), change)
            twice = (change < SMOOTH * gap) & (gap < SMOOTH * earlier) & np.isfinite(earlier)
            self.smooth = bool(np.all(twice[self.asked]))
            settled = self._settled(value, error, rtol)
            if settled or self.lost or (2 * n + 1) ** d * len(self.boxes) > max_nodes:
                return self._result(value, error, settled, f"trapezoidal, {n} intervals")
            before = value

    def _finest(self) -> float:
        """The number of intervals that steps of the width of each feature take."""
        most = 0.0
        for panel, box in self.boxes:
            for i, ((low, high), ends) in enumerate(zip(box, panel, strict=True)):
                for one in self.features:
                    sides = self._t_of(i, ends, one.center[i] + one.thin * np.array([-0.5, 0.5]))
                    if sides.size == 2 and low < sides[0] < high and sides[1] != sides[0]:
                        most = max(most, (high - low) / abs(sides[1] - sides[0]))
        return most

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

    def adaptive(self, rtol: float, max_nodes: int, rival: float) -> Cubature:
        """Boxes halved where the two rules differ; once that settles, all are cut again to see whether it is true.

        Where the nodes run out at an error beyond `rival`, that of another rule, they are not.
        """
        panel, ends = self._first_boxes(max_nodes)
        sums, errors, axis = self._rules(panel, ends)
        budget, d = self.evaluations + max_nodes, len(self.axes)
        reserve = 2 * d * 15**d if d > 2 else 0  # nodes of the last cuts, which in three dimensions are most of all
        while True:
            value, error = sums.sum(axis=-1), errors.sum(axis=-1)
            settled, spent = (
                self._settled(value, error, rtol),
                self.lost or self.evaluations + reserve * len(panel) >= budget,
            )
            if spent and not settled and self.total_error(error * np.exp(self.top)) > rival:
                return self._result(value, error, False, f"adaptive, {len(panel)} boxes")
            if settled or spent:
                axis, gap = self._doubts(panel, ends, sums)
                seen = gap.sum(axis=-1)
                settled = settled and self._settled(value, seen, rtol)
                if settled or spent or self.lost:
                    return self._result(value, error + SAFETY * seen, settled, f"adaptive, {len(panel)} boxes")
                # What the rules had not seen belongs to these boxes: they are looked at again.
                errors = np.maximum(errors, gap)
            chosen = self._worst(errors, value, rtol, budget)
            halves, twice = self._cut(ends[chosen], axis[chosen], 0.5), np.repeat(panel[chosen], 2)
            fresh = self._rules(twice, halves)
            keep = np.delete(np.arange(len(panel)), chosen)
            panel, ends = np.concatenate([panel[keep], twice]), np.concatenate([ends[keep], halves])
            sums, errors, axis = (
                np.concatenate([old[..., keep], new], axis=-1)
                for old, new in zip((sums, errors, axis), fresh, strict=True)
            )

    def _first_boxes(self, max_nodes: int) -> tuple[np.ndarray, np.ndarray]:
        """(panel of each box, its ranges of t (boxes, d, 2)): the live ranges, cut beside as many features as nodes allow.

        Every box is looked at by its rules, and cut again along each axis when they have settled.
        """
        d = len(self.axes)
        most = max_nodes // (15**d * (1 + 2 * d))
        thinnest = sorted(self.features, key=lambda feature: feature.thin)
        for count in range(len(thinnest), 0, -1):
            found = self._boxes_beside(thinnest[:count])
            if len(found[0]) <= most:
                return found
        return self._boxes_beside([])

    def _boxes_beside(self, features: Sequence[Feature]) -> tuple[np.ndarray, np.ndarray]:
        owners, ends = [], []
        for index, (panel, box) in enumerate(self.boxes):
            ranges = []
            for i, (low, high) in enumerate(box):
                cuts = [self._t_of(i, panel[i], one.center[i] + one.reach[i] * BESIDE) for one in features]
                inner = np.unique(np.concatenate([[low, high], *cuts]))
                inner = inner[(inner >= low) & (inner <= high)]
                ranges.append(list(itertools.pairwise(inner)))
            found = np.array(list(itertools.product(*ranges)))
            owners.append(np.full(len(found), index))
            ends.append(found)
        return np.concatenate(owners), np.concatenate(ends)

    def _doubts(self, panel: np.ndarray, ends: np.ndarray, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What cutting each box changes, off its centre, along the axis where it changes most; and that axis."""
        changes = []
        for i in range(len(self.axes)):
            parts, _, _ = self._rules(np.repeat(panel, 2), self._cut(ends, np.full(len(panel), i), OFF_CENTER))
            changes.append(np.abs(sums - parts[:, ::2] - parts[:, 1::2]))
        most = np.argmax(np.sum(np.array(changes)[:, self.asked], axis=1), axis=0)
        return most, np.max(changes, axis=0)

    def _worst(self, errors: np.ndarray, value: np.ndarray, rtol: float, budget: int) -> np.ndarray:
        """The boxes with the largest shares of the error, as many as can be halved at once."""
        tolerance = np.maximum(self._tolerance(value, rtol), 1e-300)
        share = np.max(errors[self.asked] / tolerance[:, None], axis=0)
        nodes = 15 ** len(self.axes)
        most = max(1, min((budget - self.evaluations) // (2 * nodes), AT_ONCE // nodes))
        worst = np.argsort(-share, kind="stable")[:most]
        return worst[share[worst] >= 0.1 * share[worst[0]]]

    @staticmethod
    def _cut(ends: np.ndarray, axis: np.ndarray, fraction: float) -> np.ndarray:
        """The two parts of each box, one after the other."""
        halves = np.repeat(ends, 2, axis=0)
        rows, along, side = np.arange(len(halves)), np.repeat(axis, 2), ends[np.arange(len(ends)), axis]
        halves[rows, along, 1 - rows % 2] = np.repeat(side[:, 0] + fraction * (side[:, 1] - side[:, 0]), 2)
        return halves

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

    def total_error(self, error: np.ndarray) -> float:
        """That of the sums that are asked for."""
        return float(np.sum(error[self.asked]))

    def _tolerance(self, value: np.ndarray, rtol: float) -> np.ndarray:
        bound = np.abs(value[self.floor]) * np.exp(self.top[self.floor] - self.top[self.asked])
        return np.maximum(rtol * np.abs(value[self.asked]), self.blur * EPS * bound)

    def _settled(self, value: np.ndarray, error: np.ndarray, rtol: float) -> bool:
        return bool(np.all(error[self.asked] <= self._tolerance(value, rtol)))

    def _result(self, value: np.ndarray, error: np.ndarray, settled: bool, rule: str) -> Cubature:
        scale = np.exp(self.top)
        rounding = np.zeros(len(value))
        # A node is a double: far from zero, in units of its axis, it is itself rounded.
        offset = max(abs(axis.center) / axis.width for axis in self.axes)
        rounding[self.asked] = EPS * (8 + offset) * np.abs(value[self.floor]) * scale[self.floor]
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
