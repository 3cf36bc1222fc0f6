"""Checks of one law that share nothing with a log-ratio: its mass, and its draws against its distribution function.

A closed form, quadrature and Monte Carlo that use the same wrong Jacobian agree on a wrong divergence. Three things of
a law hang on three different parts of a map: its density on the log-determinant, its distribution function on the
inverse, its draws on the forward direction. So here

    the density, integrated by SciPy from cell to cell, is compared with the differences of the distribution function;
    draws are compared with the distribution function (Kolmogorov-Smirnov), at a stated rate of false alarms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from scipy.special import gammaln, kolmogorov, log_softmax, ndtri

from densities.anchored import value
from densities.arrays import generator_of, quiet
from densities.errors import AccuracyWarning
from densities.numerics.cholesky import cholesky
from densities.transforms import Log, Scale
from densities.transforms.chains import compose

__all__ = ["Check", "draws_check", "independent_checks", "integral", "mass_check", "vector_checks"]

MASS_TOLERANCE = 1e-7  # a wrong log-determinant is off by far more, an adaptive integral by far less
MIN_COVERAGE = 0.1  # less resolved mass than this decides nothing
MAX_NOISE = 1e-6  # cells where neighbouring doubles are further apart than this share of the cell are left out
LEVELS = np.array([1e-10, 1e-7, 1e-5, 1e-3, 0.01, 0.05, 0.15, 0.3])
LARGEST = float(np.finfo(float).max)
MOST_DRAWS = 2**22  # more show no fault that these do not
RESOLVED = 1e-10  # pivots of matrices below this share of their diagonal are rounding for the most part
ULPS = 4  # a draw is taken to stand for the numbers within so many roundings of it

# Distances from an end at 0 below which quadrature nodes run out of doubles, and the mass there that goes unquestioned.
TINY, UNSEEN = 1e-290, 1e-3


@dataclass(frozen=True)
class Check:
    """A fact about a law: `passed` is True, False, or None for not decided; `text` says what was found."""

    law: str
    name: str
    passed: bool | None
    value: float
    expected: float
    allowed: float
    text: str


def independent_checks(label: str, law: Any, *, n: int, level: float, rng: Any) -> tuple[Check, Check]:
    """Mass and draws of one law: on the line by quadrature and distribution function, of arrays by weighted draws.

    Independent entries of which some have point masses are checked each on the line; the worst speaks for the law.
    """
    if not law.event_shape:
        return mass_check(label, law), draws_check(label, law, n=n, level=level, rng=rng)
    entries = law.factors() if law.measure != "lebesgue" else None
    if entries is None:
        return vector_checks(label, law, n=n, level=level, rng=rng)
    checks = [
        independent_checks(f"{label}[{i}]", entry, n=n, level=level / len(entries), rng=rng)
        for i, entry in enumerate(entries)
    ]
    mass, draws = (min(same, key=_confidence) for same in zip(*checks, strict=True))
    return replace(mass, law=label), replace(draws, law=label)


def _confidence(check: Check) -> int:
    """0 for a fault, 1 for what is not decided, 2 for what is right."""
    return (False, None, True).index(check.passed)


def mass_check(label: str, law: Any, below: float | None = None) -> Check:
    """∫ f over each of some thirty cells against the difference of the distribution function, atoms apart.

    The value is 1 + Σ (∫ f - ΔF), which is the mass of the law; one wrong cell is as bad as a wrong sum. No quadrature
    on doubles sees the mass within TINY of an end at 0: there the distribution function is compared with `below`, the
    mass as it is known by another way; without one, more than a little of it is looked at in the law of log Y, or of log(-Y).
    """
    if law.measure == "counting":
        return _countable_mass_check(label, law)
    if below is None and law.measure == "lebesgue" and _below_doubles(law) >= UNSEEN:
        return mass_check(label, law >> (Log() if _ends_at_zero(law)[0] else compose(Scale(-1.0), Log())))
    cells = _cells(law)
    steps, noise = _steps(law, cells), _noise(cells)
    integrals, errors = _integrals(law.pdf, cells)
    resolved = noise <= MAX_NOISE
    for i in np.flatnonzero(resolved & ~(np.abs(integrals - steps) <= MASS_TOLERANCE + errors)):
        integrals[i], errors[i] = _adaptive(law, cells, i)  # a second opinion before anything is called wrong
    gaps, errors, steps, noise = (array[resolved] for array in (integrals - steps, errors, steps, noise))
    unseen = _below_doubles(law)
    hidden = unseen - below if below is not None else unseen * (unseen >= UNSEEN)
    allowed = MASS_TOLERANCE + float(np.sum(errors) + np.sum(steps * noise))
    gap = float(max(np.max(np.abs(gaps), initial=0.0), abs(np.sum(gaps)), abs(hidden)))
    return _mass_result(label, 1.0 + float(np.sum(gaps)), gap, allowed, float(np.sum(steps) + np.sum(law.atoms[1])))


def _below_doubles(law: Any) -> float:
    """The mass within TINY of the ends of the support at 0."""
    low, high = _ends_at_zero(law)
    return low * float(law.prob(0.0, TINY)) + high * float(law.prob(-TINY, 0.0))


def _ends_at_zero(law: Any) -> list[bool]:
    """Whether the low and the high end of the support are 0."""
    return [bool(np.all(value(end) == 0.0)) for end in law.support.edges]


def _countable_mass_check(label: str, law: Any) -> Check:
    """The masses of the points that two thousand quantiles reach, against the jumps of the distribution function."""
    points = np.unique(law.ppf(np.linspace(0.0, 1.0, 2002)[1:-1]))
    masses = law.pmf(points)
    gaps = masses - (law.cdf(points) - law.cdf(np.nextafter(points, -np.inf)))
    gap = float(max(np.max(np.abs(gaps)), abs(np.sum(gaps))))
    return _mass_result(label, 1.0 + float(np.sum(gaps)), gap, MASS_TOLERANCE, float(np.sum(masses)))


def _mass_result(label: str, total: float, gap: float, allowed: float, coverage: float) -> Check:
    rough = allowed > 1e-3 and gap <= 10 * allowed
    if not math.isfinite(gap) or rough or coverage < MIN_COVERAGE:
        fact = f"{total:.9g} ± {allowed:.1e}, {coverage:.0%} of it resolved by doubles"
        text = f"the mass of {label} could not be decided: {fact}"
        return Check(label, "mass", None, total, 1.0, allowed, text)
    if gap <= allowed:
        part = "" if coverage > 0.999 else f"; doubles resolve {coverage:.0%} of it"
        text = f"the mass of {label} is {total:.9g}{part}"
        return Check(label, "mass", True, total, 1.0, allowed, text)
    fact = f"the mass of {label} is {total:.9g} and its density differs from its distribution function by {gap:.2g}"
    text = f"{fact}: a log-determinant or an inverse is wrong"
    return Check(label, "mass", False, total, 1.0, allowed, text)


@dataclass(frozen=True, eq=False)
class _Cells:
    """Neighbouring intervals (low, high) that cover the support.

    `edges` are the finite ends of the support and the kinks of the density: next to them it may vary as a power.
    """

    low: np.ndarray
    high: np.ndarray
    edges: np.ndarray
    middle: float

    def nearest(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For each cell the nearest of the points, and the smaller and larger distance from it to the ends."""
        ends = np.stack([self.low, self.high])[..., None]
        best = np.argmin(np.min(np.abs(ends - points), axis=0), axis=-1)
        both = np.abs(self.low - points[best]), np.abs(self.high - points[best])
        return points[best], np.minimum(*both), np.maximum(*both)

    @property
    def coordinates(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(anchor, side, first, last): cells of many decades are integrated in log|y - anchor|, side 0 is y itself."""
        anchor, near, far = self.nearest(np.append(self.edges, self.middle))
        side = np.where((far > 8 * near) & (near > 0), np.where(self.low >= anchor, 1.0, -1.0), 0.0)
        with np.errstate(divide="ignore"):
            first = np.where(side == 0, self.low, np.log(near))
            last = np.where(side == 0, self.high, np.log(far))
        return anchor, side, first, last


def _cells(law: Any) -> _Cells:
    """Cells between quantiles, landmarks, atoms, zero, edges, and points that lead up to edges.

    Those within TINY of 0 are left out where the density is infinite there.
    """
    ends = np.array([value(end) for end in law.support.edges], dtype=float)
    edges = np.concatenate([ends[np.isfinite(ends)], law.kinks()])
    middle = float(law.median())
    steps = np.array([s * 10.0**-k for s in (-1, 1) for k in (3, 6, 9)])
    approach = np.ravel(edges[:, None] * (1.0 + steps))
    quantiles = law.ppf(LEVELS), law.isf(LEVELS), [middle]
    points = np.concatenate([*quantiles, law.landmarks(), law.atoms[0], approach, edges, [0.0]])
    at_zero = _ends_at_zero(law)
    first, last = np.where(at_zero, [TINY, -TINY], ends)
    points = np.append(points, np.array([TINY, -TINY])[at_zero])
    hidden = TINY if np.isposinf(law.pdf(0.0)) else 0.0
    points = np.append(points, [-hidden, hidden])
    points = np.unique(points[np.isfinite(points) & (points >= first) & (points <= last)])
    seen = (points[:-1] >= hidden) | (points[1:] <= -hidden)
    return _Cells(points[:-1][seen], points[1:][seen], edges, middle)


def _steps(law: Any, cells: _Cells) -> np.ndarray:
    """The continuous mass of each cell, by whichever of cdf and sf is smaller there."""
    low, high = cells.low, cells.high
    steps = np.where(low >= cells.middle, law.sf(low) - law.sf(high), law.cdf(high) - law.cdf(low))
    for place, mass in zip(*law.atoms, strict=True):
        steps = steps - mass * ((low < place) & (place <= high))
    return steps


def _noise(cells: _Cells) -> np.ndarray:
    """What the rounding of points does to the integral over a cell, relatively.

    Points are known to their spacing: compared with the width of the cell and with the distance to the nearest edge
    that is not 0, with a power of which the density may vary.
    """
    spacing = np.spacing(np.maximum(np.abs(cells.low), np.abs(cells.high)))
    edges = cells.edges[cells.edges != 0.0]
    size = cells.high - cells.low
    if edges.size:
        size = np.minimum(size, cells.nearest(edges)[1])
    with np.errstate(divide="ignore"):
        return 2.0 * spacing / size


def integral(function: Callable[[np.ndarray], Any], law: Any) -> tuple[float, float]:
    """∫ function(y) dy over the cells of a law on the line, with its error: for integrands that follow its density."""
    cells = _cells(law)
    wide = np.nextafter(cells.low, np.inf) < cells.high  # neighbouring doubles have nothing between them
    cells = replace(cells, low=cells.low[wide], high=cells.high[wide])
    values, errors = _integrals(function, cells)
    return float(np.sum(values)), float(np.sum(errors))


def _integrals(function: Callable[[np.ndarray], Any], cells: _Cells) -> tuple[np.ndarray, np.ndarray]:
    """∫ function over all cells at once, by SciPy's tanh-sinh rule, which bears singular ends; with its errors."""
    import warnings

    from scipy.integrate import tanhsinh

    anchor, side, first, last = cells.coordinates

    def integrand(u: np.ndarray, anchor: np.ndarray, side: np.ndarray) -> np.ndarray:
        radius = np.exp(np.where(side == 0, 0.0, u))
        density = function(np.where(side == 0, u, anchor + side * radius)) * radius
        return np.where(np.isposinf(density), 0.0, density)  # an infinite limit at an end weighs nothing

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)  # of single points, which weigh little
        found = tanhsinh(integrand, first, last, args=(anchor, side), rtol=1e-10, atol=1e-13)
    return np.array(found.integral), np.array(found.error)


def _adaptive(law: Any, cells: _Cells, i: Any) -> tuple[float, float]:
    """∫ f over cell number i, by adaptive Gauss-Kronrod."""
    import warnings

    from scipy.integrate import quad

    anchor, side, first, last = (float(array[i]) for array in cells.coordinates)

    def integrand(u: float) -> float:
        return law.pdf(u) if side == 0 else law.pdf(anchor + side * math.exp(u)) * math.exp(u)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the error that comes back says the same in numbers
        integral, error = quad(integrand, first, last, limit=500, epsabs=1e-11, epsrel=1e-10)
    return float(integral), float(error)


def draws_check(label: str, law: Any, *, n: int, level: float, rng: Any) -> Check:
    """sup |F_n - F| over n draws against the quantile of Kolmogorov's distribution at a false-alarm rate of `level`.

    A draw stands for all numbers that round to it, so laws squeezed onto the last doubles below 1 are judged rightly,
    and laws with atoms too (for them the rate is smaller than stated). No more than 2^22 are drawn.
    """
    n = min(n, MOST_DRAWS)
    draws = np.ravel(law.rvs(n, rng=rng))
    # An infinite draw stands for the numbers beyond the doubles, where the law has mass there that n draws may meet.
    beyond = float(law.cdf(-LARGEST) + law.sf(LARGEST))
    if np.any(np.isnan(draws)) or (np.any(np.isinf(draws)) and n * beyond < level):
        return Check(label, "draws", False, math.nan, 0.0, math.nan, f"some draws of {label} are not finite")
    places, counts = np.unique(np.clip(draws, -LARGEST, LARGEST), return_counts=True)
    reached = np.cumsum(counts) / n
    with quiet():
        low, high = places - ULPS * np.spacing(np.abs(places)), places + ULPS * np.spacing(np.abs(places))
    excess = np.maximum(reached - law.cdf(high), law.cdf(low) - (reached - counts / n))
    distance = float(max(np.max(excess), 0.0))
    p_value = float(kolmogorov(math.sqrt(n) * distance))
    fact = f"sup |F_n - F| of {n:,} draws is {distance:.2g}, p-value {p_value:.2g}"
    if p_value >= level:
        text = f"the draws of {label} follow its distribution function: {fact}"
        return Check(label, "draws", True, distance, 0.0, level, text)
    fault = "a forward map, an inverse or a sampler is wrong"
    text = f"the draws of {label} do not follow its distribution function: {fact}; {fault}"
    return Check(label, "draws", False, distance, 0.0, level, text)


def _not_checked(label: str, why: str) -> tuple[Check, Check]:
    text = f"mass and draws of {label} are not checked: {why}"
    mass, draws = (Check(label, name, None, math.nan, 1.0, math.nan, text) for name in ("mass", "draws"))
    return mass, draws


class Chart(NamedTuple):
    """Free coordinates of points, and back with the logarithm of what a volume of these is for the density."""

    free: Callable[[np.ndarray], np.ndarray]
    whole: Callable[[np.ndarray], tuple[np.ndarray, Any]]


def _from_log_ratios(ratios: np.ndarray) -> tuple[np.ndarray, Any]:
    logs = log_softmax(np.pad(ratios, [(0, 0), (0, 1)]), axis=-1)
    y = np.exp(logs)
    # What has no double is left out: draws that reach it are not checked at all.
    return y, np.where(np.all(y > 0.0, axis=-1), np.sum(logs, axis=-1), -np.inf)


def _to_log_factor(x: np.ndarray) -> np.ndarray:
    """The lower factors, their diagonal by logarithms; NaN where a pivot is hardly more than the rounding of the entries."""
    factor = cholesky(np.tril(x))
    diagonal = np.diagonal(factor, axis1=-2, axis2=-1)
    told = np.square(diagonal) > RESOLVED * np.diagonal(x, axis1=-2, axis2=-1)
    below = factor[..., *np.tril_indices(x.shape[-1], -1)]
    return np.concatenate([np.where(told, np.log(diagonal), np.nan), below], axis=-1)


def _from_log_factor(free: np.ndarray) -> tuple[np.ndarray, Any]:
    """C Cᵀ of n rows, of Jacobian 2ⁿ Π C_ii^(n-i+2), i = 1, ..., n, by log C_ii and the entries below them."""
    n = (math.isqrt(8 * free.shape[-1] + 1) - 1) // 2
    logs, factor = free[..., :n], np.zeros((*free.shape[:-1], n, n))
    factor[..., range(n), range(n)] = np.exp(logs)
    factor[..., *np.tril_indices(n, -1)] = free[..., n:]
    x = factor @ np.swapaxes(factor, -1, -2)
    told = np.exp(2.0 * logs) > RESOLVED * np.diagonal(x, axis1=-2, axis2=-1)
    log_det = n * math.log(2.0) + np.sum(np.arange(n + 1, 1, -1) * logs, axis=-1)
    return x, np.where(told.all(axis=-1), log_det, -np.inf)


def _to_slopes(x: np.ndarray) -> np.ndarray:
    """asinh(L_ij/|(L_i,j+1, ..., L_ii)|) of the entries below the diagonal."""
    rows, columns = np.tril_indices(x.shape[-1], -1)
    after = np.sqrt(np.cumsum(np.square(x[..., ::-1]), axis=-1))[..., ::-1]
    return np.arcsinh(x[..., rows, columns] / after[..., rows, columns + 1])


def _from_slopes(free: np.ndarray) -> tuple[np.ndarray, Any]:
    """L_ij = tanh(s_ij) t_ij and L_ii = t_ii with t_ij = Π 1/cosh(s_ik) over k < j, of Jacobian Π t_ij/cosh²(s_ij)."""
    n = (math.isqrt(8 * free.shape[-1] + 1) + 1) // 2
    lower, slopes = np.tril_indices(n, -1), np.zeros((*free.shape[:-1], n, n))
    slopes[..., *lower] = free
    falls = np.logaddexp(slopes, -slopes) - math.log(2.0)
    log_t = falls - np.cumsum(falls, axis=-1)
    x = np.tril((np.tanh(slopes) + np.eye(n)) * np.exp(log_t))
    return x, np.sum((log_t - 2.0 * falls)[..., *lower], axis=-1)


# By the measure of a support.
CHARTS = {
    "lebesgue": Chart(lambda y: y, lambda y: (y, 0.0)),
    "symmetric": Chart(_to_log_factor, _from_log_factor),
    "correlation": Chart(_to_slopes, _from_slopes),
    "simplex": Chart(lambda y: np.log(y[:, :-1]) - np.log(y[:, -1:]), _from_log_ratios),
}


def vector_checks(label: str, law: Any, *, n: int, level: float, rng: Any) -> tuple[Check, Check]:
    """Mass and draws of a law of arrays with d free entries, by draws from g, Student's t with 2 degrees of freedom fitted to
    draws y of them.

    mass: E_g[f/g] = 1;  draws: E_g[h f/g] / E_g[f/g] = mean of h(y), for h the indicators of d + 1 half-spaces.
    Both are judged by z-scores at a false-alarm rate of `level`. Shares of a whole are taken by their log-ratios,
    matrices by their factors.
    """
    chart = CHARTS.get(law.support.measure)
    if law.measure != "lebesgue" or chart is None:
        return _not_checked(label, f"it has no density per volume of R^d, on {law.support}")
    generator = generator_of(rng)
    with quiet():
        draws = chart.free(np.asarray(law.rvs(n, rng=generator)))
    if not np.isfinite(draws).all():
        return _not_checked(label, "doubles do not tell some of its draws from the border of its support")
    points, log_g = _fitted_t(draws, generator)
    with quiet():
        whole, log_det = chart.whole(points)
        weights = np.where(np.isneginf(log_det), 0.0, np.exp(law.logpdf(whole) + log_det - log_g))
    total, error = float(np.mean(weights)), float(np.std(weights) / math.sqrt(n))
    limit = float(-ndtri(level / 2))
    right = abs(total - 1.0) <= limit * error + MASS_TOLERANCE
    fact = f"the mass of {label} is {total:.6g} ± {error:.1g}"
    fault = "" if right else ": a log-determinant or an inverse is wrong"
    mass = Check(label, "mass", right, total, 1.0, limit * error, fact + fault)
    directions = np.vstack([np.eye(draws.shape[1]), np.ones(draws.shape[1])]).T
    borders = np.median(draws @ directions, axis=0)
    seen = draws @ directions <= borders
    expected = (points @ directions <= borders) * weights[:, None] / total
    errors = np.hypot(np.std(seen, axis=0), np.std(expected, axis=0)) / math.sqrt(n)
    z = float(np.max(np.abs(np.mean(seen, axis=0) - np.mean(expected, axis=0)) / errors))
    follow = z <= -ndtri(level / (2 * directions.shape[1]))
    verb = "follow" if follow else "do not follow"
    text = f"the draws of {label} {verb} its density: z = {z:.2g} over {directions.shape[1]} half-spaces"
    return mass, Check(label, "draws", bool(follow), z, 0.0, level, text)


def _fitted_t(draws: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """As many points of a t law with 2 degrees of freedom, placed and spread as the draws, and their log-densities."""
    n, d = draws.shape
    centre = np.median(draws, axis=0)
    nearest = np.argsort(np.sum((draws - centre) ** 2, axis=-1))[: n // 2]  # heavy tails have no covariance
    root = np.linalg.cholesky(4.0 * np.cov(draws[nearest].T).reshape(d, d))
    z = rng.standard_normal((n, d)) / np.sqrt(rng.exponential(size=(n, 1)))  # chi-squared(2)/2 is exponential
    log_norm = gammaln(1 + d / 2) - 0.5 * d * math.log(2 * math.pi) - np.sum(np.log(np.diag(root)))
    return centre + z @ root.T, log_norm - (1 + d / 2) * np.log1p(0.5 * np.sum(z * z, axis=-1))
