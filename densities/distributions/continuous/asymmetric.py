"""Families with a shape that bends the normal: skew-normal, generalised normal, inverse Gaussian."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import special

from densities.anchored import anchored, log_abs, pure, value
from densities.distributions.base import register
from densities.distributions.continuous.incomplete import (
    gamma_point,
    gamma_quantile,
    lentz,
    log_upper_gamma,
    lower_gamma,
    upper_gamma,
)
from densities.distributions.continuous.positive import draw_gamma
from densities.distributions.continuous.shared import (
    HALF_LOG_2PI,
    LOG2,
    LOG_PI,
    ByBothTails,
    Symmetric,
    by_log_newton,
    complement,
    patched,
)
from densities.distributions.family import Family
from densities.domains import POSITIVE, Interval
from densities.logmath import log1mexp
from densities.parameters import REQUIRED, positive, real
from densities.precise import precisely

# Nodes s = exp(t - e^-t) and weights of ∫ e^-s g(s) ds, trapezoidal in t: 1e-16 for g algebraic at 0 and at infinity.
_T = np.arange(-4.6, 4.7, 1.0 / 16.0)
DECAY_NODES = np.exp(_T - np.exp(-_T))
DECAY_WEIGHTS = np.exp(-DECAY_NODES) * DECAY_NODES * (1.0 + np.exp(-_T)) / 16.0
PANEL_NODES, PANEL_WEIGHTS = np.polynomial.legendre.leggauss(20)


@register(
    "skew_normal",
    aliases=("skewnormal",),
    examples=[{"a": 2.0}, {"a": -3.0, "loc": 1.0, "scale": 2.0}, {"a": 50.0}],
    source="A. Azzalini, Scand. J. Statist. 12 (1985); D. B. Owen, Ann. Math. Statist. 27 (1956)",
)
class SkewNormal(Family):
    """f(x) = 2 φ(z) Φ(a z)/scale, z = (x - loc)/scale, on the line; a, loc real, scale > 0.

    With J(h) = (1/π)∫_a^∞ exp(-h²(1 + x²)/2)/(1 + x²) dx for a >= 0 the light tail is F(-h) = J(h), and elsewhere
    F(h) = erf(h/√2) + J(h), 1 - F(h) = 2Φ(-h) - J(h): nothing cancels, at any depth.
    """

    parameters = {"a": real(REQUIRED, "alpha", "skewness"), "loc": real(0.0, "mu"), "scale": positive(1.0, "sigma")}
    location_name, scale_name = "loc", "scale"
    latex_density = r"\frac{2}{\mathrm{scale}}\varphi(z)\,\Phi(a z),\quad z=\frac{x-\mathrm{loc}}{\mathrm{scale}}"

    inverts_fast = False

    def _landmarks(self, a: Any) -> Sequence[float]:
        """The scales of both factors, z and a z."""
        narrow = 1.0 / np.maximum(1.0, np.abs(a))
        return [-2.0, -0.7, -narrow, 0.0, narrow, 0.7, 2.0]

    def _logpdf(self, z: Any, a: Any) -> Any:
        return z * z * -0.5 + special.log_ndtr(z * a) + (LOG2 - HALF_LOG_2PI)

    @staticmethod
    def _log_light(h: Any, a: Any) -> Any:
        """log J(h), h >= 0 and a >= 0: by ∫ e^-s ds/(u(1 + u²)), u² = a² + 2s/h², and by Owen's T where ah is small.

        There J(h) = Φ(-h) - (1/π)∫_0^a exp(-h²(1 + x²)/2)/(1 + x²) dx for a <= 1, whose integrand is all but a polynomial.
        """
        size = value(h)
        near = a * size < 0.5
        safe = np.where(near, 1.0, size)
        u = np.hypot(np.asarray(a)[..., None], np.sqrt(2.0 * DECAY_NODES) / safe[..., None])
        integral = (1.0 / (u * (1.0 + u * u))) @ DECAY_WEIGHTS
        far = h * h * (-0.5 * (1.0 + a * a)) - 2.0 * log_abs(h) + (np.log(integral) - LOG_PI)
        inner, outer_a, inner_a = np.where(near, size, 0.0), np.maximum(a, 1.0), np.where(near, np.minimum(a, 1.0), 0.0)
        x = inner_a[..., None] * (0.5 * (PANEL_NODES + 1.0))
        rest = np.exp(-0.5 * np.square(inner[..., None] * x)) / (1.0 + x * x) @ PANEL_WEIGHTS
        small_a = special.log_ndtr(-h) + np.log1p(-inner_a * rest / np.pi / special.erfcx(inner / np.sqrt(2.0)))
        large_a = 2.0 * special.owens_t(outer_a * inner, 1.0 / outer_a) - special.erf(
            inner / np.sqrt(2.0)
        ) * special.ndtr(-outer_a * inner)
        return np.where(near, np.where(np.asarray(a) > 1.0, np.log(large_a), small_a), far)

    def _log_tails(self, z: Any, a: Any) -> tuple[Any, Any]:
        """log F(z) and log(1 - F(z)) for a >= 0."""
        h, a = np.abs(z), np.asarray(a)
        light = self._log_light(h, a)
        both = special.log_ndtr(-h) + LOG2
        centre = np.log(special.erf(value(h) / np.sqrt(2.0)))
        heavy = both + complement(np.minimum(value(light - both), -1e-300))
        below = np.where(
            value(z) < 0, light, np.where(heavy < -LOG2, complement(heavy), np.logaddexp(centre, value(light)))
        )
        above = np.where(value(z) < 0, complement(light), heavy)
        return below, above

    def _logcdf(self, z: Any, a: Any) -> Any:
        flip = np.where(np.asarray(a) < 0, -1.0, 1.0)
        below, above = self._log_tails(z * flip, np.abs(a))
        return np.where(flip < 0, above, below)

    def _logsf(self, z: Any, a: Any) -> Any:
        return self._logcdf(-z, np.negative(a))

    def _cdf(self, z: Any, a: Any) -> Any:
        return np.exp(self._logcdf(z, a))

    def _sf(self, z: Any, a: Any) -> Any:
        return np.exp(self._logsf(z, a))

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], a: Any) -> Any:
        length = np.hypot(1.0, a)
        return (a / length) * np.abs(rng.standard_normal(shape)) + rng.standard_normal(shape) / length

    def _mean(self, a: Any) -> Any:
        return a / np.hypot(1.0, a) * np.sqrt(2.0 / np.pi)

    def _var(self, a: Any) -> Any:
        return 1.0 - np.square(a / np.hypot(1.0, a)) * (2.0 / np.pi)


@register(
    "generalized_normal",
    aliases=("gennorm",),
    examples=[{"beta": 8.0}, {"beta": 0.3, "loc": 1.0, "scale": 2.0}, {"beta": 2.0}],
    source="Johnson, Kotz, Balakrishnan 2, ch. 24; NIST DLMF 8",
)
class GeneralizedNormal(Symmetric, Family):
    """f(x) = beta exp(-|z|^beta)/(2 scale Γ(1/beta)), z = (x - loc)/scale, on the line; beta, scale > 0, loc real.

    |z|^beta is a gamma variable of shape 1/beta: tails and quantiles are as accurate as that law's.
    """

    parameters = {"beta": positive(REQUIRED, "shape", "power"), "loc": real(0.0, "mu"), "scale": positive(1.0, "alpha")}
    location_name, scale_name = "loc", "scale"
    latex_density = (
        r"\frac{\beta}{2\,\mathrm{scale}\,\Gamma(1/\beta)}e^{-|z|^\beta},\quad z=\frac{x-\mathrm{loc}}{\mathrm{scale}}"
    )

    def _logpdf(self, z: Any, beta: Any) -> Any:
        return -(np.abs(z) ** beta) - (special.gammaln(1.0 + 1.0 / beta) + LOG2)

    def _cdf(self, z: Any, beta: Any) -> Any:
        half = 0.5 * upper_gamma(1.0 / np.asarray(beta), np.abs(z) ** beta)
        return np.where(z < 0, half, 1.0 - half)

    def _logcdf(self, z: Any, beta: Any) -> Any:
        half = log_upper_gamma(1.0 / np.asarray(beta), np.abs(z) ** beta) - LOG2
        return np.where(z < 0, half, complement(half))

    def _ppf(self, q: Any, beta: Any) -> Any:
        tail = np.where(q < 0.5, q, 1.0 - q)
        inside = np.where(tail < 0.5, 1.0 - 2.0 * tail, 0.5)
        u = gamma_point(inside, 2.0 * np.minimum(tail, np.where(tail < 0.5, tail, 0.25)), 1.0 / np.asarray(beta))
        size = np.where(tail < 0.5, u ** (1.0 / np.asarray(beta)), 0.0)
        return size * np.where(q < 0.5, -1.0, 1.0)

    def _log_ppf(self, logq: Any, beta: Any) -> Any:
        tail = np.minimum(np.where(logq < -LOG2, logq, log1mexp(logq)) + LOG2, 0.0)
        return self._upper(tail, log1mexp(tail), beta) * np.where(logq < -LOG2, -1.0, 1.0)

    @staticmethod
    def _upper(log_outside: Any, log_inside: Any, beta: Any) -> Any:
        centre = np.isneginf(log_inside)
        u = gamma_quantile(
            np.where(centre, -LOG2, log_inside), np.where(centre, -LOG2, log_outside), 1.0 / np.asarray(beta)
        )
        return np.where(centre, 0.0, u ** (1.0 / np.asarray(beta)))

    def _log_mass(self, a: Any, b: Any, beta: Any) -> Any:
        """Across or near the kink from the masses of (-|z|, |z|); elsewhere from the tails or the density."""
        inverse = 1.0 / np.asarray(beta)
        first, second = (lower_gamma(inverse, np.abs(pure(anchored(end))) ** beta) for end in (a, b))
        across = (value(a) <= 0) & (value(b) >= 0)
        large, small = np.maximum(first, second), np.minimum(first, second)
        central = np.log(np.where(across, large + small, large - small)) - LOG2
        return np.where(across | ((small < 0.8 * large) & (large < 0.5)), central, super()._log_mass(a, b, beta))

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], beta: Any) -> Any:
        size = draw_gamma(rng, shape, 1.0 / np.asarray(beta)) ** (1.0 / np.asarray(beta))
        return size * np.where(rng.random(shape) < 0.5, -1.0, 1.0)

    def _kinks(self, beta: Any) -> tuple[float, ...]:
        return (0.0,)

    def _var(self, beta: Any) -> Any:
        return np.exp(special.gammaln(1.0 + 3.0 / beta) - special.gammaln(1.0 + 1.0 / beta)) / 3.0

    def _entropy(self, beta: Any) -> Any:
        return 1.0 / beta + LOG2 + special.gammaln(1.0 + 1.0 / beta)


def log_erfcx_rise(t: Any) -> Any:
    """log of -erfcx'(t)√π/2 = 1 - √π t erfcx(t), for t >= 0; by its continued fraction where that loses a digit."""

    def by_fraction(t: Any) -> Any:
        rest = 0.5 / lentz(lambda n: (0.5 * (n + 1), t), t)
        return np.log(rest) - np.log(t + rest)

    return patched(np.log1p(-np.sqrt(np.pi) * t * special.erfcx(t)), t > 2.5, by_fraction, t)


def log_erfcx_drop(low: Any, width: Any) -> Any:
    """log(erfcx(low) - erfcx(low + width)) for low, width >= 0 and a small width: as the integral of -erfcx'."""
    nodes = low[..., None] + width[..., None] * (0.5 * (PANEL_NODES + 1.0))
    logs = log_erfcx_rise(nodes)
    top = logs[..., :1]
    return np.log(np.exp(logs - top) @ PANEL_WEIGHTS) + top[..., 0] + np.log(width) - 0.5 * LOG_PI


@precisely(lambda alpha, beta, width, above: np.log(special.erfcx(alpha) - special.erfcx(beta)))
def log_erfcx_difference(alpha: Any, beta: Any, width: Any, above: Any) -> Any:
    """log(erfcx α - erfcx β), where `above` as an integral if they are close; there β = α + width."""
    alpha, beta = np.broadcast_arrays(alpha, beta)
    close = (beta < 1.1 * alpha + 1.0) & np.not_equal(above, 0.0)  # arrays of other libraries come as doubles
    return patched(np.log(special.erfcx(alpha) - special.erfcx(beta)), close, log_erfcx_drop, alpha, width)


@register(
    "inverse_gaussian",
    aliases=("wald",),
    examples=[{"mean": 1.0, "lam": 1.0}, {"mean": 2.0, "lam": 0.5}, {"mean": 1.0, "lam": 200.0}],
    source="Johnson, Kotz, Balakrishnan 1, ch. 15; Michael, Schucany, Haas, Amer. Statist. 30 (1976)",
)
class InverseGaussian(ByBothTails, Family):
    """f(x) = √(lam/(2πx³)) exp(-lam (x - mean)²/(2 mean² x)) for x > 0; mean, lam > 0.

    With r = √(lam/x): F = (erfcx(-α) + erfcx(β)) e^-α²/2 below the mean, 1 - F = (erfcx(α) - erfcx(β)) e^-α²/2 above,
    α = r(x/mean - 1)/√2, β = r(x/mean + 1)/√2, the difference as an integral of erfcx': relative at any depth.
    """

    parameters = {"mean": positive(REQUIRED, "mu"), "lam": positive(REQUIRED, "scale", "concentration")}
    latex_density = r"\sqrt{\frac{\lambda}{2\pi x^3}}\exp\left(-\frac{\lambda(x-\mu)^2}{2\mu^2x}\right)"

    @classmethod
    def standard_support(cls, *shapes: Any) -> Interval:
        return POSITIVE

    def _logpdf(self, x: Any, mean: Any, lam: Any) -> Any:
        return self._log_bell(x, mean, lam) - 1.5 * np.log(x) + (0.5 * np.log(lam) - HALF_LOG_2PI)

    @staticmethod
    def _log_bell(x: Any, mean: Any, lam: Any) -> Any:
        """-lam (x/mean - 1)²/(2x), as (x - 2 mean + mean²/x) where x is far from the mean."""
        ratio = x / mean
        near = np.abs(value(ratio) - 1.0) < 0.5
        inner = np.square(value((x - mean) / mean)) / np.where(near, value(ratio), 1.0)
        return np.where(near, inner, ratio - 2.0 + 1.0 / ratio) * (-0.5 * lam / mean)

    def _log_tails(self, x: Any, mean: Any, lam: Any) -> tuple[Any, Any]:
        """log F below the mean and log(1 - F) above it, each by its own formula."""
        point = np.clip(value(x), 1e-290, 1e290)
        rate = np.sqrt(0.5 * lam) / np.sqrt(point)
        alpha, beta = rate * np.abs((point - mean) / mean), rate * (point / mean + 1.0)
        below = np.log(special.erfcx(alpha) + special.erfcx(beta))
        bell = self._log_bell(x, mean, lam) - LOG2
        return bell + below, bell + log_erfcx_difference(alpha, beta, 2.0 * rate, point > mean)

    def _log_both(self, x: Any, mean: Any, lam: Any) -> tuple[Any, Any]:
        """log F and log(1 - F)."""
        below, above = self._log_tails(x, mean, lam)
        low = value(x) < mean
        return np.where(low, below, complement(above)), np.where(low, complement(below), above)

    def _logcdf(self, x: Any, mean: Any, lam: Any) -> Any:
        return self._log_both(x, mean, lam)[0]

    def _logsf(self, x: Any, mean: Any, lam: Any) -> Any:
        return self._log_both(x, mean, lam)[1]

    def _cdf(self, x: Any, mean: Any, lam: Any) -> Any:
        return np.exp(value(self._logcdf(x, mean, lam)))

    def _sf(self, x: Any, mean: Any, lam: Any) -> Any:
        return np.exp(value(self._logsf(x, mean, lam)))

    def _quantile_of(self, logq: Any, log_other: Any, mean: Any, lam: Any) -> Any:
        """Newton's method on the smaller tail, from where its exponent alone reaches that depth."""
        by_lower = logq < log_other
        rarity = np.where(by_lower, logq, log_other)
        start = np.where(by_lower, np.minimum(mean, -0.5 * lam / rarity), mean * (1.0 - 2.0 * rarity * mean / lam))

        def log_tail(x: Any) -> Any:
            return np.where(by_lower, *self._log_both(x, mean, lam))

        return by_log_newton(start, rarity, log_tail, lambda x: self._logpdf(x, mean, lam), upper=~np.asarray(by_lower))

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], mean: Any, lam: Any) -> Any:
        return rng.wald(mean, lam, shape)

    def _mean(self, mean: Any, lam: Any) -> Any:
        return mean

    def _var(self, mean: Any, lam: Any) -> Any:
        return mean * mean * (mean / lam)

    def _std(self, mean: Any, lam: Any) -> Any:
        return mean * np.sqrt(mean / lam)

    def _mode(self, mean: Any, lam: Any) -> Any:
        """mean (√(1 + h²) - h), h = 3 mean/(2 lam), as mean/(√(1 + h²) + h)."""
        h = 1.5 * mean / lam
        return mean / (np.hypot(1.0, h) + h)
