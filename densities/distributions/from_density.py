"""The law of a density known only as a function: its mass is checked, everything else is found by quadrature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import log_ndtr

from densities.anchored import Anchored, log_abs, value
from densities.arrays import quiet
from densities.distributions.base import Univariate
from densities.domains import Interval
from densities.errors import ParameterError, ShapeError, SupportError, argument_error, show
from densities.logmath import log1mexp
from densities.numerics.quadrature import integrate
from densities.numerics.roots import invert
from densities.transforms.numeric import probes

__all__ = ["FromDensity"]

# A mass further from 1 than this is no rounding of the user's formula.
MASS_TOLERANCE = 1e-8
# Local maxima of a scan that are climbed, and how far below the highest (in nats) one still counts as a peak.
CLIMBED, COUNTED = 32, 60.0
# Falls of the log-density, in nats, whose places show the scale of a peak.
FALLS = (0.5, 4.0, 18.0)
# Where a user's formula is last asked: |x| of 1e100, and 2^-32 of an end from it (1e-100 from an end at 0). Beyond, the
# density goes on as a power of the distance, with the exponent seen between this point and one ten binades before it:
# at a distance d the rounding of x costs a singular density 2^-53/d, the power law d; 2^-32 leaves about 1e-11 of mass.
FARTHEST, NEAREST, NEAR = 1e100, 1e-100, 2.0**-32
BINADES = 2.0**10
LOG_HALF = float(np.log(0.5))
# More quantiles than MANY start from knots at these normal scores (2^-54 lies at -8.3). STEPS of Newton's method leave
# a last step below SETTLED of a cell where the density is smooth, and the error after it is the square of that.
MANY, STEPS, SETTLED = 1000, 3, 1e-7
SCORES = np.linspace(-8.4, 8.2, 500)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(10)


class FromDensity(Univariate):
    """f(x) = exp(logpdf(x)) on `support`: the law of any log-density, given as a vectorised function.

    support    an Interval or a pair (low, high)
    normalize  divide by the mass, where the formula lacks its constant; without it a mass that is not 1 is refused
    landmarks  points where the density peaks or is not smooth; without them peaks are searched for at all magnitudes
    sampler    sampler(rng, shape) draws; without it draws are quantiles of uniforms
    name       what the law is called in print

    cdf, sf and their logarithms are integrals from the nearer side, right in both tails as far as the formula is;
    quantiles solve for them. Beyond |x| = 1e100, and nearer to a finite end than 2^-32 of it, the density goes on as a
    power of the distance, because formulas of doubles overflow or lose their digits there.
    Raises ParameterError for a mass that is not 1, or that did not converge, and for a log-density that is NaN in the
    support; SupportError where it has no mass; ShapeError where it is not vectorised.
    """

    def __init__(
        self,
        logpdf: Callable[[Any], Any],
        support: Any = (-np.inf, np.inf),
        *,
        normalize: bool = False,
        landmarks: Sequence[float] = (),
        sampler: Callable[[np.random.Generator, tuple[int, ...]], Any] | None = None,
        name: str | None = None,
    ):
        if not callable(logpdf):
            raise ParameterError(argument_error("logpdf", "a function of an array", logpdf))
        self.function, self.sampler, self.params = logpdf, sampler, {}
        self.label = name or getattr(logpdf, "__name__", "density")
        self._support = _interval(support)
        self._log_mass = 0.0
        with quiet():
            self._tails = [self._tail(side) for side in (-1.0, 1.0)]
            self._edges = self._find_edges(np.asarray(landmarks, dtype=float))
            self._weigh(normalize)

    @property
    def support(self) -> Interval:
        return self._support

    def same_as(self, other: object) -> bool:
        return self is other or (
            isinstance(other, FromDensity)
            and self.function == other.function  # the log-density of one object, asked for twice, is two bound methods
            and self.support == other.support
            and self._log_mass == other._log_mass
        )

    def __str__(self) -> str:
        return f"<{self.label}>"

    def __repr__(self) -> str:
        return f"FromDensity({self.label}, {self.support})"

    # ---- the density ----

    def raw_logpdf(self, x: Any) -> Any:
        points = value(x)
        (first, *below), (last, *above) = self._tails
        result = np.asarray(self.function(np.clip(points, first, last)), dtype=float) - self._log_mass
        for beyond, end, at, slope in (
            (points < first, self.support.low, *below),
            (points > last, self.support.high, *above),
        ):
            if np.any(beyond):
                result = np.where(beyond, result + slope * (_log_distance(x, end) - at), result)
        return result

    def _tail(self, side: float) -> tuple[float, float, float]:
        """The last point on one side where the formula is asked, its log-distance, the exponent of the tail there."""
        end = float(self.support.low if side < 0 else self.support.high)
        if np.isfinite(end):
            distance = max(NEAREST, NEAR * abs(end))
            points = end - side * distance * np.array([1.0, BINADES])
        else:
            points = side * FARTHEST / np.array([1.0, BINADES])
        logs = self._asked(points)
        at = _log_distance(points, end)
        slope = (logs[0] - logs[1]) / (at[0] - at[1])
        return float(points[0]), float(at[0]), float(slope) if np.isfinite(slope) else 0.0

    def _asked(self, points: np.ndarray) -> np.ndarray:
        """The user's function, asked for the first time."""
        expected = (
            f"{self}: expected a log-density of an array of points, as by np.where and np.exp, or by np.vectorize"
        )
        try:
            logs = np.asarray(self.function(points))
        except (TypeError, ValueError) as error:
            raise ShapeError(f"{expected}, got {type(error).__name__}: {error}") from error
        if logs.dtype.kind not in "biuf":
            raise ParameterError(f"{expected}, with real values, got {show(logs)}")
        if logs.shape != points.shape:
            raise ShapeError(f"{self}: expected a real array of the shape {points.shape} of x, got {logs.shape}")
        return logs.astype(float)

    # ---- where the mass is ----

    def _find_edges(self, landmarks: np.ndarray) -> np.ndarray:
        """The ends of the support, and between them the peaks of the density and the places where it has fallen off."""
        points = probes(self.support)
        points = points[(points >= self._tails[0][0]) & (points <= self._tails[1][0])]
        logs = self.raw_logpdf(points)
        if np.isnan(logs).any():
            worst = min(points[np.isnan(logs)], key=abs)
            raise ParameterError(f"{self}: expected a log-density on {self.support}, got nan at x = {worst:.17g}")
        peaks, heights = self._climbed(points, logs)
        if not len(peaks):
            raise SupportError(f"{self}: expected a density with mass on {self.support}, got 0 wherever it was asked")
        found = [landmarks, peaks] + [self._fallen(*peak) for peak in zip(peaks, heights, strict=True)]
        inner = np.unique(np.concatenate(found))
        inner = inner[self.support.interior_contains(inner)]
        apart = np.diff(inner, prepend=-np.inf) > 1e-14 * np.abs(inner)
        return np.concatenate([[self.support.low], inner[apart], [self.support.high]])

    def _climbed(self, points: np.ndarray, logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The places and heights of the local maxima, climbed from those of the scan by ever finer grids."""
        padded = np.concatenate([[-np.inf], logs, [-np.inf]])
        tops = np.flatnonzero((logs > -np.inf) & (logs >= padded[:-2]) & (logs > padded[2:]))
        tops = tops[np.argsort(logs[tops])[::-1][:CLIMBED]]
        low, high = points[np.maximum(tops - 1, 0)], points[np.minimum(tops + 1, len(points) - 1)]
        best = points[tops]
        for _ in range(40):
            grid = np.sort(np.concatenate([np.linspace(low, high, 9), best[None]]), axis=0)
            at = np.argmax(self.raw_logpdf(grid), axis=0)
            best, low, high = (
                np.take_along_axis(grid, np.clip(at + step, 0, 9)[None], axis=0)[0] for step in (0, -1, 1)
            )
        heights = self.raw_logpdf(best)
        counted = heights > np.max(heights, initial=-np.inf) - COUNTED
        return best[counted], heights[counted]

    def _fallen(self, peak: float, height: float) -> np.ndarray:
        """Points on both sides where the log-density has fallen below that of the peak."""
        room = np.array([peak - self._tails[0][0], self._tails[1][0] - peak])
        distances = np.geomspace(max(abs(peak) * 1e-15, 1e-300), np.maximum(room, 1e-300), 800)
        found = []
        for side, way in ((-1.0, distances[:, 0]), (1.0, distances[:, 1])):
            fall = height - self.raw_logpdf(np.clip(peak + side * way, self._tails[0][0], self._tails[1][0]))
            found += [peak + side * way[np.argmax(fall > depth)] for depth in FALLS if np.any(fall > depth)]
        return np.array(found)

    # ---- masses ----

    def _weigh(self, normalize: bool) -> None:
        """The masses of the panels between the edges, and of all that lies below and above each."""
        panels, converged, error = self._integral(self._edges[:-1], self._edges[1:])
        total = float(np.logaddexp.reduce(panels))
        if not np.isfinite(total) or not (converged or error < MASS_TOLERANCE * np.exp(total)):
            raise ParameterError(
                f"{self}: expected a density that can be integrated on {self.support}, got {np.exp(total):.6g} ± "
                f"{error:.1e} that did not converge; "
                + ("give log f, not f" if np.isposinf(np.exp(total)) else "name its peaks and kinks with landmarks=")
            )
        if normalize:
            self._log_mass = total
        elif abs(np.expm1(total)) > MASS_TOLERANCE:
            raise ParameterError(
                f"{self}: expected a density of mass 1 on {self.support}, got {np.exp(total):.9g}; "
                "pass normalize=True, or name peaks that were missed with landmarks="
            )
        panels = panels - total if normalize else panels
        self._below = np.concatenate([[-np.inf], np.logaddexp.accumulate(panels)])
        self._above = np.concatenate([np.logaddexp.accumulate(panels[::-1])[::-1], [-np.inf]])

    def _integral(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, bool, float]:
        """log ∫ f over each of the intervals, each within a panel."""
        inner = self._edges[1:-1]
        width = max(float(inner[-1] - inner[0]), 1e-300) if len(inner) > 1 else max(1.0, 1e-3 * abs(float(inner[0])))

        def density(x: Anchored, _: np.ndarray) -> tuple[np.ndarray, float]:
            return self.raw_logpdf(x)[None], 1.0

        result = integrate(density, np.arange(len(low)), low, high, width)
        return result.log_magnitude[0], bool(result.converged.all()), float(result.error[0].sum())

    def _tail_mass(self, points: np.ndarray, *, lower: bool) -> np.ndarray:
        """log P(X <= x) or log P(X > x) as a sum: the panels on that side, and the rest of the panel of x."""
        flat = points.ravel()
        panel = np.clip(np.searchsorted(self._edges, flat, side="left") - 1, 0, len(self._edges) - 2)
        near = self._edges[panel] if lower else self._edges[panel + 1]
        base = self._below[panel] if lower else self._above[panel + 1]
        low, high = (near, flat) if lower else (flat, near)
        some = low < high
        rest = np.full(flat.shape, -np.inf)
        if some.any():
            rest[some] = self._integral(low[some], high[some])[0]
        return np.logaddexp(base, rest).reshape(points.shape)

    def raw_logcdf(self, x: Any) -> Any:
        return self._log_tail(x, lower=True)

    def raw_logsf(self, x: Any) -> Any:
        return self._log_tail(x, lower=False)

    def _log_tail(self, x: Any, *, lower: bool) -> Any:
        """log P(X <= x) or log P(X > x); beyond one half it is that of the complement of the other."""
        points = np.asarray(value(x), dtype=float)
        result = self._tail_mass(points, lower=lower)
        most = np.asarray(result > LOG_HALF)
        if most.any():
            result[most] = log1mexp(self._tail_mass(points[most], lower=not lower))
        return result

    def raw_log_ppf(self, logq: Any) -> Any:
        return self._log_quantile(logq, lower=True)

    def raw_log_isf(self, logq: Any) -> Any:
        return self._log_quantile(logq, lower=False)

    def _log_quantile(self, logq: Any, *, lower: bool) -> Any:
        """The quantile, solved on the tail of smaller probability."""
        logq = np.asarray(logq, dtype=float)
        near, far = logq <= LOG_HALF, logq > LOG_HALF
        result = np.full(logq.shape, np.nan)
        result[near] = self._solved(logq[near], lower=lower)
        result[far] = self._solved(log1mexp(logq[far]), lower=not lower)
        return result

    def _solved(self, logq: np.ndarray, *, lower: bool) -> np.ndarray:
        def log_tail(x: Any) -> Any:
            return self._log_tail(x, lower=lower)

        def slope(x: Any) -> Any:
            return np.exp(self.raw_logpdf(x) - log_tail(x)) * (1.0 if lower else -1.0)

        return invert(log_tail, logq, *self.support.edges, derivative=slope, increasing=lower).x

    def marks(self) -> np.ndarray:
        return self._edges[1:-1]

    # ---- many quantiles, and draws ----

    inverts_fast = False

    def raw_ppf(self, q: Any) -> Any:
        q = np.asarray(q, dtype=float)
        return self._from_knots(q) if q.size > MANY else self.raw_log_ppf(np.log(q))

    @cached_property
    def _knots(self) -> tuple[np.ndarray, np.ndarray]:
        """Quantiles from one end of the uniform doubles to the other, with the edges, and their probabilities."""
        quantiles = self.raw_log_ppf(log_ndtr(SCORES))
        x = np.unique(np.concatenate([quantiles[np.isfinite(quantiles)], self._edges[1:-1]]))
        return x, np.exp(self.raw_logcdf(x))

    def _from_knots(self, q: np.ndarray) -> np.ndarray:
        """Newton's method from the knots, the mass since by Gauss's rule; what has not settled is bracketed."""
        x, mass = self._knots
        cell = np.clip(np.searchsorted(mass, q), 1, len(x) - 1)
        low, high, rest = x[cell - 1], x[cell], q - mass[cell - 1]
        point = low + (high - low) * np.clip(rest / (mass[cell] - mass[cell - 1]), 0.0, 1.0)
        for _ in range(STEPS):
            half = 0.5 * (point - low)
            since = np.exp(self.raw_logpdf(low[..., None] + half[..., None] * (1.0 + NODES))) @ WEIGHTS * half
            step = (rest - since) / np.exp(self.raw_logpdf(point))
            point = np.clip(point + step, low, high)
        unsettled = ~(np.abs(step) <= SETTLED * (high - low)) | (q < mass[0]) | (q > mass[-1])
        point[unsettled] = self.raw_log_ppf(np.log(q[unsettled]))
        return point

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        if self.sampler is not None:
            return np.asarray(self.sampler(rng, shape), dtype=float)
        return self.raw_ppf(np.clip(rng.random(shape), 2.0**-54, None))


def _interval(support: Any) -> Interval:
    """`support` as an Interval; ParameterError where it is none, or has no inside."""
    try:
        interval = support if isinstance(support, Interval) else Interval(*support)
        good = np.ndim(value(interval.low)) == 0 and float(interval.low) < float(interval.high)
    except (TypeError, ValueError):
        good = False
    if not good:
        raise ParameterError(argument_error("support", "an Interval or a pair (low, high) with low < high", support))
    return interval


def _log_distance(x: Any, end: Any) -> Any:
    """log of the distance from an end, or of |x| where the end is infinite."""
    return value(log_abs(x - end if np.isfinite(end) else x))
