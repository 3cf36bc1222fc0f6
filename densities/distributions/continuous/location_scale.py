"""Families on the whole line with a location and a scale: normal, Cauchy, Laplace, logistic, Gumbel."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.anchored import Anchored, value
from densities.anchored.numbers import ROOT2
from densities.distributions import masses
from densities.distributions.base import register
from densities.distributions.continuous.shared import (
    EULER,
    HALF_LOG_2PI,
    LOG2,
    LOG_PI,
    Symmetric,
    complement,
    normal_cdf,
)
from densities.distributions.family import Family
from densities.logmath import log1mexp
from densities.numerics.streams import NORMAL
from densities.parameters import positive, real


@register(
    "normal",
    aliases=("gaussian",),
    examples=[{}, {"loc": 1.0, "scale": 2.0}, {"loc": -3.0, "scale": 0.01}],
    source="NIST DLMF 7; Johnson, Kotz, Balakrishnan, Continuous Univariate Distributions 1, ch. 13",
)
class Normal(Symmetric, Family):
    """f(x) = exp(-z²/2)/(scale √(2π)), z = (x - loc)/scale, on the line.

    loc real, scale > 0. cdf Φ(z) by erfc, log tails by erfcx: a few ulp beyond what an ulp of z does, at any depth.
    """

    stream, shared_draws = NORMAL, True
    parameters = {"loc": real(0.0, "mu", "mean"), "scale": positive(1.0, "sigma", "std")}
    location_name, scale_name = "loc", "scale"
    latex_density = (
        r"\frac{1}{\mathrm{scale}\sqrt{2\pi}}\exp\left(-\frac{(x-\mathrm{loc})^2}{2\,\mathrm{scale}^2}"
        r"\right)"
    )

    def _logpdf(self, z: Any) -> Any:
        return z * z * -0.5 - HALF_LOG_2PI

    def _cdf(self, z: Any) -> Any:
        return normal_cdf(z)

    def _logcdf(self, z: Any) -> Any:
        return special.log_ndtr(z)

    def _ppf(self, q: Any) -> Any:
        return special.ndtri(q)

    def _log_ppf(self, logq: Any) -> Any:
        return special.ndtri_exp(logq)

    def _mass(self, a: Any, b: Any) -> Any:
        known, central = _about_centre(a, b)
        return central if known.all() else np.where(known, central, masses.mass(self._standard_view(), a, b))

    def _log_mass(self, a: Any, b: Any) -> Any:
        known, central = _about_centre(a, b)
        if known.all():
            return np.log(central)
        return np.where(known, np.log(central), masses.log_mass(self._standard_view(), a, b))

    def _var(self) -> Any:
        return 1.0

    def _entropy(self) -> Any:
        return HALF_LOG_2PI + 0.5


def _about_centre(a: Any, b: Any) -> tuple[np.ndarray, Any]:
    """Where the normal mass from a to b is the sum of those from 0 to either, or a difference that keeps its digits; and it."""
    first, second = (0.5 * special.erf(np.asarray(value(end)) / ROOT2) for end in (a, b))
    central = second - first
    small, large = np.minimum(np.abs(first), np.abs(second)), np.maximum(np.abs(first), np.abs(second))
    known = ((first <= 0.0) & (second >= 0.0)) | ((small < 0.5 * large) & (large < 0.25))
    return known & (central > masses.RARE), central


@register("cauchy", examples=[{}, {"loc": 1.0, "scale": 2.0}], source="Johnson, Kotz, Balakrishnan 1, ch. 16")
class Cauchy(Symmetric, Family):
    """f(x) = 1/(π scale (1 + z²)), z = (x - loc)/scale, on the line.

    loc real, scale > 0. Tails atan(1/|z|)/π to a few ulp; P(a, b] = atan((b - a)/(1 + ab))/π; no mean.
    """

    shared_draws = True
    parameters = {"loc": real(0.0, "mu"), "scale": positive(1.0, "sigma", "gamma")}
    location_name, scale_name = "loc", "scale"
    latex_density = r"\frac{1}{\pi\,\mathrm{scale}\left(1+\left(\frac{x-\mathrm{loc}}{\mathrm{scale}}\right)^2\right)}"

    def _logpdf(self, z: Any) -> Any:
        size = np.abs(z)
        large = size > 1e100
        return (
            np.where(large, np.log(np.where(large, size, 1.0)) * -2.0, -np.log1p(np.square(np.where(large, 1.0, size))))
            - LOG_PI
        )

    def _cdf(self, z: Any) -> Any:
        far = z < -1e8
        return np.where(far, -1.0 / (np.where(far, z, -1.0) * np.pi), np.arctan2(1.0, -value(z)) / np.pi)

    def _logcdf(self, z: Any) -> Any:
        return np.where(z < 1.0, np.log(self._cdf(z)), np.log1p(-self._cdf(-z)))

    def _ppf(self, q: Any) -> Any:
        middle = np.abs(q - 0.5) < 0.25
        tail = np.where(q < 0.5, q, q - 1.0)
        return np.where(middle, np.tan(np.pi * (np.where(middle, q, 0.5) - 0.5)), -1.0 / np.tan(np.pi * tail))

    def _log_ppf(self, logq: Any) -> Any:
        q = np.where(logq < -LOG2, np.exp(logq), -np.expm1(logq))
        inner = np.where(logq < -LOG2, self._ppf(q), -self._ppf(q))
        return np.where(logq < -40.0, Anchored.from_log(-logq - LOG_PI, -1.0), inner)

    def _mass(self, a: Any, b: Any) -> Any:
        near, difference = (value(x) for x in (a, b - a))
        far = value(b)
        size_near, size_far = np.maximum(np.abs(near), 1.0), np.maximum(np.abs(far), 1.0)
        unit_near, unit_far = np.clip(near, -1.0, 1.0), np.clip(far, -1.0, 1.0)
        gap = np.where(
            np.isfinite(difference), difference / size_near / size_far, unit_far / size_near - unit_near / size_far
        )
        return np.arctan2(gap, 1.0 / size_near / size_far + unit_near * unit_far) / np.pi

    def _log_mass(self, a: Any, b: Any) -> Any:
        mass = self._mass(a, b)
        middle = self._logpdf(0.5 * (a + b))
        return np.where(mass > 1e-280, np.log(mass), middle + np.log(b - a))

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return rng.standard_cauchy(shape)

    def _mean(self) -> Any:
        return np.nan

    def _var(self) -> Any:
        return np.inf

    def _entropy(self) -> Any:
        return LOG_PI + 2 * LOG2


@register(
    "laplace",
    aliases=("double_exponential",),
    examples=[{}, {"loc": 1.0, "scale": 2.0}],
    source="Johnson, Kotz, Balakrishnan 2, ch. 24",
)
class Laplace(Symmetric, Family):
    """f(x) = exp(-|z|)/(2 scale), z = (x - loc)/scale, on the line; loc real, scale > 0; everything to a few ulp."""

    shared_draws = True
    parameters = {"loc": real(0.0, "mu"), "scale": positive(1.0, "b")}
    location_name, scale_name = "loc", "scale"
    latex_density = r"\frac{1}{2\,\mathrm{scale}}\exp\left(-\frac{|x-\mathrm{loc}|}{\mathrm{scale}}\right)"

    def _logpdf(self, z: Any) -> Any:
        return -np.abs(z) - LOG2

    def _cdf(self, z: Any) -> Any:
        half = 0.5 * np.exp(-np.abs(z))
        return np.where(z < 0, half, 1.0 - half)

    def _logcdf(self, z: Any) -> Any:
        return np.where(z < 0, -np.abs(z) - LOG2, np.log1p(-0.5 * np.exp(-np.abs(z))))

    def _ppf(self, q: Any) -> Any:
        return np.where(q < 0.5, np.log(2.0 * q), -np.log(2.0 * (1.0 - q)))

    def _log_ppf(self, logq: Any) -> Any:
        return np.where(logq < -LOG2, logq + LOG2, -LOG2 - log1mexp(logq))

    def _log_mass(self, a: Any, b: Any) -> Any:
        """Each side of 0 by itself: 1 - e^-(b - a) times the tail at the inner end."""
        outer_low, inner_low = np.minimum(a, 0.0), np.minimum(b, 0.0)
        inner_high, outer_high = np.maximum(a, 0.0), np.maximum(b, 0.0)
        below = np.where(a < 0, value(inner_low + complement(outer_low - inner_low)), -np.inf)
        above = np.where(b > 0, value(-inner_high + complement(inner_high - outer_high)), -np.inf)
        return np.logaddexp(below, above) - LOG2

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return rng.laplace(size=shape)

    def _kinks(self) -> tuple[float, ...]:
        return (0.0,)

    def _var(self) -> Any:
        return 2.0

    def _entropy(self) -> Any:
        return 1.0 + LOG2


@register("logistic", examples=[{}, {"loc": 1.0, "scale": 2.0}], source="Johnson, Kotz, Balakrishnan 2, ch. 23")
class Logistic(Symmetric, Family):
    """f(x) = e^-z/(scale (1 + e^-z)²), z = (x - loc)/scale, on the line; loc real, scale > 0; everything to a few ulp."""

    shared_draws = True
    parameters = {"loc": real(0.0, "mu"), "scale": positive(1.0, "s")}
    location_name, scale_name = "loc", "scale"
    latex_density = r"\frac{e^{-z}}{\mathrm{scale}\,(1+e^{-z})^2},\quad z=\frac{x-\mathrm{loc}}{\mathrm{scale}}"

    def _logpdf(self, z: Any) -> Any:
        size = np.abs(z)
        return -size - 2.0 * np.log1p(np.exp(-size))

    def _cdf(self, z: Any) -> Any:
        return special.expit(z)

    def _logcdf(self, z: Any) -> Any:
        return special.log_expit(z)

    def _ppf(self, q: Any) -> Any:
        return special.logit(q)

    def _log_ppf(self, logq: Any) -> Any:
        return logq - log1mexp(logq)

    def _log_mass(self, a: Any, b: Any) -> Any:
        return special.log_expit(b) + special.log_expit(-a) + complement(a - b)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return rng.logistic(size=shape)

    def _var(self) -> Any:
        return np.pi**2 / 3.0

    def _entropy(self) -> Any:
        return 2.0


@register("gumbel", examples=[{}, {"loc": 1.0, "scale": 2.0}], source="Johnson, Kotz, Balakrishnan 2, ch. 22")
class Gumbel(Family):
    """f(x) = exp(-z - e^-z)/scale, z = (x - loc)/scale, on the line: the law of maxima.

    loc real, scale > 0. F = exp(-e^-z), 1 - F = -expm1(-e^-z): everything to a few ulp beyond what an ulp of z does.
    """

    shared_draws = True
    parameters = {"loc": real(0.0, "mu"), "scale": positive(1.0, "beta")}
    location_name, scale_name = "loc", "scale"
    latex_density = r"\frac{1}{\mathrm{scale}}\exp\left(-z-e^{-z}\right),\quad z=\frac{x-\mathrm{loc}}{\mathrm{scale}}"

    def _logpdf(self, z: Any) -> Any:
        return -z - np.exp(-z)

    def _cdf(self, z: Any) -> Any:
        return np.exp(-np.exp(-z))

    def _sf(self, z: Any) -> Any:
        return -np.expm1(-np.exp(-z))

    def _logcdf(self, z: Any) -> Any:
        return -np.exp(-z)

    def _logsf(self, z: Any) -> Any:
        rare = np.exp(-z)
        return np.where(z > 40.0, -z, complement(-rare))

    def _ppf(self, q: Any) -> Any:
        return -np.log(-np.where(q < 0.5, np.log(q), np.log1p(q - 1.0)))

    def _isf(self, q: Any) -> Any:
        return -np.log(-np.log1p(-q))

    def _log_ppf(self, logq: Any) -> Any:
        return -np.log(-logq)

    def _log_isf(self, logq: Any) -> Any:
        return np.where(logq < -40.0, -logq, -np.log(-log1mexp(logq)))

    def _log_mass(self, a: Any, b: Any) -> Any:
        """F(b)(1 - exp(e^-b - e^-a)), the difference as -e^-b expm1(b - a) over short intervals."""
        rate, width = np.exp(-b), b - a
        return -rate + complement(np.where(width > 1.0, rate - np.exp(-a), -rate * np.expm1(width)))

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return rng.gumbel(size=shape)

    def _mean(self) -> Any:
        return EULER

    def _var(self) -> Any:
        return np.pi**2 / 6.0

    def _median(self) -> Any:
        return -np.log(LOG2)

    def _mode(self) -> Any:
        return 0.0

    def _entropy(self) -> Any:
        return 1.0 + EULER
