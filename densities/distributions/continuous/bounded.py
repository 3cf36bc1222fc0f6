"""Families on a bounded interval: Kumaraswamy, triangular, arcsine, continuous Bernoulli."""

from __future__ import annotations

from functools import partial
from math import factorial
from typing import Any

import numpy as np
from scipy import special

from densities.anchored import Anchored, anchored, log_abs, pure, value
from densities.distributions.base import register
from densities.distributions.continuous.incomplete import log_beta
from densities.distributions.continuous.shared import EULER, LOG2, LOG_PI, ByBothTails, complement, log_rest, near_one
from densities.distributions.continuous.unit_interval import Between
from densities.distributions.family import Family
from densities.domains import UNIT, Interval
from densities.errors import ParameterError, argument_error
from densities.logmath import log1mexp
from densities.parameters import REQUIRED, all_hold, positive, real, within
from densities.precise import precisely

# 1/s - 1/(e^s - 1) = 1/2 - s Σ a_k s^2k and 1/s² - 1/(2 sinh(s/2))² = Σ b_k s^2k, to 1e-18 for s < 0.5.
MEAN_SERIES = (
    1 / 12,
    -1 / 720,
    1 / 30240,
    -1 / 1209600,
    1 / 47900160,
    -691 / 1307674368000,
    1 / 74724249600,
    -3617 / 10670622842880000,
    43867 / 5109094217170944000,
    -174611 / 802857662698291200000,
)
VARIANCE_SERIES = (
    1 / 12,
    -1 / 240,
    1 / 6048,
    -1 / 172800,
    1 / 5322240,
    -691 / 118879488000,
    1 / 5748019200,
    -3617 / 711374856192000,
    43867 / 300534953951232000,
    -174611 / 42255666457804800000,
)

# Shapes below which variances go by a series in them.
NEAR_0 = 0.05


@register(
    "kumaraswamy",
    examples=[{"a": 2.0, "b": 3.0}, {"a": 0.5, "b": 0.5}, {"a": 0.01, "b": 20.0}],
    source="P. Kumaraswamy, J. Hydrology 46 (1980); M. C. Jones, Statistical Methodology 6 (2009)",
)
class Kumaraswamy(Family):
    """f(x) = a b x^(a-1) (1 - x^a)^(b-1) for 0 < x < 1; a, b > 0; everything closed; quantiles near 1 keep their distance."""

    parameters = {"a": positive(REQUIRED, "concentration1"), "b": positive(REQUIRED, "concentration0")}
    latex_density = r"a\,b\,x^{a-1}(1-x^a)^{b-1}"

    @classmethod
    def standard_support(cls, *shapes: Any) -> Interval:
        return UNIT

    def _logpdf(self, x: Any, a: Any, b: Any) -> Any:
        log = np.log(x)
        return log * (a - 1.0) + complement(log * a) * (b - 1.0) + np.log(a) + np.log(b)

    def _cdf(self, x: Any, a: Any, b: Any) -> Any:
        return -np.expm1(self._logsf(x, a, b))

    def _sf(self, x: Any, a: Any, b: Any) -> Any:
        return np.exp(self._logsf(x, a, b))

    def _logcdf(self, x: Any, a: Any, b: Any) -> Any:
        return complement(self._logsf(x, a, b))

    def _logsf(self, x: Any, a: Any, b: Any) -> Any:
        return log_rest(np.log(x) * a) * b

    def _ppf(self, q: Any, a: Any, b: Any) -> Any:
        return np.exp(anchored(log_rest(np.log1p(-q) / b)) / a)

    def _isf(self, q: Any, a: Any, b: Any) -> Any:
        return np.exp(anchored(log_rest(np.log(q) / b)) / a)

    def _log_ppf(self, logq: Any, a: Any, b: Any) -> Any:
        return np.exp(anchored(log_rest(log_rest(logq) / b)) / a)

    def _log_isf(self, logq: Any, a: Any, b: Any) -> Any:
        return np.exp(anchored(log_rest(logq / b)) / a)

    def _mean(self, a: Any, b: Any) -> Any:
        return np.exp(np.log(b) + log_beta(1.0 + 1.0 / a, b))

    def _var(self, a: Any, b: Any) -> Any:
        """E X² - (E X)² by the second differences of log Γ at 1 and at 1 + b, of which log (E X)²/E X² is made."""
        second, h, small = np.exp(np.log(b) + log_beta(1.0 + 2.0 / a, b)), 1.0 / a, np.minimum(b, NEAR_0)
        rise = sum(small**k / factorial(k) * log_gamma_bend(1.0, h, k) for k in range(1, 10))
        rise = np.where(b < NEAR_0, rise, log_gamma_bend(1.0 + b, h) - log_gamma_bend(1.0, h))
        return -second * np.expm1(rise)

    def _mode(self, a: Any, b: Any) -> Any:
        """((a - 1)/(ab - 1))^(1/a) for a, b >= 1; otherwise the end with the infinite density, nan where both are."""
        inner = (np.maximum(a - 1.0, 0.0) / np.where(a * b > 1, a * b - 1.0, 1.0)) ** (1.0 / a)
        ends = np.where((a < 1) & (b < 1), np.nan, np.where(a < 1, 0.0, 1.0))
        flat = (a == 1) & (b == 1)
        return np.where(flat, 0.5, np.where((a >= 1) & (b >= 1), inner, ends))

    def _entropy(self, a: Any, b: Any) -> Any:
        return 1.0 - 1.0 / b + (1.0 - 1.0 / a) * (special.digamma(b + 1.0) + EULER) - np.log(a) - np.log(b)


def log_gamma_bend(x: Any, h: Any, k: int = 0) -> Any:
    """log Γ(x + 2h) - 2 log Γ(x + h) + log Γ(x) for x, h > 0, or the same of the k-th derivative of log Γ.

    By Taylor's series about x + h where h is small.
    """
    function = partial(special.polygamma, k - 1) if k else special.gammaln
    centre = x + h
    near = h < 0.05 * centre
    step, far = np.where(near, h, 0.0), np.where(near, 1.0, x)
    series = sum(
        2.0 * step ** (2 * n) / factorial(2 * n) * special.polygamma(2 * n - 1 + k, np.maximum(centre, 20.0 * step))
        for n in range(1, 8)
    )
    direct = function(far + 2.0 * h) - 2.0 * function(far + h) + function(far)
    return np.where(near, series, direct)


@register(
    "triangular",
    aliases=("triangle",),
    examples=[{"left": 0.0, "mode": 0.25, "right": 1.0}, {"left": -1.0, "mode": 2.0, "right": 2.0}],
    source="Johnson, Kotz, Balakrishnan 2, ch. 26",
)
class Triangular(ByBothTails, Between):
    """f rises linearly from 0 at left to 2/(right - left) at mode and falls to 0 at right; left <= mode <= right,
    left < right.
    """

    parameters = {
        "left": real(REQUIRED, "lower", "low"),
        "mode": real(REQUIRED, "peak", "c"),
        "right": real(REQUIRED, "upper", "high"),
    }
    low, high = "left", "right"
    latex_density = (
        r"\frac{2}{\mathrm{right}-\mathrm{left}}\min\left(\frac{x-\mathrm{left}}{\mathrm{mode}-\mathrm{left}},"
        r"\frac{\mathrm{right}-x}{\mathrm{right}-\mathrm{mode}}\right)"
    )

    def validate(self) -> None:
        left, mode, right = (self.params[name] for name in ("left", "mode", "right"))
        if not all_hold(np.less_equal(left, mode) & np.less_equal(mode, right)):
            raise ParameterError(
                argument_error("triangular: left, mode, right", "left <= mode <= right", (left, mode, right))
            )
        super().validate()

    def standard_shapes(self) -> tuple[Any, ...]:
        """The shape parameters of the standard member."""
        left, mode, right = (self.params[name] for name in ("left", "mode", "right"))
        return (mode - left) / self._scale, (right - mode) / self._scale

    def standard(self) -> Any:
        return self.replace(left=0.0, mode=self._shapes[0], right=1.0)

    def _logpdf(self, z: Any, c: Any, d: Any) -> Any:
        rising = z < c
        return np.where(rising, np.log(z) - np.log(c), np.log1p(-z) - np.log(d)) + LOG2

    def _cdf(self, z: Any, c: Any, d: Any) -> Any:
        """z²/c below the mode; above it 1 - (1 - z)²/d as (z - c + z(1 - z))/d, a sum of positive terms."""
        x, y = value(z), value(1.0 - z)
        return np.where(z < c, x * x / c, (np.where(x < 0.5, x - c, d - y) + x * y) / d)

    def _sf(self, z: Any, c: Any, d: Any) -> Any:
        x, y = value(z), value(1.0 - z)
        return np.where(z < c, (np.where(x < 0.5, c - x, y - d) + x * y) / c, y * y / d)

    def _logcdf(self, z: Any, c: Any, d: Any) -> Any:
        low, high = np.log(z) * 2.0 - np.log(c), np.log1p(-z) * 2.0 - np.log(d)
        return np.where(z < c, low, complement(np.where(z < c, -1.0, high)))

    def _logsf(self, z: Any, c: Any, d: Any) -> Any:
        low, high = np.log(z) * 2.0 - np.log(c), np.log1p(-z) * 2.0 - np.log(d)
        return np.where(z < c, complement(np.where(z < c, low, -1.0)), high)

    def _log_mass(self, a: Any, b: Any, c: Any, d: Any) -> Any:
        """Each side of the mode by itself: the width times the sum of the heights at its ends."""
        inner_low, inner_high = np.where(b < c, anchored(b), c), anchored(np.where(a > c, anchored(a), c))
        width_low, width_high = np.where(b < c, anchored(b - a), c - a), np.where(a > c, anchored(b - a), b - c)
        rising = log_abs(width_low) + log_abs(a + inner_low) - np.log(c)
        falling = log_abs(width_high) + log_abs(pure(1.0 - inner_high) + pure(1.0 - anchored(b))) - np.log(d)
        return np.logaddexp(np.where(a < c, rising, -np.inf), np.where(b > c, falling, -np.inf))

    def _quantile_of(self, logq: Any, log_other: Any, c: Any, d: Any) -> Any:
        """x = √(cq) below the mode, 1 - x = √(d(1 - q)) above; the other distance as (c + dq)/(2 - x), which is exact."""
        log_c, log_d = np.log(c), np.log(d)
        rising = logq < log_c
        low, high = 0.5 * (logq + log_c), 0.5 * (log_other + log_d)
        log_x = np.where(rising, low, np.logaddexp(log_c, log_d + logq) - np.log1p(np.exp(high)))
        log_y = np.where(rising, np.logaddexp(log_d, log_c + log_other) - np.log1p(np.exp(low)), high)
        return np.where(log_x < -LOG2, Anchored.from_log(log_x), Anchored.from_log(log_y, -1.0, 1.0))

    def _kinks(self, c: Any, d: Any) -> Any:
        return (c,)

    def _mean(self, c: Any, d: Any) -> Any:
        return (1.0 + c) / 3.0

    def _var(self, c: Any, d: Any) -> Any:
        return (1.0 - c * d) / 18.0

    def _mode(self, c: Any, d: Any) -> Any:
        return c

    def _median(self, c: Any, d: Any) -> Any:
        return np.where(np.asarray(c) > 0.5, np.sqrt(0.5 * c), 1.0 - np.sqrt(0.5 * d))

    def _entropy(self, c: Any, d: Any) -> Any:
        return 0.5 - LOG2


@register("arcsine", examples=[{}, {"low": -1.0, "high": 3.0}], source="Johnson, Kotz, Balakrishnan 2, ch. 25")
class Arcsine(Between):
    """f(x) = 1/(π √((x - low)(high - x))) for low < x < high; F = (2/π) asin √z; everything to a few ulp at both ends."""

    parameters = {"low": real(0.0, "a", "lower"), "high": real(1.0, "b", "upper")}
    latex_density = r"\frac{1}{\pi\sqrt{(x-\mathrm{low})(\mathrm{high}-x)}}"

    @classmethod
    def standard_support(cls, *shapes: Any) -> Interval:
        return UNIT

    def _logpdf(self, z: Any) -> Any:
        return (np.log(z) + np.log1p(-z)) * -0.5 - LOG_PI

    def _cdf(self, z: Any) -> Any:
        return np.arctan2(np.sqrt(value(z)), np.sqrt(value(1.0 - z))) * (2.0 / np.pi)

    def _sf(self, z: Any) -> Any:
        return np.arctan2(np.sqrt(value(1.0 - z)), np.sqrt(value(z))) * (2.0 / np.pi)

    def _logcdf(self, z: Any) -> Any:
        small = value(z) < 1e-17
        inner = np.where(value(z) < 0.5, np.log(self._cdf(z)), np.log1p(-self._sf(z)))
        return np.where(small, np.log(z) * 0.5 + (LOG2 - LOG_PI), inner)

    def _logsf(self, z: Any) -> Any:
        rest = 1.0 - z
        inner = np.where(value(rest) < 0.5, np.log(self._sf(z)), np.log1p(-self._cdf(z)))
        return np.where(value(rest) < 1e-17, np.log(rest) * 0.5 + (LOG2 - LOG_PI), inner)

    def _ppf(self, q: Any) -> Any:
        return np.where(
            q < 0.5, Anchored.exact(np.sin(0.5 * np.pi * q) ** 2), near_one(np.sin(0.5 * np.pi * (1.0 - q)) ** 2)
        )

    def _isf(self, q: Any) -> Any:
        return 1.0 - self._ppf(q)

    def _log_ppf(self, logq: Any) -> Any:
        q = np.where(logq < -LOG2, np.exp(logq), -np.expm1(logq))
        share = np.sin(0.5 * np.pi * q) ** 2
        inner = np.where(logq < -LOG2, Anchored.exact(share), near_one(share))
        return np.where(logq < -40.0, Anchored.from_log(2.0 * (logq + LOG_PI - LOG2)), inner)

    def _log_isf(self, logq: Any) -> Any:
        return 1.0 - self._log_ppf(logq)

    def _mean(self) -> Any:
        return 0.5

    def _median(self) -> Any:
        return 0.5

    def _mode(self) -> Any:
        return np.nan

    def _var(self) -> Any:
        return 0.125

    def _entropy(self) -> Any:
        return LOG_PI - 2.0 * LOG2


def _shrink(u: Any) -> Any:
    """(1 - e^-u)/u, 1 at 0."""
    safe = np.where(u == 0, 1.0, u)
    return np.where(u == 0, 1.0, -np.expm1(-safe) / safe)


@precisely(lambda u: np.log(_shrink(u)))
def _log_shrink(u: Any) -> Any:
    """log((1 - e^-u)/u), to relative accuracy near 0 too: -u/2 + log(sinh(u/2)/(u/2)) there."""
    near = np.where(u < 0.5, u, 0.0)
    square = 0.25 * near * near
    above = (
        square / 6.0 * (1.0 + square / 20.0 * (1.0 + square / 42.0 * (1.0 + square / 72.0 * (1.0 + square / 110.0))))
    )
    return np.where(u < 0.5, -0.5 * near + np.log1p(above), np.log(_shrink(u)))


@register(
    "continuous_bernoulli",
    examples=[{"p": 0.3}, {"p": 0.5}, {"p": 0.999}],
    source="Loaiza-Ganem and Cunningham, NeurIPS 2019",
)
class ContinuousBernoulli(Family):
    """f(x) = C p^x (1 - p)^(1-x) for 0 <= x <= 1, C = λ/(2p - 1), λ = log(p/(1-p)); 0 < p < 1.

    With w the distance from the heavier end and s = |λ|: F(w) = w E(sw)/E(s), 1 - F = e^-sw v E(sv)/E(s), v = 1 - w,
    E(u) = (1 - e^-u)/u, in which nothing cancels, p near 1/2 included.
    """

    parameters = {"p": within(0.0, 1.0, REQUIRED, "probs", "lam")}
    latex_density = r"\frac{\log\frac{p}{1-p}}{2p-1}\,p^x(1-p)^{1-x}"

    @classmethod
    def standard_support(cls, p: Any) -> Interval:
        return Interval(0.0, 1.0, low_closed=True, high_closed=True)

    @staticmethod
    def _from_heavy_end(x: Any, p: Any) -> tuple[Any, Any, Any]:
        """w, 1 - w and s."""
        heavy_high = np.asarray(p) > 0.5
        rest = 1.0 - x
        return np.where(heavy_high, rest, x), np.where(heavy_high, x, rest), np.abs(special.logit(p))

    def _logpdf(self, x: Any, p: Any) -> Any:
        w, _, s = self._from_heavy_end(x, p)
        return w * -s - _log_shrink(s)

    def _log_tails(self, x: Any, p: Any) -> tuple[Any, Any]:
        """log F(w) and log(1 - F(w))."""
        w, v, s = self._from_heavy_end(x, p)
        inner = np.log(w) + _log_shrink(value(w) * s) - _log_shrink(s)
        outer = w * -s + np.log(v) + _log_shrink(value(v) * s) - _log_shrink(s)
        return np.where(inner > -LOG2, complement(outer), inner), np.where(outer > -LOG2, complement(inner), outer)

    def _logcdf(self, x: Any, p: Any) -> Any:
        inner, outer = self._log_tails(x, p)
        return np.where(np.asarray(p) > 0.5, outer, inner)

    def _logsf(self, x: Any, p: Any) -> Any:
        inner, outer = self._log_tails(x, p)
        return np.where(np.asarray(p) > 0.5, inner, outer)

    def _cdf(self, x: Any, p: Any) -> Any:
        return np.exp(self._logcdf(x, p))

    def _sf(self, x: Any, p: Any) -> Any:
        return np.exp(self._logsf(x, p))

    def _log_ppf(self, logq: Any, p: Any) -> Any:
        return self._distance_quantile(logq, np.abs(special.logit(p)), np.asarray(p) > 0.5)

    @staticmethod
    def _distance_quantile(logq: Any, s: Any, heavy_high: Any) -> Any:
        """From the tail of the end where the quantile lies nearer; the distance from that end by its logarithm."""
        inner, outer = (np.where(heavy_high, a, b) for a, b in ((log1mexp(logq), logq), (logq, log1mexp(logq))))
        share = -np.expm1(-s) * np.exp(inner)
        few = np.where(share < 0.5, share, 0.0)
        low = inner + _log_shrink(s) + np.log(np.where(few > 0, -np.log1p(-few) / np.where(few > 0, few, 1.0), 1.0))
        # 1 - share is the upper tail and what the density leaves of the lower one at the far end.
        high = np.log(-np.logaddexp(outer, inner - s)) - np.log(s)
        w = np.where(share < 0.5, low, high)
        growth = outer + s + _log_shrink(s) + np.log(s)
        small = np.exp(np.minimum(growth, 0.0))
        v = np.where(
            growth < 0,
            outer
            + s
            + _log_shrink(s)
            + np.log(np.where(small > 0, np.log1p(small) / np.where(small > 0, small, 1.0), 1.0)),
            np.log(np.logaddexp(0.0, growth) / np.where(s > 0, s, 1.0)),
        )
        near_w = w < -LOG2
        from_low = near_w != heavy_high
        distance = np.where(near_w, w, v)
        return np.where(from_low, Anchored.from_log(distance), Anchored.from_log(distance, -1.0, 1.0))

    def _log_isf(self, logq: Any, p: Any) -> Any:
        """Of the reflected law, whose p may be no double."""
        return 1.0 - self._distance_quantile(logq, np.abs(special.logit(p)), np.asarray(p) < 0.5)

    def _ppf(self, q: Any, p: Any) -> Any:
        return np.where(q < 0.5, self._log_ppf(np.log(q), p), self._log_isf(np.log1p(-q), p))

    def _isf(self, q: Any, p: Any) -> Any:
        return np.where(q < 0.5, self._log_isf(np.log(q), p), self._log_ppf(np.log1p(-q), p))

    @staticmethod
    def _centre(p: Any) -> tuple[Any, Any, Any]:
        """E w, Var w and s: 1/s - 1/(e^s - 1) and 1/s² - 1/(2 sinh(s/2))², by their series near s = 0."""
        s = np.abs(special.logit(p))
        near = np.where(s < 0.5, s, 0.0)
        square = near * near
        mean = 0.5 - near * np.polynomial.polynomial.polyval(square, MEAN_SERIES, tensor=False)
        variance = np.polynomial.polynomial.polyval(square, VARIANCE_SERIES, tensor=False)
        far = np.where(s < 0.5, 1.0, s)
        decay = np.exp(-far)
        return (
            np.where(s < 0.5, mean, 1.0 / far - decay / -np.expm1(-far)),
            np.where(s < 0.5, variance, 1.0 / (far * far) - decay / np.square(np.expm1(-far))),
            s,
        )

    def _mean(self, p: Any) -> Any:
        mean, _, _ = self._centre(p)
        return np.where(np.asarray(p) > 0.5, 1.0 - mean, mean)

    def _var(self, p: Any) -> Any:
        return self._centre(p)[1]

    def _mode(self, p: Any) -> Any:
        return np.where(np.asarray(p) > 0.5, 1.0, np.where(np.asarray(p) < 0.5, 0.0, 0.5))

    def _entropy(self, p: Any) -> Any:
        mean, _, s = self._centre(p)
        return s * mean + _log_shrink(s)
