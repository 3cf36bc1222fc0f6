"""Families made of both sides of a law: |B| folds them together, and a sign drawn by a fair coin parts them again."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from scipy import special

from densities.anchored import Anchored, anchored, sign, value
from densities.arrays import some
from densities.distributions.base import register
from densities.distributions.continuous.heavy import StudentT
from densities.distributions.continuous.location_scale import Cauchy, Normal
from densities.distributions.continuous.positive import Gamma
from densities.distributions.continuous.powers import Weibull
from densities.distributions.continuous.ratios import F
from densities.distributions.continuous.shared import LOG2, Symmetric, complement
from densities.distributions.family import Family
from densities.domains import Interval
from densities.logmath import log1mexp
from densities.parameters import REQUIRED, positive, real, within

JOHNSON = "Johnson, Kotz, Balakrishnan 1 and 2"

# Nearer to 0 a density is the one at 0 to all digits, for any parameters below the inverse.
LEAST = 1e-200
LOG_LEAST = float(np.log(LEAST))


class Folded(Family):
    """X = scale·|B|: `whole` gives the law of B on the line, no denser at -z than at z > 0.

    P(X > z) = P(B < -z) + P(B > z), and nothing cancels.
    """

    inverts_fast = False

    @staticmethod
    def whole(*shapes: Any) -> Any:
        """The law of B."""
        raise NotImplementedError

    @cached_property
    def _whole(self) -> Any:
        return self.whole(*self._shapes)

    @classmethod
    def standard_support(cls, *shapes: Any) -> Interval:
        return Interval(0.0, np.inf, low_closed=True)

    def _logpdf(self, z: Any, *shapes: Any) -> Any:
        here, there = self._whole.raw_logpdf(z), self._whole.raw_logpdf(-z)
        return here + np.log1p(np.exp(np.fmin(value(there - here), 0.0)))  # far out both may have left the doubles

    def _cdf(self, z: Any, *shapes: Any) -> Any:
        return self._whole.raw_mass(anchored(-z), anchored(z))

    def _sf(self, z: Any, *shapes: Any) -> Any:
        return value(self._whole.raw_cdf(-z)) + value(self._whole.raw_sf(z))

    def _logcdf(self, z: Any, *shapes: Any) -> Any:
        """Beside 0 by the density there, whose slope at 0 is none: z may have left the doubles."""
        inner = value(self._whole.raw_log_mass(anchored(-z), anchored(z)))
        beside = np.asarray(value(z) < LEAST)
        if some(beside):
            inner = np.where(beside, value(np.log(z)) + value(self._logpdf(z, *shapes)), inner)
        return np.where(inner < -LOG2, inner, np.log1p(-self._sf(z)))

    def _logsf(self, z: Any, *shapes: Any) -> Any:
        inner = np.logaddexp(value(self._whole.raw_logcdf(-z)), value(self._whole.raw_logsf(z)))
        return np.where(inner < -LOG2, inner, np.log1p(-value(self._cdf(z))))

    def _log_ppf(self, logq: Any, *shapes: Any) -> Any:
        """Beside 0 by the density there, as in `_logcdf`: no search ends at numbers below the doubles."""
        log = logq - value(self._logpdf(0.0, *shapes))
        beside = np.asarray(log < LOG_LEAST)
        if not some(beside):
            return super()._log_ppf(logq, *shapes)
        return np.where(beside, Anchored.from_log(log), super()._log_ppf(np.where(beside, -LOG2, logq), *shapes))

    def _mass(self, a: Any, b: Any, *shapes: Any) -> Any:
        return self._whole.raw_mass(a, b) + self._whole.raw_mass(-b, -a)

    def _log_mass(self, a: Any, b: Any, *shapes: Any) -> Any:
        return np.logaddexp(self._whole.raw_log_mass(a, b), self._whole.raw_log_mass(-b, -a))

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], *shapes: Any) -> Any:
        return np.abs(self._whole.draw(rng, shape))


@register(
    "folded_normal",
    aliases=("foldnorm",),
    examples=[{"c": 0.0}, {"c": 0.7, "scale": 2.0}, {"c": 4.0}],
    source="F. C. Leone, L. S. Nelson and R. B. Nottingham, Technometrics 3 (1961)",
)
class FoldedNormal(Folded):
    """f(x) = √(2/π) cosh(cz) e^(-(z² + c²)/2)/scale, z = x/scale >= 0: the law of |Normal(c·scale, scale)|; c >= 0."""

    parameters = {"c": within(0.0, np.inf, low_closed=True), "scale": positive(1.0, "sigma")}
    scale_name = "scale"
    latex_density = (
        r"\frac{1}{\mathrm{scale}}\sqrt{\frac2\pi}\cosh(\mathrm{c}z)\,e^{-(z^2+\mathrm{c}^2)/2},\quad z="
        r"\frac{x}{\mathrm{scale}}"
    )

    @staticmethod
    def whole(c: Any) -> Any:
        return Normal(c)

    def _mean(self, c: Any) -> Any:
        return np.sqrt(2.0 / np.pi) * np.exp(-0.5 * c * c) + c * special.erf(c / np.sqrt(2.0))

    def _var(self, c: Any) -> Any:
        """E X² - (E X)² = 1 + (c - E X)(c + E X); c - E X = c erfc(c/√2) - √(2/π) e^(-c²/2)."""
        short = c * special.erfc(c / np.sqrt(2.0)) - np.sqrt(2.0 / np.pi) * np.exp(-0.5 * c * c)
        return 1.0 + short * (c + self._mean(c))


@register(
    "folded_cauchy",
    aliases=("foldcauchy",),
    examples=[{"c": 0.5, "scale": 2.0}, {"c": 3.0}],
    source=f"{JOHNSON}, ch. 16",
)
class FoldedCauchy(Folded):
    """f(x) = (1/(1 + (z - c)²) + 1/(1 + (z + c)²))/(π scale), z = x/scale >= 0: |Cauchy(c·scale, scale)|; c >= 0."""

    parameters = {"c": within(0.0, np.inf, low_closed=True), "scale": positive(1.0)}
    scale_name = "scale"
    latex_density = (
        r"\frac{1}{\pi\,\mathrm{scale}}\left(\frac{1}{1+(z-\mathrm{c})^2}+\frac{1}{1+(z+\mathrm{c})^2}\right),\quad z="
        r"\frac{x}{\mathrm{scale}}"
    )

    @staticmethod
    def whole(c: Any) -> Any:
        return Cauchy(c)

    def _mean(self, c: Any) -> Any:
        return np.inf

    def _var(self, c: Any) -> Any:
        return np.inf


@register(
    "half_student_t",
    aliases=("halfstudent_t", "half_t"),
    examples=[{"df": 3.0}, {"df": 0.7, "scale": 2.0}],
    source="A. Gelman, Bayesian Analysis 1 (2006)",
)
class HalfStudentT(Folded):
    """f(x) ∝ (1 + z²/df)^(-(df+1)/2)/scale, z = x/scale >= 0: the law of |Student t|; df, scale > 0."""

    parameters = {"df": positive(REQUIRED, "nu"), "scale": positive(1.0, "sigma")}
    scale_name = "scale"
    latex_density = (
        r"\frac{2\Gamma((\mathrm{df}+1)/2)}{\mathrm{scale}\,\Gamma(\mathrm{df}/2)\sqrt{\pi\,\mathrm{df}}}"
        r"\left(1+\frac{z^2}{\mathrm{df}}\right)^{-(\mathrm{df}+1)/2},\quad z=\frac{x}{\mathrm{scale}}"
    )

    inverts_fast = True

    @staticmethod
    def whole(df: Any) -> Any:
        return StudentT(df)

    @cached_property
    def _square(self) -> Any:
        """The law of the square of the standard member."""
        return F(1.0, *self._shapes)

    def _ppf(self, q: Any, df: Any) -> Any:
        return np.where(q < 0.5, np.sqrt(self._square.raw_ppf(q)), self._isf(1.0 - q, df))

    def _log_ppf(self, logq: Any, df: Any) -> Any:
        return np.where(logq < -LOG2, np.sqrt(self._square.raw_log_ppf(logq)), self._log_isf(log1mexp(logq), df))

    def _isf(self, q: Any, df: Any) -> Any:
        return self._whole.raw_isf(0.5 * q)

    def _log_isf(self, logq: Any, df: Any) -> Any:
        return self._whole.raw_log_isf(logq - LOG2)

    def _mode(self, df: Any) -> Any:
        return 0.0 * df


class TwoSided(Symmetric, Family):
    """X = loc + scale·±H with a fair sign: `half` gives the law of H > 0."""

    location_name, scale_name = "loc", "scale"

    @staticmethod
    def half(*shapes: Any) -> Any:
        """The law of H."""
        raise NotImplementedError

    @cached_property
    def _half(self) -> Any:
        return self.half(*self._shapes)

    def _logpdf(self, z: Any, *shapes: Any) -> Any:
        return self._half.raw_logpdf(np.abs(z)) - LOG2

    def _cdf(self, z: Any, *shapes: Any) -> Any:
        below = 0.5 * value(self._half.raw_sf(np.abs(z)))
        return np.where(value(z) < 0, below, 0.5 + 0.5 * value(self._half.raw_cdf(np.abs(z))))

    def _logcdf(self, z: Any, *shapes: Any) -> Any:
        below = value(self._half.raw_logsf(np.abs(z))) - LOG2
        return np.where(value(z) < 0, below, complement(below))

    def _log_mass(self, a: Any, b: Any, *shapes: Any) -> Any:
        """A half of that of H, on one side or on both."""
        low, high = np.minimum(np.abs(a), np.abs(b)), np.maximum(np.abs(a), np.abs(b))
        across = np.asarray(sign(a) < 0) & np.asarray(sign(b) > 0)
        one = self._half.raw_log_mass(np.where(across, 0.5 * high, low), high)
        both = np.logaddexp(self._half.raw_logcdf(low), self._half.raw_logcdf(high))
        return np.where(across, both, one) - LOG2

    def _ppf(self, q: Any, *shapes: Any) -> Any:
        lower, upper = np.minimum(2.0 * q, 1.0), np.maximum(2.0 * q - 1.0, 0.0)
        return np.where(q < 0.5, -anchored(self._half.raw_isf(lower)), self._half.raw_ppf(upper))

    def _log_ppf(self, logq: Any, *shapes: Any) -> Any:
        logs = np.where(logq < -LOG2, logq, log1mexp(logq)) + LOG2
        size = anchored(self._half.raw_log_isf(logs))
        return np.where(logq < -LOG2, -size, size)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], *shapes: Any) -> Any:
        return self._half.draw(rng, shape) * np.where(rng.random(shape) < 0.5, -1.0, 1.0)

    def _kinks(self, *shapes: Any) -> tuple[float, ...]:
        return (0.0,)

    @property
    def critical_points(self) -> tuple[float, ...]:
        return () if np.ndim(self._loc) else (self._loc,)

    def _entropy(self, *shapes: Any) -> Any:
        return self._half._entropy(*shapes) + LOG2

    def _var(self, *shapes: Any) -> Any:
        return self._half.var() + np.square(self._half.mean())

    def _mode(self, *shapes: Any) -> Any:
        """Two modes, or a density that is infinite at 0: the upper one."""
        return self._half._mode(*shapes)


@register(
    "double_gamma",
    aliases=("dgamma", "reflected_gamma"),
    examples=[{"a": 1.6}, {"a": 0.7, "loc": 1.0, "scale": 2.0}],
    source=f"{JOHNSON}, ch. 17",
)
class DoubleGamma(TwoSided):
    """f(x) = |z|^(a-1) e^-|z|/(2 scale Γ(a)), z = (x - loc)/scale on the line: ±Gamma(a); a, scale > 0."""

    parameters = {"a": positive(REQUIRED, "shape"), "loc": real(0.0), "scale": positive(1.0)}
    latex_density = (
        r"\frac{|z|^{\mathrm{a}-1}e^{-|z|}}{2\,\mathrm{scale}\,\Gamma(\mathrm{a})},\quad z="
        r"\frac{x-\mathrm{loc}}{\mathrm{scale}}"
    )

    @staticmethod
    def half(a: Any) -> Any:
        return Gamma(a)


@register(
    "double_weibull",
    aliases=("dweibull", "reflected_weibull"),
    examples=[{"c": 1.6}, {"c": 0.7, "loc": 1.0, "scale": 2.0}],
    source=f"{JOHNSON}, ch. 21",
)
class DoubleWeibull(TwoSided):
    """f(x) = c |z|^(c-1) exp(-|z|^c)/(2 scale), z = (x - loc)/scale on the line: ±Weibull(c); c, scale > 0."""

    parameters = {"c": positive(REQUIRED, "shape"), "loc": real(0.0), "scale": positive(1.0)}
    latex_density = (
        r"|z|^{\mathrm{c}-1}e^{-|z|^{\mathrm{c}}}\frac{\mathrm{c}}{2\,\mathrm{scale}},\quad z="
        r"\frac{x-\mathrm{loc}}{\mathrm{scale}}"
    )

    @staticmethod
    def half(c: Any) -> Any:
        return Weibull(c)
