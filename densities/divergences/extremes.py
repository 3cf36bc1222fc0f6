"""The infimum and the supremum of log dp/dq over the points that carry p."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from densities.anchored import Anchored, value
from densities.distributions.lattice import Discrete, Strand
from densities.divergences.direct import CONSTANT
from densities.divergences.neighbours import UNMOVED
from densities.divergences.sums import log_masses_of
from densities.expectation import EPS, edges_of, smooth_parts

# Log-distances from a landmark, in units of its panel: dense where a panel is wide, and out to where only powers are left.
STEPS = np.concatenate([-np.geomspace(700.0, 1.0, 25), np.linspace(-0.99, 0.0, 24)])
OUTWARD = np.concatenate([np.linspace(0.0, 8.0, 65), np.geomspace(10.0, 700.0, 25)])
FAR = np.geomspace(3.0, 1e5, 28)
# Where log p and log q cancel, what rounding leaves of their difference counts only below this.
NOISE = 1e-3
# A log-ratio that still changes by this much over the last of these, and no less than before, has no finite limit.
MOVING = 1e-3
# Where rounding drowns t toward an end, and nothing moved before, laws are told from near-identical ones by this much.
APART = 1e-6
# A step of t counts that is so many times what rounding may have made of it.
HEARD = 4.0
# Laws are near-identical where log dp/dq is below this at quantiles of p.
NEAR, LEVELS = 1e-3, np.array([1e-3, 0.1, 0.5, 0.9, 1.0 - 1e-3])
# Integers looked at one by one, and beyond them by powers of two as far as counts go.
LISTED, POWERS = 2.0**14, 2.0 ** np.arange(64)
# The highest points are zoomed into, so many at a time, by so many points, until doubles tell these no more apart.
HIGHEST, POINTS, ZOOMS = 4, 17, 20
NOWHERE = np.full(2, np.nan)
# t = log dp/dq at places of one coordinate, and what rounding may have made of it; NaN where that drowns it.
Height = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


class Extreme(NamedTuple):
    """A supremum or an infimum of t, its error, whether all limits at open ends are known, and how often t was taken."""

    value: float
    error: float
    known: bool
    evaluations: int


class Seen(NamedTuple):
    """Values of t with their errors: at points, and in the limit at ends; how much t must vary elsewhere to trust them."""

    t: np.ndarray
    error: np.ndarray
    needed: float = 0.0
    evaluations: int = 0


def log_ratio_range(ratio: Any) -> tuple[float, float]:
    """(ess inf, ess sup) of log dp/dq: over atoms, and over nodes of every panel, each extreme one searched around.

    NaN twice where p and q share no mass.
    """
    return -extreme(ratio, -1.0).value + 0.0, extreme(ratio, 1.0).value + 0.0


def extreme(ratio: Any, sign: float) -> Extreme:
    """The supremum of sign·log dp/dq on what carries p, with its error: rounding, and what a limit is still away from."""
    seen = list(_all_seen(ratio, sign))
    t, error = (np.concatenate([NOWHERE, *(getattr(one, name) for one in seen)]) for name in ("t", "error"))
    evaluations, told = sum(one.evaluations for one in seen), ~np.isnan(t)
    if not np.any(told):
        return Extreme(np.nan, np.inf, False, evaluations)
    t, error = t[told], error[told]
    if np.any(np.isposinf(t)):
        return Extreme(np.inf, 0.0, True, evaluations)
    best = int(np.argmax(t - error))
    needed = max(one.needed for one in seen)
    known = bool(needed < np.inf and t[best] - np.min(t) >= needed)
    return Extreme(float(t[best]), float(2.0 * error[best]), known, evaluations)


def corners(law: Any) -> np.ndarray:
    """Points at which the density of a law is not smooth: landmarks, kinks, ends."""
    ends = [end for end in map(value, law.support.edges) if np.isfinite(end)]
    return np.concatenate([law.landmarks(), law.kinks(), ends])


def _all_seen(ratio: Any, sign: float) -> Iterator[Seen]:
    p, q = ratio.p, ratio.q
    if isinstance(p, Discrete):
        for strand in p.strands:
            yield from _over_integers(p, q, strand, sign)
        return
    places, logs = p.log_atoms
    if len(places):
        yield Seen(*_known(sign, logs, q.logpmf(places)), evaluations=len(places))
    if -np.inf in (p.log_continuous_mass, q.log_continuous_mass):
        return
    points = corners(q)
    if not all(part.injective for part in p.parts()):
        points = np.concatenate([points, corners(p)])
    near = ratio.near
    if near is not None and not np.all(np.abs(ratio.log(np.asarray(p.ppf(LEVELS)))) < NEAR):
        near = None
    for part in smooth_parts(p):
        edges = edges_of(part, np.ravel(part.preimages(points)))
        for low, high in pairwise(edges):
            yield from _over_panel(ratio, near, part, low, high, sign)


def _known(sign: float, log_p: Any, log_q: Any, lost: Any = False) -> tuple[np.ndarray, np.ndarray]:
    """sign·t and its error; NaN where rounding drowns it, or neither law has anything."""
    log_p, log_q = np.asarray(log_p, dtype=float), np.asarray(log_q, dtype=float)
    t, noise = sign * (log_p - log_q), 2.0 * EPS * (1.0 + np.abs(log_p) + np.abs(log_q))
    # Where q has nothing, p has what is not absolutely continuous, or log q has left the doubles.
    one = np.isinf(t) & (log_p > -np.inf) & (log_q > -np.inf)
    drowned = lost | np.isnan(t) | ~(one | (noise < np.inf) & (noise <= NOISE * np.maximum(1.0, np.abs(t))))
    return np.where(drowned, np.nan, t), np.where(one, 0.0, noise)


# ---- densities ----


def _over_panel(ratio: Any, near: Any, part: Any, low: float, high: float, sign: float) -> Iterator[Seen]:
    """Values over one panel of a root, from each end of it that is finite, and the limits at both ends."""
    finite = [(end, side) for end, side in ((low, 1.0), (high, -1.0)) if np.isfinite(end)]
    log_width = np.log(high - low if len(finite) == 2 else max(1.0, 1e-3 * abs(finite[0][0])))
    steps = STEPS - np.log(2.0) if len(finite) == 2 else np.concatenate([STEPS, OUTWARD])
    for end, side in finite:

        def at(logs: np.ndarray, end: float = end, side: float = side) -> tuple[np.ndarray, np.ndarray]:
            x = Anchored.from_log(logs + log_width, side, end)
            nodes = ratio.on(part, x)
            t, log_p, log_q = (np.asarray(value(one)) for one in (nodes.t, nodes.log_p, nodes.log_q))
            _, noise = found = _known(sign, log_p, log_q, nodes.lost)
            t = np.where(np.isnan(found[0]), np.nan, sign * t)
            return (t, noise) if near is None else _nearer(near, ratio, part, x, sign, t, noise)

        yield _searched(at, steps)
        yield _limit(at, -FAR)
        if len(finite) == 1:
            yield _limit(at, FAR)


def _nearer(near: Any, ratio: Any, part: Any, x: Any, sign: float, t: Any, noise: Any) -> tuple[np.ndarray, np.ndarray]:
    """t of near-identical laws and its error, from the difference of parameters where that is known better."""
    y = np.asarray(value(part.forward(x)[0]), dtype=float)
    try:
        found, spread = near.at(np.where(np.isfinite(y), y, value(ratio.p.support.interior_point())))
    except UNMOVED:
        return t, noise
    # It is known up to a constant, which is at most such a part of what t is elsewhere.
    error = spread + CONSTANT * np.nanmax(np.abs(found), initial=0.0, where=np.isfinite(found))
    better = np.isfinite(y) & np.isfinite(found) & ~(error >= noise)
    return np.where(better, sign * found, t), np.where(better, error, noise)


def _searched(at: Height, steps: np.ndarray) -> Seen:
    """t at the steps, and about the highest of those that rise above both neighbours."""
    t, error = at(steps)
    seen, evaluations = [(t, error)], len(steps)
    heights = np.where(np.isfinite(t), t, -np.inf)
    inner = (
        np.flatnonzero((heights[1:-1] >= heights[:-2]) & (heights[1:-1] >= heights[2:]) & (heights[1:-1] > -np.inf)) + 1
    )
    tops = inner[np.argsort(-heights[inner])[:HIGHEST]]
    low, high = steps[tops - 1], steps[tops + 1]
    for _ in range(ZOOMS if len(tops) else 0):
        grid = np.linspace(low, high, POINTS)
        t, error = (found.reshape(grid.shape) for found in at(grid.ravel()))
        evaluations += grid.size
        seen.append((t.ravel(), error.ravel()))
        here = np.clip(np.argmax(np.where(np.isfinite(t), t, -np.inf), axis=0), 1, POINTS - 2)
        low, high = np.take_along_axis(grid, np.stack([here - 1, here + 1]), axis=0)
        if np.all(np.ptp(np.where(np.isfinite(t), t, 0.0), axis=0) <= np.nanmax(error, initial=0.0)):
            break
    values, errors = (np.concatenate(part) for part in zip(*seen, strict=True))
    return Seen(values[~np.isposinf(values)], errors[~np.isposinf(values)], evaluations=evaluations)


def _limit(at: Height, far: np.ndarray) -> Seen:
    """The limit of t along far points, infinite where it keeps moving one way; where it drowns in rounding, from before."""
    t, error = at(far)
    told = ~np.isnan(t)
    drowned, n = not told[-1], len(far)
    t, error = t[told], error[told]
    if len(t) < 3:
        return Seen(t, error, needed=np.inf, evaluations=n)
    if np.isposinf(t[-1]):
        return Seen(t[-1:], error[-1:], evaluations=n)
    with np.errstate(all="ignore"):
        steps = np.diff(t)
    first, second = steps[-2:]
    alike = np.sign(first) == np.sign(second)
    moving = alike and abs(second) > MOVING and abs(second) >= 0.5 * abs(first)
    # However slowly: of a logarithm of a distance the last step is the largest, of what settles it is a smaller one.
    moving |= alike and abs(second) > HEARD * (error[-1] + error[-2]) and abs(second) >= abs(first)
    needed = 0.0
    if drowned and not moving:
        least = HEARD * (error[1:] + error[:-1])
        heard = np.flatnonzero(np.abs(steps) > least)
        needed = APART
        if len(heard):
            last = heard[-1]
            size, before = abs(steps[last]), abs(steps[last - 1]) if last else 0.0
            # It settles where it moves less and less, or so little that it would be heard to move on.
            settled = size < 0.5 * before or bool(np.any(least[last + 1 :] < 0.5 * size))
            second, moving = steps[last], not settled and last > 0 and size >= before
            needed = 0.0 if settled else np.inf
    if moving:
        return Seen(np.array([np.copysign(np.inf, second)]), np.zeros(1), evaluations=n)
    seen = np.isfinite(t)
    t, error = t[seen], error[seen]
    if len(t) and error[-1] < second < first:  # it goes on rising, by a smaller step each time
        rest = second * second / (first - second)
        t, error = np.append(t, t[-1] + rest), np.append(error, error[-1] + rest)
    return Seen(t, error, needed, n)


# ---- counts ----


def _over_integers(p: Discrete, q: Any, strand: Strand, sign: float) -> Iterator[Seen]:
    """Values at the integers of a strand: all of a short one, those about the highest and near the ends of a long one."""
    low, high = strand.ends

    def at(k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        weight, log_p, log_q = log_masses_of(p, q, strand, k)
        t, error = _known(sign, log_p, log_q, np.isneginf(weight))
        return t, error + 2.0 * EPS * strand.cancelled

    if high - low <= LISTED:
        k = np.arange(low, high + 1.0)
        yield Seen(*at(k), evaluations=len(k))
        return
    marks = np.concatenate(
        [strand.landmarks(q.landmarks()), *(end + side * POWERS for end, side in ((low, 1.0), (high, -1.0)))]
    )
    middle = 0.5 * (strand.effective[0] + strand.effective[1])
    near = np.rint(middle) + np.arange(-LISTED, LISTED) / 2.0
    k = np.unique(np.rint(np.concatenate([marks, near, np.linspace(*strand.effective, int(LISTED))])))
    k = k[np.isfinite(k) & (k >= low) & (k <= high)]
    yield _searched(lambda k: at(np.rint(k)), k)
    for end, other, side in ((low, high, 1.0), (high, low, -1.0)):
        if np.isinf(other):
            yield _limit(at, (end if np.isfinite(end) else 0.0) + side * POWERS[3:51:2])


__all__ = ["Extreme", "corners", "extreme", "log_ratio_range"]
