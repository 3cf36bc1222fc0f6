"""The laws of |X| for X normal and Cauchy."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.anchored import Anchored, anchored, value
from densities.distributions.base import register
from densities.distributions.continuous.location_scale import Cauchy
from densities.distributions.continuous.shared import HALF_LOG_2PI, LOG2, LOG_PI, normal_cdf
from densities.distributions.family import Family
from densities.domains import Interval
from densities.logmath import log1mexp
from densities.parameters import positive

CAUCHY = Cauchy()


@register(
    "half_normal",
    aliases=("halfnormal",),
    examples=[{}, {"scale": 2.0}],
    source="Johnson, Kotz, Balakrishnan 1, ch. 13",
)
class HalfNormal(Family):
    """f(x) = √(2/π) e^(-z²/2)/scale, z = x/scale >= 0: the law of |N|; scale > 0; tails by erfc and erfcx."""

    shared_draws = True
    parameters = {"scale": positive(1.0, "sigma")}
    scale_name = "scale"
    latex_density = r"\frac{1}{\mathrm{scale}}\sqrt{\frac2\pi}\,e^{-x^2/(2\,\mathrm{scale}^2)}"

    @classmethod
    def standard_support(cls) -> Interval:
        return Interval(0.0, np.inf, low_closed=True)

    def _logpdf(self, z: Any) -> Any:
        return z * z * -0.5 + (LOG2 - HALF_LOG_2PI)

    def _cdf(self, z: Any) -> Any:
        return special.erf(value(z) / np.sqrt(2.0))

    def _sf(self, z: Any) -> Any:
        return 2.0 * normal_cdf(-z)

    def _logcdf(self, z: Any) -> Any:
        x = value(z)
        inner = np.where(x < 1.0, np.log(self._cdf(z)), np.log1p(-special.erfc(x / np.sqrt(2.0))))
        return np.where(x < 1e-9, np.log(z) + (LOG2 - HALF_LOG_2PI), inner)

    def _logsf(self, z: Any) -> Any:
        return np.where(value(z) < 0.5, np.log1p(-self._cdf(z)), special.log_ndtr(-z) + LOG2)

    def _ppf(self, q: Any) -> Any:
        return special.erfinv(q) * np.sqrt(2.0)

    def _isf(self, q: Any) -> Any:
        return -special.ndtri(0.5 * q)

    def _log_ppf(self, logq: Any) -> Any:
        small = Anchored.from_log(logq + (HALF_LOG_2PI - LOG2))
        direct = np.where(
            logq < -LOG2, special.erfinv(np.exp(logq)) * np.sqrt(2.0), -special.ndtri_exp(log1mexp(logq) - LOG2)
        )
        return np.where(logq < -40.0, small, direct)

    def _log_isf(self, logq: Any) -> Any:
        return np.where(logq < -LOG2, -special.ndtri_exp(logq - LOG2), special.erfinv(-np.expm1(logq)) * np.sqrt(2.0))

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return np.abs(rng.standard_normal(shape))

    def _mean(self) -> Any:
        return np.sqrt(2.0 / np.pi)

    def _var(self) -> Any:
        return 1.0 - 2.0 / np.pi

    def _mode(self) -> Any:
        return 0.0

    def _entropy(self) -> Any:
        return HALF_LOG_2PI - LOG2 + 0.5


@register(
    "half_cauchy",
    aliases=("halfcauchy",),
    examples=[{}, {"scale": 2.0}],
    source="Johnson, Kotz, Balakrishnan 1, ch. 16",
)
class HalfCauchy(Family):
    """f(x) = 2/(π scale (1 + z²)), z = x/scale >= 0: the law of |Cauchy|; scale > 0; no finite mean."""

    parameters = {"scale": positive(1.0, "beta", "gamma")}
    scale_name = "scale"
    latex_density = r"\frac{2}{\pi\,\mathrm{scale}\left(1+(x/\mathrm{scale})^2\right)}"

    @classmethod
    def standard_support(cls) -> Interval:
        return Interval(0.0, np.inf, low_closed=True)

    def _logpdf(self, z: Any) -> Any:
        return CAUCHY._logpdf(z) + LOG2

    def _cdf(self, z: Any) -> Any:
        return np.arctan(value(z)) * (2.0 / np.pi)

    def _sf(self, z: Any) -> Any:
        return CAUCHY._cdf(-z) * 2.0

    def _logcdf(self, z: Any) -> Any:
        small = value(z) < 1e-8
        inner = np.where(value(z) < 1.0, np.log(self._cdf(z)), np.log1p(-value(self._sf(z))))
        return np.where(small, np.log(z) + (LOG2 - LOG_PI), inner)

    def _logsf(self, z: Any) -> Any:
        return np.where(value(z) < 1.0, np.log1p(-self._cdf(z)), np.log(self._sf(z)))

    def _ppf(self, q: Any) -> Any:
        return np.where(q < 0.5, np.tan(0.5 * np.pi * q), 1.0 / np.tan(0.5 * np.pi * (1.0 - q)))

    def _isf(self, q: Any) -> Any:
        return np.where(q < 0.5, 1.0 / np.tan(0.5 * np.pi * q), np.tan(0.5 * np.pi * (1.0 - q)))

    def _log_ppf(self, logq: Any) -> Any:
        q = np.where(logq < -LOG2, np.exp(logq), -np.expm1(logq))
        inner = np.where(logq < -LOG2, np.tan(0.5 * np.pi * q), 1.0 / np.tan(0.5 * np.pi * q))
        return np.where(logq < -40.0, Anchored.from_log(logq + LOG_PI - LOG2), inner)

    def _log_isf(self, logq: Any) -> Any:
        return 1.0 / anchored(self._log_ppf(logq))

    def _mass(self, a: Any, b: Any) -> Any:
        return 2.0 * CAUCHY._mass(a, b)

    def _log_mass(self, a: Any, b: Any) -> Any:
        return CAUCHY._log_mass(a, b) + LOG2

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return np.abs(rng.standard_cauchy(shape))

    def _mean(self) -> Any:
        return np.inf

    def _var(self) -> Any:
        return np.inf

    def _median(self) -> Any:
        return 1.0

    def _mode(self) -> Any:
        return 0.0

    def _entropy(self) -> Any:
        return LOG_PI + LOG2
