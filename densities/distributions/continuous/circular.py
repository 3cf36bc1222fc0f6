"""Families on the circle, as laws on [-π, π): von Mises, wrapped Cauchy."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.anchored import Anchored, log_abs, value
from densities.distributions.base import register
from densities.distributions.continuous.shared import LOG2, complement, log_of_tail, patched
from densities.distributions.family import Family
from densities.distributions.masses import toward_ends
from densities.domains import Interval
from densities.logmath import log1mexp
from densities.parameters import REQUIRED, real, within

LOG_2PI = float(np.log(2.0 * np.pi))
PI_SLACK = 1.3e-16  # more than what the double has lost of π
NODES, WEIGHTS = np.polynomial.legendre.leggauss(64)
# From this concentration on five terms of a series are right to rounding.
FAR = 1e3
# Beyond this fall of the log-density a piece adds nothing.
FALL = 45.0


class Circular(Family):
    """A family on [-π, π) whose density depends on the angle from its centre.

    π is no double: anchored points are known by their distance from it, and others beside it are placed so.
    """

    fragile = True

    @classmethod
    def standard_support(cls, *shapes: Any) -> Interval:
        return Interval(-np.pi, np.pi, low_closed=True, low_slack=PI_SLACK, high_slack=PI_SLACK)

    def _log_ends(self, x: Any, *shapes: Any) -> tuple[Any, Any]:
        """log P(-π < X < x) and log P(x < X < π)."""
        raise NotImplementedError

    def _cdf(self, x: Any, *shapes: Any) -> Any:
        return np.exp(value(self._logcdf(x, *shapes)))

    def _sf(self, x: Any, *shapes: Any) -> Any:
        return np.exp(value(self._logsf(x, *shapes)))

    def _logcdf(self, x: Any, *shapes: Any) -> Any:
        lower, upper = self._log_ends(x, *shapes)
        return np.where(lower > -LOG2, complement(upper), lower)

    def _logsf(self, x: Any, *shapes: Any) -> Any:
        lower, upper = self._log_ends(x, *shapes)
        return np.where(upper > -LOG2, complement(lower), upper)


def wrapped(angle: Any) -> Any:
    """The angle in [-π, π)."""
    return np.where(np.abs(angle) > np.pi, np.mod(np.add(angle, np.pi), 2.0 * np.pi) - np.pi, angle)


def log_cos_mass(low: Any, high: Any, kappa: Any) -> Any:
    """log ∫ exp(κ(cos s - 1)) ds from low to high within [-2π, 2π], each monotone piece from its higher end.

    64 Gauss-Legendre nodes reach 45 e-folds down, which they resolve to a few ulp.
    """
    total: Any = np.full(np.broadcast_shapes(np.shape(low), np.shape(high), np.shape(kappa)), -np.inf)
    for k in range(-2, 2):
        start, stop = np.clip(low, k * np.pi, (k + 1) * np.pi), np.clip(high, k * np.pi, (k + 1) * np.pi)
        peak, other = (start, stop) if k % 2 == 0 else (stop, start)
        piece = patched(np.full(total.shape, -np.inf), start < stop, _log_piece, peak, other, kappa)
        total = np.logaddexp(total, piece)
    return total


def _log_piece(peak: Any, other: Any, kappa: Any) -> Any:
    """The same between the higher end of a piece where the cosine is monotone and another point of it."""
    height = np.sin(0.5 * peak) ** 2
    reach = 2.0 * np.arcsin(np.sqrt(np.minimum(height + FALL / (2.0 * np.maximum(kappa, 1e-300)), 1.0)))
    away = np.abs(2.0 * np.arcsin(np.sqrt(height)) - reach)
    length = np.minimum(np.abs(other - peak), np.where(reach < np.pi, away, np.inf))
    step = np.where(np.asarray(other > peak), length, -length)[..., None] * (0.5 * (NODES + 1.0))
    middle = np.asarray(peak)[..., None] + 0.5 * step
    values = np.exp(-2.0 * np.asarray(kappa)[..., None] * np.sin(0.5 * step) * np.sin(middle))
    return np.log(length) - 2.0 * kappa * height + np.log(values @ (0.5 * WEIGHTS))


def log_cos_mass_beside(end: Any, log_gap: Any, kappa: Any, side: float) -> Any:
    """log ∫ exp(κ(cos s - 1)) ds over a gap of at most 1 and 1/κ beside an end, to all digits of the gap.

    There cos s = cos end - 2 sin(u/2) sin(end + u/2) for the distance u from the end.
    """
    half = 0.5 * side * np.exp(np.minimum(log_gap, 0.0))[..., None] * (0.5 * (NODES + 1.0))
    values = np.exp(-2.0 * np.asarray(kappa)[..., None] * np.sin(half) * np.sin(np.asarray(end)[..., None] + half))
    return log_gap - 2.0 * kappa * np.sin(0.5 * end) ** 2 + np.log(values @ (0.5 * WEIGHTS))


@register(
    "von_mises",
    aliases=("vonmises",),
    examples=[{"kappa": 1.0}, {"kappa": 4.0, "mu": 0.5}, {"kappa": 1e4}, {"kappa": 0.01}],
    source="NIST DLMF 10.32; Mardia and Jupp, Directional Statistics, ch. 3",
)
class VonMises(Circular):
    """f(x) = exp(kappa cos(x - mu))/(2π I0(kappa)) for -π <= x < π; kappa >= 0, mu real (taken modulo 2π).

    Tails by Gauss-Legendre quadrature of the density from its higher end, relative to a few ulp for any kappa.
    """

    parameters = {"kappa": within(0.0, np.inf, REQUIRED, "concentration", low_closed=True), "mu": real(0.0, "loc")}
    latex_density = r"\frac{e^{\kappa\cos(x-\mu)}}{2\pi I_0(\kappa)}"

    inverts_fast = False

    def _landmarks(self, kappa: Any, mu: Any) -> Any:
        """The peak with its width, and the trough."""
        width = 1.0 / np.sqrt(np.maximum(kappa, 0.1))
        return [wrapped(mu + step) for step in (-4 * width, -width, 0.0, width, 4 * width, np.pi)]

    def _logpdf(self, x: Any, kappa: Any, mu: Any) -> Any:
        return np.square(np.sin(0.5 * value(x - wrapped(mu)))) * (-2.0 * kappa) - (np.log(special.i0e(kappa)) + LOG_2PI)

    def _log_ends(self, x: Any, kappa: Any, mu: Any) -> tuple[Any, Any]:
        centre = wrapped(mu)
        angle, norm = value(x) - centre, np.log(special.i0e(kappa)) + LOG_2PI
        masses = []
        for end in (-np.pi, np.pi):
            gap = log_abs(x - end)
            low, high = np.broadcast_arrays(*((end - centre, angle) if end < 0 else (angle, end - centre)))
            beside = (gap < 0.0) & (gap + np.log(kappa) < 0.0)  # there the difference of two angles would lose digits
            mass = log_cos_mass(low, high, kappa)
            mass = patched(mass, beside, log_cos_mass_beside, end - centre, gap, kappa, -np.sign(end))
            masses.append(np.minimum(mass - norm, 0.0))
        return masses[0], masses[1]

    def guide(self) -> np.ndarray:
        """Points around the circle, more of them over the peak and toward the ends."""
        if self.batch_shape:
            return np.empty(0)
        kappa, mu = self._shapes
        peak = wrapped(mu) + np.linspace(-8.0, 8.0, 65) / np.sqrt(np.maximum(kappa, 1.0))
        points = np.concatenate([np.linspace(-np.pi, np.pi, 129), peak, toward_ends(-np.pi, np.pi, np.pi)])
        return np.unique(points[np.abs(points) < np.pi])

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], kappa: Any, mu: Any) -> Any:
        return wrapped(rng.vonmises(0.0, kappa, shape) + wrapped(mu))

    def _mode(self, kappa: Any, mu: Any) -> Any:
        return wrapped(mu)

    def _entropy(self, kappa: Any, mu: Any) -> Any:
        """log 2πI0 - κA, A = I1/I0; κ(1 - A) by its series in 1/κ where that loses digits (NIST DLMF 10.40.1)."""
        zero, one = special.i0e(kappa), special.i1e(kappa)
        far = 1.0 / np.maximum(kappa, FAR)
        series = 0.5 + far * (0.125 + far * (0.125 + far * (25.0 / 128.0 + far * (13.0 / 32.0))))
        return np.where(kappa < FAR, kappa * (1.0 - one / zero), series) + np.log(zero) + LOG_2PI


@register(
    "wrapped_cauchy",
    aliases=("wrapcauchy",),
    examples=[{"c": 0.5}, {"c": 0.9, "loc": 1.0}],
    source="Mardia and Jupp, Directional Statistics, section 3.5",
)
class WrappedCauchy(Circular):
    """f(x) = (1 - c²)/(2π(1 + c² - 2c cos(x - loc))) for -π <= x < π; 0 < c < 1, loc real (taken modulo 2π).

    An arc's mass is the angle between (cos t/2, r sin t/2) at its ends over π, r = (1 + c)/(1 - c): closed and relative
    to a few ulp, quantiles too.
    """

    parameters = {"c": within(0.0, 1.0, REQUIRED, "rho"), "loc": real(0.0, "mu")}
    latex_density = r"\frac{1-c^2}{2\pi\left(1+c^2-2c\cos(x-\mathrm{loc})\right)}"

    def _logpdf(self, x: Any, c: Any, loc: Any) -> Any:
        half = np.sin(0.5 * value(x - wrapped(loc)))
        return np.log1p(-c * c) - LOG_2PI - np.log((1.0 - c) * (1.0 - c) + 4.0 * c * half * half)

    @staticmethod
    def _arc(start: Any, stop: Any, width: Any, ratio: Any) -> Any:
        """The mass of an arc from its ends and its width, all in radians from the centre."""
        along = np.cos(0.5 * start) * np.cos(0.5 * stop) + ratio * ratio * np.sin(0.5 * start) * np.sin(0.5 * stop)
        return np.arctan2(ratio * np.sin(0.5 * width), along) / np.pi

    def _log_ends(self, x: Any, c: Any, loc: Any) -> tuple[Any, Any]:
        centre, ratio = wrapped(loc), (1.0 + c) / (1.0 - c)
        angle, below, above = value(x) - centre, x + np.pi, np.pi - x
        lower = self._arc(-np.pi - centre, angle, value(below), ratio)
        upper = self._arc(angle, np.pi - centre, value(above), ratio)
        density = self._logpdf(x, c, loc)
        return (
            np.where(log_abs(below) < -40.0, density + log_abs(below), log_of_tail(lower, upper)),
            np.where(log_abs(above) < -40.0, density + log_abs(above), log_of_tail(upper, lower)),
        )

    def _distance(self, q: Any, end: Any, ratio: Any) -> Any:
        """The width of the arc of mass q that leaves `end`, on either side (the law is the same seen from there mirrored)."""
        first = np.arctan2(ratio * np.sin(0.5 * end), np.cos(0.5 * end))
        second = first + np.pi * q
        along = np.cos(first) * np.cos(second) + np.sin(first) * np.sin(second) / (ratio * ratio)
        return 2.0 * np.arctan2(np.sin(np.pi * q) / ratio, along)

    def _ppf(self, q: Any, c: Any, loc: Any) -> Any:
        ratio, centre = (1.0 + c) / (1.0 - c), wrapped(loc)
        low = Anchored(-np.pi, self._distance(q, -np.pi - centre, ratio))
        return np.where(q < 0.5, low, Anchored(np.pi, -self._distance(1.0 - q, -np.pi + centre, ratio)))

    def _isf(self, q: Any, c: Any, loc: Any) -> Any:
        ratio, centre = (1.0 + c) / (1.0 - c), wrapped(loc)
        high = Anchored(np.pi, -self._distance(q, -np.pi + centre, ratio))
        return np.where(q < 0.5, high, Anchored(-np.pi, self._distance(1.0 - q, -np.pi - centre, ratio)))

    def _log_ppf(self, logq: Any, c: Any, loc: Any) -> Any:
        deep = Anchored.from_log(logq - self._logpdf(-np.pi, c, loc), 1.0, -np.pi)
        inner = np.where(logq < -LOG2, self._ppf(np.exp(logq), c, loc), self._isf(np.exp(log1mexp(logq)), c, loc))
        return np.where(logq < -600.0, deep, inner)

    def _log_isf(self, logq: Any, c: Any, loc: Any) -> Any:
        deep = Anchored.from_log(logq - self._logpdf(np.pi, c, loc), -1.0, np.pi)
        inner = np.where(logq < -LOG2, self._isf(np.exp(logq), c, loc), self._ppf(np.exp(log1mexp(logq)), c, loc))
        return np.where(logq < -600.0, deep, inner)

    def _mode(self, c: Any, loc: Any) -> Any:
        return wrapped(loc)

    def _entropy(self, c: Any, loc: Any) -> Any:
        return LOG_2PI + np.log1p(-c * c)
