"""Families with power tails on the line: Student's t."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from densities.anchored import Anchored, log_abs, value
from densities.distributions.base import register
from densities.distributions.continuous.incomplete import (
    digamma_remainder,
    incomplete_beta,
    log_beta,
    log_incomplete_beta,
)
from densities.distributions.continuous.shared import DEEP, LOG2, ORDINARY, Symmetric, by_log_newton, by_need, patched
from densities.distributions.family import Family
from densities.logmath import log1mexp
from densities.parameters import REQUIRED, positive, real


@register(
    "student_t",
    aliases=("t", "studentt"),
    examples=[{"df": 3.0}, {"df": 2.001, "loc": 1.0, "scale": 2.0}, {"df": 1e6}, {"df": 0.5}],
    source="NIST DLMF 8.17; Johnson, Kotz, Balakrishnan 2, ch. 28",
)
class StudentT(Symmetric, Family):
    """f(x) = (1 + z²/df)^(-(df+1)/2)/(scale √df B(df/2, 1/2)), z = (x - loc)/scale, on the line.

    df > 0, loc real, scale > 0. P(T > t) = I_w(df/2, 1/2)/2 with w = df/(df + t²); tails by continued fraction at any
    depth, to a few ulp beyond what an ulp of x does.
    """

    shared_draws = True
    parameters = {"df": positive(REQUIRED, "nu"), "loc": real(0.0, "mu"), "scale": positive(1.0, "sigma")}
    location_name, scale_name = "loc", "scale"
    latex_density = (
        r"\frac{1}{\mathrm{scale}\sqrt{\mathrm{df}}\,B(\frac{\mathrm{df}}{2},\frac12)}"
        r"\left(1+\frac{z^2}{\mathrm{df}}\right)^{-\frac{\mathrm{df}+1}{2}},\quad z=\frac{x-"
        r"\mathrm{loc}}{\mathrm{scale}}"
    )

    def _logpdf(self, z: Any, df: Any) -> Any:
        return np.log1p(z * z / df) * (-0.5 * (df + 1.0)) - (0.5 * np.log(df) + log_beta(0.5 * df, 0.5))

    def _cdf(self, z: Any, df: Any) -> Any:
        t = value(z)
        w, v = _shares(t, df)
        half = patched(0.5 * incomplete_beta(0.5 * df, 0.5, w, v), w < DEEP, self._deep_half, t, df)
        return np.where(t < 0, half, 1.0 - half)

    def _deep_half(self, t: Any, df: Any) -> Any:
        return np.exp(self._log_half(t, df))

    def _log_half(self, z: Any, df: Any) -> Any:
        """log P(T > |z|)."""
        w, v = _shares(value(z), df)
        ratio = 2.0 * log_abs(z) - np.log(df)
        log_w, log_v = -np.logaddexp(0.0, ratio), -np.logaddexp(0.0, -ratio)
        return log_incomplete_beta(0.5 * df, 0.5, log_w, log_v, w, v) - LOG2

    def _logcdf(self, z: Any, df: Any) -> Any:
        half = self._log_half(z, df)
        return np.where(value(z) < 0, half, np.log1p(-np.exp(half)))

    def _ppf(self, q: Any, df: Any) -> Any:
        tail = np.where(q < 0.5, q, 1.0 - q)
        ordinary = (tail > ORDINARY) & (np.asarray(df) >= 0.3) & (np.asarray(df) <= 1e6)
        size = by_need(ordinary, self._ordinary_upper, self._upper_of_tail, tail, df)
        return np.where(q < 0.5, -1.0, 1.0) * size

    def _ordinary_upper(self, tail: Any, df: Any) -> Any:
        """SciPy's inverse, and a Newton step on P(-t < T < t) toward the centre, where it is off by up to 2e-13."""
        return patched(-special.stdtrit(df, tail), tail > 0.1, self._central_step, tail, df)

    def _central_step(self, tail: Any, df: Any) -> Any:
        t = -special.stdtrit(df, tail)
        excess = 0.5 * special.betainc(0.5, 0.5 * df, _shares(t, df)[1]) - (0.5 - tail)
        step = np.where(t > 0, excess * np.exp(-self._logpdf(t, df)) / np.where(t > 0, t, 1.0), 0.0)
        return t * np.exp(-np.clip(step, -1e-3, 1e-3))

    def _upper_of_tail(self, tail: Any, df: Any) -> Any:
        return self._upper(np.log(tail), np.log1p(-2.0 * tail), df)

    def _log_ppf(self, logq: Any, df: Any) -> Any:
        tail = np.where(logq < -LOG2, logq, log1mexp(logq))
        return self._upper(tail, log1mexp(np.minimum(tail + LOG2, 0.0)), df) * np.where(logq < -LOG2, -1.0, 1.0)

    def _upper(self, log_tail: Any, log_centre: Any, df: Any) -> Any:
        """t >= 0 with P(T > t) = e^log_tail, P(-t < T < t) = e^log_centre: Newton on the smaller of the two."""
        a = 0.5 * df
        power = 0.5 * (np.log(df) - (log_tail + LOG2 + np.log(a) + log_beta(a, 0.5)) / a)
        outer = np.where(power > 0.5 * np.log(df) + 3.5, np.exp(np.minimum(power, 650.0)), -special.ndtri_exp(log_tail))
        inner = np.exp(log_centre + 0.5 * np.log(df) + log_beta(a, 0.5) - LOG2)
        by_tail = np.broadcast_to(log_tail < np.log(0.3), np.broadcast_shapes(np.shape(log_tail), np.shape(df)))

        def log_mass(t: Any) -> Any:
            w, v = _shares(t, df)
            ratio = 2.0 * np.log(t) - np.log(df)
            log_w, log_v = -np.logaddexp(0.0, ratio), -np.logaddexp(0.0, -ratio)
            return np.where(
                by_tail,
                log_incomplete_beta(a, 0.5, log_w, log_v, w, v) - LOG2,
                log_incomplete_beta(0.5, a, log_v, log_w, v, w),
            )

        def log_density(t: Any) -> Any:
            return self._logpdf(t, df) + np.where(by_tail, 0.0, LOG2)

        t = by_log_newton(
            np.where(by_tail, outer, inner),
            np.where(by_tail, log_tail, log_centre),
            log_mass,
            log_density,
            upper=by_tail,
        )
        return np.where(by_tail & (power > 600.0), Anchored.from_log(power), np.where(np.isneginf(log_centre), 0.0, t))

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], df: Any) -> Any:
        return rng.standard_t(df, shape)

    def _mean(self, df: Any) -> Any:
        return np.where(np.asarray(df) > 1.0, 0.0, np.nan)

    def _var(self, df: Any) -> Any:
        df = np.asarray(df)
        return np.where(df > 2.0, df / np.where(df > 2.0, df - 2.0, 1.0), np.inf)

    def _entropy(self, df: Any) -> Any:
        a = 0.5 * (df + 1.0)
        return a * digamma_gain(0.5 * df, 0.5) + 0.5 * np.log(df) + log_beta(0.5 * df, 0.5)


def digamma_gain(a: Any, h: Any) -> Any:
    """ψ(a + h) - ψ(a) for a > 0 and h >= 0, in which nothing cancels for large a."""
    return np.log1p(h / a) + 0.5 * h / (a * (a + h)) + digamma_remainder(a) - digamma_remainder(a + h)


def _shares(t: Any, df: Any) -> tuple[Any, Any]:
    """df/(df + t²) and t²/(df + t²), each to relative accuracy."""
    u = np.abs(t) / np.sqrt(df)
    small = np.minimum(u, 1.0)
    large = 1.0 / np.maximum(u, 1.0)
    inner, outer = 1.0 / (1.0 + small * small), large * large / (1.0 + large * large)
    return np.where(u < 1.0, inner, outer), np.where(u < 1.0, small * small * inner, 1.0 / (1.0 + large * large))
