"""Ratios and exponentials: F, beta prime, Pareto, Lomax, log-logistic, half-Cauchy."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.anchored import Anchored, anchored, value
from densities.distributions.base import register
from densities.distributions.continuous.entropies import beta_ratio_entropy
from densities.distributions.continuous.incomplete import incomplete_beta, log_beta_terms, log_incomplete_beta
from densities.distributions.continuous.positive import draw_gamma
from densities.distributions.continuous.shared import LOG2, ByBothTails, complement, where_finite
from densities.distributions.continuous.unit_interval import beta_point, beta_quantile
from densities.distributions.family import Family
from densities.domains import POSITIVE, Interval
from densities.logmath import log1mexp
from densities.parameters import REQUIRED, positive

# 2r/sin 2r - (r/sin r)² = r² Σ c_k r^2k, to 1e-17 for r < 0.2.
LOGISTIC_VARIANCE = (
    1 / 3,
    11 / 45,
    38 / 315,
    247 / 4725,
    2026 / 93555,
    1880902 / 212837625,
    65476 / 18243225,
    236982223 / 162820783125,
    20442022 / 34648262649,
    73235694842 / 306265893058125,
)


class BetaRatio(ByBothTails, Family):
    """X = B/((1 - B) factor) with B a beta variable: `core` gives a, b and the factor. Tails are those of B at xf/(1 + xf)."""

    @staticmethod
    def core(*shapes: Any) -> tuple[Any, Any, Any]:
        """a, b and the factor."""
        raise NotImplementedError

    @classmethod
    def standard_support(cls, *shapes: Any) -> Interval:
        return POSITIVE

    @staticmethod
    def _split(ratio: Any) -> tuple[Any, Any, Any, Any]:
        """log B, log(1 - B), B and 1 - B for the ratio B/(1 - B)."""
        log = np.log(ratio)
        r = value(ratio)
        small, large = np.minimum(r, 1.0), 1.0 / np.maximum(r, 1.0)
        share = np.where(r < 1.0, small / (1.0 + small), 1.0 / (1.0 + large))
        rest = np.where(r < 1.0, 1.0 / (1.0 + small), large / (1.0 + large))
        return special.log_expit(log), special.log_expit(-log), share, rest

    def _logpdf(self, x: Any, *shapes: Any) -> Any:
        a, b, factor = self.core(*shapes)
        return log_beta_terms(a, b, *self._split(x * factor)) - np.log(x)

    def _cdf(self, x: Any, *shapes: Any) -> Any:
        a, b, factor = self.core(*shapes)
        _, _, share, rest = self._split(x * factor)
        return incomplete_beta(a, b, share, rest)

    def _sf(self, x: Any, *shapes: Any) -> Any:
        a, b, factor = self.core(*shapes)
        _, _, share, rest = self._split(x * factor)
        return incomplete_beta(b, a, rest, share)

    def _logcdf(self, x: Any, *shapes: Any) -> Any:
        a, b, factor = self.core(*shapes)
        return log_incomplete_beta(a, b, *self._split(x * factor))

    def _logsf(self, x: Any, *shapes: Any) -> Any:
        a, b, factor = self.core(*shapes)
        log, log_rest, share, rest = self._split(x * factor)
        return log_incomplete_beta(b, a, log_rest, log, rest, share)

    def _quantile_of(self, logq: Any, log_rest: Any, *shapes: Any) -> Any:
        a, b, factor = self.core(*shapes)
        share = beta_quantile(logq, log_rest, a, b)
        return share / (1.0 - share) / factor

    def _point_of(self, lower: Any, upper: Any, *shapes: Any) -> Any:
        a, b, factor = self.core(*shapes)
        share = beta_point(lower, upper, a, b)
        return share / (1.0 - share) / factor

    def _ppf(self, q: Any, *shapes: Any) -> Any:
        return self._point_of(q, 1.0 - q, *shapes)

    def _isf(self, q: Any, *shapes: Any) -> Any:
        return self._point_of(1.0 - q, q, *shapes)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], *shapes: Any) -> Any:
        a, b, factor = self.core(*shapes)
        return anchored(draw_gamma(rng, shape, a)) / draw_gamma(rng, shape, b) / factor

    def _entropy(self, *shapes: Any) -> Any:
        return beta_ratio_entropy(*self.core(*shapes))


@register(
    "beta_prime",
    aliases=("betaprime",),
    examples=[{"a": 2.0, "b": 3.0}, {"a": 0.5, "b": 0.5}, {"a": 30.0, "b": 20.0}],
    source="Johnson, Kotz, Balakrishnan 2, ch. 25",
)
class BetaPrime(BetaRatio):
    """f(x) = x^(a-1) (1 + x)^(-a-b)/B(a, b) for x > 0: the law of B/(1 - B), B beta; a, b > 0; accurate as the beta law."""

    parameters = {"a": positive(REQUIRED, "alpha"), "b": positive(REQUIRED, "beta")}
    latex_density = r"\frac{x^{a-1}(1+x)^{-a-b}}{B(a,b)}"

    @staticmethod
    def core(a: Any, b: Any) -> tuple[Any, Any, Any]:
        return a, b, 1.0

    def _mean(self, a: Any, b: Any) -> Any:
        return where_finite(np.asarray(b) > 1.0, a, b - 1.0)

    def _var(self, a: Any, b: Any) -> Any:
        return where_finite(np.asarray(b) > 2.0, a * (a + b - 1.0), np.square(b - 1.0) * (b - 2.0))

    def _mode(self, a: Any, b: Any) -> Any:
        return np.maximum(a - 1.0, 0.0) / (b + 1.0)


@register(
    "f",
    aliases=("fisher_f",),
    examples=[{"dfnum": 3.0, "dfden": 5.0}, {"dfnum": 1.0, "dfden": 1.0}, {"dfnum": 400.0, "dfden": 1000.0}],
    source="Johnson, Kotz, Balakrishnan 2, ch. 27",
)
class F(BetaRatio):
    """f(x) = (m/n)^(m/2) x^(m/2-1) (1 + mx/n)^(-(m+n)/2)/B(m/2, n/2) for x > 0, m = dfnum > 0, n = dfden > 0.

    The law of a ratio of mean squares; accurate as the beta law.
    """

    parameters = {"dfnum": positive(REQUIRED, "dfn", "df1"), "dfden": positive(REQUIRED, "dfd", "df2")}
    latex_density = (
        r"\frac{(m/n)^{m/2}x^{m/2-1}}{B(\frac m2,\frac n2)}\left(1+\frac{m}{n}x\right)^{-\frac{m+n}{2}},"
        r"\quad m=\mathrm{dfnum},\ n=\mathrm{dfden}"
    )

    @staticmethod
    def core(m: Any, n: Any) -> tuple[Any, Any, Any]:
        return 0.5 * m, 0.5 * n, m / n

    def _mean(self, m: Any, n: Any) -> Any:
        return where_finite(np.asarray(n) > 2.0, n, n - 2.0)

    def _var(self, m: Any, n: Any) -> Any:
        return where_finite(np.asarray(n) > 4.0, 2.0 * n * n * (m + n - 2.0), m * np.square(n - 2.0) * (n - 4.0))

    def _mode(self, m: Any, n: Any) -> Any:
        return np.maximum(m - 2.0, 0.0) / m * (n / (n + 2.0))


class LogExponential(Family):
    """X a function of E/a, E a standard exponential variable: `level` is the increasing E/a >= 0 of a point."""

    @staticmethod
    def level(z: Any) -> Any:
        """The log of the survival function is -a times this."""
        raise NotImplementedError

    @staticmethod
    def point(level: Any) -> Any:
        """The point of a level, its distance from the low end kept."""
        raise NotImplementedError

    def _cdf(self, z: Any, a: Any) -> Any:
        return -np.expm1(self.level(z) * -a)

    def _sf(self, z: Any, a: Any) -> Any:
        return np.exp(self.level(z) * -a)

    def _logcdf(self, z: Any, a: Any) -> Any:
        return complement(self.level(z) * -a)

    def _logsf(self, z: Any, a: Any) -> Any:
        return self.level(z) * -a

    def _ppf(self, q: Any, a: Any) -> Any:
        return self.point(-np.log1p(-q) / a)

    def _isf(self, q: Any, a: Any) -> Any:
        return self.point(-np.log(q) / a)

    def _log_ppf(self, logq: Any, a: Any) -> Any:
        return self.point(Anchored.from_log(np.where(logq < -40.0, logq, np.log(-log1mexp(logq)))) / a)

    def _log_isf(self, logq: Any, a: Any) -> Any:
        return self.point(-logq / a)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], a: Any) -> Any:
        return self.point(Anchored.exact(rng.standard_exponential(shape)) / a)


@register(
    "pareto", examples=[{"a": 3.0}, {"a": 1.0, "xm": 2.0}, {"a": 0.1}], source="Johnson, Kotz, Balakrishnan 1, ch. 20"
)
class Pareto(LogExponential):
    """f(x) = a xm^a/x^(a+1) for x >= xm; a > 0, xm > 0; everything closed; points near xm keep their distance from it."""

    parameters = {"a": positive(REQUIRED, "alpha", "b"), "xm": positive(1.0, "scale", "m")}
    scale_name = "xm"
    latex_density = r"\frac{a\,\mathrm{xm}^a}{x^{a+1}}"

    @classmethod
    def standard_support(cls, a: Any) -> Interval:
        return Interval(1.0, np.inf, low_closed=True)

    @staticmethod
    def level(z: Any) -> Any:
        return np.log(z)

    @staticmethod
    def point(level: Any) -> Any:
        return np.exp(anchored(level))

    def _logpdf(self, z: Any, a: Any) -> Any:
        return np.log(z) * -(a + 1.0) + np.log(a)

    def _log_mass(self, a: Any, b: Any, order: Any) -> Any:
        return np.log(a) * -order + complement(np.log1p((b - a) / a) * -order)

    def _mean(self, a: Any) -> Any:
        return where_finite(np.asarray(a) > 1.0, a, a - 1.0)

    def _var(self, a: Any) -> Any:
        return where_finite(np.asarray(a) > 2.0, a, np.square(a - 1.0) * (a - 2.0))

    def _median(self, a: Any) -> Any:
        return np.exp2(1.0 / a)

    def _mode(self, a: Any) -> Any:
        return 1.0

    def _entropy(self, a: Any) -> Any:
        return 1.0 + 1.0 / a - np.log(a)


@register("lomax", examples=[{"a": 3.0}, {"a": 1.0, "scale": 2.0}], source="Johnson, Kotz, Balakrishnan 1, ch. 20")
class Lomax(LogExponential):
    """f(x) = a (1 + z)^(-a-1)/scale, z = x/scale >= 0: the Pareto law shifted to 0; a, scale > 0; everything closed."""

    parameters = {"a": positive(REQUIRED, "alpha", "c"), "scale": positive(1.0, "lam")}
    scale_name = "scale"
    latex_density = r"\frac{a}{\mathrm{scale}}\left(1+\frac{x}{\mathrm{scale}}\right)^{-a-1}"

    @classmethod
    def standard_support(cls, a: Any) -> Interval:
        return Interval(0.0, np.inf, low_closed=True)

    @staticmethod
    def level(z: Any) -> Any:
        return np.log1p(z)

    @staticmethod
    def point(level: Any) -> Any:
        return np.expm1(anchored(level))

    def _logpdf(self, z: Any, a: Any) -> Any:
        return np.log1p(z) * -(a + 1.0) + np.log(a)

    def _log_mass(self, a: Any, b: Any, order: Any) -> Any:
        return np.log1p(a) * -order + complement(np.log1p((b - a) / (a + 1.0)) * -order)

    def _mean(self, a: Any) -> Any:
        return where_finite(np.asarray(a) > 1.0, 1.0, a - 1.0)

    def _var(self, a: Any) -> Any:
        return where_finite(np.asarray(a) > 2.0, a, np.square(a - 1.0) * (a - 2.0))

    def _median(self, a: Any) -> Any:
        return np.expm1(LOG2 / a)

    def _mode(self, a: Any) -> Any:
        return 0.0

    def _entropy(self, a: Any) -> Any:
        return 1.0 + 1.0 / a - np.log(a)


@register(
    "log_logistic",
    aliases=("loglogistic", "fisk"),
    examples=[{"shape": 1.0}, {"shape": 2.5, "scale": 2.0}],
    source="Johnson, Kotz, Balakrishnan 2, ch. 23",
)
class LogLogistic(Family):
    """f(x) = shape z^(shape-1)/(scale (1 + z^shape)²), z = x/scale > 0: the law of e^Y, Y logistic; shape, scale > 0."""

    parameters = {"shape": positive(REQUIRED, "c", "beta", "concentration"), "scale": positive(1.0, "alpha")}
    scale_name = "scale"
    latex_density = (
        r"\frac{\mathrm{shape}}{\mathrm{scale}}\frac{z^{\mathrm{shape}-1}}{(1+z^{\mathrm{shape}})^2},"
        r"\quad z=\frac{x}{\mathrm{scale}}"
    )

    @classmethod
    def standard_support(cls, k: Any) -> Interval:
        return POSITIVE

    def _logpdf(self, z: Any, k: Any) -> Any:
        """Both powers of z joined: (k - 1) log z - 2 log(1 + z^k) for z < 1, -(k + 1) log z - 2 log(1 + z^-k) above."""
        log = np.log(z)
        size = np.abs(log * k)
        return np.where(log < 0, log * (k - 1.0), log * -(k + 1.0)) - 2.0 * np.log1p(np.exp(-size)) + np.log(k)

    def _cdf(self, z: Any, k: Any) -> Any:
        return special.expit(np.log(z) * k)

    def _sf(self, z: Any, k: Any) -> Any:
        return special.expit(np.log(z) * -k)

    def _logcdf(self, z: Any, k: Any) -> Any:
        return special.log_expit(np.log(z) * k)

    def _logsf(self, z: Any, k: Any) -> Any:
        return special.log_expit(np.log(z) * -k)

    def _ppf(self, q: Any, k: Any) -> Any:
        return Anchored.from_log((np.log(q) - np.log1p(-q)) / k)

    def _isf(self, q: Any, k: Any) -> Any:
        return Anchored.from_log((np.log1p(-q) - np.log(q)) / k)

    def _log_ppf(self, logq: Any, k: Any) -> Any:
        return Anchored.from_log((logq - log1mexp(logq)) / k)

    def _log_isf(self, logq: Any, k: Any) -> Any:
        return Anchored.from_log((log1mexp(logq) - logq) / k)

    def _log_mass(self, a: Any, b: Any, k: Any) -> Any:
        width = np.where(value(a) > 0, np.log1p((b - a) / a), np.inf) * k
        return self._logcdf(b, k) + self._logsf(a, k) + complement(-width)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], k: Any) -> Any:
        return Anchored.from_log(rng.logistic(size=shape) / k)

    def _mean(self, k: Any) -> Any:
        finite = np.asarray(k) > 1.0
        return np.where(finite, 1.0 / np.sinc(1.0 / np.where(finite, k, 2.0)), np.inf)

    def _var(self, k: Any) -> Any:
        """2r/sin 2r - (r/sin r)² with r = π/shape, by its series where the difference cancels."""
        finite = np.asarray(k) > 2.0
        r = np.pi / np.where(finite, k, 3.0)
        near = np.square(np.where(r < 0.2, r, 0.0))
        series = near * np.polynomial.polynomial.polyval(near, LOGISTIC_VARIANCE, tensor=False)
        return np.where(finite, np.where(r < 0.2, series, r / np.sin(r) * (1.0 / np.cos(r) - r / np.sin(r))), np.inf)

    def _median(self, k: Any) -> Any:
        return 1.0

    def _mode(self, k: Any) -> Any:
        return (np.maximum(k - 1.0, 0.0) / (k + 1.0)) ** (1.0 / k)

    def _entropy(self, k: Any) -> Any:
        return 2.0 - np.log(k)
