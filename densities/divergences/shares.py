"""E_p g(t) + E_q g(t), t = log dp/dq: the integrals of `divergences.generators` over both laws of a pair on the line.

Each half is taken in the coordinates of the roots of its own law, so that no peak of either is missed; beside it stand the
affinity, where one is asked for, the mass of the law, which checks the nodes, and what rounding of both logarithms is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial, reduce
from typing import Any, NamedTuple

import numpy as np

from densities.anchored import Anchored, value
from densities.arrays import quiet
from densities.distributions.lattice import Discrete, Strand
from densities.divergences.extremes import corners
from densities.divergences.forms import GOOD
from densities.divergences.generators import Generator
from densities.divergences.ratio import RadonNikodym
from densities.divergences.sums import bounds_of, log_masses_of, roughness_of
from densities.expectation import EPS, SHOWN, integrate_law, tails
from densities.numerics.exponents import Verdict

# Places of the sums: the shares, the mass, what rounding is worth to the shares, the affinity and what it is worth to that.
SHARE, MASS, FLOOR, AFFINITY, AFFINITY_FLOOR = range(5)
# Places where densities cross, or p^α q^(1-α) peaks, are looked for at so many points between landmarks, at these shares of the
# way from an outer landmark to a finite end, and so many spreads of all landmarks beyond them.
BETWEEN = np.arange(32) / 32
TOWARD, BEYOND = (
    1.0 - np.geomspace(1e-300, 0.99, 200),
    np.concatenate([np.linspace(0.0, 8.0, 256), np.geomspace(8.0, 1e12, 200)]),
)
BISECTIONS = 60  # more than the bits of a double
# A peak is found by so many zooms into the neighbourhood of the highest of so many points, and marked at these widths from it.
ZOOMS, POINTS, WIDTHS = 10, 65, np.array([-8.0, -3.0, -1.0, 0.0, 1.0, 3.0, 8.0])
# Integers of a strand at which signs of log p/q are looked at, and how far apart crossings may lie to be visited one by one.
STEPS, SHORT = 4096, 2.0**14
# Integrals within e^±300 are taken as they are, those beyond by a factor.
TAME = 300.0


class Halves(NamedTuple):
    """What is known of the integrals over one law or over both: values and errors of the sums, how far the masses are from what
    they should be, words on what the sums lack, whether they had every term, words on where an integral diverges, or may.

    The affinity is to be multiplied by e^shift, and so are the shares where that is positive. An error is `good` that is at
    most such a part of the divergence.
    """

    value: np.ndarray
    error: np.ndarray
    gap: float
    evaluations: int
    lacking: str = ""
    exact: bool = True
    diverges: str = ""
    doubtful: str = ""
    shift: float = 0.0
    good: float = GOOD

    def __add__(self, other: Any) -> Halves:
        return Halves(
            self.value + other.value,
            self.error + other.error,
            max(self.gap, other.gap),
            self.evaluations + other.evaluations,
            self.lacking or other.lacking,
            self.exact and other.exact,
            self.diverges or other.diverges,
            self.doubtful or other.doubtful,
            self.shift,
            max(self.good, other.good),
        )


class Terms:
    """The sums at points of both laws, by their logarithms, for one generator: with the affinity where there is an `order`."""

    def __init__(self, generator: Generator, order: float | None, shift: float = 0.0):
        self.generator, self.order, self.shift = generator, order, shift
        lift = max(shift, 0.0)
        self._scale = np.array([lift, 0.0, lift, shift, shift][: 3 if order is None else 5])
        self.count = len(self._scale)

    def at(self, weight: np.ndarray, t: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Logarithms of the sums at points of weight e^weight, where rounding may have moved t by `noise`."""
        order = self.order
        share, *beside = (self.generator.log_share(t + move) for move in (0.0, noise, -noise))
        top = np.maximum(share, np.maximum(*beside))
        top = np.where(np.isfinite(top), top, 0.0)
        moved = sum(np.abs(np.exp(log - top) - np.exp(share - top)) for log in beside)
        # A term is the exponential of a sum of logarithms, whose ulps are shares of it.
        ulps = (1.0 + np.abs(weight) + np.abs(share)) * np.exp(share - top)
        logs = [share, np.zeros_like(share), top + np.log(moved / EPS + np.where(np.isfinite(ulps), ulps, 0.0))]
        if order is not None:
            log = log_affinity_share(t, order)
            logs += [log, log + np.log(2.0 + np.abs(weight) + np.abs(order - 1.0) * noise / EPS)]
        result = np.stack(logs) + weight - self._scale.reshape(-1, *np.ones(np.ndim(weight), dtype=int))
        result[:, np.isneginf(weight)] = -np.inf
        return result

    def gathered(self, values: np.ndarray, errors: np.ndarray, mass: float, evaluations: int, **more: Any) -> Halves:
        """Sums over a law with this mass, and their errors with what rounding is worth and what the mass shows."""
        errors, gap = np.array(errors), abs(float(values[MASS]) - mass)
        for total, floor in ((SHARE, FLOOR), (AFFINITY, AFFINITY_FLOOR)):
            if floor < self.count:
                errors[total] += 2.0 * EPS * values[floor]
        return Halves(values, errors + SHOWN * gap * values, gap, evaluations, shift=self.shift, **more)

    def endless(self, reason: str) -> Halves:
        """What is known where a half is infinite."""
        return Halves(np.full(self.count, np.inf), np.zeros(self.count), 0.0, 0, diverges=reason, shift=self.shift)


def is_unbounded(generator: Generator, sign: float) -> bool:
    """Whether the share has no limit as t goes to ±inf."""
    with quiet():
        return bool(np.isposinf(generator.log_share(np.array([sign * np.inf])))[0])


def both_halves(generator: Generator, p: Any, q: Any, *, rtol: float) -> Halves:
    """The integrals over p and over q, scalar laws on the line."""
    with quiet():
        points, height = _marks(generator, p, q)
        terms = Terms(generator, generator.affinity, height if abs(height) > TAME else 0.0)
        return reduce(Halves.__add__, [*_over(terms, p, q, 1.0, points, rtol), *_over(terms, q, p, -1.0, points, rtol)])


def _over(terms: Terms, law: Any, other: Any, sign: float, points: np.ndarray, rtol: float) -> Iterator[Halves]:
    """The parts of the half over `law`: its density, and its atoms; t is `sign` times the logarithm of its own density over
    that of the other."""
    if isinstance(law, Discrete):
        yield _over_integers(terms, law, other, sign)
        return
    places, logs = law.log_atoms
    if len(places):
        yield _over_atoms(terms, logs, other.logpmf(places), sign)
    if law.log_continuous_mass == -np.inf:
        return
    if other.log_continuous_mass == -np.inf:
        yield _over_atoms(terms, np.array([law.log_continuous_mass]), np.array([-np.inf]), sign)
    else:
        yield _over_density(terms, law, other, sign, points, rtol)


def _over_atoms(terms: Terms, here: np.ndarray, there: np.ndarray, sign: float) -> Halves:
    """Sums over masses with the logarithms `here` in the law and `there` in the other one."""
    if is_unbounded(terms.generator, sign) and np.any(np.isneginf(there) & ~np.isneginf(here)):
        return terms.endless("point masses of one law are none of the other")
    sums = np.sum(np.exp(terms.at(here, sign * (here - there), noise_of(here, there))), axis=1)
    return terms.gathered(sums, np.zeros(len(sums)), float(sums[MASS]), len(here))


def _over_density(terms: Terms, law: Any, other: Any, sign: float, points: np.ndarray, rtol: float) -> Halves:
    ratio = RadonNikodym(law, other)

    def integrands(part: Any, x: Anchored) -> tuple[np.ndarray, np.ndarray]:
        nodes = ratio.on(part, x)
        noise = noise_of(value(nodes.log_p), value(nodes.log_q))
        logs = terms.at(value(nodes.log_weight), sign * value(nodes.t), noise)
        logs[:, np.broadcast_to(nodes.lost, logs.shape[1:])] = -np.inf
        return logs, np.ones_like(logs)

    points = np.concatenate([points, corners(other)])
    if not all(part.injective for part in law.parts()):
        # Where points come to one, the density breaks at points at which the maps to them do not.
        points = np.concatenate([points, corners(law)])
    diverges, doubtful = _verdicts(terms, ratio, sign, points) if is_unbounded(terms.generator, sign) else ("", "")
    if diverges:
        return terms.endless(diverges)
    floors = [FLOOR, MASS, None, AFFINITY_FLOOR, None][: terms.count]
    sums = integrate_law(law, integrands, points, floor=floors, rtol=rtol)
    return terms.gathered(
        sums.values,
        sums.errors,
        float(np.exp(law.log_continuous_mass)),
        sums.evaluations,
        exact=False,
        doubtful=doubtful,
    )


def _over_integers(terms: Terms, law: Discrete, other: Any, sign: float) -> Halves:
    def at(strand: Strand, k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with quiet():
            weight, here, there = log_masses_of(law, other, strand, k)
            noise = noise_of(here, there) + EPS * strand.cancelled
            logs = terms.at(weight, sign * np.where(np.isneginf(here), 0.0, here - there), noise)
        return logs, np.ones_like(logs)

    doubtful = ""
    if is_unbounded(terms.generator, sign):
        endless, undecided = law.tails(lambda strand, k: at(strand, k)[0][SHARE])
        if endless:
            return terms.endless("the sum diverges in a tail")
        doubtful = "the terms fall so slowly that the sum may be infinite" if undecided else ""
    kinked = law.strands if terms.generator.kinked else ()
    crossings = {strand: _crossings_of(law, other, strand) for strand in kinked}

    def rough(strand: Strand) -> tuple[float, float] | None:
        known, crossed = roughness_of(law, other, strand), crossings.get(strand, np.empty(0))
        if known is None or not len(crossed) or crossed[-1] - crossed[0] > SHORT:
            return known
        return min(known[0], crossed[0] - 2.0), max(known[1], crossed[-1] + 2.0)

    marks = np.concatenate([other.landmarks(), *(strand.at(crossed) for strand, crossed in crossings.items())])
    floors = [(SHARE, FLOOR), (AFFINITY, AFFINITY_FLOOR)][: 1 + (terms.count > FLOOR + 1)]
    sums = law.summed(at, rough, marks, floors=floors, bounds=partial(bounds_of, rough))
    lacking = "" if sums.converged else "the sum has more terms than are visited"
    return terms.gathered(sums.value, sums.error, 1.0, sums.terms, lacking=lacking, exact=sums.exact, doubtful=doubtful)


def _crossings_of(law: Discrete, other: Any, strand: Strand) -> np.ndarray:
    """The first integers of a strand after log p/q has changed its sign."""
    low, high = strand.effective
    powers = 2.0 ** np.arange(64)
    k = np.unique(np.rint(np.concatenate([np.linspace(low, high, STEPS), low + powers, high - powers])))

    def above(k: np.ndarray) -> np.ndarray:
        _, here, there = log_masses_of(law, other, strand, k)
        return np.asarray(here > there)

    return _changes(above, k[(k >= low) & (k <= high)], lambda a, b: np.floor(a + 0.5 * (b - a)))


def _changes(
    above: Callable[[np.ndarray], np.ndarray], grid: np.ndarray, middle: Callable[..., np.ndarray]
) -> np.ndarray:
    """The first points after a condition has changed between those of the grid, by bisection."""
    signs = above(grid)
    rows = np.flatnonzero(signs[1:] != signs[:-1])
    low, high, sign = grid[rows], grid[rows + 1], signs[rows + 1]
    for _ in range(BISECTIONS if len(rows) else 0):
        between = middle(low, high)
        beyond = above(between) == sign
        low, high = np.where(beyond, low, between), np.where(beyond, between, high)
    return high


def noise_of(here: Any, there: Any) -> np.ndarray:
    """What rounding of two logarithms may do to their difference; nothing where that is infinite."""
    noise = 2.0 * EPS * (np.abs(here) + np.abs(there) + 1.0)
    return np.where(np.isfinite(noise), noise, 0.0)


def log_affinity_share(t: np.ndarray, order: float) -> np.ndarray:
    """log of the share of p + q that p^α q^(1-α) has: αt - log(1 + eᵗ)."""
    return np.where(t > 0.0, (order - 1.0) * t - np.log1p(np.exp(-t)), order * t - np.log1p(np.exp(t)))


def _verdicts(terms: Terms, ratio: RadonNikodym, sign: float, points: np.ndarray) -> tuple[str, str]:
    """Words on where the integral over a density diverges, and on where it may."""

    def log_sizes(part: Any, x: Anchored, bound: bool) -> tuple[Any, Any, Any]:
        nodes = ratio.on(part, x)
        weight, t = value(nodes.log_weight), sign * value(nodes.t)
        noise = noise_of(value(nodes.log_p), value(nodes.log_q))
        share, up, down = (terms.generator.log_share(t + move) for move in (0.0, noise, -noise))
        most, error = np.maximum(share, np.maximum(up, down)), np.abs(up - down)
        share, error = (most, np.zeros_like(error)) if bound else (share, error)
        # Where both densities have left the doubles, nothing is known of what their ratio leaves.
        unknown = ~(value(nodes.log_q) > -np.inf) | np.isposinf(share) | nodes.lost
        return weight, np.where(np.isneginf(weight), np.where(unknown, np.nan, -np.inf), share), error

    # What rounding may have made of the share at most is enough where that has an integral: t may be nothing but noise.
    below = tails(ratio.p, partial(log_sizes, bound=True), points)
    if all(most.verdict is Verdict.FINITE for most in below):
        return "", ""
    exactly = tails(ratio.p, partial(log_sizes, bound=False), points)
    ends, slow = (
        [
            own.where
            for own, most in zip(exactly, below, strict=True)
            if own.verdict is verdict and most.verdict is not Verdict.FINITE
        ]
        for verdict in (Verdict.INFINITE, Verdict.UNDECIDED)
    )
    diverges = f"the integral diverges {ends[0]} (in the coordinates of the base)" if ends else ""
    return diverges, f"the integral converges so slowly {slow[0]} that it may be infinite" if slow else ""


def _marks(generator: Generator, p: Any, q: Any) -> tuple[np.ndarray, float]:
    """Further points at which both integrals should split: crossings of the densities where the share has a corner, the peak of
    p^α q^(1-α) where that is asked for; and the logarithm of what lies under that peak."""
    if not (generator.kinked or generator.affinity) or -np.inf in (p.log_continuous_mass, q.log_continuous_mass):
        return np.empty(0), 0.0
    ratio = RadonNikodym(p, q)
    grid = np.unique(np.concatenate([_grid(law) for law in (p, q)]))
    if generator.affinity is not None:
        return _peak(generator.affinity, p, q, grid)
    return _changes(lambda y: np.asarray(ratio.log(y)) > 0.0, grid, lambda a, b: a + 0.5 * (b - a)), 0.0


def _grid(law: Any) -> np.ndarray:
    """Points between the landmarks of a law, and beyond the outer ones up to its ends."""
    low, high = (float(value(end)) for end in law.support.edges)
    points = law.landmarks()
    points = points[(points > low) & (points < high)]
    if not len(points):
        points = np.ravel(law.support.interior_point())
    spread = points[-1] - points[0] or np.abs(points[0]) or 1.0
    first, last = points[0], points[-1]
    below = first - spread * BEYOND if np.isinf(low) else first + (low - first) * TOWARD
    above = last + spread * BEYOND if np.isinf(high) else last + (high - last) * TOWARD
    inner = points[:-1, None] + np.diff(points)[:, None] * BETWEEN
    grid = np.concatenate([below, np.ravel(inner), above])
    return grid[(grid > low) & (grid < high) & np.isfinite(grid)]


def _peak(order: float, p: Any, q: Any, grid: np.ndarray) -> tuple[np.ndarray, float]:
    """Points about the highest place of p^α q^(1-α) that zooms into a grid find, and the logarithm of what lies under it."""

    def height(y: np.ndarray) -> np.ndarray:
        log = order * np.asarray(p.logpdf(y)) + (1.0 - order) * np.asarray(q.logpdf(y))
        return np.where(np.isfinite(log), log, -np.inf)

    if len(grid) < 3:
        return np.empty(0), 0.0
    outward = grid[-1] - grid[0]
    grid = np.unique(np.concatenate([grid, np.linspace(grid[0] - outward, grid[-1] + outward, len(grid))]))
    logs = height(grid)
    for _ in range(ZOOMS):
        at = min(max(int(np.argmax(logs)), 1), len(grid) - 2)
        grid = np.linspace(grid[at - 1], grid[at + 1], POINTS)
        logs = height(grid)
        if logs[0] > -np.inf and logs.max() - min(logs[0], logs[-1]) < 0.01:
            break
    at = min(max(int(np.argmax(logs)), 1), len(grid) - 2)
    step, bend = grid[1] - grid[0], 2.0 * logs[at] - logs[at - 1] - logs[at + 1]
    if not (np.isfinite(bend) and step > 0.0 and np.isfinite(logs[at])):
        return np.empty(0), 0.0
    width = step / np.sqrt(bend) if bend > 0.0 else step * POINTS
    return grid[at] + width * WIDTHS, float(logs[at] + np.log(width))


__all__ = ["AFFINITY", "SHARE", "Halves", "both_halves", "is_unbounded", "log_affinity_share"]
