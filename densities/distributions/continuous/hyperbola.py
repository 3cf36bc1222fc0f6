"""Families on a bounded interval whose density is a hyperbola, 1/(1 + rz): log-uniform, Bradford."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.anchored import Anchored, value
from densities.distributions.base import register
from densities.distributions.continuous.shared import LOG2, log_length, log_of_tail, near_one
from densities.distributions.continuous.unit_interval import Between
from densities.distributions.family import Family
from densities.logmath import log1mexp, log1p_minus_x
from densities.parameters import REQUIRED, positive, real


class Hyperbola(Between):
    """f ∝ 1/(1 + rz) on [low, high], z = (x - low)/(high - low): F = log(1 + rz)/L, 1 - F = log(1 + r(1-z)/(1+rz))/L.

    L = log(1 + r); both tails are logarithms of numbers near 1, nothing cancels.
    """

    def _standard_ends(self, a: Any, b: Any) -> tuple[Any, Any]:
        """As for every family: the density is smooth at both ends, so that widths matter and distances from `high` do not."""
        return Family._standard_ends(self, a, b)

    def _logpdf(self, z: Any, r: Any) -> Any:
        return np.log(r / np.log1p(r)) - value(np.log1p(z * r))

    def _cdf(self, z: Any, r: Any) -> Any:
        return np.log1p(z * r) / np.log1p(r)

    def _sf(self, z: Any, r: Any) -> Any:
        return np.log1p((1.0 - z) * r / (1.0 + value(z) * r)) / np.log1p(r)

    def _logcdf(self, z: Any, r: Any) -> Any:
        return log_of_tail(self._cdf(z, r), value(self._sf(z, r)))

    def _logsf(self, z: Any, r: Any) -> Any:
        return log_of_tail(self._sf(z, r), value(self._cdf(z, r)))

    def _mass(self, a: Any, b: Any, r: Any) -> Any:
        return np.log1p((b - a) * r / (1.0 + value(a) * r)) / np.log1p(r)

    def _log_mass(self, a: Any, b: Any, r: Any) -> Any:
        short = log_length(a, b) + np.log(r / (1.0 + value(a) * r) / np.log1p(r))
        return np.where(short < -40.0, short, np.log(value(self._mass(a, b, r))))

    def _low(self, q: Any, r: Any) -> Any:
        """The distance from the low end of the quantile at a small q."""
        return np.expm1(q * np.log1p(r)) / r

    def _high(self, q: Any, r: Any) -> Any:
        """The distance from the high end of the upper quantile."""
        return -np.expm1(-q * np.log1p(r)) * (1.0 + r) / r

    def _ppf(self, q: Any, r: Any) -> Any:
        return np.where(q < 0.5, Anchored.exact(self._low(q, r)), near_one(self._high(1.0 - q, r)))

    def _isf(self, q: Any, r: Any) -> Any:
        return np.where(q < 0.5, near_one(self._high(q, r)), Anchored.exact(self._low(1.0 - q, r)))

    def _log_ppf(self, logq: Any, r: Any) -> Any:
        small = Anchored.from_log(logq + np.log(np.log1p(r) / r))
        inner = self._ppf(np.exp(np.minimum(logq, -LOG2)), r)
        outer = self._isf(np.exp(log1mexp(np.maximum(logq, -LOG2))), r)
        return np.where(logq < -40.0, small, np.where(logq < -LOG2, inner, outer))

    def _log_isf(self, logq: Any, r: Any) -> Any:
        small = Anchored.from_log(logq + np.log(np.log1p(r) * (1.0 + r) / r), -1.0, 1.0)
        inner = self._isf(np.exp(np.minimum(logq, -LOG2)), r)
        outer = self._ppf(np.exp(log1mexp(np.maximum(logq, -LOG2))), r)
        return np.where(logq < -40.0, small, np.where(logq < -LOG2, inner, outer))

    def _mean(self, r: Any) -> Any:
        """(r - L)/(rL)."""
        return -log1p_minus_x(r) / (r * np.log1p(r))

    def _mode(self, r: Any) -> Any:
        return 0.0 * r

    def _entropy(self, r: Any) -> Any:
        length = np.log1p(r)
        return 0.5 * length + np.log(length / r)


@register(
    "log_uniform",
    aliases=("loguniform", "reciprocal_law"),
    examples=[{"low": 0.5, "high": 20.0}, {"low": 1.0, "high": 1.001}, {"low": 1.0, "high": 1e6}],
    source="R. W. Hamming, Bell Syst. Tech. J. 49 (1970)",
)
class LogUniform(Hyperbola):
    """f(x) = 1/(x log(high/low)) for low <= x <= high, 0 < low < high: the law of exp(Uniform(log low, log high))."""

    parameters = {"low": positive(REQUIRED, "a", "lower"), "high": positive(REQUIRED, "b", "upper")}
    latex_density = r"\frac{1}{x\log(\mathrm{high}/\mathrm{low})}"

    def standard_shapes(self) -> tuple[Any, ...]:
        """(high - low)/low."""
        return (self._scale / self.params["low"],)

    def standard(self) -> Any:
        """Bradford's law of the same shape."""
        return Bradford(self._shapes[0])


@register(
    "bradford",
    examples=[{"c": 2.0}, {"c": 0.01, "low": -1.0, "high": 3.0}],
    source="S. C. Bradford, Engineering 137 (1934)",
)
class Bradford(Hyperbola):
    """f(x) = c/((1 + cz) log(1 + c)(high - low)), z = (x - low)/(high - low) in [0, 1]; c > 0; a shifted log-uniform."""

    parameters = {"c": positive(), "low": real(0.0), "high": real(1.0)}
    latex_density = (
        r"\frac{\mathrm{c}}{(1+\mathrm{c}z)\log(1+\mathrm{c})(\mathrm{high}-\mathrm{low})},\quad z="
        r"\frac{x-\mathrm{low}}{\mathrm{high}-\mathrm{low}}"
    )

    def standard_shapes(self) -> tuple[Any, ...]:
        """The number c."""
        return (self.params["c"],)


__all__ = ["Bradford", "Hyperbola", "LogUniform"]
