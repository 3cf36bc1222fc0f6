"""The infimum and the supremum of log dp/dq over the points that carry p."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from densities.anchored import Anchored, value
from densities.expectation import EPS, edges_of, smooth_parts

# Log-distances from a landmark, in units of its panel: dense where a panel is wide, and out to where only powers are left.
STEPS = np.concatenate([-np.geomspace(700.0, 1.0, 25), np.linspace(-0.99, 0.0, 24)])
OUTWARD = np.concatenate([np.linspace(0.0, 8.0, 65), np.geomspace(10.0, 700.0, 25)])
FAR = np.geomspace(3.0, 1e5, 28)
# Where log p and log q cancel, what rounding leaves of their difference counts only below this.
NOISE = 1e-3
# A log-ratio that still changes by this much over the last of these, and no less than before, has no finite limit.
MOVING = 1e-3
INTEGERS = np.rint(np.geomspace(1.0, 1e15, 200))
GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)


def log_ratio_range(ratio: Any) -> tuple[float, float]:
    """(ess inf, ess sup) of log dp/dq: over atoms, and over nodes of every panel, each extreme one searched around.

    NaN twice where p and q share no mass.
    """
    found = [*_at_atoms(ratio)]
    if ratio.p.measure != "counting":
        for part in smooth_parts(ratio.p):
            edges = edges_of(part, np.ravel(part.preimages(ratio.q.landmarks())))
            for low, high in pairwise(edges):
                found += _over(ratio, part, low, high)
    known = [t for t in found if not np.isnan(t)]
    return (float(min(known)) + 0.0, float(max(known)) + 0.0) if known else (np.nan, np.nan)


def _at_atoms(ratio: Any) -> list[float]:
    """log dp/dq at the atoms of p that q has too, and its limits along integers without end."""
    places, masses = ratio.p.atoms
    found = list(np.log(masses) - ratio.q.logpmf(places)) if len(places) else []
    limits = []
    if ratio.p.measure == "counting":
        low, high = (float(value(end)) for end in ratio.p.support.edges)
        for end, other, side in ((low, high, 1.0), (high, low, -1.0)):
            if np.isinf(other):
                far = ratio.log((end if np.isfinite(end) else 0.0) + side * INTEGERS)
                found += list(far)
                limits.append(_limit(far[::20]))
    return [float(t) for t in found if t < np.inf] + limits


def _over(ratio: Any, part: Any, low: float, high: float) -> list[float]:
    """Extreme values over one panel of a root, from each end of it that is finite, and the limits at both ends."""
    finite = [(end, side) for end, side in ((low, 1.0), (high, -1.0)) if np.isfinite(end)]
    log_width = np.log(high - low if len(finite) == 2 else max(1.0, 1e-3 * abs(finite[0][0])))
    steps = STEPS - np.log(2.0) if len(finite) == 2 else np.concatenate([STEPS, OUTWARD])
    found = []
    for end, side in finite:

        def at(logs: np.ndarray, end: float = end, side: float = side) -> np.ndarray:
            nodes = ratio.on(part, Anchored.from_log(logs + log_width, side, end))
            t, log_p, log_q = (np.asarray(value(part)) for part in (nodes.t, nodes.log_p, nodes.log_q))
            noise = EPS * (np.abs(log_p) + np.abs(log_q))
            return np.where((noise < np.inf) & (noise <= NOISE * np.maximum(1.0, np.abs(t))), t, np.nan)

        t = at(steps)
        found += [_least(at, steps, t, 1.0), -_least(at, steps, -t, -1.0), _limit(at(-FAR))]
        found += [_limit(at(FAR))] if len(finite) == 1 else []
    return found


def _limit(t: np.ndarray) -> float:
    """The limit of t along far points: infinite where it keeps moving one way."""
    t = t[~np.isnan(t)]
    if len(t) < 3:
        return np.nan
    first, second = np.diff(t[-3:])
    moving = abs(second) > MOVING and abs(second) >= 0.5 * abs(first) and np.sign(first) == np.sign(second)
    return float(np.copysign(np.inf, second)) if moving else float(t[-1])


def _least(at: Any, logs: np.ndarray, values: np.ndarray, sign: float) -> float:
    """The least of the values, which are sign·at(logs), by golden section around it where it is not at an end."""
    if np.isnan(values).all():
        return np.nan
    index = int(np.nanargmin(values))
    if index in (0, len(logs) - 1) or not np.isfinite(values[index]):
        return float(values[index])
    low, high = logs[index - 1], logs[index + 1]
    best = float(values[index])
    for _ in range(40):
        inner = np.array([high - GOLDEN * (high - low), low + GOLDEN * (high - low)])
        left, right = sign * at(inner)
        best = min([best, *(v for v in (left, right) if not np.isnan(v))])
        low, high = (low, inner[1]) if left < right else (inner[0], high)
    return best
